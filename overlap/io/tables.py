"""Tables of segments: CSV files and DataFrames, one segment per row.

Columns are found by name. Case and the characters ``- _ .`` and space do not matter, so
``t-start``, ``t_start`` and ``T Start`` are one name.

=============  ===================================================================
field          names
=============  ===================================================================
video          ``video``, ``video-id``, ``video-name``, ``vid``, ``filename``; where none of
               them is there, ``file``, ``recording``, ``audio``, ``video-uid``,
               ``clip-uid``, ``clip``
start          ``start``, ``t-start``, ``t-init``, ``begin``, ``start-time``, ``onset``; else
               ``start-timestamp``, ``start-sec``
stop           ``stop``, ``end``, ``t-end``, ``t-stop``, ``end-time``, ``offset``; else
               ``stop-timestamp``, ``end-timestamp``, ``end-sec``
label          ``label``, ``class``, ``type``, ``category``, ``label-name``,
               ``class-name``, ``event-label``; else ``label-idx``, ``label-id``,
               ``class-idx``, ``class-id``, ``type-idx``, ``category-id``; else ``event``,
               ``action``, ``activity``, ``speaker``; else EPIC-KITCHENS' ``verb-class`` and
               ``noun-class`` together, as ``3,14``
confidence     ``confidence``, ``score``, ``conf``, ``probability``
duration       ``video-duration`` (optional, of the whole video)
subset         ``subset``, ``split`` (optional)
rate           ``frame-rate``, ``fps`` (optional, of the whole video)
=============  ===================================================================

Starts and stops are seconds, durations (timedelta64), or datetimes: columns with or without a
time zone, or text in ISO 8601 with date and time, such as ``2024-01-31T10:00:00.5+01:00``. Seconds
then count from the first start of each video.

A row that has a video and no start, stop, label and confidence says that the video has no segments.
Other columns are ignored. Two columns that mean the same field are an error. A CSV file
starts with a line of names, is separated by commas, semicolons or tabs (whichever
that line has) and is encoded in UTF-8.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.files import read_file
from overlap.io._cells import header_of, read_cells
from overlap.io._columns import (
    Coded,
    RawSegments,
    Where,
    coded_column,
    find_columns,
    numbered,
    numeric_column,
    plain_name,
    to_float64,
    to_names,
)  # fmt: skip
from overlap.io._source import Source
from overlap.io.boundary import decoding
from overlap.io.name_match import closest
from overlap.io.printable import brief

__all__ = [
    "ACTION",
    "COLUMN_NAMES",
    "columns_of",
    "has_names",
    "raw_rows",
    "read_frame",
    "read_parquet",
    "read_table",
]

#: Accepted names of each field, without punctuation, in groups: a later group is looked at
#: only where no column of an earlier one is there.
COLUMN_NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "video": (
        ("video", "videoid", "videoname", "vid", "filename"),
        ("file", "recording", "audio", "videouid", "clipuid", "clip"),
    ),
    "start": (
        ("start", "tstart", "tinit", "begin", "starttime", "onset"),
        ("starttimestamp", "startsec"),
    ),
    "stop": (
        ("stop", "end", "tend", "tstop", "endtime", "offset"),
        ("stoptimestamp", "endtimestamp", "endsec"),
    ),
    "label": (
        ("label", "class", "type", "category", "labelname", "classname", "eventlabel"),
        ("labelidx", "labelid", "classidx", "classid", "typeidx", "categoryid"),
        ("event", "action", "activity", "speaker"),
    ),
    "confidence": (("confidence", "score", "conf", "probability"),),
    "duration": (("videoduration",),),
    "subset": (("subset", "split"),),
    "rate": (("framerate", "fps"),),
}
#: Columns of EPIC-KITCHENS whose numbers together are an action.
ACTION = ("verbclass", "nounclass")
_WANTED = "CSV or ActivityNet JSON"


def columns_of(
    names: Sequence[Any], name: str, *, role: str, chosen: Mapping[str, str] | None = None
) -> dict[str, int]:
    """Find the column of each field of a table of segments.

    Parameters
    ----------
    names : sequence
        Names of the columns.
    name : str
        The table, for messages.
    role : {"truth", "found", "ambiguous"}
        ``"ambiguous"`` may lack the label.
    chosen : mapping from str to str, optional
        Columns that the user names, by field.

    Returns
    -------
    dict of str to int

    Raises
    ------
    ValueError
        A column is missing or there twice, or a chosen field is unknown.
    """
    for field in chosen or {}:
        if field not in COLUMN_NAMES:
            raise ValueError(
                f"columns: there is no field {field!r}{closest(field, COLUMN_NAMES)}; known are "
                f"{', '.join(COLUMN_NAMES)}"
            )
    needed = ["video", "start", "stop"]
    plain = list(map(plain_name, names))
    action: dict[str, int] = {}
    if all(plain.count(column) == 1 for column in ACTION):
        action = {"label": plain.index(ACTION[0]), "noun": plain.index(ACTION[1])}
    elif role != "ambiguous":
        needed.append("label")
    place = find_columns(names, COLUMN_NAMES, needed, name, chosen)
    return place if "label" in place else {**place, **action}


def read_table(
    content: Source, *, role: str, columns: Mapping[str, str] | None = None
) -> RawSegments:
    """Read segments from a CSV file.

    Parameters
    ----------
    content : Source
        The file.
    role : {"truth", "found", "ambiguous"}
        ``"ambiguous"`` may lack the label.
    columns : mapping from str to str, optional
        Columns that the user names, by field.

    Returns
    -------
    RawSegments

    Raises
    ------
    ValueError
        The file is not text in UTF-8, lacks a column or has one twice, has a row with
        too few or too many cells, or quotation marks that do not match.
    """
    # where events have onsets, a file name alone says that there are none; elsewhere, a row was cut
    of_events = "onset" in map(plain_name, header_of(content, _WANTED))
    cells = read_cells(content, _WANTED, lone=of_events)
    place = columns_of(cells.header, content.name, role=role, chosen=columns)
    return raw_rows(
        lambda field: cells.column(place[field]),
        place,
        cells.where,
        cells.lines,
        name=content.name,
        sha256=content.sha256,
    )


def has_names(content: Source) -> bool:
    """Tell whether the first line of a file has the name of a column of starts or stops.

    Parameters
    ----------
    content : Source
    """
    names = set(map(plain_name, header_of(content, _WANTED)))
    return any(
        names.intersection(group) for field in ("start", "stop") for group in COLUMN_NAMES[field]
    )


def read_frame(
    frame: Any,
    *,
    role: str,
    columns: Mapping[str, str] | None = None,
    name: str = "DataFrame",
    sha256: str | None = None,
) -> RawSegments:
    """Read segments from a pandas DataFrame.

    Parameters
    ----------
    frame : pandas.DataFrame
        One segment per row.
    role : {"truth", "found", "ambiguous"}
        ``"ambiguous"`` may lack the label.
    columns : mapping from str to str, optional
        Columns that the user names, by field.
    name : str
        Of the input, for messages.
    sha256 : str, optional
        Digest of the input.

    Returns
    -------
    RawSegments

    Raises
    ------
    ValueError
        A column is missing or there twice.
    """
    place = columns_of(list(frame.columns), name, role=role, chosen=columns)
    index = frame.index

    def get(field: str) -> Any:
        column = frame.iloc[:, place[field]]
        coded = coded_column(column) if field in ("video", "label") else None
        if coded is not None:
            return coded
        numbers = numeric_column(column)
        if numbers is not None:
            return numbers
        if field in ("start", "stop") and _is_dated(column.dtype):
            return column.array
        return column.to_numpy(dtype=object, na_value=None).tolist()

    def shown(row: int) -> str:
        label = index[row]
        return repr(label.item() if isinstance(label, np.generic) else label)

    return raw_rows(
        get,
        place,
        lambda row: f"{name}, row {shown(row)}",
        range(len(frame)),
        name=name,
        sha256=sha256,
    )


def read_parquet(path: str) -> Any:
    """Return the DataFrame in a Parquet file.

    Parameters
    ----------
    path : str

    Raises
    ------
    ImportError
        Nothing that reads it is installed.
    ValueError
        It is not a Parquet file.
    """
    try:
        import pyarrow  # type: ignore[import-untyped]  # noqa: F401
    except ImportError:
        raise ImportError(
            f"{path}: Parquet files need pyarrow: pip install 'overlap-metrics[report]'"
        ) from None
    import pandas as pd

    data = read_file(path)
    with decoding(path, "Parquet"):
        return pd.read_parquet(io.BytesIO(data))


def _is_dated(dtype: Any) -> bool:
    """Tell whether a pandas column has the type of times, with or without a zone."""
    return dtype.kind in "mM" and (isinstance(dtype, np.dtype) or hasattr(dtype, "tz"))


def raw_rows(
    get: Callable[[str], Any],
    place: dict[str, int],
    where: Where,
    row: Sequence[int],
    *,
    name: str,
    sha256: str | None,
) -> RawSegments:
    """Gather the columns, and the values of each video from its rows.

    Parameters
    ----------
    get : callable
        Returns the column of a field.
    place : dict
        Fields that have a column.
    where : callable
        Name of row i, for messages.
    row : sequence of int
        Number of each row.
    name : str
        The table.
    sha256 : str or None
        Its digest.

    Returns
    -------
    RawSegments
        A row with nothing but its video says that the video has no segments.
    """
    videos, video = numbered(_names(get("video")), "video", where)
    duration = np.full(len(videos), np.nan)
    if "duration" in place:
        for owner, (at, value) in _per_video(_items(get("duration")), video, "duration", where):
            if isinstance(value, datetime.timedelta):
                value = value / datetime.timedelta(seconds=1)
            duration[owner] = to_float64([value], "duration", partial(_place, where, at))[0]
            if duration[owner] < 0:
                raise ValueError(
                    f"{where(at)}: duration is {float(duration[owner])!r}; wanted seconds >= 0"
                )
    rate = None
    if "rate" in place:
        rate = np.full(len(videos), np.nan)
        for owner, (at, value) in _per_video(_items(get("rate")), video, "rate", where):
            rate[owner] = to_float64([value], "rate", partial(_place, where, at), unit="")[0]
    subset: list[str | None] = [None] * len(videos)
    if "subset" in place:
        for owner, (at, value) in _per_video(_items(get("subset")), video, "subset", where):
            subset[owner] = to_names([value], "subset", partial(_place, where, at))[0]
    columns: dict[str, Any] = {
        field: get(field) for field in ("start", "stop", "label", "confidence") if field in place
    }
    if "noun" in place:
        pairs = zip(_items(columns["label"]), _items(get("noun")), strict=True)
        columns["label"] = [f"{verb},{noun}" for verb, noun in pairs]
    empty = _rows_without_segment(columns)
    if empty:
        keep = [index for index in range(len(video)) if index not in empty]
        video, row = video[keep], [row[index] for index in keep]
        if isinstance(columns.get("label"), Coded):
            columns["label"] = columns["label"].tolist()
        columns = {
            field: [items[k] for k in keep] if isinstance(items, list) else items[keep]
            for field, items in columns.items()
        }
        every = where

        def where(index: int) -> str:
            return every(keep[index])

    label = _names(columns["label"]) if "label" in place else ["Ambiguous"] * len(video)
    return RawSegments(
        videos=videos,
        video=video,
        label=label,
        start=columns["start"],
        stop=columns["stop"],
        confidence=columns.get("confidence"),
        duration=duration,
        subset=subset,
        row=row,
        where=where,
        source=name,
        sha256=sha256,
        frame_rate=rate,
    )


def _rows_without_segment(columns: dict[str, Any]) -> set[int]:
    """Return the rows that have a video and nothing else."""
    rows: set[int] | None = None
    for column in columns.values():
        items = column.tolist() if isinstance(column, Coded) else column
        if isinstance(items, np.ndarray):
            blank = (
                set(np.flatnonzero(np.isnan(items)).tolist()) if items.dtype.kind == "f" else set()
            )
        elif hasattr(items, "isna"):  # times of pandas
            blank = set(np.flatnonzero(items.isna()).tolist())
        elif "" in items or None in items or any(x != x for x in items):
            blank = {k for k, x in enumerate(items) if x is None or x == "" or x != x}
        else:
            blank = set()
        rows = blank if rows is None else rows & blank
        if not rows:
            return set()
    return rows or set()


def _place(where: Where, row: int, _: int) -> str:
    """Name a row; the index is not used."""
    return where(row)


def _items(values: Any) -> Sequence[Any]:
    """Return a column as Python objects."""
    return values.tolist() if isinstance(values, np.ndarray | Coded) else values


def _names(values: Any) -> Sequence[Any] | Coded:
    """Return a column of names as Python objects, or as distinct ones."""
    return values if isinstance(values, Coded) else _items(values)


def _per_video(
    values: Sequence[Any], video: NDArray[np.int64], field: str, where: Where
) -> Iterable[tuple[int, tuple[int, Any]]]:
    """Return the value of each video, with its row; rows must agree, blanks are unknown."""
    seen: dict[int, tuple[int, Any]] = {}
    for index, (owner, value) in enumerate(zip(video.tolist(), values, strict=True)):
        if value is None or value == "" or value != value:
            continue
        known = seen.setdefault(owner, (index, value))
        if known[1] != value:
            raise ValueError(
                f"{where(index)}: {field} is {brief(value)}, but {brief(known[1])} at "
                f"{where(known[0])} for the same video"
            )
    return seen.items()
