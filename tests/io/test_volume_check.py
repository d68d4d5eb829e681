"""Checks of volumes: headers alone, grids, labels, and findings."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from overlap.io import read_volume
from overlap.io.candidate import Candidate
from overlap.io.folder_check import inspect_folder
from overlap.io.volumes import read_header
from overlap.io.volumes.check import inspect_volume, label_counts, orientation

from .volume_files import labels, oblique, write_itk, write_nibabel


def look(path, **how):
    return inspect_volume(Candidate(str(path)), **how)


def written(folder, suffix):
    path = folder / f"a{suffix}"
    if suffix in (".nii", ".nii.gz"):
        return write_nibabel(path, labels())
    if suffix == ".npy":
        np.save(path, labels())
    elif suffix == ".npz":
        np.savez_compressed(path, labels())
    else:
        write_itk(path, labels(), compressed=suffix in (".mha", ".nrrd"))
    return path


SUFFIXES = (".nii", ".nii.gz", ".mha", ".mhd", ".nrrd", ".tif", ".npy", ".npz")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_headers_agree_with_volumes(suffix, tmp_path):
    path = written(tmp_path, suffix)
    header, volume = read_header(path), read_volume(path)
    assert header.grid.shape == volume.grid.shape
    assert header.grid.spacing == volume.grid.spacing
    assert header.dtype.newbyteorder("=") == volume.values.dtype
    assert header.notes == volume.notes
    assert header.files == volume.files
    if volume.affine is None:
        assert header.grid.affine is None
    else:
        assert np.array_equal(header.grid.affine, volume.affine)


def test_a_header_is_read_without_its_voxels(tmp_path):
    path = write_nibabel(tmp_path / "a.nii.gz", labels(shape=(60, 60, 60)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert look(path, voxels=False).what == "volume, NIfTI"
    with pytest.raises(ValueError, match="truncated"):
        look(path)


@pytest.mark.parametrize("suffix", [".nii", ".mha"])
def test_voxels_that_are_not_compressed_are_missed_without_reading_them(suffix, tmp_path):
    write = write_nibabel if suffix == ".nii" else write_itk
    path = write(tmp_path / f"a{suffix}", labels())
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="truncated"):
        read_header(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_labels_are_counted(suffix, tmp_path):
    facts = dict(look(written(tmp_path, suffix)).facts)
    values, counts = np.unique(labels(), return_counts=True)
    assert facts["labels"] == f"{len(values) - 1} besides 0, the background"
    for label, count in zip(values[1:].tolist(), counts[1:].tolist(), strict=True):
        assert facts[f"label {label}"].startswith(f"{count} voxels")


def test_volumes_of_labels_are_in_mm3(tmp_path):
    values = np.zeros((4, 5, 6), np.int16)
    values[0, 0, :3] = 7
    path = write_nibabel(tmp_path / "a.nii", values, np.diag([2.0, 2.0, 5.0, 1.0]))
    assert dict(look(path).facts)["label 7"] == "3 voxels, 60 mm3"


@pytest.mark.parametrize(
    "values",
    [
        np.array([[-5, 3], [3, 0]], np.int32),
        np.array([[0, 2**40], [1, 1]], np.int64),
        np.array([[True, False]]),
        np.array([[0, 2**64 - 1]], np.uint64),
    ],
)
def test_counts_are_those_of_unique(values):
    names, counts = np.unique(values, return_counts=True)
    assert label_counts(values) == dict(zip(map(int, names), counts.tolist(), strict=True))


def test_orientations_are_those_of_nibabel():
    rng = np.random.default_rng(3)
    for affine in [oblique(), *(oblique()[:, [*rng.permutation(3), 3]] for _ in range(6))]:
        signs = np.diag([*rng.choice([-1.0, 1.0], 3), 1.0])
        letters = "".join(nibabel.aff2axcodes(affine @ signs))
        assert orientation(affine @ signs, 3) == letters


# ------------------------------------------------------------------------------ oddities


def odd(folder, values, affine=None, **header):
    return " ".join(look(write_nibabel(folder / "a.nii", values, affine, **header)).findings)


def test_good_volumes_have_nothing_odd(tmp_path):
    assert odd(tmp_path, labels()) == ""


def test_contradictions_of_a_header(tmp_path):
    image = nibabel.Nifti1Image(labels(), np.eye(4))
    image.set_sform(np.diag([1.0, 1.0, 2.0, 1.0]), 1)
    image.set_qform(np.diag([1.0, 1.0, 3.0, 1.0]), 1)
    nibabel.save(image, tmp_path / "a.nii")
    said = look(tmp_path / "a.nii").findings
    assert "sform and qform differ" in said[0]
    assert "spacing of 1 x 1 x 3 mm, and its affine one of 1 x 1 x 2 mm" in said[1]


def test_odd_affines(tmp_path):
    sheared = np.diag([1.0, 1.0, 2.0, 1.0])
    sheared[0, 1] = 0.3
    assert "the affine is sheared" in odd(tmp_path, labels(), sheared)
    assert "is the unit right?" in odd(tmp_path, labels(), np.diag([5e-4, 5e-4, 1e-3, 1.0]))


def test_odd_labels(tmp_path):
    assert "has no label but 0" in odd(tmp_path, np.zeros((4, 4, 4), np.uint8))
    assert "no voxel is 0" in odd(tmp_path, np.ones((4, 4, 4), np.uint8))
    assert "1 label is negative, the first -1" in odd(tmp_path, labels(np.int16) - np.int16(1))
    noise = np.arange(4096, dtype=np.int16).reshape(16, 16, 16)
    assert "is it an image?" in odd(tmp_path, noise)
    gray = np.arange(4096).reshape(16, 16, 16).astype(np.uint8)
    assert "--soft --scale 255" in odd(tmp_path, gray)


def test_volumes_of_no_labels(tmp_path):
    shares = np.random.default_rng(0).random((4, 5, 6)).astype(np.float32)
    seen = look(write_nibabel(tmp_path / "a.nii.gz", shares))
    assert seen.what == "map of probabilities, NIfTI"
    assert "compare it with soft=True (--soft)" in seen.findings[0]
    seen = look(write_nibabel(tmp_path / "b.nii.gz", 900 * shares))
    assert seen.what == "image, NIfTI"
    with pytest.raises(ValueError, match="wanted whole numbers") as error:
        read_volume(tmp_path / "b.nii.gz")
    assert str(error.value).endswith(seen.findings[0])


def test_a_folder_names_its_faults(tmp_path):
    for case in "abc":
        write_nibabel(tmp_path / f"{case}.nii.gz", labels())
    write_itk(tmp_path / "d.mha", labels())
    (tmp_path / "c.nii.gz").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("x")
    seen = inspect_folder(Candidate(str(tmp_path)))
    facts = dict(seen.facts)
    assert facts["cases"] == "4: a, b, ..., d"
    assert facts["format"] == ".nii.gz (3); .mha (1)"
    assert facts["left out"].startswith("1 file is no volume")
    assert facts["label 5"] == "in 3 cases"
    assert seen.findings == ["c: the file is empty"]
    assert dict(inspect_folder(Candidate(str(tmp_path)), voxels=False).facts)["labels"] == (
        "not known: voxels were not read"
    )
