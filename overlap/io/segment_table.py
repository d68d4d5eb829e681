"""A table of labelled time segments of videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overlap._common.frames import frame
from overlap._common.values import ByValue

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SegmentTable", "frozen"]


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
        Seconds, finite, ``start <= stop``. Where the input has datetimes, seconds after
        `origin`.
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
    times : ndarray, dtype=datetime64, shape (N, 2), or None
        Exact starts and stops where the input has datetimes; None where it has seconds.
    origin : ndarray, dtype=datetime64, shape (V,), or None
        The time of each video that is 0 in `start` and `stop`: its first start. NaT where the
        video has no segments.
    zoned : bool
        Whether the input says a time zone; `times` and `origin` are then in UTC.
    findings : tuple of str
        Observations that must not be missed, such as repeated keys of a JSON object.
    notes : tuple of str
        What was changed or left out after reading, with counts.
    unnamed : bool
        The input does not name its only recording, whose name is that of the file.
    frame_rate : ndarray, dtype=float64, shape (V,), or None
        Frames per second that the input states; NaN where it does not.
    label_ids : tuple of (str, str)
        Numbers and names of labels that the input states.

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
    times: NDArray[np.datetime64] | None = None
    origin: NDArray[np.datetime64] | None = None
    zoned: bool = False
    findings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unnamed: bool = False
    frame_rate: NDArray[np.float64] | None = None
    label_ids: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.start)

    def __repr__(self) -> str:
        ranked = "with" if self.confidence is not None else "without"
        return (
            f"<SegmentTable {self.source}: {len(self)} segments, {len(self.videos)} videos, "
            f"{len(self.labels)} labels, {ranked} confidences>"
        )

    def where(self, index: int) -> str:
        """Name row `index` for a message: the input, its row, and its content.

        Parameters
        ----------
        index : int
            Row of this table.

        Returns
        -------
        str
            For instance ``"found.csv, row 17 (video 'v1', label 'jump', 1.0 to 4.0)"``.
        """
        if self.times is None:
            span = f"{float(self.start[index])!r} to {float(self.stop[index])!r}"
        else:
            from overlap.io.clocks import text_of

            span = " to ".join(text_of(time, self.zoned) for time in self.times[index])
        return (
            f"{self.source}, row {self.row[index]} (video {self.videos[self.video[index]]!r}, "
            f"label {self.labels[self.label[index]]!r}, {span})"
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
        return frozen(
            replace(
                self,
                times=None if self.times is None else self.times[keep],
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
        return self.of_videos(keep)

    def of_videos(self, mask: ArrayLike) -> SegmentTable:
        """Keep some videos, with their rows and the labels that those use.

        Parameters
        ----------
        mask : array_like, dtype=bool, shape (V,)
            Videos to keep.

        Returns
        -------
        SegmentTable
            `videos` and `labels` are shortened, and the indices renumbered.
        """
        keep = np.asarray(mask, dtype=bool)
        rows = self.select(keep[self.video])
        used = {int(index): place for place, index in enumerate(dict.fromkeys(rows.label.tolist()))}
        renumber = np.cumsum(keep) - 1

        def kept(values: Any) -> tuple[Any, ...]:
            return tuple(value for value, stays in zip(values, keep, strict=True) if stays)

        return frozen(
            replace(
                rows,
                videos=kept(self.videos),
                labels=tuple(self.labels[index] for index in used),
                video=renumber[rows.video],
                label=np.array([used[i] for i in rows.label.tolist()], dtype=np.int64),
                duration=self.duration[keep],
                frame_rate=None if self.frame_rate is None else self.frame_rate[keep],
                origin=None if self.origin is None else self.origin[keep],
                subset=kept(self.subset),
            )
        )

    def renamed(
        self, videos: Sequence[str] | None = None, labels: Sequence[str] | None = None
    ) -> SegmentTable:
        """Give videos and labels other names.

        Parameters
        ----------
        videos : sequence of str, length V, optional
            Distinct names.
        labels : sequence of str, length L, optional
            Labels with one name become one label.

        Returns
        -------
        SegmentTable
        """
        result = self
        if videos is not None:
            result = replace(result, videos=tuple(videos))
        if labels is not None:
            place = {name: k for k, name in enumerate(dict.fromkeys(labels))}
            number = np.array([place[name] for name in labels], dtype=np.int64)
            result = frozen(replace(result, labels=tuple(place), label=number[self.label]))
        return result

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a DataFrame.

        Returns
        -------
        pandas.DataFrame
            Columns ``video, label, start, stop`` and, where known, ``confidence``. Datetimes
            are columns of times.
        """
        start, stop = self.ends()
        columns: dict[str, Any] = {
            "video": np.array(self.videos, dtype=object)[self.video],
            "label": np.array(self.labels, dtype=object)[self.label],
            "start": start,
            "stop": stop,
        }
        if self.confidence is not None:
            columns["confidence"] = self.confidence
        return frame(columns)

    def ends(self) -> tuple[Any, Any]:
        """Return starts and stops as given: seconds, or pandas times.

        Returns
        -------
        tuple of two ndarray or pandas.DatetimeIndex, shape (N,)
        """
        if self.times is None:
            return self.start, self.stop
        import pandas as pd

        zone = "UTC" if self.zoned else None
        start, stop = (pd.DatetimeIndex(self.times[:, k], tz=zone) for k in (0, 1))
        return start, stop


def frozen(table: SegmentTable) -> SegmentTable:
    """Make the arrays of a new table read-only, and return it.

    Parameters
    ----------
    table : SegmentTable
    """
    names = ("video", "label", "start", "stop", "confidence", "duration", "row", "times", "origin",
             "frame_rate")  # fmt: skip
    for name in names:
        array = getattr(table, name)
        if array is not None:
            array.setflags(write=False)
    return table
