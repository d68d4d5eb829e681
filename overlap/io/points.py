"""Labelled points in time, from any file: SoccerNet, E2E-Spot, and tables.

A table has one point in each row. Columns are found by name, without regard to case and the
characters ``- _ .`` and space.

=============  ===================================================================
field          names
=============  ===================================================================
video          ``video``, ``video-id``, ``game``, ``filename``
time           ``time``, ``timestamp``, ``seconds``, ``t`` (seconds), or
               ``frame`` (frames)
label          ``label``, ``class``, ``event``, ``event-label``
confidence     ``confidence``, ``score``, ``conf``, ``probability``
part           ``half``, ``part`` (optional: parts with a clock of their own)
=============  ===================================================================
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

from overlap.io._cells import read_cells
from overlap.io._columns import find_columns, to_float64, to_names
from overlap.io._json import parse_json
from overlap.io._source import Source, read_source
from overlap.io.boundary import reads_file
from overlap.io.point_table import PointTable, point_table
from overlap.io.printable import brief
from overlap.io.soccernet import read_e2e, read_games, role_of

__all__ = ["COLUMN_NAMES", "as_points"]

#: Accepted names of each field, without punctuation.
COLUMN_NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "video": (("video", "videoid", "videoname", "game", "filename"),),
    "time": (("time", "timestamp", "seconds", "t"),),
    "frame": (("frame", "frames", "frameid"),),
    "label": (("label", "class", "event", "eventlabel", "type"),),
    "confidence": (("confidence", "score", "conf", "probability"),),
    "part": (("half", "part"),),
}


@reads_file
def as_points(source: Any, *, role: str) -> PointTable:
    """Read labelled points.

    Parameters
    ----------
    source : path, list, DataFrame or PointTable
        Folder of SoccerNet, its JSON of one game, JSON of E2E-Spot or its content, CSV, DataFrame.
    role : {"truth", "found"}
        ``"found"`` must have confidences.

    Returns
    -------
    PointTable

    Raises
    ------
    ValueError
        It cannot be read, a value is bad, or confidences are missing.
    OSError
        A file is missing or may not be read.
    TypeError
        `source` is of none of these types.

    Examples
    --------
    >>> import pandas as pd
    >>> table = as_points(
    ...     pd.DataFrame({"video": ["a"], "time": [1.5], "label": ["goal"]}), role="truth"
    ... )
    >>> len(table), table.unit, table.time.tolist()
    (1, 'seconds', [1.5])
    """
    if isinstance(source, PointTable):
        table = source
    elif isinstance(source, str | os.PathLike):
        table = _of_path(source, role)
    elif isinstance(source, list):
        table = read_e2e(source, role, source="list", sha256=None)
    elif hasattr(source, "columns") and hasattr(source, "iloc"):
        names = list(source.columns)

        def column(place: int) -> list[Any]:
            return source.iloc[:, place].tolist()

        table = _of_columns(names, column, lambda row: f"DataFrame, row {row}", "DataFrame", None,
                            range(len(source)))  # fmt: skip
    else:
        raise TypeError(
            f"{role} is a {type(source).__name__}; wanted a path, a list of E2E-Spot, or a "
            "DataFrame"
        )
    if role == "found" and table.confidence is None:
        raise ValueError(
            f"{table.source}: predictions need a confidence each, and there is none; add a column "
            "'score' (or check that truth and found are not swapped)"
        )
    return table


def _of_path(path: str | os.PathLike[str], role: str) -> PointTable:
    if os.path.isdir(path):
        return read_games(path, role)
    content = read_source(path)  # type: ignore[arg-type]
    if content.data[:2] == b"PK":
        raise ValueError(f"{content.name}: is a zipped folder; unpack it, and give the folder")
    if not content.is_json:
        return _of_table(content)
    payload = parse_json(content)
    if role_of(payload):
        return read_games(path, role)
    if isinstance(payload, list):
        return read_e2e(payload, role, source=content.name, sha256=content.sha256)
    keys = f"the keys {brief(list(payload)[:6])}" if isinstance(payload, Mapping) else "a value"
    raise ValueError(
        f"{content.name}: is JSON with {keys}; wanted annotations or predictions of SoccerNet, or "
        "a list of videos with events (E2E-Spot)"
    )


def _of_table(content: Source) -> PointTable:
    cells = read_cells(content, "CSV, or JSON of points")
    return _of_columns(
        cells.header, cells.column, cells.where, content.name, content.sha256, cells.lines
    )


def _of_columns(
    names: list[Any], column: Callable[[int], list[Any]], where: Callable[[int], str], source: str,
    sha256: str | None, row: Any,
) -> PointTable:  # fmt: skip
    place = find_columns(names, COLUMN_NAMES, ("video", "label"), source)
    unit = "seconds" if "time" in place else "frames"
    if ("time" in place) == ("frame" in place):
        both = "both time and frame; keep one" if "time" in place else "neither time nor frame"
        raise ValueError(f"{source}: has {both}")
    rows: dict[str, list[Any]] = {
        "video": to_names(column(place["video"]), "video", where),
        "label": to_names(column(place["label"]), "label", where),
        "time": to_float64(
            column(place["time" if unit == "seconds" else "frame"]),
            "time",
            where,
            unit=f"of {unit}",
        ).tolist(),
        "row": list(row),
    }
    for field in ("confidence", "part"):
        if field in place:
            rows[field] = to_float64(column(place[field]), field, where, unit="").tolist()
    videos = dict.fromkeys(rows["video"], math.nan)
    return point_table(videos, rows, where=where, source=source, sha256=sha256, unit=unit)
