"""Tasks that need the temporal IoU of predictions and truths of one video.

A block of whole videos is measured alone: its part has the pairs whose IoU reaches the smallest
threshold. Everything else follows from the pairs of all videos.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate._ranking.matching import MatchRule
from overlap.evaluate._ranking.pairs import find_pairs
from overlap.evaluate._ranking.table import Table
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.contract import Contract
from overlap.evaluate.numbers import Number
from overlap.evaluate.report import plain
from overlap.evaluate.sentence import digests_text, intervals_text
from overlap.evaluate.task import Description, Inputs, Task
from overlap.evaluate.thresholds import iou_name, threshold_values
from overlap.io.printable import number_of
from overlap.io.segments import SegmentTable, on_one_clock

from .blocks import joined_tables, split
from .digests import digest_of_segments, same_input
from .numbering import numbers_among, renumbered
from .reading import AS_IT_STANDS, Reading, findings_of, notes_of
from .report import ScoreReport
from .sources import source_of
from .tally import Weighed
from .temporal_iou import temporal_iou
from .tie_words import SOME, tie_notes

__all__ = ["Near", "NearEvidence", "NearReport", "NearTask", "segment_columns"]


@dataclass(frozen=True, eq=False)
class Near(ByValue):
    """Segments of some videos, and the pairs that are near enough to count.

    Attributes
    ----------
    truth, found : SegmentTable
    i, j : ndarray, dtype=int64, shape (P,)
        Rows of `found` and of `truth`, rising in `i`, then in `j`.
    iou : ndarray, dtype=float64, shape (P,)
        Infinite for an undefined one that matches at every threshold.
    truth_place, found_place : ndarray, dtype=int64
        Position of each row in the input.
    """

    truth: SegmentTable
    found: SegmentTable
    i: NDArray[np.int64]
    j: NDArray[np.int64]
    iou: NDArray[np.float64]
    truth_place: NDArray[np.int64]
    found_place: NDArray[np.int64]

    @cached_property
    def videos(self) -> tuple[str, ...]:
        """Names of all videos, those of the truth first."""
        return tuple(dict.fromkeys([*self.truth.videos, *self.found.videos]))

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Names of all labels that segments have, those of the truth first, each in order."""
        names = [
            sorted(table.labels[k] for k in np.flatnonzero(np.bincount(table.label)).tolist())
            for table in (self.truth, self.found)
        ]
        return tuple(dict.fromkeys(names[0] + names[1]))

    def numbered(self, table: SegmentTable) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the numbers of the video and of the label of each row, in those of both sides.

        Parameters
        ----------
        table : SegmentTable
            One of the two.
        """
        return (
            renumbered(table.video, table.videos, self.videos),
            renumbered(table.label, table.labels, self.labels),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class NearEvidence(Weighed):
    """Evidence that knows its segments.

    Attributes
    ----------
    near : Near
    ends : str
        What is known of ranges over orders of ties.
    tied : str
        What is equal in ties.
    """

    near: Near
    ends: str = SOME
    tied: str = "confidences"


def segment_columns(table: SegmentTable) -> dict[str, Any]:
    """Return video, label and ends of every segment, for a table of what was counted.

    Parameters
    ----------
    table : SegmentTable
    """
    start, stop = table.ends()
    return {
        "video": np.array(table.videos, dtype=object)[table.video],
        "label": np.array(table.labels, dtype=object)[table.label],
        "start": start,
        "stop": stop,
    }


@dataclass(frozen=True, eq=False, repr=False)
class NearReport(ScoreReport):
    """A `Report` on segments that match by their IoU; its parameters are those of `Report`."""

    def facts(self) -> Mapping[str, Any]:
        """Return rules and counts of the inputs."""
        counts = {
            role: f"{number_of(self.settings[role]['segments'], 'segment')} in "
            f"{number_of(self.settings[role]['videos'], 'video')}"
            for role in ("truth", "found")
        }
        return {"protocol": self.settings["protocol"], **counts}


@dataclass(frozen=True)
class NearTask(Task):
    """Rules of an evaluation of segments that match by their temporal IoU.

    An item is a block of whole videos.

    Parameters
    ----------
    protocol : Rules
        With the fields of `IOU`, ``thresholds`` and ``classes``.
    subset : str, optional
        Truth videos to use.
    reading : Reading
    """

    protocol: Any
    subset: str | None = None
    reading: Reading = AS_IT_STANDS

    unit = "blocks of videos"
    records = (Near, SegmentTable)
    report = NearReport

    @property
    def ranked(self) -> bool:
        """Whether predictions need confidences."""
        return True

    @abstractmethod
    def evidence(self, near: Near) -> NearEvidence:
        """Return what the numbers follow from.

        Parameters
        ----------
        near : Near
            Of all videos.
        """

    @abstractmethod
    def words(self, evidence: Any) -> str:
        """Return what was done, for the sentence: ``"Temporal proposals were scored"``.

        Parameters
        ----------
        evidence : NearEvidence
        """

    def items(self, pieces: int, **inputs: Any) -> Inputs:
        """Read both sides, and split them into blocks of whole videos."""
        whole = self._read(inputs)
        if self.subset is not None:
            whole["truth"] = whole["truth"].of_subset(self.subset)
        whole = on_one_clock(whole)
        return Inputs(split(whole, pieces), whole)

    def _read(self, inputs: Mapping[str, Any], *, whole: bool = True) -> dict[str, SegmentTable]:
        return self.reading.tables(
            inputs["truth"],
            inputs["found"],
            ranked=self.ranked,
            labelled=self.protocol.classes == "labels",
            whole=whole,
        )

    def _as_read(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an item of a study as it is read; blocks of `items` were read before."""
        return item if "places" in item else on_one_clock(self._read(item, whole=False))

    def measure(self, key: Any, item: Mapping[str, Any]) -> Near:
        """Find the pairs of some videos."""
        item = self._as_read(item)
        truth, found = item["truth"], item["found"]
        places = item.get("places") or (np.arange(len(truth)), np.arange(len(found)))
        rules, empty = self.protocol, np.empty(0, np.int64)
        near = Near(truth, found, empty, empty, np.empty(0), *places)
        sides = []
        for table, place in zip((found, truth), reversed(places), strict=True):
            video, label = near.numbered(table)
            if rules.classes == "ignore":
                label = np.zeros_like(label)
            ends = table.start, table.stop + getattr(rules, "added", 0.0)
            sides.append(Table(video, label, place, np.zeros(len(table)), ends))
        ratio = temporal_iou(rules.union, rules.undefined, getattr(rules, "union_floor", 0.0))
        mine, theirs = sides
        pairs = find_pairs(ratio, mine, theirs, MatchRule(), np.array([min(rules.thresholds)]))
        order = np.lexsort((pairs.candidate, pairs.agent))
        return replace(near, i=pairs.agent[order], j=pairs.candidate[order], iou=pairs.value[order])

    def holds(self, key: Any, part: Near, item: Mapping[str, Any]) -> bool:
        """Whether a part was measured of these very segments."""
        item = self._as_read(item)
        return all(same_input(item[role], getattr(part, role)) for role in ("truth", "found"))

    def rules(self) -> dict[str, Any]:
        """Return the rules on which pairs depend."""
        return plain({**self.protocol.settings(), "least_threshold": min(self.protocol.thresholds)})

    def finish(self, parts: Mapping[Any, Near], about: Mapping[str, SegmentTable] | None) -> Any:
        """Put pairs of all videos together, in the order of the input."""
        given = list(parts.values())
        if not given:
            raise ValueError("study: nothing was added; add truth and found first")
        owner: dict[str, int] = {}
        for k, part in enumerate(given):
            for video in {*part.truth.videos, *part.found.videos}:
                if owner.setdefault(video, k) != k:
                    raise ValueError(
                        f"study: video {video!r} is in two items; a video must be added as a whole"
                    )
        if about is not None:
            truth, found = about["truth"], about["found"]
            i = [part.found_place[part.i] for part in given]
            j = [part.truth_place[part.j] for part in given]
        else:
            truth = joined_tables([part.truth for part in given])
            found = joined_tables([part.found for part in given])
            shifts = [
                np.cumsum([0, *(len(getattr(part, role)) for part in given)])
                for role in ("found", "truth")
            ]
            i, j = (
                [getattr(part, name) + shift for part, shift in zip(given, starts, strict=False)]
                for name, starts in zip(("i", "j"), shifts, strict=True)
            )
        rows = np.concatenate(i), np.concatenate(j)
        order = np.lexsort(rows[::-1])
        iou = np.concatenate([part.iou for part in given])[order]
        places = np.arange(len(truth)), np.arange(len(found))
        return self.evidence(Near(truth, found, rows[0][order], rows[1][order], iou, *places))

    def describe(
        self, evidence: Any, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Say what the numbers depend on."""
        near, rules = evidence.near, self.protocol
        tables = {"truth": near.truth, "found": near.found}
        settings = {
            "protocol": rules.name,
            "rules": rules.settings(),
            "thresholds": list(rules.thresholds),
            "subset": self.subset,
            "truth": source_of(near.truth),
            "found": source_of(near.found),
        }
        contract = {
            "truth": {
                "subset": self.subset,
                "videos": len(near.truth.videos),
                "segments": len(near.truth),
                "sha256": digest_of_segments([near.truth]),
            },
            "protocol": rules.settings(),
        }
        if self.reading:
            settings["reading"] = self.reading.settings()
            contract |= self.reading.contract()
        at = {number.name: {"iou": [float(number.where["iou"])]}
              for number in numbers if "iou" in number.where}  # fmt: skip
        over_all = {number.name: {"iou": sorted(threshold_values(rules.thresholds))}
                    for number in numbers if "iou" not in number.where}  # fmt: skip
        findings = findings_of(tables, matched=bool(len(near.i)))
        if not len(near.i) and len(near.truth) and len(near.found):
            lowest = iou_name(min(rules.thresholds))
            findings.insert(
                0, f"no prediction reaches IoU {lowest}, the lowest threshold: all numbers are 0"
            )
        return Description(
            settings,
            Contract(self.name, contract, {**at, **over_all}),
            [
                *notes_of(tables),
                *self.notes(near),
                *self.remarks(evidence),
                *tie_notes(numbers, evidence.ends, evidence.tied),
            ],
            findings,
        )

    def remarks(self, evidence: Any) -> list[str]:
        """Return more notes on the numbers.

        Parameters
        ----------
        evidence : NearEvidence
        """
        return []

    def notes(self, near: Near) -> list[str]:
        """Return notes on videos and labels that only one side has.

        Parameters
        ----------
        near : Near
        """
        truth, found, notes = near.truth, near.found, []
        outside = numbers_among(found.videos, truth.videos) < 0
        strange = np.flatnonzero(outside)
        if len(strange):
            notes.append(
                f"{number_of(int(outside[found.video].sum()), 'prediction')} for "
                f"{number_of(len(strange), 'video')} not in the truth (first: "
                f"{found.videos[strange[0]]!r}); {self.outside}"
            )
        labels = {truth.labels[k] for k in np.flatnonzero(np.bincount(truth.label)).tolist()}
        unknown = [
            found.labels[k]
            for k in np.flatnonzero(np.bincount(found.label)).tolist()
            if found.labels[k] not in labels
        ]
        if unknown and self.protocol.classes == "labels":
            notes.append(
                f"{number_of(len(unknown), 'predicted label')} without a truth "
                f"(first: {unknown[0]!r}); {self.unknown}"
            )
        subsets = sorted({name for name in truth.subset if name is not None})
        if self.subset is None and len(subsets) > 1:
            notes.append(f"all subsets of the truth are used: {', '.join(subsets)}")
        return notes

    #: What becomes of predictions of other videos, and of labels that the truth lacks.
    outside = "they take no part"
    unknown = "they take no part"

    def sentence(self, evidence: Any, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        truth, found, rules = settings["truth"], settings["found"], self.protocol
        levels = ", ".join(iou_name(threshold) for threshold in rules.thresholds)
        digests = digests_text({"truth": truth, "predictions": found})
        said = (
            f"{self.words(evidence)} with overlap {settings['versions']['overlap-metrics']} by "
            f"the protocol '{rules.name}' ({rules.description}): {found['segments']} predictions "
            f"against {truth['segments']} annotated segments of {truth['videos']} videos, at "
            f"temporal IoU {rules.comparison} {levels}"
            + (f"; subset {self.subset}" if self.subset else "")
            + (f"; {digests}" if digests else "")
            + "."
        )
        return said + intervals_text(settings, "videos")
