"""How a report on temporal localization is shown: its headline, its tables, its picture."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from numpy.typing import NDArray

from overlap.evaluate.page import Section
from overlap.evaluate.report import Evidence, Report
from overlap.evaluate.thresholds import threshold_names

if TYPE_CHECKING:
    from .report import TemporalReport

__all__ = ["CurveEvidence"]


class CurveEvidence(Evidence, Protocol):
    """Evidence that has a curve for each class; it knows how its report is shown."""

    def curve(self, label: str, iou: float) -> tuple[NDArray, NDArray]:
        """Recall and precision after each prediction of a class."""

    def headline(self, report: Report) -> str:
        """Name the protocol and the first number."""
        name, value = report.items[0]
        return f"{report.settings['protocol']}: {name} {percent(value)} %"

    def sections(self, report: Report) -> list[Section]:
        """Return the numbers with intervals and tie ranges, and the classes, the worst first."""
        return [_summary(report), _grid(report.rows())]

    def draw(self, report: Report, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw curves and classes."""
        from overlap.plot import draw_report

        return draw_report(cast("TemporalReport", report), path=path, ax=ax, **options)


def percent(value: float) -> str:
    """Write a fraction in per cent; nothing for NaN."""
    return "" if math.isnan(value) else f"{100 * value:.2f}"


def _summary(report: Report) -> Section:
    """Name, number, interval and tie range of every number that stands for itself."""
    items = dict(report.items)

    def span(low: str, high: str) -> str:
        known = low in items and high in items
        return f"{percent(items[low])} to {percent(items[high])}" if known else ""

    ends = (" low", " high", " tie low", " tie high")
    derived = {f"{name}{end}" for name in items for end in ends}
    columns = ["", "value", "over orders of ties"]
    if report.intervals:
        columns.insert(2, f"{100 * report.intervals[0].level:g} % interval")
    rows = []
    for name, value in items.items():
        if name not in derived:
            row = [name, percent(value), span(f"{name} tie low", f"{name} tie high")]
            if report.intervals:
                row.insert(2, span(f"{name} low", f"{name} high"))
            rows.append(row)
    return Section("Summary, %", columns, rows)


def _grid(rows: list[dict[str, Any]]) -> Section:
    """Value of every class at every threshold, the worst class first."""
    levels = list(dict.fromkeys(row["iou"] for row in rows))
    lines: dict[str, dict[float, float]] = {}
    for row in rows:
        lines.setdefault(row["class"], {})[row["iou"]] = row["value"]
    truths = {row["class"]: row["n_truth"] for row in rows}
    means = {name: sum(line.values()) / len(line) for name, line in lines.items()}
    cells = [
        [
            name,
            str(truths[name]),
            *(percent(lines[name].get(level, math.nan)) for level in levels),
            percent(means[name]),
        ]
        for name in sorted(lines, key=lambda name: means[name])
    ]
    columns = ["class", "truths", *threshold_names(levels), "mean"]
    return Section("Classes, %, the worst first", columns, cells)
