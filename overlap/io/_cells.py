"""Cells of CSV files: the line of names, and the rows below it.

Commas, semicolons or tabs separate cells, whichever the line of names has most. Text is UTF-8. A
cell may stand in quotation marks, and two of them are one inside. Where one is missing, the rest of
the file would become one cell: so marks that do not close, or close inside of a cell, are refused,
and so are line breaks inside of cells that are used.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from overlap.io._source import Source
from overlap.io.printable import brief

__all__ = ["Cells", "header_of", "read_cells"]


@dataclass(frozen=True)
class Cells:
    """Cells of a CSV file, by row.

    Attributes
    ----------
    name : str
        The file.
    header : list of str
        Cells of the first line that is not blank.
    rows : list of list of str
        Each as long as the header.
    lines : list of int
        Number of the line at which each row ends, from 1.
    long : list of int
        Rows of several lines.
    """

    name: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    long: list[int]

    def where(self, row: int) -> str:
        """Name a row for a message."""
        return f"{self.name}, line {self.lines[row]}"

    def column(self, place: int) -> list[str]:
        """Return the cells of a column without blanks around them.

        Raises
        ------
        ValueError
            A cell has a line break.
        """
        for row in self.long:
            cell = self.rows[row][place].strip()
            if "\n" in cell or "\r" in cell:
                raise ValueError(
                    f"{self.where(row)}: the cell {brief(cell)} has a line break; a quotation mark "
                    "before it is missing, or one too many"
                )
        return [row[place].strip() for row in self.rows]


def header_of(content: Source, wanted: str) -> list[str]:
    """Return the cells of the line of names, empty in a file of blank lines.

    Parameters
    ----------
    content : Source
    wanted : str
        Content that should have come, for the message.
    """
    return next((cells for _, cells in _filled(content, wanted)), [])


def read_cells(content: Source, wanted: str, *, lone: bool = False) -> Cells:
    """Read a CSV file; lines without anything are left out.

    Parameters
    ----------
    content : Source
    wanted : str
        Content that should have come, for the message.
    lone : bool
        A row may have its first cell alone; the others are then empty.

    Raises
    ------
    ValueError
        The file is not text in UTF-8, a row has too few or too many cells, or quotation marks do
        not match.
    """
    header: list[str] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    long: list[int] = []
    for line, cells in _filled(content, wanted):
        if header is None:
            header = cells
            continue
        if lone and len(cells) == 1:
            cells = cells + [""] * (len(header) - 1)
        if len(cells) != len(header):
            raise ValueError(
                f"{content.name}, line {line}: has {len(cells)} cells; wanted {len(header)}, as in "
                "the first line"
            )
        if any("\n" in cell or "\r" in cell for cell in cells):
            long.append(len(rows))
        rows.append(cells)
        lines.append(line)
    return Cells(content.name, header or [], rows, lines, long)


def _filled(content: Source, wanted: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, with the number of their last line."""
    try:
        text = content.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{content.name}: is not text in UTF-8 (byte {error.start}): save it in UTF-8; "
            f"wanted {wanted}"
        ) from None
    head = re.split("[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0]
    reader: Any = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=max(",\t;", key=head.count),
        skipinitialspace=True,
        strict=True,
    )
    begin = 1
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                yield reader.line_num, cells
            begin = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{content.name}, line {begin}: {_reason(error)}") from None


def _reason(error: csv.Error) -> str:
    text = str(error)
    if "expected after" in text:
        return (
            "there is text behind a closing quotation mark; write two marks for one inside of a "
            "cell, and none around a part of it"
        )
    if "field limit" in text or "field larger" in text:
        return "invalid CSV: a cell has more than 131,072 characters; is a quotation mark missing?"
    if "unexpected end" in text:
        return "a quotation mark opens a cell that does not end; close or remove it"
    return f"invalid CSV: {text}"
