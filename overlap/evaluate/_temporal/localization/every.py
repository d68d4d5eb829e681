"""One report with the numbers of several protocols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate.contract import Contract, contract_of
from overlap.evaluate.page import Picture, Result, Section
from overlap.evaluate.thresholds import threshold_names

from .report import TemporalReport, facts_of, results_of

__all__ = ["SeveralProtocols", "SeveralReports", "together"]


@dataclass(frozen=True, eq=False)
class SeveralProtocols(ByValue):
    """Evidence of several reports on the same input; names get the protocol in front."""

    reports: dict[str, TemporalReport]

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the videos."""
        return next(iter(self.reports.values())).evidence.items

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return the numbers of all protocols for each row of `weights`."""
        return {
            f"{name} {key}": values
            for name, report in self.reports.items()
            for key, values in report.evidence.statistics(weights).items()
        }

    def columns(self) -> dict[str, Any]:
        """Return one entry per prediction, with the outcome under every protocol."""
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


@dataclass(frozen=True, eq=False, repr=False)
class SeveralReports(TemporalReport):
    """A `TemporalReport` with the numbers of several protocols.

    Its parameters are those of `Report`.
    """

    evidence: SeveralProtocols = field(repr=False)  # type: ignore[assignment]

    def curve(self, label: str, iou: float) -> tuple[NDArray, NDArray]:
        """Refuse: there is one curve for each protocol."""
        raise ValueError("this report is of several protocols; take the curve from one of them")

    def kind(self) -> str:
        """Return what was done."""
        return "Temporal localization by every protocol"

    def results(self) -> list[Result]:
        """Return the mean of every protocol."""
        means = [number for number in self.numbers if "iou" not in number.where]
        return results_of(means, self.settings)

    def pictures(self) -> list[Picture]:
        """Return the numbers of every protocol over the thresholds."""
        from overlap.plot.figures import panel
        from overlap.plot.localization import draw_protocols

        reports = self.evidence.reports
        means = ", ".join(f"{result.name} {result.value}" for result in self.results())
        return [
            Picture(
                "mAP by IoU threshold",
                partial(panel, lambda ax: draw_protocols(reports, ax=ax)),
                f"A line of mAP over the IoU threshold for each protocol: {means}.",
                "Protocols differ in their thresholds, and in rules where they share one.",
            )
        ]

    def headline(self) -> str:
        """Return the mean of every protocol."""
        return "mAP " + ", ".join(
            f"{result.value} by {result.name.removesuffix(' mAP')}" for result in self.results()
        )

    def sections(self) -> list[Section]:
        """Return the numbers of all protocols, then the tables of each under its name."""
        return [self._together("All protocols")] + [
            replace(section, title=f"{name}: {section.title}")
            for name, report in self.evidence.reports.items()
            for section in report.sections()
        ]

    def brief(self) -> list[Section]:
        """Return the mAP at each threshold by every protocol."""
        return [self._together(""), Section("", (), facts_of(self.settings))]

    def _together(self, title: str) -> Section:
        summary, protocols = dict(self.items), self.settings["protocols"]
        levels = {name for one in protocols.values() for name in threshold_names(one["thresholds"])}
        rows = []
        for metric in [*(f"mAP@{name}" for name in sorted(levels)), "mAP"]:
            values = [summary.get(f"{name} {metric}") for name in protocols]
            cells = ["" if value is None else f"{100 * value:.2f}" for value in values]
            rows.append([metric.partition("@")[2] or "mean", *cells])
        columns = ["IoU", *(f"{name} %" for name in protocols)]
        return Section(title, columns, rows, keys=1)

    def draw(self, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw the numbers of every protocol over the thresholds."""
        from overlap.plot.localization import draw_protocols

        return draw_protocols(self.evidence.reports, path=path, ax=ax, **options)


def together(reports: Mapping[str, TemporalReport]) -> SeveralReports:
    """Put reports on one input together.

    Parameters
    ----------
    reports : mapping from str to TemporalReport
        By the name that stands before their numbers.
    """
    numbers = tuple(
        replace(
            number,
            where={"protocol": name, **number.where},
            interval=number.interval
            and replace(number.interval, name=f"{name} {number.interval.name}"),
        )
        for name, report in reports.items()
        for number in report.numbers
    )
    first = next(iter(reports.values())).settings
    settings = {
        "evaluation": first["evaluation"],
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
    return SeveralReports(
        numbers=numbers,
        table_rows=tuple(
            {"protocol": name, **row}
            for name, report in reports.items()
            for row in report.table_rows
        ),
        settings=settings,
        sentence=" ".join(report.methods() for report in reports.values()),
        evidence=SeveralProtocols(dict(reports)),
    )


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
