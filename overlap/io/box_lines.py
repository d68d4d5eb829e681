"""Boxes as lines of text, one file for each image: class, confidence and four numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overlap.io.boundary import reads_file
from overlap.io.candidate import Candidate
from overlap.io.detections import Detections
from overlap.io.line_folders import LineFolder, read_lines, text_files
from overlap.io.printable import brief
from overlap.regions.boxes import Boxes

__all__ = ["BOX_FORMATS", "is_box_lines", "read_box_lines"]

#: What four numbers of a box may be.
BOX_FORMATS = {
    "xywh": "left, top, width, height",
    "xyxy": "left, top, right, bottom",
}


def is_box_lines(candidate: Candidate) -> bool:
    """Whether a folder has lines of a class and four or five numbers, that are no shares.

    Parameters
    ----------
    candidate : Candidate
    """
    widths = [len(words) for words in candidate.first_lines]
    return 2 * sum(width in (5, 6) for width in widths) > len(widths)


@reads_file
def read_box_lines(folder: str, box_format: str | None = None) -> Detections:
    """Read a folder of text files ``IMAGE.txt`` with lines ``class [confidence] a b c d``.

    Parameters
    ----------
    folder : str
    box_format : {"xywh", "xyxy"}, optional
        What a, b, c, d are. It may be left out where some box cannot be two corners.

    Returns
    -------
    Detections
        With confidences where lines have six words.

    Raises
    ------
    OSError, ValueError
        A file cannot be read, a line has other words, a size is negative, or nothing says what
        the four numbers are.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (pathlib.Path(folder) / "a.txt").write_text("cat 0.9 10 20 5 5")
    ...     found = read_box_lines(folder)
    >>> found.regions.to_array().tolist(), found.findings[0].endswith("width, height")
    ([[10.0, 20.0, 15.0, 25.0]], True)
    """
    lines = read_lines(folder, text_files(folder))
    widths = lines.widths() or {5}
    width = 6 if 6 in widths else 5
    wanted = "class a b c d" if width == 5 else "class confidence a b c d"
    lines.check_widths((width,), wanted)
    values = lines.numbers(1, width, wanted)
    if width == 6 and len(values) and values[:, 0].min() > 1.0:
        last = values[:, -1]
        if last.min() >= 0.0 and last.max() <= 1.0:  # no box would be higher than a pixel
            raise ValueError(
                f"{lines.where(0)}: {brief(' '.join(lines.words[0]))}: the confidence seems to "
                "stand at the end of all lines; wanted class confidence a b c d"
            )
    corners, findings = _corners(lines, values[:, -4:], box_format)
    labels, label = lines.numbered(0)
    boxes = Boxes(corners)
    return Detections(
        lines.stems, labels, lines.file, label, boxes,
        values[:, 0] if width == 6 else None, {}, {"area": boxes.measure()}, lines.row,
        str(folder), lines.sha256, tuple(findings), "boxes",
    )  # fmt: skip


def _corners(
    lines: LineFolder, four: NDArray[np.float64], box_format: str | None
) -> tuple[NDArray[np.float64], list[str]]:
    """Return corners, and what was guessed."""
    if box_format not in (None, *BOX_FORMATS):
        raise ValueError(
            f"box_format = {brief(box_format)} is not one of {', '.join(map(repr, BOX_FORMATS))}"
        )
    if len(four) and np.abs(four).max() <= 2.0 and (four % 1.0 > 0.0).any():
        raise ValueError(
            f"{lines.name}: all boxes lie in the first two pixels, as shares of an image do; of "
            "labels of YOLO, a line is a whole number for the class and four shares from 0 to 1"
        )
    findings = []
    backwards = (four[:, 2:] < four[:, :2]).any(axis=1)
    if box_format is None:
        if len(four) and not backwards.any():
            raise ValueError(
                f"{lines.name}: the four numbers of a box may be left, top, width, height or left, "
                "top, right, bottom; say which: box_format='xywh' or 'xyxy' (--box-format)"
            )
        box_format = "xywh"
        if len(four):
            findings.append(
                f"{lines.name}: {int(backwards.sum())} of {len(four)} boxes cannot be two corners, "
                "so that all are read as left, top, width, height"
            )
    if box_format == "xyxy":
        if backwards.any():
            k = int(np.argmax(backwards))
            raise ValueError(
                f"{lines.where(k)}: the box {brief(four[k].tolist())} ends before it begins; "
                "wanted left, top, right, bottom"
            )
        return four, findings
    negative = (four[:, 2:] < 0).any(axis=1)
    if negative.any():
        k = int(np.argmax(negative))
        raise ValueError(
            f"{lines.where(k)}: the box {brief(four[k].tolist())} has a negative width or height"
        )
    return np.hstack([four[:, :2], four[:, :2] + four[:, 2:]]), findings
