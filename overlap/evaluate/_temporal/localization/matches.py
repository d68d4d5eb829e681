"""Matches of ranked predictions, class by class, of which parts can be chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate._ranking.curves import TRUE
from overlap.evaluate._ranking.scene import Ranked, Scene
from overlap.io.segments import SegmentTable

from .evidence import TemporalEvidence
from .normalised import normalised_ap, normalised_precision

__all__ = ["Matches", "matches_of"]


@dataclass(frozen=True, eq=False)
class Matches(ByValue):
    """Ranked predictions of classes with truths, and what they match.

    Attributes
    ----------
    ranked : Ranked
    truth, found : SegmentTable
        Segments, row by row those of the scene.
    official : bool
        Whether ties are those of the protocol.
    strict : bool
        Whether an IoU must exceed the threshold.
    """

    ranked: Ranked
    truth: SegmentTable
    found: SegmentTable
    official: bool
    strict: bool

    @property
    def scene(self) -> Scene:
        """Truths and predictions in the numbering of the evaluation."""
        return self.ranked.scene

    @cached_property
    def _counts(self) -> NDArray[np.float64]:
        return self.ranked.ranking.truths

    @cached_property
    def classes(self) -> NDArray[np.int64]:
        """Numbers of the classes with truths."""
        return np.flatnonzero(self._counts)

    @cached_property
    def positives(self) -> NDArray[np.float64]:
        """Number of truths of each of these classes."""
        return self._counts[self.classes]

    @cached_property
    def typical(self) -> float:
        """Mean number of truths of a class."""
        return float(self.positives.sum() / len(self.positives))

    @cached_property
    def rows(self) -> list[NDArray[np.int64]]:
        """Predictions of each class, the most confident first."""
        pointer = self.ranked.ranking.pointer
        return [self.ranked.visit[pointer[c] : pointer[c + 1]] for c in self.classes]

    @cached_property
    def partner(self) -> NDArray[np.int64]:
        """Truth that each prediction matches at each threshold, -1 for none, shape (T, N)."""
        pairs, result = self.ranked.pair, np.full(self.ranked.pair.shape, -1)
        owner = self.ranked.truth
        inside = pairs >= 0
        result[inside] = owner[pairs[inside]]
        return result

    def true(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether predictions are true, shape (T, n).

        Parameters
        ----------
        rows : ndarray, dtype=int64, shape (n,)
        """
        return np.asarray(self.ranked.outcome[:, rows] == TRUE)

    def counted(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether predictions are true or false, shape (T, n).

        Parameters
        ----------
        rows : ndarray, dtype=int64, shape (n,)
        """
        return np.asarray(self.ranked.outcome[:, rows] <= TRUE)

    @cached_property
    def precision(self) -> NDArray[np.float64]:
        """Normalised AP of each class at each threshold, shape (T, C)."""
        return np.stack(
            [
                normalised_ap(self.true(rows), self.counted(rows), count, self.typical)
                for rows, count in zip(self.rows, self.positives, strict=True)
            ],
            axis=1,
        )

    @cached_property
    def mean(self) -> float:
        """Normalised mAP, over classes and thresholds."""
        return float(self.precision.mean(axis=1).mean())

    def among_first(self, most: int) -> Matches:
        """Match only the most confident predictions of each class.

        Parameters
        ----------
        most : int
            In multiples of the number of its truths.
        """
        scene, keep = self.scene, np.zeros(len(self.scene.found), dtype=bool)
        visit, pointer = scene.order("file")
        for c, count in zip(self.classes, self.positives, strict=True):
            keep[visit[pointer[c] : pointer[c + 1]][: int(most * count)]] = True
        everyone = np.ones(len(scene.truth), dtype=bool)
        sides = (everyone, keep) if scene.by_truth else (keep, everyone)
        changed = replace(scene, found=scene.found.without(~keep), pairs=scene.pairs.among(*sides))
        return replace(self, ranked=changed.ranked(official=self.official))

    def found_truths(self, least: float) -> NDArray[np.bool_]:
        """Return which truths are found at each threshold, shape (T, M).

        Parameters
        ----------
        least : float
            Predictions count while the normalised precision is above it.
        """
        result = np.zeros((len(self.scene.thresholds), len(self.scene.truth)), dtype=bool)
        for rows, count in zip(self.rows, self.positives, strict=True):
            true = self.true(rows)
            _, precision = normalised_precision(true, self.counted(rows), count, self.typical)
            level, column = np.nonzero(true & (precision > least))
            result[level, self.partner[level, rows[column]]] = True
        return result

    def mean_of(self, chosen: NDArray[np.bool_]) -> float:
        """Return the normalised mAP of some truths, as if there were no others.

        Predictions that match another truth at any threshold are left out.

        Parameters
        ----------
        chosen : ndarray, dtype=bool, shape (M,)
        """
        numbers = np.bincount(self.scene.truth.label[chosen], minlength=len(self.scene.labels))
        values = []
        for c, rows in zip(self.classes, self.rows, strict=True):
            if not numbers[c]:
                continue
            partner = self.partner[:, rows]
            mine = rows[((partner < 0) | chosen[partner]).all(axis=0)]
            kept, count = self.counted(mine), float(numbers[c])
            values.append(normalised_ap(self.true(mine), kept, count, self.typical))
        return float(np.mean(values)) if values else float("nan")


def matches_of(evidence: TemporalEvidence, left_out: NDArray[np.bool_], ties: str) -> Matches:
    """Match anew without some of the truths.

    Parameters
    ----------
    evidence : TemporalEvidence
    left_out : ndarray, dtype=bool, shape (M,)
    ties : str
        Of the report.
    """
    ranked, measured = evidence.ranked, evidence.measured
    official = ties == "official"
    if left_out.any():
        scene = ranked.scene
        everyone = np.ones(len(scene.found), dtype=bool)
        sides = (~left_out, everyone) if scene.by_truth else (everyone, ~left_out)
        scene = replace(scene, truth=scene.truth.without(left_out), pairs=scene.pairs.among(*sides))
        ranked = scene.ranked(official=official)
    strict = ranked.scene.rules.match.strict
    return Matches(ranked, measured.truth, measured.found, official, strict)
