"""Upright boxes: constructors, views, the product they are, gradients of all seven numbers."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

import overlap as ov
from overlap.testing import central_difference

pytestmark = pytest.mark.kernels

COUNT = 60 if numba.config.DISABLE_JIT else 2000
SMOOTH = (ov.iou, ov.giou, ov.diou)


def _general(rng: np.random.Generator, n: int) -> ov.UprightBoxes:
    center, size = rng.uniform(-1.0, 1.0, (n, 3)), rng.uniform(0.8, 3.0, (n, 3))
    return ov.UprightBoxes(np.column_stack([center, size, rng.uniform(-7.0, 7.0, n)]))


def _rebuild(boxes: ov.UprightBoxes, table: np.ndarray) -> ov.UprightBoxes:
    return ov.UprightBoxes(table, unit=boxes.unit)


TWO = ov.UprightBoxes(
    [[1.0, 2.0, 0.5, 4.0, 2.0, 1.5, 0.3], [0.0, 1.0, -1.0, 3.0, 1.0, 2.0, -1.2]], unit="m"
)


def test_views() -> None:
    plane = ov.RotatedBoxes(TWO.to_array()[:, [0, 1, 3, 4, 6]], unit="m")
    assert TWO.birdseye() == plane
    assert TWO.heights() == ov.Intervals([[-0.25, 1.25], [-2.0, 0.0]], unit="m")
    np.testing.assert_array_equal(TWO.measure(), [12.0, 6.0])
    assert TWO.dimension == 3
    assert TWO.unit == "m"


def test_batches() -> None:
    assert eval(repr(TWO), {"UprightBoxes": ov.UprightBoxes}) == TWO
    assert ov.UprightBoxes.concat([TWO[:1], TWO[1:]]) == TWO
    assert TWO[-1] == TWO[1] == TWO[[1]] == TWO[np.array([False, True])]
    assert TWO != TWO[::-1]
    assert TWO[:0].to_array().shape == (0, 7)
    assert list(TWO.to_frame().columns) == ["x", "y", "z", "dx", "dy", "dz", "yaw"]
    np.testing.assert_array_equal(TWO.to_frame().to_numpy(), TWO.to_array())
    half = TWO.scaled(0.5)
    np.testing.assert_array_equal(half.measure(), TWO.measure() / 8.0)
    np.testing.assert_array_equal(half.to_array()[:, [0, 1, 2, 6]], TWO.to_array()[:, [0, 1, 2, 6]])
    with pytest.raises(ValueError, match="concat: needs at least one batch"):
        ov.UprightBoxes.concat([])
    with pytest.raises(IndexError, match="index 2 is out of range for 2"):
        TWO[2]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0, 0, 0, 1, 1, -1, 0], r"dz\[1\] = -1.0 is negative"),
        ([0, 0, 0, -2, 1, 1, 0], r"dx\[1\] = -2.0 is negative"),
        ([0, 0, 0, 1, 1, 1, np.nan], r"yaw\[1\] = nan is not finite"),
        ([0, 0, np.inf, 1, 1, 1, 0], r"z\[1\] = inf is not finite"),
    ],
)
def test_bad_input(row: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ov.UprightBoxes([[0, 0, 0, 1, 1, 1, 0], row])
    with pytest.raises(ValueError, match=r"expected shape \(N, 7\) with columns x, y, z, dx"):
        ov.UprightBoxes([row[:6]])


def test_contains() -> None:
    points = np.array([[1.0, 2.0, 0.5], [1.0, 2.0, 1.3], [1.0, 2.0, -0.2], [9.0, 2.0, 0.5]])
    np.testing.assert_array_equal(TWO[0].contains(points), [[True, False, True, False]])


@pytest.mark.parametrize("quarters", [0, 1])
def test_without_a_turn_they_are_boxes(quarters: int) -> None:
    rng = np.random.default_rng(0)
    boxes, upright = [], []
    for _ in range(2):
        table = _general(rng, 300).to_array()
        boxes.append(ov.Boxes.from_cxcywh(table[:, :6]))
        table[:, 6] = quarters * math.pi / 2
        if quarters:
            table[:, [3, 4]] = table[:, [4, 3]]
        upright.append(ov.UprightBoxes(table))
    for score in (ov.iou, ov.dice):
        np.testing.assert_allclose(score(*upright), score(*boxes), rtol=0, atol=2e-15)


def test_terms_are_products() -> None:
    rng = np.random.default_rng(1)
    found, truth = _general(rng, 300), _general(rng, 300)
    terms = ov.terms(found, truth)
    plane = ov.terms(found.birdseye(), truth.birdseye())
    line = ov.terms(found.heights(), truth.heights())
    for name in ("measure_a", "intersection", "hull"):
        wanted = getattr(plane, name) * getattr(line, name)
        np.testing.assert_allclose(getattr(terms, name), wanted, rtol=1e-15)
    for name in ("center_gap2", "diameter2"):
        wanted = getattr(plane, name) + getattr(line, name)
        np.testing.assert_allclose(getattr(terms, name), wanted, rtol=1e-15)
    for score in SMOOTH:
        np.testing.assert_array_equal(score(found, truth), score(truth, found))


@pytest.mark.parametrize("score", SMOOTH, ids=str)
def test_gradients(score: ov.Score) -> None:
    rng = np.random.default_rng(2)
    found, truth = _general(rng, COUNT), _general(rng, COUNT)
    gradient = score.value_and_grad(found, truth)[1]
    assert gradient.shape == (COUNT, 7)
    wanted, smooth = central_difference(lambda boxes: score(boxes, truth), found, _rebuild)
    assert smooth.mean() > 0.9
    size = np.maximum(abs(wanted).max(axis=1, keepdims=True), 1e-3)
    error = (abs(gradient - wanted) / size)[smooth]
    assert np.quantile(error, 0.999) < 1e-6
    assert (abs(gradient).max(axis=0) > 0.01).all()


@pytest.mark.parametrize("score", SMOOTH, ids=str)
@pytest.mark.slow  # to compile
def test_gradients_at_ties(score: ov.Score) -> None:
    boxes = _general(np.random.default_rng(3), COUNT // 4)
    gradient = score.value_and_grad(boxes, boxes)[1]
    np.testing.assert_allclose(gradient, 0.0, atol=1e-12)
    assert (gradient[:, 6] == 0.0).all()
    table = boxes.to_array()
    table[:, 2] += table[:, 5]  # one stands on the other
    for grad in score.value_and_grad(boxes, ov.UprightBoxes(table), wrt="both")[1]:
        assert np.isfinite(grad).all()


@pytest.mark.slow  # to compile
@pytest.mark.parametrize("spread", [1.0, 40.0])
def test_sieved_tables_are_those_of_pairs(spread: float) -> None:
    """Rows with few, with many and without any pairs that may touch; heights that do, or abut."""
    rng = np.random.default_rng(9)
    sizes = (6, 9) if numba.config.DISABLE_JIT else (150, 203)
    batches = []
    for n in sizes:
        center, size = rng.integers(-2, 3, (n, 3)) * 0.5, rng.integers(0, 4, (n, 3)) * 0.5
        center[: n // 2, :2] *= spread
        batches.append(ov.UprightBoxes(np.column_stack([center, size, rng.integers(0, 4, n)])))
    found, truth = batches
    for score in (ov.iou, ov.volumetric_similarity):
        rows = [score(found[k], truth) for k in range(len(found))]
        table = score.pairwise(found, truth)
        np.testing.assert_array_equal(table, rows)
        np.testing.assert_array_equal(score.pairwise(truth, found), table.T)
        assert not np.signbit(table).any()
    score = ov.iou.pairwise(found, truth)
    assert 0 < np.count_nonzero(score > 0.0) < score.size
