"""A bar for long work."""

from __future__ import annotations

import sys
from collections.abc import Iterable

__all__ = ["progress_bar"]


def progress_bar(steps: Iterable, *, total: int, what: str, progress: bool | None) -> Iterable:
    """Show a bar for long work.

    Parameters
    ----------
    steps : iterable
        The work.
    total : int
        Its length.
    what : str
        Words before the bar.
    progress : bool or None
        None shows it on a terminal only, and only after a second.

    Returns
    -------
    iterable
    """
    if progress is False or (progress is None and not sys.stderr.isatty()):
        return steps
    if "ipykernel" in sys.modules:
        from tqdm.auto import tqdm
    else:
        from tqdm import tqdm  # not the one above, which also loads asyncio

    delay = 1.0 if progress is None else 0.0
    return tqdm(steps, total=total, desc=what, leave=False, delay=delay)
