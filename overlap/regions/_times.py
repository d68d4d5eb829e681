"""Times as numbers: whole ticks of a clock, exactly, from an origin."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.regions._numbers import described, unmasked

__all__ = ["Ticks", "are_times", "read_spans"]

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


def read_times(values: Any, what: str) -> Ticks:
    """Read datetimes or durations.

    Parameters
    ----------
    values : array_like, shape (N,)
        datetime64, timedelta64, pandas columns with or without a time zone, or Python objects.
    what : str
        For messages.

    Raises
    ------
    TypeError, ValueError
        For what is no time, for missing times (NaT), and for a mixture of times with and without
        a zone; with the index.
    """
    values = unmasked(values, what)
    zone = getattr(getattr(values, "dtype", None), "tz", None)
    if zone is not None:  # a pandas column or index
        import pandas as pd

        values = pd.DatetimeIndex(values).tz_convert("UTC").tz_localize(None)
    array = np.asarray(values)
    zoned: bool | None = zone is not None
    if array.dtype.kind == "O":
        array, zoned = _of_objects(array.reshape(-1) if array.ndim == 0 else array, what)
    if array.dtype.kind not in "mM" or array.ndim != 1:
        if array.ndim == 1 and not array.size:
            return Ticks(array.astype("datetime64[s]"), None)
        raise TypeError(
            f"{what}: expected datetimes or durations, shape (N,); got {described(values)} (text "
            "is read by pandas.to_datetime)"
        )
    missing = np.flatnonzero(np.isnat(array))
    if missing.size:
        raise ValueError(f"{what}[{missing[0]}] is NaT, a missing time; remove such rows")
    if np.datetime_data(array.dtype)[0] in ("generic", "Y", "M") and array.dtype.kind == "m":
        raise TypeError(f"{what}: durations of {array.dtype} have no fixed length; use days")
    if np.datetime_data(array.dtype)[0] in ("Y", "M", "W"):
        array = array.astype("datetime64[D]" if array.dtype.kind == "M" else "timedelta64[D]")
    return Ticks(array, None if array.dtype.kind == "m" else zoned)


def _of_objects(items: NDArray[np.object_], what: str) -> tuple[NDArray[Any], bool]:
    """Return Python or pandas times as an array, and whether they have zones."""
    result, zoned = [], []
    for k, item in enumerate(items.tolist()):
        if item is None or item != item:
            raise ValueError(f"{what}[{k}] is {item!r}, a missing time; remove such rows")
        zoned.append(getattr(item, "tzinfo", None) is not None)
        if zoned[k] != zoned[0]:
            raise ValueError(
                f"{what}[{k}] = {item} and {what}[0] = {items[0]}: one has a time zone and the "
                "other has none"
            )
        if hasattr(item, "to_numpy"):  # of pandas, with nanoseconds, and in UTC
            item = item.to_numpy()
        elif zoned[k]:
            item = item.astimezone(datetime.UTC).replace(tzinfo=None)
        if not isinstance(
            item, (datetime.datetime, datetime.timedelta, np.datetime64, np.timedelta64)
        ):
            raise TypeError(f"{what}[{k}] = {item!r} is no datetime or duration")
        result.append(item if isinstance(item, np.generic) else _ticks_of(item))
    return np.array(result), bool(zoned and zoned[0])


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
        return first, _text(first, starts.zoned)
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
    return first, "" if mine.zoned is None else _text(first, mine.zoned)


def _parsed(text: str) -> datetime.datetime | np.datetime64:
    try:
        whole = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"origin = {text!r} is no ISO 8601 time ({error})") from None
    return whole if whole.tzinfo is not None else np.datetime64(text)


def _text(time: Any, zoned: bool) -> str:
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
    ends = [
        _elapsed(side, zero, _UNITS[unit], f"{what}: {name}")
        for side, name in ((first, "starts"), (last, "stops"))
    ]
    exact = (last.values - first.values) / np.timedelta64(1, _UNITS[unit])
    lost = np.flatnonzero(abs((ends[1] - ends[0]) - exact) > _ROUNDING * abs(exact))
    if lost.size:
        k = lost[0]
        raise ValueError(
            f"{what}: interval {k} is {exact[k]:.6g} {unit} long and begins {ends[0][k]:.6g} "
            f"{unit} after the origin, where float64 does not hold its length; choose a "
            "nearer origin"
        )
    return np.stack(ends, axis=1), text


def _elapsed(times: Ticks, origin: Any, unit: Any, what: str) -> NDArray[np.float64]:
    """Return how many units after the origin times are."""
    if not len(times.values):
        return np.empty(0)
    names: tuple[Any, ...] = (
        *(np.datetime_data(time.dtype)[0] for time in (times.values, origin)),
        unit,
    )
    finest = min(names, key=lambda name: np.timedelta64(1, name) / np.timedelta64(1, "D"))
    kind = "timedelta64" if times.zoned is None else "datetime64"
    mine, zero = times.values.astype(f"{kind}[{finest}]"), origin.astype(f"{kind}[{finest}]")
    apart = mine.astype(np.float64) - float(zero.astype(np.int64))
    # A change of unit that does not fit into 64 bits wraps around.
    wrong = (mine.astype(times.values.dtype) != times.values) | (abs(apart) > 2.0**62)
    if wrong.any() or zero.astype(origin.dtype) != origin:
        k = int(wrong.argmax())
        raise ValueError(
            f"{what}[{k}] = {times.values[k]} is too far from the origin {origin} for whole "
            f"numbers of {finest}; convert the times to a coarser unit"
        )
    ticks = mine.astype(np.int64) - zero.astype(np.int64)
    per = int(np.timedelta64(1, unit) // np.timedelta64(1, finest))
    whole, rest = np.divmod(ticks, per)
    return np.where(abs(ticks) < 2**53, ticks / per, whole + rest / per)
