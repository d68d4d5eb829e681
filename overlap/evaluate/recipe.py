"""What a report was computed from, so that it can be computed again by other rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from overlap._common.values import ByValue

from .protocol import Rules

__all__ = ["Recipe"]


@dataclass(frozen=True, eq=False)
class Recipe(ByValue):
    """Rules, options and inputs of one evaluation.

    Attributes
    ----------
    rules : Rules
        The protocol.
    options : mapping
        Other choices that move numbers, such as the order of ties, in the order in which they are
        exchanged.
    inputs : mapping
        By role; None where one is not given.
    numbers : callable
        ``numbers(rules, options, inputs)`` computes the evaluation: numbers by name.
    same : callable
        Whether two inputs of a role have the same content.
    part_of : mapping from str to str
        Options that are a part of an input, by its role: they go with it.
    aliases : callable
        Returns the numbers by names that other protocols have for them.
    together : tuple of tuple of str
        Fields of the rules that only make sense together: where the first one of a group, a field
        or another attribute, differs, all fields that differ are one step.
    """

    rules: Rules
    options: Mapping[str, Any]
    inputs: Mapping[str, Any]
    numbers: Callable[[Any, Mapping[str, Any], Mapping[str, Any]], Mapping[str, float]]
    same: Callable[[Any, Any], bool]
    part_of: Mapping[str, str] = field(default_factory=dict)
    aliases: Callable[[Mapping[str, float]], Mapping[str, float]] = dict
    together: tuple[tuple[str, ...], ...] = ()

    def source(self, role: str) -> str:
        """Name an input, with the options that are a part of it.

        Parameters
        ----------
        role : str
        """
        if self.inputs.get(role) is None:
            return "none"
        parts = [
            f"{name} {self.options[name]}"
            for name, owner in self.part_of.items()
            if owner == role and self.options[name] is not None
        ]
        return f"{self.inputs[role].source}" + (f" ({', '.join(parts)})" if parts else "")
