"""Segmentation: what stands for a volume, and what is refused."""

import json
from dataclasses import replace

import nibabel
import numpy as np
import pytest
import SimpleITK
from nibabel.orientations import apply_orientation, inv_ornt_aff

from overlap.evaluate import segmentation, segmentation_study
from overlap.io import Volume

from .volume_cases import random_cases, write_nifti

SPACING = (1.5, 1.0, 2.0)
AFFINE = np.diag([*SPACING, 1.0])
METRICS = ["dice", "volume_truth", "hd95"]
LABELS = {"liver": (1,), "tumor": (2,)}


def itk(values):
    """Make an ITK image at the places of AFFINE, which it takes in LPS."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values.T))
    image.SetSpacing(SPACING)
    image.SetDirection((-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0))
    return image


def nifti(values):
    return nibabel.Nifti1Image(values, AFFINE)


def volume(values):
    return Volume(values, AFFINE, SPACING, "mm", "a volume")


def run(truth, found, **options):
    return segmentation(truth=truth, found=found, labels=LABELS, metrics=METRICS, **options)


def same_numbers(report, other):
    assert dict(report.items).keys() == dict(other.items).keys()
    for name, value in report.items:
        assert value == pytest.approx(dict(other.items)[name], nan_ok=True, abs=0), name


@pytest.mark.parametrize("make", [itk, nifti, volume])
@pytest.mark.parametrize("other", [itk, nifti, volume, np.asarray])
def test_images_are_volumes_with_their_grid(make, other):
    truth, found = random_cases(11)
    expected = run(truth, found, spacing=SPACING)
    report = run(
        {case: make(values) for case, values in truth.items()},
        {case: other(values) for case, values in found.items()},
    )
    same_numbers(report, expected)
    assert set(report.table["unit"]) == {"1", "mm", "mm3"}
    assert report.settings["failures"] == []
    one = run(make(truth["case_1"]), other(found["case_1"]))
    assert one.summary["dice"] == run(truth["case_1"], found["case_1"]).summary["dice"]


def test_images_on_other_grids_fail():
    truth, found = random_cases(11)
    sides = {case: nifti(values) for case, values in truth.items()}
    others = {case: itk(values) for case, values in found.items()}
    others["case_2"].SetOrigin((5.0, 0.0, 0.0))
    others["case_3"].SetSpacing((1.5, 1.0, 2.5))
    report = run(sides, others)
    assert report.failures["case"].tolist() == ["case_2", "case_3"]
    assert (
        "found of 'case_2' is not on the grid of truth of 'case_2': its first voxel"
        in (report.failures["reason"][0])
    )
    with pytest.raises(
        ValueError, match=r"truth of 'case': has a spacing of its own, \(1\.5, 1\.0"
    ):
        run(sides["case_0"], others["case_0"], spacing=SPACING)
    cube = np.zeros((4, 3, 4), np.uint8)
    with pytest.raises(ValueError, match="whose order of axes cannot be told"):
        run(cube, itk(cube))
    assert run(cube, nifti(cube)).summary["n_cases"] == 1


def test_images_are_told_apart_by_their_voxels_and_their_grid(tmp_path):
    truth, found = random_cases(11)
    sides = truth["case_1"], found["case_1"]
    report = run(*map(itk, sides), resume=tmp_path)
    assert run(*map(itk, sides), resume=tmp_path).settings["notes"][0].startswith("1 cases were m")
    report.picture(tmp_path / "a.png")
    images = [*map(itk, sides)]
    for image in images:
        image.SetSpacing((1.5, 1.0, 3.0))
    again = run(*images, resume=tmp_path)
    assert "have changed since and were measured again" in again.settings["notes"][0]
    digests = [one.settings["inputs"][0]["truth_sha256"] for one in (report, again)]
    assert digests[0] != digests[1]
    cohort = replace(report.evidence.cohort, cases={"case": tuple(images)})
    changed = replace(report, evidence=replace(report.evidence, cohort=cohort))
    with pytest.raises(ValueError, match="has changed since it was evaluated"):
        changed.picture(tmp_path / "b.png")


@pytest.mark.parametrize("shape", [(3, 8, 9), (2, 5, 6, 7)])
def test_layers_of_classes_are_refused(shape):
    labels = np.random.default_rng(5).integers(0, shape[0], shape[1:])
    layers = np.moveaxis(np.eye(shape[0], dtype=np.uint8)[labels], -1, 0)
    with pytest.raises(ValueError, match=r"argmax"):
        segmentation(truth=layers, found=layers, metrics=["dice"])
    report = segmentation(truth=layers.argmax(0), found=labels, metrics=["dice"])
    assert report.summary["dice"] == 1.0


def test_arrays_with_more_axes_are_read_as_files_are():
    cube = random_cases(11)[0]["case_1"]
    report = run(cube[..., None, None], cube, spacing=SPACING)
    assert report.summary["dice"] == 1.0
    assert (
        "truth of 'case': its shape 7 x 6 x 5 x 1 x 1 was read as 7 x 6 x 5"
        in (report.settings["notes"])
    )
    with pytest.raises(ValueError, match=r"truth of 'case': has 4 axes \(1 x 7 x 6 x 5\); wanted"):
        run(cube[None], cube[None])


def stored_otherwise(values, order, flips):
    """Return the same voxels at the same places, in another order of axes."""
    turns = np.array([[order[axis], -1 if axis in flips else 1] for axis in range(3)])
    return apply_orientation(values, turns), AFFINE @ inv_ornt_aff(turns, values.shape)


@pytest.mark.parametrize(("order", "flips"), [((0, 1, 2), (0, 1)), ((2, 0, 1), (1,))])
def test_reorient(tmp_path, order, flips):
    truth, found = random_cases(11)
    folders = [tmp_path / "truth", tmp_path / "found"]
    for folder in folders:
        folder.mkdir()
    for case in truth:
        write_nifti(folders[0] / f"{case}.nii.gz", truth[case], AFFINE)
        turned = stored_otherwise(found[case], order, flips) if case != "case_0" else None
        write_nifti(folders[1] / f"{case}.nii.gz", *(turned or (found[case], AFFINE)))
    refused = run(*folders)
    assert len(refused.failures) == 5
    assert "; reorient=True (--reorient) does that" in refused.failures["reason"][0]
    report = run(*folders, reorient=True, resume=tmp_path / "kept")
    same_numbers(report, run(truth, found, spacing=SPACING))
    assert report.settings["reorient"] is True
    assert "reorient" not in refused.settings
    (note,) = [note for note in report.settings["notes"] if "was read with" in note]
    assert "found/case_1.nii.gz: was read with " in note
    assert note.endswith("flipped, to lie on the grid of the truth (and so were 4 others)")
    again = run(*folders, reorient=True, resume=tmp_path / "kept")
    same_numbers(again, report)
    assert "6 cases were measured by an earlier run" in again.settings["notes"]
    report.picture(tmp_path / "a.png", case="case_4", label="liver")
    stale = run(*folders, resume=tmp_path / "kept")
    assert len(stale.failures) == 5


def test_reorient_leaves_what_lies_elsewhere(tmp_path):
    truth, found = random_cases(11)
    moved = AFFINE.copy()
    moved[0, 3] = 40.0
    sides = {"a": nifti(truth["case_1"]), "b": nifti(truth["case_2"])}
    others = {
        "a": nibabel.Nifti1Image(found["case_1"], moved),
        "b": nibabel.Nifti1Image(*stored_otherwise(found["case_2"], (1, 0, 2), (2,))),
    }
    report = run(sides, others, reorient=True)
    assert report.failures["case"].tolist() == ["a"]
    assert "its first voxel is at (40, 0, 0) mm" in report.failures["reason"][0]


def test_a_list_is_a_list_of_cases(tmp_path):
    truth, found = random_cases(11)
    expected = run(truth, found, spacing=SPACING)
    for kind in (list, tuple):
        report = run(kind(truth.values()), kind(found.values()), spacing=SPACING)
        same_numbers(report, expected)
        assert report.evidence.items == tuple(f"case_{k}" for k in range(1, 7))
    images = run([itk(x) for x in truth.values()], [nifti(x) for x in found.values()])
    same_numbers(images, expected)
    shapes = run([np.ones((3, 4)), np.ones((5, 2))], [np.ones((3, 4)), np.ones((5, 2))])
    assert shapes.summary["n_cases"] == 2
    paths = [[], []]
    for side, volumes in enumerate((truth, found)):
        (tmp_path / str(side)).mkdir()
        for case in ("case_3", "case_1"):
            path = tmp_path / str(side) / f"{case}.nii.gz"
            paths[side].append(write_nifti(path, volumes[case], AFFINE) or path)
    files = run(*paths)
    assert files.evidence.items == ("case_1", "case_3")
    assert files.summary["n_failed"] == 0
    with pytest.raises(ValueError, match=r"same cases in another order \(at 0: 'case_3' and"):
        run(paths[0], paths[1][::-1])
    with pytest.raises(ValueError, match="truth is a list of 2 volumes and found of 1"):
        run(paths[0], paths[1][:1])
    with pytest.raises(ValueError, match="truth is a list of volumes and found a volume"):
        run([truth["case_1"]], found["case_1"])
    nested = segmentation(truth=[[0, 1, 1], [0, 1, 1]], found=[[0, 1, 0], [0, 1, 1]])
    assert nested.summary["n_cases"] == 1


def test_a_list_inside_a_case_is_refused():
    cube = np.ones((3, 3, 3), np.uint8)
    report = segmentation(
        truth={"a": cube, "b": [cube, cube]}, found={"a": cube, "b": [cube, cube]}
    )
    assert report.failures["case"].tolist() == ["b"]
    assert "truth of 'b': expected one array, got a list of 2" in report.failures["reason"][0]
    study = segmentation_study(metrics=["dice"])
    study = study.add("b", case="b", truth=[cube], found=[cube]).add(
        "a", case="a", truth=cube, found=cube
    )
    assert study.report().failures["case"].tolist() == ["b"]


def test_near_labels_are_said(tmp_path):
    truth, found = random_cases(11)
    for side in ("truth", "found"):
        (tmp_path / side).mkdir()
    for case in truth:
        write_nifti(tmp_path / "truth" / f"{case}.nii.gz", truth[case], AFFINE)
        write_nifti(
            tmp_path / "found" / f"{case}.nii.gz",
            found[case].astype(np.float32) * 1.0000153,
            AFFINE,
        )
    report = run(tmp_path / "truth", tmp_path / "found")
    same_numbers(report, run(truth, found, spacing=SPACING))
    assert "labels that are up to 3.05e-05 from whole numbers were rounded" in "".join(
        json.loads(report.to_json())["settings"]["notes"]
    )


@pytest.mark.parametrize(("order", "flips"), [((0, 1, 2), (0, 1)), ((2, 0, 1), (1,))])
def test_images_of_a_picture_lie_as_the_labels(tmp_path, monkeypatch, order, flips):
    truth, found = random_cases(11)
    sides = ({"a": nifti(values["case_1"])} for values in (truth, found))
    report = run(*sides)
    scan = np.random.default_rng(0).integers(0, 900, truth["case_1"].shape).astype(np.int16)
    turned = stored_otherwise(scan, order, flips)
    path = write_nifti(tmp_path / "a.nii.gz", *turned)
    drawn = []
    monkeypatch.setattr(
        "overlap.evaluate._segmentation.picture.draw_planes",
        lambda *_, image, **__: drawn.append(image),
    )
    for images in (tmp_path, {"a": path}, {"a": nibabel.Nifti1Image(*turned)}, {"a": itk(scan)}):
        report.picture(images=images)
        np.testing.assert_array_equal(drawn[-1], scan)
    report.picture(images={"a": scan})
    np.testing.assert_array_equal(drawn[-1], scan)
    with pytest.raises(ValueError, match=r"the image of 'a' has shape \(6, 6, 5\), its labels \(7"):
        report.picture(images={"a": scan[1:]})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": {"liver": 1.7}}, r"labels\['liver'\]: 1.7 is no label; wanted whole numbers"),
        ({"labels": [1, np.nan]}, "labels: nan is no label"),
        ({"labels": [True]}, "labels: True is no label"),
        ({"labels": {1: "liver"}}, r"labels\[1\]: 'liver' is no label; .* as in \{'liver': 1\}"),
        ({"ignore": 2.5}, "ignore: 2.5 is no label; wanted whole numbers"),
        ({"ignore": "1,2"}, "ignore: '1,2' is no label"),
    ],
)
def test_labels_are_whole_numbers(options, message):
    with pytest.raises(ValueError, match=message):
        segmentation(truth=[[1, 2]], found=[[1, 2]], metrics="dice", **options)


@pytest.mark.parametrize(
    "labels", ["1,2", " 2, 1", 1, {1, 2}, range(1, 3), ["1", 2.0], np.uint8(2)]
)
def test_numbers_of_labels_in_any_form(labels):
    report = segmentation(truth=[[1, 2]], found=[[1, 1]], labels=labels, metrics="dice")
    dice = dict(zip(report.table["label"], report.table["value"], strict=True))
    assert dice.items() <= {"1": 2 / 3, "2": 0.0}.items()
    assert len(dice) == (1 if isinstance(labels, int | np.uint8) else 2)


def test_an_ignored_label_is_not_scored():
    truth, found = [[1, 1, 255, 0]], [[1, 255, 255, 0]]
    report = segmentation(truth=truth, found=found, ignore=255, metrics="dice")
    assert report.table[["label", "value"]].values.tolist() == [["1", 2 / 3]]
    objects = segmentation(
        truth=truth, found=found, ignore=255, metrics="pq", instances="labels"
    ).table
    assert objects["label"].tolist() == ["all"]


def test_a_volume_takes_no_spacing_beside_its_own():
    some = volume(np.ones((3, 3, 3), np.uint8))
    with pytest.raises(ValueError, match="is a Volume, which takes no spacing=; read_volume does"):
        segmentation(truth=some, found=some, spacing=(5.0, 5.0, 5.0))


def test_grids_that_make_odd_distances_are_said(tmp_path):
    flat, thick = np.zeros((1, 9, 9), np.uint8), np.zeros((3, 9, 9), np.uint8)
    flat[:, 2:6, 2:6] = thick[:, 2:6, 2:6] = 1
    note = "has one layer along x, so that every voxel of a set is on its surface"
    assert any(note in text for text in segmentation(truth=flat, found=flat, metrics="hd").notes())
    for truth, metric in ((flat, "dice"), (thick, "hd"), (flat[0], "hd")):
        assert not any(
            "layer" in x for x in segmentation(truth=truth, found=truth, metrics=metric).notes()
        )
    for sides, doubts in [
        ((3, 1, 1), False),
        ((1, 1, 3), True),
        ((1, 2, 3), False),
        ((1,) * 3, False),
    ]:
        notes = segmentation(truth=thick, found=thick, spacing=sides, metrics="hd").notes()
        assert any("it stands in the order of the axes" in note for note in notes) == doubts
    large = nibabel.Nifti1Image(thick, np.diag([1.0, 1.0, 1.0, 1.0]))
    large.header.set_xyzt_units("meter")
    nibabel.save(large, tmp_path / "a.nii")
    path = str(tmp_path / "a.nii")
    (note,) = segmentation(truth=path, found=path, metrics="dice").notes()
    assert "its voxels have sides of 1000 x 1000 x 1000 mm: is the unit right?" in note


def test_rules_in_millimeters_say_that_voxels_have_no_size():
    truth = np.ones((5, 5, 5), np.uint8)
    told = "lesion_dice: the rules have millimeters, and a voxel counts as 1 mm"
    for spacing, wanted in ((None, True), ((1.0, 1.0, 1.0), False)):
        report = segmentation(truth=truth, found=truth, metrics="lesion_dice", spacing=spacing)
        assert any(told in note for note in report.notes()) == wanted
    assert not any(told in note for note in segmentation(truth=truth, found=truth).notes())
