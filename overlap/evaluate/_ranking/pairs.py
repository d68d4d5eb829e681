"""Candidate pairs: for each chooser the partners that it may take, best first.

The one who chooses is an *agent*: a prediction where predictions choose, a truth where
truths do. Its *candidates* are the segments of the other side with the same video and
label. Each pair's IoU is computed once, for all thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap._kernels.jit import scalar, specialise
from overlap.regions.intervals.intervals import interval_enclosure, interval_overlap

from overlap.evaluate._temporal.protocol import Protocol

__all__ = ["Pairs", "find_pairs", "touches"]

Columns = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Pairs(ByValue):
    """Candidates of each agent, in compressed rows.

    Attributes
    ----------
    pointer : ndarray, dtype=int64, shape (agents + 1,)
        Agent `i` has the pairs ``pointer[i]`` to ``pointer[i + 1]``.
    candidate : ndarray, dtype=int64, shape (P,)
        Row of the candidate, best first; equal IoUs keep the order of the file (for
        predictions: the more confident first).
    official : ndarray, dtype=int64, shape (P,)
        The same, with equal IoUs as ``numpy.argsort(...)[::-1]`` leaves them, where the
        protocol's tie rule is that; otherwise `candidate` itself.
    iou : ndarray, dtype=float64, shape (P,)
        IoU; infinite for an undefined one that matches at every threshold.
    tied : ndarray, dtype=int64
        Agents with two candidates of equal IoU, rising.
    """

    pointer: NDArray[np.int64]
    candidate: NDArray[np.int64]
    official: NDArray[np.int64]
    iou: NDArray[np.float64]
    tied: NDArray[np.int64]


@scalar
def _iou_by_sum(a, i, b, j, floor, undefined):
    length_a, length_b, shared = interval_overlap(a, i, b, j)
    union = max(length_b + length_a - shared, floor)
    if union > 0.0:
        return shared / union
    return undefined


@scalar
def _iou_by_hull(a, i, b, j, floor, undefined):
    shared = interval_overlap(a, i, b, j)[2]
    if shared > 0.0:
        return shared / max(interval_enclosure(a, i, b, j)[0], floor)
    return 0.0


RATIO: Any  # bound by specialise


def _pairs(a, b, first, last, at_least, floor, undefined, begin, count, start, other, iou, tied):
    """Fill the pairs of the agents from `begin` on; stop before the buffers overflow.

    Returns the first agent that is not done and the number of pairs so far. Pairs are
    sorted by falling IoU with a bottom-up merge; the candidates' order breaks ties.
    """
    for i in range(begin, len(first)):
        width = last[i] - first[i]
        if count + 2 * width > len(iou):
            return i, count
        lo = count
        for j in range(first[i], last[i]):
            value = RATIO(a, i, b, j, floor, undefined)
            if value >= at_least:
                other[count] = j
                iou[count] = value
                count += 1
        n = count - lo
        spare = count  # the merge uses the unused end of the buffers
        step = 1
        while step < n:
            for left in range(0, n, 2 * step):
                middle = min(left + step, n)
                right = min(left + 2 * step, n)
                x = left
                y = middle
                for k in range(left, right):
                    if x < middle and (y >= right or iou[lo + x] >= iou[lo + y]):
                        iou[spare + k] = iou[lo + x]
                        other[spare + k] = other[lo + x]
                        x += 1
                    else:
                        iou[spare + k] = iou[lo + y]
                        other[spare + k] = other[lo + y]
                        y += 1
            for k in range(n):
                iou[lo + k] = iou[spare + k]
                other[lo + k] = other[spare + k]
            step *= 2
        for k in range(lo + 1, count):
            if iou[k] == iou[k - 1]:
                tied[i] = True
        start[i + 1] = count
    return len(first), count


def find_pairs(
    agents: Columns,
    agent_key: NDArray[np.int64],
    candidates: Columns,
    candidate_key: NDArray[np.int64],
    order: NDArray[np.int64],
    protocol: Protocol,
    at_least: float,
) -> Pairs:
    """Find the pairs whose IoU can match at some threshold.

    Parameters
    ----------
    agents, candidates : tuple of two ndarrays, dtype=float64
        Starts and stops.
    agent_key, candidate_key : ndarray, dtype=int64
        Number of the (label, video) group of each; negative for none.
    order : ndarray, dtype=int64
        Sorts the candidates by key and, inside a group, by preference at equal IoU.
    protocol : Protocol
        Defines the IoU, and the order of equal ones.
    at_least : float
        Smallest threshold.

    Returns
    -------
    Pairs
    """
    sorted_key = candidate_key[order]
    first = np.searchsorted(sorted_key, agent_key, side="left")
    last = np.searchsorted(sorted_key, agent_key, side="right")
    last[agent_key < 0] = first[agent_key < 0]
    columns = (
        np.ascontiguousarray(candidates[0][order]),
        np.ascontiguousarray(candidates[1][order]),
    )
    ratio = _iou_by_sum if protocol.union == "sum" else _iou_by_hull
    kernel = specialise(_pairs, RATIO=ratio)
    undefined = np.inf if protocol.undefined == "match" else 0.0
    widths = last - first
    widest = int(widths.max(initial=0))
    capacity = min(int(widths.sum()), 4 * len(first)) + 2 * widest + 1
    pointer = np.zeros(len(first) + 1, dtype=np.int64)
    other, iou = np.empty(capacity, dtype=np.int64), np.empty(capacity)
    tied = np.zeros(len(first), dtype=bool)
    done, count = 0, 0
    while True:
        done, count = kernel(
            agents, columns, first, last, at_least, protocol.union_floor, undefined,
            done, count, pointer, other, iou, tied,
        )  # fmt: skip
        if done == len(first):
            break
        grown = 2 * len(iou)
        other, iou = np.resize(other, grown), np.resize(iou, grown)
    candidate, tied_agents = order[other[:count]], np.flatnonzero(tied)
    official = candidate
    if len(tied_agents) and protocol.tie_rule == "argsort_reversed":
        official = candidate.copy()
        for width in np.unique(widths[tied_agents]):
            rows = tied_agents[widths[tied_agents] == width]
            for some in np.array_split(rows, 1 + len(rows) * int(width) // 1_000_000):
                index = order[first[some][:, None] + np.arange(width)]
                ranked = _values(agents, candidates, some, index, protocol).argsort()[:, ::-1]
                index = np.take_along_axis(index, ranked, axis=1)
                for agent, row in zip(some, index, strict=True):
                    start, stop = pointer[agent], pointer[agent + 1]
                    official[start:stop] = row[: stop - start]
    return Pairs(pointer, candidate, official, iou[:count].copy(), tied_agents)


def _values(agents: Columns, candidates: Columns, row: NDArray, index: NDArray, protocol: Protocol):
    """IoU of each agent `row[k]` with the candidates ``index[k, :]``, as the kernel has it."""
    start, stop = agents[0][row][:, None], agents[1][row][:, None]
    starts, stops = candidates[0][index], candidates[1][index]
    shared = np.maximum(np.minimum(stop, stops) - np.maximum(start, starts), 0.0)
    if protocol.union == "hull":
        union = np.maximum(stop, stops) - np.minimum(start, starts)
    else:
        union = (stops - starts) + (stop - start) - shared
    union = np.maximum(union, protocol.union_floor)
    undefined = np.nan if protocol.undefined == "match" else 0.0
    result = np.full(shared.shape, undefined)
    np.divide(shared, union, out=result, where=union > 0)
    if protocol.union == "hull":
        result[shared <= 0] = 0.0
    return result


def touches(
    segments: Columns,
    video: NDArray[np.int64],
    others: Columns,
    other_video: NDArray[np.int64],
    protocol: Protocol,
) -> NDArray[np.bool_]:
    """Return which segments share more than a point with any other of the same video.

    Parameters
    ----------
    segments, others : tuple of two ndarrays, dtype=float64
        Starts and stops.
    video, other_video : ndarray, dtype=int64
        Numbers of the videos, in one numbering.
    protocol : Protocol
        The protocol in use; only its choice of kernel matters.

    Returns
    -------
    ndarray, dtype=bool
    """
    plain = replace(protocol, union="hull", union_floor=0.0, tie_rule="file", undefined="zero")
    order = np.argsort(other_video, kind="stable")
    found = find_pairs(segments, video, others, other_video, order, plain, np.nextafter(0, 1))
    return np.diff(found.pointer) > 0
