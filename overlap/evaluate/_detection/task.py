"""The task of detection: labelled regions of images, by the rules of one protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import same
from overlap.evaluate._ranking.pairs import Pairs
from overlap.evaluate._ranking.sampling import COVERED, pairs_of_one_class
from overlap.evaluate._ranking.scene import Scene
from overlap.evaluate._ranking.table import Table
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.numbers import Number
from overlap.evaluate.report import plain
from overlap.evaluate.task import Description, Inputs, Task
from overlap.io.detections import Detections

from .evidence import DetectionEvidence
from .measure import Measured, joined, measure_items
from .protocol import DetectionProtocol
from .report import DetectionReport
from .rules import rules_of
from .wording import describe, facts_of, sentence

__all__ = ["DetectionTask"]


@dataclass(frozen=True)
class DetectionTask(Task):
    """Rules of one evaluation of detections.

    An item is a block of whole images.
    """

    protocol: DetectionProtocol
    ties: str = "official"

    name, unit, report = "detection", "blocks of images", DetectionReport
    evidence: ClassVar[type[DetectionEvidence]] = DetectionEvidence
    records = (Measured, Pairs, Table)

    def items(self, pieces: int, **tables: Detections) -> Inputs:
        """Split tables into blocks of whole images."""
        truth, found = tables["truth"], tables["found"]
        count = min(pieces, len(truth.items))
        about = {"truth": truth, "found": found}
        whole = {"truth": truth, "found": found}
        if count < 2:
            places = np.arange(len(truth)), np.arange(len(found))
            return Inputs({0: {**whole, "places": places}}, about)
        edges = np.arange(len(truth.items)) * count // len(truth.items)
        blocks = {}
        for k in range(count):
            rows = [np.flatnonzero(edges[table.item] == k) for table in (truth, found)]
            blocks[k] = {
                "truth": truth.select(rows[0]),
                "found": found.select(rows[1]),
                "places": tuple(rows),
            }
        return Inputs(blocks, about)

    def measure(self, key: Any, item: Mapping[str, Any]) -> Measured:
        """Find the candidate pairs of some images."""
        return measure_items(self.protocol, item["truth"], item["found"], item["places"])

    def rules(self) -> dict[str, Any]:
        """Return the rules on which candidate pairs depend."""
        return plain({**self.protocol.settings(), "thresholds": self.protocol.thresholds})

    def holds(self, key: Any, part: Measured, item: Mapping[str, Any]) -> bool:
        """Whether a part was measured of these very regions."""
        return same(self.measure(key, item), part)

    def finish(
        self, parts: Mapping[Any, Measured], about: Mapping[str, Detections]
    ) -> DetectionEvidence:
        """Match and rank all images."""
        truth, sampled = about["truth"], self.protocol.interpolation == "sampled"
        measured = joined(list(parts.values()), by_truth=sampled)
        pairs = measured.pairs
        if sampled:
            pairs = pairs_of_one_class(pairs, measured.truth.label, measured.found.label)
        labels = ("all",) if self.protocol.class_agnostic else truth.labels
        rules = rules_of(self.protocol)
        scene = Scene(
            rules,
            np.minimum(self.protocol.thresholds, self.protocol.ceiling),
            labels,
            truth.items,
            measured.found,
            measured.truth,
            pairs,
            self._not_counted(measured.found, labels),
        )
        facts = facts_of(self.protocol, about, measured)
        return self.evidence(
            self.protocol, scene, facts, about, truth.groups, self.ties, measured.pairs
        )

    def _not_counted(self, found: Table, labels: Sequence[str]) -> NDArray[np.bool_]:
        """Return detections that do not count if they match nothing."""
        result = found.flagged(("partial",) if self.protocol.federated else ())
        if COVERED in found.sizes:
            own = dict(self.protocol.class_thresholds)
            least = min(self.protocol.thresholds)
            level = np.array([own.get(label, least) for label in labels])
            result = result | (found.sizes[COVERED] > level[found.label])
        return result

    def describe(
        self, evidence: DetectionEvidence, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Say what the numbers depend on."""
        return describe(self.protocol, evidence)

    def sentence(self, evidence: DetectionEvidence, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        return sentence(self.protocol, settings)
