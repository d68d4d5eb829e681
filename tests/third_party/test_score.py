"""A score in one file of another package works wherever one of this package does."""

import dataclasses
import math
import pickle

import numpy as np
import pytest

import overlap as ov
from overlap._kernels.jit import is_jitted
from overlap.cli.program import main
from overlap.testing import central_difference, check_pairs, check_score

from .sokal_sneath import index, sokal_sneath

pytestmark = pytest.mark.kernels


def _boxes(seed, count=60):
    rng = np.random.default_rng(seed)
    lower = rng.uniform(0.0, 5.0, (count, 2))
    return ov.Boxes(np.hstack([lower, lower + rng.uniform(0.5, 2.0, (count, 2))]))


FOUND, TRUTH = _boxes(1), _boxes(2)


def _of_iou(iou):
    return iou / (2.0 - iou)  # I / U to I / (2 U - I)


def test_values_are_those_of_the_definition():
    wanted = _of_iou(ov.iou.pairwise(FOUND, TRUTH))
    np.testing.assert_allclose(sokal_sneath.pairwise(FOUND, TRUTH), wanted, rtol=1e-14)
    empty = ov.Boxes([[0.0, 0.0, 0.0, 0.0]])
    assert np.isnan(sokal_sneath(empty, empty)).all()


def test_sparse_pairs_leave_out_what_cannot_reach_the_threshold():
    dense = sokal_sneath.pairwise(FOUND, TRUTH)
    got = sokal_sneath.pairs(FOUND, TRUTH, at_least=0.2)
    np.testing.assert_array_equal(got.toarray(), np.where(dense >= 0.2, dense, 0.0))
    assert sokal_sneath.prunes(0.0, strict=True)


def test_suppression_and_matching():
    confidence = np.random.default_rng(3).random(len(FOUND))
    kept = ov.nms(FOUND, confidence, 0.25, score=sokal_sneath)
    assert kept == ov.nms(FOUND, confidence, 0.4)  # 0.4 / (2 - 0.4)
    pairs, wanted = (
        ov.match(FOUND, TRUTH, score=score, at_least=at_least)
        for score, at_least in ((sokal_sneath, 0.25), (ov.iou, 0.4))
    )
    assert (pairs.found == wanted.found).all()
    assert (pairs.truth == wanted.truth).all()


@pytest.mark.slow
def test_suppression_of_a_large_group_takes_the_index_above(monkeypatch):
    from overlap.pairing import suppression

    boxes = _boxes(4, count=300)
    confidence = np.random.default_rng(5).random(300)
    monkeypatch.setattr(suppression, "_FEW", 0)
    assert len(boxes) > suppression._SMALL_GROUP
    assert suppression.shares(boxes, sokal_sneath, 0.25, boxes.bounds())[0] > 0.25
    kept = ov.nms(boxes, confidence, 0.25, score=sokal_sneath)
    blind = dataclasses.replace(sokal_sneath.parts[0].component, at_most=None, grows=False)
    plain = ov.Score((dataclasses.replace(sokal_sneath.parts[0], component=blind),))
    assert kept == ov.nms(boxes, confidence, 0.25, score=plain)


def test_gradients_sums_and_losses():
    score = sokal_sneath - 0.5 * ov.center_gap
    value, grad = score.value_and_grad(FOUND, TRUTH)
    wanted, smooth = central_difference(lambda found: score(found, TRUTH), FOUND)
    assert smooth.mean() > 0.9
    np.testing.assert_allclose(grad[smooth], wanted[smooth], atol=1e-6)
    loss = ov.losses.overlap_loss(score, FOUND, TRUTH, reduction="none")
    np.testing.assert_allclose(loss.value, 1.0 - value, atol=1e-15)


def test_the_record_is_true():
    check_score(sokal_sneath)


@pytest.mark.slow
def test_laws_hold():
    check_pairs(FOUND, TRUTH, scores=[sokal_sneath])


def test_copies_have_the_same_kernels():
    again = pickle.loads(pickle.dumps(sokal_sneath))
    assert again == sokal_sneath
    assert again.parts[0].component.formula is index


def test_help_and_listing(capsys):
    assert sokal_sneath.__doc__.startswith("Sokal-Sneath index")
    assert main(["list", "scores", "--module", index.__module__]) == 0
    listed = capsys.readouterr().out
    assert listed == "sokal_sneath  Sokal-Sneath index: I / (I + 2 (A - I) + 2 (B - I))\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["metrics", "--module", "math"], "--module is for scores, not for metrics"),
        (["scores", "--module", "no.such"], "--module no.such: No module named"),
    ],
)
def test_listing_says_what_is_wrong(words, message, capsys):
    assert main(["list", *words]) == 2
    assert message in capsys.readouterr().err


def test_tensors():
    torch = pytest.importorskip("torch")
    from overlap.interop.torch import score

    found, truth = (torch.from_numpy(batch.to_array()) for batch in (FOUND, TRUTH))
    got = score(sokal_sneath, found, truth, backend="torch")
    np.testing.assert_allclose(got.numpy(), sokal_sneath(FOUND, TRUTH), rtol=1e-14)


@ov.scalar
def _width_gap(o, e, s, x, p):
    """Return the squared relative difference of the first sides."""
    a, b = x[0][1], x[0][2]
    r = 1.0 / (a + b) if a + b > 0.0 else 0.0
    q = (a - b) * r
    first = (0.0, 2.0 * q * (1.0 - q) * r, -2.0 * q * (1.0 + q) * r, 0.0)
    none = (0.0, 0.0, 0.0)
    if AXES == 1:
        return q * q, none, none, 0.0, (first,)
    else:
        return q * q, none, none, 0.0, (first, (0.0, 0.0, 0.0, 0.0)) + ZEROS  # noqa: RUF005


@pytest.mark.slow
def test_formulas_of_the_extent_know_the_number_of_axes():
    width_gap = ov.component(_width_gap, name="width_gap", needs=("extent", "aspect"))
    check_score(width_gap)
    sides = [batch.to_array()[:, 2] - batch.to_array()[:, 0] for batch in (FOUND, TRUTH)]
    wanted = ((sides[0] - sides[1]) / (sides[0] + sides[1])) ** 2
    np.testing.assert_allclose((ov.iou - width_gap)(FOUND, TRUTH), ov.iou(FOUND, TRUTH) - wanted)


# ------------------------------------------------------------------------------- mistakes


def _plain(o, e, s, x, p):
    return 0.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0, ()


@ov.scalar
def _short(o, e, s, x):
    return 0.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0, ()


@pytest.mark.parametrize(
    ("formula", "facts", "message"),
    [
        (_plain, {}, "_plain is not compiled; decorate it with overlap.scalar"),
        (_short, {}, "_short takes 4 arguments; a formula takes five"),
        ("iou", {}, "formula = 'iou'; expected a function"),
        (index, {"needs": "hull"}, "needs has 'hull'; the groups of terms are overlap, enclosure"),
        (index, {"needs": ()}, "needs names no group of terms"),
        (index, {"needs": "centers"}, "needs names no group of terms"),
        (index, {"highest": 0.0}, "highest = 0.0; expected a number > 0"),
        (index, {"highest": math.nan}, "highest = nan; expected a finite number"),
        (index, {"highest_apart": 2.0}, "highest_apart = 2.0; expected a number from 0 to"),
        (index, {"at_most": (1.0, -1.0)}, "at_most = .*; expected two weights >= 0"),
        (index, {"symmetric": "yes"}, "symmetric = 'yes'; expected True, False, or a function"),
        (index, {"parameters": {"a b": 1.0}}, "parameter 'a b'; expected a name"),
        (index, {"parameters": {"alpha": -1.0}}, "alpha = -1.0; parameters are >= 0"),
        (index, {"torch": 1}, "torch = 1; expected a function"),
        (index, {"name": "two words"}, "name = 'two words'; expected a name"),
    ],
)
def test_wrong_metadata_is_refused(formula, facts, message):
    if formula is _plain and is_jitted(_plain):
        pytest.skip("everything counts as compiled where nothing is")
    with pytest.raises((TypeError, ValueError), match=message):
        ov.component(formula, **{"needs": "overlap", **facts})


def _sokal_sneath(**facts):
    return ov.component(index, **{"needs": "overlap", "highest_apart": 0.0, **facts})


@ov.scalar
def _half(o, e, s, x, p):
    v, do, de, ds, dx = index(o, e, s, x, p)
    return 0.5 * v, do, de, ds, dx


@pytest.mark.parametrize(
    ("score", "law"),
    [
        (lambda: _sokal_sneath(highest=0.3), "highest: does not hold for index"),
        (lambda: _sokal_sneath(highest=2.0), "the value of equal regions"),
        (lambda: _sokal_sneath(at_most=(3.0, 3.0)), "at_most"),
        (lambda: _sokal_sneath(needs=("overlap", "enclosure")), "the value of equal regions"),
        (
            lambda: ov.component(_half, needs="overlap", highest=0.5),
            "partial derivative with respect to measure_a",
        ),
    ],
)
def test_wrong_records_are_found(score, law):
    with pytest.raises(AssertionError, match=law):
        check_score(score())
