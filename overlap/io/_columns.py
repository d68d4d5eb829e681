"""Columns of tables as found in the input, and their conversion to numbers and names."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io.printable import brief, some

__all__ = [
    "Coded",
    "RawSegments",
    "alphabetical",
    "are_times",
    "coded_column",
    "find_columns",
    "numbered",
    "numeric_column",
    "plain_name",
    "refuse_columns",
    "to_ends",
    "to_float64",
    "to_names",
]

Where = Callable[[int], str]
_PUNCTUATION = str.maketrans("", "", "-_. ")
_CLOCK = re.compile(r"\d+(:\d+){1,3}([.,]\d+)?$")  # as 01:02 and 00:01:02,5
_CODED = ("str", "string", "category")  # types of pandas
_WHOLE = 2.0**53  # float64 holds every whole number up to here


@dataclass(frozen=True)
class Coded:
    """A column as its distinct values, in order of first appearance, and the number of each row's.

    Attributes
    ----------
    values : list
        Distinct values, before any check.
    number : ndarray, dtype=int64, shape (N,)
        Index into `values`.
    """

    values: list[Any]
    number: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.number)

    def tolist(self) -> list[Any]:
        """Return the value of each row."""
        return list(map(self.values.__getitem__, self.number.tolist()))


def refuse_columns(columns: Mapping[str, str] | None, name: str, reason: str) -> None:
    """Raise an error for columns that a user names, where an input has none with names.

    Parameters
    ----------
    columns : mapping from str to str, optional
    name : str
        The input.
    reason : str
        What the input has instead.
    """
    for field, column in (columns or {}).items():
        raise ValueError(
            f"{name}: columns names {column!r} for {field}, and {reason}; for the other input "
            f"alone, write found:{field}={column} or truth:{field}={column}"
        )


def coded_column(column: Any) -> Coded | None:
    """Return a column of a DataFrame by its distinct values, where pandas finds these itself.

    Parameters
    ----------
    column : pandas.Series

    Returns
    -------
    Coded or None
        None for a column of Python objects or of fractions, and for one that lacks a value.
    """
    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        if dtype.kind not in "iu":
            return None
    elif dtype.name not in _CODED:
        return None
    number, values = column.factorize()
    if number.min(initial=0) < 0:
        return None
    return Coded(values.tolist(), number.astype(np.int64, copy=False))


def numeric_column(column: Any) -> NDArray[Any] | None:
    """Return the numbers of a column of a DataFrame, or None if its type is that of others.

    Parameters
    ----------
    column : pandas.Series
    """
    dtype = column.dtype
    return column.to_numpy() if isinstance(dtype, np.dtype) and dtype.kind in "fiu" else None


@dataclass
class RawSegments:
    """Columns of segments before any check of values; `where` names row i for an error message."""

    videos: list[str]
    video: Sequence[int] | NDArray[np.int64]
    label: Sequence[Any] | Coded
    start: Sequence[Any] | NDArray[Any]
    stop: Sequence[Any] | NDArray[Any]
    confidence: Sequence[Any] | NDArray[Any] | None
    duration: NDArray[np.float64]
    subset: list[str | None]
    row: Sequence[int] | NDArray[np.int64]
    where: Where
    source: str
    sha256: str | None
    findings: tuple[str, ...] = ()
    unnamed: bool = False
    frame_rate: NDArray[np.float64] | None = None
    label_ids: Mapping[str, str] | None = None


def plain_name(name: Any) -> str:
    """Return the name of a column in lower case, without punctuation and quotation marks.

    Parameters
    ----------
    name : str or number
    """
    return str(name).strip().strip('"').lower().translate(_PUNCTUATION)


def find_columns(
    names: Sequence[Any],
    accepted: Mapping[str, Sequence[Sequence[str]]],
    needed: Sequence[str],
    source: str,
    chosen: Mapping[str, str] | None = None,
) -> dict[str, int]:
    """Find the column of each field.

    Parameters
    ----------
    names : sequence
        Column names.
    accepted : mapping from str to groups of str
        Plain names of each field. A later group counts only where no column of an earlier one is
        there.
    needed : sequence of str
        Fields that must have a column.
    source : str
        Name of the input, for messages.
    chosen : mapping from str to str, optional
        Columns of fields that the user names. They are not looked for by name.

    Returns
    -------
    dict of str to int

    Raises
    ------
    ValueError
        A field that is needed has no column, or a field has two; or a chosen one is not there.
    """
    plain = list(map(plain_name, names))
    place: dict[str, int] = {}
    for field, column in (chosen or {}).items():
        exact = [index for index, name in enumerate(names) if str(name).strip() == column]
        hits = exact or [index for index, name in enumerate(plain) if name == plain_name(column)]
        if len(hits) != 1:
            what = "two columns" if hits else "no column"
            raise ValueError(
                f"{source}: has {what} {column!r} for {field}, which columns names; the columns "
                f"are {some(list(map(str, names)))}. Of one input only, write truth:{field}="
                f"{column} or found:{field}={column}"
            )
        place[field] = hits[0]
    taken = set(place.values())
    for field, groups in accepted.items():
        if field in place:
            continue
        for group in groups:
            hits = [
                index
                for index, column in enumerate(plain)
                if column in group and index not in taken
            ]
            if len(hits) > 1:
                both = " and ".join(brief(str(names[index])) for index in hits[:2])
                raise ValueError(f"{source}: duplicate columns: {both} both mean {field}; keep one")
            if hits:
                place[field] = hits[0]
                break
    missing = {field: accepted[field][0] for field in needed if field not in place}
    if missing:
        wanted = "; ".join(
            f"{field} ({', '.join(group)})" if len(group) > 1 else field
            for field, group in missing.items()
        )
        raise ValueError(
            f"{source}: missing column for {wanted}; the columns are {some(list(map(str, names)))}"
        )
    return place


def are_times(values: Any) -> bool:
    """Tell whether a column holds times, by its type or by its first value.

    Parameters
    ----------
    values : sequence or array, shape (N,)
        Text is a time where it begins like ``2024-01-31``.
    """
    if hasattr(values, "dtype"):
        return values.dtype.kind in "mM"
    first = values[0] if len(values) else None
    if isinstance(first, str):
        return first.strip()[4:5] == "-" == first.strip()[7:8]
    kinds = datetime.datetime, datetime.timedelta, np.datetime64, np.timedelta64
    return isinstance(first, kinds)


def _number(value: Any) -> float:
    """Return the float of one number or numeric string; ValueError or TypeError otherwise."""
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


def _looks_like_time(value: Any) -> bool:
    if isinstance(value, str):
        separators = sum(map(value.count, "-/."))
        return value[:1].isdigit() and (":" in value or "T" in value or separators > 1)
    return hasattr(value, "isoformat") or hasattr(value, "total_seconds")


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
        Unit of the numbers, for the message.

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
        if field in ("start", "stop") and isinstance(value, str) and _CLOCK.match(value):
            wanted += ", or in every row hours, minutes and seconds such as 00:01:02.50"
        elif field in ("start", "stop") and _looks_like_time(value):
            wanted += ", or in every row a time such as 2024-01-31T10:00:00.5+01:00"
        elif isinstance(value, int | np.integer):
            wanted += " that float64 holds: whole ones up to 2**53, so subtract an origin first"
        elif isinstance(value, str) and "," in value:
            wanted += ", with a point for the decimals and nothing between thousands"
        return ValueError(f"{where(index)}: {field} is {brief(value)}; wanted {wanted}")

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


def to_ends(
    pairs: Sequence[Sequence[Any]], where: Where
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Convert starts and stops in seconds, or name the first that is bad.

    Parameters
    ----------
    pairs : sequence of sequence, shape (N, 2 or more)
        Start and stop of each row, and perhaps more.
    where : callable
        Name of row i, for the message.

    Returns
    -------
    start, stop : ndarray, dtype=float64, shape (N,)

    Raises
    ------
    ValueError
        An end is not a finite number, or a stop is before its start.
    """
    start, stop = (
        to_float64([pair[k] for pair in pairs], field, where)
        for k, field in enumerate(("start", "stop"))
    )
    bad = np.flatnonzero(stop < start)
    if bad.size:
        row = int(bad[0])
        raise ValueError(
            f"{where(row)}: stop {float(stop[row])!r} is before start {float(start[row])!r}; swap "
            "them"
        )
    return start, stop


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
    if kinds <= {int}:
        return list(map(str, values))
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
                f"{where(index)}: {field} is {brief(value)}; wanted a name or a whole number"
            )
    return names


def alphabetical(values: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the distinct names of a column in order, and the number of each row's.

    Parameters
    ----------
    values : sequence of str, shape (N,)

    Returns
    -------
    names : tuple of str
    number : ndarray, dtype=int64, shape (N,)
        Index into `names`.
    """
    names = tuple(sorted(set(values)))
    place = {name: k for k, name in enumerate(names)}
    return names, np.fromiter(map(place.__getitem__, values), np.int64, len(values))


def numbered(
    values: Sequence[Any] | Coded, field: str, where: Where
) -> tuple[list[str], NDArray[np.int64]]:
    """Convert a column of names to the distinct ones and their numbers.

    Parameters
    ----------
    values : sequence or Coded, shape (N,)
        As `to_names` takes them.
    field, where
        As for `to_names`.

    Returns
    -------
    names : list of str
        In order of first appearance.
    number : ndarray, dtype=int64, shape (N,)
        Index into `names`.

    Raises
    ------
    ValueError
        As `to_names`.
    """
    row = None
    if isinstance(values, Coded):
        row = values.number

        def where_first(index: int) -> str:
            return where(int(np.argmax(row == index)))

        each = to_names(values.values, field, where_first)
        if len(set(map(type, values.values))) < 2:  # else "1" and 1 may be two of them
            return each, row
    else:
        each = to_names(values, field, where)
    place = {name: k for k, name in enumerate(dict.fromkeys(each))}
    number = np.fromiter(map(place.__getitem__, each), np.int64, len(each))
    return list(place), number if row is None else number[row]
