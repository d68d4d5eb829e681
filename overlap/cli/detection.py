"""The command ``overlap detection``."""

from __future__ import annotations

import click

from overlap.cli.options import Choice, Shared, changed_fields, evaluating, known_name, split_names

__all__ = ["detection_command"]


@click.command("detection")
@click.argument("truth", required=True)
@click.argument("found", required=True)
@click.option("--protocol", default="coco", show_default=True, metavar="NAME",
              help="Whose rules; see `overlap list protocols`.")  # fmt: skip
@click.option("--iou", metavar="A:B:STEP", help="Thresholds, both ends included, or 0.5,0.75.")
@click.option("--kind", type=Choice(["boxes", "masks", "birdseye", "upright"]),
              help="What is compared: of COCO boxes or masks, of KITTI boxes in the image, seen "
              "from above, or in space.")  # fmt: skip
@click.option("--box-format", type=Choice(["xywh", "xyxy"]),
              help="What the four numbers of a line of text are.")  # fmt: skip
@click.option("--images", metavar="PATH|WxH",
              help="Sizes of images: a folder of them, a CSV file, or one size.")  # fmt: skip
@click.option("--classes", metavar="NAMES", help="Names with commas; by default those of TRUTH.")
@click.option("--ties", default="official", show_default=True,
              type=Choice(["official", "stable", "expected"]),
              help="Order of equal confidences: the protocol's, as in the file, or the mean over "
                   "all orders.")  # fmt: skip
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE",
              help="Change one field of the protocol; repeatable.")  # fmt: skip
@evaluating("images", "Draw the curves")
def detection_command(
    truth: str,
    found: str,
    protocol: str,
    iou: str | None,
    kind: str | None,
    box_format: str | None,
    images: str | None,
    classes: str | None,
    ties: str,
    changes: tuple[str, ...],
    shared: Shared,
) -> int:
    """Score the boxes or masks in FOUND against those in TRUTH.

    TRUTH and FOUND are files or folders of one form, recognised by their content: annotations and
    results of COCO (JSON, may be gzipped); XML annotations and text results of VOC; folders of
    DOTA, YOLO and KITTI; JSON of nuScenes; CSV tables; text files with lines of boxes, one for each
    image.
    """
    shared.check([truth, found])
    from overlap.evaluate import DETECTION_PROTOCOLS
    from overlap.evaluate import detection as evaluate

    name = known_name(protocol, tuple(DETECTION_PROTOCOLS), "protocol")
    report = evaluate(
        truth=truth,
        found=found,
        protocol=DETECTION_PROTOCOLS[name].with_fields(**changed_fields(changes)),
        iou=iou,
        kind=kind,
        box_format=box_format,
        images=images,
        classes=split_names(classes),
        ties=ties,
        **shared.options(),
    )
    return 2 if shared.finish(report) else 0
