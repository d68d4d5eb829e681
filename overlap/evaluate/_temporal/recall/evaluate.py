"""Recall of the best predictions."""

from __future__ import annotations

import os
from typing import Any

from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.report import Report
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study

from ..reading import AS_IT_STANDS, Reading
from .kx import KxTask
from .proposals import ProposalTask
from .protocols import KxRules, ProposalRules

__all__ = ["score", "study"]


def score(
    *,
    truth: Any,
    found: Any,
    protocol: ProposalRules | KxRules,
    subset: str | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    progress: bool | None = None,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    reading: Reading = AS_IT_STANDS,
) -> Report:
    """Recall of predictions; see `overlap.evaluate.temporal`.

    Parameters
    ----------
    truth, found, protocol, subset
    rng, bootstrap, confidence_level, progress, workers, resume, reading
    """
    drawn = Bootstrap(bootstrap, confidence_level, rng, progress=progress)
    task = _task(protocol, subset, reading)
    tables = reading.tables(truth, found, ranked=task.ranked, labelled=protocol.classes == "labels")
    return run(task, tables, bootstrap=drawn, progress=progress, workers=workers, resume=resume)


def study(
    *,
    protocol: ProposalRules | KxRules,
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
    return Study(_task(protocol, None, reading), Bootstrap(bootstrap, confidence_level, rng))


def _task(rules: ProposalRules | KxRules, subset: str | None, reading: Reading) -> Any:
    if isinstance(rules, ProposalRules):
        return ProposalTask(rules, subset, reading)
    return KxTask(rules, subset, reading)
