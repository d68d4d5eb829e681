"""Readers of segments, chosen by the type and content of an input.

==============================================  ====================================
input                                           read by
==============================================  ====================================
ActivityNet JSON, truth or results              `overlap.io.activitynet`
table with a line of names: CSV, TSV            `overlap.io.tables`
DataFrame                                       `overlap.io.tables`
lines of events without names: DCASE, sed_eval  `overlap.io.event_lines`
==============================================  ====================================
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from overlap.io._columns import RawSegments

__all__ = ["read_segments"]


def read_segments(
    source: Any, *, role: str, ranked: bool = True, columns: Mapping[str, str] | None = None
) -> RawSegments:
    """Read segments by the reader of their form.

    Parameters
    ----------
    source, role, ranked, columns
        As for `overlap.io.as_segments`.

    Returns
    -------
    RawSegments

    Raises
    ------
    ValueError, OSError, TypeError
        As `overlap.io.as_segments`.
    """
    if isinstance(source, str | Path):
        return _of_file(source, role, ranked, columns)
    if isinstance(source, Mapping):
        from overlap.io.activitynet import read_mapping

        return read_mapping(source, role=role, ranked=ranked, name="dict", sha256=None)
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        from overlap.io.tables import read_frame

        return read_frame(source, role=role, columns=columns)
    raise TypeError(
        f"as_segments: {role} is a {type(source).__name__}; wanted a path, a parsed "
        "ActivityNet JSON object, a pandas DataFrame or a SegmentTable"
    )


def _of_file(
    path: str | Path, role: str, ranked: bool, columns: Mapping[str, str] | None
) -> RawSegments:
    from overlap.io._paths import suffix_of
    from overlap.io._source import read_source
    from overlap.io.event_lines import EVENT_SUFFIXES, is_event_lines, read_event_lines

    content = read_source(path, empty=suffix_of(path) in EVENT_SUFFIXES)
    if content.is_json:
        from overlap.io.activitynet import read_json

        return read_json(content, role=role, ranked=ranked)
    if is_event_lines(content) and not columns:
        return read_event_lines(content, label="Ambiguous" if role == "ambiguous" else None)
    from overlap.io.tables import read_table

    return read_table(content, role=role, columns=columns)
