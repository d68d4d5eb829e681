"""Checks of time segments: counts and findings, without scores."""

from __future__ import annotations

import zipfile
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from overlap.io._json import is_json_lines
from overlap.io.activitynet import results_key
from overlap.io.candidate import Candidate
from overlap.io.clocks import text_of
from overlap.io.ego4d_moments import is_moment_queries
from overlap.io.event_lines import class_of, is_event_lines, is_number
from overlap.io.inspection import Inspection
from overlap.io.printable import number_of
from overlap.io.segment_columns import is_columns
from overlap.io.segment_folders import segment_files
from overlap.io.segment_records import is_records
from overlap.io.segments import Role, SegmentTable, as_segments
from overlap.io.tables import ACTION, COLUMN_NAMES

__all__ = ["has_labels", "inspect_segments", "is_segment_npz", "is_segments"]

#: Videos, segments and labels of versions of well-known ground truths.
_KNOWN = {
    (213, 3457, 21): "THUMOS14 test, all 213 videos, Ambiguous rows included",
    (212, 3358, 20): "THUMOS14 test, complete (212 videos with actions, 3,358 segments)",
    (213, 3358, 20): "THUMOS14 test, complete (213 videos, 3,358 segments)",
    (210, 3311, 20): "THUMOS14 test without videos 270, 1292 and 1496 (3,311 segments)",
    (4926, 7654, 200): "ActivityNet 1.3 validation, complete (7,654 segments)",
}
#: Segments of versions that differ in their number of videos, by number of labels.
_SEGMENTS = {
    200: {
        7654: "ActivityNet 1.3 validation, complete (7,654 segments)",
        7293: "ActivityNet 1.3 validation without videos that were not available (7,293 segments)",
        7292: "ActivityNet 1.3 validation without videos that were not available (7,292 segments)",
        7220: "ActivityNet 1.3 validation without videos that were not available (7,220 segments)",
    },
    20: {3358: "THUMOS14 test (3,358 segments)", 3311: "THUMOS14 test (3,311 segments)"},
}
_CLOSE = 1e-3
_FEW = 20  # files of a folder that are looked at
_WORDS = {
    "truth": "annotations of time segments",
    "found": "predictions of time segments",
    "ambiguous": "time segments to ignore",
}


def is_segments(candidate: Candidate) -> bool:
    """Whether an input has segments: JSON, a table with such columns, lines of events, a folder.

    Parameters
    ----------
    candidate : Candidate
    """
    if candidate.is_folder:
        return _is_folder(candidate)
    if is_segment_npz(candidate):
        return True
    if candidate.is_json:
        whole = candidate.payload
        if isinstance(whole, list):
            return is_records(whole)
        if (
            is_moment_queries(whole)
            or is_columns(whole)
            or candidate.keys & {"database", "results", "detect_results"}
        ):
            return True
        if not isinstance(whole, dict):
            return False
        lists = [entry for entry in whole.values() if isinstance(entry, list)]
        bare = len(lists) == len(whole) > 0 and any(lists) and results_key(whole) == ""
        return bare or any(
            isinstance(video, dict) and "annotations" in video for video in whole.values()
        )
    # two of the three, so that the reader says which one is missing
    there = [_names(field) & candidate.columns for field in ("video", "start", "stop")]
    return sum(map(bool, there)) >= 2 or _is_events(candidate)


def is_segment_npz(candidate: Candidate) -> bool:
    """Whether a file is NPZ with arrays of starts and stops.

    Parameters
    ----------
    candidate : Candidate
    """
    if candidate.is_folder or candidate.suffix != ".npz" or not zipfile.is_zipfile(candidate.path):
        return False
    try:
        with zipfile.ZipFile(candidate.path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
    except (OSError, ValueError, zipfile.BadZipFile):
        return False
    return is_columns(dict.fromkeys(names))


def _is_events(candidate: Candidate) -> bool:
    """Whether a file of text has events without a line of names; five numbers are a box."""
    if candidate.suffix not in ("", ".txt", ".ann", ".lab", ".csv", ".tsv", ".det", ".gt"):
        return False
    header = candidate.header
    if len(header) == 1:
        header = tuple(header[0].split())
    boxes = len(header) >= 5 and all(map(is_number, header))
    return len(header) > 1 and not boxes and is_event_lines(candidate.source)


def _is_folder(candidate: Candidate) -> bool:
    """Whether the files of a folder have events; those of a class of THUMOS say it by name."""
    files = segment_files(candidate.path)
    for path in files[:_FEW]:
        if path.stat().st_size:
            one = Candidate(str(path))
            return bool(class_of(path.name)) or _is_events(one) or is_segments(one)
    return False


def has_labels(candidate: Candidate) -> bool:
    """Whether a table has a column of labels.

    Parameters
    ----------
    candidate : Candidate
    """
    return bool(_names("label") & candidate.columns) or candidate.columns >= set(ACTION)


def _names(field: str) -> set[str]:
    return {name for group in COLUMN_NAMES[field] for name in group}


def inspect_segments(candidate: Candidate) -> Inspection:
    """Look at labelled segments of videos.

    Parameters
    ----------
    candidate : Candidate
        ActivityNet JSON or CSV, plain or gzipped. Predictions have confidences, intervals to
        ignore have no labels.

    Returns
    -------
    Inspection
        Its content is a `SegmentTable`.

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.io.as_segments`.

    Examples
    --------
    >>> from overlap.io import sample_path
    >>> seen = inspect_segments(Candidate(str(sample_path("temporal_truth"))))
    >>> seen.what
    'annotations of time segments, ActivityNet JSON'
    >>> seen.findings[0]
    '1 segment repeats another of its video and label (first: row 3)'
    """
    table, role = _read(candidate)
    what = f"{_WORDS[role]}, {_form_of(candidate)}"
    return Inspection(what, _facts(table), _findings(table), role, table)


def _read(candidate: Candidate) -> tuple[SegmentTable, Role]:
    """Read an input, and tell its role by what it has."""
    role: Role = "truth"
    whole = candidate.payload if candidate.is_json else None
    if isinstance(whole, dict) and not is_columns(whole):
        role = "found" if results_key(whole) is not None else "truth"
        return as_segments(candidate.path, role=role), role
    if candidate.columns and not has_labels(candidate) and not _is_events(candidate):
        role = "ambiguous"
    table = as_segments(candidate.path, role=role, ranked=False)
    # psds_eval names its files so; predictions of one operating point have no confidences
    found = table.confidence is not None or candidate.suffix == ".det"
    return table, "found" if found else role


def _form_of(candidate: Candidate) -> str:
    """Return the name of the form of an input."""
    if candidate.is_folder:
        return "folder of text files"
    if candidate.suffix in (".npz", ".parquet"):
        return {".npz": "NPZ of columns", ".parquet": "Parquet"}[candidate.suffix]
    if candidate.is_json:
        if isinstance(candidate.payload, list):
            return "JSON lines" if is_json_lines(candidate.source) else "JSON records"
        return "JSON of columns" if is_columns(candidate.payload) else "ActivityNet JSON"
    return "lines of events" if _is_events(candidate) else "CSV"


def _facts(table: SegmentTable) -> list[tuple[str, str]]:
    used = len(np.unique(table.video))
    counts = f"{len(table):,} in {number_of(len(table.videos), 'video')}"
    if used < len(table.videos):
        counts += f" ({len(table.videos) - used:,} without segments)"
    facts = [("segments", f"{counts}, {number_of(len(table.labels), 'label')}")]
    known = _KNOWN.get((len(table.videos), len(table), len(table.labels)))
    known = known or _SEGMENTS.get(len(table.labels), {}).get(len(table))
    if known and table.confidence is None:
        facts.append(("counts of", known))
    subsets = Counter(subset for subset in table.subset if subset is not None)
    for name, videos in sorted(subsets.items()):
        rows = sum(table.subset[video] == name for video in table.video.tolist())
        facts.append(
            (f"subset {name}", f"{number_of(rows, 'segment')} in {number_of(videos, 'video')}")
        )
    if len(table):
        if table.times is None:
            times = f"seconds, from {table.start.min():g} to {table.stop.max():g}"
        else:
            zone = "with a time zone" if table.zoned else "without a time zone"
            ends = (table.times[:, 0].min(), table.times[:, 1].max())
            times = f"datetimes {zone}, {' to '.join(text_of(x, table.zoned) for x in ends)}"
        facts.append(("times", times))
        length = table.stop - table.start
        facts.append(
            ("lengths", f"{length.min():g} to {length.max():g} s, median {np.median(length):g} s")
        )
    if table.confidence is not None and len(table):
        facts.append(("confidences", f"{table.confidence.min():g} to {table.confidence.max():g}"))
    if not np.isnan(table.duration).all():
        missing = int(np.isnan(table.duration).sum())
        facts.append(
            (
                "durations",
                f"{np.nansum(table.duration):,.0f} s in all"
                + (f", {missing:,} videos without" if missing else ""),
            )
        )
    return facts


def _findings(table: SegmentTable) -> list[str]:
    findings = [*table.findings, *_unknown_version(table)]
    order = np.lexsort((table.row, table.stop, table.start, table.label, table.video))
    same = (np.diff(table.video[order]) == 0) & (np.diff(table.label[order]) == 0)
    apart = np.maximum(np.abs(np.diff(table.start[order])), np.abs(np.diff(table.stop[order])))
    equal, close = same & (apart == 0), same & (apart > 0) & (apart <= _CLOSE)
    for mask, verb in ((equal, "repeats"), (close, f"is within {_CLOSE:g} s of")):
        rows = np.sort(order[1:][mask])
        findings += _count(table, rows, f"{verb} another of its video and label", verb.split()[0])
    findings += _count(table, np.flatnonzero(table.stop == table.start), "has zero length", "has")
    findings += _count(table, np.flatnonzero(table.start < 0), "starts before 0", "starts")
    end = table.duration[table.video]
    late = np.flatnonzero(table.stop > end)
    if late.size:
        excess = float((table.stop - end)[late].max())
        findings += _count(
            table, late, f"ends after its video does, by up to {excess:.3g} s", "ends"
        )
    folded: dict[str, list[str]] = {}
    for label in table.labels:
        folded.setdefault("".join(label.split()).casefold(), []).append(label)
    for names in folded.values():
        if len(names) > 1:
            findings.append(f"labels that differ by case or spaces only: {', '.join(names)}")
    if table.confidence is not None:
        pairs = np.stack([table.label.astype(np.float64), table.confidence], axis=1)
        distinct = len(np.unique(pairs, axis=0)) if len(table) else 0
        if distinct < len(table):
            findings.append(
                f"{len(table) - distinct:,} confidences are tied with another of their label: "
                "the order of ties can move the result"
            )
    return findings


def _unknown_version(table: SegmentTable) -> list[str]:
    """Say that a truth looks like a well-known one and has other counts."""
    counts = _SEGMENTS.get(len(table.labels), {})
    thumos = (
        len(table.labels) == 20 and sum(x.startswith("video_test_") for x in table.videos) > 150
    )
    anet = len(table.labels) == 200 and 4000 < len(table.videos) < 5500
    known = (len(table.videos), len(table), len(table.labels)) in _KNOWN or len(table) in counts
    by_subset = Counter(table.subset[video] for video in table.video.tolist())
    known = known or any(count in counts for count in by_subset.values())
    if table.confidence is not None or known or not (thumos or anet):
        return []
    name = "THUMOS14 test" if thumos else "ActivityNet 1.3 validation"
    sizes = ", ".join(f"{count:,}" for count in counts)
    return [
        f"{len(table):,} segments in {len(table.videos):,} videos are no known version of {name} "
        f"(known numbers of segments: {sizes}): numbers are not comparable with those on others"
    ]


def _count(table: SegmentTable, rows: NDArray[np.int64], what: str, verb: str) -> list[str]:
    """Sentence that counts rows, with the first of them; none for no rows."""
    if rows.size == 0:
        return []
    if rows.size == 1:
        subject = "1 segment"
    else:
        subject = f"{rows.size:,} segments"
        what = {"has": "have", "is": "are"}.get(verb, verb[:-1]) + what.removeprefix(verb)
    return [f"{subject} {what} (first: row {table.row[rows[0]]})"]
