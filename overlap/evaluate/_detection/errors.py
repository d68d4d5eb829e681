"""Why detections are false and truths missed, and the AP that each kind of error costs.

The kinds and their costs are those of D. Bolya and others, "TIDE: A General Toolbox for Identifying
Object Detection Errors", ECCV 2020.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.frames import frame
from overlap._common.values import ByValue
from overlap.evaluate._ranking.curves import FALSE, IGNORED, TRUE, sampled_precision
from overlap.evaluate._ranking.scene import Matched, Scene

from .evidence import DetectionEvidence
from .measure import measure_items
from .outcomes import Across, Outcomes, outcomes_at, outcomes_of
from .protocol import DetectionProtocol
from .rules import rules_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "Errors", "errors_of"]

#: Kinds of error, in the order in which they are looked for.
KINDS = {
    "class": "The detection overlaps a truth of another class well enough.",
    "location": "It overlaps a truth of its class, but not well enough.",
    "both": "It overlaps a truth of another class, and not well enough.",
    "duplicate": "A more confident detection has taken the truth of its class.",
    "background": "It overlaps no truth.",
    "missed": "No detection has found the truth, and none of the kinds class and location would.",
}
_CLASS, _LOCATION, _BOTH, _DUPLICATE, _BACKGROUND, _MISSED = range(6)
_TOTALS = {
    "false": "All detections that are false: what AP gains if they were ranked last.",
    "false negative": "All truths without a true detection: what AP gains without them.",
}


@dataclass(frozen=True, eq=False)
class Errors(ByValue):
    """Errors by kind, with the AP that each costs.

    Attributes
    ----------
    iou, background : float
        IoU from which a detection matches, and from which it is near a truth.
    ap : float
        Mean AP at this IoU, in [0, 1].
    counts : mapping from str to int
        Number of errors of each kind, and of all false detections and missed truths.
    costs : mapping from str to float
        What the AP gains if the errors of one kind alone are corrected, in [0, 1].
    matched : Outcomes
        What the kinds belong to.
    kind : ndarray, dtype=int8, shape (N,)
        Place in `KINDS` of the error of each detection, -1 for none.
    truth : ndarray, dtype=int64, shape (N,)
        Truth with which a detection is confused (of the kinds class and location) or which is
        taken (duplicate), -1 for none.
    missed : ndarray, dtype=bool, shape (M,)
        Truths that are missed.
    """

    iou: float
    background: float
    ap: float
    counts: dict[str, int]
    costs: dict[str, float]
    matched: Outcomes
    kind: NDArray[np.int8]
    truth: NDArray[np.int64]
    missed: NDArray[np.bool_]

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each kind: ``error``, ``n`` and ``cost``."""
        return [
            {"error": name, "n": self.counts[name], "cost": self.costs[name]}
            for name in self.counts
        ]

    @property
    def table(self) -> pd.DataFrame:
        """One row for each kind: ``error``, ``n`` and ``cost`` in [0, 1] (pandas DataFrame)."""
        return frame(self.rows())

    @property
    def each(self) -> pd.DataFrame:
        """One row for each error (pandas DataFrame).

        Columns are ``item``, ``error``, ``found`` and ``truth`` (rows of the inputs, -1 for none),
        ``found_label``, ``truth_label`` and ``confidence``.
        """
        scene = self.matched.scene
        rows = np.flatnonzero(self.kind >= 0)
        lost = np.flatnonzero(self.missed)
        partner = self.truth[rows]
        items, labels = (
            np.array(names, dtype=object) for names in (scene.items, (*scene.labels, ""))
        )
        names = np.array(list(KINDS), dtype=object)
        nobody = np.full(len(lost), -1)
        place = np.append(scene.truth.place, -1)
        label = np.append(scene.truth.label, -1)
        return frame({
            "item": items[np.r_[scene.found.item[rows], scene.truth.item[lost]]],
            "error": np.r_[names[self.kind[rows]], names[np.full(len(lost), _MISSED)]],
            "found": np.r_[scene.found.place[rows], nobody],
            "truth": np.r_[place[partner], scene.truth.place[lost]],
            "found_label": labels[np.r_[scene.found.label[rows], nobody]],
            "truth_label": labels[np.r_[label[partner], scene.truth.label[lost]]],
            "confidence": np.r_[scene.confidence[rows], np.full(len(lost), np.nan)],
        })  # fmt: skip

    def plot(self, path: Any = None, ax: Any = None) -> Any:
        """Draw the costs; see `overlap.plot.draw_errors`.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing; the suffix is the format.
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.
        """
        from overlap.plot.detection import draw_errors

        return draw_errors(self.rows()[: len(KINDS)], path=path, ax=ax)


def errors_of(
    evidence: DetectionEvidence,
    iou: float | None = None,
    background: float = 0.1,
    mode: str = "corrected",
) -> Errors:
    """Classify errors, and correct one kind after the other.

    Parameters
    ----------
    evidence : DetectionEvidence
    iou : float, optional
    background : float
    mode : {"corrected", "strict"}
        As in `DetectionReport.errors`.
    """
    if mode not in ("corrected", "strict"):
        raise ValueError(f"mode = {mode!r} is not 'corrected' or 'strict'")
    if evidence.protocol.distance:
        raise ValueError(
            f"kinds of error are defined by an IoU, and the protocol {evidence.protocol.name!r} "
            "measures distances; evaluate with measure='iou'"
        )
    strict = mode == "strict"
    matched = outcomes_at(evidence, iou)
    if not 0.0 < background < matched.threshold:
        raise ValueError(
            f"background = {background!r} is not between 0 and the IoU of a match, "
            f"{matched.threshold!r}"
        )
    if strict:
        matched = _as_tide(matched)
    kind, truth = _kinds(matched, background, strict)
    chosen, missed = _reachable(matched, kind, truth)
    ap, costs = _costs(matched, kind, truth, chosen, missed, strict)
    counts = {name: int((kind == k).sum()) for k, name in enumerate(KINDS)}
    counts["missed"] = int(missed.sum())
    counts["false"] = int((matched.outcome == FALSE).sum())
    counts["false negative"] = int((matched.counted & ~matched.hit).sum())
    return Errors(matched.threshold, background, ap, counts, costs, matched, kind, truth, missed)


def _as_tide(matched: Outcomes) -> Outcomes:
    """Match anew by the rules of tidecv: 100 detections an image, the first of equal truths."""
    inputs, iou = matched.inputs, matched.threshold
    protocol = DetectionProtocol(
        name="tide",
        description="tidecv",
        thresholds=(iou,),
        measure=matched.evidence.protocol.measure,
        ignored=("crowd",),
        crowds="coverage",
        interpolation="grid",
        recalls=tuple(k / 100 for k in range(101)),
        tie_rule="item",
        max_detections=(100,),
        limit="item",
    )
    tables = inputs["truth"], inputs["found"]
    measured = measure_items(protocol, *tables, [np.arange(len(table)) for table in tables])
    scene = Scene(
        rules_of(protocol), np.array([iou]), inputs["truth"].labels, inputs["truth"].items,
        measured.found, measured.truth, measured.pairs, np.zeros(len(measured.found), dtype=bool),
    )  # fmt: skip
    evidence = replace(matched.evidence, protocol=protocol, scene=scene)
    result = outcomes_of(scene.ranked(), 0, iou, evidence)
    # a crowd must cover more than the threshold, and a truth reaches it
    pairs = scene.pairs
    above = scene.truth.flagged(("crowd",))[pairs.candidate] & (pairs.value > iou)
    free = np.ones(len(scene.found), dtype=bool)
    free[pairs.agent[above]] = False
    outcome = result.outcome.copy()
    outcome[(outcome == IGNORED) & free & (scene.found.label >= 0)] = FALSE
    return replace(result, outcome=outcome)


def _kinds(
    matched: Outcomes, background: float, strict: bool
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Return the kind of error of each detection, and the truth that it concerns."""
    scene, iou = matched.scene, matched.threshold
    count = len(scene.found)
    wrong = matched.outcome == FALSE
    if strict:
        wrong |= (matched.outcome == IGNORED) & (scene.found.label >= 0)
    pairs = matched.across(background)
    same = scene.found.label[pairs.found] == scene.truth.label[pairs.truth]
    used = same & matched.hit[pairs.truth]

    def best(some: Across) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        return some.best(count)

    own, other, taken, any_ = map(
        best, (pairs.among(same), pairs.among(~same), pairs.among(used), pairs)
    )
    rules = [
        (_LOCATION, (background <= own[0]) & (own[0] <= iou), own[1]),
        (_CLASS, other[0] >= iou, other[1]),
        (_DUPLICATE, taken[0] >= iou, taken[1]),
        (_BACKGROUND, any_[0] <= background, np.full(count, -1)),
        (_BOTH, np.ones(count, dtype=bool), np.full(count, -1)),
    ]
    kind, truth = np.full(count, -1, dtype=np.int8), np.full(count, -1)
    for number, holds, partner in rules:
        rows = wrong & (kind < 0) & holds
        kind[rows], truth[rows] = number, partner[rows]
    return kind, truth


def _reachable(
    matched: Outcomes, kind: NDArray[np.int8], truth: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the detections that find a free truth when corrected, and the truths missed then too.

    Of several for one truth the most confident counts.
    """
    scene = matched.scene
    rows = np.flatnonzero((kind == _CLASS) | (kind == _LOCATION))
    rows = rows[~matched.hit[truth[rows]]]
    order = rows[np.lexsort((scene.found.place[rows], -scene.confidence[rows]))]
    _, first = np.unique(truth[order], return_index=True)
    chosen = np.zeros(len(scene.found), dtype=bool)
    chosen[order[first]] = True
    missed = matched.counted & ~matched.hit
    missed[truth[rows]] = False
    return chosen, missed


def _costs(
    matched: Outcomes,
    kind: NDArray[np.int8],
    truth: NDArray[np.int64],
    chosen: NDArray[np.bool_],
    missed: NDArray[np.bool_],
    strict: bool,
) -> tuple[float, dict[str, float]]:
    """Return the AP, and what it gains without the errors of each kind."""
    scene, outcome = matched.scene, matched.outcome
    mean = _MeanPrecision(matched, strict)
    ap = mean(scene.found.label, outcome)
    costs = {}
    for number, name in enumerate(KINDS):
        label, result, lost = scene.found.label.copy(), outcome.copy(), None
        rows = kind == number
        label[rows] = -1
        if number in (_CLASS, _LOCATION):
            rows &= chosen
            label[rows], result[rows] = scene.truth.label[truth[rows]], TRUE
        if number == _MISSED:
            label, lost = scene.found.label, missed
        costs[name] = max(mean(label, result, lost, fixed=True) - ap, 0.0)
    last = (outcome == TRUE).astype(np.float64)
    costs["false"] = mean(scene.found.label, outcome, confidence=last, fixed=True) - ap
    unfound = matched.counted & ~matched.hit
    costs["false negative"] = mean(scene.found.label, outcome, unfound, fixed=True) - ap
    return ap, costs


@dataclass(frozen=True)
class _MeanPrecision:
    """The mean AP of changed detections and truths."""

    matched: Outcomes
    strict: bool

    def __call__(
        self,
        label: NDArray[np.int64],
        outcome: NDArray[np.uint8],
        lost: NDArray[np.bool_] | None = None,
        confidence: NDArray[np.float64] | None = None,
        *,
        fixed: bool = False,
    ) -> float:
        scene = self.matched.scene
        found = replace(scene.found, label=label)
        if confidence is not None:
            found = replace(found, confidence=confidence)
        truth = scene.truth if lost is None else scene.truth.without(lost)
        level = scene.thresholds[:1]  # outcomes are those of one threshold, whichever it is
        changed = replace(scene, thresholds=level, found=found, truth=truth)
        positives = changed.positives()
        ties = scene.rules.ties
        if self.strict and fixed:
            # what was right goes behind what was wrong or is corrected
            keys = (found.place, -scene.confidence, found.item, self.matched.outcome == TRUE)
            place = np.empty(len(found), dtype=np.int64)
            place[np.lexsort(keys)] = np.arange(len(found))
            visit, pointer = changed.order("shuffle", place)
        else:
            visit, pointer = changed.order(ties)
        first = "true" if ties == "true_first" else None
        rows = np.flatnonzero(outcome != FALSE)
        nothing = np.zeros(len(rows), dtype=np.int64)
        matched = Matched(nothing, rows, nothing, outcome[rows] == TRUE)
        ranking = changed.rank(visit, pointer, matched, positives, first)
        curve = scene.rules.curve
        if curve.kind == "grid":  # all recalls and classes in one mean, as in the report
            values = sampled_precision(ranking, curve)[0]
        else:
            values = changed.precision(ranking)[0][:, None]
        # a class without truths has no AP; with detections it keeps its place in the mean
        counted = np.bincount(label[(label >= 0) & (outcome != IGNORED)], minlength=len(values)) > 0
        there = positives.by_class > 0
        if self.strict:
            there |= counted
        elif self.matched.evidence.protocol.class_without_truth == "zero":
            there[:] = True
        else:
            there |= counted & (scene.positives().by_class > 0)
        cells = np.nan_to_num(values[there]).T.ravel()
        return float(cells.mean()) if len(cells) else np.nan
