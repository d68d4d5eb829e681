"""No loss jumps: not at identical regions, at ties, or at the ends of a range."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import overlap as ov

losses = ov.losses
NEAR = 1e-9
FORMS = ("minmax", "product", "squared")
# Values where something ties or ends, beside some where nothing does.
P = np.array([[0.0, 0.0, 0.4, 0.6, 1.0, 1.0], [0.2, 0.5, 0.5, 0.7, 0.9, 0.1]])
Q = np.array([[0.0, 0.3, 0.4, 0.6, 1.0, 0.0], [0.2, 0.5, 0.5, 0.7, 0.9, 0.1]])


def soft_losses(form):
    named = {
        "dice": losses.dice_loss,
        "jaccard": losses.jaccard_loss,
        "smooth": lambda p, q, **k: losses.dice_loss(p, q, smooth=1.0, **k),
        "grouped": lambda p, q, **k: losses.jaccard_loss(p, q, groups=[0, 0], **k),
        "generalized": losses.generalized_dice_loss,
        "linear": lambda p, q, **k: losses.overlap_loss(ov.iou, p, q, **k),
        "log": lambda p, q, **k: losses.overlap_loss(ov.dice, p, q, form="log", **k),
        "power": lambda p, q, **k: losses.overlap_loss(ov.iou, p, q, form="power", **k),
        "far": lambda p, q, **k: losses.overlap_loss(ov.iou, p, q, focal=1.5, focus="far", **k),
        "diou": lambda p, q, **k: losses.overlap_loss(ov.diou, p, q, **k),
        "giou": lambda p, q, **k: losses.overlap_loss(ov.giou, p, q, **k),
    }
    if form != "squared":
        named["tversky"] = lambda p, q, **k: losses.tversky_loss(p, q, alpha=0.2, beta=0.9, **k)
        named["focal"] = losses.focal_tversky_loss
    return named


@pytest.mark.parametrize("form", FORMS)
def test_soft_masks(form):
    def masks(values):
        return ov.Masks(values, axes=1, soft=form, support=0.45)

    for name, loss in soft_losses(form).items():
        for p, q in ((P, Q), (Q, Q), (P, P), (np.ones((2, 4)), np.ones((2, 4)))):
            at = loss(masks(p), masks(q), reduction="sum").value
            for cell in range(p.shape[1]):
                for step in (-NEAR, NEAR):
                    moved = p.copy()
                    moved[:, cell] = np.clip(moved[:, cell] + step, 0.0, 1.0)
                    beside = loss(masks(moved), masks(q), reduction="sum").value
                    room = 3e-6 if name == "focal" else 1e-7  # the power 3/4 of what is missed
                    assert abs(beside - at) < room, (name, p, q, cell, step)


def test_identical_maps_in_the_form_of_products():
    """By the formula: 1 - sum p q / (sum p + sum q - sum p q) and the like."""
    p = np.array([[0.3, 0.6, 0.1, 0.0, 1.0]])
    a, shared = p.sum(), (p * p).sum()
    masks = ov.Masks(p, axes=1, soft="product")
    wanted = 1 - shared / (2 * a - shared)
    loss = losses.jaccard_loss(masks, masks)
    assert loss.value == pytest.approx(wanted, rel=1e-14)
    assert losses.overlap_loss(ov.iou, masks, masks).value == pytest.approx(wanted, rel=1e-14)
    assert losses.dice_loss(masks, masks).value == pytest.approx(1 - shared / a, rel=1e-14)
    union = 2 * a - shared
    slopes = -(p * union - shared * (1 - p)) / union**2
    np.testing.assert_allclose(loss.grad, slopes, rtol=1e-13)
    squared = ov.Masks(p, axes=1, soft="squared")
    assert losses.jaccard_loss(squared, squared).value == 0.0
    none = ov.Masks(np.zeros((1, 3)), axes=1, soft="product")
    assert losses.dice_loss(none, none).value == 0.0


def exact(name, p, q):
    """Dice, Jaccard and Tversky losses of fractions, of which the minimum is shared."""
    shared = sum(map(min, p, q))
    a, b = sum(p), sum(q)
    alpha, beta = {"dice": (Fraction(1, 2),) * 2, "jaccard": (1, 1), "tversky": (2, 5)}[name]
    return 1 - shared / (shared + alpha * (a - shared) + beta * (b - shared))


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("name", ["dice", "jaccard", "tversky"])
def test_the_feasible_side_at_the_ends_of_the_range(name, hard):
    function = {
        "dice": losses.dice_loss,
        "jaccard": losses.jaccard_loss,
        "tversky": lambda p, q, **k: losses.tversky_loss(p, q, alpha=2, beta=5, **k),
    }[name]
    p, q = [0.0, 0.0, 0.5, 0.25, 1.0, 1.0], [0.0, 1.0, 1.0, 0.0, 1.0, 0.0]
    target = ov.Masks([[bool(x) for x in q]], axes=1) if hard else ov.Masks([q], axes=1)
    loss = function(ov.Masks([p], axes=1), target)
    tiny = Fraction(1, 2**80)
    f, g = [Fraction(x) for x in p], [Fraction(x) for x in q]
    for cell, x in enumerate(f):
        step = -tiny if x == 1 else tiny
        moved = [*f[:cell], x + step, *f[cell + 1 :]]
        slope = (exact(name, moved, g) - exact(name, f, g)) / step
        assert loss.grad[0, cell] == pytest.approx(float(slope), rel=1e-12), cell


def test_descent_leaves_correct_zeros_and_ones():
    p, q = ov.Masks([[0.0, 0.5, 1.0]], axes=1), ov.Masks([[0.0, 1.0, 1.0]], axes=1)
    grad = losses.dice_loss(p, q).grad[0]
    # 1 - 2 * 1.5 / 3.5: what is shared stays 1.5 as the first cell rises
    assert grad[0] == pytest.approx(2 * 1.5 / 3.5**2, rel=1e-14)
    assert grad[2] == pytest.approx(-(2 * 3.5 - 2 * 1.5) / 3.5**2, rel=1e-14)
    both = ov.iou.value_and_grad(p, q, wrt="both")[1]
    assert both[0][0, 0] < 0.0
    assert both[1][0, 0] < 0.0  # the other side ends at 0 as well
    inside = ov.Masks([[0.25]], axes=1), ov.Masks([[0.25]], axes=1)
    assert ov.coverage.value_and_grad(*inside)[1][0, 0] == pytest.approx(-2.0)  # half at ties


def test_nothing_missed_has_no_direction():
    """With alpha = 0 what is predicted beside the target costs nothing, whatever the power."""
    p, q = ov.Masks([[1.0, 0.5]], axes=1), ov.Masks([[1.0, 0.0]], axes=1)
    for gamma in (0.5, 1.0, 2.0):
        loss = losses.focal_tversky_loss(p, q, alpha=0.0, beta=1.0, gamma=gamma)
        assert loss.value == 0.0
        if gamma != 1.0:
            np.testing.assert_array_equal(loss.grad, 0.0)


L_SHAPE = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]


@pytest.mark.parametrize(
    ("score", "wanted"), [(ov.iou, 0.0), (ov.giou, 1 / 7), (ov.giou.with_enclosure("box"), 1 / 4)]
)
def test_regions_that_do_not_fill_their_enclosure(score, wanted):
    shape = ov.Polygons([L_SHAPE])
    assert losses.overlap_loss(score, shape, shape).value == pytest.approx(wanted, rel=1e-14)
    moved = ov.Polygons([np.add(L_SHAPE, NEAR)])
    assert losses.overlap_loss(score, moved, shape).value == pytest.approx(wanted, abs=1e-7)


@pytest.mark.parametrize(
    "target",
    [[0, 0, 2, 2], [2, 0, 4, 2], [2, 2, 3, 3], [0.5, 0.5, 1, 1], [0, 0, 1, 2], [5, 5, 6, 6]],
)
def test_boxes(target):
    """Identical, sharing a side, a corner, inside, a common side, apart."""
    pred, target = np.array([[0.0, 0.0, 2.0, 2.0]]), ov.Boxes([target])
    named = {
        str(score): lambda p, q, s=score: losses.overlap_loss(s, p, q)
        for score in (ov.iou, ov.giou, ov.diou, ov.ciou, ov.eiou)
    }
    named["focal"] = lambda p, q: losses.overlap_loss(ov.eiou, p, q, focal=1.5, focus="far")
    named["inner"] = lambda p, q: losses.inner_loss(ov.iou, p, q, ratio=0.8)
    named["wise"] = lambda p, q: losses.wiou_loss(p, q)
    named["dice"] = losses.dice_loss
    for name, loss in named.items():
        at = loss(ov.Boxes(pred), target).value
        for column in range(4):
            for step in (-NEAR, NEAR):
                moved = pred.copy()
                moved[0, column] += step
                assert abs(loss(ov.Boxes(moved), target).value - at) < 1e-7, (name, column, step)


def test_losses_of_numbers():
    x = np.array([0.0, 0.5, 1.0, -1.0, 2.0, 30.0, -800.0, 800.0])
    t = np.array([0.0, 0.5, 0.0, 0.0, 1.0, 1.0, 1.0, 0.25])
    shifted = x + NEAR * np.maximum(1.0, abs(x))
    for loss in (
        lambda z: losses.huber(z, t), lambda z: losses.l1(z, t), lambda z: losses.l2(z, t),
        lambda z: losses.focal_loss(z, t), lambda z: losses.focal_loss(z, t, gamma=0.5),
        lambda z: losses.quality_focal_loss(z, t), lambda z: losses.varifocal_loss(z, t),
        lambda z: losses.quality_focal_loss(z, t, beta=0.5),
    ):  # fmt: skip
        one, other = (loss(z).per_item for z in (x, shifted))
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-4)
    share = np.clip(x, 0.0, 1.0)
    one, other = (
        losses.ranking_score(z, t, confidence_power=2.0).value
        for z in (share, np.clip(share + NEAR, 0.0, 1.0))
    )
    np.testing.assert_allclose(one, other, atol=1e-8)


def test_qualities_a_hair_outside_their_range():
    """An IoU of float32 can be 1.0000001; it is 1, and 1.001 is an error."""
    iou = np.array([1.0000001, 0.5, -1e-8], np.float32)
    assert iou[0] > 1.0
    exact = np.clip(iou, 0.0, 1.0)
    for loss in (losses.quality_focal_loss, losses.varifocal_loss, losses.focal_loss):
        one, other = loss([1.0, 2.0, 3.0], iou), loss([1.0, 2.0, 3.0], exact)
        np.testing.assert_array_equal(one.per_item, other.per_item)
        np.testing.assert_array_equal(one.grad, other.grad)
        with pytest.raises(ValueError, match=r"target\[1\] = 1\.00\d+ is not a number in"):
            loss([1.0, 2.0], np.array([1.0, 1.001], np.float32))
    assert losses.ranking_score(iou, iou).value.tolist() == (exact.astype(float) ** 2).tolist()
    assert iou[0] > 1.0  # as it came
