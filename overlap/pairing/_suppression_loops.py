"""Loops of suppression: each region against the regions kept so far.

But for `few`, regions come sorted by group and then by descending confidence, so that one index
serves all columns. VALUE is bound to the score of a pair, MOST to a cheap upper bound of it,
ROWS to what makes columns of a table.

A region's *core* is the part that a region which suppresses it must touch: its outer box, or, where
the score tells how much of it must be shared, that box without as much on every side.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from overlap._kernels.jit import scalar

TERMS: Callable
SCORE: Callable
ROWS: Callable
K: int
VALUE: Callable
MOST: Callable

SORTED_HERE = 128
WHOLE, TILED, REST = 0, 1, 2  # kinds of passes
DROPPED, KEPT, OPEN = 0, 1, 2  # states of a region
_LARGEST_CODE = 2**53
_LAST_CELL = 2.0**31 - 1.0
_LEFT, _LOW, _FIRST = 1, 2, 3  # of a region's cells: leftmost, lowest, both


def value(a, i, b, j, p):
    o, e, s, x = TERMS(a, i, b, j)
    return SCORE(o, e, s, x, p)[0]


@scalar
def no_bound(a, i, b, j, p):
    return math.inf


@scalar
def meet(box, t, core):
    """Return whether the box of t touches a core."""
    return (
        (box[t, 0] <= core[1])
        & (box[t, 1] >= core[0])
        & (box[t, 2] <= core[3])
        & (box[t, 3] >= core[2])
    )


# -------------------------------------------------------------------------------- few
# Every kept region is scored against all that come after it, in a loop that vectorizes.


def table_row(table):
    return table[K]


@scalar
def bin_of(value, bins):
    """Return the bin of a confidence, the highest ones first; best for those from 0 to 1."""
    below = 1.0 - value
    below = below if below > 0.0 else 0.0
    return np.int32((below if below < 1.0 else 1.0) * bins)


def few(a, p, threshold, value, order, codes, least):
    """Suppress within groups; return how many regions are kept.

    `order` and `value`, which has the confidences, begin with those of the kept ones then. More
    than `SORTED_HERE` come in an order by descending confidence, in which only equal ones may be
    out of place. `codes` are equal within a group; without any there are no groups. Where a
    confidence is NaN, or float64 does not hold a code, nothing is done and -1 returned.

    Indices are unsigned, because a test for negative ones takes time and stops vectorization.
    """
    one, eight, n = np.uint64(1), np.uint64(8), np.uint64(order.shape[0])
    if n <= SORTED_HERE:
        bins, ends = np.empty(n, np.int32), np.zeros(n + np.uint64(2), np.int64)
        for k in range(n):
            bins[k] = bin_of(value[k], float(n))
        for k in range(n):
            ends[np.uint64(bins[k]) + one] += 1
        for k in range(n):
            ends[k + one] += ends[k]
        for k in range(n):
            h = np.uint64(bins[k])
            order[np.uint64(ends[h])] = k
            ends[h] += 1
    undefined = False
    for k in range(n):
        undefined |= math.isnan(value[k])
    for k in range(codes.shape[0]):
        undefined |= abs(codes[k]) > _LARGEST_CODE
    if undefined:
        return -1
    for k in range(one, n):
        at, index = np.uint64(k), order[k]
        own = value[np.uint64(index)]
        while at > 0:
            before = order[at - one]
            other = value[np.uint64(before)]
            if other > own or (other == own and before < index):
                break
            order[at] = before
            at -= one
        order[at] = index
    while n > 0 and value[np.uint64(order[n - one])] < least:
        n -= one
    # Whole eights leave nothing for a slow loop over the last few: the first region stands in the
    # places that are left.
    room = (n + np.uint64(7)) // eight * eight
    table, free = np.empty((len(a) + 1, room)), np.zeros(room)  # free: their group, or NaN
    for c in range(len(a)):
        column = a[c]
        for k in range(n):
            table[c, k] = column[np.uint64(order[k])]
        for k in range(n, room):
            table[c, k] = table[c, 0]
    for k in range(n):
        table[len(a), k] = value[np.uint64(order[k])]
    if codes.shape[0] > 0:
        for k in range(n):
            free[k] = codes[np.uint64(order[k])]
    b = ROWS(table)
    count = 0
    for k in range(n):
        own = free[k]
        if math.isnan(own):
            continue
        order[count], value[count] = order[k], table[len(a), k]
        count += 1
        for t in range((k + one) // eight * eight, room):
            o, e, s, x = TERMS(b, t, b, k)
            hit = (SCORE(o, e, s, x, p)[0] > threshold) & (free[t] == own)
            free[t] = math.nan if hit else free[t]
    return count


# ------------------------------------------------------------------------------- hard
# In large groups, kept regions lie in a grid that fits their size: the cells of a level
# are twice those of the level below, so that a region covers a few cells only, whatever
# its size. Cells are hashed into buckets; what shares a bucket by accident fails the test
# of the boxes.
#
# Very large groups are looked at tile by tile, so that what is near a region is in the nearest
# caches. Regions of a tile come by descending confidence, and those of other tiles may not be
# decided yet. So a region whose suppressors may belong to another tile, or that a region left open
# would suppress, is left open; all of these are decided afterwards.


@scalar
def cell(value, origin, inverse):
    return int(min(max((value - origin) * inverse, 0.0), _LAST_CELL))


@scalar
def bucket(x, y, level, mask):
    """Return the bucket of a cell; cells side by side mostly have buckets side by side."""
    h = x + y * 19349663 + level * 83492791
    return (h ^ (h >> 11)) & mask


@scalar
def cells(box, origin, inverse, level):
    return (
        cell(box[0], origin[0], inverse[level, 0]),
        cell(box[1], origin[0], inverse[level, 0]),
        cell(box[2], origin[1], inverse[level, 1]),
        cell(box[3], origin[1], inverse[level, 1]),
    )


@scalar
def level_of(mantissa, exponent, lowest, levels):
    """Return the level for a size of mantissa * 2^exponent; 0.5 <= mantissa < 1, or less."""
    if mantissa == 0.0:
        return 0
    if mantissa < 0.5:
        exponent -= 1
    return min(max(exponent - lowest, 0), levels - 1)


@scalar
def core_side(low, high, share):
    # Sums round to the nearest number, hence never beyond the end of a box that reaches them.
    cut = share * (high - low) if share > 0.0 else 0.0
    return low + cut, high - cut


@scalar
def core_of(box, k, share):
    x0, x1 = core_side(box[k, 0], box[k, 1], share)
    y0, y1 = core_side(box[k, 2], box[k, 3], share)
    return x0, x1, y0, y1


@scalar
def leaves_tile(box, k, core, most, origin, tile, widest):
    """Return whether what suppresses a region may belong to another tile.

    The tile of a region is that of its lower corner. The share of a side is for rounding.
    """
    x, y = widest[0], widest[1]
    if most < math.inf:
        x, y = min(most * (box[k, 1] - box[k, 0]), x), min(most * (box[k, 3] - box[k, 2]), y)
    x, y = core[0] - x - 1e-6 * widest[0], core[2] - y - 1e-6 * widest[1]
    return (cell(x, origin[0], tile[0]) != cell(core[1], origin[0], tile[0])) | (
        cell(y, origin[1], tile[1]) != cell(core[3], origin[1], tile[1])
    )


def hard(
    a,
    p,
    threshold,
    box,
    share,
    own,
    most,
    origin,
    scale,
    lowest,
    inverse,
    tile,
    widest,
    starts,
    stops,
    sizes,
    kinds,
    small,
    place,
    state,
    asker,
):
    """Suppress within each group of regions; groups up to `small` do without a grid.

    A suppressor reaches over more than `share` of the candidate, seen from each end of its outer
    box. It has more than `own` of each side of the candidate in common with it, and is at most
    `most` times as long on each side, and at most `widest`.

    Parameters
    ----------
    tile : ndarray, shape (2,)
        Inverse widths of tiles.
    starts, stops, sizes, kinds : ndarray
        Of passes over regions, several for a group of `sizes`. `WHOLE` begins a group, with regions
        by descending confidence; `TILED` goes on, by tile; `REST` decides what is open.
    place : ndarray
        For each region, its place by descending confidence; not read without tiles.
    state : ndarray of uint8
        Becomes that of each region.
    asker : ndarray of int32
        Memory, for each region where there are tiles.
    """
    levels = inverse.shape[0]
    own_mantissa, own_exponent = math.frexp(own)
    most_mantissa, most_exponent = math.frexp(most)
    share = min(share, 0.5 * (1.0 - 1e-9))
    largest = 0
    for g in range(starts.shape[0]):
        largest = max(largest, sizes[g])
    head = np.empty(1, np.int32)  # by bucket: its last entry
    # By entry: four times a region and which of its cells this is, and the entry before.
    chain = np.empty((4 * largest, 2), np.int32)
    crowd = np.empty(levels, np.int64)
    gridded, mask, entries, count, latest = False, 0, 0, 0, -1
    for g in range(starts.shape[0]):
        kind = kinds[g]
        if kind == WHOLE:
            gridded = sizes[g] > small
            entries, count, latest = 0, 0, -1
            if gridded:
                buckets = 16
                while buckets < 4 * sizes[g]:
                    buckets *= 2
                mask = buckets - 1
                if head.shape[0] < buckets:
                    head = np.empty(buckets, np.int32)
                head[:buckets] = -1
                crowd[:] = 0
        for v in range(starts[g], stops[g]):
            k = v
            while k >= 0 and (kind != REST or state[k] == OPEN):
                free, by = True, -1
                everything = not gridded
                x0, x1, y0, y1 = 0, 0, 0, 0
                core = core_of(box, k, share)
                out = kind == TILED and leaves_tile(box, k, core, most, origin, tile, widest)
                f, f_end, f_own = 0, 0, 0
                if gridded:
                    side = max(
                        (box[k, 1] - box[k, 0]) * scale[0], (box[k, 3] - box[k, 2]) * scale[1]
                    )
                    m, e = math.frexp(side)
                    f_own = level_of(m, e, lowest, levels)
                    f = level_of(m * own_mantissa, e + own_exponent, lowest, levels)
                    f_end = levels - 1
                    if most < math.inf:
                        f_end = level_of(m * most_mantissa, e + most_exponent, lowest, levels)
                level = f_own
                while free and f <= f_end:
                    if gridded:
                        if crowd[level] == 0:
                            level = f + (f >= f_own)
                            f += 1
                            continue
                        x0, x1, y0, y1 = cells(core, origin, inverse, level)
                        if (x1 - x0 + 1.0) * (y1 - y0 + 1.0) > count:
                            everything = True  # kept regions are fewer than cells
                            x0, x1, y0, y1, f = 0, 0, 0, 0, f_end
                    for y in range(y0, y1 + 1):
                        for x in range(x0, x1 + 1):
                            q = latest if everything else head[np.uint64(bucket(x, y, level, mask))]
                            # Of the cells that both cover, only the first one counts.
                            first = (_LEFT if x == x0 else 0) | (_LOW if y == y0 else 0)
                            while q >= 0:
                                entry = chain[np.uint64(q), 0]
                                t = np.uint64(entry >> 2)
                                if (
                                    (entry | first) & _FIRST == _FIRST
                                    and meet(box, t, core)
                                    and MOST(a, k, a, t, p) > threshold
                                    and VALUE(a, k, a, t, p) > threshold
                                    and (kind == WHOLE or place[t] < place[k])
                                ):
                                    if state[t] == KEPT:
                                        free = False
                                        break
                                    if state[t] == OPEN:
                                        by = entry >> 2
                                q = chain[np.uint64(q), 1]
                            if not free:
                                break
                        if not free:
                            break
                    level = f + (f >= f_own)
                    f += 1
                if not free:
                    state[k] = DROPPED
                elif kind == REST and by >= 0:  # that one is decided first
                    asker[by] = k
                    k = by
                    continue
                elif out or by >= 0:
                    state[k], asker[k] = OPEN, -1
                else:
                    state[k] = KEPT
                if kind == REST:
                    k = asker[k]
                    continue
                if free:
                    count += 1
                    if gridded:
                        crowd[f_own] += 1
                        x0, x1, y0, y1 = cells(core_of(box, v, 0.0), origin, inverse, f_own)
                    needed = entries + 1 + (x1 - x0 + 1) * (y1 - y0 + 1)
                    if needed > chain.shape[0]:
                        more = np.empty((2 * needed, 2), np.int32)
                        more[:entries] = chain[:entries]
                        chain = more
                    chain[entries, 0], chain[entries, 1] = 4 * v + _FIRST, latest
                    latest = entries
                    entries += 1
                    if gridded:
                        for y in range(y0, y1 + 1):
                            for x in range(x0, x1 + 1):
                                h = np.uint64(bucket(x, y, f_own, mask))
                                first = (_LEFT if x == x0 else 0) | (_LOW if y == y0 else 0)
                                chain[entries, 0], chain[entries, 1] = 4 * v + first, head[h]
                                head[h] = entries
                                entries += 1
                k = -1


def listed(candidate, other, alive):
    """Suppress by listed pairs: candidates in ascending order, the others before them."""
    for k in range(candidate.shape[0]):
        if alive[other[k]]:
            alive[candidate[k]] = False


# ------------------------------------------------------------------------------- soft


@scalar
def decay(s, threshold, sigma, linear):
    """Return the factor for a confidence; 1 where the score is undefined or not positive."""
    if not s > 0.0:
        return 1.0
    s_clipped = min(s, 1.0)
    if linear:
        return 1.0 - s_clipped if s > threshold else 1.0
    return math.exp(-s_clipped * s_clipped / sigma)


@scalar
def highest(todo, count, current, index):
    """Return the place of the highest confidence in `todo`; at ties the first index."""
    best = 0
    for q in range(1, count):
        ahead, behind = current[todo[q]], current[todo[best]]
        if ahead > behind or (ahead == behind and index[todo[q]] < index[todo[best]]):
            best = q
    return best


def soft_dense(
    a, p, threshold, sigma, linear, box, least, index, starts, stops, todo, current, alive
):
    """Lower the confidences within each range; those that fall below `least` are dropped."""
    for g in range(starts.shape[0]):
        count = 0
        for k in range(starts[g], stops[g]):
            if current[k] >= least:
                todo[count] = k
                count += 1
        best = highest(todo, count, current, index)
        while count > 0:
            m = todo[best]
            alive[m] = True
            count -= 1
            todo[best] = todo[count]
            best = 0
            q = 0
            while q < count:
                t = todo[q]
                if meet(box, m, core_of(box, t, 0.0)):
                    current[t] *= decay(VALUE(a, t, a, m, p), threshold, sigma, linear)
                    if current[t] < least:
                        count -= 1
                        todo[q] = todo[count]
                        continue
                ahead, behind = current[t], current[todo[best]]
                if ahead > behind or (ahead == behind and index[t] < index[todo[best]]):
                    best = q
                q += 1


def soft_listed(
    pointer,
    neighbor,
    score,
    threshold,
    sigma,
    linear,
    least,
    index,
    starts,
    stops,
    todo,
    current,
    alive,
):
    """As `soft_dense`, with the scores of each region against its neighbors in CSR form."""
    for g in range(starts.shape[0]):
        count = 0
        for k in range(starts[g], stops[g]):
            if current[k] >= least:
                todo[count] = k
                count += 1
        while count > 0:
            best = highest(todo, count, current, index)
            m = todo[best]
            if current[m] < least:
                break
            alive[m] = True
            count -= 1
            todo[best] = todo[count]
            for q in range(pointer[m], pointer[m + 1]):
                if not alive[neighbor[q]]:
                    current[neighbor[q]] *= decay(score[q], threshold, sigma, linear)
