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

from .numbering import alphabetical, names_of_all, numbers_among
from .row_order import in_groups

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
    videos, video = _numbered([(table.videos, table.video) for table in tables])
    labels, label = _numbered([(table.labels, table.label) for table in tables])
    digest = hashlib.sha256(json.dumps(labels).encode())
    digest.update("\n".join(videos).encode("utf-8", "backslashreplace"))
    if tables:
        dated = any(table.times is not None for table in tables)
        if dated:
            digest.update(b"UTC" if any(table.zoned for table in tables) else b"no zone")
        ends: list[list[NDArray[Any]]] = []
        for table in tables:
            if dated:
                ends.append(_since_1970(table))
            else:  # -0.0 and 0.0 are the same time
                ends.append([np.add(x, 0.0, dtype="<f8") for x in (table.start, table.stop)])
        columns = [video, label, *zip(*ends, strict=True)]
        joined = [np.concatenate(x) if len(x) > 1 else x[0] for x in columns]
        group = joined[0] * len(labels) + joined[1]
        order = in_groups(group, *joined[2:])
        for values in joined:
            digest.update(values[order].data)
    return digest.hexdigest()


def _since_1970(table: SegmentTable) -> list[NDArray[np.int64]]:
    """Whole seconds and the nanoseconds after them, of starts and of stops."""
    if table.times is None:  # without segments
        return [np.empty(0, "<i8")] * 4
    per = 10**9 if table.times.dtype == "M8[ns]" else 10**6
    parts = (np.divmod(side.astype("<i8"), per) for side in table.times.T)
    return [x for whole, rest in parts for x in (whole, rest * (10**9 // per))]


def _numbered(
    columns: Sequence[tuple[Sequence[str], NDArray[np.int64]]],
) -> tuple[tuple[str, ...], list[NDArray[np.int64]]]:
    """Names that have a segment, in alphabetical order, and the number of each segment's."""
    there = [np.zeros(len(names), dtype=bool) for names, _ in columns]
    used: list[tuple[str, ...]] = []
    for mask, (names, index) in zip(there, columns, strict=True):
        mask[index] = True
        used.append(tuple(itertools.compress(names, mask.tolist())))
    distinct = names_of_all(used)
    ordered, place = alphabetical(distinct)
    numbers = []
    for mask, some, (names, index) in zip(there, used, columns, strict=True):
        number = np.zeros(len(names), dtype="<i8")
        number[mask] = place[numbers_among(some, distinct)]
        numbers.append(number[index])
    return ordered, numbers


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
