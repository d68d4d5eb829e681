"""What a reader hands over: columns as found in the input, before any check of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RawSegments", "to_float64", "to_names"]

Where = Callable[[int], str]
_WHOLE = 2.0**53  # float64 holds every whole number up to here


@dataclass
class RawSegments:
    """Columns of segments as read; `where` names row i for an error message."""

    videos: list[str]
    video: Sequence[int] | NDArray[np.int64]
    label: Sequence[Any]
    start: Sequence[Any] | NDArray[Any]
    stop: Sequence[Any] | NDArray[Any]
    confidence: Sequence[Any] | NDArray[Any] | None
    duration: NDArray[np.float64]
    subset: list[str | None]
    row: Sequence[int] | NDArray[np.int64]
    where: Where
    source: str
    sha256: str | None


def _number(value: Any) -> float:
    """Float of one number or numeric string; ValueError or TypeError otherwise."""
    if isinstance(value, bool | np.bool_):
        raise TypeError
    if isinstance(value, str):
        # float() also reads "1_0", which nobody means in a data file
        if "_" in value:
            raise ValueError
        number = float(value)
        if abs(number) >= _WHOLE and value.strip().lstrip("+-").isdigit():
            return _number(int(value))
        return number
    if isinstance(value, int | np.integer):
        if int(value) != int(float(value)):
            raise ValueError  # float64 would round it
        return float(value)
    if isinstance(value, float | np.floating):
        return float(value)
    raise TypeError


def to_float64(
    values: Sequence[Any] | NDArray[Any], field: str, where: Where, *, unit: str = "of seconds"
) -> NDArray[np.float64]:
    """Convert a column to finite float64, or name the first value that is not one.

    Parameters
    ----------
    values : sequence or ndarray, shape (N,)
        Numbers, or strings that hold numbers.
    field : str
        Name of the column, for the message.
    where : callable
        Name of row i, for the message.
    unit : str, default "of seconds"
        What the numbers are, for the message.

    Returns
    -------
    ndarray, dtype=float64, shape (N,)

    Raises
    ------
    ValueError
        A value is not a number, or is NaN or infinite.
    """

    def fail(index: int, value: Any) -> ValueError:
        wanted = " ".join(("a finite number", unit)).strip()
        if hasattr(value, "isoformat") or hasattr(value, "total_seconds"):
            wanted += (
                ", such as (column - origin).dt.total_seconds() with one origin for all tables"
            )
        elif isinstance(value, int | np.integer):
            wanted += " that float64 holds: whole ones up to 2**53, so subtract an origin first"
        return ValueError(f"{where(index)}: {field} is {value!r}; wanted {wanted}")

    if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
        result = values.astype(np.float64)
        if values.dtype.kind != "f":
            for index in np.flatnonzero(np.abs(result) >= _WHOLE).tolist():
                if int(values[index]) != int(result[index]):
                    raise fail(index, int(values[index]))
    else:
        items = values.tolist() if isinstance(values, np.ndarray) else values
        if set(map(type, items)) <= {float}:
            result = np.array(items, dtype=np.float64)
        else:
            result = np.empty(len(items), dtype=np.float64)
            for index, item in enumerate(items):
                try:
                    result[index] = _number(item)
                except (TypeError, ValueError, OverflowError):
                    raise fail(index, item) from None
    bad = np.flatnonzero(~np.isfinite(result))
    if bad.size:
        raise fail(int(bad[0]), float(result[bad[0]]))
    return result


def to_names(values: Sequence[Any], field: str, where: Where) -> list[str]:
    """Convert a column of names to non-empty strings; whole numbers become their digits.

    Parameters
    ----------
    values : sequence, shape (N,)
        Strings or whole numbers.
    field : str
        Name of the column, for the message.
    where : callable
        Name of row i, for the message.

    Returns
    -------
    list of str, length N

    Raises
    ------
    ValueError
        A value is empty or neither a string nor a whole number.
    """
    kinds = set(map(type, values))
    if kinds <= {str} and "" not in values:
        return list(values)
    names = []
    for index, value in enumerate(values):
        if isinstance(value, str) and value:
            names.append(value)
        elif isinstance(value, int | np.integer) and not isinstance(value, bool):
            names.append(str(int(value)))
        elif isinstance(value, float | np.floating) and float(value).is_integer():
            names.append(str(int(value)))
        else:
            raise ValueError(
                f"{where(index)}: {field} is {value!r}; wanted a name or a whole number"
            )
    return names
