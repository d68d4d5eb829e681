"""Strata: parts of the truths, by area, length, difficulty or frequency, with own numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .table import Table

__all__ = ["Range", "Stratum"]


@dataclass(frozen=True)
class Range:
    """An interval of one size of regions.

    Parameters
    ----------
    size : str
        Name of the size, such as ``"area"``.
    least, most : float
        Ends.
    closed : {"both", "left", "right", "neither"}
        Which ends belong to it.
    """

    size: str
    least: float = -math.inf
    most: float = math.inf
    closed: str = "both"

    def __post_init__(self) -> None:
        if self.closed not in ("both", "left", "right", "neither"):
            raise ValueError(
                f"Range: closed = {self.closed!r} is not 'both', 'left', 'right' or 'neither'"
            )

    def __str__(self) -> str:
        begins = "[" if self.closed in ("both", "left") else "("
        ends = "]" if self.closed in ("both", "right") else ")"
        return f"{self.size} in {begins}{self.least:g}, {self.most:g}{ends}"

    def holds(self, table: Table) -> NDArray[np.bool_]:
        """Return which regions have the size in the interval."""
        if self.size not in table.sizes:
            known = ", ".join(map(repr, table.sizes)) or "none"
            raise ValueError(f"there is no size {self.size!r} of the regions; there are {known}")
        size = table.sizes[self.size]
        above = size >= self.least if self.closed in ("both", "left") else size > self.least
        below = size <= self.most if self.closed in ("both", "right") else size < self.most
        return above & below


@dataclass(frozen=True)
class Stratum:
    """A part of the truths.

    Parameters
    ----------
    name : str
        Such as ``"small"``.
    truth : tuple of Range
        Truths in all of them are in the stratum.
    found : tuple of Range
        Detections outside one of them are not counted if they match nothing; empty: all are.
    outside : {"ignore", "drop"}
        Whether truths outside stay, so that what matches them is not counted (COCO's areas), or
        are left out, so that it is false (QVHighlights' lengths). Classes that are left out
        altogether have no number (LVIS' frequencies).
    """

    name: str
    truth: tuple[Range, ...] = ()
    found: tuple[Range, ...] = ()
    outside: str = "ignore"

    def __post_init__(self) -> None:
        if self.outside not in ("ignore", "drop"):
            raise ValueError(f"Stratum: outside = {self.outside!r} is not 'ignore' or 'drop'")


def outside_any(table: Table, ranges: tuple[Range, ...]) -> NDArray[np.bool_]:
    """Return which regions are outside one of several ranges."""
    result = np.zeros(len(table), dtype=bool)
    for one in ranges:
        result |= ~one.holds(table)
    return result
