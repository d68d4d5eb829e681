"""What the command line shows of a report on segmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from overlap.cli.screen import align, blocks, notices

if TYPE_CHECKING:
    from overlap.evaluate import SegmentationReport

__all__ = ["segmentation_lines"]


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
    from overlap.evaluate._segmentation.shown import sections_of

    lines: list[str] = []
    keys = {"Strata, means over labels": 3}
    for section in sections_of(report):
        if section.columns[:2] == ("case", "reason"):
            continue  # said on stderr
        lines += [section.title, *blocks(section, keys.get(section.title, 2)), ""]
    settings = report.settings
    touched = next(iter(settings["touched"].values()))
    name = next(iter(settings["touched"]))
    sizes = settings["truth"]["cases"], len(settings["labels"])
    words = zip(sizes, ("case", "label"), strict=True)
    counts = ", ".join(f"{size} {word}{'s' * (size != 1)}" for size, word in words)
    if report.failed:
        worst = len(report.evidence.lost)
        fates = [f"{worst} as the worst"] * (worst > 0)
        fates += [f"{len(report.failed) - worst} left out"] * (len(report.failed) > worst)
        counts += f"; {len(report.failed)} could not be evaluated: {', '.join(fates)}"
    empties = [f"{touched[key]} {what}" for key, what in _WORDS.items() if touched[key]]
    facts = [
        ["truth", settings["truth"]["source"]],
        ["found", settings["found"]["source"]],
        ["counts", counts],
        ["empty sets", f"policy {settings['empty']['name']}"],
    ]
    if empties:
        facts[-1][1] += f"; of {name}: {', '.join(empties)}"
    return [*lines, *align(facts), *notices(settings)]


_WORDS = {
    "both": "with both sides empty",
    "truth": "with an empty truth",
    "found": "with nothing found",
    "undefined": "undefined",
}
