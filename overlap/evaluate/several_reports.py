"""One report with the numbers of several protocols on the same input."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue

from .contract import Contract, contract_of
from .number_texts import percent_text, short_text
from .numbers import Number
from .page import Result, Section
from .report import Report

__all__ = ["SeveralProtocols", "SeveralReports", "together"]


@dataclass(frozen=True, eq=False)
class SeveralProtocols(ByValue):
    """Evidence of several reports on the same input; names get the protocol in front.

    Attributes
    ----------
    reports : dict from str to Report
    shared : tuple of str
        Columns that are the same by every protocol.
    """

    reports: dict[str, Report]
    shared: tuple[str, ...] = ()

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the items."""
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
        return {
            key if key in self.shared else f"{name} {key}": values
            for name, report in self.reports.items()
            for key, values in report.evidence.columns().items()
        }

    def part(self, metric: str) -> tuple[Report, str]:
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
class SeveralReports(Report):
    """A `Report` with the numbers of several protocols.

    Its parameters are those of `Report`.
    """

    evidence: SeveralProtocols = field(repr=False)

    def curve(self, label: str, iou: float) -> tuple[NDArray, NDArray]:
        """Refuse: there is one curve for each protocol."""
        raise ValueError("this report is of several protocols; take the curve from one of them")

    def sections(self) -> list[Section]:
        """Return the numbers of all protocols, then the tables of each under its name."""
        return [self.overview("All protocols")] + [
            replace(section, title=f"{name}: {section.title}")
            for name, report in self.evidence.reports.items()
            for section in report.sections()
        ]

    def overview(self, title: str) -> Section:
        """Return the numbers of all protocols in one table, a column for each protocol.

        Parameters
        ----------
        title : str
        """
        reports = self.evidence.reports
        by_name = [{one.name: one for one in report.numbers} for report in reports.values()]
        rows = [
            [name, *(_cell(numbers.get(name)) for numbers in by_name)]
            for name in dict.fromkeys(name for numbers in by_name for name in numbers)
        ]
        return Section(title, ("", *reports), rows, keys=1)

    def headline(self) -> str:
        """Return the first number of every protocol."""
        firsts = {name: report.numbers[0] for name, report in self.evidence.reports.items()}
        return ", ".join(f"{one.name} {_cell(one)} by {name}" for name, one in firsts.items())

    def kind(self) -> str:
        """Return what was done."""
        return f"{self.settings['evaluation'].capitalize()} by every protocol"

    def results(self) -> list[Result]:
        """Return the first number of every protocol."""
        return [
            Result(f"{name} {report.numbers[0].name}", _cell(report.numbers[0]))
            for name, report in self.evidence.reports.items()
        ]

    def brief(self) -> list[Section]:
        """Return the numbers of all protocols."""
        return [self.overview("")]

    def terms(self) -> Mapping[str, str]:
        """Return the definitions of all protocols."""
        reports = self.evidence.reports.values()
        return {word: text for one in reports for word, text in one.terms().items()}


def _cell(number: Number | None) -> str:
    """Write a number; empty for one that a protocol does not have."""
    if number is None:
        return ""
    if math.isnan(number.value):
        return "undefined"
    if number.range.bounded or number.unit == "ratio":
        return f"{percent_text(number.value)} %"
    return short_text(number.value) + (f" {number.unit}" if number.unit != "1" else "")


def together(
    reports: Mapping[str, Report],
    kind: type[SeveralReports],
    shared: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Any:
    """Put reports on one input together.

    Parameters
    ----------
    reports : mapping from str to Report
        By the name that stands before their numbers.
    kind : type
        Class of the report.
    shared : sequence of str
        Columns of matches that are the same by every protocol.
    notes : sequence of str
        Stand before those of the reports.

    Returns
    -------
    SeveralReports
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
    every = [report.settings for report in reports.values()]
    settings = {
        "evaluation": every[0]["evaluation"],
        "protocol": "all",
        "truth": every[0]["truth"],
        "found": every[0]["found"],
        "notes": list(dict.fromkeys([*notes, *(x for one in every for x in one["notes"])])),
        "findings": list(dict.fromkeys(x for one in every for x in one["findings"])),
        "protocols": {name: report.settings for name, report in reports.items()},
        "contract": _contract(reports).settings(),
    }
    return kind(
        numbers=numbers,
        table_rows=tuple(
            {"protocol": name, **row}
            for name, report in reports.items()
            for row in report.table_rows
        ),
        settings=settings,
        sentence=" ".join(report.methods() for report in reports.values()),
        evidence=SeveralProtocols(dict(reports), tuple(shared)),
    )


def _contract(reports: Mapping[str, Report]) -> Contract:
    """Return the contract of all: only the truth is shared, all else is that of a protocol."""
    parts = {name: contract_of(report.settings, name) for name, report in reports.items()}
    first = next(iter(parts.values()))
    return Contract(
        first.evaluation,
        {name: rule for name, rule in first.rules.items() if name == "truth"},
        {
            f"{name} {metric}": {
                **{term: value for term, value in part.rules.items() if term != "truth"},
                **part.numbers.get(metric, {}),
            }
            for name, part in parts.items()
            for metric in dict.fromkeys(
                [*part.numbers, *(number.name for number in reports[name].numbers)]
            )
        },
        items=first.items,
    )
