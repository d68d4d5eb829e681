"""Nearest marked cells of a grid: the way of searching is chosen by its cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.decimals import above
from overlap._kernels.jit import run_blocks, specialise

from . import _nearest_loops as loops

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Targets"]

# Rings hold so many rows at most; beyond, planes are cheaper.
_RINGS = 2048
_SAMPLE = 256
# Squared distances in planes that are held at once.
_ROOM = 1 << 23
# Nanoseconds, measured: a row looked at, a cell of a plane's envelope, a plane looked at.
_ROW, _CELL, _PLANE = 2.0, 14.0, 8.0


@dataclass(frozen=True, eq=False)
class Targets:
    """Marked cells of a grid, to be found from others.

    Attributes
    ----------
    marks : ndarray of uint8, shape (*grid)
    bit : int
        Which bit marks a target.
    spacing : tuple of float
        Side of a cell per axis.
    """

    marks: NDArray[np.uint8]
    bit: int
    spacing: tuple[float, ...]

    def distances(self, at: NDArray[np.int64], at_most: float = np.inf) -> NDArray[np.float64]:
        """Return the distances of given cells from the nearest target.

        Parameters
        ----------
        at : ndarray of int64, shape (N,)
            Places in the flat grid.
        at_most : float
            Distances beyond it may be given as infinite.

        Returns
        -------
        ndarray of float64, shape (N,)
            Infinite without any target.
        """
        if not len(at):
            return np.empty(0)
        if self.marks.ndim > 3:
            return self._by_tree(at)
        result = np.empty(len(at))
        if np.isfinite(at_most):
            # a little more than asked for, so that rounding decides nothing here
            self._rings(at, result, above(above(at_most)))
        else:
            self._cheapest(at, result)
        return np.sqrt(result)

    @cached_property
    def _grid(self) -> NDArray[np.uint8]:
        return self.marks.reshape((1,) * (3 - self.marks.ndim) + self.marks.shape)

    @cached_property
    def _sides(self) -> tuple[float, float, float]:
        sides = (1.0,) * (3 - len(self.spacing)) + self.spacing
        return sides[0], sides[1], sides[2]

    @cached_property
    def _squares(self) -> NDArray[np.float64]:
        squares = (np.arange(self._grid.shape[2] + 1) * self._sides[2]) ** 2
        squares[-1] = np.inf
        return squares

    @cached_property
    def _gaps(self) -> NDArray[np.int16] | NDArray[np.int32]:
        """Steps along the row to the nearest target."""
        flat = self._grid.reshape(-1, self._grid.shape[2])
        kind = np.int16 if flat.shape[1] < np.iinfo(np.int16).max else np.int32
        gaps = np.empty(flat.shape, kind)
        kernel = specialise(loops.fill_gaps)
        run_blocks(lambda a, b: kernel(flat, self.bit, gaps, a, b), len(flat), 3.0 * flat.size)
        return gaps

    def _steps(self, at_most: float) -> tuple[tuple[NDArray, NDArray, NDArray], bool]:
        planes, rows, _ = self._grid.shape
        return _ring_steps(planes, rows, self._sides[0], self._sides[1], at_most)

    def _look(
        self, at: NDArray[np.int64], result: NDArray[np.float64], at_most: float
    ) -> tuple[int, bool]:
        """Search rings for all cells; return how many rows were looked at."""
        table, complete = self._steps(at_most)
        planes, rows, _ = self._grid.shape
        kernel = specialise(loops.search_rings)
        gaps, squares = self._gaps, self._squares
        looked: list[int] = []

        def search(start: int, stop: int) -> None:
            looked.append(
                kernel(
                    gaps, squares, planes, rows, at, *table, complete,
                    result, start, stop,
                )
            )  # fmt: skip

        run_blocks(search, len(at), 50.0 * _ROW * len(at))
        return sum(looked), complete

    def _rings(
        self, at: NDArray[np.int64], result: NDArray[np.float64], at_most: float = np.inf
    ) -> None:
        _, complete = self._look(at, result, at_most)
        if not complete:
            self._finish(at, result)

    def _finish(self, at: NDArray[np.int64], result: NDArray[np.float64]) -> None:
        """Search on where the rings were too small."""
        rest = np.flatnonzero(result < 0.0)
        if not len(rest):
            return
        planes, rows, _ = self._grid.shape
        if len(rest) * planes * rows * _ROW > self._cost_of_planes(len(rest)):
            found = np.empty(len(rest))
            self._planes(at[rest], found)
            result[rest] = found
            return
        kernel = specialise(loops.search_all_rows)
        gaps, squares, sides = self._gaps, self._squares, self._sides
        run_blocks(
            lambda a, b: kernel(
                gaps, squares, planes, rows, sides[0], sides[1], at, result, a, b
            ),
            len(at), len(rest) * planes * rows * _ROW,
        )  # fmt: skip

    def _planes(self, at: NDArray[np.int64], result: NDArray[np.float64]) -> None:
        """Search by planes, at a cost that hardly depends on the distance of targets."""
        planes, rows, width = self._grid.shape
        fill, search = specialise(loops.fill_planes), specialise(loops.search_planes)
        gaps, squares, sides = self._gaps, self._squares, self._sides
        # every cell of a row is a problem of its own: some at a time
        step = max(_ROOM // (planes * rows), 1)
        for first in range(0, width, step):
            part = np.empty((planes, min(step, width - first), rows))
            run_blocks(
                partial(fill, gaps, squares, rows, sides[1], first, part),
                planes, _CELL * part.size,
            )  # fmt: skip
            run_blocks(
                partial(search, part, first, width, sides[0], at, result),
                len(at), 50.0 * len(at),
            )  # fmt: skip

    def _cost_of_planes(self, queries: int) -> float:
        planes = self._grid.shape[0]
        return _CELL * self._grid.size + queries * _PLANE * min(planes, 32)

    def _cheapest(self, at: NDArray[np.int64], result: NDArray[np.float64]) -> None:
        """Ask a few cells how many rows they look at, and take the cheaper way for the others."""
        if len(at) > 4 * _SAMPLE:
            sample = at[:: len(at) // _SAMPLE]
            known = np.empty(len(sample))
            looked, _ = self._look(sample, known, np.inf)
            planes, rows, _ = self._grid.shape
            each = looked / len(sample) + (known < 0.0).mean() * planes * rows
            if each * len(at) * _ROW > self._cost_of_planes(len(at)):
                self._planes(at, result)
                return
        self._rings(at, result)

    def _by_tree(self, at: NDArray[np.int64]) -> NDArray[np.float64]:
        from scipy.spatial import cKDTree

        shape, spacing = self.marks.shape, np.array(self.spacing)

        def points(places: NDArray[np.int64]) -> NDArray[np.float64]:
            return np.stack(np.unravel_index(places, shape), axis=-1) * spacing

        targets = np.flatnonzero(self.marks & self.bit)
        if not len(targets):
            return np.full(len(at), np.inf)
        return cKDTree(points(targets)).query(points(at))[0]


@lru_cache(maxsize=64)
def _ring_steps(
    planes: int, rows: int, side_p: float, side_r: float, at_most: float
) -> tuple[tuple[NDArray, NDArray, NDArray], bool]:
    """Return steps to rows around one, nearest first, and whether none is left out."""
    radius = at_most
    if not np.isfinite(at_most):
        radius = 1.1 * np.sqrt(_RINGS * side_p * side_r / np.pi) + max(side_p, side_r)
    reach = [
        int(min(size - 1, radius // side))
        for size, side in ((planes, side_p), (rows, side_r))
    ]  # fmt: skip
    p, r = (array.ravel() for array in np.mgrid[tuple(slice(-n, n + 1) for n in reach)])
    near = (p * side_p) ** 2 + (r * side_r) ** 2
    order = np.argsort(near, kind="stable")
    order = order[near[order] <= radius * radius]
    complete = np.isfinite(at_most) or len(order) == (2 * planes - 1) * (2 * rows - 1)
    if not complete:
        order = order[:_RINGS]
    return (p[order], r[order], near[order]), bool(complete)
