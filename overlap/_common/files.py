"""Files that may be read: regular ones, and sizes of compressed ones. And temporary files.

A file of a few kilobytes can promise terabytes, or be a device without an end. So readers ask here
before the work. The bounds are far above files of data; who has a larger one names a number of
bytes in the environment variable ``OVERLAP_LARGEST_FILE``, such as ``20G``.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from pathlib import Path

__all__ = [
    "DEFLATE_RATIO",
    "check_file",
    "check_size",
    "most_text",
    "most_voxels",
    "read_file",
    "sweep",
]

_VARIABLE = "OVERLAP_LARGEST_FILE"
_MIB = 1 << 20
_TEXT = 1024 * _MIB  # text lies in memory as a whole, and is several times as large when parsed
_TEXT_FREE, _TEXT_RATIO = 64 * _MIB, 200  # tables become 5 to 20, grids 80 times smaller
_VOXELS_FREE, _VOXELS_RATIO = 1024 * _MIB, 200  # an empty label map becomes 1000 times smaller
#: Deflate (gzip, zlib, PNG) makes nothing smaller than 1/1032.
DEFLATE_RATIO = 1032
_KINDS = {
    stat.S_IFIFO: "pipe",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
    stat.S_IFSOCK: "socket",
}


def check_file(path: str | os.PathLike[str]) -> int:
    """Return the size of a regular file.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    OSError
        The file is missing, or its place cannot be looked up, as in a loop of symbolic links.
    ValueError
        It is a folder, a pipe, a device or a socket.
    """
    name = os.fspath(path)
    try:
        status = os.stat(name)
    except FileNotFoundError:
        raise FileNotFoundError(f"{name}: no such file") from None
    except OSError as error:
        raise type(error)(f"{name}: cannot be read ({error.strerror or error})") from None
    if stat.S_ISREG(status.st_mode):
        return status.st_size
    if stat.S_ISDIR(status.st_mode):
        raise ValueError(f"{name}: is a folder; give a file")
    kind = _KINDS.get(stat.S_IFMT(status.st_mode), "special file")
    raise ValueError(
        f"{name}: is a {kind}; wanted a file, because inputs are read more than once: save the "
        "data to a file first"
    )


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Read a regular file of text, at most 1 GiB.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    bytes

    Raises
    ------
    OSError, ValueError
        As `check_file`; or the file is larger.
    """
    name = os.fspath(path)
    check_size(name, check_file(name), _largest(_TEXT))
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise type(error)(f"{name}: cannot be read ({error.strerror or error})") from None


def most_text(stored: int) -> int:
    """Return the number of bytes of text that a compressed file may hold.

    Parameters
    ----------
    stored : int
        Bytes of the file.

    Returns
    -------
    int
        64 MiB, or if more, 200 times the file, up to 1 GiB.
    """
    return _largest(min(_TEXT, max(_TEXT_FREE, _TEXT_RATIO * stored)))


def most_voxels(stored: int) -> int:
    """Return the number of bytes of voxels that a compressed file may hold.

    Parameters
    ----------
    stored : int
        Bytes of the file.

    Returns
    -------
    int
        1 GiB, or if more, 200 times the file.
    """
    return _largest(max(_VOXELS_FREE, _VOXELS_RATIO * stored))


def check_size(name: str, size: int, most: int, what: str = "") -> None:
    """Refuse a file or array that is larger than allowed.

    Parameters
    ----------
    name : str
        Name of the file, for the message.
    size, most : int
        Bytes.
    what : str, optional
        What has the size, such as " of voxels".

    Raises
    ------
    ValueError
        `size` is larger than `most`.
    """
    if size > most:
        raise ValueError(
            f"{name}: {size:,} bytes{what} are more than the {most:,} that are read of such a "
            f"file; if it is no damaged file, set {_VARIABLE}={-(-size // (_MIB << 10))}G"
        )


def _largest(default: int) -> int:
    """Return a bound, or the user's if that is larger."""
    text = os.environ.get(_VARIABLE, "")
    if not text:
        return default
    match = re.fullmatch(r"\s*(\d{1,18})\s*([KMGT]?)(?:i?B)?\s*", text, re.ASCII | re.IGNORECASE)
    if match is None:
        raise ValueError(f"{_VARIABLE} is {text!r}; wanted a number of bytes, such as 20G")
    return max(default, int(match[1]) << 10 * " KMGT".index(match[2].upper() or " "))


_OLD = 3600.0  # seconds after which a temporary file belongs to a process that died


def sweep(folder: str | os.PathLike[str], prefix: str) -> None:
    """Remove files that nobody has written to for an hour.

    Parameters
    ----------
    folder : path-like
    prefix : str
        With which names of temporary files begin, and no others.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(prefix):
                with contextlib.suppress(OSError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > _OLD:
                        os.unlink(entry.path)
