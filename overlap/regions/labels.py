"""LabelRegions: the labels of one of two volumes that were counted together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._kernels.jit import scalar
from overlap._kernels.terms import Geometry
from overlap.regions.base import Regions
from overlap.regions.masks.terms import mask_geometry

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LabelRegions"]

# Columns: measures and places; lower ends, upper ends and centroids of every axis, where masks
# have them too; pointers, partners and shared measures of the sparse intersections by place. An
# absent label has lower ends of +inf and upper ends of -inf.


@scalar
def label_overlap(a, i, b, j):
    """Return ``(measure_a, measure_b, intersection)`` by looking the pair up."""
    row, wanted = a[1][i], b[1][j]
    low, high = a[5][row], a[5][row + 1]
    end = high
    while low < high:
        middle = (low + high) // 2
        if a[6][middle] < wanted:
            low = middle + 1
        else:
            high = middle
    place = min(low, len(a[6]) - 1)
    shared = a[7][place] * ((low < end) & (a[6][place] == wanted))
    return a[0][i], b[0][j], shared


@cache
def _label_geometry(axes: int) -> Geometry:
    return replace(mask_geometry(axes), overlap=label_overlap)


class LabelRegions(Regions):
    """Labels of one of two volumes that were counted together; made by `Contingency.regions`.

    They have measures, boxes and centres, and their intersections with the labels of the
    other volume are looked up. Every score, `match` and sparse pairs work between the two
    sides of one contingency, found first or truth first; two labels of the same volume have
    nothing to compare.
    """

    _shared: tuple[NDArray[Any], ...]
    _axes: int
    _side: tuple[object, str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("LabelRegions are made by Contingency.regions()")

    @classmethod
    def build(
        cls,
        columns: Sequence[NDArray[np.float64]],
        shared: tuple[NDArray[Any], ...],
        side: tuple[object, str],
        unit: str | None,
    ) -> LabelRegions:
        """Build a batch.

        Parameters
        ----------
        columns : sequence of ndarray, shape (N,)
            Measures, then lower ends, upper ends and centres of every axis.
        shared : tuple of ndarray
            Pointers (N + 1,), partners and shared measures, ascending in every row.
        side : (object, str)
            What was counted, and which of the two this is.
        unit : str or None
            Unit of length.
        """
        self = cls.__new__(cls)
        self._shared, self._side = shared, side
        self._axes = (len(columns) - 1) // 3
        place = np.arange(len(columns[0]))
        self._fill((columns[0], place, *columns[1:]), unit)
        return self

    @property
    def dimension(self) -> int:
        """Number of axes of the volume."""
        return self._axes

    def measure(self) -> NDArray[np.float64]:
        """Return the volumes (areas, lengths), shape (N,)."""
        return self._arrays[0].copy()

    def _copy_settings(self, like: Regions) -> None:
        assert isinstance(like, LabelRegions)
        self._shared, self._side, self._axes = like._shared, like._side, like._axes

    def _names(self) -> Sequence[str]:
        ends = [f"{end}_{k}" for end in ("lower", "upper", "center") for k in range(self._axes)]
        return ["measure", "place", *ends]

    def __repr__(self) -> str:
        return f"<LabelRegions: {len(self)} labels of {self._side[1]}>"

    # ------------------------------------------------------------------------- kernels

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars; the natural enclosure is the box of voxels."""
        self._check_enclosure(enclosure)
        return _label_geometry(self._axes)

    def _enclosures(self) -> tuple[str, ...]:
        return ("natural", "box")

    def kernel_columns(self) -> tuple[Any, ...]:
        """Return the columns that the jitted scalars index."""
        measure, place, *ends = self._arrays
        axes = self._axes
        groups = (tuple(ends[k * axes : (k + 1) * axes]) for k in range(3))
        return (measure, place, *groups, *self._shared)

    def candidate_blocks(self, other: LabelRegions) -> Iterator[tuple[NDArray, NDArray]]:
        """Yield the index arrays of the pairs that share a voxel, at once."""
        import scipy.sparse

        pointers, partners, _ = self._shared
        mine, theirs = self._arrays[1], other._arrays[1]
        counts = np.diff(pointers)[mine]
        start = np.repeat(pointers[mine] - np.cumsum(counts) + counts, counts)
        row = np.repeat(np.arange(len(mine)), counts)
        partner = partners[start + np.arange(len(start))]
        width = max(int(partners.max(initial=-1)), int(theirs.max(initial=-1))) + 1
        ones = (np.ones(len(row), np.int32), (row, partner))
        links = scipy.sparse.coo_array(ones, shape=(len(mine), width)).tocsr()
        ones = (np.ones(len(theirs), np.int32), (theirs, np.arange(len(theirs))))
        places = scipy.sparse.coo_array(ones, shape=(width, len(theirs))).tocsr()
        pairs = (links @ places).tocoo()
        yield tuple(index.astype(np.int64) for index in pairs.coords)

    def _check_partner(self, other: Regions, mine: str, theirs: str) -> None:
        assert isinstance(other, LabelRegions)
        if self._side[0] is not other._side[0] or self._side[1] == other._side[1]:
            raise ValueError(
                f"{mine} and {theirs} are not the two sides of one contingency; count the two "
                "volumes together"
            )
