"""Pairs of files of two folders, matched by the names of their cases."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_letters, digits

from overlap._common.values import ByValue
from overlap.io._paths import natural_key
from overlap.io.boundary import reads_file
from overlap.io.name_match import mismatch
from overlap.io.path_patterns import PathPattern, kept_stars, star_name, star_text
from overlap.io.volumes import SUFFIXES, split_suffix

__all__ = ["AFFIXES", "CasePair", "CasePairs", "FolderCases", "cases_of", "core_name",
           "find_image", "left_out_words", "natural_key", "pair_folders"]  # fmt: skip

#: Words that are taken off a name, at its start or end, where the names do not match as they
#: are; ``0000`` is nnU-Net's number of the first image channel.
AFFIXES = (
    "0000", "auto", "dseg", "found", "gt", "label", "labels", "manual", "mask", "out", "output",
    "pred", "predicted", "prediction", "ref", "reference", "result", "seg", "segmentation", "truth",
)  # fmt: skip
_START = re.compile(rf"^({'|'.join(AFFIXES)})[-_. ]+(?=.)", re.IGNORECASE)
_END = re.compile(rf"(?<=.)[-_. ]+({'|'.join(AFFIXES)})$", re.IGNORECASE)

_ARRAYS = (".npy", ".npz")
_FEW = 0.5


@dataclass(frozen=True)
class CasePair:
    """Truth and found file of a case."""

    case: str
    truth: Path
    found: Path


@dataclass(frozen=True, eq=False)
class CasePairs(ByValue):
    """Pairs of files by case, and the cases without a partner.

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
        Matches of cases whose names differ, and files left out, one sentence each.
    findings : tuple of str
        Reasons why few cases match, and advice on it.
    alone : mapping from str to Path
        Files of the cases that only the truth has.
    """

    pairs: tuple[CasePair, ...]
    missing_found: tuple[str, ...]
    missing_truth: tuple[str, ...]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    findings: tuple[str, ...] = ()
    alone: Mapping[str, Path] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[CasePair]:
        return iter(self.pairs)


@reads_file
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
        Path of a file inside both folders, or inside the first and inside the second:
        ``"*_seg.nii.gz"``, ``"*/seg.nii.gz"`` for a folder per case, or
        ``"sub-*/anat/sub-*_dseg.nii.gz"``. The text for each ``*`` has to be equal in both
        folders; ``**`` is any number of folders. Files that do not fit are ignored.

    Returns
    -------
    CasePairs

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        A folder is missing, or is a file.
    ValueError
        A folder has no volumes, two files for one case, or names that differ only by upper and
        lower case; no case is in both, and then advice on the names; a pattern without
        ``*``.

    Notes
    -----
    With a pattern, the name of a case is the name of its file, or of its folder, up to the end
    of the text for the last ``*``: ``sub-01`` for ``sub-*/anat/sub-*_dseg.nii.gz``, and
    ``case_7`` for ``case_*_seg.nii.gz``. Several that differ are joined by ``/``. Where the two
    patterns make other names, it is the text for each ``*``.

    A NumPy file beside another file of the same name is not read: nnU-Net writes probabilities
    there.

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
    notes: list[str] = []
    if pattern is None:
        truth, found = (_list(folder, ignored, notes) for folder in folders)
    else:
        truth, found = _list_by_pattern(folders, patterns, ignored)  # type: ignore[arg-type]
    matched = {name: (name, name) for name in truth if name in found}
    if pattern is None:
        notes += _match(str.casefold, truth, found, matched)
        notes += _match(core_name, truth, found, matched)
    pairs = [CasePair(case, truth[t], found[f]) for case, (t, f) in matched.items()]
    used = {t for t, _ in matched.values()}, {f for _, f in matched.values()}
    left = [
        {name: side[name] for name in sorted(side.keys() - names, key=natural_key)}
        for side, names in zip((truth, found), used, strict=True)
    ]
    hint = _hint(left[0], left[1], pattern is None)
    if not pairs:
        raise ValueError(
            f"{folders[0]} and {folders[1]} have no case in common: the one has "
            f"{_some(truth)}, the other {_some(found)}; "
            f"{hint or 'rename the files, or give pattern='}"
        )
    findings = []
    if left[0] and left[1] and (hint or len(pairs) < _FEW * len(truth)):
        findings.append(
            f"only {len(pairs)} of {len(truth)} cases of the truth have a partner in found, and "
            f"{len(left[1])} of found have none in the truth (such as {next(iter(left[0]))!r}, and "
            f"{next(iter(left[1]))!r}){'; ' * bool(hint)}{hint}"
        )
    return CasePairs(
        tuple(sorted(pairs, key=lambda pair: natural_key(pair.case))),
        tuple(left[0]),
        tuple(left[1]),
        tuple(sorted(ignored)),
        tuple(notes),
        tuple(findings),
        left[0],
    )


@dataclass(frozen=True, eq=False)
class FolderCases(ByValue):
    """Volumes of one folder.

    Attributes
    ----------
    cases : mapping from str to Path
        By name, in natural order.
    ignored, notes : tuple of str
        As in `CasePairs`.
    """

    cases: Mapping[str, Path]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]


def cases_of(folder: str | os.PathLike[str], *, pattern: str | None = None) -> FolderCases:
    """Return the volumes of a folder, as `pair_folders` finds them.

    Parameters
    ----------
    folder : str or path-like
    pattern : str, optional
        As for `pair_folders`.

    Raises
    ------
    ValueError
        It has none, or two files for one case.
    """
    path, ignored, notes = Path(folder), list[str](), list[str]()
    if pattern is None:
        cases = _list(path, ignored, notes)
    else:
        cases, _ = _list_by_pattern((path, path), (pattern, pattern), ignored)
    names = sorted(cases, key=natural_key)
    left_out = tuple(sorted(set(ignored)))
    return FolderCases({name: cases[name] for name in names}, left_out, tuple(notes))


def left_out_words(ignored: Sequence[str]) -> str:
    """Say that files of folders were not read.

    Parameters
    ----------
    ignored : sequence of str
        At least one.
    """
    if len(ignored) == 1:
        return f"1 file is no volume and was not read ({ignored[0]})"
    return f"{len(ignored)} files are no volumes and were not read (first: {ignored[0]})"


def find_image(images: str | os.PathLike[str], case: str, files: Sequence[str] = ()) -> Path:
    """Find the image of a case in a folder, whose names need not be those of the cases.

    Parameters
    ----------
    images : str or path-like
        A folder; or a folder and a path inside it with ``*``, as in `pair_folders`.
    case : str
        Its name.
    files : sequence of str, optional
        Paths of its volumes; an image may be named as one of them.

    Returns
    -------
    Path
        Of the first of these that one image has: the name of the case, or that with nnU-Net's
        ``_0000``; the name of one of its files; either without words such as ``_seg`` (`AFFIXES`)
        and without regard to upper and lower case.

    Raises
    ------
    ValueError
        There is no such image, or several.
    """
    text = os.fspath(images)
    names: dict[Path, tuple[str, ...]]
    if "*" in text:
        parts = Path(text).parts
        first = next(k for k, part in enumerate(parts) if "*" in part)
        folder = Path(*parts[:first])
        every = PathPattern.of("/".join(parts[first:])).files(folder)
        fits = {path: fit for path, fit in every.items() if fit is not None}
        kept = kept_stars(fits.values())
        names = {path: (star_name(fit, kept), star_text(fit, kept)) for path, fit in fits.items()}
    else:
        folder = Path(text)
        if not folder.is_dir():
            raise ValueError(f"{folder}: is not a folder of images")
        split = {path: split_suffix(path.name) for path in folder.iterdir()}
        names = {path: (stem,) for path, (stem, suffix) in split.items() if suffix}
    stems = [split_suffix(Path(file).name)[0] for file in files]
    cores = {core_name(name) for name in (case, *stems)}
    tests: tuple[Callable[[str], bool], ...] = (
        lambda name: name == case,
        lambda name: name == f"{case}_0000",
        lambda name: name in stems,
        lambda name: core_name(name) in cores,
    )
    for test in tests:
        hits = sorted(path for path, own in names.items() if any(map(test, own)))
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise ValueError(
                f"{text}: {hits[0].name} and {hits[1].name} could both be the image of the case "
                f"{case!r}; give a folder or a pattern that has one of them"
            )
    there = _some({own[0]: path for path, own in names.items()}) if names else "none"
    raise ValueError(f"{text}: has no image of the case {case!r}; its images are {there}")


def _list(folder: Path, ignored: list[str], notes: list[str]) -> dict[str, Path]:
    """Return the volumes of a folder by case: the name without suffix."""
    # a link that leads nowhere is a case that cannot be read, not one that is not there
    paths = [path for path in folder.iterdir() if not path.is_dir()]
    paths = [path for path in paths if not path.name.startswith(".")]
    named = {path: split_suffix(path.name) for path in paths}
    cases = {path: stem for path, (stem, suffix) in named.items() if suffix and stem}
    images = {stem for path, stem in cases.items() if named[path][1] not in _ARRAYS}
    beside = [path for path in cases if named[path][1] in _ARRAYS and cases[path] in images]
    for path in beside:
        del cases[path]
    if beside:
        notes.append(
            f"{folder}: {len(beside)} NumPy files beside volumes of the same name are not read: "
            f"they hold probabilities or other things (first: {min(beside).name})"
        )
    ignored += [str(path) for path in paths if path not in cases and path not in beside]
    if not cases:
        there = Counter(path.suffix.lower() for path in paths)
        kinds = ", ".join(
            f"{n} {suffix or 'without a suffix'}" for suffix, n in there.most_common(3)
        )
        raise ValueError(
            f"{folder}: has no volumes; volumes are files that end in {', '.join(SUFFIXES)}"
            f"{f', and there are {kinds}' if kinds else ''}{_inside(folder)}"
        )
    return _distinct(folder, cases)


def _inside(folder: Path) -> str:
    """Say that there are volumes in subfolders."""
    for path in folder.glob("*/**/*"):
        if split_suffix(path.name)[1] and not path.is_dir():
            return (
                f"; there are volumes in its folders, such as {path.relative_to(folder)}: give "
                "pattern=, with '*' for the case"
            )
    return ""


def _list_by_pattern(
    folders: tuple[Path, Path], patterns: tuple[str, str], ignored: list[str]
) -> tuple[dict[str, Path], dict[str, Path]]:
    """Return the volumes of two folders that fit patterns, by case."""
    sides = [PathPattern.of(text) for text in patterns]
    fits: list[dict[Path, re.Match[str]]] = []
    for folder, one in zip(folders, sides, strict=True):
        all_of = one.files(folder)
        ignored += [str(path) for path, fit in all_of.items() if fit is None]
        fits.append({path: fit for path, fit in all_of.items() if fit is not None})
        if not fits[-1]:
            raise ValueError(
                f"{folder}: has no files like {one.text}; volumes are files that end in "
                f"{', '.join(SUFFIXES)}"
            )
    groups = [[*side.values()] for side in fits]
    if sides[0].stars == sides[1].stars:
        groups = [[*groups[0], *groups[1]]] * 2
    kept = [kept_stars(group) for group in groups]
    keys = [
        {path: star_text(fit, keep) for path, fit in side.items()}
        for side, keep in zip(fits, kept, strict=True)
    ]
    for folder, side in zip(folders, keys, strict=True):
        _distinct(folder, side)
    names = [
        {keys[k][path]: star_name(fit, kept[k]) for path, fit in side.items()}
        for k, side in enumerate(fits)
    ]
    differ = any(names[0][key] != names[1][key] for key in names[0].keys() & names[1].keys())
    cases = [
        {key if differ else names[k][key]: path for path, key in sorted(keys[k].items())}
        for k in (0, 1)
    ]
    return cases[0], cases[1]


def _distinct(folder: Path, cases: Mapping[Path, str]) -> dict[str, Path]:
    """Return the path of each case; two files of one case are an error."""
    result: dict[str, Path] = {}
    folded: dict[str, Path] = {}
    for path in sorted(cases):
        other = folded.get(cases[path].casefold())
        if other is not None:
            same = "are one case" if cases[other] == cases[path] else "differ only by case"
            raise ValueError(
                f"{folder}: {other.relative_to(folder)} and {path.relative_to(folder)} {same}; "
                "keep one, or give pattern="
            )
        result[cases[path]] = folded[cases[path].casefold()] = path
    return result


def _hint(truth: dict[str, Path], found: dict[str, Path], by_name: bool) -> str:
    """Advise how the names of two folders could match; "" if nothing simple does it."""
    if not truth or not found:
        return ""
    sides = [_affixes(list(side)) for side in (truth, found)]
    inner = [
        {name[len(first) : len(name) - len(last)] for name in side}
        for side, (first, last) in zip((truth, found), sides, strict=True)
    ]
    suffixes = [{split_suffix(path.name)[1] for path in side.values()} for side in (truth, found)]
    common = len(inner[0] & inner[1])
    if by_name and common and all(len(kinds) == 1 for kinds in suffixes):
        one, other = (
            f"{first}*{last}{suffix}"
            for (first, last), (suffix,) in zip(sides, suffixes, strict=True)
        )
        return (
            f"{common} match with pattern=({one!r}, {other!r}), which is --pattern '{one},{other}'"
        )
    text = mismatch("cases", list(truth), list(found), "found", "the truth")
    return text.partition("; ")[2] if text else ""


def _affixes(names: Sequence[str]) -> tuple[str, str]:
    """Return the common beginning and end of names, cut where a number or a word begins."""
    if len(names) < 2:
        return "", ""
    first = _beginning(names).rstrip(digits)
    if any(name[len(first) :][:1].isalpha() for name in names):
        first = first.rstrip(ascii_letters)
    rest = [name[len(first) :] for name in names]
    last = _beginning([name[::-1] for name in rest])[::-1].lstrip(digits)
    if any(name[: len(name) - len(last)][-1:].isalpha() for name in rest):
        last = last.lstrip(ascii_letters)
    return first, last


def _beginning(names: Sequence[str]) -> str:
    """Return the common beginning of names."""
    low, high = min(names), max(names)
    pairs = zip(low, high, strict=False)
    return low[: next((k for k, (a, b) in enumerate(pairs) if a != b), len(low))]


def _stripped(name: str) -> str:
    """Return the name without the words of `AFFIXES` at its ends."""
    while (shorter := _END.sub("", _START.sub("", name))) != name:
        name = shorter
    return name


def core_name(name: str) -> str:
    """Return a name without the words of `AFFIXES` at its ends, and in lower case.

    Parameters
    ----------
    name : str
    """
    return _stripped(name).casefold()


def _match(
    rule: Callable[[str], str],
    truth: dict[str, Path],
    found: dict[str, Path],
    matched: dict[str, tuple[str, str]],
) -> list[str]:
    """Match remaining names that become equal by a rule, where that is unambiguous."""
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
