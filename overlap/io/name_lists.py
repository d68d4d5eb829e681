"""Lists of names, such as the videos of a subset or those that a benchmark leaves out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overlap.io._json import parse_json
from overlap.io._source import Source, read_source
from overlap.io.printable import brief, some

__all__ = ["NameList", "as_names"]

#: Keys of JSON under which the videos of truths and of results stand.
_INSIDE = ("database", "results")


@dataclass(frozen=True)
class NameList:
    """Distinct names in the order given.

    Attributes
    ----------
    names : tuple of str
    source : str
        File; empty for names in memory.
    sha256 : str or None
        Digest of the file.
    """

    names: tuple[str, ...]
    source: str = ""
    sha256: str | None = None

    def settings(self) -> dict[str, Any]:
        """Return what a report says of the list: the file with its digest, or the names."""
        if not self.source:
            return {"names": list(self.names)}
        return {"source": self.source, "sha256": self.sha256, "names": len(self.names)}


def as_names(given: Any, what: str) -> NameList:
    """Read a list of names.

    Parameters
    ----------
    given : path, str, iterable of str or NameList
        A file: a JSON list, a JSON object whose keys are the names (those under ``"database"`` or
        ``"results"``, where it has such a key), or text with one name in each line. A text that
        is the name of no file is names with commas between them.
    what : str
        Word for the list, for messages.

    Returns
    -------
    NameList

    Raises
    ------
    ValueError
        The list is empty or is none.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> as_names("v1, v2", "videos").names
    ('v1', 'v2')
    """
    if isinstance(given, NameList):
        return given
    source, digest = "", None
    if isinstance(given, os.PathLike) or (isinstance(given, str) and os.path.exists(given)):
        content = read_source(Path(given))
        names = _names(content)
        source, digest = str(given), content.sha256
    elif isinstance(given, str):
        names = [name for name in map(str.strip, given.split(",")) if name]
        if len(names) == 1 and Path(given).suffix in (".json", ".txt", ".csv", ".lst", ".list"):
            raise FileNotFoundError(f"{what}: {given}: no such file")
    elif isinstance(given, Iterable):
        names = list(given)
    else:
        raise TypeError(f"{what} is a {type(given).__name__}; wanted a file, or a list of names")
    for name in names:
        if not isinstance(name, str | int) or isinstance(name, bool) or name == "":
            raise ValueError(
                f"{what}{': ' + source if source else ''}: {brief(name)} is no name; wanted a list "
                "of names"
            )
    if not names:
        raise ValueError(f"{what}{': ' + source if source else ''}: the list is empty")
    return NameList(tuple(dict.fromkeys(map(str, names))), source, digest)


def _names(content: Source) -> list[Any]:
    if content.is_json:
        payload = parse_json(content)
        if isinstance(payload, Mapping):
            inside = next((payload[key] for key in _INSIDE if key in payload), payload)
            if isinstance(inside, Mapping):
                return list(inside)
        if isinstance(payload, list):
            return payload
        raise ValueError(
            f"{content.name}: wanted a JSON list of names, or an object whose keys are the names"
        )
    try:
        text = content.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{content.name}: is not text in UTF-8 (byte {error.start}): save it in UTF-8; "
            "wanted one name a line"
        ) from None
    names = [line.strip() for line in text.splitlines() if line.strip()]
    wide = [name for name in names if "\t" in name or "," in name]
    if wide:
        raise ValueError(
            f"{content.name}: wanted one name in each line; {some(wide, 2)} has several cells"
        )
    return names
