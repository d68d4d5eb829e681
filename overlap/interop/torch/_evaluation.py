"""Values and gradients of tensors, by the kernels or by operations of PyTorch: no graph yet.

Both the functions for users and the operators of compiled graphs come here.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch

from overlap import losses
from overlap.interop._tables import table_scorer
from overlap.interop.torch._forms import Shape, combined, shaped
from overlap.interop.torch._graph import numbers, placed, saved_type, working_type
from overlap.interop.torch._layouts import Layout
from overlap.losses.overlaps import anatomy
from overlap.scores.plan import Plan
from overlap.scores.score import Score

__all__ = [
    "WRT",
    "Backend",
    "check_expressed",
    "check_score",
    "check_weights",
    "evaluated_loss",
    "evaluated_pairs",
    "evaluated_score",
    "expressed_loss",
    "expressed_score",
    "leading",
    "reduced",
    "table_loss",
    "uses_torch",
]

Backend = Literal["kernels", "torch"] | None
Sides = tuple[bool, bool]
WRT = {
    (True, True): "both",
    (True, False): "found",
    (False, True): "truth",
    (False, False): "",
}


def check_score(which: Any) -> None:
    """Raise unless a score came."""
    if not isinstance(which, Score):
        raise TypeError(
            f"score: expected a score such as overlap.giou, got {type(which).__name__}: {which!r}"
        )


def uses_torch(tensor: Any, backend: Backend) -> bool:
    """Return whether operations of torch compute the score, and not the kernels."""
    if backend not in (None, "kernels", "torch"):
        raise ValueError(f"backend = {backend!r}; expected 'kernels', 'torch' or None")
    return backend == "torch" or (backend is None and not tensor.is_cpu)


def check_expressed(which: Score, layout: Layout, width: int, device: str) -> None:
    """Raise for a score without operations of torch, or that the kind does not have."""
    lacking = ""
    if layout.terms is None:
        lacking = layout.name
    elif which.plan.enclosure not in layout.enclosures:
        lacking = f"{layout.name} under {which.plan.enclosure!r}"
    else:
        unknown = [p.component.name for p in which.parts if p.component.torch is None]
        lacking = ", ".join(unknown)
    if lacking:
        raise TypeError(
            f"{which}: no operations of torch for {lacking}, so that it cannot be computed on "
            f"{device}; backend='kernels' copies the numbers to the CPU and back"
        )
    which.plan.geometry(*(layout.regions(_example(layout, width)),) * 2)  # the kind may lack it


def _example(layout: Layout, width: int) -> np.ndarray:
    """Return the table of one legal region."""
    row = np.ones((1, width))
    if layout.ends:
        row[:, : width // 2] = 0.0
    return row


def leading(layout: Layout, tensor: Any) -> Any:
    """Return a tensor without the axes of a region, for its shape, type and device."""
    axes = 1 if layout.grid == 0 else tensor.ndim - layout.trailing
    return tensor.new_empty(()).expand(tensor.shape[:axes])


def _regions_of(layout: Layout, tensor: Any, name: str) -> Any:
    """Return a tensor as a batch of regions; errors name the tensor."""
    try:
        return layout.regions(numbers(tensor, layout))
    except (ValueError, TypeError) as error:
        where = ""
        if tensor.ndim > layout.trailing + 1 and layout.grid != 0:
            shape = tuple(tensor.shape[: tensor.ndim - layout.trailing])
            where = f" (numbered over the leading axes, {shape})"
        raise type(error)(f"{name}: {error}{where}") from None


def table_loss(
    plan: Plan, layout: Layout, found: Any, truth: Any, wrt: str, reduction: str
) -> tuple[Any, Any, Any] | None:
    """Return the linear loss of tables and its gradients; None where a closer look is needed."""
    scorer = table_scorer(plan, layout.build, found.shape[1], wrt)
    if not scorer.usable:
        return None
    common = 1.0 / len(found) if reduction == "mean" else 1.0
    done = scorer(found, truth, -common, anatomy(plan).best)
    if done is None:
        return None
    items, first, second, total = done
    if total != total:  # an undefined score, of which the limit must be taken
        return None
    return (items if reduction == "none" else common * total), first, second


def evaluated_loss(
    score: Score,
    layout: Layout,
    pred: Any,
    target: Any,
    shape: Shape,
    reduction: str,
    dtype: Any,
    sides: Sides,
) -> tuple[Any, Any, Any]:
    """Return a loss without weights by the kernels, and its gradients.

    Parameters
    ----------
    score : Score
    layout : Layout
    pred, target : Tensor
        As many regions each.
    shape : Shape
    reduction : {"mean", "sum", "none"}
    dtype : torch.dtype
        Of the loss.
    sides : pair of bool
        Whose gradients.

    Returns
    -------
    value, first, second : Tensor
        The gradients are None where not asked for.
    """
    done = None
    if layout.plain and shape.form == "linear" and shape.focal is None and pred.numel():
        found, truth = numbers(pred, layout), numbers(target, layout)
        done = table_loss(score.plan, layout, found, truth, WRT[sides], reduction)
    if done is None:
        loss = losses.overlap_loss(
            score,
            _regions_of(layout, pred, "pred"),
            _regions_of(layout, target, "target"),
            reduction=reduction,  # type: ignore[arg-type]
            wrt="both" if all(sides) else "target" if sides[1] else "pred",
            **shape._asdict(),
        )
        grads = loss.grad if all(sides) else (loss.grad, loss.grad)
        done = loss.value, *grads
    value, *slopes = done
    if reduction == "none":
        result = placed(value, leading(layout, pred), dtype)
    else:
        result = torch.tensor(value, dtype=dtype, device=pred.device)
    return result, *_slopes(slopes, (pred, target), sides)


def evaluated_score(
    which: Score, layout: Layout, a: Any, b: Any, dtype: Any, sides: Sides
) -> tuple[Any, Any, Any]:
    """Return scores by the kernels, and their gradients, as `evaluated_loss` does."""
    done: Any = None
    wrt = WRT[sides]
    if layout.plain:
        scorer = table_scorer(which.plan, layout.build, a.shape[-1], wrt)
        if scorer.usable:
            done = scorer(numbers(a, layout), numbers(b, layout), 1.0)
    if done is not None:
        value, *slopes, _ = done
    else:
        found, truth = _regions_of(layout, a, "a"), _regions_of(layout, b, "b")
        if wrt:
            value, slopes = which.value_and_grad(found, truth, wrt=wrt)  # type: ignore[call-overload]
            slopes = slopes if wrt == "both" else (slopes, slopes)
        else:
            value, slopes = which(found, truth), (None, None)
    return placed(value, leading(layout, a), dtype), *_slopes(slopes, (a, b), sides)


def _slopes(slopes: Any, tensors: tuple[Any, Any], sides: Sides) -> tuple[Any, Any]:
    first, second = (
        placed(np.ascontiguousarray(slope), tensor, saved_type(tensor)) if asked else None
        for slope, tensor, asked in zip(slopes, tensors, sides, strict=True)
    )
    return first, second


def evaluated_pairs(which: Score, layout: Layout, a: Any, b: Any) -> Any:
    """Return the scores of all pairs by the kernels, shape (N, M), of the wider type."""
    dtype = working_type(a, b)
    found, truth = _regions_of(layout, a, "a"), _regions_of(layout, b, "b")
    out = np.empty((len(found), len(truth)), np.float32 if dtype == torch.float32 else float)
    which.pairwise(found, truth, out=out)
    return torch.from_numpy(out).to(device=a.device, dtype=dtype)


def expressed_score(which: Score, layout: Layout, a: Any, b: Any) -> Any:
    """Return scores as an expression of torch, in its widest type."""
    return combined(which.parts, _expressed_terms(which, layout, a, b))


def expressed_loss(score: Score, layout: Layout, a: Any, b: Any, shape: Shape) -> Any:
    """Return the losses of items as an expression of torch, in its widest type."""
    items = shaped(score, _expressed_terms(score, layout, a, b), shape)
    return torch.where((a == b).all(-1), torch.zeros_like(items), items)


def check_weights(weights: Any) -> None:
    """Raise for weights that are not finite numbers >= 0."""
    if not bool(((weights >= 0) & (weights < torch.inf)).all()):
        raise ValueError("weights: expected finite numbers >= 0")


def reduced(items: Any, reduction: str, weights: Any = None) -> Any:
    """Return the mean, the sum, or the items, each times its weight."""
    if weights is not None:
        if weights.shape != items.shape and weights.ndim:
            raise ValueError(
                f"weights have shape {tuple(weights.shape)}; expected one for each region, "
                f"{tuple(items.shape)}"
            )
        items = items * weights
        if reduction == "mean":
            total = (weights * torch.ones_like(items)).sum()
            return items.sum() / torch.where(total > 0, total, torch.ones_like(total))
    if reduction == "none":
        return items
    return items.sum() / max(items.numel(), 1) if reduction == "mean" else items.sum()


def _expressed_terms(which: Score, layout: Layout, a: Any, b: Any) -> Any:
    assert layout.terms is not None
    wide = torch.float32 if a.device.type == "mps" else torch.float64
    return layout.terms(a.to(wide), b.to(wide), which.enclosure)
