"""Which predictions of one video hit a truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue

from .protocol import SpottingProtocol

__all__ = ["Measured", "Points", "measure_video"]


@dataclass(frozen=True, eq=False)
class Points(ByValue):
    """Points of one video, in the order of their rows.

    Attributes
    ----------
    labels : tuple of str
    label, part, frame : ndarray, int64, shape (n,)
    confidence : ndarray, float64, shape (n,)
        1 for truths.
    shown : ndarray, bool, shape (n,)
    row : ndarray, int64, shape (n,)
        Place in the whole input.
    """

    labels: tuple[str, ...]
    label: NDArray[np.int64]
    part: NDArray[np.int64]
    frame: NDArray[np.int64]
    confidence: NDArray[np.float64]
    shown: NDArray[np.bool_]
    row: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, eq=False)
class Measured(ByValue):
    """What was measured of one video.

    Attributes
    ----------
    name : str
    digest, truth_digest : str
        Of all points, and of those of the truth.
    truth, found : Points
        Those that count.
    near : ndarray, int64, shape (found,)
        1 where the nearest truth of the class is shown, else -1.
    hit : ndarray, bool, shape (found, tolerances)
    left_out : int
        Predictions with a confidence below 0, and points that another one replaces.
    """

    name: str
    digest: str
    truth_digest: str
    truth: Points
    found: Points
    near: NDArray[np.int64]
    hit: NDArray[np.bool_]
    left_out: int


def measure_video(
    rules: SpottingProtocol, name: str, truth: Points, found: Points, digests: tuple[str, str]
) -> Measured:
    """Find the hits of one video at all tolerances.

    Parameters
    ----------
    rules : SpottingProtocol
    name : str
    truth, found : Points
    digests : (str, str)
        Of all points, and of those of the truth.
    """
    count = len(truth) + len(found)
    if rules.duplicates == "last":
        truth, found = _last(truth), _last(found)
    if rules.curve == "levels":
        found = _rows(found, found.confidence >= 0)
    reaches = rules.reaches()
    hit = np.zeros((len(found), len(reaches)), dtype=bool)
    near = np.full(len(found), -1, dtype=np.int64)
    match = _by_truth if rules.order == "truth" else _by_confidence
    ours, theirs = _groups(truth), _groups(found)
    for key, rows in theirs.items():
        own = ours.get(key)
        if own is None:
            continue
        times = truth.frame[own]
        for k, reach in enumerate(reaches):
            hits = match(times, found.frame[rows], found.confidence[rows], reach)
            hit[rows, k] = hits
        in_order = own[np.argsort(times, kind="stable")]
        middles = (truth.frame[in_order][1:] + truth.frame[in_order][:-1]) // 2
        nearest = in_order[np.searchsorted(middles, found.frame[rows], side="right")]
        near[rows] = np.where(truth.shown[nearest], 1, -1)
    left_out = count - len(truth) - len(found)
    return Measured(name, *digests, truth, found, near, hit, left_out)


def _rows(points: Points, rows: NDArray) -> Points:
    columns = (points.label, points.part, points.frame, points.confidence, points.shown, points.row)
    return Points(points.labels, *(column[rows] for column in columns))


def _last(points: Points) -> Points:
    """Keep the last of points of one class, part and frame."""
    keys = np.stack([points.label, points.part, points.frame], axis=1)
    last = {tuple(key): row for row, key in enumerate(keys.tolist())}
    return _rows(points, np.array(sorted(last.values()), dtype=np.int64))


def _groups(points: Points) -> dict[tuple[int, str], NDArray[np.int64]]:
    """Return the rows of each part and label."""
    rows: dict[tuple[int, str], list[int]] = {}
    for row, (part, label) in enumerate(
        zip(points.part.tolist(), points.label.tolist(), strict=True)
    ):
        rows.setdefault((part, points.labels[label]), []).append(row)
    return {key: np.array(group, dtype=np.int64) for key, group in rows.items()}


def _by_truth(
    truth: NDArray[np.int64], found: NDArray[np.int64], score: NDArray[np.float64], reach: float
) -> NDArray[np.bool_]:
    """Let truths in order of time take the most confident free prediction."""
    order = np.argsort(found, kind="stable")
    times, free = found[order], score[order].copy()
    result = np.zeros(len(found), dtype=bool)
    in_order = np.sort(truth)
    first = np.searchsorted(times, in_order - reach, side="left")
    last = np.searchsorted(times, in_order + reach, side="right")
    for low, high in zip(first.tolist(), last.tolist(), strict=True):
        if low < high:
            best = low + int(np.argmax(free[low:high]))
            if free[best] > -np.inf:
                free[best] = -np.inf
                result[order[best]] = True
    return result


def _by_confidence(
    truth: NDArray[np.int64], found: NDArray[np.int64], score: NDArray[np.float64], reach: float
) -> NDArray[np.bool_]:
    """Let predictions, most confident first, take the nearest free truth.

    Truths in one frame are taken together, as E2E-Spot does.
    """
    free = truth.astype(np.float64)
    result = np.zeros(len(found), dtype=bool)
    for row in np.argsort(-score, kind="stable").tolist():
        apart = np.abs(free - found[row])
        best = int(np.argmin(apart))
        if apart[best] <= reach:
            result[row] = True
            free[truth == truth[best]] = np.inf
    return result
