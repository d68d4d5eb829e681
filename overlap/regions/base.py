"""Regions: an immutable batch of N sets of one kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np

from overlap._common.columns import Naming, by_name
from overlap._common.numbers import as_numbers, described, unmasked
from overlap._common.values import ByValue
from overlap._kernels.jit import specialise
from overlap._kernels.loops import BLOCK_ROWS, pull_block, read_axis, term_block
from overlap._kernels.plain import suited
from overlap._kernels.terms import Geometry, Groups, boxed, each_axis, pullback_scalar, terms_scalar

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Bounded", "Geometry", "Groups", "Regions", "check_pair", "extent_reader"]

_REPR_NUMBERS = 1000  # longer batches are summarised, as NumPy does


_LARGE = 2.0**300  # below, products of up to three numbers are numbers


class Bounded(Protocol):
    """Regions whose parameters are all coordinates of their boundary: both ends on every axis."""

    @property
    def ends(self) -> NDArray[np.float64]:
        """Both ends of every axis, shape (N, axes, 2)."""

    def with_ends(self, ends: NDArray[np.float64]) -> Any:
        """Return regions with other ends, shape (N, axes, 2)."""

    def legal_ends(self, ends: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which ends, shape (N, axes, 2), make a legal region, shape (N,)."""

    def ends_to_parameters(self, move: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one move of the ends, shape (axes, 2), in the order of the parameters."""

    def ties(self, other: Any) -> NDArray[np.bool_]:
        """Return where an end meets an end of `other` on the same axis, shape (N,)."""


class Regions(ByValue):
    """An immutable batch of N sets of one kind.

    A kind is a subclass that names its parameters in `columns` and gives two jitted
    scalar functions of a pair, `overlap` and `enclosure`; the scores, pairwise and sparse
    evaluation, non-maximum suppression, matching and the evaluators then work for it.

    Parameters
    ----------
    values : array_like, shape (N, P)
        One row of parameters per region, in the order of `columns`. A pandas DataFrame
        with these column names, lists and CPU tensors are accepted.
    unit : str, optional
        Unit of length of the parameters, such as ``"s"`` or ``"px"``. Batches with
        different units are never compared.

    Attributes
    ----------
    columns : tuple of str
        Names of the parameters (class attribute).
    overlap : callable
        Jitted ``(a, i, b, j) -> (measure_a, measure_b, intersection)``, where `a` and `b`
        are tuples of contiguous float64 columns (class attribute, see `overlap.scalar`).
    enclosure : callable, optional
        Jitted ``(a, i, b, j) -> (hull, center_gap2, diameter2)``.
    outside : callable, optional
        Jitted ``(a, i, b, j) -> float``: measure of the enclosure without the regions'
        own enclosures. Without it the regions are taken to fill their own enclosures.
    extent : callable, optional
        Jitted ``(a, i, b, j)`` -> one ``(offset, side_a, side_b, cover)`` per axis.
    divergence : callable, optional
        Jitted ``(a, i, b, j) -> (transport2, bhattacharyya, kl_ba, kl_ab)``, for kinds that
        are distributions and have no enclosure.
    pullback : callable, optional
        Jitted ``(a, i, b, j, do, de, ds, dx)`` -> the gradient with respect to the P
        parameters of ``a[i]``, given the partials with respect to every term. Without it,
        gradients raise a TypeError.

    Notes
    -----
    A kind whose terms are better computed for many pairs at once has no scalars. Its `geometry`
    names the groups of terms that are `written`, and it overrides `fill_block` and, for gradients,
    `pull_block`.

    Other capabilities are there where a kind overrides them: `bounds`, `contains`, `scaled`, a
    `boundary` with ends (`Bounded`). Whoever needs one asks the batch, never its class;
    `overlap.testing.check_regions` says which ones a kind lacks.
    """

    columns: ClassVar[tuple[str, ...]] = ()
    axes: ClassVar[int] = 0
    aspect: ClassVar[bool] = False
    fused: ClassVar[bool] = False
    ragged: ClassVar[bool] = False  # a region is not one row of `to_array`

    overlap: ClassVar[Callable]
    enclosure: ClassVar[Callable | None] = None
    outside: ClassVar[Callable | None] = None
    extent: ClassVar[Callable | None] = None
    divergence: ClassVar[Callable | None] = None
    pullback: ClassVar[Callable | None] = None

    _arrays: tuple[NDArray[Any], ...]
    unit: str | None
    _extreme = False  # squares of distances or common enclosures may be beyond float64
    _shapeless = False  # no regions, and no number of dimensions
    _sort: tuple[Any, ...] | None = None  # of one sort: one geometry, and one type of columns

    def __init__(self, values: ArrayLike, *, unit: str | None = None) -> None:
        table = self._read(values, len(self.columns))
        self._fill(tuple(np.array(column) for column in table.T), unit)  # copies, always
        if table.size and np.abs(table).max() > _LARGE:
            self._check_measures()

    # ------------------------------------------------------------------- construction

    def _check_measures(self) -> None:
        """Raise where a measure is beyond float64: scores would call it undefined."""
        with np.errstate(over="ignore", invalid="ignore"):
            measure = self.measure()
        bad = np.flatnonzero(~np.isfinite(measure))
        if bad.size:
            raise ValueError(
                f"{type(self).__name__}: the measure of region {bad[0]} is too large for float64; "
                "multiply all coordinates by the same small number"
            )

    @classmethod
    def _read(
        cls, values: ArrayLike, width: int | None, naming: Naming | None = None
    ) -> NDArray[np.float64]:
        """Return an (N, width) table of finite numbers; named columns are found by name."""
        name = cls.__name__
        if isinstance(values, Regions):
            raise TypeError(f"{name}: expected numbers, got {type(values).__name__}")
        table = as_numbers(by_name(values, naming or cls._naming(), name), name)
        if table.size == 0 and table.ndim < 2:
            table = table.reshape(0, width or 0)
        if table.ndim != 2 or (width is not None and table.shape[1] != width):
            wanted = f"(N, {width})" if width else "(N, 2 D)"
            named = ", ".join(cls.columns) or "lower corner, upper corner"
            advice = ""
            if table.ndim == 1 and len(table) == (width or 4):
                advice = "; put one region into a list: [[...]]"
            elif table.ndim > 2 and table.shape[-1] == (width or 4):
                advice = f"; values.reshape(-1, {table.shape[-1]}) puts all into one batch"
            raise ValueError(
                f"{name}: expected shape {wanted} with columns {named}; got shape "
                f"{table.shape}{advice}"
            )
        if not np.isfinite(table).all():
            row, column = np.argwhere(~np.isfinite(table))[0]
            label = cls.columns[column] if cls.columns else f"column {column} of row "
            raise ValueError(
                f"{name}: {label}[{row}] = {table[row, column]} is not finite; "
                "remove such rows before building the batch"
            )
        return table

    @classmethod
    def _naming(cls) -> Naming:
        """Return the names under which the columns of a table are known."""
        return Naming.of(*cls.columns)

    def _fill(self, arrays: tuple[NDArray[Any], ...], unit: str | None) -> None:
        for array in arrays:
            array.setflags(write=False)
        self._arrays = arrays
        self.unit = unit

    def _fill_usual(self, columns: tuple[NDArray[np.float64], ...], unit: str | None) -> None:
        """Take read-only columns whose squares and common enclosures float64 surely holds."""
        self._arrays, self.unit = columns, unit
        self._sort = type(self), len(columns), unit

    @classmethod
    def _from_arrays(cls, arrays: tuple[NDArray[np.float64], ...], like: Regions) -> Self:
        """Build a batch from columns that are known to be valid."""
        columns = tuple([np.ascontiguousarray(array) for array in arrays])
        for column in columns:
            column.setflags(write=False)
        return cls._from_columns(columns, like)

    @classmethod
    def _from_columns(cls, columns: tuple[NDArray[Any], ...], like: Regions) -> Self:
        """Build a batch from valid columns that are contiguous and can only be read."""
        result = cls.__new__(cls)
        result._copy_settings(like)
        result._arrays, result.unit = columns, like.unit
        if like._sort is not None:
            result._sort = like._sort
        elif like._extreme or like._shapeless:
            result._extreme, result._shapeless = like._extreme, like._shapeless
        return result

    def _copy_settings(self, like: Regions) -> None:
        """Copy the settings of a batch beside its columns (period, factors, ...)."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy or a pickled batch; its columns, too, can only be read.

        For columns that can be written, kernels would be compiled a second time.
        """
        self.__dict__.update(state)
        for array in state.get("_arrays", ()):
            array.setflags(write=False)

    # ---------------------------------------------------------------------- container

    def __len__(self) -> int:
        return len(self._arrays[0])

    def __getitem__(self, index: Any) -> Self:
        index = self._index(index)
        arrays = tuple([array[index] for array in self._arrays])
        if type(index) is slice and index.step in (None, 1):  # parts of the same columns
            return self._from_columns(arrays, self)
        return self._from_arrays(arrays, self)

    def _index(self, index: Any) -> Any:
        """Return an index that gives a batch, or raise an IndexError."""
        if type(index) is slice:
            return index
        size = len(self)
        if type(index) is int and 0 <= index < size:
            return slice(index, index + 1)
        if type(index) is np.ndarray and index.ndim == 1:
            kind = index.dtype.kind
            if kind in "iu":
                return index
            if kind == "b" and len(index) == size:
                return index.nonzero()[0]  # once for all columns
        return checked_index(index, size, type(self).__name__)

    def _contents(self) -> Sequence[Any]:
        """Return the contents by which two batches are compared."""
        return self._settings(), *self._arrays

    def _settings(self) -> dict[str, Any]:
        """Return the keyword arguments of the constructor that are not defaults."""
        return {} if self.unit is None else {"unit": self.unit}

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value!r}" for name, value in self._settings().items())
        if len(self) * self.parameter_count > _REPR_NUMBERS:
            return f"<{type(self).__name__} with {len(self)} regions{settings}>"
        return f"{type(self).__name__}({self.to_array().tolist()!r}{settings})"

    def to_array(self) -> NDArray[Any]:
        """Return the parameters, shape (N, P), in the order of the constructor."""
        return np.array(self._arrays[: len(self._names())]).T.copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return `to_array`, for ``numpy.asarray``."""
        if copy is False:
            raise ValueError(f"{type(self).__name__}: an array of a batch is always a copy")
        return self.to_array() if dtype is None else self.to_array().astype(dtype)

    def to_frame(self) -> pd.DataFrame:
        """Return the parameters as a DataFrame with one column per parameter."""
        import pandas as pd

        names = list(self._names())
        return pd.DataFrame(self.to_array().reshape(len(self), len(names)), columns=names)

    def _names(self) -> Sequence[str]:
        return self.columns

    @property
    def parameter_count(self) -> int:
        """Number of parameters of a region, with respect to which gradients are taken."""
        return len(self._names())

    @classmethod
    def concat(cls, batches: Sequence[Self]) -> Self:
        """Join batches of the same kind, unit and period into one.

        Parameters
        ----------
        batches : sequence of Regions
            At least one.

        Returns
        -------
        Regions
            With ``sum(len(batch) for batch in batches)`` regions.
        """
        batches = cls._alike(batches)
        joined = zip(*(batch._arrays for batch in batches), strict=True)
        result = batches[0]._from_arrays(tuple(map(np.concatenate, joined)), batches[0])
        result._extreme = any(batch._extreme for batch in batches)
        result._sort = None if result._extreme else result._sort
        return result

    @classmethod
    def _alike(cls, batches: Sequence[Self]) -> list[Self]:
        """Return the batches as a list, or raise an error unless they can be joined."""
        batches = list(batches)
        if not batches:
            raise ValueError(f"{cls.__name__}.concat: needs at least one batch")
        for batch in batches[1:]:
            check_pair(batches[0], batch, "batches[0]", "a later batch")
        return batches

    def measure(self) -> NDArray[np.float64]:
        """Return the measure (length, area, volume, ...) of every region, shape (N,)."""
        index = np.arange(len(self))
        block = np.empty((BLOCK_ROWS, len(self)))
        self.fill_block(index, self, index, self.geometry(), Groups.OVERLAP, block)
        return block[0]

    @property
    def dimension(self) -> int:
        """Number of coordinates of a point in a region."""
        return self.axes

    # ------------------------------------------- capabilities that not every kind has

    def _lacks(self, capability: str, advice: str = "") -> TypeError:
        return TypeError(f"{type(self).__name__} has no {capability}(){advice}")

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return lower and upper corners of outer boxes, each of shape (D, N), or None.

        Two regions whose outer boxes do not overlap do not intersect. Sparse evaluation
        and suppression use it to reject pairs; without it they look at all pairs.
        """
        return None

    def arcs(self) -> tuple[float, NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the period, starts within it and stops after them, for arcs of a circle."""
        return None

    def candidate_blocks(self, other: Self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]] | None:
        """Yield index arrays of the pairs that can intersect, or return None.

        A kind with a better way than outer boxes overrides this.
        """
        return None

    def side_share(self, share: float) -> float:
        """Return the least share of each side of its outer box that a part of a region spans.

        Parameters
        ----------
        share : float
            Share of the region's measure that the part has, in [0, 1].

        Returns
        -------
        float
            0 where nothing is known.
        """
        return 0.0

    def reach_share(self, share: float) -> float:
        """Return how far a part of a region reaches at least from each end of its outer box.

        Parameters
        ----------
        share : float
            Share of the region's measure that the part has, in [0, 1].

        Returns
        -------
        float
            As a share of the side. By default that of `side_share`: a part reaches as far as it
            spans.
        """
        return self.side_share(share)

    @property
    def boundary(self) -> bool:
        """Whether all parameters are coordinates of the boundary, see `Bounded`."""
        return False

    @property
    def factors(self) -> tuple[Regions, ...]:
        """The batches of which this one is a product, if it is one."""
        return ()

    @property
    def cell_measure(self) -> float:
        """Measure of a cell of kinds that are made of cells, else 1."""
        return 1.0

    def contains(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points are in which region.

        Parameters
        ----------
        points : ndarray, shape (Q, D)

        Returns
        -------
        ndarray of bool, shape (N, Q)
        """
        raise self._lacks("contains")

    def scaled(self, ratio: float) -> Self:
        """Return the regions scaled by `ratio` about their centres."""
        raise self._lacks("scaled")

    def pull_scaled(self, grad: NDArray[np.float64], ratio: float) -> NDArray[np.float64]:
        """Return the gradient with respect to regions from that with respect to `scaled` ones.

        Parameters
        ----------
        grad : ndarray, shape (P, N)
        ratio : float
        """
        raise self._lacks("pull_scaled", ", and so no gradient through scaled regions")

    def blurred(self, sigma: Any) -> Regions:
        """Return the regions with overlaps blurred by a Gaussian, see `overlap.Blurred`."""
        raise self._lacks("blurred", "; overlap.Blurred says which kinds have it")

    def smooth_min(self, alpha: Any, *, relative: bool = True) -> Regions:
        """Return the boxes with overlaps of smooth minima, see `overlap.SmoothMin`."""
        raise self._lacks("smooth_min", "; overlap.SmoothMin says which kinds have it")

    # ------------------------------------------------------------------- parameters

    def with_array(self, table: ArrayLike) -> Self:
        """Return a batch of the same kind and settings with other parameters, as of `to_array`."""
        return type(self)(table, **self._settings())

    def row_counts(self) -> NDArray[np.intp] | None:
        """Return the number of rows of `to_array` per region of a ragged kind, or None.

        None also for products with a ragged factor, which have no such rows.
        """
        return None

    def _identity(self) -> NDArray[Any]:
        """Return rows of numbers that are equal for identical regions, as `to_array` has them."""
        return self.to_array()

    def identical(self, other: Self) -> NDArray[np.bool_]:
        """Return which regions have the same parameters as their partners, shape (N,)."""
        first, second = self._identity(), other._identity()
        mine, theirs = self.row_counts(), other.row_counts()
        if mine is None or theirs is None:
            return (first == second).all(axis=tuple(range(1, first.ndim)))
        same = mine == theirs
        differ = (first[np.repeat(same, mine)] != second[np.repeat(same, theirs)]).any(axis=1)
        item = np.repeat(np.flatnonzero(same), mine[same])
        same[item[differ]] = False
        return same

    # ------------------------------------------------------------- what kernels read

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars of this kind under the named enclosure."""
        self._check_enclosure(enclosure)
        return _kind_geometry(type(self), enclosure)  # type: ignore[arg-type]

    def pair_geometry(self, other: Regions, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars for a pair of batches.

        A kind overrides this whose batches are of several sorts, such as hard and soft masks.
        """
        return (other if self._shapeless else self).geometry(enclosure)

    def pair_cost(self) -> float:
        """Return the cost of the terms of a pair, in nanoseconds, roughly."""
        return 60.0

    def _enclosures(self) -> tuple[str, ...]:
        """Return the names of the enclosures that this kind has."""
        kind = type(self)
        if kind.enclosure is None:
            return ()
        return ("natural", "box") if kind.extent is not None else ("natural",)

    def _check_enclosure(self, enclosure: str) -> None:
        if enclosure == "natural":
            return
        known = self._enclosures()
        if enclosure not in known:
            raise TypeError(
                f"{type(self).__name__} has no {enclosure!r} enclosure; "
                f"it has {', '.join(map(repr, known)) or 'none'}"
            )

    def kernel_columns(self) -> tuple[Any, ...]:
        """Return the tuple of contiguous columns that the jitted scalars index."""
        return self._arrays

    def kernel_table(self) -> NDArray[np.float64]:
        """Return the columns as rows of one table, for kinds that are sieved (`Geometry.meets`)."""
        return np.array(self._arrays)

    def arranged(self, table: NDArray[np.float64]) -> tuple[Any, ...]:
        """Return rows of such a table as `kernel_columns` has them."""
        return tuple(table)

    def fill_block(
        self,
        index: NDArray[np.int64],
        other: Self,
        other_index: NDArray[np.int64],
        geometry: Geometry,
        needs: Groups,
        block: NDArray[np.float64],
    ) -> None:
        """Write the terms of listed pairs, one row per term as `overlap._kernels.loops` has them.

        A kind with a better way than one pair at a time overrides this.
        """
        kernel = specialise(term_block, TERMS=terms_scalar(geometry, needs))
        # Ten times what they take: where few pairs are scored, it is mostly hundreds of times.
        kernel = suited(kernel, 80 * len(index))
        kernel(self.kernel_columns(), index, other.kernel_columns(), other_index, block)

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
        """Write the gradients of listed pairs, shape (P, pairs), from the partials of a score.

        `block` holds the terms as `fill_block` wrote them and `partials`, of the same shape,
        the partials with respect to each. A kind with very many parameters overrides this.
        """
        kernel = specialise(
            pull_block,
            PULL=pullback_scalar(geometry, needs, wrt),
            EXTENT=extent_reader(geometry.axes, needs),
        )
        pulled = np.empty(grad.shape)
        kernel(self.kernel_columns(), index, other.kernel_columns(), other_index, partials, pulled)
        grad[:] = pulled
        if geometry.at_ties is None:
            return
        tied = np.flatnonzero(np.isnan(pulled).any(axis=0))
        if tied.size:
            again = np.empty((len(grad), len(tied)))
            some, others = index[tied], other_index[tied]
            terms, slopes = (np.ascontiguousarray(table[:, tied]) for table in (block, partials))
            exact = geometry.at_ties
            self.pull_block(some, other, others, exact, needs, wrt, terms, slopes, again)
            grad[:, tied] = again

    def _check_partner(self, other: Regions, mine: str, theirs: str) -> None:
        """Raise if `other` is of the same class but cannot be compared (period, D, ...)."""


def checked_index(index: Any, size: int, kind: str) -> Any:
    """Return a slice or an array on one axis, or raise an IndexError.

    Parameters
    ----------
    index : object
        A whole number (which gives a slice of one region), a slice, whole numbers of shape (K,),
        or Booleans of shape (N,).
    size : int
        N.
    kind : str
        For messages.
    """
    if isinstance(index, (int, np.integer)) and not isinstance(index, bool):
        if not -size <= index < size:
            raise IndexError(f"{kind}: index {index} is out of range for {size}")
        return slice(index, index + 1 or None)
    if isinstance(index, slice):
        return index
    wanted = f"a whole number, a slice, whole numbers of shape (K,) or Booleans of shape ({size},)"
    if index is None or isinstance(index, (tuple, str)) or index is Ellipsis:
        raise IndexError(f"{kind}: a batch has one axis; expected {wanted}, got {described(index)}")
    try:
        array = np.asarray(unmasked(index, f"{kind}: the index"))
    except ValueError as error:
        raise IndexError(f"{error}; expected {wanted}") from None
    if isinstance(index, list) and not index:
        return np.empty(0, np.int64)
    if array.ndim == 0 and array.dtype.kind in "iu":
        return checked_index(int(array), size, kind)
    if array.ndim != 1 or array.dtype.kind not in "iub":
        raise IndexError(
            f"{kind}: the index has shape {array.shape} and type {array.dtype}; expected {wanted}"
        )
    if array.dtype == bool and len(array) != size:
        raise IndexError(
            f"{kind}: the index has {len(array)} Booleans for {size} regions; give one for each"
        )
    return array


def extent_reader(axes: int, needs: Groups) -> Callable:
    """Return the scalar that reads the extent of a pair from a block of terms."""
    return each_axis(read_axis, max(axes, 1) if Groups.EXTENT in needs else 1)


@cache
def _kind_geometry(kind: type[Regions], enclosure: str) -> Geometry:
    natural = Geometry(
        overlap=kind.overlap,
        enclosure=kind.enclosure,
        outside=kind.outside,
        extent=kind.extent,
        divergence=kind.divergence,
        pullback=kind.pullback,
        axes=kind.axes,
        aspect=kind.aspect,
        fused=kind.fused,
    )
    return boxed(natural) if enclosure == "box" else natural


#: Which class takes arrays of a shape (N, P).
_CLASS_OF_WIDTH = {
    2: "Intervals([[start, stop], ...])",
    4: "Boxes([[x0, y0, x1, y1], ...]), or Boxes.from_xywh for corner, width and height",
    5: "RotatedBoxes([[cx, cy, w, h, angle], ...])",
    6: "Boxes([[x0, y0, z0, x1, y1, z1], ...])",
    7: "UprightBoxes([[cx, cy, cz, length, width, height, yaw], ...])",
}


def _advice(value: object) -> str:
    """Return advice on the class that makes a batch of a value."""
    module = type(value).__module__.partition(".")[0]
    if module in ("torch", "monai"):
        wrapped = "Boxes(tensor)" if getattr(value, "ndim", 2) == 2 else "Masks(tensor)"
        return (
            "of tensors overlap.interop.torch gives scores and losses with autograd; or wrap it, "
            f"{wrapped}"
        )
    if value is None:
        return "give both sides: score(found, truth)"
    entries = value if isinstance(value, (list, tuple)) or hasattr(value, "dtype") else [value]
    first = entries[0] if isinstance(entries, (list, tuple)) and entries else None
    if type(first).__module__.partition(".")[0] == "shapely":
        return "wrap it: overlap.Polygons.from_shapely(geometries)"
    if isinstance(first, Mapping) and "bbox" in first:
        return "wrap its boxes, of COCO as overlap.Boxes.from_xywh([one['bbox'] for one in rows])"
    if isinstance(first, Mapping) and "counts" in first:
        return "wrap run lengths: overlap.Masks.from_rle(rles)"
    try:
        array = np.asarray(value)
    except ValueError:
        return "wrap lists of different lengths: FiniteSets.from_lists, or Polygons for rings"
    if array.ndim >= 2 and array.dtype == bool:
        return "wrap it: overlap.Masks(array), of shape (N, ...)"
    if array.ndim > 2 or (array.ndim == 2 and array.dtype.kind in "iu" and array.shape[1] > 7):
        return (
            "wrap masks, overlap.Masks(array), or a map of labels, Masks.from_labels(array); many "
            "label maps are for overlap.evaluate.segmentation"
        )
    if array.ndim == 2 and array.shape[1] in _CLASS_OF_WIDTH:
        return f"wrap it: overlap.{_CLASS_OF_WIDTH[array.shape[1]]}"
    if array.ndim == 1 and len(array) in _CLASS_OF_WIDTH:
        return f"wrap it, one row per region: overlap.{_CLASS_OF_WIDTH[len(array)]}"
    return "wrap it in a kind of region, such as overlap.Boxes; overlap list kinds shows all"


def check_pair(a: object, b: object, mine: str = "found", theirs: str = "truth") -> None:
    """Raise a clear error unless `a` and `b` are batches that can be compared."""
    if isinstance(a, Regions) and isinstance(b, Regions):
        if type(a) is type(b) and a.unit == b.unit:  # the usual case, at once
            a._check_partner(b, mine, theirs)
            return
    for value, name in ((a, mine), (b, theirs)):
        if not isinstance(value, Regions):
            raise TypeError(
                f"{name}: expected a batch of regions, got {described(value)}; {_advice(value)}"
            )
    assert isinstance(a, Regions)
    assert isinstance(b, Regions)
    if type(a) is not type(b):
        raise TypeError(
            f"{mine} is {type(a).__name__} and {theirs} is {type(b).__name__}; "
            "convert one, so that both are of one kind"
        )
    if None not in (a.unit, b.unit) and a.unit != b.unit:
        dated = " since " in str(a.unit) and " since " in str(b.unit)
        advice = "build both with the same origin=" if dated else "convert one"
        raise ValueError(f"{mine} is in {a.unit!r} and {theirs} in {b.unit!r}; {advice}")
    a._check_partner(b, mine, theirs)
