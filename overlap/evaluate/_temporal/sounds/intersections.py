"""Criteria of intersection: which truths are covered, which predictions are false.

Both are looked at from the surest prediction down, so that one pass gives the confidence from
which on each truth is covered: the counts at every threshold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap._kernels.jit import specialise

from ..row_order import in_groups
from .protocol import IntersectionRules
from .recordings import Events, Recordings

__all__ = ["Intersections", "intersect"]

#: Kinds of events that change a count.
COVERED, FALSE, CROSS = 0, 1, 2
_COLUMNS = ("kind", "recording", "label", "other", "level", "point")


@dataclass(frozen=True, eq=False)
class Intersections(ByValue):
    """What changes the counts of some recordings, as columns.

    Attributes
    ----------
    names : tuple of str
        Recordings.
    classes : tuple of str
    kind : ndarray, dtype=int64, shape (n,)
        0 for a truth that is covered, 1 for a false prediction, 2 for one that is taken for
        another class.
    recording, label : ndarray, dtype=int64, shape (n,)
        Class of the truth that is covered, or of the prediction.
    other : ndarray, dtype=int64, shape (n,)
        Class for which a prediction is taken; -1 for other kinds.
    level : ndarray, dtype=float64, shape (n,)
        Confidence from which on it counts.
    point : ndarray, dtype=int64, shape (n,)
        Operating point: number of the predictions that were given.
    truth_recording, truth_label : ndarray, dtype=int64, shape (truths,)
    truth_seconds : ndarray, dtype=float64, shape (truths,)
        Lengths of the truths; those of length 0 are left out.
    duration : ndarray, dtype=float64, shape (recordings,)
        Seconds; 0 for recordings that are not listed.
    ranked : bool
        Whether predictions have confidences.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    kind: NDArray[np.int64]
    recording: NDArray[np.int64]
    label: NDArray[np.int64]
    other: NDArray[np.int64]
    level: NDArray[np.float64]
    point: NDArray[np.int64]
    truth_recording: NDArray[np.int64]
    truth_label: NDArray[np.int64]
    truth_seconds: NDArray[np.float64]
    duration: NDArray[np.float64]
    ranked: bool

    def of_known_classes(self) -> Intersections:
        """Leave out classes without a truth, and put the others in alphabetical order."""
        there = np.unique(self.truth_label).tolist()
        known = np.array(sorted(there, key=lambda k: self.classes[k]), dtype=np.int64)
        number = np.full(len(self.classes) + 1, -1, dtype=np.int64)  # the last stands for none
        number[known] = np.arange(len(known))
        keep = number[self.label] >= 0
        columns = {name: getattr(self, name)[keep] for name in _COLUMNS}
        columns["label"], columns["other"] = number[columns["label"]], number[columns["other"]]
        classes = tuple(self.classes[k] for k in known)
        return replace(
            self, classes=classes, truth_label=number[self.truth_label], **columns
        )  # fmt: skip


def intersect(
    rules: IntersectionRules, recordings: Recordings, *, cross: bool = True, ranked: bool = False
) -> Intersections:
    """Apply the criteria to some recordings.

    Parameters
    ----------
    rules : IntersectionRules
    recordings : Recordings
    cross : bool
        Whether predictions that are taken for another class are wanted.
    ranked : bool
        Whether confidences of predictions count.

    Raises
    ------
    ValueError
        Events of one class and side overlap, and the rules refuse that.
    """
    if rules.overlapping == "refuse":
        _refuse_overlaps("truth", recordings.truth, recordings)
        for events in recordings.found:
            _refuse_overlaps("found", events, recordings)
    count = len(recordings.classes)
    truth = recordings.truth
    if not (truth.offset > truth.onset).all():
        truth = truth.select(truth.offset > truth.onset)
    key, order = _in_order(truth, count)
    truth = truth.select(order)
    groups, first = np.unique(key, return_index=True)
    begins = np.append(first, len(key))
    latest = _running_maximum(truth.offset, begins)
    of_recording = np.searchsorted(groups // max(count, 1), np.arange(len(recordings.names) + 1))
    duration = np.nan_to_num(recordings.duration, nan=0.0)
    parts = []
    for point, found in enumerate(recordings.found):
        seen = (found.onset < duration[found.recording]) & (found.offset > 0.0)
        use = np.flatnonzero(found.offset > found.onset)
        level = found.confidence[use] if ranked else np.zeros(len(use))
        order = np.argsort(-level if ranked else found.onset[use], kind="stable")
        use, level = use[order], level[order]
        given = found.select(use)
        pairs = np.diff(of_recording)[given.recording]
        hit = np.full(len(truth), -1, dtype=np.int64)
        valid = np.zeros(len(use), dtype=bool)
        offset = np.append(0, np.cumsum(pairs if cross else np.zeros_like(pairs)))
        crossed = np.zeros(int(offset[-1]), dtype=bool)
        specialise(_covered)(
            given.recording, given.label, given.onset, given.offset,
            of_recording, groups - groups // max(count, 1) * count, begins,
            truth.onset, truth.offset, latest,
            rules.dtc, rules.gtc, rules.cttc, offset, crossed, valid, hit,
            np.zeros(len(truth)), np.zeros(len(truth)),
        )  # fmt: skip
        false = np.flatnonzero(~valid & seen[use])
        covered = np.flatnonzero(hit >= 0)
        flat = np.flatnonzero(crossed)
        taken = np.searchsorted(offset, flat, side="right") - 1
        group = of_recording[given.recording[taken]] + flat - offset[taken]
        parts.append(
            {
                "kind": np.repeat([COVERED, FALSE, CROSS], [len(covered), len(false), len(taken)]),
                "recording": np.concatenate(
                    [truth.recording[covered], given.recording[false], given.recording[taken]]
                ),
                "label": np.concatenate(
                    [truth.label[covered], given.label[false], given.label[taken]]
                ),
                "other": np.concatenate(
                    [np.full(len(covered) + len(false), -1), groups[group] % max(count, 1)]
                ),
                "level": np.concatenate([level[hit[covered]], level[false], level[taken]]),
                "point": np.full(len(covered) + len(false) + len(taken), point),
            }
        )
    return Intersections(
        recordings.names,
        recordings.classes,
        **_joined(parts),
        truth_recording=truth.recording,
        truth_label=truth.label,
        truth_seconds=truth.offset - truth.onset,
        duration=duration,
        ranked=ranked,
    )


def _joined(parts: list[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _in_order(events: Events, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the keys of recordings and classes in order, and the order, by onset inside a key."""
    key = events.recording * count + events.label
    order = in_groups(key, events.onset)
    return key[order], order


def _running_maximum(values: NDArray[np.float64], begins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the greatest value so far, in each group."""
    falls = values[1:] < values[:-1]
    falls[begins[1:-1] - 1] = False
    if not falls.any():  # as where no event of a class contains another
        return values
    # ranks above those of the groups before, so that one pass serves all groups
    distinct, rank = np.unique(values, return_inverse=True)
    group = np.repeat(np.arange(len(begins) - 1), np.diff(begins))
    top = np.maximum.accumulate(rank + group * len(distinct))
    return distinct[top - group * len(distinct)]


def _refuse_overlaps(side: str, events: Events, recordings: Recordings) -> None:
    """Raise where two different events of a class and recording share time."""
    key, order = _in_order(events, len(recordings.classes))
    onset, offset = events.onset[order], events.offset[order]
    follows = key[1:] == key[:-1]
    begins = np.append(0, np.flatnonzero(~follows) + 1) if len(key) else np.empty(0, np.int64)
    latest = _running_maximum(offset, np.append(begins, len(key)))
    twice = (onset[1:] == onset[:-1]) & (offset[1:] == offset[:-1])
    bad = np.flatnonzero(follows & (onset[1:] < latest[:-1]) & (onset[:-1] < offset[1:]) & ~twice)
    if len(bad):
        k = int(bad[0])
        name = recordings.names[events.recording[order[k]]]
        raise ValueError(
            f"{side}: recording {name!r} has overlapping events of class "
            f"{recordings.classes[events.label[order[k]]]!r}, {onset[k]:g} to {offset[k]:g} and "
            f"{onset[k + 1]:g} to {offset[k + 1]:g} ({len(bad):,} such pairs); join them, or set "
            "overlapping=sum"
        )


def _covered(
    recording, own, onset, offset,
    of_recording, group_class, begins, starts, stops, latest,
    dtc, gtc, cttc, cross_at, crossed, valid, hit, covers, lost,
):  # fmt: skip
    """Look at predictions from the surest down; sums are compensated, as pandas adds them."""
    for i in range(len(onset)):
        a, b = onset[i], offset[i]
        low, high = of_recording[recording[i]], of_recording[recording[i] + 1]
        for g in range(low, high):
            mine = group_class[g] == own[i]
            if not mine and cross_at[i + 1] == cross_at[i]:
                continue
            # the first truth that ends behind the onset
            left, right = begins[g], begins[g + 1]
            while left < right:
                middle = (left + right) // 2
                if latest[middle] > a:
                    right = middle
                else:
                    left = middle + 1
            total, carry, touches = 0.0, 0.0, False
            for t in range(left, begins[g + 1]):
                if starts[t] >= b:
                    break
                if stops[t] > a:
                    touches = True
                    part = (min(b, stops[t]) - max(a, starts[t])) / (b - a) - carry
                    added = total + part
                    carry = added - total - part
                    total = added
            if not touches:
                continue
            if not mine:
                crossed[cross_at[i] + g - low] = total >= cttc
            elif total >= dtc:
                valid[i] = True
                for t in range(left, begins[g + 1]):
                    if starts[t] >= b:
                        break
                    if stops[t] > a:
                        share = (min(b, stops[t]) - max(a, starts[t])) / (stops[t] - starts[t])
                        share -= lost[t]
                        added = covers[t] + share
                        lost[t] = added - covers[t] - share
                        covers[t] = added
                        if hit[t] < 0 and added >= gtc:
                            hit[t] = i
        if valid[i]:
            for k in range(cross_at[i], cross_at[i + 1]):
                crossed[k] = False
