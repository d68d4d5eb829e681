"""Folders of DOTA: quadrilaterals or boxes of images, and results of each class."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from overlap.io.boundary import reads_file
from overlap.io.candidate import Candidate
from overlap.io.detections import Detections
from overlap.io.line_folders import LineFolder, is_number, read_lines, text_files
from overlap.io.printable import brief, number_of
from overlap.io.quads import quads_of
from overlap.regions.boxes import Boxes
from overlap.regions.polygons import Polygons

__all__ = ["is_dota_results", "is_dota_truth", "read_dota_results", "read_dota_truth"]

_HEAD = ("imagesource", "gsd")
_CLASS = re.compile(r"^Task([12])_(.+)$")
_WORDS = {None: "quadrilaterals", "boxes": "boxes"}


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
    """Whether a folder has text files named as DOTA's results of task 1 or 2 are.

    Parameters
    ----------
    candidate : Candidate
    """
    names = [path.stem for path in candidate.files if path.suffix.lower() == ".txt"]
    return bool(names) and all(map(_CLASS.match, names))


@reads_file
def read_dota_truth(folder: str, kind: str | None = None) -> Detections:
    r"""Read a folder ``labelTxt``: ``IMAGE.txt`` with lines ``x1 y1 ... x4 y4 class difficult``.

    Parameters
    ----------
    folder : str
        Lines ``imagesource:`` and ``gsd:`` are skipped. A line may lack difficult.
    kind : {"boxes"}, optional
        Upright boxes around the corners, without the fractions of pixels, as task 2 takes them; by
        default polygons (task 1).

    Returns
    -------
    Detections
        Regions with the flag difficult, which 1 and 2 are.

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
    _check_kind(folder, kind)
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
    corners = lines.numbers(0, 8, "corners")
    regions, said = quads_of(corners, lines) if kind is None else _boxes_around(corners, lines)
    return Detections(
        lines.stems, labels, lines.file, label, regions, None,
        {"difficult": np.array(difficult, dtype=bool)}, {"area": regions.measure()}, lines.row,
        str(folder), lines.sha256, (*findings, *said), _WORDS[kind],
    )  # fmt: skip


def _check_kind(folder: str, kind: str | None) -> None:
    if kind not in _WORDS:
        raise ValueError(f"{folder}: files of DOTA have no {kind}; kind is boxes, or left out")


def _boxes_around(corners: NDArray[np.float64], lines: LineFolder) -> tuple[Boxes, list[str]]:
    """Return the upright boxes of task 2, and findings on them."""
    x, y = corners[:, 0::2], corners[:, 1::2]
    ends = np.stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)], axis=1)
    leaning = [
        (np.sort(one, axis=1)[:, [1, 2]] != ends[:, [k, k + 2]]) for k, one in ((0, x), (1, y))
    ]
    findings = []
    for rows, what in (
        (np.any(leaning, axis=(0, 2)), "not upright, whose outer boxes are taken"),
        ((ends % 1.0 != 0.0).any(axis=1), "with fractions of pixels, which task 2 cuts off"),
    ):
        if rows.any():
            findings.append(
                f"{lines.name}: {number_of(int(rows.sum()), 'quadrilateral')} {what} (first: "
                f"{lines.where(int(np.argmax(rows)))})"
            )
    return Boxes(np.trunc(ends)), findings


@reads_file
def read_dota_results(folder: str, kind: str | None = None) -> Detections:
    """Read the results of each class: ``Task1_CLASS.txt`` or ``Task2_CLASS.txt``.

    Parameters
    ----------
    folder : str
        Lines are ``image score x1 y1 ... x4 y4`` (task 1), or ``image score xmin ymin xmax ymax``
        (task 2).
    kind : {"boxes"}, optional
        ``"boxes"`` for task 2.

    Returns
    -------
    Detections
        Polygons, or boxes of task 2, in the order of the files and their lines.

    Raises
    ------
    OSError, ValueError
        A file cannot be read, a line has other words, a box ends before it begins, or `kind` is
        that of the other task.

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
    _check_kind(folder, kind)
    lines = read_lines(folder, text_files(folder))
    tasks = {match[1] for stem in lines.stems if (match := _CLASS.match(stem))}
    if len(tasks) > 1:
        raise ValueError(f"{folder}: has results of task 1 and of task 2; give those of one")
    if tasks != {"1" if kind is None else "2"}:
        raise ValueError(
            f"{folder}: these are results of task 1, four corners; leave out kind"
            if kind
            else f"{folder}: these are results of task 2, upright boxes; give kind='boxes' "
            "(--kind boxes), and the truth is read as boxes, too"
        )
    width, form = (10, "x1 y1 x2 y2 x3 y3 x4 y4") if kind is None else (6, "xmin ymin xmax ymax")
    lines.check_widths((width,), f"image score {form}")
    values = lines.numbers(1, width, "score and corners")
    regions: Polygons | Boxes
    findings: list[str] = []
    if kind is None:
        regions, findings = quads_of(values[:, 1:], lines)
    else:
        wrong = (values[:, 3:] < values[:, 1:3]).any(axis=1)
        if wrong.any():
            k = int(np.argmax(wrong))
            raise ValueError(
                f"{lines.where(k)}: {brief(' '.join(lines.words[k]))}: a box ends before it "
                f"begins; wanted image score {form}"
            )
        regions = Boxes(values[:, 1:])
    images, item = lines.numbered(0)
    labels = tuple(stem.partition("_")[2] for stem in lines.stems)
    return Detections(
        images, labels, item, lines.file, regions, values[:, 0], {},
        {"area": regions.measure()}, lines.row, str(folder), lines.sha256, tuple(findings),
        _WORDS[kind],
    )  # fmt: skip
