"""Grid: the regular grid of cells that masks live on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap._decimals import as_meant
from overlap.regions.base import as_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Grid", "grid_of", "memory_order"]


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

    @property
    def volume(self) -> float:
        """Measure of a cell."""
        return math.prod(self.spacing)

    def centers(self, lines: slice | None = None) -> NDArray[np.float64]:
        """Return the centres of the cells in memory order, shape (cells, D).

        Parameters
        ----------
        lines : slice, optional
            Which places on the first axis; all where not given.
        """
        axes = [
            origin + (np.arange(count) + 0.5) * side
            for count, side, origin in zip(self.shape, self.spacing, self.origin, strict=True)
        ]
        if lines is not None:
            axes[0] = axes[0][lines]
        return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(self.shape))

    def finer(self, parts: int) -> Grid:
        """Return the grid with every cell cut into `parts` along each axis."""
        return Grid(
            tuple(count * parts for count in self.shape),
            tuple(side / parts for side in self.spacing),
            self.origin,
        )


def grid_of(
    shape: tuple[int, ...], spacing: Sequence[float] | None, origin: Sequence[float] | None
) -> Grid:
    """Return the grid of masks; spacing 1 and origin 0 where they are not given."""
    return Grid(
        shape,
        _per_axis(spacing, 1.0, len(shape), "spacing"),
        _per_axis(origin, 0.0, len(shape), "origin"),
    )


def _per_axis(
    values: Sequence[float] | None, default: float, axes: int, name: str
) -> tuple[float, ...]:
    """Return one finite number per axis, or raise an error that names the argument."""
    if values is None:
        return (default,) * axes
    array = as_numbers(values, f"Masks: {name}")
    if array.shape != (axes,) or not np.isfinite(array).all():
        raise ValueError(f"Masks: {name} = {values!r}; expected {axes} finite numbers")
    sides = array.tolist()
    return tuple(map(as_meant, sides) if name == "spacing" else sides)


def memory_order(cells: NDArray) -> str:
    """Return "F" where the axes of each mask lie in memory in reversed order, else "C"."""
    reversed_axes = cells.transpose(0, *range(cells.ndim - 1, 0, -1))
    return "F" if reversed_axes.flags.c_contiguous and not cells.flags.c_contiguous else "C"
