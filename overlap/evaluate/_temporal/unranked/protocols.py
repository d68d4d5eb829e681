"""Rules of scoring segments without confidences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from overlap.evaluate.protocol import Rules
from overlap.evaluate.thresholds import parse_thresholds

from ..choices import CLASSES, IOU

__all__ = ["PROTOCOLS", "SegmentRules"]


@dataclass(frozen=True)
class SegmentRules(Rules):
    """Rules by which predictions without confidences match truths, one to one.

    Parameters
    ----------
    name, description : str
    thresholds : tuple of float
        IoU thresholds in [0, 1]; segments are matched anew at each.
    matching : {"greedy", "optimal", "maximum"}
        Which of the pairs that reach the threshold are taken.
    comparison, union, undefined : str
        The IoU, and how it is compared.
    classes : {"labels", "ignore"}
        Whether only equal labels match.

    Examples
    --------
    >>> from overlap.evaluate import TEMPORAL_PROTOCOLS
    >>> TEMPORAL_PROTOCOLS["segments_f1"].with_fields(matching="maximum").name
    'segments_f1[matching=maximum]'
    """

    choices: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "matching": {
            "greedy": "the pair of the largest IoU first; equal ones in the order of the file",
            "optimal": "the largest sum of IoU",
            "maximum": "as many pairs as can be, and of these the largest sum of IoU",
        },
        **IOU,
        **CLASSES,
    }

    thresholds: tuple[float, ...] = (0.5,)
    matching: str = "greedy"
    comparison: str = ">="
    union: str = "sum"
    undefined: str = "zero"
    classes: str = "labels"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "thresholds", parse_thresholds(self.thresholds))


PROTOCOLS: dict[str, SegmentRules] = {
    "segments_f1": SegmentRules(
        "segments_f1", "precision, recall and F1 of segments without confidences"
    )
}
