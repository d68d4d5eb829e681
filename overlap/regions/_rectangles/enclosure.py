"""Kernels of rectangles around two boxes in the plane: along the axes, or the smallest one.

Whatever the kind, a box is the tuple ``(cx, cy, w, h, angle, cos, sin)`` that the free name
PAIR reads. A rectangle around two boxes is two axes, each ``(offset, side_a, side_b, cover)``:
what the boxes cover along one of its directions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from overlap._kernels.jit import compose, scalar
from overlap._kernels.terms import Geometry, boxed, each_axis, step
from overlap.regions._rectangles.hull import _sign_x, _sign_y
from overlap.regions._rectangles.overlap import _folded, _order, _relative

# ----------------------------------------------------------------------------- rectangles


@scalar
def _axis(offset, first, second):
    """Return one axis of two intervals around 0 and `offset`, given half their lengths."""
    cover = max(first, offset + second) - min(-first, offset - second)
    return (-offset, 2.0 * first, 2.0 * second, cover)


@scalar
def _rectangle(u, v, x, y, ec, es, aw, ah, fc, fs, bw, bh):
    """Return the two axes of the rectangle whose first direction is (u, v).

    The second box lies at (x, y) from the first; (ec, es) and (fc, fs) are the directions of
    their widths, and the sides are halved. All scales with the length of (u, v).
    """
    p, q = abs(u * ec + v * es), abs(v * ec - u * es)
    r, s = abs(u * fc + v * fs), abs(v * fc - u * fs)
    return (
        _axis(u * x + v * y, p * aw + q * ah, r * bw + s * bh),
        _axis(u * y - v * x, q * aw + p * ah, s * bw + r * bh),
    )


@scalar
def box_axes(p, q):
    """Return the axes of the smallest axis-aligned box around two boxes."""
    x, y = q[0] - p[0], q[1] - p[1]
    aw, ah, bw, bh = 0.5 * p[2], 0.5 * p[3], 0.5 * q[2], 0.5 * q[3]
    return _rectangle(1.0, 0.0, x, y, p[5], p[6], aw, ah, q[5], q[6], bw, bh)


# A smallest rectangle has a side along an edge of the convex hull (Freeman and Shapira 1975):
# along a side of either box, or along a bridge between a corner of each. In the frame of the
# first box, with the second folded (see `_rotated`), there is at most one bridge in each of
# the eight sectors between neighbouring normals. A direction along no edge of the hull gives
# a larger rectangle and so does no harm.


@scalar
def _ends(k):
    """Return the numbers of the corners of both boxes that sector ``k - 2`` joins."""
    return (k - 2) // 2, ((k + 5) // 2) % 4


@scalar
def _direction(k, aw, ah, ux, uy, c, s, bw, bh):
    """Return direction k of ten: of the first box, of the second, and eight bridges.

    It is (0, 0) where there is no bridge, and not of length 1. A bridge as short as rounding
    has no direction.
    """
    if k == 0:
        return 1.0, 0.0
    if k == 1:
        return c, s
    m, n = _ends(k)
    bx, by = _sign_x(n) * bw, _sign_y(n) * bh
    x = ux + (c * bx - s * by) - _sign_x(m) * aw
    y = uy + (s * bx + c * by) - _sign_y(m) * ah
    # Turned back by m right angles, the sector begins at the normal (1, 0), or ends at (0, 1).
    p, q = (x, y) if m % 2 == 0 else (y, -x)
    p, q = (p, q) if m < 2 else (-p, -q)
    inner = c * p + s * q > 0.0
    outer = p > 0.0 if k % 2 == 0 else q > 0.0
    # One box is ahead at the one normal and the other at the other.
    bridge = inner != outer and abs(x) + abs(y) > 1e-14 * (aw + ah + bw + bh)
    return (x, y) if bridge else (0.0, 0.0)


@scalar
def _area(x, y, aw, ah, ux, uy, c, s, bw, bh):
    """Return the area of the rectangle along a direction of any length; inf for none."""
    length2 = x * x + y * y
    if length2 == 0.0:
        return math.inf
    along, across = _rectangle(x, y, ux, uy, 1.0, 0.0, aw, ah, c, s, bw, bh)
    return along[3] * (across[3] / length2)


@scalar
def _smallest(aw, ah, ux, uy, c, s, bw, bh):
    """Return direction, area and number of the smallest rectangle, and the next larger area.

    Boxes of one angle have one direction.
    """
    u, v, best, which, other = 1.0, 0.0, math.inf, 0, math.inf
    for k in range(10):
        if k == 1 and s == 0.0:
            continue
        x, y = _direction(k, aw, ah, ux, uy, c, s, bw, bh)
        area = _area(x, y, aw, ah, ux, uy, c, s, bw, bh)
        if area < best:
            u, v, best, which, other = x, y, area, k, best
        else:
            other = min(other, area)
    length = math.hypot(u, v)
    return u / length, v / length, best, which, other


@scalar
def min_rect_axes(p, q):
    """Return the axes of the smallest rectangle at any angle around two boxes."""
    if _order(p, q) == 0:
        return (0.0, p[2], p[2], p[2]), (0.0, p[3], p[3], p[3])
    ux, uy, c, s = _relative(p, q)
    aw, ah = 0.5 * p[2], 0.5 * p[3]
    c, s, bw, bh = _folded(c, s, 0.5 * q[2], 0.5 * q[3])
    u, v, _, _, _ = _smallest(aw, ah, ux, uy, c, s, bw, bh)
    return _rectangle(u, v, ux, uy, 1.0, 0.0, aw, ah, c, s, bw, bh)


@scalar
def _exchanged(x):
    return (-x[0], x[2], x[1], x[3])


def _rect_axes(a, i, b, j):
    """Return the two axes of the rectangle that AXES gives, whatever the order of the pair."""
    p, q = PAIR(a, i, b, j)
    if _order(p, q) > 0:
        x, y = AXES(q, p)
        return _exchanged(x), _exchanged(y)
    return AXES(p, q)


def _rect_extent(a, i, b, j):
    """Return own widths and heights, without a cover, and then the axes of the rectangle."""
    p, q = PAIR(a, i, b, j)
    own = ((0.0, p[2], q[2], 0.0), (0.0, p[3], q[3], 0.0))
    return own + RECT(a, i, b, j)


def _covered_axes(a, i, b, j):
    """Return the axes of EXTENT without the own widths and heights."""
    return EXTENT(a, i, b, j)[2:]


# -------------------------------------------------------------------------------- outside
# Of boxes that do not fill their enclosure, the outside follows from the covered axes: the
# enclosure without both bounding boxes.


def _outside_axis(x, ds, dx):
    """Return the partials of axis K with those of the outside added."""
    if K < 2:
        return dx[K]
    else:
        cover, first, second, shared = 1.0, 1.0, 1.0, 1.0
        for k in range(2, len(x)):
            if k != K:
                cover *= x[k][3]
                first *= x[k][1]
                second *= x[k][2]
                shared *= max(x[k][1] + x[k][2] - x[k][3], 0.0)
        both = x[K][1] + x[K][2]  # sides of turned boxes are rounded, also where boxes touch
        touching = abs(both - x[K][3]) <= 1e-13 * both
        shared *= 0.5 if touching else step(both - x[K][3])
        d = dx[K]
        return (
            d[0],
            d[1] + ds * (shared - first),
            d[2] + ds * (shared - second),
            d[3] + ds * (cover - shared),
        )


def _outside_pullback(a, i, b, j, do, de, ds, dx):
    return PULLBACK(a, i, b, j, do, de, 0.0, EACH(EXTENT(a, i, b, j), ds, dx))


@cache
def with_box_outside(geometry: Geometry) -> Geometry:
    """Return a geometry of boxes with what lies outside both bounding boxes.

    The first two axes of its extent are own widths and heights, the others are covered.
    """
    covered = compose(_covered_axes, EXTENT=geometry.extent)
    return replace(
        geometry,
        outside=boxed(replace(geometry, extent=covered)).outside,
        pullback=compose(
            _outside_pullback,
            PULLBACK=geometry.pullback,
            EXTENT=geometry.extent,
            EACH=each_axis(_outside_axis, geometry.axes),
        ),
    )


def rect_geometry(geometry: Geometry, pair: Callable, axes: Callable, pullback: Callable):
    """Return `geometry` with a rectangle as the common enclosure.

    Parameters
    ----------
    geometry : Geometry
        Of the kind, for the overlap.
    pair : callable
        Jitted ``(a, i, b, j)`` -> both boxes as tuples of seven numbers.
    axes : callable
        `box_axes` or `min_rect_axes`.
    pullback : callable
        Jitted, of the kind under this enclosure, without the outside.
    """
    rect = compose(_rect_axes, PAIR=pair, AXES=axes)
    return replace(
        geometry,
        enclosure=boxed(replace(geometry, extent=rect)).enclosure,
        extent=compose(_rect_extent, PAIR=pair, RECT=rect),
        pullback=pullback,
        axes=4,
        sides=True,
        fused_enclosure=False,
    )
