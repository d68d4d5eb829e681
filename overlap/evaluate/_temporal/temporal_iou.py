"""The temporal IoU of two segments, as the programs of the field compute it."""

from __future__ import annotations

import math

from overlap._kernels.jit import scalar
from overlap.evaluate._ranking.measures import Ratio
from overlap.regions.intervals.intervals import interval_enclosure, interval_overlap

__all__ = ["TOUCH", "temporal_iou"]


@scalar
def _iou_by_sum(a, i, b, j, parameters):
    floor, undefined = parameters
    length_a, length_b, shared = interval_overlap(a, i, b, j)
    union = max(length_b + length_a - shared, floor)
    if union > 0.0:
        return shared / union
    return undefined


@scalar
def _iou_by_hull(a, i, b, j, parameters):
    shared = interval_overlap(a, i, b, j)[2]
    if shared > 0.0:
        return shared / max(interval_enclosure(a, i, b, j)[0], parameters[0])
    return 0.0


#: IoU that is above 0 for segments which share more than a point.
TOUCH = Ratio(_iou_by_hull, (0.0, 0.0))


def temporal_iou(union: str, undefined: str = "zero", floor: float = 0.0) -> Ratio:
    """Return the ratio of two segments; it reads starts and stops.

    Parameters
    ----------
    union : {"sum", "hull"}
        Denominator.
    undefined : {"match", "zero"}
        What 0/0 means; "match" is infinite.
    floor : float
        Smallest denominator.
    """
    formula = _iou_by_sum if union == "sum" else _iou_by_hull
    return Ratio(formula, (floor, math.inf if undefined == "match" else 0.0))
