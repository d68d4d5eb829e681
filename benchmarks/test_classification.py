"""Losses of logits: the mean over items, and its gradient."""

from __future__ import annotations

from functools import partial

import numpy as np

import overlap as ov
from benchmarks.workload import Call, Case, Workload

CLASSES = 80


def _torch_loss(name: str, logits: np.ndarray, target: np.ndarray) -> Call:
    """The published formula in torch; sums over classes, mean over items, gradient."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    z, t = torch.from_numpy(logits.copy()).requires_grad_(), torch.from_numpy(target)

    def weight(p):
        if name == "focal_loss":
            balance = 0.25 * t + 0.75 * (1 - t)
            return balance * (1 - (p * t + (1 - p) * (1 - t))) ** 2.0
        if name == "quality_focal_loss":
            return (t - p).abs() ** 2.0
        return torch.where(t > 0, t, 0.75 * p**2.0)

    def call():
        z.grad = None
        entropy = binary_cross_entropy_with_logits(z, t, reduction="none")
        loss = (weight(torch.sigmoid(z)) * entropy).sum(1).mean()
        loss.backward()
        return loss.detach(), z.grad

    return call


def _loss(count, name: str, items: int) -> Case:
    rng = np.random.default_rng(13)
    shape = count(items), CLASSES
    logits = rng.normal(-3.0, 2.0, shape)
    target = np.where(rng.random(shape) < 0.02, rng.random(shape), 0.0)

    def agree(ours, theirs) -> None:
        value, gradient = (result.numpy() for result in theirs)
        np.testing.assert_allclose(ours.value, value, rtol=1e-9)
        np.testing.assert_allclose(ours.grad, gradient, rtol=1e-7, atol=1e-15)

    return Case(
        partial(getattr(ov.losses, name), logits, target),
        {"torch": lambda: _torch_loss(name, logits, target)},
        agree,
    )


WORKLOADS = [
    Workload(
        f"{label} loss, {size:g} logits, one thread",
        partial(_loss, name=name, items=size // CLASSES),
        3.0,
        single=True,
    )
    for name, label in (
        ("focal_loss", "focal"),
        ("quality_focal_loss", "quality focal"),
        ("varifocal_loss", "varifocal"),
    )
    for size in (10_000, 1_600_000)
]


def test_speed(run):
    assert run.value > 0.0
