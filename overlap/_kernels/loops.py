"""Loop templates: every loop over pairs of regions stands here once.

The upper-case names are bound by `overlap._kernels.jit.specialise`: TERMS to the terms of a kind,
SCORE to a combination of formulas, PULL to a pullback, EXTENT to what reads the axes of a
block, K to an axis.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

BLOCK_ROWS = 11  # of a kind with at most one axis; four more for every further axis
STRIP = 64  # rows whose scores stay in the nearest caches

TERMS: Callable
SCORE: Callable
PULL: Callable
EXTENT: Callable
K: int


# ------------------------------------------------- fused: the score inside the pair loop


def paired(a, b, p, out):
    for k in range(out.shape[0]):
        o, e, s, x = TERMS(a, k, b, k)
        out[k] = SCORE(o, e, s, x, p)[0]


def pairwise(a, b, p, lo, hi, out):
    """Score rows `lo` to `hi`, eight columns at a time, and the columns that are left downwards."""
    columns, rows = np.uint64(out.shape[1]), np.uint64(STRIP)
    whole = columns - columns % np.uint64(8)
    line = np.empty(STRIP)
    for start in range(np.uint64(lo), np.uint64(hi), rows):
        size = min(np.uint64(hi) - start, rows)
        for i in range(start, start + size):
            row = out[i]
            for j in range(whole):
                o, e, s, x = TERMS(a, i, b, j)
                row[j] = SCORE(o, e, s, x, p)[0]
        for j in range(whole, columns):
            for k in range(size):
                o, e, s, x = TERMS(a, start + k, b, j)
                line[k] = SCORE(o, e, s, x, p)[0]
            for k in range(size):
                out[start + k, j] = line[k]


def sieved(
    a, b, p, lo, hi, batch, near, eights, line, column, tables, copies, first, second, value, out
):
    """Score every pair as if apart, then again those that may touch.

    Numbers of these are copied before, from `tables` to `copies` with a row for each column of a
    kind, some `batch` pairs at a time, so that the loop over them vectorizes: `first` and `second`
    are the rows of the copies. `near` has a byte for each region of b, and `eights` is the same
    memory as larger numbers.
    """
    table_a, table_b = tables
    copy_a, copy_b = copies
    count = 0
    for i in range(lo, hi):
        row = out[i]
        size = row.shape[0]
        for j in range(size):
            o, e, s, x = APART(a, i, b, j)
            row[j] = SCORE(o, e, s, x, p)[0]
            near[j] = MEETS(a, i, b, j)
        before = count
        for w in range(eights.shape[0]):
            if eights[w] != 0:  # seldom
                for j in range(8 * w, 8 * w + 8):
                    column[count] = j
                    count += near[j]
        if 2 * (count - before) > size:
            count = before
            for j in range(size):
                o, e, s, x = TERMS(a, i, b, j)
                row[j] = SCORE(o, e, s, x, p)[0]
        for k in range(before, count):
            line[k] = i
        if count < batch and i < hi - 1:
            continue
        for c in range(table_a.shape[0]):
            for k in range(count):
                copy_a[c, k] = table_a[c, line[k]]
                copy_b[c, k] = table_b[c, column[k]]
        for k in range(count):
            o, e, s, x = TERMS(first, k, second, k)
            value[k] = SCORE(o, e, s, x, p)[0]
        for k in range(count):
            out[line[k], column[k]] = value[k]
        count = 0


def gradient(a, b, p, out, grad):
    for k in range(out.shape[0]):
        o, e, s, x = TERMS(a, k, b, k)
        value, do, de, ds, dx = SCORE(o, e, s, x, p)
        out[k] = value
        g = PULL(a, k, b, k, do, de, ds, dx)
        for c in range(len(g)):
            grad[c, k] = g[c]


def listed(a, b, p, ia, jb, out):
    for k in range(out.shape[0]):
        o, e, s, x = TERMS(a, ia[k], b, jb[k])
        out[k] = SCORE(o, e, s, x, p)[0]


def ranges(
    a,
    b,
    p,
    row,
    low,
    high,
    found_of,
    truth_of,
    swapped,
    at_least,
    strict,
    count,
    buffer,
    found,
    truth,
    value,
):
    """Score row r against columns low[r] to high[r]; keep what reaches the threshold.

    With `swapped`, rows are of b and columns of a. Goes on at `row` with `count` pairs
    kept; returns the first row that may not fit into the output, and the pairs kept. The
    indices are unsigned, since a test for negative ones would stop vectorization.
    """
    size = np.uint64(buffer.shape[0])
    for r in range(np.uint64(row), np.uint64(low.shape[0])):
        if count + high[r] - low[r] > found.shape[0]:
            return np.int64(r), count
        start = low[r]
        while start < high[r]:
            n = min(high[r] - start, size)
            if swapped:
                for k in range(n):
                    o, e, s, x = TERMS(a, start + k, b, r)
                    buffer[k] = SCORE(o, e, s, x, p)[0]
            else:
                for k in range(n):
                    o, e, s, x = TERMS(a, r, b, start + k)
                    buffer[k] = SCORE(o, e, s, x, p)[0]
            for k in range(n):
                v = buffer[k]
                if v > at_least or (v == at_least and not strict):
                    found[count] = found_of[start + k if swapped else r]
                    truth[count] = truth_of[r if swapped else start + k]
                    value[count] = v
                    count += 1
            start += n
    return low.shape[0], count


# --------------------------------- blocked: terms of a block of pairs, then their scores
# Rows of a block: measure_a, measure_b, intersection, hull, center_gap2, diameter2,
# outside, then offset, side_a, side_b, cover of every axis.


def term_block(a, ia, b, jb, block):
    for k in range(ia.shape[0]):
        o, e, s, x = TERMS(a, ia[k], b, jb[k])
        for c in range(3):
            block[c, k] = o[c]
            block[3 + c, k] = e[c]
        block[6, k] = s
        row = 7
        for axis in x:
            for c in range(4):
                block[row + c, k] = axis[c]
            row += 4


def read_axis(block, k):
    return (
        block[7 + 4 * K, k],
        block[8 + 4 * K, k],
        block[9 + 4 * K, k],
        block[10 + 4 * K, k],
    )


def score_block(block, p, out):
    for k in range(out.shape[0]):
        o = (block[0, k], block[1, k], block[2, k])
        e = (block[3, k], block[4, k], block[5, k])
        out[k] = SCORE(o, e, block[6, k], EXTENT(block, k), p)[0]


def score_overlaps(block, p, out):
    """Score pairs by the first three rows alone: the others may hold anything."""
    for k in range(out.shape[0]):
        o = (block[0, k], block[1, k], block[2, k])
        out[k] = SCORE(o, (0.0, 0.0, 0.0), 0.0, ((0.0, 0.0, 0.0, 0.0),), p)[0]


def partial_block(block, p, out, partials):
    for k in range(out.shape[0]):
        o = (block[0, k], block[1, k], block[2, k])
        e = (block[3, k], block[4, k], block[5, k])
        value, do, de, ds, dx = SCORE(o, e, block[6, k], EXTENT(block, k), p)
        out[k] = value
        for c in range(3):
            partials[c, k] = do[c]
            partials[3 + c, k] = de[c]
        partials[6, k] = ds
        row = 7
        for axis in dx:
            for c in range(4):
                partials[row + c, k] = axis[c]
            row += 4


def pull_block(a, ia, b, jb, partials, grad):
    for k in range(ia.shape[0]):
        do = (partials[0, k], partials[1, k], partials[2, k])
        de = (partials[3, k], partials[4, k], partials[5, k])
        g = PULL(a, ia[k], b, jb[k], do, de, partials[6, k], EXTENT(partials, k))
        for c in range(len(g)):
            grad[c, k] = g[c]
