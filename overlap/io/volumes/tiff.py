"""TIFF label images and stacks, read with tifffile, or with Pillow where that cannot decompress.

A palette is ignored: the values are the indices into it. The resolution in the file is not used,
because it is that of a printer or screen more often than that of the object.
"""

from __future__ import annotations

import math
import os
import re
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.files import DEFLATE_RATIO, check_size, most_voxels
from overlap._common.label_arrays import plain_bool
from overlap.io.boundary import decoding
from overlap.io.volumes.stored import inflated_size
from overlap.io.volumes.volume import COLORED, RawVolume

__all__ = ["read_tiff"]

_STORED = (1, 32895)  # values of the tag Compression
_DEFLATED = (8, 32946)
# How much larger compression may make a file: deflate, LZW, PackBits.
_RATIOS = {8: DEFLATE_RATIO, 32946: DEFLATE_RATIO, 5: 4096, 32773: 64}


def read_tiff(path: str) -> RawVolume:
    """Read a picture, or a stack of equal pages (axis 2). Refused: colors, channels, times."""
    import tifffile

    with decoding(path, "TIFF", "tifffile"), tifffile.TiffFile(path, _multifile=False) as tiff:
        _check_parts(tiff, path)
        series = _one_series(tiff, path)
        axes = "".join(axis for axis, n in zip(series.axes, series.shape, strict=True) if n != 1)
        if "S" in axes or tiff.pages.first.photometric == tifffile.PHOTOMETRIC.RGB:
            raise ValueError(f"{path}: is a color picture; {COLORED}")
        if len(axes) > 3 or set(axes) & set("CT"):
            raise ValueError(
                f"{path}: has the axes {series.axes} of {series.shape}; wanted one image or "
                "one stack: save each channel or time by itself"
            )
        pixels = sum(math.prod(page.shape) for page in tiff.pages)
        if series.kind == "shaped" and len(tiff.pages) > 1 and pixels != series.size:
            raise ValueError(
                f"{path}: says that it has the shape {series.shape}, and its {len(tiff.pages)} "
                f"pages have {pixels:,} pixels; it is damaged"
            )
        data = _pixels(tiff, series, path)
    if data.dtype.kind not in "buif":
        raise ValueError(f"{path}: has pixels of type {data.dtype}; wanted integers or reals")
    return RawVolume(data.T)


def _one_series(tiff: Any, path: str) -> Any:
    """Return the only image or stack; pages written one by one are a stack as well."""
    from tifffile import TiffPageSeries

    series = tiff.series
    if any(page is None for part in series for page in part.pages):
        raise ValueError(f"{path}: lacks pages that it names")
    if len(series) == 1:
        return series[0]
    first = series[0]
    pages = [page for part in series for page in part.pages]
    same = all((part.shape, part.dtype) == (first.shape, first.dtype) for part in series)
    if not (same and len(first.pages) == 1 and len(first.shape) == 2):
        sizes = ", ".join("x".join(map(str, part.shape)) for part in series[:3])
        raise ValueError(
            f"{path}: has pages of different sizes or types ({sizes}...); wanted one stack"
        )
    return TiffPageSeries(
        pages, shape=(len(pages), *first.shape), dtype=first.dtype, axes="I" + first.axes
    )


def _check_parts(tiff: Any, path: str) -> None:
    """Refuse pictures that the library would fill with zeros, or that take too much memory.

    The format has no checksums, except in parts that are compressed with deflate. So the number
    and the lengths of the parts (strips or tiles) are compared with the size of the picture.
    """
    size = os.path.getsize(path)
    most, total = most_voxels(size), 0
    names = set(re.findall(r'FileName="([^"]*)"', tiff.pages.first.description))
    if tiff.is_ome and len(names) > 1:
        raise ValueError(f"{path}: its pages are in several files; save them in one")
    seen = set()
    for number, page in enumerate(tiff.pages):
        page = page.aspage()
        if page.offset in seen:
            raise ValueError(f"{path}: damaged: its page {number} is one before again")
        seen.add(page.offset)
        where = f"{path}: the pixels of page {number}"
        bits = page.samplesperpixel * page.bitspersample
        rows, columns = page.imagelength, page.imagewidth
        total += rows * columns * page.imagedepth * max(1, (bits + 7) // 8)
        check_size(path, total, most, " of pixels")
        parts = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        if not parts or not all(start > 0 and count > 0 for start, count in parts):
            raise ValueError(f"{where} are not all in the file; it is damaged or sparse")
        end = max(start + count for start, count in parts)
        if end > size:
            raise ValueError(
                f"{path}: truncated: the pixels of page {number} end at byte {end} of {size}; copy "
                "or download it again"
            )
        if total > size * _RATIOS.get(page.compression, total) + (1 << 16):
            raise ValueError(
                f"{where} and before, {total:,} bytes, are more than a file of {size:,} bytes can "
                "hold; it is damaged"
            )
        row = -(-columns * bits // 8)
        if page.is_tiled:
            across = math.ceil(columns / page.tilewidth)
            down = math.ceil(rows / page.tilelength) * math.ceil(page.imagedepth / page.tiledepth)
            count = across * down
            wanted = [page.tiledepth * page.tilelength * -(-page.tilewidth * bits // 8)]
        else:
            down = math.ceil(rows / page.rowsperstrip)
            count = down * page.imagedepth
            wanted = [page.rowsperstrip * row] * (down - 1)
            wanted.append((rows - (down - 1) * page.rowsperstrip) * row)
        if len(parts) != count and page.planarconfig == 1:
            raise ValueError(f"{where} are {len(parts)} parts; wanted {count}")
        wanted *= count // len(wanted)
        if page.compression in _STORED and any(
            # the last part may be padded
            count < least or (count >= least + row and count != wanted[0])
            for (_, count), least in zip(parts, wanted, strict=False)
        ):
            raise ValueError(f"{where} are not as many bytes as its header says")
        if page.compression in _DEFLATED:
            _check_inflated(tiff.filehandle, parts, wanted, where)


def _check_inflated(file: Any, parts: list[tuple[int, int]], wanted: list[int], where: str) -> None:
    """Compare checksum and length of each part; the library would take any length."""
    for (start, count), least in zip(parts, wanted, strict=False):
        file.seek(start)
        try:
            size, complete = inflated_size([file.read(count)], least)
        except zlib.error as error:
            raise ValueError(f"{where} are damaged compressed data ({error})") from None
        if size != least or not complete:
            raise ValueError(f"{where} are not as many as its header says, {least:,} bytes")


def _pixels(tiff: Any, series: Any, path: str) -> NDArray[Any]:
    """Return the stored numbers; in black and white pictures, 1 is white."""
    page = tiff.pages.first
    white_is_zero = page.photometric == 0
    if series.dataoffset is not None and page.is_memmappable:
        dtype = np.dtype(tiff.byteorder + series.dtype.char)
        mapped = np.memmap(path, dtype, "r", series.dataoffset, series.shape)
        return np.asarray(mapped).squeeze()
    try:
        data = series.asarray().squeeze()
        return ~data if white_is_zero and data.dtype == bool else data
    except (ValueError, ImportError, RuntimeError) as error:
        # LZW, 4 bits and the like need a package that tifffile alone does not bring; earlier
        # versions do not name it
        if "imagecodecs" not in str(error) and "not supported" not in str(error):
            raise
    from PIL import TiffImagePlugin

    with TiffImagePlugin.TiffImageFile(path) as image:
        if image.mode not in ("1", "L", "P", "I", "I;16", "I;16B", "F"):
            raise ValueError(f"{path}: is a picture of mode {image.mode}; {COLORED}")
        frames, mode = [], image.mode
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(plain_bool(np.array(image)))
    stack = np.stack(frames)
    if mode == "L":
        # Pillow inverts pictures with white as 0, and stretches 2 and 4 bits to 0...255
        stack = 255 - stack if white_is_zero else stack
        stack //= np.uint8(255 // (2 ** min(page.bitspersample, 8) - 1))
    if stack.dtype == np.int32 and series.dtype.kind == "u":
        stack = stack.view(np.uint32)
    return stack.astype(series.dtype, copy=False).reshape(series.shape).squeeze()
