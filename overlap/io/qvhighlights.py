"""JSON lines of QVHighlights: windows and scores of clips of queries, one query a line.

Truth has ``qid, vid, duration, relevant_windows`` and perhaps ``relevant_clip_ids,
saliency_scores``; predictions have ``qid, pred_relevant_windows`` (start, stop, score) and perhaps
``pred_saliency_scores``. Other keys are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io._columns import to_ends, to_float64
from overlap.io.moment_table import Clips, MomentTable
from overlap.io.printable import brief, some

__all__ = ["is_qvhighlights", "read_qvhighlights"]

_WINDOWS = {"truth": "relevant_windows", "found": "pred_relevant_windows"}
_SALIENCY = {"truth": "saliency_scores", "found": "pred_saliency_scores"}


def is_qvhighlights(records: Any) -> bool:
    """Tell whether parsed records are of this form.

    Parameters
    ----------
    records : object
    """
    keys = {"qid", *_WINDOWS.values(), *_SALIENCY.values()}
    return (
        isinstance(records, Sequence)
        and bool(records)
        and isinstance(records[0], Mapping)
        and "qid" in records[0]
        and len(keys & set(records[0])) > 1
    )


def read_qvhighlights(
    records: Sequence[Any], *, role: str, name: str, sha256: str | None, lines: Sequence[int]
) -> MomentTable:
    """Read parsed lines of QVHighlights.

    Parameters
    ----------
    records : sequence of mapping
        One for each query.
    role : {"truth", "found"}
    name : str
        Name of the input for messages.
    sha256 : str or None
    lines : sequence of int
        Line of each record.

    Returns
    -------
    MomentTable

    Raises
    ------
    ValueError
        The records are of the other role, or one has another form. The message names the line.
    """
    windows_of, saliency_of = _WINDOWS[role], _SALIENCY[role]
    other = "found" if role == "truth" else "truth"
    queries: dict[str, int] = {}
    windows: list[Sequence[Any]] = []
    query: list[int] = []
    for k, record in enumerate(records):
        where = f"{name}, line {lines[k]}"
        if not isinstance(record, Mapping) or "qid" not in record:
            raise ValueError(f"{where}: has no key 'qid'; wanted an object for each query")
        qid = str(record["qid"])
        if qid in queries:
            raise ValueError(
                f"{where}: the query {brief(qid)} is also in line {lines[queries[qid]]}; keep one"
            )
        queries[qid] = k
        if windows_of not in record and saliency_of not in record:
            if _WINDOWS[other] in record:
                raise ValueError(
                    f"{where}: has {_WINDOWS[other]!r}, so it is {_WORDS[other]}, given as {role}; "
                    "swap TRUTH and FOUND"
                )
            raise ValueError(
                f"{where}: has no key {windows_of!r}; its keys are {some(list(record), 6)}"
            )
        given = record.get(windows_of) or []
        if not isinstance(given, list | tuple) or any(
            not isinstance(window, list | tuple) or len(window) < 2 for window in given
        ):
            raise ValueError(
                f"{where}: {windows_of} is {brief(given)}; wanted [[start, stop], ...]"
            )
        windows += given
        query += [k] * len(given)
    widths = set(map(len, windows))
    scored = role == "found" and bool(windows) and min(widths) > 2
    if role == "found" and len(widths) > 1 and not scored:
        odd = next(k for k, window in enumerate(windows) if len(window) == 2)
        raise ValueError(
            f"{name}, line {lines[query[odd]]}: the window {brief(windows[odd])} has no score, and "
            "others have one"
        )

    def where_window(index: int) -> str:
        first = query.index(query[index])
        return f"{name}, line {lines[query[index]]}: {windows_of}[{index - first}]"

    start, stop = to_ends(windows, where_window)
    confidence = None
    if scored:
        confidence = to_float64([window[2] for window in windows], "score", where_window, unit="")

    def where_record(index: int) -> str:
        return f"{name}, line {lines[index]}"

    duration = np.full(len(records), np.nan)
    known = [k for k, record in enumerate(records) if record.get("duration") is not None]
    duration[known] = to_float64(
        [records[k]["duration"] for k in known], "duration", lambda k: where_record(known[k])
    )
    clips = None
    if role == "truth" and any(record.get(saliency_of) is not None for record in records):
        clips = _rated(records, where_record)
    if role == "found" and any(record.get(saliency_of) is not None for record in records):
        clips = _scored(records, where_record)
    return MomentTable(
        tuple(queries),
        tuple(str(record.get("vid", "")) for record in records),
        np.array(query, dtype=np.int64),
        start,
        stop,
        confidence,
        duration,
        np.array([lines[k] for k in query], dtype=np.int64),
        name,
        sha256,
        clips,
    )


_WORDS = {"truth": "annotations", "found": "predictions"}


def _pointer(lists: Sequence[Sequence[Any]]) -> NDArray[np.int64]:
    return np.cumsum([0, *map(len, lists)])


def _scored(records: Sequence[Mapping[str, Any]], where: Any) -> Clips:
    """Read the scores of all clips."""
    lists = [record.get("pred_saliency_scores") or [] for record in records]
    for k, scores in enumerate(lists):
        if not isinstance(scores, list | tuple):
            raise ValueError(f"{where(k)}: pred_saliency_scores is {brief(scores)}; wanted a list")
    pointer = _pointer(lists)
    owner = np.repeat(np.arange(len(lists)), np.diff(pointer))
    values = to_float64(
        list(chain.from_iterable(lists)),
        "pred_saliency_scores",
        lambda index: where(int(owner[index])),
        unit="",
    )
    return Clips(pointer, np.arange(len(values)) - pointer[owner], values[:, None])


def _rated(records: Sequence[Mapping[str, Any]], where: Any) -> Clips:
    """Read the ratings of the clips that are relevant."""
    places, ratings = [], []
    for k, record in enumerate(records):
        ids, scores = record.get("relevant_clip_ids") or [], record.get("saliency_scores") or []
        if not isinstance(ids, list | tuple) or not isinstance(scores, list | tuple):
            raise ValueError(
                f"{where(k)}: relevant_clip_ids and saliency_scores are no lists of equal length"
            )
        if len(ids) != len(scores):
            raise ValueError(
                f"{where(k)}: {len(ids)} relevant_clip_ids and {len(scores)} saliency_scores; "
                "wanted as many"
            )
        places.append(ids)
        ratings.append([x if isinstance(x, list | tuple) else [x] for x in scores])
    pointer = _pointer(places)
    owner = np.repeat(np.arange(len(places)), np.diff(pointer))

    def named(index: int) -> str:
        return str(where(int(owner[index])))

    flat = list(chain.from_iterable(ratings))
    widths = set(map(len, flat))
    if len(widths) > 1:
        odd = next(k for k, rating in enumerate(flat) if len(rating) != len(flat[0]))
        raise ValueError(
            f"{named(odd)}: a clip has {len(flat[odd])} ratings, and the first clip of the file "
            f"has {len(flat[0])}"
        )
    width = widths.pop() if widths else 1
    score = to_float64(
        list(chain.from_iterable(flat)),
        "saliency_scores",
        lambda index: named(index // width),
        unit="",
    ).reshape(-1, width)
    place = to_float64(list(chain.from_iterable(places)), "relevant_clip_ids", named, unit="")
    bad = np.flatnonzero((place != np.floor(place)) | (place < 0))
    if len(bad):
        index = int(bad[0])
        raise ValueError(
            f"{named(index)}: relevant_clip_ids has {place[index]:g}; wanted numbers of clips "
            "from 0"
        )
    return Clips(pointer, place.astype(np.int64), score)
