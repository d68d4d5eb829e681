"""Which file of one folder belongs to which file of another?"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from overlap.io.volumes import SUFFIXES, split_suffix

__all__ = ["AFFIXES", "CasePair", "CasePairs", "natural_key", "pair_folders"]

#: Words that are taken off a name, at its start or end, where the names do not match as they
#: are; ``0000`` is nnU-Net's number of the first image channel.
AFFIXES = (
    "0000", "auto", "found", "gt", "label", "labels", "manual", "mask", "out", "output", "pred",
    "predicted", "prediction", "ref", "reference", "result", "seg", "segmentation", "truth",
)  # fmt: skip
_START = re.compile(rf"^({'|'.join(AFFIXES)})[-_. ]+(?=.)", re.IGNORECASE)
_END = re.compile(rf"(?<=.)[-_. ]+({'|'.join(AFFIXES)})$", re.IGNORECASE)


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Key by which ``case_2`` comes before ``case_10``.

    Parameters
    ----------
    name : str
        Name of a case.

    Returns
    -------
    list
        Comparable with the key of any other name.

    Examples
    --------
    >>> from overlap.io.folders import natural_key
    >>> sorted(["case_10", "case_2", "Case_1"], key=natural_key)
    ['Case_1', 'case_2', 'case_10']
    """
    parts = re.split(r"([0-9]+)", name)
    key = [(0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts if p]
    return [*key, (-1, 0, name)]


@dataclass(frozen=True)
class CasePair:
    """The two files of a case."""

    case: str
    truth: Path
    found: Path


@dataclass(frozen=True)
class CasePairs:
    """Pairs of files by case, and what has no partner.

    Attributes
    ----------
    pairs : tuple of CasePair
        In natural order of the cases.
    missing_found : tuple of str
        Cases that only the truth has.
    missing_truth : tuple of str
        Cases that only the other folder has.
    ignored : tuple of str
        Files that are not volumes, or do not fit the pattern.
    notes : tuple of str
        How cases were matched whose names differ, one sentence each.
    """

    pairs: tuple[CasePair, ...]
    missing_found: tuple[str, ...]
    missing_truth: tuple[str, ...]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[CasePair]:
        return iter(self.pairs)


def pair_folders(
    truth_dir: str | os.PathLike[str],
    found_dir: str | os.PathLike[str],
    *,
    pattern: str | tuple[str, str] | None = None,
) -> CasePairs:
    """Pair the volumes of two folders by the names of their files.

    Names are compared without the suffix of the format, so ``a.nii.gz`` belongs to ``a.mha``.
    Those left over are compared without regard to upper and lower case, and then without words
    such as ``_seg``, ``_pred`` or ``_0000`` (`AFFIXES`) at their ends, if that leaves one name
    on each side; `CasePairs.notes` says which.

    Parameters
    ----------
    truth_dir, found_dir : str or path-like
        The two folders.
    pattern : str or (str, str), optional
        Path of a file inside both folders, or inside the first and inside the second, with one
        ``*`` for the name of the case: ``"*_seg.nii.gz"``, or ``"*/seg.nii.gz"`` for a folder
        per case. Files that do not fit are ignored, and names have to be equal.

    Returns
    -------
    CasePairs

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        A folder is missing, or is a file.
    ValueError
        A folder has no volumes, two files for one case, or names that differ only by upper and
        lower case; no case is in both; the pattern does not have exactly one ``*``.

    Examples
    --------
    >>> from overlap.io import pair_folders, sample_path
    >>> cases = pair_folders(sample_path("volumes_truth"), sample_path("volumes_found"))
    >>> [pair.case for pair in cases]
    ['case_1', 'case_2']
    """
    folders = Path(truth_dir), Path(found_dir)
    for folder in folders:
        if not folder.exists():
            raise FileNotFoundError(f"{folder}: no such folder")
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder}: is a file; give a folder")
    patterns = (pattern, pattern) if pattern is None or isinstance(pattern, str) else pattern
    if folders[0].samefile(folders[1]) and patterns[0] == patterns[1]:
        raise ValueError(f"{folders[0]}: truth and found are one folder; give two, or two patterns")
    ignored: list[str] = []
    truth = _list(folders[0], patterns[0], ignored)
    found = _list(folders[1], patterns[1], ignored)
    matched = {name: (name, name) for name in truth if name in found}
    notes: list[str] = []
    if pattern is None:
        notes += _match(str.casefold, truth, found, matched)
        notes += _match(_core, truth, found, matched)
    pairs = [CasePair(case, truth[t], found[f]) for case, (t, f) in matched.items()]
    if not pairs:
        raise ValueError(
            f"{folders[0]} and {folders[1]} have no case in common: the one has "
            f"{_some(truth)}, the other {_some(found)}; rename the files, or give pattern="
        )
    used = {t for t, _ in matched.values()}, {f for _, f in matched.values()}
    return CasePairs(
        tuple(sorted(pairs, key=lambda pair: natural_key(pair.case))),
        tuple(sorted(truth.keys() - used[0], key=natural_key)),
        tuple(sorted(found.keys() - used[1], key=natural_key)),
        tuple(sorted(ignored)),
        tuple(notes),
    )


def _list(folder: Path, pattern: str | None, ignored: list[str]) -> dict[str, Path]:
    """Return the volumes of a folder by case."""
    if pattern is None:
        paths = [path for path in folder.iterdir() if path.is_file()]
        paths = [path for path in paths if not path.name.startswith(".")]
        named = {path: split_suffix(path.name) for path in paths}
        cases = {path: stem for path, (stem, suffix) in named.items() if suffix and stem}
    else:
        if pattern.count("*") != 1 or not split_suffix(pattern)[1]:
            raise ValueError(
                f"pattern is {pattern!r}; wanted one '*' for the case, and a suffix such as "
                f"{SUFFIXES[0]}"
            )
        before, after = pattern.split("*")
        paths = [path for path in folder.glob(pattern) if path.is_file()]
        texts = {path: path.relative_to(folder).as_posix() for path in paths}
        cases = {path: text[len(before) : len(text) - len(after)] for path, text in texts.items()}
    ignored += [str(path) for path in paths if path not in cases]
    result: dict[str, Path] = {}
    folded: dict[str, Path] = {}
    for path in sorted(cases):
        other = folded.get(cases[path].casefold())
        if other is not None:
            same = "are one case" if cases[other] == cases[path] else "differ only by case"
            raise ValueError(
                f"{folder}: {other.name} and {path.name} {same}; keep one, or give pattern="
            )
        result[cases[path]] = folded[cases[path].casefold()] = path
    if not result:
        wanted = "volumes" if pattern is None else f"files like {pattern}"
        raise ValueError(
            f"{folder}: has no {wanted}; volumes are files that end in {', '.join(SUFFIXES)}"
        )
    return result


def _stripped(name: str) -> str:
    """Return the name without the words of `AFFIXES` at its ends."""
    while (shorter := _END.sub("", _START.sub("", name))) != name:
        name = shorter
    return name


def _core(name: str) -> str:
    return _stripped(name).casefold()


def _match(
    rule: Callable[[str], str],
    truth: dict[str, Path],
    found: dict[str, Path],
    matched: dict[str, tuple[str, str]],
) -> list[str]:
    """Match the names left over by what a rule makes of them, where that is unambiguous."""
    taken = {rule(name) for pair in matched.values() for name in pair}
    sides: list[dict[str, list[str]]] = []
    for side, names in enumerate((truth, found)):
        used = {pair[side] for pair in matched.values()}
        groups: dict[str, list[str]] = {}
        for name in names:
            if name not in used:
                groups.setdefault(rule(name), []).append(name)
        sides.append(groups)
    notes, new = [], []
    for core, ours in sides[0].items():
        theirs = sides[1].get(core, [])
        if len(ours) == len(theirs) == 1 and core not in taken:
            case = ours[0] if rule is str.casefold else _stripped(ours[0])
            matched[case] = ours[0], theirs[0]
            new.append(matched[case])
        elif theirs:
            notes.append(
                f"not matched, because each could be the case {core!r}: "
                + ", ".join([*ours, *theirs])
            )
    if new:
        how = (
            "without regard to upper and lower case"
            if rule is str.casefold
            else ("without such words as _seg and _pred")
        )
        notes.insert(0, f"{len(new)} matched {how}, for example {new[0][0]!r} with {new[0][1]!r}")
    return notes


def _some(names: dict[str, Path]) -> str:
    listed = sorted(names, key=natural_key)
    return ", ".join(listed[:3]) + (f" ... ({len(listed)} in all)" if len(listed) > 3 else "")
