import itertools
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from nibabel.orientations import apply_orientation, inv_ornt_aff

from overlap.io import GridMismatchError, check_same_grid, read_volume, reorient

from .volume_files import SPACING, labels, write_itk, write_nibabel


@pytest.fixture
def truth(tmp_path):
    return read_volume(write_nibabel(tmp_path / "truth.nii.gz", labels()))


def test_same_volume_in_two_formats(tmp_path, truth):
    for name in ("found.mha", "found.nrrd", "found.nii"):
        found = read_volume(write_itk(tmp_path / name, labels()))
        agreement = check_same_grid(truth, found)
        assert agreement.difference < 1e-5
        assert agreement.compared == ("shape", "spacing", "direction", "origin")
        np.testing.assert_array_equal(found.values, truth.values)


def test_what_a_file_does_not_say_is_not_compared(tmp_path, truth):
    np.save(tmp_path / "found.npy", labels())
    assert check_same_grid(truth, read_volume(tmp_path / "found.npy")).compared == ("shape",)
    found = read_volume(tmp_path / "found.npy", spacing=SPACING)
    agreement = check_same_grid(truth, found)
    assert agreement.compared == ("shape", "spacing")
    with pytest.raises(GridMismatchError, match=r"its spacing is \(0\.75, 1\.5, 3\) mm, that of"):
        check_same_grid(truth, replace(found, spacing=(0.75, 1.5, 3.0)))


@pytest.mark.parametrize("size", [0.9e-3, 1.1e-3])
def test_tolerance_is_relative_to_the_spacing(truth, size):
    changed = {"spacing": truth.affine.copy(), "origin": truth.affine.copy()}
    changed["spacing"][:, 1] *= 1 + size
    changed["origin"][2, 3] += size * np.linalg.norm(SPACING)
    for what, affine in changed.items():
        sides = tuple(np.linalg.norm(affine[:3, :3], axis=0).tolist())
        found = replace(truth, affine=affine, spacing=sides, path="found.nii")
        if size < 1e-3:
            assert check_same_grid(truth, found).difference == pytest.approx(size, rel=1e-3)
            continue
        wanted = {"spacing": "its spacing is", "origin": "its first voxel is at"}[what]
        with pytest.raises(GridMismatchError, match=rf"found\.nii is not on .*: {wanted}"):
            check_same_grid(truth, found)
        assert check_same_grid(truth, found, tolerance=2e-3).difference > 1e-3
    for tolerance in (-1.0, np.nan):
        with pytest.raises(ValueError, match="wanted a number of at least 0"):
            check_same_grid(truth, truth, tolerance=tolerance)


def test_rotation_is_named(truth):
    affine = truth.affine.copy()
    affine[:3, :3] = [[1, 0, 0], [0, 0, 1], [0, 1, 0]] @ affine[:3, :3]
    with pytest.raises(GridMismatchError, match=r"its y axis points to .*that of the truth to"):
        check_same_grid(truth, replace(truth, affine=affine))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)])
def test_exchanged_and_flipped_axes_are_recognized(tmp_path, truth, order, flips):
    if order == (0, 1, 2) and not flips:
        return
    # the same voxels at the same places, stored in another order: nibabel says where they lie
    turns = np.array([[order[axis], -1 if axis in flips else 1] for axis in range(3)])
    affine = truth.affine @ inv_ornt_aff(turns, truth.shape)
    values = apply_orientation(np.asarray(truth.values), turns)
    nibabel.save(nibabel.Nifti1Image(values, affine), tmp_path / "found.nii")
    found = read_volume(tmp_path / "found.nii")
    with pytest.raises(GridMismatchError, match="the grids are the same if it is read") as caught:
        check_same_grid(truth, found)
    text, how, _ = (
        str(caught.value).partition("if it is read with ")[2].partition("; reorient=True")
    )
    assert how
    # found's axes in the order of the truth's: truth axis k is found's axis order[k]
    moved = [axis for axis in range(3) if order[axis] != axis]
    parts = []
    if len(moved) == 2:
        parts.append(f"its axes swapped ({'xyz'[moved[0]]} <-> {'xyz'[moved[1]]})")
    elif moved:
        parts.append(f"its axes in the order {', '.join('xyz'[axis] for axis in order)}")
    if flips:
        parts.append(f"{' and '.join('xyz'[axis] for axis in flips)} flipped")
    assert text == ", then ".join(parts)
    turned = reorient(found, truth)
    assert turned.notes == (f"was read with {text}, to lie on the grid of the truth",)
    np.testing.assert_array_equal(turned.values, truth.values)
    assert check_same_grid(truth, turned).difference < 1e-6
    assert turned.sha256 == found.sha256
    assert reorient(turned, truth) is turned


def test_only_axes_whose_place_is_known_are_reoriented(tmp_path, truth):
    np.save(tmp_path / "found.npy", labels().T)
    found = read_volume(tmp_path / "found.npy")
    assert reorient(found, truth) is found
    apart = replace(truth, affine=truth.affine @ np.diag([-1.0, 1, 1, 1]))  # flipped, and elsewhere
    assert reorient(apart, truth) is apart
    with pytest.raises(ValueError, match="tolerance is -1"):
        reorient(truth, truth, -1)


def test_swapped_axes_without_an_affine(tmp_path, truth):
    np.save(tmp_path / "found.npy", labels().T)  # as SimpleITK hands it to NumPy
    found = read_volume(tmp_path / "found.npy")
    wanted = r"its shape is 4 x 7 x 5, that of the truth 5 x 7 x 4; .*swapped \(x <-> z\)"
    with pytest.raises(GridMismatchError, match=wanted) as caught:
        check_same_grid(truth, found)
    assert "reorient" not in str(caught.value)  # which does not change axes on a guess


def test_lps_stored_as_ras(truth):
    found = replace(truth, affine=np.diag([-1.0, -1, 1, 1]) @ truth.affine)
    with pytest.raises(GridMismatchError, match=r"opposite sign \(LPS stored as if it were RAS"):
        check_same_grid(truth, found)


def test_nothing_simple_helps(tmp_path, truth):
    found = replace(truth, values=np.zeros((5, 7, 6), np.uint8))
    with pytest.raises(GridMismatchError, match="resample one of them to the grid of the other"):
        check_same_grid(truth, found)
    np.save(tmp_path / "a.npy", np.zeros((5, 7), np.uint8))
    with pytest.raises(GridMismatchError, match="give both the same number of axes"):
        check_same_grid(truth, read_volume(tmp_path / "a.npy"))


@pytest.mark.reference
@pytest.mark.parametrize("kind", ["semantic", "matched_instance", "unmatched_instance"])
def test_spine_pair_is_within_the_tolerance(reference_data, kind):
    folder = reference_data / "masks" / "panoptica_spine" / kind
    truth, found = read_volume(folder / "ref.nii.gz"), read_volume(folder / "pred.nii.gz")
    assert truth.shape == found.shape == (512, 512, 17)
    assert truth.values.dtype.kind == found.values.dtype.kind == "u"
    np.testing.assert_allclose(truth.spacing, (0.58594, 0.58594, 3.3), rtol=1e-6)
    agreement = check_same_grid(truth, found)
    assert agreement.compared == ("shape", "spacing", "direction", "origin")
    apart = np.abs(truth.affine - found.affine).max()
    if kind == "semantic":
        assert apart == pytest.approx(6.4087e-4, rel=1e-4)
    assert agreement.difference < 1e-3
