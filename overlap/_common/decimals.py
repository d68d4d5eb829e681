"""Lengths as they were meant: decimals that float32 has blurred, and comparisons that bear it."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

__all__ = ["above", "as_meant", "below", "scaled", "shortest_decimal"]

# Headers hold lengths as float32, or as text of six digits or more; what differs by less is equal.
_EQUAL = 1e-6
# A number with so few digits is a decimal as it stands, such as 250 / 2048 = 0.1220703125.
_DIGITS = 12


def as_meant(value: float) -> float:
    """Return the shortest decimal that is stored as this float32; any other number as it is.

    Parameters
    ----------
    value : float

    Examples
    --------
    >>> import numpy as np
    >>> from overlap._common.decimals import as_meant
    >>> as_meant(float(np.float32(0.8))), as_meant(0.1220703125), as_meant(1 / 3)
    (0.8, 0.1220703125, 0.3333333333333333)
    """
    if float(f"{value:.{_DIGITS}g}") == value:
        return value
    with np.errstate(over="ignore"):
        single = np.float32(value)
    return float(str(single)) if float(single) == value else value


def shortest_decimal(value: float, error: float) -> float:
    """Return the decimal of fewest digits that is not farther from a number than an error.

    Parameters
    ----------
    value : float
    error : float
        Relative to the value.

    Examples
    --------
    >>> from overlap._common.decimals import shortest_decimal
    >>> shortest_decimal(0.79999998, 1e-7), shortest_decimal(0.79999998, 1e-9)
    (0.8, 0.79999998)
    """
    for digits in range(1, 17):
        near = float(f"{value:.{digits}g}")
        if abs(near - value) <= error * abs(value):
            return near
    return value


def scaled(length: float, factor: Fraction) -> float:
    """Return the product of a decimal and a factor, rounded once.

    Parameters
    ----------
    length : float
    factor : Fraction
        Such as 1/1000 from micrometers to millimeters.
    """
    if factor == 1 or not math.isfinite(length):
        return length
    return float(Fraction(repr(length)) * factor)


def above(length: float) -> float:
    """Return a bound that every length equal to this one is below, whatever its rounding.

    Parameters
    ----------
    length : float
        A tolerance, or a smallest size, in the unit of a spacing.
    """
    return length * (1.0 + _EQUAL)


def below(length: float) -> float:
    """Return a bound that every length equal to this one is above, whatever its rounding.

    Parameters
    ----------
    length : float
    """
    return length * (1.0 - _EQUAL)
