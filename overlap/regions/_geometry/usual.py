"""Usual tables of numbers: copied into columns and looked at in one compiled pass.

A batch of a hundred regions is scored in less time than a chain of NumPy calls needs to look at
their numbers. What is not usual goes the long way, which knows every case and its message.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.sizes import limits
from overlap._kernels.jit import FixedTypes, interpreted, specialise

__all__ = ["usual_columns", "usual_corners"]

_FLOAT64 = np.dtype(np.float64)
_LARGEST_INTERPRETED = 1024  # rows


def corners(table, columns, least, most):
    """Copy rows of corners; return whether all sizes and coordinates are usual."""
    usual = True
    axes = columns.shape[0] // 2
    for d in range(axes):
        for k in range(table.shape[0]):  # without a branch: several rows at once
            low, high = table[k, d], table[k, axes + d]
            columns[d, k] = low
            columns[axes + d, k] = high
            side = high - low
            usual &= ((side >= least) | (side == 0.0)) & (abs(low) <= most) & (abs(high) <= most)
    return usual


def within(table, columns, low, high):
    """Copy rows of numbers; return whether every column stays within its limits."""
    usual = True
    for d in range(columns.shape[0]):
        least, most = low[d], high[d]
        for k in range(table.shape[0]):
            value = table[k, d]
            columns[d, k] = value
            usual &= (least <= value) & (value <= most)
    return usual


@cache
def _of_corners(axes: int) -> tuple[FixedTypes, float, float, Callable]:
    """Return the compiled pass over D axes, its limits, and what gives the rows of a table."""
    return FixedTypes(specialise(corners)), *limits(axes), itemgetter(*range(2 * axes))


@cache
def _of_numbers() -> FixedTypes:
    """Return the compiled pass over columns with limits of their own."""
    return FixedTypes(specialise(within))


def usual_corners(values: Any, axes: int) -> tuple[NDArray[np.float64], ...] | None:
    """Return the columns of a table of corners that needs no other look, or None.

    Parameters
    ----------
    values : Any
        As somebody gave it.
    axes : int
        D, for a table of shape (N, 2 D).

    Returns
    -------
    tuple of 2 D read-only ndarrays of shape (N,), or None
        None for all that is not a contiguous array of float64, for corners in the wrong order, for
        numbers that are not finite, and where products of sides may be beyond float64.
    """
    if not _plain(values, 2 * axes):
        return None
    kernel, least, most, rows = _of_corners(axes)
    columns = np.empty((2 * axes, len(values)))
    if not kernel.call(values, columns, least, most):
        return None
    columns.setflags(write=False)
    return rows(columns)


def usual_columns(
    values: Any, low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return the columns of a table whose numbers are within limits, or None.

    Parameters
    ----------
    values : Any
        As somebody gave it.
    low, high : ndarray of float64, shape (P,)
        Limits of every column, which belong to it. Writable and contiguous.

    Returns
    -------
    ndarray, shape (P, N), or None
        None for all that is not a contiguous array of float64, and for numbers beyond the limits.
    """
    if not _plain(values, len(low)):
        return None
    columns = np.empty((len(low), len(values)))
    return columns if _of_numbers().call(values, columns, low, high) else None


def _plain(values: Any, width: int) -> bool:
    if type(values) is not np.ndarray or values.dtype is not _FLOAT64 or not values.flags.carray:
        return False
    shape = values.shape
    return (
        len(shape) == 2
        and shape[1] == width
        and shape[0] > 0
        and (shape[0] <= _LARGEST_INTERPRETED or not interpreted())
    )
