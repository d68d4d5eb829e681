"""Rules of the recall of proposals, and of the recall at k times the truths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from overlap.evaluate.protocol import Rules
from overlap.evaluate.thresholds import parse_thresholds

from ..choices import CLASSES, IOU

__all__ = ["PROTOCOLS", "KxRules", "ProposalRules"]

_TIES = {
    "argsort_reversed": "numpy.argsort(...)[::-1]: unstable, as the Python evaluators do",
    "file": "equal confidences keep the order of the file",
}


@dataclass(frozen=True)
class ProposalRules(Rules):
    """Rules of the average recall (AR) over the average number of proposals per video (AN).

    Parameters
    ----------
    name, description : str
    thresholds : tuple of float
        IoU thresholds in [0, 1], over which the recall is averaged.
    most : float
        Largest average number of proposals per video; of each video its share is kept, the best.
        0: all that the input has.
    points : int
        Number of points of the curve.
    at : tuple of float
        Average numbers of proposals that have an ``AR@AN`` in the summary, from straight lines
        between the points; those beyond the curve are left out.
    over : {"truth", "found"}
        The videos that count: those with a truth, or those with a proposal.
    added : float
        What is added to every stop: 1 for frames whose last one belongs to the segment.
    tie_rule : {"argsort_reversed", "file"}
        Order of proposals of equal confidence.
    comparison, union, undefined : str
        The IoU, and how it is compared.
    classes : {"ignore", "labels"}
        Whether labels are looked at.
    """

    choices: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "tie_rule": _TIES,
        "over": {"truth": "videos with a truth", "found": "videos with a proposal"},
        **IOU,
        **CLASSES,
    }

    thresholds: tuple[float, ...] = ()
    most: float = 100.0
    points: int = 100
    at: tuple[float, ...] = (1.0, 5.0, 10.0, 50.0, 100.0)
    over: str = "truth"
    added: float = 0.0
    tie_rule: str = "argsort_reversed"
    comparison: str = ">="
    union: str = "sum"
    undefined: str = "zero"
    classes: str = "ignore"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "thresholds", parse_thresholds(self.thresholds))
        object.__setattr__(self, "most", float(self.most))
        object.__setattr__(self, "added", float(self.added))
        object.__setattr__(self, "at", tuple(map(float, self.at)))
        if not 0 <= self.most < float("inf"):
            raise ValueError(f"{self._called}: most = {self.most!r} is not a number >= 0")
        if isinstance(self.points, bool) or not 2 <= self.points <= 100_000:
            raise ValueError(
                f"{self._called}: points = {self.points!r} is not a number from 2 to 100,000"
            )
        if any(not 0 < number < float("inf") for number in self.at):
            raise ValueError(f"{self._called}: at = {self.at!r} are not numbers > 0")


@dataclass(frozen=True)
class KxRules(Rules):
    """Rules of the recall of the best k predictions for each truth.

    Of a video and class with n truths, the best k x n predictions count.

    Parameters
    ----------
    name, description : str
    thresholds : tuple of float
        IoU thresholds in [0, 1].
    k : tuple of int
        Predictions for each truth.
    order : {"confidence", "file"}
        Which predictions are the best.
    tie_rule : {"argsort_reversed", "file"}
        Order of equal confidences.
    mean : {"classes", "truths"}
        Over what the recall is averaged.
    duplicates : {"keep", "drop"}
        Whether a truth within `duplicate_tolerance` of an earlier one is left out.
    duplicate_tolerance : float
        Largest difference of both ends.
    zero_length : {"keep", "drop"}
        What happens to truths of zero length.
    comparison, union, union_floor, undefined : str or float
        The IoU, its smallest denominator, and how it is compared.
    classes : {"labels", "ignore"}
        Whether labels are looked at.
    """

    choices: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "order": {
            "confidence": "the most confident first",
            "file": "in the order of the file, whatever the confidences",
        },
        "tie_rule": _TIES,
        "mean": {
            "classes": "mean over the classes of the truth",
            "truths": "share of all truths",
        },
        "duplicates": {
            "keep": "every truth counts",
            "drop": "a truth within duplicate_tolerance of an earlier kept one is left out",
        },
        "zero_length": {"keep": "truths of zero length count", "drop": "they are left out"},
        **IOU,
        **CLASSES,
    }

    thresholds: tuple[float, ...] = ()
    k: tuple[int, ...] = (1, 5)
    order: str = "confidence"
    tie_rule: str = "argsort_reversed"
    mean: str = "classes"
    duplicates: str = "drop"
    duplicate_tolerance: float = 1e-3
    zero_length: str = "drop"
    comparison: str = ">="
    union: str = "sum"
    union_floor: float = 1e-8
    undefined: str = "zero"
    classes: str = "labels"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "thresholds", parse_thresholds(self.thresholds))
        if not self.k or any(isinstance(k, bool) or k != int(k) or k < 1 for k in self.k):
            raise ValueError(f"{self._called}: k = {self.k!r} are not whole numbers >= 1")


def _linspace(first: float, last: float, count: int) -> tuple[float, ...]:
    # numpy.linspace's own arithmetic: the evaluators use its unrounded values
    step = (last - first) / (count - 1)
    return (*(k * step + first for k in range(count - 1)), last)


PROTOCOLS: dict[str, Rules] = {
    rules.name: rules
    for rules in (
        ProposalRules(
            "proposals",
            "the proposal task of the ActivityNet challenge's evaluation script",
            thresholds=_linspace(0.5, 0.95, 10),
        ),
        ProposalRules(
            "proposals_thumos",
            "AR@AN of papers on THUMOS14: IoU up to 1.0, 200 points, videos with a proposal",
            thresholds=_linspace(0.5, 1.0, 11),
            most=0.0,
            points=200,
            over="found",
            at=(50.0, 100.0, 200.0, 500.0, 1000.0),
        ),
        KxRules(
            "recall_kx", "OpenTAD's Recall@kx: mean over classes", thresholds=_linspace(0.3, 0.7, 5)
        ),
        KxRules(
            "recall_kx_mq",
            "Ego4D's recall of moment queries: all truths together, in the order of the file",
            thresholds=(0.3, 0.5, 0.7),
            k=(1, 2, 3, 4, 5),
            order="file",
            mean="truths",
            duplicates="keep",
            zero_length="keep",
            comparison=">",
            union="hull",
            union_floor=0.0,
        ),
    )
}
