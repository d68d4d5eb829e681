"""Intervals: spans of time or of any other real line, or arcs of a circle."""

from __future__ import annotations

from overlap._jit import scalar

# ------------------------------------------------------------------ kernels, real line
# Columns: start, stop.


@scalar
def interval_overlap(a, i, b, j):
    """Return ``(length_a, length_b, intersection)`` of two intervals."""
    shared = min(a[1][i], b[1][j]) - max(a[0][i], b[0][j])
    return a[1][i] - a[0][i], b[1][j] - b[0][j], max(shared, 0.0)


@scalar
def interval_enclosure(a, i, b, j):
    """Return ``(hull, center_gap2, diameter2)`` of two intervals."""
    hull = max(a[1][i], b[1][j]) - min(a[0][i], b[0][j])
    gap = 0.5 * ((a[0][i] - b[0][j]) + (a[1][i] - b[1][j]))
    return hull, gap * gap, hull * hull
