"""Components of a score: one formula of the terms of a pair, and what is known of it."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib import import_module
from typing import Any

from overlap._common.values import ByValue
from overlap._kernels.jit import compose, scalar
from overlap._kernels.terms import Groups, each_axis

__all__ = ["Component", "Part", "combine"]


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


@dataclass(frozen=True, eq=False)
class Part(ByValue):
    """One component of a score, with its coefficient and its parameters."""

    coefficient: float
    component: Component
    parameters: tuple[float, ...]

    @property
    def symmetric(self) -> bool:
        """Whether exchanging the two regions changes nothing."""
        return self.component.symmetric(self.parameters)

    def text(self) -> str:
        """Return the component as one would type it, without the coefficient."""
        component = self.component
        changed = [
            f"{name}={value:g}" if value == float(f"{value:g}") else f"{name}={value!r}"
            for (name, default), value in zip(component.parameters, self.parameters, strict=True)
            if value != default and not math.isnan(value)
        ]
        return f"{component.name}({', '.join(changed)})" if changed else component.name


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
