"""The command ``overlap``.

Start-up is part of the time of a command: each is imported when it is asked for, and imports what
it needs when it runs. Bad input ends with exit code 2 and one line on stderr.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from overlap.cli.outputs import say_error
from overlap.io.printable import printable

__all__ = ["cli", "main"]

INTERNAL = 70  # EX_SOFTWARE of sysexits.h


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words after the command's name; by default those of the process.

    Returns
    -------
    int
        0 on success, 1 where ``check --strict`` found something, some cases of
        ``segmentation`` or files of ``ramachandran`` could not be evaluated, or the reader of
        the output went away, 2 on bad input, 70 on an error of the program itself, 130 if
        interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    with warnings.catch_warnings():
        warnings.showwarning = _once(_show_warning)
        try:
            code = cli.main(args=words or ["--help"], prog_name="overlap", standalone_mode=False)
            sys.stdout.flush()
            return code if isinstance(code, int) else 0
        except click.exceptions.Abort:
            return _fail("interrupted", 130)
        except click.ClickException as error:
            return _fail(error.format_message(), 2)
        except BrokenPipeError:
            # the reader of our output has gone; keep the interpreter from complaining at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except (ValueError, OSError, ImportError, MemoryError) as error:
            if os.environ.get("OVERLAP_TRACEBACK") == "1":
                raise
            return _fail(str(error) or "not enough memory", 2)
        except Exception as error:
            if os.environ.get("OVERLAP_TRACEBACK") == "1":
                raise
            return _fail(
                f"internal error ({type(error).__name__}: {error}); please report it, with the "
                "command and what OVERLAP_TRACEBACK=1 shows",
                INTERNAL,
            )


def _fail(message: str, code: int) -> int:
    say_error(message)
    return code


def _once(show: Callable[..., None]) -> Callable[..., None]:
    """Return a function that shows a message once, however frequently it comes."""
    shown: set[str] = set()

    def filtered(message: Any, *rest: Any) -> None:
        if str(message) not in shown:
            shown.add(str(message))
            show(message, *rest)

    return filtered


def _show_warning(message: Any, *_: Any) -> None:
    click.echo(f"overlap: warning: {printable(' '.join(str(message).split()))}", err=True)


class _Modules(Mapping[str, click.Command]):
    """Commands by name, each imported from its module when it is asked for."""

    names = ("check", "compare", "detection", "explain", "list", "possession", "ramachandran",
             "segmentation", "temporal", "warm")  # fmt: skip

    def __getitem__(self, name: str) -> click.Command:
        if name not in self.names:
            raise KeyError(name)
        return getattr(import_module(f"overlap.cli.{name}"), f"{name}_command")

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


@click.group(
    commands=_Modules(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="overlap-metrics", message="overlap %(version)s")
def cli() -> None:
    """How much do two sets agree, and how far apart are they if they do not touch?"""
