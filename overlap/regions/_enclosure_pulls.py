"""Kernels of the gradients of selectable enclosures of two boxes in the plane.

Each takes two boxes as tuples, as `_enclosures` has them, and the partials of a score with
respect to the terms of the enclosure, and gives the gradient of the first box: center, half
sides, angle. The distance of the centers is left to the kind.
"""

from __future__ import annotations

import math

from overlap._jit import scalar
from overlap.regions._enclosures import _area, _direction, _ends, _rectangle, _smallest
from overlap.regions._hull import _lower, _middle, _sign_x, _sign_y, _upper
from overlap.regions._rotated import _folded, _order, _relative

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
    to the other, which lies at (x, y); d holds the partials.
    """
    offset = u * x + v * y
    first = abs(p) * aw + abs(q) * ah
    second = abs(r) * bw + abs(s) * bh
    upper = _share(first - (offset + second), near)
    lower = _share(first + (offset - second), near)
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
    )


@scalar
def _rect_pull(u, v, turns, x, y, ec, es, aw, ah, fc, fs, bw, bh, de, dx, near):
    """Pull partials of the rectangle along (u, v) back to the own box.

    `turns` says how the direction turns with the five parameters.
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
    return g if _order(p, q) != 0 else (g[0], g[1], g[2], g[3], 0.0)


@scalar
def _bridge_turns(x, y, sx, sy, ec, es, w, h):
    """Return how the bridge (x, y) turns with the parameters of the box it starts from.

    It starts at the corner with the signs sx, sy of the box of half sides w, h.
    """
    length2 = x * x + y * y
    p, q = x / length2, y / length2
    cx, cy = ec * sx * w - es * sy * h, es * sx * w + ec * sy * h
    return (q, -p, sx * (ec * q - es * p), -sy * (es * q + ec * p), -(p * cx + q * cy))


@scalar
def min_rect_pull(p, q, de, dx):
    """Pull partials of the smallest rectangle back to box p.

    Where several directions give the smallest area, as for parallel boxes, a derivative is
    the mean of its smallest and its largest value: of what it is on both sides.
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
    tie = best * (1.0 + 1e-12)
    start, stop = (0, 10) if other <= tie else (which, which + 1)
    start, stop = (start, stop) if order != 0 else (0, 1)
    low = (math.inf, math.inf, math.inf, math.inf, math.inf)
    high = (-math.inf, -math.inf, -math.inf, -math.inf, -math.inf)
    for k in range(start, stop):
        x, y = _direction(k, aw, ah, ux, uy, c, s, bw, bh)
        area = _area(x, y, aw, ah, ux, uy, c, s, bw, bh)
        length = math.hypot(x, y)
        if length > 0.0 and area <= tie:
            m, n = _ends(max(k, 2))
            turns = (0.0, 0.0, 0.0, 0.0, 1.0 if own_first == (k == 0) else 0.0)
            if k >= 2 and own_first:
                turns = _bridge_turns(x, y, _sign_x(m), _sign_y(m), 1.0, 0.0, aw, ah)
            elif k >= 2:
                turns = _bridge_turns(-x, -y, _sign_x(n), _sign_y(n), c, s, bw, bh)
            x, y = x / length, y / length
            # The same rectangle may come turned by right angles.
            x, y = (x, y) if abs(x * u + y * v) >= abs(x * v - y * u) else (-y, x)
            x, y = (x, y) if x * u + y * v >= 0.0 else (-x, -y)
            if own_first:
                g = _rect_pull(
                    x, y, turns, ux, uy, 1.0, 0.0, aw, ah, c, s, bw, bh, de, dx, near
                )  # fmt: skip
            else:
                g = _rect_pull(
                    x, y, turns, -ux, -uy, c, s, bw, bh, 1.0, 0.0, aw, ah, de, dx, near
                )  # fmt: skip
            low, high = _lower(low, g), _upper(high, g)
    x, y, w, h, angle = _middle(low, high)
    if quarter and not own_first:
        w, h = h, w
    if order == 0:
        angle = 0.0  # between equal boxes the two one-sided changes are opposite
    return one[5] * x - one[6] * y, one[6] * x + one[5] * y, w, h, angle
