"""Slabs: the edges of every region, cut into strips of x between which no edge begins or ends.

In a strip only the few edges matter that cross it, which is what makes polygons of many
vertices fast. Where so many edges cross every strip that their lists would grow large (a comb
with teeth along x), several strips are taken together; such lists are in no order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from overlap._kernels.jit import specialise
from overlap.regions.polygons.rings import offsets_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.rings import Rings

__all__ = ["Slabs", "slabs_of"]

_ENTRIES = 256  # per edge, on the average, above which strips are taken together


class Slabs(NamedTuple):
    """What kernels read of the regions of a `Rings`.

    Attributes
    ----------
    edges : ndarray, shape (E, 5)
        Of every edge that is not vertical: its lower and higher x, y at the lower x, slope,
        and 1 where the inside is below it, -1 where it is above.
    cuts : ndarray
        The x between the strips, region by region.
    first_cut : ndarray of int64, shape (N + 1,)
        Where the cuts of each region begin.
    first_entry : ndarray of int64
        Where the list of edges begins that cross the strip after every cut.
    entries : ndarray of uint32
        The edges that cross every strip, from the lowest to the highest.
    bounds : ndarray, shape (N, 4)
        Lowest x and y, highest x and y of every region.
    """

    edges: NDArray[np.float64]
    cuts: NDArray[np.float64]
    first_cut: NDArray[np.int64]
    first_entry: NDArray[np.int64]
    entries: NDArray[np.uint32]
    bounds: NDArray[np.float64]


def slabs_of(rings: Rings, limit: int = _ENTRIES) -> tuple[Slabs, int, bool]:
    """Return the strips of all regions, the longest list, and whether all lists are in order.

    `limit` is the number of entries per edge above which strips are taken together.
    """
    x, y, regions = rings.x, rings.y, len(rings)
    region = rings.region_of[rings.ring_of]
    order = np.lexsort((x, region))
    new = np.ones(len(x), bool)
    new[1:] = (x[order][1:] != x[order][:-1]) | (region[order][1:] != region[order][:-1])
    many = np.bincount(region[order], new, regions).astype(np.int64)  # different x
    rank = np.empty(len(x), np.int64)
    begin = np.cumsum(many) - many
    rank[order] = np.cumsum(new) - 1 - begin[region[order]]
    # Of every edge its two ends, from the left to the right.
    p, q = np.arange(len(x)), rings.following
    leftward = x[p] > x[q]
    p, q = np.where(leftward, q, p), np.where(leftward, p, q)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope = (y[q] - y[p]) / (x[q] - x[p])
    kept = np.isfinite(slope)
    p, q = p[kept], q[kept]
    sign = np.where(leftward[kept], 1.0, -1.0)
    edges = np.stack([x[p], x[q], y[p], slope[kept], sign], 1)
    of, low, high = region[p], rank[p], rank[q] - 1
    strides = _strides(of, low, high, many, limit)
    first_cut = offsets_of(np.where(many > 0, -(-(many - 1) // strides) + 1, 0))
    distinct = x[order][new]
    place = np.arange(first_cut[-1]) - np.repeat(first_cut[:-1], np.diff(first_cut))
    owner = np.repeat(np.arange(regions), np.diff(first_cut))
    cuts = distinct[begin[owner] + np.minimum(place * strides[owner], many[owner] - 1)]
    low, high = first_cut[of] + low // strides[of], first_cut[of] + high // strides[of]
    change = np.bincount(low, minlength=len(cuts) + 1) - np.bincount(
        high + 1, minlength=len(cuts) + 1
    )
    first_entry = offsets_of(np.cumsum(change)[: len(cuts)])
    entries = np.empty(first_entry[-1], np.uint32)
    specialise(enter)(edges, low, high, cuts, first_entry, first_entry[:-1].copy(), entries)
    bounds = np.ascontiguousarray(rings.bounds.T)
    slabs = Slabs(edges, cuts, first_cut, first_entry, entries, bounds)
    ordered = bool((strides == 1).all())
    return slabs, int(np.diff(first_entry).max(initial=0)), ordered


def _strides(
    of: NDArray[np.int64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    many: NDArray[np.int64],
    limit: int,
) -> NDArray[np.int64]:
    """Return how many strips are taken together, region by region."""
    strides = np.ones(len(many), np.int64)
    edges = np.bincount(of, minlength=len(many))
    while True:
        entries = np.bincount(of, high // strides[of] - low // strides[of] + 1, len(many))
        large = (entries > limit * edges) & (strides < many)
        if not large.any():
            return strides
        strides[large] *= 2


def enter(edges, low, high, cuts, first_entry, end, entries):
    """Enter every edge into the lists of its strips, from the lowest to the highest."""
    for e in range(edges.shape[0]):
        x, y, slope = edges[e, 0], edges[e, 2], edges[e, 3]
        for s in range(low[e], high[e] + 1):
            middle = 0.5 * (cuts[s] + cuts[s + 1])
            height = y + (middle - x) * slope
            at = end[s]
            while at > first_entry[s]:
                f = entries[at - 1]
                if edges[f, 2] + (middle - edges[f, 0]) * edges[f, 3] <= height:
                    break
                entries[at] = f
                at -= 1
            entries[at] = e
            end[s] += 1
