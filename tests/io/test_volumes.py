import hashlib
import struct
import sys
import tracemalloc
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK
import tifffile

from overlap.io import read_volume
from overlap.io.volumes import SUFFIXES, split_suffix

from .volume_files import (
    KINDS,
    SHAPE,
    SPACING,
    itk_image,
    labels,
    oblique,
    write_any,
    write_itk,
    write_nibabel,
)

INTEGERS = ("u1", "i1", "u2", "i2", "u4", "i4", "i8")


def is_mapped(values: np.ndarray) -> bool:
    while values is not None:
        if isinstance(values, np.memmap):
            return True
        values = getattr(values, "base", None)
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_gives_what_was_written(tmp_path, kind):
    path, values = write_any(tmp_path, kind)
    volume = read_volume(path)
    assert volume.values.dtype == np.uint8
    np.testing.assert_array_equal(volume.values, values)
    assert volume.path == str(path)
    assert not volume.values.flags.writeable
    if not kind.startswith(".np"):
        assert volume.values.flags.f_contiguous
    plain = (".nii", ".mha", ".mhd", ".nrrd", ".nhdr", ".tif", ".npy")
    assert is_mapped(volume.values) == (kind in plain)


@pytest.mark.parametrize(
    "name",
    ["a.nii", "a.nii.gz", "a.mha", "zip.mha", "a.mhd", "zip.mhd", "a.nrrd", "zip.nrrd", "a.nhdr"],
)
def test_one_volume_in_any_format_has_one_affine(tmp_path, name):
    # ITK writes all of these, NIfTI in RAS and the rest in LPS, so it checks our conversion
    path = write_itk(tmp_path / name, labels(), compressed="zip" in name)
    volume = read_volume(path)
    np.testing.assert_array_equal(volume.values, labels())
    # NIfTI keeps float32
    np.testing.assert_allclose(volume.affine, oblique(), rtol=0, atol=2e-6)
    np.testing.assert_allclose(volume.spacing, SPACING, rtol=2e-7)
    assert volume.unit == "mm"


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.mha", "zip.mha", "a.nrrd", "zip.nrrd"])
def test_integers_keep_their_type(tmp_path, name, dtype):
    values = labels(dtype)
    values[1, 2, 3] = np.iinfo(dtype).max
    path = tmp_path / name
    if name.startswith("a.nii"):
        write_nibabel(path, values)
    else:
        write_itk(path, values, compressed="zip" in name)
    volume = read_volume(path)
    assert volume.values.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(volume.values, values)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_bytes_in_the_other_order(tmp_path, name):
    values = labels(np.int16)
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(np.int16)
    image = nibabel.Nifti1Image(values, oblique(), header)
    nibabel.save(image, tmp_path / name)
    volume = read_volume(tmp_path / name)
    assert volume.values.dtype == np.dtype("=i2")
    assert volume.values.dtype.isnative
    np.testing.assert_array_equal(volume.values, values)


@pytest.mark.parametrize("zipped", [False, True])
def test_meta_image_written_by_hand(tmp_path, zipped):
    values = labels(np.uint16)
    data = values.astype(">u2").tobytes(order="F")
    data = zlib.compress(data) if zipped else data
    header = f"""NDims = 3
DimSize = {" ".join(map(str, SHAPE))}
ElementType = MET_USHORT
BinaryDataByteOrderMSB = True
CompressedData = {zipped}
Position = 1 2 3
ElementSize = 2 2 5
ElementDataFile = LOCAL
"""
    (tmp_path / "a.mha").write_bytes(header.encode() + data)
    volume = read_volume(tmp_path / "a.mha")
    np.testing.assert_array_equal(volume.values, values)
    wanted = [[-2, 0, 0, -1], [0, -2, 0, -2], [0, 0, 5, 3], [0, 0, 0, 1]]
    np.testing.assert_array_equal(volume.affine, wanted)


@pytest.mark.parametrize("size", [0, 3, -1])
def test_voxels_of_meta_image_after_a_gap(tmp_path, size):
    header = f"NDims = 3\nDimSize = 5 7 4\nElementType = MET_UCHAR\nHeaderSize = {size}\n"
    header += "ElementDataFile = LOCAL\n"
    data = header.encode() + b"abc" * bool(size) + labels().tobytes(order="F")
    (tmp_path / "a.mha").write_bytes(data)
    np.testing.assert_array_equal(read_volume(tmp_path / "a.mha").values, labels())
    # the header is never taken for voxels
    (tmp_path / "a.mha").write_bytes(data[:-20])
    with pytest.raises(ValueError, match=r"truncated: holds 12[03] of 140 bytes"):
        read_volume(tmp_path / "a.mha")


def test_two_axes_in_meta_image_and_nrrd(tmp_path):
    values = labels(shape=(6, 9))
    for name in ("a.mha", "a.nrrd"):
        path = write_itk(tmp_path / name, values, np.diag([2.0, 3.0, 1.0, 1.0]))
        volume = read_volume(path)
        np.testing.assert_array_equal(volume.values, values)
        assert volume.spacing == (2.0, 3.0)
        np.testing.assert_array_equal(volume.affine, np.diag([2.0, 3.0, 1.0, 1.0]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.mha", "a.nrrd", "a.npy"])
def test_whole_numbers_stored_as_floats(tmp_path, name, dtype):
    for low, high, wanted in ((0, 5, "u1"), (-1, 5, "i1"), (0, 300, "u2"), (-1, 70000, "i4")):
        values = labels(dtype)
        values[0, 0, 0], values[4, 6, 3] = low, high
        path = tmp_path / name
        if "nii" in name:
            write_nibabel(path, values)
        elif name == "a.npy":
            np.save(path, values)
        else:
            write_itk(path, values)
        volume = read_volume(path)
        assert volume.values.dtype == np.dtype(wanted)
        assert volume.values.flags.f_contiguous
        np.testing.assert_array_equal(volume.values, values)


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (0.5, r"map of probabilities: compare it with soft=True \(--soft\), or write the labels"),
        (0.02, "map of probabilities"),
        (1.5, "fractions come from interpolation: resample label maps with nearest neighbors"),
        (-0.3, "fractions come from interpolation"),
        (np.nan, "it is no label map, or a damaged one"),
        (np.inf, "it is no label map"),
        (-np.inf, "it is no label map"),
        (1e300, r"a number above 2\*\*53 is no label"),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_first_voxel_that_is_no_label_is_named(tmp_path, value, advice, order):
    values = np.zeros((40, 90, 100), order=order)  # more than one block
    values[7, 89, 99] = values[30, 80, 99] = value
    np.save(tmp_path / "a.npy", values)
    first = r"\(30, 80, 99\)" if order == "F" else r"\(7, 89, 99\)"
    with pytest.raises(ValueError, match=rf"a\.npy: voxel {first} is .*{advice}"):
        read_volume(tmp_path / "a.npy")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_labels_that_are_nearly_whole_are_rounded_and_said(tmp_path, dtype):
    values = np.zeros((40, 90, 100), dtype)
    values[30, 80, 99], values[3, 8, 9], values[3, 8, 10] = 1.0000153, 254.996, 7.0
    for path in (tmp_path / "a.npy", tmp_path / "a.nii.gz", tmp_path / "a.nrrd"):
        if path.suffix == ".npy":
            np.save(path, values)
        else:
            (write_nibabel if path.suffix == ".gz" else write_itk)(path, values)
        volume = read_volume(path)
        assert volume.values.dtype == np.uint8
        np.testing.assert_array_equal(volume.values, np.rint(values))
        (note,) = volume.notes
        assert note.startswith("labels that are up to 0.004 from whole numbers were rounded (first")
    values[0, 0, 0] = 0.011
    np.save(tmp_path / "b.npy", values)
    with pytest.raises(
        ValueError, match=r"voxel \(0, 0, 0\) is 0\.01\d*; wanted whole numbers; fra"
    ):
        read_volume(tmp_path / "b.npy")
    # labels that were saved as scaled 16-bit integers, as many programs save floats
    stored = np.arange(0, 65536, 257, dtype=np.int32).astype(np.uint16).reshape(16, 16, 1)
    path = write_nibabel(tmp_path / "c.nii", stored)
    header = bytearray(path.read_bytes())
    struct.pack_into("<ff", header, 112, 255 / 65535.5, 0.0)
    path.write_bytes(header)
    volume = read_volume(path)
    np.testing.assert_array_equal(volume.values.ravel(), np.arange(256))
    assert "from whole numbers were rounded" in volume.notes[0]


def test_layers_of_classes_in_a_file(tmp_path):
    labels_of = np.random.default_rng(0).integers(0, 3, (8, 9))
    layers = np.eye(3, dtype=np.uint8)[labels_of].transpose(2, 0, 1)
    np.save(tmp_path / "a.npy", layers)
    with pytest.raises(ValueError, match=r"a\.npy: has shape \(3, 8, 9\), .*array\.argmax\(axis=0"):
        read_volume(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", layers.astype(np.float64))
    with pytest.raises(ValueError, match=r"b\.npy: has shape .* 3 classes in one-hot form"):
        read_volume(tmp_path / "b.npy")


def test_bool_with_other_bytes_than_0_and_1(tmp_path):
    mask = np.arange(60).reshape(3, 4, 5) % 7 == 0
    np.save(tmp_path / "a.npy", (mask * np.uint8(7)).view(bool))
    assert np.load(tmp_path / "a.npy").view(np.uint8).max() == 7  # else this test says nothing
    volume = read_volume(tmp_path / "a.npy")
    assert volume.values.dtype == bool
    np.testing.assert_array_equal(volume.values.view(np.uint8), mask)
    np.testing.assert_array_equal(read_volume(tmp_path / "a.npy", soft=True).values, mask)


def test_scaled_integers(tmp_path):
    stored = labels(np.int16)
    path = write_nibabel(tmp_path / "a.nii", stored)
    header = bytearray(path.read_bytes())
    struct.pack_into("<ff", header, 112, 2.0, -1.0)  # scl_slope, scl_inter
    path.write_bytes(header)
    volume = read_volume(path)
    assert volume.values.dtype == np.int8
    np.testing.assert_array_equal(volume.values, 2 * stored - 1)
    struct.pack_into("<ff", header, 112, 0.5, 0.0)
    path.write_bytes(header)
    with pytest.raises(ValueError, match=r"wanted whole numbers") as caught:
        read_volume(path)
    assert "(stored number times 0.5)" in str(caught.value)


@pytest.mark.parametrize("kind", [k for k in KINDS if not k.startswith((".png", ".tif"))])
def test_soft_values_keep_their_precision(tmp_path, kind):
    rng = np.random.default_rng(3)
    for dtype in (np.float32, np.float64):
        values = np.asfortranarray(rng.random(SHAPE).astype(dtype))
        values[0, 0, 0], values[1, 0, 0] = 0.0, 1.0
        name, _, how = kind.partition(":")
        path = tmp_path / f"{np.dtype(dtype).name}{name}"
        if "nii" in name:
            write_nibabel(path, values)
        elif name == ".npy":
            np.save(path, values)
        elif name == ".npz":
            np.savez(path, values)
        else:
            write_itk(path, values, compressed=how == "zip")
        volume = read_volume(path, soft=True)
        assert volume.values.dtype == dtype
        np.testing.assert_array_equal(volume.values, values)
        assert volume.notes == ()


def test_soft_values_have_to_be_shares(tmp_path):
    path = tmp_path / "a.npy"
    for value, shown in ((1.5, "1.5"), (-0.25, "-0.25"), (np.nan, "nan")):
        values = np.full((3, 4), 0.5)
        values[1, 2] = value
        np.save(path, values)
        with pytest.raises(ValueError, match=rf"voxel \(1, 2\) is {shown}; wanted values in"):
            read_volume(path, soft=True)
    np.save(path, np.array([0.0, 1.0 + 3e-7, 0.5]))
    volume = read_volume(path, soft=True)
    assert volume.values.tolist() == [0.0, 1.0, 0.5]
    assert volume.notes == ("values up to 1e-6 outside [0, 1] were set to 0 or 1",)


def test_counts_are_scaled_only_when_asked(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array([[0, 51, 255]], np.uint8))
    with pytest.raises(ValueError, match=r"voxel \(0, 1\) is 51; .*give scale=.*stored is uint8"):
        read_volume(path, soft=True)
    volume = read_volume(path, soft=True, scale=255)
    assert volume.values.dtype == np.float32
    np.testing.assert_array_equal(volume.values, np.array([[0, 0.2, 1]], np.float32))
    with pytest.raises(ValueError, match=r"voxel \(0, 2\) is 2.55.*; .*probabilities"):
        read_volume(path, soft=True, scale=100)
    assert not volume.notes
    np.save(path, np.array([[0, 1, 1]], np.uint8))
    (note,) = read_volume(path, soft=True, scale=255).notes
    assert note == (
        "its largest number is 1, and scale says that 255 stands for 1: are they shares already?"
    )
    for scale in (0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="wanted a positive number"):
            read_volume(path, soft=True, scale=scale)
    with pytest.raises(ValueError, match="scale= is for soft=True"):
        read_volume(path, scale=255)
    np.save(path, np.array([[0, 1]], np.uint8))
    assert read_volume(path, soft=True).values.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("name", ["a.nii", "a.npy", "a.mha"])
def test_trailing_axis_of_length_one_is_dropped_and_said(tmp_path, name):
    values = labels()[..., None]
    path = tmp_path / name
    if name == "a.nii":
        write_nibabel(path, values)
    elif name == "a.npy":
        np.save(path, values)
    else:
        image = SimpleITK.JoinSeries([itk_image(values[..., 0])])
        SimpleITK.WriteImage(image, str(path))
    volume = read_volume(path)
    np.testing.assert_array_equal(volume.values, values[..., 0])
    assert volume.notes == ("its shape 5 x 7 x 4 x 1 was read as 5 x 7 x 4",)
    assert len(volume.spacing) == 3


def test_times_and_channels_are_refused(tmp_path):
    values = np.zeros((*SHAPE, 2), np.uint8)
    np.save(tmp_path / "a.npy", values)
    write_nibabel(tmp_path / "a.nii.gz", values)
    SimpleITK.WriteImage(SimpleITK.JoinSeries([itk_image(labels())] * 2), str(tmp_path / "a.mha"))
    for name in ("a.npy", "a.nii.gz", "a.mha"):
        with pytest.raises(ValueError, match=r"has 4 axes \(5 x 7 x 4 x 2\); wanted at most 3"):
            read_volume(tmp_path / name)
    vectors = SimpleITK.Compose([itk_image(labels())] * 3)
    for name in ("v.mha", "v.nrrd"):
        SimpleITK.WriteImage(vectors, str(tmp_path / name))
        with pytest.raises(ValueError, match="has 3 channels; wanted one number a voxel"):
            read_volume(tmp_path / name)
    colors = np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    nibabel.save(nibabel.Nifti1Image(colors, np.eye(4)), tmp_path / "c.nii")
    with pytest.raises(ValueError, match="has voxels of type RGB; wanted one integer"):
        read_volume(tmp_path / "c.nii")
    write_nibabel(tmp_path / "z.nii", np.zeros(SHAPE, np.complex64))
    with pytest.raises(ValueError, match="has voxels of type complex64"):
        read_volume(tmp_path / "z.nii")
    np.save(tmp_path / "o.npy", np.array(["a"]))
    with pytest.raises(ValueError, match="elements of type <U1"):
        read_volume(tmp_path / "o.npy")
    for shape in ((), (0, 3)):
        np.save(tmp_path / "e.npy", np.zeros(shape, np.uint8))
        with pytest.raises(ValueError, match="has no voxels"):
            read_volume(tmp_path / "e.npy")


def test_numpy_axes_stay_as_they_are(tmp_path):
    for order in "CF":
        values = np.array(labels(), order=order)
        np.save(tmp_path / "a.npy", values)
        read = read_volume(tmp_path / "a.npy").values
        np.testing.assert_array_equal(read, values)
        assert read.strides == values.strides
    np.savez(tmp_path / "b.npz", labels=values, image=values)
    with pytest.raises(ValueError, match=r"has 2 arrays \(labels, image\); wanted one"):
        read_volume(tmp_path / "b.npz")
    np.save(tmp_path / "c.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match="holds Python objects"):
        read_volume(tmp_path / "c.npy")
    np.save(tmp_path / "d.npy", np.array([True, False]))
    assert read_volume(tmp_path / "d.npy").values.dtype == bool


def test_spacing_is_given_where_the_file_has_none(tmp_path):
    np.save(tmp_path / "a.npy", labels())
    volume = read_volume(tmp_path / "a.npy", spacing=(1, 2, 3))
    assert (volume.spacing, volume.unit, volume.affine) == ((1.0, 2.0, 3.0), "mm", None)
    for spacing, match in (
        ((1, 2), "has 2 numbers; wanted 3"),
        ((1, 2, 0), "wanted positive"),
        ((1, 2, np.nan), "wanted positive"),
    ):
        with pytest.raises(ValueError, match=match):
            read_volume(tmp_path / "a.npy", spacing=spacing)
    path = write_nibabel(tmp_path / "a.nii", labels())
    with pytest.raises(ValueError, match="has a spacing of its own"):
        read_volume(path, spacing=(1, 2, 3))


def test_digest_is_that_of_the_stored_file(tmp_path):
    for kind in KINDS:
        path, _ = write_any(tmp_path, kind)
        volume = read_volume(path)
        data = b"".join(Path(name).read_bytes() for name in volume.files)
        assert len(volume.files) == 1 + kind.startswith((".mhd", ".nhdr"))
        assert volume.sha256 == hashlib.sha256(data).hexdigest()
    volume = read_volume(path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(RuntimeError, match="has changed since it was read"):
        _ = volume.sha256


def test_repr_says_what_matters(tmp_path):
    path = write_nibabel(tmp_path / "a.nii", labels(), np.diag([1, 1, 2.5, 1]))
    assert repr(read_volume(path)).endswith("a.nii: 5 x 7 x 4 uint8, spacing 1 x 1 x 2.5 mm>")
    np.save(tmp_path / "a.npy", labels())
    assert "(not in the file)" in repr(read_volume(tmp_path / "a.npy"))


@pytest.mark.parametrize(("module", "name"), [("nibabel", "a.nii"), ("nibabel", "a.nii.gz")])
def test_missing_extra_is_named(tmp_path, monkeypatch, module, name):
    (tmp_path / name).write_bytes(b"anything")
    monkeypatch.setitem(sys.modules, module, None)
    wanted = rf"a\.nii\S*: reading \w+ needs {module}: pip install 'overlap-metrics\[medical\]'"
    with pytest.raises(ImportError, match=wanted):
        read_volume(tmp_path / name)


def test_split_suffix():
    assert split_suffix("A.B.NII.GZ") == ("A.B", ".nii.gz")
    assert split_suffix("dataset.json") == ("dataset.json", "")
    assert len(set(SUFFIXES)) == 11


def peak_of(path, **options) -> tuple[int, int]:
    """Peak of memory while reading, and the bytes of the result."""
    read_volume(path, **options)  # imports
    tracemalloc.start()
    try:
        volume = read_volume(path, **options)
        return tracemalloc.get_traced_memory()[1], volume.values.nbytes
    finally:
        tracemalloc.stop()


def test_reading_takes_the_memory_of_its_arrays(tmp_path):
    values = np.zeros((200, 200, 200), np.uint8, order="F")  # 8 MB
    values[50:100, 20:90, 30:] = 3
    slack = 3_500_000  # blocks of 1 MB, and what nibabel reads
    write_nibabel(tmp_path / "a.nii", values)
    write_nibabel(tmp_path / "a.nii.gz", values)
    write_itk(tmp_path / "a.mha", values)
    write_itk(tmp_path / "b.mha", values, compressed=True)
    np.save(tmp_path / "a.npy", values)
    tifffile.imwrite(tmp_path / "a.tif", values.T, photometric="minisblack")
    for name in ("a.nii", "a.mha", "a.npy", "a.tif"):  # mapped
        assert peak_of(tmp_path / name)[0] < slack, name
    for name in ("a.nii.gz", "b.mha"):
        peak, size = peak_of(tmp_path / name)
        assert size <= peak < size + slack, name
    write_nibabel(tmp_path / "f.nii", values.astype(np.float32))
    peak, size = peak_of(tmp_path / "f.nii")  # stored floats are mapped
    assert peak < size + 2 * slack
    write_nibabel(tmp_path / "f.nii.gz", values.astype(np.float32))
    peak, size = peak_of(tmp_path / "f.nii.gz")
    assert peak < 5 * size + 2 * slack
