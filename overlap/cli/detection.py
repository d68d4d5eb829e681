"""The command ``overlap detection``."""

from __future__ import annotations

import click

from overlap.cli.options import Choice, Shared, changed_fields, evaluating, known_name

__all__ = ["detection_command"]


@click.command("detection")
@click.argument("truth", required=True)
@click.argument("found", required=True)
@click.option("--protocol", default="coco", show_default=True, metavar="NAME",
              help="Whose rules; see `overlap list detection-protocols`.")  # fmt: skip
@click.option("--iou", metavar="A:B:STEP", help="Thresholds, both ends included, or 0.5,0.75.")
@click.option("--kind", type=Choice(["boxes", "masks"]),
              help="What is compared; by default masks where results have no bbox.")  # fmt: skip
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE",
              help="Change one field of the protocol; repeatable.")  # fmt: skip
@evaluating("images", "Draw the curves")
def detection_command(
    truth: str,
    found: str,
    protocol: str,
    iou: str | None,
    kind: str | None,
    changes: tuple[str, ...],
    shared: Shared,
) -> int:
    """Score the boxes or masks in FOUND against those in TRUTH.

    TRUTH is COCO's JSON of annotations, FOUND its list of results; both may be gzipped.
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
        **shared.options(),
    )
    return 2 if shared.finish(report) else 0
