"""Capabilities of a kind of region, and the losses by those that it lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from overlap.regions.base import Regions
from overlap.regions.smooth.geometry import BLUR
from overlap.regions.smooth.smooth import smooth_scalars

if TYPE_CHECKING:
    from overlap.scores.score import Score

__all__ = ["Capabilities", "capabilities"]


@dataclass(frozen=True)
class Capabilities:
    """Capabilities of a kind of region.

    Attributes
    ----------
    kind : str
        Name of the class.
    has : tuple of str
        Capabilities of the kind, as they are called in `overlap.Regions`.
    lacks : mapping of str to str
        The others, and what is not there without each.
    """

    kind: str
    has: tuple[str, ...]
    lacks: Mapping[str, str]

    def __str__(self) -> str:
        lines = [f"{self.kind} have {', '.join(self.has) or 'an overlap only'}"]
        lines += [f"  no {name}: {loss}" for name, loss in self.lacks.items()]
        return "\n".join(lines)


def capabilities(batch: Regions, scores: Sequence[Score]) -> Capabilities:
    """Return the capabilities of a kind, and its losses by those that it lacks.

    Parameters
    ----------
    batch : Regions
        At least one region of the kind.
    scores : sequence of Score
        Of which those are named that the kind does not have.
    """
    one = batch[:1]
    geometry = one.geometry()
    missing = [str(score) for score in scores if not _has(one, score)]

    def own(name: str) -> bool:
        return getattr(type(one), name) is not getattr(Regions, name)

    pruned = any(way is not None for way in (one.bounds(), one.arcs(), one.candidate_blocks(one)))
    known = {
        "scores": (not missing, f"a TypeError from {', '.join(missing)}"),
        "gradient": (geometry.differentiable, "no value_and_grad, no losses"),
        "bounds": (pruned, "Score.pairs, nms and match look at all pairs of a group"),
        "boundary": (one.boundary, "no tolerance, no hidden sides of objects"),
        "contains": (own("contains"), "no Masks.from_regions"),
        "scaled": (own("scaled"), "no losses.inner_loss"),
        "pull_scaled": (own("pull_scaled"), "no losses.inner_loss"),
        "blurred": (_blurs(one), "no smooth overlaps for training"),
    }
    return Capabilities(
        type(batch).__name__,
        tuple(name for name, (has, _) in known.items() if has),
        {name: loss for name, (has, loss) in known.items() if not has},
    )


def _blurs(one: Regions) -> bool:
    try:
        smooth_scalars(one, BLUR)
    except TypeError:
        return False
    return True


def _has(one: Regions, score: Score) -> bool:
    try:
        score.plan.geometry(one, one)
    except TypeError:
        return False
    return True
