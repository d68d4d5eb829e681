"""Non-maximum suppression."""

from __future__ import annotations

from functools import partial

import numpy as np

import overlap as ov
from benchmarks import peers, scenes
from benchmarks.workload import Case, Workload


def _suppress(count, number: int, per_object: int) -> Case:
    boxes, confidence = scenes.detections(count(number), per_object, 6)
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


def _in_groups(count, number: int) -> Case:
    boxes, confidence = scenes.detections(count(number), 2, 6)
    labels = np.random.default_rng(7).integers(0, 5, len(boxes))
    regions = ov.Boxes(boxes)

    def agree(ours, theirs) -> None:
        np.testing.assert_array_equal(np.sort(ours.index), np.sort(theirs.astype(np.int64)))

    return Case(
        lambda: ov.nms(regions, confidence, threshold=0.5, groups=labels),
        {
            "powerboxes.nms of moved boxes": lambda: peers.powerboxes_batched_nms(
                boxes, confidence, labels, 0.5
            )
        },
        agree,
    )


WORKLOADS = [
    Workload("100 boxes", partial(_suppress, number=100, per_object=2), 1.0),
    Workload("100 boxes of 5 labels", partial(_in_groups, number=100), 1.0),
    Workload("1,000 boxes", partial(_suppress, number=1000, per_object=2), 2.0),
    Workload("1,000 boxes of 5 labels", partial(_in_groups, number=1000), 2.0),
    Workload("10,000 boxes, sparse scene", partial(_suppress, number=10_000, per_object=2), 3.5),
    Workload("10,000 boxes, dense scene", partial(_suppress, number=10_000, per_object=20), 3.5),
]


def test_speed(run):
    assert run is not None
