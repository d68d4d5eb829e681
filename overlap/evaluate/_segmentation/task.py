"""The task of segmentation: from pairs of volumes over measured cases to evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.numbers import Number
from overlap.evaluate.task import Description, Inputs, Task
from overlap.io.folders import natural_key

from .cases import Failed, Measured
from .cohort import Cohort, as_cohort
from .empties import SITUATIONS, Empty
from .evidence import SegmentationEvidence
from .measure import Measure
from .metrics import Metric
from .report import SegmentationReport
from .sources import Source
from .values import metric_values, used_values
from .wording import EMPTY_WORDS, describe, sentence

__all__ = ["Segmentation"]


@dataclass(frozen=True)
class Segmentation(Task):
    """Rules of an evaluation of segmentations.

    Attributes
    ----------
    metrics : tuple of Metric
    measurement : Measure
        Rules by which a case is measured; parts depend on nothing else.
    empty : Empty
        Policy for empty sets.
    missing, failed
        As in `overlap.evaluate.segmentation`.
    """

    metrics: tuple[Metric, ...]
    measurement: Measure
    empty: Empty
    missing: float | str | None = None
    failed: Literal["leave_out", "worst", "error"] = "leave_out"

    name, unit = "segmentation", "cases"
    records, report = (Failed, Measured, Source), SegmentationReport

    def __post_init__(self) -> None:
        if self.failed not in ("leave_out", "worst", "error"):
            raise ValueError(f"failed = {self.failed!r}; wanted 'leave_out', 'worst' or 'error'")
        missing: Any = self.missing
        if missing is None or missing == "worst":
            return
        try:
            good = not isinstance(missing, bool) and bool(np.isfinite(float(missing)))
        except (TypeError, ValueError):
            good = False
        if not good:
            raise ValueError(f"missing = {missing!r}; wanted a finite number, 'worst' or None")
        object.__setattr__(self, "missing", float(missing))

    def items(self, pieces: int, **inputs: Any) -> Inputs:
        """Pair the volumes of both sides."""
        cohort = as_cohort(**inputs)
        return Inputs(cohort.items(alone=self.failed == "worst"), cohort)

    def measure(self, key: Any, item: Mapping[str, Any]) -> Measured | Failed:
        """Measure one case, which has the name of its key or one of its own."""
        return self.measurement(**{"case": str(key), **item})

    def rules(self) -> dict[str, Any]:
        """Return the rules of the measurement: other metrics of counts need no new one."""
        return self.measurement.settings()

    def order(self, key: Any) -> Any:
        """Sort names of cases naturally: case_2 before case_10."""
        return natural_key(str(key))

    def keeps(self, part: Measured | Failed) -> bool:
        """Whether a case could be measured."""
        return isinstance(part, Measured)

    def holds(self, key: Any, part: Measured, item: Mapping[str, Any]) -> bool:
        """Whether a measured case is of these volumes, unchanged."""
        sides = item["truth"], item["found"]
        if isinstance(sides[1], Failed) or part.case != item.get("case", str(key)):
            return False
        return all(map(Source.holds, part.sources, sides))

    def finish(
        self, parts: Mapping[Any, Measured | Failed], about: Cohort | None
    ) -> SegmentationEvidence:
        """Put the cases together, and compute their values."""
        cohort = Cohort() if about is None else about
        failed = [part for part in parts.values() if isinstance(part, Failed)]
        looked_at = {part.case for part in failed}
        failed += [part for part in cohort.failures if part.case not in looked_at]
        failed.sort(key=lambda failure: natural_key(failure.case))
        cases = [part for part in parts.values() if isinstance(part, Measured)]
        cases.sort(key=lambda case: natural_key(case.case))
        if failed and (self.failed == "error" or not cases):
            many = f"none of the {len(failed)}"
            if cases:
                many = f"failed = 'error', and {len(failed)} of {len(failed) + len(cases)}"
            raise ValueError(
                f"{many} cases could {'not ' * bool(cases)}be evaluated; the first: "
                f"{failed[0].case}: {failed[0].reason}"
            )
        lost = [part for part in failed if part.truth is not None and self.failed == "worst"]
        groups = self._groups([*cases, *lost])
        counted = [case.counted(groups.values()) for case in cases]
        sizes = np.moveaxis(np.reshape(counted, (len(cases), len(groups), 3)), 2, 0)
        values, situations, raised = metric_values(
            self.metrics, cases, lost, groups, sizes, self.empty
        )
        if raised.size and raised.all():
            what = EMPTY_WORDS[SITUATIONS[situations[0, 0, 0]]]
            raise ValueError(
                f"there are no numbers: the policy {self.empty.name!r} raises for all; the first: "
                f"{cases[0].case}: {self.metrics[0].name} of {next(iter(groups))!r} is of {what}"
            )
        diagonals = [float(np.linalg.norm(case.extent)) for case in cases]
        diagonals += [part.diagonal for part in lost]
        used = used_values(self.metrics, values, situations, diagonals, self.missing)
        return SegmentationEvidence(
            self.metrics, tuple(cases), groups, values, situations, used, self.measurement, cohort,
            sizes, raised, tuple(lost), tuple(failed),
        )  # fmt: skip

    def _groups(self, cases: Sequence[Measured | Failed]) -> dict[str, tuple[int, ...]]:
        """Return the scored labels by name."""
        if self.measurement.soft is not None and self.measurement.groups is None:
            return {"foreground": (1,)}
        return self.measurement.named(sorted(set().union(*(case.labels for case in cases))))

    def describe(
        self, evidence: SegmentationEvidence, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Return settings, contract, notes and findings."""
        rules = {"missing": self.missing, "failed": self.failed}
        return describe(evidence, numbers, bootstrap, self.empty, rules)

    def sentence(self, evidence: SegmentationEvidence, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        return sentence(evidence, settings)
