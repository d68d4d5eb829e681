"""The task of temporal localization: labelled segments of videos, by the rules of one protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.evidence import reported_precision
from overlap.evaluate._ranking.pairs import Pairs
from overlap.evaluate._ranking.scene import Scene
from overlap.evaluate._ranking.table import Table
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.numbers import Number
from overlap.evaluate.report import plain
from overlap.evaluate.task import Description, Inputs, Task
from overlap.io.name_match import closest
from overlap.io.segments import SegmentTable, on_one_clock

from ..blocks import split
from ..numbering import alphabetical, of_both, renumbered
from ..reading import AS_IT_STANDS, Reading
from .blocks import joined
from .evidence import TemporalEvidence
from .measure import Measured, measure_videos, same_videos
from .protocol import Protocol
from .report import TemporalReport
from .rules import rules_of
from .wording import describe, sentence

__all__ = ["TemporalTask"]


@dataclass(frozen=True)
class TemporalTask(Task):
    """Rules of one evaluation of temporal localization; fields are arguments of `temporal`.

    An item is a block of whole videos.
    """

    protocol: Protocol
    ties: str = "official"
    labels: tuple[str, ...] | None = None
    subset: str | None = None
    reading: Reading = AS_IT_STANDS

    name, unit, report = "temporal", "blocks of videos", TemporalReport
    records = (Measured, Pairs, SegmentTable)

    def items(self, pieces: int, **tables: SegmentTable) -> Inputs:
        """Split tables into blocks of whole videos."""
        return Inputs(split(self._whole(tables), pieces), tables)

    def _whole(self, tables: Mapping[str, SegmentTable]) -> dict[str, SegmentTable]:
        """Return the videos of the subset, with one clock on all sides."""
        whole = dict(tables)
        if self.subset is not None:
            whole["truth"] = whole["truth"].of_subset(self.subset)
        return on_one_clock(whole)

    def measure(self, key: Any, item: Mapping[str, Any]) -> Measured:
        """Find the candidate pairs of some videos."""
        return measure_videos(self.protocol, self._as_read(item))

    def _as_read(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an item of a study as `Reading` reads it; blocks of `items` were read before."""
        if not self.reading or "places" in item:
            return item
        roles = [role for role in ("truth", "found", "ambiguous") if item.get(role) is not None]
        return self.reading.applied(
            {role: self.reading.table(item[role], role) for role in roles}, whole=False
        )

    def rules(self) -> dict[str, Any]:
        """Return the rules on which candidate pairs depend."""
        least = min(self.protocol.thresholds)
        return plain({**self.protocol.settings(), "least_threshold": least})

    def holds(self, key: Any, part: Measured, item: Mapping[str, Any]) -> bool:
        """Whether a part was measured of these very segments."""
        return same_videos(self.protocol, part, self._as_read(item))

    def finish(
        self, parts: Mapping[Any, Measured], about: Mapping[str, SegmentTable] | None
    ) -> TemporalEvidence:
        """Match and rank all videos, in the reported and in other orders of ties."""
        rules = rules_of(self.protocol)
        by_truth = rules.match.chooser == "truth"
        whole = None if about is None else self._whole(about)
        measured = joined(list(parts.values()), by_truth, whole)
        ranked = _scene(measured, self.protocol, self.labels).ranked(
            official=self.ties == "official"
        )
        ap, tie_range = reported_precision(ranked, self.ties)
        return TemporalEvidence(ranked, ap, tie_range, measured)

    def describe(
        self, evidence: TemporalEvidence, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Say what the numbers depend on."""
        with_intervals = any(number.interval for number in numbers)
        said = describe(
            self.protocol, self.ties, self.labels, self.subset, evidence, with_intervals
        )
        if not self.reading:
            return said
        chosen = self.reading.contract()
        contract = replace(said.contract, rules={**said.contract.rules, **chosen})
        settings = {**said.settings, "reading": self.reading.settings()}
        return replace(said, settings=settings, contract=contract)

    def sentence(self, evidence: TemporalEvidence, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        return sentence(self.protocol, evidence, settings)


def _scene(measured: Measured, protocol: Protocol, labels: tuple[str, ...] | None) -> Scene:
    truth, found = measured.truth, measured.found
    first = np.full(len(truth.labels), np.iinfo(np.int64).max)
    np.minimum.at(first, truth.label, measured.truth_place)
    there = np.unique(truth.label)
    present = [truth.labels[k] for k in there[np.argsort(first[there])].tolist()]
    classes = list(present)
    if labels is not None:
        classes = list(labels)
        lacking = [label for label in classes if label not in present]
        if lacking and protocol.class_without_truth == "error":
            raise ValueError(
                f"protocol {protocol.name}: class {lacking[0]!r} has no truth, which its program "
                "does not allow; leave it out of labels, or set class_without_truth=leave_out"
            )
        if lacking and len(lacking) == len(classes):
            raise ValueError(
                f"labels: none of {', '.join(map(repr, classes))} is in the truth, which has "
                f"{', '.join(map(repr, present))}"
            )
        unknown = [label for label in lacking if label not in found.labels]
        if unknown:
            raise ValueError(
                f"labels: {unknown[0]!r} is in neither truth nor predictions"
                f"{closest(unknown[0], present)}"
                + (f" ({len(unknown)} such labels)" if len(unknown) > 1 else "")
            )
        classes = [label for label in classes if label in present]
    videos, of_found = of_both(truth.videos, found.videos)
    videos, place = alphabetical(videos)

    def numbered(table: SegmentTable, items: NDArray[np.int64], places: NDArray[np.int64]) -> Table:
        label = renumbered(table.label, table.labels, tuple(classes))
        return Table(items[table.video], label, places, table.confidence)

    return Scene(
        rules_of(protocol),
        np.array(protocol.thresholds),
        tuple(classes),
        videos,
        numbered(found, place[of_found], measured.found_place),
        numbered(truth, place[: len(truth.videos)], measured.truth_place),
        measured.pairs,
        measured.ambiguous,
    )
