"""Temporal scoring, by a protocol of any family."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, overload

from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.protocol import Rules
from overlap.evaluate.report import Report
from overlap.evaluate.several_reports import SeveralReports, together
from overlap.evaluate.study import Study
from overlap.evaluate.thresholds import parse_thresholds
from overlap.io.name_match import closest

from .families import FAMILIES, family_of
from .family import READING_FIELDS, Family
from .reading import Reading
from .recipe import with_recipe
from .stored import stored_options

if TYPE_CHECKING:
    from .localization.protocol import Protocol
    from .localization.report import TemporalReport

__all__ = ["temporal", "temporal_study"]


@overload
def temporal(
    *,
    truth: Any,
    found: Any,
    protocol: Literal["activitynet", "opentad", "thumos14", "thumos14_updated", "all"]
    | Protocol = "activitynet",
    **options: Any,
) -> TemporalReport: ...
@overload
def temporal(*, truth: Any, found: Any, protocol: str | Rules, **options: Any) -> Report: ...
def temporal(
    *,
    truth: Any,
    found: Any,
    protocol: str | Rules = "activitynet",
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
    **options: Any,
) -> Report:
    """Score predicted segments of videos against annotated ones.

    Parameters
    ----------
    truth, found : path, mapping, DataFrame or SegmentTable
        Annotations, and predictions with confidences; see `overlap.io.as_segments`. What other
        families than localization read is on the page of their protocols. Either all
        have seconds, or all have datetimes, with a time zone or without.
    protocol : str or Rules
        Rules, by name (``overlap.evaluate.TEMPORAL_PROTOCOLS``) or as a value. ``"all"`` gives one
        report with the numbers of every protocol of localization under names such as
        ``opentad mAP``, ``"all:FAMILY"`` that of another family.
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
    **options
        Options of the family of the protocol, and fields of the protocol to change. Where a
        family reads labelled segments, also those of reading: ``videos`` and ``exclude`` (a file
        or list of videos to use or to leave out, on both sides), ``names`` (rules that repair
        names), ``columns``, ``fps`` (times are frames) and ``clip`` (to the durations of videos).

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
    if ties != "official":
        options["ties"] = ties
    labels = tuple(labels) if isinstance(labels, Iterator) else labels
    given = {"iou": iou, "subset": subset, "ambiguous": ambiguous, "labels": labels}
    options |= {name: value for name, value in given.items() if value is not None}
    name, rules = family_of(protocol)
    family = FAMILIES[name].FAMILY
    chosen, own = _split(name, rules, options, family.names(study=False))
    how: dict[str, Any] = {
        "bootstrap": Bootstrap(bootstrap, confidence_level, rng, progress=progress),
        "workers": workers,
        "progress": progress,
        "resume": resume,
    }
    if isinstance(chosen, Rules):
        _refuse_idle(family, chosen, own)
        report = _by_one(family, chosen, truth, found, own, **how)
    elif family.every is not None:
        report = family.every(truth, found, own, **how)
    else:
        report = _by_every(name, truth, found, own, **how)
    settings = dict(report.settings)
    if not family.states_options:
        stated = {option: value for option, value in options.items()
                  if option in (*own, *READING_FIELDS)}  # fmt: skip
        if stated:
            settings["options"] = stored_options(stated)
    if own.get("reading"):
        settings.setdefault("reading", own["reading"].settings())
    return replace(report, settings=settings)


def _refuse_idle(family: Family, rules: Rules, options: Mapping[str, Any]) -> None:
    """Raise if an option was given that moves no number of a protocol."""
    for one in family.options:
        if options.get(one.name) is not None and isinstance(rules, one.idle):
            raise ValueError(
                f"{one.name} (--{one.name}) changes no number of the protocol {rules.name}; leave "
                "it out"
            )


def _by_one(
    family: Family,
    rules: Rules,
    truth: Any,
    found: Any,
    options: Mapping[str, Any],
    **how: Any,
) -> Report:
    """Score by one protocol."""
    task = family.task(rules, options)
    report = family.run(task, family.inputs(truth, found, options), **how)
    return with_recipe(report, family, rules, truth, found, options)


def _by_every(
    name: str, truth: Any, found: Any, options: Mapping[str, Any], resume: Any, **how: Any
) -> Report:
    """Score by every protocol of a family that scores the same inputs."""
    family, reports = FAMILIES[name].FAMILY, {}
    for protocol, rules in (family.alike or FAMILIES[name].PROTOCOLS).items():
        folder = None if resume is None else os.path.join(resume, protocol)
        try:
            reports[protocol] = _by_one(family, rules, truth, found, options, resume=folder, **how)
        except ValueError as error:
            raise ValueError(f"all:{name}, protocol {protocol}: {error}") from error
    report: Report = together(reports, SeveralReports)
    return report


def temporal_study(
    *,
    protocol: str | Rules = "activitynet",
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    **options: Any,
) -> Study:
    """Start an evaluation that is fed set of videos by set of videos.

    Parameters
    ----------
    protocol, rng, bootstrap, confidence_level, **options
        As for `temporal`.

    Returns
    -------
    Study
        ``study.update(key, truth=..., found=..., ambiguous=None)`` takes whole videos, as
        `temporal` does; `Study.compute` computes the report. Ties follow the order of the
        keys, then that of the rows.
    """
    name, rules = family_of(protocol)
    family = FAMILIES[name].FAMILY
    chosen, options = _split(name, rules, options, family.names(study=True))
    if not isinstance(chosen, Rules):
        known = FAMILIES[name].PROTOCOLS
        raise ValueError(f"there is no protocol {protocol!r}; known are {', '.join(known)}")
    if "reading" in options:
        options["reading"].check_parts()
    return Study(family.task(chosen, options), Bootstrap(bootstrap, confidence_level, rng))


def _split(
    family: str, rules: str | Rules, options: Mapping[str, Any], known: list[str]
) -> tuple[str | Rules, dict[str, Any]]:
    """Tell options of a family from fields of its protocol, which are changed."""
    fields = [] if isinstance(rules, str) else [entry.name for entry in dataclasses.fields(rules)]
    own, changed, reading = {}, {}, {}
    for name, value in options.items():
        if name == "iou" and "thresholds" in fields:
            rules = replace(rules, thresholds=parse_thresholds(value))  # type: ignore[type-var]
        elif name in READING_FIELDS and name in known:
            reading[name] = value
        elif name in known:
            own[name] = value
        elif name not in fields and (isinstance(rules, str) or closest(name, known)):
            there = [*known, *fields[2:]]
            raise TypeError(
                f"temporal: there is no option or field {name!r}{closest(name, known)}; protocols "
                f"of {family} have {', '.join(there)}"
            )
        else:
            changed[name] = value
    if reading:
        own["reading"] = Reading(**reading)
    if changed and isinstance(rules, Rules):
        rules = rules.with_fields(**changed)
    return rules, own
