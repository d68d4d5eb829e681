"""Tables of detections and of truths: regions of any kind, as columns of equal length."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue, ReadOnly
from overlap._kernels.jit import specialise
from overlap._kernels.plain import suited

__all__ = ["OUTSIDE", "Table", "falling", "joined_tables", "order_by"]

_FEW = 10_000  # rows that are sorted as usual

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
        place, count = self.place, len(self)
        if not (place[1:] > place[:-1]).all():
            return order_by(np.arange(count), place)
        # 0, 1, 2 and so on are their own order; kernels want an array that may be written to
        counts = count and place[0] == 0 and place[-1] == count - 1 and place.flags.writeable
        return place if counts else np.arange(count)

    @cached_property
    def rank(self) -> NDArray[np.int64]:
        """Number of the higher confidences that the table has, each counted once."""
        assert self.confidence is not None
        order = self.by_confidence
        score = self.confidence[order]
        result = np.empty(len(self), dtype=np.int64)
        result[order] = np.cumsum(np.append(False, score[1:] != score[:-1])[: len(self)])
        return result

    @cached_property
    def by_confidence(self) -> NDArray[np.int64]:
        """Rows, the most confident first; equal ones in the order of the input."""
        assert self.confidence is not None
        return falling(self.by_place, self.confidence)

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

    def groups(self, labels: int, rows: slice = slice(None)) -> NDArray[np.int64]:
        """Return one number for each item and class; -1 for regions without one of them.

        Parameters
        ----------
        labels : int
            More than all numbers of classes. The groups of an item follow each other.
        rows : slice
            Those that are wanted.
        """
        item, label = self.item[rows], self.label[rows]
        code = item * labels
        code += label
        outside = label < 0
        outside |= item < 0
        code[outside] = -1
        return code


def _counted(order, key, begin, result):
    """Sort rows by the key of each, by counting; equal ones stay in order."""
    for k in range(len(order)):
        begin[key[k] + 1] += 1
    for k in range(1, len(begin)):
        begin[k] += begin[k - 1]
    for k in range(len(order)):
        result[begin[key[k]]] = order[k]
        begin[key[k]] += 1


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
        width, room = (most - least).bit_length(), (4 * len(key) + 1000).bit_length() - 1
        if width > 2 * room:
            rows = rows[np.argsort(key[rows], kind="stable")]
            continue
        digit = width if width <= room else -(-width // 2)
        for shift in range(0, width or 1, digit or 1):  # the lower half first
            number = key[rows]
            number -= least
            if digit < width:
                number = number >> shift & (1 << digit) - 1
            begin, result = np.zeros((1 << digit) + 1, dtype=np.int64), np.empty_like(rows)
            count = suited(specialise(_counted), 2 * len(rows) + len(begin))
            count(rows, number, begin, result)
            rows = result
    return rows


def falling(rows: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sort rows by falling values; equal ones stay in order.

    Parameters
    ----------
    rows : ndarray, dtype=int64, shape (n,)
    values : ndarray, dtype=float64, shape (N,)

    Returns
    -------
    ndarray, dtype=int64, shape (n,)

    Notes
    -----
    Most are sorted by counting: between the ends of all values there are more places than rows,
    and larger values never come to later places. Rows of one place are sorted as usual.
    """
    most, span = 0.0, 0.0
    if len(rows) >= _FEW:
        most = values.max()
        span = float(most - values.min())
    if not 0.0 < span < math.inf or not math.isfinite(len(rows) / span):
        return rows[np.argsort(-values[rows], kind="stable")]
    place = ((most - values) * (2 * len(rows) / span)).astype(np.int64)
    rows = order_by(rows, place)
    value, place = values[rows], place[rows]
    wrong = np.zeros(int(place[-1]) + 1, dtype=bool)
    wrong[place[1:][value[1:] > value[:-1]]] = True
    again = np.flatnonzero(wrong[place])
    rows[again] = rows[again][np.argsort(-value[again], kind="stable")]
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
