"""What polygons share, against shapely, fractions and grids of points."""

from __future__ import annotations

from fractions import Fraction

import numba
import numpy as np
import pytest
import shapely

import overlap as ov
from overlap.regions.polygons.overlap import slabs_of
from overlap.scores.score import shared_terms

from .polygon_shapes import regions, star, wrapped_mask

pytestmark = pytest.mark.kernels
DEGREES = (360.0, 360.0)
COMPILED = not numba.config.DISABLE_JIT


def compare_with_shapely(count, seed, sizes):
    rng = np.random.default_rng(seed)
    found = ov.Polygons(regions(rng, count, 0.8, sizes=sizes))
    truth = ov.Polygons(regions(rng, count, 0.8, sizes=sizes))
    first, second = found.to_shapely(), truth.to_shapely()
    shared = shapely.area(shapely.intersection(first, second))
    terms = ov.terms(found, truth)
    smaller = np.minimum(terms.measure_a, terms.measure_b)
    assert (shared > 0).mean() > 0.5
    np.testing.assert_allclose(terms.measure_a, shapely.area(first), rtol=1e-13)
    assert (abs(terms.intersection - shared) <= 1e-9 * np.maximum(shared, 1e-6 * smaller)).all()
    assert (ov.terms(truth, found).intersection == terms.intersection).all()


def test_intersections_agree_with_shapely():
    compare_with_shapely(600 if COMPILED else 20, 1, (3, 16))


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(3, 8), (20, 60)])
def test_ten_thousand_intersections_agree_with_shapely(sizes):
    compare_with_shapely(5_000 if COMPILED else 20, 2, sizes)


def test_exact_on_small_whole_numbers():
    """Trapezoids of random triangles, against clipping in exact fractions."""
    rng = np.random.default_rng(4)
    tables = rng.integers(-4, 5, (2, 60 if COMPILED else 10, 3, 2))
    # Turned over where needed; those without an area are as good as any.
    found, truth = (ov.Polygons(list(table.astype(float))) for table in tables)
    shared = ov.terms(found, truth).intersection
    wanted = [float(_clipped(p.tolist(), q.tolist())) for p, q in zip(*tables, strict=True)]
    assert abs(shared - wanted).max() <= 2e-15
    assert (shared[np.array(wanted) == 0.0] <= 1e-16).all()


def _clipped(ring, by):
    """Return the area of the intersection of two triangles, exactly."""
    p, q, r = by
    turn = (q[0] - p[0]) * (r[1] - p[1]) - (r[0] - p[0]) * (q[1] - p[1])
    if turn == 0:
        return Fraction(0)
    by = by if turn > 0 else by[::-1]
    ring = [(Fraction(x), Fraction(y)) for x, y in ring]
    for (ax, ay), (bx, by_) in zip(by, by[1:] + by[:1], strict=True):
        side = [(bx - ax) * (y - ay) - (by_ - ay) * (x - ax) for x, y in ring]
        kept = []
        for k in range(len(ring)):
            before, s, t = ring[k - 1], side[k - 1], side[k]
            if (s < 0 < t) or (t < 0 < s):
                share = s / (s - t)
                kept.append(
                    tuple(u + share * (v - u) for u, v in zip(before, ring[k], strict=True))
                )
            if t >= 0:
                kept.append(ring[k])
        ring = kept
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return abs(sum(x * v - u * y for (x, y), (u, v) in pairs)) / 2 if ring else Fraction(0)


@pytest.mark.parametrize(
    ("moving", "fixed", "wanted"),
    [
        # shapely#1871: an edge along another one, and a vertex that moves by one last place.
        (
            [(446.0, -207.0), (315.0, -76.0), (557.0, -76.0)],
            [(184.0, -207.0), (315.0, -76.0), (446.0, -207.0), (315.0, -338.0)],
            0.0,
        ),
        # shapely#2368: two rectangles that share a slanted side.
        (
            [
                (-295.25030351249666, 4.236074061427525),
                (-295.08711234218333, -2.301948231163383),
                (-314.64218025800653, -2.7900491087570383),
                (-314.80537142831986, 3.7479731838338695),
            ],
            [
                (-275.69523559667346, 4.7241749390211805),
                (-275.53204442636013, -1.8138473535697273),
                (-295.08711234218333, -2.3019482311633825),
                (-295.25030351249666, 4.236074061427525),
            ],
            0.0,
        ),
    ],
)
def test_areas_do_not_jump_when_a_vertex_moves_by_one_last_place(moving, fixed, wanted):
    areas = []
    for vertex in range(len(moving)):
        for axis in range(2):
            for way in (-np.inf, np.inf):
                ring = [list(point) for point in moving]
                ring[vertex][axis] = float(np.nextafter(ring[vertex][axis], way))
                areas.append(ov.terms(ov.Polygons([ring]), ov.Polygons([fixed])).intersection[0])
    assert abs(np.array(areas) - wanted).max() < 1e-10


def test_touching_nested_and_degenerate_regions():
    box = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]
    other = {
        "beside": ([(2.0, 0.0), (3.0, 0.0), (3.0, 2.0), (2.0, 2.0)], 0.0),
        "corner": ([(2.0, 2.0), (3.0, 2.0), (3.0, 3.0)], 0.0),
        "repeated vertices": ([(0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (1.0, 2.0), (0.0, 2.0)], 2.0),
        "there and back": ([(1.0, 1.0), (9.0, 1.0), (1.0, 1.0), (1.0, 1.5), (1.0, 1.2)], 0.0),
        "a line": ([(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)], 0.0),
        "upright line": ([(1.0, 0.0), (1.0, 1.0), (1.0, 2.0)], 0.0),
        "nested": ([(0.5, 0.5), (1.5, 0.5), (1.5, 1.5), (0.5, 1.5)], 1.0),
        "a ring around": ([[(-1.0, -1.0), (3.0, -1.0), (3.0, 3.0), (-1.0, 3.0)], box], 0.0),
    }
    found = ov.Polygons([ring for ring, _ in other.values()])
    shared = ov.terms(found, ov.Polygons([box])).intersection
    assert shared.tolist() == [area for _, area in other.values()]


def test_a_region_is_all_of_itself_to_the_bit():
    rng = np.random.default_rng(8)
    nested = regions(rng, 20, 1.0)
    density = ov.CellDensity(rng.random((5, 4)), period=(3.0, 3.5))
    for settings in ({}, {"period": (3.0, 3.5)}, {"period": (3.0, 3.5), "density": density}):
        polygons = ov.Polygons(nested, **settings)
        again = ov.Polygons(nested, **settings)
        for score in (ov.iou, ov.dice, ov.coverage, ov.diou, ov.iou - ov.enclosed_gap):
            assert (score(polygons, again) == 1.0).all()


def test_terms_without_an_enclosure_are_the_same_numbers():
    rng = np.random.default_rng(6)
    density = ov.CellDensity(rng.random((5, 4)), period=(3.0, 3.5))
    batch = ov.Polygons(regions(rng, 4, 1.0), period=(3.0, 3.5), density=density)
    every, shared = ov.terms(batch, batch[::-1]), shared_terms(batch, batch[::-1])
    for name in ("measure_a", "measure_b", "intersection", "union"):
        assert (getattr(shared, name) == getattr(every, name)).all()
    assert shared.hull is shared.outside is shared.side_a is None


def test_combs_take_strips_together():
    """Edges that all cross every strip: lists in no order, and the same area."""
    teeth = [(x, y) for k in range(12) for x, y in ((10.0 - 0.01 * k, k + 0.25), (1.0, k + 0.5))]
    comb = ov.Polygons([[(0.0, 0.0), *teeth, (0.0, 12.0)], star(np.random.default_rng(0), 9, 0, 7)])
    rings = comb._rings
    wanted = ov.iou.pairwise(comb, comb)
    rings._derived["slabs"] = slabs_of(rings, 2)
    assert not rings._derived["slabs"][2]
    assert ov.iou.pairwise(comb, comb) == pytest.approx(wanted, rel=1e-12)
    first, second = comb.to_shapely()
    share = shapely.area(shapely.intersection(first, second))
    assert wanted[0, 1] == pytest.approx(share / shapely.area(shapely.union(first, second)))


# ------------------------------------------------------------------------------ torus


def test_far_from_the_seam_a_torus_is_flat():
    rng = np.random.default_rng(9)
    first, second = (regions(rng, 30, 0.8) for _ in "ab")
    flat = ov.Polygons(first), ov.Polygons(second)
    torus = ov.Polygons(first, period=DEGREES), ov.Polygons(second, period=DEGREES)
    cylinder = (ov.Polygons(first, period=(None, 50.0)), ov.Polygons(second, period=(None, 50.0)))
    for wrapped in (torus, cylinder):
        assert (ov.iou(*wrapped) == ov.iou(*flat)).all()
        for score in (ov.giou, ov.diou):
            assert score(*wrapped) == pytest.approx(score.with_enclosure("box")(*flat), rel=1e-12)


def test_moving_both_changes_nothing():
    rng = np.random.default_rng(10)
    period = (3.0, 3.6)
    first, second = (ov.Polygons(regions(rng, 30, 5.0), period=period) for _ in "ab")
    wanted = {score: score(first, second) for score in (ov.iou, ov.giou, ov.diou)}
    assert (wanted[ov.iou] > 0).mean() > 0.5
    for move in ([0.7, -2.9], [3.0, -7.2], [1e3 / 7.0, 1e3 / 3.0]):
        moved = first.translated(move), second.translated(move)
        for score, values in wanted.items():
            assert abs(score(*moved) - values).max() < 1e-9
    turns = rng.integers(-3, 4, (30, 2)) * np.array(period)
    assert abs(ov.iou(first.translated(turns), second) - wanted[ov.iou]).max() < 1e-12


def test_torus_agrees_with_cells():
    """Cells of the border are all that a raster can get wrong."""
    rng = np.random.default_rng(11)
    period, count = (3.0, 3.6), 300 if COMPILED else 100
    nested = regions(rng, 6, 4.0)
    polygons = ov.Polygons(nested, period=period)
    masks = [wrapped_mask(shape, period, count) for shape in ov.Polygons(nested).to_shapely()]
    cell = period[0] * period[1] / count**2
    border = polygons.perimeter() * 2.0 * np.hypot(*period) / count
    shared = ov.terms(polygons[[0, 1, 2]], polygons[[3, 4, 5]]).intersection
    for k in range(3):
        both = (masks[k] & masks[k + 3]).sum() * cell
        assert abs(shared[k] - both) <= border[k] + border[k + 3]
        assert abs(polygons.measure()[k] - masks[k].sum() * cell) <= border[k]


def test_wide_regions_meet_more_than_once():
    rows = ov.Polygons.band("y", [0.0, 350.0], [20.0, 10.0], DEGREES)
    columns = ov.Polygons.from_rectangles([[300.0, 0.0, 60.0, 360.0]], period=DEGREES)
    assert ov.terms(rows, columns).intersection.tolist() == [20.0 * 120.0] * 2
    long = ov.Polygons.from_rectangles([[0.0, 0.0, 300.0, 10.0]], period=DEGREES)
    assert ov.terms(long, long.translated((180.0, 0.0))).intersection[0] == 2 * 120.0 * 10.0


# ------------------------------------------------------------------------------- mass


def test_masses_agree_with_boxes_of_cells():
    """Rectangles cut along and across cells, against the share of every cell."""
    rng = np.random.default_rng(12)
    masses = rng.random((5, 4))
    density = ov.CellDensity(masses, origin=(-1.0, 0.5), period=(10.0, 8.0))
    starts = rng.uniform(-12.0, 12.0, (12, 2))
    sides = rng.uniform(0.1, [10.0, 8.0], (12, 2))
    starts[0], sides[0] = (-1.0, 0.5), (4.0, 2.0)  # along the borders of cells
    starts[1], sides[1] = (3.0, 1.0), (10.0, 8.0)  # everything
    corners = np.hstack([starts, starts + sides])
    polygons = ov.Polygons.from_rectangles(corners, period=(10.0, 8.0), density=density)
    wanted = [_mass_of_box(box, masses, (-1.0, 0.5), (2.0, 2.0)) for box in corners]
    assert polygons.measure() == pytest.approx(wanted, rel=1e-12)
    assert polygons.measure()[1] == pytest.approx(density.total, rel=1e-13)
    parted = ov.terms(polygons[1], polygons)
    assert parted.intersection == pytest.approx(wanted, rel=1e-12)


def _mass_of_box(box, masses, origin, side):
    """Return the mass of a box as the sum over cells of the share that it covers."""
    shares = []
    for axis in range(2):
        count = masses.shape[axis]
        share = np.zeros(count)
        for cell in range(-3 * count, 4 * count):
            low = origin[axis] + cell * side[axis]
            covered = min(low + side[axis], box[axis + 2]) - max(low, box[axis])
            share[cell % count] += max(covered, 0.0) / side[axis]
        shares.append(share)
    return float(shares[0] @ masses @ shares[1])


@pytest.mark.parametrize("period", [(3.0, 3.6), None])
def test_masses_agree_with_pieces_in_cells(period):
    """The mass of an intersection is the sum of those of its pieces, cell by cell."""
    rng = np.random.default_rng(13)
    masses = rng.random((4, 3))
    origin, spacing = (-1.4, -1.1), (0.75, 1.2)
    density = ov.CellDensity(masses, origin=origin, period=period, spacing=spacing)
    nested = [regions(rng, 8, 0.4) for _ in "ab"]
    found, truth = (ov.Polygons(r, period=period, density=density) for r in nested)
    first, second = (ov.Polygons(r).to_shapely() for r in nested)
    shapes = shapely.intersection(first, second)
    wanted = np.zeros(8)
    turns = range(-1, 2) if period else range(1)
    moved = [(i, j) for i in turns for j in turns]
    for i, j in [(i, j) for i in range(4) for j in range(3)]:
        for u, v in moved:
            low = np.array([origin[0] + i * spacing[0], origin[1] + j * spacing[1]])
            low += [4 * u * spacing[0], 3 * v * spacing[1]]
            box = shapely.box(*low, *(low + spacing))
            area = shapely.area(shapely.intersection(shapes, box))
            wanted += masses[i, j] * area / (spacing[0] * spacing[1])
    shared = ov.terms(found, truth)
    assert (wanted > 0).sum() > 5
    assert shared.intersection == pytest.approx(wanted, rel=1e-11, abs=1e-14)
    area = ov.Polygons(nested[0], period=period), ov.Polygons(nested[1], period=period)
    # The enclosure stays an area: its gap is what it is without the density.
    assert ov.enclosure_gap(found, truth) == pytest.approx(ov.enclosure_gap(*area), rel=1e-12)


# ------------------------------------------------------------------------- many pairs


@pytest.mark.parametrize("period", [None, (20.0, 30.0), (None, 25.0)])
def test_sparse_pairs_suppression_and_matching(period):
    rng = np.random.default_rng(14)
    count = 120 if COMPILED else 12
    polygons = ov.Polygons(regions(rng, count, 8.0, sizes=(3, 6)), period=period)
    dense = ov.iou.pairwise(polygons, polygons)
    sparse = ov.iou.pairs(polygons, polygons, at_least=1e-3).toarray()
    assert (sparse == np.where(dense >= 1e-3, dense, 0.0)).all()
    confidence = rng.random(count)
    kept, left = [], np.argsort(-confidence)
    while left.size:
        kept.append(left[0])
        left = left[1:][dense[left[1:], left[0]] <= 0.2]
    assert ov.nms(polygons, confidence, 0.2).index.tolist() == kept
    order = rng.permutation(count)
    matches = ov.match(polygons, polygons[order], at_least=0.9)
    assert (order[matches.truth] == matches.found).all()
    assert len(matches.found) == count


@pytest.mark.parametrize(("period", "count"), [(None, 1100), ((90.0, 90.0), 300)])
def test_many_candidates_come_from_a_grid_or_a_sweep(period, count):
    rng = np.random.default_rng(15)
    count = count if COMPILED else 40
    centers = rng.uniform(0.0, 90.0, (count, 2))
    polygons = ov.Polygons([star(rng, 4, center, 2.0) for center in centers], period=period)
    other = polygons.translated((0.3, -0.2))
    sparse = ov.iou.pairs(polygons, other, at_least=0.05).tocsr()
    assert sparse.nnz > count // 2
    dense = ov.iou.pairwise(polygons[:60], other)
    assert (sparse[:60].toarray() == np.where(dense >= 0.05, dense, 0.0)).all()


def test_threads_change_nothing(monkeypatch):
    rng = np.random.default_rng(16)
    polygons = ov.Polygons(regions(rng, 40 if COMPILED else 8, 1.0))
    monkeypatch.setenv("OVERLAP_THREADS", "1")
    alone = ov.giou.pairwise(polygons, polygons)
    monkeypatch.setenv("OVERLAP_THREADS", "3")
    assert (ov.giou.pairwise(polygons, polygons) == alone).all()
    assert (alone == alone.T).all()
