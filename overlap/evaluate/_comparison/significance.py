"""Intervals and tests of paired differences, and their correction for how many there are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overlap.evaluate.bootstrap import student_quantile
from overlap.evaluate.numbers import Interval
from overlap.evaluate.value_range import Range

__all__ = ["ZERO_METHODS", "SignedRank", "holm", "mean_difference", "signed_rank"]

ZERO_METHODS = ("wilcox", "pratt", "zsplit")


@dataclass(frozen=True)
class SignedRank:
    """Result of a signed-rank test.

    Attributes
    ----------
    p : float
        Two-sided; NaN without a pair, 1 if all differences are 0.
    favors : int
        Sign of the sum of signed ranks: 1 if positive differences prevail, -1 if negative
        ones do, 0 if neither.
    pairs : int
        Cases in which both values are defined.
    zeros : int
        Differences that are 0, of those.
    median : float
        Median of the differences, zeros among them; NaN without a pair.
    """

    p: float
    favors: int
    pairs: int
    zeros: int
    median: float


def mean_difference(
    change: ArrayLike,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    confidence_level: float = 0.95,
) -> Interval:
    """Student's interval of the mean of paired differences, inside their range.

    Parameters
    ----------
    change : array_like, dtype=float, shape (n,)
        Difference in each case; NaN where it is undefined.
    low, high : float
        Least and greatest difference that there can be, such as -1 and 1 of a ratio.
    confidence_level : float
        In (0, 1).

    Returns
    -------
    Interval
        The ends are NaN for fewer than two differences, and without bounds if all are equal.

    Notes
    -----
    It is symmetric on the scale of `Range.around`, and if all differences are equal the ends are
    those of as many equal values; see `mean_interval`.

    Differences are far less skewed than the values are, and where a few cases were missed by
    one of two reports, this interval keeps its level, which quantiles of bootstrap draws do not;
    the page on comparing has measured how often they err.

    Examples
    --------
    >>> interval = mean_difference([0.1, 0.2, 0.3])
    >>> round(interval.low, 3), round(interval.high, 3)
    (-0.048, 0.448)
    """
    inside = Range(low, high)
    data = np.asarray(change, dtype=np.float64)
    data = data[~np.isnan(data)]
    nan, count, method = float("nan"), len(data), "Student's t"
    if count == 0:
        return Interval("difference", nan, nan, nan, confidence_level, method, nan, nan)
    center = float(data.mean())
    if count == 1:
        return Interval("difference", center, nan, nan, confidence_level, method, nan, nan)
    error = float(data.std(ddof=1)) / math.sqrt(count)
    if error <= 1e-12 * float(np.abs(data).max()) or not low < center < high:
        ends = inside.of_equal(inside.clip(center), count, confidence_level)
    else:
        reach = error * student_quantile(count - 1, confidence_level)
        ends = inside.around(center, below=reach, above=reach)
    return Interval("difference", center, *ends, confidence_level, method, error, 0.0)


def signed_rank(change: ArrayLike, *, zero_method: str = "wilcox") -> SignedRank:
    """Wilcoxon's signed-rank test that paired differences are symmetric about 0.

    Parameters
    ----------
    change : array_like, dtype=float, shape (n,)
        Difference in each case; NaN where it is undefined.
    zero_method : {"wilcox", "pratt", "zsplit"}
        What is done with differences of 0: left out; ranked, then left out; or split evenly.

    Returns
    -------
    SignedRank
        The p-value is that of `scipy.stats.wilcoxon` with its defaults (exact for at most 50
        pairs without ties or zeros).

    Raises
    ------
    ValueError
        If there is no such `zero_method`.

    Examples
    --------
    >>> signed_rank([0.1, 0.2, 0.3, 0.4, 0.5]).p
    0.0625
    >>> signed_rank([0.0, 0.0]).p
    1.0
    """
    if zero_method not in ZERO_METHODS:
        known = ", ".join(repr(name) for name in ZERO_METHODS)
        raise ValueError(f"zero_method {zero_method!r} is not one of {known}")
    data = np.asarray(change, dtype=np.float64)
    data = data[~np.isnan(data)]
    zeros = int((data == 0).sum())
    if not len(data):
        return SignedRank(float("nan"), 0, 0, 0, float("nan"))
    median = float(np.median(data))
    if zeros == len(data):
        return SignedRank(1.0, 0, len(data), zeros, median)
    from scipy.stats import rankdata, wilcoxon

    ranked = data[data != 0] if zero_method == "wilcox" else data
    ranks = rankdata(np.abs(ranked))
    total = float((np.sign(ranked) * ranks).sum())
    p = float(wilcoxon(data, zero_method=zero_method).pvalue)
    return SignedRank(p, int(np.sign(total)), len(data), zeros, median)


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Correct p-values for their number, so that the chance of any false one is kept.

    Parameters
    ----------
    p : array_like, dtype=float, shape (m,)
        p-values; NaN ones were not tested, and do not count.

    Returns
    -------
    ndarray, dtype=float64, shape (m,)
        Corrected ones, at most 1.

    Notes
    -----
    The i-th smallest of m is multiplied by m - i + 1, and is no smaller than the one before it
    (Holm, Scandinavian Journal of Statistics 6, 1979).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(6).tolist()
    [0.03, 0.06, 0.06]
    """
    data = np.asarray(p, dtype=np.float64)
    result = np.full(data.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(data))
    order = tested[np.argsort(data[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    result[order] = np.minimum(np.maximum.accumulate(data[order] * factors), 1.0)
    return result
