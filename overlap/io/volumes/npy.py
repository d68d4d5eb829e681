"""NumPy files: ``.npy``, mapped into memory, and ``.npz`` with one array."""

from __future__ import annotations

import io
import warnings
import zipfile
from typing import IO, Any, BinaryIO, cast

import numpy as np
from numpy.lib import format as npy_format

from overlap._common.files import check_file
from overlap.io.boundary import decoding
from overlap.io.volumes.stored import decompress_voxels, stored_voxels, unread_voxels
from overlap.io.volumes.volume import RawVolume

__all__ = ["read_numpy"]

_LONGEST = 10_000  # a header: as NumPy


def read_numpy(path: str, *, voxels: bool = True) -> RawVolume:
    """Read an array, with its axes as they are. Refused: several arrays, Python objects.

    Without `voxels`, those of a ``.npz`` are not read.
    """
    # a damaged header can be anything, also to Python's own parser
    with decoding(path, "NumPy"):
        if not path.lower().endswith(".npz"):
            with open(path, "rb") as stream:
                dtype, shape, turned, offset = _header(stream, path)
            data = stored_voxels(path, dtype, offset, shape, name=path)
        else:
            with zipfile.ZipFile(path) as archive:
                name = _only(archive.namelist(), path)
                # opened as a stream: its checksum is compared where it is read to the end
                with archive.open(name) as member:
                    dtype, shape, turned, _ = _header(member, path)
                    if voxels:
                        source = cast(BinaryIO, member)
                        stored = check_file(path)
                        data = decompress_voxels(source, dtype, shape, name=path, stored=stored)
                    else:
                        data = unread_voxels(dtype, shape)
    return RawVolume(data.T if turned else data)


def _only(names: list[str], path: str) -> str:
    if len(names) == 1:
        return names[0]
    shown = ", ".join(name.removesuffix(".npy") for name in names[:6])
    raise ValueError(
        f"{path}: has {len(names)} arrays ({shown}); wanted one: save the label map by itself"
    )


def _header(stream: IO[bytes], path: str) -> tuple[np.dtype[Any], tuple[int, ...], bool, int]:
    """Return type, shape in Fortran order, whether the axes are reversed, and the first byte."""
    start = stream.read(8)
    length = stream.read(2 if start[6:7] == b"\1" else 4)
    size = int.from_bytes(length, "little")
    if size > _LONGEST:
        raise ValueError(f"its header says that it has {size:,} bytes")
    block = io.BytesIO(start + length + stream.read(size))
    version = npy_format.read_magic(block)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"its version is {version[0]}.{version[1]}")
    read = (npy_format.read_array_header_1_0, npy_format.read_array_header_2_0)[version[0] - 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python's own parser, about odd numbers
        shape, fortran, dtype = read(block)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    if dtype.kind not in "buif":
        raise ValueError(f"{path}: has elements of type {dtype}; wanted integers or reals")
    if min(shape, default=0) < 0:
        raise ValueError(f"its shape is {shape}")
    return dtype, shape if fortran else shape[::-1], not fortran, block.tell()
