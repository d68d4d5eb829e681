"""Boxes of one side that were written as two corners, told by the boxes of the other side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray

from overlap.io.detections import Detections
from overlap.regions.boxes import Boxes

__all__ = ["one_side_as_corners"]

_MOST = 500  # boxes that are looked at
_FEW = 3  # boxes that must match
_NEAR = 0.5  # IoU of a match


def one_side_as_corners(both: Mapping[str, Detections]) -> dict[str, str]:
    """Say of a side that its boxes match those of the other only if read as two corners.

    Parameters
    ----------
    both : mapping of Detections
        ``truth`` and ``found``, numbered alike.

    Returns
    -------
    dict from str to str
        A sentence by role; mostly empty.
    """
    result = {}
    for role, other in (("found", "truth"), ("truth", "found")):
        table, rest = both[role], both[other]
        if not (_planar(table) and _planar(rest) and len(table) and len(rest)):
            continue
        low, size = _corner_and_size(table, _spread(len(table)))
        if (size > low).all(axis=1).mean() <= 0.98:  # of other boxes, few are
            continue
        chosen = _surest(table)
        low, size = _corner_and_size(table, chosen)
        boxes = {"read": np.hstack([low, low + size]), "corners": np.hstack([low, size])}
        shares = {
            name: _reaching(one, table.item[chosen], table.label[chosen], rest)
            for name, one in boxes.items()
        }
        read, corners = shares["read"].mean(), shares["corners"].mean()
        if shares["corners"].sum() >= _FEW and corners >= 0.2 and corners >= 5 * read:
            result[role] = (
                f"{table.source}: {100 * read:.0f} % of {len(chosen):,} boxes reach an IoU of "
                f"{_NEAR:g} with one of {rest.source}, and {100 * corners:.0f} % would as two "
                "corners: write bbox as x, y, width, height"
            )
    return result


def _planar(table: Detections) -> bool:
    return isinstance(table.regions, Boxes) and table.regions.dimension == 2


def _spread(count: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(count, _MOST)).astype(np.int64))


def _surest(table: Detections) -> NDArray[np.int64]:
    """Return the rows of the highest confidences; of truths, rows from all of the table."""
    if table.confidence is None:
        return _spread(len(table))
    return np.argsort(-table.confidence, kind="stable")[:_MOST]


def _corner_and_size(
    table: Detections, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    low, high = (ends.T for ends in cast(Boxes, table.regions)[rows].bounds())
    return low, high - low


def _reaching(
    boxes: NDArray[np.float64],
    item: NDArray[np.int64],
    label: NDArray[np.int64],
    table: Detections,
) -> NDArray[np.bool_]:
    """Return which boxes reach the IoU with a region of their item and class."""
    rows = np.flatnonzero(np.isin(table.item, item) & np.isin(table.label, label))
    low, size = _corner_and_size(table, rows)
    high, measure = low + size, size.prod(axis=1)
    result = np.zeros(len(boxes), dtype=bool)
    for k, box in enumerate(boxes):
        near = (table.item[rows] == item[k]) & (table.label[rows] == label[k])
        shared = np.minimum(high[near], box[2:]) - np.maximum(low[near], box[:2])
        common = np.maximum(shared, 0.0).prod(axis=1)
        union = measure[near] + (box[2:] - box[:2]).prod() - common
        result[k] = (common >= _NEAR * union).any()
    return result
