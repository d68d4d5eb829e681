"""Checksums and sizes of a PNG file, which Pillow does not compare."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from overlap._common.files import DEFLATE_RATIO, check_size, most_voxels
from overlap.io.volumes._bytes import inflated_size

__all__ = ["PngHeader", "check_png"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # a pixel, by color type
# First column and row, and steps, of each pass of an interlaced image.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
           (0, 1, 1, 2))  # fmt: skip


class PngHeader(NamedTuple):
    """Content of the first chunk."""

    width: int
    height: int
    depth: int
    color: int
    compression: int
    filter: int
    interlaced: int


def check_png(content: bytes, path: str) -> PngHeader:
    """Compare every checksum, and the number of pixels with the size that the header promises.

    Parameters
    ----------
    content : bytes
        The file.
    path : str
        Its name, for messages.

    Returns
    -------
    PngHeader

    Raises
    ------
    ValueError
        The file is damaged, truncated or something else, or larger than allowed.
    """
    if not content.startswith(_SIGNATURE):
        raise ValueError(f"{path}: not a PNG file: it starts with {content[:8]!r}")
    header, pixels, at, kind = None, list[memoryview](), len(_SIGNATURE), b""
    view = memoryview(content)
    while kind != b"IEND":
        if at + 12 > len(content):
            raise ValueError(
                f"{path}: truncated: ends at byte {len(content)} without its last chunk; copy or "
                "download it again"
            )
        (size,) = struct.unpack_from(">I", content, at)
        kind, end = content[at + 4 : at + 8], at + 8 + size
        if end + 4 > len(content):
            raise ValueError(
                f"{path}: truncated or damaged: its chunk {kind!r} at byte {at} says that it has "
                f"{size:,} bytes; copy or download it again"
            )
        if zlib.crc32(view[at + 4 : end]) != struct.unpack_from(">I", content, end)[0]:
            raise ValueError(
                f"{path}: damaged: the checksum of its chunk {kind!r} at byte {at} differs"
            )
        if (kind == b"IHDR") != (header is None):
            raise ValueError(f"{path}: damaged: wanted one header (IHDR), and that first")
        if kind == b"IHDR":
            header = _header(content[at + 8 : end], path)
        elif kind == b"IDAT":
            pixels.append(view[at + 8 : end])
        at = end + 4
    assert header is not None
    _check_pixels(header, pixels, path, len(content))
    return header


def _header(data: bytes, path: str) -> PngHeader:
    if len(data) != 13:
        raise ValueError(f"{path}: damaged: its header has {len(data)} bytes; wanted 13")
    header = PngHeader(*struct.unpack(">IIBBBBB", data))
    if not (
        0 < header.width < 1 << 31
        and 0 < header.height < 1 << 31
        and header.depth in (1, 2, 4, 8, 16)
        and header.color in _SAMPLES
        and header[4:6] == (0, 0)
        and header.interlaced in (0, 1)
    ):
        raise ValueError(f"{path}: its header cannot be right ({header})")
    return header


def _check_pixels(header: PngHeader, pixels: list[memoryview], path: str, stored: int) -> None:
    bits = header.depth * _SAMPLES[header.color]
    wanted = 0
    for x, y, right, down in _PASSES if header.interlaced else ((0, 0, 1, 1),):
        columns, rows = -((x - header.width) // right), -((y - header.height) // down)
        if columns > 0:
            # each row begins with the number of its filter
            wanted += max(rows, 0) * (1 + (columns * bits + 7) // 8)
    if wanted > DEFLATE_RATIO * stored + (1 << 16):
        raise ValueError(
            f"{path}: its header promises {header.width} x {header.height} pixels, more than a "
            f"file of {stored:,} bytes can hold; it is damaged"
        )
    size = header.width * header.height * ((bits + 7) // 8)  # as decoded: a byte or more a pixel
    check_size(path, size, most_voxels(stored), " of pixels")
    try:
        there, complete = inflated_size(pixels, wanted)
    except zlib.error as error:
        raise ValueError(f"{path}: damaged compressed data ({error})") from None
    if there != wanted or not complete:
        held = f"more than {wanted:,}" if there > wanted else f"{there:,} of {wanted:,}"
        raise ValueError(
            f"{path}: damaged or truncated: holds {held} bytes for its {header.width} x "
            f"{header.height} pixels"
        )
