"""Loops over the items of a loss."""

from __future__ import annotations

import sys

__all__ = ["NEAR", "settle"]

NEAR = 1e-12
_LARGEST = sys.float_info.max


def settle(item, best, sign, factors, common, grad):
    """Make losses of scores, and scale and sum them.

    The losses ``best + sign * item`` are written over `item`, shape (N,). The gradients, shape
    (P, N), are scaled by sign, by `common` and by the factors of the items, which may be none.
    One that is not a number becomes 0, and one too large for a number the largest one.

    Returns the sum, and how many losses are 0, nearly 0 or NaN, which takes a closer look.
    """
    weighted = factors.shape[0] > 0
    total, odd, bad = 0.0, 0, 0
    for k in range(item.shape[0]):
        loss = min(best + sign * item[k], _LARGEST)
        item[k] = loss
        odd += 0 if loss > NEAR else 1
    for k in range(item.shape[0]):
        total += item[k] * (factors[k] if weighted else 1.0)
    scale = sign * common
    for c in range(grad.shape[0]):
        if weighted:
            for k in range(grad.shape[1]):
                g = grad[c, k] * (scale * factors[k]) + 0.0  # not -0.0
                grad[c, k] = g
                bad += 0 if abs(g) <= _LARGEST else 1
        else:
            for k in range(grad.shape[1]):
                g = grad[c, k] * scale + 0.0
                grad[c, k] = g
                bad += 0 if abs(g) <= _LARGEST else 1
    if bad > 0:
        for c in range(grad.shape[0]):
            for k in range(grad.shape[1]):
                g = grad[c, k]
                grad[c, k] = min(max(g, -_LARGEST), _LARGEST) if g == g else 0.0
    return total * common, odd
