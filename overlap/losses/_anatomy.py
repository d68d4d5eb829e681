"""What a score is made of, as far as a loss must know it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from overlap._common.values import ByValue
from overlap._kernels.terms import Groups
from overlap.scores import evaluation as _engine
from overlap.scores.score import Part, Score

__all__ = ["Anatomy", "anatomy"]

_PENALTIES = Groups.ENCLOSURE | Groups.OUTSIDE | Groups.EXTENT


@dataclass(frozen=True, eq=False)
class Anatomy(ByValue):
    """A score taken apart.

    Attributes
    ----------
    best : float
        The score of identical regions.
    ratio : Plan or None
        The score without its penalties.
    penalties : tuple of (float, Plan)
        What is subtracted: coefficients > 0, and one plan each.
    rest : Plan or None
        All penalties together, as they are in the score: not above 0.
    gap : bool
        Identical regions that do not fill their enclosure have a penalty.
    """

    best: float
    ratio: _engine.Plan | None
    penalties: tuple[tuple[float, _engine.Plan], ...]
    rest: _engine.Plan | None
    gap: bool


@lru_cache(maxsize=512)
def anatomy(plan: _engine.Plan) -> Anatomy:
    """Take a score apart, or raise if it is not best for identical regions."""
    values = iter(plan.parameters)
    ratios, penalties = [], []
    for component in plan.components:
        part = Part(next(values), component, tuple(next(values) for _ in component.parameters))
        if component.needs & _PENALTIES:
            if part.coefficient > 0.0:
                raise ValueError(
                    f"overlap_loss: {component.name} is a penalty and is added in {plan.name}, so "
                    f"that a loss would push regions apart; subtract it"
                )
            penalties.append(part)
        else:
            if part.coefficient < 0.0:
                raise ValueError(
                    f"overlap_loss: {component.name} is subtracted in {plan.name}, so that a loss "
                    "would push regions apart; Score.value_and_grad has the gradient for that"
                )
            ratios.append(part)
    rest = Score(tuple(penalties), plan.enclosure).plan if penalties else None
    return Anatomy(
        best=sum(part.coefficient * part.component.high for part in ratios),
        ratio=Score(tuple(ratios), plan.enclosure).plan if ratios else None,
        penalties=tuple(
            (-p.coefficient, Score((Part(1.0, p.component, p.parameters),), plan.enclosure).plan)
            for p in penalties
            if p.coefficient < 0.0
        ),
        rest=rest,
        gap=any(part.component.name == "enclosure_gap" for part in penalties),
    )
