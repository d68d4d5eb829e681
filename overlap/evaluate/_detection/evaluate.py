"""Evaluation of detections by one protocol."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from overlap.evaluate.bootstrap import NO_BOOTSTRAP, Bootstrap, Seed
from overlap.evaluate.recipe import Recipe
from overlap.evaluate.report import plain
from overlap.evaluate.runner import run
from overlap.io.image_attributes import ImageAttributes, as_image_attributes

from .counting import CountingTask
from .inputs import Detections, of_protocol, read_inputs, same_regions
from .orders import TIES
from .protocol import DetectionProtocol
from .protocols import DETECTION_PROTOCOLS, get_detection_protocol, in_mode
from .report import DetectionReport
from .several_reports import refusal, together
from .strata import with_attributes
from .task import DetectionTask

#: Fields that only make sense together.
_TOGETHER = (
    ("distance", "measure", "thresholds", "ceiling", "comparison"),
    ("interpolation", "recalls", "least_precision"),
    ("summary", "areas", "strata", "groups", "class_thresholds"),
    ("classes", "neighbors"),
)

__all__ = ["by_protocols", "detection", "score"]


def detection(
    *,
    truth: Any,
    found: Any,
    protocol: str | DetectionProtocol = "coco",
    iou: Any = None,
    kind: str | None = None,
    box_format: str | None = None,
    images: Any = None,
    classes: Sequence[str] | None = None,
    ties: str = "official",
    mode: str = "corrected",
    strata: Any = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    progress: bool | None = None,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    **fields: Any,
) -> DetectionReport:
    """Score detections against annotated regions.

    Parameters
    ----------
    truth, found : path, mapping, list, DataFrame or Detections
        Annotations, and detections with confidences: files and folders in any form of
        `overlap detection`, content of COCO's JSON, or tables; a DataFrame has the columns of a CSV
        file.
    protocol : str or DetectionProtocol
        Rules, by name (``overlap.evaluate.DETECTION_PROTOCOLS``) or as a value. ``"all"`` gives one
        report with the numbers of every protocol that the input allows, under names such as
        ``voc2012 mAP``; notes say which are left out, and why.
    iou : str, float or iterable of float, optional
        Thresholds; by default those of the protocol.
    kind : {"boxes", "masks", "birdseye", "upright"}, optional
        What is compared of files that have several kinds: of COCO's, by default, masks where
        results have a segmentation and no bbox, else boxes; of KITTI's boxes in the image; of
        DOTA's the oriented ones of task 1, where ``"boxes"`` are the upright ones of task 2.
    box_format : {"xywh", "xyxy"}, optional
        What the four numbers of a line of text are: left, top, width, height, or left, top, right,
        bottom.
    images : path, mapping, pair of int or str, optional
        Sizes of images whose regions are shares of them, as in YOLO's labels: a folder of images, a
        CSV file with the columns image, width and height, ``{name: (width, height)}``, or one size
        for all, ``(640, 480)``. By default images beside the labels are looked at.
    classes : sequence of str, optional
        The classes that are evaluated; by default those of the truth.
    ties : {"official", "stable", "expected"}
        Order of detections of equal confidence: that of the protocol, that of the input, or the
        mean of the AP over all orders. That mean is exact where no order decides who matches what,
        and runs of equal confidences are not too long to sum over; a note says for how many
        classes it is that of random orders. With any order, numbers that another order moves
        have their least and greatest value over orders.
    mode : {"corrected", "strict"}
        ``"strict"`` repeats known faults of the program that the protocol is named after:
        pycocotools and lvis count detections as false that match a truth whose id is 0.
    strata : path, DataFrame or mapping, optional
        Attributes of images: a table with a column ``image`` (or ``item``) and others, such as
        weather; or of truths, where it also has a column ``row``: the place of the truth in its
        input, as messages count it. Each level of a column gets numbers of its own, such as
        ``AP[weather=rain]``; columns of numbers can be used in ranges of the protocol's strata. A
        tuple of strata is a field of the protocol.
    rng : int, Generator, SeedSequence or None
        Source of randomness of the bootstrap.
    bootstrap : int
        Number of resamples of images, 50 or more; 0 for no intervals.
    confidence_level : float
        Of the intervals, in (0, 1).
    progress : bool, optional
        Show a bar; by default on a terminal only.
    workers : int
        Number of processes; -1 for all processors. No number depends on it.
    resume : path, optional
        Folder for measured blocks of images. A run that was interrupted continues.
    **fields
        Fields of the protocol to change; see `DetectionProtocol`.

    Returns
    -------
    DetectionReport

    Raises
    ------
    ValueError
        The input is bad, or a name is unknown.

    Examples
    --------
    >>> import overlap as ov
    >>> from overlap.evaluate import Detections, detection
    >>> truth = Detections.of(["a", "a", "b"], ["cat", "cat", "cat"],
    ...                       ov.Boxes([[0, 0, 4, 4], [6, 6, 9, 9], [0, 0, 2, 2]]))
    >>> found = Detections.of(["a", "b"], ["cat", "cat"],
    ...                       ov.Boxes([[0, 0, 4, 4], [0, 0, 2, 3]]), [0.9, 0.8])
    >>> detection(truth=truth, found=found).summary[["AP", "AP50", "AR@100"]].round(3).tolist()
    [0.467, 0.663, 0.467]
    """
    if ties not in TIES:
        raise ValueError(f"ties = {ties!r} is not one of {', '.join(map(repr, TIES))}")
    changes = dict(fields)
    if isinstance(strata, tuple | list):
        changes["strata"], strata = tuple(strata), None
    if iou is not None:
        changes["thresholds"] = iou
    reading = {"kind": kind, "box_format": box_format, "images": images}
    options: dict[str, Any] = {
        **{name: value for name, value in reading.items() if value is not None},
        "classes": classes,
        "ties": ties,
        "strata": None if strata is None else as_image_attributes(strata),
        "bootstrap": Bootstrap(bootstrap, confidence_level, rng, progress=progress),
        "workers": workers,
        "resume": resume,
        "progress": progress,
    }
    if protocol == "all":
        if changes:
            raise ValueError(
                f"protocol = 'all' takes no {', '.join(changes)}: choose one protocol to change it"
            )
        every = {name: in_mode(one, mode) for name, one in DETECTION_PROTOCOLS.items()}
        return by_protocols(every, truth=truth, found=found, **options)
    chosen = in_mode(get_detection_protocol(protocol), mode)
    if changes:
        chosen = chosen.with_fields(**changes)
    return score(chosen, truth=truth, found=found, **options)


def score(
    protocol: DetectionProtocol,
    *,
    truth: Any,
    found: Any,
    classes: Sequence[str] | None = None,
    ties: str = "official",
    strata: ImageAttributes | None = None,
    resume: str | os.PathLike[str] | None = None,
    bootstrap: Bootstrap = NO_BOOTSTRAP,
    workers: int = 1,
    progress: bool | None = None,
    **reading: Any,
) -> DetectionReport:
    """Score by one protocol.

    Parameters
    ----------
    protocol : DetectionProtocol
    truth, found, classes, ties, resume, workers, progress
        As for `detection`.
    strata : ImageAttributes, optional
    bootstrap : Bootstrap
    **reading
        Options of `overlap.evaluate._detection.inputs.read_inputs` that were given.
    """
    both = read_inputs(truth, found, **reading, ranked=protocol.ranks)
    options = _options(ties, classes, strata)
    more: dict[str, Any] = {"workers": workers, "resume": resume, "progress": progress}
    report = _made(protocol, options, both, reading, bootstrap=bootstrap, **more)
    return _with_table(report, strata)


def by_protocols(
    protocols: Mapping[str, DetectionProtocol],
    *,
    truth: Any,
    found: Any,
    classes: Sequence[str] | None = None,
    ties: str = "official",
    strata: ImageAttributes | None = None,
    resume: str | os.PathLike[str] | None = None,
    bootstrap: Bootstrap = NO_BOOTSTRAP,
    workers: int = 1,
    progress: bool | None = None,
    **reading: Any,
) -> DetectionReport:
    """Score by every protocol that the input allows.

    Parameters
    ----------
    protocols : mapping from str to DetectionProtocol
        Rules by the name that stands before their numbers.
    truth, found, classes, ties, strata, resume, bootstrap, workers, progress, **reading
        As for `score`.

    Raises
    ------
    ValueError
        The input allows none.
    """
    both = read_inputs(truth, found, **reading, ranked=False)
    reasons = {name: refusal(protocol, both) for name, protocol in protocols.items()}
    left_out = {name: reason for name, reason in reasons.items() if reason}
    if len(left_out) == len(protocols):
        said = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise ValueError(f"the input allows no protocol: {said}")
    options = _options(ties, classes, strata)
    reports = {}
    for name, protocol in protocols.items():
        if name not in left_out:
            folder = None if resume is None else os.path.join(resume, name)
            more: dict[str, Any] = {"workers": workers, "resume": folder, "progress": progress}
            reports[name] = _made(protocol, options, both, reading, bootstrap=bootstrap, **more)
    result = _with_table(together(reports, left_out), strata)
    if reading:
        result.settings["reading"] = plain(reading)
    return result


def _options(
    ties: str, classes: Sequence[str] | None, strata: ImageAttributes | None
) -> dict[str, Any]:
    """Return the choices that move numbers, besides the protocol."""
    if isinstance(classes, str):
        raise TypeError(f"classes = {classes!r} is one string; wanted a list of class names")
    classes = None if classes is None else tuple(classes)
    return {"ties": ties, "classes": classes, "strata": strata}


def _with_table(report: DetectionReport, strata: ImageAttributes | None) -> DetectionReport:
    """Name the table of strata, which moves numbers by images without a truth, too."""
    if strata is not None:
        there = set(report.evidence.items)
        cells = strata.cells.items()
        used = [entry for entry in cells if (entry[0][0] if strata.by_row else entry[0]) in there]
        digest = hashlib.sha256(json.dumps([strata.columns, sorted(used)]).encode()).hexdigest()
        report.settings["contract"]["rules"]["strata"] = {"rows": len(used), "sha256": digest}
        report.settings["strata"] = {
            "source": strata.source,
            "sha256": strata.sha256,
            "columns": list(strata.columns),
        }
    return report


def _made(
    protocol: DetectionProtocol,
    options: Mapping[str, Any],
    both: Mapping[str, Detections],
    reading: Mapping[str, Any],
    **more: Any,
) -> DetectionReport:
    """Evaluate, and keep what the report was computed from."""
    report = _evaluated(protocol, options, both, **more)
    if reading:
        report.settings["reading"] = plain(reading)
    recipe = Recipe(
        protocol, options, both, _numbers, same_regions, aliases=aliases_of, together=_TOGETHER
    )
    return replace(report, recipe=recipe)


def _evaluated(
    protocol: DetectionProtocol,
    options: Mapping[str, Any],
    both: Mapping[str, Detections],
    **more: Any,
) -> DetectionReport:
    if options["strata"] is not None:
        protocol, both = with_attributes(protocol, both, options["strata"])
    task = (CountingTask if protocol.summary == "f1" else DetectionTask)(protocol, options["ties"])
    tables = of_protocol(both, protocol, options["classes"])
    return run(task, tables, **more)  # type: ignore[return-value]


def _numbers(
    protocol: DetectionProtocol, options: Mapping[str, Any], both: Mapping[str, Detections]
) -> dict[str, float]:
    """Compute the numbers of an evaluation again."""
    return dict(_evaluated(protocol, options, both, progress=False).items)


def aliases_of(numbers: Mapping[str, float]) -> dict[str, float]:
    """Return the numbers by the names of other protocols: the AP of COCO is an mAP.

    Parameters
    ----------
    numbers : mapping from str to float
    """
    pairs = [("AP", "mAP")]
    pairs += [(f"AP{100 * x:g}", f"mAP@{x:.2f}") for x in (0.5, 0.75)]
    result = {}
    for one, other in pairs:
        for name, alias in ((one, other), (other, one)):
            if name in numbers and alias not in numbers:
                result[alias] = numbers[name]
    return result
