"""Numba policy: the only file that sets compiler options, cache locations and threads.

Kernels are written once as *templates*, loops with free upper-case names, and
`specialise` binds those names to jitted scalars and compiles the result. Binding the
globals of a code object, rather than closing over dispatchers, is what lets Numba keep
the machine code on disk and inline the scalars completely.

Numba's own cache key sees neither an edited callee in another file, nor the compiler
options, nor the difference between ``sin`` and ``cos`` in the bytecode. The name of a
specialized kernel therefore carries a digest of everything that it depends on.

Environment
-----------
OVERLAP_CACHE : ``0`` keeps machine code in memory only; a folder keeps it there;
    unset, it is kept beside the package, or in the user's cache if that is read-only.
    `overlap._kernels.cache` says whose machine code is trusted.
OVERLAP_THREADS : number of threads for large pairwise work; unset, all processors that
    this process may use.
NUMBA_DISABLE_JIT : ``1`` runs every kernel as plain Python.
"""

from __future__ import annotations

import builtins
import ctypes
import dis
import hashlib
import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, lru_cache
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
from numba import njit
from numba.core.dispatcher import Dispatcher
from numba.core.extending import _Intrinsic

from overlap._kernels.cache import KernelCache

__all__ = [
    "FixedTypes",
    "code_objects",
    "compose",
    "digest",
    "interpreted",
    "is_jitted",
    "references",
    "run_blocks",
    "scalar",
    "specialise",
    "subroutine",
    "thread_count",
    "with_plain",
]

# No fastmath: nnan and ninf would break NaN as "undefined". error_model="numpy" drops
# the zero-division check, which otherwise stops vectorization.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
_SUMS = frozenset({"reassoc", "contract", "nsz"})
_KNOWN = frozenset({"builtins", "llvmlite", "numba", "numpy"})
_config: Any = numba.config


def scalar(function: Callable) -> Callable:
    """Compile a function of one pair, to be inlined into a specialized kernel.

    Inlined scalars keep no machine code of their own on disk; their bytecode is part
    of the key of every kernel that uses them. Left to its own judgement the compiler calls
    the larger ones, and every call counts references to all columns: 50 times slower.
    """
    return njit(forceinline=True, **_OPTIONS)(function)


def subroutine(function: Callable) -> Callable:
    """Compile a long function of numbers alone, which scalars call instead of inlining it.

    For functions of microseconds: inlined at several places it would take many seconds to
    compile, and without arrays among its arguments a call costs nothing to speak of.
    """
    return njit(**_OPTIONS)(function)


def interpreted() -> bool:
    """Return whether kernels run as plain Python, see NUMBA_DISABLE_JIT."""
    return bool(_config.DISABLE_JIT)


def with_plain(compiled: Any, plain: Callable) -> Callable:
    """Return an intrinsic that knows a Python function of the same bits, for plain Python."""
    if interpreted():
        return plain
    compiled.plain = plain
    return compiled


def is_jitted(function: Callable) -> bool:
    """Return whether a function can be part of a kernel; any can where nothing is compiled."""
    return interpreted() or isinstance(function, Dispatcher)


# --------------------------------------------------------------------------- digest


class _Unresolved(Exception):
    """A kernel depends on something whose value cannot be put into a key."""


def _plain(value: Any) -> Any:
    return getattr(value, "py_func", value)


def code_objects(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of a function and of those inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from code_objects(constant)


def references(code: CodeType) -> Iterator[tuple[str, ...]]:
    """Yield the dotted global names that the code loads: ``helper.f`` is a pair."""
    chain: list[str] = []
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            if chain:
                yield tuple(chain)
            chain = [instruction.argval]
        elif chain and instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            chain.append(instruction.argval)
        elif instruction.opname not in ("CACHE", "PRECALL", "PUSH_NULL"):
            if chain:
                yield tuple(chain)
            chain = []
    if chain:
        yield tuple(chain)


class _Digest:
    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=10)
        self._seen: dict[Any, int] = {}

    def text(self, *parts: object) -> None:
        for part in parts:
            self._hash.update(repr(part).encode())
            self._hash.update(b"\0")

    def value(self, value: Any) -> None:
        plain = _plain(value)
        if isinstance(plain, FunctionType):
            self.function(plain)
        elif value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
            self.text(type(value).__name__, value)
        elif isinstance(value, (tuple, frozenset)):
            items = sorted(value, key=repr) if isinstance(value, frozenset) else value
            self.text(type(value).__name__, len(value))
            for item in items:
                self.value(item)
        elif isinstance(value, np.generic):
            self.text(value.dtype.str, value.tobytes())
        elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
            self.text(value.dtype.str, value.shape, value.tobytes())
        elif isinstance(value, (BuiltinFunctionType, np.ufunc)) or (
            # Attributes of other classes, such as an enumeration's, are not in their name.
            isinstance(value, type) and value.__module__.partition(".")[0] in _KNOWN
        ):
            self.text(getattr(value, "__module__", None), value.__name__)
        elif isinstance(value, numba.types.Type):
            self.text(str(value))
        elif isinstance(value, _Intrinsic):
            self.function(value._defn)
        elif callable(value) and str(getattr(value, "__module__", "")).startswith("numpy"):
            self.text(value.__module__, getattr(value, "__name__", repr(value)))
        else:
            raise _Unresolved(repr(value))

    def reference(self, chain: tuple[str, ...], names: dict[str, Any]) -> None:
        self.text(chain)
        first, *attributes = chain
        if first in names:
            value = names[first]
        elif hasattr(builtins, first):
            value = getattr(builtins, first)
        else:
            raise _Unresolved(first)
        for attribute in attributes:
            if not isinstance(value, ModuleType):
                break  # an attribute of a value that is itself part of the key
            if not hasattr(value, attribute):
                raise _Unresolved(".".join(chain))
            value = getattr(value, attribute)
        self.value(value)

    def function(self, function: FunctionType) -> None:
        if function in self._seen:
            self.text("seen", self._seen[function])
            return
        self._seen[function] = len(self._seen)
        self.text(function.__name__)
        self.value(function.__defaults__)
        self.value(tuple(sorted((function.__kwdefaults__ or {}).items())))
        for cell in function.__closure__ or ():
            self.value(cell.cell_contents)
        for code in code_objects(function.__code__):
            self.text(code.co_code, code.co_names, code.co_varnames, code.co_freevars)
            for constant in code.co_consts:
                if not isinstance(constant, CodeType):
                    self.value(constant)
            for chain in references(code):
                self.reference(chain, function.__globals__)

    def hex(self) -> str:
        return self._hash.hexdigest()


def digest(function: Callable, options: object = ()) -> str | None:
    """Digest all that the machine code of `function` depends on.

    Parameters
    ----------
    function : callable
        A Python function or a Numba dispatcher.
    options : object
        Compiler options, by their repr.

    Returns
    -------
    str or None
        None where something that the function uses cannot be resolved to a value or to
        bytecode; such a kernel must not be kept on disk.
    """
    result = _Digest()
    result.text(numba.__version__, np.__version__, options)
    try:
        result.function(_plain(function))
    except _Unresolved:
        return None
    return result.hex()


# ---------------------------------------------------------------- binding, compiling


def _bind(template: Callable, bindings: dict[str, Any]) -> FunctionType:
    source = _plain(template)
    if source.__closure__:
        raise TypeError(f"template {source.__name__} closes over variables; use globals")
    missing = [name for name in bindings if name not in source.__code__.co_names]
    if missing:
        raise TypeError(f"template {source.__name__} has no free name {', '.join(missing)}")
    bound = FunctionType(
        source.__code__, {**source.__globals__, **bindings}, source.__name__, source.__defaults__
    )
    bound.__module__, bound.__doc__ = source.__module__, source.__doc__
    return bound


@lru_cache(maxsize=None, typed=True)
def compose(template: Callable, **bindings: Any) -> Callable:
    """Bind the free names of a scalar template: the result is a scalar like any other."""
    return scalar(_bind(template, bindings))


_compiling = threading.RLock()


@lru_cache(maxsize=None, typed=True)
def specialise(template: Callable, *, sums: bool = False, **bindings: Any) -> Callable:
    """Bind the free names of a loop template to scalars or constants, and compile it.

    Parameters
    ----------
    template : callable
        A loop whose upper-case free names stand for jitted scalars or constants.
    sums : bool
        Let the compiler reorder long floating-point sums (never drops NaN or inf).
    **bindings
        The value of every free name.

    Returns
    -------
    callable
        A Numba dispatcher, kept on disk unless OVERLAP_CACHE forbids it or something in
        it cannot be put into a key. The same arguments give the same object.
    """
    with _compiling:  # threads that ask at the same time get one kernel, which is compiled once
        return _specialised(template, sums=sums, **bindings)


@lru_cache(maxsize=None, typed=True)
def _specialised(template: Callable, *, sums: bool, **bindings: Any) -> Callable:
    """Do what `specialise` does, for one thread at a time."""
    options = {**_OPTIONS, "fastmath": set(_SUMS)} if sums else _OPTIONS
    kernel = _bind(template, bindings)
    key = digest(kernel, (sums, sorted(_OPTIONS.items())))
    kernel.__qualname__ = f"{kernel.__name__[:40]}_{key}"
    compiled = njit(**options)(kernel)
    if key is not None and os.environ.get("OVERLAP_CACHE") != "0" and not _config.DISABLE_JIT:
        compiled._cache = KernelCache(kernel)
    return compiled


class FixedTypes:
    """A kernel whose arguments have the same types in every call.

    A kernel looks at the type of each argument in each call, which is half of what a small call
    costs. Here only the first call does so; later ones go to the machine code. Whoever makes one
    answers for the types: the machine code does not see others.

    Parameters
    ----------
    kernel : callable
        Of `specialise`.

    Attributes
    ----------
    call : callable
        Takes the arguments of the kernel.
    """

    __slots__ = ("_kernel", "call")

    def __init__(self, kernel: Callable) -> None:
        self._kernel: Any = kernel
        self.call: Callable = kernel if interpreted() else self._first

    def _first(self, *arguments: Any) -> Any:
        result = self._kernel(*arguments)
        types = tuple(map(self._kernel.typeof_pyval, arguments))
        if types in self._kernel.overloads:  # there is none where kernels are only listed
            self.call = self._kernel.overloads[types].entry_point
        return result


# ---------------------------------------------------------------------------- threads


def thread_count() -> int:
    """Return the number of threads for large work (see OVERLAP_THREADS)."""
    asked = os.environ.get("OVERLAP_THREADS", "")
    if asked:
        if not asked.isdigit() or int(asked) < 1:
            raise ValueError(f"OVERLAP_THREADS = {asked!r} is not a positive whole number")
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    if hasattr(os, "register_at_fork"):  # a forked child has the object but no threads
        os.register_at_fork(after_in_child=_pool.cache_clear)
    return ThreadPoolExecutor(threads, thread_name_prefix="overlap")


@cache
def _processor_of_caller() -> Callable[[], int] | None:
    return getattr(ctypes.CDLL(None), "sched_getcpu", None) if sys.platform == "linux" else None


class _Seat(threading.local):
    """The processors that a thread was last told to use, and whether it works on blocks."""

    allowed: frozenset[int] = frozenset()
    working: bool = False


_seat = _Seat()


def _move_off(processors: frozenset[int]) -> None:
    """Keep a worker thread of ours off the processor on which the calling thread runs.

    Some schedulers pack woken threads onto one processor, and the work is then no faster
    than on one thread. The other processors are all left to choose from.
    """
    if processors and _seat.allowed != processors:
        with suppress(OSError):
            os.sched_setaffinity(0, processors)
        _seat.allowed = processors


def run_blocks(kernel: Callable[[int, int], None], rows: int, cost: float) -> None:
    """Call ``kernel(start, stop)`` on row blocks that together cover ``range(rows)``.

    Parameters
    ----------
    kernel : callable
        Releases the GIL and writes only its own rows, so that the result does not
        depend on the number of threads.
    rows : int
        Number of rows.
    cost : float
        Rough cost of all rows in nanoseconds. Below 100 microseconds the calling thread
        does everything: waking another costs as much.
    """
    threads = min(thread_count(), rows) if cost >= 1e5 else 1
    if threads < 2 or _seat.working:  # a block cut into blocks would wait for itself
        kernel(0, rows)
        return
    blocks = min(rows, threads * (8 if cost >= 4e6 else 2))
    pending = iter(list(itertools.pairwise(rows * k // blocks for k in range(blocks + 1))))
    lock = threading.Lock()
    here = _processor_of_caller()
    elsewhere = frozenset(os.sched_getaffinity(0) - {here()}) if here else frozenset()

    def work() -> None:
        _seat.working = True
        try:
            while True:
                with lock:
                    block = next(pending, None)
                if block is None:
                    return
                kernel(*block)
        finally:
            _seat.working = False

    def work_elsewhere() -> None:
        _move_off(elsewhere)
        work()

    others = [_pool(threads - 1).submit(work_elsewhere) for _ in range(threads - 1)]
    work()
    for other in others:
        other.result()
