"""Tables of detections and of truths: regions of any kind, as columns of equal length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue, ReadOnly

__all__ = ["OUTSIDE", "Table", "joined_tables", "order_in_groups"]

#: Flag of regions outside a stratum that are kept and not counted.
OUTSIDE = "outside"


@dataclass(frozen=True, eq=False)
class Table(ByValue):
    """Regions with the item and the class of each.

    Attributes
    ----------
    item : ndarray, dtype=int64, shape (N,)
        Number of the image, video or recording: the unit of resampling.
    label : ndarray, dtype=int64, shape (N,)
        Number of the class; a negative one takes part in nothing.
    place : ndarray, dtype=int64, shape (N,)
        Position in the input, which orders what is equal otherwise.
    confidence : ndarray, dtype=float64, shape (N,), optional
        Of detections.
    regions : Regions or tuple of ndarray, optional
        A batch, which a `Score` compares, or the columns that a `Ratio` reads. Not needed once
        pairs are found.
    flags : mapping from str to ndarray of bool
        Such as ``"crowd"``, ``"ignore"`` and ``"difficult"``; a `MatchRule` says what they mean.
    sizes : mapping from str to ndarray of float64
        Such as ``"area"``, ``"length"`` and ``"occlusion"``, by which a `Stratum` chooses.
    """

    item: NDArray[np.int64]
    label: NDArray[np.int64]
    place: NDArray[np.int64]
    confidence: NDArray[np.float64] | None = None
    regions: Any = None
    flags: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    sizes: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("flags", "sizes"):
            object.__setattr__(self, name, ReadOnly(getattr(self, name)))

    def __len__(self) -> int:
        return len(self.item)

    @property
    def keys(self) -> list[NDArray[Any]]:
        """Keys for `numpy.lexsort`: places. It is stable, and needs none for rows in order."""
        return [] if (self.place[1:] > self.place[:-1]).all() else [self.place]

    def flagged(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Return which regions have one of some flags; a flag that the table lacks is nobody's."""
        result = np.zeros(len(self), dtype=bool)
        for name in names:
            if name in self.flags:
                result |= self.flags[name]
        return result

    def with_flag(self, name: str, chosen: NDArray[np.bool_]) -> Table:
        """Return the table with a flag added."""
        return replace(self, flags={**self.flags, name: chosen})

    def without(self, rows: NDArray[np.bool_]) -> Table:
        """Return the table with some regions in no class."""
        return replace(self, label=np.where(rows, -1, self.label))

    def groups(self, items: int) -> NDArray[np.int64]:
        """Return one number for each item and class; -1 for regions without one of them."""
        code = self.label * items + self.item
        code[(self.label < 0) | (self.item < 0)] = -1
        return code


def order_in_groups(group: NDArray[np.int64], keys: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """Return the order of ``numpy.lexsort([*keys, group])``, fast where groups are few.

    Parameters
    ----------
    group : ndarray, dtype=int64, shape (N,)
    keys : sequence of ndarray, shape (N,)
        The last one decides first.
    """
    if len(group) == 0 or group.min() < 0 or group.max() > np.iinfo(np.int16).max:
        return np.lexsort([*keys, group])
    small = group.astype(np.int16)  # sorted by radix
    if not keys:
        return np.argsort(small, kind="stable")
    order = np.lexsort(keys)
    return order[np.argsort(small[order], kind="stable")]


def joined_tables(parts: Sequence[Table]) -> Table:
    """Concatenate tables with the same columns, numbered alike; regions are left out.

    Parameters
    ----------
    parts : sequence of Table
        One or more.
    """
    first = parts[0]

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts])

    return Table(
        column("item"),
        column("label"),
        column("place"),
        None if first.confidence is None else column("confidence"),
        None,
        {name: np.concatenate([part.flags[name] for part in parts]) for name in first.flags},
        {name: np.concatenate([part.sizes[name] for part in parts]) for name in first.sizes},
    )
