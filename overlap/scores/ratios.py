"""Ratios of the measures of two sets and of their intersection.

All of them are NaN for two empty sets and 0 where exactly one is empty.
"""

from __future__ import annotations

from typing import Any

from overlap._kernels import formulas
from overlap.scores.score import component
from overlap.scores.tensors import over

__all__ = [
    "coverage",
    "dice",
    "f_score",
    "iou",
    "overlap_coefficient",
    "tversky",
    "volumetric_similarity",
]


def _equal_weights(parameters: tuple[float, ...]) -> bool:
    return parameters[0] == parameters[1]


def _weights(parameters: tuple[float, ...]) -> tuple[float, float]:
    return parameters[0], parameters[1]


def _beta_is_one(parameters: tuple[float, ...]) -> bool:
    return parameters[0] == 1.0


def _weights_of_beta(parameters: tuple[float, ...]) -> tuple[float, float]:
    share = 1.0 / (1.0 + parameters[0] * parameters[0])
    return share, 1.0 - share


# The ratios as operations of PyTorch.


def iou_of_tensors(t: Any) -> Any:
    return over(t.intersection, t.union)


def _dice(t: Any) -> Any:
    return over(2.0 * t.intersection, t.measure_a + t.measure_b)


def _tversky(t: Any, alpha: float, beta: float) -> Any:
    rest = alpha * (t.measure_a - t.intersection) + beta * (t.measure_b - t.intersection)
    return over(t.intersection, t.intersection + rest)


def _f_score(t: Any, beta: float) -> Any:
    squared = min(beta * beta, 1e300)
    return _tversky(t, 1.0 / (1.0 + squared), squared / (1.0 + squared))


def _coverage(t: Any) -> Any:
    return over(t.intersection, t.measure_a)


def _overlap_coefficient(t: Any) -> Any:
    return over(t.intersection, t.measure_a.minimum(t.measure_b))


def _volumetric_similarity(t: Any) -> Any:
    total = t.measure_a + t.measure_b
    return over(total - (t.measure_a - t.measure_b).abs(), total)


iou = component(
    formulas.iou,
    needs="overlap",
    highest_apart=0.0,
    grows=True,
    at_most=(1.0, 1.0),
    torch=iou_of_tensors,
    doc="""Intersection over union (Jaccard index): ``I / (A + B - I)``.

    A and B are the measures of found and truth, I is the measure of their intersection.

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

dice = component(
    formulas.dice,
    needs="overlap",
    highest_apart=0.0,
    grows=True,
    at_most=(0.5, 0.5),
    torch=_dice,
    doc="""Dice coefficient (Sorensen, F1 of sizes): ``2 I / (A + B)``.

    A and B are the measures of found and truth, I is the measure of their intersection.

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

tversky = component(
    formulas.tversky,
    needs="overlap",
    highest_apart=0.0,
    grows=True,
    at_most=_weights,
    torch=_tversky,
    parameters={"alpha": 0.5, "beta": 0.5},
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

f_score = component(
    formulas.f_score,
    needs="overlap",
    highest_apart=0.0,
    grows=True,
    at_most=_weights_of_beta,
    torch=_f_score,
    parameters={"beta": 1.0},
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

coverage = component(
    formulas.coverage,
    needs=("overlap", "bounded"),
    highest_apart=0.0,
    grows=True,
    at_most=(1.0, 0.0),
    torch=_coverage,
    symmetric=False,
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

overlap_coefficient = component(
    formulas.overlap_coefficient,
    needs=("overlap", "bounded"),
    highest_apart=0.0,
    grows=True,
    torch=_overlap_coefficient,
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

volumetric_similarity = component(
    formulas.volumetric_similarity,
    needs="overlap",
    grows=True,
    torch=_volumetric_similarity,
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
