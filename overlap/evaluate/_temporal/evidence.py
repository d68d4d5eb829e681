"""Matches and rankings of temporal localization, from which its numbers follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate._ranking.curves import IGNORED, TRUE, count_outcomes, curve
from overlap.evaluate._ranking.scene import Ranked, Scene
from overlap.evaluate.bootstrap import (
    LEAST_ITEMS,
    Bootstrap,
    draw_weights,
    resampled_interval,
    too_few,
)
from overlap.evaluate.numbers import Intervals, Number
from overlap.evaluate.progress import progress_bar
from overlap.evaluate.thresholds import threshold_names, threshold_values
from overlap.evaluate.value_range import UNIT

from .measure import Measured

__all__ = ["TemporalEvidence", "TieRange", "tie_range_of"]


@dataclass(frozen=True)
class TieRange:
    """Least and greatest mAP over the orders of ties.

    Attributes
    ----------
    whole : (float, float)
        Of the mean over thresholds.
    low, high : list of float
        At each threshold.
    tried_all : bool
        Whether nothing else could come out.
    """

    whole: tuple[float, float]
    low: list[float]
    high: list[float]
    tried_all: bool


@dataclass(frozen=True, eq=False)
class TemporalEvidence(ByValue):
    """Matches and rankings of one evaluation.

    Attributes
    ----------
    ranked : Ranked
        Matches and rankings.
    measured : Measured
        Segments.
    ap : ndarray, dtype=float64, shape (T, C)
        Reported AP per threshold and class.
    tie_range : TieRange
        Other orders of ties.
    inputs : dict, optional
        Arguments of `temporal` that give this evaluation again.
    """

    ranked: Ranked
    measured: Measured
    ap: NDArray[np.float64]
    tie_range: TieRange
    inputs: dict[str, Any] | None = None

    @property
    def scene(self) -> Scene:
        """Predictions and truths in the numbering of the evaluation."""
        return self.ranked.scene

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the videos."""
        return self.scene.items

    def numbers(self) -> list[Number]:
        """Return mAP, over all thresholds with its range over ties, and at each."""
        means = mean_over_classes(self.ap)
        whole = float(means.mean()) if len(means) else float("nan")
        facts: dict[str, Any] = {"range": UNIT, "better": "higher"}
        return [
            Number("mAP", whole, ties=self.tie_range.whole, **facts),
            *(
                Number("mAP", float(value), {"iou": name}, **facts)
                for name, value in zip(threshold_names(self.scene.thresholds), means, strict=True)
            ),
        ]

    def intervals(self, numbers: Sequence[Number], bootstrap: Bootstrap) -> Intervals:
        """Return intervals of the summary and of each AP, by drawing videos.

        Parameters
        ----------
        numbers : sequence of Number
        bootstrap : Bootstrap
        """
        count = len(self.items)
        if not bootstrap.resamples:
            return Intervals()
        if count < LEAST_ITEMS:
            return Intervals(notes=(too_few(count, "videos"),))
        weights = draw_weights(count, bootstrap.resamples, bootstrap.rng)
        blocks = np.array_split(weights, max(1, bootstrap.resamples // 100))
        steps = progress_bar(
            blocks, total=len(blocks), what="bootstrap", progress=bootstrap.progress
        )
        ap = np.concatenate([self.precision(block) for block in steps])
        drawn = self.means(ap)
        options: dict[str, Any] = {"low": 0.0, "high": 1.0, "confidence_level": bootstrap.level}
        made = tuple(
            resampled_interval(one.name, one.value, drawn[one.name], items=count, **options)
            for one in numbers
        )
        ends = np.full((2, *ap.shape[1:]), np.nan)
        videos = self.videos_by_class().tolist()
        for t, c in np.ndindex(*ap.shape[1:]):
            one = resampled_interval(
                "AP", float(self.ap[t, c]), ap[:, t, c], items=videos[c], **options
            )
            ends[:, t, c] = one.low, one.high
        facts = {
            "estimand": "the mAP of another draw of as many videos of the same kind",
            "method": "percentile, videos drawn with replacement, stored matches re-weighted",
            # a draw without the class
            "resamples_lacking_a_class": int(np.isnan(ap[:, 0, :]).any(axis=1).sum()),
            "median_videos_per_class": float(np.median(videos)) if videos else 0.0,
            "bias": {one.name: one.bias for one in made},
            "standard_error": {one.name: one.error for one in made},
        }
        return Intervals(made, ends, facts)

    def videos_by_class(self) -> NDArray[np.int64]:
        """Return the number of videos with a truth of each class."""
        return (self.ranked.ranking.positives > 0).sum(axis=1)

    def rows(self, intervals: Intervals) -> list[dict[str, Any]]:
        """Return the AP and the counts of each class at each threshold.

        Parameters
        ----------
        intervals : Intervals
        """
        ends: Any = intervals.rows
        ranking = self.ranked.ranking
        truths = ranking.positives.sum(axis=1).astype(int).tolist()
        videos = self.videos_by_class().tolist()
        found = np.diff(ranking.pointer).tolist()
        counts = [count_outcomes(ranking, kind).tolist() for kind in (TRUE, IGNORED)]
        result = []
        shown = threshold_values(self.scene.thresholds)
        for c, label in enumerate(self.scene.labels):
            for t, threshold in enumerate(shown):
                true, ignored = counts[0][t][c], counts[1][t][c]
                row = {
                    "class": label,
                    "iou": threshold,
                    "metric": "AP",
                    "value": float(self.ap[t, c]),
                    "n_truth": truths[c],
                    "n_found": found[c],
                    "n_true": true,
                    "n_false": found[c] - true - ignored,
                    "n_ignored": ignored,
                    "n_videos": videos[c],
                }
                if ends is not None:
                    row["low"], row["high"] = float(ends[0, t, c]), float(ends[1, t, c])
                result.append(row)
        return result

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


def mean_over_classes(ap: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mAP at each threshold of an AP of shape (T, C); NaN without classes."""
    return ap.mean(axis=1) if ap.shape[1] else np.full(ap.shape[0], np.nan)


def tie_range_of(spread: dict[str, NDArray[Any]], ap: NDArray[np.float64]) -> TieRange:
    """Return the range of mAP over orders of ties.

    Parameters
    ----------
    spread : dict
        As `overlap.evaluate._ranking.ties.tie_spread` returns it.
    ap : ndarray, dtype=float64, shape (T, C)
        Reported AP.
    """
    means, tried_all = mean_over_classes(ap), bool(spread["tried_all"])
    if ap.shape[1] == 0:
        unknown = [float("nan")] * len(means)
        return TieRange((float("nan"), float("nan")), unknown, unknown, tried_all)
    # Classes do not meet: each can have the order that is worst or best for it.
    low, high = spread["low"], spread["high"]
    first = low.mean(axis=1).min(axis=0).mean()
    last = high.mean(axis=1).max(axis=0).mean()
    return TieRange(
        (
            float(_beyond_rounding(first, means.mean())),
            float(_beyond_rounding(last, means.mean())),
        ),
        _beyond_rounding(low.min(axis=0).mean(axis=1), means).tolist(),
        _beyond_rounding(high.max(axis=0).mean(axis=1), means).tolist(),
        tried_all,
    )


def _beyond_rounding(ends: Any, reported: Any) -> Any:
    """Return ends of ranges, or the reported numbers where sums were only rounded otherwise."""
    return np.where(np.abs(ends - reported) <= 1e-12, reported, ends)
