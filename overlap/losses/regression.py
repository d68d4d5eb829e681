"""Regression losses of numbers, such as the offsets that a coder makes of regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap.losses._checks import checked_number, checked_pair, finite, item_sums
from overlap.losses.result import Loss, Reduction, reduce_items

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["huber", "l1", "l2", "smooth_l1"]


def smooth_l1(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    beta: float = 1.0,
    weights: ArrayLike | None = None,
    reduction: Reduction = "mean",
) -> Loss:
    """Return the smooth L1 loss (Fast R-CNN, 1504.08083): squares near 0, else distances.

    With ``x = pred - target``, summed over the parameters of an item::

        x^2 / (2 beta)      where |x| < beta
        |x| - beta / 2      elsewhere

    Parameters
    ----------
    pred, target : array_like, shape (N,) or (N, P)
        N items with P parameters, such as codes of `overlap.coders`.
    beta : float
        Where the square becomes a distance, >= 0. At 0 it is `l1`.
    weights : array_like, shape (N,), optional
        Weight of every item, >= 0.
    reduction : {"mean", "sum", "none"}
        Over the items, as everywhere in `overlap.losses`; a mean over all N P numbers is the
        P-th part of it.

    Returns
    -------
    Loss
        With the gradient in the shape of `pred`.

    Examples
    --------
    >>> import overlap as ov
    >>> loss = ov.losses.smooth_l1([[0.5, 0.0], [0.0, 3.0]], [[0.0, 0.0], [0.0, 0.0]])
    >>> loss.value, loss.per_item
    (1.3125, array([0.125, 2.5  ]))
    >>> loss.grad
    array([[0.25, 0.  ],
           [0.  , 0.5 ]])
    """
    beta = checked_number("smooth_l1", "beta", beta, 0.0)
    x = _difference("smooth_l1", pred, target)
    size = np.abs(x)
    near = size < beta
    scale = beta if beta > 0.0 else 1.0
    share = np.where(near, x, 0.0) / scale  # below 1 in size
    value = np.where(near, 0.5 * np.abs(share) * size, size - 0.5 * beta)
    slope = np.where(near, share, np.sign(x))
    return reduce_items("smooth_l1", item_sums(value), slope, weights=weights, reduction=reduction)


def huber(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    delta: float = 1.0,
    weights: ArrayLike | None = None,
    reduction: Reduction = "mean",
) -> Loss:
    """Return the Huber loss (1964): ``delta`` times the smooth L1 loss with ``beta=delta``.

    With ``x = pred - target``, summed over the parameters of an item: ``x^2 / 2`` where
    ``|x| < delta``, and ``delta (|x| - delta / 2)`` elsewhere.

    Parameters
    ----------
    pred, target : array_like, shape (N,) or (N, P)
        N items with P parameters.
    delta : float
        Where the square becomes a distance, > 0.
    weights : array_like, shape (N,), optional
        Weight of every item, >= 0.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Loss

    Examples
    --------
    >>> import overlap as ov
    >>> ov.losses.huber([1.0, 5.0], [0.0, 0.0], delta=2.0).per_item
    array([0.5, 8. ])
    """
    delta = checked_number("huber", "delta", delta, 0.0, strict=True)
    x = _difference("huber", pred, target)
    inside = np.clip(x, -delta, delta)
    with np.errstate(over="ignore"):
        value = finite(np.abs(inside) * (np.abs(x) - 0.5 * np.abs(inside)))
    return reduce_items("huber", item_sums(value), inside, weights=weights, reduction=reduction)


def l1(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    reduction: Reduction = "mean",
) -> Loss:
    """Return the L1 loss, ``|pred - target|``, summed over the parameters of an item.

    Parameters
    ----------
    pred, target : array_like, shape (N,) or (N, P)
        N items with P parameters.
    weights : array_like, shape (N,), optional
        Weight of every item, >= 0.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Loss
        The gradient is the sign of the difference, and 0 where there is none.

    Examples
    --------
    >>> import overlap as ov
    >>> ov.losses.l1([[1.0, 2.0]], [[3.0, 2.0]]).grad
    array([[-1.,  0.]])
    """
    x = _difference("l1", pred, target)
    return reduce_items(
        "l1", item_sums(np.abs(x)), np.sign(x), weights=weights, reduction=reduction
    )


def l2(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    reduction: Reduction = "mean",
) -> Loss:
    """Return the L2 loss, ``(pred - target)^2``, summed over the parameters of an item.

    Parameters
    ----------
    pred, target : array_like, shape (N,) or (N, P)
        N items with P parameters.
    weights : array_like, shape (N,), optional
        Weight of every item, >= 0.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Loss

    Examples
    --------
    >>> import overlap as ov
    >>> loss = ov.losses.l2([[1.0, 2.0]], [[3.0, 2.0]])
    >>> loss.value, loss.grad
    (4.0, array([[-4.,  0.]]))
    """
    x = _difference("l2", pred, target)
    with np.errstate(over="ignore"):
        value, slope = finite(x * x), finite(2.0 * x)
    return reduce_items("l2", item_sums(value), slope, weights=weights, reduction=reduction)


def _difference(name: str, pred: ArrayLike, target: ArrayLike) -> NDArray[np.float64]:
    array, wanted = checked_pair(name, pred, target)
    with np.errstate(over="ignore"):
        return finite(array - wanted)
