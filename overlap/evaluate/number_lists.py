"""Numbers that a user types: lists such as ``0.5,0.75`` and ranges such as ``0.5:0.95:0.05``."""

from __future__ import annotations

import decimal
import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from overlap._common.limits import MOST_NUMBERS

__all__ = ["as_numbers", "complement", "read_numbers"]

_DIGITS = 400  # more than any float64 needs beside another


def read_numbers(text: str, name: str) -> tuple[float, ...]:
    """Read numbers and ranges, separated by commas.

    Parameters
    ----------
    text : str
        Numbers, and ranges ``start:stop:step`` whose two ends are both included.
    name : str
        What the numbers are, for messages.

    Returns
    -------
    tuple of float
        In the order in which they are written. Ranges are counted in decimal arithmetic, so that
        each number is the float nearest to the decimal number: 0.9, never 0.8999999999999999.

    Raises
    ------
    ValueError
        A part is not a finite number or a range of three, or a range does not end at its stop.

    Examples
    --------
    >>> read_numbers("0.5:0.8:0.1,0.95", "thresholds")
    (0.5, 0.6, 0.7, 0.8, 0.95)
    """
    result: list[float] = []
    for part in text.split(","):
        if ":" in part:
            result += _range(part, name)
        else:
            result.append(float(_decimal(part, name)))
    return tuple(result)


def as_numbers(values: Iterable[Any], name: str) -> tuple[float, ...]:
    """Return finite floats.

    Parameters
    ----------
    values : iterable of float or str
    name : str
        What the numbers are, for messages.

    Raises
    ------
    ValueError
        One is not a finite number, or there is none.
    """
    result = []
    for value in values:
        try:
            result.append(float(value))
        except (TypeError, ValueError):
            raise ValueError(f"{name} has {value!r}, which is not a number") from None
        if not math.isfinite(result[-1]):
            raise ValueError(f"{name} has {value!r}, which is not finite")
    if not result:
        raise ValueError(f"{name} is empty; give at least one number")
    return tuple(result)


def complement(share: float) -> float:
    """Return 1 - `share` as in decimal arithmetic: 0.02 for 0.98, not 0.020000000000000018.

    Parameters
    ----------
    share : float
        In [0, 1].

    Examples
    --------
    >>> complement(0.98)
    0.02
    """
    with decimal.localcontext(prec=_DIGITS):
        return float(1 - Decimal(repr(float(share))))


def _decimal(text: str, name: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except decimal.InvalidOperation:
        raise ValueError(f"{name} has {text!r}, which is not a number") from None
    if not number.is_finite() or not math.isfinite(float(number)):
        raise ValueError(f"{name} has {text!r}, which is not finite")
    return number


def _range(text: str, name: str) -> list[float]:
    parts = [_decimal(part, name) for part in text.split(":")]
    if len(parts) != 3 or parts[2] <= 0 or parts[1] < parts[0]:
        raise ValueError(f"{name} {text!r}: wanted start:stop:step with start <= stop and step > 0")
    start, stop, step = parts
    with decimal.localcontext(prec=_DIGITS):
        if (stop - start) / step > MOST_NUMBERS:
            raise ValueError(
                f"{name} {text!r} is more than {MOST_NUMBERS:,} numbers; give a larger step"
            )
        count, rest = divmod(stop - start, step)
        if rest:
            last = start + count * step
            raise ValueError(
                f"{name} {text!r} does not end at {stop}: the last step before it ends at {last}. "
                f"Both ends of a range belong to it; give {start}:{last}:{step}, or a step that "
                f"fits, such as {_common_divisor(stop - start, step)}"
            )
        return [float(start + k * step) for k in range(int(count) + 1)]


def _common_divisor(a: Decimal, b: Decimal) -> Decimal:
    while b:
        a, b = b, a % b
    return a.normalize()
