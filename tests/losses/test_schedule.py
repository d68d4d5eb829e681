"""The schedule from coarse to fine: weights, parts, gradients, and what it is good for."""

from __future__ import annotations

import math

import numpy as np
import pytest

import overlap as ov

ANCHORS = ov.Boxes([[0.0, 0.0, 4.0, 4.0], [10.0, 0.0, 14.0, 6.0], [0.0, 20.0, 3.0, 24.0]])
TRUTH = ov.Boxes([[1.0, 0.5, 5.0, 4.0], [9.0, 0.0, 14.0, 8.0], [6.0, 20.0, 9.0, 25.0]])
VALUES = np.array([[0.1, 0.0, 0.2, -0.1], [0.0, 0.1, 0.1, 0.1], [0.5, 0.0, 0.3, 0.0]])
CODER = ov.coders.Deltas(ANCHORS)


@pytest.mark.parametrize(
    ("plan", "step", "wanted"),
    [
        (ov.losses.CoarseToFine(10, 20), -5, (1.0, 0.0)),
        (ov.losses.CoarseToFine(10, 20), 10, (1.0, 0.0)),
        (ov.losses.CoarseToFine(10, 20), 12.5, (0.75, 0.25)),
        (ov.losses.CoarseToFine(10, 20), 20, (0.0, 1.0)),
        (ov.losses.CoarseToFine(10, 20, coarse_weight=4, fine_weight=8), 15, (2.0, 4.0)),
        (ov.losses.CoarseToFine(7, 7), 6.9, (1.0, 0.0)),
        (ov.losses.CoarseToFine(7, 7), 7, (0.0, 1.0)),
        (ov.losses.CoarseToFine(0, 4, fade="cosine"), 0, (1.0, 0.0)),
        (ov.losses.CoarseToFine(0, 4, fade="cosine"), 1, (math.cos(math.pi / 8) ** 2,)),
        (ov.losses.CoarseToFine(0, 4, fade="cosine"), 9, (0.0, 1.0)),
    ],
    ids=lambda value: None,
)
def test_weights(plan, step, wanted):
    coarse, fine = plan.weights(step)
    assert coarse == pytest.approx(wanted[0], abs=1e-15)
    assert fine == pytest.approx(wanted[1] if len(wanted) == 2 else 1 - wanted[0], abs=1e-15)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_blend_is_the_weighted_sum_of_both(reduction):
    plan = ov.losses.CoarseToFine(0, 4, beta=0.5, coarse_weight=2.0, fine_weight=3.0)
    options = {"weights": [1.0, 2.0, 3.0], "reduction": reduction}
    got = plan.loss(1, CODER, VALUES, TRUTH, **options)
    coarse = ov.losses.smooth_l1(VALUES, CODER.encode(TRUTH), beta=0.5, **options)
    fine = ov.losses.overlap_loss(ov.ciou, CODER.decode(VALUES), TRUTH, **options)
    np.testing.assert_allclose(got.value, 1.5 * coarse.value + 0.75 * fine.value)
    np.testing.assert_allclose(got.per_item, 1.5 * coarse.per_item + 0.75 * fine.per_item)
    pulled = CODER.pullback(VALUES, fine.grad)
    np.testing.assert_allclose(got.grad, 1.5 * coarse.grad + 0.75 * pulled)
    assert isinstance(got.value, float) == (reduction != "none")


def test_gradients_are_central_differences_at_every_stage():
    plan = ov.losses.CoarseToFine(0, 4, score=ov.ciou(alpha_grad=True))
    h = 1e-6
    for step in (0, 1.5, 4):
        grad = plan.loss(step, CODER, VALUES, TRUTH).grad
        for place in np.ndindex(VALUES.shape):
            move = np.zeros(VALUES.shape)
            move[place] = h
            ahead, behind = (
                plan.loss(step, CODER, VALUES + s * move, TRUTH).value for s in (1, -1)
            )
            assert grad[place] == pytest.approx((ahead - behind) / (2 * h), rel=1e-6, abs=1e-8)


def test_a_loss_of_weight_zero_is_not_computed():
    plan = ov.losses.CoarseToFine(10, 20)
    distances = ov.coders.EdgeDistances([[2.0, 2.0]])
    backwards = [[-3.0, -3.0, 1.0, 1.0]]  # no box, but a number to be pulled to its target
    truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]])
    assert plan.loss(0, distances, backwards, truth).value > 0
    with pytest.raises(ValueError, match="below lower corner"):
        plan.loss(15, distances, backwards, truth)
    flat = ov.Boxes([[0.0, 0.0, 4.0, 0.0]])  # has no log size
    anchor = ov.coders.Deltas(truth)
    assert plan.loss(30, anchor, [[0.0] * 4], flat).value > 0
    with pytest.raises(ValueError, match="has no logarithm"):
        plan.loss(15, anchor, [[0.0] * 4], flat)
    nothing = ov.losses.CoarseToFine(10, 20, coarse_weight=0.0).loss(0, anchor, [[0.0] * 4], truth)
    assert (nothing.value, nothing.grad.tolist()) == (0.0, [[0.0] * 4])


def test_both_stages_find_what_the_fine_one_alone_does_not_reach():
    """A prediction far from its truth: GIoU alone is slow, offsets are not."""
    anchors = ov.Boxes([[0.0, 0.0, 2.0, 2.0]])
    truth = ov.Boxes([[30.0, 18.0, 36.0, 30.0]])
    coder = ov.coders.Deltas(anchors)

    def descend(plan):
        values = np.zeros((1, 4))
        for step in range(160):
            rate = 0.2 if step < 80 else 0.02
            values = values - rate * plan.loss(step, coder, values, truth).grad
        return ov.iou(coder.decode(values), truth)[0]

    fine = ov.losses.CoarseToFine(0, 0, score=ov.giou)
    both = ov.losses.CoarseToFine(80, 110, score=ov.giou)
    assert descend(fine) < 0.1
    assert descend(both) > 0.95


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ov.losses.CoarseToFine(2, 1), ValueError, "start = 2 is after stop = 1"),
        (lambda: ov.losses.CoarseToFine(math.nan, 1), ValueError, "start = nan"),
        (lambda: ov.losses.CoarseToFine(0, 1, score="ciou"), TypeError, "expected a Score"),
        (lambda: ov.losses.CoarseToFine(0, 1, beta=-1), ValueError, "beta = -1"),
        (lambda: ov.losses.CoarseToFine(0, 1, fine_weight=-1), ValueError, "fine_weight = -1"),
        (lambda: ov.losses.CoarseToFine(0, 1, fade="step"), ValueError, "fade = 'step'"),
        (
            lambda: ov.losses.CoarseToFine(0, 1, options={"reduction": "sum"}),
            ValueError,
            "options has reduction",
        ),
        (lambda: ov.losses.CoarseToFine(0, 1).weights(math.nan), ValueError, "step = nan"),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()
