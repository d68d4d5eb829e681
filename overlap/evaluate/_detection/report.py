"""A report on detections: its tables and pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from overlap.evaluate.numbers import Number
from overlap.evaluate.page import Picture, Result, Section
from overlap.evaluate.report import Report
from overlap.evaluate.thresholds import threshold_names

from .evidence import DetectionEvidence

__all__ = ["DetectionReport"]

_TERMS = {
    "class": "Label of the regions.",
    "truths": "Number of truths of the class that count.",
    "detections": "Number of detections of the class within the limit.",
    "value": "The number itself.",
    "AP": "Average precision: the area under the curve of precision against recall; in the summary "
    "the mean over classes and IoU thresholds.",
    "AP50": "The same at an IoU of 0.5.",
    "AP75": "The same at an IoU of 0.75.",
    "mAP": "Mean of the AP over classes and thresholds.",
    "over orders of ties": "Least and greatest value over the orders of detections of equal "
    "confidence, which the rules leave open; empty where no order moves it.",
    "recall": "Share of the truths that are found by all detections.",
    "area": "Range of areas of the truths that count.",
    "iou": "IoU from which a detection can match a truth.",
    "n_truth": "Number of truths that count.",
    "n_found": "Number of detections of the class.",
    "n_true": "Number of them that match a truth.",
    "n_false": "Number of them that match none, or one that is taken.",
    "n_ignored": "Number of them that do not count, such as those on crowds.",
}


@dataclass(frozen=True, eq=False, repr=False)
class DetectionReport(Report):
    """A `Report` on detections.

    Its parameters are those of `Report`.
    """

    evidence: DetectionEvidence = field(repr=False)

    def curve(self, label: str, iou: float) -> tuple[NDArray, NDArray]:
        """Return recall and precision after each counted detection of one class.

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

    def kind(self) -> str:
        """Return what was done, and by which rules."""
        return f"Detection by the protocol {self.settings['protocol']}"

    def results(self) -> list[Result]:
        """Return the first numbers with what they count."""
        truth = self.settings["truth"]
        counts = f"{truth['regions']:,} truths in {truth['items']:,} images"
        return [
            Result(
                number.name,
                "undefined" if math.isnan(number.value) else f"{_percent(number.value)} %",
                "; ".join(filter(None, [_ends(number), f"{number.n} classes", counts])),
            )
            for number in self.numbers[:4]
        ]

    def sections(self) -> list[Section]:
        """Return the summary and the classes, the worst first."""
        return [self._summary("Summary, %"), self._classes()]

    def brief(self) -> list[Section]:
        """Return the summary and the inputs."""
        settings = self.settings
        truth, found = settings["truth"], settings["found"]
        flags = "".join(f", {count:,} {name}" for name, count in truth["flags"].items())
        facts = [
            ["protocol", settings["protocol"]],
            ["truth", f"{truth['regions']:,} {truth['kind']} in {truth['items']:,} images, "
                      f"{len(settings['classes'])} classes{flags}"],
            ["found", f"{found['regions']:,} {found['kind']}"],
        ]  # fmt: skip
        return [self._summary(""), Section("", (), facts)]

    def pictures(self) -> list[Picture]:
        """Return the curves, and the classes."""
        from overlap.plot.figures import panel
        from overlap.plot.localization import draw_classes, draw_curves, shown_classes

        whole = WholeRange(self)
        values = ", ".join(f"{n.name} {_percent(n.value)} %" for n in self.numbers[:3])
        first = threshold_names(self.settings["thresholds"])[0]
        height = max(3.5, 1.2 + 0.22 * shown_classes(whole))
        return [
            Picture(
                "Precision against recall",
                partial(panel, partial(draw_curves, whole), 4.3),
                f"Curves of precision, mean over classes, against recall: {values}.",
                "One line for each threshold. The further a line stays high, the better.",
            ),
            Picture(
                f"AP of each class at {first}",
                partial(panel, partial(draw_classes, whole), height),
                f"Bars of the AP of each class at the threshold {first}.",
                "In brackets: the number of truths.",
            ),
        ]

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the columns."""
        return _TERMS

    def draw(self, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw curves and classes."""
        from overlap.plot import draw_report

        return draw_report(WholeRange(self), path=path, ax=ax, **options)

    def _summary(self, title: str) -> Section:
        columns, rows = ["", "value"], []
        level = f"{100 * self.intervals[0].level:g} % interval" if self.intervals else None
        columns += [level] if level else []
        moved = any(number.ties for number in self.numbers)
        columns += ["over orders of ties"] if moved else []
        for number in self.numbers:
            row = [number.name, _percent(number.value)]
            row += [_ends(number, "")] if level else []
            low, high = map(_percent, number.ties or (math.nan, math.nan))
            row += [f"{low} to {high}" if number.ties else ""] if moved else []
            rows.append(row)
        return Section(title, columns, rows, keys=1)

    def _classes(self) -> Section:
        rows = WholeRange(self).rows()
        lines: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            lines.setdefault(row["class"], []).append(row)
        names = threshold_names(self.settings["thresholds"])
        shown = [k for k, name in enumerate(names) if name in ("0.50", "0.75")] or [0]
        cells = []
        for label, line in lines.items():
            mean = sum(row["value"] for row in line) / len(line)
            recall = sum(row["recall"] for row in line) / len(line)
            cells.append((
                mean,
                [label, f"{line[0]['n_truth']:,}", f"{line[0]['n_found']:,}", _percent(mean),
                 *(_percent(line[k]["value"]) for k in shown), _percent(recall)],
            ))  # fmt: skip
        cells.sort(key=lambda cell: (math.isnan(cell[0]), cell[0]))
        columns = ["class", "truths", "detections", "AP",
                   *(f"AP@{names[k]}" for k in shown), "recall"]  # fmt: skip
        return Section("Classes, %, the worst first", columns, [line for _, line in cells], keys=1)


@dataclass(frozen=True)
class WholeRange:
    """A report without ranges of areas and without classes that have no truth, for pictures.

    Parameters
    ----------
    report : DetectionReport
    """

    report: DetectionReport

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the report."""
        return self.report.settings

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the first range of areas, which holds all."""
        whole = self.settings["rules"]["areas"][:1]
        return [
            row
            for row in self.report.rows()
            if (not whole or row["area"] == whole[0][0]) and not math.isnan(row["value"])
        ]

    def summary_items(self) -> list[tuple[str, float]]:
        """Return the summary, in which the first number is called mAP."""
        items = self.report.summary_items()
        return [("mAP", items[0][1]), *items]

    def curve(self, label: str, iou: float) -> tuple[NDArray, NDArray]:
        """Return recall and precision of one class."""
        return self.report.curve(label, iou)


def _percent(value: float) -> str:
    """Write a fraction in per cent; nothing for NaN."""
    return "" if math.isnan(value) else f"{100 * value:.2f}"


def _ends(number: Number, level: str | None = None) -> str:
    ends = number.interval
    if ends is None or math.isnan(ends.low):
        return ""
    words = f" ({100 * ends.level:g} % interval)" if level is None else level
    return f"{_percent(ends.low)} to {_percent(ends.high)}{words}"
