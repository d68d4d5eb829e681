import gzip

import numpy as np
import pytest
import SimpleITK

from overlap.io import read_volume

from .volume_files import SHAPE, itk_image, labels

HEADER = """NRRD0004
# a comment
key:=value
type: unsigned short
dimension: 3
space: left-posterior-superior
sizes: 5 7 4
space directions: (2,0,0) (0,0,3) (0,4,0)
kinds: domain domain domain
endian: big
encoding: gzip
space origin: (1,-2,3)
"""


def write(path, header: str, values: np.ndarray | None = None, *, zipped: bool = True):
    values = labels(">u2") if values is None else values
    data = values.tobytes(order="F")
    path.write_bytes(header.encode() + b"\n" + (gzip.compress(data) if zipped else data))
    return path


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("left-posterior-superior", (-1, -1, 1)),
        ("LPS", (-1, -1, 1)),
        ("right-anterior-superior", (1, 1, 1)),
        ("RAS", (1, 1, 1)),
        ("left-anterior-superior", (-1, 1, 1)),
    ],
)
def test_spaces(tmp_path, space, signs):
    text = HEADER.replace("left-posterior-superior", space)
    volume = read_volume(write(tmp_path / "a.nrrd", text))
    np.testing.assert_array_equal(volume.values, labels(np.uint16))
    wanted = np.array([[2, 0, 0, 1], [0, 0, 4, -2], [0, 3, 0, 3]]) * np.array(signs)[:, None]
    np.testing.assert_array_equal(volume.affine[:3], wanted)
    assert volume.spacing == (2.0, 3.0, 4.0)
    assert volume.notes == ()


def test_space_that_is_not_anatomical(tmp_path):
    text = HEADER.replace("left-posterior-superior", "scanner-xyz")
    (note,) = read_volume(write(tmp_path / "a.nrrd", text)).notes
    assert note == "its space is not anatomical; it was read as left-posterior-superior"


def test_spacings_without_a_space(tmp_path):
    keep = [line for line in HEADER.splitlines() if not line.startswith(("space", "kinds"))]
    path = write(tmp_path / "a.nrrd", "\n".join([*keep, "spacings: 1.5 2 2.5", ""]))
    volume = read_volume(path)
    assert (volume.spacing, volume.unit, volume.affine) == ((1.5, 2.0, 2.5), "mm", None)
    path = write(tmp_path / "a.nrrd", "\n".join([*keep, ""]))
    assert (read_volume(path).spacing, read_volume(path).unit) == ((1.0, 1.0, 1.0), None)


def test_channel_axis(tmp_path):
    text = HEADER.replace("dimension: 3", "dimension: 4")
    text = text.replace("directions: ", "directions: none ").replace("sizes: ", "sizes: 1 ")
    volume = read_volume(write(tmp_path / "a.nrrd", text))
    assert volume.shape == SHAPE
    np.testing.assert_array_equal(volume.values, labels(np.uint16))
    vectors = SimpleITK.Compose([itk_image(labels())] * 2)
    SimpleITK.WriteImage(vectors, str(tmp_path / "b.nrrd"))
    with pytest.raises(ValueError, match=r"has 2 channels; .*export each as a label map"):
        read_volume(tmp_path / "b.nrrd")


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("NRRD0004", "NRRD9999", "not a NRRD file"),
        ("unsigned short", "block", "voxels of type 'block'"),
        ("sizes: 5 7 4", "sizes: 5 7", "dimension 3 and the sizes '5 7'"),
        ("sizes: 5 7 4\n", "", "the header has no 'sizes'"),
        ("sizes: 5 7 4", "sizes: 5 x 4", "'sizes' is '5 x 4'; wanted numbers"),
        ("encoding: gzip", "encoding: ascii", "encoding 'ascii' is not read; save it as raw"),
        ("endian: big", "endian: middle", "endian is 'middle'"),
        ("endian: big\n", "", "endian is None; wanted little or big"),
        ("encoding: gzip\n", "", "encoding None is not read; save it as raw"),
        ("sizes: 5 7 4", "sizes: 5 7 4\nsizes: 7 5 4", "'sizes' is '5 7 4', and again '7 5 4'"),
        ("(2,0,0) ", "-2,0,0) ", r"has the vector '-2,0,0\)'"),
        ("(2,0,0) ", "(2,0,0) 7 ", "has the vector '7'"),
        ("(1,-2,3)", "1,-2,3", "has the vector '1,-2,3'"),
        ("endian: big", "byte skip: 5", "byte skip or line skip are not read"),
        ("endian: big", "endian", "the header has the line b'endian"),
        ("(2,0,0) ", "", "has 3 axes and 2 space directions"),
        ("(2,0,0) ", "(2,0) ", "do not fit together"),
        ("(2,0,0) ", "(0,0,0) ", r"has the spacing \(0\.0, 3\.0, 4\.0\); wanted positive"),
        ("(2,0,0) ", "(a,0,0) ", "the header has the vector"),
        ("endian: big", "data file: LIST", "its voxels are in several files"),
    ],
)
def test_faults_of_the_header(tmp_path, old, new, wanted):
    assert old in HEADER
    path = write(tmp_path / "a.nrrd", HEADER.replace(old, new))
    with pytest.raises(ValueError, match=wanted):
        read_volume(path)


def test_missing_data_file(tmp_path):
    path = write(tmp_path / "a.nhdr", HEADER + "data file: other.raw\n")
    with pytest.raises(FileNotFoundError, match=r"its data file other\.raw is not beside it"):
        read_volume(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("type: unsigned short", "Type: Unsigned Short"),
        ("endian: big", "Endian: BIG"),
        ("(2,0,0) (0,0,3)", "( 2, 0, 0 )  (0 ,0,3)"),
        ("sizes: 5 7 4", "sizes:\t5  7 4"),
        ("key:=value", "sizes:=9\nsizes:=10"),
        ("# a comment", '# a comment\nlabels: "a" "b" "the patient\'s"'),
        ("\n", "\r\n"),
    ],
)
def test_legal_forms_of_the_header(tmp_path, old, new):
    assert old in HEADER
    text = HEADER.replace(old, new)
    path = tmp_path / "a.nrrd"
    line = "\r\n" if new == "\r\n" else "\n"
    path.write_bytes((text + line).encode() + gzip.compress(labels(">u2").tobytes(order="F")))
    volume = read_volume(path)
    np.testing.assert_array_equal(volume.values, labels(np.uint16))
    wanted = [[-2, 0, 0, -1], [0, 0, -4, 2], [0, 3, 0, 3], [0, 0, 0, 1]]
    np.testing.assert_array_equal(volume.affine, wanted)


@pytest.mark.parametrize("number", ["1_0", "1\x80", "\u0665"])
def test_numbers_that_only_python_reads(tmp_path, number):
    path = write(tmp_path / "a.nrrd", HEADER.replace("(2,0,0)", f"({number},0,0)"))
    with pytest.raises(ValueError, match=r"the header has the vector .*; wanted up to three"):
        read_volume(path)


@pytest.mark.parametrize("skip", ["byte skip: 3", "byteskip: 3", "byte skip: -1"])
def test_plain_voxels_after_a_byte_skip(tmp_path, skip):
    text = HEADER.replace("encoding: gzip", f"encoding: raw\n{skip}")
    data = text.encode() + b"\n" + b"abc" + labels(">u2").tobytes(order="F")
    path = tmp_path / "a.nrrd"
    path.write_bytes(data)
    np.testing.assert_array_equal(read_volume(path).values, labels(np.uint16))
    path.write_bytes(data[:-20])
    with pytest.raises(ValueError, match=r"truncated: holds 26[03] of 280 bytes"):
        read_volume(path)
