"""Polygons on the torus against numbers that another program found for real contours."""

from __future__ import annotations

import json

import pytest

import overlap as ov
from overlap.io import read_rama_grids

pytestmark = pytest.mark.reference
DEGREES = (360.0, 360.0)
CORNERS = {
    "A": [-180.0, -75.0, 0.0, 50.0],
    "B": [-180.0, 50.0, 0.0, -75.0],
    "G": [0.0, -100.0, 180.0, 100.0],
    "E": [0.0, 100.0, 180.0, -100.0],
}


@pytest.fixture(scope="module")
def favored(reference_data):
    """Favored regions of three categories; contours of hundreds of vertices, over both seams."""
    grids = read_rama_grids(reference_data / "rama" / "top8000").grids
    return {name: grids[name].region(0.02) for name in ("general", "glycine", "transpro")}


@pytest.mark.parametrize("category", ["general", "glycine"])
def test_abego_shares_of_favored_regions(reference_data, favored, category):
    text = (reference_data / "rama" / "reference_topology_abego.json").read_text()
    known = [json.loads(text)["abego"][name] for name in CORNERS]
    boxes = ov.Polygons.from_rectangles(list(CORNERS.values()), period=DEGREES)
    assert boxes.measure().tolist() == [entry["area"] for entry in known]
    entries = [entry[f"{category}_favoured"] for entry in known]
    terms = ov.terms(boxes, favored[category])
    wanted = [entry["intersection"] for entry in entries]
    assert terms.intersection == pytest.approx(wanted, rel=1e-9)
    assert terms.intersection.sum() == pytest.approx(terms.measure_b[0], rel=1e-12)
    wanted = [entry["iou"] for entry in entries]
    assert ov.iou(boxes, favored[category]) == pytest.approx(wanted, rel=1e-9)


def test_real_contours_move_over_the_seams_without_a_change(favored):
    first, second = favored["general"], favored["transpro"]
    wanted = [score(first, second)[0] for score in (ov.iou, ov.giou, ov.diou)]
    for move in ([31.7, -158.2], [180.0, 180.0], [-720.0, 1080.0]):
        moved = first.translated(move).canonical(), second.translated(move)
        got = [score(*moved)[0] for score in (ov.iou, ov.giou, ov.diou)]
        assert got == pytest.approx(wanted, rel=1e-9)
