"""Atomic writing of files: a reader sees the old content or the new one, never half of it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from overlap._common.files import sweep

__all__ = ["atomic_path", "write_text"]

_LONGEST = 40  # characters of a name that its temporary name repeats


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name beside `path`, and rename it over `path` if all went well.

    The content is on the disk before it gets its name, so that a computer that loses power has
    the old or the new one too. Files that a killed process has left beside `path` are removed by
    the next one that writes there an hour later.

    Parameters
    ----------
    path : str or path-like
        Final name. A link is followed; something that is not a plain file, such as
        ``/dev/stdout``, is written in place.

    Yields
    ------
    Path
        Where to write; it has the suffix of `path`.

    Raises
    ------
    OSError
        The folder is missing or may not be written, or the disk is full; the message names `path`.
    """
    final = Path(path)
    if final.exists() and not final.is_file():
        if final.is_dir():
            raise IsADirectoryError(f"{path}: is a folder; give a file name")
        try:
            yield final
        except OSError as error:
            if error.filename is None:
                raise _unwritable(path, final, error) from error
            raise
        return
    final = Path(os.path.realpath(final))
    if final.is_symlink():
        raise OSError(f"{path}: cannot be written: it is a link to itself")
    prefix = f".{final.name[:_LONGEST]}.part-"
    temporary = final.parent / f"{prefix}{secrets.token_hex(8)}{final.suffix}"
    mode = final.stat().st_mode & 0o777 if final.exists() else None
    sweep(final.parent, prefix)
    try:
        # With the mode of any other new file, or of the one that is replaced: nobody who may not
        # read that one may read the new one while it is written.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode or 0o666))
        yield temporary
        _to_disk(temporary, os.O_RDWR)
        if mode is not None:
            with contextlib.suppress(OSError):
                temporary.chmod(mode)
        os.replace(temporary, final)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(temporary), temporary):
            raise _unwritable(path, final, error) from error
        raise
    with contextlib.suppress(OSError):
        _to_disk(final.parent, os.O_RDONLY)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write text to a file as UTF-8, all or nothing.

    Parameters
    ----------
    path : str or path-like
        File to write or replace.
    text : str
        New content. Halves of surrogate pairs, such as bytes of file names that are not
        UTF-8 become, are written as escapes.

    Raises
    ------
    OSError
        The folder is missing or may not be written, or the disk is full.
    """
    data = text.encode("utf-8", "backslashreplace")
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def _to_disk(path: Path, how: int) -> None:
    """Wait until a file or folder is on the disk, where the file system can do that."""
    number = os.open(path, how)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise
    finally:
        os.close(number)


def _unwritable(path: str | os.PathLike[str], final: Path, error: OSError) -> OSError:
    """Return an error of the same class and number that names the file, not the temporary one."""
    reason = error.strerror or str(error)
    if not final.parent.is_dir():
        reason = f"the folder {final.parent} does not exist"
    result = type(error)(f"{path}: cannot be written: {reason}")
    result.errno = error.errno
    return result
