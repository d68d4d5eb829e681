"""Tables of boxes: CSV files and DataFrames with one region in each row.

Columns are found by name; case and the characters ``- _ .`` and space do not matter.

=============  ======================================================================
field          names
=============  ======================================================================
image          ``image``, ``image-id``, ``image-name``, ``filename``, ``item``, ``frame``
label          ``label``, ``class``, ``category``, ``label-name``, ``class-name``,
               ``category-name``, ``class-id``, ``category-id``
confidence     ``confidence``, ``score``, ``conf``
corners        ``x1, y1, x2, y2`` or ``xmin, ymin, xmax, ymax`` or ``left, top, right, bottom``
or             ``x, y, x2, y2`` or ``x, y, xmax, ymax``
or sizes       ``x, y, width, height`` (left, top), or ``x, y, w, h``
or turned      ``cx, cy, w, h`` and ``angle-degrees`` or ``angle-radians``, from +x towards +y
flags          ``crowd``, ``iscrowd`` or ``IsGroupOf``, ``ignore``, ``difficult``: 0 or 1
area           ``area``, by which small and large truths are told apart
=============  ======================================================================

Where a table has boxes in two ways, they must be the same. A row that has an image and nothing
else says that the image has no regions. A table with ``IsGroupOf`` is a truth, and its
``Confidence`` is not read.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.limits import MOST_RADIANS
from overlap.io._cells import read_cells
from overlap.io._columns import (
    Coded,
    alphabetical,
    coded_column,
    find_columns,
    numbered,
    numeric_column,
    plain_name,
    to_float64,
)
from overlap.io._source import read_source
from overlap.io.boundary import reads_file
from overlap.io.candidate import Candidate
from overlap.io.detections import Detections
from overlap.io.printable import brief, some
from overlap.regions.base import Regions
from overlap.regions.boxes import Boxes
from overlap.regions.rotated.rotated import RotatedBoxes

__all__ = ["is_box_table", "read_box_frame", "read_box_table"]

_GROUP = "isgroupof"  # annotations of Open Images, whose Confidence is that of the annotator
_NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "image": (("image", "imageid", "imagename", "filename", "item", "frame"),),
    "label": (
        ("label", "class", "category", "labelname", "classname", "categoryname"),
        ("labelid", "classid", "categoryid"),
    ),
    "confidence": (("confidence", "score", "conf"),),
    "crowd": (("crowd", "iscrowd", _GROUP),),
    "ignore": (("ignore",),),
    "difficult": (("difficult",),),
    "area": (("area",),),
}
_FLAGS = ("crowd", "ignore", "difficult")
_TURNED = ("cx", "cy", "w", "h")
#: Names of four columns, and whether these are two corners.
_BOXES: dict[tuple[str, ...], bool] = {
    ("x1", "y1", "x2", "y2"): True,
    ("xmin", "ymin", "xmax", "ymax"): True,
    ("left", "top", "right", "bottom"): True,
    ("x", "y", "width", "height"): False,
    ("x", "y", "w", "h"): False,
    ("left", "top", "width", "height"): False,
    ("x", "y", "x2", "y2"): True,
    ("x", "y", "xmax", "ymax"): True,
}
_SAME = 1e-3  # of a box: what two ways to write it may differ by, because digits were left out


def _geometry(columns: Sequence[str]) -> tuple[str, ...] | None:
    """Return the plain names of the columns of the regions."""
    there = set(columns)
    if there.issuperset(_TURNED):
        angle = next((name for name in ("angledegrees", "angleradians") if name in there), None)
        return None if angle is None else (*_TURNED, angle)
    return next((names for names in _BOXES if there.issuperset(names)), None)


def is_box_table(candidate: Candidate) -> bool:
    """Whether a file is a table with columns of an image, a label and a box.

    Parameters
    ----------
    candidate : Candidate
    """
    columns = list(candidate.columns)
    image, label = (any(map(columns.__contains__, sum(_NAMES[x], ()))) for x in ("image", "label"))
    return image and label and _geometry(columns) is not None


@reads_file
def read_box_table(path: str) -> Detections:
    r"""Read a CSV file with a box in each row; see `overlap.io.box_tables` for its columns.

    Parameters
    ----------
    path : str
        Commas, semicolons or tabs separate the cells.

    Returns
    -------
    Detections
        Images in the order of the file, classes sorted.

    Raises
    ------
    OSError, ValueError
        The file cannot be read, lacks a column or has one twice, or a cell has another value.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "found.csv"
    ...     _ = path.write_text("image,class,score,x,y,w,h\na,cat,0.5,1,2,3,4\n")
    ...     found = read_box_table(path)
    >>> found.regions.to_array().tolist(), found.confidence.tolist()
    ([[1.0, 2.0, 4.0, 6.0]], [0.5])
    """
    content = read_source(os.fspath(path))
    cells = read_cells(content, "CSV with the columns image, class and a box")
    return _table(
        cells.header, cells.column, cells.column, cells.where, cells.lines, content.name,
        content.sha256,
    )  # fmt: skip


def read_box_frame(frame: Any) -> Detections:
    """Read a DataFrame with a box in each row, as `read_box_table` reads a file.

    Parameters
    ----------
    frame : pandas.DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"image": ["a"], "class": ["cat"], "x1": [0], "y1": [0], "x2": [2],
    ...                       "y2": [3]})
    >>> read_box_frame(frame).regions.measure().tolist()
    [6.0]
    """

    def listed(place: int) -> list[Any]:
        return frame.iloc[:, place].to_numpy(dtype=object, na_value=None).tolist()

    def column(place: int) -> list[Any] | NDArray[Any]:
        numbers = numeric_column(frame.iloc[:, place])
        # missing numbers are NaN, and may be those of a row without a box
        return listed(place) if numbers is None or np.isnan(numbers).any() else numbers

    def names(place: int) -> list[Any] | Coded:
        coded = coded_column(frame.iloc[:, place])
        return listed(place) if coded is None else coded

    def where(row: int) -> str:
        label = frame.index[row]
        return f"DataFrame, row {label.item() if isinstance(label, np.generic) else label!r}"

    rows = range(len(frame))
    return _table(list(frame.columns), column, names, where, rows, "DataFrame", None)


def _table(
    header: Sequence[Any],
    column: Callable[[int], list[Any] | NDArray[Any]],
    named: Callable[[int], list[Any] | Coded],
    where: Callable[[int], str],
    rows: Sequence[int],
    name: str,
    digest: str | None,
) -> Detections:
    plain = list(map(plain_name, header))
    place = find_columns(header, _NAMES, ("image", "label"), name)
    used = _geometry(plain)
    if used is None:
        raise ValueError(
            f"{name}: has no columns of boxes; wanted "
            f"{'; '.join(', '.join(names) for names in _BOXES)}; or {', '.join(_TURNED)} and "
            f"angle_degrees or angle_radians. The columns are {some(list(map(str, header)), 12)}"
        )
    for one in used:
        if plain.count(one) > 1:
            raise ValueError(f"{name}: the column {one!r} is there twice; keep one")
    raw = [column(plain.index(one)) for one in used]
    labels = named(place["label"])
    full = _rows_with_something([*raw, labels], len(labels))
    whole = len(full) == len(labels)

    def place_of(row: int) -> str:
        return where(int(full[row]))

    def of_full(values: Any) -> Any:
        if whole:
            return values
        if isinstance(values, np.ndarray):
            return values[full]
        items = values.tolist() if isinstance(values, Coded) else values
        return [items[k] for k in full]

    def numbers(values: Any, what: str) -> NDArray[np.float64]:
        return to_float64(of_full(values), what, place_of, unit="")

    values = np.stack([numbers(some, one) for one, some in zip(used, raw, strict=True)], axis=1)
    regions = _regions(used, values, place_of)
    for other in _BOXES if used in _BOXES else ():
        if other != used and set(plain).issuperset(other):
            again = [numbers(column(plain.index(one)), one) for one in other]
            _check_same(used, values, other, np.stack(again, axis=1), place_of)
    images, item = numbered(named(place["image"]), "image", where)
    classes, number = numbered(of_full(labels), "label", place_of)
    names, order = alphabetical(classes)
    label = order[number]
    flags, sizes = {}, {"area": regions.measure()}
    for flag in _FLAGS:
        if flag in place:
            given = of_full(column(place[flag]))
            given = given.tolist() if isinstance(given, np.ndarray) else given
            flags[flag] = _flag(given, flag, place_of)
    if "area" in place:
        sizes["area"] = numbers(column(place["area"]), "area")
    confidence = None
    if "confidence" in place and _GROUP not in plain:
        confidence = numbers(column(place["confidence"]), "confidence")
    return Detections(
        tuple(images), names, item[full], label, regions,
        confidence, flags, sizes, np.array(rows, dtype=np.int64)[full], name, digest, (),
        "boxes" if isinstance(regions, Boxes) else "rotated boxes",
    )  # fmt: skip


def _rows_with_something(columns: Sequence[Any], count: int) -> NDArray[np.int64]:
    """Return the rows that have a value in any of some columns."""
    empty = np.ones(count, dtype=bool)
    for values in columns:
        if not empty.any():
            break
        if isinstance(values, np.ndarray):  # has no missing one
            empty[:] = False
        elif isinstance(values, Coded):
            empty &= np.array(list(map(_blank, values.values)), dtype=bool)[values.number]
        else:
            empty &= np.fromiter(map(_blank, values), bool, count)
    return np.flatnonzero(~empty)


def _blank(value: Any) -> bool:
    return value is None or value == "" or value != value


def _regions(
    used: tuple[str, ...], values: NDArray[np.float64], where: Callable[[int], str]
) -> Regions:
    """Return boxes of the values of a row."""
    turned, corners = len(used) == 5, _BOXES.get(used, False)
    wrong = (values[:, 2:4] < (values[:, :2] if corners else 0.0)).any(axis=1)
    if wrong.any():
        k = int(np.argmax(wrong))
        said = "ends before it begins" if corners else "has a negative size"
        raise ValueError(
            f"{where(k)}: the box {brief(values[k].tolist())} of {', '.join(used)} {said}"
        )
    if turned:
        many = np.flatnonzero(np.abs(values[:, 4]) > MOST_RADIANS)
        if used[4] == "angleradians" and len(many):
            raise ValueError(
                f"{where(int(many[0]))}: angle_radians is {values[many[0], 4]:g}, more than four "
                "turns; call the column angle_degrees if it is in degrees"
            )
        angle = values[:, 4] * (math.pi / 180.0 if used[4] == "angledegrees" else 1.0)
        return RotatedBoxes(np.column_stack([values[:, :4], angle]))
    return Boxes(values) if corners else Boxes.from_xywh(values)


def _check_same(
    names: tuple[str, ...],
    values: NDArray[np.float64],
    others: tuple[str, ...],
    again: NDArray[np.float64],
    where: Callable[[int], str],
) -> None:
    """Raise unless two ways to write boxes agree: width and height may be those of the image."""
    mine, theirs = (
        np.hstack([four[:, :2], four[:, 2:] + (0.0 if _BOXES[how] else four[:, :2])])
        for how, four in ((names, values), (others, again))
    )
    room = _SAME * np.abs(mine[:, 2:] - mine[:, :2]).max(axis=1, keepdims=True)
    wrong = (np.abs(mine - theirs) > room).any(axis=1)
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(
            f"{where(k)}: the columns {', '.join(names)} are the box {brief(values[k].tolist())}, "
            f"and {', '.join(others)} are another one, {brief(again[k].tolist())}; leave out the "
            "columns that are not the box, such as the width and height of the image"
        )


def _flag(values: Sequence[Any], name: str, where: Callable[[int], str]) -> NDArray[np.bool_]:
    words = {"0": False, "1": True, "false": False, "true": True, "": False, "none": False}
    result = []
    for k, value in enumerate(values):
        word = "" if _blank(value) else str(int(value) if value in (0, 1) else value).lower()
        if word not in words:
            raise ValueError(f"{where(k)}: {name} is {brief(value)}; wanted 0 or 1")
        result.append(words[word])
    return np.array(result, dtype=bool)
