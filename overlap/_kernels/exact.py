"""What floating-point products and sums round away."""

from __future__ import annotations

from typing import Any

import numba
from numba import types
from numba.extending import intrinsic

from overlap._kernels.jit import scalar

__all__ = ["multiply_add", "sum_of_products"]


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
