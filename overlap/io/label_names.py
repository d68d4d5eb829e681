"""Names of labels in a label map, and of regions of several labels."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from overlap.io._cells import read_cells
from overlap.io._json import parse_json
from overlap.io._source import Source, read_source
from overlap.io.boundary import reads_file
from overlap.io.printable import brief, some

__all__ = ["LabelSet", "parse_labels", "read_labels"]

_NUMBER = re.compile(r"[+-]?[0-9]+")
_SUM = re.compile(r"[0-9]+ *=[0-9 +]*[+][0-9 +]*")  # a label, and a name that is a region
_MOST = 2**63
_BACKGROUND = "background"
_IGNORE = "ignore"


@dataclass(frozen=True)
class LabelSet:
    """Named labels and regions of a label map.

    Attributes
    ----------
    names : tuple of str
        Names, in the order given.
    members : tuple of tuple of int
        The labels of each name: one, or several for a region such as the whole tumor. Labels
        may belong to several regions. The background, 0, is not among them.
    ignore : int or None
        Label of voxels that do not count.

    Examples
    --------
    >>> from overlap.io import parse_labels
    >>> labels = parse_labels("1=core,2=edema,whole=core+edema")
    >>> labels.names, labels.members
    (('core', 'edema', 'whole'), ((1,), (2,), (1, 2)))
    """

    names: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]
    ignore: int | None = None

    @property
    def ids(self) -> tuple[int, ...]:
        """All labels that belong to a name, in increasing order."""
        return tuple(sorted({number for group in self.members for number in group}))

    def groups(self) -> dict[str, tuple[int, ...]]:
        """Return the labels of each name."""
        return dict(zip(self.names, self.members, strict=True))

    def check_known(self, present: Iterable[int], name: str) -> None:
        """Refuse labels that have no name.

        Parameters
        ----------
        present : iterable of int
            Labels that a volume has.
        name : str
            The volume, for the message.

        Raises
        ------
        ValueError
            A label is neither the background nor named nor ignored.
        """
        known = {0, *self.ids} | (set() if self.ignore is None else {self.ignore})
        unknown = sorted({int(number) for number in present} - known)
        if unknown:
            raise ValueError(
                f"{name}: has the labels {', '.join(map(str, unknown))}, which have no name; "
                f"known are {', '.join(map(str, sorted(known)))}"
            )


def parse_labels(text: str) -> LabelSet:
    """Read names of labels from the text of a command line.

    Parameters
    ----------
    text : str
        Items separated by commas: ``1=liver`` or ``liver=1`` names a label, ``whole=1+2+4`` or
        ``whole=liver+tumor`` a region, ``255=ignore`` the voxels that do not count.

    Returns
    -------
    LabelSet

    Raises
    ------
    ValueError
        An item is of neither form, or a label or name is unknown or there twice.

    Examples
    --------
    >>> from overlap.io import parse_labels
    >>> parse_labels("1=liver,2=tumor,255=ignore")
    LabelSet(names=('liver', 'tumor'), members=((1,), (2,)), ignore=255)
    """
    items: list[tuple[str, Any]] = []
    for item in text.split(","):
        left, equals, right = (part.strip() for part in item.partition("="))
        if not (left and equals and right) or "=" in right or _SUM.fullmatch(item.strip()):
            raise ValueError(
                f"labels: {brief(item.strip())} is not understood; wanted ID=NAME or NAME=ID+ID, "
                "such as 1=liver,2=tumor,whole=1+2"
            )
        if _NUMBER.fullmatch(left):
            items.append((right, _whole(left, "labels")))
        else:
            words = [word.strip() for word in right.split("+")]
            ids = [_whole(word, "labels") if _NUMBER.fullmatch(word) else word for word in words]
            items.append((left, ids[0] if len(ids) == 1 and isinstance(ids[0], int) else ids))
    return _build(items, "labels")


@reads_file
def read_labels(path: str | os.PathLike[str]) -> LabelSet:
    """Read names of labels from a file.

    Parameters
    ----------
    path : str or path-like
        nnU-Net's ``dataset.json`` in its old form (``"labels": {"1": "liver"}``) or its new one
        (``"labels": {"liver": 1, "whole": [1, 2], "ignore": 3}``); such an object by itself; a
        list of objects with ``id`` and ``name``; or a CSV file with the columns ``id`` and
        ``name``, where ``1+2`` makes a region.

    Returns
    -------
    LabelSet

    Raises
    ------
    OSError
        The file is missing or unreadable.
    ValueError
        The file is damaged or of another form, or a label or name is unknown or there twice.
    """
    content = read_source(os.fspath(path))
    if content.is_json:
        return _build(list(_json_items(content)), content.name)
    return _build(_csv_items(content), content.name)


def _json_items(content: Source) -> Iterable[tuple[str, Any]]:
    name = content.name

    payload = parse_json(content)
    if isinstance(payload, Mapping) and isinstance(payload.get("labels"), Mapping | list):
        payload = payload["labels"]
    if isinstance(payload, list):
        for row, entry in enumerate(payload):
            if not (isinstance(entry, Mapping) and {"id", "name"} <= entry.keys()):
                raise ValueError(
                    f"{name}: [{row}] is {brief(entry)}; wanted an object with id and name"
                )
            yield entry["name"], entry["id"]
        return
    if not isinstance(payload, Mapping):
        raise ValueError(f"{name}: wanted an object with 'labels', or of names and ids")
    for key, value in payload.items():
        if _NUMBER.fullmatch(key) and isinstance(value, str):
            yield value, _whole(key, name)
        else:
            yield key, value


def _csv_items(content: Source) -> list[tuple[str, Any]]:
    name = content.name
    table = read_cells(content, "CSV with the columns id and name, or JSON")
    header = [cell.strip().lower() for cell in table.header]
    if header.count("id") != 1 or header.count("name") != 1:
        raise ValueError(
            f"{name}: its first line is {brief(','.join(table.header))}; wanted id,name"
        )
    at = header.index("id"), header.index("name")
    items: list[tuple[str, Any]] = []
    for row, (cell, word) in enumerate(zip(*map(table.column, at), strict=True)):
        words = [part.strip() for part in cell.split("+")]
        if not all(map(_NUMBER.fullmatch, words)):
            raise ValueError(f"{table.where(row)}: id is {brief(cell)}; wanted 1 or 1+2")
        ids = [_whole(part, table.where(row)) for part in words]
        items.append((word, ids if len(ids) > 1 else ids[0]))
    return items


def _build(items: list[tuple[Any, Any]], source: str) -> LabelSet:
    """Check names and labels; regions may use names that come later."""
    single: dict[int, str] = {}
    seen: set[str] = set()
    for name, value in items:
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"{source}: {brief(name)} is not a name")
        if _NUMBER.fullmatch(name):
            raise ValueError(f"{source}: the name {brief(name)} is a number; wanted a word")
        if name in seen:
            raise ValueError(f"{source}: the name {brief(name)} is there twice; keep one")
        seen.add(name)
        if not isinstance(value, list):
            number = _id(value, name, source)
            if number in single:
                raise ValueError(
                    f"{source}: the label {number} is {brief(single[number])} and {brief(name)}; "
                    "keep one"
                )
            single[number] = name
    by_name = {name: number for number, name in single.items()}
    names, members, ignore = [], [], None
    for name, value in items:
        parts = value if isinstance(value, list) else [value]
        ids = tuple(_member(part, name, by_name, source) for part in parts)
        lower = name.lower()
        if lower == _BACKGROUND:
            if ids != (0,):
                raise ValueError(f"{source}: background is {brief(value)}; it has to be 0")
            continue
        if 0 in ids:
            raise ValueError(f"{source}: {brief(name)} has the label 0, which is the background")
        if not ids or len(set(ids)) < len(ids):
            raise ValueError(f"{source}: {brief(name)} is {brief(value)}; wanted different labels")
        if lower == _IGNORE:
            if len(ids) > 1:
                raise ValueError(f"{source}: ignore is {brief(value)}; wanted one label")
            ignore = ids[0]
            continue
        names.append(name)
        members.append(ids)
    if not names:
        raise ValueError(f"{source}: names no label besides background and ignore")
    for name, ids in zip(names, members, strict=True):
        if ignore in ids:
            raise ValueError(f"{source}: {brief(name)} has the label {ignore}, which is ignored")
    return LabelSet(tuple(names), tuple(members), ignore)


def _whole(text: str, source: str) -> int:
    number = int(text) if len(text) < 25 else _MOST
    if not -_MOST <= number < _MOST:
        raise ValueError(f"{source}: the label {brief(text)} is larger than a file can hold")
    return number


def _id(value: Any, name: str, source: str) -> int:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return _whole(value, source)
    if isinstance(value, int) and not isinstance(value, bool) and -_MOST <= value < _MOST:
        return value
    raise ValueError(
        f"{source}: the label of {brief(name)} is {brief(value)}; wanted a whole number, or "
        "several for a region"
    )


def _member(part: Any, name: str, by_name: Mapping[str, int], source: str) -> int:
    if isinstance(part, str) and not _NUMBER.fullmatch(part):
        if part not in by_name:
            raise ValueError(
                f"{source}: the region {brief(name)} has the unknown label {brief(part)}; known "
                f"are {some(by_name)}"
            )
        return by_name[part]
    return _id(part, name, source)
