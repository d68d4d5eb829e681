"""Non-maximum suppression."""

from __future__ import annotations

from functools import partial

import numpy as np

import overlap as ov
from benchmarks import peers, scenes
from benchmarks.workload import Case, Workload


def _suppress(count, per_object: int) -> Case:
    boxes, confidence = scenes.detections(count(10_000), per_object, 6)
    regions = ov.Boxes(boxes)

    def agree(ours, theirs) -> None:
        np.testing.assert_array_equal(np.sort(ours.index), np.sort(theirs.astype(np.int64)))

    return Case(
        lambda: ov.nms(regions, confidence, threshold=0.5),
        {
            "powerboxes.nms": lambda: peers.powerboxes_nms("nms", boxes, confidence, 0.5),
            "powerboxes.rtree_nms": lambda: peers.powerboxes_nms(
                "rtree_nms", boxes, confidence, 0.5
            ),
        },
        agree,
    )


WORKLOADS = [
    Workload("10,000 boxes, sparse scene", partial(_suppress, per_object=2), 3.5),
    Workload("10,000 boxes, dense scene", partial(_suppress, per_object=20), 3.5),
]


def test_speed(run):
    assert run is not None
