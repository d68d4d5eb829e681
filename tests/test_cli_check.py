"""The command ``overlap check``: inputs of all commands, what it shows, and its exit codes."""

from __future__ import annotations

import contextlib
import json
import shutil

import click
import pytest

from overlap import cli, evaluate
from overlap.cli.program import cli as program
from overlap.evaluate.checks import (
    BOXES,
    CONFORMATIONS,
    DURATIONS,
    EVALUATED,
    FOLDER,
    FRAME_RATES,
    LABEL_NAMES,
    NAME_LIST,
    PARTS,
    POSSESSION,
    REPORT,
    SEGMENTS,
    STRATA,
    inspect,
)
from overlap.io import sample_path

#: Every argument and option that names an input: an example of it, and its check.
INPUTS = {
    ("temporal", "truth"): ("truth.json", SEGMENTS),
    ("temporal", "found"): ("found.json", SEGMENTS),
    ("temporal", "ambiguous"): ("ambiguous.csv", SEGMENTS),
    ("temporal", "uem"): ("all.uem", EVALUATED),
    ("temporal", "durations"): ("durations.tsv", DURATIONS),
    ("temporal", "videos"): ("videos.json", NAME_LIST),
    ("temporal", "exclude"): ("blocked.txt", NAME_LIST),
    ("temporal", "fps"): ("rates.csv", FRAME_RATES),
    ("detection", "truth"): ("boxes.json", BOXES),
    ("detection", "found"): ("results.json", BOXES),
    ("segmentation", "truth"): ("volumes", FOLDER),
    ("segmentation", "found"): ("volumes", FOLDER),
    ("segmentation", "labels"): ("names.csv", LABEL_NAMES),
    ("segmentation", "strata"): ("strata.csv", STRATA),
    ("detection", "strata"): ("weather.csv", STRATA),
    ("segmentation", "images"): ("volumes", FOLDER),
    ("ramachandran", "found"): ("peptide.pdb", CONFORMATIONS),
    ("ramachandran", "truth"): ("angles.csv", CONFORMATIONS),
    ("possession", "players"): ("players.csv", POSSESSION),
    ("possession", "ball"): ("ball.csv", POSSESSION),
    ("possession", "truth"): ("spells.csv", POSSESSION),
    ("compare", "reports"): ("report.json", REPORT),
    ("explain", "report_a"): ("report.json", REPORT),
    ("explain", "report_b"): ("report.json", REPORT),
    **{
        (command, "resume"): ("parts", PARTS)
        for command in ("temporal", "detection", "segmentation", "ramachandran", "possession")
    },
}
#: Words in the form of an option's value that say that it is a path, and outputs among them.
PATHS = ("FILE", "DIR")
OUTPUTS = {"out", "outputs", "plot", "picture", "residues", "geojson",
           "points", "confusions", "errors"}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    for sample, name in (
        ("temporal_truth", "truth.json"),
        ("temporal_found", "found.json"),
        ("peptide", "peptide.pdb"),
        ("angles_truth", "angles.csv"),
        ("possession_players", "players.csv"),
        ("possession_ball", "ball.csv"),
        ("possession_truth", "spells.csv"),
    ):
        shutil.copy(sample_path(sample), folder / name)
    shutil.copytree(sample_path("volumes_truth"), folder / "volumes")
    box = '"image_id": 1, "category_id": 1, "bbox": [0, 0, 2, 3]'
    one = '"images": [{"id": 1}], "categories": [{"id": 1}]'
    (folder / "boxes.json").write_text(f'{{{one}, "annotations": [{{"id": 1, {box}}}]}}')
    (folder / "results.json").write_text(f'[{{{box}, "score": 0.5}}]')
    (folder / "all.uem").write_text("a 1 0 10\n")
    (folder / "ambiguous.csv").write_text("video,start,stop\nv,0,1\n")
    (folder / "durations.tsv").write_text("filename\tduration\na.wav\t10.0\n")
    (folder / "videos.json").write_text('["a", "b"]')
    (folder / "blocked.txt").write_text("a\nb\n")
    (folder / "rates.csv").write_text("video,fps\na,25\nb,29.97\n")
    (folder / "names.csv").write_text("id,name\n1,organ\n2,lesion\n3,vessel\n")
    (folder / "strata.csv").write_text("case,site\ncase_1,a\ncase_2,b\n")
    (folder / "weather.csv").write_text("image,weather\n1,rain\n2,sun\n3,sun\n")
    with contextlib.chdir(folder):
        report = evaluate.temporal(
            truth="truth.json", found="found.json", iou=0.5, resume=folder / "parts"
        )
        report.to_json("report.json")
    return folder


@pytest.fixture
def run(capsys, folder, monkeypatch):
    """Run the command in the folder; gives exit code, stdout and stderr."""
    monkeypatch.chdir(folder)

    def call(*words: str) -> tuple[int, str, str]:
        code = cli.main(["check", *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_every_input_of_every_command_has_a_check():
    there = set()
    for name, command in program.commands.items():
        for parameter in command.params:
            form = parameter.metavar or ""
            is_path = isinstance(parameter, click.Argument) or any(x in form for x in PATHS)
            if is_path and parameter.name not in OUTPUTS and name not in ("check", "list", "warm"):
                there.add((name, parameter.name))
    assert there == set(INPUTS)


@pytest.mark.parametrize("place", INPUTS, ids=" ".join)
def test_every_input_is_recognised(place, folder):
    name, check = INPUTS[place]
    assert inspect(str(folder / name))[0] is check


def test_a_volume(run):
    code, out, err = run("volumes/case_1.mha")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "volumes/case_1.mha: label map, MetaImage",
        "  grid         24 x 20 x 12 voxels of 1.5 x 1.5 x 3 mm",
        "  orientation  LPS",
        "  numbers      uint8",
        "  labels       3 besides 0, the background",
        "  label 1      1,142 voxels, 7,708.5 mm3",
        "  label 2      58 voxels, 391.5 mm3",
        "  label 3      60 voxels, 405 mm3",
        "  background   4,500 voxels, 30,375 mm3",
    ]


def test_lines_fit_into_80_columns(run):
    names = dict.fromkeys(name for name, _ in INPUTS.values())
    code, out, err = run(*names)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    for name in names:
        assert any(line.startswith(f"{name}: ") for line in out.splitlines())


def test_names_cannot_steer_the_terminal(run, folder):
    (folder / "odd.csv").write_text("video,start,stop,label\nv,0,0,\x1b[2Ja\nv,0,0,\x1b[2jA\n")
    out = run("odd.csv")[1]
    assert "\x1b" not in out
    assert "labels that differ by case or spaces only: \\x1b" in " ".join(out.split())


def test_inputs_that_fit(run):
    code, out, _ = run("players.csv", "ball.csv", "spells.csv", "--strict", "--fps", "10")
    assert code == 0
    assert out.endswith("  they fit together\n")


def test_json(run):
    code, out, err = run("--json", "truth.json", "found.json", "no.json", "volumes")
    assert code == 2
    assert "no.json: no such file" in err
    whole = json.loads(out)
    truth, found, missing, volumes = whole["files"]
    assert (truth["kind"], truth["role"], found["role"]) == ("segments", "truth", "found")
    assert {"name": "cases", "text": "2: case_1, case_2"} in volumes["facts"]
    assert missing == {"file": "no.json", "error": "no.json: no such file"}
    (pair,) = whole["together"]
    assert pair["files"] == ["truth.json", "found.json"]
    assert whole["odd"] == sum(len(x.get("findings", ())) for x in (*whole["files"], pair))


def test_exit_codes(run):
    assert run("found.json")[0] == 0
    assert run("found.json", "--strict")[0] == 1
    assert run("volumes", "--strict", "--headers")[0] == 0
    assert run("found.json", "nothing.json", "--strict")[0] == 2


def test_patterns(run, folder):
    for side in ("one", "two"):
        for case in ("case_1", "case_2"):
            (folder / side / case).mkdir(parents=True)
            shutil.copy(folder / "volumes" / f"{case}.mha", folder / side / case / f"{side}.mha")
    code, out, err = run("one", "two")
    assert code == 2
    assert "give pattern=" in err
    code, out, err = run("one", "two", "--pattern", "*/one.mha,*/two.mha")
    assert (code, err) == (0, "")
    assert "2 of 2 cases" in out
    assert run("one", "--pattern", "a,b,c")[0] == 2
