"""Truths that count, by class and item."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue

__all__ = ["Positives"]

_CELLS = 1 << 25  # of a table of classes and items


@dataclass(frozen=True, eq=False)
class Positives(ByValue):
    """Truths that count: the positives of each class.

    They are listed. Most items have truths of few classes, so that a table of all classes and items
    would be many times as large.

    Attributes
    ----------
    label, item : ndarray, dtype=int64, shape (M,)
        Class and item of each truth.
    classes, items : int
        Number of classes and of items.
    """

    label: NDArray[np.int64]
    item: NDArray[np.int64]
    classes: int
    items: int

    @cached_property
    def by_class(self) -> NDArray[np.float64]:
        """Number of truths of each class, shape (C,)."""
        return np.bincount(self.label, minlength=self.classes).astype(np.float64)

    def items_by_class(self) -> NDArray[np.int64]:
        """Return the number of items with a truth of each class, shape (C,)."""
        result = np.empty(self.classes, dtype=np.int64)
        step = max(1, _CELLS // max(self.items, 1))
        for begin in range(0, self.classes, step):  # a table of a few classes at a time
            count = result[begin : begin + step]
            rows: slice | NDArray[np.int64] = slice(None)
            if len(count) < self.classes:
                rows = np.flatnonzero((self.label >= begin) & (self.label < begin + step))
            there = np.zeros((len(count), self.items), dtype=bool)
            there[self.label[rows] - begin, self.item[rows]] = True
            count[:] = [np.count_nonzero(row) for row in there]
        return result

    def drawn(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the number of truths of each class where items are drawn, shape (B, C).

        Parameters
        ----------
        weights : ndarray, dtype=float64, shape (B, V)
            Whole numbers: how often each item is drawn.
        """
        result = np.empty((len(weights), self.classes))
        for weight, row in zip(weights, result, strict=True):
            row[:] = np.bincount(self.label, weight[self.item], self.classes)
        return result
