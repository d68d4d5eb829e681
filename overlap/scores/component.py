"""Components of scores: formulas of the terms of a pair, with their metadata."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib import import_module
from numbers import Real
from types import CodeType, FunctionType
from typing import Any

from overlap._common.values import ByValue
from overlap._kernels.jit import compose, is_jitted, scalar
from overlap._kernels.terms import Groups, each_axis

__all__ = ["Component", "Part", "combine", "read_component"]

Symmetry = bool | Callable[[tuple[float, ...]], bool]
Weights = tuple[float, float] | Callable[[tuple[float, ...]], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Component:
    """One formula and its metadata.

    Components are equal if all their attributes are. Pickled, a formula is the name of a
    function in its module, so that the same function, with the same kernels, is found again.

    Attributes
    ----------
    name : str
    formula : callable
        Jitted ``(o, e, s, x, p) -> (value, do, de, ds, dx)``, which may have the free names
        AXES and ZEROS (the number of axes, and partials for those after the second), or EACH
        (`axis` lifted to all axes).
    needs : Groups
        The groups of terms that it reads.
    penalty : bool
        It is 0 for equal regions, and to be subtracted; otherwise it is `high` for them.
    symmetric : bool or callable
        Whether exchanging the two regions changes nothing, or a function of the parameters that
        says so.
    high : float
        The largest value; the smallest is 0. Per axis for an `axis` formula.
    disjoint_max : float
        The largest value for two regions that do not intersect.
    grows : bool
        It never falls where the intersection grows and both measures stay.
    at_most : pair of float, callable or None
        Weights of a Tversky index that it never exceeds, or a function of the parameters that
        returns them.
    parameters : tuple of (str, float)
        Names and defaults of the run-time parameters, all of them >= 0. A default of NaN
        means that it must be given, and be > 0.
    torch : callable or None
        ``(terms, *parameters)``: the value as operations of PyTorch.
    axis : callable or None
        For a formula that is a sum over axes: the template of the partials of axis K.
    aspect : bool
        Needs a width and a height, which are the sides of the first two axes.
    sides : bool
        Needs an enclosure with sides, as an `axis` formula does.
    corners : bool
        Needs regions with corners, so that a center is the middle between them.
    centers : bool
        Needs distances between centers.
    bounded : bool
        Is at most `high` only where the intersection is at most either measure.
    absolute : bool
        Depends on the unit of length.
    """

    name: str
    formula: Callable
    needs: Groups
    penalty: bool = False
    symmetric: Symmetry = True
    high: float = 1.0
    disjoint_max: float = 1.0
    grows: bool = False
    at_most: Weights | None = None
    parameters: tuple[tuple[str, float], ...] = ()
    torch: Callable | None = None
    axis: Callable | None = None
    aspect: bool = False
    sides: bool = False
    corners: bool = False
    centers: bool = False
    bounded: bool = False
    absolute: bool = False

    @property
    def best(self) -> float:
        """The value for two equal regions, for `filled` ones of regions that fill their own."""
        return 0.0 if self.penalty else self.high

    @property
    def filled(self) -> bool:
        """Whether regions are compared with their enclosure, which equal ones need not fill."""
        return Groups.OVERLAP | Groups.ENCLOSURE in self.needs

    @property
    def ratio(self) -> bool:
        """Whether it reads measures alone, and is undefined for two empty regions."""
        return self.needs == Groups.OVERLAP

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
        known = {"AXES": axes, "ZEROS": ((0.0, 0.0, 0.0, 0.0),) * max(axes - 2, 0)}
        names = _code(self.formula).co_names
        free = {name: value for name, value in known.items() if name in names}
        return compose(self.formula, **free) if free else self.formula


def _code(function: Any) -> CodeType:
    return getattr(function, "py_func", function).__code__


#: Words for groups of terms, and for what else a formula can ask of regions.
_GROUPS = {group.name.lower(): group for group in Groups if group.name}
_CONDITIONS = ("aspect", "bounded", "centers", "corners", "sides")
_SIDES = Groups.ENCLOSURE | Groups.OUTSIDE | Groups.EXTENT


def read_component(
    formula: Callable,
    *,
    needs: str | Iterable[str],
    name: str | None,
    penalty: bool | None,
    symmetric: Symmetry,
    highest: float,
    highest_apart: float | None,
    grows: bool,
    at_most: Weights | None,
    parameters: Mapping[str, float | None] | None,
    torch: Callable | None,
    axis: Callable | None,
    absolute: bool,
) -> Component:
    """Return the component of a formula and its metadata, or raise an error about them.

    The arguments are those of `overlap.component`.
    """
    _check_formula(formula)
    name = formula.__name__ if name is None else name
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"component: name = {name!r}; expected a name as in Python")
    words = [needs] if isinstance(needs, str) else list(needs)
    groups, conditions = _read_needs(name, words)
    penalty = bool(groups & _SIDES) if penalty is None else bool(penalty)
    high = _number(name, "highest", highest)
    if high <= 0.0:
        raise ValueError(f"{name}: highest = {highest!r}; expected a number > 0")
    apart = high if axis is None else math.inf  # not of one axis
    if highest_apart is not None:
        apart = _number(name, "highest_apart", highest_apart)
        if apart < 0.0 or (axis is None and apart > high):
            raise ValueError(
                f"{name}: highest_apart = {highest_apart!r}; expected a number from 0 to highest = "
                f"{high:g}"
            )
    if not (isinstance(symmetric, bool) or callable(symmetric)):
        raise TypeError(
            f"{name}: symmetric = {symmetric!r}; expected True, False, or a function of the tuple "
            "of parameters"
        )
    if at_most is not None and not callable(at_most):
        weights = tuple(at_most)
        if len(weights) != 2 or not all(_number(name, "at_most", w) >= 0.0 for w in weights):
            raise ValueError(f"{name}: at_most = {at_most!r}; expected two weights >= 0")
        at_most = float(weights[0]), float(weights[1])
    for what, function in (("torch", torch), ("axis", axis)):
        if not (function is None or callable(function)):
            raise TypeError(f"{name}: {what} = {function!r}; expected a function")
    return Component(
        name,
        formula,
        groups,
        penalty=penalty,
        symmetric=symmetric,
        high=high,
        disjoint_max=apart,
        grows=bool(grows),
        at_most=at_most,
        parameters=_read_parameters(name, parameters or {}),
        torch=torch,
        axis=axis,
        absolute=bool(absolute),
        **dict.fromkeys(conditions, True),
    )


def _check_formula(formula: Any) -> None:
    if not isinstance(getattr(formula, "py_func", formula), FunctionType):
        raise TypeError(f"component: formula = {formula!r}; expected a function (o, e, s, x, p)")
    name, count = formula.__name__, _code(formula).co_argcount
    if count != 5:
        raise TypeError(
            f"component: {name} takes {count} arguments; a formula takes five, (o, e, s, x, p)"
        )
    if not is_jitted(formula):
        raise TypeError(f"component: {name} is not compiled; decorate it with overlap.scalar")


def _read_needs(name: str, words: list[str]) -> tuple[Groups, list[str]]:
    """Return the groups of terms, and the conditions."""
    groups, conditions = Groups(0), []
    for word in words:
        if word in _GROUPS:
            groups |= _GROUPS[word]
        elif word in _CONDITIONS:
            conditions.append(word)
        else:
            raise ValueError(
                f"{name}: needs has {word!r}; the groups of terms are {', '.join(_GROUPS)}, and "
                f"the conditions {', '.join(_CONDITIONS)}"
            )
    if not groups:
        raise ValueError(f"{name}: needs names no group of terms; there are {', '.join(_GROUPS)}")
    if Groups.DIVERGENCE in groups and groups & (Groups.ENCLOSURE | Groups.OUTSIDE):
        raise ValueError(f"{name}: no kind of region has both a divergence and an enclosure")
    return groups, conditions


def _read_parameters(
    name: str, parameters: Mapping[str, float | None]
) -> tuple[tuple[str, float], ...]:
    result = []
    for key, default in parameters.items():
        if not (isinstance(key, str) and key.isidentifier()) or key in ("found", "truth", "out"):
            raise ValueError(f"{name}: parameter {key!r}; expected a name as in Python")
        value = math.nan if default is None else _number(name, key, default)
        if value < 0.0:
            raise ValueError(f"{name}: {key} = {default!r}; parameters are >= 0")
        result.append((key, value))
    return tuple(result)


def _number(name: str, what: str, value: Any) -> float:
    if not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name}: {what} = {value!r}; expected a finite number")
    return float(value)


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
        symmetric = self.component.symmetric
        return symmetric(self.parameters) if callable(symmetric) else symmetric

    @property
    def at_most(self) -> tuple[float, float] | None:
        """Weights of a Tversky index that the component never exceeds."""
        weights = self.component.at_most
        return weights(self.parameters) if callable(weights) else weights

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
# Templates, whose free names are the components that they combine.

FORMULA: Callable
LEFT: Callable
JOIN: Callable
CUT: int
NEXT: int
K: int


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
