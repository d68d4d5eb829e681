"""Deprecated spellings: they still work, and warn which release refuses them and which to use.

A deprecation is a record. `deprecated` puts records on a function; `renamed_function`
keeps a function under its earlier name:

>>> @deprecated(RenamedKeyword("boxes", "regions", since="0.2", removed_in="0.4"))
... def count(regions):
...     '''Count regions.'''
...     return len(regions)
>>> tally = renamed_function("tally", count, since="0.2", removed_in="0.4")

There is no list of them. A test looks for the records in the source, and fails when the version of
the package reaches a ``removed_in``.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

__all__ = ["Deprecation", "RemovedValue", "RenamedKeyword", "deprecated", "renamed_function"]

P = ParamSpec("P")
R = TypeVar("R")

LEAST = 2  # minor versions from the first that warns to the one without it


@dataclass(frozen=True, kw_only=True)
class Deprecation:
    """Base of all deprecations.

    Attributes
    ----------
    since : str
        First version that warns, such as ``"0.2"``.
    removed_in : str
        First version without it: at least two minor versions later, or the next major one.

    Raises
    ------
    ValueError
        It would be removed too early.
    """

    since: str
    removed_in: str

    def __post_init__(self) -> None:
        first, last = version_of(self.since), version_of(self.removed_in)
        if last[0] < first[0] or (last[0] == first[0] and last[1] < first[1] + LEAST):
            raise ValueError(
                f"deprecated since {self.since} and removed in {self.removed_in}; it must stay "
                f"for {LEAST} minor versions"
            )


@dataclass(frozen=True)
class RenamedKeyword(Deprecation):
    """A keyword has another name.

    Attributes
    ----------
    old, new : str
        Names of the keyword.
    """

    old: str
    new: str

    def text(self) -> str:
        """Return the sentence on this keyword."""
        return (
            f"the keyword {self.old!r} is deprecated since {self.since} and will be refused in "
            f"{self.removed_in}; use {self.new!r}"
        )

    def settle(self, name: str, given: Mapping[str, Any], keywords: dict[str, Any]) -> bool:
        """Move the value to the other keyword, and return whether this was needed."""
        if self.old not in keywords:
            return False
        if self.new in given:
            raise TypeError(f"{name}: got both {self.old!r} and {self.new!r}; give {self.new!r}")
        keywords[self.new] = keywords.pop(self.old)
        return True


@dataclass(frozen=True)
class RemovedValue(Deprecation):
    """A value of a parameter will be refused.

    Attributes
    ----------
    parameter : str
        Name of the parameter.
    value : object
        The value, which stays what it means until it is removed.
    instead : str
        What to write.
    """

    parameter: str
    value: Any
    instead: str

    def text(self) -> str:
        """Return the sentence on this value."""
        return (
            f"the value {self.parameter}={self.value!r} is deprecated since {self.since} and will "
            f"be refused in {self.removed_in}; use {self.instead}"
        )

    def settle(self, name: str, given: Mapping[str, Any], keywords: dict[str, Any]) -> bool:
        """Return whether the value was given; it is not changed."""
        value = given.get(self.parameter)
        return type(value) is type(self.value) and value == self.value


def deprecated(
    *records: RenamedKeyword | RemovedValue,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator for a function with deprecated keywords or values.

    Parameters
    ----------
    *records : RenamedKeyword or RemovedValue
        The function must have the new keywords, and the parameters of removed values.

    Warns
    -----
    FutureWarning
        A call uses one of them. It is shown at the line of the caller, also by default.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        names = list(inspect.signature(function).parameters)
        for record in records:
            known = record.new if isinstance(record, RenamedKeyword) else record.parameter
            if known not in names:
                raise TypeError(f"{function.__qualname__} has no parameter {known!r}")

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            keywords: dict[str, Any] = dict(kwargs)
            for record in records:
                given = dict(zip(names, args, strict=False)) | keywords
                if record.settle(function.__qualname__, given, keywords):
                    warnings.warn(
                        f"{function.__qualname__}: {record.text()}", FutureWarning, stacklevel=2
                    )
            return function(*args, **keywords)

        call.__doc__ = documented(function.__doc__, records)
        return call

    return decorate


def renamed_function(
    old: str, function: Callable[P, R], *, since: str, removed_in: str
) -> Callable[P, R]:
    """Return a function under its earlier name, which warns and does the same.

    Parameters
    ----------
    old : str
        The earlier name.
    function : callable
        Has the name to use.
    since, removed_in : str
        As for `Deprecation`.

    Warns
    -----
    FutureWarning
        It is called.
    """
    record = _RenamedFunction(old, function.__qualname__, since=since, removed_in=removed_in)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        warnings.warn(record.text(), FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    call.__name__, call.__qualname__ = old, old
    call.__doc__ = documented(function.__doc__, [record])
    return call


@dataclass(frozen=True)
class _RenamedFunction(Deprecation):
    old: str
    new: str

    def text(self) -> str:
        return (
            f"the name {self.old!r} is deprecated since {self.since} and will be removed in "
            f"{self.removed_in}; use {self.new!r}"
        )


def documented(doc: str | None, records: Any) -> str | None:
    """Return a docstring with the numpydoc block of each record after its first paragraph.

    Parameters
    ----------
    doc : str or None
        None where Python was told to drop docstrings.
    records : iterable of Deprecation
    """
    if doc is None:
        return None
    summary, _, rest = inspect.cleandoc(doc).partition("\n\n")
    blocks = [
        f".. deprecated:: {record.since}\n   {(text := record.text())[0].upper()}{text[1:]}."
        for record in records
    ]
    return "\n\n".join([summary, *blocks, *([rest] if rest else [])]) + "\n"


def version_of(text: str) -> tuple[int, int]:
    """Return the major and minor number of a version such as ``"0.2"`` or ``"0.2.1"``."""
    major, minor = text.split(".")[:2]
    return int(major), int(minor)
