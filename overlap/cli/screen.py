"""Lines for the screen of reports, comparisons and explanations: aligned tables and notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from overlap.io.printable import printable, width

if TYPE_CHECKING:
    from overlap.evaluate import Comparison, Explanation, Report
    from overlap.evaluate.page import Section

__all__ = ["align", "comparison_lines", "explanation_lines", "report_lines"]

_WIDTH = 110


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
    shown = [[printable(cell) for cell in row] for row in rows]
    widths: dict[int, int] = {}
    for row in shown:
        for column, cell in enumerate(row):
            widths[column] = max(widths.get(column, 0), width(cell))
    lines = []
    for row in shown:
        cells = []
        for column, cell in enumerate(row):
            space = " " * (widths[column] - width(cell))
            cells.append(space + cell if column in right else cell + space)
        lines.append("  ".join(cells).rstrip())
    return lines


def _blocks(section: Section) -> list[str]:
    """Align a table; one that is too wide becomes several, each with the columns that name rows."""
    keys = section.keys
    table: list[Sequence[str]] = [section.columns, *section.rows]
    widths = [max(width(printable(row[k])) for row in table) for k in range(len(section.columns))]
    first = sum(widths[:keys]) + 2 * keys
    lines: list[str] = []
    start = keys
    while start < len(widths):
        stop = start + 1
        while (
            stop < len(widths)
            and first + sum(widths[start : stop + 1]) + 2 * (stop - start) <= _WIDTH
        ):
            stop += 1
        rows = [[*row[:keys], *row[start:stop]] for row in table]
        shown = [*range(keys), *range(start, stop)]
        right = [place for place, k in enumerate(shown) if section.numeric[k]]
        lines += [*([""] if lines else []), *align(rows, right=right)]
        start = stop
    return lines


def report_lines(report: Report) -> list[str]:
    """Return the lines of a report for the screen: its tables, facts, notes and findings.

    Parameters
    ----------
    report : Report
    """
    lines: list[str] = []
    for section in report.brief():
        if not section.columns:
            lines += align(section.rows)
            continue
        lines += [section.title] if section.title else []
        lines += [*_blocks(section), ""]
    return lines + _notices(report.remarks(), report.findings)


def _notices(notes: Sequence[str], findings: Sequence[str]) -> list[str]:
    """Return the lines of notes and, last, of findings."""
    return [
        *(f"note: {printable(note)}" for note in notes),
        *(f"attention: {printable(finding)}" for finding in findings),
    ]


def comparison_lines(comparison: Comparison) -> list[str]:
    """Lines for the screen of a comparison of reports.

    Parameters
    ----------
    comparison : Comparison
        Result of `overlap.evaluate.compare`.

    Returns
    -------
    list of str
        The ranking, the numbers of labels if there are several, how often each report has
        each rank, then the differences of pairs with intervals and tests.
    """
    lines = []
    for section in comparison.sections():
        lines += [*_blocks(section), *([section.note] if section.note else []), ""]
    settings = comparison.settings
    notices = _notices(settings["notes"], settings.get("findings", ()))
    return [*lines, *comparison.tables.facts(), *notices]


def explanation_lines(explanation: Explanation) -> list[str]:
    """Lines for the screen of the steps between two reports.

    Parameters
    ----------
    explanation : Explanation
        Result of `overlap.evaluate.explain`.

    Returns
    -------
    list of str
        One per step: what was changed, the number after it, and the change in points.
    """
    return _blocks(explanation.section())
