"""The family of temporal localization: by one protocol, by several, and after suppression."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from overlap.evaluate.recipe import Recipe
from overlap.evaluate.runner import run
from overlap.evaluate.thresholds import parse_thresholds
from overlap.io.segments import SegmentTable
from overlap.pairing.segment_suppression import named_rules

from ..digests import same_input
from ..family import Family
from ..options import READING, SUBSET, TIES, Option, class_names
from ..reading import AS_IT_STANDS, Reading
from .protocol import Protocol
from .protocols import PROTOCOLS
from .reading import read_found, read_inputs
from .report import TemporalReport
from .several_reports import together
from .suppression import suppressed, swept
from .task import TemporalTask

__all__ = ["FAMILY", "by_protocols", "evaluated"]


def evaluated(
    task: TemporalTask,
    inputs: Mapping[str, Any],
    *,
    resume: str | os.PathLike[str] | None = None,
    **how: Any,
) -> TemporalReport:
    """Evaluate inputs by the rules of a task, perhaps after suppression.

    Parameters
    ----------
    task : TemporalTask
    inputs : mapping
        ``truth`` and ``found``, perhaps ``ambiguous`` and ``nms``.
    resume, **how
        As for `overlap.evaluate.runner.run`.
    """
    sides = {role: given for role, given in inputs.items() if role != "nms"}
    tables = read_inputs(task.protocol, task.reading, **sides)
    if "nms" not in inputs:
        return _of_tables(task, tables, resume=resume, **how)
    reports = {}
    for name, rule in named_rules(inputs["nms"]).items():
        own = {**tables, "found": suppressed(tables["found"], tables["truth"], rule)}
        folder = None if resume is None else os.path.join(resume, name.replace(":", "_"))
        report = _of_tables(task, own, resume=folder, **how)
        reports[name] = replace(report, settings={**report.settings, "nms": name})
    return swept(reports) if len(reports) > 1 else reports[name]


def by_protocols(
    truth: Any,
    found: Any,
    options: Mapping[str, Any],
    *,
    protocols: Mapping[str, Protocol] = PROTOCOLS,
    resume: str | os.PathLike[str] | None = None,
    **how: Any,
) -> TemporalReport:
    """Evaluate inputs, which are read once, by several protocols.

    Parameters
    ----------
    truth, found : path, mapping, DataFrame or SegmentTable
    options : mapping
        Protocols that do not use ambiguous intervals get none.
    protocols : mapping from str to Protocol
        Rules by the name that stands before their numbers.
    resume, **how
        As for `overlap.evaluate.runner.run`.

    Returns
    -------
    TemporalReport
        Table rows have a column ``protocol``; summary names begin with the protocol's.
    """
    if options.get("nms") is not None:
        raise ValueError("nms: needs one protocol, not all")
    iou, options = options.get("iou"), {x: y for x, y in options.items() if x != "iou"}
    reading, ambiguous = options.get("reading", AS_IT_STANDS), options.get("ambiguous")
    truth = reading.table(truth, "truth")
    if ambiguous is not None:
        ambiguous = reading.table(ambiguous, "ambiguous")
    reports = {}
    for name, rules in protocols.items():
        if iou is not None:
            rules = replace(rules, thresholds=parse_thresholds(iou))
        task: Any = FAMILY.task(rules, options)
        used = ambiguous if rules.ambiguous_rows == "ignore" else None
        # a table that was read is not read again
        found = found if isinstance(found, SegmentTable) else read_found(reading, truth, found)
        tables = read_inputs(rules, reading, truth, found, used)
        folder = None if resume is None else os.path.join(resume, name)
        reports[name] = _of_tables(task, tables, resume=folder, **how)
    return together(reports)


def _of_tables(
    task: TemporalTask, tables: Mapping[str, SegmentTable], **how: Any
) -> TemporalReport:
    """Return the report on tables, which can be computed again by other rules."""
    options = {"subset": task.subset, "ties": task.ties, "labels": task.labels}
    numbers = partial(_numbers, task.reading)
    recipe = Recipe(task.protocol, options, tables, numbers, same_input, {"subset": "truth"})
    return replace(run(task, tables, **how), recipe=recipe)  # type: ignore[return-value]


def _numbers(
    reading: Reading,
    protocol: Protocol,
    options: Mapping[str, Any],
    inputs: Mapping[str, SegmentTable],
) -> dict[str, float]:
    """Compute the numbers of an evaluation again."""
    left_out = () if protocol.ambiguous_rows == "ignore" else ("ambiguous",)
    tables = {role: table for role, table in inputs.items() if role not in left_out}
    task = TemporalTask(protocol, **options, reading=reading)
    return dict(run(task, tables, progress=False).items)


def _classes(labels: Iterable[str]) -> tuple[str, ...]:
    names = class_names(labels)
    twice = [label for label, count in Counter(names).items() if count > 1]
    if twice or not names:
        raise ValueError(f"labels: {twice[0]!r} appears twice" if twice else "labels is empty")
    return names


FAMILY = Family(
    {Protocol: TemporalTask},
    (
        Option("iou"),  # of one protocol, they are its thresholds
        SUBSET,
        Option("ambiguous", is_input=True),
        TIES,
        Option("labels", _classes),
        READING,
        Option("nms", is_input=True),
    ),
    run=evaluated,
    every=by_protocols,
    states_options=True,
)
