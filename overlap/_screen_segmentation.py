"""What the command line shows of a report on segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from overlap._screen import align

if TYPE_CHECKING:
    from overlap.evaluate import SegmentationReport
    from overlap.evaluate.report import Section

__all__ = ["segmentation_lines"]

_WIDTH = 110


def segmentation_lines(report: SegmentationReport) -> list[str]:
    """Lines for the screen.

    Parameters
    ----------
    report : SegmentationReport
        Result of `overlap.evaluate.segmentation`.

    Returns
    -------
    list of str
        Means by label, with intervals where there are any; the worst rows; strata; counts and
        notes.
    """
    from overlap.evaluate.volumes.shown import sections_of

    lines: list[str] = []
    keys = {"Strata, means over labels": 3}
    for section in sections_of(report):
        if section.columns[:2] == ("case", "reason"):
            continue  # said on stderr
        lines += [section.title, *_blocks(section, keys.get(section.title, 2)), ""]
    settings = report.settings
    touched = next(iter(settings["touched"].values()))
    name = next(iter(settings["touched"]))
    sizes = settings["truth"]["cases"], len(settings["labels"])
    words = zip(sizes, ("case", "label"), strict=True)
    counts = ", ".join(f"{size} {word}{'s' * (size != 1)}" for size, word in words)
    if report.failed:
        counts += f"; {len(report.failed)} could not be evaluated"
    empties = [f"{touched[key]} {what}" for key, what in _WORDS.items() if touched[key]]
    facts = [
        ["truth", settings["truth"]["source"]],
        ["found", settings["found"]["source"]],
        ["counts", counts],
        ["empty sets", f"policy {settings['empty']['name']}"],
    ]
    if empties:
        facts[-1][1] += f"; of {name}: {', '.join(empties)}"
    return [*lines, *align(facts), *(f"note: {note}" for note in settings["notes"])]


_WORDS = {
    "both": "with both sides empty",
    "truth": "with an empty truth",
    "found": "with nothing found",
    "undefined": "undefined",
}


def _blocks(section: Section, keys: int) -> list[str]:
    """Align a table; one that is too wide becomes several, each with the first columns."""
    table: list[Sequence[str]] = [section.columns, *section.rows]
    widths = [max(len(row[k]) for row in table) for k in range(len(section.columns))]
    first = sum(widths[:keys]) + 2 * keys
    lines: list[str] = []
    start = keys
    while start < len(widths):
        stop = start + 1
        while (
            stop < len(widths)
            and first + sum(widths[start : stop + 1]) + 2 * (stop - start) <= _WIDTH
        ):
            stop += 1
        rows = [[*row[:keys], *row[start:stop]] for row in table]
        right = [k for k in range(1, keys + stop - start) if _numeric(rows, k)]
        lines += [*([""] if lines else []), *align(rows, right=right)]
        start = stop
    return lines


def _numeric(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Whether the cells of a column begin like numbers."""
    cells = [row[column] for row in rows[1:] if row[column] not in ("", "undefined")]
    return bool(cells) and all(cell.lstrip("-")[:1].isdigit() or "inf" in cell for cell in cells)
