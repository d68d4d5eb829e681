"""Pictures of segments along the time: truths above, predictions below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from overlap.plot.figures import frame_of, plain, short_caption

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Bar", "draw_segments", "height_of"]

_TRUTH, _MISSED, _FOUND, _FALSE = "0.2", "0.75", "tab:blue", "tab:orange"
_LANES = 4  # of predictions of one class that overlap
_HEIGHT = 0.22  # inches of a lane


@dataclass(frozen=True)
class Bar:
    """A segment of a picture.

    Attributes
    ----------
    label : str
        Class: the line in which it stands.
    start, stop : float
        Seconds.
    matched : bool
        Whether a truth is found, or a prediction true.
    """

    label: str
    start: float
    stop: float
    matched: bool


def draw_segments(
    sides: tuple[Sequence[Bar], Sequence[Bar]],
    *,
    path: str | Path | None = None,
    ax: Axes | None = None,
) -> Axes | Figure:
    """Draw a line for each class: its truths, and its predictions below.

    Parameters
    ----------
    sides : (sequence of Bar, sequence of Bar)
        Truths and predictions. Of predictions that overlap, the first ones are drawn.
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.
    """
    frame = frame_of(ax, (7.2, height_of(sides)), "draw_segments")
    axes = frame.axes
    truths, found = sides
    labels = list(dict.fromkeys(bar.label for bar in (*truths, *found)))
    seen: set[str] = set()
    places, top = [], 0.0
    for label in labels:
        lanes = [[bar for bar in truths if bar.label == label], *_lanes(found, label)]
        for lane, bars in enumerate(lanes):
            for matched in (True, False):
                spans = [(b.start, b.stop - b.start) for b in bars if b.matched is matched]
                if not spans:
                    continue
                if lane == 0:
                    name = "truth, found" if matched else "truth, missed"
                    color = _TRUTH if matched else _MISSED
                else:
                    name = "prediction, true" if matched else "prediction, false"
                    color = _FOUND if matched else _FALSE
                axes.broken_barh(
                    spans, (top + lane + 0.15, 0.7), facecolor=color, lw=0,
                    label=None if name in seen else name,
                )  # fmt: skip
                seen.add(name)
        places.append(top + len(lanes) / 2)
        top += len(lanes) + 0.6
    axes.set_ylim(max(top, 1.0), -0.2)
    axes.set_yticks(places, [short_caption(label) for label in labels], fontsize="small")
    axes.set_xlabel("time, s")
    if seen:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize="small",
                    frameon=False)  # fmt: skip
    plain(axes)
    axes.grid(visible=False, axis="y")
    return frame.saved(path)


def height_of(sides: tuple[Sequence[Bar], Sequence[Bar]]) -> float:
    """Return the height of the picture in inches.

    Parameters
    ----------
    sides : (sequence of Bar, sequence of Bar)
        As `draw_segments` takes them.
    """
    truths, found = sides
    labels = {bar.label for bar in (*truths, *found)}
    lanes = sum(1.6 + len(_lanes(found, label)) for label in labels)
    return 1.5 + _HEIGHT * lanes


def _lanes(found: Sequence[Bar], label: str) -> list[list[Bar]]:
    """Put predictions of a class into lanes in which none overlap."""
    lanes: list[list[Bar]] = []
    for bar in found:
        if bar.label != label:
            continue
        free = (
            lane
            for lane in lanes
            if all(bar.stop < other.start or other.stop < bar.start for other in lane)
        )
        lane = next(free, None)
        if lane is not None:
            lane.append(bar)
        elif len(lanes) < _LANES:
            lanes.append([bar])
    return lanes or [[]]
