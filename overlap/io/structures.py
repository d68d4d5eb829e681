"""Protein structures: PDB and mmCIF files, read with gemmi, become a table of residues.

The angles of a residue need its neighbors: phi the carbon of the residue before, psi the
nitrogen of the residue after, omega two atoms of the residue before. Residues are neighbors
where they follow each other in the file, in one chain, and the bond between them, from C to N,
is not longer than a limit; numbers say nothing, because files jump in them. Where an atom is
missing, or the chain ends or is broken, the angle is NaN and the row says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

from overlap.io._dihedrals import dihedrals
from overlap.io._paths import bare_name, find_files, number_of
from overlap.io._source import Source, read_source
from overlap.io._structure_files import STRUCTURE_SUFFIXES, import_gemmi, parse_structure
from overlap.io.residue_categories import category_of
from overlap.io.residues import Failure, ResidueTable

__all__ = ["StructureRules", "read_structures"]

_BACKBONE = ("N", "CA", "C")


@dataclass(frozen=True)
class StructureRules:
    """How structures are read.

    Attributes
    ----------
    models : "first", "all" or int
        Which models of a file with several: its first, all, or the one of this number.
    conformer : {"first", "highest"}
        Which of several places of an atom, and of several residues at one place: the first in
        the file, or the one of the highest occupancy.
    bond_limit : float
        Two residues are bonded where C and N are at most this far apart, in Ångström.
    cis_limit : float
        A proline is cis where the absolute omega is below this many degrees.
    max_resolution : float, optional
        Files of a coarser resolution, in Ångström, or of none are left out.
    max_b_factor : float, optional
        Residues with a backbone atom (N, CA, C) above this B factor do not count.
    min_occupancy : float, optional
        Residues with a backbone atom below this occupancy do not count.
    """

    models: Literal["first", "all"] | int = "first"
    conformer: Literal["first", "highest"] = "first"
    bond_limit: float = 2.0
    cis_limit: float = 90.0
    max_resolution: float | None = None
    max_b_factor: float | None = None
    min_occupancy: float | None = None

    def __post_init__(self) -> None:
        whole = isinstance(self.models, int) and not isinstance(self.models, bool)
        if self.models not in ("first", "all") and not whole:
            raise ValueError(f"models = {self.models!r}; wanted 'first', 'all' or a number")
        if self.conformer not in ("first", "highest"):
            raise ValueError(f"conformer = {self.conformer!r}; wanted 'first' or 'highest'")
        if not 0.0 < self.cis_limit <= 180.0:
            raise ValueError(f"cis_limit = {self.cis_limit!r}; wanted degrees, such as 90 or 30")
        for name in ("bond_limit", "max_resolution", "max_b_factor", "min_occupancy"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value < np.inf:
                raise ValueError(f"{name} = {value!r}; wanted a positive number")

    def settings(self) -> dict[str, Any]:
        """Return the rules as plain data."""
        return dict(vars(self))


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
        in `failures`.

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
    import_gemmi()
    how = StructureRules(**rules)
    files, ignored = find_files(source, STRUCTURE_SUFFIXES, "structures")
    alone = len(files) == 1
    tables, failures, left = [], [], []
    for file in files:
        try:
            table = _read(read_source(file), how)
        except (ValueError, OSError) as error:
            if alone:
                raise
            reason = str(error).removeprefix(f"{file}: ")
            failures.append(Failure(str(file), reason))
            continue
        if isinstance(table, str):
            left.append(f"{file}: {table}")
        else:
            tables.append(table)
    if not tables:
        first = left[0] if left else f"{failures[0].source}: {failures[0].reason}"
        few = "" if alone else f"none of the {len(files)} files could be used; the first: "
        raise ValueError(f"{few}{first}")
    joined = ResidueTable.joined(tables)
    counts = {
        name: sum(table.settings["counts"][name] for table in tables)
        for name in tables[0].settings["counts"]
    }
    counts["files_left_out"] = len(left)
    return replace(
        joined,
        settings={"kind": "structures", **how.settings(), "counts": counts},
        notes=tuple(_notes(joined, counts, left, ignored)),
        failures=tuple(failures),
    )


def _read(content: Source, how: StructureRules) -> ResidueTable | str:
    """Return the residues of one file, or why its filter leaves it out."""
    structure = parse_structure(content)
    name = content.name
    if how.max_resolution is not None:
        if not structure.resolution:
            return "says no resolution"
        if structure.resolution > how.max_resolution:
            return f"has a resolution of {structure.resolution:g} Å"
    models = _models(structure, how, name)
    residues: list[_Residue] = []
    chains = 0
    for model in models:
        for chain in model:
            found = _chain_residues(chain, model.num, how)
            chains += bool(found)
            residues += found
    if not residues:
        kinds = sum(len(chain) for model in models for chain in model)
        raise ValueError(f"{name}: has no protein residues (among {number_of(kinds, 'residue')})")
    columns, breaks = _columns(residues, how)
    columns["structure"] = [bare_name(name)] * len(residues)
    counts = {"files": 1, "models": len(models), "chains": chains, "chain_breaks": breaks}
    return ResidueTable.of_columns(
        columns, sources=((name, content.sha256),), settings={"counts": counts}
    )


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


@dataclass
class _Residue:
    """One residue: its names, and the places of N, CA and C (NaN where missing)."""

    model: int
    chain: str
    seqid: int
    icode: str
    altloc: str
    resname: str
    d_form: bool
    places: list[list[float]]
    occupancy: float
    b_factor: float


def _chain_residues(chain: Any, model: int, how: StructureRules) -> list[_Residue]:
    """Amino acids of a chain; of several at one place, the one that the rules choose."""
    gemmi = import_gemmi()
    result: list[_Residue] = []
    last: Any = None
    for residue in chain:
        info = gemmi.find_tabulated_residue(residue.name)
        atoms: dict[str, list[Any]] = {}
        for atom in residue:
            if atom.name in _BACKBONE:
                atoms.setdefault(atom.name, []).append(atom)
        if not info.is_amino_acid() and len(atoms) < len(_BACKBONE):
            continue
        here = str(residue.seqid)
        d_form = info.kind == gemmi.ResidueKind.AAD
        made = _residue(residue, chain.name, model, atoms, d_form, how)
        if here != last:
            result.append(made)
        elif how.conformer == "highest" and made.occupancy > result[-1].occupancy:
            result[-1] = made
        last = here
    return result


def _residue(
    residue: Any, chain: str, model: int, atoms: dict[str, list[Any]], d_form: bool,
    how: StructureRules,
) -> _Residue:  # fmt: skip
    labels = list(
        dict.fromkeys(
            atom.altloc for group in atoms.values() for atom in group if atom.has_altloc()
        )
    )
    label = labels[0] if labels else "\0"
    if how.conformer == "highest" and len(labels) > 1:
        label = max(labels, key=lambda name: _mean_occupancy(atoms, name))  # the first of equals
    places, occupancies, b_factors = [], [], []
    for name in _BACKBONE:
        group = atoms.get(name, [])
        chosen = next(
            (atom for wanted in (label, "\0") for atom in group if atom.altloc == wanted),
            group[0] if group else None,
        )
        places.append([np.nan] * 3 if chosen is None else chosen.pos.tolist())
        if chosen is not None:
            occupancies.append(chosen.occ)
            b_factors.append(chosen.b_iso)
    return _Residue(
        model, chain, residue.seqid.num, residue.seqid.icode.strip(),
        label.strip("\0"), residue.name, d_form, places,
        min(occupancies, default=0.0), max(b_factors, default=0.0),
    )  # fmt: skip


def _mean_occupancy(atoms: dict[str, list[Any]], label: str) -> float:
    values = [atom.occ for group in atoms.values() for atom in group if atom.altloc == label]
    return sum(values) / len(values)


def _columns(residues: list[_Residue], how: StructureRules) -> tuple[dict[str, list[Any]], int]:
    """Angles, categories and reasons of all residues, and the number of chain breaks."""
    count = len(residues)
    places = np.array([residue.places for residue in residues])  # (count, N CA C, 3)
    chain = [(residue.model, residue.chain) for residue in residues]
    follows = np.array([False, *(a == b for a, b in pairwise(chain))])
    gap = np.full(count, np.nan)
    gap[1:] = np.sqrt(((places[1:, 0] - places[:-1, 2]) ** 2).sum(axis=1))
    near = follows & (gap <= how.bond_limit)
    broken = follows & (gap > how.bond_limit)
    before = np.concatenate([np.full((1, 3, 3), np.nan), places[:-1]])
    before[~near] = np.nan
    after = np.concatenate([places[1:], np.full((1, 3, 3), np.nan)])
    after[np.append(~near[1:], True)] = np.nan
    n, ca, c = np.moveaxis(places, 1, 0)
    phi = dihedrals(np.stack([before[:, 2], n, ca, c], axis=1))
    psi = dihedrals(np.stack([n, ca, c, after[:, 0]], axis=1))
    omega = dihedrals(np.stack([before[:, 1], before[:, 2], n, ca], axis=1))
    category, reasons = [], []
    for i, residue in enumerate(residues):
        bonded = i + 1 < count and bool(near[i + 1])
        category.append(
            category_of(
                residue.resname,
                residues[i + 1].resname if bonded else "",
                float(omega[i]),
                cis_limit=how.cis_limit,
            )
        )
        reason = ""
        if residue.d_form:
            reason = "D-amino acid"
        elif np.isnan(places[i]).any():
            reason = "missing atoms"
        elif not follows[i] or i + 1 == count or not follows[i + 1]:
            reason = "end of chain"
        elif broken[i] or broken[i + 1]:
            reason = "chain break"
        elif np.isnan(phi[i] + psi[i]):
            reason = "missing atoms of a neighbor"
        elif how.max_b_factor is not None and residue.b_factor > how.max_b_factor:
            reason = "B factor"
        elif how.min_occupancy is not None and residue.occupancy < how.min_occupancy:
            reason = "occupancy"
        elif not category[-1]:
            reason = "proline without omega"
        reasons.append(reason)
    names = ("model", "chain", "seqid", "icode", "altloc", "resname")
    columns: dict[str, Any] = {
        name: [getattr(residue, name) for residue in residues] for name in names
    }
    columns.update(phi=phi, psi=psi, omega=omega, category=category, left_out=reasons)
    return columns, int(broken.sum())


def _notes(
    table: ResidueTable, counts: dict[str, int], left: Sequence[str], ignored: Sequence[Path]
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
    if left:
        yield f"{number_of(len(left), 'file')} left out (first: {left[0]})"
    if ignored:
        files = number_of(len(ignored), "other file")
        yield f"{files} in the folder, no structures (first: {ignored[0].name})"
