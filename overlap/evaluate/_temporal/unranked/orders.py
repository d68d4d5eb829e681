"""Greedy matchings of pairs of equal IoU in all orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Outcome", "contended", "mean_ends", "outcomes"]

#: Number of pairs that are taken, and the sum of their IoUs.
Outcome = tuple[int, float]
_STATES = 1000  # of a group of pairs that are looked at
_PAIRS = 100  # of a group


def contended(
    i: NDArray[np.int64], j: NDArray[np.int64], value: NDArray[np.float64]
) -> Iterator[NDArray[np.int64]]:
    """Return the groups of pairs of which the order of equal IoUs may choose others.

    Pairs that are linked by common segments are a group. Its result can depend on the order only
    where two pairs of one segment have the same IoU.

    Parameters
    ----------
    i, j : ndarray, dtype=int64, shape (P,)
        Prediction and truth of each pair.
    value : ndarray, dtype=float64, shape (P,)
    """
    tied = np.zeros(len(i), dtype=bool)
    for segment in (i, j):
        order = np.lexsort((value, segment))
        same = (np.diff(segment[order]) == 0) & (np.diff(value[order]) == 0)
        tied[order[1:][same]] = True
    if not tied.any():
        return
    pairs_of: tuple[dict[int, list[int]], ...] = ({}, {})
    ends = i.tolist(), j.tolist()
    for side, numbers in zip(pairs_of, ends, strict=True):
        for pair, number in enumerate(numbers):
            side.setdefault(number, []).append(pair)
    seen: set[int] = set()
    for start in np.flatnonzero(tied).tolist():
        if start in seen:
            continue
        seen.add(start)
        group, new = [start], [start]
        while new:
            pair = new.pop()
            for side, numbers in zip(pairs_of, ends, strict=True):
                more = [other for other in side[numbers[pair]] if other not in seen]
                seen.update(more)
                group += more
                new += more
        yield np.array(sorted(group))


def outcomes(pairs: Sequence[tuple[float, int, int]]) -> set[Outcome] | None:
    """Return the outcomes of greedy matching in all orders of equal IoUs.

    Parameters
    ----------
    pairs : sequence of (float, int, int)
        IoU, prediction and truth.

    Returns
    -------
    set of (int, float), or None
        None where there are too many orders.

    Examples
    --------
    >>> sorted(outcomes([(0.5, 0, 0), (0.5, 0, 1), (0.5, 1, 0)]))
    [(1, 0.5), (2, 1.0)]
    """
    if len(pairs) > _PAIRS:
        return None
    known: dict[tuple[tuple[float, int, int], ...], set[Outcome]] = {}

    def ends(free: tuple[tuple[float, int, int], ...]) -> set[Outcome]:
        if not free:
            return {(0, 0.0)}
        if free not in known:
            if len(known) >= _STATES:
                raise OverflowError
            known[free] = set()
            value, *segments = free[0]
            # the first pair is taken, unless one of the same IoU takes a segment of it before
            for one in free:
                if one[0] == value and (one[1] == segments[0] or one[2] == segments[1]):
                    rest = tuple(x for x in free if x[1] != one[1] and x[2] != one[2])
                    known[free] |= {(n + 1, value + total) for n, total in ends(rest)}
        return known[free]

    try:
        return ends(tuple(sorted(pairs, key=lambda pair: -pair[0])))
    except OverflowError:
        return None


def mean_ends(sure: Outcome, groups: Sequence[set[Outcome]]) -> tuple[float, float]:
    """Return the least and the greatest mean IoU of the taken pairs; NaN of none.

    Parameters
    ----------
    sure : (int, float)
        Outcome of all other pairs.
    groups : sequence of set of (int, float)
        Outcomes, of which each group has one.
    """
    ends = []
    for choose in (min, max):
        mean = float("nan")
        for _ in range(_STATES):  # Dinkelbach's steps, few
            guess = 0.0 if mean != mean else mean
            chosen = [choose(group, key=lambda x: x[1] - guess * x[0]) for group in groups]
            count, total = (sure[k] + sum(one[k] for one in chosen) for k in (0, 1))
            if not count:
                break
            before, mean = mean, total / count
            if mean == before:
                break
        ends.append(mean)
    return ends[0], ends[1]
