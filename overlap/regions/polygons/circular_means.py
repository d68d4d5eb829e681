"""Centers of areas on a circle: Frechet means, from which the mean squared way is least.

The section of polygons across an axis is a piecewise linear density around the circle, so that
the Frechet mean is exact. Cut the circle at `a` and unroll it: the mean of what was unrolled is
a stationary point if it lies half a turn from the cut. With the mass ``m`` up to the cut, the
mean is ``mean_0 + period * m(a) / m``, so these cuts are roots of a piecewise quadratic, and
the least of the minima among them is the center (Le and Kume, The Frechet mean shape and the
shape of the means, Adv. Appl. Prob. 2000; Hotz and Huckemann, Intrinsic means on the circle,
Ann. Inst. Stat. Math. 2015).

Several minima may tie, and around a band every point is as good as any other: the center is
therefore a list of arcs, mostly one of length 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from overlap._kernels.jit import specialise
from overlap._kernels.plain import suited

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TIES", "circular_means"]

# Fractions of a period (or of its square) below which two numbers are one number, rounded.
TIES = 1e-10
_FLAT = 1e-12
_SAME = 1e-11


def sections(t, s, ring_offsets, region_offsets, at, order, period, sign, cell_of, cells, count):
    """Write the densities of all regions around a circle, as `count` cells for each.

    `at` are the places of the vertices in [0, period) and `order` sorts them, region by region.
    Rows of `cells`, in which a region begins at its first vertex: where a cell starts, and the
    density at its two ends.
    """
    for n in range(count.shape[0]):
        lo, hi = region_offsets[n], region_offsets[n + 1]
        first, last = ring_offsets[lo], ring_offsets[hi]
        size = 0
        for k in range(first, last):
            v = order[k]
            if size == 0 or at[v] != cells[0, first + size - 1]:
                cells[0, first + size] = at[v]
                cells[1, first + size] = 0.0
                cells[2, first + size] = 0.0
                size += 1
            cell_of[v] = size - 1
        count[n] = size
        for ring in range(lo, hi):
            begin, end = ring_offsets[ring], ring_offsets[ring + 1]
            for p in range(begin, end):
                q = p + 1 if p + 1 < end else begin
                if t[p] == t[q]:
                    continue
                i, j, way = (p, q, sign) if t[p] < t[q] else (q, p, -sign)
                turns = math.floor((t[j] - t[i] - (at[j] - at[i])) / period + 0.5)
                length = at[j] - at[i] + turns * period
                if length <= 0.0:
                    continue
                cell = cell_of[i]
                steps = cell_of[j] - cell + int(turns) * size
                value, around = s[i] - s[begin], 0.0
                for _ in range(steps):
                    cells[1, first + cell] += way * value
                    after = cell + 1
                    if after == size:
                        after, around = 0, around + period
                    share = min((cells[0, first + after] + around - at[i]) / length, 1.0)
                    value = s[i] - s[begin] + share * (s[j] - s[i])
                    cells[2, first + cell] += way * value
                    cell = after


def means(cells, firsts, counts, period, sums, found, start, length, slope, many):
    """Write the arcs of centers of every region, and how many it has.

    Also the factor by which the mean of the unrolled area moves the center. `sums` and `found`
    are scratch.
    """
    total = 0
    for n in range(many.shape[0]):
        first, size = firsts[n], counts[n]
        many[n] = 0
        if size == 0:
            continue
        base = cells[0, first]
        mass, moment, square = 0.0, 0.0, 0.0
        for k in range(size):
            x = cells[0, first + k] - base
            w = (cells[0, first + k + 1] - base if k + 1 < size else period) - x
            left, right = cells[1, first + k], cells[2, first + k]
            sums[0, k] = mass
            sums[1, k] = moment
            mass += 0.5 * w * (left + right)
            moment += w * (0.5 * x * (left + right) + w * (left + 2.0 * right) / 6.0)
            square += w * (
                0.5 * x * x * (left + right)
                + x * w * (left + 2.0 * right) / 3.0
                + w * w * (left + 3.0 * right) / 12.0
            )
        if not mass > 0.0:
            continue  # no area
        mean, square = moment / mass, square / mass
        met, least = 0, math.inf
        after = mean - 0.5 * period
        for k in range(size):
            x = cells[0, first + k] - base
            w = (cells[0, first + k + 1] - base if k + 1 < size else period) - x
            left = cells[1, first + k]
            q = (cells[2, first + k] - left) / w if w > 0.0 else 0.0
            before = after  # how far the mean lies ahead of half a turn after the cut
            after = mean - 0.5 * period
            if k + 1 < size:
                after += period * sums[0, k + 1] / mass - (x + w)
            a, b = 0.5 * period * q / mass, period * left / mass - 1.0  # before + b z + a z^2
            turn = -0.5 * b / a if a != 0.0 else w
            turn = turn if 0.0 < turn < w else w
            middle = before + turn * (b + a * turn) if turn < w else after
            flat = max(abs(before), abs(after), abs(middle)) <= _FLAT * period
            for part in range(2):
                low, high = (0.0, turn) if part == 0 else (turn, w)
                p, r = (before, middle) if part == 0 else (middle, after)
                if flat:
                    if part == 1:
                        continue
                    z, extent, change = 0.5 * w, w, 0.0
                elif p > 0.0 and r <= 0.0:
                    root = math.sqrt(max(b * b - 4.0 * a * before, 0.0))
                    z = 2.0 * before / (root - b) if b < 0.0 else -0.5 * (b + root) / a
                    z = min(max(z, low), high)
                    extent, change = 0.0, -(b + 2.0 * a * z)
                else:
                    continue
                share = sums[0, k] + z * (left + 0.5 * q * z)  # the mass up to the cut
                turned = sums[1, k] + z * (
                    x * (left + 0.5 * q * z) + z * (0.5 * left + q * z / 3.0)
                )
                center = x + z + 0.5 * period
                spread = square + period * (2.0 * turned + period * share) / mass
                spread += center * (center - 2.0 * (mean + period * share / mass))
                found[0, met] = center - 0.5 * extent + base
                found[1, met] = extent
                found[2, met] = 1.0 / change if change > 0.0 else 0.0
                found[3, met] = spread
                least = min(least, spread)
                met += 1
        kept = total
        for c in range(met):
            if found[3, c] > least + _SAME * period * period:
                continue
            at = found[0, c] - period * math.floor(found[0, c] / period)
            joined = total > kept and found[1, c] > 0.0 and length[total - 1] > 0.0
            if joined:
                gap = at - start[total - 1] - length[total - 1]
                gap -= period * math.floor(gap / period + 0.5)
                joined = abs(gap) <= TIES * period
            if joined:
                length[total - 1] += found[1, c]
            else:
                start[total], length[total], slope[total] = at, found[1, c], found[2, c]
                total += 1
        many[n] = total - kept


def circular_means(
    t: NDArray[np.float64],
    s: NDArray[np.float64],
    ring_offsets: NDArray[np.int64],
    region_offsets: NDArray[np.int64],
    origins: NDArray[np.float64],
    period: float,
    sign: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the centers of the areas of all regions on a circle.

    Parameters
    ----------
    t, s : ndarray
        Coordinates of the vertices along the circle, unrolled, and across it.
    ring_offsets, region_offsets : ndarray of int64
        Vertices of rings, and rings of regions.
    origins : ndarray, shape (N,)
        Per region a point from which to measure; it changes nothing but rounding.
    period : float
    sign : float
        1 if outer rings turn from `s` to `t`, -1 if from `t` to `s`.

    Returns
    -------
    offsets : ndarray of int64, shape (N + 1,)
        Which arcs are of which region; none for a region without area.
    start, length : ndarray
        Of the arcs. One of length 0 is a center that is unique.
    slope : ndarray
        How much the center moves if the mean of the area, unrolled half a turn from it, moves
        by 1; 0 for arcs.
    """
    size, regions = len(t), len(region_offsets) - 1
    firsts = ring_offsets[region_offsets]
    region = np.repeat(np.arange(regions), np.diff(firsts))
    at = np.mod(t - origins[region], period)
    at[at >= period] = 0.0
    order = np.lexsort((at, region))
    cells, cell_of, counts = np.zeros((3, size)), np.empty(size, np.int64), np.zeros(regions, int)
    suited(specialise(sections), 8 * size)(
        *(t, s, ring_offsets, region_offsets, at, order, float(period), float(sign)),
        *(cell_of, cells, counts),
    )
    room = int(counts.max(initial=0))
    sums, found, many = np.empty((2, room)), np.empty((4, 2 * room)), np.zeros(regions, int)
    start, length, slope = np.empty((3, 2 * size))
    average = suited(specialise(means), 8 * size)
    average(cells, firsts, counts, float(period), sums, found, start, length, slope, many)
    offsets = np.concatenate([[0], np.cumsum(many)])
    start, length, slope = (np.array(a[: offsets[-1]]) for a in (start, length, slope))
    start = np.mod(start + origins[np.repeat(np.arange(regions), many)], period)
    start[start >= period] = 0.0
    return offsets, start, np.minimum(length, period), slope
