"""Loops over two label volumes at once: runs of equal pairs of labels, and what they sum to.

Rows are made of whole 64-bit words of 8, 4, 2 or 1 labels. Byte by byte, which the compiler
turns into vectors, they are compared with themselves moved by one label, in both volumes at once:
what is not 0 is where a run ends. Groups of words in which one ends are listed without a
branch, which the processor would guess wrong. Then the runs are added up one by one.

Per pair of labels and plane, one row of RUN_COLUMNS numbers is kept in the cache:
voxels, twice the sum of x, the sum of y, and the ends of x and y. When the plane is done, the rows
that it touched are added to the totals, which have for every axis a sum and two ends.
"""

from __future__ import annotations

import numpy as np

from overlap._kernels.jit import scalar

__all__ = ["RUN_COLUMNS", "SEGMENT", "count_runs", "first_seen", "rehash"]

SEGMENT = 128  # words after which there must be room for new pairs
RUN_COLUMNS = 8
_FAR = 1 << 62
_HALF = np.uint64(0xFFFFFFFF)
_QUARTER = np.uint64(0xFFFF)
_EIGHTH = np.uint64(0xFF)
_NONE = np.uint64(0)
_W1, _W2, _W3 = np.uintp(1), np.uintp(2), np.uintp(3)
_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


@scalar
def first_place(a, b, last):
    """Return where to look for a pair of labels first, in a table with `last` + 1 places."""
    h = (a & 0xFFFFFF) * 40503 + (b & 0xFFFFFF) * 60493
    return np.uintp((h ^ (h >> 11)) & last)


@scalar
def fold(outer, p, run, touched, marks, total):
    """Add what plane p has touched to the totals."""
    axes = outer.shape[1] + 2
    for k in range(marks):
        s = touched[np.uintp(k)]
        n = run[s, 0]
        total[s, 0] += n
        for m in range(axes - 2):
            at = outer[p, m]
            total[s, 1 + m] += n * at
            total[s, 1 + axes + m] = min(total[s, 1 + axes + m], at)
            total[s, 1 + 2 * axes + m] = max(total[s, 1 + 2 * axes + m], at + 1)
        total[s, axes - 1] += run[s, 2]
        total[s, axes] += run[s, 1] // 2
        total[s, 2 * axes - 1] = min(total[s, 2 * axes - 1], run[s, 5])
        total[s, 2 * axes] = min(total[s, 2 * axes], run[s, 3])
        total[s, 3 * axes - 1] = max(total[s, 3 * axes - 1], run[s, 6])
        total[s, 3 * axes] = max(total[s, 3 * axes], run[s, 4])
        run[s, 0], run[s, 1], run[s, 2] = 0, 0, 0
        run[s, 3], run[s, 4], run[s, 5], run[s, 6] = _FAR, -_FAR, _FAR, -_FAR


@scalar
def first_bit(d):
    """Return the place of the byte of the lowest bit that is set, in bits."""
    q = np.uint64((d & _HALF) == _NONE) << np.uint64(5)
    d = d >> q
    r = np.uint64((d & _QUARTER) == _NONE) << np.uint64(4)
    d = d >> r
    return q + r + (np.uint64((d & _EIGHTH) == _NONE) << np.uint64(3))


def count_runs(
    words_a, words_b, bytes_a, bytes_b, base, step, words, power, window, outer, at,
    edge, edge_bytes, listed, ends, table, keys, run, touched, used, total,
):  # fmt: skip
    """Walk planes of rows of words; return False where there may be no room for new pairs.

    Both volumes come as words and as bytes (of little-endian machines), and so does `edge`. `base`
    (P, 2) and `step` (2,) say where planes and rows begin, in words, and `words` how many a row
    has. A word holds ``2**power`` labels. `window` is the first x, the first y, the number of rows
    and the labels per row. `at` (plane, row, word) is where to begin, and where to go on after
    False. What is left of the last word of a row is filled up with the row's last label.

    Everything is written out in one function: handing arrays to another one inside these loops
    counts references, which took two thirds as long as all the rest together.
    """
    shift = 6 - power
    down, lane = np.uint64(64 - (1 << shift)), 8 >> power
    low, back = _ONES >> down, np.uintp(lane)
    lanes = (1 << power) - 1
    x0, y0, rows, length = window[0], window[1], window[2], window[3]
    room, last = len(keys) - (SEGMENT << power), len(table) - 1
    pairs, marks = used[0], np.uintp(used[1])
    y_from, w_from, axes = at[1], at[2], outer.shape[1] + 2
    for p in range(at[0], len(base)):
        for row in range(y_from, rows):
            y = row + y0
            for first in range(w_from, words, SEGMENT):
                if pairs > room:
                    at[0], at[1], at[2] = p, row, first
                    used[0], used[1] = pairs, marks
                    return False
                i = np.uintp(base[p, 0] + row * step[0] + first)
                j = np.uintp(base[p, 1] + row * step[1] + first)
                n = min(words - first, SEGMENT)
                i8, j8 = i * np.uintp(8), j * np.uintp(8)
                # Labels that differ from the one before, in either volume. The first label of all
                # has none; a group of words may reach beyond the row.
                edge[0] = edge[n] = edge[n + 1] = edge[n + 2] = _NONE
                for k in range(lane * ((i == 0) | (j == 0)), 8 * n):
                    w = np.uintp(k)
                    u, v = i8 + w, j8 + w
                    edge_bytes[w] = (bytes_a[u] ^ bytes_a[u - back]) | (
                        bytes_b[v] ^ bytes_b[v - back]
                    )
                edge[0] &= ~low  # a row begins with a run of its own
                # The words that have any, by groups of four, and then where they are.
                groups = np.uintp(0)
                for k in range(0, n, 4):
                    w = np.uintp(k)
                    listed[groups] = k
                    groups += np.uintp(
                        (edge[w] | edge[w + _W1] | edge[w + _W2] | edge[w + _W3]) != _NONE
                    )
                runs = np.uintp(0)
                for k in range(groups):
                    for m in range(4):
                        w = np.uintp(listed[np.uintp(k)] + m)
                        e = edge[w]
                        while e != _NONE:
                            q = first_bit(e) & down
                            ends[runs] = (np.int64(w) << power) + (np.int64(q) >> shift)
                            runs += np.uintp(1)
                            e &= ~(low << q)
                start = 0
                begin = x0 + (first << power)
                ends[runs] = min(n << power, length - (first << power))
                for k in range(runs + np.uintp(1)):
                    stop = ends[np.uintp(k)]
                    w = np.uintp(start >> power)
                    q = np.uint64((start & lanes) << shift)
                    label_a = np.int64((words_a[i + w] >> q) & low)
                    label_b = np.int64((words_b[j + w] >> q) & low)
                    h = first_place(label_a, label_b, last)
                    s = table[h]
                    while s >= 0 and (keys[s, 0] != label_a or keys[s, 1] != label_b):
                        h = (h + np.uintp(1)) & np.uintp(last)
                        s = table[h]
                    if s < 0:
                        s = pairs
                        table[h] = s
                        keys[s, 0], keys[s, 1] = label_a, label_b
                        run[s, 0], run[s, 1], run[s, 2] = 0, 0, 0
                        run[s, 3], run[s, 4], run[s, 5], run[s, 6] = _FAR, -_FAR, _FAR, -_FAR
                        for m in range(1 + axes):
                            total[s, m] = 0
                        for m in range(axes):
                            total[s, 1 + axes + m] = _FAR
                            total[s, 1 + 2 * axes + m] = -_FAR
                        pairs += 1
                    r = np.uintp(s)
                    size = stop - start
                    touched[marks] = s
                    marks += np.uintp(run[r, 0] == 0)
                    run[r, 0] += size
                    run[r, 1] += size * (2 * begin + start + stop - 1)
                    run[r, 2] += size * y
                    run[r, 3] = min(run[r, 3], begin + start)
                    run[r, 4] = max(run[r, 4], begin + stop)
                    run[r, 5] = min(run[r, 5], y)
                    run[r, 6] = max(run[r, 6], y + 1)
                    start = stop
            w_from = 0
        fold(outer, p, run, touched, marks, total)
        marks = np.uintp(0)
        y_from = 0
    used[0], used[1] = pairs, 0
    return True


def rehash(keys, count, table):
    """Fill an empty table with the known pairs."""
    last = len(table) - 1
    for s in range(count):
        h = first_place(keys[s, 0], keys[s, 1], last)
        while table[h] >= 0:
            h = (h + np.uintp(1)) & np.uintp(last)
        table[h] = s


def first_seen(labels, new):
    """Renumber labels in the order in which they are seen; `new` is 0 for those not seen yet."""
    count = 0
    for k in range(len(labels)):
        label = labels[k]
        if label != 0:
            if new[label] == 0:
                count += 1
                new[label] = count
            labels[k] = new[label]
    return count
