"""Tables of regions by video, frame and track, and of annotated spells."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.times import are_times
from overlap._common.values import ByValue
from overlap.regions.base import Regions
from overlap.regions.boxes import Boxes
from overlap.regions.intervals import Intervals

from .labels import Labels, joined, read_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Players", "Spells", "Tracks", "read_players", "read_spells", "read_tracks"]

_NAMES = {
    "frame": ("frame", "frame_id"),
    "track": ("track", "track_id", "id", "player"),
    "video": ("video", "match", "sequence"),
    "start": ("start",),
    "stop": ("stop", "end"),
}
_CORNERS, _SIZES = ("x0", "y0", "x1", "y1"), ("x", "y", "w", "h")


@dataclass(frozen=True, eq=False)
class Tracks(ByValue):
    """Regions with the video and the frame of each, and for players the track.

    Attributes
    ----------
    regions : Regions
        N of them.
    frame : ndarray of int64, shape (N,)
    video, track : Labels, or None
    sha256 : str
        Of all of it.
    """

    regions: Regions
    frame: NDArray[np.int64]
    video: Labels | None
    track: Labels | None
    sha256: str


@dataclass(frozen=True, eq=False)
class Spells(ByValue):
    """Annotated spells of possession, in seconds.

    Attributes
    ----------
    intervals : Intervals
    video : Labels, or None
    track : Labels
    sha256 : str
    """

    intervals: Intervals
    video: Labels | None
    track: Labels
    sha256: str


@dataclass(frozen=True, eq=False)
class Players(ByValue):
    """Names and numbers of everything that can have the ball: one row per video and track.

    Attributes
    ----------
    videos : tuple of str
        In order of appearance; one empty name where there is no column.
    names : tuple of str
        Track of every row.
    video : ndarray of int64, shape (rows,)
        Number of the video of every row.
    """

    videos: tuple[str, ...]
    names: tuple[str, ...]
    video: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def labels(self) -> tuple[str, ...]:
        """Video and track of every row in one word."""
        if self.videos == ("",):
            return self.names
        return tuple(
            f"{self.videos[v]}/{name}" for v, name in zip(self.video, self.names, strict=True)
        )


def _columns(source: Any, role: str) -> list[str]:
    names = getattr(source, "columns", None)
    if names is None and isinstance(source, Mapping):
        names = source.keys()
    if names is None:
        raise TypeError(
            f"{role}: expected a DataFrame or a mapping of columns, got {type(source).__name__}"
        )
    return [str(name) for name in names]


def _get(source: Any, known: list[str], field: str, role: str, needed: bool = True) -> Any:
    """Return one column as an array of any type, or None."""
    present = [name for name in _NAMES[field] if name in known]
    if len(present) > 1:
        raise ValueError(f"{role}: columns {present[0]!r} and {present[1]!r} mean the same")
    if not present:
        if needed:
            raise ValueError(
                f"{role}: there is no column {field!r}; there are {', '.join(map(repr, known))}"
            )
        return None
    column = np.asarray(source[present[0]])
    if column.ndim != 1:
        raise ValueError(f"{role}: {present[0]} has shape {column.shape}; expected one axis")
    return column


def _labels(source: Any, known: list[str], field: str, role: str, needed: bool) -> Labels | None:
    column = _get(source, known, field, role, needed)
    return None if column is None else read_labels(column, field, role)


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
        f"are {', '.join(map(repr, known))}"
    )


def _digest(labels: Sequence[Labels | None], *arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for column in labels:
        if column is not None:
            digest.update(repr(column.names).encode())
            digest.update(column.code.tobytes())
    for array in arrays:
        digest.update(f"{array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def read_tracks(source: Any, role: str) -> Tracks:
    """Read regions of players or of the ball.

    Parameters
    ----------
    source : DataFrame or mapping of columns
    role : {"players", "ball"}

    Raises
    ------
    TypeError, ValueError
        A column is missing or bad.
    """
    known = _columns(source, role)
    frame = _frames(_get(source, known, "frame", role), role)
    video = _labels(source, known, "video", role, needed=False)
    track = _labels(source, known, "track", role, needed=True) if role == "players" else None
    regions = _regions(source, known, role)
    for name, column in (("regions", regions), ("tracks", track), ("videos", video)):
        if column is not None and len(column) != len(frame):
            raise ValueError(f"{role}: there are {len(frame)} frames and {len(column)} {name}")
    digest = _digest((video, track), frame, regions.to_array())
    return Tracks(regions, frame, video, track, digest)


def read_spells(source: Any) -> Spells:
    """Read annotated spells.

    Parameters
    ----------
    source : DataFrame or mapping of columns
        ``track``, ``start``, ``stop`` in seconds since the beginning of frame 0 (numbers, or
        durations such as timedelta64), and ``video`` where the players have it.
    """
    known = _columns(source, "truth")
    track = _labels(source, known, "track", "truth", needed=True)
    video = _labels(source, known, "video", "truth", needed=False)
    assert track is not None
    ends = [_get(source, known, field, "truth") for field in ("start", "stop")]
    for name, column in (("starts", ends[0]), ("stops", ends[1]), ("videos", video)):
        if column is not None and len(column) != len(track):
            raise ValueError(f"truth: there are {len(track)} tracks and {len(column)} {name}")
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
        raise kind(f"truth: {error}") from None
    if intervals.unit != "s":
        raise ValueError(
            "truth: start and stop are datetimes, and frames count from 0; give durations since "
            "the beginning of frame 0 of the video: column - beginning"
        )
    return Spells(intervals, video, track, _digest((video, track), intervals.to_array()))


def read_players(
    players: Tracks, ball: Tracks, truth: Spells | None
) -> tuple[Players, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64] | None]:
    """Return the rows there are, the row of each region, the ball's videos, the truth's rows."""
    import pandas as pd

    given: list[tuple[str, Labels | None]] = [("players", players.video), ("ball", ball.video)]
    if truth is not None:
        given.append(("truth", truth.video))
    labels = [(role, video) for role, video in given if video is not None]
    without = [role for role, video in given if video is None]
    if labels and without:
        raise ValueError(
            f"{labels[0][0]} has a column of videos and {without[0]} has none; give it to all"
        )
    assert players.track is not None
    tracks, names = joined([players.track] if truth is None else [players.track, truth.track])
    if labels:
        codes, videos = joined([video for _, video in labels])
    else:
        videos = ("",)
        codes = [np.zeros(len(x), np.int64) for x in (players.frame, ball.frame, *tracks[1:])]
    of_players, of_ball, *of_truth = codes
    most = max(len(names), 1)
    key = np.concatenate([of_players, *of_truth]) * most + np.concatenate(tracks)
    row, unique = pd.factorize(key, sort=True)
    known = Players(videos, tuple(names[k] for k in unique % most), unique // most)
    row = row.astype(np.int64, copy=False)
    count = len(of_players)
    return known, row[:count], of_ball, None if truth is None else row[count:]
