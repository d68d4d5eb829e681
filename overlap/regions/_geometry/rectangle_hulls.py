"""Convex hulls and diameters of pairs of rectangles in the plane, and their gradients."""

from __future__ import annotations

import math

from overlap._kernels.jit import scalar, subroutine
from overlap.regions._geometry.rectangles import _folded, _order, _relative

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
# All in the frame of the box whose gradient is wanted. Where no more than two corners lie on a
# side of the hull, it goes by sectors, as the area does. At ties, each derivative is the mean of
# both one-sided ones, which `tied_hull_pull` finds.


@scalar
def _corner_share(ax, ay, bx, by, px, py):
    """Return whether the supporting corner along p is that of a, the corner, and how clearly."""
    ahead = (ax - bx) * px + (ay - by) * py
    w = 1.0 if ahead > 0.0 else 0.0  # without a branch, which would be predicted badly
    return w, w * ax + (1.0 - w) * bx, w * ay + (1.0 - w) * by, abs(ahead)


@scalar
def _hull_side(g, p, x, y, q, z, w):
    """Add half the outward normal of a hull side to the corners of a at its two ends.

    ``p = (share, x, y, lead)`` with the corner (x, y) of box a, ``q`` likewise with (z, w). The
    last number of ``g`` is the least lead.
    """
    nx, ny = 0.5 * (q[2] - p[2]), 0.5 * (p[1] - q[1])
    ux, uy, vx, vy = nx * p[0], ny * p[0], nx * q[0], ny * q[0]
    return (
        g[0] + ux + vx,
        g[1] + uy + vy,
        g[2] + (ux if x > 0.0 else -ux) + (vx if z > 0.0 else -vx),
        g[3] + (uy if y > 0.0 else -uy) + (vy if w > 0.0 else -vy),
        g[4] + (uy * x - ux * y) + (vy * z - vx * w),
        min(g[5], q[3]),
    )


@scalar
def _hull_gradient(aw, ah, ux, uy, c, s, bw, bh):
    """Return the gradient of the hull's area (local x, y, half sides, angle) and the least lead."""
    px, py, qx, qy = c * bw, s * bw, -s * bh, c * bh
    x0, y0 = ux + (px + qx), uy + (py + qy)
    x1, y1 = ux - (px - qx), uy - (py - qy)
    x2, y2 = ux - (px + qx), uy - (py + qy)
    x3, y3 = ux + (px - qx), uy + (py - qy)
    start = _corner_share(aw, ah, x3, y3, 1.0, 0.0)
    g = (0.0, 0.0, 0.0, 0.0, 0.0, math.inf)
    v = _corner_share(aw, ah, x3, y3, c, s)
    g = _hull_side(g, start, aw, ah, v, aw, ah)
    u = _corner_share(aw, ah, x0, y0, c, s)
    g = _hull_side(g, v, aw, ah, u, aw, ah)
    v = _corner_share(aw, ah, x0, y0, 0.0, 1.0)
    g = _hull_side(g, u, aw, ah, v, aw, ah)
    u = _corner_share(-aw, ah, x0, y0, 0.0, 1.0)
    g = _hull_side(g, v, aw, ah, u, -aw, ah)
    v = _corner_share(-aw, ah, x0, y0, -s, c)
    g = _hull_side(g, u, -aw, ah, v, -aw, ah)
    u = _corner_share(-aw, ah, x1, y1, -s, c)
    g = _hull_side(g, v, -aw, ah, u, -aw, ah)
    v = _corner_share(-aw, ah, x1, y1, -1.0, 0.0)
    g = _hull_side(g, u, -aw, ah, v, -aw, ah)
    u = _corner_share(-aw, -ah, x1, y1, -1.0, 0.0)
    g = _hull_side(g, v, -aw, ah, u, -aw, -ah)
    v = _corner_share(-aw, -ah, x1, y1, -c, -s)
    g = _hull_side(g, u, -aw, -ah, v, -aw, -ah)
    u = _corner_share(-aw, -ah, x2, y2, -c, -s)
    g = _hull_side(g, v, -aw, -ah, u, -aw, -ah)
    v = _corner_share(-aw, -ah, x2, y2, 0.0, -1.0)
    g = _hull_side(g, u, -aw, -ah, v, -aw, -ah)
    u = _corner_share(aw, -ah, x2, y2, 0.0, -1.0)
    g = _hull_side(g, v, -aw, -ah, u, aw, -ah)
    v = _corner_share(aw, -ah, x2, y2, s, -c)
    g = _hull_side(g, u, aw, -ah, v, aw, -ah)
    u = _corner_share(aw, -ah, x3, y3, s, -c)
    g = _hull_side(g, v, aw, -ah, u, aw, -ah)
    v = _corner_share(aw, -ah, x3, y3, 1.0, 0.0)
    g = _hull_side(g, u, aw, -ah, v, aw, -ah)
    return _hull_side(g, v, aw, -ah, start, aw, ah)


@scalar
def _sign_x(k):
    return 1.0 if k == 0 or k == 3 else -1.0


@scalar
def _sign_y(k):
    return 1.0 if k < 2 else -1.0


@scalar
def _move(which, m, x, y, pc, ps, ends):
    """Return the move of corner m of box a, at (x, y) in its own frame, with one of its numbers.

    These are center x and y, half sides and angle, or with `ends` those of a box along the axes.
    """
    sx, sy = _sign_x(m), _sign_y(m)
    if ends:
        return (
            1.0 if (which == 0 and sx < 0.0) or (which == 2 and sx > 0.0) else 0.0,
            1.0 if (which == 1 and sy < 0.0) or (which == 3 and sy > 0.0) else 0.0,
        )
    if which == 0:
        return pc, -ps
    if which == 1:
        return ps, pc
    if which == 2:
        return sx, 0.0
    return (0.0, sy) if which == 3 else (-y, x)


@subroutine
def _highest(xs, ys, x, y, ux, uy, nx, ny, length, near, which, sign, pc, ps, ends):
    """Return the speed at which a side of the hull sweeps area as one parameter changes by `sign`.

    The side goes from (x, y) along (ux, uy), with the outward normal (nx, ny). Of the corners on
    it, the first four are those of box a and move; the new side is the least concave line above
    all.
    """
    at, height, area = 0.0, -math.inf, 0.0
    step_at, step_height = 0.0, 0.0
    for k in range(9):  # from corner to corner; the first round looks for where it begins
        best = -math.inf
        for m in range(8):
            dx, dy = xs[m] - x, ys[m] - y
            along = dx * ux + dy * uy
            if abs(dx * nx + dy * ny) > near or (k > 0 and along <= at + near):
                continue
            speed = 0.0
            if m < 4:
                u, v = _move(which, m, xs[m], ys[m], pc, ps, ends)
                speed = sign * (nx * u + ny * v)
            if k == 0:
                slope = speed if abs(along) <= near else -math.inf
            else:
                slope = (speed - height) / (along - at)
            if slope > best:
                best, step_at, step_height = slope, along, speed
        if k == 0:
            height = step_height
            continue
        area += 0.5 * (height + step_height) * (step_at - at)
        at, height = step_at, step_height
        if at >= length - near:
            break
    return area


@subroutine
def _tied_gradient(aw, ah, ux, uy, c, s, bw, bh, near, pc, ps, ends):
    """Return the gradient of the hull's area where three or more corners lie on a side of it.

    It is with respect to the own numbers, see `_move`: each derivative is the mean of both
    one-sided ones.
    """
    px, py, qx, qy = c * bw, s * bw, -s * bh, c * bh
    xs = (aw, -aw, -aw, aw, ux + px + qx, ux - px + qx, ux - px - qx, ux + px - qx)
    ys = (ah, ah, -ah, -ah, uy + py + qy, uy - py + qy, uy - py - qy, uy + py - qy)
    x, y = xs[0], ys[0]
    for k in range(1, 8):  # the leftmost corner, of several the lowest
        if xs[k] < x - near or (xs[k] <= x + near and ys[k] < y):
            x, y = xs[k], ys[k]
    start_x, start_y = x, y
    g = (0.0, 0.0, 0.0, 0.0, 0.0)
    for _ in range(8):
        length, nx, ny = 0.0, 0.0, 0.0
        for k in range(8):  # the farthest corner that has all others on the left
            dx, dy = xs[k] - x, ys[k] - y
            far = math.hypot(dx, dy)
            if far <= max(near, length):
                continue
            left = True
            for m in range(8):
                left = left and (dy * (xs[m] - x) - dx * (ys[m] - y)) <= near * far
            if left:
                length, nx, ny = far, dy / far, -dx / far
        if length == 0.0:
            break
        for which in range(5):
            side = xs, ys, x, y, -ny, nx, nx, ny, length, near, which
            up = _highest(*side, 1.0, pc, ps, ends)
            down = _highest(*side, -1.0, pc, ps, ends)
            change = 0.5 * (up - down)
            if (which % 2 == 0 and aw <= near) or (which % 2 == 1 and ah <= near):
                # a side of length 0 can only grow
                change = up if which > 1 and which < 4 else (-down if ends else change)
            g = (
                g[0] + (change if which == 0 else 0.0),
                g[1] + (change if which == 1 else 0.0),
                g[2] + (change if which == 2 else 0.0),
                g[3] + (change if which == 3 else 0.0),
                g[4] + (change if which == 4 else 0.0),
            )
        x, y = x - ny * length, y + nx * length
        if abs(x - start_x) + abs(y - start_y) <= 2.0 * near:
            break
    return g


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
    """Return one of the lines that the diameter may be: squared length, gradient, and how clearly.

    The diagonals of both boxes, and from each corner of the own box the line to the farthest
    corner of the other. The last number is 0 where two of these are equally far.
    """
    if k == 0:
        return 4.0 * (aw * aw + ah * ah), (0.0, 0.0, 8.0 * aw, 8.0 * ah, 0.0), math.inf
    if k == 1:
        return 4.0 * (bw * bw + bh * bh), (0.0, 0.0, 0.0, 0.0, 0.0), math.inf
    sx, sy = _sign_x(k - 2), _sign_y(k - 2)
    x, y = sx * aw - ux, sy * ah - uy
    p, q = c * x + s * y, c * y - s * x
    along, across = abs(p) + bw, abs(q) + bh
    length2 = along * along + across * across
    along, across = (along if p > 0.0 else -along), (across if q > 0.0 else -across)
    return length2, _line_pull(sx, sy, aw, ah, c, s, along, across), min(abs(p), abs(q))


@scalar
def _line_pull(sx, sy, aw, ah, c, s, along, across):
    """Return the gradient of a squared distance from the corner of box a with the signs sx, sy.

    (along, across) is the way to it, in the frame of the other box.
    """
    dx, dy = 2.0 * (c * along - s * across), 2.0 * (s * along + c * across)
    return (dx, dy, sx * dx, sy * dy, sx * aw * dy - sy * ah * dx)


@scalar
def _own_numbers(g, pc, ps, ends):
    """Return a gradient in the frame of a box as one with respect to its own numbers."""
    if ends:
        return (
            0.5 * (g[0] - g[2]),
            0.5 * (g[1] - g[3]),
            0.5 * (g[0] + g[2]),
            0.5 * (g[1] + g[3]),
            0.0,
        )
    return pc * g[0] - ps * g[1], ps * g[0] + pc * g[1], g[2], g[3], g[4]


@subroutine
def _tied_diameter(aw, ah, ux, uy, c, s, bw, bh, pc, ps, ends):
    """Return the gradient of the squared diameter, with respect to the own numbers.

    Of several farthest pairs, as boxes in a row have them, a derivative is the mean of its
    smallest and its largest value.
    """
    best = _diameter2(aw, ah, ux, uy, c, s, bw, bh) * (1.0 - 1e-13)
    low = (math.inf, math.inf, math.inf, math.inf, math.inf)
    high = (-math.inf, -math.inf, -math.inf, -math.inf, -math.inf)
    for k in range(18):
        sx, sy = _sign_x((k - 2) // 4), _sign_y((k - 2) // 4)
        x, y = sx * aw - ux, sy * ah - uy
        along = c * x + s * y - _sign_x((k - 2) % 4) * bw
        across = c * y - s * x - _sign_y((k - 2) % 4) * bh
        length2, g = (
            along * along + across * across,
            _line_pull(sx, sy, aw, ah, c, s, along, across),
        )
        if k < 2:
            length2, g, _ = _far_pull(k, aw, ah, ux, uy, c, s, bw, bh)
        if length2 >= best:
            g = _own_numbers(g, pc, ps, ends)
            low, high = _lower(low, g), _upper(high, g)
    return _middle(low, high)


@scalar
def _diameter_gradient(aw, ah, ux, uy, c, s, bw, bh, near):
    """Return the gradient of the squared diameter: local x, y, half sides, angle; NaN at ties."""
    best = _diameter2(aw, ah, ux, uy, c, s, bw, bh) * (1.0 - 1e-13)
    result, lead, found = (0.0, 0.0, 0.0, 0.0, 0.0), math.inf, 0
    for k in range(6):
        length2, g, clear = _far_pull(k, aw, ah, ux, uy, c, s, bw, bh)
        if length2 >= best:
            result, lead, found = g, min(lead, clear), found + 1
    tied = found > 1 or lead <= near
    return (math.nan if tied else result[0]), result[1], result[2], result[3], result[4]


@scalar
def hull_pull(p, q, de, dx):
    """Pull partials of the convex hull and its diameter back to box p: center, half sides, angle.

    At ties x and y are NaN, so that `tied_hull_pull` is asked for. It is not called from here: a
    call in the loop over pairs takes a third as long as all the rest.
    """
    ux, uy, c, s = _relative(p, q)
    aw, ah = 0.5 * p[2], 0.5 * p[3]
    c, s, bw, bh = _folded(c, s, 0.5 * q[2], 0.5 * q[3])
    near = 1e-13 * (aw + ah + bw + bh)
    equal = _order(p, q) == 0
    x, y, w, h, angle = 0.0, 0.0, 0.0, 0.0, 0.0
    if de[0] != 0.0:
        g = _hull_gradient(aw, ah, ux, uy, c, s, bw, bh)
        x, y, w, h, angle = de[0] * g[0], de[0] * g[1], de[0] * g[2], de[0] * g[3], de[0] * g[4]
        x = math.nan if g[5] <= near else x
    if de[2] != 0.0:
        g = _diameter_gradient(aw, ah, ux, uy, c, s, bw, bh, near)
        x += de[2] * g[0]
        y += de[2] * g[1]
        w += de[2] * g[2]
        h += de[2] * g[3]
        angle += de[2] * g[4]
    if equal:  # half of the own area and the own diagonal; turned either way, both change alike
        x, y, angle = 0.0, 0.0, 0.0
        w, h = 2.0 * ah * de[0] + 4.0 * aw * de[2], 2.0 * aw * de[0] + 4.0 * ah * de[2]
    return p[5] * x - p[6] * y, p[6] * x + p[5] * y, w, h, angle


def tied_hull_pull(p, q, de, dx):
    """Pull partials of the convex hull back at ties: each derivative is the mean of both sides.

    With the free name ENDS the numbers of a box are its ends; center and half sides are then such
    that the ends come out right, since at a tie derivatives cannot be added.
    """
    ux, uy, c, s = _relative(p, q)
    aw, ah = 0.5 * p[2], 0.5 * p[3]
    c, s, bw, bh = _folded(c, s, 0.5 * q[2], 0.5 * q[3])
    near = 1e-13 * (aw + ah + bw + bh)
    f, g = (0.0, 0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0, 0.0)
    if de[0] != 0.0:
        f = _tied_gradient(aw, ah, ux, uy, c, s, bw, bh, near, p[5], p[6], ENDS)
    if de[2] != 0.0:
        g = _tied_diameter(aw, ah, ux, uy, c, s, bw, bh, p[5], p[6], ENDS)
    x, y = de[0] * f[0] + de[2] * g[0], de[0] * f[1] + de[2] * g[1]
    w, h = de[0] * f[2] + de[2] * g[2], de[0] * f[3] + de[2] * g[3]
    if ENDS:
        return x + w, y + h, w - x, h - y, 0.0
    return x, y, w, h, de[0] * f[4] + de[2] * g[4]
