"""The task of segments without confidences, and what its numbers follow from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.matching import MatchRule, match_pairs
from overlap.evaluate.numbers import Number
from overlap.evaluate.thresholds import iou_name
from overlap.evaluate.value_range import UNIT
from overlap.io.printable import number_of
from overlap.pairing.matching import greedy_pairs

from ..near_pairs import Near, NearEvidence, NearTask, segment_columns
from ..tally import Drawn, Tally
from ..tie_words import ALL, SOME
from .orders import Outcome, contended, mean_ends, outcomes
from .protocols import SegmentRules
from .report import SegmentsReport

__all__ = ["SegmentsEvidence", "SegmentsTask"]

#: Names of the numbers at each threshold.
_METRICS = ("F1", "precision", "recall", "mean_iou")
_ROUNDING = 1e-12  # of sums that are added in other orders


@dataclass(frozen=True, eq=False, kw_only=True)
class SegmentsEvidence(Tally, NearEvidence):
    """Counts of every video: pairs, truths and predictions by class.

    Attributes
    ----------
    thresholds : tuple of float
    several : bool
        Whether there are means over classes beside the numbers of all.
    means : tuple of (float, float)
        Least and greatest mean IoU over the orders of equal IoUs, by threshold; empty where no
        order changes a pair.
    untried : int
        Groups of segments of which not all orders were tried.
    """

    thresholds: tuple[float, ...]
    several: bool
    means: tuple[tuple[float, float], ...] = ()
    untried: int = 0

    def finalised(self, sums: Any) -> Drawn:
        """Return the numbers of all segments, and means over the classes of the truth."""
        truth, found = sums["truth"][:, None], sums["found"][:, None]
        pooled = _scores(sums["pairs"].sum(-1), sums["iou"].sum(-1), truth.sum(-1), found.sum(-1))
        ends = [sums[name][:1] for name in ("least", "most") if self.means]
        whole = truth[:1].sum(-1), found[:1].sum(-1)
        pooled_ends = [_scores(x.sum(-1), sums["iou"][:1].sum(-1), *whole) for x in ends]
        made: dict[str, tuple[Number, NDArray[np.float64]]] = {}

        def add(
            metric: str, level: int, values: NDArray[np.float64], ends: Sequence[float] = ()
        ) -> None:
            where = {"iou": iou_name(self.thresholds[level])}
            value = float(values[0])
            ties = None
            if ends and ends[1] - ends[0] > _ROUNDING:
                ties = min(value, *ends), max(value, *ends)
            number = Number(metric, value, where, range=UNIT, better="higher", ties=ties)
            made[number.name] = number, values

        for t in range(len(self.thresholds)):
            for metric in _METRICS[:3]:
                some = [float(one[metric][0, t]) for one in pooled_ends]
                add(metric, t, pooled[metric][:, t], some)
            add("mean_iou", t, pooled["mean_iou"][:, t], self.means[t] if self.means else ())
        if self.several:
            means = _over_classes(_scores(sums["pairs"], sums["iou"], truth, found), truth)
            mean_of_ends = [
                _over_classes(_scores(x, sums["iou"][:1], truth[:1], found[:1]), truth[:1])
                for x in ends
            ]
            for metric, mean in means.items():
                for t in range(len(self.thresholds)):
                    some = [float(one[metric][0, t]) for one in mean_of_ends]
                    add(f"macro {metric}", t, mean[:, t], some)
        return made


def _over_classes(
    each: dict[str, NDArray[np.float64]], truth: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return means of scores over the classes of the truth."""
    there = truth > 0
    count, means = there.sum(-1), {}
    for metric in _METRICS[:3]:
        # a class that is never predicted has no precision, and counts as 0
        values = np.where(there, np.nan_to_num(each[metric]), 0.0).sum(-1)
        empty = np.full(values.shape, np.nan)
        means[metric] = np.divide(values, count, out=empty, where=count > 0)
    return means


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
        """Say that confidences are not used, and where not all orders of ties were tried."""
        notes = []
        if evidence.near.found.confidence is not None:
            notes.append("confidences of the predictions are not used; every prediction counts")
        if evidence.untried:
            notes.append(
                f"ties: {number_of(evidence.untried, 'group')} of segments with too many pairs of "
                "equal IoU to try all orders; they count as in the file"
            )
        return notes

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
        means: tuple[tuple[float, float], ...] = ()
        untried = 0
        if rules.matching == "greedy":
            least, most, means, untried = _over_orders(
                near, rules, taken, iou, sums["pairs"], (video, label)
            )
            if means:
                sums |= {"least": least, "most": most}
        there = {near.truth.labels[k] for k in np.unique(near.truth.label).tolist()}
        return SegmentsEvidence(
            items=near.videos,
            near=near,
            sums=sums,
            thresholds=rules.thresholds,
            several=rules.classes == "labels" and len(there) > 1,
            means=means,
            untried=untried,
            ends=SOME if untried else ALL,
            tied="IoUs",
            table_rows=_rows(sums, names, rules.thresholds),
            counted=_columns(near, taken, iou, rules.thresholds),
        )


def _close(near: Near, rules: SegmentRules, level: float) -> NDArray[np.int64]:
    """Return the pairs that reach a threshold."""
    return np.flatnonzero(near.iou > level if rules.comparison == ">" else near.iou >= level)


def _taken(near: Near, rules: SegmentRules, level: float) -> NDArray[np.int64]:
    """Return the pairs that are taken at one threshold."""
    close = _close(near, rules, level)
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


def _over_orders(
    near: Near,
    rules: SegmentRules,
    taken: list[NDArray[np.int64]],
    iou: NDArray[np.float64],
    matched: NDArray[np.float64],
    place: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[tuple[float, float], ...], int]:
    """Return what other orders of equal IoUs would take.

    Returns
    -------
    least, most : ndarray, shape (videos, T, classes)
        Numbers of pairs.
    means : tuple of (float, float)
        Least and greatest mean IoU, by threshold; empty where no order changes a number.
    untried : int
        Groups of segments with too many orders.
    """
    least, most, untried = matched.copy(), matched.copy(), 0
    means = []
    for t, level in enumerate(rules.thresholds):
        close = _close(near, rules, level)
        i, j, value = near.i[close], near.j[close], iou[close]
        own = np.isin(close, taken[t], assume_unique=True)
        rest, groups = own.copy(), list[set[Outcome]]()
        for group in contended(i, j, value):
            sides = (side[group].tolist() for side in (value, i, j))
            every = outcomes(list(zip(*sides, strict=True)))
            if every is None:
                untried += 1
                continue
            rest[group] = False
            groups.append(every)
            counts = [count for count, _ in every]
            cell = (place[0][j[group[0]]], t, place[1][j[group[0]]])
            least[cell] += min(counts) - own[group].sum()
            most[cell] += max(counts) - own[group].sum()
        sure = int(rest.sum()), float(value[rest].sum())
        means.append(mean_ends(sure, groups))
    moved = (least < most).any() or any(high - low > _ROUNDING for low, high in means)
    return least, most, tuple(means) if moved else (), untried


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
