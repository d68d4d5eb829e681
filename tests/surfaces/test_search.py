"""The search for nearest points: every way that it may take against scipy's transform."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from scipy import ndimage

from overlap._kernels.jit import specialise
from overlap.labels.surfaces import _nearest_loops as loops
from overlap.labels.surfaces import nearest as distances
from overlap.labels.surfaces.borders import TRUTH, border_points, surfel_areas
from overlap.labels.surfaces.nearest import Targets

pytestmark = pytest.mark.kernels


def blobs(rng):
    """A large and a small mask, smooth or sparse, of 1 to 3 axes."""
    axes = int(rng.integers(1, 4))
    most = 14 if numba.config.DISABLE_JIT else 60
    shape = tuple(rng.integers(2, most, axes))
    noise = [ndimage.gaussian_filter(rng.random(shape), width) for width in (1.5, 3.0)]
    a, b = (
        field >= np.quantile(field, level) for field, level in zip(noise, (0.8, 0.99), strict=True)
    )
    return a, b, tuple(rng.choice([0.5, 1.0, 1.3, 3.3], axes).tolist())


def rings(targets, at):
    result = np.empty(len(at))
    targets._rings(at, result)
    return np.sqrt(result)


def planes(targets, at):
    result = np.empty(len(at))
    targets._planes(at, result)
    return np.sqrt(result)


def all_rows(targets, at):
    grid, result = targets._grid.shape, np.full(len(at), -1.0)
    kernel = specialise(loops.search_all_rows)
    sides = targets._sides
    kernel(targets._gaps, targets._squares, *grid[:2], *sides[:2], at, result, 0, len(at))
    return np.sqrt(result)


WAYS = {"rings": rings, "planes": planes, "all rows": all_rows, "cheapest": Targets.distances,
        "tree": Targets._by_tree}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("few", [False, True])
def test_every_way_is_exact(monkeypatch, way, few):
    if few:  # rings that end early: the others have to go on
        monkeypatch.setattr(distances, "_RINGS", 5)
        monkeypatch.setattr(distances, "_SAMPLE", 2)
        monkeypatch.setattr(distances, "_ROOM", 1000)  # some cells of a row at a time
    distances._ring_steps.cache_clear()
    rng = np.random.default_rng(len(way))
    for _ in range(5 if numba.config.DISABLE_JIT else 25):
        a, b, spacing = blobs(rng)
        borders = border_points(a, b, "voxel", spacing)
        at = borders.at[borders.which != TRUTH]
        if not len(at):
            continue
        free = (borders.marks & TRUTH) == 0
        expected = ndimage.distance_transform_edt(free, sampling=spacing).ravel()[at]
        value = WAYS[way](Targets(borders.marks, TRUTH, spacing), at)
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)
    distances._ring_steps.cache_clear()


def test_no_target_is_infinitely_far():
    marks = np.zeros((4, 5, 6), np.uint8)
    marks[1, 2, 3] = 1
    at = np.flatnonzero(marks)
    for way in WAYS.values():
        assert way(Targets(marks, TRUTH, (1.0, 1.0, 1.0)), at).tolist() == [np.inf]


def test_rows_longer_than_16_bits():
    marks = np.zeros((1, 40_000), np.uint8)
    marks[0, 0], marks[0, -1] = 1, 2
    assert Targets(marks, 2, (1.0, 0.5)).distances(np.array([0])).tolist() == [19_999.5]


def test_areas_of_a_flat_surface_and_of_a_corner():
    areas = surfel_areas((2.0, 3.0, 5.0))
    # corners of the first half along the first axis are bits 0 to 3
    assert areas[0b00001111] == pytest.approx(15.0)
    # the triangle through the middles of three edges
    u, v = np.array([1.0, -1.5, 0.0]), np.array([1.0, 0.0, -2.5])
    assert areas[1] == pytest.approx(0.5 * np.linalg.norm(np.cross(u, v)))
    assert areas[0] == areas[255] == 0.0
    assert (areas == areas[::-1]).all()
