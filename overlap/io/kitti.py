"""Folders of KITTI: labels and results of objects, one text file for each image."""

from __future__ import annotations

import numpy as np

from overlap._common.limits import MOST_RADIANS
from overlap.io.boundary import reads_file
from overlap.io.candidate import Candidate
from overlap.io.detections import Detections
from overlap.io.line_folders import is_number, read_lines, text_files
from overlap.io.printable import brief, number_of
from overlap.regions.base import Regions
from overlap.regions.boxes import Boxes
from overlap.regions.upright.upright import UprightBoxes

__all__ = ["is_kitti", "read_kitti"]

_FORM = "type truncated occluded alpha x1 y1 x2 y2 h w l x y z rotation_y"
_KINDS = ("boxes", "birdseye", "upright")
_CLASSES = ("Car", "Van", "Truck", "Pedestrian", "Person_sitting", "Cyclist", "Tram", "Misc",
            "DontCare")  # fmt: skip
_SPELLING = {name.casefold(): name for name in _CLASSES}


def is_kitti(candidate: Candidate) -> bool:
    """Whether a folder has lines of a word and 14 or 15 numbers.

    Parameters
    ----------
    candidate : Candidate
    """
    lines = candidate.first_lines
    fit = [len(words) in (15, 16) and not is_number(words[0]) for words in lines]
    return 2 * sum(fit) > len(lines)


@reads_file
def read_kitti(folder: str, kind: str | None = None) -> Detections:
    """Read a folder of ``IMAGE.txt`` with lines of KITTI's labels, or results with a score.

    Parameters
    ----------
    folder : str
    kind : {"boxes", "birdseye", "upright"}, optional
        Boxes in the image (the default), seen from above, or in space.

    Returns
    -------
    Detections
        With the sizes height (of the box in the image, in pixels), occlusion and truncation, and
        the flag dontcare. These regions have no box in space, and are left out there. Boxes in
        the image have the size alpha, in radians: NaN where it is -10, which means unknown, or
        beyond a whole turn, as degrees are. KITTI's classes may be in upper or lower case.

    Raises
    ------
    OSError, ValueError
        A file cannot be read, a line has other words or values, or a size is negative.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> line = "Car 0.00 1 -1.6 100 120 180 160 1.5 1.6 4.0 2.0 1.7 10.0 -1.57"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (pathlib.Path(folder) / "000000.txt").write_text(line)
    ...     truth = read_kitti(folder)
    >>> truth.labels, truth.sizes["height"].tolist(), truth.sizes["occlusion"].tolist()
    (('Car',), [40.0], [1.0])
    """
    kind = "boxes" if kind is None else kind
    if kind not in _KINDS:
        raise ValueError(
            f"{folder}: labels of KITTI have no {kind}; kind is one of {', '.join(_KINDS)}"
        )
    lines = read_lines(folder, text_files(folder))
    scored = sum(len(words) == 16 for words in lines.words)
    width = 16 if 2 * scored > len(lines) else 15  # of most lines: the message names another one
    lines.check_widths((width,), _FORM + (" score" if width == 16 else ""))
    words = lines.column(0)
    names = np.array([_SPELLING.get(word.casefold(), word) for word in words], dtype=object)
    values = lines.numbers(1, width, _FORM)
    idle = np.array([name == "DontCare" for name in names], dtype=bool)
    findings = []
    if kind != "boxes" and idle.any():
        findings.append(
            f"{folder}: {number_of(int(idle.sum()), 'DontCare region')} without a box in space, "
            "left out"
        )
        keep = np.flatnonzero(~idle)
        lines, names, values, idle = (
            lines.among(keep.tolist()),
            names[keep],
            values[keep],
            idle[keep],
        )
    corners, spatial = values[:, 3:7], values[:, 7:14]
    wrong = (corners[:, 2:] < corners[:, :2]).any(axis=1)
    if kind != "boxes":
        wrong |= (spatial[:, :3] < 0).any(axis=1)
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(
            f"{lines.where(k)}: {brief(' '.join(lines.words[k]))}: a box ends before it begins, or "
            f"a size is negative; wanted {_FORM}"
        )
    for column, name, wanted in (
        (0, "truncated", "a share from 0 to 1, or -1 where it is not known"),
        (1, "occluded", "0, 1, 2 or 3, or -1 where it is not known"),
    ):
        given = values[:, column]
        good = (given >= 0) & (given <= 1) if column == 0 else np.isin(given, (0, 1, 2, 3))
        odd = ~(good | (given == -1))
        if odd.any():
            k = int(np.argmax(odd))
            raise ValueError(f"{lines.where(k)}: {name} is {given[k]:g}; wanted {wanted}")
    many = np.abs(spatial[:, 6]) > MOST_RADIANS
    if kind != "boxes" and many.any():
        k = int(np.argmax(many))
        raise ValueError(
            f"{lines.where(k)}: rotation_y is {spatial[k, 6]:g}, more than four turns; wanted "
            "radians"
        )
    regions: Regions = Boxes(corners)
    if kind != "boxes":
        space = UprightBoxes.from_kitti(spatial)
        regions = space if kind == "upright" else space.birdseye()
    labels, label = np.unique(names[~idle].astype(str), return_inverse=True)
    number = np.full(len(names), -1, dtype=np.int64)
    number[~idle] = label
    sizes = {
        "area": regions.measure(),
        "height": corners[:, 3] - corners[:, 1],
        "truncation": values[:, 0],
        "occlusion": values[:, 1],
    }
    if kind == "boxes":
        alpha = values[:, 2]
        sizes["alpha"] = np.where(np.abs(alpha) <= 2.0 * np.pi, alpha, np.nan)
    return Detections(
        lines.stems, tuple(map(str, labels)), lines.file, number, regions,
        values[:, 14] if width == 16 else None, {"dontcare": idle}, sizes, lines.row, str(folder),
        lines.sha256, tuple(findings), "boxes" if kind == "boxes" else f"{kind} boxes",
    )  # fmt: skip
