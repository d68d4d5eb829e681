"""Kernels of arcs: intervals of a circle."""

from __future__ import annotations

import math

from overlap._kernels.jit import scalar
from overlap._kernels.terms import Geometry, step

__all__ = ["CIRCLE"]

# Columns: start, stop, start in [0, period), length, (period,). The pair is put into a
# canonical order, so that exchanging the two changes no bit of a symmetric result.


@scalar
def _ordered(a, i, b, j):
    """Return the distance from the first start to the second, both lengths, the sign."""
    first, second, la, lb = a[2][i], b[2][j], a[3][i], b[3][j]
    if second < first or (second == first and lb < la):
        return first - second, lb, la, -1.0
    return second - first, la, lb, 1.0


@scalar
def arc_overlap(a, i, b, j):
    """Return ``(length_a, length_b, intersection)`` of two arcs."""
    period = a[4][0]
    d, la, lb, _ = _ordered(a, i, b, j)
    ahead = max(min(la - d, lb), 0.0)
    around = max(min(lb - (period - d), la), 0.0)
    return a[3][i], b[3][j], min(ahead + around, min(la, lb))


@scalar
def _arc_cover(d, la, lb, period):
    """Return the length of the smallest arc that covers both."""
    return min(min(max(la, d + lb), max((period - d) + la, lb)), period)


@scalar
def _arc_offset(d, la, lb, period):
    """Return the signed way from the first centre to the second; 0 with a full circle."""
    if la >= period or lb >= period:
        return 0.0
    offset = d + 0.5 * (lb - la)
    return offset - period * math.floor(offset / period + 0.5)


@scalar
def arc_enclosure(a, i, b, j):
    """Return ``(hull, center_gap2, diameter2)`` of two arcs."""
    d, la, lb, _ = _ordered(a, i, b, j)
    hull = _arc_cover(d, la, lb, a[4][0])
    gap = min(abs(_arc_offset(d, la, lb, a[4][0])), hull)
    return hull, gap * gap, hull * hull


@scalar
def arc_extent(a, i, b, j):
    """Return the one axis ``((offset, side_a, side_b, cover),)`` of two arcs."""
    d, la, lb, sign = _ordered(a, i, b, j)
    offset = -sign * _arc_offset(d, la, lb, a[4][0])
    return ((offset, a[3][i], b[3][j], _arc_cover(d, la, lb, a[4][0])),)


@scalar
def _inside(position, length, period):
    """Return whether a point at `position` after an arc's start is inside it."""
    if length >= period:
        return 1.0
    return step(length - position) if position > 0.0 else 0.5


@scalar
def arc_pullback(a, i, b, j, do, de, ds, dx):
    """Return the gradient with respect to start and stop of ``a[i]``."""
    period, la, lb = a[4][0], a[3][i], b[3][j]
    side = do[0] + dx[0][1]
    if la >= period and lb >= period:  # identical whatever their starts: half to each side
        half = 0.5 * (do[2] + de[0] + 2.0 * period * de[2] + dx[0][3])
        return (-side - half, side + half)
    ahead = b[2][j] - a[2][i]
    ahead = ahead + period if ahead < 0.0 else ahead
    behind = period - ahead if ahead > 0.0 else 0.0
    end = behind + la
    end = end - period if end >= period and lb < period else end
    from_a, from_b = max(la, ahead + lb), max(lb, behind + la)
    hull = min(min(from_a, from_b), period)
    open_circle = 1.0 if min(from_a, from_b) < period else 0.0
    weight = step(from_b - from_a)
    cover = (de[0] + 2.0 * hull * de[2] + dx[0][3]) * open_circle
    offset = -_arc_offset(ahead, la, lb, period)
    center = 0.5 * dx[0][0] + de[1] * offset if la < period and lb < period else 0.0
    stop = weight * step(la - (ahead + lb)) + (1.0 - weight) * step(behind + la - lb)
    return (
        center - side - do[2] * _inside(behind, lb, period) - cover * weight,
        center + side + do[2] * _inside(end, lb, period) + cover * stop,
    )


CIRCLE = Geometry(
    overlap=arc_overlap,
    enclosure=arc_enclosure,
    extent=arc_extent,
    pullback=arc_pullback,
    axes=1,
    aspect=True,
)
