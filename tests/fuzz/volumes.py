"""Volumes and images under damage."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .harness import Change, Target, inside_gzip

SHAPE = (9, 7, 5)


def labels(dtype: str = "u1") -> np.ndarray:
    """Return labels 0...5, x first, in Fortran order."""
    return np.asfortranarray(np.arange(np.prod(SHAPE)).reshape(SHAPE) ** 2 % 11 % 6, dtype=dtype)


def read(path: Path) -> Any:
    from overlap.io import read_volume

    values = read_volume(path).values
    return values.shape, values.tolist()


def nifti() -> list[bytes]:
    import nibabel

    files = []
    for kind, dtype in ((nibabel.Nifti1Image, "u1"), (nibabel.Nifti2Image, ">i2")):
        image = kind(labels(dtype), np.diag([0.75, 1.5, 3.25, 1.0]))
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"a comment"))
        files.append(image.to_bytes())
    image = nibabel.Nifti1Image(labels("f4"), None)
    image.header.set_slope_inter(2.0, 1.0)
    return [*files, image.to_bytes()]


def gzipped(seeds: Callable[[], Sequence[bytes]]) -> Callable[[], list[bytes]]:
    return lambda: [gzip.compress(seed, mtime=0) for seed in seeds()]


def metaimage(compressed: bool) -> list[bytes]:
    files = []
    for kind, dtype in (("MET_UCHAR", "u1"), ("MET_SHORT", "<i2"), ("MET_FLOAT", "<f4")):
        data = labels(dtype).tobytes(order="F")
        data = zlib.compress(data) if compressed else data
        head = (
            "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
            f"CompressedData = {compressed}\nTransformMatrix = 1 0 0 0 1 0 0 0 1\n"
            "Offset = -12.5 40 7.75\nElementSpacing = 0.75 1.5 3.25\n"
            f"DimSize = 9 7 5\nElementType = {kind}\nElementDataFile = LOCAL\n"
        )
        files.append(head.encode() + data)
    return files


def inside_metaimage(data: bytes, change: Change) -> bytes:
    head, mark, body = data.partition(b"LOCAL\n")
    return head + mark + zlib.compress(change(zlib.decompress(body)))


def detached_metaimage() -> list[bytes]:
    head = metaimage(False)[1].partition(b"LOCAL\n")[0]
    return [head + b"voxels.raw\n", head.replace(b"= False", b"= True") + b"voxels.zraw\n"]


def beside_metaimage(folder: Path) -> None:
    data = labels("<i2").tobytes(order="F")
    (folder / "voxels.raw").write_bytes(data)
    data = labels(">i2").tobytes(order="F")
    (folder / "voxels.zraw").write_bytes(zlib.compress(data))


def nrrd(encoding: str) -> list[bytes]:
    files = []
    for kind, dtype in (("unsigned char", "u1"), ("short", "<i2"), ("double", "<f8")):
        data = labels(dtype).tobytes(order="F")
        data = gzip.compress(data, mtime=0) if encoding == "gzip" else data
        head = (
            f"NRRD0004\n# a comment\ntype: {kind}\ndimension: 3\nspace: left-posterior-superior\n"
            "sizes: 9 7 5\nspace directions: (0.75,0,0) (0,1.5,0) (0,0,3.25)\n"
            f"kinds: domain domain domain\nendian: little\nencoding: {encoding}\n"
            "space origin: (-12.5,40,7.75)\n\n"
        )
        files.append(head.encode() + data)
    return files


def inside_nrrd(data: bytes, change: Change) -> bytes:
    head, mark, body = data.partition(b"\n\n")
    return head + mark + inside_gzip(body, change)


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png() -> list[bytes]:
    from PIL import Image

    files = []
    values = np.ascontiguousarray(labels()[..., 0].T)
    palette = Image.fromarray(values)
    palette.putpalette(bytes(range(256)) * 3)
    for image in (
        Image.fromarray(values), Image.fromarray(values.astype(np.uint16) * 999), palette,
        Image.fromarray(values > 2),
    ):  # fmt: skip
        stream = io.BytesIO()
        image.save(stream, "PNG")
        files.append(stream.getvalue())
    return files


def inside_png(data: bytes, change: Change) -> bytes:
    """Damage the content of chunks, or the pixels, and write the checksums anew."""
    parts, at = [], 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        parts.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    which = zlib.crc32(change(data)) % (len(parts) + 2)
    out = data[:8]
    for number, (kind, content) in enumerate(parts):
        if kind == b"IDAT" and which >= len(parts):
            content = zlib.compress(change(zlib.decompress(content)))
        elif number == which:
            content = change(content)
        out += chunk(kind, content)
    return out


def tiff(compression: str | None) -> list[bytes]:
    import tifffile

    files = []
    for options in ({}, {"tile": (16, 16)}, {"rowsperstrip": 2}, {"bigtiff": True}):
        stream = io.BytesIO()
        tifffile.imwrite(
            stream, labels("u2").T, compression=compression, photometric="minisblack", **options
        )
        files.append(stream.getvalue())
    return files


def tiff_of_pillow() -> list[bytes]:
    from PIL import Image

    files = []
    gray = np.ascontiguousarray(labels()[..., 0].T)
    for values, kind in ((gray, "tiff_lzw"), (gray > 2, "group4"), (gray, "packbits")):
        stream = io.BytesIO()
        Image.fromarray(values).save(stream, "TIFF", compression=kind)
        files.append(stream.getvalue())
    return files


def npy() -> list[bytes]:
    files = []
    for values in (labels(), labels("<i4"), np.ascontiguousarray(labels("f8"))):
        stream = io.BytesIO()
        np.save(stream, values)
        files.append(stream.getvalue())
    return files


def npz() -> list[bytes]:
    files = []
    for save in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        save(stream, labels())
        files.append(stream.getvalue())
    return files


def inside_npz(data: bytes, change: Change) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = change(archive.read("arr_0.npy"))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("arr_0.npy", content)
    return stream.getvalue()


_PATHS = (b"/etc/passwd", b"../../../../../../etc/passwd", b"/dev/zero", b"LIST", b"input.mhd",
          b"input.nhdr", b"a%03d.raw 1 3 1")  # fmt: skip
_META = (b"True", b"\nCompressedData = True\n", b"\nHeaderSize = -1\n", b"\nHeaderSize = 1e300\n",
         b"\nElementNumberOfChannels = 3\n", b"\nElementDataFile = ", b"MET_DOUBLE", b"=",
         *_PATHS)  # fmt: skip
_NRRD = (b"none", b"(nan,0,0)", b"(1e300,0,0)", b"\ndata file: ", b"\nbyte skip: -1\n",
         b"gzip", b"raw", b"bzip2", b"ascii", b"\n\n", b":", b"double", *_PATHS)  # fmt: skip
_NUMPY = (b"'fortran_order': True", b"'<f8'", b"'|O'", b"'|V99999'", b"'<U1000000'", b"(9, 35)",
          b"(-1,)", b"()", b"(" * 90, b"99999999999")  # fmt: skip

TARGETS = [
    Target("nii", ".nii", nifti, read),
    Target("nii.gz", ".nii.gz", gzipped(nifti), read, checked=True, inside=inside_gzip),
    Target("mha", ".mha", lambda: metaimage(False), read, words=_META),
    Target("mha:zip", ".mha", lambda: metaimage(True), read, words=_META, inside=inside_metaimage),
    Target("mhd", ".mhd", detached_metaimage, read, words=_META, beside=beside_metaimage),
    Target("nrrd", ".nrrd", lambda: nrrd("raw"), read, words=_NRRD),
    Target("nrrd:zip", ".nrrd", lambda: nrrd("gzip"), read, words=_NRRD, inside=inside_nrrd),
    Target("png", ".png", png, read, checked=True, inside=inside_png),
    Target("tiff", ".tif", lambda: tiff(None), read),
    Target("tiff:zip", ".tif", lambda: tiff("zlib"), read),
    Target("tiff:lzw", ".tif", tiff_of_pillow, read),
    Target("npy", ".npy", npy, read, words=_NUMPY),
    Target("npz", ".npz", npz, read, checked=True, words=_NUMPY, inside=inside_npz),
]
