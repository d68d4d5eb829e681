"""The rules of one evaluator of detections, as a frozen value."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from overlap.evaluate._ranking.rules import TIES
from overlap.evaluate._ranking.strata import Range, Stratum
from overlap.evaluate.number_lists import as_numbers, read_numbers
from overlap.evaluate.protocol import Rules
from overlap.evaluate.thresholds import parse_thresholds
from overlap.io.printable import brief
from overlap.scores.score import Score

__all__ = ["CHOICES", "Area", "DetectionProtocol"]

#: Values that each choice field may have, with their meaning.
CHOICES: dict[str, dict[str, str]] = {
    "measure": {
        "iou": "intersection over union",
        "pixel_iou": "the same of boxes whose corners are pixels: 1 is added to width and height",
        "center_distance": "distance of the centers; smaller is better",
    },
    "comparison": {">=": "a value equal to the threshold matches", ">": "it does not"},
    "matching": {
        "greedy": "detections choose in turn, the most confident first",
        "optimal": "all at once, with the largest sum of values",
        "most": "all at once, with as many pairs as can be, and of these the largest sum of values",
    },
    "of_equal": {
        "first": "of truths of equal value a detection takes the first",
        "last": "it takes the last",
    },
    "crowds": {
        "coverage": "crowds are compared by the share of the detection that they cover, match any "
        "number of detections, and are taken last",
        "ordinary": "they are compared like other truths, and match one detection each",
    },
    "ignored_truths": {
        "last": "truths that are not counted are taken only if no other reaches the threshold",
        "best": "a detection whose best truth is not counted is not counted",
    },
    "zero_ids": {
        "counted": "truths whose id is 0 are like others",
        "lost": "they are taken, and the detections that take them are false, as in pycocotools",
    },
    "interpolation": {
        "grid": "mean over recalls of the best precision at that recall or above",
        "all_points": "sum of recall steps times the best precision at that recall or above",
        "raw": "mean over the truths of the precision at each true positive",
        "linear": "mean over recalls of the precision between detections",
        "sampled": "mean over recalls of the best precision at that recall or above, where the "
        "curve has a point for each step of recall, and truths choose anew at each",
    },
    "tie_rule": TIES,
    "limit": {
        "class": "max_detections counts in each item and class",
        "item": "max_detections counts in each item, over all classes",
    },
    "class_without_truth": {
        "leave_out": "the mean is over classes with a truth",
        "zero": "a class without a truth has an AP of 0",
    },
    "summary": {
        "coco": "AP, AP50, AP75, AP and AR by area, AR by number of detections",
        "map": "mAP, and mAP at each threshold",
        "classes": "AP of each class in each stratum at the threshold of the class, and with "
        "sampled curves the orientation similarity (AOS), where both sides have angles alpha",
        "f1": "F1, precision, recall and mean IoU of matched pairs at each threshold; confidences "
        "are not needed",
    },
}


@dataclass(frozen=True)
class Area:
    """A range of areas whose truths have numbers of their own; both ends belong to it.

    Parameters
    ----------
    name : str
        Such as ``"small"``.
    least, most : float
        Ends.
    """

    name: str
    least: float
    most: float


@dataclass(frozen=True)
class DetectionProtocol(Rules):
    """The rules by which detections become true and false positives, and these an AP.

    Every evaluator of detections is one value of this class. Take one and change a field with
    `with_fields`.

    Parameters
    ----------
    name : str
        Name, lower case.
    description : str
        One line: whose rules these are.
    thresholds : tuple of float
        Values of the measure from which a detection can match; of distances, up to which.
    measure : str or Score
        Agreement of a detection and a truth: a name, or any score of their kind.
    comparison : {">=", ">"}
        Relation of value and threshold that makes a match.
    matching : {"greedy", "optimal", "most"}
        How detections and truths that reach the threshold are matched.
    ceiling : float
        Thresholds above it are lowered to it.
    fallback : bool
        Whether a detection whose best truth is taken tries the next best.
    of_equal : {"first", "last"}
        Which of several truths of equal value a detection takes.
    ignored : tuple of str
        Flags of truths that are not counted, of ``"crowd"``, ``"ignore"`` and ``"difficult"``.
    ignored_truths : {"last", "best"}
        When a detection matches a truth that is not counted.
    crowds : {"coverage", "ordinary"}
        How truths with the flag crowd are compared.
    zero_ids : {"counted", "lost"}
        What truths whose id is 0 in COCO's JSON do to detections that match them.
    interpolation : {"grid", "all_points", "raw", "linear"}
        How a precision-recall curve becomes one number.
    recalls : tuple of float
        Recalls of the grid, rising.
    spacing : float
        Added to the number of detections in every precision.
    least_precision : float
        Precision that counts as none; with ``interpolation="linear"``.
    tie_rule : str
        Order of detections of equal confidence.
    max_detections : tuple of int
        Largest numbers of detections that count, rising; empty for no limit. AP uses the last.
    limit : {"class", "item"}
        What they count in.
    areas : tuple of Area
        Ranges of areas with numbers of their own.
    strata : tuple of Stratum
        Other parts of the truths with numbers of their own, by the sizes of regions: those of the
        input, and ``"width"``, ``"height"``, ``"aspect"`` (width over height) and ``"distance"``
        (of the center of boxes in space from the origin).
    class_without_truth : {"leave_out", "zero"}
        What a class without any truth means.
    class_agnostic : bool
        Whether all classes are one.
    federated : bool
        Whether detections of classes that nobody looked for in their image are left out, and those
        of classes that are not annotated completely there are not counted if they match nothing.
        The input says which: ``neg_category_ids`` and ``not_exhaustive_category_ids`` of LVIS.
    classes : tuple of str
        Names of the classes, in upper or lower case; empty for those of the truth.
    neighbors : tuple of (str, str)
        A class, and another one whose truths are like those of the first that are not counted.
    class_thresholds : tuple of (str, float)
        Threshold of each class in the summary ``"classes"``.
    groups : tuple of str
        Groups of classes with an AP of their own, as the input names them.
    summary : {"coco", "map", "classes", "f1"}
        Which numbers the summary has.

    Examples
    --------
    >>> from overlap.evaluate import DETECTION_PROTOCOLS
    >>> DETECTION_PROTOCOLS["coco"].with_fields(max_detections="1,10,300").name
    'coco[max_detections=1/10/300]'
    """

    choices = CHOICES

    thresholds: tuple[float, ...] = ()
    measure: str | Score = "iou"
    comparison: str = ">="
    matching: str = "greedy"
    ceiling: float = math.inf
    fallback: bool = True
    of_equal: str = "first"
    ignored: tuple[str, ...] = ()
    ignored_truths: str = "last"
    crowds: str = "ordinary"
    zero_ids: str = "counted"
    interpolation: str = "all_points"
    recalls: tuple[float, ...] = ()
    spacing: float = 0.0
    least_precision: float = 0.0
    tie_rule: str = "file"
    max_detections: tuple[int, ...] = ()
    limit: str = "class"
    areas: tuple[Area, ...] = ()
    strata: tuple[Stratum, ...] = ()
    class_without_truth: str = "leave_out"
    class_agnostic: bool = False
    federated: bool = False
    classes: tuple[str, ...] = ()
    neighbors: tuple[tuple[str, str], ...] = ()
    class_thresholds: tuple[tuple[str, float], ...] = ()
    groups: tuple[str, ...] = ()
    summary: str = "map"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.distance:
            object.__setattr__(self, "thresholds", as_numbers(self.thresholds, "thresholds"))
        else:
            object.__setattr__(self, "thresholds", parse_thresholds(self.thresholds))
        twice = [name for name in self.parts if self.parts.count(name) > 1]
        if twice:
            raise ValueError(
                f"DetectionProtocol: two areas or strata have the name {brief(twice[0])}"
            )
        for values, name in ((self.recalls, "recalls"), (self.max_detections, "max_detections")):
            if any(b <= a for a, b in itertools.pairwise(values)):
                raise ValueError(f"DetectionProtocol: {name} = {values} must rise")
        if any(type(most) is not int or most < 1 for most in self.max_detections):
            raise ValueError(
                f"DetectionProtocol: max_detections = {self.max_detections}: wanted whole numbers "
                "of 1 or more"
            )

    @property
    def ranks(self) -> bool:
        """Whether confidences are needed."""
        return self.summary != "f1" or self.matching == "greedy"

    @property
    def distance(self) -> bool:
        """Whether smaller values of the measure are better."""
        return self.measure == "center_distance"

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the truths that have numbers of their own."""
        return (*(area.name for area in self.areas), *(part.name for part in self.strata))

    def with_strata(self, strata: Sequence[Stratum]) -> DetectionProtocol:
        """Return the protocol with more strata, after one with all truths.

        Parameters
        ----------
        strata : sequence of Stratum
        """
        if not strata:
            return self
        front = self.strata if self.areas or self.strata else (Stratum("all"),)
        return dataclasses.replace(self, strata=(*front, *strata))

    def allows(self, field: str, value: Any) -> bool:
        """Whether a choice field may have this value; the measure may be any score.

        Parameters
        ----------
        field : str
        value : Any
        """
        if field == "measure" and isinstance(value, Score):
            return True
        return super().allows(field, value)

    def parsed(self, field: str, value: Any) -> Any:
        """Return the value of a field that words of a command line mean.

        Parameters
        ----------
        field : str
        value : Any
            Such as ``"false"``, ``"0.5:0.95:0.05"`` of thresholds, ``"1,10,100"`` of
            `max_detections`, ``"small=0:1024,large=1024:1e10"`` of areas,
            ``"tall=aspect:0:0.5,wide=aspect:2:inf"`` of strata.
        """
        what = f"DetectionProtocol: {field}"
        if field == "areas":
            if isinstance(value, str):
                return tuple(_area(part) for part in value.split(",") if part)
            return tuple(entry if isinstance(entry, Area) else Area(*entry) for entry in value)
        if not isinstance(value, str):
            return super().parsed(field, value)
        if field == "strata":
            parts = tuple(_stratum(part) for part in value.split(",") if part)
            return parts if self.areas else (Stratum("all"), *parts)
        if field in ("neighbors", "class_thresholds"):
            raise ValueError(f"{what} is changed in Python, with a tuple")
        if field == "max_detections":
            return tuple(int(x) if x == int(x) else x for x in read_numbers(value, what))
        if field == "recalls":
            numbers = tuple(read_numbers(value, what))
            if not all(0.0 <= recall <= 1.0 for recall in numbers):
                raise ValueError(f"{what} = {numbers}: wanted 0 to 1")
            return numbers
        if field == "thresholds":
            return read_numbers(value, what)
        return super().parsed(field, value)

    @staticmethod
    def shown(value: Any) -> str:
        """Write the value of a field into a name.

        Parameters
        ----------
        value : Any
        """
        if isinstance(value, tuple):
            value = tuple(getattr(entry, "name", entry) for entry in value)
        return Rules.shown(value)

    def settings(self) -> dict[str, Any]:
        """Return every field and its value as plain data, thresholds and prose left out."""
        result = super().settings()
        if isinstance(self.measure, Score):
            result["measure"] = str(self.measure)
        result["areas"] = [[area.name, area.least, area.most] for area in self.areas]
        result["strata"] = [[part.name, *map(str, part.truth)] for part in self.strata]
        return result


def _stratum(text: str) -> Stratum:
    name, _, ends = text.partition("=")
    words = ends.split(":")
    if len(words) != 3 or not all(words):
        raise ValueError(f"DetectionProtocol: strata: {text!r}: wanted NAME=SIZE:LEAST:MOST")
    least, most = (
        as_numbers((word,), "DetectionProtocol: strata")[0] if word != "inf" else math.inf
        for word in words[1:]
    )
    part = (Range(words[0], least, most),)
    return Stratum(name, part, part)


def _area(text: str) -> Area:
    name, _, ends = text.partition("=")
    low, colon, high = ends.partition(":")
    if not colon:
        raise ValueError(f"DetectionProtocol: areas: {text!r}: wanted NAME=LEAST:MOST")
    least, most = as_numbers((low, high), "DetectionProtocol: areas")
    return Area(name, least, most)
