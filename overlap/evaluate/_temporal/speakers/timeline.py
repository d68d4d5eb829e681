"""Turns of speakers, and a recording cut at all their ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue

__all__ = ["Timeline", "Turns", "count_spans"]

Spans = NDArray[np.float64]

_DENSE = 200_000  # cells of a table that is no larger than a sparse one and its overhead


@dataclass(frozen=True, eq=False)
class Turns(ByValue):
    """Turns of the speakers of one recording.

    Attributes
    ----------
    start, stop : ndarray, float64, shape (N,)
        Seconds.
    who : ndarray, int64, shape (N,)
        Index into `speakers`.
    speakers : tuple of str
        Sorted.
    """

    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    who: NDArray[np.int64]
    speakers: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.start)

    def among(self, rows: Any) -> Turns:
        """Return some of the turns; speakers stay.

        Parameters
        ----------
        rows : array_like
            Row numbers, or a Boolean for each row.
        """
        return replace(self, start=self.start[rows], stop=self.stop[rows], who=self.who[rows])

    def longer_than(self, least: float) -> Turns:
        """Return the turns that last longer.

        Parameters
        ----------
        least : float
            Seconds.
        """
        return self.among(self.stop - self.start > least)

    def cut(self, spans: Spans) -> Turns:
        """Return the parts of the turns inside of disjoint spans.

        Parameters
        ----------
        spans : ndarray, shape (n, 2)
            Sorted.
        """
        first = np.searchsorted(spans[:, 1], self.start, side="right")
        last = np.searchsorted(spans[:, 0], self.stop, side="left")
        turn, span = expand(first, np.maximum(last, first))
        return Turns(
            np.maximum(self.start[turn], spans[span, 0]),
            np.minimum(self.stop[turn], spans[span, 1]),
            self.who[turn],
            self.speakers,
        )

    def joined(self) -> Turns:
        """Return the turns of each speaker, those that overlap as one; touching ones stay two."""
        order = np.lexsort((self.stop, self.start, self.who))
        kept: list[int] = []
        stop = self.stop.copy()
        for row in order.tolist():
            last = kept[-1] if kept else -1
            if kept and self.who[last] == self.who[row] and self.start[row] < stop[last]:
                stop[last] = max(stop[last], stop[row])
            else:
                kept.append(row)
        return replace(self, stop=stop).among(np.array(kept, dtype=np.int64))

    def rounded(self, decimals: int) -> Turns:
        """Return the turns with rounded starts and lengths.

        Parameters
        ----------
        decimals : int
        """
        start, length = (_rounded(x, decimals) for x in (self.start, self.stop - self.start))
        return replace(self, start=start, stop=start + length)


def _rounded(values: NDArray[np.float64], decimals: int) -> NDArray[np.float64]:
    """Round decimally, as a text with so many digits does."""
    return np.array([float(f"{round(x, decimals):.{decimals}f}") for x in values.tolist()])


def expand(
    first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (k, j) for every k and every j in ``first[k] .. last[k] - 1``.

    Parameters
    ----------
    first, last : ndarray, int64, shape (N,)
        ``first <= last``.
    """
    counts = last - first
    owner = np.repeat(np.arange(len(first)), counts)
    inside = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    return owner, first[owner] + inside


def count_spans(edges: NDArray[np.float64], spans: Spans) -> NDArray[np.int64]:
    """Count the spans that cover each piece between neighbouring edges.

    Parameters
    ----------
    edges : ndarray, shape (n + 1,)
        Rising; has all ends of spans.
    spans : ndarray, shape (k, 2)
    """
    first, last = (
        np.bincount(np.searchsorted(edges, side), minlength=len(edges)) for side in spans.T
    )
    return np.cumsum(first - last)[:-1]


@dataclass(frozen=True, eq=False)
class Timeline:
    """A recording, cut at all ends of turns and of other spans.

    Attributes
    ----------
    edges : ndarray, float64, shape (n + 1,)
        Rising.
    length : ndarray, float64, shape (n,)
        Seconds of each piece.
    """

    edges: NDArray[np.float64]
    length: NDArray[np.float64]

    @classmethod
    def of(cls, *times: NDArray[np.float64]) -> Timeline:
        """Cut at these times.

        Parameters
        ----------
        *times : ndarray
            Of any shape.
        """
        edges = np.unique(np.concatenate([np.ravel(some) for some in times]))
        return cls(edges, np.diff(edges))

    def presence(self, turns: Turns, *, twice: bool = False) -> Any:
        """Return who speaks in each piece.

        Parameters
        ----------
        turns : Turns
            Whose ends are among the edges.
        twice : bool
            Count the turns; otherwise 1 where there is any.

        Returns
        -------
        ndarray or scipy.sparse.csr_array, float64, shape (n, speakers)
            Sparse where the table is large.
        """
        first = np.searchsorted(self.edges, turns.start)
        last = np.searchsorted(self.edges, turns.stop)
        turn, piece = expand(first, np.maximum(last, first))
        shape = len(self.length), len(turns.speakers)
        if shape[0] * shape[1] <= _DENSE:
            cell = piece * shape[1] + turns.who[turn]
            count = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
            return (count if twice else count > 0).astype(np.float64)
        from scipy.sparse import csr_array

        found = csr_array((np.ones(len(turn)), (piece, turns.who[turn])), shape=shape)
        found.sum_duplicates()
        if not twice:
            found.data[:] = 1.0
        return found
