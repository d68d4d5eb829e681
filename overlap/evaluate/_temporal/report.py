"""A report on temporal localization: one that has curves."""

from __future__ import annotations

from dataclasses import dataclass, field

from numpy.typing import NDArray

from overlap.evaluate.report import Report

from .shown import CurveEvidence

__all__ = ["TemporalReport"]


@dataclass(frozen=True, eq=False, repr=False)
class TemporalReport(Report):
    """A `Report` with a recall and a precision after each prediction.

    Its parameters are those of `Report`.
    """

    evidence: CurveEvidence = field(repr=False)

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
