"""Datetimes of segments: exact times, and seconds from one origin in each video."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.times import Ticks, read_times, spans_from, text_of
from overlap.io._columns import Where
from overlap.io.printable import brief

__all__ = ["are_timestamps", "first_starts", "in_seconds", "read_ends", "text_of", "timestamps"]

_STAMP = re.compile(r"(\d{1,4}):([0-5]?\d):([0-5]?\d(?:\.\d*)?)")

_ISO = re.compile(
    r"(\d{4})(-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.(\d{1,9}))?)?"
    r"(?:(Z)|([+-])(\d\d):?(\d\d)?)?"
)
_NANOSECONDS = range(1678, 2262)  # years whose nanoseconds int64 holds
_ISO_WANTED = "a date, a time and, where known, a zone, such as 2024-01-31T10:00:00.5+01:00"


def are_timestamps(values: Any) -> bool:
    """Tell whether a column holds texts such as ``00:01:02.50``, by its first value.

    Parameters
    ----------
    values : sequence, shape (N,)
    """
    first = values[0] if isinstance(values, list) and values else None
    return isinstance(first, str) and _STAMP.fullmatch(first.strip()) is not None


def timestamps(values: Sequence[Any], field: str, where: Where) -> NDArray[np.float64]:
    """Return seconds of texts such as ``00:01:02.50``: hours, minutes and seconds.

    Parameters
    ----------
    values : sequence, shape (N,)
    field : str
        Name of the column, for messages.
    where : callable
        Name of row i, for messages.

    Returns
    -------
    ndarray, dtype=float64, shape (N,)
        The float64 next to the exact time.

    Raises
    ------
    ValueError
        A value is no such text.

    Examples
    --------
    >>> timestamps(["00:01:02.50", "1:00:00"], "start", str)
    array([  62.5, 3600. ])
    """
    seconds = np.empty(len(values))
    for k, value in enumerate(values):
        match = _STAMP.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise ValueError(
                f"{where(k)}: {field} is {brief(value)}; wanted hours, minutes and seconds as in "
                "the other rows, such as 00:01:02.50"
            )
        seconds[k] = 3600 * int(match[1]) + 60 * int(match[2]) + Decimal(match[3])
    return seconds


def read_ends(start: Any, stop: Any, where: Where) -> tuple[NDArray[Any], bool | None]:
    """Read columns of times.

    Parameters
    ----------
    start, stop : array_like, shape (N,)
        datetime64 or timedelta64, pandas columns, Python objects, or text in ISO 8601.
    where : callable
        Name of row i, for messages.

    Returns
    -------
    times : ndarray, dtype=datetime64 or timedelta64, shape (N, 2)
        Exact, in nanoseconds, or in microseconds where a time is beyond the years of
        nanoseconds. Those with a zone are turned to UTC.
    zoned : bool or None
        They have a time zone; None for durations.

    Raises
    ------
    ValueError
        A value is no time or missing, or one has a time zone and another has none.
    """
    try:
        sides = [_column(start, "start", where), _column(stop, "stop", where)]
    except TypeError as error:
        raise ValueError(f"{error}; write every start and stop as a time") from None
    zoned = sides[0].zoned
    if sides[1].zoned != zoned:
        words = {True: "with a time zone", False: "without a time zone", None: "a duration"}
        raise ValueError(
            f"{where(0)}: start is {words[zoned]} and stop is {words[sides[1].zoned]}; write "
            "both alike"
        )
    kind = "m8" if zoned is None else "M8"
    for unit in ("ns", "us"):
        columns = [side.values.astype(f"{kind}[{unit}]") for side in sides]
        # A time that is rounded, or too large for 64 bits, comes back as another one.
        kept = [
            values.astype(side.values.dtype) == side.values
            for values, side in zip(columns, sides, strict=True)
        ]
        if kept[0].all() and kept[1].all():
            return np.stack(columns, axis=1), zoned
    row = int((kept[0] & kept[1]).argmin())
    raise ValueError(
        f"{where(row)}: {sides[0].values[row]} to {sides[1].values[row]} are not whole nanoseconds "
        "of the years 1678 to 2261, nor whole microseconds; round the times"
    )


def _column(values: Any, field: str, where: Where) -> Ticks:
    def place(row: int) -> str:
        return f"{where(row)}: {field}"

    if isinstance(values, list) and any(isinstance(item, str) for item in values):
        return _of_text(values, place)
    if isinstance(values, list):
        array = np.empty(len(values), object)
        array[:] = values
        values = array
    return read_times(values, field, place)


def _of_text(items: Sequence[Any], where: Where) -> Ticks:
    parts = []
    for k, item in enumerate(items):
        part = _ISO.fullmatch(item.strip()) if isinstance(item, str) else None
        if part is None:
            raise ValueError(f"{where(k)} is {brief(item)}; wanted {_ISO_WANTED}")
        parts.append(part)
    zoned = [bool(part[6] or part[7]) for part in parts]
    for k, has in enumerate(zoned):
        if has != zoned[0]:
            raise ValueError(
                f"{where(k)} is {brief(items[k])} and {where(0)} is {brief(items[0])}: one has a "
                "time zone and the other has none"
            )
    # All in one unit, so that 64 bits hold every time.
    unit = "ns" if any(len(part[5] or "") > 6 for part in parts) else "us"
    times = np.empty(len(parts), f"M8[{unit}]")
    shift = np.zeros(len(parts), "m8[m]")
    for k, part in enumerate(parts):
        try:
            if unit == "ns" and int(part[1]) not in _NANOSECONDS:
                raise ValueError("only the years 1678 to 2261 have nanoseconds")
            times[k] = np.datetime64(f"{part[1]}{part[2]}T{part[3]}{part[4] or ''}")
            if part[7]:
                minutes = 60 * int(part[8]) + int(part[9] or 0)
                if int(part[9] or 0) > 59 or minutes > 24 * 60:
                    raise ValueError("there is no such time zone")
                shift[k] = np.timedelta64(-minutes if part[7] == "-" else minutes, "m")
        except ValueError as error:
            raise ValueError(
                f"{where(k)} is {brief(items[k])}, which cannot be read ({error})"
            ) from None
    return Ticks(times - shift, zoned[0])


def first_starts(
    times: NDArray[np.datetime64], video: NDArray[np.int64], count: int
) -> NDArray[np.datetime64]:
    """Return the first start in each of `count` videos, NaT in those without segments."""
    missing = np.iinfo(np.int64).max
    first = np.full(count, missing)
    np.minimum.at(first, video, times[:, 0].astype(np.int64))
    first[first == missing] = np.iinfo(np.int64).min  # NaT
    return first.view(times.dtype)


def in_seconds(
    times: NDArray[Any], origin: Any, zoned: bool | None, where: Where
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return starts and stops in seconds after an origin, each of shape (N,).

    Parameters
    ----------
    times : ndarray, dtype=datetime64 or timedelta64, shape (N, 2)
    origin : datetime64, shape (N,), or timedelta64
    zoned : bool or None
        None for durations.
    where : callable
        Name of row i, for messages.

    Raises
    ------
    ValueError
        Float64 does not hold the ends of a segment to 1e-9 of its length.
    """
    first, last = (Ticks(times[:, k], zoned) for k in (0, 1))
    ends, lost = spans_from(first, last, origin, "s", (where, where))
    if lost.size:
        row = int(lost[0])
        length = (times[row, 1] - times[row, 0]) / np.timedelta64(1, "s")
        zero = "zero" if zoned is None else text_of(origin[row], zoned)
        raise ValueError(
            f"{where(row)}: the segment is {length:.6g} s long and begins {ends[row, 0]:.6g} s "
            f"after {zero}, where float64 seconds do not hold it to 1e-9 of its length; give "
            "parts of such a long video names of their own"
        )
    return np.ascontiguousarray(ends[:, 0]), np.ascontiguousarray(ends[:, 1])
