"""`overlap.evaluate.temporal`: the detection task of temporal localization."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from overlap.evaluate.bootstrap import Seed, checked_draws
from overlap.evaluate.study import Study
from overlap.evaluate.thresholds import parse_thresholds
from overlap.io.name_match import closest
from overlap.io.segments import MissingConfidenceError, SegmentTable, as_segments

from .evidence import TemporalEvidence
from .finalise import Finalise
from .measure import Measure, ambiguous_only
from .protocol import Protocol
from .protocols import get_protocol
from .report import TemporalReport

__all__ = ["temporal", "temporal_study"]

#: Options that are easily misspelt, and would then be taken for fields of the protocol.
_OPTIONS = ("protocol", "subset", "ambiguous", "labels", "bootstrap", "confidence_level",
            "progress", "workers")  # fmt: skip
TIES = ("official", "stable", "expected")


def _resolve(
    protocol: str | Protocol, iou: Any, fields: dict[str, Any], ties: str, labels: Any
) -> tuple[Protocol, tuple[str, ...] | None]:
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
    return chosen, labels


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


def _blocks(tables: dict[str, SegmentTable], workers: int) -> dict[int, dict[str, Any]]:
    """Split tables into blocks of whole videos that know their rows' places."""
    truth, found = tables["truth"], tables["found"]
    names = list(dict.fromkeys([*truth.videos, *found.videos]))
    count = min(len(names), 4 * workers) or 1
    block = {name: k * count // len(names) for k, name in enumerate(names)}
    result: dict[int, dict[str, Any]] = {}
    for k in range(count):
        item: dict[str, Any] = {}
        places = []
        for role, table in tables.items():
            inside = np.array([block.get(name, -1) == k for name in table.videos], dtype=bool)
            rows = np.flatnonzero(inside[table.video]) if len(table) else np.empty(0, np.int64)
            part = table.select(rows)
            kept = np.cumsum(inside) - 1
            item[role] = replace(
                part,
                video=kept[part.video],
                videos=tuple(name for name, k in zip(table.videos, inside, strict=True) if k),
                subset=tuple(name for name, k in zip(table.subset, inside, strict=True) if k),
                duration=table.duration[inside],
                origin=None if table.origin is None else table.origin[inside],
            )
            places.append(rows)
        item["places"] = tuple(places[:2])
        result[k] = item
    return result


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
        ``"expected"``: the mean over 100 random orders (`matches` and intervals are then
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
        Processes that find candidate pairs; the result does not depend on it.
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
    if protocol == "all":
        from .every import every_protocol

        return every_protocol(
            truth=truth, found=found, iou=iou, subset=subset, ambiguous=ambiguous, ties=ties,
            labels=labels, rng=rng, bootstrap=bootstrap, confidence_level=confidence_level,
            progress=progress, workers=workers, **fields,
        )  # fmt: skip
    chosen, kept = _resolve(protocol, iou, fields, ties, labels)
    tables = _read(truth, found, ambiguous, chosen)
    # `explain` walks from one set of rules to another on the same input.
    inputs = {**tables, "protocol": chosen, "ties": ties, "labels": kept, "subset": subset}
    if subset is not None:
        tables["truth"] = tables["truth"].of_subset(subset)
    finalise = Finalise(
        chosen, ties, kept, subset, checked_draws(bootstrap, confidence_level), confidence_level,
        rng, progress, whole=workers != 1,
    )  # fmt: skip
    study = Study(measure=Measure(chosen, min(chosen.thresholds)), finalise=finalise)
    if workers == 1:
        report = study.add(0, **tables).report()
    else:
        blocks = _blocks(tables, abs(workers))
        report = study.add_all(blocks, workers=workers, progress=progress).report()
    assert isinstance(report.evidence, TemporalEvidence)
    return replace(report, evidence=replace(report.evidence, inputs=inputs))


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
        ``study.add(key, truth=..., found=..., ambiguous=None)`` takes whole videos, as
        `temporal` does; `Study.report` computes the report. Ties follow the order of the
        keys, then that of the rows.
    """
    chosen, kept = _resolve(protocol, iou, fields, ties, labels)
    finalise = Finalise(
        chosen, ties, kept, None, checked_draws(bootstrap, confidence_level), confidence_level, rng
    )
    return Study(measure=Measure(chosen, min(chosen.thresholds)), finalise=finalise)
