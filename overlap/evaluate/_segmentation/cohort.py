"""Cohorts: cases from two folders, files, arrays or mappings, with truth and found volumes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from overlap.io.folders import left_out_words, natural_key, pair_folders
from overlap.io.name_match import mismatch
from overlap.io.printable import number_of
from overlap.io.strata import read_strata
from overlap.io.volumes import Volume, split_suffix

from .cases import Failed

__all__ = ["Cohort", "as_cohort"]

_TAKEN = {"case", "label", "metric", "value", "unit", "empty", "missing", "used"}


@dataclass(frozen=True)
class Cohort:
    """Cases by name, cases without a partner, and notes on them.

    Attributes
    ----------
    cases : dict
        Truth and found of each case: paths as strings, arrays or volumes.
    failures : tuple of Failed
        Cases that have no partner.
    notes : tuple of str
    names : tuple of str
        Names of truth and found: a folder, a file, or a word for the kind of input.
    findings : tuple of str
        Reasons why few cases match, and cases that have one file on both sides.
    alone : dict
        Truths of cases that have no found volume.
    strata : mapping
        Levels of each case by column.
    """

    cases: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    failures: tuple[Failed, ...] = ()
    notes: tuple[str, ...] = ()
    names: tuple[str, str] = ("added case by case", "added case by case")
    findings: tuple[str, ...] = ()
    alone: dict[str, Any] = field(default_factory=dict)
    strata: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def items(self, *, alone: bool) -> dict[str, dict[str, Any]]:
        """Return the cases to measure.

        Parameters
        ----------
        alone : bool
            Whether cases without a found volume are among them, with their failure in its place.
        """
        pairs = dict(self.cases)
        if alone:
            failures = {failure.case: failure for failure in self.failures}
            pairs |= {case: (truth, failures[case]) for case, truth in self.alone.items()}
        return {case: {"truth": truth, "found": found} for case, (truth, found) in pairs.items()}


def as_cohort(
    truth: Any, found: Any, pattern: str | tuple[str, str] | None = None, strata: Any = None
) -> Cohort:
    """Pair the cases of both sides.

    Parameters
    ----------
    truth, found : path, array_like, image, Volume, or mapping or list of these
        Two folders, two mappings from case to volume, two lists of volumes, or one case.
    pattern : str or (str, str), optional
        As in `overlap.io.pair_folders`.
    strata : path, DataFrame or mapping, optional
        As in `overlap.evaluate.segmentation`.

    Raises
    ------
    ValueError
        One side is a folder, a mapping or a list, and the other is not; no case has both sides;
        lists differ in length or order; strata lack a case.
    OSError
        A folder or a file is missing.
    """
    cohort = _paired(truth, found, pattern)
    cases = [*cohort.cases, *(failure.case for failure in cohort.failures)]
    findings = (*cohort.findings, *_one_file(cohort.cases))
    levels = _strata(strata, sorted(cases, key=natural_key))
    return replace(cohort, strata=levels, findings=findings)


def _one_file(cases: Mapping[str, tuple[Any, Any]]) -> list[str]:
    """Say which cases have one file on both sides, by another name or a link as well."""
    same = []
    for case, sides in cases.items():
        if all(isinstance(side, str) for side in sides):
            with contextlib.suppress(OSError):
                if os.path.samefile(*sides):
                    same.append(case)
    if not same:
        return []
    return [
        f"{number_of(len(same), 'case')} of {len(cases)} {'has' if len(same) == 1 else 'have'} one "
        f"file as truth and found (first: {same[0]}: {cases[same[0]][0]}): they agree in everything"
    ]


def _strata(strata: Any, cases: Sequence[str]) -> dict[str, dict[str, str]]:
    if strata is None:
        return {}
    if isinstance(strata, str | os.PathLike):
        strata = read_strata(strata, cases)
    if hasattr(strata, "to_dict"):
        strata = strata.to_dict(orient="index")
    table = {
        str(case): {str(name): str(level) for name, level in levels.items()}
        for case, levels in strata.items()
    }
    missing = [case for case in cases if case not in table]
    if missing:
        raise ValueError(f"strata: lacks the case {missing[0]!r}; give every case a row")
    for case in cases:
        clash = sorted(_TAKEN & table[case].keys())
        if clash:
            raise ValueError(f"strata: the column {clash[0]!r} is one of the table's; rename it")
    return {case: table[case] for case in cases}


def _paired(truth: Any, found: Any, pattern: str | tuple[str, str] | None) -> Cohort:
    kinds = _kind(truth), _kind(found)
    if kinds[0] != kinds[1]:
        raise ValueError(
            f"truth is {kinds[0]} and found {kinds[1]}; give two folders, two mappings from case "
            "to volume, two lists of volumes, or two volumes"
        )
    if pattern is not None and kinds[0] != "a folder":
        raise ValueError(f"pattern = {pattern!r} is for folders; truth is {kinds[0]}")
    if kinds[0] == "a folder":
        return _folders(truth, found, pattern)
    if kinds[0] == "a mapping":
        return _mappings(truth, found)
    if kinds[0] == "a list of volumes":
        return _lists(truth, found)
    names = tuple(_name(side, role) for side, role in ((truth, "truth"), (found, "found")))
    case = split_suffix(Path(names[0]).name)[0] if isinstance(truth, str | os.PathLike) else "case"
    return Cohort({case: (_source(truth), _source(found))}, (), (), names)  # type: ignore[arg-type]


def _kind(side: Any) -> str:
    if isinstance(side, Mapping):
        return "a mapping"
    if isinstance(side, str | os.PathLike):
        if not Path(side).exists():
            raise FileNotFoundError(f"{os.fspath(side)}: no such file or folder")
        return "a folder" if Path(side).is_dir() else "a volume"
    if isinstance(side, list | tuple) and side and all(map(_is_volume, side)):
        return "a list of volumes"
    return "a volume"


def _is_volume(entry: Any) -> bool:
    """Whether an entry of a list is a volume: a path, an array, an image, and not a number."""
    shape = getattr(entry, "shape", None)
    array = hasattr(entry, "GetSize") or (isinstance(shape, tuple) and bool(shape))
    return array or isinstance(entry, str | os.PathLike)


def _name(side: Any, role: str) -> str:
    if isinstance(side, str | os.PathLike):
        return os.fspath(side)
    return side.path if isinstance(side, Volume) else f"an array ({role})"


def _source(side: Any) -> Any:
    return os.fspath(side) if isinstance(side, os.PathLike) else side


def _folders(truth: Any, found: Any, pattern: str | tuple[str, str] | None) -> Cohort:
    pairs = pair_folders(truth, found, pattern=pattern)
    names = os.fspath(truth), os.fspath(found)
    failures = [
        Failed(case, f"has no partner: {names[side]} has no volume of it")
        for cases, side in ((pairs.missing_found, 1), (pairs.missing_truth, 0))
        for case in cases
    ]
    notes = list(pairs.notes)
    if pairs.ignored:
        notes.append(left_out_words(pairs.ignored))
    cases = {pair.case: (str(pair.truth), str(pair.found)) for pair in pairs}
    alone = {case: str(path) for case, path in pairs.alone.items()}
    return Cohort(cases, tuple(failures), tuple(notes), names, pairs.findings, alone)


def _lists(truth: Sequence[Any], found: Sequence[Any]) -> Cohort:
    """Pair two lists by place; the cases of files have the names of the true ones."""
    if len(truth) != len(found):
        raise ValueError(
            f"truth is a list of {len(truth)} volumes and found of {len(found)}; give one found "
            "volume for each true one, or mappings from case to volume"
        )
    stems = [
        [
            split_suffix(Path(entry).name)[0]
            for entry in side
            if isinstance(entry, str | os.PathLike)
        ]
        for side in (truth, found)
    ]
    if sorted(stems[0]) == sorted(stems[1]) and stems[0] != stems[1]:
        at = next(k for k, (a, b) in enumerate(zip(*stems, strict=True)) if a != b)
        raise ValueError(
            f"truth and found name the same cases in another order (at {at}: {stems[0][at]!r} and "
            f"{stems[1][at]!r}); sort both, or give mappings from case to volume"
        )
    cases = [f"case_{k}" for k in range(1, len(truth) + 1)]
    if len(set(stems[0])) == len(truth):
        cases = stems[0]
    pairs = zip(map(_source, truth), map(_source, found), strict=True)
    names = "a list (truth)", "a list (found)"
    return Cohort(dict(zip(cases, pairs, strict=True)), (), (), names)


def _mappings(truth: Mapping[str, Any], found: Mapping[str, Any]) -> Cohort:
    for role, side in (("truth", truth), ("found", found)):
        odd = next((case for case in side if not isinstance(case, str) or not case), None)
        if odd is not None:
            raise TypeError(f"{role}: the case {odd!r} is not a name; wanted a string")
    both = [case for case in truth if case in found]
    if not both:
        hint = mismatch("cases", list(truth), list(found), "found", "the truth") or ""
        raise ValueError(
            "truth and found have no case in common; use the same keys"
            f"{': ' * bool(hint)}{hint.partition('; ')[2]}"
        )
    failures = [Failed(case, "has no partner: it is not in found") for case in truth]
    failures = [failed for failed in failures if failed.case not in found]
    failures += [
        Failed(case, "has no partner: it is not in truth") for case in found if case not in truth
    ]
    cases = {case: (_source(truth[case]), _source(found[case])) for case in both}
    text = mismatch("cases", list(truth), list(found), "found", "the truth")
    names = "a mapping (truth)", "a mapping (found)"
    alone = {case: _source(truth[case]) for case in truth if case not in found}
    return Cohort(cases, tuple(failures), (), names, (text,) if text else (), alone)
