"""COCO's lists of coordinates as polygons and back, against shapely and pycocotools."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
import shapely

import overlap as ov

TRIANGLE = [0, 0, 4, 0, 0, 3]
SQUARE = [9.0, 9.0, 11.0, 9.0, 11.0, 11.0, 9.0, 11.0]


def shoelace(part: list) -> float:
    """The area of one ring, in fractions."""
    x, y = [list(map(Fraction, part[k::2])) for k in (0, 1)]
    twice = sum(x[k - 1] * y[k] - x[k] * y[k - 1] for k in range(len(x)))
    return float(abs(twice) / 2)


def test_parts_closed_or_not():
    closed = [*TRIANGLE, *TRIANGLE[:2]]
    polygons = ov.Polygons.from_coco(
        [[TRIANGLE], [closed, SQUARE], [np.array(SQUARE)[::-1].tolist()], []], unit="px"
    )
    assert polygons.measure().tolist() == [6.0, 10.0, 4.0, 0.0]
    assert polygons.unit == "px"
    assert [len(parts) for parts in polygons.to_coco()] == [1, 2, 1, 0]
    assert polygons.to_coco()[1][0] == TRIANGLE


def test_parts_that_overlap_are_a_union():
    again = [10.0, 10.0, 12.0, 10.0, 12.0, 12.0, 10.0, 12.0]
    assert ov.Polygons.from_coco([[SQUARE, again]]).measure()[0] == pytest.approx(7.0)


def test_there_and_back():
    rng = np.random.default_rng(0)
    segmentations = []
    for _ in range(40):
        parts = []
        for k in range(rng.integers(1, 4)):
            angle = np.sort(rng.uniform(0.0, 2 * np.pi, rng.integers(3, 9)))
            if np.diff(angle, append=angle[0] + 2 * np.pi).max() > 3.0:
                angle = np.arange(4) + 0.5
            ring = 100.0 * k + np.stack([np.cos(angle), np.sin(angle)], 1) * rng.uniform(5, 40)
            parts.append(ring.ravel().tolist())
        segmentations.append(parts)
    polygons = ov.Polygons.from_coco(segmentations)
    assert json.loads(json.dumps(polygons.to_coco())) == segmentations
    assert ov.Polygons.from_coco(polygons.to_coco()) == polygons
    wanted = [sum(map(shoelace, parts)) for parts in segmentations]
    np.testing.assert_allclose(polygons.measure(), wanted, rtol=1e-13)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([[TRIANGLE], [SQUARE, [1, 2, 3, 4]]], ValueError, r"\[1\]\[1\] has 2 vertices; .*x, y, w"),
        ([[[1, 2]]], ValueError, r"segmentations\[0\]\[0\] has 1 vertex;"),
        ([[[1, 2, 3, 4, 1, 2]]], ValueError, r"2 vertices beside the closing one; .* at least 3"),
        ([[[1, 2, 3, 4, 5, 6, 7]]], ValueError, r"\[0\]\[0\] has 7 numbers; .*two for each"),
        ([[[]]], ValueError, r"\[0\]\[0\] has 0 vertices"),
        ([TRIANGLE], ValueError, r"segmentations\[0\] is one list of numbers; put every part"),
        (TRIANGLE, TypeError, r"segmentations\[0\] is int 0; .*from_coco\(\[segmentation\]\)"),
        ([[[(0, 0), (1, 0), (0, 1)]]], ValueError, r"has shape \(3, 2\); expected a flat list"),
        ([{"size": [2, 2], "counts": "4"}], TypeError, "run lengths are for Masks.from_rle"),
        ([{"segmentation": [TRIANGLE]}], TypeError, "give its 'segmentation'"),
        ("file.json", TypeError, "one segmentation per object"),
        ([[[0, 0, 1, 0, "a", 1]]], TypeError, r"segmentations\[0\]\[0\]"),
        ([[[0, 0, 1, 0, float("nan"), 1]]], ValueError, "region 0: vertex 2 = .* is not finite"),
    ],
)
def test_what_is_not_coco(given, error, message):
    with pytest.raises(error, match=message):
        ov.Polygons.from_coco(given)


@pytest.mark.parametrize("given", [[[TRIANGLE]], [[TRIANGLE, SQUARE]]])
def test_the_constructor_names_from_coco(given):
    with pytest.raises(ValueError, match=r"lists of numbers where vertices .*from_coco"):
        ov.Polygons(given)


def test_what_coco_cannot_hold():
    ring = [(0.0, 0.0), (4.0, 0.0), (0.0, 4.0)]
    hole = [(1.0, 1.0), (2.0, 1.0), (1.0, 2.0)]
    with pytest.raises(ValueError, match="region 1 has a hole"):
        ov.Polygons([ring, [ring, hole]]).to_coco()
    with pytest.raises(ValueError, match="do not wrap"):
        ov.Polygons([ring], period=(360.0, 360.0)).to_coco()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools
def test_run_lengths_go_into_json():
    from pycocotools import mask as coco

    cells = np.random.default_rng(1).random((3, 9, 11)) < 0.4
    masks = ov.Masks(cells)
    rles = json.loads(json.dumps(masks.to_rle()))
    assert rles == masks.to_rle()
    assert all(isinstance(rle["counts"], str) for rle in rles)
    np.testing.assert_array_equal(np.moveaxis(coco.decode(rles), 2, 0), cells)
    as_bytes = [{**rle, "counts": rle["counts"].encode()} for rle in rles]
    assert ov.Masks.from_rle(as_bytes) == ov.Masks.from_rle(rles) == masks
    assert ov.Masks.from_rle([rles[0], as_bytes[1]]) == masks[:2]


@pytest.mark.reference
def test_segmentations_of_coco(reference_data):
    """Areas are those of shapely, and near those that COCO counted in pixels."""
    folder = reference_data / "boxes" / "coco_val2014_100"
    path = next(p for p in sorted(folder.glob("*.json")) if '"annotations"' in p.read_text())
    annotations = [
        a
        for a in json.loads(path.read_text())["annotations"]
        if isinstance(a["segmentation"], list)
    ]
    assert len(annotations) > 800
    polygons = ov.Polygons.from_coco([a["segmentation"] for a in annotations])
    wanted = [
        shapely.union_all(
            [shapely.make_valid(shapely.Polygon(np.reshape(part, (-1, 2)))) for part in parts]
        ).area
        for parts in (a["segmentation"] for a in annotations)
    ]
    off = np.abs(polygons.measure() - wanted) / np.maximum(wanted, 1.0)
    assert np.quantile(off, 0.9) < 1e-12
    assert off.max() < 0.01  # rings that cross themselves: even-odd against another repair
