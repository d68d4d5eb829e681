"""Scores of tensors, pair by pair with gradients, and of all pairs without."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch

from overlap.interop._tables import table_scorer
from overlap.interop.torch._compiling import is_dynamo_compiling, uncompiled
from overlap.interop.torch._graph import (
    attached,
    checked,
    numbers,
    placed,
    saved_type,
    wanted,
    working_type,
)
from overlap.interop.torch._layouts import Kind, Layout, layout_of
from overlap.scores.component import Part
from overlap.scores.score import Score

__all__ = [
    "Backend",
    "check_score",
    "combined",
    "leading",
    "pairwise",
    "regions_of",
    "score",
    "uses_torch",
]

Backend = Literal["kernels", "torch"] | None
_WRT = {
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


def uses_torch(which: Score, layout: Layout, tensor: Any, backend: Backend) -> bool:
    """Return whether operations of torch compute the score, or raise where they cannot."""
    if backend not in (None, "kernels", "torch"):
        raise ValueError(f"backend = {backend!r}; expected 'kernels', 'torch' or None")
    if backend == "kernels" or (backend is None and tensor.is_cpu):
        return False
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
            f"{tensor.device}; backend='kernels' copies the numbers to the CPU and back"
        )
    which.plan.geometry(*(layout.build(_example(layout, tensor)),) * 2)  # the kind may lack it
    return True


def _example(layout: Layout, tensor: Any) -> np.ndarray:
    """Return the table of one legal region."""
    row = np.ones((1, tensor.shape[-1]))
    if layout.ends:
        row[:, : tensor.shape[-1] // 2] = 0.0
    return row


def combined(parts: Sequence[Part], terms: Any, empty: float = math.nan) -> Any:
    """Return the score of pairs from their terms.

    Parameters
    ----------
    parts : sequence of Part
        Of components that have operations of PyTorch.
    terms : Terms
        With tensors of shape (...), and (..., axes).
    empty : float
        What a ratio of two empty regions is.
    """
    both_empty = terms.measure_a + terms.measure_b <= 0.0
    value: Any = 0.0
    for part in parts:
        assert part.component.torch is not None
        own = part.component.torch(terms, *part.parameters)
        if part.component.ratio and empty != 0.0:
            own = torch.where(both_empty, torch.full_like(own, empty), own)
        value = value + part.coefficient * own
    return value


def leading(layout: Layout, tensor: Any) -> Any:
    """Return a view without the axes of a region, for its shape, type and device."""
    if layout.grid == 0:
        return tensor.new_empty(()).expand(tensor.shape[:1])
    return tensor[(..., *(0,) * layout.trailing)] if tensor.numel() else _bare(layout, tensor)


def _bare(layout: Layout, tensor: Any) -> Any:
    return tensor.new_empty(tensor.shape[: tensor.ndim - layout.trailing])


def regions_of(layout: Layout, tensor: Any, name: str) -> Any:
    """Return a tensor as a batch of regions; errors name the tensor."""
    try:
        return layout.regions(numbers(tensor, layout))
    except (ValueError, TypeError) as error:
        where = ""
        if tensor.ndim > layout.trailing + 1 and layout.grid != 0:
            shape = tuple(tensor.shape[: tensor.ndim - layout.trailing])
            where = f" (numbered over the leading axes, {shape})"
        raise type(error)(f"{name}: {error}{where}") from None


def score(
    which: Score,
    a: Any,
    b: Any,
    *,
    kind: Kind = "boxes",
    backend: Backend = None,
    **options: Any,
) -> Any:
    """Return scores of tensors, region by region, with gradients for autograd.

    Parameters
    ----------
    which : Score
        Such as `overlap.giou`.
    a, b : Tensor, shape (..., P)
        As many regions each, or a single one on one side; `a` is the found region where that
        matters. See `overlap_loss` for the columns.
    kind : str, class of regions, or callable
    backend : {None, "kernels", "torch"}
    **options
        As in `overlap_loss`.

    Returns
    -------
    Tensor, shape (...)
        Of the wider type of `a` and `b`, computed in float64. NaN, with a gradient of zero,
        where both regions are empty.

    Examples
    --------
    >>> import torch
    >>> import overlap as ov
    >>> from overlap.interop.torch import score
    >>> a = torch.tensor([[0.0, 0.0, 2.0, 2.0]], requires_grad=True)
    >>> b = torch.tensor([[1.0, 0.0, 3.0, 2.0]])
    >>> value = score(ov.iou, a, b)
    >>> value.sum().backward()
    >>> value.detach(), a.grad
    (tensor([0.3333]), tensor([[0.1111, 0.0000, 0.3333, 0.0000]]))
    """
    if is_dynamo_compiling():
        return uncompiled(score, which, a, b, kind=kind, backend=backend, **options)
    check_score(which)
    layout = layout_of(kind, options)
    a, b = checked(layout, a, b, ("a", "b"))
    dtype = working_type(a, b)
    if uses_torch(which, layout, a, backend):
        assert layout.terms is not None
        wide = torch.float32 if a.device.type == "mps" else torch.float64
        terms = layout.terms(a.to(wide), b.to(wide), which.plan.enclosure)
        return combined(which.parts, terms).to(dtype)

    first, second = wanted(a, b)
    wrt, done = _WRT[first, second], None
    if layout.plain:
        scorer = table_scorer(which.plan, layout.build, a.shape[-1], wrt)
        if scorer.usable:
            done = scorer(numbers(a, layout), numbers(b, layout), 1.0)
            done = None if done is None else done[:3]
    if done is None:
        done = _scored(which, regions_of(layout, a, "a"), regions_of(layout, b, "b"), wrt)
    value, *grads = done
    pulled = (
        None if grad is None else placed(grad, tensor, saved_type(tensor))
        for grad, tensor in zip(grads, (a, b), strict=True)
    )
    return attached(a, b, placed(value, leading(layout, a), dtype), *pulled)


def _scored(which: Score, found: Any, truth: Any, wrt: str) -> tuple[Any, Any, Any]:
    if not wrt:
        return which(found, truth), None, None
    value, grad = which.value_and_grad(found, truth, wrt=wrt)  # type: ignore[call-overload]
    if wrt == "both":
        return value, np.ascontiguousarray(grad[0]), np.ascontiguousarray(grad[1])
    grad = np.ascontiguousarray(grad)
    return (value, grad, None) if wrt == "found" else (value, None, grad)


def pairwise(
    which: Score,
    a: Any,
    b: Any,
    *,
    kind: Kind = "boxes",
    backend: Backend = None,
    **options: Any,
) -> Any:
    """Return the scores of all pairs, without gradients: for matching and for suppression.

    Parameters
    ----------
    which : Score
    a, b : Tensor, shapes (N, P) and (M, P)
    kind : str, class of regions, or callable
    backend : {None, "kernels", "torch"}
    **options
        As in `overlap_loss`.

    Returns
    -------
    Tensor, shape (N, M)
        Of the wider type of `a` and `b`.

    Examples
    --------
    >>> import torch
    >>> import overlap as ov
    >>> from overlap.interop.torch import pairwise
    >>> spans = torch.tensor([[0.0, 2.0], [5.0, 6.0]])
    >>> pairwise(ov.giou, spans, spans, kind="intervals")
    tensor([[ 1.0000, -0.5000],
            [-0.5000,  1.0000]])
    """
    if is_dynamo_compiling():
        return uncompiled(pairwise, which, a, b, kind=kind, backend=backend, **options)
    check_score(which)
    layout = layout_of(kind, options)
    for tensor, name in ((a, "a"), (b, "b")):
        checked(layout, tensor, tensor, (name, name))
        if layout.grid is None and tensor.ndim != 2:
            raise ValueError(f"{name}: expected shape (N, P), got {tuple(tensor.shape)}")
    if a.device != b.device:
        raise ValueError(f"a is on {a.device} and b on {b.device}; move one with .to(...)")
    dtype = working_type(a, b)
    with torch.no_grad():
        if uses_torch(which, layout, a, backend):
            assert layout.terms is not None
            wide = torch.float32 if a.device.type == "mps" else torch.float64
            first, second = a.to(wide)[:, None], b.to(wide)[None]
            return combined(which.parts, layout.terms(first, second, which.plan.enclosure)).to(
                dtype
            )
        found, truth = regions_of(layout, a, "a"), regions_of(layout, b, "b")
        out = np.empty((len(found), len(truth)), np.float32 if dtype == torch.float32 else float)
        which.pairwise(found, truth, out=out)
        return torch.from_numpy(out).to(device=a.device, dtype=dtype)
