"""`overlap.evaluate.segmentation`: label volumes against true ones."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from overlap._common.decimals import as_meant
from overlap.evaluate.bootstrap import INTERVALS, Bootstrap, Seed
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study
from overlap.io.label_names import LabelSet, parse_labels, read_labels
from overlap.labels.surfaces import Convention
from overlap.labels.surfaces.conventions import as_convention
from overlap.scores.score import Score

from .empties import Empty, as_empty
from .measure import Measure
from .metrics import DEFAULT_METRICS, Metric, chosen_metrics
from .objects import ObjectRules
from .report import SegmentationReport
from .surfaces import SurfaceRules
from .task import Segmentation

__all__ = ["segmentation", "segmentation_study"]

Groups = dict[str, tuple[int, ...]]
_NUMBERS = re.compile(r" *-?[0-9]+ *(, *-?[0-9]+ *)*")


def segmentation(
    *,
    truth: Any,
    found: Any,
    labels: Any = None,
    metrics: str | Iterable[str | Score | Metric] = DEFAULT_METRICS,
    ignore: int | Sequence[int] | None = None,
    strata: Any = None,
    missing: float | Literal["worst"] | None = None,
    failed: Literal["leave_out", "worst", "error"] = "leave_out",
    empty: str | Empty = "default",
    bootstrap: int = 0,
    interval: Literal["studentised", "exact"] = "studentised",
    confidence_level: float = 0.95,
    rng: Seed = 0,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    tolerance: float = 1e-3,
    spacing: Sequence[float] | None = None,
    pattern: str | tuple[str, str] | None = None,
    soft: bool | Literal["minmax", "product", "squared"] = False,
    scale: float | tuple[float | None, float | None] | None = None,
    instances: Literal["components", "labels"] = "components",
    connectivity: int | None = None,
    at_least: float = 0.5,
    challenge: Literal["GLI", "SSA", "PED", "MEN", "MET"] = "GLI",
    surface: str | Convention = "metrics-reloaded",
    reorient: bool = False,
    progress: bool | None = None,
) -> SegmentationReport:
    """Score segmentations against true ones, case by case and label by label.

    Parameters
    ----------
    truth, found : path, array_like, image, Volume, mapping, or list of these
        Two folders, two mappings from case to volume, two lists of volumes in the same order, or
        one case: two files, two arrays, or two images of SimpleITK, ITK or nibabel, which are
        read with their grid.
    labels : path, str, mapping, sequence of int, or LabelSet, optional
        Labels that are scored. ``"1=liver,2=tumor,whole=1+2"``, or ``"1,2"``; a ``dataset.json``
        or CSV file (see `overlap.io.read_labels`), and then labels that it does not name are
        errors; a mapping from name to labels; or numbers. By default every label that occurs and
        is not ignored, by its number.
    metrics : iterable of str, Score or Metric
        Names in `METRICS`, or ratios such as ``ov.tversky(alpha=0.3, beta=0.7)``.
    ignore : int or sequence of int, optional
        Labels of the truth whose voxels do not count.
    strata : path, DataFrame or mapping, optional
        Levels of the cases, such as sites: a CSV file with the column ``case``, a DataFrame indexed
        by case, or a mapping from case to a mapping. Columns are added to the table.
    missing : float or "worst", optional
        Number that stands in the means for undefined and infinite values; by default they are left
        out and counted. ``"worst"`` leaves out values that are undefined because both sets are
        empty.
    failed : {"leave_out", "worst", "error"}
        Fate of cases that could not be evaluated: in no number; the worst value of every metric
        and label, if the found volume is at fault (missing, unreadable, on another grid); or a
        ValueError.
    empty : str or Empty
        Values of metrics for empty sets: a name in `EMPTY_POLICIES`, or a policy.
    bootstrap : int
        Number of resamples of cases; 0 for no intervals, otherwise at least 50.
    interval : {"studentised", "exact"}
        Method of the intervals, inside the range of each metric; see `mean_interval`. ``"exact"``
        also allows for rare misses that no case has, and is wide where cases are alike.
    confidence_level : float
        Of the intervals, in (0, 1).
    rng : int, Generator, SeedSequence or None
        Source of randomness of the bootstrap.
    workers : int
        Number of processes, each of which holds one case at a time; -1 for all processors. The
        result does not depend on it. ``joblib.parallel_config`` chooses another engine, such as
        dask.
    resume : path, optional
        Folder for measured cases. A run that was interrupted continues; cases whose volumes or
        rules have changed are measured again.
    tolerance : float
        Largest difference of grids; see `overlap.io.check_same_grid`.
    spacing : sequence of float, optional
        Sides of a voxel in millimeters, for arrays and for files that do not say, in the order of
        the axes of the array.
    pattern : str or (str, str), optional
        Path of the files inside the folders; see `overlap.io.pair_folders`.
    soft : bool or {"minmax", "product", "squared"}
        Read values in [0, 1] instead of labels, and compare them in this form; True is
        ``"minmax"``. See `overlap.Masks`.
    scale : float or (float, float), optional
        For soft volumes, the number that stands for 1: in found, or in truth and in found.
    instances : {"components", "labels"}
        Objects of metrics such as ``pq``: connected components of each label, or
        the labels themselves (without `labels`, all of them are then scored as ``"all"``).
    connectivity : int, optional
        Neighbours of a voxel of a component; by default the largest number.
    at_least : float
        Objects match above this IoU.
    challenge : {"GLI", "SSA", "PED", "MEN", "MET"}
        Rules of ``lesion_dice``; see `overlap.lesionwise_dice`.
    surface : str or Convention
        Convention of surfaces, for ``hd95``, ``assd``, ``nsd@2mm`` and the like: a name in
        `overlap.SURFACE_PRESETS`, or one of your own.
    reorient : bool
        Exchange and flip axes of found volumes whose voxels are those of the truth in another
        order, without changing a value; see `overlap.io.reorient`. By default they fail.
    progress : bool, optional
        Show a bar; by default on a terminal only.

    Returns
    -------
    SegmentationReport
        Its table has one row per case, label and metric. In its summary ``dice`` is the mean
        over labels of the means over cases, and ``dice[liver]`` one of these; there are ends of
        intervals (``dice low``), and counts: ``dice n_nan`` and ``dice n_inf`` of values, and
        ``n_cases`` and ``n_failed``. Cases that could not be read or do not match are in its
        `failures`, which say how they count.

    Raises
    ------
    ValueError
        If no case could be evaluated, a name is unknown, or an argument is bad.
    OSError
        If a folder or file is missing.

    Examples
    --------
    >>> from overlap import evaluate
    >>> from overlap.io import sample_path
    >>> report = evaluate.segmentation(
    ...     truth=sample_path("volumes_truth"), found=sample_path("volumes_found"),
    ...     labels="1=organ,2=lesion,3=vessel",
    ... )
    >>> report.summary[["dice", "dice[organ]", "dice[lesion]", "dice[vessel]"]].round(3).tolist()
    [0.647, 0.897, 0.685, 0.36]
    >>> report.worst("dice", 1)[["case", "label", "value", "empty"]].values.tolist()
    [['case_2', 'vessel', 0.0, 'found']]
    """
    task = _task(
        labels=labels, metrics=metrics, ignore=ignore, missing=missing, failed=failed, empty=empty,
        tolerance=tolerance, spacing=spacing, soft=soft, scale=scale, instances=instances,
        connectivity=connectivity, at_least=at_least, challenge=challenge, surface=surface,
        reorient=reorient,
    )  # fmt: skip
    drawn = _bootstrap(bootstrap, confidence_level, rng, interval)
    inputs = {"truth": truth, "found": found, "pattern": pattern, "strata": strata}
    report = run(task, inputs, bootstrap=drawn, workers=workers, resume=resume, progress=progress)
    assert isinstance(report, SegmentationReport)
    return report


def segmentation_study(
    *,
    bootstrap: int = 0,
    interval: Literal["studentised", "exact"] = "studentised",
    confidence_level: float = 0.95,
    rng: Seed = 0,
    resume: str | os.PathLike[str] | None = None,
    **rules: Any,
) -> Study:
    """Start an evaluation that is fed case by case.

    Parameters
    ----------
    bootstrap, interval, confidence_level, rng, resume
        As for `segmentation`.
    **rules
        Other arguments of `segmentation`, except those that say where the cases are: truth, found,
        pattern, strata, workers, progress.

    Returns
    -------
    Study
        ``study.update(name, truth=..., found=...)`` measures one case and keeps its counts. The
        case has the name of its key, or that of ``case=``.

    Examples
    --------
    >>> from overlap.evaluate import segmentation_study
    >>> study = segmentation_study(metrics=["dice"])
    >>> first = study.add("a", truth=[[0, 1, 1]], found=[[0, 1, 0]])
    >>> other = study.add("b", truth=[[0, 1, 1]], found=[[0, 1, 1]])
    >>> (first | other).report().summary["dice"].round(4)
    np.float64(0.8333)
    """
    drawn = _bootstrap(bootstrap, confidence_level, rng, interval)
    return Study(_task(**rules), drawn, resume=resume)


def _task(
    *,
    labels: Any = None,
    metrics: str | Iterable[str | Score | Metric] = DEFAULT_METRICS,
    ignore: int | Sequence[int] | None = None,
    missing: Any = None,
    failed: Any = "leave_out",
    empty: str | Empty = "default",
    tolerance: float = 1e-3,
    spacing: Sequence[float] | None = None,
    soft: Any = False,
    scale: float | tuple[float | None, float | None] | None = None,
    instances: Any = "components",
    connectivity: int | None = None,
    at_least: float = 0.5,
    challenge: Any = "GLI",
    surface: str | Convention = "metrics-reloaded",
    reorient: bool = False,
) -> Segmentation:
    """Return the task that the arguments of `segmentation` describe."""
    chosen = chosen_metrics(metrics)
    objects = tuple(metric.name for metric in chosen if metric.family == "objects")
    rules = ObjectRules(instances, objects, connectivity, float(at_least), challenge)
    shapes = tuple(metric.name for metric in chosen if metric.family == "surfaces")
    surfaces = SurfaceRules(shapes, as_convention(surface))
    form = _soft(soft)
    if form is None and scale is not None:
        raise ValueError("scale= is for soft=True; labels are never scaled")
    others = [metric.name for metric in chosen if metric.family != "voxels"]
    if form is not None and (others or ignore is not None):
        what = f"the metric {others[0]}" if others else "ignore"
        raise ValueError(f"{what} needs labels; soft volumes have none")
    narrow = next((metric.name for metric in chosen if not metric.any_form), None)
    if form == "squared" and narrow is not None:
        raise ValueError(
            f"the metric {narrow} needs volumes, and soft='squared' measures sums of squares; give "
            "metrics=('dice', 'iou'), or another form"
        )
    groups, complete, void = _labels(labels, form is not None, ignore)
    if spacing is not None and np.ndim(spacing) != 1:
        raise ValueError(f"spacing = {spacing!r}; wanted positive numbers, one for each axis")
    measure = Measure(
        groups=groups,
        complete=complete,
        ignore=void,
        spacing=None if spacing is None else tuple(as_meant(float(side)) for side in spacing),
        tolerance=float(tolerance),
        soft=form,
        scale=scale if isinstance(scale, tuple) else (None, scale),
        rules=rules,
        surfaces=surfaces,
        whole=bool(objects) and instances == "labels" and groups is None,
        reorient=bool(reorient),
    )
    return Segmentation(chosen, measure, as_empty(empty), missing, failed)


def _soft(soft: Any) -> Literal["minmax", "product", "squared"] | None:
    if soft is False or soft is None:
        return None
    if soft is True:
        return "minmax"
    if soft not in ("minmax", "product", "squared"):
        raise ValueError(f"soft = {soft!r}; wanted True, 'minmax', 'product' or 'squared'")
    return soft


def _labels(
    labels: Any, soft: bool, ignore: int | Sequence[int] | None
) -> tuple[Groups | None, bool, tuple[int, ...]]:
    """Return labels by name, whether there are no others, and those that do not count."""
    void = () if ignore is None else _numbers(ignore, "ignore")
    groups: Groups | None
    complete = False
    if labels is None:
        return None, False, void
    if isinstance(labels, str) and _NUMBERS.fullmatch(labels):
        labels = labels.split(",")
    elif isinstance(labels, str) and "=" in labels and not os.path.exists(labels):
        labels = parse_labels(labels)
    if isinstance(labels, str | os.PathLike):
        labels = read_labels(labels)
        complete = True
    if isinstance(labels, LabelSet):
        groups = labels.groups()
        if labels.ignore is not None:
            void = tuple(dict.fromkeys((*void, labels.ignore)))
    elif isinstance(labels, Mapping):
        groups = {str(name): _numbers(of, f"labels[{name!r}]") for name, of in labels.items()}
    else:
        groups = {str(label): (label,) for label in _numbers(labels, "labels")}
    odd = next((name for name, members in groups.items() if not members or 0 in members), None)
    if odd is not None or not groups:
        raise ValueError(
            f"labels: {odd!r} is {groups.get(odd or '')!r}; wanted labels other than 0, the "
            "background"
            if groups
            else "labels is empty; name at least one"
        )
    clash = next((x for members in groups.values() for x in members if x in void), None)
    if clash is not None:
        raise ValueError(f"labels: {clash} is to be scored, and is ignored; it cannot be both")
    if soft and len(groups) > 1:
        raise ValueError(f"labels: soft volumes are of one label, not of {len(groups)}")
    return groups, complete and not soft, void


def _numbers(values: Any, what: str) -> tuple[int, ...]:
    """Return one label or several as whole numbers; text such as "2" is one."""
    try:
        entries = [values] if isinstance(values, str) else list(values)
    except TypeError:
        entries = [values]
    numbers = []
    for entry in entries:
        try:
            number = int(entry)
            whole = isinstance(entry, str) or bool(number == entry)
        except (TypeError, ValueError, OverflowError):
            whole = False
        if not whole or isinstance(entry, bool | np.bool_):
            raise ValueError(
                f"{what}: {entry!r} is no label; wanted whole numbers"
                + (", and names as in {'liver': 1}" if what.startswith("labels") else "")
            )
        numbers.append(number)
    return tuple(numbers)


def _bootstrap(resamples: int, level: float, rng: Seed, interval: Any) -> Bootstrap:
    if interval not in INTERVALS:
        raise ValueError(f"interval = {interval!r}; wanted 'studentised' or 'exact'")
    return Bootstrap(resamples, level, rng, interval)
