"""Two lists of equal length, row by row."""

from __future__ import annotations

from functools import partial

import numpy as np

import overlap as ov
from benchmarks import peers, scenes
from benchmarks.workload import Case, Workload


def _paired(count, name: str, axes: int, number: int = 1_000_000) -> Case:
    a, b = scenes.close_boxes(count(number), 3)
    kind = ov.Boxes
    if axes == 1:
        a, b = (np.ascontiguousarray(x[:, ::2]) for x in (a, b))
        kind = ov.Intervals
    contestants = {
        "NumPy": lambda: peers.numpy_paired(name, a, b),
        "torchvision's expression": lambda: peers.torch_paired(name, a, b),
    }

    def agree(ours, theirs) -> None:
        np.testing.assert_allclose(np.asarray(theirs), ours, rtol=1e-9, atol=1e-12)

    floor = peers.copy_floor(a.nbytes + b.nbytes + 8 * len(a))
    return Case(partial(getattr(ov, name), kind(a), kind(b)), contestants, agree, floor)


WORKLOADS = [
    Workload("IoU, 100 boxes", partial(_paired, name="iou", axes=2, number=100), 2.0, ("NumPy",)),
    Workload("IoU, 1e6 boxes", partial(_paired, name="iou", axes=2), 8.0, ("NumPy",)),
    Workload("GIoU, 1e6 boxes", partial(_paired, name="giou", axes=2), 8.0, ("NumPy",)),
    Workload("IoU, 1e6 intervals", partial(_paired, name="iou", axes=1), within=1.1),
]


def test_speed(run):
    assert np.isfinite(np.asarray(run)).all()
