"""Cutoffs of ranks by category: favored, allowed, and levels of regions."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from overlap.evaluate.number_lists import complement, read_numbers
from overlap.io.residue_categories import (
    ALLOWED_CUTOFFS,
    FAVORED_CUTOFF,
    FOUR_ALLOWED_CUTOFFS,
    as_category,
)

__all__ = ["TITLES", "Cutoffs", "Level", "as_cutoffs", "read_levels"]

#: Names of the categories on plots.
TITLES = {
    "general": "General",
    "glycine": "Glycine",
    "cispro": "cis-Proline",
    "transpro": "trans-Proline",
    "proline": "Proline",
    "prepro": "Before proline",
    "ileval": "Isoleucine, valine",
    "all": "All residues",
}

#: Names of levels, in the order of tables.
LEVELS = ("favored", "allowed")


@dataclass(frozen=True)
class Cutoffs:
    """Smallest ranks: fractions of the reference data at the same or a lower density.

    Attributes
    ----------
    favored : float
        Of all categories.
    allowed : mapping from str to float
        By category.
    """

    favored: float = FAVORED_CUTOFF
    allowed: Mapping[str, float] = field(default_factory=lambda: dict(ALLOWED_CUTOFFS))

    def settings(self) -> dict[str, Any]:
        """Return the cutoffs as plain data."""
        return {"favored": self.favored, "allowed": dict(self.allowed)}


def as_cutoffs(favored: float | None = None, allowed: Any = None, *, four: bool = False) -> Cutoffs:
    """Return checked cutoffs.

    Parameters
    ----------
    favored : float, optional
        By default 0.02.
    allowed : float or mapping from category to float, optional
        One number for all categories, or those that differ from the values of cctbx.
    four : bool
        Take the values of Lovell et al. (2003) instead, for libraries of four categories.

    Raises
    ------
    ValueError
        A cutoff is not in (0, 1), that of allowed is above that of favored, or a category is
        unknown.
    """
    high = FAVORED_CUTOFF if favored is None else _share(favored, "favored")
    low: dict[str, float] = dict(FOUR_ALLOWED_CUTOFFS if four else ALLOWED_CUTOFFS)
    if isinstance(allowed, Mapping):
        low.update(
            {as_category(name): _share(x, f"allowed[{name!r}]") for name, x in allowed.items()}
        )
    elif allowed is not None:
        low = dict.fromkeys(low, _share(allowed, "allowed"))
    odd = next((name for name, cutoff in low.items() if cutoff > high), None)
    if odd is not None:
        raise ValueError(
            f"the cutoff of allowed for {odd} is {low[odd]:g}, above that of favored, {high:g}; "
            "favored is the smaller region"
        )
    return Cutoffs(high, low)


def _share(value: Any, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0.0 < number < 1.0:
        raise ValueError(f"{name} = {value!r}; wanted a fraction between 0 and 1, such as 0.02")
    return number


@dataclass(frozen=True)
class Level:
    """A region of the density, by the rank of its border.

    Attributes
    ----------
    name : str
        ``"favored"``, ``"allowed"``, or the fraction that it holds.
    cutoffs : mapping from str to float
        Smallest rank, by category: the region holds all but this fraction.
    """

    name: str
    cutoffs: Mapping[str, float]


def read_levels(levels: Any, cutoffs: Cutoffs) -> tuple[Level, ...]:
    """Return checked levels.

    Parameters
    ----------
    levels : str or sequence of (str or float)
        ``"favored"``, ``"allowed"``, and fractions that regions are to hold, such as 0.5, or
        ranges of them, such as ``"0.5:0.9:0.1"``; in one string they are separated by commas.
    cutoffs : Cutoffs
        What the two names mean.

    Raises
    ------
    ValueError
        A level is unknown, or there twice, or there is none.

    Examples
    --------
    >>> [level.cutoffs["glycine"] for level in read_levels("favored,allowed,0.5", Cutoffs())]
    [0.02, 0.001, 0.5]
    """
    if isinstance(levels, str | float | int):
        levels = [part.strip() for part in str(levels).split(",")]
    result: dict[str, Level] = {}
    for entry in itertools.chain.from_iterable(map(_range, levels)):
        if entry == "favored":
            level = Level(entry, dict.fromkeys(cutoffs.allowed, cutoffs.favored))
        elif entry == "allowed":
            level = Level(entry, dict(cutoffs.allowed))
        else:
            try:
                share = float(entry)
            except (TypeError, ValueError):
                share = float("nan")
            if not 0.0 < share < 1.0:
                raise ValueError(
                    f"levels: {entry!r} is not {', '.join(LEVELS)}, or a fraction between 0 and 1 "
                    "that the region is to hold"
                )
            # tables hold ranks such as 0.02, and 1 - 0.98 is not that number
            level = Level(_name(share), dict.fromkeys(cutoffs.allowed, complement(share)))
        if level.name in result:
            raise ValueError(f"levels: {level.name} is there twice; give each once")
        result[level.name] = level
    if not result:
        raise ValueError("levels is empty; give one or more, such as 'favored,allowed'")
    return tuple(result.values())


def _range(entry: Any) -> Sequence[Any]:
    return read_numbers(entry, "levels") if isinstance(entry, str) and ":" in entry else (entry,)


def _name(share: float) -> str:
    """Write a fraction with as many digits as tell it from any other."""
    return f"{share:g}" if float(f"{share:g}") == share else repr(share)
