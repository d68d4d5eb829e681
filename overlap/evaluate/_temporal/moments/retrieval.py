"""Recall of the first k windows of each query, and the mean IoU of the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate.numbers import Number
from overlap.evaluate.thresholds import iou_name
from overlap.evaluate.value_range import UNIT
from overlap.io.moment_table import MomentTable

from ..tally import Drawn
from ..tie_words import ALL
from ..tied import tied_spans
from .protocols import MomentRules
from .report import MomentReport
from .task import MomentEvidence, MomentTask
from .windows import iou_of, pairs_of, pointer_of

__all__ = ["RetrievalEvidence", "RetrievalTask"]


@dataclass(frozen=True, eq=False, kw_only=True)
class RetrievalEvidence(MomentEvidence):
    """Hits of every query."""

    def finalised(self, sums: Any) -> Drawn:
        """Return the share of queries with a hit, and the mean IoU."""
        count = sums["counted"]
        made: dict[str, tuple[Number, NDArray[np.float64]]] = {}

        def add(metric: str, where: dict[str, str], kind: str, *place: int) -> None:
            values, *ends = (
                np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
                for total in (sums[x][:, *place] for x in (kind, *_ends(kind)) if x in sums)
            )
            ties = tuple(float(end[0]) for end in ends)
            number = Number(
                metric, float(values[0]), where, range=UNIT, better="higher",
                n=int(self.sums["counted"].sum()),
                ties=ties if ties and ties[1] > ties[0] else None,  # type: ignore[arg-type]
            )  # fmt: skip
            made[number.name] = number, values

        for n, k in enumerate(self.rules.k):
            for t, level in enumerate(self.rules.thresholds):
                add(f"R{k}", {"iou": iou_name(level)}, "hits", t, n)
        add("mIoU", {}, "iou")
        return made


def _ends(kind: str) -> tuple[str, str]:
    """Name the values in the worst and in the best order of ties."""
    return f"{kind} low", f"{kind} high"


@dataclass(frozen=True)
class RetrievalTask(MomentTask):
    """Rules of one evaluation of windows; an item is a block of queries."""

    protocol: MomentRules

    name = "moment retrieval"
    report = MomentReport

    def values(self, truth: MomentTable, found: MomentTable) -> dict[str, NDArray[Any]]:
        """Return the hits of every query, and the IoU of its first window."""
        rules, queries = self.protocol, len(truth.queries)
        rank = np.arange(len(found)) - pointer_of(found)[found.query]
        begin, end = rank, rank + 1
        if rules.order == "confidence":
            if found.confidence is None:
                raise ValueError(
                    f"{found.source}: windows have no confidences; add them, or set order=file"
                )
            order = np.lexsort((np.arange(len(found)), -found.confidence, found.query))
            rank[order] = rank.copy()
            begin, end = tied_spans(found.query, found.confidence)
        i, j = pairs_of(found, truth)
        iou = iou_of(found, truth, i, j, rules.union)
        undefined = np.isnan(iou)
        compared = np.where(undefined, np.inf if rules.undefined == "match" else 0.0, iou)
        block = pointer_of(found)[found.query] + begin
        size = end - begin
        hits, low, high = (
            np.zeros((queries, len(rules.thresholds), len(rules.k))) for _ in range(3)
        )
        for t, level in enumerate(rules.thresholds):
            near = compared > level if rules.comparison == ">" else compared >= level
            good = np.zeros(len(found), dtype=bool)
            good[i[near]] = True
            bad = size - np.bincount(block[good], minlength=len(found))[block]
            for n, k in enumerate(rules.k):
                taken = np.clip(k - begin, 0, size)  # of the windows of equal confidence
                hits[found.query[good & (rank < k)], t, n] = 1.0
                high[found.query[good & (taken > 0)], t, n] = 1.0
                low[found.query[bad < taken], t, n] = 1.0
        value = np.where(undefined, float(rules.undefined == "match"), iou)
        best = np.lexsort((-value, i))
        place = np.arange(len(i)) - np.searchsorted(i, i)
        some = best[place < rules.truths]
        total = np.bincount(i[some], value[some], minlength=len(found))
        count = np.bincount(i[some], minlength=len(found))
        mean = np.divide(total, count, out=np.zeros(len(found)), where=count > 0)
        answered = np.diff(pointer_of(found)) > 0
        counted = answered if rules.unanswered == "leave_out" else np.ones(queries, dtype=bool)
        first, least, most = np.zeros(queries), np.ones(queries), np.zeros(queries)
        first[found.query[rank == 0]] = mean[rank == 0]
        perhaps = begin == 0
        np.minimum.at(least, found.query[perhaps], mean[perhaps])
        np.maximum.at(most, found.query[perhaps], mean[perhaps])
        result = {"hits": hits, "iou": first, "counted": np.ones(queries)}
        if rules.order == "confidence":
            result |= {"hits low": low, "hits high": high, "iou low": least * answered,
                       "iou high": most}  # fmt: skip
        return {name: x * counted.reshape(-1, *[1] * (x.ndim - 1)) for name, x in result.items()}

    def evidence(
        self, truth: MomentTable, found: MomentTable, values: dict[str, NDArray[Any]]
    ) -> RetrievalEvidence:
        """Return what the numbers follow from."""
        rules = self.protocol
        share = values["hits"].sum(axis=0)
        count = values["counted"].sum()
        rows = tuple(
            {
                "k": int(k),
                "iou": float(iou_name(level)),
                "recall": float(share[t, n] / count) if count else float("nan"),
                "hits": int(share[t, n]),
                "queries": int(count),
            }
            for n, k in enumerate(rules.k)
            for t, level in enumerate(rules.thresholds)
        )
        columns = {
            "query": np.array(truth.queries, dtype=object),
            "counted": values["counted"] > 0,
            "windows": np.diff(pointer_of(found)),
            "truths": np.diff(pointer_of(truth)),
            "iou of first": values["iou"],
            **{
                f"R{k}@{iou_name(level)}": values["hits"][:, t, n] > 0
                for n, k in enumerate(rules.k)
                for t, level in enumerate(rules.thresholds)
            },
        }
        return RetrievalEvidence(
            items=truth.queries, unit="queries", sums=values, rules=rules, truth=truth,
            found=found, table_rows=rows, counted=columns, ends=ALL,
        )  # fmt: skip

    def remarks(self, evidence: RetrievalEvidence) -> tuple[list[str], list[str]]:
        """Say where confidences and the order of the file disagree, and which queries count."""
        found, findings = evidence.found, []
        if self.protocol.order == "file" and found.confidence is not None:
            same = np.diff(found.query) == 0
            rising = same & (np.diff(found.confidence) > 0)
            if rising.any():
                count = len(np.unique(found.query[1:][rising]))
                findings.append(
                    "windows count in the order of the file, but confidences do not fall in it (in "
                    f"{count:,} of {len(found.queries):,} queries); to rank by confidence, set "
                    "order=confidence"
                )
        left = int((evidence.sums["counted"] == 0).sum())
        notes = [f"queries without windows, left out of all means: {left:,}"] if left else []
        return notes, findings
