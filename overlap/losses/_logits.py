"""Kernels for losses of logits, with gradients, in one pass over the numbers.

A loss is a base of the power that turns easy numbers down, and a formula that takes this power.
Both are scalars of the logistic functions of the logit z: p = sigmoid(z), q = 1 - p,
below = -ln q, above = -ln p. These are arithmetic alone, which a compiler does for several
numbers at once.

The exponential and the logarithm of the C library are calls, one number each, and take most of
the time of a loss of logits. These here agree with them to a few units in the last place.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from overlap._kernels.arithmetic import multiply_add
from overlap._kernels.jit import scalar

__all__ = ["FOCAL", "QUALITY", "VARIFOCAL", "classify", "logistic", "power_of_share"]

_config: Any = numba.config

_ROUND = 1.5 * 2.0**52  # added and subtracted again, it leaves the nearest whole number
_BIASED = 2.0**52 + 1023.0
_LOG2E = math.log2(math.e)
_LN2 = math.log(2.0)
_HIGH = math.floor(_LN2 * 2.0**32) / 2.0**32  # products of it with small k are exact ...
_LOW = 1.9082149292705877e-10  # ... and what is left of it


# The numbers 2^52 + n have n as their last bits, and the exponent of a number is in its first
# twelve, which are shifted from there to here and back.


@intrinsic
def _last_to_first(context, x):
    def generate(context, builder, signature, arguments):
        bits = builder.bitcast(arguments[0], context.get_value_type(types.uint64))
        bits = builder.shl(bits, context.get_constant(types.uint64, 52))
        return builder.bitcast(bits, context.get_value_type(types.float64))

    return types.float64(types.float64), generate


@intrinsic
def _first_to_last(context, x):
    def generate(context, builder, signature, arguments):
        bits = builder.bitcast(arguments[0], context.get_value_type(types.uint64))
        bits = builder.lshr(bits, context.get_constant(types.uint64, 52))
        bits = builder.or_(bits, context.get_constant(types.uint64, 0x433 << 52))
        return builder.bitcast(bits, context.get_value_type(types.float64))

    return types.float64(types.float64), generate


@scalar
def _compiled_two_to(k):
    return _last_to_first(k + _BIASED)  # type: ignore[call-arg]


@scalar
def _plain_two_to(k):
    return math.ldexp(1.0, int(k)) if k == k else k


@scalar
def _compiled_exponent(x):
    return _first_to_last(x) - _BIASED  # type: ignore[call-arg]


@scalar
def _plain_exponent(x):
    return math.frexp(x)[1] - 1.0 if x > 0.0 else -1023.0


# ``2^k`` for a whole k between -1022 and 1023, and the k with ``2^k <= x < 2^(k + 1)``, for x of
# 0 or not denormal; -1023 of 0.
_two_to = _plain_two_to if _config.DISABLE_JIT else _compiled_two_to
_exponent = _plain_exponent if _config.DISABLE_JIT else _compiled_exponent


@scalar
def _decay(a):
    """Return ``exp(-a)`` for a >= 0, denormal results included."""
    x = -min(a, 1000.0)
    k = (x * _LOG2E + _ROUND) - _ROUND
    r = (x - k * _HIGH) - k * _LOW  # in [-ln 2 / 2, ln 2 / 2]
    # The even and the odd powers apart: two short chains take half the time of a long one.
    v = r * r
    odd = 1.0 / 6227020800.0
    odd = multiply_add(odd, v, 1.0 / 39916800.0)
    odd = multiply_add(odd, v, 1.0 / 362880.0)
    odd = multiply_add(odd, v, 1.0 / 5040.0)
    odd = multiply_add(odd, v, 1.0 / 120.0)
    odd = multiply_add(odd, v, 1.0 / 6.0)
    even = 1.0 / 479001600.0
    even = multiply_add(even, v, 1.0 / 3628800.0)
    even = multiply_add(even, v, 1.0 / 40320.0)
    even = multiply_add(even, v, 1.0 / 720.0)
    even = multiply_add(even, v, 1.0 / 24.0)
    even = multiply_add(even, v, 0.5)
    y = multiply_add(even, v, odd * (v * r)) + r + 1.0
    half = (0.5 * k + _ROUND) - _ROUND
    return y * _two_to(half) * _two_to(k - half)


@scalar
def _twice_area_tangent(u):
    """Return ``2 artanh(u) = ln((1 + u) / (1 - u))`` for ``|u| < 0.172``."""
    v = u * u
    w = v * v
    odd = 2.0 / 19.0
    odd = multiply_add(odd, w, 2.0 / 15.0)
    odd = multiply_add(odd, w, 2.0 / 11.0)
    odd = multiply_add(odd, w, 2.0 / 7.0)
    odd = multiply_add(odd, w, 2.0 / 3.0)
    even = 2.0 / 17.0
    even = multiply_add(even, w, 2.0 / 13.0)
    even = multiply_add(even, w, 2.0 / 9.0)
    even = multiply_add(even, w, 2.0 / 5.0)
    return multiply_add(u, v * multiply_add(even, v, odd), 2.0 * u)


@scalar
def _log_above_one(s):
    """Return ``ln(1 + s)`` for s in [0, 1]."""
    large = s > 0.41421356
    f = 0.5 * (s - 1.0) if large else s
    return (_LN2 if large else 0.0) + _twice_area_tangent(f / (2.0 + f))


@scalar
def power_of_share(x, power):
    """Return ``x^power`` for x in [0, 1] and a power >= 0; 0^0 is 1.

    The relative error is about 1e-16 times ``1 + |ln(x^power)|``.
    """
    denormal = x < 2.0**-1000
    y = x * 2.0**60 if denormal else x
    k = _exponent(y)
    m = y * _two_to(-k if k > -1023.0 else 0.0)  # in [1, 2)
    large = m > 1.41421356
    m = 0.5 * m if large else m
    k = (k + 1.0 if large else k) - (60.0 if denormal else 0.0)
    log = k * _LN2 + _twice_area_tangent((m - 1.0) / (m + 1.0))
    result = _decay(-(power * log) if x > 0.0 else 0.0)
    return result if (x > 0.0) | (power == 0.0) else 0.0


@scalar
def logistic(z):
    """Return p = sigmoid(z), 1 - p, -ln(1 - p) and -ln p, each to full precision."""
    s = _decay(abs(z))
    near = 1.0 / (1.0 + s)
    far = s * near
    rest = _log_above_one(s)
    positive = z >= 0.0
    p = near if positive else far
    q = far if positive else near
    return p, q, max(z, 0.0) + rest, max(-z, 0.0) + rest


BASE: Callable
FORMULA: Callable

_LARGEST = sys.float_info.max
_CHUNK = 256  # numbers at once: all that is kept of them fits into the first cache


@scalar
def _finite(x):
    return min(max(x, -_LARGEST), _LARGEST)


# ------------------------------------------------------------------------------- formulas
# A base is in [0, 1] and exact at both ends. Of a formula, factor is base^power, and positive
# and negative are the weights of such targets; it returns the loss and its derivative by z.


@scalar
def _focal_base(p, q, t):
    return p * (1.0 - t) + q * t


@scalar
def _focal(p, q, below, above, t, factor, power, positive, negative):
    r = 1.0 - t
    entropy = t * above + r * below
    base = _focal_base(p, q, t)
    # d base / dz = (1 - 2 t) p q, and p q / base is at most 1
    share = p * q / (base if base > 0.0 else 1.0)
    scale = factor * (t * positive + r * negative)
    inner = _finite(power * share * (1.0 - 2.0 * t) * entropy)
    return scale * entropy, scale * (inner + (p * r - q * t))


@scalar
def _quality_base(p, q, t):
    return abs(p * (1.0 - t) - q * t)


@scalar
def _quality(p, q, below, above, t, factor, power, positive, negative):
    r = 1.0 - t
    entropy = t * above + r * below
    off = p * r - q * t  # p - t, without cancellation at both ends
    share = _finite(p * q / (off if off != 0.0 else math.inf))
    return factor * entropy, factor * (_finite(power * share * entropy) + off)


@scalar
def _varifocal_base(p, q, t):
    return p


@scalar
def _varifocal(p, q, below, above, t, factor, power, positive, negative):
    r = 1.0 - t
    scale = negative * factor
    value = scale * below
    slope = scale * (_finite(power * (q * below)) + p)
    found = t > 0.0
    return (
        t * (t * above + r * below) if found else value,
        t * (p * r - q * t) if found else slope,
    )


FOCAL = {"BASE": _focal_base, "FORMULA": _focal}
QUALITY = {"BASE": _quality_base, "FORMULA": _quality}
VARIFOCAL = {"BASE": _varifocal_base, "FORMULA": _varifocal}


# ----------------------------------------------------------------------------------- loop


def classify(logits, target, grad, classes, options, factors, common, per_item):
    """Write the losses of items, summed over their classes, and the scaled gradients.

    Parameters
    ----------
    logits, target, grad : ndarray, shape (N * classes,)
    classes : int
    options : tuple of float
        The power, and the weights of positive and of negative targets.
    factors : ndarray, shape (N,) or (0,)
        By which the gradients of each item are multiplied, if there are any.
    common : float
        By which all of them are.
    per_item : ndarray, shape (N,)

    Returns
    -------
    int
        How many logits are not finite, or targets not in [0, 1].
    """
    power, positive, negative = options
    weighted = factors.shape[0] > 0
    # More arrays in a loop, and it would not vectorize: too many might overlap.
    value, slope, factor = np.empty((3, _CHUNK))
    item, column, total, bad = 0, 0, 0.0, 0
    for start in range(0, grad.shape[0], _CHUNK):
        z, t = logits[start : start + _CHUNK], target[start : start + _CHUNK]
        size = z.shape[0]
        if power != 2.0:
            for k in range(size):
                p, q, below, above = logistic(z[k])
                factor[k] = BASE(p, q, t[k])
            for k in range(size):
                factor[k] = power_of_share(factor[k], power)
        for k in range(size):
            x, y = z[k], t[k]
            bad += 0 if (abs(x) <= _LARGEST) & (y >= 0.0) & (y <= 1.0) else 1
            p, q, below, above = logistic(x)
            base = BASE(p, q, y)
            w = base * base if power == 2.0 else factor[k]
            value[k], g = FORMULA(p, q, below, above, y, w, power, positive, negative)
            slope[k] = _finite(_finite(g) * common)
        for k in range(size):
            grad[start + k] = _finite(slope[k] * factors[item]) if weighted else slope[k]
            total += value[k]
            column += 1
            if column == classes:
                per_item[item] = min(total, _LARGEST)
                item, column, total = item + 1, 0, 0.0
    return bad
