"""Counts of segments of time in which classes sound."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .counts import OVERALL, Counts
from .protocol import SegmentRules
from .recordings import Events, Recordings

__all__ = ["count_segments"]


def count_segments(rules: SegmentRules, recordings: Recordings) -> Counts:
    """Count the segments in which each class sounds, on both sides and on one.

    A class sounds in every segment that an event touches: from ``floor(onset / resolution)`` to
    ``ceil(offset / resolution)``, in floating-point numbers, so that 0.3 / 0.1 begins at 2. The
    recording ends with its last event, or after its duration.

    Parameters
    ----------
    rules : SegmentRules
    recordings : Recordings
    """
    overall = np.zeros((len(recordings.names), len(OVERALL)))
    length = np.zeros(len(recordings.names))
    each = []
    for k, truth, found in recordings.each():
        here = np.unique(np.concatenate([truth.label, found.label]))
        seconds = recordings.duration[k]
        if math.isnan(seconds):
            seconds = max((float(side.offset.max()) for side in (truth, found) if len(side)),
                          default=0.0)  # fmt: skip
        total = max(0, math.ceil(seconds / rules.resolution))
        there, given = (_roll(side, here, total, rules.resolution) for side in (truth, found))
        both = there & given
        sums = [int(x.sum()) for x in (both, there, given)]
        n_truth, n_found, n_both = (x.sum(axis=0) for x in (there, given, both))
        overall[k] = (
            *sums,
            sums[0],
            (np.minimum(n_truth, n_found) - n_both).sum(),
            np.maximum(n_truth - n_found, 0).sum(),
            np.maximum(n_found - n_truth, 0).sum(),
            total,
        )
        length[k] = total
        own = np.stack([x.sum(axis=1) for x in (both, there, given, both)], axis=1)
        each.append((here, np.column_stack([own, np.full(len(here), total)])))
    return Counts.of(recordings, overall, each, length)


def _roll(
    events: Events, classes: NDArray[np.int64], total: int, resolution: float
) -> NDArray[np.bool_]:
    """Say of each class in which segments it sounds."""
    roll = np.zeros((len(classes), total), dtype=bool)
    first = np.clip(np.floor(events.onset / resolution), 0, total).astype(np.int64)
    last = np.clip(np.ceil(events.offset / resolution), 0, total).astype(np.int64)
    row = np.searchsorted(classes, events.label)
    for k, start, stop in zip(row.tolist(), first.tolist(), last.tolist(), strict=True):
        roll[k, start:stop] = True
    return roll
