"""What a chain is (blank and repeated names, restarts, ends), and which atoms are bonded."""

from __future__ import annotations

import numpy as np
import pytest

from overlap.io.structures import read_structures

from .peptides import atoms_of, backbone, cif_text, pdb_text

NAMES = ["ALA", "SER", "LEU", "TYR", "TRP", "GLN", "LYS", "ASP", "GLU", "ARG", "HIS", "THR"]


def peptide(count, *, shift=0.0, names=NAMES, **options):
    """Atoms of a chain of its own shape, `shift` Ångström away."""
    at = np.arange(count)
    places = backbone(-60.0 - 3.0 * at - shift % 7, 130.0 + 2.0 * at, np.full(count, 180.0))
    return atoms_of(places + shift, names[:count], **options)


def lines(*chains):
    """Lines of atoms of each chain, numbered on."""
    return [
        [line for line in pdb_text(atoms).splitlines() if line.startswith("ATOM")]
        for atoms in chains
    ]


def read(tmp_path, text, name="a.pdb", **rules):
    path = tmp_path / name
    path.write_text(text if isinstance(text, str) else "\n".join([*text, ""]))
    return read_structures(path, **rules)


def angles(table):
    rows = table.counted
    return np.stack([table.phi[rows], table.psi[rows]], axis=1)


@pytest.mark.parametrize("chain", [" ", "A"])
@pytest.mark.parametrize("between", [["TER"], [], ["TER", "TER"]])
@pytest.mark.parametrize(
    ("first", "second"), [((6, 1), (6, 1)), ((7, 3), (7, 1)), ((7, 1), (7, 3)), ((7, 1), (3, 3))]
)
def test_chains_of_one_name(tmp_path, chain, between, first, second):
    parts = [
        peptide(count, chain=chain, first=at, shift=30.0 * k)
        for k, (count, at) in enumerate((first, second))
    ]
    one, two = lines(*parts)
    table = read(tmp_path, [*one, *between, *two, "END"])
    name = chain.strip()
    assert table.chain.tolist() == [name] * first[0] + [f"{name}#2"] * second[0]
    numbers = [*range(first[1], sum(first)), *range(second[1], sum(second))]
    assert table.seqid.tolist() == numbers
    assert table.counted.sum() == first[0] + second[0] - 4
    assert table.left_out_counts() == {"end of chain": 4}
    assert table.settings["counts"]["chains"] == 2
    assert table.settings["counts"]["chain_breaks"] == 0
    assert any(f"several chains of one name: the further ones are called {name}#2" in note
               for note in table.findings)  # fmt: skip
    # each as if it were alone in a file
    alone = [angles(read(tmp_path, part, "b.pdb")) for part in (one, two)]
    np.testing.assert_array_equal(angles(table), np.concatenate(alone))
    assert len(table.groups("chain")[1]) == 2


def test_the_same_in_mmcif(tmp_path):
    text = cif_text(peptide(6, chain="A") + peptide(6, chain="A", shift=30.0))
    table = read(tmp_path, text, "a.cif")
    assert table.chain.tolist() == ["A"] * 6 + ["A#2"] * 6
    assert table.counted.sum() == 8


def test_three_chains_and_a_name_that_is_taken(tmp_path):
    text = cif_text(
        [atom for k in range(3) for atom in peptide(4, chain="A", shift=30.0 * k)]
        + peptide(4, chain='"A#2"', shift=200.0)
    )
    table = read(tmp_path, text, "a.cif")
    assert list(dict.fromkeys(table.chain)) == ["A", "A#3", "A#4", "A#2"]
    assert len(table) == 16


def test_a_chain_whose_numbers_go_down_is_one_where_it_is_bonded(tmp_path):
    atoms = peptide(8, chain="A")
    for atom in atoms:
        atom["seqid"] = {1: 11, 2: 12, 3: 13, 4: 1001, 5: 1002, 6: 4, 7: 5, 8: 6}[atom["seqid"]]
    table = read(tmp_path, pdb_text(atoms))
    assert set(table.chain) == {"A"}
    assert table.counted.sum() == 6


def test_an_insertion_before_its_number(tmp_path):
    atoms = peptide(5, chain="A")
    for atom in atoms:  # 219, 220, 221A, 221, 222 as in the entry 2PLX
        atom["seqid"], atom["icode"] = {
            1: (219, ""), 2: (220, ""), 3: (221, "A"), 4: (221, ""), 5: (222, ""),
        }[atom["seqid"]]  # fmt: skip
    for table in (read(tmp_path, pdb_text(atoms)), read(tmp_path, cif_text(atoms), "a.cif")):
        assert table.icode.tolist() == ["", "", "A", "", ""]
        assert table.counted.tolist() == [False, True, True, True, False]


def test_ter_ends_a_chain_and_ligands_and_water_are_none(tmp_path):
    (one,) = lines(peptide(4, chain="A"))
    (ligand,) = lines(peptide(1, chain="A", first=301, names=["GLU"], shift=3.0))
    (water,) = lines([{**peptide(1, chain="A", first=2)[0], "name": "O", "resname": "HOH"}])
    table = read(tmp_path, [*one, "TER", *ligand, *water])
    assert table.chain.tolist() == ["A"] * 5
    assert table.left_out.tolist() == ["end of chain", "", "", "end of chain", "end of chain"]
    assert table.settings["counts"]["chains"] == 1
    assert table.settings["counts"]["chain_breaks"] == 0
    # in mmCIF a ligand has a label of its own, and the name of the chain
    rows = cif_text(
        peptide(4, chain="A") + peptide(1, chain="A", first=301, names=["GLU"], shift=3.0)
    )
    rows = rows.replace(" GLU A 301 ? ", " GLU B . ? ")
    table = read(tmp_path, rows, "a.cif")
    assert table.seqid.tolist() == [1, 2, 3, 4, 301]
    assert table.left_out.tolist() == ["end of chain", "", "", "end of chain", "end of chain"]


def test_ligands_before_the_chains_of_their_name(tmp_path):
    parts = lines(
        peptide(1, chain="A", first=301, names=["GLU"], shift=3.0),
        peptide(4, chain="A"),
        peptide(4, chain="A", first=11, shift=30.0),
        peptide(1, chain="A", first=301, names=["GLY"], shift=5.0),
    )
    table = read(tmp_path, [row for part in parts for row in (*part, "TER")])
    assert table.chain.tolist() == ["A"] * 5 + ["A#2"] * 4 + ["A#3"]


def test_segments_tell_chains_without_names_apart(tmp_path):
    one, two = lines(peptide(5, chain=" "), peptide(5, chain=" ", shift=30.0, first=6))
    rows = [f"{line[:72]:<72}PROA{line[76:]}" for line in one]
    rows += [f"{line[:72]:<72}PROB{line[76:]}" for line in two]
    table = read(tmp_path, rows)
    assert table.chain.tolist() == ["PROA"] * 5 + ["PROB"] * 5
    assert table.left_out_counts() == {"end of chain": 4}


def test_atoms_behind_end(tmp_path):
    one, two = lines(peptide(5, chain="A"), peptide(5, chain="A", shift=30.0))
    table = read(tmp_path, [*one, "END", *two, "END"])
    assert (len(table), table.settings["counts"]["models_left_out"]) == (5, 1)
    assert "1 further model not read (models)" in table.notes
    assert any("has atoms behind END: they are read as further models" in x for x in table.findings)
    both = read(tmp_path, [*one, "END", *two, "END"], models="all")
    assert both.model.tolist() == [1] * 5 + [2] * 5
    assert both.chain.tolist() == ["A"] * 10


def test_several_blocks_with_atoms(tmp_path):
    text = cif_text(peptide(5, chain="A"))
    table = read(tmp_path, text + text.replace("data_made", "data_more"), "a.cif")
    assert len(table) == 5
    assert any("2 data blocks with atoms, of which only the first is read: made" in note
               for note in table.findings)  # fmt: skip


def test_coordinates_of_mmcif_that_are_no_numbers(tmp_path):
    text = cif_text(peptide(3, chain="A"))
    place = f" {peptide(3, chain='A')[3]['place'][1]:.6f} "
    assert text.count(place) == 1
    with pytest.raises(ValueError, match=r"a.cif: Cartn_y of atom 4 is 'abc'; wanted a number"):
        read(tmp_path, text.replace(place, " abc "), "a.cif")
    table = read(tmp_path, text.replace(place, " ? "), "a.cif")
    assert table.left_out[1] == "missing atoms"


# --------------------------------------------------------------------------------------- bonds


def moved(atoms, seqid, name, by):
    return [
        {**atom, "place": atom["place"] + by} if (atom["seqid"], atom["name"]) == (seqid, name)
        else atom
        for atom in atoms
    ]  # fmt: skip


FAR = np.array([40.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("atom", "wanted"),
    [
        ("CA", {4: "N-CA bond too long"}),
        ("C", {4: "CA-C bond too long", 5: "chain break"}),
        ("N", {4: "N-CA bond too long", 3: "chain break"}),
    ],
)
def test_an_atom_on_the_other_side_of_a_box(tmp_path, atom, wanted):
    table = read(tmp_path, pdb_text(moved(peptide(7, chain="A"), 4, atom, FAR)))
    reasons = {int(at): why for at, why in zip(table.seqid, table.left_out, strict=True) if why}
    assert reasons == {1: "end of chain", 7: "end of chain"} | wanted
    bond = wanted[4].removesuffix(" bond too long")
    (note,) = [note for note in table.findings if "Å" in note]
    assert f"{bond} of A 4 TYR is " in note
    length = float(note.split(" is ")[1].split()[0])
    assert 38.0 < length < 42.0
    # an angle whose bonds are all there is there, and no other
    assert np.isnan(table.phi[3])
    assert np.isnan(table.psi[3])
    assert np.isnan(table.omega[3]) == (atom != "C")
    assert np.isnan(table.omega[4]) == (atom != "N")
    assert np.isnan(table.phi[4]) == (atom == "C")


def test_atoms_that_lie_on_each_other(tmp_path):
    atoms = peptide(7, chain="A")
    place = {(atom["seqid"], atom["name"]): atom["place"] for atom in atoms}
    for one, other, at in (
        ((4, "CA"), (4, "N"), [4]), ((4, "C"), (4, "CA"), [4]), ((4, "N"), (3, "C"), [3, 4]),
    ):  # fmt: skip
        changed = moved(atoms, *one, place[other] - place[one])
        table = read(tmp_path, pdb_text(changed), bond_limit=3.0)
        assert table.seqid[table.left_out == "overlapping atoms"].tolist() == at
        assert any(" is 0.00 Å" in note for note in table.findings)
    zeros = [{**atom, "place": np.zeros(3)} if 2 < atom["seqid"] < 5 else atom for atom in atoms]
    table = read(tmp_path, pdb_text(zeros))
    assert table.left_out.tolist()[2:4] == ["overlapping atoms"] * 2


def test_an_atom_that_is_there_twice(tmp_path):
    (rows,) = lines(peptide(5, chain="A"))
    table = read(tmp_path, [*rows[:7], rows[7], *rows[7:]])
    assert table.left_out.tolist() == ["end of chain", "", "an atom twice", "", "end of chain"]
    assert any("A 3 LEU has an atom twice" in note for note in table.findings)


def test_names_that_are_no_usual_amino_acids_are_counted(tmp_path):
    atoms = peptide(6, chain="A", names=["ALA", "HYP", "ZZZ", "MSE", "HYP", "ALA"])
    table = read(tmp_path, pdb_text(atoms))
    assert table.category.tolist() == ["general"] * 6
    assert table.findings == (
        "3 residues with other names than the usual ones count as general: HYP 2, ZZZ 1",
    )


@pytest.mark.reference
def test_atoms_of_real_files_are_all_read(reference_data):
    """Chains, and residues with all of N, CA and C, counted from the lines of PDB files."""
    import gzip

    for name in ("biopython_1A8O.pdb.gz", "biopython_2BEG.pdb.gz", "gemmi_1orc.pdb"):
        path = reference_data / "rama/structures" / name
        data = path.read_bytes()
        text = (gzip.decompress(data) if name.endswith(".gz") else data).decode()
        whole: dict[tuple[str, str], set[str]] = {}
        for line in text.splitlines():
            if line.startswith("ENDMDL"):
                break
            if line.startswith(("ATOM", "HETATM")) and line[12:16].strip() in ("N", "CA", "C"):
                whole.setdefault((line[21], line[22:27]), set()).add(line[12:16].strip())
        table = read_structures(path)
        assert len(table) == sum(len(names) == 3 for names in whole.values())
        assert table.settings["counts"]["chains"] == len({chain for chain, _ in whole})


# --------------------------------------------------------------------------- files that repeat


def test_one_structure_in_two_formats_counts_once(tmp_path):
    atoms = peptide(7, chain="A")
    (tmp_path / "1abc.cif").write_text(cif_text(atoms))
    (tmp_path / "pdb1abc.ent").write_text(pdb_text(atoms))
    (tmp_path / "1ABC.pdb").write_text(pdb_text(atoms))
    (tmp_path / "2xyz.pdb").write_text(pdb_text(peptide(7, chain="A", shift=3.0)))
    table = read_structures(tmp_path)
    assert set(table.structure) == {"1abc", "2xyz"}
    assert len(table) == 14
    assert table.settings["counts"] == {
        "files": 2, "models": 2, "models_left_out": 0, "chains": 2, "chain_breaks": 0,
        "files_left_out": 2,
    }  # fmt: skip
    assert [note.replace(f"{tmp_path}/", "") for note in table.findings] == [
        "1ABC.pdb has the same residues and angles as 1abc.cif: it is left out",
        "pdb1abc.ent has the same residues and angles as 1abc.cif: it is left out",
    ]
    assert [name for name, _ in table.sources] == [
        str(tmp_path / "1abc.cif"), str(tmp_path / "2xyz.pdb"),
    ]  # fmt: skip


def test_files_that_are_alike_in_part_count_and_are_named(tmp_path):
    (tmp_path / "a.pdb").write_text(pdb_text(peptide(7, chain="A")))
    (tmp_path / "b.pdb").write_text(pdb_text(peptide(7, chain="A")))
    table = read_structures(tmp_path)
    assert len(table) == 14
    assert any("b.pdb has the same angles as" in note for note in table.findings)
    (tmp_path / "b.pdb").unlink()
    (tmp_path / "a.cif").write_text(cif_text(peptide(7, chain="A", shift=3.0)))
    table = read_structures(tmp_path)
    assert len(table) == 14
    assert any("have one name, and differ: both count" in note for note in table.findings)


# ------------------------------------------------------------------------ the order of a file


def test_a_chain_goes_on_behind_another_one(tmp_path):
    whole, other = lines(peptide(8, chain="A"), peptide(5, chain="B", shift=30.0))
    alone = read(tmp_path, whole)
    table = read(tmp_path, [*whole[:12], *other, *whole[12:]], "b.pdb")
    assert table.chain.tolist() == ["A"] * 8 + ["B"] * 5
    np.testing.assert_array_equal(table.phi[:8], alone.phi)
    assert table.left_out_counts() == {"end of chain": 4}
    # behind TER it is another part, though its numbers go on
    ended = read(tmp_path, [*whole[:12], "TER", *other, *whole[12:]], "b.pdb")
    assert ended.left_out_counts() == {"end of chain": 6}
    assert list(dict.fromkeys(ended.chain)) == ["A", "B", "A#2"]


def test_chains_that_take_turns_atom_by_atom(tmp_path):
    one, two = peptide(5, chain="A"), peptide(5, chain="B", shift=30.0)
    turns = [atom for pair in zip(one, two, strict=True) for atom in pair]
    for name, text in (("a.pdb", pdb_text), ("a.cif", cif_text)):
        table = read(tmp_path, text(turns), name)
        wanted = read(tmp_path, text(one + two), f"b{name}")
        assert table.chain.tolist() == wanted.chain.tolist()
        np.testing.assert_array_equal(table.phi, wanted.phi)


def test_one_number_for_all_residues(tmp_path):
    (rows,) = lines(peptide(6, chain="A"))
    table = read(tmp_path, [f"{row[:22]}   1{row[26:]}" for row in rows])
    assert table.resname.tolist() == NAMES[:6]
    assert table.counted.sum() == 4


def test_water_whose_numbers_begin_anew_is_no_chain(tmp_path):
    (rows,) = lines(peptide(6, chain=" "))
    numbers = [9998, 9999, *range(8)]
    water = [
        f"HETATM{k + 100:5d}  O   HOH  {number:4d}    {60.0 + 3.0 * k:8.3f}{0:8.3f}{0:8.3f}"
        "  1.00 10.00           O"
        for k, number in enumerate(numbers)
    ]
    table = read(tmp_path, [*rows, *water])
    assert table.chain.tolist() == [""] * 6
    assert table.settings["counts"]["chains"] == 1
    np.testing.assert_array_equal(table.phi, read(tmp_path, rows, "b.pdb").phi)


def test_a_reader_that_loses_atoms_is_found_out(tmp_path, monkeypatch):
    import gemmi

    whole = gemmi.read_pdb_string

    def lossy(text, **options):
        structure = whole(text, **options)
        del structure[0][0][2]
        return structure

    monkeypatch.setattr(gemmi, "read_pdb_string", lossy)
    with pytest.raises(ValueError, match=r"a.pdb: has 15 atoms, of which 12 could be read; look"):
        read(tmp_path, pdb_text(peptide(5, chain="A")))


def test_b_factors_of_predictions(tmp_path):
    rows = pdb_text(peptide(6, chain="A")).replace("MADE FOR TESTS", "ALPHAFOLD MODEL")
    assert read(tmp_path, rows).findings == ()
    (finding,) = read(tmp_path, rows, max_b_factor=30).findings
    assert "B factors are pLDDT as a rule: high is good" in finding
