"""Checks of windows of queries: counts and findings, without scores."""

from __future__ import annotations

import json

import numpy as np

from overlap.io._json import is_json_lines
from overlap.io.candidate import Candidate
from overlap.io.charades_sta import is_charades_sta
from overlap.io.ego4d_nlq import is_nlq
from overlap.io.inspection import Inspection
from overlap.io.moments import MomentTable, as_moments
from overlap.io.name_match import mismatch
from overlap.io.qvhighlights import is_qvhighlights

__all__ = ["compare_moments", "inspect_moments", "is_moments"]

_TEXT, _LINES = ("", ".txt"), (".jsonl", ".ndjson", ".jsonlines", ".json", "")
_WORDS = {"truth": "annotated windows of queries", "found": "predicted windows of queries"}


def is_moments(candidate: Candidate) -> bool:
    """Whether a file has windows of queries: QVHighlights, Charades-STA or Ego4D NLQ.

    Parameters
    ----------
    candidate : Candidate
    """
    return bool(_form(candidate))


def _form(candidate: Candidate) -> str:
    """Return the name of the form, or nothing."""
    if candidate.is_folder or candidate.suffix not in (*_TEXT, *_LINES):
        return ""
    content = candidate.source
    if candidate.suffix in _TEXT and is_charades_sta(content):
        return "Charades-STA"
    if candidate.suffix not in _LINES:
        return ""
    if is_json_lines(content):
        first = _first(content.data)
        return "QVHighlights" if is_qvhighlights([first]) else ""
    # looked for as bytes: other checks tell what is wrong with JSON that cannot be parsed
    if b'"language_queries"' in content.data or b'"predicted_times"' in content.data:
        return "Ego4D NLQ" if is_nlq(candidate.payload) else ""
    if b'"qid"' in content.data[:10_000] and candidate.is_json:
        whole = candidate.payload
        return (
            "QVHighlights" if is_qvhighlights(whole if isinstance(whole, list) else [whole]) else ""
        )
    return ""


def _first(data: bytes) -> object:
    try:
        return json.loads(data.lstrip().split(b"\n", 1)[0])
    except ValueError:
        return None


def inspect_moments(candidate: Candidate) -> Inspection:
    """Look at windows of queries.

    Parameters
    ----------
    candidate : Candidate

    Returns
    -------
    Inspection
        Its content is a `MomentTable`. Lines of Charades-STA without confidences have no role.

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.io.as_moments`.
    """
    form = _form(candidate)
    role = "truth"
    if form == "Ego4D NLQ":
        role = "found" if "results" in candidate.keys else "truth"
    elif form == "QVHighlights" and b'"pred_' in candidate.source.data.lstrip().split(b"\n", 1)[0]:
        role = "found"
    table = as_moments(candidate.path, role=role)
    if form == "Charades-STA":
        role = "found" if table.confidence is not None else ""
    what = f"{_WORDS.get(role, 'windows of queries')}, {form}"
    return Inspection(what, _facts(table), _findings(table), role, table)


def _facts(table: MomentTable) -> list[tuple[str, str]]:
    used = len(np.unique(table.query))
    counts = f"{len(table.queries):,}"
    if used < len(table.queries):
        counts += f" ({len(table.queries) - used:,} without windows)"
    facts = [("queries", counts), ("windows", f"{len(table):,}")]
    if len(table):
        length = table.stop - table.start
        facts += [
            ("times", f"seconds, from {table.start.min():g} to {table.stop.max():g}"),
            ("lengths", f"{length.min():g} to {length.max():g} s, median {np.median(length):g} s"),
        ]
        if table.confidence is not None:
            ends = table.confidence.min(), table.confidence.max()
            facts.append(("confidences", f"{ends[0]:g} to {ends[1]:g}"))
    if table.clips is not None:
        raters = table.clips.score.shape[1]
        facts.append(("scored clips", f"{len(table.clips.place):,}, {raters} each"))
    return facts


def _findings(table: MomentTable) -> list[str]:
    findings = list(table.findings)
    empty = int((table.stop == table.start).sum())
    if empty:
        findings.append(f"windows of zero length: {empty:,}")
    late = int((table.stop > table.duration[table.query]).sum())
    if late:
        findings.append(f"windows that end after their video does: {late:,}")
    return findings


def compare_moments(truth: MomentTable, found: MomentTable) -> Inspection:
    """Say how predicted windows fit annotated ones.

    Parameters
    ----------
    truth, found : MomentTable
    """
    findings = []
    known, given = set(truth.queries), set(found.queries)
    strange = [name for name in found.queries if name not in known]
    silent = [name for name in truth.queries if name not in given]
    if strange:
        findings.append(f"queries that are not in the truth: {len(strange):,} ({strange[0]!r})")
    if silent:
        findings.append(
            f"queries of the truth without predictions: {len(silent):,} ({silent[0]!r})"
        )
    reason = mismatch("queries", truth.queries, found.queries)
    if reason:
        findings.append(reason)
    return Inspection("predicted windows and annotated ones", [], findings)
