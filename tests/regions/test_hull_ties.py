"""Gradients at ties of convex hulls: the mean of both one-sided derivatives.

The reference is a plain program: hulls by the monotone chain, intersections by clipping, and
central differences, which at a tie are the mean of what is on both sides.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

import overlap as ov

pytestmark = pytest.mark.kernels

STEP = 1e-6
Points = list[tuple[float, float]]


def cross(o, p, q) -> float:
    return (p[0] - o[0]) * (q[1] - o[1]) - (p[1] - o[1]) * (q[0] - o[0])


def area(ring: Points) -> float:
    return 0.5 * sum(cross(ring[0], p, q) for p, q in itertools.pairwise(ring))


def hull(points: Points) -> Points:
    points = sorted(points)
    sides = []
    for way in (points, points[::-1]):
        chain: Points = []
        for p in way:
            while len(chain) > 1 and cross(chain[-2], chain[-1], p) <= 0.0:
                chain.pop()
            chain.append(p)
        sides += chain[:-1]
    return sides


def shared(one: Points, other: Points) -> float:
    """Return the area that any ring shares with a convex one."""
    for p, q in zip(other, other[1:] + other[:1], strict=True):
        kept: Points = []
        for u, v in zip(one, one[1:] + one[:1], strict=True):
            a, b = cross(p, q, u), cross(p, q, v)
            if a >= 0.0:
                kept.append(u)
            if (a > 0.0 > b) or (a < 0.0 < b):
                t = a / (a - b)
                kept.append((u[0] + t * (v[0] - u[0]), u[1] + t * (v[1] - u[1])))
        one = kept
        if not one:
            return 0.0
    return area(one)


def plain_giou(one: Points, other: Points) -> float:
    common = shared(one, other)
    union, around = area(one) + area(other) - common, area(hull(one + other))
    return common / union - (around - union) / around


def plain_diou(one: Points, other: Points) -> float:
    """Return the DIoU of regions whose centers are the means of their corners."""
    common = shared(one, other)
    far = max(math.dist(p, q) for p in one + other for q in one + other)
    gap = math.dist(np.mean(one, axis=0), np.mean(other, axis=0))
    return common / (area(one) + area(other) - common) - (gap / far) ** 2


def rotated(row: np.ndarray) -> Points:
    x, y, w, h, angle = map(float, row)
    c, s = math.cos(angle), math.sin(angle)
    return [
        (x + c * u * w / 2 - s * v * h / 2, y + s * u * w / 2 + c * v * h / 2)
        for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def upright(row: np.ndarray) -> Points:
    x0, y0, x1, y1 = map(float, row)
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def differences(score: Callable, points: Callable, one: np.ndarray, other: np.ndarray) -> list:
    result = []
    for k in range(one.size):
        ends = []
        for sign in (1.0, -1.0):
            moved = one.copy()
            moved.flat[k] += sign * STEP
            ends.append(score(points(moved), points(other)))
        result.append((ends[0] - ends[1]) / (2.0 * STEP))
    return result


def tied_boxes(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return pairs on a grid of halves, shape (2, n, 5): corners and sides in common."""
    angles = [0.0, 0.0, math.pi / 2, math.pi, math.pi / 4]
    return np.stack(
        [
            rng.choice([1.0, 1.5, 2.0, 2.5, 3.0], (2, n)),
            rng.choice([1.0, 1.5, 2.0, 2.5], (2, n)),
            rng.choice([1.0, 2.0, 3.0], (2, n)),
            rng.choice([1.0, 1.5, 2.0], (2, n)),
            rng.choice(angles, (2, n)),
        ],
        2,
    )


def turned(table: np.ndarray, by: float) -> np.ndarray:
    c, s = math.cos(by), math.sin(by)
    x, y = table[..., 0], table[..., 1]
    return np.stack(
        [c * x - s * y, s * x + c * y, table[..., 2], table[..., 3], table[..., 4] + by], -1
    )


def hold(kind, score, plain, points, found: np.ndarray, truth: np.ndarray) -> None:
    grad = score.value_and_grad(kind(found), kind(truth))[1]
    for k in range(len(found)):
        wanted = differences(plain, points, found[k], truth[k])
        np.testing.assert_allclose(grad[k], wanted, atol=1e-4, err_msg=f"{found[k]} {truth[k]}")


@pytest.mark.parametrize("by", [0.0, 0.3])
@pytest.mark.slow  # to compile
def test_rotated_boxes(by: float) -> None:
    found, truth = turned(tied_boxes(np.random.default_rng(0), 150), by)
    for score, plain in ((ov.giou, plain_giou), (ov.diou, plain_diou)):
        hold(ov.RotatedBoxes, score, plain, rotated, found, truth)
        hold(ov.RotatedBoxes, score, plain, rotated, truth[:9], truth[:9])  # identical


def test_boxes() -> None:
    rng = np.random.default_rng(1)
    lower = rng.choice([0.0, 0.5, 1.0, 2.0], (2, 100, 2))
    found, truth = np.concatenate([lower, lower + rng.choice([1.0, 1.5, 2.0], (2, 100, 2))], 2)
    for score, plain in ((ov.giou, plain_giou), (ov.diou, plain_diou)):
        hold(ov.Boxes, score.with_enclosure("hull"), plain, upright, found, truth)


@pytest.mark.slow  # to compile
def test_seen_from_the_truth_and_in_products() -> None:
    found, truth = (ov.RotatedBoxes(table) for table in tied_boxes(np.random.default_rng(2), 60))
    both = ov.giou.value_and_grad(found, truth, wrt="both")[1]
    np.testing.assert_array_equal(both[0], ov.giou.value_and_grad(found, truth)[1])
    np.testing.assert_array_equal(both[1], ov.giou.value_and_grad(truth, found)[1])
    a, b = (
        ov.UprightBoxes(np.insert(np.insert(boxes.to_array(), 2, 0.0, axis=1), 5, 2.0, axis=1))
        for boxes in (found, truth)
    )
    grad = ov.giou.value_and_grad(a, b)[1]  # of equal heights, those of the plane
    np.testing.assert_allclose(grad[:, [0, 1, 3, 4, 6]], both[0], atol=1e-12)


def test_mirrored_pairs_have_mirrored_gradients() -> None:
    """The first pair is symmetric about a diagonal, so that the angle has no derivative."""
    one = ov.RotatedBoxes([[2.0, 2.0, 2.0, 2.0, 0.0]])
    other = ov.RotatedBoxes([[1.5, 1.5, 1.0, 1.0, 0.0]])
    grad = ov.giou.value_and_grad(one, other)[1][0]
    np.testing.assert_allclose(grad, [-0.21875, -0.21875, -0.015625, -0.015625, 0.0], atol=1e-15)
    found, truth = tied_boxes(np.random.default_rng(3), 100)
    mirror = np.array([-1.0, 1.0, 1.0, 1.0, -1.0])
    grad, mirrored = (
        ov.giou.value_and_grad(ov.RotatedBoxes(a), ov.RotatedBoxes(b))[1]
        for a, b in ((found, truth), (found * mirror, truth * mirror))
    )
    np.testing.assert_allclose(mirrored, grad * mirror, atol=1e-12)


def convex_rings(rng: np.random.Generator) -> np.ndarray:
    x, y = rng.choice([0.0, 0.5, 1.0, 2.0], 2)
    w, h = rng.choice([1.0, 1.5, 2.0, 3.0], 2)
    rings = (
        [(x, y), (x + w, y), (x + w, y + h), (x, y + h)],
        [(x, y), (x + w, y), (x, y + h)],
        [(x, y), (x + w, y), (x + w, y + h / 2), (x + w / 2, y + h), (x, y + h)],
        [(x + w / 2, y), (x + w, y + h / 2), (x + w / 2, y + h), (x, y + h / 2)],
    )
    return np.array(rings[rng.integers(0, len(rings))])


@pytest.mark.parametrize("period", [None, (50.0, 50.0)], ids=["plane", "torus"])
@pytest.mark.parametrize("by", [0.0, 0.3])
def test_polygons(by: float, period) -> None:
    """Every vertex alone, whether corners, sides or all are in common."""
    rng = np.random.default_rng(4)
    c, s = math.cos(by), math.sin(by)
    score = ov.giou.with_enclosure("hull")
    for n in range(80):
        a, b = (convex_rings(rng) @ np.array([[c, s], [-s, c]]) for _ in "ab")
        b = a if n % 8 == 0 else b
        at = (0.0, 0.0) if period is None else (49.0, -1.5)  # across both seams
        found, truth = (ov.Polygons([ring + at], period=period) for ring in (a, b))
        grad = score.value_and_grad(found, truth)[1]
        wanted = differences(plain_giou, lambda ring: list(map(tuple, ring)), a, b)
        np.testing.assert_allclose(grad.ravel(), wanted, atol=1e-4, err_msg=f"{a} {b}")


def test_a_vertex_of_one_polygon_on_a_side_of_the_other() -> None:
    five = [(1.0, 1.0), (3.0, 1.0), (3.0, 2.0), (2.0, 3.0), (1.0, 3.0)]
    square = [(1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 2.0)]
    grad = ov.giou.value_and_grad(ov.Polygons([five]), ov.Polygons([square]))[1]
    assert abs(grad[1, 1]) < 1e-15
    mirrored = grad[[0, 4, 3, 2, 1]][:, ::-1]  # about the diagonal
    np.testing.assert_allclose(grad, mirrored, atol=1e-15)


def test_vertices_of_one_polygon_in_line_move_together() -> None:
    """More vertices along a straight side change nothing: the corners have all of the gradient."""
    plain = ov.Polygons([[(0.0, 0.0), (4.0, 0.0), (4.0, 3.0), (0.0, 3.0)]])
    more = ov.Polygons([[(0.0, 0.0), (1.0, 0.0), (3.0, 0.0), (4.0, 0.0), (4.0, 3.0), (0.0, 3.0)]])
    other = ov.Polygons([[(6.0, 1.0), (7.0, 1.0), (7.0, 2.0)]])
    score = -1.0 * ov.enclosure_gap
    few, many = (score.value_and_grad(found, other)[1] for found in (plain, more))
    # less what the area itself changes by, which the vertices between share
    np.testing.assert_allclose(many.sum(axis=0), few.sum(axis=0), atol=1e-15)
    np.testing.assert_allclose(many[4:], few[2:], atol=1e-15)
