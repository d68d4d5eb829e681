"""Smooth overlaps of two intervals: blurred by a Gaussian, and by smooth minima.

Both are pairs of scalars of the four ends and two settings. ``length(a0, a1, b0, b1, u, v)``
returns ``(measure_a, measure_b, shared)``, ``slopes`` the derivative of measure_a with
respect to its stop and those of the shared length with respect to a0 and a1.
"""

from __future__ import annotations

import math

import numpy as np

from overlap._kernels.jit import scalar, subroutine

_ROOT_HALF = math.sqrt(0.5)
_PEAK = 1.0 / math.sqrt(2.0 * math.pi)
_NARROW = 0.25  # in standard deviations; below it differences of tails would cancel
_FAR = 1e300  # an infinite exponent would leave no number
_NODES, _WEIGHTS = (tuple(map(float, half)) for half in np.polynomial.legendre.leggauss(5))


# ------------------------------------------------------------------------------- blurred


@subroutine
def tail(z):
    """Return the integral of ``Phi(-t)`` from z >= 0 to infinity, Phi being the normal law."""
    if z > 38.0:  # smaller than the smallest number
        return 0.0
    return max(_PEAK * math.exp(-0.5 * z * z) - 0.5 * z * math.erfc(_ROOT_HALF * z), 0.0)


@subroutine
def normal_between(u, v):
    """Return ``Phi(v) - Phi(u)`` for u <= v to full relative precision."""
    if v - u < _NARROW:
        middle, half, total = 0.5 * (u + v), 0.5 * (v - u), 0.0
        for k in range(5):
            z = middle + half * _NODES[k]
            total += _WEIGHTS[k] * math.exp(-0.5 * z * z)
        return half * _PEAK * total
    if u + v > 0.0:
        u, v = -v, -u
    return 0.5 * (math.erfc(-_ROOT_HALF * v) - math.erfc(-_ROOT_HALF * u))


@scalar
def _shared_of_short(a0, a1, b0, b1):
    """Return the blurred overlap, in standard deviations, of a short interval with another."""
    middle, half, total = 0.5 * (a0 + a1), 0.5 * (a1 - a0), 0.0
    for k in range(5):
        x = middle + half * _NODES[k]
        total += _WEIGHTS[k] * normal_between(b0 - x, b1 - x)
    return half * total


@subroutine
def blurred_self(side, sigma):
    """Return the blurred overlap of an interval of length `side` with itself."""
    z = side / sigma
    if z < _NARROW:
        return sigma * _shared_of_short(0.0, z, 0.0, z)
    return side + 2.0 * sigma * (tail(z) - _PEAK)


@scalar
def blurred_self_slope(side, sigma):
    """Return the derivative of `blurred_self` with respect to the length."""
    return math.erf(_ROOT_HALF * (side / sigma))


@subroutine
def _blurred_shared(a0, a1, b0, b1, sigma):
    if a0 == b0 and a1 == b1:
        return blurred_self(a1 - a0, sigma)
    wa, wb = a1 - a0, b1 - b0
    if min(wa, wb) < _NARROW * sigma:
        if wb < wa or (wb == wa and b0 < a0):
            a0, a1, b0, b1 = b0, b1, a0, a1
        wa, wb = (a1 - a0) / sigma, (b1 - b0) / sigma
        b0 = (b0 - a0) / sigma
        return sigma * _shared_of_short(0.0, wa, b0, b0 + wb)
    # The exact overlap, and what the four pairs of ends add to it.
    outer = tail(abs(b1 - a0) / sigma) + tail(abs(b0 - a1) / sigma)
    inner = tail(abs(b0 - a0) / sigma) + tail(abs(b1 - a1) / sigma)
    exact = max(min(a1, b1) - max(a0, b0), 0.0)
    return max(exact + sigma * (outer - inner), 0.0)


@scalar
def blurred_length(a0, a1, b0, b1, sigma, unused):
    """Return both self-overlaps and the overlap of two intervals, blurred by a Gaussian."""
    return (
        blurred_self(a1 - a0, sigma),
        blurred_self(b1 - b0, sigma),
        _blurred_shared(a0, a1, b0, b1, sigma),
    )


@scalar
def blurred_slopes(a0, a1, b0, b1, sigma, unused):
    """Return the derivatives of `blurred_length`: the other interval, blurred, at both ends."""
    return (
        blurred_self_slope(a1 - a0, sigma),
        -normal_between((b0 - a0) / sigma, (b1 - a0) / sigma),
        normal_between((b0 - a1) / sigma, (b1 - a1) / sigma),
    )


# ------------------------------------------------------------------------ smooth minimum
# The exact overlap is the positive part of the smallest of four lengths: both sides and
# a1 - b0, b1 - a0. The positive part becomes softplus, the minimum a log-sum-exp. A side w
# enters as the number whose softplus it is, so that the result is smaller than both sides.


@scalar
def _exponents(a0, a1, b0, b1, t):
    """Return minus the four lengths over the temperature, and their log-sum-exp."""
    p, q = (a1 - a0) / t, (b1 - b0) / t
    u = -(p + math.log(-math.expm1(-p)))
    v = -(q + math.log(-math.expm1(-q)))
    x, y = min((b0 - a1) / t, _FAR), min((a0 - b1) / t, _FAR)
    top = max(max(u, v), max(x, y))
    parts = (math.exp(u - top) + math.exp(v - top)) + (math.exp(x - top) + math.exp(y - top))
    return u, v, x, y, top + math.log(parts)


@scalar
def _temperature(wa, wb, alpha, relative):
    # Not so low that a side over it would be infinite.
    return alpha * (0.5 * (wa + wb)) if relative > 0.0 else max(alpha, 1e-200 * (wa + wb))


@scalar
def _softplus_of_minus(z):
    """Return ``log(1 + exp(-z))``."""
    return max(-z, 0.0) + math.log1p(math.exp(-abs(z)))


@subroutine
def smooth_length(a0, a1, b0, b1, alpha, relative):
    """Return both lengths and the smooth minimum of the length that two intervals share."""
    wa, wb = a1 - a0, b1 - b0
    t = _temperature(wa, wb, alpha, relative)
    # A side too small for its share of the temperature to be a number counts as none.
    if t == 0.0 or min(wa, wb) / t == 0.0:
        return wa, wb, 0.0
    return wa, wb, min(t * _softplus_of_minus(_exponents(a0, a1, b0, b1, t)[4]), min(wa, wb))


@subroutine
def smooth_slopes(a0, a1, b0, b1, alpha, relative):
    """Return the derivatives of `smooth_length`, that of the temperature included."""
    wa, wb = a1 - a0, b1 - b0
    t = _temperature(wa, wb, alpha, relative)
    if t == 0.0 or wb / t == 0.0:
        return 1.0, 0.0, 0.0
    if wa / t == 0.0:  # what an empty interval grows by is shared
        return 1.0, -1.0, 1.0
    u, v, x, y, total = _exponents(a0, a1, b0, b1, t)
    shared = t * _softplus_of_minus(total)
    share = 1.0 / (1.0 + math.exp(total)) if total < 700.0 else 0.0
    by_a = share * math.exp(u - total) / -math.expm1(-wa / t)
    by_b = share * math.exp(v - total) / -math.expm1(-wb / t)
    by_x, by_y = share * math.exp(x - total), share * math.exp(y - total)
    if relative > 0.0:  # shared / t depends on the four lengths over t
        lengths = wa * by_a + wb * by_b + ((a1 - b0) * by_x + (b1 - a0) * by_y)
        by_a += 0.5 * alpha * (shared - lengths) / t
    return 1.0, -by_a - by_y, by_a + by_x
