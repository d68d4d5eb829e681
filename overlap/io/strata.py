"""Strata of cases: site, scanner and other groups, from a CSV file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from overlap._common.frames import frame
from overlap.io._cells import read_cells
from overlap.io._source import read_source
from overlap.io.boundary import reads_file
from overlap.io.printable import brief, some

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_strata"]


@reads_file
def read_strata(path: str | os.PathLike[str], cases: Iterable[str]) -> pd.DataFrame:
    r"""Read a CSV file with one row for each case.

    Parameters
    ----------
    path : str or path-like
        CSV file whose first line has ``case`` and the names of the strata.
    cases : iterable of str
        The cases there are; each needs exactly one row.

    Returns
    -------
    DataFrame
        Indexed by ``case`` in the order of `cases`. All cells are strings: a site ``01`` stays
        one.

    Raises
    ------
    OSError
        The file is missing or unreadable.
    ValueError
        A case is unknown, missing or there twice; a cell is empty; a row has too few or too
        many cells; a column is missing or there twice.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from overlap.io import read_strata
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "strata.csv"
    ...     _ = path.write_text("case,site\nb,01\na,02\n")
    ...     strata = read_strata(path, ["a", "b"])
    >>> strata["site"].to_dict()
    {'a': '02', 'b': '01'}
    """
    content = read_source(os.fspath(path))
    name = content.name
    wanted = list(dict.fromkeys(cases))
    table = read_cells(content, "CSV with the column case and strata")
    header = [cell.strip() for cell in table.header]
    if "case" not in header or len(header) < 2:
        raise ValueError(
            f"{name}: its first line is {brief(','.join(header))}; wanted 'case' and one or more "
            "strata"
        )
    twice = next((column for column in header if header.count(column) > 1 or not column), None)
    if twice is not None:
        raise ValueError(f"{name}: the column {brief(twice)} is there twice or has no name")
    at = header.index("case")
    rows: dict[str, list[str]] = {}
    for row, entry in enumerate(zip(*map(table.column, range(len(header))), strict=True)):
        cells = list(entry)
        if "" in cells:
            column = header[cells.index("")]
            raise ValueError(
                f"{table.where(row)}: {brief(column)[1:-1]} is empty; give it a value such as "
                "'unknown'"
            )
        case = cells[at]
        if case in rows:
            raise ValueError(f"{table.where(row)}: the case {brief(case)} is there twice; keep one")
        rows[case] = cells
    missing = [case for case in wanted if case not in rows]
    unknown = [case for case in rows if case not in set(wanted)]
    for what, which in (("lacks the cases", missing), ("has the unknown cases", unknown)):
        if which:
            raise ValueError(f"{name}: {what} {some(which, 5)}")
    known = frame([rows[case] for case in wanted], columns=header)
    return known.set_index("case")
