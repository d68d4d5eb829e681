"""Rotated boxes: exact arithmetic, hard cases, another program, constructors, gradients."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import numba
import numpy as np
import pytest

import overlap as ov
from overlap.testing import central_difference

pytestmark = pytest.mark.kernels

INTERPRETED = bool(numba.config.DISABLE_JIT)


# ------------------------------------------------------------------------- random pairs


def _general(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return random boxes, shape (n, 5), of which most pairs intersect."""
    return np.column_stack(
        [rng.uniform(-2.0, 2.0, (n, 2)), rng.uniform(0.2, 4.0, (n, 2)), rng.uniform(-7.0, 7.0, n)]
    )


def _moved(table: np.ndarray, along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Return boxes moved by lengths in their own directions."""
    c, s = np.cos(table[:, 4]), np.sin(table[:, 4])
    result = table.copy()
    result[:, 0] += c * along - s * across
    result[:, 1] += s * along + c * across
    return result


def _pairs(rng: np.random.Generator, n: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return n pairs of every class that has troubled an implementation."""
    a = _general(rng, n)
    pairs = {"general": (a, _general(rng, n)), "identical": (a, a.copy())}
    jitter = 10.0 ** rng.uniform(-15, -3, (n, 1)) * rng.standard_normal((n, 5))
    pairs["jittered"] = (a, a * (1.0 + jitter) + jitter * [1, 1, 0, 0, 1])
    zero = np.zeros(n)
    quarters = rng.integers(-4, 5, n) * (math.pi / 2)
    edge = _moved(a, a[:, 2] * rng.choice([0.0, 0.5, 1.0], n), zero)
    pairs["shared edges"] = (a, edge)
    corner = _moved(a, a[:, 2] * rng.choice([-1, 0, 1], n), a[:, 3] * rng.choice([-1, 0, 1], n))
    corner[:, 4] += quarters
    pairs["shared corners"] = (a, corner)
    turned = a.copy()
    turned[:, 4] += rng.uniform(-1e-9, 1e-9, n) * rng.choice([0.0, 1e-6, 1.0], n) + quarters
    turned[:, 2:4] *= rng.choice([0.5, 1.0, 2.0], (n, 1))
    pairs["one center, nearly one angle"] = (a, turned)
    thin, other = _general(rng, n), _general(rng, n)
    thin[:, 3] *= 10.0 ** rng.uniform(-9, -3, n)
    other[:, 3] *= 10.0 ** rng.uniform(-9, -3, n)
    pairs["crossing slivers"] = (thin, other)
    near = thin.copy()
    size = 10.0 ** rng.uniform(-1, 1, n) * thin[:, 3]
    near[:, 4] += rng.standard_normal(n) * size / thin[:, 2]
    near = _moved(near, 0.3 * thin[:, 2] * rng.standard_normal(n), size * rng.standard_normal(n))
    pairs["nearly parallel slivers"] = (thin, near)
    far = rng.uniform(-1e7, 1e7, (n, 2))
    one, two = _general(rng, n), _general(rng, n)
    one[:, :2] += far
    two[:, :2] += far
    pairs["far from the origin"] = (one, two)
    return pairs


# ------------------------------------------------------------------ exact rational areas

Polygon = list[tuple[Fraction, Fraction]]


def _rectangle(boxes: ov.RotatedBoxes, k: int) -> Polygon:
    """Return the exact corners from the float64 center, sides, cos and sin."""
    x, y, w, h, _, c, s, _ = (Fraction(float(column[k])) for column in boxes.kernel_columns())
    return [
        (x + c * u * w / 2 - s * v * h / 2, y + s * u * w / 2 + c * v * h / 2)
        for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def _cross(p, q, r) -> Fraction:
    return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])


def _area(polygon: Polygon) -> Fraction:
    following = polygon[1:] + polygon[:1]
    pairs = zip(polygon, following, strict=True)
    return sum((p[0] * q[1] - q[0] * p[1] for p, q in pairs), Fraction(0)) / 2


def _clipped(polygon: Polygon, by: Polygon) -> Polygon:
    """Return the part of a convex polygon inside another (Sutherland and Hodgman 1974)."""
    for p, q in zip(by, by[1:] + by[:1], strict=True):
        sides = [_cross(p, q, r) for r in polygon]
        kept: Polygon = []
        for k, r in enumerate(polygon):
            before, side = sides[k - 1], sides[k]
            if before * side < 0:
                t, u = before / (before - side), polygon[k - 1]
                kept.append((u[0] + t * (r[0] - u[0]), u[1] + t * (r[1] - u[1])))
            if side >= 0:
                kept.append(r)
        polygon = kept
    return polygon


def _hull(points: Polygon) -> Polygon:
    points = sorted(set(points))

    def chain(order: Polygon) -> Polygon:
        result: Polygon = []
        for r in order:
            while len(result) > 1 and _cross(result[-2], result[-1], r) <= 0:
                result.pop()
            result.append(r)
        return result[:-1]

    return chain(points) + chain(points[::-1])


def _exact(a: ov.RotatedBoxes, b: ov.RotatedBoxes) -> tuple[np.ndarray, np.ndarray]:
    """Return IoU and GIoU of pairs by rational clipping, rounded once."""
    iou, giou = [], []
    for k in range(len(a)):
        one, two = _rectangle(a, k), _rectangle(b, k)
        shared = _area(_clipped(one, two))
        union = _area(one) + _area(two) - shared
        hull = _area(_hull(one + two))
        iou.append(shared / union)
        giou.append(shared / union - (hull - union) / hull)
    return np.array(iou, float), np.array(giou, float)


@pytest.mark.parametrize("name", list(_pairs(np.random.default_rng(0), 1)))
def test_random_pairs(name: str) -> None:
    """No NaN, nothing out of range and no asymmetry to the bit."""
    count = 100 if INTERPRETED else 23_000
    found, truth = map(ov.RotatedBoxes, _pairs(np.random.default_rng(1), count)[name])
    for score, low in ((ov.iou, 0.0), (ov.giou, -1.0)):
        value = score(found, truth)
        assert value.min() >= low  # false for NaN as well
        assert value.max() <= 1.0
        np.testing.assert_array_equal(value, score(truth, found))
    terms, exchanged = ov.terms(found, truth), ov.terms(truth, found)
    for term in ("intersection", "hull", "center_gap2", "diameter2"):
        np.testing.assert_array_equal(getattr(terms, term), getattr(exchanged, term), term)
    np.testing.assert_array_equal(terms.measure_a, exchanged.measure_b)
    if name == "identical":
        assert (ov.giou(found, truth) == 1.0).all()


@pytest.mark.parametrize("name", list(_pairs(np.random.default_rng(0), 1)))
def test_against_fractions(name: str) -> None:
    """Within 1e-14 of exact clipping, slivers of aspect up to 1e9 included.

    Exact are the rectangles that the float64 center, sides, cos and sin stand for. What
    rounding of the angle itself does to a sliver is no error of the area: at an aspect of
    1e9 the last bit of cos moves its far end by a ten-millionth of its width.
    """
    found, truth = map(ov.RotatedBoxes, _pairs(np.random.default_rng(2), 25)[name])
    iou, giou = _exact(found, truth)
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


def test_against_shapely() -> None:
    import shapely

    rng = np.random.default_rng(3)
    count = 200 if INTERPRETED else 20_000
    found, truth = (ov.RotatedBoxes(_general(rng, count)) for _ in range(2))
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


# ------------------------------------------------------------------------- constructors

FOUR = ov.RotatedBoxes(
    [[1.0, 2.0, 4.0, 2.0, 0.3], [0.0, 0.0, 3.0, 1.0, -1.2], [5.0, -1.0, 2.0, 2.0, 0.0],
     [-3.0, 1.0, 6.0, 0.5, 1.1]], unit="px",
)  # fmt: skip


def test_angles() -> None:
    right, degrees = math.pi / 6, [[0.0, 0.0, 4.0, 1.0, 30.0]]
    up, down = (ov.RotatedBoxes([[0.0, 0.0, 4.0, 1.0, angle]]) for angle in (right, -right))
    named = ov.RotatedBoxes.from_convention
    radians = up.to_array()
    for got, wanted in (
        (ov.RotatedBoxes.from_degrees(degrees, towards="+y"), up),
        (ov.RotatedBoxes.from_degrees(degrees, towards="-y"), down),
        (named(degrees, "opencv"), up),
        (named(degrees, "detectron2"), down),
        (named(radians, "mmcv"), up),
        (named(radians, "le90"), up),
        (named(radians, "le135"), up),
        (named(radians, "kitti"), down),
    ):
        np.testing.assert_allclose(got.to_array(), wanted.to_array(), rtol=1e-15)
    # Towards +y: the end of the width, at (2, 0) without an angle, is above.
    np.testing.assert_allclose(up.corners()[0, 1:3].mean(axis=0), [math.sqrt(3.0), 1.0])
    assert named(radians, "mmcv", unit="m").unit == "m"


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("le90", -math.pi / 2, math.pi / 2), ("le135", -math.pi / 4, 3 * math.pi / 4)],
)
def test_ranges_of_conventions(name: str, low: float, high: float) -> None:
    build = ov.RotatedBoxes.from_convention
    assert len(build([[0, 0, 2, 1, low], [0, 0, 1, 1, np.nextafter(high, 0)]], name)) == 2
    for row in ([0, 0, 1, 2, 0], [0, 0, 2, 1, high], [0, 0, 2, 1, low - 0.01]):
        with pytest.raises(ValueError, match=f"box 1 is not in {name}: its width must be the lon"):
            build([[0, 0, 2, 1, 0], row], name)
        assert len(build([row], "mmcv")) == 1


@pytest.mark.parametrize("start", range(4))
@pytest.mark.parametrize("step", [1, -1])
def test_corners_and_back(start: int, step: int) -> None:
    corners = FOUR.corners()[:, (start + step * np.arange(4)) % 4]
    for shape in (corners, corners.reshape(-1, 8)):
        back = ov.RotatedBoxes.from_corners(shape, unit="px")
        np.testing.assert_allclose(ov.iou(back, FOUR), 1.0, rtol=1e-14)
        sides = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)
        np.testing.assert_allclose(back.to_array()[:, 2], sides)
    if (start, step) == (0, 1):
        np.testing.assert_allclose(back.to_array(), FOUR.to_array(), rtol=1e-14, atol=1e-15)


def test_corners_of_no_rectangle() -> None:
    square = [[0, 0], [2, 0], [2, 1], [0, 1]]
    build = ov.RotatedBoxes.from_corners
    slanted = [[0, 0], [2, 0], [2.5, 1], [0.5, 1]]
    for bad in (slanted, [square[k] for k in (0, 2, 1, 3)], [[0, 0], [2, 0], [2, 1], [0, 1.001]]):
        with pytest.raises(ValueError, match="corners of box 1 are not those of a rectangle"):
            build([square, bad])
    with pytest.raises(ValueError, match=r"expected shape \(N, 4, 2\) or \(N, 8\), got \(1, 3, 2"):
        build([square[:3]])
    with pytest.raises(ValueError, match="corners of box 0 are not finite"):
        build([[[0, 0], [2, 0], [2, 1], [0, np.nan]]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ov.RotatedBoxes([[0, 0, 1, 1, 0], [0, 0, 1, -2, 0]]),
         r"h\[1\] = -2.0 is negative"),
        (lambda: ov.RotatedBoxes([[0, 0, -1, 1, 0]]), r"w\[0\] = -1.0 is negative"),
        (lambda: ov.RotatedBoxes([[0, 0, 1, 1, np.nan]]), r"angle\[0\] = nan is not finite"),
        (lambda: ov.RotatedBoxes([[0, 0, 1, 1]]), r"expected shape \(N, 5\) with columns cx, cy"),
        (lambda: ov.RotatedBoxes([[0, 0, 1.7e308, 1.7e308, 0]]), "diagonal of box 0 overflows"),
        (lambda: ov.RotatedBoxes.from_degrees([[0, 0, 1, 1, 0]], towards="up"),
         r"towards = 'up'; say '\+y' or '-y'"),
        (lambda: ov.RotatedBoxes.from_convention([[0, 0, 1, 1, 0]], "dota"),
         "'dota' is none of le90, le135, opencv"),
        (lambda: ov.RotatedBoxes.from_boxes(ov.Boxes([[0, 0, 0, 1, 1, 1]])), "got 3 axes"),
    ],
)  # fmt: skip
def test_bad_input(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_batches() -> None:
    assert eval(repr(FOUR), {"RotatedBoxes": ov.RotatedBoxes}) == FOUR
    assert ov.RotatedBoxes.concat([FOUR[:1], FOUR[1:]]) == FOUR
    assert FOUR[-1] == FOUR[3] == FOUR[[3]] == FOUR[np.array([False, False, False, True])]
    assert ov.RotatedBoxes(FOUR.to_array(), unit="px") == FOUR
    assert list(FOUR.to_frame().columns) == ["cx", "cy", "w", "h", "angle"]
    np.testing.assert_array_equal(FOUR.measure(), [8.0, 3.0, 4.0, 3.0])
    half = FOUR.scaled(0.5)
    np.testing.assert_array_equal(half.measure(), 0.25 * FOUR.measure())
    np.testing.assert_array_equal(half.to_array()[:, [0, 1, 4]], FOUR.to_array()[:, [0, 1, 4]])
    np.testing.assert_allclose(ov.coverage(half, FOUR), 1.0, rtol=1e-14)


def test_contains() -> None:
    inside, outside = (FOUR.scaled(ratio).corners() for ratio in (0.999, 1.001))
    for points, wanted in ((inside, True), (outside, False)):
        found = FOUR.contains(points.reshape(-1, 2))
        own = found[np.arange(16) // 4, np.arange(16)]
        assert (own == wanted).all()
    square = ov.RotatedBoxes([[0, 0, 2, 2, 0]])
    edges = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])
    np.testing.assert_array_equal(square.contains(edges), [[True, False, True, False]])


# ------------------------------------------------------------------------- other kinds


def _upright_pair(rng: np.random.Generator, n: int) -> list[ov.Boxes]:
    lower, size = rng.uniform(0, 4, (2, n, 2)), rng.uniform(0.5, 4, (2, n, 2))
    return [ov.Boxes(np.hstack(pair)) for pair in zip(lower, lower + size, strict=True)]


@pytest.mark.parametrize("quarters", [0, 1, 2, -1])
def test_boxes_are_rotated_boxes(quarters: int) -> None:
    boxes = _upright_pair(np.random.default_rng(4), 300)
    tables = [ov.RotatedBoxes.from_boxes(batch).to_array() for batch in boxes]
    for table in tables:
        table[:, 4] = quarters * (math.pi / 2)
        if quarters % 2:
            table[:, [2, 3]] = table[:, [3, 2]]
    rotated = list(map(ov.RotatedBoxes, tables))
    for score in (ov.iou, ov.dice):
        np.testing.assert_allclose(score(*rotated), score(*boxes), rtol=0, atol=2e-15)
    for batch, wanted in zip(rotated, boxes, strict=True):
        np.testing.assert_allclose(batch.to_boxes().to_array(), wanted.to_array(), atol=4e-15)


def test_masks_of_rotated_boxes() -> None:
    rng = np.random.default_rng(5)
    found, truth = (ov.RotatedBoxes(_general(rng, 20) * [0.5, 0.5, 1, 1, 1]) for _ in range(2))
    grid = ov.Grid(shape=(300, 300), spacing=(0.03, 0.03), origin=(-4.5, -4.5))
    masks = [ov.Masks.from_regions(boxes, grid) for boxes in (found, truth)]
    np.testing.assert_allclose(ov.iou(*masks), ov.iou(found, truth), atol=0.03)


def test_two_cars_parked_perpendicular() -> None:
    """Their axis-aligned boxes overlap, they themselves do not."""
    # The second stands across, ten centimeters in front of the first.
    c, s = 3.25 * math.cos(0.8), 3.25 * math.sin(0.8)
    cars = ov.RotatedBoxes([[0.0, 0.0, 4.5, 1.8, 0.8], [c, s, 4.5, 1.8, 0.8 + math.pi / 2]])
    assert ov.iou(cars[0], cars[1])[0] == 0.0
    assert ov.nms(cars.to_boxes(), [0.9, 0.8], 0.1).index.tolist() == [0]
    assert ov.nms(cars, [0.9, 0.8], 0.1).index.tolist() == [0, 1]


# ---------------------------------------------------------------------------- gradients

SMOOTH = {
    "iou": ov.iou,
    "giou": ov.giou,
    "diou": ov.diou,
    "ciou": ov.ciou(alpha_grad=True),
    "dice - 0.5 * center_gap": ov.dice - 0.5 * ov.center_gap,
}


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients(name: str) -> None:
    score, rng = SMOOTH[name], np.random.default_rng(6)
    found, truth = (ov.RotatedBoxes(_general(rng, 60 if INTERPRETED else 2000)) for _ in "ab")
    large = (found.measure() > 0.4) & (truth.measure() > 0.4)
    found, truth = found[large], truth[large]
    gradient = score.value_and_grad(found, truth)[1]
    wanted, smooth = central_difference(lambda boxes: score(boxes, truth), found)
    assert smooth.mean() > 0.9
    size = np.maximum(abs(wanted).max(axis=1, keepdims=True), 1e-3)
    error = (abs(gradient - wanted) / size)[smooth]
    assert np.quantile(error, 0.999) < 1e-6
    assert abs(gradient).max() > 0.1


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_at_ties(name: str) -> None:
    score = SMOOTH[name]
    pairs = _pairs(np.random.default_rng(7), 20 if INTERPRETED else 1000)
    boxes = ov.RotatedBoxes(pairs["identical"][0])
    np.testing.assert_allclose(score.value_and_grad(boxes, boxes)[1], 0.0, atol=1e-11)
    assert (score.value_and_grad(boxes, boxes)[1][:, 4] == 0.0).all()
    for kind in ("shared edges", "shared corners", "one center, nearly one angle"):
        found, truth = map(ov.RotatedBoxes, pairs[kind])
        for grad in score.value_and_grad(found, truth, wrt="both")[1]:
            assert np.isfinite(grad).all()
