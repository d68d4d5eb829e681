"""Matches and rankings of temporal localization, with the segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from overlap.evaluate._ranking.evidence import RankingEvidence

from .measure import Measured

__all__ = ["TemporalEvidence"]


@dataclass(frozen=True, eq=False)
class TemporalEvidence(RankingEvidence):
    """Matches and rankings of one evaluation.

    Attributes
    ----------
    ranked, ap, tie_range
        As in `RankingEvidence`.
    measured : Measured
        Segments.
    """

    measured: Measured

    unit: ClassVar[str] = "videos"

    def columns(self) -> dict[str, Any]:
        """One entry per prediction, in file order.

        ``rank`` counts from 0 inside a class, and is -1 for a prediction that is in no
        class. At each threshold there are ``outcome`` (``"true"``, ``"false"``,
        ``"ignored"``, or ``"excluded"``), ``truth`` (the row of the truth in its input, as
        error messages count it; -1 for none) and ``iou`` with that truth.
        """
        found = self.measured.found
        order = np.argsort(self.measured.found_place)
        start, stop = found.ends()
        return {
            "video": np.array(found.videos, dtype=object)[found.video[order]],
            "label": np.array(found.labels, dtype=object)[found.label[order]],
            "start": start[order],
            "stop": stop[order],
            "confidence": None if found.confidence is None else found.confidence[order],
            **self.outcomes(self.measured.truth.row),
        }
