"""Curves of precision and recall from ranked true and false positives, and their averages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap._kernels.jit import specialise

__all__ = [
    "CURVES",
    "FALSE",
    "IGNORED",
    "TRUE",
    "CurveRule",
    "Ranking",
    "average_precision",
    "count_outcomes",
    "curve",
    "final_recall",
    "sampled_precision",
]

FALSE, TRUE, IGNORED = np.uint8(0), np.uint8(1), np.uint8(2)
CURVES = ("all_points", "grid", "raw", "linear")


@dataclass(frozen=True)
class CurveRule:
    r"""How a curve of precision over recall becomes one number.

    With :math:`p_k, r_k` the precision and recall at the k-th true positive, :math:`P` the number
    of truths, and :math:`\hat p(r)` the best precision at a recall of at least r:

    Parameters
    ----------
    kind : {"all_points", "grid", "raw", "linear"}
        ``"all_points"``: :math:`\sum_k (r_k - r_{k-1}) \hat p(r_k)` (VOC 2010, ActivityNet).
        ``"grid"``: the mean of :math:`\hat p` over `recalls` (VOC 2007 with 11 of them, COCO with
        101). ``"raw"``: :math:`\sum_k p_k / P`. ``"linear"``: the mean over `recalls` of the
        precision between detections, with no envelope; 0 beyond the last (nuScenes).
    recalls : tuple of float
        Rising recalls of a grid.
    spacing : float
        Added to the number of detections in every precision (COCO: ``numpy.spacing(1)``).
    least : float
        Precision that counts as none: p becomes ``max(p - least, 0) / (1 - least)``; for
        ``"linear"`` (nuScenes: 0.1).
    """

    kind: str = "all_points"
    recalls: tuple[float, ...] = ()
    spacing: float = 0.0
    least: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in CURVES:
            raise ValueError(f"CurveRule: kind = {self.kind!r} is not one of {CURVES}")
        if (self.kind in ("grid", "linear")) != bool(self.recalls):
            raise ValueError(f"CurveRule: {self.kind!r} with recalls = {self.recalls}")


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
    weight, item, pointer, event_pointer, event, ignored, positives, grid, spacing, rule,
    slot, used, sample, ap,
):  # fmt: skip
    """Weighted AP per draw, threshold and class.

    Only true positives and detections that are not counted are *events*; false ones
    enter through the running weight. `slot` gets the terms whose sum is the AP, `used`
    how many there are; `sample`, where it has room, the precision at each recall of the grid.
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
                            total += (true + copy) / (seen - w + copy + spacing)
                            copy += 1.0
                    true += w
                    precision[points] = true / (seen + spacing)
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
                        if sample.size:
                            sample[b, t, c, g] = precision[k] if k < points else 0.0
                else:
                    total /= truths
                ap[b, t, c] = total


def average_precision(
    ranking: Ranking, rule: CurveRule, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Average precision per threshold and class.

    Parameters
    ----------
    ranking : Ranking
        Ranked outcomes.
    rule : CurveRule
        How a curve becomes a number.
    weights : ndarray, dtype=float64, shape (B, V), optional
        Whole numbers: how often each item is drawn. An item drawn w times counts as w
        items with the same detections.

    Returns
    -------
    ndarray, dtype=float64, shape (T, C), or (B, T, C) with `weights`
        In [0, 1]; NaN for a class without truths (of positive weight); 0 for a class with
        truths and no true positive.
    """
    if rule.kind == "linear":
        samples = sampled_precision(ranking, rule, weights)
        return np.maximum(samples - rule.least, 0.0).mean(axis=-1) / (1.0 - rule.least)
    return _averaged(ranking, rule, weights, samples=False)[0]


def sampled_precision(
    ranking: Ranking, rule: CurveRule, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Precision at each recall of a grid, per threshold and class.

    Parameters
    ----------
    ranking, rule, weights
        As for `average_precision`, with a rule that has `recalls`.

    Returns
    -------
    ndarray, dtype=float64, shape (T, C, R), or (B, T, C, R) with `weights`
        0 beyond the last recall that is reached; NaN for a class without truths.
    """
    if not rule.recalls:
        raise ValueError(f"there are no recalls of the rule {rule.kind!r} to sample at")
    if rule.kind == "grid":
        return _averaged(ranking, rule, weights, samples=True)[1]
    levels, classes = len(ranking.outcome), len(ranking.pointer) - 1
    draws = np.ones((1, ranking.positives.shape[1])) if weights is None else weights
    result = np.full((len(draws), levels, classes, len(rule.recalls)), np.nan)
    for b, t, c in np.ndindex(*result.shape[:3]):
        truths = float(draws[b] @ ranking.positives[c])
        if truths <= 0.0:
            continue
        part = slice(ranking.pointer[c], ranking.pointer[c + 1])
        item = ranking.item[t if len(ranking.item) > 1 else 0, part]
        outcome = np.repeat(ranking.outcome[t, part], draws[b, item].astype(np.int64))
        true = np.cumsum(outcome[outcome != IGNORED] == TRUE, dtype=np.float64)
        result[b, t, c] = 0.0
        if len(true):
            seen = np.arange(1, len(true) + 1) + rule.spacing
            result[b, t, c] = np.interp(rule.recalls, true / truths, true / seen, right=0.0)
    return result[0] if weights is None else result


def _averaged(
    ranking: Ranking, rule: CurveRule, weights: NDArray[np.float64] | None, *, samples: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the averages and, if wanted, the precision at each recall."""
    kind = CURVES.index(rule.kind)
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
    shape = len(weight), levels, classes
    ap = np.empty(shape)
    sample = np.full((*shape, len(rule.recalls) if samples else 0), np.nan)
    specialise(_average)(
        np.ascontiguousarray(weight, dtype=np.float64), ranking.item, ranking.pointer,
        event_pointer, flat % max(columns, 1), ignored, weight @ ranking.positives.T,
        np.asarray(rule.recalls, dtype=np.float64), rule.spacing, kind, slot, used, sample, ap,
    )  # fmt: skip
    if given:
        return ap, sample
    if kind == 0:
        # The evaluators sum with NumPy; in their order, their last bit comes out too.
        for cell, count in enumerate(used.tolist()):
            if count > 1:
                at = event_pointer[cell] + cell
                ap[0, cell // classes, cell % classes] = slot[at : at + count].sum()
    return ap[0], sample[0]


def count_outcomes(ranking: Ranking, outcome: np.uint8) -> NDArray[np.int64]:
    """Count the detections with one outcome, per threshold and class, shape (T, C)."""
    classes = len(ranking.pointer) - 1
    level, column = np.nonzero(ranking.outcome == outcome)
    cell = level * classes + np.searchsorted(ranking.pointer, column, side="right") - 1
    shape = len(ranking.outcome), classes
    return np.bincount(cell, minlength=shape[0] * classes).reshape(shape)


def final_recall(
    ranking: Ranking, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Share of the truths that are found by all detections.

    Parameters
    ----------
    ranking, weights
        As for `average_precision`.

    Returns
    -------
    ndarray, dtype=float64, shape (T, C), or (B, T, C) with `weights`
        In [0, 1]; NaN for a class without truths.
    """
    import scipy.sparse

    levels, classes = len(ranking.outcome), len(ranking.pointer) - 1
    draws = np.ones((1, ranking.positives.shape[1])) if weights is None else weights
    t, column = np.nonzero(ranking.outcome == TRUE)
    cell = t * classes + np.searchsorted(ranking.pointer, column, side="right") - 1
    item = ranking.item[t if len(ranking.item) > 1 else 0, column]
    shape = levels * classes, ranking.positives.shape[1]
    found = scipy.sparse.coo_array((np.ones(len(cell)), (cell, item)), shape).tocsr()
    true = (found @ draws.T).T.reshape(len(draws), levels, classes)
    truths = (draws @ ranking.positives.T)[:, None, :]
    result = np.full(true.shape, np.nan)
    np.divide(true, truths, out=result, where=truths > 0)
    return result[0] if weights is None else result


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
