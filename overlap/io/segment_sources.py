"""Readers of segments, chosen by the type and content of an input.

================================================  =================================
input                                             read by
================================================  =================================
JSON of ActivityNet and its kin, truth, results   `overlap.io.activitynet`
JSON list of objects, or JSON lines               `overlap.io.segment_records`
dict of columns in JSON or NPZ (ActionFormer)     `overlap.io.segment_columns`
table with a line of names (CSV, TSV), Parquet    `overlap.io.tables`
DataFrame                                         `overlap.io.tables`
lines of events without names (DCASE, THUMOS)     `overlap.io.event_lines`
turns of speakers (RTTM)                          `overlap.io.rttm`
folder of text files                              `overlap.io.segment_folders`
================================================  =================================
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from overlap.io._columns import RawSegments, refuse_columns

__all__ = ["read_segments"]


def read_segments(
    source: Any,
    *,
    role: str,
    ranked: bool = True,
    labelled: bool = True,
    columns: Mapping[str, str] | None = None,
) -> RawSegments:
    """Read segments by the reader of their form.

    Parameters
    ----------
    source, role, ranked, labelled, columns
        As for `overlap.io.as_segments`.

    Returns
    -------
    RawSegments

    Raises
    ------
    ValueError, OSError, TypeError
        As `overlap.io.as_segments`.
    """
    # tables of ambiguous segments need no labels
    tabled = role if labelled else "ambiguous"
    if isinstance(source, str | Path):
        if os.path.isdir(source):
            from overlap.io.segment_folders import read_folder

            return read_folder(source, role=tabled, columns=columns)
        return _of_file(str(source), role, ranked, labelled, columns)
    if isinstance(source, Mapping):
        from overlap.io.activitynet import read_mapping
        from overlap.io.segment_columns import is_columns, read_columns

        if is_columns(source, columns):
            return read_columns(source, role=tabled, name="dict", sha256=None, columns=columns)
        return read_mapping(
            source, role=role, ranked=ranked, labelled=labelled, name="dict", sha256=None,
            columns=columns,
        )  # fmt: skip
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        from overlap.io.tables import read_frame

        return read_frame(source, role=tabled, columns=columns)
    if isinstance(source, Sequence) and source and isinstance(source[0], Mapping):
        from overlap.io.segment_records import read_records

        return read_records(source, role=tabled, name="list", sha256=None, columns=columns)
    library = type(source).__module__.partition(".")[0]
    of = "" if library == "builtins" else f" of {library}"
    raise TypeError(
        f"as_segments: {role} is a {type(source).__name__}{of}; wanted a path, a parsed "
        "ActivityNet JSON object, a list of records, a pandas DataFrame or a SegmentTable"
    )


def _of_file(
    path: str, role: str, ranked: bool, labelled: bool, columns: Mapping[str, str] | None
) -> RawSegments:
    from overlap.io._json import LINES, no_collection
    from overlap.io._paths import suffix_of
    from overlap.io._source import read_source
    from overlap.io.event_lines import EVENT_SUFFIXES, is_event_lines, read_event_lines
    from overlap.io.rttm import is_rttm, read_rttm

    suffix, tabled = suffix_of(path), role if labelled else "ambiguous"
    if suffix in _BINARY:
        return _of_binary(path, suffix, tabled, columns)
    content = read_source(path, empty=suffix in (*EVENT_SUFFIXES, ".rttm"))
    if content.data[:1] == b"\x80" and content.data[1:2] in _PROTOCOLS:
        from overlap.io.segment_columns import refused_pickle

        raise refused_pickle(path)
    if content.is_json or suffix in LINES:
        with no_collection():
            return _of_json(content, role, ranked, labelled, columns)
    if is_rttm(content):
        refuse_columns(columns, path, "RTTM has the same columns always")
        return read_rttm(content)
    if is_event_lines(content) and not columns:
        return read_event_lines(content, label="Ambiguous" if tabled == "ambiguous" else None)
    from overlap.io.tables import has_names, read_table

    if suffix in EVENT_SUFFIXES and not columns and not has_names(content):
        return read_event_lines(content)  # which says what is wrong with the first line
    return read_table(content, role=tabled, columns=columns)


_BINARY = (".npz", ".parquet", ".pkl", ".pickle", ".pt", ".pth")
_PROTOCOLS = (b"\x02", b"\x03", b"\x04", b"\x05")  # of pickle


def _of_binary(path: str, suffix: str, role: str, columns: Mapping[str, str] | None) -> RawSegments:
    import hashlib

    from overlap._common.files import check_file, read_file

    check_file(path)
    if suffix not in (".npz", ".parquet"):
        from overlap.io.segment_columns import refused_pickle

        raise refused_pickle(path)
    digest = hashlib.sha256(read_file(path)).hexdigest()
    if suffix == ".npz":
        from overlap.io.segment_columns import read_npz

        return read_npz(path, role=role, columns=columns, sha256=digest)
    from overlap.io.tables import read_frame, read_parquet

    frame = read_parquet(path)
    return read_frame(frame, role=role, columns=columns, name=path, sha256=digest)


def _of_json(
    content: Any, role: str, ranked: bool, labelled: bool, columns: Mapping[str, str] | None
) -> RawSegments:
    from overlap.io._json import is_json_lines, parse_json, parse_json_lines
    from overlap.io.activitynet import read_json
    from overlap.io.segment_columns import is_columns, read_columns
    from overlap.io.segment_records import is_records, read_records

    tabled = role if labelled else "ambiguous"
    options: dict[str, Any] = {"role": tabled, "name": content.name, "sha256": content.sha256}
    if is_json_lines(content):
        records, lines = parse_json_lines(content)
        return read_records(records, lines=lines, columns=columns, **options)
    payload = parse_json(content)
    if is_records(payload, columns):
        return read_records(payload, columns=columns, **options)
    if is_columns(payload, columns):
        return read_columns(payload, columns=columns, **options)
    return read_json(content, payload, role=role, ranked=ranked, labelled=labelled, columns=columns)
