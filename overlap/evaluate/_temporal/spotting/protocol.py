"""The rules of one evaluator of spotting, as a frozen value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from overlap.evaluate.protocol import Rules

__all__ = ["SOCCERNET", "SpottingProtocol"]

#: Classes of SoccerNet-v2.
SOCCERNET = (
    "Penalty", "Kick-off", "Goal", "Substitution", "Offside", "Shots on target",
    "Shots off target", "Clearance", "Ball out of play", "Throw-in", "Foul", "Indirect free-kick",
    "Direct free-kick", "Corner", "Yellow card", "Red card", "Yellow->red card",
)  # fmt: skip

CHOICES: dict[str, dict[str, str]] = {
    "unit": {
        "seconds": "tolerances are seconds",
        "frames": "tolerances are frames",
    },
    "tolerance_width": {
        "whole": "a tolerance is the whole width: half of it on each side of a truth",
        "each_side": "a tolerance is on each side of a truth",
    },
    "order": {
        "truth": "truths in order of time take the most confident free prediction in reach",
        "confidence": "predictions take the nearest free truth, most confident first",
    },
    "duplicates": {
        "last": "of points of one class in one frame the last row counts",
        "keep": "all count",
    },
    "curve": {
        "levels": "mean over 11 recalls of the best precision at score_levels confidences from 0 "
        "to 1",
        "all_points": "mean over the truths of the best precision at each hit or behind it",
    },
    "average": {
        "trapezoid": "area under mAP over the tolerances, by trapezoids",
        "mean": "mean over the tolerances",
    },
    "classes": {
        "soccernet": "the 17 classes of SoccerNet-v2; one without a truth has AP 0",
        "truth": "classes that have a truth",
    },
}


@dataclass(frozen=True)
class SpottingProtocol(Rules):
    """The rules by which points become hits and a mean average precision.

    Parameters
    ----------
    name : str
        Name, lower case.
    description : str
        One line: whose rules these are.
    tolerances : tuple of float
        Rising, >= 0.
    unit : {"seconds", "frames"}
        Unit of the tolerances.
    tolerance_width : {"whole", "each_side"}
        What a tolerance measures.
    fps : float
        Frames per second into which times are put; 0 for the frames of the input.
    order : {"truth", "confidence"}
        Who chooses.
    duplicates : {"last", "keep"}
        What points of one class in one frame mean.
    longest : float
        Seconds of a part of a video; later points are put into its last frame. 0 for no limit.
    curve : {"levels", "all_points"}
        How hits become an average precision.
    score_levels : int
        Number of confidences, for ``curve="levels"``.
    average : {"trapezoid", "mean"}
        How mAP at several tolerances becomes one number.
    classes : {"soccernet", "truth"}
        Classes of the mean.
    unshown_factor : float
        Factor of the average mAP of actions that are not shown.

    Examples
    --------
    >>> from overlap.evaluate import TEMPORAL_PROTOCOLS
    >>> TEMPORAL_PROTOCOLS["spotting_tight"].tolerances
    (1.0, 2.0, 3.0, 4.0, 5.0)
    """

    choices = CHOICES

    tolerances: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0, 5.0)
    unit: str = "seconds"
    tolerance_width: str = "whole"
    fps: float = 2.0
    order: str = "truth"
    duplicates: str = "last"
    longest: float = 7200.0
    curve: str = "levels"
    score_levels: int = 200
    average: str = "trapezoid"
    classes: str = "soccernet"
    unshown_factor: float = 17 / 13

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "tolerances", tuple(float(x) for x in self.tolerances))
        rising = all(a < b for a, b in zip(self.tolerances, self.tolerances[1:], strict=False))
        if not (self.tolerances and rising and 0 <= self.tolerances[0] < math.inf):
            raise ValueError(
                f"{self._called}: tolerances = {self.tolerances} must be >= 0 and rise"
            )
        for field in ("fps", "longest", "unshown_factor"):
            value = float(getattr(self, field))
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{self._called}: {field} = {value!r} is not a number >= 0")
            object.__setattr__(self, field, value)
        if self.unit == "seconds" and not self.fps:
            raise ValueError(f"{self._called}: fps = 0, and tolerances are seconds; give fps")
        if self.score_levels < 2:
            raise ValueError(
                f"{self._called}: score_levels = {self.score_levels}; wanted 2 or more"
            )

    def reaches(self) -> tuple[float, ...]:
        """Return the frames on each side of a truth in which a prediction hits it."""
        frames = [x * (self.fps if self.unit == "seconds" else 1.0) for x in self.tolerances]
        return tuple(x / 2 if self.tolerance_width == "whole" else x for x in frames)

    def tolerance_names(self) -> tuple[str, ...]:
        """Return the tolerances as they are written in names."""
        unit = "s" if self.unit == "seconds" else ""
        return tuple(f"{x:g}{unit}" for x in self.tolerances)
