"""Evaluation of detections by one protocol."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.runner import run

from .counting import CountingTask
from .inputs import read_inputs
from .orders import TIES
from .protocol import DetectionProtocol
from .protocols import get_detection_protocol
from .report import DetectionReport
from .task import DetectionTask

__all__ = ["detection"]


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
        Rules, by name (``overlap.evaluate.DETECTION_PROTOCOLS``) or as a value.
    iou : str, float or iterable of float, optional
        Thresholds; by default those of the protocol.
    kind : {"boxes", "masks", "birdseye", "upright"}, optional
        What is compared of files that have several kinds: of COCO's, by default, masks where
        results have a segmentation and no bbox, else boxes; of KITTI's boxes in the image.
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
    chosen = get_detection_protocol(protocol)
    changes = dict(fields)
    if iou is not None:
        changes["thresholds"] = iou
    if changes:
        chosen = chosen.with_fields(**changes)
    if ties not in TIES:
        raise ValueError(f"ties = {ties!r} is not one of {', '.join(map(repr, TIES))}")
    return run(  # type: ignore[return-value]
        (CountingTask if chosen.summary == "f1" else DetectionTask)(chosen, ties),
        read_inputs(
            truth,
            found,
            kind,
            box_format=box_format,
            images=images,
            classes=classes or chosen.classes or None,
            neighbors=chosen.neighbors,
            ranked=chosen.ranks,
        ),
        bootstrap=Bootstrap(bootstrap, confidence_level, rng, progress=progress),
        workers=workers,
        resume=resume,
        progress=progress,
    )
