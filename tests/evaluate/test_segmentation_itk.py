"""Segmentation beside SimpleITK itself, on random volumes: source = found, target = truth."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from overlap.evaluate import segmentation

NAMES = {
    "DiceCoefficient": "dice",
    "JaccardCoefficient": "iou",
    "VolumeSimilarity": "volumetric_similarity_signed",
    "FalseNegativeError": "false_negative_error",
    "FalsePositiveError": "false_positive_error",
    "MeanOverlap": "dice",
    "UnionOverlap": "iou",
}
LARGEST = np.finfo(np.float64).max  # what ITK returns for a division by zero


def itk(truth, found, label):
    """All of ITK's measures of a label, or nothing where neither volume has it."""
    measures = SimpleITK.LabelOverlapMeasuresImageFilter()
    images = [SimpleITK.GetImageFromArray(volume.astype(np.uint8)) for volume in (found, truth)]
    measures.Execute(*images)
    return {ours: getattr(measures, f"Get{theirs}")(label) for theirs, ours in NAMES.items()}


@pytest.mark.parametrize("seed", range(12))
def test_every_measure(seed):
    rng = np.random.default_rng(seed)
    truth, found = rng.integers(0, 4, (2, 5, 4, 3))
    report = segmentation(truth=truth, found=found, labels=[1, 2, 3], metrics=set(NAMES.values()))
    for label in (1, 2, 3):
        for metric, value in itk(truth, found, label).items():
            actual = report.summary[f"{metric}[{label}]"]
            assert actual == pytest.approx(value, abs=1e-14), (metric, label)


def test_empty_sets(capfd):
    full, none = np.array([[[0, 1, 1, 0]]]), np.zeros((1, 1, 4), int)
    for truth, found in ((none, none), (none, full), (full, none)):
        report = segmentation(
            truth=truth, found=found, labels=[1], metrics=set(NAMES.values()), empty="simpleitk"
        )
        expected = itk(truth, found, 1)
        for row in report.rows():
            value = expected[row["metric"]]
            assert row["value"] == (np.inf if value == LARGEST else value), row
    capfd.readouterr()  # ITK says on stderr that a label is not there
