"""Paths: the files that an argument names, their suffixes, and their natural order."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["bare_name", "find_files", "natural_key", "suffix_of"]


def suffix_of(path: str | Path) -> str:
    """Return the suffix in lower case, without a trailing ``.gz``."""
    name = Path(path).name.lower()
    return Path(name.removesuffix(".gz")).suffix


def bare_name(path: str | Path) -> str:
    """Return the name of a file without folder and suffixes."""
    name = Path(path).name
    stem = Path(name[:-3]).stem if name.lower().endswith(".gz") else Path(name).stem
    return stem or name


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key by which ``case_2`` comes before ``case_10``.

    Parameters
    ----------
    name : str
        Name of a case.

    Returns
    -------
    list
        Comparable with the key of any other name.

    Examples
    --------
    >>> from overlap.io._paths import natural_key
    >>> sorted(["case_10", "case_2", "Case_1"], key=natural_key)
    ['Case_1', 'case_2', 'case_10']
    """
    parts = re.split(r"([0-9]+)", name)
    key = [(0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts if p]
    return [*key, (-1, 0, name)]


def find_files(
    source: Any, suffixes: Sequence[str], what: str
) -> tuple[list[Path], tuple[Path, ...]]:
    """Find the files that an argument names.

    Parameters
    ----------
    source : path, or sequence of paths
        A file (whatever its suffix), a folder, a pattern with ``*``, ``?`` or ``[``, or a list
        of these.
    suffixes : sequence of str
        Which files of a folder are meant, each also with ``.gz``.
    what : str
        Their content, for messages.

    Returns
    -------
    files : list of Path
        In the order given; those of a folder or pattern in natural order. Each once.
    ignored : tuple of Path
        Files of folders that have another suffix.

    Raises
    ------
    OSError
        A file is missing, or nothing matches a pattern.
    ValueError
        A folder has no such file, or the list is empty.
    TypeError
        `source` is no path and no list of paths.
    """
    if isinstance(source, str | os.PathLike):
        entries: Sequence[Any] = [source]
    elif isinstance(source, Sequence):
        entries = source
    else:
        raise TypeError(f"{what}: got {type(source).__name__}; wanted a path or a list of paths")
    if not entries:
        raise ValueError(f"{what}: the list is empty; name at least one file")
    files: dict[Path, None] = {}
    ignored: list[Path] = []
    for entry in entries:
        if not isinstance(entry, str | os.PathLike):
            raise TypeError(f"{what}: {entry!r} is no path; wanted a path or a list of paths")
        name = os.fspath(entry)
        path = Path(name)
        if path.is_dir():
            # a link to nothing is one that cannot be read, and not none
            inside = sorted((p for p in path.iterdir() if p.is_file() or _is_broken(p)), key=_key)
            meant = [p for p in inside if suffix_of(p) in suffixes and p.name[0] != "."]
            if not meant:
                raise ValueError(f"{name}: the folder has no {what} ({', '.join(suffixes)})")
            files.update(dict.fromkeys(meant))
            ignored += [p for p in inside if p not in files and p.name[0] != "."]
        elif path.exists() or not glob.has_magic(name):
            files[path] = None  # a missing one is named by who opens it
        else:
            found = sorted((Path(p) for p in glob.glob(name, recursive=True)), key=_key)
            found = [p for p in found if p.is_file()]
            if not found:
                raise FileNotFoundError(f"{name}: no file matches")
            files.update(dict.fromkeys(found))
    return list(files), tuple(ignored)


def _is_broken(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def _key(path: Path) -> Any:
    return natural_key(str(path))
