"""Gradients at ties of smallest rectangles: the mean of both one-sided derivatives.

The reference is a plain program: a rectangle along every side of the convex hull, and central
differences, which at a tie are the mean of what is on both sides.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import overlap as ov

from .test_hull_ties import (
    Points,
    area,
    differences,
    hull,
    rotated,
    shared,
    tied_boxes,
    turned,
    upright,
)

pytestmark = [pytest.mark.kernels, pytest.mark.slow]  # to compile

GIOU, DIOU, EIOU = (score.with_enclosure("min_rect") for score in (ov.giou, ov.diou, ov.eiou))
JUMP = 1e3  # a larger difference is that of two rectangles, not a slope


def extent(points: Points, u: float, v: float) -> float:
    along = [u * x + v * y for x, y in points]
    return max(along) - min(along)


def smallest(points: Points) -> tuple[float, float, float, float]:
    """Return the direction of a smallest rectangle and its sides along and across it."""
    ring, found = hull(points), []
    for p, q in zip(ring, ring[1:] + ring[:1], strict=True):
        length = math.dist(p, q)
        if length > 1e-12:
            u, v = (q[0] - p[0]) / length, (q[1] - p[1]) / length
            found.append((u, v, extent(points, u, v), extent(points, -v, u)))
    return min(found, key=lambda rect: rect[2] * rect[3])


def areas(one: Points, other: Points) -> tuple[float, float]:
    """Return the shared area and that of the union."""
    common = shared(one, other)
    return common, area(one) + area(other) - common


def plain_giou(one: Points, other: Points) -> float:
    common, union = areas(one, other)
    _, _, w, h = smallest(one + other)
    return common / union - (w * h - union) / (w * h)


def plain_diou(one: Points, other: Points) -> float:
    common, union = areas(one, other)
    _, _, w, h = smallest(one + other)
    gap = math.dist(np.mean(one, axis=0), np.mean(other, axis=0))
    return common / union - gap**2 / (w * w + h * h)


def plain_eiou(one: Points, other: Points) -> float:
    u, v, w, h = smallest(one + other)
    along = extent(one, u, v) - extent(other, u, v)
    across = extent(one, -v, u) - extent(other, -v, u)
    return plain_diou(one, other) - (along / w) ** 2 - (across / h) ** 2


def hold(kind, score, plain, points, found: np.ndarray, truth: np.ndarray) -> None:
    grad = score.value_and_grad(kind(found), kind(truth))[1]
    assert np.isfinite(grad).all()
    compared = 0
    for k in range(len(found)):
        wanted = differences(plain, points, found[k], truth[k])
        if score is GIOU or max(map(abs, wanted)) < JUMP:
            np.testing.assert_allclose(grad[k], wanted, atol=1e-4, err_msg=f"{found[k]} {truth[k]}")
            compared += 1
    assert compared > 0.95 * len(found)


@pytest.mark.parametrize("by", [0.0, 0.3])
def test_rotated_boxes(by: float) -> None:
    found, truth = turned(tied_boxes(np.random.default_rng(0), 150), by)
    for score, plain in ((GIOU, plain_giou), (DIOU, plain_diou), (EIOU, plain_eiou)):
        hold(ov.RotatedBoxes, score, plain, rotated, found, truth)
        hold(ov.RotatedBoxes, score, plain, rotated, truth[:9], truth[:9])  # identical


def test_boxes() -> None:
    rng = np.random.default_rng(1)
    lower = rng.choice([0.0, 0.5, 1.0, 2.0, 3.0], (2, 150, 2))
    found, truth = np.concatenate([lower, lower + rng.choice([1.0, 1.5, 2.0], (2, 150, 2))], 2)
    for score, plain in ((GIOU, plain_giou), (DIOU, plain_diou), (EIOU, plain_eiou)):
        hold(ov.Boxes, score, plain, upright, found, truth)


def test_several_rectangles() -> None:
    """Around squares with one center, a regular octagon with two of them; around a row, one."""
    found = np.array([[0.0, 0.0, 2.0, 2.0, angle] for angle in (0.0, 0.1, 0.0)])
    truth = found.copy()
    truth[:2, 4] += math.pi / 4
    truth[2, :2] += 1.5
    for score, plain in ((GIOU, plain_giou), (DIOU, plain_diou), (EIOU, plain_eiou)):
        hold(ov.RotatedBoxes, score, plain, rotated, found, truth)


def test_seen_from_the_truth_and_in_products() -> None:
    found, truth = (ov.RotatedBoxes(table) for table in tied_boxes(np.random.default_rng(2), 60))
    both = GIOU.value_and_grad(found, truth, wrt="both")[1]
    np.testing.assert_array_equal(both[0], GIOU.value_and_grad(found, truth)[1])
    np.testing.assert_array_equal(both[1], GIOU.value_and_grad(truth, found)[1])
    a, b = (
        ov.UprightBoxes(np.insert(np.insert(boxes.to_array(), 2, 0.0, axis=1), 5, 2.0, axis=1))
        for boxes in (found, truth)
    )
    grad = GIOU.value_and_grad(a, b)[1]  # of equal heights, those of the plane
    np.testing.assert_allclose(grad[:, [0, 1, 3, 4, 6]], both[0], atol=1e-12)


def test_mirrored_pairs_have_mirrored_gradients() -> None:
    """The first pair is symmetric about a diagonal, so that the angle has no derivative."""
    one = ov.RotatedBoxes([[2.0, 2.0, 2.0, 2.0, 0.0]])
    other = ov.RotatedBoxes([[1.5, 1.5, 1.0, 1.0, 0.0]])
    grad = GIOU.value_and_grad(one, other)[1][0]
    np.testing.assert_allclose(grad, [-0.28125, -0.28125, 0.015625, 0.015625, 0.0], atol=1e-15)
    found, truth = tied_boxes(np.random.default_rng(3), 100)
    mirror = np.array([-1.0, 1.0, 1.0, 1.0, -1.0])
    grad, mirrored = (
        GIOU.value_and_grad(ov.RotatedBoxes(a), ov.RotatedBoxes(b))[1]
        for a, b in ((found, truth), (found * mirror, truth * mirror))
    )
    np.testing.assert_allclose(mirrored, grad * mirror, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_sizes_near_the_limits(scale: float) -> None:
    """Gradients go with 1 / scale, and that of the angle stays."""
    rows = tied_boxes(np.random.default_rng(4), 60)
    large = rows * [scale, scale, scale, scale, 1.0]
    grad, scaled = (GIOU.value_and_grad(*map(ov.RotatedBoxes, table))[1] for table in (rows, large))
    scaled = scaled * [scale, scale, scale, scale, 1.0]
    np.testing.assert_allclose(scaled, grad, atol=1e-12)
