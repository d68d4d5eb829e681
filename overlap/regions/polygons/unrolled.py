"""Convex hulls of polygons on a torus or a cylinder, unrolled where the largest gaps are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from overlap._kernels.jit import scalar, specialise, subroutine
from overlap.regions.masks.hulls import area_of, comes_first, cut, merged, reach_of, ring_of
from overlap.regions.polygons.circular_means import TIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.axes import Cuts
    from overlap.regions.polygons.enclosure import Covers

__all__ = ["unrolled_hulls"]


@subroutine
def unroll(pieces, n, x, y, period_x, period_y, count, points, moved, spare):
    """Add the corners of a region, as seen from a cut at (x, y), to points in ascending order.

    Returns how many there are then.
    """
    corners, offsets, regions, lower = pieces
    for piece in range(regions[n], regions[n + 1]):
        # whole turns, so that a point of two regions is the same number in both
        ahead_x, ahead_y = lower[0, piece] - x, lower[1, piece] - y
        turns_x = math.floor(ahead_x / period_x + TIES) * period_x if period_x > 0.0 else 0.0
        turns_y = math.floor(ahead_y / period_y + TIES) * period_y if period_y > 0.0 else 0.0
        first, last = offsets[piece], offsets[piece + 1]
        for k in range(first, last):
            moved[k - first, 0] = corners[k, 0] - turns_x - x
            moved[k - first, 1] = corners[k, 1] - turns_y - y
        count = merged(points[:count], moved[: last - first], spare)
        for k in range(count):
            points[k, 0] = spare[k, 0]
            points[k, 1] = spare[k, 1]
    return count


@subroutine
def enclosed(pieces, n, x, y, side_x, side_y, period_x, period_y, ring, points, moved, spare):
    """Write the hull of a region, or its box if it leaves no gap; return its size."""
    if covers(side_x, side_y, period_x, period_y):
        return rectangle(side_x, side_y, ring)
    count = unroll(pieces, n, x, y, period_x, period_y, 0, points, moved, spare)
    return ring_of(points, count, ring)


@scalar
def covers(side_x, side_y, period_x, period_y):
    """Return whether sides go all around an axis."""
    around_x, around_y = side_x >= period_x, side_y >= period_y
    return (period_x > 0.0 and around_x) or (period_y > 0.0 and around_y)


@scalar
def rectangle(side_x, side_y, ring):
    for k in range(4):
        ring[k, 0] = side_x if k in (1, 2) else 0.0
        ring[k, 1] = side_y if k >= 2 else 0.0
    return 4


@scalar
def chosen(offsets, cuts, n, side, at, gap, period):
    """Return the cut of a region's own gap, of gaps that tie the one that holds a given gap."""
    best = cuts[offsets[n]]
    for k in range(offsets[n], offsets[n + 1]):
        ahead = cuts[k] - at
        ahead -= period * math.floor(ahead / period + TIES) if period > 0.0 else 0.0
        if ahead <= period - side - gap + TIES * period:
            best = cuts[k]
    return best


@subroutine
def clip(ring, size, other, n, dx, dy, out, spare):
    """Write what a convex ring shares with another one moved by (dx, dy); return its size."""
    mine, next_ = out, spare
    for p in range(size):
        mine[p, 0] = ring[p, 0]
        mine[p, 1] = ring[p, 1]
    size = size if n > 2 else 0
    for p in range(n):
        q = p + 1 if p + 1 < n else 0
        ax, ay, bx, by = other[p, 0] + dx, other[p, 1] + dy, other[q, 0] + dx, other[q, 1] + dy
        size = cut(mine, size, ax, ay, bx, by, next_)
        mine, next_ = next_, mine
    for p in range(size):  # harmless if it is there already
        x, y = mine[p, 0], mine[p, 1]
        out[p, 0] = x
        out[p, 1] = y
    return size


@subroutine
def rest(ring, size, one, n_one, ax, ay, two, n_two, bx, by, period_x, period_y, scratch):
    """Return the area of a convex ring outside of two others, each at its place on a torus."""
    both, shared, spare = scratch
    images_x, images_y = 2 if period_x > 0.0 else 1, 2 if period_y > 0.0 else 1
    if period_x > 0.0:
        ax -= period_x * math.floor(ax / period_x)
        bx -= period_x * math.floor(bx / period_x)
    if period_y > 0.0:
        ay -= period_y * math.floor(ay / period_y)
        by -= period_y * math.floor(by / period_y)
    first, second, common = 0.0, 0.0, 0.0
    for image in range(images_x * images_y):
        dx, dy = ax - (image % images_x) * period_x, ay - (image // images_x) * period_y
        ex, ey = bx - (image % images_x) * period_x, by - (image // images_x) * period_y
        second += area_of(shared, clip(ring, size, two, n_two, ex, ey, shared, spare))
        size_both = clip(ring, size, one, n_one, dx, dy, both, spare)
        first += area_of(both, size_both)
        for other in range(images_x * images_y):
            ex, ey = bx - (other % images_x) * period_x, by - (other // images_x) * period_y
            left = clip(both, size_both, two, n_two, ex, ey, shared, spare)
            common += area_of(shared, left)
    return max(area_of(ring, size) - (first + second - common), 0.0)


def unrolled_pairs(a, cuts_a, ia, b, cuts_b, jb, cuts, period_x, period_y, outside, room, out):
    """Write area, squared diameter and, where wanted, outside of the hulls of pairs.

    Where gaps tie, the hull of least area is taken, and of these the least diameter and outside.
    """
    points, moved, ring = np.empty((room, 2)), np.empty((room, 2)), np.empty((2 * room, 2))
    one, two = np.empty((2 * room, 2)), np.empty((2 * room, 2))
    scratch = np.empty((4 * room, 2)), np.empty((4 * room, 2)), np.empty((4 * room, 2))
    spare = scratch[2]
    oax, cax, sax, oay, cay, say = cuts_a
    obx, cbx, sbx, oby, cby, sby = cuts_b
    ox, cx, sx, oy, cy, sy = cuts
    for k in range(ia.shape[0]):
        i, j = ia[k], jb[k]
        side_x, side_y = sx[k], sy[k]
        out[0, k], out[2, k] = math.inf, 0.0
        for w in range((ox[k + 1] - ox[k]) * (oy[k + 1] - oy[k])):
            many = ox[k + 1] - ox[k]
            x, y = cx[ox[k] + w % many], cy[oy[k] + w // many]
            if covers(side_x, side_y, period_x, period_y):
                size = rectangle(side_x, side_y, ring)
            else:
                n = unroll(a, i, x, y, period_x, period_y, 0, points, moved, spare)
                n = unroll(b, j, x, y, period_x, period_y, n, points, moved, spare)
                size = ring_of(points, n, ring)
            area = area_of(ring, size)
            if area > out[0, k] * (1.0 + TIES):
                continue
            if area < out[0, k] * (1.0 - TIES):
                out[1, k], out[2, k] = math.inf, math.inf if outside else 0.0
            out[0, k] = min(out[0, k], area)
            out[1, k] = min(out[1, k], reach_of(ring, size, 1.0, 1.0))
            if not outside:
                continue
            gap_x, gap_y = period_x - side_x, period_y - side_y
            ax = chosen(oax, cax, i, sax[i], x, gap_x, period_x)
            ay = chosen(oay, cay, i, say[i], y, gap_y, period_y)
            bx = chosen(obx, cbx, j, sbx[j], x, gap_x, period_x)
            by = chosen(oby, cby, j, sby[j], y, gap_y, period_y)
            n = enclosed(
                a, i, ax, ay, sax[i], say[i], period_x, period_y, one, points, moved, spare
            )
            m = enclosed(
                b, j, bx, by, sbx[j], sby[j], period_x, period_y, two, points, moved, spare
            )
            ax, ay, bx, by = ax - x, ay - y, bx - x, by - y
            # in an order that both agree on, so that exchanging the two changes no bit
            if comes_first(two[:m], one[:n]):
                left = rest(ring, size, two, m, bx, by, one, n, ax, ay, period_x, period_y, scratch)
            else:
                left = rest(ring, size, one, n, ax, ay, two, m, bx, by, period_x, period_y, scratch)
            out[2, k] = min(out[2, k], left)


def unrolled_hulls(
    a: Covers,
    rows: NDArray[np.intp],
    b: Covers,
    columns: NDArray[np.intp],
    sides: tuple[Cuts, Cuts],
    outside: bool,
) -> NDArray[np.float64]:
    """Return area, squared diameter and outside of the hulls of pairs, shape (3, pairs)."""
    out = np.zeros((3, len(rows)))
    room = 8
    for mine, at in ((a, rows), (b, columns)):
        corners = mine.pieces.offsets[mine.pieces.regions]
        room += int(np.diff(corners)[at].max(initial=0))
    pieces = ((p.points, p.offsets, p.regions, p.lower) for p in (a.pieces, b.pieces))
    first, second = pieces
    own_a, own_b = ((mine.axes[0].cuts, mine.axes[1].cuts) for mine in (a, b))
    cuts = [
        tuple(part for cut in pair for part in (cut.offsets, cut.at, cut.side))
        for pair in (own_a, own_b, sides)
    ]
    periods = a.axes[0].period, a.axes[1].period
    specialise(unrolled_pairs)(
        first, cuts[0], rows, second, cuts[1], columns, cuts[2], *periods, outside, room, out
    )
    return out
