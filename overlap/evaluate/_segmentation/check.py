"""Checks of two folders of volumes, or of two volumes, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from overlap.io.folder_check import all_cases, grouped
from overlap.io.folders import AFFIXES
from overlap.io.inspection import Inspection
from overlap.io.printable import number_of, some
from overlap.io.volumes import read_header
from overlap.io.volumes.grids import check_same_grid

from .cases import Failed, Measured
from .cohort import Cohort, as_cohort
from .findings import label_findings
from .measure import Measure

__all__ = ["compare_volumes"]

_TRUTH = {"gt", "label", "labels", "manual", "ref", "reference", "truth", "groundtruth"}
_FOUND = {*AFFIXES, "predictions", "predicted", "preds", "results"} - _TRUTH - {"0000", "mask",
    "seg", "segmentation", "dseg"}  # fmt: skip
_MOST = 8  # labels that are written


def compare_volumes(
    truth: str,
    found: str,
    *,
    pattern: Any = None,
    voxels: bool = True,
    watched: Callable[[Iterable[Any], int], Iterable[Any]] = all_cases,
) -> Inspection:
    """Say whether two folders of label maps, or two label maps, belong together.

    The headers of all pairs are compared first; then the labels of each pair are counted.

    Parameters
    ----------
    truth, found : str
        Two folders or two files.
    pattern : str or (str, str), optional
        As in `overlap.io.pair_folders`.
    voxels : bool, default True
        Read them; else the headers alone.
    watched : callable
        As for `overlap.io.folder_check.inspect_folder`.

    Returns
    -------
    Inspection
        Reasons and findings are those of `overlap.evaluate.segmentation`.

    Examples
    --------
    >>> from overlap.io import sample_path
    >>> seen = compare_volumes(
    ...     str(sample_path("volumes_truth")), str(sample_path("volumes_found"))
    ... )
    >>> dict(seen.facts)["pairs"], dict(seen.facts)["grids"]
    ('2 of 2 cases', 'the same in 2 of 2 pairs')
    """
    what = "two folders of volumes" if Path(truth).is_dir() else "two volumes"
    findings = _swapped(truth, found)
    try:
        cohort = as_cohort(truth, found, pattern)
    except ValueError as error:
        return Inspection(what, [], [*findings, str(error)])
    failed = {part.case: part.reason for part in cohort.failures}
    wrong = _wrong_grids(cohort)
    facts = []
    if Path(truth).is_dir():
        total = len(cohort.cases) + len(failed)
        facts.append(("pairs", f"{len(cohort.cases):,} of {number_of(total, 'case')}"))
    same = len(cohort.cases) - len(wrong)
    facts.append(("grids", f"the same in {same:,} of {number_of(len(cohort.cases), 'pair')}"))
    failed |= wrong
    if voxels:
        cases, unread = _measured(cohort, wrong, watched)
        failed |= unread
        facts += _labels(cases, findings)
        findings += label_findings(cases, {}, ())
    findings = [*cohort.findings, *findings, *grouped(failed.items(), "that cannot be evaluated")]
    facts += [("note", note) for note in cohort.notes]
    return Inspection(what, facts, findings)


def _wrong_grids(cohort: Cohort) -> dict[str, str]:
    """Return why the headers of pairs do not fit, by case."""
    wrong = {}
    for case, (truth, found) in cohort.cases.items():
        try:
            check_same_grid(read_header(truth), read_header(found))
        except (ValueError, OSError) as error:
            wrong[case] = " ".join(str(error).split())
    return wrong


def _measured(
    cohort: Cohort, wrong: dict[str, str], watched: Callable[[Iterable[Any], int], Iterable[Any]]
) -> tuple[list[Measured], dict[str, str]]:
    """Count the labels of each pair that lies on one grid."""
    measure, cases, failed = Measure(), list[Measured](), dict[str, str]()
    names = [case for case in cohort.cases if case not in wrong]
    for case in watched(names, len(names)):
        part = measure(case, *cohort.cases[case])
        if isinstance(part, Failed):
            failed[case] = part.reason
        else:
            cases.append(part)
    return cases, failed


def _labels(cases: list[Measured], findings: list[str]) -> list[tuple[str, str]]:
    """Return the labels of both sides, and add findings on those that only one side has."""
    truth, found = Counter[int](), Counter[int]()
    for case in cases:
        truth.update({*case.truth} - {0})
        found.update({*case.found} - {0})
    for ours, theirs, side in ((truth, found, "the truth"), (found, truth, "found")):
        alone = sorted(label for label in ours if label not in theirs)
        if alone and theirs:
            what = "label" if len(alone) == 1 else "labels"
            findings.append(f"{what} that only {side} has: {some(alone, _MOST)}")
    rows = []
    for side, counts in (("true labels", truth), ("found labels", found)):
        rows.append((side, some(sorted(counts), _MOST)))
    return rows


def _swapped(truth: str, found: str) -> list[str]:
    """Say that the names of the inputs say the opposite of their places."""
    words = [_words(path) for path in (truth, found)]
    if words[0] & _FOUND and words[1] & _TRUTH and not words[0] & _TRUTH:
        return [
            f"truth and found seem to be swapped: the truth comes first, and it is {truth}; give "
            f"{found} {truth}"
        ]
    return []


def _words(path: str) -> set[str]:
    """Return the words of a name that tell its side."""
    name = Path(path).resolve().name.casefold()
    for mark in "-_. ":
        name = name.replace(mark, " ")
    return set(name.split())
