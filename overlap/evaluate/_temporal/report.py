"""A report on temporal localization: one that has curves."""

from __future__ import annotations

from dataclasses import dataclass, field

from numpy.typing import NDArray

from overlap.evaluate.page import Section
from overlap.evaluate.report import Report

from .shown import CurveEvidence, brief_of, brief_of_all

__all__ = ["TemporalReport"]


@dataclass(frozen=True, eq=False, repr=False)
class TemporalReport(Report):
    """A `Report` with a recall and a precision after each prediction.

    Its parameters are those of `Report`.
    """

    evidence: CurveEvidence = field(repr=False)

    def brief(self) -> list[Section]:
        """Return the tables of the screen."""
        if "protocols" in self.settings:
            return brief_of_all(self)
        return brief_of(self)

    def remarks(self) -> list[str]:
        """Return the notes that the tables of the screen do not say already."""
        return [note for note in self.settings["notes"] if not note.startswith("ties:")]

    def curve(self, label: str, iou: float) -> tuple[NDArray, NDArray]:
        """Return recall and precision after each counted prediction of one class.

        Parameters
        ----------
        label : str
            Class.
        iou : float
            One of the thresholds.

        Returns
        -------
        recall, precision : ndarray, dtype=float64, shape (n,)
        """
        return self.evidence.curve(label, iou)
