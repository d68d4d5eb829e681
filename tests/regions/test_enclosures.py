"""Enclosures to choose from: the axis-aligned box, the smallest rectangle, the convex hull."""

from __future__ import annotations

import math
from collections.abc import Callable

import numba
import numpy as np
import pytest
import shapely

import overlap as ov
from overlap.testing import central_difference

from .rotated_pairs import pairs

pytestmark = pytest.mark.kernels

INTERPRETED = bool(numba.config.DISABLE_JIT)
COUNT = 40 if INTERPRETED else 2000
NAMES = ("hull", "box", "min_rect")


def _boxes(rng: np.random.Generator, n: int) -> ov.Boxes:
    lower = rng.uniform(-1.5, 1.5, (n, 2))
    return ov.Boxes(np.hstack([lower, lower + rng.uniform(0.6, 3.0, (n, 2))]))


def _rotated(rng: np.random.Generator, n: int) -> ov.RotatedBoxes:
    center, size = rng.uniform(-2.0, 2.0, (n, 2)), rng.uniform(0.6, 4.0, (n, 2))
    return ov.RotatedBoxes(np.column_stack([center, size, rng.uniform(-7.0, 7.0, n)]))


def _upright(rng: np.random.Generator, n: int) -> ov.UprightBoxes:
    center, size = rng.uniform(-2.0, 2.0, (n, 3)), rng.uniform(0.6, 4.0, (n, 3))
    return ov.UprightBoxes(np.column_stack([center, size, rng.uniform(-7.0, 7.0, n)]))


def _corners(boxes: ov.RotatedBoxes | ov.Boxes) -> np.ndarray:
    if isinstance(boxes, ov.RotatedBoxes):
        return boxes.corners()
    x0, y0, x1, y1 = boxes.to_array().T
    return np.stack([np.stack([x0, x1, x1, x0], 1), np.stack([y0, y0, y1, y1], 1)], 2)


def _pair(kind: Callable, seed: int, n: int = COUNT) -> tuple:
    rng = np.random.default_rng(seed)
    return kind(rng, n), kind(rng, n)


# ------------------------------------------------------------------------------- known pairs

SQUARES = [0.0, 0.0, 1.0, 1.0], [2.0, 2.0, 3.0, 3.0]
# Union 2. Box 3 x 3; hull 9 without two triangles of 2; rectangle 3 sqrt 2 x sqrt 2.
KNOWN = {"box": (9.0, 18.0), "hull": (5.0, 18.0), "min_rect": (6.0, 20.0)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "kind", ["boxes", "rotated", pytest.param("upright", marks=pytest.mark.slow)]
)
def test_two_squares(kind: str, name: str) -> None:
    found, truth = (ov.Boxes([square]) for square in SQUARES)
    area, diameter2 = KNOWN[name]
    if kind != "boxes":
        found, truth = map(ov.RotatedBoxes.from_boxes, (found, truth))
    if kind == "upright":
        found, truth = (
            ov.UprightBoxes(np.insert(boxes.to_array(), [2, 4], [[5.0, 2.0]], axis=1))
            for boxes in (found, truth)
        )
        diameter2 += 4.0
    terms = ov.terms(found, truth, enclosure=name)
    high = 2.0 if kind == "upright" else 1.0
    np.testing.assert_allclose(terms.hull, area * high, rtol=1e-15)
    np.testing.assert_allclose(terms.diameter2, diameter2, rtol=1e-15)
    giou = ov.giou.with_enclosure(name)(found, truth)
    np.testing.assert_allclose(giou, -(area - 2.0) / area, rtol=1e-15)
    diou = ov.diou.with_enclosure(name)(found, truth)
    np.testing.assert_allclose(diou, -8.0 / diameter2, rtol=1e-15)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (_boxes, "hull"),
        pytest.param(_rotated, "min_rect", marks=pytest.mark.slow),
        pytest.param(_boxes, "min_rect", marks=pytest.mark.slow),
        pytest.param(_rotated, "box", marks=pytest.mark.slow),
        pytest.param(_upright, "box", marks=pytest.mark.slow),
    ],
)
def test_identical(kind: Callable, name: str) -> None:
    boxes = _pair(kind, 0)[0]
    terms = ov.terms(boxes, boxes, enclosure=name)
    if name != "box":
        np.testing.assert_array_equal(terms.hull, boxes.measure())
    np.testing.assert_array_equal(terms.center_gap2, 0.0)
    np.testing.assert_array_equal(terms.outside, 0.0)
    scores = [ov.diou, ov.iou - ov.enclosed_gap]
    scores += [] if name == "box" and kind is not _boxes else [ov.giou]
    if kind is not _upright:
        scores += [ov.ciou(alpha_grad=True)] + ([] if name == "hull" else [ov.eiou])
    for score in scores:
        value, grad = score.with_enclosure(name).value_and_grad(boxes, boxes)
        np.testing.assert_array_equal(value, 1.0)
        np.testing.assert_allclose(grad, 0.0, atol=1e-13)
        if kind is not _boxes:
            np.testing.assert_array_equal(grad[:, -1], 0.0)


# ------------------------------------------------------- against corners and shapely's shapes


@pytest.mark.parametrize("kind", [_boxes, _rotated])
def test_shapes(kind: Callable) -> None:
    found, truth = _pair(kind, 1)
    points = np.concatenate([_corners(found), _corners(truth)], axis=1)
    shapes = shapely.multipoints(points)
    for name, shape in (
        ("hull", shapely.convex_hull(shapes)),
        ("box", shapely.envelope(shapes)),
        ("min_rect", shapely.minimum_rotated_rectangle(shapes)),
    ):
        terms = ov.terms(found, truth, enclosure=name)
        np.testing.assert_allclose(terms.hull, shapely.area(shape), rtol=1e-12)
        ends = [shapely.get_coordinates(one) for one in shape]
        farthest = [((one[:, None] - one) ** 2).sum(axis=2).max() for one in ends]
        np.testing.assert_allclose(terms.diameter2, farthest, rtol=1e-12)
        gap = points[:, :4].mean(axis=1) - points[:, 4:].mean(axis=1)
        np.testing.assert_allclose(terms.center_gap2, (gap**2).sum(axis=1), rtol=1e-9)


def _projected(points: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Return the smallest and the largest ``u . point``, shape (2, N)."""
    along = np.einsum("npk,nk->np", points, u)
    return np.stack([along.min(axis=1), along.max(axis=1)])


@pytest.mark.parametrize("kind", [_boxes, _rotated])
def test_no_angle_gives_a_smaller_rectangle(kind: Callable) -> None:
    found, truth = _pair(kind, 2, min(COUNT, 300))
    points = np.concatenate([_corners(found), _corners(truth)], axis=1)
    best = np.full(len(found), np.inf)
    steps = 50 if INTERPRETED else 2000
    for angle in np.linspace(0.0, math.pi / 2, steps, endpoint=False):
        u = np.broadcast_to([math.cos(angle), math.sin(angle)], (len(found), 2))
        v = np.stack([-u[:, 1], u[:, 0]], axis=1)
        best = np.minimum(best, np.ptp(_projected(points, u), 0) * np.ptp(_projected(points, v), 0))
    area = ov.terms(found, truth, enclosure="min_rect").hull
    assert (area <= best * (1 + 1e-12)).all()
    assert (area >= best * (1 - 8.0 / steps)).all()


@pytest.mark.parametrize("name", [pytest.param("box", marks=pytest.mark.slow), "min_rect"])
def test_sides_of_the_rectangle(name: str) -> None:
    """Own widths and heights without a cover, then what both boxes cover of each side."""
    found, truth = _pair(_rotated, 3)
    terms = ov.terms(found, truth, enclosure=name)
    np.testing.assert_array_equal(terms.side_a[:, :2], found.to_array()[:, 2:4])
    np.testing.assert_array_equal(terms.side_b[:, :2], truth.to_array()[:, 2:4])
    np.testing.assert_array_equal(terms.cover[:, :2], 0.0)
    np.testing.assert_array_equal(terms.offset[:, :2], 0.0)
    points = np.concatenate([found.corners(), truth.corners()], axis=1)
    shapes = shapely.multipoints(points)
    shape = shapely.envelope(shapes) if name == "box" else shapely.oriented_envelope(shapes)
    sides = np.diff(shapely.get_coordinates(shape).reshape(-1, 5, 2)[:, :3], axis=1)
    directions = sides / np.linalg.norm(sides, axis=2, keepdims=True)
    wanted = []
    for u in directions.swapaxes(0, 1):
        (a0, a1), (b0, b1) = (_projected(batch.corners(), u) for batch in (found, truth))
        offset = abs((a0 + a1) - (b0 + b1)) / 2
        cover = np.maximum(a1, b1) - np.minimum(a0, b0)
        wanted.append(np.stack([a1 - a0, b1 - b0, cover, offset], axis=1))
    got = np.stack([terms.side_a, terms.side_b, terms.cover, abs(terms.offset)], axis=2)[:, 2:]
    wanted = np.stack(wanted, axis=1)
    first = abs(got - wanted).max(axis=(1, 2)) < 1e-9  # either side may come first
    wanted = np.where(first[:, None, None], wanted, wanted[:, ::-1])
    np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12)
    gap = (((wanted[..., 0] - wanted[..., 1]) / wanted[..., 2]) ** 2).sum(axis=1)
    np.testing.assert_allclose(ov.sides_gap.with_enclosure(name)(found, truth), gap, rtol=1e-9)
    assert (gap <= 2.0).all()


def test_outside_of_bounding_boxes() -> None:
    found, truth = _pair(_rotated, 4)
    own = [shapely.box(*batch.to_boxes().to_array().T) for batch in (found, truth)]
    whole = shapely.envelope(shapely.union(*own))
    wanted = shapely.area(shapely.difference(whole, shapely.union(*own)))
    terms = ov.terms(found, truth, enclosure="box")
    np.testing.assert_allclose(terms.outside, wanted, rtol=1e-9, atol=1e-12)
    # Boxes in space: their bounding boxes, measured one by one.
    solid = _pair(_upright, 4)
    planes = [batch.birdseye().to_boxes().to_array() for batch in solid]
    heights = [batch.heights().to_array() for batch in solid]
    boxes = [
        ov.Boxes(np.column_stack([plane[:, :2], z[:, 0], plane[:, 2:], z[:, 1]]))
        for plane, z in zip(planes, heights, strict=True)
    ]
    wanted = ov.terms(*boxes).outside
    terms = ov.terms(*solid, enclosure="box")
    np.testing.assert_allclose(terms.outside, wanted, rtol=1e-9, atol=1e-11)


# ------------------------------------------------------------------------------- other kinds


def test_boxes_are_rotated_boxes() -> None:
    boxes = _pair(_boxes, 5)
    rotated = tuple(map(ov.RotatedBoxes.from_boxes, boxes))
    for name in NAMES:
        scores = [ov.giou, ov.diou, ov.ciou, ov.iou - ov.enclosed_gap]
        for score in scores if name == "hull" else [*scores, ov.eiou]:
            score = score.with_enclosure(name)
            np.testing.assert_allclose(score(*rotated), score(*boxes), rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_upright_boxes_are_products(name: str) -> None:
    found, truth = _pair(_upright, 6)
    terms = ov.terms(found, truth, enclosure=name)
    plane = ov.terms(found.birdseye(), truth.birdseye(), enclosure=name)
    line = ov.terms(found.heights(), truth.heights())
    np.testing.assert_allclose(terms.hull, plane.hull * line.hull, rtol=1e-15)
    np.testing.assert_allclose(terms.diameter2, plane.diameter2 + line.diameter2, rtol=1e-15)
    if name != "hull":
        np.testing.assert_allclose(terms.cover[:, 4], line.hull, rtol=1e-15)
        np.testing.assert_array_equal(terms.cover[:, :4], plane.cover)


@pytest.mark.parametrize("kind", [_boxes, _rotated])
@pytest.mark.slow  # to compile
def test_order_of_enclosures(kind: Callable) -> None:
    found, truth = _pair(kind, 7)
    hull, box, rect = (ov.terms(found, truth, enclosure=name).hull for name in NAMES)
    assert (hull <= rect * (1 + 1e-14)).all()
    assert (rect <= box * (1 + 1e-14)).all()
    assert (hull < rect).mean() > 0.5
    assert (rect < box).mean() > 0.1
    gaps = [ov.aspect_gap.with_enclosure(name)(found, truth) for name in NAMES]
    np.testing.assert_array_equal(gaps[0], gaps[1])  # of the boxes, whatever is around them
    np.testing.assert_array_equal(gaps[0], gaps[2])


def test_refusals() -> None:
    rng = np.random.default_rng(8)
    solid = ov.Boxes([[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]])
    for name in ("hull", "min_rect"):
        with pytest.raises(TypeError, match=f"in 3 dimensions have no '{name}'.*in the plane"):
            ov.giou.with_enclosure(name)(solid, solid)
    for kind in (_boxes, _rotated, _upright):
        boxes = kind(rng, 2)
        with pytest.raises(TypeError, match=r"eiou.*has no sides"):
            ov.eiou.with_enclosure("hull")(boxes, boxes)
    with pytest.raises(TypeError, match=r"ciou.*have no width and height"):
        ov.ciou.with_enclosure("box")(boxes, boxes)


# ------------------------------------------------------------------------------- hard pairs


def _hard() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    result = pairs(np.random.default_rng(9), 20 if INTERPRETED else 1000)
    general, edges = result["general"], result["shared edges"]
    line, point = [1, 1, 1, 0, 1], [1, 1, 0, 0, 1]
    result["a line"] = (general[0] * line, general[1])
    result["two lines"] = (general[0] * line, general[1] * line)
    result["lines in a row"] = (edges[0] * line, edges[1] * line)
    result["a point"] = (edges[0] * point, edges[1])
    result["two points"] = (general[0] * point, general[1] * point)
    for scale in (1e100, 1e-100):
        result[f"times {scale:g}"] = tuple(t * [*[scale] * 4, 1] for t in general)
    result["far apart"] = (general[0], general[1] * [1e9, 1e9, 1, 1, 1])
    result["a tiny one"] = (general[0] * [1, 1, 1e-13, 1e-13, 1], general[1])
    return result


@pytest.mark.slow
@pytest.mark.parametrize("name", ["box", "min_rect"])
def test_hard_pairs(name: str) -> None:
    """In range, the same to the bit in either order, and finite gradients."""
    for kind, tables in _hard().items():
        found, truth = map(ov.RotatedBoxes, tables)
        empty = (found.measure() == 0) & (truth.measure() == 0)
        terms = ov.terms(found, truth, enclosure=name)
        assert (terms.hull >= terms.measure_a * (1 - 1e-12)).all(), kind
        assert (terms.hull >= terms.measure_b * (1 - 1e-12)).all(), kind
        sides = np.maximum(terms.side_a, terms.side_b)[:, 2:]
        assert (terms.cover[:, 2:] >= sides * (1 - 1e-12)).all(), kind
        for score in (ov.giou, ov.eiou, ov.ciou, ov.iou - ov.enclosed_gap):
            score = score.with_enclosure(name)
            value, grad = score.value_and_grad(found, truth)
            np.testing.assert_array_equal(np.isnan(value), empty, err_msg=kind)
            np.testing.assert_array_equal(score(truth, found), value, err_msg=kind)
            low, high = score.bounds(2)
            assert (value[~empty] >= low).all(), kind
            assert (value[~empty] <= high).all(), kind
            assert np.isfinite(grad).all(), kind
            assert np.isfinite(score.value_and_grad(truth, found)[1]).all(), kind


@pytest.mark.parametrize("name", ["box", "min_rect"])
def test_nested(name: str) -> None:
    """A box around another of the same angle is the smallest rectangle of both."""
    outer = _pair(_rotated, 10)[0]
    inner = outer.scaled(0.5)
    terms = ov.terms(outer, inner, enclosure=name)
    wanted = outer.measure() if name == "min_rect" else outer.to_boxes().measure()
    np.testing.assert_allclose(terms.hull, wanted, rtol=1e-14)


# -------------------------------------------------------------------------------- gradients

SCORES = {
    "iou": ov.iou,
    "giou": ov.giou,
    "diou": ov.diou,
    "eiou": ov.eiou,
    "ciou, alpha differentiated": ov.ciou(alpha_grad=True),
    "ciou": ov.ciou,
    "iou - enclosed_gap": ov.iou - ov.enclosed_gap,
    "dice - 0.5 * center_gap": ov.dice - 0.5 * ov.center_gap,
}
KINDS = {"boxes": _boxes, "rotated": _rotated, "upright": _upright}
CASES = [
    (kind, name, score)
    for kind in KINDS
    for name in NAMES
    for score in SCORES
    if not (score == "eiou" and name == "hull") and not ("ciou" in score and kind == "upright")
]
# What is tried at once: not a kind's own enclosure, and few of the slow ones to compile.
OWN = ("boxes", "box"), ("rotated", "hull"), ("upright", "hull")
BRIEF = [
    case if case[:2] == ("boxes", "hull") else pytest.param(*case, marks=pytest.mark.slow)
    for case in CASES
    if case[:2] not in OWN and (case[0] != "upright" or case[1:] == ("box", "iou - enclosed_gap"))
]


def _hold(kind: str, name: str, which: str, count: int) -> None:
    """Compare gradients with central differences."""
    score = SCORES[which].with_enclosure(name)
    found, truth = _pair(KINDS[kind], 11, count)

    def slope(boxes: ov.Regions) -> np.ndarray:
        w, h = (boxes.to_cxcywh() if kind == "boxes" else boxes.to_array())[:, 2:4].T
        return 2.0 / math.pi * np.arctan2(w, h)

    def function(boxes: ov.Regions) -> np.ndarray:
        if which != "ciou":
            return score(boxes, truth)
        # As published: alpha is a constant.
        before = (slope(found) - slope(truth)) ** 2
        alpha = before / (1.0 - ov.iou(found, truth) + before)
        gap = (slope(boxes) - slope(truth)) ** 2
        return ov.diou.with_enclosure(name)(boxes, truth) - alpha * gap

    value, gradient = score.value_and_grad(found, truth)
    np.testing.assert_array_equal(value, score(found, truth))
    wanted, smooth = central_difference(function, found)
    assert smooth.mean() > 0.95  # elsewhere a difference reaches across a kink
    size = np.maximum(abs(wanted).max(axis=1, keepdims=True), 1e-3)
    error = np.where(smooth, abs(gradient - wanted) / size, 0.0).max(axis=1)
    assert np.quantile(error, 0.999) < 1e-6
    assert abs(gradient).max() > 0.1


@pytest.mark.parametrize(("kind", "name", "score"), BRIEF)
def test_gradients(kind: str, name: str, score: str) -> None:
    _hold(kind, name, score, COUNT)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name", "score"), CASES)
def test_40_000_gradients(kind: str, name: str, score: str) -> None:
    _hold(kind, name, score, 40 if INTERPRETED else 40_000)


@pytest.mark.parametrize("name", [pytest.param("box", marks=pytest.mark.slow), "min_rect"])
@pytest.mark.parametrize("angle", [0.0, 0.3, math.pi / 2])
def test_half_to_each_side(name: str, angle: float) -> None:
    """Two boxes of one height in a row: moved across it, nothing changes to first order."""
    c, s = math.cos(angle), math.sin(angle)
    found = ov.RotatedBoxes([[0.0, 0.0, 2.0, 1.0, angle]])
    truth = ov.RotatedBoxes([[5.0 * c, 5.0 * s, 2.0, 1.0, angle]])
    (grad,) = ov.giou.with_enclosure(name).value_and_grad(found, truth)[1]
    if name == "min_rect" or angle != 0.3:
        # Union 4 in a rectangle of 7 x 1: along it the rectangle grows, half with the own height.
        np.testing.assert_allclose(grad[0] * c + grad[1] * s, 4.0 / 49.0, rtol=1e-12)
        np.testing.assert_allclose(grad[1] * c - grad[0] * s, 0.0, atol=1e-12)
        np.testing.assert_allclose(grad[3], 2.0 / 7.0 - 0.5 * 4.0 / 7.0, atol=1e-12)
    assert np.isfinite(grad).all()
