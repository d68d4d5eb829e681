"""Labelled time segments of videos: one table, whatever file they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overlap._values import ByValue
from overlap.io._raw import RawSegments, to_float64, to_names
from overlap.io.boundary import reads_file

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MissingConfidenceError", "SegmentTable", "as_segments"]

Role = Literal["truth", "found", "ambiguous"]
_ROLES = ("truth", "found", "ambiguous")


class MissingConfidenceError(ValueError):
    """Predictions came without confidences, so they cannot be ranked."""


@dataclass(frozen=True, eq=False)
class SegmentTable(ByValue):
    """Segments of videos, as columns; rows keep the order of the input.

    Attributes
    ----------
    videos : tuple of str, length V
        Distinct video names in order of first appearance, videos without segments included.
    labels : tuple of str, length L
        Distinct label names in order of first appearance.
    video : ndarray, dtype=int64, shape (N,)
        Index into `videos`.
    label : ndarray, dtype=int64, shape (N,)
        Index into `labels`.
    start, stop : ndarray, dtype=float64, shape (N,)
        Seconds, finite, ``start <= stop``.
    confidence : ndarray, dtype=float64, shape (N,), or None
        Finite; higher is surer. None where the input has none.
    duration : ndarray, dtype=float64, shape (V,)
        Seconds; NaN where unknown.
    subset : tuple of (str or None), length V
        Subset of each video, such as ``"validation"``; None where unknown.
    source : str
        File name, ``"dict"`` or ``"DataFrame"``.
    sha256 : str or None
        Hexadecimal digest of the file's bytes as stored; None for objects in memory.
    row : ndarray, dtype=int64, shape (N,)
        Row in the input: line number of a CSV file (the header is line 1), position
        in a DataFrame or in a JSON file (from 0, counted through all videos).

    Examples
    --------
    >>> from overlap.io import as_segments
    >>> truth = as_segments(
    ...     {"database": {"v1": {"annotations": [{"segment": [1, 4], "label": "jump"}]}}},
    ...     role="truth",
    ... )
    >>> len(truth), truth.videos, truth.labels, truth.start
    (1, ('v1',), ('jump',), array([1.]))
    """

    videos: tuple[str, ...]
    labels: tuple[str, ...]
    video: NDArray[np.int64]
    label: NDArray[np.int64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    confidence: NDArray[np.float64] | None
    duration: NDArray[np.float64]
    subset: tuple[str | None, ...]
    source: str
    sha256: str | None
    row: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)

    def __repr__(self) -> str:
        ranked = "with" if self.confidence is not None else "without"
        return (
            f"<SegmentTable {self.source}: {len(self)} segments, {len(self.videos)} videos, "
            f"{len(self.labels)} labels, {ranked} confidences>"
        )

    def where(self, index: int) -> str:
        """Name row `index` for a message: the input, its row, and what it holds.

        Parameters
        ----------
        index : int
            Row of this table.

        Returns
        -------
        str
            For instance ``"found.csv, row 17 (video 'v1', label 'jump', 1.0 to 4.0)"``.
        """
        return (
            f"{self.source}, row {self.row[index]} (video {self.videos[self.video[index]]!r}, "
            f"label {self.labels[self.label[index]]!r}, "
            f"{float(self.start[index])!r} to {float(self.stop[index])!r})"
        )

    def select(self, mask: ArrayLike) -> SegmentTable:
        """Keep some rows; `videos` and `labels`, and so all indices, stay as they are.

        Parameters
        ----------
        mask : array_like, dtype=bool or int, shape (N,) or (M,)
            Rows to keep: a Boolean per row, or row numbers.

        Returns
        -------
        SegmentTable
        """
        keep = np.asarray(mask)
        if keep.dtype == bool and keep.shape != (len(self),):
            raise ValueError(
                f"select: the mask has shape {keep.shape}; wanted one value for each of "
                f"the {len(self)} rows"
            )
        if keep.size == 0:
            keep = keep.astype(np.int64) if keep.dtype != bool else keep
        confidence = None if self.confidence is None else self.confidence[keep]
        return _frozen(
            replace(
                self,
                video=self.video[keep],
                label=self.label[keep],
                start=self.start[keep],
                stop=self.stop[keep],
                confidence=confidence,
                row=self.row[keep],
            )
        )

    def of_subset(self, name: str) -> SegmentTable:
        """Keep the videos of one subset, with their rows and the labels that those use.

        Parameters
        ----------
        name : str
            Subset, spelt as in the input.

        Returns
        -------
        SegmentTable
            `videos` and `labels` are shortened, and the indices renumbered.

        Raises
        ------
        ValueError
            No video belongs to the subset; the message lists the subsets there are.
        """
        keep = np.array([subset == name for subset in self.subset], dtype=bool)
        if not keep.any():
            known = sorted({subset for subset in self.subset if subset is not None})
            have = f"it has {', '.join(map(repr, known))}" if known else "it names no subsets"
            raise ValueError(f"{self.source}: no video is of subset {name!r}; {have}")
        rows = self.select(keep[self.video])
        used = {int(index): place for place, index in enumerate(dict.fromkeys(rows.label.tolist()))}
        renumber = np.cumsum(keep) - 1
        return _frozen(
            replace(
                rows,
                videos=tuple(v for v, kept in zip(self.videos, keep, strict=True) if kept),
                labels=tuple(self.labels[index] for index in used),
                video=renumber[rows.video],
                label=np.array([used[i] for i in rows.label.tolist()], dtype=np.int64),
                duration=self.duration[keep],
                subset=(name,) * int(keep.sum()),
            )
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a DataFrame.

        Returns
        -------
        pandas.DataFrame
            Columns ``video, label, start, stop`` and, where known, ``confidence``.
        """
        import pandas as pd

        columns: dict[str, Any] = {
            "video": np.array(self.videos, dtype=object)[self.video],
            "label": np.array(self.labels, dtype=object)[self.label],
            "start": self.start,
            "stop": self.stop,
        }
        if self.confidence is not None:
            columns["confidence"] = self.confidence
        return pd.DataFrame(columns)


def _frozen(table: SegmentTable) -> SegmentTable:
    """Make the arrays of a new table read-only."""
    for name in ("video", "label", "start", "stop", "confidence", "duration", "row"):
        array = getattr(table, name)
        if array is not None:
            array.setflags(write=False)
    return table


@reads_file
def as_segments(source: Any, *, role: Role) -> SegmentTable:
    """Read labelled segments from whatever the user holds.

    Parameters
    ----------
    source : str, Path, mapping, pandas.DataFrame or SegmentTable
        ActivityNet JSON or CSV file, plain or gzipped; parsed ActivityNet JSON; a
        DataFrame. Column names are matched as `overlap.io.tables` documents.
    role : {"truth", "found", "ambiguous"}
        What the segments are. ``"found"`` must have confidences; ``"ambiguous"`` may come
        without labels, and is then ambiguous throughout.

    Returns
    -------
    SegmentTable
        A SegmentTable is returned as it is.

    Raises
    ------
    ValueError
        The input cannot be read, a row is bad (NaN, infinite, reversed, not a number,
        missing), or a results file was given as truth or the reverse. The message names
        the file and the row or key.
    MissingConfidenceError
        `role` is ``"found"`` and there are no confidences. It is a ValueError.
    OSError
        The file is missing or may not be read.
    TypeError
        `source` is of none of these types.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame(
    ...     [["v1", 0.5, 2.0, "jump", 0.9]],
    ...     columns=["video-id", "t-start", "t-end", "label", "score"],
    ... )
    >>> as_segments(frame, role="found").confidence
    array([0.9])
    """
    if role not in _ROLES:
        raise ValueError(f"as_segments: role is {role!r}; wanted one of {', '.join(_ROLES)}")
    if isinstance(source, SegmentTable):
        table = source
    else:
        table = _finish(_read(source, role))
    if role == "found" and table.confidence is None:
        raise MissingConfidenceError(
            f"{table.source}: predictions need a confidence each, and there is none; add a "
            "column 'score' (or check that truth and found are not swapped)"
        )
    return table


def _read(source: Any, role: Role) -> RawSegments:
    """Choose the reader by type, then by suffix, then by content."""
    # Each reader is imported by those who need it: start-up time is part of the command line.
    if isinstance(source, str | Path):
        from overlap.io._source import read_source

        content = read_source(source)
        if content.is_json:
            from overlap.io.activitynet import read_json

            return read_json(content, role=role)
        from overlap.io.tables import read_table

        return read_table(content, role=role)
    if isinstance(source, Mapping):
        from overlap.io.activitynet import read_mapping

        return read_mapping(source, role=role, name="dict", sha256=None)
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        from overlap.io.tables import read_frame

        return read_frame(source, role=role)
    raise TypeError(
        f"as_segments: {role} is a {type(source).__name__}; wanted a path, a parsed "
        "ActivityNet JSON object, a pandas DataFrame or a SegmentTable"
    )


def _finish(raw: RawSegments) -> SegmentTable:
    """Check values and build the table."""
    where = raw.where
    start = to_float64(raw.start, "start", where)
    stop = to_float64(raw.stop, "stop", where)
    reversed_rows = np.flatnonzero(stop < start)
    if reversed_rows.size:
        index = int(reversed_rows[0])
        raise ValueError(
            f"{where(index)}: stop {float(stop[index])!r} is before start "
            f"{float(start[index])!r} (a negative duration; {reversed_rows.size} such "
            f"row{'s' if reversed_rows.size > 1 else ''}); swap them or drop the row"
        )
    confidence = raw.confidence
    if confidence is not None:
        confidence = to_float64(confidence, "confidence", where, unit="")
    index_of: dict[str, int] = {}
    codes = [
        index_of.setdefault(name, len(index_of)) for name in to_names(raw.label, "label", where)
    ]
    return _frozen(
        SegmentTable(
            videos=tuple(raw.videos),
            labels=tuple(index_of),
            video=np.array(raw.video, dtype=np.int64),
            label=np.array(codes, dtype=np.int64),
            start=start,
            stop=stop,
            confidence=confidence,
            duration=raw.duration,
            subset=tuple(raw.subset),
            source=raw.source,
            sha256=raw.sha256,
            row=np.array(raw.row, dtype=np.int64),
        )
    )
