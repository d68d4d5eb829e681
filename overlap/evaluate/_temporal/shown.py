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

__all__ = ["CurveEvidence", "brief_of", "brief_of_all"]


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


def brief_of(report: Report) -> list[Section]:
    """Return the mAP at each threshold and the mean, with intervals and ranges of ties if any."""
    settings = report.settings
    summary, ties = dict(report.items), settings["tie_range"]
    low, high = ties["mAP"]
    columns = ["IoU", "mAP %"]
    bootstrap = settings.get("bootstrap")
    if bootstrap:
        columns.append(f"{100 * bootstrap['confidence_level']:g} % interval")
    if high > low:
        columns.append("over ties")
    names = [f"mAP@{name}" for name in threshold_names(settings["thresholds"])]
    rows = []
    for name, *ends in zip(
        [*names, "mAP"], [*ties["low"], low], [*ties["high"], high], strict=True
    ):
        row = [name.partition("@")[2] or "mean", f"{100 * summary[name]:.2f}"]
        if bootstrap:
            row.append(_range(summary[f"{name} low"], summary[f"{name} high"]))
        if high > low:
            row.append(_range(*ends))
        rows.append(row)
    return [Section("", columns, rows, keys=1), Section("", (), facts_of(settings))]


def brief_of_all(report: Report) -> list[Section]:
    """Return the mAP at each threshold by every protocol."""
    summary, protocols = dict(report.items), report.settings["protocols"]
    levels = {name for one in protocols.values() for name in threshold_names(one["thresholds"])}
    rows = []
    for metric in [*(f"mAP@{name}" for name in sorted(levels)), "mAP"]:
        values = [summary.get(f"{name} {metric}") for name in protocols]
        cells = ["" if value is None else f"{100 * value:.2f}" for value in values]
        rows.append([metric.partition("@")[2] or "mean", *cells])
    columns = ["IoU", *(f"{name} %" for name in protocols)]
    settings = report.settings
    return [Section("", columns, rows, keys=1), Section("", (), facts_of(settings))]


def _range(low: float, high: float) -> str:
    return f"{100 * low:.2f} to {100 * high:.2f}"


def facts_of(settings: dict[str, Any]) -> list[list[str]]:
    """Return rules and counts of the inputs."""
    truth, found = settings["truth"], settings["found"]
    predictions = f"{found['segments']:,} in {found['videos']:,} videos"
    outside = found["segments_of_videos_not_in_truth"]
    ties = f", ties {settings['ties']}" if "ties" in settings else ""
    classes = f", {len(settings['classes'])} classes" if "classes" in settings else ""
    return [
        ["protocol", settings["protocol"] + ties],
        ["truth", f"{truth['segments']:,} segments in {truth['videos']:,} videos{classes}"],
        ["found", predictions + (f"; {outside:,} outside the truth's videos" if outside else "")],
    ]
