"""Precision, recall and F1 of the detections above a confidence, and the best confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate._ranking.curves import IGNORED, TRUE

from .outcomes import Outcomes

__all__ = ["ALL", "Counts", "OperatingPoints", "operating_points"]

ALL = "all classes"


@dataclass(frozen=True, eq=False)
class Counts(ByValue):
    """Counts at every confidence of one class, the highest first.

    Attributes
    ----------
    confidence : ndarray, dtype=float64, shape (K,)
        Falling, each once.
    true, false : ndarray, dtype=int64, shape (K,)
        Number of true and false detections of at least this confidence.
    truths : int
        Number of truths that count.
    """

    confidence: NDArray[np.float64]
    true: NDArray[np.int64]
    false: NDArray[np.int64]
    truths: int

    @property
    def f1(self) -> NDArray[np.float64]:
        """2 true / (2 true + false + missed) at each confidence."""
        seen = self.true + self.false + self.truths
        return 2 * self.true / np.maximum(seen, 1)

    def best(self) -> float:
        """Return the confidence of the largest F1, of equal ones the highest; NaN if it is 0."""
        if not self.true.any():
            return np.nan
        return float(self.confidence[int(np.argmax(self.f1))])

    def at(self, confidence: float) -> dict[str, Any]:
        """Return counts, precision, recall and F1 of the detections of at least a confidence.

        Parameters
        ----------
        confidence : float
        """
        k = int(np.searchsorted(-self.confidence, -confidence, side="right")) - 1
        true, false = (int(self.true[k]), int(self.false[k])) if k >= 0 else (0, 0)
        missed = self.truths - true
        return {
            "precision": _ratio(true, true + false),
            "recall": _ratio(true, self.truths),
            "f1": _ratio(2 * true, 2 * true + false + missed),
            "n_true": true,
            "n_false": false,
            "n_missed": missed,
        }


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else np.nan


@dataclass(frozen=True, eq=False)
class OperatingPoints(ByValue):
    """Counts of every class, and of all together, at every confidence.

    Attributes
    ----------
    iou : float
        Threshold of the matches.
    classes : mapping from str to Counts
        By class, and `whole` of all detections at one confidence.
    whole : Counts
    """

    iou: float
    classes: dict[str, Counts]
    whole: Counts

    def chosen(self, confidence: float | None = None) -> float:
        """Return the confidence at which errors are shown.

        Parameters
        ----------
        confidence : float, optional
            By default the one with the largest F1 of all classes together; the smallest there is
            where nothing is true.
        """
        if confidence is not None:
            return float(confidence)
        best = self.whole.best()
        if np.isnan(best):
            return float(self.whole.confidence.min(initial=1.0))
        return best

    def rows(self, confidence: float | None = None) -> list[dict[str, Any]]:
        """Return a row of all classes together and one of each class.

        Parameters
        ----------
        confidence : float, optional
            By default as in `chosen`.
        """
        shown = self.chosen(confidence)
        result = []
        for name, counts in [(ALL, self.whole), *self.classes.items()]:
            best = counts.best()
            point = counts.at(best)
            row = {"class": name, "n_truth": counts.truths, "confidence": shown,
                   **counts.at(shown), "best_confidence": best}  # fmt: skip
            known = not np.isnan(best)
            for word in ("precision", "recall", "f1"):
                row[f"best_{word}"] = point[word] if known else np.nan
            result.append(row)
        return result


def operating_points(matched: Outcomes) -> OperatingPoints:
    """Count true and false detections at every confidence, from one matching.

    A detection chooses after the more confident ones, so that the matches among those of at least
    a confidence are the same without the others.

    Parameters
    ----------
    matched : Outcomes
    """
    scene = matched.scene
    rows = np.flatnonzero(matched.outcome != IGNORED)
    label, confidence = scene.found.label[rows], scene.confidence[rows]
    true = matched.outcome[rows] == TRUE
    truths = np.bincount(scene.truth.label[matched.counted], minlength=len(scene.labels))
    order = np.lexsort((-confidence, label))
    ends = np.searchsorted(label[order], np.arange(len(scene.labels) + 1))
    classes = {}
    for c, name in enumerate(scene.labels):
        some = order[ends[c] : ends[c + 1]]
        classes[name] = _counts(confidence[some], true[some], int(truths[c]))
    order = np.argsort(-confidence, kind="stable")
    whole = _counts(confidence[order], true[order], int(truths.sum()))
    return OperatingPoints(matched.threshold, classes, whole)


def _counts(confidence: NDArray[np.float64], hit: NDArray[np.bool_], truths: int) -> Counts:
    """Count over confidences in falling order."""
    last = np.flatnonzero(np.append(confidence[1:] != confidence[:-1], True)[: len(confidence)])
    true = np.cumsum(hit, dtype=np.int64)[last]
    return Counts(confidence[last], true, last + 1 - true, truths)
