"""What `overlap check` says of structures, tables of angles, grids and regions of conformations."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overlap.io._paths import suffix_of
from overlap.io._source import read_source
from overlap.io._structure_files import STRUCTURE_SUFFIXES
from overlap.io.angles import is_angle_table
from overlap.io.boundary import reads_file
from overlap.io.conformations import Conformations, kind_of, read_conformations
from overlap.io.rama_grids import RamaGrids
from overlap.io.residues import ResidueTable

__all__ = ["ConformationInspection", "inspect_conformations", "is_conformation"]


@dataclass(frozen=True)
class ConformationInspection:
    """What one input holds.

    Attributes
    ----------
    role : {"structures", "angles", "grids", "regions"}
    facts : list of str
        Counts.
    findings : list of str
        What is odd, though it can be scored.
    """

    role: str
    facts: list[str]
    findings: list[str]


@reads_file
def is_conformation(path: str | os.PathLike[str]) -> bool:
    """Whether a path is structures, a table of angles, grids or regions, by name or first line.

    Parameters
    ----------
    path : path
    """
    if Path(path).is_dir():
        return True
    suffix = suffix_of(os.fspath(path))
    if suffix in (*STRUCTURE_SUFFIXES, ".data", ".geojson"):
        return True
    return suffix in (".csv", ".tsv", ".txt") and is_angle_table(read_source(os.fspath(path)))


@reads_file
def inspect_conformations(path: str | os.PathLike[str]) -> ConformationInspection:
    """Look at structures, a table of angles, grids or regions.

    Parameters
    ----------
    path : path

    Returns
    -------
    ConformationInspection

    Raises
    ------
    ValueError
        It cannot be read.
    OSError
        The file is missing or may not be read.

    Examples
    --------
    >>> from overlap.io import sample_path
    >>> seen = inspect_conformations(sample_path("peptide"))
    >>> seen.facts[0], seen.findings
    ('14 residues in 1 chain, 12 with both angles', [])
    """
    content = read_conformations(path)
    return ConformationInspection(kind_of(content), *_seen(content))


def _seen(content: Conformations) -> tuple[list[str], list[str]]:
    if isinstance(content, ResidueTable):
        return _residues(content)
    if isinstance(content, RamaGrids):
        return _grids(content)
    facts = []
    for (category, level), region in content.regions.items():
        rings = len(region.ring_offsets) - 1
        facts.append(f"{category}, {level}: {float(region.area()[0]):,.1f} deg2, {rings} rings")
    return facts, list(content.findings)


def _residues(table: ResidueTable) -> tuple[list[str], list[str]]:
    _, chains = table.groups("chain")
    counted = int(table.counted.sum())
    named = table.settings["kind"] == "structures"
    words = f"{len(table):,} residues" if named else f"{len(table):,} rows"
    words += f" in {len(chains):,} chain{'s' * (len(chains) != 1)}" if any(table.chain) else ""
    facts = [f"{words}, {counted:,} with both angles"]
    counts = Counter(table.category[table.counted].tolist())
    facts.append(", ".join(f"{counts[name]:,} {name}" for name in table.categories) or "no angles")
    findings = [
        f"{count:,} residue{'s' * (count != 1)} without angles: {reason}"
        for reason, count in table.left_out_counts().items()
        if reason != "end of chain"
    ]
    breaks = table.settings.get("counts", {}).get("chain_breaks", 0)
    if breaks:
        findings.append(f"{breaks:,} chain break{'s' * (breaks != 1)}")
    known = "do not count", "chain break", "not read (models)"
    findings += [note for note in table.notes if not any(words in note for words in known)]
    facts += [note for note in table.notes if known[2] in note]
    findings += table.findings
    findings += [f"{failure.source}: {failure.reason}" for failure in table.failures]
    if not named and counted:
        pairs = np.stack([table.phi, table.psi], axis=1)[table.counted]
        repeated = counted - len(np.unique(pairs, axis=0))
        if 2 * repeated > counted:
            findings.append(f"{repeated:,} of {counted:,} rows repeat the angles of another")
    return facts, findings


def _grids(library: RamaGrids) -> tuple[list[str], list[str]]:
    facts = []
    for category, grid in library.grids.items():
        size = " x ".join(map(str, grid.values.shape))
        points = f", {grid.point_count:,} residues" if grid.point_count else ""
        title = f" ({library.titles[category]})" if library.titles.get(category) else ""
        facts.append(f"{category}: {size} nodes, {grid.quantity}{points}{title}")
    findings = [
        f"the grid of {category} holds neither ranks nor a density: it has no levels"
        for category, grid in library.grids.items()
        if grid.quantity == "other"
    ]
    if len(library.grids) > 1 and library.missing:
        findings.append(f"no grid for {', '.join(library.missing)}")
    return facts, findings
