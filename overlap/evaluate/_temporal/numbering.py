"""Numbers of names: those of one input in the list of another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

__all__ = ["alphabetical", "names_of_all", "numbers_among", "of_both", "renumbered"]


def numbers_among(names: Sequence[str], known: Sequence[str]) -> NDArray[np.int64]:
    """Return the number that each name has among known ones.

    Parameters
    ----------
    names, known : sequence of str
        Those of `known` are distinct.

    Returns
    -------
    ndarray, dtype=int64
        -1 for a name that is not known.
    """
    if names == known:
        return np.arange(len(names))
    number = dict(zip(known, range(len(known)), strict=True))
    return np.fromiter(map(number.get, names, repeat(-1)), np.int64, len(names))


def renumbered(
    index: NDArray[np.int64], names: Sequence[str], known: Sequence[str]
) -> NDArray[np.int64]:
    """Return the numbers of rows among known names.

    Parameters
    ----------
    index : ndarray, dtype=int64, shape (N,)
        Number of each row's name in `names`.
    names, known : sequence of str
        As for `numbers_among`.

    Returns
    -------
    ndarray, dtype=int64, shape (N,)
        `index` itself where both have the same names in the same order.
    """
    return index if names == known else numbers_among(names, known)[index]


def of_both(
    first: Sequence[str], second: Sequence[str]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Put the names of two inputs together.

    Parameters
    ----------
    first, second : sequence of str
        Distinct in each.

    Returns
    -------
    tuple of str
        The first names, then those of the second that are not among them.
    ndarray, dtype=int64
        Where each of the second stands there.
    """
    number = numbers_among(second, first)
    new = np.flatnonzero(number < 0)
    number[new] = len(first) + np.arange(len(new))
    return (*first, *map(second.__getitem__, new.tolist())), number


def names_of_all(lists: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Put the names of several inputs together, each once.

    Parameters
    ----------
    lists : sequence of tuple of str
        Distinct in each.
    """
    return lists[0] if len(lists) == 1 else tuple(dict.fromkeys(chain.from_iterable(lists)))


def alphabetical(names: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Sort names.

    Parameters
    ----------
    names : sequence of str
        Distinct.

    Returns
    -------
    tuple of str
    ndarray, dtype=int64
        Where each name stands after sorting.
    """
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    return tuple(map(names.__getitem__, order)), place
