"""Slabs: the edges of every region, cut into strips of x between which no edge begins or ends.

In a strip only the few edges matter that cross it, which is what makes polygons of many
vertices fast. Where so many edges cross every strip that their lists would grow large (a comb
with teeth along x), several strips are taken together; such lists are in no order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from overlap._jit import specialise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions._rings import Rings

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
    entries : ndarray of int32
        The edges that cross every strip, from the lowest to the highest.
    bounds : ndarray, shape (N, 4)
        Lowest x and y, highest x and y of every region.
    """

    edges: NDArray[np.float64]
    cuts: NDArray[np.float64]
    first_cut: NDArray[np.int64]
    first_entry: NDArray[np.int64]
    entries: NDArray[np.int32]
    bounds: NDArray[np.float64]


def slabs_of(rings: Rings, limit: int = _ENTRIES) -> tuple[Slabs, int, bool]:
    """Return the strips of all regions, the longest list, and whether all lists are in order.

    `limit` is the number of entries per edge above which strips are taken together.
    """
    order = np.lexsort((rings.x, rings.region_of[rings.ring_of]))
    offsets = rings.vertex_offsets
    kernel = specialise(build)
    edges, cuts, first_cut, first_entry, entries, ordered = kernel(
        rings.x, rings.y, rings.following, offsets, order, limit
    )
    bounds = np.ascontiguousarray(rings.bounds.T)
    slabs = Slabs(edges, cuts, first_cut, first_entry, entries, bounds)
    return slabs, int(np.diff(first_entry).max(initial=0)), bool(ordered)


def build(x, y, following, offsets, order, limit):
    vertices, regions = x.shape[0], offsets.shape[0] - 1
    edges = np.empty((vertices, 5))
    low, high, rank = np.empty((3, vertices), np.int64)  # ranks of the ends of edges
    strides = np.ones(regions + 1, np.int64)
    first_edge = np.zeros(regions + 1, np.int64)
    first_cut = np.zeros(regions + 1, np.int64)
    count, total, most = 0, 0, 0
    for n in range(regions):
        distinct = -1
        for k in range(offsets[n], offsets[n + 1]):
            v = order[k]
            if distinct < 0 or x[v] != x[order[k - 1]]:
                distinct += 1
            rank[v] = distinct
        for v in range(offsets[n], offsets[n + 1]):
            p, q, sign = v, following[v], -1.0
            if x[p] > x[q]:
                p, q, sign = q, p, 1.0
            slope = (y[q] - y[p]) / (x[q] - x[p]) if x[p] < x[q] else np.inf
            if np.isfinite(slope):
                edges[count, 0] = x[p]
                edges[count, 1] = x[q]
                edges[count, 2] = y[p]
                edges[count, 3] = slope
                edges[count, 4] = sign
                low[count], high[count] = rank[p], rank[q] - 1
                count += 1
        first_edge[n + 1] = count
        while True:
            stride = strides[n]
            size = 0
            for e in range(first_edge[n], count):
                size += high[e] // stride - low[e] // stride + 1
            if size <= limit * (count - first_edge[n]) or distinct <= stride:
                break
            strides[n] *= 2
        total += size
        many = max(distinct + stride - 1, 0) // stride + 1 if distinct >= 0 else 0
        most = max(most, many)
        first_cut[n + 1] = first_cut[n] + many
    cuts = np.empty(first_cut[regions])
    first_entry = np.zeros(first_cut[regions] + 1, np.int64)
    entries = np.empty(total, np.int32)
    place = np.empty(most + 1, np.int64)
    start = 0
    for n in range(regions):
        base, stride = first_cut[n], strides[n]
        last = first_cut[n + 1] - base - 1
        for k in range(offsets[n], offsets[n + 1]):
            v = order[k]
            if rank[v] % stride == 0:
                cuts[base + rank[v] // stride] = x[v]
            elif k == offsets[n + 1] - 1:
                cuts[base + last] = x[v]
        place[: last + 1] = 0
        for e in range(first_edge[n], first_edge[n + 1]):
            for s in range(low[e] // stride, high[e] // stride + 1):
                place[s] += 1
        for s in range(last + 1):
            first_entry[base + s] = start
            start += place[s]
            place[s] = first_entry[base + s]
        for e in range(first_edge[n], first_edge[n + 1]):
            for s in range(low[e] // stride, high[e] // stride + 1):
                at = place[s]
                if stride == 1:  # from the lowest to the highest
                    x_mid = 0.5 * (cuts[base + s] + cuts[base + s + 1])
                    y_mid = edges[e, 2] + (x_mid - edges[e, 0]) * edges[e, 3]
                    while at > first_entry[base + s]:
                        f = entries[at - 1]
                        if edges[f, 2] + (x_mid - edges[f, 0]) * edges[f, 3] <= y_mid:
                            break
                        entries[at] = f
                        at -= 1
                entries[at] = e
                place[s] += 1
    first_entry[first_cut[regions]] = start
    return edges[:count], cuts, first_cut, first_entry, entries, strides.max() == 1
