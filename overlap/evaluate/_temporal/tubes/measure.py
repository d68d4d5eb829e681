"""Candidate pairs of the tubes of some videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.io.tubes import TubeTable, joined_tubes

from .protocol import TubeProtocol
from .tube_iou import overlaps

__all__ = ["Measured", "joined", "measure_videos"]


@dataclass(frozen=True, eq=False)
class Measured(ByValue):
    """What is compared of some videos, and the pairs with their IoU.

    Attributes
    ----------
    truth, found : TubeTable
        Boxes or tubes.
    truth_place, found_place : ndarray, dtype=int64
        Number of each tube of the input that a row is, or belongs to.
    a, b : ndarray, dtype=int64, shape (P,)
        Row of the truth and of the found tube of each pair.
    iou, temporal : ndarray, dtype=float64, shape (P,)
        By the protocol, and of the spans alone.
    """

    truth: TubeTable
    found: TubeTable
    truth_place: NDArray[np.int64]
    found_place: NDArray[np.int64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    iou: NDArray[np.float64]
    temporal: NDArray[np.float64]


def measure_videos(
    protocol: TubeProtocol,
    truth: TubeTable,
    found: TubeTable,
    places: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> Measured:
    """Compare tubes of some videos.

    Parameters
    ----------
    protocol : TubeProtocol
    truth, found : TubeTable
    places : tuple of ndarray
        Numbers of the tubes in their whole inputs.
    """
    if protocol.of == "boxes":
        places = places[0][truth.owner], places[1][found.owner]
        truth, found = truth.as_boxes(), found.as_boxes()
    if protocol.per_frame:
        inside = _most_confident(found, protocol.per_frame)
        found, places = found.select(inside), (places[0], places[1][inside])
    shared = overlaps(truth, found, protocol.pixels == "inclusive")
    inclusive = protocol.frames == "inclusive"
    temporal = shared.temporal(inclusive)
    # boxes of one frame are tubes of one frame, whose temporal IoU is 1 or 0/0
    value = shared.mean if protocol.of == "boxes" else shared.iou(protocol.similarity, inclusive)
    if protocol.of != "boxes" and protocol.one_common_frame == "zero":
        first, last = np.maximum(*shared.spans[::2]), np.minimum(*shared.spans[1::2])
        value = np.where(last > first, value, 0.0)
    return Measured(
        truth, found, *places, shared.a, shared.b, value, np.nan_to_num(temporal, nan=0.0)
    )


def joined(parts: Sequence[Measured], *, in_input: bool) -> Measured:
    """Put parts of different videos together.

    Parameters
    ----------
    parts : sequence of Measured
        One or more.
    in_input : bool
        Whether they are parts of one input, whose order rows get; else they follow each other.
    """
    sides = {}
    for name, index in (("truth", "a"), ("found", "b")):
        place = np.concatenate([getattr(part, f"{name}_place") for part in parts])
        order = np.argsort(place, kind="stable") if in_input else np.arange(len(place))
        table = joined_tubes([getattr(part, name) for part in parts]).select(order)
        begins = np.cumsum([0, *(len(getattr(part, name)) for part in parts)])
        pair = [getattr(part, index) + k for part, k in zip(parts, begins, strict=False)]
        moved = np.empty(len(order), np.int64)
        moved[order] = np.arange(len(order))
        sides[name] = table, place[order], moved[np.concatenate(pair)]
    truth, found = sides["truth"], sides["found"]
    return Measured(
        truth[0], found[0], truth[1], found[1], truth[2], found[2],
        np.concatenate([part.iou for part in parts]),
        np.concatenate([part.temporal for part in parts]),
    )  # fmt: skip


def _most_confident(found: TubeTable, count: int) -> NDArray[np.bool_]:
    """Return the most confident boxes of each frame, over all classes."""
    frames, number = np.unique(found.first, return_inverse=True)
    item = found.video * max(len(frames), 1) + number
    assert found.confidence is not None
    order = np.lexsort((-found.confidence, item))
    ordered = item[order]
    before = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    result = np.empty(len(order), dtype=bool)
    result[order] = before < count
    return result
