"""Pairs of rotated boxes of every class that has troubled a program, and their exact areas."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

import overlap as ov

__all__ = ["CLASSES", "area_of", "clipped", "exact", "general", "pairs", "rectangle"]


def general(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return random boxes, shape (n, 5), of which most pairs intersect."""
    return np.column_stack(
        [rng.uniform(-2.0, 2.0, (n, 2)), rng.uniform(0.2, 4.0, (n, 2)), rng.uniform(-7.0, 7.0, n)]
    )


def moved(table: np.ndarray, along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Return boxes moved by lengths in their own directions."""
    c, s = np.cos(table[:, 4]), np.sin(table[:, 4])
    result = table.copy()
    result[:, 0] += c * along - s * across
    result[:, 1] += s * along + c * across
    return result


def pairs(rng: np.random.Generator, n: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return n pairs of every class that has troubled an implementation."""
    a = general(rng, n)
    result = {"general": (a, general(rng, n)), "identical": (a, a.copy())}
    jitter = 10.0 ** rng.uniform(-15, -3, (n, 1)) * rng.standard_normal((n, 5))
    result["jittered"] = (a, a * (1.0 + jitter) + jitter * [1, 1, 0, 0, 1])
    zero = np.zeros(n)
    quarters = rng.integers(-4, 5, n) * (math.pi / 2)
    edge = moved(a, a[:, 2] * rng.choice([0.0, 0.5, 1.0], n), zero)
    result["shared edges"] = (a, edge)
    corner = moved(a, a[:, 2] * rng.choice([-1, 0, 1], n), a[:, 3] * rng.choice([-1, 0, 1], n))
    corner[:, 4] += quarters
    result["shared corners"] = (a, corner)
    turned = a.copy()
    turned[:, 4] += rng.uniform(-1e-9, 1e-9, n) * rng.choice([0.0, 1e-6, 1.0], n) + quarters
    turned[:, 2:4] *= rng.choice([0.5, 1.0, 2.0], (n, 1))
    result["one center, nearly one angle"] = (a, turned)
    thin, other = general(rng, n), general(rng, n)
    thin[:, 3] *= 10.0 ** rng.uniform(-9, -3, n)
    other[:, 3] *= 10.0 ** rng.uniform(-9, -3, n)
    result["crossing slivers"] = (thin, other)
    near = thin.copy()
    size = 10.0 ** rng.uniform(-1, 1, n) * thin[:, 3]
    near[:, 4] += rng.standard_normal(n) * size / thin[:, 2]
    near = moved(near, 0.3 * thin[:, 2] * rng.standard_normal(n), size * rng.standard_normal(n))
    result["nearly parallel slivers"] = (thin, near)
    far = rng.uniform(-1e7, 1e7, (n, 2))
    one, two = general(rng, n), general(rng, n)
    one[:, :2] += far
    two[:, :2] += far
    result["far from the origin"] = (one, two)
    return result


CLASSES = tuple(pairs(np.random.default_rng(0), 1))


Polygon = list[tuple[Fraction, Fraction]]


def rectangle(boxes: ov.RotatedBoxes, k: int) -> Polygon:
    """Return the exact corners from the float64 center, sides, cos and sin."""
    columns = boxes.kernel_columns()[:7]
    x, y, w, h, _, c, s = (Fraction(float(column[k])) for column in columns)
    return [
        (x + c * u * w / 2 - s * v * h / 2, y + s * u * w / 2 + c * v * h / 2)
        for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def _cross(p, q, r) -> Fraction:
    return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])


def area_of(polygon: Polygon) -> Fraction:
    following = polygon[1:] + polygon[:1]
    pairs = zip(polygon, following, strict=True)
    return sum((p[0] * q[1] - q[0] * p[1] for p, q in pairs), Fraction(0)) / 2


def clipped(polygon: Polygon, by: Polygon) -> Polygon:
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


def hull_of(points: Polygon) -> Polygon:
    points = sorted(set(points))

    def chain(order: Polygon) -> Polygon:
        result: Polygon = []
        for r in order:
            while len(result) > 1 and _cross(result[-2], result[-1], r) <= 0:
                result.pop()
            result.append(r)
        return result[:-1]

    return chain(points) + chain(points[::-1])


def exact(a: ov.RotatedBoxes, b: ov.RotatedBoxes) -> tuple[np.ndarray, np.ndarray]:
    """Return IoU and GIoU of pairs by rational clipping, rounded once."""
    iou, giou = [], []
    for k in range(len(a)):
        one, two = rectangle(a, k), rectangle(b, k)
        shared = area_of(clipped(one, two))
        union = area_of(one) + area_of(two) - shared
        hull = area_of(hull_of(one + two))
        iou.append(shared / union)
        giou.append(shared / union - (hull - union) / hull)
    return np.array(iou, float), np.array(giou, float)
