"""Gradients of measures and intersections of polygons with respect to vertices.

If the boundary of a moves, the intersection changes by what is swept inside b: the gradient is
the integral of the normal velocity over the part of the boundary of a that lies in b. On an
edge, from p at t = 0 to q at t = 1 with outward normal n of the length of the edge, q gets
n times the integral of t, and p that of 1 - t, over the part inside; under a density weighted
by it. Where the boundaries coincide, half goes to each side.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from overlap._kernels.jit import scalar, specialise, subroutine
from overlap.regions.polygons.overlap import periods_of, slabs_of, turns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.rings import Rings

__all__ = ["pull_overlap"]

MOMENTS: Callable


@scalar
def even_moments(grid, px, py, dx, dy, t0, t1):
    """Return the integrals of 1 and of t from t0 to t1."""
    return t1 - t0, 0.5 * (t1 * t1 - t0 * t0)


@scalar
def _cell(value, origin, side, way):
    """Return the cell in which one is after `value` on the way, and that on the other side."""
    place = (value - origin) / side
    cell = math.floor(place)
    if place > cell:
        return cell, cell
    return (cell - 1.0, cell) if way < 0.0 else (cell, cell - 1.0)


@scalar
def _height(heights, nx, wraps_x, ny, wraps_y, column, row):
    if wraps_x:
        column -= math.floor(column / nx) * nx
    if wraps_y:
        row -= math.floor(row / ny) * ny
    if column < 0.0 or column >= nx or row < 0.0 or row >= ny:
        return 0.0
    return heights[int(column), int(row)]


@subroutine
def cell_moments(grid, px, py, dx, dy, t0, t1):
    """Return the integrals of the density and of t times it, along (px, py) + t (dx, dy).

    A line on the border of cells has the mean density of both sides.
    """
    ox, hx, nx, wraps_x, oy, hy, ny, wraps_y, heights, _ = grid
    zeroth, first = 0.0, 0.0
    if not wraps_x and dx != 0.0:  # beside the grid there is no mass, however far it goes
        low, high = (ox - px) / dx, (ox + nx * hx - px) / dx
        t0, t1 = max(t0, min(low, high)), min(t1, max(low, high))
    if not wraps_y and dy != 0.0:
        low, high = (oy - py) / dy, (oy + ny * hy - py) / dy
        t0, t1 = max(t0, min(low, high)), min(t1, max(low, high))
    column, other_column = _cell(px + t0 * dx, ox, hx, dx)
    row, other_row = _cell(py + t0 * dy, oy, hy, dy)
    t = t0
    while t < t1:
        to_x = to_y = np.inf
        if dx != 0.0:
            to_x = (ox + (column + (1.0 if dx > 0.0 else 0.0)) * hx - px) / dx
            other_column = column
        if dy != 0.0:
            to_y = (oy + (row + (1.0 if dy > 0.0 else 0.0)) * hy - py) / dy
            other_row = row
        end = min(min(to_x, to_y), t1)
        if end > t:
            height = 0.5 * (
                _height(heights, nx, wraps_x, ny, wraps_y, column, row)
                + _height(heights, nx, wraps_x, ny, wraps_y, other_column, other_row)
            )
            zeroth += height * (end - t)
            first += height * 0.5 * (end - t) * (end + t)
            t = end
        if to_x <= end:
            column += 1.0 if dx > 0.0 else -1.0
        if to_y <= end:
            row += 1.0 if dy > 0.0 else -1.0
    return zeroth, first


def pulls(a, rows, b, columns, period_x, period_y, own, shared, starts, grid, grad):
    """Add the gradients of listed pairs: of `own` times measure plus `shared` times intersection.

    `a` has the vertices of the first regions, `b` the columns of `Slabs` of the second.
    """
    x, y, following, offsets, bounds = a
    edges, cuts, first_cut, first_entry, entries, bounds_b = b
    for k in range(rows.shape[0]):
        i, j = rows[k], columns[k]
        by_own, by_shared = own[k], shared[k]
        ax0, ay0, ax1, ay1 = bounds[0, i], bounds[1, i], bounds[2, i], bounds[3, i]
        bx0, by0, bx1, by1 = bounds_b[j, 0], bounds_b[j, 1], bounds_b[j, 2], bounds_b[j, 3]
        from_x, to_x = turns(ax0 - bx1, ax1 - bx0, period_x)
        from_y, to_y = turns(ay0 - by1, ay1 - by0, period_y)
        many = (to_x - from_x) * (to_y - from_y)
        if by_shared == 0.0 or first_cut[j + 1] - first_cut[j] < 2:
            many = 0
        for v in range(offsets[i], offsets[i + 1]):
            w = following[v]
            px, py = x[v], y[v]
            qx, qy = x[w], y[w]
            way_x, way_y = qx - px, qy - py
            slope = way_y / way_x if way_x != 0.0 else np.inf
            upright = not np.isfinite(slope)
            zeroth, first = 0.0, 0.0
            if by_own != 0.0:
                zeroth, first = MOMENTS(grid, px, py, way_x, way_y, 0.0, 1.0)
                zeroth *= by_own
                first *= by_own
            for turn in range(many):
                # it is simpler to move the edge than b
                dx = (from_x + turn // (to_y - from_y)) * period_x
                dy = (from_y + turn % (to_y - from_y)) * period_y
                x0, x1 = min(px, qx) - dx, max(px, qx) - dx
                y0, y1 = min(py, qy) - dy, max(py, qy) - dy
                if x1 < bx0 or x0 > bx1 or y1 < by0 or y0 > by1:
                    continue
                p, last = first_cut[j], first_cut[j + 1] - 1
                stop = last
                while stop - p > 1:
                    middle = (p + stop) // 2
                    if cuts[middle] <= x0:
                        p = middle
                    else:
                        stop = middle
                if upright and p > first_cut[j] and cuts[p] == x0:
                    p -= 1  # the strips on both sides
                while p < last and (cuts[p] < x1 or (upright and cuts[p] <= x1)):
                    left, right = max(x0, cuts[p]), min(x1, cuts[p + 1])
                    for at in range(first_entry[p], first_entry[p + 1]):
                        f = entries[at]
                        fx0, fx1, fy, m = edges[f, 0], edges[f, 1], edges[f, 2], edges[f, 3]
                        sign = edges[f, 4]
                        if upright:
                            # Half for what is to the left of the line, half for the right.
                            share = 0.5 * (fx0 < x0 and x0 <= fx1 and cuts[p] < x0)
                            share += 0.5 * (fx0 <= x0 and x0 < fx1 and x0 < cuts[p + 1])
                            if share == 0.0 or way_y == 0.0:
                                continue
                            t = (fy + (x0 - fx0) * m - (py - dy)) / way_y
                            t = min(max(t, 0.0), 1.0)
                            t0, t1 = (0.0, t) if way_y > 0.0 else (t, 1.0)
                        else:
                            lo, hi = max(left, fx0), min(right, fx1)
                            if not lo < hi:
                                continue
                            ends = lo - (px - dx), hi - (px - dx)
                            p_gap = fy + (lo - fx0) * m - (py - dy + ends[0] * slope)
                            q_gap = fy + (hi - fx0) * m - (py - dy + ends[1] * slope)
                            size = abs(fy) + abs(py) + abs(dy)
                            size += (abs(lo) + abs(hi) + abs(dx)) * (abs(m) + abs(slope))
                            share = 1.0
                            if max(abs(p_gap), abs(q_gap)) <= 1e-15 * size:
                                share = 0.5  # they coincide
                            elif max(p_gap, q_gap) <= 0.0:
                                continue
                            elif min(p_gap, q_gap) < 0.0:
                                middle_x = lo + (hi - lo) * (p_gap / (p_gap - q_gap))
                                if p_gap > 0.0:
                                    hi = middle_x
                                else:
                                    lo = middle_x
                            t0, t1 = (lo - (px - dx)) / way_x, (hi - (px - dx)) / way_x
                            if t0 > t1:
                                t0, t1 = t1, t0
                        part = MOMENTS(grid, px, py, way_x, way_y, t0, t1)
                        zeroth += by_shared * sign * share * part[0]
                        first += by_shared * sign * share * part[1]
                    p += 1
            move = starts[k] - offsets[i]
            grad[0, v + move] += (zeroth - first) * way_y
            grad[1, v + move] -= (zeroth - first) * way_x
            grad[0, w + move] += first * way_y
            grad[1, w + move] -= first * way_x


def pull_overlap(
    a: Rings,
    rows: NDArray[np.intp],
    b: Rings,
    columns: NDArray[np.intp],
    own: NDArray[np.float64],
    shared: NDArray[np.float64],
    same: NDArray[np.bool_],
    starts: NDArray[np.int64],
    grid: tuple | None,
    grad: NDArray[np.float64],
) -> None:
    """Add the gradients of measures and intersections of listed pairs, with respect to `a`.

    Parameters
    ----------
    a, b, rows, columns
        Which region of `a` and which of `b` a pair is.
    own, shared : ndarray, shape (pairs,)
        The partials with respect to the measure of `a` and to the intersection.
    same : ndarray of bool, shape (pairs,)
        Which pairs are of equal regions.
    starts : ndarray of int64, shape (pairs,)
        Where the vertices of ``a[rows[k]]`` begin in `grad`.
    grid : tuple or None
        The density, or None for areas.
    grad : ndarray, shape (2, any)
        Is added to.
    """
    slabs, _, _ = b.derived("slabs", slabs_of)
    vertices = a.x, a.y, a.following, a.vertex_offsets, a.bounds
    own = np.where(same, own + 0.5 * shared, own)  # half of the boundary goes to each side
    shared = np.where(same, 0.0, shared)
    moments = even_moments if grid is None else cell_moments
    kernel = specialise(pulls, MOMENTS=moments)
    kernel(
        *(vertices, rows, tuple(slabs), columns, *periods_of(a), own, shared, starts),
        *(0.0 if grid is None else grid, grad),
    )
