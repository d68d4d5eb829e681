"""RotatedBoxes: rectangles at any angle in the plane."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from overlap._jit import compose, scalar
from overlap._terms import Geometry
from overlap.regions import _enclosures, _rotated
from overlap.regions._enclosure_pulls import box_pull, min_rect_pull
from overlap.regions._enclosures import box_axes, min_rect_axes
from overlap.regions._hull import hull_enclosure, hull_pull
from overlap.regions.base import Regions, as_numbers
from overlap.regions.boxes import Boxes
from overlap.regions.intervals import _checked_ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

__all__ = ["RotatedBoxes"]


@scalar
def _pair(a, i, b, j):
    return _rotated._box(a, i), _rotated._box(b, j)


def _pullback(a, i, b, j, do, de, ds, dx):
    g = _rotated.rotated_overlap_pullback(a, i, b, j, do, de, ds, dx)
    p, q = _pair(a, i, b, j)
    x, y, w, h, angle = PULL(p, q, de, dx)
    return (g[0] + x, g[1] + y, g[2] + 0.5 * w, g[3] + 0.5 * h, g[4] + angle)


_HULL = Geometry(
    overlap=_rotated.rotated_overlap,
    enclosure=compose(hull_enclosure, PAIR=_pair),
    extent=_rotated.rotated_extent,
    pullback=compose(_pullback, PULL=hull_pull),
    axes=2,
    aspect=True,
    sides=False,
    bound=_rotated.rotated_bound,
    tight_bound=_rotated.rotated_tight_bound,
    fused=True,
    fused_enclosure=False,
)


def _around(axes: Callable, pull: Callable) -> Geometry:
    return _enclosures.rect_geometry(_HULL, _pair, axes, compose(_pullback, PULL=pull))


_GEOMETRIES = {
    "natural": _HULL,
    "hull": _HULL,
    "box": _enclosures.with_box_outside(_around(box_axes, box_pull)),
    "min_rect": _around(min_rect_axes, min_rect_pull),
}


def _degrees(sign: float) -> Callable[[NDArray], NDArray]:
    return lambda angle: sign * np.deg2rad(angle)


# How each convention's angle becomes radians from +x towards +y, and the range in which it
# must be, in its own unit. See `RotatedBoxes.from_convention`.
_CONVENTIONS: dict[str, tuple[Callable[[NDArray], NDArray], tuple[float, float] | None]] = {
    "le90": (lambda angle: angle, (-math.pi / 2, math.pi / 2)),
    "le135": (lambda angle: angle, (-math.pi / 4, 3 * math.pi / 4)),
    "opencv": (_degrees(1.0), None),
    "detectron2": (_degrees(-1.0), None),
    "mmcv": (lambda angle: angle, None),
    "kitti": (lambda angle: -angle, None),
}


def _half_sides(w: NDArray, h: NDArray, c: NDArray, s: NDArray) -> tuple[NDArray, NDArray]:
    """Return the half sides of the bounding boxes."""
    c, s = np.abs(c), np.abs(s)
    return 0.5 * (c * w + s * h), 0.5 * (s * w + c * h)


class RotatedBoxes(Regions):
    """Rectangles at any angle in the plane.

    The common enclosure is the convex hull, or by ``score.with_enclosure("box")`` and
    ``"min_rect"`` the smallest rectangle along the axes or at any angle. Turned boxes do not
    fill their bounding boxes: under ``"box"``, the GIoU of equal boxes is less than 1 and its
    gradient there is not zero; `iou - enclosed_gap` is 1 with gradient zero.

    Parameters
    ----------
    values : array_like, shape (N, 5)
        Center x, center y, width, height, angle. The angle is in radians from +x towards
        +y: counter-clockwise where y points up, clockwise on an image where y points down.
        At angle 0 the width lies along x.
    unit : str, optional
        Unit of the lengths, such as ``"px"``.

    Raises
    ------
    ValueError
        For another shape, values that are not finite, and negative sizes.

    Examples
    --------
    >>> import math
    >>> import overlap as ov
    >>> a = ov.RotatedBoxes([[0.0, 0.0, 4.0, 2.0, 0.0]])
    >>> b = ov.RotatedBoxes([[0.0, 0.0, 4.0, 2.0, math.pi / 2]])
    >>> ov.iou(a, b)
    array([0.33333333])
    >>> ov.giou(a, b)
    array([0.19047619])
    """

    columns = ("cx", "cy", "w", "h", "angle")

    def __init__(self, values: ArrayLike, *, unit: str | None = None) -> None:
        table = self._read(values, 5)
        x, y, w, h, angle = np.array(table.T, order="C")  # a copy, always
        for side, name in ((w, "w"), (h, "h")):
            if side.size and side.min() < 0.0:
                k = int(np.flatnonzero(side < 0.0)[0])
                raise ValueError(
                    f"RotatedBoxes: {name}[{k}] = {side[k]} is negative; sizes are lengths, and a "
                    "box that points the other way has its angle changed by pi"
                )
        with np.errstate(over="ignore"):
            diagonal = np.hypot(w, h)
        if not np.isfinite(diagonal).all():
            k = int(np.flatnonzero(~np.isfinite(diagonal))[0])
            raise ValueError(f"RotatedBoxes: the diagonal of box {k} overflows float64")
        c, s = np.cos(angle), np.sin(angle)
        half_x, half_y = _half_sides(w, h, c, s)
        hair = 1.0 + 1e-15  # so that rounding never parts boxes that touch
        self._fill((x, y, w, h, angle, c, s, half_x * hair, half_y * hair), unit)

    # ------------------------------------------------------------------- constructors

    @classmethod
    def from_degrees(
        cls, values: ArrayLike, *, towards: Literal["+y", "-y"], unit: str | None = None
    ) -> Self:
        """Build boxes whose angle is in degrees.

        Parameters
        ----------
        values : array_like, shape (N, 5)
            Center x, center y, width, height, angle in degrees.
        towards : {"+y", "-y"}
            Whether a positive angle turns +x towards +y or towards -y.
        unit : str, optional
        """
        if towards not in ("+y", "-y"):
            raise ValueError(f"RotatedBoxes.from_degrees: towards = {towards!r}; say '+y' or '-y'")
        return cls._turned(values, _degrees(1.0 if towards == "+y" else -1.0), unit)

    @classmethod
    def from_convention(cls, values: ArrayLike, name: str, *, unit: str | None = None) -> Self:
        """Build boxes in another program's angle convention.

        Parameters
        ----------
        values : array_like, shape (N, 5)
            Center x, center y, width, height, angle, as that program has them.
        name : {"le90", "le135", "opencv", "detectron2", "mmcv", "kitti"}
            - ``"mmcv"``: radians, positive from +x towards +y (clockwise on an image).
            - ``"le90"``, ``"le135"``: the same, with the width as the longer side and the
              angle in [-pi/2, pi/2) or [-pi/4, 3 pi/4) (mmrotate).
            - ``"opencv"``: degrees, positive from +x towards +y (``cv2.minAreaRect``, any
              version: only its range changed).
            - ``"detectron2"``: degrees, positive from +x towards -y (counter-clockwise on an
              image).
            - ``"kitti"``: bird's-eye x, z, length, width, rotation_y in radians: y of these
              boxes is the camera's z, and a positive angle turns x towards -z.
        unit : str, optional
        """
        if name not in _CONVENTIONS:
            raise ValueError(
                f"RotatedBoxes.from_convention: {name!r} is none of {', '.join(_CONVENTIONS)}"
            )
        convert, span = _CONVENTIONS[name]
        if span is not None:
            table = cls._read(values, 5)
            bad = np.flatnonzero(
                (table[:, 2] < table[:, 3]) | (table[:, 4] < span[0]) | (table[:, 4] >= span[1])
            )
            if bad.size:
                raise ValueError(
                    f"RotatedBoxes: box {bad[0]} is not in {name}: its width must be the longer "
                    f"side and its angle in [{span[0]:.4f}, {span[1]:.4f}); got "
                    f"{table[bad[0]].tolist()}; 'mmcv' takes any"
                )
        return cls._turned(values, convert, unit)

    @classmethod
    def _turned(
        cls, values: ArrayLike, convert: Callable[[NDArray], NDArray], unit: str | None
    ) -> Self:
        table = cls._read(values, 5).copy()
        table[:, 4] = convert(table[:, 4])
        return cls(table, unit=unit)

    @classmethod
    def from_corners(cls, corners: ArrayLike, *, unit: str | None = None) -> Self:
        """Build boxes from their four corners in order around the box.

        Parameters
        ----------
        corners : array_like, shape (N, 4, 2) or (N, 8)
            Corners in either direction, starting anywhere. The first side becomes the width.
        unit : str, optional

        Raises
        ------
        ValueError
            Where four corners are not those of a rectangle, to one part in a million of the
            diagonal.
        """
        points = as_numbers(corners, "RotatedBoxes.from_corners")
        if points.ndim == 2 and points.shape[1] == 8:
            points = points.reshape(-1, 4, 2)
        if points.ndim != 3 or points.shape[1:] != (4, 2):
            raise ValueError(
                f"RotatedBoxes.from_corners: expected shape (N, 4, 2) or (N, 8), got {points.shape}"
            )
        if not np.isfinite(points).all():
            k = np.argwhere(~np.isfinite(points))[0][0]
            raise ValueError(f"RotatedBoxes.from_corners: corners of box {k} are not finite")
        center = points.mean(axis=1)
        first, second = points[:, 1] - points[:, 0], points[:, 2] - points[:, 1]
        w, h = np.hypot(*first.T), np.hypot(*second.T)
        # The longer side says the angle better.
        along = np.where((w >= h)[:, None], first, np.stack([second[:, 1], -second[:, 0]], 1))
        across = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
        along = np.where(((w < h) & (across < 0))[:, None], -along, along)
        angle = np.arctan2(along[:, 1], along[:, 0])
        boxes = cls(np.column_stack([center, w, h, angle]), unit=unit)
        rebuilt = boxes.corners()
        offset = np.abs(rebuilt[:, :, None] - points[:, None]).max(axis=3).min(axis=2).max(axis=1)
        size = np.maximum(np.hypot(w, h), 1e-9 * np.abs(points).max(axis=(1, 2), initial=0.0))
        bad = np.flatnonzero(offset > 1e-6 * size)
        if bad.size:
            raise ValueError(
                f"RotatedBoxes.from_corners: the corners of box {bad[0]} are not those of a "
                f"rectangle in order: {points[bad[0]].tolist()}"
            )
        return boxes

    @classmethod
    def from_boxes(cls, boxes: Boxes) -> Self:
        """Build rotated boxes with angle 0 from axis-aligned boxes of the plane."""
        if boxes.dimension != 2:
            raise ValueError(
                f"RotatedBoxes.from_boxes: expected boxes of the plane, got {boxes.dimension} axes"
            )
        table = boxes.to_cxcywh()
        return cls(np.column_stack([table, np.zeros(len(table))]), unit=boxes.unit)

    # ----------------------------------------------------------------------- properties

    def corners(self) -> NDArray[np.float64]:
        """Return the corners, shape (N, 4, 2): (-w, -h), (w, -h), (w, h), (-w, h), halved."""
        x, y, w, h, _, c, s = self._arrays[:7]
        sides = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
        along, across = sides[:, 0] * w[:, None], sides[:, 1] * h[:, None]
        c, s = c[:, None], s[:, None]
        return np.stack(
            [x[:, None] + (c * along - s * across), y[:, None] + (s * along + c * across)], axis=2
        )

    def to_boxes(self) -> Boxes:
        """Return the smallest axis-aligned boxes around them."""
        lower, upper = self.bounds()
        return Boxes(np.vstack([lower, upper]).T, unit=self.unit)

    def measure(self) -> NDArray[np.float64]:
        """Return the areas, shape (N,)."""
        return self._arrays[2] * self._arrays[3]

    def scaled(self, ratio: float) -> Self:
        """Return the boxes scaled by `ratio` >= 0 about their centers."""
        table = self.to_array()
        table[:, 2:4] *= _checked_ratio(ratio)
        return type(self)(table, unit=self.unit)

    @property
    def dimension(self) -> int:
        """Number of coordinates of a point: 2."""
        return 2

    def contains(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points, shape (Q, 2), are in which half-open box: (N, Q)."""
        x, y, w, h, _, c, s = (column[:, None] for column in self._arrays[:7])
        dx, dy = points[:, 0] - x, points[:, 1] - y
        along, across = c * dx + s * dy, c * dy - s * dx
        return (-0.5 * w <= along) & (along < 0.5 * w) & (-0.5 * h <= across) & (across < 0.5 * h)

    # -------------------------------------------------------------------------- kernels

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars; the natural enclosure is the convex hull."""
        self._check_enclosure(enclosure)
        return _GEOMETRIES[enclosure]

    def _enclosures(self) -> tuple[str, ...]:
        return tuple(_GEOMETRIES)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return lower and upper corners of the bounding boxes, each of shape (2, N)."""
        x, y, w, h, _, c, s = self._arrays[:7]
        half_x, half_y = _half_sides(w, h, c, s)
        return np.stack([x - half_x, y - half_y]), np.stack([x + half_x, y + half_y])

    def kernel_columns(self) -> tuple[Any, ...]:
        """Return the columns that the jitted scalars index."""
        return self._arrays
