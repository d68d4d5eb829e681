"""Outputs of the command line: refused before any work, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import util
from pathlib import Path
from typing import Any

import click

from overlap.io.printable import printable

__all__ = [
    "TABLES",
    "Writer",
    "check_outputs",
    "report_writers",
    "say_error",
    "write_outputs",
]

Writer = Callable[[str], Any]
_OUT_SUFFIXES = {
    ".json": "to_json",
    ".csv": "to_csv",
    ".html": "to_html",
    ".parquet": "to_parquet",
}
TABLES = (".json", ".csv", ".html")  # what comparisons and explanations are written as
_NEEDED = {".html": "jinja2", ".parquet": "pyarrow"}
_PLOT_SUFFIXES = (".png", ".pdf", ".svg")


def check_outputs(
    outputs: Sequence[str],
    plot: str | None,
    inputs: Sequence[str],
    more_plots: Sequence[tuple[str, str | None]] = (),
    more_files: Sequence[tuple[str, str | None, str]] = (),
    suffixes: Sequence[str] = tuple(_OUT_SUFFIXES),
) -> None:
    """Refuse, before any work, what cannot be written or would overwrite something.

    Parameters
    ----------
    outputs : sequence of str
        Reports.
    plot : str or None
        Picture.
    inputs : sequence of str
        Files that are read.
    more_plots : sequence of (str, str or None)
        Other options that name a picture, and what they name.
    more_files : sequence of (str, str or None, str)
        Other options that name a file, what they name, and its suffix.
    suffixes : sequence of str
        Formats of the reports.
    """
    files = [(name, path, suffix) for name, path, suffix in more_files if path is not None]
    for name, path, suffix in files:
        if Path(path).suffix.lower() != suffix:
            raise click.UsageError(f"{name} {path}: wanted a name in {suffix}")
    for path in outputs:
        suffix = Path(path).suffix.lower()
        if suffix not in suffixes:
            raise click.UsageError(f"--out {path}: wanted a name in {', '.join(suffixes)}")
        if suffix in _NEEDED and util.find_spec(_NEEDED[suffix]) is None:
            raise ImportError(
                f"--out {path} needs {_NEEDED[suffix]}: pip install 'overlap-metrics[report]'"
            )
    pictures = [(name, path) for name, path in (("--plot", plot), *more_plots) if path is not None]
    for name, path in pictures:
        if Path(path).suffix.lower() not in _PLOT_SUFFIXES:
            raise click.UsageError(f"{name} {path}: wanted a name in {', '.join(_PLOT_SUFFIXES)}")
        if util.find_spec("matplotlib") is None:
            raise ImportError(f"{name} needs matplotlib: pip install 'overlap-metrics[plot]'")
    taken = {_resolved(path): f"the input {path}" for path in inputs}
    for path in [*outputs, *(path for _, path in pictures), *(path for _, path, _ in files)]:
        target = _resolved(path)
        if target.is_symlink():
            raise click.UsageError(f"{path}: is a loop of symbolic links; give another name")
        clash = taken.get(target)
        for source in inputs:
            # a hard link, or a name in other case on a file system that does not tell
            if target.exists() and Path(source).exists() and target.samefile(source):
                clash = f"the input {source}"
            if Path(source).is_dir() and target.parent == _resolved(source):
                clash = f"a file of the input {source}" if target.exists() else clash
        if clash:
            raise click.UsageError(f"{path} would overwrite {clash}; choose another name")
        taken[target] = f"the output {path}"
        if not target.parent.is_dir():
            raise click.UsageError(f"{path}: the folder {target.parent} does not exist")
        if target.is_dir():
            raise click.UsageError(f"{path}: is a folder; give a file name")


def _resolved(path: str) -> Path:
    """Return the place of a file; that of a loop of symbolic links is one of its links."""
    return Path(os.path.realpath(path))


def report_writers(
    report: Any, outputs: Sequence[str], page: Mapping[str, Any] | None = None
) -> list[tuple[str, Writer]]:
    """Return the output names of a report with the methods that write its formats.

    Parameters
    ----------
    report : Report
    outputs : sequence of str
    page : mapping, optional
        Arguments of ``to_html``.
    """
    methods = [_OUT_SUFFIXES[Path(path).suffix.lower()] for path in outputs]
    return [
        (path, partial(getattr(report, name), **(page or {} if name == "to_html" else {})))
        for path, name in zip(outputs, methods, strict=True)
    ]


def write_outputs(writers: Sequence[tuple[str | None, Writer]]) -> int:
    """Write every output; one that fails is reported, and does not stop the others.

    Parameters
    ----------
    writers : sequence of (str or None, callable)
        Name of a file, or None for an output that was not asked for, and what writes it.

    Returns
    -------
    int
        Number of outputs that could not be written: for the exit code.
    """
    failures = 0
    for path, write in writers:
        if path is None:
            continue
        try:
            write(path)
        except Exception as error:
            if os.environ.get("OVERLAP_TRACEBACK") == "1":
                raise
            failures += 1
            reason = str(error) or type(error).__name__
            if not reason.startswith(f"{path}: "):
                reason = f"{path}: could not be written: {reason}"
            say_error(reason)
    return failures


def say_error(message: str) -> None:
    """Show an error on one line of stderr.

    Parameters
    ----------
    message : str
    """
    click.echo(f"overlap: error: {printable(' '.join(message.split()))}", err=True)
