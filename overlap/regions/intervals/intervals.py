"""Intervals: spans of time or of any other real line, or arcs of a circle."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap._common.columns import Naming, fields
from overlap._common.limits import MOST_AWAY
from overlap._common.numbers import checked_ratio, one_number
from overlap._common.sizes import limits, sizes_beyond
from overlap._common.times import read_spans
from overlap._kernels.jit import compose, scalar
from overlap._kernels.terms import Geometry, step
from overlap.regions._geometry.usual import usual_corners
from overlap.regions.base import Regions
from overlap.regions.intervals.arcs import CIRCLE
from overlap.regions.smooth import Smoothable
from overlap.regions.smooth.geometry import Method, Scalars

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Intervals", "pull_scaled_ends"]

_LEAST, _MOST = limits(1)
_NAMING = Naming.of(
    "start|t-start|t-init|begin|start-time|onset|t0|t-min|start-frame|start-sec",
    "stop|end|t-end|t-stop|end-time|offset|t1|t-max|stop-time|end-frame|stop-frame|end-sec|stop-sec",
    others=(
        (
            fields("center|centre|middle", "duration|length"),
            "use Intervals.from_center_duration",
        ),
        (
            fields("start|t-start|begin|start-time|onset", "duration|length"),
            "give start, and start + duration",
        ),
    ),
)
_DURATIONS = Naming.of(
    "center|centre|middle",
    "duration|length",
    others=(
        (fields("start|begin|onset", "stop|end|offset"), "use Intervals(...)"),
        (
            fields("start|begin|onset", "duration|length"),
            "use Intervals of start, start + duration",
        ),
    ),
)

# Columns on the real line: start, stop. On a circle see `overlap.regions.intervals.arcs`.


@scalar
def interval_overlap(a, i, b, j):
    """Return ``(length_a, length_b, intersection)`` of two intervals."""
    shared = min(a[1][i], b[1][j]) - max(a[0][i], b[0][j])
    return a[1][i] - a[0][i], b[1][j] - b[0][j], max(shared, 0.0)


@scalar
def interval_enclosure(a, i, b, j):
    """Return ``(hull, center_gap2, diameter2)`` of two intervals."""
    hull = max(a[1][i], b[1][j]) - min(a[0][i], b[0][j])
    gap = 0.5 * ((a[0][i] - b[0][j]) + (a[1][i] - b[1][j]))
    return hull, gap * gap, hull * hull


@scalar
def interval_extent(a, i, b, j):
    """Return the one axis ``((offset, side_a, side_b, cover),)`` of two intervals."""
    offset = 0.5 * ((a[0][i] - b[0][j]) + (a[1][i] - b[1][j]))
    cover = max(a[1][i], b[1][j]) - min(a[0][i], b[0][j])
    return ((offset, a[1][i] - a[0][i], b[1][j] - b[0][j], cover),)


@scalar
def interval_pullback(a, i, b, j, do, de, ds, dx):
    """Return the gradient with respect to start and stop of ``a[i]``."""
    a0, a1, b0, b1 = a[0][i], a[1][i], b[0][j], b[1][j]
    shared = do[2] * step(min(a1, b1) - max(a0, b0))
    hull = max(a1, b1) - min(a0, b0)
    cover = de[0] + 2.0 * hull * de[2] + dx[0][3]
    center = 0.5 * dx[0][0] + de[1] * (0.5 * ((a0 - b0) + (a1 - b1)))
    side = do[0] + dx[0][1]
    return (
        center - side - shared * step(a0 - b0) - cover * step(b0 - a0),
        center + side + shared * step(b1 - a1) + cover * step(a1 - b1),
    )


# The intersection of smoothed intervals is at most the mean of both measures, but for rounding.


def _smooth_overlap(a, i, b, j):
    first, second, shared = LENGTH(a[0][0][i], a[0][1][i], b[0][0][j], b[0][1][j], a[1][0], a[1][1])
    return first, second, min(shared, 0.5 * (first + second))


def _smooth_pullback(a, i, b, j, do, de, ds, dx):
    side, start, stop = SLOPES(a[0][0][i], a[0][1][i], b[0][0][j], b[0][1][j], a[1][0], a[1][1])
    return (do[2] * start - do[0] * side, do[2] * stop + do[0] * side)


@cache
def _smooth(method: Method) -> Scalars:
    return (
        compose(_smooth_overlap, LENGTH=method.length),
        compose(_smooth_pullback, SLOPES=method.slopes),
    )


_LINE = Geometry(
    overlap=interval_overlap,
    enclosure=interval_enclosure,
    extent=interval_extent,
    pullback=interval_pullback,
    axes=1,
    aspect=True,
    fused=True,
)


class Intervals(Smoothable):
    """Half-open intervals ``[start, stop)``, or arcs where there is a period.

    Parameters
    ----------
    values : array_like, shape (N, 2)
        Start and stop of every interval, ``start <= stop``.
    period : float, optional
        Length of the circle. Any real start is legal then and
        ``0 <= stop - start <= period``; see `from_wrapped` for ``stop < start``.
    unit : str, optional
        Unit of start and stop, such as ``"s"``.

    Raises
    ------
    ValueError
        For another shape, values that are not finite, a stop before its start, and an arc
        longer than the period.

    Examples
    --------
    >>> import overlap as ov
    >>> truth = ov.Intervals([[0.0, 10.0], [20.0, 25.0]])
    >>> found = ov.Intervals([[1.0, 9.0], [24.0, 31.0]])
    >>> ov.iou(found, truth)
    array([0.8       , 0.09090909])
    >>> night = ov.Intervals([[22.0, 30.0]], period=24.0)
    >>> ov.iou(night, ov.Intervals([[4.0, 8.0]], period=24.0))
    array([0.2])
    """

    columns = ("start", "stop")
    axes = 1
    _period: float | None

    def __init__(
        self, values: ArrayLike, *, period: float | None = None, unit: str | None = None
    ) -> None:
        columns = usual_corners(values, 1) if period is None else None
        if columns is not None:
            self._period = None
            self._fill_usual(columns, unit)
            return
        table = self._read(values, 2)
        self._period = None if period is None else _checked_period(period)
        start, stop = np.array(table[:, 0]), np.array(table[:, 1])  # copies, always
        with np.errstate(over="ignore"):
            length = stop - start
        if length.size and not (length.min() >= _LEAST and np.abs(table).max() <= _MOST):
            bad = np.flatnonzero(length < 0)
            if bad.size:
                k = bad[0]
                way_out = "from_wrapped(...)" if period is not None else "sorted(...) to swap"
                raise ValueError(
                    f"Intervals: stop[{k}] = {stop[k]} is before start[{k}] = {start[k]}; "
                    f"use Intervals.{way_out}"
                )
            if not np.isfinite(length).all():
                k = np.flatnonzero(~np.isfinite(length))[0]
                raise ValueError(f"Intervals: the length of interval {k} overflows float64")
            self._extreme = sizes_beyond(length[None], table, "Intervals: interval")
        if self._period is None:
            self._fill((start, stop), unit)
            return
        bad = np.flatnonzero(length > self._period)
        if bad.size:
            k = bad[0]
            raise ValueError(
                f"Intervals: interval {k} is {length[k]} long, more than the period "
                f"{self._period}; cut it to one turn"
            )
        far = np.abs(table).max(initial=0.0)
        if far > MOST_AWAY * self._period:
            raise ValueError(
                f"Intervals: {far:g} is {far / self._period:.3g} periods away from 0, at most "
                f"{MOST_AWAY:.3g} are possible: float64 does not know places farther out "
                "within a period; subtract whole periods first"
            )
        wrapped = np.mod(start, self._period)
        wrapped[wrapped >= self._period] = 0.0  # a tiny negative start rounds up to a full turn
        self._fill((start, stop, wrapped, length), unit)

    # ------------------------------------------------------------------- constructors

    @classmethod
    def _on_line(
        cls, start: NDArray[np.float64], stop: NDArray[np.float64], unit: str | None
    ) -> Self:
        """Build intervals from ends that are known to be valid."""
        result = cls.__new__(cls)
        result._period = None
        result._fill((start, stop), unit)
        return result

    @classmethod
    def _naming(cls) -> Naming:
        return _NAMING

    @classmethod
    def sorted(cls, values: ArrayLike, *, unit: str | None = None) -> Self:
        """Build intervals whose ends may come in either order."""
        return cls(np.sort(cls._read(values, 2), axis=1), unit=unit)

    @classmethod
    def from_wrapped(cls, values: ArrayLike, *, period: float, unit: str | None = None) -> Self:
        """Build arcs from ends whose stop may be smaller than their start.

        Parameters
        ----------
        values : array_like, shape (N, 2)
            Start and stop; the arc runs forward from start, so that ``(350, 10)`` with a
            period of 360 is 20 long. Equal ends give an empty arc.
        period : float
            Length of the circle; ``abs(stop - start) <= period``.
        unit : str, optional
        """
        table = cls._read(values, 2).copy()
        table[:, 1] += np.where(table[:, 1] < table[:, 0], _checked_period(period), 0.0)
        return cls(table, period=period, unit=unit)

    @classmethod
    def from_center_duration(
        cls, values: ArrayLike, *, period: float | None = None, unit: str | None = None
    ) -> Self:
        """Build intervals from centre and duration, shape (N, 2), duration >= 0."""
        table = cls._read(values, 2, _DURATIONS)
        bad = np.flatnonzero(table[:, 1] < 0)
        if bad.size:
            raise ValueError(f"Intervals: duration[{bad[0]}] = {table[bad[0], 1]} is negative")
        half = 0.5 * table[:, 1]
        return cls(np.stack([table[:, 0] - half, table[:, 0] + half], 1), period=period, unit=unit)

    @classmethod
    def from_frames(cls, values: ArrayLike, *, fps: float, inclusive: bool = False) -> Self:
        """Build intervals in seconds from frame numbers.

        Parameters
        ----------
        values : array_like, shape (N, 2)
            First frame, and the frame after the last; with `inclusive`, the last frame.
        fps : float
            Frames per second, > 0.
        inclusive : bool
            The second number is the last frame itself: one frame is added to it.
        """
        if not 0 < one_number(fps, "Intervals.from_frames: fps") < math.inf:
            raise ValueError(f"Intervals.from_frames: fps = {fps!r} is not a positive number")
        table = cls._read(values, 2).copy()
        table[:, 1] += bool(inclusive)
        return cls(table / fps, unit="s")

    @classmethod
    def from_datetimes(
        cls, starts: ArrayLike, stops: ArrayLike, *, origin: Any = None, unit: str = "s"
    ) -> Self:
        """Build intervals from datetimes, or from durations since a common beginning.

        Parameters
        ----------
        starts, stops : array_like, shape (N,)
            datetime64, pandas columns or Python datetimes; or timedelta64 and the like. Times with
            a time zone are turned to UTC, and never compared with times without one.
        origin : datetime or str, optional
            The time that becomes 0, such as ``"2024-01-01"``; by default the first of all starts.
            Two batches are compared only if they have the same one. Durations count from zero.
        unit : {"s", "ms", "us", "ns", "min", "h", "D"}
            Unit of the numbers.

        Returns
        -------
        Intervals
            With a unit that names the origin, as in the CF conventions:
            ``"s since 2024-01-01"``.

        Raises
        ------
        TypeError, ValueError
            For what is no time, a missing time (NaT), times with and without zone together, and
            intervals so far from the origin that float64 rounds their ends by more than 1e-9 of
            their length.

        Notes
        -----
        Differences are taken in whole ticks and are exact. A number is the nearest float64 to the
        exact number of units: 0.1 s is no float64, as ever; 100 ms is.

        Examples
        --------
        >>> import numpy as np
        >>> import overlap as ov
        >>> times = np.array(["2024-01-01T10:00:00", "2024-01-01T10:00:10"], "datetime64[ns]")
        >>> ov.Intervals.from_datetimes(times[:1], times[1:], origin="2024-01-01T10:00:00")
        Intervals([[0.0, 10.0]], unit='s since 2024-01-01T10:00:00')
        """
        table, text = read_spans(starts, stops, origin, unit, "Intervals.from_datetimes")
        return cls(table, unit=f"{unit} since {text}" if text else unit)

    # ---------------------------------------------------------------------- properties

    @property
    def period(self) -> float | None:
        """Length of the circle, or None on the real line."""
        return self._period

    @property
    def start(self) -> NDArray[np.float64]:
        """Starts, shape (N,)."""
        return self._arrays[0]

    @property
    def stop(self) -> NDArray[np.float64]:
        """Stops, shape (N,)."""
        return self._arrays[1]

    def measure(self) -> NDArray[np.float64]:
        """Return the lengths, shape (N,)."""
        return self.stop - self.start

    def scaled(self, ratio: float) -> Self:
        """Return the intervals scaled by `ratio` >= 0 about their centres."""
        ratio = checked_ratio(ratio)
        half = 0.5 * ratio * self.measure()
        center = self.start + 0.5 * self.measure()
        return type(self)(
            np.stack([center - half, center + half], 1), period=self.period, unit=self.unit
        )

    def pull_scaled(self, grad: NDArray[np.float64], ratio: float) -> NDArray[np.float64]:
        """Return the gradient with respect to intervals from that with respect to scaled ones."""
        return pull_scaled_ends(grad, ratio)

    @property
    def boundary(self) -> bool:
        """Whether all parameters are coordinates of the boundary: they are."""
        return True

    @property
    def ends(self) -> NDArray[np.float64]:
        """Both ends of the one axis, shape (N, 1, 2)."""
        return self.to_array()[:, None, :]

    def with_ends(self, ends: NDArray[np.float64]) -> Self:
        """Return intervals with other ends, shape (N, 1, 2)."""
        return type(self)(ends[:, 0, :], period=self._period, unit=self.unit)

    def legal_ends(self, ends: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which ends are in order and no longer than the period, shape (N,)."""
        length = ends[:, 0, 1] - ends[:, 0, 0]
        return (length >= 0) & (length <= (np.inf if self._period is None else self._period))

    def ends_to_parameters(self, move: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a move of the ends, shape (1, 2), in the order of the parameters."""
        return move.ravel()

    def ties(self, other: Self) -> NDArray[np.bool_]:
        """Return where an end may meet an end of `other`; on a circle, everywhere."""
        if self._period is not None:
            return np.ones(len(self), bool)
        return (self.ends[:, 0, :, None] == other.ends[:, 0, None, :]).any(axis=(1, 2))

    def contains(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points, shape (Q, 1), are in which half-open interval: (N, Q)."""
        past = points[:, 0] - self.start[:, None]
        if self._period is not None:
            past = np.mod(past, self._period)
        return (past >= 0) & (past < self.measure()[:, None])

    # ------------------------------------------------------------------------- kernels

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars; the covering interval is also the smallest box."""
        self._check_enclosure(enclosure)
        return _LINE if self._period is None else CIRCLE

    def _enclosures(self) -> tuple[str, ...]:
        return ("natural", "box")

    def kernel_columns(self) -> tuple[Any, ...]:
        """Return the columns that the jitted scalars index."""
        if self._period is None:
            return self._arrays
        return (*self._arrays, np.array([self._period]))

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return starts and stops, each of shape (1, N); None on a circle."""
        if self._period is not None:
            return None
        return self.start[None], self.stop[None]

    def arcs(self) -> tuple[float, NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the period, starts in [0, period) and stops after them; None on a line."""
        if self._period is None:
            return None
        start, length = self._arrays[2:]
        return self._period, start, start + length

    def side_share(self, share: float) -> float:
        """Return the share itself: intervals fill their outer boxes."""
        return share

    def smooth_scalars(self, method: Method) -> Scalars | None:
        """Return the scalars of a smooth overlap; None on a circle."""
        return _smooth(method) if self._period is None else None

    def _copy_settings(self, like: Regions) -> None:
        assert isinstance(like, Intervals)
        self._period = like._period

    def _settings(self) -> dict[str, Any]:
        own = {} if self._period is None else {"period": self._period}
        return {**own, **super()._settings()}

    def _check_partner(self, other: Regions, mine: str, theirs: str) -> None:
        assert isinstance(other, Intervals)
        if self._period != other._period:
            raise ValueError(
                f"{mine} has period {self._period} and {theirs} has period {other._period}; "
                "build both with the same period"
            )


def _checked_period(period: float) -> float:
    value = one_number(period, "Intervals: period")
    if not 0 < value < math.inf:
        raise ValueError(f"Intervals: period = {period!r} is not a positive number")
    return value


def pull_scaled_ends(grad: NDArray[np.float64], ratio: float) -> NDArray[np.float64]:
    """Return the gradient with respect to ends from that with respect to scaled ends.

    Parameters
    ----------
    grad : ndarray, shape (2 D, N)
        With respect to lower, then upper ends of regions scaled about their centers.
    ratio : float
    """
    lower, upper = np.split(grad, 2)
    near, far = 0.5 * (1.0 + ratio), 0.5 * (1.0 - ratio)
    return np.concatenate([near * lower + far * upper, far * lower + near * upper])
