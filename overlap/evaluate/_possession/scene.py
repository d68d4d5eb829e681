"""The scene of each video: players, ball and annotated spells, in one numbering of tracks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.values import ByValue
from overlap.regions.base import Regions

from .tracks import Table, feed, joined_labels, read_spells, read_tracks

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FARTHEST", "Scene", "Tables", "read_scene", "read_tables"]

#: Most frames from the first to the last.
FARTHEST = 1 << 40


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
            feed(digest, *arrays)
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
    tracks, names = joined_labels([table.track for table in given if table.track is not None])
    if having:
        codes, videos = joined_labels([table.video for table in given if table.video is not None])
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
