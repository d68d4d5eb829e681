"""Voxels out of a file: mapped where they are stored plainly, else decompressed in blocks."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["data_file", "decompress_voxels", "stored_voxels"]

_BLOCK = 1 << 18
_MOST = 1100  # deflate makes nothing smaller than 1/1032


def _count(shape: tuple[int, ...], dtype: DTypeLike) -> int:
    count = np.dtype(dtype).itemsize
    for side in shape:
        count *= side
    return count


def data_file(path: str, name: str) -> str:
    """Return the path of the file in which a header says its voxels are.

    Parameters
    ----------
    path : str
        File with the header.
    name : str
        What it says.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        The voxels are in several files.
    FileNotFoundError
        The file is not beside the header.
    """
    if name.upper().startswith("LIST") or "%" in name:
        raise ValueError(f"{path}: its voxels are in several files ({name}); save them in one")
    source = Path(path).parent / name
    if not source.is_file():
        raise FileNotFoundError(f"{path}: its data file {name} is not beside it")
    return str(source)


def stored_voxels(
    path: str,
    dtype: DTypeLike,
    offset: int,
    shape: tuple[int, ...],
    *,
    name: str,
    deflated: bool = False,
) -> NDArray[Any]:
    """Take an array in Fortran order out of a file: mapped, read-only, or decompressed.

    Parameters
    ----------
    path : str
        File with the voxels.
    dtype : data type
        Type of a voxel.
    offset : int
        First byte.
    shape : tuple of int
        Voxels along each axis.
    name : str
        Name of the file for messages.
    deflated : bool, optional
        The voxels are one zlib or gzip stream, which starts at `offset`.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        The file is too short or damaged.
    """
    size = os.path.getsize(path)
    if deflated:
        with open(path, "rb") as file:
            file.seek(offset)
            stream = cast(BinaryIO, _Inflated(file))
            return decompress_voxels(stream, dtype, shape, name=name, stored=size)
    wanted, there = _count(shape, dtype), size - offset
    if there < wanted:
        raise _truncated(name, max(there, 0), wanted)
    if not wanted:
        return np.empty(shape, dtype, order="F")
    # an ordinary array on top: numpy.memmap itself slows every view of it
    return np.asarray(np.memmap(path, dtype, "r", offset, shape, "F"))


def decompress_voxels(
    stream: BinaryIO, dtype: DTypeLike, shape: tuple[int, ...], *, name: str, stored: int
) -> NDArray[Any]:
    """Read an array in Fortran order through a decompressing stream, to the end of it.

    The stream is read to its end so that its checksum is compared.

    Parameters
    ----------
    stream : binary file
        At the first byte of the voxels.
    dtype : data type
        Type of a voxel.
    shape : tuple of int
        Voxels along each axis.
    name : str
        Name of the file for messages.
    stored : int
        Bytes of the compressed file.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        The file is too short or damaged.
    """
    wanted = _count(shape, dtype)
    if wanted > _MOST * stored + _BLOCK:
        raise ValueError(
            f"{name}: the header promises {wanted} bytes of voxels, more than a file of "
            f"{stored} bytes can hold; it is damaged or truncated"
        )
    buffer = np.empty(wanted, np.uint8)
    there = 0
    try:
        while there < wanted and (block := stream.read(min(_BLOCK, wanted - there))):
            buffer[there : there + len(block)] = np.frombuffer(block, np.uint8)
            there += len(block)
        while there == wanted and stream.read(_BLOCK):
            pass
    except EOFError:
        raise _truncated(name, there, wanted) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{name}: damaged compressed data ({error})") from None
    if there < wanted:
        raise _truncated(name, there, wanted)
    return buffer.view(dtype).reshape(shape, order="F")


class _Inflated:
    """A zlib or gzip stream, decompressed as it is read; zlib compares the checksum."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._engine = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def read(self, size: int) -> bytes:
        while not self._engine.eof:
            source = self._engine.unconsumed_tail or self._stream.read(_BLOCK)
            block = self._engine.decompress(source, size)
            if block:
                return block
            if not source:
                raise EOFError
        return b""


def _truncated(name: str, there: int, wanted: int) -> ValueError:
    return ValueError(
        f"{name}: truncated: holds {there} of {wanted} bytes of voxels; copy or download it again"
    )
