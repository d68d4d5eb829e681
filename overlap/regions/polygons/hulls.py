"""Corners of the convex hulls of polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap._kernels.jit import specialise
from overlap.regions.masks.hulls import turn
from overlap.regions.polygons.rings import offsets_of

if TYPE_CHECKING:
    from overlap.regions.polygons.rings import Rings

__all__ = ["Pieces"]


def mark_corners(points, offsets, stack, corner):
    """Mark the corners of the hull of every piece, whose points are in ascending order."""
    for n in range(offsets.shape[0] - 1):
        first, last = offsets[n], offsets[n + 1]
        for side in range(2):
            size = 0
            for step in range(last - first):
                k = first + step if side == 0 else last - 1 - step
                x, y = points[k, 0], points[k, 1]
                while size >= 2:
                    p, q = stack[size - 2], stack[size - 1]
                    way = turn(points[p, 0], points[p, 1], points[q, 0], points[q, 1], x, y)
                    if way > 0.0:
                        break
                    size -= 1
                if size == 0 or x != points[stack[size - 1], 0] or y != points[stack[size - 1], 1]:
                    stack[size] = k
                    size += 1
            for k in range(size):
                corner[stack[k]] = True


class Pieces:
    """Corners of the convex hulls of pieces of regions, in ascending order.

    Attributes
    ----------
    points : ndarray, shape (K, 2)
    offsets : ndarray of int64
        Which corners are of which piece.
    regions : ndarray of int64, shape (N + 1,)
        Which pieces are of which region.
    lower, upper : ndarray, shape (2, pieces)
        Ends of the pieces.
    """

    def __init__(self, rings: Rings, *, by_rings: bool) -> None:
        # Holes are inside, whatever the hull.
        outer = np.flatnonzero((rings.ring_areas >= 0.0) & (np.diff(rings.ring_offsets) > 0))
        kept = np.zeros(len(rings.ring_offsets) - 1, bool)
        kept[outer] = True
        vertices = np.flatnonzero(kept[rings.ring_of])
        ring = rings.ring_of[vertices]
        if by_rings:
            piece = (np.cumsum(kept) - 1)[ring]
            count = len(outer)
            self.regions = offsets_of(np.bincount(rings.region_of[outer], minlength=len(rings)))
        else:
            piece, count = rings.region_of[ring], len(rings)
            self.regions = np.arange(count + 1)
        x, y = rings.x[vertices], rings.y[vertices]
        order = np.lexsort((y, x, piece))
        points, piece = np.stack([x[order], y[order]], 1), piece[order]
        offsets = offsets_of(np.bincount(piece, minlength=count))
        corner = np.zeros(len(points), bool)
        specialise(mark_corners)(points, offsets, np.empty(len(points), np.int64), corner)
        self.points = points[corner]
        self.offsets = offsets_of(np.bincount(piece[corner], minlength=count))
        self.lower, self.upper = np.zeros((2, 2, count))
        filled = np.diff(self.offsets) > 0
        if filled.any():
            at = self.offsets[:-1][filled]
            self.lower[:, filled] = np.minimum.reduceat(self.points, at).T
            self.upper[:, filled] = np.maximum.reduceat(self.points, at).T
