"""Formulas of scores: functions of the terms of a pair, without any geometry.

Every formula takes ``(o, e, s, x, p)``, the four groups of terms (see `overlap._kernels.terms`)
and the run-time parameters, and returns its value and its partial derivatives
``(value, do, de, ds, dx)``. Partials are zero where the value is undefined, and ``dx`` is
``()`` in formulas that do not look at the extent.
"""

from __future__ import annotations

import math
import sys

from overlap._kernels.arithmetic import angle
from overlap._kernels.jit import scalar

_NONE = (0.0, 0.0, 0.0)
_NAN = math.nan
_LARGEST = sys.float_info.max


@scalar
def inverse(x):
    """Return 1/x: 0 for 0, and finite for the smallest numbers, whose inverse overflows."""
    return min(1.0 / x, _LARGEST) if x > 0.0 else 0.0


# ----------------------------------------------------------------------------- ratios


@scalar
def iou(o, e, s, x, p):
    union = o[0] + o[1] - o[2]
    r = inverse(union)
    v = o[2] / union if union > 0.0 else _NAN
    d = v * r if union > 0.0 else 0.0
    return v, (-d, -d, r + d), _NONE, 0.0, ()


@scalar
def dice(o, e, s, x, p):
    total = o[0] + o[1]
    r = inverse(total)
    v = 2.0 * o[2] / total if total > 0.0 else _NAN
    d = v * r if total > 0.0 else 0.0
    return v, (-d, -d, 2.0 * r), _NONE, 0.0, ()


@scalar
def tversky(o, e, s, x, p):
    total = o[2] + (p[0] * (o[0] - o[2]) + p[1] * (o[1] - o[2]))
    r = inverse(total)
    v = o[2] / total if total > 0.0 else 0.0
    d = v * r
    v = v if o[0] + o[1] > 0.0 else _NAN
    return v, (-p[0] * d, -p[1] * d, r - d * (1.0 - p[0] - p[1])), _NONE, 0.0, ()


@scalar
def f_score(o, e, s, x, p):
    squared = min(p[0] * p[0], 1e300)  # not inf, whose share is NaN
    return tversky(o, e, s, x, (1.0 / (1.0 + squared), squared / (1.0 + squared)))


@scalar
def coverage(o, e, s, x, p):
    r = inverse(o[0])
    v = o[2] / o[0] if o[0] > 0.0 else 0.0
    d = v * r
    v = v if o[0] + o[1] > 0.0 else _NAN
    return v, (-d, 0.0, r), _NONE, 0.0, ()


@scalar
def overlap_coefficient(o, e, s, x, p):
    smaller = min(o[0], o[1])
    r = inverse(smaller)
    v = o[2] / smaller if smaller > 0.0 else 0.0
    d = v * r
    first = 0.5 * (o[0] < o[1]) + 0.5 * (o[0] <= o[1])
    v = v if o[0] + o[1] > 0.0 else _NAN
    return v, (-first * d, (first - 1.0) * d, r), _NONE, 0.0, ()


@scalar
def volumetric_similarity(o, e, s, x, p):
    total = o[0] + o[1]
    r = inverse(total)
    q = abs(o[0] - o[1]) / total if total > 0.0 else 0.0
    v = 1.0 - q if total > 0.0 else _NAN
    sign = 1.0 * (o[0] > o[1]) - 1.0 * (o[0] < o[1])
    return v, ((q - sign) * r, (q + sign) * r, 0.0), _NONE, 0.0, ()


# -------------------------------------------------------------------------- penalties
# A penalty whose denominator is 0 is 0.


@scalar
def enclosure_gap(o, e, s, x, p):
    union = o[0] + o[1] - o[2]
    r = inverse(e[0])
    v = max(e[0] - union, 0.0) / e[0] if e[0] > 0.0 else 0.0
    if union > e[0] * (1.0 + 1e-9):  # by more than rounding: of a smooth overlap
        r = 0.0
    return v, (-r, -r, r), ((1.0 - v) * r, 0.0, 0.0), 0.0, ()


@scalar
def center_gap(o, e, s, x, p):
    r = inverse(e[2])
    v = e[1] / e[2] if e[2] > 0.0 else 0.0
    return v, _NONE, (0.0, r, -v * r), 0.0, ()


@scalar
def enclosed_gap(o, e, s, x, p):
    r = inverse(e[0])
    v = s / e[0] if e[0] > 0.0 else 0.0
    return v, _NONE, (-v * r, 0.0, 0.0), r, ()


@scalar
def aspect_gap(o, e, s, x, p):
    # p[0] = 1 differentiates alpha too; 0 holds it constant, as the paper's training does.
    if AXES == 1:
        return 0.0, _NONE, _NONE, 0.0, ((0.0, 0.0, 0.0, 0.0),)
    else:
        wa, wb, ha, hb = x[0][1], x[0][2], x[1][1], x[1][2]
        t = angle(wa * hb - wb * ha, ha * hb + wa * wb)
        v = (4.0 / math.pi**2) * t * t
        union = o[0] + o[1] - o[2]
        r = inverse(union)
        ratio = o[2] / union if union > 0.0 else 0.0
        total = (1.0 - ratio) + v
        alpha = v / total if total > 0.0 else 0.0
        dv = alpha * (1.0 + p[0] * (1.0 - alpha)) * (8.0 / math.pi**2) * t
        di = p[0] * alpha * alpha
        da = wa * wa + ha * ha
        db = wb * wb + hb * hb
        da = dv / da if da > 0.0 else 0.0
        db = dv / db if db > 0.0 else 0.0
        do = (-di * ratio * r, -di * ratio * r, di * (1.0 + ratio) * r)
        dx = ((0.0, ha * da, -hb * db, 0.0), (0.0, -wa * da, wb * db, 0.0)) + ZEROS  # noqa: RUF005
        return alpha * v, do, _NONE, 0.0, dx


def side(x):
    _, side_a, side_b, cover = x[K]
    r = inverse(cover)
    q = (side_a - side_b) / cover if cover > 0.0 else 0.0
    return (0.0, 2.0 * q * r, -2.0 * q * r, -2.0 * q * q * r)


@scalar
def sides_gap(o, e, s, x, p):
    v = 0.0
    for _, side_a, side_b, cover in x:
        q = (side_a - side_b) / cover if cover > 0.0 else 0.0
        v += q * q
    return v, _NONE, _NONE, 0.0, EACH(x)


@scalar
def _sign(x):
    return 1.0 * (x > 0.0) - 1.0 * (x < 0.0)


@scalar
def direction_gap(o, e, s, x, p):
    # Shares q of the sides of the enclosure between the centers, and how near to a diagonal the
    # line through both is: 2 sin cos, 0 along an axis.
    if AXES == 1:
        offset, _, _, cover = x[0]
        r = inverse(cover)
        q = offset / cover if cover > 0.0 else 0.0
        d = 2.0 * math.exp(-2.0 * q * q) * q * r
        return -0.5 * math.expm1(-2.0 * q * q), _NONE, _NONE, 0.0, ((d, 0.0, 0.0, -d * q),)
    else:
        u, _, _, wide = x[AXES - 2]
        v, _, _, high = x[AXES - 1]
        f, g = abs(u), abs(v)
        away = math.hypot(f, g)
        fc, gc = (f / away, g / away) if away > 0.0 else (0.0, 0.0)
        rate = 2.0 - 2.0 * fc * gc
        fr, gr = inverse(wide), inverse(high)
        fq = f / wide if wide > 0.0 else 0.0
        gq = g / high if high > 0.0 else 0.0
        fe, ge = math.exp(-rate * fq * fq), math.exp(-rate * gq * gq)
        value = -0.5 * (math.expm1(-rate * fq * fq) + math.expm1(-rate * gq * gq))
        # By the direction; q^2 / away is written such that a small distance is no divisor.
        turn = (fe * fq * (fc * fr) + ge * gq * (gc * gr)) * (fc - gc) * (fc + gc)
        df, dg = rate * fe * fq * fr, rate * ge * gq * gr
        dx = ZEROS + (  # noqa: RUF005
            (_sign(u) * (df + gc * turn), 0.0, 0.0, -df * fq),
            (_sign(v) * (dg - fc * turn), 0.0, 0.0, -dg * gq),
        )
        return value, _NONE, _NONE, 0.0, dx


@scalar
def _unlike(first, second, theta):
    """Return ``(1 - exp(-w))^theta`` of the relative difference w, and its two partials."""
    larger = max(first, second)
    r = inverse(larger)
    w = abs(first - second) / larger if larger > 0.0 else 0.0
    if w == 0.0:
        return 0.0, 0.0, 0.0
    base = -math.expm1(-w)
    power = math.pow(base, theta)
    d = theta * (power / base) * (1.0 - base) * r
    grown, shrunk = d * (min(first, second) / larger), -d
    return power, grown if first > second else shrunk, shrunk if first > second else grown


@scalar
def shape_gap(o, e, s, x, p):
    value, da, db = _unlike(x[0][1], x[0][2], p[0])
    if AXES == 1:
        return 0.5 * value, _NONE, _NONE, 0.0, ((0.0, 0.5 * da, 0.5 * db, 0.0),)
    else:
        other, ea, eb = _unlike(x[1][1], x[1][2], p[0])
        first, second = (0.0, 0.5 * da, 0.5 * db, 0.0), (0.0, 0.5 * ea, 0.5 * eb, 0.0)
        dx = (first, second) + ZEROS  # noqa: RUF005
        return 0.5 * (value + other), _NONE, _NONE, 0.0, dx


def corner(x, diagonal):
    offset, side_a, side_b, cover = x[K]
    scale = inverse(diagonal) if cover > 0.0 else 0.0
    d = (side_a - side_b) * scale * scale
    return (4.0 * offset * scale * scale, d, -d, 0.0)


@scalar
def corner_gap(o, e, s, x, p):
    v = 0.0
    for offset, side_a, side_b, cover in x:
        q = offset / p[0] if cover > 0.0 else 0.0
        d = (side_a - side_b) / p[0] if cover > 0.0 else 0.0
        v += 2.0 * q * q + 0.5 * d * d  # both ends: offset + d / 2 and offset - d / 2
    return min(v, _LARGEST), _NONE, _NONE, 0.0, EACH(x, p[0])


# ------------------------------------------------------------------------ divergences
# Here ``e`` is ``(transport2, bhattacharyya, kl_ba)`` and ``s`` is ``kl_ab``. Divergences may be
# infinite, for which a score is 0, and NaN. A distance is the root of a divergence and has a cone
# where two distributions are equal, where it has no gradient; the partials there are 0, the middle
# of the subgradients.


@scalar
def _root(x):
    """Return ``sqrt(x)`` and its derivative, 0 at 0."""
    u = math.sqrt(x)
    return u, 0.5 * inverse(u)


@scalar
def _similarity(x, root, log):
    """Return ``1 / (1 + f(x))`` and its derivative, with f of a root and ln(1 + .) as asked."""
    u, du = _root(x) if root > 0.0 else (x, 1.0)
    f, df = (math.log1p(u), du / (1.0 + u)) if log > 0.0 else (u, du)
    v = 1.0 / (1.0 + f)
    return v, -v * (v * df) if x < math.inf else 0.0


@scalar
def kfiou(o, e, s, x, p):
    v, do, de, ds, dx = iou(o, e, s, x, p)
    return (min(v, 1.0 / 3.0) if v == v else v), do, de, ds, dx  # rounding must not exceed it


@scalar
def nwd(o, e, s, x, p):
    w, dw = _root(e[0])
    v = math.exp(-w / p[0])
    return v, _NONE, (-v / p[0] * dw, 0.0, 0.0), 0.0, ()


@scalar
def gwd(o, e, s, x, p):
    # p: root, log, normalize
    if p[2] > 0.0:
        size = 4.0 * math.sqrt(o[0]) * math.sqrt(o[1])
        if size == 0.0:
            return (math.nan if o[0] == o[1] else 0.0), _NONE, _NONE, 0.0, ()
        d = e[0] / size
        v, dd = _similarity(d, p[0], p[1])
        do = (-0.5 * dd * (d / o[0]), -0.5 * dd * (d / o[1]), 0.0)
        return v, do, (dd / size, 0.0, 0.0), 0.0, ()
    v, dd = _similarity(e[0], p[0], p[1])
    return v, _NONE, (dd, 0.0, 0.0), 0.0, ()


@scalar
def kld(o, e, s, x, p):
    v, dd = _similarity(e[2], p[0], p[1])
    return v, _NONE, (0.0, 0.0, dd), 0.0, ()


@scalar
def jd(o, e, s, x, p):
    v, dd = _similarity(0.5 * (e[2] + s), p[0], p[1])
    return v, _NONE, (0.0, 0.0, 0.5 * dd), 0.5 * dd, ()


@scalar
def probiou(o, e, s, x, p):
    shared = math.exp(-e[1])
    h, dh = _root(-math.expm1(-e[1]))
    d = -shared * dh if e[1] < math.inf else 0.0
    return shared / (1.0 + h), _NONE, (0.0, d, 0.0), 0.0, ()  # 1 - h, also where h is nearly 1
