"""Who gets whom: greedy matching of ranked choosers, at all thresholds in one pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overlap._kernels.jit import specialise

from .pairs import Pairs
from overlap.evaluate._temporal.protocol import Protocol

__all__ = ["FALSE", "IGNORED", "TRUE", "match_greedily"]

FALSE, TRUE, IGNORED = np.uint8(0), np.uint8(1), np.uint8(2)


def _greedy(visit, start, candidate, iou, thresholds, strict, fallback, taken, chosen):
    """Let each agent in turn take its best candidate that is free.

    `taken` (thresholds, candidates) starts as False; `chosen` (thresholds, agents) as -1
    and gets the number of the pair.
    """
    for v in range(len(visit)):
        i = visit[v]
        for t in range(len(thresholds)):
            for p in range(start[i], start[i + 1]):
                if iou[p] < thresholds[t] or (strict and iou[p] == thresholds[t]):
                    break
                if not taken[t, candidate[p]]:
                    taken[t, candidate[p]] = True
                    chosen[t, i] = p
                    break
                if not fallback:
                    break


def match_greedily(
    pairs: Pairs,
    candidate: NDArray[np.int64],
    visit: NDArray[np.int64],
    candidates: int,
    thresholds: NDArray[np.float64],
    protocol: Protocol,
) -> NDArray[np.int64]:
    """Match agents to candidates at each threshold.

    Parameters
    ----------
    pairs : Pairs
        Candidates of every agent, best first.
    candidate : ndarray, dtype=int64
        ``pairs.candidate``, or another order of equal ones.
    visit : ndarray, dtype=int64
        Agents in the order in which they choose.
    candidates : int
        Number of candidates.
    thresholds : ndarray, dtype=float64, shape (T,)
        IoU thresholds.
    protocol : Protocol
        Its `comparison`, `fallback` and `order` are used.

    Returns
    -------
    ndarray, dtype=int64, shape (T, predictions)
        Number of the pair that each prediction is in, -1 for none.
    """
    agents = len(pairs.pointer) - 1
    chosen = np.full((len(thresholds), agents), -1, dtype=np.int64)
    taken = np.zeros((len(thresholds), candidates), dtype=bool)
    specialise(_greedy)(
        visit, pairs.pointer, candidate, pairs.iou, thresholds,
        protocol.comparison == ">", protocol.fallback, taken, chosen,
    )  # fmt: skip
    if protocol.order == "confidence":
        return chosen
    # A truth chose: tell its prediction.
    result = np.full((len(thresholds), candidates), -1, dtype=np.int64)
    level, agent = np.nonzero(chosen >= 0)
    pair = chosen[level, agent]
    result[level, candidate[pair]] = pair
    return result
