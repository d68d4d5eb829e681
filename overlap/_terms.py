"""The terms of a pair of regions: a few named numbers from which every score is made.

Four groups, each computed only where a score asks for it:

===========  ==================================================================
overlap      ``measure_a, measure_b, intersection``
enclosure    ``hull, center_gap2, diameter2`` of the common enclosure
outside      what of the enclosure lies outside the regions' own enclosures
extent       per axis ``offset, side_a, side_b, cover`` (signed centre offset a - b,
             the two sides, the side of the enclosure)
===========  ==================================================================

In kernels the terms of one pair are ``(o, e, s, x)``: two tuples of three numbers, one
number, and a tuple with one tuple of four numbers per axis.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from overlap._jit import compose, scalar

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Geometry", "Groups", "Terms", "each_axis", "pullback_scalar", "terms_scalar"]


class Groups(enum.Flag):
    """The groups of terms; a score names those that it needs."""

    OVERLAP = enum.auto()
    ENCLOSURE = enum.auto()
    OUTSIDE = enum.auto()
    EXTENT = enum.auto()


@dataclass(frozen=True, eq=False)
class Terms:
    """The named terms of N pairs; None where the kind does not have the group.

    Attributes
    ----------
    measure_a, measure_b, intersection : ndarray, shape (N,)
        Length, area, volume, ... of each region and of what they share.
    hull, center_gap2, diameter2 : ndarray, shape (N,), or None
        Measure of the common enclosure, squared distance of the centres, squared
        diameter of the enclosure.
    outside : ndarray, shape (N,), or None
        Measure of the enclosure without the regions' own enclosures.
    offset, side_a, side_b, cover : ndarray, shape (N, axes), or None
        Per axis: signed centre offset (a - b), sides, side of the enclosure.
    """

    measure_a: NDArray
    measure_b: NDArray
    intersection: NDArray
    hull: NDArray | None = None
    center_gap2: NDArray | None = None
    diameter2: NDArray | None = None
    outside: NDArray | None = None
    offset: NDArray | None = None
    side_a: NDArray | None = None
    side_b: NDArray | None = None
    cover: NDArray | None = None

    @property
    def union(self) -> NDArray:
        """Measure of the union, shape (N,)."""
        return self.measure_a + self.measure_b - self.intersection


@dataclass(frozen=True)
class Geometry:
    """The jitted scalars of a kind under one enclosure; each takes ``(a, i, b, j)``.

    Attributes
    ----------
    overlap : callable
        Returns ``(measure_a, measure_b, intersection)``.
    enclosure : callable or None
        Returns ``(hull, center_gap2, diameter2)``.
    outside : callable or None
        Returns one number. None: the regions fill their own enclosures, so that it is
        the hull without the union.
    extent : callable or None
        Returns one ``(offset, side_a, side_b, cover)`` per axis.
    pullback : callable or None
        ``(a, i, b, j, do, de, ds, dx)``: given the partials of a score with respect to
        every term, returns its gradient with respect to the parameters of ``a[i]``.
    axes : int
        Number of axes of `extent`.
    aspect : bool
        The sides are a width and a height of the regions themselves.
    fused : bool
        The scalars are so cheap that a score is compiled into the loop over pairs.
    """

    overlap: Callable
    enclosure: Callable | None = None
    outside: Callable | None = None
    extent: Callable | None = None
    pullback: Callable | None = None
    axes: int = 0
    aspect: bool = False
    fused: bool = False

    @property
    def groups(self) -> Groups:
        """The groups that this geometry has."""
        groups = Groups.OVERLAP
        if self.enclosure is not None:
            groups |= Groups.ENCLOSURE | Groups.OUTSIDE
        if self.extent is not None:
            groups |= Groups.EXTENT
        return groups


# ------------------------------------------------------------------ scalars of terms


@scalar
def _no_overlap(a, i, b, j):
    return (0.0, 0.0, 0.0)


@scalar
def _no_number(a, i, b, j):
    return 0.0


@scalar
def _no_extent(a, i, b, j):
    return ()


def _terms(a, i, b, j):
    return OVERLAP(a, i, b, j), ENCLOSURE(a, i, b, j), OUTSIDE(a, i, b, j), EXTENT(a, i, b, j)


def _terms_filled(a, i, b, j):
    o = OVERLAP(a, i, b, j)
    e = ENCLOSURE(a, i, b, j)
    return o, e, max(e[0] - (o[0] + o[1] - o[2]), 0.0), EXTENT(a, i, b, j)


@cache
def terms_scalar(geometry: Geometry, needs: Groups) -> Callable:
    """Return the scalar ``(a, i, b, j) -> (o, e, s, x)`` with zeros for unneeded groups."""
    filled = Groups.OUTSIDE in needs and geometry.outside is None
    if filled:
        needs |= Groups.OVERLAP | Groups.ENCLOSURE
    bindings = {
        "OVERLAP": geometry.overlap if Groups.OVERLAP in needs else _no_overlap,
        "ENCLOSURE": geometry.enclosure if Groups.ENCLOSURE in needs else _no_overlap,
        "EXTENT": geometry.extent if Groups.EXTENT in needs else _no_extent,
    }
    if filled:
        return compose(_terms_filled, **bindings)
    outside = geometry.outside if Groups.OUTSIDE in needs else _no_number
    return compose(_terms, OUTSIDE=outside, **bindings)


# --------------------------------------------------------------------------- per axis


def _first_axis(u, v, c):
    return (AXIS(u[0], v[0], c),)


def _next_axis(u, v, c):
    return REST(u, v, c) + (AXIS(u[LAST], v[LAST], c),)


@cache
def each_axis(axis: Callable, axes: int) -> Callable:
    """Lift ``axis(u, v, c)`` of one axis to tuples of `axes` axes."""
    result = compose(_first_axis, AXIS=axis)
    for last in range(1, axes):
        result = compose(_next_axis, REST=result, AXIS=axis, LAST=last)
    return result


# --------------------------------------------------------------------------- pullback


@scalar
def _no_axis(u, v, c):
    return (0.0, 0.0, 0.0, 0.0)


@scalar
def _axis_of_second(u, v, c):
    return (-u[0], u[2], u[1], u[3])


@scalar
def _same(u, v, c):
    return u


def _zero_extent(dx, ZERO, c):
    return ZERO


def _pull_first(a, i, b, j, do, de, ds, dx):
    return PULLBACK(a, i, b, j, do, de, ds, EXTENT(dx, dx, 0.0))


def _pull_second(a, i, b, j, do, de, ds, dx):
    y = SWAP(EXTENT(dx, dx, 0.0), EXTENT(dx, dx, 0.0), 0.0)
    return PULLBACK(b, j, a, i, (do[1], do[0], do[2]), de, ds, y)


def _pull_both(a, i, b, j, do, de, ds, dx):
    return FIRST(a, i, b, j, do, de, ds, dx) + SECOND(a, i, b, j, do, de, ds, dx)


def _filled(a, i, b, j, do, de, ds, dx):
    return PULLBACK(
        a,
        i,
        b,
        j,
        (do[0] - ds, do[1] - ds, do[2] + ds),
        (de[0] + ds, de[1], de[2]),
        0.0,
        dx,
    )


def _constant_extent(dx, same, c):
    return ZEROS


@cache
def pullback_scalar(geometry: Geometry, needs: Groups, wrt: str) -> Callable:
    """Return the scalar that pulls partials back to ``"found"``, ``"truth"`` or ``"both"``."""
    if wrt == "both":
        first, second = (pullback_scalar(geometry, needs, side) for side in ("found", "truth"))
        return compose(_pull_both, FIRST=first, SECOND=second)
    pullback = geometry.pullback
    if Groups.OUTSIDE in needs and geometry.outside is None:
        pullback = compose(_filled, PULLBACK=pullback)
    axes = max(geometry.axes, 1)
    if Groups.EXTENT in needs:
        extent = each_axis(_same, axes)
    else:
        extent = compose(_constant_extent, ZEROS=((0.0, 0.0, 0.0, 0.0),) * axes)
    if wrt == "found":
        return compose(_pull_first, PULLBACK=pullback, EXTENT=extent)
    swap = each_axis(_axis_of_second, axes)
    return compose(_pull_second, PULLBACK=pullback, EXTENT=extent, SWAP=swap)
