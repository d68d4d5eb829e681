"""Slices of a case: contours of both sides, and the errors between them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.label_arrays import plain_bool
from overlap.plot.cells import area_of, outlines
from overlap.plot.figures import caption, frame_of, new_figure, save
from overlap.plot.views import View, views_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_planes", "draw_slice", "worst_place", "worst_slice"]

# Colors that color-blind readers tell apart; in print, lines differ in style, areas in hatching.
_TRUTH, _FOUND = "#56b4e9", "#f0e442"
_MISSED, _FALSE = (0.835, 0.369, 0.0), (0.8, 0.475, 0.655)
_HATCHED = {"missed": "////", "false": "...."}
_DASHES = (0.0, (2.6, 1.6))
_DARK = 0.13
_MARGIN = 12.0  # around the labels, in the shorter side of a voxel
_TEXT = 10.0  # points: on a phone, pictures of a page are scaled to 80 %
_GAP = 0.08  # inches
_LINE = 0.2  # inches for a line of text


def worst_slice(
    found: NDArray[np.bool_], truth: NDArray[np.bool_], spacing: Sequence[float]
) -> tuple[int, int]:
    """Find the slice with the largest wrong area.

    Parameters
    ----------
    found, truth : ndarray of bool, shape (x, y) or (x, y, z)
    spacing : sequence of float
        Side of a voxel per axis.

    Returns
    -------
    axis : int
        The one with the longest sides of voxels, the last of equals: slices show the finest
        plane. -1 for a picture.
    index : int
        Place along it; where nothing is wrong, of the largest truth.

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.zeros((4, 4, 3), bool)
    >>> found = truth.copy()
    >>> found[1:3, 1:3, 2] = True
    >>> worst_slice(found, truth, (1.0, 1.0, 3.0))
    (2, 2)
    """
    if truth.ndim < 3:
        return -1, 0
    axis = int(len(spacing) - 1 - np.argmax(np.asarray(spacing)[::-1]))
    others = tuple(k for k in range(truth.ndim) if k != axis)
    wrong = np.count_nonzero(found != truth, axis=others)
    if not wrong.any():
        wrong = np.count_nonzero(truth, axis=others)
    return axis, int(np.argmax(wrong))


def worst_place(
    found: NDArray[np.bool_], truth: NDArray[np.bool_], spacing: Sequence[float]
) -> tuple[int, ...]:
    """Find a wrong voxel in the slice with the largest wrong area.

    Parameters
    ----------
    found, truth : ndarray of bool, shape (x, y) or (x, y, z)
    spacing : sequence of float
        Side of a voxel per axis.

    Returns
    -------
    tuple of int
        Index of a voxel, in the line of the slice with the most wrong ones, the middle of equals;
        where nothing is wrong, of the truth, and where that is empty, in the middle.

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.zeros((4, 4, 3), bool)
    >>> found = truth.copy()
    >>> found[1:3, 2, 2] = True
    >>> worst_place(found, truth, (1.0, 1.0, 3.0))
    (2, 2, 2)
    """
    axis, index = worst_slice(found, truth, spacing)
    # views: take() copies a volume that is not in the order of its axes
    sides = [v if axis < 0 else np.moveaxis(v, axis, 0)[index] for v in (found, truth)]
    wrong = sides[0] != sides[1]
    cells = np.argwhere(wrong if wrong.any() else sides[1])
    if len(cells):
        lines = np.bincount(cells[:, -1])
        longest = np.flatnonzero(lines == lines.max())
        cells = cells[cells[:, -1] == longest[len(longest) // 2]]
        place = cells[len(cells) // 2].tolist()
    else:
        place = [side // 2 for side in wrong.shape]
    if axis >= 0:
        place.insert(axis, index)
    return tuple(place)


def draw_slice(
    found: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    *,
    spacing: Sequence[float],
    affine: NDArray[np.float64] | None = None,
    unit: str = "mm",
    image: NDArray[Any] | None = None,
    others: NDArray[np.bool_] | None = None,
    title: str = "",
    path: str | Path | None = None,
    ax: Axes | None = None,
) -> Axes | Figure:
    """Draw the slice with the largest wrong area: contours of both, errors in color.

    Parameters
    ----------
    found, truth : ndarray of bool, shape (x, y) or (x, y, z)
        One label of both sides.
    spacing : sequence of float
        Side of a voxel per axis.
    affine : ndarray, shape (4, 4), optional
        From voxel indices to millimeters in RAS+. With it, slices are shown as radiologists read
        them, the patient's right on the left, with letters at the borders. Without it, the first
        axis runs to the right; the second runs up, and in pictures down.
    unit : str
        Unit of the spacing, for the scale bar.
    image : ndarray, same shape, optional
        Image that was segmented, for the background.
    others : ndarray of bool, same shape, optional
        Other labels, drawn faintly where there is no image.
    title : str
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.
    """
    found, truth = plain_bool(found), plain_bool(truth)
    place = worst_place(found, truth, spacing)
    cut, _ = worst_slice(found, truth, spacing)
    views = [view for view in views_of(truth.ndim, affine) if view.cut == cut]
    (plane,) = _planes(views, place, (found, truth), spacing, image, others)
    width, height = (plane.window[:, 1] - plane.window[:, 0]).tolist()
    scale = 6.0 / max(width, height)
    size = max(width * scale, 3.5) + 0.4, max(height * scale, 2.5) + 1.2
    frame = frame_of(ax, size, "draw_slice")
    _draw_plane(frame.axes, plane, plane.window, unit)
    frame.figure.legend(**_legend(), loc="outside lower center")
    where = plane.view.where(place[cut], _point(place, affine))
    lines = caption(title, keep="\n"), where, plane.view.tilted
    frame.axes.set_title("\n".join(filter(None, lines)), fontsize="medium")
    return frame.saved(path)


def draw_planes(
    found: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    *,
    spacing: Sequence[float],
    affine: NDArray[np.float64] | None = None,
    unit: str = "mm",
    image: NDArray[Any] | None = None,
    others: NDArray[np.bool_] | None = None,
    title: str = "",
    width: float = 6.4,
    path: str | Path | None = None,
) -> Figure:
    """Draw the three planes through the worst place; a picture has one.

    Above is the slice with the largest wrong area, across the longest side of a voxel; below are
    both others through a wrong voxel of it. Dotted lines show where the planes cut each other.

    Parameters
    ----------
    found, truth, spacing, affine, unit, image, others, title, path
        As in `draw_slice`.
    width : float
        Of the figure, in inches. The size of letters is the same in all.

    Returns
    -------
    matplotlib.figure.Figure
        Its first axes are those of the slice, then those of the other planes.
    """
    found, truth = plain_bool(found), plain_bool(truth)
    place = worst_place(found, truth, spacing)
    cut, _ = worst_slice(found, truth, spacing)
    views = sorted(views_of(truth.ndim, affine), key=lambda view: view.cut != cut)
    planes = _planes(views, place, (found, truth), spacing, image, others)
    lines = textwrap.wrap(title, int(width * 13.0))
    if truth.ndim == 3 and not views[0].name:
        lines.append("orientation unknown: axes as stored")
    sizes = _sizes(planes, width)
    rows = [height for _, height in sizes[:2]]
    point = _point(place, affine)
    titles = [plane.view.where(place[plane.view.cut], point) for plane in planes]
    line = _LINE * any(titles) + _LINE * any(plane.view.tilted for plane in planes)
    top = _GAP + _LINE * len(lines)
    height = top + sum(rows) + (line + _GAP) * len(rows) + 2 * _LINE
    figure = new_figure((width, height))
    figure.set_layout_engine("none")  # every place is known
    figure.text(_GAP / width, 1.0 - 0.5 * _GAP / height, caption("\n".join(lines), keep="\n"),
                fontsize=_TEXT, va="top", linespacing=1.3)  # fmt: skip
    for number, (plane, size, where) in enumerate(zip(planes, sizes, titles, strict=True)):
        left = _GAP if number < 2 else 2 * _GAP + size[0]
        lower = height - top - sum(line + row + _GAP for row in rows[: number + 1]) + _GAP
        box = left / width, lower / height, size[0] / width, size[1] / height
        ax = figure.add_axes(box)
        _draw_plane(ax, plane, _filled(plane.window, size, plane.size), unit)
        if plane.view.cut >= 0:
            _draw_cross(ax, plane, place, truth.shape)
        where = "\n".join(filter(None, (where, plane.view.tilted)))
        ax.set_title(where, fontsize=_TEXT, loc="left", pad=3.0)
    figure.legend(**_legend(), loc="lower center")
    save(figure, path)
    return figure


@dataclass(frozen=True)
class _Plane:
    """Content of one plane; arrays run to the right, then up."""

    view: View
    sides: tuple[float, float]
    found: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    gray: NDArray[np.float64] | None
    others: NDArray[np.bool_] | None

    @property
    def size(self) -> NDArray[np.float64]:
        """Width and height."""
        return np.multiply(self.truth.shape, self.sides)

    @cached_property
    def window(self) -> NDArray[np.float64]:
        """The box of both sets with a margin, or everything: lower and upper ends per axis."""
        inside = self.found | self.truth
        if not inside.any():
            return np.stack([np.zeros(2), self.size], axis=1)
        result = np.empty((2, 2))
        for k, side in enumerate(self.sides):
            ends = np.flatnonzero(inside.any(axis=1 - k))
            low, high = float(ends[0] * side), float((ends[-1] + 1) * side)
            margin = max(_MARGIN * min(self.sides), 0.1 * (high - low))
            result[k] = max(low - margin, 0.0), min(high + margin, self.size[k])
        return result


def _planes(
    views: Sequence[View],
    place: Sequence[int],
    pair: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    spacing: Sequence[float],
    image: NDArray[Any] | None,
    others: NDArray[np.bool_] | None,
) -> list[_Plane]:
    """Return the planes through a voxel."""
    sides = [*(float(side) for side in spacing), 1.0]
    images = [] if image is None else [view.plane(image, place[view.cut]) for view in views]
    grays: list[NDArray[np.float64] | None] = [*_gray(images)] if images else [None] * len(views)
    return [
        _Plane(
            view,
            (sides[view.axes[0]], sides[view.axes[1]]),
            view.plane(pair[0], place[view.cut]),
            view.plane(pair[1], place[view.cut]),
            gray,
            None if others is None else view.plane(others, place[view.cut]),
        )
        for view, gray in zip(views, grays, strict=True)
    ]


def _sizes(planes: Sequence[_Plane], width: float) -> list[tuple[float, float]]:
    """Return the width and height of the axes of each plane in inches: one above, others below."""
    inner = width - 2 * _GAP
    ratios = [
        float(np.divide(*(plane.window[:, 1] - plane.window[:, 0])[::-1])) for plane in planes
    ]
    sizes = [(inner, float(np.clip(inner * ratios[0], 0.4 * width, 0.85 * width)))]
    cell = (inner - _GAP) / 2.0
    tallest = cell * max(ratios[1:], default=0.0)
    below = cell, float(np.clip(tallest, 0.24 * width, 0.55 * width))
    return sizes + [below] * (len(planes) - 1)


def _point(index: Sequence[int], affine: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Return a voxel in millimeters, in RAS+."""
    if affine is None:
        return None
    return affine[:3, : len(index)] @ np.array(index, np.float64) + affine[:3, 3]


def _filled(
    window: NDArray[np.float64], size: tuple[float, float], whole: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Widen a window to the shape of the axes that show it, beyond the plane only if need be."""
    lengths = window[:, 1] - window[:, 0]
    wanted = np.array(size) * np.max(lengths / size)
    lower = np.clip(window.mean(axis=1) - 0.5 * wanted, 0.0, np.maximum(whole - wanted, 0.0))
    lower = np.where(wanted > whole, 0.5 * (whole - wanted), lower)
    return np.stack([lower, lower + wanted], axis=1)


def _gray(images: Sequence[NDArray[Any]]) -> list[NDArray[np.float64]]:
    """Scale images to [0, 1] between the 1st and 99th percentile of all."""
    numbers = [np.asarray(image, np.float64) for image in images]
    known = np.concatenate([image[np.isfinite(image)] for image in numbers])
    low, high = np.percentile(known, [1, 99]) if known.size else (0.0, 1.0)
    scale = max(high - low, 1e-12)
    return [np.clip(np.nan_to_num((image - low) / scale), 0.0, 1.0) for image in numbers]


def _draw_plane(ax: Axes, plane: _Plane, window: NDArray[np.float64], unit: str) -> None:
    """Draw one plane: image or labels, errors, contours, letters and a scale bar."""
    from matplotlib.collections import LineCollection
    from matplotlib.patches import PathPatch
    from matplotlib.patheffects import withStroke

    found, truth, gray, sides = plane.found, plane.truth, plane.gray, plane.sides
    background = np.full((*truth.shape, 3), _DARK)
    if gray is not None:
        background[...] = gray[..., None]
    else:
        if plane.others is not None:
            background[plane.others] = 0.24
        background[found & truth] = 0.42
    strength = 0.75 if gray is None else 0.5
    errors = ("missed", truth & ~found, _MISSED), ("false", found & ~truth, _FALSE)
    for _, wrong, paint in errors:
        background[wrong] = (1.0 - strength) * background[wrong] + strength * np.array(paint)
    ax.set_facecolor((_DARK, _DARK, _DARK))
    ax.imshow(
        background.transpose(1, 0, 2), origin="lower", interpolation="nearest",
        extent=(0.0, float(plane.size[0]), 0.0, float(plane.size[1])),
    )  # fmt: skip
    for name, wrong, _ in errors:
        if wrong.any():
            ax.add_patch(
                PathPatch(area_of(wrong, sides), facecolor="none", edgecolor=(0.0, 0.0, 0.0, 0.6),
                          lw=0.0, hatch=_HATCHED[name])
            )  # fmt: skip
    for cells, color, width, style in (
        (truth, _TRUTH, 2.0, "solid"), (found, _FOUND, 1.2, _DASHES)
    ):  # fmt: skip
        lines = [line * sides for line in outlines(cells)]
        ax.add_collection(
            LineCollection(lines, colors=color, linewidths=width, linestyles=[style],
                           path_effects=_dark_edge(width)),
            autolim=False,
        )  # fmt: skip
    ax.set_xlim(*window[0])
    ax.set_ylim(*window[1])
    ax.set_xticks([])
    ax.set_yticks([])
    outlined: dict[str, Any] = {"color": "white", "fontsize": _TEXT, "transform": ax.transAxes,
                "path_effects": [withStroke(linewidth=2.2, foreground="black")]}  # fmt: skip
    spots = (0.015, 0.5), (0.985, 0.5), (0.5, 0.02), (0.5, 0.98)
    sides_of = ("left", "center"), ("right", "center"), ("center", "bottom"), ("center", "top")
    for letter, spot, (ha, va) in zip(plane.view.letters, spots, sides_of, strict=True):
        if letter:
            ax.text(*spot, letter, ha=ha, va=va, weight="bold", **outlined)
    length = _round_length(0.3 * float(window[0, 1] - window[0, 0]))
    share = length / float(window[0, 1] - window[0, 0])
    ax.plot([0.03, 0.03 + share], [0.04, 0.04], color="white", lw=2.4, solid_capstyle="butt",
            transform=ax.transAxes, path_effects=outlined["path_effects"])  # fmt: skip
    ax.text(0.03, 0.06, f"{length:g} {unit}", ha="left", va="bottom", **outlined)


def _draw_cross(ax: Axes, plane: _Plane, place: Sequence[int], shape: Sequence[int]) -> None:
    """Draw where the other planes through a voxel cut this one."""
    view = plane.view
    for axis, back, side, draw in zip(
        view.axes, view.backwards, plane.sides, (ax.axvline, ax.axhline), strict=True
    ):
        index = shape[axis] - 1 - place[axis] if back else place[axis]
        draw((index + 0.5) * side, color="white", lw=0.7, ls=":", alpha=0.8, zorder=1.5)


def _round_length(most: float) -> float:
    """Return the largest of 1, 2, 5, 10, ... (and 0.5, 0.2, ...) that is not longer.

    Examples
    --------
    >>> _round_length(37.0), _round_length(0.3)
    (20.0, 0.2)
    """
    power = 10.0 ** np.floor(np.log10(most))
    return float(round(max(k for k in (1.0, 2.0, 5.0) if k * power <= most * 1.0001) * power, 12))


def _legend() -> dict[str, Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    areas = [
        Patch(facecolor=paint, edgecolor=(0.0, 0.0, 0.0, 0.6), lw=0.0, hatch=_HATCHED[name],
              label=name)
        for name, paint in (("missed", _MISSED), ("false", _FALSE))
    ]  # fmt: skip
    lines = [
        Line2D([], [], color=color, lw=width, ls=style, label=name, path_effects=_dark_edge(width))
        for name, color, width, style in (
            ("truth", _TRUTH, 2.0, "-"), ("found", _FOUND, 1.2, _DASHES)
        )
    ]  # fmt: skip
    return {"handles": [*lines, *areas], "ncols": 4, "fontsize": _TEXT, "frameon": False,
            "handlelength": 1.9, "columnspacing": 1.2, "handletextpad": 0.5}  # fmt: skip


def _dark_edge(width: float) -> list[Any]:
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width + 1.0, foreground="black", alpha=0.6)]
