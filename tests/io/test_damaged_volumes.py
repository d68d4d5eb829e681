import gzip

import nibabel
import numpy as np
import pytest

from overlap.io import read_volume
from overlap.io.volumes import SUFFIXES

from .volume_files import KINDS, labels, oblique, write_any, write_nibabel

#: Formats whose voxels have a checksum, so that no damage to them goes unnoticed.
CHECKED = (".nii.gz", ".mha:zip", ".mhd:zip", ".nrrd:zip", ".nhdr:zip", ".png", ".npz", ".npz:zip")

#: TIFF has no checksum but a weak one of compressed parts, and its pages lie apart.
UNKNOWN = (".tif", ".tif:zip")


def data_file(path, kind):
    """The file that holds the voxels."""
    name, _, how = kind.partition(":")
    detached = {".mhd": (".raw", ".zraw"), ".nhdr": (".raw", ".raw.gz")}
    return path.with_suffix(detached[name][how == "zip"]) if name in detached else path


def check(error: BaseException, path) -> None:
    """One line that names the file."""
    assert str(error).startswith(f"{path}: ")
    assert "\n" not in str(error)


def voxels_start(data: bytes, kind: str) -> int:
    """First byte after a header of text."""
    mark = {".mha": b"LOCAL\n", ".nrrd": b"\n\n"}.get(kind.partition(":")[0])
    return data.index(mark) + len(mark) if mark else 0


@pytest.mark.parametrize("kind", KINDS)
def test_no_truncated_file_gives_other_numbers(tmp_path, kind):
    path, values = write_any(tmp_path, kind)
    stored = data_file(path, kind)
    data = stored.read_bytes()
    refused = 0
    for cut in sorted({0, 1, 7, *range(11, len(data), 23), len(data) - 9, len(data) - 1}):
        stored.write_bytes(data[:cut])
        try:
            read = read_volume(path)
        except ValueError as error:
            check(error, path)
            refused += 1
        else:
            # only what comes after the voxels, such as the closing mark of a PNG, may be missing
            assert cut > 0.5 * len(data)
            np.testing.assert_array_equal(read.values, values)
    assert refused > 5


def voxels_of(data: bytes, values, kind: str) -> range:
    """Where the bytes of the voxels are, of a file that stores them as they are."""
    stored = values.tobytes(order="F")
    assert data.count(stored) == 1
    return range(data.index(stored), data.index(stored) + len(stored))


def check_read(read, values, kind: str, inside: bool) -> None:
    """Damage that was not refused: harmless where there are checksums, else one voxel at most."""
    assert read.shape == values.shape
    differ = int((read.values != values).sum())
    if kind in CHECKED:
        assert differ == 0
    elif inside:
        assert differ == 1


@pytest.mark.parametrize("kind", KINDS)
def test_damage_anywhere_is_refused_in_one_line_or_harmless(tmp_path, kind):
    path, values = write_any(tmp_path, kind)
    stored = data_file(path, kind)
    data = stored.read_bytes()
    known = kind not in CHECKED and kind not in UNKNOWN
    voxels = voxels_of(data, values, kind) if known else range(0)
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(150):
        wrong = bytearray(data)
        place = int(rng.integers(len(data)))
        wrong[place] ^= int(rng.integers(1, 256))
        stored.write_bytes(wrong)
        try:
            read = read_volume(path)
        except (ValueError, FileNotFoundError) as error:
            check(error, path)
            refused += 1
        else:
            check_read(read, values, kind, place in voxels)
    # the data files of .mhd and .nhdr are voxels alone
    assert refused or kind in (".mhd", ".nhdr")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_flipped_bit_gives_other_voxels(tmp_path, kind):
    """Every bit of the file with the voxels, and of a header beside it."""
    path, values = write_any(tmp_path, kind)
    for stored in sorted({path, data_file(path, kind)}):
        data = stored.read_bytes()
        voxels = range(0)
        if kind not in UNKNOWN and kind not in CHECKED and stored == data_file(path, kind):
            voxels = voxels_of(data, values, kind)
        refused = 0
        for bit in range(8 * len(data)):
            wrong = bytearray(data)
            wrong[bit // 8] ^= 1 << bit % 8
            stored.write_bytes(wrong)
            try:
                read = read_volume(path)
            except (ValueError, FileNotFoundError) as error:
                check(error, path)
                refused += 1
            else:
                check_read(read, values, kind, bit // 8 in voxels)
        assert refused or stored.suffix == ".raw"
        stored.write_bytes(data)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_that_are_something_else(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    with pytest.raises(FileNotFoundError, match=rf"a{suffix}: no such file"):
        read_volume(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=rf"a{suffix}: the file is empty"):
        read_volume(path)
    for content in (b"case,label\n1,2\n" * 50, b"\0" * 900, b"\xff\xd8\xff\xe0" * 200):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"a{suffix}: ") as caught:
            read_volume(path)
        check(caught.value, path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match=r"is a folder; give a file \(a series of DICOM"):
        read_volume(path)


def test_unknown_format(tmp_path):
    (tmp_path / "a.dcm").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"a\.dcm: unknown format; wanted one of \.nii\.gz, \.nii"):
        read_volume(tmp_path / "a.dcm")


def test_gzip_by_name_and_content(tmp_path):
    plain = write_nibabel(tmp_path / "a.nii", labels())
    zipped = write_nibabel(tmp_path / "a.nii.gz", labels())
    data = plain.read_bytes(), zipped.read_bytes()
    plain.write_bytes(data[1])
    zipped.write_bytes(data[0])
    with pytest.raises(ValueError, match=r"a\.nii: its content is gzip data; rename it to end in"):
        read_volume(plain)
    with pytest.raises(ValueError, match=r"a\.nii\.gz: its content is not gzip data; rename"):
        read_volume(zipped)


def test_header_that_promises_too_much_allocates_nothing(tmp_path):
    path = write_nibabel(tmp_path / "a.nii.gz", labels())
    image = nibabel.load(path)
    image.header.set_data_shape((30000, 30000, 30000))
    path.write_bytes(gzip.compress(bytes(image.header.binaryblock) + b"\0" * 200))
    with pytest.raises(ValueError, match=r"promises 27000000000000 bytes of voxels"):
        read_volume(path)


def test_data_file_of_meta_image(tmp_path):
    path, _ = write_any(tmp_path, ".mhd")
    path.with_suffix(".raw").unlink()
    with pytest.raises(FileNotFoundError, match=r"its data file volume\.raw is not beside it"):
        read_volume(path)
    text = path.read_text()
    for old, new, wanted in (
        ("volume.raw", "LIST", "its voxels are in several files"),
        ("volume.raw", "slice%03d.raw", "its voxels are in several files"),
        ("MET_UCHAR", "MET_OTHER", "ElementType is 'MET_OTHER'; wanted one of MET_CHAR"),
        ("BinaryData = True", "BinaryData = False", "voxels as text"),
        ("DimSize = 5 7 4", "DimSize = 5 7", "DimSize is '5 7'; wanted 3 numbers"),
        ("DimSize = 5 7 4", "DimSize = 5 7 -4", "wanted positive numbers"),
        ("NDims = 3\n", "", "the header has no NDims"),
        ("NDims = 3", "NDims 3", "the header has the line b'NDims 3"),
        ("ElementSpacing = 0.75", "ElementSpacing = 0", r"has the spacing \(0\.0, .*positive"),
    ):
        assert old in text
        path.write_text(text.replace(old, new))
        path.with_suffix(".raw").write_bytes(labels().tobytes(order="F"))
        with pytest.raises(ValueError, match=wanted):
            read_volume(path)


def test_forms_of_nifti(tmp_path):
    path = tmp_path / "a.nii"
    image = nibabel.Nifti1Image(labels(), None)
    image.header.set_zooms((1.5, 2, 4))
    nibabel.save(image, path)
    volume = read_volume(path)
    assert volume.affine is None
    assert (volume.spacing, volume.unit) == ((1.5, 2.0, 4.0), "mm")
    assert volume.notes == (
        "has neither a qform nor an sform: position and direction are not known",
    )

    image = nibabel.Nifti1Image(labels(), None)
    image.set_qform(oblique(), code=1)
    nibabel.save(image, path)
    volume = read_volume(path)
    np.testing.assert_allclose(volume.affine, oblique(), atol=1e-5)
    assert volume.notes == ()

    other = oblique()
    other[:3, 3] += 1.5
    image.set_sform(other, code=2)
    nibabel.save(image, path)
    volume = read_volume(path)
    np.testing.assert_allclose(volume.affine, other, atol=1e-5)
    assert volume.notes == (
        "sform and qform differ by 2 of the smallest spacing; the sform was used",
    )

    image.set_sform(np.zeros((4, 4)), code=2)
    nibabel.save(image, path)
    volume = read_volume(path)
    np.testing.assert_allclose(volume.affine, oblique(), atol=1e-5)
    assert volume.notes == ("the sform cannot be inverted and was not used",)


@pytest.mark.parametrize(("unit", "factor"), [("meter", 1000.0), ("micron", 0.001), ("mm", 1.0)])
def test_lengths_become_millimeters(tmp_path, unit, factor):
    image = nibabel.Nifti1Image(labels(), oblique())
    image.header.set_xyzt_units(unit)
    nibabel.save(image, tmp_path / "a.nii")
    volume = read_volume(tmp_path / "a.nii")
    np.testing.assert_allclose(volume.affine[:3], oblique()[:3] * factor, rtol=1e-6)
    np.testing.assert_allclose(volume.spacing, np.array((0.75, 1.5, 3.25)) * factor, rtol=1e-6)
