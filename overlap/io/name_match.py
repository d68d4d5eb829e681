"""Mismatches between the names of two inputs: their reason, and how to correct them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

__all__ = ["DIFFERENCES", "closest", "mismatch", "missing_names"]

_SUFFIX = re.compile(r"\.(?=[a-z0-9]*[a-z])[a-z0-9]{2,5}(\.gz)?$", re.IGNORECASE)
_FEW = 0.1


def _base(name: str) -> str:
    return re.split(r"[/\\]", name.rstrip("/\\"))[-1]


def _stem(name: str) -> str:
    return _SUFFIX.sub("", name)


def _words(name: str) -> str:
    return re.sub(r"[\s_\-]+", "", name)


def _number(name: str) -> str:
    digits = re.findall(r"\d+", name)
    return str(int(digits[-1])) if digits else f" {name}"


def _visible(name: str) -> str:
    if name.isascii():
        return name
    return "".join(one for one in name if unicodedata.category(one) != "Cf")


#: Differences between two spellings of one name, the least first.
_DIFFERENCES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("Unicode composition", lambda name: unicodedata.normalize("NFC", name)),
    ("characters that cannot be seen", _visible),
    ("spaces around it", str.strip),
    ("a folder in front", _base),
    ("a file suffix", _stem),
    ("upper and lower case", str.casefold),
    ("the prefix 'v_'", lambda name: name.removeprefix("v_")),
    ("spaces, '_' and '-'", _words),
)
_LAST_NUMBER = "everything but its last number"


#: Some of them by the word of the rule that repairs them; see `overlap.io.name_rules`.
DIFFERENCES: dict[str, Callable[[str], str]] = {
    word: dict(_DIFFERENCES)[difference]
    for word, difference in {
        "unicode": "Unicode composition",
        "spaces": "spaces around it",
        "folder": "a folder in front",
        "suffix": "a file suffix",
        "case": "upper and lower case",
        "separators": "spaces, '_' and '-'",
    }.items()
}


#: What programs write where there is no name.
_MISSING = frozenset(("None", "nan", "NaN", "<NA>", "null"))


def missing_names(names: Iterable[str]) -> str | None:
    """Say which names look like values that are missing.

    Parameters
    ----------
    names : iterable of str
    """
    odd = dict.fromkeys(name for name in names if name in _MISSING)
    return f"names that look like missing values: {', '.join(map(repr, odd))}" if odd else None


def _without(name: str, kept: str = "") -> str:
    """Remove all differences from a name except one."""
    for difference, alike in _DIFFERENCES:
        if difference != kept:
            name = alike(name)
    return name


def _all_that_differs(one: str, other: str) -> str:
    """List the differences between two spellings of one name."""
    needed = [d for d, _ in _DIFFERENCES if _without(one, d) != _without(other, d)]
    return " and ".join([", ".join(needed[:-1]), needed[-1]] if len(needed) > 1 else needed)


def mismatch(
    what: str,
    truth: Sequence[str],
    found: Sequence[str],
    owner: str = "the predictions",
    other_owner: str = "the truth",
) -> str | None:
    """Say why names of predictions are not among those of the truth.

    Parameters
    ----------
    what : str
        Noun for the named things, in the plural, such as ``"videos"``.
    truth, found : sequence of str
        Distinct names of both sides.
    owner, other_owner : str
        Words for the inputs that `found` and `truth` are from.

    Returns
    -------
    str or None
        A sentence where some names would match if they were spelt alike, or where fewer
        than a tenth of the names that could match do.

    Examples
    --------
    >>> print(mismatch("videos", ["v_run", "v_jump"], ["run", "jump"]).partition("; ")[2])
    2 differ from a name there only by the prefix 'v_' ('run' for 'v_run'): spell them alike
    """
    if truth == found:
        return None
    known = set(truth)
    if known.issuperset(found):
        return None
    extra = [name for name in found if name not in known]
    given = set(found)
    free = [name for name in truth if name not in given]
    if not free:
        return None
    same = len(found) - len(extra)
    head = f"{same:,} of {len(found):,} {what} of {owner} are in {other_owner}"
    best: tuple[int, str, tuple[str, str]] | None = None
    for difference, alike in (*_DIFFERENCES, ("", _without), (_LAST_NUMBER, _number)):
        pairs = _pairs(extra, free, alike)
        if difference == _LAST_NUMBER and len(pairs) < len(extra):
            continue  # numbers agree by chance, unless all of them do
        if pairs and (best is None or len(pairs) > best[0]):
            best = len(pairs), difference or _all_that_differs(*pairs[0]), pairs[0]
    if best is not None:
        count, difference, (one, other) = best
        verb = "differ" if count != 1 else "differs"
        return (
            f"{head}; {count:,} {verb} from a name there only by {difference} "
            f"({one!r} for {other!r}): spell them alike"
        )
    if same < _FEW * min(len(known), len(found)):
        return f"{head}{_kinds(extra, free)} ({extra[0]!r}, and there {free[0]!r})"
    return None


def _pairs(
    extra: Sequence[str], free: Sequence[str], alike: Callable[[str], str]
) -> list[tuple[str, str]]:
    """Return pairs of names that have one spelling in common, unique on each side."""
    spelling: dict[str, list[str]] = {}
    for name in free:
        spelling.setdefault(alike(name), []).append(name)
    taken: dict[str, list[str]] = {}
    for name in extra:
        taken.setdefault(alike(name), []).append(name)
    return [
        (names[0], spelling[key][0])
        for key, names in taken.items()
        if len(names) == 1 and len(spelling.get(key, ())) == 1
    ]


def _kinds(extra: Sequence[str], free: Sequence[str]) -> str:
    """Say that one side has numbers where the other has names."""
    numbers = [all(name.strip().isdigit() for name in names) for names in (extra, free)]
    if numbers[0] == numbers[1]:
        return ""
    return "; one side has whole numbers where the other has names: replace numbers by names"


def _numbers_alike(name: str) -> str:
    """Return a name without regard to case, with its numbers in one spelling: 0.50 is 0.5."""
    return re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):g}", name.casefold())


def closest(name: str, known: Iterable[str]) -> str:
    """Suggest the known name that is most like an unknown one; "" if none is.

    Parameters
    ----------
    name : str
    known : iterable of str

    Examples
    --------
    >>> closest("Jmup", ["Run", "Jump"])
    "; did you mean 'Jump'?"
    >>> closest("mAP@0.5", ["mAP@0.50", "mAP@0.55"])
    "; did you mean 'mAP@0.50'?"
    """
    import difflib

    known = list(known)
    same = [other for other in known if _numbers_alike(other) == _numbers_alike(name)]
    if same:
        return f"; did you mean {same[0]!r}?"
    by_case = {other.casefold(): other for other in known}
    hits = difflib.get_close_matches(name.casefold(), by_case, n=1, cutoff=0.6)
    return f"; did you mean {by_case[hits[0]]!r}?" if hits else ""
