"""Digests of segments by their content, whatever file they came from."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._values import same
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
    does not have.
    """
    videos = _names([(table.videos, table.video) for table in tables])
    labels = _names([(table.labels, table.label) for table in tables])
    digest = hashlib.sha256(json.dumps(list(labels)).encode())
    digest.update("\n".join(videos).encode("utf-8", "backslashreplace"))
    if tables:
        columns: list[list[NDArray[Any]]] = [[], [], [], []]
        for table in tables:
            # names without a segment are never looked up
            video = np.array([videos.get(name, -1) for name in table.videos], dtype="<i8")
            label = np.array([labels.get(name, -1) for name in table.labels], dtype="<i8")
            columns[0].append(video[table.video])
            columns[1].append(label[table.label])
            # -0.0 and 0.0 are the same time
            columns[2].append(table.start.astype("<f8") + 0.0)
            columns[3].append(table.stop.astype("<f8") + 0.0)
        joined = [np.concatenate(column) for column in columns]
        group = joined[0] * len(labels) + joined[1]
        order = np.lexsort((joined[3], joined[2], group))
        for values in joined:
            digest.update(values[order].tobytes())
    return digest.hexdigest()


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
        ends = table.start, table.stop, table.duration
        return table.videos, table.subset, label, table.video, table.confidence, *ends

    return same(content(a), content(b))
