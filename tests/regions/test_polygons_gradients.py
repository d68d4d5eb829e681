"""Gradients of polygons with respect to their vertices."""

from __future__ import annotations

import numba
import numpy as np
import pytest

import overlap as ov

from .polygon_shapes import regions

pytestmark = pytest.mark.kernels
COUNT = 5 if not numba.config.DISABLE_JIT else 2
PERIOD = (3.0, 3.6)
BOX = [(0.0, 0.0), (4.0, 0.0), (4.0, 2.0), (0.0, 2.0)]


def differences(score, moving, fixed, step=1e-6):
    """Return central differences, one vertex of every region at a time."""
    rings = moving._own
    grad = np.zeros((len(rings.x), 2))
    place = np.arange(len(rings.x)) - rings.vertex_offsets[rings.region_of[rings.ring_of]]
    for turn in range(int(place.max()) + 1):
        at = np.flatnonzero(place == turn)
        of = rings.region_of[rings.ring_of][at]
        for axis in range(2):
            value = []
            for way in (step, -step):
                xy = [rings.x.copy(), rings.y.copy()]
                xy[axis][at] += way
                ends = rings.ring_offsets, rings.region_offsets
                moved = ov.Polygons.from_rings(*xy, *ends, **moving._settings())
                value.append(score(moved, fixed))
            grad[at, axis] = (value[0] - value[1])[of] / (2.0 * step)
    return grad


def density(period):
    masses = np.random.default_rng(1).random((7, 5))
    return ov.CellDensity(masses, (-1.3, 0.2), period, spacing=(PERIOD[0] / 7, PERIOD[1] / 5))


@pytest.mark.parametrize("weighed", [False, True], ids=["area", "mass"])
@pytest.mark.parametrize("period", [None, PERIOD], ids=["plane", "torus"])
def test_gradients_are_central_differences(period, weighed):
    rng = np.random.default_rng(20)
    settings = {"period": period, "density": density(period) if weighed else None}
    spread = 0.4 if period is None else 4.0
    first = ov.Polygons(regions(rng, COUNT, spread, sizes=(3, 8)), **settings)
    second = ov.Polygons(regions(rng, COUNT, spread, sizes=(3, 8)), **settings)
    assert (ov.iou(first, second) > 0).any()
    for score in (
        ov.tversky(alpha=0.3, beta=0.7),
        ov.giou - ov.center_gap,
        (ov.giou - ov.center_gap).with_enclosure("hull"),
        ov.iou - ov.enclosed_gap,
        ov.eiou.with_enclosure("box"),
    ):
        value, (grad, other) = score.value_and_grad(first, second, wrt="both")
        assert (value == score(first, second)).all()
        assert grad.shape == first.to_array().shape
        size = max(abs(grad).max(), 1e-3)
        assert abs(grad - differences(score, first, second)).max() < 1e-6 * size
        backward = differences(lambda b, a, score=score: score(a, b), second, first)
        assert abs(other - backward).max() < 1e-6 * size
        alone = score.value_and_grad(first, second, wrt="truth")[1]
        assert (alone == other).all()


def test_one_region_is_repeated():
    rng = np.random.default_rng(21)
    one, many = ov.Polygons(regions(rng, 1, 0.2)), ov.Polygons(regions(rng, 3, 0.2))
    value, (grad, other) = ov.giou.value_and_grad(one, many, wrt="both")
    parts = [ov.giou.value_and_grad(one, many[k], wrt="both") for k in range(3)]
    assert value.tolist() == [part[0][0] for part in parts]
    assert (grad == np.concatenate([part[1][0] for part in parts])).all()
    assert (other == np.concatenate([part[1][1] for part in parts])).all()
    none = ov.giou.value_and_grad(many[:0], many[:0], wrt="both")
    assert none[0].shape == (0,)
    assert none[1][0].shape == (0, 2)


def test_half_of_a_common_border_goes_to_each_side():
    """The gradient there is the mean of the two one-sided derivatives."""
    cases = {
        "beside": [(4.0, 0.0), (6.0, 0.0), (6.0, 2.0), (4.0, 2.0)],
        "above": [(0.0, 2.0), (4.0, 2.0), (4.0, 5.0), (0.0, 5.0)],
        "part of a side": [(1.0, 0.0), (3.0, 0.0), (3.0, 1.0), (1.0, 1.0)],
        "a side inside": [(0.0, 0.5), (1.0, 0.5), (1.0, 1.5), (0.0, 1.5)],
        "slanted": [(0.0, 0.0), (4.0, 2.0), (0.0, 2.0)],
        "around": [(-1.0, 0.0), (5.0, 0.0), (5.0, 3.0), (-1.0, 3.0)],
    }
    fixed = ov.Polygons([BOX])
    for ring in cases.values():
        moving = ov.Polygons([ring])

        def shared(a, b):
            return ov.terms(a, b).intersection

        wanted = np.zeros((len(ring), 2))
        for v in range(len(ring)):
            for axis in range(2):
                ends = []
                for way in (1e-7, -1e-7):
                    moved = moving.to_array()
                    moved[v, axis] += way
                    ends.append(
                        (shared(ov.Polygons([moved]), fixed)[0] - shared(moving, fixed)[0]) / way
                    )
                wanted[v, axis] = np.mean(ends)
        # coverage = intersection / area, so that the intersection's part is what is left
        value, grad = ov.coverage.value_and_grad(moving, fixed)
        area, own = moving.measure()[0], differences(lambda a, _: a.measure(), moving, fixed)
        assert abs(grad * area + value[0] * own - wanted).max() < 1e-5


def test_identical_regions_have_no_gradient():
    rng = np.random.default_rng(22)
    nested = regions(rng, COUNT, 1.0)
    for settings in ({}, {"period": PERIOD}, {"period": PERIOD, "density": density(PERIOD)}):
        polygons, again = ov.Polygons(nested, **settings), ov.Polygons(nested, **settings)
        for score in (ov.iou, ov.dice, ov.diou, ov.iou - ov.enclosed_gap):
            assert abs(score.value_and_grad(polygons, again)[1]).max() < 1e-14


def test_gradients_of_regions_without_area_are_finite():
    line = [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]
    polygons = ov.Polygons([line, [], BOX, [(1.0, 1.0)] * 3, []])
    other = ov.Polygons([BOX, BOX, [], [(1.0, 1.0)] * 3, []])
    for score in (ov.iou, ov.giou, ov.diou, ov.iou - ov.enclosed_gap):
        value, (grad, back) = score.value_and_grad(polygons, other, wrt="both")
        assert np.isnan(value).tolist() == [False, False, False, True, True]
        assert np.isfinite(grad).all()
        assert np.isfinite(back).all()


def test_density_along_borders_of_cells_is_their_mean():
    """A rectangle on the borders of cells: half from each side, whichever way it runs."""
    masses = np.arange(12.0).reshape(4, 3)
    grid = ov.CellDensity(masses, period=(4.0, 3.0))
    box = ov.Polygons.from_rectangles([[1.0, 1.0, 3.0, 2.0]], period=(4.0, 3.0), density=grid)
    everything = ov.Polygons.from_rectangles(
        [[0.0, 0.0, 4.0, 3.0]], period=(4.0, 3.0), density=grid
    )
    assert box.measure()[0] == masses[1, 1] + masses[2, 1]
    total = grid.total
    grad = ov.iou.value_and_grad(box, everything)[1] * total
    sides = {  # mean of the densities on both sides, times the length
        "left": 0.5 * (masses[0, 1] + masses[1, 1]),
        "right": 0.5 * (masses[2, 1] + masses[3, 1]),
        "low": 0.5 * (masses[1, 0] + masses[1, 1] + masses[2, 0] + masses[2, 1]),
        "high": 0.5 * (masses[1, 1] + masses[1, 2] + masses[2, 1] + masses[2, 2]),
    }
    corners = box.to_array()
    left, low = corners[:, 0] == 1.0, corners[:, 1] == 1.0
    assert grad[left, 0].sum() == pytest.approx(-sides["left"])
    assert grad[~left, 0].sum() == pytest.approx(sides["right"])
    assert grad[low, 1].sum() == pytest.approx(-sides["low"])
    assert grad[~low, 1].sum() == pytest.approx(sides["high"])


def test_scores_without_a_gradient_say_so():
    polygons = ov.Polygons([BOX], period=(9.0, 9.0))
    with pytest.raises(TypeError, match="Polygons give no gradient"):
        (ov.iou - ov.enclosed_gap).with_enclosure("hull").value_and_grad(polygons, polygons)
    polygons = ov.Polygons([BOX])
    with pytest.raises(TypeError, match="no sides"):
        ov.eiou(polygons, polygons)


def test_descent_moves_one_polygon_onto_another():
    angle = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    truth = ov.Polygons([np.stack([np.cos(angle), 0.7 * np.sin(angle)], 1)])
    xy = np.stack([0.6 * np.cos(angle) + 0.5, 0.6 * np.sin(angle) - 0.4], 1)
    start = ov.iou(ov.Polygons([xy]), truth)[0]
    for step in np.linspace(0.06, 0.002, 60):
        _, grad = ov.iou.value_and_grad(ov.Polygons([xy]), truth)
        xy = xy + step * grad / np.linalg.norm(grad, axis=1).max()
    assert start < 0.4
    assert ov.iou(ov.Polygons([xy]), truth)[0] > 0.95
