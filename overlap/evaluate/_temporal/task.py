"""From measured videos to the report: matching, ranking, means, intervals, tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.curves import IGNORED, TRUE, count_outcomes
from overlap.evaluate._ranking.scene import Scene
from overlap.evaluate._ranking.table import Table
from overlap.evaluate._ranking.ties import tie_spread
from overlap.evaluate.bootstrap import LEAST_ITEMS, draw_weights, resampled_interval
from overlap.evaluate.numbers import Interval
from overlap.evaluate.progress import progress_bar
from overlap.evaluate.thresholds import threshold_names, threshold_values
from overlap.io.name_match import closest
from overlap.io.segments import SegmentTable

from .evidence import TemporalEvidence
from .measure import Measured, combine
from .protocol import Protocol
from .report import TemporalReport
from .rules import rules_of
from .wording import describe

__all__ = ["Finalise"]

SPREAD_SAMPLES, EXPECTED_SAMPLES = 16, 100


@dataclass(frozen=True)
class Finalise:
    """The rules that turn measured videos into a report. Fields are those of `temporal`."""

    protocol: Protocol
    ties: str = "official"
    labels: tuple[str, ...] | None = None
    subset: str | None = None
    bootstrap: int = 0
    confidence_level: float = 0.95
    rng: Any = 0
    progress: bool | None = None
    whole: bool = False

    def __call__(self, parts: list[Measured]) -> TemporalReport:
        """Put the parts together, rank, and compute the numbers."""
        measured = combine(parts, self.protocol.order, whole=self.whole)
        scene = _scene(measured, self.protocol, self.labels)
        ranked = scene.ranked(official=self.ties == "official")
        evidence = TemporalEvidence(ranked, measured, self.protocol)
        ap = ranked.precision()
        expected = self.ties == "expected"
        samples = EXPECTED_SAMPLES if expected else SPREAD_SAMPLES
        spread = tie_spread(ranked, ap, samples)
        if expected:
            ap = spread["random"].mean(axis=0)
        means = _means(ap)
        tie_range = _tie_range(spread, means)
        names = threshold_names(scene.thresholds)
        items = [("mAP", float(means.mean()) if len(means) else float("nan"))]
        items += [(f"mAP@{n}", float(m)) for n, m in zip(names, means, strict=True)]
        items += [("mAP tie low", tie_range["mAP"][0]), ("mAP tie high", tie_range["mAP"][1])]
        intervals, class_ends, absent = self._intervals(evidence, ap, dict(items))
        for interval in intervals:
            items += [
                (f"{interval.name} low", interval.low),
                (f"{interval.name} high", interval.high),
            ]
        rows = _rows(evidence, ap, class_ends)
        settings = describe(self, evidence, tie_range, bool(spread["tried_all"]), intervals, absent)
        sentence = settings.pop("methods")
        return TemporalReport(
            tuple(items), tuple(rows), settings, sentence, evidence, tuple(intervals)
        )

    def _intervals(
        self, evidence: TemporalEvidence, reported: NDArray[np.float64], estimates: dict[str, float]
    ) -> tuple[list[Interval], NDArray[np.float64] | None, int]:
        """Bootstrap intervals of the summary and of each AP; draws that lack a class."""
        if not self.bootstrap or len(evidence.items) < LEAST_ITEMS:
            return [], None, 0
        weights = draw_weights(len(evidence.items), self.bootstrap, self.rng)
        blocks = np.array_split(weights, max(1, self.bootstrap // 100))
        steps = progress_bar(blocks, total=len(blocks), what="bootstrap", progress=self.progress)
        ap = np.concatenate([evidence.precision(block) for block in steps])
        options: dict[str, Any] = {
            "low": 0.0, "high": 1.0, "confidence_level": self.confidence_level,
        }  # fmt: skip
        count = len(evidence.items)
        intervals = [
            resampled_interval(name, estimates[name], draws, items=count, **options)
            for name, draws in evidence.means(ap).items()
        ]
        absent = np.isnan(ap[:, 0, :])  # a draw without the class
        ends = np.full((2, *ap.shape[1:]), np.nan)
        videos = (evidence.ranked.ranking.positives > 0).sum(axis=1).tolist()
        for t, c in np.ndindex(*ap.shape[1:]):
            one = resampled_interval(
                "AP", float(reported[t, c]), ap[:, t, c], items=videos[c], **options
            )
            ends[:, t, c] = one.low, one.high
        return intervals, ends, int(absent.any(axis=1).sum())


def _means(ap: NDArray[np.float64]) -> NDArray[np.float64]:
    if ap.shape[1] == 0:
        return np.full(ap.shape[0], np.nan)
    return ap.mean(axis=1)


def _tie_range(
    spread: dict[str, NDArray], means: NDArray[np.float64]
) -> dict[str, tuple[Any, ...]]:
    """Smallest and largest mAP over the orders of ties, and of each threshold."""
    if spread["low"].shape[2] == 0:
        return {"mAP": (np.nan, np.nan), "mAP@": ([np.nan] * len(means), [np.nan] * len(means))}
    # Classes do not meet: each can have the order that is worst or best for it.
    low, high = spread["low"], spread["high"]
    whole = low.mean(axis=1).min(axis=0).mean(), high.mean(axis=1).max(axis=0).mean()
    each = low.min(axis=0).mean(axis=1), high.max(axis=0).mean(axis=1)
    return {
        "mAP": tuple(float(_beyond_rounding(end, means.mean())) for end in whole),
        "mAP@": tuple(_beyond_rounding(end, means).tolist() for end in each),
    }


def _beyond_rounding(ends: Any, reported: Any) -> Any:
    """Return ends of ranges, or the reported numbers where sums were only rounded otherwise."""
    return np.where(np.abs(ends - reported) <= 1e-12, reported, ends)


def _scene(measured: Measured, protocol: Protocol, labels: tuple[str, ...] | None) -> Scene:
    truth, found = measured.truth, measured.found
    in_order = truth.label[np.argsort(measured.truth_place, kind="stable")]
    present = [truth.labels[k] for k in dict.fromkeys(in_order.tolist())]
    classes = list(present)
    if labels is not None:
        classes = list(labels)
        lacking = [label for label in classes if label not in present]
        if lacking and protocol.class_without_truth == "error":
            raise ValueError(
                f"protocol {protocol.name}: class {lacking[0]!r} has no truth, which its program "
                "does not allow; leave it out of labels, or set class_without_truth=leave_out"
            )
        if lacking and len(lacking) == len(classes):
            raise ValueError(
                f"labels: none of {', '.join(map(repr, classes))} is in the truth, which has "
                f"{', '.join(map(repr, present))}"
            )
        unknown = [label for label in lacking if label not in found.labels]
        if unknown:
            raise ValueError(
                f"labels: {unknown[0]!r} is in neither truth nor predictions"
                f"{closest(unknown[0], present)}"
                + (f" ({len(unknown)} such labels)" if len(unknown) > 1 else "")
            )
        classes = [label for label in classes if label in present]
    number = {label: k for k, label in enumerate(classes)}
    videos = tuple(sorted({*truth.videos, *found.videos}))
    place = {video: k for k, video in enumerate(videos)}

    def renumber(names: Iterable[str], numbers: dict[str, int]) -> NDArray[np.int64]:
        return np.array([numbers.get(name, -1) for name in names], dtype=np.int64)

    def numbered(table: SegmentTable, places: NDArray[np.int64]) -> Table:
        item = renumber(table.videos, place)[table.video]
        label = renumber(table.labels, number)[table.label]
        return Table(item, label, places, table.confidence)

    return Scene(
        rules_of(protocol),
        np.array(protocol.thresholds),
        tuple(classes),
        videos,
        numbered(found, measured.found_place),
        numbered(truth, measured.truth_place),
        measured.pairs,
        measured.ambiguous,
    )


def _rows(
    evidence: TemporalEvidence, ap: NDArray[np.float64], ends: NDArray[np.float64] | None
) -> list[dict[str, Any]]:
    """Rows of the table: AP and counts of each class at each threshold."""
    scene, ranking = evidence.scene, evidence.ranked.ranking
    truths = ranking.positives.sum(axis=1).astype(int).tolist()
    videos = (ranking.positives > 0).sum(axis=1).tolist()
    found = np.diff(ranking.pointer).tolist()
    counts = [count_outcomes(ranking, kind).tolist() for kind in (TRUE, IGNORED)]
    result = []
    shown = threshold_values(scene.thresholds)
    for c, label in enumerate(scene.labels):
        for t, threshold in enumerate(shown):
            true, ignored = counts[0][t][c], counts[1][t][c]
            row = {
                "class": label,
                "iou": threshold,
                "metric": "AP",
                "value": float(ap[t, c]),
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
