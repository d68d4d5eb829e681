"""Inputs of interval sets: lists of intervals per set, intervals with groups, frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.numbers import as_numbers, checked_number, described, one_number, unmasked
from overlap._kernels.jit import specialise
from overlap.regions.interval_sets.edges import merge
from overlap.regions.intervals import Intervals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["checked_length", "merged", "read_frames", "read_groups", "read_lists"]

KIND = "IntervalSets"


def merged(
    region: NDArray[np.int64], start: NDArray[np.float64], stop: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the edges of `size` sets and how many intervals each has.

    Empty intervals are left out; those that overlap or touch become one.
    """
    solid = start < stop
    if not solid.all():
        region, start, stop = region[solid], start[solid], stop[solid]
    same = region[1:] == region[:-1]
    if not ((region[1:] >= region[:-1]) & ~(same & (start[1:] < start[:-1]))).all():
        order = np.lexsort((start, region))
        region, start, stop = region[order], start[order], stop[order]
    edges, owner = np.empty(2 * len(region)), np.empty(len(region), np.int64)
    columns = (np.ascontiguousarray(column) for column in (region, start, stop))
    count = specialise(merge)(*columns, edges, owner)
    return edges[: 2 * count], np.bincount(owner[:count], minlength=size)


def read_lists(values: Any) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Return region and table of all intervals, and the number of regions."""
    if isinstance(values, Intervals):
        raise TypeError(
            f"{KIND}: Intervals do not say which belong together; use "
            f"{KIND}.from_intervals(intervals, groups=...)"
        )
    try:
        rows = list(values)
    except TypeError:
        raise TypeError(f"{KIND}: expected a list of sets, got {described(values)}") from None
    tables = []
    for k, row in enumerate(rows):
        table = as_numbers(row, f"{KIND}: set {k}")
        if table.size == 0:
            table = table.reshape(0, 2)
        if table.ndim != 2 or table.shape[1] != 2:
            raise ValueError(
                f"{KIND}: set {k} has shape {table.shape}; expected (K, 2), a list of intervals "
                "[start, stop] for every set; one set alone is [[[start, stop], ...]]"
            )
        tables.append(table)
    counts = [len(table) for table in tables]
    region = np.repeat(np.arange(len(rows)), counts)
    table = np.concatenate([np.empty((0, 2)), *tables])
    _check(table, region, np.arange(len(region)) - np.repeat(np.cumsum([0, *counts])[:-1], counts))
    return region, table, len(rows)


def _check(table: NDArray[np.float64], region: NDArray, place: NDArray) -> None:
    bad: NDArray[np.bool_] = np.asarray(~np.isfinite(table).all(axis=1))
    with np.errstate(invalid="ignore"):
        reversed_ = table[:, 1] < table[:, 0]
    if not (bad | reversed_).any():
        return
    k = int(np.flatnonzero(bad | reversed_)[0])
    start, stop = table[k].tolist()
    where = f"{KIND}: interval {place[k]} of set {region[k]}"
    if bad[k]:
        raise ValueError(f"{where} is [{start}, {stop}], which is not finite; remove it")
    raise ValueError(
        f"{where} has stop = {stop} before start = {start}; exchange the two, or remove it"
    )


def read_groups(
    intervals: Intervals, groups: ArrayLike | None, size: int | None
) -> tuple[NDArray[np.int64], int]:
    """Return the region of every interval and the number of regions."""
    if not isinstance(intervals, Intervals):
        raise TypeError(
            f"{KIND}.from_intervals: expected Intervals, got {described(intervals)}; wrap it in "
            "Intervals([[start, stop], ...])"
        )
    if intervals.period is not None:
        raise TypeError(
            f"{KIND}.from_intervals: sets of arcs of a circle are not supported; cut the arcs at "
            "the seam and leave the period out"
        )
    n = len(intervals)
    if groups is None:
        if size not in (None, 1):
            raise ValueError(
                f"{KIND}.from_intervals: size = {size} without groups; give the number of the set "
                "of every interval as groups="
            )
        return np.zeros(n, np.int64), 1
    labels = np.asarray(unmasked(groups, f"{KIND}.from_intervals: groups"))
    if labels.shape != (n,):
        raise ValueError(
            f"{KIND}.from_intervals: expected groups of shape ({n},), one for each interval; got "
            f"{labels.shape}"
        )
    if size is None:
        known, region = np.unique(labels, return_inverse=True)
        return region.astype(np.int64, copy=False), len(known)
    if labels.dtype.kind not in "iu" and n:
        raise TypeError(
            f"{KIND}.from_intervals: with size=, groups are numbers of sets; got {labels.dtype}"
        )
    region = labels.astype(np.int64)
    bad = np.flatnonzero((region < 0) | (region >= size))
    if bad.size:
        raise ValueError(
            f"{KIND}.from_intervals: groups[{bad[0]}] = {region[bad[0]]} is not in 0 to {size - 1}"
        )
    return region, int(size)


def read_frames(
    frames: ArrayLike, fps: float, start: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Return region and table of the runs of true frames, and the number of regions."""
    array = np.asarray(unmasked(frames, f"{KIND}.from_frames"))
    if array.dtype != bool:
        raise TypeError(
            f"{KIND}.from_frames: expected booleans, got an array of {array.dtype}; compare it "
            "with a threshold first"
        )
    if array.ndim not in (1, 2):
        raise ValueError(
            f"{KIND}.from_frames: expected shape (frames,) or (N, frames), got {array.shape}"
        )
    if not 0 < one_number(fps, f"{KIND}.from_frames: fps") < np.inf:
        raise ValueError(f"{KIND}.from_frames: fps = {fps!r} is not a positive number")
    checked_number(start, f"{KIND}.from_frames: start")
    rows = np.atleast_2d(array)
    padded = np.zeros((len(rows), rows.shape[1] + 2), np.int8)
    padded[:, 1:-1] = rows
    region, edge = np.nonzero(np.diff(padded, axis=1))
    return region[::2].astype(np.int64), start + edge.reshape(-1, 2) / fps, len(rows)


def checked_length(value: float, what: str) -> float:
    """Return a finite number >= 0, or raise an error with the name."""
    number = one_number(value, f"{KIND}.{what}")
    if not 0 <= number < np.inf:
        raise ValueError(f"{KIND}.{what} = {value!r} is not a finite number >= 0")
    return number
