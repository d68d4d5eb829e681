"""Scoring of diarization."""

from __future__ import annotations

import os
from typing import Any

from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study

from ..reading import AS_IT_STANDS, Reading
from .protocol import DiarizationProtocol
from .report import SpeakerReport
from .task import SpeakerTask

__all__ = ["score", "study"]


def score(
    *,
    truth: Any,
    found: Any,
    protocol: DiarizationProtocol,
    uem: Any = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    progress: bool | None = None,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    reading: Reading = AS_IT_STANDS,
) -> SpeakerReport:
    """Score turns of speakers; see `overlap.evaluate.temporal`.

    Parameters
    ----------
    truth, found, protocol
    uem : path, mapping or EvaluationMap, optional
        Parts of recordings to evaluate: a UEM file, or starts and ends by recording.
    rng, bootstrap, confidence_level, progress, workers, resume, reading
    """
    task = SpeakerTask(protocol, reading)
    inputs = {"truth": truth, "found": found, "uem": uem}
    return run(  # type: ignore[return-value]
        task, inputs, bootstrap=Bootstrap(bootstrap, confidence_level, rng, progress=progress),
        workers=workers, resume=resume, progress=progress,
    )  # fmt: skip


def study(
    *,
    protocol: DiarizationProtocol,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    reading: Reading = AS_IT_STANDS,
) -> Study:
    """Start an evaluation that is fed recording by recording.

    Parameters
    ----------
    protocol, rng, bootstrap, confidence_level, reading
    """
    reading.check_parts()
    return Study(SpeakerTask(protocol, reading), Bootstrap(bootstrap, confidence_level, rng))
