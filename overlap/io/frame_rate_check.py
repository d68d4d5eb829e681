"""Checks of frame rates of videos."""

from __future__ import annotations

from overlap.io._columns import plain_name
from overlap.io.candidate import Candidate
from overlap.io.frame_rates import HEADS, as_frame_rates
from overlap.io.inspection import Inspection
from overlap.io.printable import number_of

__all__ = ["inspect_frame_rates", "is_frame_rates"]


def is_frame_rates(candidate: Candidate) -> bool:
    """Whether a file is a table of two columns, the second of which is called a frame rate.

    Parameters
    ----------
    candidate : Candidate
    """
    header = candidate.header
    return len(header) == 2 and plain_name(header[1]) in map(plain_name, HEADS)


def inspect_frame_rates(candidate: Candidate) -> Inspection:
    """Look at frame rates of videos.

    Parameters
    ----------
    candidate : Candidate

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.io.frame_rates.as_frame_rates`.
    """
    each = as_frame_rates(candidate.path).each
    low, high = min(each.values()), max(each.values())
    rates = f"{low:g}" + (f" to {high:g}" if high > low else "")
    facts = [("videos", number_of(len(each), "video")), ("frames a second", rates)]
    return Inspection("frame rates of videos", facts, [])
