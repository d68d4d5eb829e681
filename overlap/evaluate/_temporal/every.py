"""One report with the numbers of every protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate.contract import Contract, contract_of
from overlap.evaluate.page import Section
from overlap.evaluate.report import Report
from overlap.io import as_segments

from .evaluate import temporal
from .protocol import Protocol
from .protocols import PROTOCOLS
from .report import TemporalReport
from .shown import CurveEvidence

__all__ = ["SeveralProtocols", "every_protocol"]


@dataclass(frozen=True, eq=False)
class SeveralProtocols(ByValue, CurveEvidence):
    """Evidence of several reports on the same input; names get the protocol in front."""

    reports: dict[str, TemporalReport]

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the videos."""
        return next(iter(self.reports.values())).evidence.items

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Numbers of all protocols for each row of `weights`."""
        return {
            f"{name} {key}": values
            for name, report in self.reports.items()
            for key, values in report.evidence.statistics(weights).items()
        }

    def columns(self) -> dict[str, Any]:
        """One entry per prediction, with the outcome under every protocol."""
        result: dict[str, Any] = {}
        for name, report in self.reports.items():
            for key, values in report.evidence.columns().items():
                shared = key in ("video", "label", "start", "stop", "confidence")
                result[key if shared else f"{name} {key}"] = values
        return result

    def part(self, metric: str) -> tuple[TemporalReport, str]:
        """Return the report of one protocol, and what it calls a number of all.

        Parameters
        ----------
        metric : str
            Such as ``"opentad mAP"``.

        Raises
        ------
        ValueError
            There is no such number.
        """
        name, _, own = metric.partition(" ")
        if name not in self.reports or own not in dict(self.reports[name].items):
            known = [f"{name} {key}" for name, report in self.reports.items()
                     for key, _ in report.items]  # fmt: skip
            raise ValueError(f"there is no metric {metric!r}; there are {', '.join(known)}")
        return self.reports[name], own

    def sections(self, report: Report) -> list[Section]:
        """Return the tables of every protocol, each under its name."""
        return [
            Section(f"{name}: {section.title}", section.columns, section.rows)
            for name, one in self.reports.items()
            for section in one.evidence.sections(one)
        ]

    def draw(self, report: Report, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw the numbers of every protocol over the thresholds."""
        from overlap.plot.localization import draw_protocols

        return draw_protocols(self.reports, path=path, ax=ax, **options)

    def curve(self, label: str, iou: float) -> tuple[NDArray, NDArray]:
        """Refuse: there is one curve for each protocol."""
        raise ValueError("this report is of several protocols; take the curve from one of them")


def every_protocol(
    *,
    truth: Any,
    found: Any,
    ambiguous: Any = None,
    protocols: Mapping[str, Protocol] = PROTOCOLS,
    **options: Any,
) -> TemporalReport:
    """Evaluate one input by all protocols.

    Parameters
    ----------
    truth, found, ambiguous, **options
        As for `temporal`. Protocols that do not use ambiguous intervals get none.
    protocols : mapping from str to Protocol
        Rules by the name that stands before their numbers.

    Returns
    -------
    TemporalReport
        Table rows have a column ``protocol``; summary names begin with the protocol's.
    """
    truth = as_segments(truth, role="truth")
    if ambiguous is not None:
        ambiguous = as_segments(ambiguous, role="ambiguous")
    reports = {}
    for name, protocol in protocols.items():
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
        "contract": _contract(reports).settings(),
    }
    for report in reports.values():
        if "ambiguous" in report.settings:
            settings["ambiguous"] = report.settings["ambiguous"]
    sentence = " ".join(report.methods() for report in reports.values())
    return TemporalReport(items, rows, settings, sentence, SeveralProtocols(reports), intervals)


def _contract(reports: Mapping[str, TemporalReport]) -> Contract:
    """Return the contract of all: only the truth is shared, all else is that of a protocol."""
    parts = {name: contract_of(report.settings, name) for name, report in reports.items()}
    first = next(iter(parts.values()))
    return Contract(
        first.evaluation,
        {"truth": first.rules["truth"]},
        {
            f"{name} {metric}": {
                **{term: value for term, value in part.rules.items() if term != "truth"},
                **rules,
            }
            for name, part in parts.items()
            for metric, rules in part.numbers.items()
        },
    )
