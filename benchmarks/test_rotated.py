"""Rotated boxes: all pairs, row by row, suppression, gradients."""

from __future__ import annotations

from functools import partial

import numpy as np

import overlap as ov
from benchmarks import peers, scenes
from benchmarks.workload import Case, Workload


def _regions(table: np.ndarray) -> ov.RotatedBoxes:
    return ov.RotatedBoxes.from_degrees(table, towards="+y")


def _pairwise(count, rows: int, columns: int, dense: bool, parallel: bool) -> Case:
    a, b = (scenes.rotated(count(n), k, dense) for k, n in ((1, rows), (2, columns)))
    first, second = _regions(a), _regions(b)
    name = "parallel_rotated_iou_distance" if parallel else "rotated_iou_distance"

    def agree(ours, theirs) -> None:
        np.testing.assert_allclose(1.0 - theirs, ours, rtol=0, atol=1e-9)

    peer = f"powerboxes, {'parallel' if parallel else 'serial'}"
    call = partial(ov.iou.pairwise, first, second)
    return Case(call, {peer: lambda: peers.powerboxes_pairwise(name, a, b)}, agree)


def _paired(count) -> Case:
    a, b = (scenes.rotated(count(100_000), k, dense=True) for k in (3, 4))
    first, second = _regions(a), _regions(b)

    def agree(ours, theirs) -> None:
        # OpenCV computes in float32.
        assert np.quantile(abs(ours - theirs), 0.99) < 1e-4

    return Case(
        partial(ov.iou, first, second),
        {
            "shapely": lambda: peers.shapely_paired(first.corners(), second.corners()),
            "OpenCV, a loop": lambda: peers.opencv_paired(a, b),
        },
        agree,
    )


def _suppress(count, per_object: int, span: float) -> Case:
    # Of a seed for which powerboxes does not panic.
    boxes, confidence = scenes.rotated_detections(count(10_000), per_object, 7, span)
    regions = _regions(boxes)

    def agree(ours, theirs) -> None:
        np.testing.assert_array_equal(np.sort(ours.index), np.sort(theirs.astype(np.int64)))

    return Case(
        lambda: ov.nms(regions, confidence, threshold=0.5),
        {
            f"powerboxes.{name}": partial(peers.powerboxes_nms, name, boxes, confidence, 0.5)
            for name in ("rtree_rotated_nms", "rotated_nms")
        },
        agree,
    )


def _gradient(count, name: str) -> Case:
    first, second = (_regions(scenes.rotated(count(10_000), k, dense=True)) for k in (5, 6))
    return Case(partial(getattr(ov, name).value_and_grad, first, second))


WORKLOADS = [
    *(
        Workload(
            f"IoU, {rows} x {columns}, {'dense' if dense else 'sparse'}, "
            f"{'parallel' if parallel else 'one thread each'}",
            partial(_pairwise, rows=rows, columns=columns, dense=dense, parallel=parallel),
            5.0 if dense else 2.0,
            single=not parallel,
        )
        for rows, columns, dense in ((300, 300, False), (2000, 1000, False), (300, 300, True))
        for parallel in (False, True)
    ),
    Workload("IoU, 1e5 pairs, against shapely", _paired, 300.0, against=("shapely",)),
    Workload("IoU, 1e5 pairs, against OpenCV", _paired, 60.0, against=("OpenCV, a loop",)),
    Workload("NMS, 10,000 boxes, sparse", partial(_suppress, per_object=2, span=2000.0), 6.0),
    Workload("NMS, 10,000 boxes, dense", partial(_suppress, per_object=20, span=500.0), 6.0),
    *(
        Workload(f"{name} with gradients, 1e4 pairs", partial(_gradient, name=name), single=True)
        for name in ("iou", "giou", "diou", "ciou")
    ),
]


def test_speed(run):
    assert run is not None
