"""Durations of recordings: a table of names and seconds, or JSON."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from overlap.io._json import parse_json
from overlap.io._source import Source, read_source
from overlap.io.boundary import reads_file
from overlap.io.printable import brief

__all__ = ["as_durations"]

_HEADS = ("filename", "file", "video", "recording", "name", "video_id", "video-id", "duration")


@reads_file
def as_durations(source: Any) -> dict[str, float]:
    """Read the durations of recordings.

    Parameters
    ----------
    source : path or mapping
        A text file with a recording and its seconds in each line, between tabs, commas, semicolons
        or blanks, with a line of names (``filename``, ``duration``) or without; a JSON object from
        recording to seconds; or a mapping. A recording that stands there again counts once.

    Returns
    -------
    dict from str to float

    Raises
    ------
    ValueError
        A duration is no number of seconds, 0 or more; a recording has two; or there is none.
    OSError
        The file is missing or may not be read.

    Examples
    --------
    >>> from overlap.io.durations import as_durations
    >>> as_durations({"a.wav": 10})
    {'a.wav': 10.0}
    """
    result: dict[str, float] = {}
    if isinstance(source, str | os.PathLike):
        content = read_source(Path(source))
        name, rows = content.name, _rows(content)
    elif isinstance(source, Mapping):
        name, rows = "durations", [(repr(key), str(key), value) for key, value in source.items()]
    else:
        raise TypeError(
            f"durations: got {type(source).__name__}; wanted a file, or a mapping from recording "
            "to seconds"
        )
    for where, recording, given in rows:
        try:
            seconds = float(given)
        except (TypeError, ValueError, OverflowError):
            seconds = math.nan
        if not (math.isfinite(seconds) and seconds >= 0) or isinstance(given, bool):
            raise ValueError(
                f"{name}, {where}: the duration of {brief(recording)} is {brief(given)}; wanted "
                "seconds, 0 or more"
            )
        if result.setdefault(recording, seconds) != seconds:
            raise ValueError(
                f"{name}, {where}: {brief(recording)} has {seconds:g} s here and "
                f"{result[recording]:g} s before"
            )
    if not result:
        raise ValueError(f"{name}: has no recording; wanted lines of a recording and its seconds")
    return result


def _rows(content: Source) -> list[tuple[str, str, Any]]:
    """Return place, recording and duration of each line."""
    if content.is_json:
        whole = parse_json(content)
        if not isinstance(whole, dict):
            raise ValueError(
                f"{content.name}: is a JSON {type(whole).__name__}; wanted an object from "
                "recording to seconds"
            )
        return [(f"key {brief(key)}", key, value) for key, value in whole.items()]
    try:
        lines = content.data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{content.name}: is not text in UTF-8 (byte {error.start}): save it in UTF-8"
        ) from None
    mark = next((mark for line in lines for mark in "\t;," if mark in line), None)
    result: list[tuple[str, str, Any]] = []
    columns = (0, 1)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        cells = (
            line.split()
            if mark is None
            else [cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=mark))]
        )
        names = [cell.lower() for cell in cells]
        if not result and "duration" in names:
            other = [k for k, cell in enumerate(names) if cell in _HEADS and cell != "duration"]
            columns = (other[0] if other else 0, names.index("duration"))
            continue
        if len(cells) <= max(columns):
            raise ValueError(
                f"{content.name}, line {number}: {brief(line)}; wanted a recording and its seconds"
            )
        result.append((f"line {number}", cells[columns[0]], cells[columns[1]]))
    return result
