"""Windows of queries: every pair of one query, and their temporal IoU."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overlap.io.moment_table import MomentTable

__all__ = ["iou_of", "pairs_of", "pointer_of"]


def pointer_of(table: MomentTable) -> NDArray[np.int64]:
    """Return where the windows of each query begin; rows are in the order of the queries.

    Parameters
    ----------
    table : MomentTable
    """
    return np.searchsorted(table.query, np.arange(len(table.queries) + 1))


def pairs_of(found: MomentTable, truth: MomentTable) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs of a prediction and a truth of one query.

    Parameters
    ----------
    found, truth : MomentTable
        Of the same queries, rows in their order.

    Returns
    -------
    i, j : ndarray, dtype=int64, shape (P,)
        Rows of `found`, rising, and of `truth`, rising for each.
    """
    begin = pointer_of(truth)
    width = np.diff(begin)[found.query]
    i = np.repeat(np.arange(len(found)), width)
    inside = np.arange(len(i)) - np.repeat(np.cumsum(width) - width, width)
    return i, begin[found.query][i] + inside


def iou_of(
    found: MomentTable,
    truth: MomentTable,
    i: NDArray[np.int64],
    j: NDArray[np.int64],
    union: str,
) -> NDArray[np.float64]:
    """Return the temporal IoU of pairs; NaN where it is 0/0.

    Parameters
    ----------
    found, truth : MomentTable
    i, j : ndarray
        Rows.
    union : {"sum", "hull"}
        Denominator.
    """
    start, stop = found.start[i], found.stop[i]
    first, last = truth.start[j], truth.stop[j]
    shared = np.maximum(0.0, np.minimum(stop, last) - np.maximum(start, first))
    if union == "hull":
        whole = np.maximum(stop, last) - np.minimum(start, first)
    else:
        whole = (stop - start) + (last - first) - shared
    return np.divide(shared, whole, out=np.full(len(i), np.nan), where=whole != 0)
