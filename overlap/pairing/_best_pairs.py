"""The best partner of every region, without a table of all pairs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from overlap.pairing._reach import reaching

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.base import Regions
    from overlap.scores.score import Score

__all__ = ["best_of", "useful_pairs", "without_pairs", "zero_apart"]

_PAIRS = 1 << 20  # scores of a block of all pairs


def zero_apart(score: Score) -> bool:
    """Return whether regions that do not intersect score 0, all of them."""
    return score.disjoint_max == 0.0 and score.bounds()[0] == 0.0


def useful_pairs(
    score: Score,
    anchors: Regions,
    truth: Regions,
    codes: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
    both: bool,
    floor: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return pairs among which are the best of every anchor and, for `both`, of every truth.

    Where `floor` > 0, pairs that score 0 because they are apart are not looked at.
    """
    if floor > 0.0 and zero_apart(score) and (codes is not None or anchors.bounds() is not None):
        return reaching(score, anchors, truth, 0.0, True, codes)
    parts = list(_dense_best(score, anchors, truth, codes, both))
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    i, j, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return i, j, value


def _dense_best(
    score: Score,
    anchors: Regions,
    truth: Regions,
    codes: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
    both: bool,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Yield the best pairs of blocks of all pairs, with the scores."""
    for rows, columns in _blocks(len(anchors), len(truth), codes):
        table = score.pairwise(anchors[rows], truth[columns])
        row = np.arange(len(rows))
        column = table.argmax(axis=1)  # NaN counts as the largest
        if np.isnan(table[row, column]).any():
            table[np.isnan(table)] = -np.inf
            column = table.argmax(axis=1)
        if both:
            tops, at = np.nonzero(table == table.max(axis=0))
            row, column = np.concatenate([row, tops]), np.concatenate([column, at])
        value = table[row, column]
        some = value > -np.inf
        yield rows[row[some]], columns[column[some]], value[some]


def _blocks(
    n: int, m: int, codes: tuple[NDArray[np.int64], NDArray[np.int64]] | None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield anchors and all their truths, a limited number of pairs at a time."""
    if n == 0 or m == 0:
        return
    if codes is None:
        codes = np.zeros(n, np.int64), np.zeros(m, np.int64)
    order, columns = (np.argsort(code, kind="stable") for code in codes)
    labels = np.unique(codes[1])
    first = [np.searchsorted(codes[0][order], labels, side) for side in ("left", "right")]
    second = [np.searchsorted(codes[1][columns], labels, side) for side in ("left", "right")]
    for lo, hi, low, high in zip(*first, *second, strict=True):
        step = max(1, _PAIRS // int(high - low))
        for begin in range(lo, hi, step):
            yield order[begin : min(begin + step, hi)], columns[low:high]


def best_of(
    i: NDArray[np.int64], j: NDArray[np.int64], value: NDArray[np.float64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the highest value of every `i` and its `j`, the first of equals; or -inf and -1."""
    best = np.full(n, -np.inf)
    np.maximum.at(best, i, value)
    hit = value == best[i]
    owner = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(owner, i[hit], j[hit])
    owner[best == -np.inf] = -1
    return best, owner


def without_pairs(
    score: Score,
    anchors: Regions,
    truth: Regions,
    codes: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
    best: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the best scores with those of anchors that are in no pair: 0, or NaN."""
    alone = np.flatnonzero(best == -np.inf)
    best[alone] = np.nan
    if len(alone) and len(truth) and zero_apart(score):
        own, others = (None, None) if codes is None else (codes[0][alone], codes[1])
        solid = truth.measure() > 0.0
        some = _among(own, others, len(alone))
        apart = np.where(anchors[alone].measure() > 0.0, some, False)
        if solid.any():
            apart |= _among(own, None if others is None else others[solid], len(alone))
        best[alone[apart]] = 0.0
    return best


def _among(
    own: NDArray[np.int64] | None, others: NDArray[np.int64] | None, count: int
) -> NDArray[np.bool_]:
    """Return which labels are among the others; all of them without labels."""
    if own is None or others is None:
        return np.ones(count, np.bool_)
    return np.isin(own, others)
