"""Kernels of interval sets: every set is a run of increasing edges in one shared array.

A set with k intervals has 2 k edges, starts and stops in turn, so that a position is inside
the set where an odd number of its edges lie at or before it. The array ends with two infinite
numbers: the edge after the last one of a set can always be read.
"""

from __future__ import annotations

import math

import numpy as np

from overlap._kernels.jit import scalar
from overlap._kernels.terms import Geometry

__all__ = ["PAD", "SETS", "combine", "merge", "moments"]

PAD = (np.inf, np.inf)

# ---------------------------------------------------------------------------- Boolean algebra


def merge(region, start, stop, edges, owner):
    """Join intervals that overlap or touch; they come by region, then by start.

    Returns the number of intervals written to `edges`, two numbers each, and to `owner`.
    """
    count, current = -1, -1
    first = end = 0.0
    for k in range(region.shape[0]):
        r, s, t = region[k], start[k], stop[k]
        new = (r != current) | (s > end)
        count += new
        first = s if new else first
        end = t if new else max(end, t)
        current = r
        edges[2 * count], edges[2 * count + 1] = first, end
        owner[count] = r
    return count + 1


def moments(edges, first, last, lower, measure, middle, low, high):
    """Write the measure of each set, and how far behind its lower end its centroid is."""
    for n in range(low, high):
        total = 0.0
        for k in range(first[n], last[n], 2):
            total += np.float64(edges[k + 1]) - np.float64(edges[k])
        away = 0.0
        for k in range(first[n], last[n], 2):
            length = np.float64(edges[k + 1]) - np.float64(edges[k])
            away += ((np.float64(edges[k]) - lower[n]) + 0.5 * length) * (length / total)
        measure[n], middle[n] = total, away


def combine(a, first_a, last_a, b, first_b, last_b, table, edges, counts):
    """Write the edges of a Boolean combination of every pair of sets, one after the other.

    Bit ``p + 2 q`` of `table` says whether a position belongs to the result that is inside (1)
    or outside (0) the first set, p, and the second, q. Bit 0 must be 0. Each edge of a result
    is one of the inputs', to the bit.
    """
    count = 0
    for r in range(counts.shape[0]):
        e, f, end_e, end_f = first_a[r], first_b[r], last_a[r], last_b[r]
        before, state = count, 0
        while (e < end_e) | (f < end_f):
            x, y = a[e], b[f]
            x = x if e < end_e else np.inf
            y = y if f < end_f else np.inf
            z = min(x, y)
            e += x == z
            f += y == z
            inside = (table >> ((e & 1) + 2 * (f & 1))) & 1
            edges[count] = z
            count += inside != state
            state = inside
        counts[r] = (count - before) // 2
    return count


# --------------------------------------------------------------------------- scalars of a pair
# Columns: first edge, edge after the last, measure, centroid, lower end, upper end, edges.


@scalar
def set_overlap(a, i, b, j):
    """Return ``(measure_a, measure_b, intersection)`` by one walk along both sets."""
    shared = 0.0
    e, f, end_e, end_f = a[0][i], b[0][j], a[1][i], b[1][j]
    measure_a, measure_b = a[2][i], b[2][j]
    while (e < end_e) & (f < end_f):
        s, t, u, v = a[6][e], a[6][e + 1], b[6][f], b[6][f + 1]
        shared += max(min(t, v) - max(s, u), 0.0)
        e += 2 * (t <= v)
        f += 2 * (v <= t)
    return measure_a, measure_b, min(shared, min(measure_a, measure_b))


@scalar
def set_enclosure(a, i, b, j):
    """Return ``(hull, center_gap2, diameter2)``: of the covering interval and the centroids."""
    hull = max(max(a[5][i], b[5][j]) - min(a[4][i], b[4][j]), 0.0)
    gap = a[3][i] - b[3][j]
    empty_a, empty_b = a[2][i] == 0.0, b[2][j] == 0.0
    gap = hull if empty_a or empty_b else gap  # a set without a center is as far as can be
    return hull, gap * gap, hull * hull


@scalar
def set_outside(a, i, b, j):
    """Return the length between the covering intervals of both sets."""
    low_a, high_a, low_b, high_b = a[4][i], a[5][i], b[4][j], b[5][j]
    gap = max(low_a, low_b) - min(high_a, high_b)
    return gap if 0.0 < gap < math.inf else 0.0


@scalar
def set_extent(a, i, b, j):
    """Return the one axis: offset of the centroids, both spans, the span of both together."""
    low_a, high_a, low_b, high_b = a[4][i], a[5][i], b[4][j], b[5][j]
    offset = a[3][i] - b[3][j]
    offset = 0.0 if a[2][i] == 0.0 or b[2][j] == 0.0 else offset
    cover = max(max(high_a, high_b) - min(low_a, low_b), 0.0)
    return ((offset, max(high_a - low_a, 0.0), max(high_b - low_b, 0.0), cover),)


SETS = Geometry(
    overlap=set_overlap,
    enclosure=set_enclosure,
    outside=set_outside,
    extent=set_extent,
    pulls=True,
    axes=1,
    aspect=True,
    fills=False,
)
