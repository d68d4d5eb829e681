"""Coders: round trips, and gradients against central differences."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov

pytestmark = pytest.mark.kernels

CODER = ov.coders.LogSize()


def random_values(rng, n, axes):
    return np.hstack([rng.normal(size=(n, axes)), rng.normal(0.3, 0.4, (n, axes))])


@pytest.mark.parametrize("axes", [1, 2, 3, 4])
def test_decode_then_encode_gives_the_values_back(axes):
    values = random_values(np.random.default_rng(axes), 50, axes)
    boxes = CODER.decode(values, unit="px")
    assert boxes.unit == "px"
    np.testing.assert_allclose(boxes.upper - boxes.lower, np.exp(values[:, axes:]), rtol=1e-14)
    np.testing.assert_allclose(0.5 * (boxes.upper + boxes.lower), values[:, :axes], atol=1e-15)
    np.testing.assert_allclose(CODER.encode(boxes), values, rtol=0, atol=1e-14)


def test_values_by_hand():
    boxes = ov.Boxes([[0.0, 1.0, 2.0, 5.0]])
    np.testing.assert_allclose(CODER.encode(boxes), [[1.0, 3.0, np.log(2), np.log(4)]])
    np.testing.assert_allclose(
        CODER.decode([[1.0, 3.0, np.log(2), np.log(4)]]).to_array(), [[0.0, 1.0, 2.0, 5.0]]
    )
    # d/dc = lower + upper; d/dl = size / 2 (upper - lower)
    grad = CODER.pullback(boxes, [[1.0, 2.0, 30.0, 40.0]])
    np.testing.assert_allclose(grad, [[31.0, 42.0, 29.0, 76.0]])


def test_decode_agrees_with_the_constructor():
    values = random_values(np.random.default_rng(3), 20, 2)
    assert CODER.decode(values) == ov.Boxes.from_log_cxcywh(values)


@pytest.mark.parametrize("name", ["iou", "giou", "ciou", "eiou"])
@pytest.mark.parametrize("axes", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_gradients_through_scores(name, axes):
    if (name, axes) == ("ciou", 3):
        name = "diou"  # the aspect is a matter of the plane
    score = getattr(ov, name)
    if name == "ciou":
        score = score(alpha_grad=True)
    rng = np.random.default_rng(4)
    values, truth = random_values(rng, 40, axes), CODER.decode(random_values(rng, 40, axes))
    boxes = CODER.decode(values)
    _, grad = score.value_and_grad(boxes, truth)
    pulled = CODER.pullback(boxes, grad)
    np.testing.assert_allclose(CODER.pullback(values, grad), pulled, rtol=1e-12, atol=1e-14)
    step = 1e-6
    for column in range(2 * axes):
        moved = np.zeros(2 * axes)
        moved[column] = step
        ahead, behind = (score(CODER.decode(values + s * moved), truth) for s in (1, -1))
        np.testing.assert_allclose(
            pulled[:, column], (ahead - behind) / (2 * step), rtol=1e-6, atol=1e-8
        )


def test_empty_batches():
    boxes = CODER.decode(np.empty((0, 6)))
    assert boxes.dimension == 3
    assert CODER.encode(boxes).shape == (0, 6)
    assert CODER.pullback(boxes, np.empty((0, 6))).shape == (0, 6)
    assert len(CODER.decode([])) == 0


def test_a_size_too_small_for_floats_decodes_to_an_empty_box():
    boxes = CODER.decode([[1.0, 1.0, -800.0, 0.0]])
    assert boxes.measure().tolist() == [0.0]
    assert CODER.pullback(boxes, [[1.0, 1.0, 3.0, 3.0]]).tolist() == [[4.0, 4.0, 0.0, 1.0]]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: CODER.encode(ov.Boxes([[0, 0, 1, 1], [0, 2, 1, 2]])), ValueError, "box 1.*axis 1"),
        (lambda: CODER.encode(ov.Intervals([[0, 1]])), TypeError, "expected Boxes, got Intervals"),
        (lambda: CODER.decode([[0, 0, 1]]), ValueError, r"shape \(N, 2 D\).*got \(1, 3\)"),
        (lambda: CODER.decode([[0, 0, 1, np.nan]]), ValueError, "nan in row 0, column 3"),
        (lambda: CODER.decode([[0, 0, 0, 0], [0, 0, 1, 800.0]]), ValueError, "axis 1 of box 1"),
        (lambda: CODER.decode("text"), TypeError, "LogSize"),
        (
            lambda: CODER.pullback(ov.Boxes([[0, 0, 1, 1]]), [1.0, 2.0, 3.0, 4.0]),
            ValueError,
            r"gradient of shape \(1, 4\).*got \(4,\)",
        ),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()
