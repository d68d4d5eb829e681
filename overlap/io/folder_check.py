"""Checks of folders of volumes: facts and findings, without scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overlap.io.candidate import Candidate
from overlap.io.folders import FolderCases, cases_of, left_out_words
from overlap.io.inspection import Inspection
from overlap.io.printable import number_of
from overlap.io.volumes import VolumeHeader, read_header, read_volume, split_suffix
from overlap.io.volumes.check import (
    LISTED,
    grid_words,
    header_findings,
    label_counts,
    label_words,
    orientation,
)

__all__ = ["FolderContent", "all_cases", "grouped", "inspect_folder",
           "is_folder_of_volumes"]  # fmt: skip

_SHOWN = 5  # cases, each on a line


@dataclass(frozen=True)
class FolderContent:
    """Volumes of a folder, and the labels that they have.

    Attributes
    ----------
    cases : mapping from str to Path
    labels : mapping from int to int
        Number of cases by label; empty if the voxels were not read.
    """

    cases: Mapping[str, Path]
    labels: Mapping[int, int]


def is_folder_of_volumes(candidate: Candidate) -> bool:
    """Whether there are volumes in a folder, or in its folders.

    Parameters
    ----------
    candidate : Candidate
    """
    if not candidate.is_folder:
        return False
    if any(split_suffix(path.name)[1] for path in candidate.files):
        return True
    return any(split_suffix(path.name)[1] for path in Path(candidate.path).glob("*/**/*"))


def all_cases(steps: Iterable[Any], total: int) -> Iterable[Any]:
    """Return the steps as they are: the bar that shows no progress.

    Parameters
    ----------
    steps : iterable
    total : int
    """
    return steps


def inspect_folder(
    candidate: Candidate,
    *,
    pattern: str | None = None,
    voxels: bool = True,
    watched: Callable[[Iterable[Any], int], Iterable[Any]] = all_cases,
) -> Inspection:
    """Look at the label maps of a folder: all headers first, then the voxels.

    Parameters
    ----------
    candidate : Candidate
    pattern : str, optional
        Path of a file inside the folder; see `overlap.io.pair_folders`.
    voxels : bool, default True
        Read them; else the headers alone.
    watched : callable
        Is called with cases and their number, and returns the cases: shows progress.

    Returns
    -------
    Inspection
        Its content is a `FolderContent`.

    Raises
    ------
    OSError, ValueError
        There are no volumes.

    Examples
    --------
    >>> from overlap.io import sample_path
    >>> seen = inspect_folder(Candidate(str(sample_path("volumes_truth"))))
    >>> dict(seen.facts)["cases"], dict(seen.facts)["label 2"]
    ('2: case_1, case_2', 'in 1 case')
    """
    listed = cases_of(candidate.path, pattern=pattern)
    headers: dict[str, VolumeHeader] = {}
    faults: dict[str, str] = {}
    odd: list[tuple[str, str]] = []
    for case, path in listed.cases.items():
        try:
            headers[case] = read_header(path)
        except (ValueError, OSError) as error:
            faults[case] = _said(error, path)
            continue
        odd += [(case, finding) for finding in header_findings(headers[case])]
    counts: Counter[int] = Counter()
    if voxels:
        for case in watched(list(headers), len(headers)):
            try:
                volume = read_volume(listed.cases[case])
            except (ValueError, OSError) as error:
                faults[case] = _said(error, listed.cases[case])
                continue
            odd += [(case, note) for note in volume.notes if note not in headers[case].notes]
            found = [label for label in label_counts(volume.values) if label]
            counts.update(found)
            if not found:
                odd.append((case, "has no label but 0"))
    facts = [*_facts(listed, headers), *_label_facts(counts, voxels)]
    findings = [*listed.notes, *grouped(faults.items(), "cannot be read"), *grouped(odd)]
    content = FolderContent(listed.cases, dict(sorted(counts.items())))
    return Inspection("folder of volumes", facts, findings, content=content)


def grouped(said: Iterable[tuple[str, str]], what: str = "") -> list[str]:
    """Write findings on cases, each sentence once, and the first few.

    Parameters
    ----------
    said : iterable of (str, str)
        Case and sentence.
    what : str, optional
        What the sentences are about, for the number of those that are not written.
    """
    cases: dict[str, list[str]] = {}
    for case, sentence in said:
        cases.setdefault(sentence, []).append(case)
    lines = []
    for sentence, names in [*cases.items()][:_SHOWN]:
        more = f" and {number_of(len(names) - 1, 'other case')}" if len(names) > 1 else ""
        lines.append(f"{names[0]}{more}: {sentence}")
    rest = sum(map(len, [*cases.values()][_SHOWN:]))
    if rest:
        lines.append(f"{number_of(rest, 'more case')}{f' {what}' * bool(what)}")
    return lines


def _counted_words(counts: Counter[str], noun: str) -> str:
    """Write values with their numbers of cases, the most frequent first.

    Parameters
    ----------
    counts : Counter
    noun : str
        For one of those that are not written.
    """
    if len(counts) == 1:
        return next(iter(counts))
    shown = [f"{value} ({count:,})" for value, count in counts.most_common(3)]
    more = len(counts) - len(shown)
    return "; ".join(shown) + (f"; {number_of(more, f'more {noun}')}" if more > 0 else "")


def _facts(listed: FolderCases, headers: Mapping[str, VolumeHeader]) -> list[tuple[str, str]]:
    names = list(listed.cases)
    shown = ", ".join(names) if len(names) < 4 else f"{names[0]}, {names[1]}, ..., {names[-1]}"
    suffixes = Counter(split_suffix(path.name)[1] for path in listed.cases.values())
    facts = [("cases", f"{len(names):,}: {shown}"), ("format", _counted_words(suffixes, "format"))]
    grids = Counter(grid_words(header) for header in headers.values())
    if grids:
        facts.append(("grid", _counted_words(grids, "grid")))
    ways = Counter(
        orientation(header.grid.affine, len(header.grid.shape))
        for header in headers.values()
        if header.grid.affine is not None
    )
    if ways:
        facts.append(("orientation", _counted_words(ways, "orientation")))
    types = Counter(str(header.dtype.newbyteorder("=")) for header in headers.values())
    if types:
        facts.append(("numbers", _counted_words(types, "type")))
    if listed.ignored:
        facts.append(("left out", left_out_words(listed.ignored)))
    return facts


def _label_facts(counts: Counter[int], voxels: bool) -> list[tuple[str, str]]:
    if not voxels:
        return [("labels", "not known: voxels were not read")]
    facts = [("labels", label_words(counts))]
    if len(counts) <= LISTED:
        for label in sorted(counts):
            facts.append((f"label {label}", f"in {number_of(counts[label], 'case')}"))
    return facts


def _said(error: Exception, path: Path) -> str:
    """Return the text of an error without the name of the file."""
    return " ".join(str(error).removeprefix(f"{path}: ").split())
