"""Checks of files of tubes: counts and findings, without scores."""

from __future__ import annotations

from collections import Counter

import numpy as np

from overlap.io.candidate import Candidate
from overlap.io.inspection import Inspection
from overlap.io.name_match import mismatch
from overlap.io.printable import counted, number_of
from overlap.io.tube_files import as_tubes
from overlap.io.tubes import TubeTable

__all__ = ["compare_tubes", "inspect_tubes", "is_tubes"]

_CORNERS = frozenset({"x1", "y1", "x2", "y2"})
_FRAMES = frozenset({"frame", "frameid", "frameindex"})
_VIDEOS = frozenset({"video", "videoid", "videoname", "vid", "query", "queryid"})


def is_tubes(candidate: Candidate) -> bool:
    """Whether a file is MultiSports' or HC-STVG's JSON, or a table of boxes of frames of videos.

    Parameters
    ----------
    candidate : Candidate
    """
    if candidate.is_json:
        if candidate.keys >= {"gttubes", "labels"} or candidate.keys == {"tubes"}:
            return True
        whole = candidate.payload
        return isinstance(whole, dict) and any(
            isinstance(entry, dict) and entry.keys() >= {"bbox", "st_frame"}
            for entry in list(whole.values())[:1]
        )
    corners = {name.removesuffix("norm") for name in candidate.columns}
    return corners >= _CORNERS and all(candidate.columns & names for names in (_FRAMES, _VIDEOS))


def inspect_tubes(candidate: Candidate) -> Inspection:
    """Look at annotated or found tubes.

    Parameters
    ----------
    candidate : Candidate

    Returns
    -------
    Inspection
        Its content is the `TubeTable`.

    Raises
    ------
    ValueError
        It cannot be read.
    """
    table = as_tubes(candidate.path, role="truth")
    role = "truth" if table.confidence is None else "found"
    what = "tubes" if table.linked else "boxes of frames, not linked to tubes"
    facts = [
        (what, f"{len(table):,} in {number_of(len(table.videos), 'video')}"),
        ("boxes", f"{len(table.frame):,}" + (", in shares of the frame" * table.normalised)),
    ]
    if len(table):
        facts.append(("frames", f"{table.frame.min():g} to {table.frame.max():g}"))
        facts.append(("classes", counted(Counter(table.labels[k] for k in table.label.tolist()))))
    if table.confidence is not None and len(table):
        facts.append(("confidences", f"{table.confidence.min():g} to {table.confidence.max():g}"))
    findings = list(table.findings)
    holes = (table.last - table.first + 1) != np.diff(table.pointer)
    if table.linked and holes.any():
        findings.append(
            f"{number_of(int(holes.sum()), 'tube')} without a box in some frame between the first "
            "and the last; MultiSports' and ACT's programs refuse them"
        )
    word = "annotated tubes" if role == "truth" else "found tubes"
    return Inspection(word, facts, findings, role, table)


def compare_tubes(truth: TubeTable, found: TubeTable) -> Inspection:
    """Say whether found tubes belong to annotated ones.

    Parameters
    ----------
    truth, found : TubeTable
        Contents of both inspections.
    """
    findings = []
    try:
        found = found.beside(truth)
    except ValueError as error:
        findings.append(str(error))
    for what in ("videos", "labels"):
        said = mismatch(what, getattr(truth, what), getattr(found, what))
        if said:
            findings.append(said)
    known = set(truth.videos) & set(found.videos)
    facts = [("videos", f"{len(known):,} of {len(truth.videos):,} have something found")]
    return Inspection("found and annotated tubes", facts, findings)
