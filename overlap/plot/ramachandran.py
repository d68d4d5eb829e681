"""Ramachandran plots: regions of two angles, their intersection, and residues."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.values import ByValue
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
_PRINT = 6.5  # points
_FACES = (0.62, 0.16)  # opacity of the first level, and of all others


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
    """

    title: str = ""
    found: Polygons | None = None
    truth: Polygons | None = None
    points: ArrayLike | None = None
    outliers: ArrayLike | None = None
    labels: Sequence[str] | None = None
    note: str = ""


def draw_ramachandran(
    panels: Sequence[RamachandranPanel],
    *,
    path: str | Path | None = None,
    names: tuple[str, str] = ("found", "truth"),
    levels: Sequence[str] = ("favored", "allowed"),
) -> Figure:
    """Draw panels beside each other, up to three in a row, with one legend.

    Parameters
    ----------
    panels : sequence of RamachandranPanel
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    names : pair of str
        What found and truth are called.
    levels : sequence of str
        What the rows of regions are called, in their order.

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
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    handles = _legend(panels, names, levels)
    across = min(max(len(handles), 1), 2 * columns)
    lines = -(-len(handles) // across)
    figure = new_figure((3.5 * columns + 0.2, 3.95 * rows + 0.1 + 0.22 * lines))
    places = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, ax in zip(panels, places, strict=False):
        draw_panel(panel, ax)
    for ax in places[len(panels) :]:
        ax.set_axis_off()
    if handles:
        figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=across,
            frameon=False,
            fontsize="small",
        )
    save(figure, path)
    return figure


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
    plot says how many are not.
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
    _draw_points(panel, ax, window)
    _draw_frame(panel, ax, window)
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


def _draw_points(panel: RamachandranPanel, ax: Axes, window: _Floats) -> None:
    if panel.points is None:
        return
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
    size = float(np.clip(60.0 / max(len(points), 1) ** 0.4, 1.2, 9.0))
    usual, wrong = points[known & ~bad], points[known & bad]
    ax.scatter(
        usual[:, 0], usual[:, 1], s=size, color="#222222", linewidths=0.0, alpha=0.75, zorder=4
    )
    ax.scatter(
        wrong[:, 0],
        wrong[:, 1],
        s=max(4.0 * size, 14.0),
        color=_OUTLIER,
        marker="X",
        edgecolors="white",
        linewidths=0.4,
        zorder=5,
    )
    if labels is not None:
        _name(ax, wrong, [labels[k] for k in np.flatnonzero(known & bad).tolist()], window)


def _name(ax: Axes, places: _Floats, labels: Sequence[str], window: _Floats) -> None:
    """Write names beside points where there is room, and how many have none."""
    from matplotlib.patheffects import withStroke

    figure = figure_of(ax, "draw_panel")
    width = ax.get_position().width * figure.get_figwidth() * 72.0
    unit = (window[1] - window[0]) / max(min(width, 300.0), 100.0)  # about one point of print
    taken = [(place - 3.0 * unit, place + 3.0 * unit) for place in places]
    unnamed = 0
    for place, label in zip(places, labels, strict=True):
        size = np.array([0.6 * _PRINT * len(label), 1.1 * _PRINT]) * unit
        for side in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            near = place + np.array(side) * 3.5 * unit
            low = np.minimum(near, near + np.array(side) * size)
            high = low + size
            if (
                (low >= window[0]).all()
                and (high <= window[1]).all()
                and not any((low < b).all() and (a < high).all() for a, b in taken)
            ):
                taken.append((low, high))
                ax.text(
                    near[0],
                    near[1],
                    caption(label),
                    ha="left" if side[0] > 0 else "right",
                    va="bottom" if side[1] > 0 else "top",
                    fontsize=_PRINT,
                    color=_OUTLIER,
                    zorder=6,
                    path_effects=[withStroke(linewidth=1.5, foreground="white")],
                )
                break
        else:
            unnamed += 1
    if unnamed:
        ax.text(
            0.99, 0.01, f"{unnamed} outliers have no room for a name",
            transform=ax.transAxes, ha="right", fontsize=_PRINT, color=_OUTLIER, zorder=6,
        )  # fmt: skip


def _draw_frame(panel: RamachandranPanel, ax: Axes, window: _Floats) -> None:
    (left, low), (right, high) = window.tolist()
    ax.set(xlim=(left, right), ylim=(low, high), aspect="equal")
    ax.set_xticks(np.linspace(left, right, 7))
    ax.set_yticks(np.linspace(low, high, 7))
    ax.axhline(0.5 * (low + high), color="#888888", lw=0.5, zorder=0.5)
    ax.axvline(0.5 * (left + right), color="#888888", lw=0.5, zorder=0.5)
    ax.tick_params(labelsize="x-small", length=2.5)
    ax.set_xlabel("φ (°)", fontsize="small", labelpad=1.0)
    ax.set_ylabel("ψ (°)", fontsize="small", labelpad=-2.0)
    ax.set_title(
        caption("\n".join(filter(None, (panel.title, panel.note))), keep="\n"), fontsize="small"
    )


def _legend(
    panels: Sequence[RamachandranPanel], names: tuple[str, str], levels: Sequence[str]
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
    if any(p.points is not None for p in panels):
        handles.append(Line2D([], [], ls="", marker="o", ms=3, color="#222222", label="residues"))
    if any(p.outliers is not None and np.any(p.outliers) for p in panels):
        handles.append(Line2D([], [], ls="", marker="X", ms=5, color=_OUTLIER, label="outliers"))
    return handles
