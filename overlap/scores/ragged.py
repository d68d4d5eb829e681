"""Gradients of kinds whose regions have parameters in numbers that differ, such as polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._kernels import loops as _loops
from overlap.scores.evaluation import BLOCK, Plan, broadcast, fill_block, scorer_of, value_and_grad

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ragged_value_and_grad", "row_gradients"]


def ragged_value_and_grad(
    plan: Plan, found: Any, truth: Any, wrt: str
) -> tuple[NDArray[np.float64], tuple[NDArray[np.float64], ...]]:
    """Return scores (N,) and one gradient or two, each of all pairs, one after the other.

    Of a product each is a pair, of the gradients of both factors.

    The kind has a method ``pull_ragged(index, other, other_index, geometry, needs, wrt, block,
    partials)``, which gives them for listed pairs.
    """
    geometry = plan.differentiable(found, truth)
    found, truth = broadcast(found, truth)
    value = np.empty(len(found))
    scorer = scorer_of(_loops.partial_block, plan.components, geometry.axes, plan.needs)
    index = np.arange(len(found))
    parts = []
    for lo in range(0, max(len(found), 1), BLOCK):
        part = index[lo : lo + BLOCK]
        block = fill_block(found, part, truth, part, geometry, plan.needs)
        partials = np.zeros_like(block)
        scorer(block, plan.parameters, value[lo : lo + BLOCK], partials)
        parts.append(
            found.pull_ragged(part, truth, part, geometry, plan.needs, wrt, block, partials)
        )
    return value, tuple(_joined(side) for side in zip(*parts, strict=True))


def _joined(parts: tuple[Any, ...]) -> Any:
    """Join gradients of one side; of a product with ragged factors, each is a pair of them."""
    if isinstance(parts[0], tuple):
        return tuple(_joined(factor) for factor in zip(*parts, strict=True))
    return np.concatenate(parts)


def row_gradients(
    plan: Plan, found: Any, truth: Any, wrt: str
) -> tuple[NDArray[np.float64], tuple[NDArray[np.float64], ...]]:
    """Return scores (N,) and one gradient or two for any kind, each with a row per region.

    Of ragged kinds with a row for each of their vertices.
    """
    if getattr(found, "ragged", False):
        return ragged_value_and_grad(plan, found, truth, wrt)
    value, grad = value_and_grad(plan, found, truth, wrt)
    half = len(grad) // 2
    return value, (grad[:half].T, grad[half:].T) if wrt == "both" else (grad.T,)
