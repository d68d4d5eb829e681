"""Losses of tensors, for training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch.autograd import forward_ad

import overlap
from overlap.interop.torch import _operators as operators
from overlap.interop.torch._compiling import is_compiling, uncompiled
from overlap.interop.torch._evaluation import (
    WRT,
    Backend,
    check_score,
    check_weights,
    evaluated_loss,
    expressed_loss,
    reduced,
    table_loss,
    uses_torch,
)
from overlap.interop.torch._forms import Shape
from overlap.interop.torch._graph import attached, checked, tied, wanted, working_type
from overlap.interop.torch._layouts import Kind, Layout, layout_of
from overlap.interop.torch._operators import described
from overlap.scores.score import Score

if TYPE_CHECKING:
    from overlap.scores.plan import Plan

__all__ = ["OverlapLoss", "overlap_loss"]

_PLAIN: dict[Any, Layout] = {
    kind: layout_of(kind, {}) for kind in ("boxes", "intervals", overlap.Boxes, overlap.Intervals)
}
_TENSORS = (torch.Tensor, torch.nn.Parameter)
_TYPES: dict[Any, Any] = {torch.float32: np.dtype(np.float32), torch.float64: np.dtype(np.float64)}


def overlap_loss(
    score: Score,
    pred: Any,
    target: Any,
    *,
    kind: Kind = "boxes",
    form: Literal["linear", "log", "power"] = "linear",
    power: float = 3.0,
    floor: float = 1e-6,
    focal: float | None = None,
    focus: Literal["near", "far"] = "near",
    focal_grad: bool = False,
    weights: Any = None,
    reduction: Literal["mean", "sum", "none"] = "mean",
    invalid: Literal["error", "sort", "clamp"] = "error",
    backend: Backend = None,
    **options: Any,
) -> Any:
    r"""Return a score of tensors as a loss, with its exact gradients for autograd.

    Value and gradients are computed together, in float64, by the kernels of the package; going
    back is one multiplication.

    Parameters
    ----------
    score : Score
        Such as `overlap.ciou`, or any combination: ``ov.dice - 0.5 * ov.center_gap``.
    pred, target : Tensor, shape (..., P)
        As many regions each, or a single one on one side. Either may ask for a gradient. The
        columns of a region are those of its class: start, stop of intervals; lower corner, upper
        corner of boxes in any number of dimensions; cx, cy, w, h, angle of rotated boxes; x, y,
        z, dx, dy, dz, yaw of upright boxes; x, y, xx, xy, yy of Gaussians. Masks have shape
        (N, \*grid), or (..., \*grid) with ``axes=`` the number of axes of the grid.
    kind : str, class of regions, or callable
        ``"intervals"``, ``"boxes"``, ``"rotated"``, ``"upright"``, ``"gaussians"``, ``"masks"``;
        a class; or a function from an array (N, P) to a batch of regions with these very numbers
        as its parameters.
    form, power, floor, focal, focus, focal_grad
        As in `overlap.losses.overlap_loss`.
    weights : Tensor, shape (...), optional
        Weight of every region, >= 0. The mean is then ``sum(w l) / sum(w)``.
    reduction : {"mean", "sum", "none"}
        The mean and the sum of no regions are 0.
    invalid : {"error", "sort", "clamp"}
        What to do with predictions whose sizes are negative, as networks make them: raise;
        ``"sort"`` exchanges the ends, and takes the absolute value of sizes; ``"clamp"`` makes
        them empty, at their middle, and cuts values of masks to [0, 1]. The gradient is that of
        what was made. Numbers that are not finite are errors in any case, and so are bad
        targets.
    backend : {None, "kernels", "torch"}
        ``"kernels"`` computes on the CPU, wherever the tensors are. ``"torch"`` computes with
        operations of torch where the tensors are, and can be differentiated twice: intervals
        without a period, boxes, rotated and upright boxes, without smoothing, and the enclosures
        natural, box and hull of each. None: the kernels for tensors on the CPU, and torch for
        others.
    **options
        Of the class of regions: ``period=`` of intervals; ``spacing=``, ``soft=``, ``support=``
        of masks; and ``sigma=``, or ``alpha=`` and ``relative=``, for overlaps that are blurred
        or of smooth minima.

    Returns
    -------
    Tensor, shape () or (...)
        Of the wider type of `pred` and `target`.

    Raises
    ------
    TypeError
        For anything but tensors, and a score that the kind, or the backend, does not have.
    ValueError
        For shapes and devices that do not match, and regions that are not legal.
    RuntimeError
        From autograd, where the gradient is differentiated again.

    Examples
    --------
    >>> import torch
    >>> import overlap as ov
    >>> from overlap.interop.torch import overlap_loss
    >>> pred = torch.tensor([[0.0, 0.0, 2.0, 2.0]], requires_grad=True)
    >>> target = torch.tensor([[1.0, 1.0, 3.0, 3.0]])
    >>> loss = overlap_loss(ov.giou, pred, target)
    >>> loss.backward()
    >>> loss.detach(), pred.grad
    (tensor(1.0794), tensor([[-0.0779, -0.0779, -0.2336, -0.2336]]))
    """
    if type(score) is not Score:
        check_score(score)
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction = {reduction!r}; expected 'mean', 'sum' or 'none'")
    traced = is_compiling()
    if (
        weights is None
        and focal is None
        and form == "linear"
        and invalid == "error"
        and backend is None
        and not options
        and not traced
    ):
        result = _swift(score.plan, pred, target, kind, reduction)
        if result is not None:
            return result
    layout, call = described(score, kind, options) if traced else (layout_of(kind, options), "")
    if layout is None:  # no operator can be told of this: the graph is split
        settings: dict[str, Any] = {"focal": focal, "focus": focus, "focal_grad": focal_grad}
        return uncompiled(
            overlap_loss, score, pred, target, kind=kind, form=form, power=power, floor=floor,
            weights=weights, reduction=reduction, invalid=invalid, backend=backend, **settings,
            **options,
        )  # fmt: skip
    pred, target = checked(layout, pred, target, ("pred", "target"))
    dtype = working_type(pred, target)
    if invalid != "error":
        if invalid not in ("sort", "clamp"):
            raise ValueError(f"invalid = {invalid!r}; expected 'error', 'sort' or 'clamp'")
        pred = layout.mended(pred, invalid)
    shape = Shape(form, power, floor, focal, focus, focal_grad)
    inside, wide = reduction, dtype
    if weights is not None:
        inside, wide = "none", torch.float64
        weights = torch.as_tensor(weights, device=pred.device)
        if not call:
            check_weights(weights)
    if uses_torch(pred, backend):
        where = pred.shape[-1], str(pred.device)
        operators.check_expression(score, kind, options, *where, shape=tuple(shape))
        result = reduced(expressed_loss(score, layout, pred, target, shape), inside)
    elif call:
        result = operators.loss(
            pred, target, weights, call, *shape, inside, wide, list(wanted(pred, target))
        )[0]
    else:
        sides = wanted(pred, target)
        known = evaluated_loss(score, layout, pred, target, shape, inside, wide, sides)
        result = attached(pred, target, *known)
    return (result if weights is None else reduced(result, reduction, weights)).to(dtype)


def _swift(plan: Plan, pred: Any, target: Any, kind: Kind, reduction: str) -> Any:
    """Return the linear loss of two tables of boxes, or None for anything that is not usual.

    A thousand boxes take a few microseconds, so that every check here counts.
    """
    layout = _PLAIN.get(kind)
    if layout is None or type(pred) not in _TENSORS or type(target) not in _TENSORS:
        return None
    shape, dtype = pred.shape, pred.dtype
    if (
        dtype not in _TYPES
        or target.dtype is not dtype
        or target.shape != shape
        or len(shape) != 2
        or not shape[0]
        or shape[1] % 2
        or shape[1] != (layout.width or shape[1])
        or not (pred.is_contiguous() and target.is_contiguous())
        or forward_ad._current_level >= 0
    ):
        return None
    enabled = torch.is_grad_enabled()
    first, second = enabled and pred.requires_grad, enabled and target.requires_grad
    try:
        found = (pred.detach() if pred.requires_grad else pred).numpy()
        truth = (target.detach() if target.requires_grad else target).numpy()
    except (RuntimeError, TypeError):  # no numbers, or elsewhere: the usual way says what is wrong
        return None
    done = table_loss(plan, layout, found, truth, WRT[first, second], reduction)
    if done is None:
        return None
    value, own, other = done
    if reduction == "none":
        result = torch.from_numpy(value).to(dtype)
    else:
        result = torch.from_numpy(np.array(value, _TYPES[dtype]))
    if not (first or second):
        return result
    own = torch.from_numpy(own) if first else None
    return tied(pred, target, (result, own, torch.from_numpy(other) if second else None))


class OverlapLoss(torch.nn.Module):
    """`overlap_loss` with everything but the tensors given beforehand.

    Parameters
    ----------
    score : Score
        Such as `overlap.ciou`.
    **settings
        The keywords of `overlap_loss`, but for `weights`.

    Examples
    --------
    >>> import torch
    >>> import overlap as ov
    >>> from overlap.interop.torch import OverlapLoss
    >>> criterion = OverlapLoss(ov.iou, kind="intervals", reduction="none")
    >>> criterion(torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, 2.0]]))
    tensor([0.5000])
    >>> criterion
    OverlapLoss(iou, kind='intervals', reduction='none')
    """

    def __init__(self, score: Score, **settings: Any) -> None:
        super().__init__()
        check_score(score)
        if "weights" in settings:
            raise TypeError("OverlapLoss: give weights= with the tensors, as they differ each time")
        self.score, self.settings = score, settings
        options = {name: value for name, value in settings.items() if name not in _SETTINGS}
        layout_of(settings.get("kind", "boxes"), options)  # names that nothing takes, now

    def forward(self, pred: Any, target: Any, weights: Any = None) -> Any:
        """Return the loss of predictions, shape (..., P), against targets.

        Parameters
        ----------
        pred, target : Tensor, shape (..., P)
        weights : Tensor, shape (...), optional
        """
        return overlap_loss(self.score, pred, target, weights=weights, **self.settings)

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value!r}" for name, value in self.settings.items())
        return f"OverlapLoss({self.score!r}{settings})"


_SETTINGS = frozenset(overlap_loss.__kwdefaults__ or ())
