"""Scoring of segments without confidences."""

from __future__ import annotations

import os
from typing import Any

from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.report import Report
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study

from ..reading import AS_IT_STANDS, Reading
from .protocols import SegmentRules
from .task import SegmentsTask

__all__ = ["score", "study"]


def score(
    *,
    truth: Any,
    found: Any,
    protocol: SegmentRules,
    subset: str | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    progress: bool | None = None,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    reading: Reading = AS_IT_STANDS,
) -> Report:
    """Score predicted segments without confidences; see `overlap.evaluate.temporal`.

    Parameters
    ----------
    truth, found, protocol, subset
    rng, bootstrap, confidence_level, progress, workers, resume, reading
    """
    drawn = Bootstrap(bootstrap, confidence_level, rng, progress=progress)
    task = SegmentsTask(protocol, subset, reading)
    tables = reading.tables(truth, found, ranked=task.ranked, labelled=protocol.classes == "labels")
    return run(task, tables, bootstrap=drawn, progress=progress, workers=workers, resume=resume)


def study(
    *,
    protocol: SegmentRules,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    reading: Reading = AS_IT_STANDS,
) -> Study:
    """Start an evaluation that is fed set of videos by set of videos.

    Parameters
    ----------
    protocol, rng, bootstrap, confidence_level, reading
    """
    reading.check_parts()
    return Study(
        SegmentsTask(protocol, reading=reading), Bootstrap(bootstrap, confidence_level, rng)
    )
