"""A report on temporal localization: its curves, tables and pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from overlap.evaluate.page import Section
from overlap.evaluate.report import Report
from overlap.evaluate.thresholds import threshold_names

from .evidence import TemporalEvidence

__all__ = ["TemporalReport", "facts_of"]


@dataclass(frozen=True, eq=False, repr=False)
class TemporalReport(Report):
    """A `Report` with a recall and a precision after each prediction.

    Its parameters are those of `Report`.
    """

    evidence: TemporalEvidence = field(repr=False)

    def curve(self, label: str, iou: float) -> tuple[NDArray, NDArray]:
        """Return recall and precision after each counted prediction of one class.

        Parameters
        ----------
        label : str
            Class.
        iou : float
            One of the thresholds.

        Returns
        -------
        recall, precision : ndarray, dtype=float64, shape (n,)
        """
        return self.evidence.curve(label, iou)

    def headline(self) -> str:
        """Name the protocol and the first number."""
        name, value = self.items[0]
        return f"{self.settings['protocol']}: {name} {_percent(value)} %"

    def sections(self) -> list[Section]:
        """Return the numbers with intervals and tie ranges, and the classes, the worst first."""
        return [self._summary(), _classes(self.rows())]

    def brief(self) -> list[Section]:
        """Return the mAP at each threshold and the mean, and the inputs."""
        bootstrap, ties = self.settings.get("bootstrap"), self.settings["tie_range"]
        low, high = ties["mAP"]
        columns = ["IoU", "mAP %"]
        if bootstrap:
            columns.append(f"{100 * bootstrap['confidence_level']:g} % interval")
        if high > low:
            columns.append("over ties")
        rows = []
        mean, *others = self.numbers
        ranges = zip([*ties["low"], low], [*ties["high"], high], strict=True)
        for number, ends in zip([*others, mean], ranges, strict=True):
            row = [number.where.get("iou", "mean"), f"{100 * number.value:.2f}"]
            if number.interval:
                row.append(_range(number.interval.low, number.interval.high))
            if high > low:
                row.append(_range(*ends))
            rows.append(row)
        return [Section("", columns, rows, keys=1), Section("", (), facts_of(self.settings))]

    def remarks(self) -> list[str]:
        """Return the notes that the tables of the screen do not say already."""
        return [note for note in self.settings["notes"] if not note.startswith("ties:")]

    def draw(self, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw curves and classes."""
        from overlap.plot import draw_report

        return draw_report(self, path=path, ax=ax, **options)

    def _summary(self) -> Section:
        columns = ["", "value", "over orders of ties"]
        if self.intervals:
            columns.insert(2, f"{100 * self.intervals[0].level:g} % interval")
        rows = []
        for number in self.numbers:
            row = [number.name, _percent(number.value), _span(number.ties)]
            if self.intervals:
                one = number.interval
                row.insert(2, _span((one.low, one.high) if one else None))
            rows.append(row)
        return Section("Summary, %", columns, rows)


def _percent(value: float) -> str:
    """Write a fraction in per cent; nothing for NaN."""
    return "" if math.isnan(value) else f"{100 * value:.2f}"


def _span(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{_percent(ends[0])} to {_percent(ends[1])}"


def _range(low: float, high: float) -> str:
    return f"{100 * low:.2f} to {100 * high:.2f}"


def _classes(rows: list[dict[str, Any]]) -> Section:
    """Return the value of every class at every threshold, the worst class first."""
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
            *(_percent(lines[name].get(level, math.nan)) for level in levels),
            _percent(means[name]),
        ]
        for name in sorted(lines, key=lambda name: means[name])
    ]
    columns = ["class", "truths", *threshold_names(levels), "mean"]
    return Section("Classes, %, the worst first", columns, cells)


def facts_of(settings: dict[str, Any]) -> list[list[str]]:
    """Return rules and counts of the inputs, for the screen."""
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
