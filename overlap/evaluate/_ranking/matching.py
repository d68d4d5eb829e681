"""Matching: which detection gets which truth, at all thresholds in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap._kernels.jit import specialise
from overlap._kernels.plain import suited
from overlap.pairing.matching import optimal_pairs

__all__ = ["MatchRule", "Matches", "Turns", "match_pairs", "turns_of"]

_AT_ONCE = 62  # levels, as bits of a number

_CHOICES = {
    "method": ("greedy", "optimal", "most"),
    "chooser": ("found", "truth"),
    "prefers": ("value", "confidence"),
    "of_equal": ("first", "last"),
}


@dataclass(frozen=True)
class MatchRule:
    """Who gets whom.

    Parameters
    ----------
    method : {"greedy", "optimal", "most"}
        Choosers in turn; or all at once, with the largest sum of values (which must not be
        negative), or with as many pairs as can be, and of these the largest sum. The parameters
        from `fallback` to `once` are for the greedy one. With the others, any number of those left
        over takes partners of `crowds` and `last`.
    chooser : {"found", "truth"}
        Detections choose, the most confident first, or truths, in the order of the input.
    prefers : {"value", "confidence"}
        What a truth that chooses looks for among detections that reach the threshold.
    fallback : bool
        Whether a chooser whose best partner is taken tries the next best. Without it a detection
        is compared with its best truth alone, as in VOC.
    of_equal : {"first", "last"}
        Which of several truths of equal value a detection takes.
    once : bool
        Whether a partner is taken by one chooser at most.
    strict : bool
        Whether a value must exceed the threshold (fall below, for distances) to match.
    ignored : tuple of str
        Flags of regions that are not counted: nor are detections that match them, nor such
        detections if they match nothing. Regions outside a stratum have the flag ``"outside"``,
        and are never counted.
    crowds : tuple of str
        Flags of partners that any number of choosers may take.
    last : tuple of str
        Flags of partners that are taken only where no other reaches the threshold (or, without
        fallback, where the best other is taken), and of truths that choose after all others.
    void : tuple of str
        Flags of truths that count, and are taken, but what takes them counts as if it matched
        nothing.
    """

    method: str = "greedy"
    chooser: str = "found"
    prefers: str = "value"
    fallback: bool = True
    of_equal: str = "first"
    once: bool = True
    strict: bool = False
    ignored: tuple[str, ...] = ()
    crowds: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    void: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                allowed = ", ".join(map(repr, choices))
                raise ValueError(
                    f"MatchRule: {name} = {getattr(self, name)!r} is not one of {allowed}"
                )
        if self.prefers == "confidence" and self.chooser == "found":
            raise ValueError(
                "MatchRule: prefers = 'confidence' is for truths that choose among detections; "
                "set chooser='truth'"
            )


def _greedy(first, other, value, levels, strict, fallback, sorted_, crowd, last, taken, gets):
    """Let each agent in turn take its best candidate that is free, at all levels at once.

    Agent `i` of those who choose has the candidates `other` from ``first[i]`` on, in the order in
    which it prefers them. A set of levels is a number with a bit for each. `gets` (pairs,) becomes
    the levels of which a pair is a match, and `taken` (candidates,) those at which a candidate is
    not free any more.
    """
    for i in range(len(first) - 1):
        open_ = (1 << len(levels)) - 1  # where no partner is found yet
        waits = open_  # where none of those that are taken last is found either
        closed = 0  # without fallback: where only those that are last remain
        for p in range(first[i], first[i + 1]):
            reached = 0
            for t in range(len(levels)):
                far = value[p] < levels[t] or (strict and value[p] == levels[t])
                reached |= (not far) << t
            reached &= open_
            if sorted_ and reached == 0:
                break
            c = other[p]
            if last[c]:
                gets[p] = reached & waits & ~taken[c]
                waits &= ~gets[p]
                continue
            free = reached & ~(taken[c] | closed)
            if not fallback:
                closed |= reached & ~free
            gets[p] = free
            open_ &= ~free
            if open_ == 0:
                break
        for p in range(first[i], first[i + 1]):
            if last[other[p]]:
                gets[p] &= open_
            if gets[p] != 0 and not crowd[other[p]]:
                taken[other[p]] |= gets[p]


@dataclass(frozen=True, eq=False)
class Matches(ByValue):
    """Pairs that were chosen, threshold after threshold.

    Attributes
    ----------
    pointer : ndarray, dtype=int64, shape (T + 1,)
        Threshold `t` has the matches ``pointer[t]`` to ``pointer[t + 1]``.
    agent, pair : ndarray of int, shape (E,)
        Who chose, and the number of the pair.
    """

    pointer: NDArray[np.int64]
    agent: NDArray[np.signedinteger]
    pair: NDArray[np.signedinteger]

    @classmethod
    def of(cls, agents: list[NDArray[np.int64]], pairs: list[NDArray[np.int64]]) -> Matches:
        """Put together the matches of each threshold."""
        none = np.empty(0, dtype=np.int64)
        pointer = np.cumsum([0, *map(len, pairs)])
        return cls(pointer, np.concatenate([none, *agents]), np.concatenate([none, *pairs]))

    @property
    def level(self) -> NDArray[np.int32]:
        """Number of the threshold of each match."""
        return np.repeat(np.arange(len(self.pointer) - 1, dtype=np.int32), np.diff(self.pointer))


@dataclass(frozen=True, eq=False)
class Turns(ByValue):
    """Candidates of those who choose, in the order in which they choose.

    Attributes
    ----------
    first : ndarray, dtype=int64, shape (A + 1,)
        The entries ``first[k]`` to ``first[k + 1]`` are those of the k-th agent that has any.
    agent, pair, candidate, value : ndarray, shape (E,)
        Agent, number of the pair, candidate and value of each entry.
    """

    first: NDArray[np.int64]
    agent: NDArray[np.signedinteger]
    pair: NDArray[np.signedinteger]
    candidate: NDArray[np.int64]
    value: NDArray[np.float64]


def turns_of(
    pointer: NDArray[np.int64],
    candidate: NDArray[np.int64],
    value: NDArray[np.float64],
    visit: NDArray[np.int64],
) -> Turns:
    """Put the candidates of agents into the order in which these choose.

    Parameters
    ----------
    pointer, candidate, value, visit : ndarray
        As for `match_pairs`.
    """
    agent = visit[np.flatnonzero((pointer[1:] > pointer[:-1])[visit])]
    start = pointer[agent]
    first = np.append(0, np.cumsum(pointer[agent + 1] - start))
    pair = start
    if first[-1] > len(agent):  # else everybody has one
        width = np.diff(first)
        pair = np.arange(first[-1]) + np.repeat(start - first[:-1], width)
        agent = np.repeat(agent, width)
    # matches of all thresholds and strata are kept: half as much of 32 bits
    small: type[np.signedinteger] = np.int32 if max(len(visit), len(value)) < 1 << 31 else np.int64
    return Turns(first, agent.astype(small), pair.astype(small), candidate[pair], value[pair])


def _in_turn(
    rule: MatchRule,
    turns: Turns,
    levels: NDArray[np.float64],
    crowd: NDArray[np.bool_],
    last: NDArray[np.bool_],
) -> list[NDArray[np.int64]]:
    """Let agents choose in turn, and return the entries that match at each level."""
    gets = np.zeros(len(turns.pair), dtype=np.int64)
    suited(specialise(_greedy), len(levels) * (len(gets) + len(crowd)))(
        turns.first, turns.candidate, turns.value, levels, rule.strict, rule.fallback,
        rule.prefers == "value", crowd if rule.once else np.ones_like(crowd), last,
        np.zeros(len(crowd), dtype=np.int64), gets,
    )  # fmt: skip
    some = np.flatnonzero(gets)
    bits = gets[some]
    return [some[np.flatnonzero((bits & 1 << t) != 0)] for t in range(len(levels))]


def match_pairs(
    rule: MatchRule,
    pointer: NDArray[np.int64],
    candidate: NDArray[np.int64],
    value: NDArray[np.float64],
    visit: NDArray[np.int64],
    levels: NDArray[np.float64],
    crowd: NDArray[np.bool_],
    last: NDArray[np.bool_],
    turns: Turns | None = None,
) -> Matches:
    """Match agents to candidates at each threshold.

    Parameters
    ----------
    rule : MatchRule
    pointer, candidate, value : ndarray
        Candidates of every agent, as in `Pairs`.
    visit : ndarray, dtype=int64
        Agents in the order in which they choose; others match nothing.
    levels : ndarray, dtype=float64, shape (T,)
        Thresholds; larger values are better.
    crowd, last : ndarray, dtype=bool, shape (candidates,)
        Candidates that several agents may take, and those that are taken last.
    turns : Turns, optional
        As `turns_of` returns them, where they are at hand.

    Returns
    -------
    Matches
        Inside a threshold in the order of `visit` (greedy), or of the agents.
    """
    if rule.method == "greedy":
        given = turns or turns_of(pointer, candidate, value, visit)
        entries = [np.empty(0, dtype=np.int64)]
        for k in range(0, len(levels), _AT_ONCE):
            entries += _in_turn(rule, given, levels[k : k + _AT_ONCE], crowd, last)
        rows = np.concatenate(entries)
        return Matches(np.cumsum(list(map(len, entries))), given.agent[rows], given.pair[rows])
    visited = np.zeros(len(pointer) - 1, dtype=bool)
    visited[visit] = True
    agent = np.repeat(np.arange(len(visited)), np.diff(pointer))
    chosen, late = [], (last | crowd)[candidate]
    for level in levels.tolist():
        near = visited[agent] & (value > level if rule.strict else value >= level)
        some = np.flatnonzero(near & ~late)
        best = some[_at_once(rule.method, agent[some], candidate[some], value[some])]
        free = visited.copy()
        free[agent[best]] = False
        rest = np.flatnonzero(near & late & free[agent])
        rest = rest[np.unique(agent[rest], return_index=True)[1]]
        both = np.concatenate([best, rest])
        chosen.append(both[np.argsort(agent[both], kind="stable")])
    return Matches.of([agent[some] for some in chosen], chosen)


def _at_once(
    method: str, agent: NDArray[np.int64], candidate: NDArray[np.int64], value: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return positions of the pairs of the best assignment."""
    if not len(agent):
        return np.empty(0, dtype=np.int64)
    shape = int(agent.max()) + 1, int(candidate.max()) + 1
    if method == "most":  # one more pair is worth more than all values
        above = value - value.min()
        most = min(len(np.unique(agent)), len(np.unique(candidate)))
        value = above + (1.0 + above.max() * most)
    return np.sort(optimal_pairs(agent, candidate, value, *shape))
