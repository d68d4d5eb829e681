"""What the command line shows of a report: a short aligned table and the counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from overlap.evaluate import Report

__all__ = ["align", "temporal_lines"]


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
    truth, found = settings["truth"], settings["found"]
    predictions = f"{found['segments']:,} in {found['videos']:,} videos"
    outside = found["segments_of_videos_not_in_truth"]
    facts = [
        ["protocol", f"{settings['protocol']}, ties {settings['ties']}"],
        [
            "truth",
            f"{truth['segments']:,} segments in {truth['videos']:,} videos, "
            f"{len(settings['classes'])} classes",
        ],
        ["found", predictions + (f"; {outside:,} outside the truth's videos" if outside else "")],
    ]
    lines = [*align(rows, right=(1, 2, 3)), "", *align(facts)]
    return lines + [f"note: {note}" for note in settings["notes"] if not note.startswith("ties:")]


def _percent(value: float) -> str:
    return f"{100 * value:.2f}"


def _span(low: float, high: float) -> str:
    return f"{_percent(low)} to {_percent(high)}"
