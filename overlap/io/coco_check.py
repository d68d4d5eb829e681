"""Checks of COCO's boxes: facts and findings, without scores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from overlap.io.candidate import Candidate
from overlap.io.coco import Categories, is_coco, read_coco_results, read_coco_truth
from overlap.io.detections import Detections
from overlap.io.form_check import compare_forms, confidence_facts, facts_of
from overlap.io.inspection import Inspection

__all__ = ["compare_boxes", "inspect_boxes", "is_boxes"]

_RESULT = {"image_id", "category_id"}


def is_boxes(candidate: Candidate) -> bool:
    """Whether a file is annotations or a list of results in COCO's form.

    Parameters
    ----------
    candidate : Candidate
    """
    return candidate.is_json and (is_coco(candidate.payload) or candidate.entry_keys >= _RESULT)


def inspect_boxes(candidate: Candidate) -> Inspection:
    """Look at annotations, or at results by themselves.

    Parameters
    ----------
    candidate : Candidate

    Returns
    -------
    Inspection
        Its content is the path of results, or the annotations with their `Categories`.

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.evaluate.detection`.
    """
    if is_coco(candidate.payload):
        truth, names = read_coco_truth(candidate.path)
        facts = facts_of(truth)
        crowds = int(truth.flags["crowd"].sum())
        if crowds:
            facts.append(("crowds", f"{crowds:,}"))
        what = "annotations of boxes, COCO JSON"
        return Inspection(what, facts, list(truth.findings), "truth", (truth, names))
    ids = [(row["image_id"], row["category_id"]) for row in candidate.payload]
    images, categories = (_entries(column) for column in zip(*ids, strict=True))
    found = read_coco_results(candidate.path, Categories(images, categories, candidate.path))
    facts = [*facts_of(found), *confidence_facts(found)]
    what = "results of boxes, COCO JSON"
    return Inspection(what, facts, list(found.findings), "found", candidate.path)


def compare_boxes(truth: tuple[Detections, Categories], found: str) -> Inspection:
    """Say whether results belong to annotations.

    Parameters
    ----------
    truth : tuple of Detections and Categories
        Content of the `Inspection` of annotations.
    found : str
        Path of results.
    """
    known, names = truth
    try:
        table = read_coco_results(found, names)
    except ValueError as error:
        return Inspection("results and annotations", [], [str(error)])
    both = compare_forms(known, table)
    return replace(both, findings=[*table.findings, *both.findings])


def _entries(ids: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Return the different ids as annotations have them; others are left to the reader."""
    usable = (name for name in ids if isinstance(name, str | int))
    return [{"id": name} for name in dict.fromkeys(usable)]
