"""Columns of tables, found by their names and never read against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from overlap._common.numbers import as_numbers

__all__ = ["Naming", "by_name"]

_PUNCTUATION = str.maketrans("", "", "-_. ")

# The names of every column of one layout, in the order of the columns.
Fields = tuple[frozenset[str], ...]


@dataclass(frozen=True)
class Naming:
    """Names of the columns of a table.

    Attributes
    ----------
    own : tuple of Fields
        The layouts that are read.
    wanted : str
        The usual names, for messages.
    others : tuple of (Fields, str)
        Layouts that mean something else, and what to do with them.
    """

    own: tuple[Fields, ...]
    wanted: str
    others: tuple[tuple[Fields, str], ...] = ()

    @classmethod
    def of(cls, *columns: str, others: Sequence[tuple[Fields, str]] = ()) -> Self:
        """Return one layout; a column may have several names, with | between."""
        wanted = ", ".join(names.split("|")[0] for names in columns)
        return cls((fields(*columns),) if columns else (), wanted, tuple(others))


def fields(*columns: str) -> Fields:
    """Return the columns of a layout, each as its names with | between them."""
    return tuple(frozenset(map(_plain, names.split("|"))) for names in columns)


def _plain(name: str) -> str:
    plain = name.strip().lower().translate(_PUNCTUATION)
    return plain.removeprefix("bbox") or plain  # bbox_x is x


def _names_of(values: Any) -> list[str] | None:
    """Return the names of the columns of a table, or None if it has none."""
    if isinstance(values, np.ndarray):
        return None if values.dtype.names is None else list(values.dtype.names)
    if isinstance(values, (list, tuple)):
        record = bool(values) and isinstance(values[0], Mapping)
        return [str(name) for name in values[0]] if record else None
    if isinstance(values, Mapping):
        return [str(name) for name in values]
    columns = getattr(values, "columns", None)
    if columns is None:
        return None
    names = list(columns)
    return list(map(str, names)) if any(isinstance(name, str) for name in names) else None


def by_name(values: Any, naming: Naming, what: str) -> Any:
    """Return `values`, or the wanted columns of a table with names, in their order.

    Parameters
    ----------
    values : object
        Anything; a DataFrame, a structured array, a mapping of columns and a list of mappings
        have names.
    naming : Naming
    what : str
        For messages.

    Raises
    ------
    ValueError
        Where the names say that the columns are something else, or stand in another order.
    """
    if type(values) is np.ndarray and values.dtype.names is None:
        return values
    names = _names_of(values)
    if names is None:
        return values
    plain = list(map(_plain, names))
    shown = ", ".join(names)
    twice: list[str] = []
    for layout in naming.own:
        places = _places(layout, plain, names, twice)
        if places is not None:
            return _columns(values, places)
    for layout, advice in naming.others:
        if _places(layout, plain, names, []) is not None:
            raise ValueError(f"{what}: the columns are {shown}; {advice}")
    if twice:
        raise ValueError(f"{what}: the columns {twice[0]} mean the same; keep one")
    own = {name for layout in naming.own for field in layout for name in field}
    foreign = [
        ([names[k] for k, name in enumerate(plain)
          if name not in own and any(name in field for field in layout)], advice)
        for layout, advice in reversed(naming.others)
    ]  # fmt: skip
    most, advice = max(foreign, key=lambda one: len(one[0]), default=([], ""))
    if own and len(most) > 1:
        raise ValueError(
            f"{what}: the columns are {shown}, where {' and '.join(most[:2])} are not expected; "
            f"{advice}; or give an array without names"
        )
    moved = [_moved(layout, plain, names) for layout in naming.own]
    if all(place is not None for place in moved) and any(moved):
        raise ValueError(
            f"{what}: the columns are {shown}, and {next(filter(None, moved))} is not where it is "
            f"expected; call them {naming.wanted}, or give an array without names"
        )
    if isinstance(values, (Mapping, list, tuple)):
        raise ValueError(f"{what}: the columns are {shown}; expected {naming.wanted}")
    return values if not isinstance(values, np.ndarray) else _columns(values, range(len(names)))


def _moved(layout: Fields, plain: list[str], names: list[str]) -> str | None:
    """Return a column that stands in the place of another; "" if no two are known at all."""
    known = [(k, field) for k, name in enumerate(plain) for field in layout if name in field]
    if len(known) < 2:
        return ""
    wrong = (names[k] for k, field in known if k >= len(layout) or layout[k] != field)
    return next(wrong, None)


def _places(
    layout: Fields, plain: list[str], names: list[str], twice: list[str]
) -> list[int] | None:
    """Return where the columns of a layout stand, or None if one is missing or there twice."""
    hits = [[k for k, name in enumerate(plain) if name in field] for field in layout]
    if not all(hits):
        return None
    twice.extend(f"{names[two[0]]} and {names[two[1]]}" for two in hits if len(two) > 1)
    return None if any(len(two) > 1 for two in hits) else [one[0] for one in hits]


def _columns(values: Any, places: Sequence[int]) -> Any:
    """Return columns of a table, in this order."""
    if hasattr(values, "iloc"):
        return values.iloc[:, list(places)]
    if isinstance(values, (list, tuple)):
        keys = [list(values[0])[k] for k in places]
        return [[row[key] for key in keys] for row in values]
    if isinstance(values, np.ndarray):
        keys = [values.dtype.names[k] for k in places]
    else:
        keys = [list(values if isinstance(values, Mapping) else values.columns)[k] for k in places]
    columns = [as_numbers(values[key], f"column {key}") for key in keys]
    return np.stack(columns, axis=1)
