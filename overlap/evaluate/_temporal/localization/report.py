"""A report on temporal localization: its curves, tables and pictures."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from overlap.evaluate.bootstrap import LEAST_ITEMS
from overlap.evaluate.number_texts import interval_text, level_text, percent_text, span_text
from overlap.evaluate.numbers import Number
from overlap.evaluate.page import Picture, Result, Section
from overlap.evaluate.report import Report
from overlap.evaluate.thresholds import threshold_names
from overlap.io.printable import number_of

from .diagnosis import Diagnosis, diagnosis_of
from .diagnosis_page import TERMS, content_of
from .evidence import TemporalEvidence

__all__ = ["TemporalReport", "facts_of", "results_of"]


@dataclass(frozen=True, eq=False, repr=False)
class TemporalReport(Report):
    """A `Report` with a recall and a precision after each prediction.

    Its parameters are those of `Report`.

    Attributes
    ----------
    diagnosed : Diagnosis, optional
        Shown on the page, and written to JSON.
    """

    evidence: TemporalEvidence = field(repr=False)
    diagnosed: Diagnosis | None = field(default=None, repr=False, compare=False, kw_only=True)

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

    def diagnosis(
        self,
        bins: str | Mapping[str, Sequence[float]] = "quantiles",
        durations: Mapping[str, float] | str | os.PathLike[str] | None = None,
        most: int = 10,
    ) -> Diagnosis:
        """Say which truths are missed, why predictions are false, and what that costs.

        Parameters
        ----------
        bins : str or mapping from str to sequence of float
            Bins of coverage, length and number of instances of the truths: ``"quantiles"`` (five
            of about equally many truths), the edges for a dataset, ``"activitynet"`` or
            ``"thumos14"``, or rising edges of some of ``coverage``, ``length`` and ``instances``.
            A bin has its upper edge.
        durations : mapping from str to float, or path, optional
            Seconds of videos, where the truth does not have them; for its files see
            `overlap.io.durations.as_durations`. They stand before those of the truth. Without
            any, there is no coverage.
        most : int
            Of the predictions of a class with G truths, the first `most` times G are looked at for
            kinds of false positive.

        Returns
        -------
        Diagnosis
            With ``value`` (normalised mAP), ``table`` (by bins), ``errors`` (by kinds, with costs),
            ``videos`` (the worst first), ``timeline(video)`` and ``plot()``.

        Raises
        ------
        ValueError
            There are no such bins, no truth, a duration is not above 0, or all durations are of
            other videos.

        Notes
        -----
        Definitions are those of H. Alwassel and others, "Diagnosing Error in Temporal Action
        Detectors", ECCV 2018. Matches are made by the rules of the report, without truths of no
        length or longer than their video. Of ``ties="expected"``, the order is that of the file.

        Examples
        --------
        >>> from overlap import evaluate
        >>> from overlap.io import sample_path
        >>> report = evaluate.temporal(
        ...     truth=sample_path("temporal_truth"), found=sample_path("temporal_found"), iou=0.5
        ... )
        >>> diagnosis = report.diagnosis(bins={"length": [0, 10, 20, 1000]})
        >>> diagnosis.errors[["error", "n"]].to_dict("list")["error"]
        ['duplicate', 'class', 'location', 'both', 'background']
        """
        return diagnosis_of(self.evidence, self.settings["ties"], bins, durations, most)

    def with_diagnosis(self, diagnosis: Diagnosis) -> TemporalReport:
        """Return the report with a diagnosis on its page and in its JSON.

        Parameters
        ----------
        diagnosis : Diagnosis
            As `diagnosis` returns it.
        """
        return replace(self, diagnosed=diagnosis)

    def content(self, *, worst: int = 4) -> list[Section | Picture]:
        """Return the tables and pictures of the page.

        Parameters
        ----------
        worst : int
            Number of videos that a diagnosis draws.
        """
        own = super().content()
        return own if self.diagnosed is None else [*own, *content_of(self.diagnosed, worst)]

    def to_dict(self) -> dict[str, Any]:
        """Return settings, summary, table and perhaps diagnosis as plain data; NaN becomes None."""
        more = {} if self.diagnosed is None else {"diagnosis": self.diagnosed.to_dict()}
        return {**super().to_dict(), **more}

    def headline(self) -> str:
        """Name the protocol and the first number."""
        name, value = self.items[0]
        return f"{self.settings['protocol']}: {name} {percent_text(value)} %"

    def kind(self) -> str:
        """Return the kind of evaluation, and the protocol."""
        return f"Temporal localization by the protocol {self.settings['protocol']}"

    def results(self) -> list[Result]:
        """Return the mean and the numbers at up to three thresholds, with their counts."""
        mean, *others = self.numbers
        shown = [number for number in others if number.where.get("iou") in _TOLD] or others
        return results_of([mean, *shown[:3]], self.settings)

    def sections(self) -> list[Section]:
        """Return the numbers with intervals and tie ranges, and the classes, the worst first."""
        return [self._summary(), _classes(self.rows())]

    def pictures(self) -> list[Picture]:
        """Return curves, the mean over the thresholds, and the classes."""
        from overlap.plot.figures import panel
        from overlap.plot.localization import (
            draw_classes,
            draw_curves,
            draw_thresholds,
            shown_classes,
        )

        rows = self.rows()
        if not rows:
            return []
        levels = list(dict.fromkeys(row["iou"] for row in rows))
        first = threshold_names(levels)[0]
        firsts = [row for row in rows if row["iou"] == levels[0] and row["value"] == row["value"]]
        by_value = sorted(firsts, key=lambda row: row["value"])
        spread = (
            f"from {by_value[0]['class']} with {percent_text(by_value[0]['value'])} % to "
            f"{by_value[-1]['class']} with {percent_text(by_value[-1]['value'])} %"
            if by_value
            else "all undefined"
        )
        values = ", ".join(f"{n.name} {percent_text(n.value)} %" for n in self.numbers)
        pictures = [
            Picture(
                "Precision against recall",
                partial(panel, partial(draw_curves, self), 4.3),
                f"Curves of precision, mean over classes, against recall, one for each IoU "
                f"threshold: {values}.",
                f"Strong lines: mean over classes, one for each IoU threshold. {_FAINT} at IoU "
                f"{first}. The further a line stays high, the better.",
            ),
            Picture(
                f"AP of each class at IoU {first}",
                partial(
                    panel, partial(draw_classes, self), max(3.5, 1.2 + 0.22 * shown_classes(self))
                ),
                f"Bars of the AP of each class at IoU {first}, {spread}.",
                "In brackets: the number of truths." + (_INTERVALS if self.intervals else ""),
            ),
        ]
        if len(levels) > 1:
            over = Picture(
                "mAP by IoU threshold",
                partial(panel, partial(draw_thresholds, self)),
                f"A line of mAP over the IoU threshold: {values}.",
                "How far the number falls where predictions must fit more closely."
                + (" The band is the interval." if self.intervals else ""),
            )
            pictures.insert(1, over)
        return pictures

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the columns."""
        interval = "Bootstrap interval of the number in another draw of as many videos."
        levels = {level_text(one.level): interval for one in self.intervals}
        return {**TERMS, **_TERMS, **levels} | {
            number.name: f"Mean of the AP of all classes at temporal IoU {number.where['iou']}."
            for number in self.numbers
            if "iou" in number.where and "protocol" not in number.where
        }

    def brief(self) -> list[Section]:
        """Return the mAP at each threshold and the mean, and the inputs."""
        bootstrap, ties = self.settings.get("bootstrap"), self.settings["tie_range"]
        low, high = ties["mAP"]
        columns = ["IoU", "mAP %"]
        if bootstrap:
            columns.append(level_text(bootstrap["confidence_level"]))
        if high > low:
            columns.append("over ties")
        rows = []
        mean, *others = self.numbers
        ranges = zip([*ties["low"], low], [*ties["high"], high], strict=True)
        for number, ends in zip([*others, mean], ranges, strict=True):
            row = [number.where.get("iou", "mean"), f"{100 * number.value:.2f}"]
            if number.interval:
                row.append(_span((number.interval.low, number.interval.high)))
            if high > low:
                row.append(_span(ends))
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
            columns.insert(2, level_text(self.intervals[0].level))
        rows = []
        for number in self.numbers:
            row = [number.name, percent_text(number.value), _span(number.ties)]
            if self.intervals:
                one = number.interval
                row.insert(2, _span((one.low, one.high) if one else None))
            rows.append(row)
        return Section("Summary, %", columns, rows)


_INTERVALS = f" Black lines: intervals; none for a class in fewer than {LEAST_ITEMS} videos."
_FAINT = "Faint lines: single classes; of many, bands with half and nine tenths of them,"
_TOLD = ("0.50", "0.75", "0.95")  # thresholds that papers report
_TERMS = {
    "mAP": "Mean average precision: the mean of AP over classes, then over the IoU thresholds.",
    "value": "The number itself.",
    "over orders of ties": "Least and greatest value over the orders of predictions with equal "
    "confidence, which the rules leave open.",
    "class": "Label of the segments.",
    "truths": "Number of annotated segments of the class: the denominator of recall.",
    "mean": "Mean over the IoU thresholds.",
    "metric": "AP: average precision, the area under the curve of precision against recall.",
    "iou": "Temporal IoU from which a prediction can match a truth: length of the intersection "
    "over length of the union.",
    "n_truth": "Number of annotated segments of the class.",
    "n_found": "Number of predictions of the class that count.",
    "n_true": "Number of them that match a truth.",
    "n_false": "Number of them that match none, or one that is taken.",
    "n_ignored": "Number of them that overlap ambiguous intervals only, and do not count.",
    "n_videos": "Number of videos with truths of the class.",
    "low": "Lower end of the interval.",
    "high": "Upper end of the interval.",
    "protocol": "Rules of a published evaluator.",
}


def results_of(numbers: Sequence[Number], settings: Mapping[str, Any]) -> list[Result]:
    """Return numbers for the head of the page, with their intervals and counts.

    Parameters
    ----------
    numbers : sequence of Number
    settings : mapping
        Of the report.
    """
    counts = _counts(settings)
    return [
        Result(
            number.name,
            "undefined" if math.isnan(number.value) else f"{percent_text(number.value)} %",
            "; ".join(filter(None, [interval_text(number.interval, percent_text), counts])),
        )
        for number in numbers
    ]


def _counts(settings: Mapping[str, Any]) -> str:
    """Return the numbers of truths, videos and classes."""
    truth = settings["truth"]
    counts = [number_of(truth["segments"], "truth"), number_of(truth["videos"], "video")]
    if "classes" in settings:
        count = len(settings["classes"])
        counts.append("1 class" if count == 1 else f"{count:,} classes")
    return ", ".join(counts)


def _span(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else span_text(*ends, percent_text)


def _classes(rows: list[dict[str, Any]]) -> Section:
    """Return the value of every class at every threshold, the worst class first."""
    levels = list(dict.fromkeys(row["iou"] for row in rows))
    lines: dict[str, dict[float, float]] = {}
    for row in rows:
        lines.setdefault(row["class"], {})[row["iou"]] = row["value"]
    truths = {row["class"]: row["n_truth"] for row in rows}
    means = {name: sum(line.values()) / len(line) for name, line in lines.items()}
    ends = {
        (row["class"], row["iou"]): f" ({_span((row['low'], row['high']))})"
        for row in rows
        if not math.isnan(row.get("low", math.nan))
    }
    cells = [
        [
            name,
            str(truths[name]),
            *(
                percent_text(lines[name].get(level, math.nan)) + ends.get((name, level), "")
                for level in levels
            ),
            percent_text(means[name]),
        ]
        for name in sorted(lines, key=lambda name: means[name])
    ]
    columns = ["class", "truths", *threshold_names(levels), "mean"]
    title = "Classes, AP in %, the worst first"
    note = "One column for each IoU threshold" + (", with intervals in brackets." if ends else ".")
    return Section(title, columns, cells, note=note)


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
