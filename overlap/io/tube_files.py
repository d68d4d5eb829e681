"""Files of tubes: MultiSports and HC-STVG JSON, AVA's lines, tables with one row for each box."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from overlap.io._cells import read_cells
from overlap.io._columns import plain_name, to_float64
from overlap.io._json import parse_json
from overlap.io._source import Source, read_source
from overlap.io.boundary import reads_file
from overlap.io.printable import brief, some
from overlap.io.tubes import TubeTable

__all__ = ["as_tubes", "read_tubes"]

Role = Literal["truth", "found"]
_WANTED = (
    "columns video,frame,x1,y1,x2,y2 with tube, label and score where there are any, AVA's lines "
    "video,second,x1,y1,x2,y2,action, or MultiSports' or HC-STVG's JSON"
)
_NAMES = {
    "video": ("video", "videoid", "videoname", "vid", "query", "queryid", "item"),
    "frame": ("frame", "frameid", "frameindex", "time", "second"),
    "tube": ("tube", "tubeid", "track", "trackid"),
    "label": ("label", "class", "action", "category", "labelid", "actionid"),
    "score": ("score", "confidence"),
    **{name: (name, f"{name}norm") for name in ("x1", "y1", "x2", "y2")},
}
_PICKLE = (
    "{0}: is a pickle, which can run any code when it is read; convert it once, where you trust "
    "it: json.dump(pickle.load(open('{1}', 'rb')), open('tubes.json', 'w'), "
    "default=lambda x: x.tolist())"
)


def as_tubes(source: Any, *, role: Role = "found") -> TubeTable:
    """Read tubes, or return them as they are.

    Parameters
    ----------
    source : path, mapping, DataFrame or TubeTable
        A file of `read_tubes`, or columns by name: ``video``, ``frame``, ``x1``, ``y1``, ``x2``,
        ``y2``; perhaps ``tube``, ``label`` and ``score``.
    role : {"truth", "found"}
        Of found tubes the confidences are read, of truths they are not needed.

    Returns
    -------
    TubeTable

    Raises
    ------
    TypeError
        It is none of these.
    ValueError
        It cannot be read; the message names the row and says what was wanted.

    Examples
    --------
    >>> table = as_tubes({"video": ["a", "a"], "frame": [1, 2], "tube": [1, 1], "x1": [0, 0],
    ...                   "y1": [0, 0], "x2": [4, 4], "y2": [4, 4], "score": [0.5, 0.7]})
    >>> table.confidence
    array([0.6])
    """
    if isinstance(source, TubeTable):
        return _scored(source, role)
    if isinstance(source, str | os.PathLike):
        return read_tubes(source, role=role)
    if hasattr(source, "columns") or isinstance(source, Mapping):
        names = list(source.columns) if hasattr(source, "columns") else list(source)
        columns = {str(name): list(source[name]) for name in names}
        kind = type(source).__name__
        return _scored(_table(columns, kind, None, lambda row: f"{kind}, row {row}"), role)
    raise TypeError(f"{role} is a {type(source).__name__}; wanted a path, a DataFrame or columns")


@reads_file
def read_tubes(path: str | os.PathLike[str], *, role: Role = "found") -> TubeTable:
    """Read a file of tubes.

    Parameters
    ----------
    path : path
        Plain or gzipped. A table with a line of names and one row for each box; AVA's lines
        without names; JSON of MultiSports (annotations, or ``{"tubes": [{"video", "label",
        "score", "boxes": [[frame, x1, y1, x2, y2], ...]}]}``); HC-STVG's JSON.
    role : {"truth", "found"}

    Raises
    ------
    OSError
        The file is missing or unreadable.
    ValueError
        It is a pickle, or nothing of these; the message says what to do.
    """
    name = os.fspath(path)
    content = read_source(name)
    if content.data[:1] == b"\x80" or content.suffix in (".pkl", ".pickle"):
        raise ValueError(_PICKLE.format(name, os.path.basename(name)))
    if content.is_json:
        return _scored(_of_json(parse_json(content), content), role)
    first = content.data.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", "replace")
    cells = [cell.strip() for cell in first.split(",")]
    if len(cells) > 1 and _is_number(cells[1]):
        return _scored(_of_ava(content, role), role)
    table = read_cells(content, _WANTED)
    columns = {cell: table.column(place) for place, cell in enumerate(table.header)}
    return _scored(_table(columns, name, content.sha256, table.where), role)


def _scored(table: TubeTable, role: str) -> TubeTable:
    if role == "truth":
        return table
    if table.confidence is None and len(table):
        raise ValueError(
            f"{table.source}: predictions have no confidences; add a column score, or exchange "
            "truth and found if they are swapped"
        )
    return table


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _table(columns: Mapping[str, Sequence[Any]], source: str, sha256: Any, where: Any) -> TubeTable:
    """Read columns by their names."""
    plain = {plain_name(name): name for name in columns}
    used = {
        field: plain[name]
        for field, names in _NAMES.items()
        for name in reversed(names)
        if name in plain
    }
    lacking = [name for name in ("video", "frame", "x1", "y1", "x2", "y2") if name not in used]
    if lacking:
        raise ValueError(
            f"{source}: has no column {lacking[0]!r}; it has {some(list(columns)) or 'none'}; "
            f"wanted {_WANTED}"
        )
    corners = [
        to_float64(columns[used[name]], name, where, unit="") for name in ("x1", "y1", "x2", "y2")
    ]

    def column(field: str) -> Sequence[Any] | None:
        return columns[used[field]] if field in used else None

    return TubeTable.of(
        list(columns[used["video"]]), columns[used["frame"]], np.stack(corners, axis=1),
        tube=column("tube"), label=column("label"), confidence=column("score"), where=where,
        source=source, sha256=sha256, normalised=plain_name(used["x1"]).endswith("norm"),
    )  # fmt: skip


def _of_ava(content: Source, role: str) -> TubeTable:
    """Read AVA's lines: video, second, box in shares, action, and a score or a person."""
    rows, lines, empty = [], [], []
    text = content.data.decode("utf-8-sig").splitlines()
    for line, cells in enumerate(csv.reader(text), start=1):
        if len(cells) == 2:
            empty.append(cells[0])
        elif len(cells) in (7, 8):
            rows.append(cells)
            lines.append(line)
        elif cells:
            raise ValueError(
                f"{content.name}, line {line}: has {len(cells)} cells; wanted "
                "video,second,x1,y1,x2,y2,action and perhaps a score, or video,second alone"
            )

    def where(row: int) -> str:
        return f"{content.name}, line {lines[row]}"

    scored = role == "found" and bool(rows)
    if scored and any(len(cells) < 8 for cells in rows):
        k = next(k for k, cells in enumerate(rows) if len(cells) < 8)
        raise ValueError(f"{where(k)}: a prediction has no score; wanted it as the eighth cell")
    second = np.round(to_float64([cells[1] for cells in rows], "second", where), 6)
    corners = [
        to_float64([cells[2 + k] for cells in rows], name, where, unit="")
        for k, name in enumerate(("x1", "y1", "x2", "y2"))
    ]
    table = TubeTable.of(
        [cells[0] for cells in rows], second, np.stack(corners, axis=1),
        label=[cells[6] for cells in rows],
        confidence=[cells[7] for cells in rows] if scored else None,
        where=where, source=content.name, sha256=content.sha256, normalised=True,
    )  # fmt: skip
    return replace(table, videos=tuple(dict.fromkeys([*table.videos, *empty])))


def _of_json(payload: Any, content: Source) -> TubeTable:
    if isinstance(payload, dict) and {"gttubes", "labels"} <= payload.keys():
        return _of_multisports(payload, content)
    entries = payload.get("tubes") if isinstance(payload, dict) else payload
    if isinstance(entries, list):
        if entries and isinstance(entries[0], dict) and "temporal_gt" in entries[0]:
            raise ValueError(
                f"{content.name}: is VidSTG's list of sentences, whose boxes stand in VidOR's "
                "files; write them as a table query,frame,x1,y1,x2,y2 with one row for each box"
            )
        return _of_entries(entries, content)
    if isinstance(payload, dict) and payload:
        first = next(iter(payload.values()))
        if isinstance(first, dict) and {"bbox", "st_frame"} <= first.keys():
            return _of_hcstvg(payload, content)
    raise ValueError(f"{content.name}: is JSON without tubes; wanted {_WANTED}")


def _of_multisports(payload: Mapping[str, Any], content: Source) -> TubeTable:
    names = [str(label) for label in payload["labels"]]
    tested = payload.get("test_videos")
    tubes: Mapping[str, Any] = payload["gttubes"]
    videos = [str(name) for name in tested[0]] if tested else list(tubes)
    lacking = [name for name in videos if name not in tubes]
    if lacking:
        raise ValueError(f"{content.name}: gttubes has no video {lacking[0]!r} of test_videos")
    ids = {str(k): name for k, name in enumerate(names)}
    gathered = []
    for video in videos:
        for number, several in tubes[video].items():
            if str(number) not in ids:
                raise ValueError(
                    f"{content.name}: gttubes of {video!r} has the class {number!r}; labels has "
                    f"{len(names)} names, numbered from 0"
                )
            gathered += [(video, ids[str(number)], None, boxes) for boxes in several]
    table = _gathered(gathered, content)
    sizes = {
        name: (float(size[0]), float(size[1]))
        for name, size in payload.get("resolution", {}).items()
    }
    return replace(
        table,
        videos=tuple(dict.fromkeys([*table.videos, *videos])),
        frame_sizes=sizes,
        label_ids=ids,
    )


def _of_entries(entries: Iterable[Any], content: Source) -> TubeTable:
    gathered = []
    for k, entry in enumerate(entries):
        boxes = None
        if isinstance(entry, dict):
            boxes = entry.get("boxes", entry.get("tube_f_x1y1x2y2_score"))
        if boxes is None or "video" not in entry:
            raise ValueError(
                f"{content.name}: tube {k} is {brief(entry)}; wanted an object with video, label, "
                "score and boxes, a list of [frame, x1, y1, x2, y2]"
            )
        gathered.append((entry["video"], entry.get("label", "all"), entry.get("score"), boxes))
    return _gathered(gathered, content)


def _of_hcstvg(payload: Mapping[str, Any], content: Source) -> TubeTable:
    gathered = []
    for name, entry in payload.items():
        corners = np.asarray(entry["bbox"], dtype=np.float64).reshape(-1, 4)
        corners[:, 2:] += corners[:, :2]
        frame = float(entry["st_frame"]) + np.arange(len(corners))
        gathered.append((name, "all", entry.get("score"), np.column_stack([frame, corners])))
    return _gathered(gathered, content)


def _gathered(tubes: Sequence[tuple[Any, Any, Any, Any]], content: Source) -> TubeTable:
    """Make a table of tubes: video, label, confidence, boxes with their frames in front."""
    rows: list[np.ndarray] = []
    for k, (video, _, _, boxes) in enumerate(tubes):
        try:
            array = np.asarray(boxes, dtype=np.float64)
        except (TypeError, ValueError):
            array = np.empty(0)
        if array.ndim != 2 or array.shape[1] not in (5, 6) or not len(array):
            raise ValueError(
                f"{content.name}: tube {k}, of {video!r}, has the boxes {brief(boxes)}; wanted a "
                "list of [frame, x1, y1, x2, y2], perhaps with a score behind"
            )
        rows.append(array)
    sizes = [len(array) for array in rows]
    owner = np.repeat(np.arange(len(rows)), sizes).tolist()
    all_boxes = np.concatenate([array[:, :5] for array in rows]) if rows else np.empty((0, 5))
    with_own = bool(rows) and all(array.shape[1] == 6 for array in rows)
    given = [score for _, _, score, _ in tubes]
    own = np.concatenate([array[:, 5] for array in rows]) if with_own else None

    def where(row: int) -> str:
        return f"{content.name}, tube {owner[row]}"

    table = TubeTable.of(
        [tubes[k][0] for k in owner], all_boxes[:, 0], all_boxes[:, 1:5], tube=owner,
        label=[tubes[k][1] for k in owner], confidence=own, where=where, source=content.name,
        sha256=content.sha256,
    )  # fmt: skip
    table = replace(table, row=np.arange(len(rows)))
    if rows and all(score is not None for score in given):
        score = to_float64(given, "score", lambda k: f"{content.name}, tube {k}", unit="")
        table = replace(table, confidence=score)
    return table
