"""Lengths that float32 has blurred: spacings are decimals again, and equal is equal."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import overlap as ov
from overlap._common.decimals import as_meant, shortest_decimal

SIDES = [f"{k / 10:.1f}" for k in range(3, 34)]


def box(shift=0):
    mask = np.zeros((12, 12, 12), bool)
    mask[2:8, 2:8, 2:8] = True
    return np.roll(mask, shift, 0)


def border(mask):
    inside = set(map(tuple, np.argwhere(mask).tolist()))
    steps = np.vstack([np.eye(mask.ndim, dtype=int), -np.eye(mask.ndim, dtype=int)])
    return [p for p in inside if any(tuple(np.add(p, step)) not in inside for step in steps)]


def exact_squares(points, others, sides):
    """Squared distance of every point from the nearest other one, as a fraction."""
    return [
        min(sum(((p - q) * side) ** 2 for p, q, side in zip(a, b, sides, strict=True))
            for b in others)
        for a in points
    ]  # fmt: skip


@pytest.mark.parametrize("side", SIDES)
def test_a_shift_by_voxels_is_within_as_many_sides(side):
    one = np.float32(side)
    for shift in (1, 2, 3):
        tolerance = float(shift * Fraction(side))
        measured = ov.surface_distances(box(shift), box(), spacing=(one, one, one))
        assert measured[1].nsd(tolerance) == 1.0
        assert measured[1].nsd(0.999 * tolerance) < 1.0
        alone = ov.surface_distances(
            box(shift), box(), spacing=(one, one, one), at_most=tolerance, preset="surface-distance"
        )
        assert alone[1].nsd(tolerance) == 1.0


@pytest.mark.parametrize("side", SIDES)
def test_the_band_of_a_boundary_is_less_than_its_width(side):
    one = np.float32(side)
    for layers in (1, 2, 3):
        width = float(layers * Fraction(side))
        got = ov.boundary_iou(box(1), box(), width=width, spacing=(one,) * 3, band="euclidean")
        assert got == ov.boundary_iou(box(1), box(), width=layers, band="euclidean")


@pytest.mark.parametrize("sides", [("0.3", "0.7"), ("0.1", "0.1"), ("1.1", "3.3"), ("0.9", "1.2")])
def test_shares_at_every_distance_there_is(sides):
    rng = np.random.default_rng(5)
    found, truth = rng.random((2, 9, 8)) < 0.4
    exact = [Fraction(side) for side in sides]
    a, b = border(found), border(truth)
    squares = exact_squares(a, b, exact) + exact_squares(b, a, exact)
    got = ov.surface_distances(found, truth, spacing=[np.float32(side) for side in sides])[1]
    for square in set(squares):
        for limit in (Fraction(999, 1000), 1, Fraction(1001, 1000)):
            wanted = sum(one <= square * limit**2 for one in squares) / len(squares)
            assert got.nsd(float(limit) * float(square) ** 0.5) == pytest.approx(wanted, abs=1e-12)


def test_the_smallest_volume_of_a_lesion():
    truth = np.zeros((30, 30, 30), bool)
    truth[5:15, 5:15, 5:25] = (
        True  # 2000 voxels of 0.001 mm^3: as large as the smallest, not larger
    )
    for spacing in ([0.1] * 3, [np.float32(0.1)] * 3):
        scores = ov.lesionwise_dice(truth, truth, spacing=spacing, challenge="MET")
        assert scores.lesions["volume"].tolist() == pytest.approx([2.0])
        assert scores.lesions["counted"].tolist() == [False]
    assert ov.lesionwise_dice(truth, truth, spacing=[0.1] * 3, smallest=1.99).tp == 1


def test_a_share_of_a_lesion_that_is_reached():
    for part in range(1, 100):
        truth = np.ones(100, int)
        found = (np.arange(100) < part).astype(int)
        counts = ov.contingency(found, truth)
        detected = ov.detect_lesions(counts, rule="coverage", at_least=float(f"0.{part:02d}"))
        assert detected.sensitivity == 1.0, part


@pytest.mark.parametrize("side", SIDES)
def test_grids_take_the_decimal(side):
    one, exact = np.float32(side), float(side)
    assert ov.contingency([[1]], [[1]], spacing=(one, one)).spacing == (exact, exact)
    mask = np.ones((1, 2, 2), bool)
    assert ov.Masks(mask, spacing=(one, one)).grid.spacing == (exact, exact)
    report = ov.evaluate.segmentation(
        truth=np.ones((1, 1, 1), int), found=np.ones((1, 1, 1), int), metrics="volume_truth",
        spacing=(one, one, one),
    )  # fmt: skip
    assert report.summary["volume_truth"] == pytest.approx(exact**3, rel=1e-15)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (float(np.float32(0.8)), 0.8),
        (float(np.float32(3.3)), 3.3),
        (float(np.float32(100.1)), 100.1),
        (250 / 2048, 250 / 2048),  # a float32, and a decimal as it is
        (1 / 3, 1 / 3),  # no float32
        (0.8, 0.8),
        (123456792.0, 123456792.0),
        (float("inf"), float("inf")),
        (1e300, 1e300),
    ],
)
def test_as_meant(value, meant):
    assert as_meant(value) == meant


def test_shortest_decimal():
    assert shortest_decimal(0.79999998, 1e-7) == 0.8
    assert shortest_decimal(0.1 + 0.2, 1e-15) == 0.3
    assert shortest_decimal(1 / 3, 0.0) == 1 / 3
    assert shortest_decimal(0.0, 1e-7) == 0.0
