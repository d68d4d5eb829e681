"""Paths with stars, which name the file of each case in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from overlap.io.volumes import SUFFIXES, split_suffix

__all__ = ["PathPattern", "kept_stars", "star_name", "star_text"]


@dataclass(frozen=True)
class PathPattern:
    """A path in which ``*`` stands for a part of a name, and ``**`` for folders.

    Attributes
    ----------
    text : str
    regex : re.Pattern
        With one group for each ``*``; if there is none, for ``**``.
    """

    text: str
    regex: re.Pattern[str]

    @classmethod
    def of(cls, text: str) -> PathPattern:
        """Read a pattern.

        Parameters
        ----------
        text : str

        Raises
        ------
        ValueError
            It has no ``*``, or no suffix of a volume.
        """
        if "*" not in text or not split_suffix(text)[1]:
            raise ValueError(
                f"pattern is {text!r}; wanted a '*' for the case, and a suffix such as "
                f"{SUFFIXES[0]}"
            )
        parts = text.split("/")
        some = any("*" in part and part != "**" for part in parts)
        folders = "(?:[^/]+/)*" if some else "((?:[^/]+/)*)"
        regex = ""
        for place, part in enumerate(parts):
            if part == "**":
                regex += folders
                continue
            for token in re.split(r"(\*+|\?|\[[^]]+\])", part):
                if token.startswith("*"):
                    regex += "([^/]+?)"
                elif token.startswith("["):
                    regex += token.replace("[!", "[^")
                else:
                    regex += "[^/]" if token == "?" else re.escape(token)
            regex += "/" if place < len(parts) - 1 else ""
        return cls(text, re.compile(regex))

    @property
    def stars(self) -> int:
        """Number of ``*``."""
        return self.regex.groups

    def files(self, folder: Path) -> dict[Path, re.Match[str] | None]:
        """Return the files of a folder that the pattern names, and how they fit it.

        Parameters
        ----------
        folder : Path
        """
        return {
            path: self.regex.fullmatch(path.relative_to(folder).as_posix())
            for path in folder.glob(self.text)
            if not path.is_dir()
        }


def kept_stars(fits: Iterable[re.Match[str]]) -> tuple[int, ...]:
    """Return the stars that tell files apart: of stars that always stand for the same, the last.

    Parameters
    ----------
    fits : iterable of re.Match
        Of paths with a `PathPattern`.
    """
    columns = list(zip(*(fit.groups() for fit in fits), strict=True))
    return tuple(k for k, column in enumerate(columns) if column not in columns[k + 1 :])


def star_text(fit: re.Match[str], kept: Sequence[int]) -> str:
    """Return the text that the stars of a path stand for.

    Parameters
    ----------
    fit : re.Match
    kept : sequence of int
        Which stars.
    """
    return "/".join(fit.group(k + 1).strip("/") for k in kept)


def star_name(fit: re.Match[str], kept: Sequence[int]) -> str:
    """Return the name of a case: each name in its path with a star, to the end of its last one.

    Parameters
    ----------
    fit : re.Match
    kept : sequence of int
        Which stars count.
    """
    ends: dict[int, int] = {}
    for k in kept:
        begin = fit.string.rfind("/", 0, fit.start(k + 1)) + 1
        ends[begin] = fit.end(k + 1)
    parts = (fit.string[begin:end].strip("/") for begin, end in ends.items())
    return "/".join(dict.fromkeys(parts))
