"""Ratios: how much two sets agree, from their measures and what they share.

All of them are NaN for two empty sets and 0 where exactly one is empty.
"""

from __future__ import annotations

from overlap import _formulas
from overlap._formulas import Component, never
from overlap._terms import Groups
from overlap.scores import Score, single

__all__ = [
    "coverage",
    "dice",
    "f_score",
    "iou",
    "overlap_coefficient",
    "tversky",
    "volumetric_similarity",
]


def _ratio(name: str, formula, **facts) -> Score:
    return single(Component(name, formula, Groups.OVERLAP, disjoint_max=0.0, **facts))


def _equal_weights(parameters: tuple[float, ...]) -> bool:
    return parameters[0] == parameters[1]


def _beta_is_one(parameters: tuple[float, ...]) -> bool:
    return parameters[0] == 1.0


iou = _ratio("iou", _formulas.iou)
"""Intersection over union (Jaccard): ``I / (A + B - I)``, in [0, 1]."""

dice = _ratio("dice", _formulas.dice)
"""Dice (Sorensen): ``2 I / (A + B)``, in [0, 1]."""

tversky = _ratio(
    "tversky",
    _formulas.tversky,
    parameters=(("alpha", 0.5), ("beta", 0.5)),
    symmetric=_equal_weights,
)
"""Tversky (1977): ``I / (I + alpha (A - I) + beta (B - I))``; alpha weighs found minus truth.

``tversky(alpha=0.3, beta=0.7)``; 0.5 and 0.5 is Dice, 1 and 1 is IoU.
"""

f_score = _ratio("f_score", _formulas.f_score, parameters=(("beta", 1.0),), symmetric=_beta_is_one)
"""F-score: ``(1 + beta^2) I / (A + beta^2 B)``; beta > 1 prefers recall. ``f_score(beta=2)``."""

coverage = _ratio("coverage", _formulas.coverage, symmetric=never, bounded=True)
"""Intersection over the first set, ``I / A``: precision of found against truth."""

overlap_coefficient = _ratio("overlap_coefficient", _formulas.overlap_coefficient, bounded=True)
"""Intersection over the smaller set (Szymkiewicz-Simpson): ``I / min(A, B)``."""

volumetric_similarity = single(
    Component("volumetric_similarity", _formulas.volumetric_similarity, Groups.OVERLAP)
)
"""Similarity of the measures alone: ``1 - |A - B| / (A + B)``; 1 is possible without overlap."""
