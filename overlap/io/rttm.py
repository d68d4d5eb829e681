"""RTTM: who speaks when, one turn of a speaker in each line.

::

    SPEAKER meeting 1 12.50 3.25 <NA> <NA> anna <NA> <NA>

The words are the type, the recording, the channel, the start and the length in seconds, two words
that are not used, the speaker, a confidence, and one more that is not used; the last two may be
missing. Lines of other types, comments (``;;`` and ``#``) and blank lines are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io._columns import RawSegments, to_float64
from overlap.io._source import Source
from overlap.io.printable import brief, number_of, some

__all__ = ["TYPES", "is_rttm", "lines_of", "read_rttm", "recording_name"]

#: First words of lines.
TYPES = (
    "SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER", "EDIT",
    "IP", "SU", "CB", "A/P", "SPEAKER", "SPKR-INFO",
)  # fmt: skip
_FORM = "SPEAKER recording channel start duration <NA> <NA> speaker <NA> <NA>"
_LEAST, _MOST = 8, 10  # words of a line
_MANY = 10  # turns of which most begin later than they are long
_RECORDING, _CHANNEL, _START, _LENGTH, _SPEAKER, _CONFIDENCE = 1, 2, 3, 4, 7, 8


def lines_of(content: Source, wanted: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the words of each line with its number; comments and blank lines are left out.

    Parameters
    ----------
    content : Source
    wanted : str
        Content that should have come, for the message.

    Raises
    ------
    ValueError
        It is not text in UTF-8.
    """
    try:
        text = content.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{content.name}: is not text in UTF-8 (byte {error.start}): save it in UTF-8; "
            f"wanted {wanted}"
        ) from None
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if words and words[0][0] not in ";#":
            yield number, words


def is_rttm(content: Source) -> bool:
    """Tell whether a file of text is RTTM, by its suffix or by the first words of a line.

    Parameters
    ----------
    content : Source
    """
    if content.suffix == ".rttm":
        return True
    if content.suffix not in ("", ".txt"):
        return False
    try:
        _, words = next(lines_of(content, ""))
    except (StopIteration, ValueError):
        return False
    return words[0].upper() in TYPES and len(words) >= _LEAST


def recording_name(words: list[str], channels: bool) -> str:
    """Return the name of the recording of a line; with channels, ``recording:channel``.

    Parameters
    ----------
    words : list of str
        Whose last two of the first three are the recording and the channel.
    channels : bool
    """
    name = words[-2]
    return f"{name}:{words[-1].lower()}" if channels else name


def read_rttm(content: Source, *, channels: bool = False) -> RawSegments:
    """Read the turns of speakers from RTTM.

    Parameters
    ----------
    content : Source
        The file.
    channels : bool
        Whether each channel is a recording of its own, named ``recording:channel``.

    Returns
    -------
    RawSegments
        Recordings stand as videos, speakers as labels. There are confidences only where every line
        has one.

    Raises
    ------
    ValueError
        It is not text, a line has an unknown type or another number of words, a time is not a
        number, a duration is negative, or a speaker has no name (``<NA>``).
    """
    name = content.name
    turns: list[tuple[int, list[str]]] = []
    others: Counter[str] = Counter()
    for number, words in lines_of(content, "RTTM"):
        kind = words[0].upper()
        if kind not in TYPES:
            raise ValueError(
                f"{name}, line {number}: begins with {brief(words[0])}, which is no type of RTTM "
                f"({', '.join(TYPES)}); wanted {_FORM}"
            )
        if kind != "SPEAKER":
            others[kind] += 1
        elif not _LEAST <= len(words) <= _MOST:
            hint = "; names have no spaces" if len(words) > _MOST else ""
            raise ValueError(
                f"{name}, line {number}: has {len(words)} words; wanted {_LEAST} to {_MOST}: "
                f"{_FORM}{hint}"
            )
        else:
            turns.append((number, words))

    def where(row: int) -> str:
        return f"{name}, line {turns[row][0]}"

    start = to_float64([words[_START] for _, words in turns], "start", where)
    length = to_float64([words[_LENGTH] for _, words in turns], "duration", where)
    negative = np.flatnonzero(length < 0)
    if negative.size:
        row = int(negative[0])
        count = number_of(negative.size, "such line")
        raise ValueError(
            f"{where(row)}: the duration is {turns[row][1][_LENGTH]}, which is negative ({count}); "
            "RTTM has start and duration, not start and end: correct or drop the line"
        )
    for row, (_, words) in enumerate(turns):
        if words[_SPEAKER].upper() == "<NA>":
            raise ValueError(f"{where(row)}: the speaker has no name (<NA>); give every turn one")
    recordings: dict[str, int] = {}
    video = [
        recordings.setdefault(recording_name(words[1:3], channels), len(recordings))
        for _, words in turns
    ]
    return RawSegments(
        videos=list(recordings),
        video=video,
        label=[words[_SPEAKER] for _, words in turns],
        start=start,
        stop=start + length,
        confidence=_confidence(turns),
        duration=np.full(len(recordings), np.nan),
        subset=[None] * len(recordings),
        row=[number for number, _ in turns],
        where=where,
        source=name,
        sha256=content.sha256,
        findings=tuple(
            [*_findings(name, turns, others, channels), *_of_times(name, turns, start, length)]
        ),
    )


def _confidence(turns: list[tuple[int, list[str]]]) -> list[str] | None:
    cells = [words[_CONFIDENCE] for _, words in turns if len(words) > _CONFIDENCE]
    unknown = len(cells) < len(turns) or any(cell.upper() == "<NA>" for cell in cells)
    return None if unknown or not cells else cells


def _of_times(
    name: str,
    turns: list[tuple[int, list[str]]],
    start: NDArray[np.float64],
    length: NDArray[np.float64],
) -> Iterator[str]:
    """Say that turns are there twice, and that durations look like ends."""
    first: dict[tuple[Any, ...], int] = {}
    again = [
        (number, there)
        for (number, words), *times in zip(turns, start.tolist(), length.tolist(), strict=True)
        if (there := first.setdefault((*words[1:3], words[_SPEAKER], *times), number)) != number
    ]
    if again:
        yield (
            f"{name}: turns there twice: {len(again):,} (first: line {again[0][0]} repeats line "
            f"{again[0][1]})"
        )
    if len(turns) >= _MANY and (length >= start).all():
        yield (
            f"{name}: no duration is smaller than the start of its turn, as if ends stood there: "
            "RTTM has start and duration"
        )


def _findings(
    name: str, turns: list[tuple[int, list[str]]], others: Counter[str], channels: bool
) -> Iterator[str]:
    if others["NOSCORE"]:
        yield (
            f"{name}: {number_of(others['NOSCORE'], 'NOSCORE line')} not read; leave that time out "
            "with a UEM file"
        )
    of: dict[str, dict[str, None]] = {}
    for _, words in turns:
        of.setdefault(words[_RECORDING], {})[words[_CHANNEL]] = None
    several = [recording for recording, there in of.items() if len(there) > 1]
    if several and not channels:
        yield (
            f"{name}: {number_of(len(several), 'recording')} with several channels, which are read "
            f"as one (first: {several[0]!r} with {some(list(of[several[0]]), 4)})"
        )
