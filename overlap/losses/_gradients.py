"""Gradients of scores in one layout for kinds with fixed and with varying numbers of parameters.

A gradient is an array of shape (P, M). Regular kinds have one column per pair, M = N, and both
sides below each other for ``"both"``. Ragged kinds, such as polygons, have one column per vertex:
first those of all the found regions, then those of the true ones.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.regions.base import Regions
from overlap.scores import evaluation
from overlap.scores.plan import Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "NEAR",
    "Pair",
    "gradients",
    "identical",
    "item_of",
    "settle",
    "sides_of",
    "spread",
    "stacked",
]

NEAR = 1e-12
_LARGEST = sys.float_info.max

Pair = tuple[Regions, Regions]


def gradients(plan: Plan, pair: Pair, side: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return scores, shape (N,), and their gradients, shape (P, M); both may be overwritten."""
    if not getattr(pair[0], "ragged", False):
        return evaluation.value_and_grad(plan, *pair, side)
    _row_counts(pair[0][:0])  # refuses what has no rows
    value, grads = evaluation.ragged_value_and_grad(plan, *pair, side)
    return value, stacked(grads)


def stacked(grads: tuple[NDArray[np.float64], ...]) -> NDArray[np.float64]:
    """Return ragged gradients, shape (V, 2) each, as one array of shape (2, M)."""
    return np.ascontiguousarray(np.concatenate(grads).T)


def _row_counts(regions: Regions) -> NDArray[np.intp]:
    """Return the number of rows of parameters of each region of a ragged batch."""
    counts = regions.row_counts()
    if counts is None:
        raise TypeError(
            f"losses take no {type(regions).__name__} with a factor that has no row of numbers for "
            "each region (polygons, interval sets); take the gradients of Score.value_and_grad"
        )
    return counts


def _counts(pair: Pair, side: str) -> list[NDArray[np.intp]]:
    found, truth = evaluation.broadcast(*pair)
    chosen = {"found": (found,), "truth": (truth,), "both": (found, truth)}[side]
    return [_row_counts(regions) for regions in chosen]


def item_of(pair: Pair, side: str) -> NDArray[np.intp] | None:
    """Return the pair to which every column of a gradient belongs; None if it is its own."""
    if not pair[0].ragged:
        return None
    parts = [np.repeat(np.arange(len(counts)), counts) for counts in _counts(pair, side)]
    return np.concatenate(parts)


def spread(values: NDArray[np.float64], items: NDArray[np.intp] | None) -> NDArray[np.float64]:
    """Return values of pairs, shape (N,), for every column of a gradient."""
    return values if items is None else values[items]


def sides_of(grad: NDArray[np.float64], pair: Pair, side: str) -> Any:
    """Return a gradient as users have it: rows of parameters, a pair of them for both."""
    if side != "both":
        return grad.T
    if pair[0].ragged:
        cut = int(_counts(pair, "found")[0].sum())
        return grad[:, :cut].T, grad[:, cut:].T
    half = len(grad) // 2
    return grad[:half].T, grad[half:].T


def identical(pred: Regions, target: Regions) -> NDArray[np.bool_]:
    """Return which regions have the same parameters as their partners, shape (N,)."""
    if pred.ragged:
        _row_counts(pred[:0])  # refuses what has no rows
    return pred.identical(target)


# --------------------------------------------------------------------------------- sums over items


def settle(item, best, sign, factors, common, grad):
    """Make losses of scores, and scale and sum them.

    The losses ``best + sign * item`` are written over `item`, shape (N,). The gradients, shape
    (P, N), are scaled by sign, by `common` and by the factors of the items, which may be none.
    One that is not a number becomes 0, and one too large for a number the largest one.

    Returns the sum, and how many losses are 0, nearly 0 or NaN, which takes a closer look.
    """
    weighted = factors.shape[0] > 0
    total, odd, bad = 0.0, 0, 0
    for k in range(item.shape[0]):
        loss = min(best + sign * item[k], _LARGEST)
        item[k] = loss
        odd += 0 if loss > NEAR else 1
    for k in range(item.shape[0]):
        total += item[k] * (factors[k] if weighted else 1.0)
    scale = sign * common
    for c in range(grad.shape[0]):
        if weighted:
            for k in range(grad.shape[1]):
                g = grad[c, k] * (scale * factors[k]) + 0.0  # not -0.0
                grad[c, k] = g
                bad += 0 if abs(g) <= _LARGEST else 1
        else:
            for k in range(grad.shape[1]):
                g = grad[c, k] * scale + 0.0
                grad[c, k] = g
                bad += 0 if abs(g) <= _LARGEST else 1
    if bad > 0:
        for c in range(grad.shape[0]):
            for k in range(grad.shape[1]):
                g = grad[c, k]
                grad[c, k] = min(max(g, -_LARGEST), _LARGEST) if g == g else 0.0
    return total * common, odd
