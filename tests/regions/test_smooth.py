"""Smooth overlaps against numerical integrals, exact limits and finite differences."""

from __future__ import annotations

import itertools
import math

import numba
import numpy as np
import pytest
from scipy import integrate, special

import overlap as ov
from overlap.testing import central_difference

pytestmark = pytest.mark.kernels

SMALL = numba.config.DISABLE_JIT  # interpreted kernels are a thousand times slower
N = 6 if SMALL else 200
SCORES = (ov.iou, ov.dice, ov.giou, ov.ciou(alpha_grad=1.0))


def intervals(rng, n, size=1.0):
    start = 2.0 * rng.random(n)
    return ov.Intervals(np.stack([start, start + size * (0.1 + rng.random(n))], 1))


def boxes(rng, n, axes=2):
    lower = rng.random((n, axes))
    return ov.Boxes(np.hstack([lower, lower + 0.1 + rng.random((n, axes))]))


def rotated(rng, n):
    center, size = rng.uniform(-0.7, 0.7, (n, 2)), 0.3 + rng.random((n, 2))
    return ov.RotatedBoxes(np.column_stack([center, size, rng.uniform(-4.0, 4.0, n)]))


def upright(rng, n):
    table = rotated(rng, n).to_array()
    z, dz = rng.random(n), 0.3 + rng.random(n)
    return ov.UprightBoxes(np.column_stack([table[:, :2], z, table[:, 2:4], dz, table[:, 4]]))


# ------------------------------------------------------------- blurred: independent values


def indicator(x, half, sigma):
    """Convolution of the indicator of [-half, half] with a Gaussian, without cancellation."""
    x = abs(x)
    if half < 0.5 * sigma:
        at, weight = np.polynomial.legendre.leggauss(20)
        z = (np.asarray(x)[..., None] + half * at) / sigma
        return half / sigma * (np.exp(-0.5 * z * z) @ weight) / math.sqrt(2.0 * math.pi)
    return special.ndtr((half - x) / sigma) - special.ndtr((-half - x) / sigma)


def line_integral(a, b, sigma):
    """The blurred overlap of two intervals, piece by piece along the second one."""
    center, half = 0.5 * (a[0] + a[1]), 0.5 * (a[1] - a[0])
    near = [x + k * sigma for x in a for k in (-8, -4, -2, 0, 2, 4, 8)]
    cuts = np.unique(np.clip([b[0], b[1], *near], b[0], b[1]))
    x, w = np.polynomial.legendre.leggauss(40)
    total = 0.0
    for lo, hi in itertools.pairwise(cuts):
        at = 0.5 * (lo + hi) + 0.5 * (hi - lo) * x
        total += 0.5 * (hi - lo) * (w @ indicator(at - center, half, sigma))
    return total


def plane_integral(a, b, sigma):
    """The blurred overlap of two rotated boxes as a double sum over panels of the second."""

    def nodes(half):
        count = max(1, math.ceil(half / sigma))
        edges = np.linspace(-half, half, count + 1)
        x, w = np.polynomial.legendre.leggauss(32)
        step = half / count
        return (0.5 * (edges[1:] + edges[:-1])[:, None] + step * x).ravel(), np.tile(
            step * w, count
        )

    (u, wu), (v, wv) = nodes(b[2] / 2), nodes(b[3] / 2)
    c, s = math.cos(b[4]), math.sin(b[4])
    x = b[0] - a[0] + c * u[:, None] - s * v
    y = b[1] - a[1] + s * u[:, None] + c * v
    c, s = math.cos(a[4]), math.sin(a[4])
    field = indicator(c * x + s * y, a[2] / 2, sigma) * indicator(c * y - s * x, a[3] / 2, sigma)
    return float(wu @ field @ wv)


@pytest.mark.parametrize("sigma", [1e-3, 0.03, 0.3, 3.0, 300.0])
def test_blurred_intervals_against_integrals(sigma: float) -> None:
    rng = np.random.default_rng(0)
    # Sizes from far below the width to far above it, and gaps of many widths.
    found, truth = (intervals(rng, N, size) for size in (1.0, 1e-3))
    terms = ov.terms(found.blurred(sigma), truth.blurred(sigma))
    for batch, measure in ((found, terms.measure_a), (truth, terms.measure_b)):
        wanted = [line_integral(row, row, sigma) for row in batch.to_array()]
        np.testing.assert_allclose(measure, wanted, rtol=1e-11)
    pairs = zip(found.to_array(), truth.to_array(), strict=True)
    wanted = [line_integral(*pair, sigma) for pair in pairs]
    np.testing.assert_allclose(terms.intersection, wanted, rtol=1e-10, atol=1e-40)


def test_blurred_overlap_against_adaptive_integration() -> None:
    """The definition itself: a double integral of the Gaussian over both intervals."""
    a, b, sigma = (0.2, 1.0), (0.9, 1.6), 0.15
    wanted, error = integrate.dblquad(
        lambda y, x: math.exp(-0.5 * ((x - y) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi)),
        *a,
        *b,
    )
    assert error < 1e-8
    terms = ov.terms(ov.Intervals([a]).blurred(sigma), ov.Intervals([b]).blurred(sigma))
    np.testing.assert_allclose(terms.intersection, wanted, rtol=1e-9)


def test_blurred_boxes_are_products_of_intervals() -> None:
    rng = np.random.default_rng(1)
    found, truth = boxes(rng, N, 3), boxes(rng, N, 3)
    terms = ov.terms(found.blurred(0.2), truth.blurred(0.2))
    wanted = np.ones((3, N))
    for axis in range(3):
        line = [
            ov.Intervals(np.stack([batch.lower[:, axis], batch.upper[:, axis]], 1)).blurred(0.2)
            for batch in (found, truth)
        ]
        part = ov.terms(*line)
        wanted *= [part.measure_a, part.measure_b, part.intersection]
    got = [terms.measure_a, terms.measure_b, terms.intersection]
    np.testing.assert_allclose(got, wanted, rtol=1e-14)


@pytest.mark.parametrize("sigma", [0.03, 0.1, 0.3, 1.0, 3.0, 30.0])
@pytest.mark.slow  # to compile
def test_blurred_rotated_boxes_against_integrals(sigma: float) -> None:
    """To the stated tolerance: 1e-10 of the geometric mean of both self-overlaps."""
    rng = np.random.default_rng(2)
    n = 3 if SMALL else (60 if sigma < 0.1 else N)
    found, truth = rotated(rng, n), rotated(rng, n)
    table = truth.to_array()
    table[::4, 3] *= 1e-3  # slivers
    table[1::4, 4] = found.to_array()[1::4, 4] + 1e-9  # nearly parallel edges
    table[2::8] = found.to_array()[2::8] + 1e-7  # nearly equal
    truth = ov.RotatedBoxes(table)
    terms = ov.terms(found.blurred(sigma), truth.blurred(sigma))
    wanted = [plane_integral(*pair, sigma) for pair in zip(found.to_array(), table, strict=True)]
    mean = np.sqrt(terms.measure_a * terms.measure_b)
    assert abs((terms.intersection - wanted) / mean).max() < 1e-10
    wanted = [plane_integral(row, row, sigma) for row in table]
    np.testing.assert_allclose(terms.measure_b, wanted, rtol=1e-10)


def test_blurred_rotated_boxes_at_angle_zero_are_boxes() -> None:
    rng = np.random.default_rng(3)
    flat = [boxes(rng, N) for _ in range(2)]
    for sigma in (0.01, 0.2, 5.0):
        one = ov.terms(*(batch.blurred(sigma) for batch in flat))
        other = ov.terms(*(ov.RotatedBoxes.from_boxes(b).blurred(sigma) for b in flat))
        smaller = np.minimum(one.measure_a, one.measure_b)
        assert abs((other.intersection - one.intersection) / smaller).max() < 1e-10
        np.testing.assert_allclose(other.measure_a, one.measure_a, rtol=1e-12)


# ---------------------------------------------------------------------------- its limits

COSTLY = [pytest.param(make, marks=pytest.mark.slow) for make in (rotated, upright)]  # to compile


@pytest.mark.parametrize("make", [intervals, boxes, *COSTLY])
def test_blurred_tends_to_the_exact_score(make) -> None:
    rng = np.random.default_rng(4)
    found, truth = make(rng, N), make(rng, N)
    exact = ov.iou(found, truth)
    errors = [
        abs(ov.iou(found.blurred(s), truth.blurred(s)) - exact).max() for s in (1e-2, 1e-4, 1e-8)
    ]
    # In proportion to the width: four sides of which each loses at most 0.8 s / side.
    assert errors[0] < 0.2
    assert errors[1] < 0.02 * errors[0]
    assert errors[2] < 1e-6


@pytest.mark.slow  # to compile
def test_blur_much_wider_than_the_boxes() -> None:
    """All that is left is the Gaussian of the distance: IoU of two equal boxes at d."""
    sigma, side = 1e5, 1.0
    for distance in (0.0, 0.5 * sigma, 3.0 * sigma):
        value = math.exp(-0.5 * (distance / sigma) ** 2)
        a = [[0.0, 0.0, side, side, 0.3]]
        b = [[distance, 0.0, side, side, 1.1]]
        got = ov.iou(ov.RotatedBoxes(a).blurred(sigma), ov.RotatedBoxes(b).blurred(sigma))
        np.testing.assert_allclose(got, value / (2.0 - value), rtol=1e-8)


@pytest.mark.parametrize("make", [intervals, boxes, COSTLY[0]])
@pytest.mark.slow  # to compile
def test_far_pairs_are_never_negative(make) -> None:
    rng = np.random.default_rng(5)
    found = make(rng, N)
    for sigma in (1e-300, 1e-6, 0.1, 1.0, 1e6):
        for distance in (1.0, 5.0, 30.0, 1e3, 1e9):
            table = make(rng, N).to_array()
            table[:, : 2 if make is intervals else 1] += distance
            if make is boxes:
                table[:, 2] += distance
            truth = type(found)(table)
            with np.errstate(over="ignore", invalid="ignore"):  # interpreted kernels warn
                value, grad = ov.iou.value_and_grad(found.blurred(sigma), truth.blurred(sigma))
            assert ((value >= 0.0) & (value <= 1.0)).all()
            assert np.isfinite(grad).all()


@pytest.mark.parametrize("make", [intervals, boxes, *COSTLY])
@pytest.mark.parametrize("sigma", [1e-3, 0.1, 10.0])
def test_equal_regions_score_one_and_order_changes_no_bit(make, sigma: float) -> None:
    rng = np.random.default_rng(6)
    found, truth = make(rng, N).blurred(sigma), make(rng, N).blurred(sigma)
    for score in (ov.iou, ov.dice, ov.iou - ov.enclosed_gap):
        np.testing.assert_array_equal(score(found, found), 1.0)
        np.testing.assert_array_equal(score(found, truth), score(truth, found))
        value = score(found, truth)
        assert (value < 1.0).all()
    same, grad = ov.iou.value_and_grad(found, found)
    np.testing.assert_array_equal(same, 1.0)
    np.testing.assert_allclose(grad, 0.0, atol=1e-11)


def test_rotation_changes_nothing() -> None:
    rng = np.random.default_rng(7)
    found, truth = rotated(rng, N).to_array(), rotated(rng, N).to_array()
    c, s = math.cos(0.7), math.sin(0.7)

    def turned(table):
        x, y = c * table[:, 0] - s * table[:, 1] + 5.0, s * table[:, 0] + c * table[:, 1] - 2.0
        return np.column_stack([x, y, table[:, 2:4], table[:, 4] + 0.7])

    def swapped(table):
        return np.column_stack([table[:, :2], table[:, 3], table[:, 2], table[:, 4] + math.pi / 2])

    def iou(a, b):
        return ov.iou(ov.RotatedBoxes(a).blurred(0.1), ov.RotatedBoxes(b).blurred(0.1))

    wanted = iou(found, truth)
    np.testing.assert_allclose(iou(turned(found), turned(truth)), wanted, atol=1e-10)
    np.testing.assert_allclose(iou(swapped(found), truth), wanted, atol=1e-10)


# ------------------------------------------------------------------------- smooth minimum


def plain_smooth_min(a, b, alpha, relative):
    """The formula in plain NumPy, for lengths where nothing overflows."""
    wa, wb = a[1] - a[0], b[1] - b[0]
    t = alpha * 0.5 * (wa + wb) if relative else alpha
    total = sum(1.0 / np.expm1(w / t) for w in (wa, wb))
    total += math.exp(-(a[1] - b[0]) / t) + math.exp(-(b[1] - a[0]) / t)
    return t * math.log1p(1.0 / total)


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("alpha", [0.03, 0.3, 3.0])
def test_smooth_min_against_the_formula(alpha: float, relative: bool) -> None:
    rng = np.random.default_rng(8)
    found, truth = intervals(rng, N), intervals(rng, N)
    smooth = [batch.smooth_min(alpha, relative=relative) for batch in (found, truth)]
    terms = ov.terms(*smooth)
    pairs = zip(found.to_array(), truth.to_array(), strict=True)
    wanted = [plain_smooth_min(*pair, alpha, relative) for pair in pairs]
    np.testing.assert_allclose(terms.intersection, wanted, rtol=1e-11)
    np.testing.assert_array_equal(terms.measure_a, found.measure())
    assert (terms.intersection <= np.minimum(found.measure(), truth.measure())).all()
    np.testing.assert_array_equal(ov.iou(*smooth), ov.iou(*smooth[::-1]))


def test_smooth_min_tends_to_the_exact_score_and_its_bias() -> None:
    rng = np.random.default_rng(9)
    found, truth = boxes(rng, N), boxes(rng, N)
    exact = ov.iou(found, truth)
    for alpha, error in ((1e-2, 0.1), (1e-4, 1e-3), (1e-9, 1e-8)):
        value = ov.iou(found.smooth_min(alpha), truth.smooth_min(alpha))
        assert abs(value - exact).max() < error
        side = 1.0 - alpha * math.log(4.0)
        equal = ov.iou(found.smooth_min(alpha), found.smooth_min(alpha))
        np.testing.assert_allclose(equal, side**2 / (2.0 - side**2), rtol=1e-12)


@np.errstate(over="ignore")  # interpreted kernels warn
def test_smooth_min_without_a_size() -> None:
    """No NaN and no infinity where sides are 0 or temperatures extreme."""
    table = np.array([[0, 0], [0, 1], [0, 1e-300], [0.5, 0.5], [-1e8, 1e8], [3, 4]], float)
    for relative in (True, False):
        for alpha in (1e-300, 1e-9, 0.1, 1e9, 1e300):
            batch = ov.Intervals(table).smooth_min(alpha, relative=relative)
            index = np.indices((6, 6)).reshape(2, -1)
            found, truth = batch[index[0]], batch[index[1]]
            for score in (ov.iou, ov.dice, ov.giou):
                value, grad = score.value_and_grad(found, truth)
                empty = (found.measure() == 0) & (truth.measure() == 0)
                assert (np.isfinite(value) | empty).all()
                assert np.isfinite(grad).all()
            shared = ov.terms(found, truth).intersection
            assert (shared >= 0).all()
            assert (shared <= np.minimum(found.measure(), truth.measure())).all()


# ------------------------------------------------------------------------------ gradients

SMOOTHED = {
    "intervals": lambda rng, n: intervals(rng, n).blurred(0.2),
    "boxes": lambda rng, n: boxes(rng, n).blurred(0.15),
    "boxes-wide": lambda rng, n: boxes(rng, n).blurred(4.0),
    "rotated": lambda rng, n: rotated(rng, n).blurred(0.1),
    "smooth-min": lambda rng, n: boxes(rng, n).smooth_min(0.1),
    "smooth-min-absolute": lambda rng, n: boxes(rng, n).smooth_min(0.1, relative=False),
}


@pytest.mark.parametrize("name", SMOOTHED)
@pytest.mark.slow  # to compile
def test_gradients_against_differences(name: str) -> None:
    rng = np.random.default_rng(10)
    found, truth = SMOOTHED[name](rng, N), SMOOTHED[name](rng, N)
    for score in SCORES if not SMALL else SCORES[:1]:
        value, grad = score.value_and_grad(found, truth)
        np.testing.assert_array_equal(value, score(found, truth))

        def function(batch, score=score):
            return score(batch, truth)

        wanted, smooth = central_difference(function, found)
        if score.needs == ov.iou.needs:
            assert smooth.all()  # no kinks; enclosures have them
        error = abs(grad - wanted) / np.maximum(1.0, abs(wanted).max(axis=1, keepdims=True))
        assert (error[smooth] < 1e-6).mean() > 0.999
        assert error[smooth].max() < 1e-5


@pytest.mark.slow  # to compile
def test_gradient_wrt_all_parameters_in_their_order() -> None:
    """Products and upright boxes, whose parameters are not in the order of the factors."""
    rng = np.random.default_rng(11)
    n = 2 if SMALL else 50
    tubes = [
        ov.Product(boxes(rng, n), intervals(rng, n), scale=2.0).blurred((0.1, 0.3))
        for _ in range(2)
    ]
    uprights = [upright(rng, n).blurred(0.2) for _ in range(2)]
    for found, truth in (tubes, uprights):
        _, (first, second) = ov.iou.value_and_grad(found, truth, wrt="both")
        for grad, batch, other in ((first, found, truth), (second, truth, found)):
            wanted, smooth = central_difference(lambda x, y=other: ov.iou(x, y), batch)
            assert smooth.all()
            np.testing.assert_allclose(grad, wanted, atol=1e-6)


@pytest.mark.parametrize(
    "smooth", [lambda batch: batch.blurred(0.3), lambda batch: batch.smooth_min(0.3)]
)
def test_boxes_apart_are_pulled_together(smooth) -> None:
    found, truth = (smooth(ov.Boxes([row])) for row in ([0, 0, 1, 1], [1.3, 0.2, 2.3, 1.2]))
    assert ov.iou(found.base, truth.base)[0] == 0.0
    value, grad = ov.iou.value_and_grad(found, truth)
    assert value[0] > 1e-3
    assert grad[0, [0, 2]].sum() > 0.01  # to the right
    assert grad[0, [1, 3]].sum() > 0.0  # and up
