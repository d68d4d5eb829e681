"""Segmentation: what a reader of a report must not miss."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from overlap.cli import main
from overlap.evaluate import compare, segmentation
from overlap.evaluate._comparison.case_table import case_names
from overlap.evaluate._segmentation.findings import label_findings
from overlap.evaluate._segmentation.measure import Measure

from .volume_cases import random_cases, write_folders, write_nifti


def volumes(seed, labels, count=4, shape=(14, 12, 10)):
    """Boxes of labels in truth, and the same with a few wrong voxels in found."""
    rng = np.random.default_rng(seed)
    truth, found = {}, {}
    for k in range(count):
        volume = np.zeros(shape, np.uint8)
        for place, label in enumerate(labels):
            corner = np.array([1 + 4 * place, 2, 2])
            volume[tuple(slice(a, a + 3) for a in corner)] = label
        noise = rng.random(shape) < 0.05
        truth[f"case_{k}"] = volume
        found[f"case_{k}"] = np.where(noise, 0, volume)
    return truth, found


def relabeled(values, change):
    table = np.arange(256, dtype=np.uint8)
    for old, new in change.items():
        table[old] = new
    return table[values]


def findings(truth, found, **options):
    report = segmentation(truth=truth, found=found, metrics=["dice"], **options)
    assert json.loads(report.to_json())["settings"]["findings"] == list(report.findings)
    return report.findings


def dice(found, truth, i, j):
    a, b = found == i, truth == j
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def test_exchanged_labels():
    truth, found = volumes(0, (60, 61, 3))
    assert findings(truth, found) == ()
    swapped = {case: relabeled(values, {60: 61, 61: 60}) for case, values in found.items()}
    best = np.mean([dice(swapped[c], truth[c], 60, 61) for c in truth])
    assert findings(truth, swapped) == (
        "labels 60 and 61 seem to be exchanged in 4 of 4 cases that have it (first: case_0): the "
        f"Dice of 61 there is 0.00, and {best:.2f} with 60",
    )
    named = findings(truth, swapped, labels="60=left kidney,61=right kidney")
    assert named[0].startswith("labels 60 (left kidney) and 61 (right kidney) seem to be exchanged")
    one = dict(found, case_2=swapped["case_2"])
    (text,) = findings(truth, one)
    assert "exchanged in 1 of 4 cases that have it (first: case_2): the Dice of" in text


def test_another_number_for_a_label():
    truth, found = volumes(1, (1, 2))
    other = {case: relabeled(values, {1: 255}) for case, values in found.items()}
    (text,) = findings(truth, other)
    assert text.startswith(
        "found seems to have the label 255 for 1 of the truth in 4 of 4 cases that have it (fi"
    )
    assert findings(truth, other, labels="1=liver,2=tumor")[0].partition(" in 4")[0] == (
        "found seems to have the label 255 for 1 (liver) of the truth"
    )
    (text,) = findings(truth["case_1"], other["case_1"])
    assert "for 1 of the truth in the case: the Dice of 1 there is 0.00, and 0.9" in text
    assert findings(truth, other, instances="labels") == ()


def test_many_exchanged_labels_are_counted():
    labels = tuple(range(1, 11))
    truth = {"a": np.repeat(np.arange(11), 20)}
    found = {"a": np.where(truth["a"] > 0, truth["a"] % 10 + 1, 0)}
    texts = findings(truth, found, labels=labels)
    assert len(texts) == 6
    assert texts[-1] == "5 other pairs of labels seem to be exchanged, too"


def test_labels_are_not_said_to_be_exchanged_where_they_are_only_bad():
    for seed in range(40):
        truth, found = random_cases(seed)
        assert findings(truth, found) == ()
    truth, found = volumes(2, (1, 2, 3))
    shifted = {case: np.roll(values, 2, axis=0) for case, values in found.items()}
    assert findings(truth, shifted) == ()


@pytest.mark.parametrize("seed", range(5))
def test_every_told_pair_by_plain_loops(seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, (5, 6, 4)).repeat(2, axis=1)
    change = np.array([0, *rng.permutation([1, 2, 3, 7])])
    found = np.where(rng.random(truth.shape) < 0.2, rng.integers(0, 4, truth.shape), change[truth])
    wanted = set()
    for j in range(1, 4):
        values = {i: dice(found, truth, i, j) for i in np.unique(found).tolist() if i}
        best = max(values, key=values.get)
        own = {k: dice(found, truth, k, k) for k in (best, j) if k in values and (truth == k).any()}
        if best != j and values[best] >= max(0.4, own.get(j, 0) + 0.2, own.get(best, 0)):
            wanted.add((best, j))
    case = Measure()("a", truth, found)
    told = label_findings([case], {}, ())
    assert len(told) == len(wanted) - sum((j, i) in wanted and i < j for i, j in wanted)
    for i, j in wanted:
        text = f"{i} for {j} of the truth", f"labels {min(i, j)} and {max(i, j)} seem"
        assert any(text[(j, i) in wanted] in one for one in told)


def counted(rows):
    """Make volumes of one row from (found, truth, voxels)."""
    found, truth, voxels = zip(*rows)  # noqa: B905
    return Measure()("a", np.repeat(truth, voxels), np.repeat(found, voxels))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([(2, 1, 60), (1, 1, 40), (0, 0, 90)], 0),  # Dice 0.57 with itself, 0.75 with the other
        ([(2, 1, 64), (1, 1, 36), (0, 0, 90)], 1),  # 0.53 and 0.78
        ([(2, 1, 25), (0, 1, 75), (0, 0, 90)], 1),  # 0 and 0.4
        ([(2, 1, 24), (0, 1, 76), (0, 0, 90)], 0),
        ([(2, 1, 60), (2, 2, 100), (0, 0, 90)], 0),  # 2 covers 1, and is better where it is
        ([(2, 1, 60), (2, 2, 10), (0, 2, 90)], 1),
    ],
)
def test_thresholds_of_exchanged_labels(rows, told):
    assert len(label_findings([counted(rows)], {}, ())) == told


def test_nothing_in_common():
    truth, found = volumes(3, (1, 2))
    apart = {case: np.roll(values, 6, axis=1) for case, values in found.items()}
    assert findings(truth, apart) == (
        "no voxel is shared by truth and found in any of the 4 cases: are they of the same cases, "
        "and in the same place?",
    )
    some = dict(apart, case_3=found["case_3"])
    assert findings(truth, some) == ()
    (text,) = findings(truth, found, labels="7=spleen,8=lung")
    assert text == (
        "no case has a voxel of spleen, lung, neither true nor found; the volumes have the labels "
        "1, 2"
    )


def test_findings_are_on_the_screen_and_in_every_file(tmp_path, capsys):
    truth, found = volumes(4, (1, 2))
    found = {case: relabeled(values, {1: 2, 2: 1}) for case, values in found.items()}
    folders = write_folders(tmp_path, truth, found)
    for path in sorted(folders[1].iterdir())[1:]:
        path.rename(path.with_name(f"net-{path.name}"))
    outputs = [tmp_path / "a.json", tmp_path / "a.html"]
    options = [part for path in outputs for part in ("--out", str(path))]
    assert main(["segmentation", *map(str, folders), *options]) == 1
    shown = capsys.readouterr().out
    told = [line for line in shown.splitlines() if line.startswith("attention: ")]
    assert len(told) == 2
    assert told[0] == (
        "attention: only 1 of 4 cases of the truth have a partner in found, and 3 of found have "
        "none in the truth (such as 'case_1', and 'net-case_1'); 3 match with "
        "pattern=('case_*.nii.gz', 'net-case_*.nii.gz'), which is "
        "--pattern 'case_*.nii.gz,net-case_*.nii.gz'"
    )
    assert "labels 1 and 2 seem to be exchanged in the case" in told[1]
    payload = json.loads(outputs[0].read_text())
    assert [f"attention: {text}" for text in payload["settings"]["findings"]] == told
    assert outputs[1].read_text().count('<p class="finding"') == 2


def test_keys_of_mappings():
    truth, found = volumes(5, (1, 2))
    with pytest.raises(
        ValueError, match="use the same keys: 4 differ from a name there only by a f"
    ):
        segmentation(truth=truth, found={f"{case}.nii.gz": x for case, x in found.items()})
    other = {case.upper() if case != "case_0" else case: x for case, x in found.items()}
    (text,) = findings(truth, other)
    assert (
        "1 of 4 cases of found are in the truth; 3 differ from a name there only by upper" in text
    )


def scans(folder, *names):
    for name in names:
        write_nifti(folder / name, np.zeros((3, 4, 5), np.int16) + len(name))
    return folder


def test_images_of_cases_under_other_names(tmp_path):
    mask = np.zeros((3, 4, 5), np.uint8)
    mask[1:3, 1:3, 1:3] = 1
    for side, subject in itertools.product(("t", "f"), ("01", "02")):
        write_nifti(tmp_path / side / f"sub-{subject}/anat/sub-{subject}_dseg.nii.gz", mask)
    report = segmentation(
        truth=tmp_path / "t", found=tmp_path / "f", pattern="sub-*/anat/sub-*_dseg.nii.gz"
    )
    assert report.evidence.items == ("sub-01", "sub-02")
    folders = [
        scans(tmp_path / "a", "sub-01.nii.gz", "sub-02.nii.gz", "notes.nii.gz"),
        scans(tmp_path / "b", "SUB-01_0000.nii.gz", "SUB-01_0001.nii.gz"),
        scans(tmp_path / "c", "sub-01_dseg.nii.gz"),
        scans(tmp_path / "d", "sub-01_0000.nii.gz", "sub-01_0001.nii.gz", "sub-02_0000.nii.gz"),
        tmp_path / "e" / "sub-*_T1w.nii.gz",
        tmp_path / "g" / "*" / "**" / "sub-*_T1w.nii.gz",
    ]
    scans(tmp_path / "e", "sub-01_T1w.nii.gz", "sub-02_T1w.nii.gz", "sub-01_T2w.nii.gz")
    scans(tmp_path / "g", *(f"sub-{x}/anat/sub-{x}_T1w.nii.gz" for x in ("01", "02")))
    for images in folders:
        report.picture(tmp_path / "a.png", case="sub-01", images=images)
        report.picture(tmp_path / "a.png", case="sub-01", images=str(images))
    report.picture(tmp_path / "a.png", case="sub-01", images={"sub-01": mask})
    with pytest.raises(
        ValueError, match="has no image of the case 'sub-02'; its images are SUB-01_0"
    ):
        report.picture(case="sub-02", images=folders[1])
    twice = scans(tmp_path / "h", "sub-01_mask.nii.gz", "sub-01_out.nii.gz")
    with pytest.raises(
        ValueError, match=r"sub-01_mask\.nii\.gz and sub-01_out\.nii\.gz could both"
    ):
        report.picture(case="sub-01", images=twice)
    with pytest.raises(ValueError, match="is not a folder of images"):
        report.picture(case="sub-01", images=Path(tmp_path / "nothing"))


def test_reports_compare_whatever_the_pattern_named_their_cases(tmp_path):
    truth, found = random_cases(7)
    worse = {case: np.roll(values, 1, axis=1) for case, values in found.items()}
    for side, volumes_of in (("t", truth), ("f", found), ("w", worse)):
        for case, values in volumes_of.items():
            write_nifti(tmp_path / side / f"{case}_seg.nii.gz", values)
    one = segmentation(truth=tmp_path / "t", found=tmp_path / "f", metrics=["dice"])
    assert one.evidence.items[0] == "case_0_seg"
    two = segmentation(
        truth=tmp_path / "t", found=tmp_path / "w", metrics=["dice"], pattern="*_seg.nii.gz"
    )
    assert two.evidence.items[0] == "case_0"
    plain = segmentation(truth=tmp_path / "t", found=tmp_path / "w", metrics=["dice"])
    result, wanted = (compare(one, other, names=["a", "b"]) for other in (two, plain))
    assert result.settings["notes"][0] == (
        "6 cases of b have other names in a, where their truth is the same (first: 'case_0' is "
        "'case_0_seg' there)"
    )
    assert result.table_rows == wanted.table_rows
    assert result.pair_rows == wanted.pair_rows


def test_cases_are_told_by_a_truth_that_no_other_has():
    first = {"a": "1", "b": "2", "c": "3", "d": "3", "e": None}
    other = {"x": "1", "b": "2", "y": "3", "z": "4", "w": None}
    assert case_names([first, other, first]) == [{}, {"x": "a"}, {}]
    assert case_names([first, {"x": "1", "a": "5"}]) == [{}, {}]
    first = {"p1_seg": "3", "p2_seg": "3", "p3": "4"}
    assert case_names([first, {"p1": "3", "P2_gt": "3", "p3_out": "3", "q": "4"}]) == [
        {},
        {"p1": "p1_seg", "P2_gt": "p2_seg", "q": "p3"},
    ]


def test_one_file_on_both_sides_is_said(tmp_path):
    truth, found = write_folders(tmp_path, *random_cases(0, 2))
    names = sorted(path.name for path in Path(truth).iterdir())
    (Path(found) / names[0]).unlink()
    (Path(found) / names[0]).symlink_to(Path(truth) / names[0])
    report = segmentation(truth=truth, found=found, progress=False)
    assert "1 case of 2 has one file as truth and found" in " ".join(report.findings)
