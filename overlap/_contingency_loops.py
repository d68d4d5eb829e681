"""Loops over two label volumes at once: runs of equal pairs of labels, and what they sum to.

Rows are read as 64-bit words of 8, 4, 2 or 1 labels. Every word is compared with itself moved by
one label, for both volumes at once, which leaves a bit pattern where a run ends. The words in
which one ends are listed without a branch, which the processor would guess wrong. Then the runs
are added up one by one.

Per pair of labels and plane, one row of RUN_COLUMNS numbers is kept in the cache:
voxels, twice the sum of x, the sum of y, and the ends of x and y. When the plane is done, the rows
that it touched are added to the totals, which have for every axis a sum and two ends.
"""

from __future__ import annotations

import numpy as np

from overlap._jit import scalar

__all__ = ["RUN_COLUMNS", "SEGMENT", "count_runs", "first_seen", "rehash"]

SEGMENT = 128  # words after which there must be room for new pairs
RUN_COLUMNS = 8
_FAR = 1 << 62
_HALF = np.uint64(0xFFFFFFFF)
_QUARTER = np.uint64(0xFFFF)
_EIGHTH = np.uint64(0xFF)
_NONE = np.uint64(0)
_ONE = np.uint64(1)
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
    words_a, words_b, base, step, words, power, window, outer, at, edge, listed, ends,
    table, keys, run, touched, used, total,
):  # fmt: skip
    """Walk planes of rows of words; return False where there may be no room for new pairs.

    `base` (P, 2) and `step` (2,) say where planes and rows begin, in words, and `words` how many a
    row has. A word holds ``2**power`` labels. `window` is the first x, the first y, the number of
    rows and the labels per row. `at` (plane, row, word) is where to begin, and where to go on
    after False. What is left of the last word of a row is filled up with the row's last label.

    Everything is written out in one function: handing arrays to another one inside these loops
    counts references, which took two thirds as long as all the rest together.
    """
    shift = 6 - power
    up, down = np.uint64((1 << shift) - 1), np.uint64(64 - (1 << shift))  # up, then 1 more
    low = _ONES >> down
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
                # Labels that differ from the one before, in either volume.
                a, b = words_a[i], words_b[j]
                before_a, before_b = a & low, b & low
                edge[0] = (a ^ (((a << up) << _ONE) | before_a)) | (
                    b ^ (((b << up) << _ONE) | before_b)
                )
                for k in range(1, n):
                    w = np.uintp(k)
                    v = w - np.uintp(1)
                    a, b = words_a[i + w], words_b[j + w]
                    before_a, before_b = words_a[i + v] >> down, words_b[j + v] >> down
                    edge[w] = (a ^ (((a << up) << _ONE) | before_a)) | (
                        b ^ (((b << up) << _ONE) | before_b)
                    )
                # The words that have any, and then where they are.
                hits = np.uintp(0)
                for k in range(n):
                    w = np.uintp(k)
                    listed[hits] = k
                    hits += np.uintp(edge[w] != _NONE)
                runs = np.uintp(0)
                for k in range(hits):
                    w = np.uintp(listed[np.uintp(k)])
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
