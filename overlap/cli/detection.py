"""The command ``overlap detection``."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from overlap.cli.options import (
    Choice,
    Shared,
    both_or_sample,
    changed_fields,
    evaluating,
    known_name,
    refuse_unused,
    split_names,
)

__all__ = ["detection_command"]


@click.command("detection")
@click.argument("truth", required=False)
@click.argument("found", required=False)
@click.option("--sample", is_flag=True, help="Score the sample data that comes with the package.")
@click.option("--protocol", default="coco", show_default=True, metavar="NAME",
              help="Whose rules; `overlap list protocols` has the names, all is each that the "
              "input allows.")  # fmt: skip
@click.option("--iou", metavar="A:B:STEP", help="Thresholds, both ends included, or 0.5,0.75.")
@click.option("--kind", type=Choice(["boxes", "masks", "birdseye", "upright"]),
              help="What is compared: of COCO boxes or masks, of KITTI boxes in the image, seen "
              "from above, or in space, of DOTA the upright boxes of task 2.")  # fmt: skip
@click.option("--box-format", type=Choice(["xywh", "xyxy"]),
              help="What the four numbers of a line of text are.")  # fmt: skip
@click.option("--images", metavar="PATH|WxH",
              help="Sizes of images: a folder of them, a CSV file, or one size. Those of a folder "
                   "are drawn below the outlines of the worst.")  # fmt: skip
@click.option("--classes", metavar="NAMES", help="Names with commas; by default those of TRUTH.")
@click.option("--ties", default="official", show_default=True,
              type=Choice(["official", "stable", "expected"]),
              help="Order of equal confidences: the protocol's, as in the file, or the mean over "
                   "all orders.")  # fmt: skip
@click.option("--mode", default="corrected", show_default=True,
              type=Choice(["corrected", "strict"]),
              help="strict repeats known faults of the protocol's program, too.")  # fmt: skip
@click.option("--strata", metavar="FILE",
              help="CSV file with a column image and attributes of images, such as weather; each "
              "level gets numbers of its own.")  # fmt: skip
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE",
              help="Change one field of the protocol; repeatable.")  # fmt: skip
@click.option("--confidence", type=float, metavar="C",
              help="Smallest confidence that counts for precision, recall, F1, confusions and the "
                   "worst images; by default the one with the largest F1.")  # fmt: skip
@click.option(
    "--error-iou",
    type=float,
    metavar="X",
    help="IoU of a match for these and for kinds of error; by default 0.5.",
)
@click.option("--picture", metavar="FILE",
              help="Draw the outlines of the image with most errors.")  # fmt: skip
@click.option("--worst", type=click.IntRange(min=0), metavar="N",
              help="Number of the images with most errors that a page in .html draws; by default "
                   "4.")  # fmt: skip
@click.option("--points", metavar="FILE.csv",
              help="Write precision, recall, F1 and best confidence of each class.")  # fmt: skip
@click.option("--confusions", metavar="FILE.csv",
              help="Write the confusion matrix, one line for each cell that is not 0.")  # fmt: skip
@click.option("--errors", metavar="FILE.csv",
              help="Write kinds of error with the AP that each costs.")  # fmt: skip
@evaluating("images", "Draw the curves")
def detection_command(
    truth: str | None,
    found: str | None,
    sample: bool,
    protocol: str,
    iou: str | None,
    kind: str | None,
    box_format: str | None,
    images: str | None,
    classes: str | None,
    ties: str,
    mode: str,
    strata: str | None,
    changes: tuple[str, ...],
    confidence: float | None,
    error_iou: float | None,
    picture: str | None,
    worst: int | None,
    points: str | None,
    confusions: str | None,
    errors: str | None,
    shared: Shared,
) -> int:
    """Score the boxes or masks in FOUND against those in TRUTH.

    TRUTH and FOUND are files or folders of one form, recognised by their content: annotations and
    results of COCO (JSON, may be gzipped); XML annotations and text results of VOC; folders of
    DOTA, YOLO and KITTI; JSON of nuScenes; CSV tables; text files with lines of boxes, one for each
    image.
    """
    truth, found = both_or_sample(truth, found, sample, "detection")
    files = [("--points", points), ("--confusions", confusions), ("--errors", errors)]
    inputs = [truth, found, *([] if strata is None else [strata])]
    shared.check(
        inputs,
        more_plots=[("--picture", picture)],
        more_files=[(name, path, ".csv") for name, path in files],
    )
    page = "a page (--out with a name in .html)"
    shown = {"--points": points, "--confusions": confusions, "--picture": picture}
    refuse_unused({"--confidence": confidence}, {**shown, page: shared.page})
    refuse_unused({"--error-iou": error_iou}, {**shown, "--errors": errors, page: shared.page})
    refuse_unused({"--worst": worst}, {page: shared.page})
    from overlap.evaluate import DETECTION_PROTOCOLS
    from overlap.evaluate import detection as evaluate
    from overlap.evaluate.report import csv_text

    name = known_name(protocol, (*DETECTION_PROTOCOLS, "all"), "protocol")
    if name == "all":
        given = {"--set": changes or None, "--iou": iou, "--picture": picture, **dict(files),
                 "--confidence": confidence, "--error-iou": error_iou,
                 "--worst": worst}  # fmt: skip
        for option, value in given.items():
            if value is not None:
                raise click.UsageError(f"{option} needs one protocol, not all")
    rules: Any = name
    if name != "all":
        rules = DETECTION_PROTOCOLS[name].with_fields(**changed_fields(changes))
        most = math.inf if rules.distance else 1.0
        if error_iou is not None and not 0 < error_iou <= most:  # NaN, too
            wanted = "a distance above 0" if rules.distance else "an IoU above 0, up to 1"
            raise click.UsageError(f"--error-iou {error_iou:g}: wanted {wanted}")
    if confidence is not None and not math.isfinite(confidence):
        raise click.UsageError(f"--confidence {confidence:g}: wanted a finite number")
    report = evaluate(
        truth=truth,
        found=found,
        protocol=rules,
        iou=iou,
        kind=kind,
        box_format=box_format,
        images=images,
        classes=split_names(classes),
        ties=ties,
        mode=mode,
        strata=strata,
        **shared.options(),
    )
    if confidence is not None and report.evidence.inputs:
        known = report.evidence.inputs["found"].confidence
        if known is not None and len(known) and known.max() < confidence:
            raise click.UsageError(
                f"--confidence {confidence:g}: is above every confidence; the largest is "
                f"{known.max():g}"
            )

    def table(rows: Callable[[], Any]) -> Callable[[str], Any]:
        return lambda path: csv_text(rows(), path)

    at: dict[str, Any] = {"iou": error_iou, "confidence": confidence}
    behind: dict[str, Any] = {"images": images if images and os.path.isdir(images) else None}
    others: list[tuple[str | None, Callable[[str], Any]]] = [
        (picture, partial(report.picture, **at, **behind)),
        (points, table(lambda: report.operating_points(**at).to_dict("records"))),
        (confusions, table(lambda: report.confusion(**at).rows())),
        (errors, table(lambda: report.errors(error_iou).rows())),
    ]
    drawn = {"worst": 4 if worst is None else worst}
    return 2 if shared.finish(report, others, {**at, **behind, **drawn}) else 0
