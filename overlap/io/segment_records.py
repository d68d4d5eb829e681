"""Segments as records: a JSON list of objects, or JSON lines with one object in each line.

An object is one segment, or one video with a list of segments::

    {"video": "v1", "start": 0.5, "stop": 2.0, "label": "jump", "score": 0.9}
    {"video": "v1", "segment": [0.5, 2.0], "label": "jump", "score": 0.9}
    {"video": "v1", "duration": 30.0, "annotations": [{"segment": [0.5, 2.0], "label": "jump"}]}

Keys are named as the columns of `overlap.io.tables`; ``segment``, ``timestamp`` and ``window`` are
a start and a stop. The list of a video is under ``annotations``, ``segments``, ``events`` or
``predictions``, and may be empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from overlap.io._columns import RawSegments, plain_name
from overlap.io.printable import brief
from overlap.io.tables import COLUMN_NAMES, columns_of, raw_rows

__all__ = ["is_records", "read_records"]

_PAIRS = ("segment", "timestamp", "timestamps", "window")
_LISTS = ("annotations", "segments", "events", "predictions", "results")


def is_records(payload: Any, columns: Mapping[str, str] | None = None) -> bool:
    """Tell whether a list has records of segments, by the first of them.

    Parameters
    ----------
    payload : object
    columns : mapping from str to str, optional
        Keys that the user names, by field.
    """
    if not isinstance(payload, Sequence) or isinstance(payload, str | bytes) or not payload:
        return False
    first = payload[0]
    if not isinstance(first, Mapping):
        return False
    names = set(map(plain_name, first))
    there = {
        field
        for field in ("video", "start", "stop")
        if any(name in names for group in COLUMN_NAMES[field] for name in group)
        or (columns and columns.get(field) in first)
    }
    pair = bool(names & set(_PAIRS)) or bool(names & set(_LISTS))
    return "video" in there and (pair or {"start", "stop"} <= there)


def read_records(
    payload: Sequence[Any],
    *,
    role: str,
    name: str,
    sha256: str | None,
    lines: Sequence[int] | None = None,
    columns: Mapping[str, str] | None = None,
) -> RawSegments:
    """Read segments from records.

    Parameters
    ----------
    payload : sequence of mapping
    role : {"truth", "found", "ambiguous"}
    name : str
        Of the input, for messages.
    sha256 : str or None
    lines : sequence of int, optional
        Number of the line of each record, in JSON lines.
    columns : mapping from str to str, optional
        Keys that the user names, by field.

    Returns
    -------
    RawSegments

    Raises
    ------
    ValueError
        A record is no object, or lacks a key that the first has.

    Examples
    --------
    >>> records = [{"video": "v", "segment": [0.5, 2.0], "label": "jump"}]
    >>> raw = read_records(records, role="truth", name="list", sha256=None)
    >>> raw.start, raw.stop
    ([0.5], [2.0])
    """
    said = (
        [f"{name}, line {n}" for n in lines]
        if lines is not None
        else [f"{name}[{k}]" for k in range(len(payload))]
    )
    rows: list[dict[str, Any]] = []
    places: list[str] = []
    for record, place in zip(payload, said, strict=True):
        if not isinstance(record, Mapping):
            raise ValueError(f"{place} is {brief(record)}; wanted an object")
        inner = next((key for key in _LISTS if isinstance(record.get(key), list)), None)
        if inner is None:
            rows.append(_row(record, place))
            places.append(place)
            continue
        shared = {key: value for key, value in record.items() if key != inner}
        if "duration" in shared:  # that of the video, and not of a segment
            shared["video duration"] = shared.pop("duration")
        for k, segment in enumerate(record[inner]):
            here = f"{place}: {inner}[{k}]"
            if not isinstance(segment, Mapping):
                raise ValueError(f"{here} is {brief(segment)}; wanted an object")
            rows.append({**shared, **_row(segment, here)})
            places.append(here)
        if not record[inner]:
            rows.append(shared)
            places.append(place)
    names = list(dict.fromkeys(key for row in rows for key in row))
    place_of = columns_of(names, name, role=role, chosen=columns)
    first = next((row for row in rows if names[place_of["start"]] in row), {})
    for field in ("video", "label", "confidence"):
        key = names[place_of[field]] if field in place_of else None
        for row, place in zip(rows, places, strict=True):
            empty = names[place_of["start"]] not in row and field != "video"
            if key in first and key not in row and not empty:
                raise ValueError(f"{place}: has no key {key!r}; its keys are {', '.join(row)}")
    return raw_rows(
        lambda field: [row.get(names[place_of[field]]) for row in rows],
        place_of,
        lambda row: places[row],
        list(lines) if lines is not None and len(rows) == len(lines) else range(len(rows)),
        name=name,
        sha256=sha256,
    )


def _row(record: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return a record with its pair as start and stop."""
    row = dict(record)
    pair = next((key for key in row if plain_name(key) in _PAIRS), None)
    if pair is not None:
        ends = row.pop(pair)
        if not isinstance(ends, list | tuple) or len(ends) != 2:
            raise ValueError(f"{place}: {pair} is {brief(ends)}; wanted [start, stop]")
        row |= {"start": ends[0], "stop": ends[1]}
    return row
