"""Losses of measures that are summed over groups of regions, such as the classes of an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.values import ByValue
from overlap._kernels.jit import specialise
from overlap._kernels.terms import Groups
from overlap.losses._gradients import identical, sides_of, stacked
from overlap.losses._loss_loops import NEAR, settle
from overlap.losses.overlaps import engine_side
from overlap.losses.result import Loss, item_factors
from overlap.regions.base import Regions
from overlap.scores import evaluation as _engine
from overlap.scores.score import Score

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Formula = Callable[["Sums"], tuple[NDArray, tuple[NDArray, NDArray, NDArray]]]

__all__ = ["Sums", "group_weights", "grouped", "grouped_loss"]

_NONE = np.empty(0)


@dataclass(frozen=True, eq=False)
class Sums(ByValue):
    """What the formula of a loss reads: one number per pair of regions, in float64.

    Attributes
    ----------
    pred, target, shared : ndarray, shape (N,)
        Measures and intersections.
    smooth : float
        What is added to numerators and denominators, in the unit of the measures.
    group : ndarray of int, shape (N,)
        The group of every pair, from 0 on.
    count : int
        Number of groups.
    """

    pred: NDArray[np.float64]
    target: NDArray[np.float64]
    shared: NDArray[np.float64]
    smooth: float
    group: NDArray[np.intp]
    count: int

    def total(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sums of `values` over the groups, shape (count,)."""
        return np.bincount(self.group, values, self.count).astype(np.float64)


def grouped(
    name: str, groups: ArrayLike | None, count: int
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the labels of the groups in order, and the number of each pair's group."""
    if groups is None:
        index = np.arange(count)
        return index, index
    array = np.asarray(groups)
    if array.shape != (count,):
        raise ValueError(
            f"{name}: groups have shape {array.shape}; expected one label per pair, ({count},)"
        )
    return np.unique(array, return_inverse=True)


def group_weights(name: str, weights: Any, labels: NDArray[Any]) -> ArrayLike | None:
    """Return one weight per group, from a mapping of labels or from numbers in their order."""
    if not isinstance(weights, Mapping):
        return weights
    missing = [label for label in labels.tolist() if label not in weights]
    if missing:
        raise ValueError(f"{name}: weights have no entry for group {missing[0]!r}")
    return [weights[label] for label in labels.tolist()]


def grouped_loss(
    name: str,
    score: Score,
    formula: Formula,
    pred: Regions,
    target: Regions,
    *,
    groups: ArrayLike | None,
    smooth: float,
    weights: Any,
    reduction: str,
    wrt: str,
) -> Loss:
    """Return a loss of sums over groups.

    Parameters
    ----------
    name : str
        For messages.
    score : Score
        A ratio that needs what the loss needs of the kind.
    formula : callable
        From `Sums` to the losses of the groups, shape (count,), and to the partials of
        those with respect to each pair's measures and intersection, three times (N,).
    """
    side = engine_side(name, wrt)
    if isinstance(smooth, str) or not (smooth >= 0.0 and np.isfinite(smooth)):
        raise ValueError(f"{name}: smooth = {smooth!r} is not a finite number >= 0")
    geometry = score.plan.differentiable(pred, target)
    first: Any
    first, second = _engine.broadcast(pred, target)
    count = len(first)
    labels, group = grouped(name, groups, count)
    index, needs = np.arange(count), Groups.OVERLAP
    block = _engine.fill_block(first, index, second, index, geometry, needs)
    cell = first.cell_measure
    sums = Sums(block[0], block[1], block[2], smooth * cell, group, len(labels))
    factors, common = item_factors(
        name, group_weights(name, weights, labels), len(labels), reduction
    )
    scale = np.full(len(labels), common) if factors is None else factors * common
    outer = np.zeros_like(block)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        losses, partials = formula(sums)
        empty = sums.total(sums.pred) + sums.total(sums.target) == 0.0
        near = ((losses <= NEAR) & geometry.reflexive) | empty
        rows = np.flatnonzero(near[group])
        differ = ~identical(first[rows], second[rows])
        equal = near & (np.bincount(group[rows], differ, len(labels)) == 0.0)
        losses = np.clip(np.where(equal, 0.0, losses), 0.0, None)
        for row, values in zip(outer[:3], partials, strict=True):
            row[:] = np.where(equal[group], 0.0, values) * scale[group]
    if first.ragged:
        pulled = first.pull_ragged(index, second, index, geometry, needs, side, block, outer)
        grad = stacked(pulled)
    else:
        size = first.parameter_count * (2 if side == "both" else 1)
        grad = np.empty((size, count), order="F" if size > 256 else "C")
        first.pull_block(index, second, index, geometry, needs, side, block, outer, grad)
    specialise(settle)(np.empty(0), 0.0, 1.0, _NONE, 1.0, grad)  # no infinite number
    weighted = losses if factors is None else losses * factors
    value: Any = weighted if reduction == "none" else common * float(weighted.sum())
    return Loss(value, sides_of(grad, (first, second), side), losses)
