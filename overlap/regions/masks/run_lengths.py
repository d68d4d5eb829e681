"""COCO run lengths: counts of cells outside and inside by turns, columns first.

In compressed form every count is written in digits of five bits from the lowest on, with 48
added to make a character, and bit 5 set where more digits follow; from the third count on it
is the difference to the one before the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._kernels.jit import run_blocks, specialise
from overlap.regions.masks.bits import Bits

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["bits_of_rle", "edges_of_texts", "rle_of_bits", "runs_of_rles"]

_MOST_CELLS = 1 << 53  # float64 counts them all
_COST = 1.0  # nanoseconds of a character, about
_SIZE, _COUNTS = itemgetter("size"), itemgetter("counts")

# ------------------------------------------------------------------------------- kernels


def read_texts(
    text, starts, ends, escaped, totals, pad, low, high, runs, pointer, begin, end
):  # fmt: skip
    """Read compressed counts of the masks from `low` to `high`, [starts, ends) in the text.

    Their runs of cells [begin, end) are written from place `runs` on; `pointer` says behind which
    those of each mask end. Where texts are `escaped`, a backslash is written twice, as in JSON.
    Return -1 and the place behind the last run, or the number of the mask that is damaged and where
    in its text; where its counts do not add up to its total (to more than it, for `pad`), minus
    one minus their sum instead.
    """
    for n in range(low, high):
        k, start, stop, position = starts[n], starts[n], ends[n], np.int64(0)
        # The counts one and two before; the first three are written as they are.
        last, before, seen = np.int64(0), np.int64(0), 0
        while k < stop:
            digit = np.int64(text[np.uint64(k)]) - 48
            k += 1
            if 0 <= digit < 32:  # the only one, as a rule
                value = digit - ((digit & 16) << 1)
            else:
                value, shift, digit, k = np.int64(0), 0, np.int64(32), k - 1
                while digit & 32:
                    if k == stop or shift > 55:
                        return n, k - start
                    digit = np.int64(text[np.uint64(k)]) - 48
                    k += 1
                    bad = digit < 0 or digit > 63
                    if escaped and digit == 44:
                        bad = text[np.uint64(k)] != 92
                        k += 1
                    if bad:
                        return n, k - 1 - start
                    value |= (digit & 31) << shift
                    shift += 5
                value -= ((digit & 16) >> 4) << shift
            value += before if seen > 2 else 0
            if value < 0:
                return n, k - 1 - start
            before, last = last, value
            if seen & 1 and value > 0:
                begin[runs] = position
                end[runs] = position + value
                runs += 1
            position += value
            seen += 1
        if position > totals[n] or (position < totals[n] and not pad):
            return n, -1 - position
        pointer[n + 1] = runs
    return -1, runs


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


def bits_of_rle(rles: Sequence[Mapping[str, Any]], pad: bool) -> Bits:
    """Return masks from COCO run lengths, compressed or as lists of counts.

    With `pad`, cells that are left after the counts are outside.
    """
    if isinstance(rles, Mapping):
        raise TypeError("Masks.from_rle: expected a sequence of run lengths; put the one in a list")
    rles = list(rles)
    if not rles:
        raise ValueError("Masks.from_rle: needs at least one mask, to know the grid")
    (height, width), counts = _size_and_counts(rles)
    runs = _runs(counts, np.full((len(rles), 2), (height, width), np.int64), pad)
    return Bits.from_runs((width, height), "F", *runs)


def runs_of_rles(
    rles: Sequence[Mapping[str, Any]],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], list[tuple[int, int]]]:
    """Return runs of cells of masks, each on a grid of its own.

    Parameters
    ----------
    rles : sequence of mapping
        COCO run lengths, compressed or as lists of counts.

    Returns
    -------
    pointer : ndarray, dtype=int64, shape (N + 1,)
        Mask n has the runs ``pointer[n]`` to ``pointer[n + 1]``.
    begin, end : ndarray, dtype=int64
        First cell of each run and the cell behind its last, columns first.
    sizes : list of (int, int)
        Height and width of each grid.
    """
    sizes = [_size(rle, n) for n, rle in enumerate(rles)]
    grids = np.array(sizes, np.int64).reshape(-1, 2)
    raw = list(map(_COUNTS, rles))
    texts = np.array([isinstance(counts, str | bytes) for counts in raw], dtype=bool)
    if texts.all() or not texts.any():
        return *_runs(raw, grids, False), sizes
    # lists of counts and texts: each are read together, then all are put in order
    width = np.zeros(len(raw), np.int64)
    parts = []
    for chosen in (np.flatnonzero(texts), np.flatnonzero(~texts)):
        part = _runs([raw[n] for n in chosen], grids[chosen], False)
        width[chosen] = np.diff(part[0])
        parts.append((np.repeat(chosen, np.diff(part[0])), *part[1:]))
    owner, begin, end = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(owner, kind="stable")
    return np.concatenate([[0], np.cumsum(width)]), begin[order], end[order], sizes


def edges_of_texts(
    text: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64], cells: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return where masks begin and end by turns, from compressed counts in JSON.

    Parameters
    ----------
    text : bytes
    starts, ends : ndarray, dtype=int64, shape (N,)
        Where the counts of each mask begin and end, without their quotes.
    cells : ndarray, dtype=int64, shape (N,)
        Number of cells of each grid.

    Returns
    -------
    edges : ndarray, dtype=int32 or of large grids float64, shape (2 R + 2,)
        First cell of each run and the cell behind its last, columns first. Runs of a mask rise;
        where a count is 0, two may touch. The last two numbers are room for `sets_of_edges`.
    counts : ndarray, dtype=int64, shape (N,)
        Number of runs of each mask.

    Raises
    ------
    ValueError
        Counts are damaged, or do not add up to the number of cells.
    """
    # a run has two characters or more: where those of each mask may begin
    room = np.append(0, np.cumsum((ends - starts) >> 1))
    edges = np.empty(2 * room[-1] + 2, np.int32 if cells.max(initial=0) < 1 << 31 else np.float64)
    pointer, view = np.zeros(len(starts) + 1, np.int64), np.frombuffer(text, np.uint8)
    read, done = specialise(read_texts), dict[int, tuple[int, int, int]]()

    def work(low: int, high: int) -> None:
        done[low] = high, *read(
            view, starts, ends, True, cells, False, low, high, room[low], pointer, edges[::2],
            edges[1::2],
        )  # fmt: skip

    run_blocks(work, len(starts), 2.0 * _COST * room[-1])
    for low in sorted(done):
        high, damaged, last = done[low]
        if damaged >= 0:
            raise ValueError(f"the counts of mask {damaged} are damaged")
        first, to = room[low], pointer[low]
        edges[2 * to : 2 * (to + last - first)] = edges[2 * first : 2 * last]
        pointer[low + 1 : high + 1] += to - first
    return edges[: 2 * pointer[-1] + 2], np.diff(pointer)


def _runs(
    raw: Sequence[Any], sizes: NDArray[np.int64], pad: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return pointer, first cells and last cells of the runs of masks."""
    types = set(map(type, raw))
    if types <= {bytes, str}:
        texts = [x.encode() if isinstance(x, str) else x for x in raw] if str in types else raw
        return _runs_of_texts(texts, sizes, pad)
    return _runs_of_counts([_counts(x, n) for n, x in enumerate(raw)], sizes, pad)


def _runs_of_texts(
    texts: Sequence[bytes], sizes: NDArray[np.int64], pad: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    totals = sizes[:, 0] * sizes[:, 1]
    text = np.frombuffer(b"".join(texts), np.uint8)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    ends = lengths.cumsum()
    starts = ends - lengths
    pointer = np.zeros(len(texts) + 1, np.int64)
    begin, end = np.empty((2, len(text) // 2 + 1), np.int64)
    n, place = specialise(read_texts)(
        text, starts, ends, False, totals, pad, 0, len(texts), 0, pointer, begin, end
    )
    if n >= 0 and place < 0:
        raise _wrong_total(n, -1 - place, *sizes[n].tolist())
    if n >= 0:
        raise ValueError(
            f"Masks.from_rle: the counts of rles[{n}] are damaged at character {place}"
        )
    return pointer, begin[: pointer[-1]], end[: pointer[-1]]


def _runs_of_counts(
    lists: list[NDArray[np.int64]], sizes: NDArray[np.int64], pad: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    parts, pointer = [], np.zeros(len(lists) + 1, np.int64)
    for n, (counts, (height, width)) in enumerate(zip(lists, sizes.tolist(), strict=True)):
        if counts.sum() > height * width or (counts.sum() < height * width and not pad):
            raise _wrong_total(n, int(counts.sum()), height, width)
        ends = np.cumsum(counts)
        begin, end = ends[: len(ends) // 2 * 2 : 2], ends[1::2]
        some = end > begin
        parts.append((begin[some], end[some]))
        pointer[n + 1] = pointer[n] + np.count_nonzero(some)
    begin, end = (np.concatenate(column) for column in zip(*parts, strict=True))
    return pointer, begin, end


def _wrong_total(n: int, total: int, height: int, width: int) -> ValueError:
    return ValueError(
        f"Masks.from_rle: the counts of rles[{n}] add up to {total}, and its size "
        f"{[height, width]} has {height * width} cells"
        + ("; pad=True takes the rest as outside" if total < height * width else "")
    )


def _size_and_counts(rles: Sequence[Mapping[str, Any]]) -> tuple[tuple[int, int], list[Any]]:
    """Return the size that all masks have, and the counts of each."""
    first = _size(rles[0], 0)
    try:
        sizes, counts = list(map(_SIZE, rles)), list(map(_COUNTS, rles))
        if sizes.count(sizes[0]) == len(rles):
            return first, counts  # the usual case, at once
    except (TypeError, KeyError, ValueError, IndexError):
        pass  # another look finds which one it is
    for n, rle in enumerate(rles):
        size = _size(rle, n)
        if size != first:
            raise ValueError(
                f"Masks.from_rle: rles[{n}] has size {size} and rles[0] {first}; masks of one "
                "batch lie on one grid"
            )
    return first, list(map(_COUNTS, rles))


def _size(rle: Mapping[str, Any], n: int) -> tuple[int, int]:
    try:
        height, width = map(int, rle["size"])
        rle["counts"]
    except (TypeError, KeyError, ValueError, IndexError, OverflowError):
        advice = ""
        if isinstance(rle, Mapping) and "segmentation" in rle:
            advice = "; this is an annotation, give its 'segmentation'"
        elif isinstance(rle, list):
            advice = (
                "; polygons are for Polygons.from_coco, or for pycocotools.mask.frPyObjects, which "
                "makes run lengths of them"
            )
        raise TypeError(
            f"Masks.from_rle: rles[{n}] = {rle!r:.60}; expected "
            f'{{"size": [height, width], "counts": ...}}{advice}'
        ) from None
    if height < 1 or width < 1:
        raise ValueError(f"Masks.from_rle: rles[{n}] has size {[height, width]}; it must be >= 1")
    if height * width > _MOST_CELLS:
        raise ValueError(
            f"Masks.from_rle: rles[{n}] has size {[height, width]}; at most 2**53 cells are "
            "possible"
        )
    return height, width


def _counts(raw: object, n: int) -> NDArray[np.int64]:
    counts = np.asarray(raw)
    if counts.ndim != 1 or (counts.size and counts.dtype.kind not in "iu"):
        raise TypeError(
            f"Masks.from_rle: counts of rles[{n}]: expected bytes or strings in every mask, or "
            f"whole numbers in every mask, got {type(raw).__name__}"
            + (f" of {counts.dtype}" if isinstance(raw, list | tuple) else "")
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


def _text(counts: NDArray[np.int64]) -> str:
    text = np.empty(13 * len(counts), np.uint8)
    return text[: specialise(write_counts)(counts, text)].tobytes().decode("ascii")
