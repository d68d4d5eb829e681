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
from overlap._kernels.jit import FixedTypes, run_blocks, specialise

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from overlap.regions.base import Regions
    from overlap.scores.plan import Plan

__all__ = ["TableScorer", "table_scorer"]

_PIECE = 4096
_COST = {"": 6.0, "found": 15.0, "truth": 15.0, "both": 22.0}  # nanoseconds a row
_LARGEST = {np.dtype(kind): float(np.finfo(kind).max) for kind in (np.float32, np.float64)}
_NO_ROWS = {kind: np.empty((0, 0), kind) for kind in _LARGEST}


# Counts are kept as float64: a sum of another type than the numbers stops vectorisation.


def read_ends(found, truth, start, least, most, columns):
    """Copy rows from `start` on to columns; return how many sides cannot be taken as they are.

    Those are negative, not finite, or beyond the limits within which no product can go wrong. The
    columns of `found` come first.
    """
    size, width = columns.shape[1], columns.shape[0] // 2
    own, other = found[start : start + size], truth[start : start + size]  # no negative index
    for c in range(width):
        column = columns[c]
        for k in range(size):
            column[k] = own[k, c]
        column = columns[width + c]
        for k in range(size):
            column[k] = other[k, c]
    bad = 0.0
    axes = width // 2
    for c in range(width):
        row = c + (c // axes) * axes  # axes of `found`, then those of `truth`
        lower, upper = columns[row], columns[row + axes]
        for k in range(size):
            side = upper[k] - lower[k]
            legal = (side >= least) | (side == 0.0)
            bad += 0.0 if legal & (abs(lower[k]) <= most) & (abs(upper[k]) <= most) else 1.0
    return bad


def write_rows(grad, factor, largest, start, first, second, item, best):
    """Write columns times a factor as rows, and scores as linear losses.

    The columns belong to `first` and then to `second`, either of which may have no rows. Scores
    stay as they are where the best one is infinite.

    Returns how many numbers are too large or NaN, and the sum of the losses.
    """
    bad, column, size = 0.0, 0, grad.shape[1]
    if first.shape[0] > 0:
        rows = first[start : start + size]
        for c in range(first.shape[1]):
            for k in range(size):
                g = factor * grad[column, k] + 0.0  # not -0.0
                bad += 0.0 if abs(g) <= largest[0] else 1.0
                rows[k, c] = g
            column += 1
    if second.shape[0] > 0:
        rows = second[start : start + size]
        for c in range(second.shape[1]):
            for k in range(size):
                g = factor * grad[column, k] + 0.0
                bad += 0.0 if abs(g) <= largest[1] else 1.0
                rows[k, c] = g
            column += 1
    total = 0.0
    if best < np.inf:
        for k in range(size):
            loss = best - item[k]
            loss = 0.0 if loss < 0.0 else loss  # rounding may leave a little less
            item[k] = loss
            total += loss
    return bad, total


class _Scratch(threading.local):
    """Memory that a thread uses again, cut into columns.

    Fresh memory is given back at once, and its page faults take longer than a thousand boxes.
    """

    numbers: NDArray[np.float64] = np.empty(0)
    cut: tuple[int, int, int] = (0, 0, 0)
    columns: tuple[Any, ...] = ()

    def of(self, rows: int, count: int, width: int) -> tuple[Any, ...]:
        """Return columns of whatever numbers.

        Parameters
        ----------
        rows, count : int
            Number and length of the columns.
        width : int
            Number of columns of one table.

        Returns
        -------
        both, grad : ndarray, shapes (2 width, count) and (rest, count)
        a, b : tuple of ndarray, shape (count,)
            The columns of `both`, as kernels take them.
        """
        if self.cut != (rows, count, width):  # a training step asks for the same ones again
            if len(self.numbers) < rows * count:
                self.numbers = np.empty(rows * count)
            room = self.numbers[: rows * count].reshape(rows, count)
            columns = tuple(room[: 2 * width])
            self.columns = (
                room[: 2 * width],
                room[2 * width :],
                columns[:width],
                columns[width:],
            )
            self.cut = rows, count, width
        return self.columns


_scratch = _Scratch()


class TableScorer:
    """One score of boxes in tables, with gradients with respect to one side or both.

    Parameters
    ----------
    plan : Plan
        Of the score.
    example : Regions
        A batch of the same kind, which says whether the score can be had.
    width : int
        Numbers of a region.
    wrt : {"", "found", "truth", "both"}
        Whose gradients.
    """

    def __init__(self, plan: Plan, example: Regions, width: int, wrt: str) -> None:
        geometry = plan.geometry(example, example)
        self.usable = geometry.fuses(plan.needs) and (not wrt or geometry.pullback is not None)
        self._wrt, self._parameters = wrt, plan.parameters
        self._of_found, self._of_truth = wrt in ("found", "both"), wrt in ("truth", "both")
        self._width, self._limits = width, limits(width // 2)
        self._rows = width * (4 if wrt == "both" else 3 if wrt else 2)
        self._passes: dict[tuple[int, int], tuple[FixedTypes, FixedTypes, FixedTypes]] = {}
        self._kernel: Callable[..., Any]
        if not self.usable:
            return
        if not wrt:
            self._kernel = plan.kernel(loops.paired, geometry)
            return
        self._kernel = plan.gradient(geometry, wrt)

    def _passes_of(self, types: tuple[int, int]) -> tuple[FixedTypes, FixedTypes, FixedTypes]:
        """Return what reads, scores and writes tables of numbers of so many bytes."""
        if types not in self._passes:
            reader, writer = (specialise(loop, sums=True) for loop in (read_ends, write_rows))
            self._passes[types] = FixedTypes(reader), FixedTypes(self._kernel), FixedTypes(writer)
        return self._passes[types]

    def __call__(
        self, found: NDArray, truth: NDArray, factor: float, best: float = np.inf
    ) -> tuple[NDArray[np.float64], NDArray | None, NDArray | None, float] | None:
        """Return scores, and gradients times a factor, or None.

        Parameters
        ----------
        found, truth : ndarray, shape (N, P)
            C-contiguous tables of float32 or float64.
        factor : float
        best : float
            The score of equal regions, for losses ``best - score``, which are not below 0.

        Returns
        -------
        item : ndarray, shape (N,)
            Scores, or losses.
        grads : two of ndarray, shape (N, P), or None
            Of the scores and of the types of `found` and `truth`; None where not asked for.
        total : float
            Sum of the losses.

        All is None where a box is not legal, or a gradient too large for its type.
        """
        count = len(found)
        item = np.empty(count)
        first, second = _NO_ROWS[found.dtype], _NO_ROWS[truth.dtype]
        if self._of_found:
            first = np.empty(found.shape, found.dtype)
        if self._of_truth:
            second = np.empty(truth.shape, truth.dtype)
        given = found, truth, float(factor), first, second, float(best)  # of the same types always
        bad, total = (self._piece if count <= _PIECE else self._pieces)(given, 0, item)
        if bad:
            return None
        return (
            item,
            first if self._of_found else None,
            second if self._of_truth else None,
            total,
        )

    def _pieces(self, given: tuple[Any, ...], start: int, item: NDArray) -> tuple[float, float]:
        sums = np.zeros((-(-len(item) // _PIECE), 2))

        def rows(low: int, high: int) -> None:
            for k in range(low, high):
                cut = slice(k * _PIECE, (k + 1) * _PIECE)
                sums[k] = self._piece(given, start + cut.start, item[cut])

        run_blocks(rows, len(sums), _COST[self._wrt] * len(item))
        bad, total = sums.sum(axis=0)
        return float(bad), float(total)

    def _piece(self, given: tuple[Any, ...], start: int, item: NDArray) -> tuple[float, float]:
        found, truth, factor, first, second, best = given
        both, grad, a, b = _scratch.of(self._rows, len(item), self._width)
        reader, kernel, writer = self._passes_of((found.itemsize, truth.itemsize))
        bad = reader.call(found, truth, start, *self._limits, both)
        if bad:
            return bad, 0.0
        if self._wrt:
            kernel.call(a, b, self._parameters, item, grad)
        else:
            kernel.call(a, b, self._parameters, item)
        largest = _LARGEST[found.dtype], _LARGEST[truth.dtype]
        bad, total = writer.call(grad, factor, largest, start, first, second, item, best)
        return bad, total


@lru_cache(maxsize=512)
def table_scorer(plan: Plan, kind: Callable[[NDArray], Regions], width: int, wrt: str):
    """Return the scorer of a kind whose tables have lower ends and then upper ones."""
    unit = np.repeat([[0.0, 1.0]], width // 2, axis=1).reshape(1, width)
    return TableScorer(plan, kind(unit), width, wrt)
