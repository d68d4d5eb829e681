"""Detections and truths as matched at one threshold, and their overlaps across classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from overlap._common.numbers import checked_number
from overlap._common.values import ByValue
from overlap.evaluate._ranking.curves import IGNORED, TRUE
from overlap.evaluate._ranking.scene import Ranked, Scene
from overlap.evaluate.thresholds import threshold_names, threshold_values
from overlap.io.detections import Detections

from .evidence import DetectionEvidence
from .measure import measure_items

__all__ = ["Across", "Outcomes", "common_threshold", "outcomes_at"]


@dataclass(frozen=True, eq=False)
class Across(ByValue):
    """Pairs of a detection and a truth of one item, of any two classes.

    Attributes
    ----------
    found, truth : ndarray, dtype=int64, shape (P,)
        Rows of the scene; by detection, the largest value first, of equal ones the first truth.
    value : ndarray, dtype=float64, shape (P,)
        Larger is better: distances are negative.
    """

    found: NDArray[np.int64]
    truth: NDArray[np.int64]
    value: NDArray[np.float64]

    def among(self, keep: NDArray[np.bool_]) -> Across:
        """Return some of the pairs.

        Parameters
        ----------
        keep : ndarray, dtype=bool, shape (P,)
        """
        return Across(self.found[keep], self.truth[keep], self.value[keep])

    def best(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the largest value of each detection (0 for none), and its truth (-1 for none).

        Parameters
        ----------
        count : int
            Number of detections.
        """
        value, truth = np.zeros(count), np.full(count, -1)
        first = np.append(True, self.found[1:] != self.found[:-1])[: len(self.found)]
        value[self.found[first]] = self.value[first]
        truth[self.found[first]] = self.truth[first]
        return value, truth


@dataclass(frozen=True, eq=False)
class Outcomes(ByValue):
    """Detections and truths of a scene, matched at one threshold.

    Attributes
    ----------
    scene : Scene
    threshold : float
        As people write it.
    outcome : ndarray, dtype=uint8, shape (N,)
        0 false, 1 true, 2 not counted. Detections of no class, and those beyond the limits, are
        not counted.
    partner : ndarray, dtype=int64, shape (N,)
        Truth of each detection, -1 for none.
    evidence : DetectionEvidence
        Of which this is one threshold.
    """

    scene: Scene
    threshold: float
    outcome: NDArray[np.uint8]
    partner: NDArray[np.int64]
    evidence: DetectionEvidence

    @property
    def inputs(self) -> dict[str, Detections]:
        """The inputs with their regions.

        Raises
        ------
        ValueError
            They are not at hand.
        """
        if self.evidence.inputs is None:
            raise ValueError(
                "the regions are no longer at hand, and overlaps across classes need them; "
                "evaluate the files again in one run"
            )
        return dict(self.evidence.inputs)

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """Which truths count."""
        truth = self.scene.truth
        return (truth.label >= 0) & ~self.scene.ignored(truth)

    @cached_property
    def hit(self) -> NDArray[np.bool_]:
        """Which truths a true detection matches."""
        result = np.zeros(len(self.scene.truth), dtype=bool)
        result[self.partner[self.outcome == TRUE]] = True
        return result

    def across(self, least: float) -> Across:
        """Return the pairs of any two classes that reach a value; truths that do not count are out.

        Parameters
        ----------
        least : float
            Smallest value, or largest distance.
        """
        protocol, inputs = self.evidence.protocol, self.inputs
        rules = replace(protocol, class_agnostic=True, thresholds=(least,), max_detections=())
        tables = inputs["truth"], inputs["found"]
        measured = measure_items(rules, *tables, [np.arange(len(table)) for table in tables])
        found, truth = measured.pairs.agent, measured.pairs.candidate
        if self.scene.by_truth:
            found, truth = truth, found
        rows = np.argsort(self.scene.found.place)[found], np.argsort(self.scene.truth.place)[truth]
        order = np.lexsort((truth, -measured.pairs.value, rows[0]))
        pairs = Across(rows[0][order], rows[1][order], measured.pairs.value[order])
        return pairs.among(self.counted[pairs.truth] & (self.scene.found.label[pairs.found] >= 0))


def common_threshold(evidence: DetectionEvidence) -> float:
    """Return the threshold at which errors are shown: 0.5 where it is one, else the first.

    Parameters
    ----------
    evidence : DetectionEvidence
    """
    values = threshold_values(evidence.protocol.thresholds)
    return 0.5 if 0.5 in values else values[0]


def outcomes_at(evidence: DetectionEvidence, iou: float | None = None) -> Outcomes:
    """Match at one threshold, by the rules of the report.

    Parameters
    ----------
    evidence : DetectionEvidence
    iou : float, optional
        Threshold; by default `common_threshold`.

    Raises
    ------
    ValueError
        Pairs were not measured down to this threshold.
    """
    protocol = evidence.protocol
    iou = common_threshold(evidence) if iou is None else checked_number(iou, "iou")
    area = protocol.areas[0].name if protocol.areas else ""
    ranked: Ranked = evidence.ranked(area)
    values = np.array(threshold_values(protocol.thresholds))
    level = int(np.argmin(np.abs(values - iou)))
    if abs(values[level] - iou) > 1e-9:
        last = values.max() if protocol.distance else values.min()
        if not (0 <= iou <= last if protocol.distance else last <= iou <= 1):
            names = ", ".join(threshold_names(protocol.thresholds))
            raise ValueError(
                f"iou = {iou!r} is outside the thresholds {names}, from which pairs were measured; "
                f"evaluate again with iou={iou!r} among them"
            )
        thresholds = np.minimum([iou], protocol.ceiling)
        ranked, level = replace(ranked.scene, thresholds=thresholds).ranked(), 0
    return outcomes_of(ranked, level, float(iou), evidence)


def outcomes_of(ranked: Ranked, level: int, iou: float, evidence: DetectionEvidence) -> Outcomes:
    """Return one threshold of a ranking.

    Parameters
    ----------
    ranked : Ranked
    level : int
        Place of the threshold.
    iou : float
    evidence : DetectionEvidence
    """
    outcome = ranked.outcome[level].copy()
    outcome[ranked.scene.found.label < 0] = IGNORED
    pair = ranked.pair[level]
    partner = np.full(len(pair), -1)
    inside = (pair >= 0) & (ranked.scene.found.label >= 0)
    partner[inside] = ranked.truth[pair[inside]]
    return Outcomes(ranked.scene, iou, outcome, partner, evidence)
