"""Spacings of files: the decimals that headers of float32 stand for, straight and oblique."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from overlap.evaluate import segmentation
from overlap.io import read_volume

nibabel = pytest.importorskip("nibabel")

SIDES = [k / 10 for k in range(3, 34)]


def write(path, sides, *, turn=None, form="sform", stated=None, unit="mm", values=None):
    """Write a NIfTI file; `stated` replaces the spacing that its header names."""
    affine = np.eye(4)
    affine[:3, :3] = (np.eye(3) if turn is None else turn) * np.array(sides)
    values = np.zeros((3, 3, 3), np.uint8) if values is None else values
    image = nibabel.Nifti1Image(values, affine)
    image.header.set_xyzt_units(unit)
    if form == "qform":
        image.set_qform(affine, 1)
        image.set_sform(None, 0)
    data = bytearray(image.to_bytes())
    if form == "none":
        image.set_sform(None, 0)
        image.set_qform(None, 0)
        data = bytearray(image.to_bytes())
    if stated is not None:
        data[80:92] = np.array(stated, "<f4").tobytes()
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("side", SIDES)
def test_straight_and_oblique(tmp_path, side):
    sides = (side, float(f"{2 * side:.3g}"), 1.0)
    turns = [None, *Rotation.random(3, random_state=round(10 * side)).as_matrix()]
    for turn in turns:
        for form in ("sform", "qform"):
            assert (
                read_volume(write(tmp_path / "a.nii", sides, turn=turn, form=form)).spacing == sides
            )
        # a program that has read the affine states what its rounded columns give
        columns = np.eye(3) * sides if turn is None else (turn * np.array(sides)).astype("f4")
        stated = np.linalg.norm(columns.astype(float), axis=0)
        path = write(tmp_path / "a.nii", sides, turn=turn, stated=stated)
        assert read_volume(path).spacing == sides
        # only the columns of the sform know: each component was rounded by itself
        path = write(tmp_path / "a.nii", sides, turn=turn, stated=(7.0, 7.0, 7.0))
        assert read_volume(path).spacing == sides
    assert read_volume(write(tmp_path / "a.nii", sides, form="none")).spacing == sides


@pytest.mark.parametrize("side", SIDES)
def test_other_units(tmp_path, side):
    turn = Rotation.random(random_state=1).as_matrix()
    for unit, factor in (("micron", 1000), ("meter", 0.001)):
        sides = [float(f"{side * factor:.3g}")] * 3
        for kind in (None, turn):
            path = write(tmp_path / "a.nii", sides, turn=kind, unit=unit)
            assert read_volume(path).spacing == (side,) * 3


def test_what_is_no_short_decimal_stays(tmp_path):
    sides = (250 / 2048, 220 / 256, 0.58594)
    for turn in (None, Rotation.random(random_state=5).as_matrix()):
        assert read_volume(write(tmp_path / "a.nii", sides, turn=turn)).spacing == sides


def test_text_that_was_float32(tmp_path):
    header = (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nTransformMatrix = {}\nOffset = 0 0 0\n"
        "ElementSpacing = 0.80000001192092896 0.7 3.2999999523162842\nDimSize = 1 1 1\n"
        "ElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
    )
    turn = Rotation.random(random_state=2).as_matrix()
    for matrix in (np.eye(3), turn, turn.round(6)):
        text = header.format(" ".join(map(repr, matrix.ravel().tolist())))
        (tmp_path / "a.mha").write_bytes(text.encode() + b"\0")
        assert read_volume(tmp_path / "a.mha").spacing == (0.8, 0.7, 3.3)
    nrrd = (
        "NRRD0004\ntype: uchar\ndimension: 3\nspace: left-posterior-superior\nsizes: 1 1 1\n"
        "space directions: {}\nencoding: raw\nspace origin: (0,0,0)\n\n"
    )
    for matrix in (np.eye(3), turn):
        columns = (matrix * np.array([0.8, 0.7, 3.3])).T.tolist()
        vectors = " ".join("(" + ",".join(map(repr, column)) + ")" for column in columns)
        (tmp_path / "a.nrrd").write_bytes(nrrd.format(vectors).encode() + b"\0")
        assert read_volume(tmp_path / "a.nrrd").spacing == (0.8, 0.7, 3.3)


def test_a_spacing_that_the_affine_contradicts_is_not_taken(tmp_path):
    turn = Rotation.random(random_state=3).as_matrix()
    path = write(tmp_path / "a.nii", (0.8, 0.8, 0.8), turn=turn, stated=(0.9, 0.8, 1.0))
    assert read_volume(path).spacing == (0.8, 0.8, 0.8)


@pytest.mark.parametrize("side", [0.3, 0.7, 0.8, 1.1, 3.3])
def test_metrics_of_files_at_the_tolerance(tmp_path, side):
    truth = np.zeros((16, 12, 12), np.uint8)
    truth[3:9, 3:9, 3:9] = 1
    turn = Rotation.random(random_state=4).as_matrix()
    for kind in (None, turn):
        paths = [
            write(tmp_path / f"{name}.nii", (side,) * 3, turn=kind, values=values)
            for name, values in (("truth", truth), ("found", np.roll(truth, 2, 0)))
        ]
        width = f"{2 * side:.1f}"
        report = segmentation(
            truth=paths[0], found=paths[1], labels=[1],
            metrics=[f"nsd@{width}mm", f"nsd@{side}mm", f"biou@{width}mm", "hd", "volume_truth"],
        )  # fmt: skip
        voxels = segmentation(
            truth=truth, found=np.roll(truth, 2, 0), labels=[1], metrics=["nsd@1", "biou@2"]
        )
        values = report.summary
        assert values[f"nsd@{width}mm"] == 1.0
        assert values[f"nsd@{side}mm"] == voxels.summary["nsd@1"] < 1.0
        assert values[f"biou@{width}mm"] == voxels.summary["biou@2"]
        assert values["hd"] == pytest.approx(2 * side, rel=1e-15)
        assert values["volume_truth"] == pytest.approx(216 * side**3, rel=1e-14)


def test_a_stated_spacing_that_the_affine_contradicts_is_said(tmp_path):
    path = write(tmp_path / "a.nii", (1.0, 1.0, 2.0), stated=(3.0, 3.0, 3.0))
    (note,) = read_volume(path).notes
    assert note == (
        "its header says a spacing of 3 x 3 x 3 mm, and its affine one of 1 x 1 x 2 mm; the affine "
        "is used"
    )
    assert read_volume(write(tmp_path / "a.nii", (0.1, 0.2, 0.3))).notes == ()


@pytest.mark.parametrize("slope", [1.0 / 255.0, 0.009, 1e-30])
def test_scaled_numbers_do_not_become_background(tmp_path, slope):
    values = np.zeros((3, 3, 3), np.uint8)
    values[1, 1, 1] = 1
    path = write(tmp_path / "a.nii", (1.0, 1.0, 1.0), values=values)
    data = bytearray(path.read_bytes())
    data[112:116] = np.array(slope, "<f4").tobytes()
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"voxel \(1, 1, 1\) is .* would become 0, the background"):
        read_volume(path)
    assert read_volume(path, soft=True).values.max() == np.float32(slope)
