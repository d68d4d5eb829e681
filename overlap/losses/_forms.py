"""Forms of a loss: logarithms, powers, and weights by the overlap itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap.losses._anatomy import Anatomy, anatomy
from overlap.losses._gradients import Pair, gradients, identical, item_of, spread
from overlap.scores import evaluation as _engine

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["linear_losses", "shaped", "share", "undefined_losses"]


def shaped(
    plan: _engine.Plan,
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
            value = _engine.paired(parts.ratio, *pair)
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
    found, truth = _engine.broadcast(*pair)
    found, truth = found[rows], truth[rows]
    losses = np.where(identical(found, truth), 0.0, parts.best)
    return losses if parts.rest is None else losses - _engine.paired(parts.rest, found, truth)


def share(value: NDArray[np.float64], best: float, pair: Pair) -> NDArray[np.float64]:
    """Return the ratio as a share of the best one.

    Where it is undefined, it is 1 for identical regions and 0 for others.
    """
    u = np.clip(value / best, 0.0, 1.0)
    rows = np.flatnonzero(np.isnan(u))
    if rows.size:
        found, truth = _engine.broadcast(*pair)
        u[rows] = identical(found[rows], truth[rows])
    return u


def _slope(base: NDArray[np.float64], power: float, floor: float) -> NDArray[np.float64]:
    """Return the derivative of ``base^power``, where it is infinite that at the floor."""
    if power == 0.0:
        return np.zeros_like(base)
    return power * (np.maximum(base, floor) if power < 1.0 else base) ** (power - 1.0)


def linear_losses(
    plan: _engine.Plan, parts: Anatomy, pair: Pair, wrt: str
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
