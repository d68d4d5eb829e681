"""Gradients of scores in one layout, whether regions have as many parameters or not.

A gradient is an array of shape (P, M). Regular kinds have one column per pair, M = N, and both
sides below each other for ``"both"``. Ragged kinds, such as polygons, have one column per vertex:
first those of all the found regions, then those of the true ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.regions.base import Regions
from overlap.scores import evaluation as _engine
from overlap.scores.ragged import ragged_value_and_grad

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Pair", "gradients", "identical", "item_of", "sides_of", "spread", "stacked"]

Pair = tuple[Regions, Regions]


def gradients(
    plan: _engine.Plan, pair: Pair, side: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return scores, shape (N,), and their gradients, shape (P, M); both may be overwritten."""
    if not getattr(pair[0], "ragged", False):
        return _engine.value_and_grad(plan, *pair, side)
    _row_counts(pair[0][:0])  # refuses what has no rows
    value, grads = ragged_value_and_grad(plan, *pair, side)
    return value, stacked(grads)


def stacked(grads: tuple[NDArray[np.float64], ...]) -> NDArray[np.float64]:
    """Return ragged gradients, shape (V, 2) each, as one array of shape (2, M)."""
    return np.ascontiguousarray(np.concatenate(grads).T)


def _row_counts(regions: Regions) -> NDArray[np.intp]:
    """Return how many rows of parameters each region of a ragged batch has."""
    counts = regions.row_counts()
    if counts is None:
        raise TypeError(
            f"losses take no {type(regions).__name__} with a factor that has no row of numbers for "
            "each region (polygons, interval sets); take the gradients of Score.value_and_grad"
        )
    return counts


def _counts(pair: Pair, side: str) -> list[NDArray[np.intp]]:
    found, truth = _engine.broadcast(*pair)
    chosen = {"found": (found,), "truth": (truth,), "both": (found, truth)}[side]
    return [_row_counts(regions) for regions in chosen]


def item_of(pair: Pair, side: str) -> NDArray[np.intp] | None:
    """Return the pair to which every column of a gradient belongs; None if it is its own."""
    if not pair[0].ragged:
        return None
    parts = [np.repeat(np.arange(len(counts)), counts) for counts in _counts(pair, side)]
    return np.concatenate(parts)


def spread(values: NDArray[np.float64], items: NDArray[np.intp] | None) -> NDArray[np.float64]:
    """Return what belongs to pairs, shape (N,), for every column of a gradient."""
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
