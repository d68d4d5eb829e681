"""`overlap.evaluate.possession`: scores of players and ball, frame by frame, become spells."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from overlap._common.numbers import checked_number
from overlap.evaluate.bootstrap import (
    LEAST_ITEMS,
    Seed,
    checked_draws,
    draw_weights,
    resampled_interval,
)
from overlap.evaluate.numbers import Interval
from overlap.evaluate.thresholds import parse_thresholds
from overlap.pairing._reach import check_score
from overlap.regions.interval_sets import IntervalSets
from overlap.regions.intervals import Intervals
from overlap.scores.ratios import coverage
from overlap.scores.score import Score

from .evidence import SECONDS, PossessionEvidence
from .report import PossessionReport
from .states import Frames, Rules, held, possessed
from .tracks import Players, Tracks, read_players, read_spells, read_tracks
from .wording import describe

__all__ = ["possession"]

_SPAN = 1 << 40  # of frame numbers, so that they can be combined with numbers of videos
_SLACK = 1e-9  # of a duration in frames, for rounding of seconds times frames per second


def possession(
    *,
    players: Any,
    ball: Any,
    fps: float,
    truth: Any = None,
    score: Score = coverage,
    threshold: float = 0.5,
    release: float | None = None,
    hold: float = 0.0,
    max_gap: float = 0.0,
    min_duration: float = 0.0,
    simultaneous: Literal["all", "best"] = "all",
    iou: Any = 0.5,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    rng: Seed = 0,
) -> PossessionReport:
    """Say when each player has the ball, and compare that with annotated spells.

    In every frame that has both, the ball's region is scored against the player's; scores
    become states, states become spells, and the spells of a player are one set of intervals.
    What moves and what it is given to may be anything else: a hand and a cup, a car and a lane.

    Parameters
    ----------
    players : DataFrame or mapping of columns
        ``frame`` (whole numbers), ``track`` (any label; ``id`` and ``track_id`` are the same),
        ``video`` if there are several, and the regions: ``x0, y0, x1, y1``, or ``x, y, w, h``
        (lower corner and size), or ``regions``, a batch of any kind.
    ball : DataFrame or mapping of columns
        The same without ``track``: at most one region in every frame of a video.
    fps : float
        Frames per second. Frame k lasts from ``k / fps`` to ``(k + 1) / fps`` seconds.
    truth : DataFrame or mapping of columns, optional
        Annotated spells: ``track``, ``start``, ``stop`` in seconds since the beginning of
        frame 0 (numbers, or durations such as timedelta64), and ``video`` where the players have
        it. Spells of one player that overlap or touch count as one.
    score : Score
        Called as ``score(ball, player)``, so that `overlap.coverage` is the share of the ball
        that is inside the player's region. A frame with an undefined score is a missing one.
    threshold : float
        A player has the ball from a frame with a score >= `threshold` on ...
    release : float, optional
        ... until a frame with a score < `release`, which is at most `threshold`, and by default
        the same. Two thresholds keep a score that trembles about one of them from
        switching all the time.
    hold : float
        Seconds for which the state is held through missing frames, in which player or ball was
        not seen. Afterwards the player does not have the ball, and needs `threshold` again.
    max_gap : float
        Gaps between the spells of a player up to this many seconds are closed.
    min_duration : float
        Spells shorter than this many seconds are then dropped.
    simultaneous : {"all", "best"}
        ``"all"``: players are judged each for themselves, and several can have the ball.
        ``"best"``: a frame belongs to one player at most: to the one seen with the ball last
        (in this frame, or before frames that are held), of several to the one with the highest
        score, of equal ones to the one that comes first in `players`. Gaps in which
        another player has the ball are not closed.
    iou : float, str or iterable of float
        From which IoU on a found and an annotated spell match, as in `temporal`.
    bootstrap : int
        Number of resamples for intervals, 50 or more, 0 for none: of videos, or of players if
        there is only one video. Of fewer than five there are no intervals.
    confidence_level : float
        Of the intervals, in (0, 1).
    rng : int, Generator, SeedSequence or None
        Source of randomness of the bootstrap.

    Returns
    -------
    PossessionReport
        Its summary has ``possession`` (seconds, of all players together) and
        ``simultaneous`` (seconds in which several have the ball). With annotations: ``iou``
        (shared seconds over seconds of either), ``mean_iou`` (of players for whom there is a
        spell), ``time_precision`` and ``time_recall`` (shared seconds over found and over
        annotated ones), and ``F1@0.50`` with its precision and recall: of spells, matched one to
        one within a player in order of descending IoU.

    Raises
    ------
    TypeError, ValueError
        For columns that are missing or bad, two regions of a track or two balls in one
        frame, and settings out of range.

    Examples
    --------
    >>> import pandas as pd
    >>> from overlap import evaluate
    >>> frames = range(8)
    >>> players = pd.DataFrame({"frame": frames, "track": 7, "x0": 0, "y0": 0, "x1": 2, "y1": 4})
    >>> left = pd.Series([3.0, 1.5, 1.0, 1.4, 1.7, 0.5, 1.8, 5.0])
    >>> ball = pd.DataFrame({"frame": frames, "x0": left, "y0": 0, "x1": left + 1, "y1": 1})
    >>> truth = pd.DataFrame({"track": [7], "start": [0.2], "stop": [0.7]})
    >>> report = evaluate.possession(players=players, ball=ball, fps=10, truth=truth)
    >>> report.found
    IntervalSets([[[0.1, 0.4], [0.5, 0.6]]], unit='s')
    >>> steady = evaluate.possession(
    ...     players=players, ball=ball, fps=10, truth=truth, threshold=0.5, release=0.2
    ... )
    >>> steady.found, steady.summary["iou"].round(3)
    (IntervalSets([[[0.1, 0.7]]], unit='s'), np.float64(0.833))
    """
    rules = _rules(fps, threshold, release, hold, max_gap, min_duration, simultaneous)
    check_score(score)
    thresholds = parse_thresholds(iou)
    bootstrap = checked_draws(bootstrap, confidence_level)
    tracks, balls = read_tracks(players, "players"), read_tracks(ball, "ball")
    spells = None if truth is None else read_spells(truth)
    known, row, ball_video, truth_row = read_players(tracks, balls, spells)
    frames = _scored(score, tracks, balls, known, row, ball_video)
    in_frames = possessed(frames, rules)
    found = IntervalSets.from_intervals(_seconds(in_frames, fps), in_frames.region, size=len(known))
    annotated = None
    if spells is not None:
        annotated = IntervalSets.from_intervals(spells.intervals, truth_row, size=len(known))
    evidence = PossessionEvidence(
        known, frames, held(in_frames, frames), rules, float(fps), found, annotated, thresholds
    )
    items = [
        (name, float(values[0]))
        for name, values in evidence.statistics(np.ones((1, len(evidence.items)))).items()
    ]
    intervals = _intervals(evidence, dict(items), bootstrap, confidence_level, rng)
    for interval in intervals:
        items += [(f"{interval.name} low", interval.low), (f"{interval.name} high", interval.high)]
    items.append(("simultaneous", evidence.simultaneous()))
    asked = {"hold": hold, "max_gap": max_gap, "min_duration": min_duration}
    inputs = {"players": tracks, "ball": balls, "truth": spells}
    settings = describe(evidence, score, asked, inputs, intervals, bootstrap, rng)
    sentence = settings.pop("methods")
    return PossessionReport(
        tuple(items), tuple(evidence.rows()), settings, sentence, evidence, tuple(intervals)
    )


def _rules(
    fps: float,
    threshold: float,
    release: float | None,
    hold: float,
    max_gap: float,
    min_duration: float,
    simultaneous: str,
) -> Rules:
    rate = checked_number(fps, "fps")
    if rate <= 0:
        raise ValueError(f"fps = {fps!r} is not a positive number")
    enter = checked_number(threshold, "threshold")
    leave = enter if release is None else checked_number(release, "release")
    if leave > enter:
        raise ValueError(
            f"release = {leave} is above threshold = {enter}; a player must lose the ball at a "
            "lower score than the one that gives it"
        )
    frames = []
    for name, value in (("hold", hold), ("max_gap", max_gap), ("min_duration", min_duration)):
        seconds = checked_number(value, name)
        if seconds < 0:
            raise ValueError(f"{name} = {value!r} seconds is negative")
        frames.append(min(seconds * rate, float(_SPAN)))  # no two frames are farther apart
    if simultaneous not in ("all", "best"):
        raise ValueError(f"simultaneous = {simultaneous!r}; expected 'all' or 'best'")
    longest = math.floor(frames[0] + _SLACK), math.floor(frames[1] + _SLACK)
    return Rules(enter, leave, *longest, math.ceil(frames[2] - _SLACK), simultaneous)


def _scored(
    score: Score,
    players: Tracks,
    ball: Tracks,
    known: Players,
    row: Any,
    ball_video: Any,
) -> Frames:
    """Join players and ball on video and frame, and score the pairs."""
    count = len(players.frame)
    first = min(players.frame.min(initial=2**53), ball.frame.min(initial=2**53))
    last = max(players.frame.max(initial=first), ball.frame.max(initial=first))
    span = int(last - first) + 1
    if span > _SPAN:
        raise ValueError(f"players and ball: frames from {first} to {last} are too far apart")
    key = known.video[row] * span + (players.frame - first)
    ball_key = ball_video * span + (ball.frame - first)
    order = np.argsort(ball_key, kind="stable")
    ball_sorted = ball_key[order]
    twice = np.flatnonzero(ball_sorted[1:] == ball_sorted[:-1])
    if twice.size:
        first, second = sorted(order[twice[0] : twice[0] + 2].tolist())
        raise ValueError(
            f"ball: rows {first} and {second} are both of frame {ball.frame[first]}; keep one ball "
            "in every frame"
        )
    by_row = np.lexsort((players.frame, row))
    same = (np.diff(row[by_row]) == 0) & (np.diff(players.frame[by_row]) == 0)
    if same.any():
        at = int(np.flatnonzero(same)[0])
        first, second = sorted(by_row[at : at + 2].tolist())
        raise ValueError(
            f"players: rows {first} and {second} are both of track {known.labels[row[first]]} in "
            f"frame {players.frame[first]}; a track has one region in a frame"
        )
    place = np.searchsorted(ball_sorted, key[by_row])
    place = np.minimum(place, max(len(ball_key) - 1, 0))
    seen = ball_sorted[place] == key[by_row] if len(ball_key) else np.zeros(count, np.bool_)
    mine, theirs = by_row[seen], order[place[seen]]
    value = score(ball.regions[theirs], players.regions[mine])
    end = np.full(len(known.videos), np.iinfo(np.int64).min)
    np.maximum.at(end, known.video[row], players.frame)
    np.maximum.at(end, ball_video, ball.frame)
    real = ~np.isnan(value)
    return Frames(
        row[mine[real]], players.frame[mine[real]], value[real], known.video, end[known.video]
    )


def _seconds(sets: IntervalSets, fps: float) -> Intervals:
    return Intervals(sets.to_array() / fps, unit="s")


def _intervals(
    evidence: PossessionEvidence,
    estimates: dict[str, float],
    resamples: int,
    confidence_level: float,
    rng: Seed,
) -> list[Interval]:
    count = len(evidence.items)
    if not resamples or count < LEAST_ITEMS:
        return []
    return [
        resampled_interval(
            name,
            estimates[name],
            draws,
            items=count,
            low=0.0,
            high=np.inf if name in SECONDS else 1.0,
            confidence_level=confidence_level,
        )
        for name, draws in evidence.statistics(draw_weights(count, resamples, rng)).items()
    ]
