"""From measured cases to a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate.bootstrap import draw_weights, mean_interval
from overlap.evaluate.report import Interval
from overlap.io.folders import natural_key

from .counts import Counts
from .empties import SITUATIONS, Empty
from .evidence import SegmentationEvidence
from .inputs import Inputs
from .measure import Measure
from .measured import Failed, Measured
from .metrics import Metric
from .report import SegmentationReport
from .wording import LEAST_CASES, describe

__all__ = ["Finalise"]


@dataclass(frozen=True)
class Finalise:
    """The rules that turn measured cases into a report. Fields are those of `segmentation`."""

    metrics: tuple[Metric, ...]
    empty: Empty
    measure: Measure
    inputs: Inputs
    missing: float | str | None = None
    strata: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    bootstrap: int = 0
    confidence_level: float = 0.95
    rng: Any = 0

    def __call__(self, parts: list[Measured | Failed]) -> SegmentationReport:
        """Put the cases together and compute the numbers."""
        failed = [*self.inputs.failures, *(part for part in parts if isinstance(part, Failed))]
        cases = [part for part in parts if isinstance(part, Measured)]
        cases.sort(key=lambda case: natural_key(case.case))
        groups = self._groups(cases)
        values, situations, raised = self._values(cases, groups)
        refused: NDArray[np.bool_] = np.asarray(raised.any(axis=(0, 2)))
        for k in np.flatnonzero(refused).tolist():
            m, label = np.argwhere(raised[:, k]).tolist()[0]
            words = {"both": "two empty sets", "truth": "an empty truth", "found": "nothing found"}
            what = words[SITUATIONS[situations[m, k, label]]]
            failed.append(
                Failed(
                    cases[k].case,
                    f"{self.metrics[m].name} of {list(groups)[label]!r} is of {what}, where the "
                    f"policy {self.empty.name!r} raises",
                )
            )
        cases = [case for case, out in zip(cases, refused, strict=True) if not out]
        values, situations = values[:, ~refused], situations[:, ~refused]
        failed.sort(key=lambda failure: natural_key(failure.case))
        if not cases:
            first = failed[0]
            raise ValueError(
                f"none of the {len(failed)} cases could be evaluated; the first: {first.case}: "
                f"{first.reason}"
            )
        evidence = SegmentationEvidence(
            self.metrics, tuple(cases), groups, values, situations, self._used(values, cases),
            self.measure, self.inputs.cases,
        )  # fmt: skip
        estimates = {
            name: float(numbers[0])
            for name, numbers in evidence.statistics(np.ones((1, len(cases)))).items()
        }
        intervals = self._intervals(evidence)
        ends = {interval.name: interval for interval in intervals}
        items: list[tuple[str, float]] = []
        for name, value in estimates.items():
            items.append((name, value))
            if name in ends:
                items += [(f"{name} low", ends[name].low), (f"{name} high", ends[name].high)]
        for m, metric in enumerate(self.metrics):
            items.append((f"{metric.name} n_nan", float(np.isnan(values[m]).sum())))
            items.append((f"{metric.name} n_inf", float(np.isinf(values[m]).sum())))
        items += [("n_cases", float(len(cases))), ("n_failed", float(len(failed)))]
        settings = describe(self, evidence, failed)
        sentence = settings.pop("methods")
        return SegmentationReport(
            tuple(items), tuple(self._rows(evidence)), settings, sentence, evidence,
            tuple(intervals), tuple(failed), self.strata,
        )  # fmt: skip

    def _groups(self, cases: Sequence[Measured]) -> dict[str, tuple[int, ...]]:
        if self.measure.soft is not None and self.measure.groups is None:
            return {"foreground": (1,)}
        return self.measure.named(sorted(set().union(*(case.labels for case in cases))))

    def _values(
        self, cases: Sequence[Measured], groups: Mapping[str, tuple[int, ...]]
    ) -> tuple[NDArray[np.float64], NDArray[np.int8], NDArray[np.bool_]]:
        """Values, situations and errors of every metric, case and label."""
        shape = len(cases), len(groups)
        sums = [case.counted(groups.values()) for case in cases]
        found, truth, shared = np.concatenate([np.empty((0, 3)), *sums]).T
        total, voxel = (
            np.repeat([float(getattr(case, name)) for case in cases], len(groups))
            for name in ("total", "voxel")
        )
        counts = Counts(found, truth, shared, total, voxel)
        situation = np.where(truth == 0.0, np.where(found == 0.0, 1, 2), np.where(found == 0, 3, 0))
        values = np.empty((len(self.metrics), *shape))
        situations = np.empty(values.shape, np.int8)
        raised = np.empty(values.shape, np.bool_)
        for m, metric in enumerate(self.metrics):
            if metric.formula is None:
                nothing: dict[str, float] = {}
                numbers = np.array(
                    [
                        case.values.get(label, nothing).get(metric.name, np.nan)
                        for case in cases
                        for label in groups
                    ]
                )
            else:
                numbers = metric.evaluate(counts)
            answered = self.empty.apply(metric, numbers, situation.astype(np.int8))
            values[m], situations[m], raised[m] = (part.reshape(shape) for part in answered)
        return values, situations, raised

    def _used(self, values: NDArray[np.float64], cases: Sequence[Measured]) -> NDArray[np.float64]:
        """Return what the means are made of."""
        if self.missing is None:
            return np.where(np.isfinite(values), values, np.nan)
        used = values.copy()
        diagonals = np.array([[np.linalg.norm(case.extent)] for case in cases])
        for m, metric in enumerate(self.metrics):
            standing = np.full((len(cases), 1), np.nan)
            if self.missing != "worst":
                standing[:] = float(self.missing)
            elif np.isfinite(metric.worst):
                standing[:] = metric.worst
            elif metric.unit == "length":
                standing = diagonals  # nothing is farther apart in this volume
            used[m] = np.where(np.isfinite(values[m]), values[m], standing)
        return used

    def _intervals(self, evidence: SegmentationEvidence) -> list[Interval]:
        if not self.bootstrap:
            return []
        draws: dict[int, NDArray[np.float64]] = {}  # by number of values: the same for all
        result = []
        for m, metric in enumerate(self.metrics):
            names = [metric.name, *(f"{metric.name}[{label}]" for label in evidence.groups)]
            columns = [evidence.parts(m), *evidence.used[m].T]
            for name, column in zip(names, columns, strict=True):
                known = column[~np.isnan(column)]
                count = len(known)
                if count < LEAST_CASES:
                    continue
                if count not in draws:
                    draws[count] = draw_weights(count, self.bootstrap, self.rng)
                interval = mean_interval(
                    known,
                    confidence_level=self.confidence_level,
                    resamples=self.bootstrap,
                    weights=draws[count],
                    name=name,
                )
                result.append(interval)
        return result

    def _rows(self, evidence: SegmentationEvidence) -> list[dict[str, Any]]:
        rows = []
        for c, case in enumerate(evidence.cases):
            strata = dict(self.strata.get(case.case, {}))
            for k, label in enumerate(evidence.groups):
                for m, metric in enumerate(self.metrics):
                    value = float(evidence.values[m, c, k])
                    rows.append(
                        {
                            "case": case.case,
                            "label": label,
                            "metric": metric.name,
                            "value": value,
                            "unit": metric.unit_in(case.unit),
                            "empty": SITUATIONS[evidence.situations[m, c, k]],
                            "missing": "" if np.isfinite(value) else str(value),
                            "used": float(evidence.used[m, c, k]),
                            **strata,
                        }
                    )
        return rows
