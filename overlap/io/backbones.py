"""Backbones of protein chains: sites of residues, their conformers, and the angles of each.

The angles of a residue need its neighbors: phi the carbon of the residue before, psi the
nitrogen of the residue after, omega two atoms of the residue before. Residues are neighbors
where they follow each other in the file, in one chain, and the bond between them, from C to N,
is not longer than a limit; numbers say nothing, because files jump in them. An angle needs all
three of its bonds, N-CA, CA-C and C-N, and atoms of one conformer (or with no conformers). Where
an atom is missing, or the chain ends or is broken, the angle is NaN and the row says why.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, pairwise
from typing import Any, NamedTuple

import numpy as np

from overlap.io._dihedrals import dihedrals
from overlap.io.pdb_mmcif import import_gemmi
from overlap.io.residue_categories import category_of
from overlap.io.structure_rules import StructureRules

__all__ = ["Site", "columns_of", "first_few", "rename_chains", "sites_of"]

_BACKBONE = ("N", "CA", "C")
_SHORTEST = 0.8  # Ångström: no two bonded atoms of a backbone are closer
_AGAIN = "#"  # between the name of a chain and a number, where another chain has that name
_SHOWN = 3  # examples in a note


class _Atom(NamedTuple):
    """Place, occupancy and B factor of an atom."""

    place: tuple[float, float, float]
    occupancy: float
    b_factor: float


_NOWHERE = _Atom((np.nan, np.nan, np.nan), np.nan, np.nan)


@dataclass
class Site:
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


def sites_of(residues: Iterable[Any], chain: str, model: int) -> list[Site]:
    """Return the sites of the amino acids of a chain, in the order of the file.

    Parameters
    ----------
    residues : iterable of gemmi.Residue
    chain : str
        Name of the chain.
    model : int
        Number of the model.
    """
    gemmi = import_gemmi()
    sites: dict[Any, Site] = {}
    for residue in residues:
        called = residue.name.upper()
        info = gemmi.find_tabulated_residue(called)
        atoms: dict[str, list[Any]] = {}
        for atom in residue:
            if atom.name in _BACKBONE:
                atoms.setdefault(atom.name, []).append(atom)
        if not info.is_amino_acid() and len(atoms) < len(_BACKBONE):
            continue
        entry = called, info.kind == gemmi.ResidueKind.AAD
        found = (atom.altloc.strip("\0") for group in atoms.values() for atom in group)
        labels = list(dict.fromkeys(found)) or [""]
        if residue.seqid.num is None:
            raise ValueError(f"a residue {residue.name} of chain {chain!r} has no number")
        key: Any = str(residue.seqid)
        while key in sites and not sites[key].takes(called, labels):
            key = (key, "another")  # two residues that have one number, and are no conformers
        site = sites.setdefault(
            key,
            Site(model, chain, residue.seqid.num, residue.seqid.icode.strip(), ({}, {}, {}), {}),
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


def rename_chains(parts: list[list[Site]], how: StructureRules) -> list[str]:
    """Give chains of one name names that differ, and return the new ones.

    Single residues keep the name of their chain, unless a residue of that has their number.

    Parameters
    ----------
    parts : list of list of Site
        Chains, each with a site or more.
    how : StructureRules
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


def _is_bonded(part: list[Site], how: StructureRules) -> bool:
    """Tell whether two neighboring residues are bonded, in any conformer."""
    return any(
        math.dist(carbon.place, nitrogen.place) <= how.bond_limit
        for left, right in pairwise(part)
        for carbon in left.atoms[2].values()
        for nitrogen in right.atoms[0].values()
    )


def _chosen(part: list[Site], how: StructureRules) -> list[str]:
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


def _reach(part: list[Site], group: list[int], label: str) -> int:
    """Count the sites of a group, from its first on, that have a conformer."""
    return next((n for n, k in enumerate(group) if not part[k].covers(label)), len(group))


def _rows(part: list[Site], how: StructureRules) -> Iterable[tuple[int, str]]:
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

    before: Site | None
    site: Site
    after: Site | None
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


def columns_of(
    chains: list[list[Site]], how: StructureRules
) -> tuple[dict[str, Any], int, list[str]]:
    """Return the columns of all residues, the number of chain breaks, and findings.

    Parameters
    ----------
    chains : list of list of Site
    how : StructureRules
    """
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
    return columns, int(breaks.sum()), [first_few(odd)] if odd else []


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


def first_few(items: Sequence[str]) -> str:
    """Write the first few of a list.

    Parameters
    ----------
    items : sequence of str
    """
    more = f" and {len(items) - _SHOWN:,} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more
