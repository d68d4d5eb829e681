"""Texts of numbers for pages and screens: percentages, spans, intervals with their level."""

from __future__ import annotations

import math
from collections.abc import Callable

from .numbers import Interval

__all__ = ["fixed_text", "interval_text", "level_text", "percent_text", "short_text", "span_text"]

_NOISE = 1e-9  # what is closer to 0 or 1 is that but for rounding


def fixed_text(value: float, digits: int, scale: float = 1.0) -> str:
    """Write a number with so many digits, but more where it would read as 0 or 1 and is neither.

    A score of 1.0000 has no fault at all, and 0.00 % of outliers are none.

    Parameters
    ----------
    value : float
        Finite.
    digits : int
        Behind the point.
    scale : float
        What it is multiplied with: 100 for per cent.

    Examples
    --------
    >>> fixed_text(0.99996, 4), fixed_text(0.99994, 4), fixed_text(1.0, 4), fixed_text(3e-6, 4)
    ('0.99996', '0.9999', '1.0000', '0.000003')
    """
    text = f"{scale * value:,.{digits}f}"
    if min(abs(value), abs(1.0 - value)) > _NOISE:
        while abs(value) < 2.0 and float(text) in (0.0, scale):
            digits += 1
            text = f"{scale * value:.{digits}f}"
    return text


def percent_text(value: float, undefined: str = "") -> str:
    """Write a fraction in per cent, with two digits; see `fixed_text`.

    Parameters
    ----------
    value : float
    undefined : str
        Text of NaN.

    Examples
    --------
    >>> percent_text(0.5), percent_text(0.99996), percent_text(float("nan"))
    ('50.00', '99.996', '')
    """
    return undefined if math.isnan(value) else fixed_text(value, 2, 100.0)


def short_text(value: float) -> str:
    """Write a number with four digits.

    Parameters
    ----------
    value : float
    """
    text = f"{value:.4g}"
    return fixed_text(value, 4).removesuffix(".0000") if text == "1" else text


def level_text(level: float) -> str:
    """Write the confidence level of an interval.

    Parameters
    ----------
    level : float

    Examples
    --------
    >>> level_text(0.95)
    '95 % interval'
    """
    return f"{100 * level:g} % interval"


def span_text(low: float | None, high: float | None, text: Callable[[float], str]) -> str:
    """Write both ends of an interval or of a range; nothing if an end is unknown.

    Parameters
    ----------
    low, high : float or None
    text : callable
        Writes one end.

    Examples
    --------
    >>> span_text(0.5, 0.75, percent_text), span_text(float("nan"), 1.0, percent_text)
    ('50.00 to 75.00', '')
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ""
    return f"{text(low)} to {text(high)}"


def interval_text(interval: Interval | None, text: Callable[[float], str] = short_text) -> str:
    """Write an interval with its level; nothing if there is none.

    Parameters
    ----------
    interval : Interval or None
    text : callable
        Writes one end.

    Examples
    --------
    >>> interval_text(Interval("dice", 0.9, 0.88, 0.92, 0.95, "bca", 0.01, 0.0))
    '0.88 to 0.92 (95 % interval)'
    """
    span = "" if interval is None else span_text(interval.low, interval.high, text)
    return f"{span} ({level_text(interval.level)})" if interval and span else ""
