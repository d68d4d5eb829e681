"""COCO run lengths: counts of cells outside and inside by turns, columns first.

In compressed form every count is written in digits of five bits from the lowest on, with 48
added to make a character, and bit 5 set where more digits follow; from the third count on it
is the difference to the one before the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._jit import specialise
from overlap.regions._bits import Bits

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["bits_of_rle", "rle_of_bits"]


# ------------------------------------------------------------------------------- kernels


def read_counts(text, begin, end, counts):
    """Read the counts of one mask; return how many, or -1 - the place of a bad character."""
    count = 0
    k = begin
    while k < end:
        value, shift, digit, more = np.int64(0), 0, np.int64(0), True
        while more:
            if k == end or text[k] < 48 or text[k] > 111 or shift > 55:
                return -1 - k
            digit = np.int64(text[k]) - 48
            value |= (digit & 31) << shift
            more = (digit & 32) != 0
            shift += 5
            k += 1
        if digit & 16:
            value -= 1 << shift
        if count > 2:
            value += counts[count - 2]
        if value < 0:
            return -1 - (k - 1)
        counts[count] = value
        count += 1
    return count


def write_counts(counts, text):
    """Write counts as characters; return how many."""
    size = 0
    for k in range(counts.shape[0]):
        value = counts[k]
        if k > 2:
            value -= counts[k - 2]
        more = True
        while more:
            digit = value & 31
            value >>= 5
            more = value != -1 if digit & 16 else value != 0
            text[size] = digit + (32 if more else 0) + 48
            size += 1
    return size


# ------------------------------------------------------------------------------- functions


def bits_of_rle(rles: Sequence[Mapping[str, Any]]) -> Bits:
    """Return masks from COCO run lengths, compressed or as lists of counts."""
    if isinstance(rles, Mapping):
        raise TypeError("Masks.from_rle: expected a sequence of run lengths; put the one in a list")
    rles = list(rles)
    if not rles:
        raise ValueError("Masks.from_rle: needs at least one mask, to know the grid")
    sizes = [_size(rle, n) for n, rle in enumerate(rles)]
    for n, size in enumerate(sizes):
        if size != sizes[0]:
            raise ValueError(
                f"Masks.from_rle: rles[{n}] has size {size} and rles[0] {sizes[0]}; masks of one "
                "batch lie on one grid"
            )
    height, width = sizes[0]
    total = height * width
    parts, pointer = [], np.zeros(len(rles) + 1, np.int64)
    for n, rle in enumerate(rles):
        counts = _counts(rle["counts"], n)
        ends = np.cumsum(counts)
        if len(counts) == 0 or ends[-1] != total:
            raise ValueError(
                f"Masks.from_rle: the counts of rles[{n}] add up to {counts.sum()}, and its size "
                f"{[height, width]} has {total} cells"
            )
        begin, end = ends[: len(ends) // 2 * 2 : 2], ends[1::2]
        some = end > begin
        parts.append((begin[some], end[some]))
        pointer[n + 1] = pointer[n] + np.count_nonzero(some)
    begin, end = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Bits.from_runs((width, height), "F", pointer, begin, end)


def _size(rle: Mapping[str, Any], n: int) -> tuple[int, int]:
    try:
        height, width = map(int, rle["size"])
        rle["counts"]
    except (TypeError, KeyError, ValueError, IndexError):
        raise TypeError(
            f"Masks.from_rle: rles[{n}] = {rle!r:.60}; expected "
            '{"size": [height, width], "counts": ...}'
        ) from None
    if height < 1 or width < 1:
        raise ValueError(f"Masks.from_rle: rles[{n}] has size {[height, width]}; it must be >= 1")
    return height, width


def _counts(raw: object, n: int) -> NDArray[np.int64]:
    if isinstance(raw, str):
        raw = raw.encode("utf-8")
    if isinstance(raw, bytes):
        text = np.frombuffer(raw, np.uint8)
        counts = np.empty(len(text), np.int64)
        count = specialise(read_counts)(text, 0, len(text), counts)
        if count < 0:
            raise ValueError(
                f"Masks.from_rle: the counts of rles[{n}] are damaged at character {-1 - count}"
            )
        return counts[:count]
    counts = np.asarray(raw)
    if counts.ndim != 1 or counts.dtype.kind not in "iu":
        raise TypeError(
            f"Masks.from_rle: counts of rles[{n}]: expected bytes, a string or whole numbers, got "
            f"{type(raw).__name__}"
        )
    bad = np.flatnonzero(counts < 0)
    if bad.size:
        raise ValueError(
            f"Masks.from_rle: counts[{bad[0]}] of rles[{n}] is {counts[bad[0]]}, below 0"
        )
    return counts.astype(np.int64)


def rle_of_bits(bits: Bits, rows: NDArray[np.intp], compressed: bool) -> list[dict[str, Any]]:
    """Return COCO run lengths of planar masks."""
    bits = bits.ordered("F")
    width, height = bits.shape
    result = []
    for n in rows:
        begin, end = bits.runs(n)
        counts = np.empty(2 * len(begin) + 1, np.int64)
        edges = np.concatenate([[0], np.stack([begin, end], 1).ravel(), [width * height]])
        counts[:] = np.diff(edges)
        if counts[-1] == 0 and len(counts) > 1:
            counts = counts[:-1]  # ends inside
        result.append(
            {
                "size": [int(height), int(width)],
                "counts": _text(counts) if compressed else counts.tolist(),
            }
        )
    return result


def _text(counts: NDArray[np.int64]) -> bytes:
    text = np.empty(13 * len(counts), np.uint8)
    return text[: specialise(write_counts)(counts, text)].tobytes()
