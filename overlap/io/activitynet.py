"""ActivityNet JSON: truth and results of temporal action localization.

Truth, in the original form and in the flat form without ``"database"``::

    {"database": {"video": {"subset": "validation", "duration": 82.7,
                            "annotations": [{"segment": [6.7, 40.1], "label": "Surfing"}]}}}

Results::

    {"results": {"video": [{"label": "Surfing", "score": 0.9, "segment": [6.5, 41.0]}]}}

Results may also stand without the key ``"results"``, under ``"detect_results"`` (Ego4D), or under
``"database"`` with ``"label_id"`` and ``"scores"`` (ActionFormer). Segments of results may have
``"action"`` instead of a label (EPIC-KITCHENS).

Annotations of Ego4D's moment queries are read, as published (`overlap.io.ego4d_moments`) or
converted, with ``start_time`` and ``end_time`` in place of a segment.

``subset`` and ``duration`` may be missing (``duration_second`` is read too), and so may ``fps``;
numbers may be strings that hold numbers; anything else in the file is ignored. ``orjson`` is used
where it is installed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io._columns import RawSegments, refuse_columns, to_float64
from overlap.io._json import parse_json
from overlap.io._source import Source
from overlap.io.ego4d_moments import as_database, is_moment_queries
from overlap.io.printable import brief, some

__all__ = ["read_json", "read_mapping", "results_key"]

#: Keys of labels and of scores, the usual one first.
_LABELS = ("label", "action", "label_id")
_SCORES = ("score", "scores", "confidence")


def read_json(
    content: Source,
    payload: Any = None,
    *,
    role: str,
    ranked: bool = True,
    labelled: bool = True,
    columns: Mapping[str, str] | None = None,
) -> RawSegments:
    """Read an ActivityNet JSON file.

    Parameters
    ----------
    content : Source
        The file.
    payload : object, optional
        Its content, if it was parsed already.
    role : {"truth", "found", "ambiguous"}
        ``"found"`` wants the results form, the others the truth form.
    ranked : bool
        Whether results must have scores.
    labelled : bool
        Whether segments must have labels; else these are not read.
    columns : mapping from str to str, optional
        Keys of segments that the user names: of the label and the confidence.

    Returns
    -------
    RawSegments

    Raises
    ------
    ValueError
        The content is not JSON, or is not of the form that the role wants.
    """
    if payload is None:
        payload = parse_json(content)
    return read_mapping(
        payload, role=role, ranked=ranked, labelled=labelled, name=content.name,
        sha256=content.sha256, columns=columns,
    )  # fmt: skip


def read_mapping(
    payload: Any,
    *,
    role: str,
    ranked: bool = True,
    labelled: bool = True,
    name: str,
    sha256: str | None,
    columns: Mapping[str, str] | None = None,
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
    labelled : bool
        Whether segments must have labels; else these are not read.
    name : str
        Name of the input for messages.
    sha256 : str or None
        Digest of the input.
    columns : mapping from str to str, optional
        Keys of segments that the user names: of the label and the confidence.

    Returns
    -------
    RawSegments

    Raises
    ------
    ValueError
        The object is not of the form that the role wants.
    """
    _refuse_columns(columns or {}, name)
    if is_moment_queries(payload) and role != "found":
        database, said = as_database(payload, name)
        raw = _read_truth(database, role, name, sha256, labelled, columns or {})
        raw.findings = (said,) if said else ()
        return raw
    if not isinstance(payload, Mapping):
        raise ValueError(
            f"{name}: the JSON is a {_kind(payload)}; wanted an object with the key "
            f"{'results' if role == 'found' else 'database'!r}"
        )
    if role == "found":
        return _read_results(payload, name, sha256, ranked, labelled, columns or {})
    return _read_truth(payload, role, name, sha256, labelled, columns or {})


def _refuse_columns(columns: Mapping[str, str], name: str) -> None:
    """Raise an error for keys that a user names and this form does not have."""
    other = next((field for field in columns if field not in ("label", "confidence")), None)
    if other is not None:
        reason = "JSON of videos has only keys of the label and the confidence"
        refuse_columns({other: columns[other]}, name, reason)


def _with_segments(lists: list[Any]) -> list[Any]:
    """Return lists whose segments have starts and stops apart, with both under one key."""
    first = _first(lists)
    if "segment" in first or not {"start_time", "end_time"} <= first.keys():
        return lists
    return [
        [
            {**item, "segment": [item["start_time"], item["end_time"]]}
            if isinstance(item, Mapping) and {"start_time", "end_time"} <= item.keys()
            else item
            for item in items
        ]
        if isinstance(items, list)
        else items
        for items in lists
    ]


def _read_truth(
    payload: Mapping,
    role: str,
    name: str,
    sha256: str | None,
    labelled: bool,
    columns: Mapping[str, str],
) -> RawSegments:
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
    rate = np.full(len(database), np.nan)
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
        frames = entry.get("fps")
        if frames is not None:
            rate[index] = to_float64([frames], "fps", partial(_at, name, prefix, video), unit="")[0]
        part = entry.get("subset")
        if part is not None and not isinstance(part, str):
            raise ValueError(
                f"{name}: {prefix}[{brief(video)}]: subset is {brief(part)}; wanted a string such "
                "as 'test'"
            )
        subset.append(part)
    paths = [f"{prefix}[{brief(video)}].annotations" for video in database]
    lists = _with_segments(lists)
    keys = _keys_of(lists, columns)[:2]
    raw = _rows(
        list(database), lists, paths, name, sha256, duration, subset, keys=keys, labelled=labelled
    )
    if not np.isnan(rate).all():
        raw.frame_rate = rate
    if labelled and "label_id" in _first(lists) and keys[1] != "label_id":
        raw.label_ids = _ids(lists, keys[1], name)
    return raw


def _ids(lists: list[Any], label: str, name: str) -> dict[str, str]:
    """Return names of labels by their number; a number that has two names has none."""
    result: dict[str, str] = {}
    twice = set()
    for item in chain.from_iterable(lists):
        number, one = item.get("label_id"), item[label]
        if isinstance(number, int | str) and isinstance(one, str):
            if result.setdefault(str(number), one) != one:
                twice.add(str(number))
    return {number: one for number, one in result.items() if number not in twice}


def _read_results(
    payload: Mapping,
    name: str,
    sha256: str | None,
    ranked: bool,
    labelled: bool,
    columns: Mapping[str, str],
) -> RawSegments:
    key = results_key(payload)
    results = payload if key == "" else payload.get(key or "results")
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
    paths = [f"{key}[{brief(video)}]" for video in videos]
    scores = [word for word in _SCORES if word in _first(results.values())]
    if len(scores) > 1 and "confidence" not in columns:
        raise ValueError(
            f"{name}: segments have {' and '.join(map(repr, scores))}, which both mean the "
            f"confidence; name one, such as columns confidence={scores[0]} (--columns)"
        )
    keys = _keys_of(results.values(), columns)
    unknown = np.full(len(videos), np.nan)
    return _rows(
        videos,
        list(results.values()),
        paths,
        name,
        sha256,
        unknown,
        [None] * len(videos),
        keys=keys if ranked or keys[2] in _first(results.values()) else keys[:2],
        labelled=labelled,
    )


def results_key(payload: Mapping) -> str | None:
    """Return the key under which results stand: "" for the object itself, None for no results.

    Parameters
    ----------
    payload : mapping
    """
    for key in ("results", "detect_results"):
        if isinstance(payload.get(key), Mapping) or key in payload:
            return key
    database = payload.get("database")
    if isinstance(database, Mapping) and database and _are_lists(database):
        return "database"
    return "" if database is None and payload and _are_lists(payload) else None


def _are_lists(entries: Mapping) -> bool:
    """Tell whether the entries of videos are lists, the first of them of segments."""
    if not all(isinstance(entry, list) for entry in entries.values()):
        return False
    first = next((entry[0] for entry in entries.values() if entry), {"segment": None})
    return isinstance(first, Mapping) and "segment" in first


def _first(lists: Iterable[Any]) -> Mapping:
    """Return the first segment, if it is an object."""
    first = next((items[0] for items in lists if isinstance(items, list) and items), None)
    return first if isinstance(first, Mapping) else {}


def _keys_of(lists: Iterable[Any], columns: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the keys of the segment, its label and its score, by the first segment."""
    first = _first(lists)
    label, score = (
        columns.get(field) or next((key for key in names if key in first), names[0])
        for field, names in (("label", _LABELS), ("confidence", _SCORES))
    )
    return "segment", label, score


def _rows(
    videos: list[str],
    lists: list[Any],
    paths: list[str],
    name: str,
    sha256: str | None,
    duration: NDArray[np.float64],
    subset: list[str | None],
    *,
    keys: Sequence[str],
    labelled: bool = True,
) -> RawSegments:
    """Flatten one list of segments per video, in one pass, and check the shape only if it fails."""
    segments: list[Any] = []
    labels: list[Any] = []
    scores: list[Any] = []
    first = [0]
    scored = len(keys) > 2
    try:
        for items in lists:
            segments += [item[keys[0]] for item in items]
            labels += [item[keys[1]] for item in items] if labelled else ["segment"] * len(items)
            if scored:
                scores += [item[keys[2]] for item in items]
            first.append(len(segments))
        kinds = {*map(type, lists), *map(type, segments)}
        regular = kinds <= {list, tuple} and set(map(len, segments)) <= {2}
    except (KeyError, TypeError, AttributeError):
        regular = False
    if not regular:
        wanted = keys if labelled else [key for key in keys if key != keys[1]]
        raise ValueError(_irregular(lists, paths, name, wanted))

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
        video=np.repeat(np.arange(len(lists)), np.diff(first)),
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


def _at(name: str, prefix: str, video: str, _: int) -> str:
    return f"{name}: {prefix}[{brief(video)}]"


def _irregular(lists: list[Any], paths: list[str], name: str, wanted: Sequence[str]) -> str:
    """Describe the first entry that does not have the form of a segment."""
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
