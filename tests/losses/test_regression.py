"""Losses of offsets against exact fractions, and gradients against central differences."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import overlap as ov

LARGE = np.finfo(np.float64).max


def smooth(x, beta):
    x, beta = Fraction(x), Fraction(beta)
    if abs(x) < beta:
        return x * x / (2 * beta), x / beta
    return abs(x) - beta / 2, Fraction((x > 0) - (x < 0))


def huber(x, delta):
    value, slope = smooth(x, delta)
    return value * Fraction(delta), slope * Fraction(delta)


CASES = {
    "smooth_l1": (lambda a, b: ov.losses.smooth_l1(a, b), lambda x: smooth(x, 1.0)),
    "smooth_l1, small beta": (
        lambda a, b: ov.losses.smooth_l1(a, b, beta=1 / 9),
        lambda x: smooth(x, 1 / 9),
    ),
    "smooth_l1, beta 0": (
        lambda a, b: ov.losses.smooth_l1(a, b, beta=0.0),
        lambda x: smooth(x, 0.0),
    ),
    "huber": (lambda a, b: ov.losses.huber(a, b, delta=2.5), lambda x: huber(x, 2.5)),
    "l1": (ov.losses.l1, lambda x: smooth(x, 0.0)),
    "l2": (ov.losses.l2, lambda x: (Fraction(x) ** 2, 2 * Fraction(x))),
}
#: Multiples of 1/8, whose differences are exact, with the ends of every piece.
PRED = np.array([[0.0, 0.125, -0.5], [1.0, -1.0, 2.5], [-2.5, 3.0, -40.0], [1e9, 0.0, 1.125]])


@pytest.mark.parametrize("name", CASES)
def test_values_and_slopes_are_exact(name):
    call, exact = CASES[name]
    target = np.full(PRED.shape, 0.25)
    target[0] = 0.0
    loss = call(PRED, target)
    pieces = [[exact(x) for x in row] for row in PRED - target]
    wanted = [float(sum(value for value, _ in row)) for row in pieces]
    np.testing.assert_allclose(loss.per_item, wanted, rtol=1e-15)
    assert loss.value == pytest.approx(sum(wanted) / 4, rel=1e-15)
    slopes = [[float(slope) / 4 for _, slope in row] for row in pieces]
    np.testing.assert_allclose(loss.grad, slopes, rtol=1e-15)
    total = call(PRED[:, 0], target[:, 0])  # one parameter an item needs no second axis
    np.testing.assert_allclose(total.per_item, [float(row[0][0]) for row in pieces], rtol=1e-15)
    assert total.grad.shape == (4,)


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_central_differences(name):
    call, _ = CASES[name]
    rng = np.random.default_rng(2)
    pred, target = rng.normal(0, 2, (8, 3)), rng.normal(0, 2, (8, 3))
    grad = call(pred, target).grad
    step = 1e-6
    for place in np.ndindex(pred.shape):
        move = np.zeros(pred.shape)
        move[place] = step
        slope = (call(pred + move, target).value - call(pred - move, target).value) / (2 * step)
        assert grad[place] == pytest.approx(slope, rel=1e-7, abs=1e-9)


def test_beta_to_zero_is_l1():
    x = np.array([[0.0, 1e-300, -3.0]])
    near = ov.losses.smooth_l1(x, 0 * x, beta=1e-320)
    wanted = ov.losses.l1(x, 0 * x)
    np.testing.assert_allclose(near.per_item, wanted.per_item)
    assert near.grad.tolist() == wanted.grad.tolist() == [[0.0, 1.0, -1.0]]
    assert np.signbit(wanted.grad).tolist() == [[False, False, True]]


def test_weights_and_reductions():
    pred, target, weights = (
        np.array([[1.0, 1.0], [3.0, 0.0], [9.0, 9.0]]),
        np.zeros((3, 2)),
        [1, 3, 0],
    )
    none = ov.losses.l1(pred, target, weights=weights, reduction="none")
    assert none.value.tolist() == [2.0, 9.0, 0.0]
    assert none.per_item.tolist() == [2.0, 3.0, 18.0]
    assert none.grad.tolist() == [[1, 1], [3, 0], [0, 0]]
    total = ov.losses.l1(pred, target, weights=weights, reduction="sum")
    assert total.value == 11.0
    assert total.grad.tolist() == none.grad.tolist()
    mean = ov.losses.l1(pred, target, weights=weights)
    assert mean.value == pytest.approx(11 / 4, rel=1e-15)
    np.testing.assert_allclose(mean.grad, none.grad / 4, rtol=1e-15)


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_infinite_or_nan(name):
    call, _ = CASES[name]
    extremes = np.array([0.0, 5e-324, -1e-310, 1e-160, 1.0, -1e160, LARGE, -LARGE])
    pred, target = (side.ravel() for side in np.meshgrid(extremes, extremes))
    for reduction in ("mean", "sum", "none"):
        loss = call(np.column_stack([pred, pred]), np.column_stack([target, target]))
        assert np.isfinite(loss.value).all(), reduction
        assert np.isfinite(loss.grad).all()
        assert np.isfinite(loss.per_item).all()
        assert (loss.per_item >= 0).all()
    same = call(pred, pred)
    assert same.value == 0.0
    assert not same.grad.any()
    empty = call(np.empty((0, 4)), np.empty((0, 4)))
    assert (empty.value, empty.grad.shape, empty.per_item.shape) == (0.0, (0, 4), (0,))


def test_input_stays_as_it_is():
    pred, target = PRED.copy(), np.ones(PRED.shape)
    for call, _ in CASES.values():
        call(pred, target)
    assert (pred == PRED).all()
    assert (target == 1.0).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ov.losses.l1([1.0], [[1.0]]), r"pred has shape \(1,\) and target \(1, 1\)"),
        (lambda: ov.losses.l1(1.0, 2.0), r"expected the same shape, \(N,\) or \(N, P\)"),
        (lambda: ov.losses.l2([[0.0, np.nan]], [[0.0, 0.0]]), r"pred\[0, 1\] = nan is not finite"),
        (lambda: ov.losses.l2([0.0], [np.inf]), r"target\[0\] = inf is not finite"),
        (lambda: ov.losses.smooth_l1([0.0], [0.0], beta=-1.0), "beta = -1.0.*>= 0"),
        (lambda: ov.losses.huber([0.0], [0.0], delta=0.0), "delta = 0.0.*> 0"),
        (lambda: ov.losses.huber([0.0], [0.0], delta=np.nan), "delta = nan"),
        (lambda: ov.losses.l1([0.0], [0.0], weights=[1, 2]), "weights have shape"),
        (lambda: ov.losses.l1([0.0], [0.0], reduction="total"), "reduction = 'total'"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
