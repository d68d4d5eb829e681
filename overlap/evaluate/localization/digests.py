"""Digests of segments by their content, whatever file they came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    videos = sorted({table.videos[k] for table in tables for k in np.unique(table.video)})
    labels = sorted({table.labels[k] for table in tables for k in np.unique(table.label)})
    columns: list[list[NDArray[Any]]] = [[], [], [], []]
    for table in tables:
        for column, all_names, names, index in (
            (columns[0], videos, table.videos, table.video),
            (columns[1], labels, table.labels, table.label),
        ):
            place = {name: k for k, name in enumerate(all_names)}
            number = np.array([place.get(name, -1) for name in names], dtype="<i8")
            column.append(number[index])
        # -0.0 and 0.0 are the same time
        columns[2].append(table.start.astype("<f8") + 0.0)
        columns[3].append(table.stop.astype("<f8") + 0.0)
    digest = hashlib.sha256(json.dumps([videos, labels]).encode())
    if tables:
        joined = [np.concatenate(column) for column in columns]
        order = np.lexsort(joined[::-1])
        for values in joined:
            digest.update(values[order].tobytes())
    return digest.hexdigest()


def same_input(a: SegmentTable | None, b: SegmentTable | None) -> bool:
    """Whether two tables have the same rows in the same order, confidences included.

    Parameters
    ----------
    a, b : SegmentTable or None
    """
    if a is None or b is None or a is b:
        return a is b
    if (a.videos, a.subset, len(a)) != (b.videos, b.subset, len(b)):
        return False
    names = [np.array(table.labels, dtype=object)[table.label] for table in (a, b)]
    return (
        bool((names[0] == names[1]).all())
        and all(
            np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True)
            for name in ("video", "start", "stop", "duration")
        )
        and (
            np.array_equal(a.confidence, b.confidence)
            if a.confidence is not None and b.confidence is not None
            else a.confidence is b.confidence
        )
    )
