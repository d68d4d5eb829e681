"""Limits of sizes: products of sides that would become 0 or infinite in float64."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LARGEST_POWER", "limits", "power", "sizes_beyond"]

LARGEST_POWER = 1020.0  # of 2: a union, too, must be finite, and products normal numbers


@cache
def limits(axes: int) -> tuple[float, float]:
    """Return the least side and the largest coordinate whose products are surely finite.

    Products are of one side per axis, and of two: squares of distances.
    """
    root = 1000.0 / max(axes, 2)
    return 2.0**-root, 2.0 ** (root - 2.0)


def power(sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the binary logarithms of positive numbers, and -inf for 0."""
    with np.errstate(divide="ignore"):
        return np.log2(sides)


def sizes_beyond(side: NDArray[np.float64], ends: NDArray[np.float64], what: str) -> bool:
    """Return whether squares or common enclosures may go wrong; raise where a measure does.

    Parameters
    ----------
    side : ndarray, shape (D, N)
        Sides >= 0 of every region.
    ends : ndarray
        All coordinates.
    what : str
        Who asks and what a region is, for messages.
    """
    solid = side.min(axis=0) > 0.0
    powers = power(side)
    products = np.cumsum(powers, axis=0)  # kernels multiply one after the other
    least = -LARGEST_POWER if len(side) > 1 else -np.inf  # a difference is never too small
    large, small = products > LARGEST_POWER, (products < least) & solid
    bad = np.flatnonzero((large | small).any(axis=0))  # infinity times a side of 0 is NaN
    if bad.size:
        k = int(bad[0])
        sides = side[:, k].tolist()
        shown = " x ".join(f"{size:.6g}" for size in sides[:3]) + (" x ..." if sides[3:] else "")
        one = len(sides) == 1
        beyond = "large" if large[:, k].any() else "small"
        mean = powers[side[:, k] > 0.0, k].mean()
        factor = 10.0 ** -round(float(np.clip(0.3 * mean, -300.0, 300.0)))
        raise ValueError(
            f"{what} {k} has {'length' if one else 'sides'} {shown}: "
            f"{'that' if one else 'their product'} is too {beyond} for float64; multiply all "
            f"coordinates by the same number, such as {factor:.0e}"
        )
    least, most = limits(len(side))
    positive = side[side > 0.0]
    return bool(np.abs(ends).max(initial=0.0) > most or positive.min(initial=np.inf) < least)
