"""Gradients of interval sets with respect to their edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap._kernels.jit import specialise

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["pull_sets"]


def insides(a, ia, b, jb, inside):
    """Write for each edge of every ``a[i]`` whether it is in ``b[j]``: 0, 1/2 or 1.

    One half where only one side of it is: at an edge of both.
    """
    place = 0
    for k in range(ia.shape[0]):
        i, j = ia[k], jb[k]
        e, end, f, end_f = a[0][i], a[1][i], b[0][j], b[1][j]
        below, upto = f, f
        while e < end:
            x, y, z = a[6][e], b[6][below], b[6][upto]
            ahead = (below < end_f) & (y < x)
            level = (upto < end_f) & (z <= x)
            below += ahead
            upto += level
            inside[place] = 0.5 * ((below & 1) + (upto & 1))
            done = not (ahead | level)
            e += done
            place += done


def pull_sets(
    a: tuple[NDArray, ...],
    ia: NDArray[np.int64],
    b: tuple[NDArray, ...],
    jb: NDArray[np.int64],
    partials: NDArray[np.float64],
    second: bool,
) -> NDArray[np.float64]:
    """Return the gradients of listed pairs with respect to starts and stops of ``a[i]``.

    Parameters
    ----------
    a, b : tuple of ndarray
        Kernel columns.
    ia, jb : ndarray of int64, shape (K,)
    partials : ndarray, shape (11, K)
        Of a score with respect to every term, as `overlap._kernels.loops` has the rows.
    second : bool
        The sets of `a` are the second ones of the pairs.

    Returns
    -------
    ndarray, shape (E, 2)
        The intervals of the first pair, then of the second, and so on.
    """
    first, last, measure, center, lower, upper, edges = a
    own, side, sign = (1, 9, -1.0) if second else (0, 8, 1.0)
    other_empty = b[2][jb] == 0.0
    low, high, low_b, high_b = lower[ia], upper[ia], b[4][jb], b[5][jb]
    empty = measure[ia] == 0.0
    with np.errstate(invalid="ignore"):
        hull = np.where(empty, 0.0, np.maximum(high, high_b) - np.minimum(low, low_b))
        away = np.maximum(low, low_b) - np.minimum(high, high_b)
    # Where the other set has no center, the squared gap is that of the hull.
    gap = np.where(other_empty, 0.0, center[ia] - b[3][jb])
    cover = partials[3] + 2.0 * hull * (partials[5] + other_empty * partials[4]) + partials[10]
    move = 2.0 * gap * partials[4] + np.where(other_empty, 0.0, sign * partials[7])
    between = np.where(other_empty | empty, 0.0, partials[6] * _over(away, 0.0))
    # What both ends of the span, and every edge, contribute.
    at_low = -cover * _over(low_b, low) - partials[side] + between * (low >= high_b)
    at_high = cover * _over(high, high_b) + partials[side] - between * (high <= low_b)

    size = last[ia] - first[ia]
    begin = np.cumsum(size) - size
    place = np.arange(int(size.sum())) + np.repeat(first[ia] - begin, size)
    inside = np.empty(len(place))
    specialise(insides)(a, ia, b, jb, inside)
    weight = np.repeat(np.stack([partials[own], partials[2], move]), size, axis=1)
    pair = np.repeat(ia, size)
    grad = weight[0] + weight[1] * inside
    grad += weight[2] * (edges[place] - center[pair]) / measure[pair]
    grad[::2] *= -1.0
    some = ~empty
    np.add.at(grad, begin[some], at_low[some])
    np.add.at(grad, (begin + size - 1)[some], at_high[some])
    return grad.reshape(-1, 2)


def _over(x: NDArray, y: NDArray | float) -> NDArray[np.float64]:
    """Return 1 where x > y, 0 where x < y, and one half at the tie."""
    return 0.5 * (x > y) + 0.5 * (x >= y)
