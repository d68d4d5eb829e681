"""Candidates: pairs that can intersect at all, found without looking at every pair.

Small problems look at all pairs; one axis, or regions in groups, are joined on sorted
starts; large planar and spatial problems go through a uniform grid on outer boxes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._kernels.jit import run_blocks, scalar, specialise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.base import Regions

__all__ = [
    "Grid",
    "Ranges",
    "candidate_ranges",
    "expand",
    "may_repeat",
    "wants_grid",
]

#: Origin, width and number of the cells of a grid, on two axes each.
Layout = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.int64]"]

_DENSE_PAIRS = 1_000_000
_SQUARE = 4  # cells of a grid on a side of what lies together in memory
_SORTED = 60.0  # nanoseconds for a region, about
_SOON_SORTED = 1 << 17  # regions whose sides are in order before another thread is awake


@dataclass(frozen=True, eq=False)
class Ranges:
    """Candidates as one range of columns per row.

    Attributes
    ----------
    found, truth : ndarray of int64
        Order in which the two batches are taken.
    ordered : bool
        That order is not the batches' own.
    low, high : ndarray of int64, shape (rows,)
        Columns of every row.
    swapped : bool
        Rows are truths and columns are found.
    """

    found: NDArray[np.int64]
    truth: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    swapped: bool = False
    ordered: bool = True


def join(row_group, row_start, row_stop, column_group, column_start, strict, low, high):
    """Set low and high to the columns that start within each row; both sides are sorted."""
    columns = column_start.shape[0]
    first = 0
    for r in range(row_start.shape[0]):
        group, start, stop = row_group[r], row_start[r], row_stop[r]
        while first < columns and (
            column_group[first] < group
            or (
                column_group[first] == group
                and (column_start[first] < start or (strict and column_start[first] == start))
            )
        ):
            first += 1
        # Most rows are short: gallop from the first column, then bisect.
        reach = 1
        last = first
        while last + reach <= columns and (
            column_group[last + reach - 1] < group
            or (column_group[last + reach - 1] == group and column_start[last + reach - 1] < stop)
        ):
            last += reach
            reach *= 2
        end = min(last + reach, columns)
        while last < end:
            middle = (last + end) // 2
            if column_group[middle] < group or (
                column_group[middle] == group and column_start[middle] < stop
            ):
                last = middle + 1
            else:
                end = middle
        low[r], high[r] = first, last


def candidate_ranges(
    a: Regions, b: Regions, groups: tuple[NDArray[np.int64], NDArray[np.int64]] | None
) -> list[Ranges]:
    """Return ranges that together hold every pair that can intersect.

    Each pair stands in one of them once, but on a circle, where two long arcs meet twice.
    """
    small = groups is None and len(a) * len(b) <= _DENSE_PAIRS
    spans = None if small else _spans(a, b)
    if groups is None and spans is None:
        low, high = np.zeros(len(a), np.int64), np.full(len(a), len(b), np.int64)
        return [Ranges(np.arange(len(a)), np.arange(len(b)), low, high, ordered=False)]
    if groups is None:
        codes_a, codes_b = np.zeros(len(a), np.int64), np.zeros(len(b), np.int64)
    else:
        codes_a, codes_b = groups
    if spans is None:
        order_a, order_b = (np.argsort(codes, kind="stable") for codes in (codes_a, codes_b))
        sorted_b = codes_b[order_b]
        low = np.searchsorted(sorted_b, codes_a[order_a], "left")
        high = np.searchsorted(sorted_b, codes_a[order_a], "right")
        return [Ranges(order_a, order_b, low, high)]
    (start_a, stop_a), (start_b, stop_b, index_b) = spans
    if index_b is not None:
        codes_b = codes_b[index_b]
    given = (codes_a, start_a, stop_a), (codes_b, start_b, stop_b)
    sides: dict[int, tuple[NDArray, tuple[NDArray, ...]]] = {}

    def put_in_order(first: int, last: int) -> None:
        for side in range(first, last):
            codes, start, _ = given[side]
            order = np.argsort(start) if groups is None else np.lexsort((start, codes))
            sides[side] = order, tuple(column[order] for column in given[side])

    count = len(start_a) + len(start_b)
    run_blocks(put_in_order, 2, _SORTED * count if count > _SOON_SORTED else 0.0)
    (order_a, side_a), (order_b, side_b) = sides[0], sides[1]
    kernel = specialise(join)
    if index_b is not None:
        order_b = index_b[order_b]
    result = []
    for rows, columns, swapped in ((side_a, side_b, False), (side_b, side_a, True)):
        low, high = np.empty(len(rows[0]), np.int64), np.empty(len(rows[0]), np.int64)
        # A column that starts with the row belongs to the first pass alone.
        kernel(*rows, columns[0], columns[1], swapped, low, high)
        result.append(Ranges(order_a, order_b, low, high, swapped))
    return result


def _spans(a: Regions, b: Regions):
    """Return spans on a line, of b with the index of its regions, or None.

    Arcs are cut open: those of a start within one turn, and those of b stand there as often
    as they can meet one of a.
    """
    arcs_a, arcs_b = a.arcs(), b.arcs()
    if arcs_a is not None and arcs_b is not None:
        (period, start_a, stop_a), (_, start, stop) = arcs_a, arcs_b
        around = np.flatnonzero(stop > period)
        ahead = np.flatnonzero(start + period < stop_a.max(initial=0.0))
        index = np.concatenate([np.arange(len(b)), around, ahead])
        shift = np.repeat([0.0, -period, period], [len(b), len(around), len(ahead)])
        return (start_a, stop_a), (start[index] + shift, stop[index] + shift, index)
    bounds_a, bounds_b = a.bounds(), b.bounds()
    if bounds_a is None or bounds_b is None:
        return None
    return (bounds_a[0][0], bounds_a[1][0]), (bounds_b[0][0], bounds_b[1][0], None)


def may_repeat(a: Regions, b: Regions) -> bool:
    """Return whether a pair can stand twice among the candidates: arcs that meet twice."""
    arcs = a.arcs()
    return arcs is not None and (
        a.measure().max(initial=0.0) + b.measure().max(initial=0.0) >= arcs[0]
    )


def expand(ranges: Ranges, size: int = 1 << 17) -> Iterator[tuple[NDArray, NDArray]]:
    """Yield index arrays ``(found, truth)`` of about `size` candidates each."""
    length = ranges.high - ranges.low
    ends = np.cumsum(length)
    row = 0
    while row < len(length):
        begin = ends[row - 1] if row else 0
        last = max(int(np.searchsorted(ends, begin + size, "right")), row + 1)
        for rows, columns in _pieces(ranges, length, row, last, size):
            i, j = (columns, rows) if ranges.swapped else (rows, columns)
            yield ranges.found[i], ranges.truth[j]
        row = last


def _pieces(
    ranges: Ranges, length: NDArray, row: int, last: int, size: int
) -> Iterator[tuple[NDArray, NDArray]]:
    if last == row + 1:  # one row, possibly a very long one
        for low in range(int(ranges.low[row]), int(ranges.high[row]), size):
            columns = np.arange(low, min(low + size, int(ranges.high[row])))
            yield np.full(len(columns), row), columns
        return
    counts = length[row:last]
    rows = np.repeat(np.arange(row, last), counts)
    first = np.repeat(ranges.low[row:last] - (np.cumsum(counts) - counts), counts)
    yield rows, first + np.arange(len(rows))


# ------------------------------------------------------------------------------- grid
# Truths are entered in every cell that they cover; a pair is reported only in the cell of
# the larger of the two lower corners, hence once.


@scalar
def cell(value, origin, width, cells):
    return int(min(max((value - origin) / width, 0.0), cells - 1.0))


@scalar
def cells_of(lower, upper, k, origin, width, cells):
    """Return the first and last column, then row, of the cells that a box covers."""
    return (
        cell(lower[0, k], origin[0], width[0], cells[0]),
        cell(upper[0, k], origin[0], width[0], cells[0]),
        cell(lower[1, k], origin[1], width[1], cells[1]),
        cell(upper[1, k], origin[1], width[1], cells[1]),
    )


def fill_cells(lower, upper, origin, width, cells, start, members):
    """Count (empty `members`) or enter the boxes of every cell, row by row."""
    counting = members.shape[0] == 0
    for k in range(lower.shape[1]):
        x0, x1, y0, y1 = cells_of(lower, upper, k, origin, width, cells)
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                c = y * cells[0] + x
                if not counting:
                    members[start[c]] = k
                start[c] += 1


def search_cells(
    row, lower, upper, lower_b, upper_b, origin, width, cells, start, members, found, truth
):
    """Report candidates from `row` on; return the first row that did not fit, and a count."""
    count = 0
    axes = lower.shape[0]
    for i in range(row, lower.shape[1]):
        before = count
        x0, x1, y0, y1 = cells_of(lower, upper, i, origin, width, cells)
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                c = y * cells[0] + x
                for q in range(start[c], start[c + 1]):
                    j = members[q]
                    meet = True
                    for k in range(axes):
                        meet &= max(lower[k, i], lower_b[k, j]) < min(upper[k, i], upper_b[k, j])
                    if not meet:
                        continue
                    corner_x = max(lower[0, i], lower_b[0, j])
                    corner_y = max(lower[1, i], lower_b[1, j])
                    if (
                        cell(corner_x, origin[0], width[0], cells[0]) == x
                        and cell(corner_y, origin[1], width[1], cells[1]) == y
                    ):
                        if count == found.shape[0]:
                            return i, before
                        found[count] = i
                        truth[count] = j
                        count += 1
    return lower.shape[1], count


def wants_grid(a: Regions, b: Regions) -> bool:
    """Return whether a grid is the way to the candidates of two ungrouped batches."""
    if len(a) * len(b) <= _DENSE_PAIRS:
        return False
    bounds = a[:1].bounds()  # of all kinds alike: their number of axes, or none
    return bounds is not None and len(bounds[0]) > 1


def grid_layout(lower: NDArray[np.float64], upper: NDArray[np.float64]) -> Layout:
    """Return origin, width and number of cells on two axes, for about one box a cell."""
    count = lower.shape[1]
    origin = lower[:2].min(axis=1)
    span = upper[:2].max(axis=1) - origin
    side = (upper[:2] - lower[:2]).mean(axis=1)
    limit = max(int(np.sqrt(count)), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = np.where(side > 0, span / side, limit)
    cells = np.clip(np.nan_to_num(wanted, posinf=limit), 1, limit).astype(np.int64)
    width = np.where(span > 0, span / cells, 1.0)
    return origin, width, cells


@dataclass(frozen=True, eq=False)
class Grid:
    """Regions entered in every cell of a grid that their outer boxes cover.

    Attributes
    ----------
    regions : Regions
        In the order of the cells of their lower corners: what is looked at together lies together
        in memory, and the time of a pair does not grow with the number of regions.
    index : ndarray of int32 or int64, shape (N,)
        Which regions they are.
    """

    regions: Regions
    index: NDArray[Any]
    _layout: Layout
    _corners: tuple[NDArray[np.float64], NDArray[np.float64]]
    _start: NDArray[np.int64]
    _members: NDArray[Any]

    @classmethod
    def of(cls, regions: Regions) -> Grid:
        """Enter regions in a grid with about one of them in a cell."""
        lower, upper = regions.bounds()  # type: ignore[misc]
        layout = grid_layout(lower, upper)
        index = _order(lower, layout)
        del lower, upper
        regions = regions[index.astype(np.intp)]
        corners = regions.bounds()
        assert corners is not None
        return cls(regions, index, layout, corners, *_cells_filled(*corners, layout))

    def order(self, others: Regions) -> NDArray[Any]:
        """Return the order of the cells in which the lower corners of other regions are."""
        lower, _ = others.bounds()  # type: ignore[misc]
        return _order(lower, self._layout)

    def blocks(self, others: Regions, size: int = 1 << 18) -> Iterator[tuple[NDArray, NDArray]]:
        """Yield index arrays of others and regions whose outer boxes meet, `size` pairs at a time.

        Parameters
        ----------
        others : Regions
            Best in the order of the grid.
        size : int
            More where one region alone has more pairs.
        """
        lower, upper = others.bounds()  # type: ignore[misc]
        search = specialise(search_cells)
        # Unsigned, so that no place is tested for being negative.
        members = self._members.view(np.uint32 if self._members.itemsize == 4 else np.uint64)
        row = 0
        while row < len(others):
            other, own = np.empty(size, np.int64), np.empty(size, np.int64)
            stop, count = search(
                row, lower, upper, *self._corners, *self._layout, self._start, members, other, own,
            )  # fmt: skip
            if stop == row:
                size *= 2
                continue
            yield other[:count], own[:count]
            row = stop


def _order(lower: NDArray[np.float64], layout: Layout) -> NDArray[Any]:
    """Return boxes by squares of cells, in which their lower corners are: few, for the caches."""
    origin, width, cells = layout
    return _cells_filled(lower, lower, (origin, _SQUARE * width, -(-cells // _SQUARE)))[1]


def _cells_filled(
    lower: NDArray, upper: NDArray, layout: Layout
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return where the boxes of every cell begin, and the boxes, one cell after the other."""
    fill = specialise(fill_cells)
    cells = layout[2]
    start = np.zeros(cells[0] * cells[1] + 1, np.int64)
    whole = np.int32 if lower.shape[1] < 2**31 else np.int64
    fill(lower, upper, *layout, start[1:], np.empty(0, whole))
    np.cumsum(start, out=start)
    members = np.empty(start[-1], whole)
    fill(lower, upper, *layout, start[:-1].copy(), members)
    return start, members
