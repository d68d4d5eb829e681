"""Tables of detections and of truths: regions of any kind, as columns of equal length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue, ReadOnly
from overlap._kernels.jit import specialise
from overlap._kernels.plain import suited

__all__ = ["OUTSIDE", "Table", "joined_tables", "order_by"]

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

    @cached_property
    def by_place(self) -> NDArray[np.int64]:
        """Rows in the order of the input."""
        rows = np.arange(len(self))
        return rows if (self.place[1:] > self.place[:-1]).all() else order_by(rows, self.place)

    @cached_property
    def rank(self) -> NDArray[np.int64]:
        """Number of the higher confidences that the table has, each counted once."""
        assert self.confidence is not None
        order = np.argsort(-self.confidence)
        score = self.confidence[order]
        result = np.empty(len(self), dtype=np.int64)
        result[order] = np.cumsum(np.append(False, score[1:] != score[:-1])[: len(self)])
        return result

    @cached_property
    def by_confidence(self) -> NDArray[np.int64]:
        """Rows, the most confident first; equal ones in the order of the input."""
        return order_by(self.by_place, self.rank)

    def flagged(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Return which regions have one of some flags; a flag that the table lacks is nobody's."""
        result = np.zeros(len(self), dtype=bool)
        for name in names:
            if name in self.flags:
                result |= self.flags[name]
        return result

    def changed(self, **fields: Any) -> Table:
        """Return the table with other labels, flags or sizes; its orders are kept."""
        result = replace(self, **fields)
        for name in ("by_place", "rank", "by_confidence"):
            if name in self.__dict__:
                result.__dict__[name] = self.__dict__[name]
        return result

    def with_flag(self, name: str, chosen: NDArray[np.bool_]) -> Table:
        """Return the table with a flag added."""
        return self.changed(flags={**self.flags, name: chosen})

    def without(self, rows: NDArray[np.bool_]) -> Table:
        """Return the table with some regions in no class."""
        return self.changed(label=np.where(rows, -1, self.label))

    def groups(self, items: int) -> NDArray[np.int64]:
        """Return one number for each item and class; -1 for regions without one of them."""
        code = self.label * items + self.item
        code[(self.label < 0) | (self.item < 0)] = -1
        return code


def _counted(order, key, least, begin, result):
    """Sort rows by a key, by counting; equal ones stay in order."""
    for k in range(len(order)):
        begin[key[order[k]] - least + 1] += 1
    for k in range(1, len(begin)):
        begin[k] += begin[k - 1]
    for k in range(len(order)):
        at = key[order[k]] - least
        result[begin[at]] = order[k]
        begin[at] += 1


def order_by(rows: NDArray[np.int64], *keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sort rows by whole numbers; equal ones stay in order.

    Parameters
    ----------
    rows : ndarray, dtype=int64, shape (n,)
    *keys : ndarray, dtype=int64, shape (N,)
        The last one decides first, as in ``numpy.lexsort``.

    Returns
    -------
    ndarray, dtype=int64, shape (n,)
    """
    if not len(rows):
        return rows
    for key in keys:
        least, most = int(key.min()), int(key.max())
        if most - least > 4 * len(key) + 1000:
            rows = rows[np.argsort(key[rows], kind="stable")]
            continue
        result = np.empty_like(rows)
        begin = np.zeros(most - least + 2, dtype=np.int64)
        count = suited(specialise(_counted), 2 * len(rows) + len(begin))
        count(rows, key, least, begin, result)
        rows = result
    return rows


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
