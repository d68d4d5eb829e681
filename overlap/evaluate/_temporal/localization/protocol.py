"""The rules of one evaluator of temporal localization, as a frozen value."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from overlap.evaluate.number_lists import as_numbers, read_numbers
from overlap.evaluate.protocol import Rules
from overlap.evaluate.thresholds import parse_thresholds

from ..choices import IOU

__all__ = ["Protocol"]

# The values that each choice field may have, with what they mean. `Protocol.with_fields`
# and the documentation read this table.
CHOICES: dict[str, dict[str, str]] = {
    "order": {
        "confidence": "predictions choose a truth, most confident first",
        "truth": "truths choose a prediction, in file order",
    },
    "tie_rule": {
        "argsort_reversed": "numpy.argsort(...)[::-1]: unstable, as the Python evaluators do",
        "file": "equal confidences keep the order of the file",
        "video_name": "equal confidences are ordered by video name, then file",
        "true_first": "equal confidences: true positives before false positives",
    },
    **IOU,
    "interpolation": {
        "all_points": "sum of recall steps times the best precision at that recall or above",
        "grid": "mean over a recall grid of the best precision at that recall or above",
        "none": "mean over the truths of the precision at each true positive",
    },
    "recall_grid": {
        "matlab": "0:0.1:1 as MATLAB fills it (exactly 0.6 and 0.7)",
        "octave": "0:0.1:1 as Octave fills it (0.6000000000000001, 0.7000000000000001)",
    },
    "duplicates": {
        "keep": "equal truths of a video and class each need a prediction",
        "drop": "a truth within duplicate_tolerance of an earlier kept one is left out",
    },
    "zero_length": {"keep": "truths of zero length count", "drop": "they are left out"},
    "ambiguous_rows": {
        "ignore": "unmatched predictions that overlap an ambiguous interval are not counted",
        "drop": "ambiguous rows are left out",
        "class": "the ambiguous label is a class like any other",
    },
    "class_without_truth": {
        "leave_out": "the mean is over classes with a truth",
        "error": "a listed class without a truth is an error",
    },
}


@dataclass(frozen=True)
class Protocol(Rules):
    """The rules by which predictions become true and false positives and an AP.

    Every evaluator of temporal localization is one value of this class. Take one and
    change a field with `dataclasses.replace` or `with_fields`.

    Parameters
    ----------
    name : str
        Name, lower case.
    description : str
        One line: whose rules these are.
    thresholds : tuple of float
        IoU thresholds in [0, 1] that are used where the caller gives none.
    order : {"confidence", "truth"}
        Who chooses: predictions by falling confidence, or truths in file order.
    tie_rule : {"argsort_reversed", "file", "video_name", "true_first"}
        Order of predictions of equal confidence.
    comparison : {">=", ">"}
        Relation of IoU and threshold that makes a match.
    fallback : bool
        Whether a chooser whose best partner is taken tries the next best.
    union : {"sum", "hull"}
        Denominator of the IoU.
    union_floor : float
        Smallest denominator, in seconds (or the unit of the times).
    undefined : {"match", "zero"}
        What 0/0 means.
    interpolation : {"all_points", "grid", "none"}
        How a precision-recall curve becomes one number.
    recall_grid : str or tuple of float
        ``"matlab"``, ``"octave"`` or rising recalls; used by ``interpolation="grid"``.
    duplicates : {"keep", "drop"}
        What happens to repeated truths.
    duplicate_tolerance : float
        Largest difference of both ends at which two truths are the same.
    zero_length : {"keep", "drop"}
        What happens to truths of zero length.
    ambiguous_rows : {"ignore", "drop", "class"}
        What happens to truths with the label `ambiguous_label`.
    ambiguous_label : str
        The label that marks ambiguous intervals.
    class_without_truth : {"leave_out", "error"}
        What a listed class without any truth means.

    Examples
    --------
    >>> from overlap.evaluate import PROTOCOLS
    >>> strict = PROTOCOLS["activitynet"].with_fields(comparison=">")
    >>> strict.comparison, strict.name
    ('>', 'activitynet[comparison=>]')
    """

    choices = CHOICES

    thresholds: tuple[float, ...] = ()
    order: str = "confidence"
    tie_rule: str = "argsort_reversed"
    comparison: str = ">="
    fallback: bool = True
    union: str = "sum"
    union_floor: float = 0.0
    undefined: str = "match"
    interpolation: str = "all_points"
    recall_grid: str | tuple[float, ...] = "matlab"
    duplicates: str = "keep"
    duplicate_tolerance: float = 1e-3
    zero_length: str = "keep"
    ambiguous_rows: str = "drop"
    ambiguous_label: str = "Ambiguous"
    class_without_truth: str = "leave_out"

    def __post_init__(self) -> None:
        grid = self.recall_grid
        if not isinstance(grid, str):
            object.__setattr__(self, "recall_grid", _rising("recall_grid", grid))
        super().__post_init__()
        for field in ("union_floor", "duplicate_tolerance"):
            value = float(getattr(self, field))
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"Protocol: {field} = {value!r} is not a number >= 0")
            object.__setattr__(self, field, value)
        object.__setattr__(self, "thresholds", parse_thresholds(self.thresholds))

    def allows(self, field: str, value: Any) -> bool:
        """Whether a choice field may have this value; a grid may be recalls.

        Parameters
        ----------
        field : str
        value : Any
        """
        if field == "recall_grid" and isinstance(value, tuple):
            return True
        return super().allows(field, value)

    def parsed(self, field: str, value: Any) -> Any:
        """Return the value of a field that words of a command line mean.

        Parameters
        ----------
        field : str
        value : Any
            Such as ``"false"``, ``"0.3:0.7:0.1"`` of thresholds, ``"0,0.5,1"`` of a grid.
        """
        if field == "thresholds" and isinstance(value, str):
            return parse_thresholds(value)
        if field == "recall_grid" and isinstance(value, str) and value not in CHOICES[field]:
            if not any(character.isdigit() for character in value):
                return value  # refused by the constructor, which lists the names
            return _rising(field, read_numbers(value, f"Protocol: {field}"))
        return super().parsed(field, value)

    def grid(self) -> tuple[float, ...]:
        """Return the recalls of the grid, rising.

        Notes
        -----
        Octave fills ``0:0.1:1`` with ``k * 0.1``. MATLAB fills it from both ends, so that
        a recall of exactly 0.6 or 0.7 reaches its point there only.
        """
        if not isinstance(self.recall_grid, str):
            return self.recall_grid
        if self.recall_grid == "octave":
            return tuple(k * 0.1 for k in range(11))
        return tuple(k * 0.1 for k in range(6)) + tuple(1 - k * 0.1 for k in range(4, -1, -1))


def _rising(field: str, values: Iterable[Any]) -> tuple[float, ...]:
    result = as_numbers(values, f"Protocol: {field}")
    if any(b <= a for a, b in itertools.pairwise(result)):
        raise ValueError(f"Protocol: {field} = {result} must rise")
    return result
