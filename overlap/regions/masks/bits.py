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

import numba
import numpy as np

from overlap._common.limits import MOST_BYTES, in_bytes
from overlap._kernels.jit import run_blocks, scalar, specialise
from overlap._kernels.words import first_bit, popcount

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Bits"]


_M1 = np.uint64(0x5555555555555555)
_M2 = np.uint64(0x3333333333333333)
_M4 = np.uint64(0x0F0F0F0F0F0F0F0F)
_GATHER = np.uint64(0x0102040810204080)
_0, _1, _2, _4, _8, _56, _64 = (np.uint64(k) for k in (0, 1, 2, 4, 8, 56, 64))
_FULL = ~_0
_ONES = np.uint64(0x0101010101010101)
_CHUNK = 1 << 24  # cells packed in one go
_LARGE = 1 << 22  # cells of a mask that threads share
_PIECE = 1 << 20  # of such a mask
_WORD = 64
_BLOCK = np.uint64(16)  # words that are skipped together where they are empty


def _gathered(x):
    return (x * _GATHER) >> _56


def _gathered_by_shifts(x):
    x = (x | (x >> np.uint64(7))) & np.uint64(0x0003000300030003)
    x = (x | (x >> np.uint64(14))) & np.uint64(0x0000000F0000000F)
    return (x | (x >> np.uint64(28))) & np.uint64(0xFF)


# NumPy's scalars warn where a product wraps around, as it is meant to.
_config: Any = numba.config
gathered = scalar(_gathered_by_shifts if _config.DISABLE_JIT else _gathered)


@scalar
def truth(x):
    """Return 1 in every byte that is not 0."""
    x = x | ((x >> _4) & _M4)
    x = x | ((x >> _2) & _M2)
    return (x | ((x >> _1) & _M1)) & _ONES


# ------------------------------------------------------------------------------- kernels


def pack_rows(cells, words, octets, first, length, count):
    """Pack rows of cells, eight bytes to a number, and find and count the cells that are set.

    `octets` are the bytes of `words`, of which each is made of one number. Blocks of cells that are
    all empty are only looked at; the compiler turns all the inner loops into vectors.
    """
    for n in range(cells.shape[0]):
        row, packed, octet = cells[n], words[n], octets[n]
        size = np.uint64(packed.shape[0])
        low, high, total = size, _0, _0
        for start in range(_0, size, _BLOCK):
            stop = min(start + _BLOCK, size)
            some = _0
            for k in range(_8 * start, _8 * stop):
                some |= row[k]
            if some == _0:
                for w in range(start, stop):
                    packed[w] = _0
                continue
            if (some & ~_ONES) != _0:  # bytes seen as bool can hold other numbers than 1
                for k in range(_8 * start, _8 * stop):
                    octet[k] = np.uint8(gathered(truth(row[k])))
            else:
                for k in range(_8 * start, _8 * stop):
                    octet[k] = np.uint8(gathered(row[k]))
            for w in range(start, stop):
                total += popcount(packed[w])
            low, high = min(low, np.uint64(start)), stop
        while low < high and packed[low] == _0:
            low += _1
        while high > low and packed[high - _1] == _0:
            high -= _1
        first[n] = low if high > _0 else _0
        length[n] = high - low if high > _0 else _0
        count[n] = total


def shared_bits(
    start_a, first_a, length_a, span_a, count_a, a, ia,
    start_b, first_b, length_b, span_b, count_b, b, jb, scale, block,
):  # fmt: skip
    """Write the cells of both masks of listed pairs and those that they share, times `scale`."""
    for k in range(ia.shape[0]):
        i, j = ia[k], jb[k]
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
        rows = max(_CHUNK // max(size, 1), 1)
        parts = [_packed_rows(cells[k : k + rows], size) for k in range(0, n, rows)]
        if not parts:
            parts = [_packed_rows(cells, size)]
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
        some = np.diff(pointer) > 0
        first, length = np.zeros(n, np.int64), np.zeros(n, np.int64)
        first[some] = begin[pointer[:-1][some]] // _WORD
        length[some] = (end[pointer[1:][some] - 1] - 1) // _WORD + 1 - first[some]
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
    words = np.empty((n, -(-size // _WORD)), np.uint64)
    if size <= _LARGE:
        first, length, count = _pack(table, words)
    else:  # one mask, in pieces
        whole = size // _PIECE * _PIECE
        pieces = table[0, :whole].reshape(-1, _PIECE), table[:, whole:]
        filled = np.split(words[0], [whole // _WORD])
        parts = [
            _pack(cells, part.reshape(len(cells), -1))
            for cells, part in zip(pieces, filled, strict=True)
        ]
        first, length, count = map(np.concatenate, zip(*parts, strict=True))
        first += np.arange(len(first)) * (_PIECE // _WORD)
        some = np.flatnonzero(count)
        ends = (first[some[0]], first[some[-1]] + length[some[-1]]) if some.size else (0, 0)
        first, length = np.array([ends[0]]), np.array([ends[1] - ends[0]])
        count = count.sum(keepdims=True)
    kept = [words[k, first[k] : first[k] + length[k]] for k in range(n)]
    joined = np.concatenate(kept) if n > 1 else kept[0] if n else np.empty(0, np.uint64)
    return first, length, joined, count


def _pack(table: NDArray[np.bool_], words: NDArray[np.uint64]) -> tuple[NDArray, ...]:
    """Write the words of rows of cells; return the first ones of each, how many, and the cells."""
    n, size = table.shape
    width = words.shape[1]
    counts = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n)
    kernel = specialise(pack_rows)

    def rows(lo: int, hi: int) -> None:
        part = table[lo:hi]
        if size % _WORD:
            part = np.zeros((hi - lo, width * _WORD), bool)
            part[:, :size] = table[lo:hi]
        packed = words[lo:hi]
        octets = packed.view(np.uint8)
        kernel(_little(part.view(np.uint64)), packed, octets, *(x[lo:hi] for x in counts))
        if sys.byteorder == "big":
            packed.byteswap(inplace=True)

    run_blocks(rows, n, 0.1 * n * size)
    return counts
