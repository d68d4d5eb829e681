"""Scores and losses of tensors as nodes of the graph that autograd goes back through."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from torch.autograd import forward_ad

from overlap.interop.torch._layouts import Layout

__all__ = [
    "TWICE",
    "attached",
    "checked",
    "numbers",
    "placed",
    "saved_type",
    "tied",
    "wanted",
    "working_type",
]

_NUMPY = {torch.float32: np.float32, torch.float64: np.float64}


def checked(layout: Layout, a: Any, b: Any, names: tuple[str, str]) -> tuple[Any, Any]:
    """Return two tensors of equal shape, or raise; a single region is repeated."""
    for tensor, name in ((a, names[0]), (b, names[1])):
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(
                f"{name}: expected a tensor, got {type(tensor).__name__}; make one with "
                "torch.as_tensor, or use overlap.losses with batches of regions"
            )
        truths = tensor.dtype == torch.bool and layout.grid is None  # fit for masks only
        if truths or tensor.is_complex() or tensor.layout != torch.strided:
            sparse = (
                "" if tensor.layout == torch.strided else f" in {tensor.layout}; use .to_dense()"
            )
            raise TypeError(
                f"{name}: expected a dense tensor of real numbers, got {tensor.dtype}{sparse}"
            )
        layout.check_shape(tensor, name)
    if a.device != b.device:
        raise ValueError(
            f"{names[0]} is on {a.device} and {names[1]} on {b.device}; move one with .to(...)"
        )
    if a.shape == b.shape:
        return a, b
    cut = layout.trailing if layout.grid != 0 else max(a.ndim, b.ndim) - 1
    lead_a, lead_b = a.shape[: a.ndim - cut], b.shape[: b.ndim - cut]
    if a.shape[a.ndim - cut :] == b.shape[b.ndim - cut :]:
        if lead_b.numel() == 1:
            return a, b.expand(lead_a + b.shape[b.ndim - cut :])
        if lead_a.numel() == 1:
            return a.expand(lead_b + a.shape[a.ndim - cut :]), b
    raise ValueError(
        f"{names[0]} has shape {tuple(a.shape)} and {names[1]} {tuple(b.shape)}; they are compared "
        "one by one, so that the shapes must be equal, or one of them must hold a single region"
    )


def working_type(a: Any, b: Any) -> Any:
    """Return the type of the result: that of what has decimals, the wider of two."""
    types = [t.dtype for t in (a, b) if t.dtype.is_floating_point]
    if not types:
        return torch.get_default_dtype()
    return types[0] if len(types) == 1 else torch.promote_types(*types)


def saved_type(tensor: Any) -> Any:
    """Return the type in which a gradient waits; small types are for the end only."""
    return tensor.dtype if tensor.dtype == torch.float64 else torch.float32


def numbers(tensor: Any, layout: Layout) -> np.ndarray:
    """Return a tensor's numbers, shape (N, P) or (N, *grid), without a copy where that can be."""
    if tensor.requires_grad:
        tensor = tensor.detach()
    if not tensor.is_cpu:
        tensor = tensor.cpu()
    if tensor.dtype not in _NUMPY and (tensor.dtype.is_floating_point or layout.grid is None):
        small = tensor.dtype.is_floating_point and tensor.dtype.itemsize < 4
        tensor = tensor.to(torch.float32 if small else torch.float64)
    try:
        array = tensor.numpy()
    except RuntimeError as error:
        raise RuntimeError(
            "overlap's kernels need the numbers of a tensor, and within torch.func (grad, vmap, "
            f"jacrev, hessian) and torch.export there are none; {_ADVICE}"
        ) from error
    if layout.grid != 0:
        shape = array.shape[array.ndim - layout.trailing :]
        if array.ndim != layout.trailing + 1:
            array = array.reshape((-1, *shape) if array.size else (_count(array, layout), *shape))
    return np.ascontiguousarray(array)


def _count(array: np.ndarray, layout: Layout) -> int:
    return int(np.prod(array.shape[: array.ndim - layout.trailing], dtype=np.int64))


def placed(array: Any, like: Any, dtype: Any = None) -> Any:
    """Return an array as a tensor of the shape, type and device of another."""
    dtype = like.dtype if dtype is None else dtype
    tensor = torch.from_numpy(array)
    if tensor.dtype != dtype:
        top = torch.finfo(dtype).max
        tensor = tensor.clamp(-top, top).to(dtype)
    if not like.is_cpu:
        tensor = tensor.to(like.device)
    return tensor if tensor.shape == like.shape else tensor.reshape(like.shape)


_ADVICE = "give backend='torch', which computes with operations of torch"
TWICE = (
    "overlap has first derivatives only: the gradient of a score cannot be differentiated again; "
    + _ADVICE
)


class _Once(torch.autograd.Function):
    """A gradient that cannot be differentiated again with respect to the regions."""

    @staticmethod
    def forward(ctx: Any, grad: Any, *regions: Any) -> Any:
        return grad.view_as(grad)

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        raise RuntimeError(TWICE)


class _Node(torch.autograd.Function):
    """A value with gradients that are known already: going back multiplies."""

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any, known: tuple[Any, Any, Any]) -> Any:
        value, *slopes = known
        ctx.known = a, b, *slopes  # not saved for the numbers of regions, which may change
        return value

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> Any:
        (weight,) = outer
        a, b, first, second = ctx.known
        if torch.is_grad_enabled():  # the graph of the gradient itself is asked for
            first, second = (
                None if grad is None else _Once.apply(grad, a, b) for grad in (first, second)
            )
        if weight.ndim:
            weight = weight.reshape(weight.shape + (1,) * (a.ndim - weight.ndim))
        return (
            None if first is None else weight * first,
            None if second is None else weight * second,
            None,
        )


@cache
def _node() -> Any:
    """Return the method that makes a node, without steps of torch that have nothing to do here.

    The one around it looks for torch.func, whose tensors have no numbers, so that they never come
    here. On the way back there is nothing to look up.
    """
    way_back = getattr(_Node, "_backward_cls", None)
    if way_back is None:
        return _Node.apply
    way_back.apply = _Node.backward
    return super(torch.autograd.Function, _Node).apply


def tied(a: Any, b: Any, known: tuple[Any, Any, Any]) -> Any:
    """Return a value as a tensor that knows its gradients.

    Parameters
    ----------
    a, b : Tensor
    known : tuple
        Value, and gradients with respect to `a` and `b`: None for one that is not wanted.
    """
    return _node()(a, b, known)


def attached(a: Any, b: Any, value: Any, first: Any, second: Any) -> Any:
    """Return a value as a tensor that knows its gradients, which are None where not wanted."""
    if first is None and second is None:
        return value
    return tied(a, b, (value, first, second))


def wanted(a: Any, b: Any) -> tuple[bool, bool]:
    """Return whose gradients autograd may ask for, or raise for derivatives of forward mode."""
    if forward_ad._current_level >= 0:
        for tensor in (a, b):
            if forward_ad.unpack_dual(tensor).tangent is not None:
                raise RuntimeError(
                    "overlap has no derivatives of forward mode (dual tensors, torch.func.jvp); "
                    + _ADVICE
                )
    enabled = torch.is_grad_enabled()
    return enabled and a.requires_grad, enabled and b.requires_grad
