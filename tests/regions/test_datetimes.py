"""Intervals of datetimes: exact, from one origin, and never compared with others."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import overlap as ov

NOW = 1_700_000_000_123_456_789  # ns since 1970
make = ov.Intervals.from_datetimes


def _ns(*ticks: int) -> np.ndarray:
    return np.array(ticks, "datetime64[ns]")


def test_nanoseconds_are_told_apart() -> None:
    """Read as numbers, both intervals are empty or wrong by half."""
    start = _ns(NOW)
    for unit in ("s", "ms", "us", "ns"):
        short, long = (make(start, _ns(NOW + k), origin=start[0], unit=unit) for k in (1, 2))
        assert ov.iou(short, long)[0] == pytest.approx(0.5, abs=1e-15)
        assert unit != "ns" or ov.iou(short, long)[0] == 0.5
    with pytest.raises(ValueError, match="whole number 1700000000123456789"):
        ov.Intervals([[NOW, NOW + 1]])
    with pytest.raises(ValueError, match=r"interval 0 is 1e-09 s long and begins 1.7e\+09 s after"):
        make(start, _ns(NOW + 1), origin="1970-01-01")


def test_numbers_are_the_nearest_to_the_exact_ones() -> None:
    rng = np.random.default_rng(0)
    ticks = NOW + np.sort(rng.integers(0, 10**15, (500, 2)), axis=1)
    for unit, per in (("s", 10**9), ("ms", 10**6), ("min", 60 * 10**9), ("D", 86400 * 10**9)):
        got = make(_ns(*ticks[:, 0]), _ns(*ticks[:, 1]), origin=_ns(NOW)[0], unit=unit)
        wanted = [[float(Fraction(int(k) - NOW, per)) for k in row] for row in ticks]
        assert got.to_array().tolist() == wanted
        assert got.unit.startswith(f"{unit} since 2023-11-14T22:13:20.1234")


def test_resolutions_mix() -> None:
    days = np.array(["2024-01-01"], "datetime64[D]")
    seconds = np.array(["2024-01-02T00:00:01"], "datetime64[s]")
    assert make(days, seconds).to_array().tolist() == [[0.0, 86401.0]]
    months = np.array(["2024-01", "2024-02"], "datetime64[M]")
    assert make(months[:1], months[1:], unit="D").to_array().tolist() == [[0.0, 31.0]]


@pytest.mark.parametrize("form", ["array", "series", "index", "objects", "timestamps", "frame"])
def test_whatever_holds_times(form: str) -> None:
    array = np.array(["2024-01-01T10:00:00", "2024-01-01T11:30:00"], "datetime64[us]")
    series = pd.Series(array)
    given = {
        "array": array,
        "series": series,
        "index": pd.DatetimeIndex(series),
        "objects": array.astype(object),
        "timestamps": list(series),
        "frame": pd.DataFrame({"t": series})["t"],
    }[form]
    got = make(given, given + pd.Timedelta("90s") if form != "timestamps" else list(
        series + pd.Timedelta("90s")), origin="2024-01-01")  # fmt: skip
    assert got.to_array().tolist() == [[36000.0, 36090.0], [41400.0, 41490.0]]
    assert got.unit == "s since 2024-01-01"


def test_time_zones() -> None:
    naive = pd.Series(pd.to_datetime(["2024-03-31 01:30", "2024-03-31 03:30"]))
    zoned = naive.dt.tz_localize("Europe/Berlin")  # the clock was put forward in between
    got = make(zoned[:1], zoned[1:])
    assert got == ov.Intervals([[0.0, 3600.0]], unit="s since 2024-03-31T00:30:00Z")
    objects = [dt.datetime(2024, 3, 31, 0, 30, tzinfo=dt.UTC)]
    assert make(objects, zoned[1:], origin=objects[0]) == got
    assert make(objects, list(zoned[1:]), origin="2024-03-31T00:30+00:00") == got
    with pytest.raises(ValueError, match="starts and stops must both have a time zone"):
        make(zoned, naive)
    with pytest.raises(ValueError, match="the origin has no time zone, and the first time has a"):
        make(zoned, zoned, origin="2024-01-01")
    with pytest.raises(ValueError, match=r"starts\[1\] = .*one has a time zone and the other"):
        make([objects[0], dt.datetime(2024, 1, 1)], zoned)
    with pytest.raises(ValueError, match="build both with the same origin="):
        ov.iou(got, make(naive[:1], naive[1:]))


def test_durations_count_from_zero() -> None:
    start, stop = np.array([1500], "timedelta64[ms]"), np.array([3], "timedelta64[s]")
    assert make(start, stop) == ov.Intervals([[1.5, 3.0]], unit="s")
    assert make([dt.timedelta(hours=1)], [dt.timedelta(days=1)], unit="h").stop[0] == 24.0


def test_two_origins_are_never_compared() -> None:
    found, truth = (make(_ns(NOW + k), _ns(NOW + k + 10)) for k in (0, 1))
    with pytest.raises(ValueError, match="build both with the same origin="):
        ov.iou(found, truth)
    with pytest.raises(ValueError, match="convert one"):
        ov.iou(found, ov.Intervals([[0, 1]], unit="s"))


@pytest.mark.parametrize(
    ("starts", "stops", "settings", "message"),
    [
        (["2024-01-01", "NaT"], ["2025", "2025"], {}, r"starts\[1\] is NaT, a missing time"),
        (["2024-01-01"], ["NaT"], {}, r"stops\[0\] is NaT"),
        (["2024-01-01"], ["2023-01-01"], {}, r"stop\[0\] = .* is before start\[0\]"),
        (["2024-01-01"], ["2025", "2026"], {}, "there are 1 starts and 2 stops"),
        (["2024-01-01"], ["2025"], {"unit": "m"}, "unit = 'm'; expected one of D, h, min, s"),
        (["2024-01-01"], ["2025"], {"origin": "soon"}, "origin = 'soon' is no ISO 8601 time"),
        (["0001-01-01"], ["2025"], {"origin": _ns(NOW)[0]}, "is too far from the origin"),
        ([], [], {}, None),
    ],
)
def test_bad_times(starts, stops, settings, message) -> None:
    sides = (np.array(side, "datetime64[s]") for side in (starts, stops))
    if message is None:
        with pytest.raises(ValueError, match="without times, give origin="):
            make(*sides)
        return
    with pytest.raises(ValueError, match=message):
        make(*sides, **settings)


def test_what_is_no_time() -> None:
    for wrong in ([1.0], ["2024-01-01"], np.array([[1]], "datetime64[s]"), [dt.date(2024, 1, 1)]):
        with pytest.raises(TypeError, match=r"expected datetimes or durations|is no datetime"):
            make(wrong, wrong)
    with pytest.raises(TypeError, match="origin = 5 is no time"):
        make(_ns(NOW), _ns(NOW), origin=5)
    with pytest.raises(ValueError, match=r"starts\[0\] is NaT"):
        make([pd.NaT], [pd.NaT])
    for times in (_ns(NOW, NOW).reshape(1, 2), pd.DataFrame({"start": _ns(NOW), "stop": _ns(NOW)})):
        with pytest.raises(TypeError, match=r"use Intervals.from_datetimes"):
            ov.Intervals(times)


def test_objects_that_are_not_alike() -> None:
    """NumPy counts a duration from 1970, and wraps years that have no nanoseconds."""
    mixed = [np.datetime64("2024-01-01"), np.timedelta64(1, "s")]
    with pytest.raises(TypeError, match=r"starts\[1\] = 1 seconds and .*one is a duration and the"):
        make(np.array(mixed, object), np.array(mixed, object))
    far = np.array([np.datetime64("3024-01-01T00", "s"), _ns(NOW)[0]], object)
    with pytest.raises(
        ValueError, match=r"starts\[0\] = 3024-.* does not stand beside times in ns"
    ):
        make(far, far)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize("form", ["named", "unnamed", "list", "mapping", "durations"])
def test_times_given_as_numbers_say_what_to_use(form: str, zone: str) -> None:
    times = pd.Series(_ns(NOW, NOW + 5)).dt.tz_localize(zone)
    frame = pd.DataFrame({"start": times, "stop": times})
    given = {
        "named": frame,
        "unnamed": frame.set_axis([0, 1], axis=1),
        "list": [[times[0], times[1]]],
        "mapping": {"start": list(times), "stop": list(times)},
        "durations": [[dt.timedelta(0), dt.timedelta(1)]],
    }[form]
    with pytest.raises(TypeError, match=r"use Intervals.from_datetimes\(starts, stops\)"):
        ov.Intervals(given)


class _Polars:
    """What polars has of a table, and of a column with a time zone."""

    columns = ("a", "b")

    def __init__(self, columns: list[list[float]]) -> None:
        self._columns = columns

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._columns, float).T

    def get_columns(self) -> list:
        return [type("Column", (), {"to_list": lambda _, x=x: x})() for x in self._columns]


def test_tables_that_mix_floats_with_large_integers() -> None:
    """polars makes one type of all columns before anybody can look at them."""
    for columns in ([[0.5], [2**53 + 1]], [[0], [2**53 + 1]]):
        with pytest.raises(ValueError, match=r"whole number 9007199254740993 at \[0, 1\]"):
            ov.Intervals(_Polars(columns))
    assert ov.Intervals(_Polars([[0.5], [2**53 + 2]])).stop[0] == 2.0**53 + 2


def test_the_first_hours_of_year_one() -> None:
    first = [dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2)))]
    with pytest.raises(ValueError, match=r"starts\[0\] = 0001-.* is out of range in UTC"):
        make(first, first)


def test_columns_with_the_zone_of_polars() -> None:
    class Column:
        dtype = type("Datetime", (), {"time_zone": "Europe/Berlin"})()

        def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
            return _ns(NOW)

    assert make(Column(), Column()).unit.endswith("Z")


def test_empty_intervals_are_kept() -> None:
    assert make(_ns(NOW + 3), _ns(NOW + 3), origin="2000-01-01").measure().tolist() == [0.0]


def test_polars() -> None:
    pl = pytest.importorskip("polars")
    for names in (("a", "b"), ("start", "stop")):
        with pytest.raises(ValueError, match="whole number 9007199254740993 at"):
            ov.Intervals(pl.DataFrame(dict(zip(names, ([0.5], [2**53 + 1]), strict=True))))
    zoned = pl.DataFrame({"start": [dt.datetime(2024, 1, 1, tzinfo=dt.UTC)]})["start"]
    assert make(zoned, zoned).unit == "s since 2024-01-01T00:00:00Z"
