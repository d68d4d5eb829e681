"""Boxes: axis-aligned boxes in any dimension."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Self

import numpy as np

from overlap._jit import compose, scalar
from overlap._terms import Geometry, each_axis, step
from overlap.regions import _enclosures
from overlap.regions._enclosure_pulls import min_rect_pull
from overlap.regions._enclosures import min_rect_axes
from overlap.regions._hull import hull_enclosure, hull_pull, tied_hull_pull
from overlap.regions.base import Regions, as_numbers
from overlap.regions.intervals import Intervals, _checked_ratio

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Boxes"]

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


@cache
def _plane_geometry(enclosure: str) -> Geometry:
    own = _box_geometry(2)
    pull = hull_pull if enclosure == "hull" else min_rect_pull
    pullback = compose(_plane_pullback, PULLBACK=own.pullback, PULL=pull)
    if enclosure == "min_rect":
        return _enclosures.rect_geometry(own, _pair, min_rect_axes, pullback)
    hull = replace(
        own,
        enclosure=compose(hull_enclosure, PAIR=_pair),
        extent=_own_extent,
        pullback=pullback,
        sides=False,
        fused_enclosure=False,
    )
    tied = compose(tied_hull_pull, ENDS=True)
    pullback = compose(_plane_pullback, PULLBACK=own.pullback, PULL=tied)
    return replace(hull, at_ties=replace(hull, pullback=pullback))


class Boxes(Regions):
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

    Raises
    ------
    ValueError
        For another shape, values that are not finite, and an upper corner below the lower
        one.

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
        self, values: ArrayLike, *, inclusive: bool = False, unit: str | None = None
    ) -> None:
        table = self._read_corners(values)
        axes = table.shape[1] // 2
        columns = np.array(table.T, order="C")  # a copy, always
        lower, upper = columns[:axes], columns[axes:]
        if inclusive:
            upper += 1.0
        with np.errstate(over="ignore"):
            side = upper - lower
        if side.size and not (side.min() >= 0.0 and side.max() < np.inf):
            _reject(lower, upper, side)
        self._fill(tuple(columns), unit)

    @classmethod
    def _read_corners(cls, values: ArrayLike) -> NDArray[np.float64]:
        table = cls._read(values, None)
        if table.shape[1] == 0:
            table = table.reshape(len(table), 4) if len(table) == 0 else table
        if table.shape[1] % 2 or table.shape[1] == 0:
            raise ValueError(
                f"Boxes: expected shape (N, 2 D), lower corner then upper corner; got {table.shape}"
            )
        return table

    # ------------------------------------------------------------------- constructors

    @classmethod
    def sorted(cls, values: ArrayLike, *, unit: str | None = None) -> Self:
        """Build boxes from any two opposite corners."""
        table = cls._read_corners(values)
        first, second = np.split(table, 2, axis=1)
        return cls(np.hstack([np.minimum(first, second), np.maximum(first, second)]), unit=unit)

    @classmethod
    def from_xywh(
        cls, values: ArrayLike, *, inclusive: bool = False, unit: str | None = None
    ) -> Self:
        """Build boxes from lower corner and size, shape (N, 2 D): ``x, y, w, h`` (COCO).

        With `inclusive`, sizes count pixels between the first and the last: 1 is added.
        """
        lower, size = np.split(cls._read_corners(values), 2, axis=1)
        _check_sizes(size)
        return cls(np.hstack([lower, lower + size]), inclusive=inclusive, unit=unit)

    @classmethod
    def from_cxcywh(cls, values: ArrayLike, *, unit: str | None = None) -> Self:
        """Build boxes from centre and size, shape (N, 2 D): ``cx, cy, w, h`` (YOLO, DETR)."""
        center, size = np.split(cls._read_corners(values), 2, axis=1)
        _check_sizes(size)
        return cls(np.hstack([center - 0.5 * size, center + 0.5 * size]), unit=unit)

    @classmethod
    def from_log_cxcywh(cls, values: ArrayLike, *, unit: str | None = None) -> Self:
        """Build boxes from centre and log size, shape (N, 2 D): ``cx, cy, ln w, ln h``.

        See `overlap.coders.LogSize` for gradients with respect to these numbers.
        """
        center, log_size = np.split(cls._read_corners(values), 2, axis=1)
        with np.errstate(over="ignore"):  # an infinite size is an error below
            size = np.exp(log_size)
        return cls.from_cxcywh(np.hstack([center, size]), unit=unit)

    @classmethod
    def from_intervals(cls, intervals: Intervals) -> Self:
        """Build 1-D boxes from intervals of the real line."""
        if intervals.period is not None:
            raise ValueError("Boxes.from_intervals: the intervals have a period; boxes do not wrap")
        return cls(intervals.to_array(), unit=intervals.unit)

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
        half = 0.5 * _checked_ratio(ratio) * size
        return type(self)(np.hstack([center - half, center + half]), unit=self.unit)

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
        return type(self)(np.hstack([ends[..., 0], ends[..., 1]]), unit=self.unit)

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
        self._check_enclosure(enclosure)
        if enclosure in ("hull", "min_rect"):
            return _plane_geometry(enclosure)
        return _box_geometry(self.dimension)

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
        return np.stack(self._arrays[:axes]), np.stack(self._arrays[axes:])

    def _names(self) -> tuple[str, ...]:
        axes = "xyz" if self.dimension <= 3 else [f"x{k}_" for k in range(self.dimension)]
        return tuple(f"{axes[k]}{end}" for end in (0, 1) for k in range(self.dimension))

    def _check_partner(self, other: Regions, mine: str, theirs: str) -> None:
        assert isinstance(other, Boxes)
        if len(self._arrays) != len(other._arrays):
            raise ValueError(
                f"{mine} has boxes in {self.dimension} dimensions and {theirs} "
                f"in {other.dimension}; they cannot be compared"
            )


def _reject(lower: NDArray, upper: NDArray, side: NDArray) -> None:
    """Raise the error of the first bad side."""
    row, axis = np.argwhere(~((side >= 0.0) & (side < np.inf)).T)[0]
    if side[axis, row] < 0.0:
        raise ValueError(
            f"Boxes: upper corner {upper[axis, row]} is below lower corner {lower[axis, row]} "
            f"on axis {axis} of box {row}; use Boxes.sorted(...) to swap"
        )
    raise ValueError(f"Boxes: side {axis} of box {row} overflows float64")


def _check_sizes(size: NDArray[np.float64]) -> None:
    bad = np.argwhere(as_numbers(size, "Boxes") < 0)
    if bad.size:
        row, axis = bad[0]
        raise ValueError(f"Boxes: size {size[row, axis]} on axis {axis} of box {row} is negative")
