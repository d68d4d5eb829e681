"""Values of every metric, case and label, and the numbers that stand for missing ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .cases import Failed, Measured
from .counts import Counts
from .empties import SITUATIONS, Empty
from .metrics import Metric, Values
from .objects import COUNTED, LESIONWISE

__all__ = ["PLACES", "metric_values", "used_values"]

#: Entries of the column ``empty`` of the table, by number.
PLACES = (*SITUATIONS, "failed")


def metric_values(
    metrics: Sequence[Metric],
    cases: Sequence[Measured],
    lost: Sequence[Failed],
    groups: Mapping[str, tuple[int, ...]],
    sizes: Values,
    empty: Empty,
) -> tuple[Values, NDArray[np.int8], NDArray[np.bool_]]:
    """Return the values of metrics, with answers for empty sets and for failed cases.

    Parameters
    ----------
    metrics : sequence of Metric
    cases : sequence of Measured
    lost : sequence of Failed
        Cases that count as the worst.
    groups : mapping from str to tuple of int
        Labels by name.
    sizes : ndarray, shape (3, cases, labels)
        Voxels of found, truth and both, of measured cases.
    empty : Empty

    Returns
    -------
    values : ndarray of float64, shape (metrics, cases, labels)
        Of all cases, lost ones at the end.
    situations : ndarray of int8, same shape
        Places in `PLACES`: where the policy answered, or the case failed.
    raised : ndarray of bool, shape (metrics, measured cases, labels)
        Whether the policy has an error.
    """
    count = len(cases)
    found, truth, shared = sizes.reshape(3, -1)
    total, voxel = (
        np.repeat([float(getattr(case, name)) for case in cases], len(groups))
        for name in ("total", "voxel")
    )
    counts = Counts(found, truth, shared, total, voxel)
    voxels = _situation(found, truth)
    values = np.empty((len(metrics), count + len(lost), len(groups)))
    situations = np.full(values.shape, PLACES.index("failed"), np.int8)
    raised = np.empty((len(metrics), count, len(groups)), np.bool_)
    for m, metric in enumerate(metrics):
        situation = voxels
        if metric.formula is None:
            numbers = _measured(cases, groups, metric.name)
        else:
            numbers = metric.evaluate(counts)
        if metric.name in LESIONWISE:
            sides = (_measured(cases, groups, name) for name in reversed(COUNTED))
            situation = _situation(*sides)
        answered = empty.apply(metric, numbers, situation)
        values[m, :count], situations[m, :count], raised[m] = (
            part.reshape(raised.shape[1:]) for part in answered
        )
        for place, part in enumerate(lost, count):
            values[m, place] = metric.when_failed(part.diagonal)
    return values, situations, raised


def used_values(
    metrics: Sequence[Metric],
    values: Values,
    situations: NDArray[np.int8],
    diagonals: Sequence[float],
    missing: float | str | None,
) -> Values:
    """Return the values that means are made of; NaN for those that are left out.

    Parameters
    ----------
    metrics : sequence of Metric
    values, situations : ndarray, shape (metrics, cases, labels)
        As in `metric_values`.
    diagonals : sequence of float
        Length of the diagonal of each case, which is the worst distance.
    missing : float, "worst" or None
        As in `overlap.evaluate.segmentation`.
    """
    used = np.where(np.isfinite(values), values, np.nan)
    if missing is None:
        return used
    absent = np.isnan(used)
    if missing == "worst":
        # nothing is missing where nothing was to be found
        absent &= situations != SITUATIONS.index("both")
    for m, metric in enumerate(metrics):
        if missing != "worst":
            standing = np.full(len(diagonals), float(missing))
        elif metric.better:
            standing = np.array([metric.when_failed(diagonal) for diagonal in diagonals])
        else:
            standing = np.full(len(diagonals), np.nan)
        used[m] = np.where(absent[m], standing[:, None], used[m])
    return used


def _situation(found: Values, truth: Values) -> NDArray[np.int8]:
    """Return which sets are empty, as places in `SITUATIONS`."""
    places = np.where(truth == 0.0, np.where(found == 0.0, 1, 2), np.where(found == 0.0, 3, 0))
    return places.astype(np.int8)


def _measured(
    cases: Sequence[Measured], groups: Mapping[str, tuple[int, ...]], name: str
) -> Values:
    """Return the measured value of every case and label; NaN where there is none."""
    nothing: dict[str, float] = {}
    return np.array(
        [case.values.get(label, nothing).get(name, np.nan) for case in cases for label in groups],
        np.float64,
    )
