"""UprightBoxes: boxes in space that turn about the vertical only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap._common.columns import Naming
from overlap._common.limits import MOST_RADIANS
from overlap._common.numbers import as_numbers, checked_ratio
from overlap._kernels.jit import compose, scalar
from overlap._kernels.terms import Geometry
from overlap.regions._geometry.rectangle_enclosures import with_box_outside
from overlap.regions._geometry.rectangles import rotated_meets
from overlap.regions._geometry.usual import usual_columns
from overlap.regions.base import Regions
from overlap.regions.intervals import Intervals
from overlap.regions.product import Product
from overlap.regions.rotated import RotatedBoxes
from overlap.regions.smooth.geometry import Method, Scalars
from overlap.regions.upright.corners import fitted_upright, upright_corners
from overlap.regions.upright.driving import (
    kitti_of_upright,
    nuscenes_of_upright,
    upright_of_kitti,
    upright_of_nuscenes,
)

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

# Of sizes and coordinates whose volumes, squares and bounding boxes are far from float64's limits.
_MOST = 2.0**300
_HIGH = np.array([_MOST] * 6 + [MOST_RADIANS])
_USUAL = np.concatenate([-_HIGH[:3], 1.0 / _HIGH[3:6], -_HIGH[6:]]), _HIGH


@scalar
def _meets(a, i, b, j):
    low, high = max(a[1][0][i], b[1][0][j]), min(a[1][1][i], b[1][1][j])
    return rotated_meets(a[0], i, b[0], j) & (low < high)


def _upright_pullback(a, i, b, j, do, de, ds, dx):
    x, y, w, h, angle, start, stop = PULLBACK(a, i, b, j, do, de, ds, dx)
    return (x, y, start + stop, w, h, 0.5 * (stop - start), angle)


@cache
def _upright(geometry: Geometry) -> Geometry:
    if not geometry.fills:  # the boxes in space around both
        geometry = with_box_outside(geometry)
    return replace(
        geometry,
        pullback=compose(_upright_pullback, PULLBACK=geometry.pullback),
        meets=_meets,
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
        columns = usual_columns(values, *_USUAL)
        if columns is not None:
            x, y, z, dx, dy, dz, yaw = columns
            half = 0.5 * dz
            plane = RotatedBoxes._made((x, y, dx, dy, yaw), unit)
            self._join(plane, Intervals._on_line(z - half, z + half, unit), None, False)
            self._fill_table(np.array(values), unit)
            return
        table = self._read(values, 7)
        bad = np.argwhere(table[:, 3:6] < 0.0)
        if bad.size:
            row, side = bad[0]
            name = self.columns[3 + side]
            raise ValueError(f"UprightBoxes: {name}[{row}] = {table[row, 3 + side]} is negative")
        plane = RotatedBoxes(table[:, [0, 1, 3, 4, 6]], unit=unit)
        height = Intervals.from_center_duration(table[:, [2, 5]], unit=unit)
        super().__init__(plane, height)  # which looks at the volume as well
        self._fill_table(np.array(table), unit)

    def _fill_table(self, table: NDArray[np.float64], unit: str | None) -> None:
        table.flags.writeable = False
        self._table, self.unit = table, unit

    # ------------------------------------------------------------------- constructors

    @classmethod
    def from_kitti(cls, values: ArrayLike, *, unit: str | None = None) -> Self:
        """Build boxes from KITTI's labels of objects.

        Parameters
        ----------
        values : array_like, shape (N, 7)
            Height, width, length, x, y, z, rotation_y: fields 8 to 14 of a line of a label file.
            Lengths and location are in the frame of the camera (x right, y down, z forward); the
            location is the center of the bottom face; rotation_y turns x towards -z, in radians.
        unit : str, optional
            Unit of the lengths, ``"m"`` in KITTI's files.

        Returns
        -------
        UprightBoxes
            In the same frame with other names of the axes: x forward, y left, z up. It is the
            camera's still, not the laser scanner's, for which the calibration is needed.

        Raises
        ------
        ValueError
            For another shape, values that are not finite, and negative sizes, as of DontCare.

        See Also
        --------
        to_kitti : The way back.

        Notes
        -----
        x = z, y = -x, z = height / 2 - y; dx, dy, dz = length, width, height;
        yaw = -rotation_y - pi / 2 (Geiger et al. 2012, the object development kit's readme).

        Examples
        --------
        >>> import overlap as ov
        >>> boxes = ov.UprightBoxes.from_kitti([[1.5, 1.6, 4.0, 2.0, 1.7, 10.0, -1.57]])
        >>> boxes.to_array().round(2)
        array([[10.  , -2.  , -0.95,  4.  ,  1.6 ,  1.5 , -0.  ]])
        """
        return cls(upright_of_kitti(values), unit=unit)

    def to_kitti(self) -> NDArray[np.float64]:
        """Return height, width, length, x, y, z, rotation_y as KITTI has them, shape (N, 7).

        The angle is in [-pi, pi]. See `from_kitti` for the frame.
        """
        return kitti_of_upright(self._table)

    @classmethod
    def from_nuscenes(
        cls,
        translation: ArrayLike,
        size: ArrayLike,
        rotation: ArrayLike,
        *,
        tolerance: float = 1e-3,
        unit: str | None = None,
    ) -> Self:
        """Build boxes from the fields of nuScenes' annotations and results.

        Parameters
        ----------
        translation : array_like, shape (N, 3)
            Center x, y, z.
        size : array_like, shape (N, 3)
            Width, length, height.
        rotation : array_like, shape (N, 4)
            Unit quaternion w, x, y, z. It must turn about z only, as it does in the global frame.
        tolerance : float
            Largest tilt against the vertical in radians, which is left out.
        unit : str, optional
            Unit of the lengths, ``"m"`` in nuScenes' files.

        Raises
        ------
        ValueError
            For other shapes, values that are not finite, negative sizes, quaternions whose
            length is not 1 within 0.01, and boxes that are tilted more than `tolerance`.

        See Also
        --------
        to_nuscenes : The way back.

        Examples
        --------
        >>> import overlap as ov
        >>> rotation = [0.7071067811865476, 0.0, 0.0, 0.7071067811865476]  # a quarter turn
        >>> boxes = ov.UprightBoxes.from_nuscenes([[10.0, 5.0, 1.0]], [[2.0, 4.0, 1.5]], [rotation])
        >>> boxes.to_array().round(4)
        array([[10.    ,  5.    ,  1.    ,  4.    ,  2.    ,  1.5   ,  1.5708]])
        """
        return cls(upright_of_nuscenes(translation, size, rotation, tolerance), unit=unit)

    def to_nuscenes(
        self,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return translation, size and rotation as nuScenes has them, see `from_nuscenes`."""
        return nuscenes_of_upright(self._table)

    @classmethod
    def from_corners(
        cls, corners: ArrayLike, *, tolerance: float | None = None, unit: str | None = None
    ) -> Self:
        """Build boxes from their eight corners in any order.

        Parameters
        ----------
        corners : array_like, shape (N, 8, 3)
            z is the vertical.
        tolerance : float, optional
            How far a corner may be from that of the box, in the unit of the coordinates. By
            default a millionth of the diagonal, or a few roundings of the coordinates if that is
            more: of float32 if all of them are numbers of float32.
        unit : str, optional

        Returns
        -------
        UprightBoxes
            Corners do not say where the front is: dx is the longer side seen from above, and the
            yaw is in [-pi/2, pi/2).

        Raises
        ------
        ValueError
            For another shape, points that are not finite, and corners that are farther from those
            of an upright box than the tolerance; it says which box.

        See Also
        --------
        corners : The way back.

        Examples
        --------
        >>> import overlap as ov
        >>> boxes = ov.UprightBoxes([[10.0, 5.0, 1.0, 4.0, 2.0, 1.5, 0.3]])
        >>> ov.UprightBoxes.from_corners(boxes.corners()).to_array().round(12)
        array([[10. ,  5. ,  1. ,  4. ,  2. ,  1.5,  0.3]])
        """
        what = "UprightBoxes.from_corners"
        points = as_numbers(corners, what)
        if points.size == 0 and points.ndim < 3:
            points = points.reshape(0, 8, 3)
        if points.ndim != 3 or points.shape[1:] != (8, 3):
            advice = ""
            if points.shape[-2:] == (3, 8):
                advice = "; exchange the last two axes, with np.swapaxes(corners, -1, -2)"
            elif points.shape == (8, 3):
                advice = "; put the corners of a single box into a list"
            raise ValueError(f"{what}: expected shape (N, 8, 3), got {points.shape}{advice}")
        if not np.isfinite(points).all():
            k = np.argwhere(~np.isfinite(points))[0][0]
            raise ValueError(f"{what}: corners of box {k} are not finite")
        if tolerance is not None and not (math.isfinite(tolerance) and tolerance >= 0.0):
            raise ValueError(f"{what}: tolerance = {tolerance!r} is not a finite number >= 0")
        return cls(fitted_upright(points, tolerance, what), unit=unit)

    # ----------------------------------------------------------------------- properties

    def corners(self) -> NDArray[np.float64]:
        """Return the corners, shape (N, 8, 3).

        The four of the lower face come first: (-dx, -dy), (dx, -dy), (dx, dy), (-dx, dy), halved
        and turned; then those above them.
        """
        return upright_corners(self._table)

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
        result._fill_table(self._table[index], self.unit)
        return result

    @classmethod
    def concat(cls, batches: Sequence[Self]) -> Self:
        """Join batches of the same unit into one."""
        batches = cls._alike(batches)
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

    def with_array(self, table: ArrayLike) -> Self:
        """Return boxes with other parameters, as of `to_array`."""
        return Regions.with_array(self, table)

    def pull_scaled(self, grad: NDArray[np.float64], ratio: float) -> NDArray[np.float64]:
        """Return the gradient with respect to boxes from that with respect to scaled ones."""
        return grad * np.array([1.0, 1.0, 1.0, ratio, ratio, ratio, 1.0])[:, None]

    def smooth_scalars(self, method: Method) -> Scalars:
        """Return the scalars of a smooth overlap, or raise a TypeError."""
        overlap, pullback = super().smooth_scalars(method)
        return overlap, compose(_upright_pullback, PULLBACK=pullback)

    def scaled(self, ratio: float) -> Self:
        """Return the boxes scaled by `ratio` >= 0 about their centers."""
        table = self.to_array()
        table[:, 3:6] *= checked_ratio(ratio)
        return type(self)(table, unit=self.unit)

    @property
    def boundary(self) -> bool:
        """Whether all parameters are coordinates of the boundary: they are not."""
        return False

    def pair_geometry(self, other: Regions, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars."""
        return _upright(super().pair_geometry(other, enclosure))

    def kernel_table(self) -> NDArray[np.float64]:
        """Return the columns of the plane, then start and stop of the heights."""
        return np.concatenate([factor.kernel_table() for factor in self.factors])

    def arranged(self, table: NDArray[np.float64]) -> tuple[Any, ...]:
        """Return rows of such a table as `kernel_columns` has them."""
        return tuple(table[:-2]), tuple(table[-2:]), self.kernel_columns()[2]
