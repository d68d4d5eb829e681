"""Temporal evaluation by the steps of other programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["activitynet_steps"]

Call = Callable[[], Any]


def activitynet_steps(
    truth: dict[str, list], found: dict[str, list], thresholds: Sequence[float]
) -> Call:
    """AP by threshold and class, with the steps of ActivityNet's program in NumPy.

    Predictions are taken one after the other, the most confident first; each asks the truths of
    its video, from the largest IoU down.
    """
    names = "video-id", "label", "t-start", "t-end"
    known, given = ([np.array(side[name]) for name in names] for side in (truth, found))
    score = np.array(found["score"])

    def call() -> np.ndarray:
        labels = sorted(set(known[1].tolist()))
        return np.stack([_class_precision(label, known, given, score, thresholds)
                         for label in labels], axis=1)  # fmt: skip

    return call


def _class_precision(
    label: str,
    known: list[np.ndarray],
    given: list[np.ndarray],
    score: np.ndarray,
    thresholds: Sequence[float],
) -> np.ndarray:
    video, _, start, stop = (column[known[1] == label] for column in known)
    here = given[1] == label
    order = np.argsort(-score[here], kind="stable")
    videos, _, starts, stops = (column[here][order] for column in given)
    rows = {name: np.flatnonzero(video == name) for name in set(video.tolist())}
    hits = np.zeros((len(thresholds), len(order)), bool)
    taken = np.zeros((len(thresholds), len(video)), bool)
    for k, name in enumerate(videos.tolist()):
        row = rows.get(name)
        if row is None:
            continue
        shared = np.minimum(stop[row], stops[k]) - np.maximum(start[row], starts[k])
        shared = np.maximum(shared, 0.0)
        iou = shared / ((stop[row] - start[row]) + (stops[k] - starts[k]) - shared)
        ranks = iou.argsort()[::-1]
        for t, threshold in enumerate(thresholds):
            for j in ranks:
                if iou[j] < threshold:
                    break
                if not taken[t, row[j]]:
                    taken[t, row[j]] = hits[t, k] = True
                    break
    true = hits.cumsum(axis=1)
    precision = true / np.arange(1, len(order) + 1)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    return (precision * hits).sum(axis=1) / len(video)
