"""Gradients of rotated and upright boxes against central differences, and at ties."""

from __future__ import annotations

import math
from collections.abc import Callable

import numba
import numpy as np
import pytest

import overlap as ov
from overlap.testing import central_difference

from .rotated_pairs import CLASSES, pairs

pytestmark = pytest.mark.kernels

INTERPRETED = bool(numba.config.DISABLE_JIT)
OWN = "ciou, alpha differentiated"  # of the plane: boxes in space have no aspect ratio
SCORES = {
    "iou": ov.iou,
    "dice": ov.dice,
    "tversky": ov.tversky(alpha=0.3, beta=0.7),
    "f_score": ov.f_score(beta=2.0),
    "coverage": ov.coverage,
    "overlap_coefficient": ov.overlap_coefficient,
    "giou": ov.giou,
    "diou": ov.diou,
    "iou - enclosed_gap": ov.iou - ov.enclosed_gap,
    "coverage - 0.3 * enclosed_gap": ov.coverage - 0.3 * ov.enclosed_gap,
    "dice - 0.5 * center_gap": ov.dice - 0.5 * ov.center_gap,
    OWN: ov.ciou(alpha_grad=True),
}


#: Each has kernels of its own; these are one for each group of terms.
USUAL = ("iou", "coverage", "giou", "iou - enclosed_gap")
NAMES = [name if name in USUAL else pytest.param(name, marks=pytest.mark.slow) for name in SCORES]


def _rotated(rng: np.random.Generator, n: int) -> ov.RotatedBoxes:
    center, size = rng.uniform(-2.0, 2.0, (n, 2)), rng.uniform(0.6, 4.0, (n, 2))
    return ov.RotatedBoxes(np.column_stack([center, size, rng.uniform(-7.0, 7.0, n)]))


def _upright(rng: np.random.Generator, n: int) -> ov.UprightBoxes:
    center, size = rng.uniform(-2.0, 2.0, (n, 3)), rng.uniform(0.6, 4.0, (n, 3))
    return ov.UprightBoxes(np.column_stack([center, size, rng.uniform(-7.0, 7.0, n)]))


def _hold(score: ov.Score, function: Callable, found: ov.Regions, truth: ov.Regions) -> None:
    """Compare the gradient of a score with differences of a function, pair by pair."""
    gradient = score.value_and_grad(found, truth)[1]
    wanted, smooth = central_difference(function, found)
    assert smooth.mean() > 0.95  # elsewhere a difference reaches across a kink
    size = np.maximum(abs(wanted).max(axis=1, keepdims=True), 1e-3)
    error = np.where(smooth, abs(gradient - wanted) / size, 0.0).max(axis=1)
    assert np.quantile(error, 0.999) < 1e-6
    assert abs(gradient).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(kind, name, marks=() if name in USUAL else pytest.mark.slow)
        for kind in (_rotated, _upright)
        for name in SCORES
        if kind is _rotated or name != OWN
    ],
)
def test_40_000_gradients(kind: Callable, name: str) -> None:
    rng, count = np.random.default_rng(6), 60 if INTERPRETED else 40_000
    found, truth = kind(rng, count), kind(rng, count)
    score = SCORES[name]
    _hold(score, lambda boxes: score(boxes, truth), found, truth)


@pytest.mark.slow  # to compile
def test_frozen_alpha() -> None:
    """The gradient of CIoU as published: alpha is a constant."""
    rng, count = np.random.default_rng(8), 60 if INTERPRETED else 40_000
    found, truth = _rotated(rng, count), _rotated(rng, count)

    def v(boxes: ov.RotatedBoxes) -> np.ndarray:
        slope = [np.arctan2(*batch.to_array()[:, 2:4].T) for batch in (boxes, truth)]
        return (2.0 / math.pi * (slope[0] - slope[1])) ** 2

    alpha = v(found) / (1.0 - ov.iou(found, truth) + v(found))
    np.testing.assert_allclose(ov.aspect_gap(found, truth), alpha * v(found), rtol=1e-9, atol=1e-15)
    _hold(ov.ciou, lambda boxes: ov.diou(boxes, truth) - alpha * v(boxes), found, truth)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow  # to compile
def test_gradients_at_ties(name: str) -> None:
    score = SCORES[name]
    ties = pairs(np.random.default_rng(7), 20 if INTERPRETED else 1000)
    boxes = ov.RotatedBoxes(ties["identical"][0])
    grad = score.value_and_grad(boxes, boxes)[1]
    assert (grad[:, 4] == 0.0).all()
    if score.symmetric:
        np.testing.assert_allclose(grad, 0.0, atol=1e-11)
    for kind in CLASSES:
        found, truth = map(ov.RotatedBoxes, ties[kind])
        for grad in score.value_and_grad(found, truth, wrt="both")[1]:
            assert np.isfinite(grad).all()
