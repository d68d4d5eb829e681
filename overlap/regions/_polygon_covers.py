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

from overlap._jit import specialise
from overlap._terms import Groups
from overlap.regions._mask_hulls import hull_pairs
from overlap.regions._polygon_axes import Circle, Cuts, axis_of
from overlap.regions._polygon_hulls import Pieces
from overlap.regions._polygon_unrolled import unrolled_hulls

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions._rings import Rings

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


def outside_boxes(first, second, ia, jb, table, outside):
    """Write how much of the boxes of pairs is outside of both own boxes.

    Per axis: where the own sides of the first regions begin and their lengths, the same of the
    second, and of the pairs, then the period or 0. Where gaps tie, the least is taken.
    """
    for k in range(outside.shape[0]):
        i, j = ia[k], jb[k]
        many = [0, 0]
        for axis in range(2):
            oa, ca, la, ob, cb, lb, oc, cc, lc, period = first if axis == 0 else second
            side_a, side_b, side = la[i], lb[j], lc[k]
            count = 0
            for c in range(oc[k], oc[k + 1]):
                for p in range(oa[i], oa[i + 1]):
                    a = ca[p] - cc[c]
                    a -= period * math.floor(a / period) if period > 0.0 else 0.0
                    a_end, a_more = min(a + side_a, side), min(a + side_a - period, side)
                    a = min(a, side)
                    a_more = max(a_more, 0.0) if period > 0.0 else 0.0
                    for q in range(ob[j], ob[j + 1]):
                        b = cb[q] - cc[c]
                        b -= period * math.floor(b / period) if period > 0.0 else 0.0
                        b_end, b_more = min(b + side_b, side), min(b + side_b - period, side)
                        b = min(b, side)
                        b_more = max(b_more, 0.0) if period > 0.0 else 0.0
                        shared = max(min(a_end, b_end) - max(a, b), 0.0) + min(a_more, b_more)
                        shared += max(min(a_end, b_more) - a, 0.0)
                        shared += max(min(b_end, a_more) - b, 0.0)
                        table[axis, count, 0] = a_end - a + a_more
                        table[axis, count, 1] = b_end - b + b_more
                        table[axis, count, 2] = shared
                        count += 1
            many[axis] = count
        hull = first[8][k] * second[8][k]
        best = math.inf
        for u in range(many[0]):
            for v in range(many[1]):
                inside = table[0, u, 0] * table[1, v, 0] + table[0, u, 1] * table[1, v, 1]
                inside -= table[0, u, 2] * table[1, v, 2]
                best = min(best, hull - inside)
        outside[k] = max(best, 0.0)


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
        arguments, room = [], 0
        for mine, theirs, cuts in zip(self.axes, other.axes, sides, strict=True):
            a, b = mine.cuts, theirs.cuts
            each = (cuts, a, b)
            columns_of = tuple(x for c in each[1:] for x in (c.offsets, c.at, c.side))
            arguments.append((*columns_of, cuts.offsets, cuts.at, cuts.side, mine.period))
            most = np.diff(cuts.offsets) * np.diff(a.offsets)[rows] * np.diff(b.offsets)[columns]
            room = max(room, int(most.max(initial=0)))
        out = np.empty(len(rows))
        table = np.empty((2, room, 3))
        specialise(outside_boxes)(*arguments, rows, columns, table, out)
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
        See `overlap._loops`. Areas are areas, whatever the density is.
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
