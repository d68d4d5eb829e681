"""Tables of a report on segmentation, as texts for the screen and the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate.number_texts import fixed_text, level_text, span_text
from overlap.evaluate.numbers import Number
from overlap.evaluate.page import Section
from overlap.io.printable import number_of

from .evidence import SegmentationEvidence
from .metrics import Metric

__all__ = ["case_table", "failure_table", "label_table", "large_text",
           "ranking_metric", "spread_table", "stratum_table", "value_text", "with_unit",
           "worst_table"]  # fmt: skip

_EMPTY = {
    "both": "both empty",
    "truth": "truth empty",
    "found": "nothing found",
    "failed": "could not be evaluated",
}
_MEAN = "mean over labels"
_CASES = 100  # rows of the table of cases
_LINES = 200  # rows of the table of spreads
_FAILED = 50  # rows of the table of failures
# Columns of the table of spreads, after the number of cases.
_SPREAD = ("mean", "sd", "minimum", "25 %", "median", "75 %", "maximum")


def value_text(value: float) -> str:
    """Write a value with as many digits as are read.

    Parameters
    ----------
    value : float
    """
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    size = abs(value)
    return fixed_text(value, 4) if size < 10.0 else f"{value:.{2 if size < 1000.0 else 0}f}"


def large_text(value: float, unit: str) -> str:
    """Write a value with its unit for large type.

    Parameters
    ----------
    value : float
    unit : str
    """
    if unit == "1" or not math.isfinite(value):
        return value_text(value)
    return f"{value:,.0f} {unit}" if abs(value) >= 1000.0 else f"{value:.4g} {unit}"


def with_unit(name: str, unit: str) -> str:
    """Write the name of a metric with its unit.

    Parameters
    ----------
    name, unit : str
    """
    return name if unit == "1" else f"{name}, {unit}"


def ranking_metric(metrics: Sequence[Metric]) -> Metric | None:
    """Return the metric by which cases are ranked: the first with a better direction.

    Parameters
    ----------
    metrics : sequence of Metric
    """
    return next((metric for metric in metrics if metric.better), None)


def label_table(evidence: SegmentationEvidence, numbers: Sequence[Number]) -> Section:
    """Return the means of every label, and over labels, with their intervals.

    Parameters
    ----------
    evidence : SegmentationEvidence
    numbers : sequence of Number
        Of the report.
    """
    names = [metric.name for metric in evidence.metrics]
    means = {
        (number.metric, number.where.get("label")): number
        for number in numbers
        if number.n is not None
    }
    columns = ["label", "cases", *(with_unit(name, means[name, None].unit) for name in names)]
    rows = []
    for label in (*evidence.groups, None):
        row = [means[name, label] for name in names]
        cells = _with_counts([_mean(x) for x in row], [int(x.n or 0) for x in row], "case")
        rows.append([_MEAN if label is None else label, *cells])
    title = "Means over cases"
    if evidence.lost:
        title += ", failed ones as the worst"
    level = next((number.interval.level for number in numbers if number.interval), None)
    if level is not None:
        title += f", with {level_text(level)}s"
    return Section(title, columns, rows)


def worst_table(
    rows: Sequence[Mapping[str, Any]],
    metric: Metric,
    others: Mapping[tuple[str, str], Sequence[str]] | None = None,
    columns: Sequence[str] = (),
) -> Section:
    """Return rows of one metric, the worst first.

    Parameters
    ----------
    rows : sequence of mapping
        Of the table, in their order.
    metric : Metric
    others : mapping, optional
        Texts of all metrics by case and label, in place of that of the metric.
    columns : sequence of str
        Names of all metrics.
    """
    cells = [
        [
            row["case"],
            row["label"],
            *([value_text(row["value"])] if others is None else others[row["case"], row["label"]]),
            _EMPTY.get(row["empty"], row["empty"]),
        ]
        for row in rows
    ]
    heads = (metric.name,) if others is None else columns
    return Section(f"Worst first, by {metric.name}", ("case", "label", *heads, "empty"), cells)


def case_table(evidence: SegmentationEvidence) -> Section:
    """Return the means over labels of every case, the worst first.

    Parameters
    ----------
    evidence : SegmentationEvidence
    """
    metric = ranking_metric(evidence.metrics)
    used = evidence.used
    known = ~np.isnan(used)
    count = known.sum(axis=2)
    total = np.where(known, used, 0.0).sum(axis=2)
    means = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    order: NDArray[np.intp] = np.arange(len(evidence.items))
    title = "Cases, means over labels"
    if metric is not None:
        badness = metric.badness(means[evidence.metrics.index(metric)])
        order = np.argsort(np.where(np.isnan(badness), np.inf, -badness), kind="stable")
        title += f", the worst {metric.name} first"
    rows = []
    for place in order[:_CASES].tolist():
        cells = [value_text(value) for value in means[:, place].tolist()]
        rows.append(
            [evidence.items[place], *_with_counts(cells, count[:, place].tolist(), "label")]
        )
    names = [with_unit(metric.name, evidence.unit_of(metric)) for metric in evidence.metrics]
    note = _first(len(rows), len(order), "case")
    return Section(title, ("case", "labels", *names), rows, note=note)


def spread_table(evidence: SegmentationEvidence) -> Section:
    """Return how the values of every label and metric spread over cases.

    Parameters
    ----------
    evidence : SegmentationEvidence
    """
    rows = []
    for k, label in enumerate(evidence.groups):
        for metric, used in zip(evidence.metrics, evidence.used, strict=True):
            values = used[:, k]
            values = values[~np.isnan(values)]
            facts: list[float] = [math.nan] * len(_SPREAD)
            if len(values):
                spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
                facts = [float(values.mean()), spread, *np.quantile(values, _QUARTILES).tolist()]
            name = with_unit(metric.name, evidence.unit_of(metric))
            cells = ["" if math.isnan(fact) else value_text(fact) for fact in facts]
            rows.append([label, name, str(len(values)), *cells])
    note = _first(min(len(rows), _LINES), len(rows), "row")
    return Section("Spread over cases", ("label", "metric", "cases", *_SPREAD), rows[:_LINES],
                   note=note)  # fmt: skip


_QUARTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


def stratum_table(rows: Sequence[Mapping[str, Any]], metrics: Sequence[Metric]) -> Section:
    """Return the mean over labels of every metric by stratum.

    Parameters
    ----------
    rows : sequence of mapping
        Of `SegmentationReport.strata_rows`.
    metrics : sequence of Metric
    """
    lines: dict[tuple[str, str], tuple[list[str], list[int]]] = {}
    for row in rows:
        if not row["label"]:
            cells, counts = lines.setdefault((row["stratum"], row["level"]), ([], []))
            cells.append(value_text(row["value"]))
            counts.append(row["n"])
    cells_of = [[*key, *_with_counts(*line, "case")] for key, line in lines.items()]
    columns = ("stratum", "level", "cases", *(metric.name for metric in metrics))
    return Section("Strata, means over labels", columns, cells_of, keys=3)


def failure_table(failures: Sequence[Mapping[str, str]], most: int | None = _FAILED) -> Section:
    """Return the cases that could not be evaluated, with their whole reasons.

    Parameters
    ----------
    failures : sequence of mapping
        case, reason and counts.
    most : int or None
        So many are shown.
    """
    rows = [list(failure.values()) for failure in failures[:most]]
    note = _first(len(rows), len(failures), "case", "; the report as .json has all of them")
    return Section("Cases that could not be evaluated", ("case", "reason", "counts as"), rows,
                   note=note, words=(1, 2))  # fmt: skip


def _first(shown: int, count: int, word: str, more: str = "") -> str:
    """Say how many rows are shown, if these are not all."""
    return "" if shown == count else f"The first {shown:,} of {number_of(count, word)}{more}."


def _mean(number: Number) -> str:
    """Write a number with its interval."""
    ends = number.interval
    span = "" if ends is None else span_text(ends.low, ends.high, value_text)
    return value_text(number.value) + (f" ({span})" if span else "")


def _with_counts(cells: Sequence[str], counts: Sequence[int], word: str) -> list[str]:
    """Return the usual number of things, then the cells; those of other numbers say theirs.

    A cell of none is undefined, and says so.
    """
    usual = max(set(counts), key=lambda count: (counts.count(count), count))
    own = [
        cell if count in (usual, 0) else f"{cell} [{number_of(count, word)}]"
        for cell, count in zip(cells, counts, strict=True)
    ]
    return [str(usual), *own]
