"""Gradients of tensors: equal to differences, and to those of the batches of regions."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov

from .tensors import TENSOR_KINDS, Kind, scores_of

torch = pytest.importorskip("torch", reason="torch is not installed")
from overlap.interop.torch import overlap_loss, score  # noqa: E402

# The scores of which the law suite compiles the kernels too.
_FEW = {"boxes-3", "box x interval", "blurred boxes", "smooth boxes", "upright boxes", "arcs"}


def _scores(kind: Kind) -> list[ov.Score]:
    known = scores_of(kind)
    if kind.name == "gaussians":
        return [s for s in known if s == ov.iou or s.needs != ov.iou.needs]
    return [ov.iou, ov.giou] if kind.name in _FEW else known


_CASES = [pytest.param(kind, s, id=f"{kind}-{s}") for kind in TENSOR_KINDS for s in _scores(kind)]


def _tensors(kind: Kind, count: int, seed: int = 0):
    return tuple(torch.from_numpy(table).clone() for table in kind.tables(count, seed))


@pytest.mark.parametrize(("kind", "which"), _CASES)
def test_gradcheck(kind, which):
    pred, target = _tensors(kind, 3)
    pred.requires_grad_()

    def loss(pred):
        return overlap_loss(which, pred, target, kind=kind.kind, reduction="none", **kind.options)

    assert torch.autograd.gradcheck(loss, (pred,), atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", TENSOR_KINDS[:4], ids=str)
def test_gradcheck_of_both_sides(kind):
    pred, target = (t.requires_grad_() for t in _tensors(kind, 3, 5))

    def value(a, b):
        return score(ov.giou, a, b, kind=kind.kind, **kind.options)

    def mean(a, b):
        return overlap_loss(ov.giou, a, b, kind=kind.kind, **kind.options)

    assert torch.autograd.gradcheck(value, (pred, target), atol=2e-6)
    assert torch.autograd.gradcheck(mean, (pred, target), atol=2e-6)


@pytest.mark.parametrize("kind", TENSOR_KINDS, ids=str)
def test_losses_are_those_of_regions(kind):
    found, truth = kind.batch(0, 9), kind.batch(1, 9)
    weights = np.random.default_rng(3).random(9)
    pred, target = _tensors(kind, 9)
    pred.requires_grad_()
    for settings in (
        {"reduction": "sum"},
        {"form": "log", "focal": 0.5, "focus": "far", "reduction": "mean"},
        {"form": "power", "power": 2.0, "focal": 1.5, "focal_grad": True, "weights": weights},
    ):
        known = ov.losses.overlap_loss(ov.iou, found, truth, **settings)
        given = dict(settings)
        if "weights" in given:
            given["weights"] = torch.from_numpy(weights)
        pred.grad = None
        loss = overlap_loss(ov.iou, pred, target, kind=kind.kind, **given, **kind.options)
        loss.backward()
        np.testing.assert_allclose(loss.item(), known.value, rtol=1e-12)
        np.testing.assert_allclose(pred.grad, known.grad, rtol=1e-10, atol=1e-14)


def test_alpha_of_ciou_is_held():
    kind = TENSOR_KINDS[1]
    pred, target = _tensors(kind, 20)
    pred.requires_grad_()
    overlap_loss(ov.ciou, pred, target, reduction="sum").backward()
    held, pred.grad = pred.grad, None
    x0, y0, x1, y1 = pred.unbind(1)
    u0, v0, u1, v1 = target.unbind(1)
    shared = (torch.min(x1, u1) - torch.max(x0, u0)).clamp(min=0) * (
        torch.min(y1, v1) - torch.max(y0, v0)
    ).clamp(min=0)
    iou = shared / ((x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - shared)
    wide, high = torch.max(x1, u1) - torch.min(x0, u0), torch.max(y1, v1) - torch.min(y0, v0)
    gap = ((x0 + x1 - u0 - u1) ** 2 + (y0 + y1 - v0 - v1) ** 2) / 4 / (wide**2 + high**2)
    angle = torch.atan((u1 - u0) / (v1 - v0)) - torch.atan((x1 - x0) / (y1 - y0))
    v = 4 / torch.pi**2 * angle**2
    alpha = (v / (1 - iou + v)).detach()
    (1 - iou + gap + alpha * v).sum().backward()
    np.testing.assert_allclose(held, pred.grad, rtol=1e-9, atol=1e-12)


def test_undefined_scores():
    points = torch.zeros(2, 4, dtype=torch.float64)
    points[1] = 3.0
    pred = points.clone().requires_grad_()
    value = score(ov.iou, pred, points)
    value.sum().backward()
    assert torch.isnan(value).all()
    assert (pred.grad == 0).all()
    pred.grad = None
    # Equal points have no loss; others are as far apart as can be.
    for backend in ("kernels", "torch"):
        loss = overlap_loss(ov.iou, pred, points.flip(0), reduction="none", backend=backend)
        assert loss.tolist() == [1.0, 1.0]
        loss = overlap_loss(ov.diou, pred, points, reduction="none", backend=backend)
        assert loss.tolist() == [0.0, 0.0]
        loss.sum().backward()
        assert (pred.grad == 0).all()
