"""Shares: soft masks, one value in [0, 1] per cell.

Sums are taken in 64 lanes, chunk by chunk, and added in one order, so that they depend
neither on the number of threads nor on the type of the values, and the sum of the smaller of
p and p is to the bit the sum of p.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.numbers import cut_rounding
from overlap._kernels.jit import compose, run_blocks, scalar, specialise
from overlap._kernels.words import first_bit
from overlap.regions.masks.bits import Bits

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FORMS", "Shares"]

FORMS = ("minmax", "product", "squared")

_LANES = 64
_CHUNK = 1 << 16
_0, _1 = np.uint64(0), np.uint64(1)
_STEP = np.uint64(_LANES)

COMBINE: Callable
SLOPE: Callable


# ------------------------------------------------------------------------------- kernels


@scalar
def _smaller(x, y):
    return x if x < y else y


@scalar
def _product(x, y):
    return x * y


def sum_chunk(p, q, lo, hi, lanes):
    """Return the sum of COMBINE over the cells from lo to hi."""
    for k in range(lanes.shape[0]):
        lanes[k] = 0.0
    whole = np.uint64((hi - lo) // 64)
    for c in range(whole):
        base = np.uint64(lo) + c * _STEP
        for k in range(_STEP):
            lanes[k] += COMBINE(np.float64(p[base + k]), np.float64(q[base + k]))
    base = np.uint64(lo) + whole * _STEP
    for k in range(np.uint64(hi) - base):
        lanes[k] += COMBINE(np.float64(p[base + k]), np.float64(q[base + k]))
    total = 0.0
    for k in range(lanes.shape[0]):
        total += lanes[k]
    return total


def sum_chunks(p, q, size, low, high, lanes, out):
    """Write the sums of the chunks from low to high."""
    for c in range(low, high):
        out[c] = SUM(p, q, c * size, min((c + 1) * size, p.shape[0]), lanes)


def sum_listed(p, ia, q, jb, size, lanes, out):
    """Write the sums of listed pairs."""
    for k in range(ia.shape[0]):
        first, second = p[ia[k]], q[jb[k]]
        total = 0.0
        for lo in range(0, first.shape[0], size):
            total += SUM(first, second, lo, min(lo + size, first.shape[0]), lanes)
        out[k] = total


def sum_inside(p, ia, start, first, length, words, jb, out):
    """Write, for listed pairs, the sum of the values in the cells of a hard mask."""
    for k in range(ia.shape[0]):
        row, j = p[ia[k]], jb[k]
        total = 0.0
        for w in range(length[j]):
            word = words[start[j] + w]
            base = np.uint64((first[j] + w) * 64)
            while word != _0:
                at = first_bit(word)
                total += np.float64(row[base + at])
                word = word & (word - _1)
        out[k] = total


def find_bad(values):
    """Return the first place of a value outside [0, 1], or -1."""
    for lo in range(0, values.shape[0], 4096):
        bad = 0
        for k in range(lo, min(lo + 4096, values.shape[0])):
            bad += 0 if (values[k] >= 0.0) & (values[k] <= 1.0) else 1
        if bad > 0:
            for k in range(lo, min(lo + 4096, values.shape[0])):
                if not ((values[k] >= 0.0) & (values[k] <= 1.0)):
                    return k
    return -1


def weigh(values, shape, support, mass, moment):
    """Sum the values above `support` of every mask, and their moments per axis."""
    last = shape.shape[0] - 1
    side = shape[last]
    for n in range(values.shape[0]):
        row = values[n]
        total = 0.0
        along = 0.0
        for line in range(row.shape[0] // side):
            here, first = 0.0, 0.0
            for k in range(side):
                share = np.float64(row[line * side + k])
                value = share if share > support else 0.0
                here += value
                first += value * k
            rest = line
            for back in range(last):
                axis = last - 1 - back
                moment[axis, n] += here * (rest % shape[axis])
                rest = rest // shape[axis]
            total += here
            along += first
        mass[n] = total
        moment[last, n] += along


@scalar
def _slope_minmax(p, q):
    # Half at a tie; but where p can only rise or only fall, what this direction gives.
    tie = 0.0 if q <= 0.0 else (1.0 if q >= 1.0 else 0.5)
    return 1.0, (1.0 if p < q else (0.0 if p > q else tie))


@scalar
def _slope_product(p, q):
    return 1.0, q


@scalar
def _slope_squared(p, q):
    return 2.0 * p, q


def pull_values(p, q, measure, shared, out):
    """Add the gradient of a score through the measure and the shared part."""
    for k in range(out.shape[0]):
        slopes = SLOPE(np.float64(p[k]), np.float64(q[k]))
        out[k] = measure * slopes[0] + shared * slopes[1]


def pull_center(p, shape, support, center, slope, out):
    """Add the gradient through the centroid of the values above `support`."""
    for k in range(out.shape[0]):
        if np.float64(p[k]) > support:
            rest = k
            move = 0.0
            for back in range(shape.shape[0]):
                axis = shape.shape[0] - 1 - back
                move += slope[axis] * (rest % shape[axis] + 0.5 - center[axis])
                rest = rest // shape[axis]
            out[k] += move


_COMBINE = {"minmax": _smaller, "product": _product, "squared": _product}
_SLOPES = {"minmax": _slope_minmax, "product": _slope_product, "squared": _slope_squared}


def _sum_kernel(template: Callable, form: str) -> Callable:
    return specialise(template, SUM=compose(sum_chunk, COMBINE=_COMBINE[form]))


# ----------------------------------------------------------------------------------- class


class Shares:
    """Soft masks.

    Attributes
    ----------
    values : ndarray of float32 or float64, shape (N, cells)
        In the order of the grid.
    shape : tuple of int
        Cells per axis.
    support : float
        Cells with a larger value are the support of a mask.
    """

    def __init__(self, values: NDArray, shape: tuple[int, ...], support: float) -> None:
        self.values, self.shape, self.support = values, shape, support
        self._measures: dict[str, NDArray[np.float64]] = {}

    @classmethod
    def checked(cls, values: NDArray, support: float) -> Shares:
        """Build masks from an array of shape (N, *grid), or raise for values outside [0, 1].

        What is outside by rounding in the type of the array becomes 0 or 1.
        """
        dtype = np.float32 if values.dtype.itemsize <= 4 else np.float64
        copy = np.array(values, dtype, order="C")
        flat = copy.reshape(-1)
        bad = specialise(find_bad)(flat)
        if bad >= 0:
            cut_rounding(flat, values.dtype)
            bad = specialise(find_bad)(flat)
        if bad >= 0:
            place = ", ".join(map(str, np.unravel_index(bad, copy.shape)))
            raise ValueError(
                f"Masks: values[{place}] = {flat[bad]} is not in [0, 1]; soft masks hold the "
                "share or the probability of every cell"
            )
        copy.flags.writeable = False
        return cls(copy.reshape(len(copy), math.prod(copy.shape[1:])), copy.shape[1:], support)

    def __len__(self) -> int:
        return len(self.values)

    def dense(self, rows: NDArray[np.intp]) -> NDArray:
        """Return the values of listed masks, shape (len(rows), *grid)."""
        return self.values[rows].reshape(-1, *self.shape)

    def measure(self, form: str) -> NDArray[np.float64]:
        """Return the sums of p, or of p squared, shape (N,)."""
        if form not in self._measures:
            index = np.arange(len(self))
            own = "squared" if form == "squared" else "minmax"  # the smaller of p and p is p
            self._measures[form] = self.shared(index, self, index, own)
        return self._measures[form]

    def shared(
        self, rows: NDArray[np.intp], other: Shares, columns: NDArray[np.intp], form: str
    ) -> NDArray[np.float64]:
        """Return the soft intersections of listed pairs."""
        size = self.values.shape[1]
        out = np.empty(len(rows))
        if len(rows) * size < 8 * _CHUNK or len(rows) > 64:
            kernel = _sum_kernel(sum_listed, form)
            kernel(self.values, rows, other.values, columns, _CHUNK, np.empty(_LANES), out)
            return out
        kernel = _sum_kernel(sum_chunks, form)
        parts = np.empty(-(-size // _CHUNK))
        for k, (i, j) in enumerate(zip(rows, columns, strict=True)):
            p, q = self.values[i], other.values[j]

            def chunks(low: int, high: int, p: NDArray = p, q: NDArray = q) -> None:
                kernel(p, q, _CHUNK, low, high, np.empty(_LANES), parts)

            run_blocks(chunks, len(parts), 0.4 * size)
            total = 0.0
            for part in parts.tolist():  # in the order of the kernel above
                total += part
            out[k] = total
        return out

    def inside(
        self, rows: NDArray[np.intp], bits: Bits, columns: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return the sums of the values in the cells of hard masks."""
        out = np.empty(len(rows))
        bits = bits.ordered("C")
        packed = (bits.start, bits.first, bits.length, bits.words)
        specialise(sum_inside)(self.values, rows, *packed, columns, out)
        return out

    @cached_property
    def supports(self) -> Bits:
        """The cells whose values are above `support`."""
        rows = max((1 << 24) // max(self.values.shape[1], 1), 1)
        parts = [
            Bits.packed((self.values[k : k + rows] > self.support).reshape(-1, *self.shape))
            for k in range(0, max(len(self), 1), rows)
        ]
        return Bits.joined(parts)

    @cached_property
    def weights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sums of the values in the supports, and their centroids in cells, shape (D, N)."""
        mass, moment = np.zeros(len(self)), np.zeros((len(self.shape), len(self)))
        shape = np.array(self.shape, np.int64)
        specialise(weigh)(self.values, shape, self.support, mass, moment)
        with np.errstate(invalid="ignore"):
            return mass, moment / mass + 0.5

    def pull(
        self,
        n: int,
        partner: NDArray,
        form: str,
        measure: float,
        shared: float,
        center: NDArray[np.float64],
        out: NDArray[np.float64],
    ) -> None:
        """Write the gradient of a score with respect to the values of mask n.

        Parameters
        ----------
        n : int
        partner : ndarray, shape (cells,)
            Values of the other mask.
        form : str
        measure, shared : float
            Partials with respect to the measure and to the intersection.
        center : ndarray, shape (D,)
            Partials with respect to the centroid of the support, in cells.
        out : ndarray, shape (cells,)
        """
        specialise(pull_values, SLOPE=_SLOPES[form])(self.values[n], partner, measure, shared, out)
        mass, middle = self.weights
        if center.any() and mass[n] > 0.0:
            shape = np.array(self.shape, np.int64)
            specialise(pull_center)(
                *(self.values[n], shape, self.support),
                *(np.ascontiguousarray(middle[:, n]), center / mass[n], out),
            )
