"""Operators of PyTorch: what graphs that are compiled or exported hold instead of the kernels.

There are three: `overlap::loss`, `overlap::score` and `overlap::pairwise`. A text says which score
of which kind of region they compute, so that a graph can be stored and run in another process.
Outside of such graphs nothing comes here: the dispatcher of PyTorch would take longer than the
kernels for a thousand boxes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

import overlap as ov
from overlap.interop.torch._compiling import constant, is_dynamo_compiling
from overlap.interop.torch._evaluation import (
    check_expressed,
    check_weights,
    evaluated_loss,
    evaluated_pairs,
    evaluated_score,
    leading,
)
from overlap.interop.torch._forms import Shape
from overlap.interop.torch._graph import TWICE, saved_type, working_type
from overlap.interop.torch._layouts import TERMS, Kind, Layout, layout_of
from overlap.scores.component import Component, Part
from overlap.scores.score import Score

__all__ = ["check_expression", "described", "loss", "pairwise", "score"]


# ----------------------------------------------------------------------------- texts


def described(which: Score, kind: Kind, options: dict[str, Any]) -> tuple[Layout | None, str]:
    """Return the layout of a kind, and the text that says which score of which regions.

    Without such a text, for components and kinds that the package does not have, the layout is
    None where the compiler traces, which has to leave the call to Python. It also has no text for a
    score that is made while it traces. Else a layout that it traces has what shapes depend on.
    """
    name, call, width, grid, ends, first, last = _facts(which, kind, options)
    if not call:
        return None if is_dynamo_compiling() else layout_of(kind, options), ""
    sizes = None if first is None else slice(first, last)
    return Layout(name, None, width, grid, terms=TERMS.get(name), ends=ends, sizes=sizes), call


@constant
def _facts(which: Score, kind: Kind, options: dict[str, Any]) -> tuple[Any, ...]:
    """Return name of a kind, text of the call, width, grid, ends, and the columns of sizes."""
    layout = layout_of(kind, options)
    sizes = (None, None) if layout.sizes is None else (layout.sizes.start, layout.sizes.stop)
    call = _text(which, kind, options)
    return layout.name, call, layout.width, layout.grid, layout.ends, *sizes


@constant
def check_expression(
    which: Score,
    kind: Kind,
    options: dict[str, Any],
    width: int,
    device: str,
    shape: tuple[Any, ...] | None = None,
) -> None:
    """Raise for a score that operations of torch cannot compute; the compiler does not trace it.

    Parameters
    ----------
    which : Score
    kind, options
        Of the regions, which have `width` numbers each.
    device : str
        Of the tensors, for messages.
    shape : tuple, optional
        The fields of the `Shape` of a loss.
    """
    check_expressed(which, layout_of(kind, options), width, device)
    if shape is not None:
        Shape(*shape).check(which)


def _text(which: Score, kind: Kind, options: dict[str, Any]) -> str:
    name = kind if isinstance(kind, str) else getattr(kind, "__name__", "")
    known = isinstance(kind, str) or (isinstance(kind, type) and getattr(ov, name, None) is kind)
    parts = which.__dict__.get("parts")  # not there yet where the compiler makes the score
    if (
        not known
        or parts is None
        or any(_component(p.component.name) != p.component for p in parts)
    ):
        return ""
    listed = [[part.component.name, part.coefficient, *part.parameters] for part in parts]
    call = {"score": listed, "enclosure": which.enclosure, "kind": name, **options}
    try:
        return json.dumps(call)
    except TypeError:
        return ""


def _component(name: str) -> Component | None:
    """Return a component of the package."""
    which = getattr(ov, name, None)
    return which.parts[0].component if isinstance(which, Score) else None


@lru_cache(maxsize=256)
def _read(call: str) -> tuple[Score, Layout]:
    """Return what a text describes."""
    options = json.loads(call)
    parts, enclosure, kind = (options.pop(name) for name in ("score", "enclosure", "kind"))
    listed = []
    for name, coefficient, *parameters in parts:
        component = _component(name)
        if component is None:
            raise ValueError(f"no such score in this version of overlap: {name}, of {call}")
        listed.append(Part(coefficient, component, tuple(parameters)))
    which = Score(tuple(listed), enclosure)
    return which, layout_of(getattr(ov, kind, kind), options)


# ------------------------------------------------------------------------- operators


def _operator(
    schema: str, function: Callable[..., Any], shapes: Callable[..., Any], *, slopes: bool = True
) -> Any:
    """Register an operator and return it.

    Parameters
    ----------
    schema : str
        Its name, arguments and results; the two sides come first.
    function : callable
        Computes tensors that have numbers.
    shapes : callable
        Returns tensors of the same shapes and types, without numbers.
    slopes : bool
        The results are a value and its gradients with respect to both sides.
    """
    name, _, rest = schema.partition("(")
    operator = torch.library.custom_op(
        f"overlap::{name}", function, mutates_args=(), schema=f"({rest}"
    )
    operator.register_fake(shapes)
    if slopes:
        operator.register_autograd(_back, setup_context=_keep)
    return operator


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Any, ...]) -> None:
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*output[1:])
    ctx.others = (None,) * (len(inputs) - 2)


def _back(ctx: Any, weight: Any, *twice: Any) -> tuple[Any, ...]:
    if any(grad is not None for grad in twice):
        raise RuntimeError(TWICE)
    grads = (
        weight.reshape(weight.shape + (1,) * (slope.ndim - weight.ndim)) * slope if asked else None
        for slope, asked in zip(ctx.saved_tensors, ctx.needs_input_grad[:2], strict=True)
    )
    return *grads, *ctx.others


def _with_slopes(value: Any, slopes: Any, tensors: tuple[Any, Any]) -> tuple[Any, Any, Any]:
    """Return results, where a gradient that nobody asked for has no numbers."""
    first, second = (
        tensor.new_empty(0, dtype=saved_type(tensor)) if slope is None else slope
        for slope, tensor in zip(slopes, tensors, strict=True)
    )
    return value, first, second


def _unknown(value: Any, tensors: tuple[Any, Any], asked: list[bool]) -> tuple[Any, Any, Any]:
    """Return results without numbers."""
    slopes = (
        torch.empty_like(tensor, dtype=saved_type(tensor), memory_format=torch.contiguous_format)
        if own
        else None
        for tensor, own in zip(tensors, asked, strict=True)
    )
    return _with_slopes(value, slopes, tensors)


def _loss(
    pred: Any,
    target: Any,
    weights: Any,
    call: str,
    form: str,
    power: float,
    floor: float,
    focal: float | None,
    focus: str,
    focal_grad: bool,
    reduction: str,
    dtype: Any,
    asked: list[bool],
) -> tuple[Any, Any, Any]:
    which, layout = _read(call)
    shape = Shape(form, power, floor, focal, focus, focal_grad)
    if weights is not None:
        check_weights(weights)
    sides = asked[0], asked[1]
    value, *slopes = evaluated_loss(which, layout, pred, target, shape, reduction, dtype, sides)
    return _with_slopes(value, slopes, (pred, target))


def _loss_shapes(
    pred: Any, target: Any, weights: Any, call: str, *settings: Any
) -> tuple[Any, Any, Any]:
    reduction, dtype, asked = settings[-3:]
    lead = leading(_read(call)[1], pred).shape if reduction == "none" else ()
    return _unknown(pred.new_empty(lead, dtype=dtype), (pred, target), asked)


def _score(a: Any, b: Any, call: str, dtype: Any, asked: list[bool]) -> tuple[Any, Any, Any]:
    which, layout = _read(call)
    value, *slopes = evaluated_score(which, layout, a, b, dtype, (asked[0], asked[1]))
    return _with_slopes(value, slopes, (a, b))


def _score_shapes(a: Any, b: Any, call: str, dtype: Any, asked: list[bool]) -> tuple[Any, Any, Any]:
    value = a.new_empty(leading(_read(call)[1], a).shape, dtype=dtype)
    return _unknown(value, (a, b), asked)


def _pairwise(a: Any, b: Any, call: str) -> Any:
    return evaluated_pairs(*_read(call), a, b)


def _pairwise_shapes(a: Any, b: Any, call: str) -> Any:
    layout = _read(call)[1]
    rows, columns = (leading(layout, tensor).numel() for tensor in (a, b))
    return a.new_empty((rows, columns), dtype=working_type(a, b))


loss = _operator(
    "loss(Tensor pred, Tensor target, Tensor? weights, str call, str form, float power,"
    " float floor, float? focal, str focus, bool focal_grad, str reduction, ScalarType dtype,"
    " bool[] asked) -> (Tensor, Tensor, Tensor)",
    _loss,
    _loss_shapes,
)
score = _operator(
    "score(Tensor a, Tensor b, str call, ScalarType dtype, bool[] asked)"
    " -> (Tensor, Tensor, Tensor)",
    _score,
    _score_shapes,
)
pairwise = _operator(
    "pairwise(Tensor a, Tensor b, str call) -> Tensor",
    _pairwise,
    _pairwise_shapes,
    slopes=False,
)
