"""The task of segments without confidences, and what its numbers follow from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.matching import MatchRule, match_pairs
from overlap.evaluate.numbers import Number
from overlap.evaluate.thresholds import iou_name
from overlap.evaluate.value_range import UNIT
from overlap.pairing.matching import greedy_pairs

from ..near_pairs import Near, NearEvidence, NearTask, segment_columns
from ..tally import Drawn, Tally
from .protocols import SegmentRules
from .report import SegmentsReport

__all__ = ["SegmentsEvidence", "SegmentsTask"]

#: Names of the numbers at each threshold.
_METRICS = ("F1", "precision", "recall", "mean_iou")


@dataclass(frozen=True, eq=False, kw_only=True)
class SegmentsEvidence(Tally, NearEvidence):
    """Counts of every video: pairs, truths and predictions by class.

    Attributes
    ----------
    thresholds : tuple of float
    several : bool
        Whether there are means over classes beside the numbers of all.
    """

    thresholds: tuple[float, ...]
    several: bool

    def finalised(self, sums: Any) -> Drawn:
        """Return the numbers of all segments, and means over the classes of the truth."""
        truth, found = sums["truth"][:, None], sums["found"][:, None]
        pooled = _scores(sums["pairs"].sum(-1), sums["iou"].sum(-1), truth.sum(-1), found.sum(-1))
        made: dict[str, tuple[Number, NDArray[np.float64]]] = {}

        def add(metric: str, level: int, values: NDArray[np.float64]) -> None:
            where = {"iou": iou_name(self.thresholds[level])}
            number = Number(metric, float(values[0]), where, range=UNIT, better="higher")
            made[number.name] = number, values

        for t in range(len(self.thresholds)):
            for metric in _METRICS:
                add(metric, t, pooled[metric][:, t])
        if self.several:
            each = _scores(sums["pairs"], sums["iou"], truth, found)
            there = truth > 0
            count = there.sum(-1)
            for metric in _METRICS[:3]:
                # a class that is never predicted has no precision, and counts as 0
                values = np.where(there, np.nan_to_num(each[metric]), 0.0).sum(-1)
                mean = np.divide(values, count, out=np.full(values.shape, np.nan), where=count > 0)
                for t in range(len(self.thresholds)):
                    add(f"macro {metric}", t, mean[:, t])
        return made


def _scores(
    pairs: NDArray[np.float64],
    iou: NDArray[np.float64],
    truth: NDArray[np.float64],
    found: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    """Return scores of counts; NaN where nothing can be said."""

    def share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
        part, whole = np.broadcast_arrays(part, whole)
        return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)

    return {
        "precision": share(pairs, found),
        "recall": share(pairs, truth),
        "F1": share(2 * pairs, truth + found),
        "mean_iou": share(iou, pairs),
    }


@dataclass(frozen=True)
class SegmentsTask(NearTask):
    """Rules of one evaluation of segments without confidences; an item is a block of videos."""

    protocol: SegmentRules

    name = "temporal segments"
    report = SegmentsReport
    outside = "they count as false"
    unknown = "their predictions count as false, and are in no mean over classes"

    @property
    def ranked(self) -> bool:
        """Predictions need no confidences."""
        return False

    def words(self, evidence: SegmentsEvidence) -> str:
        """Return what was done."""
        return f"Temporal segments were matched one to one ({self.protocol.matching})"

    def remarks(self, evidence: SegmentsEvidence) -> list[str]:
        """Say that confidences are not used."""
        if evidence.near.found.confidence is None:
            return []
        return ["confidences of the predictions are not used; every prediction counts"]

    def evidence(self, near: Near) -> SegmentsEvidence:
        """Match the segments of all videos."""
        rules = self.protocol
        (video, label), (of_video, of_label) = (
            near.numbered(table) for table in (near.truth, near.found)
        )
        names = near.labels or ("",)
        if rules.classes == "ignore":
            names = ("all segments",)
            label, of_label = np.zeros_like(label), np.zeros_like(of_label)
        shape = len(near.videos), len(names)

        def counts(rows: Any, columns: Any, weights: Any = None) -> NDArray[np.float64]:
            cell = rows * shape[1] + columns
            total = np.bincount(cell, weights, minlength=shape[0] * shape[1])
            return total.reshape(shape).astype(np.float64)

        taken = [_taken(near, rules, level) for level in rules.thresholds]
        iou = np.where(np.isinf(near.iou), 1.0, near.iou)  # of undefined ones that match
        sums = {
            "truth": counts(video, label),
            "found": counts(of_video, of_label),
            "pairs": np.stack([counts(video[near.j[x]], label[near.j[x]]) for x in taken], axis=1),
            "iou": np.stack(
                [counts(video[near.j[x]], label[near.j[x]], iou[x]) for x in taken], axis=1
            ),
        }
        there = {near.truth.labels[k] for k in np.unique(near.truth.label).tolist()}
        return SegmentsEvidence(
            items=near.videos,
            near=near,
            sums=sums,
            thresholds=rules.thresholds,
            several=rules.classes == "labels" and len(there) > 1,
            table_rows=_rows(sums, names, rules.thresholds),
            counted=_columns(near, taken, iou, rules.thresholds),
        )


def _taken(near: Near, rules: SegmentRules, level: float) -> NDArray[np.int64]:
    """Return the pairs that are taken at one threshold."""
    close = np.flatnonzero(near.iou > level if rules.comparison == ">" else near.iou >= level)
    i, j, value = near.i[close], near.j[close], np.where(np.isinf(near.iou), 1.0, near.iou)[close]
    if rules.matching == "greedy":
        return close[np.sort(greedy_pairs(i, j, value, i, True))]
    method = "most" if rules.matching == "maximum" else "optimal"
    pointer = np.searchsorted(i, np.arange(len(near.found) + 1))
    nobody = np.zeros(len(near.truth), dtype=bool)
    everybody = np.arange(len(near.found))
    chosen = match_pairs(
        MatchRule(method), pointer, j, value, everybody, np.array([-np.inf]), nobody, nobody
    )
    return close[chosen.pair]


def _rows(
    sums: dict[str, NDArray[np.float64]], names: tuple[str, ...], thresholds: tuple[float, ...]
) -> tuple[dict[str, Any], ...]:
    """Return a row for each class and threshold."""
    total = {name: values.sum(axis=0) for name, values in sums.items()}
    truth, found = total["truth"], total["found"]
    made = _scores(total["pairs"], total["iou"], truth, found)
    return tuple(
        {
            "class": name,
            "iou": float(iou_name(level)),
            **{metric: float(made[metric][t, c]) for metric in _METRICS},
            "matched": int(total["pairs"][t, c]),
            "n_truth": int(truth[c]),
            "n_found": int(found[c]),
        }
        for c, name in enumerate(names)
        for t, level in enumerate(thresholds)
    )


def _columns(
    near: Near, taken: list[NDArray[np.int64]], iou: NDArray[np.float64],
    thresholds: tuple[float, ...],
) -> dict[str, Any]:  # fmt: skip
    """Return an entry for each prediction, with the truth that it was matched to."""
    found = near.found
    columns = segment_columns(found)
    for level, pairs in zip(thresholds, taken, strict=True):
        truth, value = np.full(len(found), -1), np.full(len(found), np.nan)
        truth[near.i[pairs]] = near.truth.row[near.j[pairs]]
        value[near.i[pairs]] = iou[pairs]
        columns |= {f"truth@{iou_name(level)}": truth, f"iou@{iou_name(level)}": value}
    return columns
