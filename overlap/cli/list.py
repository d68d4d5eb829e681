"""The command ``overlap list``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from overlap.cli.options import Choice

__all__ = ["list_command"]


def _scores(module: str = "overlap") -> list[list[str]]:
    """Name, parameters and meaning of each public score of a module."""
    from overlap.scores.score import Score

    names = import_module(module)
    rows = []
    for name in sorted(dir(names)):
        score = getattr(names, name)
        if name.startswith("_") or not isinstance(score, Score):
            continue
        meaning = score.doc.partition("\n")[0].replace("`", "").rstrip(".")
        if len(score.parts) > 1:
            rows.append([name, f"{score.expression} ({meaning.partition(':')[0]})"])
            continue
        rows.append([score.signature, meaning])
    return rows


def _protocols() -> list[list[str]]:
    """Name, thresholds and description of each protocol."""
    from overlap.evaluate import DETECTION_PROTOCOLS, TEMPORAL_PROTOCOLS

    rows: list[list[str]] = []
    kinds: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("temporal", TEMPORAL_PROTOCOLS),
        ("detection", DETECTION_PROTOCOLS),
    )
    for command, protocols in kinds:
        for name, protocol in protocols.items():
            what, thresholds = command, getattr(protocol, "thresholds", ())
            if thresholds:
                ends = dict.fromkeys((thresholds[0], thresholds[-1]))
                measure = "distance" if getattr(protocol, "distance", False) else "IoU"
                what += f", {measure} {' to '.join(f'{level:g}' for level in ends)}"
            rows.append([name, what, protocol.description])
    return rows


def _metrics() -> list[list[str]]:
    """Name, direction and meaning of each metric of segmentation."""
    from overlap.evaluate import METRICS

    words = {"zero": "best near 0", "": ""}
    return [
        [metric.name, words.get(metric.better, f"{metric.better} is better"), metric.meaning]
        for metric in METRICS.values()
    ]


def _kinds() -> list[list[str]]:
    """Name and description of each kind of region."""
    import overlap

    rows = []
    for name in sorted(dir(overlap)):
        kind = getattr(overlap, name)
        if isinstance(kind, type) and issubclass(kind, overlap.Regions) and kind != overlap.Regions:
            rows.append([name, (kind.__doc__ or "").strip().partition("\n")[0]])
    return rows


def _residues() -> list[list[str]]:
    """Name, cutoffs and meaning of each category of residue."""
    from overlap.io.residue_categories import (
        ALLOWED_CUTOFFS,
        CATEGORIES,
        FAVORED_CUTOFF,
        FOUR_ALLOWED_CUTOFFS,
        FOUR_CATEGORIES,
    )

    libraries = [
        ("", CATEGORIES, ALLOWED_CUTOFFS),
        ("in libraries of four: ", FOUR_CATEGORIES, FOUR_ALLOWED_CUTOFFS),
    ]
    return [
        [name, f"favored {FAVORED_CUTOFF:g}", f"allowed {cutoffs[name]:g}", said + meaning]
        for said, categories, cutoffs in libraries
        for name, meaning in categories.items()
    ]


_ROWS = {
    "scores": _scores,
    "metrics": _metrics,
    "protocols": _protocols,
    "kinds": _kinds,
    "residues": _residues,
}


@click.command("list")
@click.argument("what", type=Choice(tuple(_ROWS)))
@click.option("--module", metavar="MODULE", help="List the scores of a Python module of your own.")
def list_command(what: str, module: str | None) -> None:
    """List the scores, metrics of segmentation, protocols, kinds of region or of residue."""
    from overlap.cli.screen import align

    if module is None:
        rows = _ROWS[what]()
    elif what != "scores":
        raise click.UsageError(f"--module is for scores, not for {what}")
    else:
        try:
            rows = _scores(module)
        except ImportError as error:
            raise click.UsageError(f"--module {module}: {error}") from None
    click.echo("\n".join(align(rows)))
