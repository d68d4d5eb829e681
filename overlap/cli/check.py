"""The command ``overlap check``."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import click

from overlap.cli.options import split_pattern
from overlap.cli.outputs import say_error
from overlap.io.printable import printable, width

if TYPE_CHECKING:
    from overlap.io.inspection import Inspection

__all__ = ["check_command"]

_WIDTH = 80
_NAMES = 18  # columns of the longest name of a fact beside its text


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--headers", is_flag=True, help="Read no voxels of volumes, only their headers.")
@click.option("--pattern", metavar="P[,Q]",
              help="Path inside folders of volumes, with * for the case.")  # fmt: skip
@click.option("--fps", type=click.FloatRange(min=0, min_open=True), metavar="N",
              help="Frames per second of tables of possession.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything odd was found.")
def check_command(
    files: tuple[str, ...],
    headers: bool,
    pattern: str | None,
    fps: float | None,
    as_json: bool,
    strict: bool,
) -> int:
    """Look at inputs of the other commands without scoring them.

    FILE is a file or folder that any of them takes, or a report that one has written. Each is
    recognised by its content. The command shows its kind, its content and anything odd. It also
    says whether inputs fit that belong together, such as a truth and predictions. Of two folders
    or volumes, the first is the truth.
    """
    from overlap.evaluate.checks import Looking, inspect, inspect_together

    how = Looking(not headers, split_pattern(pattern), fps, False if as_json else None)
    looked, entries, failures = [], list[dict[str, Any]](), 0
    for path in files:
        try:
            check, seen = inspect(path, how)
        except (ValueError, TypeError, OSError, ImportError, MemoryError) as error:
            failures += 1
            message = " ".join((str(error) or "not enough memory").split())
            entries.append({"file": path, "error": message})
            say_error(message)
            continue
        looked.append((path, check, seen))
        entries.append({"file": path, "kind": check.kind, "role": seen.role, **_plain(seen)})
        if not as_json:
            _show(path, seen)
    together = []
    for paths, seen in inspect_together(looked, how):
        together.append({"files": list(paths), **_plain(seen)})
        if not as_json:
            _show(" and ".join([", ".join(paths[:-1]), paths[-1]]), seen, "they fit together")
    odd = sum(len(entry.get("findings", ())) for entry in (*entries, *together))
    if as_json:
        click.echo(json.dumps({"files": entries, "together": together, "odd": odd}, indent=1))
    return 2 if failures else int(strict and odd > 0)


def _plain(seen: Inspection) -> dict[str, Any]:
    """Return an inspection as plain data."""
    facts = [{"name": name, "text": text} for name, text in seen.facts]
    return {"what": seen.what, "facts": facts, "findings": list(seen.findings)}


def _show(name: str, seen: Inspection, good: str = "") -> None:
    """Show an inspection: the kind, facts in two columns, and findings."""
    _lines("", f"{name}: {seen.what}", 2)
    names = [printable(key) for key, _ in seen.facts]
    space = min(max(map(width, names), default=0), _NAMES)
    for key, (_, text) in zip(names, seen.facts, strict=True):
        _lines(f"  {key}{' ' * (space - width(key))}  ", text, space + 4)
    for finding in seen.findings or ([good] if good else []):
        _lines("  odd: " if seen.findings else "  ", finding, 7 if seen.findings else 2)


def _lines(head: str, text: str, indent: int) -> None:
    """Show a text, broken at blanks, with the lines after the first below each other."""
    lines = textwrap.wrap(
        printable(text), _WIDTH, initial_indent=head, subsequent_indent=" " * indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    click.echo("\n".join(lines or [head.rstrip()]))
