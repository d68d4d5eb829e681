"""IntervalSets: finite unions of disjoint intervals, such as all the times of one thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap._common.sizes import LARGEST_POWER
from overlap._kernels.jit import specialise
from overlap.regions.base import check_pair
from overlap.regions.interval_sets.edges import combine
from overlap.regions.interval_sets.input import (
    checked_length,
    merged,
    read_frames,
    read_groups,
    read_lists,
)
from overlap.regions.interval_sets.store import IntervalStore
from overlap.regions.intervals import Intervals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["IntervalSets"]

_AND, _OR, _WITHOUT, _EITHER = 0b1000, 0b1110, 0b0010, 0b0110  # see `combine`


class IntervalSets(IntervalStore):
    """Sets of numbers, each a finite union of disjoint half-open intervals.

    Parameters
    ----------
    values : sequence of array_like, each of shape (K, 2)
        For every set its intervals, start and stop, in any order; K may differ, and 0 is an
        empty set. On entry intervals are sorted, empty ones are left out, and those that
        overlap or touch become one: ``[0, 2)`` and ``[2, 5)`` are ``[0, 5)``.
    unit : str, optional
        Unit of the numbers, such as ``"s"``.

    Raises
    ------
    TypeError, ValueError
        For another shape, numbers that are not finite, and a stop before its start; the
        message names the set and the interval.

    Notes
    -----
    The measure is the total length. The common enclosure is the interval that covers both
    sets, and centers are centroids; a set's own enclosure is the interval that covers it, so
    ``iou - enclosed_gap`` is 1 exactly for equal sets. Against an empty set `center_gap` is 1.
    No edge of a result of the set algebra is new: each is one of the inputs', to the bit.
    Gradients are with respect to all starts and stops: shape (E, 2), the intervals of the first
    pair's set, then those of the second's, and so on.

    Examples
    --------
    >>> import overlap as ov
    >>> home = ov.IntervalSets([[[0, 4], [6, 10]], [[1, 2]]], unit="s")
    >>> home.measure()
    array([8., 1.])
    >>> away = ov.IntervalSets([[[2, 7]]], unit="s")
    >>> ov.iou(home, away)
    array([0.3, 0. ])
    >>> home & away
    IntervalSets([[[2.0, 4.0], [6.0, 7.0]], []], unit='s')
    >>> home.complement(within=(0, 12))[0]
    IntervalSets([[[4.0, 6.0], [10.0, 12.0]]], unit='s')
    """

    def __init__(self, values: Sequence[ArrayLike], *, unit: str | None = None) -> None:
        region, table, size = read_lists(values)
        self._set(*merged(region, table[:, 0], table[:, 1], size), unit)
        with np.errstate(over="ignore", invalid="ignore"):
            long = np.flatnonzero(self._arrays[5] - self._arrays[4] > 2.0**LARGEST_POWER)
        if long.size:
            raise ValueError(f"IntervalSets: the span of set {long[0]} overflows float64")

    # ------------------------------------------------------------------- constructors

    @classmethod
    def from_intervals(
        cls, intervals: Intervals, groups: ArrayLike | None = None, *, size: int | None = None
    ) -> Self:
        """Join intervals into sets.

        Parameters
        ----------
        intervals : Intervals
            On the real line.
        groups : array_like, shape (E,), optional
            Which belong together: sets come in ascending order of these labels. Without it
            all are one set.
        size : int, optional
            Number of sets; `groups` are then their numbers, 0 to ``size - 1``, and sets
            without an interval are empty.

        Examples
        --------
        >>> import overlap as ov
        >>> spells = ov.Intervals([[0, 2], [5, 6], [1, 3]])
        >>> ov.IntervalSets.from_intervals(spells, ["a", "b", "a"])
        IntervalSets([[[0.0, 3.0]], [[5.0, 6.0]]])
        """
        region, count = read_groups(intervals, groups, size)
        return cls._of(*merged(region, intervals.start, intervals.stop, count), intervals.unit)

    @classmethod
    def from_frames(cls, frames: ArrayLike, *, fps: float, start: float = 0.0) -> Self:
        """Make sets from what is true of every frame.

        Parameters
        ----------
        frames : array_like of bool, shape (N, frames) or (frames,)
            Frame k lasts from ``start + k / fps`` to ``start + (k + 1) / fps``.
        fps : float
            Frames per second, > 0.
        start : float
            Seconds at which the first frame begins.

        Examples
        --------
        >>> import overlap as ov
        >>> ov.IntervalSets.from_frames([True, True, False, True], fps=2.0)
        IntervalSets([[[0.0, 1.0], [1.5, 2.0]]], unit='s')
        """
        region, table, size = read_frames(frames, fps, start)
        return cls._of(*merged(region, table[:, 0], table[:, 1], size), "s")

    # -------------------------------------------------------------------- set algebra

    def __and__(self, other: IntervalSets | Intervals) -> Self:
        return self._combined(other, _AND)

    def __or__(self, other: IntervalSets | Intervals) -> Self:
        return self._combined(other, _OR)

    def __sub__(self, other: IntervalSets | Intervals) -> Self:
        return self._combined(other, _WITHOUT)

    def __xor__(self, other: IntervalSets | Intervals) -> Self:
        return self._combined(other, _EITHER)

    def _combined(self, other: Any, table: int) -> Self:
        """Combine set by set; a batch of one set is repeated."""
        if isinstance(other, Intervals):
            other = type(self).from_intervals(other, np.arange(len(other)), size=len(other))
        check_pair(self, other, "the first operand", "the second operand")
        n, m = len(self), len(other)
        if n != m and 1 not in (n, m):
            raise ValueError(
                f"the first operand has {n} sets and the second {m}; they need equal lengths, or "
                "one set on one side"
            )
        size = n if m == 1 else m
        sides = []
        for batch in (self, other):
            first, last = batch._arrays[:2]
            if len(batch) != size:
                first, last = np.repeat(first, size), np.repeat(last, size)
            sides.append((batch._edges, first, last))
        (a, first_a, last_a), (b, first_b, last_b) = sides
        edges = np.empty(int((last_a - first_a).sum() + (last_b - first_b).sum()) + 1)
        counts = np.empty(size, np.int64)
        # To the kernel, writable and read-only arrays are different types.
        columns = (a, first_a, last_a, b, first_b, last_b)
        count = specialise(combine)(*map(_read_only, columns), table, edges, counts)
        return self._of(edges[:count], counts, self.unit if other.unit is None else other.unit)

    def complement(self, *, within: Sequence[float] | Intervals | IntervalSets) -> Self:
        """Return what of a window is not in the sets.

        Parameters
        ----------
        within : pair of float, Intervals or IntervalSets
            One window for all sets, or one for each.
        """
        window = self._window(within)
        return window - self  # type: ignore[return-value]

    def coverage(self, *, within: Sequence[float] | Intervals | IntervalSets) -> NDArray:
        """Return which share of a window each set covers, shape (N,); NaN of an empty window.

        Parameters
        ----------
        within : pair of float, Intervals or IntervalSets
            One window for all sets, or one for each.

        Examples
        --------
        >>> import overlap as ov
        >>> ov.IntervalSets([[[0, 2], [5, 9]], []]).coverage(within=(0, 10))
        array([0.6, 0. ])
        """
        window = self._window(within)
        inside = (self & window).measure()
        length = np.broadcast_to(window.measure(), inside.shape)
        return np.divide(inside, length, out=np.full(len(inside), np.nan), where=length > 0)

    def _window(self, within: Any) -> IntervalSets:
        if isinstance(within, IntervalSets):
            return within
        if not isinstance(within, Intervals):
            within = Intervals(np.reshape(np.asarray(within, np.float64), (1, -1)), unit=self.unit)
        return IntervalSets.from_intervals(within, np.arange(len(within)), size=len(within))

    def span(self) -> Self:
        """Return the interval that covers each set; an empty set stays empty."""
        lower, upper = self._arrays[4:]
        some = lower < upper
        return self._of(np.stack([lower, upper], 1)[some].ravel(), some.astype(np.int64), self.unit)

    def gaps(self) -> Self:
        """Return what lies between the intervals of each set."""
        return self.span() - self

    def filled(self, gap: float) -> Self:
        """Close gaps between intervals of a set that are not longer than `gap` >= 0.

        Examples
        --------
        >>> import overlap as ov
        >>> ov.IntervalSets([[[0, 1], [2, 4], [7, 8]]]).filled(1.0)
        IntervalSets([[[0.0, 4.0], [7.0, 8.0]]])
        """
        gap = checked_length(gap, "filled: gap")
        start, stop, region = self.start, self.stop, self.region
        apart = (region[1:] != region[:-1]) | (start[1:] - stop[:-1] > gap)
        opens, ends = np.append(True, apart), np.append(apart, True)
        opens, ends = opens[: len(start)], ends[-len(start) or 1 :]
        edges = np.stack([start[opens], stop[ends]], 1).ravel()
        return self._of(edges, np.bincount(region[opens], minlength=len(self)), self.unit)

    def without_short(self, duration: float) -> Self:
        """Leave out intervals that are shorter than `duration` >= 0.

        Examples
        --------
        >>> import overlap as ov
        >>> ov.IntervalSets([[[0, 1], [2, 4], [7, 8.5]]]).without_short(1.5)
        IntervalSets([[[2.0, 4.0], [7.0, 8.5]]])
        """
        duration = checked_length(duration, "without_short: duration")
        table = self.to_array()
        kept = table[:, 1] - table[:, 0] >= duration
        counts = np.bincount(self.region[kept], minlength=len(self))
        return self._of(table[kept].ravel(), counts, self.unit)

    def where_at_least(self, count: int) -> Self:
        """Return one set: where at least `count` >= 1 of the sets of this batch are.

        Examples
        --------
        >>> import overlap as ov
        >>> sets = ov.IntervalSets([[[0, 4], [6, 9]], [[3, 7]], [[3, 5]]])
        >>> sets.where_at_least(1), sets.where_at_least(2)
        (IntervalSets([[[0.0, 9.0]]]), IntervalSets([[[3.0, 5.0], [6.0, 7.0]]]))
        """
        if count < 1:
            raise ValueError(f"IntervalSets.where_at_least: count = {count!r}; expected >= 1")
        edges, place = np.unique(self._flat(), return_inverse=True)
        steps = np.bincount(place, np.resize([1.0, -1.0], len(place)), len(edges))
        inside = np.cumsum(steps) >= count
        turns = edges[np.diff(inside, prepend=False)]
        return self._of(turns, np.array([len(turns) // 2]), self.unit)

    def scaled(self, ratio: float) -> Self:
        """Return the sets scaled by `ratio` >= 0 about their centroids."""
        ratio = checked_length(ratio, "scaled: ratio")
        center = self._arrays[3][self.region]
        start, stop = (center + ratio * (edge - center) for edge in (self.start, self.stop))
        return self._of(*merged(self.region, start, stop, len(self)), self.unit)

    def contains(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points, shape (Q,) or (Q, 1), are in which set: (N, Q)."""
        points = np.asarray(points, np.float64).reshape(-1)
        result = np.empty((len(self), len(points)), np.bool_)
        for k, (first, last) in enumerate(zip(*self._arrays[:2], strict=True)):
            passed = np.searchsorted(self._edges[first:last], points, side="right")
            result[k] = passed % 2 == 1
        return result


def _read_only(array: NDArray) -> NDArray:
    view = array.view()
    view.flags.writeable = False
    return view
