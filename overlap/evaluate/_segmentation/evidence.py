"""Evidence of a report on segmentation: values of every metric, case and label."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate.bootstrap import LEAST_ITEMS, Bootstrap, draw_weights, mean_interval
from overlap.evaluate.means import defined_mean, linear_parts
from overlap.evaluate.numbers import Intervals, Number
from overlap.evaluate.value_range import Range

from .cases import Failed, Measured
from .cohort import Cohort
from .measure import Measure
from .metrics import Metric
from .values import PLACES

__all__ = ["SegmentationEvidence"]

_COUNT = Range(0.0)
_METHODS = {
    "studentised": "studentised bootstrap of the mean over cases",
    "exact": "Gaffke's interval of the mean over cases",
}


@dataclass(frozen=True, eq=False)
class SegmentationEvidence(ByValue):
    """Values of every metric, case and label.

    Attributes
    ----------
    metrics : tuple of Metric
    cases : tuple of Measured
        In natural order.
    groups : mapping from str to tuple of int
        Labels by name.
    values : ndarray of float64, shape (metrics, cases, labels)
        After the policy for empty sets; may be NaN or infinite.
    situations : ndarray of int8, same shape
        Places in `PLACES`: where the policy answered, or the case failed.
    used : ndarray of float64, same shape
        Values in the means: `values`, numbers that stand for missing ones, NaN where left out.
    measurement : Measure
        Rules by which cases were measured.
    cohort : Cohort
        Inputs.
    sizes : ndarray of float64, shape (3, measured cases, labels)
        Voxels of found, truth and both.
    raised : ndarray of bool, shape (metrics, measured cases, labels)
        Where the policy has an error.
    lost : tuple of Failed
        Failed cases that count as the worst, after all others along the axis of cases.
    failed : tuple of Failed
        All failed cases.
    """

    metrics: tuple[Metric, ...]
    cases: tuple[Measured, ...]
    groups: Mapping[str, tuple[int, ...]]
    values: NDArray[np.float64]
    situations: NDArray[np.int8]
    used: NDArray[np.float64]
    measurement: Measure
    cohort: Cohort = field(default_factory=Cohort)
    sizes: NDArray[np.float64] = field(default_factory=lambda: np.zeros((3, 0, 0)))
    raised: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0, 0), np.bool_))
    lost: tuple[Failed, ...] = ()
    failed: tuple[Failed, ...] = ()

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the cases that are in the numbers."""
        return (*(case.case for case in self.cases), *(failure.case for failure in self.lost))

    @property
    def present(self) -> set[int]:
        """Labels that occur in any measured case, without the background."""
        return set().union(*(case.labels for case in self.cases))

    @property
    def units(self) -> list[str]:
        """Units of the volumes of all cases, each once."""
        return sorted({case.unit for case in self.cases})

    def unit_of(self, metric: Metric) -> str:
        """Return the unit of a metric; its dimension where the cases have several units."""
        return metric.unit_in(self.units[0]) if len(self.units) == 1 else metric.unit

    def numbers(self) -> list[Number]:
        """Return the means of every metric, over labels and of each label, and counts."""
        everything = np.ones((1, len(self.items)))
        means, counts = self.means(everything)[0], self.denominators(everything)[0]
        places = [{}, *({"label": label} for label in self.groups)]
        result = []
        for metric, used, *columns in zip(self.metrics, self.used, means, counts, strict=True):
            # Numbers that stand for missing values may be beyond the range of the metric.
            inside = Range(
                float(np.fmin.reduce(used, axis=None, initial=metric.low)),
                float(np.fmax.reduce(used, axis=None, initial=metric.high)),
            )
            unit = self.unit_of(metric)
            for place, mean, n in zip(places, *(x.tolist() for x in columns), strict=True):
                result.append(
                    Number(metric.name, mean, place, n=n, n_undefined=len(used) - n, unit=unit,
                           range=inside, better=metric.better)
                )  # fmt: skip
        for metric, values in zip(self.metrics, self.values, strict=True):
            for count, odd in (("n_nan", np.isnan(values)), ("n_inf", np.isinf(values))):
                where = {"of": metric.name}
                result.append(Number(count, float(odd.sum()), where, unit="values", range=_COUNT))
        for count, cases in (("n_cases", self.items), ("n_failed", self.failed)):
            result.append(Number(count, float(len(cases)), unit="cases", range=_COUNT))
        return result

    def intervals(self, numbers: Sequence[Number], bootstrap: Bootstrap) -> Intervals:
        """Return the intervals of all means over enough cases."""
        if not bootstrap.resamples:
            return Intervals()
        means = [number for number in numbers if number.n is not None]
        columns = [x for m, used in enumerate(self.used) for x in (self.parts(m), *used.T)]
        draws: dict[int, NDArray[np.float64]] = {}  # by number of values: the same for all
        made = []
        for number, column in zip(means, columns, strict=True):
            values = column[~np.isnan(column)]
            count = len(values)
            if count < LEAST_ITEMS:
                continue
            if count not in draws:
                draws[count] = draw_weights(count, bootstrap.resamples, bootstrap.rng)
            interval = mean_interval(
                values,
                low=number.range.low,
                high=number.range.high,
                method=bootstrap.method,  # type: ignore[arg-type]
                rng=bootstrap.rng,
                confidence_level=bootstrap.level,
                weights=draws[count],
                name=number.name,
            )
            made.append(interval)
        return Intervals(tuple(made), facts={"method": _METHODS[bootstrap.method]})

    def rows(self, intervals: Intervals) -> list[dict[str, Any]]:
        """Return one row per case, label and metric."""
        rows = []
        units = [case.unit for case in self.cases]
        units += units[:1] * len(self.lost)
        tables = (np.moveaxis(table, 0, 2).tolist()
                  for table in (self.values, self.situations, self.used))  # fmt: skip
        for case, unit, *by_label in zip(self.items, units, *tables, strict=True):
            strata = self.cohort.strata.get(case, {})
            for label, *by_metric in zip(self.groups, *by_label, strict=True):
                for metric, value, place, used in zip(self.metrics, *by_metric, strict=True):
                    rows.append(
                        {
                            "case": case,
                            "label": label,
                            "metric": metric.name,
                            "value": value,
                            "unit": metric.unit_in(unit),
                            "empty": PLACES[place],
                            "missing": "" if math.isfinite(value) else str(value),
                            "used": used,
                            **strata,
                        }
                    )
        return rows

    def means(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return weighted means over cases; NaN where there is none.

        Parameters
        ----------
        weights : ndarray, shape (B, cases)

        Returns
        -------
        ndarray of float64, shape (B, metrics, 1 + labels)
            First the mean over labels of the others, each of one label.
        """
        known = ~np.isnan(self.used)
        filled = np.where(known, self.used, 0.0)
        total = np.einsum("bc,mcl->bml", weights, filled)
        count = np.einsum("bc,mcl->bml", weights, known.astype(np.float64))
        means = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0.0)
        return np.concatenate([defined_mean(means, axis=2)[..., None], means], axis=2)

    def denominators(self, weights: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the number of cases in each mean of `means`.

        A mean over labels has the cases with a value of any label.

        Parameters
        ----------
        weights : ndarray, shape (B, cases)
        """
        known = ~np.isnan(self.used)
        known = np.concatenate([known.any(axis=2, keepdims=True), known], axis=2)
        weighed = (np.asarray(weights) > 0.0).astype(np.int64)
        return np.einsum("bc,mcl->bml", weighed, known.astype(np.int64))

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return every metric, over labels and of each label, for cases of other weights.

        Parameters
        ----------
        weights : ndarray, shape (B, cases)

        Returns
        -------
        dict from str to ndarray, shape (B,)
            ``dice`` is the mean over labels of the means over cases, ``dice[liver]`` one of them.
        """
        means = self.means(np.asarray(weights, np.float64))
        labels = ["", *(f"[{label}]" for label in self.groups)]
        names = [f"{metric.name}{label}" for metric in self.metrics for label in labels]
        return dict(zip(names, means.reshape(len(means), -1).T, strict=True))

    def parts(self, m: int) -> NDArray[np.float64]:
        """Split the mean over labels of a metric into one number per case: its linear parts.

        Parameters
        ----------
        m : int
            Place of the metric.

        Returns
        -------
        ndarray, shape (n,)
            Of the cases that have a value.
        """
        used = self.used[m]
        return linear_parts(used[~np.isnan(used).all(axis=1)].T)

    def columns(self) -> dict[str, Any]:
        """Return one entry per case and label: voxels tp, fp, fn and tn, and the size of a voxel.

        Every ratio and volume is made of these.
        """
        found, truth, shared = self.sizes.reshape(3, -1)
        labels = len(self.groups)
        total = np.repeat([float(case.total) for case in self.cases], labels)
        return {
            "case": np.repeat(np.array([case.case for case in self.cases], dtype=object), labels),
            "label": np.tile(np.array(list(self.groups), dtype=object), len(self.cases)),
            "tp": shared,
            "fp": found - shared,
            "fn": truth - shared,
            "tn": total - found - truth + shared,
            "voxel_volume": np.repeat([case.voxel for case in self.cases], labels),
            "unit": np.repeat(np.array([case.unit for case in self.cases], dtype=object), labels),
        }
