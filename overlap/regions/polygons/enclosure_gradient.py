"""Gradients of the enclosures of polygons, with respect to the vertices of the first ones.

An end of a box or arc moves with the vertices that lie on it, in equal shares; where both polygons
have some there, half goes to each. The area of a hull changes with the vertices at its corners,
and with the first and the last one of each polygon on a side of it: each derivative is the mean
of both one-sided ones, and vertices of one polygon at one place share it. A
center moves with the boundary: by the first moment, about the center, of how far every edge
moves along its normal. Of ends, hulls and centers that tie, the gradient is that of one, or
the mean of those of tied ends. A center that is an arc does not move.

The part of an enclosure C outside own ones A and B is C - (A + B - AB). Own hulls are polygons, so
that A and AB have the gradients of polygons, at corners that are vertices. Own boxes are products
of arcs. The gap of a common arc lies in one gap of each polygon. If that is its largest, its own
arc is inside of the common one; if not, its own arc has that whole gap in it. So the length shared
with the common arc is that of the own arc, without the common gap in the second case, and all three
share what the own arcs do, without the common gap if both have it in them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.ragged import offsets_of, spans
from overlap._kernels.jit import scalar, specialise, subroutine
from overlap.regions._geometry.convex_hulls import area_of, ring_of, turn
from overlap.regions.polygons.axes import Cuts
from overlap.regions.polygons.circular_means import TIES
from overlap.regions.polygons.enclosure import Covers, covers_of, unroll
from overlap.regions.polygons.overlap_gradient import pull_overlap
from overlap.regions.polygons.rings import Rings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.axes import Cuts
    from overlap.regions.polygons.enclosure import Covers
    from overlap.regions.polygons.rings import Rings

__all__ = [
    "Vertices",
    "nearness",
    "pull_covers",
    "pull_outside_boxes",
    "pull_own_hulls",
    "side_pull",
    "swapped",
]


class Vertices:
    """The vertices of the regions of a batch, once for every pair.

    Attributes
    ----------
    at : ndarray of int64
        The vertices, pair by pair.
    pair : ndarray of int64
        Of which pair each one is.
    """

    def __init__(self, rings: Rings, rows: NDArray[np.intp]) -> None:
        self.at = spans(rings.vertex_offsets, rows)
        self.pair = np.repeat(np.arange(len(rows)), np.diff(rings.vertex_offsets)[rows])
        self.place = (rings.x[self.at], rings.y[self.at])
        self.count = len(rows)

    def shares(
        self, axis: int, ends: NDArray[np.float64], within: NDArray[np.float64], period: float
    ) -> NDArray[np.float64]:
        """Return the share of every vertex in an end of its pair, 0 if it does not lie on it."""
        way = self.place[axis] - ends[self.pair]
        if period:
            way -= period * np.round(way / period)
        on = (np.abs(way) <= within[self.pair]).astype(float)
        many = np.bincount(self.pair, on, self.count)[self.pair]
        return np.divide(on, many, out=on, where=many > 0)

    def present(self, shares: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which pairs have a vertex with a share, shape (pairs,)."""
        return np.bincount(self.pair, shares, self.count) > 0


def nearness(cuts: Cuts) -> NDArray[np.float64]:
    """Return the distance within which a vertex lies on an end of a side, pair by pair."""
    return TIES * cuts.side + 1e-15 * np.abs(cuts.at[cuts.offsets[:-1]])


def side_pull(
    axis: int, cuts: Cuts, period: float, mine: Vertices, theirs: Vertices | None
) -> NDArray[np.float64]:
    """Return the gradient of sides with respect to vertices on an axis, a number each."""
    total = np.zeros(len(mine.at))
    ties = np.diff(cuts.offsets)
    within = nearness(cuts)
    for tie in range(int(ties.max(initial=0))):
        at = cuts.at[np.minimum(cuts.offsets[:-1] + tie, cuts.offsets[1:] - 1)]
        for sign, end in ((-1.0, at), (1.0, at + cuts.side)):
            shares = mine.shares(axis, end, within, period)
            if theirs is not None:
                both = theirs.present(theirs.shares(axis, end, within, period))
                shares *= np.where(both, 0.5, 1.0)[mine.pair]
            total += np.where(tie < ties, sign / ties, 0.0)[mine.pair] * shares
    if period:
        total[(cuts.side >= period)[mine.pair]] = 0.0
    return total


# --------------------------------------------------------------------------------- hulls


class _OwnHulls:
    """The convex hulls of the regions of a batch on the plane, as polygons.

    Attributes
    ----------
    rings : Rings
        One ring per region.
    corner : ndarray of int64, shape (V,)
        Which corner, of those of all hulls, every vertex of the batch is; -1 if none.
    share : ndarray, shape (V,)
        1 over how many vertices of its region are this corner.
    """

    def __init__(self, rings: Rings) -> None:
        pieces = covers_of(rings).pieces
        points, offsets = pieces.points, pieces.offsets
        piece = np.repeat(np.arange(len(rings)), np.diff(offsets))
        # From the first corner to the last one along the lower side, and back along the upper.
        first, last = points[offsets[:-1][piece]], points[offsets[1:][piece] - 1]
        way, ahead = last - first, points - first
        upper = way[:, 0] * ahead[:, 1] > way[:, 1] * ahead[:, 0]
        rank = np.arange(len(points))
        x, y = points[np.lexsort((np.where(upper, -rank, rank), upper, piece))].T
        # A copy, since rings freeze their columns, and kernels know frozen ones as another type.
        self.rings = Rings(x, y, offsets.copy(), np.arange(len(rings) + 1))
        region = rings.region_of[rings.ring_of]
        columns = (piece, region), (x, rings.x), (y, rings.y)
        places = np.stack([np.concatenate(column) for column in columns], 1) + 0.0  # no minus 0
        _, place = np.unique(places, axis=0, return_inverse=True)
        place = place.ravel()
        corner_at = np.full(len(places), -1)
        corner_at[place[: len(points)]] = rank
        vertices = place[len(points) :]
        self.corner = corner_at[vertices]
        self.share = 1.0 / np.bincount(vertices, minlength=1)[vertices]


def pull_own_hulls(
    a: Rings,
    rows: NDArray[np.intp],
    b: Rings,
    columns: NDArray[np.intp],
    weights: NDArray[np.float64],
    mine: Vertices,
    pulled: NDArray[np.float64],
) -> None:
    """Add the gradients of AB - A, of own hulls on the plane, times weights.

    Parameters
    ----------
    a, b, rows, columns
        Which region of `a` and which of `b` a pair is.
    weights : ndarray, shape (pairs,)
    mine : Vertices
        Those of the first regions.
    pulled : ndarray, shape (2, vertices of mine)
        Is added to.
    """
    one, two = (rings.derived("own hulls", _OwnHulls) for rings in (a, b))
    corners = one.rings.ring_offsets
    starts = offsets_of(np.diff(corners)[rows])
    grad = np.zeros((2, starts[-1]))
    same = np.zeros(len(rows), bool)
    pair = one.rings, rows, two.rings, columns
    pull_overlap(*pair, -weights, weights, same, starts[:-1], None, grad)
    corner = one.corner[mine.at]
    on = np.flatnonzero(corner >= 0)
    of = mine.pair[on]
    pulled[:, on] += one.share[mine.at[on]] * grad[:, corner[on] - corners[rows[of]] + starts[of]]


# --------------------------------------------------------------------------------- boxes


def pull_outside_boxes(
    covers: tuple[Covers, Covers],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    sides: tuple[Cuts, Cuts],
    weights: NDArray[np.float64],
    mine: Vertices,
    theirs: Vertices,
    pulled: NDArray[np.float64],
) -> None:
    """Add the gradients of the parts outside of own boxes, times weights.

    One of the gaps that tie is taken, if possible the same for the own arcs and the common one.

    Parameters
    ----------
    covers : pair of Covers
        Of both batches.
    rows, columns : ndarray of int
        Which region of the first batch and which of the second a pair is.
    sides : pair of Cuts
        The common sides, per axis.
    weights : ndarray, shape (pairs,)
    mine, theirs : Vertices
        Those of the first and of the second regions.
    pulled : ndarray, shape (2, vertices of mine)
        Is added to.
    """
    lengths, pulls = [], []
    for k in range(2):
        period = covers[0].axes[k].period
        common = _single(sides[k].at[sides[k].offsets[:-1]], sides[k].side)
        gap = period - common.side if period else np.zeros(len(rows))
        (first, held_a), (second, held_b) = (
            _own(own.axes[k].cuts, at, common, period)
            for own, at in ((covers[0], rows), (covers[1], columns))
        )
        shared = _shared(first, second, period)
        both = held_a & held_b
        a, b = first.side - held_a * gap, second.side - held_b * gap
        lengths.append((common.side, a, b, shared - both * gap))
        pulls.append(
            (
                *(1.0, held_a, held_b, both),  # how the four lengths grow with the common side
                side_pull(k, common, period, mine, theirs),
                side_pull(k, first, period, mine, None),
                _shared_pull(k, first, second, period, mine),
            )
        )
    for k in range(2):
        side, a, b, shared = lengths[1 - k]
        whole, held_a, held_b, both, by_side, by_own, by_shared = pulls[k]
        through = whole * side - held_a * a - held_b * b + both * shared
        pulled[k] += (weights * through)[mine.pair] * by_side
        pulled[k] -= (weights * a)[mine.pair] * by_own
        pulled[k] += (weights * shared)[mine.pair] * by_shared


def _single(at: NDArray[np.float64], side: NDArray[np.float64]) -> Cuts:
    return Cuts(np.arange(len(at) + 1), at, side)


def _own(
    cuts: Cuts, rows: NDArray[np.intp], common: Cuts, period: float
) -> tuple[Cuts, NDArray[np.bool_]]:
    """Return the own arcs of regions, and whether the gap of the common one is in them."""
    side = cuts.side[rows]
    begin, ties = cuts.offsets[rows], np.diff(cuts.offsets)[rows]
    best = cuts.at[begin]
    if not period:
        return _single(best, side), np.zeros(len(rows), bool)
    held = common.side < period
    for tie in range(int(ties.max(initial=0))):
        at = cuts.at[begin + np.minimum(tie, ties - 1)]
        ahead = at - common.at
        ahead -= period * np.floor(ahead / period + TIES)
        within = held & (ahead <= common.side - side + TIES * period)
        best, held = np.where(within, at, best), held & ~within
    return _single(best, side), held & (side > 0.0)


def _shared(first: Cuts, second: Cuts, period: float) -> NDArray[np.float64]:
    """Return the length that two arcs share."""
    ahead = second.at - first.at
    if period:
        ahead -= period * np.floor(ahead / period)
    end = np.minimum(first.side, ahead + second.side)
    shared = np.maximum(end - np.maximum(ahead, 0.0), 0.0)
    if period:
        shared += np.maximum(np.minimum(first.side, ahead + second.side - period), 0.0)
    return shared


def _shared_pull(
    axis: int, first: Cuts, second: Cuts, period: float, mine: Vertices
) -> NDArray[np.float64]:
    """Return the gradient of the length that two arcs share, with respect to the first's vertices.

    An end of the first counts where it is in the second, and half where it is at its end.
    """
    total = np.zeros(len(mine.at))
    within, near = nearness(first), nearness(first) + nearness(second)
    moves = first.side < period if period else np.ones(len(within), bool)
    for sign, end in ((-1.0, first.at), (1.0, first.at + first.side)):
        ahead = end - second.at
        if period:  # the arc begins at 0 then, and the end is as near to it as can be from there
            ahead -= period * np.floor(ahead / period)
            ahead = np.where(ahead > period - near, ahead - period, ahead)
        at_end = (np.abs(ahead) <= near) | (np.abs(ahead - second.side) <= near)
        inside = (ahead > 0.0) & (ahead < second.side)
        share = np.where(at_end, 0.5, np.where(inside, 1.0, 0.0))
        share = np.where(second.side > near, share, 0.0)
        if period:
            share = np.where(second.side >= period, 1.0, share)
        total += (sign * moves * share)[mine.pair] * mine.shares(axis, end, within, period)
    return total


# What is noted of a side of a common hull: where it begins, its outward normal, its length; where
# along it the first and the last corner of a are, likewise of b; of these two places of a, how
# many vertices are there, and by how much of the length the area grows with them.
_SIDE = 13


@scalar
def _place(sides, k, x, y, near):
    """Return the place of a point along side k; infinite if it is not on it."""
    dx, dy = x - sides[k, 0], y - sides[k, 1]
    along = dy * sides[k, 2] - dx * sides[k, 3]
    on = abs(dx * sides[k, 2] + dy * sides[k, 3]) <= near
    return along if on and -near <= along <= sides[k, 4] + near else math.inf


@subroutine
def _straight_sides(ring, size, near, sides):
    """Write the sides of a convex ring, those that are in line as one; return how many."""
    start = 0
    for p in range(1, size):  # the leftmost corner, of several the lowest
        ahead = ring[p, 0] - ring[start, 0]
        if ahead < -near or (ahead <= near and ring[p, 1] < ring[start, 1]):
            start = p
    count, at = 0, 0
    while at < size:
        x, y = ring[(start + at) % size, 0], ring[(start + at) % size, 1]
        to, length, dx, dy = at, 0.0, 0.0, 0.0
        straight = True
        while straight and to < size:
            q = (start + to + 1) % size
            px, py = ring[q, 0] - x, ring[q, 1] - y
            far = math.hypot(px, py)
            for p in range(at + 1, to + 1):  # whether all between are in line
                r = (start + p) % size
                gap = px * (ring[r, 1] - y) - py * (ring[r, 0] - x)
                straight = straight and abs(gap) <= near * far
            straight = straight and far >= length
            if straight:
                to, length, dx, dy = to + 1, far, px, py
        if length > near:
            sides[count, 0], sides[count, 1] = x, y
            sides[count, 2], sides[count, 3], sides[count, 4] = dy / length, -dx / length, length
            sides[count, 5] = sides[count, 7] = math.inf
            sides[count, 6] = sides[count, 8] = -math.inf
            for c in range(9, _SIDE):
                sides[count, c] = 0.0
            count += 1
        at = max(to, at + 1)
    return count


@subroutine
def _in_line(points, count, near, ring):
    """Return whether three points that may be on the hull of ascending points are in line."""
    for side in range(2):
        size = 0
        for step in range(count):
            k = step if side == 0 else count - 1 - step
            x, y = points[k, 0], points[k, 1]
            while size >= 2:
                px, py = ring[size - 2, 0], ring[size - 2, 1]
                way = turn(px, py, ring[size - 1, 0], ring[size - 1, 1], x, y)
                if abs(way) <= near * (abs(x - px) + abs(y - py)):
                    return True
                if way > 0.0:
                    break
                size -= 1
            ring[size, 0] = x
            ring[size, 1] = y
            size += 1
    return False


@subroutine
def _note(points, n, near, sides, count, column):
    """Note the places of the first and the last of some points on every side."""
    for p in range(n):
        for k in range(count):
            along = _place(sides, k, points[p, 0], points[p, 1], near)
            if along < math.inf:
                sides[k, column] = min(sides[k, column], along)
                sides[k, column + 1] = max(sides[k, column + 1], along)


@subroutine
def _weigh(sides, count, near):
    """Write the growth of the area with the corners of a on each side, per length of the side.

    Outwards a corner takes half of the length along, and the other corners stay. Inwards, at an
    end, it gives up half of the way to the next corner, and nothing where another one holds the
    side. Its derivative is the mean of the two.
    """
    for k in range(count):
        length, first, last = sides[k, 4], sides[k, 5], sides[k, 6]
        if first > last:
            continue  # a has no corner on it
        low, high = sides[k, 7], sides[k, 8]
        alone = last - first <= near
        inwards = (low if alone else min(low, last)) - first
        sides[k, 11] = 0.25 * (length + (inwards if low > first + near else 0.0))
        inwards = last - (high if alone else max(high, first))
        sides[k, 12] = 0.25 * (length + (inwards if high < last - near else 0.0))
        if alone:
            sides[k, 11] = 0.25 * length
            if low > first + near:
                sides[k, 11] += 0.25 * (low - first)
            elif high < first - near:
                sides[k, 11] += 0.25 * (first - high)


def pull_hulls(
    a,
    rings_a,
    ia,
    b,
    jb,
    cuts_x,
    x_at,
    cuts_y,
    y_at,
    period_x,
    period_y,
    weights,
    room,
    starts,
    grad,
):
    """Add the gradients of area and squared diameter of hulls, times their weights."""
    points, moved, spare = np.empty((room, 2)), np.empty((room, 2)), np.empty((2 * room, 2))
    ring, best = np.empty((2 * room, 2)), np.empty((2 * room, 2))
    pull, mine = np.empty((2, 2 * room)), np.empty(2 * room, np.int64)
    sides, corner = np.empty((2 * room, _SIDE)), np.empty(grad.shape[1], np.int64)
    x, y, ring_offsets, region_offsets = rings_a
    for k in range(ia.shape[0]):
        i, j = ia[k], jb[k]
        if weights[0, k] == 0.0 and weights[1, k] == 0.0:
            continue
        least, size, cut_x, cut_y = math.inf, 0, 0.0, 0.0
        for u in range(cuts_x[k], cuts_x[k + 1]):
            for v in range(cuts_y[k], cuts_y[k + 1]):
                n = unroll(a, i, x_at[u], y_at[v], period_x, period_y, 0, points, moved, spare)
                n = unroll(b, j, x_at[u], y_at[v], period_x, period_y, n, points, moved, spare)
                n = ring_of(points, n, ring)
                area = area_of(ring, n)
                if area < least * (1.0 - TIES):
                    least, size, cut_x, cut_y = area, n, x_at[u], y_at[v]
                    best, ring = ring, best
        near, count = 0.0, 0
        for p in range(size):
            near = max(near, 1e-12 * max(abs(best[p, 0]), abs(best[p, 1])))
        simple = False  # as most are: no corner in common, and none on a side
        if weights[0, k] != 0.0:
            n = unroll(b, j, cut_x, cut_y, period_x, period_y, 0, points, moved, spare)
            m = unroll(a, i, cut_x, cut_y, period_x, period_y, 0, points, moved, spare)
            both = unroll(b, j, cut_x, cut_y, period_x, period_y, m, points, moved, spare)
            simple = both == n + m and not _in_line(points, both, near, ring)
        if weights[0, k] != 0.0 and not simple:
            count = _straight_sides(best, size, near, sides)
            n = unroll(a, i, cut_x, cut_y, period_x, period_y, 0, points, moved, spare)
            _note(points, n, near, sides, count, 5)
            n = unroll(b, j, cut_x, cut_y, period_x, period_y, 0, points, moved, spare)
            _note(points, n, near, sides, count, 7)
            _weigh(sides, count, near)
        reach, lines, ends = 0.0, 0, 0
        if weights[1, k] != 0.0:
            ends = size
            n = unroll(b, j, cut_x, cut_y, period_x, period_y, 0, points, moved, spare)
        for look in range(2):  # how long the diameter is, then how many lines are
            for p in range(ends):
                for q in range(p):
                    square = (best[p, 0] - best[q, 0]) ** 2 + (best[p, 1] - best[q, 1]) ** 2
                    if look == 0:
                        reach = max(reach, square)
                    elif square >= reach * (1.0 - 1e-13):
                        lines += 1
        for p in range(ends):  # of lines that tie, the mean of the least and the largest
            mine[p], own = 0, 0
            low_x, high_x, low_y, high_y = math.inf, -math.inf, math.inf, -math.inf
            for q in range(ends):
                wide, high = best[p, 0] - best[q, 0], best[p, 1] - best[q, 1]
                if p != q and wide * wide + high * high >= reach * (1.0 - 1e-13):
                    own += 1
                    low_x, high_x = min(low_x, wide), max(high_x, wide)
                    low_y, high_y = min(low_y, high), max(high_y, high)
            held = own < lines  # by a line that is as long and does not end here
            for q in range(n):
                held = held or (points[q, 0] == best[p, 0] and points[q, 1] == best[p, 1])
            if held:
                low_x, high_x = min(low_x, 0.0), max(high_x, 0.0)
                low_y, high_y = min(low_y, 0.0), max(high_y, 0.0)
            pull[0, p] = weights[1, k] * (low_x + high_x) if own > 0 else 0.0
            pull[1, p] = weights[1, k] * (low_y + high_y) if own > 0 else 0.0
        if simple:
            for p in range(size):
                before, after = (p - 1 if p > 0 else size - 1), (p + 1 if p + 1 < size else 0)
                if ends == 0:
                    pull[0, p] = pull[1, p] = 0.0
                    mine[p] = 0
                pull[0, p] += 0.5 * weights[0, k] * (best[after, 1] - best[before, 1])
                pull[1, p] += 0.5 * weights[0, k] * (best[before, 0] - best[after, 0])
            ends = size
        for look in range(2):  # how many vertices are at a place, then their shares
            at = starts[k]
            for r in range(region_offsets[i], region_offsets[i + 1]):
                first, last = ring_offsets[r], ring_offsets[r + 1]
                low_x, low_y = math.inf, math.inf
                for v in range(first, last):
                    low_x, low_y = min(low_x, x[v]), min(low_y, y[v])
                turns_x, turns_y = 0.0, 0.0
                if period_x > 0.0:
                    turns_x = math.floor((low_x - cut_x) / period_x + TIES) * period_x
                if period_y > 0.0:
                    turns_y = math.floor((low_y - cut_y) / period_y + TIES) * period_y
                for v in range(first, last):
                    px, py = x[v] - turns_x - cut_x, y[v] - turns_y - cut_y
                    if look == 0:
                        corner[at] = -1
                        for p in range(ends):
                            if px == best[p, 0] and py == best[p, 1]:
                                corner[at] = p
                                mine[p] += 1
                                break
                    elif corner[at] >= 0:
                        grad[0, at] += pull[0, corner[at]] / mine[corner[at]]
                        grad[1, at] += pull[1, corner[at]] / mine[corner[at]]
                    for p in range(count):
                        along = _place(sides, p, px, py, near)
                        if along == math.inf:
                            continue
                        last_one = abs(along - sides[p, 6]) <= near
                        if not (last_one or abs(along - sides[p, 5]) <= near):
                            continue
                        which = 1 if last_one and sides[p, 6] - sides[p, 5] > near else 0
                        if look == 0:
                            sides[p, 9 + which] += 1.0
                        else:
                            share = weights[0, k] * sides[p, 11 + which] / sides[p, 9 + which]
                            grad[0, at] += share * sides[p, 2]
                            grad[1, at] += share * sides[p, 3]
                    at += 1


# ----------------------------------------------------------------------------- in NumPy


def _center_pull(
    rings: Rings,
    axis: int,
    mine: Vertices,
    center: NDArray[np.float64],
    factor: NDArray[np.float64],
    period: float,
) -> NDArray[np.float64]:
    """Return the gradient of centers along an axis times a factor per pair, shape (2, vertices)."""
    # Every vertex stands for the edge to the next one of its ring.
    begin = np.concatenate([[0], np.cumsum(np.bincount(mine.pair, minlength=mine.count))])
    after = begin[mine.pair] + rings.following[mine.at]
    after -= mine.at[begin[mine.pair]] if len(mine.at) else 0
    x, y = mine.place
    dx, dy = x[after] - x, y[after] - y
    step = (dx, dy)[axis]
    way = mine.place[axis] - center[mine.pair]
    if period:
        way -= period * np.round(way / period)
    start = way / 3.0 + (way + step) / 6.0
    stop = way / 6.0 + (way + step) / 3.0
    if period:  # beyond half a turn from the center, an edge is behind it
        sign = np.where(step < 0.0, -1.0, 1.0)
        far = np.abs(way + step)
        for turn in range(int(np.ceil(far.max(initial=0.0) / period - 0.5))):
            over = far > (turn + 0.5) * period
            share = np.divide(
                (turn + 0.5) * period - sign * way, np.abs(step), out=np.ones(len(way)), where=over
            )
            share = np.clip(share, 0.0, 1.0)
            stop -= sign * period * 0.5 * (1.0 - share * share)
            start -= sign * period * 0.5 * (1.0 - share) ** 2
    weight = factor[mine.pair]
    grad = np.zeros((2, len(mine.at)))
    for row, normal in enumerate((dy, -dx)):
        grad[row] += weight * start * normal
        np.add.at(grad[row], after, weight * stop * normal)
    return grad


def _pull_boxes(
    a: Rings,
    rows: NDArray[np.intp],
    mine: Vertices,
    theirs: Vertices,
    covers: tuple[Covers, Covers],
    columns: NDArray[np.intp],
    sides: tuple[Cuts, Cuts],
    partials: NDArray[np.float64],
    grad: NDArray[np.float64],
) -> None:
    """Add the gradients of sides and centers, axis by axis."""
    area = a.areas[rows]
    for k in range(2):
        axis = covers[0].axes[k]
        offset, own, _, cover = partials[7 + 4 * k : 11 + 4 * k]
        cover = cover + partials[3] * sides[1 - k].side + partials[5] * 2.0 * sides[k].side
        if cover.any():
            pulled = side_pull(k, sides[k], axis.period, mine, theirs)
            grad[k] += cover[mine.pair] * pulled
        if own.any():
            cuts = axis.cuts
            counts = np.diff(cuts.offsets)[rows]
            at = cuts.at[spans(cuts.offsets, rows)]
            offsets = np.concatenate([[0], np.cumsum(counts)])
            mine_alone = Cuts(offsets, at, cuts.side[rows])
            grad[k] += own[mine.pair] * side_pull(k, mine_alone, axis.period, mine, None)
        way, slope, center = axis.ways(rows, covers[1].axes[k], columns)  # type: ignore[arg-type]
        none = covers[0].empty[rows] | covers[1].empty[columns]
        factor = np.where(none, 0.0, (offset + 2.0 * partials[4] * way) * slope)
        factor = np.divide(factor, area, out=np.zeros(len(rows)), where=area > 0.0)
        if factor.any():
            grad += _center_pull(a, k, mine, center, factor, axis.period)


def swapped(partials: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the partials of pairs whose two regions are exchanged."""
    order = [1, 0, 2, 3, 4, 5, 6, 7, 9, 8, 10, 11, 13, 12, 14]
    result = partials[order]
    result[[7, 11]] *= -1.0
    return result


def pull_covers(
    a: Rings,
    rows: NDArray[np.intp],
    b: Rings,
    columns: NDArray[np.intp],
    enclosure: str,
    partials: NDArray[np.float64],
    starts: NDArray[np.int64],
    grad: NDArray[np.float64],
) -> None:
    """Add the gradients of enclosure, outside and extent of listed pairs with respect to `a`.

    Parameters
    ----------
    a, b, rows, columns, enclosure
        As in `fill_covers`.
    partials : ndarray, shape (rows of a block with two axes, pairs)
        Of a score with respect to every term. For the gradient with respect to `b`, exchange
        the two batches and give ``swapped(partials)``.
    starts : ndarray of int64, shape (pairs,)
        Where the vertices of ``a[rows[k]]`` begin in `grad`.
    grad : ndarray, shape (2, any)
        Is added to.

    Raises
    ------
    TypeError
        If there are partials with respect to `outside` of hulls with a period.
    """
    one, two = covers_of(a), covers_of(b)
    outside = partials[6]
    if enclosure == "hull" and one.wraps and outside.any():
        raise TypeError(
            "Polygons: enclosed_gap has no gradient of hulls with a period; use the natural "
            "enclosure, or enclosure_gap or center_gap instead"
        )
    sides = one.enclose(rows, two, columns)
    partials = partials.copy()
    alone = one.empty[rows] != two.empty[columns]
    partials[5] += np.where(alone, partials[4], 0.0)  # the gap is the diameter there
    convex = enclosure == "hull" or (enclosure == "natural" and not one.wraps)
    weights = np.zeros((2, len(rows)))
    if convex:
        partials[3] += outside  # of what lies outside, the common hull
        hulled = np.ones(len(rows), bool)
        for axis, cuts in zip(one.axes, sides, strict=True):
            if axis.period:
                hulled &= cuts.side < axis.period
        weights[:, hulled] = partials[[3, 5]][:, hulled]
        partials[3, hulled] = partials[5, hulled] = 0.0
    mine, theirs = Vertices(a, rows), Vertices(b, columns)
    pulled = np.zeros((2, len(mine.at)))
    _pull_boxes(a, rows, mine, theirs, (one, two), columns, sides, partials, pulled)
    if outside.any() and convex:
        pull_own_hulls(a, rows, b, columns, outside, mine, pulled)
    elif outside.any():
        pull_outside_boxes((one, two), rows, columns, sides, outside, mine, theirs, pulled)
    begin = np.searchsorted(mine.pair, np.arange(len(rows)))
    if weights.any():
        room = 8
        for covers, at in ((one, rows), (two, columns)):
            corners = covers.pieces.offsets[covers.pieces.regions]
            room += int(np.diff(corners)[at].max(initial=0))
        pieces = [(p.points, p.offsets, p.regions, p.lower) for p in (one.pieces, two.pieces)]
        columns_of: list[NDArray] = []
        for axis, common in zip(one.axes, sides, strict=True):
            # on the plane from 0, so that a point of both is the same number in both
            origin = common.at if axis.period else np.zeros(len(common.at))
            columns_of += [common.offsets, origin]
        rings = a.x, a.y, a.ring_offsets, a.region_offsets
        specialise(pull_hulls)(
            *(pieces[0], rings, rows, pieces[1], columns, *columns_of),
            *(one.axes[0].period, one.axes[1].period, weights, room, begin, pulled),
        )
    np.add.at(grad.T, starts[mine.pair] + np.arange(len(mine.at)) - begin[mine.pair], pulled.T)
