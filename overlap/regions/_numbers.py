"""Numbers from whatever holds some, and words for what does not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["as_numbers", "checked_number", "cut_rounding", "described"]

_UNITS = 4  # in the last place, by which sums and interpolations leave [0, 1]


def as_numbers(values: ArrayLike, what: str) -> NDArray[np.float64]:
    """Return `values` as a float64 array, or raise a TypeError that says what came."""
    detach = getattr(values, "detach", None)  # a tensor that takes part in a graph
    try:
        array = np.asarray(detach() if detach is not None else values)
        if array.dtype.kind == "O":
            array = array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{what}: cannot read numbers from {described(values)} ({error})") from None
    if array.dtype.kind not in "iuf" and array.size:
        raise TypeError(f"{what}: expected real numbers, got an array of {array.dtype}")
    return array.astype(np.float64, copy=False)


def described(value: object) -> str:
    """Say what came: type and shape of an array, the beginning of anything else."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{type(value).__name__} of shape {tuple(value.shape)}, {value.dtype}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def checked_number(value: float, name: str) -> float:
    """Return a finite float, or raise an error with the name."""
    try:
        if isinstance(value, str | bytes):  # float() reads them
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} = {value!r} is not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} = {number!r} is not finite")
    return number


def cut_rounding(shares: NDArray, dtype: np.dtype) -> None:
    """Set to 0 or 1 what is outside [0, 1] by rounding in a type.

    A float64 that is a float32, or the shortest decimal of one, was rounded as such.

    Parameters
    ----------
    shares : ndarray of float, shape (N,)
        Written over.
    dtype : dtype
        In which they came.
    """
    rows = np.flatnonzero((shares < 0.0) | (shares > 1.0))
    outside = shares[rows].astype(np.float64)
    room = np.full(len(rows), _UNITS * float(np.finfo(dtype).eps))
    if dtype.itemsize > 4:
        with np.errstate(over="ignore"):
            single = outside.astype(np.float32)
        blurred = (single == outside) | (single.astype(str).astype(np.float64) == outside)
        room[blurred] = _UNITS * float(np.finfo(np.float32).eps)
    near = np.clip(outside, 0.0, 1.0)
    shares[rows] = np.where(abs(outside - near) <= room, near, shares[rows])
