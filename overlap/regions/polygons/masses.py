"""Masses of polygons and of their intersections, under a density that is constant in cells.

With G(x, y) the mass per length of x below (x, y), the mass of a region is the sum over its
edges of s(e) * integral of G(x, e(x)) dx, and that of an intersection

    - sum over e, f of s(e) s(f) * integral of G(x, e(x)) - G(x, f(x)) dx, where e is above f.

G is linear along an edge within a cell, so that walking from cell to cell is exact.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from overlap._kernels.jit import specialise, subroutine
from overlap._kernels.plain import suited
from overlap.regions.polygons.overlap import entries_of, periods_of, slabs_of, turns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.density import CellDensity
    from overlap.regions.polygons.rings import Rings

__all__ = ["masses_of", "shared_masses", "uniform"]

# The grid: origin, spacing, number of cells and whether it wraps, for both axes, then mass per
# area of cells and mass below them.


@subroutine
def below(grid, column, y):
    """Return the mass per length of x below y in a column of cells."""
    oy, hy, ny, wraps, heights, sums = grid[4], grid[5], grid[6], grid[7], grid[8], grid[9]
    if wraps:
        row = math.floor((y - oy) / hy)
        turn = math.floor(row / ny)
        at = int(row - turn * ny)
        height = y - (oy + row * hy)
        return turn * sums[column, ny] + sums[column, at] + heights[column, at] * height
    at = int(min(max((y - oy) / hy, 0.0), ny - 1.0))
    height = min(max(y - (oy + at * hy), 0.0), hy)
    return sums[column, at] + heights[column, at] * height


@subroutine
def along(grid, x0, y0, x1, y1):
    """Return the integral of the mass below a segment from (x0, y0) to (x1, y1), x0 <= x1."""
    ox, hx, nx, wraps, oy, hy = grid[0], grid[1], grid[2], grid[3], grid[4], grid[5]
    ny, wraps_y = grid[6], grid[7]
    total = 0.0
    if not x0 < x1:
        return total
    slope = (y1 - y0) / (x1 - x0)
    x, y = x0, y0
    if not wraps:  # what lies beside the grid has no mass, however far it goes
        if x0 < ox:
            x, y = ox, y0 + (ox - x0) * slope
        if x1 > ox + nx * hx:
            x1, y1 = ox + nx * hx, y0 + (ox + nx * hx - x0) * slope
    cell = math.floor((x - ox) / hx)
    while x < x1:
        end = min(ox + (cell + 1) * hx, x1)
        if end > x:
            y_end = y1 if end == x1 else y0 + (end - x0) * slope
            column = int(cell - math.floor(cell / nx) * nx) if wraps else int(cell)
            if 0 <= column < nx:
                low, high = min(y, y_end), max(y, y_end)
                place = (low - oy) / hy
                if not wraps_y:  # one step below the grid, and one above it
                    place = min(max(place, -1.0), ny)
                row = math.floor(place)
                last, mass = low, below(grid, column, low)
                part = 0.0
                while last < high:
                    row += 1
                    to = high if not wraps_y and row > ny else min(oy + row * hy, high)
                    if to > last:
                        more = below(grid, column, to)
                        part += (to - last) * (0.5 * (mass + more))
                        last, mass = to, more
                # where the segment is level, or nearly, there is only one height
                width = end - x
                total += width * (part / (high - low)) if high > low else width * mass
            x, y = end, y_end
        cell += 1
    return total


def region_masses(edges, first_cut, first_entry, entries, cuts, grid, out):
    """Write the mass of every region; every edge counts in the strips that it crosses."""
    for n in range(out.shape[0]):
        total = 0.0
        for p in range(first_cut[n], first_cut[n + 1] - 1):
            for at in range(first_entry[p], first_entry[p + 1]):
                e = entries[at]
                x0, x1, y, m = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
                lo, hi = max(x0, cuts[p]), min(x1, cuts[p + 1])
                mass = along(grid, lo, y + (lo - x0) * m, hi, y + (hi - x0) * m)
                total += edges[e, 4] * mass
        out[n] = max(total, 0.0)


def pair_masses(a, rows, b, columns, period_x, period_y, strip, grid, out):
    """Write the mass that listed pairs share; as `overlap.regions.polygons.overlap.areas`.

    Lists of edges may be in any order here.
    """
    edges, cuts, first_cut, first_entry, entries, bounds = a
    edges_b, cuts_b, first_cut_b, first_entry_b, entries_b, bounds_b = b
    left, right, start, slope, sign, weight = strip
    for k in range(out.shape[0]):
        i, j = rows[k], columns[k]
        out[k] = 0.0
        ax0, ay0, ax1, ay1 = bounds[i, 0], bounds[i, 1], bounds[i, 2], bounds[i, 3]
        bx0, by0, bx1, by1 = bounds_b[j, 0], bounds_b[j, 1], bounds_b[j, 2], bounds_b[j, 3]
        from_x, to_x = turns(ax0 - bx1, ax1 - bx0, period_x)
        from_y, to_y = turns(ay0 - by1, ay1 - by0, period_y)
        for turn in range((to_x - from_x) * (to_y - from_y)):
            dx = (from_x + turn // (to_y - from_y)) * period_x
            dy = (from_y + turn % (to_y - from_y)) * period_y
            x0, x1 = max(ax0, bx0 + dx), min(ax1, bx1 + dx)
            if not (x0 < x1 and max(ay0, by0 + dy) < min(ay1, by1 + dy)):
                continue
            p, q = first_cut[i], first_cut_b[j]
            while cuts[p + 1] <= x0:
                p += 1
            while cuts_b[q + 1] + dx <= x0:
                q += 1
            x, total = x0, 0.0
            while x < x1:
                end_a, end_b = cuts[p + 1], cuts_b[q + 1] + dx
                end = min(min(end_a, end_b), x1)
                count = 0
                for at in range(first_entry_b[q], first_entry_b[q + 1]):
                    f = entries_b[at]
                    begin = edges_b[f, 0] + dx
                    lo, hi = max(x, begin), min(end, edges_b[f, 1] + dx)
                    left[count], right[count] = lo, hi
                    slope[count], sign[count] = edges_b[f, 3], edges_b[f, 4]
                    start[count] = edges_b[f, 2] + dy + (lo - begin) * edges_b[f, 3]
                    weight[count] = 0.0
                    count += 1
                for at in range(first_entry[p], first_entry[p + 1]):
                    e = entries[at]
                    begin, m, s = edges[e, 0], edges[e, 3], edges[e, 4]
                    lo, hi = max(x, begin), min(end, edges[e, 1])
                    y = edges[e, 2] + (lo - begin) * m
                    own = 0.0
                    for c in range(count):
                        u, v = max(lo, left[c]), min(hi, right[c])
                        if not u < v:
                            continue
                        yu, yv = y + (u - lo) * m, y + (v - lo) * m
                        zu = start[c] + (u - left[c]) * slope[c]
                        zv = start[c] + (v - left[c]) * slope[c]
                        p_gap, q_gap = yu - zu, yv - zv
                        if max(p_gap, q_gap) <= 0.0:
                            continue
                        whole = lo == left[c] and hi == right[c]
                        if min(p_gap, q_gap) >= 0.0 and whole:
                            own -= sign[c]
                            weight[c] += s
                            continue
                        if min(p_gap, q_gap) < 0.0:
                            share = p_gap / (p_gap - q_gap)
                            w = u + (v - u) * share
                            yw = yu + (yv - yu) * share
                            if p_gap > 0.0:
                                v, yv, zv = w, yw, yw
                            else:
                                u, yu, zu = w, yw, yw
                        mass = along(grid, u, yu, v, yv) - along(grid, u, zu, v, zv)
                        total -= s * sign[c] * mass
                    if own != 0.0:
                        total += s * own * along(grid, lo, y, hi, y + (hi - lo) * m)
                for c in range(count):
                    if weight[c] != 0.0:
                        z = start[c] + (right[c] - left[c]) * slope[c]
                        mass = along(grid, left[c], start[c], right[c], z)
                        total += sign[c] * weight[c] * mass
                x = end
                if end_a <= end:
                    p += 1
                if end_b <= end:
                    q += 1
            out[k] += total


def grid_of(density: CellDensity) -> tuple:
    """Return the columns of a density that kernels read."""
    period = density.period or (None, None)
    axes: list[float | int] = []
    for axis in range(2):
        wraps = int(period[axis] is not None)
        cells = density.masses.shape[axis]
        axes += [density.origin[axis], density.spacing[axis], cells, wraps]
    return (*axes, density.heights, density.below)


def uniform(*rings: Rings) -> tuple:
    """Return the grid of one cell with density 1 around all regions."""
    low = np.min([batch.bounds[:2].min(axis=1, initial=np.inf) for batch in rings], axis=0)
    high = np.max([batch.bounds[2:].max(axis=1, initial=-np.inf) for batch in rings], axis=0)
    side = np.maximum(high - low, 1.0)
    ends = [(float(low[k]), float(side[k]), 1, 0) for k in range(2)]
    return (*ends[0], *ends[1], np.ones((1, 1)), np.array([[0.0, side[1]]]))


def masses_of(rings: Rings) -> NDArray[np.float64]:
    """Return the mass of every region under the density of the batch, shape (N,)."""
    assert rings.density is not None
    slabs, _, _ = rings.derived("slabs", slabs_of)
    out = np.empty(len(rings))
    suited(specialise(region_masses), 16 * len(slabs.entries))(
        *(slabs.edges, slabs.first_cut, slabs.first_entry, slabs.entries, slabs.cuts),
        *(grid_of(rings.density), out),
    )
    return out


def shared_masses(
    a: Rings, rows: NDArray[np.intp], b: Rings, columns: NDArray[np.intp], grid: tuple
) -> NDArray[np.float64]:
    """Return the mass of the intersection of listed pairs, shape (pairs,)."""
    out = np.empty(len(rows))
    first, room_a, _ = a.derived("slabs", slabs_of)
    second, room_b, _ = b.derived("slabs", slabs_of)
    suited(specialise(pair_masses), 16 * entries_of(len(rows), first, second))(
        *(tuple(first), rows, tuple(second), columns, *periods_of(a)),
        *(tuple(np.empty((6, max(room_a, room_b)))), grid, out),
    )
    return out
