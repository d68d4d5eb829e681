"""AP with the precision normalised to classes of equal size, so that parts of the truths compare.

With :math:`R` the recall, :math:`F` the number of false positives so far and :math:`N` the mean
number of truths of a class, the precision is :math:`RN / (RN + F)`: it does not fall when fewer
truths are looked for. Of D. Hoiem and others, "Diagnosing Error in Object Detectors", ECCV 2012, as
H. Alwassel and others, ECCV 2018, use it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["normalised_ap", "normalised_precision"]


def normalised_precision(
    true: NDArray[np.bool_], kept: NDArray[np.bool_], positives: float, typical: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return recall and precision after each prediction of one class.

    Parameters
    ----------
    true : ndarray, dtype=bool, shape (T, n)
        At each threshold, the most confident first.
    kept : ndarray, dtype=bool, shape (T, n) or (1, n)
        Predictions that are there.
    positives : float
        Number of truths of the class.
    typical : float
        Mean number of truths of a class.
    """
    recall = np.cumsum(true & kept, axis=1) / positives
    false = np.cumsum(~true & kept, axis=1)
    gain = recall * typical
    total = gain + false
    return recall, np.divide(gain, total, out=np.zeros_like(total), where=total > 0)


def normalised_ap(
    true: NDArray[np.bool_], kept: NDArray[np.bool_], positives: float, typical: float
) -> NDArray[np.float64]:
    """Return the AP of one class at each threshold, over all points of the curve.

    Parameters
    ----------
    true, kept, positives, typical
        As for `normalised_precision`.
    """
    if not true.shape[1]:
        return np.zeros(len(true))
    recall, precision = normalised_precision(true, kept, positives, typical)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    # terms are added as the published program adds them, so that even the last digit is its own
    steps = np.empty((len(recall), recall.shape[1] + 1))
    steps[:, 0] = recall[:, 0]
    np.subtract(recall[:, 1:], recall[:, :-1], out=steps[:, 1:-1])
    steps[:, -1] = 1.0 - recall[:, -1]
    result = np.empty(len(recall))
    for t, row in enumerate(steps):
        where = np.flatnonzero(row)
        beyond = len(where) > 0 and where[-1] == len(row) - 1  # to a recall of 1, at no precision
        terms = row[where]
        terms[: len(where) - beyond] *= best[t, where[: len(where) - beyond]]
        if beyond:
            terms[-1] = 0.0
        result[t] = terms.sum()
    return result
