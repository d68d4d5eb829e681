"""Looking at files without scoring them: what is in them, and what is odd."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io._json import parse_json
from overlap.io._source import read_source
from overlap.io.boundary import reads_file
from overlap.io.name_match import mismatch
from overlap.io.segments import Role, SegmentTable, as_segments
from overlap.io.tables import has_confidence

__all__ = ["Inspection", "compare", "inspect", "other_unit"]

#: Videos, segments and labels of versions of well-known ground truths.
_KNOWN = {
    (213, 3457, 21): "THUMOS14 test, all 213 videos, Ambiguous rows included",
    (212, 3358, 20): "THUMOS14 test, complete (212 videos with actions, 3,358 segments)",
    (213, 3358, 20): "THUMOS14 test, complete (213 videos, 3,358 segments)",
    (210, 3311, 20): "THUMOS14 test without videos 270, 1292 and 1496 (3,311 segments)",
    (4926, 7654, 200): "ActivityNet 1.3 validation, complete (7,654 segments)",
}
_CLOSE = 1e-3


@dataclass(frozen=True)
class Inspection:
    """What one file holds.

    Attributes
    ----------
    table : SegmentTable
        Its content.
    role : {"truth", "found"}
        What it is, told by its form or by a column of confidences.
    facts : list of str
        Counts.
    findings : list of str
        What is odd, though it can be scored.
    """

    table: SegmentTable
    role: Role
    facts: list[str]
    findings: list[str]


@reads_file
def inspect(path: str | Path) -> Inspection:
    """Look at a file of segments.

    Parameters
    ----------
    path : str or Path
        ActivityNet JSON or CSV, plain or gzipped.

    Returns
    -------
    Inspection

    Raises
    ------
    ValueError
        The file cannot be read; see `overlap.io.as_segments`.
    OSError
        The file is missing or may not be read.

    Examples
    --------
    >>> from overlap.io import sample_path
    >>> inspect(sample_path("temporal_truth")).findings[0]
    '1 segment repeats another of its video and label (first: row 3)'
    """
    content = read_source(path)
    role: Role
    if content.is_json:
        payload = parse_json(content)
        role = "found" if isinstance(payload, dict) and "results" in payload else "truth"
    else:
        role = "found" if has_confidence(content) else "truth"
    table = as_segments(path, role=role)
    return Inspection(table, role, _facts(table), _findings(table))


def _facts(table: SegmentTable) -> list[str]:
    used = len(np.unique(table.video))
    facts = [f"{len(table):,} segments, {len(table.labels)} labels, {len(table.videos):,} videos"]
    if used < len(table.videos):
        facts[0] += f" ({len(table.videos) - used:,} of them without segments)"
    known = _KNOWN.get((len(table.videos), len(table), len(table.labels)))
    if known and table.confidence is None:
        facts.append(f"counts are those of: {known}")
    subsets = Counter(subset for subset in table.subset if subset is not None)
    for name, videos in sorted(subsets.items()):
        rows = sum(table.subset[video] == name for video in table.video.tolist())
        facts.append(f"subset {name!r}: {videos:,} videos, {rows:,} segments")
    if len(table):
        length = table.stop - table.start
        facts.append(
            f"lengths {length.min():g} to {length.max():g} s, median {np.median(length):g} s"
        )
    if table.confidence is not None and len(table):
        facts.append(f"confidences {table.confidence.min():g} to {table.confidence.max():g}")
    if not np.isnan(table.duration).all():
        missing = int(np.isnan(table.duration).sum())
        facts.append(
            f"video durations: {np.nansum(table.duration):,.0f} s in all"
            + (f", {missing:,} videos without" if missing else "")
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


def compare(truth: SegmentTable, found: SegmentTable) -> list[str]:
    """Say how the names of predictions and truth differ.

    Parameters
    ----------
    truth, found : SegmentTable
        Annotations and predictions.

    Returns
    -------
    list of str
        Empty where every prediction is for a video and label of the truth.
    """
    findings = []
    for what, have, wanted in (
        ("videos", found.videos, truth.videos),
        ("labels", found.labels, truth.labels),
    ):
        known, given = set(wanted), set(have)
        extra = [name for name in have if name not in known]
        if extra:
            findings.append(f"{what} that are not in the truth: {_first(extra)}")
        silent = [name for name in wanted if name not in given]
        if silent:
            findings.append(f"{what} of the truth without predictions: {_first(silent)}")
        reason = mismatch(what, wanted, have)
        if reason:
            findings.append(reason)
    times = other_unit(truth, found)
    return [*findings, times] if times else findings


def other_unit(truth: SegmentTable, found: SegmentTable) -> str | None:
    """Say that the times of predictions look as if they had another unit than those of the truth.

    Parameters
    ----------
    truth, found : SegmentTable
        Annotations and predictions.

    Returns
    -------
    str or None
        A sentence where, in half of the videos that both have, the last prediction ends later
        than four times the last annotation, or earlier than a quarter of it. Of datetimes,
        where half of the videos have predictions only before or after all annotations.
    """
    if truth.times is not None or found.times is not None:
        return _other_day(truth, found)
    ends = []
    for table in (truth, found):
        last = np.full(len(table.videos), -np.inf)
        np.maximum.at(last, table.video, table.stop)
        ends.append({name: x for name, x in zip(table.videos, last.tolist(), strict=True) if x > 0})
    shared = [(ends[0][name], ends[1][name]) for name in ends[0] if name in ends[1]]
    if not shared:
        return None
    ratio = float(np.median([b / a for a, b in shared]))
    if 0.25 <= ratio <= 4.0:
        return None
    if ratio > 4.0:
        unit = "milliseconds" if ratio > 500 else "frames"
    else:
        unit = "parts of the video's length" if max(b for _, b in shared) <= 1.0 else "minutes"
    times = f"{ratio:,.{0 if ratio > 100 else 2}f}"
    ends_at = f"the last of a video end at {shared[0][1]:g} and {shared[0][0]:g}"
    return (
        f"times of the predictions are about {times} times those of the truth ({ends_at}): "
        f"are they in {unit}?"
    )


def _other_day(truth: SegmentTable, found: SegmentTable) -> str | None:
    """Say by how much datetimes differ, if they hardly meet."""
    if not (len(truth) and len(found)):
        return None
    from overlap.io.clocks import text_of

    words = {True: "datetimes", False: "plain seconds"}
    kinds = [words[table.times is not None] for table in (truth, found)]
    zones = {True: "with a time zone", False: "without a time zone"}
    if kinds[0] == kinds[1]:
        kinds = [f"times {zones[table.zoned]}" for table in (truth, found)]
    if kinds[0] != kinds[1]:
        return f"the truth has {kinds[0]} and the predictions have {kinds[1]}: give both alike"
    spans = []
    for table in (truth, found):
        assert table.times is not None
        span: dict[str, list[Any]] = {}
        for index, (start, stop) in zip(table.video.tolist(), table.times, strict=True):
            low, high = span.setdefault(table.videos[index], [start, stop])
            span[table.videos[index]] = [min(low, start), max(high, stop)]
        spans.append(span)
    shared = [(spans[0][name], spans[1][name]) for name in spans[0] if name in spans[1]]
    apart = [b[0] > a[1] or b[1] < a[0] for a, b in shared]
    if 2 * sum(apart) <= len(apart):
        return None
    begins = [text_of(span[0], truth.zoned) for span in shared[0]]
    shift = float(np.median([(b[0] - a[0]) / np.timedelta64(1, "h") for a, b in shared]))
    side = "after" if shift > 0 else "before"
    return (
        f"times of the predictions are about {abs(shift):.3g} h {side} those of the truth (the "
        f"first of a video begin at {begins[1]} and {begins[0]}): are they of another time zone "
        "or day?"
    )


def _first(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:3])
    return shown + (f", ... ({len(names):,} in all)" if len(names) > 3 else "")
