from __future__ import annotations

import math

import numpy as np
import pytest

import overlap as ov

pytestmark = pytest.mark.kernels

A = ov.Boxes([[0.0, 0.0, 2.0, 2.0]])
B = ov.Boxes([[1.0, 1.0, 3.0, 5.0]])
# By hand: areas 4 and 8, intersection 1, union 11, enclosure 3 x 5, centres (1, 1) and (2, 3).
IOU = 1 / 11
GAMMA = 2 - (1 - 2 * math.sin(math.asin(2 / math.sqrt(5)) - math.pi / 4) ** 2)
V = 4 / math.pi**2 * (math.atan(2 / 4) - math.atan(2 / 2)) ** 2


@pytest.mark.parametrize(
    ("score", "wanted"),
    [
        (ov.enclosure_gap, (15 - 11) / 15),
        (ov.center_gap, (1 + 4) / (9 + 25)),
        (ov.aspect_gap, V * V / ((1 - IOU) + V)),
        (ov.sides_gap, 0.0 / 9 + 4 / 25),
        (ov.enclosed_gap, (15 - 11) / 15),
        # SIoU: centers 1 and 2 apart in an enclosure of 3 x 5, sides 2 and 2, 2 and 4.
        (ov.direction_gap, (2 - math.exp(-GAMMA / 9) - math.exp(-GAMMA * 4 / 25)) / 2),
        (ov.shape_gap, (1 - math.exp(-1 / 2)) ** 4 / 2),
        (ov.corner_gap(diagonal=5.0), ((1 + 1) + (1 + 9)) / 25),
        (ov.mpdiou(diagonal=5.0), IOU - 12 / 25),
        (ov.giou, IOU - 4 / 15),
        (ov.diou, IOU - 5 / 34),
        (ov.ciou, IOU - 5 / 34 - V * V / ((1 - IOU) + V)),
        (ov.eiou, IOU - 5 / 34 - 4 / 25),
    ],
    ids=str,
)
def test_by_hand(score: ov.Score, wanted: float) -> None:
    np.testing.assert_allclose(score(A, B), wanted, rtol=1e-15)


def test_alpha_is_constant_in_the_gradient_unless_asked() -> None:
    frozen, whole = (score.value_and_grad(A, B) for score in (ov.ciou, ov.ciou(alpha_grad=True)))
    assert frozen[0] == whole[0]
    assert abs(frozen[1] - whole[1]).max() > 1e-3
    # d(alpha v)/dv of constant alpha is alpha: compare with diou, moving the width alone.
    alpha = V / ((1 - IOU) + V)
    angle = math.atan(2 / 2) - math.atan(2 / 4)
    by_width = 8 / math.pi**2 * angle * (2 / (4 + 4))
    rest = ov.diou.value_and_grad(A, B)[1]
    np.testing.assert_allclose((frozen[1] - rest)[0, 2], -alpha * by_width, rtol=1e-13)


def test_sides_of_minus_zero_have_no_aspect() -> None:
    a, b = ov.Boxes([[0.0, 0.0, -0.0, -0.0]]), ov.Boxes([[0.0, 0.0, 1.0, 1.0]])
    for pair in ((a, b), (b, a), (a, a)):
        assert ov.aspect_gap(*pair)[0] == 0.0


def test_aspect_of_an_interval_is_zero() -> None:
    a, b = ov.Intervals([[0.0, 1.0]]), ov.Intervals([[0.5, 4.0]])
    assert ov.aspect_gap(a, b)[0] == 0.0
    assert ov.ciou(a, b) == ov.diou(a, b)


def test_aspect_needs_a_plane() -> None:
    cubes = ov.Boxes([[0, 0, 0, 1, 1, 1]])
    with pytest.raises(TypeError, match="ciou: Boxes have no width and height"):
        ov.ciou(cubes, cubes)


FIRST = (ov.enclosure_gap, ov.center_gap)
OTHERS = (ov.enclosed_gap, ov.aspect_gap, ov.sides_gap, ov.direction_gap, ov.shape_gap,
          ov.corner_gap(diagonal=1.0))  # fmt: skip


@pytest.mark.parametrize(
    "gap", [*FIRST, *(pytest.param(gap, marks=pytest.mark.slow) for gap in OTHERS)], ids=str
)
def test_no_enclosure_no_penalty(gap: ov.Score) -> None:
    """Two equal points: every denominator is 0, and so is every penalty."""
    point = ov.Boxes([[1.0, 1.0, 1.0, 1.0]])
    value, grad = gap.value_and_grad(point, point)
    assert value[0] == 0.0
    np.testing.assert_array_equal(grad, 0.0)
    assert np.isnan(ov.giou(point, point)[0])


def test_points_apart() -> None:
    """An empty enclosure has no gap to fill, but its ends are a diameter apart."""
    a, b = ov.Boxes([[0.0, 0.0, 0.0, 0.0]]), ov.Boxes([[3.0, 0.0, 3.0, 0.0]])
    assert ov.enclosure_gap(a, b)[0] == 0.0
    assert ov.center_gap(a, b)[0] == 1.0


def test_siou_of_boxes_in_line_with_each_other() -> None:
    """Along an axis the exponent is 2, and the gradient across is 0, where the line has a kink."""
    a, b = ov.Boxes([[0.0, 0.0, 2.0, 2.0]]), ov.Boxes([[1.0, 0.0, 3.0, 2.0]])
    value, grad = ov.direction_gap.value_and_grad(a, b)
    np.testing.assert_allclose(value, (1 - math.exp(-2 / 9)) / 2, rtol=1e-15)
    np.testing.assert_array_equal(grad[0, [1, 3]], 0.0)


def test_siou_of_intervals_has_the_one_axis() -> None:
    a, b = ov.Intervals([[0.0, 2.0]]), ov.Intervals([[1.0, 5.0]])
    wanted = 1 / 5 - (1 - math.exp(-2 * (2 / 5) ** 2)) / 2 - (1 - math.exp(-1 / 2)) ** 4 / 2
    np.testing.assert_allclose(ov.siou(a, b), wanted, rtol=1e-15)


@pytest.mark.slow  # to compile
def test_siou_and_mpdiou_of_turned_boxes_in_upright_ones() -> None:
    turned = ov.RotatedBoxes.from_boxes(A), ov.RotatedBoxes.from_boxes(B)
    for score in (ov.siou, ov.mpdiou(diagonal=5.0)):
        found = score.with_enclosure("box")(*turned)
        np.testing.assert_allclose(found, score(A, B), rtol=1e-14)


def test_siou_needs_sides_and_mpdiou_an_image() -> None:
    turned = ov.RotatedBoxes.from_boxes(A), ov.RotatedBoxes.from_boxes(B)
    with pytest.raises(TypeError, match="siou: the enclosure of these RotatedBoxes has no sides"):
        ov.siou(*turned)
    mpdiou = ov.mpdiou(diagonal=5.0)
    with pytest.raises(TypeError, match="mpdiou: give diagonal="):
        ov.mpdiou(A, B)
    mask = ov.Masks(np.ones((1, 2, 2), bool))
    with pytest.raises(TypeError, match="Masks have no corners, which this score needs"):
        mpdiou(mask, mask)


def test_gap_of_what_does_not_fill_its_enclosure() -> None:
    """A ring of cells against itself: the hole counts for one gap and not for the other."""
    ring = np.ones((1, 3, 3), bool)
    ring[0, 1, 1] = False
    mask = ov.Masks(ring)
    assert ov.enclosure_gap(mask, mask)[0] == 1 / 9
    assert (ov.iou - ov.enclosed_gap)(mask, mask)[0] == 1.0


def test_far_apart_is_near_the_lower_bound() -> None:
    far = ov.Boxes([[1e9, 1e9, 1e9 + 1, 1e9 + 1]])
    assert -1.0 <= ov.giou(A, far)[0] < -0.999
    assert -1.0 <= ov.diou(A, far)[0] < -0.999
    assert (ov.giou.value_and_grad(A, far)[1] != 0).any()


def test_box_enclosure_of_boxes_is_their_own() -> None:
    assert ov.giou.with_enclosure("box")(A, B) == ov.giou(A, B)
