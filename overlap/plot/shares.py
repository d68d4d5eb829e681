"""Parts of a number, one bar for each item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .figures import frame_of, legend_entry, plain, short_caption

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_shares"]


def draw_shares(
    names: Sequence[str],
    shares: Mapping[str, Sequence[float]],
    *,
    label: str,
    path: str | Path | None = None,
    ax: Axes | None = None,
) -> Axes | Figure:
    """Draw a bar for each item, of parts one after the other.

    Parameters
    ----------
    names : sequence of str
        Items, drawn from top to bottom.
    shares : mapping from str to sequence of float
        Fractions >= 0 of each item, by part.
    label : str
        What they are shares of, in per cent.
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.
    """
    frame = frame_of(ax, (6.0, 1.5 + 0.24 * len(names)), "plot")
    axes = frame.axes
    places, left = np.arange(len(names)), np.zeros(len(names))
    for part, values in shares.items():
        percent = 100 * np.asarray(values, dtype=np.float64)
        axes.barh(places, percent, left=left, height=0.75, label=legend_entry(part))
        left = left + percent
    axes.set_yticks(places.tolist(), [short_caption(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(label)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(shares), frameon=False,
                fontsize=10, handlelength=1.0, columnspacing=1.0)  # fmt: skip
    plain(axes)
    return frame.saved(path)
