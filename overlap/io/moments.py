"""Tables of moments from any file: windows of videos that answer queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from overlap.io.boundary import reads_file
from overlap.io.moment_table import Clips, MomentTable
from overlap.io.segment_table import SegmentTable

__all__ = ["Clips", "MomentTable", "as_moments"]


@reads_file
def as_moments(source: Any, *, role: str) -> MomentTable:
    """Read windows of queries.

    Parameters
    ----------
    source : str, Path, mapping, list of mapping, DataFrame, SegmentTable or MomentTable
        JSON lines of QVHighlights, lines of Charades-STA (``VIDEO start stop##sentence``), JSON of
        Ego4D NLQ, plain or gzipped; or labelled segments in any form that `as_segments` reads,
        where a query is a video and a label.
    role : {"truth", "found"}
        Role of the windows.

    Returns
    -------
    MomentTable
        A MomentTable is returned as it is.

    Raises
    ------
    ValueError
        The input cannot be read, or is of the other role. The message names the file and the line
        or entry.
    OSError
        The file is missing or may not be read.
    TypeError
        `source` is of none of these types.

    Examples
    --------
    >>> from overlap.io import as_moments
    >>> as_moments([{"qid": 1, "vid": "a", "relevant_windows": [[2, 6]]}], role="truth")
    <MomentTable list: 1 windows of 1 queries>
    """
    if role not in ("truth", "found"):
        raise ValueError(f"as_moments: role is {role!r}; wanted one of truth, found")
    if isinstance(source, MomentTable):
        return source
    if isinstance(source, SegmentTable):
        return _of_segments(source)
    from overlap.io.ego4d_nlq import is_nlq, read_nlq
    from overlap.io.qvhighlights import is_qvhighlights, read_qvhighlights

    if isinstance(source, str | Path):
        return _of_path(str(source), role)
    if isinstance(source, Mapping) and is_nlq(source):
        return read_nlq(source, role=role, name="dict", sha256=None)
    if isinstance(source, Sequence) and is_qvhighlights(source):
        lines = range(1, len(source) + 1)
        return read_qvhighlights(source, role=role, name="list", sha256=None, lines=lines)
    return _as_labelled(source, role)


def _of_path(path: str, role: str) -> MomentTable:
    import os

    from overlap.io._json import is_json_lines, parse_json, parse_json_lines
    from overlap.io._source import read_source
    from overlap.io.charades_sta import is_charades_sta, read_charades_sta
    from overlap.io.ego4d_nlq import is_nlq, read_nlq
    from overlap.io.qvhighlights import is_qvhighlights, read_qvhighlights

    if os.path.isdir(path) or path.endswith((".parquet", ".npz")):
        return _as_labelled(path, role)
    content = read_source(path)
    if is_charades_sta(content):
        return read_charades_sta(content)
    options: dict[str, Any] = {"role": role, "name": content.name, "sha256": content.sha256}
    if is_json_lines(content):
        records, lines = parse_json_lines(content)
        if is_qvhighlights(records):
            return read_qvhighlights(records, lines=lines, **options)
    elif content.is_json:
        payload = parse_json(content)
        if is_nlq(payload):
            return read_nlq(payload, **options)
        records = [payload] if isinstance(payload, Mapping) else payload
        if is_qvhighlights(records):
            return read_qvhighlights(records, lines=range(1, len(records) + 1), **options)
    return _as_labelled(path, role)


def _as_labelled(source: Any, role: str) -> MomentTable:
    from overlap.io.segments import as_segments

    table = as_segments(source, role="truth" if role == "truth" else "found", ranked=False)
    return _of_segments(table)


def _of_segments(table: SegmentTable) -> MomentTable:
    """Take a video and a label for a query."""
    if table.times is not None:
        raise ValueError(
            f"{table.source}: has datetimes; moments are seconds from the beginning of the video"
        )
    key = table.video * max(len(table.labels), 1) + table.label
    codes, first, query = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    video, label = np.divmod(codes[order], max(len(table.labels), 1))
    return MomentTable(
        tuple(
            f"{table.videos[v]}: {table.labels[k]}"
            for v, k in zip(video.tolist(), label.tolist(), strict=True)
        ),
        tuple(table.videos[v] for v in video.tolist()),
        number[query],
        table.start,
        table.stop,
        table.confidence,
        table.duration[video],
        table.row,
        table.source,
        table.sha256,
        None,
        table.findings,
    )
