"""Rings of wrapped coordinates: bands, seams, and files that do not say how they are meant."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import overlap as ov
from overlap.io import read_regions

pytestmark = pytest.mark.kernels

DEGREES = (360.0, 360.0)
BAND = [(-180.0, 0.0), (180.0, 0.0), (180.0, 10.0), (-180.0, 10.0)]
SEAM = [(170.0, 0.0), (-170.0, 0.0), (-170.0, 10.0), (170.0, 10.0)]
WIDE = [(-100.0, 0.0), (100.0, 0.0), (100.0, 10.0), (-100.0, 10.0)]


def area(ring, period=DEGREES) -> float:
    return float(ov.Polygons.from_wrapped([ring], period=period).measure()[0])


def exchanged(ring) -> list[tuple[float, float]]:
    return [(y, x) for x, y in ring]


WAVY = [(-180.0, 0.0), (180.0, 0.0), (180.0, 10.0), (60.0, 20.0), (-60.0, 20.0), (-180.0, 10.0)]
BOTH_WAVY = [
    (x, 5.0 * math.cos(math.radians(x)) + lift)
    for lift, way in ((0.0, range(-180, 181, 60)), (30.0, range(180, -181, -60)))
    for x in way
]
ROUND = {
    "band": (BAND, 3600.0),
    "band, the other way": (BAND[::-1], 3600.0),
    "band from another corner": (BAND[2:] + BAND[:2], 3600.0),
    "closed band": ([*BAND, BAND[0]], 3600.0),
    "band of 0 to 360": ([(x + 180.0, y) for x, y in BAND], 3600.0),
    "slanted band": ([*BAND[:3], (-180.0, 12.0)], 3960.0),
    "one wavy border": (WAVY, 6000.0),
    "one wavy border, the other way": (WAVY[::-1], 6000.0),
    "two wavy borders": (BOTH_WAVY, 30.0 * 360.0),
    "all": ([(-180, -180), (180, -180), (180, 180), (-180, 180)], 360.0**2),
}


@pytest.mark.parametrize("name", ROUND)
def test_rings_that_go_all_the_way_round(name: str) -> None:
    ring, wanted = ROUND[name]
    assert area(ring) == pytest.approx(wanted)
    assert area(exchanged(ring)) == pytest.approx(wanted)
    assert area(exchanged(ring), (None, 360.0)) == pytest.approx(wanted)
    made = ov.Polygons.from_wrapped([ring], period=DEGREES)
    low, high = 0.0, 10.0
    if name.startswith("band"):
        assert ov.iou(made, ov.Polygons.band("y", low, high, DEGREES))[0] == pytest.approx(1.0)


def test_a_seam_is_crossed_by_a_step_of_a_whole_period() -> None:
    seam = [(170, 0), (180, 0), (-180, 0), (-170, 0), (-170, 10), (-180, 10), (180, 10), (170, 10)]
    assert area(seam) == 200.0
    assert area(exchanged(seam)) == 200.0
    half = [(170, 0), (180, 0), (-180, 10), (170, 10)]  # at one of the two crossings
    assert area(half) == 100.0
    assert area(SEAM) == 200.0


def test_rings_that_bound_nothing_alone() -> None:
    loop = [(-120.0, 0.0), (0.0, 10.0), (120.0, 0.0)]
    diagonal = [(-120.0, -120.0), (0.0, 0.0), (120.0, 120.0)]
    for ring in (loop, loop[::-1], exchanged(loop), diagonal):
        with pytest.raises(ValueError, match=r"ring 0 of region 0: goes round the [xy] axis 1 "):
            area(ring)
    outer = [(-100.0, -50.0), (0.0, -50.0), (100.0, -50.0), (100.0, 50.0), (0.0, 50.0)]
    outer = [*outer, (-100.0, 50.0)]
    with pytest.raises(ValueError, match=r"ring 1 of region 0: goes round the x axis 1 time"):
        area([outer, loop])
    two = [(x, 5.0 * k) for k in range(2) for x in (-120.0, 0.0, 120.0)]
    with pytest.raises(ValueError, match="goes round the x axis 2 time"):
        area(two)
    # either of two steps could be the one that goes round
    either = [*WAVY[:2], (-180.0, 2.0), (180.0, 4.0), *WAVY[2:]]
    with pytest.raises(ValueError, match="bounds nothing alone"):
        area(either)


def feature(ring) -> dict:
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.mark.parametrize("source", ["geojson", "shapely"])
def test_files_that_do_not_say(source: str) -> None:
    def read(ring, **how) -> float:
        if source == "geojson":
            return float(ov.Polygons.from_geojson(feature(ring), **how).measure()[0])
        shapely = pytest.importorskip("shapely")
        return float(ov.Polygons.from_shapely(shapely.Polygon(ring), **how).measure()[0])

    for ring, literal, shorter in ((SEAM, 3400.0, 200.0), (WIDE, 2000.0, 1600.0)):
        with pytest.raises(ValueError, match=r"ring 0 of region 0 steps from x = .* Say wrapped=T"):
            read(ring, period=DEGREES)
        assert read(ring, period=DEGREES, wrapped=False) == literal
        assert read(ring, period=DEGREES, wrapped=True) == shorter
        assert read(ring) == literal  # on the plane
        with pytest.raises(ValueError, match="steps from y = "):
            read(exchanged(ring), period=(None, 360.0))
    # what can be meant in one way only
    for ring, wanted in (
        (BAND, 3600.0),
        ([(0, 0), (170, 0), (170, 10), (0, 10)], 1700.0),
        ([(-100, 0), (100, 0), (280, 50), (80, 50)], 10_000.0),  # over more than a period
    ):
        assert read(ring, period=DEGREES) == wanted
    with pytest.raises(ValueError, match="wrapped=True needs a period"):
        read(SEAM, wrapped=True)


def test_a_later_ring_is_named() -> None:
    fine = [(0.0, 0.0), (9.0, 0.0), (9.0, 9.0)]
    both = {"type": "FeatureCollection", "features": [feature(fine), feature([*SEAM, SEAM[0]])]}
    with pytest.raises(ValueError, match=r"ring 0 of region 1 steps from x = 170.0 to -170.0"):
        ov.Polygons.from_geojson(both, period=DEGREES)


def test_what_is_written_says_how_it_is_meant() -> None:
    wide = ov.Polygons.from_rectangles([[-100.0, 0.0, 100.0, 10.0]], period=DEGREES)
    for polygons in (wide, wide.canonical((0.0, -180.0)), wide.translated((150.0, 170.0))):
        written = polygons.to_geojson()
        assert written["wrapped"] is False
        again = ov.Polygons.from_geojson(json.dumps(written), period=DEGREES)
        assert again == polygons
    assert "wrapped" not in ov.Polygons([WIDE]).to_geojson()
    with pytest.raises(ValueError, match="wrapped is str 'yes'; expected true or false"):
        ov.Polygons.from_geojson({**feature(WIDE), "wrapped": "yes"}, period=DEGREES)


def test_region_files(tmp_path) -> None:
    path = tmp_path / "regions.geojson"
    path.write_text(json.dumps(feature(SEAM)))
    with pytest.raises(ValueError, match=r'regions.geojson: all, favored.*write "wrapped": true'):
        read_regions(path)
    for wrapped, wanted in ((True, 200.0), (False, 3400.0)):
        path.write_text(json.dumps({**feature(SEAM), "wrapped": wrapped}))
        (region,) = read_regions(path).regions.values()
        np.testing.assert_array_equal(region.measure(), [wanted])
