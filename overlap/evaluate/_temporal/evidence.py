"""What a report on temporal localization keeps, so that its numbers can be recomputed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate._ranking.curves import Ranking, curve
from overlap.evaluate.thresholds import threshold_names

from overlap.evaluate._ranking.scene import Scene
from .shown import CurveEvidence

__all__ = ["TemporalEvidence"]


@dataclass(frozen=True, eq=False)
class TemporalEvidence(ByValue, CurveEvidence):
    """Matches and rankings of one evaluation.

    Attributes
    ----------
    scene : Scene
        Predictions, truths, rules.
    visit : ndarray, dtype=int64
        Predictions in ranked order.
    pair : ndarray, dtype=int64, shape (T, N)
        Pair of each prediction, -1 for none.
    outcome : ndarray, dtype=uint8, shape (T, N)
        What each prediction counts as.
    ranking : Ranking
        Outcomes in ranked order.
    candidate : ndarray, dtype=int64
        Candidate of each pair, in the order of equal IoUs that was used.
    inputs : dict, optional
        Arguments of `temporal` that give this evaluation again.
    """

    scene: Scene
    visit: NDArray[np.int64]
    pair: NDArray[np.int64]
    outcome: NDArray[np.uint8]
    ranking: Ranking
    candidate: NDArray[np.int64]
    inputs: dict[str, Any] | None = None

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the videos."""
        return self.scene.videos

    def precision(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """AP for each row of weights, threshold and class, shape (B, T, C)."""
        return self.scene.precision(self.ranking, weights)

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
        scene = self.scene
        found, truth = scene.measured.found, scene.measured.truth
        order = np.argsort(scene.measured.found_place)
        rank = np.full(len(found), -1)
        first = np.repeat(self.ranking.pointer[:-1], np.diff(self.ranking.pointer))
        rank[self.visit] = np.arange(len(self.visit)) - first
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
        pairs = scene.measured.pairs
        by_truth = scene.protocol.order == "truth"
        agent = np.repeat(np.arange(len(pairs.pointer) - 1), np.diff(pairs.pointer))
        for t, name in enumerate(threshold_names(scene.thresholds)):
            pair = np.where(rank >= 0, self.pair[t], -1)[order]
            hit = pair >= 0
            row = np.full(len(found), -1)
            iou = np.full(len(found), np.nan)
            if by_truth:
                row[hit] = truth.row[agent[pair[hit]]]
            else:
                row[hit] = truth.row[self.candidate[pair[hit]]]
            value = pairs.iou[pair[hit]]
            iou[hit] = np.where(np.isinf(value), np.nan, value)
            kind = np.where(rank >= 0, self.outcome[t], 3)[order]
            result[f"outcome@{name}"] = words[kind]
            result[f"truth@{name}"] = row
            result[f"iou@{name}"] = iou
        return result

    def curve(self, label: str, iou: float) -> tuple[NDArray, NDArray]:
        """Recall and precision after each counted prediction of a class."""
        if label not in self.scene.classes:
            raise ValueError(
                f"there is no class {label!r}; there are {', '.join(self.scene.classes)}"
            )
        level = int(np.argmin(np.abs(self.scene.thresholds - iou)))
        if abs(self.scene.thresholds[level] - iou) > 1e-9:
            known = ", ".join(threshold_names(self.scene.thresholds))
            raise ValueError(f"IoU {iou!r} is not one of the thresholds {known}")
        return curve(self.ranking, level, self.scene.classes.index(label))
