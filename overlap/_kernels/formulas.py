"""Formulas: what a score makes of the terms, without any geometry.

Every formula takes ``(o, e, s, x, p)``, the four groups of terms (see `overlap._kernels.terms`)
and the run-time parameters, and returns its value and its partial derivatives
``(value, do, de, ds, dx)``. Partials are zero where the value is undefined, and ``dx`` is
``()`` in formulas that do not look at the extent.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib import import_module
from typing import Any

from overlap._kernels.angles import angle
from overlap._kernels.jit import compose, scalar
from overlap._kernels.terms import Groups, each_axis

__all__ = ["Component", "combine"]

_NONE = (0.0, 0.0, 0.0)
_NAN = math.nan
_LARGEST = sys.float_info.max


def always(parameters: tuple[float, ...]) -> bool:
    """Return True: `Component.symmetric` of a formula that is so whatever its parameters."""
    return True


def never(parameters: tuple[float, ...]) -> bool:
    """Return False: `Component.symmetric` of a formula that never is."""
    return False


@dataclass(frozen=True, eq=False)
class Component:
    """One formula and what is known of it.

    Components are equal if all their attributes are. Pickled, a formula is the name of a
    function in its module, so that the same function, with the same kernels, is found again.

    Attributes
    ----------
    name : str
    formula : callable
        Jitted ``(o, e, s, x, p) -> (value, do, de, ds, dx)``, or a template of it with the
        free names AXES and ZEROS (the number of axes, and partials for those after the
        second) or EACH (`axis` lifted to all axes).
    needs : Groups
        The groups of terms that it reads.
    symmetric : callable
        From the parameters to whether exchanging the two regions changes nothing.
    high : float
        The largest value; the smallest is 0. Per axis for an `axis` formula.
    disjoint_max : float
        The largest value for two regions that do not intersect.
    parameters : tuple of (str, float)
        Names and defaults of the run-time parameters, all of them >= 0. A default of NaN
        means that it must be given, and be > 0.
    axis : callable or None
        For a formula that is a sum over axes: the template of the partials of axis K.
    aspect : bool
        Needs a width and a height, which are the sides of the first two axes.
    sides : bool
        Needs an enclosure with sides, as an `axis` formula does.
    corners : bool
        Needs regions with corners, so that a center is the middle between them.
    centers : bool
        Needs distances between centres.
    bounded : bool
        Is at most 1 only where the intersection is at most either measure.
    """

    name: str
    formula: Callable
    needs: Groups
    symmetric: Callable[[tuple[float, ...]], bool] = always
    high: float = 1.0
    disjoint_max: float = 1.0
    parameters: tuple[tuple[str, float], ...] = ()
    axis: Callable | None = None
    aspect: bool = False
    sides: bool = False
    corners: bool = False
    centers: bool = False
    bounded: bool = False

    @cached_property
    def _value(self) -> tuple[Any, ...]:
        # a parameter that must be given has the default NaN, which does not equal itself
        return tuple(
            repr(self.parameters) if entry.name == "parameters" else getattr(self, entry.name)
            for entry in fields(self)
        )

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return self._value == other._value if isinstance(other, Component) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[Any, ...]:
        values = [getattr(self, entry.name) for entry in fields(self)]
        return _component, tuple(_named(x) if callable(x) else x for x in values)

    def __copy__(self) -> Component:
        return self

    def __deepcopy__(self, memo: dict) -> Component:
        return self

    def bind(self, axes: int) -> Callable:
        """Return the formula for regions with `axes` axes."""
        if self.axis is not None:
            return compose(self.formula, EACH=each_axis(self.axis, axes))
        if self.aspect:
            zeros = ((0.0, 0.0, 0.0, 0.0),) * max(axes - 2, 0)
            return compose(self.formula, AXES=axes, ZEROS=zeros)
        return self.formula


@dataclass(frozen=True)
class _Name:
    """A function by the place where it is defined."""

    module: str
    name: str


def _named(function: Any) -> Any:
    """Return the name of a function; the function itself where its module does not hold it."""
    module, name = function.__module__, function.__name__
    # what is defined at a prompt is not found again in another process
    if module != "__main__" and getattr(sys.modules.get(module), name, None) is function:
        return _Name(module, name)
    return function


def _component(*values: Any) -> Component:
    """Make a component of pickled values."""
    return Component(
        *(
            getattr(import_module(value.module), value.name) if isinstance(value, _Name) else value
            for value in values
        )
    )


@scalar
def inverse(x):
    """Return 1/x: 0 for 0, and finite for the smallest numbers, whose inverse overflows."""
    return min(1.0 / x, _LARGEST) if x > 0.0 else 0.0


# ----------------------------------------------------------------------------- ratios


@scalar
def iou(o, e, s, x, p):
    union = o[0] + o[1] - o[2]
    r = inverse(union)
    v = o[2] / union if union > 0.0 else _NAN
    d = v * r if union > 0.0 else 0.0
    return v, (-d, -d, r + d), _NONE, 0.0, ()


@scalar
def dice(o, e, s, x, p):
    total = o[0] + o[1]
    r = inverse(total)
    v = 2.0 * o[2] / total if total > 0.0 else _NAN
    d = v * r if total > 0.0 else 0.0
    return v, (-d, -d, 2.0 * r), _NONE, 0.0, ()


@scalar
def tversky(o, e, s, x, p):
    total = o[2] + (p[0] * (o[0] - o[2]) + p[1] * (o[1] - o[2]))
    r = inverse(total)
    v = o[2] / total if total > 0.0 else 0.0
    d = v * r
    v = v if o[0] + o[1] > 0.0 else _NAN
    return v, (-p[0] * d, -p[1] * d, r - d * (1.0 - p[0] - p[1])), _NONE, 0.0, ()


@scalar
def f_score(o, e, s, x, p):
    squared = p[0] * p[0]
    return tversky(o, e, s, x, (1.0 / (1.0 + squared), squared / (1.0 + squared)))


@scalar
def coverage(o, e, s, x, p):
    r = inverse(o[0])
    v = o[2] / o[0] if o[0] > 0.0 else 0.0
    d = v * r
    v = v if o[0] + o[1] > 0.0 else _NAN
    return v, (-d, 0.0, r), _NONE, 0.0, ()


@scalar
def overlap_coefficient(o, e, s, x, p):
    smaller = min(o[0], o[1])
    r = inverse(smaller)
    v = o[2] / smaller if smaller > 0.0 else 0.0
    d = v * r
    first = 0.5 * (o[0] < o[1]) + 0.5 * (o[0] <= o[1])
    v = v if o[0] + o[1] > 0.0 else _NAN
    return v, (-first * d, (first - 1.0) * d, r), _NONE, 0.0, ()


@scalar
def volumetric_similarity(o, e, s, x, p):
    total = o[0] + o[1]
    r = inverse(total)
    q = abs(o[0] - o[1]) / total if total > 0.0 else 0.0
    v = 1.0 - q if total > 0.0 else _NAN
    sign = 1.0 * (o[0] > o[1]) - 1.0 * (o[0] < o[1])
    return v, ((q - sign) * r, (q + sign) * r, 0.0), _NONE, 0.0, ()


# -------------------------------------------------------------------------- penalties
# A penalty whose denominator is 0 is 0.


@scalar
def enclosure_gap(o, e, s, x, p):
    r = inverse(e[0])
    v = max(e[0] - (o[0] + o[1] - o[2]), 0.0) / e[0] if e[0] > 0.0 else 0.0
    if o[0] + o[1] - o[2] > e[0] * (1.0 + 1e-9):  # by more than rounding: of a smooth overlap
        r = 0.0
    return v, (-r, -r, r), ((1.0 - v) * r, 0.0, 0.0), 0.0, ()


@scalar
def center_gap(o, e, s, x, p):
    r = inverse(e[2])
    v = e[1] / e[2] if e[2] > 0.0 else 0.0
    return v, _NONE, (0.0, r, -v * r), 0.0, ()


@scalar
def enclosed_gap(o, e, s, x, p):
    r = inverse(e[0])
    v = s / e[0] if e[0] > 0.0 else 0.0
    return v, _NONE, (-v * r, 0.0, 0.0), r, ()


def aspect_gap(o, e, s, x, p):
    # p[0] = 1 differentiates alpha too; 0 holds it constant, as the paper's training does.
    if AXES == 1:
        return 0.0, _NONE, _NONE, 0.0, ((0.0, 0.0, 0.0, 0.0),)
    else:
        wa, wb, ha, hb = x[0][1], x[0][2], x[1][1], x[1][2]
        t = angle(wa * hb - wb * ha, ha * hb + wa * wb)
        v = (4.0 / math.pi**2) * t * t
        union = o[0] + o[1] - o[2]
        r = inverse(union)
        ratio = o[2] / union if union > 0.0 else 0.0
        total = (1.0 - ratio) + v
        alpha = v / total if total > 0.0 else 0.0
        dv = alpha * (1.0 + p[0] * (1.0 - alpha)) * (8.0 / math.pi**2) * t
        di = p[0] * alpha * alpha
        da = wa * wa + ha * ha
        db = wb * wb + hb * hb
        da = dv / da if da > 0.0 else 0.0
        db = dv / db if db > 0.0 else 0.0
        do = (-di * ratio * r, -di * ratio * r, di * (1.0 + ratio) * r)
        dx = ((0.0, ha * da, -hb * db, 0.0), (0.0, -wa * da, wb * db, 0.0)) + ZEROS  # noqa: RUF005
        return alpha * v, do, _NONE, 0.0, dx


def _side(x):
    _, side_a, side_b, cover = x[K]
    r = inverse(cover)
    q = (side_a - side_b) / cover if cover > 0.0 else 0.0
    return (0.0, 2.0 * q * r, -2.0 * q * r, -2.0 * q * q * r)


def sides_gap(o, e, s, x, p):
    v = 0.0
    for _, side_a, side_b, cover in x:
        q = (side_a - side_b) / cover if cover > 0.0 else 0.0
        v += q * q
    return v, _NONE, _NONE, 0.0, EACH(x)


@scalar
def _sign(x):
    return 1.0 * (x > 0.0) - 1.0 * (x < 0.0)


def direction_gap(o, e, s, x, p):
    # Shares q of the sides of the enclosure between the centers, and what of a diagonal
    # direction the line through both is: 2 sin cos, 0 along an axis.
    if AXES == 1:
        offset, _, _, cover = x[0]
        r = inverse(cover)
        q = offset / cover if cover > 0.0 else 0.0
        d = 2.0 * math.exp(-2.0 * q * q) * q * r
        return -0.5 * math.expm1(-2.0 * q * q), _NONE, _NONE, 0.0, ((d, 0.0, 0.0, -d * q),)
    else:
        u, _, _, wide = x[AXES - 2]
        v, _, _, high = x[AXES - 1]
        f, g = abs(u), abs(v)
        away = math.hypot(f, g)
        fc, gc = (f / away, g / away) if away > 0.0 else (0.0, 0.0)
        rate = 2.0 - 2.0 * fc * gc
        fr, gr = inverse(wide), inverse(high)
        fq = f / wide if wide > 0.0 else 0.0
        gq = g / high if high > 0.0 else 0.0
        fe, ge = math.exp(-rate * fq * fq), math.exp(-rate * gq * gq)
        value = -0.5 * (math.expm1(-rate * fq * fq) + math.expm1(-rate * gq * gq))
        # By the direction; q^2 / away is written such that a small distance is no divisor.
        turn = (fe * fq * (fc * fr) + ge * gq * (gc * gr)) * (fc - gc) * (fc + gc)
        df, dg = rate * fe * fq * fr, rate * ge * gq * gr
        dx = ZEROS + (  # noqa: RUF005
            (_sign(u) * (df + gc * turn), 0.0, 0.0, -df * fq),
            (_sign(v) * (dg - fc * turn), 0.0, 0.0, -dg * gq),
        )
        return value, _NONE, _NONE, 0.0, dx


@scalar
def _unlike(first, second, theta):
    """Return ``(1 - exp(-w))^theta`` of the relative difference w, and its two partials."""
    larger = max(first, second)
    r = inverse(larger)
    w = abs(first - second) / larger if larger > 0.0 else 0.0
    if w == 0.0:
        return 0.0, 0.0, 0.0
    base = -math.expm1(-w)
    power = math.pow(base, theta)
    d = theta * (power / base) * (1.0 - base) * r
    grown, shrunk = d * (min(first, second) / larger), -d
    return power, grown if first > second else shrunk, shrunk if first > second else grown


def shape_gap(o, e, s, x, p):
    value, da, db = _unlike(x[0][1], x[0][2], p[0])
    if AXES == 1:
        return 0.5 * value, _NONE, _NONE, 0.0, ((0.0, 0.5 * da, 0.5 * db, 0.0),)
    else:
        other, ea, eb = _unlike(x[1][1], x[1][2], p[0])
        first, second = (0.0, 0.5 * da, 0.5 * db, 0.0), (0.0, 0.5 * ea, 0.5 * eb, 0.0)
        dx = (first, second) + ZEROS  # noqa: RUF005
        return 0.5 * (value + other), _NONE, _NONE, 0.0, dx


def _corner(x, diagonal):
    offset, side_a, side_b, cover = x[K]
    scale = inverse(diagonal) if cover > 0.0 else 0.0
    d = (side_a - side_b) * scale * scale
    return (4.0 * offset * scale * scale, d, -d, 0.0)


def corner_gap(o, e, s, x, p):
    v = 0.0
    for offset, side_a, side_b, cover in x:
        q = offset / p[0] if cover > 0.0 else 0.0
        d = (side_a - side_b) / p[0] if cover > 0.0 else 0.0
        v += 2.0 * q * q + 0.5 * d * d  # both ends: offset + d / 2 and offset - d / 2
    return min(v, _LARGEST), _NONE, _NONE, 0.0, EACH(x, p[0])


# ------------------------------------------------------------------------ combination


def _scale_axis(u, v, c):
    return (c * v[K][0], c * v[K][1], c * v[K][2], c * v[K][3])


def _add_axis(u, v, c):
    w, f = u[K], v[K]
    return (w[0] + c * f[0], w[1] + c * f[1], w[2] + c * f[2], w[3] + c * f[3])


@scalar
def _left_axes(u, v, c):
    return u


@scalar
def _no_axes(u, v, c):
    return ((0.0, 0.0, 0.0, 0.0),)


def _first(o, e, s, x, p):
    v, do, de, ds, dx = FORMULA(o, e, s, x, p[1:])
    c = p[0]
    return (
        c * v,
        (c * do[0], c * do[1], c * do[2]),
        (c * de[0], c * de[1], c * de[2]),
        c * ds,
        JOIN(dx, dx, c),
    )


def _plus(o, e, s, x, p):
    v, do, de, ds, dx = LEFT(o, e, s, x, p[:CUT])
    w, fo, fe, fs, fx = FORMULA(o, e, s, x, p[NEXT:])
    c = p[CUT]
    return (
        v + c * w,
        (do[0] + c * fo[0], do[1] + c * fo[1], do[2] + c * fo[2]),
        (de[0] + c * fe[0], de[1] + c * fe[1], de[2] + c * fe[2]),
        ds + c * fs,
        JOIN(dx, fx, c),
    )


@cache
def combine(components: tuple[Component, ...], axes: int) -> Callable:
    """Return the jitted sum of components, each times a coefficient.

    The run-time parameters are, component by component, its coefficient and its own
    parameters, so that one compilation serves every coefficient.
    """
    *rest, last = components
    formula = last.bind(axes)
    extent = Groups.EXTENT in last.needs
    if not rest:
        join = each_axis(_scale_axis, axes) if extent else _no_axes
        return compose(_first, FORMULA=formula, JOIN=join)
    before = any(Groups.EXTENT in component.needs for component in rest)
    if extent:
        join = each_axis(_add_axis if before else _scale_axis, axes)
    else:
        join = _left_axes if before else _no_axes
    left = combine(tuple(rest), axes)
    cut = sum(1 + len(component.parameters) for component in rest)
    return compose(_plus, LEFT=left, FORMULA=formula, JOIN=join, CUT=cut, NEXT=cut + 1)
