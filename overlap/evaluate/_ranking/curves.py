"""Curves of precision and recall from ranked true and false positives, and their averages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap._kernels.jit import scalar, specialise
from overlap._kernels.plain import suited

from .positives import Positives

__all__ = [
    "CURVES",
    "FALSE",
    "IGNORED",
    "TRUE",
    "CurveRule",
    "Ranking",
    "average_precision",
    "average_precision_ends",
    "averages",
    "count_outcomes",
    "curve",
    "final_recall",
    "sampled_precision",
    "true_and_ignored",
]

FALSE, TRUE, IGNORED = np.uint8(0), np.uint8(1), np.uint8(2)
CURVES = ("all_points", "grid", "raw", "linear", "trapezoid")


@dataclass(frozen=True)
class CurveRule:
    r"""How a curve of precision over recall becomes one number.

    With :math:`p_k, r_k` the precision and recall at the k-th true positive, :math:`P` the number
    of truths, and :math:`\hat p(r)` the best precision at a recall of at least r:

    Parameters
    ----------
    kind : {"all_points", "grid", "raw", "linear", "trapezoid"}
        ``"all_points"``: :math:`\sum_k (r_k - r_{k-1}) \hat p(r_k)` (VOC 2010, ActivityNet).
        ``"grid"``: the mean of :math:`\hat p` over `recalls` (VOC 2007 with 11 of them, COCO with
        101). ``"raw"``: :math:`\sum_k p_k / P`. ``"linear"``: the mean over `recalls` of the
        precision between detections, with no envelope; 0 beyond the last (nuScenes).
        ``"trapezoid"``: the area below the line from precision 1 at recall 0 through the point
        after each detection, in float32 (ACT's tubes).
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

    @property
    def joins(self) -> bool:
        """Whether the points after false positives count too, because a line joins all."""
        return self.kind in ("linear", "trapezoid")

    def __post_init__(self) -> None:
        if self.kind not in CURVES:
            raise ValueError(f"CurveRule: kind = {self.kind!r} is not one of {CURVES}")
        if (self.kind in ("grid", "linear")) != bool(self.recalls):
            raise ValueError(f"CurveRule: {self.kind!r} with recalls = {self.recalls}")


@dataclass(frozen=True, eq=False)
class Ranking(ByValue):
    """Ranked outcomes of several classes at several thresholds; most detections match nothing.

    Classes follow each other, and inside a class the most confident detection comes first: each
    has a *column*. Of all thresholds only the *matches* are kept.

    Attributes
    ----------
    pointer : ndarray, dtype=int64, shape (C + 1,)
        Class `c` has the columns ``pointer[c]`` to ``pointer[c + 1]``.
    visit : ndarray, dtype=int64, shape (1, N) or (T, N)
        Detection of each column. One row where all thresholds rank alike.
    of_found : ndarray, dtype=int64
        The item (video, image) of each detection: the unit of resampling.
    alone : ndarray, dtype=bool, shape (1, N) or (T, N)
        Whether a prediction that matches nothing is not counted; else it is a false positive.
    positives : Positives
        Truths that count.
    bounds : ndarray, dtype=int64, shape (T, C + 1)
        The matches ``bounds[t, c]`` to ``bounds[t, c + 1]`` are those of a threshold and class.
    column : ndarray, dtype=int64, shape (E,)
        Of each match; rising inside a threshold.
    true : ndarray, dtype=bool, shape (E,)
        Whether a match is a true positive; else it is not counted.
    """

    pointer: NDArray[np.int64]
    visit: NDArray[np.int64]
    of_found: NDArray[np.int64]
    alone: NDArray[np.bool_]
    positives: Positives
    bounds: NDArray[np.int64]
    column: NDArray[np.int64]
    true: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        outcome: NDArray[np.uint8],
        pointer: NDArray[np.int64],
        item: NDArray[np.int64],
        positives: Positives,
    ) -> Ranking:
        """Make a ranking from the outcome of each detection.

        Parameters
        ----------
        outcome : ndarray, dtype=uint8, shape (T, N)
            `FALSE`, `TRUE` or `IGNORED`.
        pointer, item, positives
            Attributes of the ranking; `item` may have one row.
        """
        level, column = np.nonzero(outcome)
        begins = np.searchsorted(level, np.arange(len(outcome) + 1))
        bounds = [
            begin + np.searchsorted(column[begin:end], pointer)
            for begin, end in pairwise(begins.tolist())
        ]
        return cls(
            pointer,
            np.arange(item.size).reshape(item.shape),
            item.ravel(),
            np.zeros(item.shape, dtype=bool),
            positives,
            np.array(bounds, dtype=np.int64).reshape(len(outcome), len(pointer)),
            column,
            outcome[level, column] == TRUE,
        )

    @cached_property
    def item(self) -> NDArray[np.int64]:
        """Item of each column, shape (1, N) or (T, N)."""
        return self.of_found[self.visit]

    @property
    def truths(self) -> NDArray[np.float64]:
        """Number of truths of each class, shape (C,)."""
        return self.positives.by_class

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of thresholds and of classes."""
        return len(self.bounds), len(self.pointer) - 1

    @property
    def outcome(self) -> NDArray[np.uint8]:
        """Outcome of every detection, made anew: `FALSE`, `TRUE` or `IGNORED`, shape (T, N)."""
        result = np.empty((len(self.bounds), self.visit.shape[1]), dtype=np.uint8)
        for t, c in np.ndindex(self.shape):
            result[t, self.pointer[c] : self.pointer[c + 1]] = self.outcome_of(t, c)
        return result

    def outcome_of(self, level: int, label: int) -> NDArray[np.uint8]:
        """Return the outcomes of one class at one threshold, best first.

        Parameters
        ----------
        level, label : int
            Numbers of the threshold and the class.
        """
        begin, end = self.pointer[label : label + 2]
        row = level if len(self.alone) > 1 else 0
        result = np.where(self.alone[row, begin:end], IGNORED, FALSE)
        match = slice(*self.bounds[level, label : label + 2])
        result[self.column[match] - begin] = np.where(self.true[match], TRUE, IGNORED)
        return result


# Memory is given to the kernels: they would take longer to compile if they asked for it.


@scalar
def _mean_of_curve(precision, recall, points, rule, grid, slot, at, sample):
    """Average the best precisions from each of some points on; `precision` is overwritten.

    `slot` gets the terms whose sum is the AP, from place `at` on; `sample`, where it has room, the
    precision at each recall of the grid.
    """
    for k in range(points - 2, -1, -1):
        precision[k] = max(precision[k], precision[k + 1])
    total = 0.0
    if rule == 0:
        before = 0.0
        for k in range(points):
            term = (recall[k] - before) * precision[k]
            slot[at + k] = term
            total += term
            before = recall[k]
        if before != 1.0:  # the step to recall 1 has precision 0
            slot[at + points] = 0.0
    else:
        k = 0
        for g in range(len(grid)):
            while k < points and recall[k] < grid[g]:
                k += 1
            if k < points:
                total += precision[k] / len(grid)
            if sample.size:
                sample[g] = precision[k] if k < points else 0.0
    return total


def _average(
    weight, item, step, alone, pointer, bounds, column, is_true, positives, grid, spacing, rule,
    slot, used, sample, ap, running, precision, recall,
):  # fmt: skip
    """Weighted AP per draw, threshold and class.

    With a `step` of 0 all detections have the one item there is, of weight 1; else it is 1.
    Detections that match nothing enter through the running weight. `slot` gets the terms whose
    sum is the AP, `used` how many there are. `running` has room for the longest class, `precision`
    and `recall` for all matches of a class at a threshold.
    """
    classes = len(pointer) - 1
    levels = ap.shape[1]
    for b in range(len(weight)):
        for c in range(classes):
            for t in range(levels):
                if t == 0 or len(alone) > 1:
                    total = 0.0
                    for a in range(pointer[c], pointer[c + 1]):
                        total += 0.0 if alone[t, a] else weight[b, item[t, step * a]]
                        running[a - pointer[c]] = total
                cell = t * classes + c
                at = bounds[t, c] + cell  # one spare slot per cell
                truths = positives[b, c]
                if truths <= 0.0:
                    ap[b, t, c] = np.nan
                    used[cell] = 0
                    continue
                true = 0.0
                more = 0.0  # counted though it would not be alone, less the other way round
                points = 0
                total = 0.0
                row = t if len(alone) > 1 else 0
                for e in range(bounds[t, c], bounds[t, c + 1]):
                    a = column[e]
                    w = weight[b, item[row, step * a]]
                    if w == 0.0:
                        continue
                    if not is_true[e]:
                        if not alone[row, a]:
                            more -= w
                        continue
                    if alone[row, a]:
                        more += w
                    seen = running[a - pointer[c]] + more
                    if rule == 2:  # each copy of the item has its own precision
                        copy = 1.0
                        while copy <= w:
                            total += (true + copy) / (seen - w + copy + spacing)
                            copy += 1.0
                    true += w
                    precision[points] = true / (seen + spacing)
                    recall[points] = true / truths
                    points += 1
                if rule == 2:
                    total /= truths
                else:
                    total = _mean_of_curve(
                        precision, recall, points, rule, grid, slot, at, sample[b, t, c]
                    )
                    used[cell] = points + (points == 0 or recall[points - 1] != 1.0)
                ap[b, t, c] = total


def _average_ends(
    block, alone, pointer, bounds, column, is_true, positives, grid, spacing, rule,
    slot, used, sample, ap, counted, precision, recall,
):  # fmt: skip
    """AP with the true positives of each run of equal confidences last, and first.

    ``block[a]`` is the number of the run of column `a`. `counted` becomes how many before each
    column match nothing and count; the rest is as in `_average`, and `sample` without room.
    """
    classes = len(pointer) - 1
    counted[0] = 0.0
    for a in range(len(alone)):
        counted[a + 1] = counted[a] + (not alone[a])
    for t in range(len(bounds)):
        for c in range(classes):
            cell = t * classes + c
            truths = positives[c]
            if truths <= 0.0:
                ap[0, t, c] = ap[1, t, c] = np.nan
                used[0, cell] = used[1, cell] = 0
                continue
            more = -counted[pointer[c]]
            points = 0
            e = bounds[t, c]
            while e < bounds[t, c + 1]:
                run = block[column[e]]
                low = column[e]
                while low > pointer[c] and block[low - 1] == run:
                    low -= 1
                before = counted[low] + more
                hits = 0
                stop = e
                while stop < bounds[t, c + 1] and block[column[stop]] == run:
                    a = column[stop]
                    if is_true[stop]:
                        hits += 1
                        more += alone[a]
                    elif not alone[a]:
                        more -= 1.0
                    stop += 1
                high = column[stop - 1] + 1
                while high < pointer[c + 1] and block[high] == run:
                    high += 1
                after = counted[high] + more - hits
                for k in range(hits):
                    precision[0, points] = (points + 1.0) / (after + (k + 1.0) + spacing)
                    precision[1, points] = (points + 1.0) / (before + (k + 1.0) + spacing)
                    recall[points] = (points + 1.0) / truths
                    points += 1
                e = stop
            for first in range(2):
                if rule == 2:
                    total = 0.0
                    for k in range(points):
                        total += precision[first, k]
                    ap[first, t, c] = total / truths
                    continue
                at = bounds[t, c] + cell
                ap[first, t, c] = _mean_of_curve(
                    precision[first], recall, points, rule, grid, slot[first], at, sample
                )
                used[first, cell] = points + (points == 0 or recall[points - 1] != 1.0)


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
    if rule.kind == "trapezoid":
        return _below_line(ranking, weights)
    if rule.kind == "linear":
        samples = sampled_precision(ranking, rule, weights)
        return np.maximum(samples - rule.least, 0.0).mean(axis=-1) / (1.0 - rule.least)
    return _averaged(ranking, rule, weights, samples=False)[0]


def averages(
    ranking: Ranking, rule: CurveRule
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return `average_precision` and, of a rule of the kind grid, `sampled_precision`.

    Parameters
    ----------
    ranking, rule
        As for `average_precision`.
    """
    if rule.kind == "grid":
        return _averaged(ranking, rule, None, samples=True)
    return average_precision(ranking, rule), None


def _drawn(
    ranking: Ranking, draws: NDArray[np.float64]
) -> Iterator[tuple[tuple[int, int, int], float, NDArray[np.float64]]]:
    """Yield the curves of draws that have truths.

    Yields
    ------
    place : (int, int, int)
        Of draw, threshold and class.
    truths : float
        Number of truths.
    true : ndarray, dtype=float64
        Number of true ones among the first counted predictions.
    """
    drawn = ranking.positives.drawn(draws)
    for b, t, c in np.ndindex(len(draws), *ranking.shape):
        truths = float(drawn[b, c])
        if truths <= 0.0:
            continue
        part = slice(ranking.pointer[c], ranking.pointer[c + 1])
        item = ranking.item[t if len(ranking.visit) > 1 else 0, part]
        outcome = np.repeat(ranking.outcome_of(t, c), draws[b, item].astype(np.int64))
        yield (b, t, c), truths, np.cumsum(outcome[outcome != IGNORED] == TRUE, dtype=np.float64)


def _below_line(ranking: Ranking, weights: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return the area below the line through all points, in float32."""
    draws = np.ones((1, ranking.positives.items)) if weights is None else weights
    result = np.full((len(draws), *ranking.shape), np.nan)
    for place, truths, true in _drawn(ranking, draws):
        precision = np.append(1.0, true / np.arange(1, len(true) + 1)).astype(np.float32)
        recall = np.append(0.0, true / truths).astype(np.float32)
        steps, heights = np.diff(recall), precision[1:] + precision[:-1]
        result[place] = (steps * heights * np.float32(0.5)).sum()
    return result[0] if weights is None else result


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
    draws = np.ones((1, ranking.positives.items)) if weights is None else weights
    result = np.full((len(draws), *ranking.shape, len(rule.recalls)), np.nan)
    for place, truths, true in _drawn(ranking, draws):
        result[place] = 0.0
        if len(true):
            seen = np.arange(1, len(true) + 1) + rule.spacing
            result[place] = np.interp(rule.recalls, true / truths, true / seen, right=0.0)
    return result[0] if weights is None else result


def _averaged(
    ranking: Ranking, rule: CurveRule, weights: NDArray[np.float64] | None, *, samples: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the averages and, if wanted, the precision at each recall."""
    kind = CURVES.index(rule.kind)
    levels, classes = ranking.shape
    given = weights is not None
    weight, item = np.ones((1, 1)), np.zeros((len(ranking.visit), 1), dtype=np.int64)
    if weights is not None:
        weight, item = np.ascontiguousarray(weights, dtype=np.float64), ranking.item
    slot = np.empty(len(ranking.column) + levels * classes)
    used = np.zeros(levels * classes, dtype=np.int64)
    truths = ranking.positives.drawn(weight) if given else ranking.truths[None]
    shape = len(weight), levels, classes
    ap = np.empty(shape)
    sample = np.full((*shape, len(rule.recalls) if samples else 0), np.nan)
    longest = int(np.diff(ranking.bounds).max(initial=0))
    steps = len(ranking.column) + ranking.visit.size + len(used) * (4 + 2 * len(rule.recalls))
    suited(specialise(_average), len(weight) * steps)(
        weight, item, int(given), ranking.alone,
        ranking.pointer, ranking.bounds, ranking.column, ranking.true,
        truths, np.asarray(rule.recalls, dtype=np.float64), rule.spacing,
        kind, slot, used, sample, ap,
        np.empty(np.diff(ranking.pointer).max(initial=0)), *np.empty((2, longest)),
    )  # fmt: skip
    if given:
        return ap, sample
    if kind == 0:
        _sum_again(ranking, slot, used, ap[0])
    return ap[0], sample[0]


def average_precision_ends(
    ranking: Ranking, rule: CurveRule, block: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Least and greatest AP over the orders of equal confidences, with matches as they are.

    Parameters
    ----------
    ranking : Ranking
        Of one order, the same at all thresholds.
    rule : CurveRule
        Of any kind whose points are not joined.
    block : ndarray, dtype=int64, shape (N,)
        Number of the run of equal class and confidence of each column.

    Returns
    -------
    ndarray, dtype=float64, shape (2, T, C)
        NaN for a class without truths.
    """
    kind = CURVES.index(rule.kind)
    levels, classes = ranking.shape
    slot = np.empty((2, len(ranking.column) + levels * classes))
    used = np.zeros((2, levels * classes), dtype=np.int64)
    ap = np.empty((2, levels, classes))
    longest = int(np.diff(ranking.bounds).max(initial=0))
    steps = len(block) + 2 * (4 * len(ranking.column) + levels * classes * (4 + len(rule.recalls)))
    suited(specialise(_average_ends), steps)(
        block, ranking.alone[0], ranking.pointer, ranking.bounds, ranking.column,
        ranking.true, ranking.truths, np.asarray(rule.recalls, dtype=np.float64),
        rule.spacing, kind, slot, used, np.empty(0), ap,
        np.empty(len(block) + 1), np.empty((2, longest)), np.empty(longest),
    )  # fmt: skip
    if kind == 0:
        for end in range(2):
            _sum_again(ranking, slot[end], used[end], ap[end])
    return ap


def _sum_again(
    ranking: Ranking, slot: NDArray[np.float64], used: NDArray[np.int64], ap: NDArray[np.float64]
) -> None:
    """Sum the terms of each cell as the evaluators do, so that the last bit comes out too."""
    classes = ap.shape[1]
    begins = ranking.bounds[:, :-1].ravel().tolist()
    for cell, (begin, count) in enumerate(zip(begins, used.tolist(), strict=True)):
        if count > 1:
            at = begin + cell
            ap[cell // classes, cell % classes] = slot[at : at + count].sum()


def count_outcomes(ranking: Ranking, outcome: np.uint8) -> NDArray[np.int64]:
    """Count the detections with one outcome, per threshold and class, shape (T, C)."""
    true, ignored = true_and_ignored(ranking)
    if outcome == TRUE:
        return true
    return ignored if outcome == IGNORED else np.diff(ranking.pointer) - true - ignored


def true_and_ignored(ranking: Ranking) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the detections with the outcomes `TRUE` and `IGNORED`, each of shape (T, C).

    Parameters
    ----------
    ranking : Ranking
    """
    row: Any = 0
    if len(ranking.alone) > 1:
        row = np.repeat(np.arange(len(ranking.bounds)), np.diff(ranking.bounds[:, [0, -1]])[:, 0])
    true = _counts(ranking.true, ranking.bounds)
    parts = [slice(*ends) for ends in pairwise(ranking.pointer.tolist())]
    unmatched = np.array(
        [[np.count_nonzero(alone[part]) for part in parts] for alone in ranking.alone], np.int64
    ).reshape(len(ranking.alone), len(parts))
    # of those that match something, each that is not true, less those that would be ignored alone
    more = np.subtract(~ranking.true, ranking.alone[row, ranking.column], dtype=np.int64)
    return true, unmatched + _counts(more, ranking.bounds)


def _counts(chosen: NDArray[Any], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many are chosen between each bound and the next."""
    before = np.zeros(len(chosen) + 1, dtype=np.int64)
    np.cumsum(chosen, out=before[1:])
    return np.diff(before[bounds], axis=-1)


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
    levels, classes = ranking.shape
    if weights is None:
        true = _counts(ranking.true, ranking.bounds)[None].astype(np.float64)
        truths = ranking.truths[None, None, :]
    else:
        import scipy.sparse

        cell = np.repeat(np.arange(levels * classes), np.diff(ranking.bounds).ravel())[ranking.true]
        row = cell // max(classes, 1) if len(ranking.visit) > 1 else 0
        item = ranking.item[row, ranking.column[ranking.true]]
        shape = levels * classes, ranking.positives.items
        found = scipy.sparse.coo_array((np.ones(len(cell)), (cell, item)), shape).tocsr()
        true = (found @ weights.T).T.reshape(len(weights), levels, classes)
        truths = ranking.positives.drawn(weights)[:, None, :]
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
    outcome = ranking.outcome_of(threshold, label)
    true = np.cumsum(outcome[outcome != IGNORED] == TRUE, dtype=np.float64)
    total = float(ranking.truths[label])
    recall = true / total if total else np.full(true.shape, np.nan)
    return recall, true / np.arange(1, len(true) + 1)
