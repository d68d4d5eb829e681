"""The command ``overlap compare``."""

from __future__ import annotations

from typing import Any

import click

from overlap.cli.options import Choice, same_name, split_names
from overlap.cli.outputs import TABLES, check_outputs, report_writers, write_outputs

__all__ = ["compare_command"]


@click.command("compare")
@click.argument("reports", nargs=-1, required=True, metavar="REPORT...")
@click.option("--metric", metavar="NAME",
              help="What to compare: a metric such as dice, or a number such as mAP@0.50; by "
                   "default the first.")  # fmt: skip
@click.option("--label", metavar="A,B,...",
              help="Labels to compare; by default all, whose numbers are averaged.")  # fmt: skip
@click.option("--common", is_flag=True,
              help="Compare the cases that all reports have; without it, other cases are an "
                   "error.")  # fmt: skip
@click.option("--missing", metavar="VALUE",
              help="What stands for undefined and infinite values: a number, none (left out) or "
                   "worst; by default what the reports say.")  # fmt: skip
@click.option("--allow", metavar="A,B,...",
              help="Compare although the reports differ in these: names as in the message that "
                   "refuses, such as protocol, iou, truth.")  # fmt: skip
@click.option("--aggregate", default="mean", show_default=True, type=Choice(["mean", "median"]),
              help="How cases, and their ranks, become one number.")  # fmt: skip
@click.option("--resamples", default=1000, show_default=True, type=click.IntRange(min=1),
              help="Number of bootstrap draws of videos or cases, 50 or more.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0),
              help="Seed of the bootstrap.")  # fmt: skip
@click.option("--out", "outputs", multiple=True, metavar="FILE",
              help="Write the tables as .json, .csv or .html; repeatable.")  # fmt: skip
@click.option("--plot", metavar="FILE",
              help="Draw podium, ranks and tests to a .png, .pdf or .svg file.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Show nothing but errors.")
def compare_command(
    reports: tuple[str, ...],
    metric: str | None,
    label: str | None,
    common: bool,
    missing: str | None,
    allow: str | None,
    aggregate: str,
    resamples: int,
    seed: int,
    outputs: tuple[str, ...],
    plot: str | None,
    quiet: bool,
) -> int:
    """Rank reports on the same truth, with paired intervals and tests.

    REPORT is a report.json. The inputs of temporal scoring and detection are read
    again, and must not have changed; those on segmentation have the numbers of all cases, those
    on possession of all players.
    """
    check_outputs(outputs, plot, reports, suffixes=TABLES)
    from overlap import evaluate
    from overlap.cli.reload import load_compared
    from overlap.cli.screen import comparison_lines

    options: dict[str, Any] = {"aggregate": aggregate, "cases": "common" if common else "same"}
    if missing is not None:
        options["missing"] = _missing(missing)
    if allow is not None:
        options["allow"] = split_names(allow)
    if label is not None:
        options["label"] = split_names(label)
    loaded = load_compared(reports)
    if metric is not None:
        first = loaded[0]
        metric = same_name(
            metric, first.settings.get("metrics") or dict(getattr(first, "items", ()))
        )
    comparison = evaluate.compare(
        *loaded,
        names=list(reports)
        if len(set(reports)) == len(reports)
        else [f"{k}: {path}" for k, path in enumerate(reports, 1)],
        metric=metric,
        resamples=resamples,
        rng=seed,
        **options,
    )
    failures = write_outputs([*report_writers(comparison, outputs), (plot, comparison.plot)])
    if not quiet:
        click.echo("\n".join(comparison_lines(comparison)))
    return 2 if failures else 0


def _missing(word: str) -> float | str | None:
    if word.lower() in ("none", "worst"):
        return None if word.lower() == "none" else "worst"
    try:
        return float(word)
    except ValueError:
        raise click.UsageError(f"--missing {word}: wanted a number, none or worst") from None
