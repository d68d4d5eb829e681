"""How far the border of one polygon is from another: percentiles by length, with a bound."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from overlap._kernels.jit import specialise
from overlap.regions.polygons.edge_trees import (
    edges_of,
    empty_tree,
    farthest_corner,
    inside,
    nearest,
    plant,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.rings import Rings

__all__ = ["border_percentile"]

_MOST = 1_000_000  # pieces; a search that needs more stops, and says what its error is


def distances_of(points, half, b, first_b, last_b, outer, first, last, wide, high, trees, out):
    """Write how far the middles of pieces are from a region, and the least and most of any point.

    A piece goes from ``points - half`` to ``points + half``; inside of the region all are 0. From
    `first` to `last`, `outer` are the edges of the border of the region.
    """
    others, rings_b = b
    border_b, tree = trees
    size_b, _ = plant(others, rings_b[first_b], rings_b[last_b], border_b)
    count, small = plant(outer, first, last, tree)
    hint = first - first  # of a literal 0, `nearest` would be compiled a second time
    for k in range(out.shape[1]):
        for c in range(3):
            out[c, k] = 0.0
        if count == 0:
            continue  # it covers everything
        x, y, hx, hy = points[0, k], points[1, k], half[0, k], half[1, k]
        distance, hint, mx, my = nearest(x, y, tree, count, small, wide, high, hint)
        ax, ay, bx, by = tree[0, hint], tree[1, hint], tree[2, hint], tree[3, hint]
        most = farthest_corner(x + mx, y + my, hx, hy, 2, ax, ay, bx, by)
        length = math.hypot(hx, hy)
        if inside(x, y, border_b, size_b, wide, high):
            distance = -distance
        out[0, k] = max(distance, 0.0)
        out[1, k] = max(distance - length, 0.0)
        out[2, k] = min(max(distance + length, 0.0), most)


def _percentile(
    values: NDArray[np.float64], weights: NDArray[np.float64], share: float
) -> tuple[float, int]:
    """Return the least value that a share of the weight does not exceed, and where it is."""
    order = np.argsort(values, kind="stable")
    sums = np.cumsum(weights[order])
    at = order[np.searchsorted(sums, share * sums[-1] * (1.0 - 1e-12))]
    return float(values[at]), int(at)


def border_percentile(
    a: Rings, i: int, b: Rings, j: int, share: float, bound: float
) -> tuple[float, float, NDArray[np.float64]]:
    """Return how far a share of one region's border is from another region at most.

    Pieces of the border are cut until the distances in none of those that may hold the
    percentile differ by more than the bound from that of its middle.

    Parameters
    ----------
    a, i, b, j
        A region of each batch.
    share : float
        In (0, 1): of the length of the border of ``a[i]``.
    bound : float
        How far the result may be off, either way.

    Returns
    -------
    distance, error : float
    point : ndarray, shape (2,)
        A point of the border at this distance. All are NaN without a border.
    """
    (_, own, owns), (others, outer, outers) = (r.derived("edges", edges_of) for r in (a, b))
    edges = own[:, owns[i] : owns[i + 1]]
    middle, half = 0.5 * (edges[:2] + edges[2:]), 0.5 * (edges[2:] - edges[:2])
    size = int(b.vertex_offsets[j + 1] - b.vertex_offsets[j])
    trees = empty_tree(size), empty_tree(size)
    periods = [period or 0.0 for period in b.period or (None, None)]
    rings = b.region_offsets[j : j + 2]
    kernel = specialise(distances_of)

    def away(points: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.empty((3, points.shape[1]))
        kernel(
            np.ascontiguousarray(points),
            np.ascontiguousarray(half),
            *((others, b.ring_offsets), *rings, outer, *outers[j : j + 2], *periods, trees, out),
        )
        return out

    distances, length = away(middle, half), np.hypot(*half)
    if not length.sum() > 0.0:
        return np.nan, np.nan, np.full(2, np.nan)
    while True:
        (value, at), (low, _), (high, _) = (_percentile(row, length, share) for row in distances)
        error = max(high - value, value - low)
        if error <= bound or len(length) > _MOST:
            return value, error, middle[:, at]
        cut = (distances[1] <= high) & (distances[2] >= low)
        cut &= distances[2] - distances[1] > 0.5 * bound
        quarter = 0.5 * half[:, cut]
        pieces = np.concatenate([middle[:, cut] - quarter, middle[:, cut] + quarter], axis=1)
        halves = np.concatenate([quarter, quarter], axis=1)
        middle = np.concatenate([middle[:, ~cut], pieces], axis=1)
        half = np.concatenate([half[:, ~cut], halves], axis=1)
        distances = np.concatenate([distances[:, ~cut], away(pieces, halves)], axis=1)
        length = np.hypot(*half)
