"""Pairs of boxes that meet on a torus, found on sorted starts along one axis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["meeting"]

_PAIRS = 1 << 18  # looked at together


def meeting(
    own: NDArray[np.float64],
    others: NDArray[np.float64],
    period: tuple[float | None, float | None],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield index arrays of boxes that meet, every pair once.

    Parameters
    ----------
    own, others : ndarray, shape (4, N) and (4, M)
        Lowest x and y, highest x and y; anywhere, not only in the first period.
    period : pair of (float or None)
    """
    axis = 0 if period[0] is not None else 1
    length = period[axis]
    assert length is not None
    low, side = np.mod(own[axis], length), own[axis + 2] - own[axis]
    low_b, side_b = np.mod(others[axis], length), others[axis + 2] - others[axis]
    order = np.argsort(low_b, kind="stable")
    # Every other box once a turn, from one turn before to one turn after.
    start = np.concatenate([low_b[order] + turn * length for turn in (-1, 0, 1)])
    widest = min(side_b.max(initial=0.0), length)
    first = np.searchsorted(start, low - widest, "left")
    last = np.searchsorted(start, low + np.minimum(side, length), "right")
    count = np.minimum(last - first, len(order))  # more would be the same again
    ends = np.cumsum(count)
    row = 0
    while row < len(count):
        begin = ends[row - 1] if row else 0
        stop = max(int(np.searchsorted(ends, begin + _PAIRS, "right")), row + 1)
        i = np.repeat(np.arange(row, stop), count[row:stop])
        place = np.repeat(
            first[row:stop] - (ends[row:stop] - count[row:stop] - begin), count[row:stop]
        )
        j = order[(place + np.arange(len(i))) % len(order)] if len(i) else i
        keep = np.ones(len(i), bool)
        for k, turn in enumerate(period):
            gap, width = others[k, j] - own[k, i], own[k + 2, i] - own[k, i]
            width_b = others[k + 2, j] - others[k, j]
            if turn is None:
                keep &= (gap < width) & (-gap < width_b)
            else:
                gap = np.mod(gap, turn)  # the next start of the other box after that of the own
                keep &= (gap < width) | (turn - gap < width_b)
        yield i[keep], j[keep]
        row = stop
