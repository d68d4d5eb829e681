"""No loss and no gradient is NaN or infinite, whatever the pair; limits at identical regions."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov
from overlap.testing import all_scores
from tests.laws.kinds import EVERY

losses = ov.losses
SCALES = (1.0, 1e140, 1e-140)  # beyond 1e150, areas are no numbers, and boxes an error

FORMS = {
    "linear": {},
    "power": {"form": "power", "power": 3.0},
    "root": {"form": "power", "power": 0.5},
    "near": {"focal": 0.5, "focal_grad": True},
    "far": {"focal": 0.5, "focus": "far", "focal_grad": True},
    "log": {"form": "log"},
    "focal log": {"form": "log", "focal": 2.0, "focus": "far"},
}


def awkward_boxes(count: int, seed: int, axes: int = 2) -> tuple[ov.Boxes, ov.Boxes]:
    """Return pairs of all relations, degenerate in places, at and across all scales."""
    rng = np.random.default_rng(seed)
    ends = rng.choice([0.0, 0.25, 0.5, 1.0], (2, 2, axes, count))
    free = rng.random(count) < 0.6
    ends[..., free] = rng.uniform(-1.0, 1.0, (2, 2, axes, free.sum()))
    scale = rng.choice(SCALES, (2, 1, axes, count))
    plain = rng.random(count)
    scale[..., plain < 0.4] = 1.0
    alike = (plain >= 0.4) & (plain < 0.8)
    scale[..., alike] = scale[:1, :, :1, alike]
    ends = np.sort(ends * scale, axis=1)
    same = rng.random(count) < 0.1
    ends[1][..., same] = ends[0][..., same]
    table = ends.reshape(2, 2 * axes, count).transpose(0, 2, 1)
    return ov.Boxes(table[0]), ov.Boxes(table[1])


def forms(score: ov.Score) -> dict[str, dict]:
    ratio = len(score.parts) == 1
    return {name: options for name, options in FORMS.items() if ratio or "log" not in name}


def has(score: ov.Score, regions: ov.Regions) -> bool:
    try:
        score(regions, regions)
    except TypeError:
        return False
    return True


def check_finite(loss: losses.Loss, same: np.ndarray, what: str) -> None:
    assert np.isfinite(loss.value), what
    assert np.isfinite(loss.per_item).all(), what
    assert (loss.per_item >= 0.0).all(), what
    for grad in loss.grad if isinstance(loss.grad, tuple) else (loss.grad,):
        bad = np.flatnonzero(~np.isfinite(grad).all(axis=1))
        assert not bad.size, f"{what}: pair {bad[0]}"
        none = grad[same] if len(grad) == len(same) else grad  # rows are vertices otherwise
        np.testing.assert_array_equal(none, 0.0, err_msg=what)
    np.testing.assert_array_equal(loss.per_item[same], 0.0, err_msg=what)


FEW = (ov.iou, ov.coverage, ov.giou, ov.diou, ov.eiou)


def check_all(found: ov.Boxes, truth: ov.Boxes, scores: tuple[ov.Score, ...]) -> None:
    same = (found.to_array() == truth.to_array()).all(axis=1)
    assert 0.0 < same.mean() < 0.5
    for score in scores:
        if has(score, found[:1]):
            for name, options in forms(score).items():
                loss = losses.overlap_loss(score, found, truth, wrt="both", **options)
                check_finite(loss, same, f"{score}, {name}")
    for version in ("v1", "v2", "v3"):
        loss = losses.wiou_loss(
            found, truth, version=version, state=losses.RunningMean(), wrt="both"
        )
        check_finite(loss, same, version)
    for loss in (
        losses.inner_loss(ov.iou, found, truth, ratio=0.8, wrt="both"),
        losses.focal_tversky_loss(found, truth, wrt="both"),
        losses.tversky_loss(found, truth, alpha=0.0, beta=1.0, wrt="both"),
    ):
        check_finite(loss, same, "inner or soft")


def test_awkward_pairs():
    check_all(*awkward_boxes(2_000, 0), FEW)


@pytest.mark.slow
def test_many_awkward_pairs():
    check_all(*awkward_boxes(2_000, 0), all_scores())
    for seed in range(1, 6):
        check_all(*awkward_boxes(20_000, seed), all_scores())


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("scores", ["usual", pytest.param("scores", marks=pytest.mark.slow)])
def test_identical_regions_of_every_kind(kind, scores):
    regions = kind.make(np.random.default_rng(0), 10)
    if not regions.geometry().differentiable:
        with pytest.raises(TypeError, match="gradient"):
            losses.overlap_loss(ov.iou, regions, regions)
        return
    if isinstance(regions, ov.Product) and regions.ragged:
        with pytest.raises(TypeError, match="losses take no Product"):
            losses.overlap_loss(ov.iou, regions, regions)
        return
    for score in getattr(kind, scores) or (ov.iou, ov.giou, ov.diou):
        if not score.plan.geometry(regions, regions).has_gradient(score.needs):
            continue
        loss = losses.overlap_loss(score, regions, regions, wrt="both")
        # A loss is 0 where the score is best, and else what it is by definition, as beside them.
        value = score(regions, regions)
        best = ov.kfiou(regions, regions).max() if score == ov.kfiou else 1.0
        wanted = np.where(np.isnan(value), 0.0, best - value)
        if regions.geometry().divergence is not None:
            wanted[:] = 0.0
        np.testing.assert_allclose(loss.per_item, wanted, rtol=0, atol=1e-12)
        same = (wanted < 1e-12) & regions.geometry().reflexive
        if regions.ragged and not same.all():  # whose rows are not told apart here
            assert all(np.isfinite(grad).all() for grad in loss.grad)
        else:
            check_finite(loss, same, str(score))


@pytest.mark.kernels
def test_limits_without_a_measure():
    """Points: the ratio is 0, or the loss is where they are equal, and penalties still count."""
    pred = ov.Boxes([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]])
    target = ov.Boxes([[1.0, 1.0, 1.0, 1.0], [3.0, 4.0, 3.0, 4.0], [0.5, 0.5, 0.5, 0.5]])
    for options, apart in (
        ({}, [1.0, 2.0, 1.0]),
        ({"form": "power"}, [1.0, 2.0, 1.0]),
        ({"focal": 2.0, "focus": "far"}, [1.0, 2.0, 1.0]),
        ({"focal": 2.0}, [0.0, 0.0, 0.0]),
    ):
        for score, column in ((ov.iou, 0), (ov.diou, 1)):
            wanted = [0.0, apart[column], apart[2]]
            loss = losses.overlap_loss(score, pred, target, reduction="none", **options)
            np.testing.assert_array_equal(loss.value, wanted, err_msg=f"{score} {options}")
    grad = losses.overlap_loss(ov.diou, pred, target, reduction="none").grad
    # d^2 / c^2 of two points is 1 however far apart; the box grows towards the other point.
    assert (grad[1, :2] > 0).all()
    assert (grad[1, 2:] < 0).all()
    log = losses.overlap_loss(ov.iou, pred, target, form="log", floor=1e-3, reduction="none")
    np.testing.assert_allclose(log.value, [0.0, -np.log(1e-3), -np.log(1e-3)])


def test_nothing_and_no_weight():
    none = ov.Boxes(np.empty((0, 4)))
    loss = losses.overlap_loss(ov.ciou, none, none)
    assert loss.value == 0.0
    assert loss.grad.shape == (0, 4)
    a, b = awkward_boxes(5, 1)
    loss = losses.overlap_loss(ov.giou, a, b, weights=np.zeros(5))
    assert loss.value == 0.0
    np.testing.assert_array_equal(loss.grad, 0.0)


@pytest.mark.parametrize("form", ["linear", "near", "far"])
def test_terms_near_overflow_give_numbers(form):
    spans = np.array([[0.0, 1e149], [0.0, 1e100], [1.0, 2.0], [1e149, 1.5e149]])
    i, j = np.indices((4, 4)).reshape(2, -1)
    for batch in (ov.Intervals(spans), ov.Boxes(np.repeat(spans, 2, axis=1))):
        for score in (ov.giou, ov.diou):
            loss = losses.overlap_loss(
                score, batch[i], batch[j], reduction="none", wrt="both", **FORMS[form]
            )
            for part in (loss.value, *loss.grad):
                assert np.isfinite(part).all(), (score, batch)
