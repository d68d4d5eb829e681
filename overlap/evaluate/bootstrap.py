"""Bootstrap intervals over items (videos, images, cases), inside the range of their number.

Three estimands, three methods:

* *a mean of one number per item* (`mean_interval`): the studentised bootstrap, on a scale on which
  the number has no bounds;
* *a share of things that are or are not* (`share_interval`), such as residues that are outliers:
  the exact binomial interval, for as many independent things as the draws are worth;
* *a number of the whole data set*, such as a mean average precision (`resampled_interval`): items
  are drawn with replacement and the stored matches are re-weighted, which is exact, since matching
  never crosses an item.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overlap._common.limits import MOST_DRAWN, MOST_DRAWS

from .numbers import Interval
from .value_range import EVERYTHING, Range

__all__ = ["INTERVALS", "LEAST_DRAWS", "LEAST_ITEMS", "NO_BOOTSTRAP", "Bootstrap", "check_drawn",
           "checked_draws", "checked_level", "draw_weights", "interval_notes", "mean_interval",
           "resampled_interval", "share_interval", "student_quantile", "too_few"]  # fmt: skip

Seed = int | np.random.Generator | np.random.SeedSequence | None

#: Fewest draws for an interval; at least one must be expected beyond each of its ends.
LEAST_DRAWS = 50
#: Below this many items reports give no interval: draws of so few are all but the same.
LEAST_ITEMS = 5
#: Methods of `mean_interval`.
INTERVALS = ("studentised", "exact")


@dataclass(frozen=True)
class Bootstrap:
    """Settings of a bootstrap.

    Attributes
    ----------
    resamples : int
        Number of draws, 50 or more; 0 for no intervals.
    level : float
        Confidence level, in (0, 1).
    rng : int, Generator, SeedSequence or None
        Source of randomness.
    method : str
        How intervals are made of draws, where an evaluation has a choice.
    progress : bool, optional
        Show a bar; by default on a terminal only.

    Raises
    ------
    ValueError
        There are too few draws for the level, or one of them is none.
    """

    resamples: int = 0
    level: float = 0.95
    rng: Seed = 0
    method: str = ""
    progress: bool | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "resamples", checked_draws(self.resamples, self.level))

    def settings(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return {
            "resamples": self.resamples,
            "confidence_level": self.level,
            "seed": self.rng if isinstance(self.rng, int) else None,
        }


_LEAST_SPREAD = 0.5  # of a draw, as a share of the spread of the sample
_BLOCK = 1 << 22  # numbers of one block of exponential variables


def checked_level(level: float) -> float:
    """Return a confidence level that is one.

    Parameters
    ----------
    level : float

    Raises
    ------
    ValueError
        It is not between 0 and 1.
    """
    if isinstance(level, bool | str) or not 0 < level < 1:
        raise ValueError(f"confidence_level = {level!r} is not between 0 and 1")
    return float(level)


def checked_draws(
    draws: int, level: float, *, name: str = "bootstrap", or_none: bool = True
) -> int:
    """Return a number of draws that suffices for intervals of a level.

    Parameters
    ----------
    draws : int
    level : float
        In (0, 1). So that a draw can be expected beyond each end, there must be at least
        ``2 / (1 - level)`` of them, and `LEAST_DRAWS`.
    name : str
        What the caller calls the draws.
    or_none : bool
        Whether 0 is allowed, for no intervals.

    Raises
    ------
    ValueError
        There are too few, or it is no whole number.
    """
    level = checked_level(level)
    least = max(LEAST_DRAWS, math.ceil(2.0 / (1.0 - level) - 1e-9))
    try:
        whole = not isinstance(draws, bool | str) and int(draws) == draws
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole or not (draws >= least or (or_none and draws == 0)):
        raise ValueError(
            f"{name} = {draws!r}; wanted a whole number of draws, {least} or more for intervals at "
            f"{100 * level:g} %" + (", or 0 for none" if or_none else "")
        )
    if draws > MOST_DRAWS:
        raise ValueError(
            f"{name} = {draws!r}; at most {MOST_DRAWS:,} draws are possible, and more would hardly "
            "change the intervals"
        )
    return int(draws)


def check_drawn(items: int, resamples: int, *, name: str = "bootstrap") -> None:
    """Raise where the weights of all draws would not fit into memory.

    Parameters
    ----------
    items : int
    resamples : int
        Number of draws, each of as many items.
    name : str
        What the caller calls the draws.

    Raises
    ------
    ValueError
        There are more than `MOST_DRAWN` weights.
    """
    if items * resamples > MOST_DRAWN:
        raise ValueError(
            f"{name}: {resamples:,} draws of {items:,} items are {items * resamples:,} weights, at "
            f"most {MOST_DRAWN:,} are possible; with these items, give at most "
            f"{MOST_DRAWN // items:,} draws"
        )


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
    check_drawn(items, resamples)
    generator = np.random.default_rng(rng)
    if items == 0:
        return np.zeros((resamples, 0))
    chances = np.full(items, 1 / items)
    return generator.multinomial(items, chances, size=resamples).astype(np.float64)


def mean_interval(
    values: ArrayLike,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    method: Literal["studentised", "exact"] = "studentised",
    confidence_level: float = 0.95,
    resamples: int = 1999,
    rng: Seed = None,
    name: str = "mean",
    weights: NDArray[np.float64] | None = None,
) -> Interval:
    r"""Bootstrap interval of the mean of one number per item, inside the range of the number.

    Parameters
    ----------
    values : array_like, dtype=float, shape (n,)
        One number per item; NaN (undefined) items are left out.
    low, high : float
        Least and greatest value that the number can have; infinite where it has no bound. No end
        is beyond them.
    method : {"studentised", "exact"}
        ``"exact"`` keeps its level for any distribution, also one with rare values at the bounds
        that no item has, and is therefore wide where values are alike; it needs a bound, and a
        side without one has the studentised end.
    confidence_level : float
        In (0, 1).
    resamples : int
        Number of draws, at least 50 and ``2 / (1 - confidence_level)``.
    rng : int, Generator, SeedSequence or None
        Source of randomness.
    name : str
        Name of the result.
    weights : ndarray, dtype=float64, shape (B, n), optional
        Draws to use, as `draw_weights` makes them, instead of new ones.

    Returns
    -------
    Interval
        Its ``method`` says what was done. With fewer than three items the ends are NaN: no draw of
        two has a spread of its own. If all items are equal there is no spread at all: with two
        bounds the ends are then those of ``"exact"``, and otherwise NaN.

    Raises
    ------
    ValueError
        For values that are not one number per item, a mean outside the range, or a level, number
        of draws or method that is none.

    Notes
    -----
    With s the standard error and :math:`t^* = (\bar x^* - \bar x) / s^*` over draws, the ends of
    the studentised interval are :math:`g^{-1}(g(\bar x) - r s g'(\bar x))` and
    :math:`g^{-1}(g(\bar x) + q s g'(\bar x))`, where r is the upper quantile of :math:`t^*` and q
    minus the lower one, but neither is less than Student's quantile (Efron and Tibshirani, An
    Introduction to the Bootstrap, 1993, chapter 12). g is the logit of the place in the range where
    it has two bounds, the logarithm of the distance from the bound where it has one, and the
    identity where it has none. :math:`s^*` counts as at least s / 2: draws that happen to be all
    but equal would else have any t.

    The exact interval is Gaffke's: its upper end is the upper quantile of the mean of the values
    and of one more, `high`, under weights uniform on the simplex, and likewise the lower end
    (Gaffke 2005; Learned-Miller and Thomas, arXiv:1905.06208). For values that are all `low` or
    `high` it is the binomial interval of Clopper and Pearson. No distribution is known for which
    it is below its level.

    Examples
    --------
    >>> interval = mean_interval([1.0] * 9 + [0.0], low=0.0, high=1.0, rng=1)
    >>> 0.3 < interval.low < 0.9 < interval.high < 1.0
    True
    >>> perfect = mean_interval([1.0] * 10, low=0.0, high=1.0)
    >>> round(perfect.low, 3), perfect.high      # as Clopper and Pearson for 10 of 10
    (0.692, 1.0)
    """
    if weights is None:
        resamples = checked_draws(resamples, confidence_level, name="resamples", or_none=False)
    level = checked_level(confidence_level)
    if method not in INTERVALS:
        raise ValueError(f"method = {method!r} is not one of 'studentised', 'exact'")
    inside = Range(low, high)
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1:
        raise ValueError(f"values have shape {data.shape}; wanted one number per item, (n,)")
    data = data[~np.isnan(data)]
    n, nan = len(data), math.nan
    if n == 0:
        return Interval(name, nan, nan, nan, level, method, nan, nan)
    center = float(data.mean())
    # A mean of equal numbers is rounded.
    slack = 1e-12 * float(np.abs(data).max())
    if not low - slack <= center <= high + slack:
        raise ValueError(f"the mean of {name} is {center}, outside its range [{low}, {high}]")
    center = inside.clip(center)
    if n < 3:
        return Interval(name, center, nan, nan, level, method, nan, nan)
    spread = float(data.std(ddof=1)) / math.sqrt(n)
    if spread <= slack or not low < center < high:
        ends = inside.of_equal(center, n, level)
        return Interval(name, center, *ends, level, "exact, all values are equal", 0.0, 0.0)
    if weights is None:
        weights = draw_weights(n, resamples, rng)
    # Centered values: the variance of draws then loses no digits to a large mean.
    offset = data - center
    means = weights @ offset / n
    variance = np.maximum(weights @ offset**2 / n - means**2, 0.0) * n / (n - 1)
    ratio = means / np.maximum(np.sqrt(variance / n), _LEAST_SPREAD * spread)
    tail = (1.0 - level) / 2.0
    least, greatest = np.quantile(ratio, [tail, 1.0 - tail]).tolist()
    student = student_quantile(n - 1, level)
    ends = inside.around(
        center, below=spread * max(greatest, student), above=spread * max(-least, student)
    )
    scale = f" on the {inside.scale}" if inside.scale else ""
    said = f"studentised bootstrap{scale}"
    if method == "exact" and inside != EVERYTHING:
        ends = _exact(data, inside, tail, len(weights), rng, (center, *ends))
        said = "exact, Gaffke's"
    return Interval(name, center, *ends, level, said, float(means.std(ddof=1)), float(means.mean()))


def _exact(
    data: NDArray[np.float64],
    inside: Range,
    tail: float,
    draws: int,
    rng: Seed,
    otherwise: tuple[float, float, float],
) -> tuple[float, float]:
    """Quantiles of means with one more item at each bound; without one, `otherwise`."""
    generator = np.random.default_rng(rng)
    sums, weight, more = np.empty((3, draws))
    step = max(1, _BLOCK // (len(data) + 1))
    for start in range(0, draws, step):
        part = slice(start, min(start + step, draws))
        drawn = generator.standard_exponential((part.stop - start, len(data) + 1))
        more[part] = drawn[:, -1]
        sums[part], weight[part] = drawn[:, :-1] @ data, drawn.sum(axis=1)
    center, *ends = otherwise
    if math.isfinite(inside.low):
        lower = float(np.quantile((sums + more * inside.low) / weight, tail))
        ends[0] = min(max(lower, inside.low), center)
    if math.isfinite(inside.high):
        upper = float(np.quantile((sums + more * inside.high) / weight, 1.0 - tail))
        ends[1] = max(min(upper, inside.high), center)
    return ends[0], ends[1]


def student_quantile(freedom: float, level: float) -> float:
    """Return the quantile of Student's t that holds `level` of it between minus it and it.

    Parameters
    ----------
    freedom : float
        Degrees of freedom.
    level : float
        In (0, 1).
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + 0.5 * level))


def share_interval(
    name: str,
    share: float,
    things: float,
    *,
    items: int,
    error: float | None = None,
    bias: float = 0.0,
    confidence_level: float = 0.95,
) -> Interval:
    r"""Exact binomial interval of a share of things, which may come in items that are alike inside.

    Parameters
    ----------
    name : str
        Name of the result.
    share : float
        In [0, 1]; NaN gives ends that are NaN.
    things : float
        Their number, such as that of residues; of weighted ones, the squared sum of weights over
        the sum of squares.
    items : int
        Number of independent items that hold them, such as chains.
    error : float, optional
        Standard error of the share over draws of items. None says that things are independent,
        each an item.
    bias : float
        Of the draws, for the result.
    confidence_level : float
        In (0, 1).

    Returns
    -------
    Interval
        With fewer than two items, the ends are NaN.

    Notes
    -----
    Clopper and Pearson (Biometrika 26, 1934): with k of n, the ends are quantiles of
    Beta(k, n - k + 1) and Beta(k + 1, n - k). For things in items, n is the effective number
    p (1 - p) / error^2, at most `things`, times the square of the ratio of Student's quantiles for
    `things` - 1 and `items` - 1 degrees of freedom, and k is p n (Korn and Graubard, Survey
    Methodology 24, 1998). Where the share is 0 or 1, nothing is known of how alike items are, and
    n is `things`, with the same ratio.

    Examples
    --------
    >>> interval = share_interval("outlier", 0.0, 117, items=117)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.0, 0.031)
    """
    level = checked_level(confidence_level)
    nan = math.nan
    method = "exact binomial (Clopper-Pearson)"
    if error is not None:
        method += ", effective sample size over items (Korn-Graubard)"
    if math.isnan(share) or not things > 0.0 or items < 2:
        return Interval(name, share, nan, nan, level, method, nan, nan)
    from scipy.special import betaincinv

    count = float(things)
    if error is not None:
        varied = share * (1.0 - share)
        if error > 0.0 and varied > 0.0:
            count = min(count, varied / error**2)
        ratio = student_quantile(things - 1.0, level) / student_quantile(items - 1.0, level)
        count *= min(ratio, 1.0) ** 2
    hits, tail = share * count, (1.0 - level) / 2.0
    low = float(betaincinv(hits, count - hits + 1.0, tail)) if hits > 0.0 else 0.0
    high = float(betaincinv(hits + 1.0, count - hits, 1.0 - tail)) if hits < count else 1.0
    spread = math.sqrt(share * (1.0 - share) / things) if error is None else error
    return Interval(name, share, low, high, level, method, spread, bias)


def resampled_interval(
    name: str,
    estimate: float,
    draws: NDArray[np.float64],
    *,
    items: int | None = None,
    low: float = -math.inf,
    high: float = math.inf,
    confidence_level: float = 0.95,
    method: str = "percentile",
) -> Interval:
    """Interval of a number of the whole data set from its resamples, inside its range.

    Parameters
    ----------
    name : str
        Name of the number.
    estimate : float
        The number itself.
    draws : ndarray, dtype=float64, shape (B,)
        The number in each resample; NaN ones are left out.
    items : int, optional
        Number of items that were drawn and say something of the number. With fewer than
        `LEAST_ITEMS` the ends are NaN.
    low, high : float
        Least and greatest value that the number can have.
    confidence_level : float
        In (0, 1).
    method : {"percentile", "basic", "normal"}
        ``"percentile"``: quantiles of the draws. ``"basic"``: those mirrored at the
        estimate. ``"normal"``: the estimate corrected for the bootstrap bias, plus and
        minus normal quantiles of the standard error. Ends of the last two that are beyond the
        range are moved to it.

    Returns
    -------
    Interval
        If all draws are equal, they do not say how far the number can be off: the ends are then
        those of as many equal items, for a number with two bounds (see `mean_interval`) and known
        `items`, and otherwise NaN.

    Notes
    -----
    For a mean average precision over few items none of them reaches its level; the
    documentation has measured coverages.
    """
    level = checked_level(confidence_level)
    if method not in ("percentile", "basic", "normal"):
        raise ValueError(
            f"bootstrap method {method!r} is not one of 'percentile', 'basic', 'normal'"
        )
    inside, nan = Range(low, high), math.nan
    kept = draws[~np.isnan(draws)]
    if len(kept) < 2 or math.isnan(estimate) or (items is not None and items < LEAST_ITEMS):
        return Interval(name, estimate, nan, nan, level, method, nan, nan)
    tail = (1 - level) / 2
    below, above = (float(x) for x in np.quantile(kept, [tail, 1 - tail]))
    error, bias = float(kept.std(ddof=1)), float(kept.mean()) - estimate
    if np.ptp(kept) <= 1e-12 * max(1.0, abs(estimate)):
        ends = (nan, nan) if items is None else inside.of_equal(inside.clip(estimate), items, level)
        return Interval(name, estimate, *ends, level, f"{method}, all draws are equal", 0.0, bias)
    if method == "basic":
        below, above = 2 * estimate - above, 2 * estimate - below
    elif method == "normal":
        from statistics import NormalDist

        reach = NormalDist().inv_cdf(1 - tail) * error
        below, above = estimate - bias - reach, estimate - bias + reach
    return Interval(
        name, estimate, inside.clip(below), inside.clip(above), level, method, error, bias
    )


def too_few(items: int, unit: str) -> str:
    """Say that there are no intervals, because there are fewer than `LEAST_ITEMS` items.

    Parameters
    ----------
    items : int
    unit : str
        Word for several items.
    """
    return (
        f"no intervals: there are {items} {unit}, and draws of fewer than {LEAST_ITEMS} are all "
        "but the same"
    )


def interval_notes(intervals: Sequence[Interval]) -> list[str]:
    """Return what to say of intervals that are missing, or leave their own estimate out.

    Parameters
    ----------
    intervals : sequence of Interval
    """
    notes = []
    absent = [one.name for one in intervals if math.isnan(one.low) and not math.isnan(one.estimate)]
    if absent:
        notes.append(
            f"no interval of {_some(absent)}: draws of so few or such equal items do not say how "
            "far the number can be off"
        )
    beyond = [
        f"{one.name} {one.estimate:.4g} ({one.low:.4g} to {one.high:.4g})"
        for one in intervals
        if one.estimate < one.low or one.estimate > one.high
    ]
    if beyond:
        notes.append(
            f"the interval leaves the number itself out, because draws are biased: {_some(beyond)}"
        )
    return notes


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(names[:5])
    return listed + (f" ... ({len(names)} in all)" if len(names) > 5 else "")


#: No intervals.
NO_BOOTSTRAP = Bootstrap()
