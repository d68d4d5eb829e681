"""Labels as callers hold them: arrays of every sort, and image objects with a grid."""

import itertools

import nibabel
import numpy as np
import pytest
import SimpleITK
from PIL import Image

import overlap as ov
from overlap._common.label_arrays import check_one_hot, plain_bool

SPACING = (0.5, 1.5, 3.0)
AFFINE = np.diag([-0.5, -1.5, 3.0, 1.0])  # what SimpleITK's default place is in RAS+


def bytes_of_255(mask):
    """Return a mask whose true elements are bytes other than 1, as Pillow makes them."""
    return (mask.astype(np.uint8) * np.uint8(255)).view(bool)


def two_boxes(dtype=np.uint8):
    truth = np.zeros((12, 10, 8), dtype)
    truth[2:6, 3:7, 2:6] = 1
    truth[8:11, 2:8, 1:5] = 2
    return truth, np.roll(truth, (1, 0, -1), (0, 1, 2))


def itk(values, spacing=SPACING):
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values.T))
    image.SetSpacing(spacing[: values.ndim])
    return image


def nifti(values, affine=AFFINE):
    return nibabel.Nifti1Image(values, affine)


def test_bytes_of_bool_other_than_0_and_1():
    rng = np.random.default_rng(0)
    for shape in ((7,), (9, 13), (5, 6, 7)):
        good = rng.random(shape) < 0.5
        bad = good.view(np.uint8) * rng.integers(1, 256, shape).astype(np.uint8)
        for view in (bad.view(bool), np.asfortranarray(bad).view(bool), bad.view(bool)[..., ::-1]):
            want = good if view.strides != bad[..., ::-1].strides else good[..., ::-1]
            result = plain_bool(view)
            assert result.view(np.uint8).max() == 1
            np.testing.assert_array_equal(result, want)
    assert plain_bool(good) is good
    assert plain_bool(np.zeros((0, 3), bool)).shape == (0, 3)


@pytest.mark.kernels
def test_masks_of_other_bytes_are_the_same_masks():
    mask = np.zeros((20, 33), bool)
    mask[3:12, 5:20] = mask[15:18, 2:30] = True
    other = np.roll(mask, 1, axis=0)
    for a, b in itertools.product((mask, bytes_of_255(mask)), (other, bytes_of_255(other))):
        assert ov.contingency(a, b) == ov.contingency(mask, other)
        assert ov.surface_distances(a, b).hd95[1] == ov.surface_distances(mask, other).hd95[1] > 0
        assert ov.boundary_iou(a, b) == ov.boundary_iou(mask, other) < 1
        assert ov.cldice(a, b) == ov.cldice(mask, other)
        assert ov.iou(ov.Masks(a[None]), ov.Masks(b[None])) == ov.iou(
            ov.Masks(mask[None]), ov.Masks(other[None])
        )
        assert ov.dice(ov.Masks.from_labels(a), ov.Masks.from_labels(b)) == ov.dice(
            ov.Masks.from_labels(mask), ov.Masks.from_labels(other)
        )
    rng = np.random.default_rng(1)
    raw, labels = rng.integers(0, 5, (2, 9, 40)).astype(np.uint8)
    for dtype in (np.uint8, np.int32):
        counts = ov.contingency(raw.view(bool), labels.astype(dtype))
        assert counts == ov.contingency(raw > 0, labels)
        assert counts.labels_truth.tolist() == [1, 2, 3, 4]
    same = ov.surface_distances(bytes_of_255(mask), bytes_of_255(mask))
    assert (same.hd95[1], same.nsd(0.0)[1]) == (0.0, 1.0)
    assert ov.connected_components(bytes_of_255(mask)).max() == 2
    cube = np.zeros((9, 9, 9), bool)
    cube[2:7, 2:7, 2:7] = True
    assert ov.lesionwise_dice(bytes_of_255(cube), cube).dice == 1.0


def test_pictures_of_pillow_in_black_and_white(tmp_path):
    mask = np.zeros((9, 17), bool)
    mask[2:5, 3:9] = True
    Image.fromarray(mask).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        loaded = np.asarray(picture)
        assert loaded.view(np.uint8).max() == 255  # else this test says nothing
        assert ov.surface_distances(loaded, mask).hd95[1] == 0.0
        assert ov.contingency(picture, mask).score(ov.dice)[1] == 1.0
    color = Image.new("RGB", (17, 9))
    with pytest.raises(TypeError, match="found: is a picture of mode RGB; wanted one number a p"):
        ov.contingency(color, mask)


@pytest.mark.kernels
@pytest.mark.parametrize("kinds", list(itertools.product(("itk", "nifti", "array"), repeat=2)))
def test_images_are_read_with_their_grid(kinds):
    truth, found = two_boxes()
    make = {"itk": itk, "nifti": nifti, "array": np.asarray}
    a, b = make[kinds[0]](found), make[kinds[1]](truth)
    spacing = SPACING if kinds == ("array", "array") else None
    unit = None if kinds == ("array", "array") else "mm"
    want = ov.contingency(found, truth, spacing=SPACING, unit=unit)
    assert ov.contingency(a, b, spacing=spacing) == want
    distances = ov.surface_distances(a, b, spacing=spacing)
    assert distances.hd().tolist() == [9.25**0.5, 9.25**0.5]  # a voxel of 3 mm, and one of 0.5
    assert distances.spacing == SPACING
    table = ov.surface_distances(found, truth, spacing=SPACING).table([1.0])
    np.testing.assert_array_equal(distances.table([1.0]), table)
    band = {"width": 1.6, "band": "euclidean"}
    masks = [make[kind]((v == 1).astype(np.uint8)) for kind, v in zip(kinds, (found, truth))]  # noqa: B905
    plain = ov.boundary_iou(found == 1, truth == 1, spacing=SPACING, **band)
    assert ov.boundary_iou(*masks, spacing=spacing, **band) == plain
    assert ov.boundary_iou(*masks) == ov.boundary_iou(found == 1, truth == 1)
    lesions = ov.lesionwise_dice(*masks, spacing=spacing, smallest=50.0)
    assert lesions.dice == ov.lesionwise_dice(found == 1, truth == 1, spacing=SPACING).dice
    assert lesions.lesions["volume"].tolist() == [64 * 2.25]
    assert repr(ov.cldice(*masks)) == repr(ov.cldice(found == 1, truth == 1))


@pytest.mark.kernels
def test_single_images():
    truth, _ = two_boxes()
    for image in (itk(truth), nifti(truth)):
        np.testing.assert_array_equal(ov.connected_components(image), truth)
        masks = ov.Masks.from_labels(image)
        assert (masks.grid.spacing, masks.unit) == (SPACING, "mm")
        assert masks == ov.Masks.from_labels(truth, spacing=SPACING, unit="mm")
        with pytest.raises(ValueError, match=r"spacing = \(1, 1, 1\), and the image has \(0.5, 1"):
            ov.Masks.from_labels(image, spacing=(1, 1, 1))
        with pytest.raises(TypeError, match=r"got a \w+Image|got a Image"):
            ov.Masks(image)


def test_headers_of_nibabel():
    truth, found = two_boxes()
    image = nifti(truth)
    image.header.set_xyzt_units("micron")
    assert ov.surface_distances(image, image).spacing == (0.0005, 0.0015, 0.003)
    for side in (np.float32(0.8), 0.8):  # a header holds float32; 0.8 was meant
        image = nifti(truth, np.diag([side, 1.5, 3.0, 1.0]))
        assert ov.surface_distances(image, image).spacing == (0.8, 1.5, 3.0)
        image = itk(truth, (float(side), 1.5, 3.0))
        assert ov.surface_distances(image, image).spacing == (0.8, 1.5, 3.0)
    bare = nibabel.Nifti1Image(truth, None)
    bare.header.set_zooms(SPACING)
    assert ov.surface_distances(bare, nifti(found)).hd().tolist() == [9.25**0.5, 9.25**0.5]
    analyze = nibabel.AnalyzeImage(truth, AFFINE)
    assert ov.surface_distances(analyze, nifti(found)).spacing == SPACING
    mgh = nibabel.MGHImage(truth, AFFINE)
    assert ov.surface_distances(mgh, nifti(found)).hd().tolist() == [9.25**0.5, 9.25**0.5]
    thick = nifti(truth[..., None])
    assert ov.contingency(thick, nifti(truth)) == ov.contingency(nifti(truth), nifti(truth))
    with pytest.raises(
        ValueError, match=r"found: has 4 axes \(12 x 10 x 8 x 2\); wanted at most 3"
    ):
        ov.contingency(nifti(np.stack([truth, truth], -1)), nifti(truth))


def test_images_that_do_not_fit():
    truth, found = two_boxes()
    flipped = nifti(found, np.diag([0.5, -1.5, 3.0, 1.0]))
    with pytest.raises(ValueError, match="found is not on the grid of truth: its x axis points to"):
        ov.surface_distances(flipped, nifti(truth))
    with pytest.raises(ValueError, match="found is not on the grid of truth: its spacing is"):
        ov.boundary_iou(itk(found, (0.5, 1.0, 3.0)), itk(truth))
    with pytest.raises(ValueError, match=r"spacing = \(1, 1, 1\), and the image has \(0.5, 1.5, 3"):
        ov.contingency(itk(found), itk(truth), spacing=(1, 1, 1))
    assert ov.contingency(itk(found), truth, spacing=SPACING).spacing == SPACING
    with pytest.raises(ValueError, match="the array has z first, and an image x: transpose it"):
        ov.contingency(itk(found), truth.T)
    cube = np.zeros((6, 5, 6), np.uint8)
    with pytest.raises(ValueError, match=r"shape \(6, 5, 6\), whose order of axes cannot be told"):
        ov.contingency(itk(cube), cube)
    assert ov.contingency(nifti(cube), cube).voxels == 180
    colors = SimpleITK.Compose(itk(truth), itk(truth))
    with pytest.raises(TypeError, match="found: is an image of 2 numbers a voxel; wanted one"):
        ov.contingency(colors, itk(truth))

    class Tensor:
        affine = AFFINE
        shape = truth.shape

        def __array__(self, dtype=None, copy=None):
            return truth

    with pytest.raises(TypeError, match="found: a Tensor has a grid of its own, which would be l"):
        ov.contingency(Tensor(), truth)

    class Batch(Tensor):
        def detach(self):
            return np.stack([truth == 1])

    assert ov.Masks(Batch()) == ov.Masks([truth == 1])


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_volumes_is_not_one_volume(kind):
    truth, found = two_boxes()
    for function in (ov.contingency, ov.surface_distances, ov.boundary_iou, ov.cldice):
        with pytest.raises(
            TypeError, match=rf"expected one array, got a {kind.__name__} of 2; cal"
        ):
            function(kind([found, found]), kind([truth, truth]))
        with pytest.raises(TypeError, match=r"expected one array, got a .* of 1; call"):
            function(kind([itk(found)]), kind([itk(truth)]))
    with pytest.raises(TypeError, match="expected one array"):
        ov.connected_components(kind([truth[0], truth[1]]))
    rows = kind([np.array([0, 1, 1]), np.array([0, 1, 0])])
    assert ov.contingency(rows, rows).voxels == 6


def one_hot(classes, shape, rng):
    labels = rng.integers(0, classes, shape)
    return np.moveaxis(np.eye(classes, dtype=np.uint8)[labels], -1, 0), labels


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_layers_of_classes_are_not_labels(dtype):
    rng = np.random.default_rng(3)
    for shape in ((9, 8), (9, 8, 7), (4, 4)):
        layers, labels = one_hot(3, shape, rng)
        layers = layers.astype(dtype)
        advice = r"looks like 3 classes in one-hot form; give the labels, array.argmax\(axis=0\)"
        with pytest.raises(ValueError, match=advice):
            ov.contingency(layers, layers)
        last = np.moveaxis(layers, 0, -1)
        with pytest.raises(ValueError, match=rf"argmax\(axis={len(shape)}\)"):
            ov.surface_distances(last, last)
        with pytest.raises(ValueError, match=r"argmax\(axis=1\)"):
            ov.contingency(np.stack([layers, layers]), np.stack([layers, layers]))
        assert (layers.argmax(axis=0) == labels).all()


def test_volumes_that_are_not_layers_of_classes():
    rng = np.random.default_rng(4)
    layers, _ = one_hot(3, (9, 8, 7), rng)
    plane = np.zeros((3, 9, 8), np.uint8)
    plane[1] = 1  # one layer only
    open_layers = layers.copy()
    open_layers[:, 4, 4, 4] = 0
    twice = layers.copy()
    twice[:, 2, 3, 4] = 1
    for values in (plane, open_layers, twice, 2 * layers, layers[..., 0, 0], layers[:0]):
        check_one_hot(values, "found")
    for _ in range(300):
        shape = rng.integers(1, 7, rng.integers(3, 5))
        check_one_hot((rng.random(shape) < 0.5).astype(np.uint8), "found")


def test_what_is_said_of_numbers_that_are_no_labels():
    truth, _ = two_boxes(np.float64)
    for values, advice in (
        (truth * 1.0000153, r"found\[2, 3, 2\] = 1.0000153 is not .*all values are close to whole"),
        (truth * 0.4, "probabilities become labels by a threshold, or by argmax"),
        (truth * 1.3, "fractions come from interpolation: resample labels with nearest neighb"),
        (truth + 3e9, "is not a whole number of int32; relabel it"),
        (np.where(truth == 1, np.nan, truth), "labels are finite"),
    ):
        with pytest.raises(ValueError, match=advice):
            ov.contingency(values, truth)
    with pytest.raises(
        TypeError, match=r"got the path 'a\.nii\.gz'; read it with overlap\.io\.read"
    ):
        ov.contingency("a.nii.gz", truth)
    masked = np.ma.masked_equal(truth, 2)
    with pytest.raises(
        ValueError, match=r"found: has 72 masked elements, and a mask is not looked"
    ):
        ov.surface_distances(masked, truth)
    assert ov.contingency(np.ma.masked_equal(truth, 7), truth).score(ov.iou)[1] == 1.0


class Unreadable:
    """A tensor of a type that NumPy does not know, such as bfloat16."""

    shape, dtype = (2, 2), "bfloat16"

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Got unsupported ScalarType BFloat16")


def test_arrays_that_cannot_be_read_are_named():
    with pytest.raises(TypeError, match=r"truth: cannot read an array from Unreadable of shape"):
        ov.contingency(np.zeros((2, 2), int), Unreadable())
    shapes = [np.zeros((2, 3), bool), np.zeros((2, 4), bool)]
    with pytest.raises(TypeError, match=r"mask 1 has the shape \(2, 4\), and mask 0 \(2, 3\)"):
        ov.Masks(shapes)
    with pytest.raises(TypeError, match="got list of float64"):
        ov.Masks.from_rle([{"size": [2, 2], "counts": [1.0, 3.0]}])
