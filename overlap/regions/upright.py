"""UprightBoxes: boxes in space that turn about the vertical only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap._jit import compose
from overlap._terms import Geometry
from overlap.regions import _enclosures
from overlap.regions._names import Naming
from overlap.regions.base import Regions, check_pair
from overlap.regions.intervals import Intervals, _checked_ratio
from overlap.regions.product import Product
from overlap.regions.rotated import RotatedBoxes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["UprightBoxes"]


_NAMING = Naming.of(
    "x|cx|center-x",
    "y|cy|center-y",
    "z|cz|center-z",
    "dx|l|length",
    "dy|w|width",
    "dz|h|height",
    "yaw|heading|rotation-z|rz",
)


def _upright_pullback(a, i, b, j, do, de, ds, dx):
    x, y, w, h, angle, start, stop = PULLBACK(a, i, b, j, do, de, ds, dx)
    return (x, y, start + stop, w, h, 0.5 * (stop - start), angle)


@cache
def _upright(geometry: Geometry) -> Geometry:
    if not geometry.fills:  # the boxes in space around both
        geometry = _enclosures.with_box_outside(geometry)
    return replace(
        geometry,
        pullback=compose(_upright_pullback, PULLBACK=geometry.pullback),
        at_ties=geometry.at_ties and _upright(geometry.at_ties),
    )


class UprightBoxes(Product):
    """Boxes in space that turn about the z axis only: a rotated box times an interval.

    The common enclosure is the bird's-eye convex hull times the covering interval of z; with
    ``score.with_enclosure("box")`` or ``"min_rect"``, the bird's-eye rectangle times it.

    Parameters
    ----------
    values : array_like, shape (N, 7)
        Center x, y, z, sizes dx, dy, dz, yaw. The yaw is in radians from +x towards +y.
    unit : str, optional
        Unit of the lengths, such as ``"m"``.

    Raises
    ------
    ValueError
        For another shape, values that are not finite, and negative sizes.

    Examples
    --------
    >>> import overlap as ov
    >>> a = ov.UprightBoxes([[0.0, 0.0, 1.0, 4.0, 2.0, 2.0, 0.0]])
    >>> b = ov.UprightBoxes([[0.0, 0.0, 2.0, 4.0, 2.0, 2.0, 0.0]])
    >>> ov.iou(a, b), ov.iou(a.birdseye(), b.birdseye())
    (array([0.33333333]), array([1.]))
    """

    columns = ("x", "y", "z", "dx", "dy", "dz", "yaw")

    @classmethod
    def _naming(cls) -> Naming:
        return _NAMING

    def __init__(self, values: ArrayLike, *, unit: str | None = None) -> None:
        table = self._read(values, 7)
        bad = np.argwhere(table[:, 3:6] < 0.0)
        if bad.size:
            row, side = bad[0]
            name = self.columns[3 + side]
            raise ValueError(f"UprightBoxes: {name}[{row}] = {table[row, 3 + side]} is negative")
        plane = RotatedBoxes(table[:, [0, 1, 3, 4, 6]], unit=unit)
        height = Intervals.from_center_duration(table[:, [2, 5]], unit=unit)
        super().__init__(plane, height)  # which looks at the volume as well
        self._table = np.array(table)
        self._table.flags.writeable = False
        self.unit = unit

    def birdseye(self) -> RotatedBoxes:
        """Return the boxes seen from above."""
        plane = self.factors[0]
        assert isinstance(plane, RotatedBoxes)
        return plane

    def heights(self) -> Intervals:
        """Return the intervals of z."""
        height = self.factors[1]
        assert isinstance(height, Intervals)
        return height

    def __getitem__(self, index: Any) -> Self:
        index = self._index(index)
        plane, height = (factor[index] for factor in self.factors)
        result = self._rebuilt(plane, height)
        result._table, result.unit = self._table[index], self.unit
        result._table.flags.writeable = False
        return result

    @classmethod
    def concat(cls, batches: Sequence[Self]) -> Self:
        """Join batches of the same unit into one."""
        batches = list(batches)
        if not batches:
            raise ValueError("UprightBoxes.concat: needs at least one batch")
        for batch in batches[1:]:
            check_pair(batches[0], batch, "batches[0]", "a later batch")
        return cls(np.concatenate([batch._table for batch in batches]), unit=batches[0].unit)

    def to_array(self) -> NDArray[np.float64]:
        """Return the parameters, shape (N, 7), in the order of the constructor."""
        return self._table.copy()

    def _names(self) -> tuple[str, ...]:
        return self.columns

    def _contents(self) -> Sequence[Any]:
        return self.unit, self._table

    def __repr__(self) -> str:
        return Regions.__repr__(self)

    def scaled(self, ratio: float) -> Self:
        """Return the boxes scaled by `ratio` >= 0 about their centers."""
        table = self.to_array()
        table[:, 3:6] *= _checked_ratio(ratio)
        return type(self)(table, unit=self.unit)

    @property
    def boundary(self) -> bool:
        """Whether all parameters are coordinates of the boundary: they are not."""
        return False

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars."""
        return _upright(super().geometry(enclosure))
