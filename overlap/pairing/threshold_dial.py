"""Precision and recall of an assignment of anchors, against its threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.limits import MOST_NUMBERS
from overlap._common.numbers import as_numbers
from overlap._common.values import ByValue
from overlap.pairing.assignment import best_of, useful_pairs, without_pairs
from overlap.regions.base import Regions, check_pair
from overlap.scores.groups import checked_groups
from overlap.scores.ratios import coverage, iou
from overlap.scores.score import Score, check_score

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ThresholdDial", "threshold_dial"]


@dataclass(frozen=True, eq=False)
class ThresholdDial(ByValue):
    """Precision and recall of an assignment against its threshold.

    Attributes
    ----------
    threshold : ndarray, shape (T,)
    positive : ndarray of int64, shape (T,)
        How many anchors reach the threshold.
    precision : ndarray, shape (T,)
        Mean purity of these anchors: how much of an anchor lies in its true region. NaN
        where there is none.
    recall : ndarray, shape (T,)
        Part of the true regions that have such an anchor. NaN without true regions.
    """

    threshold: NDArray[np.float64]
    positive: NDArray[np.int64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]

    def to_frame(self) -> pd.DataFrame:
        """Return the four columns as a table."""
        import pandas as pd

        return pd.DataFrame(vars(self))


def threshold_dial(
    anchors: Regions,
    truth: Regions,
    *,
    thresholds: ArrayLike | None = None,
    score: Score = iou,
    purity: Score = coverage,
    groups: tuple[ArrayLike, ArrayLike] | None = None,
) -> ThresholdDial:
    """Return precision and recall of the labels of `assign` for many thresholds.

    A low threshold gives every object many anchors, most of which show a good deal of
    something else; a high one gives clean anchors, and none at all to some of the objects.

    Parameters
    ----------
    anchors, truth : Regions
        N and M regions of the same kind.
    thresholds : array_like, shape (T,), optional
        Values of ``positive=`` of `assign`. Default: 0.05 to 0.95 in steps of 0.05.
    score : Score
        The score of the assignment.
    purity : Score
        Of a positive anchor with its true region. `coverage`, the default, is the part of
        the anchor inside.
    groups : pair of array_like, shapes (N,) and (M,), optional
        As in `assign`.

    Returns
    -------
    ThresholdDial

    Examples
    --------
    >>> import overlap as ov
    >>> anchors = ov.Intervals([[0.0, 4.0], [1.0, 5.0], [3.0, 7.0], [8.0, 12.0]])
    >>> truth = ov.Intervals([[0.0, 4.0], [9.0, 12.0]])
    >>> dial = ov.threshold_dial(anchors, truth, thresholds=[0.1, 0.5, 0.9])
    >>> dial.positive
    array([4, 3, 1])
    >>> dial.precision.round(2), dial.recall
    (array([0.69, 0.83, 1.  ]), array([1. , 1. , 0.5]))
    """
    check_pair(anchors, truth, "anchors", "truth")
    check_score(score)
    check_score(purity)
    steps = np.arange(1, 20) / 20.0 if thresholds is None else as_numbers(thresholds, "thresholds")
    if steps.ndim != 1 or not np.isfinite(steps).all():
        raise ValueError(f"thresholds: expected finite numbers, shape (T,); got {thresholds!r}")
    if len(steps) > MOST_NUMBERS:
        raise ValueError(
            f"thresholds: {len(steps):,} numbers, at most {MOST_NUMBERS:,} are possible; give fewer"
        )
    codes = None if groups is None else checked_groups(groups, len(anchors), len(truth))
    i, j, value = useful_pairs(score, anchors, truth, codes, True, steps.min(initial=1.0))
    best, owner = best_of(i, j, value, len(anchors))
    best = without_pairs(score, anchors, truth, codes, best)
    some = np.flatnonzero((best >= steps.min(initial=np.inf)) & (owner >= 0))
    quality = purity(anchors[some], truth[owner[some]]) if len(some) else np.empty(0)
    top = np.full(len(truth), -np.inf)
    np.maximum.at(top, owner[some], best[some])
    count = np.array([(best[some] >= t).sum() for t in steps], np.int64)
    precision, recall = np.full(len(steps), np.nan), np.full(len(steps), np.nan)
    for k, t in enumerate(steps):
        if count[k]:
            precision[k] = quality[best[some] >= t].mean()
        if len(truth):
            recall[k] = (top >= t).mean()
    return ThresholdDial(np.array(steps), count, precision, recall)
