"""Gradients of what of an enclosure of polygons lies outside their own: differences and ties."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov
from overlap.regions.polygons.enclosure import covers_of

pytestmark = pytest.mark.kernels

SIDE = 20.0
PERIODS = {"plane": None, "torus": (SIDE, SIDE), "tube": (SIDE, None)}
SCORE = ov.iou - ov.enclosed_gap


def region(*islands) -> list:
    """Return a region of slanted pieces, of (from x, to x, y)."""
    return [[[(p, y), (q, y + 0.3), (q - 0.1, y + 1.1), (p + 0.2, y + 1.2)]] for p, q, y in islands]


# What becomes of the largest gaps around the first axis of the torus.
PAIRS = {
    "of both": (region((0.0, 2.0, 3.0)), region((1.0, 4.0, 5.0))),
    "apart": (region((0.0, 2.0, 3.0)), region((5.0, 7.0, 6.0))),
    "one inside": (region((0.0, 9.0, 3.0), (1.0, 8.0, 8.0)), region((5.0, 7.0, 5.0))),
    "second of the first": (region((0.0, 1.0, 3.0), (9.0, 10.0, 5.0)), region((13.0, 18.0, 7.0))),
    "second of both": (
        region((16.0, 21.0, 3.0), (8.0, 8.5, 6.0)),
        region((8.1, 12.5, 4.0), (20.5, 20.9, 8.0)),
    ),
    "around both axes": (
        region((0.0, 1.0, 3.0), (9.0, 10.0, 11.5)),
        region((13.0, 18.0, 19.0), (3.0, 4.0, 11.0)),
    ),
    "a band": (region((0.0, 11.0, 3.0), (10.5, 20.2, 4.5)), region((5.0, 7.0, 8.0))),
    "across the seam": (region((18.0, 23.0, 18.5)), region((1.0, 24.0 - SIDE, -0.7))),
}


def polygons(pair: str, period) -> tuple[ov.Polygons, ov.Polygons]:
    first, second = (ov.Polygons([values], period=period) for values in PAIRS[pair])
    return first, second


def differences(score, moving: ov.Polygons, fixed: ov.Polygons, step: float = 1e-6) -> np.ndarray:
    """Return the differences with respect to every vertex, ahead and back."""
    at = moving.to_array()
    grad = np.zeros((2, *at.shape))
    here = score(moving, fixed)[0]
    for place in np.ndindex(at.shape):
        for k, way in enumerate((step, -step)):
            there = at.copy()
            there[place] += way
            moved = ov.Polygons.from_rings(
                *there.T, moving.ring_offsets, moving.region_offsets, period=moving.period
            )
            grad[k][place] = (score(moved, fixed)[0] - here) / way
    return grad


@pytest.mark.parametrize("enclosure", ["natural", "box"])
@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.slow  # to compile
def test_gradients_are_differences(period: str, enclosure: str) -> None:
    score = SCORE.with_enclosure(enclosure)
    for pair in PAIRS:
        first, second = polygons(pair, PERIODS[period])
        value, (grad, back) = score.value_and_grad(first, second, wrt="both")
        assert value == score(first, second)
        expected = differences(score, first, second).mean(0)
        np.testing.assert_allclose(grad, expected, rtol=0, atol=1e-8, err_msg=pair)
        expected = differences(lambda b, a: score(a, b), second, first).mean(0)
        np.testing.assert_allclose(back, expected, rtol=0, atol=1e-8, err_msg=pair)


def test_the_common_gap_is_in_an_own_arc_of_some_pairs() -> None:
    """So that the differences above are of every case there is."""
    found = {}
    for pair in PAIRS:
        first, second = (covers_of(batch._own) for batch in polygons(pair, PERIODS["torus"]))
        row = np.zeros(1, np.intp)
        held = []
        for axis, common in enumerate(first.enclose(row, second, row)):
            middle = common.at[0] + 0.5 * (common.side[0] + SIDE)  # of the gap
            for covers in (first, second):
                own = covers.axes[axis].cuts
                held.append((middle - own.at[0]) % SIDE < own.side[0] < SIDE)
        found[pair] = held
    assert found.pop("second of the first")[:2] == [True, False]
    assert found.pop("second of both")[:2] == [True, True]
    assert True in found["around both axes"][:2]
    assert True in found.pop("around both axes")[2:]
    assert not any(any(held) for held in found.values())


@pytest.mark.parametrize("period", PERIODS)
def test_own_boxes_at_one_end_share_half(period: str) -> None:
    """The gradient there is the mean of the derivatives on either side."""
    square = np.array([(0.0, 0.0), (4.0, 0.0), (4.0, 2.0), (0.0, 2.0)])
    half = square * np.array([0.5, 1.0])
    others = {
        "the left end": half + np.array([0.0, 1.0]),
        "the right end": half + np.array([2.0, 1.0]),
        "beside": square + np.array([4.0, 1.0]),
    }
    gap = ov.enclosed_gap.with_enclosure("box")

    def batch(ring: np.ndarray) -> ov.Polygons:
        return ov.Polygons([ring], period=PERIODS[period])

    moving = batch(square)
    for name, ring in others.items():
        fixed = batch(ring)
        value, grad = gap.value_and_grad(moving, fixed)
        for end in (0.0, 4.0):  # both corners of it: one alone can only go outwards
            at = square[:, 0] == end
            slopes = []
            for way in (1e-6, -1e-6):
                moved = square.copy()
                moved[at, 0] += way
                slopes.append((gap(batch(moved), fixed) - value)[0] / way)
            assert grad[at, 0].sum() == pytest.approx(np.mean(slopes), abs=1e-6), name


def test_equal_regions_and_regions_around_others_have_no_gradient() -> None:
    """Also where the gaps of islands tie, and around the whole torus."""
    tied = region((0.0, 2.0, 3.0), (10.0, 12.0, 13.0))
    inner = [[[(5.0, 3.5), (6.0, 3.5), (6.0, 4.0)]]]
    everything = [[[(0.0, 0.0), (SIDE, 0.0), (SIDE, SIDE), (0.0, SIDE)]]]
    torus, plane = PERIODS["torus"], None
    for first, second, period in (
        *((tied, tied, period) for period in PERIODS.values()),
        (PAIRS["one inside"][0], PAIRS["one inside"][0], plane),
        (PAIRS["one inside"][0], inner, plane),
        (PAIRS["one inside"][0], inner, torus),
        (everything, tied, torus),
        (everything, everything, torus),
        (tied, [], torus),
        ([], tied, plane),
    ):
        batches = (ov.Polygons([values], period=period) for values in (first, second))
        value, grads = ov.enclosed_gap.value_and_grad(*batches, wrt="both")
        assert value[0] == pytest.approx(0.0, abs=1e-15)
        for grad in grads:
            np.testing.assert_allclose(grad, 0.0, rtol=0, atol=1e-15)
