"""Boxes: axis-aligned boxes in any dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap._common.columns import Fields, Naming, fields
from overlap._common.numbers import as_numbers, checked_ratio
from overlap._common.sizes import limits, sizes_beyond
from overlap._kernels.jit import compose, scalar
from overlap._kernels.terms import Geometry, each_axis, step
from overlap.regions._geometry.rectangle_enclosures import (
    min_rect_axes,
    min_rect_pull,
    rect_geometry,
    tied_rect_pull,
)
from overlap.regions._geometry.rectangle_hulls import hull_enclosure, hull_pull, tied_hull_pull
from overlap.regions._geometry.usual import usual_corners
from overlap.regions.base import Regions
from overlap.regions.intervals import Intervals
from overlap.regions.intervals.intervals import pull_scaled_ends
from overlap.regions.smooth import Smoothable
from overlap.regions.smooth.geometry import Method, Scalars

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Boxes", "pixels_of_yolo", "yolo_of_pixels"]


# Columns: the D lower corners, then the D upper corners. The loops over axes are unrolled
# by the compiler, since the number of columns is part of the type.


@scalar
def box_overlap(a, i, b, j):
    """Return ``(volume_a, volume_b, intersection)`` of two boxes."""
    axes = len(a) // 2
    first, second, shared = 1.0, 1.0, 1.0
    for k in range(axes):
        first *= a[axes + k][i] - a[k][i]
        second *= b[axes + k][j] - b[k][j]
        shared *= max(min(a[axes + k][i], b[axes + k][j]) - max(a[k][i], b[k][j]), 0.0)
    return first, second, shared


@scalar
def box_enclosure(a, i, b, j):
    """Return ``(hull, center_gap2, diameter2)`` of two boxes."""
    axes = len(a) // 2
    hull, gap, diameter = 1.0, 0.0, 0.0
    for k in range(axes):
        cover = max(a[axes + k][i], b[axes + k][j]) - min(a[k][i], b[k][j])
        offset = 0.5 * ((a[k][i] - b[k][j]) + (a[axes + k][i] - b[axes + k][j]))
        hull *= cover
        gap += offset * offset
        diameter += cover * cover
    return hull, gap, diameter


def _box_extent(a, i, b, j):
    axes = len(a) // 2
    a0, a1, b0, b1 = a[K][i], a[axes + K][i], b[K][j], b[axes + K][j]
    return (0.5 * ((a0 - b0) + (a1 - b1)), a1 - a0, b1 - b0, max(a1, b1) - min(a0, b0))


def _box_pullback(a, i, b, j, do, de, ds, dx):
    """Return the gradient with respect to both ends of axis K of ``a[i]``."""
    axes = len(a) // 2
    # The sides are multiplied first: a partial may be huge where one of them is 0.
    side, shared, cover = 1.0, 1.0, 1.0
    for k in range(axes):
        if k != K:
            a0, a1, b0, b1 = a[k][i], a[axes + k][i], b[k][j], b[axes + k][j]
            side *= a1 - a0
            shared *= max(min(a1, b1) - max(a0, b0), 0.0)
            cover *= max(a1, b1) - min(a0, b0)
    a0, a1, b0, b1 = a[K][i], a[axes + K][i], b[K][j], b[axes + K][j]
    shared *= do[2] * step(min(a1, b1) - max(a0, b0))
    cover = cover * de[0] + 2.0 * (max(a1, b1) - min(a0, b0)) * de[2] + dx[K][3]
    side = side * do[0] + dx[K][1]
    center = 0.5 * dx[K][0] + de[1] * (0.5 * ((a0 - b0) + (a1 - b1)))
    return (
        center - side - shared * step(a0 - b0) - cover * step(b0 - a0),
        center + side + shared * step(b1 - a1) + cover * step(a1 - b1),
    )


def _lower_end(g):
    return g[K][0]


def _upper_end(g):
    return g[K][1]


def _corners(a, i, b, j, do, de, ds, dx):
    g = ENDS(a, i, b, j, do, de, ds, dx)
    return LOWER(g) + UPPER(g)


# The intersection of smoothed boxes is at most the mean of both measures, but for rounding.


def _smooth_overlap(a, i, b, j):
    axes = len(a[0]) // 2
    first, second, shared = 1.0, 1.0, 1.0
    for k in range(axes):
        u, v, w = LENGTH(
            a[0][k][i], a[0][axes + k][i], b[0][k][j], b[0][axes + k][j], a[1][0], a[1][1]
        )
        first *= u
        second *= v
        shared *= w
    return first, second, min(shared, 0.5 * (first + second))


def _smooth_ends(a, i, b, j, do, de, ds, dx):
    """Return the gradient with respect to both ends of axis K of ``a[i]``."""
    axes = len(a[0]) // 2
    first, shared = 1.0, 1.0
    for k in range(axes):
        if k != K:
            u, _, w = LENGTH(
                a[0][k][i], a[0][axes + k][i], b[0][k][j], b[0][axes + k][j], a[1][0], a[1][1]
            )
            first *= u
            shared *= w
    side, start, stop = SLOPES(
        a[0][K][i], a[0][axes + K][i], b[0][K][j], b[0][axes + K][j], a[1][0], a[1][1]
    )
    side *= do[0] * first
    shared *= do[2]
    return (shared * start - side, shared * stop + side)


@cache
def _smooth(method: Method, axes: int) -> Scalars:
    ends = compose(_smooth_ends, LENGTH=method.length, SLOPES=method.slopes)
    return (
        compose(_smooth_overlap, LENGTH=method.length),
        compose(
            _corners,
            ENDS=each_axis(ends, axes),
            LOWER=each_axis(_lower_end, axes),
            UPPER=each_axis(_upper_end, axes),
        ),
    )


@cache
def _box_geometry(axes: int) -> Geometry:
    return Geometry(
        overlap=box_overlap,
        enclosure=box_enclosure,
        extent=each_axis(_box_extent, axes),
        pullback=compose(
            _corners,
            ENDS=each_axis(_box_pullback, axes),
            LOWER=each_axis(_lower_end, axes),
            UPPER=each_axis(_upper_end, axes),
        ),
        axes=axes,
        aspect=axes == 2,
        fused=True,
    )


# Other enclosures of boxes in the plane: as boxes that are not turned, the second seen from
# the center of the first.


@scalar
def _pair(a, i, b, j):
    a0, a1, a2, a3 = a[0][i], a[1][i], a[2][i], a[3][i]
    b0, b1, b2, b3 = b[0][j], b[1][j], b[2][j], b[3][j]
    x, y = 0.5 * ((b0 - a0) + (b2 - a2)), 0.5 * ((b1 - a1) + (b3 - a3))
    return (
        (0.0, 0.0, a2 - a0, a3 - a1, 0.0, 1.0, 0.0),
        (x, y, b2 - b0, b3 - b1, 0.0, 1.0, 0.0),
    )


@scalar
def _own_extent(a, i, b, j):
    p, q = _pair(a, i, b, j)
    return ((0.0, p[2], q[2], 0.0), (0.0, p[3], q[3], 0.0))


def _plane_pullback(a, i, b, j, do, de, ds, dx):
    own = ((0.0, dx[0][1], 0.0, 0.0), (0.0, dx[1][1], 0.0, 0.0))
    g = PULLBACK(a, i, b, j, do, (0.0, de[1], 0.0), 0.0, own)
    p, q = _pair(a, i, b, j)
    x, y, w, h, _ = PULL(p, q, de, dx)
    return (
        g[0] + 0.5 * (x - w),
        g[1] + 0.5 * (y - h),
        g[2] + 0.5 * (x + w),
        g[3] + 0.5 * (y + h),
    )


# ------------------------------------------------------------------------ named columns

_XYZ = "xyz"
_CORNER_NAMES = (  # of the lower and the upper corner, by axis
    ("{}0", "{}1"),
    ("{}1", "{}2"),
    ("{}min|min{}", "{}max|max{}"),
    ("{}lower|lower{}", "{}upper|upper{}"),
    ("{}start", "{}stop|{}end"),
    ("{}tl", "{}br"),
    ("{}lo|{}low", "{}hi|{}high"),
    ("{}", "{}2|{}max"),
)
_SIZE_NAMES = ("w|width|dx|sizex|bbwidth", "h|height|dy|sizey|bbheight", "d|depth|dz|sizez")
_LOWER_NAMES = "{0}|{0}0|{0}1|{0}min|min{0}|{0}tl"
_CENTER_NAMES = "c{0}|{0}c|{0}center|center{0}|{0}centre|centre{0}"


def _corner_fields() -> tuple[Fields, ...]:
    result = [
        fields("left", "top", "right", "bottom"),
        fields("lonmin|minlon|west", "latmin|minlat|south", "lonmax|maxlon|east",
               "latmax|maxlat|north"),
    ]  # fmt: skip
    for axes in (3, 2):
        for pair in _CORNER_NAMES:
            ends = (end.replace("{}", axis) for end in pair for axis in _XYZ[:axes])
            result.append(fields(*ends))
    return tuple(result)


def _sized_fields(start: str, *more: str) -> tuple[Fields, ...]:
    result = []
    for axes in (3, 2):
        starts = [start.format(axis) for axis in _XYZ[:axes]]
        starts = [f"{a}|{b}" if b else a for a, b in zip_longest(starts, more[:axes], fillvalue="")]
        result.append(fields(*starts, *_SIZE_NAMES[:axes]))
    return tuple(result)


_CORNERS = _corner_fields()
_SIZES = _sized_fields(_LOWER_NAMES, "left|bbleft", "top|bbtop")
_CENTERS = _sized_fields(_CENTER_NAMES)
_AS_RESULTS = (
    (
        fields("bbox"),
        "give the boxes alone, of COCO as Boxes.from_xywh([one['bbox'] for one in rows])",
    ),
)
_AS_CORNERS = tuple((layout, "these are corners: use Boxes(...)") for layout in _CORNERS)
_AS_CENTERS = tuple((layout, "use Boxes.from_cxcywh") for layout in _CENTERS)
_OF_CORNERS = Naming(
    _CORNERS,
    "x0, y0, x1, y1",
    (
        *_AS_CENTERS,
        *(
            (layout, "use Boxes.from_xywh, or Boxes.from_cxcywh if x and y are the center")
            for layout in _SIZES
        ),
        *_AS_RESULTS,
    ),
)
_OF_SIZES = Naming(_SIZES, "x, y, w, h", (*_AS_CENTERS, *_AS_CORNERS, *_AS_RESULTS))
_OF_CENTERS = Naming(
    _sized_fields(_CENTER_NAMES + "|{0}"),
    "cx, cy, w, h",
    (*((layout, "use Boxes.from_xywh") for layout in _SIZES), *_AS_CORNERS, *_AS_RESULTS),
)


@cache
def _plane_geometry(enclosure: str) -> Geometry:
    own = _box_geometry(2)
    rect = compose(min_rect_pull, ENDS=True), compose(tied_rect_pull, ENDS=True)
    hull = hull_pull, compose(tied_hull_pull, ENDS=True)
    pullback, tied = (
        compose(_plane_pullback, PULLBACK=own.pullback, PULL=pull)
        for pull in (hull if enclosure == "hull" else rect)
    )
    if enclosure == "min_rect":
        geometry = rect_geometry(own, _pair, min_rect_axes, pullback)
    else:
        geometry = replace(
            own,
            enclosure=compose(hull_enclosure, PAIR=_pair),
            extent=_own_extent,
            pullback=pullback,
            sides=False,
            fused_enclosure=False,
        )
    return replace(geometry, at_ties=replace(geometry, pullback=tied))


class Boxes(Smoothable):
    """Axis-aligned boxes in D dimensions.

    The common enclosure is the smallest box; boxes in the plane also have the enclosures
    ``"hull"`` and ``"min_rect"`` of `Score.with_enclosure`.

    Parameters
    ----------
    values : array_like, shape (N, 2 D)
        Lower corner, then upper corner: ``x0, y0, x1, y1`` in the plane. Coordinates are
        continuous; the box from 0 to 10 is 10 wide.
    inclusive : bool
        The upper corner is the last pixel inside (VOC, DOTA): 1 is added to it.
    unit : str, optional
        Unit of the coordinates, such as ``"px"``.
    dimension : int, optional
        Number of axes D, where the shape does not say it (no boxes), or where rows of six
        numbers are boxes in space although they look like a detector's class, center, size
        and confidence.

    Raises
    ------
    ValueError
        For another shape, values that are not finite, an upper corner below the lower one, a
        measure that float64 cannot hold, names of columns that say something else, and rows of
        six numbers that look like class, center, size and confidence.

    Notes
    -----
    Columns with names (of a DataFrame, a structured array, a mapping) are found by them,
    wherever they stand: ``x0, y0, x1, y1``; ``x1, y1, x2, y2``; ``xmin, ymin, xmax, ymax``;
    ``x, y, x2, y2``; ``left, top, right, bottom``. ``x, y, w, h`` and ``cx, cy, w, h`` are for
    `from_xywh` and `from_cxcywh`, and two names of these are an error here. Other names are
    ignored, and columns are then taken in order.

    Examples
    --------
    >>> import overlap as ov
    >>> a = ov.Boxes([[0.0, 0.0, 2.0, 2.0]])
    >>> b = ov.Boxes([[1.0, 1.0, 3.0, 3.0], [5.0, 0.0, 6.0, 1.0]])
    >>> ov.iou.pairwise(a, b)
    array([[0.14285714, 0.        ]])
    >>> ov.giou.pairwise(a, b)
    array([[-0.07936508, -0.58333333]])
    """

    def __init__(
        self,
        values: ArrayLike,
        *,
        inclusive: bool = False,
        unit: str | None = None,
        dimension: int | None = None,
    ) -> None:
        if not inclusive and dimension in (None, 2, 3):
            columns = usual_corners(values, dimension or 2)
            if columns is not None:
                self._fill_usual(columns, unit)
                return
        self._set(self._read_corners(values, _OF_CORNERS, dimension), inclusive, unit)

    def _set(self, table: NDArray[np.float64], inclusive: bool, unit: str | None) -> None:
        if table.shape[1] == 0:  # no boxes, in any dimension
            self._shapeless = True
            table = np.empty((0, 4))
        axes = table.shape[1] // 2
        usual = None if inclusive else usual_corners(table, axes)
        if usual is not None:
            self._fill_usual(usual, unit)
            return
        columns = np.array(table.T, order="C")  # a copy, always
        lower, upper = columns[:axes], columns[axes:]
        if inclusive:
            upper += 1.0
        with np.errstate(over="ignore"):
            side = upper - lower
        if side.size:
            least, most = limits(axes)
            if not (side.min() >= least and np.abs(columns).max() <= most):
                if not (side.min() >= 0.0 and side.max() < np.inf):
                    _reject(lower, upper, side)
                self._extreme = sizes_beyond(side, columns, "Boxes: box")
        self._fill(tuple(columns), unit)

    @classmethod
    def _made(cls, table: NDArray[np.float64], unit: str | None, inclusive: bool = False) -> Self:
        """Build boxes from a table of corners that was read."""
        result = cls.__new__(cls)
        result._set(table, inclusive, unit)
        return result

    @classmethod
    def _read_corners(
        cls, values: ArrayLike, naming: Naming, dimension: int | None
    ) -> NDArray[np.float64]:
        table = cls._read(values, None, naming)
        width = table.shape[1]
        if len(table) == 0 and width == 0:
            return table.reshape(0, 2 * (dimension or 0))
        if dimension is not None and width != 2 * dimension:
            raise ValueError(
                f"Boxes: expected shape (N, {2 * dimension}) for dimension = {dimension!r}; got "
                f"{table.shape}"
            )
        if width % 2 or width == 0:
            advice = f"; {_DETECTIONS}" if width == 5 else ""
            raise ValueError(
                f"Boxes: expected shape (N, 2 D), lower corner then upper corner; got "
                f"{table.shape}{advice}"
            )
        if width == 6 and dimension is None and len(table):
            _check_space(table)
        return table

    # ------------------------------------------------------------------- constructors

    @classmethod
    def sorted(
        cls, values: ArrayLike, *, unit: str | None = None, dimension: int | None = None
    ) -> Self:
        """Build boxes from any two opposite corners."""
        table = cls._read_corners(values, _OF_CORNERS, dimension)
        first, second = _halves(table)
        ends = np.minimum(first, second), np.maximum(first, second)
        return cls._made(np.concatenate(ends, axis=1), unit)

    @classmethod
    def from_xywh(
        cls,
        values: ArrayLike,
        *,
        inclusive: bool = False,
        unit: str | None = None,
        dimension: int | None = None,
    ) -> Self:
        """Build boxes from lower corner and size, shape (N, 2 D): ``x, y, w, h`` (COCO).

        With `inclusive`, sizes count pixels between the first and the last: 1 is added.
        """
        lower, size = _halves(cls._read_corners(values, _OF_SIZES, dimension))
        _check_sizes(size)
        return cls._made(np.concatenate([lower, lower + size], axis=1), unit, inclusive)

    @classmethod
    def from_cxcywh(
        cls, values: ArrayLike, *, unit: str | None = None, dimension: int | None = None
    ) -> Self:
        """Build boxes from centre and size, shape (N, 2 D): ``cx, cy, w, h`` (YOLO, DETR)."""
        center, size = _halves(cls._read_corners(values, _OF_CENTERS, dimension))
        return cls._from_sizes(center, size, unit)

    @classmethod
    def _from_sizes(
        cls, center: NDArray[np.float64], size: NDArray[np.float64], unit: str | None
    ) -> Self:
        _check_sizes(size)
        half = 0.5 * size
        return cls._made(np.concatenate([center - half, center + half], axis=1), unit)

    @classmethod
    def from_yolo(cls, values: ArrayLike, size: ArrayLike, *, unit: str | None = None) -> Self:
        """Build planar boxes in pixels from YOLO's shares of the image.

        Parameters
        ----------
        values : array_like, shape (N, 4)
            Center x, center y, width, height, each divided by the width or height of the image. The
            class, which comes first in label files, and the confidence are not among them.
        size : array_like, shape (2,) or (N, 2)
            Width and height of the image, in pixels; or one row for each box.
        unit : str, optional
            Unit of the coordinates, such as ``"px"``.

        Raises
        ------
        ValueError
            For another shape, and for shares outside [0, 1] by more than 0.01, as of pixels.

        See Also
        --------
        to_yolo : The way back.

        Examples
        --------
        >>> import overlap as ov
        >>> ov.Boxes.from_yolo([[0.5, 0.5, 0.25, 0.5]], size=(640, 480))
        Boxes([[240.0, 120.0, 400.0, 360.0]])
        """
        table = cls._read(values, None, _OF_CENTERS)
        table = table.reshape(0, 4) if table.size == 0 else table
        if table.shape[1] != 4:
            advice = (
                ". Leave out the class, which is the first column of label files, and the "
                "confidence: values[:, 1:5]"
            )
            raise ValueError(
                f"Boxes.from_yolo: expected shape (N, 4), center and size; got {table.shape}"
                f"{advice if table.shape[1] in (5, 6) else ''}"
            )
        center, sizes = _halves(pixels_of_yolo(table, size))
        return cls._from_sizes(center, sizes, unit)

    @classmethod
    def from_log_cxcywh(
        cls, values: ArrayLike, *, unit: str | None = None, dimension: int | None = None
    ) -> Self:
        """Build boxes from centre and log size, shape (N, 2 D): ``cx, cy, ln w, ln h``.

        See `overlap.coders.LogSize` for gradients with respect to these numbers.
        """
        table = cls._read_corners(values, Naming.of(), dimension)
        center, log_size = _halves(table)
        with np.errstate(over="ignore"):  # an infinite size is an error below
            size = np.exp(log_size)
        bad = np.argwhere(~np.isfinite(size))
        if len(bad):
            row, axis = bad[0]
            raise ValueError(
                f"Boxes: size exp({log_size[row, axis]}) on axis {axis} of box {row} is not finite"
            )
        return cls._from_sizes(center, size, unit)

    @classmethod
    def from_intervals(cls, intervals: Intervals) -> Self:
        """Build 1-D boxes from intervals of the real line."""
        if intervals.period is not None:
            raise ValueError("Boxes.from_intervals: the intervals have a period; boxes do not wrap")
        return cls._made(intervals.to_array(), intervals.unit)

    # --------------------------------------------------------------------- properties

    @property
    def dimension(self) -> int:
        """Number of axes D."""
        return len(self._arrays) // 2

    @property
    def lower(self) -> NDArray[np.float64]:
        """Lower corners, shape (N, D)."""
        return np.stack(self._arrays[: self.dimension], axis=1)

    @property
    def upper(self) -> NDArray[np.float64]:
        """Upper corners, shape (N, D)."""
        return np.stack(self._arrays[self.dimension :], axis=1)

    def to_xywh(self) -> NDArray[np.float64]:
        """Return lower corner and size, shape (N, 2 D)."""
        return np.hstack([self.lower, self.upper - self.lower])

    def to_cxcywh(self) -> NDArray[np.float64]:
        """Return centre and size, shape (N, 2 D)."""
        size = self.upper - self.lower
        return np.hstack([self.lower + 0.5 * size, size])

    def to_yolo(self, size: ArrayLike) -> NDArray[np.float64]:
        """Return centre and size as shares of the image, shape (N, 4), see `from_yolo`.

        Parameters
        ----------
        size : array_like, shape (2,) or (N, 2)
            Width and height of the image; or one row for each box.

        Raises
        ------
        ValueError
            For boxes whose shares are outside [0, 1] by more than 0.01.
        """
        if self.dimension != 2:
            raise ValueError(
                f"Boxes.to_yolo: these boxes have {self.dimension} axes; an image has two"
            )
        return yolo_of_pixels(self.to_cxcywh(), size)

    def measure(self) -> NDArray[np.float64]:
        """Return the volumes (areas, lengths), shape (N,)."""
        result = np.ones(len(self))
        for lower, upper in zip(
            self._arrays[: self.dimension], self._arrays[self.dimension :], strict=True
        ):
            result *= upper - lower
        return result

    def scaled(self, ratio: float) -> Self:
        """Return the boxes scaled by `ratio` >= 0 about their centres."""
        center, size = np.split(self.to_cxcywh(), 2, axis=1)
        half = 0.5 * checked_ratio(ratio) * size
        return self._made(np.hstack([center - half, center + half]), self.unit)

    def pull_scaled(self, grad: NDArray[np.float64], ratio: float) -> NDArray[np.float64]:
        """Return the gradient with respect to boxes from that with respect to scaled ones."""
        return pull_scaled_ends(grad, ratio)

    def side_share(self, share: float) -> float:
        """Return the share itself: boxes fill their outer boxes."""
        return share

    def smooth_scalars(self, method: Method) -> Scalars:
        """Return the scalars of a smooth overlap."""
        return _smooth(method, self.dimension)

    @property
    def boundary(self) -> bool:
        """Whether all parameters are coordinates of the boundary: they are."""
        return True

    @property
    def ends(self) -> NDArray[np.float64]:
        """Both ends of every axis, shape (N, D, 2)."""
        return np.stack([self.lower, self.upper], axis=2)

    def with_ends(self, ends: NDArray[np.float64]) -> Self:
        """Return boxes with other ends, shape (N, D, 2)."""
        table = self._read(np.hstack([ends[..., 0], ends[..., 1]]), 2 * self.dimension)
        return self._made(table, self.unit)

    def legal_ends(self, ends: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which ends are in order on every axis, shape (N,)."""
        return np.all(ends[..., 0] <= ends[..., 1], axis=1)

    def ends_to_parameters(self, move: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a move of the ends, shape (D, 2), in the order of the parameters."""
        return move.T.ravel()

    def ties(self, other: Self) -> NDArray[np.bool_]:
        """Return where an end meets an end of `other` on the same axis, shape (N,)."""
        return (self.ends[..., :, None] == other.ends[..., None, :]).any(axis=(1, 2, 3))

    def contains(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points, shape (Q, D), are in which half-open box: (N, Q)."""
        inside = np.ones((len(self), len(points)), bool)
        axes = self.dimension
        for k in range(axes):
            at = points[:, k]
            inside &= (at >= self._arrays[k][:, None]) & (at < self._arrays[axes + k][:, None])
        return inside

    # ------------------------------------------------------------------------- kernels

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars; the natural enclosure is the smallest box."""
        if enclosure != "natural":
            self._check_enclosure(enclosure)
            if enclosure in ("hull", "min_rect"):
                return _plane_geometry(enclosure)
        return _box_geometry(len(self._arrays) // 2)

    def _enclosures(self) -> tuple[str, ...]:
        plane = ("hull", "min_rect") if self.dimension == 2 else ()
        return ("natural", "box", *plane)

    def _check_enclosure(self, enclosure: str) -> None:
        if enclosure in ("hull", "min_rect") and self.dimension != 2:
            raise TypeError(
                f"Boxes in {self.dimension} dimensions have no {enclosure!r} enclosure, which "
                "boxes in the plane only have; use 'box'"
            )
        super()._check_enclosure(enclosure)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return lower and upper corners, each of shape (D, N)."""
        axes = self.dimension
        return np.array(self._arrays[:axes]), np.array(self._arrays[axes:])

    @classmethod
    def concat(cls, batches: Sequence[Self]) -> Self:
        """Join batches of the same dimension and unit into one.

        Parameters
        ----------
        batches : sequence of Boxes
            At least one; ``Boxes([])`` goes with any dimension.
        """
        batches = list(batches)
        shaped = [batch for batch in batches if not batch._shapeless]
        return super().concat(shaped or batches[:1])

    def _names(self) -> tuple[str, ...]:
        axes = "xyz" if self.dimension <= 3 else [f"x{k}_" for k in range(self.dimension)]
        return tuple(f"{axes[k]}{end}" for end in (0, 1) for k in range(self.dimension))

    def _check_partner(self, other: Regions, mine: str, theirs: str) -> None:
        assert isinstance(other, Boxes)
        if len(self._arrays) != len(other._arrays) and not (self._shapeless or other._shapeless):
            raise ValueError(
                f"{mine} has boxes in {self.dimension} dimensions and {theirs} "
                f"in {other.dimension}; they cannot be compared"
            )


def _reject(lower: NDArray, upper: NDArray, side: NDArray) -> None:
    """Raise the error of the first bad side."""
    row, axis = np.argwhere(~((side >= 0.0) & (side < np.inf)).T)[0]
    if side[axis, row] < 0.0:
        advice = "use Boxes.sorted(...) to swap"
        if len(side) == 3:
            advice += f"; six numbers are a box in space: {_DETECTIONS}"
        raise ValueError(
            f"Boxes: upper corner {upper[axis, row]} is below lower corner {lower[axis, row]} "
            f"on axis {axis} of box {row}; {advice}"
        )
    raise ValueError(f"Boxes: side {axis} of box {row} overflows float64")


_DETECTIONS = (
    "of rows of class, center, size (and confidence) take rows[:, 1:5] with Boxes.from_cxcywh, of "
    "rows of corners, confidence (and class) rows[:, :4]"
)


def _check_space(table: NDArray[np.float64]) -> None:
    """Raise if rows of six numbers are a class, a center and a size in [0, 1], a confidence.

    The box of such a row lies in the image. Boxes in space are taken for them only if, in every
    row, x0 is a whole number, and y0 and z0 are at least half of x1 and y1.
    """
    first = table[0].tolist()
    if not (first[0].is_integer() and 0.0 <= min(first) and max(first[1:]) <= 1.0):
        return
    label, size = table[:, 0], table[:, 3:5]
    low, high = table[:, 1:3] - 0.5 * size, table[:, 1:3] + 0.5 * size
    if (
        (label == np.floor(label)).all()
        and table.min() >= 0.0
        and table[:, 1:].max() <= 1.0
        and table[:, 1:5].min() > 0.0
        and low.min() >= -1e-5  # labels have six digits
        and high.max() <= 1.0 + 1e-5
    ):
        raise ValueError(
            "Boxes: rows of six numbers are boxes in space (x0, y0, z0, x1, y1, z1), but these "
            f"look like class, center, size and confidence; {_DETECTIONS}; of boxes in space, say "
            "dimension=3"
        )


def _halves(table: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the first half of the columns and the second one."""
    half = table.shape[1] // 2
    return table[:, :half], table[:, half:]


def _check_sizes(size: NDArray[np.float64]) -> None:
    if as_numbers(size, "Boxes").min(initial=0.0) < 0.0:
        row, axis = np.argwhere(size < 0.0)[0]
        raise ValueError(f"Boxes: size {size[row, axis]} on axis {axis} of box {row} is negative")


_ROUNDING = 0.01  # shares that were written with few decimals
_NAMES = ("cx", "cy", "w", "h")


def pixels_of_yolo(table: NDArray[np.float64], size: Any) -> NDArray[np.float64]:
    """Return centers and sizes in pixels, shape (N, 4).

    Parameters
    ----------
    table : ndarray, shape (N, 4)
        Shares of the image.
    size : array_like, shape (2,) or (N, 2)
        Width and height.
    """
    sides = _sides(size, len(table), "Boxes.from_yolo")
    bad = _outside(table)
    if len(bad):
        row, column = bad[0]
        raise ValueError(
            f"Boxes.from_yolo: {_NAMES[column]}[{row}] = {table[row, column]} is not in [0, 1], as "
            "shares of the image are; use Boxes.from_cxcywh for pixels"
        )
    return table * sides


def yolo_of_pixels(table: NDArray[np.float64], size: Any) -> NDArray[np.float64]:
    """Return centers and sizes as shares of the image, shape (N, 4).

    Parameters
    ----------
    table : ndarray, shape (N, 4)
        In pixels.
    size : array_like, shape (2,) or (N, 2)
        Width and height.
    """
    sides = _sides(size, len(table), "Boxes.to_yolo")
    result = table / sides
    bad = _outside(result)
    if len(bad):
        row, column = bad[0]
        w, h = (f"{side:g}" for side in sides[row, :2])
        raise ValueError(
            f"Boxes.to_yolo: box {row} has {_NAMES[column]} = {table[row, column]:g} in an image "
            f"of {w} x {h} (width x height), which is outside; check the order of size, or cut the "
            "boxes to the image first"
        )
    return result


def _outside(shares: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.argwhere(~((shares >= -_ROUNDING) & (shares <= 1.0 + _ROUNDING)))


def _sides(size: Any, count: int, what: str) -> NDArray[np.float64]:
    """Return width, height, width, height of the image of every box, shape (N, 4)."""
    sides = as_numbers(size, f"{what}: size")
    if sides.shape not in ((2,), (count, 2)):
        shape = "; the shape of an array has the height first" if sides.shape == (3,) else ""
        raise ValueError(
            f"{what}: size has shape {sides.shape}; expected (width, height), or one such row for "
            f"each of the {count} boxes{shape}"
        )
    bad = np.argwhere(~((sides > 0.0) & (sides < np.inf)))
    if len(bad):
        at = "".join(f"[{k}]" for k in bad[0])
        raise ValueError(f"{what}: size{at} = {sides[tuple(bad[0])]} is not a finite number > 0")
    return np.broadcast_to(np.concatenate([sides, sides], axis=-1), (count, 4))
