"""Checks of tables of strata."""

from __future__ import annotations

from collections import Counter

from overlap.io._cells import read_cells
from overlap.io.candidate import Candidate
from overlap.io.image_attributes import read_image_attributes
from overlap.io.inspection import Inspection
from overlap.io.printable import counted
from overlap.io.strata import read_strata

__all__ = ["inspect_strata", "is_strata"]


def is_strata(candidate: Candidate) -> bool:
    """Whether a table has a column of cases, or of images.

    Parameters
    ----------
    candidate : Candidate
    """
    names = {cell.strip() for cell in candidate.header}
    if "image" in names and not names & {"label", "class", "width", "height"}:
        return True
    return "case" in names and not names >= {"metric", "value"}  # the table of a report


def inspect_strata(candidate: Candidate) -> Inspection:
    """Look at a table of strata.

    Parameters
    ----------
    candidate : Candidate

    Returns
    -------
    Inspection
        Its content is the path.

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.io.read_strata`.
    """
    if "case" not in {cell.strip() for cell in candidate.header}:
        return _of_images(candidate)
    cells = read_cells(candidate.source, "CSV with the column case and strata")
    at = [cell.strip() for cell in cells.header].index("case")
    table = read_strata(candidate.path, dict.fromkeys(cells.column(at)))
    facts = [("cases", f"{len(table):,}")]
    findings = []
    for name in table.columns:
        counts = Counter(table[name])
        facts.append((str(name), counted(counts)))
        if len(counts) == len(table) > 1:
            findings.append(f"{name} has another level for each case: is it a stratum?")
    return Inspection("strata of cases, CSV", facts, findings, content=candidate.path)


def _of_images(candidate: Candidate) -> Inspection:
    """Look at attributes of images."""
    table = read_image_attributes(candidate.path)
    facts = [("rows" if table.by_row else "images", f"{len(table.cells):,}")]
    findings = []
    for k, name in enumerate(table.columns):
        counts = Counter(row[k] for row in table.cells.values())
        facts.append((name, counted(counts)))
        if len(counts) == len(table.cells) > 1:
            findings.append(f"{name} has another level for each row: is it a stratum?")
    what = "attributes of truths, CSV" if table.by_row else "attributes of images, CSV"
    return Inspection(what, facts, findings, content=candidate.path)
