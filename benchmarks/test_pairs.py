"""Sparse joins: the pairs that overlap, among very many that do not."""

from __future__ import annotations

from functools import partial

import numpy as np

import overlap as ov
from benchmarks import peers, scenes
from benchmarks.workload import Case, Workload


def _join(count, huge: int) -> Case:
    size = count(100_000)
    a, b = scenes.intervals(size, 4, huge=count(huge) if huge else 0), scenes.intervals(size, 5)
    found, truth = ov.Intervals(a), ov.Intervals(b)

    def agree(ours, theirs) -> None:
        row, column = theirs
        expected = np.sort(row * len(b) + column)
        i, j = (np.asarray(index, np.int64) for index in ours.coords)
        np.testing.assert_array_equal(np.sort(i * len(b) + j), expected)

    return Case(
        partial(ov.iou.pairs, found, truth, at_least=0.0, strict=True),
        {"NCLS": lambda: peers.ncls_join(a, b)},
        agree,
    )


def _threshold(count, huge: int) -> Case:
    size = count(100_000)
    a, b = scenes.intervals(size, 4, huge=count(huge) if huge else 0), scenes.intervals(size, 5)
    return Case(partial(ov.iou.pairs, ov.Intervals(a), ov.Intervals(b), at_least=0.5))


WORKLOADS = [
    Workload("every overlapping pair of 1e5 x 1e5 intervals", partial(_join, huge=0), 1.5),
    Workload("the same with 100 that cover everything", partial(_join, huge=100)),
    Workload("pairs with IoU >= 0.5 of 1e5 x 1e5 intervals", partial(_threshold, huge=0)),
    Workload("the same with 100 that cover all", partial(_threshold, huge=100)),
]


def test_speed(run):
    assert run is not None
