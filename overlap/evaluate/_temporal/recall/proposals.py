"""Average recall over the average number of proposals per video (AR@AN), and the area below it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.table import falling, order_by
from overlap.evaluate.numbers import Number
from overlap.evaluate.thresholds import iou_name
from overlap.evaluate.value_range import UNIT

from ..near_pairs import Near, NearEvidence, NearTask, segment_columns
from ..tally import Drawn
from .protocols import ProposalRules
from .ranks import first_ranks, rank_columns, ranked_within
from .report import ProposalReport

__all__ = ["ProposalEvidence", "ProposalTask"]

_NEAR = 1.0 + 1e-9  # a number of proposals that is not rounded


@dataclass(frozen=True, eq=False, kw_only=True)
class ProposalEvidence(NearEvidence):
    """Ranks of the first proposals that find each truth.

    Attributes
    ----------
    rules : ProposalRules
    proposals, truths : ndarray, dtype=int64, shape (items,)
        Numbers of proposals and of truths of each video.
    owner : ndarray, dtype=int64, shape (M,)
        Video of each truth.
    first : tuple of ndarray, dtype=int64, shape (M, T)
        Rank of the first proposal that finds a truth, for the order of ties of the rules, and for
        others if there are ties.
    """

    rules: ProposalRules
    proposals: NDArray[np.int64]
    truths: NDArray[np.int64]
    owner: NDArray[np.int64]
    first: tuple[NDArray[np.int64], ...]

    def curve(
        self, weights: NDArray[np.float64] | None = None, order: int = 0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the average numbers of proposals, and the recall at each.

        Parameters
        ----------
        weights : ndarray, shape (items,), optional
            How often each video is drawn.
        order : int
            Which order of ties.

        Returns
        -------
        proposals : ndarray, shape (points,)
        recall : ndarray, shape (T, points)
        """
        rules = self.rules
        weight = np.ones(len(self.items)) if weights is None else weights
        counted = (self.truths if rules.over == "truth" else self.proposals) > 0
        videos, total = float(weight[counted].sum()), float(weight @ self.proposals)
        points = np.arange(1, rules.points + 1) / rules.points
        nothing = np.zeros((len(rules.thresholds), rules.points))
        truths = float(weight[counted] @ self.truths[counted])
        if not truths:
            return points * (total / videos if videos else np.nan), nothing + np.nan
        # all kept: nothing is multiplied and divided again, which would round
        ratio = rules.most * videos / total if rules.most and total else 1.0
        kept = np.minimum((self.proposals * ratio).astype(np.int64), self.proposals)
        kept[~counted] = 0
        all_kept = float(weight @ kept)
        if not all_kept:
            return points * rules.most, nothing
        share = points * (rules.most * videos / all_kept) if rules.most else points
        found = np.zeros((len(rules.thresholds), rules.points))
        own, copies = kept[self.owner], (weight * counted)[self.owner]
        for t in range(len(rules.thresholds)):
            place = _first_points(self.first[order][:, t], own, share)
            found[t] = np.cumsum(np.bincount(place, copies, rules.points + 1))[: rules.points]
        recall = found / truths
        return share * (all_kept / videos), recall

    def drawn(self, weights: NDArray[np.float64]) -> Drawn:
        """Return the area, and AR at some numbers of proposals, for each row of `weights`."""
        last = float(self.curve()[0][-1])
        some = [x for x in sorted({*self.rules.at, self.rules.most} - {0.0}) if x <= last * _NEAR]
        rows = [self._numbers(some, *self.curve(row)) for row in weights]
        values = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        ties: dict[str, tuple[float, float]] = {}
        if len(self.first) > 1 and len(weights) == 1 and (weights == 1).all():
            every = [
                self._numbers(some, *self.curve(order=order)) for order in range(len(self.first))
            ]
            ends = {name: [one[name] for one in every] for name in values}
            ties = {name: (min(x), max(x)) for name, x in ends.items() if max(x) > min(x)}
        return {
            name: (
                Number(name, float(x[0]), range=UNIT, better="higher", ties=ties.get(name)), x
            )
            for name, x in values.items()
        }  # fmt: skip

    def _numbers(
        self, some: list[float], proposals: NDArray[np.float64], recall: NDArray[np.float64]
    ) -> dict[str, float]:
        mean = recall.mean(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            area = float(np.trapezoid(mean, proposals) / proposals[-1])
        result = {"AUC": area}
        # to the first point the curve comes from the origin
        line = np.append(0.0, proposals), np.append(0.0, mean)
        for number in some:
            near = np.flatnonzero(np.abs(proposals - number) <= (_NEAR - 1.0) * number)
            value = mean[near[0]] if len(near) else np.interp(number, *line)
            result[f"AR@{number:g}"] = float(value)
        return result


@dataclass(frozen=True)
class ProposalTask(NearTask):
    """Rules of one evaluation of proposals; an item is a block of videos."""

    protocol: ProposalRules

    name = "temporal proposals"
    report = ProposalReport
    outside = "they find nothing, and count in the average number of proposals"

    def words(self, evidence: ProposalEvidence) -> str:
        """Return what was done."""
        return "Temporal proposals were scored by their average recall"

    def remarks(self, evidence: ProposalEvidence) -> list[str]:
        """Say where there are few proposals."""
        notes = []
        videos = int((evidence.truths > 0).sum())
        average = evidence.proposals.sum() / videos if videos else 0.0
        if self.protocol.most and average < self.protocol.most:
            notes.append(
                f"there are {average:.1f} proposals for each annotated video, fewer than "
                f"{self.protocol.most:g}: from there on the curve is flat"
            )
        return notes

    def evidence(self, near: Near) -> ProposalEvidence:
        """Rank the proposals of all videos."""
        rules, found = self.protocol, near.found
        assert found.confidence is not None
        video, _ = near.numbered(near.truth)
        of_video, _ = near.numbered(found)
        count = len(near.videos)
        strict = rules.comparison == ">"

        def first(rank: NDArray[np.int64]) -> NDArray[np.int64]:
            return first_ranks(
                rank[near.i], near.j, near.iou, rules.thresholds, strict, len(near.truth)
            )

        orders = [first(ranked_within(of_video, found.confidence, rules.tie_rule))]
        if _tied(of_video, found.confidence):
            best = np.zeros(len(found))
            np.maximum.at(best, near.i, np.where(np.isinf(near.iou), 1.0, near.iou))
            for sign in (-1, 1):
                order = np.argsort(sign * best, kind="stable")
                rank = np.empty(len(found), dtype=np.int64)
                rank[order] = ranked_within(of_video[order], found.confidence[order], "file")
                orders.append(first(rank))
            for rule in ("file", "file_reversed"):
                orders.append(first(ranked_within(of_video, found.confidence, rule)))
        evidence = ProposalEvidence(
            items=near.videos,
            near=near,
            rules=rules,
            proposals=np.bincount(of_video, minlength=count),
            truths=np.bincount(video, minlength=count),
            owner=video,
            first=tuple(orders),
            counted=segment_columns(near.truth) | rank_columns(orders[0], rules.thresholds),
        )
        proposals, recall = evidence.curve()
        names = [f"recall@{iou_name(level)}" for level in rules.thresholds]
        object.__setattr__(
            evidence,
            "table_rows",
            tuple(
                {
                    "proposals": float(proposals[k]),
                    "AR": float(recall[:, k].mean()),
                    **{name: float(recall[t, k]) for t, name in enumerate(names)},
                }
                for k in range(rules.points)
            ),
        )
        return evidence


def _first_points(
    rank: NDArray[np.int64], kept: NDArray[np.int64], share: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the first point of the curve at which a proposal of each rank is among those taken.

    At a point, ``int(kept * share)`` of the `kept` proposals of a video are taken, or all. Where a
    proposal is never taken, the number of points is returned.
    """
    wanted = rank + 1.0
    inside = rank < kept
    place = np.searchsorted(share, np.divide(wanted, kept, out=np.ones(len(kept)), where=inside))
    # the quotient is rounded, and the product counts
    before = np.maximum(place - 1, 0)
    place = np.where(kept * share[before] >= wanted, before, place)
    here = np.minimum(place, len(share) - 1)
    place += (place < len(share)) & (kept * share[here] < wanted)
    return np.where(inside, place, len(share))


def _tied(group: NDArray[np.int64], confidence: NDArray[np.float64]) -> bool:
    """Tell whether a video has two proposals of equal confidence."""
    order = order_by(falling(np.arange(len(group)), confidence), group)
    return bool(((np.diff(confidence[order]) == 0) & (np.diff(group[order]) == 0)).any())
