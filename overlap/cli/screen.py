"""Lines for the screen of reports, comparisons and explanations: aligned tables and notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

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
    settings, metric = comparison.settings, comparison.metric
    percent = settings.get("unit", "") in ("", "1")
    unit = "%" if percent else settings["unit"]

    def number(value: float) -> str:
        if value != value:
            return "undefined"
        return f"{100 * value:.2f}" if percent else f"{value:.4g}"

    def span(row: dict[str, Any]) -> str:
        known = row["low"] == row["low"]
        return f"{number(row['low'])} to {number(row['high'])}" if known else "unknown"

    level = f"{100 * settings['confidence_level']:g} % interval"
    by_cases = comparison.scores is not None
    rows = [["rank", f"{metric} {unit}", level, "best in", *_CASE_COLUMNS * by_cases, "report"]]
    for row in comparison.table_rows:
        cells = [str(row["rank"]), number(row[metric]), span(row), _share(row["best_in"])]
        if by_cases:
            rank = row["case_rank"]
            cells += [str(row["rank_by_cases"]), "" if rank != rank else f"{rank:.2f}"]
        rows.append([*cells, row["name"]])
    blocks = [align(rows, right=range(len(rows[0]) - 1))]
    names = [row["name"] for row in comparison.table_rows]
    if comparison.label_rows:
        blocks.append(_label_block(comparison, names, f"{metric} {unit}", number))
    blocks.append(_stability_block(comparison, names))
    tested = "p_holm" in comparison.pair_rows[0]
    head = "points" if percent else unit
    rows = [[head, level, "better in", *["p", "Holm", ""] * tested, "better than"]]
    for row in comparison.pair_rows:
        cells = [number(row["difference"]), span(row), _share(row["better_in"])]
        if tested:
            star = "" if not row["significant"] else "*" if row["favors"] == row["better"] else "!"
            cells += [_p(row["p"]), _p(row["p_holm"]), star]
        sign = "=" if row["difference"] == 0 else ">"
        rows.append([*cells, f"{row['better']} {sign} {row['worse']}"])
    blocks.append(align(rows, right=range(5 if tested else 3)))
    facts = [
        f"{settings['method']}, {settings['resamples']:,} resamples of {settings['items']:,}; "
        f"intervals: {settings['intervals']}"
    ]
    if tested:
        alpha = 1 - settings["confidence_level"]
        zeros = _ZEROS[settings["zero_method"]]
        facts.append(f"{settings['test']}, zeros {zeros}; Holm over the pairs")
        if any(row[-2] == "*" for row in rows):
            facts.append(f"* significant at {alpha:.2g}")
        if any(
            row["significant"] and row["favors"] != row["better"] for row in comparison.pair_rows
        ):
            facts.append("! significant the other way: most cases favor the one behind in the mean")
    blocks.append(facts + _notices(settings["notes"], settings.get("findings", ())))
    return [line for block in blocks for line in [*block, ""]][:-1]


_CASE_COLUMNS = ("by cases", "mean rank")
_ZEROS = {"wilcox": "left out", "pratt": "ranked, then left out", "zsplit": "split"}


def _label_block(
    comparison: Comparison, names: Sequence[str], title: str, number: Callable[[float], str]
) -> list[str]:
    """One row per label, one column per report, its rank in brackets."""
    cells = {
        (row["label"], row["name"]): f"{number(row[comparison.metric])} ({row['rank']})"
        for row in comparison.label_rows
    }
    labels = list(dict.fromkeys(label for label, _ in cells))
    rows = [
        [title, *names],
        *([label, *(cells[label, name] for name in names)] for label in labels),
    ]
    return align(rows, right=range(1, len(names) + 1))


def _stability_block(comparison: Comparison, names: Sequence[str]) -> list[str]:
    """One row per report: in what share of draws it has each rank."""
    shares = {
        (row["name"], row["rank"]): row["share"]
        for row in comparison.stability_rows
        if row["by"] == "values"
    }
    places = range(1, len(names) + 1)
    rows = [["rank in draws", *(f"{place}." for place in places)]]
    for name in names:
        rows.append([name, *(_share(shares[name, place], zero="") for place in places)])
    tau = comparison.agreement_rows[0]
    lines = align(rows, right=range(1, len(names) + 1))
    if len(names) > 2 and tau["tau"] == tau["tau"]:
        lines.append(
            f"Kendall's tau of draws {tau['tau']:.2f} ({tau['low']:.2f} to {tau['high']:.2f}), "
            f"same ranking in {_share(tau['same_ranking_in'])}"
        )
    return lines


def _share(value: float, zero: str = "0 %") -> str:
    """Per cent without digits; what is neither none nor all does not look so."""
    if value in (0.0, 1.0):
        return zero if value == 0.0 else "100 %"
    percent = min(max(100 * value, 1.0), 99.0)
    return f"{'<' * (100 * value < 1)}{'>' * (100 * value > 99)}{percent:.0f} %"


def _p(value: float) -> str:
    return "" if value != value else "<0.001" if value < 0.001 else f"{value:.3f}"


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
