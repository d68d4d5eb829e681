"""Enclosures of pairs of polygons, and what of them lies outside the polygons' own.

The box of a pair is the product, over the axes, of its smallest covering interval or, with a
period, arc. Its hull is the convex hull, on a torus of the pair unrolled where the largest gaps
are; a pair that leaves no gap around an axis has no hull there, and its box takes the place.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from overlap._kernels.jit import specialise
from overlap._kernels.terms import Groups
from overlap.regions.masks.hulls import hull_pairs
from overlap.regions.polygons.axes import Circle, Cuts, axis_of
from overlap.regions.polygons.hulls import Pieces
from overlap.regions.polygons.unrolled import unrolled_hulls

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.rings import Rings

__all__ = ["Centers", "Covers", "centers_of", "covers_of", "fill_covers"]


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
    """Write how much of the boxes of pairs is outside of both own boxes.

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
            for cut in range(begins[axis, k], begins[axis, k + 1]):
                for p in range(begins_a[axis, i], begins_a[axis, i + 1]):
                    for q in range(begins_b[axis, j], begins_b[axis, j + 1]):
                        u, v = at_a[p] - at[cut], at_b[q] - at[cut]
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
    """What the enclosures of polygons are made of, derived once per batch.

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
        """Return how much of the boxes of pairs lies outside both own boxes."""
        room = 0
        for mine, theirs, cuts in zip(self.axes, other.axes, sides, strict=True):
            own = np.diff(mine.cuts.offsets)[rows] * np.diff(theirs.cuts.offsets)[columns]
            room += int((np.diff(cuts.offsets) * own).max(initial=0))
        out, table = np.empty(len(rows)), np.empty((3, room))
        periods = np.array([axis.period for axis in self.axes])
        specialise(outside_boxes)(
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
