"""A bar for long work."""

from __future__ import annotations

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
    if progress is False:
        return steps
    from tqdm.auto import tqdm

    return tqdm(
        steps,
        total=total,
        desc=what,
        leave=False,
        disable=None if progress is None else False,
        delay=1.0 if progress is None else 0.0,
    )
