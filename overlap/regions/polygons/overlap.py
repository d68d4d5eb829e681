"""Areas that polygons share: sums of trapezoids between pairs of edges.

For regions a and b with edges e and f that are no verticals, and signs s of edges (1 with the
inside below, -1 with the inside above),

    area(a and b) = - sum over e, f of s(e) s(f) * integral of max(e(x) - f(x), 0) dx

over the x that both edges have, with one crossing at most in each. No topology is built, so no
input fails: coincident, touching and repeated edges need no cases. On a torus the terms of all
translates of b by whole periods are added.

Regions of many vertices are cut into slabs, strips of x between which no edge begins or ends: in a
strip only the few edges matter that cross it. Where so many edges cross every strip that their
lists would grow large (a comb with teeth along x), several strips are taken together; such lists
are in no order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from overlap._common.ragged import offsets_of
from overlap._kernels.jit import scalar, specialise
from overlap._kernels.plain import suited

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.rings import Rings

__all__ = ["Slabs", "periods_of", "shared_areas", "slabs_of", "turns"]


_ENTRIES = 256  # per edge, on the average, above which strips are taken together


class Slabs(NamedTuple):
    """Strips of the regions of a `Rings`, as kernels read them.

    Attributes
    ----------
    edges : ndarray, shape (E, 5)
        Of every edge that is not vertical: its lower and higher x, y at the lower x, slope,
        and 1 where the inside is below it, -1 where it is above.
    cuts : ndarray
        The x between the strips, region by region.
    first_cut : ndarray of int64, shape (N + 1,)
        Where the cuts of each region begin.
    first_entry : ndarray of int64
        Where the list of edges begins that cross the strip after every cut.
    entries : ndarray of uint32
        The edges that cross every strip, from the lowest to the highest.
    bounds : ndarray, shape (N, 4)
        Lowest x and y, highest x and y of every region.
    """

    edges: NDArray[np.float64]
    cuts: NDArray[np.float64]
    first_cut: NDArray[np.int64]
    first_entry: NDArray[np.int64]
    entries: NDArray[np.uint32]
    bounds: NDArray[np.float64]


def slabs_of(rings: Rings, limit: int = _ENTRIES) -> tuple[Slabs, int, bool]:
    """Return the strips of all regions, the longest list, and whether all lists are in order.

    `limit` is the number of entries per edge above which strips are taken together.
    """
    x, y, regions = rings.x, rings.y, len(rings)
    region = rings.region_of[rings.ring_of]
    order = np.argsort(x)  # equal ones in any order
    few = region.astype(np.uint16) if regions < 2**16 else region  # which sorts faster
    order = order[np.argsort(few[order], kind="stable")]
    new = np.ones(len(x), bool)
    new[1:] = (x[order][1:] != x[order][:-1]) | (region[order][1:] != region[order][:-1])
    many = np.bincount(region[order], new, regions).astype(np.int64)  # different x
    rank = np.empty(len(x), np.int64)
    begin = np.cumsum(many) - many
    rank[order] = np.cumsum(new) - 1 - begin[region[order]]
    # Of every edge its two ends, from the left to the right.
    p, q = np.arange(len(x)), rings.following
    leftward = x[p] > x[q]
    p, q = np.where(leftward, q, p), np.where(leftward, p, q)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope = (y[q] - y[p]) / (x[q] - x[p])
    kept = np.isfinite(slope)
    p, q = p[kept], q[kept]
    sign = np.where(leftward[kept], 1.0, -1.0)
    edges = np.stack([x[p], x[q], y[p], slope[kept], sign], 1)
    of, low, high = region[p], rank[p], rank[q] - 1
    strides = _strides(of, low, high, many, limit)
    first_cut = offsets_of(np.where(many > 0, -(-(many - 1) // strides) + 1, 0))
    distinct = x[order][new]
    place = np.arange(first_cut[-1]) - np.repeat(first_cut[:-1], np.diff(first_cut))
    owner = np.repeat(np.arange(regions), np.diff(first_cut))
    cuts = distinct[begin[owner] + np.minimum(place * strides[owner], many[owner] - 1)]
    low, high = first_cut[of] + low // strides[of], first_cut[of] + high // strides[of]
    change = np.bincount(low, minlength=len(cuts) + 1) - np.bincount(
        high + 1, minlength=len(cuts) + 1
    )
    first_entry = offsets_of(np.cumsum(change)[: len(cuts)])
    entries = np.empty(first_entry[-1], np.uint32)
    fill = suited(specialise(enter), 4 * len(entries))
    fill(edges, low, high, cuts, first_entry, first_entry[:-1].copy(), entries)
    bounds = np.ascontiguousarray(rings.bounds.T)
    slabs = Slabs(edges, cuts, first_cut, first_entry, entries, bounds)
    ordered = bool((strides == 1).all())
    return slabs, int(np.diff(first_entry).max(initial=0)), ordered


def _strides(
    of: NDArray[np.int64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    many: NDArray[np.int64],
    limit: int,
) -> NDArray[np.int64]:
    """Return the number of strips that are taken together, region by region."""
    strides = np.ones(len(many), np.int64)
    edges = np.bincount(of, minlength=len(many))
    while True:
        entries = np.bincount(of, high // strides[of] - low // strides[of] + 1, len(many))
        large = (entries > limit * edges) & (strides < many)
        if not large.any():
            return strides
        strides[large] *= 2


def enter(edges, low, high, cuts, first_entry, end, entries):
    """Enter every edge into the lists of its strips, from the lowest to the highest."""
    for e in range(edges.shape[0]):
        x, y, slope = edges[e, 0], edges[e, 2], edges[e, 3]
        for s in range(low[e], high[e] + 1):
            middle = 0.5 * (cuts[s] + cuts[s + 1])
            height = y + (middle - x) * slope
            at = end[s]
            while at > first_entry[s]:
                f = entries[at - 1]
                if edges[f, 2] + (middle - edges[f, 0]) * edges[f, 3] <= height:
                    break
                entries[at] = f
                at -= 1
            entries[at] = e
            end[s] += 1


@scalar
def twice_above(p, q):
    """Return twice the mean of max(d, 0) for d that goes evenly from p to q."""
    high, low = max(p, q), min(p, q)
    if low >= 0.0:
        return p + q
    if high <= 0.0:
        return 0.0
    return high * (high / (high - low))


@scalar
def turns(low, high, period):
    """Return the whole periods between two numbers as a range; only 0 without a period."""
    if period <= 0.0:
        return 0, 1
    return int(np.ceil(low / period)), int(np.floor(high / period)) + 1


def areas(a, rows, b, columns, period_x, period_y, strip, out):
    """Write the area that listed pairs share.

    `a` and `b` are the columns of `Slabs`; `strip` has room for the longest list of edges.
    """
    edges, cuts, first_cut, first_entry, entries, bounds = a
    edges_b, cuts_b, first_cut_b, first_entry_b, entries_b, bounds_b = b
    start, stop, sign = strip
    for k in range(out.shape[0]):
        i, j = rows[k], columns[k]
        out[k] = 0.0
        ax0, ay0, ax1, ay1 = bounds[i, 0], bounds[i, 1], bounds[i, 2], bounds[i, 3]
        bx0, by0, bx1, by1 = bounds_b[j, 0], bounds_b[j, 1], bounds_b[j, 2], bounds_b[j, 3]
        from_x, to_x = turns(ax0 - bx1, ax1 - bx0, period_x)
        from_y, to_y = turns(ay0 - by1, ay1 - by0, period_y)
        for turn_x in range(from_x, to_x):
            dx = turn_x * period_x
            x0, x1 = max(ax0, bx0 + dx), min(ax1, bx1 + dx)
            if not x0 < x1:
                continue
            for turn_y in range(from_y, to_y):
                dy = turn_y * period_y
                y0, y1 = max(ay0, by0 + dy), min(ay1, by1 + dy)
                if not y0 < y1:
                    continue
                # the strips in which both begin
                p, last = first_cut[i], first_cut[i + 1] - 1
                while last - p > 1:
                    middle = (p + last) // 2
                    if cuts[middle] <= x0:
                        p = middle
                    else:
                        last = middle
                q, last = first_cut_b[j], first_cut_b[j + 1] - 1
                while last - q > 1:
                    middle = (q + last) // 2
                    if cuts_b[middle] + dx <= x0:
                        q = middle
                    else:
                        last = middle
                x, total = x0, 0.0
                while x < x1:
                    end_a, end_b = cuts[p + 1], cuts_b[q + 1] + dx
                    end = min(min(end_a, end_b), x1)
                    if x < end:
                        count = 0
                        for at in range(first_entry_b[q], first_entry_b[q + 1]):
                            f = entries_b[at]
                            begin, m = edges_b[f, 0] + dx, edges_b[f, 3]
                            y = edges_b[f, 2] + dy - y0
                            start[count] = y + (x - begin) * m
                            stop[count] = y + (end - begin) * m
                            sign[count] = edges_b[f, 4]
                            count += 1
                        # Edges below all that follow count as their sum.
                        done, signs, heights, height = 0, 0.0, 0.0, 0.0
                        for at in range(first_entry[p], first_entry[p + 1]):
                            e = entries[at]
                            begin, m = edges[e, 0], edges[e, 3]
                            y = edges[e, 2] - y0
                            y, z = y + (x - begin) * m, y + (end - begin) * m
                            low, high = min(y, z), max(y, z)
                            while done < count and max(start[done], stop[done]) <= low:
                                signs += sign[done]
                                heights += sign[done] * (start[done] + stop[done])
                                done += 1
                            part = signs * (y + z) - heights
                            c = done
                            while c < count and min(start[c], stop[c]) < high:
                                part += sign[c] * twice_above(y - start[c], z - stop[c])
                                c += 1
                            height -= edges[e, 4] * part
                        total += height * (end - x)
                    x = end
                    if end_a <= end:
                        p += 1
                    if end_b <= end:
                        q += 1
                out[k] += 0.5 * total


def shared_areas(
    a: Rings, rows: NDArray[np.intp], b: Rings, columns: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the area of the intersection of listed pairs, shape (pairs,)."""
    out = np.empty(len(rows))
    first, room_a, _ = a.derived("slabs", slabs_of)
    second, room_b, _ = b.derived("slabs", slabs_of)
    kernel = suited(specialise(areas), 4 * entries_of(len(rows), first, second))
    strip = tuple(np.empty((3, max(room_a, room_b))))
    kernel(tuple(first), rows, tuple(second), columns, *periods_of(a), strip, out)
    return out


def entries_of(pairs: int, a: Slabs, b: Slabs) -> float:
    """Return how many entries of lists so many pairs have on average, for `suited`."""
    return pairs * sum(len(slabs.entries) / max(len(slabs.bounds), 1) for slabs in (a, b))


def periods_of(rings: Rings) -> tuple[float, float]:
    """Return the periods as kernels take them, 0 for none."""
    x, y = rings.period or (None, None)
    return x or 0.0, y or 0.0
