"""Counts of events that are paired by onset and offset."""

from __future__ import annotations

import numpy as np

from .counts import OVERALL, Counts
from .event_matching import close_pairs, first_free, largest_matching
from .protocol import EventRules
from .recordings import Recordings

__all__ = ["count_events"]


def count_events(rules: EventRules, recordings: Recordings) -> Counts:
    """Pair the events of each recording, and count.

    Right is a truth that has a prediction of its class. Of those left over, a truth in the order
    of the file takes the first free prediction of any class that is close enough: a substitution.
    The rest was deleted or inserted.

    Parameters
    ----------
    rules : EventRules
    recordings : Recordings
    """
    overall = np.zeros((len(recordings.names), len(OVERALL)))
    each = []
    for k, truth, found in recordings.each():
        rows, columns = close_pairs(rules, truth, found)
        alike = truth.label[rows] == found.label[columns]
        same = rows[alike].tolist(), columns[alike].tolist()
        matched = np.zeros(len(truth), dtype=bool)
        taken = np.zeros(len(found), dtype=bool)
        if rules.matching == "optimal":
            pairs = list(largest_matching(*same).items())
            taken[[column for _, column in pairs]] = True
        else:
            pairs = first_free(*same, taken)
        matched[[row for row, _ in pairs]] = True
        left = ~matched[rows] & ~taken[columns]
        substituted = len(first_free(rows[left].tolist(), columns[left].tolist(), taken))
        right = len(pairs)
        overall[k] = (
            right,
            len(truth),
            len(found),
            right,
            substituted,
            len(truth) - right - substituted,
            len(found) - right - substituted,
            0,
        )
        here = np.unique(np.concatenate([truth.label, found.label]))
        own = [
            np.bincount(np.searchsorted(here, x), minlength=len(here))
            for x in (truth.label[matched], truth.label, found.label)
        ]
        each.append((here, np.stack([*own, own[0], np.zeros(len(here))], axis=1)))
    return Counts.of(recordings, overall, each, recordings.duration)
