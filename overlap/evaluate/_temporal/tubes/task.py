"""The task of tubes: boxes or tubes of videos, by the rules of one protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import same
from overlap.evaluate._ranking.curves import CurveRule
from overlap.evaluate._ranking.evidence import reported_precision
from overlap.evaluate._ranking.matching import MatchRule
from overlap.evaluate._ranking.pairs import listed_pairs
from overlap.evaluate._ranking.rules import Rules
from overlap.evaluate._ranking.scene import Scene
from overlap.evaluate._ranking.table import Table
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.numbers import Number
from overlap.evaluate.report import plain
from overlap.evaluate.task import Description, Inputs, Task
from overlap.io.tube_files import as_tubes
from overlap.io.tubes import TubeTable
from overlap.scores.ratios import iou

from .evidence import GroundingEvidence, TubeEvidence
from .inputs import paired
from .measure import Measured, joined, measure_videos
from .protocol import TubeProtocol
from .report import TubeReport
from .wording import describe, sentence

__all__ = ["TubeTask"]


@dataclass(frozen=True)
class TubeTask(Task):
    """Rules of one evaluation of tubes.

    An item is a block of whole videos.
    """

    protocol: TubeProtocol
    ties: str = "official"
    labels: tuple[str, ...] | None = None

    name, unit, report = "tubes", "blocks of videos", TubeReport
    records = (Measured, TubeTable)

    def items(self, pieces: int, **inputs: Any) -> Inputs:
        """Read both sides, and split them into blocks of whole videos."""
        truth, found = self._paired(inputs)
        names = list(dict.fromkeys([*truth.videos, *found.videos]))
        count = max(1, min(pieces, len(names)))
        block = {name: k * count // len(names) for k, name in enumerate(names)}
        blocks = {}
        for k in range(count):
            rows = [np.flatnonzero(_of_videos(table, block) == k) for table in (truth, found)]
            parts = {
                role: _some(table.select(some), [x for x in table.videos if block[x] == k])
                for role, table, some in zip(("truth", "found"), (truth, found), rows, strict=True)
            }
            blocks[k] = {**parts, "places": tuple(rows)}
        return Inputs(blocks, {"truth": truth, "found": found})

    def measure(self, key: Any, item: Mapping[str, Any]) -> Measured:
        """Compare the tubes of some videos."""
        return measure_videos(self.protocol, *self._read(item))

    def _read(self, item: Mapping[str, Any]) -> tuple[TubeTable, TubeTable, Any]:
        """Return both tables, which a study gets as a user has them."""
        if "places" in item:
            return item["truth"], item["found"], item["places"]
        truth, found = self._paired(item)
        return truth, found, (np.arange(len(truth)), np.arange(len(found)))

    def _paired(self, item: Mapping[str, Any]) -> tuple[TubeTable, TubeTable]:
        truth, found = as_tubes(item["truth"], role="truth"), as_tubes(item["found"])
        return paired(self.protocol, truth, found, self.labels)

    def rules(self) -> dict[str, Any]:
        """Return the rules on which pairs depend."""
        return plain({**self.protocol.settings(), "labels": self.labels})

    def holds(self, key: Any, part: Measured, item: Mapping[str, Any]) -> bool:
        """Whether a part was measured of these very tubes."""
        return same(self.measure(key, item), part)

    def finish(
        self, parts: Mapping[Any, Measured], about: Mapping[str, TubeTable] | None
    ) -> TubeEvidence | GroundingEvidence:
        """Match and rank all videos."""
        measured = joined(list(parts.values()), in_input=about is not None)
        if about is not None:  # names without tubes, and the order of the input
            measured = replace(
                measured,
                truth=_named(measured.truth, about["truth"]),
                found=_named(measured.found, about["found"]),
            )
        if self.protocol.of == "queries":
            return _of_queries(self.protocol, measured)
        ranked = scene_of(self.protocol, measured).ranked(official=self.ties == "official")
        ap, tie_range = reported_precision(ranked, self.ties)
        return TubeEvidence(ranked, ap, tie_range, self.protocol, measured)

    def describe(
        self, evidence: Any, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Say what the numbers depend on."""
        return describe(self.protocol, self.ties, self.labels, evidence)

    def sentence(self, evidence: Any, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        return sentence(self.protocol, settings)


def _of_videos(table: TubeTable, number: Mapping[str, int]) -> NDArray[np.int64]:
    return np.array([number.get(name, -1) for name in table.videos], np.int64)[table.video]


def _some(table: TubeTable, videos: list[str]) -> TubeTable:
    """Return a table that has some of the videos alone."""
    place = {name: k for k, name in enumerate(videos)}
    return replace(table, video=_of_videos(table, place), videos=tuple(videos))


def _named(table: TubeTable, whole: TubeTable) -> TubeTable:
    """Return a table with the names of videos and classes of the input."""
    label = {name: k for k, name in enumerate(whole.labels)}
    number = np.array([label[name] for name in table.labels], np.int64)[table.label]
    return replace(_some(table, list(whole.videos)), label=number, labels=whole.labels)


def scene_of(protocol: TubeProtocol, measured: Measured) -> Scene:
    """Return truths and found tubes, with their pairs, in one numbering.

    Parameters
    ----------
    protocol : TubeProtocol
    measured : Measured
    """
    truth, found = measured.truth, measured.found
    present = np.unique(truth.label)
    labels = tuple(truth.labels[k] for k in present.tolist())
    videos = tuple(sorted({*truth.videos, *found.videos}))
    item = {name: k for k, name in enumerate(videos)}
    number = {name: k for k, name in enumerate(labels)}

    def table(tubes: TubeTable) -> Table:
        label = np.array([number.get(name, -1) for name in tubes.labels], np.int64)[tubes.label]
        rows = np.arange(len(tubes))
        return Table(_of_videos(tubes, item), label, rows, tubes.confidence)

    match = MatchRule(fallback=protocol.fallback, strict=protocol.comparison == ">")
    rules = Rules(iou, match, CurveRule(protocol.interpolation), protocol.tie_rule)
    found_table, truth_table = table(found), table(truth)
    value = measured.iou
    odd = np.isnan(value)
    keep = ~odd
    if protocol.undefined == "no_match":
        keep &= ~np.isin(measured.b, measured.b[odd])
    pairs = listed_pairs(
        iou, found_table, truth_table, match,
        (measured.b[keep], measured.a[keep], value[keep]),
    )  # fmt: skip
    return Scene(
        rules, np.array(protocol.every_threshold()), labels, videos, found_table, truth_table,
        pairs, np.zeros(len(found), dtype=bool),
    )  # fmt: skip


def _of_queries(protocol: TubeProtocol, measured: Measured) -> GroundingEvidence:
    """Compare the most confident tube of each query with its truth."""
    truth, found = measured.truth, measured.found
    names = tuple(truth.videos[k] for k in truth.video.tolist())
    best = np.full(len(found.videos), -1)
    confidence = np.zeros(len(found)) if found.confidence is None else found.confidence
    order = np.lexsort((np.arange(len(found)), -confidence))[::-1]
    best[found.video[order]] = order
    chosen = np.isin(measured.b, best)
    tube, temporal = np.zeros(len(truth)), np.zeros(len(truth))
    tube[measured.a[chosen]] = np.nan_to_num(measured.iou[chosen], nan=0.0)
    temporal[measured.a[chosen]] = measured.temporal[chosen]
    known = set(np.array(found.videos, dtype=object)[np.unique(found.video)].tolist())
    rows = tuple(
        {"query": name, "tIoU": float(t), "vIoU": float(v), "found": name in known}
        for name, t, v in zip(names, temporal, tube, strict=True)
    )
    return GroundingEvidence(
        items=names, table_rows=rows, temporal=temporal, tube=tube, protocol=protocol,
        measured=measured,
        counted={key: [row[key] for row in rows] for key in ("query", "tIoU", "vIoU", "found")},
    )  # fmt: skip
