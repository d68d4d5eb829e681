"""Pairs of events of a recording by onset and offset."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .protocol import EventRules
from .recordings import Events

__all__ = ["close_pairs", "first_free", "largest_matching"]

_BLOCK = 1 << 22  # pairs that are looked at together


def close_pairs(
    rules: EventRules, truth: Events, found: Events
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs whose onsets and offsets are close enough, whatever their classes.

    Parameters
    ----------
    rules : EventRules
    truth, found : Events
        Of one recording.

    Returns
    -------
    truth, found : ndarray, dtype=int64
        Rows of both, in the order of the truths and then of the predictions.
    """
    if not (len(truth) and len(found)):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    # candidates by the side that is compared, a little more than the collar
    by_onset = rules.onset
    reach = np.full(len(truth), rules.collar)
    if not by_onset:
        reach = np.maximum(reach, rules.share * (truth.offset - truth.onset))
    mine, other = (truth.onset, found.onset) if by_onset else (truth.offset, found.offset)
    order = np.argsort(other, kind="stable")
    sorted_other = other[order]
    room = reach + 1e-9 * (1.0 + np.abs(mine) + reach)
    low = np.searchsorted(sorted_other, mine - room, side="left")
    high = np.searchsorted(sorted_other, mine + room, side="right")
    width = high - low
    ends = np.cumsum(width)
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int64]] = []
    begin = 0
    while begin < len(truth):
        before = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + _BLOCK, side="right")))
        some = np.arange(begin, end)
        one = np.repeat(some, width[some])
        inside = np.arange(len(one)) - np.repeat(ends[some] - width[some] - before, width[some])
        two = order[np.repeat(low[some], width[some]) + inside]
        close = np.ones(len(one), dtype=bool)
        if rules.onset:
            close &= np.abs(truth.onset[one] - found.onset[two]) <= rules.collar
        if rules.offset:
            length = truth.offset[one] - truth.onset[one]
            most = np.maximum(rules.collar, rules.share * length)
            close &= np.abs(truth.offset[one] - found.offset[two]) <= most
        one, two = one[close], two[close]
        place = np.lexsort((two, one))
        rows.append(one[place])
        columns.append(two[place])
        begin = end
    return np.concatenate(rows), np.concatenate(columns)


def first_free(
    rows: Sequence[int], columns: Sequence[int], taken: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """Pair each row with its first column that is free.

    Parameters
    ----------
    rows, columns : sequence of int
        Pairs that may be, in order.
    taken : ndarray, dtype=bool
        Columns that are not free; changed.

    Returns
    -------
    list of (int, int)
    """
    pairs: list[tuple[int, int]] = []
    last = -1
    for row, column in zip(rows, columns, strict=True):
        if row != last and not taken[column]:
            taken[column] = True
            pairs.append((row, column))
            last = row
    return pairs


def largest_matching(rows: Sequence[int], columns: Sequence[int]) -> dict[int, int]:
    """Pair rows and columns, as many as there can be.

    Of several largest matchings it is the one of Hopcroft and Karp's algorithm where columns are
    visited in the order in which they first occur: sed_eval's, whose error rate depends on it.

    Parameters
    ----------
    rows, columns : sequence of int
        Pairs that may be, in the order of the rows and then of the columns.

    Returns
    -------
    dict from int to int
        The column of each row that has one.

    Notes
    -----
    J. E. Hopcroft and R. M. Karp, An n^5/2 algorithm for maximum matchings in bipartite graphs,
    SIAM J. Comput. 2 (1973): rounds of shortest augmenting paths, each found by a search in
    breadth from the free columns and one in depth from the free rows that it reached.
    """
    wanted: dict[int, list[int]] = {}
    for row, column in zip(rows, columns, strict=True):
        wanted.setdefault(column, []).append(row)
    owner: dict[int, int] = {}
    for column, those in wanted.items():
        free = next((row for row in those if row not in owner), None)
        if free is not None:
            owner[free] = column
    while True:
        matched = set(owner.values())
        # the row by which the search came to a column; -1 for the free ones it began with
        came: dict[int, int] = {column: -1 for column in wanted if column not in matched}
        reached: dict[int, deque[int]] = {}
        layer = list(came)
        ends: list[int] = []
        while layer and not ends:
            fresh: dict[int, deque[int]] = {}
            for column in layer:
                for row in wanted[column]:
                    if row not in reached:
                        fresh.setdefault(row, deque()).append(column)
            layer = []
            for row, from_columns in fresh.items():
                reached[row] = from_columns
                if row in owner:
                    layer.append(owner[row])
                    came[owner[row]] = row
                else:
                    ends.append(row)
        if not ends:
            return owner
        for end in ends:
            _augment(end, reached, came, owner)


def _augment(
    end: int, reached: dict[int, deque[int]], came: dict[int, int], owner: dict[int, int]
) -> None:
    """Search back from a free row for a free column; turn the pairs on the path around."""
    path: list[tuple[int, int]] = []  # row, and the column that it would get
    stack = [(end, reached.pop(end, deque()))]
    while stack:
        row, choices = stack[-1]
        column = _next_column(choices, came)
        if column is None:
            stack.pop()
            if path:
                path.pop()
            continue
        before = came.pop(column)
        path.append((row, column))
        if before == -1:
            owner.update(reversed(path))
            return
        if before in reached:
            stack.append((before, reached.pop(before)))
        else:
            path.pop()


def _next_column(choices: deque[int], came: dict[int, int]) -> int | None:
    """Return the next column that no path has used, or None.

    Parameters
    ----------
    choices : deque of int
        Columns from which the search came to a row; those that are looked at are taken out.
    came : dict
        Columns that are not used.
    """
    while choices:
        column = choices.popleft()
        if column in came:
            return column
    return None
