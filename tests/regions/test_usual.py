"""Batches made in one compiled pass are those that the long way makes."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest

import overlap as ov
from overlap.regions._geometry import usual

pytestmark = pytest.mark.kernels

KINDS = [(ov.Boxes, 4), (ov.Intervals, 2), (ov.RotatedBoxes, 5), (ov.UprightBoxes, 7)]
ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, 1e-170, 1e160, 1e308, -1e308]


def made(kind, table):
    """Return the columns and settings of a batch, or what is said against it."""
    try:
        batch = kind(table)
    except (ValueError, UserWarning) as error:
        return str(error)
    return [column.tobytes() for column in columns_of(batch)], batch._extreme, batch.unit


def columns_of(batch):
    """Return all arrays of a batch."""
    if isinstance(batch, ov.UprightBoxes):
        return [batch._table, *(array for factor in batch.factors for array in factor._arrays)]
    return batch._arrays


@pytest.mark.parametrize(("kind", "width"), KINDS)
def test_both_ways_make_the_same_batch(kind, width, monkeypatch):
    rng = np.random.default_rng(3)
    for k in range(200):
        table = rng.uniform(0, 9, (int(rng.integers(1, 6)), width))
        if kind in (ov.Boxes, ov.Intervals):
            table[:, width // 2 :] += table[:, : width // 2]
        if k % 2:
            place = rng.integers(len(table)), rng.integers(width)
            table[place] = ODD[int(rng.integers(len(ODD)))]
        if k % 3 == 0:  # sides of 0
            table = np.round(table / 3)
        with monkeypatch.context() as patch:
            patch.setattr(usual, "_plain", lambda values, width: False)
            wanted = made(kind, table)
        assert made(kind, table) == wanted
        assert made(kind, table.tolist()) == wanted
        assert made(kind, np.asfortranarray(table)) == wanted


@pytest.mark.parametrize(("kind", "width"), KINDS)
def test_a_batch_is_a_copy_that_cannot_be_written(kind, width):
    table = np.arange(3.0 * width).reshape(3, width)
    batch = kind(table)
    before = batch.to_array()
    table[:] = 0.0
    assert np.array_equal(batch.to_array(), before)
    for column in columns_of(batch):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1.0


def test_other_shapes_go_the_long_way():
    assert ov.Boxes(np.array([[0.0, 0, 0, 1, 1, 1]])).dimension == 3
    assert ov.Boxes(np.array([[0.0, 0, 1, 1]]), inclusive=True).measure() == 4.0
    with pytest.raises(ValueError, match="dimension = 3"):
        ov.Boxes(np.array([[0.0, 0, 1, 1]]), dimension=3)


def test_plain_rings_make_the_polygons_that_nested_ones_make():
    rng = np.random.default_rng(5)
    for _ in range(50):
        rings = []
        for _ in range(int(rng.integers(1, 6))):
            angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 9))))
            ring = np.stack([np.cos(angles), np.sin(angles)], 1) + rng.integers(0, 3, 2)
            rings.append(np.concatenate([ring, ring[:1]]) if rng.random() < 0.5 else ring)
        plain, nested = ov.Polygons(rings), ov.Polygons([ring.tolist() for ring in rings])
        assert plain == nested
        assert (plain.measure() == nested.measure()).all()
    for bad in ([[0, 0], [1, 1]], [[0, 0], [1, np.nan], [2, 1]]):
        good = np.array([[0.0, 0], [1, 0], [0, 1]])
        with pytest.raises(ValueError, match="region 1"):
            ov.Polygons([good, np.array(bad, float)])


@pytest.mark.parametrize("kind", [ov.Boxes, ov.Intervals])
def test_batches_of_one_sort_are_looked_at_once_and_others_always(kind):
    unit = [[0.0, 0, 1, 1]] if kind is ov.Boxes else [[0.0, 1]]
    size = 1e153 if kind is ov.Boxes else 1e306  # whose enclosure with the others overflows
    near, other = kind(np.array(unit)), kind(np.array(unit), unit="s")
    score = ov.giou if kind is ov.Boxes else ov.diou
    assert score.pairwise(near, near) == score.pairwise(near[:1], kind(unit)) == 1.0
    assert score.pairwise(other, near) == score.pairwise(other, other[[0]]) == 1.0
    with pytest.raises(ValueError, match="found is in 's' and truth in 'm'; convert one"):
        score.pairwise(other, kind(np.array(unit), unit="m"))
    far = kind(size * (np.array(unit) + 9.0))
    for batch in (far, kind.concat([near, far]), kind.concat([far, near])):
        with pytest.raises(ValueError, match=r"so far away|overflow"):
            score.pairwise(near, batch)
    with pytest.raises(TypeError, match="truth: expected a batch of regions, got ndarray"):
        score.pairwise(near, np.array(unit))


def test_a_subclass_has_a_geometry_of_its_own():
    class Disjoint(ov.Boxes):
        def geometry(self, enclosure="natural"):
            return dataclasses.replace(super().geometry(enclosure), overlap=_no_overlap)

    table = np.array([[0.0, 0, 1, 1]])
    plain, own = ov.Boxes(table), Disjoint(table)
    assert ov.iou.pairwise(plain, plain) == 1.0
    assert ov.iou.pairwise(own, own) == 0.0
    with pytest.raises(TypeError, match="convert one, so that both are of one kind"):
        ov.iou.pairwise(plain, own)
    seen = copy.copy(plain)
    seen.__class__ = Disjoint
    assert ov.iou.pairwise(seen, seen) == 0.0


@ov.scalar
def _no_overlap(a, i, b, j):
    return 1.0, 1.0, 0.0
