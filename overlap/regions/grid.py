"""Grid: the regular grid of cells that masks live on."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.decimals import as_meant
from overlap._common.numbers import as_numbers
from overlap._common.sizes import LARGEST_POWER

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Grid", "check_cells", "grid_of", "memory_order"]


_NAMES = "xyzt"  # of the coordinates of regions, in their order


@dataclass(frozen=True)
class Grid:
    """A regular grid of cells in D dimensions.

    Parameters
    ----------
    shape : sequence of int
        Cells per axis.
    spacing : sequence of float
        Side of a cell per axis.
    origin : sequence of float
        Lower corner of the first cell.
    axes : str, optional
        Which coordinate runs along each axis of the arrays: letters of ``"xyzt"``, such as
        ``"yx"`` for images, whose rows come first (see `Grid.image`). Where it is not given, the
        first coordinate of regions runs along the first axis, x along the rows. Grids that differ
        in it alone are equal.

    Raises
    ------
    TypeError
        For what is not numbers, or not whole numbers of cells.
    ValueError
        For numbers that are not positive or not finite, entries that differ in number, and
        other names.

    Examples
    --------
    >>> import overlap as ov
    >>> boxes = ov.Boxes([[0.0, 0.0, 3.0, 1.0]])  # 3 wide, 1 high
    >>> ov.Masks.from_regions(boxes, ov.Grid.image(2, 4)).to_array().astype(int)
    array([[[1, 1, 1, 0],
            [0, 0, 0, 0]]])
    >>> ov.Masks.from_regions(boxes, ov.Grid((4, 2), (1.0, 1.0), (0.0, 0.0))).to_array().shape
    (1, 4, 2)
    """

    shape: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    axes: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        try:
            shape = tuple(map(operator.index, self.shape))
        except TypeError:
            raise TypeError(f"Grid: shape = {self.shape!r}; expected whole numbers") from None
        object.__setattr__(self, "shape", shape)
        for name in ("spacing", "origin"):
            given = getattr(self, name)
            if type(given) is tuple and all(type(number) is float for number in given):
                continue
            numbers = as_numbers(given, f"Grid: {name}")
            object.__setattr__(self, name, tuple(np.atleast_1d(numbers).tolist()))
        if not len(self.shape) == len(self.spacing) == len(self.origin):
            raise ValueError(f"{self}: shape, spacing and origin need one entry per axis")
        if not all(map(math.isfinite, self.spacing + self.origin)):
            raise ValueError(f"{self}: spacing and origin must be finite")
        if min(self.shape, default=1) < 1 or min(self.spacing, default=1.0) <= 0:
            raise ValueError(f"{self}: cells per axis and spacing must be positive")
        check_cells(self.shape, self.spacing, self)
        if self.axes is not None:
            known = isinstance(self.axes, str) and set(self.axes) <= set(_NAMES)
            if not known or not len(set(self.axes)) == len(self.axes) == len(self.shape):
                count = len(self.shape)
                raise ValueError(
                    f"Grid: axes = {self.axes!r}; expected {count} different letters of "
                    f"'{_NAMES}', such as {_NAMES[:count][::-1]!r}"
                )

    @classmethod
    def image(
        cls,
        height: int,
        width: int,
        *,
        spacing: Sequence[float] = (1.0, 1.0),
        origin: Sequence[float] = (0.0, 0.0),
    ) -> Grid:
        """Return the grid of an image, an array of shape (height, width): y, then x.

        Parameters
        ----------
        height, width : int
            Rows and columns.
        spacing, origin : sequence of float
            Of y, then of x, as the axes are.
        """
        return cls((height, width), tuple(spacing), tuple(origin), "yx")

    @property
    def order(self) -> tuple[int, ...]:
        """The number of the coordinate of regions that runs along each axis."""
        if self.axes is None:
            return tuple(range(len(self.shape)))
        names = sorted(self.axes, key=_NAMES.index)
        return tuple(map(names.index, self.axes))

    @property
    def volume(self) -> float:
        """Measure of a cell."""
        return math.prod(self.spacing)

    def centers(self, lines: slice | None = None) -> NDArray[np.float64]:
        """Return the centres of the cells in memory order, shape (cells, D): x, y, z, t.

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
        along = np.meshgrid(*axes, indexing="ij")
        points = [along[self.order.index(k)] for k in range(len(axes))]
        return np.stack(points, -1).reshape(-1, len(axes))

    def finer(self, parts: int) -> Grid:
        """Return the grid with every cell cut into `parts` along each axis."""
        return Grid(
            tuple(count * parts for count in self.shape),
            tuple(side / parts for side in self.spacing),
            self.origin,
            self.axes,
        )

    def named(self) -> Grid:
        """Return the grid with the names of its axes, where their order matters."""
        count = len(self.shape)
        return self if self.axes or not 1 < count <= 4 else replace(self, axes=_NAMES[:count])


def check_cells(shape: Sequence[int], spacing: Sequence[float], what: object) -> None:
    """Raise unless float64 holds the measure of every set of cells, and its squared diameter.

    Parameters
    ----------
    shape, spacing : sequence
        Cells and side per axis.
    what : object
        For messages.
    """
    cell, all_cells, good = 0.0, 0.0, True  # of the axes so far, as powers of 2
    for count, side in zip(shape, spacing, strict=True):
        one = math.log2(side)
        whole = one + math.log2(max(count, 1))
        cell, all_cells = cell + one, all_cells + whole
        good &= max(abs(cell), abs(all_cells)) <= LARGEST_POWER
        good &= max(abs(one), abs(whole)) <= 500.0
    if not good:
        raise ValueError(
            f"{what}: with spacing = {tuple(spacing)}, sizes are so large or so small that float64 "
            "cannot hold them; use another unit"
        )


def grid_of(
    shape: tuple[int, ...],
    spacing: Sequence[float] | None,
    origin: Sequence[float] | None,
    axes: str | None = None,
) -> Grid:
    """Return the grid of masks; spacing 1 and origin 0 where they are not given."""
    if spacing is None and origin is None and isinstance(axes, str | None):
        return _unit_grid(shape, axes)
    return Grid(
        shape,
        _per_axis(spacing, 1.0, len(shape), "spacing"),
        _per_axis(origin, 0.0, len(shape), "origin"),
        axes,
    )


@lru_cache(maxsize=64)  # batches of small masks are built by the thousands
def _unit_grid(shape: tuple[int, ...], axes: str | None) -> Grid:
    return Grid(shape, (1.0,) * len(shape), (0.0,) * len(shape), axes)


def _per_axis(
    values: Sequence[float] | None, default: float, axes: int, name: str
) -> tuple[float, ...]:
    """Return one finite number per axis, or raise an error that names the argument."""
    if values is None:
        return (default,) * axes
    array = as_numbers(values, f"Masks: {name}")
    if array.shape != (axes,) or not np.isfinite(array).all():
        hint = f"; give axes={axes + 1} if this is one mask" if array.shape == (axes + 1,) else ""
        raise ValueError(f"Masks: {name} = {values!r}; expected {axes} finite numbers{hint}")
    sides = array.tolist()
    return tuple(map(as_meant, sides) if name == "spacing" else sides)


def memory_order(cells: NDArray) -> str:
    """Return "F" where the axes of each mask lie in memory in reversed order, else "C"."""
    reversed_axes = cells.transpose(0, *range(cells.ndim - 1, 0, -1))
    return "F" if reversed_axes.flags.c_contiguous and not cells.flags.c_contiguous else "C"
