"""Options of temporal scoring, which act in some families and are refused by the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from overlap.evaluate.protocol import Rules

__all__ = ["LABELS", "READING", "SUBSET", "TIES", "Option", "class_names"]

_ORDERS = ("official", "stable", "expected")


@dataclass(frozen=True)
class Option:
    """One option of a family.

    Parameters
    ----------
    name : str
        The name of a field of the task, or of an input.
    checked : callable, optional
        Returns a value as the task has it, or raises an error.
    is_input : bool
        Whether it is an input beside truth and found, which `Task.items` takes.
    of_whole : bool
        Whether it acts on whole inputs alone: a study, which is fed item by item, has none.
    idle : tuple of type
        Rules of the family whose numbers it does not move.
    """

    name: str
    checked: Callable[[Any], Any] | None = None
    is_input: bool = False
    of_whole: bool = False
    idle: tuple[type[Rules], ...] = ()

    @property
    def in_studies(self) -> bool:
        """Whether a study has it; its inputs come with its items."""
        return not (self.is_input or self.of_whole)


def class_names(labels: Iterable[str]) -> tuple[str, ...]:
    """Return names of classes.

    Parameters
    ----------
    labels : iterable of str

    Raises
    ------
    TypeError
        It is one string.
    """
    if isinstance(labels, str):
        raise TypeError(f"labels = {labels!r} is one string; wanted a list of class names")
    return tuple(labels)


def _different_names(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(class_names(labels)))


def _order_of_ties(ties: str) -> str:
    if ties not in _ORDERS:
        raise ValueError(f"ties = {ties!r} is not one of {', '.join(map(repr, _ORDERS))}")
    return ties


#: Classes to score; a name that is there twice counts once.
LABELS = Option("labels", _different_names)
#: Order of equal confidences.
TIES = Option("ties", _order_of_ties)
#: Truth videos to use.
SUBSET = Option("subset", of_whole=True)
#: How segments are read; its fields are options, too.
READING = Option("reading")
