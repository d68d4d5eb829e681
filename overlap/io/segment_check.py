"""Checks of time segments: counts and findings, without scores."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from overlap.io.candidate import Candidate
from overlap.io.clocks import text_of
from overlap.io.inspection import Inspection
from overlap.io.printable import number_of
from overlap.io.segments import Role, SegmentTable, as_segments
from overlap.io.tables import COLUMN_NAMES, has_confidence

__all__ = ["has_labels", "inspect_segments", "is_segments"]

#: Videos, segments and labels of versions of well-known ground truths.
_KNOWN = {
    (213, 3457, 21): "THUMOS14 test, all 213 videos, Ambiguous rows included",
    (212, 3358, 20): "THUMOS14 test, complete (212 videos with actions, 3,358 segments)",
    (213, 3358, 20): "THUMOS14 test, complete (213 videos, 3,358 segments)",
    (210, 3311, 20): "THUMOS14 test without videos 270, 1292 and 1496 (3,311 segments)",
    (4926, 7654, 200): "ActivityNet 1.3 validation, complete (7,654 segments)",
}
_CLOSE = 1e-3
_WORDS = {
    "truth": "annotations of time segments",
    "found": "predictions of time segments",
    "ambiguous": "time segments to ignore",
}


def is_segments(candidate: Candidate) -> bool:
    """Whether a file is ActivityNet JSON, or a table with columns of segments.

    Parameters
    ----------
    candidate : Candidate
    """
    if candidate.is_json:
        if candidate.keys & {"database", "results"}:
            return True
        whole = candidate.payload
        return isinstance(whole, dict) and any(
            isinstance(video, dict) and "annotations" in video for video in whole.values()
        )
    # two of the three, so that the reader says which one is missing
    there = [_names(field) & candidate.columns for field in ("video", "start", "stop")]
    return sum(map(bool, there)) >= 2


def has_labels(candidate: Candidate) -> bool:
    """Whether a table has a column of labels.

    Parameters
    ----------
    candidate : Candidate
    """
    return bool(_names("label") & candidate.columns)


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
    content = candidate.source
    role = _role_of(candidate)
    table = as_segments(candidate.path, role=role)
    form = "ActivityNet JSON" if content.is_json else "CSV"
    return Inspection(f"{_WORDS[role]}, {form}", _facts(table), _findings(table), role, table)


def _role_of(candidate: Candidate) -> Role:
    if candidate.is_json:
        return "found" if "results" in candidate.keys else "truth"
    if has_confidence(candidate.source):
        return "found"
    return "truth" if has_labels(candidate) else "ambiguous"


def _facts(table: SegmentTable) -> list[tuple[str, str]]:
    used = len(np.unique(table.video))
    counts = f"{len(table):,} in {number_of(len(table.videos), 'video')}"
    if used < len(table.videos):
        counts += f" ({len(table.videos) - used:,} without segments)"
    facts = [("segments", f"{counts}, {number_of(len(table.labels), 'label')}")]
    known = _KNOWN.get((len(table.videos), len(table), len(table.labels)))
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
    findings = list(table.findings)
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
