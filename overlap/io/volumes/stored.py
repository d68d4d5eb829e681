"""Voxels out of a file: mapped where they are stored plainly, else decompressed in blocks."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from overlap._common.files import DEFLATE_RATIO, check_file, check_size, most_voxels

__all__ = ["data_file", "decompress_voxels", "inflated_size", "shown", "stored_voxels"]

_BLOCK = 1 << 18
_SHOWN = 120  # characters of a header in a message


def _count(shape: tuple[int, ...], dtype: DTypeLike) -> int:
    count = np.dtype(dtype).itemsize
    for side in shape:
        count *= side
    return count


def shown(text: str | None) -> str:
    """Return what a header says, cut where a damaged one says too much.

    Parameters
    ----------
    text : str or None
    """
    return repr(text) if text is None or len(text) <= _SHOWN else repr(text[:_SHOWN]) + "..."


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
        The voxels are in several files, or in one that is not in the folder of the header or in a
        folder within it: a header from elsewhere must not choose among the files of this machine.
        (A symbolic link in that folder may lead anywhere.)
    FileNotFoundError
        The file is not beside the header.
    """
    if name.upper().startswith("LIST") or "%" in name:
        raise ValueError(
            f"{path}: its voxels are in several files ({name[:_SHOWN]}); save them in one"
        )
    folder = os.path.dirname(os.path.abspath(path))
    source = os.path.normpath(os.path.join(folder, name))
    if os.path.commonpath((folder, source)) != folder or source in (folder, os.path.abspath(path)):
        raise ValueError(
            f"{path}: its data file is said to be {shown(name)}; wanted a file in the folder of "
            "the header, or below it"
        )
    place = os.path.join(os.path.dirname(path), os.path.relpath(source, folder))
    if not os.path.lexists(source):
        raise FileNotFoundError(f"{path}: its data file {name[:_SHOWN]} is not beside it")
    try:
        check_file(place)
    except (OSError, ValueError) as error:
        raise type(error)(f"{path}: its data file cannot be read ({error})") from None
    return place


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
        The file is too short, too long or damaged.
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
    _check_rest(there - wanted, wanted, shape, name)
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
        The file is too short, too long or damaged, or would become larger than allowed.
    """
    wanted = _count(shape, dtype)
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


def inflated_size(parts: Iterable[bytes | memoryview], most: int) -> tuple[int, bool]:
    """Decompress a zlib stream without keeping it.

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
        # in small pieces, because what is not yet decompressed is copied at each step
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
