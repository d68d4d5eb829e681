"""Tables of labelled time segments of videos, from any file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overlap._common.frames import frame
from overlap._common.values import ByValue
from overlap.io._columns import RawSegments, Where, are_times, to_float64, to_names
from overlap.io.boundary import reads_file
from overlap.io.printable import brief

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MissingConfidenceError", "SegmentTable", "as_segments", "on_one_clock"]

Role = Literal["truth", "found", "ambiguous"]
_ROLES = ("truth", "found", "ambiguous")


class MissingConfidenceError(ValueError):
    """Missing confidences of predictions, which cannot be ranked without them."""


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
        return _frozen(
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

        return _frozen(
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
            result = _frozen(replace(result, labels=tuple(place), label=number[self.label]))
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


def _frozen(table: SegmentTable) -> SegmentTable:
    """Make the arrays of a new table read-only."""
    names = ("video", "label", "start", "stop", "confidence", "duration", "row", "times", "origin",
             "frame_rate")  # fmt: skip
    for name in names:
        array = getattr(table, name)
        if array is not None:
            array.setflags(write=False)
    return table


@reads_file
def as_segments(
    source: Any,
    *,
    role: Role,
    ranked: bool = True,
    columns: Mapping[str, str] | None = None,
) -> SegmentTable:
    """Read labelled segments from a file, a DataFrame or parsed JSON.

    Parameters
    ----------
    source : str, Path, mapping, sequence, pandas.DataFrame or SegmentTable
        A file or folder of one of the forms that `overlap.io.segment_sources` lists, plain or
        gzipped; the content of a JSON file; a DataFrame. Column names are matched as
        `overlap.io.tables` documents. Starts and stops are
        seconds, durations (timedelta64), or datetimes: datetime64, pandas or Python objects with
        or without a time zone, or text in ISO 8601 with date and time.
    role : {"truth", "found", "ambiguous"}
        Role of the segments. ``"found"`` must have confidences; ``"ambiguous"`` may come
        without labels, and is then ambiguous throughout.
    ranked : bool
        Whether those of ``"found"`` must have confidences.
    columns : mapping from str to str, optional
        Columns of a table by what they hold: ``{"start": "t0"}``. Others are found by name.

    Returns
    -------
    SegmentTable
        A SegmentTable is returned as it is.

    Raises
    ------
    ValueError
        The input cannot be read, a row is bad (NaN, infinite, reversed, not a number,
        missing), datetimes are mixed with seconds or with and without a time zone, or a
        results file was given as truth or the reverse. The message names the file and the row or
        key.
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
        # Readers are imported by those who need them: start-up time is part of the command line.
        from overlap.io.segment_sources import read_segments

        table = _finish(read_segments(source, role=role, ranked=ranked, columns=columns))
    if role == "found" and ranked and table.confidence is None:
        raise MissingConfidenceError(
            f"{table.source}: predictions need a confidence each, and there is none; add a "
            "column 'score' (or check that truth and found are not swapped)"
        )
    return table


def _finish(raw: RawSegments) -> SegmentTable:
    """Check values and build the table."""
    where = raw.where
    video = np.array(raw.video, dtype=np.int64)
    times = origin = None
    zoned: bool | None = None
    if len(video) and (are_times(raw.start) or are_times(raw.stop)):
        # Readers of times are imported where they are needed.
        from overlap.io.clocks import first_starts, in_seconds, read_ends, text_of

        if are_times(raw.start) != are_times(raw.stop):
            raise ValueError(
                f"{where(0)}: start is {brief(raw.start[0])} and stop is {brief(raw.stop[0])}; "
                "write both as times, or both as seconds"
            )
        times, zoned = read_ends(raw.start, raw.stop, where)
        _check_order(times[:, 0], times[:, 1], where, lambda time: text_of(time, bool(zoned)))
        zero: Any = np.timedelta64(0, "s")
        if zoned is not None:
            origin = first_starts(times, video, len(raw.videos))
            zero = origin[video]
        start, stop = in_seconds(times, zero, zoned, where)
        times = times if zoned is not None else None
    else:
        start = to_float64(raw.start, "start", where)
        stop = to_float64(raw.stop, "stop", where)
        _check_order(start, stop, where, lambda value: repr(float(value)))
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
            video=video,
            label=np.array(codes, dtype=np.int64),
            start=start,
            stop=stop,
            confidence=confidence,
            duration=raw.duration,
            subset=tuple(raw.subset),
            source=raw.source,
            sha256=raw.sha256,
            row=np.array(raw.row, dtype=np.int64),
            times=times,
            origin=origin,
            zoned=bool(zoned),
            findings=raw.findings,
            unnamed=raw.unnamed,
            frame_rate=raw.frame_rate,
            label_ids=tuple((raw.label_ids or {}).items()),
        )
    )


def _check_order(
    start: NDArray[Any], stop: NDArray[Any], where: Where, shown: Callable[[Any], str]
) -> None:
    reversed_rows = np.flatnonzero(stop < start)
    if reversed_rows.size:
        index = int(reversed_rows[0])
        raise ValueError(
            f"{where(index)}: stop {shown(stop[index])} is before start "
            f"{shown(start[index])} (a negative duration; {reversed_rows.size} such "
            f"row{'s' if reversed_rows.size > 1 else ''}); swap them or drop the row"
        )


def on_one_clock(tables: Mapping[str, SegmentTable]) -> dict[str, SegmentTable]:
    """Count the seconds of several tables from the same time in each video.

    Parameters
    ----------
    tables : mapping from str to SegmentTable
        By role. The first that has segments of a video gives it its origin, the first start.

    Returns
    -------
    dict of str to SegmentTable
        Tables of plain seconds are returned as they are.

    Raises
    ------
    ValueError
        One has times and another plain seconds, or one has a time zone and another has none.
    """
    given = {role: table for role, table in tables.items() if len(table)}
    dated = {role: table for role, table in given.items() if table.times is not None}
    if not dated:
        return dict(tables)
    role, first = next(iter(dated.items()))
    for other, table in given.items():
        if table.times is None:
            raise ValueError(
                f"{role} ({first.source}) has datetimes and {other} ({table.source}) has plain "
                "seconds; give times on both sides, or subtract the beginning of each video from "
                "the times"
            )
        if table.zoned != first.zoned:
            pair = (role, first), (other, table)
            with_zone, without = pair if first.zoned else pair[::-1]
            raise ValueError(
                f"{with_zone[0]} ({with_zone[1].source}) has times with a time zone and "
                f"{without[0]} ({without[1].source}) has times without one; say which zone these "
                "are of, such as column.dt.tz_localize('UTC')"
            )
    # Imported by those who need it, as in `_finish`.
    from overlap.io.clocks import in_seconds

    # An origin that is rounded down serves as well, since all tables have the same.
    fine = all(table.times.dtype == "M8[ns]" for table in dated.values())  # type: ignore[union-attr]
    dtype = np.dtype("M8[ns]" if fine else "M8[us]")
    origins: dict[str, np.datetime64] = {}
    for table in dated.values():
        assert table.origin is not None
        starts = table.origin.astype(dtype)
        for name, origin in zip(table.videos, starts, strict=True):
            if not np.isnat(origin):
                origins.setdefault(name, origin)
    missing = np.datetime64("NaT")
    result = {}
    for name, table in tables.items():
        origin = np.array([origins.get(video, missing) for video in table.videos], dtype)
        times = table.times if table.times is not None else np.empty((0, 2), dtype)
        start, stop = in_seconds(times, origin[table.video], first.zoned, table.where)
        for array in (start, stop, origin):
            array.setflags(write=False)
        result[name] = replace(
            table, start=start, stop=stop, times=times, origin=origin, zoned=first.zoned
        )
    return result
