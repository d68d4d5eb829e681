"""Stored voxels: mapped from the file, or decompressed to the end, where the checksum is."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from collections.abc import Iterable
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from overlap._common.files import DEFLATE_RATIO, check_size, most_voxels

__all__ = ["decompress_voxels", "inflated_size", "stored_voxels", "unread_voxels"]

_BLOCK = 1 << 18


def stored_voxels(
    path: str,
    dtype: DTypeLike,
    offset: int,
    shape: tuple[int, ...],
    *,
    name: str,
    deflated: bool = False,
    at_end: bool = False,
    voxels: bool = True,
) -> NDArray[Any]:
    """Read an array in Fortran order from a file: mapped, or decompressed.

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
    at_end : bool, optional
        The voxels are the end of the file; bytes between `offset` and them are left out.
    voxels : bool, default True
        Decompress them; else compressed ones are those of `unread_voxels`.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        The file is too short, too long or damaged.
    """
    size = os.path.getsize(path)
    wanted = math.prod(shape) * np.dtype(dtype).itemsize
    if at_end:
        offset = max(offset, size - wanted)
    if deflated and not voxels:
        return unread_voxels(dtype, shape)
    if deflated:
        with open(path, "rb") as file:
            file.seek(offset)
            stream = cast(BinaryIO, _Inflated(file))
            return decompress_voxels(stream, dtype, shape, name=name, stored=size)
    there = size - offset
    if there < wanted:
        raise _truncated(name, max(there, 0), wanted)
    _check_rest(there - wanted, wanted, shape, name)
    if not wanted:
        return np.empty(shape, dtype, order="F")
    # an ordinary array on top: numpy.memmap itself slows every view of it
    return np.asarray(np.memmap(path, dtype, "r", offset, shape, "F"))


def decompress_voxels(
    stream: BinaryIO, dtype: DTypeLike, shape: tuple[int, ...], *, name: str, stored: int
) -> NDArray[Any]:
    """Read an array in Fortran order from a decompressing stream, to the end of the stream.

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
        The file is too short, too long or damaged, or would become larger than allowed.
    """
    wanted = math.prod(shape) * np.dtype(dtype).itemsize
    if wanted > DEFLATE_RATIO * stored + _BLOCK:
        raise ValueError(
            f"{name}: the header promises {wanted} bytes of voxels, more than a file of "
            f"{stored} bytes can hold; it is damaged or truncated"
        )
    most = most_voxels(stored)
    check_size(name, wanted, most, " of voxels")
    buffer = np.empty(wanted, np.uint8)
    there = rest = 0
    try:
        while there < wanted and (block := stream.read(min(_BLOCK, wanted - there))):
            buffer[there : there + len(block)] = np.frombuffer(block, np.uint8)
            there += len(block)
        # to the end, where the checksum is
        while there == wanted and (block := stream.read(_BLOCK)):
            rest += len(block)
            check_size(name, wanted + rest, most, " or more after decompression")
    except EOFError:
        raise _truncated(name, there, wanted) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{name}: damaged compressed data ({error})") from None
    if there < wanted:
        raise _truncated(name, there, wanted)
    _check_rest(rest, wanted, shape, name)
    return buffer.view(dtype).reshape(shape, order="F")


def unread_voxels(dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return an array of zeros that takes no memory, in place of voxels that nobody asked for.

    Parameters
    ----------
    dtype : data type
    shape : tuple of int
    """
    return np.broadcast_to(np.zeros((), dtype), shape)


def inflated_size(parts: Iterable[bytes | memoryview], most: int) -> tuple[int, bool]:
    """Count the bytes of a zlib stream, without keeping them.

    Parameters
    ----------
    parts : iterable of bytes
        The stream.
    most : int
        Where to stop.

    Returns
    -------
    size : int
        Bytes, or more than `most`.
    complete : bool
        Whether the end came, and its checksum with it.

    Raises
    ------
    zlib.error
        The stream is damaged.
    """
    engine, size = zlib.decompressobj(), 0
    for part in parts:
        # in small pieces, because the rest of a piece is copied at each step
        for start in range(0, len(part), _BLOCK >> 2):
            source: Any = part[start : start + (_BLOCK >> 2)]
            while source and not engine.eof:
                size += len(engine.decompress(source, _BLOCK))
                source = engine.unconsumed_tail
                if size > most:
                    return size, False
    while not engine.eof and (block := engine.decompress(b"", _BLOCK)):
        size += len(block)
    return size, engine.eof


class _Inflated:
    """Decompressing stream of zlib or gzip data; zlib compares the checksum."""

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


def _check_rest(rest: int, wanted: int, shape: tuple[int, ...], name: str) -> None:
    """Refuse more voxels than the header says: a layer or more is no padding."""
    if rest and rest * max(shape, default=1) >= wanted:
        sides = " x ".join(map(str, shape))
        raise ValueError(
            f"{name}: holds {rest:,} bytes more than the {wanted:,} of {sides} voxels; its header "
            "is damaged, or that of another file"
        )


def _truncated(name: str, there: int, wanted: int) -> ValueError:
    return ValueError(
        f"{name}: truncated: holds {there} of {wanted} bytes of voxels; copy or download it again"
    )
