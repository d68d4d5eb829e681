"""Scores of tensors, pair by pair with gradients, and of all pairs without."""

from __future__ import annotations

from typing import Any

from overlap.interop.torch import _operators as operators
from overlap.interop.torch._compiling import is_compiling, uncompiled
from overlap.interop.torch._evaluation import (
    Backend,
    check_score,
    evaluated_pairs,
    evaluated_score,
    expressed_score,
    uses_torch,
)
from overlap.interop.torch._graph import attached, checked, wanted, working_type
from overlap.interop.torch._layouts import Kind, layout_of
from overlap.interop.torch._operators import described
from overlap.scores.score import Score

__all__ = ["pairwise", "score"]


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
    check_score(which)
    traced = is_compiling()
    layout, call = described(which, kind, options) if traced else (layout_of(kind, options), "")
    if layout is None:  # no operator can be told of this: the graph is split
        return uncompiled(score, which, a, b, kind=kind, backend=backend, **options)
    a, b = checked(layout, a, b, ("a", "b"))
    dtype = working_type(a, b)
    if uses_torch(a, backend):
        operators.check_expression(which, kind, options, a.shape[-1], str(a.device))
        return expressed_score(which, layout, a, b).to(dtype)
    sides = wanted(a, b)
    if call:
        return operators.score(a, b, call, dtype, list(sides))[0]
    return attached(a, b, *evaluated_score(which, layout, a, b, dtype, sides))


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
    check_score(which)
    traced = is_compiling()
    layout, call = described(which, kind, options) if traced else (layout_of(kind, options), "")
    if layout is None:
        return uncompiled(pairwise, which, a, b, kind=kind, backend=backend, **options)
    for tensor, name in ((a, "a"), (b, "b")):
        checked(layout, tensor, tensor, (name, name))
        if layout.grid is None and tensor.ndim != 2:
            raise ValueError(f"{name}: expected shape (N, P), got {tuple(tensor.shape)}")
    if a.device != b.device:
        raise ValueError(f"a is on {a.device} and b on {b.device}; move one with .to(...)")
    a, b = a.detach(), b.detach()
    if uses_torch(a, backend):
        operators.check_expression(which, kind, options, a.shape[-1], str(a.device))
        return expressed_score(which, layout, a[:, None], b[None]).to(working_type(a, b))
    if call:
        return operators.pairwise(a, b, call)
    return evaluated_pairs(which, layout, a, b)
