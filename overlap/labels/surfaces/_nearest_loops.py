"""Loops that find the nearest border point on a grid: rows, rings of rows, planes.

All are exact. A row knows how many steps every cell of it is from the nearest target. A query
looks at rows around it, nearest ones first, and stops when a row is farther than the best point.
Where targets are far, the lower envelope of parabolas gives squared distances inside planes, and
a query looks at planes only.

A grid has 3 axes: planes, rows of a plane, cells of a row. `squares` holds the squared length of
a number of steps along a row; its last entry, for rows without a target, is infinite.
"""

from __future__ import annotations

import numpy as np

__all__ = ["fill_gaps", "fill_planes", "search_all_rows", "search_planes", "search_rings"]


def fill_gaps(marks, bit, gaps, start, stop):
    """Write how many steps every cell of some rows is from the nearest marked one.

    Parameters
    ----------
    marks : ndarray of uint8, shape (rows, width)
    bit : int
        Which bit marks a target.
    gaps : ndarray of integers, shape (rows, width)
        The result; `width` where the row has no target.
    start, stop : int
        Rows.
    """
    width = marks.shape[1]
    for i in range(start, stop):
        seen = 0
        for c in range(width):
            seen |= marks[i, c]
        gap = width
        if seen & bit == 0:
            for c in range(width):
                gaps[i, c] = gap
        else:
            for c in range(width):
                gap = min(gap + 1, width)
                if marks[i, c] & bit:
                    gap = 0
                gaps[i, c] = gap
            for k in range(width):
                c = width - 1 - k
                gap = min(gap + 1, gaps[i, c])
                gaps[i, c] = gap


def search_rings(
    gaps, squares, planes, rows, at, step_p, step_r, near, complete, result, start, stop
):
    """Look at rows around queries, nearest ones first; return how many were looked at.

    Parameters
    ----------
    gaps : ndarray of integers, shape (planes * rows, width)
    squares : ndarray of float64, shape (width + 1,)
    planes, rows : int
        Sides of the grid.
    at : ndarray of int64, shape (N,)
        Places of the queries in the flat grid.
    step_p, step_r : ndarray of int64, shape (M,)
        Steps to a row, in planes and in rows.
    near : ndarray of float64, shape (M,)
        Squared distance of that row, in ascending order.
    complete : bool
        Whether the steps reach as far as the grid, or as far as is asked for.
    result : ndarray of float64, shape (N,)
        Squared distances; -1 where rows that were not looked at could be nearer.
    start, stop : int
        Queries.
    """
    width = gaps.shape[1]
    looked = 0
    for k in range(start, stop):
        line = at[k] // width
        c = at[k] - line * width
        p = line // rows
        r = line - p * rows
        best = np.inf
        done = complete
        for m in range(len(near)):
            if near[m] >= best:
                done = True
                looked += m
                break
            pp = p + step_p[m]
            rr = r + step_r[m]
            if 0 <= pp < planes and 0 <= rr < rows:
                best = min(best, near[m] + squares[gaps[pp * rows + rr, c]])
        else:
            looked += len(near)
        result[k] = best if done else -1.0
    return looked


def search_all_rows(gaps, squares, planes, rows, side_p, side_r, at, result, start, stop):
    """Find the targets of queries that `search_rings` left at -1, plane by plane.

    Parameters
    ----------
    gaps, squares, planes, rows, at, result, start, stop
        As in `search_rings`.
    side_p, side_r : float
        Distance of planes, and of rows.
    """
    width = gaps.shape[1]
    for k in range(start, stop):
        if result[k] >= 0.0:
            continue
        line = at[k] // width
        c = at[k] - line * width
        p = line // rows
        r = line - p * rows
        best = np.inf
        for i in range(2 * planes):
            step = (i + 1) // 2
            far = step * side_p * step * side_p
            if far >= best:
                break
            pp = p + step if i % 2 else p - step
            if pp < 0 or pp >= planes:
                continue
            for j in range(2 * rows):
                turn = (j + 1) // 2
                near = far + turn * side_r * turn * side_r
                if near >= best:
                    break
                rr = r + turn if j % 2 else r - turn
                if 0 <= rr < rows:
                    best = min(best, near + squares[gaps[pp * rows + rr, c]])
        result[k] = best


def fill_planes(gaps, squares, rows, side, first, inside, start, stop):
    """Write the squared distance to the nearest target in the same plane.

    The lower envelope of parabolas (Felzenszwalb and Huttenlocher, Theory of Computing 8, 2012).

    Parameters
    ----------
    gaps, squares, rows
        As in `search_rings`.
    side : float
        Distance of rows.
    first : int
        First cell of a row that is looked at.
    inside : ndarray of float64, shape (planes, cells, rows)
        The result for these cells of all rows: infinite where the plane has no target.
    start, stop : int
        Planes.
    """
    cells = inside.shape[1]
    # a table of quotients: divisions would take most of the time
    quotient = 0.5 / (side * side * np.maximum(np.arange(rows), 1))
    value = np.empty(rows)
    place = np.empty(rows, np.int64)
    edge = np.empty(rows + 1)
    for p in range(start, stop):
        for c in range(cells):
            top = -1
            for r in range(rows):
                f = squares[gaps[p * rows + r, first + c]]
                if f == np.inf:
                    continue
                cut = -np.inf
                while top >= 0:
                    # where the new parabola meets the last one
                    q = place[top]
                    cut = (f - value[top]) * quotient[r - q] + 0.5 * (r + q)
                    if cut > edge[top]:
                        break
                    top -= 1
                    cut = -np.inf
                top += 1
                value[top] = f
                place[top] = r
                edge[top] = cut
            if top < 0:
                for r in range(rows):
                    inside[p, c, r] = np.inf
                continue
            edge[top + 1] = np.inf
            m = 0
            for r in range(rows):
                while edge[m + 1] < r:
                    m += 1
                turn = (r - place[m]) * side
                inside[p, c, r] = turn * turn + value[m]


def search_planes(inside, first, width, side, at, result, start, stop):
    """Find the squared distance of queries from the distances inside all planes.

    Parameters
    ----------
    inside : ndarray of float64, shape (planes, cells, rows)
    first : int
        First of these cells; queries that are at others are left out.
    width : int
        Cells of a row.
    side : float
        Distance of planes.
    at, result, start, stop
        As in `search_rings`.
    """
    planes, cells, rows = inside.shape
    for k in range(start, stop):
        line = at[k] // width
        c = at[k] - line * width - first
        if c < 0 or c >= cells:
            continue
        p = line // rows
        r = line - p * rows
        best = inside[p, c, r]
        for step in range(1, planes):
            near = step * side * step * side
            if near >= best:
                break
            if p >= step:
                best = min(best, near + inside[p - step, c, r])
            if p + step < planes:
                best = min(best, near + inside[p + step, c, r])
        result[k] = best
