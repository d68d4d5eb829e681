"""Sparse evaluation: the pairs that reach a threshold, never N x M."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._kernels import loops
from overlap._kernels.jit import run_blocks
from overlap.scores import candidates
from overlap.scores.candidates import Ranges
from overlap.scores.evaluation import pairwise, score_listed
from overlap.scores.plan import Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap._kernels.terms import Geometry
    from overlap.regions.base import Regions

__all__ = ["count_undefined", "keep_listed", "reaching", "sparse_pairs"]

# Pairs up to which the scores of all are the quicker way.
_TABLE = 1 << 15  # below what is worth a second thread
_SIEVED_TABLE = 1 << 20  # where pairs that cannot touch cost next to nothing
_OUTPUT = 1 << 24  # candidates up to which each job has its own place in the output
_CANDIDATES = 1 << 19  # of a job
_PART = 1 << 15  # regions that go through a grid together


def sparse_pairs(
    plan: Plan,
    found: Regions,
    truth: Regions,
    at_least: float,
    strict: bool,
    groups: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return found, truth and score of the pairs that reach the threshold."""
    geometry = plan.geometry(found, truth)
    if not (len(found) and len(truth)):
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    fuses = geometry.fuses(plan.needs)
    sieved = plan.sieves(geometry) and groups is None
    if fuses and len(found) * len(truth) <= (_SIEVED_TABLE if sieved else _TABLE):
        table = pairwise(plan, found, truth)
        keep = table > at_least if strict else table >= at_least
        if groups is not None:
            keep &= groups[0][:, None] == groups[1]
        place = keep.ravel().nonzero()[0]
        i, j = np.divmod(place, len(truth))
        return i.astype(np.int32), j.astype(np.int32), table.ravel()[place]
    if fuses and (groups is not None or not candidates.wants_grid(found, truth)):
        parts = candidates.candidate_ranges(found, truth, groups)
        return _ranged(plan, geometry, found, truth, parts, at_least, strict)
    if groups is None and candidates.wants_grid(found, truth):
        i, j, value = _by_grid(plan, geometry, found, truth, at_least, strict)
    else:
        blocks = _blocks(found, truth, groups)
        i, j, value = keep_listed(plan, geometry, found, truth, blocks, at_least, strict)
    if candidates.may_repeat(found, truth):
        _, first = np.unique(i.astype(np.int64) * len(truth) + j, return_index=True)
        i, j, value = i[first], j[first], value[first]
    return i, j, value


def keep_listed(
    plan: Plan,
    geometry: Geometry,
    found: Regions,
    truth: Regions,
    blocks: Iterable[tuple[NDArray, NDArray]],
    at_least: float,
    strict: bool,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return found, truth and score of the listed pairs that reach the threshold."""
    kept: list[tuple[NDArray, NDArray, NDArray]] = []
    for ia, jb in blocks:
        value = np.empty(len(ia))
        score_listed(plan, geometry, found, ia, truth, jb, value)
        keep = value > at_least if strict else value >= at_least
        kept.append((ia[keep], jb[keep], value[keep]))
    return _joined(kept)


def _joined(kept: Sequence[tuple[NDArray, ...]]) -> tuple[NDArray, NDArray, NDArray[np.float64]]:
    """Return found, truth and score of all parts."""
    if not kept:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    i, j, value = kept[0] if len(kept) == 1 else map(np.concatenate, zip(*kept, strict=True))
    return i, j, value


def _by_grid(
    plan: Plan,
    geometry: Geometry,
    found: Regions,
    truth: Regions,
    at_least: float,
    strict: bool,
) -> tuple[NDArray, NDArray, NDArray[np.float64]]:
    """Return found, truth and score of the kept pairs, by a grid of the true regions.

    The others come in parts, in the order of the cells, each of which fits into the caches.
    """
    grid = candidates.Grid.of(truth)
    order = grid.order(found)
    kept: list[Any] = [None] * -(-len(found) // _PART)

    def work(lo: int, hi: int) -> None:
        for k in range(lo, hi):
            index = order[k * _PART : (k + 1) * _PART]
            part = found[index.astype(np.intp)]  # which NumPy would do for every column
            blocks = grid.blocks(part)
            i, j, value = keep_listed(plan, geometry, part, grid.regions, blocks, at_least, strict)
            kept[k] = index[i], grid.index[j], value

    run_blocks(work, len(kept), 500.0 * len(found))
    return _joined(kept)


def _blocks(
    found: Regions,
    truth: Regions,
    groups: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
) -> Iterator[tuple[NDArray, NDArray]]:
    own = found.candidate_blocks(truth) if groups is None else None
    if own is not None:
        yield from own
        return
    for part in candidates.candidate_ranges(found, truth, groups):
        yield from candidates.expand(part)


@dataclass(frozen=True)
class _Job:
    """Rows of one set of ranges, and where in the output their candidates begin."""

    part: Ranges
    first: int
    last: int
    offset: int


def _jobs(parts: list[Ranges]) -> tuple[list[_Job], int]:
    """Cut ranges into rows of about equally many candidates, and count all of them."""
    jobs: list[_Job] = []
    offset = 0
    for part in parts:
        ends = np.cumsum(part.high - part.low)
        total = int(ends[-1]) if len(ends) else 0
        edges = [0, len(ends)]
        if total >= _CANDIDATES:
            cuts = np.linspace(0, total, total // _CANDIDATES + 2)[1:-1]
            edges[1:1] = (np.searchsorted(ends, cuts) + 1).tolist()
        for first, last in itertools.pairwise(edges):
            if last > first:
                jobs.append(_Job(part, first, last, offset + int(ends[first - 1] if first else 0)))
        offset += total
    return jobs, offset


def _ranged(
    plan: Plan,
    geometry: Geometry,
    found: Regions,
    truth: Regions,
    parts: list[Ranges],
    at_least: float,
    strict: bool,
) -> tuple[NDArray, NDArray, NDArray]:
    """Return the kept pairs of ranges over one order of the two batches.

    Every job writes at the place of its candidates, and the kept pairs then move together.
    Memory that is never written to is never taken, so the output costs the kept pairs only; beyond
    a limit of candidates, the jobs share one output that grows.
    """
    kernel = plan.kernel(loops.ranges, geometry)
    order, ordered = (parts[0].found, parts[0].truth), parts[0].ordered
    a, b = (found[order[0]], truth[order[1]]) if ordered else (found, truth)
    columns = a.kernel_columns(), b.kernel_columns()
    whole = np.int32 if max(len(found), len(truth)) < 2**31 else np.int64
    labels = tuple(index.astype(whole) for index in order)
    jobs, total = _jobs(parts)

    def run(job: _Job, count: int, output: tuple[NDArray, ...]) -> tuple[int, int]:
        part = job.part
        return kernel(
            *columns,
            plan.parameters,
            job.first,
            part.low[: job.last].view(np.uint64),
            part.high[: job.last].view(np.uint64),
            *labels,
            part.swapped,
            float(at_least),
            strict,
            count,
            np.empty(512),
            *output,
        )

    def empty(size: int) -> tuple[NDArray, ...]:
        return np.empty(size, whole), np.empty(size, whole), np.empty(size)

    if total <= _OUTPUT:
        output = empty(total)
        ends = [0] * len(jobs)

        def work(lo: int, hi: int) -> None:
            for k in range(lo, hi):
                ends[k] = run(jobs[k], jobs[k].offset, output)[1]

        run_blocks(work, len(jobs), 5.0 * total)
        count = 0
        for job, end in zip(jobs, ends, strict=True):
            size = end - job.offset
            if count != job.offset:
                for column in output:
                    column[count : count + size] = column[job.offset : end]
            count += size
    else:
        output, count = empty(_OUTPUT), 0
        for job in jobs:
            row = job.first
            while row < job.last:
                row, count = run(replace(job, first=row), count, output)
                if row < job.last:
                    more = max(len(output[0]), int(job.part.high[row] - job.part.low[row]))
                    output = tuple(
                        np.concatenate([column[:count], np.empty(more, column.dtype)])
                        for column in output
                    )
    return output[0][:count], output[1][:count], output[2][:count]


def reaching(
    plan: Plan,
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
    if plan.prunes(at_least, strict):
        i, j, value = sparse_pairs(plan, found, truth, at_least, strict, groups)
        return i.astype(np.int64, copy=False), j.astype(np.int64, copy=False), value
    geometry = plan.geometry(found, truth)
    blocks = candidates.expand(_all_pairs(len(found), len(truth), groups))
    return keep_listed(plan, geometry, found, truth, blocks, at_least, strict)


def _all_pairs(
    n: int, m: int, groups: tuple[NDArray[np.int64], NDArray[np.int64]] | None
) -> Ranges:
    if groups is None:
        groups = np.zeros(n, np.int64), np.zeros(m, np.int64)
    first, second = groups
    order, columns = np.argsort(first, kind="stable"), np.argsort(second, kind="stable")
    low = np.searchsorted(second[columns], first[order], "left")
    high = np.searchsorted(second[columns], first[order], "right")
    return Ranges(order, columns, low, high)


def count_undefined(
    found: Regions, truth: Regions, codes: tuple[NDArray[np.int64], NDArray[np.int64]] | None
) -> int:
    """Count the pairs of two empty regions."""
    empty_found = found.measure() == 0
    if not empty_found.any():
        return 0
    empty_truth = truth.measure() == 0
    if codes is None:
        return int(empty_found.sum()) * int(empty_truth.sum())
    labels, counts = np.unique(codes[0][empty_found], return_counts=True)
    others = codes[1][empty_truth]
    where = np.minimum(np.searchsorted(labels, others), len(labels) - 1)
    return int(counts[where][labels[where] == others].sum())
