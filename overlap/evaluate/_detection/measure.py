"""Candidate pairs of the detections of some images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate._ranking.matching import MatchRule
from overlap.evaluate._ranking.measures import Ratio
from overlap.evaluate._ranking.pairs import Pairs, find_pairs, joined_pairs
from overlap.evaluate._ranking.sampling import COVERED
from overlap.evaluate._ranking.table import Table, joined_tables
from overlap.io.detections import Detections
from overlap.regions.base import Regions
from overlap.regions.boxes import Boxes
from overlap.regions.interval_sets import IntervalSets

from .protocol import DetectionProtocol
from .rules import BOX_IOU, MASK_IOU, box_coverage, rules_of

#: Flag of regions in which nothing was annotated.
UNANNOTATED = "dontcare"

__all__ = ["UNANNOTATED", "Measured", "joined", "measure_items", "plane_boxes", "unjudged"]


@dataclass(frozen=True, eq=False)
class Measured(ByValue):
    """Detections and truths of some items, without their regions, and their candidate pairs.

    Attributes
    ----------
    found, truth : Table
        Numbered by the items and classes of the whole input; detections that no limit lets
        through are in no class.
    pairs : Pairs
        Between rows of the two tables.
    """

    found: Table
    truth: Table
    pairs: Pairs


def plane_boxes(*sides: Regions) -> bool:
    """Whether all sides are boxes in the plane, which have a kernel of their own.

    Parameters
    ----------
    *sides : Regions
    """
    return all(isinstance(side, Boxes) and side.lower.shape[1] == 2 for side in sides)


def unjudged(found: Detections) -> NDArray[np.bool_]:
    """Return detections of classes that nobody looked for in their image.

    Parameters
    ----------
    found : Detections

    Raises
    ------
    ValueError
        The input does not say it.
    """
    if "unjudged" not in found.flags:
        raise ValueError(
            f"{found.source}: the protocol is federated, and the truth does not say which classes "
            "were looked for in each image (neg_category_ids of LVIS); take another protocol, or "
            "federated=False"
        )
    return found.flags["unjudged"]


def measure_items(
    protocol: DetectionProtocol, truth: Detections, found: Detections, places: Sequence[NDArray]
) -> Measured:
    """Find the candidate pairs of some items.

    Parameters
    ----------
    protocol : DetectionProtocol
    truth, found : Detections
        With items and classes numbered alike.
    places : sequence of two ndarray, dtype=int64
        Position of the rows of truth and of found in the whole input.
    """
    boxes = plane_boxes(truth.regions, found.regions)
    if protocol.measure == "pixel_iou" and not boxes:
        kind = found.kind if plane_boxes(truth.regions) else truth.kind
        raise ValueError(
            f"protocol {protocol.name}: measure = 'pixel_iou' adds 1 to the sides of boxes in "
            f"images, and the regions are {kind}; take measure='iou' (--set measure=iou)"
        )
    own = _own_iou(protocol, truth, found)
    rules = rules_of(protocol, own)
    here = _table(protocol, found, places[1], own)
    if here.confidence is None:
        here = here.changed(confidence=np.zeros(len(here)))
    inside = rules.limits.within(here)
    if protocol.federated:
        inside &= ~unjudged(found)
    if not inside.all():
        here = here.without(~inside)
    there = _table(protocol, truth, places[0], own)
    thresholds = np.minimum(protocol.thresholds, protocol.ceiling)
    sides = here, there
    if protocol.interpolation == "sampled":  # detections of other classes can take part
        sides = _of_any_class(here), _of_any_class(there)
        if boxes:
            here = _with_cover(here, there)
    pairs = find_pairs(rules.measure, *sides, rules.match, thresholds)
    return Measured(_bare(here), _bare(there), pairs)


def _own_iou(protocol: DetectionProtocol, *sides: Detections) -> Ratio | None:
    """Return the IoU of boxes in the plane, or of masks, that has a kernel of its own."""
    if protocol.measure not in ("iou", "pixel_iou"):
        return None
    if plane_boxes(*(side.regions for side in sides)):
        return BOX_IOU
    steps = 4.0
    for side in sides:
        if side.kind != "masks" or not isinstance(side.regions, IntervalSets):
            return None
        steps += 8.0 * side.regions.counts.sum() / max(len(side), 1)
    return replace(MASK_IOU, steps=steps)


@dataclass(frozen=True, eq=False)
class _Runs:
    """Masks as sets of runs, with which of them are crowds."""

    sets: IntervalSets
    crowd: NDArray[np.float64]

    def __getitem__(self, rows: NDArray[np.int64]) -> _Runs:
        return _Runs(self.sets[rows], self.crowd[rows])

    def kernel_columns(self) -> tuple[Any, ...]:
        """Return the columns that the formula reads."""
        return (*self.sets.run_columns(), self.crowd)


def _table(
    protocol: DetectionProtocol, table: Detections, place: NDArray, own: Ratio | None
) -> Table:
    """Return the table that the ranking core reads."""
    label = table.label
    if protocol.class_agnostic:
        label = np.where(label < 0, label, 0)
    regions: object = table.regions
    if protocol.measure == "center_distance":
        regions = _centers(table)
    elif own is not None:
        crowd = np.zeros(len(table))
        if protocol.crowds == "coverage" and "crowd" in table.flags:
            crowd = table.flags["crowd"].astype(np.float64)
        if isinstance(table.regions, IntervalSets):
            regions = _Runs(table.regions, crowd)
        else:
            regions = _corners(table, crowd)
    return Table(
        table.item, label, place, table.confidence, regions, dict(table.flags), dict(table.sizes)
    )


def _corners(table: Detections, crowd: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return the columns of boxes."""
    assert isinstance(table.regions, Boxes)
    lower, upper = table.regions.lower, table.regions.upper
    area = table.sizes.get("extent")
    if area is None:
        area = (upper - lower).prod(axis=1)
    columns = (lower[:, 0], lower[:, 1], upper[:, 0], upper[:, 1], area, crowd)
    return tuple(np.ascontiguousarray(column) for column in columns)


def _of_any_class(table: Table) -> Table:
    return replace(table, label=np.zeros_like(table.label))


def _with_cover(found: Table, truth: Table) -> Table:
    """Give detections the largest share of them that a region without annotation covers."""
    covered = np.zeros(len(found))
    if truth.flagged((UNANNOTATED,)).any():
        regions = _of_any_class(truth).without(~truth.flagged((UNANNOTATED,)))
        ratio = Ratio(box_coverage)
        pairs = find_pairs(ratio, _of_any_class(found), regions, MatchRule(), np.array([1e-9]))
        np.maximum.at(covered, pairs.agent, pairs.value)
    return replace(found, sizes={**found.sizes, COVERED: covered})


def _centers(table: Detections) -> tuple[NDArray[np.float64], ...]:
    """Return x and y of the centers: as given, or else those of the outer boxes."""
    regions = table.regions
    if tuple(regions.columns[:2]) in (("x", "y"), ("cx", "cy")):
        return tuple(np.ascontiguousarray(x) for x in regions.to_array()[:, :2].T)
    bounds = regions.bounds()
    if bounds is None:
        raise ValueError(
            f"{table.source}: {type(regions).__name__} have no outer boxes, by whose centers "
            "distances are measured; choose another measure"
        )
    return tuple(np.ascontiguousarray(0.5 * (bounds[0][k] + bounds[1][k])) for k in range(2))


def _bare(table: Table) -> Table:
    """Return a table without regions and without sizes that no stratum reads."""
    sizes = {name: size for name, size in table.sizes.items() if name != "extent"}
    return table.changed(regions=None, sizes=sizes)


def joined(parts: Sequence[Measured], by_truth: bool = False) -> Measured:
    """Join measured items.

    Parameters
    ----------
    parts : sequence of Measured
        One or more, of different items, in the order of their keys.
    by_truth : bool
        Whether truths choose.
    """
    if len(parts) == 1:
        return parts[0]
    found_at = np.cumsum([0, *(len(part.found) for part in parts)])
    truth_at = np.cumsum([0, *(len(part.truth) for part in parts)])
    sides = (truth_at, found_at) if by_truth else (found_at, truth_at)
    return Measured(
        joined_tables([part.found for part in parts]),
        joined_tables([part.truth for part in parts]),
        joined_pairs([part.pairs for part in parts], *sides),
    )
