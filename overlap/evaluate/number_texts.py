"""Texts of numbers for pages and screens: percentages, spans, intervals with their level."""

from __future__ import annotations

import math
from collections.abc import Callable

from .numbers import Interval

__all__ = ["interval_text", "level_text", "percent_text", "short_text", "span_text"]


def percent_text(value: float, undefined: str = "") -> str:
    """Write a fraction in per cent, with two digits.

    Parameters
    ----------
    value : float
    undefined : str
        Text of NaN.

    Examples
    --------
    >>> percent_text(0.5), percent_text(float("nan"))
    ('50.00', '')
    """
    return undefined if math.isnan(value) else f"{100 * value:.2f}"


def short_text(value: float) -> str:
    """Write a number with four digits.

    Parameters
    ----------
    value : float
    """
    return f"{value:.4g}"


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
