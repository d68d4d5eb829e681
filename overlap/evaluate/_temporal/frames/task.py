"""The task of action segmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.numbers import Number
from overlap.evaluate.task import Description, Inputs, Task
from overlap.io.frame_labels import FrameLabels, as_frame_labels

from ..reading import AS_IT_STANDS, Reading
from .evidence import FrameEvidence, evidence_of
from .measure import VideoCounts, content_digest, measure_video
from .protocol import FrameRules
from .reading import Sources, read_inputs
from .report import FrameReport
from .runs import Runs
from .wording import describe, sentence

__all__ = ["FrameTask"]


@dataclass(frozen=True)
class FrameTask(Task):
    """Rules of one evaluation of action segmentation. An item is a video."""

    protocol: FrameRules
    reading: Reading = AS_IT_STANDS

    name, unit, report = "action segmentation", "videos", FrameReport
    records = (VideoCounts, Runs)

    def items(self, pieces: int, **inputs: Any) -> Inputs:
        """Read both sides, and split them into videos."""
        truth, found, sources = read_inputs(self.protocol, self.reading, **inputs)
        given = {video: k for k, video in enumerate(found.videos)}
        items = {}
        for k, video in enumerate(truth.videos):
            own = _one(found, given[video]) if video in given else None
            if own is None and self.protocol.missing == "leave_out":
                continue
            items[video] = {"truth": _one(truth, k), "found": own}
        if not items:
            raise ValueError(
                f"{found.source}: has no video of the truth ({truth.source}); the truth has "
                f"{truth.videos[0]!r}, the predictions have {found.videos[0]!r}"
            )
        return Inputs(items, sources)

    def measure(self, key: Any, item: Mapping[str, Any]) -> VideoCounts:
        """Count frames and segments of one video."""
        sides = (self._side(key, item.get(role)) for role in ("truth", "found"))
        return measure_video(self.protocol, str(key), *sides)  # type: ignore[arg-type]

    def _side(self, key: Any, given: Any) -> FrameLabels | None:
        if given is None or isinstance(given, FrameLabels):
            return given
        return as_frame_labels({str(key): given})

    def rules(self) -> dict[str, Any]:
        """Return the rules on which counts depend."""
        settings = {**self.protocol.settings(), "thresholds": list(self.protocol.thresholds)}
        settings.pop("missing")
        return {name: list(x) if isinstance(x, tuple) else x for name, x in settings.items()}

    def holds(self, key: Any, part: VideoCounts, item: Mapping[str, Any]) -> bool:
        """Whether counts are of these very labels."""
        sides = [self._side(key, item.get(role)) for role in ("truth", "found")]
        return tuple(part.digests) == tuple(map(content_digest, sides))

    def finish(self, parts: Mapping[Any, VideoCounts], about: Sources | None) -> FrameEvidence:
        """Put the counts of all videos together."""
        if not parts:
            raise ValueError("study: nothing was added; add truth and found of a video first")
        named = {str(key): part for key, part in parts.items()}
        evidence = evidence_of(named, self.protocol.thresholds, self.protocol.background)
        return evidence if about is None else replace(evidence, sources=about)

    def describe(
        self, evidence: FrameEvidence, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Say what the numbers depend on."""
        return describe(self.protocol, evidence, numbers)

    def sentence(self, evidence: FrameEvidence, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        return sentence(self.protocol, evidence, settings)


def _one(table: FrameLabels, k: int) -> FrameLabels:
    return FrameLabels((table.videos[k],), table.labels, (table.frames[k],), table.source, None)
