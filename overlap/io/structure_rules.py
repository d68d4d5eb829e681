"""Rules for reading protein structures."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

__all__ = ["StructureRules"]


@dataclass(frozen=True)
class StructureRules:
    """Rules for reading structures.

    Attributes
    ----------
    models : "first", "all" or int
        Which models of a file with several: its first, all, or the one of this number.
    conformer : {"first", "highest", "all"} or str
        Which of several places of atoms, and of several residues at one place: the conformer
        that is first in the file, the one of the highest mean occupancy, or the one of this
        letter (and the first where it is missing). One is taken for all sites with
        conformers that have at most one other between them, so that no angle mixes two. With
        ``"all"`` a residue has a row for each, and their weights, by occupancy, sum to 1.
    bond_limit : float
        Two atoms are bonded where they are at most this far apart, in Ångström: C and N of two
        residues, and N, CA and C of one.
    cis_limit : float
        A proline is cis where the absolute omega is below this many degrees.
    max_resolution : float, optional
        Files of a coarser resolution, in Ångström, or of none are left out.
    max_b_factor : float, optional
        Residues with a backbone atom (N, CA, C) above this B factor do not count. A file in
        which one of these is no number, such as ``******``, is an error.
    min_occupancy : float, optional
        Residues with a backbone atom below this occupancy do not count. A file in which one
        of these is no number, or blank, is an error.
    """

    models: str | int = "first"
    conformer: str = "first"
    bond_limit: float = 2.0
    cis_limit: float = 90.0
    max_resolution: float | None = None
    max_b_factor: float | None = None
    min_occupancy: float | None = None

    def __post_init__(self) -> None:
        whole = isinstance(self.models, int) and not isinstance(self.models, bool)
        if self.models not in ("first", "all") and not whole:
            raise ValueError(f"models = {self.models!r}; wanted 'first', 'all' or a number")
        words = ("first", "highest", "all")
        letter = isinstance(self.conformer, str) and len(self.conformer.strip()) == 1
        if self.conformer not in words and not letter:
            raise ValueError(
                f"conformer = {self.conformer!r}; wanted 'first', 'highest', 'all', or the letter "
                "of one, such as 'B'"
            )
        if not 0.0 < self.cis_limit <= 180.0:
            raise ValueError(f"cis_limit = {self.cis_limit!r}; wanted degrees, such as 90 or 30")
        for name in ("bond_limit", "max_resolution", "max_b_factor", "min_occupancy"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value < np.inf:
                raise ValueError(f"{name} = {value!r}; wanted a positive number")
        if self.min_occupancy is not None and self.min_occupancy > 1.0:
            raise ValueError(f"min_occupancy = {self.min_occupancy!r}; wanted a share, such as 0.5")

    def of_structures(self) -> list[str]:
        """Return the rules that are not the defaults, and mean nothing for a table of angles."""
        usual = StructureRules()
        return [
            entry.name
            for entry in fields(self)
            if entry.name != "cis_limit" and getattr(self, entry.name) != getattr(usual, entry.name)
        ]

    def settings(self) -> dict[str, Any]:
        """Return the rules as plain data."""
        return dict(vars(self))
