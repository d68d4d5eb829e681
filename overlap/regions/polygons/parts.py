"""Connected parts of polygons, and points inside of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap._common.ragged import listed, offsets_of
from overlap._kernels.jit import specialise
from overlap.regions.polygons.checks import nesting
from overlap.regions.polygons.overlap import periods_of, slabs_of, turns
from overlap.regions.polygons.rings import Rings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["inside", "outer_rings", "parts_of"]


def points_inside(slabs, rows, px, py, period_x, period_y, out):
    edges, cuts, first_cut, first_entry, entries, bounds = slabs
    for k in range(rows.shape[0]):
        n = rows[k]
        x0, y0, x1, y1 = bounds[n, 0], bounds[n, 1], bounds[n, 2], bounds[n, 3]
        for c in range(px.shape[0]):
            from_x, to_x = turns(x0 - px[c], x1 - px[c], period_x)
            from_y, to_y = turns(y0 - py[c], y1 - py[c], period_y)
            winding = 0.0
            for turn in range((to_x - from_x) * (to_y - from_y)):
                x = px[c] + (from_x + turn // (to_y - from_y)) * period_x
                y = py[c] + (from_y + turn % (to_y - from_y)) * period_y
                if not (x0 <= x and x < x1 and y0 <= y and y < y1):
                    continue
                p, stop = first_cut[n], first_cut[n + 1] - 1
                while stop - p > 1:
                    middle = (p + stop) // 2
                    if cuts[middle] <= x:
                        p = middle
                    else:
                        stop = middle
                for at in range(first_entry[p], first_entry[p + 1]):
                    e = entries[at]
                    begin, end, low, slope = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
                    if begin <= x and x < end and low + (x - begin) * slope > y:
                        winding += edges[e, 4]
            out[k, c] = winding > 0.5


def inside(rings: Rings, rows: NDArray[np.intp], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points lie in which regions, shape (rows, points).

    Left and lower borders belong to a region, right and upper ones do not.
    """
    slabs, _, _ = rings.derived("slabs", slabs_of)
    out = np.empty((len(rows), len(points)), np.bool_)
    x, y = (np.ascontiguousarray(points[:, k]) for k in range(2))
    specialise(points_inside)(tuple(slabs), rows, x, y, *periods_of(rings), out)
    return out


def outer_rings(rings: Rings) -> NDArray[np.int64]:
    """Return the outer ring of every ring, itself if it is one, shape (R,)."""
    owner = np.arange(len(rings.ring_offsets) - 1)
    if (rings.ring_areas >= 0).all():
        return owner
    areas, inner, outer = nesting(rings, owner, rings.region_of)
    # Of a hole the smallest outer ring around it.
    candidate = (areas[inner] < 0) & (areas[outer] >= 0)
    inner, outer = inner[candidate], outer[candidate]
    order = np.argsort(-areas[outer], kind="stable")  # the last one written is the smallest
    owner[inner[order]] = outer[order]
    return owner


def parts_of(rings: Rings) -> tuple[Rings, NDArray[np.int64]]:
    """Return the connected parts of all regions as regions, and of which region each one is."""
    outer = outer_rings(rings)
    label = outer.copy()
    for one, two in _joined(rings).tolist():
        first, second = sorted((_root(label, outer[one]), _root(label, outer[two])))
        label[second] = first
    root = np.array([_root(label, ring) for ring in outer], np.int64)
    order = np.argsort(root, kind="stable")
    names, counts = np.unique(root, return_counts=True)
    flat = Rings(rings.x, rings.y, rings.ring_offsets, np.arange(len(root) + 1), rings.period)
    moved = flat.take(order)
    parts = Rings(
        *(moved.x, moved.y, moved.ring_offsets, offsets_of(counts)), rings.period, rings.density
    )
    return parts, rings.region_of[names]


def _root(label: NDArray[np.int64], ring: int) -> int:
    while label[ring] != ring:
        label[ring] = label[label[ring]]  # the next search is shorter
        ring = int(label[ring])
    return int(ring)


def _joined(rings: Rings) -> NDArray[np.int64]:
    """Return pairs of rings of one region that share a stretch along an axis, shape (pairs, 2).

    So do the pieces of a region that was cut at a seam, on both sides of it.
    """
    x, y, following = rings.x, rings.y, rings.following
    pairs = [np.empty((0, 2), np.int64)]
    for axis, (fixed, free) in enumerate(((x, y), (y, x))):
        period, other = (periods_of(rings)[k] for k in (axis, 1 - axis))
        edges = np.flatnonzero((fixed == fixed[following]) & (free != free[following]))
        if not edges.size:
            continue
        at = fixed[edges] - (np.floor(fixed[edges] / period) * period if period else 0.0)
        low = np.minimum(free[edges], free[following[edges]])
        high = np.maximum(free[edges], free[following[edges]])
        ring = rings.ring_of[edges]
        region = rings.region_of[ring]
        up = free[following[edges]] > free[edges]
        order = np.lexsort((at, region))
        another = (np.diff(region[order]) != 0) | (np.diff(at[order]) != 0)
        line = np.empty(len(order), np.int64)
        line[order] = np.cumsum(np.append(False, another))
        ups, downs = (k[np.argsort(line[k])] for k in (np.flatnonzero(up), np.flatnonzero(~up)))
        ends = (np.searchsorted(line[downs], line[ups], side) for side in ("left", "right"))
        row, place = listed(*ends)
        e, f = ups[row], downs[place]
        gap = low[f] - low[e]
        if other:
            gap -= np.floor(gap / other) * other
            meets = (gap < high[e] - low[e]) | (other - gap < high[f] - low[f])
        else:
            meets = (gap < high[e] - low[e]) & (-gap < high[f] - low[f])
        pairs.append(np.stack([ring[e[meets]], ring[f[meets]]], axis=1))
    return np.concatenate(pairs)
