"""Geometry of smoothed regions: smooth overlaps, and the enclosures of the regions themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from overlap._kernels.jit import compose
from overlap._kernels.terms import Geometry, each_axis
from overlap.regions.smooth import lengths

__all__ = ["BLUR", "SMOOTH_MIN", "Method", "Scalars", "smoothed"]

# Columns: those of the kind, then the settings: an array (width, relative), or for a product
# the settings of both factors.

Scalars = tuple[Callable, Callable]  # of a smooth overlap, and of its gradient


@dataclass(frozen=True, eq=False)
class Method:
    """One way of smoothing an overlap.

    Attributes
    ----------
    name : str
        As in messages.
    length, slopes : callable
        See `overlap.regions.smooth.lengths`.
    kinds : str
        The kinds that it has, in words.
    reflexive, bounded : bool
        See `overlap._kernels.terms.Geometry`.
    """

    name: str
    length: Callable
    slopes: Callable
    kinds: str
    reflexive: bool
    bounded: bool


BLUR = Method(
    "blurred",
    lengths.blurred_length,
    lengths.blurred_slopes,
    "Intervals, Boxes, RotatedBoxes, UprightBoxes and products of these",
    reflexive=True,
    bounded=False,
)
SMOOTH_MIN = Method(
    "smooth_min",
    lengths.smooth_length,
    lengths.smooth_slopes,
    "Intervals, Boxes and products of these",
    reflexive=False,
    bounded=True,
)


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
def smoothed(
    geometry: Geometry, overlap: Callable, pullback: Callable, method: Method, size: int
) -> Geometry:
    """Return the geometry of a kind of `size` parameters with a smooth overlap."""
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
        lifted["at_ties"] = smoothed(geometry.at_ties, overlap, pullback, method, size)
    return replace(
        geometry,
        overlap=overlap,
        fills=False,
        reflexive=method.reflexive,
        bounded=method.bounded,
        bound=None,
        tight_bound=None,
        meets=None,
        fused=False,
        **lifted,
    )
