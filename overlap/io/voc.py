"""Boxes of PASCAL VOC: folders of XML annotations, and of text files with results."""

from __future__ import annotations

import hashlib
import math
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np

from overlap._common.files import read_file
from overlap.io.boundary import reads_file
from overlap.io.candidate import Candidate
from overlap.io.detections import Detections
from overlap.io.line_folders import is_number, read_lines, text_files
from overlap.io.printable import brief, number_of
from overlap.regions.boxes import Boxes

__all__ = ["is_voc_results", "is_voc_truth", "read_voc_results", "read_voc_truth"]

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
#: Such as ``comp4_det_test_car.txt``; the class is what follows the name of the set.
_CLASS = re.compile(r"(?:^|_)det_[^_]+_(.+)$")


def is_voc_truth(candidate: Candidate) -> bool:
    """Whether a folder has XML annotations of VOC.

    Parameters
    ----------
    candidate : Candidate
    """
    first = next((path for path in candidate.files if path.suffix.lower() == ".xml"), None)
    return first is not None and b"<annotation" in read_file(first)[:4096]


def is_voc_results(candidate: Candidate) -> bool:
    """Whether a folder has text files named as VOC's results are.

    Parameters
    ----------
    candidate : Candidate
    """
    names = [path.stem for path in candidate.files if path.suffix.lower() == ".txt"]
    return bool(names) and all(map(_CLASS.search, names))


@reads_file
def read_voc_truth(folder: str) -> Detections:
    """Read a folder of XML annotations, one file for each image.

    Corners are kept as they are written: pixels that belong to the box, counted from 1.

    Parameters
    ----------
    folder : str
        With files ``IMAGE.xml``.

    Returns
    -------
    Detections
        With the flag difficult. Images are named by their files, and sorted, as classes are.

    Raises
    ------
    OSError, ValueError
        A file cannot be read, an object lacks its name or a corner, or corners are exchanged.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> text = (
    ...     "<annotation><object><name>dog</name><difficult>0</difficult><bndbox><xmin>1</xmin>"
    ...     "<ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></object></annotation>"
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (pathlib.Path(folder) / "000001.xml").write_text(text)
    ...     truth = read_voc_truth(folder)
    >>> truth.items, truth.labels, truth.regions.to_array().tolist()
    (('000001',), ('dog',), [[1.0, 2.0, 30.0, 40.0]])
    """
    paths = text_files(folder, ".xml")
    state = hashlib.sha256()
    item: list[int] = []
    names: list[str] = []
    corners: list[list[float]] = []
    difficult: list[bool] = []
    row: list[int] = []
    lacking = 0
    for k, path in enumerate(paths):
        data = read_file(path)
        state.update(path.name.encode("utf-8", "surrogateescape") + b"\0" + data + b"\0")
        try:
            root = ElementTree.fromstring(data)
        except ElementTree.ParseError as error:
            raise ValueError(f"{path}: not readable XML ({error})") from None
        if root.tag != "annotation":
            raise ValueError(f"{path}: holds <{root.tag}>, not an <annotation> of VOC")
        for number, entry in enumerate(root.findall("object"), start=1):
            where = f"{path}, object {number}"
            names.append(_text(entry, "name", where))
            corners.append(_box(entry, where))
            said = _said(entry, "difficult", where)
            if said not in ("", "0", "1"):
                raise ValueError(f"{where}: difficult is {brief(said)}; wanted 0 or 1")
            lacking += said == ""
            difficult.append(said == "1")
            item.append(k)
            row.append(number)
    findings = []
    if lacking:
        findings.append(f"{folder}: {number_of(lacking, 'object')} without difficult, read as 0")
    labels = sorted(set(names))
    place = {name: k for k, name in enumerate(labels)}
    boxes = Boxes(np.array(corners).reshape(-1, 4))
    return Detections(
        tuple(path.stem for path in paths), tuple(labels), np.array(item, dtype=np.int64),
        np.array([place[name] for name in names], dtype=np.int64), boxes, None,
        {"difficult": np.array(difficult, dtype=bool)}, {"area": boxes.measure()},
        np.array(row, dtype=np.int64), str(folder), state.hexdigest(), tuple(findings), "boxes",
    )  # fmt: skip


def _text(entry: Any, name: str, where: str) -> str:
    text = _said(entry, name, where)
    if not text:
        raise ValueError(f"{where}: has no <{name}>")
    return text


def _said(entry: Any, name: str, where: str) -> str:
    """Return the text of an element that may be missing."""
    texts = list(dict.fromkeys((one.text or "").strip() for one in entry.findall(name)))
    if len(texts) > 1:
        raise ValueError(
            f"{where}: <{name}> is there twice, with {brief(texts[0])} and with {brief(texts[1])}; "
            "keep one"
        )
    return texts[0] if texts else ""


def _box(entry: Any, where: str) -> list[float]:
    boxes = entry.findall("bndbox")
    if len(boxes) > 1:
        raise ValueError(f"{where}: has {len(boxes)} <bndbox>; give each an <object> of its own")
    if not boxes:
        raise ValueError(f"{where}: has no <bndbox>")
    box = boxes[0]
    values = []
    for name in _CORNERS:
        text = _text(box, name, where)
        values.append(float(text) if is_number(text) else math.nan)
        if not math.isfinite(values[-1]):
            raise ValueError(f"{where}: {name} is {brief(text)}; wanted a finite number")
    if values[2] < values[0] or values[3] < values[1]:
        raise ValueError(
            f"{where}: the box {brief(values)} ends before it begins; wanted xmin, ymin, xmax, ymax"
        )
    return values


@reads_file
def read_voc_results(folder: str) -> Detections:
    """Read a folder of results: one file for each class, with lines of image, score, corners.

    Parameters
    ----------
    folder : str
        With files such as ``comp4_det_test_car.txt``, or ``car.txt``.

    Returns
    -------
    Detections
        In the order of the files and their lines.

    Raises
    ------
    OSError, ValueError
        A file cannot be read, a line has other words than ``image score xmin ymin xmax ymax``, a
        number is not finite, or corners are exchanged.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "comp4_det_test_dog.txt"
    ...     _ = path.write_text("000001 0.9 1 2 30 40")
    ...     found = read_voc_results(folder)
    >>> found.items, found.labels, found.confidence.tolist()
    (('000001',), ('dog',), [0.9])
    """
    lines = read_lines(folder, text_files(folder))
    lines.check_widths((6,), "image score xmin ymin xmax ymax")
    labels = []
    for stem in lines.stems:
        meant = _CLASS.search(stem)
        labels.append(meant.group(1) if meant else stem)
    if len(set(labels)) < len(labels):
        twice = next(name for name in labels if labels.count(name) > 1)
        raise ValueError(f"{folder}: two files have results of the class {brief(twice)}; give one")
    values = lines.numbers(1, 6, "score xmin ymin xmax ymax")
    wrong = (values[:, 3:] < values[:, 1:3]).any(axis=1)
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(
            f"{lines.where(k)}: the box {brief(values[k, 1:].tolist())} ends before it begins; "
            "wanted image score xmin ymin xmax ymax"
        )
    images, item = lines.numbered(0)
    boxes = Boxes(values[:, 1:])
    return Detections(
        images, tuple(labels), item, lines.file, boxes,
        values[:, 0], {}, {"area": boxes.measure()}, lines.row, str(folder), lines.sha256, (),
        "boxes",
    )  # fmt: skip
