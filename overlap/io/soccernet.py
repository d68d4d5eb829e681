"""Points of SoccerNet and of E2E-Spot.

SoccerNet has a folder for each game, with a file of truths or of results::

    GAME/Labels-v2.json         {"annotations": [{"gameTime": "1 - 00:31", "label": "Foul",
                                                  "position": "31520", "visibility": "visible"}]}
    GAME/results_spotting.json  {"predictions": [{"half": "1", "position": "31000",
                                                  "label": "Foul", "confidence": "0.9"}]}

Positions are milliseconds of a half; a truth without one has the seconds of its ``gameTime``.
E2E-Spot has one file, whose points are frames::

    [{"video": "v1", "fps": 25, "events": [{"frame": 12, "label": "serve", "score": 0.9}]}]
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from overlap.io._columns import to_float64, to_names
from overlap.io._json import parse_json
from overlap.io._source import read_source
from overlap.io.point_table import PointTable, point_table
from overlap.io.printable import brief, some

__all__ = ["FILES", "game_files", "read_e2e", "read_games", "role_of"]

#: Names of files, the first one that a game has is read.
FILES = {
    "truth": ("Labels-v2.json", "Labels-v3.json", "Labels-ball.json", "Labels.json"),
    "found": ("results_spotting.json",),
}
_KEYS = {"annotations": "truth", "predictions": "found"}
_CLOCK = re.compile(r"\s*(\d+)\s*-\s*(\d+):(\d+)\s*")
_SHOWN, _HIDDEN = "visible", "not shown"
_APART = 2000.0  # milliseconds between a position and its time, which has whole seconds


def role_of(payload: Any) -> str:
    """Return ``"truth"`` or ``"found"`` for the content of a file of SoccerNet, else ``""``.

    Parameters
    ----------
    payload : Any
    """
    if not isinstance(payload, dict) or payload.keys() & {"images", "categories"}:
        return ""  # of COCO
    roles = [role for key, role in _KEYS.items() if isinstance(payload.get(key), list)]
    return roles[0] if len(roles) == 1 else ""


def game_files(folder: str | os.PathLike[str], role: str) -> dict[str, Path]:
    """Return the file of each game of a folder.

    Parameters
    ----------
    folder : path
        With a folder for each game, at any depth.
    role : {"truth", "found"}

    Returns
    -------
    dict from str to Path
        By the path of the game's folder, seen from `folder`.

    Raises
    ------
    ValueError
        There is none, or a game has several files and none of them has a usual name.
    """
    files: dict[Path, list[Path]] = {}
    for path in sorted(Path(folder).rglob("*.json")):
        if path.name[0] != ".":
            files.setdefault(path.parent, []).append(path)
    result = {}
    for parent, paths in files.items():
        by_name = {path.name: path for path in paths}
        usual = [by_name[name] for name in FILES[role] if name in by_name]
        others = {name for names in FILES.values() for name in names}
        rest = usual or [path for path in paths if path.name not in others]
        if len(rest) > 1 and not usual:
            raise ValueError(
                f"{parent}: has several files ({some([path.name for path in rest], 4)}); keep one, "
                f"or call it {FILES[role][0]}"
            )
        if rest:
            result[parent.relative_to(folder).as_posix()] = rest[0]
    if not result:
        raise ValueError(
            f"{folder}: has no folders of games with {' or '.join(FILES[role])}; a zipped folder "
            "must be unpacked"
        )
    return result


def read_games(path: str | os.PathLike[str], role: str) -> PointTable:
    """Read a folder of games, or the file of one.

    Parameters
    ----------
    path : path
    role : {"truth", "found"}

    Raises
    ------
    ValueError
        A file is not of this form, or a value is bad.
    OSError
        A file is missing or may not be read.
    """
    folder = os.path.isdir(path)
    files = game_files(path, role) if folder else {Path(path).parent.name or "game": Path(path)}
    state = hashlib.sha256()
    rows: dict[str, list[Any]] = {
        key: [] for key in ("video", "label", "time", "row", "part", "where")
    }
    values: list[Any] = []
    apart: list[str] = []
    for game, file in files.items():
        content = read_source(file)
        state.update(f"{game}\0{content.sha256}\0".encode("utf-8", "surrogateescape"))
        payload = parse_json(content)
        there = role_of(payload)
        if there != role:
            key = next(key for key, of in _KEYS.items() if of == role)
            hint = "; truth and found look swapped" if there else ""
            raise ValueError(f"{file}: has no list {key!r}, which {role} of SoccerNet has{hint}")
        entries = payload["annotations" if role == "truth" else "predictions"]
        for k, entry in enumerate(entries):
            where = f"{file}, entry {k}"
            half, milliseconds = _clock(entry, where)
            rows["video"].append(game)
            rows["label"].append(entry.get("label"))
            rows["time"].append(milliseconds / 1000)
            rows["part"].append(half)
            rows["row"].append(k)
            rows["where"].append(where)
            if _other_time(entry, milliseconds):
                apart.append(where)
            values.append(entry.get("confidence") if role == "found" else _is_shown(entry, where))

    def named(row: int) -> str:
        return str(rows["where"][row])

    rows["label"] = to_names(rows["label"], "label", named)
    if role == "found":
        rows["confidence"] = to_float64(values, "confidence", named, unit="").tolist()
    else:
        rows["shown"] = values
    return point_table(
        dict.fromkeys(files, math.nan), rows, where=named, source=os.fspath(path),
        sha256=state.hexdigest() if folder else content.sha256, unit="seconds",
        findings=_said(os.fspath(path), apart),
    )  # fmt: skip


def _is_shown(entry: Any, where: str) -> bool:
    visibility = entry.get("visibility", _SHOWN)
    if visibility not in (_SHOWN, _HIDDEN):
        raise ValueError(
            f"{where}: visibility is {brief(visibility)}; wanted {_SHOWN!r} or {_HIDDEN!r}"
        )
    return bool(visibility == _SHOWN)


def _other_time(entry: Any, milliseconds: float) -> bool:
    """Whether ``gameTime`` is another time than the position that is read."""
    fit = _CLOCK.fullmatch(str(entry.get("gameTime", "")))
    if fit is None:
        return False
    return abs(1000.0 * (60 * int(fit[2]) + int(fit[3])) - milliseconds) > _APART


def _said(source: str, apart: list[str]) -> tuple[str, ...]:
    if not apart:
        return ()
    return (
        f"{source}: entries whose position is not the time of their gameTime, by more than "
        f"{_APART / 1000:g} s: {len(apart):,} (first: {apart[0]}); the position is read",
    )


def _clock(entry: Any, where: str) -> tuple[int, float]:
    """Return the half, and the whole milliseconds in it."""
    if not isinstance(entry, dict):
        raise ValueError(f"{where}: is {brief(entry)}; wanted an object")
    fit = _CLOCK.fullmatch(str(entry.get("gameTime", "")))
    half = entry.get("half", fit and fit[1])
    if half is None or not str(half).strip().isdigit():
        raise ValueError(
            f"{where}: has no half: wanted half, or gameTime such as '1 - 00:31', not "
            f"{brief(entry.get('gameTime'))}"
        )
    if fit is not None and int(half) != int(fit[1]):
        raise ValueError(
            f"{where}: half is {brief(entry['half'])}, and gameTime is {brief(entry['gameTime'])}; "
            "correct one"
        )
    if entry.get("position") is not None:
        value = to_float64([entry["position"]], "position", lambda _: where, unit="of milliseconds")
        return int(half), float(int(value[0]))
    if fit is None:
        raise ValueError(f"{where}: has neither position (milliseconds) nor gameTime")
    return int(half), 1000.0 * (60 * int(fit[2]) + int(fit[3]))


def _entry(source: str, number: int, _: int) -> str:
    return f"{source}, entry {number}"


def read_e2e(entries: Iterable[Any], role: str, *, source: str, sha256: str | None) -> PointTable:
    """Read points of E2E-Spot.

    Parameters
    ----------
    entries : iterable
        Content of the file: ``{"video": ..., "events": [...]}``.
    role : {"truth", "found"}
    source, sha256
        Of the table.

    Raises
    ------
    ValueError
        An entry is not of this form, a video is there twice, or a value is bad.
    """
    rows: dict[str, list[Any]] = {key: [] for key in ("video", "label", "time", "row", "where")}
    score: list[Any] = []
    videos: dict[str, float] = {}
    for k, entry in enumerate(entries):
        events = entry.get("events") if isinstance(entry, dict) else None
        if not isinstance(events, list) or "video" not in entry:
            raise ValueError(
                f"{source}, entry {k}: is {brief(entry)}; wanted an object with video and events"
            )
        name = to_names([entry["video"]], "video", partial(_entry, source, k))[0]
        if name in videos:
            raise ValueError(f"{source}, entry {k}: the video {name!r} is there twice; join both")
        fps = entry.get("fps")
        videos[name] = float(fps) if isinstance(fps, int | float) and fps > 0 else math.nan
        for j, event in enumerate(events):
            if not isinstance(event, dict):
                raise ValueError(f"{source}, video {name!r}, event {j}: is no object")
            rows["video"].append(name)
            rows["label"].append(event.get("label"))
            rows["time"].append(event.get("frame"))
            rows["row"].append(len(rows["row"]))
            rows["where"].append(f"{source}, video {name!r}, event {j}")
            score.append(event.get("score"))
    where: Callable[[int], str] = rows["where"].__getitem__
    rows["label"] = to_names(rows["label"], "label", where)
    rows["time"] = to_float64(rows["time"], "frame", where, unit="").tolist()
    if role == "found":
        rows["confidence"] = to_float64(score, "score", where, unit="").tolist()
    return point_table(videos, rows, where=where, source=source, sha256=sha256, unit="frames")
