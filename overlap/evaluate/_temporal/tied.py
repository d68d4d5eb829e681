"""Predictions of equal confidence, of which any order is as good."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.table import falling, order_by

__all__ = ["tied_spans"]


def tied_spans(
    group: NDArray[np.int64], confidence: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ranks that each prediction can have in its group, whatever the order of ties.

    Parameters
    ----------
    group : ndarray, dtype=int64, shape (N,)
        Predictions of one group are ranked, the most confident first.
    confidence : ndarray, dtype=float64, shape (N,)

    Returns
    -------
    begin, end : ndarray, dtype=int64, shape (N,)
        Least rank, from 0, and the greatest one plus 1.

    Examples
    --------
    >>> begin, end = tied_spans(np.array([0, 0, 0, 1]), np.array([0.5, 0.9, 0.5, 0.5]))
    >>> begin.tolist(), end.tolist()
    ([1, 0, 1, 0], [3, 1, 3, 1])
    """
    count = len(group)
    order = order_by(falling(np.arange(count), confidence), group)
    owner, value = group[order], confidence[order]
    other = owner[1:] != owner[:-1]
    starts = np.append(0, np.flatnonzero(other | (value[1:] != value[:-1])) + 1)[:count]
    firsts = np.append(0, np.flatnonzero(other) + 1)[:count]
    sizes = np.diff(np.append(starts, count))
    low = starts - firsts[np.searchsorted(firsts, starts, side="right") - 1]
    begin, end = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    begin[order], end[order] = np.repeat(low, sizes), np.repeat(low + sizes, sizes)
    return begin, end
