"""Work in a thread of its own, beside what the caller goes on with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["in_background"]

Result = TypeVar("Result")


def in_background(function: Callable[[], Result]) -> Callable[[], Result]:
    """Begin to call a function that leaves Python's lock to others, and return what waits for it.

    Parameters
    ----------
    function : callable
        Called once, in a thread.

    Returns
    -------
    callable
        Returns the result, or raises what the function raised.
    """
    future: Future[Result] = Future()

    def work() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name="overlap background").start()
    return future.result
