"""What a report on segmentation keeps, so that its numbers can be recomputed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate.means import defined_mean, linear_parts
from overlap.evaluate.page import Section
from overlap.evaluate.report import Report

from .cases import Failed, Measured
from .empties import SITUATIONS
from .measure import Measure
from .metrics import Metric
from .shown import headline_of, sections_of

if TYPE_CHECKING:
    from .report import SegmentationReport

__all__ = ["FAILED", "PLACES", "SegmentationEvidence"]

#: What the column ``empty`` of a table says, by number.
PLACES = (*SITUATIONS, "failed")
FAILED = PLACES.index("failed")


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
        What the means are made of: `values`, what stands for missing ones, NaN where left out.
    measure : Measure
        How cases were read.
    sources : mapping
        Truth and found of each case: paths or arrays.
    raised : ndarray of bool, shape (metrics, measured cases, labels)
        Where the policy has an error.
    lost : tuple of Failed
        Failed cases that count as the worst, after all others along the axis of cases.
    """

    metrics: tuple[Metric, ...]
    cases: tuple[Measured, ...]
    groups: Mapping[str, tuple[int, ...]]
    values: NDArray[np.float64]
    situations: NDArray[np.int8]
    used: NDArray[np.float64]
    measure: Measure
    sources: Mapping[str, tuple[Any, Any]]
    raised: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0, 0), np.bool_))
    lost: tuple[Failed, ...] = ()

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the cases that are in the numbers."""
        return (*(case.case for case in self.cases), *(failure.case for failure in self.lost))

    def label_means(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weighted means over cases, shape (B, metrics, labels); NaN where there is none.

        Parameters
        ----------
        weights : ndarray, shape (B, cases)
        """
        known = ~np.isnan(self.used)
        filled = np.where(known, self.used, 0.0)
        total = np.einsum("bc,mcl->bml", weights, filled)
        count = np.einsum("bc,mcl->bml", weights, known.astype(np.float64))
        return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0.0)

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Every metric, over labels and of each label, for each row of `weights`.

        Parameters
        ----------
        weights : ndarray, shape (B, cases)

        Returns
        -------
        dict
            ``dice`` is the mean over labels of the means over cases, ``dice[liver]`` one of them.
        """
        means = self.label_means(np.asarray(weights, np.float64))
        overall = defined_mean(means, axis=2)
        result = {}
        for m, metric in enumerate(self.metrics):
            result[metric.name] = overall[:, m]
            for k, label in enumerate(self.groups):
                result[f"{metric.name}[{label}]"] = means[:, m, k]
        return result

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

    def denominators(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.int64]]:
        """Return how many cases the means of `statistics` are over, by the same names.

        A mean over labels has the cases with a value of any label.

        Parameters
        ----------
        weights : ndarray, shape (B, cases)
        """
        known = ~np.isnan(self.used)
        weighed = (np.asarray(weights) > 0.0).astype(np.int64)
        result = {}
        for m, metric in enumerate(self.metrics):
            result[metric.name] = weighed @ known[m].any(axis=1)
            for k, label in enumerate(self.groups):
                result[f"{metric.name}[{label}]"] = weighed @ known[m, :, k]
        return result

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        """Voxels of found, truth and both, shape (3, measured cases, labels)."""
        groups = list(self.groups.values())
        return np.moveaxis(np.array([case.counted(groups) for case in self.cases]), 2, 0)

    def columns(self) -> dict[str, Any]:
        """One entry per case and label: voxels tp, fp, fn and tn, and the volume of a voxel.

        Every ratio and volume is made of these.
        """
        found, truth, shared = (side.ravel() for side in self.sizes)
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

    def headline(self, report: Report) -> str:
        """Return the first metric and the number of cases."""
        return headline_of(report)

    def sections(self, report: Report) -> list[Section]:
        """Return means by label, then by stratum, the worst rows, and failures."""
        return sections_of(cast("SegmentationReport", report))

    def draw(self, report: Report, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw the values of every case."""
        from overlap.plot import draw_values

        return draw_values(report, path=path, ax=ax, **options)
