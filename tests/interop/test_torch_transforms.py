"""What torch does to functions: vmap, grad, forward mode, second derivatives."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov

torch = pytest.importorskip("torch", reason="torch is not installed")
from torch.autograd import forward_ad  # noqa: E402

from overlap.interop.torch import OverlapLoss, overlap_loss, pairwise, score  # noqa: E402

# torch.func itself loads what torch warns of.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")

ADVICE = r"give backend='torch'"


def boxes(seed: int, count: int = 5):
    rng = np.random.default_rng(seed)
    lower = rng.random((count, 2))
    return torch.from_numpy(np.hstack([lower, lower + 0.2 + rng.random((count, 2))]))


PRED, TARGET = boxes(0), boxes(1)
CRITERION = OverlapLoss(ov.ciou)
CALLS = {
    "loss": lambda x, **options: overlap_loss(ov.giou, x, TARGET, **options),
    "forms": lambda x, **options: overlap_loss(ov.iou, x, TARGET, form="log", **options),
    "module": lambda x, **options: (OverlapLoss(ov.ciou, **options) if options else CRITERION)(
        x, TARGET
    ),
    "score": lambda x, **options: score(ov.diou, x, TARGET, **options).sum(),
}


# ------------------------------------------------------------------------ transformations


@pytest.mark.parametrize("name", CALLS)
def test_torch_func_is_told_what_to_do(name):
    call = CALLS[name]
    for transformed in (
        torch.func.grad(call),
        torch.func.jacrev(call),
        torch.func.hessian(call),
        lambda x: torch.func.jvp(call, (x,), (torch.ones_like(x),)),
        lambda x: torch.vmap(call)(x[None]),
    ):
        with pytest.raises(RuntimeError, match=ADVICE):
            transformed(PRED)


def test_the_advice_works():
    x = PRED.clone().requires_grad_()
    CALLS["loss"](x).backward()

    def expressed(x):
        return CALLS["loss"](x, backend="torch")

    np.testing.assert_allclose(torch.func.grad(expressed)(PRED), x.grad, rtol=1e-12)
    each = torch.vmap(lambda p, t: score(ov.giou, p, t, backend="torch"))(PRED, TARGET)
    np.testing.assert_allclose(each, score(ov.giou, PRED, TARGET), rtol=1e-12)
    way = boxes(2) - 0.5
    _, slope = torch.func.jvp(expressed, (PRED,), (way,))
    np.testing.assert_allclose(slope, (x.grad * way).sum(), rtol=1e-12)
    assert torch.func.hessian(expressed)(PRED).abs().max() > 0.0


def test_pairwise_and_masks_within_vmap():
    with pytest.raises(RuntimeError, match=ADVICE):
        torch.vmap(lambda x: pairwise(ov.iou, x, TARGET))(PRED[None])
    masks = torch.rand(1, 3, 4, 4)
    with pytest.raises(RuntimeError, match=ADVICE):
        torch.vmap(lambda m: overlap_loss(ov.iou, m, m, kind="masks"))(masks)


@pytest.mark.parametrize("name", CALLS)
def test_forward_mode_is_refused_and_not_zero(name):
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(PRED, torch.ones_like(PRED))
        with pytest.raises(RuntimeError, match=f"forward mode .*{ADVICE}"):
            CALLS[name](dual)
        assert CALLS[name](PRED) == CALLS[name](PRED.clone())  # no dual tensor, no error
        value = CALLS[name](dual, backend="torch")
        assert forward_ad.unpack_dual(value).tangent is not None


# --------------------------------------------------------------------- second derivatives


@pytest.mark.parametrize("name", CALLS)
def test_second_derivatives_are_refused_and_not_zero(name):
    x = PRED.clone().requires_grad_()
    (grad,) = torch.autograd.grad(CALLS[name](x), x, create_graph=True)
    for options in ({}, {"allow_unused": True}):
        with pytest.raises(RuntimeError, match=f"first derivatives only.*{ADVICE}"):
            torch.autograd.grad(grad.sum(), x, retain_graph=True, **options)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        grad.sum().backward()
    with pytest.raises(RuntimeError, match="first derivatives only"):
        torch.autograd.functional.hessian(CALLS[name], PRED)
    wanted = torch.autograd.functional.hessian(lambda x: CALLS[name](x, backend="torch"), PRED)
    assert wanted.abs().max() > 0.0


def test_second_derivatives_after_a_plain_way_back():
    x = PRED.clone().requires_grad_()
    loss = CALLS["loss"](x)
    loss.backward(retain_graph=True)
    first = x.grad.clone()
    loss.backward(retain_graph=True)
    assert torch.equal(x.grad, 2.0 * first)
    (grad,) = torch.autograd.grad(loss, x, create_graph=True)
    assert torch.equal(grad, first)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        torch.autograd.grad(grad.sum(), x)


def test_a_gradient_can_be_differentiated_by_its_weight():
    """Which it is linear in: only the derivative by the regions is missing."""
    x, weight = PRED.clone().requires_grad_(), torch.tensor(2.0, requires_grad=True)
    loss = weight * CALLS["loss"](x)
    (grad,) = torch.autograd.grad(loss, x, create_graph=True)
    (slope,) = torch.autograd.grad(grad.sum(), weight)
    assert slope == pytest.approx(float(grad.sum().detach()) / 2.0)


def test_regions_may_change_between_the_ways():
    x = PRED.clone().requires_grad_()
    middle = x * 1.0
    loss = CALLS["loss"](middle)
    with torch.no_grad():
        middle.zero_()
    loss.backward()
    again = PRED.clone().requires_grad_()
    CALLS["loss"](again).backward()
    assert torch.equal(x.grad, again.grad)
