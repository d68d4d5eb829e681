"""Overlap losses of one training step: the mean and its gradient."""

from __future__ import annotations

from functools import partial

import numpy as np

import overlap as ov
from benchmarks import peers, scenes
from benchmarks.workload import Case, Workload


def _loss(count, name: str, size: int) -> Case:
    a, b = scenes.close_boxes(count(size), 11)
    pred, target = ov.Boxes(a), ov.Boxes(b)

    def agree(ours, theirs) -> None:
        value, gradient = (result.numpy() for result in theirs)
        np.testing.assert_allclose(ours.per_item, 1.0 - value, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(ours.grad, -gradient, rtol=1e-7, atol=1e-9)

    return Case(
        partial(ov.losses.overlap_loss, getattr(ov, name), pred, target, reduction="sum"),
        {"torch": lambda: peers.torch_gradient(name, a, b)},
        agree,
    )


def _soft_dice(count) -> Case:
    rng = np.random.default_rng(12)
    side = max(round(count(1_000_000) ** 0.5), 2)
    pred, target = rng.random((2, 4, side, side))

    def theirs() -> peers.Call:
        import torch

        first, second = torch.from_numpy(pred.copy()).requires_grad_(), torch.from_numpy(target)

        def call():
            first.grad = None
            p, q = first.flatten(1), second.flatten(1)
            ratio = 2 * torch.minimum(p, q).sum(1) / (p.sum(1) + q.sum(1))
            (1 - ratio).sum().backward()
            return ratio.detach(), first.grad.flatten(1)

        return call

    def agree(ours, others) -> None:
        value, gradient = (result.numpy() for result in others)
        np.testing.assert_allclose(ours.per_item, 1.0 - value, rtol=1e-9)
        np.testing.assert_allclose(ours.grad, gradient, rtol=1e-7, atol=1e-15)

    loss = partial(ov.losses.dice_loss, ov.Masks(pred), ov.Masks(target), reduction="sum")
    return Case(loss, {"torch": theirs}, agree)


WORKLOADS = [
    *(
        Workload(
            f"{label} loss, {size:g} boxes, one thread",
            partial(_loss, name=name, size=size),
            goal,
            single=True,
        )
        for name, label in (("giou", "GIoU"), ("ciou", "CIoU"))
        for size, goal in ((1_000, None), (100_000, 5.0))
    ),
    Workload("soft Dice loss, 4 masks of 1e6 cells, one thread", _soft_dice, single=True),
]


def test_speed(run):
    assert len(run) > 1
