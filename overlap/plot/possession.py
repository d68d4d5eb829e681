"""Pictures of possession: scores along the time, thresholds, found and annotated spells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from overlap.plot.figures import figure_of, new_figure, plain, save, short_caption

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from overlap.regions.interval_sets import IntervalSets

__all__ = ["draw_possession", "draw_scores", "draw_spells", "shown_rows"]

_FOUND, _TRUTH, _CURVE = "tab:blue", "tab:orange", "0.25"
_MOST_ROWS = 30


class Timelines(Protocol):
    """Spells of players, and their scores by frame, such as a `PossessionReport` has."""

    @property
    def tracks(self) -> Sequence[str]:
        """Names of the players."""

    @property
    def found(self) -> IntervalSets:
        """Found spells of each player, in seconds."""

    @property
    def truth(self) -> IntervalSets | None:
        """Annotated spells of each player, where there are some."""

    @property
    def fps(self) -> float:
        """Frames per second."""

    @property
    def limits(self) -> tuple[float, float]:
        """Scores at which a player gets and loses the ball."""

    def scores(self, row: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the scored frames of a player, and their scores."""


def draw_possession(
    report: Timelines,
    *,
    path: str | Path | None = None,
    ax: Axes | None = None,
    track: str | None = None,
) -> Axes | Figure:
    """Draw the spells of all players, and the scores of one of them.

    Parameters
    ----------
    report : PossessionReport, or another object with these properties
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw the spells, and only them; by default there is a new figure with both.
    track : str, optional
        Whose scores, as in `report.tracks`; by default of the player with the most possession.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        There is no such track.
    """
    if ax is not None:
        draw_spells(report, ax)
        figure = figure_of(ax, "draw_possession")
    else:
        heights = 2.6, 0.9 + 0.34 * max(shown_rows(report), 1)
        figure = new_figure((9.0, sum(heights)))
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=heights)
        if report.tracks:
            draw_scores(report, top, track=track)
        top.set_xlabel("")
        draw_spells(report, bottom)
    save(figure, path)
    return figure if ax is None else ax


def draw_scores(report: Timelines, ax: Axes, *, track: str | None = None) -> None:
    """Draw the score of one player by frame, both thresholds, and the spells as strips below.

    Parameters
    ----------
    report : PossessionReport, or another object with these properties
    ax : matplotlib.axes.Axes
    track : str, optional
        As in `report.tracks`; by default the player with the most possession.
    """
    row = _row_of(report, track)
    frame, score = report.scores(row)
    if len(frame):
        # One point for each end of a frame; the line breaks where frames are missing.
        time = np.repeat(frame, 2).astype(float)
        time[1::2] += 1.0
        value = np.repeat(score, 2)
        cuts = 2 * (np.flatnonzero(np.diff(frame) > 1) + 1)
        ax.plot(
            np.insert(time, cuts, np.nan) / report.fps,
            np.insert(value, cuts, np.nan),
            color=_CURVE, lw=1.1, label="score",
        )  # fmt: skip
    threshold, release = report.limits
    ax.axhline(threshold, color="tab:green", lw=1.0, ls="--", label="threshold")
    if release != threshold:
        ax.axhline(release, color="tab:red", lw=1.0, ls=":", label="release")
    low = min([0.0, release, *score.tolist()])
    high = max([threshold, *score.tolist(), low + 1e-9])
    step = 0.07 * (high - low)
    _strip(ax, report.found[row], low - 1.8 * step, step, _FOUND, "found")
    if report.truth is not None:
        _strip(ax, report.truth[row], low - 3.2 * step, step, _TRUTH, "annotated")
    plain(ax)
    ax.set_title(f"Player {short_caption(str(report.tracks[row]))}", loc="left")
    ax.set(xlabel="time (s)", ylabel="score",
           ylim=(low - 3.8 * step, high + step))  # fmt: skip
    ax.set_yticks([tick for tick in ax.get_yticks() if low - 1e-9 <= tick <= high + 1e-9])
    ax.legend(fontsize=8, ncols=5, loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False)


def draw_spells(report: Timelines, ax: Axes) -> None:
    """Draw a line for each player: found spells, and annotated ones below.

    Parameters
    ----------
    report : PossessionReport, or another object with these properties
    ax : matplotlib.axes.Axes
        Of players without any spell nothing is drawn; of more than 30 the 30 with most.
    """
    rows = _rows_shown(report)
    for place, row in enumerate(rows):
        label = place == 0
        _strip(ax, report.found[row], place - 0.32, 0.3, _FOUND, "found" if label else "")
        if report.truth is not None:
            name = "annotated" if label else ""
            _strip(ax, report.truth[row], place + 0.02, 0.3, _TRUTH, name)
    plain(ax)
    ax.set(xlabel="time (s)", ylim=(max(len(rows), 1) - 0.5, -0.5), ylabel="player")
    ax.set_yticks(range(len(rows)), [short_caption(str(report.tracks[row])) for row in rows])


def shown_rows(report: Timelines) -> int:
    """Return the number of lines that `draw_spells` draws.

    Parameters
    ----------
    report : PossessionReport, or another object with these properties
    """
    return len(_rows_shown(report))


def _strip(
    ax: Axes, sets: IntervalSets, bottom: float, height: float, color: str, label: str
) -> None:
    spans: Sequence[tuple[float, float]] = [
        (float(start), float(stop - start)) for start, stop in sets.to_array()
    ]
    ax.broken_barh(spans, (bottom, height), color=color, lw=0, label=label or None)


def _rows_shown(report: Timelines) -> list[int]:
    """Return the players with a spell, in their order; of many those with the most seconds."""
    seconds = report.found.measure()
    if report.truth is not None:
        seconds = np.maximum(seconds, report.truth.measure())
    rows = np.flatnonzero(seconds > 0)
    most = rows[np.argsort(-seconds[rows], kind="stable")[:_MOST_ROWS]]
    return sorted(most.tolist())


def _row_of(report: Timelines, track: str | None) -> int:
    if track is None:
        return int(np.argmax(report.found.measure()))
    if track not in report.tracks:
        known = ", ".join(map(repr, report.tracks[:20]))
        raise ValueError(f"there is no player {track!r}; there are {known}")
    return report.tracks.index(track)
