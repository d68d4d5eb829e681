"""The command ``overlap explain``."""

from __future__ import annotations

import click

from overlap.cli.options import same_name
from overlap.cli.outputs import TABLES, check_outputs, report_writers, write_outputs

__all__ = ["explain_command"]


@click.command("explain")
@click.argument("report_a")
@click.argument("report_b")
@click.option("--metric", metavar="NAME", help="Number to explain; by default the first.")
@click.option("--out", "outputs", multiple=True, metavar="FILE",
              help="Write the steps as .json, .csv or .html; repeatable.")  # fmt: skip
@click.option("--plot", metavar="FILE", help="Draw the steps to a .png, .pdf or .svg file.")
@click.option("--quiet", is_flag=True, help="Show nothing but errors.")
def explain_command(
    report_a: str,
    report_b: str,
    metric: str | None,
    outputs: tuple[str, ...],
    plot: str | None,
    quiet: bool,
) -> int:
    """Walk from the rules of REPORT_A to those of REPORT_B, one field at a time.

    Both are report.json files; their inputs are read again, and must not have changed.
    """
    check_outputs(outputs, plot, (report_a, report_b), suffixes=TABLES)
    from overlap import evaluate
    from overlap.cli.reload import load_reports
    from overlap.cli.screen import explanation_lines

    both = load_reports([report_a, report_b])
    if metric is not None:
        metric = same_name(metric, dict(both[0].summary_items()))
    steps = evaluate.explain(*both, metric=metric, names=(report_a, report_b))
    failures = write_outputs([*report_writers(steps, outputs), (plot, steps.plot)])
    if not quiet:
        click.echo("\n".join(explanation_lines(steps)))
    return 2 if failures else 0
