"""Folders of DOTA: quadrilaterals of images, and results of each class (task 1)."""

from __future__ import annotations

import re

import numpy as np

from overlap.io.boundary import reads_file
from overlap.io.candidate import Candidate
from overlap.io.detections import Detections
from overlap.io.line_folders import is_number, read_lines, text_files
from overlap.io.printable import brief, number_of
from overlap.io.quads import quads_of

__all__ = ["is_dota_results", "is_dota_truth", "read_dota_results", "read_dota_truth"]

_HEAD = ("imagesource", "gsd")
_CLASS = re.compile(r"^Task1_(.+)$")


def _is_head(words: list[str]) -> bool:
    return words[0].partition(":")[0].lower() in _HEAD


def is_dota_truth(candidate: Candidate) -> bool:
    """Whether a folder has lines of eight numbers, a class and perhaps difficult.

    Parameters
    ----------
    candidate : Candidate
    """
    return any(
        _is_head(words)
        or (len(words) in (9, 10) and not is_number(words[8]) and all(map(is_number, words[:8])))
        for words in candidate.first_lines
    )


def is_dota_results(candidate: Candidate) -> bool:
    """Whether a folder has text files named as DOTA's results of task 1 are.

    Parameters
    ----------
    candidate : Candidate
    """
    names = [path.stem for path in candidate.files if path.suffix.lower() == ".txt"]
    return bool(names) and all(map(_CLASS.match, names))


@reads_file
def read_dota_truth(folder: str) -> Detections:
    r"""Read a folder ``labelTxt``: ``IMAGE.txt`` with lines ``x1 y1 ... x4 y4 class difficult``.

    Parameters
    ----------
    folder : str
        Lines ``imagesource:`` and ``gsd:`` are skipped. A line may lack difficult.

    Returns
    -------
    Detections
        Polygons with the flag difficult, which 1 and 2 are.

    Raises
    ------
    OSError, ValueError
        A file cannot be read, or a line has other words.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "P0001.txt"
    ...     _ = path.write_text("gsd:0.5\n0 0 4 0 4 2 0 2 ship 1\n")
    ...     truth = read_dota_truth(folder)
    >>> truth.labels, truth.regions.measure().tolist(), truth.flags["difficult"].tolist()
    (('ship',), [8.0], [True])
    """
    every = read_lines(folder, text_files(folder))
    lines = every.among([k for k, words in enumerate(every.words) if not _is_head(words)])
    lines.check_widths((9, 10), "x1 y1 x2 y2 x3 y3 x4 y4 class difficult")
    difficult = []
    for k, words in enumerate(lines.words):
        flag = words[9] if len(words) > 9 else "0"
        if flag not in ("0", "1", "2"):
            raise ValueError(f"{lines.where(k)}: difficult is {brief(flag)}; wanted 0, 1 or 2")
        difficult.append(flag != "0")
    findings = []
    lacking = sum(len(words) == 9 for words in lines.words)
    if lacking:
        findings.append(f"{folder}: {number_of(lacking, 'line')} without difficult, read as 0")
    labels, label = lines.numbered(8)
    quads, said = quads_of(lines.numbers(0, 8, "corners"), lines)
    return Detections(
        lines.stems, labels, lines.file, label, quads, None,
        {"difficult": np.array(difficult, dtype=bool)}, {"area": quads.measure()}, lines.row,
        str(folder), lines.sha256, (*findings, *said), "quadrilaterals",
    )  # fmt: skip


@reads_file
def read_dota_results(folder: str) -> Detections:
    """Read a folder of ``Task1_CLASS.txt`` with lines ``image score x1 y1 ... x4 y4``.

    Parameters
    ----------
    folder : str

    Returns
    -------
    Detections
        In the order of the files and their lines.

    Raises
    ------
    OSError, ValueError
        A file cannot be read, or a line has other words.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "Task1_ship.txt"
    ...     _ = path.write_text("P0001 0.9 0 0 4 0 4 2 0 2")
    ...     found = read_dota_results(folder)
    >>> found.items, found.labels, found.confidence.tolist()
    (('P0001',), ('ship',), [0.9])
    """
    lines = read_lines(folder, text_files(folder))
    lines.check_widths((10,), "image score x1 y1 x2 y2 x3 y3 x4 y4")
    values = lines.numbers(1, 10, "score and corners")
    quads, findings = quads_of(values[:, 1:], lines)
    images, item = lines.numbered(0)
    labels = tuple(stem.removeprefix("Task1_") for stem in lines.stems)
    return Detections(
        images, labels, item, lines.file, quads, values[:, 0], {},
        {"area": quads.measure()}, lines.row, str(folder), lines.sha256, tuple(findings),
        "quadrilaterals",
    )  # fmt: skip
