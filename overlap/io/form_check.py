"""Checks of files of regions of images: facts and findings, without scores."""

from __future__ import annotations

from collections import Counter

import numpy as np

from overlap.io.candidate import Candidate
from overlap.io.detection_forms import Reading, form_of
from overlap.io.detections import Detections
from overlap.io.inspection import Inspection
from overlap.io.printable import counted, number_of, some

__all__ = ["compare_forms", "confidence_facts", "facts_of", "inspect_form", "is_form"]

_SHOWN = 6


def is_form(candidate: Candidate) -> bool:
    """Whether a file or folder is of a form of `overlap.io.detection_forms`.

    Parameters
    ----------
    candidate : Candidate
    """
    return form_of(candidate) is not None


def inspect_form(candidate: Candidate) -> Inspection:
    """Look at annotations or results.

    Parameters
    ----------
    candidate : Candidate

    Returns
    -------
    Inspection
        Its content is the `Detections`.

    Raises
    ------
    ValueError
        It cannot be read.
    """
    form = form_of(candidate)
    assert form is not None
    table = form.read(candidate.path, Reading())
    facts = facts_of(table)
    for name, flag in table.flags.items():
        if flag.any():
            facts.append((name, f"{int(flag.sum()):,}"))
    facts += confidence_facts(table)
    role = "truth" if table.confidence is None else "found"
    return Inspection(form.name, facts, list(table.findings), role, table)


def compare_forms(truth: Detections, found: Detections) -> Inspection:
    """Say whether results belong to annotations.

    Parameters
    ----------
    truth, found : Detections
        Contents of both inspections.
    """
    there = {found.items[k] for k in np.unique(found.item)}
    given = {found.labels[k] for k in np.unique(found.label) if k >= 0}
    silent = [truth.labels[k] for k in np.unique(truth.label) if truth.labels[k] not in given]
    known = there & set(truth.items)
    facts = [("images", f"{len(known):,} of {len(truth.items):,} have results")]
    findings = []
    for strange, what in (
        (sorted(there - set(truth.items)), "images"),
        (sorted(given - set(truth.labels)), "classes"),
    ):
        if strange:
            findings.append(f"{what} of the results that the truth lacks: {some(strange, _SHOWN)}")
    if silent:
        findings.append(f"classes of the truth without results: {some(silent, _SHOWN)}")
    return Inspection("results and annotations", facts, findings)


def facts_of(table: Detections) -> list[tuple[str, str]]:
    """Return counts, areas and classes of regions.

    Parameters
    ----------
    table : Detections
    """
    facts = [(table.kind, f"{len(table):,} in {number_of(len(table.items), 'image')}")]
    if len(table) and "area" in table.sizes:
        area = table.sizes["area"]
        facts.append(
            ("areas", f"{area.min():.4g} to {area.max():.4g}, median {np.median(area):.4g}")
        )
    counts = Counter(table.labels[k] for k in table.label.tolist() if k >= 0)
    if counts:
        facts.append(("classes", counted(counts)))
    return facts


def confidence_facts(table: Detections) -> list[tuple[str, str]]:
    """Return the range of confidences; nothing for truths, and where there are no regions.

    Parameters
    ----------
    table : Detections
    """
    score = table.confidence
    if score is None or not len(table):
        return []
    return [("confidences", f"{score.min():g} to {score.max():g}")]
