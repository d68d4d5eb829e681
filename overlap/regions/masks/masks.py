"""Masks: sets of cells of a regular grid, hard or soft."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from overlap._common.label_arrays import image_of, read_labels
from overlap._common.numbers import checked_number, described
from overlap._common.values import content_hash
from overlap._kernels.terms import Geometry, Groups
from overlap.regions.base import Regions
from overlap.regions.grid import Grid, grid_of, memory_order
from overlap.regions.masks.bits import Bits
from overlap.regions.masks.cells import Cells, read_cells
from overlap.regions.masks.label_map import LabelMap, read_names
from overlap.regions.masks.rasters import rastered
from overlap.regions.masks.run_lengths import bits_of_rle, rle_of_bits
from overlap.regions.masks.shares import FORMS, Shares
from overlap.regions.masks.terms import fill_terms, mask_geometry, pull_terms, same_cells

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Masks"]


class Masks(Regions):
    """Sets of cells of one regular grid, hard (Boolean) or soft (a share of every cell).

    Parameters
    ----------
    values : array_like, shape (N, *grid), or (*grid) with `axes`
        Hard masks: bool, or integers 0 and 1. Soft masks: float32 or float64 in [0, 1], kept
        in that type; sums are taken in float64.
    spacing : sequence of float, optional
        Side of a cell per axis; 1 where not given.
    origin : sequence of float, optional
        Lower corner of the first cell; 0 where not given.
    unit : str, optional
        Unit of the spacing.
    axes : int or str, optional
        How many axes the grid has, or their names as in `Grid`, such as ``"yx"`` for images:
        values with just these axes are one mask. An array of two axes needs it (or a spacing):
        it may be one mask in the plane, ``axes=2``, or many on a line, ``axes=1``.
    soft : {"minmax", "product", "squared"}
        What soft masks p and q share and measure: the sum of min(p, q) against the sums of
        p and q; the sum of p q against the same; or the sum of p q against the sums of p
        squared and q squared. For hard masks they are the same.
    support : float
        Penalties of soft masks look at the cells with values above it: at their box or hull,
        their union, and the centroid of the values in them.

    Raises
    ------
    TypeError
        For other integers (see `from_labels`) and other types.
    ValueError
        For a value outside [0, 1] by more than rounding in its own type (which is cut off), an
        array of two axes without `axes`, a bad spacing or origin.

    Notes
    -----
    A hard and a soft mask on one grid can be compared, in the form of the soft one. Gradients
    are with respect to the values of soft masks, shape (N, cells) in the order of the grid;
    at a tie of the minimum half goes to each side, but at 0 and 1 the derivative is that of
    the side where values exist; the supports are held. In terms of
    soft masks, `hull` and `outside` are multiplied by the soft union over the union of the
    supports, so that `enclosure_gap` is the share of the enclosure outside both supports.

    Examples
    --------
    >>> import overlap as ov
    >>> grid = ov.Grid(shape=(8, 8), spacing=(0.5, 0.5), origin=(0.0, 0.0))
    >>> boxes = ov.Boxes([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0]])
    >>> masks = ov.Masks.from_regions(boxes, grid)
    >>> ov.iou(masks[0], masks[1]), ov.iou(boxes[0], boxes[1])
    (array([0.14285714]), array([0.14285714]))
    >>> p, q = ov.Masks([[0.2, 0.9]], axes=1), ov.Masks([[0.4, 0.8]], axes=1)
    >>> ov.dice(p, q).round(4)
    array([0.8696])
    """

    def __init__(
        self,
        values: ArrayLike,
        *,
        spacing: Sequence[float] | None = None,
        origin: Sequence[float] | None = None,
        unit: str | None = None,
        axes: int | str | None = None,
        soft: Literal["minmax", "product", "squared"] = "minmax",
        support: float = 0.5,
    ) -> None:
        first = values[0] if isinstance(values, (list, tuple)) and values else values
        if isinstance(first, Mapping):
            raise TypeError(
                f"Masks: expected an array, got {described(first)}; Masks.from_rle takes a list of "
                "run lengths"
            )
        cells = read_cells(values, axes, spacing is not None or origin is not None)
        names = axes if isinstance(axes, str) else None
        grid = grid_of(cells.shape[1:], spacing, origin, names)
        if soft not in FORMS:
            raise ValueError(f"Masks: soft = {soft!r}; expected one of {', '.join(FORMS)}")
        support = checked_number(support, "Masks: support")
        if not 0.0 <= support < 1.0:
            raise ValueError(f"Masks: support = {support!r} is not in [0, 1)")
        if cells.dtype == bool:
            own = Cells(Bits.packed(cells, memory_order(cells)), grid)
        else:
            own = Cells(Shares.checked(cells, support), grid, soft)
        self._cells, self._rows, self.unit = own, np.arange(len(cells)), unit
        self._whole = True

    @classmethod
    def _of(cls, cells: Cells, unit: str | None, rows: NDArray[np.intp] | None = None) -> Self:
        """Return the masks in some rows of cells, by default all."""
        result = cls.__new__(cls)
        result._whole = rows is None
        rows = np.arange(len(cells.data)) if rows is None else rows
        result._cells, result._rows, result.unit = cells, rows, unit
        return result

    @classmethod
    def from_labels(
        cls,
        label_map: ArrayLike,
        labels: Sequence[int] | None = None,
        *,
        spacing: Sequence[float] | None = None,
        origin: Sequence[float] | None = None,
        unit: str | None = None,
        axes: str | None = None,
        copy: bool = True,
    ) -> Self:
        """Build one mask per label of a map.

        The map is kept as it is. Scores between masks of two maps come from one pass over
        both, however many labels there are.

        Parameters
        ----------
        label_map : array_like of integers, shape (*grid), or image
            Floats are taken if all of them are whole numbers. An image of SimpleITK, ITK or
            nibabel, or an `overlap.io.Volume`, is read with x first and with its spacing.
        labels : sequence of int, optional
            Which labels, in this order; one that does not occur is an empty mask. By default
            those that occur, in ascending order, without the background 0.
        spacing, origin, unit
            As in the constructor.
        axes : str, optional
            Names of the axes, as in `Grid`.
        copy : bool
            False: refer to the array, which must then not be changed.

        Examples
        --------
        >>> import overlap as ov
        >>> found = ov.Masks.from_labels([[1, 1, 0], [2, 2, 2]])
        >>> truth = ov.Masks.from_labels([[1, 1, 1], [0, 2, 2]])
        >>> ov.dice(found, truth)
        array([0.8, 0.8])
        """
        image = image_of(label_map, "Masks.from_labels: label_map")
        if image is not None:
            label_map, known = image.values, image.grid.spacing
            if spacing is not None and known is not None:
                raise ValueError(
                    f"Masks.from_labels: spacing = {spacing!r}, and the image has {known}; "
                    "leave it out"
                )
            if known is not None:
                spacing, unit = known, unit or "mm"
            axes = axes or grid_of(image.values.shape, None, None).named().axes
        array = read_labels(label_map, "Masks.from_labels: label_map")
        array = np.array(array, order="K") if copy else array.view()
        array.flags.writeable = False
        grid = grid_of(array.shape, spacing, origin, axes)
        return cls._of(Cells(LabelMap(array, read_names(labels)), grid), unit)

    @classmethod
    def from_rle(
        cls,
        rles: Sequence[Mapping[str, Any]],
        *,
        spacing: Sequence[float] | None = None,
        origin: Sequence[float] | None = None,
        unit: str | None = None,
        pad: bool = False,
    ) -> Self:
        """Build planar masks from COCO run lengths.

        Parameters
        ----------
        rles : sequence of mapping
            ``{"size": [height, width], "counts": ...}``, all of one size, with the counts
            compressed (bytes or a string) or as a list of numbers.
        spacing, origin, unit
            As in the constructor; the axes of the grid are y (rows) and x (columns).
        pad : bool
            Take counts that end before the last cell: the cells that are left are outside.
            Otherwise they are an error, as counts of too many cells always are.

        Examples
        --------
        >>> import overlap as ov
        >>> masks = ov.Masks.from_rle([{"size": [2, 3], "counts": [2, 3, 1]}])
        >>> masks.to_array().astype(int).tolist()
        [[[0, 1, 1], [0, 1, 0]]]
        """
        bits = bits_of_rle(rles, bool(pad))
        return cls._of(Cells(bits, grid_of(bits.shape[::-1], spacing, origin, "yx")), unit)

    def to_rle(self, *, compressed: bool = True) -> list[dict[str, Any]]:
        """Return planar hard masks as COCO run lengths, as `json.dumps` takes them.

        Parameters
        ----------
        compressed : bool
            Counts are a string, else a list of numbers. The string is what ``pycocotools`` has as
            bytes; both it and `from_rle` read either.

        Examples
        --------
        >>> import overlap as ov
        >>> ov.Masks([[[False, True, True], [False, True, False]]]).to_rle()
        [{'size': [2, 3], 'counts': '231'}]
        """
        if self.soft or self.dimension != 2:
            raise TypeError(
                "Masks.to_rle: COCO run lengths are of hard masks on planar grids; these are "
                f"{'soft' if self.soft else 'hard'}, on {self.dimension} axes"
            )
        return rle_of_bits(self._cells.bits, self._rows, compressed)

    @classmethod
    def from_regions(
        cls, regions: Regions, grid: Grid, *, supersample: int = 1, soft: bool = False
    ) -> Self:
        """Rasterise regions of any kind that can tell which points they contain.

        Parameters
        ----------
        regions : Regions
        grid : Grid
            A cell belongs to a region if its centre does. The axes of the masks are those that
            the grid names: `Grid.image` puts y first, as images, COCO and `from_rle` do; without
            names x is first.
        supersample : int
            Cuts every cell into this many per axis; the masks live on the finer grid.
        soft : bool
            Stay on `grid`, and give every cell the share of its parts whose centres are in
            the region.
        """
        if len(grid.shape) != regions.dimension:
            raise ValueError(
                f"Masks.from_regions: the grid has {len(grid.shape)} axes and the "
                f"{type(regions).__name__} {regions.dimension}"
            )
        if isinstance(supersample, bool) or not isinstance(supersample, int | np.integer):
            raise TypeError(f"Masks.from_regions: supersample = {supersample!r} is not an integer")
        if supersample < 1:
            raise ValueError(f"Masks.from_regions: supersample = {supersample}; expected >= 1")
        values, target = rastered(regions, grid.named(), int(supersample), soft)
        settings: dict[str, Any] = {"spacing": target.spacing, "origin": target.origin}
        return cls(values, unit=regions.unit, axes=target.axes, **settings)

    # ---------------------------------------------------------------------- container

    @property
    def grid(self) -> Grid:
        """The grid of all masks in the batch."""
        return self._cells.grid

    @property
    def soft(self) -> str | None:
        """Name of the soft form, or None for hard masks."""
        return self._cells.form

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """The label of every mask of a label map, or None."""
        data = self._cells.data
        return data.labels[self._rows] if isinstance(data, LabelMap) else None

    @property
    def support(self) -> float:
        """Cells of soft masks with a value above it are their support; 0.5 for hard masks."""
        data = self._cells.data
        return data.support if isinstance(data, Shares) else 0.5

    @property
    def dimension(self) -> int:
        """Number of axes of the grid."""
        return len(self.grid.shape)

    @property
    def parameter_count(self) -> int:
        """Number of cells of the grid."""
        return math.prod(self.grid.shape)

    @property
    def cell_measure(self) -> float:
        """Measure of a cell."""
        return self.grid.volume

    def _rows_at(self, index: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the rows of the cells in which listed masks are; not to be written to."""
        return index if self._whole else self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Self:
        return self._of(self._cells, self.unit, self._rows[self._index(index)])

    def to_array(self) -> NDArray[Any]:
        """Return the cells, shape (N, *grid): bool, or the values of soft masks."""
        return self._cells.data.dense(self._rows)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Masks)
            and (self.grid, self.soft, self.support, self.unit)
            == (other.grid, other.soft, other.support, other.unit)
            and same_cells(self._cells, self._rows, other._cells, other._rows)
        )

    def __hash__(self) -> int:
        measures = self._cells.measures[self._rows]
        grid = self.grid.shape, self.grid.spacing, self.grid.origin
        return content_hash(grid, self.soft, self.support, self.unit, measures)

    def _names(self) -> list[str]:
        return [f"cell_{k}" for k in range(self.parameter_count)]

    def _settings(self) -> dict[str, Any]:
        own: dict[str, Any] = {}
        if self.grid.spacing != (1.0,) * self.dimension:
            own["spacing"] = self.grid.spacing
        if any(self.grid.origin):
            own["origin"] = self.grid.origin
        if self.grid.axes is not None:
            own["axes"] = self.grid.axes
        elif self.dimension == 1 and not own:
            own["axes"] = 1
        if self.soft not in (None, FORMS[0]):
            own["soft"] = self.soft
        if self.support != 0.5:
            own["support"] = self.support
        return {**own, **super()._settings()}

    @classmethod
    def concat(cls, batches: Sequence[Self]) -> Self:
        """Join masks on the same grid, all hard or all soft, into one batch."""
        batches = cls._alike(batches)
        first = batches[0]
        if any(batch.soft != first.soft for batch in batches):
            raise TypeError("Masks.concat: hard and soft masks do not go into one batch")
        if all(batch._cells is first._cells for batch in batches):
            rows = np.concatenate([batch._rows for batch in batches])
            return cls._of(first._cells, first.unit, rows)
        arrays = np.concatenate([batch.to_array() for batch in batches])
        return cls(arrays, **{"unit": first.unit, **first._settings()})

    def measure(self) -> NDArray[np.float64]:
        """Return the volumes, shape (N,), those of soft masks by their values."""
        return self._cells.measures[self._rows] * self.grid.volume

    # ------------------------------------------------------------------------- kernels

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars; the natural enclosure is the box of cells."""
        self._check_enclosure(enclosure)
        convex = enclosure == "hull" and self.dimension > 1
        return mask_geometry(self.dimension, self.soft, convex)

    def pair_geometry(self, other: Regions, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars of the pair, which is soft if one of the two is."""
        soft = other if isinstance(other, Masks) and other.soft else self
        return soft.geometry(enclosure)

    def _enclosures(self) -> tuple[str, ...]:
        return ("natural", "box", "hull") if self.dimension <= 3 else ("natural", "box")

    def kernel_columns(self) -> tuple[Any, ...]:
        """Return the columns that the jitted scalars of hard masks index."""
        bits = self._cells.bits.ordered("C")
        packed = (bits.start[self._rows], bits.first[self._rows], bits.length[self._rows])
        measure, volume, *ends = self._cells.columns
        own = (tuple(axis[self._rows] for axis in column) for column in ends)
        return (measure[self._rows], volume, *own, *packed, bits.words)

    def pair_cost(self) -> float:
        """Return the cost of a pair's terms that threads can share, in nanoseconds, roughly."""
        data = self._cells.data
        if isinstance(data, Shares):
            return 0.4 * self.parameter_count
        if isinstance(data, LabelMap):
            return 200.0
        return max(0.1 * len(data.words) / max(len(data), 1) - 100.0, 1.0)

    def fill_block(
        self,
        index: NDArray[np.int64],
        other: Self,
        other_index: NDArray[np.int64],
        geometry: Geometry,
        needs: Groups,
        block: NDArray[np.float64],
    ) -> None:
        """Write the terms of listed pairs; see `Regions.fill_block`."""
        rows, columns = self._rows_at(index), other._rows_at(other_index)
        fill_terms(self._cells, rows, other._cells, columns, geometry, needs, block)

    def pull_block(
        self,
        index: NDArray[np.int64],
        other: Self,
        other_index: NDArray[np.int64],
        geometry: Geometry,
        needs: Groups,
        wrt: str,
        block: NDArray[np.float64],
        partials: NDArray[np.float64],
        grad: NDArray[np.float64],
    ) -> None:
        """Write the gradients with respect to the values of soft masks."""
        rows, columns = self._rows_at(index), other._rows_at(other_index)
        pull_terms(self._cells, rows, other._cells, columns, wrt, block, partials, grad)

    def candidate_blocks(self, other: Self) -> Iterator[tuple[NDArray, NDArray]] | None:
        """Yield the pairs of labels of two maps that share a cell."""
        mine, theirs = self._cells.data, other._cells.data
        if isinstance(mine, LabelMap) and isinstance(theirs, LabelMap):
            return mine.meeting(self._rows, theirs, other._rows)
        return None

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the boxes of hard masks, lower and upper corners of shape (D, N)."""
        if not isinstance(self._cells.data, Bits):
            return None
        _, _, lower, upper, _ = self._cells.columns
        ends = np.stack(lower)[:, self._rows], np.stack(upper)[:, self._rows]
        lower_ends, upper_ends = (np.where(np.isfinite(end), end, 0.0) for end in ends)
        return lower_ends, upper_ends

    def _named_alike(self, other: Masks) -> bool:
        """Return False if both grids name their axes, in another order."""
        unknown = self.grid.axes is None or other.grid.axes is None
        return unknown or self.grid.order == other.grid.order

    def _check_partner(self, other: Regions, mine: str, theirs: str) -> None:
        assert isinstance(other, Masks)
        if self.grid != other.grid:
            raise ValueError(
                f"{mine} lies on {self.grid} and {theirs} on {other.grid}; resample one"
            )
        if not self._named_alike(other):
            raise ValueError(
                f"{mine} has the axes {self.grid.axes!r} and {theirs} {other.grid.axes!r}; build "
                "both on one grid (of images: overlap.Grid.image)"
            )
        if self.soft and other.soft:
            for name in ("soft", "support"):
                first, second = getattr(self, name), getattr(other, name)
                if first != second:
                    raise ValueError(
                        f"{mine} has {name} = {first!r} and {theirs} {name} = {second!r}; "
                        "build both alike"
                    )
