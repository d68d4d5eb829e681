"""What the command line shows of a report: a short aligned table and the counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overlap.evaluate import Comparison, Explanation, Report

__all__ = ["align", "comparison_lines", "explanation_lines", "temporal_lines"]


def align(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Pad cells into columns.

    Parameters
    ----------
    rows : sequence of sequences of str
        Cells; rows may be of unequal length.
    right : sequence of int
        Columns to align on the right.

    Returns
    -------
    list of str
        One line per row, without trailing spaces.
    """
    widths: dict[int, int] = {}
    for row in rows:
        for column, cell in enumerate(row):
            widths[column] = max(widths.get(column, 0), len(cell))
    lines = []
    for row in rows:
        cells = [
            cell.rjust(widths[column]) if column in right else cell.ljust(widths[column])
            for column, cell in enumerate(row)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def temporal_lines(report: Report) -> list[str]:
    """Lines for the screen of a report on temporal localization.

    Parameters
    ----------
    report : Report
        Result of `overlap.evaluate.temporal`.

    Returns
    -------
    list of str
        mAP per threshold and their mean in per cent, with the bootstrap interval and the
        range over orders of ties where there are any; then counts and notes.
    """
    if "protocols" in report.settings:
        return _all_protocols(report)
    settings = report.settings
    summary = dict(report.summary_items())
    ties = settings["tie_range"]
    low, high = ties["mAP"]
    ranges = [*zip(ties["low"], ties["high"], strict=True), (low, high)]
    names = [name for name in summary if name.startswith("mAP@") and " " not in name]
    tied = high > low
    header = ["IoU", "mAP %"]
    bootstrap = settings.get("bootstrap")
    if bootstrap:
        header.append(f"{100 * bootstrap['confidence_level']:g} % interval")
    if tied:
        header.append("over ties")
    rows = [header]
    for name, extent in zip([*names, "mAP"], ranges, strict=True):
        row = [name.partition("@")[2] or "mean", _percent(summary[name])]
        if bootstrap:
            row.append(_span(summary[f"{name} low"], summary[f"{name} high"]))
        if tied:
            row.append(_span(*extent))
        rows.append(row)
    return [*align(rows, right=(1, 2, 3)), "", *_facts(settings)]


def _all_protocols(report: Report) -> list[str]:
    """One column per protocol."""
    summary = dict(report.summary_items())
    protocols = report.settings["protocols"]
    names: dict[str, None] = {}
    for name in summary:
        metric = name.partition(" ")[2]
        if metric.startswith("mAP@") and " " not in metric:
            names[metric] = None
    rows = [["IoU", *(f"{name} %" for name in protocols)]]
    for metric in [*sorted(names), "mAP"]:
        values = [summary.get(f"{name} {metric}") for name in protocols]
        cells = ["" if value is None else _percent(value) for value in values]
        rows.append([metric.partition("@")[2] or "mean", *cells])
    return [*align(rows, right=range(1, len(protocols) + 1)), "", *_facts(report.settings)]


def _facts(settings: dict[str, Any]) -> list[str]:
    """Write counts and notes."""
    truth, found = settings["truth"], settings["found"]
    predictions = f"{found['segments']:,} in {found['videos']:,} videos"
    outside = found["segments_of_videos_not_in_truth"]
    ties = f", ties {settings['ties']}" if "ties" in settings else ""
    classes = f", {len(settings['classes'])} classes" if "classes" in settings else ""
    facts = [
        ["protocol", settings["protocol"] + ties],
        ["truth", f"{truth['segments']:,} segments in {truth['videos']:,} videos{classes}"],
        ["found", predictions + (f"; {outside:,} outside the truth's videos" if outside else "")],
    ]
    notes = [f"note: {note}" for note in settings["notes"] if not note.startswith("ties:")]
    return align(facts) + notes


def comparison_lines(comparison: Comparison) -> list[str]:
    """Lines for the screen of a comparison of reports.

    Parameters
    ----------
    comparison : Comparison
        Result of `overlap.evaluate.compare`.

    Returns
    -------
    list of str
        The ranking, then the differences of pairs in points with their intervals.
    """
    settings, metric = comparison.settings, comparison.metric
    level = f"{100 * settings['confidence_level']:g} % interval"
    rows = [["rank", f"{metric} %", level, "best in", "report"]]
    for row in comparison.table_rows:
        span = _span(row["low"], row["high"])
        best = f"{100 * row['best_in']:.0f} %"
        rows.append([str(row["rank"]), _percent(row[metric]), span, best, row["name"]])
    pairs = [["points", level, "better in", "better than"]]
    for row in comparison.pair_rows:
        span = _span(row["low"], row["high"])
        often = f"{100 * row['better_in']:.0f} %"
        names = f"{row['better']} > {row['worse']}"
        pairs.append([_percent(row["difference"]), span, often, names])
    footer = f"{settings['method']}, {settings['resamples']:,} resamples of {settings['items']:,}"
    return [*align(rows, right=(0, 1, 2, 3)), "", *align(pairs, right=(0, 1, 2)), "", footer]


def explanation_lines(explanation: Explanation) -> list[str]:
    """Lines for the screen of the steps between two reports.

    Parameters
    ----------
    explanation : Explanation
        Result of `overlap.evaluate.explain`.

    Returns
    -------
    list of str
        One per step: the number after it, the change in points, and what was changed.
    """
    metric = explanation.metric
    rows = [[f"{metric} %", "change", "field", "from", "to"]]
    for row in explanation.step_rows:
        cells = [str(row["field"]), str(row["before"]), str(row["after"])]
        rows.append([_percent(row[metric]), f"{100 * row['change']:+.2f}", *cells])
    return align(rows, right=(0, 1))


def _percent(value: float) -> str:
    return f"{100 * value:.2f}"


def _span(low: float, high: float) -> str:
    return f"{_percent(low)} to {_percent(high)}"
