"""Matching: which detection gets which truth, at all thresholds in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._kernels.jit import specialise
from overlap.pairing.matching import optimal_pairs

__all__ = ["MatchRule", "match_pairs"]

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
        negative), or with as many pairs as can be. The parameters from `fallback` to `once`,
        `crowds` and `last` are for the greedy one.
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


def _greedy(
    visit, start, candidate, value, levels, strict, fallback, sorted_, crowd, last, taken,
    chosen,
):  # fmt: skip
    """Let each agent in turn take its best candidate that is free.

    `taken` (levels, candidates) starts as False; `chosen` (levels, agents) as -1 and gets the
    number of the pair.
    """
    for v in range(len(visit)):
        i = visit[v]
        for t in range(len(levels)):
            best = -1
            closed = False
            for p in range(start[i], start[i + 1]):
                if value[p] < levels[t] or (strict and value[p] == levels[t]):
                    if sorted_:
                        break
                    continue
                c = candidate[p]
                if last[c]:
                    if best < 0 and not taken[t, c]:
                        best = p
                    continue
                if closed or taken[t, c]:  # without fallback, only those that are last remain
                    closed = not fallback
                    continue
                best = p
                break
            if best >= 0:
                chosen[t, i] = best
                if not crowd[candidate[best]]:
                    taken[t, candidate[best]] = True


def match_pairs(
    rule: MatchRule,
    pointer: NDArray[np.int64],
    candidate: NDArray[np.int64],
    value: NDArray[np.float64],
    visit: NDArray[np.int64],
    levels: NDArray[np.float64],
    crowd: NDArray[np.bool_],
    last: NDArray[np.bool_],
) -> NDArray[np.int64]:
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

    Returns
    -------
    ndarray, dtype=int64, shape (T, agents)
        Number of the pair that each agent is in, -1 for none.
    """
    chosen = np.full((len(levels), len(pointer) - 1), -1, dtype=np.int64)
    if rule.method == "greedy":
        taken = np.zeros((len(levels), len(crowd)), dtype=bool)
        specialise(_greedy)(
            visit, pointer, candidate, value, levels, rule.strict, rule.fallback,
            rule.prefers == "value", crowd if rule.once else np.ones_like(crowd), last, taken,
            chosen,
        )  # fmt: skip
        return chosen
    visited = np.zeros(len(pointer) - 1, dtype=bool)
    visited[visit] = True
    agent = np.repeat(np.arange(len(visited)), np.diff(pointer))
    for row, level in zip(chosen, levels.tolist(), strict=True):
        near = visited[agent] & (value > level if rule.strict else value >= level)
        pairs = np.flatnonzero(near)
        some = pairs[_at_once(rule.method, agent[pairs], candidate[pairs], value[pairs])]
        row[agent[some]] = some
    return chosen


def _at_once(
    method: str, agent: NDArray[np.int64], candidate: NDArray[np.int64], value: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return positions of the pairs of the best assignment."""
    if not len(agent):
        return np.empty(0, dtype=np.int64)
    shape = int(agent.max()) + 1, int(candidate.max()) + 1
    if method == "optimal":
        return optimal_pairs(agent, candidate, value, *shape)
    import scipy.sparse
    from scipy.sparse.csgraph import maximum_bipartite_matching

    number = scipy.sparse.csr_array((np.arange(1, len(agent) + 1), (agent, candidate)), shape)
    partner = maximum_bipartite_matching(number, perm_type="column")
    rows = np.flatnonzero(partner >= 0)
    return np.sort(np.asarray(number[rows, partner[rows]]).ravel() - 1)
