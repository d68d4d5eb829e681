"""Counts of pairs of labels over two volumes, with boxes and first moments: they add up exactly."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.values import ByValue
from overlap._kernels.jit import run_blocks, scalar, specialise
from overlap._kernels.plain import suited
from overlap._kernels.words import differing, first_bit

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "RUN_COLUMNS",
    "SEGMENT",
    "LabelPairs",
    "count_label_pairs",
    "count_runs",
    "rehash",
]

_COST = 0.7  # nanoseconds per voxel
_BUFFER = 1 << 18  # bytes that are copied at once where rows cannot be read in place
_CAPACITY = 4096


@dataclass(frozen=True, eq=False)
class LabelPairs(ByValue):
    """Sums over the voxels with each pair of labels; pairs in ascending order.

    Attributes
    ----------
    found, truth : ndarray of int64, shape (K,)
        Labels of both sides.
    count : ndarray of int64, shape (K,)
        Voxels.
    sums : ndarray of int64, shape (K, D)
        Sum of the voxels' indices along every axis.
    lower, upper : ndarray of int64, shape (K, D)
        Half-open box of voxels.
    """

    found: NDArray[np.int64]
    truth: NDArray[np.int64]
    count: NDArray[np.int64]
    sums: NDArray[np.int64]
    lower: NDArray[np.int64]
    upper: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.count)

    def columns(self) -> tuple[NDArray[np.int64], ...]:
        """Return all arrays, in the order of the constructor."""
        return self.found, self.truth, self.count, self.sums, self.lower, self.upper

    def take(self, index: NDArray) -> LabelPairs:
        """Return some of the pairs."""
        return LabelPairs(*(column[index] for column in self.columns()))

    def relabeled(self, found: NDArray[np.int64], truth: NDArray[np.int64]) -> LabelPairs:
        """Return the pairs under other labels, equal ones put together."""
        return grouped(LabelPairs(found, truth, *self.columns()[2:]))

    def side(self, which: str) -> LabelPairs:
        """Return the sums of one side's labels, as pairs of a label with itself."""
        labels = self.found if which == "found" else self.truth
        return self.relabeled(labels, labels)


def grouped(pairs: LabelPairs) -> LabelPairs:
    """Sort pairs and put equal ones together."""
    order = np.lexsort((pairs.truth, pairs.found))
    pairs = pairs.take(order)
    if len(pairs) < 2:
        return pairs
    new = np.ones(len(pairs), np.bool_)
    new[1:] = (pairs.found[1:] != pairs.found[:-1]) | (pairs.truth[1:] != pairs.truth[:-1])
    first = np.flatnonzero(new)
    if len(first) == len(pairs):
        return pairs
    return LabelPairs(
        pairs.found[first],
        pairs.truth[first],
        np.add.reduceat(pairs.count, first),
        np.add.reduceat(pairs.sums, first),
        np.minimum.reduceat(pairs.lower, first),
        np.maximum.reduceat(pairs.upper, first),
    )


def joined(parts: Sequence[LabelPairs]) -> LabelPairs:
    """Return the sum of counts over parts of a volume."""
    columns = zip(*(part.columns() for part in parts), strict=True)
    return grouped(LabelPairs(*map(np.concatenate, columns)))


# ------------------------------------------------------------------------------- walking


@dataclass(frozen=True)
class _Side:
    """A volume with its axes in the order of the walk, and how its labels lie in words."""

    view: NDArray[Any]
    dtype: np.dtype[Any]  # of the labels in the words
    words: NDArray[np.uint64] | None  # the whole volume, or None if rows are copied first

    @classmethod
    def of(cls, array: NDArray[Any], axes: tuple[int, ...], size: int) -> _Side:
        view = array.transpose(axes)
        kind = view.dtype.kind if view.dtype.kind != "b" else "u"
        dtype = np.dtype(f"{kind}{size}")
        strides = [s for s, n in zip(view.strides[:-1], view.shape[:-1], strict=True) if n > 1]
        in_place = (
            view.dtype.isnative
            and view.itemsize == size
            and view.strides[-1] == size
            and view.shape[-1] * size % 8 == 0
            and all(s >= 0 and s % 8 == 0 for s in strides)
            and view.ctypes.data % 8 == 0
        )
        if not in_place:
            return cls(view, dtype, None)
        if view.flags.c_contiguous:  # as a rule; the other way is slow
            words = view.reshape(-1).view(np.uint64)
            words.flags.writeable = False
            return cls(view, dtype, words)
        row = view[(0,) * (view.ndim - 1)].view(np.uint64)
        span = sum((n - 1) * s for n, s in zip(view.shape[:-1], view.strides[:-1], strict=True))
        words = np.lib.stride_tricks.as_strided(row, (span // 8 + len(row),), (8,), writeable=False)
        return cls(view, dtype, words)

    def copied(self, planes: NDArray[np.int64], rows: slice, span: slice) -> NDArray:
        """Return the labels of a block in rows of whole words, filled up with the last label."""
        length = span.stop - span.start
        labels = 8 // self.dtype.itemsize
        width = -(-length // labels)
        block = np.empty((len(planes), rows.stop - rows.start, width), np.uint64)
        cells = block.view(self.dtype)
        for k, plane in enumerate(planes):
            part = self.view[tuple(plane)] if self.view.ndim > 1 else self.view[None]
            cells[k, :, :length] = part[rows, span]
        cells[..., length:] = cells[..., length - 1 : length]
        block.flags.writeable = False
        return block

    def labels(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the labels that words of bits stand for; any byte but 0 of bool is true."""
        if self.view.dtype.kind == "b":
            return (keys != 0).astype(np.int64)
        bits = keys.astype(f"u{self.dtype.itemsize}")
        return bits.view(self.dtype).astype(np.int64)


class _Tally:
    """The counts of one job, which grow with the number of pairs."""

    def __init__(self, axes: int) -> None:
        self._axes = axes
        self.used = np.zeros(2, np.int64)
        blocks = SEGMENT // 8 + 1
        listed, edges = np.zeros(blocks, np.int64), np.zeros(blocks, np.uint64)
        ends, pair_of = np.zeros((2, 8 * SEGMENT + 1), np.int64)
        self.buffers = listed, edges, ends, pair_of
        self._allocate(_CAPACITY)

    def _allocate(self, capacity: int) -> None:
        self.table = np.full(2 * capacity, -1, np.int64)
        self.keys = np.empty((capacity, 2), np.int64)
        self.touched = np.empty(capacity + 1, np.int64)
        self.run = np.empty((capacity, RUN_COLUMNS), np.int64)
        self.total = np.empty((capacity, 1 + 3 * self._axes), np.int64)

    def grow(self) -> None:
        """Make room for twice as many pairs."""
        keys, touched, run, total = self.keys, self.touched, self.run, self.total
        self._allocate(2 * len(keys))
        for new, old in (
            (self.keys, keys), (self.touched, touched), (self.run, run), (self.total, total),
        ):  # fmt: skip
            new[: len(old)] = old
        specialise(rehash)(self.keys, self.used[0], self.table)

    def pairs(self, sides: tuple[_Side, ...], axes: NDArray[np.intp]) -> LabelPairs:
        """Return the counts, with the axes of the walk in the order of the volumes."""
        count = self.used[0]
        total, keys = self.total[:count], self.keys[:count]
        groups = (total[:, 1:].reshape(count, 3, -1)[:, k, axes] for k in range(3))
        found, truth = (side.labels(keys[:, k]) for k, side in enumerate(sides))
        return LabelPairs(found, truth, total[:, 0], *groups)

    def arrays(self) -> tuple[NDArray[Any], ...]:
        return *self.buffers, self.table, self.keys, self.run, self.touched, self.used, self.total


def count_label_pairs(
    found: NDArray[Any], truth: NDArray[Any], offset: Sequence[int]
) -> LabelPairs:
    """Count the pairs of labels of two volumes of one shape (see `read_labels`).

    Rows are walked in the memory order of `truth`. A volume is read where it lies if its rows
    run the same way, are contiguous and made of whole 64-bit words, and if its labels are as
    wide as the other's; otherwise blocks of a quarter of a megabyte are copied as they are
    needed. Large volumes are cut among threads; sums of integers do not depend on that.

    Parameters
    ----------
    found, truth : ndarray of bool or integers, shape (*grid)
    offset : sequence of int
        Index of the first voxel.
    """
    if not found.size:
        empty = np.empty((0, found.ndim), np.int64)
        none = np.empty(0, np.int64)
        return LabelPairs(none, none, none, empty, empty, empty)
    ndim = found.ndim
    strides = [(n > 1, -abs(s), k) for k, (n, s) in enumerate(zip(truth.shape, truth.strides))]  # noqa: B905
    axes = tuple(k for *_, k in sorted(strides))
    size = max(found.itemsize, truth.itemsize)
    sides = tuple(_Side.of(array, axes, size) for array in (found, truth))
    *outer, rows, length = (1, 1, *sides[0].view.shape)[-max(ndim, 2) :]
    corner = (0, *(offset[k] for k in axes))[-max(ndim, 2) :]
    planes = np.ascontiguousarray(np.argwhere(np.ones(outer, bool)))
    tallies: list[_Tally] = []  # those that no thread is using

    # Threads share the planes, the rows of a single plane, or a single row.
    whole = slice(0, len(planes)), slice(0, rows), slice(0, length)
    axis = 0 if len(planes) > 1 else 1 if rows > 1 else 2
    grain = 512 if axis == 2 else 1
    direct = all(side.words is not None for side in sides)

    def job(low: int, high: int) -> None:
        part = slice(low * grain, min(high * grain, whole[axis].stop))
        p, y, x = (part if k == axis else everything for k, everything in enumerate(whole))
        try:
            tally = tallies.pop()
        except IndexError:
            tally = _Tally(max(ndim, 2))
        for block in [(p, y, x)] if direct else _cut((p, y, x), size):
            _count_block(sides, planes, block, corner, size, tally)
        tallies.append(tally)

    run_blocks(job, -(-whole[axis].stop // grain), _COST * found.size)
    back = np.argsort(axes) + max(2 - ndim, 0)
    return joined([tally.pairs(sides, back) for tally in tallies])


def _cut(block: tuple[slice, slice, slice], size: int) -> Iterator[tuple[slice, slice, slice]]:
    """Cut a block into pieces that are small enough to be copied."""
    planes, rows, span = block
    step_x = max(_BUFFER // size, 512) // 512 * 512
    width = min(step_x, span.stop - span.start)
    step_y = max(_BUFFER // (size * width), 1)
    height = min(step_y, rows.stop - rows.start)
    step_p = max(_BUFFER // (size * width * height), 1)
    yield from itertools.product(
        _pieces(planes, step_p), _pieces(rows, step_y), _pieces(span, step_x)
    )


def _pieces(whole: slice, step: int) -> list[slice]:
    starts = range(whole.start, whole.stop, step)
    return [slice(start, min(start + step, whole.stop)) for start in starts]


def _count_block(
    sides: tuple[_Side, ...],
    all_planes: NDArray[np.int64],
    block: tuple[slice, slice, slice],
    corner: Sequence[int],
    size: int,
    tally: _Tally,
) -> None:
    """Count one block of planes, rows and labels of a row."""
    planes, rows, span = all_planes[block[0]], block[1], block[2]
    base = np.zeros((len(planes), 2), np.int64)
    step = np.zeros(2, np.int64)
    words = []
    for k, side in enumerate(sides):
        if side.words is None:
            copy = side.copied(planes, rows, span)
            words.append(copy.reshape(-1))
            step[k] = copy.shape[2]
            base[:, k] = np.arange(len(planes)) * copy.shape[1] * copy.shape[2]
        else:
            strides = (0, 0, *(s // 8 for s in side.view.strides[:-1]))[-len(corner) + 1 :]
            words.append(side.words)
            step[k] = strides[-1]
            base[:, k] = planes @ np.array(strides[:-1], np.int64)
            base[:, k] += rows.start * step[k] + span.start * size // 8
    length = span.stop - span.start
    power = (8 // size).bit_length() - 1
    window = np.array(
        [span.start + corner[-1], rows.start + corner[-2], rows.stop - rows.start, length]
    )
    outer = planes + np.array(corner[:-2], np.int64)
    width = -(-length * size // 8)
    at = np.zeros(4, np.int64)
    bytes_read = len(planes) * (rows.stop - rows.start) * length * size
    kernel = suited(specialise(count_runs), 4 * bytes_read)
    words += [part.view(np.uint8) for part in words]
    while not kernel(*words, base, step, width, power, window, outer, at, *tally.arrays()):
        tally.grow()


# ------------------------------------------------------------------------------- kernels
# Rows are made of whole 64-bit words of 8, 4, 2 or 1 labels, and rows without a gap between them
# are one line. Of both volumes at once, 64 bytes are compared with those one label before: what
# differs is where a run ends. The blocks in which one does are listed without a branch, which the
# processor would guess wrong. Then the runs are added up one by one; a run goes on from row to row.
#
# For each pair of labels and plane, one row of RUN_COLUMNS numbers is kept in the cache: voxels,
# twice the sum of their places in the plane, twice the sum of y, and the ends of x and y, counted
# from the first row and column. When the plane is done, the rows that it touched are added to the
# totals, which have for every axis a sum and two ends.

SEGMENT = 256  # words after which there must be room for new pairs
RUN_COLUMNS = 8
_FAR = 1 << 62
_NONE = np.uint64(0)
_W1, _W3, _W7, _W8, _W64 = (np.uintp(k) for k in (1, 3, 7, 8, 64))
_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


@scalar
def first_place(a, b, last):
    """Return the first place to look for a pair of labels, in a table with `last` + 1 places."""
    h = (a & 0xFFFFFF) * 40503 + (b & 0xFFFFFF) * 60497
    return np.uintp((h ^ (h >> 12)) & last)


@scalar
def fold(outer, p, x0, y0, length, run, touched, marks, total):
    """Add the sums of plane p to the totals."""
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
        total[s, axes - 1] += run[s, 2] // 2 + n * y0
        # The sum of places may wrap around, in huge planes, but the difference is right again.
        total[s, axes] += (run[s, 1] - length * run[s, 2]) // 2 + n * x0
        total[s, 2 * axes - 1] = min(total[s, 2 * axes - 1], run[s, 5] + y0)
        total[s, 2 * axes] = min(total[s, 2 * axes], run[s, 3] + x0)
        total[s, 3 * axes - 1] = max(total[s, 3 * axes - 1], run[s, 6] + y0)
        total[s, 3 * axes] = max(total[s, 3 * axes], run[s, 4] + x0)
        run[s, 0], run[s, 1], run[s, 2] = 0, 0, 0
        run[s, 3], run[s, 4], run[s, 5], run[s, 6] = _FAR, -_FAR, _FAR, -_FAR


def count_runs(
    words_a, words_b, bytes_a, bytes_b, base, step, words, power, window, outer, at,
    listed, edges, ends, pair_of, table, keys, run, touched, used, total,
):  # fmt: skip
    """Walk planes of rows of words; return False where there may be no room for new pairs.

    Both volumes come as words and as bytes (of little-endian machines). `base` (P, 2) and `step`
    (2,) say where planes and rows begin, in words, and `words` how many a row has. A word holds
    ``2**power`` labels. `window` is the first x, the first y, the number of rows and the labels per
    row. `at` (plane, line, word, cell) is where to begin, and where to go on after False. What is
    left of the last word of a row is filled up with the row's last label.

    Everything is written out in one function: handing arrays to another one inside these loops
    counts references, which took two thirds as long as all the rest together.
    """
    narrow = np.uint64(3 - power)
    lane = _W1 << narrow  # bytes of a label
    low = _ONES >> (_W64 - lane * _W8)
    # The bits of the bytes of one label among those of 64 bytes.
    first_byte, one_label = ~(lane - _W1), _ONES >> (_W64 - lane)
    x0, y0, rows, length = window[0], window[1], window[2], window[3]
    # Rows without a gap between them are one line.
    lines, cells, size = rows, length, words
    if step[0] == words and step[1] == words and length == words << power:
        lines, cells, size = 1, rows * length, rows * words
    # Enough above 1 / length that no quotient of whole numbers below 2**49 is rounded amiss.
    inverse = (1.0 + 2.0**-50) / length
    room, last = len(keys) - (SEGMENT << power), len(table) - 1
    pairs, marks = used[0], np.uintp(used[1])
    line_from, word_from, start = at[1], at[2], at[3]
    axes = outer.shape[1] + 2
    for p in range(at[0], len(base)):
        for line in range(line_from, lines):
            origin = line * cells
            if word_from == 0:
                start = origin
            y = np.int64(np.float64(start) * inverse)
            x = start - y * length
            before = y * (start + x - length)  # twice the sum of y over all cells before
            i, j = np.uintp(base[p, 0] + line * step[0]), np.uintp(base[p, 1] + line * step[1])
            for first in range(word_from, size, SEGMENT):
                if pairs > room:
                    at[0], at[1], at[2], at[3] = p, line, first, start
                    used[0], used[1] = pairs, marks
                    return False
                n = min(size - first, SEGMENT)
                i8, j8 = (i + np.uintp(first)) * _W8, (j + np.uintp(first)) * _W8
                # Words before which there are no other ones, or fewer than make a block: by bytes.
                head = min(n, 8) * ((i8 == 0) | (j8 == 0) | (n < 8))
                e = _NONE
                for k in range(8 * head):
                    u, v = i8 + np.uintp(k), j8 + np.uintp(k)
                    a = bytes_a[u] != bytes_a[max(u, lane) - lane]
                    b = bytes_b[v] != bytes_b[max(v, lane) - lane]
                    e |= np.uint64(a | b) << np.uint64(k)
                listed[0], edges[0] = first, e
                blocks = np.uintp(head > 0)
                for k in range(head, n - 7, 8):
                    u, v = i8 + np.uintp(k) * _W8, j8 + np.uintp(k) * _W8
                    e = differing(bytes_a, u, bytes_a, u - lane)
                    e |= differing(bytes_b, v, bytes_b, v - lane)
                    listed[blocks], edges[blocks] = first + k, e
                    blocks += np.uintp(e != _NONE)
                tail = (n - head) % 8
                if tail > 0:  # the last block begins with words that were seen
                    u, v = i8 + np.uintp(n - 8) * _W8, j8 + np.uintp(n - 8) * _W8
                    e = differing(bytes_a, u, bytes_a, u - lane)
                    e |= differing(bytes_b, v, bytes_b, v - lane)
                    e &= _ONES << np.uint64(64 - 8 * tail)
                    listed[blocks], edges[blocks] = first + n - 8, e
                    blocks += np.uintp(e != _NONE)
                if first == 0 and listed[0] == 0:
                    edges[0] &= ~one_label  # a line begins with a run of its own
                runs = np.uintp(0)
                for k in range(blocks):
                    cell, e = origin + (listed[np.uintp(k)] << power), edges[np.uintp(k)]
                    while e != _NONE:
                        q = first_bit(e) & first_byte
                        ends[runs] = cell + np.int64(q >> narrow)
                        runs += _W1
                        e &= ~(one_label << q)
                if first + n == size:
                    ends[runs] = origin + cells
                    runs += _W1
                # First the pairs, then their sums: both loops in one run out of registers.
                known = pairs
                place = np.uint64(start - origin) << narrow  # in bytes
                for k in range(runs):
                    w, q = place >> _W3, (place & _W7) << _W3
                    label_a = np.int64((words_a[i + w] >> q) & low)
                    label_b = np.int64((words_b[j + w] >> q) & low)
                    place = np.uint64(ends[np.uintp(k)] - origin) << narrow
                    h = first_place(label_a, label_b, last)
                    s = table[h]
                    while s >= 0 and (keys[s, 0] != label_a or keys[s, 1] != label_b):
                        h = (h + _W1) & np.uintp(last)
                        s = table[h]
                    if s < 0:
                        s = pairs
                        table[h] = s
                        keys[s, 0], keys[s, 1] = label_a, label_b
                        pairs += 1
                    pair_of[np.uintp(k)] = s
                for s in range(known, pairs):
                    run[s, 0], run[s, 1], run[s, 2] = 0, 0, 0
                    run[s, 3], run[s, 4], run[s, 5], run[s, 6] = _FAR, -_FAR, _FAR, -_FAR
                    for m in range(1 + axes):
                        total[s, m] = 0
                    for m in range(axes):
                        total[s, 1 + axes + m] = _FAR
                        total[s, 1 + 2 * axes + m] = -_FAR
                for k in range(runs):
                    r = np.uintp(pair_of[np.uintp(k)])
                    touched[marks] = r
                    marks += np.uintp(run[r, 0] == 0)
                    stop = ends[np.uintp(k)]
                    count = stop - start
                    alone = count <= length - x  # in one row
                    run[r, 0] += count
                    run[r, 1] += count * (start + stop - 1)
                    run[r, 3] = min(run[r, 3], x if alone else 0)
                    run[r, 4] = max(run[r, 4], x + count if alone else length)
                    run[r, 5] = min(run[r, 5], y)
                    run[r, 2] -= before
                    y = np.int64(np.float64(stop) * inverse)
                    x = stop - y * length
                    before = y * (stop + x - length)
                    run[r, 2] += before
                    run[r, 6] = y + (x > 0)
                    start = stop
            word_from = 0
        fold(outer, p, x0, y0, length, run, touched, marks, total)
        marks = np.uintp(0)
        line_from = 0
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
