"""Inspection of files without scoring: counts of their content, and oddities."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overlap.io._json import parse_json
from overlap.io._paths import suffix_of
from overlap.io._source import Source, read_source
from overlap.io.angles import is_angle_table
from overlap.io.boundary import reads_file
from overlap.io.conformations import kind_of, read_conformations
from overlap.io.pdb_mmcif import STRUCTURE_SUFFIXES
from overlap.io.printable import number_of
from overlap.io.rama_grids import RamaGrids
from overlap.io.residues import ResidueTable
from overlap.io.segments import Role, SegmentTable, as_segments
from overlap.io.tables import has_confidence

__all__ = ["Inspection", "inspect"]

#: Videos, segments and labels of versions of well-known ground truths.
_KNOWN = {
    (213, 3457, 21): "THUMOS14 test, all 213 videos, Ambiguous rows included",
    (212, 3358, 20): "THUMOS14 test, complete (212 videos with actions, 3,358 segments)",
    (213, 3358, 20): "THUMOS14 test, complete (213 videos, 3,358 segments)",
    (210, 3311, 20): "THUMOS14 test without videos 270, 1292 and 1496 (3,311 segments)",
    (4926, 7654, 200): "ActivityNet 1.3 validation, complete (7,654 segments)",
}
_CLOSE = 1e-3


@dataclass(frozen=True)
class Inspection:
    """Content of one file or folder.

    Attributes
    ----------
    role : {"truth", "found", "structures", "angles", "grids", "regions"}
        Its kind; segments are told apart by their form, or by a column of confidences.
    facts : list of str
        Counts.
    findings : list of str
        Oddities that do not prevent scoring.
    table : SegmentTable or None
        The segments.
    """

    role: str
    facts: list[str]
    findings: list[str]
    table: SegmentTable | None = None


@reads_file
def inspect(path: str | os.PathLike[str]) -> Inspection:
    """Look at segments, structures, a table of angles, grids, or regions of conformations.

    Parameters
    ----------
    path : str or path-like
        A file of one of these; segments are ActivityNet JSON or CSV, plain or gzipped. Or a folder
        of structures or grids.

    Returns
    -------
    Inspection

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.io.as_segments` and `overlap.io.read_conformations`.
    OSError
        The file is missing or may not be read.

    Examples
    --------
    >>> from overlap.io import sample_path
    >>> inspect(sample_path("temporal_truth")).findings[0]
    '1 segment repeats another of its video and label (first: row 3)'
    >>> seen = inspect(sample_path("peptide"))
    >>> seen.facts[0], seen.findings
    ('14 residues in 1 chain, 12 with both angles', [])
    """
    name = os.fspath(path)
    if Path(name).is_dir() or suffix_of(name) in (*STRUCTURE_SUFFIXES, ".data", ".geojson"):
        return _of_conformations(name)
    content = read_source(name)
    if suffix_of(name) in (".csv", ".tsv", ".txt") and is_angle_table(content):
        return _of_conformations(name)
    role = _role_of(content)
    table = as_segments(name, role=role)
    return Inspection(role, _facts(table), _findings(table), table)


def _role_of(content: Source) -> Role:
    if not content.is_json:
        return "found" if has_confidence(content) else "truth"
    payload = parse_json(content)
    return "found" if isinstance(payload, dict) and "results" in payload else "truth"


def _of_conformations(path: str) -> Inspection:
    content = read_conformations(path)
    role = kind_of(content)
    if isinstance(content, ResidueTable):
        return Inspection(role, *_residues(content))
    if isinstance(content, RamaGrids):
        return Inspection(role, *_grids(content))
    facts = []
    for (category, level), region in content.regions.items():
        rings = len(region.ring_offsets) - 1
        facts.append(f"{category}, {level}: {float(region.area()[0]):,.1f} deg2, {rings} rings")
    return Inspection(role, facts, list(content.findings))


def _facts(table: SegmentTable) -> list[str]:
    used = len(np.unique(table.video))
    facts = [f"{len(table):,} segments, {len(table.labels)} labels, {len(table.videos):,} videos"]
    if used < len(table.videos):
        facts[0] += f" ({len(table.videos) - used:,} of them without segments)"
    known = _KNOWN.get((len(table.videos), len(table), len(table.labels)))
    if known and table.confidence is None:
        facts.append(f"counts are those of: {known}")
    subsets = Counter(subset for subset in table.subset if subset is not None)
    for name, videos in sorted(subsets.items()):
        rows = sum(table.subset[video] == name for video in table.video.tolist())
        facts.append(f"subset {name!r}: {videos:,} videos, {rows:,} segments")
    if len(table):
        length = table.stop - table.start
        facts.append(
            f"lengths {length.min():g} to {length.max():g} s, median {np.median(length):g} s"
        )
    if table.confidence is not None and len(table):
        facts.append(f"confidences {table.confidence.min():g} to {table.confidence.max():g}")
    if not np.isnan(table.duration).all():
        missing = int(np.isnan(table.duration).sum())
        facts.append(
            f"video durations: {np.nansum(table.duration):,.0f} s in all"
            + (f", {missing:,} videos without" if missing else "")
        )
    return facts


def _findings(table: SegmentTable) -> list[str]:
    findings = list(table.findings)
    order = np.lexsort((table.row, table.stop, table.start, table.label, table.video))
    same = (np.diff(table.video[order]) == 0) & (np.diff(table.label[order]) == 0)
    apart = np.maximum(np.abs(np.diff(table.start[order])), np.abs(np.diff(table.stop[order])))
    equal, close = same & (apart == 0), same & (apart > 0) & (apart <= _CLOSE)
    for mask, verb in ((equal, "repeats"), (close, f"is within {_CLOSE:g} s of")):
        rows = np.sort(order[1:][mask])
        findings += _count(table, rows, f"{verb} another of its video and label", verb.split()[0])
    findings += _count(table, np.flatnonzero(table.stop == table.start), "has zero length", "has")
    findings += _count(table, np.flatnonzero(table.start < 0), "starts before 0", "starts")
    end = table.duration[table.video]
    late = np.flatnonzero(table.stop > end)
    if late.size:
        excess = float((table.stop - end)[late].max())
        findings += _count(
            table, late, f"ends after its video does, by up to {excess:.3g} s", "ends"
        )
    folded: dict[str, list[str]] = {}
    for label in table.labels:
        folded.setdefault("".join(label.split()).casefold(), []).append(label)
    for names in folded.values():
        if len(names) > 1:
            findings.append(f"labels that differ by case or spaces only: {', '.join(names)}")
    if table.confidence is not None:
        pairs = np.stack([table.label.astype(np.float64), table.confidence], axis=1)
        distinct = len(np.unique(pairs, axis=0)) if len(table) else 0
        if distinct < len(table):
            findings.append(
                f"{len(table) - distinct:,} confidences are tied with another of their label: "
                "the order of ties can move the result"
            )
    return findings


def _count(table: SegmentTable, rows: NDArray[np.int64], what: str, verb: str) -> list[str]:
    """Sentence that counts rows, with the first of them; none for no rows."""
    if rows.size == 0:
        return []
    if rows.size == 1:
        subject = "1 segment"
    else:
        subject = f"{rows.size:,} segments"
        what = {"has": "have", "is": "are"}.get(verb, verb[:-1]) + what.removeprefix(verb)
    return [f"{subject} {what} (first: row {table.row[rows[0]]})"]


def _residues(table: ResidueTable) -> tuple[list[str], list[str]]:
    _, chains = table.groups("chain")
    counted = int(table.counted.sum())
    named = table.settings["kind"] == "structures"
    words = f"{len(table):,} residues" if named else f"{len(table):,} rows"
    words += f" in {number_of(len(chains), 'chain')}" if any(table.chain) else ""
    facts = [f"{words}, {counted:,} with both angles"]
    counts = Counter(table.category[table.counted].tolist())
    facts.append(", ".join(f"{counts[name]:,} {name}" for name in table.categories) or "no angles")
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
