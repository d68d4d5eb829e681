"""Checks of plain arrays, and sums that stay finite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.numbers import as_numbers, cut_rounding

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "LARGEST",
    "checked_number",
    "checked_pair",
    "finite",
    "item_sums",
    "shaped_pair",
    "within_rounding",
]

LARGEST = np.finfo(np.float64).max


def checked_number(name: str, what: str, value: float, least: float, strict: bool = False) -> float:
    """Return a finite number >= `least`, or > for `strict`."""
    if type(value) is float and least < value <= LARGEST:  # as a rule, and at no cost
        return value
    number = as_numbers(value, f"{name}: {what}")
    if (
        number.shape != ()
        or not np.isfinite(number)
        or number < least
        or (strict and number == least)
    ):
        sign = ">" if strict else ">="
        raise ValueError(f"{name}: {what} = {value!r} is not a finite number {sign} {least:g}")
    return float(number)


def checked_pair(
    name: str, pred: ArrayLike, target: ArrayLike, *, share: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return predictions and targets of one shape (N, ...), all finite.

    Parameters
    ----------
    name : str
        Of the loss, for messages.
    pred, target : array_like
    share : bool
        Targets must be in [0, 1]; those outside by rounding in their type become 0 or 1.
    """
    arrays = shaped_pair(name, pred, target)
    if share:
        arrays = arrays[0], within_rounding(arrays[1], target)
    for array, what in zip(arrays, ("pred", "target"), strict=True):
        good = np.isfinite(array)
        if share and what == "target":
            good &= (array >= 0.0) & (array <= 1.0)
        if not good.all():
            where = np.argwhere(~good)[0]
            wanted = "a number in [0, 1]" if share and what == "target" else "finite"
            raise ValueError(
                f"{name}: {what}[{', '.join(map(str, where))}] = {array[tuple(where)]} is not "
                f"{wanted}"
            )
    return arrays


def within_rounding(array: NDArray[np.float64], came: ArrayLike) -> NDArray[np.float64]:
    """Return numbers with those that rounding in their own type took out of [0, 1] at 0 and 1."""
    if array.size and not (array.min() >= 0.0 and array.max() <= 1.0):
        dtype: Any = getattr(came, "dtype", None)
        known = isinstance(dtype, np.dtype) and dtype.kind == "f"
        array = array.copy()
        cut_rounding(array.reshape(-1), dtype if known else array.dtype)
    return array


def shaped_pair(
    name: str, pred: ArrayLike, target: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return predictions and targets of one shape (N, ...), whatever their numbers."""
    arrays = as_numbers(pred, f"{name}: pred"), as_numbers(target, f"{name}: target")
    if arrays[0].ndim == 0 or arrays[0].shape != arrays[1].shape:
        raise ValueError(
            f"{name}: pred has shape {arrays[0].shape} and target {arrays[1].shape}; expected the "
            "same shape, (N,) or (N, P)"
        )
    return arrays


def finite(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the array with infinities as the largest numbers."""
    return np.clip(array, -LARGEST, LARGEST)


def item_sums(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of every item's losses, shape (N,)."""
    with np.errstate(over="ignore"):
        return finite(losses.sum(axis=tuple(range(1, losses.ndim))))
