"""Formulas of the scores of distributions: what they make of divergences.

Like those in `overlap._kernels.formulas`. Here ``e`` is ``(transport2, bhattacharyya, kl_ba)`` and
``s`` is ``kl_ab``. Divergences may be infinite, for which a score is 0, and NaN. A distance is
the root of a divergence and has a cone where two distributions are equal, where it has no
gradient; the partials there are 0, the middle of the subgradients.
"""

from __future__ import annotations

import math

from overlap._kernels import formulas as _formulas
from overlap._kernels.jit import scalar

_NONE = (0.0, 0.0, 0.0)


@scalar
def _root(x):
    """Return ``sqrt(x)`` and its derivative, 0 at 0."""
    u = math.sqrt(x)
    return u, 0.5 * _formulas.inverse(u)


@scalar
def _similarity(x, root, log):
    """Return ``1 / (1 + f(x))`` and its derivative, with f of a root and ln(1 + .) as asked."""
    u, du = _root(x) if root > 0.0 else (x, 1.0)
    f, df = (math.log1p(u), du / (1.0 + u)) if log > 0.0 else (u, du)
    v = 1.0 / (1.0 + f)
    return v, -v * (v * df) if x < math.inf else 0.0


@scalar
def kfiou(o, e, s, x, p):
    v, do, de, ds, dx = _formulas.iou(o, e, s, x, p)
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
