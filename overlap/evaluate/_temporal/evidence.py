"""What a report on temporal localization keeps, so that its numbers can be recomputed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate._ranking.curves import curve
from overlap.evaluate._ranking.scene import Ranked, Scene
from overlap.evaluate.thresholds import threshold_names

from .measure import Measured
from .protocol import Protocol
from .shown import CurveEvidence

__all__ = ["TemporalEvidence"]


@dataclass(frozen=True, eq=False)
class TemporalEvidence(ByValue, CurveEvidence):
    """Matches and rankings of one evaluation.

    Attributes
    ----------
    ranked : Ranked
        Matches and rankings.
    measured : Measured
        Segments.
    protocol : Protocol
        The rules.
    inputs : dict, optional
        Arguments of `temporal` that give this evaluation again.
    """

    ranked: Ranked
    measured: Measured
    protocol: Protocol
    inputs: dict[str, Any] | None = None

    @property
    def scene(self) -> Scene:
        """Predictions and truths in the numbering of the evaluation."""
        return self.ranked.scene

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the videos."""
        return self.scene.items

    def precision(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """AP for each row of weights, threshold and class, shape (B, T, C)."""
        return self.ranked.precision(weights)

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """mAP, over all thresholds and at each, for each row of `weights` (B, V).

        Classes without a truth in a draw are left out of its mean.
        """
        return self.means(self.precision(weights))

    def means(self, ap: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Means over classes and thresholds of an AP of shape (B, T, C)."""
        count = (~np.isnan(ap)).sum(axis=2)
        total = np.nansum(ap, axis=2)
        mean = np.full(total.shape, np.nan)
        np.divide(total, count, out=mean, where=count > 0)
        names = threshold_names(self.scene.thresholds)
        return {
            "mAP": mean.mean(axis=1),
            **{f"mAP@{name}": mean[:, t] for t, name in enumerate(names)},
        }

    def columns(self) -> dict[str, Any]:
        """One entry per prediction, in file order.

        ``rank`` counts from 0 inside a class, and is -1 for a prediction that is in no
        class. At each threshold there are ``outcome`` (``"true"``, ``"false"``,
        ``"ignored"``, or ``"excluded"``), ``truth`` (the row of the truth in its input, as
        error messages count it; -1 for none) and ``iou`` with that truth.
        """
        scene, ranked = self.scene, self.ranked
        found, truth, pairs = self.measured.found, self.measured.truth, scene.pairs
        order = np.argsort(scene.found.place)
        rank = np.full(len(found), -1)
        pointer = ranked.ranking.pointer
        first = np.repeat(pointer[:-1], np.diff(pointer))
        rank[ranked.visit] = np.arange(len(ranked.visit)) - first
        start, stop = found.ends()
        result: dict[str, Any] = {
            "video": np.array(found.videos, dtype=object)[found.video[order]],
            "label": np.array(found.labels, dtype=object)[found.label[order]],
            "start": start[order],
            "stop": stop[order],
            "confidence": None if found.confidence is None else found.confidence[order],
            "rank": rank[order],
        }
        words = np.array(["false", "true", "ignored", "excluded"], dtype=object)
        partner = pairs.agent if scene.by_truth else ranked.candidate
        for t, name in enumerate(threshold_names(scene.thresholds)):
            pair = np.where(rank >= 0, ranked.pair[t], -1)[order]
            hit = pair >= 0
            row = np.full(len(found), -1)
            iou = np.full(len(found), np.nan)
            row[hit] = truth.row[partner[pair[hit]]]
            value = pairs.value[pair[hit]]
            iou[hit] = np.where(np.isinf(value), np.nan, value)
            kind = np.where(rank >= 0, ranked.outcome[t], 3)[order]
            result[f"outcome@{name}"] = words[kind]
            result[f"truth@{name}"] = row
            result[f"iou@{name}"] = iou
        return result

    def curve(self, label: str, iou: float) -> tuple[NDArray, NDArray]:
        """Recall and precision after each counted prediction of a class."""
        if label not in self.scene.labels:
            raise ValueError(
                f"there is no class {label!r}; there are {', '.join(self.scene.labels)}"
            )
        level = int(np.argmin(np.abs(self.scene.thresholds - iou)))
        if abs(self.scene.thresholds[level] - iou) > 1e-9:
            known = ", ".join(threshold_names(self.scene.thresholds))
            raise ValueError(f"IoU {iou!r} is not one of the thresholds {known}")
        return curve(self.ranked.ranking, level, self.scene.labels.index(label))
