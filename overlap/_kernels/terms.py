"""The terms of a pair of regions: a few named numbers from which every score is made.

Five groups, each computed only where a score asks for it:

===========  ==================================================================
overlap      ``measure_a, measure_b, intersection``
enclosure    ``hull, center_gap2, diameter2`` of the common enclosure
outside      the part of the enclosure outside the regions' own enclosures
extent       per axis ``offset, side_a, side_b, cover`` (signed center offset a - b,
             the two sides, the side of the enclosure)
divergence   ``transport2, bhattacharyya, kl_ba, kl_ab`` of two distributions
===========  ==================================================================

In kernels the terms of one pair are ``(o, e, s, x)``: two tuples of three numbers, one
number, and a tuple with one tuple of four numbers per axis. Sets have an enclosure and
distributions have divergences, so these share a place: ``e`` is then the first three
divergences, and ``s`` the fourth.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from overlap._common.values import ByValue
from overlap._kernels.jit import compose, scalar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Geometry",
    "Groups",
    "Terms",
    "apart_scalar",
    "boxed",
    "each_axis",
    "pullback_scalar",
    "step",
    "terms_scalar",
]


class Groups(enum.Flag):
    """The groups of terms; a score names those that it needs."""

    OVERLAP = enum.auto()
    ENCLOSURE = enum.auto()
    OUTSIDE = enum.auto()
    EXTENT = enum.auto()
    DIVERGENCE = enum.auto()


_NO_GROUPS = Groups(0)


@dataclass(frozen=True, eq=False)
class Terms(ByValue):
    """The named terms of N pairs; None where the kind does not have the group.

    Attributes
    ----------
    measure_a, measure_b, intersection : ndarray, shape (N,)
        Length, area, volume, ... of each region and of their intersection.
    hull, center_gap2, diameter2 : ndarray, shape (N,), or None
        Measure of the common enclosure, squared distance of the centers, squared
        diameter of the enclosure.
    outside : ndarray, shape (N,), or None
        Measure of the enclosure without the regions' own enclosures.
    offset, side_a, side_b, cover : ndarray, shape (N, axes), or None
        Per axis: signed center offset (a - b), sides, side of the enclosure. Where the
        enclosure has axes of its own (a rectangle around boxes), the first two axes are the
        regions' own width and height, with offset and cover 0, and those of the enclosure
        follow, with the extents of the regions along them as sides.
    transport2, bhattacharyya, kl_ba, kl_ab : ndarray, shape (N,), or None
        Of distributions: squared 2-Wasserstein distance, Bhattacharyya distance, and the
        Kullback-Leibler divergences KL(b || a) and KL(a || b).
    """

    measure_a: NDArray[np.float64]
    measure_b: NDArray[np.float64]
    intersection: NDArray[np.float64]
    hull: NDArray[np.float64] | None = None
    center_gap2: NDArray[np.float64] | None = None
    diameter2: NDArray[np.float64] | None = None
    outside: NDArray[np.float64] | None = None
    offset: NDArray[np.float64] | None = None
    side_a: NDArray[np.float64] | None = None
    side_b: NDArray[np.float64] | None = None
    cover: NDArray[np.float64] | None = None
    transport2: NDArray[np.float64] | None = None
    bhattacharyya: NDArray[np.float64] | None = None
    kl_ba: NDArray[np.float64] | None = None
    kl_ab: NDArray[np.float64] | None = None

    @property
    def union(self) -> NDArray[np.float64]:
        """Measure of the union, shape (N,)."""
        return self.measure_a + self.measure_b - self.intersection


@dataclass(frozen=True, eq=False)
class Geometry:
    """The terms that a kind has under one enclosure, and the jitted scalars that compute them.

    A scalar takes ``(a, i, b, j)``. A kind without scalars writes the terms of many pairs at once
    (`Regions.fill_block`), and says in `written` which ones.

    Attributes
    ----------
    overlap : callable or None
        Returns ``(measure_a, measure_b, intersection)``. None for kinds without scalars.
    enclosure : callable or None
        Returns ``(hull, center_gap2, diameter2)``.
    outside : callable or None
        Returns one number. None where the regions fill their own enclosures, so that it
        is the hull without the union.
    extent : callable or None
        Returns one ``(offset, side_a, side_b, cover)`` per axis; an axis without a cover
        holds own sides for the aspect, and counts for nothing else.
    divergence : callable or None
        Returns ``(transport2, bhattacharyya, kl_ba, kl_ab)``. For distributions, which have
        neither an enclosure nor an outside.
    pullback : callable or None
        ``(a, i, b, j, do, de, ds, dx)``: given the partials of a score with respect to
        every term, returns its gradient with respect to the parameters of ``a[i]``.
    at_ties : Geometry or None
        The same with a `pullback` that also holds at ties. The own one then gives NaN there, and
        is quicker elsewhere.
    written : Groups
        The groups of a kind without scalars.
    pulls : bool
        The kind has gradients without a `pullback` (`Regions.pull_block`, or `pull_ragged`).
    factors : pair of Geometry, or None
        Geometries of the factors of a product whose terms or gradients come in blocks.
    axes : int
        Number of axes of `extent`.
    aspect : bool
        The sides are a width and a height of the regions themselves.
    centers : bool
        Center distances and diameters mean something (false in a product of factors with
        different units and no scale between them).
    fills : bool
        Without `outside`: the regions do fill their own enclosures.
    sides : bool
        The enclosure is a box, whose sides are the covers of `extent`.
    reflexive : bool
        A region shares all of its measure with itself, so that ratios are 1 there.
    bounded : bool
        The intersection is at most either measure, not only at most their mean.
    bound : callable or None
        Returns ``(measure_a, measure_b, at_most)``: a cheap upper bound of the intersection,
        0 for regions that surely do not touch. For kinds whose columns are one tuple of
        float64 arrays.
    tight_bound : callable or None
        Likewise: a closer bound that costs more, but less than the intersection.
    meets : callable or None
        Returns whether outer boxes meet; where not, bound and intersection are 0. For kinds that
        have it.
    fused : bool
        The overlap is so cheap that a score is compiled into the loop over pairs.
    fused_enclosure : bool
        So is the enclosure: scores that need more than the overlap are fused as well.
    """

    overlap: Callable | None = None
    enclosure: Callable | None = None
    outside: Callable | None = None
    extent: Callable | None = None
    divergence: Callable | None = None
    pullback: Callable | None = None
    at_ties: Geometry | None = None
    written: Groups = _NO_GROUPS
    pulls: bool = False
    factors: tuple[Geometry, Geometry] | None = None
    axes: int = 0
    aspect: bool = False
    centers: bool = True
    fills: bool = True
    sides: bool = True
    reflexive: bool = True
    bounded: bool = True
    bound: Callable | None = None
    tight_bound: Callable | None = None
    meets: Callable | None = None
    pulls_outside: bool = True
    fused: bool = False
    fused_enclosure: bool = True

    def fuses(self, needs: Groups) -> bool:
        """Return whether a score that needs these groups is compiled into the pair loop."""
        return self.fused and (self.fused_enclosure or needs == Groups.OVERLAP)

    def has_gradient(self, needs: Groups) -> bool:
        """Return whether a score that needs these groups has a gradient."""
        return self.differentiable and (self.pulls_outside or Groups.OUTSIDE not in needs)

    @property
    def differentiable(self) -> bool:
        """Whether there is a gradient at all."""
        return self.pulls or self.pullback is not None

    @property
    def filled(self) -> bool:
        """Whether every region is its own enclosure."""
        return self.outside is None and self.fills

    @property
    def groups(self) -> Groups:
        """The groups that this geometry has."""
        if self.overlap is None:
            return self.written
        groups = Groups.OVERLAP
        if self.enclosure is not None:
            groups |= Groups.ENCLOSURE
            if self.outside is not None or self.fills:
                groups |= Groups.OUTSIDE
        if self.extent is not None:
            groups |= Groups.EXTENT
        if self.divergence is not None:
            groups |= Groups.DIVERGENCE
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
    return ((0.0, 0.0, 0.0, 0.0),)


def _terms(a, i, b, j):
    return OVERLAP(a, i, b, j), ENCLOSURE(a, i, b, j), OUTSIDE(a, i, b, j), EXTENT(a, i, b, j)


def _terms_filled(a, i, b, j):
    o = OVERLAP(a, i, b, j)
    e = ENCLOSURE(a, i, b, j)
    return o, e, max(e[0] - (o[0] + o[1] - o[2]), 0.0), EXTENT(a, i, b, j)


def _terms_diverging(a, i, b, j):
    d = DIVERGENCE(a, i, b, j)
    return OVERLAP(a, i, b, j), (d[0], d[1], d[2]), d[3], EXTENT(a, i, b, j)


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
    if Groups.DIVERGENCE in needs:
        del bindings["ENCLOSURE"]
        return compose(_terms_diverging, DIVERGENCE=geometry.divergence, **bindings)
    outside = geometry.outside if Groups.OUTSIDE in needs else _no_number
    return compose(_terms, OUTSIDE=outside, **bindings)


def _apart(a, i, b, j):
    first, second, _ = BOUND(a, i, b, j)
    return first, second, 0.0


@cache
def apart_scalar(geometry: Geometry) -> Callable:
    """Return the terms of two regions as if they did not touch; the overlap alone."""
    apart = replace(geometry, overlap=compose(_apart, BOUND=geometry.bound or geometry.overlap))
    return terms_scalar(apart, Groups.OVERLAP)


# --------------------------------------------------------------------------- per axis


def _first_axis(*args):
    return (AXIS(*args),)


def _next_axis(*args):
    return REST(*args) + (AXIS(*args),)  # noqa: RUF005 - Numba has no unpacking


@cache
def each_axis(template: Callable, axes: int) -> Callable:
    """Evaluate a template for every value of its free name K, the axis, into a tuple."""
    result = compose(_first_axis, AXIS=compose(template, K=0))
    for axis in range(1, axes):
        result = compose(_next_axis, REST=result, AXIS=compose(template, K=axis))
    return result


@scalar
def step(x):
    """Return 1 for x > 0, 0 for x < 0, and one half at the tie."""
    return 0.5 * (x > 0.0) + 0.5 * (x >= 0.0)  # NumPy's True + True is True


# ---------------------------------------------------------------------- box enclosure
# Of any kind with an extent: its sides are those of the regions' bounding boxes.


def _box_enclosure(a, i, b, j):
    hull, gap, diameter = 1.0, 0.0, 0.0
    for offset, _, _, cover in EXTENT(a, i, b, j):
        hull *= cover
        gap += offset * offset
        diameter += cover * cover
    return hull, gap, diameter


def _box_outside(a, i, b, j):
    hull, first, second, shared = 1.0, 1.0, 1.0, 1.0
    for _, side_a, side_b, cover in EXTENT(a, i, b, j):
        hull *= cover
        first *= side_a
        second *= side_b
        shared *= max(side_a + side_b - cover, 0.0)
    return max(hull - (first + second - shared), 0.0)


@cache
def boxed(geometry: Geometry) -> Geometry:
    """Return `geometry` with the smallest axis-aligned box as the common enclosure.

    Gradients are left out: a kind whose own enclosure is not a box gives its own.
    """
    return replace(
        geometry,
        enclosure=compose(_box_enclosure, EXTENT=geometry.extent),
        outside=compose(_box_outside, EXTENT=geometry.extent),
        pullback=None,
        at_ties=None,
    )


# --------------------------------------------------------------------------- pullback


@scalar
def _given(dx):
    return dx


def _constant(dx):
    return ZEROS


def _swapped_axis(dx):
    return (-dx[K][0], dx[K][2], dx[K][1], dx[K][3])


def _pull_first(a, i, b, j, do, de, ds, dx):
    return PULLBACK(a, i, b, j, do, de, ds, EXTENT(dx))


def _pull_second(a, i, b, j, do, de, ds, dx):
    return PULLBACK(b, j, a, i, (do[1], do[0], do[2]), de, ds, SWAP(EXTENT(dx)))


def _pull_second_diverging(a, i, b, j, do, de, ds, dx):
    swapped = (de[0], de[1], ds)  # the other direction of Kullback and Leibler
    return PULLBACK(b, j, a, i, (do[1], do[0], do[2]), swapped, de[2], dx)


def _pull_both(a, i, b, j, do, de, ds, dx):
    return FIRST(a, i, b, j, do, de, ds, dx) + SECOND(a, i, b, j, do, de, ds, dx)


def _pull_filled(a, i, b, j, do, de, ds, dx):
    o = (do[0] - ds, do[1] - ds, do[2] + ds)
    return PULLBACK(a, i, b, j, o, (de[0] + ds, de[1], de[2]), 0.0, dx)


@cache
def pullback_scalar(geometry: Geometry, needs: Groups, wrt: str) -> Callable:
    """Return the scalar that pulls partials back to ``"found"``, ``"truth"`` or ``"both"``."""
    if wrt == "both":
        first, second = (pullback_scalar(geometry, needs, side) for side in ("found", "truth"))
        return compose(_pull_both, FIRST=first, SECOND=second)
    pullback = geometry.pullback
    if Groups.OUTSIDE in needs and geometry.outside is None:
        pullback = compose(_pull_filled, PULLBACK=pullback)
    axes = max(geometry.axes, 1)
    zeros = ((0.0, 0.0, 0.0, 0.0),) * axes
    extent = _given if Groups.EXTENT in needs else compose(_constant, ZEROS=zeros)
    if wrt == "found":
        return compose(_pull_first, PULLBACK=pullback, EXTENT=extent)
    if Groups.DIVERGENCE in needs:
        return compose(_pull_second_diverging, PULLBACK=pullback)
    swap = each_axis(_swapped_axis, axes)
    return compose(_pull_second, PULLBACK=pullback, EXTENT=extent, SWAP=swap)
