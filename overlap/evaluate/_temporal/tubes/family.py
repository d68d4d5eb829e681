"""The family of tubes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from overlap._common.values import same
from overlap.evaluate.recipe import Recipe
from overlap.evaluate.report import Report
from overlap.evaluate.runner import run
from overlap.io.tube_files import as_tubes
from overlap.io.tubes import TubeTable

from ..family import Family
from ..options import TIES, Option, class_names
from .protocol import TubeProtocol
from .protocols import ALIKE
from .task import TubeTask

__all__ = ["FAMILY"]


def _run(task: TubeTask, inputs: Mapping[str, Any], **how: Any) -> Report:
    """Evaluate tubes, which are not read again for other rules."""
    tables = {"truth": as_tubes(inputs["truth"], role="truth"), "found": as_tubes(inputs["found"])}
    report = run(task, tables, **how)
    choices = {"ties": task.ties, "labels": task.labels}
    return replace(report, recipe=Recipe(task.protocol, choices, tables, _numbers, same))


def _numbers(
    protocol: TubeProtocol, options: Mapping[str, Any], inputs: Mapping[str, TubeTable]
) -> dict[str, float]:
    """Compute the numbers of an evaluation again."""
    return dict(run(TubeTask(protocol, **options), inputs, progress=False).items)


FAMILY = Family(
    {TubeProtocol: TubeTask}, (TIES, Option("labels", class_names)), alike=ALIKE, run=_run
)
