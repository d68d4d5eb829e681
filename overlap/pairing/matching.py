"""Matching of found regions with true ones, one to one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._common.numbers import checked_number
from overlap._common.values import ByValue
from overlap._kernels.jit import specialise
from overlap.pairing._confidence import checked_confidence, descending
from overlap.regions.base import Regions, check_pair
from overlap.scores.groups import checked_groups
from overlap.scores.ratios import iou
from overlap.scores.score import Score, check_score
from overlap.scores.sparse import reaching

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Matches", "greedy_pairs", "match", "optimal_pairs"]


@dataclass(frozen=True, eq=False)
class Matches(ByValue):
    """Pairs of found and true regions; every region is in one pair at most.

    Attributes
    ----------
    found, truth : ndarray of int64, shape (K,)
        Positions of the matched regions, in ascending order of `found`.
    score : ndarray of float64, shape (K,)
        Score of every pair.
    unmatched_found, unmatched_truth : ndarray of int64
        Positions of the other regions, ascending.
    """

    found: NDArray[np.int64]
    truth: NDArray[np.int64]
    score: NDArray[np.float64]
    unmatched_found: NDArray[np.int64]
    unmatched_truth: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.found)

    def to_frame(self) -> pd.DataFrame:
        """Return the pairs as a DataFrame with the columns ``found``, ``truth`` and ``score``."""
        import pandas as pd

        return pd.DataFrame({"found": self.found, "truth": self.truth, "score": self.score})


def match(
    found: Regions,
    truth: Regions,
    *,
    score: Score = iou,
    at_least: float = 0.5,
    strict: bool = False,
    confidence: ArrayLike | None = None,
    groups: tuple[ArrayLike, ArrayLike] | None = None,
    method: Literal["greedy", "optimal"] = "greedy",
) -> Matches:
    """Pair found regions with true ones, each at most once.

    ``"greedy"`` goes through the found regions in order of descending confidence, and each
    takes the free true region with the highest score, the first of equals. Without
    confidences it goes through all pairs in order of descending score instead; ties in
    order of `found`, then of `truth`. ``"optimal"`` maximizes the sum of the scores, so
    that it leaves out pairs with negative ones.

    Parameters
    ----------
    found, truth : Regions
        N and M regions of the same kind.
    score : Score
        Called as ``score(found, truth)``. Pairs whose score is NaN never match.
    at_least : float
        Only pairs with a score >= `at_least` can match.
    strict : bool
        Only pairs with a score > `at_least` can match.
    confidence : array_like, shape (N,), optional
        Of the found regions; ties in order of index. For the greedy method only.
    groups : pair of array_like, shapes (N,) and (M,), optional
        Labels such as the video or the class, of several columns as in `Score.pairs`; only equal
        labels match.
    method : {"greedy", "optimal"}
        The optimal method needs memory for all pairs within the largest cluster of regions
        that are linked by pairs (`scipy.optimize.linear_sum_assignment` on each cluster).

    Returns
    -------
    Matches
        The pairs, and the unmatched regions of both sides.

    Raises
    ------
    ValueError
        For lengths that differ, a confidence that is NaN, an `at_least` that is not finite,
        and confidences with the optimal method, which has no use for them.

    Examples
    --------
    >>> import overlap as ov
    >>> truth = ov.Intervals([[0.0, 10.0], [20.0, 25.0]])
    >>> found = ov.Intervals([[1.0, 9.0], [0.0, 10.0], [24.0, 31.0]])
    >>> pairs = ov.match(found, truth, confidence=[0.9, 0.8, 0.7])
    >>> pairs.found, pairs.truth, pairs.score
    (array([0]), array([0]), array([0.8]))
    >>> ov.match(found, truth).found
    array([1])
    >>> ov.match(found, truth, at_least=0.05, method="optimal").unmatched_found
    array([0])
    """
    check_pair(found, truth)
    check_score(score)
    at_least = checked_number(at_least, "at_least")
    score.plan.check_level(at_least, "at_least")
    if method not in ("greedy", "optimal"):
        raise ValueError(f"method = {method!r}; expected 'greedy' or 'optimal'")
    rank = None
    if confidence is not None:
        if method == "optimal":
            raise ValueError(
                "confidence: the optimal method does not look at confidences; leave them out, or "
                "use method='greedy'"
            )
        rank = np.empty(len(found), np.int64)
        rank[descending(checked_confidence(confidence, found, "found"))] = np.arange(len(found))
    codes = None if groups is None else checked_groups(groups, len(found), len(truth))
    i, j, value = reaching(score.plan, found, truth, at_least, bool(strict), codes)
    if method == "greedy":
        taken = greedy_pairs(i, j, value, i if rank is None else rank[i], rank is None)
    else:
        taken = optimal_pairs(i, j, value, len(found), len(truth))
    taken = taken[np.argsort(i[taken])]
    i, j, value = i[taken], j[taken], value[taken]
    free_found, free_truth = np.ones(len(found), np.bool_), np.ones(len(truth), np.bool_)
    free_found[i] = False
    free_truth[j] = False
    return Matches(i, j, value, np.flatnonzero(free_found), np.flatnonzero(free_truth))


def take(i, j, order, free_i, free_j, taken):
    """Take pairs in the given order where both sides are free; return their number."""
    count = 0
    for k in order:
        if free_i[i[k]] and free_j[j[k]]:
            free_i[i[k]] = False
            free_j[j[k]] = False
            taken[count] = k
            count += 1
    return count


def greedy_pairs(
    i: NDArray[np.int64], j: NDArray[np.int64], value: NDArray, rank: NDArray, by_score: bool
) -> NDArray[np.int64]:
    """Return positions of the pairs to take; `rank` is the place of the found region."""
    if not len(i):
        return np.empty(0, np.int64)
    order = np.lexsort((j, rank, -value) if by_score else (j, -value, rank))
    taken = np.empty(len(i), np.int64)
    free_i, free_j = np.ones(i.max() + 1, np.bool_), np.ones(j.max() + 1, np.bool_)
    return taken[: specialise(take)(i, j, order, free_i, free_j, taken)]


def optimal_pairs(
    i: NDArray[np.int64], j: NDArray[np.int64], value: NDArray, n: int, m: int
) -> NDArray[np.int64]:
    """Return positions of pairs with the largest sum of values, each region used once, by `i`."""
    useful = np.flatnonzero(value >= 0)  # a negative one never makes a sum larger
    i, j, value = i[useful], j[useful], value[useful]
    if not len(i):
        return useful
    alone = (np.bincount(i)[i] == 1) & (np.bincount(j)[j] == 1)
    taken = np.flatnonzero(alone)
    if len(taken) < len(i):
        rest = np.flatnonzero(~alone)
        clusters = _best_in_clusters(i[rest], j[rest], value[rest], n, m)
        taken = np.concatenate([taken, *(rest[chosen] for chosen in clusters)])
    return useful[taken[np.argsort(i[taken])]]


def _best_in_clusters(
    i: NDArray[np.int64], j: NDArray[np.int64], value: NDArray, n: int, m: int
) -> list[NDArray[np.int64]]:
    """Return which pairs to take of each cluster of regions that are linked by pairs."""
    import scipy.sparse.csgraph
    from scipy.optimize import linear_sum_assignment

    graph = scipy.sparse.coo_array((np.ones(len(i), np.int8), (i, n + j)), shape=(n + m, n + m))
    count, label = scipy.sparse.csgraph.connected_components(graph, directed=False)
    cluster = label[i]
    sides = label[:n], label[n:]
    row, column = (_places(side)[own] for side, own in zip(sides, (i, j), strict=True))
    rows, columns = (np.bincount(side, minlength=count) for side in sides)
    order = np.argsort(cluster, kind="stable")
    edges = np.flatnonzero(np.diff(cluster[order], prepend=-1, append=-1))
    result = []
    for lo, hi in pairwise(edges.tolist()):
        pairs = order[lo:hi]
        own = cluster[pairs[0]]
        gain = np.zeros((rows[own], columns[own]))
        place = np.full(gain.shape, -1)
        at = row[pairs], column[pairs]
        gain[at], place[at] = value[pairs], pairs
        chosen = place[linear_sum_assignment(gain, maximize=True)]
        result.append(chosen[chosen >= 0])
    return result


def _places(label: NDArray[Any]) -> NDArray[np.int64]:
    """Return the place of each entry among those with its label."""
    order = np.argsort(label, kind="stable")
    ordered = label[order]
    places = np.empty(len(label), np.int64)
    places[order] = np.arange(len(label)) - np.searchsorted(ordered, ordered)
    return places
