"""Checks of conformations: counts, and residues that do not count."""

from __future__ import annotations

from collections import Counter

import numpy as np

from overlap.io._paths import suffix_of
from overlap.io.angles import is_angle_table
from overlap.io.candidate import Candidate
from overlap.io.conformations import Conformations, kind_of, read_conformations
from overlap.io.inspection import Inspection
from overlap.io.pdb_mmcif import STRUCTURE_SUFFIXES
from overlap.io.printable import number_of
from overlap.io.rama_grids import RamaGrids
from overlap.io.region_files import RegionSet
from overlap.io.residues import ResidueTable

__all__ = ["findings_of", "inspect_conformations", "is_conformations"]

_SHAPES = {
    "FeatureCollection", "Feature", "GeometryCollection", "Polygon", "MultiPolygon",
}  # fmt: skip


def is_conformations(candidate: Candidate) -> bool:
    """Whether this is a structure, a table of angles, grids or regions, or a folder of these.

    Parameters
    ----------
    candidate : Candidate
    """
    if candidate.is_folder:
        return any(suffix_of(path) in (*STRUCTURE_SUFFIXES, ".data") for path in candidate.files)
    if candidate.suffix in (*STRUCTURE_SUFFIXES, ".data", ".geojson"):
        return True
    if candidate.is_json:
        kind = candidate.payload.get("type") if isinstance(candidate.payload, dict) else None
        return isinstance(kind, str) and kind in _SHAPES
    return bool(candidate.header) and is_angle_table(candidate.source)


def inspect_conformations(candidate: Candidate) -> Inspection:
    """Look at structures, angles, grids or regions.

    Parameters
    ----------
    candidate : Candidate

    Returns
    -------
    Inspection

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.io.read_conformations`.

    Examples
    --------
    >>> from overlap.io import sample_path
    >>> seen = inspect_conformations(Candidate(str(sample_path("peptide"))))
    >>> seen.facts[0], seen.findings
    (('residues', '14 in 1 chain, 12 with both angles'), [])
    """
    content = read_conformations(candidate.path)
    if isinstance(content, ResidueTable):
        what = "protein structures" if kind_of(content) == "structures" else "backbone angles, CSV"
        if what.startswith("protein") and not candidate.is_folder:
            what = "protein structure"
        return Inspection(what, *_residues(content), content=content)
    if isinstance(content, RamaGrids):
        return Inspection("grids of backbone angles", *_grids(content), content=content)
    facts = []
    for (category, level), region in content.regions.items():
        rings = number_of(len(region.ring_offsets) - 1, "ring")
        facts.append((f"{category}, {level}", f"{float(region.area()[0]):,.1f} deg2, {rings}"))
    what = "regions of backbone angles, GeoJSON"
    return Inspection(what, facts, list(findings_of(content)), content=content)


def findings_of(content: Conformations) -> tuple[str, ...]:
    """Return the findings of the reader.

    Parameters
    ----------
    content : ResidueTable, RamaGrids or RegionSet
    """
    return content.findings if isinstance(content, ResidueTable | RegionSet) else ()


def _residues(table: ResidueTable) -> tuple[list[tuple[str, str]], list[str]]:
    _, chains = table.groups("chain")
    counted = int(table.counted.sum())
    named = table.settings["kind"] == "structures"
    words = f"{len(table):,}"
    words += f" in {number_of(len(chains), 'chain')}" if any(table.chain) else ""
    facts = [("residues" if named else "rows", f"{words}, {counted:,} with both angles")]
    if not named and "unit" in table.settings:
        facts.append(("unit", str(table.settings["unit"])))
    counts = Counter(table.category[table.counted].tolist())
    named_counts = ", ".join(f"{counts[name]:,} {name}" for name in table.categories)
    facts.append(("categories", named_counts or "no angles"))
    findings = [
        f"{number_of(count, 'residue')} without angles: {reason}"
        for reason, count in table.left_out_counts().items()
        if reason != "end of chain"
    ]
    breaks = table.settings.get("counts", {}).get("chain_breaks", 0)
    if breaks:
        findings.append(number_of(breaks, "chain break"))
    known = "do not count", "chain break", "not read (models)"
    findings += [note for note in table.notes if not any(words in note for words in known)]
    facts += [("not read", note) for note in table.notes if known[2] in note]
    findings += findings_of(table)
    findings += [f"{failure.source}: {failure.reason}" for failure in table.failures]
    if not named and counted:
        pairs = np.stack([table.phi, table.psi], axis=1)[table.counted]
        repeated = counted - len(np.unique(pairs, axis=0))
        if 2 * repeated > counted:
            findings.append(f"{repeated:,} of {counted:,} rows repeat the angles of another")
    return facts, findings


def _grids(library: RamaGrids) -> tuple[list[tuple[str, str]], list[str]]:
    facts = []
    for category, grid in library.grids.items():
        size = " x ".join(map(str, grid.values.shape))
        points = f", {grid.point_count:,} residues" if grid.point_count else ""
        title = f" ({library.titles[category]})" if library.titles.get(category) else ""
        facts.append((category, f"{size} nodes, {grid.quantity}{points}{title}"))
    findings = [
        f"the grid of {category} holds neither ranks nor a density: it has no levels"
        for category, grid in library.grids.items()
        if grid.quantity == "other"
    ]
    if len(library.grids) > 1 and library.missing:
        findings.append(f"no grid for {', '.join(library.missing)}")
    return facts, findings
