"""Temporary files of processes that were killed while they wrote."""

from __future__ import annotations

import contextlib
import os
import time

__all__ = ["sweep"]

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
