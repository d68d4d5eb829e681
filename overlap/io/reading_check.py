"""Checks of what options of reading name: lists of videos, and their frame rates."""

from __future__ import annotations

from overlap.io._columns import plain_name
from overlap.io.candidate import Candidate
from overlap.io.frame_rates import HEADS, as_frame_rates
from overlap.io.inspection import Inspection
from overlap.io.name_lists import as_names
from overlap.io.printable import number_of, some

__all__ = ["inspect_frame_rates", "inspect_name_list", "is_frame_rates", "is_name_list"]


def is_name_list(candidate: Candidate) -> bool:
    """Whether a file is a JSON list of texts, or text with one word or name in each line.

    Parameters
    ----------
    candidate : Candidate
    """
    if candidate.is_folder:
        return False
    if candidate.is_json:
        names = candidate.payload
        return isinstance(names, list) and bool(names) and all(isinstance(x, str) for x in names)
    header = candidate.header
    of_names = candidate.suffix in (".txt", ".lst", ".list")
    return of_names and len(header) == 1 and len(header[0].split()) == 1


def inspect_name_list(candidate: Candidate) -> Inspection:
    """Look at a list of names.

    Parameters
    ----------
    candidate : Candidate

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.io.name_lists.as_names`.
    """
    names = as_names(candidate.path, "names").names
    return Inspection("list of names", [("names", f"{len(names):,}: {some(names, 3)}")], [])


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
