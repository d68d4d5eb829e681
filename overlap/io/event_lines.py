"""Text files of events without a line of names, as DCASE, sed_eval and THUMOS write them.

One event in each line; tabs, semicolons, commas or blanks separate cells, whichever of these the
first line has. Blanks separate only where there is none of the others, so that labels with blanks
need one of them. The order of the columns is told by where the numbers are:

==========================================  ======================================
cells of a line                             read as
==========================================  ======================================
``onset offset``                            one recording, no label
``onset offset label``                      one recording
``onset offset label score``                one recording, with confidences
``file onset offset``                       no label
``file onset offset label``                 events of several recordings
``file onset offset label score``           with confidences
``file scene onset offset label``           the scene is not used
``file``                                    a recording without events
==========================================  ======================================

A file of one recording does not name it; its table says so (`unnamed`). An empty file is one
recording without events. A file ``<Class>_test.txt`` or ``<Class>_val.txt`` of THUMOS has lines
``file onset offset`` of that class. Detections of THUMOS, whose label is a number, may have the
offset before the onset; such lines are turned round, as its programs do, and counted.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from overlap.io._columns import RawSegments
from overlap.io._paths import bare_name
from overlap.io._source import Source
from overlap.io.printable import brief, number_of

__all__ = ["EVENT_SUFFIXES", "class_of", "is_event_lines", "is_number", "read_event_lines"]

#: Of files of events, which may be empty: a recording without events.
EVENT_SUFFIXES = (".txt", ".ann", ".lab")

#: Fields by the form of a line: t for text, n for a number, a for any cell.
_FORMS: dict[str, tuple[str, ...]] = {
    "nn": ("start", "stop"),
    "nna": ("start", "stop", "label"),
    "nntn": ("start", "stop", "label", "confidence"),
    "tnn": ("video", "start", "stop"),
    "annt": ("video", "start", "stop", "label"),
    "tnnn": ("video", "start", "stop", "label"),
    "annan": ("video", "start", "stop", "label", "confidence"),
    "ttnna": ("video", "", "start", "stop", "label"),
    "ttnnat": ("video", "", "start", "stop", "label", ""),
}
_GLANCE = 1 << 16  # bytes that tell whether a file has a line of names
_CLASS = re.compile(r"([A-Za-z]+)_(?:test|val)\.txt")
_NAMES = {"video": "file", "start": "onset", "stop": "offset", "confidence": "score", "": "unused"}
_WANTED = "onset offset label, or file onset offset label, with a score at the end of predictions"


def class_of(name: str) -> str:
    """Return the class that a file of THUMOS is of; empty for other names.

    Parameters
    ----------
    name : str
        Name of the file.

    Examples
    --------
    >>> class_of("BaseballPitch_test.txt"), class_of("a.txt")
    ('BaseballPitch', '')
    """
    match = _CLASS.fullmatch(os.path.basename(name))
    return match[1] if match else ""


def is_number(cell: str) -> bool:
    """Tell whether a cell is a finite number.

    Parameters
    ----------
    cell : str
    """
    try:
        return math.isfinite(float(cell)) and "_" not in cell
    except ValueError:
        return False


def _are_numbers(cells: Sequence[str], places: Sequence[int]) -> bool:
    """Tell whether no cell is empty, and those at some places are numbers."""
    return all(cells) and all(is_number(cells[k]) for k in places)


def _lines(content: Source) -> list[tuple[int, str]]:
    """Return the lines that are not blank, with their numbers."""
    try:
        text = content.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{content.name}: is not text in UTF-8 (byte {error.start}): save it in UTF-8; "
            "wanted lines of events: "
            f"{_WANTED}"
        ) from None
    return [(k, line) for k, line in enumerate(re.split("\r\n|\r|\n", text), 1) if line.strip()]


def _mark(line: str) -> str | None:
    """Return what separates the cells of a line; None for blanks."""
    return next((mark for mark in "\t;," if mark in line), None)


def _cells(line: str, mark: str | None) -> list[str]:
    cells = [cell.strip() for cell in line.split(mark)]
    while len(cells) > 1 and not cells[-1]:  # tabs at the end of a line
        cells.pop()
    return cells


def _form(cells: Sequence[str]) -> str | None:
    """Return the form of a line, if it is one of an event."""
    kinds = ["n" if is_number(cell) else "t" for cell in cells]
    if not all(cells):
        return None
    for form in _FORMS:
        if len(form) == len(kinds) and all(
            wanted in ("a", kind) for wanted, kind in zip(form, kinds, strict=True)
        ):
            return form
    return None


def is_event_lines(content: Source) -> bool:
    """Tell whether a file has events from its first line on, and no line of names.

    Parameters
    ----------
    content : Source
        A file of text.

    Returns
    -------
    bool
        Whether the first line with several cells is an event. Where all lines have one cell, or
        there is none, by the suffix.
    """
    if content.is_json:
        return False
    head = content
    if len(content.data) > _GLANCE:  # a large file is not taken apart twice
        end = content.data.rfind(b"\n", 0, _GLANCE)
        head = replace(content, data=content.data[: end if end > 0 else _GLANCE])
    try:
        lines = _lines(head)
    except ValueError:
        return False
    mark = next((mark for _, line in lines if (mark := _mark(line))), None)
    for _, line in lines:
        cells = _cells(line, mark)
        if len(cells) > 1:
            return _form(cells) is not None
    # names of recordings alone, or nothing
    return content.suffix in EVENT_SUFFIXES


def read_event_lines(
    content: Source, *, label: str | None = None, video: str | None = None
) -> RawSegments:
    r"""Read events of a file without a line of names.

    Parameters
    ----------
    content : Source
    label : str, optional
        Label of all events of a file that has none.
    video : str, optional
        Name of the recording of a file that has none; by default the name of the file.

    Returns
    -------
    RawSegments

    Raises
    ------
    ValueError
        A line is no event, or is of another form than those before it; or events have no label.

    Examples
    --------
    >>> from overlap.io._source import Source
    >>> raw = read_event_lines(Source("a.txt", b"0.5\t2.0\tspeech\n", ""))
    >>> raw.videos, raw.start, raw.stop, raw.label
    (['a'], ['0.5'], ['2.0'], ['speech'])
    """
    name, lines = content.name, _lines(content)
    # a line with the name of a recording alone has no mark
    mark = next((mark for _, line in lines if (mark := _mark(line))), None)
    rows: list[tuple[int, list[str]]] = []
    alone: list[tuple[int, str]] = []
    form: str | None = None
    numeric: list[int] = []
    for number, line in lines:
        cells = _cells(line, mark)
        if len(cells) == 1:
            if cells[0]:  # else marks alone
                alone.append((number, cells[0]))
            continue
        if form is not None and len(cells) == len(form) and _are_numbers(cells, numeric):
            rows.append((number, cells))
            continue
        own = _form(cells)
        if own is None or (form is not None and _FORMS[own] != _FORMS[form]):
            raise ValueError(_odd(name, number, cells, form, mark))
        numeric = [
            k for k, field in enumerate(_FORMS[own]) if field in ("start", "stop", "confidence")
        ]
        form = form if form == "annan" else own
        rows.append((number, cells))
    fields = _FORMS[form] if form else ("video", "start", "stop", "label")
    unnamed = "video" not in fields or not lines
    if unnamed and alone:
        raise ValueError(
            f"{name}, line {alone[0][0]}: has one cell, {brief(alone[0][1])}, in a file of lines "
            f"{_said(fields)}; wanted the same in every line"
        )
    columns = {field: [cells[k] for _, cells in rows] for k, field in enumerate(fields) if field}
    findings = []
    if form == "annan" and all(is_number(cell) for cell in columns["label"]):
        turned = 0
        for k, (start, stop) in enumerate(zip(columns["start"], columns["stop"], strict=True)):
            if float(stop) < float(start):
                columns["start"][k], columns["stop"][k] = stop, start
                turned += 1
        if turned:
            findings.append(
                f"{name}: {number_of(turned, 'line')} with the offset before the onset turned "
                "round, as the programs of THUMOS do"
            )
    if "label" not in columns:
        label = label or class_of(name)
        if not label and rows:
            raise ValueError(
                f"{name}, line {rows[0][0]}: {brief(rows[0][1])} has no label; wanted {_WANTED}"
            )
        columns["label"] = [label or ""] * len(rows)
    names = [video or bare_name(name)] if unnamed else []
    index_of = {name: k for k, name in enumerate(names)}
    # in the order of the file, recordings without events too
    told = sorted(
        [(number, cells[fields.index("video")]) for number, cells in rows] + alone
        if not unnamed
        else []
    )
    for _, one in told:
        index_of.setdefault(one, len(index_of))
    numbers = [number for number, _ in rows]

    def where(row: int) -> str:
        return f"{name}, line {numbers[row]}"

    if rows and content.suffix in (".csv", ".tsv"):
        findings.append(
            f"{name}: has no line of names; its {number_of(len(rows), 'line')} were read as "
            f"{_said(fields)}. Other programs lose the first line of such a file"
        )
    if not lines:
        findings.append(f"{name}: is empty, which was read as one recording without events")
    return RawSegments(
        videos=list(index_of),
        video=[0] * len(rows) if unnamed else [index_of[one] for one in columns["video"]],
        label=columns["label"],
        start=columns["start"] if rows else [],
        stop=columns["stop"] if rows else [],
        confidence=columns.get("confidence"),
        duration=np.full(len(index_of), np.nan),
        subset=[None] * len(index_of),
        row=numbers,
        where=where,
        source=name,
        sha256=content.sha256,
        findings=tuple(findings),
        unnamed=unnamed,
    )


def _said(fields: Sequence[str]) -> str:
    return " ".join(_NAMES.get(field, field) for field in fields)


def _odd(name: str, number: int, cells: Sequence[str], form: str | None, mark: str | None) -> str:
    """Say what is wrong with a line."""
    line = f"{name}, line {number}: {brief(' '.join(cells))}"
    if form is None:
        return f"{line} is no event; wanted {_WANTED}"
    fields = _FORMS[form]
    blanks = " (of a label with blanks, write tabs between the cells)" if mark is None else ""
    if len(cells) != len(fields):
        return (
            f"{line} has {len(cells)} cells; wanted {_said(fields)}, as in the lines before{blanks}"
        )
    for field, cell in zip(fields, cells, strict=True):
        if field in ("start", "stop", "confidence") and not is_number(cell):
            wanted = "a number" if field == "confidence" else "seconds"
            return f"{line}: the {_NAMES[field]} is {brief(cell)}; wanted {wanted}"
    return f"{line} is not of the form of the lines before, {_said(fields)}"
