"""IntervalSets: finite unions of disjoint intervals, such as all the times of one thing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap._common.sizes import LARGEST_POWER, limits
from overlap._common.values import content_hash
from overlap._kernels.jit import interpreted, run_blocks, specialise
from overlap._kernels.terms import Geometry, Groups
from overlap.regions.base import Regions, check_pair
from overlap.regions.interval_sets.edges import PAD, SETS, combine, moments
from overlap.regions.interval_sets.gradient import pull_sets
from overlap.regions.interval_sets.input import (
    checked_length,
    merged,
    read_frames,
    read_groups,
    read_lists,
)
from overlap.regions.intervals import Intervals

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["IntervalSets", "sets_of_edges"]

_REPR_INTERVALS = 500  # longer batches are summarised
_MANY = 1 << 17  # edges, whose fresh memory would cost more than the arithmetic
_AND, _OR, _WITHOUT, _EITHER = 0b1000, 0b1110, 0b0010, 0b0110  # see `combine`


class IntervalSets(Regions):
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

    columns = ("start", "stop")
    axes = 1
    ragged = True
    _store: _Edges

    def __init__(self, values: Sequence[ArrayLike], *, unit: str | None = None) -> None:
        region, table, size = read_lists(values)
        self._set(*merged(region, table[:, 0], table[:, 1], size), unit)
        with np.errstate(over="ignore", invalid="ignore"):
            long = np.flatnonzero(self._arrays[5] - self._arrays[4] > 2.0**LARGEST_POWER)
        if long.size:
            raise ValueError(f"IntervalSets: the span of set {long[0]} overflows float64")

    # ------------------------------------------------------------------- constructors

    def _set(self, edges: NDArray, counts: NDArray, unit: str | None) -> None:
        """Fill the batch from increasing edges and the number of intervals of every set."""
        self._adopt(np.concatenate([edges, PAD]), counts, unit)

    def _adopt(self, padded: NDArray, counts: NDArray, unit: str | None) -> None:
        """Fill the batch from edges that two more numbers follow."""
        last = 2 * np.cumsum(counts)
        first = last - 2 * counts
        empty = counts == 0
        lower = np.where(empty, np.inf, padded[first])
        upper = np.where(empty, -np.inf, padded[last - 1])
        measure, middle = np.zeros((2, len(counts)))
        if len(padded) > _MANY and not interpreted():
            terms = padded, first, last, lower, measure, middle
            kernel = specialise(moments)
            run_blocks(lambda a, b: kernel(*terms, a, b), len(counts), 3.0 * len(padded))
        else:
            edges = padded[:-2].astype(np.float64, copy=False)
            length = edges[1::2] - edges[::2]
            region = np.repeat(np.arange(len(counts)), counts)
            # bincount adds in order, as the kernels do: a set against itself is exactly 1.
            measure += np.bincount(region, length, len(counts))
            away = (edges[::2] - np.repeat(lower, counts)) + 0.5 * length
            middle += np.bincount(region, away * (length / np.repeat(measure, counts)), len(counts))
        centroid = np.where(empty, 0.0, np.where(empty, 0.0, lower) + middle)
        self._store = _Edges(padded)
        self._fill((first, last, measure, centroid, lower, upper), unit)

    @property
    def _edges(self) -> NDArray[np.float64]:
        return self._store.wide

    @classmethod
    def _of(cls, edges: NDArray, counts: NDArray, unit: str | None) -> Self:
        result = cls.__new__(cls)
        result._set(edges, counts, unit)
        return result

    @cached_property
    def _extreme(self) -> bool:  # type: ignore[override]
        """Whether squares of distances may be beyond float64; asked for by few scores."""
        lower, upper = self._arrays[4:]
        some = lower < upper
        least, most = limits(1)
        far = np.abs(np.stack([lower[some], upper[some]])).max(initial=0.0) > most
        return bool(far or (upper - lower)[some].min(initial=np.inf) < least)

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
        """Build sets from the frames in which something is true.

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
        """Return the parts of a window that are not in the sets.

        Parameters
        ----------
        within : pair of float, Intervals or IntervalSets
            One window for all sets, or one for each.
        """
        window = self._window(within)
        return window - self  # type: ignore[return-value]

    def coverage(self, *, within: Sequence[float] | Intervals | IntervalSets) -> NDArray:
        """Return the share of a window that each set covers, shape (N,); NaN of an empty window.

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
        """Return the gaps between the intervals of each set."""
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

    # ---------------------------------------------------------------------- container

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of intervals of every set, shape (N,)."""
        return (self._arrays[1] - self._arrays[0]) // 2

    @property
    def start(self) -> NDArray[np.float64]:
        """Starts of all intervals, set after set, shape (E,)."""
        return self._flat()[::2]

    @property
    def stop(self) -> NDArray[np.float64]:
        """Stops of all intervals, set after set, shape (E,)."""
        return self._flat()[1::2]

    @property
    def region(self) -> NDArray[np.int64]:
        """Number of the set of every interval, shape (E,)."""
        return np.repeat(np.arange(len(self)), self.counts)

    def intervals(self) -> Intervals:
        """Return all intervals, set after set; `region` says of which set each is."""
        return Intervals(self.to_array(), unit=self.unit)

    def to_array(self) -> NDArray[np.float64]:
        """Return starts and stops of all intervals, set after set, shape (E, 2).

        `counts` says how many each set has.
        """
        return self._flat().reshape(-1, 2).copy()

    def to_list(self) -> list[NDArray[np.float64]]:
        """Return starts and stops of every set, a list of N arrays of shape (K, 2)."""
        return np.split(self.to_array(), np.cumsum(self.counts)[:-1]) if len(self) else []

    def to_frame(self) -> pd.DataFrame:
        """Return one row per interval: columns region, start and stop."""
        import pandas as pd

        return pd.DataFrame({"region": self.region, "start": self.start, "stop": self.stop})

    def _flat(self) -> NDArray[np.float64]:
        """Return the edges of this batch alone, set after set."""
        return self._own(self._edges)

    def _own(self, edges: NDArray) -> NDArray:
        first, last = self._arrays[:2]
        size = last - first
        if not len(size):
            return edges[:0]
        if (first[1:] == last[:-1]).all():
            return edges[first[0] : last[-1]]
        begin = np.cumsum(size) - size
        return edges[np.arange(int(size.sum())) + np.repeat(first - begin, size)]

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        edges = self._own(self._store.given)
        if edges.dtype == np.float64:  # equal sets of cells may be kept in either type
            with np.errstate(invalid="ignore"):
                whole = edges.astype(np.int32)
            edges = whole if (whole == edges).all() else edges
        return content_hash(type(self).__qualname__, self._settings(), self.counts, edges)

    def _contents(self) -> Sequence[Any]:
        return self._settings(), self.counts, self._flat()

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value!r}" for name, value in self._settings().items())
        if len(self) + int(self.counts.sum()) > _REPR_INTERVALS:
            return (
                f"<IntervalSets with {len(self)} sets of {self.counts.sum()} intervals{settings}>"
            )
        return f"IntervalSets({[table.tolist() for table in self.to_list()]!r}{settings})"

    @classmethod
    def concat(cls, batches: Sequence[Self]) -> Self:
        """Join batches of one unit into one."""
        batches = cls._alike(batches)
        edges = np.concatenate([batch._flat() for batch in batches])
        counts = np.concatenate([batch.counts for batch in batches])
        return cls._of(edges, counts, batches[0].unit)

    def measure(self) -> NDArray[np.float64]:
        """Return the total length of every set, shape (N,)."""
        return self._arrays[2].copy()

    def row_counts(self) -> NDArray[np.intp]:
        """Return the number of intervals of each set, shape (N,)."""
        return self.counts

    # ---------------------------------------------------------------------- boundaries

    @property
    def boundary(self) -> bool:
        """Whether all parameters are coordinates of the boundary: they are."""
        return True

    @property
    def ends(self) -> NDArray[np.float64]:
        """Both ends of all intervals, set after set, shape (E, 2)."""
        return self.to_array()

    def with_ends(self, ends: NDArray[np.float64]) -> Self:
        """Return sets of as many intervals each with other ends, shape (E, 2)."""
        return self._of(ends.ravel(), self.counts, self.unit)

    def legal_ends(self, ends: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which sets have ends, shape (E, 2), that still increase, shape (N,)."""
        edges, region = ends.ravel(), np.repeat(self.region, 2)
        bad = (edges[1:] <= edges[:-1]) & (region[1:] == region[:-1])
        return np.bincount(region[1:][bad], minlength=len(self)) == 0

    def ties(self, other: Self) -> NDArray[np.bool_]:
        """Return where an end meets one of `other`, shape (N,)."""
        edges = np.concatenate([self._flat(), other._flat()])
        region = np.repeat(np.concatenate([self.region, other.region]), 2)
        order = np.lexsort((edges, region))
        edges, region = edges[order], region[order]
        tied = np.zeros(len(self), bool)
        tied[region[1:][(edges[1:] == edges[:-1]) & (region[1:] == region[:-1])]] = True
        return tied

    # ------------------------------------------------------------------------- kernels

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars; the covering interval is also the smallest box."""
        self._check_enclosure(enclosure)
        return SETS

    def _enclosures(self) -> tuple[str, ...]:
        return ("natural", "box")

    def kernel_columns(self) -> tuple[Any, ...]:
        """Return the columns that the jitted scalars index."""
        return (*self._arrays, self._edges)

    def run_columns(self) -> tuple[Any, ...]:
        """Return the same with edges as they were given: whole numbers of cells, of masks."""
        return (*self._arrays, self._store.given)

    def pull_ragged(
        self,
        index: NDArray[np.int64],
        other: Self,
        other_index: NDArray[np.int64],
        geometry: Geometry,
        needs: Groups,
        wrt: str,
        block: NDArray[np.float64],
        partials: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], ...]:
        """Return the gradients with respect to starts and stops; see `Polygons.pull_ragged`."""
        mine, theirs = (self.kernel_columns(), index), (other.kernel_columns(), other_index)
        pairs = {"found": (*mine, *theirs), "truth": (*theirs, *mine)}
        sides = ("found", "truth") if wrt == "both" else (wrt,)
        return tuple(pull_sets(*pairs[side], partials, side == "truth") for side in sides)

    def pair_cost(self) -> float:
        """Return the cost of the terms of a pair, in nanoseconds, roughly."""
        return 20.0 + 4.0 * float(self.counts.mean() if len(self) else 0.0)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the ends of the covering intervals, each of shape (1, N); 0 of empty sets."""
        lower, upper = self._arrays[4:]
        some = lower < upper
        return np.where(some, lower, 0.0)[None], np.where(some, upper, 0.0)[None]

    def _copy_settings(self, like: Regions) -> None:
        assert isinstance(like, IntervalSets)
        self._store = like._store


def sets_of_edges(edges: NDArray[Any], counts: NDArray[np.int64]) -> IntervalSets:
    """Build sets from their own intervals, which are in order and are not copied.

    Parameters
    ----------
    edges : ndarray, dtype=float64 or int32, shape (2 E + 2,)
        Starts and stops by turns. Intervals of a set may touch, and do not overlap. The last two
        numbers mean nothing.
    counts : ndarray, dtype=int64, shape (N,)
        Number of intervals of each set.
    """
    touching = edges[1:-2:2] == edges[2:-1:2]
    touching[np.cumsum(counts)[counts > 0] - 1] = False  # the next interval is another set's
    if touching.any():
        region = np.repeat(np.arange(len(counts)), counts)
        start, stop = edges[:-2].astype(np.float64).reshape(-1, 2).T
        return IntervalSets._of(*merged(region, start, stop, len(counts)), None)
    result = IntervalSets.__new__(IntervalSets)
    result._adopt(edges, counts, None)
    return result


class _Edges:
    """Edges of a batch and of all that is taken from it, followed by two more numbers.

    Those of masks are whole numbers of 32 bits, half as large as the float64 that all else reads.
    """

    def __init__(self, given: NDArray) -> None:
        self.given = given
        given.flags.writeable = False

    @cached_property
    def wide(self) -> NDArray[np.float64]:
        """The edges as float64, followed by `PAD`."""
        if self.given.dtype == np.float64 and tuple(self.given[-2:]) == PAD:
            return self.given
        wide = self.given.astype(np.float64)
        wide[-2:] = PAD
        wide.flags.writeable = False
        return wide


def _read_only(array: NDArray) -> NDArray:
    view = array.view()
    view.flags.writeable = False
    return view
