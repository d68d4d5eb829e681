"""Orders of rows: by group, and inside a group by time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["in_groups"]


def in_groups(group: NDArray[np.int64], *keys: NDArray[Any]) -> NDArray[np.int64]:
    """Sort rows by group and inside a group by keys, the first of which decides first.

    Parameters
    ----------
    group : ndarray, dtype=int64, shape (N,)
    *keys : ndarray, shape (N,)
        Without NaN.

    Returns
    -------
    ndarray, dtype=int64, shape (N,)
        That of ``np.lexsort((*keys[::-1], group))``, which sorts by every key. Segments of a video
        mostly are in order, and here only groups that are not get sorted.
    """
    order = np.argsort(group, kind="stable")
    code = group[order]
    same = code[1:] == code[:-1]
    equal, falls = same.copy(), np.zeros(len(same), dtype=bool)
    for key in keys:
        column = key[order]
        falls |= equal & (column[1:] < column[:-1])
        equal &= column[1:] == column[:-1]
    if falls.any():
        run = np.append(0, np.cumsum(~same))
        unsorted = np.zeros(run[-1] + 1, dtype=bool)
        unsorted[run[1:][falls]] = True
        rows = np.flatnonzero(unsorted[run])
        some = order[rows]
        order[rows] = some[np.lexsort((*(key[some] for key in keys[::-1]), group[some]))]
    return order
