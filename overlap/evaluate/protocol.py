"""Rules of one evaluator as a frozen value, of which every field can be changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from overlap.io.name_match import closest
from overlap.io.printable import brief

from .number_lists import as_numbers, read_numbers

__all__ = ["Rules"]

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_PROSE = ("name", "description")


@dataclass(frozen=True)
class Rules:
    """The rules of one evaluator; a protocol of a field is derived from it.

    The type of the default of a field says how the words of a command line are read: a Boolean, a
    number, a name, or a list of numbers or names with commas.

    Parameters
    ----------
    name : str
        Name, lower case.
    description : str
        One line: whose rules these are.
    """

    #: Values that each choice field may have, with what they mean.
    choices: ClassVar[Mapping[str, Mapping[str, str]]] = {}

    name: str
    description: str

    def __post_init__(self) -> None:
        for field, choices in self.choices.items():
            value = getattr(self, field)
            if not self.allows(field, value):
                raise ValueError(
                    f"{self._called}: {field} = {brief(value)} is not one of "
                    f"{', '.join(map(repr, choices))}"
                )
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            if type(entry.default) is bool and not isinstance(value, bool):
                raise ValueError(
                    f"{self._called}: {entry.name} = {brief(value)} is not True or False"
                )

    def allows(self, field: str, value: Any) -> bool:
        """Whether a choice field may have this value.

        Parameters
        ----------
        field : str
        value : Any
        """
        return isinstance(value, str) and value in self.choices[field]

    @property
    def _called(self) -> str:
        return type(self).__name__

    def with_fields(self, **fields: Any) -> Self:
        """Return the protocol with some fields changed.

        Parameters
        ----------
        **fields
            Values, or the strings that a command line has.

        Returns
        -------
        Rules
            Its name lists the fields that differ, but for the thresholds.

        Raises
        ------
        ValueError
            There is no such field, or its value is not allowed.
        """
        known = [entry.name for entry in dataclasses.fields(self) if entry.name not in _PROSE]
        for field in fields:
            if field not in known:
                raise ValueError(
                    f"{self._called}: there is no field {brief(field)}{closest(field, known)}; the "
                    f"fields are {', '.join(known)}"
                )
        parsed = {field: self.parsed(field, value) for field, value in fields.items()}
        changed = dataclasses.replace(self, **parsed)
        shown = [
            f"{field}={self.shown(getattr(changed, field))}"
            for field in fields
            if field != "thresholds" and getattr(changed, field) != getattr(self, field)
        ]
        if not shown:
            return changed
        front = self.name[:-1] + "," if self.name.endswith("]") else f"{self.name}["
        return dataclasses.replace(changed, name=f"{front}{','.join(shown)}]")

    def parsed(self, field: str, value: Any) -> Any:
        """Return the value of a field that words of a command line mean.

        Parameters
        ----------
        field : str
        value : Any
            Anything but a string is returned as it is, a list as a tuple.
        """
        if not isinstance(value, str):
            return tuple(value) if isinstance(value, list) else value
        present, what = getattr(self, field), f"{self._called}: {field}"
        if isinstance(present, bool):
            if value.lower() not in _WORDS:
                raise ValueError(f"{what} = {value!r} is not true or false")
            return _WORDS[value.lower()]
        if isinstance(present, int | float):
            number = as_numbers((value,), what)[0]
            if isinstance(present, int):
                if number != int(number):
                    raise ValueError(f"{what} = {value!r} is not a whole number")
                return int(number)
            return number
        if isinstance(present, tuple):
            if present and not isinstance(present[0], str):
                numbers = read_numbers(value, what)
                return tuple(map(int, numbers)) if isinstance(present[0], int) else numbers
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @staticmethod
    def shown(value: Any) -> str:
        """Write the value of a field into a name.

        Parameters
        ----------
        value : Any
        """
        if isinstance(value, tuple):
            return "/".join(f"{x:g}" if isinstance(x, float) else str(x) for x in value)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def settings(self) -> dict[str, Any]:
        """Return every field and its value, thresholds and prose left out."""
        return {
            entry.name: getattr(self, entry.name)
            for entry in dataclasses.fields(self)
            if entry.name not in (*_PROSE, "thresholds")
        }
