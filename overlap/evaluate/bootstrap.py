"""Bootstrap intervals over items (videos, images, cases).

Two estimands, two methods:

* *a mean of one number per item* (`mean_interval`): the studentised bootstrap, which is
  accurate for small and skewed samples;
* *a number of the whole data set*, such as a mean average precision
  (`resampled_interval`): items are drawn with replacement and the stored matches are
  re-weighted, which is exact, since matching never crosses an item.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .report import Interval

__all__ = ["draw_weights", "mean_interval", "resampled_interval"]

Seed = int | np.random.Generator | np.random.SeedSequence | None


def _check(level: float, resamples: int) -> None:
    if not 0 < level < 1:
        raise ValueError(f"confidence_level = {level!r} is not between 0 and 1")
    if resamples < 1:
        raise ValueError(f"resamples = {resamples!r} is not a positive number")


def draw_weights(items: int, resamples: int, rng: Seed) -> NDArray[np.float64]:
    """Draw items with replacement.

    Parameters
    ----------
    items : int
        Number of items.
    resamples : int
        Number of draws, each of as many items.
    rng : int, Generator, SeedSequence or None
        Source of randomness.

    Returns
    -------
    ndarray, dtype=float64, shape (resamples, items)
        How often each item is in each draw; rows sum to `items`.
    """
    generator = np.random.default_rng(rng)
    if items == 0:
        return np.zeros((resamples, 0))
    chances = np.full(items, 1 / items)
    return generator.multinomial(items, chances, size=resamples).astype(np.float64)


def mean_interval(
    values: ArrayLike,
    *,
    confidence_level: float = 0.95,
    resamples: int = 1999,
    rng: Seed = None,
    name: str = "mean",
    weights: NDArray[np.float64] | None = None,
) -> Interval:
    r"""Studentised bootstrap interval of the mean of one number per item.

    Parameters
    ----------
    values : array_like, dtype=float, shape (n,)
        One number per item; NaN (undefined) items are left out.
    confidence_level : float
        In (0, 1).
    resamples : int
        Number of draws.
    rng : int, Generator, SeedSequence or None
        Source of randomness.
    name : str
        Name of the result.
    weights : ndarray, dtype=float64, shape (B, n), optional
        Draws to use, as `draw_weights` makes them, instead of new ones.

    Returns
    -------
    Interval
        ``method`` is ``"studentised bootstrap"``. With fewer than three items the ends are
        NaN: no draw of two has a spread of its own. If all items are equal, the ends are the
        mean.

    Notes
    -----
    With :math:`t^* = (\bar x^* - \bar x) / s^*` over draws, the interval is
    :math:`[\bar x - t^*_{1-\alpha/2} s, \bar x - t^*_{\alpha/2} s]` with s the standard
    error (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 12).
    Draws of one repeated value have no t and are left out of its quantiles.

    Examples
    --------
    >>> interval = mean_interval([0.2, 0.4, 0.9, 0.7, 0.6], rng=1)
    >>> interval.low < 0.56 < interval.high
    True
    """
    _check(confidence_level, resamples)
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1:
        raise ValueError(f"values have shape {data.shape}; wanted one number per item, (n,)")
    data = data[~np.isnan(data)]
    method = "studentised bootstrap"
    n = len(data)
    if n == 0:
        nan = float("nan")
        return Interval(name, nan, nan, nan, confidence_level, method, nan, nan)
    center = float(data.mean())
    spread = float(data.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    if not spread > 0 or n < 3:
        end = center if spread == 0 else float("nan")
        return Interval(name, center, end, end, confidence_level, method, spread, 0.0)
    if weights is None:
        weights = draw_weights(n, resamples, rng)
    # Centred values: the variance of draws then loses no digits to a large mean.
    offset = data - center
    means = weights @ offset / n
    variance = np.maximum(weights @ offset**2 / n - means**2, 0.0) * n / (n - 1)
    usable = variance > 1e-12 * spread**2
    ratio = means[usable] / np.sqrt(variance[usable] / n)
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(ratio, [tail, 1 - tail]) if usable.any() else (np.nan, np.nan)
    return Interval(
        name,
        center,
        center - float(high) * spread,
        center - float(low) * spread,
        confidence_level,
        method,
        float(means.std(ddof=1)) if len(means) > 1 else float("nan"),
        float(means.mean()),
    )


def resampled_interval(
    name: str,
    estimate: float,
    draws: NDArray[np.float64],
    *,
    confidence_level: float = 0.95,
    method: str = "percentile",
) -> Interval:
    """Interval of a number of the whole data set from its resamples.

    Parameters
    ----------
    name : str
        Name of the number.
    estimate : float
        The number itself.
    draws : ndarray, dtype=float64, shape (B,)
        The number in each resample; NaN ones are left out.
    confidence_level : float
        In (0, 1).
    method : {"percentile", "basic", "normal"}
        ``"percentile"``: quantiles of the draws. ``"basic"``: those mirrored at the
        estimate. ``"normal"``: the estimate corrected for the bootstrap bias, plus and
        minus normal quantiles of the standard error.

    Returns
    -------
    Interval

    Notes
    -----
    For a mean average precision over few items none of them reaches its level; the
    documentation has measured coverages.
    """
    _check(confidence_level, 1)
    kept = draws[~np.isnan(draws)]
    if not len(kept):
        nan = float("nan")
        return Interval(name, estimate, nan, nan, confidence_level, method, nan, nan)
    tail = (1 - confidence_level) / 2
    low, high = (float(x) for x in np.quantile(kept, [tail, 1 - tail]))
    error = float(kept.std(ddof=1)) if len(kept) > 1 else float("nan")
    bias = float(kept.mean()) - estimate
    if method == "basic":
        low, high = 2 * estimate - high, 2 * estimate - low
    elif method == "normal":
        from statistics import NormalDist

        reach = NormalDist().inv_cdf(1 - tail) * error
        low, high = estimate - bias - reach, estimate - bias + reach
    elif method != "percentile":
        raise ValueError(
            f"bootstrap method {method!r} is not one of 'percentile', 'basic', 'normal'"
        )
    return Interval(name, estimate, low, high, confidence_level, method, error, bias)
