"""Classification losses from logits, with the quality of regions as a target."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from overlap._kernels.jit import run_blocks, specialise
from overlap.losses._checks import checked_number, checked_pair, shaped_pair
from overlap.losses._logits import FOCAL, QUALITY, VARIFOCAL, classify
from overlap.losses.result import Loss, Reduction, item_factors, reduced

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["focal_loss", "quality_focal_loss", "varifocal_loss"]

_NONE = np.empty(0)


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
    balance = 1.0, 1.0
    if alpha is not None:
        alpha = checked_number("focal_loss", "alpha", alpha, 0.0)
        if alpha > 1.0:
            raise ValueError(f"focal_loss: alpha = {alpha!r} is more than 1")
        balance = alpha, 1.0 - alpha
    return _loss("focal_loss", FOCAL, logits, target, (gamma, *balance), weights, reduction)


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
    options = beta, 1.0, 1.0
    return _loss("quality_focal_loss", QUALITY, logits, target, options, weights, reduction)


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
    options = gamma, 1.0, alpha
    return _loss("varifocal_loss", VARIFOCAL, logits, target, options, weights, reduction)


def _loss(
    name: str,
    formulas: Mapping[str, Callable],
    logits: ArrayLike,
    target: ArrayLike,
    options: tuple[float, float, float],
    weights: ArrayLike | None,
    reduction: Reduction,
) -> Loss:
    """Return a loss; the options are its power and the weights of positive and negative targets."""
    z, t = shaped_pair(name, logits, target)
    items, classes = len(z), math.prod(z.shape[1:])
    factors, common = item_factors(name, weights, items, reduction)
    per_item, grad = np.zeros(items), np.empty(z.shape)
    flat = _read_only(z), _read_only(t), grad.reshape(-1)
    kernel = specialise(classify, **formulas)
    bad: list[int] = []

    def rows(lo: int, hi: int) -> None:
        part = slice(lo * classes, hi * classes)
        own = _NONE if factors is None else factors[lo:hi]
        arrays = flat[0][part], flat[1][part], flat[2][part]
        with np.errstate(over="ignore", invalid="ignore"):  # of kernels not compiled
            bad.append(kernel(*arrays, classes, options, own, common, per_item[lo:hi]))

    run_blocks(rows, items, 15.0 * z.size)
    if any(bad):
        z, t = checked_pair(name, logits, target, share=True)  # says which, if not by rounding
        return _loss(name, formulas, z, t, options, weights, reduction)
    return reduced(per_item, grad, factors, common, reduction)


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the numbers in one row; to a kernel, writable arrays are of another type."""
    flat = np.ravel(array).view()
    flat.flags.writeable = False
    return flat
