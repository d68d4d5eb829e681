"""Matches and numbers of tubes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.evidence import RankingEvidence
from overlap.evaluate.numbers import Number
from overlap.evaluate.thresholds import parse_thresholds
from overlap.evaluate.value_range import UNIT

from ..tally import Drawn, Weighed
from .measure import Measured
from .protocol import TubeProtocol

__all__ = ["GroundingEvidence", "TubeEvidence"]

_FACTS: dict[str, Any] = {"range": UNIT, "better": "higher"}


@dataclass(frozen=True, eq=False)
class TubeEvidence(RankingEvidence):
    """Matches and rankings of boxes or tubes.

    Attributes
    ----------
    ranked, ap, tie_range
        As in `RankingEvidence`.
    protocol : TubeProtocol
    measured : Measured
        Boxes or tubes.
    """

    protocol: TubeProtocol
    measured: Measured

    unit: ClassVar[str] = "videos"

    @property
    def metric(self) -> str:
        """Name of a mean over classes, as MultiSports prints it."""
        return "frameAP" if self.protocol.of == "boxes" else "v_map"

    def _levels(self) -> list[tuple[Number, list[int]]]:
        """Return numbers without values, and the thresholds of which each is the mean."""
        every = self.scene.thresholds.tolist()
        low, high = self.tie_range.low, self.tie_range.high
        result = []
        for x in self.protocol.thresholds:
            t = every.index(x)
            ties = (low[t], high[t])
            number = Number(self.metric, np.nan, {"iou": f"{x:g}"}, ties=ties, **_FACTS)
            result.append((number, [t]))
        for name in self.protocol.means:
            some = parse_thresholds(name)
            number = Number(f"{self.metric}_{some[0]:.2f}:{some[-1]:.2f}", np.nan, **_FACTS)
            result.append((number, [every.index(x) for x in some]))
        return result

    def numbers(self) -> list[Number]:
        """Return the mean over classes at each threshold, and its means over thresholds."""
        means = self.means(self.ap[None])
        return [
            Number(
                number.metric, float(means[number.name][0]), number.where, ties=number.ties,
                **_FACTS,
            )
            for number, _ in self._levels()
        ]  # fmt: skip

    def means(self, ap: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Means over classes and thresholds of an AP of shape (B, T, C)."""
        known: NDArray[np.bool_] = np.logical_not(np.isnan(ap).any(axis=1))
        mean = np.full(ap.shape[:2], np.nan)
        for draw, one, classes in zip(mean, ap, known, strict=True):
            if classes.any():
                draw[:] = one[:, classes].mean(axis=1)
        return {number.name: mean[:, some].mean(axis=1) for number, some in self._levels()}

    def columns(self) -> dict[str, Any]:
        """One entry for each box or tube found, in file order."""
        found = self.measured.found
        return {
            "video": np.array(found.videos, dtype=object)[found.video],
            "label": np.array(found.labels, dtype=object)[found.label],
            "first_frame": found.first,
            "last_frame": found.last,
            "confidence": found.confidence,
            **self.outcomes(self.measured.truth.row),
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class GroundingEvidence(Weighed):
    """Temporal and spatio-temporal IoU of the tube of each query.

    Attributes
    ----------
    temporal, tube : ndarray, dtype=float64, shape (queries,)
        IoU of the spans, and of the tubes.
    protocol : TubeProtocol
    measured : Measured
    """

    temporal: NDArray[np.float64]
    tube: NDArray[np.float64]
    protocol: TubeProtocol
    measured: Measured
    unit: str = "queries"

    def drawn(self, weights: NDArray[np.float64]) -> Drawn:
        """Return the means over queries, for each row of `weights`.

        Parameters
        ----------
        weights : ndarray, shape (B, items)
        """
        strict, tube = self.protocol.comparison == ">", self.tube
        columns: list[tuple[str, dict[str, str], NDArray[Any]]] = [
            ("m_tIoU", {}, self.temporal),
            ("m_vIoU", {}, tube),
            *(
                ("vIoU", {"iou": f"{x:g}"}, tube > x if strict else tube >= x)
                for x in self.protocol.thresholds
            ),
        ]
        total = weights.sum(axis=1)
        result = {}
        for metric, where, values in columns:
            mean = np.full(len(weights), np.nan)
            added = np.einsum("bi,i->b", weights, values.astype(np.float64))
            np.divide(added, total, out=mean, where=total > 0)
            if (weights == 1).all() and len(values):
                mean[:] = values.mean()
            number = Number(metric, float(mean[0]), where, n=len(values), **_FACTS)
            result[number.name] = (number, mean)
        return result
