"""The task of spotting: videos with points in time, by the rules of one protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from overlap.evaluate import task
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.numbers import Number
from overlap.evaluate.report import plain
from overlap.evaluate.task import Description, Task
from overlap.io.name_match import closest
from overlap.io.printable import some

from .evidence import SpottingEvidence, evidence_of
from .matching import Measured, Points, measure_video
from .protocol import SOCCERNET, SpottingProtocol
from .reading import Inputs, Video, read_inputs
from .report import SpottingReport
from .wording import describe, sentence

__all__ = ["SpottingTask"]


@dataclass(frozen=True)
class SpottingTask(Task):
    """Rules of one evaluation of spotting. An item is a video."""

    protocol: SpottingProtocol
    labels: tuple[str, ...] | None = None

    name, unit, report = "spotting", "videos", SpottingReport
    records = (Measured, Points)

    def items(self, pieces: int, **inputs: Any) -> task.Inputs:
        """Read the inputs, and split them into videos."""
        given = read_inputs(self.protocol, **inputs)
        if not given.videos:
            raise ValueError(f"truth ({given.truth.source}): has no videos")
        items = {one.name: {"video": one} for one in given.videos}
        return task.Inputs(items, replace(given, videos=()))

    def measure(self, key: Any, item: Mapping[str, Any]) -> tuple[Measured, ...]:
        """Find the hits of the videos of an item."""
        return tuple(
            measure_video(self.protocol, one.name, one.truth, one.found, one.digests())
            for one in self._videos(item)
        )

    def _videos(self, item: Mapping[str, Any]) -> Sequence[Video]:
        if "video" in item:
            return (item["video"],)
        return read_inputs(self.protocol, **item).videos

    def rules(self) -> dict[str, Any]:
        """Return the rules on which hits depend."""
        return plain(self.protocol.settings())

    def holds(self, key: Any, part: tuple[Measured, ...], item: Mapping[str, Any]) -> bool:
        """Whether a part was measured of these very points."""
        given = self._videos(item)
        return len(part) == len(given) and all(
            one.name == other.name and one.digest == other.digests()[0]
            for one, other in zip(part, given, strict=True)
        )

    def finish(
        self, parts: Mapping[Any, tuple[Measured, ...]], about: Inputs | None
    ) -> SpottingEvidence:
        """Put videos together."""
        videos = [one for part in parts.values() for one in part]
        names = [one.name for one in videos]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"study: video {twice!r} is in two items; add it as a whole")
        told = any(not one.truth.shown.all() for one in videos) if about is None else about.told
        return evidence_of(self.protocol, videos, self._classes(videos), told, about)

    def _classes(self, videos: Sequence[Measured]) -> tuple[str, ...]:
        """Return the classes of the mean."""
        there = dict.fromkeys(
            one.truth.labels[k] for one in videos for k in one.truth.label.tolist()
        )
        if self.labels is not None:
            unknown = [name for name in self.labels if name not in there]
            if len(unknown) == len(self.labels):
                raise ValueError(
                    f"labels: none of {some(self.labels, 6)} is in the truth, which has "
                    f"{some(tuple(there), 6)}{closest(unknown[0], there)}"
                )
            return self.labels
        if self.protocol.classes == "truth":
            return tuple(sorted(there))
        if there and not set(there) & set(SOCCERNET):
            raise ValueError(
                f"protocol {self.protocol.name}: the truth has none of the 17 classes of "
                f"SoccerNet-v2, it has {some(tuple(there), 6)}; use the truth's classes (--set "
                "classes=truth), or name them (--labels)"
            )
        return SOCCERNET

    def describe(
        self, evidence: SpottingEvidence, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Say what the numbers depend on."""
        return describe(self.protocol, evidence)

    def sentence(self, evidence: SpottingEvidence, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        return sentence(self.protocol, evidence, settings)
