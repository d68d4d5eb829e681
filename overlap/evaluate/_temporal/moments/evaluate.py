"""Scoring of moments."""

from __future__ import annotations

import os
from typing import Any

from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.report import Report
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study
from overlap.io.moments import as_moments

from .highlights import HighlightTask
from .protocols import HighlightRules, MomentRules
from .retrieval import RetrievalTask
from .task import MomentTask

__all__ = ["score", "study"]


def score(
    *,
    truth: Any,
    found: Any,
    protocol: MomentRules | HighlightRules,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    progress: bool | None = None,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
) -> Report:
    """Score predicted windows of queries; see `overlap.evaluate.temporal`.

    Parameters
    ----------
    truth, found, protocol
    rng, bootstrap, confidence_level, progress, workers, resume
    """
    drawn = Bootstrap(bootstrap, confidence_level, rng, progress=progress)
    task = _task(protocol)
    tables = {role: as_moments(given, role=role) for role, given in
              (("truth", truth), ("found", found))}  # fmt: skip
    return run(task, tables, bootstrap=drawn, progress=progress, workers=workers, resume=resume)


def study(
    *,
    protocol: MomentRules | HighlightRules,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
) -> Study:
    """Start an evaluation that is fed set of queries by set of queries.

    Parameters
    ----------
    protocol, rng, bootstrap, confidence_level
    """
    return Study(_task(protocol), Bootstrap(bootstrap, confidence_level, rng))


def _task(rules: MomentRules | HighlightRules) -> MomentTask:
    return RetrievalTask(rules) if isinstance(rules, MomentRules) else HighlightTask(rules)
