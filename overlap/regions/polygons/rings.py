"""Rings: the flat columns of a batch of polygons, with offsets, areas and bounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.ragged import offsets_of, spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.density import CellDensity

__all__ = ["Period", "Rings", "blocks_of", "following"]

_BLOCK = 8192  # vertices

Period = tuple[float | None, float | None]


def blocks_of(offsets: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return the first ring and the end of each block of rings that fits into the caches.

    Fresh memory costs more than sums.
    """
    edges = np.searchsorted(offsets, np.arange(0, offsets[-1], _BLOCK))
    return list(pairwise(np.unique([0, *edges.tolist(), len(offsets) - 1]).tolist()))


def following(
    column: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the coordinate of the next vertex of the ring, from first and last ones of rings."""
    result = np.empty_like(column)
    result[:-1] = column[1:]
    result[last] = column[first]
    return result


class Rings:
    """Rings of N regions as flat columns.

    Batches that are parts of one another share the same object, and have other rows of it;
    what is derived from it is derived once.

    Attributes
    ----------
    x, y : ndarray, shape (V,)
        Lifted coordinates of all vertices; rings are not closed. The inside is to the left of
        every edge (outer rings run from +x towards +y, holes the other way round).
    ring_offsets : ndarray of int64, shape (R + 1,)
        Where the vertices of each ring begin.
    region_offsets : ndarray of int64, shape (N + 1,)
        Where the rings of each region begin; a region without rings is empty.
    period : pair of (float or None), or None
    density : CellDensity or None
    """

    def __init__(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        ring_offsets: NDArray[np.int64],
        region_offsets: NDArray[np.int64],
        period: Period | None = None,
        density: CellDensity | None = None,
    ) -> None:
        self.x, self.y = np.ascontiguousarray(x), np.ascontiguousarray(y)
        self.ring_offsets = np.ascontiguousarray(ring_offsets, np.int64)
        self.region_offsets = np.ascontiguousarray(region_offsets, np.int64)
        self.period, self.density = period, density
        self._derived: dict[Any, Any] = {}
        self._lock()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock()

    def _lock(self) -> None:
        """Let the columns be read only, also in a copy: kernels are compiled for one type."""
        for array in (self.x, self.y, self.ring_offsets, self.region_offsets):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.region_offsets) - 1

    def derived(self, key: Any, make: Callable[[Rings], Any]) -> Any:
        """Return ``make(self)``, computed at the first call with this key."""
        if key not in self._derived:
            self._derived[key] = make(self)
        return self._derived[key]

    def take(self, rows: NDArray[np.intp]) -> Rings:
        """Return the rings of some regions, in their order."""
        rings = spans(self.region_offsets, rows)
        vertices = spans(self.ring_offsets, rings)
        return Rings(
            self.x[vertices],
            self.y[vertices],
            offsets_of(np.diff(self.ring_offsets)[rings]),
            offsets_of(np.diff(self.region_offsets)[rows]),
            self.period,
            self.density,
        )

    def with_vertices(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> Rings:
        """Return rings with the same offsets through other vertices."""
        return Rings(x, y, self.ring_offsets, self.region_offsets, self.period, self.density)

    # --------------------------------------------------------------------------- derived

    @cached_property
    def vertex_offsets(self) -> NDArray[np.int64]:
        """Where the vertices of each region begin, shape (N + 1,)."""
        return self.ring_offsets[self.region_offsets]

    @cached_property
    def ring_of(self) -> NDArray[np.int64]:
        """The ring of every vertex, shape (V,)."""
        return np.repeat(np.arange(len(self.ring_offsets) - 1), np.diff(self.ring_offsets))

    @cached_property
    def region_of(self) -> NDArray[np.int64]:
        """The region of every ring, shape (R,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.region_offsets))

    @cached_property
    def following(self) -> NDArray[np.int64]:
        """The next vertex of the ring, for every vertex, shape (V,)."""
        result = np.arange(1, len(self.x) + 1)
        filled = np.diff(self.ring_offsets) > 0
        result[self.ring_offsets[1:][filled] - 1] = self.ring_offsets[:-1][filled]
        return result

    @cached_property
    def ring_areas(self) -> NDArray[np.float64]:
        """Signed area of every ring, shape (R,)."""
        parts = [self._ring_areas(lo, hi) for lo, hi in blocks_of(self.ring_offsets)]
        return np.concatenate(parts) if parts else np.empty(0)

    def _ring_areas(self, lo: int, hi: int) -> NDArray[np.float64]:
        """Return the signed areas of rings from `lo` to before `hi`."""
        offsets = self.ring_offsets[lo : hi + 1]
        first, last, counts = offsets[:-1] - offsets[0], offsets[1:] - offsets[0], np.diff(offsets)
        filled = counts > 0
        first, last = first[filled], last[filled] - 1
        x, y = (c[offsets[0] : offsets[-1]] for c in (self.x, self.y))
        # From the first vertex of the ring, so that no digits are lost far from 0.
        x, y = (c - np.repeat(c[first], counts[filled]) for c in (x, y))
        cross, other = following(y, first, last), following(x, first, last)
        with np.errstate(over="ignore", invalid="ignore"):  # an error of whoever asks
            cross *= x
            other *= y
            cross -= other
        cross *= 0.5
        ring = np.repeat(np.arange(hi - lo), counts)
        return np.bincount(ring, cross, hi - lo).astype(np.float64)

    @cached_property
    def areas(self) -> NDArray[np.float64]:
        """Area of every region, shape (N,)."""
        areas = np.bincount(self.region_of, self.ring_areas, len(self))
        return np.maximum(areas.astype(np.float64), 0.0)

    @cached_property
    def centroids(self) -> NDArray[np.float64]:
        """Centroid of the area of every region, shape (2, N); of the box where there is none."""
        low, high = self.bounds[:2], self.bounds[2:]
        middle = 0.5 * (low + high)
        of = self.region_of[self.ring_of]
        x, y = self.x - middle[0, of], self.y - middle[1, of]
        cross = x * y[self.following] - x[self.following] * y
        for k, column in enumerate((x, y)):
            moment = np.bincount(of, cross * (column + column[self.following]), len(self)) / 6.0
            middle[k] += np.divide(
                moment, self.areas, out=np.zeros(len(self)), where=self.areas > 0
            )
        return middle

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """Lowest x and y and highest x and y of every region, shape (4, N); 0 if empty."""
        result = np.zeros((4, len(self)))
        starts = self.vertex_offsets
        filled = np.diff(starts) > 0
        if filled.any():
            at = starts[:-1][filled]  # empty regions have no vertices between
            for row, (reduce, column) in enumerate(
                (
                    (np.minimum, self.x),
                    (np.minimum, self.y),
                    (np.maximum, self.x),
                    (np.maximum, self.y),
                )
            ):
                result[row, filled] = reduce.reduceat(column, at)
        return result
