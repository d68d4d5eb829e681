"""Product: the products of two batches, region by region: a box times a time span."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from overlap._common.numbers import one_number
from overlap._common.sizes import LARGEST_POWER, limits, power
from overlap._kernels.jit import compose
from overlap._kernels.loops import BLOCK_ROWS
from overlap._kernels.terms import Geometry, Groups
from overlap.regions.base import Bounded, Regions, check_pair
from overlap.regions.smooth.geometry import Method, Scalars
from overlap.regions.smooth.smooth import Smoothable, smooth_scalars

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Product"]

# Columns: those of the first factor, those of the second, (scale,).


def _overlap(a, i, b, j):
    u, v = FIRST(a[0], i, b[0], j), SECOND(a[1], i, b[1], j)
    return u[0] * v[0], u[1] * v[1], u[2] * v[2]


def _enclosure(a, i, b, j):
    u, v = FIRST(a[0], i, b[0], j), SECOND(a[1], i, b[1], j)
    square = a[2][0] * a[2][0]
    return u[0] * v[0], u[1] + square * v[1], u[2] + square * v[2]


def _extent(a, i, b, j):
    return FIRST(a[0], i, b[0], j) + SECOND(a[1], i, b[1], j)


def _constant_axes(dx):
    return ZEROS


def _first_axes(dx):
    return dx[:CUT]


def _second_axes(dx):
    return dx[CUT:]


def _pullback(a, i, b, j, do, de, ds, dx):
    u, v = FIRST_OVERLAP(a[0], i, b[0], j), SECOND_OVERLAP(a[1], i, b[1], j)
    e, f = FIRST_ENCLOSURE(a[0], i, b[0], j), SECOND_ENCLOSURE(a[1], i, b[1], j)
    square = a[2][0] * a[2][0]
    do_first = (do[0] * v[0], do[1] * v[1], do[2] * v[2])
    do_second = (do[0] * u[0], do[1] * u[1], do[2] * u[2])
    de_first = (de[0] * f[0], de[1], de[2])
    de_second = (de[0] * e[0], de[1] * square, de[2] * square)
    return FIRST(a[0], i, b[0], j, do_first, de_first, 0.0, FIRST_AXES(dx)) + SECOND(
        a[1], i, b[1], j, do_second, de_second, 0.0, SECOND_AXES(dx)
    )


@cache
def _product_geometry(first: Geometry, second: Geometry, centers: bool) -> Geometry:
    common = first.groups & second.groups
    enclosed, extents = Groups.ENCLOSURE in common, Groups.EXTENT in common
    filled = first.filled and second.filled
    gradient = enclosed and first.differentiable and second.differentiable
    blocks = first.overlap is None or second.overlap is None
    pulls = blocks or first.pulls or second.pulls
    scalars: dict[str, Any] = {}
    if blocks:
        scalars["written"] = common & ~Groups.OUTSIDE
        if enclosed and filled:
            scalars["written"] |= Groups.OUTSIDE
    else:
        for name, template in (
            ("overlap", _overlap),
            ("enclosure", _enclosure if enclosed else None),
            ("extent", _extent if extents else None),
        ):
            if template is not None:
                both = getattr(first, name), getattr(second, name)
                scalars[name] = compose(template, FIRST=both[0], SECOND=both[1])
    if gradient and not pulls:
        scalars["pullback"] = _product_pullback(first, second, extents)
    if not pulls and (first.at_ties or second.at_ties):
        exact = first.at_ties or first, second.at_ties or second
        scalars["at_ties"] = _product_geometry(*exact, centers)
    return Geometry(
        **scalars,
        pulls=gradient and pulls,
        factors=(first, second) if pulls else None,
        axes=first.axes + second.axes if extents else 0,
        fills=filled,
        centers=centers and first.centers and second.centers,
        sides=first.sides and second.sides,
        reflexive=first.reflexive and second.reflexive,
        bounded=first.bounded and second.bounded,
        pulls_outside=first.pulls_outside and second.pulls_outside,
        fused=first.fused and second.fused,
        fused_enclosure=first.fused_enclosure and second.fused_enclosure,
    )


def _check_measures(first: Regions, second: Regions) -> None:
    """Raise where both measures are positive and float64 cannot hold their product."""
    sizes = first.measure(), second.measure()
    with np.errstate(over="ignore", invalid="ignore"):
        product = sizes[0] * sizes[1]
    if product.min(initial=np.inf) > 2.0**-1000 and product.max(initial=0.0) < 2.0**1000:
        return  # as a rule
    with np.errstate(invalid="ignore"):  # -inf of 0
        powers = power(sizes[0]) + power(sizes[1])
    bad = np.flatnonzero((abs(powers) > LARGEST_POWER) & (sizes[0] > 0.0) & (sizes[1] > 0.0))
    if bad.size:
        k = bad[0]
        raise ValueError(
            f"Product: region {k} measures {sizes[0][k]:.6g} x {sizes[1][k]:.6g}, which is too "
            f"{'large' if powers[k] > 0.0 else 'small'} for float64; multiply the coordinates of a "
            "factor by the same number everywhere"
        )


def _product_pullback(first: Geometry, second: Geometry, extents: bool) -> Callable:
    if extents:
        axes = {
            "FIRST_AXES": compose(_first_axes, CUT=first.axes),
            "SECOND_AXES": compose(_second_axes, CUT=first.axes),
        }
    else:
        zeros = [((0.0,) * 4,) * max(factor.axes, 1) for factor in (first, second)]
        axes = {
            "FIRST_AXES": compose(_constant_axes, ZEROS=zeros[0]),
            "SECOND_AXES": compose(_constant_axes, ZEROS=zeros[1]),
        }
    return compose(
        _pullback,
        FIRST=first.pullback,
        SECOND=second.pullback,
        FIRST_OVERLAP=first.overlap,
        SECOND_OVERLAP=second.overlap,
        FIRST_ENCLOSURE=first.enclosure,
        SECOND_ENCLOSURE=second.enclosure,
        **axes,
    )


# ------------------------------------------------------------------- smoothed factors


def _smooth_overlap(a, i, b, j):
    u = FIRST((a[0][0], a[1][0]), i, (b[0][0], b[1][0]), j)
    v = SECOND((a[0][1], a[1][1]), i, (b[0][1], b[1][1]), j)
    first, second = u[0] * v[0], u[1] * v[1]
    return first, second, min(u[2] * v[2], 0.5 * (first + second))


def _smooth_pullback(a, i, b, j, do, de, ds, dx):
    a0, a1, b0, b1 = (a[0][0], a[1][0]), (a[0][1], a[1][1]), (b[0][0], b[1][0]), (b[0][1], b[1][1])
    u, v = FIRST_OVERLAP(a0, i, b0, j), SECOND_OVERLAP(a1, i, b1, j)
    by_first = (do[0] * v[0], do[1] * v[1], do[2] * v[2])
    by_second = (do[0] * u[0], do[1] * u[1], do[2] * u[2])
    return FIRST(a0, i, b0, j, by_first, de, ds, dx) + SECOND(a1, i, b1, j, by_second, de, ds, dx)


@cache
def _smooth(first: Scalars, second: Scalars) -> Scalars:
    return (
        compose(_smooth_overlap, FIRST=first[0], SECOND=second[0]),
        compose(
            _smooth_pullback,
            FIRST=first[1],
            SECOND=second[1],
            FIRST_OVERLAP=first[0],
            SECOND_OVERLAP=second[0],
        ),
    )


class Product(Smoothable):
    """Products of two batches: region k is ``first[k] x second[k]``.

    Measures, intersections and hulls multiply; squared centre distances and squared
    diameters add. A space-time tube is a box, or any outline, times an interval.

    Any two kinds have a product. A score asks of it what both factors have, and a gradient is there
    where both have one. With a factor whose regions have no row of numbers each (polygons,
    interval sets), `Score.value_and_grad` gives for each side the gradients of both factors, as a
    pair.

    Parameters
    ----------
    first, second : Regions
        Batches of the same length, of any kinds.
    scale : float, optional
        How many units of the first factor one unit of the second is worth. Needed by
        scores that look at distances between centres where the units differ.

    Raises
    ------
    ValueError
        For different lengths, or a scale that is not positive.

    Examples
    --------
    >>> import overlap as ov
    >>> boxes = ov.Boxes([[0.0, 0.0, 2.0, 2.0]], unit="px")
    >>> tube = ov.Product(boxes, ov.Intervals([[0.0, 4.0]], unit="s"), scale=10.0)
    >>> later = ov.Product(boxes, ov.Intervals([[2.0, 6.0]], unit="s"), scale=10.0)
    >>> ov.iou(tube, later)
    array([0.33333333])
    """

    def __init__(self, first: Regions, second: Regions, *, scale: float | None = None) -> None:
        for factor, name in ((first, "first"), (second, "second")):
            if not isinstance(factor, Regions):
                raise TypeError(
                    f"Product: {name} is {type(factor).__name__}; expected a batch of regions"
                )
        if len(first) != len(second):
            raise ValueError(
                f"Product: first has {len(first)} regions and second {len(second)}; "
                "they are multiplied one by one, so the lengths must be equal"
            )
        if scale is not None:
            least, most = limits(2)
            if not least <= one_number(scale, "Product: scale") <= most:
                raise ValueError(
                    f"Product: scale = {scale!r} is not a positive number, or its square is beyond "
                    "float64"
                )
        _check_measures(first, second)
        self._join(first, second, None if scale is None else float(scale), False)
        self._extreme = self._beyond()

    def _join(self, first: Regions, second: Regions, scale: float | None, extreme: bool) -> None:
        self._factors: tuple[Regions, Regions] = (first, second)
        self._scale, self.unit = scale, None
        self._ragged = first.ragged or second.ragged
        self._extreme = extreme
        self._shapeless = first._shapeless or second._shapeless

    def _beyond(self) -> bool:
        """Return whether products of sides and of distances may be beyond float64."""
        if any(factor._extreme for factor in self._factors):
            return True
        bounds = self.bounds()
        if bounds is None or not bounds[0].size:
            return False
        least, most = limits(len(bounds[0]))
        side = bounds[1] - bounds[0]
        low = side.min()
        if not low > 0.0:
            low = side[side > 0.0].min(initial=np.inf)
        return bool(low < least or np.abs(bounds).max() > most)

    @property
    def factors(self) -> tuple[Regions, Regions]:
        """The two batches."""
        return self._factors

    @property
    def scale(self) -> float | None:
        """Units of the first factor per unit of the second, or None."""
        return self._scale

    def _rebuilt(self, first: Regions, second: Regions) -> Self:
        result = type(self).__new__(type(self))
        result._join(first, second, self._scale, self._extreme)
        return result

    # ---------------------------------------------------------------------- container

    def __len__(self) -> int:
        return len(self._factors[0])

    def __getitem__(self, index: Any) -> Self:
        index = self._index(index)
        return self._rebuilt(*(factor[index] for factor in self._factors))

    def _contents(self) -> Sequence[Any]:
        return self._scale, *self._factors

    def __repr__(self) -> str:
        scale = "" if self._scale is None else f", scale={self._scale!r}"
        return f"{type(self).__name__}({self._factors[0]!r}, {self._factors[1]!r}{scale})"

    def to_array(self) -> NDArray[np.float64]:
        """Return the parameters of both factors side by side, shape (N, P).

        A TypeError where a factor has no row of parameters for each region.
        """
        for factor in self._factors:
            if factor.ragged:
                raise TypeError(
                    f"Product: {type(factor).__name__} have no row of parameters for each region; "
                    "take .factors, and to_array of each"
                )
        tables = (factor.to_array() for factor in self._factors)
        return np.hstack([table.reshape(len(table), -1).astype(np.float64) for table in tables])

    def _names(self) -> Sequence[str]:
        first, second = (factor._names() for factor in self._factors)
        if set(first) & set(second):
            return [f"first_{name}" for name in first] + [f"second_{name}" for name in second]
        return [*first, *second]

    @classmethod
    def concat(cls, batches: Sequence[Self]) -> Self:
        """Join products of the same kinds, units and scale into one batch."""
        batches = cls._alike(batches)
        factors = (
            type(batches[0]._factors[k]).concat([batch._factors[k] for batch in batches])
            for k in (0, 1)
        )
        result = batches[0]._rebuilt(*factors)
        result._extreme = any(batch._extreme for batch in batches)
        return result

    def measure(self) -> NDArray[np.float64]:
        """Return the products of the factors' measures, shape (N,)."""
        return self._factors[0].measure() * self._factors[1].measure()

    def scaled(self, ratio: float) -> Self:
        """Return the products of the scaled factors."""
        return type(self)(*(x.scaled(ratio) for x in self._factors), scale=self._scale)

    def pull_scaled(self, grad: NDArray[np.float64], ratio: float) -> NDArray[np.float64]:
        """Return the gradient with respect to products from that with respect to scaled ones."""
        parts = np.split(grad, [self._factors[0].parameter_count])
        pairs = zip(self._factors, parts, strict=True)
        return np.concatenate([factor.pull_scaled(part, ratio) for factor, part in pairs])

    def with_array(self, table: ArrayLike) -> Self:
        """Return products of factors with other parameters, side by side as of `to_array`."""
        cut = self._factors[0].to_array().shape[1]
        parts = zip(self._factors, np.split(np.asarray(table), [cut], axis=1), strict=True)
        return type(self)(*(factor.with_array(part) for factor, part in parts), scale=self._scale)

    def smooth_scalars(self, method: Method) -> Scalars:
        """Return the scalars of a smooth overlap, or raise a TypeError that names a factor."""
        first, second = (smooth_scalars(factor, method) for factor in self._factors)
        return _smooth(first, second)

    def contains(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points are in which product, shape (N, Q)."""
        first, second = self._factors
        cut = points.shape[1] - second.dimension
        return first.contains(points[:, :cut]) & second.contains(points[:, cut:])

    @property
    def dimension(self) -> int:
        """Number of coordinates of a point."""
        return sum(factor.dimension for factor in self._factors)

    @property
    def boundary(self) -> bool:
        """Whether all parameters are coordinates of the boundary."""
        return all(factor.boundary for factor in self._factors)

    @property
    def _bounded(self) -> tuple[Bounded, Bounded]:
        return cast("tuple[Bounded, Bounded]", self._factors)

    @property
    def ends(self) -> NDArray[np.float64]:
        """Both ends of every axis of both factors, shape (N, axes, 2)."""
        return np.concatenate([factor.ends for factor in self._bounded], axis=1)

    def _split(self, ends: NDArray[np.float64], axis: int) -> list[NDArray[np.float64]]:
        return np.split(ends, [self._bounded[0].ends.shape[1]], axis=axis)

    def with_ends(self, ends: NDArray[np.float64]) -> Self:
        """Return products with other ends, shape (N, axes, 2)."""
        parts = zip(self._bounded, self._split(ends, 1), strict=True)
        moved = (factor.with_ends(part) for factor, part in parts)
        return type(self)(*moved, scale=self._scale)

    def legal_ends(self, ends: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which ends are legal in both factors, shape (N,)."""
        first, second = zip(self._bounded, self._split(ends, 1), strict=True)
        return first[0].legal_ends(first[1]) & second[0].legal_ends(second[1])

    def ends_to_parameters(self, move: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a move of the ends, shape (axes, 2), in the order of the parameters."""
        parts = zip(self._bounded, self._split(move, 0), strict=True)
        return np.concatenate([factor.ends_to_parameters(part) for factor, part in parts])

    def ties(self, other: Self) -> NDArray[np.bool_]:
        """Return where an end meets an end of `other` in one of the factors, shape (N,)."""
        first, second = zip(self._bounded, other._bounded, strict=True)
        return first[0].ties(first[1]) | second[0].ties(second[1])

    # ------------------------------------------------------------------------- kernels

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return the terms; a factor without the named enclosure uses its own."""
        return self.pair_geometry(self, enclosure)

    def pair_geometry(self, other: Regions, enclosure: str = "natural") -> Geometry:
        """Return the terms of a pair, of which one can have soft masks."""
        assert isinstance(other, Product)
        self._check_enclosure(enclosure)
        first, second = (
            mine.pair_geometry(its, enclosure if enclosure in mine._enclosures() else "natural")
            for mine, its in zip(self._factors, other._factors, strict=True)
        )
        same = self._factors[0].unit == self._factors[1].unit
        return _product_geometry(first, second, self._scale is not None or same)

    @property
    def ragged(self) -> bool:  # type: ignore[override]
        """Whether a factor has no row of parameters for each region."""
        return self._ragged

    def pair_cost(self) -> float:
        """Return the cost of the terms of a pair, in nanoseconds, roughly."""
        if self.geometry().overlap is not None:
            return super().pair_cost()
        return sum(factor.pair_cost() for factor in self._factors)

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
        if geometry.overlap is not None:
            super().fill_block(index, other, other_index, geometry, needs, block)
            return
        first, second = self._blocks(index, other, other_index, geometry, needs)
        square = _scale_of(self) ** 2
        around = first[3] * second[3]
        block[:3] = first[:3] * second[:3]
        if Groups.ENCLOSURE in needs:
            block[3] = around
            block[4:6] = first[4:6] + square * second[4:6]
        if Groups.OUTSIDE in needs:
            block[6] = np.maximum(around - (block[0] + block[1] - block[2]), 0.0)
        if Groups.EXTENT in needs:
            block[7:] = np.concatenate([first[7 : 7 + _axis_rows(geometry)], second[7:]])

    def _blocks(
        self,
        index: NDArray[np.int64],
        other: Self,
        other_index: NDArray[np.int64],
        geometry: Geometry,
        needs: Groups,
    ) -> list[NDArray[np.float64]]:
        """Return the terms of both factors of listed pairs."""
        assert geometry.factors is not None
        blocks = []
        for mine, its, own in zip(self._factors, other._factors, geometry.factors, strict=True):
            block = np.zeros((BLOCK_ROWS + 4 * max(own.axes - 1, 0), len(index)))
            mine.fill_block(index, its, other_index, own, _needs_of_factor(needs), block)
            blocks.append(block)
        return blocks

    def _pulled(
        self,
        index: NDArray[np.int64],
        other: Self,
        other_index: NDArray[np.int64],
        geometry: Geometry,
        needs: Groups,
        wrt: str,
        partials: NDArray[np.float64],
    ) -> list[tuple[NDArray[np.float64], ...]]:
        """Return the gradients of listed pairs, for each factor one per side, in rows."""
        assert geometry.factors is not None
        blocks = self._blocks(index, other, other_index, geometry, needs)
        of_measures, of_hull = partials[:3].copy(), partials[3].copy()
        if Groups.OUTSIDE in needs:  # the hull without the union
            of_measures += np.array([[-1.0], [-1.0], [1.0]]) * partials[6]
            of_hull += partials[6]
        result = []
        for k, own in enumerate(geometry.factors):
            mine, theirs = blocks[k], blocks[1 - k]
            part = np.zeros(mine.shape)
            part[:3] = of_measures * theirs[:3]
            part[3] = of_hull * theirs[3]
            part[4:6] = partials[4:6] * (_scale_of(self) ** 2 if k else 1.0)
            if Groups.EXTENT in needs:
                cut = _axis_rows(geometry)
                part[7:] = partials[7 + cut :] if k else partials[7 : 7 + cut]
            factor: Any = self._factors[k]
            its, wanted = other._factors[k], _needs_of_factor(needs)
            pair = index, its, other_index, own, wanted, wrt, mine, part
            if factor.ragged:
                result.append(factor.pull_ragged(*pair))
                continue
            size = factor.parameter_count
            grad = np.empty((size * (2 if wrt == "both" else 1), len(index)))
            factor.pull_block(*pair, grad)
            result.append(tuple(grad[lo : lo + size].T for lo in range(0, len(grad), size)))
        return result

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
        """Write the gradients of listed pairs; see `Regions.pull_block`."""
        pair = index, other, other_index, geometry, needs, wrt
        if geometry.factors is None:
            super().pull_block(*pair, block, partials, grad)
            return
        first, second = self._pulled(*pair, partials)
        sides = (np.hstack(side) for side in zip(first, second, strict=True))
        grad[:] = np.hstack(list(sides)).T

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
    ) -> tuple[tuple[Any, ...], ...]:
        """Return for each side the gradients of both factors; see `Polygons.pull_ragged`."""
        pulled = self._pulled(index, other, other_index, geometry, needs, wrt, partials)
        return tuple(zip(*pulled, strict=True))

    def _enclosures(self) -> tuple[str, ...]:
        known = [factor._enclosures() for factor in self._factors]
        return tuple(dict.fromkeys(known[0] + known[1])) if all(known) else ()

    def kernel_columns(self) -> tuple[Any, ...]:
        """Return both factors' columns and the scale."""
        scale = np.array([_scale_of(self)])
        return (*(factor.kernel_columns() for factor in self._factors), scale)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the outer boxes of the factors that have them, stacked."""
        known = [bounds for factor in self._factors if (bounds := factor.bounds()) is not None]
        if not known:
            return None
        lower, upper = zip(*known, strict=True)
        return np.concatenate(lower), np.concatenate(upper)

    def _check_partner(self, other: Regions, mine: str, theirs: str) -> None:
        assert isinstance(other, Product)
        for k, name in enumerate(("first", "second")):
            check_pair(self._factors[k], other._factors[k], f"{mine}.{name}", f"{theirs}.{name}")
        if self._scale != other._scale:
            raise ValueError(
                f"{mine} has scale {self._scale} and {theirs} has scale {other._scale}; "
                "build both with the same scale"
            )


def _scale_of(product: Product) -> float:
    return 1.0 if product.scale is None else product.scale


def _axis_rows(geometry: Geometry) -> int:
    """Return the number of rows of a block that the axes of the first factor take."""
    assert geometry.factors is not None
    return 4 * geometry.factors[0].axes


def _needs_of_factor(needs: Groups) -> Groups:
    """Return the groups of terms that factors need: for the outside, hulls and measures."""
    wanted = needs | Groups.OVERLAP
    if Groups.OUTSIDE in needs:
        wanted = (wanted & ~Groups.OUTSIDE) | Groups.ENCLOSURE
    return wanted
