"""Ranks of predictions in their video and class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.table import falling, order_by
from overlap.evaluate.thresholds import iou_name

__all__ = ["first_ranks", "rank_columns", "ranked_within"]


def ranked_within(
    group: NDArray[np.int64], confidence: NDArray[np.float64], tie_rule: str
) -> NDArray[np.int64]:
    """Return the rank of each prediction in its group, from 0.

    Parameters
    ----------
    group : ndarray, dtype=int64, shape (N,)
        Number of the video, or of the video and class.
    confidence : ndarray, dtype=float64, shape (N,)
    tie_rule : {"argsort_reversed", "file", "file_reversed"}
        Order of equal confidences.
    """
    rows = np.arange(len(group))
    given = rows[::-1].copy() if tie_rule == "file_reversed" else rows
    order = order_by(falling(given, confidence), group)
    sorted_group = group[order]
    begins = np.flatnonzero(np.diff(sorted_group, prepend=-1))
    if tie_rule == "argsort_reversed":
        same = (np.diff(confidence[order]) == 0) & (np.diff(sorted_group) == 0)
        for begin in np.unique(np.searchsorted(begins, np.flatnonzero(same), side="right") - 1):
            stop = begins[begin + 1] if begin + 1 < len(begins) else len(order)
            some = np.sort(order[begins[begin] : stop])
            order[begins[begin] : stop] = some[confidence[some].argsort()[::-1]]
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = rows - np.repeat(begins, np.diff(np.append(begins, len(order))))
    return rank


def first_ranks(
    rank: NDArray[np.int64],
    truth: NDArray[np.int64],
    value: NDArray[np.float64],
    thresholds: tuple[float, ...],
    strict: bool,
    truths: int,
) -> NDArray[np.int64]:
    """Return the rank of the first prediction that finds each truth.

    Parameters
    ----------
    rank, truth, value : ndarray, shape (P,)
        Rank of the prediction, truth and IoU of each pair.
    thresholds : tuple of float
    strict : bool
        Whether the IoU must exceed the threshold.
    truths : int
        Number of truths.

    Returns
    -------
    ndarray, dtype=int64, shape (truths, T)
        The largest int64 where none does.
    """
    result = np.full((truths, len(thresholds)), np.iinfo(np.int64).max)
    for t, level in enumerate(thresholds):
        near = value > level if strict else value >= level
        np.minimum.at(result[:, t], truth[near], rank[near])
    return result


def rank_columns(
    first: NDArray[np.int64], thresholds: tuple[float, ...]
) -> dict[str, NDArray[np.int64]]:
    """Return a column for each threshold, with -1 where no prediction finds the truth.

    Parameters
    ----------
    first : ndarray, dtype=int64, shape (truths, T)
        As `first_ranks` returns them.
    thresholds : tuple of float
    """
    none = np.iinfo(np.int64).max
    return {
        f"rank@{iou_name(level)}": np.where(first[:, t] == none, -1, first[:, t])
        for t, level in enumerate(thresholds)
    }
