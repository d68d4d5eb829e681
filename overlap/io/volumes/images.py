"""Label images: PNG through Pillow, TIFF through tifffile; both come with scikit-image.

A palette is ignored: the values are the indices into it. The resolution in these files is that
of a printer or screen more often than that of the object, so it is not used.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._label_arrays import plain_bool
from overlap.io.volumes.volume import RawVolume

__all__ = ["read_png", "read_tiff"]

_COLORS = (
    "wanted one number a pixel. A picture painted with label colors has to be turned into "
    "label numbers first"
)


def read_png(path: str) -> RawVolume:
    """Read a PNG label image: gray of any depth, black and white, or palette indices.

    Parameters
    ----------
    path : str
        File to read.

    Returns
    -------
    RawVolume
        Axis 0 is x (columns), axis 1 is y (rows).

    Raises
    ------
    ValueError
        The file is damaged, truncated, something else, animated, or has colors.
    """
    from PIL import PngImagePlugin

    try:
        # not Image.open, which guesses the format and refuses pictures above 179 megapixels
        with PngImagePlugin.PngImageFile(path) as image:
            mode, frames = image.mode, getattr(image, "n_frames", 1)
            if mode not in ("1", "L", "P", "I", "I;16", "I;16B"):
                raise _NotLabelsError(f"{path}: is a picture of mode {mode}; {_COLORS}")
            if frames > 1:
                raise _NotLabelsError(f"{path}: is an animation of {frames} frames; wanted one")
            data = plain_bool(np.asarray(image))
    except _NotLabelsError as error:
        raise ValueError(str(error)) from None
    except Exception as error:  # Pillow raises SyntaxError, OSError, struct.error and more
        raise ValueError(f"{path}: not a readable PNG file ({error})") from None
    with open(path, "rb") as stream:
        depth, color = stream.read(26)[24:26]
    if color == 0 and depth in (2, 4):
        # Pillow stretches gray of 2 and 4 bits to 0...255; labels are the stored numbers
        data = data // np.uint8(255 // (2**depth - 1))
    return RawVolume(data.T)


def read_tiff(path: str) -> RawVolume:
    """Read a TIFF label image, or a stack of pages of one size.

    Parameters
    ----------
    path : str
        File to read.

    Returns
    -------
    RawVolume
        Axis 0 is x (columns), axis 1 is y (rows), axis 2 the page.

    Raises
    ------
    ValueError
        The file is damaged, truncated, something else, has colors, channels or times, or pages
        of different sizes.
    """
    import tifffile

    try:
        with _complaints() as complaints, tifffile.TiffFile(path) as tiff:
            series = _one_series(tiff, path)
            axes = "".join(
                axis for axis, n in zip(series.axes, series.shape, strict=True) if n != 1
            )
            if "S" in axes or tiff.pages.first.photometric == tifffile.PHOTOMETRIC.RGB:
                raise _NotLabelsError(f"{path}: is a color picture; {_COLORS}")
            if len(axes) > 3 or set(axes) & set("CT"):
                raise _NotLabelsError(
                    f"{path}: has the axes {series.axes} of {series.shape}; wanted one image or "
                    "one stack: save each channel or time by itself"
                )
            _check_length(tiff, path)
            data = _pixels(tiff, series, path)
            if complaints:
                raise ValueError(complaints[0])
    except _NotLabelsError as error:
        raise ValueError(str(error)) from None
    except Exception as error:  # a damaged file can fail anywhere in the library
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a readable TIFF file ({reason})") from None
    if data.dtype.kind not in "buif":
        raise ValueError(f"{path}: has pixels of type {data.dtype}; wanted integers or reals")
    return RawVolume(data.T)


class _NotLabelsError(Exception):
    """A readable file of the wrong content."""


_heard: ContextVar[list[str] | None] = ContextVar("_heard", default=None)


def _hear(record: logging.LogRecord) -> bool:
    """Keep what tifffile logs while a file is read here; let the rest pass."""
    messages = _heard.get()
    if messages is None:
        return True
    if record.levelno >= logging.ERROR:
        messages.append(record.getMessage())
    return False


@contextlib.contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect the errors that tifffile logs: it goes on without the damaged tags and pages."""
    logging.getLogger("tifffile").addFilter(_hear)  # the second time, this does nothing
    messages: list[str] = []
    token = _heard.set(messages)
    try:
        yield messages
    finally:
        _heard.reset(token)


def _one_series(tiff: Any, path: str) -> Any:
    """Return the only image or stack; pages written one by one are a stack as well."""
    from tifffile import TiffPageSeries

    series = tiff.series
    if len(series) == 1:
        return series[0]
    first = series[0]
    pages = [page for part in series for page in part.pages]
    same = all((part.shape, part.dtype) == (first.shape, first.dtype) for part in series)
    if not (same and len(first.pages) == 1 and len(first.shape) == 2):
        sizes = ", ".join("x".join(map(str, part.shape)) for part in series[:3])
        raise _NotLabelsError(
            f"{path}: has pages of different sizes or types ({sizes}...); wanted one stack"
        )
    return TiffPageSeries(
        pages, shape=(len(pages), *first.shape), dtype=first.dtype, axes="I" + first.axes
    )


def _check_length(tiff: Any, path: str) -> None:
    """Refuse a file that ends before its pixels do; the library would fill them with zeros."""
    size = os.path.getsize(path)
    for number, page in enumerate(tiff.pages):
        ends = [
            a + n for a, n in zip(page.dataoffsets, page.databytecounts, strict=True) if a and n
        ]
        if max(ends, default=0) > size:
            raise _NotLabelsError(
                f"{path}: truncated: the pixels of page {number} end at byte {max(ends)} of "
                f"{size}; copy or download it again"
            )


def _pixels(tiff: Any, series: Any, path: str) -> NDArray[Any]:
    """Return the stored numbers; of black and white, whatever the file stores for white, white."""
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
        # LZW, 4 bits and the like need a package that tifffile alone does not bring
        if "imagecodecs" not in str(error):
            raise
    from PIL import TiffImagePlugin

    with TiffImagePlugin.TiffImageFile(path) as image:
        if image.mode not in ("1", "L", "P", "I", "I;16", "I;16B", "F"):
            raise _NotLabelsError(f"{path}: is a picture of mode {image.mode}; {_COLORS}")
        frames, mode = [], image.mode
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(plain_bool(np.array(image)))
    stack = np.stack(frames)
    if mode == "L":
        # Pillow turns what is stored with white as 0, and stretches 2 and 4 bits to 0...255
        stack = 255 - stack if white_is_zero else stack
        stack //= np.uint8(255 // (2 ** min(page.bitspersample, 8) - 1))
    if stack.dtype == np.int32 and series.dtype.kind == "u":
        stack = stack.view(np.uint32)
    return stack.astype(series.dtype, copy=False).reshape(series.shape).squeeze()
