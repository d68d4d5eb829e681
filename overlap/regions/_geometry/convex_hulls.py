"""Convex hulls of points in the plane, and of the points of pairs of sets."""

from __future__ import annotations

import numpy as np

from overlap._kernels.jit import scalar

__all__ = [
    "area_of",
    "comes_first",
    "cut",
    "hull_of",
    "hull_pairs",
    "mark_corners",
    "merged",
    "reach_of",
    "ring_of",
    "turn",
]


@scalar
def turn(ax, ay, bx, by, cx, cy):
    """Return twice the signed area of a triangle: > 0 to the left."""
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


@scalar
def push(ring, size, bottom, x, y):
    """Append a point, after the points from `bottom` on that it makes concave; return the size."""
    while (
        size >= bottom
        and turn(ring[size - 2, 0], ring[size - 2, 1], ring[size - 1, 0], ring[size - 1, 1], x, y)
        <= 0.0
    ):
        size -= 1
    ring[size, 0] = x
    ring[size, 1] = y
    return size + 1


@scalar
def ring_of(points, count, ring):
    """Write the convex hull of points in ascending order, turning left; return its size."""
    size = 0
    for k in range(count):
        size = push(ring, size, 2, points[k, 0], points[k, 1])
    bottom = size + 1
    for back in range(1, count):
        k = count - 1 - back
        size = push(ring, size, bottom, points[k, 0], points[k, 1])
    return max(size - 1, 0)


@scalar
def area_of(ring, size):
    total = 0.0
    for k in range(1, size - 1):
        total += turn(
            ring[0, 0], ring[0, 1], ring[k, 0], ring[k, 1], ring[k + 1, 0], ring[k + 1, 1]
        )
    return 0.5 * total


@scalar
def reach_of(ring, size, side_x, side_y):
    """Return the squared diameter of a convex ring, from its antipodal pairs of corners."""
    reach = 0.0
    far = 1
    for k in range(size):
        n = k + 1 if k + 1 < size else 0
        ax, ay, bx, by = ring[k, 0], ring[k, 1], ring[n, 0], ring[n, 1]
        for _ in range(size):  # the corner farthest from the edge, which goes around with it
            m = far + 1 if far + 1 < size else 0
            height = turn(ax, ay, bx, by, ring[far, 0], ring[far, 1])
            if turn(ax, ay, bx, by, ring[m, 0], ring[m, 1]) <= height:
                break
            far = m
        for step in range(2):  # also the next one, which is as far if the two edges are parallel
            m = far + step if far + step < size else 0
            for e in range(2):
                x = side_x * (ring[m, 0] - (bx if e else ax))
                y = side_y * (ring[m, 1] - (by if e else ay))
                reach = max(reach, x * x + y * y)
    return reach


@scalar
def merged(first, second, out):
    """Write two ascending lists of points as one, and return its length."""
    i, j, count = 0, 0, 0
    n, m = first.shape[0], second.shape[0]
    while i < n or j < m:
        left = j == m or (
            i < n
            and (
                first[i, 0] < second[j, 0]
                or (first[i, 0] == second[j, 0] and first[i, 1] <= second[j, 1])
            )
        )
        if left:
            out[count, 0] = first[i, 0]
            out[count, 1] = first[i, 1]
            i += 1
        else:
            out[count, 0] = second[j, 0]
            out[count, 1] = second[j, 1]
            j += 1
        if count == 0 or (out[count, 0] != out[count - 1, 0] or out[count, 1] != out[count - 1, 1]):
            count += 1
    return count


@scalar
def comes_first(first, second):
    """Return whether the list of points comes first, in an order that both agree on."""
    if first.shape[0] != second.shape[0]:
        return first.shape[0] < second.shape[0]
    for k in range(first.shape[0]):
        for c in range(2):
            if first[k, c] != second[k, c]:
                return first[k, c] < second[k, c]
    return True


@scalar
def cut(ring, size, ax, ay, bx, by, out):
    """Keep the part of a convex ring to the left of the line from a to b; return its size."""
    count = 0
    for k in range(size):
        px, py = ring[k, 0], ring[k, 1]
        n = k + 1 if k + 1 < size else 0
        qx, qy = ring[n, 0], ring[n, 1]
        p, q = turn(ax, ay, bx, by, px, py), turn(ax, ay, bx, by, qx, qy)
        if p >= 0.0:
            out[count, 0] = px
            out[count, 1] = py
            count += 1
        if (p > 0.0 and q < 0.0) or (p < 0.0 and q > 0.0):
            share = p / (p - q)
            out[count, 0] = px + share * (qx - px)
            out[count, 1] = py + share * (qy - py)
            count += 1
    return count


def hull_of(points, ring):
    """Write the hull of points in ascending order; return its size."""
    return ring_of(points, points.shape[0], ring)


def hull_pairs(pointer_a, a, ia, pointer_b, b, jb, side_x, side_y, outside, out):
    """Write area, squared diameter and, where wanted, outside of the hulls of listed pairs."""
    room = 8
    for k in range(ia.shape[0]):
        i, j = ia[k], jb[k]
        room = max(room, pointer_a[i + 1] - pointer_a[i] + pointer_b[j + 1] - pointer_b[j])
    points, ring = np.empty((room + 1, 2)), np.empty((2 * room + 2, 2))
    other, spare = np.empty((4 * room + 2, 2)), np.empty((4 * room + 2, 2))
    cell = side_x * side_y
    for k in range(ia.shape[0]):
        i, j = ia[k], jb[k]
        first = a[pointer_a[i] : pointer_a[i + 1]]
        second = b[pointer_b[j] : pointer_b[j + 1]]
        size = ring_of(points, merged(first, second, points), ring)
        area = area_of(ring, size)
        out[0, k] = area * cell
        out[1, k] = reach_of(ring, size, side_x, side_y)
        if outside:
            if not comes_first(first, second):
                first, second = second, first
            n = ring_of(second, second.shape[0], ring)
            area_b = area_of(ring, n)
            m = ring_of(first, first.shape[0], other)
            area_a = area_of(other, m)
            shared = 0.0
            if n > 0 and m > 0:
                for p in range(n):
                    q = p + 1 if p + 1 < n else 0
                    m = cut(other, m, ring[p, 0], ring[p, 1], ring[q, 0], ring[q, 1], spare)
                    other, spare = spare, other
                shared = min(max(area_of(other, m), 0.0), area_a, area_b)
            out[2, k] = max(area - (area_a + area_b - shared), 0.0) * cell


def mark_corners(points, offsets, stack, corner):
    """Mark the corners of the hull of every piece, whose points are in ascending order."""
    for n in range(offsets.shape[0] - 1):
        first, last = offsets[n], offsets[n + 1]
        for side in range(2):
            size = 0
            for step in range(last - first):
                k = first + step if side == 0 else last - 1 - step
                x, y = points[k, 0], points[k, 1]
                while size >= 2:
                    p, q = stack[size - 2], stack[size - 1]
                    way = turn(points[p, 0], points[p, 1], points[q, 0], points[q, 1], x, y)
                    if way > 0.0:
                        break
                    size -= 1
                if size == 0 or x != points[stack[size - 1], 0] or y != points[stack[size - 1], 1]:
                    stack[size] = k
                    size += 1
            for k in range(size):
                corner[stack[k]] = True
