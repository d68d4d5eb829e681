"""Ranks: the fraction of data that lies at a density or below it, and masses and levels from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Floats = NDArray[np.float64]

__all__ = ["highest_level", "masses_of_ranks", "number_of_points", "ranks_of"]

_MOST_COUNTS = 1000  # of how many points the smallest difference of two ranks may be
_FEW = 50  # ranks that are looked at first
_NEAR = 1e-4  # how far a rank times the number of points may be from a whole number


def masses_of_ranks(ranks: _Floats) -> _Floats:
    """Return the share of the data at every node, from ranks at the nodes.

    A rank says what share of the data lies in cells of at most this density. Of cells sorted by
    rank, with sums of areas a_k, the ranks r(a_k) are therefore the integral of a density that
    never falls, and it is the slope of r. Differences of single ranks are no such slope: a few
    nodes on a torus are not spread evenly over the levels, so that the area between two of them is
    as random as the gap between two random numbers. The slope of the greatest convex function at
    or below r is: it never falls with the rank, and keeps the mass between its corners. It is
    Grenander's maximum-likelihood estimate of a monotone density (Skandinavisk
    Aktuarietidskrift 39, 1956), and the isotonic regression of the differences.

    Nodes that share a rank share its mass. What is below the least rank, zero included, is the
    rank itself.
    """
    from scipy.optimize import isotonic_regression

    level, which, count = np.unique(ranks, return_inverse=True, return_counts=True)
    share = isotonic_regression(np.diff(level, prepend=0.0) / count, weights=count).x
    return share[which.reshape(ranks.shape)]


def number_of_points(ranks: _Floats) -> int | None:
    """Return the least N of which all ranks are whole multiples of 1 / N, or None."""
    level = np.unique(ranks)
    gaps = np.diff(level, prepend=0.0)
    gaps = gaps[gaps > 1e-12]  # less is the rounding of printed digits
    if not len(gaps):
        return None
    numbers = np.round(np.arange(1, _MOST_COUNTS + 1) / float(gaps.min()))
    few = level[:: len(level) // _FEW + 1]  # most numbers do not even fit these
    for n in numbers[_are_whole(few[:, None], numbers)].tolist():
        if _are_whole(level, n):
            return int(n)
    return None


def _are_whole(levels: _Floats, numbers: Any) -> Any:
    """Whether all ranks, along the first axis, are near whole multiples of one by a number."""
    counts = levels * numbers
    return abs(counts - np.round(counts)).max(axis=0) < _NEAR


def ranks_of(values: _Floats, held: _Floats) -> _Floats:
    """Return the share of the mass in cells of at most the value of a node."""
    _, which = np.unique(values, return_inverse=True)
    sums = np.cumsum(np.bincount(which.ravel(), held.ravel()))
    return (sums / sums[-1])[which.reshape(values.shape)]


def highest_level(values: _Floats, held: _Floats, fraction: float) -> float:
    """Return the highest value with this fraction of the mass at it or above."""
    order = np.argsort(-values, axis=None, kind="stable")
    reached = np.cumsum(held.ravel()[order])
    # Sums of many terms are rounded: a share that is met but for that is met.
    at = int(np.searchsorted(reached, fraction * reached[-1] * (1.0 - 1e-12)))
    return float(values.ravel()[order[at]])
