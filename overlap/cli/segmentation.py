"""The command ``overlap segmentation``."""

from __future__ import annotations

import os
from functools import partial
from typing import Any, Literal

import click

from overlap.cli.options import (
    Choice,
    Shared,
    evaluating,
    refuse_unused,
    shown_failures,
    split_pattern,
)

__all__ = ["segmentation_command"]

_SAMPLE_LABELS = "1=organ,2=lesion,3=vessel"


@click.command("segmentation")
@click.argument("truth", required=False, metavar="TRUTH_DIR")
@click.argument("found", required=False, metavar="FOUND_DIR")
@click.option("--sample", is_flag=True, help="Score the sample data that comes with the package.")
@click.option("--labels", metavar="LABELS|FILE",
              help="1=liver,2=tumor,whole=1+2, numbers 1,2, or a dataset.json or CSV file; "
                   "by default every label that occurs.")  # fmt: skip
@click.option("--metrics", metavar="A,B,...",
              help="Names from `overlap list metrics`; by default dice, iou, precision, recall, "
                   "volume_truth, volume_found.")  # fmt: skip
@click.option("--ignore", metavar="N,...", help="Labels of the truth whose voxels do not count.")
@click.option("--strata", metavar="FILE",
              help="CSV file with a column case: adds means of each stratum, and its columns to "
                   "the table.")  # fmt: skip
@click.option("--empty", default="default", show_default=True, metavar="POLICY",
              help="What a metric is for empty sets: default, or as in medpy, monai, "
                   "monai-keep-empty, metrics-reloaded, panoptica, torchmetrics, simpleitk, "
                   "scikit-image or surface-distance.")  # fmt: skip
@click.option("--missing", metavar="VALUE",
              help="What stands in means for undefined and infinite values: a number, or worst "
                   "(but where both sets are empty); by default they are left out and "
                   "counted.")  # fmt: skip
@click.option("--failed", default="leave_out", show_default=True,
              type=Choice(["leave_out", "worst", "error"]),
              help="A case whose FOUND volume is missing or unusable is in no number, counts as "
                   "the worst, or is an error.")  # fmt: skip
@click.option("--soft", is_flag=False, flag_value="minmax", metavar="[FORM]",
              help="Compare values in [0, 1]: minmax (if no form is given), product or "
                   "squared.")  # fmt: skip
@click.option("--scale", type=float, metavar="S", help="What stands for 1 in soft FOUND volumes.")
@click.option("--instances", default="components", show_default=True,
              type=Choice(["components", "labels"]),
              help="What the objects of pq and the like are: connected components, or "
                   "labels.")  # fmt: skip
@click.option("--surface", default="metrics-reloaded", show_default=True, metavar="PRESET",
              help="Whose convention for hd95, assd, nsd@2mm and the like: metrics-reloaded, "
                   "monai, monai-subvoxels, surface-distance, medpy, medpy-0.4, panoptica or "
                   "simpleitk.")  # fmt: skip
@click.option("--spacing", metavar="X,Y,Z",
              help="Sides of a voxel in mm, where files do not say; for NumPy files in the order "
              "of their axes.")  # fmt: skip
@click.option("--tolerance", default=1e-3, show_default=True, type=click.FloatRange(min=0),
              help="How much grids may differ.")  # fmt: skip
@click.option("--reorient", is_flag=True,
              help="Exchange and flip axes of FOUND volumes that hold the voxels of the truth in "
                   "another order.")  # fmt: skip
@click.option("--pattern", metavar="P[,Q]",
              help="Path inside the folders, with * for the case and ** for any "
                   "folders.")  # fmt: skip
@click.option("--interval", default="studentised", show_default=True,
              type=Choice(["studentised", "exact"]),
              help="Exact intervals allow for misses that no case has, and are wider.")  # fmt: skip
@click.option("--picture", metavar="FILE",
              help="Draw the planes through the worst place of the worst case.")  # fmt: skip
@click.option("--worst", type=click.IntRange(min=0), metavar="N",
              help="Number of the worst cases that a page in .html has pictures of; by "
                   "default 4.")  # fmt: skip
@click.option("--images", metavar="DIR|P",
              help="Background of pictures: a folder of images, or a path with *.")  # fmt: skip
@evaluating("cases", "Draw the values of all cases")
def segmentation_command(
    truth: str | None,
    found: str | None,
    sample: bool,
    labels: str | None,
    metrics: str | None,
    ignore: str | None,
    strata: str | None,
    empty: str,
    missing: str | None,
    failed: Any,
    soft: str | None,
    scale: float | None,
    instances: Any,
    surface: str,
    spacing: str | None,
    tolerance: float,
    reorient: bool,
    pattern: str | None,
    interval: Literal["studentised", "exact"],
    picture: str | None,
    worst: int | None,
    images: str | None,
    shared: Shared,
) -> int:
    """Score the volumes in FOUND_DIR against those in TRUTH_DIR, case by case.

    Files are paired by name; two files instead of folders are one case. NIfTI, MetaImage, NRRD,
    PNG, TIFF and NumPy files are read. Exits with 1 if some cases could not be evaluated.
    """
    if sample:
        if truth is not None:
            raise click.UsageError("--sample brings its own files; leave the folders out")
        from overlap.io import sample_path

        truth, found = str(sample_path("volumes_truth")), str(sample_path("volumes_found"))
        labels = _SAMPLE_LABELS if labels is None else labels
    if truth is None or found is None:
        lacking = "TRUTH_DIR and FOUND_DIR" if truth is None else "FOUND_DIR"
        raise click.UsageError(f"{lacking} missing; give two folders, or --sample")
    files = [path for path in (labels, strata) if path is not None and os.path.exists(path)]
    shared.check([truth, found, *files], more_plots=[("--picture", picture)])
    page = "a page (--out with a name in .html)"
    refuse_unused({"--images": images}, {"--picture": picture, page: shared.page})
    refuse_unused({"--worst": worst}, {page: shared.page})
    from overlap import evaluate

    options: dict[str, Any] = {}
    if metrics is not None:
        options["metrics"] = metrics.lower()
    report = evaluate.segmentation(
        truth=truth,
        found=found,
        labels=labels,
        ignore=None if ignore is None else _numbers(ignore, "--ignore", int),
        strata=strata,
        empty=empty.lower(),
        missing=_missing(missing),
        failed=failed,
        soft=False if soft is None else soft.lower(),  # type: ignore[arg-type]
        scale=scale,
        instances=instances,
        surface=surface.lower(),
        spacing=None if spacing is None else _numbers(spacing, "--spacing", float),
        tolerance=tolerance,
        reorient=reorient,
        pattern=split_pattern(pattern),
        interval=interval,
        **shared.options(),
        **options,
    )
    others = [(picture, partial(report.picture, images=images))]
    drawn = {"worst": 4 if worst is None else worst, "images": images}
    unwritten = shared.finish(report, others, drawn)
    shown_failures([(failure.case, failure.reason) for failure in report.failed], "cases")
    return 2 if unwritten else int(bool(report.failed))


def _numbers(text: str, option: str, kind: type) -> list[Any]:
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        raise click.UsageError(f"{option} {text}: wanted numbers separated by commas") from None


def _missing(word: str | None) -> Any:
    if word is None or word.lower() == "worst":
        return word and "worst"
    try:
        return float(word)
    except ValueError:
        raise click.UsageError(f"--missing {word}: wanted a number, or worst") from None
