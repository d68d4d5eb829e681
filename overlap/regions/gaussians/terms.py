"""Kernels of Gaussians: sizes, the Kalman product, divergences and their gradients.

Everything is computed from the standard deviation of x, the slope of y on x and the standard
deviation of y about that line (a, r, d: the covariance is ``L L^T`` with the rows of L being
``(a, 0)`` and ``(r a, d)``). In these, divergences are sums of what is not negative, so that
those of nearly equal Gaussians do not drown in rounding, as they do between traces and
determinants.
"""

from __future__ import annotations

import math

from overlap._kernels.jit import scalar

# Columns: x, y, xx, xy, yy, a, r, d.


@scalar
def _gaussian(g, i):
    """Return the numbers of one Gaussian: x, y, a, r, d (branches work on these)."""
    return (g[0][i], g[1][i], g[5][i], g[6][i], g[7][i])


@scalar
def _exchanged(p, q):
    """Return whether the pair is not in the canonical order, in which terms are computed."""
    for k in range(5):
        if p[k] != q[k]:
            return p[k] > q[k]
    return False


@scalar
def _sum(p, q):
    """Return the sum of two covariances as ``(xx, r, v)``: v is the variance about the line."""
    pp, qq = p[2] * p[2], q[2] * q[2]
    xx = pp + qq
    gap = p[3] - q[3]
    shared = p[2] * (q[2] / math.sqrt(xx))
    return xx, (pp * p[3] + qq * q[3]) / xx, (p[4] * p[4] + q[4] * q[4]) + (gap * shared) ** 2


@scalar
def _kalman(p, q):
    """Return the size of the product of two densities."""
    p, q = (q, p) if _exchanged(p, q) else (p, q)
    if p[2] * p[4] == 0.0 or q[2] * q[4] == 0.0:
        return 0.0
    xx, _, v = _sum(p, q)
    return p[2] * (q[2] / math.sqrt(xx)) * (p[4] * (q[4] / math.sqrt(v)))


@scalar
def gaussian_overlap(a, i, b, j):
    """Return ``(size_a, size_b, size of the Kalman product)``."""
    p, q = _gaussian(a, i), _gaussian(b, j)
    first, second = p[2] * p[4], q[2] * q[4]
    return first, second, min(_kalman(p, q), first, second)


# --------------------------------------------------------------------------- divergences


@scalar
def _turned(p, q):
    """Return L of q times the rotation that brings it nearest to L of p, without the slopes."""
    pb, qb = p[3] * p[2], q[3] * q[2]
    along = (p[2] * q[2] + pb * qb) + p[4] * q[4]
    across = pb * q[4] - p[4] * qb
    most = max(abs(along), abs(across))
    c, s = (along / most, across / most) if most > 0.0 else (1.0, 0.0)
    length = math.sqrt(c * c + s * s)
    c, s = c / length, s / length
    return (c * q[2], -s * q[2], c * qb + s * q[4], c * q[4] - s * qb)


@scalar
def _transport2(p, q):
    """Return the squared 2-Wasserstein distance: of the means, and of the two factors L."""
    t = _turned(p, q)
    shape = (p[2] - t[0]) ** 2 + t[1] ** 2 + (p[3] * p[2] - t[2]) ** 2 + (p[4] - t[3]) ** 2
    return (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + shape


@scalar
def _relative_change(x, y):
    """Return ``(x / y)^2 - 1``."""
    change = (x - y) / y
    return change * (2.0 + change)


@scalar
def _log_ratio(p, q):
    """Return ``ln(det P / det Q)``, to the rounding of the changes where these are small."""
    first, second = _relative_change(p[2], q[2]), _relative_change(p[4], q[4])
    if max(abs(first), abs(second)) < 0.5:
        return math.log1p(first + second + first * second)
    return 2.0 * (math.log(p[2] / q[2]) + math.log(p[4] / q[4]))


@scalar
def _kl(p, q, log_ratio):
    """Return KL(p || q): that of x, and that of y given x."""
    dx, dy = p[0] - q[0], p[1] - q[1]
    slope = (p[3] - q[3]) * p[2] / q[4]
    along, across = dx / q[2], (dy - q[3] * dx) / q[4]
    change = _relative_change(p[2], q[2]) + _relative_change(p[4], q[4])
    shape = max(change - log_ratio, 0.0)
    return 0.5 * (shape + (slope * slope + (along * along + across * across)))


@scalar
def _bhattacharyya(p, q):
    """Return the Bhattacharyya distance."""
    xx, r, v = _sum(p, q)
    dx, dy = p[0] - q[0], p[1] - q[1]
    along, across = dx / math.sqrt(xx), (dy - r * dx) / math.sqrt(v)
    first, second = q[2] / p[2], q[4] / p[4]
    # det(P + Q) / (4 sqrt(det P det Q)) - 1
    shape = (first - second) / first * ((first - second) / second)
    size = (1.0 - first * second) / first * ((1.0 - first * second) / second)
    slope = (p[3] - q[3]) * (p[2] / p[4]) * ((p[3] - q[3]) * (q[2] / q[4]))
    return 0.25 * (along * along + across * across) + 0.5 * math.log1p(
        0.25 * (shape + size + slope)
    )


@scalar
def gaussian_divergence(a, i, b, j):
    """Return ``(transport2, bhattacharyya, kl_ba, kl_ab)``.

    The last three are infinite where one covariance is singular, NaN where both are.
    """
    p, q = _gaussian(a, i), _gaussian(b, j)
    exchanged = _exchanged(p, q)
    p, q = (q, p) if exchanged else (p, q)
    first, second = p[2] * p[4], q[2] * q[4]
    transport = _transport2(p, q)
    if first == 0.0 or second == 0.0:
        none = math.nan if first == second else math.inf
        return transport, none, none, none
    log = _log_ratio(p, q)
    ba, ab = _kl(q, p, -log), _kl(p, q, log)
    ba, ab = (ab, ba) if exchanged else (ba, ab)
    return transport, _bhattacharyya(p, q), ba, ab


# ----------------------------------------------------------------------------- gradients


@scalar
def _natural(gx, gr, gv, xx, r):
    """Return the gradient wrt xx, xy, yy from that wrt xx, r, v (variance about the line)."""
    slope = gr / xx
    return gx - r * slope + r * r * gv, slope - 2.0 * r * gv, gv


@scalar
def _pull_transport(p, q):
    t = _turned(p, q)
    # The gradient by the covariance is I minus the transport map, (L - turned L') / L, and
    # symmetric.
    xy, yy = -t[1] / p[4], (p[4] - t[3]) / p[4]
    xx = (p[2] - t[0]) / p[2] - p[3] * xy
    return (2.0 * (p[0] - q[0]), 2.0 * (p[1] - q[1]), xx, 2.0 * xy, yy)


@scalar
def _pull_reference(p, q):
    """Return the gradient of KL(q || p) wrt p."""
    xx, v = p[2] * p[2], p[4] * p[4]
    dx, dy = p[0] - q[0], p[1] - q[1]
    across = (dy - p[3] * dx) / v
    gap = (p[3] - q[3]) * q[2]
    change = _relative_change(q[2], p[2]) + dx * dx / xx
    about = _relative_change(q[4], p[4]) + (gap / p[4]) ** 2 + across * (dy - p[3] * dx)
    gx, gr, gv = -0.5 * change / xx, gap * q[2] / v - across * dx, -0.5 * about / v
    n = _natural(gx, gr, gv, xx, p[3])
    return (dx / xx - p[3] * across, across, n[0], n[1], n[2])


@scalar
def _pull_kl(p, q):
    """Return the gradient of KL(p || q) wrt p."""
    v = q[4] * q[4]
    dx, dy = p[0] - q[0], p[1] - q[1]
    across = (dy - q[3] * dx) / v
    gap, xx = p[3] - q[3], p[2] * p[2]
    gx = 0.5 * (_relative_change(p[2], q[2]) / xx + gap * gap / v)
    gv = 0.5 * _relative_change(p[4], q[4]) / (p[4] * p[4])
    n = _natural(gx, gap * xx / v, gv, xx, p[3])
    return (dx / (q[2] * q[2]) - q[3] * across, across, n[0], n[1], n[2])


@scalar
def _pull_sum(p, q, log_det, distance):
    """Return the gradient wrt p of ``log_det ln det S + distance d^T S^-1 d``, S = P + Q."""
    xx, r, v = _sum(p, q)
    dx, dy = p[0] - q[0], p[1] - q[1]
    across = (dy - r * dx) / v
    gx = (log_det - distance * (dx * dx / xx)) / xx
    gv = (log_det - distance * (across * (dy - r * dx))) / v
    n = _natural(gx, -2.0 * distance * across * dx, gv, xx, r)
    return (
        2.0 * distance * (dx / xx - r * across),
        2.0 * distance * across,
        n[0],
        n[1],
        n[2],
    )


@scalar
def _pull_size(p):
    """Return the gradient of ln det P wrt xx, xy, yy."""
    xx = p[2] * p[2]
    return _natural(1.0 / xx, 0.0, 1.0 / (p[4] * p[4]), xx, p[3])


@scalar
def gaussian_pullback(a, i, b, j, do, de, ds, dx):
    """Return the gradient wrt x, y, xx, xy, yy of ``a[i]``; zero if its covariance is singular."""
    p, q = _gaussian(a, i), _gaussian(b, j)
    first, second = p[2] * p[4], q[2] * q[4]
    if first == 0.0:
        shift = 2.0 * de[0]
        return (shift * (p[0] - q[0]), shift * (p[1] - q[1]), 0.0, 0.0, 0.0)
    w = _pull_transport(p, q)
    own = _pull_size(p)
    size = 0.5 * do[0] * first
    if second == 0.0:
        return (
            de[0] * w[0],
            de[0] * w[1],
            de[0] * w[2] + size * own[0],
            de[0] * w[3] + size * own[1],
            de[0] * w[4] + size * own[2],
        )
    kalman = 0.5 * do[2] * _kalman(p, q)
    m = _pull_sum(p, q, 0.5 * de[1] - kalman, 0.25 * de[1])
    r, k = _pull_reference(p, q), _pull_kl(p, q)
    size += kalman - 0.25 * de[1]
    return (
        (de[0] * w[0] + m[0]) + (de[2] * r[0] + ds * k[0]),
        (de[0] * w[1] + m[1]) + (de[2] * r[1] + ds * k[1]),
        (de[0] * w[2] + (m[2] + size * own[0])) + (de[2] * r[2] + ds * k[2]),
        (de[0] * w[3] + (m[3] + size * own[1])) + (de[2] * r[3] + ds * k[3]),
        (de[0] * w[4] + (m[4] + size * own[2])) + (de[2] * r[4] + ds * k[4]),
    )
