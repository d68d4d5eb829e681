"""The temporal IoU of a protocol, and its rules of ranking."""

from __future__ import annotations

import math

from overlap._kernels.jit import scalar
from overlap.evaluate._ranking.curves import CurveRule
from overlap.evaluate._ranking.matching import MatchRule
from overlap.evaluate._ranking.measures import Ratio
from overlap.evaluate._ranking.rules import Rules
from overlap.regions.intervals.intervals import interval_enclosure, interval_overlap

from .protocol import Protocol

__all__ = ["TOUCH", "rules_of"]

_TIES = {"video_name": "item"}
_CURVES = {"none": "raw"}


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


def rules_of(protocol: Protocol) -> Rules:
    """Return the rules of ranking of a protocol; its ratio reads starts and stops."""
    undefined = math.inf if protocol.undefined == "match" else 0.0
    formula = _iou_by_sum if protocol.union == "sum" else _iou_by_hull
    curve = _CURVES.get(protocol.interpolation, protocol.interpolation)
    return Rules(
        Ratio(formula, (protocol.union_floor, undefined)),
        MatchRule(
            chooser="found" if protocol.order == "confidence" else "truth",
            fallback=protocol.fallback,
            strict=protocol.comparison == ">",
        ),
        CurveRule(curve, protocol.grid() if curve == "grid" else ()),
        _TIES.get(protocol.tie_rule, protocol.tie_rule),
    )
