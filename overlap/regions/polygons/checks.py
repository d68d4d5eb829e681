"""Checks that regions are covered once, and repairs of those that are not.

Sums of trapezoids count how often a boundary winds around a point, which must be 0 or 1. Rings
are first taken as they are meant, outer rings and holes; where that does not hold, they are
turned such that a point is inside if an odd number of rings of its part is around it; and where
rings cross themselves or each other, or parts overlap, shapely rebuilds the region.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap._common.limits import MOST_AWAY, MOST_TURNS
from overlap._common.ragged import listed, spans
from overlap._kernels.jit import specialise
from overlap.regions.polygons.input import Flat, reverse
from overlap.regions.polygons.masses import shared_masses, uniform
from overlap.regions.polygons.overlap import shared_areas, slabs_of
from overlap.regions.polygons.rings import Period, Rings
from overlap.regions.polygons.simple_rings import surely_covered_once

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["checked", "nesting"]

_LARGEST, _SMALLEST = 1e100, 1e-280
_MANY = 10_000  # vertices from which it pays to look for simple rings, and to compile what does
_ROOM = 1e-9  # of the area of a region, or 1e-12 of its box, may be covered twice


def surplus(edges, cuts, first_cut, first_entry, entries, out):
    """Write the integral of w (w - 1) over the winding number w, and of crossed edges."""
    for n in range(out.shape[0]):
        total = 0.0
        for p in range(first_cut[n], first_cut[n + 1] - 1):
            x, end = cuts[p], cuts[p + 1]
            winding, start, stop, height = 0.0, 0.0, 0.0, 0.0
            for at in range(first_entry[p], first_entry[p + 1]):
                e = entries[at]
                y = edges[e, 2] + (x - edges[e, 0]) * edges[e, 3]
                z = edges[e, 2] + (end - edges[e, 0]) * edges[e, 3]
                if at > first_entry[p]:
                    height += winding * (winding - 1.0) * max(y - start + z - stop, 0.0)
                    height += max(start - y, 0.0) + max(stop - z, 0.0)
                start, stop = y, z
                winding -= edges[e, 4]
            total += 0.5 * height * (end - x)
        out[n] = total


def _covered_twice(rings: Rings) -> NDArray[np.bool_]:
    """Return which regions are not covered once, on their torus where there is a period."""
    sides = rings.bounds[2:] - rings.bounds[:2]
    bad = np.zeros(len(rings), bool)
    many = len(rings.x) >= _MANY
    unsure = np.flatnonzero(~surely_covered_once(rings)) if many else np.arange(len(rings))
    if 2 * unsure.size > len(rings):
        unsure = np.arange(len(rings))  # strips of all are kept for scores
    if unsure.size:
        part = rings if unsure.size == len(rings) else rings.take(unsure)
        bad[unsure] = _surplus(part) > _room(part)
    if rings.period is not None:
        wide = ~bad
        wide &= np.any([s > p for s, p in zip(sides, rings.period, strict=True) if p], axis=0)
        at = np.flatnonzero(wide)
        if at.size:
            part = rings.take(at)
            index = np.arange(len(at))
            if part.derived("slabs", slabs_of)[2]:
                covered = shared_areas(part, index, part, index)
            else:
                covered = shared_masses(part, index, part, index, uniform(part))
            bad[at] = covered - part.areas > _room(part)
    return bad


def _room(rings: Rings) -> NDArray[np.float64]:
    """Return the area of every region that may be covered twice."""
    width, height = rings.bounds[2:] - rings.bounds[:2]
    return np.maximum(_ROOM * rings.areas, 1e-12 * width * height)


def _surplus(rings: Rings) -> NDArray[np.float64]:
    """Return the area of every region that is covered more than once, on the plane."""
    slabs, _, ordered = rings.derived("slabs", slabs_of)
    if ordered:
        more = np.empty(len(rings))
        columns = slabs.edges, slabs.cuts, slabs.first_cut, slabs.first_entry, slabs.entries
        specialise(surplus)(*columns, more)
        return more
    every = np.arange(len(rings))
    plane = Rings(rings.x, rings.y, rings.ring_offsets, rings.region_offsets)
    areas = np.bincount(rings.region_of, rings.ring_areas, len(rings))
    return shared_masses(plane, every, plane, every, uniform(plane)) - areas


def checked(flat: Flat, period: Period | None, what: str) -> Rings:
    """Return rings that cover every region once; the given ones wherever they do.

    Parameters
    ----------
    flat : tuple
        See `overlap.regions.polygons.input`; turned as they are meant.
    period : pair of (float or None), or None
    what : str
        Who asks, for messages.

    Raises
    ------
    ImportError
        Where rings cross or overlap and shapely is not installed.
    """
    x, y, ring_offsets, region_offsets, parts = flat
    rings = Rings(x, y, ring_offsets, region_offsets, period)
    _check_size(rings, what)
    bad = np.flatnonzero(_covered_twice(rings))
    if not bad.size:
        return rings
    index = spans(region_offsets, bad)  # the rings of bad regions
    turned = np.zeros(len(parts), bool)
    turned[index] = _to_turn(rings, index, parts)
    if turned.any():
        x, y = x.copy(), y.copy()
        reverse(x, y, ring_offsets, turned)
        rings = Rings(x, y, ring_offsets, region_offsets, period)
        bad = bad[_covered_twice(rings.take(bad))]
    if not bad.size:
        return rings
    from overlap.regions.polygons.repair import rebuilt

    fresh = rebuilt(rings, bad, parts, what)
    rows = np.arange(len(rings))
    rows[bad] = len(rings) + np.arange(len(bad))
    both = Rings(
        np.concatenate([rings.x, fresh.x]),
        np.concatenate([rings.y, fresh.y]),
        np.concatenate([rings.ring_offsets, rings.ring_offsets[-1] + fresh.ring_offsets[1:]]),
        np.concatenate([rings.region_offsets, rings.region_offsets[-1] + fresh.region_offsets[1:]]),
        period,
    )
    return both.take(rows)


def _check_size(rings: Rings, what: str) -> None:
    """Raise where areas would overflow."""
    if np.abs(rings.bounds).max(initial=0.0) > _LARGEST:
        v = np.flatnonzero((np.abs(rings.x) > _LARGEST) | (np.abs(rings.y) > _LARGEST))[0]
        raise ValueError(
            f"{what}: vertex {v} = ({rings.x[v]}, {rings.y[v]}) is beyond {_LARGEST:g}, where "
            "areas overflow; use a larger unit"
        )
    sides = rings.bounds[2:] - rings.bounds[:2]
    for axis, period in enumerate(rings.period or ()):
        if period is not None:
            _check_turns(rings, axis, period, sides[axis], what)
    small = np.flatnonzero((sides.min(axis=0) > 0.0) & (sides[0] * sides[1] < _SMALLEST))
    if small.size:
        k = small[0]
        raise ValueError(
            f"{what}: region {k} lies in {sides[0, k]:.6g} x {sides[1, k]:.6g}, where areas "
            "become 0 in float64; multiply all coordinates by the same large number"
        )


def _check_turns(
    rings: Rings, axis: int, period: float, side: NDArray[np.float64], what: str
) -> None:
    """Raise where a region lies too far out, or goes around too often."""
    place = (rings.x, rings.y)[axis]
    far = np.flatnonzero(np.abs(place) > MOST_AWAY * period)
    if far.size:
        v = far[0]
        raise ValueError(
            f"{what}: vertex {v} = ({rings.x[v]}, {rings.y[v]}) is {abs(place[v]) / period:.3g} "
            f"periods away from 0, at most {MOST_AWAY:.3g} are possible: float64 does not "
            "know places farther out within a period; subtract whole periods first"
        )
    wide = np.flatnonzero(side > MOST_TURNS * period)
    if wide.size:
        k = wide[0]
        raise ValueError(
            f"{what}: region {k} reaches across {side[k] / period:.3g} periods of {period:g} in "
            f"{'xy'[axis]}, at most {MOST_TURNS} are possible; if its vertices are wrapped, use "
            "Polygons.from_wrapped, and otherwise cut it into parts"
        )


def _to_turn(rings: Rings, index: NDArray[np.int64], parts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of some rings run the wrong way for the number of rings around them."""
    areas, inner, _ = nesting(rings, index, parts[index])
    depth = np.bincount(inner, minlength=len(index))
    return (areas > 0) != (depth % 2 == 0)


def _spiked(rings: Rings) -> NDArray[np.bool_]:
    """Return which rings turn back at a vertex, exactly on the way that they came."""
    x, y, after = rings.x, rings.y, rings.following
    dx, dy = x[after] - x, y[after] - y
    back = dx * dy[after] == dy * dx[after]
    back &= dx * dx[after] + dy * dy[after] < 0.0
    result = np.zeros(len(rings.ring_offsets) - 1, np.bool_)
    result[rings.ring_of[back]] = True
    return result


def _perhaps_nested(
    bounds: NDArray[np.float64], part: NDArray[np.int64], spiked: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs (inner, outer) of rings of one part whose boxes allow one in the other.

    The inner one begins, along x, where the outer one is. A spike without width can reach out of
    the ring around it, so that then the boxes only have to meet.
    """
    low, high = bounds[0], bounds[2]
    starts = np.sort(low)
    room = len(low) + 1
    key = part * room + np.searchsorted(starts, low)
    order = np.argsort(key, kind="stable")
    first = np.searchsorted(key[order], key)
    last = np.searchsorted(key[order], part * room + np.searchsorted(starts, high, "right"))
    outer, place = listed(first, last)
    inner = order[place]
    near = _around(bounds, outer, inner) & ~spiked[inner]
    inner, outer = inner[near], outer[near]
    rows = np.flatnonzero(spiked)
    if rows.size:
        first, last = (np.searchsorted(part, part[rows], side) for side in ("left", "right"))
        row, other = listed(first, last)
        one = rows[row]
        meet = (bounds[:2, other] < bounds[2:, one]) & (bounds[2:, other] > bounds[:2, one])
        near = _around(bounds, other, one) | meet.all(axis=0)
        inner, outer = np.append(inner, one[near]), np.append(outer, other[near])
    order = np.lexsort((outer, inner))
    order = order[inner[order] != outer[order]]
    return inner[order], outer[order]


def _around(
    bounds: NDArray[np.float64], outer: NDArray[np.int64], inner: NDArray[np.int64]
) -> NDArray[np.bool_]:
    result = np.ones(len(outer), np.bool_)
    for k in range(2):
        result &= bounds[k, outer] <= bounds[k, inner]
        result &= bounds[k + 2, outer] >= bounds[k + 2, inner]
    return result


def nesting(
    rings: Rings, index: NDArray[np.int64], part: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the signed areas of some rings, and pairs (inner, outer) with one in the other.

    Only rings of the same part are compared; parts are numbered upwards.
    """
    # Every ring as a region of its own, with its inside on the left.
    every = np.arange(len(rings.ring_offsets))
    alone = Rings(rings.x, rings.y, rings.ring_offsets, every).take(index)
    areas = alone.ring_areas
    x, y = alone.x.copy(), alone.y.copy()
    reverse(x, y, alone.ring_offsets, areas < 0)
    alone = Rings(x, y, alone.ring_offsets, alone.region_offsets)
    inner, outer = _perhaps_nested(alone.bounds, part, _spiked(alone))
    shared = shared_masses(alone, inner, alone, outer, uniform(alone))
    within = shared > 0.5 * alone.areas[inner]
    # Of two equal rings, the second is in the first.
    within &= (alone.areas[inner] < alone.areas[outer]) | (
        (alone.areas[inner] == alone.areas[outer]) & (inner > outer)
    )
    return areas, inner[within], outer[within]
