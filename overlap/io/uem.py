"""UEM: the parts of recordings that are evaluated, one in each line.

::

    meeting 1 0.00 600.00

The words are the recording, the channel, the start and the end in seconds. Comments (``;;`` and
``#``) and blank lines are left out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.io._columns import to_float64
from overlap.io._source import Source, read_source
from overlap.io.boundary import reads_file
from overlap.io.printable import brief, number_of
from overlap.io.rttm import lines_of, recording_name

__all__ = ["EvaluationMap", "as_map", "is_uem", "read_uem"]

_FORM = "recording channel start end"
_WORDS = 4


@dataclass(frozen=True, eq=False)
class EvaluationMap(ByValue):
    """Parts of recordings that are evaluated.

    Attributes
    ----------
    spans : mapping from str to ndarray, dtype=float64, shape (n, 2)
        Starts and ends in seconds by recording, sorted, disjoint.
    source : str
        File name, or ``"dict"``.
    sha256 : str or None
        Hexadecimal digest of the file's bytes as stored; None for objects in memory.
    findings : tuple of str
        Observations that must not be missed.
    """

    spans: Mapping[str, NDArray[np.float64]]
    source: str
    sha256: str | None = None
    findings: tuple[str, ...] = ()


def is_uem(content: Source) -> bool:
    """Tell whether a file of text is UEM, by its suffix or by the words of its first line.

    Parameters
    ----------
    content : Source
    """
    if content.suffix == ".uem":
        return True
    if content.suffix not in ("", ".txt"):
        return False
    try:
        _, words = next(lines_of(content, ""))
        return len(words) == _WORDS and all(float(word) >= 0 for word in words[2:])
    except (StopIteration, ValueError):
        return False


@reads_file
def read_uem(path: str | os.PathLike[str], *, channels: bool = False) -> EvaluationMap:
    r"""Read the evaluated parts of recordings from a UEM file.

    Parameters
    ----------
    path : path
        Plain or gzipped.
    channels : bool
        Whether each channel is a recording of its own, named ``recording:channel``. Otherwise the
        parts of all channels of a recording are put together.

    Returns
    -------
    EvaluationMap

    Raises
    ------
    ValueError
        It is not text, a line has another number of words, a time is not a number, or a part ends
        before it starts.
    OSError
        The file is missing or may not be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "all.uem"
    ...     _ = path.write_text("meeting 1 0.0 60.0\nmeeting 1 90.0 120.0\n")
    ...     read_uem(path).spans["meeting"].tolist()
    [[0.0, 60.0], [90.0, 120.0]]
    """
    content = read_source(path)  # type: ignore[arg-type]
    name = content.name
    lines = list(lines_of(content, "UEM"))
    for number, words in lines:
        if len(words) != _WORDS:
            raise ValueError(
                f"{name}, line {number}: has {len(words)} words; wanted {_WORDS}: {_FORM}"
            )

    def where(row: int) -> str:
        return f"{name}, line {lines[row][0]}"

    start = to_float64([words[2] for _, words in lines], "start", where)
    stop = to_float64([words[3] for _, words in lines], "end", where)
    _check(start, stop, where)
    parts: dict[str, list[tuple[float, float]]] = {}
    for (_, words), *ends in zip(lines, start.tolist(), stop.tolist(), strict=True):
        parts.setdefault(recording_name(words[:2], channels), []).append((ends[0], ends[1]))
    empty = int((start == stop).sum())
    findings = (f"{name}: {number_of(empty, 'part')} of zero length",) if empty else ()
    return _map_of(parts, name, content.sha256, findings)


def as_map(source: Any, *, channels: bool = False) -> EvaluationMap:
    """Return the evaluated parts of recordings.

    Parameters
    ----------
    source : path, EvaluationMap or mapping from str to array_like, shape (n, 2)
        A UEM file, or starts and ends in seconds by recording.
    channels : bool
        As for `read_uem`; of a mapping, names are taken as they are.

    Returns
    -------
    EvaluationMap

    Raises
    ------
    ValueError
        See `read_uem`.
    TypeError
        `source` is of none of these types.

    Examples
    --------
    >>> as_map({"meeting": [(0, 60), (50, 70)]}).spans["meeting"].tolist()
    [[0.0, 70.0]]
    """
    if isinstance(source, EvaluationMap):
        return source
    if isinstance(source, str | os.PathLike):
        return read_uem(source, channels=channels)
    if not isinstance(source, Mapping):
        raise TypeError(
            f"uem is a {type(source).__name__}; wanted the path of a UEM file, or starts and ends "
            "by recording"
        )
    parts = {}
    for name, given in source.items():
        spans = np.asarray(given, dtype=np.float64)
        if spans.size == 0:
            spans = spans.reshape(0, 2)
        if spans.ndim != 2 or spans.shape[1] != 2 or not np.isfinite(spans).all():
            raise ValueError(
                f"uem: {name!r} has {brief(given)}; wanted finite (start, end) pairs in seconds"
            )
        _check(spans[:, 0], spans[:, 1], lambda row, name=name: f"uem: {name!r}, part {row}")
        parts[str(name)] = list(map(tuple, spans.tolist()))
    return _map_of(parts, "dict", None, ())


def _check(start: NDArray[np.float64], stop: NDArray[np.float64], where: Any) -> None:
    wrong = np.flatnonzero(stop < start)
    if wrong.size:
        row = int(wrong[0])
        raise ValueError(
            f"{where(row)}: the end {float(stop[row])!r} is before the start "
            f"{float(start[row])!r}; UEM has start and end, not start and duration"
        )


def _map_of(
    parts: Mapping[str, list[Any]], source: str, sha256: str | None, findings: tuple[str, ...]
) -> EvaluationMap:
    spans = {}
    for name, given in parts.items():
        joined: list[list[float]] = []
        for start, stop in sorted(given):
            if joined and start <= joined[-1][1]:
                joined[-1][1] = max(joined[-1][1], stop)
            elif stop > start:
                joined.append([start, stop])
        spans[name] = np.array(joined, dtype=np.float64).reshape(-1, 2)
        spans[name].setflags(write=False)
    return EvaluationMap(spans, source, sha256, findings)
