"""The command ``overlap segmentation``, run in this process."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from overlap import cli, evaluate
from overlap.io import sample_path

from .evaluate.volume_cases import random_cases, write_folders, write_nifti

LABELS = "1=liver,2=tumor,whole=1+2"


@pytest.fixture
def run(capsys):
    """Run the command; gives exit code, stdout and stderr."""

    def call(*words):
        code = cli.main(["segmentation", *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def refused(run):
    """Run a command that must fail with exit code 2, one line and no output."""

    def call(*words):
        code, out, err = run(*words)
        assert code == 2
        assert out == ""
        assert err.count("\n") == 1
        assert err.startswith("overlap: error: ")
        return err

    return call


@pytest.fixture
def folders(tmp_path):
    return write_folders(tmp_path, *random_cases(8))


def test_sample(run):
    code, out, err = run("--sample")
    report = evaluate.segmentation(
        truth=sample_path("volumes_truth"),
        found=sample_path("volumes_found"),
        labels="1=organ,2=lesion,3=vessel",
    )
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert lines[1][:4] == ["label", "cases", "dice", "iou"]
    assert lines[2][:3] == ["organ", "2", f"{report.summary['dice[organ]']:.4f}"]
    assert lines[5][:5] == ["mean", "over", "labels", "2", f"{report.summary['dice']:.4f}"]
    assert ["case_2", "vessel", "0.0000", "nothing", "found"] in lines
    assert "policy default; of dice: 1 with both sides empty, 1 with nothing found" in out


def test_files_are_those_of_the_report(run, folders, tmp_path):
    outputs = [tmp_path / f"report.{kind}" for kind in ("json", "csv", "html")]
    words = [word for path in outputs for word in ("--out", path)]
    plot, picture = tmp_path / "plot.png", tmp_path / "worst.png"
    options = ["--labels", LABELS, "--metrics", "dice,pq", "--bootstrap", 50, "--seed", 3]
    code, out, err = run(
        *folders, *options, *words, "--plot", plot, "--picture", picture, "--workers", 2
    )
    assert (code, err) == (0, "")
    report = evaluate.segmentation(
        truth=folders[0], found=folders[1], labels=LABELS, metrics="dice,pq", bootstrap=50, rng=3
    )
    assert outputs[0].read_text() == report.to_json(outputs[0])
    assert json.loads(outputs[0].read_text())["settings"]["evaluation"] == "segmentation"
    with outputs[1].open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == len(report.table)
    assert "data:image/svg+xml" in outputs[2].read_text()
    assert plot.read_bytes()[:4] == picture.read_bytes()[:4] == b"\x89PNG"
    interval = f"({report.summary['dice low']:.4f} to {report.summary['dice high']:.4f})"
    assert interval in out
    assert max(map(len, out.splitlines()[:20])) <= 140


def test_quiet_shows_nothing(run, folders):
    assert run(*folders, "--quiet") == (0, "", "")


def test_some_cases_fail(run, folders, tmp_path):
    (folders[1] / "case_3.nii.gz").write_bytes(b"no volume")
    (folders[0] / "case_5.nii.gz").unlink()
    out_path = tmp_path / "report.json"
    code, out, err = run(*folders, "--out", out_path)
    assert code == 1
    assert [line.partition(": ")[2].split(": ")[:2] for line in err.splitlines()] == [
        ["failed", "case_3"],
        ["failed", "case_5"],
    ]
    assert "4 cases" in out
    assert "2 could not be evaluated" in out
    content = json.loads(out_path.read_text())
    assert [row["case"] for row in content["settings"]["failures"]] == ["case_3", "case_5"]
    assert content["summary"]["n_failed"] == 2
    assert run(*folders, "--quiet")[:2] == (1, "")


def test_many_failures_are_counted(run, tmp_path):
    volume = np.ones((2, 2, 2), np.uint8)
    volumes = {f"case_{k}": volume for k in range(25)}
    folders = write_folders(tmp_path, volumes, {"case_0": volume})
    code, _, err = run(*folders)
    assert code == 1
    assert len(err.splitlines()) == 21
    assert "failed: 4 more cases" in err


def test_no_case_can_be_evaluated(refused, folders):
    for path in folders[1].iterdir():
        path.write_bytes(b"")
    assert "none of the 6 cases could be evaluated; the first: case_0" in refused(*folders)


def test_options_reach_the_evaluation(run, folders, tmp_path):
    strata = tmp_path / "strata.csv"
    strata.write_text("case,site\n" + "".join(f"case_{k},{'AB'[k % 2]}\n" for k in range(6)))
    out = tmp_path / "report.json"
    code, screen, _ = run(
        *folders, "--labels", "1", "--ignore", "2,9", "--strata", strata, "--empty", "medpy",
        "--missing", "worst", "--tolerance", "0.01", "--resume", tmp_path / "kept", "--out", out,
        "--metrics", "dice,instance_recall",
    )  # fmt: skip
    assert code == 0
    settings = json.loads(out.read_text())["settings"]
    assert settings["ignore"] == [2, 9]
    assert settings["empty"]["name"] == "medpy"
    assert settings["missing"] == "worst"
    assert settings["tolerance"] == 0.01
    assert settings["labels"] == {"1": [1]}
    assert len(list((tmp_path / "kept").iterdir())) == 6
    assert "Strata, means over labels" in screen
    assert json.loads(out.read_text())["table"][0]["site"] == "A"


def test_soft_volumes_and_spacing(run, tmp_path):
    rng = np.random.default_rng(1)
    truth, found = rng.integers(0, 2, (4, 5)), rng.integers(0, 256, (4, 5))
    for side, values in (("truth", truth), ("found", found)):
        (tmp_path / side).mkdir()
        np.save(tmp_path / side / "a.npy", values.astype(np.uint8))
    out = tmp_path / "report.json"
    words = [tmp_path / "truth", tmp_path / "found", "--scale", 255, "--spacing", "0.5,2"]
    for soft in (["--soft"], ["--soft", "product"]):
        code, _, err = run(*words, *soft, "--metrics", "dice,volume_found", "--out", out)
        assert (code, err) == (0, "")
        content = json.loads(out.read_text())
        assert content["settings"]["soft"] == (soft[1:] or ["minmax"])[0]
        assert content["summary"]["volume_found"] == pytest.approx(found.sum() / 255, rel=1e-6)


def test_images_are_the_background(run, folders, tmp_path):
    images = tmp_path / "images"
    for k in range(6):
        write_nifti(images / f"case_{k}_0000.nii.gz", np.random.default_rng(k).random((7, 6, 5)))
    plain, drawn = tmp_path / "plain.png", tmp_path / "drawn.png"
    assert run(*folders, "--quiet", "--picture", plain)[0] == 0
    assert run(*folders, "--quiet", "--picture", drawn, "--images", images)[0] == 0
    assert plain.read_bytes() != drawn.read_bytes()


def test_what_is_refused(refused, folders, tmp_path):
    truth, found = folders
    assert "FOUND_DIR missing" in refused(truth)
    assert "TRUTH_DIR and FOUND_DIR missing" in refused()
    assert "leave the folders out" in refused(truth, found, "--sample")
    assert "no such file or folder" in refused(truth, tmp_path / "nothing")
    assert "truth and found are one folder" in refused(truth, truth)
    assert "there is no 'dise'" in refused(truth, found, "--metrics", "dise")
    assert "there is no policy 'medpi'" in refused(truth, found, "--empty", "medpi")
    assert "--missing none: wanted a number" in refused(truth, found, "--missing", "none")
    assert "--ignore a: wanted numbers" in refused(truth, found, "--ignore", "a")
    assert "--spacing 1,x: wanted numbers" in refused(truth, found, "--spacing", "1,x")
    assert "one pattern, or two" in refused(truth, found, "--pattern", "a*,b*,c*")
    assert "wanted a name in .json" in refused(truth, found, "--out", tmp_path / "report.txt")
    assert "--picture" in refused(truth, found, "--picture", tmp_path / "a.txt")
    assert "changes nothing without --picture" in refused(truth, found, "--images", tmp_path)
    assert "'1' is not understood" in refused(truth, found, "--labels", "1,a=2")


def test_a_picture_without_its_image_does_not_stop_the_table(run, folders, tmp_path):
    truth, found = folders
    picture = tmp_path / "a.png"
    code, out, err = run(truth, found, "--picture", picture, "--images", tmp_path)
    assert code == 2
    assert "Means over cases" in out
    assert f"{picture}: could not be written: {tmp_path}: has no image of the case" in err
    assert err.count("\n") == 1


def test_an_output_never_replaces_a_volume_or_another_input(refused, folders, tmp_path):
    labels = tmp_path / "labels.json"
    labels.write_text('{"labels": {"liver": 1, "tumor": 2, "rare": 9}}')
    before = labels.read_text()
    assert "would overwrite the input" in refused(*folders, "--labels", labels, "--out", labels)
    assert labels.read_text() == before
    picture = folders[0] / "case_9.png"
    np.save(folders[0] / "other.npy", np.ones(3))
    picture.write_bytes(b"a picture that is there")
    assert "would overwrite a file of the input" in refused(*folders, "--picture", picture)
    assert picture.read_bytes() == b"a picture that is there"


def test_axes_in_another_order_and_images_by_a_pattern(tmp_path, run):
    nibabel = pytest.importorskip("nibabel")
    values = np.zeros((6, 5, 4), np.uint8)
    values[1:4, 1:4, 1:3] = 1
    affine = np.diag([1.5, 1.0, 2.0, 1.0])
    for case in ("sub-1", "sub-2"):
        for side in ("truth", "found", "scans"):
            (tmp_path / side / case).mkdir(parents=True)
        image = nibabel.Nifti1Image(values, affine)
        nibabel.save(image, tmp_path / "truth" / case / f"{case}_dseg.nii.gz")
        nibabel.save(image, tmp_path / "scans" / case / f"{case}_T1w.nii.gz")
        turned = image.as_reoriented([[1, -1], [0, 1], [2, -1]])
        nibabel.save(turned, tmp_path / "found" / case / f"{case}_dseg.nii.gz")
    words = tmp_path / "truth", tmp_path / "found", "--pattern", "sub-*/sub-*_dseg.nii.gz"
    code, _, err = run(*words)
    assert code == 2
    assert "; reorient=True (--reorient) does that" in err
    scans = tmp_path / "scans" / "sub-*" / "*_T1w.nii.gz"
    picture = tmp_path / "a.png"
    code, out, err = run(*words, "--reorient", "--picture", picture, "--images", scans)
    assert (code, err) == (0, "")
    assert picture.stat().st_size > 1000
    assert "mean over labels      2  1.0000" in out
    assert "was read with its axes swapped (x <-> y), then " in out
