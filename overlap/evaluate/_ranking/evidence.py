"""Evidence of ranked detections: mean average precision, its intervals and its ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
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

from .curves import curve, true_and_ignored
from .expectation import expected_precision, shared_candidates
from .scene import Ranked, Scene
from .ties import tie_spread

__all__ = ["RankingEvidence", "TieRange", "over_orders", "reported_precision"]

SPREAD_SAMPLES, EXPECTED_SAMPLES = 16, 100


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
    sampled : int or None
        Of a reported mean over orders: number of classes for which it is that of random orders;
        for all others it is exact.
    """

    whole: tuple[float, float]
    low: list[float]
    high: list[float]
    tried_all: bool
    sampled: int | None = None


@dataclass(frozen=True, eq=False)
class RankingEvidence(ByValue):
    """Matches and rankings of one evaluation, from which its numbers follow.

    A field derives its own from it, with the names of what it ranks.

    Attributes
    ----------
    ranked : Ranked
        Matches and rankings.
    ap : ndarray, dtype=float64, shape (T, C)
        Reported AP per threshold and class.
    tie_range : TieRange
        Other orders of ties.
    """

    ranked: Ranked
    ap: NDArray[np.float64]
    tie_range: TieRange

    #: Word for several items, and the name and the word of what thresholds are of.
    unit: ClassVar[str] = "items"
    axis: ClassVar[tuple[str, str]] = ("iou", "IoU")

    @property
    def scene(self) -> Scene:
        """Detections and truths in the numbering of the evaluation."""
        return self.ranked.scene

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the items."""
        return self.scene.items

    def numbers(self) -> list[Number]:
        """Return mAP, over all thresholds with its range over ties, and at each."""
        means = mean_over_classes(self.ap)
        whole = float(means.mean()) if len(means) else float("nan")
        facts: dict[str, Any] = {"range": UNIT, "better": "higher"}
        return [
            Number("mAP", whole, ties=self.tie_range.whole, **facts),
            *(
                Number("mAP", float(value), {self.axis[0]: name}, **facts)
                for name, value in zip(threshold_names(self.scene.thresholds), means, strict=True)
            ),
        ]

    def intervals(self, numbers: Sequence[Number], bootstrap: Bootstrap) -> Intervals:
        """Return intervals of the summary and of each AP, by drawing items.

        Parameters
        ----------
        numbers : sequence of Number
        bootstrap : Bootstrap
        """
        count = len(self.items)
        if not bootstrap.resamples:
            return Intervals()
        if count < LEAST_ITEMS:
            return Intervals(notes=(too_few(count, self.unit),))
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
        items = self.items_by_class().tolist()
        for t, c in np.ndindex(*ap.shape[1:]):
            one = resampled_interval(
                "AP", float(self.ap[t, c]), ap[:, t, c], items=items[c], **options
            )
            ends[:, t, c] = one.low, one.high
        facts = {
            "estimand": f"the mAP of another draw of as many {self.unit} of the same kind",
            "method": f"percentile, {self.unit} drawn with replacement, stored matches re-weighted",
            # a draw without the class
            "resamples_lacking_a_class": int(np.isnan(ap[:, 0, :]).any(axis=1).sum()),
            f"median_{self.unit}_per_class": float(np.median(items)) if items else 0.0,
            "bias": {one.name: one.bias for one in made},
            "standard_error": {one.name: one.error for one in made},
        }
        return Intervals(made, ends, facts)

    def items_by_class(self) -> NDArray[np.int64]:
        """Return the number of items with a truth of each class."""
        return self.ranked.ranking.positives.items_by_class()

    def rows(self, intervals: Intervals) -> list[dict[str, Any]]:
        """Return the AP and the counts of each class at each threshold.

        Parameters
        ----------
        intervals : Intervals
        """
        ends: Any = intervals.rows
        ranking = self.ranked.ranking
        truths = ranking.truths.astype(int).tolist()
        items = self.items_by_class().tolist()
        found = np.diff(ranking.pointer).tolist()
        counts = [count.tolist() for count in true_and_ignored(ranking)]
        result = []
        shown = threshold_values(self.scene.thresholds)
        for c, label in enumerate(self.scene.labels):
            for t, threshold in enumerate(shown):
                true, ignored = counts[0][t][c], counts[1][t][c]
                row = {
                    "class": label,
                    self.axis[0]: threshold,
                    "metric": "AP",
                    "value": float(self.ap[t, c]),
                    "n_truth": truths[c],
                    "n_found": found[c],
                    "n_true": true,
                    "n_false": found[c] - true - ignored,
                    "n_ignored": ignored,
                    f"n_{self.unit}": items[c],
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

    def outcomes(self, truth_rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return what became of each detection, in the order of the input.

        Parameters
        ----------
        truth_rows : ndarray, dtype=int64
            Row of each truth in its input, as messages count it.

        Returns
        -------
        dict from str to ndarray
            ``rank`` counts from 0 inside a class, and is -1 for a detection that is in no class.
            At each threshold there are ``outcome`` (``"true"``, ``"false"``, ``"ignored"``, or
            ``"excluded"``), ``truth`` (a row; -1 for none) and the value with that truth.
        """
        scene, ranked, count = self.scene, self.ranked, len(self.scene.found)
        order = np.argsort(scene.found.place)
        rank = np.full(count, -1)
        pointer = ranked.ranking.pointer
        first = np.repeat(pointer[:-1], np.diff(pointer))
        rank[ranked.visit] = np.arange(len(ranked.visit)) - first
        result: dict[str, NDArray[Any]] = {"rank": rank[order]}
        words = np.array(["false", "true", "ignored", "excluded"], dtype=object)
        for t, name in enumerate(threshold_names(scene.thresholds)):
            pair = np.where(rank >= 0, ranked.pair[t], -1)[order]
            hit = pair >= 0
            row, value = np.full(count, -1), np.full(count, np.nan)
            row[hit] = truth_rows[ranked.truth[pair[hit]]]
            known = scene.values[pair[hit]]
            value[hit] = np.where(np.isinf(known), np.nan, known)
            result[f"outcome@{name}"] = words[np.where(rank >= 0, ranked.outcome[t], 3)[order]]
            result[f"truth@{name}"] = row
            result[f"{self.axis[0]}@{name}"] = value
        return result

    def curve(self, label: str, threshold: float) -> tuple[NDArray, NDArray]:
        """Recall and precision after each counted detection of a class."""
        if label not in self.scene.labels:
            raise ValueError(
                f"there is no class {label!r}; there are {', '.join(self.scene.labels)}"
            )
        level = int(np.argmin(np.abs(self.scene.thresholds - threshold)))
        if abs(self.scene.thresholds[level] - threshold) > 1e-9:
            known = ", ".join(threshold_names(self.scene.thresholds))
            raise ValueError(f"{self.axis[1]} {threshold!r} is not one of the thresholds {known}")
        return curve(self.ranked.ranking, level, self.scene.labels.index(label))


def mean_over_classes(ap: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mAP at each threshold of an AP of shape (T, C), over classes with a truth."""
    known = with_truth(ap)
    ap = ap if known.all() else ap[:, known]
    return ap.mean(axis=1) if ap.shape[1] else np.full(ap.shape[0], np.nan)


def with_truth(ap: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the classes that have an AP."""
    return np.asarray(~np.isnan(ap).any(axis=0))


def reported_precision(ranked: Ranked, ties: str) -> tuple[NDArray[np.float64], TieRange]:
    """Return the AP per threshold and class, and the range of its mean over orders of ties.

    Parameters
    ----------
    ranked : Ranked
        One order of ties.
    ties : {"official", "stable", "expected"}
        ``"expected"``: the mean over all orders is reported; for classes in which an order decides
        who matches what, that over `EXPECTED_SAMPLES` random ones.
    """
    samples = EXPECTED_SAMPLES if ties == "expected" else SPREAD_SAMPLES
    ap, spread, sampled = over_orders(ranked, ties, samples)
    if sampled is None:
        return ap, _tie_range(spread, ap)
    return ap, replace(_tie_range(spread, ap), sampled=int(sampled.sum()))


def over_orders(
    ranked: Ranked, ties: str, samples: int, *, equal_values: bool = True
) -> tuple[NDArray[np.float64], dict[str, NDArray[Any]], NDArray[np.bool_] | None]:
    """Return the AP as reported, and under other orders of ties.

    Parameters
    ----------
    ranked, ties
        As for `reported_precision`.
    samples : int
        Number of random orders in which classes are matched anew where that matters; 0 for the
        reported matching alone.
    equal_values : bool
        Whether the order of candidates that are preferred equally is left open too.

    Returns
    -------
    ap : ndarray, dtype=float64, shape (T, C)
    spread : dict
        Of `tie_spread`, and ``settled`` (C,): whether no order decides who matches what.
    sampled : ndarray, dtype=bool, shape (C,), or None
        Of a mean over orders: classes for which it is that of random ones.
    """
    ap, expected = ranked.precision(), ties == "expected"
    moved: NDArray[np.bool_] = shared_candidates(ranked)
    if equal_values or ranked.scene.by_truth:
        moved = moved | _tied_classes(ranked)
    settled: NDArray[np.bool_] = np.logical_not(moved.any(axis=0))
    if not expected:
        again = ~settled if samples else np.zeros_like(settled)
        spread = tie_spread(ranked, ap, samples, again, equal_values=equal_values)
        return ap, {**spread, "settled": settled}, None
    exact = np.full(ap.shape, np.nan)
    if not ranked.scene.rules.curve.joins:
        exact = expected_precision(ranked, ~moved)
    exact[moved] = np.nan
    sampled = np.isnan(exact).any(axis=0) & with_truth(ap)
    again = sampled | ~settled
    spread = tie_spread(ranked, ap, samples, again, equal_values=equal_values)
    ap = np.where(np.isnan(exact), spread["random"].mean(axis=0), exact)
    return ap, {**spread, "settled": settled}, sampled


def _tied_classes(ranked: Ranked) -> NDArray[np.bool_]:
    """Return the classes in which someone has two partners of equal value."""
    scene = ranked.scene
    agents = scene.truth if scene.by_truth else scene.found
    result = np.zeros(len(scene.labels), dtype=bool)
    label = agents.label[scene.pairs.tied]
    result[label[label >= 0]] = True
    return result


def _tie_range(spread: dict[str, NDArray[Any]], ap: NDArray[np.float64]) -> TieRange:
    means, tried_all, known = mean_over_classes(ap), bool(spread["tried_all"]), with_truth(ap)
    if not known.any():
        unknown = [float("nan")] * len(means)
        return TieRange((float("nan"), float("nan")), unknown, unknown, tried_all)
    # Classes do not meet: each can have the order that is worst or best for it.
    low, high = (x if known.all() else x[:, :, known] for x in (spread["low"], spread["high"]))
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
