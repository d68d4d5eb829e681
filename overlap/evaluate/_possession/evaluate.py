"""`overlap.evaluate.possession`: scores of players and ball, frame by frame, become spells."""

from __future__ import annotations

import os
from typing import Any, Literal, cast

from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study
from overlap.scores.ratios import coverage
from overlap.scores.score import Score

from .report import PossessionReport
from .task import Possession

__all__ = ["possession", "possession_study"]


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
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> PossessionReport:
    """Find when each player has the ball, and compare that with annotated spells.

    In every frame that has both, the ball's region is scored against the player's; scores
    become states, states become spells, and the spells of a player are one set of intervals.
    What moves and what it is given to may be anything else: a hand and a cup, a car and a lane.

    Parameters
    ----------
    players : path, DataFrame or mapping of columns
        ``frame`` (whole numbers), ``track`` (any label; ``id`` and ``track_id`` are the same),
        ``video`` if there are several, and the regions: ``x0, y0, x1, y1``, or ``x, y, w, h``
        (lower corner and size), or ``regions``, a batch of any kind. Files are CSV, plain or
        gzipped, or Parquet, with boxes.
    ball : path, DataFrame or mapping of columns
        The same without ``track``: at most one region in every frame of a video.
    fps : float
        Frames per second. Frame k lasts from ``k / fps`` to ``(k + 1) / fps`` seconds.
    truth : path, DataFrame or mapping of columns, optional
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
    workers : int
        Number of processes, which measure a video at a time; -1 for all processors. No number
        depends on it.
    resume : path, optional
        Folder for measured videos, so that a run that was interrupted continues.
    progress : bool, optional
        Show a bar; by default on a terminal only.

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
    task = Possession(
        fps, score, threshold, release, hold, max_gap, min_duration, simultaneous, iou
    )
    report = run(
        task,
        {"players": players, "ball": ball, "truth": truth},
        bootstrap=Bootstrap(bootstrap, confidence_level, rng),
        workers=workers,
        resume=resume,
        progress=progress,
    )
    return cast(PossessionReport, report)


def possession_study(
    *,
    fps: float,
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
) -> Study:
    """Start a study of possession: videos are added one by one, anywhere.

    Parameters
    ----------
    fps, score, threshold, release, hold, max_gap, min_duration, simultaneous, iou
        As in `possession`.
    bootstrap, confidence_level, rng
        As in `possession`.

    Returns
    -------
    Study
        Its items are videos: ``update(name, players=..., ball=..., truth=...)``. Videos stand in
        the order of their names.

    Examples
    --------
    >>> from overlap import evaluate
    >>> box = {"x0": [0.0], "y0": [0.0], "x1": [2.0], "y1": [2.0]}
    >>> study = evaluate.possession_study(fps=10)
    >>> _ = study.update("match 1", players={"frame": [3], "track": [7], **box},
    ...                  ball={"frame": [3], **box})
    >>> study.compute().found
    IntervalSets([[[0.3, 0.4]]], unit='s')
    """
    task = Possession(
        fps, score, threshold, release, hold, max_gap, min_duration, simultaneous, iou
    )
    return Study(task, Bootstrap(bootstrap, confidence_level, rng))
