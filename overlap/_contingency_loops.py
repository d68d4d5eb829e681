"""Loops over two label volumes at once: runs of equal pairs of labels, and what they sum to.

Rows are read as 64-bit words of 8, 4, 2 or 1 labels. A word of the first volume and one of the
second are compared with the labels of the current run, repeated in all their places; while
both agree, the run goes on. So the cost is that of reading, plus that of the runs.

Per pair of labels and plane, one row of RUN_COLUMNS numbers is kept in the cache:
voxels, twice the sum of x, the sum of y, and the ends of x and y. When the plane is done, the rows
that it touched are added to the totals, which have for every axis a sum and two ends.
"""

from __future__ import annotations

import numpy as np

from overlap._jit import scalar

__all__ = ["GROUP", "RUN_COLUMNS", "SEGMENT", "clear_rows", "count_runs", "first_seen", "rehash"]

GROUP = 8  # words that are compared at once
SEGMENT = 256  # words after which there must be room for new pairs
RUN_COLUMNS = 8
_FAR = 1 << 62
_HALF = np.uint64(0xFFFFFFFF)
_QUARTER = np.uint64(0xFFFF)
_EIGHTH = np.uint64(0xFF)
_NONE = np.uint64(0)


@scalar
def place(a, b, table, keys):
    """Return where a pair of labels is in the table, or where it belongs."""
    last = len(table) - 1
    h = (a & 0xFFFFFF) * 40503 + (b & 0xFFFFFF) * 60493
    h = (h ^ (h >> 11)) & last
    s = table[h]
    while s >= 0 and (keys[s, 0] != a or keys[s, 1] != b):
        h = (h + 1) & last
        s = table[h]
    return h


@scalar
def clear_row(run, s):
    run[s, 0] = 0
    run[s, 1] = 0
    run[s, 2] = 0
    run[s, 3] = _FAR
    run[s, 4] = -_FAR
    run[s, 5] = _FAR
    run[s, 6] = -_FAR


@scalar
def close_run(a, b, y, low, high, table, keys, run, touched, used):
    """Add the run of the pair (a, b) from x = low to x = high in row y."""
    h = place(a, b, table, keys)
    s = table[h]
    if s < 0:
        s = used[0]
        table[h] = s
        keys[s, 0] = a
        keys[s, 1] = b
        used[0] = s + 1
    n = high - low
    touched[used[1]] = s
    used[1] += run[s, 0] == 0
    run[s, 0] += n
    run[s, 1] += n * (low + high - 1)
    run[s, 2] += n * y
    run[s, 3] = min(run[s, 3], low)
    run[s, 4] = max(run[s, 4], high)
    run[s, 5] = min(run[s, 5], y)
    run[s, 6] = max(run[s, 6], y + 1)


@scalar
def fold(outer, p, run, touched, used, total):
    """Add what plane p has touched to the totals."""
    axes = outer.shape[1] + 2
    for k in range(used[1]):
        s = touched[k]
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
        clear_row(run, s)
    used[1] = 0


@scalar
def differ(words_a, words_b, i, j, a, b):
    """Return whether any of GROUP words differs from those of the current run (0: none)."""
    d = _NONE
    for m in range(GROUP):
        k = np.uintp(m)
        d |= (words_a[i + k] ^ a) | (words_b[j + k] ^ b)
    return d


@scalar
def first_bit(d):
    """Return the place of the byte of the lowest bit that is set, in bits."""
    q = np.uint64((d & _HALF) == _NONE) << np.uint64(5)
    d = d >> q
    r = np.uint64((d & _QUARTER) == _NONE) << np.uint64(4)
    d = d >> r
    return q + r + (np.uint64((d & _EIGHTH) == _NONE) << np.uint64(3))


def count_runs(
    words_a, words_b, base, step, words, power, low, spread, window, outer, at,
    table, keys, run, touched, used, total,
):  # fmt: skip
    """Walk planes of rows of words; return False where there may be no room for new pairs.

    `base` (P, 2) and `step` (2,) say where planes and rows begin, in words, and `words` how many a
    row has. A word holds ``2**power`` labels; `low` has the bits of its lowest label, and `spread`
    a 1 in every label. `window` is the first x, the first y, the number of rows and the labels
    per row. `at` (plane, row, word) is where to begin, and where to go on after False. What is
    left of the last word of a row is filled up with the row's last label.
    """
    shift = 6 - power
    whole = np.uint64(64 - (1 << shift))
    width, group, one = np.uintp(words), np.uintp(GROUP), np.uintp(1)
    x0, y0, rows, length = window[0], window[1], window[2], window[3]
    room = len(keys) - (SEGMENT << power)
    y_from, w_from = at[1], at[2]
    for p in range(at[0], len(base)):
        for y in range(y_from, rows):
            i = np.uintp(base[p, 0] + y * step[0])
            j = np.uintp(base[p, 1] + y * step[1])
            w = np.uintp(w_from)
            while w < width:
                if used[0] > room:
                    at[0], at[1], at[2] = p, y, np.int64(w)
                    return False
                stop = min(w + np.uintp(SEGMENT), width)
                start = (np.int64(w) * 64) >> shift
                label_a, label_b = words_a[i + w] & low, words_b[j + w] & low
                a, b = label_a * spread, label_b * spread
                while w < stop:
                    if w + group <= stop and differ(words_a, words_b, i + w, j + w, a, b) == _NONE:
                        w += group
                        continue
                    end = min(w + group, stop)
                    while w < end:
                        word_a, word_b = words_a[i + w], words_b[j + w]
                        d = (word_a ^ a) | (word_b ^ b)
                        while d != _NONE:
                            q = first_bit(d) & whole
                            x = (np.int64(w) * 64 + np.int64(q)) >> shift
                            close_run(
                                np.int64(label_a), np.int64(label_b), y + y0, start + x0, x + x0,
                                table, keys, run, touched, used,
                            )  # fmt: skip
                            start = x
                            label_a, label_b = (word_a >> q) & low, (word_b >> q) & low
                            a, b = label_a * spread, label_b * spread
                            d = (((word_a ^ a) | (word_b ^ b)) >> q) << q
                        w += one
                x = min((np.int64(w) * 64) >> shift, length)
                close_run(
                    np.int64(label_a), np.int64(label_b), y + y0, start + x0, x + x0,
                    table, keys, run, touched, used,
                )  # fmt: skip
            w_from = 0
        fold(outer, p, run, touched, used, total)
        y_from = 0
    return True


def clear_rows(run, start):
    """Make rows of the plane's sums empty."""
    for s in range(start, len(run)):
        clear_row(run, s)


def rehash(keys, count, table):
    """Fill an empty table with the known pairs."""
    for s in range(count):
        table[place(keys[s, 0], keys[s, 1], table, keys)] = s


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
