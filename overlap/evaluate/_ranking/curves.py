"""Average precision and precision-recall curves from ranked true and false positives.

Nothing here knows about time: a ranking is a list of outcomes per class and threshold,
best first, so that detectors of any kind of region share it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap._kernels.jit import specialise

__all__ = ["INTERPOLATIONS", "Ranking", "average_precision", "curve"]

FALSE, TRUE, IGNORED = 0, 1, 2
INTERPOLATIONS = ("all_points", "grid", "none")


@dataclass(frozen=True, eq=False)
class Ranking(ByValue):
    """Ranked outcomes of several classes at several thresholds.

    Attributes
    ----------
    outcome : ndarray, dtype=uint8, shape (T, N)
        0 false positive, 1 true positive, 2 not counted; classes follow each other, and
        inside a class the most confident comes first.
    pointer : ndarray, dtype=int64, shape (C + 1,)
        Class `c` has the columns ``pointer[c]`` to ``pointer[c + 1]``.
    item : ndarray, dtype=int64, shape (1, N) or (T, N)
        The item (video, image) of each prediction: the unit of resampling. One row where
        all thresholds rank alike.
    positives : ndarray, dtype=float64, shape (C, V)
        Number of truths of each class in each item.
    """

    outcome: NDArray[np.uint8]
    pointer: NDArray[np.int64]
    item: NDArray[np.int64]
    positives: NDArray[np.float64]


def _average(
    weight, item, pointer, event_pointer, event, ignored, positives, grid, rule, slot, used, ap
):
    """Weighted AP per draw, threshold and class.

    Only true positives and predictions that are not counted are *events*; false ones
    enter through the running weight. `slot` gets the terms whose sum is the AP, `used`
    how many there are.
    """
    classes = len(pointer) - 1
    levels = ap.shape[1]
    running = np.empty(item.shape[1] + 1)
    precision = np.empty(len(event) + 1)
    recall = np.empty(len(event) + 1)
    for b in range(len(weight)):
        for c in range(classes):
            for t in range(levels):
                if t == 0 or len(item) > 1:
                    total = 0.0
                    for a in range(pointer[c], pointer[c + 1]):
                        total += weight[b, item[t, a]]
                        running[a] = total
                cell = t * classes + c
                at = event_pointer[cell] + cell  # one spare slot per cell
                truths = positives[b, c]
                if truths <= 0.0:
                    ap[b, t, c] = np.nan
                    used[cell] = 0
                    continue
                true = 0.0
                outside = 0.0
                points = 0
                total = 0.0
                for e in range(event_pointer[cell], event_pointer[cell + 1]):
                    a = event[e]
                    w = weight[b, item[t if len(item) > 1 else 0, a]]
                    if w == 0.0:
                        continue
                    if ignored[e]:
                        outside += w
                        continue
                    seen = running[a] - outside
                    if rule == 2:  # each copy of the item has its own precision
                        copy = 1.0
                        while copy <= w:
                            total += (true + copy) / (seen - w + copy)
                            copy += 1.0
                    true += w
                    precision[points] = true / seen
                    recall[points] = true / truths
                    points += 1
                for k in range(points - 2, -1, -1):
                    precision[k] = max(precision[k], precision[k + 1])
                if rule == 0:
                    before = 0.0
                    for k in range(points):
                        slot[at + k] = (recall[k] - before) * precision[k]
                        total += slot[at + k]
                        before = recall[k]
                    used[cell] = points
                    if before != 1.0:  # the step to recall 1 has precision 0
                        slot[at + points] = 0.0
                        used[cell] += 1
                elif rule == 1:
                    k = 0
                    for g in range(len(grid)):
                        while k < points and recall[k] < grid[g]:
                            k += 1
                        if k < points:
                            total += precision[k] / len(grid)
                else:
                    total /= truths
                ap[b, t, c] = total


def average_precision(
    ranking: Ranking,
    interpolation: str,
    grid: tuple[float, ...] = (),
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    r"""Average precision per threshold and class.

    Parameters
    ----------
    ranking : Ranking
        Ranked outcomes.
    interpolation : {"all_points", "grid", "none"}
        With :math:`p_k, r_k` the precision and recall at the k-th true positive and
        :math:`\hat p(r)` the best precision at a recall of at least r:
        ``"all_points"`` is :math:`\sum_k (r_k - r_{k-1}) \hat p(r_k)` (VOC 2011),
        ``"grid"`` the mean of :math:`\hat p` over `grid` (VOC 2007, with 11 recalls),
        ``"none"`` is :math:`\sum_k p_k / P` for P truths.
    grid : tuple of float
        Rising recalls, for ``"grid"``.
    weights : ndarray, dtype=float64, shape (B, V), optional
        Whole numbers: how often each item is drawn. An item drawn w times counts as w
        items with the same predictions.

    Returns
    -------
    ndarray, dtype=float64, shape (T, C), or (B, T, C) with `weights`
        In [0, 1]; NaN for a class without truths (of positive weight); 0 for a class with
        truths and no true positive.
    """
    rule = INTERPOLATIONS.index(interpolation)
    levels, columns = ranking.outcome.shape
    classes = len(ranking.pointer) - 1
    flat = np.flatnonzero(ranking.outcome)
    bounds = (np.arange(levels)[:, None] * columns + ranking.pointer[None, :-1]).ravel()
    event_pointer = np.append(np.searchsorted(flat, bounds), len(flat))
    ignored = ranking.outcome.ravel()[flat] == IGNORED
    given = weights is not None
    weight = weights if weights is not None else np.ones((1, ranking.positives.shape[1]))
    slot = np.empty(len(flat) + levels * classes)
    used = np.zeros(levels * classes, dtype=np.int64)
    ap = np.empty((len(weight), levels, classes))
    specialise(_average)(
        np.ascontiguousarray(weight, dtype=np.float64), ranking.item, ranking.pointer,
        event_pointer, flat % max(columns, 1), ignored, weight @ ranking.positives.T,
        np.asarray(grid, dtype=np.float64), rule, slot, used, ap,
    )  # fmt: skip
    if given:
        return ap
    if rule == 0:
        # The evaluators sum with NumPy; in their order, their last bit comes out too.
        for cell, count in enumerate(used.tolist()):
            if count > 1:
                at = event_pointer[cell] + cell
                ap[0, cell // classes, cell % classes] = slot[at : at + count].sum()
    return ap[0]


def curve(
    ranking: Ranking, threshold: int, label: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall and precision after each counted prediction of one class.

    Parameters
    ----------
    ranking : Ranking
        Ranked outcomes.
    threshold, label : int
        Row of the threshold and number of the class.

    Returns
    -------
    recall, precision : ndarray, dtype=float64, shape (n,)
        In [0, 1]; recall is NaN where the class has no truth.
    """
    lo, hi = ranking.pointer[label], ranking.pointer[label + 1]
    outcome = ranking.outcome[threshold, lo:hi]
    true = np.cumsum(outcome[outcome != IGNORED] == TRUE, dtype=np.float64)
    total = float(ranking.positives[label].sum())
    recall = true / total if total else np.full(true.shape, np.nan)
    return recall, true / np.arange(1, len(true) + 1)
