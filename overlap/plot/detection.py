"""Pictures of detections: confusions, kinds of error, operating points, calibration, images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.io.printable import width
from overlap.plot.figures import frame_of, plain, short_caption

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "Outline",
    "draw_confusion",
    "draw_errors",
    "draw_operating_points",
    "draw_outlines",
    "draw_reliability",
]

_BLUE, _ORANGE, _GRAY = "#4c72b0", "#c44e00", "#888888"
_WRITTEN = 8  # classes of a matrix whose cells have room for a number
_PALE = 0.6  # strength of the colors of an image below outlines
_LONG = 14  # columns of a name that stands beside a matrix and below it
_STYLES = {
    "found truth": (_GRAY, "-", 2.6),
    "missed truth": (_ORANGE, "--", 2.0),
    "true detection": (_BLUE, "-", 1.1),
    "false detection": ("#c2185b", "-", 2.0),
}


@dataclass(frozen=True, eq=False)
class Outline(ByValue):
    """A closed line in an image.

    Attributes
    ----------
    corners : ndarray, shape (n, 2)
        x to the right and y down, in the units of the image.
    kind : {"found truth", "missed truth", "true detection", "false detection"}
    text : str
        Written at its side: below a false detection, above all others.
    """

    corners: NDArray[np.float64]
    kind: str
    text: str = ""


def draw_confusion(
    names: Sequence[str],
    counts: NDArray[np.int64],
    *,
    path: str | Path | None = None,
    ax: Axes | None = None,
) -> Axes | Figure:
    """Draw a confusion matrix: rows are truths, columns detections.

    The color is the share of the row; matrices of up to eight classes also show the counts.
    Where names are long, columns have the numbers of the rows.

    Parameters
    ----------
    names : sequence of str
        Of rows and columns; the last is the background.
    counts : ndarray of int, shape (n, n)
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.
    """
    side = 2.0 + 0.3 * len(names)
    frame = frame_of(ax, (side, side), "draw_confusion")
    axes = frame.axes
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.pcolormesh(share, cmap="Blues", vmin=0.0, vmax=1.0, edgecolors="#dddddd", linewidth=0.5)
    if len(names) <= _WRITTEN + 1:
        for i, j in zip(*np.nonzero(counts), strict=True):
            color = "white" if share[i, j] > 0.55 else "black"
            text = f"{int(counts[i, j]):,}"
            axes.text(j + 0.5, i + 0.5, text, ha="center", va="center", color=color,
                      fontsize="small")  # fmt: skip
    shown = [short_caption(name) for name in names]
    places = np.arange(len(names)) + 0.5
    below = shown
    if max(map(width, shown)) > _LONG:  # twice, they would leave no room for the matrix
        below = [str(k) for k in range(1, len(shown) + 1)]
        shown = [f"{name}  {k}" for name, k in zip(shown, below, strict=True)]
    axes.set_xticks(places, below, rotation=90, fontsize="small")
    axes.set_yticks(places, shown, fontsize="small")
    axes.set_xlabel("detected as")
    axes.set_ylabel("truth")
    axes.set_aspect("equal" if below is shown else "auto")
    axes.invert_yaxis()
    return frame.saved(path)


def draw_errors(
    rows: Sequence[Mapping[str, Any]],
    *,
    path: str | Path | None = None,
    ax: Axes | None = None,
) -> Axes | Figure:
    """Draw the AP that each kind of error costs, as bars.

    Parameters
    ----------
    rows : sequence of mapping
        With ``error``, ``n`` and ``cost``, as `Errors.rows` gives them.
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.
    """
    frame = frame_of(ax, (5.0, 3.2), "draw_errors")
    axes = frame.axes
    places = np.arange(len(rows))
    values = 100 * np.array([row["cost"] for row in rows], dtype=np.float64)
    axes.barh(places, np.nan_to_num(values), color=_BLUE, height=0.7)
    for place, value in zip(places, values, strict=True):
        axes.annotate(f"{value:.1f}", (np.nan_to_num(value), place), xytext=(3, 0),
                      textcoords="offset points", va="center", fontsize="small")  # fmt: skip
    axes.set_yticks(places, [f"{row['error']} ({row['n']:,})" for row in rows], fontsize="small")
    axes.set_xlim(0.0, max(1.0, 1.18 * float(np.nan_to_num(values).max(initial=0.0))))
    axes.invert_yaxis()
    axes.set_xlabel("AP lost, percentage points", loc="right")
    plain(axes)
    return frame.saved(path)


def draw_operating_points(
    confidence: NDArray[np.float64],
    lines: Mapping[str, NDArray[np.float64]],
    chosen: float,
    *,
    path: str | Path | None = None,
    ax: Axes | None = None,
) -> Axes | Figure:
    """Draw precision, recall and F1 over the smallest confidence that counts.

    Parameters
    ----------
    confidence : ndarray, shape (K,)
        Falling.
    lines : mapping from str to ndarray, shape (K,)
        Values in [0, 1] of the detections of at least each confidence.
    chosen : float
        Confidence that is marked; NaN for none.
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.
    """
    frame = frame_of(ax, (5.0, 3.6), "draw_operating_points")
    axes = frame.axes
    styles = [(_BLUE, 1.3), (_ORANGE, 1.3), ("black", 2.0)]
    for (name, values), (color, thick) in zip(lines.items(), styles, strict=True):
        axes.step(confidence, values, where="pre", color=color, lw=thick, label=name)
    if not np.isnan(chosen):
        axes.axvline(chosen, color=_GRAY, ls=":", lw=1.5, label=f"confidence {chosen:.3g}")
    axes.set_ylim(0.0, 1.02)
    axes.set_xlabel("smallest confidence that counts")
    axes.legend(fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    plain(axes)
    return frame.saved(path)


def draw_reliability(
    mean: NDArray[np.float64],
    share: NDArray[np.float64],
    count: NDArray[np.int64],
    *,
    path: str | Path | None = None,
    ax: Axes | None = None,
) -> Axes | Figure:
    """Draw the share of true detections over their mean confidence, for groups of detections.

    Parameters
    ----------
    mean, share : ndarray, shape (B,)
        Mean confidence, and share of true detections, of each group; NaN of empty ones.
    count : ndarray of int, shape (B,)
        Number of detections of each group: the size of the dots.
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.
    """
    frame = frame_of(ax, (4.4, 4.0), "draw_reliability")
    axes = frame.axes
    axes.plot([0, 1], [0, 1], color=_GRAY, ls=":", lw=1.5)
    known = count > 0
    axes.plot(mean[known], share[known], color=_BLUE, lw=1.2)
    size = 12 + 140 * count[known] / max(int(count.max(initial=1)), 1)
    axes.scatter(mean[known], share[known], s=size, color=_BLUE, zorder=3)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.02)
    axes.set_xlabel("mean confidence")
    axes.set_ylabel("share of true detections")
    plain(axes)
    return frame.saved(path)


def draw_outlines(
    outlines: Sequence[Outline],
    *,
    path: str | Path | None = None,
    ax: Axes | None = None,
    size: tuple[float, float] | None = None,
    image: NDArray[np.uint8] | None = None,
) -> Axes | Figure:
    """Draw the outlines of truths and detections of one image, over the image if there is one.

    Parameters
    ----------
    outlines : sequence of Outline
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    size : (float, float), optional
        Width and height of the image; by default those of `image`, and without one the outlines
        fill the picture.
    image : ndarray of uint8, shape (height, width, 3), optional
        Its colors are drawn pale.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patheffects import withStroke

    frame = frame_of(ax, (5.0, 4.4), "draw_outlines")
    axes = frame.axes
    if image is not None:
        size = image.shape[1::-1] if size is None else size
        pale = np.uint8(255) - ((255 - image) * _PALE).astype(np.uint8)
        axes.imshow(pale, extent=(0.0, size[0], size[1], 0.0))
    across = np.concatenate([one.corners[:, 0] for one in outlines] or [np.zeros(1)])
    middle = across.min() + across.max() if size is None else size[0]  # twice its place
    for one in sorted(outlines, key=lambda one: list(_STYLES).index(one.kind)):
        color, style, thick = _STYLES[one.kind]
        closed = np.vstack([one.corners, one.corners[:1]])
        (line,) = axes.plot(closed[:, 0], closed[:, 1], color=color, ls=style, lw=thick)
        if image is not None:
            line.set_path_effects([withStroke(linewidth=thick + 1.6, foreground="white")])
        if one.text:
            below = one.kind == "false detection"  # not on the text of a truth at the same place
            left, right = one.corners[:, 0].min(), one.corners[:, 0].max()
            inward = left + right > middle  # texts run towards the middle of the picture
            place = one.corners[:, 1].max() if below else one.corners[:, 1].min()
            text = axes.annotate(short_caption(one.text), (right if inward else left, place),
                                 xytext=(0, -2 if below else 2), textcoords="offset points",
                                 color=color, ha="right" if inward else "left",
                                 va="top" if below else "bottom", fontsize="small")  # fmt: skip
            if image is not None:
                text.set_path_effects([withStroke(linewidth=2.0, foreground="white")])
            text.set_in_layout(False)  # a long one may end at the border
    axes.set_aspect("equal", adjustable="datalim" if size is None else "box")
    if size is not None:
        axes.set_xlim(0.0, size[0])
        axes.set_ylim(0.0, size[1])
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_yticks([])
    there = {one.kind for one in outlines}
    handles = [
        Line2D([], [], color=color, ls=style, lw=thick, label=kind)
        for kind, (color, style, thick) in _STYLES.items()
        if kind in there
    ]
    axes.legend(handles=handles, fontsize="small", loc="upper center",
                bbox_to_anchor=(0.5, -0.02), ncols=2)  # fmt: skip
    return frame.saved(path)
