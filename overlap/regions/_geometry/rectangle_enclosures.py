"""Rectangles around two boxes in the plane, along the axes or the smallest, and their gradients.

Whatever the kind, a box is the tuple ``(cx, cy, w, h, angle, cos, sin)`` that the free name
PAIR reads. A rectangle around two boxes is two axes, each ``(offset, side_a, side_b, cover)``:
the extents of the boxes along one of its directions. A gradient takes the partials of a score with
respect to the terms of the enclosure, and is that of the first box: center, half sides, angle. The
distance of the centers is left to the kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from overlap._kernels.jit import compose, scalar, subroutine
from overlap._kernels.terms import Geometry, boxed, each_axis, step
from overlap.regions._geometry.rectangle_hulls import _move, _sign_x, _sign_y
from overlap.regions._geometry.rectangles import _folded, _order, _relative

__all__ = [
    "box_axes",
    "box_pull",
    "min_rect_axes",
    "min_rect_pull",
    "rect_geometry",
    "tied_rect_pull",
    "with_box_outside",
]


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
# first box, with the second folded (see `rectangles`), there is at most one bridge in each of
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
    """Return a geometry of boxes with the part of the enclosure outside both bounding boxes.

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


# ------------------------------------------------------------------------------ rectangles


@scalar
def _share(ahead, near):
    """Return 1 if the own end is ahead, 0 if the other's is, and one half at the tie."""
    return 1.0 if ahead > near else (0.0 if ahead < -near else 0.5)


@scalar
def _sign(x):
    """Return the sign of a cosine, and 0 for a right angle, where its size has a kink."""
    return 0.0 if abs(x) <= 1e-14 else (1.0 if x > 0.0 else -1.0)


@scalar
def _axis_pull(u, v, x, y, p, q, aw, ah, r, s, bw, bh, d, near):
    """Pull partials of one axis back: center, half sides, own angle, angle of the axis.

    (u, v) is the direction; (p, q) are cosine and sine of its angle to the own box, (r, s)
    to the other, which lies at (x, y); d holds the partials. The last number counts the ends
    of the axis that tie.
    """
    offset = u * x + v * y
    first = abs(p) * aw + abs(q) * ah
    second = abs(r) * bw + abs(s) * bh
    ahead, behind = first - (offset + second), first + (offset - second)
    upper, lower = _share(ahead, near), _share(behind, near)
    by_first = 2.0 * d[1] + (upper + lower) * d[3]
    by_second = 2.0 * d[2] + (2.0 - upper - lower) * d[3]
    by_offset = (lower - upper) * d[3] - d[0]
    turn_first = by_first * (_sign(q) * p * ah - _sign(p) * q * aw)
    turn_second = by_second * (_sign(s) * r * bh - _sign(r) * s * bw)
    turn = turn_first + turn_second + by_offset * (u * y - v * x)
    return (
        -by_offset * u,
        -by_offset * v,
        by_first * abs(p),
        by_first * abs(q),
        -turn_first,
        turn,
        (1 if abs(ahead) <= near else 0) + (1 if abs(behind) <= near else 0),
    )


@scalar
def _rect_pull(u, v, turns, x, y, ec, es, aw, ah, fc, fs, bw, bh, de, dx, near):
    """Pull partials of the rectangle along (u, v) back to the own box.

    `turns` says how the direction turns with the five parameters. The last number counts the
    sides that tie.
    """
    p, q = u * ec + v * es, v * ec - u * es
    r, s = u * fc + v * fs, v * fc - u * fs
    along, across = _rectangle(u, v, x, y, ec, es, aw, ah, fc, fs, bw, bh)
    # The sides are multiplied first: a partial may be huge where one of them is 0.
    d, e = dx[2], dx[3]
    d = (d[0], d[1], d[2], d[3] + de[0] * across[3] + 2.0 * de[2] * along[3])
    e = (e[0], e[1], e[2], e[3] + de[0] * along[3] + 2.0 * de[2] * across[3])
    g = _axis_pull(u, v, x, y, p, q, aw, ah, r, s, bw, bh, d, near)
    h = _axis_pull(-v, u, x, y, -q, p, aw, ah, -s, r, bw, bh, e, near)
    turn = g[5] + h[5]
    return (
        g[0] + h[0] + turn * turns[0],
        g[1] + h[1] + turn * turns[1],
        g[2] + h[2] + turn * turns[2],
        g[3] + h[3] + turn * turns[3],
        g[4] + h[4] + turn * turns[4],
        g[6] + h[6],
    )


@scalar
def box_pull(p, q, de, dx):
    """Pull partials of the axis-aligned box back to box p."""
    x, y = q[0] - p[0], q[1] - p[1]
    aw, ah, bw, bh = 0.5 * p[2], 0.5 * p[3], 0.5 * q[2], 0.5 * q[3]
    near = 1e-13 * (aw + ah + bw + bh)
    fixed = (0.0, 0.0, 0.0, 0.0, 0.0)
    g = _rect_pull(
        1.0, 0.0, fixed, x, y, p[5], p[6], aw, ah, q[5], q[6], bw, bh, de, dx, near
    )  # fmt: skip
    return g[0], g[1], g[2], g[3], (g[4] if _order(p, q) != 0 else 0.0)


@scalar
def _bridge_turns(x, y, sx, sy, ec, es, w, h):
    """Return the turns of the bridge (x, y) with the parameters of the box it starts from.

    It starts at the corner with the signs sx, sy of the box of half sides w, h.
    """
    length2 = x * x + y * y
    p, q = x / length2, y / length2
    cx, cy = ec * sx * w - es * sy * h, es * sx * w + ec * sy * h
    return (q, -p, sx * (ec * q - es * p), -sy * (es * q + ec * p), -(p * cx + q * cy))


def min_rect_pull(p, q, de, dx):
    """Pull partials of the smallest rectangle back to box p.

    At ties x is NaN, so that `tied_rect_pull` is asked for: where another rectangle is as small,
    or a side of it has corners of both boxes on it, but for the one that the rectangle turns with.
    With the free name ENDS, boxes do not turn, and those of one angle are no tie.
    """
    order = _order(p, q)
    own_first = order <= 0
    one, two = (p, q) if own_first else (q, p)
    # The frame and the directions are those of the value, so that its axes are the same.
    ux, uy, c, s = _relative(one, two)
    quarter = (s > 0.0 and c <= 0.0) or (s < 0.0 and c >= 0.0)  # width and height exchanged
    aw, ah = 0.5 * one[2], 0.5 * one[3]
    c, s, bw, bh = _folded(c, s, 0.5 * two[2], 0.5 * two[3])
    near = 1e-13 * (aw + ah + bw + bh)
    u, v, best, which, other = _smallest(aw, ah, ux, uy, c, s, bw, bh)
    turns = (0.0, 0.0, 0.0, 0.0, 1.0 if own_first == (which == 0) else 0.0)
    if which >= 2:
        x, y = _direction(which, aw, ah, ux, uy, c, s, bw, bh)
        m, n = _ends(which)
        if own_first:
            turns = _bridge_turns(x, y, _sign_x(m), _sign_y(m), 1.0, 0.0, aw, ah)
        else:
            turns = _bridge_turns(-x, -y, _sign_x(n), _sign_y(n), c, s, bw, bh)
    if own_first:
        g = _rect_pull(u, v, turns, ux, uy, 1.0, 0.0, aw, ah, c, s, bw, bh, de, dx, near)
    else:
        g = _rect_pull(u, v, turns, -ux, -uy, c, s, bw, bh, 1.0, 0.0, aw, ah, de, dx, near)
    x, y, w, h, angle, sides = g
    if quarter and not own_first:
        w, h = h, w
    if order == 0:
        angle = 0.0  # between equal boxes the two one-sided changes are opposite
    elif (
        other <= best * (1.0 + 1e-12)
        or sides > (1 if which >= 2 else 0)
        or (s == 0.0 and which == 0 and not ENDS)
    ) and (de[0] != 0.0 or de[2] != 0.0 or _any(dx[2]) or _any(dx[3])):
        x = math.nan
    return one[5] * x - one[6] * y, one[6] * x + one[5] * y, w, h, angle


# ------------------------------------------------------------------------------------ ties
# All in the frame of the box whose gradient is wanted. As one of its numbers changes, each of the
# smallest rectangles turns as fast as keeps it smallest, and of them the one counts that is then
# the smallest. How fast an area grows is convex in how fast its rectangle turns, so the least is
# where two corners stay on one side.


@scalar
def _any(d):
    return d[0] != 0.0 or d[1] != 0.0 or d[2] != 0.0 or d[3] != 0.0


@scalar
def _rise(xs, ys, vx, vy, start, stop, u, v, turn, near):
    """Return the speed of the farthest of some corners along (u, v), while that turns."""
    top, result = -math.inf, -math.inf
    for k in range(start, stop):
        top = max(top, u * xs[k] + v * ys[k])
    for k in range(start, stop):
        if u * xs[k] + v * ys[k] >= top - near:
            speed = (u * vx[k] + v * vy[k]) + turn * (u * ys[k] - v * xs[k])
            result = max(result, speed)
    return result


@subroutine
def _growth(xs, ys, vx, vy, start, stop, u, v, turn, near):
    """Return the growth of the extent of some corners along (u, v), while that turns."""
    return _rise(xs, ys, vx, vy, start, stop, u, v, turn, near) + _rise(
        xs, ys, vx, vy, start, stop, -u, -v, turn, near
    )


@subroutine
def _axis_growth(xs, ys, vx, vy, u, v, turn, near, d, x, y):
    """Return the change of a score by one axis of a rectangle, given its partials.

    The own center is at (0, 0), that of the other box at (x, y).
    """
    own = 0.5 * (u * (vx[0] + vx[2]) + v * (vy[0] + vy[2]))
    result = d[3] * _growth(xs, ys, vx, vy, 0, 8, u, v, turn, near)
    result += d[1] * _growth(xs, ys, vx, vy, 0, 4, u, v, turn, near)
    result += d[2] * _growth(xs, ys, vx, vy, 4, 8, u, v, turn, near)
    return result + d[0] * (own + turn * (v * x - u * y))


@scalar
def _chosen(p, q):
    """Return the direction of the rectangle that the value is of, in the frame of box p."""
    first = _order(p, q) <= 0
    one, two = (p, q) if first else (q, p)
    ux, uy, c, s = _relative(one, two)
    fc, fs, bw, bh = _folded(c, s, 0.5 * two[2], 0.5 * two[3])
    u, v, _, _, _ = _smallest(0.5 * one[2], 0.5 * one[3], ux, uy, fc, fs, bw, bh)
    return (u, v) if first else (c * u + s * v, c * v - s * u)


@subroutine
def _tied_directions(boxes):
    """Return which of the ten directions give a smallest rectangle, as bits."""
    aw, ah, ux, uy, c, s, bw, bh = boxes
    _, _, best, _, _ = _smallest(aw, ah, ux, uy, c, s, bw, bh)
    tied = 0
    for k in range(10):
        x, y = _direction(k, aw, ah, ux, uy, c, s, bw, bh)
        if abs(x) + abs(y) > 0.0:
            area = _area(x, y, aw, ah, ux, uy, c, s, bw, bh)
            tied |= (1 << k) if area <= best * (1.0 + 2e-12) and not (k == 1 and s == 0.0) else 0
    return tied


@scalar
def _alike(x, y, sided, near):
    """Return whether two axes cover as much and, if that counts, have the same sides."""
    sides = max(abs(x[1] - y[1]), abs(x[2] - y[2]))
    return abs(x[3] - y[3]) <= near and (sides <= near or not sided)


@scalar
def _turned(k, u, v):
    """Return a direction after k right angles."""
    u, v = (u, v) if k % 2 == 0 else (-v, u)
    return (u, v) if k < 2 else (-u, -v)


@subroutine
def _area_after(xs, ys, vx, vy, bend, t, i, j, u, v):
    """Return the area of the rectangle on corners i and j, or along (u, v), after a time t.

    With `bend`, corners move in circles around the origin.
    """
    square = 0.5 * bend * t * t
    if i != j:
        x, y = xs[i] + t * vx[i], ys[i] + t * vy[i]
        x, y = (x - square * xs[i], y - square * ys[i]) if i < 4 else (x, y)
        z, w = xs[j] + t * vx[j], ys[j] + t * vy[j]
        z, w = (z - square * xs[j], w - square * ys[j]) if j < 4 else (z, w)
        u, v = z - x, w - y
    length2 = u * u + v * v
    left, right, low, high = math.inf, -math.inf, math.inf, -math.inf
    for k in range(8):
        x, y = xs[k] + t * vx[k], ys[k] + t * vy[k]
        x, y = (x - square * xs[k], y - square * ys[k]) if k < 4 else (x, y)
        along, across = u * x + v * y, u * y - v * x
        left, right = min(left, along), max(right, along)
        low, high = min(low, across), max(high, across)
    return (right - left) * ((high - low) / length2)


@subroutine
def _rect_speed(xs, ys, vx, vy, bend, boxes, tied, u0, v0, de, dx, near):
    """Return the change of a score by the smallest rectangle while corners move by (vx, vy).

    If the areas of rectangles grow alike, the one that is smaller a moment later counts. One that
    is as small as that of the value, along (u0, v0), but has other sides counts for the area alone:
    the score jumps from one to the other, which has no slope.
    """
    aw, ah, ux, uy, c, s, bw, bh = boxes
    along, across = _rectangle(u0, v0, ux, uy, 1.0, 0.0, aw, ah, c, s, bw, bh)
    w, h, d, e = along[3], across[3], dx[2], dx[3]
    sided = _any(d) or _any(e)
    whole = sided or de[2] != 0.0
    d = (d[0], d[1], d[2], d[3] + 2.0 * de[2] * w)
    e = (e[0], e[1], e[2], e[3] + 2.0 * de[2] * h)
    hair, speed = 1e-9 * (w + h), 0.0
    for k in range(4):
        speed = max(speed, abs(vx[k]) + abs(vy[k]))
    if speed == 0.0:
        return 0.0
    moment = 1e-4 * (w + h) / speed
    least, own, after, low, high = math.inf, math.inf, math.inf, math.inf, -math.inf
    for k in range(10):
        if not tied >> k & 1:
            continue
        x, y = _direction(k, aw, ah, ux, uy, c, s, bw, bh)
        length = math.hypot(x, y)
        u, v, alike = x / length, y / length, False
        for r in range(4):  # the way round in which it is most like that of the value
            p, q = _turned(r, x / length, y / length)
            f, g = _rectangle(p, q, ux, uy, 1.0, 0.0, aw, ah, c, s, bw, bh)
            like = _alike(f, along, sided, hair) and _alike(g, across, sided, hair)
            if (like, p * u0 + q * v0) > (alike, u * u0 + v * v0):
                u, v, alike = p, q, like
        f, g = _rectangle(u, v, ux, uy, 1.0, 0.0, aw, ah, c, s, bw, bh)
        for side in range(4):
            nx, ny = _turned(side, u, v)
            top = -math.inf
            for i in range(8):
                top = max(top, nx * xs[i] + ny * ys[i])
            for i in range(8):
                if nx * xs[i] + ny * ys[i] < top - near:
                    continue
                for j in range(i if side > 0 else i + 1):  # i twice: without a turn
                    if nx * xs[j] + ny * ys[j] < top - near:
                        continue
                    way = nx * (ys[i] - ys[j]) - ny * (xs[i] - xs[j])
                    turn = 0.0
                    if abs(way) > near:
                        turn = (nx * (vx[j] - vx[i]) + ny * (vy[j] - vy[i])) / way
                    elif i != j:
                        continue
                    area = g[3] * _growth(xs, ys, vx, vy, 0, 8, u, v, turn, near)
                    area += f[3] * _growth(xs, ys, vx, vy, 0, 8, -v, u, turn, near)
                    least = min(least, area)
                    if not whole or not alike or area > own + hair * speed:
                        continue
                    later = _area_after(xs, ys, vx, vy, bend, moment, i, j, u, v)
                    smaller = area < own - hair * speed or later < after * (1.0 - 1e-12)
                    if not smaller and later > after * (1.0 + 1e-12):
                        continue
                    rest = _axis_growth(xs, ys, vx, vy, u, v, turn, near, d, ux, uy)
                    rest += _axis_growth(xs, ys, vx, vy, -v, u, turn, near, e, ux, uy)
                    low = rest if smaller else min(low, rest)
                    high = rest if smaller else max(high, rest)
                    own, after = min(own, area), later
    if least == math.inf:
        return 0.0
    return de[0] * least + (0.5 * low + 0.5 * high if low <= high else 0.0)


def tied_rect_pull(p, q, de, dx):
    """Pull partials of the smallest rectangle back, at ties as the mean of both sides.

    With the free name ENDS it is as in `tied_hull_pull`.
    """
    u, v = _chosen(p, q)
    ux, uy, c, s = _relative(p, q)
    aw, ah = 0.5 * p[2], 0.5 * p[3]
    c, s, bw, bh = _folded(c, s, 0.5 * q[2], 0.5 * q[3])
    near = 1e-12 * (aw + ah + bw + bh)
    boxes = (aw, ah, ux, uy, c, s, bw, bh)
    tied = _tied_directions(boxes)
    px, py, qx, qy = c * bw, s * bw, -s * bh, c * bh
    xs = (aw, -aw, -aw, aw, ux + px + qx, ux - px + qx, ux - px - qx, ux + px - qx)
    ys = (ah, ah, -ah, -ah, uy + py + qy, uy - py + qy, uy - py - qy, uy + py - qy)
    g = (0.0, 0.0, 0.0, 0.0, 0.0)
    for which in range(4 if ENDS else 5):
        up, down = 0.0, 0.0
        for sign in (1.0, -1.0):
            x0, y0 = _move(which, 0, xs[0], ys[0], p[5], p[6], ENDS)
            x1, y1 = _move(which, 1, xs[1], ys[1], p[5], p[6], ENDS)
            x2, y2 = _move(which, 2, xs[2], ys[2], p[5], p[6], ENDS)
            x3, y3 = _move(which, 3, xs[3], ys[3], p[5], p[6], ENDS)
            vx = (sign * x0, sign * x1, sign * x2, sign * x3, 0.0, 0.0, 0.0, 0.0)
            vy = (sign * y0, sign * y1, sign * y2, sign * y3, 0.0, 0.0, 0.0, 0.0)
            bend = 1.0 if which == 4 else 0.0
            speed = _rect_speed(xs, ys, vx, vy, bend, boxes, tied, u, v, de, dx, near)
            up, down = (speed, down) if sign > 0.0 else (up, speed)
        change = 0.5 * (up - down)
        if (which % 2 == 0 and aw <= near) or (which % 2 == 1 and ah <= near):
            # a side of length 0 can only grow
            change = up if which > 1 and which < 4 else (-down if ENDS else change)
        g = (
            g[0] + (change if which == 0 else 0.0),
            g[1] + (change if which == 1 else 0.0),
            g[2] + (change if which == 2 else 0.0),
            g[3] + (change if which == 3 else 0.0),
            g[4] + (change if which == 4 else 0.0),
        )
    if ENDS:
        return g[0] + g[2], g[1] + g[3], g[2] - g[0], g[3] - g[1], 0.0
    return g
