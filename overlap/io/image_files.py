"""Files of images: which one has a name, its size and its pixels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from overlap._common.files import check_file
from overlap.io.boundary import decoding
from overlap.io.printable import some

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["find_image_file", "image_pixels", "image_size", "images_by_name"]

_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")
_TURNED = 5  # from this number of EXIF's orientation on, width and height are exchanged


def images_by_name(folder: str | os.PathLike[str]) -> dict[str, list[Path]]:
    """Return the images in a folder by their names without suffix.

    Parameters
    ----------
    folder : str or path-like
    """
    result: dict[str, list[Path]] = {}
    for path in sorted(Path(folder).iterdir()):
        if path.suffix.lower() in _SUFFIXES:
            result.setdefault(path.stem, []).append(path)
    return result


def find_image_file(folder: str | os.PathLike[str], item: str, named: str | None = None) -> Path:
    """Return the file of an image.

    Parameters
    ----------
    folder : str or path-like
        Where images are.
    item : str
        Name of the image, which is that of its file without suffix.
    named : str, optional
        Name of the file, if the annotations say it. Folders in it may be left out.

    Raises
    ------
    ValueError
        There is no such image, or there are several.
    """
    if not Path(folder).is_dir():
        raise ValueError(f"{folder}: is not a folder of images")
    if named is not None:
        for path in (Path(folder, named), Path(folder, Path(named).name)):
            if path.is_file():
                return path
        raise ValueError(f"{folder}: has no file {named}, which is the image {item!r}")
    known = images_by_name(folder)
    hits = known.get(item, [])
    if len(hits) == 1:
        return hits[0]
    if hits:
        raise ValueError(
            f"{folder}: {hits[0].name} and {hits[1].name} could both be the image {item!r}"
        )
    there = some(list(known), 3) if known else "none"
    raise ValueError(f"{folder}: has no image {item!r}; its images are {there}")


def image_size(path: Path) -> tuple[int, int]:
    """Return width and height of an image, upright.

    Parameters
    ----------
    path : Path
    """
    with _opened(path) as image:
        turned = image.getexif().get(0x0112, 1) >= _TURNED  # a camera that was held upright
        return image.size[::-1] if turned else image.size


def image_pixels(path: Path, most: int) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Return the colors of an image, upright, and its size.

    Parameters
    ----------
    path : Path
    most : int
        Width and height that pixels are made smaller to, if the image is larger.

    Returns
    -------
    pixels : ndarray, dtype=uint8, shape (height, width, 3)
    size : (int, int)
        Width and height of the image as it is.
    """
    from PIL import ImageOps

    with _opened(path) as image:
        upright = ImageOps.exif_transpose(image)
        small = upright.convert("RGB")
        small.thumbnail((most, most))
        return np.asarray(small), upright.size


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    check_file(path)
    from PIL import Image

    with decoding(path, "image"), Image.open(path) as image:
        yield image
