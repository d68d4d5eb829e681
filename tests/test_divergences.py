"""Scores of Gaussians against their plain formulas in decimal arithmetic of 80 digits."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numba
import numpy as np
import pytest

import overlap as ov

pytestmark = pytest.mark.kernels

COUNT = 8 if numba.config.DISABLE_JIT else 40
ONE = Decimal(1)
CORE = (
    ov.kfiou,
    ov.nwd(scale=1.3),
    ov.gwd,
    ov.gwd(root=False),
    ov.gwd(log=False, normalize=False),
    ov.kld,
    ov.kld(root=True),
    ov.jd(log=False),
    ov.probiou,
)


@pytest.fixture(autouse=True)
def _digits():
    with localcontext() as context:
        context.prec, context.Emax, context.Emin = 80, 10**6, -(10**6)
        yield


def det(m):
    return m[0] * m[2] - m[1] * m[1]


def plain_terms(p, q):
    """Return the terms of two rows of numbers, from traces, determinants and inverses."""
    dx, dy = p[0] - q[0], p[1] - q[1]
    a, b = p[2:], q[2:]
    both = [u + v for u, v in zip(a, b, strict=True)]

    def distance(m):
        return (m[2] * dx * dx - 2 * m[1] * dx * dy + m[0] * dy * dy) / det(m)

    def kl(m, n):  # KL(m || n)
        trace = (n[2] * m[0] - 2 * n[1] * m[1] + n[0] * m[2]) / det(n)
        return (trace + distance(n) - 2 + (det(n) / det(m)).ln()) / 2

    root = (det(a) * det(b)).sqrt()
    product = a[0] * b[0] + 2 * a[1] * b[1] + a[2] * b[2]
    trace = a[0] + a[2] + b[0] + b[2] - 2 * (product + 2 * root).sqrt()
    return {
        "measure_a": det(a).sqrt(),
        "measure_b": det(b).sqrt(),
        "intersection": root / det(both).sqrt(),
        "transport2": dx * dx + dy * dy + trace,
        "bhattacharyya": distance(both) / 4 + (det(both) / (4 * root)).ln() / 2,
        "kl_ba": kl(b, a),
        "kl_ab": kl(a, b),
    }


def similarity(d, root, log):
    d = d.sqrt() if root else d
    return ONE / (1 + ((1 + d).ln() if log else d))


def plain_score(score, p, q):
    t = plain_terms(p, q)
    name, parameters = score.parts[0].component.name, score.parts[0].parameters
    if name == "kfiou":
        return t["intersection"] / (t["measure_a"] + t["measure_b"] - t["intersection"])
    if name == "nwd":
        return (-t["transport2"].sqrt() / Decimal(parameters[0])).exp()
    if name == "gwd":
        divisor = 4 * (t["measure_a"] * t["measure_b"]).sqrt() if parameters[2] else ONE
        return similarity(t["transport2"] / divisor, *parameters[:2])
    if name == "kld":
        return similarity(t["kl_ba"], *parameters)
    if name == "jd":
        return similarity((t["kl_ba"] + t["kl_ab"]) / 2, *parameters)
    assert name == "probiou"
    return 1 - (1 - (-t["bhattacharyya"]).exp()).sqrt()


def rows(gaussians):
    return [[Decimal(float(value)) for value in row] for row in gaussians.to_array()]


def random_boxes(rng, n, scale=1.0, aspect=None):
    size = scale * (0.3 + rng.random((n, 2)))
    if aspect is not None:
        size[:, 1] = size[:, 0] / aspect
    center = scale * rng.uniform(-0.7, 0.7, (n, 2))
    return np.column_stack([center, size, rng.uniform(-4.0, 4.0, n)])


def gaussians(table):
    return ov.Gaussians.from_boxes(ov.RotatedBoxes(table), variance=0.25)


def pairs(case, n=COUNT):
    rng = np.random.default_rng(7)
    kind, size = case
    if kind == "near":
        table = random_boxes(rng, n)
        return gaussians(table), gaussians(table * (1.0 + size * rng.uniform(-1, 1, table.shape)))
    if kind == "scale":
        return gaussians(random_boxes(rng, n, size)), gaussians(random_boxes(rng, n, size))
    if kind == "contrast":
        return gaussians(random_boxes(rng, n, size)), gaussians(random_boxes(rng, n, 1.0 / size))
    table = random_boxes(rng, n, aspect=size)
    turned = table.copy()
    turned[:, 4] += rng.uniform(-2.0, 2.0, n) / size
    return gaussians(table), gaussians(turned)


CASES = [
    ("scale", 1.0),
    ("scale", 1e140),
    ("scale", 1e-140),
    ("contrast", 1e30),
    *(("near", size) for size in (1e-2, 1e-5, 1e-8, 1e-11, 1e-14)),
    *(("aspect", size) for size in (10.0, 1e3, 1e6)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_terms(case) -> None:
    """Roots of divergences, which are distances, to the rounding of the sizes.

    Five numbers know the thin side of a turned Gaussian to the square of its aspect times the
    rounding; the terms of these five numbers are good to the aspect times the rounding.
    """
    found, truth = pairs(case)
    room = Decimal("2e-15") * (Decimal(case[1]) if case[0] == "aspect" else ONE)
    got = ov.terms(found, truth)
    for k, (p, q) in enumerate(zip(rows(found), rows(truth), strict=True)):
        wanted = plain_terms(p, q)
        for name in ("measure_a", "measure_b", "intersection"):
            value = Decimal(float(getattr(got, name)[k]))
            assert abs(value / wanted[name] - 1) < room, (name, k)
        length = (p[2] + p[4] + q[2] + q[4]).sqrt()
        for name in ("transport2", "bhattacharyya", "kl_ba", "kl_ab"):
            value = Decimal(float(getattr(got, name)[k])).sqrt()
            root = abs(wanted[name]).sqrt()
            unit = length if name == "transport2" else max(ONE, root)
            assert abs(value - root) < room * unit, (name, k, value, root)


@pytest.mark.parametrize("case", [case for case in CASES if case[0] != "contrast"], ids=str)
def test_scores(case) -> None:
    found, truth = pairs(case, COUNT // 4)
    scale = case[1] if case[0] == "scale" else 1.0
    room = 1e-14 * (case[1] if case[0] == "aspect" else 1.0)
    for score in (*CORE, ov.nwd(scale=2.0 * scale)):
        if "normalize=0" in str(score) and scale != 1.0:
            continue
        got = score(found, truth)
        wanted = [
            float(plain_score(score, p, q)) for p, q in zip(rows(found), rows(truth), strict=True)
        ]
        np.testing.assert_allclose(got, wanted, rtol=0.0, atol=room, err_msg=str(score))


@pytest.mark.parametrize(
    ("case", "room"),
    [
        (("scale", 1.0), 1e-13),
        (("scale", 1e100), 1e-13),
        (("scale", 1e-100), 1e-13),
        (("near", 1e-3), 1e-11),
        (("near", 1e-6), 1e-8),  # what the direction of a cone of this size can be known to
        (("aspect", 10.0), 1e-11),
        (("aspect", 1e3), 1e-9),
    ],
    ids=str,
)
def test_gradients(case, room) -> None:
    """Against central differences whose own error is 1e-40."""
    found, truth = pairs(case, COUNT // 8)
    scale = case[1] if case[0] == "scale" else 1.0
    for score in (*CORE, ov.nwd(scale=2.0 * scale)):
        if scale != 1.0 and ("normalize=0" in str(score) or score == ov.nwd(scale=1.3)):
            continue  # they know lengths of the order of 1 only
        value, grads = score.value_and_grad(found, truth, wrt="both")
        np.testing.assert_array_equal(value, score(found, truth))
        for k, pair in enumerate(zip(rows(found), rows(truth), strict=True)):
            for side in (0, 1):
                wanted = np.array([slope(score, pair, side, column) for column in range(5)])
                error = abs(grads[side][k] - wanted).max() / abs(wanted).max()
                assert error < room, (str(score), k, grads[side][k], wanted)


def slope(score, pair, side, column):
    """Return the derivative of the plain score with respect to one number of a pair."""
    step = abs(pair[side][column]) * Decimal("1e-20")
    ends = []
    for sign in (-1, 1):
        moved = [list(row) for row in pair]
        moved[side][column] += sign * step
        ends.append(plain_score(score, *moved))
    return float((ends[1] - ends[0]) / (2 * step))


@pytest.mark.parametrize("score", CORE, ids=str)
def test_equal_gaussians(score) -> None:
    """1 to the bit (kfiou: 1/3; no epsilon makes 0.99955), and no gradient at the tip of a cone."""
    for scale in (1.0, 1e100, 1e-100):
        batch = gaussians(random_boxes(np.random.default_rng(2), COUNT, scale))
        value, grads = score.value_and_grad(batch, batch, wrt="both")
        if score == ov.kfiou:
            np.testing.assert_allclose(value, 1 / 3, rtol=1e-15)
            assert (value <= 1 / 3).all()
        else:
            np.testing.assert_array_equal(value, 1.0)
        # In units of the Gaussians, whose covariances are of the order of scale^2.
        unit = np.array([scale, scale, scale**2, scale**2, scale**2])
        np.testing.assert_allclose(np.hstack(grads) * np.tile(unit, 2), 0.0, atol=1e-13)
        if "root" in str(score) or score in (ov.probiou, ov.nwd(scale=1.3), ov.gwd):
            np.testing.assert_array_equal(np.hstack(grads), 0.0)


@pytest.mark.parametrize("score", CORE, ids=str)
def test_symmetry_to_the_bit(score) -> None:
    found, truth = (gaussians(random_boxes(np.random.default_rng(k), COUNT)) for k in (3, 4))
    one, other = score(found, truth), score(truth, found)
    if score.symmetric:
        np.testing.assert_array_equal(one, other)
    else:
        assert score.parts[0].component.name == "kld"
        assert (abs(one - other) > 1e-6).any()


# ------------------------------------------------------------------------------- by hand


def wide(*shifts, w=4.0, h=2.0, variance=0.25):
    boxes = ov.RotatedBoxes([[x, 0.0, w, h, 0.0] for x in shifts])
    return ov.Gaussians.from_boxes(boxes, variance=variance)


def test_values_by_hand() -> None:
    origin, moved, larger = wide(0.0), wide(3.0), wide(0.0, w=8.0, h=4.0)
    assert ov.nwd(scale=2.0)(origin, moved)[0] == pytest.approx(math.exp(-1.5), abs=1e-15)
    # W^2 = (4 - 2)^2 + (2 - 1)^2 between half sides
    assert ov.nwd(scale=1.0)(origin, larger)[0] == pytest.approx(math.exp(-math.sqrt(5)), abs=1e-15)
    assert ov.gwd(normalize=False, root=False, log=False)(origin, larger)[0] == pytest.approx(1 / 6)
    # the divisor is the fourth root of w h w' h': sqrt(8) for two boxes of 4 x 2
    wanted = 1.0 / (1.0 + math.log1p(3.0 / math.sqrt(8.0)))
    assert ov.gwd(origin, moved)[0] == pytest.approx(wanted, abs=1e-15)
    assert ov.kld(log=False)(origin, moved)[0] == pytest.approx(1.0 / (1.0 + 0.5 * 9.0 / 4.0))
    # KL(N(0, s^2) || N(0, t^2)) = ln(t/s) + s^2 / (2 t^2) - 1/2, twice
    towards = 2.0 * (math.log(2.0) + 0.125 - 0.5)  # truth is the small one
    back = 2.0 * (-math.log(2.0) + 2.0 - 0.5)
    assert ov.kld(log=False)(larger, origin)[0] == pytest.approx(1.0 / (1.0 + towards), abs=1e-15)
    assert ov.kld(log=False)(origin, larger)[0] == pytest.approx(1.0 / (1.0 + back), abs=1e-15)
    mean = 0.5 * (towards + back)
    assert ov.jd(log=False)(origin, larger)[0] == pytest.approx(1.0 / (1.0 + mean), abs=1e-15)
    # B = ln(det((1 + 4) / 2) / sqrt(1 * 16)) / 2 in units of the smaller covariance
    hellinger = math.sqrt(1.0 - math.exp(-0.5 * math.log(6.25 / 4.0)))
    assert ov.probiou(origin, larger)[0] == pytest.approx(1.0 - hellinger, abs=1e-15)


def test_kfiou_forgets_centers_and_never_exceeds_a_third() -> None:
    assert ov.kfiou(wide(0.0), wide(1e6))[0] == pytest.approx(1 / 3, abs=1e-15)
    # sizes 2 and 8, and 2 * 8 / sqrt(det of the sum) = 16 / 10
    assert ov.kfiou(wide(0.0), wide(0.0, w=8.0, h=4.0))[0] == pytest.approx(1.6 / 8.4, abs=1e-15)
    rng = np.random.default_rng(5)
    found, truth = gaussians(random_boxes(rng, 500)), gaussians(random_boxes(rng, 500))
    value = ov.kfiou(found, truth)
    np.testing.assert_array_equal(value, np.minimum(ov.iou(found, truth), 1 / 3))
    assert value.max() <= 1 / 3
    assert 3 * ov.kfiou(truth, truth)[0] == pytest.approx(1.0, abs=1e-15)


def test_only_probiou_and_the_like_depend_on_the_variance() -> None:
    for score, same in ((ov.kfiou, True), (ov.probiou, False), (ov.kld, False), (ov.gwd, False)):
        one = score(wide(0.0), wide(1.0, w=5.0))
        other = score(wide(0.0, variance=1 / 12), wide(1.0, w=5.0, variance=1 / 12))
        assert (one == pytest.approx(other, abs=1e-14)) is same, str(score)


def test_far_away_is_not_flat() -> None:
    value, grad = ov.kld.value_and_grad(wide(0.0), wide(1e5))
    assert 0.0 < value[0] < 0.1
    assert grad[0, 0] > 0.0
    value, grad = ov.gwd.value_and_grad(wide(0.0), wide(1e5))
    assert value[0] > 0.0
    assert grad[0, 0] > 0.0
    # B = 50^2 / 32, where 1 - sqrt(1 - exp(-B)) is 0 as it stands, and exp(-B) / 2 in truth
    value, grad = ov.probiou.value_and_grad(wide(0.0), wide(50.0))
    assert value[0] == pytest.approx(0.5 * math.exp(-2500.0 / 32.0), rel=1e-13)
    assert grad[0, 0] == pytest.approx(value[0] * 100.0 / 32.0, rel=1e-13)


@pytest.mark.parametrize("score", CORE, ids=str)
def test_range(score) -> None:
    low, high = score.bounds()
    assert (low, high) == ((0.0, 1 / 3) if score == ov.kfiou else (0.0, 1.0))
    assert score.disjoint_max == high
    rng = np.random.default_rng(6)
    tables = [random_boxes(rng, COUNT, scale) for scale in (1e-3, 1.0, 1e3)]
    batch = gaussians(np.concatenate(tables))
    value = score.pairwise(batch, batch)
    assert (value >= low).all()
    assert (value <= high).all()


# ----------------------------------------------------------------------------- refusals


def test_singular_covariances() -> None:
    """Without a density: 0 against one that has it, undefined against another."""
    batch = ov.Gaussians(
        [[0.0, 0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 4.0, 2.0, 1.0], [0.0, 4.0, 1.0, 0.0, 1.0]]
    )
    point, segment, round_one = batch[0], batch[1], batch[2]
    for score in (ov.kfiou, ov.iou, ov.gwd, ov.kld, ov.jd, ov.probiou, ov.kld(root=True)):
        for pair, wanted in (
            ((point, round_one), 0.0),
            ((round_one, segment), 0.0),
            ((point, segment), math.nan),
            ((segment, segment), math.nan),
        ):
            value, grads = score.value_and_grad(*pair, wrt="both")
            np.testing.assert_array_equal(value, wanted, err_msg=str(score))
            np.testing.assert_array_equal(np.hstack(grads), 0.0, err_msg=str(score))
    distance = ov.nwd(scale=10.0)
    # to a point: distance of the means, and the trace of the covariance
    assert distance(point, round_one)[0] == pytest.approx(
        math.exp(-math.sqrt(18.0) / 10), abs=1e-15
    )
    assert distance(point, segment)[0] == pytest.approx(math.exp(-math.sqrt(14.0) / 10), abs=1e-15)
    assert distance(segment, segment)[0] == distance(point, point)[0] == 1.0
    assert ov.gwd(normalize=False, log=False)(point, segment)[0] == pytest.approx(
        1.0 / (1.0 + math.sqrt(14.0)), abs=1e-15
    )
    value, (grad, other) = distance.value_and_grad(point, round_one, wrt="both")
    pull = value[0] / (10.0 * math.sqrt(18.0)) * 4.0
    np.testing.assert_allclose(grad, [[0.0, pull, 0.0, 0.0, 0.0]], atol=1e-16)
    # W^2 = |d|^2 + xx + yy
    slope = -value[0] / (20.0 * math.sqrt(18.0))
    np.testing.assert_allclose(other, [[0.0, -pull, slope, 0.0, slope]], atol=1e-16)


def test_nwd_needs_a_scale() -> None:
    one = wide(0.0)
    for call in (ov.nwd, ov.nwd.pairwise, ov.nwd.value_and_grad, (ov.nwd - 0.1 * ov.kld)):
        with pytest.raises(TypeError, match=r"give scale=.*nwd\(scale=\.\.\.\)"):
            call(one, one)
    for scale in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match=r"scale = .* is not a finite number > 0"):
            ov.nwd(scale=scale)
    assert repr(ov.nwd) == "nwd"
    assert repr(ov.nwd(scale=12.7)) == "nwd(scale=12.7)"


def test_sets_have_no_divergence_and_distributions_no_enclosure() -> None:
    boxes = ov.Boxes([[0.0, 0.0, 1.0, 1.0]])
    with pytest.raises(TypeError, match=r"probiou: Boxes have no divergence.*from_boxes"):
        ov.probiou(boxes, boxes)
    with pytest.raises(TypeError, match="kfiou: Boxes have no divergence"):
        ov.kfiou(boxes, boxes)
    with pytest.raises(TypeError, match="giou: Gaussians have no common enclosure"):
        ov.giou(wide(0.0), wide(0.0))
    with pytest.raises(ValueError, match=r"do not intersect can score up to 1.*pairwise"):
        ov.probiou.pairs(wide(0.0), wide(0.0), at_least=0.5)


# ------------------------------------------------------------------- what works with them


@pytest.mark.slow  # to compile
def test_suppression_and_matching() -> None:
    batch = wide(0.0, 0.5, 20.0)
    kept = ov.nms(batch, [0.9, 0.8, 0.7], threshold=0.5, score=ov.probiou)
    assert kept.index.tolist() == [0, 2]
    matched = ov.match(batch, wide(20.5, 0.2), score=ov.nwd(scale=2.0), at_least=0.1)
    assert dict(zip(matched.found.tolist(), matched.truth.tolist(), strict=True)) == {0: 1, 2: 0}


def test_combinations() -> None:
    mix = 0.5 * ov.kld + ov.nwd(scale=3.0)
    one, other = wide(0.0), wide(1.0, w=5.0)
    wanted = 0.5 * ov.kld(one, other) + ov.nwd(scale=3.0)(one, other)
    np.testing.assert_allclose(mix(one, other), wanted, rtol=1e-15)
    grads = mix.value_and_grad(one, other, wrt="both")[1]
    parts = [s.value_and_grad(one, other, wrt="both")[1] for s in (ov.kld, ov.nwd(scale=3.0))]
    for side in (0, 1):
        wanted = 0.5 * parts[0][side] + parts[1][side]
        np.testing.assert_allclose(grads[side], wanted, rtol=1e-14)
