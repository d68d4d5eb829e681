"""Kernels of smoothed kinds: their overlaps are smooth, their enclosures those of the kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from overlap._kernels.jit import compose
from overlap._kernels.terms import Geometry, each_axis
from overlap.regions.base import Regions
from overlap.regions.boxes import Boxes, _corners, _lower_end, _upper_end
from overlap.regions.intervals import Intervals
from overlap.regions.product import Product
from overlap.regions.rotated import RotatedBoxes
from overlap.regions.rotated import blur as _blur_rotated
from overlap.regions.smooth import lengths as _smooth_length
from overlap.regions.upright.upright import UprightBoxes, _upright_pullback

__all__ = ["BLUR", "SMOOTH_MIN", "Method", "check_kind", "smooth_geometry"]

# Columns: those of the kind, then the settings: an array (width, relative), or for a product
# the settings of both factors.


@dataclass(frozen=True, eq=False)
class Method:
    """One way of smoothing an overlap.

    Attributes
    ----------
    name : str
        As in messages.
    length, slopes : callable
        See `overlap.regions.smooth.lengths`.
    rotated : tuple of callable, or None
        Overlap and pullback of rotated boxes.
    kinds : str
        The kinds that it has, in words.
    reflexive, bounded : bool
        See `overlap._kernels.terms.Geometry`.
    """

    name: str
    length: Callable
    slopes: Callable
    rotated: tuple[Callable, Callable] | None
    kinds: str
    reflexive: bool
    bounded: bool


BLUR = Method(
    "blurred",
    _smooth_length.blurred_length,
    _smooth_length.blurred_slopes,
    (_blur_rotated.blurred_rotated_overlap, _blur_rotated.blurred_rotated_pullback),
    "Intervals, Boxes, RotatedBoxes, UprightBoxes and products of these",
    reflexive=True,
    bounded=False,
)
SMOOTH_MIN = Method(
    "smooth_min",
    _smooth_length.smooth_length,
    _smooth_length.smooth_slopes,
    None,
    "Intervals, Boxes and products of these",
    reflexive=False,
    bounded=True,
)


# -------------------------------------------------------------------- intervals and boxes
# No overlap is larger than the mean of both measures, but for rounding.


def _line_overlap(a, i, b, j):
    first, second, shared = LENGTH(a[0][0][i], a[0][1][i], b[0][0][j], b[0][1][j], a[1][0], a[1][1])
    return first, second, min(shared, 0.5 * (first + second))


def _line_pullback(a, i, b, j, do, de, ds, dx):
    side, start, stop = SLOPES(a[0][0][i], a[0][1][i], b[0][0][j], b[0][1][j], a[1][0], a[1][1])
    return (do[2] * start - do[0] * side, do[2] * stop + do[0] * side)


def _box_overlap(a, i, b, j):
    axes = len(a[0]) // 2
    first, second, shared = 1.0, 1.0, 1.0
    for k in range(axes):
        u, v, w = LENGTH(
            a[0][k][i], a[0][axes + k][i], b[0][k][j], b[0][axes + k][j], a[1][0], a[1][1]
        )
        first *= u
        second *= v
        shared *= w
    return first, second, min(shared, 0.5 * (first + second))


def _box_ends(a, i, b, j, do, de, ds, dx):
    """Return the gradient with respect to both ends of axis K of ``a[i]``."""
    axes = len(a[0]) // 2
    first, shared = 1.0, 1.0
    for k in range(axes):
        if k != K:
            u, _, w = LENGTH(
                a[0][k][i], a[0][axes + k][i], b[0][k][j], b[0][axes + k][j], a[1][0], a[1][1]
            )
            first *= u
            shared *= w
    side, start, stop = SLOPES(
        a[0][K][i], a[0][axes + K][i], b[0][K][j], b[0][axes + K][j], a[1][0], a[1][1]
    )
    side *= do[0] * first
    shared *= do[2]
    return (shared * start - side, shared * stop + side)


@cache
def _line(method: Method) -> tuple[Callable, Callable]:
    return (
        compose(_line_overlap, LENGTH=method.length),
        compose(_line_pullback, SLOPES=method.slopes),
    )


@cache
def _boxes(method: Method, axes: int) -> tuple[Callable, Callable]:
    ends = compose(_box_ends, LENGTH=method.length, SLOPES=method.slopes)
    return (
        compose(_box_overlap, LENGTH=method.length),
        compose(
            _corners,
            ENDS=each_axis(ends, axes),
            LOWER=each_axis(_lower_end, axes),
            UPPER=each_axis(_upper_end, axes),
        ),
    )


# ------------------------------------------------------------------------------ products


def _product_overlap(a, i, b, j):
    u = FIRST((a[0][0], a[1][0]), i, (b[0][0], b[1][0]), j)
    v = SECOND((a[0][1], a[1][1]), i, (b[0][1], b[1][1]), j)
    first, second = u[0] * v[0], u[1] * v[1]
    return first, second, min(u[2] * v[2], 0.5 * (first + second))


def _product_pullback(a, i, b, j, do, de, ds, dx):
    a0, a1, b0, b1 = (a[0][0], a[1][0]), (a[0][1], a[1][1]), (b[0][0], b[1][0]), (b[0][1], b[1][1])
    u, v = FIRST_OVERLAP(a0, i, b0, j), SECOND_OVERLAP(a1, i, b1, j)
    by_first = (do[0] * v[0], do[1] * v[1], do[2] * v[2])
    by_second = (do[0] * u[0], do[1] * u[1], do[2] * u[2])
    return FIRST(a0, i, b0, j, by_first, de, ds, dx) + SECOND(a1, i, b1, j, by_second, de, ds, dx)


@cache
def _product(
    first: tuple[Callable, Callable], second: tuple[Callable, Callable]
) -> tuple[Callable, Callable]:
    return (
        compose(_product_overlap, FIRST=first[0], SECOND=second[0]),
        compose(
            _product_pullback,
            FIRST=first[1],
            SECOND=second[1],
            FIRST_OVERLAP=first[0],
            SECOND_OVERLAP=second[0],
        ),
    )


def check_kind(base: Regions, method: Method) -> None:
    """Raise a TypeError unless there are kernels for this kind."""
    _kernels(base, method)


def _kernels(base: Regions, method: Method) -> tuple[Callable, Callable]:
    """Return the scalars of the smooth overlap and of its gradient."""
    if isinstance(base, Product):
        first, second = (_kernels(factor, method) for factor in base.factors)
        overlap, pullback = _product(first, second)
        if isinstance(base, UprightBoxes):
            pullback = compose(_upright_pullback, PULLBACK=pullback)
        return overlap, pullback
    if isinstance(base, Intervals) and base.period is None:
        return _line(method)
    if isinstance(base, Boxes):
        return _boxes(method, base.dimension)
    if isinstance(base, RotatedBoxes) and method.rotated is not None:
        return method.rotated
    period = " with a period" if getattr(base, "period", None) is not None else ""
    raise TypeError(
        f"{method.name}: {type(base).__name__}{period} cannot be smoothed this way; "
        f"{method.kinds} can"
    )


# ------------------------------------------------------------------------------ geometry


def _of_kind(a, i, b, j):
    return VALUE(a[0], i, b[0], j)


def _outside(a, i, b, j):
    """Return the enclosure without the union of the regions themselves, not smoothed."""
    o, e = OVERLAP(a[0], i, b[0], j), ENCLOSURE(a[0], i, b[0], j)
    return max(e[0] - (o[0] + o[1] - o[2]), 0.0)


def _sum(g, h):
    return g[K] + h[K]


def _pullback(a, i, b, j, do, de, ds, dx):
    g = FIRST(a, i, b, j, do, de, ds, dx)
    return JOIN(g, SECOND(a[0], i, b[0], j, (0.0, 0.0, 0.0), de, ds, dx))


def _pullback_filled(a, i, b, j, do, de, ds, dx):
    g = FIRST(a, i, b, j, do, de, ds, dx)
    o, e = (-ds, -ds, ds), (de[0] + ds, de[1], de[2])
    return JOIN(g, SECOND(a[0], i, b[0], j, o, e, 0.0, dx))


@cache
def _smoothed(
    geometry: Geometry, overlap: Callable, pullback: Callable, method: Method, size: int
) -> Geometry:
    lifted: dict[str, Any] = {
        name: compose(_of_kind, VALUE=value)
        for name in ("enclosure", "outside", "extent")
        if (value := getattr(geometry, name)) is not None
    }
    filled = geometry.filled and geometry.enclosure is not None
    if filled:
        lifted["outside"] = compose(
            _outside, OVERLAP=geometry.overlap, ENCLOSURE=geometry.enclosure
        )
    if geometry.pullback is not None:
        lifted["pullback"] = compose(
            _pullback_filled if filled else _pullback,
            FIRST=pullback,
            SECOND=geometry.pullback,
            JOIN=each_axis(_sum, size),
        )
    if geometry.at_ties is not None:
        lifted["at_ties"] = _smoothed(geometry.at_ties, overlap, pullback, method, size)
    return replace(
        geometry,
        overlap=overlap,
        fills=False,
        reflexive=method.reflexive,
        bounded=method.bounded,
        bound=None,
        tight_bound=None,
        fused=False,
        **lifted,
    )


def smooth_geometry(base: Regions, method: Method, enclosure: str) -> Geometry:
    """Return the jitted scalars of a kind with a smooth overlap."""
    overlap, pullback = _kernels(base, method)
    return _smoothed(base.geometry(enclosure), overlap, pullback, method, len(base._names()))
