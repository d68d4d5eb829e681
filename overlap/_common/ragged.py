"""Ragged arrays: where each part begins, and which members it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["listed", "offsets_of", "spans"]


def offsets_of(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the beginnings of parts with given sizes, and the end of the last."""
    result = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=result[1:])
    return result


def listed(
    first: NDArray[np.integer], last: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row of every number from first to before last, row by row, and the number."""
    counts = np.maximum(last - first, 0)
    row = np.repeat(np.arange(len(first)), counts)
    return row, np.arange(len(row)) + np.repeat(first - offsets_of(counts)[:-1], counts)


def spans(offsets: NDArray[np.int64], rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the members of some parts of a ragged array, one part after the other."""
    counts = np.diff(offsets)[rows]
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(offsets[:-1][rows] - (ends - counts), counts) + np.arange(total)
