"""Lines of Charades-STA: ``VIDEO start stop##sentence``, one window a line.

A query is a video and a sentence. Several lines of one query are several windows: of a truth all
count, of predictions the first is the best. A number after the stop is a confidence.
"""

from __future__ import annotations

import numpy as np

from overlap.io._columns import to_ends, to_float64
from overlap.io._source import Source
from overlap.io.moment_table import MomentTable
from overlap.io.printable import brief

__all__ = ["is_charades_sta", "read_charades_sta"]


def is_charades_sta(content: Source) -> bool:
    """Tell whether a file is of this form, by its first line.

    Parameters
    ----------
    content : Source
    """
    return b"##" in content.data.lstrip()[:2000].split(b"\n", 1)[0]


def read_charades_sta(content: Source) -> MomentTable:
    """Read lines of Charades-STA.

    Parameters
    ----------
    content : Source

    Returns
    -------
    MomentTable

    Raises
    ------
    ValueError
        A line has another form; the message names it.
    """
    try:
        text = content.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{content.name}: not text in UTF-8 at byte {error.start}") from None
    queries: dict[str, int] = {}
    videos: list[str] = []
    rows, cells = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        front, mark, sentence = line.partition("##")
        words = front.split()
        if not mark or len(words) not in (3, 4) or not sentence.strip():
            raise ValueError(
                f"{content.name}, line {number}: is {brief(line)}; wanted "
                "VIDEO start stop##sentence"
            )
        key = f"{words[0]}: {' '.join(sentence.split())}"
        if key not in queries:
            videos.append(words[0])
        rows.append((queries.setdefault(key, len(queries)), number))
        cells.append(words[1:])
    scored = bool(cells) and all(len(words) == 3 for words in cells)
    if not scored and any(len(words) == 3 for words in cells):
        odd = next(k for k, words in enumerate(cells) if len(words) == 2)
        raise ValueError(
            f"{content.name}, line {rows[odd][1]}: has no confidence, and other lines have one"
        )

    def where(index: int) -> str:
        return f"{content.name}, line {rows[index][1]}"

    start, stop = to_ends(cells, where)
    confidence = None
    if scored:
        confidence = to_float64([words[2] for words in cells], "confidence", where, unit="")
    numbers = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return MomentTable(
        tuple(queries),
        tuple(videos),
        numbers[:, 0].copy(),
        start,
        stop,
        confidence,
        np.full(len(queries), np.nan),
        numbers[:, 1].copy(),
        content.name,
        content.sha256,
    )
