"""The confusion matrix of detections and truths, with the background as a class of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.frames import frame
from overlap._common.values import ByValue
from overlap.evaluate._ranking.curves import FALSE, TRUE

from .outcomes import Outcomes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BACKGROUND", "Confusion", "confusion_of", "exchanged"]

BACKGROUND = "background"


@dataclass(frozen=True, eq=False)
class Confusion(ByValue):
    """Which classes are found where which are.

    Attributes
    ----------
    labels : tuple of str
        Classes; the last row and column of `counts` are the background.
    counts : ndarray, dtype=int64, shape (C + 1, C + 1)
        Rows are the class of the truth, columns that of the detection. In the row of the
        background are detections without a truth, in its column truths without a detection.
    iou, confidence : float
        Smallest IoU of a match, and smallest confidence of a detection.
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]
    iou: float
    confidence: float

    @property
    def names(self) -> tuple[str, ...]:
        """Classes and the background."""
        return (*self.labels, BACKGROUND)

    @property
    def table(self) -> pd.DataFrame:
        """Counts with names: rows are truths, columns detections (pandas DataFrame)."""
        result = frame({name: self.counts[:, k] for k, name in enumerate(self.names)})
        result.index = list(self.names)
        return result

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each cell that is not empty: ``truth``, ``found`` and ``n``."""
        return [
            {"truth": self.names[i], "found": self.names[j], "n": int(self.counts[i, j])}
            for i, j in zip(*np.nonzero(self.counts), strict=True)
        ]

    def worst(self, count: int) -> Confusion:
        """Return the matrix of the classes with most errors, in their order.

        Parameters
        ----------
        count : int
            Number of classes; the matrix itself if it has no more.
        """
        if len(self.labels) <= count:
            return self
        wrong = self.counts.sum(axis=0) + self.counts.sum(axis=1) - 2 * np.diag(self.counts)
        kept = np.sort(np.argsort(-wrong[:-1], kind="stable")[:count])
        some = np.append(kept, len(self.labels))
        labels = tuple(self.labels[k] for k in kept)
        return Confusion(labels, self.counts[np.ix_(some, some)], self.iou, self.confidence)

    def plot(self, path: str | Path | None = None, ax: Any = None) -> Any:
        """Draw the matrix; see `overlap.plot.draw_confusion`.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing; the suffix is the format.
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.
        """
        from overlap.plot.detection import draw_confusion

        return draw_confusion(self.names, self.counts, path=path, ax=ax)


def exchanged(matched: Outcomes, confidence: float) -> dict[int, int]:
    """Match what is left of detections and truths across classes, the largest value first.

    Parameters
    ----------
    matched : Outcomes
    confidence : float
        Smallest confidence of a detection.

    Returns
    -------
    dict
        Truth of each detection that overlaps one of another class; rows of the scene.
    """
    scene = matched.scene
    shown = scene.confidence >= confidence
    free = (matched.outcome == FALSE) & shown
    left = matched.counted.copy()
    left[matched.partner[(matched.outcome == TRUE) & shown]] = False
    pairs = matched.across(matched.threshold)
    other = scene.found.label[pairs.found] != scene.truth.label[pairs.truth]
    keep = free[pairs.found] & left[pairs.truth] & other
    if scene.rules.match.strict:
        keep &= np.abs(pairs.value) != matched.threshold
    pairs = pairs.among(keep)
    order = np.lexsort((pairs.truth, scene.found.place[pairs.found],
                        -scene.confidence[pairs.found], -pairs.value))  # fmt: skip
    result: dict[int, int] = {}
    for i, j in zip(pairs.found[order].tolist(), pairs.truth[order].tolist(), strict=True):
        if left[j] and i not in result:
            result[i] = j
            left[j] = False
    return result


def confusion_of(matched: Outcomes, confidence: float) -> Confusion:
    """Count the classes of truths and detections that match.

    Parameters
    ----------
    matched : Outcomes
    confidence : float
        Smallest confidence of a detection.
    """
    scene, count = matched.scene, len(matched.scene.labels)
    shown = scene.confidence >= confidence
    partner = np.where((matched.outcome == TRUE) & shown, matched.partner, -1)
    for i, j in exchanged(matched, confidence).items():
        partner[i] = j
    found = np.flatnonzero(shown & (matched.outcome <= TRUE))
    rows = np.append(scene.truth.label, count)[partner[found]]  # -1 is the background
    counts = np.zeros((count + 1, count + 1), dtype=np.int64)
    np.add.at(counts, (rows, scene.found.label[found]), 1)
    lost = matched.counted.copy()
    lost[partner[partner >= 0]] = False
    np.add.at(counts[:, count], scene.truth.label[lost], 1)
    return Confusion(scene.labels, counts, matched.threshold, confidence)
