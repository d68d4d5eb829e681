"""Numbers from whatever holds some, and words for what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["as_numbers", "described"]


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
