"""Losses of classification that know how good the region is, from logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap.losses._numbers import checked_number, checked_pair, finite, item_sums
from overlap.losses.result import Loss, Reduction, reduce_items

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["focal_loss", "quality_focal_loss", "varifocal_loss"]


def focal_loss(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    weights: ArrayLike | None = None,
    reduction: Reduction = "mean",
) -> Loss:
    """Return the focal loss (1708.02002) of sigmoid probabilities.

    With the probability ``p = sigmoid(logit)`` and the target t, summed over the classes of
    an item::

        a (1 - p_t)^gamma CE
        CE  = -t ln p - (1 - t) ln(1 - p)
        p_t = t p + (1 - t) (1 - p),     a = t alpha + (1 - t) (1 - alpha)

    which for t of 0 or 1 is ``-a (1 - p_t)^gamma ln p_t``. For targets in between, p_t and a
    are interpolated, as torchvision and mmdetection do.

    Parameters
    ----------
    logits : array_like, shape (N,) or (N, C)
        Of N items and C classes, each class for itself.
    target : array_like, the same shape
        In [0, 1].
    alpha : float in [0, 1], or None
        Weight of the class; None for none.
    gamma : float
        How much easy items are turned down, >= 0. At 0 it is the weighted cross entropy.
    weights : array_like, shape (N,), optional
        Weight of every item, >= 0.
    reduction : {"mean", "sum", "none"}
        Over items. The paper divides the sum by the number of positive items.

    Returns
    -------
    Loss
        With the gradient with respect to the logits. Stable for logits of any size.

    Examples
    --------
    >>> import overlap as ov
    >>> loss = ov.losses.focal_loss([[2.0], [-1.0]], [[1.0], [0.0]])
    >>> loss.per_item.round(5)
    array([0.00045, 0.01699])
    """
    gamma = checked_number("focal_loss", "gamma", gamma, 0.0)
    z, t = checked_pair("focal_loss", logits, target, share=True)
    p, q, below, above = _logistic(z)
    far = p * (1.0 - t) + q * t  # 1 - p_t, without cancellation
    entropy = t * above + (1.0 - t) * below
    factor = far**gamma
    # d far / dz = (1 - 2 t) p q, and pq / far is at most 1
    share = np.divide(p * q, far, out=np.zeros_like(far), where=far > 0.0)
    slope = factor * (gamma * share * (1.0 - 2.0 * t) * entropy + p * (1.0 - t) - q * t)
    value = factor * entropy
    if alpha is not None:
        alpha = checked_number("focal_loss", "alpha", alpha, 0.0)
        if alpha > 1.0:
            raise ValueError(f"focal_loss: alpha = {alpha!r} is more than 1")
        balance = t * alpha + (1.0 - t) * (1.0 - alpha)
        value, slope = balance * value, balance * slope
    return _loss("focal_loss", value, slope, weights, reduction)


def quality_focal_loss(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    beta: float = 2.0,
    weights: ArrayLike | None = None,
    reduction: Reduction = "mean",
) -> Loss:
    """Return the quality focal loss (2006.04388): targets are how good the region is.

    With ``p = sigmoid(logit)`` and the quality y, such as the IoU of the predicted region
    with its true one in the column of its class and 0 in all others, summed over the classes
    of an item::

        |y - p|^beta (-y ln p - (1 - y) ln(1 - p))

    Parameters
    ----------
    logits : array_like, shape (N,) or (N, C)
    target : array_like, the same shape
        Qualities in [0, 1].
    beta : float
        How much items that are nearly right are turned down, >= 0.
    weights : array_like, shape (N,), optional
        Weight of every item, >= 0.
    reduction : {"mean", "sum", "none"}
        Over items. The paper divides the sum by the number of positive items.

    Returns
    -------
    Loss
        With the gradient with respect to the logits. Its minimum 0 is at ``p = y``, where the
        gradient is 0 (also for beta <= 1, where the loss has a kink there).

    Examples
    --------
    >>> import overlap as ov
    >>> loss = ov.losses.quality_focal_loss([0.0, 0.0, 0.0], [0.0, 0.5, 0.8])
    >>> loss.per_item.round(4)
    array([0.1733, 0.    , 0.0624])
    """
    beta = checked_number("quality_focal_loss", "beta", beta, 0.0)
    z, y = checked_pair("quality_focal_loss", logits, target, share=True)
    p, q, below, above = _logistic(z)
    off = p * (1.0 - y) - q * y  # p - y, without cancellation at both ends
    size = np.abs(off)
    entropy = y * above + (1.0 - y) * below
    factor = size**beta
    with np.errstate(over="ignore"):
        share = np.divide(p * q, off, out=np.zeros_like(off), where=size > 0.0)
        slope = factor * (beta * finite(share) * entropy + off)
    return _loss("quality_focal_loss", factor * entropy, finite(slope), weights, reduction)


def varifocal_loss(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float = 0.75,
    gamma: float = 2.0,
    weights: ArrayLike | None = None,
    reduction: Reduction = "mean",
) -> Loss:
    """Return the varifocal loss (2008.13367): only negative items are turned down.

    With ``p = sigmoid(logit)`` and the quality y, as in `quality_focal_loss`, summed over
    the classes of an item::

        y (-y ln p - (1 - y) ln(1 - p))     where y > 0
        -alpha p^gamma ln(1 - p)            where y = 0

    Parameters
    ----------
    logits : array_like, shape (N,) or (N, C)
    target : array_like, the same shape
        Qualities in [0, 1], 0 for negative ones.
    alpha : float
        Weight of the negative ones, >= 0.
    gamma : float
        How much easy negative ones are turned down, >= 0.
    weights : array_like, shape (N,), optional
        Weight of every item, >= 0.
    reduction : {"mean", "sum", "none"}
        Over items. The paper divides the sum by the number of positive items.

    Returns
    -------
    Loss
        With the gradient with respect to the logits.

    Examples
    --------
    >>> import overlap as ov
    >>> ov.losses.varifocal_loss([0.0, 0.0], [0.0, 0.8]).per_item.round(4)
    array([0.13  , 0.5545])
    """
    alpha = checked_number("varifocal_loss", "alpha", alpha, 0.0)
    gamma = checked_number("varifocal_loss", "gamma", gamma, 0.0)
    z, y = checked_pair("varifocal_loss", logits, target, share=True)
    p, q, below, above = _logistic(z)
    factor = alpha * p**gamma
    value = np.where(y > 0.0, y * (y * above + (1.0 - y) * below), factor * below)
    slope = np.where(y > 0.0, y * (p * (1.0 - y) - q * y), factor * (gamma * q * below + p))
    return _loss("varifocal_loss", value, slope, weights, reduction)


def _logistic(z: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return p = sigmoid(z), 1 - p, -ln(1 - p) and -ln p, each to full precision."""
    small = np.exp(-np.abs(z))
    near, far = 1.0 / (1.0 + small), small / (1.0 + small)
    rest = np.log1p(small)
    p, q = np.where(z >= 0.0, near, far), np.where(z >= 0.0, far, near)
    return p, q, np.maximum(z, 0.0) + rest, np.maximum(-z, 0.0) + rest


def _loss(
    name: str,
    value: NDArray[np.float64],
    slope: NDArray[np.float64],
    weights: ArrayLike | None,
    reduction: Reduction,
) -> Loss:
    return reduce_items(
        name, item_sums(finite(value)), finite(slope), weights=weights, reduction=reduction
    )
