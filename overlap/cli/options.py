"""Options that several commands have, and how words are read."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import click

from overlap.cli.outputs import Writer, check_outputs, report_writers, write_outputs
from overlap.io.name_match import closest
from overlap.io.printable import printable

__all__ = [
    "Choice",
    "Shared",
    "both_or_sample",
    "changed_fields",
    "evaluating",
    "known_name",
    "refuse_unused",
    "same_name",
    "shown_failures",
    "split_names",
    "split_pattern",
]

_FAILURES = 20  # shown one by one


class Choice(click.Choice):
    """One of several words, in upper or lower case; for another one the nearest is named.

    Parameters
    ----------
    words : sequence of str
    """

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(words, case_sensitive=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word that is meant."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            said = error.message.rstrip(".") + closest(str(value), self.choices)
            raise click.BadParameter(said, ctx, param) from None


def same_name(name: str, known: Iterable[str]) -> str:
    """Return the known name that differs only by upper and lower case, or the name as it is.

    Parameters
    ----------
    name : str
    known : iterable of str
    """
    names = list(known)
    alike = [other for other in names if other.casefold() == name.casefold()]
    return alike[0] if name not in names and len(alike) == 1 else name


def known_name(name: str, known: Sequence[str], what: str) -> str:
    """Return the known name that is meant, in upper or lower case.

    Parameters
    ----------
    name : str
    known : sequence of str
    what : str
        Word for one of them.

    Raises
    ------
    click.UsageError
        There is none.
    """
    meant = same_name(name, known)
    if meant not in known:
        hint = closest(name, known)
        raise click.UsageError(f"no {what} {name!r}{hint}; known are {', '.join(known)}")
    return meant


def both_or_sample(
    truth: str | None, found: str | None, sample: bool, name: str
) -> tuple[str, str]:
    """Return the paths of both inputs, or of the sample data.

    Parameters
    ----------
    truth, found : str or None
    sample : bool
        Whether the sample was asked for.
    name : str
        What the names of its files begin with.

    Raises
    ------
    click.UsageError
        Inputs are missing, or were given with the sample.
    """
    if sample:
        if truth is not None:
            raise click.UsageError("--sample brings its own files; leave TRUTH and FOUND out")
        from overlap.io import sample_path

        return str(sample_path(f"{name}_truth")), str(sample_path(f"{name}_found"))
    if truth is None or found is None:
        missing = "TRUTH and FOUND" if truth is None else "FOUND"
        raise click.UsageError(f"{missing} missing; give two files, or --sample")
    return truth, found


def refuse_unused(options: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
    """Refuse options of outputs of which none was asked for.

    Parameters
    ----------
    options : mapping from str to Any
        What was given for each; None where it was not given.
    outputs : mapping from str to Any
        The outputs that they are of, in words, and whether they are wanted.

    Raises
    ------
    click.UsageError
        An option would change nothing.
    """
    given = [name for name, value in options.items() if value is not None]
    if given and not any(outputs.values()):
        raise click.UsageError(f"{given[0]} changes nothing without {' or '.join(outputs)}")


def split_names(text: str | None) -> list[str] | None:
    """Return the names in a list with commas; None for none.

    Parameters
    ----------
    text : str or None
    """
    return None if text is None else [name.strip() for name in text.split(",")]


def split_pattern(text: str | None) -> Any:
    """Return a pattern of paths, or two with a comma between them.

    Parameters
    ----------
    text : str or None

    Raises
    ------
    click.UsageError
        There are more.
    """
    if text is None or "," not in text:
        return text
    parts = tuple(part.strip() for part in text.split(","))
    if len(parts) != 2:
        raise click.UsageError(f"--pattern {text}: wanted one pattern, or two with a comma")
    return parts


class Shared(NamedTuple):
    """Values of the options that every evaluating command has.

    Attributes
    ----------
    bootstrap, seed, workers : int
    engine, address, resume : str or None
    out : tuple of str
        Files for the report.
    plot : str or None
        File for the picture.
    quiet : bool
    """

    bootstrap: int
    seed: int
    out: tuple[str, ...]
    plot: str | None
    quiet: bool
    workers: int
    engine: str | None
    address: str | None
    resume: str | None

    def check(self, inputs: Sequence[str], **more: Any) -> None:
        """Refuse outputs that cannot be written, before any work.

        Parameters
        ----------
        inputs : sequence of str
            Files that are read.
        **more
            As for `overlap.cli.outputs.check_outputs`.
        """
        check_outputs(self.out, self.plot, inputs, **more)

    @property
    def page(self) -> bool:
        """Whether a page is wanted."""
        return any(path.lower().endswith(".html") for path in self.out)

    def options(self) -> dict[str, Any]:
        """Return the arguments that every evaluation takes."""
        return {
            "bootstrap": self.bootstrap,
            "rng": self.seed,
            "workers": self.workers,
            "resume": self.resume,
            "progress": False if self.quiet else None,
        }

    def finish(
        self,
        report: Any,
        others: Sequence[tuple[str | None, Writer]] = (),
        page: Mapping[str, Any] | None = None,
    ) -> int:
        """Write the outputs of a report, and show it.

        Parameters
        ----------
        report : Report
        others : sequence of (str or None, callable)
            Other files that were asked for, with what writes them.
        page : mapping, optional
            Arguments of the report's ``to_html``.

        Returns
        -------
        int
            Number of outputs that could not be written.
        """
        wanted = [*report_writers(report, self.out, page), (self.plot, report.plot), *others]
        unwritten = write_outputs(wanted)
        if not self.quiet:
            from overlap.cli.screen import report_lines

            click.echo("\n".join(report_lines(report)))
        return unwritten


def evaluating(unit: str, picture: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the options of all evaluations.

    Its function gets them as ``shared``, and runs with the workers of the engine that was chosen.

    Parameters
    ----------
    unit : str
        Word for the items that are drawn.
    picture : str
        Words for the picture.
    """
    options: dict[str, dict[str, Any]] = {
        "--bootstrap": {"default": 0, "metavar": "N", "type": click.IntRange(min=0),
                        "help": f"Draw {unit} anew N times, 50 or more, for 95 % intervals."},
        "--seed": {"default": 0, "show_default": True, "type": click.IntRange(min=0),
                   "help": "Seed of the bootstrap."},
        "--workers": {"default": 1, "show_default": True, "type": click.IntRange(min=1),
                      "help": "Number of processes; no number depends on it."},
        "--engine": {"metavar": "NAME",
                     "help": "Who runs the workers: loky (this machine), dask, or another backend "
                             "of joblib."},
        "--address": {"metavar": "URL",
                      "help": "Scheduler of the engine dask, such as tcp://10.0.0.1:8786."},
        "--resume": {"metavar": "DIR",
                     "help": "Keep measured parts in this folder, and use those that are there."},
        "--out": {"multiple": True, "metavar": "FILE",
                  "help": "Write the report as .json, .csv, .html or .parquet (the last two "
                          "need overlap-metrics[report]); repeatable."},
        "--plot": {"metavar": "FILE", "help": f"{picture} to a .png, .pdf or .svg file; needs "
                                             "overlap-metrics[plot]."},
        "--quiet": {"is_flag": True, "help": "Show nothing but errors."},
    }  # fmt: skip

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(command)
        def called(**values: Any) -> int:
            shared = Shared(*(values.pop(name) for name in Shared._fields))
            if shared.engine is None and shared.address is None:
                return command(shared=shared, **values)
            from overlap.evaluate.runner import engine

            with engine(shared.engine, shared.address):
                return command(shared=shared, **values)

        for name, option in reversed(options.items()):
            called = click.option(name, **option)(called)
        return called

    return decorate


def shown_failures(failures: Sequence[tuple[str, str]], what: str) -> None:
    """Show on stderr which items could not be evaluated.

    Parameters
    ----------
    failures : sequence of (str, str)
        Item and reason.
    what : str
        Word for several items.
    """
    for item, reason in failures[:_FAILURES]:
        click.echo(printable(f"overlap: failed: {item}: {reason}"), err=True)
    if len(failures) > _FAILURES:
        more = len(failures) - _FAILURES
        click.echo(f"overlap: failed: {more} more {what}; see the report's failures", err=True)


def changed_fields(changes: Sequence[str]) -> dict[str, str]:
    """Split ``FIELD=VALUE`` words; which fields there are is the protocol's business.

    Parameters
    ----------
    changes : sequence of str
    """
    fields: dict[str, str] = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals or not name.isidentifier() or name == "self":
            raise click.UsageError(f"--set {change}: wanted FIELD=VALUE")
        if name in fields:
            raise click.UsageError(f"--set {name} is given twice")
        fields[name] = value
    return fields
