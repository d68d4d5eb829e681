"""How a report on conformations is shown: tables of strings, for the page and for the screen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from overlap.evaluate.page import Section
from overlap.evaluate.report import Report

if TYPE_CHECKING:
    from .evidence import ConformationEvidence

__all__ = ["headline_of", "sections_of"]


def headline_of(report: Report) -> str:
    """Return the mean IoU of the first level.

    Parameters
    ----------
    report : Report
    """
    name, value = report.items[0]
    count = len({row["category"] for row in report.table_rows})
    words = f"{count} categories" if count != 1 else "1 category"
    return f"conformation: {name} {number(value)} ({words})"


def number(value: float | None, digits: int = 4) -> str:
    """Write a value with as many digits as are read."""
    if value is None or math.isnan(value):
        return "undefined"
    return f"{value:,.{digits}f}"


def sections_of(report: Report, evidence: ConformationEvidence) -> list[Section]:
    """Return scores, sizes and masses by category and level, and islands without a partner.

    Parameters
    ----------
    report : Report
    evidence : ConformationEvidence
    """
    rows = report.rows()
    sections = [_scores(report, rows), _sizes(rows), _islands(evidence), _reasons(rows)]
    return [section for section in sections if section.rows]


_SCORES = {
    "iou": "IoU",
    "giou": "GIoU",
    "diou": "DIoU",
    "giou_enclosed": "enclosed",
    "mass_iou": "mass IoU",
    "density_overlap": "densities",
}


def _scores(report: Report, rows: list[dict[str, Any]]) -> Section:
    columns = ["category", "level", *_SCORES.values(), "Hausdorff, deg"]
    cells = []
    for row in rows:
        if math.isnan(row["area_a"]):
            continue  # the last section says why
        line = [row["category"], row["level"]]
        for name in _SCORES:
            text = number(row[name])
            if f"{name}_low" in row and not math.isnan(row[f"{name}_low"]):
                text += f" ({number(row[f'{name}_low'], 3)} to {number(row[f'{name}_high'], 3)})"
            line.append(text)
        cells.append([*line, number(row["hausdorff"], 2)])
    title = "Agreement of regions"
    if report.intervals:
        title += f", with {100 * report.intervals[0].level:g} % intervals"
    return Section(title, columns, cells)


def _sizes(rows: list[dict[str, Any]]) -> Section:
    columns = [
        "category", "level", "found, deg2", "truth, deg2", "shared, deg2", "mass only found",
        "mass only truth", "islands", "missing", "spurious", "merged", "split", "residues",
    ]  # fmt: skip
    cells = []
    for row in rows:
        if math.isnan(row["area_a"]):
            continue
        line = [row["category"], row["level"]]
        line += [number(row[name], 1) for name in ("area_a", "area_b", "intersection")]
        line += [number(row[name]) for name in ("mass_a_only", "mass_b_only")]
        line.append(f"{row['islands_a']:.0f} / {row['islands_b']:.0f}")
        line += [f"{row[kind]:.0f}" for kind in ("missing", "spurious", "merged", "split")]
        counts = [row["residues_a"], row["residues_b"]]
        line.append(" / ".join("-" if count is None else f"{count:,}" for count in counts))
        cells.append(line)
    return Section("Sizes, found / truth", columns, cells)


def _islands(evidence: ConformationEvidence) -> Section:
    columns = [
        "category",
        "level",
        "island",
        "where",
        "phi",
        "psi",
        "area, deg2",
        "mass",
        "covered",
    ]
    cells = []
    for entry in evidence.compared:
        for island in entry.islands:
            if island.kind == "matched":
                continue
            missing = island.kind in ("missing", "merged")
            area = island.area_b if missing else island.area_a
            mass = island.mass_b if missing else island.mass_a
            covered = island.covered_b if missing else island.covered_a
            line = [island.category, island.level, island.kind, island.abego]
            line += ["" if math.isnan(x) else f"{x:.0f}" for x in (island.phi, island.psi)]
            cells.append([*line, number(area, 1), number(mass), number(covered)])
    return Section("Islands without a partner", columns, cells)


def _reasons(rows: list[dict[str, Any]]) -> Section:
    levels: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["reason"]:
            levels.setdefault((row["category"], row["reason"]), []).append(row["level"])
    cells = [[category, ", ".join(names), why] for (category, why), names in levels.items()]
    return Section("Remarks", ("category", "level", "reason"), cells)
