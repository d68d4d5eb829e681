"""Losses of classification against their formulas in 120 decimal digits."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numba
import numpy as np
import pytest

import overlap as ov

pytestmark = pytest.mark.kernels

LOGITS = [-40.0, -3.0, 0.0, 0.1, 0.7, 36.0]
TARGETS = [0.0, 1e-6, 0.3, 0.5, 1.0]


def terms(z):
    """Return p, 1 - p, ln p and ln(1 - p) as decimals."""
    z = Decimal(z)
    p, q = 1 / (1 + (-z).exp()), 1 / (1 + z.exp())
    return p, q, p.ln(), q.ln()


def focal(z, t, alpha, gamma):
    p, q, ln_p, ln_q = terms(z)
    t = Decimal(t)
    p_t = t * p + (1 - t) * q
    far = t * q + (1 - t) * p  # 1 - p_t
    assert abs(p_t + far - 1) < Decimal("1e-80")
    a = 1 if alpha is None else t * Decimal(alpha) + (1 - t) * (1 - Decimal(alpha))
    return a * far ** Decimal(gamma) * (-t * ln_p - (1 - t) * ln_q)


def quality(z, y, beta):
    p, q, ln_p, ln_q = terms(z)
    y = Decimal(y)
    off = abs(p * (1 - y) - q * y)
    factor = off ** Decimal(beta) if off else Decimal(beta == 0)
    return factor * (-y * ln_p - (1 - y) * ln_q)


def varifocal(z, y, alpha, gamma):
    p, _, ln_p, ln_q = terms(z)
    y = Decimal(y)
    if y > 0:
        return y * (-y * ln_p - (1 - y) * ln_q)
    return -Decimal(alpha) * p ** Decimal(gamma) * ln_q


CASES = {
    "focal": (ov.losses.focal_loss, lambda z, t: focal(z, t, 0.25, 2.0)),
    "focal without balance": (
        lambda z, t: ov.losses.focal_loss(z, t, alpha=None, gamma=0.5),
        lambda z, t: focal(z, t, None, 0.5),
    ),
    "cross entropy": (
        lambda z, t: ov.losses.focal_loss(z, t, alpha=None, gamma=0.0),
        lambda z, t: focal(z, t, None, 0.0),
    ),
    "quality": (ov.losses.quality_focal_loss, lambda z, t: quality(z, t, 2.0)),
    "quality, beta 1": (
        lambda z, t: ov.losses.quality_focal_loss(z, t, beta=1.0),
        lambda z, t: quality(z, t, 1.0),
    ),
    "quality, beta 0": (
        lambda z, t: ov.losses.quality_focal_loss(z, t, beta=0.0),
        lambda z, t: quality(z, t, 0.0),
    ),
    "quality, beta 2.75": (
        lambda z, t: ov.losses.quality_focal_loss(z, t, beta=2.75),
        lambda z, t: quality(z, t, 2.75),
    ),
    "varifocal": (ov.losses.varifocal_loss, lambda z, t: varifocal(z, t, 0.75, 2.0)),
    "varifocal, other powers": (
        lambda z, t: ov.losses.varifocal_loss(z, t, alpha=1.0, gamma=1.5),
        lambda z, t: varifocal(z, t, 1.0, 1.5),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_in_many_digits(name):
    call, exact = CASES[name]
    z, t = (side.ravel() for side in np.meshgrid(LOGITS, TARGETS))
    loss = call(z, t)
    grad = call(z, t).grad * len(z)  # the mean is what was differentiated
    with localcontext() as context:
        context.prec = 120
        step = Decimal("1e-30")
        for k in range(len(z)):
            if z[k] == 0.0 and t[k] == 0.5 and name == "quality, beta 1":
                assert grad[k] == 0.0  # the kink
                continue
            at = Decimal(z[k])
            value = float(exact(at, t[k]))
            slope = float((exact(at + step, t[k]) - exact(at - step, t[k])) / (2 * step))
            assert loss.per_item[k] == pytest.approx(value, rel=1e-12, abs=1e-300), (z[k], t[k])
            assert grad[k] == pytest.approx(slope, rel=1e-11, abs=1e-290), (z[k], t[k])


def test_hard_targets_by_the_paper():
    """FL(p_t) = -alpha_t (1 - p_t)^gamma ln p_t, for an object and for background."""
    p = 1 / (1 + math.exp(-0.4))
    got = ov.losses.focal_loss([0.4, 0.4], [1.0, 0.0]).per_item
    np.testing.assert_allclose(
        got, [-0.25 * (1 - p) ** 2 * math.log(p), -0.75 * p**2 * math.log(1 - p)], rtol=1e-14
    )


def test_classes_are_summed_over_items():
    rng = np.random.default_rng(1)
    logits, target = rng.normal(size=(5, 4)), rng.uniform(size=(5, 4))
    weights = [1.0, 2.0, 0.0, 1.0, 4.0]
    for call in (ov.losses.focal_loss, ov.losses.quality_focal_loss, ov.losses.varifocal_loss):
        rows = [call(logits[k], target[k], reduction="sum") for k in range(5)]
        loss = call(logits, target, weights=weights, reduction="sum")
        np.testing.assert_allclose(loss.per_item, [row.value for row in rows], rtol=1e-14)
        assert loss.value == pytest.approx(np.dot(weights, loss.per_item), rel=1e-14)
        np.testing.assert_allclose(
            loss.grad, [w * row.grad for w, row in zip(weights, rows, strict=True)], rtol=1e-14
        )


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_infinite_or_nan(name):
    call, _ = CASES[name]
    largest = np.finfo(np.float64).max
    ends = [0.0, -0.0, 5e-324, -745.0, 745.0, -1e5, 1e5, 1e160, -1e160, largest, -largest]
    sides = np.meshgrid(ends, [0.0, 5e-324, 0.5, 1 - 2**-53, 1.0])
    z, t = (side.ravel() for side in sides)
    for pair in ((z, t), (np.column_stack([z, z]), np.column_stack([t, t]))):
        loss = call(*pair)
        for part in (loss.value, loss.grad, loss.per_item):
            assert np.isfinite(part).all()
    empty = call(np.empty((0, 3)), np.empty((0, 3)))
    assert (empty.value, empty.grad.shape) == (0.0, (0, 3))


LOSSES = [ov.losses.focal_loss, ov.losses.quality_focal_loss, ov.losses.varifocal_loss]


@pytest.mark.parametrize("call", LOSSES)
@pytest.mark.parametrize("weights", [0.0, 1e-300, 1e300])
def test_extreme_weights_give_numbers(call, weights):
    z, t = np.array([[1e308, -1e308], [0.0, 1.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    for reduction in ("mean", "sum", "none"):
        loss = call(z, t, weights=[weights, 1.0], reduction=reduction)
        for part in loss:
            assert np.isfinite(part).all()
        if weights == 0.0:
            assert (loss.grad[0] == 0.0).all()


def test_no_weight_of_a_class_and_a_huge_power_give_numbers():
    for call in (
        lambda z, t: ov.losses.focal_loss(z, t, alpha=0.0, gamma=1e308),
        lambda z, t: ov.losses.quality_focal_loss(z, t, beta=1e308),
        lambda z, t: ov.losses.varifocal_loss(z, t, alpha=0.0, gamma=1e308),
    ):
        for part in call([1e308, -1e308, 0.0, 40.0], [0.0, 0.0, 0.5, 0.0]):
            assert np.isfinite(part).all()


@pytest.mark.parametrize("call", LOSSES)
def test_rows_of_any_length_threads_and_layout(call, monkeypatch):
    """Longer than what a kernel takes at once, and cut anywhere by threads."""
    rng = np.random.default_rng(4)
    count = 40 if numba.config.DISABLE_JIT else 40_000
    z, t = rng.normal(0, 4, count), rng.uniform(size=count)
    single = call(z, t, reduction="none")
    for classes in (1, 5, count // 4):
        shape = count // classes, classes
        table = z.reshape(shape), t.reshape(shape)
        weights = np.arange(1.0, 1.0 + shape[0])
        monkeypatch.setenv("OVERLAP_THREADS", "1")
        loss = call(*table, weights=weights, reduction="sum")
        monkeypatch.setenv("OVERLAP_THREADS", "3")
        again = call(*table, weights=weights, reduction="sum")
        for part, other in zip(loss, again, strict=True):
            np.testing.assert_array_equal(part, other)
        np.testing.assert_allclose(
            loss.per_item, single.per_item.reshape(shape).sum(axis=1), rtol=1e-12
        )
        np.testing.assert_array_equal(loss.grad, single.grad.reshape(shape) * weights[:, None])
        turned = call(*(np.asfortranarray(side)[::-1] for side in table), reduction="sum")
        np.testing.assert_array_equal(turned.per_item, loss.per_item[::-1])
    deep = call(z.reshape(-1, 2, 5), t.reshape(-1, 2, 5), reduction="sum")
    np.testing.assert_array_equal(deep.grad.ravel(), single.grad)
    assert deep.per_item.shape == (count // 10,)
    none = call(np.empty((3, 0)), np.empty((3, 0)))
    assert (none.value, none.per_item.tolist(), none.grad.shape) == (0.0, [0.0] * 3, (3, 0))


def test_a_bad_number_is_found_wherever_it_stands():
    z, t = np.zeros((700, 3)), np.zeros((700, 3))
    z[651, 2] = np.inf
    with pytest.raises(ValueError, match=r"pred\[651, 2\] = inf is not finite"):
        ov.losses.focal_loss(z, t)
    z[651, 2], t[333, 1] = 0.0, np.nan
    with pytest.raises(ValueError, match=r"target\[333, 1\] = nan is not a number in \[0, 1\]"):
        ov.losses.varifocal_loss(z, t)


def test_a_power_below_one_has_a_finite_gradient():
    loss = ov.losses.quality_focal_loss([0.0, 1e-300, 1e-16], [0.5, 0.5, 0.5], beta=0.25)
    assert np.isfinite(loss.grad).all()
    assert loss.grad[0] == 0.0


# ------------------------------------------------------------------------------- ranking


def test_ranking_scores_by_their_definition():
    rng = np.random.default_rng(5)
    p, q = rng.uniform(0.05, 0.95, (2, 9))
    step = 1e-6
    for a, b in ((1.0, 1.0), (1.0, 6.0), (0.5, 0.5), (0.0, 2.0)):
        powers = {"confidence_power": a, "quality_power": b}
        got = ov.losses.ranking_score(p, q, **powers)
        np.testing.assert_allclose(
            got.value, [math.pow(x, a) * math.pow(y, b) for x, y in zip(p, q, strict=True)]
        )
        for grad, move in ((got.confidence_grad, (step, 0)), (got.quality_grad, (0, step))):
            ahead, behind = (
                ov.losses.ranking_score(p + s * move[0], q + s * move[1], **powers).value
                for s in (1, -1)
            )
            np.testing.assert_allclose(grad, (ahead - behind) / (2 * step), rtol=1e-7, atol=1e-10)


def test_ranking_scores_at_the_ends():
    ends = np.array([0.0, 5e-324, 1.0])
    p, q = (side.ravel() for side in np.meshgrid(ends, ends))
    for a, b in ((1.0, 1.0), (0.5, 0.5), (0.0, 0.0), (1.0, 6.0)):
        got = ov.losses.ranking_score(p, q, confidence_power=a, quality_power=b)
        for part in vars(got).values():
            assert np.isfinite(part).all()
        assert ((got.value >= 0) & (got.value <= 1)).all()
    assert ov.losses.ranking_score([0.0], [0.5]).confidence_grad.tolist() == [0.5]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: ov.losses.focal_loss([0.0], [1.5]),
            r"target\[0\] = 1.5 is not a number in \[0, 1",
        ),
        (lambda: ov.losses.focal_loss([np.nan], [1.0]), r"pred\[0\] = nan is not finite"),
        (lambda: ov.losses.focal_loss([0.0], [1.0], gamma=-1), "gamma = -1"),
        (lambda: ov.losses.focal_loss([0.0], [1.0], alpha=1.5), "alpha = 1.5 is more than 1"),
        (lambda: ov.losses.quality_focal_loss([0.0], [1.0], beta=-1), "beta = -1"),
        (lambda: ov.losses.varifocal_loss([0.0], [1.0], alpha=-1), "alpha = -1"),
        (lambda: ov.losses.varifocal_loss([0.0], [[1.0]]), "expected the same shape"),
        (lambda: ov.losses.ranking_score([2.0], [1.0]), "probabilities, not logits"),
        (lambda: ov.losses.ranking_score([1.0], [-1.0]), r"target\[0\] = -1.0"),
        (lambda: ov.losses.ranking_score([1.0], [1.0], quality_power=-1), "quality_power = -1"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
