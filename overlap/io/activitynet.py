"""ActivityNet JSON: truth and results of temporal action localization.

Truth, in the original form and in the flat form without ``"database"``::

    {"database": {"video": {"subset": "validation", "duration": 82.7,
                            "annotations": [{"segment": [6.7, 40.1], "label": "Surfing"}]}}}

Results::

    {"results": {"video": [{"label": "Surfing", "score": 0.9, "segment": [6.5, 41.0]}]}}

``subset`` and ``duration`` may be missing (``duration_second`` is read too); numbers may be
strings that hold numbers; anything else in the file is ignored. ``orjson`` is used where it
is installed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io._columns import RawSegments, to_float64
from overlap.io._json import parse_json, repeated_keys
from overlap.io._source import Source
from overlap.io.printable import brief, some

__all__ = ["read_json", "read_mapping"]


def read_json(content: Source, *, role: str, ranked: bool = True) -> RawSegments:
    """Read an ActivityNet JSON file.

    Parameters
    ----------
    content : Source
        The file.
    role : {"truth", "found", "ambiguous"}
        ``"found"`` wants the results form, the others the truth form.
    ranked : bool
        Whether results must have scores.

    Returns
    -------
    RawSegments

    Raises
    ------
    ValueError
        The content is not JSON, or is not of the form that the role wants.
    """
    payload = parse_json(content)
    raw = read_mapping(payload, role=role, ranked=ranked, name=content.name, sha256=content.sha256)
    repeated = repeated_keys(content, _count_keys(payload))
    if repeated:
        raw.findings = (
            f"{content.name}: {_twice(len(repeated))}, of which only the last is read, as other "
            f"programs do (first: {brief(repeated[0])})",
        )
    return raw


def _twice(count: int) -> str:
    if count == 1:
        return "1 key is there twice in its object"
    return f"{count:,} keys are there twice in their objects"


def _count_keys(payload: Any) -> int:
    """Count the keys of a usual file; of unusual ones, not all are counted."""
    try:
        entries = payload.get("results", payload.get("database", payload))
        lists = [x if isinstance(x, list) else x["annotations"] for x in entries.values()]
        count = sum(map(len, chain.from_iterable(lists))) + len(entries)
        for entry in entries.values():
            if isinstance(entry, dict):
                count += len(entry)
                count += _keys_in(x for name, x in entry.items() if name != "annotations")
        if entries is not payload:
            count += len(payload) + _keys_in(x for x in payload.values() if x is not entries)
        return count
    except (AttributeError, KeyError, TypeError):
        return 0


def _keys_in(values: Iterable[Any]) -> int:
    """Count the keys of all objects in some values."""
    count = 0
    left = [value for value in values if isinstance(value, dict | list)]
    while left:
        value = left.pop()
        inside: Iterable[Any] = value
        if isinstance(value, dict):
            count += len(value)
            inside = value.values()
        left += [x for x in inside if isinstance(x, dict | list)]
    return count


def read_mapping(
    payload: Any, *, role: str, ranked: bool = True, name: str, sha256: str | None
) -> RawSegments:
    """Read parsed ActivityNet JSON.

    Parameters
    ----------
    payload : object
        Content of the JSON.
    role : {"truth", "found", "ambiguous"}
        ``"found"`` wants the results form, the others the truth form.
    ranked : bool
        Whether results must have scores.
    name : str
        Name of the input for messages.
    sha256 : str or None
        Digest of the input.

    Returns
    -------
    RawSegments

    Raises
    ------
    ValueError
        The object is not of the form that the role wants.
    """
    if not isinstance(payload, Mapping):
        raise ValueError(
            f"{name}: the JSON is a {_kind(payload)}; wanted an object with the key "
            f"{'results' if role == 'found' else 'database'!r}"
        )
    if role == "found":
        return _read_results(payload, name, sha256, ranked)
    return _read_truth(payload, role, name, sha256)


def _read_truth(payload: Mapping, role: str, name: str, sha256: str | None) -> RawSegments:
    database = payload.get("database")
    prefix = "database"
    if database is None:
        if "results" in payload:
            raise ValueError(
                f"{name}: is a results file (it has the key 'results') given as {role}; "
                "swap TRUTH and FOUND"
            )
        if not payload or not all(
            isinstance(entry, Mapping) and "annotations" in entry for entry in payload.values()
        ):
            raise ValueError(
                f"{name}: has no key 'database' and is not a flat truth file, whose every "
                f"value has 'annotations'; its keys are {_keys(payload)}"
            )
        database, prefix = payload, ""
    if not isinstance(database, Mapping):
        raise ValueError(f"{name}: 'database' is a {_kind(database)}; wanted an object")
    lists = []
    duration = np.full(len(database), np.nan)
    subset: list[str | None] = []
    for index, (video, entry) in enumerate(database.items()):
        if not isinstance(entry, Mapping):
            raise ValueError(
                f"{name}: {prefix}[{brief(video)}] is a {_kind(entry)}; wanted an object"
            )
        if "annotations" not in entry:
            raise ValueError(
                f"{name}: {prefix}[{brief(video)}] has no key 'annotations'; its keys are "
                f"{_keys(entry)}"
            )
        lists.append(entry["annotations"])
        seconds = entry.get("duration", entry.get("duration_second"))
        if seconds is not None:
            duration[index] = _duration(seconds, f"{name}: {prefix}[{brief(video)}]")
        part = entry.get("subset")
        if part is not None and not isinstance(part, str):
            raise ValueError(
                f"{name}: {prefix}[{brief(video)}]: subset is {brief(part)}; wanted a string such "
                "as 'test'"
            )
        subset.append(part)
    paths = [f"{prefix}[{brief(video)}].annotations" for video in database]
    return _rows(list(database), lists, paths, name, sha256, duration, subset, scored=False)


def _read_results(payload: Mapping, name: str, sha256: str | None, ranked: bool) -> RawSegments:
    results = payload.get("results")
    if results is None:
        truth = "database" in payload or (
            payload
            and all(
                isinstance(entry, Mapping) and "annotations" in entry for entry in payload.values()
            )
        )
        if truth:
            raise ValueError(
                f"{name}: is a truth file (it has {'the key ' if 'database' in payload else ''}"
                f"{'database' if 'database' in payload else 'annotations'!r}) given as found; "
                "swap TRUTH and FOUND"
            )
        raise ValueError(f"{name}: has no key 'results'; its keys are {_keys(payload)}")
    if not isinstance(results, Mapping):
        raise ValueError(
            f"{name}: 'results' is a {_kind(results)}; wanted an object with a list for each video"
        )
    videos = list(results)
    paths = [f"results[{brief(video)}]" for video in videos]
    unknown = np.full(len(videos), np.nan)
    return _rows(
        videos,
        list(results.values()),
        paths,
        name,
        sha256,
        unknown,
        [None] * len(videos),
        scored=ranked or _have_scores(results.values()),
    )


def _have_scores(lists: Iterable[Any]) -> bool:
    """Tell whether there are segments, and the first has a score."""
    first = next((items[0] for items in lists if isinstance(items, list) and items), None)
    return isinstance(first, Mapping) and "score" in first


def _rows(
    videos: list[str],
    lists: list[Any],
    paths: list[str],
    name: str,
    sha256: str | None,
    duration: NDArray[np.float64],
    subset: list[str | None],
    *,
    scored: bool,
) -> RawSegments:
    """Flatten one list of segments per video, in one pass, and check the shape only if it fails."""
    segments: list[Any] = []
    labels: list[Any] = []
    scores: list[Any] = []
    video: list[int] = []
    first = [0]
    try:
        for index, items in enumerate(lists):
            segments += [item["segment"] for item in items]
            labels += [item["label"] for item in items]
            if scored:
                scores += [item["score"] for item in items]
            video += [index] * len(items)
            first.append(len(segments))
        kinds = {*map(type, lists), *map(type, segments)}
        regular = kinds <= {list, tuple} and set(map(len, segments)) <= {2}
    except (KeyError, TypeError, AttributeError):
        regular = False
    if not regular:
        raise ValueError(_irregular(lists, paths, name, scored=scored))

    def where(index: int) -> str:
        owner = bisect_right(first, index) - 1
        return f"{name}: {paths[owner]}[{index - first[owner]}]"

    names = [str(video) for video in videos]
    if "" in names:
        raise ValueError(f"{name}: a video has an empty name; give it one")
    if len(set(names)) < len(names):  # of an object in memory: 1 and "1"
        twice = next(video for video in names if names.count(video) > 1)
        raise ValueError(f"{name}: the video {brief(twice)} is there twice; keep one")
    return RawSegments(
        videos=names,
        video=video,
        label=labels,
        start=[segment[0] for segment in segments],
        stop=[segment[1] for segment in segments],
        confidence=scores if scored else None,
        duration=duration,
        subset=subset,
        row=range(len(segments)),
        where=where,
        source=name,
        sha256=sha256,
    )


def _irregular(lists: list[Any], paths: list[str], name: str, *, scored: bool) -> str:
    """Describe the first entry that does not have the form of a segment."""
    wanted = ("segment", "label", "score") if scored else ("segment", "label")
    for items, path in zip(lists, paths, strict=True):
        if not isinstance(items, list | tuple):
            return f"{name}: {path} is a {_kind(items)}; wanted a list of segments"
        for place, item in enumerate(items):
            if not isinstance(item, Mapping):
                return f"{name}: {path}[{place}] is a {_kind(item)}; wanted an object"
            for key in wanted:
                if key not in item:
                    return f"{name}: {path}[{place}] has no key {key!r}; its keys are {_keys(item)}"
            segment = item["segment"]
            if not isinstance(segment, list | tuple) or len(segment) != 2:
                return f"{name}: {path}[{place}]: segment is {brief(segment)}; wanted [start, stop]"
    return f"{name}: cannot be read as ActivityNet JSON"


def _duration(seconds: Any, path: str) -> float:
    value = float(to_float64([seconds], "duration", lambda _: path)[0])
    if value < 0:
        raise ValueError(f"{path}: duration is {value!r}; wanted seconds >= 0")
    return value


def _kind(value: Any) -> str:
    """Return the name of a JSON type."""
    names = {list: "list", str: "string", bool: "Boolean", int: "number", float: "number"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def _keys(mapping: Mapping) -> str:
    return some(mapping, 6)
