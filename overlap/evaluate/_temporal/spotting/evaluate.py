"""Scoring of spotting."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study

from .protocol import SpottingProtocol
from .report import SpottingReport
from .task import SpottingTask

__all__ = ["score", "study"]


def _task(protocol: SpottingProtocol, labels: Iterable[str] | None) -> SpottingTask:
    if isinstance(labels, str):
        raise TypeError(f"labels = {labels!r} is one string; wanted a list of class names")
    return SpottingTask(protocol, None if labels is None else tuple(dict.fromkeys(labels)))


def score(
    *,
    truth: Any,
    found: Any,
    protocol: SpottingProtocol,
    labels: Iterable[str] | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    progress: bool | None = None,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
) -> SpottingReport:
    """Score points in time; see `overlap.evaluate.temporal`.

    Parameters
    ----------
    truth, found : path, list, DataFrame or PointTable
        As `overlap.io.points.as_points` takes them.
    protocol, labels, rng, bootstrap, confidence_level, progress, workers, resume
    """
    return run(  # type: ignore[return-value]
        _task(protocol, labels), {"truth": truth, "found": found},
        bootstrap=Bootstrap(bootstrap, confidence_level, rng, progress=progress),
        workers=workers, resume=resume, progress=progress,
    )  # fmt: skip


def study(
    *,
    protocol: SpottingProtocol,
    labels: Iterable[str] | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
) -> Study:
    """Start an evaluation that is fed video by video.

    Parameters
    ----------
    protocol, labels, rng, bootstrap, confidence_level
    """
    return Study(_task(protocol, labels), Bootstrap(bootstrap, confidence_level, rng))
