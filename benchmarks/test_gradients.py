"""Scores and their gradients, as a training step needs them."""

from __future__ import annotations

from functools import partial

import numpy as np

import overlap as ov
from benchmarks import peers, scenes
from benchmarks.workload import Case, Workload


def _gradient(count, name: str) -> Case:
    a, b = scenes.close_boxes(count(200_000), 7)
    found, truth = ov.Boxes(a), ov.Boxes(b)

    def agree(ours, theirs) -> None:
        for mine, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(other.numpy(), mine, rtol=1e-7, atol=1e-9)

    return Case(
        partial(getattr(ov, name).value_and_grad, found, truth, wrt="found"),
        {"torch": lambda: peers.torch_gradient(name, a, b)},
        agree,
    )


WORKLOADS = [
    Workload("GIoU, 2e5 boxes, one thread", partial(_gradient, name="giou"), 4.0, single=True),
    Workload("CIoU, 2e5 boxes, one thread", partial(_gradient, name="ciou"), 4.0, single=True),
    Workload("GIoU, 2e5 boxes, all threads", partial(_gradient, name="giou")),
    Workload("CIoU, 2e5 boxes, all threads", partial(_gradient, name="ciou")),
]


def test_speed(run):
    value, gradient = run
    assert len(value) == len(gradient)
