"""Picture of a number that changes step by step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from overlap.plot.figures import plain, short_caption

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_steps"]

_UP, _DOWN = "#2f7d4f", "#b5482f"


def draw_steps(ax: Axes, *, names: Sequence[str], values: Sequence[float], axis: str) -> None:
    """Draw a bar from each value to the next, and write the change beside it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw, from top to bottom.
    names : sequence of str
        Names of the steps; the first is where they start.
    values : sequence of float
        The number after each step.
    axis : str
        Its name and unit.
    """
    places = range(len(values))
    ax.plot([values[0]], [0], "D", color="#222222", ms=5)
    ax.annotate(f"{values[0]:.2f}", (values[0], 0), (7, 0), textcoords="offset points",
                va="center", fontsize="small")  # fmt: skip
    for place, (before, after) in enumerate(pairwise(values), 1):
        color = _UP if after >= before else _DOWN
        ax.vlines(before, place - 1, place, color="#888888", lw=0.8, ls=":")
        ax.barh(place, after - before, left=before, color=color, height=0.6)
        ax.plot([after, after], [place - 0.3, place + 0.3], color=color, lw=1.5)
        ax.annotate(f"{after - before:+.2f}", (max(before, after), place), (7, 0),
                    textcoords="offset points", va="center", fontsize="small")  # fmt: skip
    ax.set_yticks(places, [short_caption(name) for name in names], fontsize="small")
    ax.set_ylim(len(values) - 0.4, -0.6)
    ax.use_sticky_edges = False  # or bars would touch the edge
    ax.margins(x=0.2)
    ax.set_xlabel(axis)
    plain(ax)
