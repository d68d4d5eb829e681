"""How interval sets are kept: one array of edges for all, and what kernels read of each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap._common.sizes import limits
from overlap._kernels.terms import Geometry, Groups
from overlap.regions.base import Regions, check_pair
from overlap.regions.interval_sets.edges import PAD, SETS
from overlap.regions.interval_sets.gradient import pull_sets
from overlap.regions.intervals import Intervals

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["IntervalStore"]

_REPR_INTERVALS = 500  # longer batches are summarised


class IntervalStore(Regions):
    """A batch of interval sets without their algebra.

    Indexing shares the array of edges: only where each set begins and ends in it is copied.
    """

    columns = ("start", "stop")
    axes = 1
    ragged = True
    _edges: NDArray[np.float64]

    def _set(self, edges: NDArray, counts: NDArray, unit: str | None) -> None:
        """Fill the batch from increasing edges and the number of intervals of every set."""
        last = 2 * np.cumsum(counts)
        first = last - 2 * counts
        padded = np.concatenate([edges, PAD])
        empty = counts == 0
        lower = np.where(empty, np.inf, padded[first])
        upper = np.where(empty, -np.inf, padded[last - 1])
        start, length = edges[::2], edges[1::2] - edges[::2]
        region = np.repeat(np.arange(len(counts)), counts)
        # bincount adds in order, as the kernel does: a set against itself is exactly 1.
        # Of no intervals at all it returns integers.
        measure = np.bincount(region, length, len(counts)).astype(np.float64)
        share = length / measure[region]
        middle = np.bincount(region, share * (start - lower[region] + 0.5 * length), len(counts))
        centroid = np.where(empty, 0.0, np.where(empty, 0.0, lower) + middle)
        self._edges = padded
        padded.flags.writeable = False
        self._fill((first, last, measure, centroid, lower, upper), unit)

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
        first, last = self._arrays[:2]
        size = last - first
        if not len(size):
            return self._edges[:0]
        if (first[1:] == last[:-1]).all():
            return self._edges[first[0] : last[-1]]
        begin = np.cumsum(size) - size
        return self._edges[np.arange(int(size.sum())) + np.repeat(first - begin, size)]

    def _contents(self) -> Sequence[Any]:
        return self._settings(), self.counts, self._flat()

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value!r}" for name, value in self._settings().items())
        if len(self) + int(self.counts.sum()) > 500:
            return (
                f"<IntervalSets with {len(self)} sets of {self.counts.sum()} intervals{settings}>"
            )
        return f"IntervalSets({[table.tolist() for table in self.to_list()]!r}{settings})"

    @classmethod
    def concat(cls, batches: Sequence[Self]) -> Self:
        """Join batches of one unit into one."""
        batches = list(batches)
        if not batches:
            raise ValueError(f"{cls.__name__}.concat: needs at least one batch")
        for batch in batches[1:]:
            check_pair(batches[0], batch, "batches[0]", "a later batch")
        edges = np.concatenate([batch._flat() for batch in batches])
        counts = np.concatenate([batch.counts for batch in batches])
        return cls._of(edges, counts, batches[0].unit)

    def measure(self) -> NDArray[np.float64]:
        """Return the total length of every set, shape (N,)."""
        return self._arrays[2].copy()

    def row_counts(self) -> NDArray[np.intp]:
        """Return how many intervals each set has, shape (N,)."""
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
        """Return the gradients with respect to starts and stops; see `overlap.scores.ragged`."""
        mine, theirs = (self.kernel_columns(), index), (other.kernel_columns(), other_index)
        pairs = {"found": (*mine, *theirs), "truth": (*theirs, *mine)}
        sides = ("found", "truth") if wrt == "both" else (wrt,)
        return tuple(pull_sets(*pairs[side], partials, side == "truth") for side in sides)

    def pair_cost(self) -> float:
        """Return about how many nanoseconds the terms of a pair take."""
        return 20.0 + 4.0 * float(self.counts.mean() if len(self) else 0.0)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the ends of the covering intervals, each of shape (1, N); 0 of empty sets."""
        lower, upper = self._arrays[4:]
        some = lower < upper
        return np.where(some, lower, 0.0)[None], np.where(some, upper, 0.0)[None]

    def _copy_settings(self, like: Regions) -> None:
        assert isinstance(like, IntervalStore)
        self._edges = like._edges
