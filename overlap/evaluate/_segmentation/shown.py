"""How a report on segmentation is shown: tables of strings, for the page and for the screen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from overlap.evaluate.page import Section
from overlap.evaluate.report import Report

if TYPE_CHECKING:
    from .report import SegmentationReport

__all__ = ["failure_section", "headline_of", "label_section", "sections_of", "strata_section",
           "worst_section"]  # fmt: skip

_WORST = 10


def headline_of(report: Report) -> str:
    """Return the first metric and the number of cases.

    Parameters
    ----------
    report : Report
    """
    name, value = report.items[0]
    failures = [failure["counts"] for failure in report.settings["failures"]]
    worst = failures.count("worst")
    cases = report.settings["truth"]["cases"] + worst
    words = [f"{cases} case{'s' * (cases != 1)}"]
    if worst:
        words.append(f"{worst} of them failed and count{'s' * (worst == 1)} as the worst")
    if len(failures) > worst:
        words.append(f"{len(failures) - worst} more failed and {_are(failures, worst)} left out")
    return f"segmentation: {name} {number(value)} ({', '.join(words)})"


def _are(failures: list[str], worst: int) -> str:
    return "is" if len(failures) - worst == 1 else "are"


def number(value: float) -> str:
    """Write a value with as many digits as are read."""
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    size = abs(value)
    return f"{value:.{4 if size < 10.0 else 2 if size < 1000.0 else 0}f}"


def sections_of(report: SegmentationReport) -> list[Section]:
    """Return means by label, the worst rows, then strata and failures where there are any.

    Parameters
    ----------
    report : SegmentationReport
    """
    sections = [label_section(report), worst_section(report, _WORST), strata_section(report),
                failure_section(report)]  # fmt: skip
    return [section for section in sections if section.rows]


def label_section(report: SegmentationReport) -> Section:
    """Return the means of every label, and over labels, with their intervals.

    Parameters
    ----------
    report : SegmentationReport
    """
    evidence = report.evidence
    summary = dict(report.items)
    facts = report.settings["metrics"]
    columns = ["label", "cases"]
    for metric in evidence.metrics:
        unit = facts[metric.name]["unit"]
        columns.append(metric.name if unit == "1" else f"{metric.name}, {unit}")
    rows = []
    for label in (*evidence.groups, ""):
        names = [f"{metric.name}[{label}]" if label else metric.name for metric in evidence.metrics]
        counts = [report.settings["cases_in_means"][name] for name in names]
        cells = _with_counts([_mean(summary, name) for name in names], counts)
        rows.append([label or "mean over labels", *cells])
    title = "Means over cases"
    if evidence.lost:
        title += ", failed ones as the worst"
    if report.intervals:
        title += f", with {100 * report.intervals[0].level:g} % intervals"
    return Section(title, columns, rows)


def _with_counts(cells: list[str], counts: list[int]) -> list[str]:
    """Return how many cases the means are over, then the means; others say theirs themselves."""
    usual = max(set(counts), key=lambda count: (counts.count(count), count))
    own = [
        cell if count == usual else f"{cell} [{count} case{'s' * (count != 1)}]"
        for cell, count in zip(cells, counts, strict=True)
    ]
    return [str(usual), *own]


def _mean(summary: dict[str, float], name: str) -> str:
    text = number(summary[name])
    if f"{name} low" in summary and not math.isnan(summary[f"{name} low"]):
        text += f" ({number(summary[f'{name} low'])} to {number(summary[f'{name} high'])})"
    return text


def worst_section(report: SegmentationReport, n: int) -> Section:
    """Return the worst rows of the first metric of which some values are better than others.

    Parameters
    ----------
    report : SegmentationReport
    n : int
        How many.
    """
    metric = next((entry.name for entry in report.evidence.metrics if entry.better), None)
    if metric is None:
        return Section("", (), ())
    places = {
        "both": "both empty",
        "truth": "truth empty",
        "found": "nothing found",
        "failed": "could not be evaluated",
    }
    rows = [
        [row["case"], row["label"], number(row["value"]), places.get(row["empty"], row["empty"])]
        for row in report.worst_rows(metric, n)
    ]
    return Section(f"Worst first, by {metric}", ("case", "label", metric, ""), rows)


def strata_section(report: SegmentationReport) -> Section:
    """Return the mean over labels of every metric by stratum.

    Parameters
    ----------
    report : SegmentationReport
    """
    lines: dict[tuple[str, str], tuple[list[str], list[int]]] = {}
    for row in report.strata_rows():
        if not row["label"]:
            cells, counts = lines.setdefault((row["stratum"], row["level"]), ([], []))
            cells.append(number(row["value"]))
            counts.append(row["n"])
    names = [metric.name for metric in report.evidence.metrics]
    rows = [[*key, *_with_counts(*line)] for key, line in lines.items()]
    return Section("Strata, means over labels", ("stratum", "level", "cases", *names), rows)


def failure_section(report: SegmentationReport) -> Section:
    """Return the cases that could not be evaluated.

    Parameters
    ----------
    report : SegmentationReport
    """
    lost = report.evidence.lost
    rows = [
        [failure.case, failure.reason, "worst" if failure in lost else "left out"]
        for failure in report.failed
    ]
    return Section("Cases that could not be evaluated", ("case", "reason", "counts as"), rows)
