"""Candidate pairs: for each chooser the partners that it may take, best first.

The one who chooses is an *agent*: a detection where detections choose, a truth where truths
do. Its *candidates* are the regions of the other side with the same item and class. Each
pair is measured once, for all thresholds, strata and orders of ties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap._kernels.jit import compose, run_blocks, specialise
from overlap._kernels.plain import suited
from overlap.scores.score import Score

from .matching import MatchRule
from .measures import Measure, Ratio, WithCrowds, columns_of, levels_of, listed_values
from .table import Table, order_by

__all__ = ["Pairs", "find_pairs", "joined_pairs", "listed_pairs", "touched"]

_PAIRS_AT_ONCE = 1_000_000
_AGENTS_AT_ONCE = 1 << 20  # so that what is needed beside the pairs has a bound
_STEP = 1.0  # nanoseconds, about
_CELLS = 16  # pairs of an item and a class for each region, that are counted and not searched
_ROWS = 1 << 12  # regions of a block whose groups are looked up at once


@dataclass(frozen=True, eq=False)
class Pairs(ByValue):
    """Candidates of each agent, in compressed rows.

    Attributes
    ----------
    pointer : ndarray, dtype=int64, shape (agents + 1,)
        Agent `i` has the pairs ``pointer[i]`` to ``pointer[i + 1]``.
    candidate : ndarray, dtype=int64, shape (P,)
        Row of the candidate, in the order in which the agent prefers them; of equals, the more
        confident detection, or the first (or last) truth comes first.
    official : ndarray, dtype=int64, shape (P,)
        The same, with equal values as ``numpy.argsort(...)[::-1]`` leaves them, where that is
        asked for; otherwise `candidate` itself.
    value : ndarray, dtype=float64, shape (P,)
        Value of the measure, larger is better: distances are negative. Infinite for an undefined
        one that matches at every threshold.
    tied : ndarray, dtype=int64
        Agents with two candidates that they prefer equally, rising.
    """

    pointer: NDArray[np.int64]
    candidate: NDArray[np.int64]
    official: NDArray[np.int64]
    value: NDArray[np.float64]
    tied: NDArray[np.int64]

    @property
    def agent(self) -> NDArray[np.int64]:
        """Agent of each pair."""
        return np.repeat(np.arange(len(self.pointer) - 1), np.diff(self.pointer))

    def among(self, agents: NDArray[np.bool_], candidates: NDArray[np.bool_]) -> Pairs:
        """Return the pairs of some agents and candidates, all rows keeping their numbers."""
        chosen = np.repeat(agents, np.diff(self.pointer))
        keep = chosen & candidates[self.candidate]
        pointer = np.append(0, np.cumsum(keep))[self.pointer]
        candidate = official = self.candidate[keep]
        if self.official is not self.candidate:
            official = self.official[chosen & candidates[self.official]]
        return Pairs(pointer, candidate, official, self.value[keep], self.tied)


def joined_pairs(
    parts: Sequence[Pairs], agents: NDArray[np.int64], candidates: NDArray[np.int64]
) -> Pairs:
    """Concatenate pairs of different items.

    Parameters
    ----------
    parts : sequence of Pairs
    agents, candidates : ndarray, dtype=int64
        Row at which the agents and the candidates of each part begin in the whole.
    """
    begins = np.cumsum([0, *(len(part.value) for part in parts)])

    def column(name: str, shifts: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.concatenate(
            [getattr(part, name) + k for part, k in zip(parts, shifts, strict=False)]
        )

    pointer = [part.pointer[1:] + begin for part, begin in zip(parts, begins, strict=False)]
    return Pairs(
        np.concatenate([np.zeros(1, dtype=np.int64), *pointer]),
        column("candidate", candidates),
        column("official", candidates),
        np.concatenate([part.value for part in parts]),
        column("tied", agents),
    )


FORMULA: Any  # bound by specialise and compose


def _exchanged(a, i, b, j, parameters):
    return FORMULA(b, j, a, i, parameters)


def _pairs(
    a, b, before, first, last, at_least, sign, parameters, sort, begin, count, start, other, value,
    tied,
):  # fmt: skip
    """Fill the pairs of the agents from `begin` on; stop before the buffers overflow.

    There are `before` agents before those whose candidates are given.
    Returns the first agent that is not done and the number of pairs so far. Pairs are
    sorted by falling value with a bottom-up merge; the candidates' order breaks ties.
    """
    for i in range(begin, len(first)):
        width = last[i] - first[i]
        if count + 2 * width > len(value):
            return i, count
        lo = count
        for j in range(first[i], last[i]):
            x = sign * FORMULA(a, before + i, b, j, parameters)
            if x >= at_least:
                other[count] = j
                value[count] = x
                count += 1
        n = count - lo
        spare = count  # the merge uses the unused end of the buffers
        step = 1 if sort else n
        while step < n:
            for left in range(0, n, 2 * step):
                middle = min(left + step, n)
                right = min(left + 2 * step, n)
                x = left
                y = middle
                for k in range(left, right):
                    if x < middle and (y >= right or value[lo + x] >= value[lo + y]):
                        value[spare + k] = value[lo + x]
                        other[spare + k] = other[lo + x]
                        x += 1
                    else:
                        value[spare + k] = value[lo + y]
                        other[spare + k] = other[lo + y]
                        y += 1
            for k in range(n):
                value[lo + k] = value[spare + k]
                other[lo + k] = other[spare + k]
            step *= 2
        for k in range(lo + 1, count):
            if value[k] == value[k - 1]:
                tied[i] = True
        start[i + 1] = count
    return len(first), count


@dataclass(frozen=True)
class _Sides:
    """Agents and candidates, with the candidates in groups."""

    measure: Measure
    rule: MatchRule
    found: Table
    truth: Table
    labels: int  # more than all numbers of classes
    order: NDArray[np.int64]  # candidates by group and preference among equals
    ordered: NDArray[np.int64]  # their groups in this order

    @property
    def by_found(self) -> bool:
        return self.rule.chooser == "found"

    @property
    def agents(self) -> Table:
        return self.found if self.by_found else self.truth

    @property
    def candidates(self) -> Table:
        return self.truth if self.by_found else self.found

    @cached_property
    def codes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Groups of found and of truth."""
        return self.found.groups(self.labels), self.truth.groups(self.labels)

    def ends(self, begin: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where the candidates of some agents begin and end in `order`."""
        codes = self.agents.groups(self.labels, slice(begin, end))
        first, last = _group_ends(self.ordered, codes)
        outside = codes < 0
        last[outside] = first[outside]
        return first, last

    def values(self, agent: NDArray[np.int64], candidate: NDArray[np.int64]) -> NDArray:
        pair = (agent, candidate) if self.by_found else (candidate, agent)
        return listed_values(self.measure, self.found, self.truth, *pair)


def _sides(measure: Measure, found: Table, truth: Table, rule: MatchRule) -> _Sides:
    labels = 1 + int(max(found.label.max(initial=0), truth.label.max(initial=0)))
    if rule.chooser == "found":
        rows = np.arange(len(truth))
        rows = rows[::-1].copy() if rule.of_equal == "last" else rows
        code = truth.groups(labels)
        order = order_by(rows, code)
    else:
        assert found.confidence is not None
        code = found.groups(labels)
        order = np.lexsort((-found.confidence, code))
    return _Sides(measure, rule, found, truth, labels, order, code[order])


def _group_ends(
    ordered: NDArray[np.int64], codes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the group of each code begins and ends in rising codes.

    What is returned for codes below 0 means nothing.
    """
    first, last = np.empty_like(codes), np.empty_like(codes)
    for rows, low, high in _spans(codes):
        code = codes[rows]
        begin, end = np.searchsorted(ordered, [low, high + 1]).tolist()
        some = ordered[begin:end]
        if high - low > _CELLS * (len(some) + len(code)):
            first[rows] = begin + np.searchsorted(some, code)
            last[rows] = begin + np.searchsorted(some, code, side="right")
            continue
        # few groups are counted, and not searched
        begins = np.bincount(some - (low - 1), minlength=high - low + 2)
        begins[0] = begin
        np.cumsum(begins, out=begins)
        group = np.maximum(code, low)
        group -= low
        np.take(begins, group, out=first[rows], mode="clip")
        group += 1
        np.take(begins, group, out=last[rows], mode="clip")
    return first, last


def _spans(codes: NDArray[np.int64]) -> list[tuple[slice, int, int]]:
    """Return blocks of rows, with the least and the greatest code of each that is not below 0.

    There are several where each has other groups, as rows that stand item by item have, so that
    what belongs to a block stays in the processor's caches.
    """
    for size in (_ROWS, max(len(codes), 1)):
        result, groups = [], 0
        for k in range(0, len(codes), size):
            rows = slice(k, k + size)
            some = codes[rows]
            low, high = int(some.min()), int(some.max())
            if low < 0 <= high:
                low = int(some[some >= 0].min())
            result.append((rows, max(low, 0), max(high, 0)))
            groups += high - low
        if groups <= 2 * max((high for _, _, high in result), default=0):
            break
    return result


def find_pairs(
    measure: Measure,
    found: Table,
    truth: Table,
    rule: MatchRule,
    thresholds: NDArray[np.float64],
    *,
    official: bool = False,
) -> Pairs:
    """Find the pairs of one item and class that can match at some threshold.

    Parameters
    ----------
    measure : Score, Ratio or WithCrowds
        A score looks only at regions that can touch, where that is enough for the thresholds.
    found, truth : Table
        With regions, items and classes numbered alike.
    rule : MatchRule
        Says who chooses, and what it prefers.
    thresholds : ndarray, dtype=float64
        All that will be asked for.
    official : bool
        Whether the order of ``numpy.argsort(...)[::-1]`` is asked for.

    Returns
    -------
    Pairs
    """
    sides = _sides(measure, found, truth, rule)
    level = float(levels_of(measure, np.asarray(thresholds)).min())
    if isinstance(measure, Ratio):
        pairs = _of_ratio(measure, sides, level)
    else:
        pairs = _compressed(sides, *_of_score(measure, sides, level))
    if rule.prefers == "confidence":
        confidence = _confidence(found)[pairs.candidate]
        agent = pairs.agent
        same = (confidence[1:] == confidence[:-1]) & (agent[1:] == agent[:-1])
        pairs = replace(pairs, tied=np.unique(agent[1:][same]))
    elif official and len(pairs.tied):
        pairs = replace(pairs, official=_as_argsort(sides, pairs))
    return pairs


def _confidence(found: Table) -> NDArray[np.float64]:
    assert found.confidence is not None
    return found.confidence


def _of_ratio(measure: Ratio, sides: _Sides, level: float) -> Pairs:
    """Measure every pair of a group in one kernel."""
    order, count = sides.order, len(sides.agents)
    candidates = columns_of(sides.candidates, order)
    agents = columns_of(sides.agents)
    formula = measure.formula
    if not sides.by_found:
        formula = compose(_exchanged, FORMULA=formula)
    pointer, tied = np.zeros(count + 1, dtype=np.int64), np.zeros(count, dtype=bool)
    parts: dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}

    def measure_agents(start: int, stop: int) -> None:
        first, last = sides.ends(start, stop)
        starts, tie = pointer[start : stop + 1], tied[start:stop]
        steps = measure.steps * int(last.sum() - first.sum()) + 2 * len(first)
        kernel = suited(specialise(_pairs, FORMULA=formula), steps)

        def measured(begin: int, end: int) -> None:
            some = last[begin:end] - first[begin:end]
            capacity = min(int(some.sum()), 4 * len(some)) + 2 * int(some.max(initial=0)) + 1
            other, value = np.empty(capacity, dtype=np.int64), np.empty(capacity)
            done, count = begin, 0
            while True:
                done, count = kernel(
                    agents, candidates, start, first[:end], last[:end], level,
                    -1.0 if measure.distance else 1.0, measure.parameters,
                    sides.rule.prefers == "value", done, count, starts, other, value, tie,
                )  # fmt: skip
                if done == end:
                    break
                grown = 2 * len(value)
                other, value = np.resize(other, grown), np.resize(value, grown)
            parts[start + begin] = order[other[:count]], value[:count].copy()

        run_blocks(measured, len(first), _STEP * steps)

    for start in range(0, max(count, 1), _AGENTS_AT_ONCE):
        measure_agents(start, min(start + _AGENTS_AT_ONCE, count))
    begins = sorted(parts)
    ends = [*begins[1:], count]
    before = 0
    for begin, end in zip(begins, ends, strict=True):  # each has counted its own pairs
        pointer[begin + 1 : end + 1] += before
        before += len(parts[begin][1])
    columns = zip(*(parts[begin] for begin in begins), strict=True)
    candidate, value = (np.concatenate(column) for column in columns)
    return Pairs(pointer, candidate, candidate, value, np.flatnonzero(tied))


def _of_score(
    measure: Score | WithCrowds, sides: _Sides, level: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return agent, candidate and value of the pairs that reach a level."""
    scores = (measure,) if isinstance(measure, Score) else (measure.usual, measure.crowds)
    if not all(score.prunes(level) for score in scores):
        first, last = sides.ends(0, len(sides.agents))
        widths = last - first
        agent = np.repeat(np.arange(len(widths)), widths)
        inside = np.arange(len(agent)) - np.repeat(np.cumsum(widths) - widths, widths)
        candidate = sides.order[first[agent] + inside]
        blocks = range(0, len(agent), _PAIRS_AT_ONCE)
        value = np.concatenate(
            [
                np.empty(0),
                *(
                    sides.values(agent[k : k + _PAIRS_AT_ONCE], candidate[k : k + _PAIRS_AT_ONCE])
                    for k in blocks
                ),
            ]
        )
        keep = value >= level
        return agent[keep], candidate[keep], value[keep]
    chosen = [np.ones(len(sides.truth), dtype=bool)]
    if isinstance(measure, WithCrowds):
        crowd = sides.truth.flagged((measure.flag,))
        chosen = [~crowd, crowd]
    columns: list[tuple[NDArray, ...]] = []
    for score, some in zip(scores, chosen, strict=True):
        rows = np.flatnonzero(sides.codes[0] >= 0), np.flatnonzero((sides.codes[1] >= 0) & some)
        near = score.pairs(
            sides.found.regions[rows[0]],
            sides.truth.regions[rows[1]],
            at_least=level,
            groups=(sides.codes[0][rows[0]], sides.codes[1][rows[1]]),
        )
        pair = rows[0][near.row], rows[1][near.col]
        columns.append((*(pair if sides.by_found else pair[::-1]), near.data))
    agent, candidate, value = (np.concatenate(column) for column in zip(*columns, strict=True))
    return agent, candidate, value


def _compressed(
    sides: _Sides,
    agent: NDArray[np.int64],
    candidate: NDArray[np.int64],
    value: NDArray[np.float64],
) -> Pairs:
    """Put listed pairs into rows, in the order of preference."""
    place = np.empty(len(sides.order), dtype=np.int64)
    place[sides.order] = np.arange(len(sides.order))
    keys: list[NDArray] = [place[candidate], agent]
    if sides.rule.prefers == "value":
        keys.insert(1, -value)
    order = np.lexsort(keys)
    agent, candidate, value = agent[order], candidate[order], value[order]
    same = (value[1:] == value[:-1]) & (agent[1:] == agent[:-1])
    pointer = np.searchsorted(agent, np.arange(len(sides.agents) + 1))
    return Pairs(pointer, candidate, candidate, value, np.unique(agent[1:][same]))


def listed_pairs(
    measure: Measure,
    found: Table,
    truth: Table,
    rule: MatchRule,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
) -> Pairs:
    """Put pairs that were measured elsewhere into rows, in the order of preference.

    Parameters
    ----------
    measure, found, truth, rule
        As for `find_pairs`; the tables need no regions.
    pairs : tuple of ndarray
        Row of the detection, row of the truth, and value; larger is better.
    """
    rows, values = pairs[:2], pairs[2]
    sides = _sides(measure, found, truth, rule)
    agent, candidate = rows if sides.by_found else rows[::-1]
    return _compressed(sides, agent, candidate, values)


def _as_argsort(sides: _Sides, pairs: Pairs) -> NDArray[np.int64]:
    """Return the candidates with those of tied agents as ``argsort()[::-1]`` leaves them.

    The programs sort the values of the whole group, those below every threshold too.
    """
    official = pairs.candidate.copy()
    first, last = sides.ends(0, len(sides.agents))
    widths = last - first
    for width in np.unique(widths[pairs.tied]):
        rows = pairs.tied[widths[pairs.tied] == width]
        for some in np.array_split(rows, 1 + len(rows) * int(width) // _PAIRS_AT_ONCE):
            index = sides.order[first[some][:, None] + np.arange(width)]
            value = sides.values(np.repeat(some, width), index.ravel()).reshape(index.shape)
            value[np.isinf(value)] = np.nan  # undefined: sorted last, and so first
            ranked = value.argsort()[:, ::-1]
            index = np.take_along_axis(index, ranked, axis=1)
            for agent, row in zip(some, index, strict=True):
                start, stop = pairs.pointer[agent], pairs.pointer[agent + 1]
                official[start:stop] = row[: stop - start]
    return official


def touched(
    measure: Measure, found: Table, others: Table, at_least: float, *, any_label: bool = True
) -> NDArray[np.bool_]:
    """Return which detections reach a threshold with any of some regions of their item.

    Parameters
    ----------
    measure : Score, Ratio or WithCrowds
    found, others : Table
        Detections, and regions in which they are not counted.
    at_least : float
        Threshold.
    any_label : bool
        Whether regions count for all classes, or for their own.

    Returns
    -------
    ndarray, dtype=bool
    """
    if any_label:
        found, others = (replace(x, label=np.zeros_like(x.label)) for x in (found, others))
    pairs = find_pairs(measure, found, others, MatchRule(), np.array([at_least]))
    return np.diff(pairs.pointer) > 0
