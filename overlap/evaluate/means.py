"""Means over labels of means over cases, some of which are undefined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["defined_mean", "linear_parts"]


def defined_mean(data: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return the mean of the defined values along an axis; NaN where there are none.

    Parameters
    ----------
    data : ndarray, dtype=float64
    axis : int

    Returns
    -------
    ndarray, dtype=float64
    """
    defined = ~np.isnan(data)
    count = defined.sum(axis=axis)
    total = np.where(defined, data, 0.0).sum(axis=axis)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def linear_parts(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Split the mean over labels of the means over cases into one number per case.

    The mean of these numbers is that mean, and their spread is what a change of the cases does
    to it, to first order: where every value is defined, each is its case's mean over labels.
    With m the mean of a label over its n defined cases, the mean of the L labels moves by
    (v - m) / (n L) per unit of a case's weight: the case's part is the mean of labels plus N
    times the sum of that.

    Parameters
    ----------
    values : ndarray, dtype=float64, shape (labels, N)
        NaN where undefined; a label that no case defines is left out.

    Returns
    -------
    ndarray, dtype=float64, shape (N,)
        NaN if nothing is defined.
    """
    known = ~np.isnan(values)
    values, known = values[known.any(axis=1)], known[known.any(axis=1)]
    if not len(values):
        return np.full(values.shape[1], np.nan)
    means = defined_mean(values, axis=1)[:, None]
    share = known.mean(axis=1)[:, None]
    return np.asarray((means + np.where(known, values - means, 0.0) / share).mean(axis=0))
