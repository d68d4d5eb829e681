"""What values a number can have, and intervals that stay inside."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["EVERYTHING", "UNIT", "Range"]


@dataclass(frozen=True)
class Range:
    """Least and greatest value of a number; infinite where it has no bound.

    Attributes
    ----------
    low, high : float
        ``low < high``.

    Examples
    --------
    >>> dice = Range(0.0, 1.0)
    >>> [round(end, 3) for end in dice.around(0.9, below=0.2, above=0.2)]
    [0.494, 0.988]
    >>> dice.difference()
    Range(low=-1.0, high=1.0)
    """

    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"a range from {self.low} to {self.high} has no values inside")

    @property
    def bounded(self) -> bool:
        """Whether it has both ends."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def scale(self) -> str:
        """Name of the scale of `around`, for a sentence; empty for the number itself."""
        if self.bounded:
            return "logit scale"
        return "" if self == EVERYTHING else "logarithmic scale"

    def difference(self) -> Range:
        """Return the range of the difference of two such numbers."""
        return Range(self.low - self.high, self.high - self.low)

    def clip(self, value: float) -> float:
        """Return the nearest value inside; NaN stays NaN."""
        return value if math.isnan(value) else min(max(value, self.low), self.high)

    def around(self, center: float, below: float, above: float) -> tuple[float, float]:
        """Return an interval whose half widths are meant near the center, bent to stay inside.

        They are taken on a scale on which the range has no ends: the logit of the place in the
        range, or the logarithm of the distance from its only bound.

        Parameters
        ----------
        center : float
            Strictly inside.
        below, above : float
            Half widths >= 0, as they would be without bounds.
        """
        low, high = self.low, self.high
        if self.bounded:
            length = high - low
            place = (center - low) / length
            slope = 1.0 / (length * place * (1.0 - place))
            logit = math.log(place) - math.log1p(-place)
            ends = [low + length * _expit(logit + step * slope) for step in (-below, above)]
        elif math.isfinite(low):
            gap = center - low
            ends = [low + gap * _exp(step / gap) for step in (-below, above)]
        elif math.isfinite(high):
            gap = high - center
            ends = [high - gap * _exp(-step / gap) for step in (-below, above)]
        else:
            ends = [center - below, center + above]
        # Rounding must not put an end beyond a bound, or on the wrong side of the center.
        return min(self.clip(ends[0]), center), max(self.clip(ends[1]), center)

    def of_equal(self, value: float, count: int, level: float) -> tuple[float, float]:
        """Return the interval of a mean of which all items are equal; NaN without both bounds.

        It is what is left of Gaffke's interval when nothing varies but the weight of the one more
        item at a bound: each end is `value` moved towards the bound by 1 - (alpha / 2)^(1 / n) of
        the way. For a value that is a bound it is the interval of Clopper and Pearson.

        Parameters
        ----------
        value : float
        count : int
            Number of items.
        level : float
            In (0, 1).
        """
        if not self.bounded:
            return math.nan, math.nan
        share = -math.expm1(math.log((1.0 - level) / 2.0) / count)
        return value - share * (value - self.low), value + share * (self.high - value)


def _exp(x: float) -> float:
    return math.exp(x) if x < 700.0 else math.inf


def _expit(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x > -700.0 else 0.0


#: Numbers without bounds.
EVERYTHING = Range()
#: Ratios of a part and a whole.
UNIT = Range(0.0, 1.0)
