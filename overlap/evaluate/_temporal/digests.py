"""Digests of segments by their content, whatever file they came from."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import same
from overlap.io.segments import SegmentTable

__all__ = ["digest_of_segments", "same_input"]


def digest_of_segments(tables: Sequence[SegmentTable]) -> str:
    """SHA-256 of all segments in order of video, label and time.

    Parameters
    ----------
    tables : sequence of SegmentTable
        Parts of one input. Confidences do not count.

    Notes
    -----
    A file and its copy in another format, order or compression have the same digest. Videos
    without a segment do not count: a prediction in them is as false as in a video that the truth
    does not have. Datetimes count as such, in UTC where they have a zone, and not their seconds
    after an origin.
    """
    videos = _names([(table.videos, table.video) for table in tables])
    labels = _names([(table.labels, table.label) for table in tables])
    digest = hashlib.sha256(json.dumps(list(labels)).encode())
    digest.update("\n".join(videos).encode("utf-8", "backslashreplace"))
    if tables:
        dated = any(table.times is not None for table in tables)
        if dated:
            digest.update(b"UTC" if any(table.zoned for table in tables) else b"no zone")
        columns: list[list[NDArray[Any]]] = [[], []]
        ends: list[list[NDArray[Any]]] = []
        for table in tables:
            # names without a segment are never looked up
            video = np.array([videos.get(name, -1) for name in table.videos], dtype="<i8")
            label = np.array([labels.get(name, -1) for name in table.labels], dtype="<i8")
            columns[0].append(video[table.video])
            columns[1].append(label[table.label])
            if dated:
                ends.append(_since_1970(table))
            else:  # -0.0 and 0.0 are the same time
                ends.append([x.astype("<f8") + 0.0 for x in (table.start, table.stop)])
        joined = [np.concatenate(column) for column in [*columns, *zip(*ends, strict=True)]]
        group = joined[0] * len(labels) + joined[1]
        order = np.lexsort((*joined[:1:-1], group))
        for values in joined:
            digest.update(values[order].tobytes())
    return digest.hexdigest()


def _since_1970(table: SegmentTable) -> list[NDArray[np.int64]]:
    """Whole seconds and the nanoseconds after them, of starts and of stops."""
    if table.times is None:  # without segments
        return [np.empty(0, "<i8")] * 4
    per = 10**9 if table.times.dtype == "M8[ns]" else 10**6
    parts = (np.divmod(side.astype("<i8"), per) for side in table.times.T)
    return [x for whole, rest in parts for x in (whole, rest * (10**9 // per))]


def _names(columns: Sequence[tuple[Sequence[str], NDArray[np.int64]]]) -> dict[str, int]:
    """Place of every name that has a segment, in alphabetical order."""
    used: set[str] = set()
    for names, index in columns:
        there = np.zeros(len(names), dtype=bool)
        there[index] = True
        used.update(itertools.compress(names, there.tolist()))
    return {name: k for k, name in enumerate(sorted(used))}


def same_input(a: SegmentTable | None, b: SegmentTable | None) -> bool:
    """Whether two tables have the same rows in the same order, confidences included.

    Parameters
    ----------
    a, b : SegmentTable or None
    """
    if a is None or b is None:
        return a is b

    def content(table: SegmentTable) -> tuple[Any, ...]:
        label = np.array(table.labels, dtype=object)[table.label].tolist()
        ends = table.start, table.stop, table.duration, table.times, table.origin, table.zoned
        return table.videos, table.subset, label, table.video, table.confidence, *ends

    return same(content(a), content(b))
