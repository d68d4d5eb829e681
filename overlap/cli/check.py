"""The command ``overlap check``."""

from __future__ import annotations

from typing import Any

import click

from overlap.cli.outputs import say_error
from overlap.io.printable import printable

__all__ = ["check_command"]


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything odd was found.")
def check_command(files: tuple[str, ...], strict: bool) -> int:
    """Look at files of segments, or of backbone angles, without scoring them.

    Of segments: names duplicates, zero lengths, segments outside their video, tied confidences and
    keys that appear twice; for predictions beside a truth, videos and labels that only one has.
    Of structures, angles, grids and regions: what they hold, and what of it does not count.
    """
    from overlap.io.inspection import inspect
    from overlap.io.segment_match import compare

    failures = 0
    odd = 0
    truths, founds = list[tuple[str, Any]](), list[tuple[str, Any]]()
    for path in files:
        try:
            seen = inspect(path)
        except (ValueError, OSError, ImportError, MemoryError) as error:
            failures += 1
            say_error(str(error))
            continue
        click.echo(f"{printable(path)}: {'predictions' if seen.role == 'found' else seen.role}")
        for fact in seen.facts:
            click.echo(f"  {printable(fact)}")
        for finding in seen.findings:
            click.echo(f"  odd: {printable(finding)}")
        odd += len(seen.findings)
        if seen.table is not None:
            sides = truths if seen.role == "truth" else founds
            sides.append((path, seen.table))
    for found_path, found in founds:
        for truth_path, truth in truths:
            findings = compare(truth, found)
            odd += len(findings)
            click.echo(printable(f"{found_path} against {truth_path}"))
            for finding in findings or ["same videos and labels"]:
                click.echo(f"  {'odd: ' if findings else ''}{printable(finding)}")
    return 2 if failures else int(strict and odd > 0)
