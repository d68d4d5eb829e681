"""States of possession: from scores of frames to sets of intervals, within one video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.values import ByValue
from overlap.regions.interval_sets import IntervalSets
from overlap.regions.intervals import Intervals

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Frames", "Rules", "held", "possessed"]


@dataclass(frozen=True)
class Rules:
    """Rules of who has the ball. Fields are those of `possession`; times are in frames."""

    threshold: float
    release: float
    hold: int
    max_gap: int
    min_duration: int
    simultaneous: str


@dataclass(frozen=True, eq=False)
class Frames(ByValue):
    """Scored frames of one video, by row (a player) and then by frame.

    Attributes
    ----------
    row, frame : ndarray of int64, shape (F,)
    score : ndarray of float64, shape (F,)
        Not NaN.
    players : int
        Number of rows.
    end : int
        Last frame of the video.
    """

    row: NDArray[np.int64]
    frame: NDArray[np.int64]
    score: NDArray[np.float64]
    players: int
    end: int


def possessed(frames: Frames, rules: Rules) -> IntervalSets:
    """Return when each player has the ball, in frames.

    Parameters
    ----------
    frames : Frames
    rules : Rules
    """
    reach = _reach(frames, rules.hold)
    on = _states(frames, reach, rules)
    row, frame, score, reach = frames.row[on], frames.frame[on], frames.score[on], reach[on]
    apart = rules.simultaneous == "best"
    if apart:
        row, frame = _one_each(row, frame, score, reach)
        reach = np.zeros(len(row), np.int64)
    spans = Intervals(np.stack([frame, frame + 1 + reach], 1).astype(np.float64))
    sets = IntervalSets.from_intervals(spans, row, size=frames.players)
    if rules.max_gap:
        filled = sets.filled(rules.max_gap)
        sets = sets | _free(filled - sets, sets) if apart else filled
    return sets.without_short(rules.min_duration)


def _reach(frames: Frames, hold: int) -> NDArray[np.int64]:
    """Return for how many missing frames after each one its state is held."""
    reach = np.minimum(frames.end - frames.frame, hold)
    same = frames.row[1:] == frames.row[:-1]
    missing = frames.frame[1:] - frames.frame[:-1] - 1
    reach[:-1][same] = np.minimum(missing, hold)[same]
    return reach


def _states(frames: Frames, reach: NDArray[np.int64], rules: Rules) -> NDArray[np.bool_]:
    """Return the state of every frame: a switch with two thresholds.

    The last frame at which the score was outside of the two decides, unless frames were
    missing for longer than they are held since.
    """
    place = np.arange(len(frames.row))
    decided = (frames.score >= rules.threshold) | (frames.score < rules.release)
    decider = np.maximum.accumulate(np.where(decided, place, -1))
    begins = np.ones(len(place), np.bool_)
    same = frames.row[1:] == frames.row[:-1]
    begins[1:] = ~(same & (frames.frame[1:] == frames.frame[:-1] + 1 + reach[:-1]))
    first = np.maximum.accumulate(np.where(begins, place, 0))
    on = frames.score >= rules.threshold
    return on[decider] & (decider >= first)


def _one_each(
    row: NDArray[np.int64],
    frame: NDArray[np.int64],
    score: NDArray[np.float64],
    reach: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give every frame to one player: seen last, then with the highest score."""
    repeats = reach + 1
    source = np.repeat(np.arange(len(row)), repeats)
    age = np.arange(len(source)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    place, owner = frame[source] + age, row[source]
    order = np.lexsort((owner, -score[source], age, place))
    place, owner = place[order], owner[order]
    first = np.ones(len(place), np.bool_)
    first[1:] = place[1:] != place[:-1]
    return owner[first], place[first]


def _free(gaps: IntervalSets, sets: IntervalSets) -> IntervalSets:
    """Return the gaps in which no other player has the ball."""
    spans = gaps.intervals()
    edges = np.append(sets.where_at_least(1).to_array().ravel(), np.inf)
    passed = np.searchsorted(edges, spans.start, side="right")
    free = (passed % 2 == 0) & (edges[passed] >= spans.stop)
    return IntervalSets.from_intervals(spans[free], gaps.region[free], size=len(sets))


def held(sets: IntervalSets, frames: Frames) -> NDArray[np.bool_]:
    """Return which scored frames are in the sets of their rows."""
    inside = np.zeros(len(frames.row), np.bool_)
    edges = np.searchsorted(frames.row, np.arange(len(sets) + 1))
    for k in range(len(sets)):
        part = slice(edges[k], edges[k + 1])
        inside[part] = sets[k].contains(frames.frame[part].astype(np.float64))[0]
    return inside
