"""Overlap losses: any score as a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._kernels.jit import specialise
from overlap.losses._anatomy import anatomy
from overlap.losses._forms import shaped, undefined_losses
from overlap.losses._gradients import Pair, gradients, identical, item_of, sides_of
from overlap.losses._loss_loops import NEAR, settle
from overlap.losses.result import Loss, item_factors
from overlap.regions.base import Regions
from overlap.scores import evaluation as _engine
from overlap.scores.score import Score

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["engine_side", "finished", "overlap_loss"]

_WRT = {"pred": "found", "target": "truth", "both": "both"}
_NONE = np.empty(0)
_LARGEST = np.finfo(np.float64).max


def overlap_loss(
    score: Score,
    pred: Regions,
    target: Regions,
    *,
    form: Literal["linear", "log", "power"] = "linear",
    power: float = 3.0,
    floor: float = 1e-6,
    focal: float | None = None,
    focus: Literal["near", "far"] = "near",
    focal_grad: bool = False,
    weights: ArrayLike | None = None,
    reduction: Literal["mean", "sum", "none"] = "mean",
    wrt: Literal["pred", "target", "both"] = "pred",
) -> Loss:
    """Return any score as a loss, pair by pair, with its exact gradient.

    In the following, s is the score, r its ratio alone, such as the IoU of `overlap.giou`, and
    the best score is that of identical regions: 1 for all but `overlap.kfiou` (1/3) and sums.

    =============  =============================================================================
    ``"linear"``   ``best - s``: the published losses ``1 - IoU``, ``1 - GIoU`` and so on
    ``"log"``      ``-ln(r / best)`` of a score without penalties (UnitBox, arXiv:1608.01471)
    ``"power"``    ``best (1 - (r / best)^p) + sum of the penalties' powers``: alpha-IoU
                   (arXiv:2110.13675), which raises IoU and each penalty to p, 3 there
    =============  =============================================================================

    Parameters
    ----------
    score : Score
        A ratio, or a ratio from which penalties are subtracted.
    pred, target : Regions
        Batches of the same kind and length; a batch of one region is repeated.
    form : {"linear", "log", "power"}
    power : float
        The exponent p > 0 of ``"power"``.
    floor : float
        Where a derivative of a logarithm or of a power is infinite: the logarithm is that of
        the floor below it, with the gradient 0; a slope is at most that at the floor.
    focal : float, optional
        The exponent gamma >= 0 of a weight of every pair by ``u = r / best``.
    focus : {"near", "far"}
        ``u^gamma`` weighs up the pairs that already overlap: Focal-EIoU (arXiv:2101.08158), with
        0.5 there. Pairs apart then have the loss 0 and no gradient. ``(1 - u)^gamma`` weighs
        up those that do not, as the focal loss of arXiv:1708.02002 does with its classes.
    focal_grad : bool
        Differentiate this weight as well. It is constant by default: the derivative of
        ``u^gamma`` pushes pairs with a small overlap apart.
    weights : array_like, shape (N,), optional
        A weight >= 0 for every pair.
    reduction : {"mean", "sum", "none"}
        ``sum(w l) / sum(w)``, which is 0 without any pair or weight; ``sum(w l)``; or the
        ``w l`` of every pair.
    wrt : {"pred", "target", "both"}
        Whose parameters the gradient is for.

    Returns
    -------
    Loss
        The value; its gradient, shape (N, P), or a pair of them for ``wrt="both"``; and the
        losses of the pairs, shape (N,). The gradient of polygons and interval sets has a row for
        each vertex or interval, shape (V, 2), those of the first pair's region first; that of
        a repeated region has its rows for every pair. No number is NaN or infinite: identical
        regions have the gradient 0 where their loss is 0; of two regions without a measure the
        ratio is 0 unless they are identical, and penalties still count; the gradient is 0 in
        undefined directions. Regions so large that their terms overflow, beyond 1e150, count as
        apart.

    Raises
    ------
    TypeError
        Where the kind does not have what the score needs, or gives no gradient.
    ValueError
        For a score that is not best for identical regions, and options out of range.

    Examples
    --------
    >>> import overlap as ov
    >>> pred = ov.Boxes([[0.0, 0.0, 2.0, 2.0], [5.0, 5.0, 6.0, 6.0]])
    >>> target = ov.Boxes([[1.0, 1.0, 3.0, 3.0], [7.0, 5.0, 8.0, 6.0]])
    >>> loss = ov.losses.overlap_loss(ov.diou, pred, target)
    >>> round(loss.value, 6)
    1.184127
    >>> loss.grad.round(3)
    array([[-0.03 , -0.03 , -0.089, -0.089],
           [ 0.02 ,  0.02 , -0.1  , -0.02 ]])
    >>> ov.losses.overlap_loss(ov.iou, pred, target, form="log", reduction="none").value
    array([ 1.94591015, 13.81551056])
    """
    if not isinstance(score, Score):
        raise TypeError(
            f"overlap_loss: expected a score such as overlap.giou, got {type(score).__name__}"
        )
    side = engine_side("overlap_loss", wrt)
    plan = score.plan
    parts = anatomy(plan)
    if form == "linear" and focal is None:
        best, sign = parts.best, -1.0
        item, grad = gradients(plan, (pred, target), side)
    else:
        best, sign = 0.0, 1.0
        item, grad = shaped(
            plan,
            (pred, target),
            side,
            form=form,
            power=_positive("power", power),
            floor=_positive("floor", floor),
            focal=None if focal is None else _positive("focal", focal, zero=True),
            focus=focus,
            focal_grad=focal_grad,
        )
    weighing = item_factors("overlap_loss", weights, len(item), reduction)
    return finished(plan, (pred, target), item, (best, sign), grad, weighing, reduction, side)


def engine_side(name: str, wrt: str) -> str:
    """Return what the engine calls the side with respect to which gradients are, or raise."""
    if wrt not in _WRT:
        raise ValueError(f"{name}: wrt = {wrt!r}; expected 'pred', 'target' or 'both'")
    return _WRT[wrt]


def finished(
    plan: _engine.Plan,
    pair: Pair,
    item: NDArray[np.float64],
    linear: tuple[float, float],
    grad: NDArray[np.float64],
    weighing: tuple[NDArray[np.float64] | None, float],
    reduction: str,
    side: str,
) -> Loss:
    """Weigh and sum the losses of pairs, and take the limits that are left.

    Parameters
    ----------
    plan : Plan
        Of the score, for the limits.
    pair : tuple of Regions
    item : ndarray, shape (N,)
        What the losses are a linear function of, NaN where the score is; overwritten.
    linear : pair of float
        The losses are the first plus the second times `item`, and so are the gradients.
    grad : ndarray, shape (P, M)
        Gradients of `item`, as in `overlap.losses._gradients`; overwritten.
    weighing : tuple
        What `item_factors` returns.
    reduction
        As in `overlap_loss`.
    side : {"found", "truth", "both"}
    """
    factors, common = weighing
    items = item_of(pair, side)
    kernel, weights = specialise(settle), _NONE if factors is None else factors
    columns = grad if items is None else grad[:, :0]
    total, odd = kernel(item, *linear, weights, common, columns)
    if items is not None:
        each = np.full(len(item), linear[1] * common) * (1.0 if factors is None else factors)
        kernel(_NONE.copy(), 0.0, 1.0, each[items], 1.0, grad)
    geometry = plan.geometry(*pair)
    rounded = geometry.divergence is not None  # identical ones may be farther from 0 than NEAR
    if odd or rounded:
        same = _take_limits(plan, pair, item, everywhere=rounded, reflexive=geometry.reflexive)
        grad[:, same if items is None else same[items]] = 0.0
        with np.errstate(over="ignore"):
            total = common * float((item if factors is None else item * factors).sum())
    value: Any = min(total, _LARGEST)
    if reduction == "none":
        value = item.copy() if factors is None else item * factors
    return Loss(value, sides_of(grad, pair, side), item)


def _take_limits(
    plan: _engine.Plan,
    pair: Pair,
    item: NDArray[np.float64],
    *,
    everywhere: bool,
    reflexive: bool,
) -> NDArray[np.bool_]:
    """Write the losses of undefined and of identical pairs; return which are identical.

    Identical ones are where the loss is 0 but for rounding, or `everywhere`. Where it is not,
    because regions do not score best with themselves, it stays what it is beside them.
    """
    undefined = np.isnan(item)
    rows = np.flatnonzero(undefined)
    if rows.size:  # the gradient of the ratio is 0 there already
        losses = undefined_losses(anatomy(plan), pair, rows)
        item[rows] = np.where(np.isnan(losses), anatomy(plan).best, losses)  # terms overflow
    np.clip(item, 0.0, _LARGEST, out=item)  # rounding may leave a little less than 0
    near = item <= NEAR if reflexive else undefined & (item <= NEAR)
    rows = np.arange(len(item)) if everywhere else np.flatnonzero(near)
    found, truth = _engine.broadcast(*pair)
    same = np.zeros(len(item), bool)
    same[rows] = identical(found[rows], truth[rows])
    item[same] = 0.0
    return same


def _positive(name: str, value: float, *, zero: bool = False) -> float:
    if isinstance(value, str) or not (value > 0.0 or (zero and value == 0.0)) or value == np.inf:
        least = ">= 0" if zero else "> 0"
        raise ValueError(f"overlap_loss: {name} = {value!r} is not a finite number {least}")
    return float(value)
