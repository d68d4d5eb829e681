"""Cases without a usable prediction: left out, the worst, or an error; and what means are over."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from overlap.cli import main
from overlap.evaluate import compare, segmentation

from .volume_cases import random_cases, write_folders, write_nifti

METRICS = ["dice", "false_negative_error", "hd95", "nsd@2mm", "volume_difference", "volume_truth",
           "volumetric_similarity_signed"]  # fmt: skip
# the volume is 7 x 6 x 5 voxels of 1.5 x 1 x 2 mm
DIAGONAL = math.sqrt(10.5**2 + 6.0**2 + 10.0**2)
WORST = [0.0, 1.0, DIAGONAL, 0.0, math.nan, math.nan, 2.0]


@pytest.fixture
def folders(tmp_path):
    """Found volumes that are missing, damaged or on another grid, and a truth that is missing."""
    truth, found = write_folders(tmp_path, *random_cases(11))
    (found / "case_1.nii.gz").unlink()
    (found / "case_3.nii.gz").write_bytes(b"no volume")
    write_nifti(found / "case_4.nii.gz", np.ones((7, 6, 4), np.uint8))
    (truth / "case_5.nii.gz").unlink()
    return truth, found


def run(folders, **options):
    return segmentation(
        truth=folders[0], found=folders[1], labels="1=liver,2=tumor", metrics=METRICS, **options
    )


def rows_of(report, case):
    return {(row["label"], row["metric"]): row for row in report.rows() if row["case"] == case}


def test_failed_cases_count_as_the_worst(folders):
    kept, report = run(folders), run(folders, failed="worst")
    lost = ["case_1", "case_3", "case_4"]
    assert report.failures[["case", "counts"]].values.tolist() == [
        *([case, "worst"] for case in lost), ["case_5", "left out"]
    ]  # fmt: skip
    assert set(kept.failures["counts"]) == {"left out"}
    for case in lost:
        rows = rows_of(report, case)
        for label in ("liver", "tumor"):
            values = [rows[label, metric]["value"] for metric in METRICS]
            assert values == pytest.approx(WORST, nan_ok=True)
            assert {rows[label, metric]["empty"] for metric in METRICS} == {"failed"}
        assert rows["liver", "hd95"]["unit"] == "mm"
    # two cases were measured: the means are those of the others with three worst values each
    for label in ("liver", "tumor"):
        for metric, worst in zip(METRICS, WORST, strict=True):
            measured = [
                rows_of(kept, case)[label, metric]["value"] for case in ("case_0", "case_2")
            ]
            values = [value for value in measured if np.isfinite(value)]
            values += [] if math.isnan(worst) else [worst] * 3
            name = f"{metric}[{label}]"
            assert report.summary[name] == pytest.approx(np.mean(values)), name
            assert report.settings["cases_in_means"][name] == len(values)
    assert report.summary[["n_cases", "n_failed"]].tolist() == [5.0, 4.0]
    assert kept.summary[["n_cases", "n_failed"]].tolist() == [2.0, 4.0]
    # voxels are of the cases that were read
    assert set(report.matches["case"]) == {"case_0", "case_2"}
    assert report.settings["touched"]["dice"]["failed"] == 6


def test_what_is_said(folders):
    kept, report = run(folders), run(folders, failed="worst")
    headlines = [one.headline() for one in (kept, report)]
    assert headlines[0].endswith("over 2 labels and 2 cases; 4 of 6 cases failed and are left out")
    assert headlines[1].endswith(
        "and 5 cases; 3 of 6 cases failed and count as the worst; 1 more failed and is left out"
    )
    notes = " ".join(report.settings["notes"])
    assert "3 of 6 cases have no usable found volume and count as the worst value" in notes
    assert "1 of 6 cases could not be evaluated and are in no number (first: case_5" in notes
    assert "left out of what has no worst value: volume_difference, volume_truth" in notes
    assert report.settings["failed"] == "worst"
    assert "4 cases could not be evaluated; 3 of them count as the worst value" in report.methods()
    assert report.sections()[0].title == "Means over cases, failed ones as the worst"
    assert "failed" in set(report.worst("dice", 6)["empty"])
    assert "case_1" in report.to_html()


def test_all_that_looks_at_cases_bears_failed_ones(folders, tmp_path):
    report = run(folders, failed="worst", bootstrap=50)
    assert "dice low" in report.summary
    assert set(report.influence("dice")["item"]) == {f"case_{k}" for k in range(5)}
    strata = {f"case_{k}": {"site": "AB"[k % 2]} for k in range(6)}
    by = run(folders, failed="worst", strata=strata).by_stratum
    chosen = by[(by["metric"] == "dice") & (by["label"] == "liver")]
    assert chosen[["level", "n"]].values.tolist() == [["A", 3], ["B", 2]]
    assert chosen["value"].tolist()[1] == 0.0
    report.picture(tmp_path / "worst.png")
    with pytest.raises(ValueError, match="case_3: could not be evaluated"):
        report.picture(tmp_path / "worst.png", case="case_3", label="liver")
    report.plot(tmp_path / "all.png")


def test_a_complete_submission_is_compared_with_one_that_lacks_cases(folders, tmp_path):
    _, other = write_folders(tmp_path / "other", *random_cases(11))
    part, whole = run(folders, failed="worst"), run((folders[0], other), failed="worst")
    result = compare(part, whole, names=["part", "whole"], metric="dice")
    assert len(whole.failed) == 1
    numbers = [report.summary["dice"] for report in (part, whole)]
    assert numbers[0] < numbers[1]
    table = result.table.set_index("name")
    assert table.loc[["part", "whole"], "dice"].tolist() == pytest.approx(numbers)


def test_an_error_instead(folders):
    with pytest.raises(ValueError, match="4 of 6 cases could not be evaluated; the first: case_1"):
        run(folders, failed="error")
    whole = random_cases(11)
    report = segmentation(truth=whole[0], found=whole[1], labels=[1], failed="error")
    assert report.summary["n_failed"] == 0
    with pytest.raises(ValueError, match="failed = 'wrong'; wanted 'leave_out'"):
        run(folders, failed="wrong")


def test_labels_that_only_a_failed_case_has():
    truth = {"a": np.array([[0, 1, 1]]), "b": np.array([[0, 1, 3]])}
    found = {"a": truth["a"], "b": np.array([[0, 1]])}
    report = segmentation(truth=truth, found=found, metrics="dice", failed="worst")
    assert report.summary[["dice[1]", "dice[3]", "dice"]].tolist() == [0.5, 0.0, 0.25]
    kept = segmentation(truth=truth, found=found, metrics="dice")
    assert "dice[3]" not in kept.summary
    ignored = segmentation(truth=truth, found=found, metrics="dice", failed="worst", ignore=3)
    assert "dice[3]" not in ignored.summary


def test_mappings_and_lesions():
    volume = np.zeros((12, 12, 12), np.uint8)
    volume[3:8, 3:8, 3:8] = 1
    report = segmentation(
        truth={"a": volume, "b": volume}, found={"a": volume}, labels=[1], failed="worst",
        metrics=["lesion_dice", "lesion_hd95", "relative_volume_difference"],
        spacing=(1.0, 1.0, 1.0),
    )  # fmt: skip
    assert report.summary["lesion_dice"] == 0.5
    assert report.summary["lesion_hd95"] == 187.0
    # it can be as wrong as one likes: there is no worst value
    assert report.summary["relative_volume_difference"] == 0.0
    assert report.settings["cases_in_means"]["relative_volume_difference"] == 1


def test_what_no_found_volume_could_help_is_left_out(tmp_path):
    truth, found = write_folders(tmp_path, *random_cases(11))
    (truth / "case_0.nii.gz").write_bytes(b"no volume")
    (tmp_path / "labels.json").write_text('{"liver": 1, "tumor": 2}')
    (truth / "case_3.nii.gz").write_bytes(b"no volume")
    (found / "case_3.nii.gz").unlink()
    # label 9 of the truth of case_1 has no name; case_2 has one that was invented
    values = random_cases(11)[1]["case_2"]
    values[0, 0, 0] = 7
    write_nifti(found / "case_2.nii.gz", values)
    report = segmentation(
        truth=truth, found=found, labels=tmp_path / "labels.json", metrics="dice", failed="worst"
    )
    assert report.failures[["case", "counts"]].values.tolist() == [
        ["case_0", "left out"], ["case_1", "left out"], ["case_2", "worst"],
        ["case_3", "left out"],
    ]  # fmt: skip


def test_the_number_of_cases_is_that_of_the_mean_beside_it():
    full, none = np.ones((2, 2, 2), np.uint8), np.zeros((2, 2, 2), np.uint8)
    truth = {"a": full, "b": full, "c": none, "d": none}
    found = {"a": full, "b": none, "c": full, "d": none}
    report = segmentation(truth=truth, found=found, labels=[1], metrics=["dice", "hd", "recall"],
                          spacing=(1, 1, 1))  # fmt: skip
    section = report.sections()[0]
    assert section.columns == ["label", "cases", "dice", "hd, mm", "recall"]
    wanted = ["3", "0.3333", "0.0000 [1 case]", "0.3333"]
    assert section.rows == [["1", *wanted], ["mean over labels", *wanted]]
    counts = report.settings["cases_in_means"]
    assert (counts["dice"], counts["hd[1]"]) == (3, 1)
    best = segmentation(truth=truth, found=found, labels=[1], metrics=["hd"], missing="worst",
                        spacing=(1, 1, 1))  # fmt: skip
    # two empty sets are not missing; the others are as far apart as the volume is large
    assert best.settings["cases_in_means"]["hd"] == 3
    assert best.summary["hd"] == pytest.approx(2 * math.sqrt(12) / 3)


def test_command(folders, tmp_path, capsys):
    out = tmp_path / "report.json"
    arguments = ["segmentation", *map(str, folders), "--labels", "1", "--metrics", "dice"]
    assert main([*arguments, "--failed", "worst", "--out", str(out)]) == 1
    captured = capsys.readouterr()
    assert "4 could not be evaluated: 3 as the worst, 1 left out" in captured.out
    assert "Means over cases, failed ones as the worst" in captured.out
    assert captured.err.count("failed: case_") == 4
    content = json.loads(out.read_text())
    assert content["summary"]["n_cases"] == 5
    assert [row["counts"] for row in content["settings"]["failures"]].count("worst") == 3
    assert main([*arguments, "--failed", "error"]) == 2
    assert "4 of 6 cases could not be evaluated" in capsys.readouterr().err


@pytest.mark.parametrize("when", ["report", "compared"])
def test_compared_by_the_worst_two_empty_sets_are_left_out(when):
    full, none = np.ones((2, 2, 2), np.uint8), np.zeros((2, 2, 2), np.uint8)
    truth = {"a": full, "b": full, "c": none, "d": none}
    found = {"a": full, "b": none, "c": full, "d": none}
    rules = {"missing": "worst"} if when == "report" else {}
    one, other = (
        segmentation(truth=truth, found=side, labels=[1], metrics=["hd", "dice"], spacing=(1, 1, 1),
                     **rules)
        for side in (truth, found)
    )  # fmt: skip
    options = {"missing": "worst"} if when == "compared" else {}
    table = compare(one, other, names=["one", "other"], metric="hd", **options).table
    table = table.set_index("name")
    assert table.loc["one", "hd"] == 0.0
    assert table.loc["other", "hd"] == pytest.approx(2 * math.sqrt(12) / 3)
    assert table["defined"].tolist() == [2, 3]
