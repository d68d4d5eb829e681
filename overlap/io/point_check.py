"""Checks of labelled points in time: counts and findings, without scores."""

from __future__ import annotations

from collections import Counter

from overlap.io.candidate import Candidate
from overlap.io.inspection import Inspection
from overlap.io.name_match import mismatch
from overlap.io.point_table import PointTable
from overlap.io.points import COLUMN_NAMES, as_points
from overlap.io.printable import counted, number_of
from overlap.io.soccernet import game_files, role_of
from overlap.io.tables import COLUMN_NAMES as SEGMENTS

__all__ = ["compare_points", "inspect_points", "is_points"]

_ENDS = {name for field in ("start", "stop") for names in SEGMENTS[field] for name in names}
#: Columns of boxes, and of tracks.
_REGIONS = {"x", "x1", "x1norm", "xmin", "xtl", "cx", "bbox", "box", "track", "trackid"}


def is_points(candidate: Candidate) -> bool:
    """Whether an input is of SoccerNet or E2E-Spot, or a table of single times.

    Parameters
    ----------
    candidate : Candidate
    """
    if candidate.is_folder:
        return bool(_folder_role(candidate.path))
    if not candidate.is_json:
        return _is_table(candidate)
    return bool(role_of(candidate.payload)) or {"video", "events"} <= candidate.entry_keys


def _is_table(candidate: Candidate) -> bool:
    """Whether a table has videos, labels and times, and neither ends of segments nor boxes."""
    columns = candidate.columns
    if candidate.suffix == ".parquet" or columns & _REGIONS or columns & _ENDS:
        return False
    there = {field for field, names in COLUMN_NAMES.items() if columns & {*names[0]}}
    return {"video", "label"} <= there and bool({"time", "frame"} & there)


def _folder_role(path: str) -> str:
    for role in ("truth", "found"):
        try:
            if game_files(path, role):
                return role
        except ValueError:
            continue
    return ""


def inspect_points(candidate: Candidate) -> Inspection:
    """Look at labelled points.

    Parameters
    ----------
    candidate : Candidate

    Returns
    -------
    Inspection
        Its content is a `PointTable`.

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.io.points`.
    """
    if candidate.is_folder:
        role = _folder_role(candidate.path)
    elif candidate.is_json:
        role = role_of(candidate.payload)
    else:
        scored = bool(candidate.columns & {*COLUMN_NAMES["confidence"][0]})
        role = "found" if scored else "truth"
    if not role:
        events = [event for entry in candidate.payload for event in entry["events"] or ()]
        scored = any(isinstance(event, dict) and "score" in event for event in events)
        role = "found" if scored else "truth"
    table = as_points(candidate.path, role=role)
    word = "annotated points" if role == "truth" else "predicted points"
    return Inspection(f"{word} in time", _facts(table), list(table.findings), role, table)


def _facts(table: PointTable) -> list[tuple[str, str]]:
    facts = [("points", f"{len(table):,} in {number_of(len(table.videos), 'video')}")]
    if len(table):
        facts.append(("times", f"{table.unit}, from {table.time.min():g} to {table.time.max():g}"))
        counts = Counter(table.labels[k] for k in table.label.tolist())
        facts.append(("classes", counted(counts)))
    if table.shown is not None:
        facts.append(("not shown", f"{int((~table.shown).sum()):,}"))
    if table.confidence is not None and len(table):
        ends = f"{table.confidence.min():g} to {table.confidence.max():g}"
        facts.append(("confidences", ends))
    return facts


def compare_points(truth: PointTable, found: PointTable) -> Inspection:
    """Say how the names of predictions and truth differ.

    Parameters
    ----------
    truth, found : PointTable
    """
    reasons = (
        mismatch("videos", truth.videos, found.videos),
        mismatch("labels", truth.labels, found.labels),
    )
    findings = [reason for reason in reasons if reason]
    return Inspection("predictions and annotations", [], findings)
