"""Smallest rectangles around sets of points in the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.numbers import as_numbers, described
from overlap._kernels.jit import specialise
from overlap.regions.polygons.hulls import mark_corners
from overlap.regions.polygons.rings import offsets_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["min_rects"]


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
