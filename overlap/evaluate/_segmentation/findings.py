"""Findings of a report on segmentation: messages that its reader must not miss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cases import Measured
from .evidence import SegmentationEvidence

__all__ = ["findings_of", "label_findings", "listed"]

_LEAST = 0.4  # Dice under another label that is told
_GAIN = 0.2  # by how much it is better
_MOST = 200  # labels of a case that are looked at
_SHOWN = 5


def findings_of(evidence: SegmentationEvidence) -> list[str]:
    """Return messages on labels that no case has, or that seem to be exchanged.

    Parameters
    ----------
    evidence : SegmentationEvidence
    """
    result = []
    if evidence.groups and not evidence.sizes[:2].any():
        present = sorted(evidence.present)
        word = "label" if len(present) == 1 else "labels"
        result.append(
            f"no case has a voxel of {listed(list(evidence.groups))}, neither true nor found; the "
            f"volumes have {f'the {word} {listed(present)}' if present else 'no label but 0'}"
        )
    if evidence.measurement.rules.objects != "labels":  # instances have any numbers
        result += label_findings(evidence.cases, evidence.groups, evidence.measurement.ignore)
    return result


def listed(names: Sequence[Any]) -> str:
    """Return up to six names, and how many there are if that is not all.

    Parameters
    ----------
    names : sequence of Any
    """
    text = ", ".join(map(str, names[:6]))
    return text + (f" ... ({len(names)} in all)" if len(names) > 6 else "")


def label_findings(
    cases: Sequence[Measured], groups: Mapping[str, tuple[int, ...]], ignore: Sequence[int]
) -> list[str]:
    """Return messages on found labels that agree much better with other labels of the truth.

    The counts of pairs of a case give the Dice of each found label with each true one. A true label
    is reported if another found label has a Dice of at least 0.4 with it, at least 0.2 more than
    its own found label, and no less than with its own true label.

    Parameters
    ----------
    cases : sequence of Measured
    groups : mapping from str to tuple of int
        Labels by name.
    ignore : sequence of int
        Labels of the truth that do not count.

    Returns
    -------
    list of str
    """
    others: dict[tuple[int, int], list[tuple[str, float, float]]] = defaultdict(list)
    having: dict[int, int] = defaultdict(int)
    apart = 0
    for case in cases:
        if case.sums:
            return []  # soft volumes have no labels
        found, truth, dice = _dice(case, ignore)
        if not len(found) or not len(truth) or max(len(found), len(truth)) > _MOST:
            continue
        for label in truth:
            having[label] += 1
        apart += not dice.any()
        for (i, j), values in _swaps(found, truth, dice).items():
            others[i, j].append((case.case, *values))
    names = {members[0]: name for name, members in groups.items() if len(members) == 1}
    result = _told(others, having, names)
    if cases and apart == len(cases):
        result.insert(
            0,
            f"no voxel is shared by truth and found in any of the {len(cases)} cases: are they of "
            "the same cases, and in the same place?",
        )
    return result


def _dice(
    case: Measured, ignore: Sequence[int]
) -> tuple[list[int], list[int], NDArray[np.float64]]:
    """Return the labels of both sides without the background, and the Dice of each pair."""
    cells = np.array([case.found, case.truth, case.voxels], np.int64)
    cells = cells[:, ~np.isin(cells[1], list(ignore))]
    sides = [np.unique(side) for side in cells[:2]]
    table = np.zeros((len(sides[0]), len(sides[1])))
    table[np.searchsorted(sides[0], cells[0]), np.searchsorted(sides[1], cells[1])] = cells[2]
    total = table.sum(axis=1)[:, None] + table.sum(axis=0)[None]
    dice = np.divide(2.0 * table, total, out=np.zeros(table.shape), where=total > 0.0)
    kept = [side != 0 for side in sides]
    labels = [side[inside].tolist() for side, inside in zip(sides, kept, strict=True)]
    return labels[0], labels[1], dice[np.ix_(*kept)]


def _swaps(
    found: list[int], truth: list[int], dice: NDArray[np.float64]
) -> dict[tuple[int, int], tuple[float, float]]:
    """Return, by found and true label, the Dice of the true one with itself and with the other."""
    result = {}
    own = {label: dice[found.index(label), k] for k, label in enumerate(truth) if label in found}
    for k, label in enumerate(truth):
        best = int(np.argmax(dice[:, k]))
        other, value, mine = found[best], float(dice[best, k]), float(own.get(label, 0.0))
        if other != label and value >= max(_LEAST, mine + _GAIN, own.get(other, 0.0)):
            result[other, label] = mine, value
    return result


def _told(
    others: Mapping[tuple[int, int], list[tuple[str, float, float]]],
    having: Mapping[int, int],
    names: Mapping[int, str],
) -> list[str]:
    """Write a sentence for each pair of labels, those of most cases first."""

    def word(label: int) -> str:
        name = names.get(label, str(label))
        return str(label) if name == str(label) else f"{label} ({name})"

    result = []
    done = set()
    for (i, j), hits in sorted(others.items(), key=lambda item: (-len(item[1]), item[0])):
        if (i, j) in done:
            continue
        back = others.get((j, i), ())
        both = {case for case, *_ in back} & {case for case, *_ in hits}
        means = [float(np.mean([hit[k] for hit in hits])) for k in (1, 2)]
        where = (
            f"in {len(hits)} of {having[j]} cases that have it" if having[j] > 1 else "in the case"
        )
        first = f" (first: {hits[0][0]})" if having[j] > 1 else ""
        better = f"Dice of {word(j)} there is {means[0]:.2f}, and {means[1]:.2f} with {word(i)}"
        if both:
            done.add((j, i))
            what = f"labels {word(min(i, j))} and {word(max(i, j))} seem to be exchanged {where}"
        else:
            what = f"found seems to have the label {word(i)} for {word(j)} of the truth {where}"
        result.append(f"{what}{first}: the {better}")
    if len(result) > _SHOWN:
        result[_SHOWN:] = [
            f"{len(result) - _SHOWN} other pairs of labels seem to be exchanged, too"
        ]
    return result
