"""Folders of text files with one region in each line."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overlap._common.files import read_file
from overlap.io._columns import alphabetical
from overlap.io.printable import brief

#: Characters of finite numbers.
_PLAIN = frozenset("0123456789+-.eE")

__all__ = ["LineFolder", "is_number", "read_lines", "text_files"]


@dataclass(frozen=True, eq=False)
class LineFolder:
    """Words of all lines of the files of a folder, blank lines left out.

    Attributes
    ----------
    name : str
        The folder.
    files : tuple of str
        Names of the files, sorted; those without lines too.
    words : list of list of str
        Of each line.
    file : ndarray, dtype=int64, shape (N,)
        Index into `files` of each line.
    row : ndarray, dtype=int64, shape (N,)
        Number of the line in its file, from 1.
    sha256 : str
        Digest of the names and the content of the files.
    """

    name: str
    files: tuple[str, ...]
    words: list[list[str]]
    file: NDArray[np.int64]
    row: NDArray[np.int64]
    sha256: str

    def __len__(self) -> int:
        return len(self.words)

    @property
    def stems(self) -> tuple[str, ...]:
        """Names of the files without their suffix."""
        return tuple(Path(name).stem for name in self.files)

    def where(self, line: int) -> str:
        """Name a line for a message.

        Parameters
        ----------
        line : int
        """
        return f"{os.path.join(self.name, self.files[self.file[line]])}, line {self.row[line]}"

    def among(self, lines: Sequence[int]) -> LineFolder:
        """Return some of the lines; files stay.

        Parameters
        ----------
        lines : sequence of int
        """
        return LineFolder(
            self.name, self.files, [self.words[k] for k in lines], self.file[lines],
            self.row[lines], self.sha256,
        )  # fmt: skip

    def widths(self) -> set[int]:
        """Return the numbers of words that lines have."""
        return set(map(len, self.words))

    def check_widths(self, allowed: Sequence[int], wanted: str) -> None:
        """Raise an error for the first line with another number of words.

        Parameters
        ----------
        allowed : sequence of int
        wanted : str
            The words of a line, for the message.
        """
        if self.widths() <= set(allowed):
            return
        line = next(k for k, words in enumerate(self.words) if len(words) not in allowed)
        raise ValueError(
            f"{self.where(line)}: {len(self.words[line])} words: "
            f"{brief(' '.join(self.words[line]))}; wanted {wanted}"
        )

    def column(self, place: int) -> list[str]:
        """Return one word of each line.

        Parameters
        ----------
        place : int
        """
        return [words[place] for words in self.words]

    def numbers(self, first: int, last: int, what: str) -> NDArray[np.float64]:
        """Return some words of each line as finite numbers, shape (N, last - first).

        Parameters
        ----------
        first, last : int
            Places of the words.
        what : str
            What they are, for the message.
        """
        flat = [word for words in self.words for word in words[first:last]]
        if _PLAIN.issuperset("".join(flat)):
            try:
                result = np.fromiter(map(float, flat), np.float64, len(flat))
                if np.isfinite(result).all():
                    return result.reshape(-1, last - first)
            except ValueError:
                pass
        for line, words in enumerate(self.words):
            for word in words[first:last]:
                if not (is_number(word) and math.isfinite(float(word))):
                    raise ValueError(
                        f"{self.where(line)}: {what}: {brief(word)} is not a finite number"
                    )
        raise ValueError(f"{self.name}: the numbers could not be read")

    def numbered(self, place: int) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Return the different words at a place, sorted, and the number of that of each line.

        Parameters
        ----------
        place : int
        """
        return alphabetical(self.column(place))


def is_number(word: str) -> bool:
    """Whether a word is a number, in ASCII and without ``_``, which Python would take.

    Parameters
    ----------
    word : str
    """
    try:
        float(word)
    except ValueError:
        return False
    return word.isascii() and "_" not in word


def text_files(folder: str | os.PathLike[str], suffix: str = ".txt") -> list[Path]:
    """Return the files of a folder with a suffix, in upper or lower case, by name.

    Parameters
    ----------
    folder : str or path-like
    suffix : str
    """
    return sorted(path for path in Path(folder).iterdir() if path.suffix.lower() == suffix)


def read_lines(folder: str | os.PathLike[str], files: Iterable[Path]) -> LineFolder:
    """Read the lines of some files of a folder.

    Parameters
    ----------
    folder : str or path-like
    files : iterable of Path
        Files of text in UTF-8; a file without lines has no regions.

    Raises
    ------
    OSError, ValueError
        A file cannot be read, or is not text.
    """
    state = hashlib.sha256()
    names: list[str] = []
    words: list[list[str]] = []
    file: list[int] = []
    row: list[int] = []
    for k, path in enumerate(files):
        data = read_file(path)
        state.update(path.name.encode("utf-8", "surrogateescape") + b"\0" + data + b"\0")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}: is not text in UTF-8 (byte {error.start}): save it in UTF-8"
            ) from None
        names.append(path.name)
        for number, line in enumerate(text.split("\n"), start=1):
            some = line.split()
            if some:
                words.append(some)
                file.append(k)
                row.append(number)
    return LineFolder(
        os.fspath(folder), tuple(names), words, np.array(file, dtype=np.int64),
        np.array(row, dtype=np.int64), state.hexdigest(),
    )  # fmt: skip
