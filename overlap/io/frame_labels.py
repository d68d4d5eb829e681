"""Labels of the frames of videos: folders of text files, JSON or CSV.

========================  ==========================================================================
a folder                  one text file for each video, whose name is that of the video, with one
                          label in each line; or, as MS-TCN writes predictions, a first line that
                          begins with ``###`` and a second one with all labels, between blanks
JSON                      ``{"video": ["label", ...], ...}``
CSV                       a row for each frame in order, with the columns ``video`` and ``label``
========================  ==========================================================================

In a folder all files count whose name ends with ``.txt`` or has no suffix. Files that begin with a
point are left out.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.io._json import parse_json
from overlap.io._paths import natural_key
from overlap.io._source import Source, read_source
from overlap.io.boundary import reads_file
from overlap.io.printable import brief, some
from overlap.io.segment_table import SegmentTable

__all__ = ["FrameLabels", "as_frame_labels", "is_folder_of_frames"]

_MARK = b"###"  # of MS-TCN's files of predictions
_COLUMNS = {
    "video": ("video", "video_id", "video-id", "file", "filename"),
    "label": ("label", "class", "action", "event_label"),
}


@dataclass(frozen=True, eq=False)
class FrameLabels(ByValue):
    """The label of every frame of some videos.

    Attributes
    ----------
    videos : tuple of str
    labels : tuple of str
        Distinct labels, in order of first appearance.
    frames : tuple of ndarray, dtype=int64
        For each video, the place in `labels` of the label of each frame.
    source : str
        Folder, file, or ``"dict"``.
    sha256 : str or None
        Digest of the file, or of the names and digests of the files of the folder.
    """

    videos: tuple[str, ...]
    labels: tuple[str, ...]
    frames: tuple[NDArray[np.int64], ...]
    source: str
    sha256: str | None

    def __len__(self) -> int:
        return len(self.videos)

    def __repr__(self) -> str:
        return (
            f"<FrameLabels {self.source}: {sum(map(len, self.frames))} frames, {len(self)} videos, "
            f"{len(self.labels)} labels>"
        )

    def segments(self) -> SegmentTable:
        """Return the runs of equal labels as segments, whose times are frames.

        Returns
        -------
        SegmentTable
        """
        first = [
            np.append(0, np.flatnonzero(frames[1:] != frames[:-1]) + 1) for frames in self.frames
        ]
        after = [
            np.append(runs[1:], len(frames))
            for runs, frames in zip(first, self.frames, strict=True)
        ]
        label = [frames[runs] for runs, frames in zip(first, self.frames, strict=True)]
        count = [len(runs) for runs in first]
        return SegmentTable(
            self.videos,
            self.labels,
            np.repeat(np.arange(len(self)), count),
            np.concatenate(label),
            np.concatenate(first).astype(np.float64),
            np.concatenate(after).astype(np.float64),
            confidence=None,
            duration=np.full(len(self), np.nan),
            subset=(None,) * len(self),
            source=self.source,
            sha256=self.sha256,
            row=np.arange(sum(count)),
        )

    @classmethod
    def from_segments(cls, table: SegmentTable) -> FrameLabels:
        """Return the labels of frames that `segments` turned into segments.

        Parameters
        ----------
        table : SegmentTable
        """
        length = (table.stop - table.start).astype(np.int64)
        frames = tuple(
            np.repeat(table.label[table.video == k], length[table.video == k])
            for k in range(len(table.videos))
        )
        return cls(table.videos, table.labels, frames, table.source, table.sha256)


def is_folder_of_frames(path: str | os.PathLike[str]) -> bool:
    """Whether a folder has text files whose first line is a single label, or MS-TCN's mark.

    Parameters
    ----------
    path : str or path-like
    """
    folder = Path(path)
    if not folder.is_dir():
        return False
    files = _files(folder)
    if not files:
        return False
    try:
        lines = read_source(files[0]).data.decode("utf-8-sig").splitlines()[:3]
    except (OSError, ValueError):
        return False
    if lines and lines[0].startswith(_MARK.decode()):
        return True
    words = [len(line.split()) for line in lines if line.strip()]
    return len(words) > 1 and set(words) == {1}


@reads_file
def as_frame_labels(source: Any) -> FrameLabels:
    """Read the label of every frame of some videos.

    Parameters
    ----------
    source : path, mapping or FrameLabels
        Folder or file, see this module; or a mapping from the name of a video to the labels of its
        frames.

    Returns
    -------
    FrameLabels

    Raises
    ------
    ValueError
        There is no video, a file has no frame, or a label is missing.
    OSError
        The input is missing or may not be read.
    TypeError
        `source` is of none of these types.

    Examples
    --------
    >>> from overlap.io.frame_labels import as_frame_labels
    >>> as_frame_labels({"v1": ["take", "take", "pour"]})
    <FrameLabels dict: 3 frames, 1 videos, 2 labels>
    """
    if isinstance(source, FrameLabels):
        result = source
    elif isinstance(source, str | os.PathLike):
        path = Path(source)
        result = _of_folder(path) if path.is_dir() else _of_file(read_source(path))
    elif isinstance(source, Mapping):
        result = _coded(source, "dict", None)
    else:
        raise TypeError(
            f"frame labels: got {type(source).__name__}; wanted a folder, a file, or a mapping "
            "from video to labels"
        )
    if not result.videos:
        raise ValueError(f"{result.source}: has no video")
    return result


def _text(content: Source) -> str:
    try:
        return content.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{content.name}: is not text in UTF-8 (byte {error.start}): save it in UTF-8"
        ) from None


def _files(folder: Path) -> list[Path]:
    return sorted(
        (
            path
            for path in folder.iterdir()
            if path.is_file() and not path.name.startswith(".") and path.suffix in (".txt", "")
        ),
        key=lambda path: natural_key(path.name),
    )


def _of_folder(folder: Path) -> FrameLabels:
    files = _files(folder)
    if not files:
        raise ValueError(
            f"{folder}: the folder has no files of frame labels; wanted one text file for each "
            "video, NAME.txt or NAME, with one label in each line"
        )
    digest = hashlib.sha256()
    rows: dict[str, list[str]] = {}
    for path in files:
        content = read_source(path)
        video = path.name.removesuffix(".txt")
        if video in rows:
            raise ValueError(f"{folder}: has both {video} and {video}.txt; keep one of them")
        rows[video] = _lines(content)
        digest.update(f"{path.name} {content.sha256}\n".encode("utf-8", "backslashreplace"))
    return _coded(rows, str(folder), digest.hexdigest())


def _lines(content: Source) -> list[str]:
    """Return the labels of one video."""
    text = _text(content)
    lines = [line.strip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    if lines and lines[0].startswith(_MARK.decode()):
        labels = [word for line in lines[1:] for word in line.split()]
        if not labels:
            raise ValueError(f"{content.name}: has no labels below its first line")
        return labels
    for number, line in enumerate(lines, start=1):
        if not line:
            raise ValueError(f"{content.name}, line {number}: is empty; wanted a label")
    return lines


def _of_file(content: Source) -> FrameLabels:
    if content.is_json:
        whole = parse_json(content)
        if not isinstance(whole, dict):
            raise ValueError(
                f"{content.name}: is a JSON {type(whole).__name__}; wanted an object from the name "
                "of a video to the list of its labels"
            )
        return _coded(whole, content.name, content.sha256)
    text = _text(content)
    header = text.partition("\n")[0]
    mark = "\t" if "\t" in header else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=mark)
    columns = {}
    for field, names in _COLUMNS.items():
        column = next((name for name in reader.fieldnames or () if name.strip() in names), None)
        if column is None:
            raise ValueError(
                f"{content.name}: has no column {field!r} (its columns are "
                f"{some(list(reader.fieldnames or ()), 6)}); wanted a row for each frame with "
                "video and label, or a folder of files"
            )
        columns[field] = column
    rows: dict[str, list[str]] = {}
    for number, row in enumerate(reader, start=2):
        video, label = ((row[columns[field]] or "").strip() for field in ("video", "label"))
        if not video or not label:
            raise ValueError(
                f"{content.name}, line {number}: has no {'label' if video else 'video'}"
            )
        rows.setdefault(video, []).append(label)
    return _coded(rows, content.name, content.sha256)


def _coded(rows: Mapping[Any, Any], source: str, sha256: str | None) -> FrameLabels:
    place: dict[str, int] = {}
    frames = []
    for video, labels in rows.items():
        if isinstance(labels, str) or not hasattr(labels, "__iter__"):
            raise ValueError(
                f"{source}: video {brief(video)} has {brief(labels)}; wanted a list with one label "
                "for each frame"
            )
        names = [
            str(label) if isinstance(label, str | int | np.integer) and label is not True else None
            for label in labels
        ]
        if None in names:
            k = names.index(None)
            raise ValueError(
                f"{source}: video {brief(video)}, frame {k}: {brief(list(labels)[k])} is no label; "
                "wanted a text or a whole number"
            )
        if not names:
            raise ValueError(f"{source}: video {brief(video)} has no frame")
        frames.append(
            np.array([place.setdefault(name, len(place)) for name in names], dtype=np.int64)  # type: ignore[arg-type]
        )
    return FrameLabels(tuple(map(str, rows)), tuple(place), tuple(frames), source, sha256)
