"""QVHighlights: average precision of the windows of each query, and of its clips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.curves import CurveRule
from overlap.evaluate._ranking.matching import MatchRule
from overlap.evaluate._ranking.pairs import find_pairs
from overlap.evaluate._ranking.rules import Rules
from overlap.evaluate._ranking.scene import Scene
from overlap.evaluate._ranking.table import Table
from overlap.evaluate.numbers import Number
from overlap.evaluate.thresholds import iou_name
from overlap.evaluate.value_range import UNIT
from overlap.io.moment_table import MomentTable

from ..tally import Drawn
from ..temporal_iou import temporal_iou
from .protocols import RANGES, HighlightRules
from .report import HighlightReport
from .saliency import LEVELS, clip_values
from .task import MomentEvidence, MomentTask
from .windows import iou_of, pairs_of, pointer_of

__all__ = ["HighlightEvidence", "HighlightTask"]

#: Thresholds with a number of their own in the summary.
_SHOWN = {"mAP": ("0.5", "0.75"), "R1": ("0.5", "0.7")}


@dataclass(frozen=True, eq=False, kw_only=True)
class HighlightEvidence(MomentEvidence):
    """Average precisions and hits of every query."""

    def all_numbers(self, sums: Any) -> dict[str, tuple[Number, NDArray[np.float64]]]:
        """Return every number by name, those of all ranges and thresholds included.

        Parameters
        ----------
        sums : mapping from str to ndarray, shape (B, ...)
        """
        made: dict[str, tuple[Number, NDArray[np.float64]]] = {}
        levels = [iou_name(level) for level in self.rules.thresholds]

        def add(metric: str, total: Any, count: Any, iou: str = "", ties: Any = None) -> None:
            values = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
            number = Number(
                metric, float(values[0]), {"iou": iou} if iou else {}, range=UNIT, better="higher",
                n=int(count[0]), ties=ties,
            )  # fmt: skip
            made[number.name] = number, values

        if "ap" in sums:
            for r, name in enumerate(RANGES):
                ranked, asked = sums["ranked"][:, r], sums["asked"][:, r]
                ends = [
                    float(sums[f"ap {end}"][0, r] / ranked[0]) if ranked[0] else float("nan")
                    for end in ("low", "high")
                ]
                mean = sums["ap"][:, r].mean(axis=-1)
                tied = tuple(ends) if ends[1] > ends[0] else None
                add(f"MR-{name}-mAP", mean, ranked, ties=tied)
                for t, level in enumerate(levels):
                    add(f"MR-{name}-mAP", sums["ap"][:, r, t], ranked, level)
                for t, level in enumerate(levels):
                    add(f"MR-{name}-R1", sums["r1"][:, r, t], asked, level)
        if "hl" in sums:
            for k, name in enumerate(LEVELS):
                add(f"HL-min-{name}-mAP", sums["hl"][:, k], sums["clips"])
                add(f"HL-min-{name}-Hit1", sums["hit"][:, k], sums["clips"])
        return made

    def finalised(self, sums: Any) -> Drawn:
        """Return the numbers that the program prints in brief."""
        shown = {"MR-full-mAP"}
        shown |= {f"MR-full-{name}@{level}" for name, some in _SHOWN.items() for level in some}
        return {
            name: entry
            for name, entry in self.all_numbers(sums).items()
            if name in shown or "@" not in name
        }


@dataclass(frozen=True)
class HighlightTask(MomentTask):
    """Rules of QVHighlights; an item is a block of queries."""

    protocol: HighlightRules

    name = "moments and highlights"
    report = HighlightReport
    drops = True

    def values(self, truth: MomentTable, found: MomentTable) -> dict[str, NDArray[Any]]:
        """Return average precisions and hits of every query."""
        result: dict[str, NDArray[Any]] = {}
        if len(found):
            result |= self._windows(truth, found)
        if truth.clips is not None and found.clips is not None:
            precision, hit = clip_values(truth, found, self.protocol.clip_length)
            result |= {"hl": precision, "hit": hit, "clips": np.ones(len(truth.queries))}
        if not result:
            raise ValueError(
                f"{found.source}: has neither pred_relevant_windows nor pred_saliency_scores"
            )
        return result

    def _windows(self, truth: MomentTable, found: MomentTable) -> dict[str, NDArray[Any]]:
        rules, queries = self.protocol, len(truth.queries)
        if found.confidence is None:
            raise ValueError(
                f"{found.source}: windows have no scores, so they have no average precision; "
                "write [start, stop, score], or use the protocol moment_retrieval"
            )
        rank = np.arange(len(found)) - pointer_of(found)[found.query]
        first = rank == 0
        kept = rank < rules.windows if rules.windows else np.ones(len(found), dtype=bool)
        length = truth.stop - truth.start
        i, j = pairs_of(found, truth)
        of_first = first[i]
        i, j = i[of_first], j[of_first]
        by_sum, by_hull = (iou_of(found, truth, i, j, union) for union in ("sum", "hull"))
        shape = queries, len(RANGES)
        asked, ranked, low, high = (np.zeros(shape) for _ in range(4))
        ap, r1 = (np.zeros((*shape, len(rules.thresholds))) for _ in range(2))
        has = np.bincount(found.query[kept], minlength=queries) > 0
        for r, (above, upto) in enumerate(RANGES.values()):
            inside = (length > above) & (length <= upto)
            here = np.bincount(truth.query[inside], minlength=queries) > 0
            if upto == float("inf"):
                here[:] = True
            asked[:, r], ranked[:, r] = here, here & has
            values, ends = _average_precision(truth, found, inside, kept, here, rules)
            ap[:, r], low[:, r], high[:, r] = values * ranked[:, r, None], *ends
            best = _best(found.query[i], by_sum, by_hull, inside[j], queries)
            for t, level in enumerate(rules.thresholds):
                hit = best > level if rules.comparison == ">" else best >= level
                r1[:, r, t] = hit & here
        return {
            "ap": ap, "r1": r1, "asked": asked, "ranked": ranked,
            "ap low": low * ranked, "ap high": high * ranked,
        }  # fmt: skip

    def evidence(
        self, truth: MomentTable, found: MomentTable, values: dict[str, NDArray[Any]]
    ) -> HighlightEvidence:
        """Return what the numbers follow from."""
        columns: dict[str, Any] = {
            "query": np.array(truth.queries, dtype=object),
            "windows": np.diff(pointer_of(found)),
            "truths": np.diff(pointer_of(truth)),
        }
        if "ap" in values:
            columns["MR-full-AP"] = values["ap"][:, 0].mean(axis=-1)
            columns["MR-full-R1@0.5"] = _at(values["r1"][:, 0], self.protocol.thresholds, 0.5)
        for k, name in enumerate(LEVELS if "hl" in values else ()):
            columns[f"HL-min-{name}-AP"] = values["hl"][:, k]
            columns[f"HL-min-{name}-Hit1"] = values["hit"][:, k]
        evidence = HighlightEvidence(
            items=truth.queries, unit="queries", sums=values, rules=self.protocol, truth=truth,
            found=found, counted={name: x for name, x in columns.items() if x is not None},
        )  # fmt: skip
        sums = {name: x.sum(axis=0)[None] for name, x in values.items()}
        rows = tuple(
            {
                "metric": number.metric,
                "iou": float(number.where["iou"]) if "iou" in number.where else None,
                "value": number.value,
                "queries": number.n,
            }
            for number, _ in evidence.all_numbers(sums).values()
        )
        object.__setattr__(evidence, "table_rows", rows)
        return evidence

    def remarks(self, evidence: HighlightEvidence) -> tuple[list[str], list[str]]:
        """Say what was not scored."""
        notes, sums = [], evidence.sums
        if "ap" not in sums:
            notes.append("the predictions have no windows: there are no numbers of moments (MR)")
        elif (sums["ranked"][:, 0] == 0).any():
            count = int((sums["ranked"][:, 0] == 0).sum())
            notes.append(
                f"queries without windows: {count:,}; they are left out of mAP, as by the program, "
                "and count as missed in R1"
            )
        if "hl" not in sums:
            side = "truth" if evidence.truth.clips is None else "predictions"
            notes.append(f"the {side} have no scores of clips: there are no highlights (HL)")
        windows = self.protocol.windows
        if windows and "ap" in sums:
            over = int((np.diff(pointer_of(evidence.found)) > windows).sum())
            if over:
                notes.append(
                    f"queries with more than {windows} windows: {over:,}; the first {windows} of "
                    "the file count, whatever their scores"
                )
        return notes, []


def _at(values: NDArray[np.float64], thresholds: tuple[float, ...], level: float) -> Any:
    near = [t for t, threshold in enumerate(thresholds) if abs(threshold - level) < 1e-9]
    return values[:, near[0]] if near else None


def _best(
    query: NDArray[np.int64],
    by_sum: NDArray[np.float64],
    by_hull: NDArray[np.float64],
    inside: NDArray[np.bool_],
    queries: int,
) -> NDArray[np.float64]:
    """Return the IoU of the first window of each query with the truth that it fits best.

    The program chooses the truth by one formula of the IoU, and compares by another.
    """
    query, by_sum, by_hull = query[inside], by_sum[inside], by_hull[inside]
    rows = np.arange(len(query))
    order = np.lexsort((rows, -np.where(np.isnan(by_sum), np.inf, by_sum), query))
    owner = query[order]
    chosen = order[np.append(True, owner[1:] != owner[:-1])[: len(order)]]
    result = np.full(queries, -1.0)
    result[query[chosen]] = np.nan_to_num(by_hull[chosen])
    return result


def _average_precision(
    truth: MomentTable,
    found: MomentTable,
    inside: NDArray[np.bool_],
    kept: NDArray[np.bool_],
    here: NDArray[np.bool_],
    rules: HighlightRules,
) -> tuple[NDArray[np.float64], tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the AP of each query at each threshold, and its mean with ties in other orders."""
    label = np.where(here, np.arange(len(here)), -1)

    def table(side: MomentTable, rows: NDArray[np.bool_], confidence: Any) -> Table:
        query = np.where(rows, label[side.query], -1)
        ends = side.start, side.stop
        return Table(np.zeros_like(query), query, np.arange(len(query)), confidence, ends)

    predictions = table(found, kept, found.confidence)
    truths = table(truth, inside, None)
    match = MatchRule(strict=rules.comparison == ">")
    core = Rules(temporal_iou("sum", "match"), match, CurveRule("all_points"), "file")
    levels = np.array(rules.thresholds)
    pairs = find_pairs(core.measure, predictions, truths, match, levels, official=True)
    scene = Scene(
        core, levels, truth.queries, ("all queries",), predictions, truths, pairs,
        np.zeros(len(found), dtype=bool),
    )  # fmt: skip
    ranked = scene.ranked(official=True)
    # a query without truths of the range has no AP, and does not count
    values = np.nan_to_num(ranked.precision().T)
    low = high = values.mean(axis=1)
    if scene.repeats(ranked.visit).any():
        visit, pointer = scene.order("file")
        positives = scene.positives()
        ends = [values.mean(axis=1)]
        for first in ("false", "true"):
            ranking = scene.rank(visit, pointer, ranked.matched, positives, first)
            ends.append(np.nan_to_num(scene.precision(ranking).T).mean(axis=1))
        low, high = np.min(ends, axis=0), np.max(ends, axis=0)
    return values, (low, high)
