"""Residues of protein structures, with the angles of their backbones, from files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from overlap._common.values import ByValue
from overlap.io._dihedrals import wrapped_degrees
from overlap.io._paths import bare_name, find_files, suffix_of
from overlap.io._source import Source, read_source
from overlap.io.backbones import Site, columns_of, first_few, rename_chains, sites_of
from overlap.io.boundary import reading
from overlap.io.pdb_mmcif import (
    STRUCTURE_SUFFIXES,
    import_gemmi,
    is_prediction,
    parse_structure,
)
from overlap.io.printable import number_of
from overlap.io.residue_categories import unusual_names
from overlap.io.residues import Failure, ResidueTable
from overlap.io.structure_rules import StructureRules

__all__ = ["StructureFile", "joined_structures", "read_structure", "read_structures"]

_NOTED = 6  # findings on single files
_ALIKE = 0.5  # degrees


def read_structures(source: Any, **rules: Any) -> ResidueTable:
    """Read the residues of protein structures.

    Parameters
    ----------
    source : path, or sequence of paths
        A file in PDB or mmCIF format, plain or gzipped; a folder of such files; or a pattern
        with ``*``.
    **rules
        The fields of `StructureRules`.

    Returns
    -------
    ResidueTable
        All amino acid residues, one row each. ``settings["counts"]`` has how many files, chains
        and chain breaks there are. Files of a folder, pattern or list that cannot be read are
        in `failures`. Of two files of one name with the same residues and angles, such as a PDB
        and an mmCIF file, the first counts.

    Raises
    ------
    ImportError
        gemmi is not installed.
    ValueError
        No file could be read, or an argument is bad.
    OSError
        A file is missing.

    Notes
    -----
    A residue is an amino acid where gemmi's table says so, or where it has all of N, CA and C.
    D-amino acids are left out: reference distributions are of L-amino acids.

    Examples
    --------
    >>> from overlap.io import read_structures, sample_path
    >>> table = read_structures(sample_path("peptide"))
    >>> table
    <ResidueTable 14 residues, 12 with both angles>
    >>> table.resname[1:4].tolist(), table.phi[1:4].round().tolist()
    (['VAL', 'GLY', 'SER'], [-110.0, 85.0, -65.0])
    >>> table.categories
    ('general', 'glycine', 'cispro', 'transpro', 'prepro', 'ileval')
    """
    how = StructureRules(**rules)
    files, ignored = find_files(source, STRUCTURE_SUFFIXES, "structures")
    read = [read_structure(file, how, alone=len(files) == 1) for file in files]
    return joined_structures(read, how, ignored)


@dataclass(frozen=True, eq=False)
class StructureFile(ByValue):
    """A file of structures that was read.

    Attributes
    ----------
    file : str
    table : ResidueTable or None
        Its residues.
    left_out : str
        Why a rule leaves it out; else empty.
    failure : str
        Why it could not be read; else empty.
    """

    file: str
    table: ResidueTable | None = None
    left_out: str = ""
    failure: str = ""


def read_structure(
    file: str | os.PathLike[str], how: StructureRules, *, alone: bool = True
) -> StructureFile:
    """Read one file of structures.

    Parameters
    ----------
    file : path
    how : StructureRules
    alone : bool
        Raise if it cannot be read; otherwise the result says so.
    """
    import_gemmi()
    name = os.fspath(file)
    try:
        with reading(name):
            table = _read(read_source(name), how)
    except (ValueError, OSError) as error:
        if alone:
            raise
        return StructureFile(name, failure=str(error).removeprefix(f"{name}: "))
    if isinstance(table, str):
        return StructureFile(name, left_out=table)
    return StructureFile(name, table)


def joined_structures(
    files: Sequence[StructureFile], how: StructureRules, ignored: Sequence[Any] = ()
) -> ResidueTable:
    """Put the residues of files into one table.

    Parameters
    ----------
    files : sequence of StructureFile
    how : StructureRules
        By which they were read.
    ignored : sequence of path
        Files of folders that were not read.

    Raises
    ------
    ValueError
        No file could be used.
    """
    failures = [Failure(one.file, one.failure) for one in files if one.failure]
    left = [f"{one.file}: {one.left_out}" for one in files if one.left_out]
    tables, twins = _without_twins([one.table for one in files if one.table is not None])
    if not tables:
        first = left[0] if left else f"{failures[0].source}: {failures[0].reason}"
        few = f"none of the {len(files)} files could be used; the first: " * (len(files) > 1)
        raise ValueError(f"{few}{first}")
    joined = ResidueTable.joined(tables)
    counts = {
        name: sum(table.settings["counts"][name] for table in tables)
        for name in tables[0].settings["counts"]
    }
    counts["files_left_out"] = len(files) - len(tables) - len(failures)
    used = joined.resname[joined.counted].tolist()
    return replace(
        joined,
        settings={"kind": "structures", **how.settings(), "counts": counts},
        notes=tuple(_notes(joined, counts, left, ignored)),
        findings=(*unusual_names(used), *_few((*twins, *joined.findings))),
        failures=tuple(failures),
    )


def _read(content: Source, how: StructureRules) -> ResidueTable | str:
    """Return the residues of one file, or the reason why a filter leaves it out."""
    needs = ["B factor"] * (how.max_b_factor is not None)
    needs += ["occupancy"] * (how.min_occupancy is not None)
    structure, parts, notes = parse_structure(content, needs)
    name = content.name
    if how.max_resolution is not None:
        if not structure.resolution:
            return "says no resolution"
        if structure.resolution > how.max_resolution:
            return f"has a resolution of {structure.resolution:g} Å"
    models = _models(structure, how, name)
    chains: list[list[Site]] = []
    again: list[str] = []
    for model in models:
        sites = (sites_of(residues, title, model.num) for title, residues in parts[model.num])
        here = [part for part in sites if part]
        again += rename_chains(here, how)
        chains += here
    if not chains:
        kinds = sum(len(chain) for model in models for chain in model)
        raise ValueError(f"{name}: has no protein residues (among {number_of(kinds, 'residue')})")
    if how.max_b_factor is not None and is_prediction(content):
        notes.append(
            f"{name} is a prediction, whose B factors are pLDDT as a rule: high is good, and "
            "max_b_factor leaves out the good residues"
        )
    columns, breaks, seen = columns_of(chains, how)
    columns["structure"] = [bare_name(name)] * len(columns["phi"])
    counts = {
        "files": 1,
        "models": len(models),
        "models_left_out": len(structure) - len(models),
        "chains": len({(chain[0].model, chain[0].chain) for chain in chains}),
        "chain_breaks": breaks,
    }
    if again:
        called = first_few(list(dict.fromkeys(again)))
        notes.append(f"{name} has several chains of one name: the further ones are called {called}")
    wanted = how.conformer not in ("first", "highest", "all")
    if wanted and not any(how.conformer in site.labels for chain in chains for site in chain):
        notes.append(f"{name} has no conformer {how.conformer}: the first one is taken")
    notes += [f"{name}: {text}" for text in seen]
    return ResidueTable.of_columns(
        columns,
        sources=((name, content.sha256),),
        settings={"counts": counts},
        findings=tuple(notes),
    )


def _without_twins(
    tables: Sequence[ResidueTable],
) -> tuple[list[ResidueTable], list[str]]:
    """Leave out repeated files of one name, and report equal files of different names."""
    kept: list[ResidueTable] = []
    notes = []
    exact: dict[tuple[bytes, bytes], ResidueTable] = {}
    by_name: dict[str, list[ResidueTable]] = {}
    for table in tables:
        file, entry = table.sources[0][0], _entry(table)
        other_format = [x for x in by_name.get(entry, ()) if _is_pdb(x) != _is_pdb(table)]
        twin = exact.get((table.phi.tobytes(), table.psi.tobytes()))
        twin = twin or next((x for x in other_format if _same_angles(x, table)), None)
        if twin is not None and _entry(twin) == entry:
            other = twin.sources[0][0]
            notes.append(f"{file} has the same residues and angles as {other}: it is left out")
            continue
        if twin is not None:
            notes.append(f"{file} has the same angles as {twin.sources[0][0]}: both count")
        elif other_format:
            other = other_format[0].sources[0][0]
            notes.append(f"{file} and {other} have one name, and differ: both count")
        by_name.setdefault(entry, []).append(table)
        exact.setdefault((table.phi.tobytes(), table.psi.tobytes()), table)
        kept.append(table)
    return kept, notes


def _is_pdb(table: ResidueTable) -> bool:
    return suffix_of(table.sources[0][0]) not in (".cif", ".mmcif")


def _entry(table: ResidueTable) -> str:
    """Return the name of a file without the ``pdb`` that the archive puts before it."""
    name = bare_name(table.sources[0][0]).lower()
    return name[3:] if name.startswith("pdb") and len(name) == 7 else name


def _same_angles(a: ResidueTable, b: ResidueTable) -> bool:
    """Tell whether residues are equal, and angles within the rounding of coordinates."""
    if len(a) != len(b) or (a.resname != b.resname).any():
        return False
    pairs = [(getattr(a, name), getattr(b, name)) for name in ("phi", "psi", "omega")]
    if any((np.isnan(x) != np.isnan(y)).any() for x, y in pairs):
        return False
    apart = np.abs(np.concatenate([wrapped_degrees(x - y) for x, y in pairs]))
    return bool(np.nanmax(apart, initial=0.0) <= _ALIKE)


def _models(structure: Any, how: StructureRules, name: str) -> list[Any]:
    if how.models == "all":
        return list(structure)
    if how.models == "first":
        return [structure[0]]
    numbers = {model.num: model for model in structure}
    if how.models not in numbers:
        known = ", ".join(map(str, list(numbers)[:6])) + (" ..." if len(numbers) > 6 else "")
        raise ValueError(f"{name}: has no model {how.models}; there are {known}")
    return [numbers[how.models]]


def _few(findings: Sequence[str]) -> Iterable[str]:
    """Yield the first findings on single files, and the number of the others."""
    yield from findings[:_NOTED]
    if len(findings) > _NOTED:
        yield f"{len(findings) - _NOTED:,} more on single files; read one of them alone"


def _notes(
    table: ResidueTable, counts: dict[str, int], left: Sequence[str], ignored: Sequence[Any]
) -> Iterable[str]:
    reasons = table.left_out_counts()
    if reasons:
        listed = ", ".join(f"{number} {reason}" for reason, number in reasons.items())
        yield f"{sum(reasons.values())} of {len(table)} residues do not count: {listed}"
    if counts["chain_breaks"]:
        yield number_of(counts["chain_breaks"], "chain break")
    if counts["models"] > counts["files"]:
        words = [number_of(counts[f"{noun}s"], noun) for noun in ("model", "file")]
        yield f"{' of '.join(words)}: their residues are not independent"
    shared = int((table.weight[table.counted] != 1.0).sum())
    if shared:
        yield f"{shared} rows are conformers, which share the weight of a residue by occupancy"
    if counts["models_left_out"]:
        yield f"{number_of(counts['models_left_out'], 'further model')} not read (models)"
    if left:
        yield f"{number_of(len(left), 'file')} left out (first: {left[0]})"
    if ignored:
        files = number_of(len(ignored), "other file")
        yield f"{files} in the folder, no structures (first: {Path(ignored[0]).name})"
