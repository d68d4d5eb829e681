"""Sets of intervals: what two of them share, for many short ones and for two long ones."""

from __future__ import annotations

import numpy as np

import overlap as ov
from benchmarks.workload import Case, Workload


def _sets(count: int, intervals: int, seed: int) -> np.ndarray:
    """Return disjoint intervals in increasing order, shape (count, intervals, 2)."""
    ends = np.random.default_rng(seed).random((count, 2 * intervals))
    return np.sort(ends, axis=1).reshape(count, intervals, 2)


def _sweep(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Lengths of intersections by one sort of all ends of a pair, as NumPy has it."""
    ends = np.concatenate([side.reshape(len(a), -1) for side in (a, b)], axis=1)
    order = np.argsort(ends, axis=1)
    steps = np.resize([1, -1], ends.shape[1])
    depth = np.cumsum(steps[order], axis=1)
    gaps = np.diff(np.take_along_axis(ends, order, 1), axis=1)
    return np.where(depth[:, :-1] == 2, gaps, 0.0).sum(axis=1)


def _lines(table: np.ndarray):
    import shapely

    points = np.stack([table, np.zeros_like(table)], axis=-1)
    return np.array([shapely.multilinestrings(list(shapely.linestrings(row))) for row in points])


def _shapely(a: np.ndarray, b: np.ndarray):
    import shapely

    first, second = _lines(a), _lines(b)
    return lambda: shapely.length(shapely.intersection(first, second))


def _agree(ours, theirs) -> None:
    np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-12)


def _many(count) -> Case:
    a, b = (_sets(count(10_000), 10, seed) for seed in (0, 1))
    first, second = ov.IntervalSets(list(a)), ov.IntervalSets(list(b))
    return Case(
        lambda: (first & second).measure(),
        {"NumPy": lambda: lambda: _sweep(a, b), "shapely": lambda: _shapely(a, b)},
        _agree,
    )


def _long(count) -> Case:
    a, b = (_sets(1, count(1_000_000), seed) for seed in (0, 1))
    first, second = ov.IntervalSets(list(a)), ov.IntervalSets(list(b))
    sizes = (a[..., 1] - a[..., 0]).sum() + (b[..., 1] - b[..., 0]).sum()

    def numpy_iou():
        shared = _sweep(a, b)
        return shared / (sizes - shared)

    return Case(lambda: ov.iou(first, second), {"NumPy": lambda: numpy_iou}, _agree)


WORKLOADS = [
    Workload("what 10,000 pairs of sets of 10 intervals share, as sets", _many, single=True),
    Workload("IoU of two sets of 1,000,000 intervals", _long, single=True),
]


def test_speed(run):
    assert np.isfinite(np.asarray(run)).all()
