"""Every command on files that no one can read: one line that names the file, and exit code 2."""

# ruff: noqa: E501

from __future__ import annotations

import json
import os
import shutil

import pytest

from overlap import cli, evaluate
from overlap.io import as_segments, read_angles, read_labels, read_regions, sample_path

LONG = "9" * 10_000
SURROGATES = (
    r'{"database": {"v\ud800": {"annotations": [{"segment": [0, 1], "label": "a\ud800"}]}}}',
    r'{"results": {"v\ud800": [{"segment": [0, 1], "label": "a\ud800", "score": 1}]}}',
)
#: Names, and contents; None for a loop of symbolic links.
BAD = {
    "loop.json": None, "loop.csv": None, "loop.cif": None, "loop.geojson": None, "loop": None,
    "empty.json": b"", "empty.csv": b" \n\n", "empty.cif": b"", "empty.pdb": b"\n", "empty.geojson": b"",
    "nul.json": b"\0" * 50, "nul.csv": b"\0\0\n\0", "nul.cif": b"data_x\0\n", "nul.pdb": b"ATOM  \0" * 20,
    "latin.csv": "video,start,stop,label\nv,0,1,é\n".encode("latin-1"), "latin.json": '{"é": 1}'.encode("latin-1"),
    "deep.json": b"[" * 100_000, "deep.geojson": b'{"type":"GeometryCollection","geometries":[' * 3000,
    "less.geojson": b'{"type":"GeometryCollection","geometries":[' * 400 + b"]}" * 400,
    "long.json": f'{{"database": {{"v": {{"annotations": [{{"segment": [0, {LONG}], "label": "a"}}]}}}}}}'.encode(),
    "long.csv": f"video,start,stop,label,score\nv,0,{LONG},a,1\n".encode(), "long.geojson": LONG.encode(),
    "type.json": b"5", "type.geojson": b'{"type": null}', "odd.cif": b"data_x\nloop_\n_atom_site.Cartn_x\n_atom_site.label_alt_id\n1.0 NA\n",
    os.fsdecode(b"\xff.json"): b"{}",
}  # fmt: skip
MISSING = ("missing.json", "missing.csv", "missing.cif", "missing*.pdb", "folder")
COMMANDS = [
    ("check", "{}"), ("temporal", "{}", "found.json"), ("temporal", "truth.json", "{}"),
    ("compare", "{}", "report.json"), ("explain", "report.json", "{}"),
    ("ramachandran", "{}", "angles.csv"), ("ramachandran", "angles.csv", "{}"),
    ("temporal", "truth.json", "found.json", "--protocol", "thumos14", "--ambiguous", "{}"),
    ("segmentation", "volumes", "others", "--labels", "{}"),
    ("segmentation", "volumes", "others", "--strata", "{}"),
    ("segmentation", "{}", "volumes"),
    ("detection", "{}", "boxes.json"), ("detection", "labelled.json", "{}"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    for role in ("truth", "found"):
        shutil.copy(sample_path(f"temporal_{role}"), folder / f"{role}.json")
    for role, name in (("truth", "labelled"), ("found", "boxes")):
        shutil.copy(sample_path(f"detection_{role}"), folder / f"{name}.json")
    shutil.copy(sample_path("angles_truth"), folder / "angles.csv")
    shutil.copytree(sample_path("volumes_truth"), folder / "volumes")
    shutil.copytree(sample_path("volumes_found"), folder / "others")
    (folder / "folder").mkdir()
    for name, content in BAD.items():
        if content is None:
            (folder / name).symlink_to(name)
        else:
            (folder / name).write_bytes(content)
    report = evaluate.temporal(truth=folder / "truth.json", found=folder / "found.json", iou=0.5)
    report.to_json(folder / "report.json")
    return folder


@pytest.fixture
def run(folder, capsys, monkeypatch):
    def run(*words):
        monkeypatch.chdir(folder)
        code = cli.main(list(words))
        return code, capsys.readouterr()

    return run


def shown(name):
    return name.encode("utf-8", "backslashreplace").decode()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_bad_files_are_named(run, command):
    for name in (*BAD, *MISSING):
        code, said = run(*(word.format(name) for word in command))
        assert code == 2, (name, said.err)
        assert said.err.count("\n") == 1, (name, said.err)
        assert shown(name) in said.err or command[:2] == ("segmentation", "{}"), (name, said.err)
        assert len(said.err) < 700, said.err
        assert "internal error" not in said.err
        assert "Error:" not in said.err, said.err


@pytest.mark.parametrize("reader", [read_angles, read_labels, read_regions])
def test_readers_in_python_name_them_first(folder, reader):
    for name in BAD:
        with pytest.raises((ValueError, OSError)) as error:
            reader(folder / name)
        assert str(error.value).startswith(f"{folder / name}")
    with pytest.raises(ValueError, match="null byte"):
        as_segments("a\0b", role="truth")


def test_outputs_are_no_loops(run, folder):
    for name in ("loop.json", "loop/x.json"):
        code, said = run("temporal", "truth.json", "found.json", "--out", name)
        assert code == 2
        assert said.err.startswith(f"overlap: error: {name}: ")
    assert (folder / "loop.json").is_symlink()


@pytest.mark.parametrize("text", ['{"database": {}}', '{"database": {"v": {"annotations": []}}}'])
@pytest.mark.parametrize("protocol", ["activitynet", "opentad", "thumos14", "all"])
def test_a_truth_without_segments_has_no_map(run, folder, text, protocol):
    (folder / "none.json").write_text(text)
    outputs = [x for name in ("o.json", "o.html", "o.csv") for x in ("--out", name)]
    words = ("none.json", "found.json", "--protocol", protocol, *outputs, "--plot", "o.svg")
    code, said = run("temporal", *words)
    assert code == 0, said.err
    assert "nan" in said.out
    summary = json.loads((folder / "o.json").read_text())["summary"]
    assert all(value is None for name, value in summary.items() if "mAP" in name)


def test_halves_of_surrogate_pairs_go_through(run, folder):
    for name, text in zip(("s.json", "t.json"), SURROGATES, strict=True):
        (folder / name).write_text(text)
    outputs = [x for name in ("o.json", "o.html", "o.csv") for x in ("--out", name)]
    code, said = run("temporal", "s.json", "t.json", *outputs, "--plot", "o.svg")
    assert (code, said.err) == (0, "")
    assert run("check", "s.json", "t.json")[0] == 0
    assert run("compare", "o.json", "o.json")[0] == 0


def test_one_bad_structure_of_many_is_named(run, folder):
    many = folder / "many"
    many.mkdir()
    shutil.copy(sample_path("peptide"), many / "good.pdb")
    for name in ("odd.cif", "empty.cif", "nul.pdb"):
        shutil.copy(folder / name, many / name)
    (many / "link.pdb").symlink_to("nowhere.pdb")
    code, said = run("ramachandran", "many", "angles.csv", "--min-residues", "1")
    assert code == 1
    assert said.err.count("overlap: failed: ") == 4
    for name in ("odd.cif", "empty.cif", "nul.pdb", "link.pdb"):
        assert f"overlap: failed: many/{name}: " in said.err.replace("\\", "/")
