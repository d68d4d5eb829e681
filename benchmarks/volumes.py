"""Label volumes that look like organs, and the same jobs done by other programs on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

__all__ = [
    "bincount_dice",
    "bincount_slices_dice",
    "itk_dice",
    "numpy_binary_dice",
    "numpy_panoptic",
    "organs",
]

Call = Callable[[], Any]


@cache
def organs(planes: int, edge: int, labels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return found and true wobbly ellipsoids, uint8, shape (planes, edge, edge)."""
    rng = np.random.default_rng(seed)
    center, radius = rng.uniform(0.2, 0.8, (labels, 3)), rng.uniform(0.05, 0.16, (labels, 3))
    radius[: labels // 6] *= 1.6
    phase = rng.uniform(0.0, 6.28, (labels, 3))
    moved = center + rng.normal(0.0, 0.006, (labels, 3))
    return _fill(planes, edge, moved, radius, phase, 0.05), _fill(
        planes, edge, center, radius, phase, 0.0
    )


def _fill(planes, edge, center, radius, phase, rough) -> np.ndarray:
    shape = (planes, edge, edge)
    volume = np.zeros(shape, np.uint8)
    axes = [np.linspace(0.0, 1.0, n, dtype=np.float32) for n in shape]
    for label, (middle, size, shift) in enumerate(zip(center, radius, phase, strict=True), 1):
        low, high = np.clip([middle - 1.4 * size, middle + 1.4 * size], 0.0, 1.0)
        part = tuple(
            slice(int(a * n), int(b * n) + 1) for a, b, n in zip(low, high, shape, strict=True)
        )
        z, y, x = np.ix_(*(axis[index] for axis, index in zip(axes, part, strict=True)))
        wobble = sum(
            np.sin(rate * axis + turn)
            for rate, axis, turn in zip((40.0, 35.0, 45.0), (z, y, x), shift, strict=True)
        )
        noise = rough * np.sin(90.0 * x + 70.0 * y + 50.0 * z)
        distance = sum(
            ((axis - at) / length) ** 2
            for axis, at, length in zip((z, y, x), middle, size, strict=True)
        )
        volume[part][distance + 0.12 * wobble + noise < 1.0] = label
    return volume


def _dice_of_joint(joint: np.ndarray) -> np.ndarray:
    total = joint.sum(0) + joint.sum(1)
    with np.errstate(invalid="ignore"):
        return (2.0 * np.diag(joint) / total)[1:]


def bincount_dice(found: np.ndarray, truth: np.ndarray, labels: int) -> Call:
    """One ``numpy.bincount`` of pairs of labels over the whole volume."""
    side = labels + 1

    def run() -> np.ndarray:
        codes = (found * np.uint16(side) + truth).ravel()
        return _dice_of_joint(np.bincount(codes, minlength=side * side).reshape(side, side))

    return run


def bincount_slices_dice(found: np.ndarray, truth: np.ndarray, labels: int) -> Call:
    """``numpy.bincount`` slice by slice, so that all temporaries stay in the cache."""
    side = labels + 1

    def run() -> np.ndarray:
        joint = np.zeros(side * side, np.int64)
        for a, b in zip(found, truth, strict=True):
            joint += np.bincount((a * np.uint16(side) + b).ravel(), minlength=side * side)
        return _dice_of_joint(joint.reshape(side, side))

    return run


def itk_dice(found: np.ndarray, truth: np.ndarray, labels: int) -> Call:
    """SimpleITK's LabelOverlapMeasuresImageFilter, on images made beforehand."""
    import SimpleITK

    images = SimpleITK.GetImageFromArray(truth), SimpleITK.GetImageFromArray(found)
    there = np.union1d(np.unique(found), np.unique(truth))

    def run() -> np.ndarray:
        measures = SimpleITK.LabelOverlapMeasuresImageFilter()
        measures.Execute(*images)
        return np.array(
            [
                measures.GetDiceCoefficient(label) if label in there else np.nan
                for label in range(1, labels + 1)
            ]
        )

    return run


def numpy_binary_dice(found: np.ndarray, truth: np.ndarray) -> Call:
    """``count_nonzero`` of both masks and of their intersection."""

    def run() -> float:
        both = np.count_nonzero(found & truth)
        return 2.0 * both / (np.count_nonzero(found) + np.count_nonzero(truth))

    return run


def numpy_panoptic(found: np.ndarray, truth: np.ndarray) -> Call:
    """Panoptic quality from ``numpy.unique`` of pairs of labels, as panoptic programs do it."""

    def run() -> float:
        wide = int(found.max()) + 1
        codes, counts = np.unique(truth.astype(np.int64) * wide + found, return_counts=True)
        t, f = codes // wide, codes % wide
        size_f = np.bincount(f, counts)
        size_t = np.bincount(t, counts)
        inside = (t > 0) & (f > 0)
        union = size_t[t] + size_f[f] - counts
        iou = (counts / union)[inside]
        iou = iou[iou > 0.5]
        sizes = np.count_nonzero(size_f[1:]) + np.count_nonzero(size_t[1:])
        return float(iou.sum() / (0.5 * sizes)) if sizes else float("nan")

    return run
