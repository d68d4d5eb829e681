"""Gradients of the enclosures of polygons against differences, and at ties."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov
from overlap._kernels.terms import Groups
from overlap.regions.polygons.enclosure import fill_covers
from overlap.regions.polygons.enclosure_gradient import pull_covers, swapped
from overlap.regions.polygons.rings import Rings

pytestmark = pytest.mark.kernels

UNIT = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
SIDE = 20.0
NAMES = ("natural", "box", "hull")


def batch(parts: list, period) -> Rings:
    """Return one region of rings, holes turning the other way."""
    points = np.concatenate(parts)
    offsets = np.cumsum([0] + [len(part) for part in parts])
    return Rings(points[:, 0], points[:, 1], offsets, np.array([0, len(parts)]), period)


def star(rng: np.random.Generator, center, corners: int, radius: float) -> np.ndarray:
    angle = (np.arange(corners) + 0.8 * rng.random(corners)) * 2.0 * np.pi / corners
    reach = radius * rng.uniform(0.5, 1.0, corners)
    return np.stack([np.cos(angle) * reach, np.sin(angle) * reach], 1) + center


def cases(rng: np.random.Generator) -> list[tuple[list, list]]:
    hole = 0.5 * UNIT[::-1]
    return [
        ([star(rng, (0, 0), 8, 3.0)], [star(rng, (3, 1), 7, 3.0)]),
        (
            [star(rng, (0, 0), 12, 4.0), hole],
            [star(rng, (8, 9), 8, 3.0), star(rng, (3, 1), 5, 2.0)],
        ),
        (
            [star(rng, (2, 3), 12, 4.0), star(rng, (31.5, 14), 7, 3.0)],
            [star(rng, (8.5, -11), 8, 3.0), star(rng, (3, 1), 5, 3.0)],
        ),
        # steps longer than half a period, and a center whose opposite point is covered
        ([np.array([[0.0, 0.0], [17.0, 1.0], [8.0, 6.0]])], [star(rng, (9, 12), 6, 3.0)]),
        (
            [np.array([[0.0, 0.0], [30.0, 9.0], [30.0, 12.0], [0.0, 3.0]])],
            [star(rng, (9, 1), 6, 3.0)],
        ),
    ]


def value(a: Rings, b: Rings, enclosure: str, weights: np.ndarray) -> float:
    block, one = np.zeros((15, 1)), np.zeros(1, np.intp)
    needs = Groups.ENCLOSURE | Groups.OUTSIDE | Groups.EXTENT
    fill_covers(a, one, b, one, enclosure, needs, block)
    return float((block * weights).sum())


def pulled(a: Rings, b: Rings, enclosure: str, weights: np.ndarray) -> np.ndarray:
    one, grad = np.zeros(1, np.intp), np.zeros((2, len(a.x)))
    pull_covers(a, one, b, one, enclosure, weights, np.zeros(1, np.int64), grad)
    return grad


@pytest.mark.parametrize("enclosure", NAMES)
@pytest.mark.parametrize(
    "period", [None, (SIDE, SIDE), (SIDE, None)], ids=["plane", "torus", "tube"]
)
def test_gradients_are_differences(period, enclosure: str) -> None:
    rng = np.random.default_rng(3)
    step = 1e-5
    for first, second in cases(rng):
        a, b = batch(first, period), batch(second, period)
        weights = np.zeros((15, 1))
        weights[3:6, 0] = rng.normal(size=3) / [100.0, 50.0, 100.0]
        weights[7:, 0] = rng.normal(size=8) / 10.0
        if enclosure != "hull" or period is None:
            weights[6] = rng.normal() / 10.0
        for rings, other, partials in ((a, b, weights), (b, a, swapped(weights))):
            grad = pulled(rings, other, enclosure, partials)
            assert np.abs(grad).max() > 1e-3
            for _ in range(4):
                way = rng.normal(size=grad.shape) * (rng.random(grad.shape) < 0.3)
                ends = [
                    value(
                        rings.with_vertices(rings.x + h * way[0], rings.y + h * way[1]),
                        *(other, enclosure, partials),
                    )
                    for h in (step, -step)
                ]
                expected = (ends[0] - ends[1]) / (2.0 * step)
                assert (grad * way).sum() == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("period", [None, (SIDE, SIDE)], ids=["plane", "torus"])
def test_half_of_what_both_hold_goes_to_each(period) -> None:
    """Two squares with the same lower ends: the upper ends are those of the larger one alone."""
    a, b = batch([UNIT], period), batch([UNIT * 2.0], period)
    weights = np.zeros((15, 1))
    weights[3] = 1.0  # of the hull
    np.testing.assert_allclose(
        pulled(a, b, "box", weights),
        [[-0.5, 0.0, 0.0, -0.5], [-0.5, -0.5, 0.0, 0.0]],
    )
    np.testing.assert_allclose(
        pulled(b, a, "box", weights),
        [[-0.5, 1.0, 1.0, -0.5], [-0.5, -0.5, 1.0, 1.0]],
    )
    same = pulled(a, a, "box", weights)
    np.testing.assert_allclose(same, [[-0.25, 0.25, 0.25, -0.25], [-0.25, -0.25, 0.25, 0.25]])
    np.testing.assert_allclose(pulled(a, a, "hull", weights), same)


def test_what_covers_a_circle_does_not_move() -> None:
    """A band: neither its side around the torus nor its center is a matter of its corners."""
    period = (SIDE, SIDE)
    band, other = batch([UNIT * [SIDE, 5.0]], period), batch([UNIT + 9.0], period)
    for row in (7, 8, 10):
        weights = np.zeros((15, 1))
        weights[row] = 1.0
        grad = pulled(band, other, "natural", weights)
        np.testing.assert_array_equal(grad, 0.0)
    weights = np.zeros((15, 1))
    weights[7] = 1.0
    np.testing.assert_array_equal(pulled(other, band, "natural", swapped(weights)), 0.0)


def test_a_partner_without_center_pulls_nothing() -> None:
    polygons = ov.Polygons([UNIT, []])
    grad = ov.center_gap.value_and_grad(polygons[0], polygons[1])[1]
    np.testing.assert_array_equal(grad, 0.0)
