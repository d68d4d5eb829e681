"""Trees of boxes around edges of polygons: the nearest edge of a point, and its side.

With a period, every box of edges is looked at in all its images that may hold the nearest edge.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.ragged import offsets_of
from overlap._kernels.jit import scalar, subroutine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.rings import Rings

__all__ = ["LEAF", "edges_of", "empty_tree", "farthest_corner", "inside", "nearest", "plant"]

LEAF = 8  # edges in a box, and boxes in a larger one


@scalar
def to_edge(px, py, ax, ay, bx, by):
    """Return the squared distance of a point from an edge."""
    vx, vy, wx, wy = bx - ax, by - ay, px - ax, py - ay
    square = vx * vx + vy * vy
    t = min(max((wx * vx + wy * vy) / square, 0.0), 1.0) if square > 0.0 else 0.0
    dx, dy = wx - t * vx, wy - t * vy
    return dx * dx + dy * dy


@scalar
def farthest_corner(px, py, hx, hy, corners, ax, ay, bx, by):
    """Return the largest distance of the corners of a piece around a point from an edge.

    Two corners are the ends of a piece of an edge, four those of a rectangle.
    """
    square = 0.0
    for c in range(corners):
        x, y = (px + hx, py + hy) if c % 2 else (px - hx, py - hy)
        if c > 1:
            x = 2.0 * px - x
        square = max(square, to_edge(x, y, ax, ay, bx, by))
    return math.sqrt(square)


@subroutine
def plant(table, first, last, tree):
    """Copy edges, and write boxes around 8 and 64 of them: centers and half sides.

    Rows of `tree`: edges from 0, boxes from 4 on. Returns how many edges and how many smaller
    boxes there are; the larger ones follow these.
    """
    count = last - first
    for k in range(count):
        for c in range(4):
            tree[c, k] = table[c, first + k]
    small = -(-count // LEAF)
    large = -(-small // LEAF)
    for box in range(small + large):
        each = LEAF if box < small else LEAF * LEAF
        begin = each * (box if box < small else box - small)
        for axis in range(2):
            low, high = math.inf, -math.inf
            for k in range(begin, min(begin + each, count)):
                u, v = tree[axis, k], tree[axis + 2, k]
                low, high = min(low, min(u, v)), max(high, max(u, v))
            tree[axis + 4, box] = 0.5 * (low + high)
            tree[axis + 6, box] = 0.5 * (high - low)
    return count, small


@subroutine
def nearest(px, py, tree, count, small, wide, high, hint):
    """Return the distance of the nearest edge, which it is, and by how much it is moved.

    `hint` is an edge that may be near.
    """
    best, found, move_x, move_y = math.inf, hint, 0.0, 0.0
    for big in range(-1, -(-small // LEAF)):
        if big < 0:  # the hint alone
            cx, cy, hx, hy = tree[0, hint], tree[1, hint], 0.0, 0.0
            begin, end, least, most = hint // LEAF, hint // LEAF + 1, hint, hint + 1
        else:
            cx, cy = tree[4, small + big], tree[5, small + big]
            hx, hy = tree[6, small + big], tree[7, small + big]
            begin, end, least, most = LEAF * big, min(LEAF * (big + 1), small), 0, count
        dx, dy = px - cx, py - cy
        many_x, many_y = 0, 0
        if wide > 0.0:
            dx -= wide * math.floor(dx / wide + 0.5)
            many_x = int(hx / wide + 0.5) + 1 if big >= 0 else 0
        if high > 0.0:
            dy -= high * math.floor(dy / high + 0.5)
            many_y = int(hy / high + 0.5) + 1 if big >= 0 else 0
        for image_x in range(-many_x, many_x + 1):
            sx = dx + image_x * wide
            gap_x = max(abs(sx) - hx, 0.0)
            if gap_x * gap_x >= best:
                continue
            for image_y in range(-many_y, many_y + 1):
                sy = dy + image_y * high
                gap_y = max(abs(sy) - hy, 0.0)
                if gap_x * gap_x + gap_y * gap_y >= best:
                    continue
                qx, qy = sx + cx, sy + cy  # the point, as seen from this box
                for box in range(begin, end):
                    gx = max(abs(qx - tree[4, box]) - tree[6, box], 0.0)
                    gy = max(abs(qy - tree[5, box]) - tree[7, box], 0.0)
                    if gx * gx + gy * gy >= best:
                        continue
                    for k in range(max(LEAF * box, least), min(LEAF * (box + 1), most)):
                        square = to_edge(qx, qy, tree[0, k], tree[1, k], tree[2, k], tree[3, k])
                        if square < best:
                            best, found = square, k
                            move_x, move_y = qx - px, qy - py
    return math.sqrt(best), found, move_x, move_y


@subroutine
def inside(px, py, tree, count, wide, high):
    """Return whether a point is inside of rings, by the edges above it."""
    winding = 0
    for k in range(count):
        ax, ay, bx, by = tree[0, k], tree[1, k], tree[2, k], tree[3, k]
        if ax == bx:
            continue
        way = -1
        if ax > bx:
            ax, ay, bx, by, way = bx, by, ax, ay, 1
        turn = math.floor((ax - px) / wide) if wide > 0.0 else 0.0
        x = px + turn * wide
        while x < bx:
            if x >= ax:
                y = ay + (x - ax) / (bx - ax) * (by - ay)
                if high > 0.0:
                    winding += way * math.ceil((y - py) / high)
                elif y > py:
                    winding += way
            if not wide > 0.0:
                break
            turn += 1.0
            x = px + turn * wide
    return winding != 0


def empty_tree(size: int) -> NDArray[np.float64]:
    """Return memory for a tree of so many edges, see `plant`."""
    return np.empty((8, size + 2))


def edges_of(rings: Rings) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return all edges, those that are a border, and which of these are of which region.

    Where a region was cut at a seam, two edges meet that run in opposite directions.
    """
    after = rings.following
    table = np.stack([rings.x, rings.y, rings.x[after], rings.y[after]])
    region = rings.region_of[rings.ring_of]
    kept = np.ones(table.shape[1], bool)
    if rings.period is not None:
        way = table[2:] - table[:2]
        sign = np.where((way[0] < 0.0) | ((way[0] == 0.0) & (way[1] < 0.0)), -1.0, 1.0)
        keys = [region.astype(np.float64)]
        for axis, period in enumerate(rings.period):
            grain = 1e-9 * (period or 1.0)
            middle = 0.5 * (table[axis] + table[2 + axis])
            middle = np.round((np.mod(middle, period) if period else middle) / grain)
            keys += [np.mod(middle, round(1e9)) if period else middle]
            keys += [np.round(sign * way[axis] / grain)]
        _, same = np.unique(np.stack(keys), axis=1, return_inverse=True)
        same = same.ravel()
        kept = np.bincount(same, sign)[same] != 0.0
    border = np.ascontiguousarray(table[:, kept])
    return table, border, offsets_of(np.bincount(region[kept], minlength=len(rings)))
