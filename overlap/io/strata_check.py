"""Checks of tables of strata."""

from __future__ import annotations

from collections import Counter

from overlap.io._cells import read_cells
from overlap.io.candidate import Candidate
from overlap.io.inspection import Inspection
from overlap.io.printable import counted
from overlap.io.strata import read_strata

__all__ = ["inspect_strata", "is_strata"]


def is_strata(candidate: Candidate) -> bool:
    """Whether a table has a column of cases.

    Parameters
    ----------
    candidate : Candidate
    """
    names = {cell.strip() for cell in candidate.header}
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
