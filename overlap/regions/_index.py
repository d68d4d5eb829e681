"""Which regions of a batch an index means."""

from __future__ import annotations

from typing import Any

import numpy as np

from overlap._common.numbers import described, unmasked

__all__ = ["checked_index"]


def checked_index(index: Any, size: int, kind: str) -> Any:
    """Return a slice or an array on one axis, or raise an IndexError.

    Parameters
    ----------
    index : object
        A whole number (which gives a slice of one region), a slice, whole numbers of shape (K,),
        or Booleans of shape (N,).
    size : int
        N.
    kind : str
        For messages.
    """
    if isinstance(index, (int, np.integer)) and not isinstance(index, bool):
        if not -size <= index < size:
            raise IndexError(f"{kind}: index {index} is out of range for {size}")
        return slice(index, index + 1 or None)
    if isinstance(index, slice):
        return index
    wanted = f"a whole number, a slice, whole numbers of shape (K,) or Booleans of shape ({size},)"
    if index is None or isinstance(index, (tuple, str)) or index is Ellipsis:
        raise IndexError(f"{kind}: a batch has one axis; expected {wanted}, got {described(index)}")
    try:
        array = np.asarray(unmasked(index, f"{kind}: the index"))
    except ValueError as error:
        raise IndexError(f"{error}; expected {wanted}") from None
    if isinstance(index, list) and not index:
        return np.empty(0, np.int64)
    if array.ndim == 0 and array.dtype.kind in "iu":
        return checked_index(int(array), size, kind)
    if array.ndim != 1 or array.dtype.kind not in "iub":
        raise IndexError(
            f"{kind}: the index has shape {array.shape} and type {array.dtype}; expected {wanted}"
        )
    if array.dtype == bool and len(array) != size:
        raise IndexError(
            f"{kind}: the index has {len(array)} Booleans for {size} regions; give one for each"
        )
    return array
