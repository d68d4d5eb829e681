"""FiniteSets: subsets of a finite universe, as sparse membership."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap._common.numbers import as_numbers, unmasked
from overlap._common.sizes import LARGEST_POWER
from overlap._kernels.jit import scalar
from overlap._kernels.terms import Geometry
from overlap.regions.base import Regions

if TYPE_CHECKING:
    import scipy.sparse
    from numpy.typing import ArrayLike, NDArray

__all__ = ["FiniteSets"]

# Columns: row pointers, members of every set in increasing order, measures, weights.


@scalar
def set_overlap(a, i, b, j):
    """Return ``(measure_a, measure_b, intersection)`` by merging two sorted lists."""
    shared = 0.0
    p, q = a[0][i], b[0][j]
    end_p, end_q = a[0][i + 1], b[0][j + 1]
    while p < end_p and q < end_q:
        if a[1][p] < b[1][q]:
            p += 1
        elif a[1][p] > b[1][q]:
            q += 1
        else:
            shared += a[3][a[1][p]]
            p += 1
            q += 1
    return a[2][i], b[2][j], shared


_GEOMETRY = Geometry(overlap=set_overlap)


class FiniteSets(Regions):
    """Subsets of a finite universe of U elements, with optional weights.

    They have the ratios and the volumetric similarity; without a geometry there is no
    enclosure and no penalty.

    Parameters
    ----------
    membership : scipy.sparse array or array_like, shape (N, U)
        Element u is in set n where the entry is not zero. Arrays are bool, or 0 and 1.
    weights : array_like, shape (U,), optional
        Weight >= 0 of every element; 1 each where not given.
    unit : str, optional
        Unit of the weights.

    Examples
    --------
    >>> import overlap as ov
    >>> sets = ov.FiniteSets.from_lists([["cat", "dog"], ["dog", "fox", "owl"]])
    >>> ov.iou.pairwise(sets, sets)
    array([[1.  , 0.25],
           [0.25, 1.  ]])
    """

    _elements: tuple[Hashable, ...] | None = None  # of the columns, where they are known

    def __init__(
        self,
        membership: scipy.sparse.sparray | ArrayLike,
        *,
        weights: ArrayLike | None = None,
        unit: str | None = None,
    ) -> None:
        import scipy.sparse

        if not scipy.sparse.issparse(membership):
            raw = np.asarray(unmasked(membership, "FiniteSets"))
            membership = raw if raw.dtype == bool else as_numbers(raw, "FiniteSets")
            if membership.size == 0 and membership.ndim < 2:
                membership = membership.reshape(0, 0)
            if membership.ndim != 2:
                raise ValueError(
                    f"FiniteSets: expected membership of shape (N, U), got {membership.shape}; "
                    "use FiniteSets.from_lists for lists of elements"
                )
            strange = np.isfinite(membership) & (membership != 0) & (membership != 1)
            if membership.dtype != bool and strange.any():
                n, u = np.argwhere(strange)[0]
                raise ValueError(
                    f"FiniteSets: membership[{n}, {u}] = {membership[n, u]:g}; expected bool, or 0 "
                    "and 1. Of lists of elements use FiniteSets.from_lists, of counts values > 0"
                )
        table = scipy.sparse.csr_array(membership, copy=True)
        values = np.asarray(table.data, np.float64)
        if not np.isfinite(values).all():
            raise ValueError("FiniteSets: the membership holds values that are not finite")
        table.sum_duplicates()
        table.eliminate_zeros()
        table.sort_indices()
        size = table.shape[1]
        self._weighted = weights is not None
        self._weights = (
            np.ones(size) if weights is None else as_numbers(weights, "FiniteSets").copy()
        )
        if self._weights.shape != (size,):
            raise ValueError(
                f"FiniteSets: expected {size} weights, one per element; "
                f"got shape {self._weights.shape}"
            )
        bad = np.flatnonzero(~(np.isfinite(self._weights) & (self._weights >= 0)))
        if bad.size:
            raise ValueError(
                f"FiniteSets: weights[{bad[0]}] = {self._weights[bad[0]]} is not a finite "
                "number >= 0"
            )
        with np.errstate(over="ignore"):
            total = self._weights.sum()
        if total > 2.0**LARGEST_POWER:
            raise ValueError(
                f"FiniteSets: the weights are so large (weights[{self._weights.argmax()}] = "
                f"{self._weights.max()}) that their sum overflows float64; multiply all of them by "
                "the same small number"
            )
        self._set(table.indptr, table.indices, unit)

    def _set(self, pointers: NDArray, members: NDArray, unit: str | None) -> None:
        self._pointers = np.ascontiguousarray(pointers, np.int64)
        self._members = np.ascontiguousarray(members, np.int64)
        rows = np.repeat(np.arange(len(self._pointers) - 1), np.diff(self._pointers))
        # bincount adds in order, as the kernel does: a set against itself is exactly 1.
        measure = np.bincount(rows, self._weights[self._members], len(self._pointers) - 1)
        # Of no members at all it returns integers.
        self._fill((measure.astype(np.float64),), unit)
        for array in (self._pointers, self._members, self._weights):
            array.flags.writeable = False

    @classmethod
    def from_lists(
        cls,
        lists: Iterable[Iterable[Hashable]],
        *,
        universe: Sequence[Hashable] | None = None,
        unit: str | None = None,
    ) -> Self:
        """Build sets from lists of elements; repeated elements count once.

        Parameters
        ----------
        lists : iterable of iterables of hashable
        universe : sequence of hashable, optional
            All elements, in the order of the columns. Needed to compare two batches;
            otherwise the elements that occur, in order of appearance.
        unit : str, optional

        Raises
        ------
        ValueError
            For a list that is text, an element that is NaN, and one that is not in the universe.
        """
        import scipy.sparse

        sets = []
        for n, elements in enumerate(lists):
            if isinstance(elements, str | bytes):
                raise ValueError(
                    f"FiniteSets: list {n} is the text {elements!r}; give lists of elements, "
                    "list(text) for one of letters"
                )
            sets.append(list(dict.fromkeys(elements)))
            if any(isinstance(element, float) and element != element for element in sets[-1]):
                raise ValueError(f"FiniteSets: list {n} holds NaN, which is no element; remove it")
        known = universe if universe is not None else (x for row in sets for x in row)
        codes = {element: k for k, element in enumerate(dict.fromkeys(known))}
        for n, elements in enumerate(sets):
            for element in elements:
                if element not in codes:
                    raise ValueError(f"FiniteSets: {element!r} in list {n} is not in the universe")
        rows = np.repeat(np.arange(len(sets)), [len(row) for row in sets])
        columns = np.array([codes[x] for row in sets for x in row], np.int64)
        table = scipy.sparse.csr_array(
            (np.ones(len(columns)), (rows, columns)), shape=(len(sets), len(codes))
        )
        result = cls(table, unit=unit)
        result._elements = tuple(codes)
        return result

    # ---------------------------------------------------------------------- container

    def __getitem__(self, index: Any) -> Self:
        table = self.to_sparse()[np.arange(len(self))[self._index(index)]]
        result = type(self).__new__(type(self))
        result._weighted, result._weights = self._weighted, self._weights
        result._elements = self._elements
        result._set(table.indptr, table.indices, self.unit)
        return result

    def to_sparse(self) -> scipy.sparse.csr_array:
        """Return the membership as a sparse array of ones, shape (N, U)."""
        import scipy.sparse

        values = np.ones(len(self._members))
        shape = (len(self), len(self._weights))
        return scipy.sparse.csr_array((values, self._members, self._pointers), shape=shape)

    def to_array(self) -> NDArray[np.float64]:
        """Return the membership as a dense array of zeros and ones, shape (N, U)."""
        return self.to_sparse().toarray()

    def _contents(self) -> Sequence[Any]:
        return self._settings(), len(self._weights), self._pointers, self._members

    def _names(self) -> list[str]:
        return [f"element_{k}" for k in range(len(self._weights))]

    def _settings(self) -> dict[str, Any]:
        own = {"weights": self._weights.tolist()} if self._weighted else {}
        return {**own, **super()._settings()}

    @classmethod
    def concat(cls, batches: Sequence[Self]) -> Self:
        """Join batches over the same universe and weights into one."""
        import scipy.sparse

        batches = cls._alike(batches)
        table = scipy.sparse.vstack([batch.to_sparse() for batch in batches], format="csr")
        result = cls(table, **{"unit": batches[0].unit, **batches[0]._settings()})
        result._elements = batches[0]._elements
        return result

    def measure(self) -> NDArray[np.float64]:
        """Return the cardinalities, or the weights of the sets, shape (N,)."""
        return self._arrays[0].copy()

    # ------------------------------------------------------------------------- kernels

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars: overlap only."""
        self._check_enclosure(enclosure)
        return _GEOMETRY

    def _enclosures(self) -> tuple[str, ...]:
        return ()

    def kernel_columns(self) -> tuple[Any, ...]:
        """Return the columns that the jitted scalars index."""
        return (self._pointers, self._members, self._arrays[0], self._weights)

    def candidate_blocks(
        self, other: FiniteSets, size: int = 1 << 18
    ) -> Iterator[tuple[NDArray, NDArray]]:
        """Yield index arrays of the sets that share an element, by sparse products."""
        mine, theirs = self.to_sparse(), other.to_sparse().T.tocsr()
        sizes = np.diff(theirs.indptr)
        work = np.bincount(
            np.repeat(np.arange(len(self)), np.diff(self._pointers)),
            sizes[self._members],
            len(self),
        )
        ends = np.cumsum(work)
        row = 0
        while row < len(self):
            begin = ends[row - 1] if row else 0
            last = max(int(np.searchsorted(ends, begin + size, "right")), row + 1)
            shared = (mine[row:last] @ theirs).tocoo()
            yield shared.coords[0].astype(np.int64) + row, shared.coords[1].astype(np.int64)
            row = last

    def _check_partner(self, other: Regions, mine: str, theirs: str) -> None:
        assert isinstance(other, FiniteSets)
        if len(self._weights) != len(other._weights):
            raise ValueError(
                f"{mine} has a universe of {len(self._weights)} elements and {theirs} of "
                f"{len(other._weights)}; give both the same universe"
            )
        ours, others = self._elements, other._elements
        if ours is not None and others is not None and ours != others:
            k = next(k for k, pair in enumerate(zip(ours, others, strict=True)) if len({*pair}) > 1)
            raise ValueError(
                f"{mine} and {theirs} have other universes: element {k} is {ours[k]!r} in one and "
                f"{others[k]!r} in the other; give from_lists the same universe= for both"
            )
        if not np.array_equal(self._weights, other._weights):
            raise ValueError(f"{mine} and {theirs} weigh the elements differently")
