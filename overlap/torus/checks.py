"""Checks of what a periodic grid is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.numbers import as_numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["read_pair", "read_period", "read_values"]

#: What values may be: least, most, and in words.
_QUANTITIES = {
    "density": (0.0, math.inf, "a finite number >= 0, as a density has to be"),
    "rank": (0.0, 1.0, "in [0, 1], as a rank has to be"),
    "other": (-math.inf, math.inf, "a finite number"),
}


def read_values(values: ArrayLike, quantity: str) -> NDArray[np.float64]:
    """Return a copy of the values at nodes that cannot be changed, or say which is wrong."""
    table = np.array(as_numbers(values, "PeriodicGrid"), order="C")
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError(
            f"PeriodicGrid: values have shape {table.shape}; expected (nx, ny), at least 2 by 2"
        )
    if quantity not in _QUANTITIES:
        raise ValueError(
            f"PeriodicGrid: quantity = {quantity!r}; expected one of {', '.join(_QUANTITIES)}"
        )
    least, most, wanted = _QUANTITIES[quantity]
    bad = np.argwhere(~(np.isfinite(table) & (table >= least) & (table <= most)))
    if len(bad):
        i, j = bad[0].tolist()
        raise ValueError(f"PeriodicGrid: values[{i}, {j}] = {table[i, j]} is not {wanted}")
    table.flags.writeable = False
    return table


def read_period(values: Sequence[float]) -> tuple[float, float]:
    """Return two positive periods."""
    period = read_pair(values, "period")
    if min(period) <= 0.0:
        raise ValueError(f"PeriodicGrid: period = {values!r}; both periods must be positive")
    return period


def read_pair(values: Sequence[float], name: str) -> tuple[float, float]:
    """Return two finite numbers."""
    array = as_numbers(values, f"PeriodicGrid: {name}")
    if array.shape != (2,) or not np.isfinite(array).all():
        raise ValueError(f"PeriodicGrid: {name} = {values!r}; expected a pair of finite numbers")
    return float(array[0]), float(array[1])
