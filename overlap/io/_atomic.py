"""Writing files so that a reader sees the old content or the new one, never half of it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["atomic_path", "write_text"]


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name beside `path`, and rename it over `path` if all went well.

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
        The folder is missing or may not be written; the message names `path`.
    """
    final = Path(path)
    if final.exists() and not final.is_file():
        if final.is_dir():
            raise IsADirectoryError(f"{path}: is a folder; give a file name")
        yield final
        return
    final = Path(os.path.realpath(final))
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{final.name}.", suffix=final.suffix, dir=final.parent
        )
    except OSError as error:
        reason = (
            f"the folder {final.parent} does not exist"
            if not final.parent.is_dir()
            else error.strerror
        )
        raise type(error)(f"{path}: cannot be written: {reason}") from None
    os.close(handle)
    temporary = Path(name)
    try:
        # mkstemp makes private files; a report gets the mode of any other new file
        if final.exists():
            mode = final.stat().st_mode & 0o777
        else:
            mask = os.umask(0)
            os.umask(mask)
            mode = 0o666 & ~mask
        yield temporary
        with contextlib.suppress(OSError):
            temporary.chmod(mode)
        os.replace(temporary, final)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


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
        The folder is missing or may not be written.
    """
    data = text.encode("utf-8", "backslashreplace")
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
