"""Projections of polygons onto an axis: places, sides and centers.

On a line a region lies between two ends. On a circle its projection is a list of arcs, and its
side is the circle without the largest gap between them. Gaps that tie, to rounding, are all
remembered, as are centers that tie, so that no result depends on where the circle was cut.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.ragged import offsets_of
from overlap._kernels.jit import specialise
from overlap._kernels.plain import suited
from overlap.regions.polygons.circular_means import TIES, circular_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.rings import Rings

__all__ = ["Circle", "Cuts", "Line", "axis_of"]


# ------------------------------------------------------------------------------- kernels


def join_arcs(offsets, low, high, period, start, length, count):
    """Write the arcs that the projections of rings cover together, in ascending order.

    `low` and `high` are sorted by `low`, which is in [0, period), region by region.
    """
    total = 0
    for n in range(count.shape[0]):
        first = total
        for k in range(offsets[n], offsets[n + 1]):
            s, e = low[k], high[k]
            if total > first and s <= start[total - 1] + length[total - 1]:
                length[total - 1] = max(length[total - 1], e - start[total - 1])
            else:
                start[total], length[total] = s, e - s
                total += 1
        gone = first  # arcs at the beginning that the last one reaches around the circle
        last = total - 1
        while gone < last and start[last] + length[last] - period >= start[gone]:
            length[last] = max(length[last], start[gone] + length[gone] + period - start[last])
            gone += 1
        for k in range(gone, total):
            start[first + k - gone], length[first + k - gone] = start[k], length[k]
        total -= gone - first
        count[n] = total - first


def cut_gaps(oa, sa, la, ia, ob, sb, lb, jb, period, cover, counts, cuts):
    """Write the length of a circle without the largest gap of pairs, and where it begins.

    All gaps that tie are written; without any gap, one cut anywhere.
    """
    total = 0
    for k in range(cover.shape[0]):
        p0, p1, q0, q1 = oa[ia[k]], oa[ia[k] + 1], ob[jb[k]], ob[jb[k] + 1]
        reach = -math.inf
        if p1 > p0:
            reach = sa[p1 - 1] + la[p1 - 1] - period
        if q1 > q0:
            reach = max(reach, sb[q1 - 1] + lb[q1 - 1] - period)
        least, largest = TIES * period, -1.0
        before = total
        for look in range(2):
            p, q, end = p0, q0, reach
            while p < p1 or q < q1:
                first = sa[p] if p < p1 else math.inf
                second = sb[q] if q < q1 else math.inf
                if first <= second:
                    s, e = first, first + la[p]
                    p += 1
                else:
                    s, e = second, second + lb[q]
                    q += 1
                if look == 0:
                    largest = max(largest, s - end)
                elif s - end >= largest - least and largest > least:
                    cuts[total] = s
                    total += 1
                end = max(end, e)
        if p0 == p1 and q0 == q1:
            cover[k] = 0.0
        else:
            cover[k] = period - largest if largest > least else period
        if total == before:
            cuts[total] = 0.0
            total += 1
        counts[k] = total - before


def center_ways(oa, ca, la, ia, ob, cb, lb, jb, period, way, slope_a, slope, center):
    """Write the least signed way from a center of the second to one of the first, of pairs.

    Also the place and the slope of the center that it takes of the first one.
    """
    for k in range(way.shape[0]):
        best, taken, sign, moves = math.inf, -1, 1.0, 0.0
        for p in range(oa[ia[k]], oa[ia[k] + 1]):
            for q in range(ob[jb[k]], ob[jb[k] + 1]):
                # in an order that both agree on, so that exchanging the two changes no bit
                turned = cb[q] < ca[p] or (cb[q] == ca[p] and lb[q] < la[p])
                first, second = (cb[q], ca[p]) if turned else (ca[p], cb[q])
                length, other = (lb[q], la[p]) if turned else (la[p], lb[q])
                ahead = second - first
                after, before = max(ahead - length, 0.0), max(period - ahead - other, 0.0)
                distance = min(after, before)
                if distance < best:
                    best, taken = distance, p
                    sign = -1.0 if (after <= before) != turned else 1.0
                    # inside of an arc it stays, whatever the other does
                    moves = 0.0 if distance == 0.0 and lb[q] > 0.0 else slope_a[p]
        way[k] = sign * best + 0.0 if taken >= 0 else 0.0  # no minus 0
        slope[k] = moves
        center[k] = ca[taken] if taken >= 0 else 0.0


# ---------------------------------------------------------------------------------- axes


@dataclass(frozen=True, eq=False)
class Cuts:
    """Sides of enclosures along an axis: where they begin, and their lengths.

    Attributes
    ----------
    offsets : ndarray of int64, shape (N + 1,)
        Which cuts are of which enclosure: at least one, several if gaps tie.
    at : ndarray
        The cuts.
    side : ndarray, shape (N,)
    """

    offsets: NDArray[np.int64]
    at: NDArray[np.float64]
    side: NDArray[np.float64]


class Line:
    """Regions along an axis without a period.

    Attributes
    ----------
    lower, upper : ndarray, shape (N,)
        Ends; +inf and -inf for an empty region.
    center : ndarray, shape (N,)
        Of the area; the middle of a region without area, 0 if it is empty.
    """

    period = 0.0

    def __init__(self, rings: Rings, axis: int) -> None:
        empty = np.diff(rings.vertex_offsets) == 0
        self.lower = np.where(empty, np.inf, rings.bounds[axis])
        self.upper = np.where(empty, -np.inf, rings.bounds[2 + axis])
        # From the middle of a region, so that no digits are lost far from 0.
        region = rings.region_of[rings.ring_of]
        middles = 0.5 * (rings.bounds[:2] + rings.bounds[2:])
        x, y = rings.x - middles[0][region], rings.y - middles[1][region]
        t, middle = (x, y)[axis], middles[axis]
        after = rings.following
        cross = x * y[after] - x[after] * y
        area = 0.5 * np.bincount(region, cross, len(rings))
        moment = np.bincount(region, cross * (t + t[after]), len(rings)) / 6.0
        shift = np.divide(moment, area, out=np.zeros(len(rings)), where=area > 0.0)
        half = 0.5 * (rings.bounds[2 + axis] - rings.bounds[axis])
        self.center = middle + np.clip(shift, -half, half)
        self.defined = area > 0.0

    def values(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the centers, and which of them are of an area."""
        return self.center, self.defined

    @cached_property
    def cuts(self) -> Cuts:
        """The regions' own sides."""
        return _line_cuts(self.lower, self.upper)

    def enclose(self, rows: NDArray[np.intp], other: Line, columns: NDArray[np.intp]) -> Cuts:
        """Return the common sides of pairs."""
        lower = np.minimum(self.lower[rows], other.lower[columns])
        return _line_cuts(lower, np.maximum(self.upper[rows], other.upper[columns]))

    def ways(
        self, rows: NDArray[np.intp], other: Line, columns: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the ways from the second center to the first, slopes and first centers."""
        center = self.center[rows]
        return center - other.center[columns], np.ones(len(rows)), center


def _line_cuts(lower: NDArray[np.float64], upper: NDArray[np.float64]) -> Cuts:
    filled = upper >= lower
    side = np.subtract(upper, lower, out=np.zeros(len(lower)), where=filled)
    return Cuts(np.arange(len(lower) + 1), np.where(filled, lower, 0.0), side)


class Circle:
    """Regions along an axis with a period.

    Attributes
    ----------
    period : float
    offsets, start, length : ndarray
        Which arcs are of which region; where they start, in [0, period); their lengths.
    """

    def __init__(self, rings: Rings, axis: int, period: float) -> None:
        self.period, self._axis, self._rings = period, axis, rings
        t = (rings.x, rings.y)[axis]
        filled = np.flatnonzero(np.diff(rings.ring_offsets) > 0)
        at = rings.ring_offsets[filled]
        low, high = (
            (reduce.reduceat(t, at) if len(at) else np.empty(0))
            for reduce in (np.minimum, np.maximum)
        )
        region = rings.region_of[filled]
        start = np.mod(low, period)
        start[start >= period] = 0.0
        order = np.lexsort((start, region))
        start, stop = start[order], (start + np.minimum(high - low, period))[order]
        self.start, self.length = np.empty((2, len(start)))
        counts = np.zeros(len(rings), np.int64)
        offsets = offsets_of(np.bincount(region, minlength=len(rings)))
        join = suited(specialise(join_arcs), 2 * len(start))
        join(offsets, start, stop, period, self.start, self.length, counts)
        self.offsets = offsets_of(counts)

    @cached_property
    def centers(self) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Arcs of centers: offsets, starts, lengths, slopes; see `circular_means`."""
        rings, axis = self._rings, self._axis
        columns = (rings.x, rings.y)
        origins = self.cuts.at[self.cuts.offsets[:-1]]
        sign = -1.0 if axis == 0 else 1.0
        offsets, start, length, slope = circular_means(
            columns[axis], columns[1 - axis], rings.ring_offsets, rings.region_offsets,
            origins, self.period, sign,
        )  # fmt: skip
        bare = np.flatnonzero((np.diff(offsets) == 0) & (np.diff(self.offsets) > 0))
        side = self.cuts.side[bare]  # without area: the middle of the region's own side
        whole = side >= self.period
        middle = np.where(whole, 0.0, np.mod(origins[bare] + 0.5 * side, self.period))
        counts = np.diff(offsets)
        counts[bare] = 1
        start, length, slope = (
            np.insert(column, offsets[bare], new)
            for column, new in (
                (start, middle),
                (length, np.where(whole, self.period, 0.0)),
                (slope, 0.0),
            )
        )
        return offsets_of(counts), start, length, slope

    def values(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the first center of every region, and whether it is the only one."""
        offsets, start, length, _ = self.centers
        filled = np.diff(offsets) > 0
        value, single = np.zeros(len(filled)), np.zeros(len(filled), bool)
        at = offsets[:-1][filled]
        value[filled] = start[at]
        single[filled] = (np.diff(offsets)[filled] == 1) & (length[at] == 0.0)
        return value, single & (self._rings.areas > 0.0)

    @cached_property
    def cuts(self) -> Cuts:
        """The regions' own sides."""
        rows = np.arange(len(self.offsets) - 1)
        none = np.zeros(2, np.int64)
        nothing = none, np.empty(0), np.empty(0), np.zeros(len(rows), np.intp)
        return self._cuts(rows, nothing)

    def enclose(self, rows: NDArray[np.intp], other: Circle, columns: NDArray[np.intp]) -> Cuts:
        """Return the common sides of pairs."""
        return self._cuts(rows, (other.offsets, other.start, other.length, columns))

    def _cuts(self, rows: NDArray[np.intp], partner: tuple[NDArray, ...]) -> Cuts:
        room = np.diff(self.offsets)[rows] + np.diff(partner[0])[partner[3]]
        cuts = np.empty(int(room.sum()) + len(rows))
        side, counts = np.empty(len(rows)), np.empty(len(rows), np.int64)
        kernel = suited(specialise(cut_gaps), 4 * len(cuts))
        mine = self.offsets, self.start, self.length, rows
        kernel(*mine, *partner, self.period, side, counts, cuts)
        return Cuts(offsets_of(counts), cuts[: int(counts.sum())], side)

    def ways(
        self, rows: NDArray[np.intp], other: Circle, columns: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the ways from the second center to the first, slopes and first centers."""
        way, slope, center = np.empty((3, len(rows)))
        offsets, start, length, slopes = self.centers
        theirs = other.centers
        suited(specialise(center_ways), 8 * len(rows))(
            *(offsets, start, length, rows, *theirs[:3], columns, self.period),
            *(way, slopes, slope, center),
        )
        return way, slope, center


def axis_of(rings: Rings, axis: int) -> Line | Circle:
    """Return the regions along the first or the second axis."""
    period = None if rings.period is None else rings.period[axis]
    return Line(rings, axis) if period is None else Circle(rings, axis, period)
