"""Segmentation: cases that fail, runs that are resumed, workers, memory."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from overlap.evaluate import segmentation, segmentation_study
from overlap.evaluate._segmentation import measure
from overlap.io import pair_folders

from .volume_cases import NAMES, random_cases, write_folders, write_nifti

OPTIONS = {"labels": NAMES, "metrics": ["dice", "volume_found"]}


@pytest.fixture
def folders(tmp_path):
    return write_folders(tmp_path, *random_cases(11))


def run(folders, **options):
    return segmentation(truth=folders[0], found=folders[1], **{**OPTIONS, **options})


def spoil(path, how):
    """Damage one case of `found`."""
    values = random_cases(11)[1][path.name.partition(".")[0]].astype(float)
    if how == "shape":
        write_nifti(path, values[:-1].astype(np.uint8))
    elif how == "affine":
        write_nifti(path, values.astype(np.uint8), np.diag([-1.5, 1.0, 2.0, 1.0]))
    elif how == "spacing":
        write_nifti(path, values.astype(np.uint8), np.diag([1.5, 1.0, 2.5, 1.0]))
    elif how == "nan":
        values[1, 2, 3] = np.nan
        write_nifti(path, values)
    elif how == "half":
        values[1, 2, 3] = 0.5
        write_nifti(path, values)
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:-20])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("this is no volume")
    elif how == "missing":
        path.unlink()


SPOILS = {
    "shape": "shape is 6 x 6 x 5, that of the truth 7 x 6 x 5",
    "affine": "x axis points to",
    "spacing": "spacing is (1.5, 1, 2.5) mm",
    "nan": "voxel (1, 2, 3) is nan",
    "half": "voxel (1, 2, 3) is 0.5",
    "truncated": "case_2",
    "empty": "the file is empty",
    "text": "case_2",
    "missing": "has no partner",
}


@pytest.mark.parametrize("how", SPOILS)
def test_a_bad_case_is_one_line_and_the_others_count(folders, how):
    spoil(folders[1] / "case_2.nii.gz", how)
    report = run(folders)
    assert report.failures["case"].tolist() == ["case_2"]
    reason = report.failures["reason"][0]
    assert SPOILS[how] in reason
    assert "\n" not in reason
    truth, found = random_cases(11)
    for side in (truth, found):
        del side["case_2"]
    expected = segmentation(truth=truth, found=found, spacing=(1.5, 1.0, 2.0), **OPTIONS)
    for name, value in expected.summary.items():
        wanted = 1 if name == "n_failed" else value
        assert report.summary[name] == pytest.approx(wanted, nan_ok=True), name
    assert any("1 of 6 cases could not be evaluated" in note for note in report.settings["notes"])
    failure = {"case": "case_2", "reason": reason, "counts": "left out"}
    assert report.settings["failures"] == [failure]
    assert "1 cases could not be evaluated" in report.methods()


@pytest.mark.parametrize("value", [1.5, -0.5, np.nan])
def test_a_probability_that_is_none(value):
    rng = np.random.default_rng(0)
    truth = {case: rng.random((3, 4, 2)) for case in "ab"}
    found = {case: values.copy() for case, values in truth.items()}
    found["b"][2, 1, 0] = value
    report = segmentation(truth=truth, found=found, soft=True, metrics=["dice"])
    assert report.summary["dice"] == 1.0
    (reason,) = report.failures["reason"]
    assert f"found of 'b': voxel (2, 1, 0) is {value}; wanted values in [0, 1]" in reason


def test_nothing_to_evaluate_is_an_error(folders):
    for path in folders[1].iterdir():
        spoil(path, "empty")
    with pytest.raises(ValueError, match=r"none of the 6 cases .* first: case_0: .*file is empty"):
        run(folders)


def test_labels_without_a_name_are_errors_of_a_file(folders, tmp_path):
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps({"labels": {"background": 0, "liver": 1, "tumor": 2}}))
    report = run(folders, labels=path)
    assert report.failures["case"].tolist() == ["case_1"]
    assert "has the labels 9, which have no name; known are 0, 1, 2" in report.failures["reason"][0]
    path.write_text(json.dumps({"labels": {"background": 0, "liver": 1, "tumor": 2, "ignore": 9}}))
    report = run(folders, labels=str(path))
    assert not len(report.failures)
    assert report.settings["ignore"] == [9]
    assert report.settings["ignored_voxels"] == 1


def test_mixed_inputs_are_refused(folders):
    truth = folders[0] / "case_1.nii.gz"
    with pytest.raises(ValueError, match="truth is a volume and found a folder"):
        segmentation(truth=truth, found=folders[1])
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        segmentation(truth=truth, found=folders[1] / "nothing.nii.gz")
    with pytest.raises(ValueError, match="no case in common; use the same keys"):
        segmentation(truth={"a": [[1]]}, found={"b": [[1]]})
    with pytest.raises(TypeError, match="the case 3 is not a name"):
        segmentation(truth={3: [[1]]}, found={3: [[1]]})
    report = segmentation(truth={"a": [[1]], "c": [[1]]}, found={"b": [[1]], "a": [[1]]})
    assert report.failures["case"].tolist() == ["b", "c"]
    assert len(pair_folders(*folders)) == 6


@pytest.mark.parametrize(
    ("found", "options", "match"),
    [
        ([["a"]], {}, "array of <U1; wanted integers or reals"),
        (3, {}, "has no voxels"),
        ([[1]], {"spacing": (1.0,)}, r"wanted 2 positive numbers"),
        ([[1]], {"spacing": (1.0, 0.0)}, "wanted 2 positive numbers"),
        ([[0.5]], {}, "wanted whole numbers"),
    ],
)
def test_arrays_that_are_no_volumes(found, options, match):
    with pytest.raises(ValueError, match=match):
        segmentation(truth=[[1]], found=found, **options)


def test_workers_change_nothing(folders):
    one, two = run(folders, bootstrap=50), run(folders, bootstrap=50, workers=2)
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_series_equal(one.summary, two.summary)
    assert one.settings == two.settings


def test_a_study_is_the_same_in_any_order_and_in_pieces(folders, tmp_path):
    whole = run(folders, bootstrap=50)
    study = segmentation_study(**OPTIONS, bootstrap=50)
    items = [
        {"case": pair.case, "truth": str(pair.truth), "found": str(pair.found)}
        for pair in pair_folders(*folders)
    ]
    parts = [study, study]
    for k, item in enumerate(reversed(items)):
        parts[k % 2] = parts[k % 2].add(item["case"], **item)
    report = (parts[0] | parts[1]).report()
    pd.testing.assert_frame_equal(report.table, whole.table)
    pd.testing.assert_series_equal(report.summary, whole.summary)
    assert report.settings["truth"]["sha256"] == whole.settings["truth"]["sha256"]
    report.picture(tmp_path / "worst.png")
    alone = study.add("a", case="a", truth=[[1]], found=[[1]]).report()
    with pytest.raises(ValueError, match="was an array, which is not kept"):
        alone.picture()


def test_any_shards_and_order_of_a_study_give_the_same_bytes(folders):
    spoil(folders[1] / "case_2.nii.gz", "truncated")
    rules = {**OPTIONS, "metrics": ["dice", "hd95", "pq"], "failed": "worst", "bootstrap": 50}
    items = {
        pair.case: {"truth": str(pair.truth), "found": str(pair.found)}
        for pair in pair_folders(*folders)
    }
    plain = segmentation_study(**rules).update_all(items, workers=2).compute()
    assert plain.summary[["n_cases", "n_failed"]].tolist() == [6.0, 1.0]
    rng = np.random.default_rng(0)
    for _ in range(4):
        shards = [segmentation_study(**rules) for _ in range(3)]
        for case in rng.permutation(list(items)).tolist():
            shards[rng.integers(3)].update(case, **items[case])
        rng.shuffle(shards)
        whole = shards[0].merge(shards[1])
        assert whole.from_bytes(shards[2].to_bytes()).compute().to_json() == plain.to_json()
    other = segmentation_study(**{**rules, "tolerance": 1e-2})
    with pytest.raises(ValueError, match="measured by other rules: tolerance"):
        other.from_bytes(whole.to_bytes())


def test_the_key_of_a_study_is_the_name_of_the_case():
    sides = {"truth": [[0, 1, 1]], "found": [[0, 1, 0]]}
    study = segmentation_study(metrics=["dice"])
    for key in ("case_10", "case_2", 7):
        study.update(key, **sides)
    study.update(1, case="case_1", **sides)
    assert study.compute().evidence.items == ("7", "case_1", "case_2", "case_10")
    with pytest.raises(TypeError, match="unexpected keyword argument 'fund'"):
        study.update("x", truth=[[1]], fund=[[1]])
    with pytest.raises(TypeError, match="unexpected keyword argument 'pattern'"):
        segmentation_study(pattern="*")


# ---------------------------------------------------------------------------- resuming


@pytest.fixture
def measured(monkeypatch):
    """Names of the cases that are read from their volumes, in order."""
    seen = []
    original = measure.Measure._measure

    def counting(self, case, truth, found):
        seen.append(case)
        return original(self, case, truth, found)

    monkeypatch.setattr(measure.Measure, "_measure", counting)
    return seen


def test_a_resumed_run_measures_what_is_new(folders, tmp_path, measured):
    first = run(folders, resume=tmp_path / "kept")
    assert len(measured) == 6
    again = run(folders, resume=tmp_path / "kept")
    assert len(measured) == 6
    pd.testing.assert_frame_equal(first.table, again.table)
    assert "6 cases were measured by an earlier run" in again.settings["notes"]
    # other metrics, labels and policies need no new measuring: the counts are kept
    other = run(folders, resume=tmp_path / "kept", metrics=["iou"], labels=[1], empty="monai")
    assert len(measured) == 6
    direct = run(folders, metrics=["iou"], labels=[1], empty="monai")
    pd.testing.assert_frame_equal(other.table, direct.table)
    measured.clear()
    run(folders, resume=tmp_path / "kept", tolerance=1e-2)
    assert len(measured) == 6


def test_changed_and_damaged_cases_are_measured_again_and_said(folders, tmp_path, measured):
    kept = tmp_path / "kept"
    run(folders, resume=kept)
    measured.clear()
    write_nifti(folders[1] / "case_3.nii.gz", np.ones((7, 6, 5), np.uint8))
    stored = sorted(kept.iterdir())
    assert len(stored) == 6
    stored[0].write_bytes(stored[0].read_bytes()[:-40])
    content = bytearray(stored[1].read_bytes())
    at = content.index(b'"voxels"') + len(b'"voxels", {"~": "tuple", "of": [')
    content[at] ^= 1  # another digit
    stored[1].write_bytes(content)
    stored[4].write_text("[]")
    report = run(folders, resume=kept)
    assert sorted(measured) == ["case_0", "case_1", "case_3", "case_4"]
    notes = " ".join(report.settings["notes"])
    assert "1 cases of the earlier run have changed since" in notes
    assert "3 cases of the earlier run were damaged on disk and were measured again" in notes
    pd.testing.assert_frame_equal(report.table, run(folders).table)
    measured.clear()
    run(folders, resume=kept)
    assert measured == []


def test_an_interrupted_run_goes_on(folders, tmp_path, measured, monkeypatch):
    counting = measure.Measure._measure

    def interrupted(self, case, truth, found):
        if case == "case_3":
            raise KeyboardInterrupt
        return counting(self, case, truth, found)

    with monkeypatch.context() as patch:
        patch.setattr(measure.Measure, "_measure", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(folders, resume=tmp_path / "kept")
    assert measured == ["case_0", "case_1", "case_2"]
    assert len(list((tmp_path / "kept").iterdir())) == 3
    report = run(folders, resume=tmp_path / "kept")
    assert measured == [f"case_{k}" for k in range(6)]
    pd.testing.assert_frame_equal(report.table, run(folders).table)


def test_failed_cases_are_tried_again(folders, tmp_path, measured):
    good = (folders[1] / "case_2.nii.gz").read_bytes()
    spoil(folders[1] / "case_2.nii.gz", "truncated")
    assert len(run(folders, resume=tmp_path / "kept").failures) == 1
    (folders[1] / "case_2.nii.gz").write_bytes(good)
    measured.clear()
    assert not len(run(folders, resume=tmp_path / "kept").failures)
    assert measured == ["case_2"]


def test_cases_that_fail_later_are_not_taken_from_an_earlier_run(folders, tmp_path, measured):
    kept = {"resume": tmp_path / "kept", "failed": "worst"}
    run(folders, **kept)
    (folders[1] / "case_1.nii.gz").unlink()
    spoil(folders[1] / "case_2.nii.gz", "truncated")
    measured.clear()
    report = run(folders, **kept)
    assert sorted(measured) == ["case_1", "case_2"]
    assert report.failures[["case", "counts"]].values.tolist() == [
        ["case_1", "worst"], ["case_2", "worst"]
    ]  # fmt: skip
    assert [note for note in report.settings["notes"] if "earlier run" in note] == [
        "4 cases were measured by an earlier run"
    ]
    assert len(list((tmp_path / "kept").iterdir())) == 6


def test_a_study_keeps_its_cases_in_a_folder(folders, tmp_path, measured):
    items = {
        pair.case: {"truth": str(pair.truth), "found": str(pair.found)}
        for pair in pair_folders(*folders)
    }
    study = segmentation_study(**OPTIONS, resume=tmp_path / "kept")
    for case, item in items.items():
        study.update(case, **item)
    assert len(measured) == 6
    again = segmentation_study(**OPTIONS).update_all(items, resume=tmp_path / "kept").compute()
    assert len(measured) == 6
    assert again.settings["notes"][0] == "6 cases were measured by an earlier run"
    pd.testing.assert_frame_equal(study.compute().table, again.table)


def test_a_kept_case_keeps_no_name_that_is_not_asked_for(tmp_path):
    sides = {"truth": np.array([[0, 1]]), "found": np.array([[1, 1]])}
    for case, wanted in ({"case": "other"}, "other"), ({}, "k"):
        study = segmentation_study(metrics=["dice"], resume=tmp_path)
        assert study.update("k", **sides, **case).compute().table["case"].tolist() == [wanted]


def test_arrays_and_objects_are_resumed_by_what_they_are(tmp_path, measured):
    truth, found = random_cases(2)
    options = {"resume": tmp_path / "kept", "metrics": ["pq", "dice"]}
    first = segmentation(truth=truth, found=found, **options)
    again = segmentation(truth=truth, found=found, **options)
    assert len(measured) == 6
    pd.testing.assert_frame_equal(first.table, again.table)
    found["case_4"] = 1 - np.minimum(found["case_4"], 1)
    segmentation(truth=truth, found=found, **options)
    assert measured[6:] == ["case_4"]
    segmentation(truth=truth, found=found, **{**options, "connectivity": 6})
    assert len(measured) == 13


def test_resume_is_a_folder(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(NotADirectoryError, match="is a file; give a folder"):
        segmentation(truth=[[1]], found=[[1]], resume=path)


# ------------------------------------------------------------------------------ memory


def test_a_case_needs_little_more_than_its_volumes(tmp_path):
    """Compressed volumes: both are in memory, and for a while the bytes of one more."""
    truth = np.zeros((256, 200, 150), np.uint8)
    truth[40:200, 30:160, 20:120] = 1
    truth[60:90, 60:90, 40:90] = 2
    volumes = {f"case_{k}": np.roll(truth, k, 0) for k in range(3)}
    folders = write_folders(tmp_path, volumes, {k: np.roll(v, 2, 1) for k, v in volumes.items()})
    run(folders)  # compiled, imported
    tracemalloc.start()
    run(folders)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    one_case = 2 * truth.nbytes
    assert peak < 1.6 * one_case


def test_a_part_has_nothing_of_its_volumes():
    truth = np.zeros((128, 100, 90), np.uint8)
    truth[40:90, 30:80, 20:70] = 1
    study = segmentation_study(**OPTIONS)
    study.update("warm", truth=truth[:9], found=truth[:9])  # compiled, imported
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for case in "abcd":
        study.update(case, truth=truth.copy(), found=np.roll(truth, 3, 0))
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < truth.nbytes / 10
    assert len(study.to_bytes()) < 5 * 2000
