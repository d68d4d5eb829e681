"""The rules by which detections of one field are ranked, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field

from .curves import CurveRule
from .limits import Limits
from .matching import MatchRule
from .measures import Measure, Ratio
from .strata import Stratum

__all__ = ["TIES", "Rules"]

#: Orders of detections of equal confidence.
TIES = {
    "argsort_reversed": "numpy.argsort(...)[::-1]: unstable, as many Python programs do",
    "argsort_negated": "numpy.argsort(-confidence): unstable, as the scripts of DOTA do",
    "file": "equal confidences keep the order of the input",
    "file_reversed": "the later one first",
    "item": "equal confidences are ordered by item, then as in the input",
    "true_first": "equal confidences: true positives before false positives",
}


@dataclass(frozen=True)
class Rules:
    """One protocol: everything that decides an average precision, but the thresholds.

    Parameters
    ----------
    measure : Score, Ratio or WithCrowds
        Agreement of a detection and a truth.
    match : MatchRule
        Who gets whom.
    curve : CurveRule
        How a ranking becomes a number.
    ties : str
        One of `TIES`.
    limits : Limits
        How many detections count.
    strata : tuple of Stratum
        Parts of the truths that have numbers of their own.
    """

    measure: Measure
    match: MatchRule = field(default_factory=MatchRule)
    curve: CurveRule = field(default_factory=CurveRule)
    ties: str = "file"
    limits: Limits = field(default_factory=Limits)
    strata: tuple[Stratum, ...] = ()

    def __post_init__(self) -> None:
        if self.ties not in TIES:
            raise ValueError(f"ties = {self.ties!r} is not one of {', '.join(map(repr, TIES))}")
        distance = isinstance(self.measure, Ratio) and self.measure.distance
        if distance and self.match.method == "optimal":
            raise ValueError(
                "Rules: the optimal method looks for the largest sum of values, and the measure is "
                "a distance; give a ratio of which larger is better, or method='most'"
            )
