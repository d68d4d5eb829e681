"""The command ``overlap ramachandran``, and what other commands say of its files."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from overlap import cli, evaluate
from overlap.io import sample_path

FOUND, TRUTH = (str(sample_path(f"angles_{side}")) for side in ("found", "truth"))
PEPTIDE = str(sample_path("peptide"))


def library_text(phi, psi):
    """A grid of ranks in the layout of MolProbity, 1 at a place and 0 opposite of it."""
    lines = ['# Table name/description: "made"', "# x1: -180 180 36 true", "# x2: -180 180 36 true"]
    for x in np.arange(-175.0, 180.0, 10.0):
        for y in np.arange(-175.0, 180.0, 10.0):
            value = (2.0 + np.cos(np.radians(x - phi)) + np.cos(np.radians(y - psi))) / 4.0
            lines.append(f"{x} {y} {value**6:.9g}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def library(tmp_path):
    folder = tmp_path / "library"
    folder.mkdir()
    places = {"general": (-65, -40), "gly-sym": (80, 10), "cispro": (-80, 155),
              "transpro": (-65, 145), "prepro": (-75, 150), "ileval": (-64, -44)}  # fmt: skip
    for name, (phi, psi) in places.items():
        (folder / f"rama8000-{name}.data").write_text(library_text(phi, psi))
    return folder


@pytest.fixture
def run(capsys):
    """Run the command; gives exit code, stdout and stderr."""

    def call(*words, command="ramachandran"):
        code = cli.main([command, *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def refused(run):
    """Run a command that must fail with exit code 2, one line and no output."""

    def call(*words):
        code, out, err = run(*words)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert err.startswith("overlap: error: ")
        return err

    return call


def test_sample(run, tmp_path):
    plot = tmp_path / "a.png"
    code, out, err = run("--sample", "--levels", "favored", "--plot", plot, "--tolerance", "none")
    assert plot.read_bytes()[:4] == b"\x89PNG"
    report = evaluate.conformation(found=FOUND, truth=TRUTH, levels="favored", tolerance=None)
    assert (code, err) == (0, "")
    assert np.isnan(report.table["hausdorff"]).all()
    lines = [line.split() for line in out.splitlines()]
    assert lines[2][:3] == ["general", "favored", f"{report.summary['iou[general favored]']:.4f}"]
    assert ["cispro", "favored", "A", "has", "24"] in [line[:5] for line in lines]
    assert "Islands without a partner" in out
    assert "(876 of 876 residues)" in out


@pytest.mark.slow
def test_files_are_those_of_the_report(run, tmp_path):
    outputs = [tmp_path / f"report.{kind}" for kind in ("json", "csv")]
    words = [word for path in outputs for word in ("--out", path)]
    geojson = tmp_path / "regions.geojson"
    code, out, err = run(
        FOUND, TRUTH, "--levels", "0.8,0.5", "--level-by", "mass", "--kappa", "80", "--mass",
        "A", "--min-residues", 20, "--bootstrap", 50, "--seed", 2, "--resample", "chain",
        "--interval", "percentile", "--tolerance", 2, *words, "--geojson", geojson,
    )  # fmt: skip
    assert (code, err) == (0, "")
    report = evaluate.conformation(
        found=FOUND, truth=TRUTH, levels="0.8,0.5", level_by="mass", kappa=80.0, mass="found",
        min_residues=20, bootstrap=50, rng=2, resample="chain", interval="percentile",
        tolerance=2.0,
    )  # fmt: skip
    assert outputs[0].read_text() == report.to_json(outputs[0])
    assert outputs[1].read_text() == report.to_csv()
    assert geojson.read_text() == report.to_geojson()
    assert "with 95 % intervals" in out
    code, out, _ = run(geojson, TRUTH, "--levels", "0.8", "--min-residues", 20)
    assert code == 0
    assert f"{geojson} (6 regions)" in out
    assert max(map(len, out.splitlines()[:14])) <= 120


def test_a_structure_is_classified(run, library, tmp_path):
    residues, out_path = tmp_path / "all.csv", tmp_path / "report.json"
    code, out, err = run(
        PEPTIDE, library, "--residues", residues, "--out", out_path,
        "--cis-limit", 30, "--favored", 0.03, "--allowed", "gly=0.01,cis-pro=0.02",
    )  # fmt: skip
    assert (code, err) == (0, "")
    report = evaluate.ramachandran(
        found=PEPTIDE, truth=library, cis_limit=30.0, favored=0.03,
        allowed={"glycine": 0.01, "cispro": 0.02},
    )  # fmt: skip
    assert out_path.read_text() == report.to_json(out_path)
    assert residues.read_text() == report.residues_to_csv()
    line = next(line for line in out.splitlines() if line.startswith("all residues"))
    counts = report.table.iloc[-1]
    assert line.split()[2:6] == [
        str(counts[name]) for name in ("residues", "favored", "allowed", "outlier")
    ]
    assert "no Ramachandran Z-score" in out
    assert f"{PEPTIDE} (1 file, 1 chain, 12 of 14 residues)" in out
    assert json.loads(out_path.read_text())["settings"]["cutoffs"]["allowed"]["cispro"] == 0.02


def test_its_reports_are_not_compared(run, library, tmp_path):
    path = tmp_path / "report.json"
    assert run(PEPTIDE, library, "--quiet", "--out", path)[0] == 0
    for command in ("compare", "explain"):
        code, _, err = run(path, path, command=command)
        assert code == 2
        assert "is on backbone angles. What is drawn for its intervals" in err


def test_angles_are_classified_when_asked(run, library):
    code, out, _ = run(FOUND, library, "--classify", "--bootstrap", 50)
    assert code == 0
    assert "Residues by category, with 95 % intervals" in out
    code, out, _ = run(FOUND, library, "--levels", "0.5")
    assert code == 0
    assert "Agreement of regions" in out


def test_some_structures_cannot_be_read(run, library, tmp_path):
    folder = tmp_path / "structures"
    folder.mkdir()
    (folder / "good.pdb").write_bytes(sample_path("peptide").read_bytes())
    (folder / "bad.cif").write_text("junk")
    code, out, err = run(folder, library)
    assert code == 1
    assert err.startswith(f"overlap: failed: {folder / 'bad.cif'}: is no readable mmCIF file")
    assert "1 file could not be read" in out
    for number in range(25):
        (folder / f"bad{number}.cif").write_text("junk")
    code, _, err = run(folder, library, "--quiet")
    assert code == 1
    assert err.splitlines()[-1] == "overlap: failed: 6 more files; see the report's failures"


def test_quiet_shows_nothing(run, library):
    assert run(PEPTIDE, library, "--quiet") == (0, "", "")


def test_what_is_refused(refused, library, tmp_path):
    assert "A and B missing" in refused()
    assert "B missing" in refused(FOUND)
    assert "leave A and B out" in refused(FOUND, TRUTH, "--sample")
    assert "absent.csv: no such file" in refused(tmp_path / "absent.csv", TRUTH)
    assert "'best' is not favored, allowed" in refused(FOUND, TRUTH, "--levels", "best")
    assert "--allowed x: wanted a number" in refused(FOUND, TRUTH, "--allowed", "x")
    assert "--kappa wide: wanted a number" in refused(FOUND, TRUTH, "--kappa", "wide")
    assert "--tolerance near: wanted degrees" in refused(FOUND, TRUTH, "--tolerance", "near")
    assert "--models last: wanted first" in refused(PEPTIDE, library, "--models", "last")
    assert "has no model 7; there are 1" in refused(PEPTIDE, library, "--models", "7")
    assert "is for tables of angles, and" in refused(PEPTIDE, library, "--unit", "radians")
    assert "there is no category 'odd'" in refused(FOUND, TRUTH, "--category", "odd")
    assert "--residues needs residues" in refused(FOUND, TRUTH, "--residues", tmp_path / "a.csv")
    assert "--geojson needs regions" in refused(
        PEPTIDE, library, "--geojson", tmp_path / "a.geojson"
    )
    assert "--levels needs regions" in refused(PEPTIDE, library, "--levels", "allowed")
    assert "did you mean 'general'?" in refused(PEPTIDE, library, "--category", "generl")
    assert "wanted a name in .geojson" in refused(FOUND, TRUTH, "--geojson", tmp_path / "a.json")
    assert "would overwrite the output" in refused(
        PEPTIDE, library, "--out", tmp_path / "a.csv", "--residues", tmp_path / "a.csv"
    )
    assert "would overwrite the input" in refused(FOUND, TRUTH, "--out", FOUND)
    assert "truth is no library of grids" in refused(FOUND, TRUTH, "--classify")
    assert "found has no residues" in refused(library, library, "--classify")
    broken = tmp_path / "broken.csv"
    broken.write_text("phi,psi\n1,2\n1,x\n")
    assert "broken.csv, line 3: psi is 'x'" in refused(broken, TRUTH)
    assert "the folder has neither structures" in refused(tmp_path, TRUTH)
    text = tmp_path / "notes.dat"
    text.write_text("hello")
    assert "cannot tell what this is; wanted PDB or mmCIF" in refused(text, TRUTH)
    cut = tmp_path / "cut.cif.gz"
    cut.write_bytes(b"\x1f\x8b\x08\x00")
    assert "gzip file" in refused(cut, library)


def test_a_region_without_area(run, library, tmp_path):
    """Its share inside another is unknown, and nobody is warned of a division."""
    flat = tmp_path / "flat.geojson"
    flat.write_text('{"type": "Polygon", "coordinates": [[[-90, 0], [60, 0], [90, 0], [-90, 0]]]}')
    code, shown, errors = run(flat, library, "--category", "general", "--tolerance", "none")
    assert code == 0
    assert not errors
    assert "spurious" in shown


def test_check_and_list(run, library, tmp_path):
    radians = tmp_path / "radians.csv"
    radians.write_text("phi,psi\n" + "-1.1,2.4\n" * 9 + "360.0,1\n")
    code, out, err = run(PEPTIDE, FOUND, library, radians, "--strict", command="check")
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[:3] == [
        f"{PEPTIDE}: protein structure",
        "  residues    14 in 1 chain, 12 with both angles",
        "  categories  5 general, 1 glycine, 1 cispro, 1 transpro, 2 prepro, 2 ileval",
    ]
    assert "  rows        876 in 12 chains, 876 with both angles" in lines
    assert any(line.startswith("  general   36 x 36 nodes, rank") for line in lines)
    odd = [line for line in lines if line.startswith("  odd: ")]
    assert "  odd: 1 residue without angles: undefined angle" in odd
    assert any("read as radians" in line for line in odd)
    assert any("8 of 9 rows repeat the angles of another" in line for line in odd)
    assert run(PEPTIDE, "--strict", command="check")[0] == 0
    assert run(tmp_path / "absent.pdb", command="check")[0] == 2
    code, out, _ = run("residues", command="list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [
        "general", "glycine", "cispro", "transpro", "prepro", "ileval",
        "general", "glycine", "proline", "prepro",
    ]  # fmt: skip


def test_the_command_loads_neither_pandas_nor_matplotlib(library):
    code = (
        "import sys\nfrom overlap import cli\n"
        f"assert cli.main(['ramachandran', {PEPTIDE!r}, {str(library)!r}, '--quiet']) == 0\n"
        "print([name for name in ('pandas', 'matplotlib', 'shapely') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "[]\n"


def test_units_by_side(run, tmp_path):
    rng = np.random.default_rng(1)
    phi, psi = rng.normal(-63, 9, 400), rng.normal(-42, 9, 400)
    for name, factor in (("a", np.pi / 180), ("b", 1.0)):
        rows = "".join(
            f"{x * factor!r},{y * factor!r}\n"
            for x, y in zip(phi.tolist(), psi.tolist(), strict=True)
        )
        (tmp_path / f"{name}.csv").write_text("phi,psi\n" + rows)
    paths = tmp_path / "a.csv", tmp_path / "b.csv"
    options = "--levels", "favored", "--tolerance", "none", "--step", "5"
    code, out, _ = run(*paths, *options, "--unit", "A=radians,B=degrees")
    assert code == 0
    assert "note: found: no angle" not in out
    code, _, err = run(*paths, *options, "--unit", "C=radians")
    assert code == 2
    assert "--unit C=radians: wanted degrees or radians, or these by side, as A=radians" in err
