"""Scoring of sound events."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from overlap.evaluate._temporal.reading import Reading
from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.report import Report
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study
from overlap.io._paths import natural_key
from overlap.io.durations import as_durations
from overlap.io.segments import SegmentTable

from .protocol import CountRules, PsdsRules
from .protocols import PROTOCOLS
from .task import PsdsTask, SoundTask

__all__ = ["score", "study"]


def _task(protocol: str | CountRules, labels: Iterable[str] | None) -> SoundTask:
    rules = PROTOCOLS[protocol] if isinstance(protocol, str) else protocol
    if isinstance(labels, str):
        raise TypeError(f"labels = {labels!r} is one string; wanted a list of class names")
    named = None if labels is None else tuple(dict.fromkeys(labels))
    if isinstance(rules, PsdsRules):
        return PsdsTask(rules, named)
    return SoundTask(rules, named)


def _points(found: Any) -> list[Any]:
    """Return the predictions of each operating point."""
    if isinstance(found, list | tuple):
        if not found:
            raise ValueError("found: is an empty list; wanted the predictions of one or more "
                             "operating points")  # fmt: skip
        return list(found)
    if isinstance(found, str | os.PathLike) and Path(found).is_dir():
        files = [
            path for path in Path(found).iterdir()
            if path.is_file() and not path.name.startswith(".")
        ]  # fmt: skip
        if not files:
            raise ValueError(
                f"{found}: the folder has no files; wanted one file of predictions for each "
                "operating point"
            )
        return sorted(files, key=lambda path: natural_key(path.name))
    return [found]


def _read(truth: Any, found: Any, reading: Reading | None) -> dict[str, Any]:
    """Read both sides; every operating point by itself."""
    how = reading or Reading()
    points = _points(found)
    truths: SegmentTable | None = None
    tables, notes, findings = [], list[str](), list[str]()
    for point in points:
        sides = how.tables(truth if truths is None else truths, point, ranked=False)
        truths = sides["truth"]
        tables.append(sides["found"])
        for table in sides.values():
            notes += table.notes
            findings += table.findings
    assert truths is not None
    return {
        "truth": truths,
        "found": tables,
        "notes": list(dict.fromkeys(notes)),
        "findings": list(dict.fromkeys(findings)),
        "reading": reading,
    }


def score(
    *,
    truth: Any,
    found: Any,
    protocol: str | CountRules,
    durations: Any = None,
    labels: Iterable[str] | None = None,
    reading: Reading | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    progress: bool | None = None,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
) -> Report:
    """Score sound events; see `overlap.evaluate.temporal`.

    Parameters
    ----------
    truth : path, mapping, DataFrame or SegmentTable
    found : the same, or a list or folder of them
        Several are operating points of PSDS.
    protocol : CountRules
    durations : path or mapping, optional
        Seconds of recordings; see `overlap.io.durations.as_durations`.
    labels : iterable of str, optional
        Classes to score; by default all of both sides.
    reading : Reading, optional
    rng, bootstrap, confidence_level, progress, workers, resume
    """
    task = _task(protocol, labels)
    inputs = _read(truth, found, reading)
    if len(inputs["found"]) > 1 and not isinstance(task, PsdsTask):
        raise ValueError(
            f"found: has {len(inputs['found'])} sets of predictions; {task.protocol.name} scores "
            "one"
        )
    if durations is not None:
        inputs["durations"] = as_durations(durations)
    return run(
        task,
        inputs,
        bootstrap=Bootstrap(bootstrap, confidence_level, rng, progress=progress),
        workers=workers,
        resume=resume,
        progress=progress,
    )


def study(
    *,
    protocol: str | CountRules,
    labels: Iterable[str] | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
) -> Study:
    """Start an evaluation that is fed recordings by recordings.

    ``study.update(key, truth=..., found=..., durations=...)`` takes whole recordings, as
    `overlap.evaluate.temporal` does.

    Parameters
    ----------
    protocol : CountRules
    labels, rng, bootstrap, confidence_level
    """
    return Study(_task(protocol, labels), Bootstrap(bootstrap, confidence_level, rng))
