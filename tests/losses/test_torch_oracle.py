"""Losses and their gradients against the published formulas as expressions in PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest

import overlap as ov

torch = pytest.importorskip("torch", reason="torch is not installed")

losses = ov.losses
CLOSE = {"rtol": 1e-9, "atol": 1e-11}


def boxes(count: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return corners of pairs in general position: overlapping, nested and apart."""
    rng = np.random.default_rng(seed)
    lower = rng.random((2, count, 2)) * [[[1.0]], [[1.4]]]
    both = np.concatenate([lower, lower + 0.1 + rng.random((2, count, 2))], axis=2)
    both[1, :5, :2] = both[0, :5, :2] + 0.01  # nested
    both[1, :5, 2:] = both[0, :5, 2:] - 0.02
    return both[0], both[1]


class Parts:
    """Terms of pairs of boxes, as people write them."""

    def __init__(self, a, b):
        self.wa, self.ha = a[:, 2] - a[:, 0], a[:, 3] - a[:, 1]
        self.wb, self.hb = b[:, 2] - b[:, 0], b[:, 3] - b[:, 1]
        size = torch.min(a[:, 2:], b[:, 2:]) - torch.max(a[:, :2], b[:, :2])
        inter = size.clamp(min=0).prod(1)
        self.union = self.wa * self.ha + self.wb * self.hb - inter
        self.iou = inter / self.union
        cover = torch.max(a[:, 2:], b[:, 2:]) - torch.min(a[:, :2], b[:, :2])
        self.cw, self.ch = cover.T
        self.dx = (a[:, 0] + a[:, 2] - b[:, 0] - b[:, 2]) / 2
        self.dy = (a[:, 1] + a[:, 3] - b[:, 1] - b[:, 3]) / 2
        self.rho2 = self.dx**2 + self.dy**2
        self.c2 = self.cw**2 + self.ch**2
        self.corners = ((a - b) ** 2).sum(1)

    @property
    def hull(self):
        return (self.cw * self.ch - self.union) / (self.cw * self.ch)

    @property
    def distance(self):
        return self.rho2 / self.c2

    def aspect(self, held: bool = True):
        v = 4 / math.pi**2 * (torch.atan(self.wb / self.hb) - torch.atan(self.wa / self.ha)) ** 2
        alpha = v / (1 - self.iou + v)
        return (alpha.detach() if held else alpha) * v

    @property
    def sides(self):
        return (self.wa - self.wb) ** 2 / self.cw**2 + (self.ha - self.hb) ** 2 / self.ch**2

    @property
    def siou(self):
        sine = self.dy.abs() / self.rho2.sqrt()
        angle = 1 - 2 * torch.sin(torch.arcsin(sine) - math.pi / 4) ** 2
        gamma = 2 - angle
        along = (self.dx / self.cw, self.dy / self.ch)
        distance = sum(1 - torch.exp(-gamma * share**2) for share in along)
        shape = sum(
            (1 - torch.exp(-(p - q).abs() / torch.max(p, q))) ** 4
            for p, q in ((self.wa, self.wb), (self.ha, self.hb))
        )
        return (distance + shape) / 2


SCORES = {
    "iou": (ov.iou, lambda t: []),
    "giou": (ov.giou, lambda t: [t.hull]),
    "diou": (ov.diou, lambda t: [t.distance]),
    "ciou": (ov.ciou, lambda t: [t.distance, t.aspect()]),
    "ciou, alpha": (ov.ciou(alpha_grad=True), lambda t: [t.distance, t.aspect(held=False)]),
    "eiou": (ov.eiou, lambda t: [t.distance, t.sides]),
    "siou": (ov.siou, lambda t: [t.siou]),
    "mpdiou": (ov.mpdiou(diagonal=5.0), lambda t: [t.corners / 25.0]),
}


def check(ours: losses.Loss, per_item, parameters) -> None:
    """Compare a loss and its gradient with the mean of a torch expression."""
    per_item.mean().backward()
    np.testing.assert_allclose(ours.per_item, per_item.detach().numpy(), **CLOSE)
    np.testing.assert_allclose(ours.value, per_item.detach().numpy().mean(), **CLOSE)
    np.testing.assert_allclose(ours.grad, parameters.grad.numpy(), **CLOSE)


def tensors(a, b):
    return torch.tensor(a, requires_grad=True), torch.tensor(b)


@pytest.mark.parametrize("name", SCORES)
def test_linear(name):
    score, penalties = SCORES[name]
    a, b = boxes()
    pred, target = tensors(a, b)
    parts = Parts(pred, target)
    ours = losses.overlap_loss(score, ov.Boxes(a), ov.Boxes(b))
    check(ours, 1 - parts.iou + sum(penalties(parts)), pred)


@pytest.mark.parametrize("name", ["giou", "ciou"])
def test_with_respect_to_the_target(name):
    score, penalties = SCORES[name]
    a, b = boxes(seed=1)
    target, pred = tensors(b, a)
    parts = Parts(pred, target)
    ours = losses.overlap_loss(score, ov.Boxes(a), ov.Boxes(b), wrt="target")
    check(ours, 1 - parts.iou + sum(penalties(parts)), target)


@pytest.mark.parametrize("name", ["iou", "giou", "diou", "ciou"])
def test_alpha_iou(name):
    """A power of the IoU, and of each penalty: alpha of CIoU is constant there as well."""
    score, penalties = SCORES[name]
    a, b = boxes(seed=2)
    pred, target = tensors(a, b)
    parts = Parts(pred, target)
    ours = losses.overlap_loss(score, ov.Boxes(a), ov.Boxes(b), form="power", power=3.0)
    check(ours, 1 - parts.iou**3 + sum(gap**3 for gap in penalties(parts)), pred)


def test_logarithm():
    a, b = boxes(seed=3)
    pred, target = tensors(a, b)
    ours = losses.overlap_loss(ov.iou, ov.Boxes(a), ov.Boxes(b), form="log")
    check(ours, -torch.log(Parts(pred, target).iou.clamp(min=1e-6)), pred)


@pytest.mark.parametrize("held", [True, False], ids=["constant", "differentiated"])
@pytest.mark.parametrize(("focus", "gamma"), [("near", 0.5), ("far", 2.0)])
def test_focal_eiou_and_focal_iou(focus, gamma, held):
    a, b = boxes(seed=4)
    meet = ov.iou(ov.Boxes(a), ov.Boxes(b)) > 0  # PyTorch has NaN for the root of 0
    a, b = a[meet], b[meet]
    pred, target = tensors(a, b)
    parts = Parts(pred, target)
    u = parts.iou.detach() if held else parts.iou
    weight = u**gamma if focus == "near" else (1 - u) ** gamma
    ours = losses.overlap_loss(
        ov.eiou, ov.Boxes(a), ov.Boxes(b), focal=gamma, focus=focus, focal_grad=not held
    )
    check(ours, weight * (1 - parts.iou + parts.distance + parts.sides), pred)


def test_weights():
    a, b = boxes(seed=5)
    weights = np.random.default_rng(5).random(len(a))
    pred, target = tensors(a, b)
    parts = Parts(pred, target)
    loss = 1 - parts.iou + parts.hull
    value = (loss * torch.tensor(weights)).sum() / weights.sum()
    value.backward()
    ours = losses.overlap_loss(ov.giou, ov.Boxes(a), ov.Boxes(b), weights=weights)
    np.testing.assert_allclose(ours.value, value.item(), **CLOSE)
    np.testing.assert_allclose(ours.grad, pred.grad.numpy(), **CLOSE)


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_wise_iou(version):
    a, b = boxes(seed=6)
    pred, target = tensors(a, b)
    parts = Parts(pred, target)
    miss = 1 - parts.iou
    loss = torch.exp(parts.rho2 / parts.c2.detach()) * miss
    mean = 0.9 * 0.7 + 0.1 * miss.detach().mean()
    outlier = miss.detach() / mean
    if version == "v2":
        loss = loss * outlier**0.5
    elif version == "v3":
        loss = loss * outlier / (3 * 1.9 ** (outlier - 3))
    state = losses.RunningMean(value=0.7, momentum=0.1)
    ours = losses.wiou_loss(ov.Boxes(a), ov.Boxes(b), version=version, state=state)
    check(ours, loss, pred)
    assert state.value == pytest.approx(0.7 if version == "v1" else mean.item(), rel=1e-12)


@pytest.mark.parametrize("ratio", [0.7, 1.3])
def test_inner_ciou(ratio):
    a, b = boxes(seed=7)
    pred, target = tensors(a, b)

    def scaled(t):
        center, half = (t[:, :2] + t[:, 2:]) / 2, ratio * (t[:, 2:] - t[:, :2]) / 2
        return torch.cat([center - half, center + half], 1)

    parts, inner = Parts(pred, target), Parts(scaled(pred), scaled(target))
    loss = 1 - inner.iou + parts.distance + parts.aspect()
    check(losses.inner_loss(ov.ciou, ov.Boxes(a), ov.Boxes(b), ratio=ratio), loss, pred)


# ------------------------------------------------------------------------------ soft masks


def masks(form: str, count: int = 6, seed: int = 0):
    rng = np.random.default_rng(seed)
    p, q = rng.uniform(0.02, 0.98, (2, count, 3, 4))
    return p, q, ov.Masks(p, axes=2, soft=form), ov.Masks(q, axes=2, soft=form)


SUMS = {
    "minmax": lambda p, q: (p, q, torch.min(p, q)),
    "product": lambda p, q: (p, q, p * q),
    "squared": lambda p, q: (p * p, q * q, p * q),
}
LABELS = np.array([0, 1, 2, 0, 1, 2])


def sums(form: str, p, q, groups=None):
    terms = [x.flatten(1).sum(1) for x in SUMS[form](p, q)]
    if groups is None:
        return terms
    member = torch.tensor(groups[None] == np.unique(groups)[:, None], dtype=torch.float64)
    return [member @ x for x in terms]


@pytest.mark.parametrize("groups", [None, LABELS], ids=["each", "grouped"])
@pytest.mark.parametrize("form", SUMS)
def test_soft_dice_and_jaccard(form, groups):
    for loss, ratio in (
        (losses.dice_loss, lambda a, b, i: 2 * (i + 0.5) / (a + b + 1)),
        (losses.jaccard_loss, lambda a, b, i: (i + 0.5) / (a + b - i + 0.5)),
    ):
        p, q, pred, target = masks(form)
        values, others = tensors(p, q)
        wanted = 1 - ratio(*sums(form, values, others, groups))
        ours = loss(pred, target, smooth=0.5, groups=groups)
        grad = ours.grad.reshape(p.shape)
        check(losses.Loss(ours.value, grad, ours.per_item), wanted, values)


@pytest.mark.parametrize("form", ["minmax", "product"])
def test_focal_tversky(form):
    p, q, pred, target = masks(form, seed=1)
    values, others = tensors(p, q)
    a, b, i = sums(form, values, others)
    index = i / (i + 0.3 * (a - i) + 0.7 * (b - i))
    ours = losses.focal_tversky_loss(pred, target)
    grad = ours.grad.reshape(p.shape)
    check(losses.Loss(ours.value, grad, ours.per_item), (1 - index) ** 0.75, values)


@pytest.mark.parametrize("kind", ["square", "simple", "uniform"])
def test_generalized_dice(kind):
    p, q, pred, target = masks("product", seed=2)
    images = np.array([0, 0, 0, 1, 1, 1])
    values, others = tensors(p, q)
    a, b, i = sums("product", values, others)
    w = {"square": 1 / b**2, "simple": 1 / b, "uniform": torch.ones_like(b)}[kind]
    member = torch.tensor(images[None] == np.arange(2)[:, None], dtype=torch.float64)
    wanted = 1 - 2 * (member @ (w * i)) / (member @ (w * (a + b)))
    ours = losses.generalized_dice_loss(pred, target, groups=images, class_weights=kind)
    grad = ours.grad.reshape(p.shape)
    check(losses.Loss(ours.value, grad, ours.per_item), wanted, values)
