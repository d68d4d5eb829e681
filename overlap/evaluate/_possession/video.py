"""Measured video: scores of its frames, and the spells that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.values import ByValue
from overlap.scores.score import Score

from .scene import Scene
from .states import Frames, Rules, held, possessed

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Video", "measured"]


@dataclass(frozen=True, eq=False)
class Video(ByValue):
    """Measured video.

    Attributes
    ----------
    tracks : tuple of str
        Names of the rows.
    frames : Frames
        Scored frames.
    inside : ndarray of bool, shape (F,)
        Which of them are in a found spell.
    spans : ndarray of float64, shape (S, 2)
        Found spells in frames.
    span_row : ndarray of int64, shape (S,)
    spells : ndarray of float64, shape (T, 2), or None
        Annotated spells in seconds, as given.
    spell_row : ndarray of int64, shape (T,)
    moving : ndarray of bool, shape (rows,)
        Which rows have regions.
    rows : tuple of int
        Rows of the tables of players and ball.
    sha256 : mapping from str to str
        Digest of each input.
    """

    tracks: tuple[str, ...]
    frames: Frames
    inside: NDArray[np.bool_]
    spans: NDArray[np.float64]
    span_row: NDArray[np.int64]
    spells: NDArray[np.float64] | None
    spell_row: NDArray[np.int64]
    moving: NDArray[np.bool_]
    rows: tuple[int, int]
    sha256: Mapping[str, str]

    @property
    def end(self) -> int:
        """Last frame with a player or the ball."""
        return self.frames.end


def measured(scene: Scene, score: Score, rules: Rules) -> Video:
    """Score the frames of a video, and turn scores into spells.

    Parameters
    ----------
    scene : Scene
    score : Score
        Called as ``score(ball, player)``.
    rules : Rules
    """
    frames = _scored(scene, score)
    sets = possessed(frames, rules)
    return Video(
        scene.tracks, frames, held(sets, frames), sets.to_array(), sets.region, scene.spells,
        scene.spell_row, scene.moving, scene.rows, scene.sha256,
    )  # fmt: skip


def _scored(scene: Scene, score: Score) -> Frames:
    """Join players and ball on the frame, and score the pairs."""
    order = np.argsort(scene.ball_frame, kind="stable")
    by_row = np.lexsort((scene.frame, scene.row))
    frame, there = scene.frame[by_row], scene.ball_frame[order]
    place = np.minimum(np.searchsorted(there, frame), max(len(there) - 1, 0))
    seen = there[place] == frame if len(there) else np.zeros(len(frame), np.bool_)
    mine, theirs = by_row[seen], order[place[seen]]
    value = score(scene.ball[theirs], scene.players[mine])
    real = ~np.isnan(value)
    kept = mine[real]
    return Frames(scene.row[kept], scene.frame[kept], value[real], len(scene.tracks), scene.end)
