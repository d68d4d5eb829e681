"""Checks of RTTM: counts and findings, without scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from overlap.io.candidate import Candidate
from overlap.io.inspection import Inspection
from overlap.io.name_match import mismatch
from overlap.io.printable import number_of, some
from overlap.io.rttm import is_rttm
from overlap.io.segments import SegmentTable, as_segments
from overlap.io.uem import EvaluationMap
from overlap.io.uem_check import speech_text

__all__ = ["compare_turns", "inspect_turns", "is_turns"]


def is_turns(candidate: Candidate) -> bool:
    """Whether a file is RTTM.

    Parameters
    ----------
    candidate : Candidate
    """
    content = speech_text(candidate)
    return content is not None and is_rttm(content)


def inspect_turns(candidate: Candidate) -> Inspection:
    """Look at turns of speakers.

    Parameters
    ----------
    candidate : Candidate
        RTTM, plain or gzipped.

    Returns
    -------
    Inspection
        Its content is a `SegmentTable`.

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.io.rttm`.
    """
    table = as_segments(candidate.path, role="truth")
    length = table.stop - table.start
    speakers = {*zip(table.video.tolist(), table.label.tolist(), strict=True)}
    facts = [
        ("turns", f"{len(table):,} in {number_of(len(table.videos), 'recording')}"),
        ("speakers", f"{len(speakers):,} in all recordings, {len(table.labels):,} names"),
    ]
    findings = list(table.findings)
    if len(table):
        facts.append(("times", f"seconds, from {table.start.min():g} to {table.stop.max():g}"))
        facts.append(
            ("lengths", f"{length.min():g} to {length.max():g} s, median {np.median(length):g} s")
        )
    for rows, what in (
        (np.flatnonzero(length == 0), "of zero length, which no protocol counts"),
        (np.flatnonzero(table.start < 0), "before 0"),
        (_own_overlaps(table), "that overlap another of their speaker: protocols differ in what "
                               "that means"),
    ):  # fmt: skip
        if rows.size:
            first = f"(first: line {table.row[rows].min()})"
            findings.append(f"{number_of(rows.size, 'turn')} {what} {first}")
    return Inspection("turns of speakers, RTTM", facts, findings, "", table)


def _own_overlaps(table: SegmentTable) -> Any:
    """Return the turns that begin before an earlier one of their speaker has ended."""
    order = np.lexsort((table.stop, table.start, table.label, table.video))
    found, last, end = [], None, -np.inf
    for row in order.tolist():
        who = int(table.video[row]), int(table.label[row])
        if who != last:
            last, end = who, -np.inf
        if table.start[row] < end:
            found.append(row)
        end = max(end, float(table.stop[row]))
    return np.array(found, dtype=np.int64)


def compare_turns(turns: SegmentTable, other: SegmentTable | EvaluationMap) -> list[str]:
    """Say which recordings two inputs do not have in common.

    Parameters
    ----------
    turns : SegmentTable
    other : SegmentTable or EvaluationMap
    """
    ours = turns.videos
    theirs = tuple(other.spans) if isinstance(other, EvaluationMap) else other.videos
    findings = []
    for owner, names, known in (
        (other.source, ours, set(theirs)),
        (turns.source, theirs, set(ours)),
    ):
        lacking = [name for name in names if name not in known]
        if lacking:
            findings.append(f"recordings that {owner} lacks: {some(lacking, 3)}")
    reason = mismatch("recordings", ours, theirs, str(other.source), str(turns.source))
    return [*findings, *([reason] if reason else [])]
