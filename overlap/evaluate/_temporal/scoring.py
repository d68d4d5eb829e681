"""Running of the tasks of segments that match by their IoU, for their families."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from functools import partial
from typing import Any

from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.recipe import Recipe
from overlap.evaluate.report import Report
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study
from overlap.io.segments import SegmentTable

from .digests import same_input
from .near import NearTask

__all__ = ["scored", "studied"]


def scored(
    task: NearTask,
    truth: Any,
    found: Any,
    bootstrap: Bootstrap,
    *,
    progress: bool | None = None,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
) -> Report:
    """Score two inputs by a task, so that they can be scored again by other rules.

    Parameters
    ----------
    task : NearTask
    truth, found : path, mapping, DataFrame or SegmentTable
    bootstrap : Bootstrap
    progress, workers, resume
        Of `overlap.evaluate.runner.run`.
    """
    tables = task.reading.tables(truth, found, ranked=task.ranked)
    report = run(
        task, tables, bootstrap=bootstrap, progress=progress, workers=workers, resume=resume
    )
    numbers = partial(_numbers, task)
    options = {"subset": task.subset}
    recipe = Recipe(task.protocol, options, tables, numbers, same_input, {"subset": "truth"})
    return dataclasses.replace(report, recipe=recipe)


def _numbers(
    task: NearTask, rules: Any, options: Mapping[str, Any], inputs: Mapping[str, SegmentTable]
) -> dict[str, float]:
    """Compute the numbers of an evaluation again."""
    again = dataclasses.replace(task, protocol=rules, **options)
    return dict(run(again, dict(inputs), progress=False).items)


def studied(task: NearTask, bootstrap: Bootstrap) -> Study:
    """Start a study of a task.

    Parameters
    ----------
    task : NearTask
    bootstrap : Bootstrap
    """
    task.reading.check_parts()
    return Study(task, bootstrap)
