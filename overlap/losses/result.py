"""The result of a loss, and how the losses of items become one number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from overlap._common.values import content_hash, same
from overlap.losses._checks import LARGEST

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Loss", "Reduction", "checked_weights", "item_factors", "reduce_items", "reduced"]

Reduction = Literal["mean", "sum", "none"]


class Loss(NamedTuple):
    """A loss with its gradient.

    Attributes
    ----------
    value : float, or ndarray of shape (N,)
        The reduced loss; with ``reduction="none"`` the weighted losses of the items.
    grad : ndarray, or a pair of them
        Gradient of `value` with respect to the prediction's parameters, one row per item
        (of polygons and interval sets one per vertex or interval, shape (V, 2), item by item);
        with ``reduction="none"`` the gradient of every item's own value. A pair where the
        gradients of prediction and target were asked for.
    per_item : ndarray, shape (N,)
        Loss of every item, without weights.

    Examples
    --------
    >>> import overlap as ov
    >>> loss = ov.losses.overlap_loss(
    ...     ov.giou, ov.Intervals([[0.0, 2.0]]), ov.Intervals([[1.0, 4.0]])
    ... )
    >>> loss.value, loss.grad
    (0.75, array([[-0.0625, -0.25  ]]))
    """

    value: Any
    grad: Any
    per_item: NDArray[np.float64]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Loss) and same(tuple(self), tuple(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return content_hash(*self)


def checked_weights(name: str, weights: ArrayLike, count: int) -> NDArray[np.float64]:
    """Return one finite weight >= 0 per item, or raise."""
    array = np.asarray(weights, np.float64)
    if array.ndim == 0:
        array = np.full(count, float(array))
    if array.shape != (count,):
        raise ValueError(
            f"{name}: weights have shape {array.shape}; expected one per item, shape ({count},)"
        )
    bad = np.flatnonzero(~((array >= 0.0) & (array < np.inf)))
    if bad.size:
        raise ValueError(f"{name}: weights[{bad[0]}] = {array[bad[0]]} is not a finite number >= 0")
    return array


def item_factors(
    name: str, weights: ArrayLike | None, count: int, reduction: str
) -> tuple[NDArray[np.float64] | None, float]:
    """Return the factor of every item, or None for all alike, and the one of all of them.

    The reduced loss is the factor of all, times the sum of the items times their factors.
    The mean is weighted: the sum is divided by the sum of the weights, and it is 0 if that is.
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction = {reduction!r}; expected 'mean', 'sum' or 'none'")
    factors = None if weights is None else checked_weights(name, weights, count)
    if reduction != "mean":
        return factors, 1.0
    if factors is None:
        return None, 1.0 / count if count else 0.0
    largest = factors.max(initial=0.0)
    if largest == 0.0:
        return factors, 0.0
    factors = factors / largest  # so that no sum overflows
    return factors, 1.0 / float(factors.sum())


def reduce_items(
    name: str,
    per_item: NDArray[np.float64],
    grad: NDArray[np.float64],
    *,
    weights: ArrayLike | None = None,
    reduction: str = "mean",
) -> Loss:
    """Return the loss of N items.

    Parameters
    ----------
    name : str
        Of the loss, for messages.
    per_item : ndarray, shape (N,)
        Loss of every item.
    grad : ndarray, shape (N, ...)
        Gradient of every item's loss with respect to its own parameters; overwritten.
    weights : array_like, shape (N,), optional
        Weight of every item, >= 0.
    reduction : {"mean", "sum", "none"}
        The weighted mean, ``sum(w l) / sum(w)``, which is 0 without any weight; the weighted
        sum; or one value per item.
    """
    factors, common = item_factors(name, weights, len(per_item), reduction)
    if factors is not None:
        with np.errstate(over="ignore"):
            grad *= factors.reshape(-1, *(1,) * (grad.ndim - 1))
    if common != 1.0:
        grad *= common
    np.clip(grad, -LARGEST, LARGEST, out=grad)
    return reduced(per_item, grad, factors, common, reduction)


def reduced(
    per_item: NDArray[np.float64],
    grad: Any,
    factors: NDArray[np.float64] | None,
    common: float,
    reduction: str,
) -> Loss:
    """Return the loss of N items whose gradients have their factors already.

    The factors are those of `item_factors`.
    """
    weighted = per_item
    if factors is not None:
        with np.errstate(over="ignore"):
            weighted = np.minimum(per_item * factors, LARGEST)
    if reduction == "none":
        return Loss(weighted, grad, per_item)
    with np.errstate(over="ignore"):
        value = common * float(weighted.sum())
        if not np.isfinite(value):  # a sum of numbers so large that only their mean is one
            value = min(float((weighted * common).sum()), LARGEST)
    return Loss(value, grad, per_item)
