"""Folders of text files of segments: one file for each recording, or one for each class.

=========================================  ================================================
files                                      read as
=========================================  ================================================
``<Class>_test.txt``, ``<Class>_val.txt``  THUMOS: lines ``video start stop`` of one class
one label in each line, for each frame     runs of equal labels, whose times are frames
``.txt``, ``.ann``, ``.lab``, ``.csv``,    events of the recording with the name of the
``.tsv``                                   file, unless its lines or columns name it; an
                                           empty file is a recording without events
=========================================  ================================================

Other files are left out, and so are folders inside.
"""

from __future__ import annotations

import hashlib
import os
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from overlap.io._columns import RawSegments, refuse_columns
from overlap.io._paths import bare_name, natural_key, suffix_of
from overlap.io._source import read_source
from overlap.io.event_lines import class_of, is_event_lines, read_event_lines
from overlap.io.frame_labels import as_frame_labels, is_folder_of_frames
from overlap.io.printable import some
from overlap.io.tables import read_table

__all__ = ["FOLDER_SUFFIXES", "read_folder", "segment_files"]

#: Of files that a folder of segments may have.
FOLDER_SUFFIXES = (".txt", ".ann", ".lab", ".csv", ".tsv")
_LISTS = re.compile(
    r"(detclasslist|classlist|classes|mapping|readme|file_list)\.txt", re.IGNORECASE
)


def segment_files(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the files of a folder that may have segments, in natural order of their names.

    Parameters
    ----------
    folder : str or path-like
        Files of classes (``detclasslist.txt``), hidden ones and those of other suffixes are left
        out.
    """
    inside = [path for path in Path(folder).iterdir() if path.is_file() and path.name[0] != "."]
    kept = [
        path
        for path in inside
        if suffix_of(path) in FOLDER_SUFFIXES and not _LISTS.fullmatch(path.name)
    ]
    of_classes = [path for path in kept if class_of(path.name)]
    return sorted(of_classes or kept, key=lambda path: natural_key(path.name))


def read_folder(
    folder: str | os.PathLike[str], *, role: str, columns: Mapping[str, str] | None = None
) -> RawSegments:
    """Read the segments of all files of a folder.

    Parameters
    ----------
    folder : str or path-like
    role : {"truth", "found", "ambiguous"}
    columns : mapping from str to str, optional
        Columns that the user names, by field, for files with a line of names.

    Returns
    -------
    RawSegments
        Its digest is that of the names and digests of the files.

    Raises
    ------
    ValueError
        The folder has no such file, or one cannot be read; or some have scores and some have none.
    """
    name = os.fspath(folder)
    if is_folder_of_frames(name):
        refuse_columns(columns, name, "files of labels of frames have no columns")
        return _of_frames(name)
    files = segment_files(folder)
    if not files:
        there = sorted(path.name for path in Path(folder).iterdir())
        raise ValueError(
            f"{name}: the folder has no files of segments ({', '.join(FOLDER_SUFFIXES)}); it has "
            f"{some(there, 4)}"
        )
    parts: list[RawSegments] = []
    digest = hashlib.sha256()
    for path in files:
        content = read_source(path, empty=True)
        digest.update(f"{path.name}\0{content.sha256}\0".encode("utf-8", "surrogateescape"))
        if is_event_lines(content) or not content.data.strip():
            if content.data.strip():
                refuse_columns(columns, str(path), "it has no line of names")
            label = class_of(path.name) or ("Ambiguous" if role == "ambiguous" else None)
            parts.append(read_event_lines(content, label=label, video=bare_name(path)))
        else:
            parts.append(read_table(content, role=role, columns=columns))
    return _joined(parts, name, digest.hexdigest())


def _of_frames(folder: str) -> RawSegments:
    """Return runs of equal labels of frames."""
    table = as_frame_labels(folder).segments()
    return RawSegments(
        videos=list(table.videos),
        video=table.video,
        label=[table.labels[k] for k in table.label.tolist()],
        start=table.start,
        stop=table.stop,
        confidence=None,
        duration=table.duration,
        subset=list(table.subset),
        row=table.row,
        where=lambda row: f"{folder}, run {row}",
        source=folder,
        sha256=table.sha256,
    )


def _joined(parts: Sequence[RawSegments], name: str, sha256: str) -> RawSegments:
    """Join the segments of several files; recordings of one name are one."""
    place: dict[str, int] = {}
    duration: dict[str, float] = {}
    subset: dict[str, str | None] = {}
    columns: dict[str, list[Any]] = {"label": [], "start": [], "stop": [], "confidence": []}
    video: list[int] = []
    row: list[int] = []
    first = [0]
    scored = [part for part in parts if part.confidence is not None]
    for part in parts:
        for k, one in enumerate(part.videos):
            place.setdefault(one, len(place))
            if not np.isnan(part.duration[k]):
                duration[one] = float(part.duration[k])
            subset[one] = subset.get(one) or part.subset[k]
        video += [place[part.videos[k]] for k in part.video]
        for field, values in columns.items():
            given = getattr(part, field)
            if given is not None:
                values += list(given)
            elif scored and len(part.video):
                raise ValueError(
                    f"{part.where(0)}: has no score, and {scored[0].where(0)} has one; give every "
                    "prediction one, or none"
                )
        row += list(part.row)
        first.append(len(video))

    def where(index: int) -> str:
        owner = bisect_right(first, index) - 1
        return parts[owner].where(index - first[owner])

    said = [one for part in parts for one in part.findings if " is empty, which" not in one]
    empty = [part for part in parts if not len(part.video) and len(part.videos) == 1]
    findings = [*said[:3], *([f"{name}: {len(said) - 3:,} more such files"] if said[3:] else [])]
    if empty and len(empty) == len(parts):
        findings.append(f"{name}: none of its files has a segment")
    return RawSegments(
        videos=list(place),
        video=video,
        label=columns["label"],
        start=columns["start"],
        stop=columns["stop"],
        confidence=columns["confidence"] if scored else None,
        duration=np.array([duration.get(one, np.nan) for one in place]),
        subset=[subset[one] for one in place],
        row=row,
        where=where,
        source=name,
        sha256=sha256,
        findings=tuple(findings),
    )
