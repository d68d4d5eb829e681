"""Rules that repair names of videos and labels which two inputs spell differently.

A rule is a text, ``[videos:|labels:]KIND[=VALUE]``:

==================  ===============================================================  ============
rule                which names count as one                                         of
==================  ===============================================================  ============
``prefix=v_``       with and without this text in front                              videos
``suffix=.mp4``     with and without this text at the end                            videos
``suffix``          with and without a file suffix                                   videos
``folder``          with and without folders in front                                videos
``case``            upper and lower case                                             both
``spaces``          with and without blanks around them                              both
``separators``      with and without blanks, ``_`` and ``-``                         both
``unicode``         the same letters, composed otherwise                             both
``ids``             numbers of labels, for the names that the truth has for them     labels
``classes=FILE``    numbers of labels, for the names in a file of lines ``id name``  labels
``map=FILE``        names of a file of lines ``old new``, or of a JSON object        labels
``merge=FILE``      as ``map``, where several labels may become one                  labels
==================  ===============================================================  ============

Names of the truth stay as they are, but for the last three. A name of another input that the truth
does not have takes the spelling of the name there that is the same by the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from overlap.io._json import parse_json
from overlap.io._source import Source, read_source
from overlap.io.name_match import DIFFERENCES, closest
from overlap.io.printable import brief

__all__ = ["KINDS", "NameRule", "as_rules", "canonical", "translated"]

#: Kinds of rules, with the names that they are for unless the rule says it.
KINDS: dict[str, tuple[str, ...]] = {
    "prefix": ("videos",),
    "suffix": ("videos",),
    "folder": ("videos",),
    "case": ("videos", "labels"),
    "spaces": ("videos", "labels"),
    "separators": ("videos", "labels"),
    "unicode": ("videos", "labels"),
    "ids": ("labels",),
    "classes": ("labels",),
    "map": ("labels",),
    "merge": ("labels",),
}
_TABLES = ("classes", "map", "merge")


@dataclass(frozen=True)
class NameRule:
    """One rule.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    value : str
        What stands behind ``=``.
    of : tuple of str
        ``"videos"``, ``"labels"``, or both.
    table : mapping from str to str
        Old and new names, of rules with a file.
    sha256 : str or None
        Digest of the file.
    """

    kind: str
    value: str = ""
    of: tuple[str, ...] = ()
    table: Mapping[str, str] = field(default_factory=dict)
    sha256: str | None = None

    @property
    def text(self) -> str:
        """The rule as it is written."""
        side = f"{self.of[0]}:" if self.of != KINDS[self.kind] else ""
        return f"{side}{self.kind}" + (f"={self.value}" if self.value else "")

    def settings(self) -> Any:
        """Return what a report says of the rule."""
        return self.text if self.sha256 is None else {"rule": self.text, "sha256": self.sha256}

    def alike(self) -> Callable[[str], str] | None:
        """Return the function by which names are compared; None for rules with a table."""
        if self.kind == "prefix":
            return partial(_without_prefix, self.value)
        if self.kind == "suffix" and self.value:
            return partial(_without_suffix, self.value)
        return DIFFERENCES.get(self.kind)


def _without_prefix(prefix: str, name: str) -> str:
    return name.removeprefix(prefix) or name


def _without_suffix(suffix: str, name: str) -> str:
    return name.removesuffix(suffix) or name


def as_rules(given: Any) -> tuple[NameRule, ...]:
    """Read rules.

    Parameters
    ----------
    given : str, NameRule, or sequence of these
        As the head of the module describes them.

    Raises
    ------
    ValueError
        A rule is unknown, or its file has a name twice.
    OSError
        Its file cannot be read.

    Examples
    --------
    >>> [rule.text for rule in as_rules(["prefix=v_", "labels:case"])]
    ['prefix=v_', 'labels:case']
    """
    entries = [given] if isinstance(given, str | NameRule) else list(given or ())
    return tuple(entry if isinstance(entry, NameRule) else _rule(entry) for entry in entries)


def _rule(text: Any) -> NameRule:
    if not isinstance(text, str):
        raise TypeError(f"names: {brief(text)} is no rule; wanted a text such as 'prefix=v_'")
    side, mark, rest = text.strip().partition(":")
    of: tuple[str, ...] | None = (side,) if mark and side in ("videos", "labels") else None
    kind, _, value = (rest if of else text.strip()).partition("=")
    if kind not in KINDS:
        raise ValueError(
            f"names: there is no rule {kind!r}{closest(kind, KINDS)}; known are {', '.join(KINDS)}"
        )
    needs = kind in (*_TABLES, "prefix")
    if needs and not value:
        what = "a text" if kind == "prefix" else "a file"
        raise ValueError(f"names: {text!r} lacks {what}; write {kind}=...")
    if value and not needs and kind != "suffix":
        raise ValueError(f"names: the rule {kind} takes no value; got {text!r}")
    table, digest = {}, None
    if kind in _TABLES:
        content = read_source(value)
        table, digest = _table(content, kind), content.sha256
    return NameRule(kind, value, of or KINDS[kind], table, digest)


def _table(content: Source, kind: str) -> dict[str, str]:
    """Read old and new names."""
    pairs: list[tuple[str, str, str]] = []
    if content.is_json:
        payload = parse_json(content)
        if isinstance(payload, list) and kind == "classes":
            payload = dict(enumerate(payload))
        if not isinstance(payload, Mapping):
            raise ValueError(f"{content.name}: wanted a JSON object of old and new names")
        for old, new in payload.items():
            if not isinstance(new, str | int) or isinstance(new, bool):
                raise ValueError(f"{content.name}: {brief(old)} is {brief(new)}; wanted a name")
            pairs.append((f"{content.name}: {brief(old)}", str(old), str(new)))
        if kind == "classes" and not any(old.isdecimal() for _, old, _ in pairs):
            pairs = [(where, new, old) for where, old, new in pairs]  # {name: id}
    else:
        text = content.data.decode("utf-8-sig", "replace")
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            mark = next((mark for mark in "\t;," if mark in line), None)
            cells = [cell.strip() for cell in line.split(mark, 1)]
            if len(cells) != 2 or not all(cells):
                raise ValueError(
                    f"{content.name}, line {number}: {brief(line)}; wanted "
                    + ("an id and a name" if kind == "classes" else "an old and a new name")
                )
            pairs.append((f"{content.name}, line {number}", cells[0], cells[1]))
    table: dict[str, str] = {}
    for where, old, new in pairs:
        if table.setdefault(old, new) != new:
            raise ValueError(f"{where}: {old!r} is there twice, with different names")
    if not table:
        raise ValueError(f"{content.name}: has no names")
    return table


def translated(
    names: Sequence[str], rules: Iterable[NameRule], ids: Mapping[str, str], source: str
) -> list[str]:
    """Return names after the rules with a table, in order.

    Parameters
    ----------
    names : sequence of str
        Distinct.
    rules : iterable of NameRule
        Others than those with a table are left out.
    ids : mapping from str to str
        Names by number, for the rule ``ids``.
    source : str
        Input of the names, for messages.

    Raises
    ------
    ValueError
        Two names become one, by another rule than ``merge``.
    """
    result = list(names)
    for rule in rules:
        table = ids if rule.kind == "ids" else rule.table
        if rule.alike() is not None:
            continue
        if rule.kind == "ids" and not table:
            raise ValueError(
                "names: the rule ids needs a truth with numbers of its labels (label_id); name a "
                "file instead: classes=FILE"
            )
        before, result = result, [table.get(name, name) for name in result]
        if rule.kind == "merge":
            continue
        owner: dict[str, str] = {}
        for old, new in zip(before, result, strict=True):
            if owner.setdefault(new, old) != old:
                raise ValueError(
                    f"{source}: by the rule {rule.text}, {owner[new]!r} and {old!r} both become "
                    f"{new!r}; correct the rule"
                    + (", or merge labels with merge=FILE" if rule.kind == "map" else "")
                )
    return result


def canonical(
    truth: Sequence[str],
    names: Sequence[str],
    rules: Iterable[NameRule],
    source: str,
    truth_source: str = "the truth",
) -> list[str]:
    """Return names in the spelling of the truth, where they are the same by the rules.

    Parameters
    ----------
    truth : sequence of str
        Distinct names of the truth.
    names : sequence of str
        Distinct names of another input.
    rules : iterable of NameRule
        Those with a table are left out.
    source, truth_source : str
        The inputs, for messages.

    Returns
    -------
    list of str
        One for each of `names`.

    Raises
    ------
    ValueError
        Two names of one side are the same by the rules.
    """
    functions = [(rule, alike) for rule in rules if (alike := rule.alike()) is not None]
    if not functions:
        return list(names)
    said = ", ".join(rule.text for rule, _ in functions)

    def key(name: str) -> str:
        for _, alike in functions:
            name = alike(name)
        return name

    known: dict[str, str] = {}
    given: dict[str, str] = {}
    for side, where, seen in ((truth, truth_source, known), (names, source, given)):
        for name in side:
            other = seen.setdefault(key(name), name)
            if other != name:
                raise ValueError(
                    f"{where}: by the rules {said}, {other!r} and {name!r} become one name; "
                    "leave a rule out, or limit it, such as videos:case"
                )
    return [known.get(key(name), name) for name in names]
