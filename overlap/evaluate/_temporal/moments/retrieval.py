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

        def add(metric: str, where: dict[str, str], total: NDArray[np.float64]) -> None:
            values = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
            number = Number(
                metric, float(values[0]), where, range=UNIT, better="higher",
                n=int(self.sums["counted"].sum()),
            )  # fmt: skip
            made[number.name] = number, values

        for n, k in enumerate(self.rules.k):
            for t, level in enumerate(self.rules.thresholds):
                add(f"R{k}", {"iou": iou_name(level)}, sums["hits"][:, t, n])
        add("mIoU", {}, sums["iou"])
        return made


@dataclass(frozen=True)
class RetrievalTask(MomentTask):
    """Rules of one evaluation of windows; an item is a block of queries."""

    protocol: MomentRules

    name = "moment retrieval"
    report = MomentReport

    def values(self, truth: MomentTable, found: MomentTable) -> dict[str, NDArray[Any]]:
        """Return the hits of every query, and the IoU of its first window."""
        rules, queries = self.protocol, len(truth.queries)
        order = np.arange(len(found))
        if rules.order == "confidence":
            if found.confidence is None:
                raise ValueError(
                    f"{found.source}: windows have no confidences; add them, or set order=file"
                )
            order = np.lexsort((order, -found.confidence, found.query))
        rank = np.empty(len(found), dtype=np.int64)
        rank[order] = np.arange(len(found)) - pointer_of(found)[found.query]
        i, j = pairs_of(found, truth)
        iou = iou_of(found, truth, i, j, rules.union)
        undefined = np.isnan(iou)
        compared = np.where(undefined, np.inf if rules.undefined == "match" else 0.0, iou)
        hits = np.zeros((queries, len(rules.thresholds), len(rules.k)))
        for t, level in enumerate(rules.thresholds):
            near = compared > level if rules.comparison == ">" else compared >= level
            for n, k in enumerate(rules.k):
                hits[found.query[i[near & (rank[i] < k)]], t, n] = 1.0
        first = rank[i] == 0
        owner = found.query[i[first]]
        value = np.where(undefined[first], float(rules.undefined == "match"), iou[first])
        best = np.lexsort((-value, owner))
        owner, value = owner[best], value[best]
        place = np.arange(len(owner)) - np.searchsorted(owner, owner)
        some = place < rules.truths
        total = np.bincount(owner[some], value[some], minlength=queries)
        count = np.bincount(owner[some], minlength=queries)
        mean = np.divide(total, count, out=np.zeros(queries), where=count > 0)
        answered = np.diff(pointer_of(found)) > 0
        counted = answered if rules.unanswered == "leave_out" else np.ones(queries, dtype=bool)
        hits[~counted] = 0.0
        return {"hits": hits, "iou": mean * counted, "counted": counted.astype(np.float64)}

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
            found=found, table_rows=rows, counted=columns,
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
