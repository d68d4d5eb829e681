"""The polyphonic sound detection score: the area under the curve of its rates.

C. Bilen, G. Ferroni, F. Tuveri, J. Azcarreta and S. Krstulovic, A Framework for the Robust
Evaluation of Sound Event Detection, ICASSP 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue

from .intersections import COVERED, CROSS, FALSE, Intersections
from .protocol import PsdsRules

__all__ = ["Changes", "PsdRoc"]

_CELLS = 1 << 22  # values of a table of classes and rates


@dataclass(frozen=True, eq=False)
class PsdRoc(ByValue):
    """Rates of classes, and the score.

    Attributes
    ----------
    value : float
        The score; NaN without a class.
    rate : ndarray, dtype=float64, shape (n,)
        Effective rates of false predictions at which the curve changes, up to the greatest.
    effective, mean, deviation : ndarray, dtype=float64, shape (n,)
        Effective rate of true predictions, and mean and standard deviation over classes, from
        each rate on.
    curves : tuple of (ndarray, ndarray)
        For each class, the rates at which its rate of true predictions grows, and what it is then.
    areas : ndarray, dtype=float64, shape (classes,)
        Mean height of the curve of each class, up to `limit`.
    limit : float
        Greatest rate.
    """

    value: float
    rate: NDArray[np.float64]
    effective: NDArray[np.float64]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    curves: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
    areas: NDArray[np.float64]
    limit: float


class Changes:
    """Everything that changes the counts, in the order of classes and operating points.

    Parameters
    ----------
    rules : PsdsRules
    found : Intersections
        Of all recordings.

    Notes
    -----
    With confidences every one of them is an operating point, and counts grow from point to point.
    Otherwise each of the predictions that were given is one for itself.
    """

    def __init__(self, rules: PsdsRules, found: Intersections) -> None:
        self._rules, self._found = rules, found
        self._sign = -1.0 if found.ranked else 1.0
        step = -found.level if found.ranked else found.point.astype(np.float64)
        order = np.lexsort((step, found.label))
        label, step = found.label[order], step[order]
        self._kind, self._other = found.kind[order], found.other[order]
        self._recording, self._step = found.recording[order], step
        # the last change of each class and operating point
        ends = np.ones(len(order), dtype=bool)
        ends[:-1] = (label[1:] != label[:-1]) | (step[1:] != step[:-1])
        self._ends = np.flatnonzero(ends)
        self._of_class = np.searchsorted(label, np.arange(len(found.classes) + 1))

    def rates(
        self, weights: NDArray[np.float64]
    ) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Return effective rates of false, and rates of true predictions of every class.

        Parameters
        ----------
        weights : ndarray, shape (recordings,)
            How often each recording counts.

        Returns
        -------
        list of (ndarray, ndarray)
            At every operating point, in no particular order. A class without a truth has NaN.
        """
        rules, found = self._rules, self._found
        truths = self._truths(weights)
        seconds = np.bincount(
            found.truth_label,
            weights=weights[found.truth_recording] * found.truth_seconds,
            minlength=len(truths),
        )
        total = float(weights @ found.duration)
        others = len(found.classes) - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            per_cross = rules.alpha_ct * (rules.seconds / seconds) / others if others else seconds
        weight = weights[self._recording]
        result = []
        for c, n in enumerate(truths.tolist()):
            here, ends = self._part(c)
            kind, own = self._kind[here], weight[here]
            sums = [
                self._up_to(np.where(kind == COVERED, own, 0.0), ends),
                self._up_to(np.where(kind == FALSE, own, 0.0), ends),
            ]
            false = sums[1] * rules.seconds / total if total > 0 else np.zeros(len(ends))
            if rules.alpha_ct and others:
                taken = np.where(kind == CROSS, own * per_cross[self._other[here]], 0.0)
                false = false + self._up_to(taken, ends)
            result.append((false, sums[0] / n if n > 0 else np.full(len(ends), np.nan)))
        return result

    def counts(
        self,
    ) -> list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
        """Return covered truths and false predictions of every class, and operating points.

        Returns
        -------
        list of (ndarray, ndarray, ndarray)
            At every operating point at which a count changes: its counts, and its confidence, or
            the number of the predictions that were given.
        """
        result = []
        for c in range(len(self._found.classes)):
            here, ends = self._part(c)
            kind = self._kind[here]
            sums = [
                self._up_to((kind == some).astype(np.float64), ends) for some in (COVERED, FALSE)
            ]
            result.append((sums[0], sums[1], self._sign * self._step[here][ends]))
        return result

    def _part(self, c: int) -> tuple[slice, NDArray[np.int64]]:
        """Return where the changes of a class stand, and in them the ends of operating points."""
        low, high = self._of_class[c], self._of_class[c + 1]
        ends = self._ends[slice(*np.searchsorted(self._ends, [low, high]))]
        return slice(low, high), ends - low

    def _truths(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the number of truths of each class."""
        found = self._found
        own = weights[found.truth_recording]
        return np.bincount(found.truth_label, own, len(found.classes)).astype(np.float64)

    def _up_to(self, values: NDArray[np.float64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the sums of the operating points that end there."""
        sums = np.cumsum(values)[ends] if len(ends) else np.empty(0)
        if self._found.ranked:
            return sums
        return np.diff(sums, prepend=0.0)

    def roc(self, weights: NDArray[np.float64]) -> PsdRoc:
        """Return the curve and the score.

        Parameters
        ----------
        weights : ndarray, shape (recordings,)
            How often each recording counts.
        """
        rules = self._rules
        rates = self.rates(weights)
        limit = rules.max_efpr
        if limit == 0.0:
            limit = max((float(x.max()) for x, _ in rates if len(x)), default=0.0)
        # classes that a draw of recordings has no truth of have no rate
        there = self._truths(weights) > 0
        curves = tuple(
            _staircase(x, y) if some else _NONE for (x, y), some in zip(rates, there, strict=True)
        )
        areas = np.array([_area(*curve, limit) for curve in curves])
        areas[~there] = np.nan
        used = [curve for curve, some in zip(curves, there, strict=True) if some]
        empty = np.empty(0)
        if not used or not limit > 0.0:
            return PsdRoc(np.nan, empty, empty, empty, empty, curves, areas, limit)
        rate = np.unique(np.concatenate([[0.0], *(x[x < limit] for x, _ in used)]))
        mean, deviation = np.empty(len(rate)), np.empty(len(rate))
        block = max(1, _CELLS // len(used))
        for begin in range(0, len(rate), block):
            some = rate[begin : begin + block]
            height = np.stack([_heights(*curve, some) for curve in used])
            mean[begin : begin + block] = height.mean(axis=0)
            deviation[begin : begin + block] = height.std(axis=0)
        effective = np.maximum(mean - rules.alpha_st * deviation, 0.0)
        value = float((np.diff(np.append(rate, limit)) * effective).sum() / limit)
        return PsdRoc(value, rate, effective, mean, deviation, curves, areas, limit)


_NONE = (np.empty(0), np.empty(0))


def _staircase(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the places where the greatest height so far grows, and that height."""
    order = np.lexsort((y, x))
    x, top = x[order], np.maximum.accumulate(y[order])
    last = np.append(x[1:] != x[:-1], True) if len(x) else np.empty(0, bool)
    x, top = x[last], top[last]
    grows = np.diff(top, prepend=0.0) > 0.0
    return x[grows], top[grows]


def _heights(
    x: NDArray[np.float64], y: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    place = np.searchsorted(x, at, side="right")
    return np.append(0.0, y)[place]


def _area(x: NDArray[np.float64], y: NDArray[np.float64], limit: float) -> float:
    if not limit > 0.0:
        return np.nan
    inside = x < limit
    return float((np.diff(np.append(x[inside], limit)) * y[inside]).sum() / limit)
