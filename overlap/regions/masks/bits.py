"""Hard masks as packed bits, 64 cells to a word, in memory order.

Of every mask only the words between its first and its last cell are kept, so that the many
small masks of an image are small in memory as well, and two masks are compared only where
both have words.
"""

from __future__ import annotations

import math
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.limits import MOST_BYTES, in_bytes
from overlap._kernels.jit import run_blocks, scalar, specialise
from overlap._kernels.words import filled, first_bit, popcount

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Bits"]


_0, _1, _2, _8, _64 = (np.uint64(k) for k in (0, 1, 2, 8, 64))
_FULL = ~_0
_WORD = 64
_CHUNK = 1 << 24  # cells that are copied at once
_LARGE = 1 << 22  # cells of a mask that threads share
_PIECE = 1 << 20  # of such a mask
_BLOCK = np.uint64(32)  # words that are skipped together where they are empty


# ------------------------------------------------------------------------------- kernels


def pack_rows(cells, numbers, size, words, close, first, length, count):
    """Pack rows of cells, 64 bytes to a word, and find and count the cells that are set.

    `cells` are the bytes of all rows, any but 0 for a cell that is set, and `numbers` the same, by
    eight. Rows have `size` words. Only those from the first to the last that is not empty are
    written: if `close`, one row right after the other, else each at its own place, and the words
    before the first may stay what they were. Return how many words are used.
    """
    place = _0
    for n in range(first.shape[0]):
        row = np.uint64(n) * size
        low, high, skipped, total = _0, _0, _0, _0
        for start in range(_0, size, _BLOCK):
            stop = min(start + _BLOCK, size)
            some = _0
            for k in range((row + start) * _8, (row + stop) * _8):
                some |= numbers[k]
            if some == _0:
                if high > _0:
                    for w in range(start - skipped, stop - skipped):
                        words[place + w] = _0
                continue
            if high == _0:
                low = np.uint64(start)
                while filled(cells, (row + low) * _64) == _0:
                    low += _1
                skipped = low if close else _0
            begin = skipped if start < skipped else start
            for w in range(begin, stop):
                words[place + w - skipped] = filled(cells, (row + w) * _64)
            for w in range(begin - skipped, stop - skipped):
                total += popcount(words[place + w])
            high = stop
        while high > low and words[place + high - skipped - _1] == _0:
            high -= _1
        first[n], length[n], count[n] = low, high - low, total
        place += high - low if close else size
    return place


def shared_bits(
    start_a, first_a, length_a, span_a, count_a, a, ia,
    start_b, first_b, length_b, span_b, count_b, b, jb, scale, block,
):  # fmt: skip
    """Write the cells of both masks of listed pairs and those that they share, times `scale`."""
    for k in range(ia.shape[0]):
        i, j = np.uint64(ia[k]), np.uint64(jb[k])
        block[0, k] = count_a[i] * scale
        block[1, k] = count_b[j] * scale
        if max(span_a[i, 0], span_b[j, 0]) >= min(span_a[i, 1], span_b[j, 1]):
            block[2, k] = 0.0
            continue
        low = max(first_a[i], first_b[j])
        high = min(first_a[i] + length_a[i], first_b[j] + length_b[j])
        p = np.uint64(start_a[i] + low - first_a[i])
        q = np.uint64(start_b[j] + low - first_b[j])
        total = _0
        for w in range(np.uint64(max(high - low, 0))):
            total += popcount(a[p + w] & b[q + w])
        block[2, k] = total * scale


def bit_runs(start, first, length, words, n, begin, end):
    """Write the runs of mask n as cells [begin, end), and return how many there are."""
    count = 0
    last = -1
    for w in range(length[n]):
        word = words[start[n] + w]
        position = (first[n] + w) * 64
        while word != _0:
            skip = first_bit(word)
            word = word >> skip
            size = first_bit(~word)
            position += np.int64(skip)
            if position == last:
                count -= 1  # goes on from the word before
            elif begin.shape[0] > 0:
                begin[count] = position
            last = position + np.int64(size)
            if begin.shape[0] > 0:
                end[count] = last
            count += 1
            position = last
            word = word >> size if size < _64 else _0
    return count


@scalar
def _enter(lower, upper, moment, n, shape, line, size):
    for back in range(shape.shape[0] - 1):
        k = shape.shape[0] - 2 - back
        at = line % shape[k]
        line = line // shape[k]
        lower[k, n] = min(lower[k, n], at)
        upper[k, n] = max(upper[k, n], at + 1)
        moment[k, n] += size * at


def spread_bits(start, first, length, words, shape, lower, upper, moment):
    """Find the box of cells of every mask, and the sums of their indices per axis."""
    last = shape.shape[0] - 1
    side = shape[last]
    for n in range(start.shape[0]):
        line, stop, size = 0, side, 0
        low, high, total = side, 0, 0
        for w in range(length[n]):
            word = words[start[n] + w]
            position = (first[n] + w) * 64
            while word != _0:
                skip = first_bit(word)
                word = word >> skip
                run = np.int64(first_bit(~word))
                word = word >> np.uint64(run) if run < 64 else _0
                position += np.int64(skip)
                while run > 0:  # a run may go on in the next line
                    if position >= stop:
                        if size > 0:
                            _enter(lower, upper, moment, n, shape, line, size)
                        line = position // side
                        stop = (line + 1) * side
                        size = 0
                    part = min(run, stop - position)
                    at = position - (stop - side)
                    low = min(low, at)
                    high = max(high, at + part)
                    total += part * at + part * (part - 1) // 2
                    size += part
                    position += part
                    run -= part
        if size > 0:
            _enter(lower, upper, moment, n, shape, line, size)
            lower[last, n] = low
            upper[last, n] = high
            moment[last, n] = total


def fill_runs(pointer, begin, end, start, first, side, words, count, span):
    """Set the bits of the cells [begin, end) of every run of every mask, and count them.

    `span` becomes the part of a line, `side` cells long, that each mask stays in.
    """
    for n in range(start.shape[0]):
        low, high, line, total = side, 0, 0, 0
        back = start[n] - first[n]
        place, word = np.uint64(start[n]), _0  # the one that is being filled
        for k in range(pointer[n], pointer[n + 1]):
            p, last = begin[k], end[k] - 1
            size = last - p + 1
            total += size
            at = p - line
            if at >= side:
                at -= side  # the next line, as a rule
                if at >= side:
                    at %= side
                line = p - at
            low, high = min(low, at if at + size <= side else 0), max(high, at + size)
            v, w = np.uint64(back + (p >> 6)), np.uint64(back + (last >> 6))
            head, tail = _FULL << np.uint64(p & 63), _FULL >> np.uint64(63 - (last & 63))
            if v != place:
                words[place] = word
                place, word = v, _0
            if v == w:
                word |= head & tail
            else:
                words[v] = word | head
                words[v + _1] = _FULL  # or the last, which is written over
                for u in range(v + _2, w):
                    words[u] = _FULL
                place, word = w, tail
        if total > 0:
            words[place] = word
        count[n] = total
        span[n, 0], span[n, 1] = low, min(high, side)


# ----------------------------------------------------------------------------------- class


class Bits:
    """Masks as packed bits.

    Attributes
    ----------
    shape : tuple of int
        Cells per axis, in memory order.
    order : {"C", "F"}
        ``"F"``: memory order has the grid's axes reversed.
    start, first, length : ndarray of int64, shape (N,)
        Where the words of a mask begin, which word of the grid that is, and how many.
    words : ndarray of uint64
    count : ndarray of float64, shape (N,)
        Cells per mask.
    span : ndarray of int64, shape (N, 2)
        The part of a line of cells in which a mask lies, at most; whole lines unless it was
        cheap to know.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        order: str,
        first: NDArray[np.int64],
        length: NDArray[np.int64],
        words: NDArray[np.uint64],
        count: NDArray[np.float64],
        span: NDArray[np.int64] | None = None,
    ) -> None:
        self.shape, self.order = shape, order
        self.span = np.tile([0, shape[-1]], (len(first), 1)) if span is None else span
        self.start = np.cumsum(length) - length
        self.first, self.length, self.words, self.count = first, length, words, count

    @classmethod
    def packed(cls, cells: NDArray[np.bool_], order: str = "C") -> Bits:
        """Pack dense cells, shape (N, *grid)."""
        if order == "F":
            cells = cells.transpose(0, *range(cells.ndim - 1, 0, -1))
        shape = cells.shape[1:]
        n, size = len(cells), math.prod(shape)
        rows = max(n, 1)
        if size > _LARGE:
            rows = 1
        elif not cells.flags.c_contiguous:  # so that copies stay small
            rows = max(_CHUNK // max(size, 1), 1)
        parts = [_packed_rows(cells[k : k + rows], size) for k in range(0, max(n, 1), rows)]
        columns = zip(*parts, strict=True)
        return cls(shape, order, *(x[0] if len(x) == 1 else np.concatenate(x) for x in columns))

    @classmethod
    def from_runs(
        cls,
        shape: tuple[int, ...],
        order: str,
        pointer: NDArray[np.int64],
        begin: NDArray[np.int64],
        end: NDArray[np.int64],
    ) -> Bits:
        """Build masks from ordered runs of cells [begin, end), pointer[n] to pointer[n + 1]."""
        n = len(pointer) - 1
        first, length = np.zeros(n, np.int64), np.zeros(n, np.int64)
        some = pointer[1:] > pointer[:-1]
        at: Any = slice(None) if some.all() else some
        first[at] = begin[pointer[:-1][at]] // _WORD
        length[at] = (end[pointer[1:][at] - 1] - 1) // _WORD + 1 - first[at]
        size = 8 * int(length.sum())
        if size > MOST_BYTES:
            raise ValueError(
                f"Masks.from_rle: {n:,} masks of {' x '.join(map(str, shape))} cells need "
                f"{in_bytes(size)}, at most {in_bytes(MOST_BYTES)} are possible; take fewer at a "
                "time, or cut images into tiles"
            )
        words = np.zeros(size // 8, np.uint64)
        count, span = np.empty(n), np.empty((n, 2), np.int64)
        result = cls(shape, order, first, length, words, count, span)
        runs = pointer, begin, end
        specialise(fill_runs)(*runs, result.start, first, shape[-1], words, count, span)
        return result

    @classmethod
    def joined(cls, parts: list[Bits]) -> Bits:
        """Join masks of one shape and order."""
        columns = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("first", "length", "words", "count", "span")
        )
        return cls(parts[0].shape, parts[0].order, *columns)

    def __len__(self) -> int:
        return len(self.first)

    def dense(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return the cells of listed masks, shape (len(rows), *grid)."""
        size = math.prod(self.shape)
        result = np.zeros((len(rows), size), bool)
        for cells, n in zip(result, rows, strict=True):
            words = self.words[self.start[n] : self.start[n] + self.length[n]]
            low = self.first[n] * _WORD
            part = cells[low : low + self.length[n] * _WORD]
            part[:] = np.unpackbits(
                _little(words).view(np.uint8), count=len(part), bitorder="little"
            )
        return in_grid_order(result.reshape(-1, *self.shape), self.order)

    def ordered(self, order: str) -> Bits:
        """Return the same masks in another memory order."""
        return self if order == self.order else self._turned

    @cached_property
    def _turned(self) -> Bits:
        order = "F" if self.order == "C" else "C"
        parts = [
            Bits.packed(self.dense(np.array([n])), order)  # one at a time: no dense batch
            for n in range(len(self))
        ]
        return Bits.joined(parts) if parts else Bits.packed(np.zeros((0, *self._grid), bool), order)

    @property
    def _grid(self) -> tuple[int, ...]:
        return self.shape if self.order == "C" else self.shape[::-1]

    def runs(self, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the runs of cells of a mask in memory order, ``[begin, end)``."""
        kernel = specialise(bit_runs)
        none = np.empty(0, np.int64)
        size = kernel(self.start, self.first, self.length, self.words, n, none, none)
        begin, end = np.empty(size, np.int64), np.empty(size, np.int64)
        kernel(self.start, self.first, self.length, self.words, n, begin, end)
        return begin, end

    def fill(
        self,
        rows: NDArray[np.intp],
        other: Bits,
        columns: NDArray[np.intp],
        scale: float,
        block: NDArray[np.float64],
    ) -> None:
        """Write the cells of listed pairs, and those that they share, to three rows of a block.

        All are multiplied by `scale`.
        """
        other = other.ordered(self.order)
        specialise(shared_bits)(
            *(self.start, self.first, self.length, self.span, self.count, self.words, rows),
            *(other.start, other.first, other.length, other.span, other.count, other.words),
            *(columns, scale, block),
        )

    def shared(self, rows: NDArray[np.intp], other: Bits, columns: NDArray[np.intp]) -> NDArray:
        """Return the number of cells that listed pairs share."""
        block = np.empty((3, len(rows)))
        self.fill(rows, other, columns, 1.0, block)
        return block[2]

    @cached_property
    def spread(self) -> tuple[NDArray, NDArray, NDArray]:
        """Lower ends, upper ends and centroids of the cells, in cells: shapes (D, N)."""
        axes = len(self.shape)
        lower = np.broadcast_to(np.array(self.shape)[:, None], (axes, len(self))).copy()
        upper, moment = np.zeros_like(lower), np.zeros_like(lower)
        shape = np.array(self.shape, np.int64)
        kernel = specialise(spread_bits)

        def part(lo: int, hi: int) -> None:
            at = slice(lo, hi)
            bounds = np.ascontiguousarray(lower[:, at]), *(np.zeros((2, axes, hi - lo), np.int64))
            kernel(self.start[at], self.first[at], self.length[at], self.words, shape, *bounds)
            for whole, piece in zip((lower, upper, moment), bounds, strict=True):
                whole[:, at] = piece

        run_blocks(part, len(self), 10.0 * len(self.words))
        with np.errstate(invalid="ignore"):
            center = moment / self.count + 0.5  # NaN for empty masks
        step = 1 if self.order == "C" else -1
        return lower[::step], upper[::step], center[::step]


def _little(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return words if sys.byteorder == "little" else words.byteswap()


def in_grid_order(cells: NDArray, order: str) -> NDArray:
    """Return cells whose axes are in memory order as an array in the order of the grid."""
    return cells if order == "C" else cells.transpose(0, *range(cells.ndim - 1, 0, -1))


def _packed_rows(cells: NDArray[np.bool_], size: int) -> tuple[NDArray, ...]:
    """Pack a few masks, and cut off the empty words before and after."""
    n = len(cells)
    table = np.ascontiguousarray(cells).reshape(n, size)
    words = np.empty(n * -(-size // _WORD), np.uint64)
    if size <= _LARGE:
        first, length, count, parts = _pack(table, words, True)
        return first, length, np.concatenate(parts), count
    # one mask, in pieces
    whole = size // _PIECE * _PIECE
    pieces = table[0, :whole].reshape(-1, _PIECE), table[:, whole:]
    targets = np.split(words, [whole // _WORD])
    both = zip(pieces, targets, strict=True)
    packed = [_pack(rows, target, False)[:3] for rows, target in both if rows.size]
    first, length, count = map(np.concatenate, zip(*packed, strict=True))
    starts = np.arange(len(first)) * (_PIECE // _WORD)
    first += starts
    some = np.flatnonzero(count)
    low, high = (first[some[0]], first[some[-1]] + length[some[-1]]) if some.size else (0, 0)
    first[count == 0] += _PIECE // _WORD  # of them nothing was written
    for k in range(some[0] + 1, some[-1] + 1) if some.size else ():
        words[starts[k] : first[k]] = 0
    return np.array([low]), np.array([high - low]), words[low:high], count.sum(keepdims=True)


def _pack(
    table: NDArray[np.bool_], words: NDArray[np.uint64], close: bool
) -> tuple[NDArray, NDArray, NDArray, list[NDArray[np.uint64]]]:
    """Write the words of rows of cells, and of all that are `close` leave out the empty ends.

    Returns
    -------
    first, length, count : ndarray
        Of each row the first word that is not empty, how many there are to the last, and cells.
    parts : list of ndarray
        What is written of `words`, in order.
    """
    n, size = table.shape
    width = -(-size // _WORD)
    counts = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n)
    kernel = specialise(pack_rows)
    parts: dict[int, NDArray[np.uint64]] = {}

    def rows(lo: int, hi: int) -> None:
        part = table[lo:hi]
        if size % _WORD or part.ctypes.data % 8:
            part = np.zeros((hi - lo, width * _WORD), bool)
            part[:, :size] = table[lo:hi]
        part = part.reshape(-1).view()
        part.flags.writeable = False  # one type for the kernel
        views = part.view(np.uint8), part.view(np.uint64)
        own = words[lo * width : hi * width]
        used = kernel(*views, np.uint64(width), own, close, *(x[lo:hi] for x in counts))
        parts[lo] = own[:used]

    run_blocks(rows, n, 0.1 * n * size)
    return *counts, [parts[lo] for lo in sorted(parts)]
