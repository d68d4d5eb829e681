"""Forms of losses as expressions of PyTorch; what they are, `overlap.losses.overlap_loss` says."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch

from overlap._kernels.terms import Terms
from overlap.interop.torch._scores import combined
from overlap.losses.overlaps import anatomy
from overlap.scores.score import Score
from overlap.scores.tensors import powered

__all__ = ["Shape", "shaped"]


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
    """
    shape.check(score)
    best, plan = anatomy(score.plan).best, anatomy(score.plan).ratio
    ratios = [part for part in score.parts if plan and part.component in plan.components]
    penalties = [part for part in score.parts if part not in ratios]
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
