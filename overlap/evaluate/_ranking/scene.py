"""Detections and truths of one evaluation, matched and ranked under any order of ties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue

from .curves import FALSE, IGNORED, TRUE, Ranking, average_precision
from .limits import Limits
from .matching import match_pairs
from .measures import levels_of
from .pairs import Pairs, find_pairs
from .rules import Rules
from .strata import Stratum, outside_any
from .table import OUTSIDE, Table, order_in_groups

__all__ = ["Scene"]

#: Orders of a whole class that only NumPy's sorting itself gives.
_UNSTABLE: dict[str, Callable[[NDArray[np.float64]], NDArray[np.int64]]] = {
    "argsort_reversed": lambda confidence: confidence.argsort()[::-1],
    "argsort_negated": lambda confidence: (-confidence).argsort(),
}


@dataclass(frozen=True, eq=False)
class Scene(ByValue):
    """Detections and truths with their pairs, in the numbering of the whole evaluation.

    Attributes
    ----------
    rules : Rules
        The protocol.
    thresholds : ndarray, dtype=float64, shape (T,)
        Smallest values (largest distances) that match.
    labels, items : tuple of str
        Names of classes, in the order of the mean, and of items.
    found, truth : Table
        Numbered by `labels` and `items`.
    pairs : Pairs
        Between rows of the two tables.
    absorbed : ndarray, dtype=bool, shape (N,)
        Detections that are not counted if they match nothing, such as those in regions where
        nothing was annotated.
    """

    rules: Rules
    thresholds: NDArray[np.float64]
    labels: tuple[str, ...]
    items: tuple[str, ...]
    found: Table
    truth: Table
    pairs: Pairs
    absorbed: NDArray[np.bool_]
    _orders: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def of(
        cls,
        rules: Rules,
        thresholds: NDArray[np.float64],
        labels: tuple[str, ...],
        items: tuple[str, ...],
        found: Table,
        truth: Table,
        absorbed: NDArray[np.bool_] | None = None,
    ) -> Scene:
        """Find the pairs of two whole tables, of the detections inside the rules' limits.

        Parameters
        ----------
        rules, thresholds, labels, items, found, truth, absorbed
            Attributes of the scene; the tables have regions.
        """
        thresholds = np.asarray(thresholds, dtype=np.float64)
        if absorbed is None:
            absorbed = np.zeros(len(found), dtype=bool)
        if rules.limits != Limits():
            found = found.without(~rules.limits.within(found))
        official = rules.ties == "argsort_reversed"
        pairs = find_pairs(rules.measure, found, truth, rules.match, thresholds, official=official)
        return cls(rules, thresholds, labels, items, found, truth, pairs, absorbed)

    @property
    def by_truth(self) -> bool:
        """Whether truths choose."""
        return self.rules.match.chooser == "truth"

    @property
    def levels(self) -> NDArray[np.float64]:
        """Thresholds as the pairs' values have them, of which larger is better."""
        return levels_of(self.rules.measure, self.thresholds)

    @property
    def values(self) -> NDArray[np.float64]:
        """Values of the pairs as users have them: of distances, less is better."""
        return levels_of(self.rules.measure, self.pairs.value)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Confidences of the detections."""
        assert self.found.confidence is not None
        return self.found.confidence

    def only(self, labels: NDArray[np.int64]) -> Scene:
        """Return the scene with some of its classes."""
        number = np.full(len(self.labels) + 1, -1)  # the last entry is that of class -1
        number[labels] = np.arange(len(labels))
        return replace(
            self,
            labels=tuple(self.labels[k] for k in labels),
            truth=replace(self.truth, label=number[self.truth.label]),
            found=replace(self.found, label=number[self.found.label]),
        )

    def limited(self, limits: Limits) -> Scene:
        """Return the scene with the detections inside limits; others are in no class."""
        inside = limits.within(self.found)
        everywhere = np.ones(len(self.truth), dtype=bool)
        sides = (everywhere, inside) if self.by_truth else (inside, everywhere)
        return replace(self, found=self.found.without(~inside), pairs=self.pairs.among(*sides))

    def within(self, stratum: Stratum) -> Scene:
        """Return the scene with the truths of one stratum counted."""
        outside = outside_any(self.truth, stratum.truth)
        found = self.found.with_flag(OUTSIDE, outside_any(self.found, stratum.found))
        truth, pairs = self.truth.with_flag(OUTSIDE, outside), self.pairs
        if stratum.outside == "drop":
            everywhere = np.ones(len(found), dtype=bool)
            sides = (~outside, everywhere) if self.by_truth else (everywhere, ~outside)
            truth, pairs = self.truth.without(outside), pairs.among(*sides)
        result = replace(self, found=found, truth=truth, pairs=pairs)
        object.__setattr__(result, "_orders", self._orders)  # detections keep their ranks
        return result

    def strata(self) -> dict[str, Scene]:
        """Return the scene of each stratum of the rules by name."""
        return {stratum.name: self.within(stratum) for stratum in self.rules.strata}

    def ignored(self, table: Table) -> NDArray[np.bool_]:
        """Return which detections or truths are not counted, by flag or stratum."""
        return table.flagged((*self.rules.match.ignored, OUTSIDE))

    def positives(self) -> NDArray[np.float64]:
        """Return the number of truths that count by class and item, shape (C, V)."""
        truth = self.truth
        inside = (truth.label >= 0) & ~self.ignored(truth)
        cell = truth.label[inside] * len(self.items) + truth.item[inside]
        shape = len(self.labels), len(self.items)
        return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)

    def order(
        self, ties: str, shuffle: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rank the detections of each class.

        Parameters
        ----------
        ties : str
            One of `TIES`; ``"shuffle"`` breaks ties by `shuffle`.
        shuffle : ndarray, dtype=int64, optional
            A number for each detection.

        Returns
        -------
        visit : ndarray, dtype=int64
            Detections, class after class, best first.
        pointer : ndarray, dtype=int64, shape (C + 1,)
            Where each class begins.
        """
        if shuffle is None and ties in self._orders:
            return self._orders[ties]
        found, confidence = self.found, self.confidence
        keys = found.keys if shuffle is None else [shuffle]
        if ties == "file_reversed":
            keys = [-found.place]
        elif ties == "item":
            keys = [*keys, found.item]
        if ties not in _UNSTABLE:
            keys = [*keys, -confidence]
        rows = np.flatnonzero(found.label >= 0)
        label = found.label[rows]
        order = order_in_groups(label, [key[rows] for key in keys])
        visit = rows[order]
        pointer = np.searchsorted(label[order], np.arange(len(self.labels) + 1))
        if ties in _UNSTABLE:
            for c in range(len(self.labels)):
                some = visit[pointer[c] : pointer[c + 1]]
                visit[pointer[c] : pointer[c + 1]] = some[_UNSTABLE[ties](confidence[some])]
        if shuffle is None:
            self._orders[ties] = visit, pointer
        return visit, pointer

    def choose(
        self,
        visit: NDArray[np.int64],
        candidate: NDArray[np.int64],
        truths: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int64]:
        """Match at every threshold.

        Parameters
        ----------
        visit : ndarray, dtype=int64
            Detections in the order in which they choose; not used where truths choose.
        candidate : ndarray, dtype=int64
            An order of ``pairs.candidate``.
        truths : ndarray, dtype=int64, optional
            Truths in the order in which they choose; by default that of the input.

        Returns
        -------
        ndarray, dtype=int64, shape (T, agents)
            The pair of each one who chooses, -1 for none.
        """
        rule, table = self.rules.match, self.truth
        if self.by_truth:
            table = self.found
            visit = self.truths_in_order() if truths is None else truths
        return match_pairs(
            rule,
            self.pairs.pointer,
            candidate,
            self.pairs.value,
            visit,
            self.levels,
            table.flagged(rule.crowds),
            table.flagged(rule.last),
        )

    def truths_in_order(self) -> NDArray[np.int64]:
        """Return the truths in the order in which they choose."""
        return np.lexsort((self.truth.place, self.truth.flagged(self.rules.match.last)))

    def match(
        self,
        visit: NDArray[np.int64],
        candidate: NDArray[np.int64],
        truths: NDArray[np.int64] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Match at every threshold, and say what becomes of every detection.

        Parameters
        ----------
        visit, candidate, truths : ndarray
            As in `choose`.

        Returns
        -------
        pair : ndarray, dtype=int64, shape (T, N)
            The pair that each detection is in, -1 for none.
        outcome : ndarray, dtype=uint8, shape (T, N)
            What it counts as: `TRUE`, `FALSE` or `IGNORED`.
        """
        pair = chosen = self.choose(visit, candidate, truths)
        if self.by_truth:  # a truth chose: tell its detection
            pair = np.full((len(chosen), len(self.found)), -1, dtype=np.int64)
            level, agent = np.nonzero(chosen >= 0)
            pair[level, candidate[chosen[level, agent]]] = chosen[level, agent]
        outcome = np.where(pair >= 0, TRUE, FALSE)
        ignored = self.ignored(self.truth)
        if ignored.any():
            level, row = np.nonzero(pair >= 0)
            partner = (self.pairs.agent if self.by_truth else candidate)[pair[level, row]]
            lost = ignored[partner]
            outcome[level[lost], row[lost]] = IGNORED
        alone = self.absorbed | self.ignored(self.found)
        if alone.any():
            outcome[(pair < 0) & alone] = IGNORED
        return pair, outcome

    def hit(self, chosen: NDArray[np.int64], candidate: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which truths are matched at each threshold, shape (T, M).

        Parameters
        ----------
        chosen : ndarray
            As `choose` returns it.
        candidate : ndarray
            The same order of ``pairs.candidate``.
        """
        if self.by_truth:
            return chosen >= 0
        result = np.zeros((len(chosen), len(self.truth)), dtype=bool)
        level, agent = np.nonzero(chosen >= 0)
        result[level, candidate[chosen[level, agent]]] = True
        return result

    def blocks(self, visit: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of the runs of equal class and confidence of ranked detections."""
        score, label = self.confidence[visit], self.found.label[visit]
        return np.cumsum(np.r_[False, (score[1:] != score[:-1]) | (label[1:] != label[:-1])])[
            : len(visit)
        ]

    def rank(
        self,
        visit: NDArray[np.int64],
        pointer: NDArray[np.int64],
        outcome: NDArray[np.uint8],
        positives: NDArray[np.float64],
        first: str | None = None,
    ) -> Ranking:
        """Put outcomes into ranked order.

        Parameters
        ----------
        visit, pointer : ndarray
            As `order` returns them.
        outcome : ndarray, dtype=uint8, shape (T, N)
            As `match` returns it.
        positives : ndarray, dtype=float64, shape (C, V)
            As `positives` returns it.
        first : {"true", "false"}, optional
            Which of the detections of equal confidence come first.

        Returns
        -------
        Ranking
        """
        ranked, item = outcome[:, visit], self.found.item[visit][None, :]
        block = self.blocks(visit) if first else None
        if block is not None and len(block) and block[-1] + 1 < len(block):
            last = (ranked != TRUE) if first == "true" else (ranked == TRUE)
            order = np.stack([np.lexsort((row, block)) for row in last])
            ranked, item = np.take_along_axis(ranked, order, axis=1), item[0][order]
        return Ranking(ranked, pointer, np.ascontiguousarray(item), positives)

    def precision(
        self, ranking: Ranking, weights: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Average precision per threshold and class by the rules; see `average_precision`."""
        return average_precision(ranking, self.rules.curve, weights)

    def ranked(self, *, official: bool = True) -> Ranked:
        """Match and rank in one order of ties.

        Parameters
        ----------
        official : bool
            Whether ties are those of the rules, or as in the input.
        """
        ties = self.rules.ties if official else "file"
        candidate = self.pairs.official if official else self.pairs.candidate
        visit, pointer = self.order(ties)
        pair, outcome = self.match(visit, candidate)
        first = "true" if ties == "true_first" else None
        ranking = self.rank(visit, pointer, outcome, self.positives(), first)
        return Ranked(self, visit, pair, outcome, ranking, candidate)


@dataclass(frozen=True, eq=False)
class Ranked(ByValue):
    """Matches and rankings of a scene in one order of ties.

    Attributes
    ----------
    scene : Scene
        Detections, truths, rules.
    visit : ndarray, dtype=int64
        Detections in ranked order.
    pair : ndarray, dtype=int64, shape (T, N)
        Pair of each detection, -1 for none.
    outcome : ndarray, dtype=uint8, shape (T, N)
        What each detection counts as.
    ranking : Ranking
        Outcomes in ranked order.
    candidate : ndarray, dtype=int64
        Candidate of each pair, in the order of equal values that was used.
    """

    scene: Scene
    visit: NDArray[np.int64]
    pair: NDArray[np.int64]
    outcome: NDArray[np.uint8]
    ranking: Ranking
    candidate: NDArray[np.int64]

    def precision(self, weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """AP per threshold and class, shape (T, C), or (B, T, C) for `weights` (B, V)."""
        return self.scene.precision(self.ranking, weights)
