"""Scoring of tubes by one protocol."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from overlap._common.values import same
from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.recipe import Recipe
from overlap.evaluate.report import Report
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study
from overlap.io.name_match import closest
from overlap.io.tube_files import as_tubes
from overlap.io.tubes import TubeTable

from .inputs import paired
from .protocol import TubeProtocol
from .protocols import PROTOCOLS
from .task import TubeTask

__all__ = ["score", "study"]

TIES = ("official", "stable", "expected")


def score(
    *,
    truth: Any,
    found: Any,
    protocol: str | TubeProtocol = "tubes_video_map",
    ties: str = "official",
    labels: Iterable[str] | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    progress: bool | None = None,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
) -> Report:
    """Score tubes by one protocol; see `overlap.evaluate.temporal`.

    Parameters
    ----------
    truth, found : path, mapping, DataFrame or TubeTable
        As `overlap.io.as_tubes` takes them.
    protocol : str or TubeProtocol
    ties : {"official", "stable", "expected"}
        Order of equal confidences.
    labels : iterable of str, optional
        Classes to use; by default those of the truth.
    rng, bootstrap, confidence_level, progress, workers, resume
        As for `overlap.evaluate.temporal`.
    """
    tables = {"truth": as_tubes(truth, role="truth"), "found": as_tubes(found)}
    options: dict[str, Any] = {
        "bootstrap": Bootstrap(bootstrap, confidence_level, rng, progress=progress),
        "workers": workers,
        "progress": progress,
    }
    return _by_one(_task(protocol, ties, labels), tables, resume=resume, **options)


def _task(protocol: str | TubeProtocol, ties: str, labels: Iterable[str] | None) -> TubeTask:
    if isinstance(protocol, str):
        if protocol not in PROTOCOLS:
            raise ValueError(
                f"there is no protocol {protocol!r}{closest(protocol, PROTOCOLS)}; known are "
                f"{', '.join(PROTOCOLS)}"
            )
        protocol = PROTOCOLS[protocol]
    if ties not in TIES:
        raise ValueError(f"ties = {ties!r} is not one of {', '.join(map(repr, TIES))}")
    if isinstance(labels, str):
        raise TypeError(f"labels = {labels!r} is one string; wanted a list of class names")
    return TubeTask(protocol, ties, None if labels is None else tuple(labels))


def _by_one(task: TubeTask, tables: Mapping[str, TubeTable], **options: Any) -> Report:
    truth, found = paired(task.protocol, tables["truth"], tables["found"], task.labels)
    report = run(task, {"truth": truth, "found": found}, **options)
    choices = {"ties": task.ties, "labels": task.labels}
    return replace(report, recipe=Recipe(task.protocol, choices, tables, _numbers, same))


def _numbers(
    protocol: TubeProtocol, options: Mapping[str, Any], inputs: Mapping[str, TubeTable]
) -> dict[str, float]:
    """Compute the numbers of an evaluation again."""
    task = TubeTask(protocol, **options)
    truth, found = paired(protocol, inputs["truth"], inputs["found"], task.labels)
    return dict(run(task, {"truth": truth, "found": found}, progress=False).items)


def study(
    *,
    protocol: str | TubeProtocol = "tubes_video_map",
    ties: str = "official",
    labels: Iterable[str] | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
) -> Study:
    """Start an evaluation that is fed set of videos by set of videos.

    Parameters
    ----------
    protocol, ties, labels, rng, bootstrap, confidence_level
        As for `score`.
    """
    return Study(_task(protocol, ties, labels), Bootstrap(bootstrap, confidence_level, rng))
