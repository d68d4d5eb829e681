"""How a report on residues is shown: tables of strings, for the page and for the screen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from overlap.evaluate.page import Section
from overlap.evaluate.report import Report

if TYPE_CHECKING:
    from .residue_report import RamachandranReport

__all__ = ["headline_of", "sections_of"]

_MOST = 20


def headline_of(report: Report) -> str:
    """Return the shares and the number of residues.

    Parameters
    ----------
    report : Report
    """
    summary = dict(report.items)
    count = int(summary["n"])
    return (
        f"Ramachandran: {_percent(summary['favored'])} % favored, "
        f"{_percent(summary['outlier'])} % outliers ({count:,} residue{'s' * (count != 1)})"
    )


def sections_of(report: Report) -> list[Section]:
    """Return counts by category, outliers, counts by structure, and failures.

    Parameters
    ----------
    report : Report
    """
    known = cast("RamachandranReport", report)
    sections = [_categories(report), _outliers(known), _structures(known), _failures(known)]
    return [section for section in sections if section.rows]


def _percent(share: float) -> str:
    return "undefined" if math.isnan(share) else f"{100 * share:.2f}"


def _categories(report: Report) -> Section:
    columns = ["category", "residues", "favored", "allowed", "outliers", "favored %", "outliers %"]
    rows = []
    for row in report.table_rows:
        cells = [row["category"]]
        cells += [f"{row[name]:,}" for name in ("residues", "favored", "allowed", "outlier")]
        for name in ("favored", "outlier"):
            cell = _percent(row[f"{name}_share"])
            if f"{name}_low" in row:
                low, high = _percent(row[f"{name}_low"]), _percent(row[f"{name}_high"])
                cell += f" ({low} to {high})"
            cells.append(cell)
        rows.append(cells)
    title = "Residues by category"
    if report.intervals:
        title += f", with {100 * report.intervals[0].level:g} % intervals"
    return Section(title, columns, rows)


def _outliers(report: RamachandranReport) -> Section:
    listed = report.residue_rows("outlier")
    several = len({(row["structure"], row["model"]) for row in report.residue_rows()}) > 1
    columns = ["residue", "score%", "phi", "psi", "evaluation", "type"]
    rows = []
    for row in listed[:_MOST]:
        cells = [row["residue"], f"{row['score%']:.2f}", f"{row['phi']:.2f}", f"{row['psi']:.2f}"]
        cells += [row["evaluation"], row["type"]]
        if several:
            cells = [row["structure"], str(row["model"]), *cells]
        rows.append(cells)
    title = "Outliers" if len(listed) <= _MOST else f"The first {_MOST} of {len(listed):,} outliers"
    return Section(title, [*["structure", "model"] * several, *columns], rows)


def _structures(report: RamachandranReport) -> Section:
    listed = report.structure_rows()
    columns = ["structure", "residues", "favored", "allowed", "outliers", "favored %", "outliers %"]
    rows = [
        [
            row["structure"],
            *(f"{row[name]:,}" for name in ("residues", "favored", "allowed", "outlier")),
            _percent(row["favored_share"]),
            _percent(row["outlier_share"]),
        ]
        for row in listed[:_MOST]
    ]
    title = "Structures, most outliers first"
    if len(listed) > _MOST:
        title += f" (the first {_MOST} of {len(listed):,})"
    return Section(title, columns, rows if len(listed) > 1 else [])


def _failures(report: RamachandranReport) -> Section:
    rows = [[failure.source, failure.reason] for failure in report.failed]
    return Section("Files that could not be read", ("source", "reason"), rows)
