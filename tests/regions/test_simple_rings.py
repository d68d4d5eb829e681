"""Rings that are found to be simple without sorting, against shapely and against strips."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

import overlap as ov
from overlap.regions.polygons import checks
from overlap.regions.polygons.input import read_nested, turned
from overlap.regions.polygons.rings import Rings
from overlap.regions.polygons.simple_rings import _stars, surely_covered_once
from tests.regions.polygon_shapes import regions

SQUARE = np.array([(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)])
INNER = 1.0 + 0.5 * SQUARE


def _rings(values) -> Rings:
    return Rings(*turned(read_nested(values))[:4])


def _shape(region) -> shapely.Geometry:
    return shapely.MultiPolygon([(part[0], part[1:]) for part in region])


def _comb(teeth: int) -> np.ndarray:
    """A back with teeth upwards, all of whose edges are along an axis."""
    top = [
        (2.0 * k + step, y) for k in range(teeth) for step, y in ((0, 1), (0, 3), (1, 3), (1, 1))
    ]
    return np.array([(0.0, 0.0), *top, (2.0 * teeth - 1.0, 0.0)])


def _corners(count: int, step: int = 1) -> np.ndarray:
    """Corners of a regular polygon, every `step`-th one after the other."""
    angle = 2.0 * np.pi * step / count * np.arange(count)
    return np.stack([np.cos(angle), np.sin(angle)], 1)


@pytest.mark.parametrize(
    "region",
    [
        [SQUARE],
        [[(0, 0), (1, 0), (0, 1)]],
        [_comb(5)],
        [_comb(5)[::-1, ::-1]],
        [np.repeat(_comb(3), 2, axis=0)],  # every vertex twice
        [SQUARE, INNER],
        [[SQUARE, INNER], [INNER + 8.0]],  # beside
        [[SQUARE, 0.75 * INNER], [0.125 * SQUARE + 1.5]],  # an island in a hole
        [],
    ],
)
def test_surely_covered_once(region) -> None:
    assert surely_covered_once(_rings([region])).all()


@pytest.mark.parametrize(
    "region",
    [
        [[(0, 0), (4, 4), (4, 0), (0, 4)]],  # edges cross
        [[(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)]],  # a vertex on an edge
        [[(0, 0), (4, 0), (2, 2), (4, 4), (0, 4), (2, 2)]],  # a vertex twice
        [[(0, 0), (4, 2), (1, 1.8), (1, 2.2), (4, 2), (0, 4)]],  # tips that touch
        [[(0, 0), (4, 0), (4, 4), (6, 4), (4, 4), (0, 4)]],  # a spike
        [[(0, 0), (4, 0), (2, 0)]],  # no area
        [[(1, 1), (1, 1), (1, 1)]],
        [_corners(5, step=2)],  # a pentagram: all edges go to the left, twice around
        [np.tile(_corners(5), (2, 1))],
        [[SQUARE], [INNER]],  # a part in a part
        [SQUARE, INNER + 8.0],  # a hole outside
        [SQUARE, INNER + 1.0],  # a hole that touches
        [SQUARE, SQUARE],
        [[SQUARE], [INNER + 1.0]],
        [[(0, 0.1), (3, 0.4), (3, 5), (1, 0.2), (0, 5)]],  # on an edge but for rounding
    ],
)
def test_not_surely_covered_once(region) -> None:
    assert not surely_covered_once(_rings([region])).any()


def test_most_rings_that_stand_alone_are_stars() -> None:
    rng = np.random.default_rng(4)
    rings = [_corners(n) * rng.uniform(0.8, 1.2, (n, 1)) + 5.0 for n in range(5, 60)]
    many = [*rings, *(1e-100 * ring for ring in rings), *(np.roll(r, 1, axis=0) for r in rings)]
    assert _stars(_rings(many)).all()
    others = [_comb(5), _corners(5, step=2), SQUARE[[0, 1, 1, 2, 3]], 1e-160 * SQUARE]
    assert not _stars(_rings(others)).any()
    for ring in rings:
        assert not _stars(Rings(*ring[::-1].T, np.array([0, len(ring)]), np.array([0, 1]))).any()


def test_the_order_of_rings_means_nothing() -> None:
    for first, second in ((INNER[::-1], SQUARE), (SQUARE, INNER[::-1])):
        x, y = np.concatenate([first, second]).T
        assert surely_covered_once(Rings(x, y, np.array([0, 4, 8]), np.array([0, 2]))).all()
        x, y = np.concatenate([first[::-1], second[::-1]]).T
        assert not surely_covered_once(Rings(x, y, np.array([0, 4, 8]), np.array([0, 2]))).any()


@pytest.mark.parametrize("snapped", [False, True])
def test_nothing_is_sure_that_is_not_valid(snapped: bool) -> None:
    """Random rings of which many cross, and regions with holes and islands, also on a grid."""
    rng = np.random.default_rng(5)
    shapes = [
        *regions(rng, 300, 3.0, sizes=(3, 40)),
        *([[rng.uniform(-1.0, 1.0, (rng.integers(3, 8), 2))]] for _ in range(300)),
        *([[part[0][0]], [part[0][0][::-1] + 0.3]] for part in regions(rng, 100, 0.5)),
    ]
    if snapped:
        shapes = [[[np.round(8.0 * r) for r in part] for part in region] for region in shapes]
    rings = _rings(shapes)
    sure = surely_covered_once(rings)
    valid = shapely.is_valid([_shape(region) for region in shapes])
    assert valid[sure].all()
    assert sure[valid].mean() > (0.5 if snapped else 0.99)
    assert not checks._covered_twice(rings)[sure].any()


def test_large_batches_are_rebuilt_as_small_ones_are(monkeypatch) -> None:
    rng = np.random.default_rng(6)
    good = regions(rng, 20, 2.0)
    bad = [[rng.uniform(0.0, 9.0, (5, 2))] for _ in range(8)] + [[SQUARE, INNER + 1.0]]
    for shapes in (good + bad, good[:3] + bad):
        for period in (None, (7.0, None)):
            small = ov.Polygons(shapes, period=period)
            monkeypatch.setattr(checks, "_MANY", 0)
            large = ov.Polygons(shapes, period=period)
            monkeypatch.undo()
            assert large == small
            assert len(large._rings.x) == len(small._rings.x)


def test_usual_rings_are_read_as_others_are() -> None:
    rng = np.random.default_rng(7)
    values = [part for region in regions(rng, 30, 2.0) for part in region]
    values[3] = values[3][0]
    values[5] = [np.concatenate([ring, ring[:1]]) for ring in values[5]]
    plain = [[ring.tolist() for ring in v] if isinstance(v, list) else v.tolist() for v in values]
    for usual, other in zip(read_nested(values), read_nested(plain), strict=True):
        np.testing.assert_array_equal(usual, other)
    with pytest.raises(ValueError, match=r"ring 1 of region 0: vertex 2 = .* is not finite"):
        ov.Polygons([[SQUARE, np.array([(1.0, 1.0), (2.0, 1.0), (np.nan, 2.0)])]])
