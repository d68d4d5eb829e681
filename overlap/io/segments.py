"""Tables of labelled time segments of videos, from any file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from overlap.io._columns import RawSegments, Where, are_times, numbered, to_float64
from overlap.io.boundary import reads_file
from overlap.io.printable import brief, number_of
from overlap.io.segment_table import SegmentTable, frozen

__all__ = ["MissingConfidenceError", "SegmentTable", "as_segments", "on_one_clock", "table_of"]

Role = Literal["truth", "found", "ambiguous"]
_ROLES = ("truth", "found", "ambiguous")


class MissingConfidenceError(ValueError):
    """Missing confidences of predictions, which cannot be ranked without them."""


@reads_file
def as_segments(
    source: Any,
    *,
    role: Role,
    ranked: bool = True,
    labelled: bool = True,
    columns: Mapping[str, str] | None = None,
) -> SegmentTable:
    """Read labelled segments from a file, a DataFrame or parsed JSON.

    Parameters
    ----------
    source : str, Path, mapping, sequence, pandas.DataFrame or SegmentTable
        A file or folder of one of the forms that `overlap.io.segment_sources` lists, plain or
        gzipped; the content of a JSON file; a DataFrame. Column names are matched as
        `overlap.io.tables` documents. Starts and stops are
        seconds, durations (timedelta64), or datetimes: datetime64, pandas or Python objects with
        or without a time zone, or text in ISO 8601 with date and time.
    role : {"truth", "found", "ambiguous"}
        Role of the segments. ``"found"`` must have confidences; ``"ambiguous"`` may come
        without labels, and is then ambiguous throughout.
    ranked : bool
        Whether those of ``"found"`` must have confidences.
    labelled : bool
        Whether segments have labels. Otherwise none are needed, and all have the label
        ``"segment"``.
    columns : mapping from str to str, optional
        Columns of a table by what they hold: ``{"start": "t0"}``. Others are found by name.

    Returns
    -------
    SegmentTable
        A SegmentTable is returned as it is.

    Raises
    ------
    ValueError
        The input cannot be read, a row is bad (NaN, infinite, reversed, not a number,
        missing), datetimes are mixed with seconds or with and without a time zone, or a
        results file was given as truth or the reverse. The message names the file and the row or
        key.
    MissingConfidenceError
        `role` is ``"found"`` and there are no confidences. It is a ValueError.
    OSError
        The file is missing or may not be read.
    TypeError
        `source` is of none of these types.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame(
    ...     [["v1", 0.5, 2.0, "jump", 0.9]],
    ...     columns=["video-id", "t-start", "t-end", "label", "score"],
    ... )
    >>> as_segments(frame, role="found").confidence
    array([0.9])
    """
    if role not in _ROLES:
        raise ValueError(f"as_segments: role is {role!r}; wanted one of {', '.join(_ROLES)}")
    if isinstance(source, SegmentTable):
        table = source
    else:
        # Readers are imported by those who need them: start-up time is part of the command line.
        from overlap.io.segment_sources import read_segments

        raw = read_segments(source, role=role, ranked=ranked, labelled=labelled, columns=columns)
        table = table_of(raw)
    if not labelled:
        table = _of_one_label(table)
    if role == "found" and ranked and table.confidence is None:
        raise MissingConfidenceError(
            f"{table.source}: predictions need a confidence each, and there is none; add a "
            "column 'score' (or check that truth and found are not swapped)"
        )
    return table


def _of_one_label(table: SegmentTable) -> SegmentTable:
    """Give all segments one label."""
    findings = table.findings
    if "Ambiguous" in table.labels[1:] or (table.labels[:1] == ("Ambiguous",) != table.labels):
        count = int((table.label == table.labels.index("Ambiguous")).sum())
        findings += (
            f"{table.source}: {number_of(count, 'row')} labelled 'Ambiguous' count as segments, "
            "because labels are not looked at; to ignore them, take them out and give them as "
            "ambiguous",
        )
    label = np.zeros(len(table), dtype=np.int64)
    one = ("segment",) if len(table) else ()
    return replace(table, labels=one, label=label, label_ids=(), findings=findings)


def table_of(raw: RawSegments) -> SegmentTable:
    """Check values and build the table.

    Parameters
    ----------
    raw : RawSegments

    Raises
    ------
    ValueError
        A value is bad; see `as_segments`.
    """
    where = raw.where
    video = np.asarray(raw.video, dtype=np.int64)
    times = origin = None
    zoned: bool | None = None
    if len(video) and (are_times(raw.start) or are_times(raw.stop)):
        # Readers of times are imported where they are needed.
        from overlap.io.clocks import first_starts, in_seconds, read_ends, text_of

        if are_times(raw.start) != are_times(raw.stop):
            raise ValueError(
                f"{where(0)}: start is {brief(raw.start[0])} and stop is {brief(raw.stop[0])}; "
                "write both as times, or both as seconds"
            )
        times, zoned = read_ends(raw.start, raw.stop, where)
        _check_order(times[:, 0], times[:, 1], where, lambda time: text_of(time, bool(zoned)))
        zero: Any = np.timedelta64(0, "s")
        if zoned is not None:
            origin = first_starts(times, video, len(raw.videos))
            zero = origin[video]
        start, stop = in_seconds(times, zero, zoned, where)
        times = times if zoned is not None else None
    else:
        start = _seconds(raw.start, "start", where)
        stop = _seconds(raw.stop, "stop", where)
        _check_order(start, stop, where, lambda value: repr(float(value)))
    confidence = raw.confidence
    if confidence is not None:
        confidence = to_float64(confidence, "confidence", where, unit="")
    labels, label = numbered(raw.label, "label", where)
    return frozen(
        SegmentTable(
            videos=tuple(raw.videos),
            labels=tuple(labels),
            video=video,
            label=label,
            start=start,
            stop=stop,
            confidence=confidence,
            duration=raw.duration,
            subset=tuple(raw.subset),
            source=raw.source,
            sha256=raw.sha256,
            row=_rows(raw.row),
            times=times,
            origin=origin,
            zoned=bool(zoned),
            findings=raw.findings,
            unnamed=raw.unnamed,
            frame_rate=raw.frame_rate,
            label_ids=tuple((raw.label_ids or {}).items()),
        )
    )


def _rows(row: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return numbers of rows; those of a range one by one would take longer than all the rest."""
    if isinstance(row, range):
        return np.arange(row.start, row.stop, row.step, dtype=np.int64)
    return np.asarray(row, dtype=np.int64)


def _seconds(values: Any, field: str, where: Where) -> NDArray[np.float64]:
    """Return numbers of seconds, which may be written as ``00:01:02.50``."""
    first = values[0] if isinstance(values, list) and values else None
    if isinstance(first, str) and ":" in first:
        from overlap.io.clocks import are_timestamps, timestamps

        if are_timestamps(values):
            return timestamps(values, field, where)
    return to_float64(values, field, where)


def _check_order(
    start: NDArray[Any], stop: NDArray[Any], where: Where, shown: Callable[[Any], str]
) -> None:
    reversed_rows = np.flatnonzero(stop < start)
    if reversed_rows.size:
        index = int(reversed_rows[0])
        raise ValueError(
            f"{where(index)}: stop {shown(stop[index])} is before start "
            f"{shown(start[index])} (a negative duration; {reversed_rows.size} such "
            f"row{'s' if reversed_rows.size > 1 else ''}); swap them or drop the row"
        )


def on_one_clock(tables: Mapping[str, SegmentTable]) -> dict[str, SegmentTable]:
    """Count the seconds of several tables from the same time in each video.

    Parameters
    ----------
    tables : mapping from str to SegmentTable
        By role. The first that has segments of a video gives it its origin, the first start.

    Returns
    -------
    dict of str to SegmentTable
        Tables of plain seconds are returned as they are.

    Raises
    ------
    ValueError
        One has times and another plain seconds, or one has a time zone and another has none.
    """
    given = {role: table for role, table in tables.items() if len(table)}
    dated = {role: table for role, table in given.items() if table.times is not None}
    if not dated:
        return dict(tables)
    role, first = next(iter(dated.items()))
    for other, table in given.items():
        if table.times is None:
            raise ValueError(
                f"{role} ({first.source}) has datetimes and {other} ({table.source}) has plain "
                "seconds; give times on both sides, or subtract the beginning of each video from "
                "the times"
            )
        if table.zoned != first.zoned:
            pair = (role, first), (other, table)
            with_zone, without = pair if first.zoned else pair[::-1]
            raise ValueError(
                f"{with_zone[0]} ({with_zone[1].source}) has times with a time zone and "
                f"{without[0]} ({without[1].source}) has times without one; say which zone these "
                "are of, such as column.dt.tz_localize('UTC')"
            )
    # Imported by those who need it, as in `table_of`.
    from overlap.io.clocks import in_seconds

    # An origin that is rounded down serves as well, since all tables have the same.
    fine = all(table.times.dtype == "M8[ns]" for table in dated.values())  # type: ignore[union-attr]
    dtype = np.dtype("M8[ns]" if fine else "M8[us]")
    origins: dict[str, np.datetime64] = {}
    for table in dated.values():
        assert table.origin is not None
        starts = table.origin.astype(dtype)
        for name, origin in zip(table.videos, starts, strict=True):
            if not np.isnat(origin):
                origins.setdefault(name, origin)
    missing = np.datetime64("NaT")
    result = {}
    for name, table in tables.items():
        origin = np.array([origins.get(video, missing) for video in table.videos], dtype)
        times = table.times if table.times is not None else np.empty((0, 2), dtype)
        start, stop = in_seconds(times, origin[table.video], first.zoned, table.where)
        for array in (start, stop, origin):
            array.setflags(write=False)
        result[name] = replace(
            table, start=start, stop=stop, times=times, origin=origin, zoned=first.zoned
        )
    return result
