"""`overlap.evaluate.possession`: scores of players and ball, frame by frame, become spells."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from overlap._common.numbers import checked_number
from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.numbers import Number
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study
from overlap.evaluate.task import Description, Inputs, Task
from overlap.evaluate.thresholds import parse_thresholds
from overlap.scores.ratios import coverage
from overlap.scores.score import Score, check_score

from . import wording
from .evidence import PossessionEvidence
from .report import PossessionReport
from .states import Frames, Rules
from .tracks import FARTHEST, Scene, Tables, read_scene, read_tables
from .video import Video, measured

__all__ = ["possession", "possession_study"]

_SLACK = 1e-9  # of a duration in frames, for rounding of seconds times frames per second


@dataclass(frozen=True)
class Possession(Task):
    """Rules by which scores become spells; fields are those of `possession`."""

    fps: float
    score: Score
    threshold: float
    release: Any
    hold: float
    max_gap: float
    min_duration: float
    simultaneous: str
    iou: Any
    name, unit = "possession", "videos"
    records, report = (Video, Frames), PossessionReport

    def __post_init__(self) -> None:
        fps, threshold = (
            checked_number(self.fps, "fps"),
            checked_number(self.threshold, "threshold"),
        )
        if fps <= 0:
            raise ValueError(f"fps = {self.fps!r} is not a positive number")
        release = threshold if self.release is None else checked_number(self.release, "release")
        if release > threshold:
            raise ValueError(
                f"release = {release} is above threshold = {threshold}; a player must lose the "
                "ball at a lower score than the one that gives it"
            )
        fields = {"fps": float(fps), "threshold": threshold, "release": release}
        for name in ("hold", "max_gap", "min_duration"):
            fields[name] = float(checked_number(getattr(self, name), name))
            if fields[name] < 0:
                raise ValueError(f"{name} = {getattr(self, name)!r} seconds is negative")
        if self.simultaneous not in ("all", "best"):
            raise ValueError(f"simultaneous = {self.simultaneous!r}; expected 'all' or 'best'")
        check_score(self.score)
        for name, value in {**fields, "iou": parse_thresholds(self.iou)}.items():
            object.__setattr__(self, name, value)

    def items(self, pieces: int, **inputs: Any) -> Inputs:
        """Read the tables; an item is the scene of one video."""
        tables = read_tables(**inputs)
        return Inputs(tables.scenes, tables)

    def measure(self, key: Any, item: Scene | Mapping[str, Any]) -> Video:
        """Score the frames of a video, and turn scores into spells."""
        return measured(_scene(key, item), self.score, self._in_frames())

    def finish(self, parts: Mapping[Any, Video], about: Tables | None) -> PossessionEvidence:
        """Put the videos together: those of tables in their order."""
        if about is not None:
            parts = {key: parts[key] for key in about.scenes}
        inputs = _inputs(parts) if about is None else about.inputs
        return PossessionEvidence(parts, self.fps, self.iou, inputs)

    def holds(self, key: Any, part: Video, item: Scene | Mapping[str, Any]) -> bool:
        """Whether a video is still the one that was measured."""
        return dict(part.sha256) == _scene(None, item).sha256

    def rules(self) -> dict[str, Any]:
        """Return the rules on which spells depend."""
        return {
            "score": repr(self.score),
            "threshold": self.threshold,
            "release": self.release,
            "hold": self.hold,
            "max_gap": self.max_gap,
            "min_duration": self.min_duration,
            "simultaneous": self.simultaneous,
            "fps": self.fps,
        }

    def describe(
        self, evidence: PossessionEvidence, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Return settings, contract, notes and findings."""
        return wording.description(evidence, self.rules())

    def sentence(self, evidence: PossessionEvidence, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        return wording.sentence(settings)

    def _in_frames(self) -> Rules:
        """Return the rules with durations in whole frames."""
        hold, gap, least = (
            min(seconds * self.fps, float(FARTHEST))  # no two frames are farther apart
            for seconds in (self.hold, self.max_gap, self.min_duration)
        )
        return Rules(
            self.threshold, self.release, math.floor(hold + _SLACK), math.floor(gap + _SLACK),
            math.ceil(least - _SLACK), self.simultaneous,
        )  # fmt: skip


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


def _scene(key: Any, item: Scene | Mapping[str, Any]) -> Scene:
    """Return the scene of an item, as the evaluation or the caller of a study gives it."""
    if isinstance(item, Scene):
        return item
    return read_scene(None if key is None else str(key), **item)


def _inputs(parts: Mapping[Any, Video]) -> dict[str, dict[str, str]]:
    """Return the digests of inputs that came video by video."""
    annotated = [key for key, part in parts.items() if "truth" in part.sha256]
    if annotated and len(annotated) < len(parts):
        other = next(key for key in parts if key not in annotated)
        raise ValueError(
            f"study: {annotated[0]!r} has annotated spells and {other!r} has none; give truth= for "
            "every video (a table without rows says that there are no spells), or for none"
        )
    result = {}
    for role in ("players", "ball", *["truth"] * bool(annotated)):
        listed = "".join(f"{key} {part.sha256[role]}\n" for key, part in parts.items())
        result[role] = {"sha256": hashlib.sha256(listed.encode()).hexdigest()}
    return result
