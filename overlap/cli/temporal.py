"""The command ``overlap temporal``."""

from __future__ import annotations

from typing import Any

import click

from overlap.cli.options import (
    Choice,
    Shared,
    both_or_sample,
    changed_fields,
    evaluating,
    known_name,
    split_names,
)

__all__ = ["temporal_command"]


@click.command("temporal")
@click.argument("truth", required=False)
@click.argument("found", required=False)
@click.option("--sample", is_flag=True, help="Score the sample data that comes with the package.")
@click.option("--protocol", default="activitynet", show_default=True, metavar="NAME",
              help="Whose rules; `overlap list protocols` has the names, all is each of "
                   "them.")  # fmt: skip
@click.option("--subset", metavar="NAME",
              help="Only the truth's videos of this subset; predictions are not "
                   "filtered.")  # fmt: skip
@click.option("--iou", metavar="A:B:STEP",
              help="Thresholds, both ends included and counted in decimal arithmetic, or a list "
                   "0.5,0.75; a range that does not end at B is refused; by default the "
                   "protocol's.")  # fmt: skip
@click.option("--labels", metavar="A,B,...", help="Classes of the mean; by default the truth's.")
@click.option("--ambiguous", metavar="FILE",
              help="Segments to ignore, for the THUMOS14 protocols: the rows of this file with "
                   "the label Ambiguous, or all rows if it has no labels.")  # fmt: skip
@click.option("--videos", metavar="FILE|A,B",
              help="Use these videos only, on both sides: a JSON list, the keys of a JSON object, "
                   "text with one name a line, or names with commas.")  # fmt: skip
@click.option("--exclude", metavar="FILE|A,B",
              help="Leave these videos out, on both sides.")  # fmt: skip
@click.option("--names", multiple=True, metavar="RULE",
              help="Repair names: prefix=v_, suffix=.mp4, suffix, folder, case, spaces, "
                   "separators, unicode, ids, classes=FILE, map=FILE or merge=FILE; videos: or "
                   "labels: before a rule limits it; repeatable.")  # fmt: skip
@click.option("--columns", metavar="FIELD=NAME,...",
              help="Columns of tables, such as start=t0,stop=t1, or of one side "
                   "found:start=t0.")  # fmt: skip
@click.option("--fps", multiple=True, metavar="N|FILE|field",
              help="Times are frames: how many a second, a file with the rate of each video, or "
                   "the word field for rates in TRUTH; found:N for one side; "
                   "repeatable.")  # fmt: skip
@click.option("--clip", is_flag=True, help="Let segments end where their video does.")
@click.option("--class-agnostic", is_flag=True,
              help="Do not look at labels, and need none: there is one class.")  # fmt: skip
@click.option("--uem", metavar="FILE",
              help="For diarization: the parts of recordings to evaluate.")  # fmt: skip
@click.option("--collar", metavar="SECONDS",
              help="Seconds that are forgiven around times of the truth; what they measure is the "
                   "protocol's rule.")  # fmt: skip
@click.option("--background", metavar="A,B,...",
              help="Labels of frames that make no segment, for action_segmentation; by default "
                   "background.")  # fmt: skip
@click.option("--durations", metavar="FILE",
              help="Seconds of each recording for sound events, of each video for --diagnosis: "
                   "lines of a name and its length, or a JSON object.")  # fmt: skip
@click.option("--nms", metavar="SETTING,...",
              help="Suppress predictions before they are scored, one row for each setting: none, "
                   "hard:IOU, sorted:IOU, linear:IOU, gaussian:SIGMA, opentad_bmn:SIGMA or "
                   "bmn:SIGMA; behind one +least=X, +most=N, +agnostic, +vote=actionformer:IOU or "
                   "+vote=opentad:IOU.")  # fmt: skip
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE",
              help="Change one field of the protocol, such as recall_grid=octave; "
                   "repeatable.")  # fmt: skip
@click.option("--ties", default="official", show_default=True,
              type=Choice(["official", "stable", "expected"]),
              help="Order of equal confidences: the protocol's, as in the file, or the mean over "
                   "random orders.")  # fmt: skip
@click.option("--diagnosis", is_flag=True,
              help="Say on the page and in .json which truths are missed, why predictions are "
                   "false and what that costs, and draw the worst videos.")  # fmt: skip
@click.option("--bins", multiple=True, metavar="NAME|FIELD=EDGES",
              help="Bins of the diagnosis: quantiles (the default), activitynet, thumos14, or "
                   "edges of coverage, length or instances, such as length=0,3,6,inf; "
                   "repeatable.")  # fmt: skip
@evaluating(
    "videos", "Draw the curves and the AP of each class (of all protocols the mAP over thresholds)"
)
def temporal_command(
    truth: str | None,
    found: str | None,
    sample: bool,
    protocol: str,
    subset: str | None,
    iou: str | None,
    labels: str | None,
    ambiguous: str | None,
    videos: str | None,
    exclude: str | None,
    names: tuple[str, ...],
    columns: str | None,
    fps: tuple[str, ...],
    clip: bool,
    class_agnostic: bool,
    uem: str | None,
    collar: str | None,
    background: str | None,
    durations: str | None,
    nms: str | None,
    changes: tuple[str, ...],
    ties: str,
    diagnosis: bool,
    bins: tuple[str, ...],
    shared: Shared,
) -> int:
    """Score the time segments in FOUND against those in TRUTH.

    Both are files or folders of the form that the protocol scores, recognised by their content:
    JSON of ActivityNet, tables, JSON lines, event files, RTTM and others. FOUND has confidences
    where the protocol ranks. Files of text may be gzipped.
    """
    truth, found = both_or_sample(truth, found, sample, "temporal")
    shared.check(
        [truth, found, *(path for path in (ambiguous, uem, durations, videos, exclude) if path)]
    )
    from overlap.evaluate import PROTOCOLS, TEMPORAL_PROTOCOLS
    from overlap.evaluate import temporal as evaluate

    every = protocol.casefold().startswith("all:")
    name = protocol if every else known_name(protocol, (*TEMPORAL_PROTOCOLS, "all"), "protocol")
    if (name == "all" or every) and changes:
        raise click.UsageError("--set needs one protocol, not all")
    if bins and not diagnosis:
        raise click.UsageError("--bins is of --diagnosis; give both")
    if diagnosis and name not in PROTOCOLS:
        raise click.UsageError(
            f"--diagnosis needs one protocol of localization: {', '.join(PROTOCOLS)}"
        )
    if durations and name in PROTOCOLS and not diagnosis:
        raise click.UsageError(
            f"--durations does not change the numbers of {name}; it is of --diagnosis, give both"
        )
    if diagnosis and nms and "," in nms:
        raise click.UsageError("--diagnosis needs one setting of --nms, not several")
    rules: Any = name
    if name in TEMPORAL_PROTOCOLS:
        rules = TEMPORAL_PROTOCOLS[name].with_fields(**changed_fields(changes))
    # Only what was given: families of protocols have options of their own.
    options: dict[str, Any] = {
        "iou": iou,
        "subset": subset,
        "ambiguous": ambiguous,
        "labels": split_names(labels),
        "videos": videos,
        "exclude": exclude,
        "names": names or None,
        "columns": columns,
        "fps": fps or None,
        "clip": clip or None,
        "class_agnostic": class_agnostic or None,
        "uem": uem,
        "collar": collar,
        "background": background,
        "durations": None if diagnosis else durations,
        "nms": nms,
    }
    given = {option: value for option, value in options.items() if value is not None}
    report = evaluate(
        truth=truth, found=found, protocol=rules, ties=ties, **given, **shared.options()
    )
    if diagnosis:
        from overlap.evaluate._temporal.localization.characteristics import parse_bins

        report = report.with_diagnosis(
            report.diagnosis(parse_bins(bins or ["quantiles"]), durations)
        )
    return 2 if shared.finish(report) else 0
