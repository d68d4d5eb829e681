"""One report with the numbers of several protocols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from overlap.evaluate.page import Picture, Result, Section
from overlap.evaluate.several_reports import SeveralProtocols
from overlap.evaluate.several_reports import SeveralReports as Several
from overlap.evaluate.several_reports import together as put_together
from overlap.evaluate.thresholds import threshold_names

from .report import TemporalReport, facts_of, results_of

__all__ = ["SeveralReports", "together"]

_SHARED = ("video", "label", "start", "stop", "confidence")


@dataclass(frozen=True, eq=False, repr=False)
class SeveralReports(Several, TemporalReport):
    """A `TemporalReport` with the numbers of several protocols.

    Its parameters are those of `Report`.
    """

    evidence: SeveralProtocols = field(repr=False)  # type: ignore[assignment]

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

        reports: Any = self.evidence.reports
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

    def brief(self) -> list[Section]:
        """Return the mAP at each threshold by every protocol."""
        return [self.overview(""), Section("", (), facts_of(self.settings))]

    def overview(self, title: str) -> Section:
        """Return the mAP at each threshold by every protocol."""
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

        return draw_protocols(self.evidence.reports, path=path, ax=ax, **options)  # type: ignore[arg-type]


def together(reports: Mapping[str, TemporalReport]) -> SeveralReports:
    """Put reports on one input together.

    Parameters
    ----------
    reports : mapping from str to TemporalReport
        By the name that stands before their numbers.
    """
    result: SeveralReports = put_together(reports, SeveralReports, _SHARED)
    for report in reports.values():
        if "ambiguous" in report.settings:
            result.settings["ambiguous"] = report.settings["ambiguous"]
    return result
