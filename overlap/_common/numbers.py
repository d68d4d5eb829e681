"""Numbers from lists, arrays, tables and tensors, and errors for other values."""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "as_numbers",
    "checked_number",
    "checked_ratio",
    "cut_rounding",
    "described",
    "is_finite",
    "one_number",
    "unmasked",
]

_FLOAT = np.dtype(np.float64)  # comparing a type with it is faster than with the class
_WHOLE = 2.0**53  # float64 holds every whole number up to here
_NO_NUMBERS = (str, bytes, complex, np.complexfloating)
_UNITS = 4  # in the last place, by which sums and interpolations leave [0, 1]


def as_numbers(values: ArrayLike, what: str) -> NDArray[np.float64]:
    """Return `values` as a float64 array, or raise an error that describes them.

    Raises
    ------
    TypeError
        For anything but numbers.
    ValueError
        For masked values, and for whole numbers that float64 cannot hold.
    """
    if type(values) is np.ndarray and values.dtype == _FLOAT:  # as a rule, and at no cost
        return values
    values = unmasked(values, what)
    detach = getattr(values, "detach", None)  # a tensor that takes part in a graph
    try:
        array = np.asarray(detach() if detach is not None else values)
        kind = array.dtype.kind
        if kind == "O" and any(isinstance(x, _NO_NUMBERS) for x in array.flat):
            raise TypeError("no numbers")  # although NumPy would read text, or a real part
        result = array.astype(np.float64, copy=False) if kind in "iufO" or not array.size else array
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        if _has_times(values):
            raise _not_numbers(what, f"in a {type(values).__name__}") from None
        raise TypeError(_reason(values, what, error)) from None
    if kind in "mM":
        raise _not_numbers(what, array.dtype)
    if result.dtype != np.float64:
        raise TypeError(f"{what}: expected real numbers, got an array of {array.dtype}")
    # Arrays of floats have lost nothing; lists and tables may have mixed them with integers.
    if (
        result.size
        and (array is not values or kind != "f")
        and array.dtype.itemsize == 8
        and not np.abs(result).max() < _WHOLE
    ):
        _check_whole(array if kind in "iuO" else values, result, what)
    return result


def _reason(values: Any, what: str, error: Exception) -> str:
    """Say which row or value is at fault."""
    half = "; tensor.float() has a type that NumPy knows" if "BFloat16" in str(error) else ""
    ragged = _first_other_length(values)
    if ragged is not None:
        row, length, usual = ragged
        return f"{what}: row {row} has {length} values, and row 0 has {usual}; give each as many"
    if hasattr(values, "get_columns"):  # a DataFrame of polars
        values = list(zip(*(column.to_list() for column in values.get_columns()), strict=True))
    if isinstance(values, list | tuple) or hasattr(values, "__array__"):
        try:
            items = np.asarray(values, object)
        except (TypeError, ValueError, RuntimeError):
            items = np.empty(0, object)
        for at, item in np.ndenumerate(items):
            if item is not None and not _is_number(item):
                where = f"the value at [{', '.join(map(str, at))}]" if at else "it"
                return f"{what}: {where} is {described(item)}; wanted a number"
    return f"{what}: cannot read numbers from {described(values)} ({error!s:.200}){half}"


def _first_other_length(values: Any) -> tuple[int, int, int] | None:
    """Return the first row of another length than row 0, its length, and that of row 0."""
    if not isinstance(values, list | tuple):
        return None
    try:
        lengths = [len(row) for row in values]
    except TypeError:
        return None
    return next(((k, n, lengths[0]) for k, n in enumerate(lengths) if n != lengths[0]), None)


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, _NO_NUMBERS) and isinstance(float(value), float)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return False


def _not_numbers(what: str, came: object) -> TypeError:
    return TypeError(
        f"{what}: expected real numbers, got times ({came}); use "
        "Intervals.from_datetimes(starts, stops), or subtract an origin and divide by a unit"
    )


def _has_times(values: Any) -> bool:
    """Return whether there is a datetime or a duration, with a time zone or without."""
    try:
        items = np.asarray(values, object).ravel()
    except (TypeError, ValueError, RuntimeError):
        return False
    kinds = datetime.datetime, datetime.timedelta, np.datetime64, np.timedelta64
    return any(isinstance(item, kinds) for item in items)


def _check_whole(values: Any, numbers: NDArray[np.float64], what: str) -> None:
    """Raise unless every whole number is kept."""
    # A table makes floats of all its columns before it makes objects of them.
    if hasattr(values, "astype"):
        given = np.asarray(values.astype(object), object)
    elif hasattr(values, "get_columns"):  # of polars
        columns = [np.asarray(column.to_list(), object) for column in values.get_columns()]
        given = np.stack(columns, axis=1)
    else:
        given = np.asarray(values, object)
    for place in np.argwhere(np.abs(numbers) >= _WHOLE):
        at = tuple(place)
        value: Any = given[at]
        if isinstance(value, (int, np.integer)) and int(value) != int(numbers[at]):
            where = f"[{', '.join(map(str, at))}]" if at else ""
            raise ValueError(
                f"{what}: the whole number {value} {f'at {where} ' if where else ''}does not fit "
                "into float64, which holds all of them up to 2**53 only; subtract an origin first "
                "(times: Intervals.from_datetimes)"
            )


def unmasked(values: Any, what: str) -> Any:
    """Return `values` without a NumPy mask, or raise a ValueError where something is masked."""
    if isinstance(values, np.ma.MaskedArray):
        masked = np.argwhere(np.ma.getmaskarray(values))
        if len(masked):
            at = ", ".join(map(str, masked[0]))
            raise ValueError(
                f"{what}: the value at [{at}] is masked; fill masked values, or remove them"
            )
        return np.ma.getdata(values)
    if isinstance(values, (list, tuple)) and np.ma.MaskedArray in set(map(type, values)):
        return [unmasked(row, f"{what}: row {k}") for k, row in enumerate(values)]
    return values


def is_finite(value: Any) -> bool:
    """Return whether a value is one finite number that float64 holds; text and bool are none."""
    try:
        one = not isinstance(value, (*_NO_NUMBERS, bool, np.bool_))
        return one and getattr(value, "ndim", 0) == 0 and math.isfinite(value)
    except (TypeError, ValueError, OverflowError):
        return False


def one_number(value: Any, name: str) -> float:
    """Return a float, or raise a TypeError with the name; text is no number."""
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} = {value!r} is not a number") from None
    except OverflowError:
        raise ValueError(f"{name} = {value!r:.40}... does not fit into float64") from None


def checked_number(value: Any, name: str) -> float:
    """Return a finite float, or raise an error with the name; text is no number."""
    if type(value) is float and math.isfinite(value):  # as a rule
        return value
    number = one_number(value, name)
    if not math.isfinite(number):
        raise ValueError(f"{name} = {number!r} is not finite")
    return number


def checked_ratio(ratio: float) -> float:
    """Return the factor of a change of size, or raise an error unless it is finite and >= 0."""
    value = one_number(ratio, "scaled: ratio")
    if not 0 <= value < math.inf:
        raise ValueError(f"scaled: ratio = {ratio!r} is not a finite number >= 0")
    return value


def described(value: object) -> str:
    """Describe a value: type and shape of an array, the beginning of anything else."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{type(value).__name__} of shape {tuple(value.shape)}, {value.dtype}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def cut_rounding(shares: NDArray, dtype: np.dtype) -> None:
    """Set values outside [0, 1] by rounding in a type to 0 or 1.

    A float64 that is a float32, or the shortest decimal of one, was rounded as such.

    Parameters
    ----------
    shares : ndarray of float, shape (N,)
        Written over.
    dtype : dtype
        In which they came.
    """
    rows = np.flatnonzero((shares < 0.0) | (shares > 1.0))
    outside = shares[rows].astype(np.float64)
    room = np.full(len(rows), _UNITS * float(np.finfo(dtype).eps))
    if dtype.itemsize > 4:
        with np.errstate(over="ignore"):
            single = outside.astype(np.float32)
        blurred = (single == outside) | (single.astype(str).astype(np.float64) == outside)
        room[blurred] = _UNITS * float(np.finfo(np.float32).eps)
    near = np.clip(outside, 0.0, 1.0)
    shares[rows] = np.where(abs(outside - near) <= room, near, shares[rows])
