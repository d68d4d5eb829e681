"""Evidence of PSDS: what changes the counts, and the score for any weights of recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._temporal.tally import Drawn, Weighed
from overlap.evaluate.numbers import Intervals, Number
from overlap.evaluate.value_range import UNIT

from .intersections import Intersections
from .protocol import PsdsRules
from .roc import Changes, PsdRoc
from .scored import Scored

__all__ = ["PsdsEvidence", "psds_evidence"]


@dataclass(frozen=True, eq=False, kw_only=True)
class PsdsEvidence(Weighed):
    """Changes of the counts of every recording.

    Attributes
    ----------
    rules : PsdsRules
    found : Intersections
        Of the classes with a truth.
    scored : Scored
    """

    rules: PsdsRules
    found: Intersections
    scored: Scored

    @cached_property
    def changes(self) -> Changes:
        """The changes in order."""
        return Changes(self.rules, self.found)

    @cached_property
    def roc(self) -> PsdRoc:
        """The curve of all recordings."""
        return self.changes.roc(np.ones(len(self.items)))

    @cached_property
    def _class_rows(self) -> list[dict[str, Any]]:
        return _rows(self)

    def rows(self, intervals: Intervals) -> list[dict[str, Any]]:
        """Return area, counts and the best F1 of every class.

        Parameters
        ----------
        intervals : Intervals
        """
        return self._class_rows

    def columns(self) -> Mapping[str, Any]:
        """Return one entry for each truth that is covered, and for each false prediction."""
        return _columns(self.found)

    def drawn(self, weights: NDArray[np.float64]) -> Drawn:
        """Return the score for each row of `weights`.

        Parameters
        ----------
        weights : ndarray, shape (B, recordings)
        """
        whole = (weights == 1.0).all(axis=1)
        values = np.array(
            [
                self.roc.value if all_once else self.changes.roc(row).value
                for row, all_once in zip(weights, whole.tolist(), strict=True)
            ],
            dtype=np.float64,
        )
        return {"psds": (Number("psds", float(values[0]), range=UNIT, better="higher"), values)}


def psds_evidence(rules: PsdsRules, found: Intersections, scored: Scored) -> PsdsEvidence:
    """Return the evidence of changes of counts.

    Parameters
    ----------
    rules : PsdsRules
    found : Intersections
        Of all recordings.
    scored : Scored
    """
    return PsdsEvidence(
        items=found.names,
        unit="recordings",
        rules=rules,
        found=found.of_known_classes(),
        scored=scored,
    )


def _rows(evidence: PsdsEvidence) -> list[dict[str, Any]]:
    """Return area, counts and the best F1 of every class."""
    found, roc = evidence.found, evidence.roc
    truths = np.bincount(found.truth_label, minlength=len(found.classes))
    rows = []
    points = evidence.changes.counts()
    for k, name in enumerate(found.classes):
        right, false, at = points[k]
        f1 = 2 * right / (right + false + truths[k])
        best = int(f1.argmax()) if len(f1) else -1
        row: dict[str, Any] = {
            "class": name,
            "value": float(roc.areas[k]),
            "n_truth": int(truths[k]),
            "n_covered": int(right.max(initial=0.0)),
            "n_false": int(false.max(initial=0.0)),
            "best F1": float(f1[best]) if best >= 0 else 0.0,
        }
        column = "best confidence" if found.ranked else "best point"
        row[column] = None if best < 0 else float(at[best]) if found.ranked else int(at[best])
        rows.append(row)
    return rows


def _columns(found: Intersections) -> Mapping[str, Any]:
    kinds = np.array(["covered", "false", "taken for another class"], dtype=object)
    names = np.array([*found.classes, ""], dtype=object)
    columns: dict[str, Any] = {
        "recording": np.array(found.names, dtype=object)[found.recording],
        "class": names[found.label],
        "kind": kinds[found.kind],
        "other": names[found.other],
    }
    columns["confidence" if found.ranked else "point"] = (
        found.level if found.ranked else found.point
    )
    return columns
