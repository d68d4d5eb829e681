"""The command ``overlap``.

Every command imports what it needs when it runs: start-up is part of its time. Bad input
ends with exit code 2 and one line on stderr.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import click

from overlap.cli.outputs import (
    check_json,
    check_outputs,
    report_writers,
    say_error,
    write_json,
    write_outputs,
)
from overlap.cli.ramachandran import ramachandran
from overlap.cli.segmentation import segmentation
from overlap.io.name_match import closest
from overlap.io.printable import printable

__all__ = ["main"]


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


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="overlap-metrics", message="overlap %(version)s")
def cli() -> None:
    """How much do two sets agree, and how far apart are they if they do not touch?"""


@cli.command()
@click.argument("truth", required=False)
@click.argument("found", required=False)
@click.option("--sample", is_flag=True, help="Score the sample data that comes with the package.")
@click.option("--protocol", default="activitynet", show_default=True, metavar="NAME",
              help="Whose rules; see `overlap list protocols`, or all.")  # fmt: skip
@click.option("--subset", metavar="NAME", help="Use the truth's videos of this subset only.")
@click.option("--iou", metavar="A:B:STEP", help="Thresholds, both ends included, or 0.5,0.75.")
@click.option("--labels", metavar="A,B,...", help="Classes of the mean; by default the truth's.")
@click.option("--ambiguous", metavar="FILE", help="Intervals to ignore, by the label Ambiguous.")
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE",
              help="Change one field of the protocol; repeatable.")  # fmt: skip
@click.option("--ties", default="official", show_default=True,
              type=click.Choice(["official", "stable", "expected"]),
              help="Order of equal confidences.")  # fmt: skip
@click.option("--bootstrap", default=0, metavar="N", type=click.IntRange(min=0),
              help="Resample the videos N times for 95 % intervals.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0),
              help="Seed of the bootstrap.")  # fmt: skip
@click.option("--out", "outputs", multiple=True, metavar="FILE",
              help="Write the report as .json, .csv or .html; repeatable.")  # fmt: skip
@click.option("--plot", metavar="FILE", help="Draw the curves to a .png, .pdf or .svg file.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(min=1),
              help="Number of processes.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Show nothing but errors.")
def temporal(
    truth: str | None,
    found: str | None,
    sample: bool,
    protocol: str,
    subset: str | None,
    iou: str | None,
    labels: str | None,
    ambiguous: str | None,
    changes: tuple[str, ...],
    ties: str,
    bootstrap: int,
    seed: int,
    outputs: tuple[str, ...],
    plot: str | None,
    workers: int,
    quiet: bool,
) -> int:
    """Score the time segments in FOUND against those in TRUTH.

    TRUTH is ActivityNet JSON or CSV, FOUND the same with confidences; both may be gzipped.
    """
    if sample:
        if truth is not None:
            raise click.UsageError("--sample brings its own files; leave TRUTH and FOUND out")
        from overlap.io import sample_path

        truth, found = str(sample_path("temporal_truth")), str(sample_path("temporal_found"))
    if truth is None or found is None:
        missing = "TRUTH and FOUND" if truth is None else "FOUND"
        raise click.UsageError(f"{missing} missing; give two files, or --sample")
    check_outputs(outputs, plot, [truth, found, *([ambiguous] if ambiguous else [])])
    from overlap.evaluate import PROTOCOLS
    from overlap.evaluate import temporal as evaluate

    rules: Any = protocol
    if protocol != "all":
        if protocol not in PROTOCOLS:
            known = ", ".join((*PROTOCOLS, "all"))
            hint = closest(protocol, (*PROTOCOLS, "all"))
            raise click.UsageError(f"no protocol {protocol!r}{hint}; known are {known}")
        rules = PROTOCOLS[protocol].with_fields(**_fields(changes))
    elif changes:
        raise click.UsageError("--set needs one protocol, not all")
    report = evaluate(
        truth=truth,
        found=found,
        protocol=rules,
        iou=iou,
        subset=subset,
        ambiguous=ambiguous,
        ties=ties,
        labels=None if labels is None else [name.strip() for name in labels.split(",")],
        rng=seed,
        bootstrap=bootstrap,
        progress=False if quiet else None,
        workers=workers,
    )
    failures = write_outputs([*report_writers(report, outputs), (plot, report.plot)])
    if not quiet:
        from overlap.cli.screen import temporal_lines

        click.echo("\n".join(temporal_lines(report)))
    return 2 if failures else 0


cli.add_command(segmentation)
cli.add_command(ramachandran)


@cli.command()
@click.argument("reports", nargs=-1, required=True, metavar="REPORT...")
@click.option("--metric", metavar="NAME", help="Number to compare; by default the first.")
@click.option("--label", metavar="A,B,...", help="Labels to compare; by default all.")
@click.option("--common", is_flag=True, help="Compare the cases that all reports have.")
@click.option("--missing", metavar="VALUE",
              help="What stands for undefined values: a number, none (left out) or worst; "
                   "by default what the reports say.")  # fmt: skip
@click.option("--allow", metavar="A,B,...",
              help="Compare although these differ: names as in the message.")  # fmt: skip
@click.option("--aggregate", default="mean", show_default=True,
              type=click.Choice(["mean", "median"]),
              help="How cases become one number.")  # fmt: skip
@click.option("--resamples", default=1000, show_default=True, type=click.IntRange(min=1),
              help="Number of bootstrap draws of videos or cases.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0),
              help="Seed of the bootstrap.")  # fmt: skip
@click.option("--out", metavar="FILE", help="Write the tables as .json.")
@click.option("--plot", metavar="FILE",
              help="Draw podium, ranks and tests to a .png, .pdf or .svg file.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Show nothing but errors.")
def compare(
    reports: tuple[str, ...],
    metric: str | None,
    label: str | None,
    common: bool,
    missing: str | None,
    allow: str | None,
    aggregate: str,
    resamples: int,
    seed: int,
    out: str | None,
    plot: str | None,
    quiet: bool,
) -> int:
    """Rank reports on the same truth, with paired intervals and tests.

    REPORT is a report.json. The inputs of reports on localization are read again, and must
    not have changed; those on segmentation have the numbers of all cases.
    """
    check_json(out, reports)
    check_outputs([out] if out is not None else [], plot, reports)
    from overlap import evaluate
    from overlap.cli.reload import load_compared
    from overlap.cli.screen import comparison_lines

    options: dict[str, Any] = {"aggregate": aggregate, "cases": "common" if common else "same"}
    if missing is not None:
        options["missing"] = _missing(missing)
    if allow is not None:
        options["allow"] = [name.strip() for name in allow.split(",")]
    if label is not None:
        options["label"] = [name.strip() for name in label.split(",")]
    comparison = evaluate.compare(
        *load_compared(reports),
        names=list(reports)
        if len(set(reports)) == len(reports)
        else [f"{k}: {path}" for k, path in enumerate(reports, 1)],
        metric=metric,
        resamples=resamples,
        rng=seed,
        **options,
    )
    failures = write_outputs([(out, comparison.to_json), (plot, comparison.plot)])
    if not quiet:
        click.echo("\n".join(comparison_lines(comparison)))
    return 2 if failures else 0


def _missing(word: str) -> float | str | None:
    if word in ("none", "worst"):
        return None if word == "none" else word
    try:
        return float(word)
    except ValueError:
        raise click.UsageError(f"--missing {word}: wanted a number, none or worst") from None


@cli.command()
@click.argument("report_a")
@click.argument("report_b")
@click.option("--metric", metavar="NAME", help="Number to explain; by default the first.")
@click.option("--out", metavar="FILE", help="Write the steps as .json.")
def explain(report_a: str, report_b: str, metric: str | None, out: str | None) -> None:
    """Walk from the rules of REPORT_A to those of REPORT_B, one field at a time.

    Both are report.json files; their inputs are read again, and must not have changed.
    """
    check_json(out, (report_a, report_b))
    from overlap import evaluate
    from overlap.cli.reload import load_reports
    from overlap.cli.screen import explanation_lines

    steps = evaluate.explain(*load_reports([report_a, report_b]), metric=metric)
    if out is not None:
        write_json(out, {"metric": steps.metric, "table": steps.step_rows})
    click.echo("\n".join(explanation_lines(steps)))


def _fields(changes: tuple[str, ...]) -> dict[str, str]:
    """Split ``FIELD=VALUE`` words; which fields there are is the protocol's business."""
    fields: dict[str, str] = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals or not name.isidentifier() or name == "self":
            raise click.UsageError(f"--set {change}: wanted FIELD=VALUE")
        if name in fields:
            raise click.UsageError(f"--set {name} is given twice")
        fields[name] = value
    return fields


@cli.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything odd was found.")
def check(files: tuple[str, ...], strict: bool) -> int:
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
            _fail(str(error), 2)
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


@cli.command(name="list")
@click.argument("what", type=click.Choice(["scores", "metrics", "protocols", "kinds", "residues"]))
def list_names(what: str) -> None:
    """List the scores, metrics of segmentation, protocols, kinds of region or of residue."""
    from overlap.cli import listing as _listing
    from overlap.cli.screen import align

    rows = getattr(_listing, f"{what[:-1]}_rows")()
    click.echo("\n".join(align(rows)))


@cli.command()
def warm() -> None:
    """Compile the kernels of the common jobs now, so that the next command starts fast."""
    from overlap.cli.listing import warm_kernels

    seconds = warm_kernels()
    click.echo(f"kernels are compiled ({seconds:.1f} s)")
