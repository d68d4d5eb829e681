"""Every public object is a value: pickled, copied, compared, hashed, sent to a process."""

from __future__ import annotations

import copy
import inspect
import multiprocessing
import os
import pickle
import subprocess
import sys
from types import ModuleType

import joblib
import numpy as np
import pandas as pd
import pytest
from numba import typeof

import overlap as ov
from overlap import evaluate, io
from overlap.io import sample_path
from overlap.plot import Outline, RamachandranPanel

MODULES = (ov, ov.evaluate, ov.losses, ov.coders, ov.io, ov.plot, ov.amodal)
#: Public classes without objects of their own.
ABSTRACT = {"Regions", "Coder", "GridMismatchError", "MissingConfidenceError", "Report"}
#: What changes while it is used has no hash.
MUTABLE = {"RunningMean", "Study"}


def examples() -> list[object]:
    """One or more objects of every public class, and of every class of results."""
    boxes = ov.Boxes([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 4.0, 3.0]])
    moved = ov.Boxes([[0.0, 0.5, 2.0, 2.0], [1.0, 1.0, 4.0, 3.5]])
    lines = ov.Intervals([[0.0, 2.0], [1.0, 4.0]], unit="s")
    cells = np.zeros((2, 6, 7), dtype=bool)
    cells[0, 1:4, 2:5] = cells[1, 2:5, 1:6] = True
    labels = cells[0] + 2 * cells[1].astype(np.int64)
    grid = ov.PeriodicGrid(np.ones((8, 8)), origin=(-180.0, -180.0), period=(360.0, 360.0))
    ranks = ov.PeriodicGrid(np.arange(64.0).reshape(8, 8) / 64, quantity="rank")
    density = ov.CellDensity(np.ones((4, 4)), origin=(-180.0, -180.0))
    rings = [[(0.0, 0.0), (40.0, 0.0), (0.0, 30.0)]]
    torus = ov.Polygons(rings, period=(360.0, 360.0), density=density)
    temporal = {"truth": sample_path("temporal_truth"), "found": sample_path("temporal_found")}
    reports = [evaluate.temporal(**temporal, bootstrap=50), evaluate.temporal(**temporal, iou=0.7)]
    segmented = evaluate.segmentation(
        truth={"a": labels}, found={"a": labels[::-1]}, metrics="dice,volume_truth"
    )
    frames = {
        "frame": [0, 1, 2],
        "x0": [0.0] * 3,
        "y0": [0.0] * 3,
        "x1": [2.0] * 3,
        "y1": [2.0] * 3,
    }
    spells = {"track": [7], "start": [0.0], "stop": [0.2]}
    possessed = evaluate.possession(
        players={**frames, "track": [7] * 3}, ball=frames, fps=10.0, truth=spells
    )
    counts = ov.contingency(labels, labels[::-1])
    measured = ov.surface_distances(labels, labels[::-1])
    study = evaluate.temporal_study().add("a", **temporal)
    library = io.RamaGrids(
        {"general": ranks}, {"general": "x"}, {"general": ""}, {"general": ""}, ()
    )
    pairs = io.pair_folders(sample_path("volumes_truth"), sample_path("volumes_found"))
    residues = {"phi": [-60.0, 70.0], "psi": [-40.0, 30.0], "category": ["general"] * 2}
    angles = {"found": sample_path("angles_found"), "truth": sample_path("angles_truth")}
    detected = evaluate.detection(
        truth=evaluate.Detections.of(["a", "b"], ["cat", "dog"], boxes),
        found=evaluate.Detections.of(["a", "b"], ["cat", "dog"], moved, [0.9, 0.8]),
    )
    return [
        boxes, lines, ov.Intervals([[20.0, 26.0]], period=24.0),
        ov.RotatedBoxes([[0.0, 0.0, 2.0, 1.0, 0.3]]), ov.UprightBoxes([[0.0, 0, 0, 2, 1, 1, 0.3]]),
        ov.Masks(cells), ov.Masks(cells * 0.25), ov.Masks.from_labels(labels),
        ov.Polygons(rings), torus, density, grid, ov.Grid((6, 7), (1.0, 2.0), (0.0, 0.0)),
        ov.FiniteSets.from_lists([["cat", "dog"], ["fox"]]),
        ov.IntervalSets([[[0.0, 1.0], [2.0, 3.0]], []]),
        ov.Gaussians.from_boxes(boxes, variance=0.25), ov.Product(boxes, lines),
        boxes.blurred(0.5), boxes.smooth_min(0.1),
        ov.dice - 0.5 * ov.center_gap, ov.tversky(alpha=0.3, beta=0.7), ov.nwd(scale=2.0),
        ov.giou.with_enclosure("hull"), ov.iou.named("mine"), ov.terms(boxes, moved),
        ov.match(boxes, moved), ov.nms(boxes, [0.9, 0.8]), ov.assign(boxes, moved),
        ov.threshold_dial(boxes, moved),
        counts, ov.match_instances(counts), ov.detect_lesions(counts),
        ov.lesionwise_dice(cells[:1] * 1, cells[1:] * 1, dilation=0),
        ov.cldice(cells[0], cells[1]), measured, measured[1], ov.SURFACE_PRESETS["monai"],
        ov.hausdorff(ov.Polygons(rings), ov.Polygons(rings)),
        *reports, segmented, possessed, study, evaluate.segmentation_study(),
        evaluate.conformation(**angles, levels="favored", tolerance=None, progress=False),
        evaluate.compare(*reports[:1] * 2, names=["a", "b"], resamples=50),
        evaluate.explain(reports[0], evaluate.temporal(**temporal, protocol="opentad")),
        evaluate.mean_interval([0.1, 0.4, 0.5, 0.9], resamples=50),
        evaluate.DETECTION_PROTOCOLS["coco"], detected, detected.confusion(), detected.errors(),
        detected.calibration(), Outline(np.zeros((3, 2)), "found truth"),
        evaluate.Detections.of(["a", "b"], ["cat", "dog"], boxes),
        evaluate.PROTOCOLS["thumos14"], evaluate.EMPTY_POLICIES["monai"],
        evaluate.EMPTY_POLICIES["monai"].overlap, *evaluate.METRICS.values(),
        ov.losses.overlap_loss(ov.giou, boxes, moved), ov.losses.RunningMean(),
        ov.losses.ranking_score([0.9, 0.4], [0.8, 0.1]), ov.losses.CoarseToFine(start=1, stop=2),
        ov.coders.AngleVector(fold=2), ov.coders.CenterSize(), ov.coders.LogSize(),
        ov.coders.Deltas(boxes), ov.coders.EdgeDistances([[1.0, 1.0]]),
        ov.coders.GaussianBox(variance=0.25), ov.coders.HiddenSide("y1"),
        ov.coders.RotatedDeltas(ov.RotatedBoxes([[0.0, 0.0, 2.0, 1.0, 0.3]])),
        ov.coders.RotatedVector(),
        io.as_segments(temporal["truth"], role="truth"), io.parse_labels("1=organ,2=lesion"),
        io.as_moments([{"qid": 1, "vid": "a", "relevant_windows": [[2, 6]]}], role="truth"),
        io.TubeTable.of(["a", "a"], [1, 2], [[0, 0, 1, 1]] * 2, tube=[0, 0], confidence=[0.5, 1]),
        io.read_volume(sorted(sample_path("volumes_truth").iterdir())[0]),
        io.StructureRules(), io.read_conformations(sample_path("angles_truth")),
        RamachandranPanel(title="general", points=np.zeros((1, 2))), library, pairs, pairs.pairs[0],
        evaluate.ramachandran(found=residues, truth=library),
        io.check_same_grid(*map(io.read_volume, (pairs.pairs[0].truth, pairs.pairs[0].found))),
        io.RegionSet({("general", "favored"): ov.Polygons(rings)}, "rings"),
        ov.amodal.occlusion_errors(boxes, boxes, boxes),
        *ov.iou.pairwise(boxes, moved, groups=(["a", "b"], ["a", "a"])),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def objects() -> list[object]:
    return examples()


def public() -> dict[str, object]:
    return {
        f"{module.__name__}.{name}": getattr(module, name)
        for module in MODULES
        for name in module.__all__
    }


def test_every_public_class_has_an_example(objects):
    kinds = {kind.__name__ for x in objects for kind in type(x).__mro__}
    lacking = [
        name
        for name, value in public().items()
        if inspect.isclass(value) and value.__name__ not in kinds | ABSTRACT
    ]
    assert lacking == []


@pytest.mark.parametrize("name", sorted(public()))
def test_public_names_are_pickled_and_copied(name):
    value = public()[name]
    if isinstance(value, ModuleType):
        return
    other = pickle.loads(pickle.dumps(value))
    assert copy.deepcopy(value) == value == other == copy.copy(value)
    if isinstance(value, ov.Score):
        assert hash(other) == hash(value)
        assert repr(other) == repr(value)
        assert joblib.hash(other) == joblib.hash(value)


def test_objects_are_values(objects):
    for value in objects:
        kind = type(value).__name__
        copies = [pickle.loads(pickle.dumps(value)), copy.deepcopy(value), copy.copy(value)]
        for other in copies:
            assert type(other) is type(value)
            assert (other == value) is True, kind
            assert (other != value) is False, kind
            if kind not in MUTABLE:
                assert hash(other) == hash(value), kind
        assert value != "another"


def test_copies_have_columns_of_the_type_that_kernels_are_compiled_for():
    boxes = ov.Boxes([[0.0, 0.0, 2.0, 1.0]])
    square = ov.Polygons([[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0)]])
    for batch in (boxes, ov.Product(boxes, ov.Intervals([[0.0, 1.0]])), boxes.blurred(0.5)):
        for other in (pickle.loads(pickle.dumps(batch)), copy.deepcopy(batch)):
            assert typeof(other.kernel_columns()) == typeof(batch.kernel_columns())
    again = pickle.loads(pickle.dumps(square))
    assert typeof(again._rings.x) == typeof(square._rings.x)


def test_different_objects_are_not_equal(objects):
    kinds: dict[type, list[object]] = {}
    for value in objects:
        kinds.setdefault(type(value), []).append(value)
    compared = 0
    for values in kinds.values():
        for i, one in enumerate(values):
            for other in values[i + 1 :]:
                compared += 1
                assert one != other
    assert compared > 20


def test_a_plan_is_not_part_of_a_score():
    score = ov.dice - 0.25 * ov.enclosure_gap
    before = pickle.dumps(score), joblib.hash(score), hash(score)
    score(ov.Boxes([[0.0, 0.0, 1.0, 1.0]]), ov.Boxes([[0.0, 0.0, 1.0, 2.0]]))
    assert (pickle.dumps(score), joblib.hash(score), hash(score)) == before


def _there_and_back(values: list[object]) -> tuple[list[object], list[np.ndarray]]:
    boxes = next(value for value in values if isinstance(value, ov.Boxes))
    scores = [value for value in values if isinstance(value, ov.Score)]
    return values, [
        score(boxes, boxes) for score in scores if score.parts[0].component.name == "dice"
    ]


@pytest.mark.slow
def test_a_spawned_process_gets_equal_objects(objects):
    """Spawned processes have nothing but what pickle brings."""
    scores = [value for value in public().values() if isinstance(value, ov.Score)]
    sent = [*objects, *scores]
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        back, values = pool.apply(_there_and_back, (sent,))
        starred = pool.starmap(ov.iou, [(sent[0], sent[0])])
    assert len(back) == len(sent)
    for mine, theirs in zip(sent, back, strict=True):
        assert mine == theirs, type(mine).__name__
    assert values[0].tolist() == [1.0, 1.0]
    assert starred[0].tolist() == [1.0, 1.0]


def test_arrays_of_batches(objects):
    for value in objects:
        if isinstance(value, ov.Regions) and not isinstance(value, ov.Product):
            np.testing.assert_array_equal(np.asarray(value), value.to_array())
    assert np.asarray(objects[0], dtype=np.float32).dtype == np.float32


def test_results_as_tables_and_indices():
    boxes = ov.Boxes([[0, 0, 10, 10], [1, 0, 10, 10], [20, 0, 30, 10]])
    kept = ov.nms(boxes, [0.8, 0.9, 0.7])
    assert list(kept) == [1, 2]
    assert boxes[kept] == boxes[[1, 2]]
    assert np.asarray(kept).tolist() == [1, 2]
    assert kept.to_frame().to_dict("list") == {"index": [1, 2], "confidence": [0.9, 0.7]}
    pairs = ov.match(boxes, boxes[[2, 0]]).to_frame()
    assert pairs.to_dict("list") == {"found": [0, 2], "truth": [1, 0], "score": [1.0, 1.0]}
    learnt = ov.assign(boxes, boxes[[0]]).to_frame()
    assert learnt["label"].tolist() == [1, 1, 0]
    assert isinstance(learnt, pd.DataFrame)


def test_names_without_an_import():
    assert ov.__version__.count(".") >= 2
    assert ov.io.sample_path is sample_path
    assert callable(ov.plot.draw_report)


def test_hashes_of_numbers_and_texts_are_the_same_in_every_process():
    script = (
        "import overlap as ov; from overlap._common.values import content_hash; "
        "print(hash(ov.Boxes([[0, 0, 1, 2]], unit='px')), content_hash('a', None, {'b': 1.5}))"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1
