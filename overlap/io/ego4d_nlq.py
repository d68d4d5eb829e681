"""JSON of Ego4D's natural language queries (NLQ): annotations and submissions.

A query is a clip, an annotation and the number of the query in it. Queries of the annotations
without a window are no queries of the task, and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from overlap.io._columns import to_ends
from overlap.io.moment_table import MomentTable
from overlap.io.printable import brief, some

__all__ = ["is_nlq", "read_nlq"]


def is_nlq(payload: Any) -> bool:
    """Tell whether parsed JSON is of this form.

    Parameters
    ----------
    payload : object
    """
    if not isinstance(payload, Mapping):
        return False
    results, videos = payload.get("results"), payload.get("videos")
    if isinstance(results, list):
        return not results or (isinstance(results[0], Mapping) and "predicted_times" in results[0])
    return (
        isinstance(videos, list)
        and bool(videos)
        and isinstance(videos[0], Mapping)
        and "clips" in videos[0]
    )


def read_nlq(
    payload: Mapping[str, Any], *, role: str, name: str, sha256: str | None
) -> MomentTable:
    """Read parsed JSON of NLQ.

    Parameters
    ----------
    payload : mapping
    role : {"truth", "found"}
    name : str
        Name of the input for messages.
    sha256 : str or None

    Returns
    -------
    MomentTable

    Raises
    ------
    ValueError
        The JSON is of the other role, or an entry has another form.
    """
    mine = "results" if role == "found" else "videos"
    if mine not in payload:
        raise ValueError(
            f"{name}: has no key {mine!r}, so it is "
            f"{'annotations' if role == 'found' else 'predictions'}, given as {role}; swap TRUTH "
            "and FOUND"
        )
    queries: dict[str, int] = {}
    videos: list[str] = []
    owner: list[int] = []
    windows: list[Any] = []
    places: list[str] = []
    left_out = 0
    try:
        entries = _found(payload) if role == "found" else _truth(payload)
        for key, video, given, place in entries:
            if given is None:
                left_out += 1
                continue
            if key in queries:
                raise ValueError(
                    f"{name}: {place}: the query {brief(key)} is there twice; keep one"
                )
            queries[key] = len(queries)
            videos.append(video)
            for window in given:
                if not isinstance(window, list | tuple) or len(window) < 2:
                    raise ValueError(
                        f"{name}: {place}: a window is {brief(window)}; wanted [start, stop]"
                    )
                owner.append(queries[key])
                windows.append(window)
                places.append(place)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{name}: an entry of {mine} is not of the form of Ego4D NLQ "
            f"({type(error).__name__}: {some([str(error)], 1)})"
        ) from None

    def where(index: int) -> str:
        return f"{name}: {places[index]}"

    start, stop = to_ends(windows, where)
    findings: tuple[str, ...] = ()
    if left_out:
        findings = (f"{name}: queries without a window, left out: {left_out:,}",)
    return MomentTable(
        tuple(queries),
        tuple(videos),
        np.array(owner, dtype=np.int64),
        start,
        stop,
        None,
        np.full(len(queries), np.nan),
        np.arange(len(windows)),
        name,
        sha256,
        None,
        findings,
    )


def _truth(payload: Mapping[str, Any]) -> Any:
    for video in payload["videos"]:
        for clip in video["clips"]:
            for annotation in clip["annotations"]:
                for number, query in enumerate(annotation["language_queries"]):
                    ends = query.get("clip_start_sec"), query.get("clip_end_sec")
                    key = _key(clip["clip_uid"], annotation["annotation_uid"], number)
                    yield (
                        key,
                        str(clip["clip_uid"]),
                        None if None in ends else [ends],
                        f"query {key}",
                    )


def _found(payload: Mapping[str, Any]) -> Any:
    for number, result in enumerate(payload["results"]):
        key = _key(result["clip_uid"], result["annotation_uid"], result["query_idx"])
        times = result["predicted_times"]
        if times and not isinstance(times[0], list | tuple):
            times = [times]
        yield key, str(result["clip_uid"]), times, f"results[{number}]"


def _key(clip: Any, annotation: Any, number: Any) -> str:
    return f"{clip} {annotation} {number}"
