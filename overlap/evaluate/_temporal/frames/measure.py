"""Counts of one video."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.io.frame_labels import FrameLabels

from .protocol import FrameRules
from .runs import Runs, edit_distance, hits, runs_of

__all__ = ["VideoCounts", "content_digest", "measure_video"]


@dataclass(frozen=True, eq=False)
class VideoCounts(ByValue):
    """What one video adds to the numbers.

    Attributes
    ----------
    digests : (str, str)
        Of the labels of truth and predictions; the second is empty without predictions.
    labels : tuple of str
        Labels of the video.
    frames : ndarray, int64, shape (3, labels)
        Frames of each label in the truth, in the predictions, and in both at once.
    segments : ndarray, int64, shape (2, labels)
        Segments of each label in the truth and in the predictions.
    hits : ndarray, int64, shape (thresholds, labels)
        Predicted segments that are right.
    edits : ndarray, int64, shape (2,)
        Edit distance of the segments, and the number of segments of the side with more.
    beyond : int
        Predicted frames behind the end of the truth.
    truth, found : Runs
        All runs, background included.
    """

    digests: tuple[str, str]
    labels: tuple[str, ...]
    frames: NDArray[np.int64]
    segments: NDArray[np.int64]
    hits: NDArray[np.int64]
    edits: NDArray[np.int64]
    beyond: int
    truth: Runs
    found: Runs


def content_digest(table: FrameLabels | None) -> str:
    """Return the SHA-256 of the labels of all frames; empty without a table.

    Parameters
    ----------
    table : FrameLabels, optional
    """
    if table is None:
        return ""
    digest = hashlib.sha256()
    for frames in table.frames:
        runs = runs_of(frames)
        for label, stop in zip(runs.label.tolist(), runs.stop.tolist(), strict=True):
            digest.update(f"{stop} {table.labels[label]}\n".encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def measure_video(
    rules: FrameRules, video: str, truth: FrameLabels, found: FrameLabels | None
) -> VideoCounts:
    """Count frames and segments of one video.

    Parameters
    ----------
    rules : FrameRules
    video : str
        Name, for messages.
    truth, found : FrameLabels
        Of this video alone; without predictions, all of it is missed.

    Raises
    ------
    ValueError
        The predictions have fewer frames than the truth.
    """
    digests = content_digest(truth), content_digest(found)
    there = truth.frames[0]
    given = np.empty(0, np.int64) if found is None else found.frames[0]
    if found is not None and len(given) < len(there):
        raise ValueError(
            f"{found.source}: video {video!r} has {len(given):,} frames, and the truth "
            f"{len(there):,}; wanted a label for every frame of the truth"
        )
    names = tuple(
        dict.fromkeys(
            table.labels[k]
            for table, frames in ((truth, there), (found, given))
            if table is not None
            for k in np.unique(frames).tolist()
        )
    )
    place = {name: k for k, name in enumerate(names)}
    there = _renumbered(truth, there, place)
    given = given if found is None else _renumbered(found, given, place)
    background = [place[name] for name in rules.background if name in place]
    count, cut = len(names), rules.last_frame == "cut"
    sides = [runs_of(frames, background, cut=cut) for frames in (there, given)]
    right = hits(sides[0], sides[1], np.array(rules.thresholds))
    shown = given[: len(there)]
    frames = [there, shown, there[: len(shown)][there[: len(shown)] == shown]]
    return VideoCounts(
        digests,
        names,
        np.stack([np.bincount(x, minlength=count) for x in frames]),
        np.stack([np.bincount(side.label, minlength=count) for side in sides]),
        np.stack(
            [
                np.bincount(sides[1].label[right[:, k]], minlength=count)
                for k in range(right.shape[1])
            ]
        ),
        np.array([edit_distance(sides[0].label, sides[1].label), max(map(len, sides))]),
        max(0, len(given) - len(there)),
        runs_of(there),
        runs_of(given),
    )


def _renumbered(
    table: FrameLabels, frames: NDArray[np.int64], place: dict[str, int]
) -> NDArray[np.int64]:
    code = np.array([place.get(name, -1) for name in table.labels], dtype=np.int64)
    return code[frames]
