"""Alternate locations: one conformer along each stretch, and each of them on its own."""

from __future__ import annotations

import math

import numpy as np
import pytest

from overlap.io.residues import ResidueTable
from overlap.io.structures import read_structures

from .peptides import atoms_of, backbone, cif_text, pdb_text, place

COUNT = 9
NAMES = ["ALA", "GLY", "VAL", "PRO", "SER", "LEU", "ILE", "PRO", "THR"]


def chain(shift, omega=180.0):
    """A chain whose angles differ by a shift, in degrees."""
    at = np.arange(COUNT)
    return backbone(-80.0 + 3.0 * at + shift, 130.0 - 5.0 * at + shift, np.full(COUNT, omega))


def split_chain(labels, *, names=NAMES, apart=0.0):
    """Atoms of a chain: `labels[i]` maps the labels of residue i to their occupancies.

    Each label moves the atoms by about 0.1 Ångström, and `apart` all those of B.
    """
    places = chain(0.0)
    rng = np.random.default_rng(5)
    letters = ["", "A", "B", "C", "D"]
    moves = {label: rng.normal(0, 1, places.shape) for label in letters}
    rows = []
    for i, of in enumerate(labels):
        for atom in atoms_of(places[i : i + 1], names[i : i + 1], first=i + 1):
            k = ("N", "CA", "C").index(atom["name"])
            for label, occupancy in of.items():
                move = 0.1 * moves[label][i, k]
                move[0] += apart * (label == "B")
                rows.append(
                    {**atom, "altloc": label, "occupancy": occupancy, "place": atom["place"] + move}
                )
    return rows


def dihedral(a, b, c, d):
    """The dihedral angle of four points, by projections and one arctangent."""
    b1 = [y - x for x, y in zip(b, c, strict=True)]
    norm = math.sqrt(sum(x * x for x in b1))
    axis = [x / norm for x in b1]

    def aside(p, q):
        v = [x - y for x, y in zip(p, q, strict=True)]
        along = sum(x * y for x, y in zip(v, axis, strict=True))
        return [x - along * y for x, y in zip(v, axis, strict=True)]

    v, w = aside(a, b), aside(d, c)
    cross = [
        axis[1] * v[2] - axis[2] * v[1],
        axis[2] * v[0] - axis[0] * v[2],
        axis[0] * v[1] - axis[1] * v[0],
    ]
    x = sum(p * q for p, q in zip(v, w, strict=True))
    y = sum(p * q for p, q in zip(cross, w, strict=True))
    return math.degrees(math.atan2(y, x))


def conformers_by_hand(atoms):
    """The angles of every conformer: atoms with its label or none, as cctbx goes through them."""
    found = {}
    sites = sorted({atom["seqid"] for atom in atoms})
    labels = sorted({atom["altloc"] for atom in atoms})
    for label in labels:
        by_site = {}
        for atom in atoms:
            if atom["altloc"] in ("", label):
                key = atom["seqid"], atom["name"]
                if atom["altloc"] == label or key not in by_site:
                    by_site[key] = atom
        for at in sites:
            four = [(at - 1, "C"), (at, "N"), (at, "CA"), (at, "C"), (at + 1, "N")]
            if not all(key in by_site for key in four):
                continue
            used = [by_site[key] for key in four]
            points = [[float(f"{x:.6f}") for x in atom["place"]] for atom in used]
            name = label if any(atom["altloc"] == label != "" for atom in used) else ""
            found[at, name] = (dihedral(*points[:4]), dihedral(*points[1:]))
    return found


def write(tmp_path, atoms, name="split.cif"):
    path = tmp_path / name
    path.write_text(cif_text(atoms) if name.endswith("cif") else pdb_text(atoms))
    return path


def angles_of(table):
    """Angles of the rows that count, by number and label."""
    rows = np.flatnonzero(table.counted).tolist()
    result = {(int(table.seqid[k]), table.altloc[k]): (table.phi[k], table.psi[k]) for k in rows}
    assert len(result) == len(rows)
    return result


def same(a, b):
    return all(abs((x - y + 180.0) % 360.0 - 180.0) < 1e-6 for x, y in zip(a, b, strict=True))


ONE, TWO = {"": 1.0}, {"A": 0.4, "B": 0.6}


def random_labels(rng):
    kinds = [ONE, ONE, TWO, {"A": 0.5, "B": 0.3, "C": 0.2}, {"C": 0.5, "D": 0.5}, {"B": 1.0},
             {"": 0.7, "B": 0.3}]  # fmt: skip
    return [kinds[k] for k in rng.integers(0, len(kinds), COUNT)]


@pytest.mark.parametrize("seed", range(12))
def test_no_angle_mixes_conformers(tmp_path, seed):
    atoms = split_chain(random_labels(np.random.default_rng(seed)))
    known = conformers_by_hand(atoms)
    path = write(tmp_path, atoms)
    every = angles_of(read_structures(path, conformer="all", bond_limit=3.0))
    for key, angles in every.items():
        assert same(angles, known[key]), key
    # a residue without conformers of its own has a row for those of its neighbors, if they differ
    assert {at for at, _ in known} == {at for at, _ in every}
    labelled = {key for key in known if key[1]}
    assert labelled <= set(every)
    for how in ("first", "highest", "A", "B", "C"):
        for key, angles in angles_of(read_structures(path, conformer=how, bond_limit=3.0)).items():
            assert same(angles, known[key]), (how, key)


def test_the_likeliest_conformer_of_a_stretch_is_taken_for_all_of_it(tmp_path):
    # residue by residue the likeliest would be A, B, A
    labels = [ONE, ONE, {"A": 0.6, "B": 0.4}, {"A": 0.1, "B": 0.9}, {"A": 0.6, "B": 0.4}, ONE,
              ONE, ONE, ONE]  # fmt: skip
    atoms = split_chain(labels)
    known = conformers_by_hand(atoms)
    for how, label in (("highest", "B"), ("first", "A"), ("B", "B"), ("C", "A")):
        table = read_structures(write(tmp_path, atoms), conformer=how)
        assert table.altloc.tolist() == ["", label, label, label, label, label, "", "", ""]
        assert all(same(angles, known[key]) for key, angles in angles_of(table).items())
        assert table.counted.sum() == COUNT - 2


def test_sites_with_one_other_between_them_belong_together_and_with_two_do_not(tmp_path):
    high_a, high_b = {"A": 0.7, "B": 0.3}, {"A": 0.2, "B": 0.8}
    near = split_chain([ONE, ONE, high_a, ONE, high_b, ONE, ONE, ONE, ONE])
    table = read_structures(write(tmp_path, near), conformer="highest")
    assert table.altloc.tolist() == ["", "B", "B", "B", "B", "B", "", "", ""]
    far = split_chain([ONE, ONE, high_a, ONE, ONE, high_b, ONE, ONE, ONE])
    table = read_structures(write(tmp_path, far), conformer="highest")
    assert table.altloc.tolist() == ["", "A", "A", "A", "B", "B", "B", "", ""]


def test_neighbors_without_a_common_conformer_have_no_angle(tmp_path):
    atoms = split_chain([ONE, ONE, TWO, {"C": 0.5, "D": 0.5}, ONE, ONE, ONE, ONE, ONE])
    for how in ("first", "highest", "all"):
        table = read_structures(write(tmp_path, atoms), conformer=how)
        mixed = table.seqid[table.left_out == "neighbor in another conformer"]
        assert set(mixed.tolist()) == {3, 4}
        assert table.settings["counts"]["chain_breaks"] == 0
        assert {2, 5} <= set(table.seqid[table.counted].tolist())


def test_conformers_far_apart_are_no_chain_break_and_no_cis_bond(tmp_path):
    # all of B lies 5 Å beside A: from A to B there is no bond
    labels = [ONE, ONE, {"A": 0.6, "B": 0.4}, {"A": 0.4, "B": 0.6}, ONE, ONE, ONE, ONE, ONE]
    labels = [{"A": 0.5, "B": 0.5} if of is ONE else of for of in labels]
    atoms = split_chain(labels, apart=5.0)
    for how in ("first", "highest", "all"):
        table = read_structures(write(tmp_path, atoms), conformer=how)
        assert table.settings["counts"]["chain_breaks"] == 0
        assert set(table.left_out) == {"", "end of chain"}


@pytest.mark.parametrize(("blank", "wanted"), [(0.7, ""), (0.3, "B")])
def test_a_place_without_a_label_beside_b_is_a_conformer(tmp_path, blank, wanted):
    atoms = split_chain([ONE, ONE, ONE, {"": blank, "B": 1.0 - blank}, ONE, ONE, ONE, ONE, ONE])
    known = conformers_by_hand(atoms)
    path = write(tmp_path, atoms)
    table = read_structures(path, conformer="highest")
    assert table.altloc[3] == wanted
    assert same(angles_of(table)[4, wanted], known[4, wanted])
    assert read_structures(path).altloc[3] == ""
    assert read_structures(path, conformer="B").altloc[3] == "B"
    assert [key for key in angles_of(read_structures(path, conformer="all")) if key[0] == 4] == [
        (4, ""), (4, "B"),
    ]  # fmt: skip


def test_the_first_place_of_each_residue_is_the_first_conformer(tmp_path):
    odd = {"": 0.7, "B": 0.3}
    labels = [ONE, ONE, odd, {"A": 0.6, "B": 0.4}, odd, ONE, ONE, ONE, ONE]
    atoms = split_chain(labels)
    for how in ("first", "highest", "A"):
        table = read_structures(write(tmp_path, atoms), conformer=how)
        assert table.altloc.tolist() == ["", "", "A", "A", "A", "", "", "", ""]
    known = conformers_by_hand(atoms)
    for how in ("first", "B"):
        table = read_structures(write(tmp_path, atoms), conformer=how)
        assert all(same(angles, known[key]) for key, angles in angles_of(table).items())


def test_only_some_atoms_have_conformers(tmp_path):
    atoms = []
    for atom in split_chain([TWO if k == 4 else ONE for k in range(COUNT)]):
        if atom["seqid"] == 5 and atom["name"] != "CA":
            if atom["altloc"] == "B":
                continue
            atom = {**atom, "altloc": "", "occupancy": 1.0}
        atoms.append(atom)
    table = read_structures(write(tmp_path, atoms), conformer="all")
    # phi and psi of the neighbors use no CA of residue 5; that it is cis does, in a proline
    assert table.altloc.tolist() == ["", "", "", "", "A", "B", "", "", "", ""]
    known = conformers_by_hand(atoms)
    assert all(same(angles, known[key]) for key, angles in angles_of(table).items())


def test_two_residues_at_one_place_and_what_follows_from_their_names(tmp_path):
    atoms = split_chain([ONE, ONE, ONE, ONE, ONE, {"A": 0.3, "B": 0.7}, ONE, ONE, ONE])
    atoms = [{**a, "resname": "PRO"} if (a["seqid"], a["altloc"]) == (6, "B") else a for a in atoms]
    path = write(tmp_path, atoms)
    for how, name, category in (("first", "LEU", "general"), ("highest", "PRO", "prepro")):
        table = read_structures(path, conformer=how)
        assert (table.resname[5], table.category[4]) == (name, category)
        assert len(table) == COUNT
    table = read_structures(path, conformer="all")
    assert table.category[table.seqid == 5].tolist() == ["general", "prepro"]
    assert table.resname[table.seqid == 6].tolist() == ["LEU", "PRO"]
    # the conformers one below the other, as some programs write them
    blocks = [a for a in atoms if a["altloc"] != "B"] + [a for a in atoms if a["altloc"] == "B"]
    for name in ("blocks.cif", "blocks.pdb"):
        other = read_structures(write(tmp_path, blocks, name), conformer="all")
        assert other.resname.tolist() == table.resname.tolist()
        assert other.altloc.tolist() == table.altloc.tolist()


def test_weights_of_the_conformers_of_a_residue_sum_to_one(tmp_path):
    labels = [ONE, ONE, ONE, {"A": 0.25, "B": 0.5}, ONE, ONE, {"A": 0.0, "B": 0.0}, ONE, ONE]
    table = read_structures(write(tmp_path, split_chain(labels)), conformer="all")
    weights = {at: table.weight[(table.seqid == at) & table.counted].tolist() for at in range(2, 9)}
    assert weights[4] == weights[3] == weights[5] == pytest.approx([1 / 3, 2 / 3])
    assert weights[7] == weights[8] == weights[6] == [0.5, 0.5]
    assert weights[2] == [1.0]
    kept = table.taken(table.counted)
    index, names = kept.groups("residue")
    assert len(names) == COUNT - 2
    assert np.bincount(index, kept.weight).tolist() == pytest.approx([1.0] * (COUNT - 2))
    assert np.diff(index).min() >= 0


def test_a_conformer_that_is_not_there(tmp_path):
    path = write(tmp_path, split_chain([TWO] * COUNT))
    table = read_structures(path, conformer="Q")
    assert set(table.altloc) == {"A"}
    assert f"{path} has no conformer Q: the first one is taken" in table.findings
    with pytest.raises(
        ValueError, match="conformer = 'best'; wanted 'first', 'highest', 'all', or"
    ):
        read_structures(path, conformer="best")


def test_rows_of_other_tables_are_residues_of_their_own():
    table = ResidueTable.of_columns({"phi": [1.0, 2.0]}, settings={"conformer": "all"})
    assert table.groups("residue")[0].tolist() == [0, 1]


def test_a_proline_that_is_cis_in_one_conformer(tmp_path):
    atoms = []
    for label, omega in (("A", 180.0), ("B", 0.0)):
        places = backbone(np.full(5, -70.0), np.full(5, 140.0), [0, 180, omega, 180, 180])
        rows = atoms_of(places, ["ALA", "SER", "PRO", "LEU", "THR"], altloc=label, occupancy=0.5)
        atoms += rows
    atoms.sort(key=lambda atom: atom["seqid"])
    table = read_structures(write(tmp_path, atoms), conformer="all")
    assert table.category[table.seqid == 3].tolist() == ["transpro", "cispro"]
    for how, category in (("first", "transpro"), ("B", "cispro")):
        assert read_structures(write(tmp_path, atoms), conformer=how).category[2] == category


def test_a_proline_that_is_cis_by_a_conformer_of_the_residue_before(tmp_path):
    places = backbone(np.full(5, -70.0), np.full(5, 140.0), np.full(5, 180.0))
    atoms = atoms_of(places, ["ALA", "SER", "PRO", "LEU", "THR"])
    alpha = next(a for a in atoms if (a["seqid"], a["name"]) == (2, "CA"))
    turned = place(places[2, 1], places[2, 0], places[1, 2], 1.525, 116.2, 0.0)
    at = atoms.index(alpha)
    atoms[at : at + 1] = [
        {**alpha, "altloc": "A", "occupancy": 0.5},
        {**alpha, "altloc": "B", "occupancy": 0.5, "place": turned},
    ]
    table = read_structures(write(tmp_path, atoms), conformer="all", bond_limit=3.5)
    mine = table.seqid == 3
    assert table.category[mine].tolist() == ["transpro", "cispro"]
    assert table.altloc[mine].tolist() == ["A", "B"]
    assert len(set(table.phi[mine])) == 1
