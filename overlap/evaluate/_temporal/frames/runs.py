"""Segments of a video: runs of frames with the same label."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue

__all__ = ["Runs", "edit_distance", "hits", "runs_of"]


@dataclass(frozen=True, eq=False)
class Runs(ByValue):
    """Segments in order of time.

    Attributes
    ----------
    label : ndarray, dtype=int64, shape (n,)
    start, stop : ndarray, dtype=int64, shape (n,)
        First frame, and the frame after the last one.
    """

    label: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.label)


def runs_of(
    labels: NDArray[np.int64], background: Collection[int] = (), *, cut: bool = False
) -> Runs:
    """Find the runs of equal labels.

    Parameters
    ----------
    labels : ndarray, dtype=int64, shape (frames,)
    background : collection of int
        Labels that make no segment.
    cut : bool
        Whether a run that reaches the last frame ends before it.

    Examples
    --------
    >>> runs = runs_of(np.array([0, 0, 1, 1, 1, 0]), background=[1])
    >>> runs.start, runs.stop
    (array([0, 5]), array([2, 6]))
    """
    count = len(labels)
    if not count:
        empty = np.empty(0, np.int64)
        return Runs(empty, empty, empty)
    start = np.append(0, np.flatnonzero(labels[1:] != labels[:-1]) + 1)
    stop = np.append(start[1:], count - 1 if cut else count)
    label = labels[start]
    keep = ~np.isin(label, list(background))
    return Runs(label[keep], start[keep], stop[keep])


def edit_distance(a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    """Return the Levenshtein distance of two sequences of labels.

    Parameters
    ----------
    a, b : ndarray, dtype=int64

    Notes
    -----
    Row by row: replacing and deleting look at the row above; inserting, at the cell to the left, is
    a running minimum of values minus their place.

    Examples
    --------
    >>> edit_distance(np.array([1, 2, 3]), np.array([1, 3, 4]))
    2
    """
    place = np.arange(len(b) + 1)
    row = place
    for k, label in enumerate(a.tolist(), start=1):
        best = np.minimum(row[1:] + 1, row[:-1] + (b != label))
        row = np.minimum.accumulate(np.append(k, best) - place) + place
    return int(row[-1])


def hits(truth: Runs, found: Runs, thresholds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which predicted segments are right.

    Each, in order of time, looks at the truth of its label with the greatest IoU, the first of
    equals. It is right where the IoU reaches the threshold and no earlier one was right with the
    same truth; it never takes another truth.

    Parameters
    ----------
    truth, found : Runs
    thresholds : ndarray, shape (T,)

    Returns
    -------
    ndarray, dtype=bool, shape (found, T)
    """
    result = np.zeros((len(found), len(thresholds)), dtype=bool)
    if not (len(truth) and len(found)):
        return result
    shared = np.minimum(found.stop[:, None], truth.stop) - np.maximum(
        found.start[:, None], truth.start
    )
    hull = np.maximum(found.stop[:, None], truth.stop) - np.minimum(
        found.start[:, None], truth.start
    )
    alike = (found.label[:, None] == truth.label) & (shared > 0)
    iou = np.divide(shared, hull, out=np.zeros(shared.shape), where=alike)
    best = iou.argmax(axis=1)
    value = iou[np.arange(len(found)), best]
    for k, threshold in enumerate(thresholds):
        reach = np.flatnonzero(value >= threshold)
        result[reach[np.unique(best[reach], return_index=True)[1]], k] = True
    return result
