"""Tables of regions and spells in files: columns of numbers and names, from CSV or Parquet."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Collection
from typing import Any

import numpy as np

from overlap._common.files import read_file
from overlap.io._cells import read_cells
from overlap.io._columns import to_float64
from overlap.io._source import read_source
from overlap.io.boundary import reads_file
from overlap.io.printable import some

__all__ = ["read_region_table"]

_WHOLE = re.compile(r"(-?\d+)(\.0*)?")


@reads_file
def read_region_table(path: str | os.PathLike[str], numbers: Collection[str]) -> dict[str, Any]:
    """Read the columns of a file.

    Parameters
    ----------
    path : path
        CSV, plain or gzipped, with a line of names; or Parquet, by the suffix ``.parquet``.
    numbers : collection of str
        Names of the columns that hold numbers; the others hold names.

    Returns
    -------
    dict from str to ndarray
        By the name of the column, in lower case.

    Raises
    ------
    ImportError
        The file is Parquet, and nothing that reads it is installed.
    OSError
        The file is missing or unreadable.
    ValueError
        The file is no such table, or a cell is no number.
    """
    name = os.fspath(path)
    if name.lower().endswith(".parquet"):
        return _parquet(name)
    cells = read_cells(read_source(name), "CSV with a line of names")
    names = [cell.strip().lower() for cell in cells.header]
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise ValueError(f"{name}: there are two columns {twice[0]!r}; keep one")
    result: dict[str, Any] = {}
    for place, column in enumerate(names):
        if column in numbers:
            values = cells.column(place)
            result[column] = to_float64(values, column, cells.where, unit="")
        else:
            result[column] = _words(cells.column(place))
    return result


def _words(values: list[str]) -> Any:
    """Return names; empty ones are None, and whole numbers have no decimals in a column of such."""
    whole = [_WHOLE.fullmatch(value) for value in values if value]
    if all(whole):
        values = [value.partition(".")[0] for value in values]
    return np.array([value or None for value in values], dtype=object)


def _parquet(name: str) -> dict[str, Any]:
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(read_file(name)))
    except ImportError as error:
        raise ImportError(
            f"{name}: Parquet files need pyarrow: pip install 'overlap-metrics[report]'"
        ) from error
    names = [str(column).strip().lower() for column in frame.columns]
    if len(set(names)) < len(names):
        raise ValueError(f"{name}: two columns have one name: {some(names)}; keep one of each")
    return {new: frame[old].to_numpy() for new, old in zip(names, frame.columns, strict=True)}
