"""What a file may be, where it may point, and how large it may become."""

from __future__ import annotations

import gzip
import io
import os
import socket
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest
import tifffile

import overlap as ov
from overlap import cli
from overlap._common import files as _files
from overlap.io import as_segments, pair_folders, read_volume, sample_path
from overlap.io._source import read_source

from .test_images import gray_png, small_tiff
from .volume_files import labels, write_any, write_nibabel

READERS = {
    ".json": read_source,
    ".csv": lambda path: as_segments(path, role="truth"),
    ".geojson": ov.Polygons.from_geojson,
    ".nii.gz": read_volume,
    ".png": read_volume,
    ".npz": read_volume,
}


@pytest.mark.parametrize("suffix", READERS)
def test_only_files_are_read(tmp_path, suffix):
    read, path = READERS[suffix], tmp_path / f"a{suffix}"
    os.mkfifo(path)
    with pytest.raises(ValueError, match=r"a\.\S+: is a pipe; wanted a file, because inputs"):
        read(path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(ValueError, match=r"a\.\S+: is a device; wanted a file"):
        read(path)
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(OSError, match=r"a\.\S+: cannot be read \(Too many levels of symbolic"):
        read(path)
    path.unlink()
    path.symlink_to("nowhere")
    with pytest.raises(FileNotFoundError, match=r"a\.\S+: no such file"):
        read(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(
        ValueError, match=r"a\.\S+: (is a folder; give a file|the folder has no files of segments)"
    ):
        read(path)


def test_sockets_and_pipes_of_a_shell_are_refused(tmp_path, capsys):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "a.json"))
        with pytest.raises(ValueError, match="is a socket"):
            read_source(tmp_path / "a.json")
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stream:
        stream.write(b"video,label,start,stop\n")
    assert cli.main(["temporal", f"/dev/fd/{reading}", str(sample_path("temporal_found"))]) == 2
    os.close(reading)
    error = capsys.readouterr().err
    assert "is a pipe; wanted a file, because inputs are read more than once" in error
    assert error.count("\n") == 1


def test_a_link_that_leads_nowhere_is_a_case_that_cannot_be_read(tmp_path):
    for side in ("truth", "found"):
        (tmp_path / side).mkdir()
        for k in range(2):
            write_nibabel(tmp_path / side / f"case_{k}.nii", labels())
        (tmp_path / side / "case_2.nii").symlink_to("../not_downloaded.nii")
    pairs = pair_folders(tmp_path / "truth", tmp_path / "found").pairs
    assert [pair.case for pair in pairs] == ["case_0", "case_1", "case_2"]
    with pytest.raises(FileNotFoundError, match=r"case_2\.nii: no such file"):
        read_volume(pairs[2].truth)


def bomb(size: int) -> bytes:
    """A gzip file of zeros, written member by member so that this test takes no memory."""
    member = gzip.compress(b"0" * (1 << 20), mtime=0)
    return member * (size >> 20)


def test_text_that_becomes_too_large(tmp_path, monkeypatch):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(bomb(64 << 20))
    assert len(read_source(path).data) == 64 << 20
    path.write_bytes(bomb(65 << 20) + bomb(1 << 30))
    monkeypatch.setattr(_files, "_TEXT", 80 << 20)
    with pytest.raises(ValueError, match=r"a\.csv\.gz: 8\d,\d+,\d+ bytes or more after decomp"):
        read_source(path)
    path.write_bytes(bomb(65 << 20))
    with pytest.raises(
        ValueError, match=r"than the 67,108,864 that .* set OVERLAP_LARGEST_FILE=1G"
    ):
        read_source(path)
    monkeypatch.setenv("OVERLAP_LARGEST_FILE", "1G")
    assert len(read_source(path).data) == 65 << 20
    monkeypatch.setenv("OVERLAP_LARGEST_FILE", "much")
    with pytest.raises(ValueError, match=r"OVERLAP_LARGEST_FILE is 'much'; wanted a number of"):
        read_source(path)


def test_plain_text_that_is_too_large(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(ValueError, match=r"a\.json: 1,099,511,627,776 bytes are more than"):
        read_source(path)


def test_bounds_of_users():
    with pytest.MonkeyPatch.context() as patch:
        for text, wanted in (
            ("20G", 20 << 30),
            ("1500 MiB", 1500 << 20),
            ("5", 1 << 30),
            ("", 1 << 30),
        ):
            patch.setenv("OVERLAP_LARGEST_FILE", text)
            assert _files.most_voxels(1000) == wanted
            assert _files.most_text(1 << 30) == wanted
    assert _files.most_voxels(10 << 20) == 2000 << 20
    assert _files.most_text(1 << 20) == 200 << 20


def test_pictures_that_promise_gigabytes_are_refused_by_their_header(tmp_path, monkeypatch):
    def big(side: int, rows: bytes) -> bytes:
        def chunk(kind: bytes, data: bytes) -> bytes:
            return (
                struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data))
            )  # fmt: skip

        head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        return (
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
        )

    path = tmp_path / "a.png"
    path.write_bytes(big(85_000, zlib.compress(bytes(1 << 20))))
    with pytest.raises(ValueError, match=r"a\.png: its header promises 85000 x 85000 pixels, more"):
        read_volume(path)
    monkeypatch.setattr(_files, "_VOXELS_FREE", 1 << 20)
    path.write_bytes(big(1_200, zlib.compress(bytes(1_200 * 1_201))))
    with pytest.raises(ValueError, match=r"a\.png: 1,440,000 bytes of pixels are more than"):
        read_volume(path)
    monkeypatch.setenv("OVERLAP_LARGEST_FILE", "2M")
    assert read_volume(path).shape == (1_200, 1_200)
    monkeypatch.delenv("OVERLAP_LARGEST_FILE")

    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((1_200, 1_200), np.uint8), compression="zlib")
    with pytest.raises(ValueError, match=r"a\.tif: 1,440,000 bytes of pixels are more than"):
        read_volume(path)
    path = write_nibabel(tmp_path / "a.nii.gz", np.zeros((120, 120, 120), np.uint8))
    with pytest.raises(ValueError, match=r"a\.nii\.gz: 1,728,000 bytes of voxels are more than"):
        read_volume(path)
    np.savez_compressed(tmp_path / "a.npz", np.zeros((120, 120, 120), np.uint8))
    with pytest.raises(ValueError, match=r"a\.npz: 1,728,000 bytes of voxels are more than"):
        read_volume(tmp_path / "a.npz")


def test_pictures_with_other_numbers_of_pixels(tmp_path):
    values = np.arange(35).reshape(5, 7)
    good = gray_png(8, values)
    path = tmp_path / "a.png"

    def written(rows: bytes) -> None:
        size = struct.pack(">I", len(zlib.compress(rows)))
        start = good.index(b"IDAT") - 4
        body = b"IDAT" + zlib.compress(rows)
        path.write_bytes(
            good[:start] + size + body + struct.pack(">I", zlib.crc32(body)) + good[-12:]
        )

    rows = b"".join(b"\0" + bytes(row.tolist()) for row in values)
    written(rows)
    np.testing.assert_array_equal(read_volume(path).values, values.T)
    written(rows[:24])
    with pytest.raises(
        ValueError, match=r"damaged or truncated: holds 24 of 40 bytes for its 7 x 5"
    ):
        read_volume(path)
    written(rows + rows)
    with pytest.raises(ValueError, match=r"holds more than 40 bytes for its 7 x 5 pixels"):
        read_volume(path)
    start = good.index(b"IDAT")
    other = zlib.compress(rows[:-1] + b"\7", 9)  # whole, with its own sum, of the same length
    assert len(other) == struct.unpack_from(">I", good, start - 4)[0]
    path.write_bytes(good[: start + 4] + other + good[start + 4 + len(other) :])
    with pytest.raises(ValueError, match=rf"the checksum of its chunk b'IDAT' at byte {start - 4}"):
        read_volume(path)
    path.write_bytes(good[:-12] + struct.pack(">I4sII", 0, b"tIME", 0, 0) + good[-12:])
    with pytest.raises(ValueError, match=r"the checksum of its chunk b'tIME' at byte \d+ differs"):
        read_volume(path)
    path.write_bytes(good[:-12])
    with pytest.raises(ValueError, match=r"truncated: ends at byte \d+ without its last chunk"):
        read_volume(path)
    path.write_bytes(good + b"anything")
    np.testing.assert_array_equal(read_volume(path).values, values.T)


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (8, 8), (17, 3), (2, 1)])
def test_interlaced_pictures(tmp_path, shape):
    """Seven passes by the specification, pixel by pixel."""
    values = np.arange(shape[0] * shape[1]).reshape(shape) % 251
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
              (1, 0, 2, 1)]  # fmt: skip
    rows = b""
    for y, x, down, right in passes:
        for row in values[y::down, x::right]:
            rows += b"\0" + bytes(row.tolist()) if row.size else b""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", shape[1], shape[0], 8, 0, 0, 0, 1)
    path = tmp_path / "a.png"
    for content in (rows, rows[:-1]):
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(content))
            + chunk(b"IEND", b"")
        )  # fmt: skip
        if content is rows:
            np.testing.assert_array_equal(read_volume(path).values, values.T)
        else:
            with pytest.raises(ValueError, match=r"a\.png: damaged or truncated"):
                read_volume(path)


def test_tiff_parts_that_are_missing_or_larger_than_they_say(tmp_path):
    values = np.arange(35).reshape(5, 7)
    content = small_tiff(8, values, 1)
    path = tmp_path / "a.tif"

    def change(tag: int, value: int, data: bytes = content) -> bytes:
        new = bytearray(data)
        (at,) = struct.unpack_from("<I", new, 4)
        for k in range(struct.unpack_from("<H", new, at)[0]):
            if struct.unpack_from("<H", new, at + 2 + 12 * k)[0] == tag:
                struct.pack_into("<H", new, at + 2 + 12 * k + 8, value)
        return bytes(new)

    for tag, value, message in (
        (257, 4, "not as many bytes as its header says"),  # rows, not compressed
        (257, 60_007, "are 1 parts; wanted 12002|incorrect StripByteCounts"),
        (257, 6, "not as many bytes as its header says|parts; wanted"),
        (273, 0, "are not all in the file; it is damaged or sparse"),  # where the part begins
        (279, 0, "are not all in the file; it is damaged or sparse"),  # its length
        (279, 28, "not as many bytes as its header says"),
    ):
        path.write_bytes(change(tag, value))
        with pytest.raises(ValueError, match=rf"a\.tif: .*({message})"):
            read_volume(path)
    stream = io.BytesIO()
    tifffile.imwrite(stream, values.astype(np.uint8), compression="zlib", metadata=None)
    for tag, value in ((257, 4), (256, 6), (258, 4)):
        path.write_bytes(change(tag, value, stream.getvalue()))
        with pytest.raises(ValueError, match=r"a\.tif: "):
            read_volume(path)


def test_tiff_whose_pages_form_a_circle(tmp_path):
    path = tmp_path / "a.tif"
    content = bytearray(small_tiff(8, np.arange(35).reshape(5, 7), 1))
    content[-4:] = content[4:8]
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.tif: .*(again|circular|invalid)"):
        read_volume(path)


@pytest.mark.parametrize("suffix", [".mhd", ".nhdr"])
def test_data_files_lie_with_their_header(tmp_path, suffix):
    folder = tmp_path / "inner"
    folder.mkdir()
    path, values = write_any(folder, suffix)
    text, raw = path.read_text(), path.with_suffix(".raw")
    for name in (
        "../volume.raw",
        "/etc/passwd",
        "inner/../../volume.raw",
        "~/../../x.raw",
        path.name,
    ):
        (tmp_path / "volume.raw").write_bytes(raw.read_bytes())
        path.write_text(text.replace("volume.raw", name))
        with pytest.raises(
            ValueError, match=r"wanted a file in the folder of the header, or below"
        ):
            read_volume(path)
    (folder / "below").mkdir()
    (folder / "below" / "volume.raw").write_bytes(raw.read_bytes())
    (folder / "linked.raw").symlink_to(tmp_path / "volume.raw")
    for name in ("below/volume.raw", "./volume.raw", str(raw), "linked.raw"):
        path.write_text(text.replace("volume.raw", name))
        volume = read_volume(path)
        np.testing.assert_array_equal(volume.values, values)
        assert len(volume.files) == 2
    os.mkfifo(folder / "pipe.raw")
    path.write_text(text.replace("volume.raw", "pipe.raw"))
    with pytest.raises(ValueError, match=r"its data file cannot be read \(\S*pipe\.raw: is a pipe"):
        read_volume(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("DimSize = 5 7 4", "DimSize = 5.5 7 4", "DimSize is '5.5 7 4'; wanted whole numbers"),
        ("DimSize = 5 7 4", "DimSize = 5 7 3", "holds 35 bytes more than the 105 of 5 x 7 x 3"),
        ("NDims = 3", "NDims = 1e9", "NDims is 1000000000; wanted 1 to 16"),
        ("BinaryData = True", "BinaryData = Trye", "BinaryData is 'Trye'; wanted True or False"),
        ("CompressedData = False", "HeaderSize = 1e300", "HeaderSize is .*; wanted -1, or at most"),
        ("ElementSpacing = 0.75", "ElementSpacing = 1e308", "a: .*(spacing|finite)"),
        ("Offset = ", f"Offset = {'[' * 3000} ", r"Offset is '\[{120}'\.\.\.; wanted 3 numbers"),
    ],
)  # fmt: skip
def test_headers_of_meta_image_that_cannot_be(tmp_path, old, new, message):
    path, _ = write_any(tmp_path, ".mhd")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=message.removeprefix("a: ")):
        read_volume(path)


def test_numbers_that_no_arithmetic_takes_are_refused_without_a_warning(tmp_path):
    path = write_nibabel(tmp_path / "a.nii", labels("f4"))
    content = bytearray(path.read_bytes())
    struct.pack_into("<2f", content, 112, 2.0, 1.0)  # slope and intercept
    content[-4:] = b"\1\0\xa0\x7f"  # a NaN that signals
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.nii: voxel \(4, 6, 3\) is nan"):
        read_volume(path)
    struct.pack_into("<4f", content, 280, 1e38, 1e38, 1e38, 1e38)  # the first row of the sform
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.nii: "):
        read_volume(path)


def test_bytes_after_the_voxels(tmp_path):
    """Less than a layer is padding; more says that the header is not that of the voxels."""
    for kind in (".nii", ".nii.gz", ".mha", ".mha:zip", ".nrrd", ".nrrd:zip", ".npy"):
        path, values = write_any(tmp_path, kind)
        data = path.read_bytes()
        if kind == ".nii.gz":
            path.write_bytes(gzip.compress(gzip.decompress(data) + bytes(19)))
        else:
            path.write_bytes(data + bytes(19))
        np.testing.assert_array_equal(read_volume(path).values, values)
        if kind == ".nii.gz":
            path.write_bytes(gzip.compress(gzip.decompress(data) + bytes(20)))
        elif ":" not in kind:
            path.write_bytes(data + bytes(20))
        else:
            continue
        with pytest.raises(
            ValueError, match="holds 20 bytes more than the 140 of 5 x 7 x 4 voxels"
        ):
            read_volume(path)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are those of Linux")
def test_a_large_promise_takes_no_memory(tmp_path):
    """Files of a kilobyte that say they hold gigabytes, read with 600 MB to spare."""
    path = tmp_path / "a.nii.gz"
    write_nibabel(path, labels())
    header = bytearray(gzip.decompress(path.read_bytes())[:352])
    struct.pack_into("<8h", header, 40, 3, 2000, 2000, 2000, 1, 1, 1, 1)
    path.write_bytes(gzip.compress(bytes(header) + bytes(9_000_000)))
    head = b"{'descr': '|u1', 'fortran_order': True, 'shape': (2000, 2000, 2000), }"
    npz = tmp_path / "a.npz"
    with zipfile.ZipFile(npz, "w", zipfile.ZIP_DEFLATED) as archive:
        prefix = b"\x93NUMPY\1\0" + struct.pack("<H", len(head))
        archive.writestr("a.npy", prefix + head + bytes(9_000_000))
    code = """
import resource, sys
from overlap.io import read_volume
import nibabel
used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (600 << 20),) * 2)
for name in sys.argv[1:]:
    try:
        read_volume(name)
    except ValueError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, path, npz], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done
    for line in lines:
        assert "promises 8000000000 bytes of voxels, more than a file of" in line
