"""Tables of backbone angles: units, marks for no angle, categories, weights, bad input."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from overlap.io._source import read_source
from overlap.io.angles import is_angle_table, read_angles
from overlap.io.residue_categories import D_AMINO_ACIDS


def table_of(tmp_path, text, **options):
    path = tmp_path / "angles.csv"
    path.write_text(text)
    return read_angles(path, **options)


def test_a_plain_table(tmp_path):
    table = table_of(tmp_path, "phi,psi\n-63.5,-42\n\n57,45.25\n")
    assert table.phi.tolist() == [-63.5, 57.0]
    assert table.psi.tolist() == [-42.0, 45.25]
    assert np.isnan(table.omega).all()
    assert table.categories == ("all",)
    assert table.notes == ()
    assert table.settings["unit"] == "degrees"
    assert len(table.sources[0][1]) == 64


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_all_columns(tmp_path, delimiter):
    rows = [
        ["PDB ID", "Chain", "seq_id", "Residue-Name", "Next Resname", "Phi", "PSI", "omega",
         "weight", "model", "comment"],
        ["1abc", "A", "10", "gly", "PRO", "80", "10", "180", "1", "1", "x"],
        ["1abc", "A", "11B", "PRO", "ALA", "-70", "150", "5", "2.5", "1", "y"],
        ["2xyz", "B", "-3", "PRO", "ALA", "-70", "150", "179", "1", "2", ""],
        ["2xyz", "B", "4", "VAL", "PRO", "-70", "150", "", "0", "2", ""],
        ["2xyz", "B", "5", "ILE", "ALA", "-70", "150", "", "1", "2", ""],
        ["2xyz", "B", "6", "PRO", "ALA", "-70", "150", "", "1", "2", ""],
    ]  # fmt: skip
    text = "\n".join(delimiter.join(row) for row in rows)
    path = tmp_path / "angles.csv.gz"
    path.write_bytes(gzip.compress(text.encode("utf-8-sig")))
    table = read_angles(path)
    assert table.category.tolist() == ["glycine", "cispro", "transpro", "prepro", "ileval", ""]
    assert table.left_out.tolist() == ["", "", "", "weight 0", "", "proline without omega"]
    assert (table.seqid[1], table.icode[1], table.seqid[2]) == (11, "B", -3)
    assert table.model.tolist() == [1, 1, 2, 2, 2, 2]
    assert table.weight[1] == 2.5
    assert table.groups("structure")[1] == ("1abc", "2xyz")
    assert table.groups("chain")[1] == ("1abc A", "2xyz B")
    assert is_angle_table(read_source(path))


def test_radians_are_told_and_said(tmp_path):
    degrees = np.array([[-63.0, -42.0], [57.0, 45.0], [-120.0, 180.0], [-70.0, -179.9]])
    text = "phi,psi\n" + "\n".join(f"{x!r},{y!r}" for x, y in np.radians(degrees).tolist())
    table = table_of(tmp_path, text)
    np.testing.assert_allclose(table.phi, degrees[:, 0], atol=1e-12)
    np.testing.assert_allclose(table.psi % 360.0, degrees[:, 1] % 360.0, atol=1e-12)
    assert table.settings["unit"] == "radians"
    assert table.notes == ()
    assert table.findings == (
        "no angle is beyond 3.142: they are read as radians; say the unit if they are degrees",
    )
    assert table_of(tmp_path, text, unit="degrees").phi[0] == np.radians(-63.0)
    assert table_of(tmp_path, text, unit="radians").findings == ()
    # two rows can be anything
    few = table_of(tmp_path, "phi,psi\n0.5,1.5\n-2,3\n")
    assert (few.settings["unit"], few.phi[0]) == ("degrees", 0.5)
    with pytest.raises(ValueError, match="unit = 'grad' is not"):
        read_angles({"phi": [1], "psi": [2]}, unit="grad")


def test_angles_from_0_to_360_and_marks_for_no_angle(tmp_path):
    table = table_of(tmp_path, "phi,psi\n300,350\n360.0,10\n-60,360.0\n,20\nnan,NA\n180,-180\n")
    np.testing.assert_array_equal(table.phi[[0, 5]], [-60.0, -180.0])
    np.testing.assert_array_equal(table.psi[[0, 5]], [-10.0, -180.0])
    assert table.left_out.tolist() == ["", *["undefined angle"] * 4, ""]
    assert table.notes == (
        "2 angles are 360.0, the mark of mkdssp for no angle",
        "2 angles beyond 180 degrees were brought into -180 to 180",
        "4 of 6 rows do not count: 4 undefined angle",
    )


def test_categories_by_column_by_name_and_by_argument(tmp_path):
    text = "phi,psi,category,resname\n-60,-40,cis-Pro,ALA\n-60,-40,Ile/Val,GLY\n"
    assert table_of(tmp_path, text).category.tolist() == ["cispro", "ileval"]
    assert table_of(tmp_path, text, category="Gly").category.tolist() == ["cispro", "ileval"]
    assert table_of(tmp_path, "phi,psi\n1,2\n", category="Gly").category.tolist() == ["glycine"]
    by_name = read_angles({"phi": [-60, 1], "psi": [-40, 2], "aa": ["ala", "VAL"]})
    assert by_name.category.tolist() == ["general", "ileval"]
    assert "residues before proline are in the category of their own name" in by_name.notes[0]
    with pytest.raises(
        ValueError, match=r"line 3: there is no category 'prol'; .*There are general"
    ):
        table_of(tmp_path, "phi,psi,category\n1,2,gly\n1,2,prol\n")


def test_frames_and_mappings():
    frame = pd.DataFrame({"phi": [-60.0, np.nan], "psi": [130, 140], "chain": ["A", "B"]})
    table = read_angles(frame)
    assert table.left_out.tolist() == ["", "undefined angle"]
    assert table.sources == (("DataFrame", None),)
    assert table.chain.tolist() == ["A", "B"]
    assert len(read_angles({"phi": np.arange(5.0), "psi": np.arange(5.0)})) == 5
    with pytest.raises(ValueError, match="columns have different lengths"):
        read_angles({"phi": [1], "psi": [1, 2]})
    with pytest.raises(TypeError, match="got list; wanted a path"):
        read_angles([1, 2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("phi\n1\n", r"missing column for psi; the columns are 'phi'"),
        ("phi,psi,Psi\n1,2,3\n", "duplicate columns: 'psi' and 'Psi' both mean psi"),
        ("phi,psi\n", "has no rows"),
        ("phi,psi\n1\n", r"angles.csv, line 2: has 1 cells; wanted 2"),
        ("phi,psi\n1,2\nx,3\n", r"line 3: phi is 'x'; wanted a finite number"),
        ("phi,psi\n1,inf\n", "line 2: psi is inf"),
        ("phi,psi\n1,2\n\n400,3\n", r"line 4: phi is 400 degrees; wanted -180 to 180"),
        ("phi,psi\n1,-361\n", "line 2: psi is -361 degrees"),
        ("phi,psi,weight\n1,2,-1\n", r"line 2: weight is -1; wanted 0 or more"),
        ("phi,psi,weight\n1,2,\n", "line 2: weight is ''"),
        ("phi,psi,seqid\n1,2,A1\n", "line 2: seqid is 'A1'; wanted a whole number"),
        ("phi,psi,model\n1,2,1A\n", "line 2: model is '1A'; wanted a whole number"),
    ],
    ids=["column", "twice", "rows", "cells", "word", "infinite", "beyond", "below", "negative",
         "weight", "seqid", "model"],
)  # fmt: skip
def test_bad_tables(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        table_of(tmp_path, text)


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "angles.csv"
    path.write_bytes(b"phi,psi\n\xff\xfe,1\n")
    with pytest.raises(ValueError, match="is not text in UTF-8"):
        read_angles(path)


@pytest.mark.reference
def test_real_points(reference_data):
    counts = {"his": 29837, "trp": 18748, "cispro": 2780}
    for name, count in counts.items():
        table = read_angles(reference_data / f"rama/points/{name}_phi_psi.csv.gz")
        assert (len(table), int(table.counted.sum()), table.notes) == (count, count, ())


def test_names_of_residues_in_other_spellings():
    spellings = {
        "glycine": ["GLY", "gly", "G", "g", "GLY12", "Gly-12", "GLY_12A", "NGLY", "CGLY"],
        "ileval": ["ILE", "V", "I", "VAL7", "val 7"],
        "general": ["ALA", "M", "MSE", "U", "LYS101"],
        "transpro": ["PRO", "P", "Pro3", "CPRO"],
    }
    for category, names in spellings.items():
        count = len(names)
        columns = {"phi": [-60.0] * count, "psi": [100.0] * count, "omega": [180.0] * count}
        table = read_angles({**columns, "resname": names})
        assert table.category.tolist() == [category] * count
        assert len(table.notes) == 1  # what follows is not said
        before = read_angles({**columns, "resname": ["ALA"] * count, "next": names})
        wanted = "prepro" if category == "transpro" else "general"
        assert before.category.tolist() == [wanted] * count
        assert before.notes == before.findings == ()


def test_names_that_are_not_known_are_counted_and_what_is_no_name_is_an_error():
    names = ["HYP", "ALA", "XYZ", "HSD", "hyp", "GLY"]
    table = read_angles({"phi": [-60.0] * 6, "psi": [100.0] * 6, "aa": names, "next": [""] * 6})
    doubtful = read_angles({"phi": [-60.0], "psi": [100.0], "aa": ["X"], "next": [""]})
    assert "general: UNK 1" in doubtful.findings[0]
    assert table.category.tolist() == ["general"] * 5 + ["glycine"]
    assert table.findings == (
        "4 residues with other names than the usual ones count as general: HYP 2, XYZ 1, HSD 1",
    )
    for name in ("Glycine", "A:GLY:12", "GLY/ALA", "12", "A12B!", "9", 7, 7.0):
        with pytest.raises(
            ValueError, match=r"a mapping, row 1: .* is no name of a residue; wanted"
        ):
            read_angles({"phi": [1.0, 2.0], "psi": [1.0, 2.0], "aa": ["ALA", name]})


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, "", "nan", "-"])
def test_a_row_without_a_residue_name_does_not_count(nothing):
    names = ["ALA", nothing, "GLY"]
    table = read_angles({"phi": [-60.0] * 3, "psi": [99.0] * 3, "aa": names, "next": [nothing] * 3})
    assert table.left_out.tolist() == ["", "no residue name", ""]
    assert table.category.tolist() == ["general", "", "glycine"]


def test_radians_from_0_to_2_pi():
    rng = np.random.default_rng(3)
    degrees = rng.uniform(-180.0, 180.0, (50, 2))
    turns = np.radians(degrees % 360.0)
    assert turns.max() > np.pi
    table = read_angles({"phi": turns[:, 0], "psi": turns[:, 1]})
    np.testing.assert_allclose(table.phi, degrees[:, 0], atol=1e-9)
    np.testing.assert_allclose(table.psi, degrees[:, 1], atol=1e-9)
    assert table.settings["unit"] == "radians"
    assert "they are read as radians; say the unit if they are degrees" in table.findings[0]


def test_units_that_are_in_doubt_or_wrong():
    few = read_angles({"phi": [0.5, -2.0], "psi": [1.5, 3.0]})
    assert few.settings["unit"] == "degrees"
    assert few.findings == (
        "no angle is beyond 3: they are read as degrees; say the unit if they are radians",
    )
    more_than_a_turn = read_angles({"phi": [0.5, -2.0, 9.0], "psi": [1.5, 3.0, 1.0]})
    assert more_than_a_turn.settings["unit"] == "degrees"
    assert "no angle is beyond 9: they are read as degrees" in more_than_a_turn.findings[0]
    with pytest.raises(ValueError, match=r"row 0: phi is -63 radians; wanted -pi to pi, or 0 to 2"):
        read_angles({"phi": [-63.0], "psi": [2.0]}, unit="radians")
    mixed = {"phi": [-1.1, 2.0, -3.1], "psi": [-42.0, 130.0, 7.0]}
    with pytest.raises(ValueError, match=r"phi is never beyond 3.1, .* and psi is up to 130; give"):
        read_angles(mixed)
    assert read_angles(mixed, unit="degrees").psi.tolist() == mixed["psi"]


@pytest.mark.parametrize("kind", ["Float64", "Float32", object])
def test_tables_of_pandas_with_its_mark_for_nothing(kind):
    phi = pd.array([-60.0, pd.NA, -90.0], dtype=kind)
    frame = pd.DataFrame(
        {
            "phi": phi,
            "psi": [130.0, 140.0, 150.0],
            "omega": pd.array([180.0, 180.0, pd.NA], dtype=kind),
            "resname": pd.array(["PRO", "ALA", "PRO"], dtype="string"),
            "chain": pd.array(["A", pd.NA, "B"], dtype="string"),
            "seqid": pd.array([1, 2, 3], dtype="Int64"),
            "weight": pd.array([1, 2, 1], dtype="Float64"),
        }
    )
    for source in (frame, {name: frame[name] for name in frame}):
        table = read_angles(source)
        assert table.phi[[0, 2]].tolist() == [-60.0, -90.0]
        assert table.left_out.tolist() == ["", "undefined angle", "proline without omega"]
        assert table.chain.tolist() == ["A", "", "B"]
        assert table.seqid.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="row 1: weight is None; wanted a finite number"):
        read_angles(frame.assign(weight=pd.array([1, pd.NA, 1], dtype="Float64")))
    with pytest.raises(ValueError, match="row 1: seqid is None; wanted a whole number"):
        read_angles(frame.assign(seqid=pd.array([1, pd.NA, 1], dtype="Int64")))
    assert read_angles(frame.assign(seqid=[1.0, 2.0, 3.0])).seqid.tolist() == [1, 2, 3]


def test_several_tables_in_different_units(tmp_path):
    from overlap.io import read_conformations

    angles = np.array([[-63.0, -42.0], [57.0, 45.0], [-120.0, 130.0]])
    for name, values in (("a", angles), ("b", np.radians(angles))):
        rows = "".join(f"{x!r},{y!r}\n" for x, y in values.tolist())
        (tmp_path / f"{name}.csv").write_text("phi,psi\n" + rows)
    table = read_conformations([tmp_path / "a.csv", tmp_path / "b.csv"])
    np.testing.assert_allclose(table.phi, [*angles[:, 0]] * 2)
    assert table.settings["unit"] == "degrees and radians"
    assert table.findings[0] == "some tables are in radians and some in degrees"
    assert table.findings[1].startswith(f"{tmp_path / 'b.csv'}: no angle is beyond 2.269")


def test_omega_in_another_unit_and_rows_near_0_are_errors():
    table = {"phi": [-63.0, -70.0, -60.0], "psi": [-42.0, 140.0, 130.0], "aa": ["PRO"] * 3}
    for omega in ([3.14, 0.1, -3.1], [0.0, 0.0, 6.2]):
        with pytest.raises(ValueError, match=r"omega is never beyond .*, as radians are, and phi"):
            read_angles({**table, "omega": omega})
    few = read_angles({**table, "omega": [3.14, 180.0, -3.1]}).category.tolist()
    assert few == ["cispro", "transpro", "cispro"]
    told = read_angles({**table, "omega": [3.14, 0.1, -3.1]}, unit="degrees")
    assert told.category.tolist() == ["cispro"] * 3
    with pytest.raises(ValueError, match=r"3 of 4 rows have phi and psi within 2 pi of 0, where"):
        read_angles({"phi": [-1.1, -1.2, -2.0, 170.0], "psi": [-0.7, -0.8, 2.4, 170.0]})
    assert read_angles({"phi": [0.0, 0.0, -63, 60], "psi": [0.0, 0.0, 40, 50]}).phi[0] == 0.0


def test_d_amino_acids_do_not_count():
    gemmi = pytest.importorskip("gemmi")
    assert all(
        gemmi.find_tabulated_residue(name).kind == gemmi.ResidueKind.AAD for name in D_AMINO_ACIDS
    )
    assert len(D_AMINO_ACIDS) == 19  # all but glycine
    table = read_angles(
        {"phi": [60.0] * 3, "psi": [40.0] * 3, "aa": ["DPR", "dal", "ALA"], "omega": [180.0] * 3}
    )
    assert table.left_out.tolist() == ["D-amino acid", "D-amino acid", ""]
    assert not table.findings
