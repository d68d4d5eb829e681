"""Rules by which sound events are compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from overlap.evaluate.protocol import Rules

__all__ = ["CountRules", "EventRules", "IntersectionRules", "PsdsRules", "SegmentRules"]

_NO_OUTPUT = {
    "undefined": "precision and F1 of a class without predictions are undefined, and the mean over "
    "classes leaves them out",
    "zero": "they are 0",
}
_NO_TRUTH = {
    "leave_out": "a class without a truth has no error rate, and the mean leaves it out",
    "published": "its error rate is what sed_eval computes, with 2.2e-16 in place of 0 truths",
}


@dataclass(frozen=True)
class CountRules(Rules):
    """What numbers of counts are where there is nothing to divide by; others derive from it.

    Parameters
    ----------
    name, description : str
    no_output : {"undefined", "zero"}
        Precision and F1 without predictions.
    no_truth : {"leave_out", "published"}
        Error rate without a truth.
    """

    choices: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "no_output": _NO_OUTPUT,
        "no_truth": _NO_TRUTH,
    }

    no_output: str = "undefined"
    no_truth: str = "leave_out"

    def _check(self, field: str, *, low: float = 0.0, high: float = math.inf) -> None:
        value = float(getattr(self, field))
        if not (low <= value <= high and math.isfinite(value)):
            most = f" to {high:g}" if math.isfinite(high) else " or more"
            raise ValueError(f"{self._called}: {field} = {value!r}; wanted {low:g}{most}")
        object.__setattr__(self, field, value)


@dataclass(frozen=True)
class SegmentRules(CountRules):
    """Rules of segment-based scoring: which classes sound in each segment of time.

    Parameters
    ----------
    name, description, no_output, no_truth
    resolution : float
        Seconds of a segment, above 0.
    """

    resolution: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("resolution")
        if self.resolution == 0.0:
            raise ValueError(f"{self._called}: resolution = 0; wanted seconds above 0")


@dataclass(frozen=True)
class EventRules(CountRules):
    """Rules of event-based scoring: events are paired by onset and offset.

    Parameters
    ----------
    name, description, no_output, no_truth
    collar : float
        Seconds by which onsets, and offsets, may differ.
    share : float
        Part of the length of the truth by which offsets may differ, if that is more than the
        collar.
    onset, offset : bool
        Whether onsets and offsets are compared.
    matching : {"optimal", "greedy"}
        How events are paired.
    """

    choices: ClassVar[Mapping[str, Mapping[str, str]]] = {
        **CountRules.choices,
        "matching": {
            "optimal": "as many pairs as there can be",
            "greedy": "each truth, in the order of the file, takes the first free prediction",
        },
    }

    collar: float = 0.2
    share: float = 0.5
    onset: bool = True
    offset: bool = True
    matching: str = "optimal"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("collar")
        self._check("share")
        if not (self.onset or self.offset):
            raise ValueError(
                f"{self._called}: neither onset nor offset is compared; set one of them to true"
            )


@dataclass(frozen=True)
class IntersectionRules(CountRules):
    """Rules of intersection-based scoring: how much of an event the other side covers.

    Parameters
    ----------
    name, description, no_output, no_truth
    dtc : float
        Detection tolerance criterion: part of a prediction that truths of its class must cover.
    gtc : float
        Ground truth intersection criterion: part of a truth that such predictions must cover.
    cttc : float
        Cross-trigger tolerance criterion: part of a false prediction that truths of another class
        must cover, so that it counts as taken for that class.
    overlapping : {"refuse", "sum"}
        Events of one class that overlap on one side.
    """

    choices: ClassVar[Mapping[str, Mapping[str, str]]] = {
        **CountRules.choices,
        "overlapping": {
            "refuse": "are an error, as in psds_eval",
            "sum": "each covers for itself: time that two of them cover counts twice",
        },
    }

    dtc: float = 0.5
    gtc: float = 0.5
    cttc: float = 0.3
    overlapping: str = "refuse"

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("dtc", "gtc", "cttc"):
            self._check(field, high=1.0)


@dataclass(frozen=True)
class PsdsRules(IntersectionRules):
    """Rules of the polyphonic sound detection score.

    Parameters
    ----------
    name, description, no_output, no_truth, dtc, gtc, cttc, overlapping
    alpha_ct : float
        Weight of predictions that are taken for another class, 0 to 1.
    alpha_st : float
        Weight of the standard deviation over classes, 0 or more.
    max_efpr : float
        Greatest effective rate of false predictions, per `unit`; 0 for the greatest that occurs.
    unit : {"minute", "hour", "day", "month", "year"}
        Time to which rates refer.
    """

    choices: ClassVar[Mapping[str, Mapping[str, str]]] = {
        **IntersectionRules.choices,
        "unit": {
            "minute": "60 s", "hour": "3,600 s", "day": "24 h", "month": "30 days",
            "year": "365 days",
        },
    }  # fmt: skip

    alpha_ct: float = 0.0
    alpha_st: float = 0.0
    max_efpr: float = 100.0
    unit: str = "hour"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("alpha_ct", high=1.0)
        self._check("alpha_st")
        self._check("max_efpr")

    @property
    def seconds(self) -> float:
        """Seconds of the unit."""
        days = {"day": 1, "month": 30, "year": 365}
        return {"minute": 60.0, "hour": 3600.0}.get(self.unit) or 86400.0 * days[self.unit]
