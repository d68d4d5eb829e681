"""Losses of tensors in training: types, shapes, graphs, illegal boxes, and messages."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import overlap as ov

from .tensors import TENSOR_KINDS

torch = pytest.importorskip("torch", reason="torch is not installed")
from overlap.interop.torch import OverlapLoss, overlap_loss, pairwise, score  # noqa: E402

BOXES = TENSOR_KINDS[1]


def _boxes(count, seed=0, dtype=torch.float64):
    return tuple(torch.from_numpy(t).to(dtype) for t in BOXES.tables(count, seed))


def _known(pred, target, **settings):
    batches = (ov.Boxes(t.detach().double().numpy()) for t in (pred, target))
    return ov.losses.overlap_loss(ov.giou, *batches, **settings)


# -------------------------------------------------------------------- types and shapes


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_types(dtype, reduction):
    dtype = getattr(torch, dtype)
    pred, target = _boxes(6, dtype=dtype)
    pred.requires_grad_()
    loss = overlap_loss(ov.giou, pred, target, reduction=reduction)
    loss.sum().backward()
    known = _known(pred, target, reduction=reduction)
    assert (loss.dtype, pred.grad.dtype) == (dtype, dtype)
    digits = torch.finfo(dtype).eps
    np.testing.assert_allclose(loss.detach().double(), known.value, rtol=digits, atol=1e-15)
    np.testing.assert_allclose(pred.grad.double(), known.grad, rtol=2 * digits, atol=1e-7)


def test_types_that_differ():
    pred, target = _boxes(5)
    single = pred.float().requires_grad_()
    loss = overlap_loss(ov.giou, single, target)
    loss.backward()
    assert (loss.dtype, single.grad.dtype) == (torch.float64, torch.float32)
    whole = torch.tensor([[0, 0, 4, 4]])
    assert overlap_loss(ov.giou, whole, whole + 1).dtype == torch.get_default_dtype()
    assert score(ov.iou, whole, torch.tensor([[0.0, 0, 4, 8]])).tolist() == [0.5]


def test_type_of_small_gradients():
    """A half keeps a gradient that is scaled up before it is rounded."""
    pred, target = _boxes(4, dtype=torch.float16)
    pred = pred.repeat(30_000, 1).requires_grad_()
    loss = overlap_loss(ov.giou, pred, target.repeat(30_000, 1)).double() * 16384.0
    loss.backward()
    known = 16384.0 * _known(pred, target.repeat(30_000, 1)).grad[:4]
    np.testing.assert_allclose(pred.grad[:4].double(), known, rtol=2e-3, atol=1e-5)


def test_shapes():
    pred, target = _boxes(12)
    items = overlap_loss(ov.giou, pred, target, reduction="none")
    grid = overlap_loss(ov.giou, pred.reshape(3, 4, 4), target.reshape(3, 4, 4), reduction="none")
    assert torch.equal(grid, items.reshape(3, 4))
    # Columns that are rows, every second box, and one that is compared with all.
    turned = pred.T.contiguous().T.requires_grad_()
    loss = overlap_loss(ov.giou, turned[::2], target[::2], reduction="none")
    loss.sum().backward()
    assert torch.equal(loss.detach(), items[::2])
    assert (turned.grad[1::2] == 0).all()
    one = target[:1].clone().requires_grad_()
    overlap_loss(ov.giou, pred, one, reduction="sum").backward()
    batch = ov.Boxes(target[:1].numpy())
    known = ov.giou.value_and_grad(batch, ov.Boxes(pred.numpy()))[1]
    np.testing.assert_allclose(one.grad[0], -known.sum(axis=0), rtol=1e-9)
    single = overlap_loss(ov.giou, pred[0], target[0], reduction="none")
    assert single.shape == ()
    assert single == items[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("backend", ["kernels", "torch"])
def test_nothing(dtype, backend):
    for shape in ((0, 4), (2, 0, 4)):
        pred = torch.zeros(shape, dtype=dtype, requires_grad=True)
        for reduction in ("mean", "sum"):
            loss = overlap_loss(ov.giou, pred, pred.detach(), reduction=reduction, backend=backend)
            loss.backward()
            assert loss == 0
            assert pred.grad.shape == shape
        none = overlap_loss(ov.giou, pred, pred.detach(), reduction="none", backend=backend)
        assert none.shape == shape[:-1]
    assert pairwise(ov.giou, torch.zeros(0, 4), torch.zeros(3, 4)).shape == (0, 3)
    weights = torch.zeros(5)
    pred, target = _boxes(5)
    assert overlap_loss(ov.giou, pred, target, weights=weights, backend=backend) == 0


def test_many_boxes_are_cut_into_pieces():
    pred, target = _boxes(10_001)
    pred.requires_grad_()
    loss = overlap_loss(ov.giou, pred, target)
    loss.backward()
    known = _known(pred, target)
    np.testing.assert_allclose(loss.detach(), known.value, rtol=1e-12)
    np.testing.assert_allclose(pred.grad, known.grad, rtol=1e-12, atol=1e-20)


def test_masks():
    rng = np.random.default_rng(4)
    logits = torch.from_numpy(rng.normal(size=(2, 3, 5, 4))).requires_grad_()
    truth = torch.from_numpy(rng.random((2, 3, 5, 4)) < 0.4)
    values = logits.sigmoid()
    loss = overlap_loss(
        ov.dice, values, truth, kind="masks", axes=2, soft="product", reduction="none"
    )
    shared = (values * truth).sum((-1, -2))
    dice = 2 * shared / (values.sum((-1, -2)) + truth.sum((-1, -2)))
    np.testing.assert_allclose(loss.detach(), 1 - dice.detach(), rtol=1e-12)
    ours = torch.autograd.grad(loss.sum(), logits, retain_graph=True)[0]
    theirs = torch.autograd.grad((1 - dice).sum(), logits)[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    flat = overlap_loss(ov.dice, values[0], truth[0], kind="masks", soft="product")
    np.testing.assert_allclose(flat.detach(), loss[0].mean().detach(), rtol=1e-12)


# ------------------------------------------------------------------------------- graphs


def test_either_side_may_want_a_gradient():
    for wanted in ((True, False), (False, True), (True, True), (False, False)):
        sides = _boxes(5)
        for side, own in zip(sides, wanted, strict=True):
            side.requires_grad_(own)
        loss = overlap_loss(ov.giou, *sides)
        assert loss.requires_grad == any(wanted)
        if any(wanted):
            loss.backward()
        known = _known(*sides, wrt="both").grad
        for side, own, grad in zip(sides, wanted, known, strict=True):
            assert (side.grad is not None) == own
            if own:
                np.testing.assert_allclose(side.grad, grad, rtol=1e-12, atol=1e-15)


def test_without_a_graph():
    pred, target = _boxes(5)
    pred.requires_grad_()
    for manager in (torch.no_grad, torch.inference_mode):
        with manager():
            loss = overlap_loss(ov.giou, pred, target)
        assert not loss.requires_grad
        assert loss.item() == pytest.approx(_known(pred, target).value)


def test_gradients_flow_on():
    pred, target = _boxes(5)
    raw = pred.clone().requires_grad_()
    loss = overlap_loss(ov.giou, 2.0 * raw, target, reduction="none")
    (loss * torch.arange(5)).sum().backward()
    known = _known(2.0 * raw, target, reduction="none").grad
    np.testing.assert_allclose(raw.grad, 2.0 * known * np.arange(5)[:, None], atol=1e-15)


@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph")
def test_no_second_derivative():
    pred, target = _boxes(3)
    pred.requires_grad_()
    (grad,) = torch.autograd.grad(overlap_loss(ov.giou, pred, target), pred, create_graph=True)
    np.testing.assert_allclose(grad.detach(), _known(pred, target).grad, rtol=1e-12)
    with pytest.raises(
        RuntimeError, match="backend='torch', which computes with operations of torch"
    ):
        grad.sum().backward()


def test_weights():
    pred, target = _boxes(5)
    pred.requires_grad_()
    weights = torch.tensor([0.0, 1.0, 2.0, 0.5, 1.0], requires_grad=True)
    loss = overlap_loss(ov.giou, pred, target, weights=weights)
    loss.backward()
    known = _known(pred, target, weights=weights.detach().numpy())
    np.testing.assert_allclose(loss.detach(), known.value, rtol=1e-12)
    np.testing.assert_allclose(pred.grad, known.grad, rtol=1e-9, atol=1e-15)
    items = torch.from_numpy(known.per_item)
    np.testing.assert_allclose(weights.grad, (items - known.value) / 4.5, rtol=1e-5, atol=1e-7)
    for bad in (torch.tensor([1.0, 1, 1, 1, -1]), torch.full((5,), torch.nan)):
        with pytest.raises(ValueError, match="finite numbers >= 0"):
            overlap_loss(ov.giou, pred, target, weights=bad)
    with pytest.raises(ValueError, match=r"weights have shape \(4,\); expected one for each"):
        overlap_loss(ov.giou, pred, target, weights=torch.ones(4))


def test_training():
    torch.manual_seed(0)
    target = torch.tensor([[2.0, 1.0, 4.0, 5.0]]).repeat(8, 1)
    head = torch.nn.Linear(3, 4)
    criterion = OverlapLoss(ov.diou, invalid="sort")
    optimizer = torch.optim.Adam(head.parameters(), lr=0.1)
    data = torch.rand(8, 3)
    losses = []
    for _ in range(150):
        optimizer.zero_grad()
        loss = criterion(head(data), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 0.9
    assert losses[-1] < 0.1


def test_module():
    criterion = OverlapLoss(ov.iou, kind="intervals", period=1.7, reduction="none")
    pred, target = (torch.from_numpy(t) for t in TENSOR_KINDS[0].tables(4))
    known = overlap_loss(ov.iou, pred, target, kind="intervals", period=1.7, reduction="none")
    assert torch.equal(criterion(pred, target), known)
    assert criterion(pred, target, weights=torch.zeros(4)).tolist() == [0.0] * 4
    assert repr(criterion) == "OverlapLoss(iou, kind='intervals', period=1.7, reduction='none')"
    assert not list(criterion.parameters())
    with pytest.raises(TypeError, match="give weights= with the tensors"):
        OverlapLoss(ov.iou, weights=torch.ones(3))
    with pytest.raises(TypeError, match=r"expected a score such as overlap.giou, got str"):
        OverlapLoss("giou")


# --------------------------------------------------------------------- illegal regions


@pytest.mark.parametrize("name", ["boxes", "rotated", "upright", "intervals"])
def test_illegal_predictions(name):
    kind = next(k for k in TENSOR_KINDS if k.kind == name)
    pred, target = (torch.from_numpy(t) for t in kind.tables(4))
    columns = {"boxes": [0, 2], "intervals": [0, 1]}.get(name)
    bad = pred.clone()
    if columns is None:
        size = 2 if name == "rotated" else 3
        bad[1, size] = -bad[1, size]
    else:
        bad[1, columns] = bad[1, columns[::-1]]
    bad.requires_grad_()
    with pytest.raises(ValueError, match=r"^pred: .*1"):
        overlap_loss(ov.giou, bad, target, kind=name)
    for backend in ("kernels", "torch"):
        good = pred.clone().requires_grad_()
        overlap_loss(ov.giou, good, target, kind=name).backward()
        expected = good.grad.clone()
        if columns is None:
            expected[1, size] = -expected[1, size]
        else:
            expected[1, columns] = expected[1, columns[::-1]]
        bad.grad = None
        overlap_loss(ov.giou, bad, target, kind=name, invalid="sort", backend=backend).backward()
        np.testing.assert_allclose(bad.grad, expected, rtol=1e-9, atol=1e-12)
        flat = overlap_loss(
            ov.iou, bad, target, kind=name, invalid="clamp", reduction="none", backend=backend
        )
        assert flat[1] == 1.0
        assert (flat[[0, 2, 3]] < 1.0).any()
    # An illegal target is wrong data, whatever is done with predictions.
    with pytest.raises(ValueError, match=r"^target: "):
        overlap_loss(ov.giou, target, bad.detach(), kind=name, invalid="sort")


def test_values_of_masks_are_clamped():
    values = torch.tensor([[0.5, 1.25, -0.25]])
    target = torch.tensor([[1.0, 1.0, 0.0]])
    with pytest.raises(ValueError, match="pred: Masks"):
        overlap_loss(ov.iou, values, target, kind="masks")
    assert overlap_loss(ov.iou, values, target, kind="masks", invalid="clamp") == 0.25
    with pytest.raises(ValueError, match="have no negative sizes"):
        overlap_loss(ov.iou, values, target, kind="masks", invalid="sort")


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_numbers_that_are_not_finite(value):
    pred, target = _boxes(3)
    pred[2, 1] = value
    for invalid in ("error", "sort", "clamp"):
        with pytest.raises(ValueError, match=r"^pred: .*is not finite"):
            overlap_loss(ov.giou, pred, target, invalid=invalid)
    with pytest.raises(ValueError, match=r"^a: .*numbered over the leading axes, \(3, 1\)"):
        score(ov.giou, pred[:, None], target[:, None])


# ------------------------------------------------------------------------------ messages


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"pred": [[0.0, 0, 1, 1]]}, TypeError, "pred: expected a tensor, got list"),
        ({"target": np.zeros((5, 4))}, TypeError, "target: expected a tensor, got ndarray"),
        ({"pred": torch.zeros(5, 3)}, ValueError, r"shape \(5, 3\); Boxes are tensors of shape"),
        ({"pred": torch.zeros(())}, ValueError, r"pred: shape \(\)"),
        ({"pred": torch.zeros(4, 4)}, ValueError, "compared one by one"),
        ({"pred": torch.zeros(5, 1, 4)}, ValueError, "compared one by one"),
        ({"pred": torch.zeros(5, 6)}, ValueError, "compared one by one"),
        ({"pred": torch.zeros(5, 4, dtype=torch.complex64)}, TypeError, "real numbers"),
        ({"pred": torch.zeros(5, 4, dtype=torch.bool)}, TypeError, "real numbers, got torch.bool"),
        ({"pred": torch.zeros(5, 4).to_sparse()}, TypeError, r"dense tensor.*to_dense\(\)"),
        ({"pred": torch.zeros(5, 4, device="meta")}, ValueError, "pred is on meta and target on"),
        ({"score": "giou"}, TypeError, "score: expected a score such as overlap.giou"),
        ({"score": ov.nwd(scale=1.0)}, TypeError, "Gaussians.from_boxes"),
        ({"reduction": "max"}, ValueError, "reduction = 'max'"),
        ({"invalid": "drop"}, ValueError, "invalid = 'drop'"),
        ({"form": "square"}, ValueError, "form = 'square'"),
        ({"kind": "circles"}, ValueError, "kind = 'circles'; expected one of intervals, boxes"),
        ({"kind": 3}, TypeError, "kind = 3"),
        ({"kind": lambda table: ov.Boxes(table), "sigma": 1.0}, TypeError, "kind is a function"),
        ({"kind": ov.Boxes.from_cxcywh}, ValueError, "convert the tensor with operations of torch"),
        ({"kind": lambda table: table}, TypeError, "expected a batch of regions"),
        ({"period": 3.0}, TypeError, "period"),
        ({"sigma": 0.1, "alpha": 0.1}, TypeError, "give one"),
        ({"relative": False}, TypeError, "alpha=, which is not given"),
        ({"kind": "masks", "sigma": 0.1}, TypeError, "masks have no sigma"),
        ({"kind": "masks", "axes": 3}, ValueError, "fewer axes than the grid"),
        ({"kind": "intervals"}, ValueError, r"shape \(5, 4\); Intervals are tensors of"),
    ],
)
def test_messages(change, error, message):
    pred, target = _boxes(5)
    given = {"score": ov.giou, "pred": pred, "target": target, **change}
    with pytest.raises(error, match=message):
        overlap_loss(**given)


def test_messages_of_pairs():
    a, b = _boxes(3)
    with pytest.raises(ValueError, match=r"a: expected shape \(N, P\), got \(3, 1, 4\)"):
        pairwise(ov.iou, a[:, None], b)
    with pytest.raises(ValueError, match="a is on meta and b on cpu"):
        pairwise(ov.iou, a.to("meta"), b)
    with pytest.raises(TypeError, match="expected a score"):
        pairwise(None, a, b)


def test_kernels_of_another_device():
    """A tensor elsewhere is copied where that is asked for; meta tensors have no numbers."""
    meta = torch.zeros(2, 4, device="meta")
    with pytest.raises(NotImplementedError):
        score(ov.iou, meta, meta, backend="kernels")


def test_modules_can_be_copied_and_stored():
    pred, target = _boxes(4)
    for which in (ov.giou, (ov.dice - 0.5 * ov.center_gap).with_enclosure("box")):
        criterion = OverlapLoss(which, reduction="sum").eval()
        for again in (copy.deepcopy(criterion), pickle.loads(pickle.dumps(criterion))):
            assert again.score == which
            assert repr(again) == repr(criterion)
            assert not again.training
            assert torch.equal(again(pred, target), criterion(pred, target))
