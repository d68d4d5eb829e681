"""Folders of YOLO: boxes, or four corners, as shares of their images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from overlap.io.boundary import reads_file
from overlap.io.candidate import Candidate
from overlap.io.detections import Detections
from overlap.io.image_sizes import image_sizes
from overlap.io.line_folders import is_number, read_lines, text_files
from overlap.io.printable import brief
from overlap.io.quads import quads_of
from overlap.io.yolo_data import class_names, label_folder
from overlap.regions.base import Regions
from overlap.regions.boxes import Boxes

__all__ = ["is_yolo", "read_yolo"]

_MARGIN = 0.01  # shares of boxes that leave the image by a rounding
_FAR, _FEW = 0.05, 10  # shares by which boxes leave the image, and boxes, of which it is said
_SHARES = {5: 4, 6: 4, 9: 8, 10: 8}


def is_yolo(candidate: Candidate) -> bool:
    """Whether a folder has lines of a whole number and four or eight shares.

    Parameters
    ----------
    candidate : Candidate
    """
    lines = candidate.first_lines
    return 2 * sum(map(_is_line, lines)) > len(lines)


def _is_line(words: list[str]) -> bool:
    if len(words) not in _SHARES or not _is_class(words[0]):
        return False
    shares = words[1 : 1 + _SHARES[len(words)]]
    return all(is_number(word) and -_MARGIN <= float(word) <= 1 + _MARGIN for word in shares)


def _is_class(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 10


@reads_file
def read_yolo(folder: str, images: Any = None, beside: Sequence[str] = ()) -> Detections:
    """Read a folder of ``IMAGE.txt`` with lines ``class cx cy w h``, or ``class x1 y1 ... x4 y4``.

    A last number is the confidence. Names of classes are the lines of a file ``classes.txt`` in the
    folder or the one above, or ``names`` of a file ``data.yaml`` in the folder or up to two above;
    without them they are called by their numbers.

    Parameters
    ----------
    folder : str
        The folder, or a data file (YAML) that names it as ``val``.
    images : path, mapping, pair of int or str, optional
        Sizes of the images; see `overlap.io.image_sizes.image_sizes`.
    beside : sequence of path
        Other such folders or data files, whose images and names of classes are taken if this has
        none.

    Returns
    -------
    Detections
        Boxes, or polygons of four corners, in pixels.

    Raises
    ------
    OSError, ValueError
        A file cannot be read, a line has other words, shares are outside the image by more than
        0.01, or the size of an image is unknown.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (pathlib.Path(folder) / "a.txt").write_text("0 0.5 0.5 0.2 0.4 0.9")
    ...     found = read_yolo(folder, images=(100, 50))
    >>> found.labels, found.regions.to_array().tolist(), found.confidence.tolist()
    (('0',), [[40.0, 15.0, 60.0, 35.0]], [0.9])
    """
    places, labelled = (folder, *beside), label_folder(folder)
    paths = text_files(labelled)
    lines = read_lines(labelled, [path for path in paths if path.name != "classes.txt"])
    width = max(lines.widths(), default=5)
    width = next((known for known in _SHARES if known >= width), 10)
    shares = _SHARES[width]
    form = "class cx cy w h" if shares == 4 else "class x1 y1 x2 y2 x3 y3 x4 y4"
    form += " confidence" * (width > 1 + shares)
    lines.check_widths((width,), form)
    values = lines.numbers(1, width, form)
    outside = (values[:, :shares] < -_MARGIN) | (values[:, :shares] > 1 + _MARGIN)
    if outside.any():
        k = int(np.argmax(outside.any(axis=1)))
        raise ValueError(
            f"{lines.where(k)}: {brief(values[k, :shares].tolist())} are no shares of an image, "
            f"which lie in [0, 1]; wanted {form}"
        )
    folders = (labelled, *map(label_folder, beside))
    sizes = image_sizes(lines.stems, images, folders, labelled)[lines.file]
    pixels = values[:, :shares] * np.tile(sizes, (1, shares // 2))
    regions: Regions
    findings: list[str] = []
    if shares == 4:
        negative = (pixels[:, 2:] < 0).any(axis=1)
        if negative.any():
            k = int(np.argmax(negative))
            raise ValueError(f"{lines.where(k)}: a width or height is negative; wanted {form}")
        low, half = pixels[:, :2], 0.5 * pixels[:, 2:]
        beyond = np.abs(values[:, :2] - 0.5) + 0.5 * values[:, 2:4] > 0.5 + _FAR
        if len(values) >= _FEW and beyond.any(axis=1).mean() > 0.2:
            findings.append(
                f"{labelled}: {100 * beyond.any(axis=1).mean():.0f} % of the boxes leave their "
                f"image: are the numbers of a line {form}?"
            )
        regions = Boxes(np.hstack([low - half, low + half]))
    else:
        regions, findings = quads_of(pixels, lines)
    number = np.zeros(len(lines), dtype=np.int64)
    for k, word in enumerate(lines.column(0)):
        if not _is_class(word):
            raise ValueError(f"{lines.where(k)}: the class is {brief(word)}; wanted a whole number")
        number[k] = int(word)
    known = class_names(places)
    if known is None:
        used, label = np.unique(number, return_inverse=True)
        labels = tuple(map(str, used.tolist()))
    else:
        labels, label = known[0], number
        beyond = number >= len(labels)
        if beyond.any():
            k = int(np.argmax(beyond))
            raise ValueError(
                f"{lines.where(k)}: the class is {number[k]}, and {known[1]} has {len(labels)} "
                "names, from 0"
            )
    return Detections(
        lines.stems, labels, lines.file, label.astype(np.int64), regions,
        values[:, -1] if width > 1 + shares else None, {}, {"area": regions.measure()}, lines.row,
        str(folder), lines.sha256, tuple(findings),
        "boxes" if shares == 4 else "quadrilaterals",
    )  # fmt: skip
