"""Tables of regions by video, frame and track, and of annotated spells; the scene of each video."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.times import are_times
from overlap._common.values import ByValue
from overlap.io.printable import some
from overlap.io.region_tables import read_region_table
from overlap.regions.base import Regions
from overlap.regions.boxes import Boxes
from overlap.regions.intervals import Intervals

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FARTHEST", "Scene", "Table", "Tables", "read_scene", "read_spells", "read_tables",
           "read_tracks", "role_of"]  # fmt: skip

#: Most frames from the first to the last.
FARTHEST = 1 << 40
_NAMES = {
    "frame": ("frame", "frame_id"),
    "track": ("track", "track_id", "id", "player"),
    "video": ("video", "match", "sequence"),
    "start": ("start",),
    "stop": ("stop", "end"),
}
_CORNERS, _SIZES = ("x0", "y0", "x1", "y1"), ("x", "y", "w", "h")
_NUMBERS = (*_NAMES["frame"], *_NAMES["start"], *_NAMES["stop"], *_CORNERS, *_SIZES)


# ------------------------------------------------------------------------------ labels


@dataclass(frozen=True, eq=False)
class _Labels(ByValue):
    """A column of names of videos or tracks: numbers or words, compared as words.

    Attributes
    ----------
    code : ndarray of int64, shape (N,)
        Place of every name in `names`.
    names : tuple of str
        In order of appearance.
    """

    code: NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.code)


def _read_labels(column: NDArray[Any], field: str, role: str) -> _Labels:
    """Return a column of labels: 7, 7.0 and ``"7"`` are the same one."""
    import pandas as pd

    code, values = pd.factorize(column)
    lacking = np.flatnonzero(code < 0)
    if lacking.size:
        raise ValueError(f"{role}: row {lacking[0]} has no {field}; name it, or remove the row")
    (code,), known = _joined([_Labels(code.astype(np.int64), tuple(map(_name, values)))])
    return _Labels(code, known)


def _name(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)


def _joined(columns: Sequence[_Labels]) -> tuple[list[NDArray[np.int64]], tuple[str, ...]]:
    """Return codes of several columns in common names, which are different ones."""
    places: dict[str, int] = {}
    codes = []
    for column in columns:
        place = [places.setdefault(name, len(places)) for name in column.names]
        codes.append(np.array(place, np.int64)[column.code])
    return codes, tuple(places)


# ------------------------------------------------------------------------------ tables


@dataclass(frozen=True, eq=False)
class Table(ByValue):
    """One input: regions or spells, one per row.

    Attributes
    ----------
    role : {"players", "ball", "truth"}
    title : str
        Its file, or else its role, for messages.
    rows : Regions or Intervals
        Regions of players or the ball, or annotated spells in seconds; N of them.
    frame : ndarray of int64, shape (N,)
        Empty for spells.
    video, track : _Labels, or None
    """

    role: str
    title: str
    rows: Regions
    frame: NDArray[np.int64]
    video: _Labels | None
    track: _Labels | None

    @cached_property
    def sha256(self) -> str:
        """Digest of all of it."""
        digest = hashlib.sha256()
        for column in (self.video, self.track):
            if column is not None:
                digest.update(repr(column.names).encode())
                digest.update(column.code.tobytes())
        frames = () if self.role == "truth" else (self.frame,)
        _feed(digest, *frames, self.rows.to_array())
        return digest.hexdigest()


def _feed(digest: Any, *arrays: NDArray[Any]) -> None:
    for array in arrays:
        digest.update(f"{array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())


def role_of(names: Sequence[str]) -> str:
    """Tell which table has these columns; empty for none.

    Parameters
    ----------
    names : sequence of str
        In lower case.

    Returns
    -------
    {"players", "ball", "truth", ""}
    """
    known = set(names)
    has = {field: bool(known & set(accepted)) for field, accepted in _NAMES.items()}
    boxes = set(_CORNERS) <= known or set(_SIZES) <= known
    if has["frame"] and (boxes or has["track"]):
        return "players" if has["track"] else "ball"
    return "truth" if has["track"] and has["start"] and has["stop"] else ""


def _columns(source: Any, role: str) -> tuple[Any, list[str], str]:
    """Return a table, read if it is a file, the names of its columns, and its title."""
    if isinstance(source, str | os.PathLike):
        role = os.fspath(source)
        source = read_region_table(source, _NUMBERS)
    names = getattr(source, "columns", None)
    if names is None and isinstance(source, Mapping):
        names = source.keys()
    if names is None:
        raise TypeError(
            f"{role}: expected a DataFrame or a mapping of columns, got {type(source).__name__}"
        )
    return source, [str(name) for name in names], role


def _get(source: Any, known: list[str], field: str, role: str, needed: bool = True) -> Any:
    """Return one column as an array of any type, or None."""
    present = [name for name in _NAMES[field] if name in known]
    if len(present) > 1:
        raise ValueError(f"{role}: columns {present[0]!r} and {present[1]!r} mean the same")
    if not present:
        if needed:
            raise ValueError(f"{role}: there is no column {field!r}; there are {some(known)}")
        return None
    column = np.asarray(source[present[0]])
    if column.ndim != 1:
        raise ValueError(f"{role}: {present[0]} has shape {column.shape}; expected one axis")
    return column


def _labels(source: Any, known: list[str], field: str, role: str, needed: bool) -> _Labels | None:
    column = _get(source, known, field, role, needed)
    return None if column is None else _read_labels(column, field, role)


def _frames(column: Any, role: str) -> NDArray[np.int64]:
    if column.dtype.kind not in "iuf":
        raise TypeError(f"{role}: frames are {column.dtype}; expected whole numbers")
    frame = column.astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(frame) & (frame == np.floor(frame)) & (abs(frame) < 2**53)))
    if bad.size:
        raise ValueError(
            f"{role}: frame {column[bad[0]]} in row {bad[0]} is not a whole number; count frames, "
            "and give their rate as fps="
        )
    return column.astype(np.int64)


def _regions(source: Any, known: list[str], role: str) -> Regions:
    if "regions" in known:
        regions = source["regions"]
        if not isinstance(regions, Regions):
            raise TypeError(
                f"{role}: regions are {type(regions).__name__}; expected a batch such as Boxes"
            )
        return regions
    for names, build in ((_CORNERS, Boxes), (_SIZES, Boxes.from_xywh)):
        if set(names) <= set(known):
            try:
                return build(np.column_stack([np.asarray(source[name]) for name in names]))
            except (TypeError, ValueError) as error:
                kind = TypeError if isinstance(error, TypeError) else ValueError
                raise kind(f"{role}: {error}") from None
    raise ValueError(
        f"{role}: there are no boxes; wanted columns {', '.join(_CORNERS)}, or "
        f"{', '.join(_SIZES)} (lower corner and size), or 'regions', a batch of any kind; there "
        f"are {some(known)}"
    )


def read_tracks(source: Any, role: str) -> Table:
    """Read regions of players or of the ball.

    Parameters
    ----------
    source : path, DataFrame or mapping of columns
    role : {"players", "ball"}
    """
    source, known, title = _columns(source, role)
    frame = _frames(_get(source, known, "frame", title), title)
    video = _labels(source, known, "video", title, needed=False)
    track = _labels(source, known, "track", title, needed=True) if role == "players" else None
    regions = _regions(source, known, title)
    for name, column in (("regions", regions), ("tracks", track), ("videos", video)):
        if column is not None and len(column) != len(frame):
            raise ValueError(f"{title}: there are {len(frame)} frames and {len(column)} {name}")
    return Table(role, title, regions, frame, video, track)


def read_spells(source: Any) -> Table:
    """Read annotated spells, in seconds since the beginning of frame 0.

    Parameters
    ----------
    source : path, DataFrame or mapping of columns
    """
    source, known, title = _columns(source, "truth")
    track = _labels(source, known, "track", title, needed=True)
    video = _labels(source, known, "video", title, needed=False)
    assert track is not None
    ends = [_get(source, known, field, title) for field in ("start", "stop")]
    for name, column in (("starts", ends[0]), ("stops", ends[1]), ("videos", video)):
        if column is not None and len(column) != len(track):
            raise ValueError(f"{title}: there are {len(track)} tracks and {len(column)} {name}")
    try:
        timed = [column.dtype.kind != "f" and are_times(column) for column in ends]
        if all(timed):
            intervals = Intervals.from_datetimes(*ends)
        elif any(timed):
            raise ValueError("start and stop must both be seconds, or both durations")
        else:
            intervals = Intervals(np.stack(ends, axis=1).reshape(-1, 2), unit="s")
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{title}: {error}") from None
    if intervals.unit != "s":
        raise ValueError(
            f"{title}: start and stop are datetimes, and frames count from 0; give durations since "
            "the beginning of frame 0 of the video: column - beginning"
        )
    return Table("truth", title, intervals, np.empty(0, np.int64), video, track)


# ------------------------------------------------------------------------------ scenes


@dataclass(frozen=True, eq=False)
class Scene(ByValue):
    """Everything of one video.

    Attributes
    ----------
    tracks : tuple of str
        Names of the rows: of all players, and of others that have annotated spells.
    players, ball : Regions
    row : ndarray of int64
        Row of each region of players.
    frame, ball_frame : ndarray of int64
    spells : ndarray of float64, shape (S, 2), or None
        Annotated spells in seconds, as given.
    spell_row : ndarray of int64, shape (S,)
    """

    tracks: tuple[str, ...]
    players: Regions
    row: NDArray[np.int64]
    frame: NDArray[np.int64]
    ball: Regions
    ball_frame: NDArray[np.int64]
    spells: NDArray[np.float64] | None
    spell_row: NDArray[np.int64]

    @property
    def end(self) -> int:
        """Last frame with a player or the ball."""
        ends = [x.max(initial=np.iinfo(np.int64).min) for x in (self.frame, self.ball_frame)]
        return int(max(ends))

    @property
    def rows(self) -> tuple[int, int]:
        """Rows of the tables of players and ball."""
        return len(self.frame), len(self.ball_frame)

    @property
    def moving(self) -> NDArray[np.bool_]:
        """Which rows have regions."""
        return np.bincount(self.row, minlength=len(self.tracks)) > 0

    @cached_property
    def sha256(self) -> dict[str, str]:
        """Digest of each input, with the names of the tracks."""
        parts: dict[str, tuple[NDArray[Any], ...]] = {
            "players": (self.row, self.frame, self.players.to_array()),
            "ball": (self.ball_frame, self.ball.to_array()),
        }
        if self.spells is not None:
            parts["truth"] = self.spell_row, self.spells
        result = {}
        for role, arrays in parts.items():
            digest = hashlib.sha256(repr(self.tracks).encode())
            _feed(digest, *arrays)
            result[role] = digest.hexdigest()
        return result


@dataclass(frozen=True, eq=False)
class Tables(ByValue):
    """All inputs of an evaluation.

    Attributes
    ----------
    scenes : mapping from str to Scene
        By video, in order of appearance; one empty name where there is no column of videos.
    inputs : mapping from str to mapping
        Digest of each table, and the name of its file if it has one, by role.
    """

    scenes: Mapping[str, Scene]
    inputs: Mapping[str, Mapping[str, str]]


def read_tables(players: Any, ball: Any, truth: Any = None) -> Tables:
    """Read tables of players, ball and annotated spells, and split them by video.

    Parameters
    ----------
    players, ball, truth : path, DataFrame or mapping of columns
        As `overlap.evaluate.possession` takes them.

    Raises
    ------
    TypeError, ValueError
        A column is missing or bad, or there are two regions of a track or two balls in one frame.
    """
    given = [read_tracks(players, "players"), read_tracks(ball, "ball")]
    if truth is not None:
        given.append(read_spells(truth))
    videos, names, of_video, of_track = _keys(given)
    _check_frames(given[0], given[1], of_video, names, videos, of_track[0])
    places = [_by_number(codes, len(videos)) for codes in of_video]
    scenes = {}
    for video, own in zip(videos, zip(*places, strict=True), strict=True):
        tracks, rows = _rows([codes[k] for codes, k in zip(of_track, own[::2], strict=True)])
        first, second = (_taken(given[k].rows, own[k]) for k in (0, 1))
        scenes[video] = Scene(
            tuple(names[k] for k in tracks), first, rows[0], given[0].frame[own[0]],
            second, given[1].frame[own[1]],
            None if truth is None else given[2].rows.to_array()[own[2]],
            np.empty(0, np.int64) if truth is None else rows[1],
        )  # fmt: skip
    sources = {"players": players, "ball": ball, "truth": truth}
    inputs = {table.role: {"sha256": table.sha256} for table in given}
    for role, source in sources.items():
        if isinstance(source, str | os.PathLike):
            inputs[role]["source"] = os.fspath(source)
    return Tables(scenes, inputs)


def read_scene(video: str, players: Any, ball: Any, truth: Any = None) -> Scene:
    """Read tables of one video.

    Parameters
    ----------
    video : str
        Its name; a column of videos must say the same.
    players, ball, truth : path, DataFrame or mapping of columns

    Raises
    ------
    TypeError, ValueError
        As `read_tables`; or there is another video.
    """
    scenes = read_tables(players, ball, truth).scenes
    other = next((name for name in scenes if name not in ("", video)), None)
    if other is not None:
        raise ValueError(
            f"the item {video!r} has rows of the video {other!r}; add one video at a time, under "
            "its name, or leave the column of videos out"
        )
    if not scenes:
        raise ValueError(f"the item {video!r} has no rows; leave the column of videos out")
    return next(iter(scenes.values()))


def _keys(
    given: Sequence[Table],
) -> tuple[tuple[str, ...], tuple[str, ...], list[NDArray], list[NDArray]]:
    """Return names of videos and tracks, the video of all rows, and their track but for the ball.

    Numbers of names are in order of appearance.
    """
    having = [table.title for table in given if table.video is not None]
    without = [table.title for table in given if table.video is None]
    if having and without:
        raise ValueError(
            f"{having[0]} has a column of videos and {without[0]} has none; give it to all"
        )
    tracks, names = _joined([table.track for table in given if table.track is not None])
    if having:
        codes, videos = _joined([table.video for table in given if table.video is not None])
    else:
        videos = ("",)
        codes = [np.zeros(len(table.rows), np.int64) for table in given]
    return videos, names, codes, tracks


def _by_number(codes: NDArray[np.int64], count: int) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of each number."""
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(count + 1))
    return (order[first:last] for first, last in pairwise(ends.tolist()))


def _rows(codes: Sequence[NDArray]) -> tuple[list[int], list[NDArray[np.int64]]]:
    """Return the different tracks in order, and the place of each entry among them."""
    known, place = np.unique(np.concatenate(codes), return_inverse=True)
    ends = np.cumsum([0, *map(len, codes)])
    place = place.astype(np.int64, copy=False)
    return known.tolist(), [place[a:b] for a, b in pairwise(ends.tolist())]


def _taken(regions: Regions, rows: NDArray[np.int64]) -> Regions:
    return regions if len(rows) == len(regions) else regions[rows]


def _check_frames(
    players: Table,
    ball: Table,
    of_video: Sequence[NDArray],
    names: Sequence[str],
    videos: Sequence[str],
    track: NDArray,
) -> None:
    """Refuse two balls, or two regions of one track, in one frame, and frames too far apart."""
    first = min(players.frame.min(initial=2**53), ball.frame.min(initial=2**53))
    last = max(players.frame.max(initial=first), ball.frame.max(initial=first))
    if last - first >= FARTHEST:
        raise ValueError(
            f"{players.title} and {ball.title}: frames from {first} to {last} are too far apart"
        )
    pair = _first_pair(of_video[1], ball.frame)
    if pair is not None:
        raise ValueError(
            f"{ball.title}: rows {pair[0]} and {pair[1]} are both of frame "
            f"{ball.frame[pair[0]]}; keep one ball in every frame"
        )
    pair = _first_pair(of_video[0], track, players.frame)
    if pair is not None:
        video, name = videos[of_video[0][pair[0]]], names[track[pair[0]]]
        label = name if videos == ("",) else f"{video}/{name}"
        raise ValueError(
            f"{players.title}: rows {pair[0]} and {pair[1]} are both of track {label} in frame "
            f"{players.frame[pair[0]]}; a track has one region in a frame"
        )


def _first_pair(*columns: NDArray) -> tuple[int, int] | None:
    """Return the first two rows that agree in all columns, the first of which sorts first."""
    order = np.lexsort(columns[::-1])
    same = np.ones(max(len(order) - 1, 0), np.bool_)
    for column in columns:
        same &= np.diff(column[order]) == 0
    if not same.any():
        return None
    at = int(np.flatnonzero(same)[0])
    first, second = sorted(order[at : at + 2].tolist())
    return first, second
