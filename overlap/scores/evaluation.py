"""Evaluation of scores: pair by pair, for all pairs, for listed pairs, and with gradients.

Kinds whose terms cost next to nothing (intervals, boxes) have the score compiled into
the loop over pairs. For all others the terms of a block of pairs are written down first
and scored afterwards, so that a score is compiled once for all kinds. Both ways give the
same numbers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.limits import allocated
from overlap._kernels import loops
from overlap._kernels.jit import FixedTypes, run_blocks, specialise
from overlap._kernels.plain import suited
from overlap._kernels.terms import (
    Geometry,
    Groups,
    Terms,
)
from overlap.regions.base import Regions, extent_reader
from overlap.scores.component import Component, combine
from overlap.scores.plan import Plan, common_sort

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = [
    "paired",
    "pairwise",
    "ragged_value_and_grad",
    "row_gradients",
    "score_listed",
    "term_block",
    "value_and_grad",
]

# Pairs of fused kinds for which a second thread is not worth waking.
_LONE = 50_000  # all pairs
_LONE_ROWS = 25_000  # row by row
BLOCK = 10_240  # pairs whose terms are written down together: all of 100 x 100
_SIEVED = 512  # candidates that are scored together


# ------------------------------------------------------------------------------ kernels


@cache
def scorer_of(template: Callable, components: tuple[Component, ...], axes: int, needs: Groups):
    score = combine(components, max(axes, 1))
    if template is loops.score_overlaps:
        return specialise(template, SCORE=score)
    return specialise(template, SCORE=score, EXTENT=extent_reader(axes, needs))


def _rows(geometry: Geometry) -> int:
    return loops.BLOCK_ROWS + 4 * max(geometry.axes - 1, 0)


def fill_block(
    a: Regions,
    ia: NDArray,
    b: Regions,
    jb: NDArray,
    geometry: Geometry,
    needs: Groups,
    zeros: int | None = None,
) -> NDArray:
    """Return the terms of listed pairs, one row per term (see `overlap._kernels.loops`).

    Rows after the first `zeros`, if it is given, hold anything unless the kind writes them.
    """
    block = np.empty((_rows(geometry), len(ia)))
    block[:zeros] = 0.0
    if not len(ia):  # `Boxes([])` have columns in another number than their partner
        return block
    a.fill_block(ia, b, jb, geometry, needs, block)
    return block


def term_block(
    a: Regions,
    ia: NDArray,
    b: Regions,
    jb: NDArray,
    geometry: Geometry,
    needs: Groups | None = None,
) -> Terms:
    """Return terms of listed pairs, by default all that a kind has."""
    groups = geometry.groups if needs is None else needs
    block = fill_block(a, ia, b, jb, geometry, groups)
    terms = Terms(block[0], block[1], block[2])
    if Groups.ENCLOSURE in groups:
        terms = replace(terms, hull=block[3], center_gap2=block[4], diameter2=block[5])
    if Groups.DIVERGENCE in groups:
        transport2, bhattacharyya, kl_ba, kl_ab = block[3:7]
        terms = replace(
            terms, transport2=transport2, bhattacharyya=bhattacharyya, kl_ba=kl_ba, kl_ab=kl_ab
        )
    if Groups.OUTSIDE in groups:
        terms = replace(terms, outside=block[6])
    if Groups.EXTENT in groups:
        axes = block[7:].reshape(geometry.axes, 4, -1)
        offset, side_a, side_b, cover = (axes[:, k].T for k in range(4))
        terms = replace(terms, side_a=side_a, side_b=side_b)
        if geometry.sides:  # a convex hull has none
            terms = replace(terms, offset=offset, cover=cover)
    return terms


def score_listed(
    plan: Plan, geometry: Geometry, a: Regions, ia: NDArray, b: Regions, jb: NDArray, out: NDArray
) -> None:
    """Score listed pairs into `out`."""
    if not len(ia):
        return
    if geometry.fuses(plan.needs):
        kernel = plan.kernel(loops.listed, geometry)
        kernel(a.kernel_columns(), b.kernel_columns(), plan.parameters, ia, jb, out)
        return
    alone = plan.needs == Groups.OVERLAP
    template = loops.score_overlaps if alone else loops.score_block
    scorer = scorer_of(template, plan.components, geometry.axes, plan.needs)
    scorer = suited(scorer, 80 * len(ia))  # ten times what they take, as in `Regions.fill_block`
    for lo in range(0, len(ia), BLOCK):
        part = slice(lo, lo + BLOCK)
        pairs = a, ia[part], b, jb[part]
        # Of new memory, only what is read is filled: all of it would take as long as the terms.
        block = fill_block(*pairs, geometry, plan.needs, zeros=3 if alone else None)
        scorer(block, plan.parameters, out[part])


# --------------------------------------------------------------------- ways of pairing


def broadcast(found: Regions, truth: Regions) -> tuple[Regions, Regions]:
    """Return two batches of equal length; a batch of one region is repeated."""
    n, m = len(found), len(truth)
    if n == m:
        return found, truth
    if m == 1:
        return found, truth[np.zeros(n, np.int64)]
    if n == 1:
        return found[np.zeros(m, np.int64)], truth
    raise ValueError(
        f"found has {n} regions and truth {m}; paired scores need equal lengths, or 1 on one "
        "side; use .pairwise for all pairs"
    )


def paired(plan: Plan, found: Regions, truth: Regions) -> NDArray[np.float64]:
    """Score region k of `found` against region k of `truth`, shape (N,)."""
    sort = common_sort(found, truth)
    known = plan.row_kernels.get(sort)
    if known is not None:  # small calls end here, so that nothing else is looked at
        a, b = found.kernel_columns(), truth.kernel_columns()
        n = len(a[0])
        if 0 < n < _LONE_ROWS and n == len(b[0]):
            out = np.empty(n)
            known.call(a, b, plan.parameters, out)
            return out
    geometry = plan.geometry(found, truth)
    found, truth = broadcast(found, truth)
    out = np.empty(len(found))
    if not len(out):
        return out
    if not geometry.fuses(plan.needs):
        index = np.arange(len(found))
        run_blocks(
            lambda lo, hi: score_listed(
                plan, geometry, found, index[lo:hi], truth, index[lo:hi], out[lo:hi]
            ),
            len(found),
            found.pair_cost() * len(found),
        )
        return out
    kernel = plan.kernel(loops.paired, geometry)
    if sort is not None:
        plan.row_kernels.setdefault(sort, FixedTypes(kernel))
    if len(out) < _LONE_ROWS:
        kernel(found.kernel_columns(), truth.kernel_columns(), plan.parameters, out)
        return out

    def rows(lo: int, hi: int) -> None:
        a, b = (found, truth) if hi - lo == len(out) else (found[lo:hi], truth[lo:hi])
        kernel(a.kernel_columns(), b.kernel_columns(), plan.parameters, out[lo:hi])

    run_blocks(rows, len(found), 4.0 * len(found))
    return out


def pairwise(plan: Plan, found: Regions, truth: Regions, out: NDArray | None = None) -> NDArray:
    """Score every region of `found` against every region of `truth`, shape (N, M)."""
    known = plan.table_kernels.get(common_sort(found, truth))
    if known is not None and out is None:  # small calls end here, as in `paired`
        a, b = found.kernel_columns(), truth.kernel_columns()
        n, m = len(a[0]), len(b[0])
        if 0 < n * m < _LONE:
            out = np.empty((n, m))
            known.call(a, b, plan.parameters, 0, n, out)
            return out
    return _pairwise_in_blocks(plan, found, truth, out)


def _pairwise_in_blocks(plan: Plan, found: Regions, truth: Regions, out: NDArray | None) -> NDArray:
    geometry = plan.geometry(found, truth)
    n, m = len(found), len(truth)
    kernel, sort = plan.dense(geometry), common_sort(found, truth)
    if kernel is not None and sort is not None:
        plan.table_kernels.setdefault(sort, FixedTypes(kernel))
    if out is None:
        out = allocated((n, m), "pairwise", "use pairs(...), or rows in blocks: a[:1000]")
    else:
        _check_out(out, (n, m))
    if not out.size:
        return out
    if plan.sieves(geometry):
        _pairwise_sieved(plan, geometry, found, truth, out)
        return out
    if kernel is not None:
        a, b, p = found.kernel_columns(), truth.kernel_columns(), plan.parameters
        if n * m < _LONE:
            kernel(a, b, p, 0, n, out)
        else:
            run_blocks(lambda lo, hi: kernel(a, b, p, lo, hi, out), n, 2.0 * n * m)
        return out
    step = max(BLOCK // m, 1)
    columns = np.tile(np.arange(m), min(step, n))

    def rows(lo: int, hi: int) -> None:
        for start in range(lo, hi, step):
            index = np.arange(start, min(start + step, hi))
            ia, jb = np.repeat(index, m), columns[: len(index) * m]
            part = out[start : start + len(index)].reshape(-1)  # rows of `out` are contiguous
            flat = part if out.dtype == np.float64 else np.empty(len(ia))
            score_listed(plan, geometry, found, ia, truth, jb, flat)
            if flat is not part:
                part[:] = flat

    run_blocks(rows, n, found.pair_cost() * n * m)
    return out


def _pairwise_sieved(
    plan: Plan, geometry: Geometry, found: Regions, truth: Regions, out: NDArray
) -> None:
    n, m = out.shape
    a, b = found.kernel_columns(), truth.kernel_columns()
    kernel = plan.sieve(geometry)
    tables = found.kernel_table(), truth.kernel_table()

    def rows(lo: int, hi: int) -> None:
        room = _SIEVED + m
        line, column = np.empty((2, room), np.uint64)  # a sign would stop vectorization
        copies = tuple([np.empty((len(table), room)) for table in tables])
        views = [copy.view() for copy in copies]
        for view in views:
            view.setflags(write=False)  # of one type with the columns: compiled once for both
        first, second = found.arranged(views[0]), truth.arranged(views[1])
        near = np.zeros(-(-m // 8) * 8, np.bool_)
        scratch = near, near.view(np.uint64), line, column, tables, copies, first, second
        kernel(a, b, plan.parameters, lo, hi, _SIEVED, *scratch, np.empty(room), out)

    run_blocks(rows, n, 1.0 * n * m)


def _check_out(out: NDArray, shape: tuple[int, int]) -> None:
    if not isinstance(out, np.ndarray) or out.dtype not in (np.float64, np.float32):
        raise TypeError("out: expected a NumPy array of float64 or float32")
    if out.shape != shape or not out.flags.c_contiguous or not out.flags.writeable:
        raise ValueError(
            f"out: expected a writable C-contiguous array of shape {shape}, got shape {out.shape} "
            f"with strides {out.strides}"
        )


def value_and_grad(
    plan: Plan, found: Regions, truth: Regions, wrt: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return scores (N,) and gradients (P, N), or (2 P, N) for ``wrt="both"``.

    For variable-length regions see `ragged_value_and_grad`.
    """
    geometry = plan.differentiable(found, truth)
    if found.ragged:
        raise TypeError(
            f"{plan.name}: {type(found).__name__} have a gradient in rows of their own, one for "
            "each vertex or interval, and cannot be used here; take Score.value_and_grad"
        )
    found, truth = broadcast(found, truth)
    n = len(found)
    size = found.parameter_count * (2 if wrt == "both" else 1)
    # Of very many parameters, those of one pair stand together.
    value, grad = np.empty(n), np.empty((size, n), order="F" if size > 256 else "C")
    if not n:
        return value, grad
    needs = plan.needs
    if geometry.fuses(needs):
        kernel, p = plan.gradient(geometry, wrt), plan.parameters

        def rows(lo: int, hi: int) -> None:
            if hi - lo == n:
                kernel(found.kernel_columns(), truth.kernel_columns(), p, value, grad)
                return
            part = np.empty((size, hi - lo))  # contiguous: a view would not vectorize
            pair = found[lo:hi].kernel_columns(), truth[lo:hi].kernel_columns()
            kernel(*pair, p, value[lo:hi], part)
            grad[:, lo:hi] = part

        run_blocks(rows, n, 8.0 * n)
        return value, grad
    scorer = scorer_of(loops.partial_block, plan.components, geometry.axes, needs)
    index = np.arange(n)
    for lo in range(0, n, BLOCK):
        part = index[lo : lo + BLOCK]
        block = fill_block(found, part, truth, part, geometry, needs)
        partials = np.zeros_like(block)
        scorer(block, plan.parameters, value[lo : lo + BLOCK], partials)
        pulled = grad[:, lo : lo + BLOCK]
        found.pull_block(part, truth, part, geometry, needs, wrt, block, partials, pulled)
    return value, grad


def ragged_value_and_grad(
    plan: Plan, found: Any, truth: Any, wrt: str
) -> tuple[NDArray[np.float64], tuple[NDArray[np.float64], ...]]:
    """Return scores (N,) and one or two gradients for variable-length regions, pair after pair.

    For a product each is a pair of the gradients of both factors. The kind has a method
    ``pull_ragged(index, other, other_index, geometry, needs, wrt, block, partials)``, which gives
    them for listed pairs.
    """
    geometry = plan.differentiable(found, truth)
    found, truth = broadcast(found, truth)
    value = np.empty(len(found))
    scorer = scorer_of(loops.partial_block, plan.components, geometry.axes, plan.needs)
    index = np.arange(len(found))
    parts = []
    for lo in range(0, max(len(found), 1), BLOCK):
        part = index[lo : lo + BLOCK]
        block = fill_block(found, part, truth, part, geometry, plan.needs)
        partials = np.zeros_like(block)
        scorer(block, plan.parameters, value[lo : lo + BLOCK], partials)
        parts.append(
            found.pull_ragged(part, truth, part, geometry, plan.needs, wrt, block, partials)
        )
    return value, tuple(_joined(side) for side in zip(*parts, strict=True))


def _joined(parts: tuple[Any, ...]) -> Any:
    """Join gradients of one side; of a product with ragged factors, each is a pair of them."""
    if isinstance(parts[0], tuple):
        return tuple(_joined(factor) for factor in zip(*parts, strict=True))
    return np.concatenate(parts)


def row_gradients(
    plan: Plan, found: Any, truth: Any, wrt: str
) -> tuple[NDArray[np.float64], tuple[NDArray[np.float64], ...]]:
    """Return scores (N,) and one gradient or two for any kind, each with a row per region.

    Variable-length regions have a row for each vertex or interval.
    """
    if getattr(found, "ragged", False):
        return ragged_value_and_grad(plan, found, truth, wrt)
    value, grad = value_and_grad(plan, found, truth, wrt)
    half = len(grad) // 2
    return value, (grad[:half].T, grad[half:].T) if wrt == "both" else (grad.T,)
