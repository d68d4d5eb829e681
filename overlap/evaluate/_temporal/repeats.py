"""Truths of a video and class that are there twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overlap.io.segments import SegmentTable

__all__ = ["repeated_rows"]


def repeated_rows(
    truth: SegmentTable, keep: NDArray[np.bool_], tolerance: float
) -> NDArray[np.bool_]:
    """Return the rows within `tolerance` of an earlier row that stays, in file order.

    Parameters
    ----------
    truth : SegmentTable
    keep : ndarray, dtype=bool
        Rows that are looked at.
    tolerance : float
        Largest difference of both ends.
    """
    result = np.zeros(len(truth), dtype=bool)
    rows = np.flatnonzero(keep)
    key = truth.label[rows] * len(truth.videos) + truth.video[rows]
    order = np.lexsort((rows, truth.start[rows], key))
    rows, key = rows[order], key[order]
    # Only runs of neighbouring starts can hold repeats, and there are few of them.
    near = (key[1:] == key[:-1]) & (np.abs(np.diff(truth.start[rows])) <= tolerance)
    runs = np.split(rows, np.flatnonzero(~near) + 1) if near.any() else []
    for run in runs:
        kept: list[int] = []
        for row in np.sort(run).tolist() if len(run) > 1 else ():
            if any(
                abs(truth.start[row] - truth.start[other]) <= tolerance
                and abs(truth.stop[row] - truth.stop[other]) <= tolerance
                for other in kept
            ):
                result[row] = True
            else:
                kept.append(row)
    return result
