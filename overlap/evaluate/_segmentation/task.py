"""From measured cases to a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate.bootstrap import LEAST_ITEMS, draw_weights, mean_interval
from overlap.evaluate.numbers import Interval
from overlap.io.folders import natural_key

from .cases import Failed, Measured
from .counts import Counts
from .empties import SITUATIONS, Empty
from .evidence import FAILED, PLACES, SegmentationEvidence
from .inputs import Inputs
from .measure import Measure
from .metrics import Metric
from .objects import COUNTED, LESIONWISE
from .report import SegmentationReport
from .wording import EMPTY_WORDS, describe

__all__ = ["Finalise"]


@dataclass(frozen=True)
class Finalise:
    """The rules that turn measured cases into a report. Fields are those of `segmentation`."""

    metrics: tuple[Metric, ...]
    empty: Empty
    measure: Measure
    inputs: Inputs
    missing: float | str | None = None
    failed: Literal["leave_out", "worst", "error"] = "leave_out"
    strata: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    bootstrap: int = 0
    interval: Any = "studentised"
    confidence_level: float = 0.95
    rng: Any = 0

    def __call__(self, parts: list[Measured | Failed]) -> SegmentationReport:
        """Put the cases together and compute the numbers."""
        failed = [part for part in parts if isinstance(part, Failed)]
        looked_at = {part.case for part in failed}
        failed += [part for part in self.inputs.failures if part.case not in looked_at]
        failed.sort(key=lambda failure: natural_key(failure.case))
        cases = [part for part in parts if isinstance(part, Measured)]
        cases.sort(key=lambda case: natural_key(case.case))
        lost = [part for part in failed if part.truth is not None and self.failed == "worst"]
        groups = self._groups([*cases, *lost])
        if failed and (self.failed == "error" or not cases):
            many = f"none of the {len(failed)}"
            if cases:
                many = f"failed = 'error', and {len(failed)} of {len(failed) + len(cases)}"
            raise ValueError(
                f"{many} cases could {'not ' * bool(cases)}be evaluated; the first: "
                f"{failed[0].case}: {failed[0].reason}"
            )
        values, situations, raised = self._values(cases, groups)
        if raised.size and raised.all():
            what = EMPTY_WORDS[SITUATIONS[situations[0, 0, 0]]]
            raise ValueError(
                f"there are no numbers: the policy {self.empty.name!r} raises for all; the first: "
                f"{cases[0].case}: {self.metrics[0].name} of {next(iter(groups))!r} is of {what}"
            )
        diagonals = [float(np.linalg.norm(case.extent)) for case in cases]
        diagonals += [part.diagonal for part in lost]
        shape = len(self.metrics), len(lost), len(groups)
        worst = np.array(
            [[metric.when_failed(part.diagonal) for part in lost] for metric in self.metrics]
        )
        worst = np.broadcast_to(worst.reshape(*shape[:2], 1), shape)
        values = np.append(values, worst, axis=1)
        situations = np.append(situations, np.full(shape, FAILED, np.int8), axis=1)
        evidence = SegmentationEvidence(
            self.metrics, tuple(cases), groups, values, situations,
            self._used(values, situations, diagonals), self.measure, self.inputs.cases, raised,
            tuple(lost),
        )  # fmt: skip
        estimates = {
            name: float(numbers[0])
            for name, numbers in evidence.statistics(np.ones((1, len(evidence.items)))).items()
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
        items += [("n_cases", float(len(evidence.items))), ("n_failed", float(len(failed)))]
        settings = describe(self, evidence, failed, intervals)
        sentence = settings.pop("methods")
        return SegmentationReport(
            tuple(items), tuple(self._rows(evidence)), settings, sentence, evidence,
            tuple(intervals), tuple(failed), self.strata,
        )  # fmt: skip

    def _groups(self, cases: Sequence[Measured | Failed]) -> dict[str, tuple[int, ...]]:
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
        voxels = _situation(found, truth)
        values = np.empty((len(self.metrics), *shape))
        situations = np.empty(values.shape, np.int8)
        raised = np.empty(values.shape, np.bool_)
        for m, metric in enumerate(self.metrics):
            situation = voxels
            if metric.formula is None:
                numbers = _measured(cases, groups, metric.name)
            else:
                numbers = metric.evaluate(counts)
            if metric.name in LESIONWISE:
                sides = (_measured(cases, groups, name) for name in reversed(COUNTED))
                situation = _situation(*sides)
            answered = self.empty.apply(metric, numbers, situation)
            values[m], situations[m], raised[m] = (part.reshape(shape) for part in answered)
        return values, situations, raised

    def _used(
        self,
        values: NDArray[np.float64],
        situations: NDArray[np.int8],
        diagonals: Sequence[float],
    ) -> NDArray[np.float64]:
        """Return what the means are made of."""
        used = np.where(np.isfinite(values), values, np.nan)
        if self.missing is None:
            return used
        missing = np.isnan(used)
        if self.missing == "worst":
            # nothing is missing where nothing was to be found
            missing &= situations != SITUATIONS.index("both")
        for m, metric in enumerate(self.metrics):
            standing: Sequence[float] = [float("nan")] * len(diagonals)
            if self.missing != "worst":
                standing = [float(self.missing)] * len(diagonals)
            elif metric.better:
                standing = [metric.when_failed(diagonal) for diagonal in diagonals]
            used[m] = np.where(missing[m], np.array(standing)[:, None], used[m])
        return used

    def _intervals(self, evidence: SegmentationEvidence) -> list[Interval]:
        if not self.bootstrap:
            return []
        draws: dict[int, NDArray[np.float64]] = {}  # by number of values: the same for all
        result = []
        for m, metric in enumerate(self.metrics):
            names = [metric.name, *(f"{metric.name}[{label}]" for label in evidence.groups)]
            # What stands for missing values may be beyond the range of the metric.
            low = float(np.fmin.reduce(evidence.used[m], axis=None, initial=metric.low))
            high = float(np.fmax.reduce(evidence.used[m], axis=None, initial=metric.high))
            columns = [evidence.parts(m), *evidence.used[m].T]
            for name, column in zip(names, columns, strict=True):
                known = column[~np.isnan(column)]
                count = len(known)
                if count < LEAST_ITEMS:
                    continue
                if count not in draws:
                    draws[count] = draw_weights(count, self.bootstrap, self.rng)
                interval = mean_interval(
                    known,
                    low=low,
                    high=high,
                    method=self.interval,
                    rng=self.rng,
                    confidence_level=self.confidence_level,
                    resamples=self.bootstrap,
                    weights=draws[count],
                    name=name,
                )
                result.append(interval)
        return result

    def _rows(self, evidence: SegmentationEvidence) -> list[dict[str, Any]]:
        rows = []
        units = [case.unit for case in evidence.cases]
        units += units[:1] * len(evidence.lost)
        for c, (case, unit) in enumerate(zip(evidence.items, units, strict=True)):
            strata = dict(self.strata.get(case, {}))
            for k, label in enumerate(evidence.groups):
                for m, metric in enumerate(self.metrics):
                    value = float(evidence.values[m, c, k])
                    rows.append(
                        {
                            "case": case,
                            "label": label,
                            "metric": metric.name,
                            "value": value,
                            "unit": metric.unit_in(unit),
                            "empty": PLACES[evidence.situations[m, c, k]],
                            "missing": "" if np.isfinite(value) else str(value),
                            "used": float(evidence.used[m, c, k]),
                            **strata,
                        }
                    )
        return rows


def _situation(found: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return which sets are empty, as places in `SITUATIONS`."""
    places = np.where(truth == 0.0, np.where(found == 0.0, 1, 2), np.where(found == 0.0, 3, 0))
    return places.astype(np.int8)


def _measured(
    cases: Sequence[Measured], groups: Mapping[str, tuple[int, ...]], name: str
) -> NDArray[np.float64]:
    """Return what was measured beside counts, of every case and label."""
    nothing: dict[str, float] = {}
    return np.array(
        [case.values.get(label, nothing).get(name, np.nan) for case in cases for label in groups],
        np.float64,
    )
