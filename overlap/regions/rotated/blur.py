"""Kernels of rotated boxes blurred by a Gaussian.

With one box centered and upright, its blurred indicator is a product ``X(x) Y(y)`` of two
differences of normal laws. What it shares with another box is, by Gauss' theorem, the
integral of ``X(x) W(y) dx`` along the edges of that box, where ``W' = -Y`` and W vanishes on
the side where the box lies; and the gradient is the integral of the blurred indicator along
the edges that move. Along an edge both are plateaus joined by smooth steps where the edge
crosses the four lines of the centered box: Gauss-Legendre panels within REACH standard
deviations of a crossing, and one node on each plateau.
"""

from __future__ import annotations

import math

import numpy as np

from overlap._kernels.jit import scalar, subroutine
from overlap.regions._geometry.rectangles import _box, _order, _relative
from overlap.regions.smooth.lengths import (
    blurred_self,
    blurred_self_slope,
    normal_between,
    tail,
)

_REACH = 7.0  # standard deviations; beyond it a step is flat to 2e-12
_PANEL = 7.0  # longest panel, in standard deviations along the edge
_THIN = 2.0  # standard deviations; a thinner box is cut into lines along its longer side
_NODES, _WEIGHTS = (tuple(map(float, half)) for half in np.polynomial.legendre.leggauss(16))
_LINES, _SHARES = (tuple(map(float, half)) for half in np.polynomial.legendre.leggauss(8))


@scalar
def _beyond(z):
    """Return the integral of ``Phi(-t)`` from any z to infinity."""
    return max(-z, 0.0) + tail(abs(z))


@scalar
def _field(x, y, half, height, sigma, below):
    """Return the blurred indicator at a point or, with `below`, its integral over y' > y."""
    across = normal_between((x - half) / sigma, (x + half) / sigma)
    if below:
        return across * sigma * (_beyond((y - height) / sigma) - _beyond((y + height) / sigma))
    return across * normal_between((y - height) / sigma, (y + height) / sigma)


@scalar
def _step_range(p, d, line, reach):
    """Return for which t in [-1, 1] the point ``p + t d`` is within reach of a line."""
    q = p - line if d > 0.0 else line - p
    slope = abs(d)
    if slope == 0.0:
        return (-1.0, 1.0) if abs(q) < reach else (1.0, 1.0)
    return (
        min(max((-q - reach) / slope, -1.0), 1.0),
        min(max((-q + reach) / slope, -1.0), 1.0),
    )


@subroutine
def _along(px, py, dx, dy, half, height, sigma, below):
    """Return integral and first moment of the field over t in [-1, 1] along ``p + t d``.

    The first moment only without `below`, whose plateaus are linear and not constant.
    """
    reach = _REACH * sigma
    l0, l1 = _step_range(px, dx, -half, reach)
    r0, r1 = _step_range(px, dx, half, reach)
    b0, b1 = _step_range(py, dy, -height, reach)
    t0, t1 = _step_range(py, dy, height, reach)
    total, moment, t = 0.0, 0.0, -1.0
    while t < 1.0:
        end = 1.0
        for event in (l0, l1, r0, r1, b0, b1, t0, t1):
            if t < event < end:
                end = event
        middle = 0.5 * (t + end)
        in_x = l0 <= middle < l1 or r0 <= middle < r1
        in_y = b0 <= middle < b1 or t0 <= middle < t1
        x, y = px + middle * dx, py + middle * dy
        seen = (in_x or abs(x) < half) and (in_y or abs(y) < height or (below and y < 0.0))
        if seen and not in_x and not in_y:
            piece = (end - t) * _field(x, y, half, height, sigma, below)
            total += piece
            moment += piece * middle
        elif seen:
            rate = math.hypot(dx if in_x else 0.0, dy if in_y else 0.0) / sigma
            panels = max(math.ceil((end - t) * rate / _PANEL), 1)
            h = 0.5 * (end - t) / panels
            for k in range(panels):
                center = t + (2 * k + 1) * h
                for n in range(16):
                    at = center + h * _NODES[n]
                    value = _field(px + at * dx, py + at * dy, half, height, sigma, below)
                    piece = h * _WEIGHTS[n] * value
                    total += piece
                    moment += piece * at
        t = end
    return total, moment


@subroutine
def _shared_along_edges(half, height, ux, uy, c, s, bw, bh, sigma):
    """Return the blurred overlap as an integral along the edges of the second box."""
    if uy < 0.0:  # mirrored, so that W vanishes where the second box lies
        uy, s = -uy, -s
    px, py, qx, qy = c * bw, s * bw, -s * bh, c * bh
    total = 0.0
    for k in range(4):
        # From the corners (+,+) to (-,+), (-,-), (+,-): outward sides q, -p, -q, p.
        if k % 2 == 0:
            turn = 1.0 if k == 0 else -1.0
            ox, oy, dx, dy = turn * qx, turn * qy, -turn * px, -turn * py
        else:
            turn = 1.0 if k == 1 else -1.0
            ox, oy, dx, dy = -turn * px, -turn * py, -turn * qx, -turn * qy
        total += dx * _along(ux + ox, uy + oy, dx, dy, half, height, sigma, True)[0]
    return total


@subroutine
def _shared_along_lines(half, height, ux, uy, c, s, bw, bh, sigma):
    """Return the blurred overlap with a second box that is thin in one direction."""
    dx, dy, qx, qy = c * bw, s * bw, -s * bh, c * bh
    if bw < bh:
        dx, dy, qx, qy = qx, qy, dx, dy
    total = 0.0
    for k in range(8):
        at = _LINES[k]
        line = _along(ux + at * qx, uy + at * qy, dx, dy, half, height, sigma, False)
        total += _SHARES[k] * line[0]
    return bw * bh * total


@scalar
def blurred_rotated_overlap(a, i, b, j):
    """Return both self-overlaps and the overlap of two boxes, blurred by a Gaussian."""
    p, q, sigma = _box(a[0], i), _box(b[0], j), a[1][0]
    first = blurred_self(p[2], sigma) * blurred_self(p[3], sigma)
    second = blurred_self(q[2], sigma) * blurred_self(q[3], sigma)
    order = _order(p, q)
    if order == 0:
        return first, second, first
    # Seen from the less thin one, and in an order that exchanging the boxes leaves.
    thin_p, thin_q = min(p[2], p[3]), min(q[2], q[3])
    if thin_p < thin_q or (thin_p == thin_q and order > 0):
        p, q = q, p
    ux, uy, c, s = _relative(p, q)
    half, height, bw, bh = 0.5 * p[2], 0.5 * p[3], 0.5 * q[2], 0.5 * q[3]
    if 2.0 * min(bw, bh) < _THIN * sigma:
        shared = _shared_along_lines(half, height, ux, uy, c, s, bw, bh, sigma)
    else:
        shared = _shared_along_edges(half, height, ux, uy, c, s, bw, bh, sigma)
    return first, second, min(max(shared, 0.0), 0.5 * (first + second))


@scalar
def blurred_rotated_pullback(a, i, b, j, do, de, ds, dx):
    """Return the gradient of the overlap with respect to the five numbers of ``a[i]``."""
    p, q, sigma = _box(a[0], i), _box(b[0], j), a[1][0]
    self_w, self_h = blurred_self(p[2], sigma), blurred_self(p[3], sigma)
    slope_w = blurred_self_slope(p[2], sigma) * self_h
    slope_h = blurred_self_slope(p[3], sigma) * self_w
    if _order(p, q) == 0:  # by symmetry: half the change of the self-overlap
        rate = do[0] + 0.5 * do[2]
        return (0.0, 0.0, rate * slope_w, rate * slope_h, 0.0)
    ux, uy, c, s = _relative(q, p)
    aw, ah, bw, bh = 0.5 * p[2], 0.5 * p[3], 0.5 * q[2], 0.5 * q[3]
    # In the frame of b: half sides of a, and its center.
    px, py, qx, qy = c * aw, s * aw, -s * ah, c * ah
    x, y, w, h, angle = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(4):
        side = 1.0 if k % 2 == 0 else -1.0
        if k < 2:
            share, moment = _along(ux + side * px, uy + side * py, qx, qy, bw, bh, sigma, False)
            x += side * share * ah
            w += share * ah
            angle -= side * moment * ah * ah
        else:
            share, moment = _along(ux + side * qx, uy + side * qy, px, py, bw, bh, sigma, False)
            y += side * share * aw
            h += share * aw
            angle += side * moment * aw * aw
    # `x` and `y` are along the axes of a.
    x, y = do[2] * x, do[2] * y
    return (
        p[5] * x - p[6] * y,
        p[6] * x + p[5] * y,
        do[0] * slope_w + 0.5 * do[2] * w,
        do[0] * slope_h + 0.5 * do[2] * h,
        do[2] * angle,
    )
