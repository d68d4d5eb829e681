"""Units of a bootstrap: structures, chains or residues, which are drawn as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate.bootstrap import LEAST_ITEMS
from overlap.io.residues import ResidueTable

__all__ = ["FEW_UNITS", "Units", "units_of"]

#: With fewer chains than this, residues are drawn.
FEW_UNITS = LEAST_ITEMS


@dataclass(frozen=True, eq=False)
class Units(ByValue):
    """Rows of a table in groups that are drawn as one.

    Attributes
    ----------
    unit : {"structure", "chain", "residue"}
    index : ndarray of int64
        Group of each row.
    names : tuple of str
    notes : tuple of str
        Remarks on the choice.
    """

    unit: str
    index: NDArray[np.int64]
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def settings(self) -> dict[str, Any]:
        """Return unit and number as plain data."""
        return {"unit": self.unit, "units": len(self.names)}


def units_of(table: ResidueTable, unit: str | None) -> Units:
    """Group the rows of a table.

    Parameters
    ----------
    table : ResidueTable
    unit : {"structure", "chain", "residue"}, optional
        By default chains, where there are at least five; else residues.

    Raises
    ------
    ValueError
        There is no such unit.
    """
    if unit is not None:
        return Units(unit, *table.groups(unit))
    index, names = table.groups("chain")
    if len(names) >= FEW_UNITS:
        return Units("chain", index, names)
    index, names = table.groups("residue")
    note = (
        "residues are drawn one by one, because there are no five chains: neighbors are alike, so "
        "that intervals are too narrow"
    )
    return Units("residue", index, names, (note,))
