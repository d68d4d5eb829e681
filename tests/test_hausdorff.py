"""Hausdorff distances of polygons against closed forms, dense points, and distances on grids."""

from __future__ import annotations

import itertools

import numba
import numpy as np
import pytest
import shapely

import overlap as ov

pytestmark = pytest.mark.kernels

FEW = bool(numba.config.DISABLE_JIT)
UNIT = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
SIDE = 12.0


def star(rng: np.random.Generator, center, corners: int, radius: float) -> np.ndarray:
    angle = (np.arange(corners) + 0.8 * rng.random(corners)) * 2.0 * np.pi / corners
    reach = radius * rng.uniform(0.4, 1.0, corners)
    return np.stack([np.cos(angle) * reach, np.sin(angle) * reach], 1) + center


def regions(seed: int, count: int) -> list:
    """Return regions with a hole, of two parts, or plain."""
    rng = np.random.default_rng(seed)
    result = []
    for k in range(count):
        outer = star(rng, rng.uniform(0.0, 3.0, 2), int(rng.integers(3, 14)), 3.0)
        hole = outer.mean(0) + 0.7 * (outer - outer.mean(0))
        other = star(rng, rng.uniform([6.0, 0.0], [9.0, 3.0]), 5, 1.5)
        result.append([[[outer]], [[outer, hole]], [[outer], [other]]][k % 3])
    return result


def shape(region: list) -> shapely.Geometry:
    return shapely.MultiPolygon([(part[0], part[1:]) for part in region])


def points_of(area: shapely.Geometry, spacing: float) -> np.ndarray:
    """Return points of a region, no point of which is farther than `spacing` from the next."""
    x0, y0, x1, y1 = area.bounds
    x, y = np.meshgrid(np.arange(x0, x1, spacing), np.arange(y0, y1, spacing))
    inside = shapely.contains_xy(area, x.ravel(), y.ravel())
    border = shapely.get_coordinates(shapely.segmentize(area, spacing))
    return np.concatenate([np.stack([x.ravel(), y.ravel()], 1)[inside], border])


def images(area: shapely.Geometry, period) -> shapely.Geometry:
    """Return a region and what it is a period further, in every direction."""
    steps = [(0.0,) if p is None else (-p, 0.0, p) for p in period or (None, None)]
    places = np.array(list(itertools.product(*steps)))
    copies = shapely.union_all([shapely.transform(area, lambda x, p=p: x + p) for p in places])
    shapely.prepare(copies)
    return copies


@pytest.mark.parametrize(
    "period", [None, (SIDE, SIDE), (None, SIDE)], ids=["plane", "torus", "tube"]
)
def test_distances_are_those_of_dense_points(period) -> None:
    """From below they are attained, and from above no point of many is farther."""
    count, spacing = (2, 0.3) if FEW else (12, 0.05)
    found, truth = regions(1, count), regions(2, count)
    batches = [ov.Polygons(side, period=period) for side in (found, truth)]
    result = ov.hausdorff(*batches, bound=1e-3)
    assert (result.error <= 1e-3).all()
    for k in range(count):
        areas = [shape(side[k]) for side in (found, truth)]
        for one, two, distance, point in (
            (*areas, result.found_to_truth[k], result.found_point[k]),
            (*areas[::-1], result.truth_to_found[k], result.truth_point[k]),
        ):
            copies = images(two, period)
            assert one.distance(shapely.Point(point)) < 1e-9
            assert copies.distance(shapely.Point(point)) == pytest.approx(distance, abs=1e-9)
            dense = points_of(one, spacing)
            farthest = shapely.distance(shapely.points(dense), copies).max()
            assert farthest <= distance + result.error[k] + 1e-9
            assert farthest >= distance - spacing
    np.testing.assert_array_equal(
        result.distance, np.maximum(result.found_to_truth, result.truth_to_found)
    )
    back = ov.hausdorff(*batches[::-1], bound=1e-3)
    np.testing.assert_array_equal(back.found_to_truth, result.truth_to_found)
    np.testing.assert_array_equal(back.distance, result.distance)


@pytest.mark.parametrize("period", [None, (SIDE, SIDE)], ids=["plane", "torus"])
def test_percentiles_are_those_of_points_along_the_border(period) -> None:
    count, spacing, bound = (2, 0.1, 0.1) if FEW else (9, 0.004, 1e-3)
    found, truth = regions(3, count), regions(4, count)
    batches = [ov.Polygons(side, period=period) for side in (found, truth)]
    for percentile in (50.0, 95.0):
        result = ov.hausdorff(*batches, bound=bound, percentile=percentile)
        assert (result.error <= bound).all()
        for k in range(count):
            areas = [shape(side[k]) for side in (found, truth)]
            for one, two, distance, point in (
                (*areas, result.found_to_truth[k], result.found_point[k]),
                (*areas[::-1], result.truth_to_found[k], result.truth_point[k]),
            ):
                copies = images(two, period)
                away = []
                for line in shapely.get_parts(one.boundary):
                    along = np.arange(0.5 * spacing, line.length, spacing)
                    away.append(shapely.distance(line.interpolate(along), copies))
                expected = np.percentile(np.concatenate(away), percentile)
                assert distance == pytest.approx(expected, abs=bound + 2.0 * spacing)
                assert one.boundary.distance(shapely.Point(point)) < 1e-9
                assert copies.distance(shapely.Point(point)) == pytest.approx(distance, abs=1e-9)
        farthest = ov.hausdorff(*batches, bound=bound)
        assert (result.distance <= farthest.distance + farthest.error + bound).all()


def test_percentiles_where_nothing_is_to_be_found() -> None:
    batch = ov.Polygons([UNIT * 4.0, UNIT + 1.0, []])
    same = ov.hausdorff(batch[:1], batch[:1], percentile=95)
    assert same.distance == same.error == 0.0
    nested = ov.hausdorff(batch[0], batch[1], percentile=50)
    assert nested.truth_to_found == 0.0
    empty = ov.hausdorff(batch[2], batch[1:], percentile=95)
    np.testing.assert_array_equal(empty.distance, [np.inf, np.nan])
    torus = (4.0, 4.0)
    everything, square = (ov.Polygons([ring], period=torus) for ring in (UNIT * 4.0, UNIT))
    covered = ov.hausdorff(everything, square, percentile=95)
    assert np.isnan(covered.found_to_truth)
    assert covered.truth_to_found == 0.0
    with pytest.raises(ValueError, match="not between 0 and 100"):
        ov.hausdorff(batch, batch, percentile=100)


def test_the_farthest_point_may_be_inside() -> None:
    """A triangular hole, filled: its incircle's center is as far away as its radius."""
    legs = np.array([[1.0, 1.0], [5.0, 1.0], [1.0, 4.0]])  # sides 3, 4, 5: the radius is 1
    whole, pierced = ov.Polygons([UNIT * 9.0]), ov.Polygons([[UNIT * 9.0, legs]])
    result = ov.hausdorff(whole, pierced, bound=1e-8)
    assert result.found_to_truth == pytest.approx(1.0, abs=1e-8)
    assert result.truth_to_found == 0.0
    np.testing.assert_allclose(result.found_point, [[2.0, 2.0]], atol=1e-6)
    assert result.error <= 1e-8


def test_a_corridor_of_one_width() -> None:
    """Everywhere along its middle the distance is the same, so that little can be left out."""
    whole = UNIT * [100.0, 10.0]
    gap = UNIT * [90.0, 2.0] + np.array([5.0, 4.3])
    result = ov.hausdorff(ov.Polygons([whole]), ov.Polygons([[whole, gap]]), bound=0.05)
    assert result.distance == pytest.approx(1.0, abs=0.05)
    assert result.distance + result.error >= 1.0
    assert result.error <= 0.05


def test_a_search_that_is_cut_off_says_so(monkeypatch) -> None:
    monkeypatch.setattr("overlap.regions.polygons.distances._BUDGET", 300)
    whole, gap = UNIT * [100.0, 10.0], UNIT * [90.0, 2.0] + np.array([5.0, 4.3])
    result = ov.hausdorff(ov.Polygons([whole]), ov.Polygons([[whole, gap]]), bound=1e-9)
    assert result.error > 1e-9
    assert result.distance <= 1.0 + 1e-12
    assert result.distance + result.error >= 1.0


def test_closed_forms_on_the_torus() -> None:
    period = (360.0, 360.0)
    point = 1e-6 * UNIT
    band = UNIT * [360.0, 50.0]
    everything = UNIT * 360.0
    batch = ov.Polygons([point, point + 180.0, band, everything], period=period)
    farthest = np.hypot(180.0, 180.0)
    opposite = ov.hausdorff(batch[0], batch[1])
    assert opposite.distance == pytest.approx(farthest, abs=1e-5)
    against_band = ov.hausdorff(batch[1], batch[2], bound=0.01)
    assert against_band.found_to_truth == pytest.approx(130.0)
    assert against_band.truth_to_found == pytest.approx(np.hypot(180.0, 180.0), abs=0.01)
    bound = 1.0 if FEW else 0.01  # the middle of what the band leaves is a corridor
    against_all = ov.hausdorff(batch, batch[3], bound=bound)
    np.testing.assert_array_equal(against_all.found_to_truth, 0.0)
    np.testing.assert_allclose(
        against_all.truth_to_found, [farthest, farthest, 155.0, 0.0], atol=1.1 * bound
    )


def test_translation_and_whole_turns_change_nothing() -> None:
    period = (SIDE, SIDE)
    found, truth = regions(5, 4), regions(6, 4)
    plain = ov.hausdorff(*(ov.Polygons(s, period=period) for s in (found, truth)), bound=1e-5)
    for shift, turns in ((np.array([3.21, -8.8]), [0.0, 0.0]), (np.zeros(2), [-SIDE, 2 * SIDE])):
        moved = [
            ov.Polygons(
                [[[ring + shift + extra for ring in part] for part in region] for region in side],
                period=period,
            )
            for side, extra in ((found, np.zeros(2)), (truth, np.array(turns)))
        ]
        np.testing.assert_allclose(
            ov.hausdorff(*moved, bound=1e-5).distance, plain.distance, atol=1e-5
        )


def test_a_region_is_at_no_distance_from_itself() -> None:
    for period in (None, (SIDE, SIDE)):
        batch = ov.Polygons(regions(8, 6), period=period)
        result = ov.hausdorff(batch, batch)
        np.testing.assert_array_equal(result.distance, 0.0)
        assert (result.error <= 1e-4 * SIDE).all()


def test_empty_regions() -> None:
    batch = ov.Polygons([UNIT, [], []])
    result = ov.hausdorff(batch, ov.Polygons([[], UNIT, []]))
    np.testing.assert_array_equal(result.distance, [np.inf, np.inf, np.nan])
    np.testing.assert_array_equal(result.found_to_truth, [np.inf, np.inf, np.nan])
    np.testing.assert_array_equal(result.error, 0.0)
    assert np.isnan(result.found_point).all()
    assert len(ov.hausdorff(batch[:0], batch[:0])) == 0


def test_lengths_are_broadcast_and_errors_say_what_to_do() -> None:
    batch = ov.Polygons([UNIT, UNIT + 1.0, UNIT + np.array([0.0, 3.0])])
    np.testing.assert_allclose(
        ov.hausdorff(batch, batch[0]).distance, [0.0, np.sqrt(2.0), 3.0], atol=1e-12
    )
    with pytest.raises(TypeError, match="use surface_distances for masks"):
        ov.hausdorff(ov.Masks(np.ones((1, 2, 2), bool)), batch)
    for bound in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="is not a positive number"):
            ov.hausdorff(batch, batch, bound=bound)
    with pytest.raises(ValueError, match="paired scores need equal lengths"):
        ov.hausdorff(batch, batch[:2])
    with pytest.raises(ValueError, match="period"):
        ov.hausdorff(batch, ov.Polygons([UNIT], period=(9.0, 9.0)))


@pytest.mark.reference
def test_favored_regions_against_distances_on_a_grid(reference_data) -> None:
    """A grid of degrees on 3 x 3 periods; distances are right to two half diagonals of cells."""
    from scipy import ndimage

    from overlap.io.rama_grids import read_rama_grids

    grids = read_rama_grids(reference_data / "rama" / "top8000").grids
    names = ("general", "glycine", "prepro")
    found = [grids[name].region(0.02) for name in names]
    cells, side = 360, 1.0
    middle = -180.0 + side * (np.arange(cells) + 0.5)
    points = np.stack(np.meshgrid(middle, middle, indexing="ij"), -1).reshape(-1, 2)
    masks = [region.contains(points)[0].reshape(cells, cells) for region in found]
    for one, two in ((0, 1), (2, 0)):
        result = ov.hausdorff(found[one], found[two], bound=0.01)
        assert result.error <= 0.01
        for here, there, distance in (
            (masks[one], masks[two], result.found_to_truth),
            (masks[two], masks[one], result.truth_to_found),
        ):
            tiled = ndimage.distance_transform_edt(~np.tile(there, (3, 3)))
            away = side * tiled[cells : 2 * cells, cells : 2 * cells][here].max()
            assert distance == pytest.approx(away, abs=np.sqrt(2.0) * side)
