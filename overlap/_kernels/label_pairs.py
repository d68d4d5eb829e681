"""Counts of pairs of labels over two volumes, with boxes and first moments: they add up exactly."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.values import ByValue
from overlap._kernels.contingency_loops import (
    RUN_COLUMNS,
    SEGMENT,
    count_runs,
    rehash,
)
from overlap._kernels.jit import run_blocks, specialise

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LabelPairs", "count_label_pairs"]

_COST = 0.7  # nanoseconds per voxel
_BUFFER = 1 << 18  # bytes that are copied at once where rows cannot be read in place
_CAPACITY = 4096


@dataclass(frozen=True, eq=False)
class LabelPairs(ByValue):
    """What the voxels with each pair of labels sum to; pairs in ascending order.

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
        """Return what one side's labels sum to, as pairs of a label with itself."""
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
        row = view[(0,) * (view.ndim - 1)].view(np.uint64)
        span = sum((n - 1) * s for n, s in zip(view.shape[:-1], view.strides[:-1], strict=True))
        words = np.lib.stride_tricks.as_strided(row, (span // 8 + len(row),), (8,), writeable=False)
        return cls(view, dtype, words)

    def copied(self, planes: Sequence[tuple[int, ...]], rows: slice, span: slice) -> NDArray:
        """Return the labels of a block in rows of whole words, filled up with the last label."""
        length = span.stop - span.start
        labels = 8 // self.dtype.itemsize
        width = -(-length // labels)
        block = np.empty((len(planes), rows.stop - rows.start, width), np.uint64)
        cells = block.view(self.dtype)
        for k, plane in enumerate(planes):
            part = self.view[plane] if self.view.ndim > 1 else self.view[None]
            cells[k, :, :length] = part[rows, span]
        cells[..., length:] = cells[..., length - 1 : length]
        block.flags.writeable = False
        return block

    def labels(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the labels that words of bits stand for."""
        bits = keys.astype(f"u{self.dtype.itemsize}")
        return bits.view(self.dtype).astype(np.int64)


class _Tally:
    """The counts of one job, which grow with the number of pairs."""

    def __init__(self, axes: int) -> None:
        self._axes = axes
        self.used = np.zeros(2, np.int64)
        edge = np.zeros(SEGMENT + 4, np.uint64)
        listed, ends = np.zeros(SEGMENT + 1, np.int64), np.zeros(8 * SEGMENT + 1, np.int64)
        self.buffers = edge, edge.view(np.uint8), listed, ends
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
    planes = list(itertools.product(*map(range, outer)))
    parts: list[LabelPairs] = []
    lock = threading.Lock()

    def work(blocks: Iterator[tuple[slice, slice, slice]]) -> None:
        tally = _Tally(max(ndim, 2))
        for block in blocks:
            _count_block(sides, planes, block, corner, size, tally)
        count = tally.used[0]
        total, keys = tally.total[:count], tally.keys[:count]
        back = np.argsort(axes) + max(2 - ndim, 0)
        groups = (total[:, 1:].reshape(count, 3, -1)[:, k, back] for k in range(3))
        pairs = LabelPairs(
            sides[0].labels(keys[:, 0]), sides[1].labels(keys[:, 1]), total[:, 0], *groups
        )
        with lock:
            parts.append(pairs)

    # Threads share the planes, the rows of a single plane, or a single row.
    whole = slice(0, len(planes)), slice(0, rows), slice(0, length)
    axis = 0 if len(planes) > 1 else 1 if rows > 1 else 2
    grain = 512 if axis == 2 else 1
    direct = all(side.words is not None for side in sides)

    def job(low: int, high: int) -> None:
        part = slice(low * grain, min(high * grain, whole[axis].stop))
        p, y, x = (part if k == axis else everything for k, everything in enumerate(whole))
        work(iter([(p, y, x)]) if direct else _cut((p, y, x), size))

    run_blocks(job, -(-whole[axis].stop // grain), _COST * found.size)
    return joined(parts)


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
    all_planes: list[tuple[int, ...]],
    block: tuple[slice, slice, slice],
    corner: Sequence[int],
    size: int,
    tally: _Tally,
) -> None:
    """Count one block of planes, rows and labels of a row."""
    planes, rows, span = all_planes[block[0]], block[1], block[2]
    index = np.array(planes, np.int64).reshape(len(planes), len(corner) - 2)
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
            base[:, k] = index @ np.array(strides[:-1], np.int64)
            base[:, k] += rows.start * step[k] + span.start * size // 8
    length = span.stop - span.start
    power = (8 // size).bit_length() - 1
    window = np.array(
        [span.start + corner[-1], rows.start + corner[-2], rows.stop - rows.start, length]
    )
    outer = index + np.array(corner[:-2], np.int64)
    width = -(-length * size // 8)
    at = np.zeros(3, np.int64)
    kernel = specialise(count_runs)
    words += [part.view(np.uint8) for part in words]
    while not kernel(*words, base, step, width, power, window, outer, at, *tally.arrays()):
        tally.grow()
