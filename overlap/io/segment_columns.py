"""Segments as columns: dicts of lists, as ActionFormer writes them, in JSON or in NPZ files.

::

    {"video-id": ["v1", "v1"], "t-start": [0.5, 3.0], "t-end": [2.0, 4.5],
     "label": ["jump", "run"], "score": [0.9, 0.8]}

Names of columns are those of `overlap.io.tables`. Pickle files, in which such dicts are often
kept, are refused, because reading them can run any code; the message says how to convert them.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from overlap._common.files import check_size, most_text, read_file
from overlap.io._columns import RawSegments, plain_name
from overlap.io.boundary import decoding
from overlap.io.printable import brief
from overlap.io.tables import COLUMN_NAMES, columns_of, raw_rows

__all__ = ["PICKLES", "is_columns", "read_columns", "read_npz", "refused_pickle"]

#: Suffixes of pickle files, and of PyTorch's files, which are such.
PICKLES = (".pkl", ".pickle", ".pt", ".pth")


def is_columns(payload: Any, columns: Mapping[str, str] | None = None) -> bool:
    """Tell whether a mapping is a dict of columns with starts and stops.

    Parameters
    ----------
    payload : object
    columns : mapping from str to str, optional
        Columns that the user names, by field.
    """
    if not isinstance(payload, Mapping):
        return False
    names = set(map(plain_name, payload))
    for field in ("start", "stop"):
        known = {name for group in COLUMN_NAMES[field] for name in group}
        if columns and field in columns:
            known = {plain_name(columns[field])}
        if not known & names:
            return False
    return True


def read_columns(
    payload: Mapping[str, Any],
    *,
    role: str,
    name: str,
    sha256: str | None,
    columns: Mapping[str, str] | None = None,
) -> RawSegments:
    """Read segments from a dict of columns.

    Parameters
    ----------
    payload : mapping from str to sequence or ndarray
        Entries of a field must be of one length; others are not looked at.
    role : {"truth", "found", "ambiguous"}
    name : str
        Of the input, for messages.
    sha256 : str or None
    columns : mapping from str to str, optional
        Columns that the user names, by field.

    Returns
    -------
    RawSegments

    Raises
    ------
    ValueError
        A column is missing, is no list, or has another length.

    Examples
    --------
    >>> columns = {"video-id": ["v"], "t-start": [0.5], "t-end": [2.0], "label": [3]}
    >>> read_columns(columns, role="truth", name="dict", sha256=None).stop
    [2.0]
    """
    names = list(payload)
    place = columns_of(names, name, role=role, chosen=columns)
    values: dict[str, Any] = {}
    for field, at in place.items():
        column = payload[names[at]]
        if isinstance(column, np.ndarray):
            if column.ndim != 1:
                raise ValueError(
                    f"{name}: column {names[at]!r} has shape {column.shape}; wanted one dimension"
                )
            column = column if column.dtype.kind in "fiu" else column.tolist()
        if not isinstance(column, list | tuple | np.ndarray):
            raise ValueError(f"{name}: column {names[at]!r} is {brief(column)}; wanted a list")
        values[field] = column if isinstance(column, np.ndarray) else list(column)
    length = {field: len(column) for field, column in values.items()}
    for field, count in length.items():
        if count != length["video"]:
            raise ValueError(
                f"{name}: column {names[place[field]]!r} has {count:,} values and "
                f"{names[place['video']]!r} has {length['video']:,}; wanted as many"
            )
    return raw_rows(
        values.__getitem__,
        place,
        lambda row: f"{name}, row {row}",
        range(length["video"]),
        name=name,
        sha256=sha256,
    )


def read_npz(
    path: str, *, role: str, columns: Mapping[str, str] | None = None, sha256: str | None = None
) -> RawSegments:
    """Read segments from an NPZ file with one array for each column.

    Parameters
    ----------
    path : str
    role : {"truth", "found", "ambiguous"}
    columns : mapping from str to str, optional
        Columns that the user names, by field.
    sha256 : str, optional
        Digest of the file.

    Returns
    -------
    RawSegments

    Raises
    ------
    ValueError
        The file is damaged, has Python objects, or lacks a column.
    """
    data = read_file(path)
    arrays = {}
    try:
        with decoding(path, "NPZ"), zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            check_size(path, size, most_text(len(data)), " after decompression")
            with np.load(io.BytesIO(data), allow_pickle=False) as loaded:
                for entry in loaded.files:
                    arrays[entry] = loaded[entry]
    except ValueError as error:
        if "pickle" in str(error).lower() or "object array" in str(error).lower():
            raise ValueError(
                f"{path}: has an array of Python objects, which would need pickle; save names as "
                "texts, with numpy.asarray(names, dtype=str)"
            ) from None
        raise
    return read_columns(arrays, role=role, name=path, sha256=sha256, columns=columns)


def refused_pickle(name: str) -> ValueError:
    """Return the error for a pickle file, which says how to convert it.

    Parameters
    ----------
    name : str
        The file.
    """
    load = f"pickle.load(open({name!r}, 'rb'))"
    target = name.rpartition(".")[0] + ".npz"
    return ValueError(
        f"{name}: is a pickle file, which is not read, because it can run any code. If you trust "
        f"it and it holds a dict of columns, convert it in Python: import pickle, numpy; "
        f"numpy.savez({target!r}, **{load}); and give {target}"
    )
