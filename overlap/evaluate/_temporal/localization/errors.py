"""Why predictions are false, and the normalised mAP that each kind of error costs.

The kinds are those of H. Alwassel and others, "Diagnosing Error in Temporal Action Detectors", ECCV
2018, by the words that detection has for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate._ranking.curves import FALSE, TRUE
from overlap.io.segments import SegmentTable

from .matches import Matches
from .normalised import normalised_ap

__all__ = ["KINDS", "FalsePositives", "false_positives"]

#: Kinds of false positive, with what they mean. The IoU is the largest with any truth of the video,
#: taken or not, of whatever class.
KINDS = {
    "duplicate": "The IoU reaches the threshold, the class is right: the truth is taken.",
    "class": "The IoU reaches the threshold, and the class is another one.",
    "location": "The IoU is at least 0.1 and below the threshold, the class is right.",
    "both": "The IoU is at least 0.1 and below the threshold, and the class is another one.",
    "background": "The IoU is below 0.1 with every truth of the video.",
}
_NEAR = 0.1
_TRUE = -1


@dataclass(frozen=True, eq=False)
class FalsePositives(ByValue):
    """False positives by kind, among the most confident predictions of each class.

    Attributes
    ----------
    kinds : ndarray, dtype=int8, shape (T, n)
        Place in `KINDS` of each of these predictions at each threshold, -1 for a true one.
    group : ndarray, dtype=int64, shape (n,)
        0 for the first G predictions of a class with G truths, 1 for the next G, and so on.
    value : float
        Normalised mAP of these predictions.
    costs : tuple of float
        What it gains without the predictions of one kind.
    """

    kinds: NDArray[np.int8]
    group: NDArray[np.int64]
    value: float
    costs: tuple[float, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return the counts and the costs.

        Returns
        -------
        list of dict
            ``error``, ``n`` (mean over the thresholds), ``share`` (of the predictions) and ``cost``
            (in [0, 1]), for each of `KINDS`.
        """
        return [
            {"error": name, **self._count(self.kinds == k), "cost": cost}
            for k, (name, cost) in enumerate(zip(KINDS, self.costs, strict=True))
        ]

    def true(self) -> dict[str, Any]:
        """Return ``n`` and ``share`` of the true predictions."""
        return self._count(self.kinds == _TRUE)

    def profile(self) -> list[dict[str, Any]]:
        """Return the shares of true predictions and of kinds, from the most confident on.

        Returns
        -------
        list of dict
            ``group`` (from 1), ``n``, and shares ``true`` and of each of `KINDS`.
        """
        result = []
        for group in range(int(self.group.max(initial=-1)) + 1):
            some = self.kinds[:, self.group == group]
            shares = {name: float((some == k).mean()) for k, name in enumerate(KINDS)}
            true = float((some == _TRUE).mean())
            result.append({"group": group + 1, "n": some.shape[1], "true": true, **shares})
        return result

    def _count(self, chosen: NDArray[np.bool_]) -> dict[str, Any]:
        n = float(chosen.sum(axis=1).mean())
        share = n / chosen.shape[1] if chosen.shape[1] else float("nan")
        return {"n": int(n) if n == int(n) else n, "share": share}


def false_positives(matches: Matches, most: int) -> FalsePositives:
    """Classify the false positives, and leave out one kind after the other.

    Parameters
    ----------
    matches : Matches
        Of all predictions.
    most : int
        The most confident predictions that are looked at, in multiples of the truths of a class.
    """
    some = matches.among_first(most)
    truth, found = some.truth, some.found
    scene = some.scene
    counted = np.flatnonzero(scene.truth.label >= 0)
    rows = np.concatenate([[], *some.rows]).astype(np.int64)
    value, partner = _nearest(found, truth, rows, counted, scene.found.item, scene.truth.item)
    right = scene.truth.label[partner] == scene.found.label[rows]
    right &= partner >= 0
    kinds = np.full((len(scene.thresholds), len(rows)), _TRUE, dtype=np.int8)
    for t, threshold in enumerate(scene.thresholds):
        reached = value > threshold if some.strict else value >= threshold
        near = np.where(value >= _NEAR, np.where(right, 2, 3), 4)
        kind = np.where(reached, np.where(right, 0, 1), near)
        false = some.ranked.outcome[t, rows] == FALSE
        kinds[t, false] = kind[false]
    ignored = ~np.isin(some.ranked.outcome[:, rows], (TRUE, FALSE))
    costs = []
    for k in range(len(KINDS)):
        costs.append(_mean(some, (kinds != k) & ~ignored) - some.mean)
    group = np.concatenate([[], *(
        np.arange(len(one)) // count for one, count in zip(some.rows, some.positives, strict=True)
    )]).astype(np.int64)  # fmt: skip
    counts = ~ignored.any(axis=0)
    return FalsePositives(kinds[:, counts], group[counts], some.mean, tuple(costs))


def _mean(matches: Matches, kept: NDArray[np.bool_]) -> float:
    """Return the normalised mAP of some of the ranked predictions."""
    values, start = [], 0
    for rows, count in zip(matches.rows, matches.positives, strict=True):
        mine = kept[:, start : start + len(rows)]
        values.append(normalised_ap(matches.true(rows), mine, count, matches.typical))
        start += len(rows)
    return float(np.mean(values, axis=0).mean())


def _nearest(
    found: SegmentTable,
    truth: SegmentTable,
    rows: NDArray[np.int64],
    counted: NDArray[np.int64],
    found_item: NDArray[np.int64],
    truth_item: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the largest IoU of predictions with any truth of their video, and its first truth."""
    value, partner = np.zeros(len(rows)), np.full(len(rows), -1)
    if not len(rows):
        return value, partner
    order = np.argsort(found_item[rows], kind="stable")
    truths = counted[np.argsort(truth_item[counted], kind="stable")]
    items = found_item[rows[order]]
    edges = np.flatnonzero(np.append(True, items[1:] != items[:-1]))
    starts = np.searchsorted(truth_item[truths], items[edges], side="left")
    stops = np.searchsorted(truth_item[truths], items[edges], side="right")
    for first, last, low, high in zip(
        edges, np.append(edges[1:], len(items)), starts, stops, strict=True
    ):
        if low == high:
            continue
        mine, theirs = order[first:last], truths[low:high]
        a0, a1 = found.start[rows[mine], None], found.stop[rows[mine], None]
        b0, b1 = truth.start[theirs], truth.stop[theirs]
        shared = np.maximum(np.minimum(a1, b1) - np.maximum(a0, b0), 0.0)
        union = (b1 - b0) + (a1 - a0) - shared
        iou = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
        best = iou.argmax(axis=1)
        value[mine], partner[mine] = iou[np.arange(len(mine)), best], theirs[best]
    return value, partner
