"""Thresholds of the IoU: how they are read, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .number_lists import as_numbers, read_numbers

__all__ = ["iou_name", "parse_thresholds", "threshold_names", "threshold_values"]

_DIGITS = 10  # to which a threshold as programs compute it is the one that people write


def parse_thresholds(value: Any) -> tuple[float, ...]:
    """Read IoU thresholds.

    Parameters
    ----------
    value : str, float or iterable of float
        ``"0.3:0.7:0.1"`` (both ends included, counted in decimal arithmetic),
        ``"0.5,0.75"``, or numbers, which are used as they are.

    Returns
    -------
    tuple of float
        Rising or falling as given, each in [0, 1].

    Raises
    ------
    ValueError
        Something is not a number in [0, 1] or appears twice, nothing is given, or a range does
        not end at its stop.

    Examples
    --------
    >>> parse_thresholds("0.3:0.5:0.1")
    (0.3, 0.4, 0.5)
    """
    if isinstance(value, str):
        result = read_numbers(value, "thresholds")
    else:
        result = as_numbers(value if isinstance(value, Iterable) else (value,), "thresholds")
    for threshold in result:
        if not 0 <= threshold <= 1:
            raise ValueError(f"thresholds: {threshold!r} is not in [0, 1]")
    if len(set(result)) < len(result):
        raise ValueError(f"thresholds {result}: a value appears twice")
    return result


def threshold_names(thresholds: Sequence[float] | NDArray[np.float64]) -> list[str]:
    """Write thresholds with two decimals, or with as many as say what they are.

    Parameters
    ----------
    thresholds : sequence of float

    Examples
    --------
    >>> threshold_names([0.5, 0.75]), threshold_names([0.5, 0.125])
    (['0.50', '0.75'], ['0.500', '0.125'])
    """
    for digits in range(2, 18):
        names = [f"{threshold:.{digits}f}" for threshold in thresholds]
        near = zip(names, thresholds, strict=True)
        if len(set(names)) == len(names) and all(abs(float(x) - t) < 1e-10 for x, t in near):
            return names
    return [repr(float(threshold)) for threshold in thresholds]


def threshold_values(thresholds: Sequence[float] | NDArray[np.float64]) -> list[float]:
    """Return thresholds as people write them; matching uses the program's own numbers.

    Parameters
    ----------
    thresholds : sequence of float

    Examples
    --------
    >>> threshold_values([0.5, 0.8999999999999999])
    [0.5, 0.9]
    """
    rounded = [round(float(threshold), _DIGITS) for threshold in thresholds]
    return rounded if len(set(rounded)) == len(rounded) else [float(x) for x in thresholds]


def iou_name(threshold: float) -> str:
    """Write a threshold as short as it is: ``0.5``.

    Parameters
    ----------
    threshold : float

    Examples
    --------
    >>> iou_name(0.7000000000000001)
    '0.7'
    """
    return f"{threshold_values([threshold])[0]:g}"
