"""Areas of rotated boxes: a million hard pairs, exact arithmetic, another program."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pytest

import overlap as ov
from overlap._kernels.loops import BLOCK_ROWS
from overlap._kernels.terms import Groups

from .rotated_pairs import CLASSES, exact, general, pairs

pytestmark = pytest.mark.kernels

INTERPRETED = bool(numba.config.DISABLE_JIT)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.slow  # to compile
def test_a_million_pairs(name: str) -> None:
    """No NaN, nothing out of range and no asymmetry to the bit, in any of 1,008,000 pairs."""
    count = 100 if INTERPRETED else 112_000
    found, truth = map(ov.RotatedBoxes, pairs(np.random.default_rng(1), count)[name])
    for score, low in ((ov.iou, 0.0), (ov.giou, -1.0), (ov.diou, -1.0)):
        value = score(found, truth)
        assert value.min() >= low  # false for NaN as well
        assert value.max() <= 1.0
        np.testing.assert_array_equal(value, score(truth, found))
    terms, exchanged = ov.terms(found, truth), ov.terms(truth, found)
    for term in ("intersection", "hull", "center_gap2", "diameter2"):
        np.testing.assert_array_equal(getattr(terms, term), getattr(exchanged, term), term)
    np.testing.assert_array_equal(terms.measure_a, exchanged.measure_b)
    assert (terms.intersection <= np.minimum(terms.measure_a, terms.measure_b)).all()
    if name == "identical":
        assert (ov.giou(found, truth) == 1.0).all()


@pytest.mark.parametrize("name", CLASSES)
def test_bounds_hold(name: str) -> None:
    """What sieves pairs is at least the intersection, to the bit: no pair is ever lost."""
    count = 60 if INTERPRETED else 20_000
    found, truth = map(ov.RotatedBoxes, pairs(np.random.default_rng(8), count)[name])
    index, geometry = np.arange(count), found.geometry()
    shared = ov.terms(found, truth).intersection
    for bound in (geometry.bound, geometry.tight_bound):
        block = np.zeros((BLOCK_ROWS + 4, count))
        bounded = replace(geometry, overlap=bound)
        found.fill_block(index, truth, index, bounded, Groups.OVERLAP, block)
        assert (block[2] >= shared).all()
    meets = getattr(geometry.meets, "py_func", geometry.meets)  # which takes whole columns, too
    met = meets(found.kernel_columns(), index, truth.kernel_columns(), index)
    assert not shared[~met].any()


@pytest.mark.slow  # to compile
def test_sieved_tables_are_those_of_pairs() -> None:
    """Rows with few, with many and without any pairs that may touch."""
    rng = np.random.default_rng(9)
    sizes = (7, 9) if INTERPRETED else (150, 203)
    table = [general(rng, n) for n in sizes]
    table[0][: sizes[0] // 2, :2] *= 40.0
    table[1][: sizes[1] // 2, :2] *= 40.0
    found, truth = map(ov.RotatedBoxes, table)
    for score in (ov.iou, ov.tversky(alpha=0.3, beta=0.6), ov.volumetric_similarity):
        rows = [score(found[k], truth) for k in range(len(found))]
        np.testing.assert_array_equal(score.pairwise(found, truth), rows)


def test_no_intersection_is_plus_zero() -> None:
    line, box = ov.RotatedBoxes([[0, 0, 2, 0, 0.3]]), ov.RotatedBoxes([[0, 0, 2, 1, 0.2]])
    assert not np.signbit(ov.iou(line, box)).any()


@pytest.mark.parametrize("name", CLASSES)
def test_against_fractions(name: str) -> None:
    """Within 1e-14 of exact clipping in 2,025 pairs, slivers of aspect up to 1e9 included.

    Exact are the rectangles that the float64 center, sides, cos and sin stand for. What
    rounding of the angle itself does to a sliver is no error of the area: at an aspect of
    1e9 the last bit of cos moves its far end by a ten-millionth of its width.
    """
    count = 25 if INTERPRETED else 225
    found, truth = map(ov.RotatedBoxes, pairs(np.random.default_rng(2), count)[name])
    iou, giou = exact(found, truth)
    np.testing.assert_allclose(ov.iou(found, truth), iou, rtol=0, atol=1e-14)
    np.testing.assert_allclose(ov.giou(found, truth), giou, rtol=0, atol=1e-14)


@pytest.mark.reference
def test_published_hard_cases(reference_data: Path) -> None:
    """Pairs from bug reports, against exact clipping of float64 corners."""
    path = reference_data / "boxes/rotated_hard_cases/rotated_hard_cases.json"
    cases = json.loads(path.read_text())
    assert len(cases) >= 9
    for case in cases:
        boxes = []
        for key in ("box_a", "box_b"):
            if case["angle_unit"] == "deg":
                boxes.append(ov.RotatedBoxes.from_degrees([case[key]], towards="+y"))
            else:
                boxes.append(ov.RotatedBoxes([case[key]]))
        wanted = case["iou_exact_f64_corners"]
        assert ov.iou(*boxes)[0] == pytest.approx(wanted, rel=0, abs=1e-9), case["source"]


@pytest.mark.parametrize("count", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_against_shapely(count: int) -> None:
    import shapely

    rng = np.random.default_rng(3)
    count = 200 if INTERPRETED else count
    found, truth = (ov.RotatedBoxes(general(rng, count)) for _ in range(2))
    shapes = [shapely.polygons(boxes.corners()) for boxes in (found, truth)]
    terms = ov.terms(found, truth)
    sizes = np.maximum(terms.measure_a, terms.measure_b)
    shared = shapely.area(shapely.intersection(*shapes))
    assert (abs(terms.intersection - shared) <= 1e-11 * sizes).all()
    hull = shapely.area(shapely.convex_hull(shapely.union_all(np.stack(shapes), axis=0)))
    np.testing.assert_allclose(terms.hull, hull, rtol=1e-11)
    points = np.concatenate([found.corners(), truth.corners()], axis=1)
    farthest = ((points[:, :, None] - points[:, None]) ** 2).sum(axis=3).max(axis=(1, 2))
    np.testing.assert_allclose(terms.diameter2, farthest, rtol=1e-11)


@pytest.mark.parametrize(
    "name",
    ["overlap", "shapely", "powerboxes", "sorted corners, float64", "sorted corners, float32"],
)
def test_programs_of_the_page(name: str) -> None:
    """The programs that docs/guides/rotated.md measures are called rightly: random pairs agree."""
    if name == "powerboxes":
        pytest.importorskip("powerboxes")
    page = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "rotated_peers.py"))
    a, b = pairs(np.random.default_rng(4), 60)["general"]
    wanted = exact(ov.RotatedBoxes(a), ov.RotatedBoxes(b))[0]
    assert (wanted > 0.0).sum() > 30
    room = 1e-5 if "float32" in name else 1e-13
    np.testing.assert_allclose(page["PROGRAMS"][name](a, b), wanted, rtol=0, atol=room)
