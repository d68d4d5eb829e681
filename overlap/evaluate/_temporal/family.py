"""A family of protocols, as a value: its tasks, and the options that act on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from overlap.evaluate.protocol import Rules
from overlap.evaluate.report import Report
from overlap.evaluate.runner import run
from overlap.evaluate.task import Task

from .options import READING, Option
from .reading import Reading

__all__ = ["READING_FIELDS", "Family"]

#: Options of reading, which `Reading` holds.
READING_FIELDS = tuple(entry.name for entry in fields(Reading))


@dataclass(frozen=True)
class Family:
    """How one of the protocols of a family and its options become a report.

    Parameters
    ----------
    tasks : mapping from type to type
        The task of each type of rules. Its fields are the protocol and options, and `Task.items`
        takes ``truth``, ``found`` and the other inputs as users have them.
    options : tuple of Option
        Those that act; all others are refused.
    alike : mapping from str to Rules, optional
        Protocols that score the same inputs, by name; by default all of the family.
    run : callable
        Evaluates a task, as `overlap.evaluate.runner.run` does, which is the default.
    every : callable, optional
        Makes one report by every protocol, ``every(truth, found, options, **how)``; by default the
        reports of all are put together.
    states_options : bool
        Whether its task writes its options into the settings itself.
    """

    tasks: Mapping[type[Rules], Callable[..., Task]]
    options: tuple[Option, ...] = ()
    alike: Mapping[str, Rules] | None = None
    run: Callable[..., Report] = run
    every: Callable[..., Report] | None = None
    states_options: bool = False

    def names(self, *, study: bool) -> list[str]:
        """Return the names of options as users write them.

        Parameters
        ----------
        study : bool
            Whether those of a study are wanted.
        """
        names = [one.name for one in self.options if one.in_studies or not study]
        if READING.name in names:
            names.remove(READING.name)
            names += READING_FIELDS
        return names

    def task(self, rules: Rules, options: Mapping[str, Any]) -> Task:
        """Return the task of a protocol.

        Parameters
        ----------
        rules : Rules
        options : mapping
            Values by name.

        Raises
        ------
        TypeError, ValueError
            A value is not allowed.
        """
        chosen = {}
        for one in self.options:
            value = options.get(one.name)
            if value is not None and not one.is_input:
                chosen[one.name] = one.checked(value) if one.checked else value
        return self.tasks[type(rules)](rules, **chosen)

    def inputs(self, truth: Any, found: Any, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return all inputs by their role.

        Parameters
        ----------
        truth, found : Any
        options : mapping
            Values by name.
        """
        more = {one.name: options.get(one.name) for one in self.options if one.is_input}
        return {"truth": truth, "found": found,
                **{name: value for name, value in more.items() if value is not None}}  # fmt: skip
