"""Confidences of found regions: checked, and in descending order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.numbers import as_numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from overlap.regions.base import Regions

__all__ = ["checked_confidence", "descending", "one_for_each", "refuse_nan"]

_FEW = 1000  # up to here, sorting indices is faster


def checked_confidence(confidence: ArrayLike, regions: Regions, what: str) -> NDArray[np.float64]:
    """Return one confidence per region as float64, or raise an error with the index."""
    array = one_for_each(confidence, regions, what)
    refuse_nan(array)
    return array


def one_for_each(confidence: ArrayLike, regions: Regions, what: str) -> NDArray[np.float64]:
    """Return one number per region, which may be NaN, as float64."""
    array = as_numbers(confidence, "confidence")
    if array.shape != (len(regions),):
        raise ValueError(
            f"confidence: expected shape ({len(regions)},), one number for each region of {what}; "
            f"got {array.shape}"
        )
    return array


def refuse_nan(confidence: NDArray[np.float64]) -> None:
    """Raise an error with the index of the first confidence that is NaN."""
    first = int(confidence.argmin()) if confidence.size else 0  # the first NaN, if there is one
    if confidence.size and math.isnan(confidence[first]):
        raise ValueError(
            f"confidence[{first}] is NaN, which has no place in an order; remove that region or "
            "give it a number"
        )


def descending(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the order of descending confidence, ties in order of index."""
    if len(confidence) > _FEW:
        return _by_keys(confidence)
    order = np.argsort(-confidence)  # several times faster than a stable sort
    ordered = confidence[order]
    if (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(-confidence, kind="stable")
    return order


def _by_keys(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sort whole numbers: the leading bits of each confidence, followed by its index.

    That is faster than to sort indices, and equal confidences need no second sort.
    """
    size = len(confidence)
    width = size.bit_length()
    keys = (0.0 - confidence).view(np.int64)  # 0.0 for both zeros
    keys ^= (keys >> 63) & np.int64(2**63 - 1)  # in the order of the floats
    keys >>= width
    keys <<= width
    keys |= np.arange(size)
    keys.sort()
    order = keys & ((1 << width) - 1)
    keys >>= width
    alike = keys[1:] == keys[:-1]
    if alike.any():
        ordered = confidence[order]
        if (alike & (ordered[1:] != ordered[:-1])).any():  # only the last bits differ
            member = np.zeros(size, np.bool_)
            member[1:] |= alike
            member[:-1] |= alike
            place = np.flatnonzero(member)
            index = order[place]
            order[place] = index[np.lexsort((index, -confidence[index], keys[place]))]
    return order
