"""Masks: sets of cells of a regular grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap._jit import compose, scalar
from overlap._terms import Geometry, each_axis
from overlap.regions.base import Regions, as_numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Grid", "Masks"]


@dataclass(frozen=True)
class Grid:
    """A regular grid of cells in D dimensions.

    Parameters
    ----------
    shape : tuple of int
        Cells per axis.
    spacing : tuple of float
        Side of a cell per axis.
    origin : tuple of float
        Lower corner of the first cell.
    """

    shape: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.shape) == len(self.spacing) == len(self.origin):
            raise ValueError(f"{self}: shape, spacing and origin need one entry per axis")
        if min(self.shape, default=1) < 1 or min(self.spacing, default=1.0) <= 0:
            raise ValueError(f"{self}: cells per axis and spacing must be positive")

    def centers(self) -> NDArray[np.float64]:
        """Return the centres of all cells in memory order, shape (cells, D)."""
        axes = (
            origin + (np.arange(count) + 0.5) * side
            for count, side, origin in zip(self.shape, self.spacing, self.origin, strict=True)
        )
        return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(self.shape))


# Columns: cells (N, C), measures, (cell volume,), then lower ends, upper ends and centroids
# of every axis. An empty mask has lower ends of +inf and upper ends of -inf.


@scalar
def mask_overlap(a, i, b, j):
    """Return ``(measure_a, measure_b, intersection)`` by counting common cells."""
    first, second = a[0][i], b[0][j]
    count = 0
    for k in range(first.shape[0]):
        count += first[k] & second[k]
    return a[1][i], b[1][j], count * a[2][0]


def _mask_extent(a, i, b, j):
    low = min(a[3][K][i], b[3][K][j])
    high = max(a[4][K][i], b[4][K][j])
    side_a = max(a[4][K][i] - a[3][K][i], 0.0)
    side_b = max(b[4][K][j] - b[3][K][j], 0.0)
    return (a[5][K][i] - b[5][K][j], side_a, side_b, max(high - low, 0.0))


def _mask_enclosure(a, i, b, j):
    hull, gap, diameter = 1.0, 0.0, 0.0
    for offset, _, _, cover in EXTENT(a, i, b, j):
        hull *= cover
        gap += offset * offset
        diameter += cover * cover
    if a[1][i] == 0.0 and b[1][j] == 0.0:
        gap = 0.0
    elif a[1][i] == 0.0 or b[1][j] == 0.0:
        gap = diameter  # a set without a centre is as far as can be
    return hull, gap, diameter


def _mask_outside(a, i, b, j):
    hull, first, second, shared = 1.0, 1.0, 1.0, 1.0
    for k in range(len(a[3])):
        low_a, high_a, low_b, high_b = a[3][k][i], a[4][k][i], b[3][k][j], b[4][k][j]
        hull *= max(max(high_a, high_b) - min(low_a, low_b), 0.0)
        first *= max(high_a - low_a, 0.0)
        second *= max(high_b - low_b, 0.0)
        shared *= max(min(high_a, high_b) - max(low_a, low_b), 0.0)
    return max(hull - (first + second - shared), 0.0)


@cache
def _mask_geometry(axes: int) -> Geometry:
    extent = each_axis(_mask_extent, axes)
    return Geometry(
        overlap=mask_overlap,
        enclosure=compose(_mask_enclosure, EXTENT=extent),
        outside=scalar(_mask_outside),
        extent=extent,
        axes=axes,
    )


class Masks(Regions):
    """Sets of cells of one regular grid, given as dense Boolean arrays.

    Parameters
    ----------
    values : array_like of bool, shape (N, *grid)
        Which cells are in which mask.
    spacing : sequence of float, optional
        Side of a cell per axis; 1 where not given.
    origin : sequence of float, optional
        Lower corner of the first cell; 0 where not given.
    unit : str, optional
        Unit of the spacing.

    Examples
    --------
    >>> import overlap as ov
    >>> grid = ov.Grid(shape=(8, 8), spacing=(0.5, 0.5), origin=(0.0, 0.0))
    >>> boxes = ov.Boxes([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0]])
    >>> masks = ov.Masks.from_regions(boxes, grid)
    >>> ov.iou(masks[0], masks[1]), ov.iou(boxes[0], boxes[1])
    (array([0.14285714]), array([0.14285714]))
    """

    def __init__(
        self,
        values: ArrayLike,
        *,
        spacing: Sequence[float] | None = None,
        origin: Sequence[float] | None = None,
        unit: str | None = None,
    ) -> None:
        cells = np.asarray(values)
        if cells.dtype != bool:
            raise TypeError(
                f"Masks: expected an array of bool, got {cells.dtype}; "
                "compare label maps with the label first (labels == 1)"
            )
        if cells.ndim < 2:
            raise ValueError(
                f"Masks: expected shape (N, *grid), got {cells.shape}; add an axis for one mask"
            )
        shape = cells.shape[1:]
        self._grid = Grid(
            shape,
            _per_axis(spacing, 1.0, len(shape), "spacing"),
            _per_axis(origin, 0.0, len(shape), "origin"),
        )
        self._cells = np.array(cells, order="C").reshape(len(cells), math.prod(shape))
        self._derive(unit)

    def _derive(self, unit: str | None) -> None:
        grid = self._grid
        self._cells.flags.writeable = False
        self._volume = float(np.prod(grid.spacing))
        count = np.count_nonzero(self._cells, axis=1)
        boxed = self._cells.reshape(-1, *grid.shape)
        lower, upper, center = [], [], []
        for k, (size, side, start) in enumerate(
            zip(grid.shape, grid.spacing, grid.origin, strict=True)
        ):
            others = tuple(1 + m for m in range(len(grid.shape)) if m != k)
            line = np.count_nonzero(boxed, axis=others) if others else boxed.astype(np.int64)
            first = np.where(count > 0, (line > 0).argmax(1), np.inf)
            last = np.where(count > 0, size - (line[:, ::-1] > 0).argmax(1), -np.inf)
            lower.append(start + first * side)
            upper.append(start + last * side)
            moment = line @ (start + (np.arange(size) + 0.5) * side)
            center.append(np.divide(moment, count, out=np.zeros(len(count)), where=count > 0))
        self._lower, self._upper, self._center = map(tuple, (lower, upper, center))
        self._fill((count * self._volume,), unit)

    @classmethod
    def from_regions(cls, regions: Regions, grid: Grid, *, supersample: int = 1) -> Self:
        """Rasterise regions of any kind that can tell which points they contain.

        Parameters
        ----------
        regions : Regions
        grid : Grid
            A cell belongs to a region if its centre does.
        supersample : int
            Cuts every cell into this many per axis; the masks live on the finer grid.
        """
        if len(grid.shape) != regions.dimension:
            raise ValueError(
                f"Masks.from_regions: the grid has {len(grid.shape)} axes and the "
                f"{type(regions).__name__} {regions.dimension}"
            )
        if supersample != 1:
            grid = Grid(
                tuple(count * supersample for count in grid.shape),
                tuple(side / supersample for side in grid.spacing),
                grid.origin,
            )
        cells = regions.contains(grid.centers()).reshape(len(regions), *grid.shape)
        return cls(cells, spacing=grid.spacing, origin=grid.origin, unit=regions.unit)

    # ---------------------------------------------------------------------- container

    @property
    def grid(self) -> Grid:
        """The grid of all masks in the batch."""
        return self._grid

    @property
    def dimension(self) -> int:
        """Number of axes of the grid."""
        return len(self._grid.shape)

    def __getitem__(self, index: Any) -> Self:
        return self._with_cells(self._cells[self._index(index)])

    def _with_cells(self, cells: NDArray[np.bool_]) -> Self:
        result = type(self).__new__(type(self))
        result._grid, result._cells = self._grid, np.ascontiguousarray(cells)
        result._derive(self.unit)
        return result

    def to_array(self) -> NDArray[np.bool_]:
        """Return the cells, shape (N, *grid)."""
        return self._cells.reshape(-1, *self._grid.shape)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Masks)
            and (self._grid, self.unit) == (other._grid, other.unit)
            and np.array_equal(self._cells, other._cells)
        )

    __hash__ = None

    def _names(self) -> list[str]:
        return [f"cell_{k}" for k in range(self._cells.shape[1])]

    def _settings(self) -> dict[str, Any]:
        axes = self.dimension
        own: dict[str, Any] = {}
        if self._grid.spacing != (1.0,) * axes:
            own["spacing"] = self._grid.spacing
        if self._grid.origin != (0.0,) * axes:
            own["origin"] = self._grid.origin
        return {**own, **super()._settings()}

    @classmethod
    def concat(cls, batches: Sequence[Self]) -> Self:
        """Join masks on the same grid into one batch."""
        batches = list(batches)
        if not batches:
            raise ValueError("Masks.concat: needs at least one batch")
        for batch in batches[1:]:
            batches[0]._check_partner(batch, "batches[0]", "a later batch")
        return batches[0]._with_cells(np.concatenate([batch._cells for batch in batches]))

    def measure(self) -> NDArray[np.float64]:
        """Return the volumes, shape (N,): number of cells times volume of a cell."""
        return self._arrays[0].copy()

    # ------------------------------------------------------------------------- kernels

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars; the natural enclosure is the box of cells."""
        self._check_enclosure(enclosure)
        return _mask_geometry(self.dimension)

    def _enclosures(self) -> tuple[str, ...]:
        return ("natural", "box")

    def kernel_columns(self) -> tuple[Any, ...]:
        """Return the columns that the jitted scalars index."""
        volume = np.array([self._volume])
        return (self._cells, self._arrays[0], volume, self._lower, self._upper, self._center)

    def _check_partner(self, other: Regions, mine: str, theirs: str) -> None:
        assert isinstance(other, Masks)
        if self._grid != other._grid:
            raise ValueError(
                f"{mine} lies on {self._grid} and {theirs} on {other._grid}; resample one"
            )


def _per_axis(
    values: Sequence[float] | None, default: float, axes: int, name: str
) -> tuple[float, ...]:
    if values is None:
        return (default,) * axes
    array = as_numbers(values, f"Masks: {name}")
    if array.shape != (axes,) or not np.isfinite(array).all():
        raise ValueError(f"Masks: {name} = {values!r}; expected {axes} finite numbers")
    return tuple(array.tolist())
