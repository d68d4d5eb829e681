"""Annotations of Ego4D's moment queries (MQ), as they are published.

::

    {"videos": [{"video_uid": ..., "clips": [{
        "clip_uid": ..., "video_start_sec": 0.0, "video_end_sec": 480.0,
        "annotations": [{"labels": [
            {"label": ..., "primary": true, "start_time": 1.5, "end_time": 9.0}]}]}]}]}

Clips stand as videos. Labels that are not ``primary`` are left out and counted, as in Ego4D's own
conversion; labels of several annotators are put together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overlap.io.printable import number_of

__all__ = ["as_database", "is_moment_queries"]


def is_moment_queries(payload: Any) -> bool:
    """Tell whether JSON has clips with annotations that have lists of labels.

    Parameters
    ----------
    payload : object
    """
    try:
        for video in payload["videos"]:
            for clip in video["clips"]:
                for annotation in clip["annotations"]:
                    return isinstance(annotation["labels"], list)
    except (KeyError, TypeError, IndexError):
        pass
    return False


def as_database(payload: Mapping[str, Any], name: str) -> tuple[dict[str, Any], str]:
    """Return annotations in the flat form of ActivityNet, and what was left out.

    Parameters
    ----------
    payload : mapping
    name : str
        Of the input, for messages.

    Returns
    -------
    dict
        Clips with their durations and annotations.
    str
        A sentence; empty where nothing was left out.

    Raises
    ------
    ValueError
        A clip or a label lacks a key.
    """
    split = payload.get("split")
    clips: dict[str, Any] = {}
    others = 0
    for v, video in enumerate(payload["videos"]):
        for c, clip in enumerate(video["clips"]):
            place = f"{name}: videos[{v}].clips[{c}]"
            segments = []
            try:
                for annotation in clip["annotations"]:
                    for label in annotation["labels"]:
                        if not label.get("primary", True):
                            others += 1
                            continue
                        ends = [label["start_time"], label["end_time"]]
                        segments.append({"segment": ends, "label": label["label"]})
                entry: dict[str, Any] = {"annotations": segments}
                uid = str(clip["clip_uid"])
            except (KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{place}: lacks {error} or has another form") from None
            if "video_start_sec" in clip and "video_end_sec" in clip:
                entry["duration"] = clip["video_end_sec"] - clip["video_start_sec"]
            if isinstance(split, str):
                entry["subset"] = split
            if uid in clips:
                raise ValueError(f"{place}: the clip {uid!r} is there twice; keep one")
            clips[uid] = entry
    said = f"{name}: {number_of(others, 'label')} left out, because not primary" if others else ""
    return clips, said
