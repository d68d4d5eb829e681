"""Checks of labels of frames: counts and findings, without scores."""

from __future__ import annotations

import numpy as np

from overlap.io._cells import read_cells
from overlap.io._columns import plain_name
from overlap.io.candidate import Candidate
from overlap.io.event_lines import is_number
from overlap.io.frame_labels import as_frame_labels, is_folder_of_frames
from overlap.io.inspection import Inspection
from overlap.io.printable import number_of, some

__all__ = ["inspect_frame_labels", "is_frame_labels"]

_SHORT = 3  # frames


def is_frame_labels(candidate: Candidate) -> bool:
    """Whether a folder has files of frame labels, or JSON has lists of them.

    Parameters
    ----------
    candidate : Candidate
    """
    if candidate.is_folder:
        return is_folder_of_frames(candidate.path)
    if candidate.is_json:
        whole = candidate.payload
        return (
            isinstance(whole, dict)
            and bool(whole)
            and all(
                isinstance(labels, list) and labels and all(isinstance(x, str) for x in labels)
                for labels in whole.values()
            )
        )
    if candidate.columns == {"video", "label"}:
        return True
    return candidate.columns == {"video", "frame", "label"} and (
        candidate.suffix == ".parquet" or _frames_follow(candidate)
    )


def _frames_follow(candidate: Candidate) -> bool:
    """Whether frames follow one another in equal steps; otherwise they are points in time."""
    cells = read_cells(candidate.source, "a table of frames")
    place = {plain_name(name): k for k, name in enumerate(cells.header)}
    videos, frames = (cells.column(place[name]) for name in ("video", "frame"))
    if not all(map(is_number, frames)):  # names of frames
        return True
    last, steps = dict[str, float](), list[float]()
    for video, frame in zip(videos, map(float, frames), strict=True):
        if video in last:
            steps.append(frame - last[video])
        last[video] = frame
    return len(set(steps)) == 1 and (steps[0] == 1 or len(steps) > 1)


def inspect_frame_labels(candidate: Candidate) -> Inspection:
    """Look at labels of frames.

    Parameters
    ----------
    candidate : Candidate

    Returns
    -------
    Inspection
        Its content is a `FrameLabels`.

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.io.frame_labels.as_frame_labels`.
    """
    table = as_frame_labels(candidate.path)
    frames = [len(one) for one in table.frames]
    runs = table.segments()
    length = runs.stop - runs.start
    facts = [
        ("videos", f"{len(table):,}"),
        ("frames", f"{sum(frames):,}, {min(frames):,} to {max(frames):,} in a video"),
        ("segments", f"{len(runs):,}, of {number_of(len(table.labels), 'label')}"),
        ("labels", some(table.labels)),
    ]
    findings = []
    short = np.flatnonzero(length < _SHORT)
    if len(short):
        video = table.videos[runs.video[short[0]]]
        findings.append(
            f"{number_of(len(short), 'segment')} shorter than {_SHORT} frames (first: video "
            f"{video!r}, frame {int(runs.start[short[0]])})"
        )
    if all(label.lstrip("-").isdigit() for label in table.labels):
        findings.append("all labels are numbers; names classes=FILE gives them names")
    return Inspection("labels of frames", facts, findings, content=table)
