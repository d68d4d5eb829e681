"""Cells: the data of a batch of masks, and sums, hulls and bits derived from them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.label_arrays import image_of
from overlap._common.numbers import described, unmasked
from overlap._common.sizes import LARGEST_POWER
from overlap.regions.grid import Grid
from overlap.regions.masks.bits import Bits
from overlap.regions.masks.hulls import Hulls
from overlap.regions.masks.label_map import LabelMap
from overlap.regions.masks.shares import Shares

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Cells", "read_cells"]


class Cells:
    """Cells of a batch in one of their forms, with all that was derived from them.

    Batches that are parts of one another have the same object and other rows of it.
    """

    def __init__(self, data: Bits | LabelMap | Shares, grid: Grid, form: str | None = None) -> None:
        self.data, self.grid, self.form = data, grid, form

    @cached_property
    def measures(self) -> NDArray[np.float64]:
        """Measure of every mask, in cells."""
        if not isinstance(self.data, Shares):
            return self.data.count
        measures = self.data.measure(self._soft)
        bad = np.flatnonzero(measures * self.grid.volume < 2.0**-LARGEST_POWER)
        bad = bad[self.data.values[bad].max(axis=1, initial=0.0) > 0.0]
        if bad.size:
            most = self.data.values[bad[0]].max()
            raise ValueError(
                f"Masks: the values of mask {bad[0]} are at most {most}, so that with "
                f"soft={self._soft!r} what it measures becomes 0 in float64; set such values to 0, "
                "or multiply all by the same number"
            )
        return measures

    @property
    def _soft(self) -> str:
        assert self.form is not None
        return self.form

    @property
    def bits(self) -> Bits:
        """The masks, or the supports of soft ones, as packed bits."""
        if isinstance(self.data, Shares):
            return self.data.supports
        return self.data.bits if isinstance(self.data, LabelMap) else self.data

    @cached_property
    def columns(self) -> tuple[Any, ...]:
        """Columns that the scalars of enclosures read."""
        hard = self.data.supports if isinstance(self.data, Shares) else self.data
        lower, upper, center = hard.spread
        if isinstance(self.data, Shares):
            center = self.data.weights[1]
        empty = hard.count == 0
        low, high, middle = [], [], []
        for k, (side, start) in enumerate(zip(self.grid.spacing, self.grid.origin, strict=True)):
            low.append(np.where(empty, np.inf, start + lower[k] * side))
            high.append(np.where(empty, -np.inf, start + upper[k] * side))
            middle.append(np.where(empty, 0.0, start + center[k] * side))
        volume = self.grid.volume
        ends = map(tuple, (low, high, middle))
        return (hard.count * volume, np.array([volume]), *ends)

    @cached_property
    def hulls(self) -> Hulls:
        """The convex hulls of the cells, or of the supports."""
        data = self.data.supports if isinstance(self.data, Shares) else self.data
        lower, upper, _ = data.spread

        def cropped(n: int) -> tuple[NDArray, NDArray[np.bool_]]:
            if data.count[n] == 0:
                return lower[:, n], np.empty((0,) * len(lower), bool)
            inside = tuple(map(slice, lower[:, n], upper[:, n]))
            if isinstance(data, LabelMap):
                return lower[:, n], data.map[inside] == data.labels[n]
            return lower[:, n], data.dense(np.array([n]))[0][inside]

        return Hulls(len(data), len(lower), cropped)

    def flat(self, row: int) -> NDArray:
        """Return the cells of one mask in the order of the grid; not to be written to."""
        if isinstance(self.data, Shares):
            return self.data.values[row]
        return self.data.dense(np.array([row])).reshape(-1)

    def pull(
        self,
        row: int,
        partner: Cells,
        other: int,
        partials: tuple[float, float, float],
        out: NDArray[np.float64],
    ) -> None:
        """Write the gradient of a score with respect to the values of one soft mask.

        Parameters
        ----------
        row : int
        partner : Cells
        other : int
            Row of the other mask.
        partials : tuple of float
            With respect to the own measure, the intersection and the squared distance of
            the centres.
        out : ndarray, shape (cells,)
        """
        assert isinstance(self.data, Shares)
        volume = self.grid.volume
        center, theirs = self.columns[4], partner.columns[4]
        toward = np.zeros(len(center))
        if partials[2] and self.columns[0][row] > 0 and partner.columns[0][other] > 0:
            for k, side in enumerate(self.grid.spacing):
                toward[k] = 2.0 * partials[2] * (center[k][row] - theirs[k][other]) * side
        shares = (partials[0] * volume, partials[1] * volume)
        self.data.pull(row, partner.flat(other), self._soft, *shares, toward, out)


def read_cells(values: ArrayLike, axes: int | str | None, told: bool) -> NDArray:
    """Return an array of bool or floats, shape (N, *grid), or raise.

    Parameters
    ----------
    values : array_like
    axes : int, str or None
        How many axes the grid has, or their names.
    told : bool
        The number of axes is known from something else, and there are as many masks as rows.
    """
    detach = getattr(values, "detach", None)  # a tensor that takes part in a graph
    if detach is None and image_of(values, "Masks: values") is not None:
        raise TypeError(
            f"Masks: expected arrays of shape (N, *grid), got a {type(values).__name__}; for an "
            "image use Masks.from_labels"
        )
    values = unmasked(values, "Masks")
    try:
        cells = np.asarray(detach() if detach is not None else values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"Masks: cannot read cells from {described(values)} ({_shapes(values) or error})"
        ) from None
    cells = _one_or_many(cells, axes, told)
    if cells.dtype.kind in "iu":
        if cells.size and not (cells.min() >= 0 and cells.max() <= 1):
            bad = np.argwhere((cells < 0) | (cells > 1))[0]
            place = ", ".join(map(str, bad))
            raise TypeError(
                f"Masks: values[{place}] = {cells[tuple(bad)]}, expected bool, 0 and 1, or floats "
                "in [0, 1]; for a map of labels use Masks.from_labels"
            )
        cells = cells.astype(bool)
    if cells.dtype.kind not in "bf":
        raise TypeError(f"Masks: expected bool, 0 and 1, or floats in [0, 1], got {cells.dtype}")
    return cells


def _shapes(values: Any) -> str:
    """Say which of several arrays has another shape than the first."""
    if not isinstance(values, list | tuple):
        return ""
    shapes = [getattr(mask, "shape", None) for mask in values]
    other = next((k for k, shape in enumerate(shapes) if shape != shapes[0]), None)
    if other is None:
        return ""
    return f"mask {other} has the shape {shapes[other]}, and mask 0 {shapes[0]}"


def _one_or_many(cells: NDArray, axes: int | str | None, told: bool) -> NDArray:
    """Return the cells with an axis for the masks, or raise where one and many look the same."""
    shape = cells.shape
    if axes is None:
        if len(shape) < 2:
            raise ValueError(
                f"Masks: expected shape (N, *grid), got {shape}; for one mask on a line give axes=1"
            )
        if len(shape) == 2 and not told:
            raise ValueError(
                f"Masks: values of shape {shape} may be one mask in the plane or {shape[0]} masks "
                "on a line; give axes=2 (or axes='yx') for one, axes=1 for many"
            )
        return cells
    if isinstance(axes, bool) or not isinstance(axes, int | np.integer | str):
        raise TypeError(f"Masks: axes = {axes!r}; expected a number of axes, or names like 'yx'")
    count = len(axes) if isinstance(axes, str) else int(axes)
    if count < 1 or len(shape) not in (count, count + 1):
        raise ValueError(
            f"Masks: axes = {axes!r}, and values have shape {shape}; expected {count} axes for one "
            f"mask or {count + 1} for many"
        )
    return cells[None] if len(shape) == count else cells
