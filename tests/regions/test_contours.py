"""Level sets of periodic grids against contourpy, shapely and walks in the unrolled plane."""

from __future__ import annotations

import itertools
from typing import Any

import contourpy
import numpy as np
import pytest
import shapely
import shapely.affinity
from numba import config
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from overlap.torus.level_sets import LevelSet, level_set

pytestmark = pytest.mark.kernels

GRID = 1e-9  # without it shapely fails on slivers
DRAWS = 2 if config.DISABLE_JIT else 12


def waves(rows: int, columns: int, *terms: tuple[int, int, float]) -> np.ndarray:
    """Return the sum of cosines with these numbers of turns, and these weights."""
    x, y = np.meshgrid(np.arange(rows) / rows, np.arange(columns) / columns, indexing="ij")
    return sum(w * np.cos(2.0 * np.pi * (p * x + q * y)) for p, q, w in terms)


def spots(rows: int, columns: int, *places: tuple[int, int]) -> np.ndarray:
    values = np.zeros((rows, columns))
    for place in places:
        values[place] = 1.0
    return values


def rings_of(found: LevelSet) -> list[np.ndarray]:
    return np.split(np.stack([found.x, found.y], 1), found.ring_offsets[1:-1])


def on_torus(found: LevelSet, shape: tuple[int, int]) -> Any:
    """Put together with shapely what the rings enclose, in the first period."""
    cell = shapely.box(0.0, 0.0, *shape)
    total = shapely.Polygon()
    for ring in rings_of(found) if len(found.x) else []:
        outline = shapely.Polygon(ring)
        assert outline.is_valid
        copies = [
            shapely.affinity.translate(outline, p * shape[0], q * shape[1])
            for p, q in itertools.product(range(-4, 5), repeat=2)
        ]
        parts = shapely.get_parts(shapely.intersection(copies, cell, grid_size=GRID))
        parts = shapely.get_parts(parts)  # of collections, which also have lines
        inside = shapely.union_all(parts[shapely.get_dimensions(parts) == 2], grid_size=GRID)
        # No two copies of a ring lie on each other.
        assert shapely.area(inside) == pytest.approx(outline.area, abs=1e-6)
        if outline.exterior.is_ccw:
            assert shapely.area(shapely.intersection(total, inside, grid_size=GRID)) < 1e-6
            total = shapely.union(total, inside, grid_size=GRID)
        else:
            assert shapely.area(shapely.difference(inside, total, grid_size=GRID)) < 1e-6
            total = shapely.difference(total, inside, grid_size=GRID)
    return total


def wanted_set(values: np.ndarray, level: float) -> Any:
    """Return what contourpy fills on the grid with its first lines repeated at the end."""
    padded = np.pad(values, (0, 1), mode="wrap")
    generator = contourpy.contour_generator(
        x=np.arange(padded.shape[1]),
        y=np.arange(padded.shape[0]),
        z=padded,
        name="serial",
        fill_type="OuterOffset",
    )
    polygons = []
    points, offsets = generator.filled(np.nextafter(level, -np.inf), np.inf)  # it excludes it
    for vertices, ends in zip(points, offsets, strict=True):
        rings = [vertices[i:j, ::-1] for i, j in itertools.pairwise(ends)]
        polygons.append(shapely.Polygon(rings[0], rings[1:]).buffer(0.0))
    return shapely.union_all(polygons, grid_size=GRID)


CASES = {
    "nothing": (np.zeros((4, 5)), 1.0),
    "everything": (np.zeros((4, 5)), 0.0),
    "all but a node": (1.0 - spots(5, 6, (2, 3)), 0.5),
    "all but the first node": (1.0 - spots(5, 6, (0, 0)), 0.5),
    "a spot over the corner": (spots(6, 7, (0, 0), (0, 6), (5, 0), (5, 6)), 0.25),
    "a spot with a hole": (waves(16, 18, (1, 0, -1.0), (0, 1, -1.0), (2, 0, -1.0)), 1.2),
    "an island in a hole": (waves(24, 24, (2, 0, 1.0), (0, 2, 1.0), (1, 0, 0.9), (0, 1, 0.9)), 0.3),
    "band around x": (waves(6, 9, (0, 1, 1.0)), 0.1),
    "band around y": (waves(9, 6, (1, 0, 1.0)), 0.1),
    "diagonal band": (waves(12, 12, (1, -1, 1.0)), 0.3),
    "other diagonal band": (waves(12, 13, (1, 1, 1.0)), -0.3),
    "steep band": (waves(15, 16, (2, -1, 1.0)), 0.2),
    "flat band": (waves(15, 16, (1, 3, 1.0)), 0.1),
    "band and spots": (waves(20, 24, (1, 0, 1.0), (0, 3, 0.8), (1, 3, 0.3)), 0.6),
    "both ways, with holes": (waves(12, 12, (1, 0, 1.0), (0, 1, 1.0), (2, 1, 0.4)), -1.0),
    "two by two": (np.array([[1.0, 0.0], [0.0, 0.0]]), 0.5),
    "two by two, a band": (np.array([[1.0, 1.0], [0.0, 0.0]]), 0.5),
}


@pytest.mark.parametrize("name", CASES)
def test_cases_are_those_of_contourpy(name: str) -> None:
    values, level = CASES[name]
    drawn = on_torus(level_set(values, level), values.shape)
    apart = shapely.symmetric_difference(drawn, wanted_set(values, level), grid_size=GRID)
    assert shapely.area(apart) < 1e-6


def test_random_values_are_those_of_contourpy() -> None:
    # Rough values: saddles in a tenth of the cells, bands of all kinds, holes in holes.
    rng = np.random.default_rng(2)
    for n in range(DRAWS):
        values = rng.random((5 + n % 4, 6 + n % 3))
        for level in (0.3, 0.5, 0.7):
            drawn = on_torus(level_set(values, level), values.shape)
            apart = shapely.symmetric_difference(drawn, wanted_set(values, level), grid_size=GRID)
            assert shapely.area(apart) < 1e-6


def links(values: np.ndarray, level: float) -> list[tuple[int, int, int, int, int, int]]:
    """Return pairs of nodes that belong together: the first node, then the step and its turns."""
    n, m = values.shape
    inside = values >= level
    found = []
    for i, j in itertools.product(range(n), range(m)):
        for di, dj in ((1, 0), (0, 1), (1, 1), (1, -1)):
            u, v = (i + di) % n, (j + dj) % m
            if not (inside[i, j] and inside[u, v]):
                continue
            if di and dj:
                others = values[i, v], values[u, j]
                mean = np.mean([values[i, j], values[u, v], *others])
                if max(others) >= level or mean < level:
                    continue
            found.append((i, j, u, v, (i + di) // n, (j + dj) // m))
    return found


def unrolled(values: np.ndarray, level: float, tiles: int) -> np.ndarray:
    """Number the components in the plane of tiles * tiles copies, shape (tiles, tiles, n, m)."""
    n, m = values.shape
    where = np.arange(tiles * tiles * n * m).reshape(tiles, tiles, n, m)
    pairs = []
    for i, j, u, v, p, q in links(values, level):
        for s, t in itertools.product(range(tiles), repeat=2):
            if 0 <= s + p < tiles and 0 <= t + q < tiles:
                pairs.append((where[s, t, i, j], where[s + p, t + q, u, v]))
    ends = np.array(pairs, int).reshape(-1, 2).T
    table = coo_array((np.ones(ends.shape[1]), tuple(ends)), shape=(where.size,) * 2)
    return connected_components(table, directed=False)[1].reshape(where.shape)


def spans(lattice: np.ndarray, p: int, q: int) -> bool:
    """Return whether (p, q) is a sum of multiples of (a, b) and (0, c)."""
    a, b, c = lattice.tolist()
    if a == 0:
        return p == 0 and (q % c == 0 if c else q == 0)
    rest = q - p // a * b
    return p % a == 0 and (rest % c == 0 if c else rest == 0)


def check_components(values: np.ndarray, level: float, tiles: int) -> None:
    found = level_set(values, level)
    inside = values >= level
    np.testing.assert_array_equal(found.labels >= 0, inside)
    n, m = values.shape
    ends = np.array([(i * m + j, u * m + v) for i, j, u, v, _, _ in links(values, level)], int)
    table = coo_array(
        (np.ones(len(ends)), tuple(ends.reshape(-1, 2).T)), shape=(values.size, values.size)
    )
    wanted = connected_components(table, directed=False)[1].reshape(n, m)
    # The same partition: labels go together one to one.
    pairs = set(zip(found.labels[inside].tolist(), wanted[inside].tolist(), strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    assert len(pairs) == len(found.lattices)
    sizes = np.bincount(found.labels[inside], minlength=len(pairs))
    assert (np.diff(sizes) <= 0).all()
    # A way around is a walk from a node to its copy in another tile.
    plane = unrolled(values, level, tiles)
    middle = tiles // 2
    for label, lattice in enumerate(found.lattices):
        i, j = np.argwhere(found.labels == label)[0]
        for p, q in itertools.product((-2, -1, 0, 1, 2), repeat=2):
            walked = plane[middle, middle, i, j] == plane[middle + p, middle + q, i, j]
            assert walked == spans(lattice, p, q), (label, lattice, p, q)


@pytest.mark.parametrize("name", CASES)
def test_components_and_ways_around(name: str) -> None:
    values, level = CASES[name]
    check_components(values, level, 9)


def test_components_of_random_values() -> None:
    rng = np.random.default_rng(8)
    for n in range(DRAWS):
        check_components(rng.random((4, 4 + n % 3)), 0.5 + 0.05 * (n % 3), 11)


def test_named_turns() -> None:
    turns = {name: level_set(*case).lattices.tolist() for name, case in CASES.items()}
    assert turns["everything"] == turns["all but a node"] == [[1, 0, 1]]
    assert turns["band around x"] == [[1, 0, 0]]
    assert turns["band around y"] == [[0, 0, 1]]
    assert turns["diagonal band"] == [[1, 1, 0]]
    assert turns["other diagonal band"] == [[1, -1, 0]]
    assert turns["steep band"] == [[1, 2, 0]]
    assert turns["flat band"] == [[3, -1, 0]]
    assert turns["a spot over the corner"] == [[0, 0, 0]]


def test_contractible_parts_are_not_cut() -> None:
    values, level = CASES["a spot over the corner"]
    found = level_set(values, level)
    assert len(found.ring_component) == 1
    assert len(found.x) == 8
    # Its middle lies on the grid, and it leaves the first period.
    assert min(found.x) < 0.0 < max(found.x)
    assert min(found.y) < 0.0 < max(found.y)


def test_bands_are_cut_once() -> None:
    (ring,) = rings_of(level_set(*CASES["band around x"]))
    # Straight along x: four corners are left, and the cut is at the first node.
    assert len(ring) == 4
    assert sorted({round(x, 9) for x in ring[:, 0]}) == [0.0, 6.0]
    (ring,) = rings_of(level_set(*CASES["everything"]))
    assert sorted(map(tuple, ring.tolist())) == [(0, 0), (0, 5), (4, 0), (4, 5)]


def test_the_level_is_inclusive() -> None:
    found = level_set(spots(5, 5, (2, 2)), 1.0)
    assert found.labels[2, 2] == 0
    (ring,) = rings_of(found)
    assert 0.0 < shapely.Polygon(ring).area < 1e-17
    assert len(level_set(spots(5, 5, (2, 2)), np.nextafter(1.0, 2.0)).x) == 0


def test_saddles_follow_the_mean_of_the_corners() -> None:
    values = spots(6, 6, (2, 2), (3, 3))
    assert len(level_set(values, 0.5).lattices) == 1  # the mean is the level
    assert len(level_set(values, 0.51).lattices) == 2
    values[2, 3] = -0.1
    assert len(level_set(values, 0.5).lattices) == 2


def test_shifted_grids_have_the_same_parts() -> None:
    values, level = CASES["band and spots"]
    here, there = level_set(values, level), level_set(np.roll(values, (7, 5), (0, 1)), level)
    assert here.lattices.tolist() == there.lattices.tolist()
    np.testing.assert_array_equal(
        np.bincount(here.labels.ravel() + 1), np.bincount(there.labels.ravel() + 1)
    )


def test_islands_in_holes_come_after_them() -> None:
    values = np.zeros((13, 13))
    values[2:11, 2:11], values[4:9, 4:9], values[5:8, 5:8] = 1.0, 0.0, 1.0
    found = level_set(values, 0.5)
    areas = [shapely.Polygon(ring).area for ring in rings_of(found)]
    ccw = [shapely.Polygon(ring).exterior.is_ccw for ring in rings_of(found)]
    assert found.ring_component.tolist() == [0, 0, 1]
    assert ccw == [True, False, True]
    # Squares of 9, 5 and 3 nodes whose corners are cut: by their half diagonals.
    np.testing.assert_allclose(areas, [81 - 0.5, 25 - 0.5 + 0.0, 9 - 0.5], atol=1e-6)
