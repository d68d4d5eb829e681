"""Losses of polygons and interval sets, whose gradients have a row per vertex or interval."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov
from overlap import losses

PERIOD = (10.0, 8.0)
FORMS = {
    "linear": {},
    "log": {"form": "log"},
    "power": {"form": "power", "power": 2.5},
    "near": {"focal": 0.5, "focal_grad": True},
    "far": {"focal": 1.5, "focus": "far", "focal_grad": True},
}
SCORES = {
    "iou": ov.iou,
    "tversky": ov.tversky(alpha=0.3, beta=0.7),
    "giou": ov.giou,
    "diou": ov.diou,
    "enclosed": ov.iou - 0.5 * ov.enclosed_gap,
    "box": ov.giou.with_enclosure("box"),
}


def star(rng, corners, x, y, size=1.0):
    """Return a ring that is seldom convex."""
    turn = 2 * np.pi * (np.arange(corners) + 0.4 * rng.random(corners)) / corners
    radius = size * (0.4 + 0.8 * rng.random(corners))
    return np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn)], 1)


def drawn(seed, x, y):
    """Return what a pair is made of: a star, one with a hole, two parts, one far away."""
    rng = np.random.default_rng(seed)
    return [
        star(rng, 5, x, y),
        [star(rng, 7, x, y, 1.5), star(rng, 4, x, y, 0.3)],
        [[star(rng, 3, x, y)], [star(rng, 6, x + 3.0, y)]],
        star(rng, 4, x + 2.5 * (seed % 2), y),
    ]


def plane():
    return ov.Polygons(drawn(3, 0.0, 0.0)), ov.Polygons(drawn(4, 0.4, 0.3))


def torus():
    """Return regions around a corner of the period, the second ones a period further."""
    return (
        ov.Polygons(drawn(3, 9.9, 7.8), period=PERIOD),
        ov.Polygons(drawn(4, 0.3 + 10.0, 0.1), period=PERIOD),
    )


def sets():
    return (
        ov.IntervalSets([[[0, 2], [3, 4.5], [7, 8]], [[1, 2]], [[0, 1], [2, 3]], [[0, 5]]]),
        ov.IntervalSets([[[1, 3.5], [6, 7.25]], [[4, 6], [8, 9]], [[0.25, 2.5]], [[1, 2], [3, 7]]]),
    )


KINDS = {"plane": plane, "torus": torus, "sets": sets}
POSSIBLE = [(kind, name) for kind in KINDS for name in SCORES]


def rebuilt(batch, table):
    if isinstance(batch, ov.Polygons):
        offsets = batch.ring_offsets, batch.region_offsets
        return ov.Polygons.from_rings(*table.T, *offsets, period=batch.period)
    return ov.IntervalSets(np.split(table, np.cumsum(batch.counts)[:-1]))


def row_counts(batch):
    if isinstance(batch, ov.Polygons):
        return np.diff(batch.ring_offsets[batch.region_offsets])
    return batch.counts


def differences(function, batch):
    """Return five-point differences of numbers of regions by the rows of each region."""
    table, counts = batch.to_array(), row_counts(batch)
    first = np.cumsum(counts) - counts
    wanted = np.empty_like(table)
    for k, column in np.ndindex(counts.max(), 2):
        some = counts > k
        at = {}
        for step in (-2.0, -1.0, 1.0, 2.0):  # row k of every region at once
            moved = table.copy()
            moved[first[some] + k, column] += step * 1e-4
            at[step] = function(rebuilt(batch, moved))
        slope = (8.0 * (at[1.0] - at[-1.0]) - (at[2.0] - at[-2.0])) / 12e-4
        wanted[first[some] + k, column] = slope[some]
    return wanted


@pytest.mark.parametrize(("kind", "score"), POSSIBLE)
def test_gradient_of_scores(kind, score):
    pred, target = KINDS[kind]()
    score = SCORES[score]
    got = losses.overlap_loss(score, pred, target, reduction="none", wrt="both")
    np.testing.assert_allclose(got.value, 1.0 - score(pred, target), rtol=0, atol=1e-15)
    mine = differences(lambda batch: -score(batch, target), pred)
    other = differences(lambda batch: -score(pred, batch), target)
    for grad, wanted, batch in zip(got.grad, (mine, other), (pred, target), strict=True):
        assert grad.shape == batch.to_array().shape
        assert abs(wanted).max() > 0.01
        np.testing.assert_allclose(grad, wanted, rtol=0, atol=2e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_gradient_of_forms_weights_and_reductions(kind, form):
    """The factor of a pair is that of all its rows."""
    pred, target = KINDS[kind]()
    score = ov.iou if form == "log" else ov.giou
    weights = np.array([1.0, 2.0, 0.0, 0.5])
    each = np.repeat(weights, row_counts(pred))[:, None]

    def loss(batch, **options):
        return losses.overlap_loss(score, batch, target, **FORMS[form], **options)

    wanted = differences(lambda batch: loss(batch, reduction="none").per_item, pred)
    plain = loss(pred, reduction="none")
    np.testing.assert_allclose(plain.grad, wanted, rtol=0, atol=1e-8)
    for reduction, total in (("none", 1.0), ("sum", 1.0), ("mean", weights.sum())):
        got = loss(pred, weights=weights, reduction=reduction)
        np.testing.assert_array_equal(got.per_item, plain.per_item)
        np.testing.assert_allclose(got.grad, plain.grad * each / total, rtol=1e-14)
        value = weights * plain.per_item / total
        expected = value if reduction == "none" else value.sum()
        np.testing.assert_allclose(got.value, expected, rtol=1e-14)
    np.testing.assert_allclose(loss(pred).grad, plain.grad / 4, rtol=1e-14)
    assert loss(pred, weights=np.zeros(4)).value == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_wise_and_grouped_losses(kind):
    pred, target = KINDS[kind]()
    got = losses.wiou_loss(pred, target, reduction="none")
    diameter2 = ov.terms(pred, target).diameter2

    def wise(batch):
        far = np.exp(ov.terms(batch, target).center_gap2 / diameter2)  # held in the gradient
        return far * (1.0 - ov.iou(batch, target))

    np.testing.assert_allclose(got.value, wise(pred), rtol=1e-14)
    np.testing.assert_allclose(got.grad, differences(wise, pred), rtol=0, atol=1e-8)
    groups = ["a", "b", "a", "b"]
    loss = losses.jaccard_loss(pred, target, groups=groups, weights={"a": 1.0, "b": 3.0})
    terms = ov.terms(pred, target)
    shared, sizes = terms.intersection, terms.measure_a + terms.measure_b
    ratios = [shared[k::2].sum() / (sizes - shared)[k::2].sum() for k in (0, 1)]
    assert loss.value == pytest.approx(0.25 * (1 - ratios[0]) + 0.75 * (1 - ratios[1]), rel=1e-14)

    def summed(batch):  # by the numbers of one pair, the others held
        terms = ov.terms(batch, target)
        mine = terms.measure_a + terms.measure_b - terms.intersection
        union = sizes - shared
        result = np.empty(4)
        for k in range(4):
            others = [(k + 2) % 4]
            ratio = (terms.intersection[k] + shared[others].sum()) / (mine[k] + union[others].sum())
            result[k] = -(0.25, 0.75)[k % 2] * ratio
        return result

    np.testing.assert_allclose(loss.grad, differences(summed, pred), rtol=0, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_one_region_against_many(kind):
    pred, target = KINDS[kind]()
    one = losses.overlap_loss(ov.giou, pred[:1], target, reduction="none", wrt="both")
    many = losses.overlap_loss(ov.giou, pred[[0] * 4], target, reduction="none", wrt="both")
    back = losses.overlap_loss(ov.giou, target, pred[:1], reduction="none", wrt="both")
    np.testing.assert_array_equal(one.value, many.value)
    for k in (0, 1):
        np.testing.assert_array_equal(one.grad[k], many.grad[k])
        np.testing.assert_allclose(one.grad[k], back.grad[1 - k], rtol=0, atol=1e-14)
    assert len(one.grad[0]) == 4 * row_counts(pred)[0]
    none = losses.overlap_loss(ov.giou, pred[:0], target[:0])
    assert (none.value, none.grad.shape, none.per_item.shape) == (0.0, (0, 2), (0,))
    with pytest.raises(ValueError, match="need equal lengths"):
        losses.overlap_loss(ov.giou, pred[:2], target[:3])


def awkward(kind):
    """Return pairs that are identical, empty, apart, touching, and of no width to speak of."""
    if kind == "sets":
        some = [[[0, 1], [2, 3]], [], [[5, 6]], [[1, 2]], [[1, 1 + 2**-50], [9, 9.5]], [[0, 1e150]]]
        return ov.IntervalSets(some)
    square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    some = [
        square,
        [[[(0, 0), (4, 0), (4, 1), (1, 1), (1, 4), (0, 4)]]],  # fills not even its hull
        [],
        [(1.0, 0.0), (2.0, 0.0), (2.0, 1.0)],
        [(3.0, 3.0), (5.0, 3.0), (4.0, 3.0 + 1e-15)],
        [square, [(2.0, 2.0), (3.0, 2.0), (3.0, 3.0)]],
    ]
    some[-1] = [[ring] for ring in some[-1]]
    return ov.Polygons(some, period=PERIOD if kind == "torus" else None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_limits(kind, form):
    batch = awkward(kind)
    i, j = np.indices((len(batch), len(batch))).reshape(2, -1)
    equal = np.repeat(i == j, row_counts(batch[i]))
    for name, score in SCORES.items():
        if form == "log" and name not in ("iou", "tversky"):
            continue
        loss = losses.overlap_loss(
            score, batch[i], batch[j], reduction="none", wrt="both", **FORMS[form]
        )
        for part in (loss.value, *loss.grad):
            assert np.isfinite(part).all()
        assert (loss.value >= 0.0).all()
        if name not in ("giou", "box"):  # regions that do not fill their own enclosure have a gap
            assert (loss.value[i == j] == 0.0).all()
            assert (loss.grad[0][equal] == 0.0).all()
        if form == "linear":
            assert (loss.value[i != j] > 0.0).all()


def test_equal_vertices_in_other_rings_are_another_region():
    x = [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    y = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 2.0]
    two = ov.Polygons.from_rings(x, y, [0, 4, 8], [0, 2])
    one = ov.Polygons.from_rings(x, y, [0, 8], [0, 1])
    np.testing.assert_array_equal(one.to_array(), two.to_array())
    assert losses.overlap_loss(ov.giou, one, two).value > 0.1
    assert losses.overlap_loss(ov.iou, one, two).value > 0.1
    assert losses.overlap_loss(ov.iou, two, two).value == 0.0
    # Two parts fill 2.5 of the 4.5 of their hull, also beside one another.
    assert losses.overlap_loss(ov.giou, two, two).value == pytest.approx(2.0 / 4.5, rel=1e-14)


def test_what_has_no_gradient_is_refused():
    with pytest.raises(TypeError, match="Polygons give no gradient of this score"):
        losses.overlap_loss(SCORES["enclosed"].with_enclosure("hull"), *torus())


def test_inner_loss_has_no_gradient_through_scaling():
    with pytest.raises(TypeError, match="IntervalSets have a gradient in rows of their own"):
        losses.inner_loss(ov.iou, *sets(), ratio=0.75)
