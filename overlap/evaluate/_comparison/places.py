"""Places: who is first, in one case, in a whole data set, and in its resamples."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["average_ranks", "kendall_tau", "rank_shares", "shared_ranks"]

_DIGITS = 12


def shared_ranks(values: ArrayLike, *, higher_is_better: bool = True) -> NDArray[np.int64]:
    """Rank along the first axis; equal values share the better rank (1, 1, 3).

    Parameters
    ----------
    values : array_like, dtype=float, shape (K, ...)
        One number per report; undefined ones come last. Values that agree to 12 digits of
        the largest are equal, so that the order of a sum decides nothing.
    higher_is_better : bool
        Which end is rank 1.

    Returns
    -------
    ndarray, dtype=int64, shape (K, ...)

    Examples
    --------
    >>> shared_ranks([0.7, 0.9, 0.9, 0.1]).tolist()
    [3, 1, 1, 4]
    >>> shared_ranks([0.7, 0.9, 0.9, 0.1], higher_is_better=False).tolist()
    [2, 3, 3, 1]
    """
    from scipy.stats import rankdata

    data = _ascending(values, higher_is_better)
    size = np.max(np.abs(data), axis=0, initial=0.0, where=np.isfinite(data))
    data = np.round(data / np.where(size > 0, size, 1.0), _DIGITS)
    return rankdata(data, method="min", axis=0).astype(np.int64)


def average_ranks(values: ArrayLike, *, higher_is_better: bool = True) -> NDArray[np.float64]:
    """Rank along the first axis; equal values share the mean of their ranks (1.5, 1.5, 3).

    Parameters
    ----------
    values : array_like, dtype=float, shape (K, ...)
        One number per report and case.
    higher_is_better : bool
        Which end is rank 1.

    Returns
    -------
    ndarray, dtype=float64, shape (K, ...)
        NaN in all of a case in which any report is undefined: ranks among fewer reports do
        not compare with ranks among all.

    Examples
    --------
    >>> average_ranks([[0.7, 0.2], [0.9, 0.4], [0.9, float("nan")]])
    array([[3. , nan],
           [1.5, nan],
           [1.5, nan]])
    """
    from scipy.stats import rankdata

    data = _ascending(values, higher_is_better)
    ranks = rankdata(data, axis=0)
    return np.where(np.isinf(data).any(axis=0), np.nan, ranks)


def rank_shares(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of resamples in which each report has each rank.

    Parameters
    ----------
    ranks : ndarray, dtype=int64, shape (K, B)
        Ranks of each report in each resample.

    Returns
    -------
    ndarray, dtype=float64, shape (K, K)
        Rows are reports, columns ranks from 1; rows sum to 1.
    """
    places = np.arange(1, len(ranks) + 1)
    return np.asarray((ranks[:, :, None] == places).mean(axis=1), dtype=np.float64)


def kendall_tau(full: NDArray[np.int64], ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    r"""Kendall's tau-b between one ranking and each of many.

    Parameters
    ----------
    full : ndarray, dtype=int64, shape (K,)
        Ranks in the whole data set.
    ranks : ndarray, dtype=int64, shape (K, B)
        Ranks in each resample.

    Returns
    -------
    ndarray, dtype=float64, shape (B,)
        1 for the same order, -1 for the opposite one, NaN where either ties all reports.

    Notes
    -----
    :math:`\tau_b = \sum s_{ij} t_{ij} / \sqrt{\sum s_{ij}^2 \sum t_{ij}^2}` over pairs, with s
    and t the signs of the differences of ranks (Kendall, Biometrika 33, 1945).
    """
    first, second = np.triu_indices(len(full), 1)
    signs = np.sign(full[first] - full[second]).astype(np.float64)
    draws = np.sign(ranks[first] - ranks[second]).astype(np.float64)
    scale = np.sqrt((signs**2).sum() * (draws**2).sum(axis=0))
    return np.divide(signs @ draws, scale, out=np.full(len(scale), np.nan), where=scale > 0)


def _ascending(values: ArrayLike, higher_is_better: bool) -> NDArray[np.float64]:
    """Return the values such that less is better and infinity is undefined."""
    data = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(data), -data if higher_is_better else data, np.inf)
