"""Small work in plain Python: a kernel's own loop, where compiling it would take longer.

A kernel takes a second to compile, and the files that somebody tries a command with take
milliseconds in plain Python. So a caller that knows how many steps its loops have asks `suited` for
the kernel: the first steps are taken by the Python function that the kernel is compiled from, until
they have taken about a tenth of a second in all. Then, for larger work, and where machine code is
on disk, it is the kernel.

Both give the same numbers to the last bit, which tests compare: only such functions have a plain
form as do nothing but what IEEE 754 and whole numbers define. An exponential, a fused product or a
sum that the compiler may reorder keeps a kernel compiled.
"""

from __future__ import annotations

import builtins
import dis
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, wraps
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher
from numba.core.extending import _Intrinsic

from overlap._kernels.cache import KernelCache
from overlap._kernels.jit import code_objects, interpreted, references

__all__ = ["all_compiled", "none_compiled", "plain_form", "suited"]

#: Steps, of about 0.4 microseconds, that a kernel may take in plain Python before it is compiled.
PATIENCE = 300_000

_WORDS = frozenset(
    {"abs", "bool", "enumerate", "float", "int", "len", "max", "min", "range", "zip"}
)
_OF_MATH = frozenset(
    {"ceil", "copysign", "fabs", "floor", "inf", "isfinite", "isinf", "isnan", "nan", "pi", "sqrt"}
)
_OF_NUMPY = frozenset(
    {"bool_", "ceil", "empty", "float64", "floor", "inf", "int64", "intp", "nan", "uint32",
     "uint64", "uint8", "uintp", "zeros"}
)  # fmt: skip
#: The module as compiled code has it: a root of a negative number is NaN.
_MATH = SimpleNamespace(**{**vars(math), "sqrt": np.sqrt})

_impatient: ContextVar[bool] = ContextVar("overlap_compiles_all", default=False)


@contextmanager
def all_compiled() -> Iterator[None]:
    """Take no step in plain Python, in this context."""
    token = _impatient.set(True)
    try:
        yield
    finally:
        _impatient.reset(token)


@contextmanager
def none_compiled() -> Iterator[dict[tuple[str, object], float | None]]:
    """Run kernels that this process does not have yet in plain Python, and say which these are.

    The last bit of a number may then be another one.

    Yields
    ------
    dict
        For each kernel that is called, by its own name and the types of its arguments: the seconds
        that its machine code on disk took to compile, or None if there is none.
    """
    dispatchers: Any = Dispatcher
    compiling = dispatchers._compile_for_args
    found: dict[tuple[str, object], float | None] = {}

    def first_call(kernel: Any, *arguments: Any) -> Callable[..., Any]:
        types = tuple(map(kernel.typeof_pyval, arguments))
        key, stored = (kernel.py_func.__qualname__, types), kernel._cache
        if key not in found:
            on_disk = isinstance(stored, KernelCache)
            found[key] = stored.seconds(types, kernel.targetctx) if on_disk else None
        return _quiet(_unjitted(kernel, exact=False))

    dispatchers._compile_for_args = first_call
    try:
        with all_compiled():
            yield found
    finally:
        dispatchers._compile_for_args = compiling


class _Inexact(Exception):
    """Compiled and plain code may differ in the last bit."""


@dataclass
class _Account:
    """What a kernel may still do in plain Python."""

    plain: Callable[..., Any]
    left: float


def suited(kernel: Callable[..., Any], steps: float) -> Callable[..., Any]:
    """Return a kernel, or its plain form where that takes less time than to compile it.

    Parameters
    ----------
    kernel : callable
        Of `overlap._kernels.jit.specialise`. Called at once, in the thread that asks.
    steps : float
        How often, about, the innermost loops run.

    Returns
    -------
    callable
        Takes the arguments of the kernel, and gives the same numbers to the last bit.
    """
    account = _account(kernel)
    if account.left <= 0.0:  # most calls of small loops end here
        return kernel
    account.left -= steps
    return kernel if account.left < 0.0 or _impatient.get() else account.plain


@cache
def _account(kernel: Any) -> _Account:
    if interpreted() or kernel.overloads:
        return _Account(kernel, 0.0)
    stored = kernel._cache
    on_disk = isinstance(stored, KernelCache) and stored.is_there()
    plain = None if on_disk else plain_form(kernel)
    return _Account(kernel, 0.0) if plain is None else _Account(plain, PATIENCE)


def plain_form(kernel: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return what a kernel does, in plain Python; None if the last bit could differ.

    Divisions by zero give infinities and NaN, as in compiled code: all numbers with a fraction are
    those of NumPy.
    """
    if interpreted():
        return kernel
    try:
        return _quiet(_unjitted(kernel))
    except _Inexact:
        return None


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function in which no division by zero raises or warns."""

    @wraps(function)
    def plain(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*map(_as_numpy, arguments))

    return plain


def _as_numpy(argument: Any) -> Any:
    if isinstance(argument, float):
        return np.float64(argument)
    if isinstance(argument, tuple):
        return tuple(map(_as_numpy, argument))
    return argument


def _unjitted(value: Any, *, exact: bool = True) -> Any:
    """Return a Python function that calls no jitted one."""
    function = getattr(value, "py_func", value)
    names = dict(function.__globals__)
    if exact:
        _check(function, getattr(value, "targetoptions", {}))
    for code in code_objects(function.__code__):
        for first, *attributes in references(code):
            known = function.__globals__.get(first, getattr(builtins, first, None))
            if isinstance(known, _Intrinsic) and hasattr(known, "plain"):
                names[first] = known.plain
            elif isinstance(known, (Dispatcher, FunctionType)):
                names[first] = _unjitted(known, exact=exact)
            elif exact and not _is_exact(first, known, attributes):
                raise _Inexact
            elif known is math:
                names[first] = _MATH
            elif isinstance(known, (float, tuple)):
                names[first] = _as_numpy(known)
    code = function.__code__.replace(
        co_consts=tuple(map(_as_numpy, function.__code__.co_consts))  # for divisions by zero
    )
    return FunctionType(code, names, function.__name__, function.__defaults__, function.__closure__)


def _check(function: FunctionType, options: dict[str, Any]) -> None:
    """Raise where compiled code may have another last bit, whatever the function calls."""
    operators = (
        x.opname == "BINARY_POWER" or x.argrepr.startswith("**")
        for code in code_objects(function.__code__)
        for x in dis.get_instructions(code)
        if x.opname.startswith(("BINARY_", "INPLACE_"))
    )
    old = int(np.__version__.split(".")[0]) < 2  # where an unsigned number and 1 are a float
    if old or options.get("fastmath") or function.__closure__ or any(operators):
        raise _Inexact


def _is_exact(name: str, value: Any, attributes: list[str]) -> bool:
    """Return whether a name that a function reads means the same in compiled code."""
    if isinstance(value, ModuleType):
        allowed = {"math": _OF_MATH, "numpy": _OF_NUMPY}.get(value.__name__, frozenset())
        return bool(attributes) and attributes[0] in allowed
    return _is_constant(value) or (name in _WORDS and value is getattr(builtins, name))


def _is_constant(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_constant, value))
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf"
    return isinstance(value, (bool, int, float, np.generic))
