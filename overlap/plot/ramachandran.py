"""Ramachandran plots: regions of two angles, their intersection, and residues."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.values import ByValue
from overlap.io.printable import width as columns_of
from overlap.plot._seams import copies_of, outline
from overlap.plot.figures import caption, figure_of, legend_entry, new_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path as Curve
    from numpy.typing import ArrayLike, NDArray

    from overlap.regions.polygons import Polygons

    _Floats = NDArray[np.float64]

__all__ = ["RamachandranPanel", "draw_categories", "draw_panel", "draw_ramachandran"]

_FOUND, _TRUTH, _BOTH = "#3b6fb6", "#e08a3c", "#75658a"
_OUTLIER = "#c1272d"
_FACES = (0.62, 0.16)  # opacity of the first level, and of all others
_PRINT = 10.0  # points; at 80 % of its size, as on a phone, still 11 pixels
_LETTER = 0.62 * _PRINT  # width of a letter in points, of most fonts
# inches: a panel, the side of its plot, room left of it and below it, and a line of print
_PANEL, _SIDE, _LEFT, _BELOW, _LINE = 4.6, 3.8, 0.62, 0.5, 0.19
_MARK = 5.5  # points: side of the mark of an outlier
_MOST_COVERED = 3  # dots under a name
_MOST_DOTS = 5000  # that are drawn one by one in a format of lines
#: Where the name of an outlier may stand, seen from it.
_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


@dataclass(frozen=True, eq=False)
class RamachandranPanel(ByValue):
    """Contents of one plot; all but the title can be left out.

    Attributes
    ----------
    title : str
        Usually a category of residues.
    found, truth : Polygons, optional
        A row for each level, the highest one (the smallest region) first. Both have the same
        levels.
    points : array_like, shape (N, 2), optional
        Angles of residues, phi and psi, of any turn. Pairs with a NaN are not drawn.
    outliers : array_like of bool, shape (N,), optional
        Which of them are outliers.
    labels : sequence of str, shape (N,), optional
        Names of residues; those of outliers are written.
    note : str
        A line below the title, such as a score.
    dot : float, optional
        Area of the dot of a residue, in square points. By default that for the largest number of
        points among the panels of a figure.
    """

    title: str = ""
    found: Polygons | None = None
    truth: Polygons | None = None
    points: ArrayLike | None = None
    outliers: ArrayLike | None = None
    labels: Sequence[str] | None = None
    note: str = ""
    dot: float | None = None


def dot_area(count: int) -> float:
    """Return the area of the dot of a residue, in square points, that suits a number of them.

    Parameters
    ----------
    count : int
        Residues of the panel that has most.
    """
    return float(np.clip(100.0 / max(count, 1) ** 0.4, 2.0, 14.0))


def draw_ramachandran(
    panels: Sequence[RamachandranPanel],
    *,
    path: str | Path | None = None,
    names: tuple[str, str] = ("found", "truth"),
    levels: Sequence[str] = ("favored", "allowed"),
    heading: Sequence[str] = (),
    dots: str = "residues",
) -> Figure:
    """Draw panels beside each other, up to three in a row, with one legend.

    All plots have one size, and all dots, too.

    Parameters
    ----------
    panels : sequence of RamachandranPanel
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    names : pair of str
        What found and truth are called.
    levels : sequence of str
        What the rows of regions are called, in their order.
    heading : sequence of str
        Lines above all panels, such as the names of the inputs.
    dots : str
        What the dots are called.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        There is no panel, or points, outliers and labels of one are not as many.
    """
    if not panels:
        raise ValueError("draw_ramachandran: no panels; give at least one")
    most = max(0 if p.points is None else len(np.asarray(p.points)) for p in panels)
    panels = [replace(p, dot=dot_area(most)) if p.dot is None else p for p in panels]
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    width = columns * _PANEL
    lines = list(_wrapped(heading, width))
    handles = _legend(panels, names, levels, dots)
    longest = max((len(handle.get_label()) for handle in handles), default=0)
    across = max(min(len(handles), int(72.0 * width // (_LETTER * (longest + 6)))), 1)
    figure = new_figure((width, 1.0))
    figure.set_layout_engine("none")  # places are known, and the same for all panels
    places = []
    for number, panel in enumerate(panels):
        left = (number % columns) * _PANEL + _LEFT
        ax = figure.add_axes((left / width, 0.0, _SIDE / width, 1.0))
        places.append((left, draw_panel(panel, ax)))
    top = _LINE * (len(lines) + 0.3)
    above = _LINE * (max(ax.get_title().count("\n") for _, ax in places) + 1.5)
    bottom = _LINE * (1.2 * -(-len(handles) // across) + 0.5)
    height = top + rows * (above + _SIDE + _BELOW) + bottom
    figure.set_size_inches(width, height)
    for number, (left, ax) in enumerate(places):
        row = number // columns
        low = height - top - (row + 1) * (above + _SIDE) - row * _BELOW
        ax.set_position((left / width, low / height, _SIDE / width, _SIDE / height))
    if lines:
        figure.text(0.5, 1.0 - 0.25 * _LINE / height, caption("\n".join(lines), keep="\n"),
                    ha="center", va="top", fontsize=_PRINT, linespacing=1.3)  # fmt: skip
    if handles:
        figure.legend(handles=handles, loc="lower center", ncols=across, frameon=False,
                      fontsize=_PRINT, borderaxespad=0.2)  # fmt: skip
    save(figure, path)
    return figure


def _wrapped(lines: Sequence[str], width: float) -> Iterator[str]:
    """Yield lines that are not wider than so many inches."""
    most = int(72.0 * width / _LETTER)
    for line in lines:
        wide = columns_of(line) > len(line)  # with letters of twice the width
        yield from textwrap.wrap(line, most // 2 if wide else most)


def _outlier_count(panel: RamachandranPanel) -> int:
    return 0 if panel.outliers is None else int(np.count_nonzero(panel.outliers))


def _title(panel: RamachandranPanel, unnamed: int) -> list[str]:
    """Return the lines above a panel; the last one says how many outliers have no name."""
    count = f"{unnamed:,} of the outliers without a name" if unnamed and panel.labels else ""
    lines = [panel.title, panel.note, count]
    return list(_wrapped([line for line in lines if line], _SIDE + 0.3))


def draw_categories(
    panels: Mapping[str, Callable[[], RamachandranPanel]],
    path: str | Path | None,
    ax: Axes | None,
    category: str | None = None,
    **options: Any,
) -> Axes | Figure:
    """Draw the panels of categories: all, one of them, or one on given axes.

    Parameters
    ----------
    panels : mapping from str to callable
        Functions that make the panels.
    path : str or Path, optional
        File to write, all or nothing.
    ax : matplotlib.axes.Axes, optional
        Where to draw one panel, and only it.
    category : str, optional
        Which; by default all, and the first on given axes.
    **options
        Of `draw_ramachandran`.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure

    Raises
    ------
    ValueError
        There is no such category, or none at all.
    """
    if category is not None and category not in panels:
        raise ValueError(
            f"there is no picture of {category!r}; there are {', '.join(panels) or 'none'}"
        )
    if not panels:
        raise ValueError("there is nothing to draw: no category has regions on both sides")
    if ax is not None:
        draw_panel(panels[category or next(iter(panels))](), ax)
        save(figure_of(ax, "plot"), path)
        return ax
    chosen = panels if category is None else [category]
    return draw_ramachandran([panels[name]() for name in chosen], path=path, **options)


def draw_panel(panel: RamachandranPanel, ax: Axes) -> Axes:
    """Draw one panel on axes.

    Parameters
    ----------
    panel : RamachandranPanel
    ax : matplotlib.axes.Axes

    Returns
    -------
    matplotlib.axes.Axes
        As given.

    Notes
    -----
    A region that leaves the plot on one side enters it on the other; lines are drawn where its
    border is, not where it was cut. The highest level is filled, and what both regions share of
    it has a color of its own; the others are pale. Outliers are named where there is room, and the
    title says how many are not.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.patches import PathPatch

    figure_of(ax, "draw_panel")
    window = _window(panel)  # limits are known, and need not be found from every curve
    for which, color in (("truth", _TRUTH), ("found", _FOUND)):
        regions = getattr(panel, which)
        for level in reversed(range(0 if regions is None else len(regions))):
            curve = _curve(regions[level], window)
            face = _FACES[0] if level == 0 else _FACES[1]
            ax.add_artist(PathPatch(curve, facecolor=color, alpha=face, lw=0.0, zorder=2 - level))
            lines = LineCollection(
                outline(regions[level], window),
                colors=color,
                linewidths=1.1 if level == 0 else 0.8,
                linestyles="solid" if level == 0 else [(0, (3.0, 1.5))],
                zorder=3,
            )
            ax.add_collection(lines, autolim=False)
    if panel.found is not None and panel.truth is not None and len(panel.found):
        shared = PathPatch(
            _curve(panel.found[0], window), facecolor=_BOTH, alpha=0.8, lw=0.0, zorder=2.5
        )
        ax.add_artist(shared)
        shared.set_clip_path(_curve(panel.truth[0], window), ax.transData)
    unnamed = _draw_points(panel, ax, window)
    _draw_frame(_title(panel, unnamed), ax, window)
    return ax


def _window(panel: RamachandranPanel) -> _Floats:
    """Return lower and upper corner of the plot, shape (2, 2)."""
    periods = [regions.period for regions in (panel.found, panel.truth) if regions is not None] or [
        (360.0, 360.0)
    ]
    sides = [360.0 if length is None else length for length in periods[0] or (None, None)]
    return np.multiply.outer([-0.5, 0.5], np.array(sides))


def _curve(region: Polygons, window: _Floats) -> Curve:
    """Return all copies of a region that reach into the plot, as one curve to fill."""
    from matplotlib.path import Path as Curve

    vertices, codes = [np.zeros((1, 2))], [np.array([Curve.MOVETO])]
    for ring in copies_of(region, window):
        vertices.append(np.concatenate([ring, ring[:1]]))
        code = np.full(len(ring) + 1, Curve.LINETO)
        code[0], code[-1] = Curve.MOVETO, Curve.CLOSEPOLY
        codes.append(code)
    return Curve(np.concatenate(vertices), np.concatenate(codes))


def _draw_points(panel: RamachandranPanel, ax: Axes, window: _Floats) -> int:
    """Draw residues; return how many outliers have no room for their name."""
    if panel.points is None:
        return 0
    points = np.asarray(panel.points, np.float64).reshape(-1, 2)
    points = window[0] + np.mod(points - window[0], window[1] - window[0])
    bad = np.zeros(len(points), bool)
    if panel.outliers is not None:
        bad = np.asarray(panel.outliers, bool)
    labels = panel.labels
    for name, given in (("outliers", bad), ("labels", labels)):
        if given is not None and len(given) != len(points):
            raise ValueError(
                f"{panel.title or 'draw_panel'}: {len(given)} {name} for {len(points)} points; "
                "give one for each"
            )
    known = np.isfinite(points).all(axis=1)
    size = dot_area(len(points)) if panel.dot is None else panel.dot
    usual, wrong = points[known & ~bad], points[known & bad]
    ax.scatter(
        usual[:, 0], usual[:, 1], s=size, color="#222222", linewidths=0.0, alpha=0.75, zorder=4,
        rasterized=len(usual) > _MOST_DOTS,
    )  # fmt: skip
    ax.scatter(
        wrong[:, 0],
        wrong[:, 1],
        s=_MARK**2,
        color=_OUTLIER,
        marker="X",
        edgecolors="white",
        linewidths=0.5,
        zorder=5,
    )
    if labels is None:
        return 0
    chosen = [labels[k] for k in np.flatnonzero(known & bad).tolist()]
    return _name(ax, wrong, chosen, usual, window)


def _name(
    ax: Axes, places: _Floats, labels: Sequence[str], others: _Floats, window: _Floats
) -> int:
    """Write names beside points where there is room; return how many have none.

    No name lies on another one, on an outlier, or on more than a few dots. Of free places that
    with the fewest dots is taken.
    """
    from matplotlib.patheffects import withStroke

    figure = figure_of(ax, "draw_panel")
    width = ax.get_position().width * figure.get_figwidth() * 72.0
    unit = (window[1] - window[0]) / max(width, 100.0)  # about one point of print
    reach = 0.5 * _MARK * unit
    taken = np.concatenate([[places - reach], [places + reach]]).swapaxes(0, 1)
    unnamed = 0
    for place, label in zip(places, labels, strict=True):
        size = np.array([_LETTER * len(label), 1.15 * _PRINT]) * unit
        free: list[tuple[int, int, _Floats]] = []
        for side in _SIDES:
            low = place + np.array(side) * (reach + unit + 0.5 * size) - 0.5 * size
            box = np.array([low, low + size])
            if (
                (box[0] >= window[0]).all()
                and (box[1] <= window[1]).all()
                and not ((box[0] < taken[:, 1]) & (taken[:, 0] < box[1])).all(axis=1).any()
            ):
                covered = int(((others > box[0]) & (others < box[1])).all(axis=1).sum())
                if covered <= _MOST_COVERED:
                    free.append((covered, len(free), box))
        if not free:
            unnamed += 1
            continue
        box = min(free)[2]
        taken = np.concatenate([taken, box[None]])
        x, y = box.mean(axis=0).tolist()
        ax.text(
            x,
            y,
            caption(label),
            ha="center",
            va="center",
            fontsize=_PRINT,
            color=_OUTLIER,
            zorder=6,
            path_effects=[withStroke(linewidth=2.0, foreground="white")],
        )
    return unnamed


def _draw_frame(title: Sequence[str], ax: Axes, window: _Floats) -> None:
    (left, low), (right, high) = window.tolist()
    ax.set(xlim=(left, right), ylim=(low, high), aspect="equal")
    ax.set_xticks(np.linspace(left, right, 7))
    ax.set_yticks(np.linspace(low, high, 7))
    ax.axhline(0.5 * (low + high), color="#888888", lw=0.5, zorder=0.5)
    ax.axvline(0.5 * (left + right), color="#888888", lw=0.5, zorder=0.5)
    ax.tick_params(labelsize=_PRINT, length=2.5)
    ax.set_xlabel("φ (°)", fontsize=_PRINT, labelpad=1.0)
    ax.set_ylabel("ψ (°)", fontsize=_PRINT, labelpad=-4.0)
    ax.set_title(caption("\n".join(title), keep="\n"), fontsize=_PRINT)


def _legend(
    panels: Sequence[RamachandranPanel],
    names: tuple[str, str],
    levels: Sequence[str],
    dots: str,
) -> list[Any]:
    """Return a handle for everything that some panel shows."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    has = {
        which: any(getattr(p, which) is not None for p in panels) for which in ("found", "truth")
    }
    depth = max((len(r) for p in panels for r in (p.found, p.truth) if r is not None), default=0)
    for name, which, color in zip(names, ("found", "truth"), (_FOUND, _TRUTH), strict=True):
        if not has[which]:
            continue
        for level in range(min(depth, len(levels))):
            handles.append(
                Patch(
                    facecolor=(color, _FACES[0] if level == 0 else _FACES[1]),
                    edgecolor=color,
                    lw=1.0,
                    ls="-" if level == 0 else "--",
                    label=legend_entry(f"{name}, {levels[level]}"),
                )
            )
    if all(has.values()):
        handles.append(Patch(facecolor=(_BOTH, 0.8), label=f"both, {levels[0]}"))
    for ms, color, marker, label, shown in (
        (max(p.dot or 0.0 for p in panels) ** 0.5, "#222222", "o", dots,
         any(p.points is not None for p in panels)),
        (_MARK, _OUTLIER, "X", "outliers", any(map(_outlier_count, panels))),
    ):  # fmt: skip
        if shown:
            mark = Line2D([], [], ls="", mew=0.0, ms=ms, color=color, marker=marker)
            mark.set_label(legend_entry(label))
            handles.append(mark)
    return handles
