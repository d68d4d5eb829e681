"""Scoring of temporal localization, by one protocol or by all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study
from overlap.evaluate.thresholds import parse_thresholds
from overlap.io.name_match import closest
from overlap.io.segments import MissingConfidenceError, SegmentTable, as_segments

from .every import together
from .measure import ambiguous_only
from .protocol import Protocol
from .protocols import PROTOCOLS, get_protocol
from .report import TemporalReport
from .task import TemporalTask

__all__ = ["by_protocols", "temporal", "temporal_study"]

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
    return TemporalTask(chosen, ties, labels, subset)


def _read(truth: Any, found: Any, ambiguous: Any, protocol: Protocol) -> dict[str, SegmentTable]:
    tables = {"truth": as_segments(truth, role="truth")}
    try:
        tables["found"] = as_segments(found, role="found")
    except MissingConfidenceError as error:
        if tables["truth"].confidence is None:
            raise
        raise ValueError(
            f"truth ({tables['truth'].source}) has confidences and found has none: the two look "
            "swapped; exchange them, or add confidences to found"
        ) from error
    if ambiguous is not None:
        if protocol.ambiguous_rows != "ignore":
            raise ValueError(
                f"protocol {protocol.name} does not use ambiguous intervals; leave ambiguous out, "
                "or set ambiguous_rows=ignore"
            )
        tables["ambiguous"] = ambiguous_only(ambiguous, protocol)
    return tables


def temporal(
    *,
    truth: Any,
    found: Any,
    protocol: str | Protocol = "activitynet",
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
    **fields: Any,
) -> TemporalReport:
    """Score predicted segments of videos against annotated ones.

    Parameters
    ----------
    truth, found : path, mapping, DataFrame or SegmentTable
        Annotations, and predictions with confidences; see `overlap.io.as_segments`. Either all
        have seconds, or all have datetimes, with a time zone or without.
    protocol : str or Protocol
        Rules, by name (``overlap.evaluate.PROTOCOLS``) or as a value; ``"all"`` gives one
        report with the numbers of every protocol under names such as ``opentad mAP``.
    iou : str, float or iterable of float, optional
        Thresholds, as numbers or ``"0.3:0.7:0.1"``; by default the protocol's.
    subset : str, optional
        Truth videos to use; by default all. Predictions are not filtered: those for
        other videos count as the protocol says.
    ambiguous : path, mapping, DataFrame or SegmentTable, optional
        Rows with the protocol's ambiguous label are added to those of the truth.
    ties : {"official", "stable", "expected"}
        Order of equal confidences and equal IoUs. ``"official"``: as the evaluator's
        program leaves them, on this machine and NumPy. ``"stable"``: as in the file.
        ``"expected"``: the exact mean over all orders; for classes in which the order of equals
        decides who matches what, that over 100 random ones (`matches` and intervals are then
        those of ``"stable"``).
    labels : iterable of str, optional
        Classes of the mean; by default those of the truth.
    rng : int, Generator, SeedSequence or None
        Source of randomness of the bootstrap.
    bootstrap : int
        Number of resamples of videos, 50 or more; 0 for no intervals. Of fewer than five there are
        none.
    confidence_level : float
        Of the intervals, in (0, 1).
    progress : bool, optional
        Show a bar; by default on a terminal only.
    workers : int
        Number of processes that find candidate pairs, through joblib; -1 for all processors. No
        number depends on it.
    resume : path, optional
        Folder for the pairs of blocks of videos. A run that was interrupted continues; blocks that
        have changed are measured again.
    **fields
        Fields of the protocol to change; see `Protocol`.

    Returns
    -------
    TemporalReport
        Its summary has ``mAP`` (mean over thresholds), ``mAP@0.50`` ..., ``mAP tie low``
        and ``mAP tie high``, and ends of bootstrap intervals. The tie range is the
        smallest and largest mAP over orders of ties: in each run of equal confidence all
        true or all false positives come first, for the reported order, the file's, its
        reverse, and 16 random matchings. It is exact where equal confidences are in
        different videos and no prediction has two truths of equal IoU; elsewhere the
        true range may be a little wider. Where truths choose (``thumos14``), the order of
        their rows moves the result as ties do, and is in the range: of a class with up to 24
        orders all are tried, otherwise the reverse, two by confidence and 16 random ones.
        ``settings["tie_range"]["all_orders"]`` says whether nothing else could come out.

    Raises
    ------
    ValueError
        If the input is bad, a name is unknown, or truth and found look swapped.

    Examples
    --------
    >>> import pandas as pd
    >>> from overlap import evaluate
    >>> truth = pd.DataFrame(
    ...     {"video": ["a", "b"], "label": "jump", "start": [0.0, 5.0], "stop": [4.0, 9.0]}
    ... )
    >>> found = truth.assign(stop=[3.0, 6.0], score=[0.9, 0.8])
    >>> report = evaluate.temporal(truth=truth, found=found, iou=[0.5, 0.8])
    >>> report.summary["mAP"], report.summary["mAP@0.50"]
    (np.float64(0.25), np.float64(0.5))
    """
    options: dict[str, Any] = {
        "bootstrap": Bootstrap(bootstrap, confidence_level, rng, progress=progress),
        "workers": workers,
        "progress": progress,
    }
    if protocol != "all":
        task = _task(protocol, iou, ties, labels, subset, fields)
        return run(task, _read(truth, found, ambiguous, task.protocol), resume=resume, **options)  # type: ignore[return-value]
    return by_protocols(
        PROTOCOLS, truth=truth, found=found, iou=iou, subset=subset, ambiguous=ambiguous,
        ties=ties, labels=labels, resume=resume, fields=fields, **options,
    )  # fmt: skip


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
    **options: Any,
) -> TemporalReport:
    """Score by several protocols, as `temporal` does by one.

    Parameters
    ----------
    protocols : mapping from str to Protocol
        Rules by the name that stands before their numbers.
    truth, found, iou, subset, ambiguous, ties, labels, resume, fields
        As for `temporal`. Protocols that do not use ambiguous intervals get none.
    **options
        Of `overlap.evaluate.runner.run`.

    Returns
    -------
    TemporalReport
        Table rows have a column ``protocol``; summary names begin with the protocol's.
    """
    labels = labels if labels is None or isinstance(labels, str) else tuple(labels)
    truth = as_segments(truth, role="truth")
    if ambiguous is not None:
        ambiguous = as_segments(ambiguous, role="ambiguous")
    reports = {}
    for name, protocol in protocols.items():
        task = _task(protocol, iou, ties, labels, subset, fields or {})
        used = ambiguous if task.protocol.ambiguous_rows == "ignore" else None
        tables = _read(truth, found, used, task.protocol)
        found = tables["found"]
        folder = None if resume is None else os.path.join(resume, name)
        reports[name] = run(task, tables, resume=folder, **options)
    return together(reports)  # type: ignore[arg-type]


def temporal_study(
    *,
    protocol: str | Protocol = "activitynet",
    iou: Any = None,
    ties: str = "official",
    labels: Iterable[str] | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    **fields: Any,
) -> Study:
    """Start an evaluation that is fed set of videos by set of videos.

    Parameters
    ----------
    protocol, iou, ties, labels, rng, bootstrap, confidence_level, **fields
        As for `temporal`.

    Returns
    -------
    Study
        ``study.update(key, truth=..., found=..., ambiguous=None)`` takes whole videos, as
        `temporal` does; `Study.compute` computes the report. Ties follow the order of the
        keys, then that of the rows.
    """
    task = _task(protocol, iou, ties, labels, None, fields)
    return Study(task, Bootstrap(bootstrap, confidence_level, rng))
