"""PNG label images, read with Pillow after the checks of checksums and sizes that it lacks.

A palette is ignored: the values are the indices into it. The resolution in the file is not used,
because it is that of a printer or screen more often than that of the object.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import NamedTuple

import numpy as np

from overlap._common.files import DEFLATE_RATIO, check_size, most_voxels, read_file
from overlap._common.label_arrays import plain_bool
from overlap.io.boundary import decoding
from overlap.io.volumes.stored import inflated_size
from overlap.io.volumes.volume import COLORED, RawVolume

__all__ = ["read_png"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # a pixel, by color type
_COLORS = {2: "RGB", 4: "LA", 6: "RGBA"}
# First column and row, and steps, of each pass of an interlaced image.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
           (0, 1, 1, 2))  # fmt: skip


def read_png(path: str) -> RawVolume:
    """Read gray of any depth, black and white, or palette indices. Refused: colors, animations."""
    from PIL import PngImagePlugin

    # Pillow reads damaged chunks, and fills rows that are missing with zeros
    content = read_file(path)
    header = _checked_header(content, path)
    if header.color in _COLORS:
        raise ValueError(f"{path}: is a picture of mode {_COLORS[header.color]}; {COLORED}")
    # not Image.open, which guesses the format and refuses pictures above 179 megapixels
    with decoding(path, "PNG"), PngImagePlugin.PngImageFile(io.BytesIO(content)) as image:
        frames = getattr(image, "n_frames", 1)
        if frames > 1:
            raise ValueError(f"{path}: is an animation of {frames} frames; wanted one")
        data = plain_bool(np.asarray(image))
    if header.color == 0 and header.depth in (2, 4):
        # Pillow stretches gray of 2 and 4 bits to 0...255; labels are the stored numbers
        data = data // np.uint8(255 // (2**header.depth - 1))
    return RawVolume(data.T)


class _Header(NamedTuple):
    """Content of the first chunk."""

    width: int
    height: int
    depth: int
    color: int
    compression: int
    filter: int
    interlaced: int


def _checked_header(content: bytes, path: str) -> _Header:
    """Compare every checksum, and the number of pixels with the size that the header promises."""
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


def _header(data: bytes, path: str) -> _Header:
    if len(data) != 13:
        raise ValueError(f"{path}: damaged: its header has {len(data)} bytes; wanted 13")
    header = _Header(*struct.unpack(">IIBBBBB", data))
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


def _check_pixels(header: _Header, pixels: list[memoryview], path: str, stored: int) -> None:
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
