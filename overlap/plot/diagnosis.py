"""Pictures of a diagnosis: numbers by bins of characteristics, and shares of kinds of error."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.plot.figures import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_bins", "draw_profile"]

_COLORS = ("tab:blue", "tab:green", "tab:purple")
_KINDS = ("0.35", "tab:blue", "tab:cyan", "tab:orange", "tab:red", "0.8")


def draw_bins(
    rows: Sequence[Mapping[str, Any]], value: str, axis: str, ax: Axes, whole: float | None = None
) -> None:
    """Draw a bar for each bin of each characteristic.

    Parameters
    ----------
    rows : sequence of mapping
        With ``characteristic``, ``bin``, ``range`` and the value, in [0, 1].
    value : str
        Name of the value.
    axis : str
        Words for the axis.
    ax : matplotlib.axes.Axes
    whole : float, optional
        Value of all truths, which is marked.
    """
    places, names, top = [], [], 0.0
    for k, (name, group) in enumerate(itertools.groupby(rows, lambda row: row["characteristic"])):
        for row in group:
            number = 100 * row[value]
            shown = 0.0 if math.isnan(number) else number
            ax.barh(top, shown, color=_COLORS[k % len(_COLORS)], height=0.75)
            text = "no truths" if math.isnan(number) else f"{number:.1f}"
            ax.annotate(text, (shown, top), xytext=(3, 0), textcoords="offset points",
                        va="center", fontsize="small")  # fmt: skip
            places.append(top)
            names.append(f"{name} {row['bin']}")
            top += 1.0
        top += 0.6
    if whole is not None:
        ax.axvline(100 * whole, color="0.3", lw=1.0, ls="--")
    ax.set_yticks(places, names, fontsize="small")
    ax.set_ylim(max(top, 1.0) - 0.8, -0.8)
    largest = max((100 * row[value] for row in rows if not math.isnan(row[value])), default=0.0)
    ax.set_xlim(0.0, max(1.0, 1.18 * largest))
    ax.set_xlabel(axis)
    plain(ax)
    ax.grid(visible=False, axis="y")


def draw_profile(rows: Sequence[Mapping[str, Any]], ax: Axes) -> None:
    """Draw the shares of true predictions and of kinds of error, group by group.

    Parameters
    ----------
    rows : sequence of mapping
        With ``group``, ``true`` and the share of each kind, as `FalsePositives.profile` gives them.
    ax : matplotlib.axes.Axes
    """
    kinds = [name for name in rows[0] if name not in ("group", "n")] if rows else []
    places, left = np.arange(len(rows)), np.zeros(len(rows))
    for name, color in zip(kinds, _KINDS, strict=False):
        share = 100 * np.array([row[name] for row in rows])
        ax.barh(places, share, left=left, color=color, height=0.85, label=name)
        left += share
    ax.set_yticks(places, [str(row["group"]) for row in rows], fontsize="small")
    ax.set_ylabel("predictions, in multiples of the truths")
    ax.set_xlabel("share, %")
    ax.set_xlim(0.0, 100.0)
    ax.invert_yaxis()
    if kinds:
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize="small",
                  frameon=False)  # fmt: skip
    plain(ax)
    ax.grid(visible=False, axis="y")
