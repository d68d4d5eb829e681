"""The components of scores as expressions of PyTorch, for tensors on other devices.

Each takes the terms and its own parameters. Autograd differentiates them, so a denominator
that is 0 is replaced before the division and not after it: NaN times 0 is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from overlap._kernels.terms import Groups
from overlap.scores.component import Part

__all__ = ["FORMULAS", "combined", "powered"]


def _over(top: Any, bottom: Any) -> Any:
    """Return the quotient, 0 where the denominator is 0."""
    positive = bottom > 0.0
    quotient = top / torch.where(positive, bottom, torch.ones_like(bottom))
    return torch.where(positive, quotient, torch.zeros_like(quotient))


def _iou(t: Any) -> Any:
    return _over(t.intersection, t.union)


def _dice(t: Any) -> Any:
    return _over(2.0 * t.intersection, t.measure_a + t.measure_b)


def _tversky(t: Any, alpha: float, beta: float) -> Any:
    rest = alpha * (t.measure_a - t.intersection) + beta * (t.measure_b - t.intersection)
    return _over(t.intersection, t.intersection + rest)


def _f_score(t: Any, beta: float) -> Any:
    squared = beta * beta
    return _tversky(t, 1.0 / (1.0 + squared), squared / (1.0 + squared))


def _coverage(t: Any) -> Any:
    return _over(t.intersection, t.measure_a)


def _overlap_coefficient(t: Any) -> Any:
    return _over(t.intersection, torch.minimum(t.measure_a, t.measure_b))


def _volumetric_similarity(t: Any) -> Any:
    total = t.measure_a + t.measure_b
    return _over(total - (t.measure_a - t.measure_b).abs(), total)


def _enclosure_gap(t: Any) -> Any:
    return _over((t.hull - t.union).clamp(min=0.0), t.hull)


def _center_gap(t: Any) -> Any:
    return _over(t.center_gap2, t.diameter2)


def _enclosed_gap(t: Any) -> Any:
    return _over(t.outside, t.hull)


def _aspect_gap(t: Any, alpha_grad: float) -> Any:
    a, b = t.side_a, t.side_b
    if a.shape[-1] == 1:
        return torch.zeros_like(t.intersection)
    wa, ha, wb, hb = a[..., 0], a[..., 1], b[..., 0], b[..., 1]
    defined = (wa * wa + ha * ha > 0.0) & (wb * wb + hb * hb > 0.0)
    one = torch.ones_like(wa)
    turn = torch.atan2(
        torch.where(defined, wa * hb - wb * ha, 0.0 * one),
        torch.where(defined, ha * hb + wa * wb, one),
    )
    v = (4.0 / math.pi**2) * turn * turn
    alpha = _over(v, (1.0 - _iou(t)) + v)
    return (alpha if alpha_grad else alpha.detach()) * v


def _sides_gap(t: Any) -> Any:
    share = _over(t.side_a - t.side_b, t.cover)
    return (share * share).sum(-1)


def _direction_gap(t: Any) -> Any:
    share = _over(t.offset, t.cover)[..., -2:]
    if t.offset.shape[-1] == 1:
        return -0.5 * torch.expm1(-2.0 * share[..., 0] ** 2)
    u, v = t.offset[..., -2].abs(), t.offset[..., -1].abs()
    away2 = u * u + v * v
    rate = 2.0 - 2.0 * _over(u * v, away2)
    return -0.5 * torch.expm1(-rate[..., None] * share * share).sum(-1)


def _shape_gap(t: Any, theta: float) -> Any:
    a, b = t.side_a[..., :2], t.side_b[..., :2]
    unlike = -torch.expm1(-_over((a - b).abs(), torch.maximum(a, b)))
    return 0.5 * powered(unlike, theta).sum(-1)


def _corner_gap(t: Any, diagonal: float) -> Any:
    offset, change = t.offset / diagonal, (t.side_a - t.side_b) / diagonal
    both = 2.0 * offset * offset + 0.5 * change * change
    return torch.where(t.cover > 0.0, both, torch.zeros_like(both)).sum(-1)


def powered(base: Any, power: float, floor: float = 0.0) -> Any:
    """Return ``base^power``; below the floor, the slope is that at the floor.

    The floor is for powers below 1, whose slope is infinite at 0.
    """
    if power >= 1.0:
        return base**power
    held = base.detach()
    slope = power * held.clamp(min=floor) ** (power - 1.0) if power > 0.0 else 0.0 * held
    return held**power + slope * (base - held)


FORMULAS: Mapping[str, Callable[..., Any]] = {
    "iou": _iou,
    "dice": _dice,
    "tversky": _tversky,
    "f_score": _f_score,
    "coverage": _coverage,
    "overlap_coefficient": _overlap_coefficient,
    "volumetric_similarity": _volumetric_similarity,
    "enclosure_gap": _enclosure_gap,
    "center_gap": _center_gap,
    "enclosed_gap": _enclosed_gap,
    "aspect_gap": _aspect_gap,
    "sides_gap": _sides_gap,
    "direction_gap": _direction_gap,
    "shape_gap": _shape_gap,
    "corner_gap": _corner_gap,
}


def combined(parts: Sequence[Part], terms: Any, empty: float = math.nan) -> Any:
    """Return the score of pairs from their terms.

    Parameters
    ----------
    parts : sequence of Part
        Of components that are in `FORMULAS`.
    terms : Terms
        With tensors of shape (...), and (..., axes).
    empty : float
        What a ratio of two empty regions is.
    """
    both_empty = terms.measure_a + terms.measure_b <= 0.0
    value: Any = 0.0
    for part in parts:
        own = FORMULAS[part.component.name](terms, *part.parameters)
        if part.component.needs == Groups.OVERLAP and empty != 0.0:  # a ratio
            own = torch.where(both_empty, torch.full_like(own, empty), own)
        value = value + part.coefficient * own
    return value
