"""The task of scoring sound events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from overlap._common.values import ByValue
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.numbers import Number
from overlap.evaluate.report import Report, plain
from overlap.evaluate.task import Description, Inputs, Task
from overlap.io.durations import as_durations
from overlap.io.segments import as_segments

from ..reading import AS_IT_STANDS, Reading
from ..tally import Weighed
from .count_evidence import count_evidence
from .counts import Counts
from .event_counts import count_events
from .intersection_counts import count_intersections
from .intersections import Intersections, intersect
from .protocol import CountRules, EventRules, IntersectionRules, PsdsRules, SegmentRules
from .psds_evidence import psds_evidence
from .reading import read_inputs
from .recordings import Events, Recordings, common_classes, joined_recordings, recordings_of
from .report import PsdsReport, SoundReport
from .scored import Scored
from .segment_counts import count_segments
from .wording import describe, sentence

__all__ = ["PsdsTask", "SoundTask"]


@dataclass(frozen=True, eq=False)
class Measured(ByValue):
    """Some recordings, and their counts."""

    given: Recordings
    counts: Counts | Intersections


@dataclass(frozen=True)
class SoundTask(Task):
    """Rules of one evaluation of sound events. An item is a block of recordings."""

    protocol: CountRules
    labels: tuple[str, ...] | None = None
    reading: Reading = AS_IT_STANDS

    name, unit = "sound events", "blocks of recordings"
    report: ClassVar[type[Report]] = SoundReport
    records = (Measured, Recordings, Events, Counts, Intersections)

    def items(self, pieces: int, **inputs: Any) -> Inputs:
        """Read both sides, and split them into blocks of recordings."""
        inputs = read_inputs(self.reading, **inputs)
        points = len(inputs["found"])
        if points > 1 and not isinstance(self, PsdsTask):
            raise ValueError(
                f"found: has {points} sets of predictions; {self.protocol.name} scores one"
            )
        given = recordings_of(
            inputs["truth"], inputs["found"], inputs.get("durations"), self.labels
        )
        given = self._ready(given)
        blocks = dict(enumerate({"given": block} for block in given.blocks(pieces)))
        return Inputs(blocks, inputs)

    def _ready(self, given: Recordings) -> Recordings:
        """Return recordings of which nothing is lacking that the rules need, or raise.

        By intersections, a prediction is false only within its recording. Where no duration is
        known, that is everywhere.
        """
        if not isinstance(self.protocol, IntersectionRules):
            return given
        if np.isnan(given.duration).all() and not isinstance(self.protocol, PsdsRules):
            return replace(given, duration=np.full(len(given.names), np.inf))
        used = np.unique(given.truth.recording)
        lacking = used[np.isnan(given.duration[used])]
        if len(lacking):
            why = (
                "rates refer to the length of the recordings: give"
                if isinstance(self.protocol, PsdsRules)
                else "a prediction is false only within its recording: give all"
            )
            raise ValueError(
                f"{self.protocol.name}: no duration of {given.names[lacking[0]]!r}"
                + (f" and {len(lacking) - 1:,} more recordings" if len(lacking) > 1 else "")
                + f"; {why} durations, a file of recordings and seconds"
            )
        return given

    def measure(self, key: Any, item: Mapping[str, Any]) -> Measured:
        """Count in some recordings."""
        given = item["given"] if "given" in item else self._read(item)
        return Measured(given, self._counted(given))

    def _read(self, item: Mapping[str, Any]) -> Recordings:
        """Read an item of a study."""
        found = item["found"]
        many = isinstance(found, list | tuple)
        durations = item.get("durations")
        given = recordings_of(
            as_segments(item["truth"], role="truth"),
            [as_segments(one, role="truth") for one in (found if many else [found])],
            None if durations is None else as_durations(durations),
            self.labels,
        )
        return self._ready(given)

    def _counted(self, given: Recordings) -> Counts | Intersections:
        rules: Any = self.protocol
        if isinstance(rules, SegmentRules):
            return count_segments(rules, given)
        if isinstance(rules, EventRules):
            return count_events(rules, given)
        return count_intersections(rules, given)

    def rules(self) -> dict[str, Any]:
        """Return the rules on which counts depend."""
        return {**self.protocol.settings(), "labels": plain(self.labels)}

    def holds(self, key: Any, part: Measured, item: Mapping[str, Any]) -> bool:
        """Whether counts are of these very recordings."""
        return part.given == (item["given"] if "given" in item else self._read(item))

    def finish(self, parts: Mapping[Any, Measured], about: Any) -> Weighed:
        """Put the counts of all recordings together."""
        if not parts:
            raise ValueError("study: nothing was added; add truth and found first")
        given = joined_recordings([part.given for part in parts.values()])
        scored = Scored(given, dict(about or {}))
        return self._evidence([part.counts for part in parts.values()], scored)

    def _evidence(self, counts: Sequence[Any], scored: Scored) -> Weighed:
        return count_evidence(self.protocol, _joined_counts(counts), scored)

    def describe(
        self, evidence: Any, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Say what the numbers depend on."""
        return describe(self.protocol, self.labels, evidence, numbers)

    def sentence(self, evidence: Any, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        return sentence(self.protocol, settings)


@dataclass(frozen=True)
class PsdsTask(SoundTask):
    """Rules of one evaluation by PSDS."""

    protocol: PsdsRules

    report = PsdsReport

    def _counted(self, given: Recordings) -> Intersections:
        cross = self.protocol.alpha_ct > 0
        return intersect(self.protocol, given, cross=cross, ranked=given.ranked)

    def _evidence(self, counts: Sequence[Any], scored: Scored) -> Weighed:
        return psds_evidence(self.protocol, _joined_intersections(counts), scored)


def _joined_counts(parts: Sequence[Counts]) -> Counts:
    """Put the counts of different recordings together."""
    if len(parts) == 1:
        return parts[0]
    classes, numbers = common_classes([part.classes for part in parts])
    begins = np.append(0, np.cumsum([len(part.names) for part in parts]))
    return Counts(
        tuple(name for part in parts for name in part.names),
        classes,
        np.concatenate([part.overall for part in parts]),
        np.concatenate([part.recording + begins[k] for k, part in enumerate(parts)]),
        np.concatenate([numbers[k][part.label] for k, part in enumerate(parts)]),
        np.concatenate([part.by_class for part in parts]),
        np.concatenate([part.length for part in parts]),
    )


def _joined_intersections(parts: Sequence[Intersections]) -> Intersections:
    """Put the changes of different recordings together."""
    if len(parts) == 1:
        return parts[0]
    classes, numbers = common_classes([part.classes for part in parts])
    begins = np.append(0, np.cumsum([len(part.names) for part in parts]))
    moved = []
    for k, part in enumerate(parts):
        number = np.append(numbers[k], -1)  # the last stands for none
        moved.append(
            replace(
                part,
                recording=part.recording + begins[k],
                label=number[part.label],
                other=number[part.other],
                truth_recording=part.truth_recording + begins[k],
                truth_label=number[part.truth_label],
            )
        )
    names = ("kind", "recording", "label", "other", "level", "point", "truth_recording",
             "truth_label", "truth_seconds", "duration")  # fmt: skip
    return Intersections(
        names=tuple(name for part in parts for name in part.names),
        classes=classes,
        ranked=all(part.ranked for part in parts),
        **{name: np.concatenate([getattr(part, name) for part in moved]) for name in names},
    )
