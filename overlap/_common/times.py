"""Times as numbers: whole ticks of a clock, exactly, from an origin."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.numbers import described, unmasked

__all__ = ["Ticks", "are_times", "read_spans", "read_times", "spans_from", "text_of"]

Where = Callable[[int], str]

_UNITS: dict[str, Any] = {
    "D": "D",
    "h": "h",
    "min": "m",
    "s": "s",
    "ms": "ms",
    "us": "us",
    "ns": "ns",
}
_ROUNDING = 1e-9  # of the length of an interval
_DURATIONS = datetime.timedelta, np.timedelta64
_PARTS = 2**10  # of a unit, which float64 holds up to 2**43 units


@dataclass(frozen=True, eq=False)
class Ticks:
    """Times as NumPy has them.

    Attributes
    ----------
    values : ndarray of datetime64 or timedelta64, shape (N,)
    zoned : bool or None
        They are of a time zone, and were turned to UTC; None for durations.
    """

    values: NDArray[Any]
    zoned: bool | None


def are_times(values: Any) -> bool:
    """Return whether a column holds times, by its type or by its first value."""
    kind = getattr(getattr(values, "dtype", None), "kind", None)
    if kind == "O":
        values = values[:1] if isinstance(values, np.ndarray) else values.iloc[:1].to_numpy()
        return bool(len(values)) and isinstance(
            values[0], (datetime.datetime, datetime.timedelta, np.datetime64, np.timedelta64)
        )
    return kind in ("m", "M")


def read_times(values: Any, what: str, where: Where | None = None) -> Ticks:
    """Read datetimes or durations.

    Parameters
    ----------
    values : array_like, shape (N,)
        datetime64, timedelta64, pandas columns with or without a time zone, or Python objects.
    what : str
        For messages.
    where : callable, optional
        Name of value k, for messages.

    Raises
    ------
    TypeError, ValueError
        For values that are no times, for missing times (NaT), and for a mixture of times with and
        without a zone; with the index.
    """
    where = where or _places(what)
    values = unmasked(values, what)
    dtype = getattr(values, "dtype", None)
    zone = getattr(dtype, "tz", None)
    if zone is not None:  # a pandas column or index
        import pandas as pd

        values = pd.DatetimeIndex(values).tz_convert("UTC").tz_localize(None)
    array = np.asarray(values)
    # The times of polars become those of UTC.
    zoned: bool | None = (zone or getattr(dtype, "time_zone", None)) is not None
    if array.dtype.kind == "O":
        array, zoned = _of_objects(array.reshape(-1) if array.ndim == 0 else array, where)
    if array.dtype.kind not in "mM" or array.ndim != 1:
        if array.ndim == 1 and not array.size:
            return Ticks(array.astype("datetime64[s]"), None)
        raise TypeError(
            f"{what}: expected datetimes or durations, shape (N,); got {described(values)} (text "
            "is read by pandas.to_datetime)"
        )
    missing = np.flatnonzero(np.isnat(array))
    if missing.size:
        raise ValueError(f"{where(missing[0])} is NaT, a missing time; remove such rows")
    if np.datetime_data(array.dtype)[0] in ("generic", "Y", "M") and array.dtype.kind == "m":
        raise TypeError(f"{what}: durations of {array.dtype} have no fixed length; use days")
    if np.datetime_data(array.dtype)[0] in ("Y", "M", "W"):
        array = array.astype("datetime64[D]" if array.dtype.kind == "M" else "timedelta64[D]")
    return Ticks(array, None if array.dtype.kind == "m" else zoned)


def _places(what: str) -> Where:
    return lambda k: f"{what}[{k}]"


def _of_objects(items: NDArray[np.object_], where: Where) -> tuple[NDArray[Any], bool]:
    """Return Python or pandas times as an array, and whether they have zones."""
    result, zoned = [], []
    for k, item in enumerate(items.tolist()):
        if item is None or item != item:
            raise ValueError(f"{where(k)} is {item!r}, a missing time; remove such rows")
        if not isinstance(item, (datetime.datetime, np.datetime64, *_DURATIONS)):
            raise TypeError(f"{where(k)} = {item!r} is no datetime or duration")
        zoned.append(getattr(item, "tzinfo", None) is not None)
        if isinstance(item, _DURATIONS) != isinstance(items[0], _DURATIONS):
            raise TypeError(
                f"{where(k)} = {item} and {where(0)} = {items[0]}: one is a duration and the other "
                "is none"
            )
        if zoned[k] != zoned[0]:
            raise ValueError(
                f"{where(k)} = {item} and {where(0)} = {items[0]}: one has a time zone and the "
                "other has none"
            )
        if hasattr(item, "to_numpy"):  # of pandas, with nanoseconds, and in UTC
            item = item.to_numpy()
        elif isinstance(item, datetime.datetime) and zoned[k]:
            try:
                item = item.astimezone(datetime.UTC).replace(tzinfo=None)
            except OverflowError:
                raise ValueError(f"{where(k)} = {item} is out of range in UTC") from None
        result.append(item if isinstance(item, np.generic) else _ticks_of(item))
    array: NDArray[Any] = np.array(result)
    if len({item.dtype for item in result}) > 1:  # made one unit, which may not fit into 64 bits
        for k, item in enumerate(result):
            if array[k].astype(item.dtype) != item:
                raise ValueError(
                    f"{where(k)} = {item} does not stand beside times in "
                    f"{np.datetime_data(array.dtype)[0]}, which are of other centuries only; "
                    "convert all to one unit"
                )
    return array, bool(zoned and zoned[0])


def _ticks_of(item: datetime.datetime | datetime.timedelta) -> np.generic:
    if isinstance(item, datetime.timedelta):
        return np.timedelta64(item, "us")
    return np.datetime64(item, "us")


def read_origin(origin: Any, starts: Ticks, what: str) -> tuple[Any, str]:
    """Return the origin as a NumPy scalar, and as text; by default the first of all starts."""
    if starts.zoned is None:  # durations count from zero
        if origin is None:
            return np.timedelta64(0, "s"), ""
    elif origin is None:
        if not len(starts.values):
            raise ValueError(f"{what}: without times, give origin=")
        first = starts.values.min()
        return first, text_of(first, starts.zoned)
    try:
        is_text = isinstance(origin, str)
        given = [_parsed(origin) if is_text else origin]
        mine = read_times(np.array(given, object), f"{what}: origin")
    except TypeError:
        raise TypeError(f"{what}: origin = {origin!r} is no time") from None
    if mine.zoned != starts.zoned and len(starts.values):
        words = {True: "has a time zone", False: "has no time zone", None: "is a duration"}
        raise ValueError(
            f"{what}: the origin {words[mine.zoned]}, and the first time {words[starts.zoned]}; "
            "give both alike"
        )
    first = mine.values[0]
    return first, "" if mine.zoned is None else text_of(first, mine.zoned)


def _parsed(text: str) -> datetime.datetime | np.datetime64:
    try:
        whole = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"origin = {text!r} is no ISO 8601 time ({error})") from None
    return whole if whole.tzinfo is not None else np.datetime64(text)


def text_of(time: Any, zoned: bool) -> str:
    """Write a datetime64 in ISO 8601, without zeros at the end of its seconds."""
    text = np.datetime_as_string(time)
    if "T" in text and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text + ("Z" if zoned and "T" in text else "")


def read_spans(
    starts: Any, stops: Any, origin: Any, unit: str, what: str
) -> tuple[NDArray[np.float64], str]:
    """Return starts and stops as numbers, shape (N, 2), and the origin as text.

    Parameters
    ----------
    starts, stops : array_like, shape (N,)
        See `read_times`.
    origin : time, str or None
        By default the first of all starts.
    unit : str
        Of the numbers, which are the nearest float64 to the exact ones.
    what : str
        For messages.

    Raises
    ------
    ValueError
        Where numbers could not tell how long an interval is.
    """
    if unit not in _UNITS:
        raise ValueError(f"{what}: unit = {unit!r}; expected one of {', '.join(_UNITS)}")
    first, last = read_times(starts, f"{what}: starts"), read_times(stops, f"{what}: stops")
    if first.values.shape != last.values.shape:
        raise ValueError(
            f"{what}: there are {len(first.values)} starts and {len(last.values)} stops"
        )
    if first.zoned != last.zoned:
        raise ValueError(
            f"{what}: starts and stops must both have a time zone, both have none, or both be "
            "durations"
        )
    zero, text = read_origin(origin, first, what)
    names = _places(f"{what}: starts"), _places(f"{what}: stops")
    ends, lost = spans_from(first, last, zero, unit, names)
    if lost.size:
        k = lost[0]
        length = (last.values[k] - first.values[k]) / np.timedelta64(1, _UNITS[unit])
        raise ValueError(
            f"{what}: interval {k} is {length:.6g} {unit} long and begins {ends[k, 0]:.6g} "
            f"{unit} after the origin, where float64 does not hold its length; choose a "
            "nearer origin"
        )
    return ends, text


def spans_from(
    first: Ticks, last: Ticks, origin: Any, unit: str, where: tuple[Where, Where]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return starts and stops in units after an origin, shape (N, 2), and which are not exact.

    Parameters
    ----------
    first, last : Ticks
        N starts and stops.
    origin : datetime64 or timedelta64, scalar or shape (N,)
    unit : str
    where : tuple of two callables
        Name of start k and of stop k, for messages.

    Returns
    -------
    ends : ndarray, dtype=float64, shape (N, 2)
        The nearest to the exact numbers.
    lost : ndarray, dtype=int64
        Intervals whose ends were rounded by more than 1e-9 of their length, which is not 0.
    """
    starts, stops = (
        _elapsed(side, origin, _UNITS[unit], name)
        for side, name in zip((first, last), where, strict=True)
    )
    length = (last.values - first.values) / np.timedelta64(1, _UNITS[unit])
    rounded = starts[1] + stops[1]
    lost = np.flatnonzero((rounded > _ROUNDING * abs(length)) & (length != 0.0))
    return np.stack([starts[0], stops[0]], axis=1), lost


def _elapsed(
    times: Ticks, origin: Any, unit: Any, where: Where
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times in units after the origin, and a bound of their rounding."""
    if not len(times.values):
        return np.empty(0), np.empty(0)
    names: tuple[Any, ...] = (
        *(np.datetime_data(time.dtype)[0] for time in (times.values, origin)),
        unit,
    )
    finest = min(names, key=lambda name: np.timedelta64(1, name) / np.timedelta64(1, "D"))
    kind = "timedelta64" if times.zoned is None else "datetime64"
    mine, zero = times.values.astype(f"{kind}[{finest}]"), origin.astype(f"{kind}[{finest}]")
    apart = mine.astype(np.float64) - zero.astype(np.int64).astype(np.float64)
    # A change of unit that does not fit into 64 bits wraps around.
    wrong = (mine.astype(times.values.dtype) != times.values) | (abs(apart) > 2.0**62)
    wrong |= zero.astype(origin.dtype) != origin
    if wrong.any():
        k = int(wrong.argmax())
        raise ValueError(
            f"{where(k)} = {times.values[k]} is too far from the origin "
            f"{np.broadcast_to(origin, wrong.shape)[k]} for whole numbers of {finest}; convert "
            "the times to a coarser unit"
        )
    ticks = mine.astype(np.int64) - zero.astype(np.int64)
    per = int(np.timedelta64(1, unit) // np.timedelta64(1, finest))
    whole, rest = np.divmod(ticks, per)
    result = np.where(abs(ticks) < 2**53, ticks / per, whole + rest / per)
    # Whole numbers, halves, quarters, ... are exact; others are within half a last place.
    exact = rest * _PARTS % per == 0
    return result, np.where(exact, 0.0, 0.5 * np.spacing(abs(result)))
