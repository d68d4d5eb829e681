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
    order = np.argsort(-confidence)  # several times faster than a stable sort
    ordered = confidence[order]
    if (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(-confidence, kind="stable")
    return order
