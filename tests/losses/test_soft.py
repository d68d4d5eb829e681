"""Losses of soft masks: empty classes, groups, and clear errors."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov

losses = ov.losses
P = ov.Masks([[0.0, 0.0], [0.5, 0.2], [0.0, 0.0], [0.9, 0.3]], axes=1)
Q = ov.Masks([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.9, 0.3]], axes=1)


@pytest.mark.parametrize(
    "loss",
    [losses.dice_loss, losses.jaccard_loss, losses.focal_tversky_loss],
    ids=lambda f: f.__name__,
)
def test_empty_masks(loss):
    """Both empty: 0; one of them: 1, and only a smooth loss has a gradient against it."""
    result = loss(P, Q, reduction="none")
    np.testing.assert_array_equal(result.value, [0.0, 1.0, 1.0, 0.0])
    np.testing.assert_array_equal(result.grad[[0, 1, 3]], 0.0)
    assert result.grad[2, 0] < 0.0
    smooth = loss(P, Q, smooth=1.0, reduction="none")
    assert (smooth.grad[1] > 0.0).all()
    assert smooth.value[0] == smooth.value[3] == 0.0


def test_generalized_dice_of_a_class_that_is_not_there():
    """It has the largest of the other weights: here 1 / 1.2^2, that of the last class."""
    w = np.array([1.0, 1.0, (1.2 / 1.0) ** 2, 1.0])
    w[:2] = w.max()
    result = losses.generalized_dice_loss(P, Q)
    a, b = (masks.to_array().sum(1) for masks in (P, Q))
    shared = np.minimum(P.to_array(), Q.to_array()).sum(1)
    assert result.value == pytest.approx(
        1 - 2 * (w * shared).sum() / (w * (a + b)).sum(), rel=1e-14
    )
    given = losses.generalized_dice_loss(P, Q, class_weights=w)
    np.testing.assert_allclose(given.grad, result.grad, rtol=1e-13)


def test_groups_have_weights_by_label():
    groups = ["b", "a", "b", "a"]
    both = losses.dice_loss(P, Q, groups=groups, reduction="none").value
    for weights in ({"a": 1.0, "b": 3.0}, [1.0, 3.0]):
        result = losses.dice_loss(P, Q, groups=groups, weights=weights)
        assert result.value == pytest.approx((both[0] + 3 * both[1]) / 4, rel=1e-14)
    with pytest.raises(ValueError, match="weights have no entry for group 'b'"):
        losses.dice_loss(P, Q, groups=groups, weights={"a": 1.0})


def test_errors():
    with pytest.raises(ValueError, match=r"groups have shape \(2,\); expected one label per pair"):
        losses.dice_loss(P, Q, groups=[1, 2])
    with pytest.raises(ValueError, match="smooth = -1 is not a finite number >= 0"):
        losses.dice_loss(P, Q, smooth=-1)
    with pytest.raises(ValueError, match="alpha = nan is not a finite number >= 0"):
        losses.tversky_loss(P, Q, alpha=np.nan, beta=0.5)
    with pytest.raises(ValueError, match="gamma = 0 is not a finite number > 0"):
        losses.focal_tversky_loss(P, Q, gamma=0)
    with pytest.raises(ValueError, match="class_weights = 'cube'"):
        losses.generalized_dice_loss(P, Q, class_weights="cube")
    hard = ov.Masks(np.ones((4, 2), bool), axes=1)
    with pytest.raises(TypeError, match="hard"):
        losses.dice_loss(hard, Q)


@pytest.mark.parametrize("weights", [None, [1.0, 0.0, 2.5]])
def test_masks_of_many_cells_have_their_gradients_one_after_another(weights):
    p, q = np.random.default_rng(3).random((2, 3, 20, 20))
    both, total = np.minimum(p, q).sum((1, 2)), p.sum((1, 2)) + q.sum((1, 2))
    scale = -2.0 / total**2 * (1.0 if weights is None else np.array(weights))
    wanted = [
        scale[:, None, None] * (total[:, None, None] * (x < y) - both[:, None, None])
        for x, y in ((p, q), (q, p))
    ]
    options = {"weights": weights, "reduction": "sum", "wrt": "both"}
    pair = ov.Masks(p), ov.Masks(q)
    for loss in (
        losses.dice_loss(*pair, **options),
        losses.overlap_loss(ov.dice, *pair, **options),
    ):
        for grad, side in zip(loss.grad, wanted, strict=True):
            np.testing.assert_allclose(grad.reshape(p.shape), side, rtol=1e-12, atol=1e-18)
