"""Residues of protein structures, with the backbone angles of each.

The angles of a residue need its neighbors: phi the carbon of the residue before, psi the
nitrogen of the residue after, omega two atoms of the residue before. Residues are neighbors
where they follow each other in the file, in one chain, and the bond between them, from C to N,
is not longer than a limit; numbers say nothing, because files jump in them. An angle needs all
three of its bonds, N-CA, CA-C and C-N, and atoms of one conformer (or with no conformers). Where
an atom is missing, or the chain ends or is broken, the angle is NaN and the row says why.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from overlap._common.values import ByValue
from overlap.io._dihedrals import dihedrals, wrapped_degrees
from overlap.io._paths import bare_name, find_files, suffix_of
from overlap.io._source import Source, read_source
from overlap.io.boundary import reading
from overlap.io.pdb_mmcif import (
    STRUCTURE_SUFFIXES,
    import_gemmi,
    is_prediction,
    parse_structure,
)
from overlap.io.printable import number_of
from overlap.io.residue_categories import category_of, unusual_names
from overlap.io.residues import Failure, ResidueTable

__all__ = ["StructureFile", "StructureRules", "joined_structures", "read_structure",
           "read_structures"]  # fmt: skip

_BACKBONE = ("N", "CA", "C")
_SHORTEST = 0.8  # Ångström: no two bonded atoms of a backbone are closer
_AGAIN = "#"  # between the name of a chain and a number, where another chain has that name
_SHOWN = 3  # examples in a note
_NOTED = 6  # findings on single files
_ALIKE = 0.5  # degrees


@dataclass(frozen=True)
class StructureRules:
    """Rules for reading structures.

    Attributes
    ----------
    models : "first", "all" or int
        Which models of a file with several: its first, all, or the one of this number.
    conformer : {"first", "highest", "all"} or str
        Which of several places of atoms, and of several residues at one place: the conformer
        that is first in the file, the one of the highest mean occupancy, or the one of this
        letter (and the first where it is missing). One is taken for all sites with
        conformers that have at most one other between them, so that no angle mixes two. With
        ``"all"`` a residue has a row for each, and their weights, by occupancy, sum to 1.
    bond_limit : float
        Two atoms are bonded where they are at most this far apart, in Ångström: C and N of two
        residues, and N, CA and C of one.
    cis_limit : float
        A proline is cis where the absolute omega is below this many degrees.
    max_resolution : float, optional
        Files of a coarser resolution, in Ångström, or of none are left out.
    max_b_factor : float, optional
        Residues with a backbone atom (N, CA, C) above this B factor do not count. A file in
        which one of these is no number, such as ``******``, is an error.
    min_occupancy : float, optional
        Residues with a backbone atom below this occupancy do not count. A file in which one
        of these is no number, or blank, is an error.
    """

    models: str | int = "first"
    conformer: str = "first"
    bond_limit: float = 2.0
    cis_limit: float = 90.0
    max_resolution: float | None = None
    max_b_factor: float | None = None
    min_occupancy: float | None = None

    def __post_init__(self) -> None:
        whole = isinstance(self.models, int) and not isinstance(self.models, bool)
        if self.models not in ("first", "all") and not whole:
            raise ValueError(f"models = {self.models!r}; wanted 'first', 'all' or a number")
        words = ("first", "highest", "all")
        letter = isinstance(self.conformer, str) and len(self.conformer.strip()) == 1
        if self.conformer not in words and not letter:
            raise ValueError(
                f"conformer = {self.conformer!r}; wanted 'first', 'highest', 'all', or the letter "
                "of one, such as 'B'"
            )
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
    chains: list[list[_Site]] = []
    again: list[str] = []
    for model in models:
        sites = (_sites(residues, title, model.num) for title, residues in parts[model.num])
        here = [part for part in sites if part]
        again += _rename(here, how)
        chains += here
    if not chains:
        kinds = sum(len(chain) for model in models for chain in model)
        raise ValueError(f"{name}: has no protein residues (among {number_of(kinds, 'residue')})")
    if how.max_b_factor is not None and is_prediction(content):
        notes.append(
            f"{name} is a prediction, whose B factors are pLDDT as a rule: high is good, and "
            "max_b_factor leaves out the good residues"
        )
    columns, breaks, seen = _columns(chains, how)
    columns["structure"] = [bare_name(name)] * len(columns["phi"])
    counts = {
        "files": 1,
        "models": len(models),
        "models_left_out": len(structure) - len(models),
        "chains": len({(chain[0].model, chain[0].chain) for chain in chains}),
        "chain_breaks": breaks,
    }
    if again:
        called = _some(list(dict.fromkeys(again)))
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


class _Atom(NamedTuple):
    """Place, occupancy and B factor of an atom."""

    place: tuple[float, float, float]
    occupancy: float
    b_factor: float


_NOWHERE = _Atom((np.nan, np.nan, np.nan), np.nan, np.nan)


@dataclass
class _Site:
    """Site of a chain: one residue, or several that share the place.

    Attributes
    ----------
    atoms : three of dict
        Places of N, CA and C by the label of their conformer; ``""`` is the one without a label.
    names : dict
        Residue name, and whether it is a D-amino acid, by label.
    twice : bool
        Whether an atom is repeated, without labels that tell the two apart.
    """

    model: int
    chain: str
    seqid: int
    icode: str
    atoms: tuple[dict[str, _Atom], dict[str, _Atom], dict[str, _Atom]]
    names: dict[str, tuple[str, bool]]
    twice: bool = False

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Labels of conformers in file order; none where the backbone has one place."""
        split = [places for places in self.atoms if any(places)]
        return tuple(dict.fromkeys(label for places in split for label in places))

    def takes(self, name: str, labels: Iterable[str]) -> bool:
        """Tell whether a residue of this name and these conformers belongs to this site."""
        known = [self.names[label][0] for label in labels if label in self.names]
        return all(other == name for other in known)

    def covers(self, label: str) -> bool:
        """Tell whether each atom of the site has a place in this conformer."""
        return all(not places or label in places or "" in places for places in self.atoms)

    def rank(self, label: str) -> int:
        """Return the position in the file of a conformer."""
        used = label if label in self.labels else ""
        return self.labels.index(used) if used in self.labels else len(self.labels)

    def atom(self, which: int, label: str) -> _Atom:
        """Return the place of N, CA or C (0, 1, 2); one without a label is in all conformers."""
        places = self.atoms[which]
        return places.get(label, places.get("", _NOWHERE))

    def name(self, label: str) -> tuple[str, bool]:
        """Return the residue of a conformer, and whether it is a D-amino acid."""
        return self.names.get(label, self.names.get("", next(iter(self.names.values()))))

    def occupancy(self, label: str) -> float:
        """Return the mean occupancy of atoms that have a place for each conformer."""
        split = [k for k, places in enumerate(self.atoms) if any(places)]
        values = [self.atom(k, label).occupancy for k in split]
        values = [value for value in values if value == value]
        return sum(values) / len(values) if values else 0.0


def _sites(residues: Iterable[Any], chain: str, model: int) -> list[_Site]:
    gemmi = import_gemmi()
    sites: dict[Any, _Site] = {}
    for residue in residues:
        info = gemmi.find_tabulated_residue(residue.name)
        atoms: dict[str, list[Any]] = {}
        for atom in residue:
            if atom.name in _BACKBONE:
                atoms.setdefault(atom.name, []).append(atom)
        if not info.is_amino_acid() and len(atoms) < len(_BACKBONE):
            continue
        entry = residue.name, info.kind == gemmi.ResidueKind.AAD
        found = (atom.altloc.strip("\0") for group in atoms.values() for atom in group)
        labels = list(dict.fromkeys(found)) or [""]
        if residue.seqid.num is None:
            raise ValueError(f"a residue {residue.name} of chain {chain!r} has no number")
        key: Any = str(residue.seqid)
        while key in sites and not sites[key].takes(residue.name, labels):
            key = (key, "another")  # two residues that have one number, and are no conformers
        site = sites.setdefault(
            key,
            _Site(model, chain, residue.seqid.num, residue.seqid.icode.strip(), ({}, {}, {}), {}),
        )
        for label in labels:
            site.names[label] = entry
        for places, name in zip(site.atoms, _BACKBONE, strict=True):
            for atom in atoms.get(name, ()):
                label = atom.altloc.strip("\0")
                site.twice |= label in places
                places.setdefault(
                    label, _Atom(tuple(atom.pos.tolist()), float(atom.occ), float(atom.b_iso))
                )
    return list(sites.values())


def _rename(parts: list[list[_Site]], how: StructureRules) -> list[str]:
    """Give chains of one name names that differ, and return the new ones.

    Single residues keep the name of their chain, unless a residue of that has their number.
    """
    taken = {part[0].chain for part in parts}
    new: list[str] = []
    numbers: dict[str, set[tuple[int, str]]] = {}
    bonded: set[str] = set()
    for part in parts:
        name = part[0].chain
        mine = {(site.seqid, site.icode) for site in part}
        is_bonded = _is_bonded(part, how)
        if mine & numbers.setdefault(name, set()) or (is_bonded and name in bonded):
            free = (f"{name}{_AGAIN}{k}" for k in count(2))
            new.append(next(other for other in free if other not in taken))
            taken.add(new[-1])
            for site in part:
                site.chain = new[-1]
            continue
        numbers[name] |= mine
        if is_bonded:
            bonded.add(name)
    return new


def _is_bonded(part: list[_Site], how: StructureRules) -> bool:
    """Tell whether two neighboring residues are bonded, in any conformer."""
    return any(
        math.dist(carbon.place, nitrogen.place) <= how.bond_limit
        for left, right in pairwise(part)
        for carbon in left.atoms[2].values()
        for nitrogen in right.atoms[0].values()
    )


def _chosen(part: list[_Site], how: StructureRules) -> list[str]:
    """Return the conformer of each site; the same along sites with conformers that are close.

    The angles of a residue take atoms of its two neighbors, so sites with at most one other
    between them belong together. One label is taken for as many of them as have it: where no
    label is in all, the next one begins where the first has no place, and no angle crosses over.
    """
    chosen = [""] * len(part)
    split = [k for k, site in enumerate(part) if site.labels]
    while split:
        group = [split.pop(0)]
        while split and split[0] - group[-1] <= 2:
            group.append(split.pop(0))
        while group:
            known = list(dict.fromkeys(label for k in group for label in part[k].labels))
            reach = {label: _reach(part, group, label) for label in known}
            if reach.get(how.conformer):
                best = how.conformer
            else:
                far = max(reach.values())
                among = [label for label in known if reach[label] == far]
                mine = group[: max(far, 1)]
                ranks = [[part[k].rank(label) for k in mine] for label in among]
                best = among[ranks.index(min(ranks))]
                if how.conformer == "highest":
                    sums = [sum(part[k].occupancy(label) for k in mine) for label in among]
                    best = among[sums.index(max(sums))]
            length = max(reach[best], 1)
            for k in group[:length]:
                chosen[k] = best
            group = group[length:]
    # a residue of one place takes the conformer of its neighbors
    for k, site in enumerate(part):
        if not site.labels:
            beside = [part[j].labels and chosen[j] for j in (k - 1, k + 1) if 0 <= j < len(part)]
            chosen[k] = next((label for label in beside if label), "")
    return chosen


def _reach(part: list[_Site], group: list[int], label: str) -> int:
    """Count the sites of a group, from its first on, that have a conformer."""
    return next((n for n, k in enumerate(group) if not part[k].covers(label)), len(group))


def _rows(part: list[_Site], how: StructureRules) -> Iterable[tuple[int, str]]:
    """Yield the sites of a chain, with the conformers to measure."""
    if how.conformer != "all":
        yield from enumerate(_chosen(part, how))
        return
    for k, site in enumerate(part):
        row = _Row(part[k - 1] if k else None, site, part[k + 1] if k + 1 < len(part) else None, "")
        labels = list(site.labels)
        if not labels or "" in labels:  # no label: goes with each conformer of a neighbor
            split = [places for places in row.ends if any(places)]
            labels += [label for places in split for label in places]
        if not labels and row.before:
            labels += list(row.before.labels[:1])  # for omega alone
        yield from ((k, label) for label in dict.fromkeys(labels or [""]))


@dataclass
class _Row:
    """One residue in one conformer, between its neighbors."""

    before: _Site | None
    site: _Site
    after: _Site | None
    label: str

    def places(self) -> list[tuple[float, float, float]]:
        """Return the places of CA and C before, of N, CA and C, and of N after."""
        nowhere = _NOWHERE.place
        return [
            *(self.before.atom(k, self.label).place if self.before else nowhere for k in (1, 2)),
            *(atom.place for atom in self.own),
            self.after.atom(0, self.label).place if self.after else nowhere,
        ]

    @cached_property
    def own(self) -> list[_Atom]:
        return [self.site.atom(k, self.label) for k in range(3)]

    @property
    def ends(self) -> list[dict[str, _Atom]]:
        """Places of the neighboring atoms that phi, psi, and cis or trans depend on."""
        cis = any(name == "PRO" for name, _ in self.site.names.values())
        return [
            *(self.before.atoms[1 if cis else 2 :] if self.before else ()),
            *(self.after.atoms[:1] if self.after else ()),
        ]

    @property
    def torn(self) -> bool:
        """Whether a neighbor has the atom of an angle, but not in this conformer."""
        return any(places and not {self.label, ""} & places.keys() for places in self.ends)

    @property
    def altloc(self) -> str:
        """Label of the conformer, if an atom that the angles depend on has one."""
        used = any(self.label in places for places in (*self.site.atoms, *self.ends))
        return self.label if used else ""

    @property
    def share(self) -> float:
        """Occupancy of the conformer at the first site that has several."""
        near = (self.site, self.before, self.after)
        return next(
            (site.occupancy(self.label) for site in near if site and self.label in site.labels), 1.0
        )

    def __str__(self) -> str:
        words = self.site.chain, f"{self.site.seqid}{self.site.icode}", self.resname
        return " ".join(filter(None, words))

    @property
    def resname(self) -> str:
        return self.site.name(self.label)[0]


_LINKS = ("CA-C before", "C-N before", "N-CA", "CA-C", "C-N")  # bonds between the six places
_TORSIONS = {"omega": 0, "phi": 1, "psi": 2}  # and the first place, and bond, of each angle


def _columns(
    chains: list[list[_Site]], how: StructureRules
) -> tuple[dict[str, Any], int, list[str]]:
    """Return the columns of all residues, the number of chain breaks, and findings."""
    rows, first = [], []
    for part in chains:
        ends = [None, *part, None]
        last = -1
        for k, label in _rows(part, how):
            rows.append(_Row(ends[k], part[k], ends[k + 2], label))
            first.append(k != last)
            last = k
    places = np.array([row.places() for row in rows])  # (rows, 6, 3)
    lengths = np.sqrt((np.diff(places, axis=1) ** 2).sum(axis=2))
    bonded = (lengths >= _SHORTEST) & (lengths <= how.bond_limit)
    angles = {
        name: np.where(bonded[:, k : k + 3].all(axis=1), dihedrals(places[:, k : k + 4]), np.nan)
        for name, k in _TORSIONS.items()
    }
    category, reasons, odd = [], [], []
    for i, row in enumerate(rows):
        behind = row.after.name(row.label)[0] if row.after and bonded[i, 4] else ""
        omega = float(angles["omega"][i])
        category.append(category_of(row.resname, behind, omega, cis_limit=how.cis_limit))
        known = bool(np.isfinite(angles["phi"][i] + angles["psi"][i]))
        reason, said = _reason(row, lengths[i].tolist(), known, how)
        reasons.append(reason or ("" if category[-1] else "proline without omega"))
        odd += [said] * bool(said)
    columns: dict[str, Any] = {
        name: [getattr(row.site, name) for row in rows]
        for name in ("model", "chain", "seqid", "icode")
    }
    columns["altloc"] = [row.altloc for row in rows]
    columns["resname"] = [row.resname for row in rows]
    columns.update(angles, category=category, left_out=reasons)
    if how.conformer == "all":
        columns["weight"] = _weights(rows, reasons)
    breaks = np.array(first) & (lengths[:, 1] > how.bond_limit)
    return columns, int(breaks.sum()), [_some(odd)] if odd else []


def _reason(row: _Row, lengths: list[float], known: bool, how: StructureRules) -> tuple[str, str]:
    """Return the reason why a residue does not count, and a finding about it."""
    if row.site.name(row.label)[1]:
        return "D-amino acid", ""
    if row.site.twice:
        return "an atom twice", f"{row} has an atom twice"
    if any(value != value for atom in row.own for value in atom.place):
        return "missing atoms", ""
    for bond, length in zip(_LINKS[2:4], lengths[2:4], strict=True):
        said = f"{bond} of {row} is {length:.2f} Å"
        if length < _SHORTEST:
            return "overlapping atoms", said
        if length > how.bond_limit:
            return f"{bond} bond too long", said
    if row.before is None or row.after is None:
        return "end of chain", ""
    if row.torn:
        return "neighbor in another conformer", ""
    if any(length > how.bond_limit for length in (lengths[1], lengths[4])):
        return "chain break", ""
    for which, length in (("before", lengths[1]), ("behind", lengths[4])):
        if length < _SHORTEST:
            return "overlapping atoms", f"C-N {which} {row} is {length:.2f} Å"
    if not known:
        return "missing atoms of a neighbor", ""
    if how.max_b_factor is not None and max(x.b_factor for x in row.own) > how.max_b_factor:
        return "B factor", ""
    if how.min_occupancy is not None and min(x.occupancy for x in row.own) < how.min_occupancy:
        return "occupancy", ""
    return "", ""


def _weights(rows: list[_Row], reasons: list[str]) -> list[float]:
    """Return weights of conformers; those of one residue that count sum to 1."""
    totals: Counter[int] = Counter()
    counts: Counter[int] = Counter()
    for row, reason in zip(rows, reasons, strict=True):
        totals[id(row.site)] += 0.0 if reason else row.share  # type: ignore[assignment]
        counts[id(row.site)] += not reason
    return [
        1.0 if reason
        else row.share / totals[id(row.site)] if totals[id(row.site)] > 0.0
        else 1.0 / counts[id(row.site)]
        for row, reason in zip(rows, reasons, strict=True)
    ]  # fmt: skip


def _few(findings: Sequence[str]) -> Iterable[str]:
    """Yield the first findings on single files, and the number of the others."""
    yield from findings[:_NOTED]
    if len(findings) > _NOTED:
        yield f"{len(findings) - _NOTED:,} more on single files; read one of them alone"


def _some(items: Sequence[str]) -> str:
    """Write the first few of a list."""
    more = f" and {len(items) - _SHOWN:,} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more


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
