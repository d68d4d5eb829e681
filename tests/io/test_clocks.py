"""Datetimes in tables of segments, against Python's own datetimes and fractions."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from overlap.io import as_segments
from overlap.io.segment_match import compare
from overlap.io.segments import on_one_clock

NOW = 1_700_000_000_123_456_789  # ns since 1970


def _frame(starts, stops, **columns):
    count = len(starts)
    base = {"video": ["a"] * count, "start": starts, "stop": stops, "label": ["x"] * count}
    return pd.DataFrame({**base, **columns})


def _stamps(ticks, unit="ns"):
    return pd.Series(np.array(ticks).astype(f"M8[{unit}]"))


def test_seconds_are_the_nearest_to_the_exact_ones() -> None:
    rng = np.random.default_rng(0)
    starts = NOW + rng.integers(0, 10**14, 300)
    stops = starts + rng.integers(10**9, 10**12, 300)
    videos = rng.integers(0, 5, 300)
    table = as_segments(_frame(_stamps(starts), _stamps(stops), video=videos), role="truth")
    for k in range(300):
        first = min(int(s) for s, v in zip(starts, videos, strict=True) if v == videos[k])
        assert table.start[k] == float(Fraction(int(starts[k]) - first, 10**9))
        assert table.stop[k] == float(Fraction(int(stops[k]) - first, 10**9))
    assert table.times.astype(np.int64).tolist() == np.stack([starts, stops], 1).tolist()
    assert not table.times.flags.writeable
    again = as_segments(table.to_frame(), role="truth")
    assert (again.start == table.start).all()
    assert (again.times == table.times).all()


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("form", ["column", "objects", "python", "text", "csv"])
def test_whatever_holds_times(form, zone, tmp_path) -> None:
    where = None if zone is None else ZoneInfo(zone)
    wall = [dt.datetime(2024, 3, 31, 1, 30, 0, 250_000), dt.datetime(2024, 3, 31, 12)]
    starts = [time.replace(tzinfo=where) for time in wall]  # clocks change in between in Berlin
    stops = [time + dt.timedelta(seconds=90, microseconds=1) for time in starts]
    if form == "column":
        frame = _frame(pd.Series(starts), pd.Series(stops))
    elif form == "objects":
        frame = _frame(pd.Series(starts).astype(object), pd.Series(stops).astype(object))
    elif form == "python":
        frame = _frame(pd.Series(starts, dtype=object), pd.Series(stops, dtype=object))
    else:
        frame = _frame([x.isoformat() for x in starts], [x.isoformat(" ") for x in stops])
    source = frame
    if form == "csv":
        source = tmp_path / "truth.csv"
        frame.to_csv(source, index=False)
    table = as_segments(source, role="truth")
    utc = [[time.astimezone(dt.UTC) if zone else time for time in side] for side in (starts, stops)]
    for column, side in zip((table.start, table.stop), utc, strict=True):
        exact = [(time - utc[0][0]) // dt.timedelta(microseconds=1) for time in side]
        assert column.tolist() == [float(Fraction(x, 10**6)) for x in exact]
    assert table.zoned == (zone is not None)
    assert str(table.origin[0])[:22] == utc[0][0].replace(tzinfo=None).isoformat()[:22]
    assert ("Z" in table.where(0)) == table.zoned


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00"),
        ("2024-01-31 10:00:00.000000001+05:30", "2024-01-31T04:30:00.000000001"),
        ("2024-01-31T10:00-0100", "2024-01-31T11:00:00"),
        ("2024-01-31T00:30:00+01", "2024-01-30T23:30:00"),
    ],
)
def test_text_in_iso_8601(text: str, wanted: str) -> None:
    table = as_segments(_frame([text], [text]), role="truth")
    assert table.times[0, 0] == np.datetime64(wanted)
    assert table.zoned


def test_durations_are_seconds() -> None:
    frame = _frame(pd.to_timedelta(["100ms", "1h"]), pd.to_timedelta(["3s", "2D"]))
    table = as_segments(frame.assign(video_duration=pd.Timedelta("3D")), role="truth")
    assert table.times is None
    assert table.start.tolist() == [0.1, 3600.0]
    assert table.stop.tolist() == [3.0, 172800.0]
    assert table.duration.tolist() == [259200.0]


def test_rows_without_a_segment() -> None:
    times = _stamps([NOW, NOW])
    for given in (times, times.dt.tz_localize("UTC"), times - times[0]):
        frame = _frame(given, given).astype({"label": object})
        frame["video"] = ["a", "b"]
        frame.loc[0, ["start", "stop", "label"]] = [pd.NaT, pd.NaT, None]
        table = as_segments(frame, role="truth")
        assert table.videos == ("a", "b")
        assert table.video.tolist() == [1]
        if table.origin is not None:
            assert np.isnat(table.origin).tolist() == [True, False]
            assert table == as_segments(frame, role="truth")
            assert table.select([0]) == table


def test_tables_meet_on_the_origin_of_the_truth() -> None:
    """Exactly, in whatever zone, unit and order they come."""
    truth = _frame(_stamps([NOW + 5 * 10**9, NOW]), _stamps([NOW + 6 * 10**9, NOW + 1]))
    found = _frame(
        _stamps([NOW // 1000 - 10**6, NOW // 1000], "us").dt.tz_localize("UTC"),
        _stamps([NOW // 1000, NOW // 1000 + 7], "us").dt.tz_localize("UTC"),
        video=["a", "b"],
        score=[1.0, 0.5],
    )
    for column in ("start", "stop"):
        truth[column] = truth[column].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    sides = on_one_clock(
        {"truth": as_segments(truth, role="truth"), "found": as_segments(found, role="found")}
    )
    assert sides["truth"].start.tolist() == [5.0, 0.0]
    exact = [Fraction((NOW // 1000 - 10**6) * 1000 - NOW, 10**9), Fraction(0)]
    assert sides["found"].start.tolist() == [float(x) for x in exact]
    assert sides["found"].stop[1] == float(Fraction(7, 10**6))
    assert sides["found"].origin[0] == sides["truth"].origin[0] == np.datetime64(NOW, "ns")


def test_too_long_for_seconds_in_float64() -> None:
    """A nanosecond a year later is refused; what float64 holds is not."""
    year = 365 * 86400 * 10**9
    with pytest.raises(
        ValueError, match=r"DataFrame, row 1: the segment is 1e-09 s long and begins"
    ):
        as_segments(
            _frame(_stamps([NOW, NOW + year]), _stamps([NOW + 1, NOW + year + 1])), role="truth"
        )
    whole = as_segments(
        _frame(_stamps([NOW, NOW + year]), _stamps([NOW + 1, NOW + year + 10**9])), role="truth"
    )
    assert whole.stop[1] - whole.start[1] == 1.0
    for span, length in ((year // 365, 15), (year, 4_000)):  # ms, as the page of quirks says
        start, stop = NOW // 10**6 + 1 + span // 10**6 - length, NOW // 10**6 + 1 + span // 10**6
        stamps = [_stamps([NOW // 10**6 * 10**6, k * 10**6]) for k in (start, stop)]
        as_segments(_frame(*stamps), role="truth")
    empty = _frame(_stamps([NOW, NOW + year + 3]), _stamps([NOW + 1, NOW + year + 3]))
    assert as_segments(empty, role="truth").select([1]).stop == pytest.approx(year / 1e9)
    apart = _frame(_stamps([NOW, NOW + year]), _stamps([NOW + 1, NOW + year + 1]), video=["a", "b"])
    assert as_segments(apart, role="truth").stop.tolist() == [1e-9, 1e-9]


@pytest.mark.parametrize(
    ("start", "stop", "message"),
    [
        ("NaT", "2024", "row 1: start is NaT, a missing time"),
        ("2025", "2024", r"stop 2024-01-01T00:00:00 is before start 2025-01-01T00:00:00 \(a neg"),
        ("0001", "0002", None),
    ],
)
def test_bad_columns(start, stop, message) -> None:
    frame = _frame(
        np.array(["2024-01-01", start], "M8[s]"), np.array(["2024-01-02", stop], "M8[s]")
    )
    if message is None:
        assert as_segments(frame, role="truth").times.dtype == "M8[us]"
        return
    with pytest.raises(ValueError, match=message):
        as_segments(frame, role="truth")


ZONED = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("starts", "stops", "message"),
    [
        (["2024-01-01"], ["2024-01-02"], "start is '2024-01-01'; wanted a date, a time and"),
        (["10:05"], ["10:07"], "start is '10:05'; wanted a finite number of seconds, or"),
        (["01/02/2024 10:00"], ["5"], "wanted a finite number of seconds, or in every row a time"),
        (["20240101T100000"], ["5"], "or in every row a time such as 2024-01-31T10:00:00"),
        (["2024-02-30T10:00"], ["2024-03-01T10:00"], "cannot be read"),
        (["2024-02-03T10:00+25:00"], ["2024-03-01T10:00Z"], "there is no such time zone"),
        (["2024-02-03T10:00:00.1234567891"], ["2024-03-01T10:00"], "wanted a date, a time"),
        (["3024-02-03T10:00:00.12345678"], ["3025-03-01T10:00"], "only the years 1678 to 2261"),
        (["2024-02-03T10:00Z"], ["2024-03-01T10:00"], "start is with a time zone and stop is wi"),
        (["2024-02-03T10:00"], [5], "write both as times, or both as seconds"),
        ([ZONED], [dt.timedelta(1)], "start is with a time zone and stop is a duration"),
        ([ZONED, ZONED], [ZONED, 7.0], r"row 1: stop = 7.0 is no datetime or duration; write"),
        ([7.0, ZONED], [8.0, ZONED], "row 1: start is .*wanted a finite number of seconds, or in"),
        ([ZONED, ZONED.replace(tzinfo=None)], [ZONED] * 2, "one has a time zone and the other"),
        ([dt.date(2024, 1, 1)], [dt.date(2024, 1, 2)], "or in every row a time such as"),
    ],
)
def test_times_that_are_not_read(starts, stops, message) -> None:
    frame = _frame(pd.Series(starts, dtype=object), pd.Series(stops, dtype=object))
    with pytest.raises(ValueError, match=message):
        as_segments(frame, role="truth")


def test_json_has_times_too() -> None:
    day = pd.Timestamp("2024-01-31 10:00", tz="Europe/Berlin")
    for segment in (
        ["2024-01-31T10:00:00+01:00", "2024-01-31T09:00:01.5Z"],
        [day, day + pd.Timedelta("1500ms")],
    ):
        entry = {"annotations": [{"segment": segment, "label": "x"}]}
        table = as_segments({"database": {"a": entry}}, role="truth")
        assert table.stop.tolist() == [1.5]
        assert table.where(0).endswith("2024-01-31T09:00:00Z to 2024-01-31T09:00:01.5Z)")


def test_what_check_says_of_two_clocks() -> None:
    day = _stamps([NOW])
    truth = as_segments(_frame(day, day + pd.Timedelta("1min")), role="truth")
    late = day + pd.Timedelta("2h")
    found = as_segments(_frame(late, late + pd.Timedelta("1min"), score=1.0), role="found")
    assert "about 2 h after those of the truth" in compare(truth, found)[0]
    assert compare(truth, as_segments(_frame(day, late, score=1.0), role="found")) == []
    plain = as_segments(_frame([0.0], [1.0], score=1.0), role="found")
    said = compare(truth, plain)[0]
    assert "truth (DataFrame) has datetimes and found (DataFrame) has plain seconds" in said
    zoned = as_segments(
        _frame(late.dt.tz_localize("UTC"), late.dt.tz_localize("UTC"), score=1.0), role="found"
    )
    said = compare(truth, zoned)[0]
    assert "found (DataFrame) has times with a time zone and truth (DataFrame) has" in said
