"""Tolerances against the largest change over all moves of all ends."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import overlap as ov

SCORES = [ov.iou, ov.dice, ov.coverage, ov.tversky(alpha=0.3, beta=0.7), ov.giou, ov.diou]
KINKED = [ov.overlap_coefficient, ov.volumetric_similarity]


@pytest.mark.parametrize("score", [*SCORES, *KINKED], ids=str)
def test_sets_of_one_interval_are_intervals(score):
    """Every tie of two intervals between whole numbers, identical ones included."""
    spans = [(a, b) for a in range(6) for b in range(a + 1, 6)]
    pairs = [pair for pair in itertools.product(spans[3:9], spans)]
    rows = [np.array([pair[k] for pair in pairs], float) for k in (0, 1)]
    plain = [ov.Intervals(side) for side in rows]
    sets = [ov.IntervalSets(side[:, None, :]) for side in rows]
    for wrt in ("found", "truth"):
        wanted = ov.tolerance(score, *plain, eps=0.25, wrt=wrt)
        got = ov.tolerance(score, *sets, eps=0.25, wrt=wrt)
        np.testing.assert_allclose(got, wanted, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("score", SCORES, ids=str)
def test_largest_change_over_all_moves(score):
    """Every end in, out or at rest: the largest change is the tolerance."""
    rows = [
        [[0.0, 2.0], [3.0, 4.0]],
        [[1.0, 2.0], [3.0, 5.0]],
        [[0.0, 5.0]],
        [[2.0, 3.0], [5.0, 6.0]],
        [[0.5, 1.5], [2.5, 4.25]],
    ]
    found = ov.IntervalSets([row for row in rows for _ in rows])
    truth = ov.IntervalSets(rows * len(rows))
    eps = 1e-6
    got = ov.tolerance(score, found, truth, eps=eps)
    value = score(found, truth)
    first = np.append(0, np.cumsum(found.counts))
    for k in range(len(found)):
        table = found.to_array()[first[k] : first[k + 1]]
        moves = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=table.size)))
        moved = ov.IntervalSets(list(table + eps * moves.reshape(-1, *table.shape)))
        change = abs(score(moved, truth[k : k + 1]) - value[k]).max()
        assert got[k] == pytest.approx(change, rel=1e-4), (k, score)


@pytest.mark.parametrize("score", [*SCORES, ov.volumetric_similarity], ids=str)
def test_largest_change_of_boxes(score):
    rows = np.array([[0, 0, 2, 3], [1, 0, 3, 3], [0, 1, 4, 2], [2, 3, 4, 5], [0.5, 0.25, 3, 1]])
    found, truth = ov.Boxes(np.repeat(rows, 5, axis=0)), ov.Boxes(np.tile(rows, (5, 1)))
    eps = 1e-6
    value, got = score(found, truth), ov.tolerance(score, found, truth, eps=eps)
    moves = eps * np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=4)))
    change = np.stack([abs(score(ov.Boxes(found.to_array() + m), truth) - value) for m in moves])
    np.testing.assert_allclose(got, change.max(axis=0), rtol=1e-4, atol=1e-4 * eps)


def test_ends_that_are_hardly_apart():
    thin = [[1.0, 1.0 + 2**-52], [1.0 + 2**-51, 2.0]]
    found, truth = ov.IntervalSets([thin, [], thin]), ov.IntervalSets([thin, [], [[1.0, 2.0]]])
    change = ov.tolerance(ov.iou, found, truth, eps=0.5)
    assert np.isnan(change[1])  # two empty sets
    assert (change[[0, 2]] >= 0.0).all()
    assert ov.tolerance(ov.iou, found[:0], truth[:0], eps=1.0).shape == (0,)
    empty = ov.IntervalSets([[]])
    assert ov.tolerance(ov.iou, empty, truth[2:], eps=0.5).tolist() == [0.0]
    assert ov.tolerance(ov.iou, empty, truth[2:], eps=0.5, wrt="truth").tolist() == [0.0]


def test_polygons_are_refused_with_what_to_do():
    square = ov.Polygons([[(0, 0), (1, 0), (1, 1), (0, 1)]])
    with pytest.raises(TypeError, match=r"not boundary coordinates; eps \* abs\(grad\).sum"):
        ov.tolerance(ov.iou, square, square, eps=0.1)
