"""The rules of one evaluator of tubes, as a frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from overlap.evaluate.protocol import Rules
from overlap.evaluate.thresholds import parse_thresholds

__all__ = ["SIMILARITIES", "TubeProtocol"]

#: Tube IoUs, which give different numbers for the same tubes.
SIMILARITIES = {
    "mean_iou_x_tiou": "mean box IoU over the common frames, times the temporal IoU",
    "viou": "sum of the box IoU over the common frames, by the number of frames of either tube",
    "ratio_of_sums": "sum of intersections by sum of unions of the boxes, over all frames",
}
_ENDS = {
    "inclusive": "the last one counts: a span from 3 to 5 is 3 long",
    "exclusive": "it does not: the span is 2 long",
}
CHOICES: dict[str, dict[str, str]] = {
    "of": {
        "boxes": "boxes of one frame are ranked, each for itself",
        "tubes": "whole tubes are ranked",
        "queries": "each video (query) has one tube, and the most confident one found counts",
    },
    "similarity": SIMILARITIES,
    "pixels": _ENDS,
    "frames": _ENDS,
    "one_common_frame": {
        "counts": "tubes with one common frame overlap",
        "zero": "their IoU is 0",
    },
    "undefined": {
        "no_match": "a found tube whose IoU with a truth is 0/0 matches nothing",
        "zero": "0/0 counts as 0",
    },
    "comparison": {">=": "an IoU equal to the threshold matches", ">": "it does not"},
    "interpolation": {
        "all_points": "sum of recall steps times the best precision at that recall or above",
        "trapezoid": "area below the line through all points, in float32",
    },
    "tie_rule": {
        "argsort_negated": "numpy.argsort(-confidence): unstable",
        "argsort_reversed": "numpy.argsort(confidence)[::-1]: unstable",
        "file": "equal confidences keep the order of the file",
    },
}


@dataclass(frozen=True)
class TubeProtocol(Rules):
    """The rules by which found boxes or tubes become numbers.

    Parameters
    ----------
    name, description : str
    thresholds : tuple of float
        IoU thresholds that have a number of their own.
    means : tuple of str
        Ranges of thresholds ``start:stop:step`` whose mean is a number.
    of : {"boxes", "tubes", "queries"}
        What is compared.
    similarity : {"mean_iou_x_tiou", "viou", "ratio_of_sums"}
        IoU of two tubes.
    pixels, frames : {"inclusive", "exclusive"}
        Whether sides of boxes, and lengths of tubes, count both ends.
    one_common_frame : {"counts", "zero"}
        IoU of tubes that have one frame in common.
    undefined : {"no_match", "zero"}
        What 0/0 means.
    comparison : {">=", ">"}
        Relation of IoU and threshold that makes a match.
    fallback : bool
        Whether a found tube whose best truth is taken tries the next best.
    interpolation : {"all_points", "trapezoid"}
        How a curve of precision and recall becomes a number.
    tie_rule : str
        Order of equal confidences.
    per_frame : int
        Number of boxes of a frame that count, the most confident of all classes; 0 for all.
    ignored_labels : tuple of str
        Classes that are left out.
    """

    choices = CHOICES

    thresholds: tuple[float, ...] = (0.5,)
    means: tuple[str, ...] = ()
    of: str = "tubes"
    similarity: str = "mean_iou_x_tiou"
    pixels: str = "exclusive"
    frames: str = "exclusive"
    one_common_frame: str = "counts"
    undefined: str = "no_match"
    comparison: str = ">="
    fallback: bool = False
    interpolation: str = "all_points"
    tie_rule: str = "argsort_negated"
    per_frame: int = 0
    ignored_labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "thresholds", parse_thresholds(self.thresholds))
        for name in self.means:
            parse_thresholds(name)
        if self.per_frame < 0:
            raise ValueError(f"TubeProtocol: per_frame = {self.per_frame} is negative")

    def parsed(self, field: str, value: Any) -> Any:
        """Return the value of a field that words of a command line mean.

        Parameters
        ----------
        field : str
        value : Any
        """
        if field == "thresholds" and isinstance(value, str):
            return parse_thresholds(value)
        if field in ("means", "ignored_labels") and isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return super().parsed(field, value)

    def every_threshold(self) -> tuple[float, ...]:
        """Return the thresholds, and those of all means, rising."""
        ranges = [x for name in self.means for x in parse_thresholds(name)]
        return tuple(sorted({*self.thresholds, *ranges}))
