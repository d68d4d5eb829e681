"""Common enclosures of pairs of polygons, and the part of them outside the polygons' own.

The box of a pair is the product, over the axes, of its smallest covering interval or, with a
period, arc. Its hull is the convex hull, on a torus of the pair unrolled where the largest gaps
are; a pair that leaves no gap around an axis has no hull there, and its box takes the place.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from overlap._common.ragged import offsets_of
from overlap._kernels.jit import scalar, specialise, subroutine
from overlap._kernels.plain import suited
from overlap._kernels.terms import Groups
from overlap.regions._geometry.convex_hulls import (
    area_of,
    comes_first,
    cut,
    hull_pairs,
    mark_corners,
    merged,
    reach_of,
    ring_of,
)
from overlap.regions.polygons.axes import Circle, Cuts, axis_of
from overlap.regions.polygons.circular_means import TIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.axes import Cuts
    from overlap.regions.polygons.rings import Rings

__all__ = [
    "Centers",
    "Covers",
    "Pieces",
    "centers_of",
    "covers_of",
    "fill_covers",
    "unrolled_hulls",
]


class Pieces:
    """Corners of the convex hulls of pieces of regions, in ascending order.

    Attributes
    ----------
    points : ndarray, shape (K, 2)
    offsets : ndarray of int64
        Which corners are of which piece.
    regions : ndarray of int64, shape (N + 1,)
        Which pieces are of which region.
    lower, upper : ndarray, shape (2, pieces)
        Ends of the pieces.
    """

    def __init__(self, rings: Rings, *, by_rings: bool) -> None:
        # Holes are inside, whatever the hull.
        outer = np.flatnonzero((rings.ring_areas >= 0.0) & (np.diff(rings.ring_offsets) > 0))
        kept = np.zeros(len(rings.ring_offsets) - 1, bool)
        kept[outer] = True
        vertices = np.flatnonzero(kept[rings.ring_of])
        ring = rings.ring_of[vertices]
        if by_rings:
            piece = (np.cumsum(kept) - 1)[ring]
            count = len(outer)
            self.regions = offsets_of(np.bincount(rings.region_of[outer], minlength=len(rings)))
        else:
            piece, count = rings.region_of[ring], len(rings)
            self.regions = np.arange(count + 1)
        x, y = rings.x[vertices], rings.y[vertices]
        order = np.lexsort((y, x, piece))
        points, piece = np.stack([x[order], y[order]], 1), piece[order]
        offsets = offsets_of(np.bincount(piece, minlength=count))
        corner = np.zeros(len(points), bool)
        specialise(mark_corners)(points, offsets, np.empty(len(points), np.int64), corner)
        self.points = points[corner]
        self.offsets = offsets_of(np.bincount(piece[corner], minlength=count))
        self.lower, self.upper = np.zeros((2, 2, count))
        filled = np.diff(self.offsets) > 0
        if filled.any():
            at = self.offsets[:-1][filled]
            self.lower[:, filled] = np.minimum.reduceat(self.points, at).T
            self.upper[:, filled] = np.maximum.reduceat(self.points, at).T


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
    """Write the intersection of a convex ring with one moved by (dx, dy); return its size."""
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


class Centers(NamedTuple):
    """Centers of regions, axis by axis.

    On an axis without a period it is the centroid of the area. With one it is the Frechet mean,
    the place from which the mean squared way to the area, the shorter way around, is least;
    that is the centroid again wherever a region is less than half a period long.

    Attributes
    ----------
    values : ndarray, shape (N, 2)
        In [0, period) where there is one. NaN for an empty region, and the middle of its sides
        for one without area.
    defined : ndarray of bool, shape (N, 2)
        Whether there is one center only. Around a full band every place is one, and two equal
        islands half a turn apart have two; `values` is then one of them. Scores take those
        centers of a pair that are closest.
    """

    values: NDArray[np.float64]
    defined: NDArray[np.bool_]


def outside_boxes(a, ia, b, jb, c, periods, table, outside):
    """Write the part of the boxes of pairs that is outside of both own boxes.

    `a`, `b` and `c` are the own sides of the first and second regions and the sides of pairs, see
    `stacked`; a period of 0 is none. Where gaps tie, the least is taken.
    """
    begins_a, at_a, sides_a = a
    begins_b, at_b, sides_b = b
    begins, at, sides = c
    for k in range(outside.shape[0]):
        i, j = ia[k], jb[k]
        count, many = 0, 0
        for axis in range(2):
            many = count  # of the first axis, when the second is done
            side, period = sides[axis, k], periods[axis]
            side_a, side_b = sides_a[axis, i], sides_b[axis, j]
            for place in range(begins[axis, k], begins[axis, k + 1]):
                for p in range(begins_a[axis, i], begins_a[axis, i + 1]):
                    for q in range(begins_b[axis, j], begins_b[axis, j + 1]):
                        u, v = at_a[p] - at[place], at_b[q] - at[place]
                        u_more, v_more = 0.0, 0.0  # behind the cut, from the beginning on
                        if period > 0.0:
                            u -= period * math.floor(u / period)
                            v -= period * math.floor(v / period)
                            u_more = max(min(u + side_a - period, side), 0.0)
                            v_more = max(min(v + side_b - period, side), 0.0)
                        u_end, v_end = min(u + side_a, side), min(v + side_b, side)
                        u, v = min(u, side), min(v, side)
                        shared = max(min(u_end, v_end) - max(u, v), 0.0) + min(u_more, v_more)
                        shared += max(min(u_end, v_more) - u, 0.0)
                        shared += max(min(v_end, u_more) - v, 0.0)
                        table[0, count] = u_end - u + u_more
                        table[1, count] = v_end - v + v_more
                        table[2, count] = shared
                        count += 1
        best = math.inf
        for p in range(many):
            for q in range(many, count):
                inside = table[0, p] * table[0, q] + table[1, p] * table[1, q]
                best = min(best, sides[0, k] * sides[1, k] - (inside - table[2, p] * table[2, q]))
        outside[k] = max(best, 0.0)


def stacked(sides: tuple[Cuts, Cuts]) -> tuple[NDArray, NDArray, NDArray]:
    """Return sides of both axes in common arrays: where their cuts begin, cuts, and lengths."""
    x, y = sides
    begins = np.stack([x.offsets, y.offsets + len(x.at)])
    return begins, np.concatenate([x.at, y.at]), np.stack([x.side, y.side])


class Covers:
    """Sides, centers and hull corners of polygons, derived once per batch.

    Attributes
    ----------
    axes : pair of Line or Circle
    empty : ndarray of bool, shape (N,)
    """

    def __init__(self, rings: Rings) -> None:
        self.axes = axis_of(rings, 0), axis_of(rings, 1)
        self.empty = np.diff(rings.vertex_offsets) == 0
        self.wraps = any(isinstance(axis, Circle) for axis in self.axes)
        self._rings = rings

    @cached_property
    def pieces(self) -> Pieces:
        """Corners of convex hulls: of whole regions on the plane, of rings on a torus."""
        return Pieces(self._rings, by_rings=self.wraps)

    @cached_property
    def sides(self) -> tuple[NDArray, NDArray, NDArray]:
        """The regions' own sides, of both axes."""
        return stacked((self.axes[0].cuts, self.axes[1].cuts))

    def enclose(
        self, rows: NDArray[np.intp], other: Covers, columns: NDArray[np.intp]
    ) -> tuple[Cuts, Cuts]:
        """Return the common sides of pairs, per axis."""
        first, second = (
            mine.enclose(rows, theirs, columns)  # type: ignore[arg-type]
            for mine, theirs in zip(self.axes, other.axes, strict=True)
        )
        return first, second

    def outside(
        self,
        rows: NDArray[np.intp],
        other: Covers,
        columns: NDArray[np.intp],
        sides: tuple[Cuts, Cuts],
    ) -> NDArray[np.float64]:
        """Return the part of the boxes of pairs that lies outside both own boxes."""
        room = 0
        for mine, theirs, cuts in zip(self.axes, other.axes, sides, strict=True):
            own = np.diff(mine.cuts.offsets)[rows] * np.diff(theirs.cuts.offsets)[columns]
            room += int((np.diff(cuts.offsets) * own).max(initial=0))
        out, table = np.empty(len(rows)), np.empty((3, room))
        periods = np.array([axis.period for axis in self.axes])
        suited(specialise(outside_boxes), 16 * len(rows))(
            *(self.sides, rows, other.sides, columns, stacked(sides), periods, table, out)
        )
        return out


def covers_of(rings: Rings) -> Covers:
    """Return the covers of a batch of polygons."""
    return rings.derived("covers", Covers)


def centers_of(rings: Rings, rows: NDArray[np.intp]) -> Centers:
    """Return the centers of some regions."""
    covers = covers_of(rings)
    (x, sure_x), (y, sure_y) = (axis.values() for axis in covers.axes)
    values = np.where(covers.empty[:, None], np.nan, np.stack([x, y], 1))
    return Centers(values[rows], np.stack([sure_x, sure_y], 1)[rows])


def fill_covers(
    a: Rings,
    rows: NDArray[np.intp],
    b: Rings,
    columns: NDArray[np.intp],
    enclosure: str,
    needs: Groups,
    block: NDArray[np.float64],
) -> None:
    """Write enclosure, outside and extent of listed pairs into a block of terms.

    Parameters
    ----------
    a, b : Rings
    rows, columns : ndarray of int
        Which region of `a` and which of `b` a pair is.
    enclosure : str
        ``"natural"`` (the hull on the plane, else the box), ``"box"`` or ``"hull"``.
    needs : Groups
        Which groups are asked for.
    block : ndarray, shape (rows of a block with two axes, pairs)
        See `overlap._kernels.loops`. Areas are areas, whatever the density is.
    """
    mine, theirs = covers_of(a), covers_of(b)
    sides = mine.enclose(rows, theirs, columns)
    ways = [
        first.ways(rows, second, columns)[0]  # type: ignore[arg-type]
        for first, second in zip(mine.axes, theirs.axes, strict=True)
    ]
    for k in range(2):
        own = mine.axes[k].cuts.side[rows], theirs.axes[k].cuts.side[columns]
        block[7 + 4 * k], block[10 + 4 * k] = ways[k], sides[k].side
        block[8 + 4 * k], block[9 + 4 * k] = own
    convex = enclosure == "hull" or (enclosure == "natural" and not mine.wraps)
    outside = Groups.OUTSIDE in needs
    if not convex:
        block[3] = sides[0].side * sides[1].side
        block[5] = sides[0].side ** 2 + sides[1].side ** 2
        if outside:
            block[6] = mine.outside(rows, theirs, columns, sides)
    elif mine.wraps:
        block[[3, 5, 6]] = unrolled_hulls(mine, rows, theirs, columns, sides, outside)
    else:
        hulls = np.zeros((3, len(rows)))
        one, two = mine.pieces, theirs.pieces
        specialise(hull_pairs)(
            *(one.offsets, one.points, rows, two.offsets, two.points, columns),
            *(1.0, 1.0, outside, hulls),
        )
        block[[3, 5, 6]] = hulls
    alone = mine.empty[rows] != theirs.empty[columns]  # without a center, as far as can be
    none = mine.empty[rows] | theirs.empty[columns]
    gap = np.minimum(ways[0] ** 2 + ways[1] ** 2, block[5])
    block[4] = np.where(none, np.where(alone, block[5], 0.0), gap)
    block[[7, 11]] = np.where(none, 0.0, block[[7, 11]])
