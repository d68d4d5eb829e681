"""Rules of the retrieval of moments, and of QVHighlights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from overlap.evaluate.protocol import Rules
from overlap.evaluate.thresholds import parse_thresholds

from ..choices import COMPARISON, IOU

__all__ = ["PROTOCOLS", "RANGES", "HighlightRules", "MomentRules"]

_UNANSWERED = {
    "error": "a query of the truth without an entry in the predictions is an error",
    "miss": "it counts as missed",
    "leave_out": "it is left out",
}


@dataclass(frozen=True)
class MomentRules(Rules):
    """Rules of the recall of the first k windows (R@k) and of the mean IoU of the first.

    Parameters
    ----------
    name, description : str
    thresholds : tuple of float
        IoU thresholds in [0, 1].
    k : tuple of int
        Numbers of windows of a query that are looked at.
    order : {"file", "confidence"}
        Which windows are the first.
    truths : int
        How many of the best truths of a query the mean IoU averages; fewer where there are fewer.
    unanswered : {"miss", "leave_out", "error"}
        What happens to queries without predictions.
    comparison, union, undefined : str
        The IoU, and how it is compared.
    """

    choices: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "order": {
            "file": "as in the file, the best first",
            "confidence": "the most confident first; equal ones as in the file",
        },
        "unanswered": _UNANSWERED,
        **IOU,
    }

    thresholds: tuple[float, ...] = (0.3, 0.5, 0.7)
    k: tuple[int, ...] = (1, 5)
    order: str = "file"
    truths: int = 1
    unanswered: str = "miss"
    comparison: str = ">"
    union: str = "hull"
    undefined: str = "zero"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "thresholds", parse_thresholds(self.thresholds))
        for field, values in (("k", self.k), ("truths", (self.truths,))):
            if not values or any(isinstance(x, bool) or x != int(x) or x < 1 for x in values):
                raise ValueError(
                    f"{self._called}: {field} = {getattr(self, field)!r} is not made of whole "
                    "numbers >= 1"
                )


#: Ranges of the lengths of truths, in seconds: above the first end, up to the second.
RANGES = {
    "full": (float("-inf"), float("inf")),
    "short": (0.0, 10.0),
    "middle": (10.0, 30.0),
    "long": (30.0, 150.0),
}


@dataclass(frozen=True)
class HighlightRules(Rules):
    """Rules of QVHighlights: average precision of windows, and of clips by their saliency.

    Parameters
    ----------
    name, description : str
    thresholds : tuple of float
        IoU thresholds in [0, 1].
    windows : int
        Windows of a query that count: the first of the file. 0: all.
    clip_length : float
        Seconds of a clip.
    unanswered : {"error", "leave_out"}
        What happens to queries that only one side has.
    comparison : {">=", ">"}
        Relation of IoU and threshold that makes a match.
    """

    choices: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "unanswered": {name: _UNANSWERED[name] for name in ("error", "leave_out")},
        "comparison": COMPARISON,
    }

    thresholds: tuple[float, ...] = tuple(k / 100 for k in range(50, 100, 5))
    windows: int = 10
    clip_length: float = 2.0
    unanswered: str = "error"
    comparison: str = ">="

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "thresholds", parse_thresholds(self.thresholds))
        object.__setattr__(self, "clip_length", float(self.clip_length))
        if isinstance(self.windows, bool) or self.windows != int(self.windows) or self.windows < 0:
            raise ValueError(
                f"{self._called}: windows = {self.windows!r} is not a whole number >= 0"
            )
        if not 0 < self.clip_length < float("inf"):
            raise ValueError(f"{self._called}: clip_length = {self.clip_length!r} is not > 0")


PROTOCOLS: dict[str, Rules] = {
    rules.name: rules
    for rules in (
        MomentRules(
            "moment_retrieval", "R@k and mIoU of 2D-TAN, as on Charades-STA: strictly above the IoU"
        ),
        MomentRules(
            "nlq",
            "Ego4D's natural language queries: R@k and mIoU of the queries with predictions",
            thresholds=(0.3, 0.5),
            k=(1, 3, 5),
            truths=3,
            unanswered="leave_out",
        ),
        HighlightRules(
            "qvhighlights", "the evaluation script of QVHighlights: windows and highlights"
        ),
    )
}
