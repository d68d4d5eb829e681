"""Sizes of images: of the files themselves, from a table, or one for all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io._cells import read_cells
from overlap.io._columns import find_columns
from overlap.io._source import read_source
from overlap.io.image_files import image_size, images_by_name
from overlap.io.printable import brief, some

__all__ = ["image_sizes"]

_COLUMNS: dict[str, tuple[tuple[str, ...], ...]] = {
    "image": (("image", "imageid", "imagename", "filename", "name"),),
    "width": (("width", "w"),),
    "height": (("height", "h"),),
}
_ONE = re.compile(r"^(\d+)\s*[xX×]\s*(\d+)$")


def image_sizes(
    names: Sequence[str], source: Any, beside: Iterable[str | os.PathLike[str]], where: str
) -> NDArray[np.float64]:
    """Return the width and height of images.

    Parameters
    ----------
    names : sequence of str
        Names of the images without suffix.
    source : path, mapping, pair of int, str or None
        A folder of images; a CSV file with the columns image, width and height; sizes by name;
        or one size for all: ``(640, 480)``, ``"640x480"``. None: images beside the labels.
    beside : iterable of path
        Folders of labels. Images are in the same folder, or in ``images`` in place of ``labels``.
    where : str
        The labels, for messages.

    Returns
    -------
    ndarray, dtype=float64, shape (len(names), 2)

    Raises
    ------
    ValueError
        An image is missing, or its size cannot be read.

    Examples
    --------
    >>> image_sizes(["a", "b"], "640x480", [], "labels").tolist()
    [[640.0, 480.0], [640.0, 480.0]]
    """
    if isinstance(source, Mapping):
        given = {Path(str(name)).stem: tuple(size) for name, size in source.items()}
        return _looked_up(names, given, "the sizes given", where)
    if isinstance(source, str) and (one := _ONE.match(source.strip())):
        source = (int(one[1]), int(one[2]))
    if isinstance(source, tuple | list):
        size = np.asarray(source, dtype=np.float64)
        if size.shape != (2,) or not (size > 0).all():
            raise ValueError(f"images = {brief(source)}: wanted a width and a height")
        return np.broadcast_to(size, (len(names), 2)).copy()
    if isinstance(source, str) and not os.path.exists(source):
        raise ValueError(
            f"{where}: images = {brief(source)} is no file or folder; wanted a folder of images, a "
            "CSV file with image, width and height, or one size such as 640x480"
        )
    if source is not None and not os.path.isdir(source):
        return _looked_up(names, _of_table(os.fspath(source)), os.fspath(source), where)
    folders = [Path(source)] if source is not None else _folders(beside)
    known: dict[str, list[Path]] = {}
    for folder in folders:
        known = {**(images_by_name(folder) if folder.is_dir() else {}), **known}
    if not known:
        raise ValueError(
            f"{where}: boxes are shares of their image, and there are no images in "
            f"{some([str(folder) for folder in folders], 3)}; give images= (--images): a folder, a "
            "CSV file with image, width and height, or one size such as 640x480"
        )
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(f"{where}: there is no image of {some(missing, 5)}")
    sizes = [_only_size(known[name], where) for name in names]
    return np.array(sizes, dtype=np.float64).reshape(-1, 2)


def _only_size(paths: Sequence[Path], where: str) -> tuple[int, int]:
    """Return the size of an image, which is that of all files with its name."""
    sizes = [image_size(path) for path in paths]
    for path, size in zip(paths, sizes, strict=True):
        if size != sizes[0]:
            raise ValueError(
                f"{where}: {paths[0]} and {path} have different sizes; keep the image of the labels"
            )
    return sizes[0]


def _folders(beside: Iterable[str | os.PathLike[str]]) -> list[Path]:
    result = []
    for folder in map(Path, beside):
        parts = list(folder.resolve().parts)
        result.append(folder)
        if "labels" in parts:
            at = len(parts) - 1 - parts[::-1].index("labels")
            result.append(Path(*parts[:at], "images", *parts[at + 1 :]))
    return result


def _looked_up(
    names: Sequence[str], known: Mapping[str, Sequence[float]], what: str, where: str
) -> NDArray[np.float64]:
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(f"{where}: {what} have no size of the image {some(missing, 5)}")
    result = np.array([known[name] for name in names], dtype=np.float64).reshape(-1, 2)
    wrong = ~((result > 0) & np.isfinite(result)).all(axis=1)
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(f"{where}: {what}: the image {names[k]} has the size {result[k].tolist()}")
    return result


def _of_table(path: str) -> dict[str, tuple[float, float]]:
    cells = read_cells(read_source(path), "CSV with the columns image, width and height")
    place = find_columns(cells.header, _COLUMNS, ("image", "width", "height"), path)
    columns = [cells.column(place[name]) for name in ("image", "width", "height")]
    result: dict[str, tuple[float, float]] = {}
    for row, (name, *size) in enumerate(zip(*columns, strict=True)):
        stem = Path(name).stem
        try:
            sides = float(size[0]), float(size[1])
        except ValueError:
            raise ValueError(
                f"{cells.where(row)}: the size is {brief(size)}; wanted two numbers"
            ) from None
        if result.setdefault(stem, sides) != sides:
            raise ValueError(f"{cells.where(row)}: the image {brief(stem)} has another size above")
    return result
