"""LabelMap: hard masks as the labels of one map, which is never spread out into layers."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._kernels.label_pairs import LabelPairs, count_label_pairs
from overlap.regions.grid import memory_order
from overlap.regions.masks.bits import Bits

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LabelMap", "read_names"]


class LabelMap:
    """One mask per listed label of a map.

    Two maps are counted together in one pass, which gives the intersections of all their
    labels and what each of them measures.

    Attributes
    ----------
    map : ndarray of integers, shape (*grid)
    labels : ndarray of int64, shape (N,)
        The label of every mask; one that does not occur is an empty mask. Where None is
        given, those that occur but 0.
    """

    def __init__(self, label_map: NDArray[Any], labels: NDArray[np.int64] | None) -> None:
        self.map = label_map
        self._own: LabelPairs | None = None
        self._partner: weakref.ref[LabelMap] | None = None
        self._pairs: LabelPairs | None = None
        self._lock = threading.RLock()
        self.labels = self.own.found[self.own.found != 0] if labels is None else labels

    def __getstate__(self) -> dict[str, Any]:
        return {"label_map": self.map, "labels": self.labels}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def own(self) -> LabelPairs:
        """Cells, boxes and first moments of the labels that occur."""
        with self._lock:
            if self._own is None:
                self._own = self.joint(self).side("found")
            return self._own

    def joint(self, other: LabelMap) -> LabelPairs:
        """Return the counts of the pairs of labels of two maps; the last ones are kept."""
        with self._lock:
            if self._pairs is None or self._partner is None or self._partner() is not other:
                pairs = count_label_pairs(self.map, other.map, (0,) * self.map.ndim)
                self._pairs, self._partner = pairs, weakref.ref(other)
                for side, which in ((self, "found"), (other, "truth")):
                    if side._own is None:
                        side._own = pairs.side(which)
            return self._pairs

    def _places(self) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return where in `own` every mask's label is, and whether it occurs."""
        known = self.own.found
        at = np.minimum(np.searchsorted(known, self.labels), max(len(known) - 1, 0))
        return at, known[at] == self.labels if len(known) else np.zeros(len(at), bool)

    @cached_property
    def count(self) -> NDArray[np.float64]:
        """Cells per mask."""
        at, occurs = self._places()
        return np.where(occurs, self.own.count[at] if len(self.own) else 0, 0).astype(np.float64)

    @cached_property
    def spread(self) -> tuple[NDArray, NDArray, NDArray]:
        """Lower ends, upper ends and centroids of the cells, in cells: shapes (D, N)."""
        at, occurs = self._places()
        own = self.own
        lower, upper, sums = (
            np.where(occurs[:, None], values[at] if len(own) else 0, 0).T
            for values in (own.lower, own.upper, own.sums)
        )
        with np.errstate(invalid="ignore"):
            return lower, upper, sums / self.count + 0.5  # NaN for empty masks

    def shared(
        self, rows: NDArray[np.intp], other: LabelMap, columns: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return the number of cells that listed pairs share."""
        pairs = self.joint(other)
        if not len(pairs):
            return np.zeros(len(rows))
        # Places in sorted lists of labels make one number of a pair.
        known = np.unique(pairs.truth)
        wanted = np.searchsorted(known, other.labels[columns])
        at = np.minimum(wanted, len(known) - 1)
        found = np.searchsorted(self.own.found, self.labels[rows])
        place = np.minimum(found, len(self.own) - 1)
        key = place * len(known) + at
        keys = np.searchsorted(self.own.found, pairs.found) * len(known)
        keys += np.searchsorted(known, pairs.truth)
        where = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
        hit = (
            (keys[where] == key)
            & (known[at] == other.labels[columns])
            & (self.own.found[place] == self.labels[rows])
        )
        return np.where(hit, pairs.count[where], 0).astype(np.float64)

    def meeting(
        self, rows: NDArray[np.intp], other: LabelMap, columns: NDArray[np.intp]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield the places in `rows` and `columns` of the masks that share a cell."""
        pairs = self.joint(other)
        mine, theirs = self.labels[rows], other.labels[columns]
        order = np.argsort(theirs, kind="stable")
        for low in range(0, len(mine), 4096):
            part = np.arange(low, min(low + 4096, len(mine)))
            start = np.searchsorted(pairs.found, mine[part], "left")
            size = np.searchsorted(pairs.found, mine[part], "right") - start
            row, partner = _spread(part, start, size)
            partner = pairs.truth[partner]
            start = np.searchsorted(theirs[order], partner, "left")
            size = np.searchsorted(theirs[order], partner, "right") - start
            row, column = _spread(row, start, size)
            yield row.astype(np.int64), order[column].astype(np.int64)

    def dense(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return the cells of listed masks, shape (len(rows), *grid)."""
        result = np.empty((len(rows), *self.map.shape), bool)
        for k, n in enumerate(rows):
            np.equal(self.map, self.labels[n], out=result[k])
        return result

    @cached_property
    def bits(self) -> Bits:
        """The masks as packed bits, for comparison with masks that are not of a map."""
        order = memory_order(self.map[None])
        parts = [Bits.packed((self.map == label)[None], order) for label in self.labels]
        return Bits.joined(parts) if parts else Bits.packed(self.dense(np.arange(0)), order)


def _spread(
    what: NDArray, start: NDArray[np.intp], size: NDArray[np.intp]
) -> tuple[NDArray, NDArray[np.intp]]:
    """Repeat values by `size`, beside the numbers from `start` on."""
    first = np.repeat(start - (np.cumsum(size) - size), size)
    return np.repeat(what, size), first + np.arange(len(first))


def read_names(values: Sequence[int] | None) -> NDArray[np.int64] | None:
    """Return a list of labels as an array, or raise unless they are whole numbers."""
    if values is None:
        return None
    labels = np.asarray(values)
    if labels.ndim != 1 or (labels.size and labels.dtype.kind not in "iu"):
        raise TypeError(f"Masks.from_labels: labels = {values!r}; expected whole numbers")
    return labels.astype(np.int64)
