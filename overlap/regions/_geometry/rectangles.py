"""Overlaps of rectangles at any angle, by an integral over edges that cannot fail."""

from __future__ import annotations

from overlap._kernels.arithmetic import sum_of_products
from overlap._kernels.jit import scalar

# Columns: cx, cy, w, h, angle, cos, sin, and the half sides of the bounding box, which are a
# hair longer than they are, so that rounding never parts boxes that touch.
#
# What two boxes share is computed without a branch, so that the compiler does several pairs
# at once.


@scalar
def _box(a, i):
    """Return the numbers of one box.

    Whatever branches works on these: an array that is read in one branch and not in the
    other has its references counted, at a hundred times the cost of the reading.
    """
    return (a[0][i], a[1][i], a[2][i], a[3][i], a[4][i], a[5][i], a[6][i])


@scalar
def _order(p, q):
    """Return -1, 0 or 1: which of two boxes comes first in the canonical order."""
    for k in range(5):
        if p[k] < q[k]:
            return -1
        if p[k] > q[k]:
            return 1
    return 0


@scalar
def _relative(p, q):
    """Return box q in the frame of box p: center, cos and sin of its angle."""
    dx, dy = q[0] - p[0], q[1] - p[1]
    return (
        sum_of_products(p[5], dx, p[6], dy),
        sum_of_products(p[5], dy, -p[6], dx),
        sum_of_products(p[5], q[5], p[6], q[6]),
        sum_of_products(p[5], q[6], -p[6], q[5]),
    )


@scalar
def _mean_between(p, q, height):
    """Return the mean of ``clamp(y, 0, height)`` for y linear from p to q.

    A sum of what is not negative: where p and q are far beyond the height, a difference
    would leave nothing but rounding.
    """
    low, high = min(p, q), max(p, q)
    u, v = min(max(low, 0.0), height), min(max(high, 0.0), height)
    middle, whole, inside = 0.5 * (u + v), high - low, v - u
    above = max(high - max(low, height), 0.0)
    simple = (inside == whole) | (inside == 0.0) & (above == 0.0) | (low >= height)
    mean = (middle * inside + height * above) / (1.0 if simple else whole)
    return middle if simple else mean


@scalar
def _under_edge(xa, ya, xb, yb, slope, half, height):
    """Return the integral of clamp(y, 0, height) dx along an edge cut to |x| <= half."""
    ca, cb = min(max(xa, -half), half), min(max(xb, -half), half)
    # From the nearer end, so that what is not cut stays exact.
    y0 = ya + (ca - xa) * slope if abs(ca - xa) < abs(ca - xb) else yb + (ca - xb) * slope
    y1 = yb + (cb - xb) * slope if abs(cb - xb) < abs(cb - xa) else ya + (cb - xa) * slope
    area = (cb - ca) * _mean_between(y0, y1, height)
    return area if ca != cb else 0.0  # beyond the strip, y may be infinite


@scalar
def _shared_area(p, q):
    """Return the common area of two boxes in the frame of the first."""
    ux, uy, c, s = _relative(p, q)
    half, height = 0.5 * p[2], p[3]
    bw, bh = 0.5 * q[2], 0.5 * q[3]
    # Apart along one of the four normals?
    apart = (
        (abs(ux) >= half + abs(c) * bw + abs(s) * bh)
        | (abs(uy) >= 0.5 * height + abs(s) * bw + abs(c) * bh)
        | (abs(c * ux + s * uy) >= bw + abs(c) * half + abs(s) * 0.5 * height)
        | (abs(c * uy - s * ux) >= bh + abs(s) * half + abs(c) * 0.5 * height)
    )
    px, py, qx, qy = c * bw, s * bw, -s * bh, c * bh
    y = uy + 0.5 * height
    x0, y0 = ux + (px + qx), y + (py + qy)
    x1, y1 = ux - (px - qx), y - (py - qy)
    x2, y2 = ux - (px + qx), y - (py + qy)
    x3, y3 = ux + (px - qx), y + (py - qy)
    along = s / (c if c != 0.0 else 1.0)
    across = -c / (s if s != 0.0 else 1.0)
    area = -(
        (
            _under_edge(x0, y0, x1, y1, along, half, height)
            + _under_edge(x2, y2, x3, y3, along, half, height)
        )
        + (
            _under_edge(x1, y1, x2, y2, across, half, height)
            + _under_edge(x3, y3, x0, y0, across, half, height)
        )
    )
    return 0.0 if apart else area


@scalar
def rotated_bound(a, i, b, j):
    """Return ``(area_a, area_b, at_most)``: the boxes cannot share more than the last.

    It is 0 where their bounding boxes do not meet.
    """
    x, y = abs(a[0][i] - b[0][j]), abs(a[1][i] - b[1][j])
    ax, ay, bx, by = a[7][i], a[8][i], b[7][j], b[8][j]
    width = min(ax + bx - x, 2.0 * min(ax, bx))
    height = min(ay + by - y, 2.0 * min(ay, by))
    first, second = a[2][i] * a[3][i], b[2][j] * b[3][j]
    return first, second, min(max(width, 0.0) * max(height, 0.0), min(first, second))


@scalar
def rotated_meets(a, i, b, j):
    """Return whether the bounding boxes meet; where not, what `rotated_bound` gives is 0."""
    x, y = abs(a[0][i] - b[0][j]), abs(a[1][i] - b[1][j])
    return (x < a[7][i] + b[7][j]) & (y < a[8][i] + b[8][j])


@scalar
def _within(p, q):
    """Return an upper bound of the overlap: that of p and the bounding box of q along p."""
    dx, dy = q[0] - p[0], q[1] - p[1]
    c, s = abs(p[5] * q[5] + p[6] * q[6]), abs(p[5] * q[6] - p[6] * q[5])
    x, y = c * q[2] + s * q[3], s * q[2] + c * q[3]
    width = min(0.5 * (p[2] + x) - abs(p[5] * dx + p[6] * dy), min(p[2], x))
    height = min(0.5 * (p[3] + y) - abs(p[5] * dy - p[6] * dx), min(p[3], y))
    hair = 1e-14 * (p[2] + p[3] + x + y)
    return max(width + hair, 0.0) * max(height + hair, 0.0)


@scalar
def rotated_tight_bound(a, i, b, j):
    """Return ``(area_a, area_b, at_most)`` from bounding boxes along the sides of each box."""
    p, q = _box(a, i), _box(b, j)
    first, second = p[2] * p[3], q[2] * q[3]
    return first, second, min(min(_within(p, q), _within(q, p)), min(first, second))


@scalar
def rotated_overlap(a, i, b, j):
    """Return ``(area_a, area_b, intersection)`` of two rotated boxes."""
    p, q = _box(a, i), _box(b, j)
    first, second, at_most = rotated_bound(a, i, b, j)
    equal = (p[0] == q[0]) & (p[1] == q[1]) & (p[2] == q[2]) & (p[3] == q[3]) & (p[4] == q[4])
    swap = (p[0] > q[0]) | (p[0] == q[0]) & (
        (p[1] > q[1])
        | (p[1] == q[1])
        & ((p[2] > q[2]) | (p[2] == q[2]) & ((p[3] > q[3]) | (p[3] == q[3]) & (p[4] > q[4])))
    )
    one = (
        q[0] if swap else p[0],
        q[1] if swap else p[1],
        q[2] if swap else p[2],
        q[3] if swap else p[3],
        0.0,
        q[5] if swap else p[5],
        q[6] if swap else p[6],
    )
    two = (
        p[0] if swap else q[0],
        p[1] if swap else q[1],
        p[2] if swap else q[2],
        p[3] if swap else q[3],
        0.0,
        p[5] if swap else q[5],
        p[6] if swap else q[6],
    )
    shared = min(max(_shared_area(one, two), 0.0), min(first, second))
    shared = shared + 0.0 if at_most > 0.0 else 0.0  # never -0.0
    return first, second, first if equal else shared


# ------------------------------------------------------------------------------ gradient
# In the frame of the box whose gradient is wanted, with the second turned by a multiple of 90
# degrees so that its angle is in [0, 90).


@scalar
def _folded(c, s, bw, bh):
    """Return cos, sin and half sides of the second box with its angle in [0, 90)."""
    if s < 0.0 or (s == 0.0 and c < 0.0):
        c, s = -c, -s
    if c <= 0.0:
        return s, -c, bh, bw
    return c, s, bw, bh


@scalar
def _inside_share(px, py, dx, dy, half, height, near):
    """Return length and first moment, in [-1, 1], of ``p + t d`` inside a centered box.

    A segment along a side of the box counts by half.
    """
    t0, t1, weight = -1.0, 1.0, 1.0
    for k in range(2):
        p, d, h = (px, dx, half) if k == 0 else (py, dy, height)
        if abs(d) <= near:
            beyond = abs(p) - h
            weight *= 0.0 if beyond > near else (0.5 if beyond >= -near else 1.0)
        else:
            u, v = (-h - p) / d, (h - p) / d
            t0, t1 = max(t0, min(u, v)), min(t1, max(u, v))
    if t1 <= t0:
        return 0.0, 0.0
    return weight * (t1 - t0), weight * 0.5 * (t1 - t0) * (t1 + t0)


@scalar
def _shared_gradient(aw, ah, ux, uy, c, s, bw, bh, near):
    """Return the gradient of the shared area: local x, y, half sides, angle."""
    x, y = -(c * ux + s * uy), s * ux - c * uy  # the center of a in the frame of b
    wx, wy, hx, hy = c * aw, -s * aw, s * ah, c * ah
    lr, mr = _inside_share(x + wx, y + wy, hx, hy, bw, bh, near)
    ll, ml = _inside_share(x - wx, y - wy, hx, hy, bw, bh, near)
    lt, mt = _inside_share(x + hx, y + hy, wx, wy, bw, bh, near)
    lb, mb = _inside_share(x - hx, y - hy, wx, wy, bw, bh, near)
    return (
        (lr - ll) * ah,
        (lt - lb) * aw,
        (lr + ll) * ah,
        (lt + lb) * aw,
        (ml - mr) * ah * ah + (mt - mb) * aw * aw,
    )


@scalar
def rotated_overlap_pullback(a, i, b, j, do, de, ds, dx):
    """Return the gradient of the overlap, of the distance of centers and of own sides."""
    p, q = _box(a, i), _box(b, j)
    ux, uy, c, s = _relative(p, q)
    aw, ah = 0.5 * p[2], 0.5 * p[3]
    c, s, bw, bh = _folded(c, s, 0.5 * q[2], 0.5 * q[3])
    near = 1e-13 * (aw + ah + bw + bh)
    shared = _shared_gradient(aw, ah, ux, uy, c, s, bw, bh, near)
    x = do[2] * shared[0] - 2.0 * de[1] * ux
    y = do[2] * shared[1] - 2.0 * de[1] * uy
    w = 0.5 * do[2] * shared[2] + do[0] * p[3] + dx[0][1]
    h = 0.5 * do[2] * shared[3] + do[0] * p[2] + dx[1][1]
    # Between equal boxes the two one-sided changes of the angle are opposite.
    angle = do[2] * shared[4] if _order(p, q) != 0 else 0.0
    return (p[5] * x - p[6] * y, p[6] * x + p[5] * y, w, h, angle)


@scalar
def rotated_extent(a, i, b, j):
    """Return own width and height; there are no sides of a convex hull."""
    return ((0.0, a[2][i], b[2][j], 0.0), (0.0, a[3][i], b[3][j], 0.0))
