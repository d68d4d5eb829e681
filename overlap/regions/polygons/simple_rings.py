"""Simple rings: outlines that neither cross nor touch, found without sorting.

Most rings that stand alone are stars: from the middle of their box, each edge turns to the left.
Any other ring is cut where it turns round along x into runs, which a line of constant x meets once.
Most outlines have a handful. Two runs do not meet if one is above the other at every vertex that
lies between the ends of both, so that walking along both at once compares them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap._kernels.jit import scalar, specialise
from overlap._kernels.plain import suited
from overlap.regions.polygons.rings import blocks_of, following

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.rings import Rings

__all__ = ["surely_covered_once"]

# Pairs of runs per vertex, above which strips (see `overlap.regions.polygons.overlap`) are faster.
_PAIRS = 32
_ROUNDING, _UNDERFLOW = 4e-16, 1e-300  # more than the rounding of a product or two


@scalar
def before(x, y, i, j):
    """Return whether vertex i comes before j along x; along y where x is equal.

    This is the order along x after an infinitely small shear, so that no edge is vertical.
    """
    return (x[i] < x[j]) | ((x[i] == x[j]) & (y[i] < y[j]))


@scalar
def side(x, y, i, j, k):
    """Return 1 if vertex k is above the edge from i to j, -1 if below, 0 if unsure."""
    left = (x[i] - x[k]) * (y[j] - y[k])
    right = (y[i] - y[k]) * (x[j] - x[k])
    room = _ROUNDING * (abs(left) + abs(right))
    return int(left - right > room) - int(right - left > room)


@scalar
def compare_runs(x, y, a, a_end, b, b_end, low, high):
    """Return 1 if the first run is above the second, -1 if below, 0 if unsure, 2 if beside it.

    Runs go from vertex a to a_end, and from b to b_end, upwards in the order of `before`. Their
    lower ends may be the same vertex if `low`, and their higher ends if `high`.
    """
    step_a, step_b = (1 if a < a_end else -1), (1 if b < b_end else -1)
    while before(x, y, a + step_a, b):
        a += step_a
        if a == a_end:
            return 2
    while before(x, y, b + step_b, a):
        b += step_b
        if b == b_end:
            return 2
    above, start = 0, not low
    while a != a_end and b != b_end:
        p, q = a + step_a, b + step_b
        if start:  # the vertex at which both have begun
            second = before(x, y, a, b)
            k = b if second else a
        else:  # the next one at which an edge ends
            second = before(x, y, q, p)
            if not second and not before(x, y, p, q):
                return above if high and p == a_end and q == b_end else 0
            k = q if second else p
        now = -side(x, y, a, p, k) if second else side(x, y, b, q, k)
        if now == 0 or now == -above:
            return 0
        above = now
        if not start and second:
            b = q
        elif not start:
            a = p
        start = False
    return above


@scalar
def cut(column, row, start, stop, ring, x, y, size, runs, count):
    """Write a ring from its first vertex in the order, closed, and its runs; return new counts.

    Vertices that are repeated are left out. Runs go forward and back by turns.
    """
    low, high, way, ring_of = runs
    first = start
    left, below = column[start], row[start]
    for v in range(start, stop):
        if column[v] < left or (column[v] == left and row[v] < below):
            first, left, below = v, column[v], row[v]
    at, v = size, first
    for _ in range(stop - start + 1):
        if size == at or column[v] != x[size - 1] or row[v] != y[size - 1]:
            x[size], y[size] = column[v], row[v]
            size += 1
        v = v + 1 if v + 1 < stop else start
    while at < size - 1:
        end = at + 1
        ahead = before(x, y, at, end)
        while end < size - 1 and before(x, y, end, end + 1) == ahead:
            end += 1
        low[count], high[count] = (at, end) if ahead else (end, at)
        way[count], ring_of[count] = 1 if ahead else -1, ring
        count += 1
        at = end
    return size, count


@scalar
def between(x, y, i, j, k):
    return before(x, y, j, i) & before(x, y, i, k)


def covered_once(vertices, ring_offsets, region_offsets, pairs, closed, runs, rings, out):
    """Write which regions surely have rings that do not meet, with the inside on their left.

    `closed`, `runs` and `rings` have room for the vertices, runs and rings of the largest region.
    """
    column, row = vertices
    x, y = closed
    low, high, way, ring_of = runs
    opening, closing, around = rings  # first and last run, and how often others go around it
    for n in range(out.shape[0]):
        first = region_offsets[n]
        size, count, number = 0, 0, region_offsets[n + 1] - first
        for r in range(number):
            opening[r], around[r] = count, 0
            start, stop = ring_offsets[first + r], ring_offsets[first + r + 1]
            size, count = cut(column, row, start, stop, r, x, y, size, runs, count)
            closing[r] = count - 1
        good = count * count <= pairs * size
        for a in range(count):
            for b in range(a + 1, count):
                if not good:
                    break
                r, s = ring_of[a], ring_of[b]
                whole = a == opening[r] and b == closing[r]
                i, j, k, m = low[a], high[a], low[b], high[b]
                above = compare_runs(x, y, i, j, k, m, whole or i == k, j == m)
                good = above != 0
                if whole and above == 1:  # the inside is on the right
                    around[r] -= 1
                if r != s and above == 1 and a == opening[r] and between(x, y, i, k, m):
                    around[r] += way[b]
                if r != s and above == -1 and b == opening[s] and between(x, y, k, i, j):
                    around[s] += way[a]
        for r in range(number):
            good &= around[r] == 0 and closing[r] > opening[r]
        out[n] = good


def _stars(rings: Rings) -> NDArray[np.bool_]:
    """Return which regions, of one ring each, surely are stars around the middle of their box.

    Seen from there, each edge goes to the left, and all of them go around once, so that no two
    edges meet.
    """
    middle = 0.5 * (rings.bounds[:2] + rings.bounds[2:])
    out = np.empty(len(rings), np.bool_)
    for lo, hi in blocks_of(rings.ring_offsets):
        offsets = rings.ring_offsets[lo : hi + 1]
        edges = offsets - offsets[0]
        x, y = (
            column[offsets[0] : offsets[-1]] - np.repeat(place[lo:hi], np.diff(offsets))
            for column, place in zip((rings.x, rings.y), middle, strict=True)
        )
        u, v = (following(column, edges[:-1], edges[1:] - 1) for column in (x, y))
        upward = (y < 0.0) & (v >= 0.0)  # of edges to the left, these pass on the right
        v *= x
        u *= y
        turn = v - u
        room = np.abs(v, out=v)
        room += np.abs(u, out=u)
        room *= _ROUNDING
        room += _UNDERFLOW
        unsure = np.flatnonzero(~(turn > room))
        none, once = (np.diff(np.searchsorted(k, edges)) for k in (unsure, np.flatnonzero(upward)))
        out[lo:hi] = (none == 0) & (once == 1)
    return out


def surely_covered_once(rings: Rings) -> NDArray[np.bool_]:
    """Return which regions surely have rings that do not meet, with the inside on their left.

    False says nothing: rings may touch, be closer to each other than float64 can tell apart, or
    be very rough.
    """
    alone = np.diff(rings.region_offsets) == 1
    if not alone.any():
        return _compared(rings)
    out = np.zeros(len(rings), np.bool_)
    out[alone] = _stars(rings if alone.all() else rings.take(np.flatnonzero(alone)))
    rest = np.flatnonzero(~out)
    if rest.size:
        out[rest] = _compared(rings.take(rest))
    return out


def _compared(rings: Rings) -> NDArray[np.bool_]:
    """Return which regions have no two runs that could meet."""
    out = np.empty(len(rings), np.bool_)
    most = int(np.diff(rings.region_offsets).max(initial=0))
    room = int(np.diff(rings.vertex_offsets).max(initial=0)) + most
    suited(specialise(covered_once), 20 * len(rings.x))(
        *((rings.x, rings.y), rings.ring_offsets, rings.region_offsets, _PAIRS),
        *(tuple(np.empty((2, room))), tuple(np.empty((4, room), np.int64))),
        *(tuple(np.empty((3, most), np.int64)), out),
    )
    return out
