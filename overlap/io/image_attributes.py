"""Attributes of images and of annotated regions, from a CSV file or a DataFrame."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overlap._common.values import ByValue
from overlap.io._cells import read_cells
from overlap.io._columns import find_columns, plain_name
from overlap.io._source import read_source
from overlap.io.boundary import reads_file
from overlap.io.printable import brief, some

__all__ = ["ImageAttributes", "as_image_attributes", "read_image_attributes"]

_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "image": (("image", "imageid", "imagename", "filename", "item", "frame"),),
    "row": (("row",),),
}


@dataclass(frozen=True, eq=False)
class ImageAttributes(ByValue):
    """Cells of a table by image, or by image and row of the truth.

    Attributes
    ----------
    source : str
        File name, or what the object in memory is.
    sha256 : str or None
        Digest of the file.
    columns : tuple of str
        Names of the attributes.
    cells : mapping from str, or from (str, str), to tuple of str
        Attributes of an image, or of the region in this row of the truth of an image.
    by_row : bool
        Whether they are those of regions.
    """

    source: str
    sha256: str | None
    columns: tuple[str, ...]
    cells: Mapping[Any, tuple[str, ...]]
    by_row: bool

    def __str__(self) -> str:
        return self.source


@reads_file
def read_image_attributes(path: str | os.PathLike[str]) -> ImageAttributes:
    r"""Read a CSV file with one row for each image, or for each annotated region.

    Parameters
    ----------
    path : str or path-like
        Its columns are ``image`` (or ``item``) and names of attributes; with a column ``row``, the
        place of a region in the truth as messages count it, they are those of regions.

    Raises
    ------
    OSError
        The file is missing or unreadable.
    ValueError
        A column is missing or there twice, a cell is empty, or an image has two rows.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "weather.csv"
    ...     _ = path.write_text("image,weather\na,rain\nb,sun\n")
    ...     attributes = read_image_attributes(path)
    >>> attributes.columns, attributes.cells["a"]
    (('weather',), ('rain',))
    """
    content = read_source(os.fspath(path))
    cells = read_cells(content, "CSV with the column image and attributes")
    columns = [cells.column(k) for k in range(len(cells.header))]
    return _attributes(cells.header, columns, content.name, content.sha256)


def as_image_attributes(source: Any) -> ImageAttributes:
    """Read a file; take a DataFrame, or a mapping from image to attributes, as it is.

    Parameters
    ----------
    source : path, DataFrame or mapping
    """
    if isinstance(source, str | os.PathLike):
        return read_image_attributes(source)
    if isinstance(source, Mapping):
        names = list(dict.fromkeys(name for given in source.values() for name in given))
        rows = [[image, *(given.get(name, "") for name in names)]
                for image, given in source.items()]  # fmt: skip
        return _attributes(["image", *names], _turned(rows, len(names) + 1), "mapping", None)
    if not hasattr(source, "iloc"):
        raise TypeError(
            f"strata is a {type(source).__name__}; wanted a file, a DataFrame, or a mapping from "
            "image to attributes"
        )
    frame = source if _place(source.columns) else source.reset_index()
    columns = [
        frame.iloc[:, k].to_numpy(dtype=object, na_value="").tolist()
        for k in range(len(frame.columns))
    ]
    return _attributes(list(map(str, frame.columns)), columns, "DataFrame", None)


def _place(columns: Sequence[Any]) -> bool:
    return any(plain_name(str(name)) in _KEYS["image"][0] for name in columns)


def _turned(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [[row[k] for row in rows] for k in range(width)]


def _attributes(
    header: Sequence[Any], columns: Sequence[Sequence[Any]], name: str, digest: str | None
) -> ImageAttributes:
    place = find_columns(header, _KEYS, ("image",), name)
    rest = [k for k in range(len(header)) if k not in place.values()]
    names = tuple(str(header[k]).strip() for k in rest)
    if not names:
        raise ValueError(f"{name}: has no column of an attribute beside {some(list(header), 4)}")
    twice = next((one for one in names if names.count(one) > 1 or not one), None)
    if twice is not None:
        raise ValueError(f"{name}: the column {brief(twice)} is there twice or has no name")
    cells: dict[Any, tuple[str, ...]] = {}
    by_row = "row" in place
    for k in range(len(columns[0]) if columns else 0):
        key: Any = str(columns[place["image"]][k])
        if by_row:
            key = key, str(columns[place["row"]][k])
        values = tuple(str(columns[one][k]) for one in rest)
        if "" in values:
            raise ValueError(
                f"{name}: {names[values.index('')]} of {brief(key)} is empty; give it a value such "
                "as 'unknown'"
            )
        if key in cells:
            raise ValueError(f"{name}: {brief(key)} is there twice; keep one row")
        cells[key] = values
    return ImageAttributes(name, digest, names, cells, by_row)
