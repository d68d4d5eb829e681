"""The task of diarization: recordings, by the conventions of one program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overlap.evaluate import task
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.numbers import Number
from overlap.evaluate.report import plain
from overlap.evaluate.task import Description, Task

from ..reading import AS_IT_STANDS, Reading
from .evidence import SpeakerEvidence, evidence_of
from .measure import Measured, measure_recording
from .protocol import DiarizationProtocol
from .reading import Recording, read_inputs, without
from .report import SpeakerReport
from .wording import describe, sentence

__all__ = ["SpeakerTask"]


@dataclass(frozen=True)
class SpeakerTask(Task):
    """Conventions of one evaluation of diarization. An item is a recording."""

    protocol: DiarizationProtocol
    reading: Reading = AS_IT_STANDS

    name, unit, report = "diarization", "recordings", SpeakerReport
    records = (Measured,)

    def items(self, pieces: int, **inputs: Any) -> task.Inputs:
        """Read the inputs, and split them into recordings."""
        given = read_inputs(self.protocol, self.reading, **inputs)
        if not given.recordings:
            raise ValueError(
                f"truth ({given.truth.source}): has no recording; wanted turns of speakers"
            )
        items = {one.name: {"recording": one} for one in given.recordings}
        return task.Inputs(items, without(given))

    def measure(self, key: Any, item: Mapping[str, Any]) -> tuple[Measured, ...]:
        """Measure the recordings of an item."""
        return tuple(
            measure_recording(
                self.protocol, one.name, one.truth, one.found, one.spans, one.digests()
            )
            for one in self._recordings(item)
        )

    def _recordings(self, item: Mapping[str, Any]) -> Sequence[Recording]:
        if "recording" in item:
            return (item["recording"],)
        return read_inputs(self.protocol, self.reading, **item, whole=False).recordings

    def rules(self) -> dict[str, Any]:
        """Return the conventions on which errors depend."""
        return plain({**self.protocol.settings(), "reading": self.reading.settings()})

    def holds(self, key: Any, part: tuple[Measured, ...], item: Mapping[str, Any]) -> bool:
        """Whether a part was measured of these very turns."""
        given = self._recordings(item)
        return len(part) == len(given) and all(
            one.name == other.name and one.digest == other.digests()[0]
            for one, other in zip(part, given, strict=True)
        )

    def finish(self, parts: Mapping[Any, tuple[Measured, ...]], about: Any) -> SpeakerEvidence:
        """Put recordings together."""
        recordings = [one for part in parts.values() for one in part]
        names = [one.name for one in recordings]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"study: recording {twice!r} is in two items; add it as a whole")
        return evidence_of(self.protocol, recordings, about)

    def describe(
        self, evidence: SpeakerEvidence, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Say what the numbers depend on."""
        return describe(self.protocol, self.reading, evidence, numbers)

    def sentence(self, evidence: SpeakerEvidence, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        return sentence(self.protocol, evidence, settings)
