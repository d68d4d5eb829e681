"""Ratios: how much two sets agree, from their measures and what they share.

All of them are NaN for two empty sets and 0 where exactly one is empty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from overlap._kernels import formulas
from overlap._kernels.terms import Groups
from overlap.scores.component import Component, never
from overlap.scores.score import Score, single

__all__ = [
    "coverage",
    "dice",
    "f_score",
    "iou",
    "overlap_coefficient",
    "tversky",
    "volumetric_similarity",
]


def _ratio(name: str, formula: Callable, doc: str, **facts: Any) -> Score:
    return single(Component(name, formula, Groups.OVERLAP, disjoint_max=0.0, **facts), doc)


def _equal_weights(parameters: tuple[float, ...]) -> bool:
    return parameters[0] == parameters[1]


def _beta_is_one(parameters: tuple[float, ...]) -> bool:
    return parameters[0] == 1.0


iou = _ratio(
    "iou",
    formulas.iou,
    doc="""Intersection over union (Jaccard index): ``I / (A + B - I)``.

    A and B are the measures of found and truth, I is the measure of what both share.

    Range: [0, 1]; 1 for equal sets, 0 for sets that share nothing, NaN for two empty sets.

    Source: Jaccard (1901).

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.iou(found, truth)
    array([0.25])
    """,
)

dice = _ratio(
    "dice",
    formulas.dice,
    doc="""Dice coefficient (Sorensen, F1 of sizes): ``2 I / (A + B)``.

    A and B are the measures of found and truth, I is the measure of what both share.

    Range: [0, 1]; 1 for equal sets, 0 for sets that share nothing, NaN for two empty sets. It
    is ``2 IoU / (1 + IoU)``, so both rank pairs alike.

    Source: Dice (1945), Sorensen (1948).

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.dice(found, truth)
    array([0.4])
    """,
)

tversky = _ratio(
    "tversky",
    formulas.tversky,
    parameters=(("alpha", 0.5), ("beta", 0.5)),
    symmetric=_equal_weights,
    doc="""Tversky index: ``I / (I + alpha (A - I) + beta (B - I))``.

    `alpha` weighs what only found has, `beta` what only truth has; ``tversky(alpha=0.3,
    beta=0.7)`` is the score with these parameters. 0.5 and 0.5 (the default) is Dice, 1 and 1
    is IoU.

    Range: [0, 1]; NaN for two empty sets. Symmetric only where alpha equals beta.

    Source: Tversky (1977), Psychological Review 84(4).

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.tversky(alpha=0.3, beta=0.7)(found, truth)
    array([0.37037037])
    """,
)

f_score = _ratio(
    "f_score",
    formulas.f_score,
    parameters=(("beta", 1.0),),
    symmetric=_beta_is_one,
    doc="""F-score of sizes: ``(1 + beta^2) I / (A + beta^2 B)``.

    The weighted harmonic mean of precision ``I / A`` and recall ``I / B``; with ``beta > 1``
    recall counts more. ``f_score(beta=2)`` is the score with this parameter.

    Range: [0, 1]; NaN for two empty sets. With beta = 1 (the default) it is Dice.

    Source: van Rijsbergen (1979), Information Retrieval.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.f_score(beta=2)(found, truth)
    array([0.35714286])
    """,
)

coverage = _ratio(
    "coverage",
    formulas.coverage,
    symmetric=never,
    bounded=True,
    doc="""Intersection over the first set: ``I / A``.

    ``coverage(found, truth)`` is precision, ``coverage(truth, found)`` is recall.

    Range: [0, 1]; 0 where only the first set is empty, NaN where both are. Not symmetric.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.coverage(found, truth)
    array([0.5])
    """,
)

overlap_coefficient = _ratio(
    "overlap_coefficient",
    formulas.overlap_coefficient,
    bounded=True,
    doc="""Intersection over the smaller set (Szymkiewicz-Simpson): ``I / min(A, B)``.

    1 as soon as one set lies in the other.

    Range: [0, 1]; NaN for two empty sets.

    Source: Szymkiewicz (1934), Simpson (1943).

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.overlap_coefficient(found, truth)
    array([0.5])
    """,
)

volumetric_similarity = single(
    Component("volumetric_similarity", formulas.volumetric_similarity, Groups.OVERLAP),
    doc="""Similarity of the measures alone: ``1 - |A - B| / (A + B)``.

    It does not look at where the sets are: 1 is possible without any overlap.

    Range: [0, 1]; NaN for two empty sets.

    Source: Taha and Hanbury (2015), BMC Medical Imaging 15:29.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.volumetric_similarity(found, truth)
    array([0.8])
    """,
)
