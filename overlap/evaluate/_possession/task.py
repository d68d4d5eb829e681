"""Task of possession: rules by which scores of regions, frame by frame, become spells."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overlap._common.numbers import checked_number
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.numbers import Number
from overlap.evaluate.task import Description, Inputs, Task
from overlap.evaluate.thresholds import parse_thresholds
from overlap.scores.score import Score, check_score

from . import wording
from .evidence import PossessionEvidence
from .report import PossessionReport
from .scene import FARTHEST, Scene, Tables, read_scene, read_tables
from .states import Frames, Rules
from .video import Video, measured

__all__ = ["Possession"]

_SLACK = 1e-9  # of a duration in frames, for rounding of seconds times frames per second


@dataclass(frozen=True)
class Possession(Task):
    """Rules by which scores become spells; fields are those of `possession`."""

    fps: float
    score: Score
    threshold: float
    release: Any
    hold: float
    max_gap: float
    min_duration: float
    simultaneous: str
    iou: Any
    name, unit = "possession", "videos"
    records, report = (Video, Frames), PossessionReport

    def __post_init__(self) -> None:
        fps, threshold = (
            checked_number(self.fps, "fps"),
            checked_number(self.threshold, "threshold"),
        )
        if fps <= 0:
            raise ValueError(f"fps = {self.fps!r} is not a positive number")
        release = threshold if self.release is None else checked_number(self.release, "release")
        if release > threshold:
            raise ValueError(
                f"release = {release} is above threshold = {threshold}; a player must lose the "
                "ball at a lower score than the one that gives it"
            )
        fields = {"fps": float(fps), "threshold": threshold, "release": release}
        for name in ("hold", "max_gap", "min_duration"):
            fields[name] = float(checked_number(getattr(self, name), name))
            if fields[name] < 0:
                raise ValueError(f"{name} = {getattr(self, name)!r} seconds is negative")
        if self.simultaneous not in ("all", "best"):
            raise ValueError(f"simultaneous = {self.simultaneous!r}; expected 'all' or 'best'")
        check_score(self.score)
        self.score.plan.check_level(threshold, "threshold")
        for name, value in {**fields, "iou": parse_thresholds(self.iou)}.items():
            object.__setattr__(self, name, value)

    def items(self, pieces: int, **inputs: Any) -> Inputs:
        """Read the tables; an item is the scene of one video."""
        tables = read_tables(**inputs)
        return Inputs(tables.scenes, tables)

    def measure(self, key: Any, item: Scene | Mapping[str, Any]) -> Video:
        """Score the frames of a video, and turn scores into spells."""
        return measured(_scene(key, item), self.score, self._in_frames())

    def finish(self, parts: Mapping[Any, Video], about: Tables | None) -> PossessionEvidence:
        """Put the videos together: those of tables in their order."""
        if about is not None:
            parts = {key: parts[key] for key in about.scenes}
        inputs = _inputs(parts) if about is None else about.inputs
        return PossessionEvidence(parts, self.fps, self.iou, inputs)

    def holds(self, key: Any, part: Video, item: Scene | Mapping[str, Any]) -> bool:
        """Whether a video is still the one that was measured."""
        return dict(part.sha256) == _scene(key, item).sha256

    def rules(self) -> dict[str, Any]:
        """Return the rules on which spells depend."""
        return {
            "score": repr(self.score),
            "threshold": self.threshold,
            "release": self.release,
            "hold": self.hold,
            "max_gap": self.max_gap,
            "min_duration": self.min_duration,
            "simultaneous": self.simultaneous,
            "fps": self.fps,
        }

    def describe(
        self, evidence: PossessionEvidence, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Return settings, contract, notes and findings."""
        return wording.description(evidence, self.rules())

    def sentence(self, evidence: PossessionEvidence, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        return wording.sentence(settings)

    def _in_frames(self) -> Rules:
        """Return the rules with durations in whole frames."""
        hold, gap, least = (
            min(seconds * self.fps, float(FARTHEST))  # no two frames are farther apart
            for seconds in (self.hold, self.max_gap, self.min_duration)
        )
        return Rules(
            self.threshold, self.release, math.floor(hold + _SLACK), math.floor(gap + _SLACK),
            math.ceil(least - _SLACK), self.simultaneous,
        )  # fmt: skip


def _scene(key: Any, item: Scene | Mapping[str, Any]) -> Scene:
    """Return the scene of an item, as the evaluation or the caller of a study gives it."""
    return item if isinstance(item, Scene) else read_scene(str(key), **item)


def _inputs(parts: Mapping[Any, Video]) -> dict[str, dict[str, str]]:
    """Return the digests of inputs that came video by video."""
    annotated = [key for key, part in parts.items() if "truth" in part.sha256]
    if annotated and len(annotated) < len(parts):
        other = next(key for key in parts if key not in annotated)
        raise ValueError(
            f"study: {annotated[0]!r} has annotated spells and {other!r} has none; give truth= for "
            "every video (a table without rows says that there are no spells), or for none"
        )
    result = {}
    for role in ("players", "ball", *["truth"] * bool(annotated)):
        listed = "".join(f"{key} {part.sha256[role]}\n" for key, part in parts.items())
        result[role] = {"sha256": hashlib.sha256(listed.encode()).hexdigest()}
    return result
