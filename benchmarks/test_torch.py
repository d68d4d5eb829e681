"""Losses of tensors forward and backward through autograd, as a training step needs them.

There are no workloads where torch is not installed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

import overlap as ov
from benchmarks import scenes
from benchmarks.workload import Case, Workload

_EPS = 1e-7


def _expression(a: Any, b: Any, name: str) -> Any:
    """Return the loss of pairs with the steps that torchvision's losses of boxes take."""
    import torch

    ax0, ay0, ax1, ay1 = a.unbind(-1)
    bx0, by0, bx1, by1 = b.unbind(-1)
    left, top = torch.max(ax0, bx0), torch.max(ay0, by0)
    right, bottom = torch.min(ax1, bx1), torch.min(ay1, by1)
    meets = (bottom > top) & (right > left)
    shared = torch.zeros_like(ax0)
    shared[meets] = (right[meets] - left[meets]) * (bottom[meets] - top[meets])
    union = (ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - shared
    iou = shared / (union + _EPS)
    wide = torch.max(ax1, bx1) - torch.min(ax0, bx0)
    high = torch.max(ay1, by1) - torch.min(ay0, by0)
    if name == "giou":
        hull = wide * high
        return 1 - (iou - (hull - union) / (hull + _EPS))
    x, y = (ax0 + ax1) / 2 - (bx0 + bx1) / 2, (ay0 + ay1) / 2 - (by0 + by1) / 2
    distance = 1 - iou + (x**2 + y**2) / (wide**2 + high**2 + _EPS)
    turn = torch.atan((bx1 - bx0) / (by1 - by0)) - torch.atan((ax1 - ax0) / (ay1 - ay0))
    v = (4 / torch.pi**2) * turn**2
    with torch.no_grad():
        alpha = v / (1 - iou + v + _EPS)
    return distance + alpha * v


def _simple(a: Any, b: Any, name: str) -> Any:
    from benchmarks.peers import _torch_score

    return 1 - _torch_score(a, b, name, pairwise=False)


def _step(loss: Callable[[Any, Any], Any], a: np.ndarray, b: np.ndarray) -> Callable[[], Any]:
    import torch

    pred, target = torch.from_numpy(a.copy()).requires_grad_(), torch.from_numpy(b)

    def call() -> tuple[float, Any]:
        pred.grad = None
        value = loss(pred, target)
        value.backward()
        return value.detach(), pred.grad

    return call


def _training(count, name: str, size: int) -> Case:
    from overlap.interop.torch import overlap_loss

    a, b = (table.astype(np.float32) for table in scenes.close_boxes(count(size), 7))

    def peer(expression) -> Callable[[], Callable[[], Any]]:
        return lambda: _step(lambda p, t: expression(p, t, name).mean(), a, b)

    def agree(ours, theirs) -> None:
        for mine, other in zip(ours, theirs, strict=True):
            scale = float(abs(mine).max())
            np.testing.assert_allclose(other.numpy(), mine.numpy(), rtol=1e-3, atol=1e-4 * scale)

    return Case(
        _step(partial(overlap_loss, getattr(ov, name)), a, b),
        {"torchvision's expression": peer(_expression), "torch": peer(_simple)},
        agree,
    )


WORKLOADS = [
    Workload(
        f"{name.replace('iou', 'IoU').replace('c', 'C').replace('g', 'G')} of {size:,} tensors",
        partial(_training, name=name, size=size),
        goal,
        ("torchvision's expression",),
        single=True,
    )
    for size, goal in ((1_000, 7.0), (100_000, 5.0))
    for name in ("giou", "ciou")
    if find_spec("torch")
]


def test_speed(run):
    value, gradient = run
    assert value.ndim == 0
    assert gradient.shape[1] == 4
