"""Overlap losses: forms and weights by hand, and gradients as central differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

import overlap as ov
from overlap.testing import central_difference
from tests.laws.kinds import KINDS

pytestmark = pytest.mark.kernels

losses = ov.losses
A = ov.Boxes([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 1.0, 1.0], [3.0, 1.0, 4.0, 2.0]])
B = ov.Boxes([[1.0, 1.0, 3.0, 5.0], [0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, 2.0]])
# By hand: IoU 1/11 and 5/34 of the diagonal; equal; apart, 9 of 16 + 1 of the diagonal.
IOU = np.array([1 / 11, 1.0, 0.0])
GAP = np.array([5 / 34, 0.0, 9 / 17])


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, 1 - IOU + GAP),
        ({"form": "power"}, 1 - IOU**3 + GAP**3),
        ({"form": "power", "power": 0.5}, 1 - IOU**0.5 + GAP**0.5),
        ({"focal": 0.5}, IOU**0.5 * (1 - IOU + GAP)),
        ({"focal": 2.0, "focus": "far"}, (1 - IOU) ** 2 * (1 - IOU + GAP)),
        ({"form": "power", "focal": 1.0, "focus": "far"}, (1 - IOU) * (1 - IOU**3 + GAP**3)),
    ],
    ids=["linear", "power", "root", "near", "far", "far power"],
)
def test_by_hand(options, wanted):
    loss = losses.overlap_loss(ov.diou, A, B, **options)
    np.testing.assert_allclose(loss.per_item, wanted, rtol=1e-14)
    assert loss.value == pytest.approx(wanted.mean(), rel=1e-14)


def test_logarithm_by_hand():
    loss = losses.overlap_loss(ov.iou, A, B, form="log", floor=1e-4)
    np.testing.assert_allclose(loss.per_item, [math.log(11), 0.0, -math.log(1e-4)], rtol=1e-14)


def test_best_of_a_score_is_no_loss():
    """KFIoU is 1/3 at best, and a sum of two ratios 2."""
    boxes = ov.Gaussians.from_boxes(A, variance=0.25)
    moved = ov.Gaussians.from_boxes(B, variance=0.25)
    loss = losses.overlap_loss(ov.kfiou, boxes, moved)
    np.testing.assert_allclose(loss.per_item, 1 / 3 - ov.kfiou(boxes, moved), atol=1e-15)
    assert loss.per_item[1] == 0.0
    loss = losses.overlap_loss(ov.iou + ov.dice, A, B)
    np.testing.assert_allclose(loss.per_item, 2 - IOU - 2 * IOU / (1 + IOU), atol=1e-14)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weights", [None, [0.5, 3.0, 0.25], 2.0], ids=["no", "each", "all"])
def test_reductions(reduction, weights):
    w = np.ones(3) if weights is None else np.broadcast_to(weights, 3)
    items = losses.overlap_loss(ov.giou, A, B, reduction="none")
    loss = losses.overlap_loss(ov.giou, A, B, weights=weights, reduction=reduction)
    scale = {"mean": w / w.sum(), "sum": w, "none": w}[reduction]
    value = scale * items.per_item
    wanted = value if reduction == "none" else value.sum()
    np.testing.assert_allclose(loss.value, wanted, rtol=1e-14)
    np.testing.assert_allclose(loss.grad, scale[:, None] * items.grad, rtol=1e-14)
    np.testing.assert_array_equal(loss.per_item, items.per_item)


def test_one_target_for_all():
    many = losses.overlap_loss(ov.diou, A, B[0])
    each = losses.overlap_loss(ov.diou, A, ov.Boxes(np.repeat(B[0].to_array(), 3, axis=0)))
    np.testing.assert_array_equal(many.grad, each.grad)
    assert many.value == each.value


# ------------------------------------------------------------------- central differences


def compare(loss, found: ov.Regions, share: float = 0.7) -> None:
    """Compare the gradients of items with central differences, where those can be trusted."""
    got = loss(found)
    wanted, smooth = central_difference(lambda regions: loss(regions).per_item, found)
    assert smooth.mean() > share
    size = np.maximum(abs(wanted).max(axis=1, keepdims=True), 1e-3 * abs(wanted).max())
    error = abs(got.grad - wanted) / size
    assert error[smooth].max() < 1e-6


VARIED = {
    "power": {"form": "power", "power": 2.5},
    "near": {"focal": 0.5, "focal_grad": True},
    "far": {"focal": 1.5, "focus": "far", "focal_grad": True},
}
CHOSEN = {
    "intervals": (ov.giou, ov.diou),
    "boxes-3": (ov.eiou,),
    "rotated boxes": (ov.giou,),
    "gaussians": (ov.gwd,),
    "soft masks": (ov.dice,),
    "soft masks, product": (ov.iou,),
}
COSTLY = ("boxes-3", "rotated boxes")  # to compile


@pytest.mark.parametrize("form", VARIED)
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in COSTLY else ()) for name in CHOSEN],
)
def test_gradients_of_kinds(name, form):
    kind = next(kind for kind in KINDS if kind.name == name)
    rng = np.random.default_rng(3)
    found, truth = kind.make(rng, 12), kind.make(rng, 12)
    shared = ov.terms(found, truth).intersection > 0.02 * found.measure()
    found, truth = found[shared], truth[shared]
    for score in CHOSEN[name]:

        def loss(regions, score=score):
            return losses.overlap_loss(score, regions, truth, reduction="none", **VARIED[form])

        compare(loss, found)


def near_boxes(count: int, axes: int = 2) -> tuple[ov.Boxes, ov.Boxes]:
    rng = np.random.default_rng(4)
    lower = 0.5 * rng.random((2, count, axes))
    table = np.concatenate([lower, lower + 0.6 + rng.random((2, count, axes))], axis=2)
    return ov.Boxes(table[0]), ov.Boxes(table[1])


def test_gradient_of_inner_iou():
    found, truth = near_boxes(12)
    turned = (ov.RotatedBoxes.from_boxes(boxes) for boxes in near_boxes(12))
    upright = (
        ov.UprightBoxes(np.column_stack([t[:, [0, 1, 0, 2, 3, 3]], 0.1 * t[:, 0]]))
        for t in (boxes.to_cxcywh() for boxes in near_boxes(12))
    )
    tube = (
        ov.Product(boxes, ov.Intervals(boxes.to_array()[:, [0, 2]])) for boxes in (found, truth)
    )
    for score, (a, b) in (
        (ov.diou, (found, truth)),
        (ov.iou, turned),
        (ov.iou, upright),
        (ov.iou, tube),
    ):

        def loss(regions, score=score, b=b):
            return losses.inner_loss(score, regions, b, ratio=0.8, reduction="none")

        compare(loss, a, share=0.6)


def test_inner_iou_of_scaled_regions():
    found, truth = near_boxes(5)
    wanted = ov.iou(found.scaled(0.8), truth.scaled(0.8))
    loss = losses.inner_loss(ov.iou, found, truth, ratio=0.8)
    np.testing.assert_allclose(loss.per_item, 1 - wanted, rtol=1e-13)


def test_gradient_of_wise_iou_has_a_constant_diameter():
    found, truth = near_boxes(12)
    diameter = ov.terms(found, truth).diameter2

    def held(regions):
        terms = ov.terms(regions, truth)
        far = np.exp(terms.center_gap2 / diameter)
        return far * (1 - terms.intersection / terms.union)

    wanted, smooth = central_difference(held, found)
    got = losses.wiou_loss(found, truth, reduction="none").grad
    np.testing.assert_allclose(got[smooth], wanted[smooth], rtol=1e-6, atol=1e-7)


# ------------------------------------------------------ kinds with ragged parameters


def polygons(seed: int, count: int = 4) -> ov.Polygons:
    """Return stars around the origin with 4 to 7 vertices."""
    rng = np.random.default_rng(seed)
    rings = []
    for k in range(count):
        turn = 2 * np.pi * (np.arange(4 + k) + 0.3 * rng.random(4 + k)) / (4 + k)
        radius = 0.6 + 0.5 * rng.random(4 + k)
        rings.append(np.stack([radius * np.cos(turn), radius * np.sin(turn)], 1) + 0.1 * k)
    return ov.Polygons(rings)


def moved(batch: ov.Polygons, row: int, column: int, step: float) -> ov.Polygons:
    table = batch.to_array()
    table[row, column] += step
    return ov.Polygons.from_rings(*table.T, batch.ring_offsets, batch.region_offsets)


@pytest.mark.parametrize("form", ["linear", *VARIED])
def test_gradient_of_polygons(form):
    found, truth = polygons(0), polygons(1)
    options = {**VARIED.get(form, {}), "weights": [1.0, 2.0, 0.5, 0.0]}
    got = losses.overlap_loss(ov.giou, found, truth, **options)
    assert got.grad.shape == found.to_array().shape
    wanted = np.empty_like(got.grad)
    for row, column in np.ndindex(wanted.shape):
        ahead, behind = (
            losses.overlap_loss(ov.giou, moved(found, row, column, step), truth, **options).value
            for step in (1e-6, -1e-6)
        )
        wanted[row, column] = (ahead - behind) / 2e-6
    np.testing.assert_allclose(got.grad, wanted, atol=1e-7)
    assert (got.grad[-7:] == 0.0).all()  # of the pair without a weight
    both = losses.overlap_loss(ov.giou, found, truth, wrt="both", **options).grad
    np.testing.assert_array_equal(both[0], got.grad)
    other = losses.overlap_loss(ov.giou, truth, found, **options).grad
    np.testing.assert_allclose(both[1], other, atol=1e-13)


def test_equal_polygons_have_no_loss():
    """Stars do not fill their hulls, and their GIoU is below 1."""
    found, truth = polygons(0), polygons(1)
    mixed = ov.Polygons.concat([found[:2], truth[2:]])
    for score in (ov.iou, ov.giou):
        loss = losses.overlap_loss(score, found, mixed, reduction="none", wrt="both")
        assert (loss.value[:2] == 0.0).all()
        assert (loss.value[2:] > 0.0).all()
        for grad in loss.grad:
            assert (grad[:9] == 0.0).all()
            assert (grad[9:] != 0.0).any()


def test_soft_losses_of_interval_sets():
    found = ov.IntervalSets([[[0.0, 2.0], [3.0, 4.0]], [[0.0, 1.0]]])
    truth = ov.IntervalSets([[[1.0, 3.5]], [[0.5, 2.0], [4.0, 5.0]]])
    one = losses.dice_loss(found, truth)
    two = losses.overlap_loss(ov.dice, found, truth)
    np.testing.assert_allclose(one.per_item, two.per_item, rtol=1e-14)
    np.testing.assert_allclose(one.grad, two.grad, rtol=1e-13)
    assert one.grad.shape == (3, 2)


# --------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "square"}, "form = 'square'; expected 'linear', 'log' or 'power'"),
        ({"focus": "middle", "focal": 1.0}, "focus = 'middle'; expected 'near' or 'far'"),
        ({"focal": -1.0}, "focal = -1.0 is not a finite number >= 0"),
        ({"form": "power", "power": 0.0}, "power = 0.0 is not a finite number > 0"),
        ({"form": "log"}, "giou has penalties and can be below 0"),
        ({"form": "log", "floor": math.nan}, "floor = nan is not a finite number > 0"),
        ({"weights": [1.0, 2.0]}, r"weights have shape \(2,\); expected one per item"),
        ({"weights": [1.0, -2.0, 0.0]}, r"weights\[1\] = -2.0 is not a finite number >= 0"),
        ({"reduction": "median"}, "reduction = 'median'; expected 'mean', 'sum' or 'none'"),
        ({"wrt": "found"}, "wrt = 'found'; expected 'pred', 'target' or 'both'"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        losses.overlap_loss(ov.giou, A, B, **options)


def test_scores_that_are_not_best_for_equal_regions():
    with pytest.raises(ValueError, match="center_gap is a penalty and is added in iou \\+ center"):
        losses.overlap_loss(ov.iou + ov.center_gap, A, B)
    with pytest.raises(ValueError, match="iou is subtracted in -iou"):
        losses.overlap_loss(-ov.iou, A, B)
    with pytest.raises(ValueError, match="has no ratio"):
        losses.overlap_loss(-1.0 * ov.center_gap, A, B, focal=1.0)
    with pytest.raises(TypeError, match=r"expected a score such as .*, got str"):
        losses.overlap_loss("giou", A, B)


def test_wise_iou_needs_its_state():
    with pytest.raises(TypeError, match="v3 compares losses with their running mean; give state="):
        losses.wiou_loss(A, B, version="v3")
    with pytest.raises(ValueError, match="version = 'v4'"):
        losses.wiou_loss(A, B, version="v4")
    with pytest.raises(ValueError, match=r"value = 0\.0 is not a finite number > 0"):
        losses.RunningMean(value=0.0)
    state = losses.RunningMean()
    losses.wiou_loss(A, B, version="v2", state=state, update=False)
    assert state.value == 1.0
    state.update([])
    assert state.value == 1.0


def test_inner_iou_refuses():
    with pytest.raises(ValueError, match="ratio = 0 is not a finite number > 0"):
        losses.inner_loss(ov.iou, A, B, ratio=0)
    mask = ov.Masks(np.ones((1, 2, 2), bool))
    with pytest.raises(TypeError, match="Masks"):
        losses.inner_loss(ov.iou, mask, mask, ratio=0.5)
