"""Ranks: the fraction of data that lies at a density or below it, and what can be got from it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Floats = NDArray[np.float64]

__all__ = ["highest_level", "masses_of_ranks", "number_of_points", "ranks_of"]

_MOST_COUNTS = 1000  # of how many points the smallest difference of two ranks may be
_NEAR = 1e-4  # how far a rank times the number of points may be from a whole number


def masses_of_ranks(ranks: _Floats) -> _Floats:
    """Return the share of the data at every node, from ranks at the nodes.

    What lies between a rank and the next lower one is at the nodes of that rank, in equal parts.
    Of the least rank, zero included, it is the rank itself.
    """
    level, which, count = np.unique(ranks, return_inverse=True, return_counts=True)
    return (np.diff(level, prepend=0.0) / count)[which.reshape(ranks.shape)]


def number_of_points(ranks: _Floats) -> int | None:
    """Return the least N of which all ranks are whole multiples of 1 / N, or None."""
    level = np.unique(ranks)
    gaps = np.diff(level, prepend=0.0)
    gaps = gaps[gaps > 1e-12]  # less is the rounding of printed digits
    if not len(gaps):
        return None
    least = float(gaps.min())
    for count in range(1, _MOST_COUNTS + 1):
        n = round(count / least)
        if abs(level * n - np.round(level * n)).max() < _NEAR:
            return n
    return None


def ranks_of(values: _Floats, sample: _Floats, weights: _Floats) -> _Floats:
    """Return the share of weight of samples whose value is at most that of a node."""
    order = np.argsort(sample, kind="stable")
    below = np.concatenate([[0.0], np.cumsum(weights[order])])
    return (below / below[-1])[np.searchsorted(sample[order], values, side="right")]


def highest_level(sample: _Floats, weights: _Floats, fraction: float) -> float:
    """Return the highest level that at least this fraction of the weight reaches."""
    order = np.argsort(-sample, kind="stable")
    reached = np.cumsum(weights[order])
    # Sums of many weights are rounded: a share that is met but for that is met.
    wanted = fraction * reached[-1] * (1.0 - 1e-12)
    at = min(int(np.searchsorted(reached, wanted)), len(order) - 1)
    level = float(sample[order[at]])
    assert math.isfinite(level)
    return level
