"""A program of a user, read by type checkers: every field once, with the types of its results.

``mypy --strict`` and ``basedpyright`` have to find no error and no unknown type. What
compiles few kernels is run by `test_user_program.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import overlap as ov
from overlap import coders, evaluate, io, losses, plot, testing
from overlap.evaluate import Comparison, Explanation, Interval, Report, SegmentationReport, Study

Floats = NDArray[np.float64]


def scores_of_regions() -> None:
    found = ov.Boxes([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0]])
    truth = ov.Boxes.from_xywh(np.ones((2, 4)))
    assert_type(found, ov.Boxes)
    assert_type(truth, ov.Boxes)
    assert_type(found[0], ov.Boxes)
    assert_type(found[1:], ov.Boxes)
    assert_type(found[[True, False]], ov.Boxes)
    assert_type(len(found), int)
    assert_type(found.measure(), Floats)
    print(found.to_array().shape)
    assert_type(ov.iou(found, truth), Floats)
    assert_type(ov.iou.pairwise(found, truth), Floats)
    assert_type(ov.tversky(alpha=0.3, beta=0.7), ov.Score)
    mine = ov.dice - 0.5 * ov.center_gap
    assert_type(mine, ov.Score)
    assert_type(mine.named("mine"), ov.Score)
    assert_type(mine.value_and_grad(found, truth)[0], Floats)
    assert_type(mine.value_and_grad(found, truth)[1], Floats)
    assert_type(mine.value_and_grad(found, truth, wrt="both")[1], tuple[Floats, Floats])
    print(ov.iou.pairs(found, truth, at_least=0.5).nnz)
    kept = ov.nms(found, [0.9, 0.8], threshold=0.5)
    assert_type(kept, ov.Kept)
    assert_type(kept.index, NDArray[np.int64])
    assert_type(ov.match(found, truth, at_least=0.5), ov.Matches)
    assert_type(ov.match(found, truth, at_least=0.5).to_frame(), pd.DataFrame)
    assert_type(ov.terms(found, truth), ov.Terms)


def every_kind() -> None:
    times = ov.Intervals([[0.0, 1.0]], unit="s")
    kinds = [
        times,
        ov.IntervalSets([[[0.0, 1.0], [2.0, 3.0]]]),
        ov.RotatedBoxes([[0.0, 0.0, 2.0, 1.0, 0.1]]),
        ov.UprightBoxes([[0.0, 0.0, 0.0, 2.0, 1.0, 1.0, 0.1]]),
        ov.Masks(np.zeros((1, 4, 4), bool)),
        ov.Polygons([[(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]]),
        ov.FiniteSets(np.eye(1, 3)),
        ov.Product(ov.Boxes([[0.0, 0.0, 1.0, 1.0]]), times),
    ]
    for kind in kinds:
        assert_type(ov.iou(kind, kind), Floats)
        assert_type(kind.measure(), Floats)
        shared: ov.Regions = kind[0]
        print(shared, len(shared))


def labels() -> None:
    truth = np.zeros((4, 5, 6), np.uint8)
    counts = ov.contingency(truth, truth)
    assert_type(counts, ov.Contingency)
    assert_type(ov.surface_distances(truth, truth), ov.SurfaceDistances)
    assert_type(ov.match_instances(counts), ov.InstanceMatches)
    assert_type(ov.detect_lesions(counts), ov.LesionDetection)
    assert_type(ov.cldice(truth > 0, truth > 0), ov.CenterlineDice)


def training() -> None:
    found = ov.Boxes([[0.0, 0.0, 2.0, 2.0]])
    loss = losses.overlap_loss(ov.giou, found, found)
    assert_type(loss, losses.Loss)
    assert_type(loss.per_item, Floats)
    coder = coders.CenterSize()
    assert_type(coder.encode(found), Floats)
    assert_type(ov.assign(found, found), ov.Assignment)


def reports(folder: Path) -> None:
    truth, found = io.sample_path("temporal_truth"), io.sample_path("temporal_found")
    assert_type(truth, Path)
    report = evaluate.temporal(truth=truth, found=found, iou="0.5:0.7:0.1", bootstrap=100)
    shared: Report = report
    assert_type(shared.summary, "pd.Series[float]")
    assert_type(report.table, pd.DataFrame)
    assert_type(report.settings, dict[str, Any])
    assert_type(report.methods(), str)
    assert_type(report.to_json(folder / "r.json"), str)
    assert_type(report.intervals, tuple[Interval, ...])
    other = evaluate.temporal(truth=truth, found=found, protocol="thumos14")
    assert_type(evaluate.compare(report, report, names=["a", "b"], resamples=50), Comparison)
    assert_type(evaluate.explain(report, other), Explanation)
    volumes = evaluate.segmentation(
        truth=folder / "truth", found=folder / "found", metrics=["dice", ov.iou]
    )
    assert_type(volumes, SegmentationReport)
    assert_type(volumes.worst("dice", 2), pd.DataFrame)
    angles = evaluate.conformation(
        found=io.sample_path("angles_found"), truth=io.sample_path("angles_truth")
    )
    assert_type(angles, evaluate.ConformationReport)
    study = evaluate.segmentation_study(metrics="dice")
    assert_type(study, Study)
    plot.draw_report(report)


def readers(folder: Path) -> None:
    assert_type(io.read_volume(folder / "a.nii.gz"), io.Volume)
    assert_type(io.read_volume(folder / "a.nii.gz").spacing, tuple[float, ...])
    assert_type(io.read_structures(folder / "a.cif"), io.ResidueTable)
    assert_type(io.as_segments(folder / "a.json", role="truth"), io.SegmentTable)


def extending() -> None:
    testing.check_score(ov.iou)
    report = testing.check_regions(lambda rng, n: ov.Boxes(np.sort(rng.random((n, 4)))))
    print(report)
