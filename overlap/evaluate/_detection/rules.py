"""Measures of agreement of detections, and the rules of ranking of a protocol."""

from __future__ import annotations

import math

import numpy as np

from overlap._kernels.jit import scalar
from overlap.evaluate._ranking.curves import CurveRule
from overlap.evaluate._ranking.limits import Limits
from overlap.evaluate._ranking.matching import MatchRule
from overlap.evaluate._ranking.measures import Measure, Ratio, WithCrowds
from overlap.evaluate._ranking.rules import Rules
from overlap.evaluate._ranking.strata import Range, Stratum
from overlap.evaluate._ranking.table import OUTSIDE
from overlap.io.coco_ids import ZERO_ID
from overlap.scores.ratios import coverage, iou
from overlap.scores.score import Score

from .protocol import DetectionProtocol

#: Flag of truths of a class like the one that is evaluated.
NEIGHBOR = "neighbor"

__all__ = ["BOX_IOU", "MASK_IOU", "NEIGHBOR", "box_coverage", "limits_of", "rules_of"]


@scalar
def _box_iou(a, i, b, j, parameters):
    """IoU of boxes by their corners and given areas; the last column of truths says crowd."""
    width = min(a[2][i], b[2][j]) - max(a[0][i], b[0][j])
    height = min(a[3][i], b[3][j]) - max(a[1][i], b[1][j])
    if width <= 0.0 or height <= 0.0:
        return 0.0
    shared = width * height
    if b[5][j] > 0.0:
        return shared / a[4][i]
    return shared / (a[4][i] + b[4][j] - shared)


@scalar
def _mask_iou(a, i, b, j, parameters):
    """IoU of masks as sets of runs; the column behind theirs says crowd.

    Cells are counted, so that all sums are exact.
    """
    shared, one, two = np.int64(0), np.uint64(1), np.uint64(2)
    # places without a sign, for which it would be tested at every step
    e, f = np.uint64(a[0][i]), np.uint64(b[0][j])
    end_e, end_f = np.uint64(a[1][i]), np.uint64(b[1][j])
    if a[4][i] >= b[5][j] or b[4][j] >= a[5][i]:  # one lies before the other
        end_e = e
    while e < end_e and f < end_f:
        start, stop, other = max(a[6][e], b[6][f]), a[6][e + one], b[6][f + one]
        shared += max(min(stop, other) - start, 0)
        if stop <= other:
            e += two
        else:
            f += two
    if b[7][j] > 0.0:
        return shared / a[2][i]
    return shared / (a[2][i] + b[2][j] - shared)


#: IoU of boxes in the plane and of masks, and for crowds the covered share of the detection, in
#: one kernel: of the columns that `measure_items` makes.
BOX_IOU, MASK_IOU = Ratio(_box_iou), Ratio(_mask_iou)


@scalar
def box_coverage(a, i, b, j, parameters):
    """Share of a detection that a region covers."""
    width = min(a[2][i], b[2][j]) - max(a[0][i], b[0][j])
    height = min(a[3][i], b[3][j]) - max(a[1][i], b[1][j])
    if width <= 0.0 or height <= 0.0:
        return 0.0
    return width * height / a[4][i]


@scalar
def _pixel_iou(a, i, b, j, parameters):
    """IoU of boxes whose corners are pixels that belong to them."""
    width = min(a[2][i], b[2][j]) - max(a[0][i], b[0][j]) + 1.0
    height = min(a[3][i], b[3][j]) - max(a[1][i], b[1][j]) + 1.0
    if width <= 0.0 or height <= 0.0:
        return 0.0
    shared = width * height
    area = (a[2][i] - a[0][i] + 1.0) * (a[3][i] - a[1][i] + 1.0)
    other = (b[2][j] - b[0][j] + 1.0) * (b[3][j] - b[1][j] + 1.0)
    return shared / (area + other - shared)


@scalar
def _center_distance(a, i, b, j, parameters):
    dx, dy = a[0][i] - b[0][j], a[1][i] - b[1][j]
    return math.sqrt(dx * dx + dy * dy)  # as numpy.linalg.norm, and not hypot


def _measure(protocol: DetectionProtocol, own: Ratio | None) -> Measure:
    if protocol.measure == "pixel_iou":
        return Ratio(_pixel_iou)
    if protocol.measure == "center_distance":
        return Ratio(_center_distance, distance=True)
    if isinstance(protocol.measure, Score):
        score = protocol.measure
    elif own is not None:
        return own
    else:
        score = iou
    return WithCrowds(score, coverage) if protocol.crowds == "coverage" else score


def limits_of(protocol: DetectionProtocol, most: int | None) -> Limits:
    """Return limits on the number of detections.

    Parameters
    ----------
    protocol : DetectionProtocol
    most : int or None
    """
    if protocol.limit == "item":
        return Limits(per_item=most)
    return Limits(per_item_and_label=most)


def rules_of(protocol: DetectionProtocol, own: Ratio | None = None) -> Rules:
    """Return the rules of ranking of a protocol.

    Parameters
    ----------
    protocol : DetectionProtocol
    own : Ratio, optional
        IoU of the columns that the tables hold, `BOX_IOU` or `MASK_IOU`; by default that of
        regions.
    """
    strata = list(protocol.strata)
    sampled = protocol.interpolation == "sampled"
    for area in protocol.areas:
        ends = (Range("area", area.least, area.most),)
        strata.append(Stratum(area.name, ends, ends))
    crowds = ("crowd",) if protocol.crowds == "coverage" else ()
    last: tuple[str, ...] = (*crowds, *protocol.ignored, OUTSIDE)
    free = crowds
    if sampled:
        last = ()
    if protocol.ignored_truths == "best":
        last, free = crowds, (*crowds, *protocol.ignored)
    return Rules(
        _measure(protocol, own),
        MatchRule(
            protocol.matching,
            chooser="truth" if sampled else "found",
            prefers="confidence" if sampled else "value",
            fallback=protocol.fallback,
            of_equal=protocol.of_equal,
            strict=protocol.comparison == ">",
            ignored=(*protocol.ignored, *((NEIGHBOR,) if protocol.neighbors else ())),
            crowds=free,
            last=last,
            void=(ZERO_ID,) if protocol.zero_ids == "lost" else (),
        ),
        CurveRule(
            "all_points" if sampled else protocol.interpolation,
            protocol.recalls if protocol.interpolation in ("grid", "linear") else (),
            protocol.spacing,
            protocol.least_precision,
        ),
        protocol.tie_rule,
        limits_of(protocol, protocol.max_detections[-1] if protocol.max_detections else None),
        tuple(strata),
    )
