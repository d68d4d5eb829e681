"""What suppression and matching share: pairs that reach a threshold, and checked arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap.scores import candidates
from overlap.scores import sparse as _sparse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from overlap.regions.base import Regions
    from overlap.scores.score import Score

__all__ = ["check_score", "checked_confidence", "descending", "reaching"]


def reaching(
    score: Score,
    found: Regions,
    truth: Regions,
    at_least: float,
    strict: bool,
    groups: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return found, truth and score of the pairs that reach the threshold, in any order.

    Unlike `Score.pairs` this looks at all pairs of a group where regions that do not
    intersect can reach the threshold.
    """
    plan = score.plan
    if score.prunes(at_least, strict):
        i, j, value = _sparse.sparse_pairs(plan, found, truth, at_least, strict, groups)
        return i.astype(np.int64, copy=False), j.astype(np.int64, copy=False), value
    geometry = plan.geometry(found, truth)
    blocks = candidates.expand(_all_pairs(len(found), len(truth), groups))
    return _sparse.keep_listed(plan, geometry, found, truth, blocks, at_least, strict)


def _all_pairs(
    n: int, m: int, groups: tuple[NDArray[np.int64], NDArray[np.int64]] | None
) -> candidates.Ranges:
    if groups is None:
        groups = np.zeros(n, np.int64), np.zeros(m, np.int64)
    first, second = groups
    order, columns = np.argsort(first, kind="stable"), np.argsort(second, kind="stable")
    low = np.searchsorted(second[columns], first[order], "left")
    high = np.searchsorted(second[columns], first[order], "right")
    return candidates.Ranges(order, columns, low, high)


def check_score(score: object) -> None:
    """Raise a TypeError unless `score` is a Score."""
    from overlap.scores.score import Score

    if not isinstance(score, Score):
        raise TypeError(
            f"score: expected a Score such as overlap.iou or overlap.dice, got {score!r}"
        )


def checked_confidence(confidence: ArrayLike, regions: Regions, what: str) -> NDArray[np.float64]:
    """Return one confidence per region as float64, or raise an error with the index."""
    from overlap._common.numbers import as_numbers

    array = as_numbers(confidence, "confidence")
    if array.shape != (len(regions),):
        raise ValueError(
            f"confidence: expected shape ({len(regions)},), one number for each region of {what}; "
            f"got {array.shape}"
        )
    bad = np.flatnonzero(np.isnan(array))
    if bad.size:
        raise ValueError(
            f"confidence[{bad[0]}] is NaN, which has no place in an order; remove that region or "
            "give it a number"
        )
    return array


def descending(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the order of descending confidence, ties in order of index."""
    order = np.argsort(-confidence)  # several times faster than a stable sort
    ordered = confidence[order]
    if (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(-confidence, kind="stable")
    return order
