"""Names of inputs for readers: short ones, and A and B where neither side is the truth."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from overlap.io.conformations import Conformations
from overlap.io.printable import number_of
from overlap.io.rama_grids import RamaGrids
from overlap.io.residues import ResidueTable

__all__ = ["LETTERS", "in_words_of", "library_name", "names_of", "sides_of", "titled"]

#: Names of the sides of a comparison.
LETTERS = {"found": "A", "truth": "B"}

_ROLE = re.compile(r"(?:^|(?<=^only )|(?<=; )|(?<=density of ))(found|truth)(?=$|;| has |: )")


def in_words_of(names: Mapping[str, str], text: str) -> str:
    """Return a message on a side with another name of the side.

    Parameters
    ----------
    names : mapping from str to str
        By role.
    text : str
        Note, finding or reason of a report, which names sides by their roles.

    Examples
    --------
    >>> in_words_of(LETTERS, "found has 24 residues, fewer than 200; truth has no region")
    'A has 24 residues, fewer than 200; B has no region'
    >>> in_words_of({"found": "model"}, "found: 2 further models not read (found: x)")
    'model: 2 further models not read (found: x)'
    """
    return _ROLE.sub(lambda match: names.get(match[1], match[1]), text)


def names_of(found: Conformations, truth: Conformations) -> tuple[str, str]:
    """Return short names, which differ, of two inputs; empty for one that is no file.

    Parameters
    ----------
    found, truth : ResidueTable, RamaGrids or RegionSet
    """
    (first, count), (second, other) = map(_place, (found, truth))
    parts = [PurePath(place.replace("\\", "/")).parts for place in (first, second)]
    depth = 1
    if first != second:
        longest = max(map(len, parts))
        while depth < longest and parts[0][-depth:] == parts[1][-depth:]:
            depth += 1
    a, b = ("/".join(names[-depth:]).replace("//", "/") for names in parts)
    return _counted(a, count), _counted(b, other)


def _counted(name: str, count: int) -> str:
    if count <= 1:
        return name
    return f"{name} ({number_of(count, 'file')})" if name else number_of(count, "file")


def _place(source: Conformations) -> tuple[str, int]:
    """Return the path of an input, and the number of files of several that are scored."""
    if isinstance(source, RamaGrids):
        names = [os.fspath(name) for name in source.files.values()]
        return names[0] if len(names) == 1 else _folder(names), 1
    if not isinstance(source, ResidueTable):
        return source.source if source.sha256 else "", 1
    names = [name for name, digest in source.sources if digest]
    return names[0] if len(names) == 1 else _folder(names), len(names)


def _folder(names: list[str]) -> str:
    try:
        return os.path.commonpath([os.path.dirname(name) for name in names]) if names else ""
    except ValueError:  # on two drives, or some absolute and some not
        return ""


def library_name(library: RamaGrids, known: bool) -> str:
    """Return the name of a library, with that by which its readers know it.

    Parameters
    ----------
    library : RamaGrids
    known : bool
        Whether it is the Top8000 library.
    """
    _, name = names_of(library, library)
    if not known or "top8000" in name.lower():
        return name or "library"
    return f"Top8000 ({name})" if name else "Top8000"


def sides_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of the sides of a report on residues, by role.

    Parameters
    ----------
    settings : mapping
        Of the report.
    """
    structures = settings["found"].get("kind") == "structures"
    return {"found": "structures" if structures else "angles", "truth": "library"}


def titled(letter: str, name: str) -> str:
    """Return the letter of a side, and the name of its input if there is one.

    Parameters
    ----------
    letter, name : str
    """
    return f"{letter}: {name}" if name else letter
