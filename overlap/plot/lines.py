"""Lines of values over one axis, of which some are strong."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .figures import caption, frame_of, legend_entry, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_lines"]


def draw_lines(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    ax: Axes | None = None,
    *,
    strong: Collection[str] = (),
    x: str = "",
    y: str = "",
    path: str | Path | None = None,
) -> Axes | Figure:
    """Draw lines; strong ones have a legend, the others are faint.

    Parameters
    ----------
    lines : mapping from str to (sequence, sequence)
        Places and values, by name.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    strong : collection of str
        Names of the lines that are strong.
    x, y : str
        Words at the axes.
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.
    """
    frame = frame_of(ax, (5.0, 3.6), "draw_lines")
    axes = frame.axes
    for name, (places, values) in lines.items():
        if name not in strong:
            axes.plot(places, values, color="tab:blue", lw=0.8, alpha=0.4)
    for k, name in enumerate(name for name in lines if name in strong):
        axes.plot(*lines[name], color=f"C{k}", lw=2, label=legend_entry(name))
    axes.set_xlabel(caption(x))
    axes.set_ylabel(caption(y))
    axes.set_ylim(bottom=0.0)
    axes.set_xlim(left=0.0)
    if strong:
        axes.legend(frameon=False)
    plain(axes)
    return frame.saved(path)
