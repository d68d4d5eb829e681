"""Recall of the best k predictions for each truth of a video and class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate.numbers import Number
from overlap.evaluate.thresholds import iou_name
from overlap.evaluate.value_range import UNIT

from ..near_pairs import Near, NearEvidence, NearTask, segment_columns
from ..repeats import repeated_rows
from ..tally import Drawn, Tally
from .protocols import KxRules
from .ranks import first_ranks, rank_columns, ranked_within
from .report import KxReport

__all__ = ["KxEvidence", "KxTask"]


@dataclass(frozen=True, eq=False, kw_only=True)
class KxEvidence(Tally, NearEvidence):
    """Truths of each video and class that the best predictions find.

    Attributes
    ----------
    rules : KxRules
    left_out : int
        Truths that do not count.
    """

    rules: KxRules
    left_out: int

    def finalised(self, sums: Any) -> Drawn:
        """Return the recall at every threshold and k."""
        hits, truths = sums["hits"], sums["truths"]  # (B, T, K, C), (B, C)
        if self.rules.mean == "truths":
            total = truths.sum(-1)[:, None, None]
            recall = _share(hits.sum(-1), total)
        else:
            each = _share(hits, truths[:, None, None])
            there = np.broadcast_to(truths[:, None, None] > 0, each.shape)
            recall = _share(np.where(there, each, 0.0).sum(-1), there.sum(-1))
        made = {}
        for t, level in enumerate(self.rules.thresholds):
            for n, k in enumerate(self.rules.k):
                values = recall[:, t, n]
                number = Number(
                    f"Recall@{k}x", float(values[0]), {"iou": iou_name(level)}, range=UNIT,
                    better="higher",
                )  # fmt: skip
                made[number.name] = number, values
        return made


def _share(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


@dataclass(frozen=True)
class KxTask(NearTask):
    """Rules of one evaluation of recall at k times the truths; an item is a block of videos."""

    protocol: KxRules

    name = "temporal recall"
    report = KxReport

    @property
    def ranked(self) -> bool:
        """Whether predictions need confidences."""
        return self.protocol.order == "confidence"

    def words(self, evidence: KxEvidence) -> str:
        """Return what was done."""
        return "Temporal predictions were scored by their recall at k times the truths"

    def remarks(self, evidence: KxEvidence) -> list[str]:
        """Say how many truths do not count."""
        if not evidence.left_out:
            return []
        return [f"{evidence.left_out} truths left out: repeated, or of zero length"]

    def evidence(self, near: Near) -> KxEvidence:
        """Rank the predictions of all videos and classes."""
        rules, truth, found = self.protocol, near.truth, near.found
        keep = np.ones(len(truth), dtype=bool)
        if rules.zero_length == "drop":
            keep &= truth.stop - truth.start > 0
        if rules.duplicates == "drop":
            keep &= ~repeated_rows(truth, keep, rules.duplicate_tolerance)
        (video, label), (of_video, of_label) = near.numbered(truth), near.numbered(found)
        names = [x for x in near.labels if x in {truth.labels[k] for k in truth.label[keep]}]
        if rules.classes == "ignore":
            names = ["all segments"]
            label, of_label = np.zeros_like(label), np.zeros_like(of_label)
        wide = max(len(near.labels), 1)
        group = of_video * wide + of_label
        confidence = np.zeros(len(found))
        if rules.order == "confidence":
            assert found.confidence is not None
            confidence = found.confidence
        tie_rule = rules.tie_rule if rules.order == "confidence" else "file"
        rank = ranked_within(group, confidence, tie_rule)
        first = first_ranks(
            rank[near.i], near.j, near.iou, rules.thresholds, rules.comparison == ">", len(truth)
        )
        cell = video * wide + label
        truths = np.bincount(cell[keep], minlength=len(near.videos) * wide)
        shape = len(near.videos), wide
        hits = [
            [
                np.bincount(
                    cell[keep & (first[:, t] < k * truths[cell])], minlength=len(truths)
                ).reshape(shape)
                for k in rules.k
            ]
            for t in range(len(rules.thresholds))
        ]
        place = [near.labels.index(name) for name in names] if rules.classes == "labels" else [0]
        sums = {
            "hits": np.moveaxis(np.array(hits, dtype=np.float64), 2, 0)[..., place],
            "truths": truths.reshape(shape)[:, place].astype(np.float64),
        }
        return KxEvidence(
            items=near.videos,
            near=near,
            rules=rules,
            left_out=int((~keep).sum()),
            sums=sums,
            table_rows=_rows(sums, names, rules),
            counted={
                **segment_columns(near.truth),
                "counted": keep,
                **rank_columns(first, rules.thresholds),
            },
        )


def _rows(
    sums: dict[str, NDArray[np.float64]], names: list[str], rules: KxRules
) -> tuple[dict[str, Any], ...]:
    """Return a row for each class, threshold and k."""
    hits, truths = sums["hits"].sum(axis=0), sums["truths"].sum(axis=0)
    recall = _share(hits, truths)
    return tuple(
        {
            "class": name,
            "iou": float(iou_name(level)),
            "k": int(k),
            "recall": float(recall[t, n, c]),
            "found": int(hits[t, n, c]),
            "n_truth": int(truths[c]),
        }
        for c, name in enumerate(names)
        for t, level in enumerate(rules.thresholds)
        for n, k in enumerate(rules.k)
    )
