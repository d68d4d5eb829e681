"""Counts by criteria of intersection, without confidences."""

from __future__ import annotations

import numpy as np

from .counts import BY_CLASS, OVERALL, Counts
from .intersections import COVERED, FALSE, intersect
from .protocol import IntersectionRules
from .recordings import Recordings

__all__ = ["count_intersections"]


def count_intersections(rules: IntersectionRules, recordings: Recordings) -> Counts:
    """Count the truths that are covered and the false predictions of each recording.

    A prediction that is not false is right where it helps to cover a truth; others count as
    neither, so precision is the part of covered truths in them and the false predictions.

    Parameters
    ----------
    rules : IntersectionRules
    recordings : Recordings
    """
    found = intersect(rules, recordings, cross=False)
    count = len(found.classes)
    kinds = [found.kind == COVERED, found.kind == FALSE]
    keys = [found.recording[some] * count + found.label[some] for some in kinds]
    keys.append(found.truth_recording * count + found.truth_label)
    pairs, place = np.unique(np.concatenate(keys), return_inverse=True)
    ends = np.cumsum([len(key) for key in keys])[:-1]
    right, false, truth = (
        np.bincount(part, minlength=len(pairs)) for part in np.split(place, ends)
    )
    recording, label = np.divmod(pairs, max(count, 1))
    by_class = np.zeros((len(pairs), len(BY_CLASS)))
    by_class[:, :4] = np.stack([right, truth, right + false, right], axis=1)
    overall = np.zeros((len(found.names), len(OVERALL)))
    np.add.at(overall, recording, np.pad(by_class[:, :4], ((0, 0), (0, len(OVERALL) - 4))))
    return Counts(
        recordings.names,
        recordings.classes,
        overall,
        recording,
        label,
        by_class,
        found.duration,
    )
