"""Path with unknown content, and the few facts that tell its kind: suffix, keys, header."""

from __future__ import annotations

import codecs
import difflib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from overlap._common.files import check_file
from overlap.io._cells import header_of
from overlap.io._columns import plain_name
from overlap.io._json import is_json_lines, parse_json, parse_json_lines
from overlap.io._paths import bare_name, suffix_of
from overlap.io._source import Source, read_source

__all__ = ["Candidate"]

_GLANCE, _FEW = 4096, 20  # bytes of a file, and lines, that tell what a folder holds
_TABLES = (".csv", ".tsv", ".txt", ".ann", ".lab", ".det", ".gt")


@dataclass(frozen=True)
class Candidate:
    """A file or folder that exists.

    Parameters
    ----------
    path : str

    Raises
    ------
    OSError
        It is missing; the message names a file beside it that has a similar name.
    ValueError
        It is a pipe, a device, or an empty file.
    """

    path: str

    def __post_init__(self) -> None:
        if self.is_folder:
            return
        try:
            size = check_file(self.path)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{error}{_similar(self.path)}") from None
        if not size:
            raise ValueError(f"{self.path}: the file is empty")

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return os.path.isdir(self.path)

    @property
    def suffix(self) -> str:
        """Suffix in lower case, without ``.gz``."""
        return suffix_of(self.path)

    @cached_property
    def source(self) -> Source:
        """Content of a file of text."""
        return read_source(self.path)

    @property
    def is_json(self) -> bool:
        """Whether it is a file of JSON."""
        return not self.is_folder and self.suffix != ".parquet" and self.source.is_json

    @cached_property
    def payload(self) -> Any:
        """Content of a file of JSON, of JSON lines a list; None for any other.

        Its reader refuses keys that are there twice.
        """
        if self.is_json and is_json_lines(self.source):
            return parse_json_lines(self.source)[0]
        return parse_json(self.source, checked=False) if self.is_json else None

    @property
    def keys(self) -> frozenset[str]:
        """Keys of the object that a file of JSON holds."""
        return frozenset(self.payload) if isinstance(self.payload, dict) else frozenset()

    @property
    def entry_keys(self) -> frozenset[str]:
        """Keys that all objects have of a list that a file of JSON holds."""
        entries = self.payload if isinstance(self.payload, list) else []
        if not entries or not all(isinstance(entry, dict) for entry in entries):
            return frozenset()
        return frozenset.intersection(*map(frozenset, entries))

    @cached_property
    def header(self) -> tuple[str, ...]:
        """Names of the columns of a table, as they stand; empty for anything else."""
        if self.is_folder or self.is_json:
            return ()
        if self.suffix == ".parquet":
            return _parquet_names(self.path)
        if self.suffix and self.suffix not in _TABLES:
            return ()
        return tuple(header_of(self.source, "a table with a line of names (CSV)"))

    @cached_property
    def columns(self) -> frozenset[str]:
        """Names of the columns in lower case, without punctuation."""
        return frozenset(map(plain_name, self.header))

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Files of a folder that are not hidden, by name."""
        if not self.is_folder:
            return ()
        inside = (path for path in Path(self.path).iterdir() if not path.is_dir())
        return tuple(sorted(path for path in inside if path.name[0] != "."))

    @cached_property
    def first_lines(self) -> tuple[list[str], ...]:
        """Words of the first lines of the first text files of a folder."""
        result = []
        for path in self.files:
            if path.suffix.lower() == ".txt" and path.name != "classes.txt":
                with path.open("rb") as file:
                    start = file.read(_GLANCE)
                lines = start.removeprefix(codecs.BOM_UTF8).split(b"\n")
                lines = lines[: _FEW if len(start) < _GLANCE else -1]
                words = [line.decode("utf-8", "replace").split() for line in lines[:_FEW]]
                result += [some for some in words if some]
            if len(result) >= _FEW:
                break
        return tuple(result)


def _parquet_names(path: str) -> tuple[str, ...]:
    try:
        from pyarrow import parquet  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError(
            f"{path}: Parquet files need pyarrow: pip install 'overlap-metrics[report]'"
        ) from None
    try:
        return tuple(map(str, parquet.read_schema(path).names))
    except Exception as error:  # of any class of the library
        raise ValueError(f"{path}: not a readable Parquet file ({error})") from None


def _similar(path: str) -> str:
    """Suggest a file beside a missing one."""
    folder = Path(path).parent
    try:
        names = {bare_name(entry): entry.name for entry in folder.iterdir()}
    except OSError:
        return ""
    hits = difflib.get_close_matches(bare_name(path), names, n=1)
    return f"; did you mean {names[hits[0]]!r}?" if hits else ""
