"""Numbers per case of several reports, and what follows from them for the whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate.bootstrap import draw_weights, mean_interval, resampled_interval
from overlap.evaluate.means import defined_mean, linear_parts
from overlap.evaluate.numbers import Interval
from overlap.evaluate.value_range import EVERYTHING, Range

from .places import average_ranks
from .significance import mean_difference

__all__ = [
    "AGGREGATES",
    "CaseScores",
    "weighted_mean",
    "weighted_median",
]

_DIGITS = 12


def weighted_mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the defined values for each row of weights, NaN where there is none.

    Parameters
    ----------
    values : ndarray, dtype=float64, shape (N,)
    weights : ndarray, dtype=float64, shape (B, N)

    Returns
    -------
    ndarray, dtype=float64, shape (B,)
    """
    defined = ~np.isnan(values)
    total = weights @ np.where(defined, values, 0.0)
    count = weights @ defined.astype(np.float64)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)


def weighted_median(
    values: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Median of the defined values for each row of weights, which are counts of copies.

    Parameters
    ----------
    values : ndarray, dtype=float64, shape (N,)
    weights : ndarray, dtype=float64, shape (B, N)

    Returns
    -------
    ndarray, dtype=float64, shape (B,)
        Mean of the two middle values where the number of copies is even; NaN for none.
    """
    order = np.argsort(values, kind="stable")[: int((~np.isnan(values)).sum())]
    result = np.full(len(weights), np.nan)
    if len(order):
        upto = np.cumsum(weights[:, order], axis=1)
        count = upto[:, -1]
        some = count > 0
        # the copies before the place of a middle one: first value whose running count passes it
        middle = [
            values[order[np.argmax(upto[some] > place[some, None], axis=1)]]
            for place in ((count - 1) // 2, count // 2)
        ]
        result[some] = 0.5 * middle[0] + 0.5 * middle[1]
    return result


AGGREGATES = {"mean": weighted_mean, "median": weighted_median}


@dataclass(frozen=True, eq=False)
class CaseScores(ByValue):
    """One number per report, label and case, and what follows from them.

    Attributes
    ----------
    names, labels, cases : tuple of str
        What the axes are: reports, labels, cases.
    values : ndarray, dtype=float64, shape (K, L, N)
        NaN where undefined.
    higher_is_better : bool
        Which end is rank 1.
    aggregate : {"mean", "median"}
        How cases become one number, which is then averaged over labels.
    weights : ndarray, dtype=float64, shape (B, N)
        Draws of the cases, the same for all reports.
    level : float
        Confidence level of intervals.
    seed : int
        Of the draws for intervals over the cases that are defined.
    range : Range
        What a value can be.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    cases: tuple[str, ...]
    values: NDArray[np.float64]
    higher_is_better: bool
    aggregate: str
    weights: NDArray[np.float64]
    level: float
    seed: int
    range: Range = EVERYTHING
    _drawn: dict[int, NDArray[np.float64]] = field(default_factory=dict, repr=False)

    def of_label(self, place: int) -> CaseScores:
        """Return the same for one label."""
        one = slice(place, place + 1)
        return CaseScores(
            self.names,
            self.labels[one],
            self.cases,
            self.values[:, one],
            self.higher_is_better,
            self.aggregate,
            self.weights,
            self.level,
            self.seed,
            self.range,
            self._drawn,
        )

    @cached_property
    def ranks(self) -> NDArray[np.float64]:
        """Rank of each report in each case and label, shape (K, L, N); see `average_ranks`."""
        return average_ranks(self.values, higher_is_better=self.higher_is_better)

    def numbers(self, data: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """One number per report, shape (K,): of the values, or of `data` of their shape."""
        return self._combined(data, np.ones((1, len(self.cases))))[:, 0]

    def draws(self, data: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """One number per report and draw, shape (K, B)."""
        return self._combined(data, self.weights)

    def _combined(
        self, data: NDArray[np.float64] | None, weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        combine = AGGREGATES[self.aggregate]
        data = self.values if data is None else data
        return defined_mean(
            np.array([[combine(row, weights) for row in block] for block in data]), axis=1
        )

    def change(self, k: int, j: int) -> NDArray[np.float64]:
        """Difference of two reports in each case: the mean over labels that both define.

        Rounded to 12 digits of the largest value, so that what is equal but for the order of
        sums counts as equal.
        """
        size = np.nanmax(np.abs(self.values[[k, j]]), initial=0.0) or 1.0
        change = defined_mean(self.values[k] - self.values[j], axis=0)
        return np.asarray(np.round(change / size, _DIGITS) * size)

    def interval(
        self, name: str, estimate: float, draws: NDArray[np.float64], k: int, j: int | None = None
    ) -> Interval:
        """Interval of the number of report `k`, or of its difference from that of `j`.

        A mean has a studentised bootstrap interval, a difference of means Student's, both of
        linear parts, which are the values of cases where nothing is undefined; a median has
        the quantiles of its draws.
        """
        if self.aggregate != "mean":
            return resampled_interval(
                name,
                estimate,
                draws,
                items=len(self.cases),
                confidence_level=self.level,
            )
        chosen = self.values[[k]] if j is None else self.values[[k, j]]
        used = ~np.isnan(chosen).all(axis=(0, 1))
        parts = [linear_parts(block[:, used]) for block in chosen]
        if j is not None:
            span = self.range.difference()
            return mean_difference(
                parts[0] - parts[1], low=span.low, high=span.high, confidence_level=self.level
            )
        count = int((~np.isnan(parts[0])).sum())
        if count not in self._drawn:
            self._drawn[count] = draw_weights(count, len(self.weights), self.seed)
        drawn = self._drawn[count]
        return mean_interval(
            parts[0],
            low=self.range.low,
            high=self.range.high,
            confidence_level=self.level,
            name=name,
            weights=drawn,
        )
