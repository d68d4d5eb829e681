"""Evidence whose numbers follow from weights of items, or from sums over items.

What was measured of one item is never changed; a resample weighs the items.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.numbers import Intervals, Number
from overlap.evaluate.task import resampled

__all__ = ["Drawn", "Tally", "Weighed"]

#: Numbers with their values in each draw, by name.
Drawn = Mapping[str, tuple[Number, NDArray[np.float64]]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Weighed(ByValue, ABC):
    """Evidence whose numbers are a function of the weights of items.

    Attributes
    ----------
    items : tuple of str
        Names of the items.
    table_rows : tuple of dict
        Rows of the table.
    counted : mapping from str to sequence
        One entry for each thing that was counted, by column.
    unit : str
        Word for several items.
    """

    items: tuple[str, ...]
    table_rows: tuple[dict[str, Any], ...] = ()
    counted: Mapping[str, Any] = field(default_factory=dict)
    unit: str = "videos"

    @abstractmethod
    def drawn(self, weights: NDArray[np.float64]) -> Drawn:
        """Return numbers, with their values for each row of `weights`.

        Parameters
        ----------
        weights : ndarray, shape (B, items)

        Returns
        -------
        mapping from str to (Number, ndarray of shape (B,))
            By name. Values of the numbers themselves are those of the first draw.
        """

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return every number for each row of `weights`.

        Parameters
        ----------
        weights : ndarray, shape (B, items)
        """
        made = self.drawn(np.asarray(weights, dtype=np.float64))
        return {name: values for name, (_, values) in made.items()}

    def numbers(self) -> list[Number]:
        """Return the numbers of the summary."""
        made = self.drawn(np.ones((1, len(self.items))))
        return [number for number, _ in made.values()]

    def intervals(self, numbers: Sequence[Number], bootstrap: Bootstrap) -> Intervals:
        """Return intervals of all numbers, of which items are drawn.

        Parameters
        ----------
        numbers : sequence of Number
        bootstrap : Bootstrap
        """
        return resampled(self, numbers, bootstrap, self.unit)

    def rows(self, intervals: Intervals) -> Sequence[dict[str, Any]]:
        """Return the rows of the table.

        Parameters
        ----------
        intervals : Intervals
        """
        return self.table_rows

    def columns(self) -> Mapping[str, Any]:
        """Return one entry for each thing that was counted."""
        return self.counted


@dataclass(frozen=True, eq=False, kw_only=True)
class Tally(Weighed):
    """Counts of every item; a field derives from it, and says which numbers follow from sums.

    Attributes
    ----------
    sums : mapping from str to ndarray, float64, shape (items, ...)
        Counts of every item, which are added up.
    """

    sums: Mapping[str, NDArray[np.float64]]

    @abstractmethod
    def finalised(self, sums: Mapping[str, NDArray[np.float64]]) -> Drawn:
        """Return numbers, with their values in each draw.

        Parameters
        ----------
        sums : mapping from str to ndarray, shape (B, ...)
            Sums of B draws of items.

        Returns
        -------
        mapping from str to (Number, ndarray of shape (B,))
            By name. Values of the numbers themselves are those of the first draw.
        """

    def drawn(self, weights: NDArray[np.float64]) -> Drawn:
        """Return the numbers of weighed sums, for each row of `weights`.

        Parameters
        ----------
        weights : ndarray, shape (B, items)
        """
        # Not one matrix product: BLAS adds in an order that depends on the machine.
        return self.finalised(
            {
                name: np.einsum("bi,i...->b...", weights, counts)
                for name, counts in self.sums.items()
            }
        )
