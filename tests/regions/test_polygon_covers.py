"""Enclosures of polygons against shapely, against cells of a grid, and their bounds."""

from __future__ import annotations

import itertools

import numba
import numpy as np
import pytest
import shapely

import overlap as ov
from overlap._kernels.jit import specialise
from overlap._kernels.terms import Groups
from overlap.regions._geometry.convex_hulls import hull_of, reach_of
from overlap.regions.polygons.enclosure import covers_of, fill_covers
from overlap.regions.polygons.rings import Rings

pytestmark = pytest.mark.kernels

FEW = bool(numba.config.DISABLE_JIT)
SIDE = 12  # cells around the small torus
TORUS = (float(SIDE), float(SIDE))
UNIT = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
ALL = Groups.ENCLOSURE | Groups.OUTSIDE | Groups.EXTENT


def star(rng: np.random.Generator, center, corners: int, radius: float = 2.0) -> np.ndarray:
    angle = (np.arange(corners) + 0.8 * rng.random(corners)) * 2.0 * np.pi / corners
    reach = radius * rng.uniform(0.5, 1.0, corners)
    return np.stack([np.cos(angle) * reach, np.sin(angle) * reach], 1) + center


def terms(found: ov.Polygons, truth: ov.Polygons, enclosure: str) -> np.ndarray:
    """Return the terms of pairs: hull, center_gap2, diameter2, outside, then both axes."""
    block = np.zeros((15, len(found)))
    pair = found._rings, found._rows, truth._rings, truth._rows
    fill_covers(*pair, enclosure, ALL, block)
    return block[3:]


def moved(polygons: ov.Polygons, dx: float, dy: float) -> ov.Polygons:
    rings = polygons._rings
    return ov.Polygons._of(rings.with_vertices(rings.x + dx, rings.y + dy), None)


# ---------------------------------------------------------------------------- the plane


def planar(seed: int, count: int) -> tuple[ov.Polygons, list]:
    """Return regions of two parts, one with a hole, and the same for shapely."""
    rng = np.random.default_rng(seed)
    regions, shapes = [], []
    for k in range(count):
        outer = star(rng, rng.uniform(-4.0, 0.0, 2), int(rng.integers(3, 12)))
        hole = outer.mean(0) + 0.1 * (outer - outer.mean(0))
        other = star(rng, rng.uniform(4.0, 8.0, 2), int(rng.integers(3, 12)))
        parts = [[outer, hole], [other]][: 1 + k % 2]
        regions.append(parts)
        shapes.append(shapely.MultiPolygon([(part[0], part[1:]) for part in parts]))
    return ov.Polygons(regions), shapes


def test_planar_hulls_and_boxes_are_shapely_s() -> None:
    count = 6 if FEW else 60
    (a, first), (b, second) = planar(1, count), planar(2, count)
    hulls, boxes = terms(a, b, "natural"), terms(a, b, "box")
    for k, (p, q) in enumerate(zip(first, second, strict=True)):
        gap2 = p.centroid.distance(q.centroid) ** 2
        union = shapely.union_all([p, q])
        hull = union.convex_hull
        corners = shapely.get_coordinates(hull)
        reach = max(((u - v) ** 2).sum() for u in corners for v in corners)
        rest = hull.difference(shapely.union_all([p.convex_hull, q.convex_hull])).area
        np.testing.assert_allclose(hulls[:4, k], [hull.area, gap2, reach, rest], rtol=1e-10)
        box = union.envelope
        x0, y0, x1, y1 = box.bounds
        reach = (x1 - x0) ** 2 + (y1 - y0) ** 2
        rest = box.difference(shapely.union_all([p.envelope, q.envelope])).area
        expected = [box.area, gap2, reach, rest]
        np.testing.assert_allclose(boxes[:4, k], expected, rtol=1e-10, atol=1e-9)
        for axis in range(2):
            sides = [s.bounds[2 + axis] - s.bounds[axis] for s in (p, q, box)]
            offset = shapely.get_coordinates(p.centroid) - shapely.get_coordinates(q.centroid)
            expected = [offset[0, axis], *sides]
            np.testing.assert_allclose(boxes[4 + 4 * axis : 8 + 4 * axis, k], expected, rtol=1e-9)


def test_diameters_are_the_longest_of_all_ways() -> None:
    """Of random points, of a lattice, which has ties, and of pairs of opposite points."""
    rng = np.random.default_rng(11)
    for k in range(10 if FEW else 150):
        points = rng.normal(size=(int(rng.integers(1, 40)), 2))
        if k % 3 == 1:
            points = np.round(2.0 * points)
        if k % 3 == 2:
            points = np.concatenate([points, -points]) / np.hypot(*points.T).max()
        points = np.unique(points, axis=0)
        ring = np.empty((2 * len(points) + 2, 2))
        size = specialise(hull_of)(points, ring)
        ways = ((points[:, None] - points) ** 2).sum(-1)
        assert reach_of(ring, size, 1.0, 1.0) == pytest.approx(ways.max(), rel=1e-14)


def test_far_from_the_origin_no_digits_are_lost() -> None:
    a, b = planar(3, 4)[0], planar(4, 4)[0]
    shift = 2.0**20
    for enclosure in ("natural", "box"):
        near, far = (
            terms(*pair, enclosure) for pair in ((a, b), [moved(p, shift, shift) for p in (a, b)])
        )
        np.testing.assert_allclose(far, near, rtol=1e-8, atol=1e-8)


# ------------------------------------------------------------------ cells of a small torus


def cells_of(rng: np.random.Generator, many: int) -> np.ndarray:
    cells = np.zeros((SIDE, SIDE), bool)
    corner, spread = rng.integers(0, SIDE, 2), rng.integers(1, SIDE + 1, 2)
    for _ in range(many):
        cells[tuple((corner + rng.integers(0, spread)) % SIDE)] = True
    return cells


def squares_of(cells: np.ndarray, rng: np.random.Generator) -> list:
    """Return the cells as unit squares, each some turns away."""
    return [[UNIT + place + SIDE * rng.integers(-2, 3, 2)] for place in np.argwhere(cells)]


def runs_after_gaps(line: np.ndarray) -> tuple[int, list[int]]:
    """Return the length of the shortest arcs that cover all cells of a circle, and their starts."""
    if not line.any():
        return 0, [0]
    for length in range(1, SIDE + 1):
        starts = [k for k in range(SIDE) if not np.roll(line, -k)[length:].any()]
        if starts:
            return length, starts if length < SIDE else [0]
    raise AssertionError


def spread(cells: np.ndarray, axis: int, point: np.ndarray) -> np.ndarray:
    """Return the mean squared ways from points to the cells along one axis."""
    weights = cells.sum(1 - axis)

    def integral(t):  # of the squared way to 0, from 0 to t
        turns = np.round(t / SIDE)
        return turns * SIDE**3 / 12.0 + (t - SIDE * turns) ** 3 / 3.0

    edges = np.arange(SIDE + 1)[:, None] - np.atleast_1d(point)
    return weights @ np.diff(integral(edges), axis=0) / weights.sum()


@pytest.fixture(scope="module")
def lattice():
    rng = np.random.default_rng(5)
    count = 12 if FEW else 150
    cells = [[cells_of(rng, int(rng.integers(1, 9))) for _ in range(count)] for _ in range(2)]
    batches = [
        ov.Polygons._of(rings_of([squares_of(c, rng) for c in side], TORUS), None) for side in cells
    ]
    return cells, batches


def rings_of(regions: list, period) -> Rings:
    """Return the rings of parts as they are given, without looking for shared borders."""
    rings = [part[0] for region in regions for part in region]
    points = np.concatenate(rings)
    offsets = np.cumsum([0] + [len(ring) for ring in rings])
    owners = np.cumsum([0] + [len(region) for region in regions])
    return Rings(points[:, 0], points[:, 1], offsets, owners, period)


def test_arcs_are_the_shortest_that_cover_all_cells(lattice) -> None:
    cells, (a, b) = lattice
    found = terms(a, b, "natural")
    for k, (p, q) in enumerate(zip(*cells, strict=True)):
        each = [[runs_after_gaps(c.any(1 - axis)) for c in (p, q, p | q)] for axis in range(2)]
        lengths = np.array([[run[0] for run in axis] for axis in each])
        np.testing.assert_allclose(found[[5, 6, 7], k], lengths[0], atol=1e-12)
        np.testing.assert_allclose(found[[9, 10, 11], k], lengths[1], atol=1e-12)
        np.testing.assert_allclose(found[0, k], lengths[:, 2].prod(), atol=1e-10)
        np.testing.assert_allclose(found[2, k], (lengths[:, 2] ** 2).sum(), atol=1e-10)
        least = np.inf  # as sets of cells, for every choice among gaps that tie
        masks = [
            [
                [np.roll(np.arange(SIDE) < length, start) for start in starts]
                for length, starts in axis
            ]
            for axis in each
        ]
        boxes = [
            [np.outer(x, y) for x, y in itertools.product(masks[0][s], masks[1][s])]
            for s in range(3)
        ]
        if np.prod([len(box) for box in boxes]) > 2000:
            continue
        for one, two, both in itertools.product(*boxes):
            least = min(least, (both & ~(one | two)).sum())
        assert found[3, k] == pytest.approx(least, abs=1e-10)


def test_centers_have_the_least_mean_squared_way(lattice) -> None:
    cells, batches = lattice
    points = np.linspace(0.0, SIDE, 481)
    several = 0
    for batch, sets in zip(batches, cells, strict=True):
        for axis in range(2):
            circle = covers_of(batch._rings).axes[axis]
            offsets, start, length, _ = circle.centers
            value, single = circle.values()
            for k, mask in enumerate(sets):
                own = slice(offsets[k], offsets[k + 1])
                around = spread(mask, axis, points)
                at = spread(mask, axis, start[own])
                assert at.max() <= around.min() + 1e-9
                assert at.max() - at.min() <= 1e-8
                middle = start[own] + 0.5 * length[own]
                np.testing.assert_allclose(spread(mask, axis, middle), at, atol=1e-8)
                # all places that are as good are known
                good = points[around <= at.min() + 1e-9]
                ways = np.abs((good[:, None] - middle + SIDE / 2) % SIDE - SIDE / 2)
                assert (ways <= 0.5 * length[own] + 1e-3).any(axis=1).all()
                alone = offsets[k + 1] - offsets[k] == 1 and length[own][0] == 0.0
                assert single[k] == alone
                assert value[k] == start[own][0]
                several += not alone
    assert several > (0 if FEW else 3)


@pytest.mark.slow  # to compile
def test_translation_changes_nothing(lattice) -> None:
    _, (a, b) = lattice
    for enclosure in ("natural", "hull"):
        plain = terms(a, b, enclosure)
        for dx, dy in ((0.1234567, -7.7654321), (1e3 / 3.0, 5.0)):
            other = terms(moved(a, dx, dy), moved(b, dx, dy), enclosure)
            # The way from one of two equal centers may go either way around.
            plain[[4, 8]], other[[4, 8]] = np.abs(plain[[4, 8]]), np.abs(other[[4, 8]])
            keep = np.arange(12) != 3 if enclosure == "hull" else np.arange(12) >= 0
            np.testing.assert_allclose(other[keep], plain[keep], atol=1e-9)


def test_exchange_changes_no_bit(lattice) -> None:
    _, (a, b) = lattice
    pairs = [(a, b), (planar(1, 12)[0], planar(2, 12)[0])]
    for (one, two), enclosure in itertools.product(pairs, ("natural", "box", "hull")):
        there, back = terms(one, two, enclosure), terms(two, one, enclosure)
        back[[4, 8]] *= -1.0
        np.testing.assert_array_equal(back[[0, 1, 2, 3, 4, 6, 5, 7, 8, 10, 9, 11]], there)
        alike = terms(one, one, enclosure)
        np.testing.assert_array_equal(alike[[1, 3]], 0.0)


def test_hulls_are_of_the_unrolled_cells(lattice) -> None:
    """The hull of the cells as seen from a gap, and the own hulls on a torus of 5 x 5 periods."""
    cells, (a, b) = lattice
    found, box = terms(a, b, "hull"), terms(a, b, "box")
    compared = 0
    for k, (p, q) in enumerate(zip(*cells, strict=True)):
        runs = [[runs_after_gaps(c.any(1 - axis)) for c in (p, q, p | q)] for axis in range(2)]
        if max(runs[0][2][0], runs[1][2][0]) == SIDE:
            np.testing.assert_array_equal(found[[0, 2], k], box[[0, 2], k])
            continue

        def hull(c, turn, shift, runs=runs, k=k):
            length = [runs[axis][turn][0] for axis in range(2)]
            places = (np.argwhere(c) - shift) % SIDE
            if max(length) == SIDE:
                return shapely.box(0, 0, *length)
            return shapely.MultiPoint(
                np.concatenate([places + corner for corner in UNIT])
            ).convex_hull

        choices = itertools.product(runs[0][2][1], runs[1][2][1])
        areas = [hull(p | q, 2, np.array(shift)).area for shift in choices]
        assert found[0, k] == pytest.approx(min(areas), abs=1e-9)
        if any(len(runs[axis][turn][1]) > 1 for axis in range(2) for turn in range(3)):
            continue
        shifts = [np.array([runs[axis][turn][1][0] for axis in range(2)]) for turn in range(3)]
        own = []
        for turn, c in enumerate((p, q)):
            corners = shapely.get_coordinates(hull(c, turn, shifts[turn]))
            for image in itertools.product(range(-2, 3), repeat=2):
                place = shifts[turn] - shifts[2] + np.array(image) * SIDE
                own.append(shapely.Polygon(corners + place))
        rest = hull(p | q, 2, shifts[2]).difference(shapely.union_all(own)).area
        assert found[3, k] == pytest.approx(rest, abs=1e-8)
        compared += 1
    assert compared >= (1 if FEW else 15)


# ----------------------------------------------------------------------- other properties


def test_far_from_the_seam_it_is_the_plane() -> None:
    a, b = planar(1, 6)[0], planar(2, 6)[0]
    for period in ((40.0, 40.0), (40.0, None)):
        wrapped = [
            ov.Polygons._of(Rings(p.x, p.y, p.ring_offsets, p.region_offsets, period), None)
            for p in (a, b)
        ]
        for enclosure in ("box", "hull"):
            expected = terms(a, b, enclosure)
            np.testing.assert_allclose(terms(*wrapped, enclosure), expected, atol=1e-11)


def random_arcs(rng: np.random.Generator, count: int) -> Rings:
    """Return regions of one to three rectangles around a cylinder, of one height or another."""
    owners = np.concatenate([[0], np.cumsum(rng.integers(1, 4, count))])
    n = owners[-1]
    start, width = rng.uniform(-360.0, 360.0, n), 360.0 * rng.random(n) ** 3 + 1e-3
    height = rng.random(n) + 0.01
    x = np.stack([start, start + width, start + width, start], 1)
    y = np.stack([0.0 * height, 0.0 * height, height, height], 1)
    return Rings(x.ravel(), y.ravel(), np.arange(n + 1) * 4, owners, (360.0, None))


def test_centers_are_closer_than_the_enclosure_is_long() -> None:
    count = 300 if FEW else 60_000
    rng = np.random.default_rng(7)
    a, b = (covers_of(random_arcs(rng, count)).axes[0] for _ in range(2))
    index = np.arange(count)
    way, sides = a.ways(index, b, index)[0], a.enclose(index, b, index)
    assert (np.abs(way) < sides.side).all()
    assert np.abs(way / sides.side).max() > 0.9
    assert np.abs(way).max() <= 180.0


def test_sides_are_continuous_where_gaps_tie() -> None:
    """An island goes around; the covering arc changes by no more than it moves, also at ties."""
    step = 0.25
    places = np.arange(0.0, 360.0, step)
    island = UNIT * [20.0, 10.0]
    fixed = [[island], [island + np.array([150.0, 0.0])]]
    regions = [[*fixed, [island + np.array([place, 0.0])]] for place in places]
    around = covers_of(rings_of(regions, (360.0, 360.0)))
    side = around.axes[0].cuts.side
    assert np.abs(np.diff(np.append(side, side[0]))).max() <= step + 1e-9
    ties = np.diff(around.axes[0].cuts.offsets)
    assert ties.max() == 2
    assert side.min() == pytest.approx(170.0)


def test_bands_and_opposite_islands_have_no_center_of_their_own() -> None:
    band = UNIT * [360.0, 50.0]
    square = UNIT * 10.0
    period = (360.0, 360.0)
    values = [
        [[band]],
        [[square], [square + np.array([180.0, 0.0])]],
        [[square + np.array([7.0, 40.0])]],
    ]
    polygons = ov.Polygons._of(rings_of(values, period), None)
    center, defined = polygons.centers()
    np.testing.assert_array_equal(defined, [[False, True], [False, True], [True, True]])
    np.testing.assert_allclose(center[2], [12.0, 45.0])
    # The nearest center counts: any point of the band, and one of the two midway places.
    gap2 = terms(polygons, ov.Polygons.concat([polygons[2]] * 3), "natural")[1]
    np.testing.assert_allclose(gap2, [20.0**2, 83.0**2 + 40.0**2, 0.0], atol=1e-9)
    cover = terms(polygons, polygons, "natural")
    assert cover[7, 0] == 360.0


def test_empty_regions_and_regions_without_area() -> None:
    line = [[0.0, 0.0], [4.0, 2.0], [2.0, 1.0]]
    for period in (None, (30.0, 30.0)):
        regions = [np.array(line), UNIT * 2.0 + 6.0]
        rings = Rings(
            np.concatenate(regions)[:, 0], np.concatenate(regions)[:, 1],
            np.array([0, 3, 7]), np.array([0, 1, 2, 2]), period,
        )  # fmt: skip
        batch = ov.Polygons._of(rings, None)
        center, defined = batch.centers()
        np.testing.assert_array_equal(defined[:, 0], [False, True, False])
        np.testing.assert_allclose(center, [[2.0, 1.0], [7.0, 7.0], [np.nan, np.nan]])
        for enclosure in ("natural", "box", "hull"):
            alone = terms(batch[1], batch[2], enclosure)[:, 0]
            assert alone[1] == alone[2] > 0.0  # as far as can be
            assert alone[0] == pytest.approx(4.0)
            np.testing.assert_array_equal(terms(batch[2], batch[2], enclosure), 0.0)
            flat = terms(batch[0], batch[1], enclosure)[:, 0]
            assert flat[1] == pytest.approx(5.0**2 + 6.0**2)  # from the middle of the line
