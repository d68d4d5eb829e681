"""Families of protocols of temporal scoring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from overlap.evaluate.protocol import Rules
from overlap.io.name_match import closest

from . import frames, localization, moments, recall, sounds, speakers, spotting, tubes, unranked

if TYPE_CHECKING:
    from .family import Family

__all__ = ["FAMILIES", "TEMPORAL_PROTOCOLS", "Package", "family_of", "of_family"]


class Package(Protocol):
    """A package whose protocols score the same kind of thing."""

    @property
    def PROTOCOLS(self) -> Mapping[str, Rules]:
        """Rules by name."""

    @property
    def FAMILY(self) -> Family:
        """Their tasks and options. The code that scores is loaded with it."""


#: Families by name; the first is that of ``"all"``.
FAMILIES: Mapping[str, Package] = {
    "localization": localization,
    "speakers": speakers,
    "spotting": spotting,
    "frames": frames,
    "sounds": sounds,
    "recall": recall,
    "moments": moments,
    "unranked": unranked,
    "tubes": tubes,
}

#: Rules of all families by name.
TEMPORAL_PROTOCOLS: dict[str, Rules] = {
    name: rules for family in FAMILIES.values() for name, rules in family.PROTOCOLS.items()
}


def family_of(protocol: str | Rules) -> tuple[str, str | Rules]:
    """Return the name of the family of a protocol, and its rules.

    Parameters
    ----------
    protocol : str or Rules
        A name of `TEMPORAL_PROTOCOLS`; ``"all"`` of localization, or ``"all:FAMILY"``.

    Returns
    -------
    family : str
    rules : Rules or "all"

    Raises
    ------
    ValueError
        There is none of this name.
    TypeError
        It is neither a name nor rules of one of the families.
    """
    if isinstance(protocol, str):
        if protocol == "all":
            return next(iter(FAMILIES)), "all"
        front, _, family = protocol.partition(":")
        if front == "all" and family in FAMILIES:
            return family, "all"
        if protocol not in TEMPORAL_PROTOCOLS:
            known: Any = FAMILIES if front == "all" else TEMPORAL_PROTOCOLS
            what = "family" if front == "all" else "protocol"
            name = family if front == "all" else protocol
            raise ValueError(
                f"there is no {what} {name!r}{closest(name, known)}; known are {', '.join(known)}"
            )
        protocol = TEMPORAL_PROTOCOLS[protocol]
    for name, members in FAMILIES.items():
        if any(type(rules) is type(protocol) for rules in members.PROTOCOLS.values()):
            return name, protocol
    raise TypeError(
        f"protocol is a {type(protocol).__name__}; wanted a name, or rules of temporal scoring"
    )


def of_family(settings: Mapping[str, Any]) -> bool:
    """Whether settings of a report are those of a protocol of temporal scoring.

    Parameters
    ----------
    settings : mapping
    """
    names = settings.get("protocols") if settings.get("protocol") == "all" else None
    first = next(iter(names), "") if isinstance(names, Mapping) else settings.get("protocol")
    return str(first).partition("[")[0] in TEMPORAL_PROTOCOLS
