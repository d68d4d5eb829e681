"""Tables of residues with their backbone angles, from any file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.frames import frame
from overlap._common.values import ByValue
from overlap.io.residue_categories import ALLOWED_CUTOFFS, merged_category

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "Failure", "ResidueTable"]

#: Columns of a table in their order: name and type.
COLUMNS = {
    "source": np.int64,
    "structure": object,
    "model": np.int64,
    "chain": object,
    "seqid": np.int64,
    "icode": object,
    "altloc": object,
    "resname": object,
    "phi": np.float64,
    "psi": np.float64,
    "omega": np.float64,
    "category": object,
    "weight": np.float64,
    "left_out": object,
}


@dataclass(frozen=True)
class Failure:
    """A file that could not be read.

    Attributes
    ----------
    source : str
    reason : str
    """

    source: str
    reason: str


@dataclass(frozen=True, eq=False)
class ResidueTable(ByValue):
    """Residues and their backbone angles, one row each, in file order.

    Attributes
    ----------
    source : ndarray of int64
        Place in `sources` of the file that it was read from.
    structure, chain, icode, altloc, resname : ndarray of str
        Names; empty where the input has none.
    model, seqid : ndarray of int64
        Numbers; 0 where the input has none.
    phi, psi, omega : ndarray of float64
        Degrees in [-180, 180); NaN where undefined. `omega` is that of the peptide bond before
        the residue.
    category : ndarray of str
        One of `overlap.io.residue_categories.CATEGORIES`, ``"proline"``, ``"all"``, or empty.
    weight : ndarray of float64
        How often the row counts.
    left_out : ndarray of str
        Why the row does not count; empty where it does.
    sources : tuple of (str, str or None)
        Files, and their SHA-256.
    settings : dict
        How they were read.
    notes : tuple of str
        Observations made while reading.
    findings : tuple of str
        Observations that must not be missed, such as a guessed unit.
    failures : tuple of Failure
        Files that could not be read.
    """

    source: NDArray[np.int64]
    structure: NDArray[Any]
    model: NDArray[np.int64]
    chain: NDArray[Any]
    seqid: NDArray[np.int64]
    icode: NDArray[Any]
    altloc: NDArray[Any]
    resname: NDArray[Any]
    phi: NDArray[np.float64]
    psi: NDArray[np.float64]
    omega: NDArray[np.float64]
    category: NDArray[Any]
    weight: NDArray[np.float64]
    left_out: NDArray[Any]
    sources: tuple[tuple[str, str | None], ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()

    def __len__(self) -> int:
        return len(self.phi)

    def __repr__(self) -> str:
        return f"<ResidueTable {len(self)} residues, {int(self.counted.sum())} with both angles>"

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Which rows count: both angles and the category are known, and no filter forbids."""
        return np.array([not reason for reason in self.left_out], dtype=np.bool_)

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories of the rows that count, in the order of `CATEGORIES`."""
        there = set(self.category[self.counted].tolist())
        return tuple(name for name in ALLOWED_CUTOFFS if name in there)

    def taken(self, rows: NDArray[Any]) -> ResidueTable:
        """Return the table of these rows, or the very table if a mask chooses all of them.

        Parameters
        ----------
        rows : ndarray of bool or int
        """
        if rows.dtype == np.bool_ and rows.all():
            return self
        return replace(self, **{name: getattr(self, name)[rows] for name in COLUMNS})

    def in_four_categories(self) -> ResidueTable:
        """Return the table with prolines in one category, and isoleucine and valine in general.

        Prolines that did not count because they may be cis or trans count now.
        """
        category = np.array([merged_category(name) for name in self.category], dtype=object)
        rescued = self.left_out == "proline without omega"
        left_out = self.left_out.copy()
        category[rescued], left_out[rescued] = "proline", ""
        return replace(self, category=category, left_out=left_out)

    def groups(self, unit: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """Group the rows that a bootstrap draws together.

        Parameters
        ----------
        unit : {"structure", "chain", "residue"}
            Models of a structure belong together, because they are not independent, and
            conformers of a residue.

        Returns
        -------
        index : ndarray of int64
            Group of each row.
        names : tuple of str

        Raises
        ------
        ValueError
            There is no such unit.
        """
        if unit == "residue":
            index = np.arange(len(self))
            if self.settings.get("conformer") == "all":
                index = self._conformers()
            return index, tuple(map(str, range(int(index[-1]) + 1 if len(index) else 0)))
        columns = {"structure": ("source", "structure"), "chain": ("source", "structure", "chain")}
        if unit not in columns:
            raise ValueError(f"unit = {unit!r} is not one of 'structure', 'chain', 'residue'")
        keys = zip(*(getattr(self, name).tolist() for name in columns[unit]), strict=True)
        places: dict[Any, int] = {}
        index = np.array([places.setdefault(key, len(places)) for key in keys], dtype=np.int64)
        names = []
        for _, structure, *chain in places:
            names.append(" ".join((structure, *chain)).strip() or "all rows")
        return index, tuple(names)

    def _conformers(self) -> NDArray[np.int64]:
        """Return the residue of each row; rows that follow each other may be its conformers."""
        names = ("source", "model", "chain", "seqid", "icode")
        new = np.zeros(len(self), dtype=np.bool_)
        for name in names:
            column = getattr(self, name)
            new[1:] |= column[1:] != column[:-1]
        seen: set[Any] = set()
        for row, label in enumerate(self.altloc.tolist()):
            new[row] |= label in seen
            seen = {label} if new[row] else seen | {label}
        return np.cumsum(new) - (new[0] if len(new) else 0)

    def left_out_counts(self) -> dict[str, int]:
        """Count the rows that do not count, by reason."""
        return dict(sorted(Counter(reason for reason in self.left_out if reason).items()))

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a DataFrame; ``file`` is the name of the source."""
        names = np.array([name for name, _ in self.sources], dtype=object)
        columns = {name: getattr(self, name) for name in COLUMNS if name != "source"}
        file = names[self.source] if len(names) else np.full(len(self), "", dtype=object)
        return frame({"file": file, **columns})

    @classmethod
    def of_columns(cls, columns: Mapping[str, Any], **rest: Any) -> ResidueTable:
        """Make a table of columns; those that are not given are empty, zero or one.

        Parameters
        ----------
        columns : dict
            By the names of `COLUMNS`; at least `phi`.
        **rest
            The fields that are no columns.
        """
        count = len(columns["phi"])
        defaults: dict[str, Any] = {"weight": 1.0, "phi": np.nan, "psi": np.nan, "omega": np.nan}
        made: dict[str, Any] = {}
        for name, kind in COLUMNS.items():
            default = defaults.get(name, "" if kind is object else 0)
            array = np.full(count, default, dtype=kind)
            if name in columns:
                array[:] = columns[name]
            made[name] = array
        return cls(**made, **rest)

    @classmethod
    def joined(cls, tables: Sequence[ResidueTable]) -> ResidueTable:
        """Concatenate tables; `settings` are those of the first.

        Parameters
        ----------
        tables : sequence of ResidueTable
        """
        if len(tables) == 1:
            return tables[0]
        made: dict[str, Any] = {}
        for name in COLUMNS:
            made[name] = np.concatenate([getattr(table, name) for table in tables])
        shifts = np.cumsum([0, *(len(table.sources) for table in tables)])
        parts = [table.source + shift for table, shift in zip(tables, shifts, strict=False)]
        made["source"] = np.concatenate(parts)
        for entry in fields(cls):
            if entry.name in ("sources", "notes", "findings", "failures"):
                made[entry.name] = sum((getattr(table, entry.name) for table in tables), ())
        return cls(**made, settings=dict(tables[0].settings))
