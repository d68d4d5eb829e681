"""Machine code on disk: one checked file for each kernel and signature.

An entry that is damaged, cut off or left by another version is deleted, and the kernel is compiled
again. Nothing that happens to the disk stops a computation: entries that cannot be written stay in
memory, and a folder that cannot be written is still read.

Machine code of strangers is not run. An entry counts only if its file belongs to this user, to the
superuser or to the owner of the package, and nobody else may write it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import pickle
import stat
import struct
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import llvmlite
import numba
from llvmlite import binding
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

from overlap._common.files import sweep

__all__ = ["KernelCache", "folders"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)
_MAGIC = b"overlap kernel 3\n"
_SECONDS = struct.Struct("<d")
_DIGEST = hashlib.sha256().digest_size
_config: Any = numba.config
_COMPILERS = (numba.__version__, llvmlite.__version__, sys.implementation.cache_tag, sys.version)


def folders(source: str) -> list[Path]:
    """Return the folders in which entries are looked for.

    New ones go to the first that can be written.

    Parameters
    ----------
    source : str
        File of the kernel's code.

    Returns
    -------
    list of Path
        The folder that OVERLAP_CACHE names, alone; else ``__pycache__`` beside the code, and
        the user's own cache.

    Raises
    ------
    ValueError
        OVERLAP_CACHE names something that is no folder and cannot become one.
    """
    chosen = os.environ.get("OVERLAP_CACHE", "") or _config.CACHE_DIR
    if chosen:
        folder = Path(chosen)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if not (folder.is_dir() or error.errno in _FULL):
                raise ValueError(
                    f"OVERLAP_CACHE = {chosen!r} is no folder and cannot be made one "
                    f"({error.strerror}); name another, or 0 to keep compiled code in memory only"
                ) from None
        return [folder]
    beside = [Path(source).parent / "__pycache__"] if os.path.isfile(source) else []
    return [*beside, Path(AppDirs("overlap", appauthor=False).user_cache_dir)]


class KernelCache(_Cache):
    """The entries of one kernel, as Numba's dispatchers ask for them.

    Parameters
    ----------
    kernel : function
        Its qualified name has the digest of everything that the machine code depends on.
    """

    def __init__(self, kernel: FunctionType) -> None:
        self._name = kernel.__qualname__
        self._module = kernel.__module__  # machine code knows it by name
        self._source = kernel.__code__.co_filename
        self._places = folders(self._source)

    @property
    def cache_path(self) -> str:
        """Folder that is looked at first."""
        return str(self._places[0])

    def enable(self) -> None:
        """Do nothing: a cache that is not wanted is not made."""

    def disable(self) -> None:
        """Do nothing: a cache that is not wanted is not made."""

    def flush(self) -> None:
        """Do nothing: entries do not outlive what they depend on."""

    def is_there(self) -> bool:
        """Return whether there is an entry of any signature."""
        return any(self._name in _listed(folder) for folder in self._places)

    def seconds(self, sig: Any, target_context: Any) -> float | None:
        """Return how long one signature took to compile; None if there is no sound entry."""
        key = self._key(sig, target_context.codegen())
        for folder in self._places:
            content = self._read(folder / self._file(key))
            payload = None if content is None else _checked(content, key)
            if payload is not None:
                return float(_SECONDS.unpack_from(payload)[0])
        return None

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the kernel for one signature, or None if there is no sound entry."""
        # Code that is there needs the memory manager, and no part of the compiler: to load that
        # would take most of the time of a short command.
        rtsys.initialize(target_context)
        key = self._key(sig, target_context.codegen())
        for folder in self._places:
            path = folder / self._file(key)
            content = self._read(path)
            if content is None:
                continue
            payload = _checked(content, key)
            if payload is not None:
                try:
                    symbols, reduced = pickle.loads(payload[_SECONDS.size :])
                    if not all(map(binding.address_of_symbol, symbols)):
                        target_context.refresh()
                    return CompileResult._rebuild(target_context, *reduced)
                except Exception:
                    payload = None  # sound, but of a compiler that this one does not understand
            with contextlib.suppress(OSError):
                path.unlink()
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the kernel for one signature to the first folder that takes it."""
        if data.lifted or data.library.has_dynamic_globals:
            warnings.warn(
                f"{self._name} cannot be kept on disk: it holds addresses of this process",
                RuntimeWarning,
                stacklevel=2,
            )
            return
        key = self._key(sig, data.codegen)
        body = len(key).to_bytes(4, "little") + key
        body += _SECONDS.pack(_seconds(data))
        body += dumps((_symbols(data.library), data._reduce()))
        content = _MAGIC + hashlib.sha256(body).digest() + body
        for folder in self._places:
            if _written(folder, self._file(key), content):
                return

    def _key(self, sig: Any, codegen: Any) -> bytes:
        return repr((self._module, self._name, sig, codegen.magic_tuple(), _COMPILERS)).encode()

    def _file(self, key: bytes) -> str:
        return f"{self._name}-{hashlib.blake2b(key, digest_size=8).hexdigest()}.kernel"

    def _read(self, path: Path) -> bytes | None:
        """Return the content of a file that is trusted; None if it is not there."""
        try:
            # a pipe in its place would keep a plain open waiting
            number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _BINARY)
        except OSError:
            return None
        try:
            status = os.fstat(number)
            if not stat.S_ISREG(status.st_mode):
                return None
            reason = _stranger(status, self._source)
            if reason:
                _warn_once(path.parent, reason)
                return None
            with open(number, "rb", closefd=False) as file:
                return file.read()
        except (OSError, MemoryError):
            return None
        finally:
            os.close(number)


def _seconds(data: Any) -> float:
    """Return how long a kernel took to compile, with the functions inside it."""
    stages = data.metadata.get("pipeline_times", {}).values()
    return float(sum(sum(times) for stage in stages for times in stage.values()))


@cache
def _listed(folder: Path) -> frozenset[str]:
    """Return the names of the kernels that have an entry, as a process finds them first."""
    with contextlib.suppress(OSError):
        return frozenset(name.rpartition("-")[0] for name in os.listdir(folder))
    return frozenset()


def _symbols(library: Any) -> list[str]:
    """Return the names of functions and variables that machine code has from elsewhere."""
    module = library._final_module
    things = (*module.functions, *module.global_variables)
    return [x.name for x in things if x.is_declaration and not x.name.startswith("llvm.")]


_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def _checked(content: bytes, key: bytes) -> bytes | None:
    """Return the payload of an entry; None if it is damaged or belongs to another key."""
    start = len(_MAGIC) + _DIGEST
    body = content[start:]
    size = int.from_bytes(body[:4], "little")
    sound = (
        content.startswith(_MAGIC)
        and hashlib.sha256(body).digest() == content[len(_MAGIC) : start]
        and body[4 : 4 + size] == key
    )
    return body[4 + size :] if sound else None


def _stranger(status: os.stat_result, source: str) -> str:
    """Say why a file cannot be trusted; nothing if it can."""
    if not hasattr(os, "geteuid"):
        return ""
    trusted = {os.geteuid(), 0}
    with contextlib.suppress(OSError):
        trusted.add(os.stat(source).st_uid)  # whoever owns the code can run anything already
    if status.st_uid not in trusted:
        return f"files there belong to another user (number {status.st_uid})"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "files there can be written by others"
    return ""


_said: set[Path] = set()


def _warn_once(folder: Path, reason: str) -> None:
    if folder not in _said:
        _said.add(folder)
        warnings.warn(
            f"compiled code in {folder} is not used, because {reason}; it is compiled again",
            RuntimeWarning,
            stacklevel=2,
        )


def _written(folder: Path, name: str, content: bytes) -> bool:
    """Write a file, whole or not at all; False where that is not possible."""
    temporary = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder, f".{name}.")
        number, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
        with open(number, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, folder / name)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        if not isinstance(error, (OSError, MemoryError)):
            raise
        return False
    return True
