"""Gaussians: what they are made of, what is refused, and the way back to boxes."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

import overlap as ov

pytestmark = pytest.mark.kernels


def boxes(rng, n, aspect=None):
    size = 0.3 + rng.random((n, 2))
    if aspect is not None:
        size[:, 1] = size[:, 0] / aspect
    return np.column_stack([rng.normal(size=(n, 2)), size, rng.uniform(-4.0, 4.0, n)])


# -------------------------------------------------------------------------- construction


def test_covariance_of_a_turned_box() -> None:
    table = boxes(np.random.default_rng(1), 50)
    got = ov.Gaussians.from_boxes(ov.RotatedBoxes(table, unit="px"), variance=1 / 12)
    assert got.unit == "px"
    for row, (x, y, w, h, angle) in zip(got.to_array(), table, strict=True):
        c, s = math.cos(angle), math.sin(angle)
        turn = np.array([[c, -s], [s, c]])
        wanted = turn @ np.diag([w * w / 12, h * h / 12]) @ turn.T
        np.testing.assert_array_equal(row[:2], [x, y])
        np.testing.assert_allclose(row[2:], wanted[[0, 0, 1], [0, 1, 1]], atol=1e-16)


def test_variance_of_the_uniform_distribution() -> None:
    """1/12 gives a box the covariance of the points in it."""
    box = ov.RotatedBoxes([[2.0, -1.0, 4.0, 1.0, 0.7]])
    side = (np.arange(400) + 0.5) / 400 - 0.5
    along, across = (grid.ravel() for grid in np.meshgrid(4.0 * side, side))
    c, s = math.cos(0.7), math.sin(0.7)
    points = np.stack([2.0 + c * along - s * across, -1.0 + s * along + c * across])
    got = ov.Gaussians.from_boxes(box, variance=1 / 12).to_array()[0]
    np.testing.assert_allclose(got[:2], points.mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(got[2:], np.cov(points, bias=True)[[0, 0, 1], [0, 1, 1]], rtol=1e-4)


def test_boxes_and_rotated_boxes_agree() -> None:
    plain = ov.Boxes([[1.0, 2.0, 5.0, 3.0], [0.0, 0.0, 0.0, 2.0]])
    got = ov.Gaussians.from_boxes(plain, variance=0.25)
    assert got == ov.Gaussians([[3.0, 2.5, 4.0, 0.0, 0.25], [0.0, 1.0, 0.0, 0.0, 1.0]])
    assert got == ov.Gaussians.from_boxes(ov.RotatedBoxes.from_boxes(plain), variance=0.25)


def test_a_square_keeps_no_angle() -> None:
    square = ov.RotatedBoxes([[0.0, 0.0, 3.0, 3.0, angle] for angle in (0.0, 0.3, 0.8)])
    got = ov.Gaussians.from_boxes(square, variance=0.25)
    assert (got.to_array()[:, 3] == 0.0).all()
    np.testing.assert_allclose(ov.probiou(got[0], got), 1.0, atol=1e-15)


@pytest.mark.parametrize("aspect", [1.0, 1e2, 1e4, 1e6])
def test_size_of_thin_gaussians(aspect) -> None:
    """The size is that of the stored numbers, exactly, and near that of the box."""
    table = boxes(np.random.default_rng(2), 60, aspect)
    got = ov.Gaussians.from_boxes(ov.RotatedBoxes(table), variance=0.25)
    with localcontext() as context:
        context.prec = 60
        for row, size in zip(got.to_array(), got.measure(), strict=True):
            xx, xy, yy = (Decimal(float(value)) for value in row[2:])
            wanted = (xx * yy - xy * xy).sqrt()
            assert abs(Decimal(float(size)) / wanted - 1) < Decimal("1e-15")
    room = 1e-15 * (1.0 + aspect**2)  # what five numbers can know
    np.testing.assert_allclose(got.measure(), 0.25 * table[:, 2] * table[:, 3], rtol=room)


def test_needles_are_singular() -> None:
    needle = ov.RotatedBoxes([[0.0, 0.0, 1e9, 1.0, 0.7], [0.0, 0.0, 1.0, 0.0, 0.7]])
    assert (ov.Gaussians.from_boxes(needle, variance=0.25).measure() == 0.0).all()
    straight = ov.Boxes([[0.0, 0.0, 1e9, 1.0]])  # nothing cancels
    assert ov.Gaussians.from_boxes(straight, variance=0.25).measure()[0] == 0.25e9


@pytest.mark.parametrize("scale", [1e-140, 1e-100, 1e100, 1e140])
def test_sizes_at_the_ends_of_the_range(scale) -> None:
    table = boxes(np.random.default_rng(3), 20)
    wanted = ov.Gaussians.from_boxes(ov.RotatedBoxes(table), variance=0.25).measure()
    table[:, :4] *= scale
    got = ov.Gaussians.from_boxes(ov.RotatedBoxes(table), variance=0.25)
    np.testing.assert_allclose(got.measure(), wanted * scale * scale, rtol=1e-8)


# ------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0, 0, -1.0, 0, 1], r"xx\[1\] = -1.0 is a negative variance"),
        ([0, 0, 1.0, 0, -2], r"yy\[1\] = -2.0 is a negative variance"),
        ([0, 0, 1.0, 1.1, 1], r"row 1, xx = 1.0, xy = 1.1, yy = 1.0, has a negative eigenvalue"),
        ([0, 0, 0.0, 0.1, 1], "row 1, .* negative eigenvalue"),
        ([0, 0, 1.0, -0.1, 0], "row 1, .* negative eigenvalue"),
        ([0, 0, 0.0, 1e-300, 0], "row 1, .* negative eigenvalue"),
        ([0, 0, 1e-300, 1e300, 1e-300], "row 1, .* negative eigenvalue"),
        ([0, 0, 1.0, 0, math.inf], r"yy\[1\] = inf is not finite"),
    ],
)
def test_what_is_no_covariance(row, message) -> None:
    with pytest.raises(ValueError, match=message):
        ov.Gaussians([[0.0, 0.0, 1.0, 0.5, 1.0], row])


def test_what_is_no_box() -> None:
    space = ov.Boxes([[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]])
    for wrong in (space, ov.Intervals([[0.0, 1.0]]), [[0.0, 0.0, 1.0, 1.0, 0.0]]):
        with pytest.raises(TypeError, match="expected Boxes of the plane or RotatedBoxes"):
            ov.Gaussians.from_boxes(wrong, variance=0.25)
    plane = ov.Boxes([[0.0, 0.0, 1.0, 1.0]])
    with pytest.raises(TypeError, match="variance"):
        ov.Gaussians.from_boxes(plane)
    for variance in (0.0, -1.0, math.nan, math.inf, "1/4", [0.25]):
        with pytest.raises(ValueError, match=r"is not a finite number > 0; papers take"):
            ov.Gaussians.from_boxes(plane, variance=variance)
    with pytest.raises(ValueError, match=r"cx\[0\] = 5e\+199 is beyond"):
        ov.Gaussians.from_boxes(ov.Boxes([[0.0, 0.0, 1e200, 1.0]]), variance=0.25)


def test_scaled() -> None:
    table = boxes(np.random.default_rng(4), 10)
    larger = table.copy()
    larger[:, 2:4] *= 3.0
    one, other = (
        ov.Gaussians.from_boxes(ov.RotatedBoxes(rows), variance=0.25) for rows in (table, larger)
    )
    np.testing.assert_allclose(one.scaled(3.0).to_array(), other.to_array(), rtol=1e-14)
    assert one.dimension == 2
    with pytest.raises(ValueError, match="ratio"):
        one.scaled(-1.0)


# --------------------------------------------------------------------------------- coder


@pytest.mark.parametrize("variance", [1 / 4, 1 / 12])
def test_coder_round_trip(variance) -> None:
    coder = ov.coders.GaussianBox(variance=variance)
    table = boxes(np.random.default_rng(5), 40)
    found = coder.encode(coder.decode(table))
    assert (found[:, 2] >= found[:, 3]).all()
    assert (abs(found[:, 4]) <= np.pi / 2).all()
    np.testing.assert_allclose(
        ov.iou(ov.RotatedBoxes(found), ov.RotatedBoxes(table)), 1.0, atol=1e-11
    )
    again = coder.decode(found).to_array()
    np.testing.assert_allclose(again, coder.decode(table).to_array(), rtol=1e-12, atol=1e-13)


def test_coder_on_singular_and_round_gaussians() -> None:
    coder = ov.coders.GaussianBox(variance=0.25)
    rows = [[1, 2, 0, 0, 0], [0, 0, 4, 0, 0], [0, 0, 0, 0, 4], [0, 0, 1, 1, 1], [0, 0, 4, 0, 4]]
    wanted = [
        [1, 2, 0, 0, 0],
        [0, 0, 4, 0, 0],
        [0, 0, 4, 0, np.pi / 2],
        [0, 0, math.sqrt(8), 0, np.pi / 4],
        [0, 0, 4, 4, 0],
    ]
    np.testing.assert_allclose(coder.encode(ov.Gaussians(rows)), wanted, atol=1e-15)


@pytest.mark.parametrize("score", [ov.probiou, ov.nwd(scale=1.0), ov.kld, ov.kfiou], ids=str)
@pytest.mark.parametrize("kind", ["values", "rotated", "boxes"])
def test_gradients_come_back_to_boxes(score, kind) -> None:
    rng = np.random.default_rng(6)
    coder = ov.coders.GaussianBox(variance=1 / 12)
    found, truth = boxes(rng, 12), coder.decode(boxes(rng, 12))
    build = {"values": np.asarray, "rotated": ov.RotatedBoxes, "boxes": ov.Boxes}[kind]
    if kind == "boxes":
        found = np.hstack([found[:, :2] - found[:, 2:4], found[:, :2] + 2.0 * found[:, 2:4]])
    _, grad = score.value_and_grad(coder.decode(build(found)), truth)
    pulled = coder.pullback(build(found), grad)
    assert pulled.shape == found.shape
    step = 1e-5
    for column in range(found.shape[1]):
        ends = []
        for move in (-2, -1, 1, 2):
            table = found.copy()
            table[:, column] += move * step
            ends.append(score(coder.decode(build(table)), truth))
        wanted = (8.0 * (ends[2] - ends[1]) - (ends[3] - ends[0])) / (12.0 * step)
        np.testing.assert_allclose(pulled[:, column], wanted, rtol=0.0, atol=1e-9)


def test_coder_refusals() -> None:
    coder = ov.coders.GaussianBox(variance=0.25)
    with pytest.raises(ValueError, match="variance = 0 is not"):
        ov.coders.GaussianBox(variance=0)
    with pytest.raises(TypeError, match="GaussianBox: expected Gaussians, got RotatedBoxes"):
        coder.encode(ov.RotatedBoxes([[0.0, 0.0, 1.0, 1.0, 0.0]]))
    with pytest.raises(TypeError, match="expected RotatedBoxes or planar Boxes, got Intervals"):
        coder.decode(ov.Intervals([[0.0, 1.0]]))
    for batch in (ov.Boxes([[0.0] * 3 + [1.0] * 3]), ov.Intervals([[0.0, 1.0]])):
        with pytest.raises(TypeError, match="GaussianBox: expected RotatedBoxes or planar Boxes"):
            coder.pullback(batch, np.zeros((1, 5)))
    with pytest.raises(ValueError, match=r"gradient of shape \(1, 5\).*got \(1, 4\)"):
        coder.pullback([[0.0, 0.0, 1.0, 1.0, 0.0]], np.zeros((1, 4)))
