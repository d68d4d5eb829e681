"""Quotients and powers of tensors, for components as operations of PyTorch.

Autograd differentiates what is computed, so a denominator that is 0 is replaced before the
division and not after it: NaN times 0 is NaN. Only methods of tensors are called, and PyTorch is
not imported.
"""

from __future__ import annotations

from typing import Any

__all__ = ["over", "powered"]


def over(top: Any, bottom: Any) -> Any:
    """Return the quotient, 0 where the denominator is 0."""
    positive = bottom > 0.0
    quotient = top / bottom.where(positive, bottom.new_ones(()))
    return quotient.where(positive, quotient.new_zeros(()))


def powered(base: Any, power: float, floor: float = 0.0) -> Any:
    """Return ``base^power``; below the floor, the slope is that at the floor.

    The floor is for powers below 1, whose slope is infinite at 0.
    """
    if power >= 1.0:
        return base**power
    held = base.detach()
    slope = power * held.clamp(min=floor) ** (power - 1.0) if power > 0.0 else 0.0 * held
    return held**power + slope * (base - held)
