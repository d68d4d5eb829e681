"""Arithmetic for loops over pairs: products and sums nearly without rounding, and angles.

Nothing here branches or calls the C library, so that the loops are vectorized.
"""

from __future__ import annotations

import math
from typing import Any

import numba
from numba import types
from numba.extending import intrinsic

from overlap._kernels.jit import scalar

__all__ = ["angle", "multiply_add", "sum_of_products"]

_config: Any = numba.config


@intrinsic
def _fused_multiply_add(context, a, b, c):
    def generate(context, builder, signature, arguments):
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


@scalar
def _compiled_multiply_add(a, b, c):
    return _fused_multiply_add(a, b, c)  # type: ignore[call-arg]


@scalar
def _plain_multiply_add(a, b, c):
    return a * b + c


# Returns ``a b + c``, rounded once where it is compiled: half the instructions of a polynomial.
multiply_add = _plain_multiply_add if _config.DISABLE_JIT else _compiled_multiply_add


@scalar
def _fused_error(a, b, p):
    return _fused_multiply_add(a, b, -p)  # type: ignore[call-arg]


@scalar
def _split_error(a, b, p):
    t = 134217729.0 * a
    ah = t - (t - a)
    al = a - ah
    t = 134217729.0 * b
    bh = t - (t - b)
    bl = b - bh
    return ((ah * bh - p) + ah * bl + al * bh) + al * bl


# Returns ``a b - p`` exactly for ``p = fl(a b)``; in plain Python after Dekker (1971).
_product_error = _split_error if _config.DISABLE_JIT else _fused_error


@scalar
def sum_of_products(a, b, c, d):
    """Return ``a b + c d`` to nearly full precision, also where it cancels."""
    p, q = a * b, c * d
    return (p + q) + (_product_error(a, b, p) + _product_error(c, d, q))


_EIGHTH = math.sqrt(2.0) - 1.0  # the tangent of an eighth of a turn's quarter
_QUARTER = 0.25 * math.pi
_HALF = 0.5 * math.pi


@scalar
def angle(y, x):
    """Return ``atan2(y, x)`` for x >= 0, in [-pi/2, pi/2] and to 4e-16 of itself; 0 for (0, 0).

    The quotient is brought below tan(pi/8) with one division, by
    ``atan(s/l) = pi/4 + atan((s - l) / (s + l))``. There ``(atan(q)/q - 1) / q^2`` is a
    polynomial in q^2 through 12 Chebyshev nodes; the nearest singularity, q^2 = -1, is so far that
    its error is below rounding.
    """
    a = abs(y)
    small, large = min(a, x), max(a, x)
    far = small >= _EIGHTH * large
    top = small - large if far else small
    bottom = small + large if far else large
    q = top / bottom if (bottom > 0.0) & (bottom < math.inf) else 0.0
    z = q * q
    p = 0.016284375050043393
    p = p * z - 0.03456931506332609
    p = p * z + 0.045515447340221615
    p = p * z - 0.05230443640686948
    p = p * z + 0.05878927554473807
    p = p * z - 0.0666642476020052
    p = p * z + 0.07692296368042296
    p = p * z - 0.09090908753259112
    p = p * z + 0.11111111105150588
    p = p * z - 0.14285714285659779
    p = p * z + 0.19999999999999804
    p = p * z - 0.3333333333333333
    t = q + q * (z * p)
    t = _QUARTER + t if far else t
    t = _HALF - t if a > x else t
    t = t if large > 0.0 else 0.0
    return -t if y < 0.0 else t
