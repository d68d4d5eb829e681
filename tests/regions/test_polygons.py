"""Polygons as a batch: what they are made of, what is refused, and what they turn into."""

from __future__ import annotations

import itertools
import json
import sys

import numpy as np
import pytest
import shapely
from scipy import ndimage

import overlap as ov
from overlap.regions.polygons.checks import _perhaps_nested

DEGREES = (360.0, 360.0)


def square(low, high):
    return [(low, low), (high, low), (high, high), (low, high)]


# ------------------------------------------------------------------------ construction


def test_nesting_of_rings_holes_and_parts():
    outer, hole, island = square(0.0, 10.0), square(2.0, 8.0), square(4.0, 5.0)
    polygons = ov.Polygons([outer, [outer, hole], [[outer, hole], [island]], [], np.array(island)])
    assert polygons.measure().tolist() == [100.0, 64.0, 65.0, 0.0, 1.0]
    assert polygons.perimeter().tolist() == [40.0, 64.0, 68.0, 0.0, 4.0]
    assert polygons.region_offsets.tolist() == [0, 1, 3, 6, 6, 7]
    lower, upper = polygons.bounds()
    assert lower.T.tolist() == [[0, 0], [0, 0], [0, 0], [0, 0], [4, 4]]
    assert upper.T.tolist() == [[10, 10], [10, 10], [10, 10], [0, 0], [5, 5]]


@pytest.mark.parametrize(
    "region",
    [
        [square(0.0, 4.0), square(1.0, 2.0)],
        [square(1.0, 2.0), square(0.0, 4.0)],  # the hole first
        [square(0.0, 4.0)[::-1], square(1.0, 2.0)],
        [[*square(0.0, 4.0), (0.0, 0.0)], square(1.0, 2.0)[::-1]],  # a closed ring
    ],
)
def test_rings_may_run_either_way_and_stand_in_any_order(region):
    polygons = ov.Polygons([region])
    assert polygons.measure()[0] == 15.0
    assert sorted(polygons._own.ring_areas) == [-1.0, 16.0]
    columns = polygons.x, polygons.y, polygons.ring_offsets, polygons.region_offsets
    assert ov.Polygons.from_rings(*columns) == polygons


def test_rings_count_by_even_and_odd():
    three = [square(0.0, 10.0), square(2.0, 8.0), square(4.0, 5.0)]
    apart = [square(0.0, 1.0), square(2.0, 3.0)]
    twice = [square(0.0, 1.0), square(0.0, 1.0)]
    assert ov.Polygons([three, apart, twice]).measure().tolist() == [65.0, 2.0, 0.0]


def test_rings_that_may_be_nested_are_those_of_all_pairs():
    rng = np.random.default_rng(3)
    found = 0
    for trial in range(60):
        count = int(rng.integers(0, 20))
        low, side = rng.integers(0, 6, (2, 2, count)) if trial % 2 else rng.random((2, 2, count))
        bounds = np.concatenate([low, low + side]).astype(float)
        part = np.sort(rng.integers(0, 3, count))
        spiked = rng.random(count) < 0.2 * (trial % 3)
        wanted = []
        for i, j in itertools.permutations(range(count), 2):  # j around i
            (x0, y0, x1, y1), (u0, v0, u1, v1) = bounds[:, i], bounds[:, j]
            around = u0 <= x0 and v0 <= y0 and u1 >= x1 and v1 >= y1
            meet = u0 < x1 and v0 < y1 and u1 > x0 and v1 > y0
            if part[i] == part[j] and (around or (spiked[i] and meet)):
                wanted.append([i, j])
        got = np.stack(_perhaps_nested(bounds, part, spiked), axis=1)
        assert got.tolist() == wanted
        found += len(wanted)
    assert found > 200


def test_parts_of_squares_are_those_of_cells():
    rng = np.random.default_rng(8)
    for _ in range(5):
        cells = rng.random((9, 8)) < 0.55
        place = np.argwhere(cells)
        squares = [[square(0.0, 1.0) + corner] for corner in place.astype(float)]
        parts, region = ov.Polygons([squares]).parts()
        labels, count = ndimage.label(cells)
        assert sorted(parts.measure()) == sorted(np.bincount(labels.ravel())[1:])
        assert region.tolist() == [0] * count


def test_self_overlap_is_resolved_once():
    bow = [(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0)]
    crossing = [square(0.0, 2.0), square(1.0, 3.0)]
    parts = [[square(0.0, 2.0)], [square(1.0, 3.0)]]
    touching = [[square(0.0, 2.0)], [[(2.0, 0.0), (3.0, 0.0), (3.0, 1.0), (2.0, 1.0)]]]
    polygons = ov.Polygons([bow, crossing, parts, touching, square(5.0, 6.0)])
    assert polygons.measure() == pytest.approx([2.0, 6.0, 7.0, 5.0, 1.0], rel=1e-15)
    assert ov.iou(polygons, polygons).tolist() == [1.0] * 5
    star = [(np.cos(t), np.sin(t)) for t in 0.8 * np.pi * np.arange(5)]
    angle = np.pi / 5.0  # five points of a pentagram, without its pentagon
    inner = np.cos(2.0 * angle) / np.cos(angle)
    tips = 5.0 * (inner * np.sin(angle)) * (1.0 - inner * np.cos(angle))
    assert ov.Polygons([star]).measure()[0] == pytest.approx(tips, rel=1e-14)


def test_self_overlap_needs_shapely_and_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "shapely", None)
    assert len(ov.Polygons([square(0.0, 1.0)])) == 1
    with pytest.raises(
        ImportError, match=r"region 1 cross or overlap.*overlap-metrics\[polygons\]"
    ):
        ov.Polygons([square(0.0, 1.0), [(0, 0), (2, 2), (2, 0), (0, 2)]])


def test_overlap_after_wrapping_is_resolved():
    wide = ov.Polygons([square(0.0, 400.0)], period=DEGREES)
    assert wide.measure()[0] == pytest.approx(360.0**2, rel=1e-14)
    row = [(-20.0, 0.0), (380.0, 0.0), (380.0, 10.0), (-20.0, 10.0)]
    far = [[square(0.0, 10.0)], [square(725.0, 735.0)]]  # the second is the first, moved by 5
    assert ov.Polygons([row, far], period=DEGREES).measure() == pytest.approx([3600.0, 175.0])
    assert ov.Polygons([row], period=(None, 360.0)).measure()[0] == 4000.0


def test_a_region_around_the_torus_stays_as_it_is():
    ring = [(0.0, 10.0), (360.0, 10.0), (360.0, 20.0), (0.0, 20.0)]
    polygons = ov.Polygons([ring], period=DEGREES)
    assert polygons.to_array().tolist() == [list(point) for point in ring]
    assert polygons == ov.Polygons.band("y", 10.0, 20.0, DEGREES)


def test_wrapped_rings_take_the_shorter_way():
    ring = [(170.0, -170.0), (-170.0, -170.0), (-170.0, 170.0), (170.0, 170.0)]
    hole = [(178.0, 178.0), (-178.0, 178.0), (-178.0, -178.0), (178.0, -178.0)]
    polygons = ov.Polygons.from_wrapped([[ring, hole]], period=DEGREES)
    assert polygons.measure()[0] == 400.0 - 16.0
    inside = polygons.contains([[-175.0, 175.0], [180.0, 180.0], [0.0, 0.0], [535.0, -185.0]])
    assert inside.tolist() == [[True, False, False, True]]


@pytest.mark.parametrize(
    ("ring", "message"),
    [
        ([(0, 0), (180, 0), (180, 9)], r"from x\[0\] = 0.0 to x\[1\] = 180.0 is half a period"),
        ([(0, 0), (120, 0), (-120, 9)], r"goes round the x axis 1 time.*Polygons.band"),
    ],
)
def test_wrapped_rings_that_mean_nothing(ring, message):
    with pytest.raises(ValueError, match=message):
        ov.Polygons.from_wrapped([ring], period=DEGREES)


def test_abego_rectangles_are_exact():
    corners = [[-180, -75, 0, 50], [-180, 50, 0, -75], [0, -100, 180, 100], [0, 100, 180, -100]]
    polygons = ov.Polygons.from_rectangles(corners, period=DEGREES)
    assert polygons.measure().tolist() == [22500.0, 42300.0, 36000.0, 28800.0]
    shared = ov.coverage.pairwise(polygons, polygons)
    assert (shared == np.eye(4)).all()


def test_bands_and_loops():
    bands = ov.Polygons.band("x", [-100.0, 170.0], [-50.0, -170.0], DEGREES)
    assert bands.measure().tolist() == [18000.0, 7200.0]
    slanted = [(0.0, 0.0), (360.0, 360.0)]
    other = [(0.0, 90.0), (360.0, 450.0)]
    loops = ov.Polygons.between_loops([slanted], [other], DEGREES)
    assert loops.measure()[0] == 90.0 * 360.0
    # The slanted band crosses every column at the same share of it.
    assert ov.coverage(bands, loops) == pytest.approx(0.25, rel=1e-14)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ov.Polygons(square(0, 1)), "region 0 is tuple.*wrap its ring"),
        (lambda: ov.Polygons("ring"), "expected one entry per region.*got str"),
        (lambda: ov.Polygons([[(0, 0), (1, 1)]]), "ring 0 of region 0 has 2 vertices"),
        (lambda: ov.Polygons([[(0, 0), (1, np.nan), (1, 1)]]), "vertex 1 = .* is not finite"),
        (lambda: ov.Polygons([[(0, 0, 0), (1, 1, 1), (2, 0, 0)]]), r"shape \(3, 3\)"),
        (lambda: ov.Polygons([[[[square(0, 1)]]]]), "nested 5 deep"),
        (lambda: ov.Polygons([], period=360.0), "expected a pair such as"),
        (lambda: ov.Polygons([], period=(360.0, 0.0)), "a finite number > 0"),
        (lambda: ov.Polygons.from_rings([0.0], [0.0, 1.0], [0], [0]), "two columns of equal"),
        (lambda: ov.Polygons.from_rings(*[[0.0] * 4] * 2, [0, 2, 4], [0, 2]), "at least 3 vert"),
        (lambda: ov.Polygons.from_rings(*[[0.0] * 4] * 2, [0, 3], [0, 1]), "expected 0 to 4"),
        (lambda: ov.Polygons.from_rectangles([[0, 0, -1, 1]]), "region 0 stops at x = -1.0"),
        (lambda: ov.Polygons.from_rectangles([[0, 0, 9, 1]], period=(8, 8)), "more than one"),
        (lambda: ov.Polygons.band("z", 0, 1, DEGREES), "axis = 'z'"),
        (lambda: ov.Polygons.band("x", 0, 1, (360.0, None)), "needs a period"),
        (
            lambda: ov.Polygons.between_loops([[(0, 0), (9, 0)]], [[(0, 1), (360, 1)]], DEGREES),
            "the first loop of region 0 goes",
        ),
        (lambda: ov.Polygons([square(0.0, 1e150)]), "is beyond 1e.100"),
        (lambda: ov.Polygons([square(0, 1)]).translated([1, 2, 3]), r"shape \(3,\)"),
        (lambda: ov.Polygons([square(0, 1)]).scaled("a"), "ratio = 'a'"),
        (lambda: ov.Polygons([square(0, 1)]).contains([1, 2]), r"shape \(Q, 2\)"),
        (lambda: ov.Polygons.from_level([[1.0]], 0.5), "expected a PeriodicGrid, got list"),
        (lambda: ov.Polygons([], density=ov.CellDensity([[1.0]])), "give both the same"),
        (lambda: ov.CellDensity([[1.0, -1.0]]), r"masses\[0, 1\] = -1.0"),
        (lambda: ov.CellDensity([[1.0]], period=None), "give spacing="),
    ],
)
def test_clear_errors(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_batches_that_cannot_be_compared():
    flat, torus = ov.Polygons([square(0, 1)]), ov.Polygons([square(0, 1)], period=DEGREES)
    with pytest.raises(ValueError, match="period = None and truth"):
        ov.iou(flat, torus)
    weighed = ov.Polygons([square(0, 1)], period=DEGREES, density=ov.CellDensity([[1.0]]))
    with pytest.raises(ValueError, match="different densities"):
        ov.iou(torus, weighed)
    with pytest.raises(TypeError, match=r"Polygons and truth is Boxes"):
        ov.iou(flat, ov.Boxes([[0, 0, 1, 1]]))
    with pytest.raises(TypeError, match="not boundary coordinates"):
        ov.tolerance(ov.iou, flat, flat, eps=0.1)


# --------------------------------------------------------------------------- container


def test_rows_concat_and_frames():
    polygons = ov.Polygons([square(0, 1), [square(0, 4), square(1, 2)], []], unit="deg")
    again = polygons[[2, 1, 0, 1]]
    assert again.measure().tolist() == [0.0, 15.0, 1.0, 15.0]
    assert ov.Polygons.concat([again[2], polygons[1:]]) == polygons
    assert eval(repr(again), {"Polygons": ov.Polygons}) == again
    frame = again.to_frame()
    assert frame.columns.tolist() == ["region", "ring", "x", "y"]
    assert frame.region.tolist() == [1] * 8 + [2] * 4 + [3] * 8
    assert frame.ring.tolist() == [0] * 4 + [1] * 4 + [0] * 4 + [0] * 4 + [1] * 4
    assert (again.to_array() == frame[["x", "y"]].to_numpy()).all()
    many = ov.Polygons([square(0, 1)] * 200)
    assert repr(many) == "<Polygons with 200 regions>"


def test_moved_and_scaled():
    polygons = ov.Polygons([square(0.0, 1.0), [square(0.0, 4.0), square(2.0, 3.0)]])
    moved = polygons.translated([[1.0, 2.0], [0.0, -5.0]])
    assert moved.bounds()[0].T.tolist() == [[1.0, 2.0], [0.0, -5.0]]
    double = polygons.scaled(2.0)
    assert double.measure() == pytest.approx(4.0 * polygons.measure(), rel=1e-14)
    center = shapely.centroid(polygons.to_shapely()[1])
    assert [center.x, center.y] == pytest.approx(polygons._own.centroids[:, 1].tolist(), rel=1e-14)
    same = shapely.centroid(double.to_shapely()[1])
    assert [same.x, same.y] == pytest.approx([center.x, center.y], rel=1e-14)
    with pytest.raises(ValueError, match=r"ratio = 0\.0"):
        polygons.scaled(0.0)


def test_contains_is_half_open_and_agrees_with_shapely():
    polygons = ov.Polygons([[square(0.0, 4.0), square(1.0, 2.0)]])
    points = np.random.default_rng(3).uniform(-1.0, 5.0, (500, 2))
    wanted = shapely.contains_xy(polygons.to_shapely()[0], points)
    assert (polygons.contains(points)[0] == wanted).all()
    corners = [[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [1.0, 1.0], [2.0, 2.0]]
    assert polygons.contains(corners)[0].tolist() == [True, False, False, False, True]


def test_canonical_pieces_lie_in_one_period_and_keep_everything():
    rng = np.random.default_rng(5)
    angle = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
    rings = []
    for _ in range(6):
        radius = rng.uniform(60.0, 170.0, 40)
        ring = rng.uniform(-900, 900, 2) + radius[:, None] * np.stack(
            [np.cos(angle), np.sin(angle)], 1
        )
        rings.append([ring, ring.mean(0) + 0.2 * (ring - ring.mean(0))])
    polygons = ov.Polygons(rings, period=DEGREES)
    cut = polygons.canonical()
    assert cut.measure() == pytest.approx(polygons.measure(), rel=1e-12)
    assert abs(cut.to_array()).max() <= 180.0
    points = rng.uniform(-180.0, 180.0, (400, 2))
    assert (cut.contains(points) == polygons.contains(points)).all()
    assert ov.iou(cut, polygons) == pytest.approx(1.0, rel=1e-12)
    assert all(shapely.is_valid(cut.to_shapely()))
    shifted = polygons.canonical(origin=(0.0, 90.0)).to_array()
    assert shifted[:, 0].min() >= 0.0
    assert shifted[:, 1].max() <= 450.0
    assert polygons[:0].canonical() == polygons[:0]


def test_canonical_pieces_are_joined_where_they_were_cut_before():
    bands = ov.Polygons.band("y", [10.0, 170.0], [20.0, -170.0], DEGREES)
    slanted = [(0.0, 0.0), (720.0, 360.0)], [(0.0, 40.0), (720.0, 400.0)]
    loop = ov.Polygons.between_loops([slanted[0]], [slanted[1]], DEGREES)
    whole = ov.Polygons.from_rectangles([[30.0, 40.0, 390.0, 400.0]], period=DEGREES)
    cut = ov.Polygons.concat([bands, loop, whole]).canonical()
    assert np.diff(cut.region_offsets).tolist() == [1, 2, 3, 1]
    assert cut.measure() == pytest.approx([3600.0, 7200.0, 28800.0, 129600.0])
    assert shapely.is_valid(cut.to_shapely()).all()
    assert cut.parts()[1].tolist() == [0, 1, 2, 3]


def test_parts_are_joined_across_the_seam():
    ring = [(170.0, 0.0), (190.0, 0.0), (190.0, 10.0), (170.0, 10.0)]
    island = [(0.0, 0.0), (9.0, 0.0), (9.0, 9.0)]
    polygons = ov.Polygons([[[ring], [island]], [square(0, 9), square(1, 2)]], period=DEGREES)
    for batch in (polygons, polygons.canonical()):
        parts, of = batch.parts()
        assert of.tolist() == [0, 0, 1]
        assert sorted(parts.measure()) == [40.5, 80.0, 200.0]
        assert parts.period == DEGREES


# ----------------------------------------------------------------------- other formats


def test_geojson_there_and_back(tmp_path):
    polygons = ov.Polygons(
        [[square(0.0, 4.0), square(1.0, 2.0)], [], [[square(0, 1)], [square(2, 3)]]]
    )
    collection = polygons.to_geojson()
    kinds = [feature["geometry"]["type"] for feature in collection["features"]]
    assert kinds == ["Polygon", "MultiPolygon", "MultiPolygon"]
    file = tmp_path / "regions.geojson"
    file.write_text(json.dumps(collection))
    for source in (collection, json.dumps(collection), file, str(file)):
        assert ov.Polygons.from_geojson(source) == polygons
    assert shapely.area(shapely.from_geojson(json.dumps(collection))) == 15.0 + 2.0
    members = {
        "type": "GeometryCollection",
        "geometries": [collection["features"][0]["geometry"]],
    }
    assert ov.Polygons.from_geojson(members, period=DEGREES).measure().tolist() == [15.0]
    nowhere = {"type": "Feature", "properties": {}, "geometry": None}
    assert ov.Polygons.from_geojson(nowhere) == polygons[1]
    high = {"type": "Polygon", "coordinates": [[[0, 0, 9], [1, 0, 9], [0, 1, 9], [0, 0, 9]]]}
    assert ov.Polygons.from_geojson(high).measure().tolist() == [0.5]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('{"type": ', "no valid JSON"),
        ([1, 2], "expected a GeoJSON object"),
        ({"type": "Point", "coordinates": [0, 0]}, "is a Point, which has no area"),
        (
            {"type": "FeatureCollection", "features": [{"type": "Feature"}, {"type": "Line"}]},
            "feature 1: is a Line",
        ),
        ({"type": "Polygon", "coordinates": [[0, 1]]}, "not nested as rings of positions"),
        ({"type": "Polygon"}, "needs a list of coordinates"),
    ],
)
def test_geojson_errors(source, message):
    with pytest.raises(ValueError, match=message):
        ov.Polygons.from_geojson(source)


def test_shapely_there_and_back():
    shapes = [
        shapely.Polygon(square(0.0, 4.0), [square(1.0, 2.0)]),
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]),
        shapely.Polygon(),
    ]
    polygons = ov.Polygons.from_shapely(shapes)
    assert polygons.measure().tolist() == shapely.area(shapes).tolist()
    assert shapely.equals(polygons.to_shapely(), shapes).all()
    assert ov.Polygons.from_shapely(shapes[0]) == polygons[0]
    with pytest.raises(ValueError, match="geometry 0 holds a LineString"):
        ov.Polygons.from_shapely([shapely.LineString([(0, 0), (1, 1)])])
    with pytest.raises(TypeError, match="geometry 1 is str"):
        ov.Polygons.from_shapely([shapes[0], "POLYGON EMPTY"])


def test_boxes_as_polygons():
    boxes = ov.Boxes([[0.0, 0.0, 2.0, 3.0], [1.0, 1.0, 4.0, 4.0]], unit="px")
    polygons = ov.Polygons.from_boxes(boxes)
    assert polygons.unit == "px"
    for score in (ov.iou, ov.giou, ov.diou, ov.eiou):
        boxed = score.with_enclosure("box")
        assert boxed.pairwise(polygons, polygons) == pytest.approx(score.pairwise(boxes, boxes))
    with pytest.raises(TypeError, match="planar Boxes"):
        ov.Polygons.from_boxes(ov.Boxes([[0.0, 1.0]]))


def test_a_spike_of_a_hole_may_leave_its_outline() -> None:
    """It has no width, and the hole stays a hole, also when it is written."""
    outline = [(0, 0), (50, 0), (50, 50), (0, 50)]
    hole = [(10, 10), (10, 20), (20, 20), (20, 15), (60, 15), (30, 15), (20, 15), (20, 10)]
    for ring in (hole, hole[::-1]):
        polygons = ov.Polygons([[outline, ring]])
        assert polygons.measure() == [2400.0]
        written = polygons.to_geojson()
        assert len(written["features"][0]["geometry"]["coordinates"]) == 2
        assert ov.Polygons.from_geojson(written).measure() == [2400.0]
        assert ov.iou(polygons, ov.Polygons([outline])) == [0.96]
