"""What the command line shows of a report on backbone angles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from overlap.cli.screen import align, blocks, notices

if TYPE_CHECKING:
    from overlap.evaluate import ConformationReport, RamachandranReport

__all__ = ["ramachandran_lines"]

#: How many columns of a table name its rows; 2 for those that are not here.
_KEYS = {"Residues by category": 1, "Structures, most outliers first": 1, "Outliers": 1}


def ramachandran_lines(report: ConformationReport | RamachandranReport) -> list[str]:
    """Lines for the screen.

    Parameters
    ----------
    report : ConformationReport or RamachandranReport
        Result of `overlap.evaluate.conformation` or `overlap.evaluate.ramachandran`.

    Returns
    -------
    list of str
        The tables of the report, then sources, counts and notes.
    """
    lines: list[str] = []
    for section in report.sections():
        if section.columns[:2] == ("source", "reason"):
            continue  # said on stderr
        lines += [section.title, *blocks(section, _KEYS.get(section.title, 2)), ""]
    settings = report.settings
    facts = [[role, _source(settings[role])] for role in ("found", "truth")]
    return [*lines, *align(facts), *notices(settings)]


def _source(entry: dict[str, Any]) -> str:
    """Name of an input, with its counts."""
    name = str(entry["source"])
    if entry["kind"] == "grids":
        count = len(entry["grids"])
        return f"{name} ({count} grid{'s' * (count != 1)})"
    if entry["kind"] == "regions":
        count = len(entry["regions"])
        return f"{name} ({count} region{'s' * (count != 1)})"
    counts = entry.get("counts", {})
    words = [
        f"{counts[key]:,} {word}{'s' * (counts[key] != 1)}"
        for key, word in (("files", "file"), ("chains", "chain"))
        if key in counts
    ]
    words.append(f"{entry['counted']:,} of {entry['residues']:,} residues")
    return f"{name} ({', '.join(words)})"
