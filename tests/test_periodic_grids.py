"""Periodic grids: interpolation, levels, masses and densities against plain definitions."""

from __future__ import annotations

import itertools
import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator
from scipy.special import i0e
from scipy.stats import vonmises

import overlap as ov
from overlap.torus.densities import _mass


def random_grid(seed: int, shape: tuple[int, int] = (9, 7), **settings) -> ov.PeriodicGrid:
    return ov.PeriodicGrid(np.random.default_rng(seed).random(shape), **settings)


# ------------------------------------------------------------------------------ between nodes


def test_between_nodes_is_bilinear() -> None:
    grid = random_grid(1, origin=(-3.0, 20.0), period=(18.0, 70.0))
    x, y = grid.axes
    padded = np.pad(grid.values, (0, 1), mode="wrap")
    plain = RegularGridInterpolator((np.append(x, 15.0), np.append(y, 90.0)), padded)
    places = np.random.default_rng(2).uniform((-3.0, 20.0), (15.0, 90.0), (200, 2))
    np.testing.assert_allclose(grid.at(*places.T), plain(places), rtol=1e-13)
    for p, q in itertools.product((-3, 0, 2), repeat=2):
        moved = grid.at(places[:, 0] + 18.0 * p, places[:, 1] + 70.0 * q)
        np.testing.assert_allclose(moved, plain(places), rtol=1e-11)


def test_nodes_have_their_values() -> None:
    grid = random_grid(3)
    x, y = grid.axes
    np.testing.assert_allclose(grid.at(x[:, None], y), grid.values, rtol=1e-12)
    assert grid.at(x[4], y[2]) == pytest.approx(grid.values[4, 2])
    assert grid.at(x[-1] + grid.step[0], y[0]) == pytest.approx(grid.values[0, 0])


def test_unknown_angles_have_no_value() -> None:
    grid = random_grid(4)
    values = grid.at([np.nan, 0.0, np.inf, 0.0], [0.0, np.nan, 0.0, 0.0])
    np.testing.assert_array_equal(np.isnan(values), [True, True, True, False])
    # A place just before the first node, whose remainder is rounded up to the whole period.
    edge = np.nextafter(grid.origin[0], -np.inf)
    assert grid.at(edge, 0.0) == pytest.approx(grid.at(grid.origin[0], 0.0))


def test_default_origin_is_the_middle_of_the_first_cell() -> None:
    assert random_grid(0, (180, 180)).origin == (-179.0, -179.0)
    assert random_grid(0, (4, 10), period=(1.0, 10.0)).origin == (-0.375, -4.5)


# --------------------------------------------------------------------------------- level sets


def test_regions_islands_and_components_go_together() -> None:
    x = np.radians(np.arange(-178.0, 180.0, 4.0))
    grid = ov.PeriodicGrid(2.4 + np.cos(2 * x)[:, None] + 0.3 * np.cos(x)[:, None] + np.cos(3 * x))
    for level in (1.4, 2.9, 4.3):
        region, islands = grid.region(level), grid.islands(level)
        parts = grid.components(level)
        assert len(region) == 1
        assert len(islands) == len(parts)
        assert region.period == islands.period == (360.0, 360.0)
        assert islands.area().sum() == pytest.approx(region.area()[0])
        assert sum(part.nodes for part in parts) == (grid.values >= level).sum()
        for part in parts:
            assert grid.at(*part.peak) == pytest.approx(part.peak_value)
            assert part.peak_value >= level
        assert max(part.peak_value for part in parts) == grid.values.max()
    assert grid.components(1.4)[0].winds
    assert not any(part.winds for part in grid.components(4.3))
    assert len(grid.components(4.3)) == 3


def test_a_row_for_each_level() -> None:
    grid = random_grid(5, (20, 20))
    both = grid.region([0.2, 2.0, 0.6])
    assert both.area()[1] == 0.0
    assert both.area()[0] == pytest.approx(grid.region(0.2).area()[0])
    assert both.area()[2] == pytest.approx(grid.region(0.6).area()[0])
    assert grid.components(2.0) == ()
    assert len(grid.islands(2.0)) == 0
    assert grid.region(0.0).area()[0] == pytest.approx(360.0**2)


def test_regions_scale_with_the_plane() -> None:
    degrees = random_grid(6, (12, 15))
    radians = ov.PeriodicGrid(
        degrees.values, origin=np.radians(degrees.origin), period=np.radians(degrees.period)
    )
    np.testing.assert_allclose(
        np.radians(degrees.region(0.5).to_array()), radians.region(0.5).to_array(), atol=1e-12
    )


# ------------------------------------------------------------------------------------- masses


def test_the_integral_of_the_usual_density_is_that_of_scipy() -> None:
    assert _mass(50.0, 1.0) == float(i0e(50.0))


def test_masses_of_a_density_are_its_shares() -> None:
    grid = random_grid(7, origin=(0.0, 5.0), period=(9.0, 14.0))
    masses = grid.masses()
    np.testing.assert_allclose(masses.masses, grid.values / grid.values.sum(), rtol=1e-14)
    assert (masses.origin, masses.spacing, masses.period) == ((-0.5, 4.0), (1.0, 2.0), (9.0, 14.0))


def table_of_counts(held: np.ndarray, order: np.ndarray) -> ov.PeriodicGrid:
    """Ranks of cells that hold so many points, in an order of density."""
    ranks = np.empty(held.size)
    sums = np.cumsum(held.ravel()[order])
    ranks[order] = [float(Fraction(int(n), int(held.sum()))) for n in sums]
    return ov.PeriodicGrid(ranks.reshape(held.shape), quantity="rank")


def test_masses_of_ranks_are_the_points_of_the_cells() -> None:
    # Denser cells hold more points, and all densities are different: counts come back, exactly.
    held = np.random.default_rng(9).integers(1, 9, (6, 5))
    grid = table_of_counts(held, np.argsort(held, axis=None, kind="stable"))
    np.testing.assert_allclose(grid.masses().masses * held.sum(), held, atol=1e-9)
    assert grid.point_count == held.sum()


def test_masses_never_fall_with_the_rank() -> None:
    # By the max-min formula of isotonic regression: the largest over first nodes i <= k of the
    # least over last nodes j >= k of the mean mass from i to j.
    rng = np.random.default_rng(4)
    held = rng.integers(0, 9, (5, 4))
    order = rng.permutation(held.size)
    grid = table_of_counts(held, order)
    ranks = np.concatenate([[0.0], np.sort(grid.values, axis=None)])
    count = held.size
    slopes = [
        max(
            min((ranks[j] - ranks[i]) / (j - i) for j in range(k + 1, count + 1))
            for i in range(k + 1)
        )
        for k in range(count)
    ]
    masses = grid.masses().masses.ravel()
    np.testing.assert_allclose(masses[order], slopes, atol=1e-12)
    assert masses.sum() == pytest.approx(1.0)


#: Place, concentration and weight of peaks, from a broad one to narrow islands.
PEAKS = (
    (-65, -40, 60, 0.55),
    (-120, 135, 12, 0.3),
    (60, 40, 150, 0.1),
    (-70, 160, 400, 0.03),
    (80, -170, 300, 0.02),
)


def mixture(nodes: int, shift: float = 0.0) -> np.ndarray:
    """Density of `PEAKS` at the nodes, up to a factor."""
    z = np.radians(-180.0 + 360.0 / nodes * (np.arange(nodes) + 0.5))
    result = np.full((nodes, nodes), 1e-4)
    for x, y, kappa, weight in PEAKS:
        along_x, along_y = (
            np.exp(kappa * (np.cos(z - math.radians(at + shift)) - 1.0)) for at in (x, y)
        )
        result += weight * kappa * np.outer(along_x, along_y)
    return result


@pytest.fixture(scope="module")
def shares() -> tuple[np.ndarray, np.ndarray]:
    """Density, and the share of all mass where it is lower, on a far finer grid."""
    fine = np.sort(mixture(1440), axis=None)
    return fine, np.cumsum(fine) / fine.sum()


def test_a_density_and_its_ranks_overlap(shares: tuple[np.ndarray, np.ndarray]) -> None:
    overlaps = []
    for nodes in (45, 90, 180, 360):
        values = mixture(nodes)
        ranks = ov.PeriodicGrid(np.interp(values, *shares), quantity="rank")
        overlaps.append(ov.PeriodicGrid(values).overlap_with(ranks))
    assert overlaps == sorted(overlaps)  # it rises with the grid
    assert overlaps[2] > 0.95
    assert overlaps[3] > 0.97


def test_overlaps_and_islands_of_ranks_are_those_of_the_density(
    shares: tuple[np.ndarray, np.ndarray],
) -> None:
    values = [mixture(180), mixture(180, 1.4)]
    densities = [ov.PeriodicGrid(value) for value in values]
    ranks = [ov.PeriodicGrid(np.interp(value, *shares), quantity="rank") for value in values]
    wanted = densities[0].overlap_with(densities[1])
    assert 0.8 < wanted < 0.95
    assert ranks[0].overlap_with(ranks[1]) == pytest.approx(wanted, abs=0.03)
    # What the level holds, and each of its islands, to a tenth.
    masses = ranks[0].masses()
    assert masses.masses[ranks[0].values >= 0.03].sum() == pytest.approx(0.97, abs=0.003)
    islands = ranks[0].islands(0.03, density=masses).measure()
    assert len(islands) == len(PEAKS)
    exact = ranks[0].islands(0.03, density=densities[0].masses()).measure()
    np.testing.assert_allclose(islands, exact, rtol=0.1)


def test_ranks_of_few_points_and_of_none_above() -> None:
    # Two of four nodes hold all points, and equally many; the table cannot say more.
    grid = ov.PeriodicGrid([[0.0, 0.0], [0.5, 1.0]], quantity="rank")
    np.testing.assert_allclose(grid.masses().masses, [[0.0, 0.0], [0.5, 0.5]])
    # What lies above the highest rank is at no node: masses are of the rest.
    grid = ov.PeriodicGrid([[0.0, 0.1], [0.2, 0.5]], quantity="rank")
    np.testing.assert_allclose(grid.masses().masses, [[0.0, 0.2], [0.2, 0.6]])


def test_equal_ranks_share_their_mass() -> None:
    grid = ov.PeriodicGrid([[1.0, 0.4, 0.4], [0.1, 0.1, 0.0]], quantity="rank")
    wanted = [[0.6, 0.15, 0.15], [0.05, 0.05, 0.0]]
    np.testing.assert_allclose(grid.masses().masses, wanted, atol=1e-15)
    assert grid.point_count == 10
    assert grid.level(0.75) == grid.level(0.75, by="points") == 0.25
    assert grid.masses().masses[grid.values >= 0.25].sum() == pytest.approx(0.9)


def test_numbers_of_points_that_cannot_be_known() -> None:
    assert random_grid(1).point_count is None
    ranks = np.random.default_rng(3).random((30, 30))
    assert ov.PeriodicGrid(ranks, quantity="rank").point_count is None
    assert ov.PeriodicGrid(np.zeros((3, 3)), quantity="rank").point_count is None


def test_overlap_of_distributions() -> None:
    one = ov.PeriodicGrid([[1.0, 0.0], [3.0, 0.0]])
    two = ov.PeriodicGrid([[2.0, 2.0], [2.0, 2.0]])
    assert one.overlap_with(two) == two.overlap_with(one) == 0.5
    assert one.overlap_with(ov.PeriodicGrid([[0.0, 1.0], [0.0, 5.0]])) == 0.0
    assert one.overlap_with(ov.PeriodicGrid(7.0 * one.values)) == 1.0


# ------------------------------------------------------------------------------------- angles


def pairs(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    around = rng.choice([[-65.0, -42.0], [-120.0, 135.0], [-178.0, 178.0]], n)
    phi, psi = (around + rng.normal(0.0, 14.0, (n, 2))).T
    return phi, psi


def plain_density(x: float, y: float, phi, psi, weights, kappa: float) -> float:
    """Sum of products of two von Mises densities, per square degree."""
    scale = math.pi / 180.0
    terms = [
        w * vonmises.pdf(scale * (x - a), kappa) * vonmises.pdf(scale * (y - b), kappa) * scale**2
        for a, b, w in zip(phi, psi, weights, strict=True)
    ]
    return float(sum(terms) / sum(weights))


def test_density_is_the_sum_of_kernels() -> None:
    phi, psi = pairs(11)
    weights = np.arange(11.0)
    grid = ov.PeriodicGrid.from_angles(phi, psi, kappa=30.0, step=10.0, weights=weights)
    x, y = grid.axes
    for i, j in ((0, 0), (9, 14), (35, 3), (12, 35)):
        wanted = plain_density(x[i], y[j], phi, psi, weights, 30.0)
        assert grid.values[i, j] == pytest.approx(wanted, rel=1e-10)
    assert grid.values.sum() * 100.0 == pytest.approx(1.0, abs=1e-9)
    assert grid.sample.kappa == 30.0
    np.testing.assert_array_equal(grid.sample.phi, phi)
    assert grid.point_count == 11
    turned = ov.PeriodicGrid.from_angles(
        phi + 20.0, psi + 720.0, kappa=30.0, step=10.0, weights=weights
    )
    np.testing.assert_allclose(turned.values, np.roll(grid.values, 2, 0), rtol=1e-9)


def test_many_angles_are_the_mean_of_their_parts() -> None:
    phi, psi = pairs(9001)  # more than one table
    whole = ov.PeriodicGrid.from_angles(phi, psi, step=8.0)
    parts = [
        ov.PeriodicGrid.from_angles(phi[k::2], psi[k::2], step=8.0).values * len(phi[k::2])
        for k in (0, 1)
    ]
    np.testing.assert_allclose(whole.values, sum(parts) / 9001, rtol=1e-9, atol=1e-30)


def test_radians_give_the_same_density() -> None:
    phi, psi = pairs(30)
    degrees = ov.PeriodicGrid.from_angles(phi, psi, step=8.0)
    turn = 2.0 * math.pi
    radians = ov.PeriodicGrid.from_angles(
        np.radians(phi), np.radians(psi), step=turn / 45, period=(turn, turn)
    )
    np.testing.assert_allclose(
        radians.values * math.radians(1.0) ** 2, degrees.values, rtol=1e-9, atol=1e-30
    )
    assert np.degrees(radians.sample.bandwidth) == pytest.approx(degrees.sample.bandwidth)


def test_widths_are_those_of_the_kernel() -> None:
    sample = ov.PeriodicGrid.from_angles([0.0], [0.0], kappa=400.0).sample
    # The second moment of the kernel, which for large kappa is near 1 / kappa.
    angle = np.linspace(-180.0, 180.0, 20001)
    kernel = np.exp(400.0 * (np.cos(np.radians(angle)) - 1.0)) / i0e(400.0)
    deviation = math.sqrt((kernel * angle**2).sum() / kernel.sum())
    assert sample.bandwidth == pytest.approx((deviation, deviation), rel=2e-3)


def test_likelihood_picks_the_best_kappa() -> None:
    phi, psi = pairs(40, 5)

    def left_out(kappa: float) -> float:
        logs = []
        for k in range(len(phi)):
            others = ov.PeriodicGrid.from_angles(
                np.delete(phi, k), np.delete(psi, k), kappa=kappa, step=7.2
            )
            logs.append(math.log(others.at(phi[k], psi[k])))
        return sum(logs)

    chosen = ov.PeriodicGrid.from_angles(phi, psi, kappa="likelihood", step=7.2).sample.kappa
    best = left_out(chosen)
    assert best > left_out(0.8 * chosen)
    assert best > left_out(1.25 * chosen)


def test_levels_hold_their_fraction() -> None:
    phi, psi = pairs(500)
    grid = ov.PeriodicGrid.from_angles(phi, psi, step=5.0)
    nearest = grid.values[tuple(np.floor((np.array([phi, psi]) + 180.0) / 5.0).astype(int) % 72)]
    masses = grid.masses().masses
    for fraction in (0.5, 0.9, 0.98, 1.0):
        level = grid.level(fraction, by="points")
        assert (nearest >= level).mean() >= fraction
        higher = grid.values[grid.values > level].min()
        assert (nearest >= higher).mean() < fraction
        level = grid.level(fraction, by="mass")
        assert masses[grid.values >= level].sum() >= fraction - 1e-9
        assert masses[grid.values > level].sum() < fraction
    # Smoothing moves mass out to where few points are.
    assert grid.level(0.98) < grid.level(0.98, by="points")


def test_weighted_levels_are_those_of_repeated_points() -> None:
    phi, psi = pairs(60)
    weights = np.arange(60) % 4
    many = ov.PeriodicGrid.from_angles(np.repeat(phi, weights), np.repeat(psi, weights), step=8.0)
    few = ov.PeriodicGrid.from_angles(phi, psi, weights=weights, step=8.0)
    np.testing.assert_allclose(few.values, many.values, rtol=1e-9, atol=1e-30)
    for by in ("mass", "points"):
        assert few.level(0.9, by=by) == pytest.approx(many.level(0.9, by=by))


def test_ranks_are_fractions_of_points() -> None:
    phi, psi = pairs(300)
    density = ov.PeriodicGrid.from_angles(phi, psi, step=5.0)
    ranks = density.ranks()
    assert ranks.quantity == "rank"
    assert ranks.ranks() is ranks
    assert ranks.values.max() == 1.0
    i, j = np.floor((np.array([phi, psi]) + 180.0) / 5.0).astype(int) % 72
    nearest = density.values[i, j]
    for k in range(0, 300, 37):
        assert ranks.values[i[k], j[k]] == pytest.approx((nearest <= nearest[k]).mean())
    # Nodes at the level of 90 % of the points, and nodes with a rank of more than 10 %.
    same = density.values >= density.level(0.9, by="points")
    np.testing.assert_array_equal(same, ranks.values > 0.1 + 1e-12)


# ------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ov.PeriodicGrid([1.0, 2.0]), r"values have shape \(2,\); expected \(nx, ny\)"),
        (lambda: ov.PeriodicGrid([[1.0, 2.0]]), "at least 2 by 2"),
        (lambda: ov.PeriodicGrid([[1, 2], [3, -1]]), r"values\[1, 1\] = -1.0 is not a finite"),
        (lambda: ov.PeriodicGrid([[1, 2], [np.nan, 1]], quantity="other"), r"values\[1, 0\] = nan"),
        (lambda: ov.PeriodicGrid([[1, 2], [0, 1]], quantity="rank"), r"\[0, 1\] = 2.0 is not in"),
        (
            lambda: ov.PeriodicGrid(np.ones((3, 3)), quantity="ranks"),
            "quantity = 'ranks'; expected",
        ),
        (lambda: ov.PeriodicGrid(np.ones((3, 3)), period=(360.0, 0.0)), "must be positive"),
        (lambda: ov.PeriodicGrid(np.ones((3, 3)), origin=(1.0,)), "expected a pair of finite"),
        (lambda: random_grid(0).region(np.nan), "level = nan is not a finite number"),
        (lambda: random_grid(0).level(0.0), r"fraction = 0.0 is not in \(0, 1\]"),
        (lambda: random_grid(0).level(0.9, by="area"), "by = 'area'; expected 'mass' or 'points'"),
        (lambda: random_grid(0).level(0.9, by="points"), "does not know its data points"),
        (lambda: random_grid(0).ranks(), "PeriodicGrid.ranks: the grid does not know"),
        (lambda: random_grid(0, quantity="other").masses(), "neither densities nor ranks"),
        (lambda: ov.PeriodicGrid(np.zeros((3, 3))).masses(), "all values are 0"),
        (lambda: random_grid(0).overlap_with(random_grid(0, (7, 9))), "have different nodes"),
        (lambda: ov.PeriodicGrid.from_angles([1.0, 2.0], [1.0]), "two lists of equal length"),
        (lambda: ov.PeriodicGrid.from_angles([], []), "no angles"),
        (lambda: ov.PeriodicGrid.from_angles([1.0, np.nan], [1.0, 2.0]), r"phi\[1\] = nan"),
        (lambda: ov.PeriodicGrid.from_angles([1.0], [1.0], kappa=0.0), "kappa = 0.0; expected"),
        (lambda: ov.PeriodicGrid.from_angles([1.0], [1.0], kappa="best"), "or 'likelihood'"),
        (
            lambda: ov.PeriodicGrid.from_angles([1.0], [1.0], kappa=900.0),
            "at most 820.7, or a step of at most 1.91",
        ),
        (lambda: ov.PeriodicGrid.from_angles([1.0], [1.0], step=7.0), "does not divide the period"),
        (lambda: ov.PeriodicGrid.from_angles([1.0], [1.0], weights=[-1.0]), r"weights\[0\] = -1.0"),
        (lambda: ov.PeriodicGrid.from_angles([1.0], [1.0], weights=[0.0]), "all weights are 0"),
        (lambda: ov.PeriodicGrid.from_angles([1.0], [1.0], weights=[1, 2]), "weights have shape"),
        (
            lambda: ov.PeriodicGrid.from_angles([1.0], [1.0], kappa="likelihood"),
            "needs at least two pairs",
        ),
    ],
)
def test_errors_say_what_came_and_what_was_wanted(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_values_are_a_copy_that_cannot_be_changed() -> None:
    values = np.ones((3, 4))
    grid = ov.PeriodicGrid(values)
    values[0, 0] = 5.0
    assert grid.values[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        grid.values[0, 0] = 2.0
    assert grid == ov.PeriodicGrid(np.ones((3, 4)))
    assert grid != ov.PeriodicGrid(np.ones((3, 4)), quantity="rank")


def test_radians_with_a_period_of_degrees_are_told():
    rng = np.random.default_rng(5)
    phi, psi = rng.uniform(-math.pi, math.pi, (2, 20))
    with pytest.warns(UserWarning, match=r"phi is never beyond 3\.\d+, as radians are"):
        ov.PeriodicGrid.from_angles(phi, np.degrees(psi))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ov.PeriodicGrid.from_angles(np.degrees(phi), np.degrees(psi))
        ov.PeriodicGrid.from_angles(phi, psi, period=(math.tau, math.tau), step=math.tau / 180)
        ov.PeriodicGrid.from_angles([-1.0, 2.0], [3.0, 1.0])


@pytest.mark.parametrize(("rows", "columns"), [(181, 181), (37, 73), (361, 121)])
def test_a_grid_with_both_ends_of_a_period_is_refused(rows: int, columns: int) -> None:
    x, y = (np.linspace(-math.pi, math.pi, n) for n in (rows, columns))
    values = np.exp(np.cos(x + 1.1)[:, None] + np.cos(y + 0.7))
    with pytest.raises(ValueError, match=r"are the first ones again, .*; give values\[:-1, :-1\]"):
        ov.PeriodicGrid(values, origin=(-180.0, -180.0))
    ov.PeriodicGrid(values[:-1, :-1], origin=(-180.0, -180.0))
    even = np.cos(np.radians(np.arange(-179.0, 180.0, 2.0)))
    ov.PeriodicGrid(2.0 + even[:, None] + even)
    ov.PeriodicGrid(np.ones((rows, columns)))
