"""Kernels of the convex hull and the diameter of two boxes in the plane, and their gradients."""

from __future__ import annotations

import math

from overlap._jit import scalar
from overlap.regions._rotated import _folded, _order, _relative

# In the frame of the first box, with the second turned by a multiple of 90 degrees so that
# its angle is in [0, 90), the normals of the eight sides alternate. Between two neighbouring
# normals each box has one supporting corner, and the hull goes from the one that is farther
# out at the first normal to the one that is farther out at the second.


@scalar
def _sector(ax, ay, bx, by, px, py, qx, qy, x, y, twice):
    """Go on along the hull from (x, y) through the sector between normals p and q."""
    first = ax * px + ay * py >= bx * px + by * py
    second = ax * qx + ay * qy >= bx * qx + by * qy
    x0, y0 = (ax, ay) if first else (bx, by)
    x1, y1 = (ax, ay) if second else (bx, by)
    twice += (x * y0 - x0 * y) + (x0 * y1 - x1 * y0)
    return x1, y1, twice


@scalar
def _hull_area(aw, ah, ux, uy, c, s, bw, bh):
    """Return the area of the convex hull of two boxes with half sides."""
    px, py, qx, qy = c * bw, s * bw, -s * bh, c * bh
    x0, y0 = ux + (px + qx), uy + (py + qy)
    x1, y1 = ux - (px - qx), uy - (py - qy)
    x2, y2 = ux - (px + qx), uy - (py + qy)
    x3, y3 = ux + (px - qx), uy + (py - qy)
    start_x, start_y = (aw, ah) if aw >= x3 else (x3, y3)
    x, y, t = _sector(aw, ah, x3, y3, 1.0, 0.0, c, s, start_x, start_y, 0.0)
    x, y, t = _sector(aw, ah, x0, y0, c, s, 0.0, 1.0, x, y, t)
    x, y, t = _sector(-aw, ah, x0, y0, 0.0, 1.0, -s, c, x, y, t)
    x, y, t = _sector(-aw, ah, x1, y1, -s, c, -1.0, 0.0, x, y, t)
    x, y, t = _sector(-aw, -ah, x1, y1, -1.0, 0.0, -c, -s, x, y, t)
    x, y, t = _sector(-aw, -ah, x2, y2, -c, -s, 0.0, -1.0, x, y, t)
    x, y, t = _sector(aw, -ah, x2, y2, 0.0, -1.0, s, -c, x, y, t)
    x, y, t = _sector(aw, -ah, x3, y3, s, -c, 1.0, 0.0, x, y, t)
    return 0.5 * (t + (x * start_y - start_x * y))


@scalar
def _diameter2(aw, ah, ux, uy, c, s, bw, bh):
    """Return the largest squared distance between corners of the two boxes."""
    result = 4.0 * max(aw * aw + ah * ah, bw * bw + bh * bh)
    for k in range(4):
        x = (aw if k < 2 else -aw) - ux
        y = (ah if k % 2 == 0 else -ah) - uy
        along = abs(c * x + s * y) + bw
        across = abs(c * y - s * x) + bh
        result = max(result, along * along + across * across)
    return result


@scalar
def _enclosure_of(p, q):
    """Return the area of the hull and the squared diameter in the frame of the first box."""
    ux, uy, c, s = _relative(p, q)
    aw, ah = 0.5 * p[2], 0.5 * p[3]
    c, s, bw, bh = _folded(c, s, 0.5 * q[2], 0.5 * q[3])
    hull = _hull_area(aw, ah, ux, uy, c, s, bw, bh)
    return hull, _diameter2(aw, ah, ux, uy, c, s, bw, bh)


def hull_enclosure(a, i, b, j):
    """Return area of the convex hull, squared distance of centers, squared diameter."""
    p, q = PAIR(a, i, b, j)
    first, second = p[2] * p[3], q[2] * q[3]
    order = _order(p, q)
    if order == 0:
        return first, 0.0, p[2] * p[2] + p[3] * p[3]
    if order > 0:
        p, q = q, p
    dx, dy = p[0] - q[0], p[1] - q[1]
    hull, diameter = _enclosure_of(p, q)
    return max(hull, max(first, second)), dx * dx + dy * dy, diameter


# ------------------------------------------------------------------------------ gradient
# All in the frame of the box whose gradient is wanted.


@scalar
def _corner_share(ax, ay, bx, by, px, py, near):
    """Return the share of box a in the supporting corner along p, and the corner."""
    ahead = (ax - bx) * px + (ay - by) * py
    w = 1.0 if ahead > near else (0.0 if ahead < -near else 0.5)
    return w, w * ax + (1.0 - w) * bx, w * ay + (1.0 - w) * by


@scalar
def _hull_side(g, p, x, y, q, z, w):
    """Add half the outward normal of a hull side to the corners of a at its two ends.

    ``p = (share, x, y)`` with the corner (x, y) of box a, ``q`` likewise with (z, w).
    """
    nx, ny = 0.5 * (q[2] - p[2]), 0.5 * (p[1] - q[1])
    ux, uy, vx, vy = nx * p[0], ny * p[0], nx * q[0], ny * q[0]
    return (
        g[0] + ux + vx,
        g[1] + uy + vy,
        g[2] + (ux if x > 0.0 else -ux) + (vx if z > 0.0 else -vx),
        g[3] + (uy if y > 0.0 else -uy) + (vy if w > 0.0 else -vy),
        g[4] + (uy * x - ux * y) + (vy * z - vx * w),
    )


@scalar
def _hull_gradient(aw, ah, ux, uy, c, s, bw, bh, near):
    """Return the gradient of the hull's area: local x, y, half sides, angle."""
    px, py, qx, qy = c * bw, s * bw, -s * bh, c * bh
    x0, y0 = ux + (px + qx), uy + (py + qy)
    x1, y1 = ux - (px - qx), uy - (py - qy)
    x2, y2 = ux - (px + qx), uy - (py + qy)
    x3, y3 = ux + (px - qx), uy + (py - qy)
    start = _corner_share(aw, ah, x3, y3, 1.0, 0.0, near)
    g = (0.0, 0.0, 0.0, 0.0, 0.0)
    v = _corner_share(aw, ah, x3, y3, c, s, near)
    g = _hull_side(g, start, aw, ah, v, aw, ah)
    u = _corner_share(aw, ah, x0, y0, c, s, near)
    g = _hull_side(g, v, aw, ah, u, aw, ah)
    v = _corner_share(aw, ah, x0, y0, 0.0, 1.0, near)
    g = _hull_side(g, u, aw, ah, v, aw, ah)
    u = _corner_share(-aw, ah, x0, y0, 0.0, 1.0, near)
    g = _hull_side(g, v, aw, ah, u, -aw, ah)
    v = _corner_share(-aw, ah, x0, y0, -s, c, near)
    g = _hull_side(g, u, -aw, ah, v, -aw, ah)
    u = _corner_share(-aw, ah, x1, y1, -s, c, near)
    g = _hull_side(g, v, -aw, ah, u, -aw, ah)
    v = _corner_share(-aw, ah, x1, y1, -1.0, 0.0, near)
    g = _hull_side(g, u, -aw, ah, v, -aw, ah)
    u = _corner_share(-aw, -ah, x1, y1, -1.0, 0.0, near)
    g = _hull_side(g, v, -aw, ah, u, -aw, -ah)
    v = _corner_share(-aw, -ah, x1, y1, -c, -s, near)
    g = _hull_side(g, u, -aw, -ah, v, -aw, -ah)
    u = _corner_share(-aw, -ah, x2, y2, -c, -s, near)
    g = _hull_side(g, v, -aw, -ah, u, -aw, -ah)
    v = _corner_share(-aw, -ah, x2, y2, 0.0, -1.0, near)
    g = _hull_side(g, u, -aw, -ah, v, -aw, -ah)
    u = _corner_share(aw, -ah, x2, y2, 0.0, -1.0, near)
    g = _hull_side(g, v, -aw, -ah, u, aw, -ah)
    v = _corner_share(aw, -ah, x2, y2, s, -c, near)
    g = _hull_side(g, u, aw, -ah, v, aw, -ah)
    u = _corner_share(aw, -ah, x3, y3, s, -c, near)
    g = _hull_side(g, v, aw, -ah, u, aw, -ah)
    v = _corner_share(aw, -ah, x3, y3, 1.0, 0.0, near)
    g = _hull_side(g, u, aw, -ah, v, aw, -ah)
    return _hull_side(g, v, aw, -ah, start, aw, ah)


@scalar
def _sign_x(k):
    return 1.0 if k == 0 or k == 3 else -1.0


@scalar
def _sign_y(k):
    return 1.0 if k < 2 else -1.0


@scalar
def _lower(g, h):
    return (min(g[0], h[0]), min(g[1], h[1]), min(g[2], h[2]), min(g[3], h[3]), min(g[4], h[4]))


@scalar
def _upper(g, h):
    return (max(g[0], h[0]), max(g[1], h[1]), max(g[2], h[2]), max(g[3], h[3]), max(g[4], h[4]))


@scalar
def _middle(g, h):
    """Return the mean of the smallest and the largest values of five derivatives."""
    return (
        0.5 * g[0] + 0.5 * h[0],
        0.5 * g[1] + 0.5 * h[1],
        0.5 * g[2] + 0.5 * h[2],
        0.5 * g[3] + 0.5 * h[3],
        0.5 * g[4] + 0.5 * h[4],
    )


@scalar
def _far_pull(k, aw, ah, ux, uy, c, s, bw, bh):
    """Return squared length and gradient of one of the lines that the diameter may be.

    The diagonals of both boxes, and from each corner of the own box the line to the farthest
    corner of the other.
    """
    if k == 0:
        return 4.0 * (aw * aw + ah * ah), (0.0, 0.0, 8.0 * aw, 8.0 * ah, 0.0)
    if k == 1:
        return 4.0 * (bw * bw + bh * bh), (0.0, 0.0, 0.0, 0.0, 0.0)
    sx, sy = _sign_x(k - 2), _sign_y(k - 2)
    x, y = sx * aw - ux, sy * ah - uy
    p, q = c * x + s * y, c * y - s * x
    along, across = abs(p) + bw, abs(q) + bh
    length2 = along * along + across * across
    along, across = (along if p > 0.0 else -along), (across if q > 0.0 else -across)
    dx, dy = 2.0 * (c * along - s * across), 2.0 * (s * along + c * across)
    return length2, (dx, dy, sx * dx, sy * dy, sx * aw * dy - sy * ah * dx)


@scalar
def _diameter_gradient(aw, ah, ux, uy, c, s, bw, bh):
    """Return the gradient of the squared diameter: local x, y, half sides, angle.

    Of several farthest pairs, as boxes in a row have them, a derivative is the mean of its
    smallest and its largest value.
    """
    best = _diameter2(aw, ah, ux, uy, c, s, bw, bh) * (1.0 - 1e-13)
    low = (math.inf, math.inf, math.inf, math.inf, math.inf)
    high = (-math.inf, -math.inf, -math.inf, -math.inf, -math.inf)
    for k in range(6):
        length2, g = _far_pull(k, aw, ah, ux, uy, c, s, bw, bh)
        if length2 >= best:
            low, high = _lower(low, g), _upper(high, g)
    return _middle(low, high)


@scalar
def hull_pull(p, q, de, dx):
    """Pull partials of the convex hull and its diameter back to box p."""
    ux, uy, c, s = _relative(p, q)
    aw, ah = 0.5 * p[2], 0.5 * p[3]
    c, s, bw, bh = _folded(c, s, 0.5 * q[2], 0.5 * q[3])
    near = 1e-13 * (aw + ah + bw + bh)
    x, y, w, h, angle = 0.0, 0.0, 0.0, 0.0, 0.0
    if de[0] != 0.0:
        g = _hull_gradient(aw, ah, ux, uy, c, s, bw, bh, near)
        x, y, w, h, angle = de[0] * g[0], de[0] * g[1], de[0] * g[2], de[0] * g[3], de[0] * g[4]
    if de[2] != 0.0:
        g = _diameter_gradient(aw, ah, ux, uy, c, s, bw, bh)
        x += de[2] * g[0]
        y += de[2] * g[1]
        w += de[2] * g[2]
        h += de[2] * g[3]
        angle += de[2] * g[4]
    if _order(p, q) == 0:
        angle = 0.0  # between equal boxes the two one-sided changes are opposite
    return p[5] * x - p[6] * y, p[6] * x + p[5] * y, w, h, angle
