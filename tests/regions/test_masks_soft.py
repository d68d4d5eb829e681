"""Soft masks against plain sums, and their gradients against central differences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import overlap as ov
from overlap.testing import central_difference

FORMS = ("minmax", "product", "squared")
SPACING = (0.5, 2.0)


def sums(p: np.ndarray, q: np.ndarray, form: str) -> tuple[np.ndarray, ...]:
    """Measures and intersection of rows, by name."""
    p, q = (x.reshape(len(x), -1).astype(np.float64) for x in (p, q))
    if form == "minmax":
        return p.sum(1), q.sum(1), np.minimum(p, q).sum(1)
    if form == "product":
        return p.sum(1), q.sum(1), (p * q).sum(1)
    return (p * p).sum(1), (q * q).sum(1), (p * q).sum(1)


def draw(rng: np.random.Generator, n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    return rng.random((n, 5, 3)), rng.random((n, 5, 3))


@pytest.mark.kernels
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtypes", [(np.float64, np.float64), (np.float32, np.float64)])
def test_terms_are_the_sums(form: str, dtypes: tuple) -> None:
    p, q = (x.astype(t) for x, t in zip(draw(np.random.default_rng(0)), dtypes, strict=True))
    found, truth = (ov.Masks(x, spacing=SPACING, soft=form) for x in (p, q))
    assert found.to_array().dtype == p.dtype
    a, b, shared = sums(p, q, form)
    np.testing.assert_allclose(found.measure(), a, rtol=1e-14)
    np.testing.assert_allclose(ov.iou(found, truth), shared / (a + b - shared), rtol=1e-13)
    np.testing.assert_allclose(ov.dice(found, truth), 2 * shared / (a + b), rtol=1e-13)
    tversky = shared / (shared + 0.4 * (a - shared) + 0.4 * (b - shared))
    np.testing.assert_allclose(ov.tversky(alpha=0.4, beta=0.4)(found, truth), tversky, rtol=1e-13)
    wanted = ov.iou(found[3], truth)
    np.testing.assert_array_equal(ov.iou.pairwise(found, truth)[3], wanted)


@pytest.mark.parametrize("form", FORMS)
def test_long_sums_have_one_order(form: str) -> None:
    """Chunks on threads, chunks in a loop, and either type of values."""
    rng = np.random.default_rng(1)
    p = rng.random((2, 700_001), dtype=np.float32)
    found, wide = ov.Masks(p, axes=1, soft=form), ov.Masks(p.astype(np.float64), axes=1, soft=form)
    a, b, shared = sums(p[:1], p[1:], form)
    np.testing.assert_allclose(ov.terms(found[0], found[1]).intersection, shared, rtol=1e-12)
    one = ov.iou(found[0], found[1])[0]
    assert one == ov.iou(wide[1], found[0])[0] == ov.iou(wide[0], wide[1])[0]
    assert one == ov.iou.pairwise(found, wide)[0, 1]
    many = np.zeros(100, int)
    assert (ov.iou(found[many], found[many + 1]) == one).all()
    np.testing.assert_allclose(one, shared / (a + b - shared), rtol=1e-12)


def test_a_mask_against_itself() -> None:
    p = np.random.default_rng(2).random((9, 1000))
    for form, wanted in (("minmax", True), ("squared", True), ("product", False)):
        masks = ov.Masks(p, axes=1, soft=form)
        assert ((ov.iou(masks, masks) == 1.0) == wanted).all()
        assert ((ov.dice(masks, masks) == 1.0) == wanted).all()


def test_the_six_rows() -> None:
    """Soft Dice and Jaccard by each of their names, for p = 1/4 and q = 1/2 in every cell."""
    p, q = np.full((1, 8), 0.25), np.full((1, 8), 0.5)
    table = {
        "minmax": (2 * 0.25 / 0.75, 0.25 / 0.5),
        "product": (2 * 0.125 / 0.75, 0.125 / 0.625),
        "squared": (2 * 0.125 / 0.3125, 0.125 / 0.1875),
    }
    for form, (dice, iou) in table.items():
        pair = ov.Masks(p, axes=1, soft=form), ov.Masks(q, axes=1, soft=form)
        assert ov.dice(*pair)[0] == pytest.approx(dice, rel=1e-15)
        assert ov.iou(*pair)[0] == pytest.approx(iou, rel=1e-15)


def test_the_squared_form_is_no_metric_and_the_minimum_is() -> None:
    masks = {form: [ov.Masks([[x]], axes=1, soft=form) for x in (0.25, 0.5, 1.0)] for form in FORMS}
    for form, metric in (("minmax", True), ("squared", False)):
        a, b, c = masks[form]
        direct = 1.0 - ov.iou(a, c)[0]
        around = (1.0 - ov.iou(a, b)[0]) + (1.0 - ov.iou(b, c)[0])
        assert (direct <= around) == metric


@pytest.mark.kernels
@pytest.mark.parametrize("form", FORMS)
def test_hard_against_soft(form: str) -> None:
    rng = np.random.default_rng(3)
    p, _ = draw(rng)
    hard = rng.random(p.shape) < 0.5
    soft, bits = ov.Masks(p, spacing=SPACING, soft=form), ov.Masks(hard, spacing=SPACING)
    labels = ov.Masks.from_labels(hard[0].astype(int), [1] * len(p), spacing=SPACING)
    floats = ov.Masks(hard.astype(np.float32), spacing=SPACING, soft=form)
    for score in (ov.iou, ov.dice, ov.giou, ov.diou, ov.iou - ov.enclosed_gap):
        wanted = score(soft, floats)
        np.testing.assert_allclose(score(soft, bits), wanted, rtol=1e-13)
        np.testing.assert_allclose(score(bits, soft), score(floats, soft), rtol=1e-13)
        np.testing.assert_allclose(score(labels, soft)[0], score(floats, soft)[0], rtol=1e-13)
    grad = ov.giou.value_and_grad(soft, bits)[1]
    np.testing.assert_allclose(grad, ov.giou.value_and_grad(soft, floats)[1], rtol=1e-12)
    grad = ov.giou.value_and_grad(bits, soft, wrt="truth")[1]
    np.testing.assert_allclose(
        grad, ov.giou.value_and_grad(floats, soft, wrt="truth")[1], rtol=1e-12
    )


def test_penalties_look_at_the_supports() -> None:
    p, q = draw(np.random.default_rng(4))
    found, truth = (ov.Masks(x, spacing=SPACING, support=0.6) for x in (p, q))
    inside = [ov.Masks(x > 0.6, spacing=SPACING) for x in (p, q)]
    for score in (ov.enclosure_gap, ov.enclosed_gap, ov.sides_gap):
        for enclosure in ("natural", "hull"):
            if score is ov.sides_gap and enclosure == "hull":
                continue
            named = score.with_enclosure(enclosure)
            np.testing.assert_allclose(named(found, truth), named(*inside), atol=1e-14)
    heavy = [np.where(x > 0.6, x, 0.0).reshape(len(x), -1) for x in (p, q)]
    centers = [(x @ found.grid.centers()) / x.sum(1, keepdims=True) for x in heavy]
    gap = ((centers[0] - centers[1]) ** 2).sum(1)
    np.testing.assert_allclose(ov.terms(found, truth).center_gap2, gap, rtol=1e-12)


def test_nothing_above_the_support() -> None:
    faint, clear = ov.Masks([[0.2, 0.4, 0.0]], axes=1), ov.Masks([[0.2, 0.9, 0.0]], axes=1)
    assert ov.giou(faint, faint)[0] == 1.0
    assert ov.center_gap(faint, faint)[0] == 0.0
    assert ov.center_gap(faint, clear)[0] == 1.0
    assert np.isfinite(ov.diou.value_and_grad(faint, clear)[1]).all()


def rebuilt(masks: ov.Masks, table: np.ndarray) -> ov.Masks:
    cells = table.reshape(-1, *masks.grid.shape)
    return ov.Masks(cells, **masks._settings())


class Flat:
    """A batch whose table is flat, as central differences take it."""

    def __init__(self, masks: ov.Masks) -> None:
        self.masks = masks

    def to_array(self) -> np.ndarray:
        return self.masks.to_array().reshape(len(self.masks), -1)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "score",
    [
        ov.iou,
        ov.dice,
        ov.tversky(alpha=0.7, beta=0.7),
        ov.giou,
        ov.diou,
        ov.eiou,
        ov.diou.with_enclosure("hull"),
        ov.iou - ov.enclosed_gap,
    ],
    ids=str,
)
def test_gradients(form: str, score: ov.Score) -> None:
    rng = np.random.default_rng(5)
    found, truth = (ov.Masks(0.05 + 0.9 * x, spacing=SPACING, soft=form) for x in draw(rng, 30))
    value, (grad, other) = score.value_and_grad(found, truth, wrt="both")
    np.testing.assert_array_equal(value, score(found, truth))
    for got, batch, function in (
        (grad, found, lambda moved: score(moved, truth)),
        (other, truth, lambda moved: score(found, moved)),
    ):
        wanted, smooth = central_difference(
            function,
            Flat(batch),
            lambda flat, table: rebuilt(flat.masks, table),  # type: ignore[arg-type]
        )
        assert smooth.mean() > 0.9
        np.testing.assert_allclose(got[smooth], wanted[smooth], atol=1e-6 * abs(wanted).max())


def test_disjoint_masks_pull_each_other() -> None:
    """IoU is flat where the supports are apart; the centroids of DIoU are not."""
    found, truth = (
        ov.Masks([[0.7, 0.8, 0.0, 0.0, 0.0]], axes=1),
        ov.Masks([[0.0, 0.0, 0.0, 0.9, 0.6]], axes=1),
    )
    grad = ov.diou.value_and_grad(found, truth)[1][0]
    assert grad[1] > 0 > grad[0]


def test_half_at_ties() -> None:
    p = ov.Masks([[0.5, 0.25]], axes=1)
    _, (first, second) = ov.iou.value_and_grad(p, p, wrt="both")
    np.testing.assert_allclose([first[0], second[0]], 0.0, atol=1e-15)
    grad = ov.coverage.value_and_grad(p, ov.Masks([[0.5, 1.0]], axes=1))[1]
    np.testing.assert_allclose(grad, [[0.5 / 0.75 - 1 / 0.75, 0.0]], atol=1e-15)


def test_what_has_no_gradient_or_no_range() -> None:
    soft, hard = ov.Masks([[0.5, 0.2]], axes=1), ov.Masks([[True, False]], axes=1)
    with pytest.raises(TypeError, match="the truth masks are hard and have no gradient"):
        ov.iou.value_and_grad(soft, hard, wrt="both")
    with pytest.raises(TypeError, match="Masks give no gradient"):
        ov.iou.value_and_grad(hard, hard)
    squared = ov.Masks([[0.5, 0.2]], axes=1, soft="squared")
    for score in (ov.coverage, ov.overlap_coefficient, ov.f_score(beta=2), ov.tversky(alpha=0.3)):
        with pytest.raises(TypeError, match="Masks can share more"):
            score(squared, squared)
        with pytest.raises(TypeError, match="Masks can share more"):
            score(hard, squared)
    with pytest.raises(ValueError, match="found has soft = 'minmax' and truth soft = 'squared'"):
        ov.iou(soft, squared)
    with pytest.raises(ValueError, match=r"support = 0.5 and truth support = 0.25; build both"):
        ov.iou(soft, ov.Masks([[0.5, 0.2]], axes=1, support=0.25))


@pytest.mark.reference
def test_a_probability_map_against_its_thresholds(reference_data: Path) -> None:
    """A real map, and the losses of its two usual forms as MONAI has them."""
    import nibabel

    folder = reference_data / "masks" / "evaluatesegmentation"
    raw = np.asarray(nibabel.load(folder / "prob_map.nii.gz").dataobj)
    half = np.asarray(nibabel.load(folder / "50_perc.nii.gz").dataobj)[None] > 0
    share = raw[None].astype(np.float64) / 255.0
    losses = {}
    for form in FORMS:
        soft = ov.Masks(share, soft=form)
        losses[form] = 1.0 - ov.dice(soft, ov.Masks(half))[0]
        losses[f"{form}, itself"] = 1.0 - ov.dice(soft, soft)[0]
        a, b, shared = sums(share, half, form)
        assert ov.iou(soft, ov.Masks(half))[0] == pytest.approx((shared / (a + b - shared))[0])
    assert losses["minmax"] == losses["product"] == pytest.approx(0.10108, abs=5e-6)
    assert losses["squared"] == pytest.approx(0.03361, abs=5e-6)
    assert losses["product, itself"] == pytest.approx(0.1326, abs=5e-5)
    assert losses["minmax, itself"] == losses["squared, itself"] == 0.0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rounding_in_the_type_of_the_values_is_cut_off(dtype: type) -> None:
    eps = np.finfo(dtype).eps
    for value, wanted in ((1 + eps, 1.0), (1 + 4 * eps, 1.0), (-eps, 0.0), (-4 * eps, 0.0)):
        masks = ov.Masks(np.array([[[0.5, value]]], dtype))
        assert masks.to_array().tolist() == [[[0.5, wanted]]]
    for value in (1 + 6 * eps, -6.1 * eps, np.nan):
        with pytest.raises(ValueError, match=r"values\[0, 0, 1\] = .* is not in \[0, 1\]"):
            ov.Masks(np.array([[[0.5, value]]], dtype))


def test_float64_that_was_float32_is_cut_off() -> None:
    above, below = np.nextafter(np.float32(1), np.float32(2)), np.float32(-1e-8)
    for value in (float(above), 1.0000001, float(str(above)), float(below), -1e-8):
        masks = ov.Masks([[[value, 0.25]]])
        assert masks.to_array()[0, 0].tolist() == [1.0 if value > 0.5 else 0.0, 0.25]
    for value in (1.0000001234567, 1.000001, 1.5, -1e-6):
        with pytest.raises(ValueError, match="is not in"):
            ov.Masks([[[value, 0.25]]])
    shares = np.full((3, 3), 1.0 / 3.0, np.float32).sum(0) * np.float32(1.0000001)
    assert ov.Masks(shares, axes=1).to_array().max() <= 1.0


def test_no_soft_masks() -> None:
    none = ov.Masks(np.empty((0, 3, 4)))
    assert none.to_array().shape == (0, 3, 4)
    assert none == ov.Masks(np.full((2, 3, 4), 0.5))[:0]
    assert ov.iou.pairwise(none, none).shape == (0, 0)
