"""One report with the numbers of every protocol."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io import as_segments

from .evaluate import temporal
from .protocols import PROTOCOLS
from .report import TemporalReport
from .shown import CurveEvidence

__all__ = ["every_protocol"]


@dataclass(frozen=True, eq=False)
class _Several(CurveEvidence):
    """Evidence of several reports on the same input; names get the protocol in front."""

    reports: dict[str, TemporalReport]

    @property
    def items(self) -> tuple[str, ...]:
        return next(iter(self.reports.values())).evidence.items

    def annotated(self) -> tuple[str, ...]:
        return next(iter(self.reports.values())).evidence.annotated()

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return {
            f"{name} {key}": values
            for name, report in self.reports.items()
            for key, values in report.evidence.statistics(weights).items()
        }

    def columns(self) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name, report in self.reports.items():
            for key, values in report.evidence.columns().items():
                shared = key in ("video", "label", "start", "stop", "confidence")
                result[key if shared else f"{name} {key}"] = values
        return result

    def curve(self, label: str, iou: float) -> tuple[NDArray, NDArray]:
        raise ValueError("this report is of several protocols; take the curve from one of them")


def every_protocol(
    *, truth: Any, found: Any, ambiguous: Any = None, **options: Any
) -> TemporalReport:
    """Evaluate one input by all protocols.

    Parameters
    ----------
    truth, found, ambiguous, **options
        As for `temporal`. Protocols that do not use ambiguous intervals get none.

    Returns
    -------
    TemporalReport
        Table rows have a column ``protocol``; summary names begin with the protocol's.
    """
    truth = as_segments(truth, role="truth")
    if ambiguous is not None:
        ambiguous = as_segments(ambiguous, role="ambiguous")
    reports = {}
    for name, protocol in PROTOCOLS.items():
        uses = protocol.ambiguous_rows == "ignore"
        reports[name] = temporal(
            truth=truth,
            found=found,
            protocol=protocol,
            ambiguous=ambiguous if uses else None,
            **options,
        )
    items = tuple(
        (f"{name} {key}", value) for name, report in reports.items() for key, value in report.items
    )
    rows = tuple(
        {"protocol": name, **row} for name, report in reports.items() for row in report.table_rows
    )
    intervals = tuple(
        replace(interval, name=f"{name} {interval.name}")
        for name, report in reports.items()
        for interval in report.intervals
    )
    first = next(iter(reports.values())).settings
    settings = {
        "protocol": "all",
        "truth": first["truth"],
        "found": first["found"],
        "notes": list(dict.fromkeys(x for r in reports.values() for x in r.settings["notes"])),
        "findings": list(
            dict.fromkeys(x for r in reports.values() for x in r.settings["findings"])
        ),
        "protocols": {name: report.settings for name, report in reports.items()},
    }
    sentence = " ".join(report.methods() for report in reports.values())
    return TemporalReport(items, rows, settings, sentence, _Several(reports), intervals)
