"""Overlap losses: any score as a loss, linear, as a logarithm or a power, and weighted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._common.values import ByValue
from overlap._kernels.jit import specialise
from overlap.losses._checks import LARGEST, checked_number
from overlap.losses._gradients import (
    NEAR,
    Pair,
    gradients,
    identical,
    item_of,
    settle,
    sides_of,
    spread,
)
from overlap.losses.result import Loss, item_factors
from overlap.regions.base import Regions
from overlap.scores import evaluation
from overlap.scores.component import Part
from overlap.scores.plan import Plan
from overlap.scores.score import Score

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Anatomy",
    "anatomy",
    "engine_side",
    "finished",
    "linear_losses",
    "overlap_loss",
    "shaped",
    "share",
    "undefined_losses",
]

_WRT = {"pred": "found", "target": "truth", "both": "both"}
_NONE = np.empty(0)


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
        Where the kind lacks terms of the score, or gives no gradient.
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
            power=checked_number("overlap_loss", "power", power, 0.0, strict=True),
            floor=checked_number("overlap_loss", "floor", floor, 0.0, strict=True),
            focal=None if focal is None else checked_number("overlap_loss", "focal", focal, 0.0),
            focus=focus,
            focal_grad=focal_grad,
        )
    weighing = item_factors("overlap_loss", weights, len(item), reduction)
    return finished(plan, (pred, target), item, (best, sign), grad, weighing, reduction, side)


def engine_side(name: str, wrt: str) -> str:
    """Return the name of a side in `Score.value_and_grad`, or raise."""
    if wrt not in _WRT:
        raise ValueError(f"{name}: wrt = {wrt!r}; expected 'pred', 'target' or 'both'")
    return _WRT[wrt]


def finished(
    plan: Plan,
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
    tall = items is None and not grad.flags.c_contiguous  # one column after another in memory
    columns = grad if items is None and not tall else np.empty((0, 0))
    total, odd = kernel(item, *linear, weights, common, columns)
    for k, column in enumerate(grad.T if tall else ()):
        scale = linear[1] * common * (1.0 if factors is None else factors[k])
        kernel(_NONE.copy(), 0.0, 1.0, _NONE, scale, column[None])
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
    value: Any = min(total, LARGEST)
    if reduction == "none":
        value = item.copy() if factors is None else item * factors
    return Loss(value, sides_of(grad, pair, side), item)


def _take_limits(
    plan: Plan,
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
    np.clip(item, 0.0, LARGEST, out=item)  # rounding may leave a little less than 0
    near = item <= NEAR if reflexive else undefined & (item <= NEAR)
    rows = np.arange(len(item)) if everywhere else np.flatnonzero(near)
    found, truth = evaluation.broadcast(*pair)
    same = np.zeros(len(item), bool)
    same[rows] = identical(found[rows], truth[rows])
    item[same] = 0.0
    return same


# ------------------------------------------------------------------------------------------- forms


def shaped(
    plan: Plan,
    pair: Pair,
    wrt: str,
    *,
    form: str,
    power: float,
    floor: float,
    focal: float | None,
    focus: str,
    focal_grad: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the losses of pairs, shape (N,), and their gradients, shape (P, N).

    The options are those of `overlap.losses.overlap_loss`, and `wrt` the engine's.
    """
    parts = anatomy(plan)
    if form not in ("linear", "log", "power"):
        raise ValueError(f"overlap_loss: form = {form!r}; expected 'linear', 'log' or 'power'")
    if focus not in ("near", "far"):
        raise ValueError(f"overlap_loss: focus = {focus!r}; expected 'near' or 'far'")
    if form == "log" and parts.penalties:
        raise ValueError(
            f"overlap_loss: {plan.name} has penalties and can be below 0, where there is no "
            "logarithm; use form='linear', or take the logarithm of the ratio alone"
        )
    if parts.ratio is None and (form == "log" or focal is not None):
        raise ValueError(f"overlap_loss: {plan.name} has no ratio, which form and focal look at")
    with np.errstate(invalid="ignore", over="ignore"):  # limits are taken at the end
        if form == "linear":
            per_item, grad = linear_losses(plan, parts, pair, wrt)
        elif form == "log":
            per_item, grad = _logarithm(parts, pair, wrt, floor)
        else:
            per_item, grad = _powers(parts, pair, wrt, power, floor)
        if focal is None:
            return per_item, grad
        assert parts.ratio is not None
        if focal_grad:
            value, slopes = gradients(parts.ratio, pair, wrt)
        else:
            value = evaluation.paired(parts.ratio, *pair)
        u = share(value, parts.best, pair)
        base, sign = (u, 1.0) if focus == "near" else (1.0 - u, -1.0)
        weight = base**focal
        items = item_of(pair, wrt)
        grad *= spread(weight, items)
        if focal_grad:
            slope = sign / parts.best * _slope(base, focal, floor) * per_item
            grad += slopes * spread(slope, items)
        return weight * per_item, grad


def undefined_losses(parts: Anatomy, pair: Pair, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the linear losses of pairs without a ratio: 0 for identical ones, else it is 0."""
    found, truth = evaluation.broadcast(*pair)
    found, truth = found[rows], truth[rows]
    losses = np.where(identical(found, truth), 0.0, parts.best)
    return losses if parts.rest is None else losses - evaluation.paired(parts.rest, found, truth)


def share(value: NDArray[np.float64], best: float, pair: Pair) -> NDArray[np.float64]:
    """Return the ratio as a share of the best one.

    Where it is undefined, it is 1 for identical regions and 0 for others.
    """
    u = np.clip(value / best, 0.0, 1.0)
    rows = np.flatnonzero(np.isnan(u))
    if rows.size:
        found, truth = evaluation.broadcast(*pair)
        u[rows] = identical(found[rows], truth[rows])
    return u


def _slope(base: NDArray[np.float64], power: float, floor: float) -> NDArray[np.float64]:
    """Return the derivative of ``base^power``, where it is infinite that at the floor."""
    if power == 0.0:
        return np.zeros_like(base)
    return power * (np.maximum(base, floor) if power < 1.0 else base) ** (power - 1.0)


def linear_losses(
    plan: Plan, parts: Anatomy, pair: Pair, wrt: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ``best - s`` of every pair, and the gradients, shape (P, N)."""
    value, grad = gradients(plan, pair, wrt)
    per_item = parts.best - value
    rows = np.flatnonzero(np.isnan(per_item))
    if rows.size:
        per_item[rows] = undefined_losses(parts, pair, rows)
    return per_item, np.negative(grad, out=grad)


def _logarithm(
    parts: Anatomy, pair: Pair, wrt: str, floor: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    assert parts.ratio is not None
    value, grad = gradients(parts.ratio, pair, wrt)
    u = share(value, parts.best, pair)
    above = np.maximum(u, floor)
    slope = np.where(u > floor, -1.0 / parts.best / above, 0.0)
    grad *= spread(slope, item_of(pair, wrt))
    return -np.log(above), grad


def _powers(
    parts: Anatomy, pair: Pair, wrt: str, power: float, floor: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    per_item, grad, items = None, None, item_of(pair, wrt)
    if parts.ratio is not None:
        value, grad = gradients(parts.ratio, pair, wrt)
        u = share(value, parts.best, pair)
        per_item = parts.best * (1.0 - u**power)
        grad *= -spread(_slope(u, power, floor), items)
    for coefficient, penalty in parts.penalties:
        value, slopes = gradients(penalty, pair, wrt)
        slopes *= coefficient * spread(_slope(value, power, floor), items)
        value = coefficient * value**power
        per_item = value if per_item is None else per_item + value
        grad = slopes if grad is None else grad + slopes
    assert per_item is not None
    assert grad is not None
    return per_item, grad


# -------------------------------------------------------------------------------- parts of a score


@dataclass(frozen=True, eq=False)
class Anatomy(ByValue):
    """A score taken apart into its ratio and its penalties.

    Attributes
    ----------
    best : float
        The score of identical regions.
    ratio : Plan or None
        The score without its penalties.
    penalties : tuple of (float, Plan)
        What is subtracted: coefficients > 0, and one plan each.
    rest : Plan or None
        All penalties together, as they are in the score: not above 0.
    """

    best: float
    ratio: Plan | None
    penalties: tuple[tuple[float, Plan], ...]
    rest: Plan | None


@lru_cache(maxsize=512)
def anatomy(plan: Plan) -> Anatomy:
    """Take a score apart, or raise if it is not best for identical regions."""
    ratios, penalties = [], []
    for part in plan.parts:
        component = part.component
        if component.penalty:
            if part.coefficient > 0.0:
                raise ValueError(
                    f"overlap_loss: {component.name} is a penalty and is added in {plan.name}, so "
                    f"that a loss would push regions apart; subtract it"
                )
            penalties.append(part)
        else:
            if part.coefficient < 0.0:
                raise ValueError(
                    f"overlap_loss: {component.name} is subtracted in {plan.name}, so that a loss "
                    "would push regions apart; Score.value_and_grad has the gradient for that"
                )
            ratios.append(part)
    rest = Score(tuple(penalties), plan.enclosure).plan if penalties else None
    return Anatomy(
        best=sum((part.coefficient * part.component.best for part in ratios), 0.0),
        ratio=Score(tuple(ratios), plan.enclosure).plan if ratios else None,
        penalties=tuple(
            (-p.coefficient, Score((Part(1.0, p.component, p.parameters),), plan.enclosure).plan)
            for p in penalties
            if p.coefficient < 0.0
        ),
        rest=rest,
    )
