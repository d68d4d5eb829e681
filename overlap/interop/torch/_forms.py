"""Scores and forms of losses as expressions of PyTorch.

What the forms are, `overlap.losses.overlap_loss` says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from overlap._kernels.terms import Terms
from overlap.losses.overlaps import anatomy
from overlap.scores.component import Part
from overlap.scores.score import Score
from overlap.scores.tensors import powered

__all__ = ["Shape", "combined", "shaped"]


def combined(parts: Sequence[Part], terms: Any, empty: float = math.nan) -> Any:
    """Return the score of pairs from their terms.

    Parameters
    ----------
    parts : sequence of Part
        Of components that have operations of PyTorch.
    terms : Terms
        With tensors of shape (...), and (..., axes).
    empty : float
        What a ratio of two empty regions is.
    """
    both_empty = terms.measure_a + terms.measure_b <= 0.0
    value: Any = 0.0
    for part in parts:
        assert part.component.torch is not None
        own = part.component.torch(terms, *part.parameters)
        if part.component.ratio and empty != 0.0:
            own = torch.where(both_empty, torch.full_like(own, empty), own)
        value = value + part.coefficient * own
    return value


class Shape(NamedTuple):
    """The options of a loss that say what becomes of the score of a pair."""

    form: Any
    power: float
    floor: float
    focal: float | None
    focus: Any
    focal_grad: bool

    def check(self, score: Score) -> None:
        """Raise for options out of range, and for those that the score does not have."""
        if self.form not in ("linear", "log", "power"):
            raise ValueError(f"form = {self.form!r}; expected 'linear', 'log' or 'power'")
        if self.focus not in ("near", "far"):
            raise ValueError(f"focus = {self.focus!r}; expected 'near' or 'far'")
        for name, least in (("power", "> 0"), ("floor", "> 0"), ("focal", ">= 0")):
            value = getattr(self, name)
            if value is None:
                continue
            if not (value > 0.0 or (value == 0.0 and least == ">= 0")) or value == math.inf:
                raise ValueError(f"{name} = {value!r} is not a finite number {least}")
        parts = anatomy(score.plan)
        if self.form == "log" and parts.penalties:
            raise ValueError(
                f"{score} has penalties and can be below 0, where there is no logarithm; use "
                "form='linear', or take the logarithm of the ratio alone"
            )
        if parts.ratio is None and (self.form == "log" or self.focal is not None):
            raise ValueError(f"{score} has no ratio, which form and focal look at")


def shaped(score: Score, terms: Terms, shape: Shape) -> Any:
    """Return the losses of pairs.

    Parameters
    ----------
    score : Score
    terms : Terms
        Tensors.
    shape : Shape
        Checked.
    """
    ratios = [part for part in score.parts if not part.component.penalty]
    penalties = [part for part in score.parts if part.component.penalty]
    best = sum([part.coefficient * part.component.best for part in ratios], 0.0)
    share = combined(ratios, terms, empty=0.0) / best if ratios else None
    if shape.form == "log":
        assert share is not None
        items = -share.clamp(min=shape.floor).log()
    elif shape.form == "linear":
        items = best - combined(score.parts, terms, empty=0.0)
    else:
        items = torch.zeros_like(terms.measure_a)
        if share is not None:
            items = best * (1.0 - powered(share, shape.power, shape.floor))
        for part in penalties:
            value = combined([part], terms) / part.coefficient
            items = items - part.coefficient * powered(value, shape.power, shape.floor)
    items = items - items.detach().clamp(max=0.0)  # rounding may leave a little less than 0
    if shape.focal is None:
        return items
    assert share is not None
    near = share.clamp(0.0, 1.0)
    base = near if shape.focus == "near" else 1.0 - near
    if not shape.focal_grad:
        base = base.detach()
    return powered(base, shape.focal, shape.floor) * items
