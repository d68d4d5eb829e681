"""Detections and truths of one evaluation, matched and ranked under any order of ties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap._kernels.jit import run_blocks, specialise
from overlap._kernels.plain import suited

from .curves import FALSE, IGNORED, TRUE, Ranking, average_precision, averages
from .limits import Limits
from .matching import Matches, Turns, match_pairs, turns_of
from .measures import levels_of
from .pairs import Pairs, find_pairs
from .positives import Positives
from .rules import Rules
from .strata import Stratum, outside_any
from .table import OUTSIDE, Table, falling, order_by

__all__ = ["Scene"]

#: Orders of a whole class that only NumPy's sorting itself gives.
_UNSTABLE: dict[str, Callable[[NDArray[np.float64]], NDArray[np.int64]]] = {
    "argsort_reversed": lambda confidence: confidence.argsort()[::-1],
    "argsort_negated": lambda confidence: (-confidence).argsort(),
}


def _ranks(confidence: NDArray[np.float64], ties: str) -> NDArray[np.int64]:
    """Sort the confidences of a class as one of `_UNSTABLE` does."""
    if len(confidence) >= _MANY:
        order = falling(np.arange(len(confidence)), confidence)
        score = confidence[order]
        if (score[1:] < score[:-1]).all():  # without equal ones, all ways of sorting agree
            return order
    return _UNSTABLE[ties](confidence)


#: Orders of equal confidences that are, inside an item, that of limits: of the input.
_AS_LIMITED = ("file", "item", "true_first")
_COLUMNS = ("level", "found", "pair", "true")
_FEW = 32  # as many detections for each match are few matches
_AT_ONCE = 1 << 15  # detections that are compared at once, in the processor's caches
_MANY = 10_000  # confidences that are sorted faster by counting than by NumPy
_STEP = 80.0  # nanoseconds, about, to sort a detection

Made = TypeVar("Made")


def _sort_runs(block, starts, pointer, column, true, first, visit, alone, visits, alones):
    """Put the true positives of each run of equal confidences first, or last.

    `visit` and `alone` (levels, columns) are sorted, and `column`, of the matches of each level
    from ``pointer[level]`` on, becomes where these are afterwards. `visits` and `alones` have room
    for the longest run.
    """
    for t in range(len(pointer) - 1):
        e = pointer[t]
        while e < pointer[t + 1]:
            low, high = starts[block[column[e]]], starts[block[column[e]] + 1]
            stop = e
            hits = 0
            while stop < pointer[t + 1] and column[stop] < high:
                hits += true[stop]
                stop += 1
            if hits > 0 and high - low > 1:
                hit = 0 if first else high - low - hits
                other = hits if first else 0
                for a in range(low, high):
                    matched = e < stop and column[e] == a
                    if matched and true[e]:
                        to = hit
                        hit += 1
                    else:
                        to = other
                        other += 1
                    visits[to] = visit[t, a]
                    alones[to] = alone[t, a]
                    if matched:
                        column[e] = low + to
                        e += 1
                for a in range(low, high):
                    visit[t, a] = visits[a - low]
                    alone[t, a] = alones[a - low]
            e = stop


@dataclass(eq=False)
class _Along:
    """Columns of detections that are ranked in one order, and what strata make of them alike."""

    visit: NDArray[np.int64]
    count: int  # of all detections
    made: dict[str, tuple[tuple[Any, ...], Any]] = field(default_factory=dict)

    @cached_property
    def _place(self) -> NDArray[np.int64]:
        """Column of each detection, -1 for one of no class."""
        result = np.full(self.count, -1)
        result[self.visit] = np.arange(len(self.visit))
        return result

    def columns(self, found: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the columns of some detections, -1 for those of no class."""
        if "_place" in self.__dict__ or _FEW * len(found) > len(self.visit):
            return self._place[found]
        # few are looked up among themselves, so that no column of all detections is filled
        wanted = np.zeros(self.count, dtype=bool)
        wanted[found] = True
        column = np.flatnonzero(wanted[self.visit])
        rows = self.visit[column]
        order = np.argsort(rows)
        rows, column = rows[order], np.append(column[order], -1)
        place = np.searchsorted(rows, found)
        place[np.append(rows, -1)[place] != found] = len(rows)
        return column[place]


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
    _along: list[_Along] = field(default_factory=list, init=False, repr=False, compare=False)

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
            truth=self.truth.changed(label=number[self.truth.label]),
            found=self.found.changed(label=number[self.found.label]),
        )

    def limited(self, limits: Limits) -> Scene:
        """Return the scene with the detections inside limits; others are in no class."""
        inside = limits.within(self.found)
        everywhere = np.ones(len(self.truth), dtype=bool)
        sides = (everywhere, inside) if self.by_truth else (inside, everywhere)
        return self._of_some(inside, self.pairs.among(*sides))

    def _of_some(self, inside: NDArray[np.bool_], pairs: Pairs) -> Scene:
        """Return the scene with some detections; others are in no class."""
        result = replace(self, found=self.found.without(~inside), pairs=pairs)
        if self.rules.ties not in _UNSTABLE:  # the others keep the order of those inside
            visit, pointer = self.order(self.rules.ties)
            rows = np.flatnonzero(inside[visit])
            result._orders[self.rules.ties] = visit[rows], np.searchsorted(rows, pointer)
        return result

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
        for name in ("_orders", "_along"):  # detections keep their ranks
            object.__setattr__(result, name, getattr(self, name))
        return result

    def strata(self) -> dict[str, Scene]:
        """Return the scene of each stratum of the rules by name."""
        return {stratum.name: self.within(stratum) for stratum in self.rules.strata}

    def ignored(self, table: Table) -> NDArray[np.bool_]:
        """Return which detections or truths are not counted, by flag or stratum."""
        return table.flagged((*self.rules.match.ignored, OUTSIDE))

    def positives(self) -> Positives:
        """Return the truths that count."""
        truth = self.truth
        inside = (truth.label >= 0) & ~self.ignored(truth)
        sides = truth.label, truth.item
        if not inside.all():
            sides = truth.label[inside], truth.item[inside]
        return Positives(*sides, len(self.labels), len(self.items))

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
        found = self.found
        if shuffle is not None:
            order = order_by(np.flatnonzero(found.label >= 0), shuffle, found.rank)
        elif ties == "file_reversed":
            order = falling(found.by_place[::-1], self.confidence)
        elif ties == "item":
            order = falling(order_by(found.by_place, found.item), self.confidence)
        elif ties in _UNSTABLE:
            order = found.by_place
        else:
            order = found.by_confidence
        inside = found.label
        if (inside < 0).any():
            order = order[np.flatnonzero(found.label[order] >= 0)]
            inside = found.label[order]
        visit = order_by(order, found.label)
        pointer = np.append(0, np.cumsum(np.bincount(inside, minlength=len(self.labels))))
        if ties in _UNSTABLE:

            def sort(begin: int, end: int) -> None:
                for c in range(begin, end):
                    part = slice(pointer[c], pointer[c + 1])
                    visit[part] = visit[part][_ranks(self.confidence[visit[part]], ties)]

            run_blocks(sort, len(self.labels), _STEP * len(visit))
        if shuffle is None:
            self._orders[ties] = visit, pointer
        return visit, pointer

    def choose(
        self,
        visit: NDArray[np.int64],
        candidate: NDArray[np.int64],
        truths: NDArray[np.int64] | None = None,
    ) -> Matches:
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
        Matches
        """
        rule, table, turns = self.rules.match, self.truth, None
        if self.by_truth:
            table = self.found
            visit = self.truths_in_order() if truths is None else truths
            visit = visit[self.truth.label[visit] >= 0]
        elif rule.method == "greedy":
            turns = self._turns(visit, candidate)
        return match_pairs(
            rule,
            self.pairs.pointer,
            candidate,
            self.pairs.value,
            visit,
            self.levels,
            table.flagged(rule.crowds),
            table.flagged(rule.last),
            turns,
        )

    def _turns(self, visit: NDArray[np.int64], candidate: NDArray[np.int64]) -> Turns:
        """Return the candidates of the detections in the order in which these choose."""
        pairs = self.pairs
        return self.once(
            visit,
            "turns",
            (pairs, candidate),
            lambda: turns_of(pairs.pointer, candidate, pairs.value, visit),
        )

    def truths_in_order(self) -> NDArray[np.int64]:
        """Return the truths in the order in which they choose."""
        return np.lexsort((self.truth.place, self.truth.flagged(self.rules.match.last)))

    def match(
        self,
        visit: NDArray[np.int64],
        candidate: NDArray[np.int64],
        truths: NDArray[np.int64] | None = None,
    ) -> Matched:
        """Match at every threshold, and say which matches are true positives.

        Parameters
        ----------
        visit, candidate, truths : ndarray
            As in `choose`.

        Returns
        -------
        Matched
        """
        chosen = self.choose(visit, candidate, truths)
        level, found, pair = chosen.level, chosen.agent, chosen.pair
        truth = candidate[pair]
        if self.by_truth:
            found, truth = truth, found
            if not self.rules.match.once:  # of several truths with one detection, the last counts
                code = np.multiply(level, len(self.found), dtype=np.int64) + found
                order = np.lexsort((truth, code))
                last = order[np.append(code[order[1:]] != code[order[:-1]], True)[: len(order)]]
                level, found, truth, pair = level[last], found[last], truth[last], pair[last]
        true = ~self.ignored(self.truth)[truth]
        if self.rules.match.void:
            kept = ~(self.truth.flagged(self.rules.match.void)[truth] & true)
            level, found, pair, true = level[kept], found[kept], pair[kept], true[kept]
        return Matched(level, found, pair, true)

    def hit(self, chosen: Matches, candidate: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which truths are matched at each threshold, shape (T, M).

        Parameters
        ----------
        chosen : Matches
            As `choose` returns it.
        candidate : ndarray
            The same order of ``pairs.candidate``.
        """
        result = np.zeros((len(chosen.pointer) - 1, len(self.truth)), dtype=bool)
        result[chosen.level, chosen.agent if self.by_truth else candidate[chosen.pair]] = True
        return result

    def repeats(self, visit: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which ranked detections are like the one before in class and confidence.

        Parameters
        ----------
        visit : ndarray, dtype=int64
            Detections in ranked order.

        Returns
        -------
        ndarray, dtype=bool
            One less than detections: the first has none before it.
        """

        def made() -> NDArray[np.bool_]:
            result = np.empty(max(len(visit) - 1, 0), dtype=bool)
            room = np.empty(_AT_ONCE + 1)
            for k in range(0, len(result), _AT_ONCE):
                some = visit[k : k + _AT_ONCE + 1]
                score = np.take(self.confidence, some, out=room[: len(some)], mode="clip")
                np.equal(score[1:], score[:-1], out=result[k : k + _AT_ONCE])
            rows = np.flatnonzero(result)
            label = self.found.label
            result[rows] = label[visit[rows + 1]] == label[visit[rows]]
            return result

        return self.once(visit, "repeats", (), made)

    def blocks(self, visit: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of the runs of equal class and confidence of ranked detections."""

        def made() -> NDArray[np.int64]:
            result = np.zeros(len(visit), dtype=np.int64)
            np.cumsum(~self.repeats(visit), out=result[1:])
            return result

        return self.once(visit, "blocks", (), made)

    def once(
        self,
        visit: NDArray[np.int64],
        name: str,
        given: tuple[Any, ...],
        make: Callable[[], Made],
    ) -> Made:
        """Return what scenes of several strata have in common, made by the first that asks.

        Parameters
        ----------
        visit : ndarray, dtype=int64
            Detections in ranked order.
        name : str
            Name of the thing.
        given : tuple
            Objects from which it follows, besides the order. It is made anew for others.
        make : callable
            Returns it.
        """
        made = self._in_order(visit).made
        if name not in made or any(a is not b for a, b in zip(made[name][0], given, strict=True)):
            made[name] = given, make()
        return made[name][1]

    def forget(self, name: str) -> None:
        """Let something go that `once` keeps: the next that asks makes it anew."""
        for along in self._along:
            along.made.pop(name, None)

    def prepare(self, *, official: bool = True) -> NDArray[np.int64]:
        """Make what the scenes of all strata share, before several threads ask for it.

        Parameters
        ----------
        official : bool
            As in `ranked`.

        Returns
        -------
        ndarray, dtype=int64
            Detections in ranked order.
        """
        ties, candidate = self._way(official)
        visit = self.order(ties)[0]
        if self.repeats(visit).any():
            self.blocks(visit)
        if not self.by_truth:
            self._turns(visit, candidate)
        return visit

    def _way(self, official: bool) -> tuple[str, NDArray[np.int64]]:
        """Return the order of ties, and that of candidates that are preferred equally."""
        pairs = self.pairs
        return (self.rules.ties, pairs.official) if official else ("file", pairs.candidate)

    def _in_order(self, visit: NDArray[np.int64]) -> _Along:
        """Return columns of the ranked detections; those of the last order are kept for others."""
        if not self._along or self._along[0].visit is not visit:
            self._along[:] = [_Along(visit, len(self.found))]
        return self._along[0]

    def rank(
        self,
        visit: NDArray[np.int64],
        pointer: NDArray[np.int64],
        matched: Matched,
        positives: Positives,
        first: str | None = None,
    ) -> Ranking:
        """Put matches into ranked order.

        Parameters
        ----------
        visit, pointer : ndarray
            As `order` returns them.
        matched : Matched
            As `match` returns it.
        positives : Positives
            As `positives` returns it.
        first : {"true", "false"}, optional
            Which of the detections of equal confidence come first.

        Returns
        -------
        Ranking
        """
        levels, columns = len(self.thresholds), len(visit)
        along = self._in_order(visit)
        ranked = visit[None, :]
        outside = self.absorbed | self.ignored(self.found)
        alone = outside[ranked] if outside.any() else np.zeros(ranked.shape, dtype=bool)
        column, level, true = along.columns(matched.found), matched.level, matched.true
        if (column < 0).any():  # of no class
            level, true, column = level[column >= 0], true[column >= 0], column[column >= 0]
        code = np.multiply(level, columns, dtype=np.int64) + column
        if (code[1:] < code[:-1]).any():
            order = np.argsort(code)
            code, column, true = code[order], column[order], true[order]
        block = self.blocks(visit) if first else None
        if block is not None and len(block) and block[-1] + 1 < len(block):
            ranked, alone = np.repeat(ranked, levels, axis=0), np.repeat(alone, levels, axis=0)
            column = column.copy()
            starts = np.searchsorted(block, np.arange(block[-1] + 2))
            begins = np.searchsorted(code, np.arange(levels + 1) * columns)
            longest = int(np.diff(starts).max())
            suited(specialise(_sort_runs), levels * len(block))(
                block, starts, begins, column, true, first == "true", ranked, alone,
                np.empty(longest, dtype=np.int64), np.empty(longest, dtype=bool),
            )  # fmt: skip
            code = code // max(columns, 1) * columns + column
            order = np.argsort(code)
            code, column, true = code[order], column[order], true[order]
        bounds = np.searchsorted(code, np.arange(levels)[:, None] * columns + pointer)
        item = self.found.item
        return Ranking(pointer, ranked, item, alone, positives, bounds, column, true)

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
        ties, candidate = self._way(official)
        visit, pointer = self.order(ties)
        matched = self.match(visit, candidate)
        first = "true" if ties == "true_first" else None
        ranking = self.rank(visit, pointer, matched, self.positives(), first)
        return Ranked(self, visit, matched, ranking, candidate)


@dataclass(frozen=True, eq=False)
class Matched(ByValue):
    """Matches of detections, threshold after threshold.

    Attributes
    ----------
    level, found, pair : ndarray of int, shape (E,)
        Number of the threshold, detection, and number of the pair. A detection is in one match of
        a threshold at most.
    true : ndarray, dtype=bool, shape (E,)
        Whether the truth counts.
    """

    level: NDArray[np.signedinteger]
    found: NDArray[np.signedinteger]
    pair: NDArray[np.signedinteger]
    true: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Ranked(ByValue):
    """Matches and rankings of a scene in one order of ties.

    Attributes
    ----------
    scene : Scene
        Detections, truths, rules.
    visit : ndarray, dtype=int64
        Detections in ranked order.
    matched : Matched
        Matches of detections.
    ranking : Ranking
        Outcomes in ranked order.
    candidate : ndarray, dtype=int64
        Candidate of each pair, in the order of equal values that was used.
    """

    scene: Scene
    visit: NDArray[np.int64]
    matched: Matched
    ranking: Ranking
    candidate: NDArray[np.int64]

    @property
    def truth(self) -> NDArray[np.int64]:
        """Truth of each pair, whichever side chooses."""
        return self.scene.pairs.agent if self.scene.by_truth else self.candidate

    @cached_property
    def block(self) -> NDArray[np.int64]:
        """Number of the run of equal class and confidence of each detection in ranked order."""
        return self.scene.blocks(self.visit)

    @cached_property
    def pair(self) -> NDArray[np.int64]:
        """Pair of each detection at each threshold, -1 for none, shape (T, N)."""
        result = np.full((len(self.scene.thresholds), len(self.scene.found)), -1)
        result[self.matched.level, self.matched.found] = self.matched.pair
        return result

    @cached_property
    def outcome(self) -> NDArray[np.uint8]:
        """What each detection counts as: `TRUE`, `FALSE` or `IGNORED`, shape (T, N)."""
        scene, matched = self.scene, self.matched
        alone = np.where(scene.absorbed | scene.ignored(scene.found), IGNORED, FALSE)
        result = np.repeat(alone[None, :], len(scene.thresholds), axis=0)
        result[matched.level, matched.found] = np.where(matched.true, TRUE, IGNORED)
        return result

    def limited(self, limits: Limits, *, official: bool = True) -> Ranked:
        """Return the matches and rankings of the detections inside narrower limits.

        Parameters
        ----------
        limits : Limits
        official : bool
            As in `Scene.ranked`.
        """
        scene = self.scene
        ties = self._ties_as_limited(limits, official)
        if ties is None:
            return scene.limited(limits).ranked(official=official)
        scene = scene._of_some(limits.within(scene.found, self.visit), scene.pairs)
        kept = np.flatnonzero(scene.found.label[self.matched.found] >= 0)
        matched = Matched(*(getattr(self.matched, name)[kept] for name in _COLUMNS))
        visit, pointer = scene.order(ties)
        first = "true" if ties == "true_first" else None
        ranking = scene.rank(visit, pointer, matched, self.ranking.positives, first)
        return Ranked(scene, visit, matched, ranking, self.candidate)

    def limited_ranking(self, limits: Limits, *, official: bool = True) -> Ranking:
        """Return a ranking with the curves of `limited`, for less time and memory.

        Parameters
        ----------
        limits, official
            As for `limited`. The detections beyond have columns, and are ignored.
        """
        ranking = self.ranking
        if self._ties_as_limited(limits, official) is None or len(ranking.visit) > 1:
            return self.limited(limits, official=official).ranking
        inside = limits.within(self.scene.found, self.visit)[self.visit]
        kept = np.flatnonzero(inside[ranking.column])
        return replace(
            ranking,
            alone=ranking.alone | ~inside,
            bounds=np.searchsorted(kept, ranking.bounds),
            column=ranking.column[kept],
            true=ranking.true[kept],
        )

    def _ties_as_limited(self, limits: Limits, official: bool) -> str | None:
        """Return the order of ties with which narrower limits change no match; None for others.

        The detections inside choose before the others of their item and class.
        """
        rules = self.scene.rules
        ties = rules.ties if official else "file"
        first_come = rules.match.method == "greedy" and not self.scene.by_truth
        return ties if first_come and ties in _AS_LIMITED and not limits.in_input_order else None

    @cached_property
    def averages(self) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """AP per threshold and class, and on a grid the precision at each recall."""
        return averages(self.ranking, self.scene.rules.curve)

    def precision(self, weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """AP per threshold and class, shape (T, C), or (B, T, C) for `weights` (B, V)."""
        return self.averages[0] if weights is None else self.scene.precision(self.ranking, weights)
