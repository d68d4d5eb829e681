"""Scoring of action segmentation."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from overlap.evaluate._temporal.reading import Reading
from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.report import Report
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study
from overlap.io.frame_labels import FrameLabels, as_frame_labels

from .protocol import FrameRules
from .task import FrameTask
from .wording import Sources, source_of

__all__ = ["score", "study"]


def _bare(reading: Reading) -> Reading:
    """Return options whose lists may name the files of videos, as MS-TCN's splits do."""
    lists: dict[str, Any] = {}
    for name in ("videos", "exclude"):
        chosen = getattr(reading, name)
        if chosen is not None:
            bare = tuple(dict.fromkeys(x.removesuffix(".txt") for x in chosen.names))
            lists[name] = replace(chosen, names=bare)
    return Reading(**lists, names=reading.names)


def score(
    *,
    truth: Any,
    found: Any,
    protocol: FrameRules,
    reading: Reading | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    progress: bool | None = None,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
) -> Report:
    """Score labels of frames; see `overlap.evaluate.temporal`.

    Parameters
    ----------
    truth, found : path or mapping
        Folders or files of frame labels, see `overlap.io.frame_labels`.
    protocol : FrameRules
    reading : Reading, optional
        Videos to use, and repair of names.
    rng, bootstrap, confidence_level, progress, workers, resume
    """
    sides = {"truth": as_frame_labels(truth), "found": as_frame_labels(found)}
    notes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    if reading:
        if reading.columns or reading.fps or reading.clip or reading.class_agnostic:
            raise ValueError(
                f"{protocol.name}: columns, fps, clip and class_agnostic are for segments with "
                "times; leave them out"
            )
        reading = _bare(reading)
        read = reading.applied({role: table.segments() for role, table in sides.items()})
        sides = {role: FrameLabels.from_segments(table) for role, table in read.items()}
        notes = tuple(dict.fromkeys(note for table in read.values() for note in table.notes))
        findings = tuple(dict.fromkeys(said for table in read.values() for said in table.findings))
    sources = Sources(
        source_of(sides["truth"]),
        source_of(sides["found"]),
        sides["truth"].videos,
        sides["found"].videos,
        reading,
        notes,
        findings,
    )
    return run(
        FrameTask(protocol, sources),
        sides,
        bootstrap=Bootstrap(bootstrap, confidence_level, rng, progress=progress),
        workers=workers,
        resume=resume,
        progress=progress,
    )


def study(
    *,
    protocol: FrameRules,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
) -> Study:
    """Start an evaluation that is fed video by video; see `overlap.evaluate.temporal_study`.

    ``study.update(video, truth=[...], found=[...])`` takes the labels of the frames of a video.

    Parameters
    ----------
    protocol : FrameRules
    rng, bootstrap, confidence_level
    """
    task = FrameTask(protocol)
    return Study(task, Bootstrap(bootstrap, confidence_level, rng))
