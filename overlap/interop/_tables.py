"""Scores and gradients of boxes that lie in tables, row by row, as other libraries keep them.

The kernels want columns of float64. A table is cut into pieces that stay in the cache; of each
the columns are copied and checked in one pass, scored by the kernel that all boxes share, and
the gradients are written back as rows of the table's own type.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.sizes import limits
from overlap._kernels import loops
from overlap._kernels.jit import run_blocks, specialise

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from overlap.regions.base import Regions
    from overlap.scores.plan import Plan

__all__ = ["TableScorer", "table_scorer"]

_PIECE = 4096
_COST = {"": 6.0, "found": 15.0, "truth": 15.0, "both": 22.0}  # nanoseconds a row
_LARGEST = {np.dtype(kind): float(np.finfo(kind).max) for kind in (np.float32, np.float64)}


# Counts are kept as float64: a sum of another type than the numbers stops vectorisation.


def read_ends(table, start, least, most, columns):
    """Copy rows from `start` on to columns; return how many sides cannot be taken as they are.

    Those are negative, not finite, or beyond the limits within which no product can go wrong.
    """
    size = columns.shape[1]
    rows = table[start : start + size]  # no index that may be negative
    for c in range(columns.shape[0]):
        column = columns[c]
        for k in range(size):
            column[k] = rows[k, c]
    bad = 0.0
    axes = columns.shape[0] // 2
    for c in range(axes):
        lower, upper = columns[c], columns[axes + c]
        for k in range(size):
            side = upper[k] - lower[k]
            legal = (side >= least) | (side == 0.0)
            bad += 0.0 if legal & (abs(lower[k]) <= most) & (abs(upper[k]) <= most) else 1.0
    return bad


def write_rows(grad, factor, largest, start, table):
    """Write columns times a factor as rows; return how many numbers are too large or NaN."""
    rows = table[start : start + grad.shape[1]]
    bad = 0.0
    for c in range(grad.shape[0]):
        column = grad[c]
        for k in range(column.shape[0]):
            g = factor * column[k]
            bad += 0.0 if abs(g) <= largest else 1.0
            rows[k, c] = g
    return bad


class _Scratch(threading.local):
    """Memory that a thread uses again.

    Fresh memory is given back at once, and its page faults take longer than a thousand boxes.
    """

    numbers: NDArray[np.float64] = np.empty(0)

    def of(self, size: int) -> NDArray[np.float64]:
        """Return so many numbers, whatever they are."""
        if len(self.numbers) < size:
            self.numbers = np.empty(size)
        return self.numbers[:size]


_scratch = _Scratch()


class TableScorer:
    """One score of boxes in tables, with gradients with respect to one side or both.

    Parameters
    ----------
    plan : Plan
        Of the score.
    example : Regions
        A batch of the same kind, which says whether the score can be had.
    wrt : {"", "found", "truth", "both"}
        Whose gradients.
    """

    def __init__(self, plan: Plan, example: Regions, wrt: str) -> None:
        geometry = plan.geometry(example, example)
        self.usable = geometry.fuses(plan.needs) and (not wrt or geometry.pullback is not None)
        self._wrt, self._parameters = wrt, plan.parameters
        self._reader, self._writer = (
            specialise(read_ends, sums=True),
            specialise(write_rows, sums=True),
        )
        self._kernel: Callable[..., Any]
        if not self.usable:
            return
        if not wrt:
            self._kernel = plan.kernel(loops.paired, geometry)
            return
        self._kernel = plan.gradient(geometry, wrt)

    def __call__(
        self, found: NDArray, truth: NDArray, factor: float
    ) -> tuple[NDArray[np.float64], NDArray | None, NDArray | None] | None:
        """Return scores, and gradients times a factor, or None.

        Parameters
        ----------
        found, truth : ndarray, shape (N, P)
            C-contiguous tables of float32 or float64.
        factor : float

        Returns
        -------
        score : ndarray, shape (N,)
        grads : two of ndarray, shape (N, P), or None
            Of the types of `found` and `truth`; None where not asked for.

        All is None where a box is not legal, or a gradient too large for its type.
        """
        count = len(found)
        out = np.empty(count)
        first = np.empty(found.shape, found.dtype) if self._wrt in ("found", "both") else None
        second = np.empty(truth.shape, truth.dtype) if self._wrt in ("truth", "both") else None
        bad: list[float] = []
        if count <= _PIECE:
            bad.append(self._piece(found, truth, factor, 0, out, first, second))
        else:

            def rows(low: int, high: int) -> None:
                for start in range(low, high, _PIECE):
                    part = out[start : min(start + _PIECE, high)]
                    bad.append(self._piece(found, truth, factor, start, part, first, second))

            run_blocks(rows, count, _COST[self._wrt] * count)
        return None if any(bad) else (out, first, second)

    def _piece(
        self,
        found: NDArray,
        truth: NDArray,
        factor: float,
        start: int,
        out: NDArray,
        first: NDArray | None,
        second: NDArray | None,
    ) -> float:
        width, count = found.shape[1], len(out)
        sides = 2 if self._wrt == "both" else 1 if self._wrt else 0
        rows = (2 + sides) * width
        room = _scratch.of(rows * count).reshape(rows, count)
        both, grad = room[: 2 * width], room[2 * width :]
        least, most = limits(width // 2)
        bad = self._reader(found, start, least, most, both[:width])
        bad += self._reader(truth, start, least, most, both[width:])
        if bad:
            return bad
        columns = tuple(both)
        a, b = columns[:width], columns[width:]
        if not self._wrt:
            self._kernel(a, b, self._parameters, out)
            return 0
        self._kernel(a, b, self._parameters, out, grad)
        if first is not None:
            bad += self._writer(grad[:width], factor, _LARGEST[first.dtype], start, first)
        if second is not None:
            bad += self._writer(grad[-width:], factor, _LARGEST[second.dtype], start, second)
        return bad


@lru_cache(maxsize=512)
def table_scorer(plan: Plan, kind: Callable[[NDArray], Regions], width: int, wrt: str):
    """Return the scorer of a kind whose tables have lower ends and then upper ones."""
    unit = np.repeat([[0.0, 1.0]], width // 2, axis=1).reshape(1, width)
    return TableScorer(plan, kind(unit), wrt)
