"""Checks of durations of recordings."""

from __future__ import annotations

import codecs
import re

from overlap.io.candidate import Candidate
from overlap.io.durations import as_durations
from overlap.io.inspection import Inspection
from overlap.io.printable import number_of, some

__all__ = ["inspect_durations", "is_durations"]


def is_durations(candidate: Candidate) -> bool:
    """Whether a table has a column of durations, and one of names.

    Parameters
    ----------
    candidate : Candidate
    """
    if candidate.is_folder or candidate.suffix == ".parquet" or candidate.is_json:
        return False
    first = candidate.source.data.removeprefix(codecs.BOM_UTF8).partition(b"\n")[0].lower()
    cells = [cell.strip() for cell in re.split(rb"[\t;,]|\s+", first.strip())]
    return b"duration" in cells and len(cells) == 2


def inspect_durations(candidate: Candidate) -> Inspection:
    """Look at durations of recordings.

    Parameters
    ----------
    candidate : Candidate

    Returns
    -------
    Inspection
        Its content is the mapping from recording to seconds.

    Raises
    ------
    ValueError
        They cannot be read; see `overlap.io.durations.as_durations`.
    """
    seconds = as_durations(candidate.path)
    values = list(seconds.values())
    facts = [
        ("recordings", f"{len(values):,}"),
        ("seconds", f"{min(values):g} to {max(values):g}, {sum(values):,g} in all"),
    ]
    zero = [name for name, value in seconds.items() if value == 0]
    findings = [f"{number_of(len(zero), 'recording')} of length 0 ({some(zero, 2)})"] * bool(zero)
    return Inspection("durations of recordings", facts, findings, content=seconds)
