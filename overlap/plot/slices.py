"""Slices of a case: contours of both sides, and the errors between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.label_arrays import plain_bool
from overlap.plot.figures import caption, figure_of, new_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_slice", "worst_slice"]

_TRUTH, _FOUND = "#00e5ff", "#ffd400"
_MISSED, _FALSE = (0.92, 0.20, 0.28), (1.0, 0.55, 0.0)
_MARGIN = 12.0  # voxels around the labels


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


def draw_slice(
    found: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    *,
    spacing: Sequence[float],
    image: NDArray[Any] | None = None,
    others: NDArray[np.bool_] | None = None,
    title: str = "",
    path: str | Path | None = None,
    ax: Axes | None = None,
) -> Axes | Figure:
    """Draw the slice with the largest wrong area: contours of both, errors in color.

    The first axis runs to the right; the second runs up, and in pictures down.

    Parameters
    ----------
    found, truth : ndarray of bool, shape (x, y) or (x, y, z)
        One label of both sides.
    spacing : sequence of float
        Side of a voxel per axis.
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
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    found, truth = plain_bool(found), plain_bool(truth)
    axis, index = worst_slice(found, truth, spacing)
    planes = [_plane(volume, axis, index) for volume in (found, truth)]
    sides = [*(float(side) for k, side in enumerate(spacing) if k != axis), 1.0]
    columns, rows = _window(planes[0] | planes[1])
    a, b = (plane[columns, rows] for plane in planes)
    extent = (
        columns.start * sides[0],
        columns.stop * sides[0],
        rows.start * sides[1],
        rows.stop * sides[1],
    )
    if ax is None:
        width, height = extent[1] - extent[0], extent[3] - extent[2]
        scale = 6.0 / max(width, height)
        figure = new_figure((max(width * scale, 3.5) + 0.4, max(height * scale, 2.5) + 1.2))
        target: Axes = figure.subplots()
    else:
        figure, target = figure_of(ax, "draw_slice"), ax
    background = np.full((*a.shape, 3), 0.13)
    if image is not None:
        background = np.repeat(_gray(_plane(image, axis, index)[columns, rows])[..., None], 3, 2)
    else:
        if others is not None:
            background[_plane(others, axis, index)[columns, rows]] = 0.24
        background[a & b] = 0.42
    strength = 0.75 if image is None else 0.5
    for wrong, paint in ((b & ~a, _MISSED), (a & ~b, _FALSE)):
        background[wrong] = (1.0 - strength) * background[wrong] + strength * np.array(paint)
    # first index to the right, second upwards
    target.imshow(
        background.transpose(1, 0, 2), origin="lower", extent=extent, interpolation="nearest"
    )
    for plane, color, width in ((b, _TRUTH, 2.0), (a, _FOUND, 1.1)):
        _contour(target, plane, extent, color, width)
    handles = [
        Line2D([], [], color=_TRUTH, lw=2, label="truth"),
        Line2D([], [], color=_FOUND, lw=2, label="found"),
        Patch(color=_MISSED, label="missed"),
        Patch(color=_FALSE, label="false"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize="small",
                  frameon=False)  # fmt: skip
    where = "" if axis < 0 else f"slice {index} of axis {'xyz'[axis]}"
    target.set_title("\n".join(filter(None, (caption(title, keep="\n"), where))), fontsize="medium")
    if axis < 0:
        target.invert_yaxis()  # the rows of a picture run down
    target.set_xticks([])
    target.set_yticks([])
    save(figure, path)
    return figure if ax is None else target


def _plane(volume: NDArray[Any], axis: int, index: int) -> NDArray[Any]:
    if axis >= 0:
        return np.take(volume, index, axis=axis)
    return volume if volume.ndim == 2 else volume[:, None]


def _window(inside: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the box of the cells inside, with a margin; everything if there are none."""
    if not inside.any():
        return slice(0, inside.shape[0]), slice(0, inside.shape[1])
    result = []
    for k, size in enumerate(inside.shape):
        ends = np.flatnonzero(inside.any(axis=1 - k))
        margin = max(int(_MARGIN), (int(ends[-1]) - int(ends[0])) // 10)
        result.append(slice(max(int(ends[0]) - margin, 0), min(int(ends[-1]) + margin + 1, size)))
    return result[0], result[1]


def _gray(values: NDArray[Any]) -> NDArray[np.float64]:
    """Scale an image to [0, 1] between its 1st and 99th percentile."""
    numbers = np.asarray(values, np.float64)
    low, high = np.percentile(numbers[np.isfinite(numbers)], [1, 99])
    return np.clip(np.nan_to_num((numbers - low) / max(high - low, 1e-12)), 0.0, 1.0)


def _contour(
    ax: Axes, plane: NDArray[np.bool_], extent: tuple[float, ...], color: str, width: float
) -> None:
    """Draw the edges between the cells of a set and the others."""
    padded = np.pad(plane, 1)
    step = [(extent[1] - extent[0]) / plane.shape[0], (extent[3] - extent[2]) / plane.shape[1]]
    lines = []
    for k in (0, 1):
        edges = np.argwhere(np.diff(padded.astype(np.int8), axis=k) != 0)
        start = edges - (0, 1) if k == 0 else edges - (1, 0)
        stop = start + ((0, 1) if k == 0 else (1, 0))
        lines += [np.stack([start, stop], axis=1)]
    segments = np.concatenate(lines) * step + np.array([extent[0], extent[2]])
    from matplotlib.collections import LineCollection

    ax.add_collection(LineCollection(list(segments), colors=color, linewidths=width))
