"""Scoring of temporal localization, by one protocol or by all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.recipe import Recipe
from overlap.evaluate.report import Report
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study
from overlap.evaluate.thresholds import parse_thresholds
from overlap.io.name_match import closest
from overlap.io.segments import MissingConfidenceError, SegmentTable
from overlap.pairing.segment_suppression import SegmentNms, named_rules

from ..digests import same_input
from ..reading import AS_IT_STANDS, Reading
from .every import together
from .measure import ambiguous_only
from .protocol import Protocol
from .protocols import PROTOCOLS, get_protocol
from .report import TemporalReport
from .suppression import suppressed, swept
from .task import TemporalTask

__all__ = ["by_protocols", "score", "study"]

#: Options that are easily misspelt, and would then be taken for fields of the protocol.
_OPTIONS = ("protocol", "subset", "ambiguous", "labels", "bootstrap", "confidence_level",
            "progress", "workers", "resume")  # fmt: skip
TIES = ("official", "stable", "expected")


def _task(
    protocol: str | Protocol,
    iou: Any,
    ties: str,
    labels: Iterable[str] | None,
    subset: str | None,
    fields: Mapping[str, Any],
    reading: Reading,
) -> TemporalTask:
    """Read the rules of an evaluation."""
    chosen = get_protocol(protocol)
    if fields:
        for name in fields:
            hint = closest(name, _OPTIONS)
            if hint and name not in vars(chosen):
                raise TypeError(f"temporal: there is no option or field {name!r}{hint}")
        chosen = chosen.with_fields(**fields)
    if iou is not None:
        chosen = replace(chosen, thresholds=parse_thresholds(iou))
    if ties not in TIES:
        raise ValueError(f"ties = {ties!r} is not one of {', '.join(map(repr, TIES))}")
    if labels is not None:
        if isinstance(labels, str):
            raise TypeError(f"labels = {labels!r} is one string; wanted a list of class names")
        labels = tuple(labels)
        twice = [label for label, count in Counter(labels).items() if count > 1]
        if twice or not labels:
            raise ValueError(f"labels: {twice[0]!r} appears twice" if twice else "labels is empty")
    return TemporalTask(chosen, ties, labels, subset, reading)


def _read(
    truth: Any, found: Any, ambiguous: Any, protocol: Protocol, reading: Reading
) -> dict[str, SegmentTable]:
    tables = {"truth": reading.table(truth, "truth")}
    tables["found"] = _found(tables["truth"], found, reading)
    if ambiguous is not None:
        if protocol.ambiguous_rows != "ignore":
            raise ValueError(
                f"protocol {protocol.name} does not use ambiguous intervals; leave ambiguous out, "
                "or set ambiguous_rows=ignore"
            )
        tables["ambiguous"] = ambiguous_only(reading.table(ambiguous, "ambiguous"), protocol)
    return reading.applied(tables)


def _found(truth: SegmentTable, found: Any, reading: Reading) -> SegmentTable:
    """Read the predictions."""
    try:
        return reading.table(found, "found")
    except MissingConfidenceError as error:
        if truth.confidence is None:
            raise
        raise ValueError(
            f"truth ({truth.source}) has confidences and found has none: the two look swapped; "
            "exchange them, or add confidences to found"
        ) from error


def score(
    *,
    truth: Any,
    found: Any,
    protocol: str | Protocol,
    iou: Any = None,
    subset: str | None = None,
    ambiguous: Any = None,
    ties: str = "official",
    labels: Iterable[str] | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    progress: bool | None = None,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    reading: Reading = AS_IT_STANDS,
    nms: Any = None,
    **fields: Any,
) -> TemporalReport:
    """Score predicted segments by one protocol, or by ``"all"``; see `overlap.evaluate.temporal`.

    Parameters
    ----------
    truth, found, protocol, iou, subset, ambiguous, ties, labels
    rng, bootstrap, confidence_level, progress, workers, resume, reading, **fields
    nms : str, SegmentNms, or iterable of these, optional
        Suppression of predictions before they are scored; ``"none,gaussian:0.5,gaussian:0.7"``
        scores each. See `overlap.pairing.segment_suppression.parse_nms`.
    """
    options: dict[str, Any] = {
        "bootstrap": Bootstrap(bootstrap, confidence_level, rng, progress=progress),
        "workers": workers,
        "progress": progress,
    }
    if protocol != "all":
        task = _task(protocol, iou, ties, labels, subset, fields, reading)
        tables = _read(truth, found, ambiguous, task.protocol, reading)
        if nms is None:
            return _with_recipe(run(task, tables, resume=resume, **options), task, tables)
        return _by_suppression(task, tables, named_rules(nms), resume, options)
    if nms is not None:
        raise ValueError("nms: needs one protocol, not all")
    return by_protocols(
        PROTOCOLS, truth=truth, found=found, iou=iou, subset=subset, ambiguous=ambiguous,
        ties=ties, labels=labels, resume=resume, fields=fields, reading=reading, **options,
    )  # fmt: skip


def _by_suppression(
    task: TemporalTask,
    tables: dict[str, SegmentTable],
    rules: Mapping[str, SegmentNms | None],
    resume: str | os.PathLike[str] | None,
    options: Mapping[str, Any],
) -> TemporalReport:
    """Score predictions after each of several ways to suppress them."""
    reports = {}
    for name, rule in rules.items():
        own = {**tables, "found": suppressed(tables["found"], tables["truth"], rule)}
        folder = None if resume is None else os.path.join(resume, name.replace(":", "_"))
        report = _with_recipe(run(task, own, resume=folder, **options), task, own)
        reports[name] = replace(report, settings={**report.settings, "nms": name})
    return swept(reports) if len(reports) > 1 else reports[name]


def by_protocols(
    protocols: Mapping[str, Protocol],
    *,
    truth: Any,
    found: Any,
    iou: Any = None,
    subset: str | None = None,
    ambiguous: Any = None,
    ties: str = "official",
    labels: Iterable[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
    fields: Mapping[str, Any] | None = None,
    reading: Reading = AS_IT_STANDS,
    **options: Any,
) -> TemporalReport:
    """Score by several protocols, as `score` does by one.

    Parameters
    ----------
    protocols : mapping from str to Protocol
        Rules by the name that stands before their numbers.
    truth, found, iou, subset, ambiguous, ties, labels, resume, fields, reading
        As for `score`. Protocols that do not use ambiguous intervals get none.
    **options
        Of `overlap.evaluate.runner.run`.

    Returns
    -------
    TemporalReport
        Table rows have a column ``protocol``; summary names begin with the protocol's.
    """
    labels = labels if labels is None or isinstance(labels, str) else tuple(labels)
    truth = reading.table(truth, "truth")
    if ambiguous is not None:
        ambiguous = reading.table(ambiguous, "ambiguous")
    reports = {}
    for name, protocol in protocols.items():
        task = _task(protocol, iou, ties, labels, subset, fields or {}, reading)
        used = ambiguous if task.protocol.ambiguous_rows == "ignore" else None
        # a table that was read is not read again
        found = found if isinstance(found, SegmentTable) else _found(truth, found, reading)
        tables = _read(truth, found, used, task.protocol, reading)
        folder = None if resume is None else os.path.join(resume, name)
        reports[name] = _with_recipe(run(task, tables, resume=folder, **options), task, tables)
    return together(reports)


def _with_recipe(
    report: Report, task: TemporalTask, tables: dict[str, SegmentTable]
) -> TemporalReport:
    """Return a report that can be computed again by other rules."""
    options = {"subset": task.subset, "ties": task.ties, "labels": task.labels}
    numbers = partial(_numbers, task.reading)
    recipe = Recipe(task.protocol, options, tables, numbers, same_input, {"subset": "truth"})
    return replace(report, recipe=recipe)  # type: ignore[return-value]


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


def study(
    *,
    protocol: str | Protocol = "activitynet",
    iou: Any = None,
    ties: str = "official",
    labels: Iterable[str] | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    reading: Reading = AS_IT_STANDS,
    **fields: Any,
) -> Study:
    """Start an evaluation that is fed set of videos by set of videos.

    Parameters
    ----------
    protocol, iou, ties, labels, rng, bootstrap, confidence_level, reading, **fields
    """
    reading.check_parts()
    task = _task(protocol, iou, ties, labels, None, fields, reading)
    return Study(task, Bootstrap(bootstrap, confidence_level, rng))
