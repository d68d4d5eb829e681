"""RotatedBoxes: rectangles at any angle in the plane."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from overlap._common.columns import Naming, fields
from overlap._common.limits import MOST_RADIANS
from overlap._common.numbers import as_numbers, checked_ratio
from overlap._common.sizes import limits
from overlap._kernels.jit import compose, scalar
from overlap._kernels.terms import Geometry
from overlap.regions._geometry import rectangles as _rotated
from overlap.regions._geometry.rectangle_enclosures import (
    box_axes,
    box_pull,
    min_rect_axes,
    min_rect_pull,
    rect_geometry,
    tied_rect_pull,
    with_box_outside,
)
from overlap.regions._geometry.rectangle_hulls import hull_enclosure, hull_pull, tied_hull_pull
from overlap.regions._geometry.usual import usual_columns
from overlap.regions.boxes import Boxes
from overlap.regions.rotated.blur import blurred_rotated_overlap, blurred_rotated_pullback
from overlap.regions.rotated.fits import allowance, fitted_rects, min_rects
from overlap.regions.smooth import Smoothable
from overlap.regions.smooth.geometry import BLUR, Method, Scalars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

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


_OWN = Geometry(
    overlap=_rotated.rotated_overlap,
    enclosure=compose(hull_enclosure, PAIR=_pair),
    extent=_rotated.rotated_extent,
    pullback=compose(_pullback, PULL=hull_pull),
    axes=2,
    aspect=True,
    sides=False,
    bound=_rotated.rotated_bound,
    tight_bound=_rotated.rotated_tight_bound,
    meets=_rotated.rotated_meets,
    fused=True,
    fused_enclosure=False,
)
_TIED = replace(_OWN, pullback=compose(_pullback, PULL=compose(tied_hull_pull, ENDS=False)))
_HULL = replace(_OWN, at_ties=_TIED)


def _around(axes: Callable, pull: Callable) -> Geometry:
    return rect_geometry(_OWN, _pair, axes, compose(_pullback, PULL=pull))


_GEOMETRIES = {
    "natural": _HULL,
    "hull": _HULL,
    "box": with_box_outside(_around(box_axes, box_pull)),
    "min_rect": replace(
        _around(min_rect_axes, compose(min_rect_pull, ENDS=False)),
        at_ties=_around(min_rect_axes, compose(tied_rect_pull, ENDS=False)),
    ),
}


_BOX_NAMES = (
    "cx|x|xc|x-center|center-x",
    "cy|y|yc|y-center|center-y",
    "w|width|dx",
    "h|height|dy",
)
_NAMING = Naming.of(
    *_BOX_NAMES,
    "angle|theta|rotation|radians|angle-rad",
    others=(
        (
            fields(*_BOX_NAMES, "degrees|deg|angle-deg|angle-degrees"),
            "use RotatedBoxes.from_degrees, which asks where positive angles turn",
        ),
        (
            fields("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"),
            "use RotatedBoxes.from_corners",
        ),
    ),
)
_ANY_ANGLE = Naming.of(
    *_BOX_NAMES, "angle|theta|rotation|radians|angle-rad|degrees|deg|angle-deg|angle-degrees"
)


@dataclass(frozen=True)
class _Convention:
    """Convention of a program for angles: unit, sign and range.

    Attributes
    ----------
    sign : float
        1 if a positive angle turns +x towards +y, and -1 if towards -y.
    degrees : bool
        Angles are in degrees, and not in radians.
    turn : float
        After which angle it begins again, and gives the same box.
    start : float
        Where its range begins.
    wide : bool
        The width is the longer side.
    closed_above : bool
        The range has its upper end, and not its lower one.
    strict : bool
        Angles outside of the range are refused.
    """

    sign: float = 1.0
    degrees: bool = False
    turn: float = 2.0 * math.pi
    start: float = -math.pi
    wide: bool = False
    closed_above: bool = False
    strict: bool = False

    def outside(self, table: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return which boxes are not written in this convention.

        Angles that are numbers of float32 are compared with the ends of the range in float32.
        """
        angle, start, stop = table[:, 4], self.start, self.start + self.turn
        if self.closed_above:
            bad = (angle <= start) | (angle > stop)
        else:
            bad = (angle < start) | (angle >= stop)
        with np.errstate(over="ignore"):
            single = angle.astype(np.float32)
        low, high = float(np.float32(start)), float(np.float32(stop))
        bad &= ~((single == angle) & ((single == high) | ((single == low) & (low < start))))
        if self.wide:
            bad |= table[:, 2] < table[:, 3]
        return np.flatnonzero(bad)

    def table(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return boxes as this program writes them."""
        x, y, w, h, angle = boxes.T
        angle = self.sign * (np.rad2deg(angle) if self.degrees else angle)
        quarter = 90.0 if self.degrees else 0.5 * math.pi
        if self.wide:
            swap = w < h
            angle = np.where(swap, angle + quarter * np.where(angle < 0.0, 1.0, -1.0), angle)
            w, h = np.where(swap, h, w), np.where(swap, w, h)
        sign = -1.0 if self.closed_above else 1.0
        start = -(self.start + self.turn) if self.closed_above else self.start
        turns = np.floor((sign * angle - start) / self.turn)
        angle = sign * angle - turns * self.turn
        over, under = angle >= start + self.turn, angle < start  # by rounding
        turns, angle = turns + over - under, angle - (over * self.turn - under * self.turn)
        angle = sign * np.clip(angle, start, None)
        if self.turn == quarter:
            swap = turns % 2.0 == 1.0
            w, h = np.where(swap, h, w), np.where(swap, w, h)
        return np.column_stack([x, y, w, h, angle])

    def radians(self, angle: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return angles as radians from +x towards +y."""
        return self.sign * (np.deg2rad(angle) if self.degrees else angle)


# See `RotatedBoxes.from_convention`.
_CONVENTIONS: dict[str, _Convention] = {
    "le90": _Convention(turn=math.pi, start=-math.pi / 2, wide=True, strict=True),
    "le135": _Convention(turn=math.pi, start=-math.pi / 4, wide=True, strict=True),
    "oc": _Convention(turn=math.pi / 2, start=0.0, closed_above=True, strict=True),
    "opencv": _Convention(degrees=True, turn=90.0, start=0.0, closed_above=True),
    "detectron2": _Convention(-1.0, degrees=True, turn=360.0, start=-180.0),
    "mmcv": _Convention(),
    "kitti": _Convention(-1.0),
}


def _convention(name: str, method: str) -> _Convention:
    if name not in _CONVENTIONS:
        raise ValueError(f"RotatedBoxes.{method}: {name!r} is none of {', '.join(_CONVENTIONS)}")
    return _CONVENTIONS[name]


_LEAST, _MOST = limits(2)
_USUAL = (
    np.array([-_MOST, -_MOST, _LEAST, _LEAST, -MOST_RADIANS]),
    np.array([_MOST, _MOST, _MOST, _MOST, MOST_RADIANS]),
)


def _check_sides(side: NDArray[np.float64], name: str, least: float) -> None:
    bad = np.flatnonzero(side < 0.0)
    if bad.size:
        raise ValueError(
            f"RotatedBoxes: {name}[{bad[0]}] = {side[bad[0]]} is negative; sizes are lengths, and "
            "a box that points the other way has its angle changed by pi"
        )
    bad = np.flatnonzero((side > 0.0) & (side < least))
    if bad.size:
        raise ValueError(
            f"RotatedBoxes: {name}[{bad[0]}] = {side[bad[0]]} is below {least:.0e}, so that areas "
            "become 0 in float64; multiply all lengths by the same large number"
        )


def _half_sides(w: NDArray, h: NDArray, c: NDArray, s: NDArray) -> tuple[NDArray, NDArray]:
    """Return the half sides of the bounding boxes."""
    c, s = np.abs(c), np.abs(s)
    return 0.5 * (c * w + s * h), 0.5 * (s * w + c * h)


class RotatedBoxes(Smoothable):
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

    Warns
    -----
    UserWarning
        For angles of more than four turns, which may be degrees.

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
        columns = usual_columns(values, *_USUAL)
        self._set(self._checked(values) if columns is None else columns, unit)

    def _set(self, columns: Iterable[NDArray[np.float64]], unit: str | None) -> None:
        x, y, w, h, angle = columns
        c, s = np.cos(angle), np.sin(angle)
        half_x, half_y = _half_sides(w, h, c, s)
        hair = 1.0 + 1e-15  # so that rounding never parts boxes that touch
        self._fill((x, y, w, h, angle, c, s, half_x * hair, half_y * hair), unit)
        self._fill_usual(self._arrays, unit)  # no box that is allowed is too large or too small

    @classmethod
    def _made(cls, columns: Iterable[NDArray[np.float64]], unit: str | None) -> Self:
        """Build boxes from columns that are known to be valid."""
        result = cls.__new__(cls)
        result._set(columns, unit)
        return result

    @classmethod
    def _checked(cls, values: ArrayLike) -> NDArray[np.float64]:
        """Return a copy of the columns, or raise an error for a number that is none of a box."""
        table = cls._read(values, 5)
        columns = np.array(table.T, order="C")  # a copy, always
        _, _, w, h, _ = columns
        least, most = limits(2)
        for side, name in ((w, "w"), (h, "h")):
            if side.size and side.min() < least:
                _check_sides(side, name, least)
        if table.size and np.abs(table[:, :4]).max() > most:
            k, column = np.argwhere(np.abs(table[:, :4]) > most)[0]
            raise ValueError(
                f"RotatedBoxes: {cls.columns[column]}[{k}] = {table[k, column]} is beyond "
                f"{most:.0e}, so that areas overflow float64; multiply all lengths by the same "
                "small number"
            )
        if table.size and np.abs(table[:, 4]).max() > MOST_RADIANS:
            k = int(np.argmax(np.abs(table[:, 4]) > MOST_RADIANS))
            warnings.warn(
                f"RotatedBoxes: angle[{k}] = {table[k, 4]:g} is more than four turns, and angles "
                "are in radians; for degrees use RotatedBoxes.from_degrees, and for many turns "
                "numpy.remainder(angle, 2 * numpy.pi)",
                stacklevel=3,
            )
        return columns

    @classmethod
    def _naming(cls) -> Naming:
        return _NAMING

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
        sign = 1.0 if towards == "+y" else -1.0
        return cls._turned(values, _Convention(sign, degrees=True), unit)

    @classmethod
    def from_convention(cls, values: ArrayLike, name: str, *, unit: str | None = None) -> Self:
        """Build boxes in another program's angle convention.

        Parameters
        ----------
        values : array_like, shape (N, 5)
            Center x, center y, width, height, angle, as that program has them.
        name : {"le90", "le135", "oc", "opencv", "detectron2", "mmcv", "kitti"}
            - ``"mmcv"``: radians, positive from +x towards +y (clockwise on an image).
            - ``"le90"``, ``"le135"``: the same, with the width as the longer side and the
              angle in [-pi/2, pi/2) or [-pi/4, 3 pi/4) (mmrotate).
            - ``"oc"``: the same, with the angle in (0, pi/2] (mmrotate, OpenCV 4.5.1 or newer).
            - ``"opencv"``: degrees, positive from +x towards +y (``cv2.minAreaRect``, any
              version: only its range changed).
            - ``"detectron2"``: degrees, positive from +x towards -y (counter-clockwise on an
              image).
            - ``"kitti"``: bird's-eye x, z, length, width, rotation_y in radians: y of these
              boxes is the camera's z, and a positive angle turns x towards -z.
        unit : str, optional

        Raises
        ------
        ValueError
            For a name that is not known, and for boxes outside the range of le90, le135 or oc.
            An angle that is a number of float32 is compared with the range in float32.

        See Also
        --------
        to_convention : The way back.
        """
        convention = _convention(name, "from_convention")
        table = cls._read(values, 5, _ANY_ANGLE)
        bad = convention.outside(table) if convention.strict else np.empty(0, np.intp)
        if bad.size:
            ends = f"{convention.start:.4f}, {convention.start + convention.turn:.4f}"
            ends = f"({ends}]" if convention.closed_above else f"[{ends})"
            wide = "its width must be the longer side and " if convention.wide else ""
            raise ValueError(
                f"RotatedBoxes: box {bad[0]} is not in {name}: {wide}its angle must be in {ends}; "
                f"got {table[bad[0]].tolist()}; 'mmcv' takes any"
            )
        return cls._turned(table, convention, unit)

    def to_convention(self, name: str) -> NDArray[np.float64]:
        """Return the boxes as another program has them, shape (N, 5).

        Parameters
        ----------
        name : str
            As in `from_convention`. Angles are brought into its range: [-pi/2, pi/2) for le90,
            [-pi/4, 3 pi/4) for le135, (0, pi/2] for oc, (0, 90] for opencv, [-180, 180) for
            detectron2, [-pi, pi) for mmcv and kitti. Width and height are exchanged where
            le90, le135, oc and opencv ask for it. OpenCV before 4.5.1, and 5.0, write [-90, 0),
            with width and height exchanged: the same boxes.

        Examples
        --------
        >>> import overlap as ov
        >>> boxes = ov.RotatedBoxes([[5.0, 5.0, 2.0, 4.0, 0.25]])
        >>> boxes.to_convention("le90").round(3)
        array([[ 5.   ,  5.   ,  4.   ,  2.   , -1.321]])
        >>> boxes.to_convention("opencv").round(3)
        array([[ 5.   ,  5.   ,  2.   ,  4.   , 14.324]])
        """
        return _convention(name, "to_convention").table(self.to_array())

    @classmethod
    def _turned(cls, values: ArrayLike, convention: _Convention, unit: str | None) -> Self:
        table = cls._read(values, 5, _ANY_ANGLE).copy()
        table[:, 4] = convention.radians(table[:, 4])
        return cls(table, unit=unit)

    @classmethod
    def from_corners(
        cls,
        corners: ArrayLike | Sequence[ArrayLike],
        *,
        tolerance: float | None = None,
        fit: Literal["corners", "min_rect"] = "corners",
        unit: str | None = None,
    ) -> Self:
        """Build boxes from their four corners in order around the box, or around any points.

        Parameters
        ----------
        corners : array_like, shape (N, 4, 2) or (N, 8)
            Corners in either direction, starting anywhere. The first side becomes the width.
            With ``fit="min_rect"`` also (N, K, 2), or a sequence of N arrays of shape (K, 2)
            whose K differ.
        tolerance : float, optional
            How far a corner may be from that of the rectangle, in the unit of the coordinates:
            1.0 for corners that were rounded to pixels. By default a millionth of the diagonal,
            or a few roundings of the coordinates if that is more: of float32 if all of them
            are numbers of float32.
        fit : {"corners", "min_rect"}, optional
            ``"corners"``: the rectangle with the mean center, directions and sides of what was
            given. ``"min_rect"``: the rectangle of least area around the points, whatever their
            number and order; its width is the longer side and its angle in [-pi/2, pi/2).
        unit : str, optional

        Raises
        ------
        ValueError
            For another shape, points that are not finite, and four corners that are farther from
            a rectangle than the tolerance.

        Examples
        --------
        >>> import overlap as ov
        >>> rounded = [[[10, 0], [13, 4], [9, 7], [6, 3]]]
        >>> ov.RotatedBoxes.from_corners(rounded).measure()
        array([25.])
        >>> leaning = [[[0, 0], [4, 0], [5, 2], [1, 2]]]
        >>> ov.RotatedBoxes.from_corners(leaning, fit="min_rect").to_array()
        array([[2.5, 1. , 5. , 2. , 0. ]])
        """
        what = "RotatedBoxes.from_corners"
        if fit not in ("corners", "min_rect"):
            raise ValueError(f"{what}: fit = {fit!r}; expected 'corners' or 'min_rect'")
        if fit == "min_rect":
            if tolerance is not None:
                raise ValueError(f"{what}: fit='min_rect' takes any points and no tolerance")
            return cls(min_rects(corners, what), unit=unit)
        if tolerance is not None and not (math.isfinite(tolerance) and tolerance >= 0.0):
            raise ValueError(f"{what}: tolerance = {tolerance!r} is not a finite number >= 0")
        points = as_numbers(corners, what)  # type: ignore[arg-type]
        if points.ndim == 2 and points.shape[1] == 8:
            points = points.reshape(-1, 4, 2)
        if points.ndim != 3 or points.shape[1:] != (4, 2):
            raise ValueError(
                f"{what}: expected shape (N, 4, 2) or (N, 8), got {points.shape}; "
                "fit='min_rect' takes any number of points"
            )
        if not np.isfinite(points).all():
            k = np.argwhere(~np.isfinite(points))[0][0]
            raise ValueError(f"{what}: corners of box {k} are not finite")
        table = fitted_rects(points)
        boxes = cls(table, unit=unit)
        rebuilt = boxes.corners()
        gaps = np.hypot(*np.moveaxis(rebuilt[:, :, None] - points[:, None], 3, 0))
        offset = gaps.min(axis=2).max(axis=1)
        if tolerance is None:
            allowed = allowance(points, np.hypot(table[:, 2], table[:, 3]))
        else:
            allowed = np.full(len(points), tolerance)
        bad = np.flatnonzero(offset > allowed)
        if bad.size:
            k = bad[0]
            raise ValueError(
                f"{what}: the corners of box {k} are not those of a rectangle in order: "
                f"{points[k].tolist()}; one is {offset[k]:.3g} off, allowed is {allowed[k]:.3g}. "
                "Give tolerance= for corners that were rounded, or fit='min_rect' for the smallest "
                "rectangle around them"
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
        table[:, 2:4] *= checked_ratio(ratio)
        return type(self)(table, unit=self.unit)

    def pull_scaled(self, grad: NDArray[np.float64], ratio: float) -> NDArray[np.float64]:
        """Return the gradient with respect to boxes from that with respect to scaled ones."""
        return grad * np.array([1.0, 1.0, ratio, ratio, 1.0])[:, None]

    def side_share(self, share: float) -> float:
        """Return the share of each side of its bounding box that a part of a box spans.

        The middle f of a side holds at most 1 - (1 - f)^2 of a box: as much of a square that
        stands on a corner, and less of all others.
        """
        return 1.0 - math.sqrt(1.0 - share)

    def reach_share(self, share: float) -> float:
        """Return how far a part of a box reaches from each end of a side of its bounding box.

        It is the share itself, at most a half: the sections across a side are longest in the
        middle, so that the first share f of a side, f <= 1/2, holds at most f of a box.
        """
        return min(share, 0.5)

    def smooth_scalars(self, method: Method) -> Scalars | None:
        """Return the scalars of a blurred overlap; None for smooth minima."""
        return (blurred_rotated_overlap, blurred_rotated_pullback) if method is BLUR else None

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
        return np.array([x - half_x, y - half_y]), np.array([x + half_x, y + half_y])

    def kernel_columns(self) -> tuple[Any, ...]:
        """Return the columns that the jitted scalars index."""
        return self._arrays
