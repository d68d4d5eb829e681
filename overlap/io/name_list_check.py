"""Checks of lists of names, such as those of videos to use."""

from __future__ import annotations

from overlap.io.candidate import Candidate
from overlap.io.inspection import Inspection
from overlap.io.name_lists import as_names
from overlap.io.printable import some

__all__ = ["inspect_name_list", "is_name_list"]


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
