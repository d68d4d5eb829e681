"""The ends of boxes and arcs of polygons, and how they move with the vertices that lie on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap.regions.polygons.circular_means import TIES
from overlap.regions.polygons.rings import spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.axes import Cuts
    from overlap.regions.polygons.rings import Rings

__all__ = ["Vertices", "nearness", "side_pull"]


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
    """Return how near to an end of a side a vertex lies on it, pair by pair."""
    return TIES * cuts.side + 1e-15 * np.abs(cuts.at[cuts.offsets[:-1]])


def side_pull(
    axis: int, cuts: Cuts, period: float, mine: Vertices, theirs: Vertices | None
) -> NDArray[np.float64]:
    """Return how much sides grow if the vertices move along an axis, one number per vertex."""
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
