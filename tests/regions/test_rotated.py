"""Rotated boxes: constructors, batches, and what they share with other kinds."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

import overlap as ov

from .rotated_pairs import general

pytestmark = pytest.mark.kernels

INTERPRETED = bool(numba.config.DISABLE_JIT)

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


def test_corners_of_norectangle() -> None:
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
        (lambda: ov.RotatedBoxes([[0, 0, 1.7e308, 1.7e308, 0]]), "w.0. = 1.7e.308 is beyond"),
        (lambda: ov.RotatedBoxes.from_degrees([[0, 0, 1, 1, 0]], towards="up"),
         r"towards = 'up'; say '\+y' or '-y'"),
        (lambda: ov.RotatedBoxes.from_convention([[0, 0, 1, 1, 0]], "dota"),
         "'dota' is none of le90, le135, oc, opencv"),
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
    found, truth = (ov.RotatedBoxes(general(rng, 20) * [0.5, 0.5, 1, 1, 1]) for _ in range(2))
    grid = ov.Grid(shape=(300, 300), spacing=(0.03, 0.03), origin=(-4.5, -4.5))
    masks = [ov.Masks.from_regions(boxes, grid) for boxes in (found, truth)]
    np.testing.assert_allclose(ov.iou(*masks), ov.iou(found, truth), atol=0.03)


@pytest.mark.slow  # to compile
def test_two_cars_parked_perpendicular() -> None:
    """Their axis-aligned boxes overlap, they themselves do not."""
    # The second stands across, ten centimeters in front of the first.
    c, s = 3.25 * math.cos(0.8), 3.25 * math.sin(0.8)
    cars = ov.RotatedBoxes([[0.0, 0.0, 4.5, 1.8, 0.8], [c, s, 4.5, 1.8, 0.8 + math.pi / 2]])
    assert ov.iou(cars[0], cars[1])[0] == 0.0
    assert ov.nms(cars.to_boxes(), [0.9, 0.8], 0.1).index.tolist() == [0]
    assert ov.nms(cars, [0.9, 0.8], 0.1).index.tolist() == [0, 1]


@pytest.mark.slow  # to compile
def test_parts_reach_from_both_ends_of_the_bounding_box() -> None:
    rng = np.random.default_rng(6)
    found, truth = (ov.RotatedBoxes(general(rng, 8 if INTERPRETED else 70)) for _ in range(2))
    iou = ov.iou.pairwise(found, truth)
    a, b = found.measure()[:, None], truth.measure()
    share = iou * (a + b) / (1.0 + iou) / a
    reach = np.vectorize(found.reach_share)(share) - 1e-12
    (low, high), (other_low, other_high) = found.bounds(), truth.bounds()
    inside = reach * (high - low)[:, :, None]
    met = share > 0.0
    assert (other_high[:, None] > low[:, :, None] + inside)[:, met].all()
    assert (other_low[:, None] < high[:, :, None] - inside)[:, met].all()
    assert met.sum() > 5


@pytest.mark.slow  # to compile
@pytest.mark.parametrize("offset", [0.0, 1e9])
@pytest.mark.parametrize("threshold", [0.1, 1.0 / 3.0, 0.5, 0.8])
def test_suppression_looks_at_enough(threshold: float, offset: float) -> None:
    """Against all scores: in large groups, only boxes in cells nearby are looked at."""
    rng = np.random.default_rng(7)
    count = 270 if INTERPRETED else 900
    table = np.repeat(rng.integers(0, 40, (count // 3, 5)), 3, axis=0).astype(float)
    table[:, 2:4] = 1.0 + table[:, 2:4] % 8.0
    table[:, 4] %= 24.0  # below four turns
    table[1::3, 0] += table[1::3, 2] / 3.0  # moved by a third of the width: an IoU of a half
    table[2::3, 4] += 0.3
    table[:, :2] += offset
    boxes, confidence = ov.RotatedBoxes(table), rng.permutation(count)
    scores = ov.iou.pairwise(boxes, boxes)
    kept: list[int] = []
    for k in np.argsort(-confidence).tolist():
        if not (scores[k, kept] > threshold).any():
            kept.append(k)
    assert ov.nms(boxes, confidence, threshold).index.tolist() == kept
