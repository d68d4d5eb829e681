"""Gradients of what of an enclosure of polygons lies outside of the polygons' own.

It is C - (A + B - AB), of a common enclosure C, own ones A and B, and what these share. Own hulls
are polygons, so that A and AB have the gradients of polygons, at corners that are vertices.

Own boxes are products of arcs. The gap of a common arc lies in one gap of each polygon. If that
is its largest, its own arc is inside of the common one; if not, its own arc has that whole gap
in it. So what they share is the length of the own arc, without the common gap in the second case,
and all three share what the own arcs do, without the common gap if both have it in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap.regions.polygons.axes import Cuts
from overlap.regions.polygons.circular_means import TIES
from overlap.regions.polygons.enclosure import covers_of
from overlap.regions.polygons.ends import nearness, side_pull
from overlap.regions.polygons.overlap_gradient import pull_overlap
from overlap.regions.polygons.rings import Rings, offsets_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.enclosure import Covers
    from overlap.regions.polygons.ends import Vertices

__all__ = ["pull_outside_boxes", "pull_own_hulls"]


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
    """Add the gradients of what lies outside of own boxes, times weights.

    Of gaps that tie one is taken, if possible the same for the own arcs and the common one.

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
    """Return what two arcs share."""
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
    """Return how much more two arcs share if the vertices of the first move along an axis.

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
