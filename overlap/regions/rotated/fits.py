"""Rectangles fitted to four corners, and the smallest ones around sets of points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.numbers import as_numbers, described
from overlap._common.ragged import offsets_of
from overlap._kernels.jit import specialise
from overlap.regions._geometry.convex_hulls import mark_corners

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["allowance", "fitted_rects", "min_rects"]


def allowance(points: NDArray[np.float64], diagonal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the default tolerance of corners: a millionth of the diagonal, or rounding.

    Parameters
    ----------
    points : ndarray, shape (N, K, D)
    diagonal : ndarray, shape (N,)
    """
    with np.errstate(over="ignore"):
        single = (points.astype(np.float32) == points).all(axis=(1, 2))
    rounding = 4.0 * np.where(single, np.finfo(np.float32).eps, np.finfo(float).eps)
    far = np.abs(points).max(axis=(1, 2), initial=0.0)
    return np.maximum(1e-6 * diagonal, rounding * far)


def fitted_rects(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rectangles with the mean center, directions and sides of four corners in order.

    Parameters
    ----------
    points : ndarray, shape (N, 4, 2)

    Returns
    -------
    ndarray, shape (N, 5)
        Center, width (the first side), height, angle.
    """
    center = points.mean(axis=1)
    first = 0.5 * ((points[:, 1] - points[:, 0]) + (points[:, 2] - points[:, 3]))
    second = 0.5 * ((points[:, 2] - points[:, 1]) + (points[:, 3] - points[:, 0]))
    w, h = np.hypot(*first.T), np.hypot(*second.T)
    # The longer side says the angle better.
    along = np.where((w >= h)[:, None], first, np.stack([second[:, 1], -second[:, 0]], 1))
    across = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    along = np.where(((w < h) & (across < 0))[:, None], -along, along)
    return np.column_stack([center, w, h, np.arctan2(along[:, 1], along[:, 0])])


def min_rects(values: Any, what: str) -> NDArray[np.float64]:
    """Return the rectangles of least area around sets of points, shape (N, 5).

    Each has a side along a side of the convex hull (Freeman and Shapira 1975). The width is the
    longer side, and the angle in [-pi/2, pi/2); of rectangles that tie, the one with the angle
    nearest to 0.
    """
    sets = _sets(values, what)
    result = np.zeros((len(sets), 5))
    counts = np.array([len(points) for points in sets], np.int64)
    if not len(sets):
        return result
    origin = np.array([points.mean(axis=0) for points in sets])
    piece = np.repeat(np.arange(len(sets)), counts)
    points = np.concatenate(sets) - origin[piece]
    order = np.lexsort((points[:, 1], points[:, 0], piece))
    points, corner = points[order], np.zeros(len(piece), bool)
    specialise(mark_corners)(points, offsets_of(counts), np.empty(len(piece), np.int64), corner)
    points, piece = points[corner], piece[corner]
    counts = np.bincount(piece, minlength=len(sets))
    for size in np.unique(counts):  # sets with as many corners at once
        rows = np.flatnonzero(counts == size)
        hulls = points[counts[piece] == size].reshape(len(rows), size, 2)
        step = max(1, 1_000_000 // (size * size))
        for lo in range(0, len(rows), step):
            result[rows[lo : lo + step]] = _around(hulls[lo : lo + step])
    result[:, :2] += origin
    return result


def _sets(values: Any, what: str) -> list[NDArray[np.float64]]:
    """Return the sets of points, each of shape (K, 2), all of them finite."""
    if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__len__"):
        raise TypeError(f"{what}: expected N sets of points (x, y), got {described(values)}")
    sets = []
    for k, entry in enumerate(values):
        points = as_numbers(entry, f"{what}: set {k}")
        if points.ndim == 1 and points.size and points.size % 2 == 0:
            points = points.reshape(-1, 2)
        if points.ndim != 2 or points.shape[1] != 2 or not len(points):
            raise ValueError(
                f"{what}: set {k} has shape {points.shape}; expected (K, 2), one (x, y) per point"
            )
        if not np.isfinite(points).all():
            raise ValueError(f"{what}: points of set {k} are not finite")
        sets.append(points)
    return sets


def _around(hulls: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the smallest rectangles around convex rings, shape (G, K, 2), in any order."""
    inside = hulls.mean(axis=1, keepdims=True)
    about = np.arctan2(*np.moveaxis(hulls - inside, 2, 0)[::-1])
    ring = np.take_along_axis(hulls, np.argsort(about, axis=1)[:, :, None], axis=1)
    way = np.roll(ring, -1, axis=1) - ring
    length = np.hypot(way[..., 0], way[..., 1])
    way[length == 0.0] = 1.0, 0.0  # a point
    way /= np.where(length == 0.0, 1.0, length)[..., None]
    u, v = way[..., 0], way[..., 1]
    spans = []
    for c, s in ((u, v), (-v, u)):
        along = c[:, :, None] * ring[:, None, :, 0] + s[:, :, None] * ring[:, None, :, 1]
        spans.append((along.min(axis=2), along.max(axis=2)))
    (low, high), (bottom, top) = spans
    w, h = high - low, top - bottom
    angle = np.where(w >= h, np.arctan2(v, u), np.arctan2(u, -v))
    angle -= np.pi * np.floor(angle / np.pi + 0.5)
    angle = np.where(angle >= 0.5 * np.pi, -0.5 * np.pi, angle)
    area = w * h
    tied = area <= area.min(axis=1, keepdims=True) * (1.0 + 1e-12)
    best = np.argmin(np.where(tied, np.abs(angle), np.inf), axis=1)[:, None]
    u, v, w, h, x, y, angle = (
        np.take_along_axis(column, best, axis=1)[:, 0]
        for column in (u, v, w, h, 0.5 * (low + high), 0.5 * (bottom + top), angle)
    )
    wide = w >= h
    return np.column_stack(
        [x * u - y * v, x * v + y * u, np.where(wide, w, h), np.where(wide, h, w), angle]
    )
