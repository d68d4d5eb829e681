"""Convex hulls of masks, through the corners of their cells.

In the plane all coordinates are whole numbers of cells, so that hulls, their areas and their
diameters are exact. In space they are Qhull's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from overlap._kernels.jit import specialise
from overlap.regions._geometry.convex_hulls import (
    hull_of,
    hull_pairs,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Hulls"]


def _ends(cells: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the corners of planar cells, line by line, that can be on their hull."""
    lines = np.flatnonzero(cells.any(axis=1))
    low = cells[lines].argmax(axis=1)
    high = cells.shape[1] - cells[lines][:, ::-1].argmax(axis=1)
    places = [(lines + side, end) for side in (0, 1) for end in (low, high)]
    points = np.concatenate([np.stack(place, axis=1) for place in places])
    return np.unique(points, axis=0).astype(np.float64)


def _hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the vertices of the hull, in ascending order."""
    if points.shape[1] == 2:
        ring = np.empty((2 * len(points) + 2, 2))
        points = ring[: specialise(hull_of)(points, ring)]
    else:
        from scipy.spatial import ConvexHull

        points = points[ConvexHull(points).vertices]
    return np.unique(points, axis=0)


def _vertices(cells: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the vertices of the hull of cells that are not empty."""
    if cells.ndim == 2:
        return _hull(_ends(cells))
    slabs = [(k, _vertices(cells[k])) for k in np.flatnonzero(cells.any(axis=(1, 2)))]
    faces = [
        np.column_stack([np.full(len(points), k + side, float), points])
        for k, points in slabs
        for side in (0, 1)
    ]
    return _hull(np.unique(np.concatenate(faces), axis=0))


class Hulls:
    """The vertices of the hulls of a batch of masks, in cells, in ascending order.

    Parameters
    ----------
    count : int
    axes : int
        2 or 3.
    cropped : callable
        From the number of a mask to its first cell and its dense cells, cut to their box.
    """

    def __init__(self, count: int, axes: int, cropped: Callable) -> None:
        parts = []
        for n in range(count):
            corner, cells = cropped(n)
            points = _vertices(cells) + corner if cells.size else np.empty((0, axes))
            parts.append(points)
        self.pointer = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(int)
        self.points = np.concatenate(parts) if parts else np.empty((0, axes))

    def enclose(
        self,
        rows: NDArray[np.intp],
        other: Hulls,
        columns: NDArray[np.intp],
        spacing: tuple[float, ...],
        outside: bool,
    ) -> NDArray[np.float64]:
        """Return measure, squared diameter and outside of the hulls of pairs, shape (3, pairs)."""
        out = np.zeros((3, len(rows)))
        if len(spacing) == 2:
            specialise(hull_pairs)(
                *(self.pointer, self.points, rows, other.pointer, other.points, columns),
                *(*spacing, outside, out),
            )
            return out
        from scipy.spatial import ConvexHull
        from scipy.spatial.distance import pdist

        for k, (i, j) in enumerate(zip(rows, columns, strict=True)):
            pair = (
                side.points[side.pointer[n] : side.pointer[n + 1]]
                for side, n in ((self, i), (other, j))
            )
            points = np.unique(np.concatenate(list(pair)), axis=0) * spacing
            if len(points):
                hull = ConvexHull(points)
                out[0, k] = hull.volume
                out[1, k] = pdist(points[hull.vertices], "sqeuclidean").max()
        return out
