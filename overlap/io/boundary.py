"""Boundary around readers: errors of any library become one message with the file's name."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

__all__ = ["decoding", "one_line", "reading", "reads_file"]

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


_heard: ContextVar[list[str] | None] = ContextVar("_heard", default=None)


def _hear(record: logging.LogRecord) -> bool:
    """Keep the errors that a library logs inside `decoding`; let other records pass."""
    messages = _heard.get()
    if messages is None:
        return True
    if record.levelno >= logging.ERROR:
        messages.append(record.getMessage())
    return False


@contextmanager
def decoding(name: str | os.PathLike[str], form: str, logger: str = "") -> Iterator[None]:
    """Turn any error of a library into a ValueError that names the file and its format.

    Parameters
    ----------
    name : str or path-like
        The file. Exceptions whose text begins with it stay as they are.
    form : str
        Name of the format.
    logger : str, optional
        Logger of the library. Its records are not shown; an error that it logs counts as one that
        it raises, because the library goes on without the damaged part.

    Raises
    ------
    ValueError
        The content cannot be read.

    Examples
    --------
    >>> from overlap.io.boundary import decoding
    >>> with decoding("a.nii", "NIfTI"):
    ...     raise IndexError("no such axis")
    Traceback (most recent call last):
    ValueError: a.nii: not a readable NIfTI file (no such axis)
    """
    if logger:
        logging.getLogger(logger).addFilter(_hear)  # the second time, this does nothing
    messages: list[str] = []
    token = _heard.set(messages)
    try:
        yield
        if messages:
            raise ValueError(messages[0])
    except Exception as error:  # a damaged file can fail anywhere in a library
        if str(error).startswith(f"{name}: "):
            raise
        raise ValueError(f"{name}: not a readable {form} file ({one_line(error)})") from None
    finally:
        _heard.reset(token)


def one_line(error: BaseException) -> str:
    """Return the text of an exception without line breaks, or its class where it has none.

    Parameters
    ----------
    error : exception
    """
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def reading(name: str | os.PathLike[str]) -> Iterator[None]:
    """Turn any exception of a reader into one that begins with the name of the file.

    Libraries raise all kinds of exceptions for damaged files. A ValueError says that this file
    cannot be read, so that one bad file of many is left out and named.

    Parameters
    ----------
    name : str or path-like
        The file.

    Raises
    ------
    ValueError
        The content cannot be read.
    OSError
        The file is missing or may not be read.

    Examples
    --------
    >>> from overlap.io.boundary import reading
    >>> with reading("a.nii"):
    ...     {}["dim"]
    Traceback (most recent call last):
    ValueError: a.nii: cannot be read (KeyError: 'dim'); the file is damaged, or of an unknown form
    """
    try:
        yield
    except ImportError:
        raise  # a package is missing, not the file
    except MemoryError:
        raise ValueError(f"{name}: needs more memory than there is") from None
    except RecursionError:
        raise ValueError(f"{name}: is nested too deeply") from None
    except OSError as error:
        if str(error).startswith(f"{name}"):
            raise
        raise type(error)(f"{name}: cannot be read ({error.strerror or error})") from error
    except UnicodeError as error:
        raise ValueError(f"{name}: is not text in UTF-8 ({error})") from error
    except ValueError as error:
        # an error of a class of its own says more than its text
        own = type(error).__module__.partition(".")[0] == "overlap"
        if f"{name}" in str(error) or own:
            raise
        raise ValueError(f"{name}: {error}") from error
    except Exception as error:
        raise ValueError(
            f"{name}: cannot be read ({type(error).__name__}: {error}); the file is damaged, or of "
            "an unknown form"
        ) from error


def reads_file(reader: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Put the boundary around a reader whose first argument is a path.

    Parameters
    ----------
    reader : callable
        Where its first argument is no path but an object, nothing is changed.
    """

    @wraps(reader)
    def read(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
        first: Any = arguments[0] if arguments else None
        if not isinstance(first, str | os.PathLike):
            return reader(*arguments, **options)
        with reading(first):
            return reader(*arguments, **options)

    return read
