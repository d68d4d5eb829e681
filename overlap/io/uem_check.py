"""Checks of UEM: the parts of recordings to evaluate."""

from __future__ import annotations

from collections import Counter

from overlap.io._source import Source
from overlap.io.candidate import Candidate
from overlap.io.inspection import Inspection
from overlap.io.printable import counted, number_of
from overlap.io.uem import is_uem, read_uem

__all__ = ["inspect_map", "is_map", "speech_text"]

_SUFFIXES = ("", ".txt", ".rttm", ".uem")


def speech_text(candidate: Candidate) -> Source | None:
    """Return the content of a file that may be RTTM or UEM.

    Parameters
    ----------
    candidate : Candidate
    """
    usual = not candidate.is_folder and candidate.suffix in _SUFFIXES
    return candidate.source if usual and not candidate.is_json else None


def is_map(candidate: Candidate) -> bool:
    """Whether a file is UEM.

    Parameters
    ----------
    candidate : Candidate
    """
    content = speech_text(candidate)
    return content is not None and is_uem(content)


def inspect_map(candidate: Candidate) -> Inspection:
    """Look at parts of recordings to evaluate.

    Parameters
    ----------
    candidate : Candidate
        UEM, plain or gzipped.

    Returns
    -------
    Inspection
        Its content is an `EvaluationMap`.

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.io.uem`.
    """
    given = read_uem(candidate.path)
    parts = Counter({name: len(spans) for name, spans in given.spans.items()})
    seconds = sum(float((spans[:, 1] - spans[:, 0]).sum()) for spans in given.spans.values())
    facts = [
        ("parts", f"{parts.total():,} in {number_of(len(parts), 'recording')}: {counted(parts)}"),
        ("evaluated", f"{seconds:,.2f} s"),
    ]
    return Inspection("evaluated parts of recordings, UEM", facts, given.findings, "uem", given)
