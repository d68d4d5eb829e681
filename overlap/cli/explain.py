"""The command ``overlap explain``."""

from __future__ import annotations

import click

from overlap.cli.options import same_name
from overlap.cli.outputs import check_json, write_json

__all__ = ["explain_command"]


@click.command("explain")
@click.argument("report_a")
@click.argument("report_b")
@click.option("--metric", metavar="NAME", help="Number to explain; by default the first.")
@click.option("--out", metavar="FILE", help="Write the steps as .json.")
def explain_command(report_a: str, report_b: str, metric: str | None, out: str | None) -> None:
    """Walk from the rules of REPORT_A to those of REPORT_B, one field at a time.

    Both are report.json files; their inputs are read again, and must not have changed.
    """
    check_json(out, (report_a, report_b))
    from overlap import evaluate
    from overlap.cli.reload import load_reports
    from overlap.cli.screen import explanation_lines

    both = load_reports([report_a, report_b])
    if metric is not None:
        metric = same_name(metric, dict(both[0].summary_items()))
    steps = evaluate.explain(*both, metric=metric)
    if out is not None:
        write_json(out, {"metric": steps.metric, "table": steps.step_rows})
    click.echo("\n".join(explanation_lines(steps)))
