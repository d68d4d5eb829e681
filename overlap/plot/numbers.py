"""Numbers with their intervals: one row each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .figures import caption, frame_of, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_numbers"]


def draw_numbers(
    values: Mapping[str, float],
    ends: Mapping[str, tuple[float, float]] | None = None,
    *,
    path: str | Path | None = None,
    ax: Axes | None = None,
) -> Axes | Figure:
    """Draw numbers as points, and their intervals as lines.

    Parameters
    ----------
    values : mapping from str to float
        Numbers by name, drawn from top to bottom.
    ends : mapping from str to (float, float), optional
        Low and high end of the intervals that there are.
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.
    """
    frame = frame_of(ax, (6.0, 1.0 + 0.3 * len(values)), "plot")
    axes = frame.axes
    places = range(len(values))
    for place, name in zip(places, values, strict=True):
        if ends and name in ends:
            axes.plot(ends[name], (place, place), color="tab:blue", lw=2, alpha=0.5)
    axes.plot(list(values.values()), list(places), "o", color="tab:blue")
    axes.set_yticks(list(places), [caption(name) for name in values])
    axes.set_ylim(len(values) - 0.5, -0.5)
    plain(axes)
    return frame.saved(path)
