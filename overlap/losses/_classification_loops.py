"""Losses of logits with their gradients, in one pass.

A loss is a base of the power that turns easy numbers down, and a formula that takes this power.
Both are scalars of the logistic functions of the logit z: p = sigmoid(z), q = 1 - p,
below = -ln q, above = -ln p.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import numpy as np

from overlap._kernels.jit import scalar
from overlap.losses._logistic import logistic, power_of_share

__all__ = ["FOCAL", "QUALITY", "VARIFOCAL", "classify"]

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
    # More arrays in a loop, and it would not vectorise: too many might overlap.
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
