"""Protein structures: angles, chain breaks, conformers, models, filters, damaged files."""

from __future__ import annotations

import gzip
import json
import sys

import numpy as np
import pytest

from overlap.io import sample_path
from overlap.io._dihedrals import dihedrals, wrapped_degrees
from overlap.io.residue_categories import ALLOWED_CUTOFFS, CATEGORIES, as_category, category_of
from overlap.io.residues import ResidueTable
from overlap.io.structures import read_structures

from .peptides import atoms_of, backbone, cif_text, pdb_text

NAMES = ["ALA", "GLY", "VAL", "PRO", "PRO", "SER", "ILE", "MSE"]
PHI = np.array([0.0, -63.0, -120.5, -70.0, -75.0, 57.0, -179.5, 0.0])
PSI = np.array([130.0, -42.0, 140.0, 150.25, -30.0, 45.0, 179.9, 0.0])
OMEGA = np.array([0.0, 180.0, -175.0, 2.0, 178.0, 170.0, -179.0, 180.0])


@pytest.fixture
def places():
    return backbone(PHI, PSI, OMEGA)


def apart(a, b):
    return np.abs((np.asarray(a) - np.asarray(b) + 180.0) % 360.0 - 180.0)


def write(path, text):
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["made.pdb", "made.ent.gz", "made.cif", "made.mmcif.gz", "made"])
def test_built_angles_come_back(tmp_path, places, name):
    atoms = atoms_of(places, NAMES)
    is_cif = "cif" in name or name == "made"
    table = read_structures(write(tmp_path / name, (cif_text if is_cif else pdb_text)(atoms)))
    near = 1e-3 if is_cif else 0.1  # three digits of an Ångström
    assert apart(table.phi[1:], PHI[1:]).max() < near
    assert apart(table.psi[:-1], PSI[:-1]).max() < near
    assert apart(table.omega[1:], OMEGA[1:]).max() < near
    assert np.isnan([table.phi[0], table.psi[-1], table.omega[0]]).all()
    assert table.category.tolist() == [
        "general", "glycine", "prepro", "cispro", "transpro", "general", "ileval", "general",
    ]  # fmt: skip
    assert table.left_out.tolist() == ["end of chain", *[""] * 6, "end of chain"]
    assert table.structure[0] == "made"
    assert (table.chain == "A").all()
    assert table.seqid.tolist() == list(range(1, 9))
    assert table.notes == ("2 of 8 residues do not count: 2 end of chain",)
    small = atoms_of(places, [residue.lower() for residue in NAMES])
    again = read_structures(write(tmp_path / name, (cif_text if is_cif else pdb_text)(small)))
    assert again.category.tolist() == table.category.tolist()


def test_omega_decides_cis_and_a_twisted_one_by_the_limit(tmp_path):
    omega = np.array([0.0, 60.0, 20.0, -100.0, 180.0])
    places = backbone(np.full(5, -70.0), np.full(5, 140.0), omega)
    path = write(tmp_path / "a.cif", cif_text(atoms_of(places, ["ALA"] + ["PRO"] * 4)))
    assert read_structures(path).category[1:].tolist() == [
        "cispro", "cispro", "transpro", "transpro",
    ]  # fmt: skip
    assert read_structures(path, cis_limit=30).category[1:].tolist() == [
        "transpro", "cispro", "transpro", "transpro",
    ]  # fmt: skip


def test_a_chain_break_and_a_missing_atom_leave_out_their_neighbors(tmp_path, places):
    moved = places.copy()
    moved[4:] += [5.0, 0.0, 0.0]
    atoms = atoms_of(moved, NAMES)
    path = write(tmp_path / "broken.pdb", pdb_text(atoms))
    table = read_structures(path)
    assert table.left_out.tolist()[2:6] == ["", "chain break", "chain break", ""]
    assert table.settings["counts"]["chain_breaks"] == 1
    assert "1 chain break" in table.notes
    assert np.isnan([table.psi[3], table.phi[4], table.omega[4]]).all()
    assert table.category[4] == ""  # a proline without omega is neither cis nor trans
    assert read_structures(path, bond_limit=10.0).counted.sum() == 6
    lacking = [a for a in atoms_of(places, NAMES) if (a["seqid"], a["name"]) != (6, "C")]
    table = read_structures(write(tmp_path / "lacking.pdb", pdb_text(lacking)))
    assert table.left_out.tolist()[4:7] == ["", "missing atoms", "missing atoms of a neighbor"]
    assert table.settings["counts"]["chain_breaks"] == 0


def test_numbers_and_chains(tmp_path, places):
    atoms = atoms_of(places[:4], NAMES[:4]) + atoms_of(places[4:], NAMES[4:], chain="B", first=50)
    atoms[3]["seqid"] = atoms[4]["seqid"] = atoms[5]["seqid"] = 1
    for atom in atoms[3:6]:
        atom["icode"] = "A"
    table = read_structures(write(tmp_path / "a.pdb", pdb_text(atoms)))
    # another residue at place 1A, and a jump of numbers, are no end; another chain is one
    end = "end of chain"
    assert table.left_out.tolist() == [end, "", "", end, end, "", "", end]
    assert table.icode.tolist()[:2] == ["", "A"]
    assert table.groups("chain")[1] == ("a A", "a B")
    assert table.groups("structure")[0].tolist() == [0] * 8


def test_conformers(tmp_path, places):
    atoms = atoms_of(places, NAMES)
    split = []
    for atom in atoms:
        if atom["seqid"] == 3 and atom["name"] == "CA":
            split.append({**atom, "altloc": "A", "occupancy": 0.3})
            split.append(
                {**atom, "altloc": "B", "occupancy": 0.7, "place": atom["place"] + [0.2, 0.1, 0.0]}
            )
        else:
            split.append(atom)
    path = write(tmp_path / "split.cif", cif_text(split))
    first, highest = (read_structures(path, conformer=name) for name in ("first", "highest"))
    assert apart(first.phi[1:], PHI[1:]).max() < 1e-3
    assert (first.altloc[2], highest.altloc[2]) == ("A", "B")
    assert apart(highest.phi[2], PHI[2]) > 1.0
    assert apart(highest.phi[5], PHI[5]) < 1e-3
    assert read_structures(path, min_occupancy=0.5).left_out[2] == "occupancy"
    assert read_structures(path, min_occupancy=0.5, conformer="highest").left_out[2] == ""
    # two residues at one place: serine in 40 % of the molecules, threonine in the others
    mixed = atoms_of(places, NAMES)
    rows = [{**a, "altloc": "A", "occupancy": 0.4} for a in mixed if a["seqid"] == 6]
    rows += [{**a, "altloc": "B", "occupancy": 0.6, "resname": "THR"} for a in rows]
    mixed = [a for a in mixed if a["seqid"] < 6] + rows + [a for a in mixed if a["seqid"] > 6]
    path = write(tmp_path / "mixed.pdb", pdb_text(mixed))
    assert read_structures(path).resname[5] == "SER"
    assert read_structures(path, conformer="highest").resname[5] == "THR"
    assert len(read_structures(path)) == 8


def test_models(tmp_path, places):
    second = backbone(PHI - 10.0, PSI, OMEGA)
    atoms = atoms_of(places, NAMES)
    atoms += [{**atom, "model": 5} for atom in atoms_of(second, NAMES)]
    path = write(tmp_path / "nmr.pdb", pdb_text(atoms))
    assert len(read_structures(path)) == 8
    both = read_structures(path, models="all")
    assert both.model.tolist() == [1] * 8 + [5] * 8
    assert both.left_out.tolist()[7:9] == ["end of chain"] * 2
    assert both.groups("chain")[1] == ("nmr A",)
    assert "2 models of 1 file: their residues are not independent" in both.notes
    assert apart(read_structures(path, models=5).phi[1:7], PHI[1:7] - 10.0).max() < 0.1
    with pytest.raises(ValueError, match=r"nmr.pdb: has no model 2; there are 1, 5"):
        read_structures(path, models=2)


def test_filters(tmp_path, places):
    atoms = atoms_of(places, NAMES)
    for atom in atoms:
        if atom["seqid"] == 3 and atom["name"] == "C":
            atom["b_factor"] = 45.0
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / "sharp.pdb", pdb_text(atoms, resolution=1.5))
    write(folder / "coarse.pdb.gz", pdb_text(atoms, resolution=3.2))
    write(folder / "unknown.pdb", pdb_text(atoms))
    (folder / "notes.txt").write_text("no structure")
    table = read_structures(folder, max_resolution=2.0, max_b_factor=30)
    assert set(table.structure) == {"sharp"}
    assert table.left_out[2] == "B factor"
    assert table.settings["counts"]["files_left_out"] == 2
    assert any("2 files left out (first:" in note for note in table.notes)
    assert any(
        "1 other file in the folder, no structures (first: notes.txt)" in note
        for note in table.notes
    )
    with pytest.raises(ValueError, match=r"coarse.pdb.gz: has a resolution of 3.2 Å"):
        read_structures(folder / "coarse.pdb.gz", max_resolution=2.0)


def test_files_folders_patterns_and_lists(tmp_path, places):
    for number in (10, 2, 1):
        write(tmp_path / f"m{number}.pdb", pdb_text(atoms_of(places, NAMES)))
    write(tmp_path / "bad.cif", "data_x\nloop_\n_a.b\n_a.c\n1 2 3\n")
    by_folder = read_structures(tmp_path)
    assert list(dict.fromkeys(by_folder.structure)) == ["m1", "m2", "m10"]
    assert [failure.source for failure in by_folder.failures] == [str(tmp_path / "bad.cif")]
    assert by_folder.failures[0].reason.startswith("is no readable mmCIF file (line 2")
    by_glob = read_structures(str(tmp_path / "m1*.pdb"))
    assert list(dict.fromkeys(by_glob.structure)) == ["m1", "m10"]
    by_list = read_structures([tmp_path / "m2.pdb", str(tmp_path / "m1.pdb"), tmp_path / "m2.pdb"])
    assert list(dict.fromkeys(by_list.structure)) == ["m2", "m1"]
    assert by_list.to_frame()["file"].iloc[-1] == str(tmp_path / "m1.pdb")
    assert by_list.taken(by_list.source == 1).structure.tolist() == ["m1"] * 8


def test_what_is_no_protein(tmp_path, places):
    atoms = atoms_of(places, NAMES)
    # a calcium ion has an atom named CA; a ligand with names of its own; a D-amino acid
    ion = {**atoms[1], "resname": "CA", "seqid": 99, "chain": "C"}
    odd = [{**atom, "resname": "ZZZ"} if atom["seqid"] == 6 else atom for atom in atoms]
    odd = [{**atom, "resname": "DVA"} if atom["seqid"] == 3 else atom for atom in odd]
    table = read_structures(write(tmp_path / "a.pdb", pdb_text([*odd, ion])))
    assert len(table) == 8
    assert (table.resname[5], table.category[5], table.left_out[5]) == ("ZZZ", "general", "")
    assert (table.resname[2], table.left_out[2]) == ("DVA", "D-amino acid")
    assert table.category[1] == "glycine"
    with pytest.raises(ValueError, match=r"ion.pdb: has no protein residues \(among 1 residue\)"):
        read_structures(write(tmp_path / "ion.pdb", pdb_text([ion])))


def refused(path, content, message):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_structures(path)
    assert "\n" not in str(caught.value)


def test_damaged_files(tmp_path, places):
    text = pdb_text(atoms_of(places, NAMES)).encode()
    refused(tmp_path / "cut.pdb.gz", gzip.compress(text)[:-20], "truncated gzip")
    refused(tmp_path / "empty.cif", b"", "the file is empty")
    refused(tmp_path / "junk.cif", b"junk", r"no readable mmCIF file \(line 1")
    refused(tmp_path / "cell.cif", b"data_x\n_cell.length_a 1\n", "has no atoms")
    refused(tmp_path / "none.pdb", b"HEADER    NOTHING\n", "has no atoms")
    refused(tmp_path / "what.dat", b"a,b\n1,2\n", "is neither a PDB nor an mmCIF file")
    broken = text.replace(text[text.index(b"ATOM") + 30 : text.index(b"ATOM") + 38], b"  xx.xxx")
    refused(tmp_path / "odd.pdb", broken, r"odd.pdb, line 2: '  xx.xxx.*columns 31 to 54")
    refused(tmp_path / "pdb.cif", text, "its content is PDB; rename it to end in .pdb")
    refused(tmp_path / "cif.pdb", b"data_x\n#\n", "its content is mmCIF; rename it to end in .cif")
    short = b"ATOM      1  N   ALA A   1      1.0   2.0\n"
    refused(tmp_path / "short.pdb", short, "line 1: .* are no coordinates")
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_structures(tmp_path / "absent.pdb")
    with pytest.raises(FileNotFoundError, match="no file matches"):
        read_structures(str(tmp_path / "z*.pdb"))
    empty = tmp_path / "folder"
    empty.mkdir()
    with pytest.raises(ValueError, match=r"has no structures \(.pdb, .ent, .cif, .mmcif\)"):
        read_structures(empty)
    with pytest.raises(ValueError, match="the list is empty"):
        read_structures([])
    with pytest.raises(TypeError, match="got int; wanted a path"):
        read_structures(3)
    for name in ("a.pdb", "b.pdb"):
        (empty / name).write_bytes(b"HEADER\n")
    with pytest.raises(ValueError, match=r"none of the 2 files could be used; the first: .*a\.pdb"):
        read_structures(empty)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"models": "last"}, "models = 'last'"),
        ({"models": True}, "models = True"),
        ({"conformer": "best"}, "conformer = 'best'"),
        ({"cis_limit": 0}, "cis_limit = 0"),
        ({"bond_limit": -1.0}, "bond_limit = -1.0"),
        ({"min_occupancy": float("nan")}, "min_occupancy = nan"),
        ({"min_occupancy": 50}, "min_occupancy = 50; wanted a share, such as 0.5"),
    ],
)
def test_bad_rules(tmp_path, rules, message):
    with pytest.raises(ValueError, match=message):
        read_structures(tmp_path, **rules)


def test_gemmi_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gemmi", None)
    with pytest.raises(ImportError, match=r"pip install 'overlap-metrics\[protein\]'"):
        read_structures(tmp_path / "a.pdb")


def test_dihedrals_that_are_undefined():
    line = np.array([[[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [2, 1, 0]]])
    assert np.isnan(dihedrals(line)).all()
    assert np.isnan(dihedrals(np.full((1, 4, 3), np.nan))).all()
    angles = np.array([-180.0, 179.99, 180.0, 540.0, -180.0000001, -1e-17, np.nan])
    np.testing.assert_allclose(
        wrapped_degrees(angles), [-180, 179.99, -180, -180, 179.9999999, -1e-17, np.nan]
    )
    assert wrapped_degrees(np.array([np.nextafter(-180.0, -200.0)]))[0] < 180.0


def test_categories():
    assert [category_of(name, "PRO", 180.0) for name in ("GLY", "PRO", "ILE", "ALA")] == [
        "glycine", "transpro", "prepro", "prepro",
    ]  # fmt: skip
    assert [category_of(name, "HYP") for name in ("VAL", "HYP", "ASN")] == [
        "ileval", "general", "general",
    ]  # fmt: skip
    assert category_of("PRO", omega=-89.9) == "cispro"
    assert category_of("PRO", omega=90.0) == "transpro"
    assert category_of("PRO") == ""
    names = ["Gly", "GLY", "cis-Pro", "trans Pro", "pre_proline", "Ile-Val", "General", "ALL"]
    assert [as_category(name) for name in names] == [
        "glycine", "glycine", "cispro", "transpro", "prepro", "ileval", "general", "all",
    ]  # fmt: skip
    with pytest.raises(
        ValueError, match=r"'prepo'; did you mean 'prepro'\? There are general, gly"
    ):
        as_category("prepo")
    assert set(ALLOWED_CUTOFFS) == {*CATEGORIES, "proline", "all"}


def test_groups_of_rows():
    table = ResidueTable.of_columns({"phi": [1.0, 2.0]})
    assert table.groups("residue")[1] == ("0", "1")
    assert table.groups("chain")[1] == ("all rows",)
    with pytest.raises(ValueError, match="unit = 'file' is not one of"):
        table.groups("file")


@pytest.mark.reference
def test_real_structures(reference_data):
    """Residue by residue what gemmi's own functions gave for these files."""
    known = json.loads(
        (reference_data / "rama/reference_structure_classification.json").read_text()
    )
    for name, expected in known["structures"].items():
        table = read_structures(reference_data / "rama/structures" / name, cis_limit=30)
        table = table.taken(table.counted)
        counts = {
            category: int((table.category == category).sum()) for category in table.categories
        }
        assert counts == expected["categories"], name
        if expected["residues"] is None:
            continue
        assert len(table) == len(expected["residues"])
        for row, entry in enumerate(expected["residues"]):
            names = [table.chain[row], f"{table.seqid[row]}{table.icode[row]}", table.resname[row]]
            assert [*names, table.category[row]] == entry[:4], name
            angles = [table.phi[row], table.psi[row], table.omega[row]]
            assert apart(angles, entry[4:7]).max() <= 0.0051, (name, entry)


@pytest.mark.reference
def test_an_ensemble_against_angles_of_another_program(reference_data):
    """The first model of 1L2Y as biotite has its angles (radians)."""
    path = reference_data / "rama/other/biotite_misc_dihedrals.json.gz"
    known = json.loads(gzip.decompress(path.read_bytes()))
    table = read_structures(reference_data / "rama/structures/biotite_1l2y.cif.gz")
    for name in ("phi", "psi"):
        theirs = np.degrees(np.array(known[name], dtype=float))
        assert len(theirs) == len(table)
        ours = getattr(table, name)
        assert (np.isnan(ours) == np.isnan(theirs)).all()
        assert np.nanmax(apart(ours, theirs)) < 0.005


@pytest.mark.parametrize(
    ("columns", "rules", "message"),
    [
        ("  1.00******", {"max_b_factor": 30.0}, r"line 2: B factor is '\*{6}'; wanted a number"),
        ("  1.00      ", {"max_b_factor": 30.0}, "line 2: B factor is '      '; wanted a number"),
        ("       20.00", {"min_occupancy": 0.5}, "line 2: occupancy is '      '; wanted a number"),
    ],
)
def test_a_filter_needs_numbers(tmp_path, columns, rules, message):
    """Programs write stars for numbers that do not fit; read as 0 they would pass every limit."""
    text = sample_path("peptide").read_text().replace("  1.00 20.00", columns)
    path = tmp_path / "odd.pdb"
    path.write_text(text)
    assert read_structures(path).counted.sum() == 12
    with pytest.raises(ValueError, match=rf"odd\.pdb, {message}, because {next(iter(rules))}"):
        read_structures(path, **rules)
    lines = text.splitlines()
    water = lines[1].replace(" N   MET A", " O   HOH B").replace("ATOM  ", "HETATM")
    kept = sample_path("peptide").read_text().splitlines()
    path.write_text("\n".join([*kept[:-1], water, "END"]))
    assert read_structures(path, **rules).counted.sum() == 12


def test_a_filter_needs_numbers_in_mmcif(tmp_path):
    import gemmi

    structure = gemmi.read_pdb(str(sample_path("peptide")))
    structure.setup_entities()
    text = structure.make_mmcif_document().as_string()
    path = tmp_path / "odd.cif"
    path.write_text(text.replace(" 20 ", " ? "))
    assert read_structures(path).counted.sum() == 12
    with pytest.raises(ValueError, match=r"its B factor of atom 1 is '\?'; wanted a number"):
        read_structures(path, max_b_factor=30.0)
    path.write_text(text)
    assert read_structures(path, max_b_factor=30.0, min_occupancy=0.5).counted.sum() == 12
