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
from ..tie_words import ALL, BOUNDS
from ..tied import tied_spans
from .cover import least_and_most
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
        recall = self._recall(sums["hits"], sums["truths"])
        tied = "least" in sums
        ends = [self._recall(sums[x][:1], sums["truths"][:1]) for x in ("least", "most") if tied]
        made = {}
        for t, level in enumerate(self.rules.thresholds):
            for n, k in enumerate(self.rules.k):
                values = recall[:, t, n]
                ties = tuple(float(end[0, t, n]) for end in ends)
                number = Number(
                    f"Recall@{k}x", float(values[0]), {"iou": iou_name(level)}, range=UNIT,
                    better="higher",
                    ties=ties if ties and ties[1] > ties[0] else None,  # type: ignore[arg-type]
                )  # fmt: skip
                made[number.name] = number, values
        return made

    def _recall(
        self, hits: NDArray[np.float64], truths: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return recalls, shape (B, T, K), of counts of shapes (B, T, K, C) and (B, C)."""
        if self.rules.mean == "truths":
            return _share(hits.sum(-1), truths.sum(-1)[:, None, None])
        each = _share(hits, truths[:, None, None])
        there = np.broadcast_to(truths[:, None, None] > 0, each.shape)
        return _share(np.where(there, each, 0.0).sum(-1), there.sum(-1))


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
        hits = np.array(
            [
                [
                    np.bincount(
                        cell[keep & (first[:, t] < k * truths[cell])], minlength=len(truths)
                    )
                    for k in rules.k
                ]
                for t in range(len(rules.thresholds))
            ],
            dtype=np.float64,
        )
        place = [near.labels.index(name) for name in names] if rules.classes == "labels" else [0]

        def by_video(counts: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.moveaxis(counts.reshape(*counts.shape[:-1], *shape), -2, 0)[..., place]

        sums = {"hits": by_video(hits), "truths": by_video(truths.astype(np.float64))}
        exact = True
        if rules.order == "confidence":
            spans = tied_spans(group, confidence)
            least, most, exact = _over_ties(near, rules, spans, cell, keep, truths)
            if (most > least).any():
                sums |= {"least": by_video(least), "most": by_video(most)}
        return KxEvidence(
            items=near.videos,
            near=near,
            rules=rules,
            left_out=int((~keep).sum()),
            ends=ALL if exact else BOUNDS,
            sums=sums,
            table_rows=_rows(sums, names, rules),
            counted={
                **segment_columns(near.truth),
                "counted": keep,
                **rank_columns(first, rules.thresholds),
            },
        )


def _over_ties(
    near: Near,
    rules: KxRules,
    spans: tuple[NDArray[np.int64], NDArray[np.int64]],
    cell: NDArray[np.int64],
    keep: NDArray[np.bool_],
    truths: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """Return the counts of hits in the worst and the best order of ties, and whether both exist.

    In a video and class only the predictions of one confidence are counted in part: those of
    which some are among the best.
    """
    begin, end = (span[near.i] for span in spans)
    least = np.zeros((len(rules.thresholds), len(rules.k), len(truths)))
    most, exact = least.copy(), True
    for t, level in enumerate(rules.thresholds):
        close = near.iou > level if rules.comparison == ">" else near.iou >= level
        close &= keep[near.j]
        for n, k in enumerate(rules.k):
            counted = k * truths[cell[near.j]]
            sure = np.zeros(len(keep), dtype=bool)
            sure[near.j[close & (end <= counted)]] = True
            least[t, n] = most[t, n] = np.bincount(cell[sure], minlength=len(truths))
            open_pairs = close & (begin < counted) & (counted < end) & ~sure[near.j]
            found: dict[int, dict[int, int]] = {}  # bits of truths by cell and prediction
            bits: dict[int, dict[int, int]] = {}
            for i, j in zip(near.i[open_pairs].tolist(), near.j[open_pairs].tolist(), strict=True):
                of_cell, own = (x.setdefault(int(cell[j]), {}) for x in (found, bits))
                of_cell[i] = of_cell.get(i, 0) | own.setdefault(j, 1 << len(own))
            for c, of_cell in found.items():
                some = next(iter(of_cell))
                low, high = int(spans[0][some]), int(spans[1][some])
                nothing = [0] * (high - low - len(of_cell))
                ends = least_and_most([*of_cell.values(), *nothing], int(k * truths[c]) - low)
                least[t, n, c] += ends[0]
                most[t, n, c] += ends[1]
                exact &= ends[2]
    return least, most, exact


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
