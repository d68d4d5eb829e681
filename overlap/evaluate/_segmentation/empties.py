"""Policies for empty sets: the value of a metric where truth, found or both are empty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.io.name_match import closest

from .metrics import Metric, Values

__all__ = ["EMPTY_POLICIES", "SITUATIONS", "Answers", "Empty", "as_empty"]

#: Names of the situations, as they stand in tables; "" where both sets have something.
SITUATIONS = ("", "both", "truth", "found", "undefined")

Answer = float | str
_WORDS = ("nan", "worst", "best", "formula", "raise")


@dataclass(frozen=True)
class Answers:
    """Answers for one class of metrics.

    Each is a number, or ``"nan"``, ``"worst"`` and ``"best"`` (of the metric's range: 0 and 1
    for a ratio, infinity and 0 for a distance), ``"formula"`` (the result of division), or
    ``"raise"`` (the program has an error instead of a number: the value is undefined, and a note
    says so).

    Attributes
    ----------
    both : float or str
        Neither side has anything.
    truth : float or str
        The truth has nothing, something was found.
    found : float or str
        Nothing was found, the truth has something.
    undefined : float or str
        Both have something, and the metric is 0/0.
    """

    both: Answer = "nan"
    truth: Answer = "worst"
    found: Answer = "worst"
    undefined: Answer = "nan"

    def __post_init__(self) -> None:
        for name in SITUATIONS[1:]:
            answer = getattr(self, name)
            number = isinstance(answer, int | float) and not isinstance(answer, bool)
            if not number and answer not in _WORDS:
                raise ValueError(
                    f"empty: the answer for {name!r} is {answer!r}; wanted a number or one of "
                    f"{', '.join(_WORDS)}"
                )

    def listed(self) -> dict[str, Answer]:
        """Return the answers by situation, NaN as a word."""
        return {
            name: "nan" if isinstance(value, float) and np.isnan(value) else value
            for name in SITUATIONS[1:]
            for value in (getattr(self, name),)
        }


_FORMULA = Answers("formula", "formula", "formula", "nan")


@dataclass(frozen=True, eq=False)
class Empty(ByValue):
    """A policy for empty sets.

    Attributes
    ----------
    overlap : Answers
        For ratios: NaN, 0, 0. The numbers are for ratios that are best at 1; errors, which are best
        at 0, take 1 minus the number.
    distance : Answers
        For distances: NaN, infinity, infinity.
    relative : Answers
        For differences relative to the truth: NaN, infinity, and the formula (-1, or 1).
    metrics : mapping from str to Answers
        For metrics by name, before all others, and as they are; ``"nsd"`` is for every tolerance,
        ``"hd95"`` for every percentile, ``"f_score"`` for every beta.
    name : str
        Name of the policy.

    Notes
    -----
    Volumes, their differences, specificity and other metrics that say something of empty sets
    keep their formulas. A set is empty if it has nothing that the metric counts: for
    ``lesion_dice`` a truth whose lesions are all too small. A mean over the points of one side is
    undefined without any, where other distances are the worst.
    """

    overlap: Answers = Answers()
    distance: Answers = Answers()
    relative: Answers = Answers(found="formula")
    metrics: Mapping[str, Answers] = field(default_factory=dict)
    name: str = "custom"

    def answers(self, metric: Metric) -> Answers:
        """Return the answers for a metric.

        Parameters
        ----------
        metric : Metric
        """
        kind = _PERCENTILE.sub("hd95", re.split(r"[@(]", metric.name)[0])
        for name in (metric.name, kind):
            if name in self.metrics:
                return self.metrics[name]
        if not metric.empty:
            return _FORMULA
        answers: Answers = getattr(self, metric.empty)
        if metric.empty == "overlap" and metric.better != "higher":
            return Answers(*(_turned(metric, answer) for answer in answers.listed().values()))
        if metric.points:
            given = answers.listed()
            pointless = [name for name in ("both", metric.points) if given[name] == "worst"]
            return replace(answers, **dict.fromkeys(pointless, "nan"))
        return answers

    def apply(
        self, metric: Metric, values: Values, situation: NDArray[np.int8]
    ) -> tuple[Values, NDArray[np.int8], NDArray[np.bool_]]:
        """Put the policy's answers where sets are empty.

        Parameters
        ----------
        metric : Metric
        values : ndarray, shape (N,)
            Results of the formula.
        situation : ndarray of int8, shape (N,)
            Place in `SITUATIONS`, at most 3.

        Returns
        -------
        values : ndarray, shape (N,)
        situation : ndarray of int8, shape (N,)
            0 where the formula holds, although a set is empty.
        raised : ndarray of bool, shape (N,)
            Where the policy has an error; the value is NaN.
        """
        answers = self.answers(metric)
        values, situation = values.copy(), situation.copy()
        situation[(situation == 0) & np.isnan(values)] = SITUATIONS.index("undefined")
        raised = np.zeros(len(values), np.bool_)
        for code, name in enumerate(SITUATIONS[1:], 1):
            here = situation == code
            answer = getattr(answers, name)
            if answer == "raise":
                raised |= here
                values[here] = np.nan
            elif answer == "formula":
                situation[here & np.isfinite(values)] = 0
            else:
                words = {"nan": np.nan, "worst": metric.worst, "best": metric.best}
                values[here] = words[answer] if isinstance(answer, str) else answer
        return values, situation, raised

    def settings(self) -> dict[str, Any]:
        """Return the policy as plain data."""
        groups = {
            name: getattr(self, name).listed() for name in ("overlap", "distance", "relative")
        }
        own = {name: answers.listed() for name, answers in self.metrics.items()}
        return {"name": self.name, **groups, **({"metrics": own} if own else {})}


def _turned(metric: Metric, answer: Answer) -> Answer:
    """Return the answer for a metric where less is better, from that for a ratio."""
    if isinstance(answer, str) or not metric.better:
        return answer
    if answer == 1.0:
        return metric.best
    return metric.best + (1.0 - answer) * (metric.worst - metric.best)


def _three(both: Answer, truth: Answer, found: Answer) -> Answers:
    return Answers(both, truth, found)


_PERCENTILE = re.compile(r"^hd[\d.]+$")
_RAISE = _three("raise", "raise", "raise")
_ZERO = _three(0.0, 0.0, 0.0)
_APART = _three("nan", "worst", "worst")
# MONAI divides without a check, whatever `ignore_empty` is; percentiles are undefined.
_MONAI = {
    "precision": _three("nan", 0.0, "nan"),
    "recall": _three("nan", "nan", 0.0),
    "false_negative_error": _three("nan", "nan", 1.0),
    "f_score": _three("nan", 0.0, 0.0),
    "hd95": _three("nan", "nan", "nan"),
    "asd_found": _APART,
    "asd_truth": _APART,
    "nsd": _three("nan", 0.0, 0.0),
}

#: Policies by name: the default, and those of other programs.
EMPTY_POLICIES: dict[str, Empty] = {
    "default": Empty(name="default"),
    "surface-distance": Empty(
        distance=_three("worst", "worst", "worst"),
        metrics={"assd": _APART, "masd": _APART},
        name="surface-distance",
    ),
    "medpy": Empty(
        overlap=_three(1.0, 0.0, 0.0),
        distance=_RAISE,
        relative=_three("raise", "raise", "formula"),
        metrics={"precision": _ZERO, "recall": _ZERO},
        name="medpy",
    ),
    "monai": Empty(
        overlap=_three("nan", "nan", 0.0),
        metrics=_MONAI,
        name="monai",
    ),
    "monai-keep-empty": Empty(
        overlap=_three(1.0, 0.0, 0.0),
        metrics=_MONAI,
        name="monai-keep-empty",
    ),
    "metrics-reloaded": Empty(
        overlap=_three(1.0, 0.0, 0.0),
        distance=_three(0.0, "nan", "nan"),
        relative=_three("nan", "nan", "formula"),
        metrics={
            "iou": _three("nan", 0.0, 0.0),
            "precision": _three("nan", 0.0, 0.0),
            "recall": _three("nan", "nan", 0.0),
            "false_negative_error": _three("nan", "nan", 1.0),
        },
        name="metrics-reloaded",
    ),
    "panoptica": Empty(
        overlap=_three("nan", 0.0, 0.0),
        relative=_three("nan", "nan", "nan"),
        metrics={
            "instance_precision": _three("nan", 0.0, "nan"),
            "instance_recall": _three("nan", "nan", 0.0),
        },
        name="panoptica",
    ),
    "scikit-image": Empty(distance=_three(0.0, "worst", "worst"), name="scikit-image"),
    "torchmetrics": Empty(
        overlap=_three("nan", 0.0, 0.0),
        metrics=dict.fromkeys(("precision", "recall", "f_score"), _ZERO),
        name="torchmetrics",
    ),
    "simpleitk": Empty(
        overlap=_ZERO,
        distance=_RAISE,
        metrics={
            "false_negative_error": _three(0.0, float("inf"), "formula"),
            "false_positive_error": _three(0.0, "formula", float("inf")),
            "volumetric_similarity_signed": _three(0.0, "formula", "formula"),
        },
        name="simpleitk",
    ),
}


def as_empty(empty: str | Empty) -> Empty:
    """Return a policy by name, or the policy itself.

    Parameters
    ----------
    empty : str or Empty
        A name in `EMPTY_POLICIES`.

    Examples
    --------
    >>> from overlap.evaluate._segmentation.empties import as_empty
    >>> as_empty("medpy").overlap
    Answers(both=1.0, truth=0.0, found=0.0, undefined='nan')
    """
    if isinstance(empty, Empty):
        return empty
    if not isinstance(empty, str):
        raise TypeError(f"empty = {empty!r}; wanted the name of a policy, or an Empty")
    if empty not in EMPTY_POLICIES:
        raise ValueError(
            f"empty: there is no policy {empty!r}{closest(empty, EMPTY_POLICIES)}; there are "
            f"{', '.join(EMPTY_POLICIES)}"
        )
    return EMPTY_POLICIES[empty]
