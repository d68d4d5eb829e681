"""Ranking scores of detections, from confidence and quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.values import ByValue
from overlap.losses._checks import checked_number, checked_pair, finite, within_rounding

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["RankingScore", "ranking_score"]


@dataclass(frozen=True, eq=False)
class RankingScore(ByValue):
    """Ranking scores with their gradients.

    Attributes
    ----------
    value : ndarray
        In the shape of the input, in [0, 1].
    confidence_grad, quality_grad : ndarray
        Partial derivatives of every score with respect to its confidence and its quality.
    """

    value: NDArray[np.float64]
    confidence_grad: NDArray[np.float64]
    quality_grad: NDArray[np.float64]


def ranking_score(
    confidence: ArrayLike,
    quality: ArrayLike,
    *,
    confidence_power: float = 1.0,
    quality_power: float = 1.0,
) -> RankingScore:
    """Return the score ``p^a q^b`` that couples a class probability with a region's quality.

    Suppression and average precision rank by one number. The probability p of the class
    alone says nothing of how good the region is; its product with the predicted IoU q does.

    Parameters
    ----------
    confidence : array_like
        Class probabilities p in [0, 1].
    quality : array_like, the same shape
        Qualities q in [0, 1], such as an IoU or a centerness.
    confidence_power, quality_power : float
        The exponents a and b, >= 0: 1 and 1 is the product; 1 and 6 the alignment of TOOD
        (2108.07755); a and 1 - a that of the IoU-aware detector (1912.05992).

    Returns
    -------
    RankingScore
        A derivative without bound (an exponent below 1, at 0) is the largest number.

    Examples
    --------
    >>> import overlap as ov
    >>> score = ov.losses.ranking_score([0.9, 0.8], [0.5, 0.7])
    >>> score.value
    array([0.45, 0.56])
    >>> score.confidence_grad, score.quality_grad
    (array([0.5, 0.7]), array([0.9, 0.8]))
    """
    a = checked_number("ranking_score", "confidence_power", confidence_power, 0.0)
    b = checked_number("ranking_score", "quality_power", quality_power, 0.0)
    p, q = checked_pair("ranking_score", confidence, quality, share=True)
    p = within_rounding(p, confidence)
    bad = np.argwhere((p < 0.0) | (p > 1.0))
    if bad.size:
        where = tuple(bad[0])
        raise ValueError(
            f"ranking_score: confidence[{', '.join(map(str, where))}] = {p[where]} is not in "
            "[0, 1]; give probabilities, not logits"
        )
    left, right = p**a, q**b
    return RankingScore(left * right, _slope(p, a) * right, left * _slope(q, b))


def _slope(x: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Return the derivative of ``x ** power``."""
    if power == 0.0:
        return np.zeros_like(x)
    with np.errstate(divide="ignore", over="ignore"):
        return finite(power * x ** (power - 1.0))
