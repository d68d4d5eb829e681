"""Tables of regions by video, frame and track, and of annotated spells."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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

__all__ = ["Table", "feed", "joined_labels", "read_spells", "read_tracks", "role_of"]

_NAMES = {
    "frame": ("frame", "frame_id"),
    "track": ("track", "track_id", "id", "player"),
    "video": ("video", "match", "sequence"),
    "start": ("start",),
    "stop": ("stop", "end"),
}
_CORNERS, _SIZES = ("x0", "y0", "x1", "y1"), ("x", "y", "w", "h")
_NUMBERS = (*_NAMES["frame"], *_NAMES["start"], *_NAMES["stop"], *_CORNERS, *_SIZES)


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
    (code,), known = joined_labels([_Labels(code.astype(np.int64), tuple(map(_name, values)))])
    return _Labels(code, known)


def _name(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)


def joined_labels(columns: Sequence[_Labels]) -> tuple[list[NDArray[np.int64]], tuple[str, ...]]:
    """Return codes of several columns in common names, which are different ones.

    Parameters
    ----------
    columns : sequence of _Labels
    """
    places: dict[str, int] = {}
    codes = []
    for column in columns:
        place = [places.setdefault(name, len(places)) for name in column.names]
        codes.append(np.array(place, np.int64)[column.code])
    return codes, tuple(places)


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
        feed(digest, *frames, self.rows.to_array())
        return digest.hexdigest()


def feed(digest: Any, *arrays: NDArray[Any]) -> None:
    """Let a digest depend on arrays, with their types and shapes.

    Parameters
    ----------
    digest : hashlib's
    *arrays : ndarray
    """
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
    if {*_CORNERS, *_SIZES} <= set(known):
        raise ValueError(
            f"{role}: there are boxes in the columns {', '.join(_CORNERS)} and in "
            f"{', '.join(_SIZES)}; keep one of them"
        )
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
